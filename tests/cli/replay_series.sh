#!/bin/sh
# --series: what stays of a series is exact, small and the same in every run; CSV and JSON are read by Python's readers.
. "$(dirname "$0")/replay_recorded.sh"
here=$(cd "$(dirname "$0")" && pwd)
record_small t.zst --time=us
"$flrec" -q -o 'two, "threads".zst' --time=none --max-events=60000 -- "$built/crossfree" >out 2>err || fail 'recording ended badly'
targets=size-tree,addr-tree,augment=max,list-lifo,trim=always,chunk=4k,system

series() { # FILE ARGUMENT...
    file=$1
    shift
    run 0 "$flreplay" -q --alloc=$targets --runs=0 --touch=all --series="$file" "$@"
}
series s.csv t.zst 'two, "threads".zst' --json=r.json
series s.json t.zst 'two, "threads".zst'
run 0 /usr/bin/python3 "$here/check_series.py" r.json s.csv s.json
python3 - <<'END' >out 2>err || fail 'times where there are none, or none where there are'
import json
first, second = json.load(open("s.json"))["traces"]
assert all(target["series"]["points"]["time_ns"][-1] > 0 for target in first["targets"])
assert all(target["series"]["points"]["time_ns"] is None for target in second["targets"])
END
[ "$(ls ./*.part 2>/dev/null)" = '' ] || fail 'a part is left'

# The same states in every run, but the one where RSS, which is sampled, was largest.
series again.csv t.zst 'two, "threads".zst'
grep -v ',system,' s.csv | sed 's/,[0-9]*.$//' | sort >one
grep -v ',system,' again.csv | sed 's/,[0-9]*.$//' | sort >two
[ "$(diff one two | grep -c '^[<>]')" -le 12 ] || fail 'two series of the same' # 6 of them, one row each

# The peak is where --map finds it, and a cut trace ends in the state that its counts tell.
event=$(python3 -c 'import json; print(json.load(open("s.json"))["traces"][0]["targets"][0]["series"]["peaks"]["payload_bytes"]["event"])')
run 0 "$flreplay" --map t.zst --alloc=size-tree
grep -q "size-tree after event $(printf %s "$event" | sed ':a;s/\B[0-9]\{3\}\>/,&/;ta'), the peak" out || fail "the peak is not event $event"
for limit in 1 2 998 1000 1025 5000; do
    series l.csv t.zst --limit=$limit --json=l.json
    series l2.json t.zst --limit=$limit
    run 0 /usr/bin/python3 "$here/check_series.py" l.json l.csv l2.json
done
run 0 "$flreplay" -q t.zst --alloc=addr-tree --limit=900 --runs=0 --check=off --series=all.csv --json=all.json
[ "$(wc -l <all.csv)" -eq $(($(sed -n 's/^ *"operations": \([0-9]*\),$/\1/p' all.json) + 1)) ] || fail 'a short series is not whole'

# Standard output has the CSV and nothing else.
run 0 "$flreplay" -q t.zst --alloc=addr-tree --runs=0 --series=-
[ "$(head -c 16 out)" = trace,allocator, ] && ! grep -q 'exact counts' out || fail 'there is more than CSV'
[ "$(grep -c '^t.zst,addr-tree,' out)" -eq $(($(wc -l <out) - 1)) ] || fail 'a line that is no row'
run 2 "$flreplay" -q t.zst --series=- --json
expect_err 'two forms for standard output; give one a FILE'
run 2 "$flreplay" -q t.zst --series=
expect_err '--series: the file has no name'
run 2 "$flreplay" --growth --series=s.csv
expect_err '--series goes with a replay, not with --explain, --growth or --map'

# A file as a whole or not at all.
echo old >kept.csv
run 4 "$flreplay" -q t.zst --runs=0 --series=missing/s.csv
expect_err 'cannot write missing/s.csv.part'
run 4 "$flreplay" -q t.zst --alloc=addr-tree --runs=0 --series=/dev/full
expect_err 'cannot write /dev/full'
[ -c /dev/full ] || fail '/dev/full was replaced'
"$wrong" -q t.zst --alloc=wrong,mode=hang --runs=0 --check=off --timeout=0 --series=kept.csv >out 2>err &
until [ -f kept.csv.part ]; do sleep 0.05; done
kill -9 $!
wait $! 2>/dev/null
[ "$(cat kept.csv)" = old ] || fail 'an interrupted run changed the file'

# A wrong answer has no series, whether the check or this pass meets it.
run 5 "$wrong" -q t.zst --alloc=wrong,mode=misaligned,after=50,size-tree --runs=0 --series=w.json
grep -q '"series": null' w.json || fail 'a series of a wrong allocator'
grep -q '"states": [1-9]' w.json || fail 'the other one has none'
run 5 "$wrong" -q t.zst --alloc=wrong,mode=crash,after=100 --runs=0 --check=off --series=w.csv
[ "$(wc -l <w.csv)" -eq 1 ] || fail 'rows of a crash'
# Of a damaged trace, what there is.
head -c $(($(wc -c <t.zst) * 2 / 3)) t.zst >cut.zst
run 3 "$flreplay" -q cut.zst --alloc=size-tree --runs=0 --series=cut.csv
finish

#!/bin/sh
# replay_traces.sh: several traces in one call. One table has a group of rows for each; how many passes are made at once changes
# nothing but the time; a trace that cannot be read keeps none of the others back, a missing file ends all before the first.
. "$(dirname "$0")/replay_lib.sh"
for seed in 1 2 3; do make_trace $seed 20000 "t$seed.zst"; done
printf 'no trace at all' >text.zst

# A sanitizer's malloc asks the kernel when it likes; libc's does the same in each run.
exact=size-tree,list-addr,combo-tree
[ -n "$FL_SANITIZE" ] || exact=size-tree,list-addr,system

# What is exact, of a run with --jobs=N.
exact() { # N
    run 0 "$FLREPLAY" -q t1.zst t2.zst t3.zst --alloc="$exact" --runs=0 --series="$1.csv" --json="$1.json" --jobs="$1"
    grep -v '"[a-z_]*rss[a-z_]*"' "$1.json" >"$1.exact"
    cut -d, -f1-8 "$1.csv" | sort -u >"$1.states"
}
exact 1
cp out tables
for jobs in 2 9; do
    exact $jobs
    cmp -s 1.exact $jobs.exact || fail "--jobs=$jobs: the results are not those of one job"
    cmp -s tables out || fail "--jobs=$jobs: the tables are not those of one job"
done

for trace in t1 t2 t3; do
    [ "$(grep -c "^  $trace.zst\$" out)" -eq 3 ] || fail "$trace.zst does not stand in each table once"
done
expect out '    size-tree  *passed *'
expect out '  geometric means over 3 traces: 0 timed, 3 with footprints'
[ "$(grep -c '^  allocator ' out)" -eq 3 ] || fail 'there is more than one table of a kind'

# Others' allocators are among them, whoever their malloc is.
run 0 "$FLREPLAY" -q t1.zst t2.zst t3.zst --alloc=size-tree,system --runs=0 --jobs=9
[ "$(grep -c '^    system  *passed' out)" -eq 3 ] || fail '--jobs=9: system does not pass three times'

run 3 "$FLREPLAY" -q t1.zst text.zst t2.zst --alloc=addr-tree --runs=0 --json=r.json
expect err 'flreplay: error: text.zst is not an flrec trace*'
expect out '  t1.zst'
expect out '  t2.zst'
[ "$(grep -c '"trace": ' r.json)" -eq 3 ] || fail 'a trace is not in the JSON'
run 4 "$FLREPLAY" t1.zst missing.zst --alloc=addr-tree --runs=0
expect err 'flreplay: error: cannot open missing.zst: *'
[ -s out ] && fail 'something was replayed though a file is missing'

# A wrong answer to one trace does not keep back the others.
run 5 "$FLREPLAY_WRONG" t1.zst t2.zst --alloc=wrong,mode=overlap,addr-tree --runs=1
[ "$(grep -c '^    addr-tree  *passed' out)" -eq 2 ] || fail 'addr-tree was not checked on both'
[ "$(grep -c '^flreplay: error: wrong,mode=overlap: ' err)" -eq 2 ] || fail 'the overlap was not found on both'
run 2 "$FLREPLAY" t1.zst --jobs=0
run 2 "$FLREPLAY" t1.zst --jobs=1000
finish

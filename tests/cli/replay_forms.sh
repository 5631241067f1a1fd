#!/bin/sh
# The forms for CI, each read by its real consumer where that is installed (junitparser, Google Benchmark's compare.py), else
# held against its documented schema; all of one run say the same.
. "$(dirname "$0")/replay_lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
compare=/usr/share/benchmark/compare.py
has_module() { # NAME
    /usr/bin/python3 -c "import $1" 2>/dev/null
}
junit() { # FILE TESTS FAILURES ERRORS
    has_module junitparser || return 0
    run 0 /usr/bin/python3 "$here/check_junit.py" "$@"
}

make_trace 9 4000 t.zst
cp t.zst 'a|b,"<c>&.zst'
run 0 "$FLREPLAY_CHANGED" -q t.zst 'a|b,"<c>&.zst' --alloc=mine,list-lifo,tags=none,system --runs=3 --format=json:r.json \
    --format=csv:r.csv --format=md:r.md --format=junit:r.xml --format=gab:r.gab --format=bmf:r.bmf --format=gbench:r.gbench
expect out '*exact counts, the same in every run*'
if has_module json && has_module csv; then
    run 0 /usr/bin/python3 "$here/check_forms.py" .
fi
if has_module json; then
    run 0 /usr/bin/python3 "$here/check_order.py" "$here/../../replayer/RESULTS.md" r.json
fi
junit r.xml 8 0 0
expect r.md '| list-lifo,tags=none | passed | *'
expect r.md '### a\\|b,"\\<c\\>&.zst'
if [ -f $compare ] && has_module numpy && has_module scipy; then
    run 0 /usr/bin/python3 $compare --no-color benchmarks r.gbench r.gbench
    expect out 't.zst/mine *+0.0000*'
fi

# What the gate said, and what was wrong.
run 0 "$FLREPLAY_CHANGED" -q t.zst --alloc=mine --runs=0 --save-baseline=b.json
FL_MINE=tags=none run 1 "$FLREPLAY_CHANGED" -q t.zst --alloc=mine --runs=0 --baseline=b.json --format=junit:g.xml --format=md
expect out 'gate: FAILED: *'
expect out '| mine | passed | - | *'
junit g.xml 3 1 0
expect g.xml '*visits: *beyond its limit*'
run 5 "$FLREPLAY_WRONG" -q t.zst --alloc=wrong,mode=overlap,after=50 --runs=0 --format=junit:w.xml
junit w.xml 2 1 0
head -c 3000 t.zst >cut.zst
run 3 "$FLREPLAY" -q cut.zst --alloc=addr-tree --runs=0 --format=junit:d.xml
junit d.xml 2 0 1

run 4 "$FLREPLAY" -q missing.zst --alloc=addr-tree --runs=0 --format=junit:m.xml
junit m.xml 2 0 1

# Standard output is for one form, and then for nothing else.
run 0 "$FLREPLAY" -q t.zst --alloc=addr-tree --runs=0 --format=csv
[ "$(head -c 5 out)" = trace ] && ! grep -q 'exact counts' out || fail 'there is more than CSV'
run 0 "$FLREPLAY" --format=help
for form in table json csv md junit gab bmf gbench; do
    expect out "$form *"
done
run 2 "$FLREPLAY" -q t.zst --format=csv --format=md
expect err '*two forms for standard output; give one a FILE'
run 2 "$FLREPLAY" -q t.zst --format=xls
expect err '*--format=xls: no such form; --format=help lists them'
run 2 "$FLREPLAY" -q t.zst --format=csv:
run 4 "$FLREPLAY" -q t.zst --format=csv:missing/r.csv
run 4 "$FLREPLAY" -q t.zst --alloc=addr-tree --runs=0 --format=csv:/dev/full

# Several traces: means below their rows and in JSON; one trace has none.
make_trace 11 5000 g1.zst
make_trace 12 5000 g2.zst
MIMALLOC_VERBOSE=0 run 0 "$FLREPLAY" g1.zst g2.zst --alloc=addr-tree,list-lifo --runs=1 --json=g.json
expect out '  geometric means over 2 traces: 2 timed, 2 with footprints'
expect out '  * processor*, transparent huge pages: *; MIMALLOC_VERBOSE=0'
python3 - <<'END' >out 2>err || fail 'the means are not those of the traces'
import json, math
document = json.load(open("g.json"))
assert document["machine"]["environment"] == ["MIMALLOC_VERBOSE=0"]
for i, mean in enumerate(document["geometric_means"]["targets"]):
    targets = [trace["targets"][i] for trace in document["traces"]]
    net = math.prod(target["time"]["net_ns_per_operation"] for target in targets) ** 0.5
    assert math.isclose(mean["net_ns_per_operation"], net, rel_tol=1e-6)
    assert mean["allocator"] == targets[0]["allocator"]
END
run 0 "$FLREPLAY" g1.zst --alloc=addr-tree --runs=1
grep -q 'geometric' out && fail 'a mean of one'

# Who ends it while it waits for the rest of a trace finds no part of a file.
mkfifo rest
"$FLREPLAY" -q rest --alloc=system --runs=0 --json=k.json >out 2>err &
ended=$!
exec 3>rest
head -c 100 t.zst >&3
for _ in $(seq 200); do
    [ -e k.json.part ] && break
    sleep 0.05
done
[ -e k.json.part ] || fail "no k.json.part"
kill -TERM $ended
wait $ended
[ $? -eq 143 ] || fail "SIGTERM did not end it"
exec 3>&-
[ ! -e k.json.part ] || fail "k.json.part is left"
finish

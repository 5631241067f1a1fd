#!/bin/sh
# replay_threads.sh BROKEN_LIBRARY RACE_LIBRARY FLREC BUILT_PROGRAMS: --threads=real on recorded programs of two, a hundred and
# two thousand threads: right allocators pass, one that is right for one thread only is found, one that does not come back is named.
broken=$1
race=$2
flrec=$3
built=$4
. "$(dirname "$0")/replay_lib.sh"

record() { # TRACE PROGRAM...
    trace=$1
    shift
    "$flrec" -q -o "$trace" -- "$@" >out 2>err || fail "cannot record $*"
}

record hand.zst "$built/crossfree" 40000 # each block is freed by the other thread
record many.zst "$built/pairs" 300000 100
record short.zst "$built/threads" 2000

others=
for pair in jemalloc=libjemalloc.so.2 mimalloc=libmimalloc.so.2 tcmalloc=libtcmalloc_minimal.so.4; do
    if ldconfig -p 2>/dev/null | grep -q "${pair#*=}"; then others=$others,${pair%%=*}; fi
done
for trace in hand many short; do
    run 0 "$FLREPLAY" $trace.zst --threads=real --alloc="system,size-tree$others" --runs=2 --touch=all --json=real.json
    run 0 "$FLREPLAY" $trace.zst --alloc=size-tree --runs=0 --json=serial.json
    python3 - $trace <<'END' || fail "$trace: the results with real threads"
import json, sys
real = json.load(open("real.json"))
assert real["settings"]["threads"] == "real"
for target in real["traces"][0]["targets"]:
    assert target["check"] == "passed", target
    time = target["time"]
    assert time["threads"] >= {"hand": 2, "many": 8, "short": 8}[sys.argv[1]], time
    assert time["threads"] <= {"hand": 2, "many": 165, "short": 2001}[sys.argv[1]], time
    assert 0 <= time["context_switches_per_operation"] <= 0.1 or sys.argv[1] == "short", time
    if target["allocator"] == "size-tree":  # exact counts are those of the check by one thread
        serial = json.load(open("serial.json"))["traces"][0]["targets"][0]
        assert target["counts"] == serial["counts"] and target["offsets_hash"] == serial["offsets_hash"]
END
done

# Calls of all kinds, by threads that come and go, on generated traces too.
for seed in 1 2 3; do
    make_trace $seed 20000 t.zst
    run 0 "$FLREPLAY" t.zst --threads=real --alloc=system,addr-tree --runs=1
done

# One thread at a time finds nothing; together they take the same place.
run 0 "$FLREPLAY" many.zst --alloc=lib:"$race" --runs=0 --limit=50000
run 5 "$FLREPLAY" many.zst --alloc=lib:"$race" --runs=0 --limit=50000 --threads=real
grep -Eq 'was changed while it was live|lost contents|is not zeroed|crashed' err || fail 'no word of what two threads share'
grep -q -- '--threads=real may show it again' err || fail 'the hint lacks --threads=real'

# The first call that does not come back is named, and nothing hangs.
BROKEN_HANG=5000 run 5 "$FLREPLAY" hand.zst --alloc=lib:"$broken" --runs=1 --check=off --timeout=2 --threads=real
grep -Eq 'no answer in [0-9]+ s .*thread [01] does not come back from malloc' err || fail 'no word of the call that hangs'

run 2 "$FLREPLAY" hand.zst --threads=real --populate
run 2 "$FLREPLAY" hand.zst --threads=real --shrink
run 2 "$FLREPLAY" hand.zst --threads=some
run 0 "$FLREPLAY" hand.zst --alloc=size-tree --runs=0 --save-baseline=b.json
run 2 "$FLREPLAY" hand.zst --alloc=size-tree --runs=0 --threads=real --baseline=b.json
grep -q 'threads "serial", this run with "real"' err || fail 'the baseline of one thread is taken'
finish

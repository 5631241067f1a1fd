#!/bin/sh
# The gate: a build whose allocator does more work or takes more memory fails it every time, one that is as it was never, whatever
# else the machine does; and nothing that cannot be compared is.
. "$(dirname "$0")/replay_lib.sh"
make_trace 7 20000 t.zst
make_trace 8 20000 u.zst
gate() { # STATUS ARGUMENT...
    wanted=$1
    shift
    run "$wanted" "$FLREPLAY_CHANGED" -q t.zst --runs=0 "$@"
}

gate 0 --alloc=mine,list-lifo,system --save-baseline=b.json
[ ! -e b.json.part ] || fail 'a part of the baseline is left'

# Unchanged, while something else keeps the processors busy.
(while :; do :; done) &
load=$!
for i in $(seq 100); do
    gate 0 --alloc=mine --baseline=b.json
    expect out 'gate: passed: 13 figures compared, 0 moved, 0 warnings, 0 failed'
done
for i in $(seq 20); do
    FL_MINE=visit gate 1 --alloc=mine --baseline=b.json
    expect out 'gate: t.zst: mine: visits * FAIL: more than 0'
    expect out 'gate: FAILED: 13 figures compared, 1 moved, 0 warnings, 1 failed'
    FL_MINE=footprint gate 1 --alloc=mine --baseline=b.json
    expect out 'gate: t.zst: mine: peak_footprint * FAIL: more than 0'
    FL_MINE=tags=none gate 1 --alloc=mine --baseline=b.json
    expect out 'gate: t.zst: mine: visits * FAIL: more than 0'
done
kill $load

# Limits, levels, and who wins.
FL_MINE=align=32 gate 0 --alloc=mine --baseline=b.json --fail-on='peak_block_bytes>400%,mmap_calls>100000'
expect out 'gate: t.zst: mine: peak_block_bytes * (+*%)'
FL_MINE=align=32 gate 0 --alloc=mine --baseline=b.json --warn-on='peak_block_bytes>1'
expect out 'gate: t.zst: mine: peak_block_bytes * warning: more than 1'
FL_MINE=align=32 gate 1 --alloc=mine --baseline=b.json --warn-on='peak_block_bytes>1' --fail-on='peak_block_bytes>0.1%'
expect out '*FAIL: more than 0.1%'
FL_MINE=align=32 gate 1 --alloc=mine --baseline=b.json --json
expect err 'gate: FAILED: *'
cp out changed.json
FL_MINE=align=32 gate 0 --alloc=mine --baseline=changed.json
run 0 "$FLREPLAY_CHANGED" -q t.zst --alloc=mine --runs=3 --save-baseline=timed.json
run 0 "$FLREPLAY_CHANGED" -q t.zst --alloc=mine --runs=3 --baseline=timed.json --fail-on='net_ns>100000'

# What cannot be compared is refused, and the difference named.
refused() { # WHAT ARGUMENT...
    what=$1
    shift
    run 2 "$FLREPLAY_CHANGED" -q --runs=0 "$@"
    expect err "flreplay: error: *$what*"
}
refused 'made with another trace: none of it has the 20000 events of u.zst' u.zst --alloc=mine --baseline=b.json
refused 'no results of mine,fit=best with t.zst' t.zst --alloc=mine,fit=best --baseline=b.json
refused 'made with limit_events null, this run with 500' t.zst --alloc=mine --limit=500 --baseline=b.json
refused 'made with check "fast", this run with "full"' t.zst --alloc=mine --check=full --baseline=b.json
sed 's/"version": "[^"]*"/"version": "0.0.1"/' b.json >old.json
refused 'the baseline is of flreplay 0.0.1, this is' t.zst --alloc=mine --baseline=old.json
sed 's/"schema": 1/"schema": 99/' b.json >new.json
refused 'results of schema 99, this flreplay knows 1' t.zst --alloc=mine --baseline=new.json
refused 'no allocator of this run tells visits' t.zst --alloc=system --baseline=b.json
refused 'net_ns is measured by runs, and --runs is 0' t.zst --alloc=mine --baseline=b.json --fail-on='net_ns>1'
refused "'visit' is no metric" t.zst --alloc=mine --baseline=b.json --fail-on='visit>1'
refused 'need a --baseline' t.zst --alloc=mine --fail-on='visits>1'
# What can be known is known before anything runs.
if strace -o log true 2>/dev/null; then
    for what in '--baseline=old.json' '--limit=500 --baseline=b.json' '--alloc=mine,fit=best --baseline=b.json' '--save-baseline=missing/b.json'; do
        # shellcheck disable=SC2086
        strace -f -o log -e trace=execve "$FLREPLAY_CHANGED" -q t.zst --alloc=mine $what >out 2>err && fail "$what is accepted"
        [ "$(grep -c 'execve(' log)" -eq 1 ] || fail "$what is told after the run"
    done
    strace -f -o log -e trace=execve "$FLREPLAY_CHANGED" -q u.zst --alloc=mine --baseline=b.json >out 2>err
    [ "$(grep -c 'execve(' log)" -eq 1 ] || fail 'another trace is told after the run'
fi
refused 'made with another trace' - --alloc=mine --baseline=b.json <u.zst
run 4 "$FLREPLAY_CHANGED" -q t.zst --runs=0 --alloc=mine --baseline=missing.json
run 4 "$FLREPLAY_CHANGED" -q t.zst --runs=0 --alloc=mine --baseline=/dev/zero
run 4 "$FLREPLAY_CHANGED" -q t.zst --runs=0 --alloc=mine --save-baseline=missing/b.json

# Whatever stands in the file, it is refused in one line.
bytes=$(wc -c <b.json)
for part in 0 1 2 3 4 5 6 7 8 9; do
    head -c $((bytes * part / 10)) b.json >cut.json
    refused 'cut.json: ' t.zst --alloc=mine --baseline=cut.json
done
for text in '[]' '{"schema": 1, "traces": 5}' '{"schema": "1"}' '{"schema": 1, "traces": [1, null, {"trace_hash": 4}]}' \
    '{"schema": 1e999, "traces": []}' '"'; do
    printf '%s' "$text" >odd.json
    refused 'odd.json: ' t.zst --alloc=mine --baseline=odd.json
done
sed 's/"counts": {/"counts": [{/; s/"visits_malloc": [0-9]*,/"visits_malloc": "x",/' b.json | tr -d '\n' >odd.json
refused 'odd.json: ' t.zst --alloc=mine --baseline=odd.json
sed 's/"visits_malloc": [0-9]*,/"visits_malloc": "x",/' b.json >odd.json
refused 'the baseline does not tell visits of mine' t.zst --alloc=mine --baseline=odd.json

# A wrong answer or a damaged trace is no baseline, and weighs more than a gate.
run 5 "$FLREPLAY_WRONG" -q t.zst --runs=0 --alloc=wrong,mode=overlap --save-baseline=w.json
[ ! -e w.json ] || fail 'a wrong allocator became a baseline'
head -c 9000 t.zst >damaged.zst
run 3 "$FLREPLAY_CHANGED" -q damaged.zst --runs=0 --alloc=mine --save-baseline=w.json
[ ! -e w.json ] || fail 'a damaged trace became a baseline'
finish

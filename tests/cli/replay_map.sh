#!/bin/sh
# --map: the picture agrees with the heap's own counters, at the peak and after any event.
. "$(dirname "$0")/replay_lib.sh"
make_trace 3 20000 t.zst

# What is in use at the peak is what the counters say of it.
run 0 "$FLREPLAY" t.zst --alloc=size-tree --runs=0 --json=j.json
run 0 "$FLREPLAY" --map t.zst --alloc=size-tree
expect out 't.zst: size-tree after event *, the peak of payload'
internal=$(python3 -c 'import json; print("%.1f%%" % (100 * json.load(open("j.json"))["traces"][0]["targets"][0]["counts"]["internal_fragmentation"]))')
external=$(python3 -c 'import json; print("%.1f%%" % (100 * json.load(open("j.json"))["traces"][0]["targets"][0]["counts"]["external_fragmentation"]))')
expect out "  used * blocks, * of it payload: internal fragmentation $internal"
expect out "  footprint *: external fragmentation $external"
[ "$(grep -c '^ *[0-9.]* [KMG]*i*B  [.:=+#-]*$' out)" -le 32 ] || fail 'too many rows'

# A heap of one block, and one with nothing.
run 0 "$FLREPLAY" --map=0 t.zst --alloc=list-addr,addr-tree
expect out 't.zst: list-addr after event 0'
expect out 't.zst: addr-tree after event 0'
cp out first
run 0 "$FLREPLAY" --map=0 t.zst --alloc=list-addr,addr-tree
cmp -s out first || fail 'two pictures of the same'
run 0 "$FLREPLAY" --map=19999 t.zst

run 2 "$FLREPLAY" --map=20000 t.zst
expect err '*--map=20000: t.zst has 20000 events*'
run 2 "$FLREPLAY" --map t.zst --alloc=system
expect err '*--map: the blocks of system cannot be walked*'
run 2 "$FLREPLAY" --map t.zst --alloc=size-tree,system
[ ! -s out ] || fail '--map of two, one of which cannot be drawn: it draws the other'
run 2 "$FLREPLAY" --map=x t.zst
expect err '*--map=x: the number of an event is expected*'
run 2 "$FLREPLAY" --map
expect err '*no trace is named*'
run 2 "$FLREPLAY" --map --growth t.zst
expect err '*--explain, --growth and --map are different commands*'
# What only a replay gives is not left out in silence, a gate above all.
for option in --json=x --format=csv --save-baseline=x --baseline=x --series=x --latency --histogram --shrink --threads=real --populate; do
    run 2 "$FLREPLAY" --map t.zst "$option"
    expect err 'flreplay: error: --* goes with a replay, not with --explain, --growth or --map'
done
run 2 "$FLREPLAY" --map t.zst --fail-on='visits>1%'
# The peak among the first events only, and no event behind them.
run 0 "$FLREPLAY" --map t.zst --limit=10 --alloc=size-tree
event=$(sed -n 's/.* after event \([0-9]*\), the peak of payload$/\1/p' out)
[ "$event" -lt 10 ] || fail "--limit=10: the peak is at event $event"
run 2 "$FLREPLAY" --map=10 t.zst --limit=10
expect err '*--map=10: --limit=10 ends before it'
run 4 "$FLREPLAY" --map missing.zst
head -c 9000 t.zst >cut.zst
run 3 "$FLREPLAY" --map cut.zst
expect err '*cut.zst*'
# The peak of half a trace is not told as that of the whole one; up to an event before the damage all is known.
make_trace 3 200000 long.zst
head -c $(($(stat -c %s long.zst) / 2)) long.zst >half.zst
run 3 "$FLREPLAY" --map half.zst --alloc=size-tree
expect out 'half.zst: size-tree after event *, the peak of payload'
expect err 'flreplay: error: half.zst: the trace is truncated *'
run 0 "$FLREPLAY" --map=100 half.zst --alloc=size-tree
head -c 9000 /dev/urandom >noise.zst
run 3 "$FLREPLAY" --map noise.zst
finish

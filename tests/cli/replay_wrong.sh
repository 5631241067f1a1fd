#!/bin/sh
# A deliberately wrong allocator: each mistake is caught, its event named, exit 5.
. "$(dirname "$0")/replay_lib.sh"
make_trace 1 20000 t.zst

caught() { # MODE GLOB
    run 5 "$FLREPLAY_WRONG" t.zst --alloc=system,wrong,mode="$1" --runs=1
    expect err "flreplay: error: wrong,mode=$1: event [0-9]*$2 (t.zst)"
    expect err "hint: flreplay 't.zst' --alloc=wrong,mode=$1 --check=full --runs=0 --limit=* shows it again"
    expect out "  wrong,mode=$1  *WRONG *"
    expect out '  system  *passed *'
    limit=$(sed -n 's/.*--limit=\([0-9]*\) .*/\1/p' err)
    run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode="$1" --check=full --runs=0 --limit="$limit"
    run 0 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode="$1" --check=full --runs=0 --limit=$((limit - 1))
}

run 0 "$FLREPLAY_WRONG" t.zst --alloc=wrong --runs=1 --check=full
expect out '  wrong  *passed *'
caught overlap 'overlaps live object [0-9]* ([0-9]* bytes at 0x*)'
caught outside 'is not wholly memory of the heap'
caught misaligned 'is not aligned to [0-9]* bytes'
caught lost-tail 'realloc of *lost contents it should have kept: byte *'
caught dirty-calloc 'calloc of *is not zeroed: byte [0-9]* is 0x01, expected 0x00'
caught small-usable 'usable bytes, expected at least [0-9]*'
caught keep 'free of *is live, but free found no live block there'
caught invariant 'left a broken heap: A1 sizes do not add up'
caught crash ': crashed: Segmentation fault (signal 11)'
caught exit ': ended the process with code 9'

# A neighbour's write shows when the object it hit is next looked at, so it has no first event.
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=scribble --runs=0
expect err 'flreplay: error: wrong,mode=scribble: event *was changed while it was live: byte *'

# Without a check pass a crash is still a result, with the events of its batch.
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=crash --check=off --runs=1
expect err 'flreplay: error: wrong,mode=crash: events [0-9]* to [0-9]*: crashed: Segmentation fault (signal 11) (t.zst)'

# An allocator that never comes back ends too: with its event, or with those of its batch.
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=hang --runs=0 --timeout=1
expect err 'flreplay: error: wrong,mode=hang: event [0-9]*: no answer in 1 s (--timeout) (t.zst)'
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=hang,after=5k,system --check=off --runs=1 --timeout=1 --json
expect out '*"kind": "hang",'
expect err 'flreplay: error: wrong,mode=hang,after=5k: events [0-9]* to [0-9]*: no answer in 1 s (--timeout) (t.zst)'

# No memory is an answer, and said.
run 0 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=refuse --runs=1
expect out '*wrong,mode=refuse refused * requests that the program was granted'

# JSON tells the same; wrong wins over damaged.
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=overlap --runs=0 --json
expect out '*"kind": "overlap",'
head -c 100000 t.zst >cut.zst
run 5 "$FLREPLAY_WRONG" cut.zst --alloc=wrong,mode=overlap --runs=0
finish

#!/bin/sh
# Damaged traces: each has its own message and ends with 3; what is whole is replayed.
. "$(dirname "$0")/replay_lib.sh"
make_trace 1 60000 t.zst
bytes=$(wc -c <t.zst)

: >empty.zst
run 3 "$FLREPLAY" empty.zst
expect err 'flreplay: error: *empty*'
expect err 'hint: *'
printf '\001\002\003\004\005\006\007\010' >noise.zst
run 3 "$FLREPLAY" noise.zst
expect err 'flreplay: error: *'
expect err 'hint: record one with: flrec *'

head -c $((bytes * 6 / 10)) t.zst >cut.zst
run 3 "$FLREPLAY" cut.zst --runs=1
expect err 'flreplay: error: *truncated* (chunk [0-9]*, byte [0-9]*)'
expect out 'cut.zst: [0-9]*,[0-9]* events, *'
expect out '  addr-tree,augment=max  passed *'

# Cut before the first event: the error alone, no table of zeros.
for cut in 12 200; do
    head -c $cut t.zst >head.zst
    run 3 "$FLREPLAY" head.zst --runs=1
    expect err 'flreplay: error: head.zst: the trace is truncated *'
    expect err 'hint: the recorder was stopped before it wrote anything*'
    [ -s out ] && fail 'a table of nothing'
done

cp t.zst flip.zst
printf '\377\377' | dd of=flip.zst bs=1 seek=$((bytes / 2)) conv=notrunc 2>dd.err
run 3 "$FLREPLAY" flip.zst --runs=1
expect err 'flreplay: error: *damaged* (chunk [0-9]*, byte [0-9]*)'
expect out '  addr-tree,augment=max  passed *'
run 3 "$FLREPLAY" t.zst flip.zst --runs=0
finish

#!/bin/sh
# flreplay --growth: the class of each design of the family, from exact counts, as the notes and
# allocator/DESIGN.md give it.
. "$(dirname "$0")/replay_lib.sh"

row() { # ALLOCATOR CALL CLASS CLASS_OF_THE_NOTES
    expect out "  $1 *$2 * $3  *$4"
}

run 0 "$FLREPLAY" --growth
row list-addr malloc 'O(n)' 'O(n)'
row list-addr free 'O(n)' 'O(n)'
row addr-tree malloc 'O(n)' 'O(n)'
row addr-tree free 'O(log n)' 'O(log n)'
row addr-tree,augment=max malloc 'O(log n)' 'O(n)'
row addr-tree,augment=max free 'O(log n)' 'O(log n)'
cp out first
run 0 "$FLREPLAY" --growth
cmp -s first out || fail 'the exact counts differ between two runs'

# A design of one's own choice, a smaller limit.
run 0 "$FLREPLAY" --growth=1000 --alloc=addr-tree,fit=best
expect out '  allocator *call *n=100 *n=1,000  class *the notes'
row addr-tree,fit=best malloc 'O(n)' 'O(n)'

run 2 "$FLREPLAY" --growth t.zst
expect err 'flreplay: error: --growth makes its own calls and takes no trace'
run 2 "$FLREPLAY" --growth=999
expect err 'flreplay: error: --growth=N: it is at least 1,000 and at most 1,000,000'
run 2 "$FLREPLAY" --growth=2000000
run 2 "$FLREPLAY" --growth=many
expect err 'flreplay: error: --growth=many: a number is expected'
run 2 "$FLREPLAY" --growth --alloc=system
expect err 'flreplay: error: system: has no counters to show its growth by'
run 2 "$FLREPLAY" --growth --alloc=list-addr,big=4k
expect err 'flreplay: error: list-addr,big=4k: 1,000 free blocks of chosen sizes cannot be made*'
run 2 "$FLREPLAY" --growth --json
expect err 'flreplay: error: --json holds results of recorded traces only'
finish

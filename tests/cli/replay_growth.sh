#!/bin/sh
# flreplay --growth: the class of each design of the family, from exact counts, as the notes and
# allocator/DESIGN.md give it.
. "$(dirname "$0")/replay_lib.sh"

design() { # ALLOCATOR MALLOC FREE MALLOC_IN_THE_NOTES FREE_IN_THE_NOTES
    expect out "  $1  *malloc * $2  *$4"
    expect out "  $1  *free * $3  *$5"
    designs=$((designs + 1))
}

designs=0 n='O(n)' log='O(log n)'
run 0 "$FLREPLAY" --growth
design list-lifo,tags=none "$n" "$n" "$n" "$n"
design list-lifo,tags=boundary "$n" 'O(1)' "$n" "$n"
design list-addr,tags=none "$n" "$n" "$n" "$n"
design list-addr,tags=boundary "$n" "$n" "$n" "$n"
design list-size,tags=none "$n" "$n" "$n" "$n"
design list-size,tags=boundary "$n" "$n" "$n" "$n"
design size-tree,tags=none "$log" "$n" "$log" "$n"
design size-tree,tags=boundary "$log" "$log" "$log" "$n"
design addr-tree,tags=none "$n" "$log" "$n" "$log"
design addr-tree,tags=boundary "$n" "$log" "$n" "$log"
design addr-tree,augment=max,tags=none "$log" "$log" "$n" "$log"
design addr-tree,augment=max,tags=boundary "$log" "$log" "$n" "$log"
design combo-tree,tags=none "$log" "$log" "$log" "$log"
design combo-tree,tags=boundary "$log" "$log" "$log" "$log"
[ "$(grep -c ' free ' out)" -eq $designs ] || fail 'a design is in the table and not in this test'

# Exact: another run, to 10,000 only, counts the same.
counts() { awk '$2 == "malloc" || $2 == "free" { print $1, $2, $3, $4, $5 }' out; }
counts >first
run 0 "$FLREPLAY" --growth=10000
counts | cmp -s first - || fail 'the exact counts differ between two runs'
[ "$(wc -l <first)" -eq $((2 * designs)) ] || fail 'not two rows a design'

# A design of one's own choice, a smaller limit.
run 0 "$FLREPLAY" --growth=1000 --alloc=addr-tree,fit=best
expect out '  allocator *call *n=100 *n=1,000  class *the notes'
expect out '  addr-tree,fit=best  malloc * O(n)  *O(n)'

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
expect err 'flreplay: error: list-addr,big=4k: 100 free blocks of chosen sizes cannot be made*'
run 2 "$FLREPLAY" --growth --alloc=list-addr,chunk=1g
expect err 'flreplay: error: list-addr,chunk=1g: 100 free blocks of chosen sizes cannot be made*'
run 2 "$FLREPLAY" --growth --json
expect err 'flreplay: error: --format or --json goes with a replay, not with --explain, --growth or --map'
finish

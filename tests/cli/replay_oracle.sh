#!/bin/sh
# replay_oracle.sh FLREC BUILT_PROGRAMS FLREPLAY CXX PROGRAM: on the trace of a real program, designs of one order, fit and
# tie rule place every block at the same offset, whatever else they do. Where a block is put follows from order, fit and the
# smallest block; so designs whose links differ in size meet at alignments that make their smallest blocks equal.
flreplay=$3
compiler=$4
program=$5
. "$(dirname "$0")/record_common.sh"
. "$(dirname "$0")/record_programs.sh"
prepare_program

trace=$work/t.zst
run_program timeout 300 "$flrec" -o "$trace" -- >out 2>err || fail "$program did not end well"
[ -f "$trace" ] || { fail "$program: no trace"; finish; }
hashes=0

same() { # EVENTS KNOBS DESIGN...: with the knobs added to each, all have one hash of offsets
    limit=$1
    knobs=$2
    shift 2
    list=
    for design; do list=$list${list:+,}$design$knobs; done
    timeout 120 "$flreplay" "$trace" --alloc="$list" --limit="$limit" --runs=0 --quiet >out 2>err ||
        { fail "$program: $list does not replay"; return; }
    [ "$(grep -c '^  offsets ' out)" -eq $# ] || fail "$program: $list: not $# hashes"
    hash=$(awk '/^  offsets/ { print $2 }' out | sort -u)
    case $hash in
    ????????????????) hashes=$((hashes + $#)) ;;
    *) grep '^  offsets' out; fail "$program: $list place differently" ;;
    esac
}

# What must not matter: how the block before is found, how a list is linked, what a node knows.
every_list() { # NAME KNOBS
    echo "$1$2 $1,links=single$2 $1,tags=none$2 $1,links=single,tags=none$2"
}
every_tree() { # KNOBS
    echo "addr-tree$1 addr-tree,augment=max$1 addr-tree,tags=none$1 addr-tree,augment=max,tags=none$1"
}
by_size="$(every_list list-size '') size-tree size-tree,tags=none combo-tree combo-tree,tags=none"

# shellcheck disable=SC2046,SC2086
for fit in first next best; do
    addresses="list-addr,fit=$fit addr-tree,fit=$fit addr-tree,augment=max,fit=$fit"
    same 300k '' $addresses
    same 150k ,chunk=4k,big=64k $addresses
    same 150k ,split-min=256,trim=always $addresses
    same 30k ,coalesce=off $addresses
    same 100k ,align=32 $(every_list list-addr ,fit=$fit) $(every_tree ,fit=$fit)
    same 100k ,align=64,chunk=1m $(every_list list-addr ,fit=$fit) $(every_tree ,fit=$fit)
    same 100k ,align=32 $(every_list list-lifo ,fit=$fit)
done
same 1m '' list-size size-tree combo-tree
same 150k ,align=8,chunk=4k,big=64k list-addr addr-tree
same 150k ,chunk=4k,big=64k,trim=threshold list-size size-tree combo-tree
same 30k ,coalesce=off list-size size-tree combo-tree
same 1m ,trim=threshold size-tree combo-tree combo-tree,tags=none
# shellcheck disable=SC2086
for knobs in '' ,chunk=4k,trim=always ,split-min=512; do same 150k ",align=32$knobs" $by_size; done
# shellcheck disable=SC2086
same 30k ,align=32,coalesce=off $by_size
[ "$failures" -eq 0 ] && echo "$program: $hashes replays, those of each group alike"
finish

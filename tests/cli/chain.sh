#!/bin/sh
# chain.sh FLREC BUILT_PROGRAMS FLREPLAY CXX PROGRAM: the whole way of one real program. It is recorded and counted by
# libcount.so in the same run; the counts agree; zstd finds no fault; replays into addr-tree (all of it, the heap walked)
# and list-addr (a prefix, it is O(n)) find none either. Exits 77 where the program is not installed.
flreplay=$3
compiler=$4
program=$5
. "$(dirname "$0")/record_common.sh"
. "$(dirname "$0")/record_programs.sh"
prepare_program

# libcount.so stands behind libflrec.so in one and the same run, as the last image of the process.
counts=$work/counts
run_program timeout 300 "$flrec" -v -o t.zst -- env LD_PRELOAD="$(dirname "$flrec")/libflrec.so:$built/libcount.so" \
    FL_COUNT_FILE="$counts" >out 2>err || fail "$program did not end well"
trace=$(ls t.exec*.zst | sort -V | tail -1)
"$built/count_read" "$counts" | awk '$1 != "total" && $2 > 0 { print $1, $2 }' | sort >counted
sed "1,/^flrec: $trace/d" err | tr -d , | awk '/^flrec: +[a-z_]+ [0-9]+$/ { print $2, $3 }' | sort >recorded
cmp -s counted recorded || {
    diff counted recorded
    fail "$program: counted (<) and recorded (>) calls differ"
}
grep -qF ', 0 unknown pointers, 0 implied frees' err || fail "$program: an impossible step"
zstd -tq "$trace" || fail "zstd -t finds fault"
timeout 300 "$flreplay" "$trace" --alloc=addr-tree,augment=max,addr-tree,augment=max,fit=best --check=full --runs=0 >out 2>err ||
    fail "$program: addr-tree"
timeout 300 "$flreplay" "$trace" --alloc=list-addr,addr-tree --limit=200k --check=full --runs=0 >out 2>err ||
    fail "$program: list-addr"
[ "$(awk '/^  offsets/ { print $2 }' out | sort -u | wc -l)" -eq 1 ] || fail "$program: list and tree place differently"
[ "$failures" -eq 0 ] && echo "$program: $(awk '{ sum += $2 } END { print sum }' recorded) events"
finish

#!/bin/sh
# record_others.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: programs that run on another allocator, preloaded by the user: it stays,
# behind the recorder, its calls are recorded and its name is in the trace. Skipped where none is installed.
flreplay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"
tried=0

for library in libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
    path=$(ldconfig -p 2>/dev/null | awk -v name="$library" '$1 == name { print $NF; exit }')
    [ -n "$path" ] || continue
    tried=$((tried + 1))
    LD_PRELOAD=$path "$flrec" -o t.zst "$built/thread_ends" >out 2>err || fail "$library: exit $?"
    [ "$(cat out)" = 'threads 2000' ] || fail "$library: $(cat out)"
    "$fltrace" info t.zst >info || fail "$library: fltrace: exit $?"
    grep -q "^  allocator .*${library%%.so*}" info || fail "$library: another allocator is named: $(grep allocator info)"
    [ "$(grep -Ec '^  (unknown pointers|implied frees|lost_events) +0$' info)" -eq 3 ] || fail "$library: not clean: $(cat info)"
    [ "$(events t.zst)" -ge 206000 ] || fail "$library: $(events t.zst) events"
    timeout 60 "$flreplay" t.zst --alloc=size-tree --check=full --runs=0 --quiet >out 2>err || fail "$library: does not replay"
    rm -f t*.zst
    LD_PRELOAD=$path "$flrec" -q -o t.zst "$built/fork_threads" 20 >out 2>err || fail "$library: fork: exit $?"
    [ "$(cat out)" = 'children 20' ] || fail "$library: $(cat out)"
    [ "$(ls t.*.zst | wc -l)" -eq 20 ] || fail "$library: $(ls t.*.zst | wc -l) children have traces, expected 20"
done
[ $tried -gt 0 ] || { echo 'no other allocator is installed'; exit 77; }
finish

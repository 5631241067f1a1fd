#!/bin/sh
# record_table.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: a line for each case of one process: what libcount.so counted in the very
# run that was recorded, what the trace holds, what its replay says. It is the table to read before one trusts a trace.
flreplay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"
. "$(dirname "$0")/program_inputs.sh"
library=$(dirname "$flrec")/libflrec.so

# libcount.so stands behind libflrec.so, in the second image of the process (record_counts.sh says why). The calls it makes
# itself inside those it counts are what such a trace names as lost.
row() { # CASE PROG [ARG...]
    name=$1
    shift
    rm -f counts t.* t.zst
    timeout 120 "$flrec" -q -o t.zst -- env LD_PRELOAD="$library:$built/libcount.so${other:+:$other}" \
        FL_COUNT_FILE=counts "$@" >out 2>err </dev/null
    made=$("$built/count_read" counts | sed -n 's/^total //p')
    "$fltrace" info t.exec1.zst >info 2>>err || fail "$name: fltrace info: exit $?"
    recorded=$(awk '$1 == "events" { gsub(",", "", $2); print $2; exit }' info)
    said=clean
    [ "$(grep -Ec '^  (unknown pointers|implied frees) +0$' info)" -eq 2 ] || said='not clean'
    timeout 120 "$flreplay" t.exec1.zst --alloc=combo-tree --check=full --runs=0 --quiet >out 2>err || said="exit $?"
    printf '%-44s %12s %12s  %s\n' "$name" "$made" "$recorded" "$said"
    [ "$made" = "$recorded" ] && [ "$said" = clean ] || fail "$name: see above"
    other=
}

row_if() { # PROG CASE PROG [ARG...]: where PROG is installed
    if command -v "$1" >/dev/null; then shift && row "$@"; else echo "skipped: no $1"; fi
}

preloaded() { # LIBRARY CASE PROG [ARG...]
    other=$(ldconfig -p | sed -n "s|.*$1.* => ||p" | head -1)
    if [ -n "$other" ]; then shift && row "$@"; else echo "skipped: no $1"; fi
}

printf '%-44s %12s %12s  %s\n' case 'calls made' 'in trace' replay
row 'every call of the family' "$built/families"
row 'one thread, pairs' "$built/pairs" 1000000
row 'threads that free for each other' "$built/crossfree" 200000
row 'threads by the thousand' "$built/threads"
row 'pthread_exit, cancelled, late destructors' "$built/thread_ends"
row 'signal handlers that allocate' "$built/handler_alloc"
row 'dlopen before main' "$built/dlopen_early"
row 'allocation while the loader relocates' "$built/early_ifunc"
row 'marks' "$built/marks"
row 'closes every descriptor' "$built/close_all"
row 'fork, vfork, posix_spawn: the parent' "$built/fork_child"
for way in kill abort segv _exit exit; do
    row "ends by $way" "$built/die" $way 100000
done
preloaded libjemalloc.so.2 'jemalloc preloaded' "$built/families"
preloaded libmimalloc.so.2 'mimalloc preloaded' "$built/crossfree" 200000
preloaded libtcmalloc_minimal.so.4 'tcmalloc preloaded' "$built/crossfree" 200000
row_if ls 'ls -l /' ls -l /
row_if sh 'sh, a loop' sh -c 'for i in 1 2 3; do x="$x$i"; done'
row_if perl perl perl -e "$(make_perl 20000)"
export PYTHONMALLOC=malloc
PATH=/usr/bin:$PATH
row_if python3 'python3, PYTHONMALLOC=malloc' python3 -c 'print(len({i: str(i) for i in range(20000)}))'
make_sql 20000 >script.sql
row_if sqlite3 sqlite3 sqlite3 :memory: '.read script.sql'
row_if git 'git --version' git --version
row_if tar 'tar of /usr/include' tar -cf archive.tar /usr/include
finish

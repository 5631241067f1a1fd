#!/bin/sh
# import_mtrace.sh FLTRACE FLREPLAY PROGRAM: a log that glibc's mtrace writes here says the calls that were made. Skipped where
# libc_malloc_debug.so, which logs since glibc 2.34, is not installed.
fltrace=$1
flreplay=$2
program=$3
. "$(dirname "$0")/trace_lib.sh"

MALLOC_TRACE=$work/log LD_PRELOAD=libc_malloc_debug.so.0 "$program" 2>err || fail "the program: $(cat err)"
if [ ! -s log ]; then
    echo "skipped: mtrace logs nothing here (no libc_malloc_debug.so?): $(cat err)"
    exit 77
fi
cat >expected <<'END'
0 malloc 10 = #0
1 realloc #0 100000 = #1
2 realloc #1 9223372036854775807 failed
3 malloc 21 = #2
4 malloc 5 = #3
5 free #2
6 free #3
7 malloc 9223372036854775807 failed
8 malloc 100 = #4
9 malloc 50 = #5
10 free #5
11 free #4
12 malloc 77 = #6
END
"$fltrace" dump log >out 2>err || fail "dump: $(cat err)"
diff expected out || fail 'the calls are not those of the program'
"$fltrace" info log >out
grep -q '^  imported_from      mtrace$' out || fail 'not known as mtrace'
"$flreplay" log --alloc=addr-tree,system --check=full --runs=1 --quiet >out 2>err || fail "flreplay: $(cat err)"

# A program that does not end it: what it logged is there.
MALLOC_TRACE=$work/log LD_PRELOAD=libc_malloc_debug.so.0 "$program" && head -c $(($(wc -c <log) - 30)) log >cut
"$fltrace" dump cut >out 2>err
[ $? -eq 3 ] && grep -q 'cut: the trace is damaged: line [0-9]*: no line of mtrace' err || fail "cut: $(cat err)"
diff -q expected out >/dev/null && fail 'cut: a call too many'
[ "$failures" -eq 0 ]

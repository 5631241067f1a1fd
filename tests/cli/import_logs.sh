#!/bin/sh
# import_logs.sh FLTRACE FLREPLAY PROGRAM: what ltrace and valgrind print here of a program says the calls that it made. Skipped where
# neither is installed, or may trace.
fltrace=$1
flreplay=$2
program=$3
. "$(dirname "$0")/trace_lib.sh"
logs=0

# The calls of the program, as `fltrace dump` gives them: of memalign's family valgrind shows memalign, and usable sizes differ.
cat >expected <<'END'
malloc 10 = #0
realloc #0 100000 = #1
realloc #1 9223372036854775807 failed
calloc 21 = #2
realloc null 5 = #3
free null
free #2
realloc #3 0 freed
malloc 9223372036854775807 failed
memalign align=64 100 = #4
memalign align=128 50 = #5
free #5
malloc_usable_size #1
free #4
malloc 77 = #6
free #6
free #1
END

check() { # FORMAT
    logs=$((logs + 1))
    "$fltrace" dump log >out 2>err || fail "$1: dump: $(cat err)"
    sed -e '/^-/d' -e 's/^[0-9]* //' -e 's/posix_memalign/memalign/' -e 's/\(usable_size #1\) .*/\1/' out >calls
    diff expected calls || fail "$1: the calls are not those of the program"
    "$fltrace" info log >out
    grep -q "^  imported_from      $1\$" out || fail "$1: not known as $1"
    "$flreplay" log --alloc=addr-tree,system --check=full --runs=1 --quiet >out 2>err || fail "$1: flreplay: $(cat err)"
}

# ltrace, told to show the block of posix_memalign. Where it may not trace, the log has no calls.
echo 'int posix_memalign(+array(addr, 1)*, ulong, ulong);' >conf
calls=malloc+free+calloc+realloc+memalign+posix_memalign+malloc_usable_size
if ltrace -f -tt -T -F conf -e "$calls" -o log "$program" >/dev/null 2>&1 && grep -q 'malloc(10[,)]' log; then
    check ltrace
    sed '/posix_memalign/s/\[.*\]/0x7ffd6a561898/' log >hidden
    "$fltrace" info hidden >out 2>err || fail "hidden block: $(cat err)"
    grep -q '^  lost events  *1$' out && grep -q '^  unknown_frees  *1$' out || fail 'hidden block: not told'
    grep -v '+++' log | head -c -20 >cut # in a line: the length of a log goes by that of its pids
    "$fltrace" info cut >out 2>err
    [ $? -eq 3 ] && grep -q 'cut: the trace is damaged: line [0-9]*: ' err || fail "cut: $(cat err)"
fi
if valgrind -q --trace-malloc=yes --run-libc-freeres=no --log-file=log "$program" >/dev/null 2>&1; then
    check valgrind
fi
if [ "$logs" -eq 0 ]; then
    echo 'skipped: neither ltrace nor valgrind logs calls here'
    exit 77
fi
[ "$failures" -eq 0 ]

#!/bin/sh
# import_malloc_bench.sh FLTRACE FLREPLAY SAMPLES: a trace of malloc-bench that the real encoder made,
# `protoc --encode=Trace malloc-bench.proto <malloc-bench.txt | gzip -9n >malloc-bench.gz`. Where protoc is installed it is made anew.
fltrace=$1
flreplay=$2
samples=$3
. "$(dirname "$0")/trace_lib.sh"

cat >expected <<'END'
0 malloc 100 = #0
1 memalign align=64 4096 = #1
2 calloc 21 = #2
3 realloc null 5 = #3
4 realloc #0 300000 = #4
5 free null
6 free_aligned_sized #1 align=64 4096
7 free_sized #2 21
8 free #3
9 malloc 0 failed
10 malloc 1234567 = #5
11 free #4
12 free unknown
13 free #5
END

check() { # FILE
    "$fltrace" dump "$1" >out 2>err || fail "dump $1"
    diff expected out || fail "$1: other calls"
    "$fltrace" convert "$1" -o converted.zst >out 2>err || fail "convert $1"
    "$fltrace" dump converted.zst >out 2>err
    diff expected out || fail "$1, converted: other calls"
    "$fltrace" info "$1" >out 2>err
    grep -q '^  imported_from      malloc-bench$' out || fail "$1: not known as malloc-bench"
    grep -q '^  unknown_frees      1$' out || fail "$1: the unknown free is not counted"
    "$flreplay" "$1" --alloc=addr-tree,system --check=full --runs=1 --quiet >out 2>err || fail "flreplay $1"
}

check "$samples/malloc-bench.gz"
if command -v protoc >/dev/null; then
    protoc --proto_path="$samples" --encode=Trace "$samples/malloc-bench.proto" <"$samples/malloc-bench.txt" >new 2>err || fail protoc
    check new
    head -c $(($(wc -c <new) - 3)) new >cut
    "$fltrace" dump cut >out 2>err
    [ $? -eq 3 ] && grep -q 'cut: the trace is truncated: the line at byte [0-9]* is cut' err || fail 'cut: it looks whole'
else
    echo 'protoc is not installed: only the sample is read'
fi
[ "$failures" -eq 0 ]

#!/bin/sh
# --shrink: a failing trace becomes a few calls and a C program that shows the fault without us.
# replay_shrink.sh BROKEN_LIBRARY
. "$(dirname "$0")/replay_lib.sh"
broken=$1
make_trace 7 20000 t.zst

# Each mistake of the test allocator is kept while the trace shrinks.
for mode in overlap misaligned lost-tail dirty-calloc small-usable scribble invariant crash exit outside keep; do
    run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=$mode,after=5 --runs=0 --shrink=small
    expect err 'flreplay: shrunk from * calls to * in * tests: small.c, small.txt, small.zst'
    kind=$(sed -n 's/^flreplay: error: //p' err | sed 's/[0-9].*//')
    calls=$(grep -vc '^#' small.txt)
    [ "$calls" -le 12 ] || fail "$mode: $calls calls are left"
    run 5 "$FLREPLAY_WRONG" small.zst --alloc=wrong,mode=$mode,after=5 --runs=0 -q
    case $(sed -n 's/^flreplay: error: //p' err) in "$kind"*) ;; *) fail "$mode: not the same fault" ;; esac
done

# A library: the program needs nothing but it, and a right malloc passes.
BROKEN_SIZE=64 run 5 "$FLREPLAY" t.zst --alloc="lib:$broken" --runs=0 -q --shrink
[ "$(grep -vc '^#' t.shrunk.txt)" -eq 2 ] || fail 'two calls would do'
cc -Wall -Wextra -Werror -O0 t.shrunk.c -o program >out 2>err || fail 'the program does not compile'
run 0 ./program
BROKEN_SIZE=64 LD_PRELOAD="$broken" ./program >out 2>err
[ $? -eq 1 ] || fail 'the program finds nothing'
expect err 'block *: its bytes changed'
run 0 "$FLREPLAY" --explain t.shrunk.txt --alloc=addr-tree

# Nothing wrong: nothing is written.
run 0 "$FLREPLAY" t.zst --alloc=addr-tree --runs=0 --shrink=none
[ ! -e none.c ] || fail 'a program of nothing'

run 2 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=overlap,after=5 --runs=0 --shrink=t
expect err '*--shrink=t: t.zst is the trace itself*'
run 2 "$FLREPLAY" t.zst t.zst --shrink=x
expect err '*--shrink=x names the files of one trace, there are 2*'
mkdir one two
cp t.zst one/t.zst
cp t.zst two/t.zst
run 2 "$FLREPLAY_WRONG" one/t.zst two/t.zst --alloc=wrong,mode=overlap,after=5 --runs=0 --shrink
expect err '*--shrink: one/t.zst and two/t.zst would both be written to t.shrunk.c; replay one at a time'
run 2 "$FLREPLAY" t.zst --check=off --shrink
expect err '*--shrink needs the check that --check=off leaves out*'
run 4 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=overlap,after=5 --runs=0 --shrink=/nowhere/x
expect err '*cannot write /nowhere/x.zst*'
finish

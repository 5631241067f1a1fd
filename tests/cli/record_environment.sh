#!/bin/sh
# record_environment.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: the environment is in the traces when it is asked for, as a run without
# flrec has it, and nowhere otherwise.
fltrace=$4
. "$(dirname "$0")/record_common.sh"
FL_SECRET=grey-heron-41
export FL_SECRET

environment() { # TRACE
    "$fltrace" info "$1" 2>/dev/null | sed -n 's/^  environment  *//p' | tr ' ' '\n' | sort
}

program='"$0" 3; LD_PRELOAD=libm.so.6:$LD_PRELOAD; exec "$0" 2'
expect_status 0 --save-env -o t.zst sh -c "$program" "$built/pairs"
[ "$(ls t*.zst | wc -l)" -ge 3 ] || fail "not each image has a trace: $(ls)"
for trace in t*.zst; do
    environment "$trace" >stored
    grep -q '^FL_SECRET=grey-heron-41$' stored || fail "$trace lacks a variable: $(cat stored)"
    grep -E '^FLREC=|libflrec' stored && fail "$trace has what flrec put into the environment"
done
environment t.zst | grep LD_PRELOAD && fail 'LD_PRELOAD is there though nothing is left of it'
environment t.exec1.zst | grep -qx 'LD_PRELOAD=libm.so.6' || fail 'the LD_PRELOAD of the user is not as it was'

# To the word what the program has without flrec.
env -i HOME=/ EMPTY= TWO='two words' "$flrec" -q --save-env -o e.zst "$built/pairs" 1
"$fltrace" info e.zst | grep -q '^  environment  *HOME=/ EMPTY= TWO=two words$' || fail "$(environment e.zst)"

expect_status 0 -o n.zst sh -c "$program" "$built/pairs"
for trace in n*.zst; do
    grep -qaF grey-heron "$trace" && fail "$trace holds the environment that nobody asked for"
    zstd -dcq "$trace" | grep -qaF grey-heron && fail "$trace holds the environment, compressed"
    "$fltrace" info "$trace" | grep -q '^  environment' && fail "$trace: an environment that nobody asked for"
done
finish

#!/bin/sh
# FLMALLOC: what it can say, and that a mistake is answered and never passed over.
. "$(dirname "$0")/dropin_common.sh"
names=$("$family" | grep -v , | paste -sd , | sed 's/,/, /g')

expect_refusal() { # SETTINGS TEXT: exit 125 before main, one line
    on "$1" "$built/malloc_family"
    [ "$status" -eq 125 ] && [ ! -s out ] || fail "FLMALLOC=$1: exit $status, expected 125"
    [ "$(wc -l <err)" -eq 1 ] && grep -q '^libflmalloc: FLMALLOC: ' err && grep -qF -- "$2" err || fail "FLMALLOC=$1: no line with: $2"
}

expect_fine() { # SETTINGS
    on "$1" "$built/malloc_family"
    [ "$status" -eq 0 ] && [ "$(cat out)" = kept ] && [ ! -s err ] || fail "FLMALLOC=$1: exit $status"
}

expect_refusal addr-three "no allocator 'addr-three'; there are $names"
expect_refusal , "no allocator ''; there are $names"
expect_refusal addr-tree,fits=best "addr-tree has no knob 'fits'; it has "
expect_refusal addr-tree,fits=best '; besides: check, check-every, stats'
expect_refusal addr-tree,fit=bestest "fit is one of "
expect_refusal addr-tree,big=1 "big is 4k to 1m or never, not '1'"
expect_refusal addr-tree,fit "'fit' is not of the form name=value"
expect_refusal check=yes "check is one of off|fast|full, not 'yes'"
expect_refusal check-every=0 "check-every is a number of calls, 1 or more, not '0'"
expect_refusal check-every=12x "check-every is a number of calls, 1 or more, not '12x'"
expect_refusal stats=1 "stats is one of off|on, not '1'"
expect_refusal "$(printf 'a\033[2Jb')" "no allocator 'a?[2Jb'"
[ "$(tail -c +1 err | tr -d '[:print:]\n' | wc -c)" -eq 0 ] || fail 'a control character in the message'

expect_fine ''
expect_fine addr-tree,fit=best,big=64k,chunk=1m
expect_fine check=fast
expect_fine addr-tree,check=full,check-every=7
timeout 60 env -u FLMALLOC LD_PRELOAD="$library" "$built/malloc_family" >out 2>err || fail 'without FLMALLOC'

for allocator in $("$family" | grep -v ,); do
    for program in malloc_family early_ifunc; do # the latter asks before the C library knows its environment
        on "$allocator,stats=on" "$built/$program"
        [ "$(grep -cE "^libflmalloc: $allocator: [0-9]+ mallocs, .* bytes; [0-9]+ system calls \[process [0-9]+\]$" err)" -eq 1 ] ||
            fail "$allocator: $program: no summary"
    done
done
on list-addr,stats=on "$built/malloc_family"
grep -q 'list-addr: ' err || fail 'another allocator than the one asked for'
finish

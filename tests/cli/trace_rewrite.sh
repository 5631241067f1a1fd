#!/bin/sh
# trace_rewrite.sh FLTRACE MAKE_TRACE FLREPLAY FLREC: pack and slice, on traces of every kind of call and record, and on a real
# program's with stacks: what is written says the same, and replays.
fltrace=$1
make_trace=$2
flreplay=$3
flrec=$4
. "$(dirname "$0")/trace_lib.sh"

nameless() { sed 's/#[0-9]*/#/g; s/^[0-9]* //'; } # objects and events have other numbers in a slice

for seed in 1 2 3 4 5; do
    "$make_trace" $seed 3000 500 >t.zst || exit 1
    run 0 pack -o p.zst t.zst
    "$fltrace" dump t.zst >before
    "$fltrace" dump p.zst >after
    cmp -s before after || fail "seed $seed: a packed trace says something else"
    run 0 pack --level=1 -o - p.zst
    zstd -tq <out || fail "seed $seed: pack to standard output"
    total=$(grep -c '^[0-9]' before)
    for first in 0 1 100 777 $((total - 1)); do
        run 0 slice -o s.zst "$first.." t.zst
        live=$(sed -n 's/.*events, \([0-9,]*\) of them what was live.*/\1/p' err | tr -d ,)
        [ "$("$fltrace" dump s.zst | grep -c '^[0-9]')" -eq $((live + total - first)) ] || fail "seed $seed, $first..: not as many events"
        "$fltrace" dump --first=$first t.zst | nameless | grep -v '^-' >expected
        "$fltrace" dump --first="$live" s.zst | nameless | grep -v '^-' >found
        cmp -s expected found || fail "seed $seed: slice $first.. says something else"
        timeout 60 "$flreplay" s.zst --alloc=size-tree --check=full --runs=0 --quiet >out 2>err || fail "seed $seed: slice $first.. does not replay"
    done
    run 0 slice -o s.zst ..100 t.zst
    "$fltrace" dump --limit=100 t.zst | grep '^[0-9]' >expected
    "$fltrace" dump s.zst | grep '^[0-9]' >found
    cmp -s expected found || fail "seed $seed: slice ..100 says something else"
done

# Slices of a slice: the live set is carried on.
run 0 slice -o one.zst 500.. t.zst
live=$(sed -n 's/.*events, \([0-9,]*\) of them what was live.*/\1/p' err | tr -d ,)
run 0 slice -o two.zst $((live + 200)).. one.zst
run 0 slice -o three.zst 700.. t.zst
"$fltrace" dump two.zst | grep '^[0-9]' | nameless >expected
"$fltrace" dump three.zst | grep '^[0-9]' | nameless >found
cmp -s expected found || fail 'a slice of a slice says something else'

# Stacks come along, and their modules.
if [ -x "$flrec" ]; then
    "$flrec" -q --stacks -o t.zst perl -e 'my %h; $h{$_} = "x" x $_ for 1..2000' >out 2>err || fail 'cannot record'
    run 0 pack -o p.zst t.zst
    "$fltrace" folded t.zst >before && "$fltrace" folded p.zst >after
    [ -s before ] && cmp -s before after || fail 'a packed trace has other stacks'
    run 0 slice -o s.zst 1000.. t.zst
    "$fltrace" folded --cost=count s.zst >after || fail 'a slice has no stacks'
    grep -q 'Perl_' after || fail 'the stacks of a slice are unknown'
fi

# A damaged trace is not made to look whole; a slice before the damage is.
"$make_trace" 7 3000 500 >t.zst
head -c $(($(wc -c <t.zst) / 2)) t.zst >cut.zst
rm -f p.zst
run 3 pack -o p.zst cut.zst
[ ! -e p.zst ] && [ ! -e p.zst.part ] || fail 'a cut trace was packed'
grep -q 'p.zst is not written' err || fail 'no word that nothing was written'
run 0 slice -o s.zst 10..300 cut.zst
"$fltrace" info s.zst | grep -q 'slice_status  *ok' || fail 'a slice before damage does not say that it is whole'
run 3 slice -o s.zst 10.. cut.zst
"$fltrace" info s.zst | grep -q 'slice_status  *the trace is truncated' || fail 'a slice of a cut trace looks whole'
# Behind damage there are frees of what was lost, implied ones too.
"$make_trace" 4 3000 300 >n.zst
bend n.zst bent.zst
run 3 slice -o s.zst 10.. bent.zst
"$fltrace" info s.zst | grep -q 'slice_status  *the trace is damaged' || fail 'a slice over damage does not say so'
timeout 60 "$flreplay" s.zst --alloc=size-tree --check=full --runs=0 --quiet >out 2>err || fail 'a slice over damage does not replay'
# The time before a slice is time that passed.
seconds() { "$fltrace" info "$1" | awk '$1 == "seconds" { print $2 }'; }
run 0 slice -o s.zst 777.. t.zst
[ "$(seconds s.zst)" = "$(seconds t.zst)" ] || fail 'a slice forgets the time before it'

cp t.zst same.zst
run 0 pack -o same.zst same.zst
"$fltrace" dump t.zst >before
"$fltrace" dump same.zst >after
cmp -s before after || fail 'packed in place, it says something else'

run 2 pack t.zst
grep -q -- '-o FILE' err || fail 'no word of -o'
run 2 pack --level=20 -o p.zst t.zst
for range in 5 5..5 9..3 a..b ..x; do
    run 2 slice -o s.zst $range t.zst
    grep -q "'$range' is no range" err || fail "$range: $(cat err)"
done
# A slice is less than the trace, which cannot be recorded again.
for name in same.zst ./same.zst; do
    run 2 slice -o $name 0..5 same.zst
    grep -q "$name would be written over same.zst, which is read" err || fail "$name: $(cat err)"
done
"$fltrace" dump same.zst | cmp -s - before || fail 'a slice was written over its trace'
run 2 slice -o s.zst 99999.. t.zst
grep -q 'the trace has no event 99999' err || fail 'a slice behind the end'
run 4 slice -o /nowhere/s.zst 1..5 t.zst
finish

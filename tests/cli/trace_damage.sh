#!/bin/sh
# trace_damage.sh FLREC FLTRACE FLREPLAY TRACE_DAMAGE FLIPS STEP: what flrec recorded of a real program, damaged in every way that a
# disk knows. trace_damage does it in one process, some of it is shown to the commands.
flrec=$1
fltrace=$2
flreplay=$3
trace_damage=$4
flips=$5
step=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
command -v perl >/dev/null || { echo 'perl is not installed'; exit 77; }

fail() { # MESSAGE
    echo "damage: $1"
    cat out err
    failures=$((failures + 1))
}

# A chunk ends once a second, so a program that waits now and then makes several of few events.
cat >rounds.pl <<'END'
for my $round (1 .. 4) {
    my %h;
    $h{"k$_"} = [$_, "v" x ($_ % 50)] for 1 .. 1000 + 100 * $round;
    delete $h{"k$_"} for 1 .. 700;
    select undef, undef, undef, 1.2;
}
END
"$flrec" -q --stacks -o t.zst perl rounds.pl >out 2>err || fail 'cannot record'
"$trace_damage" t.zst "$flips" "$step" || failures=1

bytes=$(wc -c <t.zst)
flip() { # BYTE: bent.zst is t.zst with one bit of it flipped
    value=$(od -An -tu1 -j "$1" -N 1 t.zst)
    cp t.zst bent.zst
    printf "\\$(printf %o $((value ^ 4)))" | dd of=bent.zst bs=1 seek="$1" conv=notrunc 2>/dev/null
}

ends() { # STATUS FILE TEXT: every command that reads FILE ends so and says so
    for verb in info dump stats 'sites --limit=3' folded; do
        timeout 60 "$fltrace" $verb "$2" >out 2>err
        status=$?
        [ $status -eq "$1" ] || fail "fltrace $verb $2: exit $status, expected $1"
        grep -q "error: $2.*$3" err || fail "fltrace $verb $2: not a word of '$3'"
    done
    timeout 60 "$flreplay" -q "$2" --alloc=size-tree --runs=0 >out 2>err
    status=$?
    [ $status -eq "$1" ] || fail "flreplay $2: exit $status, expected $1"
    grep -q "error: $2.*$3" err || fail "flreplay $2: not a word of '$3'"
    rm -f packed.zst
    timeout 60 "$fltrace" pack -o packed.zst "$2" >out 2>err
    status=$?
    [ $status -eq "$1" ] || fail "fltrace pack $2: exit $status, expected $1"
    [ ! -e packed.zst ] && [ ! -e packed.zst.part ] || fail "fltrace pack $2: something is left"
}

for cut in 0 5; do
    head -c $cut t.zst >cut.zst
    ends 3 cut.zst ''
done
for cut in 100 $((bytes / 3)) $((bytes / 2)) $((bytes - 200)) $((bytes - 1)); do
    head -c "$cut" t.zst >cut.zst
    ends 3 cut.zst 'truncated'
done
for at in 100 $((bytes / 4)) $((bytes / 2)) $((bytes * 3 / 4)) $((bytes - 60)); do
    flip "$at"
    ends 3 bent.zst 'damaged'
done
[ "$failures" -eq 0 ]

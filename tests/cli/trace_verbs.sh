#!/bin/sh
# trace_verbs.sh FLTRACE MAKE_TRACE: info and dump, on whole and damaged traces.
fltrace=$1
make_trace=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() { # MESSAGE
    echo "fltrace: $1"
    cat "$work/out" "$work/err"
    failures=$((failures + 1))
}

run() { # EXPECTED_STATUS ARGUMENT...
    wanted=$1
    shift
    timeout 60 "$fltrace" "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit $status, expected $wanted"
}

says() { # TEXT
    grep -qF -- "$1" "$work/err" || fail "standard error does not say '$1'"
}

"$make_trace" 12 24 5 >"$work/t.zst" || exit 1
size=$(wc -c <"$work/t.zst")

run 0 dump --limit=10 "$work/t.zst"
cat >"$work/expected" <<'END'
0 memalign align=1125899906842624 720 = #0
1 realloc unknown 0 freed
2 malloc 880 = #1
3 calloc 80 = #2
4 free #2
5 free #1
6 malloc_usable_size #0 728
7 free #0
8 pvalloc align=16777216 1 = #3
9 free_sized #3 1
END
cmp -s "$work/expected" "$work/out" || fail 'dump --limit=10: another text'
run 0 dump --first=19 "$work/t.zst"
printf '19 free #7\n20 malloc 920 = #11\n' >"$work/expected"
cmp -s "$work/expected" "$work/out" || fail 'dump --first=19: another text'
run 0 dump "$work/t.zst"
[ "$(wc -l <"$work/out")" -eq 24 ] || fail 'dump: not a line for each record'
grep -qx -- '- thread-start 189 system-id=712300159' "$work/out" || fail 'dump: no thread-start'
"$fltrace" dump - <"$work/t.zst" >"$work/out" 2>"$work/err" || fail 'dump -: failed'
[ "$(wc -l <"$work/out")" -eq 24 ] || fail 'dump -: not a line for each record'

"$make_trace" 1 100000 1000 >"$work/large.zst"
first=$({ "$fltrace" dump "$work/large.zst" 2>"$work/err"; echo $? >"$work/status"; } | head -1)
[ -n "$first" ] || fail 'dump | head: nothing'
case $(cat "$work/status" 2>/dev/null) in '' | 0 | 4 | 141) ;; *) fail 'dump | head: bad end' ;; esac

run 0 info "$work/t.zst"
for line in 'events                          21' 'malloc_usable_size               2' \
    'peak objects                     6' 'realloc(p, 0)                    1' 'closed                         yes'; do
    grep -qF -- "  $line" "$work/out" || fail "info: no line '$line'"
done

head -c $((size * 60 / 100)) "$work/t.zst" >"$work/cut.zst"
for verb in info dump; do
    run 3 $verb "$work/cut.zst"
    says 'cut.zst: the trace is truncated inside a chunk'
    [ -s "$work/out" ] || fail "$verb: nothing of a truncated trace"
    : >"$work/empty"
    run 3 $verb "$work/empty"
    says 'is empty'
    printf 'abcdefgh' >"$work/noise"
    run 3 $verb "$work/noise"
    says 'is not an flrec trace'
    run 4 $verb "$work/none"
    says 'cannot open'
    run 2 $verb
    says 'give one trace'
done
{ head -c 400 "$work/t.zst"; printf '\377\377\377\377'; tail -c +405 "$work/t.zst"; } >"$work/bent.zst"
run 3 dump "$work/bent.zst"
says 'bent.zst: the trace is damaged'
grep -q '^20 malloc 920' "$work/out" || fail 'dump: nothing behind the damage'
# Of what was lost with the damage, no number is known.
"$make_trace" 4 3000 300 >"$work/n.zst"
half=$(($(wc -c <"$work/n.zst") / 2))
{ head -c $half "$work/n.zst"; printf '\377\377\377\377'; tail -c +$((half + 5)) "$work/n.zst"; } >"$work/bent.zst"
run 3 dump "$work/bent.zst"
grep -qx -- '- free unknown implied' "$work/out" || fail 'dump: no implied free of what was lost'
! grep -q '#18446744073709551615' "$work/out" || fail 'dump: a number that is none'
cat "$work/t.zst" "$work/t.zst" >"$work/two.zst"
run 3 info "$work/two.zst"
says 'another trace follows its end'
run 2 dump "$work/t.zst" "$work/t.zst"
run 0 info "$work/t.zst" "$work/t.zst"
[ "$(wc -l <"$work/out")" -eq 3 ] || fail 'info of two traces: not a line each'
for verb in 'info' 'diff' "merge -o $work/none.zst"; do
    run 2 $verb - -
    says 'standard input is one trace; - is named 2 times'
done
run 4 info "$work/t.zst" "$work/missing.zst"
[ "$(wc -l <"$work/out")" -eq 2 ] || fail 'info of two, one missing: not a line for the other'
run 2 inof "$work/t.zst"
says "did you mean 'info'"
run 2
says 'a verb is missing'
[ "$failures" -eq 0 ]

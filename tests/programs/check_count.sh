#!/bin/sh
# check_count.sh BUILT_PROGRAMS: libcount.so counts what the programs know they called.
built=$1
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() { # MESSAGE
    echo "$1"
    failures=$((failures + 1))
}

expect_total() { # TOTAL PROG [ARG...]
    wanted=$1
    shift
    total=$(sh "$here/count.sh" "$built" "$@" 2>/dev/null | sed -n 's/^total //p')
    [ "$total" = "$wanted" ] || fail "$*: counted $total calls, expected $wanted"
}

sh "$here/count.sh" "$built" "$built/families" >"$work/counted" 2>"$work/said"
diff "$work/said" "$work/counted" ||
    fail 'families: its own counts (<) are not those of libcount.so (>)'
for way in kill abort segv _exit exit; do
    expect_total 1000 "$built/die" $way 1000
done
expect_total 40000 "$built/pairs" 20000
expect_total 400 "$built/close_all"
expect_total 100 "$built/exec_self"
expect_total 0 "$built/own_malloc"
expect_total 1002 "$built/seccomp_strict"
[ "$failures" -eq 0 ]

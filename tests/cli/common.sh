#!/bin/sh
# common.sh COMMAND VERSION: what the three commands have in common, from the option table.
command=$1
version=$2
name=$(basename "$command")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() { # MESSAGE
    echo "$name: $1"
    cat "$work/out" "$work/err"
    failures=$((failures + 1))
}

run() { # EXPECTED_STATUS ARGUMENT...
    wanted=$1
    shift
    "$command" "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit $status, expected $wanted"
}

[ "$name" = flrec ] && usage=125 || usage=2

run 0 --help
grep -q "^Usage: $name " "$work/out" || fail '--help: no usage line on standard output'
awk 'length > 100 { exit 1 }' "$work/out" || fail '--help: a line is longer than 100 columns'
run 0 --version
[ "$(cat "$work/out")" = "$name $version" ] || fail '--version: not name and version'
run 0 --help=complete
grep -q "^--help	" "$work/out" || fail '--help=complete: --help is not listed'
run $usage --halp
[ -s "$work/out" ] && fail '--halp: something on standard output'
grep -q "^$name: error: unknown option --halp: did you mean --help?" "$work/err" ||
    fail '--halp: no error with a hint'
run 0 --help=man
if command -v mandoc >/dev/null; then
    mandoc -Tlint -W warning <"$work/out" >"$work/err" || fail '--help=man: mandoc finds fault'
fi
[ "$failures" -eq 0 ]

#!/bin/sh
# smoke.sh BUILD_FOLDER: the bench runs to its end with tiny counts and prints its tables. No figure
# is judged.
here=$(cd "$(dirname "$0")" && pwd)
command -v python3 >/dev/null || exit 77
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { # MESSAGE
    echo "$1"
    cat "$work/out" "$work/err"
    exit 1
}

TMPDIR=$work "$here/run" --quick --runs=1 --scale=0.01 --json="$work/figures.json" "$1" \
    >"$work/out" 2>"$work/err" || fail "exit $?"
for figure in 'pairs: run time, flrec / bare' 'pairs: events per second, decoded' \
    'pairs: peak memory of flreplay, twice the length / once' \
    'geometric mean: time per operation, addr-tree,augment=max / glibc' \
    'sqlite3: addr-tree,augment=max / glibc, predicted'; do
    grep -qF "| $figure" "$work/out" || fail "the table lacks: $figure"
done
python3 -c 'import json, sys
figures = json.load(open(sys.argv[1]))["figures"]
sys.exit(not any(figure["id"] == "pairs.bytes_per_event" for figure in figures))' \
    "$work/figures.json" || fail 'the JSON lacks pairs.bytes_per_event'
left=$(ls "$work" | grep -vxE 'out|err|figures\.json')
[ -z "$left" ] || fail "left behind: $left"

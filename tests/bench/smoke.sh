#!/bin/sh
# smoke.sh BUILD_FOLDER: all parts of the bench run to their end with tiny counts, and each has its table. No figure
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
    'sqlite3: addr-tree,augment=max / glibc, predicted' \
    'sqlite3: run time, combo-tree / glibc' \
    'cc1plus: visits per malloc, size-tree' \
    'time of a process that does nothing, recorded' \
    'python3, ' \
    'events per second, malloc-bench'; do
    grep -qF "| $figure" "$work/out" || fail "the table lacks: $figure"
done
python3 - "$work/figures.json" <<'END' >>"$work/out" 2>&1 || fail 'the JSON does not hold'
import json, sys

document = json.load(open(sys.argv[1]))
assert document["schema"] == 2
assert document["machine"]["cores"] >= 1 and document["settings"]["runs"] == 1
ids = [figure["id"] for figure in document["figures"]]
assert "pairs.bytes_per_event" in ids
assert len(ids) == len(set(ids)), "two figures have one key"
assert all(figure["minimum"] <= figure["median"] <= figure["maximum"] for figure in document["figures"])
END
left=$(ls "$work" | grep -vxE 'out|err|figures\.json')
[ -z "$left" ] || fail "left behind: $left"

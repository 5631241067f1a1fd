#!/bin/sh
# Ten replays of one trace: identical counters and identical hash of all returned offsets.
. "$(dirname "$0")/replay_lib.sh"
make_trace 5 60000 t.zst
exact() { # FILE: the JSON without what is timed
    sed '/"time": {/,/^      *},*$/d; /floor_ns/d; /driver_cpu/d' "$1"
}
for i in 1 2 3 4 5 6 7 8 9 10; do
    run 0 "$FLREPLAY" t.zst --alloc=addr-tree,addr-tree,augment=max,list-addr --runs=0 --json=r.json
    exact r.json >"exact.$i"
    cmp -s exact.1 "exact.$i" || fail "replay $i differs from the first"
done
[ "$(grep -c '"offsets_hash": "[0-9a-f]*"' exact.1)" -eq 3 ] || fail 'not three hashes'
[ "$(grep '"offsets_hash"' exact.1 | sort -u | wc -l)" -eq 1 ] ||
    fail 'a list and a tree of the same order placed blocks differently'
finish

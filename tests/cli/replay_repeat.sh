#!/bin/sh
# Twenty replays of one trace: identical counters and identical hash of all returned offsets; and those that stand in
# replay_repeat.expected, which builds of all compilers and with all sanitizers are held against. A change of an allocator that is
# meant changes the file: write it with
#   flreplay -q t.zst --alloc=... --runs=0 --json | sed -n '/"offsets_hash"/p; /"counts": {/,/}/p'
here=$(cd "$(dirname "$0")" && pwd)
. "$here/replay_lib.sh"
make_trace 5 20000 t.zst
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    run 0 "$FLREPLAY" -q t.zst --alloc=addr-tree,addr-tree,augment=max,list-addr,size-tree,combo-tree,trim=threshold --runs=0 --json=r.json
    sed '/"[a-z_]*ns_per[a-z_]*"/d' r.json >"exact.$i"
    cmp -s exact.1 "exact.$i" || fail "replay $i differs from the first"
done
sed -n '/"offsets_hash"/p; /"counts": {/,/}/p' r.json >found
if ! cmp -s found "$here/replay_repeat.expected"; then
    diff "$here/replay_repeat.expected" found
    fail 'the counts are not those of other builds'
fi
[ "$(grep '"offsets_hash"' found | head -3 | sort -u | wc -l)" -eq 1 ] ||
    fail 'a list and a tree of the same order placed blocks differently'
finish

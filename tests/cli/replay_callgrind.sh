#!/bin/sh
# replay_callgrind.sh FLREPLAY REPLAY_TRACE: what replayer/DESIGN.md says of machines without a counter of instructions. The timed
# loop of two runs under callgrind has the same number, that of the floor and that of a heap.
FLREPLAY=$1
REPLAY_TRACE=$2
. "$(dirname "$0")/replay_lib.sh"
if ! command -v valgrind >/dev/null; then
    echo 'skipped: valgrind is not installed'
    exit 77
fi
if ! valgrind --tool=none "$FLREPLAY" --version >out 2>&1; then # 3.19 gives up at clang's DWARF 5
    echo 'skipped: this valgrind cannot run this build'
    exit 77
fi
make_trace 1 5000 t.zst
counted() { # instructions in the loops of the driver (none), the floor and the heap
    valgrind --tool=callgrind --trace-children=yes --callgrind-out-file=callgrind.%p --toggle-collect=steps_none \
        "$FLREPLAY" -q t.zst --alloc=addr-tree --runs=1 --check=off >out 2>err || fail "a replay under callgrind: exit $?"
    sed -n 's/.*Collected : //p' err
}
counted >one
counted >two
[ "$(wc -l <one)" -eq 3 ] || fail 'there are not three processes'
cmp -s one two || fail "$(cat one) and $(cat two) instructions"
[ "$(sed -n 3p one)" -eq 0 ] || fail 'instructions of the driver were counted'
[ "$(sed -n 1p one)" -gt 50000 ] || fail 'the loop of the floor was not counted'
[ "$(sed -n 2p one)" -gt "$(sed -n 1p one)" ] || fail 'the loop of the heap was not counted'
finish

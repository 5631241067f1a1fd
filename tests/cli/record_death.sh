#!/bin/sh
# However a program ends, the trace holds every call it made, and flrec ends as the program did.
. "$(dirname "$0")/record_common.sh"

ends() { # WAY STATUS CALLS
    for run in $(seq 1 20); do
        expect_status "$2" -o t.zst "$built/die" "$1" "$3"
        expect_events t.zst "$3"
    done
}

ends kill 137 1000
ends abort 134 1000
ends segv 139 1000
ends _exit 0 1000
ends exit 0 1000
ends kill 137 300001

# flrec itself killed: the program runs on to its end; what is in the trace is whole.
"$flrec" -q -o k.zst sh -c "exec '$built/pairs' 20000000" 2>err &
recorder=$!
for i in $(seq 1 100); do
    [ -s k.exec1.zst.part ] && break
    sleep 0.1
done
kill -KILL $recorder
wait $recorder 2>/dev/null
sleep 0.1
[ -s k.exec1.zst.part ] || fail 'no trace of the killed recorder'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    grep -q 'the recorder ended' err && break
    sleep 0.25
done
expect_err 'flrec: the recorder ended; recording stops, the program goes on'
zstd -tq k.exec1.zst.part || fail 'the trace of a killed recorder does not end with a whole chunk'

[ ! -e k.exec1.zst ] || fail 'the trace of a killed recorder has the name of a whole one'

expect_status 0 -o /dev/full "$built/pairs" 300000
expect_err 'No space left on device'

# A disk that fills up: the program runs on, a part of the trace is left, whole to its last chunk, and the trace of before stays.
mkdir small && mount -t tmpfs -o size=2m tmpfs small 2>/dev/null && {
    expect_status 0 -o small/t.zst "$built/pairs" 100
    cp small/t.zst before.zst
    expect_status 0 -o small/t.zst "$built/pairs" 3000000
    expect_err 'small/t.zst.part is not whole: '
    expect_err 'flrec: next: flreplay small/t.zst.part '
    cmp -s small/t.zst before.zst || fail 'a disk that fills up took the trace of before'
    expect_err 'No space left on device'
    [ "$(grep -c warning err)" -eq 1 ] || fail 'a full disk is told more than once'
    zstd -tq small/t.zst.part || fail 'a full disk: the trace does not end with a whole chunk'
    umount small
}

# A disk that is full at once: no name for what holds no call, and the trace of before stays.
mkdir -p small && mount -t tmpfs -o size=64k tmpfs small 2>/dev/null && {
    expect_status 0 -o small/t.zst "$built/pairs" 100
    cp small/t.zst before.zst
    head -c 65536 /dev/zero >small/fill 2>/dev/null
    expect_status 0 -o small/t.zst "$built/pairs" 100
    expect_err 'small/t.zst is not there: cannot write the trace: No space left on device'
    grep -q 'flrec: next:\|last whole chunk' err && fail 'a trace that is not there is told of'
    cmp -s small/t.zst before.zst || fail 'a full disk took the trace of before'
    [ ! -e small/t.zst.part ] || fail 'a full disk: an empty part is left'
    umount small
}

# A folder that vanishes under the trace.
mkdir gone
expect_status 5 -o gone/t.zst sh -c 'rm -r gone; exit 5'
expect_err 'gone/t.zst is not there: cannot name '
finish

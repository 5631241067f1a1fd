#!/bin/sh
# Threads that free each other's blocks: no address is ever handed out twice, with any stamp.
. "$(dirname "$0")/record_common.sh"

clock=/sys/devices/system/clocksource/clocksource0/current_clocksource
stamps='auto counter'
grep -q tsc $clock && stamps="$stamps tsc"
for stamp in $stamps; do
    for run in 1 2 3; do
        expect_status 0 -v --stamp=$stamp -o t.zst "$built/crossfree" 1000000
        expect_err ', 0 unknown pointers, 0 implied frees'
        expect_status 0 -v --stamp=$stamp --ring=4k -o t.zst "$built/crossfree" 200000
        expect_err ', 0 unknown pointers, 0 implied frees'
    done
done
expect_status 0 -v -o t.zst "$built/threads"
expect_err ', 0 unknown pointers, 0 implied frees'
grep -q '2,001 threads' err || fail 'not each thread was seen'
finish

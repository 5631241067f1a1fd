#!/bin/sh
# record_partial.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: recordings of a part of what a program does. What is in the trace is
# whole in itself: it replays with every check, and names no pointer that it does not know.
flreplay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"

expect_sound() { # TRACE
    "$fltrace" info "$1" >info 2>/dev/null || fail "$1: fltrace: exit $?"
    grep -q '^  unknown pointers  *0$' info || fail "$1: unknown pointers"
    timeout 60 "$flreplay" "$1" --alloc=size-tree --check=full --runs=0 --quiet >out 2>replay_err || fail "$1 does not replay: $(cat replay_err)"
}

# pairs N makes N mallocs and N frees; it keeps 10,000.
expect_status 0 --max-events=1000 -o t.zst "$built/pairs" 100000
expect_events t.zst 1000
expect_err 't.zst ends at its limit; the process went on'
expect_sound t.zst
grep -q '^  ended_by  *limit$' info || fail 'the trace does not say that it ended at a limit'
expect_status 0 --start-after=60000 -o t.zst "$built/pairs" 100000
expect_sound t.zst
recorded=$(events t.zst)
[ "$recorded" -lt 140000 ] && [ "$recorded" -ge 130000 ] || fail "--start-after=60000: $recorded of 140,000 events"
grep -q '^  start_after  *60000$' info || fail 'the trace does not say that it began late'
expect_status 0 --start-after=60000 --max-events=50000 -o t.zst "$built/pairs" 100000
expect_events t.zst 50000
expect_sound t.zst
expect_status 0 --max-bytes=1k -o t.zst "$built/pairs" 1000000
expect_err 't.zst ends at its limit; the process went on'
expect_sound t.zst
[ "$(events t.zst)" -lt 1000000 ] || fail '--max-bytes=1k ends nothing'
expect_status 0 --max-events=3 -o t.zst sh -c "'$built/threads' 8 >/dev/null; '$built/fork_child' >/dev/null"
for trace in t*.zst; do expect_sound "$trace"; done

# Paused from the start, switched on and off while the program runs.
expect_status 0 --paused -o p.zst "$built/pairs" 1000
expect_events p.zst 0
expect_err 'no event was recorded: all calls were left out'
"$flrec" --paused --no-follow -o p.zst sh -c 'while [ ! -e stop ]; do x=$x$(echo y); x=${x#yyyyyyyy}; done' >out 2>err &
recorder=$!
wait_for() { # COMMAND...
    tries=0
    until "$@" || [ $tries -gt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
}
wait_for [ -s p.zst.part ]
for toggle in on off on; do
    "$flrec" --toggle=$recorder || fail "--toggle: exit $?"
    sleep 0.2
done
touch stop
wait $recorder || fail "a recording that was switched on and off: exit $?"
recorded=$(events p.zst)
[ "$recorded" -gt 0 ] || fail 'switched on and off: no event'
expect_sound p.zst
expect_status 125 --toggle=$$
expect_err "process $$ is no flrec"
expect_status 125 --toggle=0
expect_status 125 --max-events=0 -o t.zst true

# What the program says of itself stands between its calls, and is nothing without flrec.
[ "$("$built/marks" 3)" = 'marked 3' ] || fail 'marks without flrec'
expect_status 0 -o m.zst "$built/marks" 3
"$fltrace" dump m.zst | grep -E 'mark|malloc' >dumped
printf '%s\n' '0 malloc 1 = #0' '- mark "phase 1"' '2 malloc 11 = #1' '- mark "phase 2"' '4 malloc 12 = #2' '- mark "phase 3"' \
    '6 malloc 13 = #3' | cmp -s - dumped || fail "marks: $(cat dumped)"
expect_status 0 -o m.zst "$built/marks" 5000
[ "$("$fltrace" dump m.zst | grep -c '^- mark')" -eq 5000 ] || fail 'marks in a hurry are dropped'
expect_sound m.zst
finish

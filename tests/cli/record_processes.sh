#!/bin/sh
# record_processes.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: every process of a recording has its own trace, whole, that replays
# alone; exec, closed descriptors, ends of every order: none hangs, none is disturbed.
flreplay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"

expect_clean() { # TRACE...: no unknown pointer, no implied free, nothing lost; replays with every check
    for trace; do
        "$fltrace" info "$trace" >info 2>err || fail "$trace: fltrace: exit $?"
        [ "$(grep -Ec '^  (unknown pointers|implied frees|lost_events) +0$' info)" -eq 3 ] || fail "$trace: not clean: $(cat info)"
        timeout 60 "$flreplay" "$trace" --alloc=size-tree --check=full --runs=0 --quiet >out 2>err || fail "$trace does not replay"
    done
}

expect_traces() { # COUNT PATTERN
    count=$(for trace in $2; do [ -f "$trace" ] && echo "$trace"; done | wc -l)
    [ "$count" -eq "$1" ] || fail "$2: $count traces, expected $1: $(ls)"
}

number() { # NAME TRACE: of its metadata
    "$fltrace" info "$2" | awk -v name="$1" '$1 == name { print $2 }'
}

# fork that allocates, vfork and exec, posix_spawn, system: the forked child makes 100,000 pairs and frees what its parent had.
expect_status 0 -v -o t.zst "$built/fork_child"
expect_events t.zst 2
expect_traces 4 't.*.zst'
expect_clean t*.zst
forked=$(grep -l . t.*.zst | while read -r trace; do [ -n "$(number inherited "$trace")" ] && echo "$trace"; done)
[ "$(number inherited "$forked")" = 1 ] || fail "inherited: $(number inherited "$forked"), expected 1"
[ "$(number parent_event "$forked")" = 1 ] || fail "parent_event: $(number parent_event "$forked"), expected 1"
[ "$(number ppid "$forked")" = "$(number pid t.zst)" ] || fail 'the forked child is not linked to its parent'
[ "$("$fltrace" info "$forked" | awk '$1 == "events" { print $2 }')" = 200,002 ] || fail 'the forked child: not 200,002 events'
"$fltrace" info t*.zst >tree || fail "fltrace info of a set: exit $?"
[ "$(head -2 tree | tail -1 | awk '{ print $1, $3 }')" = "2 $built/fork_child" ] || fail "no tree with the program at its root: $(cat tree)"
[ "$(grep -c '^ .*  forked at event 1 with 1 objects' tree)" -eq 1 ] || fail "no tree with the fork: $(cat tree)"
rm -f t*.zst

# The program alone.
expect_status 0 --no-follow -o t.zst "$built/fork_child"
expect_events t.zst 2
expect_traces 0 't.*.zst'

# Descriptors closed, also those of flrec's memory; exec in the same process.
expect_status 0 -o t.zst "$built/close_all"
expect_events t.zst 400
expect_status 0 -o e.zst env X=1 "$built/pairs" 1000
[ -s e.zst ] || fail 'no trace of the first image'
expect_events e.exec1.zst 2000

# A hundred short ones, and processes that a shell forks before they exec.
expect_status 0 -o s.zst sh -c 'for i in $(seq 100); do true | ls / >/dev/null; done'
[ "$(grep -c 'more processes' err)" -eq 1 ] || fail 'a line for each of many processes'
[ "$(ls s*.zst | grep -vc exec)" -ge 101 ] || fail "$(ls s*.zst | grep -vc exec) processes, expected 101 and more"
# shellcheck disable=SC2046
expect_clean $(ls s*.zst | head -30)

# Forks among threads that allocate: what another thread does at that moment may be on either side of the fork.
expect_status 0 -o f.zst "$built/fork_threads" 20
[ "$(cat out)" = 'children 20' ] || fail "fork_threads: $(cat out)"
expect_traces 20 'f.*.zst'
for trace in f*.zst; do
    timeout 60 "$flreplay" "$trace" --alloc=size-tree --limit=200000 --runs=0 --quiet >out 2>err || fail "$trace does not replay"
done

# The recording ends with the last process, or with the first; what is left runs on.
expect_status 3 -o d.zst sh -c '(sleep 0.3; echo late >late; ls / >/dev/null) & exit 3'
[ -f late ] || fail 'flrec did not wait for the last process'
[ "$(ls d.*.zst | wc -l)" -ge 3 ] || fail 'the daemon has no traces'
expect_clean d*.zst
rm -f late
expect_status 3 --detach-on-exit -o d.zst sh -c '(sleep 0.3; echo late >late; ls / >/dev/null) & exit 3'
[ ! -f late ] || fail 'flrec waited for the last process'
tries=0
until [ -f late ] || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -f late ] || fail 'the process that flrec left behind did not end'

# A stream holds one trace.
expect_status 0 -o - "$built/fork_child"
expect_err 'some of the processes that the program started were not recorded'
finish

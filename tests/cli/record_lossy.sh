#!/bin/sh
# record_lossy.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: a program that does not wait for flrec. Each call is in the trace or counted
# as lost, and what is in the trace can be replayed.
flreplay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"

lacks() { # TRACE CALLS: how many of them the summary says it lacks
    sed -n "s|^flrec: warning: $1 lacks \([0-9,]*\) $2|\1|p" err | tr -d , | grep . || echo 0
}

sum_of() { # FOLDED FUNCTION: the values of all stacks in which it occurs
    awk -v name="$2" '$0 ~ name { sum += $NF } END { print sum + 0 }' "$1"
}

lost() { # TRACE
    lacks "$1" 'calls for which there was no room'
}

expect_whole() { # TRACE CALLS: events and lost calls are CALLS, and the trace replays
    recorded=$(events "$1") lacking=$(lost "$1")
    [ $((recorded + lacking)) -eq "$2" ] || fail "$1: $recorded events and $lacking lost are not $2 calls"
    "$fltrace" info "$1" >info 2>/dev/null || fail "$1: fltrace: exit $?"
    grep -qE "^  lossy +1$" info || fail "$1 does not say that calls may be missing"
    told=$(sed -n 's/^  lost events  *//p' info | tr -d ,)
    [ "${told:-0}" -eq $((lacking + $(lacks "$1" 'calls made inside other calls'))) ] || fail "$1: fltrace counts other losses than flrec"
    timeout 120 "$flreplay" "$1" --alloc=size-tree --check=full --check-every=100 --runs=0 --quiet >out 2>replay_err ||
        fail "$1 does not replay: $(cat replay_err)"
}

expect_loss() { # TRACE CALLS
    expect_whole "$@"
    [ "$(lost "$1")" -gt 0 ] || fail "$1: nothing was lost"
}

is_over() { # has the program ended, and nobody waited for it yet?
    [ -s said ] && grep -q '^State:.*Z' "/proc/$(cut -d' ' -f1 said)/status" 2>/dev/null
}

# flrec is stopped while all calls are made: the program has ended before flrec goes on.
run_stopped() { # ARGUMENT...
    rm -f said
    "$flrec" --lossy --ring=4k "$@" >said 2>err &
    recorder=$!
    tries=0
    until is_over || [ $tries -gt 200 ]; do sleep 0.05; tries=$((tries + 1)); done
    is_over || fail "the program waits for flrec: $*"
    kill -CONT $recorder
    wait $recorder || fail "flrec $*: exit $?"
}

run_stopped -o t.zst "$built/outpace" 100000 1 stop
expect_loss t.zst "$(cut -d' ' -f2 said)"
[ "$(events t.zst)" -le 256 ] || fail 'more events than fit the ring were taken from a program that did not wait'

# Of threads libc allocates for itself: libcount.so stands behind libflrec.so and counts all.
library=$(dirname "$flrec")/libflrec.so
counted() {
    "$built/count_read" counts | awk '$1 == "total" { print $2 }'
}
export FL_COUNT_FILE=counts
run_stopped -o t.zst env LD_PRELOAD="$library:$built/libcount.so" "$built/outpace" 20000 8 stop
expect_loss t.exec1.zst "$(counted)"

# flrec keeps up as well as it can, and is stopped now and then: room comes and goes between the calls.
run_disturbed() { # PROG [ARG...]
    rm -f counts
    "$flrec" --lossy --ring=4k -o t.zst env LD_PRELOAD="$library:$built/libcount.so" "$@" >said 2>err &
    recorder=$!
    for i in 1 2 3 4; do
        kill -STOP $recorder && sleep 0.05
        kill -CONT $recorder && sleep 0.02
    done 2>/dev/null
    wait $recorder || fail "flrec $*: exit $?"
    expect_whole t.exec1.zst "$(counted)"
}
for program in 'outpace 200000 1' 'outpace 100000 3' 'pairs 1000000' 'pairs 1000000 3' 'threads' 'crossfree 400000'; do
    run_disturbed "$built/"$program
done
unset FL_COUNT_FILE

# A realloc is there with both of its halves, or not at all: those of NULL, and no other, have 7 bytes.
expect_status 0 --lossy --ring=4k -o t.zst "$built/outpace" 200000
expect_whole t.zst 2000000
"$fltrace" dump t.zst | awk '$2 == "realloc" && ($3 == "null") != ($4 == 7) { torn++ } $2 == "realloc" { all++ } END { exit !all || torn }' ||
    fail 'a realloc has lost one of its halves'

# The stack of a call goes with it, or the call with the stack.
expect_status 0 --stacks --lossy --ring=4k -o s.zst "$built/outpace" 200000
expect_whole s.zst 2000000
"$fltrace" folded s.zst >bytes && "$fltrace" folded --cost=count s.zst >count || fail 'fltrace folded failed'
[ "$(sum_of bytes odd_run)" -eq $((7 * $(sum_of count odd_run))) ] && [ "$(sum_of count odd_run)" -gt 0 ] ||
    fail 'a call has the stack of another'
"$fltrace" dump s.zst | grep ' = #' >dumped
[ "$(sum_of count rounds_run)" -eq "$(wc -l <dumped)" ] || fail 'a call has no stack'
[ "$(sum_of count odd_run)" -eq "$(grep -c ' realloc null 7 ' dumped)" ] || fail 'a call has the stack of the one before'
expect_status 0 --stacks --lossy --ring=4k -o s.zst "$built/stacks"

# Forked children join all the same, with what their parent's trace has.
expect_status 0 --lossy --ring=4k -o f.zst "$built/fork_child"
for trace in f*.zst; do
    timeout 60 "$flreplay" "$trace" --alloc=size-tree --check=full --runs=0 --quiet >out 2>replay_err || fail "$trace: $(cat replay_err)"
done

# With room for all, nothing is lost.
expect_status 0 --lossy -o t.zst "$built/pairs" 1000
expect_events t.zst 2000
grep -q lacks err && fail 'calls were lost though there was room'
finish

#!/bin/sh
# record_odd.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: what processes do rarely, and what a recorder must not make worse: each
# of these once hung, was killed or harmed under flrec, or left a trace that was wrong.
fltrace=$4
. "$(dirname "$0")/record_common.sh"

skipped() { # NAME: does the program itself say that this cannot be tried here?
    [ "$status" -eq 77 ] && echo "not tried here: $1"
}

number() { # NAME TRACE
    "$fltrace" info "$2" | awk -v name="$1" 'index($0, "  " name " ") == 1 { gsub(",", "", $NF); print $NF }'
}

run() { # ARGUMENT...: run flrec, output to out and err
    timeout 120 "$flrec" "$@" >out 2>err
    status=$?
}

# A callback of dl_iterate_phdr holds a lock that libunwind wants.
for _ in 1 2 3 4 5; do
    expect_status 0 -q --stacks -o t.zst "$built/iterate"
    [ "$(cat out)" = 'done' ] || fail "iterate: $(cat out)"
done

# A handler that interrupted a call forks: the child ends that call.
for options in '' --no-follow --stacks --lossy; do
    expect_status 0 -q $options -o t.zst "$built/handler_fork"
    [ "$(cat out)" = 'done' ] || fail "handler_fork: $(cat out)"
done
rm -f t.*.zst # a handler that interrupted no call has a child like any other

# A trace has ended, and the program goes on marking: more marks than there are places.
expect_status 0 -q --max-events=5 -o t.zst "$built/marks" 3000
[ "$(cat out)" = 'marked 3000' ] || fail "marks: $(cat out)"

# What flrec says when it was killed is not for a file of the program's.
(timeout 120 "$flrec" -q -o t.zst "$built/odd" reuse-stderr file) >out 2>err
tries=0
until [ "$(pgrep -cx odd)" -eq 0 ] || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
[ -e file ] && [ ! -s file ] || fail "the recorder wrote into a file of the program's: $(cat file)"

# Memory that the program locks is not that of rings which no thread has.
run -q -o t.zst "$built/odd" lock-memory
skipped lock-memory || [ "$(cat out)" -lt 100 ] || fail "lock-memory: $(cat out) MiB"

# A fork that fails leaves no child to be waited for, and errno as it was.
run -o t.zst "$built/odd" fork-fails
skipped fork-fails || [ "$(cat out)" = 'failed 10' ] || fail "fork-fails: exit $status, $(cat out)"
skipped fork-fails || expect_events t.zst 200
skipped fork-fails || [ "$(ls t.*.zst | wc -l)" -eq 1 ] || fail "fork-fails: $(ls)"
rm -f t.*.zst

# A process that has given up its user cannot let its children join: they leave no trace, and flrec says so.
run -o t.zst "$built/odd" drop-user
if ! skipped drop-user; then
    [ "$status" -eq 0 ] || fail "drop-user: exit $status"
    expect_events t.zst 10
    expect_err 'could not reach the recorder'
    ls t.*.zst 2>/dev/null && fail 'a child that was not recorded has a trace'
fi

# A pid that comes again.
run -o t.zst "$built/odd" same-pid 31234
if ! skipped same-pid; then
    expect_events t.31234.zst 200
    expect_events t.31234-2.zst 202
fi
rm -f t.*.zst

# With stacks the program makes the same calls: what libunwind and the loader allocate for us is not recorded, nor what of it
# the program's own libc frees at the end of a thread.
for options in '' --stacks; do
    expect_status 0 -q $options -o t.zst "$built/thread_ends"
    [ "$(number 'unknown pointers' t.zst)" = 0 ] || fail "thread_ends $options: $("$fltrace" info t.zst)"
    expect_status 0 -q $options -o m.zst "$built/odd" miss
    [ "$(number 'unknown pointers' m.zst)" = 0 ] || fail "miss $options: $("$fltrace" info m.zst)"
    expect_status 0 $options -o p.zst "$built/pairs" 1000
    expect_events p.zst 2000
done

# A library's file mapped in front of it as data.
run -q --stacks -o t.zst "$built/odd" map-twice "$built/libstacks_one.so"
skipped map-twice || "$fltrace" sites --by=count --limit=100 t.zst >out
skipped map-twice || grep -q 'plugin_one  stacks_plugin.c:' out || fail "map-twice: $(cat out)"

# A folder that is gone when the trace is to get its name.
mkdir gone
run -o gone/t.zst sh -c 'rm -rf gone'
expect_err 'gone/t.zst is not there'
grep -q 'next: flreplay gone' err && fail 'flrec names a trace that is not there'

for size in 3 1000 3m 2g; do
    expect_status 125 --ring=$size -o t.zst true
    expect_err "--ring=$size: wanted a power of two"
done
finish

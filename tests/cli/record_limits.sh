#!/bin/sh
# Little room and odd surroundings: what the program could do without flrec it can do with it.
. "$(dirname "$0")/record_common.sh"

# Limits flrec is started with: rings are made smaller, and fewer.
for kilobytes in 16000 200000; do
    (ulimit -v $kilobytes && exec "$flrec" --version) >/dev/null 2>&1 || continue # a sanitizer wants more
    (ulimit -v $kilobytes && exec timeout 60 "$flrec" -o t.zst "$built/pairs" 1000) 2>err ||
        fail "ulimit -v $kilobytes: exit $?"
    expect_events t.zst 2000
done
for blocks in 200 100000; do
    (ulimit -f $blocks && exec timeout 60 "$flrec" -o t.zst "$built/pairs" 1000) 2>err ||
        fail "ulimit -f $blocks: exit $?"
    expect_events t.zst 2000
done
(ulimit -f 1 && exec timeout 60 "$flrec" -o t.zst true) 2>err
[ $? -eq 125 ] || fail 'flrec does not refuse when no ring can be had'
expect_err 'ulimit -f'

# A limit the program sets itself, before it becomes another.
expect_status 0 -o v.zst prlimit --as=200000000 "$built/pairs" 1000
expect_events v.exec1.zst 2000
expect_err 'next: flreplay v.exec1.zst'
expect_status 0 -o v.zst prlimit --as=20000000 "$built/pairs" 1000
expect_events v.exec1.zst 2000

# Closed standard streams stay closed for the program, and nothing of ours takes their numbers.
"$flrec" -o c.zst sh -c 'for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && exit 9; done; exit 4' \
    <&- >&- 2>&-
[ $? -eq 4 ] || fail 'closed standard streams are open for the program'
zstd -tq c.zst || fail 'closed standard streams: the trace is not whole'
"$flrec" -o - true >&- 2>err
[ $? -eq 125 ] || fail 'a trace for a closed standard output was not refused'
expect_err 'standard output is closed'

# Only a trace is removed when the program cannot be run.
mkfifo pipe
cat pipe >/dev/null &
expect_status 127 -o pipe no-such-program
[ -p pipe ] || fail 'flrec removed a pipe that it did not make'
echo older >o.zst
expect_status 127 -o o.zst no-such-program
[ "$(cat o.zst)" = older ] && [ ! -e o.zst.part ] || fail 'an older trace is gone though nothing was recorded'
ln -s o.zst link.zst
expect_status 0 -o link.zst "$built/pairs" 10
[ -L link.zst ] && zstd -tq o.zst || fail 'a link was replaced, not what it leads to'

# System calls that the program makes because of us: as many for a million calls as for a thousand, where the ring
# never fills. strace may be missing, or not allowed here.
calls_made() { # PAIRS [FLREC...]
    pairs=$1
    shift
    "$@" strace -f -o calls "$built/pairs" "$pairs" >out 2>err || fail "strace of $pairs pairs"
    grep -c '(' calls
}
if strace -o calls true 2>/dev/null; then
    few=$(($(calls_made 1000 "$flrec" -q --ring=64m -o s.zst) - $(calls_made 1000)))
    many=$(($(calls_made 1000000 "$flrec" -q --ring=64m -o s.zst) - $(calls_made 1000000)))
    [ "$few" -gt 0 ] && [ $((many - few)) -le 2 ] && [ $((few - many)) -le 2 ] ||
        fail "a thousand pairs make $few system calls more, a million $many"
fi

# A stream holds one trace.
expect_status 0 -o /dev/null env X=1 "$built/pairs" 10
expect_err 'was replaced by another (exec), which was not recorded'
[ ! -e /dev/null.exec1 ] || fail 'flrec left a file beside /dev/null'
grep -q 'next:' err && fail 'what was written to a stream cannot be replayed from it'
finish

#!/bin/sh
# Events by call, as flrec counts them, are those libcount.so counts.
. "$(dirname "$0")/record_common.sh"

# libcount.so stands behind libflrec.so in one and the same run, as the second image of the process: what
# libc allocates for threads differs from run to run.
library=$(dirname "$flrec")/libflrec.so
expect_same() { # PROG [ARG...]
    rm -f counts
    timeout 120 "$flrec" -v -o t.zst -- env LD_PRELOAD="$library:$built/libcount.so" \
        FL_COUNT_FILE=counts "$@" >out 2>err </dev/null
    "$built/count_read" counts | awk '$1 != "total" && $2 > 0 { print $1, $2 }' | sort >counted
    sed '1,/exec1/d' err | tr -d , |
        awk '/^flrec: +[a-z_]+ [0-9]+$/ { print $2, $3 }' | sort >recorded
    cmp -s counted recorded || {
        diff counted recorded
        fail "$*: counted (<) and recorded (>) calls differ"
    }
    zstd -tq t.exec1.zst || fail "$*: zstd -t finds fault"
}

expect_same "$built/families"
expect_same "$built/threads"
expect_same "$built/thread_ends"
expect_same "$built/pairs" 100000
expect_same "$built/dlopen_early"
expect_same ls -l /
expect_same sh -c 'for i in 1 2 3; do x="$x$i"; done'

# A call that is made of another one of the family is one call; any other inside it is a loss.
expect_status 0 -o t.zst "$built/families"
grep -q 'made inside other calls' err && fail 'the realloc of reallocarray counts as lost'
expect_status 0 -q -o t.zst env LD_PRELOAD="$library:$built/libcount.so" "$built/pairs" 10
expect_err 'calls made inside other calls'
finish

#!/bin/sh
# Children, exec, closed descriptors: none hangs, none disturbs the trace.
. "$(dirname "$0")/record_common.sh"

expect_status 0 -o t.zst "$built/fork_child"
expect_status 0 -o t.zst "$built/close_all"
expect_events t.zst 400

expect_status 0 -o e.zst env X=1 "$built/pairs" 1000
[ -s e.zst ] || fail 'no trace of the first image'
expect_events e.exec1.zst 2000

expect_status 0 -o s.zst sh -c 'for i in 1 2 3 4 5; do ls / >/dev/null; done'
[ "$(ls s*.zst | wc -l)" -eq 1 ] || fail 'children were recorded'
finish

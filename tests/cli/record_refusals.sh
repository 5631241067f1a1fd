#!/bin/sh
# What cannot be recorded, or run, is said; exit 125, 126, 127.
. "$(dirname "$0")/record_common.sh"

expect_status 127 -o t.zst no-such-program
expect_err 'cannot run no-such-program'
[ -e t.zst ] && fail 'a program that did not run left a trace'
expect_status 126 -o t.zst /
expect_status 125 -o no/such/folder/t.zst true
expect_err 'cannot write no/such/folder/t.zst'
expect_status 125 -o t.zst "$built/static_link"
expect_err 'statically linked'
expect_status 125
expect_err 'no program given'
expect_status 125 --level=20 -o t.zst true
expect_status 125 --ring=x -o t.zst true

expect_status 0 -o t.zst "$built/own_malloc"
expect_err 'no event was recorded'
expect_events t.zst 0
finish

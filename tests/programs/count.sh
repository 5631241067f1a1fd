#!/bin/sh
# count.sh BUILT_PROGRAMS PROG [ARG...]: run PROG under libcount.so, print its counts to standard output
# (as count_read does) and what PROG writes to standard error. Exits as PROG does.
built=$1
shift
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
FL_COUNT_FILE=$counts LD_PRELOAD="$built/libcount.so" "$@" >&2
status=$?
"$built/count_read" "$counts"
exit $status

# Sourced by tests that replay what flrec recorded of a real program; they are called with FLREC BUILT_PROGRAMS FLREPLAY
# FLREPLAY_WRONG.
flreplay=$3
wrong=$4
compiler=c++
. "$(dirname "$0")/record_common.sh"
. "$(dirname "$0")/record_programs.sh"
export NO_COLOR=1
PATH=/usr/bin:$PATH
need python3 # it reads the results

run() { # EXPECTED_STATUS COMMAND ARGUMENT...
    wanted=$1
    shift
    timeout 120 "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || { cat out; fail "$*: exit $status, expected $wanted"; }
}

expect_out() { # TEXT
    grep -qF -- "$1" out || { cat out; fail "standard output lacks: $1"; }
}

record_small() { # FILE OPTION...: a real program with a few 10,000 events, of one thread
    recorded=$1
    shift
    if command -v sqlite3 >/dev/null; then
        make_sql 5000 >small.sql
        "$flrec" -q -o "$recorded" "$@" -- sqlite3 :memory: <small.sql >out 2>err || fail 'recording ended badly'
    else
        make_perl 5000 >small.pl
        need perl
        "$flrec" -q -o "$recorded" "$@" -- perl small.pl >out 2>err || fail 'recording ended badly'
    fi
}

# Sourced by the record_*.sh tests, which are called with FLREC BUILT_PROGRAMS.
flrec=$1
built=$2
programs=$(cd "$(dirname "$0")/../programs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() { # MESSAGE
    echo "$1"
    [ -f err ] && cat err
    failures=$((failures + 1))
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}

expect_status() { # STATUS ARGUMENT...: run flrec, output to out and err
    wanted=$1
    shift
    timeout 120 "$flrec" "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "flrec $*: exit $status, expected $wanted"
}

expect_err() { # TEXT
    grep -qF -- "$1" err || fail "standard error lacks: $1"
}

events() { # TRACE: how many events the summary names for it
    sed -n "s|^flrec: $1: \([0-9,]*\) events.*|\1|p" err | tr -d ,
}

expect_events() { # TRACE COUNT
    [ "$(events "$1")" = "$2" ] || fail "$1: $(events "$1") events, expected $2"
    zstd -tq "$1" 2>/dev/null || fail "$1: zstd -t finds fault"
}

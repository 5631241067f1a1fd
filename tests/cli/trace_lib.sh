# trace_lib.sh: sourced by the trace_*.sh tests of verbs, with `fltrace` set: a folder of their own, and what failed in it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() { # MESSAGE
    echo "fltrace: $1"
    cat out err
    failures=$((failures + 1))
}

run() { # EXPECTED_STATUS ARGUMENT...
    wanted=$1
    shift
    timeout 120 "$fltrace" "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit $status, expected $wanted"
}

bend() { # FROM TO: the same trace with four bytes in its middle overwritten
    size=$(wc -c <"$1")
    { head -c $((size / 2)) "$1"; printf '\377\377\377\377'; tail -c +$((size / 2 + 5)) "$1"; } >"$2"
}

finish() {
    [ "$failures" -eq 0 ]
    exit $?
}

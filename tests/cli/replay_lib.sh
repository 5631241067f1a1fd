# replay_lib.sh: sourced by the replay_*.sh tests. They get FLREPLAY, FLREPLAY_WRONG and
# REPLAY_TRACE in the environment and work in a folder of their own.
set -u
export NO_COLOR=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() { # MESSAGE
    echo "FAILED: $1"
    echo "--- stdout"; cat out
    echo "--- stderr"; cat err
    failures=$((failures + 1))
}

run() { # EXPECTED_STATUS COMMAND ARGUMENT...
    wanted=$1
    shift
    timeout 120 "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit $status, expected $wanted"
}

expect() { # FILE GLOB: a line of FILE matches it
    while IFS= read -r line; do
        # shellcheck disable=SC2254
        case $line in $2) return 0 ;; esac
    done <"$1"
    fail "no line like '$2' in $1"
}

make_trace() { # SEED EVENTS FILE
    "$REPLAY_TRACE" "$1" "$2" >"$3" || exit 1
}

finish() {
    [ "$failures" -eq 0 ]
    exit $?
}

# Sourced by the dropin_*.sh tests, which are called with LIBRARY FAMILY BUILT_PROGRAMS: libflmalloc.so, the program that
# lists the allocators, and the folder of tests/programs as built. Each check is done for every allocator there is.
library=$1
family=$2
built=$3
programs=$(cd "$(dirname "$0")/../programs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C
ulimit -c 0
failures=0

fail() { # MESSAGE
    echo "$1"
    [ -f err ] && head -20 err
    failures=$((failures + 1))
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}

on() { # SETTINGS COMMAND...: run it on libflmalloc.so, output to out and err; a timeout is not preloaded
    settings=$1
    shift
    timeout 300 env FLMALLOC="$settings" LD_PRELOAD="$library" "$@" >out 2>err
    status=$?
}

expect_alike() { # COMMAND...: each allocator gives what the C library's malloc gives: output, errors, status
    timeout 300 "$@" >bare_out 2>bare_err
    bare_status=$?
    for allocator in $("$family"); do
        on "$allocator" "$@"
        [ "$status" -eq "$bare_status" ] || fail "$allocator: $1: exit $status, expected $bare_status"
        cmp bare_out out && cmp bare_err err || fail "$allocator: $1: other output"
    done
}

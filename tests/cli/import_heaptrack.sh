#!/bin/sh
# import_heaptrack.sh FLTRACE FLREPLAY PROGRAM SAMPLES: what heaptrack says of program_mtrace, raw and interpreted. SAMPLES has files that
# heaptrack 1.4.0 of Debian 12 recorded of it, stripped: `heaptrack --raw -o heaptrack ./prog` and `heaptrack -o heaptrack ./prog`. Where
# heaptrack is installed two are recorded anew.
fltrace=$1
flreplay=$2
program=$3
samples=$4
. "$(dirname "$0")/trace_lib.sh"

# The program's calls from its first to its last but those that free what is left. The block of memalign is freed by
# heaptrack's account only in a raw file, where nobody knows it; realloc(three, 0) is not there.
cat >raw.calls <<'END'
malloc 10
free
malloc 100000
malloc 21
malloc 5
free
malloc 50
free
free unknown
malloc 77
END
grep -v unknown raw.calls >interpreted.calls

check() { # KIND FILE
    "$fltrace" dump "$2" >out 2>err || fail "dump $2"
    sed -n 's/^[0-9]* //; /^malloc 10 /,/^malloc 77 /{s/ [=#].*//; p}' out >calls
    diff "$1.calls" calls || fail "$2: the calls are not those of the program"
    "$fltrace" info "$2" >out 2>err || fail "info $2"
    grep -q '^  imported_from      heaptrack$' out || fail "$2: not known as heaptrack"
    grep -q '^  import_gaps        which call allocated, .* times below 10 ms$' out || fail "$2: no gaps"
    "$flreplay" "$2" --from=heaptrack --alloc=addr-tree,system --check=full --runs=1 >out 2>err || fail "flreplay $2"
}

# What is guessed is said by whoever reads it, also when it was converted.
check_guess() { # FILE
    for path in "$1" converted.zst; do
        "$fltrace" info "$path" >out 2>err
        grep -q '^fltrace info: warning: the trace is guessed in a part: a free ends the newest ' err || fail "info $path: no warning"
        "$flreplay" "$path" --alloc=addr-tree --runs=0 --json=replay.json >out 2>err
        grep -q '"import_guess": "a free ends the newest ' replay.json || fail "flreplay $path: no guess in JSON"
        grep -q "^flreplay: note: $path: the trace is guessed in a part: a free ends the newest " err || fail "flreplay $path: no note"
        "$fltrace" convert "$path" -o again.zst >out 2>err && mv again.zst converted.zst
        grep -q '^fltrace: warning: the trace is guessed in a part: a free ends the newest ' err || fail "convert $path: no warning"
    done
}

check raw "$samples/heaptrack.raw.zst"
"$fltrace" info "$samples/heaptrack.raw.zst" >out 2>err
grep -q guess out err && fail 'a raw file: something is guessed'
"$fltrace" sites "$samples/heaptrack.raw.zst" >out 2>err
[ $? -eq 4 ] && grep -q 'no call stacks: none are read of the format heaptrack; ' err || fail "sites: $(cat err)"
check interpreted "$samples/heaptrack.zst"
check_guess "$samples/heaptrack.zst"
"$fltrace" info "$samples/heaptrack.zst" >out 2>err
grep -q '^  command_line       ./prog$' out || fail 'no command line'

if command -v heaptrack >/dev/null; then
    heaptrack --raw -o new "$program" >out 2>err && heaptrack -o new "$program" >out 2>err || fail 'heaptrack'
    check raw new.raw.*
    check interpreted new.[!r]*
else
    echo 'heaptrack is not installed: only its samples are read'
fi
[ "$failures" -eq 0 ]

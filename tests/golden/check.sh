#!/bin/sh
# check.sh FLTRACE FLREPLAY FOLDER LIMIT [--write]: what the commands make of each golden trace, against NAME.txt beside it.
#
# Every command has LIMIT KiB of address space and ten seconds of a processor: a small file must not take more, whatever it declares. Only a replay
# that is checked reserves more than it uses. The hostile files (huge-*, and the folder hostile) have no text: every command must
# end with 3 and an error; what is called whole is harmless.
# --write makes the texts anew, to be read before they are committed.
fltrace=$1
flreplay=$2
folder=$3
limit=$4
seconds=10
[ "$limit" != unlimited ] || seconds=100 # a sanitizer is slow
write=${5:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
files=0

# Which formats of others are known besides is no matter of this one.
text() { cat "$work/out" "$work/err" | sed 's/, nor any of [^(]* (/ (/'; }

run() { # COMMAND...: output to out and err, exit code to status
    (ulimit -v "$limit" && ulimit -t "$seconds" && exec timeout 120 "$@" <"$trace") >"$work/out" 2>"$work/err"
    status=$?
    [ $status -lt 64 ] || fail "$* ended with $status"
}

fail() { # MESSAGE
    echo "golden: $name: $1"
    head -5 "$work/err"
    failures=$((failures + 1))
}

transcript() { # what is printed of $trace, as text
    case $name in *stacks*) verbs='info dump folded' ;; *) verbs='info dump' ;; esac
    for verb in $verbs; do
        run "$fltrace" $verb -
        echo "\$ fltrace $verb"
        text
        echo "= $status"
    done
    limit=unlimited run "$flreplay" -q - --alloc=size-tree --check=full --runs=0
    : >"$work/out"
    echo "\$ flreplay"
    text
    echo "= $status"
}

command_check() { # COMMAND...: of the trace, as standard input
    run "$@"
    [ "$status" -eq $wanted ] || fail "$*: exit $status, expected $wanted"
    [ $wanted -eq 0 ] || grep -q ': error: ' "$work/err" || fail "$*: no error is printed"
}

# Millions of objects in a small file say something where memory has a limit; a sanitizer takes minutes for each.
is_for_limits() {
    case $name in */huge-most-* | */huge-many-* | */huge-packed-*) [ "$limit" = unlimited ] ;; *) false ;; esac
}

hostile_check() {
    case $name in */whole-*) wanted=0 ;; *) wanted=3 ;; esac
    command_check "$fltrace" info -
    command_check "$fltrace" stats -
    command_check "$fltrace" pack -o /dev/null -
    command_check "$flreplay" -q --alloc=size-tree --check=off --runs=1 -
    case $name in
    */huge-packed-twice*) return ;; # is huge-most-objects and more of it
    */huge-most-objects*) ;;        # hundreds of megabytes of text say nothing more
    *) command_check "$fltrace" dump - ;;
    esac
    case $name in
    */huge-most* | */huge-many-[st]*)
        command_check "$fltrace" slice -o /dev/null 2.. -
        command_check "$fltrace" merge -o /dev/null --order=sequence --at-end=free -
        command_check "$fltrace" diff - "$trace"
        ;;
    esac
    case $name in
    *stacks*)
        command_check "$fltrace" sites -
        command_check "$fltrace" folded -
        ;;
    esac
}

for trace in "$folder"/*/*; do
    name=${trace#"$folder"/}
    is_for_limits && continue
    case $name in
    *.txt) continue ;;
    hostile/* | */huge-*)
        [ "$(wc -c <"$trace")" -le 1024 ] || fail 'larger than 1 KiB'
        hostile_check
        ;;
    *)
        [ "$(wc -c <"$trace")" -le 4096 ] || fail 'larger than 4 KiB'
        transcript >"$work/text"
        [ "$write" = --write ] && cp "$work/text" "${trace%.*}.txt"
        diff "${trace%.*}.txt" "$work/text" || fail 'is not read as it was'
        ;;
    esac
    files=$((files + 1))
done
echo "golden: $files traces, $failures findings"
[ "$failures" -eq 0 ] && [ "$files" -gt 80 ]

#!/bin/sh
# install.sh BUILD_FOLDER: an installation that is moved, then used: record, replay, manual pages, completion, and a program that
# links libfltrace, by pkg-config and by CMake.
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() { # MESSAGE
    echo "$1"
    failures=$((failures + 1))
}

cmake --install "$build" --prefix "$work/first" >log 2>&1 || { cat log; exit 1; }
"$work/first/bin/flrec" -q -o big.zst -- perl -e 'my $x = "x" x (3 << 20)' || fail 'flrec as installed'

# A program on the library.
PKG_CONFIG_PATH=$work/$(dirname "$(find first -name fltrace.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
if cc -o print_trace first/share/doc/flrec/examples/print_trace.c $(pkg-config --static --cflags --libs fltrace) >log 2>&1; then
    ./print_trace big.zst | grep -Eq '^(malloc|realloc|calloc) 31457[0-9]+$' || fail "print_trace: $(./print_trace big.zst)"
else
    fail "with pkg-config: $(cat log)"
fi
if cmake -S first/share/doc/flrec/examples -B example -DCMAKE_PREFIX_PATH="$work/first" >log 2>&1 && cmake --build example >>log 2>&1; then
    [ "$(example/print_trace big.zst)" = "$(./print_trace big.zst)" ] || fail 'by CMake it prints something else'
else
    fail "with CMake: $(cat log)"
fi

# Moved: flrec finds its library from where it is.
mv first second
PATH=$work/second/bin:$PATH
for options in '' --stacks; do
    flrec -q $options -o t.zst -- ls / >/dev/null || fail "flrec $options as moved"
    flreplay t.zst --alloc=addr-tree --runs=1 --quiet >out || fail 'flreplay as moved'
done
verbs=$(fltrace --help | sed -n '/^Verbs:/,/^$/s/^  *\([a-z]*\)  .*/\1/p')
[ -n "$verbs" ] || fail 'fltrace has no verbs'
for page in man1/flrec.1 man1/flreplay.1 man1/fltrace.1 $(printf 'man1/fltrace-%s.1 ' $verbs) man5/fltrace.5 man7/flmalloc.7; do
    [ -s "second/share/man/$page" ] || fail "no $page"
    if command -v mandoc >/dev/null; then
        mandoc -Tlint -W warning "second/share/man/$page" >log || fail "$page: $(cat log)"
    fi
done
grep -q '^\.TH FLTRACE\\-DUMP 1 ' second/share/man/man1/fltrace-dump.1 || fail 'the page of a verb has another name'
cmp -s second/share/doc/flrec/LICENSE "$(dirname "$0")/../../LICENSE" || fail 'no license'
flmalloc=$(find second -name libflmalloc.so)
LD_PRELOAD=$work/$flmalloc FLMALLOC=addr-tree ls / >/dev/null || fail 'libflmalloc.so as moved'

complete() { # WORD...: what bash would offer for the last one
    bash -c '. second/share/bash-completion/completions/flrec
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _fl_complete "$1"; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
if command -v bash >/dev/null; then
    [ "$(complete flrec --sta)" = "$(printf '%s\n' --stacks --stamp --start-after)" ] || fail "flrec --sta: $(complete flrec --sta)"
    complete flreplay --al | grep -qx -- '--alloc' || fail 'flreplay --al'
    complete fltrace si | grep -qx sites || fail 'fltrace si'
    complete fltrace dump --li | grep -qx -- '--limit' || fail 'fltrace dump --li'
    complete fltrace info big | grep -qx big.zst || fail 'fltrace info big'
fi
[ "$failures" -eq 0 ]

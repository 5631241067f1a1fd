#!/bin/sh
# House rules that no compiler checks: check.sh RULE SOURCE_DIR. Exit 0 kept, 1 broken, 77 cannot tell.
#
#   includes  no #include "../": a folder is reached through its include path or not at all
#   layers    no folder includes a header of a folder it may not know
#   headers   every public header compiles alone, with each compiler there is
#   format    clang-format 14 would change nothing
#   length    no source file is longer than 600 lines
#   words     nothing is left to be done without the number of its issue
set -eu
rule=$1
cd "$2"
folders='format allocator recorder replayer tests'
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT

sources() { # FOLDER...
    find "$@" -name '*.[ch]' -not -path '*/build/*' | sort
}

may_include() { # FOLDER: folders whose include paths it may use
    case $1 in
    format) echo format/base format/import format ;;
    allocator) echo allocator ;;
    recorder) echo format/base format recorder ;;
    replayer) echo format/base format/import format allocator replayer ;;
    esac
}

include_paths() { # FOLDER
    for known in $(may_include "$1"); do printf -- '-I%s/include ' "$known"; done
}

check_includes() {
    sources $folders | xargs grep -nH '#include *"\.\./' || true
}

check_layers() {
    for folder in format allocator recorder replayer; do
        known=$(may_include $folder)
        for header in $(sources $folder | xargs -r sed -n 's/^#include *<\(fl\/[^>]*\)>.*/\1/p' | sort -u); do
            found=
            for path in $known; do
                if [ -f "$path/include/$header" ]; then found=yes; fi
            done
            [ -n "$found" ] || echo "$folder/ may not include <$header>"
        done
    done
}

check_headers() {
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for folder in format allocator recorder replayer; do
            for header in $(sources $folder | grep '/include/fl/' || true); do
                $compiler -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
                    $(include_paths $folder) -include "$header" -x c /dev/null 2>&1 |
                    sed "s|^|$compiler: |"
            done
        done
    done
}

check_format() {
    for tool in clang-format-14 clang-format; do
        case $($tool --version 2>/dev/null || true) in *' 14.'*) break ;; *) tool= ;; esac
    done
    [ -n "$tool" ] || exit 77
    sources $folders | xargs $tool --dry-run -Werror 2>&1 || true
}

check_length() {
    find $folders -name '*.[ch]' -o -name '*.sh' -o -name '*.py' -o -name CMakeLists.txt | sort |
        xargs wc -l | awk '$1 > 600 && $2 != "total" { print $2 ": " $1 " lines, at most 600" }'
}

check_words() {
    find $folders -path tests/house -prune -o -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.md' \
        -o -name '*.sh' -o -name CMakeLists.txt \) -print | sort |
        xargs grep -nHwE 'TODO|FIXME|XXX' | grep -vE '(TODO|FIXME|XXX)\(#[0-9]+\)' || true
}

check_"$rule" >"$findings" || exit $?
cat "$findings"
[ ! -s "$findings" ]

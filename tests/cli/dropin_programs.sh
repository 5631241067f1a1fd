#!/bin/sh
# dropin_programs.sh LIBRARY FAMILY BUILT_PROGRAMS CXX PROGRAM: a whole program does the same on every allocator as on the C
# library's. Exits 77 where the program is not installed. The inputs are such that the O(n) designs end in seconds.
compiler=$4
program=$5
. "$(dirname "$0")/dropin_common.sh"
. "$(dirname "$0")/program_inputs.sh"

# The archive is written and compared; the assembly text goes to standard output.
case $program in
g++)
    "$compiler" -print-prog-name=cc1plus >/dev/null 2>&1 || { echo 'no C++ compiler'; exit 77; }
    expect_alike "$compiler" -S -O0 "$programs/template_heavy.cpp" -o -
    ;;
c++-program)
    "$compiler" -std=c++17 -O1 -fsized-deallocation "$programs/sized_delete.cpp" -o sized_delete 2>err || { cat err; exit 77; }
    expect_alike ./sized_delete
    ;;
python3)
    PATH=/usr/bin:$PATH && need python3 && export PYTHONMALLOC=malloc
    expect_alike python3 "$programs/alloc_heavy.py" 2
    expect_alike python3 -c 'import json; print(json.dumps([{str(i): list(range(i))} for i in range(300)]))'
    ;;
sqlite3)
    need sqlite3 && make_sql 20000 >script.sql
    expect_alike sqlite3 :memory: '.read script.sql'
    ;;
perl)
    need perl && export PERL_HASH_SEED=0
    expect_alike perl -e "$(make_perl 40000)"
    ;;
git)
    need git && make_repository 40
    expect_alike git --no-pager log -p
    expect_alike git fsck --strict
    ;;
tar)
    need tar
    expect_alike tar -C /usr/include -cf - .
    ;;
stress-ng)
    need stress-ng
    # Its own lines have times in them. It verifies what it allocated and fails when that was changed.
    for allocator in $("$family"); do
        on "$allocator" stress-ng --malloc 2 --malloc-ops 20000 --verify
        [ "$status" -eq 0 ] && cat out err | grep -q 'successful run completed' || fail "$allocator: exit $status"
        cat out err | grep -Eq 'libflmalloc|fail|unsuccessful' && fail "$allocator: a fault"
    done
    ;;
flrec) # the recorder over the drop-in library sees as many calls as over the C library
    flrec=$built/../../recorder/flrec
    "$flrec" -o bare.zst "$built/families" >bare_out 2>bare_err || fail 'flrec alone'
    for allocator in $("$family"); do
        on "$allocator" "$flrec" -o bare.zst "$built/families"
        [ "$status" -eq 0 ] && cmp bare_out out || fail "$allocator: flrec: exit $status"
        [ "$(grep -oE '[0-9,]+ events' err)" = "$(grep -oE '[0-9,]+ events' bare_err)" ] || fail "$allocator: other events"
    done
    ;;
*) exit 1 ;;
esac
finish

#!/bin/sh
# dropin_programs.sh LIBRARY FAMILY BUILT_PROGRAMS CXX PROGRAM: a whole program does the same on every allocator as on the C
# library's. Exits 77 where the program is not installed. The inputs are such that the O(n) designs end in seconds.
compiler=$4
program=$5
. "$(dirname "$0")/dropin_common.sh"

make_repository() { # the same in every run
    export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='2024-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2024-01-01 00:00:00 +0000'
    git init -q . || exit 1
    for commit in $(seq 1 40); do
        seq "$commit" $((commit * 3 + 200)) >one
        seq $((commit % 7)) 5 $((commit * 2 + 900)) >two
        git add one two && git commit -q -m "commit $commit"
    done
}

make_sql() {
    cat <<'SQL'
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 20000)
insert into t select i, 'row ' || i, i * 1.5 from n;
create index tb on t(b);
select count(*), sum(length(b)) from t where b like '%7%';
update t set b = upper(b) || a where a % 3 = 0;
select substr(b, 1, 6), count(*) from t group by 1 order by 2 desc limit 5;
SQL
}

perl_script='my %h; for my $i (1..40000) { $h{"k$i"} = [$i, "v$i"]; delete $h{"k".($i-5000)} if $i > 5000 }
print join(" ", (sort keys %h)[0 .. 99]), "\n"'

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
    need sqlite3 && make_sql >script.sql
    expect_alike sqlite3 :memory: '.read script.sql'
    ;;
perl)
    need perl && export PERL_HASH_SEED=0
    expect_alike perl -e "$perl_script"
    ;;
git)
    need git && make_repository
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

#!/bin/sh
# chain.sh FLREC BUILT_PROGRAMS FLREPLAY CXX PROGRAM: the whole way of one real program. It is recorded and counted by
# libcount.so in the same run; the counts agree; zstd finds no fault; replays into addr-tree (all of it, the heap walked)
# and list-addr (a prefix, it is O(n)) find none either. Exits 77 where the program is not installed.
flreplay=$3
compiler=$4
program=$5
. "$(dirname "$0")/record_common.sh"

need() { # COMMAND...
    for command; do
        command -v "$command" >/dev/null || { echo "$command is not installed"; exit 77; }
    done
}

make_repository() { # a few hundred commits, the same in every run
    export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='2024-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2024-01-01 00:00:00 +0000'
    git init -q repository && cd repository || exit 1
    for commit in $(seq 1 200); do
        seq "$commit" $((commit * 3 + 200)) >one
        seq $((commit % 7)) 5 $((commit * 2 + 900)) >two
        git add one two && git commit -q -m "commit $commit"
    done
}

make_sql() {
    cat <<'SQL'
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into t select i, 'row ' || i, i * 1.5 from n;
create index tb on t(b);
select count(*), sum(length(b)) from t where b like '%7%';
update t set b = upper(b) || a where a % 3 = 0;
select substr(b, 1, 6), count(*) from t group by 1 order by 2 desc limit 5;
SQL
}

perl_script='my %h; for my $i (1..200000) { $h{"k$i"} = [$i, "v$i"]; delete $h{"k".($i-5000)} if $i > 5000 }
print scalar(sort keys %h), "\n"'

# Run the program as "$@" of the wrapper that follows.
run() { # WRAPPER...
    case $program in
    cc1plus) "$@" "$("$compiler" -print-prog-name=cc1plus)" -quiet -O2 "$programs/template_heavy.cpp" -o /dev/null ;;
    python3) PYTHONMALLOC=malloc "$@" python3 "$programs/alloc_heavy.py" ;;
    sqlite3) "$@" sqlite3 :memory: <script.sql ;;
    perl) "$@" perl -e "$perl_script" ;;
    git) "$@" git --no-pager log -p ;;
    tar) "$@" tar -cf archive.tar /usr/include /usr/share/doc ;;
    threads) "$@" "$built/crossfree" ;;
    esac
}

case $program in
cc1plus) [ -x "$("$compiler" -print-prog-name=cc1plus)" ] || { echo "no C++ compiler"; exit 77; } ;;
python3) PATH=/usr/bin:$PATH && need python3 ;;
sqlite3) need sqlite3 && make_sql >script.sql ;;
git) need git && make_repository ;;
threads) ;;
*) need "$program" ;;
esac

# libcount.so stands behind libflrec.so in one and the same run, as the last image of the process.
counts=$work/counts
run timeout 300 "$flrec" -v -o t.zst -- env LD_PRELOAD="$(dirname "$flrec")/libflrec.so:$built/libcount.so" \
    FL_COUNT_FILE="$counts" >out 2>err || fail "$program did not end well"
trace=$(ls t.exec*.zst | sort -V | tail -1)
"$built/count_read" "$counts" | awk '$1 != "total" && $2 > 0 { print $1, $2 }' | sort >counted
sed "1,/^flrec: $trace/d" err | tr -d , | awk '/^flrec: +[a-z_]+ [0-9]+$/ { print $2, $3 }' | sort >recorded
cmp -s counted recorded || {
    diff counted recorded
    fail "$program: counted (<) and recorded (>) calls differ"
}
grep -qF ', 0 unknown pointers, 0 implied frees' err || fail "$program: an impossible step"
zstd -tq "$trace" || fail "zstd -t finds fault"
timeout 300 "$flreplay" "$trace" --alloc=addr-tree,augment=max,addr-tree,augment=max,fit=best --check=full --runs=0 >out 2>err ||
    fail "$program: addr-tree"
timeout 300 "$flreplay" "$trace" --alloc=list-addr,addr-tree --limit=200k --check=full --runs=0 >out 2>err ||
    fail "$program: list-addr"
[ "$(awk '/^  offsets/ { print $2 }' out | sort -u | wc -l)" -eq 1 ] || fail "$program: list and tree place differently"
[ "$failures" -eq 0 ] && echo "$program: $(awk '{ sum += $2 } END { print sum }' recorded) events"
finish

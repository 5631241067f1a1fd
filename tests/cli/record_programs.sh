# Sourced after record_common.sh, with $program and $compiler set: real programs to be recorded, each the same work in every
# run. prepare_program writes their input and exits 77 where one is not installed; run_program runs it behind a wrapper.
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

run_program() { # WRAPPER...
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

prepare_program() {
    case $program in
    cc1plus) [ -x "$("$compiler" -print-prog-name=cc1plus)" ] || { echo "no C++ compiler"; exit 77; } ;;
    python3) PATH=/usr/bin:$PATH && need python3 ;;
    sqlite3) need sqlite3 && make_sql >script.sql ;;
    git) need git && make_repository ;;
    threads) ;;
    *) need "$program" ;;
    esac
}

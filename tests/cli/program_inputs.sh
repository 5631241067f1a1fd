# Sourced by tests of whole programs: input for them, the same in every run and as large as asked for.
need() { # COMMAND...: skip the test where one is not installed
    for command; do
        command -v "$command" >/dev/null || { echo "$command is not installed"; exit 77; }
    done
}

make_repository() { # COMMITS: a git repository in this folder
    export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
    export GIT_AUTHOR_DATE='2024-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2024-01-01 00:00:00 +0000'
    git init -q . || exit 1
    for commit in $(seq 1 "$1"); do
        seq "$commit" $((commit * 3 + 200)) >one
        seq $((commit % 7)) 5 $((commit * 2 + 900)) >two
        git add one two && git commit -q -m "commit $commit"
    done
}

make_sql() { # ROWS: to standard output
    cat <<SQL
create table t(a integer primary key, b text, c real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
insert into t select i, 'row ' || i, i * 1.5 from n;
create index tb on t(b);
select count(*), sum(length(b)) from t where b like '%7%';
update t set b = upper(b) || a where a % 3 = 0;
select substr(b, 1, 6), count(*) from t group by 1 order by 2 desc limit 5;
SQL
}

make_perl() { # KEYS: a script that fills a hash and empties it again, to standard output
    echo 'my %h; for my $i (1..'"$1"') { $h{"k$i"} = [$i, "v$i"]; delete $h{"k".($i-5000)} if $i > 5000 }
print join(" ", (sort keys %h)[0 .. 99]), "\n"'
}

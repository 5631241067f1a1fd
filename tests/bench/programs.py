"""The programs the bench records, and what they work on, generated in a given folder.

Everything is made from fixed seeds and dates, so two runs of the bench record the same calls (but
for what a program takes from its surroundings, such as the length of a path).
"""

import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(os.path.dirname(HERE), "programs")


class Missing(Exception):
    """A program that is not installed; its figures are left out, by name."""


@dataclass
class Program:
    """How to run a program, without its standard input and output."""

    argv: list
    environment: dict = field(default_factory=dict)
    stdin: str = os.devnull


@dataclass
class Workload:
    """A program at work. `make(folder, scale, build)` returns the Program; targets are per trace."""

    name: str
    what: str
    make: object
    is_real: bool = True
    bytes_per_event_at_most: float = None
    longer: object = None  # make with twice the length, where memory is compared


def installed(name):
    path = shutil.which(name)
    if path is None:
        raise Missing("%s is not installed" % name)
    return path


def scaled(count, scale, least=1):
    return max(least, round(count * scale))


def write(folder, name, lines):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def one_pair(build):
    return Program([os.path.join(build, "tests/programs/pairs"), "1"])


def pairs(threads, times=1):
    def make(folder, scale, build):
        count = scaled(10_000_000 * times, scale)
        return Program([os.path.join(build, "tests/programs/pairs"), str(count), str(threads)])

    return make


def template_heavy(folder, scale):
    """A source to compile. A smaller scale instantiates fewer functions: All<100> counts them."""
    with open(os.path.join(SOURCES, "template_heavy.cpp"), encoding="ascii") as file:
        source = file.read().replace("All<100>", "All<%d>" % scaled(100, scale, least=4))
    return write(folder, "template_heavy.cpp", source.splitlines())


def cc1plus(folder, scale, build):
    compiler = subprocess.run([installed("g++"), "-print-prog-name=cc1plus"], check=True,
                              capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(compiler):
        raise Missing("cc1plus is not installed")
    return Program([compiler, "-quiet", "-O2", template_heavy(folder, scale), "-o", os.devnull])


def python3(times=1):
    def make(folder, scale, build):
        # Not the one of PATH: that may be a script that starts the interpreter in another process.
        interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
        rounds = scaled(40 * times, scale)
        return Program([interpreter, os.path.join(SOURCES, "alloc_heavy.py"), str(rounds)],
                       {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})

    return make


def sqlite3(folder, scale, build):
    """Insert, update, join, group and delete over two tables with indices."""
    rows = scaled(60_000, scale, least=100)
    draw = random.Random(1)
    lines = ["create table item(id integer primary key, name text, price real, kind integer);",
             "create table sale(id integer primary key, item integer, amount integer, note text);",
             "create index item_kind on item(kind, price);", "create index sale_item on sale(item);",
             "begin;"]
    for i in range(rows):
        name = "item-%x-%d" % (draw.getrandbits(40), i)
        lines.append("insert into item values(%d, '%s', %.2f, %d);"
                     % (i, name, draw.random() * 1000, draw.randrange(100)))
        lines.append("insert into sale values(%d, %d, %d, '%s');"
                     % (i, draw.randrange(i + 1), draw.randrange(1, 9), "n" * draw.randrange(80)))
    lines.append("commit;")
    for kind in range(100):
        lines += ["select count(*), avg(price) from item where kind = %d and price > 500;" % kind,
                  "select name, sum(amount) a from item join sale on sale.item = item.id"
                  " where kind = %d group by name order by a desc, name limit 5;" % kind,
                  "update item set name = upper(name) || '-' || kind where kind = %d;" % kind]
    lines.append("delete from sale where length(note) > 40;")
    return Program([installed("sqlite3"), "-batch", ":memory:"],
                   stdin=write(folder, "script.sql", lines))


def perl(folder, scale, build):
    """Count words in a hash of strings, sort them, build lists of lists, and split them again."""
    script = """my ($rounds, $state, %count) = (shift, 1);
sub draw { $state = ($state * 1103515245 + 12345) % 2147483648; return ($state >> 8) % shift; }
for my $round (1 .. $rounds) {
    my @words = map { join "", map { chr 97 + draw 26 } 0 .. 3 + draw 12 } 1 .. 2000;
    $count{$_} .= "$round," for @words;
    my @rows = map { [ $_, length, [ split // ] ] } @words;
    my @sorted = sort { $a->[1] <=> $b->[1] || $a->[0] cmp $b->[0] } @rows;
    my $text = join " ", map { ucfirst $_->[0] } @sorted;
    delete @count{ grep { draw 3 } keys %count } if $round % 8 == 0;
    $text =~ s/([aeiou])/<$1>/g;
}
print scalar(keys %count), "\\n";"""
    return Program([installed("perl"), write(folder, "words.pl", script.splitlines()),
                    str(scaled(60, scale))], {"PERL_HASH_SEED": "0"})


def text_line(draw):
    words = ["if", "return", "count", "value", "struct", "node", "=", "+", "(", ")", "{", "}", "next"]
    return "    " * draw.randrange(4) + " ".join(draw.choice(words) for _ in range(draw.randrange(1, 12)))


def edit(draw, lines):
    """Change a few places of a file, as commits do."""
    for _ in range(draw.randrange(1, 5)):
        at = draw.randrange(len(lines))
        lines[at:at + draw.randrange(6)] = [text_line(draw) for _ in range(draw.randrange(6))]
    return lines or [text_line(draw)]


def history(commits):
    """A stream for git fast-import: `commits` commits, each edits one to five of sixty files."""
    draw = random.Random(2)
    files = {}
    for number in range(commits):
        when = 1_500_000_000 + number * 3600
        message = "change %d\n\n%s\n" % (number, "\n".join(text_line(draw) for _ in range(3)))
        yield "commit refs/heads/main\ncommitter Bench <bench@example.org> %d +0000\ndata %d\n%s" \
            % (when, len(message), message)
        for _ in range(draw.randrange(1, 6)):
            path = "part%d/file%d.c" % (draw.randrange(6), draw.randrange(10))
            start = files.get(path) or [text_line(draw) for _ in range(draw.randrange(30, 400))]
            files[path] = edit(draw, start)
            content = "\n".join(files[path]) + "\n"
            yield "M 100644 inline %s\ndata %d\n%s" % (path, len(content), content)


def git_log(folder, scale, build):
    repository = os.path.join(folder, "repository")
    git = installed("git")
    clean = {"HOME": folder, "GIT_CONFIG_NOSYSTEM": "1"}
    environment = {**os.environ, **clean}
    subprocess.run([git, "init", "-q", "--bare", repository], check=True, env=environment,
                   stderr=subprocess.DEVNULL)
    stream = "".join(history(scaled(2000, scale, least=10)))
    subprocess.run([git, "-C", repository, "fast-import", "--quiet"], check=True, env=environment,
                   input=stream.encode("ascii"))
    return Program([git, "-C", repository, "--no-pager", "log", "-p", "main"], clean)


def tar(folder, scale, build):
    draw = random.Random(3)
    for i in range(scaled(20_000, scale, least=10)):
        below = os.path.join(folder, "tree", "%02d" % (i % 37), "%03d" % (i % 401))
        os.makedirs(below, exist_ok=True)
        write(below, "file-%d-%s" % (i, "x" * draw.randrange(40)), ["%d" % i])
    # To a file: tar reads no file when the archive is /dev/null.
    return Program([installed("tar"), "-C", folder, "-cf", os.path.join(folder, "tree.tar"), "tree"])


WORKLOADS = [
    Workload("pairs", "10 M malloc/free pairs, 1 thread", pairs(1), is_real=False,
             longer=pairs(1, times=2)),
    Workload("pairs2", "10 M malloc/free pairs, 2 threads", pairs(2), is_real=False),
    Workload("cc1plus", "cc1plus -O2 template_heavy.cpp", cc1plus, bytes_per_event_at_most=0.20),
    Workload("python3", "python3 alloc_heavy.py, PYTHONMALLOC=malloc", python3(),
             bytes_per_event_at_most=0.35, longer=python3(times=2)),
    Workload("sqlite3", "sqlite3 on a generated script", sqlite3, bytes_per_event_at_most=0.12),
    Workload("perl", "perl on strings, hashes and sorting", perl),
    Workload("git-log", "git log -p of a generated repository", git_log,
             bytes_per_event_at_most=0.70),
    Workload("tar", "tar of 20,000 generated files", tar),
]


def workload(name):
    return next(each for each in WORKLOADS if each.name == name)

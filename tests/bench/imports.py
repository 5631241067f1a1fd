"""Traces of other tools: how fast they are read, each format in turn in every round.

  generated     the same calls in each text format and in malloc-bench's, 60,000 objects live (foreign.py)
  recorded      by the tools that are here: heaptrack, valgrind
  per android's time per event, over that of android's text in the same round
  info, convert what the commands make of android's text, to nowhere
  guess         of heaptrack's interpreted files, which do not say which object a free ends: what addr-tree makes of them,
                beside the raw file, which knows it
  --file=FILE   any other file, the trace of any tool, is measured with them
"""

import gzip
import os
import shutil
import subprocess

import foreign
import measure
import peers
import programs
from measure import Failed

NAME = "imports"
CALLS = 4_000_000
LIVE = 60_000
MANY_CALLS, MANY_LIVE = 4_000_000, 1_300_000
SCALE_AT_LEAST = 0.06  # of these: fewer calls are read faster than a clock can tell
VALGRIND_SCALE = 0.05
GUESSED = ("perl", "sqlite3", "git-log")
GUESSED_SCALE = 0.05
READ_PER_S_AT_LEAST = 10e6


def add(bench, key, text, unit, runs, *target):
    bench.add(NAME, "%s.%s" % (NAME, key), text, unit, runs, *target)


def compressed(path):
    """The file in gzip, and in zstd where that command is."""
    made = {"gzip": path + ".gz"}
    with open(path, "rb") as plain, gzip.open(made["gzip"], "wb", compresslevel=6) as packed:
        shutil.copyfileobj(plain, packed)
    if shutil.which("zstd"):
        made["zstd"] = path + ".zst"
        subprocess.run(["zstd", "-q", "-3", path, "-o", made["zstd"]], check=True)
    return made


def generated(bench):
    """Files by name."""
    scale = bench.scale_at_least(SCALE_AT_LEAST)
    count, live = programs.scaled(CALLS, scale, least=100), programs.scaled(LIVE, min(1, scale * 4), least=10)
    made = foreign.calls(count, live)
    files = {}
    for name, write in foreign.WRITERS.items():
        files[name] = bench.path("made." + name)
        write(files[name], made)
    files.update(("android, " + how, path) for how, path in compressed(files["android"]).items())
    many = foreign.calls(programs.scaled(MANY_CALLS, scale, least=100), programs.scaled(MANY_LIVE, scale, least=10), True)
    files["android, many live"] = bench.path("made.many")
    foreign.WRITERS["android"](files["android, many live"], many)
    return files


def run_heaptrack(bench, program, name, *how):
    """Path of the file that heaptrack makes."""
    path = bench.path(name)
    bench.runner.run(["heaptrack", *how, "-o", path, *program.argv], program.environment, program.stdin)
    return next(bench.path(each) for each in sorted(os.listdir(bench.folder)) if each.startswith(name + "."))


def recorded(bench):
    """Files by name that tools make here."""
    files = {}
    try:
        if peers.has_heaptrack(bench):
            program = programs.cc1plus(bench.folder, bench.scale_at_least(SCALE_AT_LEAST), bench.build)
            files["heaptrack"] = run_heaptrack(bench, program, "cc1plus-interpreted")
            files["heaptrack, raw"] = run_heaptrack(bench, program, "cc1plus-raw", "--raw")
        if shutil.which("valgrind"):
            program = programs.perl(bench.folder, bench.scale_at_least(SCALE_AT_LEAST) * VALGRIND_SCALE, bench.build)
            files["valgrind of perl"] = bench.path("perl.valgrind")
            bench.runner.run(["valgrind", "--trace-malloc=yes", "--log-file=" + files["valgrind of perl"], *program.argv],
                             program.environment)
    except programs.Missing as missing:
        bench.skip(NAME, missing)
    return files


def events_per_s(bench, path):
    done = subprocess.run([bench.command("bench_decode"), path, "1"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    figures = measure.key_values(done.stdout)
    return figures["events"][0] * 1e9 / figures["ns"][0]


def bench_reading(bench, files):
    rounds = [{name: events_per_s(bench, path) for name, path in files.items()} for _ in range(bench.runs)]
    for name in files:
        goal = ("at_least", READ_PER_S_AT_LEAST) if name in foreign.WRITERS else ()
        add(bench, name + ".events_per_s", "events per second, " + name, "events_per_s", [each[name] for each in rounds],
            *goal)
    for name in files:
        if name != "android":
            add(bench, name + ".time_per_androids", "time per event, %s / android's" % name, "ratio",
                [each["android"] / each[name] for each in rounds])


def bench_commands(bench, path):
    """What fltrace makes of a file, and of the same as a trace of ours."""
    converted = bench.path("converted.zst")
    bench.runner.run([bench.command("fltrace"), "convert", path, "-o", converted])
    events = measure.key_values(subprocess.run([bench.command("bench_decode"), converted, "1"], capture_output=True,
                                               text=True, check=True).stdout)["events"][0]
    for text, argv in (("info", ["info", path]), ("convert", ["convert", path, "-o", os.devnull]),
                       ("info of the converted", ["info", converted])):
        ran = [bench.runner.run([bench.command("fltrace"), *argv]) for _ in range(bench.runs)]
        key = text.replace(" ", "_")
        add(bench, key + ".events_per_s", "android: events per second, fltrace " + text, "events_per_s",
            [events * 1e9 / run.cpu_ns for run in ran])
        add(bench, key + ".peak_bytes", "android: peak memory, fltrace " + text, "peak_bytes",
            [max(run.peak_bytes for run in ran)])


def visits(bench, path):
    counts = bench.replay(path, ["addr-tree"], "--check=off", "--runs=1")[0]["targets"][0]["counts"]
    return counts["visits_malloc"] / max(counts["mallocs"], 1), counts["external_fragmentation"]


def bench_guess(bench):
    for name in GUESSED if peers.has_heaptrack(bench) else ():
        try:
            program = programs.workload(name).make(bench.folder, min(bench.trace_scale, 1) * GUESSED_SCALE, bench.build)
        except programs.Missing as missing:
            bench.skip(name, missing)
            continue
        raw = visits(bench, run_heaptrack(bench, program, name + "-raw", "--raw"))
        guessed = visits(bench, run_heaptrack(bench, program, name + "-interpreted"))
        for how, (per_malloc, external) in (("raw", raw), ("interpreted", guessed)):
            add(bench, "guess.%s.%s.visits" % (name, how), "%s, heaptrack %s: visits per malloc of addr-tree" % (name, how),
                "exact_ratio", [per_malloc])
            add(bench, "guess.%s.%s.external_fragmentation" % (name, how),
                "%s, heaptrack %s: external fragmentation" % (name, how), "exact_ratio", [external])


def bench_file(bench, name, path):
    """A file of the user: as a trace of ours, and replayed by as many threads as it has."""
    converted = bench.path("converted.zst")
    bench.runner.run([bench.command("fltrace"), "convert", path, "-o", converted])
    results, _ = bench.replay(path, ["addr-tree", "system"], "--threads=real", "--runs=%d" % bench.runs)
    add(bench, name + ".events", name + ": events", "count", [results["events"]])
    add(bench, name + ".bytes_per_event", name + ": bytes per event, converted", "bytes",
        [os.path.getsize(converted) / results["events"]])
    for target in results["targets"]:
        add(bench, "%s.%s.raw_ns" % (name, target["allocator"]),
            "%s: time per operation, real threads, %s" % (name, target["allocator"]), "ns",
            target["time"]["raw_ns_per_operation_runs"])


def bench_imports(bench):
    bench.say(NAME)
    files = {**generated(bench), **recorded(bench), **{os.path.basename(path): path for path in bench.files}}
    bench_reading(bench, files)
    bench_commands(bench, files["android"])
    for path in bench.files:
        bench_file(bench, os.path.basename(path), path)
    bench_guess(bench)

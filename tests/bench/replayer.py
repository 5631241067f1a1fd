"""What flreplay itself costs: in time beside the allocators, and in memory beside theirs.

  driver        processor's time of the driver's process per event, from the file to the worker: reading, checking,
                decompressing, decoding, planning, handing over. It is in no allocator's time
  loop          the timed loop with an allocator that does nothing, per operation: what is subtracted; net of an
                allocator that does nothing: what the subtraction leaves
  touch         what writing all payload adds to the net time
  check         wall time of a checked replay per event, the allocator's own included, with 65,000 objects live
  latency       of single calls of malloc, the clock's own included
  memory        of the largest process, less 16 MiB, per object that is live at the peak; and of a trace of 52 M events
  switches      context switches per operation of --threads=real
"""

import os
import sys

import peers
import programs
from programs import Program, scaled
from traces import recorded_traces

NAME = "replayer"
TRACES = ("cc1plus", "sqlite3", "perl")
DRIVER_NS_AT_MOST = 12.0
LOOP_NS_AT_MOST = 3.0
CHECK_NS_AT_MOST = 250.0
CHECKED = ("system", "addr-tree,augment=max")
TOUCHED = ("size-tree", "addr-tree,augment=max", "system")
LATENT = ("size-tree", "addr-tree", "system")
BASE_BYTES = 16 * 2**20
BYTES_PER_OBJECT_AT_MOST = 32.0
SWITCHES_AT_MOST = 0.1
THREADS = 100
LONG_PAIRS = 26_000_000
SCALE_AT_LEAST = 0.1  # a trace that fits the processor's cache flatters what reads it
GROWTH_MOST = 100_000
LIVE_LISTS = 250_000  # about 3.5 M objects of python3


def add(bench, key, text, unit, runs, goal=None, target=None):
    bench.add(NAME, "%s.%s" % (NAME, key), text, unit, runs, goal, target)


def replay(bench, trace, targets, *how):
    """One run of flreplay: its trace's results, and what ran."""
    results, run = bench.replay(trace, targets, *how)
    return results, {"flreplay": run}


def bench_time(bench, name, trace):
    def floor():
        # The first run also counts what is in the trace.
        return replay(bench, trace, ["none"], "--check=off", "--runs=2")

    made = bench.calmest(floor)
    add(bench, name + ".driver_ns_per_event", "%s: driver, processor's time per event" % name, "ns",
        [results["driver_cpu_ns_per_event_runs"][1] for results in made],
        *(("at_most", DRIVER_NS_AT_MOST) if name == "cc1plus" else ()))
    add(bench, name + ".loop_ns_per_operation", "%s: loop per operation" % name, "ns",
        [results["floor_ns_per_operation_runs"][1] for results in made], "at_most", LOOP_NS_AT_MOST)
    add(bench, name + ".none_net_ns", "%s: net time of an allocator that does nothing" % name, "ns",
        [results["targets"][0]["time"]["net_ns_per_operation_runs"][1] for results in made])


def bench_check(bench, trace):
    for depth in ("fast", "full"):
        for target in CHECKED:
            def check(depth=depth, target=target):
                results, ran = replay(bench, trace, [target], "--check=" + depth, "--runs=0", "--jobs=1")
                return (results, ran["flreplay"].wall_ns), ran

            goal = ("at_most", CHECK_NS_AT_MOST) if depth == "full" else ()
            add(bench, "cc1plus.%s.%s_check_ns_per_event" % (target, depth),
                "cc1plus: %s check per event, %s" % (depth, target), "ns",
                [wall / results["events"] for results, wall in bench.calmest(check)], *goal)


def bench_touch(bench, trace):
    """What --touch=all adds to the net time, and --populate takes from the page faults."""
    def times(*how):
        results, ran = replay(bench, trace, TOUCHED, "--check=off", "--runs=1", *how)
        return [target["time"] for target in results["targets"]], ran["flreplay"]

    def make():
        runs = {how: times(*how) for how in ((), ("--touch=all",), ("--touch=all", "--populate"))}
        return [times for times, _ in runs.values()], {" ".join(how): run for how, (_, run) in runs.items()}

    made = bench.calmest(make, bench.long_runs)
    for i, target in enumerate(TOUCHED):
        add(bench, "cc1plus.%s.touch_adds_ns" % target, "cc1plus: --touch=all adds per operation, %s" % target, "ns",
            [touched[i]["net_ns_per_operation"] - plain[i]["net_ns_per_operation"] for plain, touched, _ in made])
        if target != "system":
            for how, at in (("touch=all", 1), ("touch=all, --populate", 2)):
                add(bench, "cc1plus.%s.%s.page_faults" % (target, how.replace(", --", ".")),
                    "cc1plus: page faults, --%s, %s" % (how, target), "count", [each[at][i]["page_faults"] for each in made])


def bench_latency(bench, trace):
    targets = [*LATENT, *(name for name in peers.ALLOCATORS if peers.library(name))]
    made = [bench.replay(trace, targets, "--check=off", "--runs=1", "--latency")[0] for _ in range(bench.long_runs)]
    for i, target in enumerate(targets):
        for rank in ("p50", "p999"):
            add(bench, "cc1plus.%s.malloc_%s_ns" % (target, rank), "cc1plus: %s of malloc, %s"
                % (rank.replace("p999", "p99.9"), target), "ns",
                [results["targets"][i]["latency"]["malloc"][rank + "_ns"] for results in made])


def bench_series(bench, trace):
    def seconds(*how):
        return bench.replay(trace, ["size-tree"], "--check=off", *how)[1].wall_ns / 1e9

    add(bench, "cc1plus.series_s", "cc1plus: --series of size-tree", "s",
        [seconds("--runs=0", "--series=" + bench.path("series.csv")) for _ in range(bench.long_runs)])


def bench_growth(bench):
    most = scaled(GROWTH_MOST, min(1, bench.trace_scale), least=1_000)
    ran = [bench.runner.run([bench.command("flreplay"), "--growth=%d" % most]) for _ in range(bench.long_runs)]
    add(bench, "growth_s", "flreplay --growth=%d" % most, "s", [run.wall_ns / 1e9 for run in ran])
    add(bench, "growth_peak_bytes", "flreplay --growth=%d: peak memory" % most, "peak_bytes", [run.peak_bytes for run in ran])


def many_live(scale):
    script = "x = [[str(i)] * 3 + [{'a': i}] for i in range(%d)]; y = [str(z) for z in x]"
    interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    return Program([interpreter, "-c", script % scaled(LIVE_LISTS, scale)],
                   {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})


def bench_live(bench):
    """Memory by objects that are live."""
    trace = bench.record(many_live(bench.trace_scale), "live.zst")
    results, ran = bench.replay(trace, ["none"], "--check=off", "--runs=1")
    live = results["peak_live_objects"]
    add(bench, "bytes_per_live_object", "python3, %.1f M objects live: memory per object" % (live / 1e6), "bytes_each",
        [max(0, ran.peak_bytes - BASE_BYTES) / live], "at_most", BYTES_PER_OBJECT_AT_MOST)


def bench_length(bench):
    """Memory by length of the trace: none."""
    pairs = Program([bench.command("pairs"), str(scaled(LONG_PAIRS, bench.scale))])
    trace = bench.record(pairs, "long.zst")
    for target, check in (("none", "off"), ("addr-tree,augment=max", "fast"), ("system", "fast")):
        results, ran = bench.replay(trace, [target], "--check=" + check, "--runs=1")
        live = results["peak_live_objects"]
        add(bench, "long_trace.%s.peak_bytes" % target, "%.0f M events, %d objects live: peak memory, %s"
            % (results["events"] / 1e6, live, target), "peak_bytes", [ran.peak_bytes], "at_most",
            BASE_BYTES + BYTES_PER_OBJECT_AT_MOST * live)


def threaded(bench):
    """Programs of several threads, by what is told of them."""
    count = str(scaled(4_000_000, bench.scale, least=THREADS))
    return {"2 that free each other's blocks": Program([bench.command("crossfree"), count]),
            "%d at a time" % THREADS: Program([bench.command("pairs"), count, str(THREADS)]),
            "2,000 short ones": Program([bench.command("threads")])}


def bench_threads(bench):
    for text, program in threaded(bench).items():
        trace = bench.record(program, "threads.zst")
        for target in ("system", "addr-tree,augment=max"):
            made = bench.calmest(lambda: replay(bench, trace, [target], "--threads=real", "--check=off", "--runs=1"))
            goal = ("at_most", SWITCHES_AT_MOST) if text.startswith(str(THREADS)) and target == "system" else ()
            add(bench, "%s_threads.%s.switches_per_operation" % (text.split()[0].replace(",", ""), target),
                "real threads, %s: context switches per operation, %s" % (text, target), "switches",
                [results["targets"][0]["time"]["context_switches_per_operation"] for results in made], *goal)


def bench_replayer(bench):
    for name, trace in recorded_traces(bench, TRACES, bench.scale_at_least(SCALE_AT_LEAST)).items():
        bench.say(NAME, name)
        bench_time(bench, name, trace)
        if name == "cc1plus":
            bench_check(bench, trace)
            bench_latency(bench, trace)
    for trace in recorded_traces(bench, ["cc1plus"]).values():
        bench_touch(bench, trace)
        bench_series(bench, trace)
    bench_growth(bench)
    bench_live(bench)
    bench_length(bench)
    bench_threads(bench)

"""What flreplay itself costs: in time beside the allocators, and in memory beside theirs.

  driver        processor's time of the driver's process per event, from the file to the worker: reading, checking,
                decompressing, decoding, planning, handing over. It is in no allocator's time
  loop          the timed loop with an allocator that does nothing, per operation: what is subtracted
  full check    wall time of a checked replay per event, the allocator's own included, with 65,000 objects live
  memory        of the largest process, less 16 MiB, per object that is live at the peak; and of a trace of 52 M events
  switches      context switches per operation of --threads=real, 100 threads
"""

import json
import os
import sys

import allocators
import programs
from measure import Figure

NAME = "replayer"
TRACES = ("cc1plus", "sqlite3", "perl")
DRIVER_NS_AT_MOST = 12.0
LOOP_NS_AT_MOST = 3.0
CHECK_NS_AT_MOST = 250.0
CHECKED = ("system", "addr-tree,augment=max")
BASE_BYTES = 16 * 2**20
BYTES_PER_OBJECT_AT_MOST = 32.0
SWITCHES_AT_MOST = 0.1
THREADS = 100
LONG_PAIRS = 26_000_000
LIVE_LISTS = 250_000  # about 3.5 M objects of python3


def add(bench, key, text, unit, runs, goal=None, target=None):
    if runs:
        bench.figures.append(Figure("%s.%s" % (NAME, key), NAME, text, unit, runs, goal, target))


def replay(bench, trace, *how):
    """One run of flreplay: its trace's results, and what ran."""
    results = os.path.join(bench.folder, "replay.json")
    run = bench.runner.run([bench.command("flreplay"), "--quiet", "--json=" + results, *how, trace])
    with open(results, encoding="utf-8") as file:
        return json.load(file)["traces"][0], {"flreplay": run}


def bench_time(bench, name, trace):
    def floor():
        # The first run also counts what is in the trace.
        return replay(bench, trace, "--check=off", "--runs=2", "--alloc=none")

    made = allocators.calmest(bench, floor)
    add(bench, name + ".driver_ns_per_event", "%s: driver, processor's time per event" % name, "ns",
        [results["driver_cpu_ns_per_event_runs"][1] for results in made],
        *(("at_most", DRIVER_NS_AT_MOST) if name == "cc1plus" else ()))
    add(bench, name + ".loop_ns_per_operation", "%s: loop per operation" % name, "ns",
        [results["floor_ns_per_operation_runs"][1] for results in made], "at_most", LOOP_NS_AT_MOST)


def bench_check(bench, trace):
    for target in CHECKED:
        def check(target=target):
            results, ran = replay(bench, trace, "--check=full", "--runs=0", "--jobs=1", "--alloc=" + target)
            return (results, ran["flreplay"].wall_ns), ran

        made = allocators.calmest(bench, check)
        add(bench, "cc1plus.%s.check_ns_per_event" % target, "cc1plus: full check per event, %s" % target, "ns",
            [wall / results["events"] for results, wall in made], "at_most", CHECK_NS_AT_MOST)


def record(bench, program, name):
    path = os.path.join(bench.folder, name)
    bench.runner.run(bench.recorded(program, path), program.environment, program.stdin)
    return path


def peak(bench, trace):
    results, ran = replay(bench, trace, "--check=off", "--runs=1", "--alloc=none")
    return results, ran["flreplay"].peak_bytes


def many_live(scale):
    script = "x = [[str(i)] * 3 + [{'a': i}] for i in range(%d)]; y = [str(z) for z in x]"
    interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    return programs.Program([interpreter, "-c", script % programs.scaled(LIVE_LISTS, scale)],
                            {"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})


def bench_memory(bench):
    results, bytes_at_peak = peak(bench, record(bench, many_live(bench.scale), "live.zst"))
    live = results["peak_live_objects"]
    add(bench, "bytes_per_live_object", "python3, %.1f M objects live: memory per object" % (live / 1e6), "bytes_each",
        [max(0, bytes_at_peak - BASE_BYTES) / live], "at_most", BYTES_PER_OBJECT_AT_MOST)
    pairs = programs.Program([os.path.join(bench.build, "tests/programs/pairs"),
                              str(programs.scaled(LONG_PAIRS, bench.scale))])
    results, bytes_at_peak = peak(bench, record(bench, pairs, "long.zst"))
    add(bench, "long_trace_peak_bytes", "%.0f M events, %d objects live: peak memory"
        % (results["events"] / 1e6, results["peak_live_objects"]), "peak_bytes", [bytes_at_peak], "at_most",
        BASE_BYTES + BYTES_PER_OBJECT_AT_MOST * results["peak_live_objects"])


def bench_threads(bench):
    pairs = programs.Program([os.path.join(bench.build, "tests/programs/pairs"),
                              str(programs.scaled(4_000_000, bench.scale, least=THREADS)), str(THREADS)])
    trace = record(bench, pairs, "threads.zst")
    made = allocators.calmest(bench, lambda: replay(bench, trace, "--threads=real", "--check=off", "--runs=1",
                                                    "--alloc=system"))
    threads = made[0]["targets"][0]["time"]["threads"]
    add(bench, "switches_per_operation", "%d real threads: context switches per operation" % threads, "switches",
        [results["targets"][0]["time"]["context_switches_per_operation"] for results in made], "at_most",
        SWITCHES_AT_MOST)


def bench_replayer(bench):
    for name, trace in allocators.recorded_traces(bench, TRACES).items():
        bench_time(bench, name, trace)
        if name == "cc1plus":
            bench_check(bench, trace)
    bench_memory(bench)
    bench_threads(bench)

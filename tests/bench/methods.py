"""What each way of measuring an allocator says of the same programs.

  program      the whole program with the allocator preloaded: wall time / with glibc's. The way of
               mimalloc-bench, and the truth that the others stand for
  raw          replay, driver's loop included, blocks not touched: the way of mdriver (CMU's malloc lab)
               and of malloc-bench
  each timed   replay, each call between two readings of the clock: the way of Android's memory_replay.
               The median of its malloc calls
  net          flreplay: the driver's floor subtracted, payload touched
  predicted    the program's time, had it the net time of the other allocator: its time with glibc's plus
               the difference of the net times for all its calls, / its time with glibc's

All are of one round, and in turn: programs first, then the replays of their recorded calls. How far
`predicted` lies from `program` is what a replay does not see: where the blocks lie when the program
works on them.
"""

import os

import peers
import programs
import traces

NAME = "methods"
PROGRAMS = ("cc1plus", "sqlite3", "perl")
OURS = "addr-tree,augment=max"
SCALE_AT_LEAST = 0.05  # shorter programs are mostly their start


def preloads(bench):
    """What the environment of the program gets for each allocator."""
    found = {"system": {}}
    for name in peers.ALLOCATORS:
        path = peers.library(name)
        if path:
            found[name] = {"LD_PRELOAD": path}
        else:
            bench.skip(name, "not installed")
    ours = os.path.join(bench.build, "allocator/dropin/libflmalloc.so")
    if os.path.exists(ours):
        found[OURS] = {"LD_PRELOAD": ours, "FLMALLOC": OURS}
    return found


def round_make(bench, program, trace, preloaded):
    """One round: {name of a way: {allocator: number}}, and what ran."""
    runs = {name: bench.runner.run(program.argv, {**program.environment, **preload}, program.stdin)
            for name, preload in preloaded.items()}
    names = list(preloaded)
    touched, runs["touched"] = bench.replay(trace, names, "--check=off", "--runs=1", "--touch=all")
    bare, runs["bare"] = bench.replay(trace, names, "--check=off", "--runs=1", "--latency")
    calls = {target["allocator"]: target["latency"]["malloc"]["p50_ns"] for target in bare["targets"]}
    net = times(touched, "net_ns_per_operation")
    wall = {name: runs[name].wall_ns for name in names}
    predicted = {name: wall["system"] + (net[name] - net["system"]) * touched["operations"] for name in names}
    return {"program": wall, "raw": times(bare, "raw_ns_per_operation"), "each timed": calls, "net": net,
            "predicted": {name: value / wall["system"] for name, value in predicted.items()}}, runs


def times(results, key):
    return {target["allocator"]: target["time"][key] for target in results["targets"]}


def ratio(way, numbers, name):
    return numbers[name] if way == "predicted" else numbers[name] / max(numbers["system"], 0.01)


def bench_methods(bench):
    preloaded = preloads(bench)
    scale = bench.scale_at_least(SCALE_AT_LEAST)
    for name, trace in traces.recorded_traces(bench, PROGRAMS, scale).items():
        bench.say(NAME, name)
        program = programs.workload(name).make(bench.folder, scale, bench.build)
        made = bench.calmest(lambda: round_make(bench, program, trace, preloaded), bench.long_runs)
        for allocator in [each for each in preloaded if each != "system"]:
            for way in made[0]:
                bench.add(NAME, "%s.%s.%s.%s" % (NAME, name, allocator, way.replace(" ", "_")),
                          "%s: %s / glibc, %s" % (name, allocator, way), "ratio",
                          [ratio(way, each[way], allocator) for each in made])

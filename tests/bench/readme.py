"""What README shows: cc1plus recorded, and replayed into the family and every other allocator that is here.

  net time      driver's loop subtracted, payload not touched
  relative      to size-tree's, as the table of flreplay has it
  footprint     largest, over the peak of payload
  pack          size of the trace packed, over that as it was recorded
  tcache        glibc without its cache for each thread, over glibc as it is
"""

import os

import peers
import programs

NAME = "readme"
FAMILY = ("size-tree", "addr-tree,augment=max", "combo-tree")
TCACHE_OFF = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}


def add(bench, key, text, unit, runs):
    bench.add(NAME, "%s.%s" % (NAME, key), "cc1plus: " + text, unit, runs)


def add_trace(bench, results, trace):
    for key in ("events", "objects", "peak_live_objects"):
        add(bench, key, key.replace("_", " "), "count", [results[key]])
    add(bench, "peak_payload_bytes", "peak of payload", "peak_bytes", [results["peak_payload_bytes"]])
    add(bench, "bytes_per_event", "bytes per event", "bytes", [os.path.getsize(trace) / results["events"]])


def add_times(bench, targets):
    first = targets[0]["time"]["net_ns_per_operation_runs"]
    for target in targets:
        runs = target["time"]["net_ns_per_operation_runs"]
        add(bench, target["allocator"] + ".net_ns", "net time per operation, %s" % target["allocator"], "ns", runs)
        add(bench, target["allocator"] + ".relative", "net time, %s / size-tree" % target["allocator"], "ratio",
            [ours / theirs for ours, theirs in zip(runs, first) if theirs > 0])
    for target in targets:
        add(bench, target["allocator"] + ".page_faults", "page faults, %s" % target["allocator"], "count",
            target["time"]["page_faults_runs"])


def add_memory(bench, results):
    for target in results["targets"]:
        # Of a foreign allocator where the machine lets its system calls be counted.
        memory = target["counts"] or target["memory"]
        if memory:
            add(bench, target["allocator"] + ".footprint_ratio", "peak footprint / peak payload, %s" % target["allocator"],
                "exact_ratio", [memory["peak_footprint_bytes"] / results["peak_payload_bytes"]])
        if target["memory"]:
            add(bench, target["allocator"] + ".kernel_calls", "system calls, %s" % target["allocator"], "count",
                [target["memory"]["calls"]])
            add(bench, target["allocator"] + ".loaded_bytes", "memory before the first call, %s" % target["allocator"],
                "peak_bytes", [target["memory"]["loaded_footprint_bytes"]])


def add_counts(bench, targets):
    for target in targets:
        counts, name = target["counts"], target["allocator"]
        if counts is None:
            continue
        add(bench, name + ".visits_per_malloc", "visits per malloc, %s" % name, "exact_ratio",
            [counts["visits_malloc"] / counts["mallocs"]])
        add(bench, name + ".visits_per_free", "visits per free, %s" % name, "exact_ratio",
            [counts["visits_free"] / counts["frees"]])
        for key in ("splits", "merges", "mmap_calls"):
            add(bench, "%s.%s" % (name, key), "%s, %s" % (key.replace("_", " "), name), "count", [counts[key]])
        add(bench, name + ".mean_free_blocks", "free blocks, mean, %s" % name, "count", [counts["mean_free_blocks"]])
        for side in ("internal", "external"):
            add(bench, "%s.%s_fragmentation" % (name, side), "%s fragmentation, %s" % (side, name), "exact_ratio",
                [counts[side + "_fragmentation"]])


def bench_pack(bench, trace):
    packed = bench.path("packed.zst")
    bench.runner.run([bench.command("fltrace"), "pack", "-o", packed, trace])
    add(bench, "pack_ratio", "bytes, packed / recorded", "exact_ratio", [os.path.getsize(packed) / os.path.getsize(trace)])


def bench_tcache(bench, trace):
    def make():
        pair = [bench.replay(trace, ["system"], "--check=off", "--runs=1", environment=environment)
                for environment in (None, TCACHE_OFF)]
        times = [results["targets"][0]["time"]["net_ns_per_operation"] for results, _ in pair]
        return times, {str(i): run for i, (_, run) in enumerate(pair)}

    add(bench, "system.tcache_off_ratio", "net time, glibc without tcache / with", "ratio",
        [without / usual for usual, without in bench.calmest(make, bench.long_runs) if usual > 0])


def bench_readme(bench):
    bench.say(NAME)
    try:
        trace = bench.record(programs.cc1plus(bench.folder, bench.shown_scale, bench.build), "t.zst")
    except programs.Missing as missing:
        bench.skip(NAME, missing)
        return
    targets = [*FAMILY, "system", *(name for name in peers.ALLOCATORS if peers.library(name))]
    results, _ = bench.replay(trace, targets, "--check=off", "--runs=%d" % bench.long_runs)
    add_trace(bench, results, trace)
    add_times(bench, results["targets"])
    add_memory(bench, results)
    add_counts(bench, results["targets"])
    bench_pack(bench, trace)
    bench_tcache(bench, trace)

"""The allocator family beside glibc's malloc, on recorded traces with all payload touched.

The traces are recorded once (traces.py). Each round is one run of flreplay: the driver's floor, each
tree and the system's malloc in turn, so that a ratio is always of one run. Rounds in which other
processes took part of the machine are repeated, as in measure.py.

What other settings of trim-size give back, and by how many calls, is counted on the same traces, not timed.

A list costs O(n) per call: of its trace only a beginning is replayed, halved until the free list
stays below LIST_LENGTH_AT_MOST. Its figure is the whole net time divided by the visited nodes,
on traces where a call visits at least VISITS_AT_LEAST on average: with fewer, what a call costs
beside its visits would be all that shows.
"""

import math
import subprocess

from measure import Failed
from traces import recorded_traces

NAME = "allocators"
EXIT_USAGE = 2
TRACES = ("cc1plus", "python3", "sqlite3", "perl")
# Target: time per operation / glibc's at most. Each also with TRIM, which gives memory back: time
# is judged without it, footprint with it, both are shown.
TREES = {"size-tree": 3.2, "addr-tree,augment=max": 3.8, "combo-tree": 5.5}
TRIM = ",trim=threshold"
# Of size-tree: what is given back, and when.
TRIM_SIZES = (",trim=threshold,trim-size=128k", ",trim=threshold,trim-size=16k", ",trim=always")
LISTS = ("list-addr", "list-lifo,tags=none", "list-size")
FOOTPRINT_AT_MOST = 1.16
NS_PER_VISIT_AT_MOST = 8.0
LIST_EVENTS = 200_000
LIST_EVENTS_AT_LEAST = 1_000
LIST_LENGTH_AT_MOST = 1_000
VISITS_AT_LEAST = 10


def known(bench, targets, trace):
    """Those of `targets` that this flreplay has, knobs included; the others are skipped by name."""
    found = []
    for target in targets:
        done = subprocess.run([bench.command("flreplay"), "--quiet", "--runs=0", "--limit=1",
                               "--alloc=" + target, trace], capture_output=True, text=True,
                              check=False)
        if done.returncode == 0:
            found.append(target)
        elif done.returncode == EXIT_USAGE:
            bench.skip(NAME, done.stderr.splitlines()[0])
        else:
            raise Failed(done.stderr)
    return found


def rounds(bench, trace, targets, *how):
    def make():
        results, run = bench.replay(trace, targets, "--check=off", "--runs=1", "--touch=all", *how)
        return results, {"flreplay": run}

    return bench.calmest(make, bench.long_runs)


def net_ns(results, i):
    return results["targets"][i]["time"]["net_ns_per_operation"]


def mean(numbers):
    """Geometric mean."""
    return math.exp(sum(map(math.log, numbers)) / len(numbers))


def ratios(made, i):
    """Time of target number `i` over the last one's, the system's, round by round."""
    return [max(net_ns(results, i), 0.01) / max(net_ns(results, -1), 0.01) for results in made]


def footprint(made, i):
    counts = made[0]["targets"][i]["counts"]
    return counts["peak_footprint_bytes"] / counts["peak_payload_bytes"]


def add(bench, key, text, unit, runs, goal=None, target=None):
    bench.add(NAME, "%s.%s" % (NAME, key), text, unit, runs, goal, target)


def add_trees(bench, trees, made_of):
    """Ratios of each tree by trace, and their geometric means, round by round."""
    for i, tree in enumerate(trees):
        for name, made in made_of.items():
            add(bench, "%s.%s.time_ratio" % (name, tree),
                "%s: time per operation, %s / glibc" % (name, tree), "ratio", ratios(made, i))
    for i, tree in enumerate(trees):
        add(bench, "%s.time_ratio" % tree, "geometric mean: time per operation, %s / glibc" % tree,
            "ratio", list(map(mean, zip(*(ratios(made, i) for made in made_of.values())))),
            "at_most" if tree in TREES else None, TREES.get(tree))
    for i, tree in enumerate(trees):
        for name, made in made_of.items():
            add(bench, "%s.%s.footprint_ratio" % (name, tree),
                "%s: peak footprint / peak payload, %s" % (name, tree), "exact_ratio",
                [footprint(made, i)])
    for i, tree in enumerate(trees):
        add(bench, "%s.footprint_ratio" % tree,
            "geometric mean: peak footprint / peak payload, %s" % tree, "exact_ratio",
            [mean([footprint(made, i) for made in made_of.values()])],
            "at_most" if tree.endswith(TRIM) else None,
            FOOTPRINT_AT_MOST if tree.endswith(TRIM) else None)


def add_system(bench, made_of):
    for name, made in made_of.items():
        add(bench, "%s.system.net_ns" % name, "%s: time per operation, glibc" % name, "ns",
            [net_ns(results, -1) for results in made])


def visits_of(results):
    counts = results["targets"][0]["counts"]
    return counts["visits_malloc"] + counts["visits_free"]


def list_limit(bench, trace, target):
    """Number of events that keep the free list short, and visits per operation there."""
    limit = LIST_EVENTS
    while True:
        results, _ = bench.replay(trace, [target], "--check=off", "--runs=1", "--limit=%d" % limit)
        length = results["targets"][0]["counts"]["peak_free_blocks"]
        if length <= LIST_LENGTH_AT_MOST or limit <= LIST_EVENTS_AT_LEAST:
            return limit, visits_of(results) / max(results["operations"], 1)
        limit //= 2


def list_figures(bench, target, traces):
    """ns per visited node in each round, by trace."""
    by_trace = {}
    for name, trace in traces.items():
        limit, visits_per_operation = list_limit(bench, trace, target)
        if visits_per_operation >= VISITS_AT_LEAST:
            made = rounds(bench, trace, [target], "--limit=%d" % limit)
            by_trace[name] = [net_ns(results, 0) * results["operations"] / visits_of(results)
                              for results in made]
    return by_trace


def add_lists(bench, lists, traces):
    for target in lists:
        by_trace = list_figures(bench, target, traces)
        if not by_trace:
            bench.skip(NAME, "%s: no trace has %d visits per call" % (target, VISITS_AT_LEAST))
        for name, runs in by_trace.items():
            add(bench, "%s.%s.ns_per_visit" % (name, target),
                "%s: time per visited node, %s" % (name, target), "ns", runs, "at_most",
                NS_PER_VISIT_AT_MOST)


def kernel_calls(counts):
    return counts["mmap_calls"] + counts["munmap_calls"] + counts["madvise_calls"]


def add_trims(bench, made_of, trees, traces):
    """Footprint and calls to the kernel by what is given back: of size-tree, over all traces."""
    plain = [made[0]["targets"][trees.index("size-tree")]["counts"] for made in made_of.values()]
    usual = [made[0]["targets"][trees.index("size-tree" + TRIM)]["counts"] for made in made_of.values()]
    targets = ["size-tree" + knobs for knobs in TRIM_SIZES]
    counted = [bench.replay(trace, targets, "--check=off", "--runs=1")[0]["targets"] for trace in traces.values()]
    rows = [("trim=never", plain), ("trim=threshold", usual)]
    rows += [(knobs[1:], [each[i]["counts"] for each in counted]) for i, knobs in enumerate(TRIM_SIZES)]
    for knobs, counts in rows:
        add(bench, "size-tree,%s.kernel_calls" % knobs, "all traces: calls to the kernel, size-tree,%s" % knobs, "count",
            [sum(map(kernel_calls, counts))])
    for knobs, counts in rows[2:]:
        add(bench, "size-tree,%s.footprint_ratio" % knobs, "geometric mean: peak footprint / peak payload, size-tree,%s"
            % knobs, "exact_ratio", [mean([each["peak_footprint_bytes"] / each["peak_payload_bytes"] for each in counts])])


def bench_allocators(bench):
    """All figures of the family; what other processes took goes to bench.disturbances."""
    traces = recorded_traces(bench, TRACES)
    if not traces:
        return
    any_trace = next(iter(traces.values()))
    trees = known(bench, [tree + trim for tree in TREES for trim in ("", TRIM)], any_trace)
    made_of = {}
    for name, trace in traces.items():
        bench.say(NAME, name)
        made_of[name] = rounds(bench, trace, [*trees, "system"])
    add_system(bench, made_of)
    add_trees(bench, trees, made_of)
    add_trims(bench, made_of, trees, traces)
    add_lists(bench, known(bench, LISTS, any_trace), traces)

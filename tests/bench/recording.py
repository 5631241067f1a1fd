"""Each program bare, under flrec, heaptrack and LTTng-UST's wrapper of malloc, in turn, so that what compares was
measured in one run; then its trace is read and replayed.

  added time        wall time of the whole command, less that of the bare program in the same round,
                    less what the command adds to a program that makes one pair (start-up);
                    per event: per recorded call, a pair being two
  / heaptrack's     flrec's added time divided by heaptrack's, round by round
  / LTTng's         the same with LTTng's, whose channel is lossless (lttng.py)
  stacks            flrec --stacks; heaptrack always records them
  --level=3         flrec's default level is 3, and 1 while chunks hardly shrink, as those of pairs;
                    where it matters both are measured
  --time=us, ns     of cc1plus
  CPU time          of the program and the recorder together
  bytes per event   of a program that is less shortened than what is timed (--quick)
  events decoded    reading, checking and decoding to operations, on one core
  driver floor      what flreplay's loop costs with an allocator that does nothing
  peak memory       of the largest process of flreplay, with --check=fast
"""

import os
import statistics
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager

import lttng
import measure
import peers
import programs
from bench import scratch
from measure import Failed

FLOOR_NS_AT_MOST = 6.0
DECODE_PER_S_AT_LEAST = 45e6
RUN_RATIO_AT_MOST = 2.5
PEER_RATIO_AT_MOST = 0.15
STACKS_RATIO_AT_MOST = 0.6
STACKS_SMALLER_AT_LEAST = 2.5
WITH_STACKS = ("cc1plus", "python3")  # whose stacks have a target
WITH_TIMES = ("cc1plus",)             # whose traces with times are measured
GROWTH_AT_MOST = 1.05  # of peak memory, for twice the length
ALLOCATORS = ("addr-tree,augment=max", "system")


class Contest:
    """Rounds of one program, and what of them is told."""

    def __init__(self, bench, workload, events, rounds):
        self.bench, self.name, self.events, self.rounds = bench, workload.name, events, rounds
        self.start_ns = bench.start_ns

    def ratios(self, name, what="wall_ns"):
        return [getattr(each[name], what) / getattr(each["bare"], what) for each in self.rounds]

    def added(self, name):
        return [each[name].wall_ns - each["bare"].wall_ns - self.start_ns[name] for each in self.rounds]

    def added_per_event(self, name):
        return [time / self.events for time in self.added(name)]

    def added_ratios(self, name, peer):
        return [ours / theirs for ours, theirs in zip(self.added(name), self.added(peer)) if theirs > 0]

    def add(self, key, text, unit, runs, *target):
        self.bench.add("recording", "%s.%s" % (self.name, key), "%s: %s" % (self.name, text), unit, runs, *target)

    def has(self, name):
        return name in self.rounds[0]


def commands(bench, program, trace, tracer, with_times=False):
    """What runs in turn, by name."""
    made = {"bare": program.argv, "flrec": bench.recorded(program, trace),
            "flrec --level=3": bench.recorded(program, bench.path("level3.zst"), "--level=3"),
            "flrec --stacks": bench.recorded(program, bench.path("stacks.zst"), "--stacks")}
    if with_times:
        for unit in ("us", "ns"):
            made["flrec --time=" + unit] = bench.recorded(program, bench.path(unit + ".zst"), "--time=" + unit)
    if peers.has_heaptrack(bench):
        made["heaptrack"] = ["heaptrack", "-o", bench.path("peer"), *program.argv]
    if tracer:
        made["LTTng"] = tracer.command(program.argv)
    return made


def rounds_of(bench, program, trace, tracer, with_times=False):
    before = {"LTTng": tracer.clear} if tracer else {}
    return bench.runner.rounds(commands(bench, program, trace, tracer, with_times), program, bench.runs, before)


def measure_start(bench, tracer):
    rounds = rounds_of(bench, programs.one_pair(bench.build), bench.path("t.zst"), tracer, with_times=True)
    for name in rounds[0]:
        bench.start_ns[name] = statistics.median(each[name].wall_ns - each["bare"].wall_ns for each in rounds)


def add_flrec(contest, is_aimed):
    limit = ("at_most", RUN_RATIO_AT_MOST) if is_aimed else ()
    contest.add("run_ratio", "run time, flrec / bare", "ratio", contest.ratios("flrec"), *limit)
    contest.add("added_ns_per_event", "time flrec adds per event", "ns", contest.added_per_event("flrec"))
    contest.add("cpu_ratio", "CPU time, flrec / bare", "ratio", contest.ratios("flrec", "cpu_ns"))
    if is_aimed:
        contest.add("level_3_run_ratio", "run time, flrec --level=3 / bare", "ratio",
                    contest.ratios("flrec --level=3"))
        contest.add("level_3_added_ns_per_event", "time flrec --level=3 adds per event", "ns",
                    contest.added_per_event("flrec --level=3"))
    contest.add("stacks_run_ratio", "run time, flrec --stacks / bare", "ratio", contest.ratios("flrec --stacks"))
    contest.add("stacks_added_ns_per_event", "time flrec --stacks adds per event", "ns",
                contest.added_per_event("flrec --stacks"))
    for unit in ("us", "ns"):
        if contest.has("flrec --time=" + unit):
            contest.add("time_%s_run_ratio" % unit, "run time, flrec --time=%s / flrec" % unit, "ratio",
                        [each["flrec --time=" + unit].wall_ns / each["flrec"].wall_ns for each in contest.rounds])


def add_lttng(contest):
    contest.add("lttng_run_ratio", "run time, LTTng / bare", "ratio", contest.ratios("LTTng"))
    contest.add("added_per_lttngs", "added time, flrec's / LTTng's", "ratio", contest.added_ratios("flrec", "LTTng"))


def add_heaptrack(contest, is_aimed):
    goal = ("at_most", STACKS_RATIO_AT_MOST) if contest.name in WITH_STACKS else ()
    contest.add("stacks_added_per_heaptracks", "added time, flrec --stacks' / heaptrack's", "ratio",
                contest.added_ratios("flrec --stacks", "heaptrack"), *goal)
    contest.add("heaptrack_run_ratio", "run time, heaptrack / bare", "ratio", contest.ratios("heaptrack"))
    limit = ("at_most", PEER_RATIO_AT_MOST) if is_aimed else ()
    contest.add("added_per_heaptracks", "added time, flrec's / heaptrack's", "ratio",
                contest.added_ratios("flrec", "heaptrack"), *limit)
    if is_aimed:
        contest.add("level_3_added_per_heaptracks", "added time, flrec --level=3's / heaptrack's", "ratio",
                    contest.added_ratios("flrec --level=3", "heaptrack"))


def add_recording(contest):
    is_aimed = contest.name == "pairs"  # the targets are those of one thread
    add_flrec(contest, is_aimed)
    if contest.has("LTTng"):
        add_lttng(contest)
    if contest.has("heaptrack"):
        add_heaptrack(contest, is_aimed)
    contest.bench.disturbances += [measure.disturbance(each) for each in contest.rounds]


def add_sizes(bench, workload, events, long, long_events):
    """Of the files that the last round left, and of those by name in `long`, traces of a longer run of it."""
    def add(key, text, bytes_in_file, *target):
        bench.add("size", "%s.%s" % (workload.name, key), "%s: %s" % (workload.name, text), "bytes",
                  [bytes_in_file], *target)

    limit = workload.bytes_per_event_at_most
    goal = ("at_most", limit) if limit else ()
    add("bytes_per_event", "bytes per event", os.path.getsize(long["t"]) / long_events, *goal)
    add("level_3_bytes_per_event", "bytes per event, --level=3", os.path.getsize(bench.path("level3.zst")) / events)
    stacks = os.path.getsize(bench.path("stacks.zst"))
    add("stacks_bytes_per_event", "bytes per event, --stacks", stacks / events)
    for unit in ("us", "ns"):
        if unit in long:
            add("time_%s_bytes_per_event" % unit, "bytes per event, --time=" + unit,
                os.path.getsize(long[unit]) / long_events)
    peer = [bench.path(name) for name in os.listdir(bench.folder) if name.startswith("peer")]
    if peer:
        smaller = ("at_least", STACKS_SMALLER_AT_LEAST) if workload.name in WITH_STACKS else ()
        bench.add("size", workload.name + ".stacks_smaller", workload.name + ": size, heaptrack's / flrec --stacks'",
                  "ratio", [os.path.getsize(peer[0]) / stacks], *smaller)


def decode(bench, trace, runs):
    """Events of the trace, and the time of each reading in ns."""
    done = subprocess.run([bench.command("bench_decode"), trace, str(runs)], capture_output=True,
                          text=True, check=False)
    if done.returncode != 0:
        raise Failed(done.stderr)
    figures = measure.key_values(done.stdout)
    return figures["events"][0], figures["ns"]


def bench_decode(bench, workload, trace):
    events, times = decode(bench, trace, bench.runs)
    limit = ("at_least", DECODE_PER_S_AT_LEAST) if workload.is_real else ()
    bench.add("replay", workload.name + ".decoded_events_per_s", workload.name + ": events per second, decoded",
              "events_per_s", [events * 1e9 / time for time in times], *limit)


def bench_replay(bench, workload, trace):
    replayed, _ = bench.replay(trace, ALLOCATORS, "--check=off", "--runs=%d" % bench.runs)
    bench.add("replay", workload.name + ".floor_ns_per_operation", workload.name + ": driver floor per operation", "ns",
              replayed["floor_ns_per_operation_runs"], "at_most", FLOOR_NS_AT_MOST)
    tree, system = (target["time"]["net_ns_per_operation_runs"] for target in replayed["targets"])
    bench.add("replay", workload.name + ".tree_ratio",
              workload.name + ": time per operation, addr-tree,augment=max / system", "ratio",
              [ours / theirs for ours, theirs in zip(tree, system) if theirs > 0])


def replay_peak(bench, trace):
    _, ran = bench.replay(trace, ALLOCATORS, "--check=fast", "--runs=1")
    return ran.peak_bytes


def bench_memory(bench, workload, trace):
    if workload.longer is None:
        return
    longer = bench.record(workload.longer(bench.folder, bench.scale, bench.build), "longer.zst")
    once, twice = replay_peak(bench, trace), replay_peak(bench, longer)
    bench.add("replay", workload.name + ".replay_peak_bytes", workload.name + ": peak memory of flreplay", "peak_bytes",
              [once])
    bench.add("replay", workload.name + ".replay_peak_growth",
              workload.name + ": peak memory of flreplay, twice the length / once", "ratio", [twice / once],
              "at_most", GROWTH_AT_MOST)


def long_traces(bench, workload, trace):
    """Traces by name, of a longer run where what is timed is shortened more: recorded anew, in a folder of its own."""
    units = ("us", "ns") if workload.name in WITH_TIMES else ()
    if not workload.is_real or bench.scale == bench.trace_scale:
        return {"t": trace, **{unit: bench.path(unit + ".zst") for unit in units}}
    folder = bench.path("long")
    os.mkdir(folder)
    program = workload.make(folder, bench.trace_scale, bench.build)
    return {"t": bench.record(program, "long/t.zst"),
            **{unit: bench.record(program, "long/%s.zst" % unit, "--time=" + unit) for unit in units}}


def bench_workload(bench, workload, tracer):
    """All figures of one program."""
    program = workload.make(bench.folder, bench.scale, bench.build)
    trace = bench.record(program, "t.zst")
    events, _ = decode(bench, trace, 1)
    rounds = rounds_of(bench, program, trace, tracer, workload.name in WITH_TIMES)
    add_recording(Contest(bench, workload, events, rounds))
    long = long_traces(bench, workload, trace)
    add_sizes(bench, workload, events, long, decode(bench, long["t"], 1)[0])
    bench_decode(bench, workload, trace)
    bench_replay(bench, workload, trace)
    bench_memory(bench, workload, trace)


@contextmanager
def tracing(bench):
    """LTTng's session, None when there can be none."""
    with tempfile.TemporaryDirectory(prefix="flrec-bench-lttng-") as folder, ExitStack() as stack:
        try:
            session = stack.enter_context(lttng.session(folder))
        except lttng.Missing as missing:
            bench.skip("LTTng", missing)
            session = None
        yield session


def bench_programs(bench, names):
    """Run the workloads called `names`."""
    with tracing(bench) as tracer:
        with scratch(bench):
            measure_start(bench, tracer)
        for workload in programs.WORKLOADS:
            if workload.name in names:
                bench.say(workload.name, workload.what)
                with scratch(bench):
                    try:
                        bench_workload(bench, workload, tracer)
                    except programs.Missing as missing:
                        bench.skip(workload.name, missing)

"""What flrec costs besides the time of an event.

  stamps          added time with the shared counter that orders threads, of that with the processor's counter, by
                  number of threads; no start-up is taken off, since it is the same
  valgrind        run time of a small program under memcheck, and with --trace-malloc=yes, beside flrec's
  join            what a process more adds: 200 runs of true from a shell, recorded less bare
  fork            what a fork takes with 300,000 live objects, seen from the child: the copy of the live set
  memory          of a program of a million pairs, its peak; of flrec, with 60 processes that live at a time
"""

import os
import shutil
import sys

import measure
import programs
from programs import Program, scaled

NAME = "recorder"
STAMPED_PAIRS = 6_000_000
STAMPED_THREADS = (1, 2, 4, 16)
VALGRIND_SCALE = 0.1
JOINED = 200
PROCESSES = 60
FORKED_OBJECTS = 300_000
MEMORY_PAIRS = 1_000_000
FORK = """import os, sys, time
held = [bytes(40) for _ in range(%d)]
def fork():
    start = time.perf_counter()
    if os.fork() == 0:
        took = time.perf_counter() - start
        with open(sys.argv[1], "w") as out:
            out.write("ns %%d\\n" %% (took * 1e9))
        os._exit(0)
    os.wait()
fork()
"""


def add(bench, key, text, unit, runs):
    bench.add(NAME, "%s.%s" % (NAME, key), text, unit, runs)


def rounds_of(bench, program, commands, count=None):
    rounds = bench.runner.rounds(commands, program, count or bench.runs)
    bench.disturbances += [measure.disturbance(each) for each in rounds]
    return rounds


def bench_stamps(bench):
    pairs = str(scaled(STAMPED_PAIRS, bench.scale))
    for threads in STAMPED_THREADS:
        program = Program([bench.command("pairs"), pairs, str(threads)])
        commands = {"bare": program.argv}
        for kind in ("counter", "tsc"):
            commands[kind] = bench.recorded(program, bench.path("t.zst"), "--stamp=" + kind)
        rounds = [{name: run.wall_ns for name, run in each.items()} for each in rounds_of(bench, program, commands)]
        add(bench, "stamps.%d.counter_per_tscs" % threads,
            "pairs, %d threads: added time, shared counter's / processor's" % threads, "ratio",
            [(each["counter"] - each["bare"]) / (each["tsc"] - each["bare"]) for each in rounds
             if each["tsc"] > each["bare"]])


def bench_valgrind(bench):
    if shutil.which("valgrind") is None:
        bench.skip("valgrind", "not installed")
        return
    program = programs.perl(bench.folder, min(1, 2 * bench.scale) * VALGRIND_SCALE, bench.build)
    log = "--log-file=" + bench.path("valgrind.log")
    rounds = rounds_of(bench, program, {
        "bare": program.argv, "flrec": bench.recorded(program, bench.path("t.zst")),
        "memcheck": ["valgrind", log, *program.argv],
        "valgrind --trace-malloc=yes": ["valgrind", "--trace-malloc=yes", log, *program.argv]}, bench.long_runs)
    for name in list(rounds[0])[1:]:
        add(bench, "small_perl.%s.run_ratio" % name.replace("valgrind --", "").replace("=yes", ""),
            "perl for a moment: run time, %s / bare, start included" % name, "ratio",
            [each[name].wall_ns / each["bare"].wall_ns for each in rounds])


def bench_join(bench):
    count = scaled(JOINED, min(1, bench.scale), least=20)
    program = Program(["sh", "-c", "i=0; while [ $i -lt %d ]; do /bin/true; i=$((i + 1)); done" % count])
    rounds = rounds_of(bench, program, {"bare": program.argv,
                                        "recorded": bench.recorded(program, bench.path("joined.zst"))})
    for name in ("bare", "recorded"):
        add(bench, "process_ms.%s" % name, "time of a process that does nothing, %s" % name, "ms",
            [each[name].wall_ns / count / 1e6 for each in rounds])


def bench_fork(bench):
    interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
    objects = scaled(FORKED_OBJECTS, min(1, bench.trace_scale))
    script = programs.write(bench.folder, "fork.py", (FORK % objects).splitlines())
    took = bench.path("took")
    program = Program([interpreter, script, took], {"PYTHONMALLOC": "malloc"})
    times = {"bare": [], "recorded": []}
    for _ in range(bench.runs):
        for name, argv in (("bare", program.argv), ("recorded", bench.recorded(program, bench.path("forked.zst")))):
            bench.runner.run(argv, program.environment)
            with open(took, encoding="ascii") as file:
                times[name].append(measure.key_values(file.read())["ns"][0] / 1e6)
    for name, runs in times.items():
        add(bench, "fork_ms.%s" % name, "fork with %s live objects, until the child runs, %s" % (f"{objects:,}", name),
            "ms", runs)


def peak_inside(bench, program, *how):
    """Peak memory of a program that is recorded, without flrec's."""
    result = bench.path("inside")
    timed = Program([bench.runner.timer, result, *program.argv])
    bench.runner.run(bench.recorded(timed, bench.path("inside.zst"), *how))
    with open(result, encoding="ascii") as file:
        return measure.key_values(file.read())["peak_bytes"][0]


def flrec_peak(bench, processes):
    """Peak memory of flrec while so many processes live at a time."""
    program = Program(["sh", "-c", "i=0; while [ $i -lt %d ]; do sleep 0.5 & i=$((i + 1)); done; wait" % processes])
    return bench.runner.run(bench.recorded(program, bench.path("many.zst"))).peak_bytes


def bench_memory(bench):
    pairs = scaled(MEMORY_PAIRS, min(1, bench.trace_scale))
    program = Program([bench.command("pairs"), str(pairs)])
    peaks = {"bare": bench.runner.run(program.argv).peak_bytes, "flrec": peak_inside(bench, program),
             "flrec --stacks": peak_inside(bench, program, "--stacks")}
    for name, peak in peaks.items():
        add(bench, "program_peak.%s" % name, "peak memory of a program of %s pairs, %s" % (f"{pairs:,}", name), "peak_bytes",
            [peak])
    few, many = flrec_peak(bench, 1), flrec_peak(bench, PROCESSES)
    add(bench, "flrec_peak", "peak memory of flrec, %d processes at a time" % PROCESSES, "peak_bytes", [many])
    add(bench, "flrec_bytes_per_process", "memory of flrec for each process more", "peak_bytes",
        [(many - few) / (PROCESSES - 1)])


def bench_recorder(bench):
    bench.say(NAME)
    bench_stamps(bench)
    bench_valgrind(bench)
    bench_join(bench)
    bench_fork(bench)
    bench_memory(bench)

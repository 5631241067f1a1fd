"""Running programs and timing them: in turn, with what other processes took of the machine.

Contestants run A B C A B C ..., so that a slow phase of the machine meets all of them, and figures
that compare are made round by round. On a shared machine a round may still be disturbed: the CPU
time that was neither idle nor ours is known from /proc/stat, disturbed rounds are repeated (not where the
time is short: --quick), and the calmest are kept. The choice looks at other processes only, never at the result.
"""

import os
import statistics
import subprocess
from dataclasses import dataclass

CALM_SHARE = 0.05  # of all cores, taken by others or by the hypervisor


class Failed(Exception):
    """A command of ours or a recorded program failed: there is no figure."""


@dataclass
class Run:
    wall_ns: int
    cpu_ns: int
    peak_bytes: int
    others_ns: int  # CPU time of other processes meanwhile


@dataclass
class Figure:
    """A figure of several runs, and what it should be. `goal` is "at_most" or "at_least"."""

    id: str
    section: str
    text: str
    unit: str
    runs: list
    goal: str = None
    target: float = None

    @property
    def median(self):
        return statistics.median(self.runs)

    @property
    def is_reached(self):
        if self.target is None:
            return None
        return self.median <= self.target if self.goal == "at_most" else self.median >= self.target


def busy_ns():
    """CPU time all processors spent on anything, or that the hypervisor gave to other machines."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) * 10**9 // os.sysconf("SC_CLK_TCK")


def key_values(text):
    """Lines of "key number [number...]" as a dictionary of lists."""
    return {key: [int(number) for number in numbers]
            for key, *numbers in (line.split() for line in text.splitlines())}


class Runner:
    """Runs commands through bench_time, in `folder`: the scratch folder of one program at a time."""

    def __init__(self, build, tries):
        self.timer = os.path.join(build, "tests/bench/bench_time")
        self.tries = tries  # how often a round may be made until it is a calm one
        self.folder = None

    def run(self, argv, environment=None, stdin=os.devnull):
        result = os.path.join(self.folder, "time")
        errors = os.path.join(self.folder, "errors")
        before = busy_ns()
        with open(stdin, "rb") as source, open(errors, "wb") as log:
            status = subprocess.run([self.timer, result, *argv], stdin=source, stdout=subprocess.DEVNULL,
                                    stderr=log, cwd=self.folder, check=False,
                                    env={**os.environ, **(environment or {})}).returncode
        others = busy_ns() - before
        if status != 0:
            with open(errors, encoding="utf-8", errors="replace") as log:
                raise Failed("exit %d of: %s\n%s" % (status, " ".join(argv), log.read()[-2000:]))
        with open(result, encoding="ascii") as file:
            figures = key_values(file.read())
        cpu = figures["cpu_ns"][0]
        return Run(figures["wall_ns"][0], cpu, figures["peak_bytes"][0], max(0, others - cpu))

    def rounds(self, commands, program, count, before=None):
        """`count` rounds of {name: argv} in turn, as a list of {name: Run}. `before` has what is called
        ahead of a run of that name, not timed."""
        def run(name, argv):
            (before or {}).get(name, lambda: None)()
            return self.run(argv, program.environment, program.stdin)

        return calmest(lambda: {name: run(name, argv) for name, argv in commands.items()}, lambda each: each, count,
                       self.tries)


def calmest(make, ran, count, tries):
    """The `count` calmest of what `make` gives, in its order: made `tries` times as often at most, until so many
    were calm. `ran` has the runs, by name, of one."""
    made, calm = [], 0
    while len(made) < count or (calm < count and len(made) < tries * count):
        made.append(make())
        calm += disturbance(ran(made[-1])) < CALM_SHARE
    order = sorted(range(len(made)), key=lambda i: disturbance(ran(made[i])))[:count]
    return [made[i] for i in sorted(order)]


def disturbance(round_runs):
    """Share of the machine others had during a round."""
    wall = sum(run.wall_ns for run in round_runs.values())
    return sum(run.others_ns for run in round_runs.values()) / (wall * os.cpu_count())

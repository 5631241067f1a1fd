"""A run of the bench: how, where, and what it has found so far."""

import json
import os
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field

import measure
from measure import Figure

COMMANDS = {"flrec": "recorder/flrec", "flreplay": "replayer/flreplay", "fltrace": "format/fltrace",
            "bench_decode": "tests/bench/bench_decode", "pairs": "tests/programs/pairs"}


@dataclass
class Bench:
    build: str
    runs: int
    scale: float        # of the programs that run in turn
    trace_scale: float  # of those whose traces are replayed by all allocators
    is_quick: bool
    is_scaled: bool     # by the user, who gets what was asked for
    runner: measure.Runner
    files: list = field(default_factory=list)  # traces of other tools, of the user
    figures: list = field(default_factory=list)
    skipped: list = field(default_factory=list)
    start_ns: dict = field(default_factory=dict)  # what each recorder adds to a program of one pair
    disturbances: list = field(default_factory=list)  # of each round kept

    @property
    def folder(self):
        return self.runner.folder

    def path(self, name):
        """Of a file in the scratch folder."""
        return os.path.join(self.folder, name)

    @property
    def long_runs(self):
        """Runs of what takes long also where programs are shortened."""
        return 1 if self.is_quick else self.runs

    @property
    def shown_scale(self):
        """Of what is told as it is of the whole program also where the rest is shortened."""
        return self.scale if self.is_scaled else 1.0

    def scale_at_least(self, least):
        """For programs that say nothing when they are as short as others may be."""
        return self.scale if self.is_scaled else max(self.scale, least)

    def command(self, name):
        return os.path.join(self.build, COMMANDS.get(name, "tests/programs/" + name))

    def add(self, section, identity, text, unit, runs, goal=None, target=None):
        if runs:
            self.figures.append(Figure(identity, section, text, unit, runs, goal, target))

    def skip(self, name, reason):
        if (name, str(reason)) not in self.skipped:
            self.skipped.append((name, str(reason)))

    def say(self, *words):
        """Tell who waits what is measured."""
        if sys.stderr.isatty():
            print("bench: " + ": ".join(words), file=sys.stderr)

    def recorded(self, program, trace, *how):
        return [self.command("flrec"), "--quiet", *how, "-o", trace, "--", *program.argv]

    def record(self, program, name, *how):
        """Path of a trace of `program`, recorded now."""
        path = self.path(name)
        self.runner.run(self.recorded(program, path, *how), program.environment, program.stdin)
        return path

    def replay(self, trace, targets, *how, environment=None):
        """The results of flreplay for `trace`, and what ran."""
        results = self.path("replay.json")
        run = self.runner.run([self.command("flreplay"), "--quiet", "--alloc=" + ",".join(targets),
                               "--json=" + results, *how, trace], environment)
        with open(results, encoding="utf-8") as file:
            return json.load(file)["traces"][0], run

    def calmest(self, make, count=None):
        """The calmest rounds, in the order they were made; `make` gives what is kept and what ran."""
        made = measure.calmest(make, lambda each: each[1], count or self.runs, self.runner.tries)
        self.disturbances += [measure.disturbance(ran) for _, ran in made]
        return [results for results, _ in made]


@contextmanager
def scratch(bench):
    """A folder for what follows."""
    with tempfile.TemporaryDirectory(prefix="flrec-bench-") as folder:
        bench.runner.folder = folder
        yield

"""Whole programs on libflmalloc.so beside glibc's malloc, in turn: wall time / with glibc's."""

import os

import programs

NAME = "dropin"
SETTINGS = ("size-tree", "size-tree,trim=threshold", "combo-tree")
SCALE_AT_LEAST = 0.08  # shorter programs are mostly their start


def gxx(bench, scale):
    """The compiler as a user calls it, without optimisation."""
    source = programs.template_heavy(bench.folder, scale)
    return programs.Program([programs.installed("g++"), "-S", "-O0", source, "-o", os.devnull])


def made(bench):
    """Programs by name, those that are installed."""
    scale = bench.scale_at_least(SCALE_AT_LEAST)
    makers = {"g++ -S -O0": lambda: gxx(bench, scale),
              "sqlite3": lambda: programs.sqlite3(bench.folder, scale, bench.build),
              "python3": lambda: programs.python3()(bench.folder, scale, bench.build)}
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except programs.Missing as missing:
            bench.skip(name, missing)
    return found


def bench_dropin(bench):
    library = os.path.join(bench.build, "allocator/dropin/libflmalloc.so")
    if not os.path.exists(library):
        bench.skip(NAME, "this build has no libflmalloc.so")
        return
    for name, program in made(bench).items():
        bench.say(NAME, name)

        def make(program=program):
            runs = {"glibc": bench.runner.run(program.argv, program.environment, program.stdin)}
            for setting in SETTINGS:
                runs[setting] = bench.runner.run(program.argv, {**program.environment, "LD_PRELOAD": library,
                                                                "FLMALLOC": setting}, program.stdin)
            return runs, runs

        rounds = bench.calmest(make)
        for setting in SETTINGS:
            bench.add(NAME, "%s.%s.%s" % (NAME, name, setting), "%s: run time, %s / glibc" % (name, setting), "ratio",
                      [each[setting].wall_ns / each["glibc"].wall_ns for each in rounds])

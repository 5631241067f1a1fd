"""Traces that are recorded once and kept in the build folder, tests/bench/traces, under a name that changes with what
they are made from.
"""

import hashlib
import os

import programs


def made_from(workload, scale):
    """A few digits that change when the program or its input does."""
    digest = hashlib.sha256(("%s %r" % (workload.name, scale)).encode("ascii"))
    for folder, names in ((programs.HERE, ("programs.py",)),
                          (programs.SOURCES, ("template_heavy.cpp", "alloc_heavy.py"))):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                digest.update(file.read())
    return digest.hexdigest()[:8]


def recorded(bench, workload, scale):
    """Path of the trace of `workload`, recorded now if it never was."""
    folder = os.path.join(bench.build, "tests/bench/traces")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "%s-%s.zst" % (workload.name, made_from(workload, scale)))
    if not os.path.exists(path):
        program = workload.make(bench.folder, scale, bench.build)
        fresh = "%s.%d" % (path, os.getpid())
        try:
            bench.runner.run(bench.recorded(program, fresh), program.environment, program.stdin)
            os.rename(fresh, path)
        finally:
            if os.path.exists(fresh):
                os.remove(fresh)
    return path


def recorded_traces(bench, names, scale=None):
    """Path by name of each program that is installed."""
    traces = {}
    for workload in programs.WORKLOADS:
        if workload.name in names:
            try:
                traces[workload.name] = recorded(bench, workload, scale or bench.trace_scale)
            except programs.Missing as missing:
                bench.skip(workload.name, missing)
    return traces

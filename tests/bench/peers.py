"""The other tools and allocators that are here, and their versions."""

import ctypes.util
import os
import shutil
import subprocess
import sys

ALLOCATORS = ("jemalloc", "mimalloc", "tcmalloc")
LIBRARIES = {"tcmalloc": "tcmalloc_minimal"}
# Asked in a process that has the library preloaded, as one that is loaded late may not fit.
VERSIONS = """import ctypes
own = ctypes.CDLL(None)
if hasattr(own, "mi_version"):
    print("%d.%d.%d" % (lambda v: (v // 100, v // 10 % 10, v % 10))(own.mi_version()))
elif hasattr(own, "tc_version"):
    own.tc_version.restype = ctypes.c_char_p
    print(own.tc_version(None, None, None).decode())
else:
    text, size = ctypes.c_char_p(), ctypes.c_size_t(ctypes.sizeof(ctypes.c_char_p))
    own.mallctl(b"version", ctypes.byref(text), ctypes.byref(size), None, ctypes.c_size_t(0))
    print(text.value.decode())
"""


def first_line(argv, environment=None):
    """Of what a command prints; None when there is none."""
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True,
                              env={**os.environ, **(environment or {})}).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def has_heaptrack(bench):
    """Is heaptrack here and fit to be run in turn? If not, why is told."""
    path = shutil.which("heaptrack")
    if path is None:
        bench.skip("heaptrack", "not installed")
        return False
    if os.path.exists(os.path.join(os.path.dirname(os.path.realpath(path)), "heaptrack_gui")):
        bench.skip("heaptrack", "it would open heaptrack_gui after each run")
        return False
    return True


def library(name):
    """Of a foreign allocator, as the loader finds it; None: not installed."""
    return ctypes.util.find_library(LIBRARIES.get(name, name))


def library_version(name):
    path = library(name)
    return path and (first_line([sys.executable, "-c", VERSIONS], {"LD_PRELOAD": path}) or path)


def versions():
    """By name; None: not installed."""
    found = {"libc": " ".join(os.confstr("CS_GNU_LIBC_VERSION").split()) if "CS_GNU_LIBC_VERSION" in os.confstr_names
             else None}
    for tool in ("heaptrack", "lttng", "valgrind"):
        found[tool] = first_line([tool, "--version"])
    found.update((name, library_version(name)) for name in ALLOCATORS)
    return found

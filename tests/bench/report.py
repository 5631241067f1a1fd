"""The figures as Markdown tables and as JSON."""

import json
import os
import platform
import subprocess

SCHEMA = 1
SECTIONS = {"recording": "Recording", "size": "Size", "replay": "Reading and replaying",
            "allocators": "Allocators", "methods": "Ways of measuring an allocator", "replayer": "The replayer itself"}
FORMS = {"ratio": ("%.2f", 1), "ns": ("%.1f", 1), "bytes": ("%.3f", 1), "events_per_s": ("%.1f M", 1e-6),
         "peak_bytes": ("%.1f MiB", 2.0**-20), "bytes_each": ("%.1f B", 1), "switches": ("%.4f", 1)}


def first_line(argv):
    try:
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return None


def cache_entries(build):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        lines = [line.strip() for line in file if "=" in line and line[0] not in "#/"]
    return {line.split(":", 1)[0]: line.split("=", 1)[1] for line in lines}


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine(build):
    """What the figures depend on, in the order it is printed."""
    cache = cache_entries(build)
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "compiler": first_line([cache["CMAKE_C_COMPILER"], "--version"]),
        "build": "%s, assertions %s" % (cache["CMAKE_BUILD_TYPE"], cache["FL_ASSERTIONS"].lower()),
        "flrec": first_line([os.path.join(build, "recorder/flrec"), "--version"]),
        "heaptrack": first_line(["heaptrack", "--version"]),
        "lttng": first_line(["lttng", "--version"]),
        "load_1_min": round(os.getloadavg()[0], 2),
    }


def number(unit, value):
    form, factor = FORMS[unit]
    return form % (value * factor)


def measured(figure):
    middle = number(figure.unit, figure.median)
    if len(figure.runs) == 1:
        return middle
    return "%s (%s–%s)" % (middle, number(figure.unit, min(figure.runs)),
                           number(figure.unit, max(figure.runs)))


def row(figure):
    if figure.target is None:
        return [figure.text, measured(figure), "", ""]
    sign = "≤" if figure.goal == "at_most" else "≥"
    return [figure.text, measured(figure), "%s %s" % (sign, number(figure.unit, figure.target)),
            "yes" if figure.is_reached else "no"]


def table(rows):
    rows = [["figure", "measured: median (min–max)", "target", "reached"]] + rows
    widths = [max(len(cells[i]) for cells in rows) for i in range(4)]
    lines = ["| %s |" % " | ".join(cell.ljust(width) for cell, width in zip(cells, widths))
             for cells in rows]
    lines.insert(1, "|%s|" % "|".join("-" * (width + 2) for width in widths))
    return "\n".join(lines)


def print_tables(facts, settings, figures, skipped, others_share):
    for key, value in facts.items():
        if isinstance(value, dict):
            value = ", ".join("%s %s" % pair for pair in value.items())
        print("%s: %s" % (key.replace("_", " "), value or "not installed"))
    print("runs: %(runs)d of each, in turn; scale %(scale)g" % settings)
    print("other processes meanwhile: %.0f %% of the machine" % (100 * others_share))
    for section, title in SECTIONS.items():
        rows = [row(figure) for figure in figures if figure.section == section]
        if rows:
            print("\n## %s\n\n%s" % (title, table(rows)))
    aimed = [figure for figure in figures if figure.target is not None]
    missed = [figure.text for figure in aimed if not figure.is_reached]
    print("\n%d of %d targets reached." % (len(aimed) - len(missed), len(aimed)))
    for text in missed:
        print("* missed: %s" % text)
    for name, reason in skipped:
        print("* skipped: %s: %s" % (name, reason))


def figure_json(figure):
    return {"id": figure.id, "text": figure.text, "unit": figure.unit, "median": figure.median,
            "minimum": min(figure.runs), "maximum": max(figure.runs), "runs": figure.runs,
            "goal": figure.goal, "target": figure.target, "reached": figure.is_reached}


def write_json(path, facts, settings, figures, skipped, others_share):
    document = {"schema": SCHEMA, "machine": facts, "settings": settings,
                "others_share": others_share, "figures": [figure_json(figure) for figure in figures],
                "skipped": [{"name": name, "reason": reason} for name, reason in skipped]}
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")

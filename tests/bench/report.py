"""The figures as Markdown and as JSON."""

import json
import os
import platform

import peers

SCHEMA = 2
SECTIONS = {"recording": "Recording", "size": "Size", "replay": "Reading and replaying",
            "recorder": "The recorder besides", "readme": "What README shows", "allocators": "Allocators",
            "dropin": "Whole programs on libflmalloc.so", "methods": "Ways of measuring an allocator",
            "replayer": "The replayer itself", "imports": "Traces of other tools"}
FORMS = {"ratio": ("%.2f", 1), "exact_ratio": ("%.3f", 1), "ns": ("%.1f ns", 1), "ms": ("%.2f ms", 1), "s": ("%.2f s", 1), "bytes": ("%.3f", 1),
         "events_per_s": ("%.1f M", 1e-6), "peak_bytes": ("%.1f MiB", 2.0**-20), "bytes_each": ("%.1f B", 1),
         "switches": ("%.4f", 1), "count": ("%.0f", 1)}
COLUMNS = ["figure", "median", "least–most", "target", "reached", "key"]


def cache_entries(build):
    with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
        lines = [line.strip() for line in file if "=" in line and line[0] not in "#/"]
    return {line.split(":", 1)[0]: line.split("=", 1)[1] for line in lines}


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def huge_pages():
    """The setting of transparent huge pages that is in brackets."""
    try:
        with open("/sys/kernel/mm/transparent_hugepage/enabled", encoding="ascii") as file:
            return next((word[1:-1] for word in file.read().split() if word.startswith("[")), None)
    except OSError:
        return None


def machine(build):
    """What the figures depend on, in the order it is printed."""
    cache = cache_entries(build)
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "transparent_huge_pages": huge_pages(),
        "compiler": peers.first_line([cache["CMAKE_C_COMPILER"], "--version"]),
        "build": "%s, assertions %s" % (cache["CMAKE_BUILD_TYPE"], cache["FL_ASSERTIONS"].lower()),
        "flrec": peers.first_line([os.path.join(build, "recorder/flrec"), "--version"]),
        **peers.versions(),
        "load_1_min_before": round(os.getloadavg()[0], 2),
    }


def number(unit, value):
    form, factor = FORMS[unit]
    return form % (value * factor)


def spread(figure):
    if len(figure.runs) == 1:
        return ""
    return "%s–%s" % (number(figure.unit, min(figure.runs)), number(figure.unit, max(figure.runs)))


def row(figure):
    sign = {"at_most": "≤ ", "at_least": "≥ ", None: ""}[figure.goal]
    target = "" if figure.target is None else sign + number(figure.unit, figure.target)
    reached = {None: "", True: "yes", False: "no"}[figure.is_reached]
    return [figure.text, number(figure.unit, figure.median), spread(figure), target, reached, figure.id]


def table(columns, rows):
    rows = [columns, *rows]
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(columns))]
    lines = ["| %s |" % " | ".join(cell.ljust(width) for cell, width in zip(cells, widths)) for cells in rows]
    lines.insert(1, "|%s|" % "|".join("-" * (width + 2) for width in widths))
    return "\n".join(lines)


def in_words(value):
    if isinstance(value, dict):
        return ", ".join("%s %s" % pair for pair in value.items())
    return "not installed" if value is None else str(value)


def print_markdown(document, figures):
    settings = dict(document["settings"])
    settings["others_share"] = "%.0f %% of the machine" % (100 * settings["others_share"])
    facts = {**document["machine"], **settings}
    print("# Figures\n\n%s" % table(["machine and settings", ""],
                                    [[key.replace("_", " "), in_words(value)] for key, value in facts.items()]))
    for section, title in SECTIONS.items():
        rows = [row(figure) for figure in figures if figure.section == section]
        if rows:
            print("\n## %s\n\n%s" % (title, table(COLUMNS, rows)))
    aimed = [figure for figure in figures if figure.target is not None]
    missed = [figure.text for figure in aimed if not figure.is_reached]
    print("\n%d figures; %d of %d targets reached.\n" % (len(figures), len(aimed) - len(missed), len(aimed)))
    for text in missed:
        print("* missed: %s" % text)
    for skipped in document["skipped"]:
        print("* skipped: %(name)s: %(reason)s" % skipped)


def figure_json(figure):
    return {"id": figure.id, "section": figure.section, "text": figure.text, "unit": figure.unit,
            "median": figure.median, "minimum": min(figure.runs), "maximum": max(figure.runs), "runs": figure.runs,
            "goal": figure.goal, "target": figure.target, "reached": figure.is_reached}


def document(facts, settings, figures, skipped):
    return {"schema": SCHEMA, "machine": facts, "settings": settings, "figures": list(map(figure_json, figures)),
            "skipped": [{"name": name, "reason": reason} for name, reason in skipped]}


def write_json(path, made):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(made, file, indent=2)
        file.write("\n")

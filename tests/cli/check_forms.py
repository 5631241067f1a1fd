"""check_forms.py FOLDER: the forms in it against their documented schemas and against each other.

github-action-benchmark (README, customSmallerIsBetter): array of {name: str, unit: str, value: number, range?: str, extra?: str}.
Bencher Metric Format (bencher.dev): {benchmark: {measure: {value, lower_value?, upper_value?}}}.
Google Benchmark (user guide, JSON): {context: {...}, benchmarks: [{name, run_type, real_time, cpu_time, time_unit, ...}]}.
"""
import csv
import json
import sys

folder = sys.argv[1]
read = lambda name: json.load(open(f"{folder}/{name}"))
document, gab, bmf, gbench = read("r.json"), read("r.gab"), read("r.bmf"), read("r.gbench")

figures = {}
for row in csv.DictReader(open(f"{folder}/r.csv", newline="")):
    least, value, most = (float(row[key]) for key in ("least", "value", "most"))
    assert least <= value <= most, row
    figures[row["trace"], row["allocator"], row["metric"]] = value
assert len(figures) > 20

for trace in document["traces"]:
    for target in trace["targets"]:
        counts = target["counts"]
        if counts:
            at = trace["trace"], target["allocator"]
            assert figures[(*at, "visits")] == counts["visits_malloc"] + counts["visits_free"]
            assert figures[(*at, "peak_footprint")] == counts["peak_footprint_bytes"]
        assert figures[trace["trace"], target["allocator"], "net_ns"] == target["time"]["net_ns_per_operation"]

assert {entry["name"]: entry["value"] for entry in gab} == {" / ".join(key): value for key, value in figures.items()}
for entry in gab:
    assert set(entry) <= {"name", "unit", "value", "range", "extra"} and isinstance(entry["value"], (int, float))
    assert isinstance(entry["unit"], str) and isinstance(entry.get("range", ""), str)

flat = {(*benchmark.split(" / "), measure): values["value"] for benchmark, measures in bmf.items() for measure, values in measures.items()}
assert flat == figures
for measures in bmf.values():
    for values in measures.values():
        assert set(values) <= {"value", "lower_value", "upper_value"}
        assert values.get("lower_value", values["value"]) <= values["value"] <= values.get("upper_value", values["value"])

assert {"date", "num_cpus", "library_build_type"} <= set(gbench["context"])
for run in gbench["benchmarks"]:
    assert run["run_type"] == "iteration" and run["time_unit"] == "ns" and run["iterations"] > 0
    assert run["real_time"] == run["cpu_time"]
assert len(gbench["benchmarks"]) == sum(len(target["time"]["net_ns_per_operation_runs"]) for trace in document["traces"] for target in trace["targets"])

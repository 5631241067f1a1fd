"""check_results_diff.py OLD.json NEW.json DIFF.json DIFF.csv: flreplay --diff's document against the files it was made of, and its CSV
against both; p-values by going through every way to choose the runs."""
import csv
import itertools
import json
import sys

old, new, document = (json.load(open(path)) for path in sys.argv[1:4])
assert document["schema"] == 1 and [document["old"], document["new"]] == sys.argv[1:3]


def targets(results):
    return {(trace["trace"], target["allocator"]): target for trace in results["traces"] for target in trace["targets"]}


def p_value(one, other):
    values = sorted(one + other)
    rank = {value: sum(i + 1 for i, other_value in enumerate(values) if other_value == value) / values.count(value) for value in values}
    ranks = [rank[value] for value in one + other]
    mean = len(one) * (len(ranks) + 1) / 2
    far = abs(sum(ranks[:len(one)]) - mean) - 1e-9
    ways = list(itertools.combinations(ranks, len(one)))
    return sum(abs(sum(way) - mean) >= far for way in ways) / len(ways)


old_targets, new_targets = targets(old), targets(new)
rows = {(row["trace"], row["allocator"], row["metric"]): row for row in document["figures"]}
assert len(rows) == len(document["figures"]) > 20
for (trace, allocator, metric), row in rows.items():
    before, after = old_targets[trace, allocator], new_targets[trace, allocator]
    assert row["is_same_trace"]
    if metric == "visits":
        assert row["old"]["value"] == before["counts"]["visits_malloc"] + before["counts"]["visits_free"]
        assert row["verdict"] == "same" and row["kind"] == "exact" and row["change_percent"] == 0
    keys = {"net_ns": "net_ns_per_operation", "page_faults": "page_faults"}
    if metric not in keys:
        continue
    assert row["kind"] == "timed"
    for side, target in (("old", before), ("new", after)):
        runs = target["time"][keys[metric] + "_runs"]
        assert row[side] == {"value": target["time"][keys[metric]], "least": min(runs), "most": max(runs), "runs": len(runs)}, row
    if row["verdict"] != "same":
        p = p_value(before["time"][keys[metric] + "_runs"], after["time"][keys[metric] + "_runs"])
        assert abs(row["p_value"] - p) < 1e-9, (row, p)
        assert row["verdict"] == ("beyond the noise" if p < document["alpha"] else "within the noise"), row
assert {"net_ns", "page_faults", "visits", "splits"} <= {metric for _, _, metric in rows}

csv_rows = list(csv.DictReader(open(sys.argv[4], newline="")))
assert len(csv_rows) == len(rows)
for line in csv_rows:
    row = rows[line["trace"], line["allocator"], line["metric"]]
    assert float(line["old"]) == row["old"]["value"] and float(line["new"]) == row["new"]["value"]
    assert line["verdict"] == row["verdict"] and line["kind"] == row["kind"] and line["unit"] == row["unit"]
    assert (line["p_value"] == "") == (row["p_value"] is None)

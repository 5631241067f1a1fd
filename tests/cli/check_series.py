"""Read the series of a run as CSV and as JSON with Python's own readers: both have the form they say, show the same, and
their peaks and ends are those of the results. check_series.py RESULTS.json SERIES.csv SERIES.json"""
import csv, json, sys

results, series = (json.load(open(sys.argv[i])) for i in (1, 3))
COLUMNS = ["live_objects", "payload_bytes", "footprint_bytes", "free_blocks", "rss_bytes"]
assert list(series) == ["schema", "version", "settings", "traces"] and series["schema"] == 1
assert open(sys.argv[2], newline="").read().count("\n") == open(sys.argv[2], newline="").read().count("\r\n")
rows = list(csv.DictReader(open(sys.argv[2], newline="")))
assert list(rows[0]) == ["trace", "allocator", "event", "time_ns"] + COLUMNS
seen = 0
for trace, told in zip(series["traces"], results["traces"], strict=True):
    assert list(trace) == ["trace", "events", "trace_hash", "targets"]
    assert trace["trace_hash"] == told["trace_hash"] and trace["events"] == told["events"]
    for target, result in zip(trace["targets"], told["targets"], strict=True):
        of, name = target["series"], target["allocator"]
        assert name == result["allocator"]
        points, peaks, counts = of["points"], of["peaks"], result["counts"]
        assert list(points) == ["event", "time_ns"] + COLUMNS and list(peaks) == COLUMNS
        assert 1 <= len(points["event"]) <= 1000 and of["states"] == told["operations"]
        assert points["event"] == sorted(points["event"]) and points["event"][-1] < trace["events"]
        if points["time_ns"] is not None:
            assert points["time_ns"] == sorted(points["time_ns"])
        mine = [row for row in rows if (row["trace"], row["allocator"]) == (trace["trace"], name)]
        assert len(mine) <= 1000
        seen += len(mine)
        # RSS is measured anew in each run, so its peak may stand in another row.
        def states(table):
            return {tuple(row[:-1]) for row in table}
        from_csv = states([[row[key] for key in ["event", "time_ns"] + COLUMNS] for row in mine])
        from_json = states(zip(*[["" if points[key] is None else str(points[key][i]) for i in range(len(points["event"]))]
                                 for key in ["event", "time_ns"] + COLUMNS]))
        if counts is not None:
            assert len(from_csv ^ from_json) <= 2, (name, from_csv ^ from_json)
        for column in COLUMNS:
            values = points[column]
            assert (values is None) == (peaks[column] is None)
            if values is not None:
                assert peaks[column]["value"] == max(values)
                assert points["event"][values.index(max(values))] == peaks[column]["event"]
        assert peaks["payload_bytes"]["value"] == told["peak_payload_bytes"]
        assert peaks["live_objects"]["value"] == told["peak_live_objects"]
        assert points["payload_bytes"][-1] == told["oddities"]["live_at_end_bytes"]
        assert points["live_objects"][-1] == told["oddities"]["live_at_end_objects"]
        assert peaks["rss_bytes"]["value"] >= of["rss_before_bytes"] > 0
        if counts is None:
            assert points["free_blocks"] is None
            if result["memory"] is not None:
                assert 0 < peaks["footprint_bytes"]["value"] <= result["memory"]["peak_footprint_bytes"] * 1.1
            continue
        # All payload is written: RSS grows by what the heap holds. Slack for the kernel's counting and a sanitizer's shadow.
        grown, slack = peaks["rss_bytes"]["value"] - of["rss_before_bytes"], 512 << 10
        assert series["settings"]["touch"] == "all"
        assert told["peak_payload_bytes"] - slack <= grown <= counts["peak_footprint_bytes"] * 1.25 + 2 * slack, (name, grown)
        for column, key in (("footprint_bytes", "footprint_bytes"), ("free_blocks", "free_blocks")):
            assert peaks[column]["value"] <= counts["peak_" + key]
            assert points[column][-1] == counts["end_" + key], (name, column)
        if "trim" not in name: # then nothing is given back within a call
            assert peaks["footprint_bytes"]["value"] == counts["peak_footprint_bytes"], name
            assert peaks["free_blocks"]["value"] == counts["peak_free_blocks"], name
assert seen == len(rows)

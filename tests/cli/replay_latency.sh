#!/bin/sh
# --latency: each call is counted once, percentiles rise, and nothing else of the results changes.
. "$(dirname "$0")/replay_lib.sh"
make_trace 5 30000 t.zst

run 0 "$FLREPLAY" t.zst --alloc=addr-tree,system --runs=1 --latency --json=l.json
expect out '  latency: ns of each call in one pass; the clock'"'"'s own * are in each figure'
expect out '  malloc * calls * p50 * p90 * p99 * p99.9 * max'
python3 - <<'END' >out 2>err || fail 'the figures do not hold'
import json
trace = json.load(open("l.json"))["traces"][0]
for target in trace["targets"]:
    latency = target["latency"]
    assert latency["clock_ns"] > 0
    for call, of in latency.items():
        if call == "clock_ns":
            continue
        ranks = [of[key] for key in ("p50_ns", "p90_ns", "p99_ns", "p999_ns", "max_ns")]
        assert ranks == sorted(ranks), (call, ranks)
        assert (of["calls"] > 0) == (of["max_ns"] > 0), call
    calls = {call: latency[call]["calls"] for call in ("malloc", "calloc", "aligned", "realloc", "free")}
    first = calls if target is trace["targets"][0] else first
    assert calls == first
counts = trace["targets"][0]["counts"]
assert first["malloc"] + first["calloc"] + first["aligned"] == counts["mallocs"], (first, counts["mallocs"])
assert first["realloc"] == counts["reallocs"]
assert first["free"] == counts["frees"]
END
run 0 "$FLREPLAY" t.zst --alloc=addr-tree --runs=1 --json=n.json
grep -q '"latency": null' n.json || fail 'a latency that nobody asked for'
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=overlap --runs=0 --latency --json
expect out '*"latency": null*'
# Without the check a crash in this pass is a finding as in any other.
run 5 "$FLREPLAY_WRONG" t.zst --alloc=wrong,mode=crash,after=100 --check=off --runs=0 --latency
finish

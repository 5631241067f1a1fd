#!/bin/sh
# --populate: no page faults in the timed calls of our own heaps, the same counts; said with the results; a baseline of the other
# kind is refused. What cannot be populated says so.
. "$(dirname "$0")/replay_recorded.sh"
record_small t.zst
targets=size-tree,addr-tree,augment=max,list-lifo,trim=always,chunk=4k,system

for touch in none all; do
    run 0 "$flreplay" -q t.zst --alloc=$targets --runs=2 --touch=$touch --json=plain.json
    expect_out "touch=$touch; net"
    run 0 "$flreplay" -q t.zst --alloc=$targets --runs=2 --touch=$touch --populate --latency --json=populated.json
    expect_out "touch=$touch, populate; net"
    expect_out 'populate: not applicable to system'
    python3 - <<'END' >out 2>err || fail "touch=$touch: the figures do not hold"
import json
plain, populated = (json.load(open(name)) for name in ("plain.json", "populated.json"))
assert plain["settings"]["populate"] is False and populated["settings"]["populate"] is True
for before, now in zip(plain["traces"][0]["targets"], populated["traces"][0]["targets"]):
    name = before["allocator"]
    faults = (min(before["time"]["page_faults_runs"]), max(now["time"]["page_faults_runs"]))
    assert before["populated"] is False
    assert now["populated"] is (None if name == "system" else True), name
    assert before["counts"] == now["counts"] and before["offsets_hash"] == now["offsets_hash"], name
    if name in ("size-tree", "addr-tree,augment=max"):
        assert faults[1] < faults[0] / 4 and faults[0] >= 20, (name, faults)
END
done

# Alone there is nothing to say of others.
run 0 "$flreplay" -q t.zst --alloc=size-tree --runs=1 --populate
! grep -q 'not applicable' out || fail 'it is applicable'

refused() { # TEXT COMMAND...
    text=$1
    shift
    run 2 "$flreplay" -q t.zst --alloc=size-tree --runs=0 --check=fast "$@"
    expect_err "$text"
}
run 0 "$flreplay" -q t.zst --alloc=size-tree --runs=0 --populate --save-baseline=populated.json
run 0 "$flreplay" -q t.zst --alloc=size-tree --runs=0 --save-baseline=plain.json
refused 'populated.json: the baseline was made with populate true, this run with false' --baseline=populated.json
refused 'plain.json: the baseline was made with populate false, this run with true' --baseline=plain.json --populate
run 0 "$flreplay" -q t.zst --alloc=size-tree --runs=0 --populate --baseline=populated.json
# Baselines of before there was --populate are without it.
sed '/"limit_events"/s/,$//; /"populate":/d' plain.json >old.json
run 0 "$flreplay" -q t.zst --alloc=size-tree --runs=0 --baseline=old.json
refused 'made with populate unknown, this run with true' --baseline=old.json --populate
finish

"""check_diff.py OLD.zst NEW.zst FLTRACE DIFF.json: fltrace diff's document against the text that dump gives of both traces, and its sites
against its totals."""
import json
import subprocess
import sys

WORD = 1 << 64  # random traces ask for more than that in all
old_path, new_path, fltrace, document_path = sys.argv[1:]
with open(document_path) as file:
    document = json.load(file)


def counted(path):
    """What the text form of a trace holds, the naive way."""
    live, calls = {}, {}
    facts = dict(events=0, allocations=0, allocated_bytes=0, peak_live_bytes=0, peak_event=0, peak_live_objects=0, peak_objects_event=0,
                 temporary_objects=0, threads=0)
    live_bytes = event = 0
    sizes, lives = {}, {}

    def ends(serial, now):
        nonlocal live_bytes
        size, born = live.pop(serial)
        live_bytes = (live_bytes - size) % WORD
        facts["temporary_objects"] += now == born + 1
        key = (now - born).bit_length()
        lives[key] = lives.get(key, 0) + 1

    text = subprocess.run([fltrace, "dump", path], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        words = line.split()
        if words[0] == "-":
            facts["threads"] += words[1] == "thread-start"
            if words[1] == "free":
                ends(words[2], event)
            continue
        number, call, words = int(words[0]), words[1], words[2:]
        event = number + 1
        facts["events"] += 1
        calls[call] = calls.get(call, 0) + 1
        failed = words[-1:] == ["failed"]
        if call.startswith(("free", "realloc")) and not failed and words[0].startswith("#"):
            ends(words[0], number)
        if "=" in words:
            size = int(words[words.index("=") - 1])
            live[words[words.index("=") + 1]] = (size, number)
            facts["allocations"] += 1
            facts["allocated_bytes"] = (facts["allocated_bytes"] + size) % WORD
            live_bytes = (live_bytes + size) % WORD
            sizes[size.bit_length()] = sizes.get(size.bit_length(), 0) + 1
        if live_bytes > facts["peak_live_bytes"]:
            facts["peak_live_bytes"], facts["peak_event"] = live_bytes, number
        if len(live) > facts["peak_live_objects"]:
            facts["peak_live_objects"], facts["peak_objects_event"] = len(live), number
    facts.update(end_live_bytes=live_bytes, end_live_objects=len(live))
    return facts, calls, sizes, lives


def least(number):
    return 0 if number == 0 else 1 << (number - 1)


def check(condition, what):
    if not condition:
        sys.exit(f"{document_path}: {what}")


check(document["schema"] == 1, "another schema")
for age, path in (("old", old_path), ("new", new_path)):
    facts, calls, sizes, lives = counted(path)
    check(document[age]["trace"] == path and document[age]["status"] == "ok", age)
    for key, value in facts.items():
        check(document["totals"][key][age] == value, f"{age} {key}: {document['totals'][key]}, counted {value}")
    for call, figures in document["calls"].items():
        check(figures[age] == calls.get(call, 0), f"{age} {call}")
    for told, counts, key in ((document["sizes"], sizes, "allocations"), (document["lifetimes"], lives, "objects")):
        wanted = {least(number): count for number, count in counts.items()}
        found = {row.get("from_bytes", row.get("from_events")): row[key][age] for row in told if row[key][age]}
        check(found == wanted, f"{age} classes of {key}: {found}, counted {wanted}")
    if document["sites"] is None:
        continue
    for key in ("allocated_bytes", "allocations", "peak_live_bytes", "end_live_bytes", "temporary_objects"):
        total = sum(site[key][age] for site in document["sites"])
        check(total == facts[key], f"the sites sum up to {total} {key}, the trace has {facts[key]}")
for site in document["sites"] or ():
    keys = ("allocated_bytes", "allocations", "peak_live_bytes", "end_live_bytes", "temporary_objects")
    differs = any(site[key]["old"] != site[key]["new"] for key in keys)
    state = {(0, 1): "new", (1, 0): "gone"}.get((int(site["allocations"]["old"] > 0), int(site["allocations"]["new"] > 0)),
                                              "changed" if differs else "same")
    check(site["state"] == state, f"{site['function']} is {site['state']}, not {state}")

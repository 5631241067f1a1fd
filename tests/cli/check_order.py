"""check_order.py RESULTS.md RESULTS.json: the keys of the document stand in the order, and are all of those, that the tables of
RESULTS.md have; a table is taken for the objects it describes by its prefixes.
"""
import json
import re
import sys

text = open(sys.argv[1]).read()
document = json.load(open(sys.argv[2]))
tables = []
for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
    cells = [row.split("|")[1] for row in block.splitlines()[2:]]
    tables.append([key for cell in cells for key in re.findall(r"`([^`]+)`", cell)])


def documented(table, prefix=""):
    return [key[len(prefix):] for key in table if key.startswith(prefix) and "." not in key[len(prefix):]]


def compare(name, table, prefix, found):
    wanted = documented(table, prefix)
    assert wanted == list(found), f"{name}: RESULTS.md has {wanted}, the document {list(found)}"


top, of_trace, of_target, counts, memory, machine = tables[:6]
trace = document["traces"][0]
targets = trace["targets"]
own = next(target for target in targets if target["counts"])
compare("settings", top, "settings.", document["settings"])
compare("oddities", of_trace, "oddities.", trace["oddities"])
compare("a trace", of_trace, "", [key for key in trace if key != "oddities"])
compare("time", of_target, "time.", [key for key in own["time"]])
compare("counts", counts, "", own["counts"])
compare("machine", machine, "machine.", document["machine"])
for target in targets:
    if target["memory"]:
        compare("memory", memory, "", target["memory"])
assert [key for key in documented(of_target) if key in own] == list(own)

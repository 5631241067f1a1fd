#!/bin/sh
# trace_diff.sh FLTRACE MAKE_TRACE FLREC PROGRAMS: diff shows exactly what changed: on a program that was built twice with known changes, on real
# programs that do twice as much, and on random traces; every figure is that of a count made from the text of the records.
. "$(dirname "$0")/program_inputs.sh"
fltrace=$1
make_trace=$2
flrec=$3
programs=$4
check=$(dirname "$0")/check_diff.py
. "$(dirname "$0")/trace_lib.sh"
need python3

says() { # TEXT: a line of the output begins so, spaces aside
    tr -s ' ' <out | sed 's/^ //' | grep -qF -- "$1" || fail "does not say '$1'"
}

counts() { # OLD NEW: the document holds what is in both
    run 0 diff --json=d.json "$1" "$2"
    python3 "$check" "$1" "$2" "$fltrace" d.json 2>err || fail "$1, $2: $(cat err)"
}

# The program built twice.
"$flrec" -q --stacks -o old.zst "$programs/revised_old" >out 2>err && "$flrec" -q --stacks -o new.zst "$programs/revised_new" >out 2>err ||
    fail 'cannot record'
counts old.zst new.zst
python3 - >out 2>err <<'END' || fail 'sites'
import json
sites = {site["function"]: site for site in json.load(open("d.json"))["sites"]}
changed = {name: site["state"] for name, site in sites.items() if site["state"] != "same"}
assert changed == {"audit_log": "new", "legacy_copy": "gone", "fill_cache": "changed", "note_take": "changed"}, changed
assert sites["read_rows"]["state"] == "same" and sites["read_rows"]["allocations"] == {"old": 1000, "new": 1000}
wanted = {  # allocated bytes, allocations, at the peak, at the end, temporary
    "audit_log": ((0, 12000), (0, 300), (0, 0), (0, 0), (0, 300)),
    "legacy_copy": ((3200, 0), (50, 0), (0, 0), (0, 0), (50, 0)),
    "fill_cache": ((100000, 200000), (100, 200), (100000, 200000), (100000, 200000), (0, 0)),
    "note_take": ((5017, 10034), (2, 4), (5017, 5017), (0, 0), (0, 0)),
}
keys = ("allocated_bytes", "allocations", "peak_live_bytes", "end_live_bytes", "temporary_objects")
for name, figures in wanted.items():
    for key, (old, new) in zip(keys, figures):
        assert sites[name][key] == {"old": old, "new": new}, (name, key, sites[name][key])
    assert sites[name]["module"] is None and sites[name]["file"] == "revised.c" and sites[name]["line"] > 0
assert sites["fill_cache"]["callers"][0]["function"] == "main"
assert sites["note_take"]["callers"][0]["function"] == "read_rows"
END
run 0 diff old.zst new.zst --depth=1
says 'audit_log revised.c:'
says '4 of 6 sites differ: 1 new, 1 gone, 2 changed; 2 are the same'
says 'allocations 1,153 1,505 +352 1.305'
says 'threads 2 2 ='
says 'exe '
grep -q '^ *from main  revised.c' out || fail 'no caller'
grep -q read_rows out && [ "$(grep -c read_rows out)" -eq 1 ] || fail 'what is the same is listed'
run 0 diff old.zst new.zst --all
says 'same read_rows revised.c'
for by in peak bytes count end temporary; do
    run 0 diff old.zst new.zst --by=$by --limit=1 --depth=0
    first=$(sed -n '/^by call site/,$p' out | sed -n 3p)
    case $by in count | temporary) wanted=audit_log ;; *) wanted=fill_cache ;; esac
    case $first in *" $wanted "*) ;; *) fail "--by=$by: $first" ;; esac
    says 'not shown: 3 more (--limit)'
done
run 0 diff new.zst old.zst --depth=0
says '- 3.1 KiB +3.1 KiB +50 = = +50 new legacy_copy'

# Nothing changed: nothing is shown, in another file as well.
"$fltrace" pack -o packed.zst old.zst 2>err
for other in old.zst packed.zst; do
    run 0 diff old.zst "$other"
    says '0 of 5 sites differ: 0 new, 0 gone, 0 changed; 5 are the same'
    [ "$(sed -n '/ratio$/,$p' out | grep -c '[+-][0-9]')" -eq 0 ] || fail 'a trace differs from itself'
    says 'allocations by size: no difference'
done

# Real programs that do twice as much.
twice() { # NAME SITE
    counts "$1.1.zst" "$1.2.zst"
    run 0 diff "$1.1.zst" "$1.2.zst" --by=bytes
    grep -q "$2" out || fail "$1: no $2"
    python3 - >out 2>err <<'END' || fail "$1"
import json
totals = json.load(open("d.json"))["totals"]
assert 1.5 < totals["allocations"]["new"] / totals["allocations"]["old"] < 2.1, totals["allocations"]
END
}
for times in 1 2; do
    make_perl $((times * 2000)) >$times.pl
    command -v perl >/dev/null && "$flrec" -q --stacks -o perl.$times.zst perl $times.pl >out 2>err
    make_sql $((times * 2000)) >$times.sql
    command -v sqlite3 >/dev/null && "$flrec" -q --stacks -o sqlite.$times.zst sqlite3 :memory: ".read $times.sql" >out 2>err
done
[ ! -e perl.2.zst ] || twice perl 'Perl_'
[ ! -e sqlite.2.zst ] || twice sqlite 'sqlite3'

# Random traces, without stacks; one with and one without.
for seed in 1 2 3; do
    "$make_trace" $seed 2000 300 >a.zst
    "$make_trace" $((seed + 10)) 3000 300 >b.zst
    counts a.zst b.zst
    run 0 diff a.zst b.zst
    says 'no call sites: the traces have no stacks (flrec --stacks)'
done
run 0 diff old.zst b.zst
says 'no call sites: the new trace has no stacks'

# Damage is told; what can be read is compared.
head -c $(($(wc -c <b.zst) / 2)) b.zst >cut.zst
run 3 diff a.zst cut.zst
grep -q 'cut.zst: the trace is truncated' err || fail 'no word of the damage'
says 'calls '
run 3 diff --json a.zst cut.zst
grep -q '"status": "the trace is truncated"' out || fail 'no word of the damage in JSON'
"$fltrace" diff a.zst - <b.zst >out 2>err || fail 'from a stream'
run 2 diff a.zst
grep -q 'give two traces, the old one first; 1 are given' err || fail 'no word of two traces'
run 2 diff a.zst b.zst a.zst
run 2 diff --by=size a.zst b.zst
run 4 diff a.zst missing.zst
# A trace cannot be recorded again.
cp b.zst kept.zst
ln -s b.zst link.zst
for name in b.zst ./b.zst link.zst; do
    run 2 diff --json=$name a.zst b.zst
    grep -q "$name would be written over b.zst, which is read" err || fail 'no word of what is read'
    cmp -s b.zst kept.zst || fail "$name: the trace was written over"
done
run 4 diff --json=/nowhere/d.json a.zst b.zst
finish

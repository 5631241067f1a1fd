#!/bin/sh
# --diff: exactly the figures of the two files, what changed and nothing else; what cannot be compared is named; times are beyond the noise only where
# their runs are apart. It needs no trace and no allocator, and never fails a build.
. "$(dirname "$0")/replay_lib.sh"
here=$(cd "$(dirname "$0")" && pwd)
make_trace 7 5000 t.zst
make_trace 8 5000 u.zst
result() { # FILE ARGUMENT...
    file=$1
    shift
    run 0 "$FLREPLAY_CHANGED" -q --json="$file" "$@"
}
diff_of() { # STATUS ARGUMENT...
    wanted=$1
    shift
    run "$wanted" "$FLREPLAY_CHANGED" --diff "$@"
}

# The same build twice: no figure differs. A changed one: those that it changed.
result old.json t.zst u.zst --alloc=mine,list-lifo --runs=0
result same.json t.zst u.zst --alloc=mine,list-lifo --runs=0
FL_MINE=visit result visit.json t.zst u.zst --alloc=mine,list-lifo --runs=0
diff_of 0 old.json same.json
expect out '52 figures compared: 52 same'
[ "$(wc -l <out)" -eq 4 ] || fail 'something differs between two runs of one build'
diff_of 0 old.json visit.json
visits() { sed -n "/\"trace\": \"$2\"/,/\"trace_hash\"/p" "$1" | awk -F'[:, ]+' '/"allocator": "mine"/ { is = 1 } is && /"visits_(malloc|free)":/ { sum += $3 }
    /"end_free_blocks"/ { is = 0 } END { print sum }'; }
commas() { echo "$1" | sed -e ':a' -e 's/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/' -e 'ta'; }
for trace in t.zst u.zst; do
    expect out "$trace"
    expect out "    visits *$(commas "$(visits old.json $trace)") *$(commas "$(visits visit.json $trace)") *+*%  exact"
done
expect out '52 figures compared: 50 same, 2 changed'
grep -q list-lifo out && fail 'an allocator that did not change is listed'
[ "$(grep -c ' exact' out)" -eq 2 ] || fail 'more than two figures are listed'
expect out '  *  visits * mine  (2 traces)'
diff_of 0 visit.json old.json
expect out '    visits *-*%  exact'
run 0 "$FLREPLAY_CHANGED" --diff=all old.json visit.json
[ "$(grep -c '[=%]  exact' out)" -eq 52 ] || fail '--diff=all does not list all'
expect out '    splits *=  exact'

# What is not the same is named first, and what only one has.
result other.json t.zst --alloc=mine,size-tree --runs=0 --touch=all --limit=900
diff_of 0 old.json other.json
for line in '  settings.touch "none" -> "all"' '  settings.limit_events null -> 900' '  t.zst: events 5000 -> 900' \
    '  t.zst: trace_hash "*" -> "*"' '  t.zst: size-tree is only in other.json' '  t.zst: list-lifo is only in old.json' \
    '  u.zst is only in old.json' 't.zst (other calls than before)'; do
    expect out "$line"
done
grep -n 'not the same\|^t.zst' out | head -1 | grep -q 'not the same' || fail 'the differences are not told first'
sed 's/"version": "[^"]*"/"version": "0.0.1"/; s/"processors": [0-9]*/"processors": 97/' old.json >moved.json
diff_of 0 old.json moved.json
expect out '  version "*" -> "0.0.1"'
expect out '  machine.processors * -> 97'
expect out '52 figures compared: 52 same'
run 5 "$FLREPLAY_WRONG" -q t.zst --runs=0 --alloc=wrong,mode=overlap --json=wrong.json
run 0 "$FLREPLAY_WRONG" -q t.zst --runs=0 --alloc=wrong --json=right.json
sed 's/"allocator": "wrong,mode=overlap"/"allocator": "wrong"/' wrong.json >now_wrong.json
diff_of 0 right.json now_wrong.json
expect out '  t.zst: wrong: check "passed" -> "wrong"'

# Times: files whose runs are known.
with_times() { # FILE RUNS...
    file=$1
    shift
    runs=$(echo "$@" | tr ' ' ',')
    printf '{"schema": 1, "traces": [{"trace": "t", "trace_hash": "1", "targets": [{"allocator": "a", "check": "passed",
        "time": {"net_ns_per_operation": %s, "net_ns_per_operation_runs": [%s]}}]}]}' "$1" "$runs" >"$file"
}
with_times slow.json 20 21 22 23 24
with_times fast.json 10 11 12 13 14
with_times wide.json 10 11 23 24 25
with_times three.json 1 2 3
diff_of 0 slow.json fast.json
expect out '    net_ns *20 *20% *10 *40% *-50.00%  beyond the noise (p=0.008, 5+5)'
diff_of 0 fast.json wide.json
expect out '    net_ns * within the noise (p=*, 5+5)'
diff_of 0 three.json three.json
expect out '    net_ns * too few runs to say (3+3)'
result timed.json t.zst --alloc=mine,system,none --runs=5
diff_of 0 timed.json old.json
expect out '    net_ns *  -  * only the old file tells it'

# The forms say the same.
result timed2.json t.zst --alloc=mine,system,none --runs=4
diff_of 0 timed.json timed2.json --json=d.json --format=csv:d.csv --format=md:d.md
expect out 'old  timed.json'
if /usr/bin/python3 -c 'import json, csv' 2>/dev/null; then
    run 0 /usr/bin/python3 "$here/check_results_diff.py" timed.json timed2.json d.json d.csv
fi
expect d.md '### t.zst'
expect d.md '| mine | net\\_ns | *'
diff_of 0 --json timed.json timed2.json
cmp -s out d.json || fail 'JSON to standard output is another'
grep -q '^old ' out && fail 'tables beside JSON on standard output'

# What is no file of results is told in one line.
for text in '' '[]' '{"schema": 1, "traces": 5}' '{"schema": "1"}' '"' '{"schema": 9, "traces": []}'; do
    printf '%s' "$text" >odd.json
    diff_of 2 old.json odd.json
    expect err 'flreplay: error: odd.json: *'
    diff_of 2 odd.json old.json
    expect err 'flreplay: error: odd.json: *'
done
diff_of 2 t.zst old.json
expect err 'flreplay: error: t.zst: no JSON: *'
diff_of 4 old.json missing.json
expect err 'flreplay: error: cannot read the results missing.json*'
diff_of 4 old.json same.json --json=/nowhere/d.json
diff_of 2 old.json
expect err '*--diff compares two files of results, the old one first; 1 are given'
diff_of 2 old.json same.json --alloc=mine
expect err '*--diff replays nothing: *'
diff_of 2 old.json same.json --baseline=old.json
diff_of 2 old.json same.json --format=junit
expect err '*--diff has no form junit: json, csv and md it has'
printf '{"schema": 1, "traces": [{"trace": "\\u001b[31mred", "trace_hash": "1", "targets": [{"allocator": "\\u0007", "counts": {"splits": 1}}]}]}' >loud.json
sed 's/"splits": 1/"splits": 2/' loud.json >louder.json
diff_of 0 loud.json louder.json
expect out '?\[31mred'
LC_ALL=C grep -q "$(printf '[\033\007]')" out && fail 'control characters reach the terminal'
finish

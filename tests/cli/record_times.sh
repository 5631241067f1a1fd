#!/bin/sh
# record_times.sh FLREC BUILT_PROGRAMS FLREPLAY FLTRACE: with --time=us and ns each event has the time at which the program made it, with
# none there is no time.
replay=$3
fltrace=$4
. "$(dirname "$0")/record_common.sh"

# The time between two steps is at least what passed between the looks nearest to each other and at
# most between those farthest, but for the step of the times and what extrapolating them is off.
compare() { # STEP_NS
    awk -v step_ns="$1" '
        NR == FNR { before[$1] = $2; after[$1] = $3; next }
        $2 == "tick" { now += $3 }
        $2 == "malloc" && $3 in before { seen[$3] = now; known++ }
        END {
            for (size = 1001; size < 1060; size++) {
                passed = seen[size] - seen[size - 1]
                slack = step_ns + 20000
                if (passed < before[size] - after[size - 1] - slack || passed > after[size] - before[size - 1] + slack) {
                    print size ": " passed " ns, the program says " before[size] - after[size - 1] " to " after[size] - before[size - 1]
                    wrong = 1
                }
            }
            exit wrong || known != 60
        }' out dump || fail "--time: the times of the trace are not the times of the program"
}

for unit in us ns; do
    "$flrec" -q --time=$unit -o /dev/null true 2>err || {
        grep -q 'this kernel does not keep time by it' err && echo 'skipped: no counter to take times from' && exit 77
    }
    expect_status 0 --time=$unit -o t.zst "$built/timed"
    "$fltrace" dump t.zst >dump || fail "dump of --time=$unit"
    compare $([ $unit = us ] && echo 1000 || echo 1)
    [ $unit = us ] && grep ' tick ' dump | grep -v '000$' && fail 'a time that is no whole number of us'
    "$fltrace" info t.zst >info
    grep -qE "^  time +$unit\$" info || fail "info does not tell the unit: $(cat info)"
    "$replay" -q --runs=0 --alloc=system t.zst >/dev/null || fail "a trace of --time=$unit does not replay"
done

# Each process takes its times by the same clock.
expect_status 0 --time=us -o f.zst sh -c 'ls >/dev/null; "$0" >out2' "$built/timed"
for trace in f*.zst; do
    "$fltrace" dump "$trace" | grep -q ' tick ' || fail "$trace has no times"
done

expect_status 0 --time=none -o n.zst "$built/timed"
"$fltrace" dump n.zst | grep ' tick ' && fail '--time=none has times'
expect_status 125 --time=us --stamp=counter -o c.zst "$built/timed"
expect_err "--time=us and ns need the processor's counter as stamp, and --stamp=counter takes another"
[ -e c.zst ] || [ -e c.zst.part ] && fail 'a refused recording leaves a file'
finish

#!/bin/sh
# trace_merge.sh FLTRACE MAKE_TRACE FLREPLAY FLREC PROGRAMS: merge, on what flrec recorded of processes that fork, exec and run threads:
# each trace can be found again in the merged one, whatever the order, and that replays; damage is told and costs no other trace.
# tests/property/merge_property.c holds every record against a model.
fltrace=$1
make_trace=$2
flreplay=$3
flrec=$4
programs=$5
. "$(dirname "$0")/trace_lib.sh"

replays() { # TRACE
    timeout 120 "$flreplay" -q "$1" --alloc=size-tree --check=full --runs=0 >out 2>err || fail "$1 does not replay"
}

# The records of some threads of a dump, without times: objects and threads get the numbers in which they appear, so that a
# trace and its part of a merged one are the same text.
of_threads='
BEGIN { n = split(wanted, list, " "); for (i = 1; i <= n; i++) { part = list[i]; sub(/.*:/, "", part); is_wanted[part] = 1 } thread = 0; last = "none" }
function relabel(word) { if (!(word in label)) label[word] = "#" ++labels; return label[word] }
$2 == "tick" { next }
$2 == "thread" { thread = $3; next }
$2 == "thread-start" || $2 == "thread-end" { if (n == 0 || $3 in is_wanted) { $3 = ""; print } next }
n > 0 && !(thread in is_wanted) { next }
{ $1 = ""; for (i = 2; i <= NF; i++) if ($i ~ /^#/) $i = relabel($i); if (thread != last) print "thread changes"; last = thread; print }'

calls() { # TRACE...: calls of each kind, summed
    for trace; do
        "$fltrace" info "$trace" | sed -n '/^calls/,/^sizes/p'
    done | awk 'NF >= 2 && $1 != "from" { gsub(",", ""); sum[$1] += $2 } END { for (name in sum) print name, sum[name] }' | sort
}

threads_of() { # NUMBER: the numbers that the threads of one of the traces got, "OLD:NEW ..."
    "$fltrace" info merged.zst | sed -n 's/^  merged_threads *//p' | awk -v number="$1" '
        { for (i = 1; i <= NF; i++) { if ($i ~ /^0:/) trace++; if (trace == number) printf "%s ", $i } }'
}

check() { # ORDER TRACE...
    order=$1
    shift
    for at_end in keep free; do
        run 0 merge -o merged.zst --order="$order" --at-end=$at_end "$@"
        told=$(sed -n "s/^fltrace: $# traces, .*: \([0-9,]*\) events.*/\1/p" err | tr -d ,)
        calls "$@" >expected
        calls merged.zst >found
        cmp -s expected found || fail "$order: calls are not the sum: $(diff expected found)"
        [ "$told" -eq "$("$fltrace" dump merged.zst | grep -c '^[0-9]')" ] || fail "$order: told $told events"
        replays merged.zst
    done
    "$fltrace" info merged.zst | grep -q '^  live at the end  *0$' || fail "$order: something is live behind the end of all processes"
    run 0 merge -o merged.zst --order="$order" "$@"
    number=0
    for trace; do
        number=$((number + 1))
        "$fltrace" dump "$trace" | awk -v wanted= "$of_threads" >expected
        "$fltrace" dump merged.zst | awk -v wanted="$(threads_of $number)" "$of_threads" >found
        [ -s expected ] && cmp -s expected found || fail "$order: $trace is not found again: $(diff expected found | head -5)"
    done
}

# Processes that fork and exec.
"$flrec" -q --stacks -o t.zst bash -c 'x=$(echo a | cat); for i in 1 2 3; do (y=$(echo $i); cat /dev/null) & done; wait' >out 2>err || fail 'cannot record'
set -- t*.zst
[ $# -gt 6 ] || fail "only $# processes"
for order in time sequence round-robin; do
    check $order "$@"
done
forked=$(for trace; do "$fltrace" info "$trace"; done | grep -c '^  inherited')
inherited=$(for trace; do "$fltrace" info "$trace"; done | awk '$1 == "inherited" { sum += $2 } END { print sum }')
run 0 merge -o merged.zst "$@"
grep -q "^fltrace: $forked traces are of forked processes: $(echo "$inherited" | sed 's/\(...\)$/,\1/;s/^,//') events stand for copies" err ||
    fail "$inherited inherited objects of $forked children are not told"
[ "$("$fltrace" info merged.zst | awk '$1 == "stack_depth" { print $2 }')" -eq 64 ] || fail 'no stacks'
for cost in bytes count; do
    for trace; do "$fltrace" folded --cost=$cost "$trace"; done 2>err | awk '{ sum[$NF ? substr($0, 1, length($0) - length($NF)) : ""] += $NF }
        END { for (stack in sum) print stack, sum[stack] }' | sort >expected
    "$fltrace" folded --cost=$cost merged.zst 2>err | awk '{ sum[substr($0, 1, length($0) - length($NF))] += $NF }
        END { for (stack in sum) print stack, sum[stack] }' | sort >found
    [ -s expected ] && cmp -s expected found || fail "stacks by $cost are not the sum: $(diff expected found | head -5)"
done
# A merge is a trace like any other: packed it says the same, and a slice of it keeps the time.
"$fltrace" dump merged.zst >dump
run 0 pack -o packed.zst merged.zst
"$fltrace" dump packed.zst | cmp -s - dump || fail 'a packed merge says something else'
seconds() { "$fltrace" info "$1" | awk '$1 == "seconds" { print $2 }'; }
run 0 slice -o slice.zst 1000.. merged.zst
[ "$(seconds slice.zst)" = "$(seconds merged.zst)" ] || fail 'a slice forgets the time before it'
[ "$(seconds merged.zst)" != 0.000 ] || fail 'no time has passed'

# Threads, marks and what they free of each other.
"$flrec" -q -o a.zst "$programs/crossfree" 2000 >out 2>err || fail 'cannot record'
"$flrec" -q -o b.zst "$programs/marks" >out 2>err || fail 'cannot record'
"$flrec" -q -o c.zst "$programs/threads" 300 >out 2>err
for order in time sequence round-robin; do
    check $order a.zst b.zst c.zst
done
run 0 merge -o merged.zst a.zst b.zst c.zst
marks=$("$fltrace" dump b.zst | grep -c ' mark ')
[ "$marks" -gt 0 ] && [ "$("$fltrace" dump merged.zst | grep -c ' mark ')" -eq "$marks" ] || fail 'marks are lost'
timeout 120 "$flreplay" -q merged.zst --alloc=size-tree --threads=real --runs=1 >out 2>err || fail 'does not replay by real threads'

# One alone says the same; a stream will do; the output may be one of the inputs.
run 0 merge -o one.zst a.zst
"$fltrace" dump a.zst | awk -v wanted= "$of_threads" >expected
"$fltrace" dump one.zst | awk -v wanted= "$of_threads" | cmp -s - expected || fail 'a merge of one says something else'
"$fltrace" merge -o - a.zst - <b.zst >stream.zst 2>err || fail 'from and to a stream'
run 0 merge -o both.zst a.zst b.zst
"$fltrace" dump both.zst >expected
"$fltrace" dump stream.zst | cmp -s - expected || fail 'from and to a stream it says something else'
cp a.zst same.zst
run 0 merge -o same.zst same.zst b.zst
"$fltrace" dump same.zst | cmp -s - expected || fail 'onto one of its inputs it says something else'

# More traces than files may be open at a time.
mkdir many
for i in $(seq 1 120); do cp b.zst many/$i.zst; done
(ulimit -n 32 && "$fltrace" merge -o many.zst --order=sequence many/*.zst >out 2>err) || fail '120 traces, 32 files'
[ "$("$fltrace" dump many.zst | grep -c ' mark ')" -eq $((120 * marks)) ] || fail '120 traces: not all of them'

# Without times the order must be chosen.
"$make_trace" 3 2000 300 >m.zst
run 2 merge -o none.zst a.zst m.zst
grep -q 'm.zst does not say when it began: choose --order=sequence or --order=round-robin' err || fail 'no word of the order'
run 0 merge -o rr.zst --order=round-robin a.zst b.zst
run 2 merge -o none.zst a.zst rr.zst
grep -q 'rr.zst has no times: choose' err || fail 'no word of the order'
[ ! -e none.zst ] && [ ! -e none.zst.part ] || fail 'something was written'
run 0 merge -o mm.zst --order=sequence a.zst m.zst
replays mm.zst

# Damage is told, with what it cost, and all the rest is there.
"$make_trace" 4 3000 300 >n.zst
bend n.zst bent.zst
head -c $((size / 2)) n.zst >cut.zst
: >empty.zst
run 3 merge -o merged.zst --order=sequence m.zst bent.zst cut.zst empty.zst
for word in 'bent.zst: the trace is damaged' 'cut.zst: the trace is truncated' 'empty.zst is empty'; do
    grep -q "$word" err || fail "no word of it: $word"
done
"$fltrace" info merged.zst | grep -q 'merged_status  *ok the trace is damaged the trace is truncated the trace is empty' || fail 'the trace does not say it'
whole=$("$fltrace" dump n.zst | grep -c '^[0-9]')
bent=$("$fltrace" dump bent.zst 2>err | grep -c '^[0-9]')
[ "$("$fltrace" dump merged.zst | awk '$2 == "lost" { sum += $3 } END { print sum + 0 }')" -ge $((whole - bent)) ] || fail 'lost events are not told'
timeout 60 "$flreplay" -q merged.zst --alloc=size-tree --check=full --runs=0 >out 2>err || fail 'what is left does not replay'
run 3 merge -o none.zst empty.zst
[ ! -e none.zst ] || fail 'a merge of nothing'

run 2 merge a.zst b.zst
grep -q -- '-o FILE' err || fail 'no word of -o'
run 2 merge -o none.zst
run 2 merge -o none.zst --order=size a.zst
run 4 merge -o none.zst a.zst missing.zst
run 4 merge -o /nowhere/none.zst a.zst b.zst
finish

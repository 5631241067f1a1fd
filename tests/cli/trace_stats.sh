#!/bin/sh
# trace_stats.sh FLTRACE MAKE_TRACE FLREC CROSSFREE: what stats counts, against a count made from the text of the records.
fltrace=$1
make_trace=$2
flrec=$3
crossfree=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() { # MESSAGE
    echo "fltrace stats: $1"
    failures=$((failures + 1))
}

# From a dump: "size N calls never-freed", "life CLASS objects", "thread N frees foreign".
count='
function ends(id, by) {
    if (!(id in size)) return
    age = event - born[id]
    class = 0
    while (2 ^ class <= age) class++
    life[class]++; freed[size[id]]++; frees[by]++
    if (maker[id] != by) foreign[by]++
    delete size[id]
}
BEGIN { thread = 0 }
$1 == "-" && $2 == "thread" { thread = $3; next }
$1 == "-" && $2 == "free" { event++; ends($3, thread); event--; next } # it stands before the next event
$1 == "-" { next }
{ event = $1 }
$2 ~ /^(free|realloc)/ && $NF != "failed" && $3 ~ /^#/ { ends($3, thread) }
{ for (i = 3; i < NF; i++) if ($i == "=") { id = $(i + 1); size[id] = $(i - 1); born[id] = event; maker[id] = thread; calls[$(i - 1)]++ } }
END {
    for (n in calls) print "size", n, calls[n], calls[n] - freed[n]
    for (n in life) print "life", n + 0 ? 2 ^ (n - 1) : 0, life[n]
    for (n in frees) print "thread", n, frees[n], foreign[n] + 0
}'
told='
/^sizes/ { part = "size" } /^lifetimes/ { part = "life" } /^threads/ { part = "thread" }
{ gsub(",", "") }
part == "size" && $1 ~ /^[0-9]/ { print "size", $1, $2, $5 }
part == "life" && $1 == "from" { print "life", $2, $3 }
part == "thread" && $1 ~ /^[0-9]/ && $(NF - 2) > 0 { print "thread", $1, $(NF - 2), $(NF - 1) }'

check() { # TRACE
    "$fltrace" dump "$1" | awk -M "$count" 2>/dev/null >counted || "$fltrace" dump "$1" | awk "$count" >counted
    "$fltrace" stats --limit=100000 "$1" >out 2>err || fail "$1: exit $?: $(cat err)"
    awk "$told" out | sort >found
    sort counted | cmp -s - found || fail "$1: $(sort counted | diff - found | head -5)"
}

for seed in 1 2 3; do
    "$make_trace" $seed 2000 300 >t.zst || exit 1
    "$fltrace" dump t.zst | awk 'length($0) && /[0-9]{16}/ { exit 1 }' || continue # numbers that awk cannot hold
    check t.zst
done
"$flrec" -q -o c.zst "$crossfree" 20000 >out 2>err || fail 'cannot record'
check c.zst
grep -Eq '^ +1 +10,002 +5,000 .* 5,000 +100.0%$' out || fail "no thread that frees what another allocated: $(cat out)"
"$fltrace" stats --limit=2 c.zst | awk '/^sizes/ { n = 0 } /^lifetimes/ { exit n != 4 } { n++ }' || fail '--limit=2'
[ "$failures" -eq 0 ]

#!/bin/sh
# Who called: a program that knows how often and how much each of its places allocates, with plugins that come
# to stand where others stood, against what the trace says of those places.
. "$(dirname "$0")/record_common.sh"
fltrace=$(dirname "$flrec")/../format/fltrace
source=$programs/stacks.cpp

# Sum of the values of all stacks in which a function occurs.
sum_of() { awk -v name="$2" 'index($0, name) { sum += $NF } END { print sum + 0 }' "$1"; }

"$flrec" --stacks -o t.zst "$built/stacks" >expected 2>err || fail "the program failed: $(cat err)"
grep -q warning err && fail "$(cat err)"
"$fltrace" folded t.zst >bytes && "$fltrace" folded --cost=count t.zst >count || fail 'fltrace folded failed'
[ "$(wc -l <expected)" -eq 6 ] || fail 'the program did not say what it did'
while read -r wanted_bytes wanted_count name; do
    [ "$(sum_of bytes "$name")" -eq "$wanted_bytes" ] || fail "$name: $(sum_of bytes "$name") bytes, not $wanted_bytes"
    [ "$(sum_of count "$name")" -eq "$wanted_count" ] || fail "$name: $(sum_of count "$name") calls, not $wanted_count"
done <expected

# The form that flame graph viewers read: a stack without empty functions, a space, a whole number.
awk '!/^[^;].* [0-9]+$/ || /;;|; / { exit 1 }' bytes || fail 'folded has a line that is no folded stack'
[ "$(awk '{ sum += $NF } END { print sum }' bytes)" -eq \
    "$("$fltrace" dump t.zst | awk '/= #/ { for (i = 1; i < NF; i++) if ($i == "=") sum += $(i - 1) } END { print sum }')" ] ||
    fail 'the stacks do not sum up to what was allocated'

# A site is the line that asked, through operator new, the containers and what was inlined.
"$fltrace" sites --by=count --depth=0 --limit=100 t.zst >sites || fail 'fltrace sites failed'
site_is() { # function, text of its line
    line=$(grep -nF "$2" "$source" | head -1 | cut -d: -f1)
    grep -q "$1.*  stacks.cpp:$line\$" sites || fail "no site $1 in line $line: $(cat sites)"
}
site_is leaf_malloc 'std::malloc(bytes)'
site_is leaf_new 'new int[10]'
site_is leaf_inlined 'std::calloc(7, 11)'
site_is leaf_vector 'values.reserve(100)'
grep -q 'plugin_two  stacks_plugin.c:' sites || fail 'no site in the plugin'

# Real programs: as many stacks as calls, and their output as without us.
"$flrec" -q --stacks -o t.zst perl -e 'my %h; $h{$_} = "x" x $_ for 1..2000; print scalar keys %h' >out || fail perl
[ "$(cat out)" = 2000 ] || fail 'perl printed something else'
"$fltrace" folded --cost=count t.zst >count || fail 'folded of perl failed'
known=$(sum_of count Perl_) all=$(awk '{ sum += $NF } END { print sum }' count)
[ "$known" -gt $((all * 9 / 10)) ] || fail "of $all calls only $known are of perl"
expect_status 3 -q --stacks=8 -o t.zst sh -c 'true | cat; exit 3'
for trace in t*.zst; do zstd -tq "$trace" || fail "$trace is damaged"; done

# What has a module's name afterwards may be anything.
cp "$(command -v ls)" ./program && "$flrec" -q --stacks -o t.zst ./program >out || fail 'cannot record a copy of ls'
"$fltrace" sites --limit=100 t.zst | grep -q ' program+0x' || fail 'no frame in the copy of ls'
rm program && mkfifo program
timeout 20 "$fltrace" sites t.zst >sites || fail "sites waits for a pipe that has a module's name"

# Where the header is lost, nobody knows whether there are stacks: that is damage, and not a wrong kind of trace.
"$flrec" -q --stacks -o t.zst true
printf '\377\377' | dd of=t.zst bs=1 seek=60 conv=notrunc 2>/dev/null
for verb in sites folded; do
    "$fltrace" $verb t.zst >out 2>err
    status=$?
    [ $status -eq 3 ] || fail "$verb of a trace without its header: exit $status, expected 3"
    expect_err 'the trace is damaged: the file header'
done

"$flrec" -q -o t.zst true
"$fltrace" sites t.zst >out 2>err && fail 'sites of a trace without stacks'
grep -q 'record it with flrec --stacks' err || fail "no hint: $(cat err)"
expect_status 125 --stacks=0 -o t.zst true
expect_status 125 --stacks=257 -o t.zst true
finish

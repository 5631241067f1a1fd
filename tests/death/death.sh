#!/bin/sh
# death.sh LIBRARY FAMILY MISUSE MODE LINE [SETTINGS]: for each allocator, `misuse MODE` on libflmalloc.so ends by SIGABRT, with
# LINE (a regular expression; @ stands for the pointer the program printed) as all there is on standard error.
library=$1
family=$2
misuse=$3
mode=$4
line=$5
settings=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0
failures=0

for allocator in $("$family"); do
    # In a shell of its own, which is gone by then: this one's word about the death goes elsewhere.
    timeout 60 sh -c 'exec env FLMALLOC="$1" LD_PRELOAD="$2" "$3" "$4" >"$5/out" 2>"$5/err"' sh \
        "$allocator$settings" "$library" "$misuse" "$mode" "$work" 2>/dev/null
    status=$?
    wanted="^libflmalloc: $(echo "$line" | sed "s/@/$(cat "$work/out")/")\$"
    if [ "$status" -ne 134 ] || [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -Eq "$wanted" "$work/err"; then
        echo "$allocator$settings: exit $status, expected 134 and $wanted"
        cat "$work/err"
        failures=$((failures + 1))
    fi
done
[ "$failures" -eq 0 ]

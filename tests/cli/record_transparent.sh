#!/bin/sh
# The program sees the same standard streams, signals, mask and exit code as without flrec.
. "$(dirname "$0")/record_common.sh"

echo text | "$flrec" -q -o t.zst cat >out 2>err
[ "$(cat out)" = text ] || fail 'cat did not get its input'
[ -s err ] && fail '--quiet printed something'
expect_status 7 -o t.zst sh -c 'exit 7'
expect_status 143 -o t.zst sh -c 'kill -TERM $$'

"$flrec" -q -o t.zst sleep 30 &
recorder=$!
sleep 0.3
kill -TERM $recorder
wait $recorder
[ $? -eq 143 ] || fail 'SIGTERM was not passed on'

"$flrec" -q -o t.zst sh -c 'trap "echo got; exit 3" USR1; while :; do sleep 0.05; done' >out &
recorder=$!
sleep 0.3
kill -USR1 $recorder
wait $recorder
[ $? -eq 3 ] && [ "$(cat out)" = got ] || fail 'SIGUSR1 was not passed on'

grep -E '^Sig(Blk|Ign)' /proc/self/status >bare
"$flrec" -q -o t.zst grep -E '^Sig(Blk|Ign)' /proc/self/status >recorded
cmp -s bare recorded || fail 'the program starts with another signal mask'
ls /proc/self/fd >bare
"$flrec" -q -o t.zst ls /proc/self/fd >recorded
cmp -s bare recorded || fail 'the program has other descriptors'

# The first call comes before libc has a locale, an environment and a first thread's storage.
for option in -v --stacks; do
    [ "$("$flrec" $option -o t.zst "$built/early_ifunc" 2>err)" = 'early 1, answer 42' ] ||
        fail "early calls under $option"
    grep -q ' 5 events' err && ! grep -q warning err || fail 'a call of a resolver is not in the trace'
done

# The environment is stored when that is asked for, as the user made it.
rm -f t*.zst
preload=libc.so.6
LD_PRELOAD=$preload "$flrec" --version >out 2>&1 || preload= # a sanitizer wants to be the first
env ${preload:+LD_PRELOAD=$preload} SECRET=Quohz7ie "$flrec" -q --save-env -o t.zst sh -c 'ls / | cat' >out ||
    fail 'with --save-env'
for trace in t*.zst; do
    grep -aq 'SECRET=Quohz7ie' "$trace" || fail "--save-env: not in $trace"
    [ -z "$preload" ] || grep -aq "LD_PRELOAD=$preload" "$trace" || fail "--save-env: not the LD_PRELOAD of the user in $trace"
    grep -aq -e 'FLREC=' -e 'LD_PRELOAD=/' "$trace" && fail "--save-env: what is ours is in $trace"
done
rm t*.zst
SECRET=Quohz7ie "$flrec" -q -o t.zst true
grep -aq Quohz7ie t.zst && fail 'the environment is in the trace'

"$flrec" -o - ls / 2>err | zstd -tq || fail '-o - is not a whole trace'
[ "$(stat -c %a t.zst)" = 600 ] || fail 'others may read the trace'
(cd "$work" && "$flrec" -q true) && ls true.*.zst >/dev/null || fail 'no trace under the default name'
finish

#!/bin/sh
# The command line of flreplay: what it refuses, and what it says then.
. "$(dirname "$0")/replay_lib.sh"
make_trace 1 20000 t.zst

run 0 "$FLREPLAY" --alloc=help
expect out 'addr-tree  *'
expect out 'list-addr  *'
expect out 'system  *'
expect out 'none  *'
expect out '  augment=none *'
expect out '*of addr-tree (none|max)'
[ "$(grep -c '^  chunk=64k ' out)" = 1 ] || fail 'a knob that all have is not printed once'

run 2 "$FLREPLAY"
expect err 'flreplay: error: no trace is named'
run 2 "$FLREPLAY" - - </dev/null
expect err '*standard input is one trace; - is named 2 times*'
run 2 "$FLREPLAY" t.zst --alloc=adr-tree
expect err "flreplay: error: no allocator is called 'adr-tree'; did you mean 'addr-tree'?"
run 2 "$FLREPLAY" t.zst --alloc=addr-tree,colour=red
expect err 'flreplay: error: addr-tree: *colour*'
run 2 "$FLREPLAY" t.zst --alloc=addr-tree,augment=most
expect err 'flreplay: error: addr-tree: *augment*'
run 2 "$FLREPLAY" t.zst --alloc=augment=max
expect err "flreplay: error: 'augment=max' stands before any allocator's name"
run 2 "$FLREPLAY" t.zst --alloc=addr-tree,,system
expect err 'flreplay: error: empty item in --alloc=*'
run 2 "$FLREPLAY" t.zst --check=some
expect err 'flreplay: error: --check=some: *'
run 2 "$FLREPLAY" t.zst --check=off --runs=0
expect err 'flreplay: error: --runs=0 with --check=off leaves nothing to do'
run 2 "$FLREPLAY" t.zst --runs=101
expect err 'flreplay: error: --runs=101: it is at least 0 and at most 100'
run 2 "$FLREPLAY" t.zst --timeout=soon
expect err 'flreplay: error: --timeout=soon: *'
run 2 "$FLREPLAY" t.zst --touch=some
expect err 'flreplay: error: --touch=some: *'
run 2 "$FLREPLAY" t.zst --limit=0
expect err 'flreplay: error: --limit=0: *'
run 4 "$FLREPLAY" missing.zst
expect err 'flreplay: error: cannot open missing.zst: No such file or directory'
run 4 "$FLREPLAY" t.zst --json=missing/out.json
expect err 'flreplay: error: cannot write missing/out.json.part: *'

for option in json save-baseline baseline series shrink; do
    run 2 "$FLREPLAY" t.zst --$option=
    expect err "flreplay: error: --$option: the file has no name"
done
run 2 "$FLREPLAY" t.zst --runs=0 --save-baseline=-
expect err 'flreplay: error: --save-baseline keeps a file; --json has standard output'

# What is read is not written over, and nothing is written twice. Until all is done a file stays what it was.
cp t.zst k.zst
ln k.zst link.zst
for option in --json=k.zst --format=csv:./k.zst --series=link.zst --save-baseline=k.zst; do
    run 2 "$FLREPLAY" k.zst --runs=0 "$option"
    expect err 'flreplay: error: * would be written over k.zst, which is read'
    cmp -s t.zst k.zst || fail "$option: the trace is gone"
done
run 2 "$FLREPLAY" t.zst --runs=0 --json=both --series=both
expect err 'flreplay: error: both would be written twice'
run 2 "$FLREPLAY" t.zst --runs=0 --json=both --format=csv:both
run 0 "$FLREPLAY" t.zst --runs=0 --json=/dev/null --format=csv:/dev/null
echo old >kept.json
run 3 "$FLREPLAY" /dev/null --runs=0 --format=csv:csv
run 4 "$FLREPLAY" t.zst --alloc=list-addr --runs=0 --json=kept.json --save-baseline=.
[ "$(cat kept.json)" = old ] || fail 'a call that replays nothing takes the results of another'
ln -s linked.json symbolic.json
run 0 "$FLREPLAY" t.zst --alloc=list-addr --runs=0 --json=symbolic.json
[ -L symbolic.json ] && [ -s linked.json ] || fail 'a link is replaced, not written through'

# Results on standard output, notes on standard error, --quiet leaves the errors.
run 0 "$FLREPLAY" t.zst --runs=1
expect out 't.zst: 20,000 events, *'
expect out '  addr-tree,augment=max  passed *'
expect out '  system  *passed *'
expect err "flreplay: next: flreplay 't.zst' *"
run 0 "$FLREPLAY" t.zst --runs=1 --quiet
[ -s err ] && fail '--quiet: something on standard error'

# Several traces, a pipe, a prefix, the floor as a target, JSON to a file beside the tables.
make_trace 2 5000 u.zst
run 0 "$FLREPLAY" t.zst u.zst --alloc=addr-tree,list-addr --alloc=none,system --runs=2 --json=r.json
expect out 't.zst: 20,000 events, *'
expect out 'u.zst: 5,000 events, *'
expect r.json '  "schema": 1,'
cat u.zst | "$FLREPLAY" - --runs=1 >out 2>err || fail "a pipe: exit $?, expected 0"
expect out 'standard input: 5,000 events, *'
run 0 "$FLREPLAY" t.zst --alloc=none,system,addr-tree --runs=1 --check=off
expect out '  system  * 1.00 *'
(ulimit -v 2000000 && exec "$FLREPLAY" t.zst --runs=1) >out 2>err
case $? in
    4) expect err '*tables; --check=off needs less address space (ulimit -v)' ;;
esac
run 0 "$FLREPLAY" t.zst --limit=1k --runs=1
expect out 't.zst: 1,024 events (--limit), *'
run 0 "$FLREPLAY" t.zst --alloc=addr-tree,system --runs=0 --histogram
expect out '  calls by their visits, addr-tree'
expect out '  allocator * internal  external *'
run 0 "$FLREPLAY" --help
for figure in 'visits ' 'splits ' 'merges ' 'free list ' 'payload ' 'block bytes ' 'footprint ' 'faults ' 'syscalls ' 'others ' 'internal ' 'external '; do
    expect out "  $figure *"
done
for touch in none first page all; do
    run 0 "$FLREPLAY" t.zst --alloc=addr-tree,none,system --runs=1 --check=off --touch=$touch --json=r.json
    expect out "*, touch=$touch; *"
    expect r.json "    \"touch\": \"$touch\","
done
run 0 "$FLREPLAY" t.zst --runs=1 --json
[ "$(head -c 1 out)" = '{' ] || fail '--json: standard output is not JSON'
if command -v python3 >/dev/null; then
    python3 -m json.tool <out >/dev/null 2>err || fail '--json: not valid JSON'
fi
finish

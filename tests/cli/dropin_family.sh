#!/bin/sh
# The promises of the malloc family, threads, fork, vfork and exec, signal handlers, the time before main, exhausted memory:
# each on every allocator, once as it is and once with the heap checked.
. "$(dirname "$0")/dropin_common.sh"

expect() { # OUTPUT COMMAND...
    wanted=$1
    shift
    for allocator in $("$family"); do
        for check in off full,check-every=200; do
            on "$allocator,check=$check" "$@"
            [ "$status" -eq 0 ] && [ "$(cat out)" = "$wanted" ] && [ ! -s err ] ||
                fail "$allocator,check=$check: $*: exit $status, $(cat out)"
        done
    done
}

[ "$("$built/malloc_family" glibc)" = kept ] || fail 'the promises are not those of the C library'
expect kept "$built/malloc_family"
expect 'threads 400' "$built/threads" 400
expect 'early 1, answer 42' "$built/early_ifunc"
expect enough "$built/handler_alloc"
expect 'children 40' "$built/fork_threads" 40
expect_alike "$built/fork_child"
for allocator in $("$family"); do
    on "$allocator" "$built/crossfree" 200000
    grep -qx 'calls 200000' out || fail "$allocator: crossfree: exit $status"
    # A shell sets the limit, so that it holds from the program's first call on.
    on "$allocator" sh -c 'ulimit -v 200000 && exec "$0"' "$built/exhaust"
    [ "$status" -eq 0 ] && [ "$(cat out)" = survived ] || fail "$allocator: exhaust: exit $status, $(cat out)"
done
# Knobs that change what a block looks like or when memory goes back, and one that needs none.
for settings in list-lifo,links=single,tags=none list-addr,fit=next,links=single list-size,tags=none size-tree,coalesce=off \
    size-tree,tags=none,align=64,big=4k,chunk=4k addr-tree,augment=max,fit=next combo-tree,trim=always combo-tree,trim=threshold,tags=none; do
    on "$settings,check=full,check-every=100" "$built/malloc_family"
    [ "$status" -eq 0 ] && [ "$(cat out)" = kept ] && [ ! -s err ] || fail "$settings: malloc_family: exit $status, $(cat out)"
    on "$settings,check=full,check-every=100" "$built/fork_threads" 10
    [ "$(cat out)" = 'children 10' ] || fail "$settings: fork_threads: exit $status"
done
on '' "$built/fork_threads" 200
[ "$(cat out)" = 'children 200' ] || fail "200 forks: exit $status, $(cat out)"
finish

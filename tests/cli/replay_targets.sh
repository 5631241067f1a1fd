#!/bin/sh
# replay_targets.sh BROKEN_LIBRARY PART_LIBRARY NO_FILTER: foreign allocators as targets. Each that is installed passes every check; one
# that hands a block out twice is found; what is no malloc is refused before anything is replayed. Where CI is set all must
# be installed.
broken=$1
part=$2
no_filter=$3
. "$(dirname "$0")/replay_lib.sh"
make_trace 1 60000 t.zst
"$REPLAY_TRACE" 2 60000 7 >aligned_to_128.zst || exit 1
missing=0

installed() { # LIBRARY
    ldconfig -p 2>/dev/null | awk -v name="$1" '$1 == name { found = 1 } END { exit !found }'
}

# On the replayed events all calls of the family occur; the check covers alignment, overlap, contents and zeroing.
for pair in jemalloc=libjemalloc.so.2 mimalloc=libmimalloc.so.2 tcmalloc=libtcmalloc_minimal.so.4; do
    name=${pair%%=*}
    library=${pair#*=}
    if ! installed "$library"; then
        run 4 "$FLREPLAY" t.zst --alloc="$name"
        expect err "flreplay: error: $name: the loader finds no $library (Debian package lib*$name*)"
        missing=$((missing + 1))
        [ -z "${CI:-}" ] || fail "$name is not installed"
        continue
    fi
    run 0 "$FLREPLAY" aligned_to_128.zst --alloc="$name,lib:$library,system" --check=full --runs=1 --json=r.json
    expect out "  $name  *passed *"
    expect out "  lib:$library  *passed *"
    [ "$(grep -c '"library": ".*/'"$library"'"' r.json)" -eq 2 ] || fail "$name: malloc is not that of $library"
    [ "$(grep -c '"library": ".*/libc\.so' r.json)" -eq 1 ] || fail "system beside $name: malloc is not libc's"
    # mimalloc 2.0.9 takes no heed of an alignment of 256, 512 or 1,024 when it is the size too (its issue 700).
    "$FLREPLAY" t.zst --alloc="$name" --runs=0 >out 2>err
    case $name:$? in
    *:0) ;;
    mimalloc:5) grep -Eq 'posix_memalign of (256|512|1024) bytes: block 0x[0-9a-f]* is not aligned to \1 bytes' err ||
        fail 'mimalloc: a mistake that is not known' ;;
    *) fail "$name: exit $?" ;;
    esac
    # The user's LD_PRELOAD is his, not the target's.
    run 0 env LD_PRELOAD="$library" "$FLREPLAY" t.zst --alloc=glibc --runs=0 --json=r.json
    expect r.json '*"library": "*/libc.so*'
done

# A library of any name: right while it is right, and the first block that it hands out twice is found.
cp "$broken" 'lib=odd.so'
run 0 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --check=full --runs=1
expect out '  lib:lib=odd.so  *passed *'
run 5 env BROKEN_AFTER=3000 "$FLREPLAY" t.zst --alloc=system,lib:./lib=odd.so --runs=1
expect err 'flreplay: error: lib:lib=odd.so: event *, object *: block * overlaps live object *'
expect err "hint: flreplay 't.zst' --alloc=lib:./lib=odd.so --check=full --runs=0 --limit=*"
limit=$(sed -n 's/.*--limit=\([0-9]*\).*/\1/p' err)
run 5 env BROKEN_AFTER=3000 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --check=full --runs=0 --limit="$limit"
run 0 env BROKEN_AFTER=3000 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --check=full --runs=0 --limit=$((limit - 1))

# Sized frees go where the library has them, with size and alignment as recorded, after a realloc too: it ends the
# process at another. Where it ends it at the first, that is the event.
run 0 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --runs=1 --latency --series=s.csv
run 5 env BROKEN_SIZED=1 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --runs=0
first=$("$FLTRACE" dump t.zst | awk '$2 ~ /^free_(aligned_)?sized$/ { print $1; exit }')
expect err "flreplay: error: lib:lib=odd.so: event $first: crashed: Aborted*"
run 0 env BROKEN_SIZED=1 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --runs=0 --limit="$first"

# The system calls of a foreign allocator: this library maps 5 MiB when loaded, then 1 GiB once. Its variables and the loader's are a few pages.
memory_key() { # KEY: of the only target in r.json
    sed -n "/\"memory\": {/,/}/s/^ *\"$1\": \([0-9]*\),*$/\1/p" r.json
}
run 0 "$FLREPLAY" t.zst --alloc=lib:./lib=odd.so --runs=1 --json=r.json
if [ -n "$(memory_key calls)" ]; then
    [ "$(memory_key calls) $(memory_key mmap_calls) $(memory_key mmap_bytes)" = '1 1 1073741824' ] || fail 'not one call to mmap of 1 GiB'
    loaded=$(memory_key loaded_footprint_bytes)
    [ "$loaded" -ge 5177344 ] && [ "$loaded" -le 5308416 ] || fail "held at the beginning: $loaded, not 5 MiB"
    [ "$(memory_key peak_footprint_bytes)" -eq $((loaded + 1073741824)) ] || fail "footprint: $(memory_key peak_footprint_bytes)"
    expect out '  lib:lib=odd.so *  1.0 GiB * 1'
    for knobs in '' ,trim=always; do
        run 0 "$FLREPLAY" t.zst --alloc="addr-tree$knobs,system" --runs=1 --json=r.json
        [ "$(grep -c '"memory": null' r.json)" -eq 1 ] || fail 'memory is not of foreign allocators alone'
        [ "$(memory_key brk_calls)" -gt 0 ] || fail 'system made no call to brk'
    done
else
    expect err 'flreplay: note: system calls cannot be counted here (*): no footprint of foreign allocators'
fi

# Where no filter may be installed they are unknown, which is a note and no error.
if "$no_filter" true 2>/dev/null; then
    run 0 "$no_filter" "$FLREPLAY" t.zst --alloc=addr-tree,system,glibc --runs=1 --json=r.json
    expect err 'flreplay: note: system calls cannot be counted here (Operation not permitted): no footprint of foreign allocators'
    [ "$(grep -c 'cannot be counted' err)" -eq 1 ] || fail 'more than one note'
    expect out '  system * -         -         -'
    [ "$(grep -c '"memory": null' r.json)" -eq 3 ] || fail 'unknown memory is not null'
    run 0 "$no_filter" "$FLREPLAY" t.zst --alloc=system --runs=0 --quiet
    [ -s err ] && fail '--quiet: a note'
fi

# What cannot be a target.
echo text >text.so
run 4 "$FLREPLAY" t.zst --alloc=system,lib:./none.so
expect err 'flreplay: error: lib:none.so: the library cannot be loaded: *cannot open shared object file*'
[ -s out ] && fail 'something was replayed before the library was found missing'
run 4 "$FLREPLAY" t.zst --alloc=lib:./text.so
expect err 'flreplay: error: lib:text.so: the library cannot be loaded: *'
run 2 "$FLREPLAY" t.zst --alloc=lib:libm.so.6
expect err "flreplay: error: lib:libm.so.6: the library defines no malloc"
run 2 "$FLREPLAY" t.zst --alloc="lib:$part"
expect err 'flreplay: error: lib:*: the library defines no free'
run 2 "$FLREPLAY" t.zst --alloc=lib:/a,b.so
expect err "flreplay: error: no allocator is called 'b.so'; a comma ends the name of a library"
run 2 "$FLREPLAY" t.zst --alloc='lib:/a b.so'
run 2 "$FLREPLAY" --growth --alloc="lib:$broken"
echo 'a 1 100' | "$FLREPLAY" --explain - --alloc="lib:$broken" >out 2>err
[ $? -eq 2 ] || fail '--explain of a library'
expect err '*: --explain starts no process to preload it into'
[ "$failures" -gt 0 ] || [ "$missing" -eq 0 ] || { echo "$missing allocators are not installed"; exit 77; }
finish

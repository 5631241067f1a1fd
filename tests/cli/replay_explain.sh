#!/bin/sh
# flreplay --explain: what it shows of a text trace, and what it says of a wrong one.
. "$(dirname "$0")/replay_lib.sh"

# Its output is exactly standard input.
same() { # WHAT
    cat >expected
    cmp -s expected out || {
        diff expected out
        fail "$1: not what was expected"
    }
}

# ---- the example of the course notes, number for number ----
cat >notes.txt <<'END'
a a 100
a b 200
f b
END
run 0 "$FLREPLAY" --explain notes.txt --base=10000 --alloc=list-addr,align=4,chunk=4k,coalesce=off
same 'the notes without coalescing' <<'END'
notes.txt: list-addr,align=4,chunk=4k,coalesce=off

a = malloc(100)
  returns 10008, in block 10000 of 108 bytes
  0 visits, mmap of 4,096 bytes, 1 split
  free list: (10108: 3988)

b = malloc(200)
  returns 10116, in block 10108 of 208 bytes
  1 visit, 1 split
  free list: (10316: 3780)

free(b)
  gives back 10116, in block 10108 of 208 bytes
  1 visit
  free list: (10108: 208) -> (10316: 3780)

3 calls; live: 1 block, 100 bytes asked for; from the kernel: 4,096 bytes; heap sound after each
END
run 0 "$FLREPLAY" --explain notes.txt --base=10000 --alloc=list-addr,align=4,chunk=4k,coalesce=on
same 'the notes with coalescing' <<'END'
notes.txt: list-addr,align=4,chunk=4k,coalesce=on

a = malloc(100)
  returns 10008, in block 10000 of 108 bytes
  0 visits, mmap of 4,096 bytes, 1 split
  free list: (10108: 3988)

b = malloc(200)
  returns 10116, in block 10108 of 208 bytes
  1 visit, 1 split
  free list: (10316: 3780)

free(b)
  gives back 10116, in block 10108 of 208 bytes
  0 visits, 1 merge
  free list: (10108: 3988)

3 calls; live: 1 block, 100 bytes asked for; from the kernel: 4,096 bytes; heap sound after each
END

# Every other design gets to the same blocks, and draws them its way.
last_index() { # the free blocks after the last call
    awk '/^[a-z]/ { text = "" } /^  [a-z ]*:/ || /^    / { text = text $0 "\n" }
         /^[0-9]+ calls/ { printf "%s", kept } { kept = text }' out >index
    mv index out
}
for tags in none boundary; do
    for name in list-lifo list-addr list-size size-tree addr-tree combo-tree; do
        notes="--explain notes.txt --base=10000 --alloc=$name,align=4,chunk=4k,tags=$tags"
        # shellcheck disable=SC2086
        run 0 "$FLREPLAY" $notes,coalesce=off
        expect out '  returns 10008, in block 10000 of 108 bytes'
        expect out '  returns 10116, in block 10108 of 208 bytes'
        last_index
        case $name in
        list-*) echo '  free list: (10108: 208) -> (10316: 3780)' ;;
        size-tree) printf '  tree by size:\n    (10316: 3780)\n      left  (10108: 208)\n' ;;
        addr-tree) printf '  tree by address:\n    (10316: 3780)\n      left  (10108: 208)\n' ;;
        combo-tree)
            printf '  tree by size:\n    (10316: 3780)\n      left  (10108: 208)\n'
            printf '  tree by address:\n    (10316: 3780)\n      left  (10108: 208)\n'
            ;;
        esac | same "$name,tags=$tags: the last free blocks"
        # shellcheck disable=SC2086
        run 0 "$FLREPLAY" $notes,coalesce=on
        last_index
        grep -q '(10108: 3988)$' out && ! grep -v '(10108: 3988)$' out | grep -q '(' ||
            fail "$name,tags=$tags: not one block of 3,988 bytes"
    done
done

# Equal sizes beside their node, both trees of the combined design.
printf 'a 1 100\na v 20\na 2 50\na w 20\na 3 100\na x 20\na 4 300\na y 20\na 5 50\na z 20\n' >equal.txt
printf 'f 1\nf 2\nf 3\nf 4\nf 5\n' >>equal.txt
run 0 "$FLREPLAY" --explain equal.txt --base=10000 --alloc=combo-tree,chunk=4k
last_index
same 'combo-tree: two trees' <<'END'
  tree by size:
    (10008: 112) = (10248: 112)
      left  (10152: 64) = (10744: 64)
      right (10840: 3248)
        left  (10392: 320)
  tree by address:
    (10152: 64)
      left  (10008: 112)
      right (10392: 320)
        left  (10248: 112)
        right (10840: 3248)
          left  (10744: 64)
END

# ---- every call, and the default allocator ----
cat >calls.txt <<'END'
# every call there is

a a 100     # by name
z 1 200     # by number
m aligned 64 10
u 1
f a
r 1 1000
f 1
f aligned
END
run 0 "$FLREPLAY" --explain calls.txt
same 'every call' <<'END'
calls.txt: list-addr

a = malloc(100)
  returns 16, in block 8 of 112 bytes
  0 visits, mmap of 65,536 bytes, 1 split
  free list: (120: 65408)

p1 = calloc(1, 200)
  returns 128, in block 120 of 208 bytes
  1 visit, 1 split
  free list: (328: 65200)

aligned = aligned_alloc(64, 10)
  returns 384, in block 376 of 32 bytes
  1 visit, 2 splits
  free list: (328: 48) -> (408: 65120)

malloc_usable_size(p1)
  returns 200
  0 visits
  free list: (328: 48) -> (408: 65120)

free(a)
  gives back 16, in block 8 of 112 bytes
  1 visit
  free list: (8: 112) -> (328: 48) -> (408: 65120)

p1 = realloc(p1, 1000)
  returns 416, in block 408 of 1,008 bytes
  3 visits, 1 split, 2 merges
  free list: (8: 368) -> (1416: 64112)

free(p1)
  gives back 416, in block 408 of 1,008 bytes
  0 visits, 1 merge
  free list: (8: 368) -> (408: 65120)

free(aligned)
  gives back 384, in block 376 of 32 bytes
  0 visits, 2 merges
  free list: (8: 65520)

8 calls; live: 0 blocks, 0 bytes asked for; from the kernel: 65,536 bytes; heap sound after each
END

# ---- trees, several allocators, big blocks, a prefix, standard input ----
printf 'a 1 100\na 2 100\na 3 100\nf 1\nf 3\na big 2m\nf big\n' >tree.txt
run 0 "$FLREPLAY" --explain tree.txt --base=10000 --alloc=addr-tree,augment=max,list-addr
expect out 'tree.txt: addr-tree,augment=max'
expect out '  tree by address:'
expect out '    (10232: 65296)'
expect out '      left  (10008: 112)'
expect out '  returns big+0, a mapping of its own of 2,097,152 bytes'
expect out '  0 visits, munmap of 2,097,152 bytes'
expect out 'tree.txt: list-addr'
expect out '  free list: (10008: 112) -> (10232: 65296)'
run 0 "$FLREPLAY" --explain --limit=2 --check=off - --alloc=system <tree.txt
expect out 'standard input: system'
expect out '  returns 0x*, usable: * bytes'
expect out '2 calls'
printf 'a 1 1\n' >one.txt
printf '' >none.txt
run 0 "$FLREPLAY" --explain one.txt none.txt
expect out '1 call; live: 1 block, 1 byte asked for; *'
expect out '0 calls; *'
printf 'a 1 65512' >all.txt
run 0 "$FLREPLAY" --explain all.txt
expect out '  no block is free'

# ---- requests that cannot be had ----
printf 'a 1 18446744073709551615\nr 1 17179869183g\nf 1\nz 2 1g\nm 3 1g 1\na 4 100\nr 4 1g\n' >huge.txt
run 0 "$FLREPLAY" --explain huge.txt --alloc=list-addr,big=never
expect out '  returns NULL: no memory'
expect out '  returns NULL: no memory, the old block stays'
expect out '  of NULL: does nothing'

# ---- a wrong text trace: the line and the reason, before any answer ----
refused() { # TEXT MESSAGE
    printf "$1" >wrong.txt
    run 3 "$FLREPLAY" --explain wrong.txt
    expect err "flreplay: error: wrong.txt:$2"
    [ -s out ] && fail "$1: something was shown"
}
refused 'a 1 100\n\nf 7\n' '3: free of 7, which is not live'
refused 'a 1 100\nf 1\nf 1\n' '3: free of 1, which is not live: freed in line 2'
refused 'a 1 100\na 1 100\n' '2: malloc of 1, which is live since line 1'
refused 'a p1 100\na 1 100\n' '2: malloc of 1, which is live since line 1'
refused 'r 1 100\n' '1: realloc of 1, which is not live'
refused 'u 1\n' '1: usable size of 1, which is not live'
refused 'malloc 1 100\n' "1: no call is written 'malloc'"
refused 'a 1\n' '1: malloc is written: a ID BYTES'
refused 'f 1 2 3 4 5 6\n' '1: free is written: f ID'
refused 'a 1 ten\n' "1: 'ten' is no size: 100, 4k, 1m, 2g"
refused 'a 1 -1\n' "1: '-1' is no size: *"
refused 'a 1 18446744073709551616\n' "1: '18446744073709551616' is no size: *"
refused 'm 1 48 100\n' '1: 48 is no alignment: a power of two, 1g at most'
refused 'm 1 0 100\n' '1: 0 is no alignment: *'
refused 'm 1 2g 100\n' '1: 2g is no alignment: *'
refused 'a a-b 1\n' "1: 'a-b' is no ID: up to 15 letters, digits and _"
refused 'a a23456789012345b 1\n' "1: 'a23456789012345b' is no ID: *"
refused 'a 1 1\000\n' '1: byte 0x00 is not text; *'
refused 'a \033[1m 1\n' '1: byte 0x1b is not text; *'
refused 'a \303\251 1\n' "1: '*' is no ID: *"
expect err 'hint: one call a line: a ID BYTES, *'
make_trace 1 1000 t.zst
run 3 "$FLREPLAY" --explain t.zst
expect err 'flreplay: error: t.zst:1: byte 0x* is not text; a recorded trace is replayed without --explain'

# ---- no end, no size, no file ----
endless() { # MESSAGE: of a stream that never ends
    timeout 60 "$FLREPLAY" --explain - >out 2>err
    [ $? -eq 3 ] || fail "$1: exit is not 3"
    expect err "flreplay: error: standard input:$1"
}
yes '' | endless '100001: more than 100,000 lines'
yes '# nothing' | endless '100001: more than 100,000 lines'
yes 'u x' | sed '1i a x 1' | endless '4097: more than 4,096 calls; record longer ones'
tr '\0' a </dev/zero | endless '1: the line is longer than 500 bytes'
run 4 "$FLREPLAY" --explain missing.txt
expect err 'flreplay: error: cannot open missing.txt: No such file or directory'
run 4 "$FLREPLAY" --explain .
expect err 'flreplay: error: cannot read .: Is a directory'
run 2 "$FLREPLAY" --explain
expect err 'flreplay: error: no text trace is named'
run 2 "$FLREPLAY" one.txt --base=5
expect err 'flreplay: error: --base says where --explain begins to count'
run 2 "$FLREPLAY" --explain --growth one.txt
expect err 'flreplay: error: --explain, --growth and --map are different commands'
run 2 "$FLREPLAY" --explain one.txt --base=9999999999999999999
expect err 'flreplay: error: --base: it is at most *'
run 2 "$FLREPLAY" --explain one.txt --json=x
expect err 'flreplay: error: --format or --json goes with a replay, not with --explain, --growth or --map'
"$FLREPLAY" --explain one.txt >/dev/full 2>err
[ $? -eq 4 ] || fail 'a full disk: exit is not 4'

# ---- an allocator that is wrong is caught while it is explained ----
run 5 "$FLREPLAY_WRONG" --explain tree.txt --alloc=wrong,mode=misaligned,after=2
expect err 'flreplay: error: wrong,mode=misaligned,after=2: tree.txt:*: * is not aligned to 16'
finish

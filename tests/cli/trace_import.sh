#!/bin/sh
# trace_import.sh FLTRACE FLREPLAY MAKE_TRACE: traces of other tools. What is converted says the same as what is read directly;
# flreplay and each verb read both; what a format cannot say, and what is odd in a file, is told.
fltrace=$1
flreplay=$2
make_trace=$3
. "$(dirname "$0")/trace_lib.sh"

run() { # EXPECTED_STATUS COMMAND ARGUMENT...
    wanted=$1
    shift
    timeout 60 "$@" >out 2>err
    status=$?
    [ "$status" -eq "$wanted" ] || fail "$*: exit $status, expected $wanted"
}

says() { # FILE TEXT
    grep -qF -- "$2" "$1" || fail "not in $1: '$2'"
}

cat >android.txt <<'END'
7: malloc 0xb4827400 1024
9: calloc 0xb4827800 3 40
7: memalign 0xb4828000 64 100
7: realloc 0xb4829000 0xb4827400 2048
9: free 0xb4827800
9: thread_done 0x0
7: malloc 0xb4829000 5
7: free 0xb4900000
END
cat >android.dump <<'END'
- thread-start 0 system-id=7
- thread 0
0 malloc 1024 = #0
- thread-start 1 system-id=9
- thread 1
1 calloc 120 = #1
- thread 0
2 memalign align=64 100 = #2
3 realloc #0 2048 = #3
- thread 1
4 free #1
- thread-end 1
- thread 0
- free #3 implied
5 malloc 5 = #4
6 free unknown
END
awk 'BEGIN { for (i = 0; i < 5000; i++) { printf "Alloc(%d),\n", i % 97 * 8; if (i % 3) printf "Free(%d),\n", i } }' >wee.trace

awk 'BEGIN { print "20000\n100\n300\n1"; for (i = 0; i < 100; i++) { printf "a %d %d\nr %d %d\n", i, i % 37 * 8, i, i % 41 * 16 + 1; if (i > 9) printf "f %d\n", i - 10; else print "f -1" } }' >lab.rep

# Read directly and converted, compressed and not, from a file and a pipe.
run 0 "$fltrace" dump android.txt
cmp -s out android.dump || fail 'dump of android.txt: another text'
for file in android.txt lab.rep wee.trace; do
    run 0 "$fltrace" convert "$file" -o t.zst
    says err 'which does not say: '
    says err "fltrace: next: flreplay 't.zst'"
    run 0 "$fltrace" dump "$file"
    mv out direct
    run 0 "$fltrace" dump t.zst
    cmp -s out direct || fail "$file: converted, it says something else"
    gzip -k "$file" && zstd -q "$file" && gzip -c "$file.zst" >"$file.zst.gz" && gzip -c t.zst >t.zst.gz
    for packed in "$file.gz" "$file.zst" "$file.zst.gz" t.zst.gz; do
        run 0 "$fltrace" dump "$packed"
        cmp -s out direct || fail "$packed: it says something else"
    done
    timeout 60 "$fltrace" dump - <"$file" >out 2>err || fail "dump - of $file"
    cmp -s out direct || fail "$file from a pipe: it says something else"
    run 0 "$fltrace" convert "$file" -o - && zstd -tq <out || fail "$file: convert to standard output"
    for path in "$file" "$file.gz" t.zst; do
        run 0 "$flreplay" "$path" --alloc=addr-tree --check=full --runs=1 --quiet
    done
    timeout 60 "$flreplay" - --alloc=addr-tree --runs=0 --quiet <"$file" >out 2>err || fail "flreplay - of $file"
    run 0 "$flreplay" "$file" --alloc=system --threads=real --runs=1 --quiet
    run 0 "$fltrace" slice -o s.zst 3.. "$file"
    run 0 "$fltrace" pack -o p.zst "$file"
    run 0 "$fltrace" stats "$file"
done
for path in wee.trace t.zst; do
    "$flreplay" $path --alloc=addr-tree --runs=0 --quiet | grep '^  offsets' >"$path.offsets"
done
cmp -s wee.trace.offsets t.zst.offsets && [ -s t.zst.offsets ] || fail 'converted, it replays otherwise'

# What cannot be said, and what is odd.
run 0 "$fltrace" info android.txt
says out '  imported_from      android'
says out '  import_gaps        which aligned call it was, failed calls, times'
says out '  time               none'
says out '  unknown_frees      1'
says out '  implied_frees      1'
run 0 "$fltrace" convert android.txt -o t.zst
says err 'fltrace: 7 events of the format android, '
says err 'fltrace: 1 frees of what the trace does not show to be allocated'
says err 'fltrace: 1 objects whose address was handed out again without a free'
run 0 "$fltrace" info t.zst
says out '  import_gaps        which aligned call it was, failed calls, times'
says out '  unknown_frees      1'
run 0 "$fltrace" info android.txt t.zst
[ "$(wc -l <out)" -eq 3 ] || fail 'info of two: not a line each'

# Odd lines are lost events, told with their number; what could be read is kept.
sed -e '2s/calloc/kalloc/' -e '$a odd' android.txt >odd.txt
run 3 "$fltrace" convert odd.txt -o odd.zst
says err 'error: odd.txt: the trace is damaged: line 2: no known call'
says err 'error: odd.txt: the trace is damaged: line 9: '
says err 'fltrace: 2 malformed lines or records, now lost events'
run 0 "$fltrace" info odd.zst
says out '  lost events                      2'
says out '  malformed          2'
run 3 "$flreplay" odd.txt --alloc=addr-tree --runs=1
says err 'odd.txt: the trace is damaged: line 2: no known call'
says out 'passed'

# Verbs of several traces read other tools' files too, beside ours and as often as they like.
run 0 "$fltrace" merge -o both.zst --order=sequence android.txt t.zst
run 0 "$fltrace" info both.zst
says out '  events                          14'
run 2 "$fltrace" merge -o both.zst android.txt t.zst
says err 'has no times: choose --order=sequence or --order=round-robin'
run 3 "$fltrace" merge -o both.zst --order=sequence --from=wee-alloc android.txt
run 0 "$fltrace" diff android.txt t.zst
says out 'calls                                  7               7               ='
run 3 "$fltrace" diff --from=wee-alloc android.txt android.txt

# What is cut is not made to look whole.
head -c $(($(wc -c <wee.trace.gz) / 2)) wee.trace.gz >cut.gz
rm -f cut.zst
run 3 "$fltrace" convert cut.gz -o cut.zst
says err 'cut.gz: the trace is truncated: its gzip does not unpack further: it ends too early'
says err 'cut.zst is not written'
[ ! -e cut.zst ] && [ ! -e cut.zst.part ] || fail 'a cut file was converted'
run 3 "$flreplay" cut.gz --alloc=addr-tree --runs=1
says out 'passed'

# The format can be forced, and is listed.
run 0 "$fltrace" dump --from=android android.txt
cmp -s out android.dump || fail '--from=android: another text'
run 3 "$fltrace" info --from=wee-alloc android.txt
says err "android.txt: nothing in it is of the format 'wee-alloc'"
run 3 "$flreplay" android.txt --from=wee-alloc
for command in "$fltrace dump" "$flreplay"; do
    run 2 $command --from=oracle android.txt
    says err '--from=oracle: there is no such format, there are android, '
    run 0 $command --from=help
    says out 'wee-alloc     traces of wee_alloc'
    says out 'does not say: calloc, realloc, alignment'
done
run 3 "$fltrace" info --from=android t.zst
says err 't.zst is an flrec trace: --from=android does not fit'
echo hello >noise
for command in "$fltrace dump" "$fltrace convert -o n.zst" "$flreplay"; do
    run 3 $command noise
    says err 'noise is not an flrec trace, nor any of android, '
    says err '--from=help lists what else can be read'
done

# A trace of ours becomes one of ours.
"$make_trace" 3 2000 300 >ours.zst
run 0 "$fltrace" convert ours.zst -o t.zst
"$fltrace" dump ours.zst >direct
"$fltrace" dump t.zst >out
cmp -s out direct || fail 'a trace of ours, converted: it says something else'
head -c 3000 ours.zst >cut.zst
run 3 "$fltrace" convert cut.zst -o c.zst
[ ! -e c.zst ] || fail 'a cut trace was converted'
run 2 "$fltrace" convert ours.zst
says err '-o FILE'
cp android.txt same.txt
for verb in convert pack; do
    run 2 "$fltrace" $verb -o ./same.txt same.txt
    says err './same.txt would be written over same.txt, which is read'
    cmp -s android.txt same.txt || fail "$verb: another tool's file was written over"
done
run 2 "$fltrace" convert --level=0 ours.zst -o t.zst
run 4 "$fltrace" convert none -o t.zst
[ "$failures" -eq 0 ]

#!/bin/sh
# fltrace.sh LIBFAULT FLREC FLTRACE FLREPLAY MAKE_TRACE: the system says no to fltrace.
#
# It ends with 0 and what it says and writes is all there, or with 4 and what failed; then a file it should write is as it was before.
. "$(dirname "$0")/common.sh"
"$make_trace" 3 3000 1000 >t.zst && "$make_trace" 4 500 1000 >u.zst || exit 1
printf '1\n3\n6\n100\na 0 512\na 1 128\nr 0 640\na 2 8\nf 1\nf 0\n' >t.rep

try() {
    echo before >written
    # shellcheck disable=SC2086
    faulty "$fltrace" $command
}

check() {
    text=$(errno_text $kind)
    case $status in
    0)
        cmp -s out expected || harm "fltrace $command: another output, and exit 0"
        [ ! -e expected.zst ] || cmp -s written expected.zst || harm "fltrace $command: another file, and exit 0"
        ;;
    4)
        grep 'error: ' err | grep -q "$text" || harm "fltrace $command: does not say '$text'"
        [ "$(cat written)" = before ] || harm "fltrace $command: failed, and changed the file"
        ;;
    *) harm "fltrace $command: exit $status" ;;
    esac
    [ ! -e written.part ] || harm "fltrace $command: something is left"
    rm -f written.part
    if is_invisible; then [ $status -eq 0 ] || harm "fltrace $command: is seen"; fi
}

for command in 'info t.zst' 'stats t.zst' 'dump --limit=100 t.zst' 'info t.zst t.zst' 'pack -o written t.zst' 'slice -o written 700..1900 t.zst' \
    'convert -o written t.rep' 'merge --order=sequence -o written t.zst u.zst' 'diff t.zst u.zst' 'diff --json=written t.zst u.zst'; do
    rm -f expected.zst
    # shellcheck disable=SC2086
    "$fltrace" $command >expected 2>err || harm "fltrace $command: fails without a fault"
    case $command in *written*) mv written expected.zst ;; esac
    sweep fltrace try check open:EMFILE fopen:EACCES read:EIO read:EINTR read:short read:short+ fstat:EIO \
        writev:ENOSPC writev:ENOSPC+ writev:EIO writev:EINTR writev:EAGAIN writev:short writev:short+ rename:EACCES \
        malloc:ENOMEM mmap:ENOMEM
done

# What libc writes itself is out of the library's reach: a full device, a full disk, a limit of files.
kind=ENOSPC
for command in 'info t.zst' 'stats t.zst' 'dump t.zst' 'info t.zst t.zst' 'diff t.zst u.zst' 'folded s.zst' 'sites s.zst' 'pack -o - t.zst' 'slice -o - 1.. t.zst' --help; do
    [ -e s.zst ] || "$flrec" -q --stacks -o s.zst perl -e '1' >out 2>err || continue
    fault="fltrace $command >/dev/full"
    # shellcheck disable=SC2086
    "$fltrace" $command 2>err >/dev/full
    status=$?
    runs=$((runs + 1)) hits=$((hits + 1))
    [ $status -eq 4 ] || harm "exit $status, expected 4"
    grep 'error: ' err | grep -q 'No space left on device' || harm "does not say so"
done
for command in 'pack -o written t.zst' 'slice -o written 1.. t.zst'; do
    echo before >written
    fault="fltrace $command with files of 1 KiB"
    # shellcheck disable=SC2086
    (trap '' XFSZ && ulimit -f 1 && exec "$fltrace" $command) >out 2>err
    status=$?
    runs=$((runs + 1)) hits=$((hits + 1)) kind=EFBIG
    check
done
summary fltrace

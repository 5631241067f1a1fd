#!/bin/sh
# flreplay.sh LIBFAULT FLREC FLTRACE FLREPLAY MAKE_TRACE: the system says no to flreplay.
#
# It ends with 0, every result there, or with 4 and what failed; a file it should write is then as it was before.
. "$(dirname "$0")/common.sh"
command -v perl >/dev/null || { echo 'perl is not installed'; exit 77; }
"$flrec" -q -o t.zst perl -e 'my %h; $h{$_} = "x" x $_ for 1 .. 300; delete $h{$_} for 1 .. 100' || exit 1

try() {
    echo before >written
    # shellcheck disable=SC2086
    faulty "$flreplay" -q t.zst --alloc=size-tree,system $options
}

# Which huge pages there are and the like may be unknown; the exact counts may not.
counts() { # FILE
    grep -E '^  size-tree .* passed |^  offsets' "$1"
}

check() {
    text=$(errno_text $kind)
    case $status in
    0)
        counts out | cmp -s counts - || grep -q 'no memory for the rest of this table' out || harm "$options: other counts, and exit 0"
        [ "$is_written" = no ] || written_is_whole || harm "$options: another file, and exit 0"
        ;;
    4)
        grep 'error: ' err | grep -q "$text" || harm "$options: does not say '$text'"
        [ "$(cat written)" = before ] || is_told_in_it || harm "$options: failed, and changed the file"
        ;;
    *) harm "$options: exit $status" ;;
    esac
    [ ! -e written.part ] || harm "$options: something is left"
    rm -f written.part
    if is_invisible; then [ $status -eq 0 ] || harm "$options: is seen"; fi
}

# A document says of each trace and allocator what became of it: then it is whole.
is_told_in_it() {
    case $options in *json*) ;; *) return 1 ;; esac
    /usr/bin/python3 -m json.tool written >json.out 2>&1
}

# Times and the like differ from run to run; length and end do not, but for their digits.
written_is_whole() {
    [ "$(wc -l <written)" -eq "$(wc -l <whole)" ] && [ "$(tail -c 2 written)" = "$(tail -c 2 whole)" ]
}

files='fopen:EACCES write:EIO rename:EACCES'
every="$files open:EMFILE read:EIO read:EINTR read:short fstat:EIO pread:EIO write:EINTR ftruncate:EIO memfd_create:EMFILE mmap:ENOMEM
    mremap:ENOMEM posix_spawn:EAGAIN pthread_create:EAGAIN waitpid:EINTR poll:EINTR nanosleep:EINTR futex:EINTR futex:EAGAIN
    syscall:ENOSYS syscall:EPERM malloc:ENOMEM"

options_try() { # OPTIONS FAULTS: every one of them
    options=$1
    is_written=no
    case $options in *written) is_written=yes ;; esac
    # shellcheck disable=SC2086
    "$flreplay" -q t.zst --alloc=size-tree,system $options >out 2>err || harm "$options: fails without a fault"
    [ $is_written = no ] || mv written whole
    counts out >counts
    # shellcheck disable=SC2086
    sweep flreplay try check $2
}

options_try '--runs=0 --format=json:written' "$every"
options_try '--runs=0 --save-baseline=written' "$files"
options_try '--runs=0 --series=written' "$files"

kind=ENOSPC
for options in '--runs=0' '--runs=0 --format=json' '--help' '--alloc=help'; do
    fault="flreplay $options >/dev/full"
    # shellcheck disable=SC2086
    "$flreplay" -q t.zst --alloc=size-tree $options 2>err >/dev/full
    status=$?
    runs=$((runs + 1)) hits=$((hits + 1))
    [ $status -eq 4 ] || harm "exit $status, expected 4"
    grep 'error: ' err | grep -q 'No space left on device' || harm 'does not say so'
done
# A disk with one page left, which root alone can make.
if mkdir small && mount -t tmpfs -o size=8k tmpfs small 2>/dev/null; then
    for options in '--runs=0 --format=json:written' '--runs=0 --save-baseline=written' '--runs=0 --series=written'; do
        echo before >small/written
        fault="flreplay $options on a full disk"
        # shellcheck disable=SC2086
        (cd small && exec "$flreplay" -q ../t.zst --alloc=size-tree,system $options) >out 2>err
        status=$?
        runs=$((runs + 1)) hits=$((hits + 1))
        [ $status -eq 4 ] || harm "exit $status, expected 4"
        grep 'error: .*written' err | grep -q 'No space left on device' || harm 'does not say so'
        [ "$(cat small/written)" = before ] && [ "$(ls small)" = written ] || harm 'the file is changed, or something left'
    done
    umount small
fi
summary flreplay

#!/bin/sh
# flrec.sh LIBFAULT FLREC FLTRACE FLREPLAY MAKE_TRACE: the system says no to flrec, or to its library inside the program.
#
# The program runs as without us, or not at all, and then flrec ends with 125 or 126, says why, and leaves nothing. A trace that has
# its name is whole; whatever lacks was told. EINTR and short writes are not seen.
. "$(dirname "$0")/common.sh"
command -v perl >/dev/null || { echo 'perl is not installed'; exit 77; }
program='x=$(perl -e "print join q(,), sort { \$a <=> \$b } map { \$_ * 7 % 13 } 1 .. 12"); echo "$x"; exit 7'

sh -c "$program" >expected
"$flrec" -q -o t.zst sh -c "$program" >out 2>err
[ $? -eq 7 ] && cmp -s out expected || harm 'records nothing without a fault'
whole=$(find . -name 't*.zst' | wc -l)

facts() { # what a trace says that is the same in every run
    "$fltrace" info "$1" | grep -E '^  (exe|argv|cwd|build_id|libc|exit_status|implied_frees|lost_events) '
}
facts t.zst >facts

try() {
    rm -rf traces
    mkdir traces
    faulty "$flrec" -q -o traces/t.zst sh -c "$program"
}

# Whatever was left has its name and is whole, or was told.
traces_check() {
    for trace in traces/*.zst; do
        [ -e "$trace" ] || continue
        "$fltrace" info "$trace" >info 2>&1 || grep -q "warning: $trace is not whole: " err || harm "$trace is not whole, and nobody says so"
    done
    for trace in traces/*.part; do
        [ ! -e "$trace" ] || grep -qF "${trace%.part}" err || harm "$trace is left, and nobody says so"
    done
    [ "$(find traces -name '*.zst' | wc -l)" -eq "$whole" ] || grep -q 'flrec: .*' err || harm 'a trace lacks, and nobody says so'
}

check() {
    case $status in
    7)
        cmp -s out expected || harm 'another output of the program'
        traces_check
        ;;
    125 | 126)
        [ ! -s out ] || harm 'failed after the program had begun'
        [ -z "$(ls traces)" ] || harm 'failed, and left a trace'
        grep '^flrec: error: ' err | grep -qE "$(errno_text $kind)|cannot find libflrec.so|cannot start the .* thread" ||
            harm "does not say '$(errno_text $kind)'"
        ;;
    *) harm "exit $status" ;;
    esac
    if is_invisible; then
        [ $status -eq 7 ] && [ ! -s err ] && [ "$(find traces -name '*.zst' | wc -l)" -eq "$whole" ] || harm "is seen (exit $status)"
        facts traces/t.zst | cmp -s facts - || harm 'is seen in what the trace says'
    fi
}

sweep flrec try check \
    open:EMFILE fopen:EMFILE read:EIO read:EINTR read:short pread:EIO pread:EINTR pread:short write:EIO write:EINTR \
    writev:ENOSPC writev:ENOSPC+ writev:EIO writev:EINTR writev:EAGAIN writev:short writev:short+ fstat:EIO ftruncate:EIO \
    rename:EACCES readlink:EACCES realpath:EACCES fcntl:EMFILE pipe2:EMFILE mmap:ENOMEM mmap:ENOMEM+ \
    memfd_create:EMFILE memfd_create:EMFILE+ malloc:ENOMEM fork:EAGAIN execvp:EACCES pthread_create:EAGAIN waitpid:EINTR poll:EINTR \
    nanosleep:EINTR sigwaitinfo:EINTR sem_wait:EINTR futex:EINTR futex:EAGAIN syscall:ENOSYS syscall:EPERM
sweep libflrec.so try check \
    open:EMFILE open:EMFILE+ fcntl:EMFILE mmap:ENOMEM mmap:ENOMEM+ mprotect:ENOMEM mprotect:ENOMEM+ madvise:ENOMEM \
    futex:EINTR futex:EAGAIN syscall:ENOSYS syscall:EPERM

# What the kernel refuses by itself: a full device, and a disk of some pages (root alone can mount one).
for place in /dev/full small/t.zst; do
    fault="-o $place"
    mkdir -p small
    [ $place = /dev/full ] || mount -t tmpfs -o size=16k tmpfs small 2>/dev/null || continue
    "$flrec" -q -o $place perl -e 'my %h; $h{$_} = "x" x ($_ * 7919 % 977) for 1 .. 60000; print "done"; exit 7' >out 2>err
    status=$?
    runs=$((runs + 1)) hits=$((hits + 1))
    [ $status -eq 7 ] && [ "$(cat out)" = 'done' ] || harm "the program is harmed, exit $status"
    grep -q 'No space left on device' err || harm 'nobody says so'
    if [ $place != /dev/full ]; then
        [ ! -e $place ] || harm 'what is left has the name of a whole trace'
        "$fltrace" info $place.part >info 2>&1
        [ $? -eq 3 ] || { [ ! -e $place.part ] && grep -q "$place is not there: " err; } || harm 'what is left is taken for whole'
        umount small
    fi
done

summary flrec

# Sourced by the tests of this folder, which are called with LIBFAULT FLREC FLTRACE FLREPLAY MAKE_TRACE.
libfault=$1
flrec=$2
fltrace=$3
flreplay=$4
make_trace=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
export LC_ALL=C PERL_HASH_SEED=0
runs=0
hits=0
harmed=0
limit=2000 # tries of one fault; no command here makes as many calls

harm() { # MESSAGE: something a user must not meet
    echo "fault: ${fault:-}: $1"
    tail -4 err
    harmed=$((harmed + 1))
}

errno_text() { # ERRNO
    case $1 in
    EIO) echo 'Input/output error' ;;
    ENOSPC) echo 'No space left on device' ;;
    ENOMEM) echo 'memory' ;;
    EMFILE) echo 'Too many open files' ;;
    EACCES) echo 'Permission denied' ;;
    EAGAIN) echo 'Resource temporarily unavailable' ;;
    ENOSYS) echo 'Function not implemented' ;;
    EPERM) echo 'Operation not permitted' ;;
    EFBIG) echo 'File too large' ;;
    esac
}

# With that fault, output to out and err, exit code to status. A hang is ended by force.
faulty() { # COMMAND...
    rm -f hit
    FL_FAULT=$fault FL_FAULT_LOG=$work/hit LD_PRELOAD=$libfault timeout -s KILL 20 "$@" >out 2>err
    status=$?
    runs=$((runs + 1))
    [ "$status" -lt 129 ] || harm "ended with $status"
}

# Each fault in turn, at the first call, the second, ... until the command makes no such call any more. TRY runs it once, CHECK
# looks at what it left: kind holds the errno.
sweep() { # WHERE TRY CHECK FUNCTION:KIND...
    where=$1 try=$2 check=$3
    shift 3
    for pair; do
        kind=${pair#*:}
        for n in $(seq 1 $limit); do
            fault=$where:${pair%+}:$n
            case $pair in *+) fault=$fault+ kind=${kind%+} ;; esac
            $try
            [ -s hit ] || break
            hits=$((hits + 1))
            $check
        done
        [ "$n" -lt $limit ] || harm 'is met without end'
    done
}

is_invisible() { # such a fault is no error: the call is made again
    case $kind in short | EINTR) true ;; *) false ;; esac
}

summary() { # PROGRAM
    echo "fault: $1 $runs runs, $hits faults hit, $harmed harmed"
    [ "$harmed" -eq 0 ] && [ "$hits" -gt 0 ]
    exit
}

# Sourced after record_common.sh, with $program and $compiler set: real programs to be recorded, each the same work in every
# run. prepare_program writes their input and exits 77 where one is not installed; run_program runs it behind a wrapper.
. "$(dirname "$0")/program_inputs.sh"

run_program() { # WRAPPER...
    case $program in
    cc1plus) "$@" "$("$compiler" -print-prog-name=cc1plus)" -quiet -O2 "$programs/template_heavy.cpp" -o /dev/null ;;
    python3) PYTHONMALLOC=malloc "$@" python3 "$programs/alloc_heavy.py" ;;
    sqlite3) "$@" sqlite3 :memory: <script.sql ;;
    perl) "$@" perl -e "$(make_perl 200000)" ;;
    git) "$@" git --no-pager log -p ;;
    tar) "$@" tar -cf archive.tar /usr/include /usr/share/doc ;;
    threads) "$@" "$built/crossfree" ;;
    esac
}

prepare_program() {
    case $program in
    cc1plus) [ -x "$("$compiler" -print-prog-name=cc1plus)" ] || { echo "no C++ compiler"; exit 77; } ;;
    python3) PATH=/usr/bin:$PATH && need python3 ;;
    sqlite3) need sqlite3 && make_sql 100000 >script.sql ;;
    git) need git && mkdir repository && cd repository && make_repository 200 ;;
    threads) ;;
    *) need "$program" ;;
    esac
}

# Completion of flrec, flreplay and fltrace in bash: options from the commands' own tables (--help=complete), so that no
# list can grow old; else files, and after flrec's options a program.
_fl_complete() {
    local command=$1 word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]}
    COMPREPLY=()
    if [[ ${command##*/} == fltrace && $COMP_CWORD -eq 1 && $word != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$command" --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  *\([a-z]*\)  .*/\1/p')" -- "$word")
    elif [[ $word == --* && $word != *=* ]]; then
        [[ ${command##*/} == fltrace && $COMP_CWORD -gt 1 ]] || verb=
        # shellcheck disable=SC2086 # an empty verb is no word
        mapfile -t COMPREPLY < <(compgen -W "$("$command" $verb --help=complete 2>/dev/null | cut -f1)" -- "$word")
    elif [[ ${command##*/} == flrec ]]; then
        mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word")
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}
complete -o filenames -F _fl_complete flrec flreplay fltrace

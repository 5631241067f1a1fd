# Completion in fish: options from the commands' own tables (--help=complete).
function __fl_options
    set -l words (commandline -opc)
    set -l verb
    if test (basename $words[1]) = fltrace; and test (count $words) -gt 1
        set verb $words[2]
    end
    $words[1] $verb --help=complete 2>/dev/null
end
function __fl_verbs
    fltrace --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  *\([a-z]*\)  *\(.*\)/\1\t\2/p'
end
for command in flrec flreplay fltrace
    complete -c $command -n 'string match -q -- "-*" (commandline -ct)' -a '(__fl_options)'
end
complete -c fltrace -n 'test (count (commandline -opc)) -eq 1' -f -a '(__fl_verbs)'

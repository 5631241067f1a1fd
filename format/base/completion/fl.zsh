#compdef flrec flreplay fltrace
# Completion in zsh: options from the commands' own tables (--help=complete).
local command=$words[1] verb=
local -a found
[[ ${command:t} == fltrace && CURRENT -gt 2 ]] && verb=$words[2]
if [[ ${command:t} == fltrace && CURRENT -eq 2 && $PREFIX != -* ]]; then
    found=(${(f)"$($command --help 2>/dev/null | sed -n '/^Verbs:/,/^$/s/^  *\([a-z]*\)  *\(.*\)/\1:\2/p')"})
    _describe verb found
elif [[ $PREFIX == -* ]]; then
    found=(${(f)"$($command ${=verb} --help=complete 2>/dev/null | sed 's/:/\\:/g; s/\t/:/')"})
    _describe option found
elif [[ ${command:t} == flrec ]]; then
    _alternative 'commands:program:_command_names' 'files:file:_files'
else
    _files
fi

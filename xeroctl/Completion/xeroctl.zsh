#compdef xeroctl
# zsh completion of xeroctl: source <(xeroctl completion zsh), or as a file _xeroctl in a folder of $fpath
_xeroctl() {
    local line value
    local -a items
    for line in ${(f)"$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)"}; do
        value=${line%%$'\t'*}
        value=${value//:/\\:}
        [[ $line == *$'\t'* ]] && value+=:${line#*$'\t'}
        items+=("$value")
    done
    (( ${#items} )) && _describe -V xeroctl items
}
if [[ ${funcstack[1]} == _xeroctl ]]; then
    _xeroctl "$@"
else
    compdef _xeroctl xeroctl
fi

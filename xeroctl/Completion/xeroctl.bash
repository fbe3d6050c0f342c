# bash completion of xeroctl: source <(xeroctl completion bash)
_xeroctl() {
    local line quoted="" words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    # bash splits --option=value in three words; only the value is completed.
    if [[ ${#words[@]} -ge 2 && ${words[-1]} == "=" ]]; then
        words[-1]=""
    elif [[ ${#words[@]} -ge 3 && ${words[-2]} == "=" ]]; then
        words=("${words[@]:0:${#words[@]}-2}" "${words[-1]}")
    fi
    # Inside an open quote the words are completed as they are.
    if [[ ${words[-1]} == [\"\']* ]]; then
        quoted=1
        words[-1]=${words[-1]:1}
    fi
    COMPREPLY=()
    while IFS= read -r line; do
        line=${line%%$'\t'*}
        [[ $quoted ]] || line=$(printf '%q' "$line")
        COMPREPLY+=("$line")
    done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
}
complete -F _xeroctl xeroctl

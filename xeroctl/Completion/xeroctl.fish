# fish completion of xeroctl: xeroctl completion fish > ~/.config/fish/completions/xeroctl.fish
function __xeroctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string replace -r '^["\']' '') # an open quote
    test (count $current) -eq 0; and set current ""
    $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c xeroctl -f -k -a '(__xeroctl_complete)'

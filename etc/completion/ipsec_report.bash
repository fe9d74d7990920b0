# shellcheck shell=bash
# Completion of ipsec_report(1) for bash. What there is to complete the command itself says, by -help, so that
# no option is missing here.

# Options with what they take, a line each: "sa ike", "file FILE", "json"
_ipsec_report_options() {
    "$1" -help 2>/dev/null | sed -nE 's/^  -([a-z-]+)( ([^ ]+))?  +.*$/\1 \3/p'
}

_ipsec_report() {
    local command=${1/#\~/$HOME} cur prev i options takes
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]}
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    for ((i = 1; i < COMP_CWORD; i++)); do
        # what follows is Net-SNMP's: an address, as a rule
        if [ "${COMP_WORDS[i]}" = -- ]; then
            mapfile -t COMPREPLY < <(compgen -A hostname -- "$cur")
            return
        fi
    done
    options=$(_ipsec_report_options "$command")
    prev=${prev#-}
    takes=$(sed -n "s/^${prev#-} \(..*\)$/\1/p" <<<"$options")
    case $takes in
    FILE)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    METRIC=RANGE)
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -S = -W "$("$command" -help 2>/dev/null |
            sed -n '/^Metrics/,$ s/^  \([a-z]*\) .*/\1/p')" -- "$cur")
        return
        ;;
    [A-Z]*)
        return
        ;;
    ?*)
        takes="$takes all"
        ;;
    esac
    # the word behind -sa may be left out
    mapfile -t COMPREPLY < <(compgen -W "$takes $(awk '{ print "-" $1 }' <<<"$options" | sort -u) --" -- "$cur")
}
complete -F _ipsec_report ipsec_report

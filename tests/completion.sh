#!/bin/bash
# bash and zsh complete every option that the command has, and what each takes. Needs no agent.
# shellcheck source=/dev/null disable=SC2317,SC2016
. "$(dirname "$0")/lib.sh"
begin
completion=$TESTS/../etc/completion
export PATH=$BUILD:$PATH

# what getopt_long_only() itself knows: by the words that it says an ambiguous one may be
known() {
    local letter
    for letter in {a..z}; do
        ipsec_report "-$letter" -help 2>&1 | sed -n "s/.*possibilities: //p" | grep -o "'[a-z-]*'" | tr -d "'"
        # a letter that begins one word only is taken for it: the usage has that
        ipsec_report -help | sed -nE "s/^  (-${letter}[a-z-]*) .*/\1/p"
    done | sed 's/^-*/-/' | sort -u
}

# bash_completes WORDS...: what bash offers for the last of them, sorted
bash_completes() {
    bash --norc -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ipsec_report "$1" "${@: -1}" "${@: -2:1}"
        printf "%s\n" "${COMPREPLY[@]}"' "$completion/ipsec_report.bash" "$@" | sort -u
}

options=$(known)
check "the command tells its options ($(wc -w <<<"$options"))" [ "$(wc -w <<<"$options")" -gt 20 ]
is "bash: every option" "$(bash_completes ipsec_report - | grep -vx -- --)" "$options"
is "bash: those that begin so" "$(bash_completes ipsec_report -su)" -summary
is "bash: the words of an option, and what may follow it" "$(bash_completes ipsec_report -sa i)" "ike
ipsec"
is "bash: of another" "$(bash_completes ipsec_report -host c)" configured
is "bash: options behind one" "$(bash_completes ipsec_report -sa -js)" -json
is "bash: files" "$(cd "$completion" && bash_completes ipsec_report -file i)" ipsec_report.bash
is "bash: thresholds" "$(bash_completes ipsec_report -check -warning e)" "errors=
expiry="
is "bash: nothing where nobody knows" "$(bash_completes ipsec_report -name x)" ""
is "bash: nothing of ours behind --" "$(bash_completes ipsec_report -- -su)" ""

# zsh as people have it, on a terminal of its own: what is there after the tabulator
cat >"$WORK/complete.zsh" <<'Z'
zmodload zsh/zpty
zpty shell "PS1= zsh -f -i"
zpty -w shell "stty -echo; unset zle_bracketed_paste; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; LISTMAX=9999; bindkey '^I' complete-word; bindkey '^X' show; show() { print -r -- \"<\$BUFFER>\"; zle kill-whole-line }; zle -N show; PS1=; stty columns 200 rows 200; print rea''dy"
zpty -r -m shell out '*ready*' || exit 1
zpty -w -n shell "$2"$'\t'
sleep 0.5
zpty -w -n shell $'\x18'
zpty -r -m shell out '*<*>*'
print -r -- "$out"
zpty -d shell
Z
zsh_shows() { timeout 20 zsh -f "$WORK/complete.zsh" "$completion" "$1" | tr -d '\r' | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g'; }
zsh_makes() { zsh_shows "$1" | grep -o '<[^>]*>' | tail -n 1; }

is "zsh: an option" "$(zsh_makes 'ipsec_report -summ')" "<ipsec_report -summary >"
is "zsh: a word of an option" "$(zsh_makes 'ipsec_report -host conf')" "<ipsec_report -host configured >"
is "zsh: a threshold" "$(zsh_makes 'ipsec_report -check -warning exp')" "<ipsec_report -check -warning expiry=>"
shown=$(zsh_shows 'ipsec_report -')
for option in $options; do
    check "zsh shows $option" grep -Eq -- "(^|[ -])$option( |$)" <<<"$shown"
done
finish

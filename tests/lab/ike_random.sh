#!/bin/bash
# Random connections of strongSwan, brought up as far as both ends and the kernel can: the tables of the IKE
# daemon as its own command tells them, then again after some have been rekeyed, closed and unloaded.
# SEEDS: one round each. COUNT: connections of a round.
# shellcheck source=/dev/null disable=SC2317,SC2016,SC2034,SC2153
. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/ike_pair.sh"
begin
LAB=$(dirname "$0")
trap 'cp "$WORK"/agent.log "$LABOUT/ike-random-agent.log" 2>/dev/null; cp "$PAIR"/moon/charon.log "$LABOUT/ike-random-charon.log" 2>/dev/null
    pair_end; end_all' EXIT
COUNT=${COUNT:-16}
read -ra seeds <<<"${SEEDS:-1 2 3}"

# round_of SEED: both ends have its connections, and nothing else
round_of() {
    local name
    for name in moon sun; do
        "$PYTHON" "$LAB/random_ike.py" "$1" "$COUNT" "$name" >"$PAIR/$name/swanctl.conf" && pair_load "$name" || return
    done
}

# bring_up SEED: as many children as come up; few seconds for each, since some can't
bring_up() {
    local child
    children=() there=()
    mapfile -t children < <("$PYTHON" "$LAB/random_ike.py" "$1" "$COUNT" children)
    for child in "${children[@]}"; do
        if swan moon --initiate --child "$child" --timeout 15 >"$PAIR/moon/initiate.log" 2>&1; then
            there+=("$child")
        else
            echo "# $child: $(tail -n 1 "$PAIR/moon/initiate.log")"
        fi
    done
}

WARRIORS=0
if ! pair_begin "$WORK/pair"; then
    not_ok "a pair of gateways" "see above"
    finish
fi
for ((n = 0; n < COUNT; n++)); do
    ip addr add "203.0.113.$((2 * n + 1))/24" dev wan0
    in_sun ip addr add "203.0.113.$((2 * n + 2))/24" dev wan0
    ip addr add "2001:db8:100::$((2 * n + 1))/64" dev wan0 nodad
    in_sun ip addr add "2001:db8:100::$((2 * n + 2))/64" dev wan0 nodad
done
for name in moon sun; do echo 'connections { }' >"$PAIR/$name/swanctl.conf"; done
if ! pair_start; then
    not_ok "both daemons start" "see above"
    finish
fi
# events have to do it: nothing is read again by the clock
cat >"$WORK/agent.conf" <<X
viciSocket $(vici_socket moon)
ikeInterval 3600
ikeSaInterval 3600
X
start_both "$WORK"
check "strongSwan's collector is up" wait_until 30 strongswan_up
for seed in "${seeds[@]}"; do
    check "$COUNT connections of seed $seed are loaded" round_of "$seed"
    soon_same_as_daemon "seed $seed: nothing is up, but what came by itself" 60
    bring_up "$seed"
    if [ $((2 * ${#there[@]})) -ge ${#children[@]} ]; then
        ok "${#there[@]} of ${#children[@]} children are up"
    else
        not_ok "half of the children come up" "${#there[@]} of ${#children[@]}"
    fi
    soon_same_as_daemon "seed $seed: they are up" 60
    for ((n = 0; n < ${#there[@]}; n += 3)); do swan moon --rekey --child "${there[n]}" >/dev/null 2>&1; done
    soon_same_as_daemon "seed $seed: some are rekeyed" 60
    for ((n = 1; n < ${#there[@]}; n += 3)); do swan moon --terminate --child "${there[n]}" --timeout 10 >/dev/null 2>&1; done
    soon_same_as_daemon "seed $seed: some are closed" 60
    is "nothing failed" "$(strongswan 9)" 0
    while read -r id; do
        swan moon --terminate --ike-id "$id" --force --timeout 10 >/dev/null 2>&1
    done < <(swan moon --list-sas --raw | grep -oE '^list-sa event \{[^{]*\{uniqueid=[0-9]+' | sed 's/.*=//')
    soon_same_as_daemon "seed $seed: all are closed" 60
done
check "ipsec-reportd goes on" running "$AGENT"
finish

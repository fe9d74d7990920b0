# shellcheck shell=bash
# ike_pair.sh: two gateways with strongSwan, for the lab; sourced after lib.sh.
#
# moon is this network namespace, sun another one. Each has a charon of its own, with its own VICI socket
# and its own folder of swanctl below $PAIR. What they have configured: pair_configure; a test may write
# swanctl.conf of its own before pair_load.
#
#   moon 192.0.2.N === sun 192.0.2.N+1, one pair of addresses for each connection
#   road warriors 192.0.2.101 .. 192.0.2.110, which are sun's too
# With IKE_ROOT, the root directory of another system, its strongSwan is used, and sees the same folder.
# shellcheck disable=SC2317,SC2034 # called and used by the scripts that source this

WARRIORS=${WARRIORS:-10}

IN_ROOT=() # in front of the daemon's programs
[ -z "${IKE_ROOT:-}" ] || IN_ROOT=(chroot "$IKE_ROOT")

# The other system has this machine's devices and processes, and the pair's folder at its place
pair_root() {
    mkdir -p "$IKE_ROOT$PAIR" && mount --bind "$PAIR" "$IKE_ROOT$PAIR" && mount --bind /dev "$IKE_ROOT/dev" &&
        mount -t proc proc "$IKE_ROOT/proc"
}

in_sun() { ip netns exec sun "$@"; }

# at NAME COMMAND: runs it where that gateway is
at() {
    local where=$1
    shift
    if [ "$where" = sun ]; then in_sun "$@"; else "$@"; fi
}

vici_socket() { echo "$PAIR/$1/vici"; }

# swan NAME ARGS: swanctl of a gateway
swan() {
    local name=$1 command=$2
    shift 2
    SWANCTL_DIR=$PAIR/$name STRONGSWAN_CONF=$PAIR/$name/strongswan.conf \
        "${IN_ROOT[@]}" swanctl "$command" --uri "unix://$(vici_socket "$name")" "$@"
}

# pair_begin DIR: the network, the certificates and the daemons' own configuration
pair_begin() {
    local n
    PAIR=$1
    mkdir -p "$PAIR"
    [ -z "${IKE_ROOT:-}" ] || pair_root || return
    sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip netns add sun && ip link add wan0 type veth peer name wan0 netns sun || return
    in_sun ip link set lo up
    in_sun ip link set wan0 up && ip link set wan0 up
    for n in 1 11 21 31 41 51 61 71; do
        ip addr add "192.0.2.$n/24" dev wan0
        in_sun ip addr add "192.0.2.$((n + 1))/24" dev wan0
    done
    for ((n = 101; n <= 100 + WARRIORS; n++)); do in_sun ip addr add "192.0.2.$n/24" dev wan0; done
    ip addr add 2001:db8::1/64 dev wan0 nodad
    in_sun ip addr add 2001:db8::2/64 dev wan0 nodad
    for n in 0 1 2 3; do
        ip addr replace "10.1.$n.1/24" dev lo
        in_sun ip addr replace "10.2.$n.1/24" dev lo
    done
    ip addr replace 2001:db8:1::1/64 dev lo nodad
    in_sun ip addr add 2001:db8:2::1/64 dev lo nodad
    pair_daemon moon && pair_daemon sun && pair_certificates && pair_configure
}

# What a daemon reads at its start
pair_daemon() {
    mkdir -p "$PAIR/$1"/{x509,x509ca,x509crl,x509ocsp,x509aa,x509ac,private,pubkey,rsa,ecdsa,bliss,pkcs8,pkcs12}
    cat >"$PAIR/$1/strongswan.conf" <<X
charon-systemd {
    load_modular = no
    load = random nonce aes sha1 sha2 hmac gcm ccm openssl chapoly curve25519 kdf md5 gmp x509 pem pkcs1 pkcs8 pubkey constraints revocation kernel-netlink socket-default updown vici eap-identity eap-md5 xauth-generic counters ctr cmac xcbc fips-prf drbg
    install_routes = no
    retransmit_tries = ${RETRANSMITS:-6}
    retransmit_timeout = 2
    retransmit_base = 1
    cert_cache = no
    start-scripts { }
    plugins { vici { socket = unix://$(vici_socket "$1") } }
    journal { default = -1 }
    filelog { log { path = $PAIR/$1/charon.log
        default = 1
        flush_line = yes } }
}
X
}

pair_certificates() {
    local name
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
        -subj "/C=CH/O=Lab/CN=Lab Root" -keyout "$PAIR/ca.key" -out "$PAIR/ca.crt" 2>/dev/null || return
    for name in moon sun; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
            -subj "/C=CH/O=Lab, with a comma/CN=$name.example" \
            -keyout "$PAIR/$name/private/own.key" -out "$PAIR/$name.csr" 2>/dev/null &&
            openssl x509 -req -in "$PAIR/$name.csr" -CA "$PAIR/ca.crt" -CAkey "$PAIR/ca.key" \
                -CAcreateserial -days 90 -extfile <(echo "subjectAltName=DNS:$name.example") \
                -out "$PAIR/$name/x509/own.crt" 2>/dev/null || return
        cp "$PAIR/ca.crt" "$PAIR/$name/x509ca/"
    done
    # a revocation list, with nothing in it
    : >"$PAIR/index.txt"
    openssl ca -gencrl -config <(printf '%s\n' '[ca]' 'default_ca=d' '[d]' "database=$PAIR/index.txt" \
        'default_md=sha256' 'default_crl_days=30') -cert "$PAIR/ca.crt" -keyfile "$PAIR/ca.key" \
        -out "$PAIR/moon/x509crl/ca.crl" 2>/dev/null
}

# end_of NAME MOON SUN: which one of two values is this gateway's
end_of() {
    if [ "$1" = moon ]; then echo "$2"; else echo "$3"; fi
}

# Both sides of what they have in common
pair_configure() {
    local name n
    for name in moon sun; do
        local other l r ln rn
        other=$(end_of $name sun moon)
        l=$(end_of $name 1 2) r=$(end_of $name 2 1)
        ln=10.$l rn=10.$r
        cat >"$PAIR/$name/swanctl.conf" <<X
connections {
 gw { version = 2
  local_addrs = 192.0.2.$l
  remote_addrs = 192.0.2.$r
  proposals = aes256gcm16-prfsha384-ecp384
  dpd_delay = ${DPD:-30s}
  rekey_time = 4h
  unique = replace
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $other }
  children {
   net { local_ts = $ln.0.0/24
    remote_ts = $rn.0.0/24
    esp_proposals = aes128gcm16-ecp256 }
   bytes { local_ts = $ln.1.0/24
    remote_ts = $rn.1.0/24
    esp_proposals = aes256-sha512-modp2048-esn
    rekey_bytes = 500000000
    rekey_packets = 1000000
    dpd_action = trap
    close_action = none
    priority = 1234 } } }
 cert { version = 2
  local_addrs = 192.0.2.1$l
  remote_addrs = 192.0.2.1$r
  proposals = aes128-sha256-modp2048
  reauth_time = 3h
  local { auth = pubkey
   certs = own.crt
   id = $name.example }
  remote { auth = pubkey
   cacerts = ca.crt
   id = $other.example }
  children {
   telnet { mode = transport
    local_ts = 192.0.2.1${l}[tcp/$(end_of $name 23 1024-2048)]
    remote_ts = 192.0.2.1${r}[tcp/$(end_of $name 1024-2048 23)]
    esp_proposals = aes128-sha1
    start_action = $(end_of $name trap none) }
   ah { mode = transport
    local_ts = dynamic[udp]
    remote_ts = dynamic[udp]
    ah_proposals = sha256 }
   icmp { mode = transport
    local_ts = dynamic[icmp/2048]
    remote_ts = dynamic[icmp/2048] } } }
 legacy { version = 1
  local_addrs = 192.0.2.2$l
  remote_addrs = 192.0.2.2$r
  proposals = 3des-sha1-modp1024
  dpd_delay = 20s
  dpd_timeout = 60s
  local { auth = psk }
  remote { auth = psk }
  children { legacy-net { local_ts = $ln.2.0/24
    remote_ts = $rn.2.0/24
    esp_proposals = 3des-sha1-modp1024
    rekey_time = 50m } } }
 sixes { version = 2
  local_addrs = 192.0.2.3$l
  remote_addrs = 192.0.2.3$r
  proposals = chacha20poly1305-prfsha256-curve25519
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $other }
  children { six-net { local_ts = 2001:db8:$l::/64
    remote_ts = 2001:db8:$r::/64
    esp_proposals = chacha20poly1305 } } }
 outer-six { version = 2
  local_addrs = 2001:db8::$l
  remote_addrs = 2001:db8::$r
  proposals = aes128-aesxcbc-prfaesxcbc-modp2048
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $other }
  children { v4-in-six { local_ts = $ln.3.0/25
    remote_ts = $rn.3.0/25
    esp_proposals = aes192ctr-sha384 } } }
 natt { version = 2
  local_addrs = 192.0.2.4$l
  remote_addrs = 192.0.2.4$r
  encap = yes
  proposals = aes128-sha256-curve25519
  local { auth = psk
   id = $name }
  remote { auth = psk
   id = $other }
  children { natt-net { local_ts = $ln.3.128/25
    remote_ts = $rn.3.128/25
    esp_proposals = aes256-sha256
    if_id_in = 42
    if_id_out = 42
    mark_in = 0
    ipcomp = yes } } }
$(if [ $name = moon ]; then
            cat <<Y
 rw { version = 2
  local_addrs = 192.0.2.61
  remote_addrs = 192.0.2.100-192.0.2.250
  pools = warriors
  local { auth = pubkey
   certs = own.crt
   id = moon.example }
  remote { auth = eap-md5
   eap_id = %any
   id = %any }
  children { home { local_ts = 10.1.0.0/16,10.3.0.0/16[tcp/http],10.4.0.1-10.4.0.9 } } }
 ghost { version = 2
  local_addrs = 192.0.2.1
  remote_addrs = 192.0.2.99
  local { auth = psk }
  remote { auth = psk }
  children { ghost-net { local_ts = 10.1.9.0/24
    remote_ts = 10.99.9.0/24
    start_action = trap } } }
 shunts { remote_addrs = 127.0.0.1
  children {
   lan-pass { mode = pass
    local_ts = 192.0.2.0/24
    remote_ts = 192.0.2.200/32
    start_action = trap }
   drop-smtp { mode = drop
    local_ts = dynamic
    remote_ts = 203.0.113.0/24[tcp/25]
    start_action = trap } } }
 a-name-that-is-longer-than-forty-eight-octets-so-that-it-is-cut { version = 0
  local_addrs = 192.0.2.51
  remote_addrs = %any, 198.51.100.0/24, gateway.example
  keyingtries = 1
  local-1 { auth = psk }
  local-2 { auth = eap-md5
   eap_id = juerg@example }
  remote { auth = pubkey
   id = "C=CH, O=Lab, CN=*" }
  children { another-name-that-is-longer-than-forty-eight-octets-so-that-it-is-cut { mode = beet
   interface = wan0
   start_action = none } } }
Y
        else
            for ((n = 1; n <= WARRIORS; n++)); do
                cat <<Y
 rw$n { version = 2
  local_addrs = 192.0.2.$((100 + n))
  remote_addrs = 192.0.2.61
  vips = 0.0.0.0
  local { auth = eap
   id = warrior$n
   eap_id = warrior$n@example }
  remote { auth = pubkey
   id = moon.example }
  children { home$n { remote_ts = 10.1.0.0/16 } } }
Y
            done
        fi)
}
pools { warriors { addrs = 10.77.0.0/24
  dns = 10.1.0.1 } }
secrets {
 ike-1 { id-a = moon
  id-b = sun
  secret = throw-away-test }
 ike-2 { id-a = 192.0.2.21
  id-b = 192.0.2.22
  secret = throw-away-test }
 ike-3 { id-a = 192.0.2.1
  id-b = 192.0.2.99
  secret = throw-away-test }
$(for ((n = 1; n <= WARRIORS; n++)); do
            echo " eap-$n { id = warrior$n@example"
            echo "  secret = throw-away-$n }"
        done)
}
X
    done
}

# charon_start NAME: its process is in MOON or SUN
charon_start() {
    local pid into=()
    [ "$1" = moon ] || into=(ip netns exec sun)
    rm -f "$(vici_socket "$1")"
    STRONGSWAN_CONF=$PAIR/$1/strongswan.conf exec_in_background "$PAIR/$1/charon.out" "${into[@]}" \
        "${IN_ROOT[@]}" /usr/sbin/charon-systemd
    pid=$!
    started+=("$pid")
    if [ "$1" = sun ]; then SUN=$pid; else MOON=$pid; fi
    wait_until 60 "[ -S '$(vici_socket "$1")' ]" || { tail -n 5 "$PAIR/$1/charon.out" >&2; return 1; }
}

# exec_in_background OUTPUT COMMAND: its process is $!, not that of a shell around it
exec_in_background() {
    local output=$1
    shift
    (exec "$@" >"$output" 2>&1) &
}

# pair_load NAME: what is in its folder
pair_load() {
    swan "$1" --load-all --noprompt >"$PAIR/$1/load.log" 2>&1 || { tail -n 5 "$PAIR/$1/load.log" >&2; return 1; }
}

# pair_start: both daemons, with what is configured
pair_start() {
    charon_start sun && charon_start moon && pair_load sun && pair_load moon
}

# up NAME CHILD...: as an operator would; the daemon's last word if that fails
up() {
    local name=$1 child
    shift
    for child; do
        swan "$name" --initiate --child "$child" --timeout 60 >"$PAIR/$name/initiate.log" 2>&1 ||
            { echo "$child: $(tail -n 1 "$PAIR/$name/initiate.log")"; return 1; }
    done
}

# pair_routes: so that what is sent goes through the tunnels; one of them is behind an interface of its own
pair_routes() {
    local name l r
    for name in moon sun; do
        l=$(end_of $name 1 2) r=$(end_of $name 2 1)
        at $name ip link add xfrm42 type xfrm dev wan0 if_id 42 &&
            at $name sysctl -qw net.ipv6.conf.xfrm42.disable_ipv6=1 && at $name ip link set xfrm42 up &&
            at $name ip addr replace "10.$l.3.129/32" dev lo &&
            at $name ip route replace "10.$r.3.128/25" dev xfrm42 &&
            at $name ip route replace "10.$r.0.0/16" via "192.0.2.$r" &&
            at $name ip route replace "2001:db8:$r::/64" via "2001:db8::$r" || return
    done
    ip route replace 10.77.0.0/24 via 192.0.2.101
}

# pair_traffic N: N packets and their answers through most tunnels
pair_traffic() {
    local where from to size failed=0
    while read -r where from to size; do
        at "$where" ping -q -c "$1" -i 0.05 -W 5 -s "$size" -I "$from" "$to" >/dev/null 2>&1 </dev/null ||
            { echo "nothing comes back from $to to $from"; failed=1; }
    done <<X
moon 10.1.0.1 10.2.0.1 56
sun 10.2.1.1 10.1.1.1 1200
moon 10.1.2.1 10.2.2.1 100
moon 2001:db8:1::1 2001:db8:2::1 200
sun 10.2.3.1 10.1.3.1 300
moon 10.1.3.129 10.2.3.129 1000
sun 10.77.0.1 10.1.0.1 64
sun 10.77.0.2 10.1.0.1 640
moon 192.0.2.11 192.0.2.12 40
X
    # more in one direction than in the other
    "$PYTHON" - "$1" <<'X'
import socket, sys
for here, there in (("192.0.2.11", "192.0.2.12"), ("10.1.0.1", "10.2.0.1"), ("10.1.2.1", "10.2.2.1"),
                    ("2001:db8:1::1", "2001:db8:2::1")):
    with socket.socket(socket.AF_INET6 if ":" in here else socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((here, 4000))
        for _ in range(int(sys.argv[1])):
            sender.sendto(b"x" * 700, (there, 9))
X
    return $failed
}

pair_end() {
    ip netns pids sun 2>/dev/null | xargs -r kill 2>/dev/null
    if [ -n "${IKE_ROOT:-}" ]; then
        umount -l "$IKE_ROOT$PAIR" "$IKE_ROOT/dev" "$IKE_ROOT/proc" 2>/dev/null
        rmdir "$IKE_ROOT$PAIR" "$IKE_ROOT$(dirname "$PAIR")" 2>/dev/null
    fi
    ip netns delete sun 2>/dev/null
    ip link delete xfrm42 2>/dev/null
    ip link delete wan0 2>/dev/null
    ip addr flush dev lo scope global
}

# ---- the agent's tables beside the daemon's word ----

STRONGSWAN=10.115.116.114.111.110.103.115.119.97.110 # "strongswan" as an index

# strongswan COLUMN: of its collector's row
strongswan() {
    value "$COLLECTOR.$1.$STRONGSWAN"
}

strongswan_up() {
    [ "$(strongswan 2)" = 1 ]
}

# ike_column COLUMN: a line for each IKE SA
ike_column() {
    snmp bulkwalk -Cr50 ".$ROOT.1.7.1.$1" | sed -n 's/^[^=]* = [A-Za-z0-9-]*: //p'
}

# take_daemon_and_tables FOLDER: what compare_ike.py reads
take_daemon_and_tables() {
    local what table now
    mkdir -p "$1"
    now=$(date +%s)
    for what in sas conns pols certs; do
        swan moon --list-$what --pretty >"$1/$what" 2>/dev/null || return
    done
    ip -d -s xfrm state | sed -E 's/0x[0-9a-f]{16,}/0x00/' >"$1/state" # keys are in no file
    ip -d -s xfrm policy >"$1/policy"
    for table in 7 8 9 12 16 5.1.2; do snmp bulkwalk -Cr50 ".$ROOT.1.$table"; done | grep -v ' = No ' >"$1/walk"
    echo "--now $now --slack $(($(date +%s) - now + 5))" >"$1/args"
}

same_as_daemon() { # [ARGS of the comparer]
    local args
    take_daemon_and_tables "$WORK/ike" || return
    read -ra args <"$WORK/ike/args"
    "$PYTHON" "$TESTS/lab/compare_ike.py" "${args[@]}" "$@" "$WORK/ike"
}

# soon_same_as_daemon WHAT SECONDS [ARGS of the comparer]
soon_same_as_daemon() {
    local what=$1 deadline=$((SECONDS + $2))
    shift 2
    until same_as_daemon "$@" >"$WORK/differences" 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            not_ok "$what" "$(tail -n 5 "$WORK/differences" | tr '\n' ' ')"
            [ -z "${LABOUT:-}" ] || cp -r "$WORK/ike" "$LABOUT/ike-$SECONDS"
            return 1
        fi
    done
    ok "$what ($(tail -n 1 "$WORK/differences"))"
}

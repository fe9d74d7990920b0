# shellcheck shell=bash
# libreswan_pair.sh: two gateways with libreswan, for the lab; sourced after lib.sh.
#
# moon is this network namespace, sun another one; each has a pluto of its own, below $PAIR.
# $LIBRESWAN is where Debian's package lies unpacked (unpack_libreswan): it cannot be installed beside
# strongSwan's.
#
#   moon 192.0.2.1 === sun 192.0.2.2; .11 === .12; .61 === .101 a road warrior; 2001:db8::1 === ::2;
#   .62 === .102 a user (XAUTH) with an address that he is given; .63 === .103 one with such an address (IKEv2);
#   .13 === .14 through an xfrm interface
# shellcheck disable=SC2317,SC2034 # called and used by the scripts that source this

LIBRESWAN=${LIBRESWAN:-${LABCACHE:-${XDG_CACHE_HOME:-/var/cache}/ipsec-report-lab}/libreswan}

in_sun() { ip netns exec sun "$@"; }

at() { # NAME COMMAND: runs it where that gateway is
    local where=$1
    shift
    if [ "$where" = sun ]; then in_sun "$@"; else "$@"; fi
}

# whack NAME ARGS
whack() {
    local name=$1
    shift
    at "$name" "/usr/libexec/ipsec/whack" --rundir "$PAIR/$name/run" "$@"
}

pluto_alive() { whack "$1" --briefstatus >/dev/null 2>&1; }

# pluto_start NAME: its process is in MOON or SUN
pluto_start() {
    local pid into=()
    [ "$1" = moon ] || into=(ip netns exec sun)
    rm -rf "$PAIR/$1/run"
    mkdir -p "$PAIR/$1/run"
    # a shell that becomes it: $! is its own number
    (exec "${into[@]}" "/usr/libexec/ipsec/pluto" --nofork --config "$PAIR/$1/ipsec.conf" \
        --secretsfile "$PAIR/$1/ipsec.secrets" --nssdir "$PAIR/$1/nss" --rundir "$PAIR/$1/run" \
        --logfile "$PAIR/$1/pluto.log" >"$PAIR/$1/pluto.out" 2>&1) &
    pid=$!
    started+=("$pid")
    if [ "$1" = sun ]; then SUN=$pid; else MOON=$pid; fi
    # it loads what it has configured by itself
    wait_until 60 "pluto_alive $1 && is_loaded $1" || { tail -n 5 "$PAIR/$1"/pluto.{out,log} >&2; return 1; }
}

# pluto_up NAME CONNECTION...: as an operator would
pluto_up() {
    local name=$1 connection
    shift
    for connection; do
        whack "$name" --initiate --name "$connection" >"$PAIR/$name/initiate.log" 2>&1
        wait_until 60 "is_up $name $connection" ||
            { echo "$connection: $(tail -n 2 "$PAIR/$name/initiate.log")"; return 1; }
    done
}

# is_loaded NAME: every connection, and those for traffic are in the kernel
is_loaded() {
    local status
    status=$(whack "$1" --status)
    [ "$(grep -c '^000 "[^"]*":.*; conn serial: ' <<<"$status")" = "$(grep -c '^conn [^%]' "$PAIR/$1/ipsec.conf")" ] &&
        [ "$(grep -c ' prospective erouted;' <<<"$status")" = "$(grep -c 'auto=ondemand' "$PAIR/$1/ipsec.conf")" ]
}

is_up() { # NAME CONNECTION
    whack "$1" --trafficstatus | grep -q "^006 #[0-9]*: \"$2\""
}

pair_configure() {
    local name l r ln rn other
    for name in moon sun; do
        if [ $name = moon ]; then l=1 r=2 ln=10.1 rn=10.2 other=sun; else l=2 r=1 ln=10.2 rn=10.1 other=moon; fi
        cat >"$PAIR/$name/ipsec.conf" <<X
config setup
	ikev1-policy=accept
	nssdir=$PAIR/$name/nss
	dumpdir=$PAIR/$name
conn %default
	authby=secret
	left=192.0.2.$l
	right=192.0.2.$r
	leftid=@$name
	rightid=@$other
	auto=add
	leftupdown=%disabled
conn net
	leftsubnet=$ln.0.0/24
	rightsubnet=$rn.0.0/24
	ikev2=insist
	ike=aes256-sha2_256;dh19
	esp=aes_gcm256
	dpddelay=${DPD:-30}
	retransmit-timeout=${GIVE_UP:-60s}
	dpdaction=restart
	ikelifetime=2h
	salifetime=1h
conn legacy
	ikev2=never
	leftsubnet=$ln.1.0/24
	rightsubnet=$rn.1.0/24
	ike=aes128-sha1;modp2048
	esp=aes128-sha1;modp2048
	dpddelay=20
	dpdtimeout=60
	dpdaction=clear
conn ah
	left=192.0.2.1$l
	right=192.0.2.1$r
	ikev2=insist
	type=transport
	phase2=ah
	phase2alg=sha2_256
	leftprotoport=udp/0
	rightprotoport=udp/0
conn six
	left=2001:db8::$l
	right=2001:db8::$r
	ikev2=insist
	leftsubnet=2001:db8:$l::/64
	rightsubnet=2001:db8:$r::/64
	esp=aes256-sha2_512
	pfs=no
	rekey=no
X
        if [ $name = moon ]; then
            cat >>"$PAIR/moon/ipsec.conf" <<X
conn rw
	left=192.0.2.61
	right=%any
	leftid=@gate
	rightid=@warrior
	ikev2=insist
	leftsubnet=10.1.5.0/24
conn user
	left=192.0.2.62
	right=%any
	leftid=@gate
	rightid=@user
	ikev2=never
	leftsubnet=10.1.5.0/24
	rightaddresspool=10.9.0.10-10.9.0.19
	leftxauthserver=yes
	rightxauthclient=yes
	leftmodecfgserver=yes
	rightmodecfgclient=yes
	modecfgpull=yes
	xauthby=alwaysok
conn lease
	left=192.0.2.63
	right=%any
	leftid=@gate
	rightid=@leaser
	ikev2=insist
	leftsubnet=10.1.5.0/24
	rightaddresspool=10.9.1.10-10.9.1.19
	leftmodecfgserver=yes
	rightmodecfgclient=yes
	modecfgpull=yes
	narrowing=yes
conn iface
	left=192.0.2.13
	right=192.0.2.14
	ikev2=insist
	leftsubnet=10.1.8.0/24
	rightsubnet=10.2.8.0/24
	ipsec-interface=7
conn trap
	right=192.0.2.99
	rightid=@ghost
	ikev2=insist
	leftsubnet=10.1.9.0/24
	rightsubnet=10.99.9.0/24
	leftprotoport=tcp/0
	rightprotoport=tcp/8080
	priority=4711
	mark=7/0xff
	auto=ondemand
conn pass
	type=passthrough
	authby=never
	leftsubnet=192.0.2.0/25
	right=192.0.2.200
	rightsubnet=192.0.2.200/32
	auto=ondemand
conn $(printf 'a%.0s' {1..60})
	leftsubnet=10.1.6.0/24
	rightsubnet=10.2.6.0/24
X
        else
            cat >>"$PAIR/sun/ipsec.conf" <<X
conn warrior
	left=192.0.2.101
	right=192.0.2.61
	leftid=@warrior
	rightid=@gate
	ikev2=insist
	rightsubnet=10.1.5.0/24
conn user
	left=192.0.2.102
	right=192.0.2.62
	leftid=@user
	rightid=@gate
	ikev2=never
	rightsubnet=10.1.5.0/24
	leftxauthclient=yes
	rightxauthserver=yes
	leftmodecfgclient=yes
	rightmodecfgserver=yes
	modecfgpull=yes
	leftusername=alice
conn lease
	left=192.0.2.103
	right=192.0.2.63
	leftid=@leaser
	rightid=@gate
	ikev2=insist
	rightsubnet=10.1.5.0/24
	leftmodecfgclient=yes
	rightmodecfgserver=yes
	modecfgpull=yes
	narrowing=yes
conn iface
	left=192.0.2.14
	right=192.0.2.13
	ikev2=insist
	leftsubnet=10.2.8.0/24
	rightsubnet=10.1.8.0/24
X
        fi
        cat >"$PAIR/$name/ipsec.secrets" <<X
@moon @sun : PSK "throw-away-test-of-the-lab"
@gate @warrior : PSK "throw-away-test-of-the-lab"
@gate @leaser : PSK "throw-away-test-of-the-lab"
@gate @user : PSK "throw-away-test-of-the-lab"
192.0.2.62 %any : PSK "throw-away-test-of-the-lab"
@alice : XAUTH "throw-away-test-of-the-lab"
@moon @ghost : PSK "throw-away-test-of-the-lab"
X
        chmod 600 "$PAIR/$name/ipsec.secrets"
    done
}

# pair_begin DIR: the network, and what the daemons read
pair_begin() {
    local name n
    PAIR=$1
    # pluto wants its other programs where they are installed; this namespace of mounts is the lab's own
    [ -e /usr/libexec/ipsec ] ||
        mount -t overlay -o "lowerdir=$LIBRESWAN/usr/libexec:/usr/libexec" overlay /usr/libexec || return
    sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
    ip netns add sun && ip link add wan0 type veth peer name wan0 netns sun || return
    in_sun ip link set lo up
    in_sun ip link set wan0 up && ip link set wan0 up
    for n in 1 11 13 61 62 63; do ip addr add 192.0.2.$n/24 dev wan0; done
    for n in 2 12 14 101 102 103; do in_sun ip addr add 192.0.2.$n/24 dev wan0; done
    ip addr add 2001:db8::1/64 dev wan0 nodad
    in_sun ip addr add 2001:db8::2/64 dev wan0 nodad
    for n in 0 1 5 8; do
        ip addr add "10.1.$n.1/24" dev lo
        in_sun ip addr add "10.2.$n.1/24" dev lo
    done
    ip route add 10.2.0.0/16 via 192.0.2.2 src 10.1.0.1
    in_sun ip route add 10.1.0.0/16 via 192.0.2.1 src 10.2.0.1
    ip route add default via 192.0.2.2 2>/dev/null
    for name in moon sun; do
        mkdir -p "$PAIR/$name/nss"
        certutil -N -d "sql:$PAIR/$name/nss" --empty-password || return
    done
    pair_configure
}

pair_end() {
    local pid
    # also one that was started where nobody noted its number: it would hold IKE's port
    while read -r pid; do kill "$pid" 2>/dev/null; done < <(cat "$PAIR"/*/run/pluto.pid 2>/dev/null)
    ip netns pids sun 2>/dev/null | xargs -r kill 2>/dev/null
    ip netns delete sun 2>/dev/null
    ip link delete wan0 2>/dev/null
}

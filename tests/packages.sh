# shellcheck shell=bash
# packages.sh: what is needed of Debian's packages; sourced by tests/run, etc/quickstart and lab/run.
# shellcheck disable=SC2034 # used there

# install_packages THING=PACKAGE...: what is missing, with apt-get. THING is a command, a file (a pattern
# with a slash), or pkg:NAME for what pkg-config knows. Not on Debian, or not root: says what is missing.
install_packages() {
    local pair thing missing=() log
    for pair; do
        thing=${pair%=*}
        case $thing in
        pkg:*) pkg-config --exists "${thing#pkg:}" 2>/dev/null ;;
        */*) compgen -G "$thing" >/dev/null ;;
        *) command -v "$thing" >/dev/null 2>&1 ;;
        esac || missing+=("${pair##*=}")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
        echo "missing: ${missing[*]} (names of Debian's packages; root on Debian gets them installed)" >&2
        return 1
    fi
    echo "installing ${missing[*]}" >&2
    log=$(mktemp) || return
    # nothing asks, and no daemon starts because it was installed
    if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        echo "could not install ${missing[*]}" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

BUILD_PACKAGES=(gcc=gcc make=make autoreconf=autoconf automake=automake pkg-config=pkg-config
    /usr/include/stdio.h=libc6-dev pkg:libmnl=libmnl-dev pkg:libcap-ng=libcap-ng-dev
    pkg:jansson=libjansson-dev pkg:libcrypto=libssl-dev pkg:check=check /usr/include/uthash.h=uthash-dev
    /usr/include/net-snmp/net-snmp-config.h=libsnmp-dev pkg:auparse=libauparse-dev)
# the private snmpd, and what asks it
SNMP_PACKAGES=(/usr/sbin/snmpd=snmpd /usr/sbin/snmptrapd=snmptrapd snmpget=snmp ip=iproute2 ss=iproute2 python3=python3
    pgrep=procps /etc/protocols=netbase nft=nftables)
# the pair of gateways with strongSwan
IKE_PACKAGES=(/usr/sbin/charon-systemd=charon-systemd swanctl=strongswan-swanctl
    /usr/lib/ipsec/plugins/libstrongswan-openssl.so=libstrongswan-standard-plugins
    /usr/lib/ipsec/plugins/libstrongswan-curve25519.so=libstrongswan-extra-plugins
    /usr/lib/ipsec/plugins/libstrongswan-eap-md5.so=libcharon-extra-plugins openssl=openssl xxd=xxd ps=procps)

# install_ike_packages: where they were missing, Debian's strongSwan does not start with the machine either
install_ike_packages() {
    local there=yes
    [ -x /usr/sbin/charon-systemd ] || there=no
    install_packages "${IKE_PACKAGES[@]}" || return
    [ "$there" = yes ] || systemctl disable strongswan.service >/dev/null 2>&1 || true
}

# the pair of gateways with libreswan: what Debian's package of it wants
LIBRESWAN_PACKAGES=('/usr/lib/*/libldns.so.3=libldns3' '/usr/lib/*/libunbound.so.8=libunbound8'
    '/usr/lib/*/libevent_pthreads-2.1.so.7=libevent-pthreads-2.1-7' '/usr/lib/*/libcurl-nss.so.4=libcurl3-nss'
    '/usr/lib/*/libselinux.so.1=libselinux1' certutil=libnss3-tools xxd=xxd ps=procps)

# unpack_libreswan: it conflicts with strongSwan's packages, so it is unpacked, into $LIBRESWAN, and runs from there
unpack_libreswan() {
    local cache=${LABCACHE:-${XDG_CACHE_HOME:-/var/cache}/ipsec-report-lab} new
    LIBRESWAN=${LIBRESWAN:-$cache/libreswan}
    export LIBRESWAN
    install_packages "${LIBRESWAN_PACKAGES[@]}" || return
    [ ! -x "$LIBRESWAN/usr/libexec/ipsec/pluto" ] || return 0
    mkdir -p "$cache" && new=$(mktemp -d "$cache/new.XXXXXX") || return
    if ! (cd "$new" && apt-get download libreswan && dpkg -x ./*.deb root) >"$new/log" 2>&1; then
        tail -n 3 "$new/log" >&2
        rm -rf "$new"
        return 1
    fi
    chmod 755 "$new/root"
    [ -e "$LIBRESWAN" ] || mv "$new/root" "$LIBRESWAN"
    rm -rf "$new"
}

# strongswan6_root: where strongSwan 6.0 is, in a system of its own
strongswan6_root() {
    echo "${LABCACHE:-${XDG_CACHE_HOME:-/var/cache}/ipsec-report-lab}/strongswan6"
}

# unpack_strongswan6: it is in Debian 13, whose C library is not this machine's, so it has a whole small system; from
# where this machine has its own packages
unpack_strongswan6() {
    local root mirror log
    root=$(strongswan6_root)
    [ ! -x "$root/usr/sbin/charon-systemd" ] || return 0
    install_packages debootstrap=debootstrap || return
    # shellcheck disable=SC2016 # apt-get expands it
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sort -u | head -n 1)
    mkdir -p "$(dirname "$root")" && log=$(mktemp) || return
    echo "unpacking Debian 13 for strongSwan 6.0" >&2
    rm -rf "$root.new"
    if ! debootstrap --variant=minbase --include="$(
        printf '%s,' netbase charon-systemd strongswan-swanctl libstrongswan-standard-plugins libstrongswan-extra-plugins
    )libcharon-extra-plugins" trixie "$root.new" "$mirror" >"$log" 2>&1; then
        tail -n 3 "$log" "$root.new/debootstrap/debootstrap.log" >&2
        rm -rf "$root.new" "$log"
        return 1
    fi
    rm -f "$log" "$root.new"/var/cache/apt/archives/*.deb
    [ -e "$root" ] || mv "$root.new" "$root"
}

# the files for monitoring systems: what makes them, and what they are for
NMS_PACKAGES=(/usr/bin/snmptranslate=snmp prometheus-snmp-generator=prometheus-snmp-exporter
    /usr/lib/python3/dist-packages/yaml/__init__.py=python3-yaml)
PROMETHEUS_PACKAGES=("${NMS_PACKAGES[@]}" prometheus=prometheus promtool=prometheus curl=curl)
# Nagios and Icinga, which run the plugins
PLUGIN_PACKAGES=(/usr/lib/nagios/plugins/check_snmp=monitoring-plugins-standard icinga2=icinga2-bin
    /usr/share/icinga2/include/command-plugins.conf=icinga2-common nagios4=nagios4-core
    /etc/nagios4/objects/templates.cfg=nagios4-common snmptrapd=snmptrapd curl=curl)
# Zabbix 6.0 and what its server, its frontend and their database need; those of 7.0 are unpacked
ZABBIX_PACKAGES=("${NMS_PACKAGES[@]}" zabbix_server=zabbix-server-pgsql
    /usr/share/zabbix/index.php=zabbix-frontend-php php=php-cli '/usr/lib/php/*/pgsql.so=php-pgsql'
    '/usr/lib/php/*/gd.so=php-gd' '/usr/lib/php/*/bcmath.so=php-bcmath' '/usr/lib/php/*/mbstring.so=php-mbstring'
    '/usr/lib/php/*/xml.so=php-xml' '/usr/lib/postgresql/*/bin/postgres=postgresql'
    /usr/share/i18n/locales/en_US=locales snmptrapd=snmptrapd curl=curl chromium=chromium
    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf=fonts-dejavu-core
    '/usr/lib/*/libevent_extra-2.1.so.7=libevent-extra-2.1-7' setpriv=util-linux)

# install_asleep UNITS THING=PACKAGE...: as above; what was not there does not start with the machine either
install_asleep() {
    local unit new=()
    for unit in $1; do
        [ -e "/lib/systemd/system/$unit.service" ] || new+=("$unit.service")
    done
    shift
    install_packages "$@" || return
    [ ${#new[@]} = 0 ] || systemctl disable "${new[@]}" >/dev/null 2>&1 || true
}
MONITORING_UNITS="prometheus prometheus-snmp-exporter zabbix-server postgresql icinga2 nagios4 snmptrapd"

# unpack_from SUITE PACKAGE: a package of another suite of Debian, of the same mirror as this machine's, unpacked and
# not installed. Prints where.
unpack_from() {
    local cache=${LABCACHE:-${XDG_CACHE_HOME:-/var/cache}/ipsec-report-lab}/$1 apt site
    if [ ! -d "$cache/$2" ]; then
        apt=$cache/apt
        mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$cache/new" || return
        # shellcheck disable=SC2016 # apt-get expands it
        site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' \
            'Component: main' | grep -v -e -security | head -n 1)
        echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $1 main" >"$apt/sources.list"
        local options=(-qq -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
            -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt")
        if ! { apt-get "${options[@]}" update && cd "$cache/new" &&
            apt-get "${options[@]}" download "$2/$1" && dpkg -x "$2"_*.deb "$2" && rm -f "$2"_*.deb &&
            mv "$2" "$cache/$2"; } >"$cache/log" 2>&1; then
            tail -n 3 "$cache/log" >&2
            return 1
        fi
    fi
    echo "$cache/$2"
}

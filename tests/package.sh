#!/bin/bash
# Debian's packages, from the tarball to the purge: they build, lintian has nothing to say, and on a clean Debian
# 12, booted as a container, they install, are set up, serve, pass debian/tests, are upgraded and leave nothing
# (package/guest.sh). The RPM's spec file builds, has all that `make install` lays, and what it makes goes the same way. BUILD is a configured build; Debian's packages come from where apt gets them.
# shellcheck source=/dev/null disable=SC2016,SC2154,SC2317
. "$(dirname "$0")/lib.sh"
begin
CACHE=${LABCACHE:-${XDG_CACHE_HOME:-/var/cache}/ipsec-report-lab}
ROOTFS=$WORK/root
export LC_ALL=C DEBIAN_FRONTEND=noninteractive

# sources: the lines of sources.list that say where this machine's own Debian 12 comes from
sources() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        grep -E ' bookworm(-updates|-security)? main$' | sort -u
}

# base: a clean Debian 12 that boots, made once
base() {
    local new mirror
    [ ! -d "$CACHE/debian-12" ] || return 0
    mirror=$(sources | sed -n 's/^deb \(.*\) bookworm main$/\1/p' | head -n 1)
    [ -n "$mirror" ] || { echo "apt knows no Debian 12" >&2; return 1; }
    mkdir -p "$CACHE" && new=$(mktemp -d "$CACHE/new.XXXXXX") && chmod 755 "$new" || return
    debootstrap --variant=minbase --include=systemd-sysv,dbus,iproute2,procps bookworm "$new" "$mirror" >"$new.log" 2>&1 ||
        { tail -n 3 "$new.log"; rm -rf "$new"; return 1; }
    rm "$new.log" && mv "$new" "$CACHE/debian-12"
}

# inside COMMAND...: in the root as it lies, with this machine's network
inside() { chroot "$ROOTFS" "$@"; }

# newer PACKAGE: the same with a higher version, as an upgrade
newer() {
    local folder=$WORK/newer/${1##*/}
    mkdir -p "$WORK/newer" && dpkg-deb -R "$1" "$folder" &&
        sed -i -E 's/^Version: .*/&+1/; s/^(Depends: ipsec-report \(= [^)]*)/\1+1/' "$folder/DEBIAN/control" &&
        dpkg-deb --root-owner-group -b "$folder" "$ROOTFS/proof/newer/" >/dev/null
}

### Source and packages

check "make dist" make -s -C "$BUILD" dist
mkdir "$WORK/source" "$WORK/rpm"
tarball=("$BUILD"/ipsec-report-*.tar.xz)
tar -C "$WORK/source" -xf "${tarball[0]}"
cd "$WORK/source/"ipsec-report-* || exit 1
check "dpkg-buildpackage" env DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" dpkg-buildpackage -us -uc -b
changes=$(echo "$WORK"/source/*.changes)
is "lintian has nothing to say" "$(lintian --allow-root -I -E "$changes" 2>&1)" ""
packages=("$WORK"/source/ipsec-report{,-agent}_*.deb)
check "both packages are there" test -e "${packages[1]}"

### The same from RPM's spec file, as far as Debian's rpm goes: it knows no packages to build with

check "rpmbuild" rpmbuild -bb --nodeps --noclean --quiet --define "_topdir $WORK/rpm" --define "_sourcedir $BUILD" \
    --define "debug_package %{nil}" etc/ipsec-report.spec
files() { rpm -qpl "$@" 2>/dev/null | grep -v '/\.build-id' | sort; }
rpms=("$WORK"/rpm/RPMS/*/ipsec-report{,-agent}-[0-9]*.rpm)
check "both RPMs are there" test -e "${rpms[1]}"
# folders are listed, too, manual pages may be compressed, and the licence has a place of its own
check "make install, as the spec file has configured it" make -s -C "$WORK/rpm/BUILD/$(basename "$PWD")" \
    install DESTDIR="$WORK/installed"
is "the RPMs have what make install lays" "$(files "${rpms[@]}" |
    sed 's/\.gz$//; s|/licenses/ipsec-report[^/]*|/doc/ipsec-report|' | while read -r file; do
    [ -d "$WORK/installed$file" ] || echo "$file"
done | sort)" "$(find "$WORK/installed" ! -type d -printf '/%P\n' | sort)"
is "they want no Python, like Debian's" "$(rpm -qp --requires "${rpms[@]}" 2>/dev/null | grep -i python)" ""
is "nothing is in both" "$(files "${rpms[@]}" | uniq -d)" ""
for name in ipsec-report ipsec-report-agent; do
    package=$(echo "$WORK"/rpm/RPMS/*/"$name"-[0-9]*.rpm)
    for file in $(case $name in
        *-agent) echo /usr/sbin/ipsec-reportd /usr/sbin/ipsec-report-setup /etc/snmp/ipsec-reportd.conf \
            /usr/lib/systemd/system/ipsec-reportd.service ;;
        *) echo /usr/bin/ipsec_report /usr/share/snmp/mibs/IPSEC-REPORT-MIB.txt ;;
        esac); do
        check "RPM: $name has $file" grep -qxF "$file" <(files "$package")
    done
done

### A clean Debian 12

if ! base; then
    not_ok "a clean Debian 12" "debootstrap failed"
    finish
fi
cp -a "$CACHE/debian-12" "$ROOTFS"
sources >"$ROOTFS/etc/apt/sources.list"
cp /etc/resolv.conf "$ROOTFS/etc/resolv.conf"
mkdir -p "$ROOTFS/proof/packages" "$ROOTFS/proof/newer" "$ROOTFS/proof/rpm"
cp "${packages[@]}" "$ROOTFS/proof/packages/"
cp "${rpms[@]}" "$ROOTFS/proof/rpm/"
cp debian/tests/installed "$ROOTFS/proof/"
for package in "${packages[@]}"; do newer "$package" || not_ok "a newer package" "$package"; done
cp "$TESTS/lib.sh" "$TESTS/package/guest.sh" "$ROOTFS/proof/"
"$PYTHON" "$TESTS/package/make_tunnel.py" >"$ROOTFS/proof/state"
cp -r "$TESTS/mibs" "$ROOTFS/proof/mibs"
check "apt-get update there" inside apt-get update -qq
is "the agent brings snmpd with it" "$(inside sh -c \
    'apt-get install -s --no-install-recommends /proof/packages/*.deb' 2>/dev/null | sed -n 's/^Inst \(snmpd\) .*/\1/p')" snmpd
# fetched beforehand: the container has no network
check "what it needs is fetched" inside sh -c \
    'apt-get install -y -qq --download-only --no-install-recommends snmp snmpd rpm /proof/packages/*.deb'
cat >"$ROOTFS/etc/systemd/system/proof.service" <<'X'
[Unit]
After=basic.target dbus.socket

[Service]
ExecStart=/bin/bash /proof/guest.sh
StandardOutput=file:/proof/log
StandardError=file:/proof/errors
ExecStopPost=/bin/systemctl poweroff --no-block

[Install]
WantedBy=multi-user.target
X
ln -s ../proof.service "$ROOTFS/etc/systemd/system/multi-user.target.wants/proof.service"
timeout 600 systemd-nspawn --quiet --register=no --keep-unit --private-network --machine=ipsec-report-proof \
    -D "$ROOTFS" -b >"$WORK/console" 2>&1 </dev/null
count "$ROOTFS/proof/log"
check "the container came to the script's end" grep -q '^[0-9]* passed, [0-9]* failed$' "$ROOTFS/proof/log"
[ "$failed" = 0 ] || tail -n 20 "$ROOTFS/proof/errors" | sed 's/^/# /'
finish

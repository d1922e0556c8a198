#!/bin/bash
# shellcheck disable=SC2016 # what the shells inside expand is quoted
# An update of Unbound on a machine of its own: a Debian root under a real systemd. From nothing to the packages of
# build-debs, the module in force; then `apt upgrade` to a faked newer patch level, after which the zone blocks; then
# curfew-rebuild, started by the package's trigger, brings the module back with one restart. At each step Unbound answers.
# Then the guard's table of broken states under that systemd: each state, `systemctl restart unbound`, a question.
#
# usage: rebuild.sh SOURCE_ROOT [ROOT]
#
# ROOT: a debootstrap root to use again. Takes half an hour, so only with CURFEW_TEST_FULL=yes; skips (77) where there
# is no root, no debootstrap, no systemd-nspawn, or no archive.
set -u
top=$(cd "$1" && pwd)
root=${2:-}
release=bookworm

skip() { echo "skipped: $*"; exit 77; }
say() { printf '[%4d s] %s\n' $SECONDS "$*"; }

[ "${CURFEW_TEST_FULL:-no}" = yes ] || skip "takes half an hour; CURFEW_TEST_FULL=yes runs it"
[ "$(id -u)" -eq 0 ] || skip "needs root"
for tool in debootstrap systemd-nspawn dpkg-deb; do command -v $tool >/dev/null || skip "no $tool"; done
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/curfew-rebuild.XXXXXXXX")
machine=''
cleanup() {
	[ -z "$machine" ] || { kill "$machine"; wait "$machine"; } 2>/dev/null
	rm -rf "$scratch"
}
trap cleanup EXIT
fail() {
	echo "FAILED: $*"
	tail -n 40 "$scratch/said" 2>/dev/null
	[ ! -d "$root/run/log" ] || inside 'journalctl --no-pager -n 40' 2>/dev/null
	exit 1
}

# The machine's own archive, by its own configuration: no host is named here.
archive=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/*.sources \
	/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -m 1 'debian/*$')
own=$(. /etc/os-release && echo "$VERSION_CODENAME")
if [ -z "$root" ]; then
	[ -n "$archive" ] || skip "apt on this machine names no archive of Debian"
	root=$scratch/root
	say "a root of $release"
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus $release "$root" "$archive" >"$scratch/said" 2>&1 ||
		skip "debootstrap cannot make a root here"
	rm -f "$root/etc/apt/sources.list"
	for file in /etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] && grep -q "$own" "$file" || continue
		sed -e "s/\\b$own\\b/$release/g" -e 's/^Types: deb$/Types: deb deb-src/' "$file" >"$root/etc/apt/${file#/etc/apt/}"
	done
	cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/" 2>/dev/null
	rm -f "$root"/etc/apt/apt.conf.d/*packagekit* "$root"/etc/apt/apt.conf.d/*appstream*
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"

# Programs of the root without an init, with the network of this machine.
in_root() {
	systemd-nspawn -q --register=no --keep-unit --pipe --bind-ro="$top:/checkout" -D "$root" \
		--setenv=DEBIAN_FRONTEND=noninteractive sh -ec "$1" >"$scratch/said" 2>&1 </dev/null
}

say "what is built with"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" && chmod +x "$root/usr/sbin/policy-rc.d"
needs=$(sed -n '/^packages() {/,/^}/p' "$top/plugin/quickstart" | sed '1d; $d; s/^[[:space:]]*echo//; s/\\//g' | tr -s '\n\t' ' ')
in_root "apt-get update -q; apt-get install -q -y --no-install-recommends $needs debhelper autoconf dh-apparmor dh-python libtool \
	python3-dev swig scdoc dns-root-data logrotate" || fail "packages cannot be installed"
in_root 'rm -rf /srv/curfew && mkdir /srv/curfew && cd /checkout &&
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C /srv/curfew' || fail "copying the source"

if ! ls "$root"/srv/debs/curfew-unbound_*.deb >/dev/null 2>&1; then
	say "build-debs, as root"
	in_root 'rm -rf /srv/debs; /srv/curfew/plugin/resolver/dist/build-debs --out /srv/debs' || fail "build-debs"
fi

say "installing them under systemd"
rm "$root/usr/sbin/policy-rc.d"
rm -f "$root/run/ready"
# A resolver that asks nobody: all names of the root are answered from a zone.
mkdir -p "$root/etc/unbound/unbound.conf.d"
printf '%s\n' '. 300 SOA . . 1 3600 900 604800 300' '. 300 NS ns.' 'ns. 300 A 192.0.2.2' '*. 300 A 192.0.2.3' >"$root/etc/unbound/all.zone"
printf '%s\n' 'auth-zone:' '  name: "."' '  zonefile: /etc/unbound/all.zone' '  for-downstream: no' '  for-upstream: yes' \
	>"$root/etc/unbound/unbound.conf.d/test.conf"
rm -f "$root/etc/unbound/unbound.conf.d/root-auto-trust-anchor-file.conf"
systemd-nspawn -q --register=no --keep-unit -D "$root" --bind-ro="$top:/checkout" --private-network -b >"$scratch/boot" 2>&1 </dev/null &
machine=$!

# Runs a command inside, as a unit would; what it said is in $scratch/said.
leader() { pgrep -P "$machine" 2>/dev/null | head -n 1; }
inside() {
	nsenter -t "$(leader)" -m -u -i -n -p -r -w env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		LC_ALL=C.UTF-8 sh -c "$1" >"$scratch/said" 2>&1 </dev/null
}
for _ in $(seq 120); do
	inside 'systemctl is-system-running | grep -qE "running|degraded"' && break
	sleep 1
done
inside 'systemctl is-system-running | grep -qE "running|degraded"' || skip "no systemd can be started in a container here"

# One question for NAME: its rcode, the address; "" without an answer.
ask() {
	inside "dig +tries=3 +time=3 @127.0.0.1 $1 A" || true
	sed -n 's/.*status: \([A-Z]*\),.*/\1/p' "$scratch/said"
}
guard_says() { inside 'sed -n s/^mode=//p /run/curfew-guard/state'; cat "$scratch/said"; }
# Listed: blocked by module or zone (wanted); clean: answered.
expect() {
	local mode=$1 listed=${2:-NXDOMAIN} got

	got=$(ask clean.example)
	[ "$got" = NOERROR ] || fail "a clean name is answered '$got' ($mode)"
	got=$(ask s00.upd.kaspersky.com)
	[ "$got" = "$listed" ] || fail "a listed name is answered '$got' instead of $listed ($mode)"
	[ -z "$mode" ] || [ "$(guard_says)" = "$mode" ] || fail "the guard says '$(guard_says)' instead of '$mode'"
}

inside 'apt-get install -y --allow-downgrades --no-install-recommends /srv/debs/curfew_*.deb /srv/debs/curfew-unbound_*.deb \
	/srv/debs/unbound_*+curfew1_*.deb && curfew apply --yes && systemctl restart unbound' || fail "installing"
expect module
inside 'curfew doctor --json --live'
say "the module is in force: $(inside 'unbound -V | head -n 1'; cat "$scratch/said")"

say "a newer patch level without dynlib appears in the archive"
in_root_script='set -e
rm -rf /srv/archive /srv/fake; mkdir -p /srv/archive /srv/fake; cd /srv/fake
apt-get update -q
# The installed one is ours and in no archive; theirs is what apt can fetch.
theirs=$(apt-cache madison unbound | awk -F" *[|] *" "\$3 ~ /Packages/ { print \$2; exit }")
apt-get -q download "unbound=$theirs"; apt-get -q source --download-only "unbound=$theirs"
deb=$(ls unbound_*.deb); dpkg-deb -R "$deb" tree
version=$(sed -n "s/^Version: //p" tree/DEBIAN/control); newer=$version.1
sed -i "s/^Version: .*/Version: $newer/" tree/DEBIAN/control
printf "\n# patched\n" >>tree/usr/sbin/unbound
(cd tree && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
dpkg-deb --root-owner-group -b tree /srv/archive/unbound_${newer}_$(dpkg --print-architecture).deb
dpkg-source -x unbound_*.dsc src; cd src
{ printf "unbound (%s) bookworm; urgency=high\n\n  * A faked security update.\n\n -- nobody <nobody@localhost>  %s\n\n" "$newer" "$(date -R)"
  cat debian/changelog; } >../changelog && mv ../changelog debian/changelog
dpkg-buildpackage -S -d -us -uc; cd ..; mv unbound_*.1.dsc unbound_*.1.debian.tar.* /srv/archive/; cp unbound_*.orig.tar.* /srv/archive/
cd /srv/archive; dpkg-scanpackages . >Packages; dpkg-scansources . >Sources
'
# The machine itself has no network; the archive is made beside it, in the same root.
chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive sh -c "$in_root_script" >"$scratch/said" 2>&1 ||
	fail "making a newer patch level"
rm -f "$root"/etc/apt/sources.list.d/* "$root/etc/apt/sources.list"
echo 'deb [trusted=yes] file:/srv/archive ./' >"$root/etc/apt/sources.list.d/fake.list"
inside 'mount -o remount,mode=0711 /root 2>/dev/null; chmod 0711 /root; chmod -R a+rX /srv/archive'
before=$(inside 'dpkg-query -W -f "\${Version}" unbound'; cat "$scratch/said")
restarts() { inside 'journalctl -u unbound -o cat --no-pager | grep -c "^Started"'; cat "$scratch/said"; }
start=$SECONDS
inside 'apt-get update -q && apt-get -y -o Dpkg::Options::=--force-confold upgrade' || fail "apt upgrade"
cp "$scratch/said" "$scratch/upgrade"
grep -q 'in the background' "$scratch/upgrade" || fail "the trigger did not start the rebuild"
after=$(inside 'dpkg-query -W -f "\${Version}" unbound'; cat "$scratch/said")
[ "$after" != "$before" ] || fail "unbound was not upgraded"
expect zone
say "apt upgrade: $before to $after; the zone blocks $((SECONDS - start)) s after its start"
count=$(restarts)
for _ in $(seq 360); do
	inside 'grep -E "^state=(done|failed)" /run/curfew-guard/rebuild' && break
	# DNS stays up meanwhile.
	[ "$(ask clean.example)" = NOERROR ] || fail "no answer while it is built"
	sleep 10
done
inside 'grep -q "^state=done" /run/curfew-guard/rebuild' || { inside 'cat /run/curfew-guard/rebuild; tail -n 30 /var/lib/curfew/rebuild.log'; fail "the rebuild"; }
expect module
now=$(inside 'dpkg-query -W -f "\${Version}" unbound'; cat "$scratch/said")
case $now in *.1+curfew1) ;; *) fail "installed is $now" ;; esac
[ "$(restarts)" -eq $((count + 1)) ] || fail "more than one restart: $(restarts) after $count"
inside 'journalctl -t curfew-rebuild -o cat --no-pager | tail -n 1'
say "the module is back in $now with one restart, $((SECONDS - start)) s after the upgrade began: $(cat "$scratch/said")"

say "the table of broken states, restarted by systemd"
module=$(inside 'dpkg -L curfew-unbound | grep "curfew\.so$"'; cat "$scratch/said")
rows=0
for file in "$module" "$module.host" "$module.sha256" /var/lib/curfew/curfew.img /etc/unbound/unbound.conf.d/curfew.conf \
	/etc/unbound/curfew.rpz /usr/share/curfew/unbound/module.conf /usr/share/curfew/unbound/rpz.conf \
	/usr/libexec/curfew/unbound-guard /usr/bin/curfew; do
	for state in missing empty cut random unreadable dangling fifo folder; do
		inside "set -e; f=$file; rm -rf /srv/saved; [ ! -e \$f ] || cp -a \$f /srv/saved
			case $state in
			missing) rm -f \$f ;;
			empty) : >\$f ;;
			cut) [ ! -s \$f ] || truncate -s \$((\$(stat -c %s \$f) / 2)) \$f ;;
			random) head -c 5000 /dev/urandom >\$f ;;
			unreadable) [ ! -e \$f ] || chmod 0 \$f ;;
			dangling) rm -f \$f; ln -s /nowhere \$f ;;
			fifo) rm -f \$f; mkfifo \$f ;;
			folder) rm -f \$f; mkdir \$f ;;
			esac
			systemctl reset-failed unbound; systemctl restart unbound" || fail "$file $state: unbound does not start"
		[ "$(ask clean.example)" = NOERROR ] || fail "$file $state: no answer"
		rows=$((rows + 1))
		inside "rm -rf $file; [ ! -e /srv/saved ] || cp -a /srv/saved $file"
	done
	say "$file: all states answered"
done
inside 'systemctl reset-failed unbound; systemctl restart unbound'
expect module
say "$rows rows under systemd: Unbound started and answered in each"

#!/bin/bash
# An evidence of a real run - the module in an Unbound, a live monitor beside it - confirmed on a machine that has never seen
# any of it and has no network.
#
# usage: evidence_machine.sh CURFEW MODULE UNBOUND SOURCE_ROOT [ROOT]
#
# The run lives in a network namespace of its own, with addresses that a resolver would have; nobody outside is asked. The
# other machine is a root of Debian by debootstrap, with the libraries that the program is linked with and nothing of ours but
# the program itself; ROOT, when it is named, is used as it is and kept.
# Takes minutes, so only with CURFEW_TEST_FULL=yes; skips (77) without root, debootstrap, an archive, or an Unbound.
set -u
curfew=$(realpath "$1") module=$2 unbound=$3 top=$(cd "$4" && pwd) root=${5:-}
skip() { echo "skipped: $*"; exit 77; }
die() { echo "failed: $*"; exit 1; }

[ "${CURFEW_TEST_FULL:-no}" = yes ] || skip "takes minutes; CURFEW_TEST_FULL=yes runs it"
[ "$(id -u)" -eq 0 ] || skip "needs root"
for tool in unshare chroot ip python3 ldd dpkg; do command -v "$tool" >/dev/null || skip "no $tool"; done
[ -x "$unbound" ] && [ -f "$module" ] || skip "no Unbound that loads modules"
scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/curfew-machine.XXXXXXXX") || die "no scratch folder"
trap 'rm -rf "$scratch"' EXIT
chmod 755 "$scratch"
mkdir "$scratch/logs"

# ---- the run
printf 'vendor: kaspersky\npreset: us-commerce-2024\nanswer: {kind: nxdomain, ttl: 60, ede: "blocked by policy"}\nlog: {path: %s}\n' \
	"$scratch/logs/resolver.jsonl" >"$scratch/curfew.yaml"
"$curfew" apply --yes -p "$scratch/curfew.yaml" -l "$top/lists" -i "$scratch/curfew.img" >"$scratch/apply" 2>&1 || {
	cat "$scratch/apply"
	die "no image"
}
cat >"$scratch/unbound.conf" <<-END
	server:
	  directory: "$scratch"
	  chroot: ""
	  username: ""
	  do-daemonize: no
	  use-syslog: no
	  logfile: "$scratch/unbound.log"
	  pidfile: "$scratch/unbound.pid"
	  interface: 127.0.0.1@53
	  access-control: 127.0.0.0/8 allow
	  module-config: "dynlib iterator"
	  do-not-query-localhost: no
	dynlib:
	  dynlib-file: "$module"
	  dynlib-file: "curfew-image=$scratch/curfew.img"
	  dynlib-file: "curfew-log=$scratch/logs/resolver.jsonl"
	forward-zone:
	  name: "."
	  forward-addr: 127.0.0.1@5300
	remote-control:
	  control-enable: no
END
cat >"$scratch/ask.py" <<-'END'
	import socket, struct, sys
	for i, name in enumerate(sys.argv[1:]):
	    wire = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\0"
	    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
	        s.settimeout(5)
	        s.bind((f"127.0.0.{2 + i % 3}", 0))
	        s.sendto(struct.pack(">HHHHHH", i + 1, 0x100, 1, 0, 0, 0) + wire + b"\0\1\0\1", ("127.0.0.1", 53))
	        try:
	            print(name, s.recv(4096)[3] & 15)
	        except OSError:
	            print(name, "none")
END
cat >"$scratch/run.sh" <<-'END'
	ip link set lo up
	"$4" -c "$1/unbound.conf" & unbound=$!
	"$2" monitor -i lo --image "$1/curfew.img" --hits "$1/logs/monitor.jsonl" --sensor edge >"$1/monitor.log" 2>&1 & monitor=$!
	sleep 4
	for i in 1 2 3 4 5 6 7 8 9 10; do
		python3 "$1/ask.py" downloads.upd.kaspersky.com ksn-a-stat-geo.kaspersky-labs.com www.kaspersky.com dnl-03.geo.kaspersky.com
	done >"$1/answers"
	sleep 15
	kill -TERM $monitor; wait $monitor
	kill -TERM $unbound; wait $unbound
END
unshare -n sh "$scratch/run.sh" "$scratch" "$curfew" "$module" "$unbound"
grep -q 'downloads.upd.kaspersky.com 3' "$scratch/answers" || { cat "$scratch/answers" "$scratch/unbound.log"; die "nothing was blocked"; }
[ -s "$scratch/logs/monitor.jsonl" ] || { cat "$scratch/monitor.log"; die "the monitor wrote nothing"; }

# ---- the evidence
"$curfew" ledger ingest -q -l "$scratch/ledger.db" "$scratch/logs" || die "no ledger"
"$curfew" list sign --new-key "$scratch/key" >/dev/null || die "no key"
for log in "$scratch"/logs/*.jsonl; do "$curfew" log seals "$log"; done >"$scratch/seals" || die "no seals"
"$curfew" evidence -k "$scratch/key.key" -l "$scratch/ledger.db" -i "$scratch/curfew.img" -p "$scratch/curfew.yaml" \
	--lists "$top/lists" "$scratch/evidence.tar.zst" || die "no evidence"

# ---- the other machine
if [ -z "$root" ]; then
	command -v debootstrap >/dev/null || skip "no debootstrap"
	archive=$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/*.sources \
		/etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | grep -m 1 'debian/*$')
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	libraries=$(ldd "$curfew" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r library; do realpath "$library"; done)
	# shellcheck disable=SC2086 # one path each
	packages=$(dpkg -S $libraries 2>/dev/null | sed 's/:.*//' | sort -u | paste -sd,)
	[ -n "$packages" ] || skip "dpkg does not know the libraries"
	root=$scratch/root
	debootstrap --variant=minbase --include="$packages" "$codename" "$root" "$archive" >"$scratch/debootstrap.log" 2>&1 || {
		tail -5 "$scratch/debootstrap.log"
		skip "no root: debootstrap failed"
	}
fi
mkdir -p "$root/srv/evidence"
cp "$curfew" "$root/srv/evidence/curfew"
cp "$scratch/evidence.tar.zst" "$scratch/key.pub" "$scratch/seals" "$root/srv/evidence/"
# shellcheck disable=SC2016 # the shell inside expands
unshare -n chroot "$root" sh -c 'cd /srv/evidence && ./curfew evidence verify --key key.pub --seal seals evidence.tar.zst' \
	>"$scratch/said"
code=$?
cat "$scratch/said"
[ $code -eq 0 ] || die "verify ended with $code"
grep -q '^confirmed  *sources .*byte for byte' "$scratch/said" || die "policy and packs were not compiled again"
grep -Eq '^confirmed  *verdict +[1-9][0-9]* of' "$scratch/said" || die "no verdict was decided again"
# And there, too, a change is found.
printf x >>"$root/srv/evidence/seals"
cp "$scratch/evidence.tar.zst" "$root/srv/evidence/bad.tar.zst"
printf '\377' | dd of="$root/srv/evidence/bad.tar.zst" bs=1 seek=2000 conv=notrunc 2>/dev/null
unshare -n chroot "$root" sh -c 'cd /srv/evidence && ./curfew evidence verify --key key.pub bad.tar.zst' >"$scratch/said" 2>&1
code=$?
[ $code -eq 1 ] || [ $code -eq 3 ] || { cat "$scratch/said"; die "a changed byte ended with $code"; }
rm -rf "$root/srv/evidence"
echo "confirmed on another machine"

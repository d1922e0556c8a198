#!/bin/bash
# unbound-checkconf 1.17.1-2+deb12u4 (Debian 12) looks for a relative zone file where it was started, not in `directory:`.
#
# unbound.conf(5): "directory: sets the working directory for the program"; relative paths are relative to it. The daemon
# changes to it and finds `rpz: zonefile: x.rpz` there. unbound-checkconf changes to it too, for the files of server:, and
# changes back before it opens zone files: the same configuration is "cannot open zonefile" from any other folder and
# "no errors" from that one. A check before start (ExecStartPre, an installer) that runs in / refuses what the daemon takes.
#
# Output seen:
#   checkconf in the folder   0
#   checkconf elsewhere       1, cannot open zonefile
#   daemon elsewhere          answers NXDOMAIN by the zone
#
# Needs apt-get, dpkg-deb, python3 and a free port on loopback; installs nothing. Ends by itself within seconds.
# Exit 0: as stated; 1: it behaves otherwise now; 2: could not be tried.
set -eu
version=1.17.1-2+deb12u4
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -q "unbound=$version" libevent-2.1-7 libhiredis0.14 libprotobuf-c1 libfstrm0 libpython3.11 >/dev/null 2>&1 ||
	{ echo "unbound $version cannot be had here" >&2; exit 2; }
for package in ./*.deb; do dpkg-deb -x "$package" root; done
libraries=$(find root -name 'lib*.so*' -printf '%h\n' | sort -u | sed "s#^#$folder/#" | paste -sd:)
mkdir zones
printf '$TTL 60\n@ SOA a. b. 1 60 60 60 60\n@ NS a.\nexample.org CNAME .\n' >zones/x.rpz
port=$((20000 + RANDOM % 20000))
cat >conf <<CONF
server:
	interface: 127.0.0.1@$port
	module-config: "respip validator iterator"
	directory: "$folder/zones"
	username: ""
	chroot: ""
	pidfile: ""
	do-daemonize: no
	use-syslog: no
	logfile: "$folder/log"
rpz:
	name: x.rpz
	zonefile: x.rpz
CONF
checkconf() { # FOLDER
	(cd "$1" && LD_LIBRARY_PATH=$libraries "$folder/root/usr/sbin/unbound-checkconf" "$folder/conf") >said 2>&1
}
inside=0 elsewhere=0
checkconf "$folder/zones" || inside=$?
checkconf / || elsewhere=$?
reason=$(grep -o 'cannot open zonefile' said | head -n 1 || true)
(cd / && LD_LIBRARY_PATH=$libraries exec "$folder/root/usr/sbin/unbound" -d -c "$folder/conf") &
server=$!
rcode=$(python3 - "$port" <<'PY'
import socket, struct, sys, time
question = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x07example\x03org\x00" + struct.pack(">HH", 1, 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
for _ in range(20):
    s.sendto(question, ("127.0.0.1", int(sys.argv[1])))
    try:
        print(s.recv(4096)[3] & 15)
        break
    except OSError:
        time.sleep(0.2)
PY
)
echo "checkconf in the folder   $inside"
echo "checkconf elsewhere       $elsewhere${reason:+, $reason}"
case $rcode in
3) echo "daemon elsewhere          answers NXDOMAIN by the zone" ;;
'') echo "the daemon gives no answer: could not be tried" >&2; exit 2 ;;
*) echo "daemon elsewhere          rcode $rcode" ;;
esac
[ "$inside" = 0 ] && [ "$elsewhere" != 0 ] && [ -n "$reason" ] && [ "$rcode" = 3 ]

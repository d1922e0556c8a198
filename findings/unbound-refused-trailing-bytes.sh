#!/bin/bash
# Unbound 1.17.1-2+deb12u4 (Debian 12): a REFUSED answer has bytes behind its end.
#
# With `access-control: ... refuse_non_local` a client that may not recurse gets REFUSED. The header says QDCOUNT 0 and no
# records, so the message is its 12 bytes; in the datagram the 29 bytes of the question that was asked follow. Readers that want a message to fill its datagram call the answer malformed and lose the rcode; readers
# that go by the counts (RFC 1035 4.1.1) are right. 1.26 sends 12 bytes.
#
# Output seen:
#   rcode 5, QDCOUNT 0, ANCOUNT 0, NSCOUNT 0, ARCOUNT 0
#   datagram 41 bytes, message 12 bytes
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
port=$((20000 + RANDOM % 20000))
cat >conf <<CONF
server:
	interface: 127.0.0.1@$port
	access-control: 127.0.0.0/8 refuse_non_local
	username: ""
	chroot: ""
	directory: "$folder"
	pidfile: ""
	do-daemonize: no
	use-syslog: no
	logfile: "$folder/log"
CONF
LD_LIBRARY_PATH=$libraries root/usr/sbin/unbound -d -c conf &
server=$!
python3 - "$port" <<'PY'
import socket, struct, sys, time
question = struct.pack(">HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + b"\x07example\x03org\x00" + struct.pack(">HH", 1, 1)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
answer = None
for _ in range(20):
    s.sendto(question, ("127.0.0.1", int(sys.argv[1])))
    try:
        answer = s.recv(4096)
        break
    except OSError:
        time.sleep(0.2)
if answer is None:
    print("no answer: could not be tried", file=sys.stderr)
    sys.exit(2)
_, flags, qd, an, ns, ar = struct.unpack(">HHHHHH", answer[:12])
print(f"rcode {flags & 15}, QDCOUNT {qd}, ANCOUNT {an}, NSCOUNT {ns}, ARCOUNT {ar}")
print(f"datagram {len(answer)} bytes, message 12 bytes")
sys.exit(0 if (flags & 15, qd, an, ns, ar) == (5, 0, 0, 0, 0) and len(answer) == 12 + len(question) else 1)
PY

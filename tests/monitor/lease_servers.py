#!/usr/bin/env python3
"""Lease files that real servers wrote: Kea, ISC dhcpd and dnsmasq, in network namespaces of our own.

One pool of one address: alpha has it and gives it back, beta gets it. `curfew hosts import` must say so.
Servers are looked for in PATH and sbin folders, and below CURFEW_DHCP_ROOT (packages unpacked there by
`dpkg -x`). Skipped (77) without root, namespaces or any server; each server that is not there is said.
"""

import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

CURFEW = sys.argv[1]
SKIP = 77
POOL = "192.0.2.77"
ROOT = os.environ.get("CURFEW_DHCP_ROOT", "")
MACS = {"alpha": bytes.fromhex("02000000000a"), "beta": bytes.fromhex("02000000000b")}
PATIENCE_S = 20


def program(name):
    places = [os.path.join(ROOT, p) for p in ("usr/sbin", "sbin")] if ROOT else []
    return shutil.which(name, path=os.pathsep.join(places + ["/usr/sbin", "/sbin", os.environ.get("PATH", "")]))


def environment(top):
    env = dict(os.environ, KEA_LOCKFILE_DIR=str(top), KEA_PIDFILE_DIR=str(top))
    if ROOT:
        env["LD_LIBRARY_PATH"] = os.path.join(ROOT, "usr/lib/x86_64-linux-gnu")
        env["KEA_LFC_EXECUTABLE"] = os.path.join(ROOT, "usr/sbin/kea-lfc")
    return env


class Link:
    """Two namespaces and a cable between them; gone with the context."""

    def __init__(self):
        self.server, self.client = (f"curfewlease{os.getpid()}{end}" for end in "sc")

    def __enter__(self):
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
        self.ip(self.server, "link", "add", "srv", "type", "veth", "peer", "name", "cli", "netns", self.client)
        for name, end in ((self.server, "srv"), (self.client, "cli")):
            subprocess.run(["ip", "netns", "exec", name, "sh", "-c",
                            f"echo 0 > /proc/sys/net/ipv6/conf/{end}/accept_dad"], check=True)
            self.ip(name, "link", "set", "lo", "up")
            self.ip(name, "link", "set", end, "up")
        self.ip(self.server, "addr", "add", "192.0.2.1/24", "dev", "srv")
        self.ip(self.server, "-6", "addr", "add", "2001:db8::1/64", "dev", "srv", "nodad")
        return self

    def ip(self, namespace, *args):
        subprocess.run(["ip", "-n", namespace, *args], check=True, capture_output=True)

    def __exit__(self, *_):
        for name in (self.server, self.client):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def start(self, top, *command):
        log = open(top / "server.log", "ab")
        return subprocess.Popen(["ip", "netns", "exec", self.server, *command], env=environment(top),
                                stdout=log, stderr=log, cwd=top)


def dhcp4(kind, mac, options=b"", ciaddr="0.0.0.0"):
    head = struct.pack("!BBBBIHH", 1, 1, 6, 0, int.from_bytes(mac[2:], "big"), 0, 0x8000)
    return (head + socket.inet_aton(ciaddr) + bytes(12) + mac.ljust(16, b"\0") + bytes(192) +
            bytes.fromhex("63825363") + bytes([53, 1, kind]) + options + b"\xff")


def option(code, body):
    return bytes([code, len(body)]) + body


def read_options(message):
    found, at = {}, 240
    while at + 1 < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        found[message[at]] = message[at + 2:at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return found


class Client4:
    """Runs inside the client's namespace: speaks for any MAC by the broadcast flag."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cli\0")
        self.sock.bind(("0.0.0.0", 68))
        self.sock.settimeout(1)

    def ask(self, mac, message, kind):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            self.sock.sendto(message, ("255.255.255.255", 67))
            try:
                answer = self.sock.recv(1500)
            except TimeoutError:
                continue
            if answer[28:34] == mac and read_options(answer).get(53) == bytes([kind]):
                return answer
        raise SystemExit(f"no answer of kind {kind}")

    def get(self, name):
        mac, words = MACS[name], option(12, name.encode())
        offer = self.ask(mac, dhcp4(1, mac, words), 2)
        addr, server = offer[16:20], read_options(offer)[54]
        ack = self.ask(mac, dhcp4(3, mac, words + option(50, addr) + option(54, server)), 5)
        return socket.inet_ntoa(ack[16:20]), server

    def release(self, name, addr, server):
        self.sock.sendto(dhcp4(7, MACS[name], option(54, server), addr), ("255.255.255.255", 67))


class Client6:
    """DHCPv6 from the client's link-local address, with any DUID (RFC 8415)."""

    def __init__(self):
        self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.index = socket.if_nametoindex("cli")
        self.sock.bind(("::", 546))
        self.sock.settimeout(1)

    def ask(self, kind, duid, server, ia, answer_kind):
        body = struct.pack("!HH", 1, len(duid)) + duid
        if server:
            body += struct.pack("!HH", 2, len(server)) + server
        body += struct.pack("!HHIII", 3, 12 + len(ia), 7, 0, 0) + ia + struct.pack("!HHH", 8, 2, 0)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                self.sock.sendto(bytes([kind, 0, 0, kind]) + body, ("ff02::1:2", 547, 0, self.index))
                answer = self.sock.recv(1500)
            except TimeoutError:
                continue
            except OSError:  # no link-local address yet
                time.sleep(0.2)
                continue
            if answer[0] == answer_kind:
                return self.options(answer[4:])
        raise SystemExit(f"no answer of kind {answer_kind}")

    @staticmethod
    def options(data):
        found = {}
        while len(data) >= 4:
            code, length = struct.unpack("!HH", data[:4])
            found[code] = data[4:4 + length]
            data = data[4 + length:]
        return found

    def get(self, duid):
        offer = self.ask(1, duid, b"", b"", 2)
        reply = self.ask(3, duid, offer[2], offer[3][12:], 7)
        addr = self.options(reply[3][12:])[5]
        return addr, reply[2]

    def release(self, duid, server, addr):
        self.ask(8, duid, server, struct.pack("!HH", 5, 24) + addr[:16] + bytes(8), 7)


def play6(seconds):
    """Alpha gives its address back, beta gets it; their names are their DUIDs."""
    client = Client6()
    addr, server = client.get(bytes([0, 3, 0, 1]) + MACS["alpha"])
    time.sleep(seconds)
    client.release(bytes([0, 3, 0, 1]) + MACS["alpha"], server, addr)
    time.sleep(seconds)
    again, _ = client.get(bytes([0, 3, 0, 1]) + MACS["beta"])
    assert again[:16] == addr[:16], (addr, again)
    print(socket.inet_ntop(socket.AF_INET6, addr[:16]))


def play(steps, seconds):
    """In the client's namespace: alpha [gives it back], beta."""
    client = Client4()
    addr, server = client.get("alpha")
    time.sleep(seconds)
    if steps == "both":
        client.release("alpha", addr, server)
        time.sleep(seconds)
        again, _ = client.get("beta")
        assert again == addr, (addr, again)
    print(addr)


def run_client(link, steps):
    done = subprocess.run(["ip", "netns", "exec", link.client, sys.executable, __file__, CURFEW, "play", steps],
                          capture_output=True, text=True, timeout=8 * PATIENCE_S)
    if done.returncode != 0:
        raise SystemExit(f"the client failed: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def imported(top, path):
    hits = top / "hits.jsonl"
    hits.unlink(missing_ok=True)
    done = subprocess.run([CURFEW, "hosts", "import", "--hits", hits, "--image", top / "none", path],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stderr.strip())
    records = [json.loads(line) for line in hits.read_text().splitlines()]
    return [r for r in records if r["event_type"] == "identity"]


def must(condition, *what):
    if not condition:
        raise SystemExit(f"FAIL: {what}")


def must_be_alpha_then_beta(records, addr):
    of = {r["identity"].get("name"): r for r in records if r.get("src_ip") == addr}
    must(set(of) == {"alpha", "beta"}, "alpha and beta had it", records)
    must(of["alpha"]["identity"]["end"] in ("released", "expired"), "alpha's is over", of["alpha"])
    must("end" not in of["beta"]["identity"], "beta's is not", of["beta"])
    must(of["alpha"]["last"] <= of["beta"]["timestamp"], "one after the other", of)
    must(of["alpha"]["src_mac"] == "02:00:00:00:00:0a", "its MAC", of["alpha"])


def kea_config(top, lfc_s):
    leases = top / "kea-leases4.csv"
    return leases, {"Dhcp4": {
        "interfaces-config": {"interfaces": ["srv"]},
        "lease-database": {"type": "memfile", "persist": True, "name": str(leases), "lfc-interval": lfc_s},
        "valid-lifetime": 600,
        "subnet4": [{"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": f"{POOL} - {POOL}"}]}],
        "loggers": [{"name": "kea-dhcp4", "output_options": [{"output": "stdout"}], "severity": "WARN"}]}}


def stopped(server):
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def kea(link, top):
    leases, config = kea_config(top, 0)
    (top / "kea.json").write_text(json.dumps(config))
    server = link.start(top, program("kea-dhcp4"), "-c", str(top / "kea.json"))
    try:
        addr = run_client(link, "both")
        must_be_alpha_then_beta(imported(top, leases), addr)
    finally:
        stopped(server)


def kea_cleaned_up(link, top):
    """The clean-up moves the leases out of the file that people give."""
    leases, config = kea_config(top, 1)
    (top / "kea.json").write_text(json.dumps(config))
    server = link.start(top, program("kea-dhcp4"), "-c", str(top / "kea.json"))
    try:
        addr = run_client(link, "alpha")
        end = time.monotonic() + PATIENCE_S
        while addr in leases.read_text() and time.monotonic() < end:
            time.sleep(0.2)
        must(addr not in leases.read_text(), "Kea cleaned up", os.listdir(top))
        time.sleep(1)
        records = imported(top, leases)
        must([r["identity"]["name"] for r in records] == ["alpha"], "alpha, from", os.listdir(top), records)
    finally:
        stopped(server)


def dhcpd(link, top):
    leases = top / "dhcpd.leases"
    leases.touch()
    (top / "dhcpd.conf").write_text(
        "authoritative; ping-check off; default-lease-time 600; max-lease-time 600;\n"
        f"subnet 192.0.2.0 netmask 255.255.255.0 {{ range {POOL}; }}\n")
    os.chmod(top, 0o755)
    server = link.start(top, program("dhcpd"), "-f", "-4", "-cf", str(top / "dhcpd.conf"), "-lf", str(leases),
                        "-pf", str(top / "dhcpd.pid"), "--no-pid", "-user", "root", "-group", "root", "srv")
    try:
        addr = run_client(link, "both")
        must_be_alpha_then_beta(imported(top, leases), addr)
    finally:
        stopped(server)


def dnsmasq(link, top):
    leases = top / "dnsmasq.leases"
    server = link.start(top, program("dnsmasq"), "-k", "-p", "0", "-C", "/dev/null", "--interface=srv",
                        "--user=root", "--bind-interfaces", f"--dhcp-range={POOL},{POOL},10m", f"--dhcp-leasefile={leases}",
                        "--pid-file=" + str(top / "dnsmasq.pid"), "--no-ping", "--dhcp-authoritative")
    try:
        addr = run_client(link, "both")
        records = imported(top, leases)  # no journal: only what is
        must([(r["src_ip"], r["identity"]["name"]) for r in records] == [(addr, "beta")], records)
    finally:
        stopped(server)


def must_be_alpha_then_beta6(records, addr):
    of = {r["identity"].get("client_id"): r for r in records if r.get("src_ip") == addr}
    alpha, beta = (of.get("00030001" + MACS[name].hex()) for name in ("alpha", "beta"))
    must(alpha and beta and len(of) == 2, "alpha and beta had it", records)
    must(alpha["identity"].get("end") in ("released", "expired"), "alpha's is over", alpha)
    must("end" not in beta["identity"], "beta's is not", beta)
    must(alpha["last"] <= beta["timestamp"], "one after the other", of)


def kea6(link, top):
    leases = top / "kea-leases6.csv"
    (top / "kea.json").write_text(json.dumps({"Dhcp6": {
        "data-directory": str(top),
        "interfaces-config": {"interfaces": ["srv"]},
        "lease-database": {"type": "memfile", "persist": True, "name": str(leases), "lfc-interval": 0},
        "valid-lifetime": 600, "preferred-lifetime": 300,
        "subnet6": [{"id": 1, "subnet": "2001:db8::/64", "interface": "srv",
                     "pools": [{"pool": "2001:db8::77 - 2001:db8::77"}]}],
        "loggers": [{"name": "kea-dhcp6", "output_options": [{"output": "stdout"}], "severity": "WARN"}]}}))
    server = link.start(top, program("kea-dhcp6"), "-c", str(top / "kea.json"))
    try:
        addr = run_client(link, "six")
        must_be_alpha_then_beta6(imported(top, leases), addr)
    finally:
        stopped(server)


def dhcpd6(link, top):
    leases = top / "dhcpd6.leases"
    leases.touch()
    (top / "dhcpd6.conf").write_text(
        "authoritative; default-lease-time 600; preferred-lifetime 300;\n"
        "subnet6 2001:db8::/64 { range6 2001:db8::77 2001:db8::77; }\n")
    server = link.start(top, program("dhcpd"), "-f", "-6", "-cf", str(top / "dhcpd6.conf"), "-lf", str(leases),
                        "--no-pid", "-user", "root", "-group", "root", "srv")
    try:
        addr = run_client(link, "six")
        must_be_alpha_then_beta6(imported(top, leases), addr)
    finally:
        stopped(server)


def main():
    if os.geteuid() != 0 or not program("ip"):
        print("SKIP: namespaces need root and iproute2")
        return SKIP
    ran = 0
    for name, needs in (("kea", "kea-dhcp4"), ("kea_cleaned_up", "kea-dhcp4"), ("dhcpd", "dhcpd"), ("dnsmasq", "dnsmasq"),
                        ("kea6", "kea-dhcp6"), ("dhcpd6", "dhcpd")):
        if not program(needs):
            print(f"skipped: {name}: no {needs} here")
            continue
        if name == "kea_cleaned_up" and not program("kea-lfc"):
            print(f"skipped: {name}: no kea-lfc here")
            continue
        with tempfile.TemporaryDirectory(prefix="lease-servers.") as top:
            try:
                link = Link().__enter__()
            except subprocess.CalledProcessError as error:
                print(f"SKIP: no namespaces here: {error.stderr}")
                return SKIP
            try:
                globals()[name](link, pathlib.Path(top))
            except BaseException:
                log = pathlib.Path(top) / "server.log"
                print(f"{name}:", log.read_text(errors="replace")[-3000:] if log.exists() else "")
                raise
            finally:
                link.__exit__()
        print(f"ok: {name}")
        ran += 1
    return 0 if ran else SKIP


if __name__ == "__main__":
    if len(sys.argv) > 2 and sys.argv[2] == "play":
        play6(1.2) if sys.argv[3] == "six" else play(sys.argv[3], 1.2)
    else:
        sys.exit(main())

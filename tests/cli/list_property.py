#!/usr/bin/env python3
"""Random entries of the grammar through every exporter and the real programs: what curfew accepts they accept, or it
is in the list of what is left out; and they block what curfew decides, asked of a running Unbound. Loopback only.

usage: list_property.py CURFEW SOURCE_ROOT

CURFEW_TEST_FULL=1: 10,000 entries instead of 1,500; CF_SEED chooses them. A program that is not installed is skipped,
visibly; with none the test is skipped (77).
"""
import atexit
import os
import pathlib
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SKIP, ADDRESS = 77, bytes([192, 0, 2, 1])
CURFEW, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
FULL = bool(os.environ.get("CURFEW_TEST_FULL"))
COUNT, ASKED = (10000, 4000) if FULL else (1500, 600)
SEED = int(os.environ.get("CF_SEED", "1"))
rng = random.Random(SEED)
failures, ran = [], []
PLAIN = b"abcdefghijklmnopqrstuvwxyz0123456789-_"
ODD = bytes(b for b in range(1, 256) if not 65 <= b <= 90)


def check(condition, what, *shown):
    print("ok:" if condition else "FAILED:", what, *(() if condition else shown))
    if not condition:
        failures.append(what)


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    print(f"{'with' if path else 'skipped: no'} {name}")
    if path:
        ran.append(name)
    return path


def label():
    kind = rng.random()
    if kind < 0.6:
        return bytes(rng.choice(PLAIN) for _ in range(rng.choice((1, 2, 3, 8, 20, 63))))
    if kind < 0.9:
        return bytes(rng.choice(ODD) for _ in range(rng.choice((1, 2, 5, 63))))
    return rng.choice((b"*", b"@", b"$origin", b";", b"(", b'"', b"\\", b"a b", b"rpz-ip", b"-", b"_", b"a.b", b"\x00",
                       b"#", b"/", b"'", b"\t", b"localhost", b"xn--bcher-kva", b"32", b"{", b"$ttl", b"%s"))


def ends_in_number(name):
    last = name[-1]
    return last.isdigit() or bool(re.fullmatch(rb"0x[0-9a-f]*", last))


def octets(name):
    return sum(len(part) + 1 for part in name) + 1


def make_name(known):
    while True:
        if known and rng.random() < 0.5:
            name = (label(),) + rng.choice(known)
        else:
            name = tuple(label() for _ in range(rng.choice((1, 1, 2, 3, 5, 20)))) + (
                rng.choice((b"example", b"test", b"invalid", b"rpz-ip")),)
        if rng.random() < 0.1:  # to the very end of what a name may have
            while octets(name) <= 253:
                name = (bytes(rng.choice(PLAIN) for _ in range(min(63, 254 - octets(name)))),) + name
        if 2 <= len(name) and octets(name) <= 255 and not ends_in_number(name):
            return name


def text_of(name):
    """As a pack has it."""
    def part(data):
        out = ""
        for b in data:
            out += chr(b) if b in PLAIN else f"\\{b:03}" if b <= 32 or b >= 127 or rng.random() < 0.3 else f"\\{chr(b)}"
        return out
    return ".".join(map(part, name))


def name_of(text):
    """Back from master-file text."""
    labels, now, i = [], b"", 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1].isdigit():
            now += bytes([int(text[i + 1:i + 4])])
            i += 4
        elif text[i] == "\\":
            now += text[i + 1].encode()
            i += 2
        elif text[i] == ".":
            labels.append(now)
            now, i = b"", i + 1
        else:
            now += text[i].encode()
            i += 1
    return tuple(labels + [now])


def decide(entries, name):
    """The naive way: the level with most labels that says anything; of it pass before block."""
    for at in range(len(name)):
        said = [verdict for scope, verdict in entries.get(name[at:], ())
                if scope == "subtree" or (scope == "exact") == (at == 0)]
        if said:
            return "pass" if "pass" in said else "block"
    return "pass"


def ask(port, name):
    query = struct.pack(">HHHHHH", rng.randrange(65536), 0x0100, 1, 0, 0, 0) + b"".join(
        bytes([len(p)]) + p for p in name) + struct.pack(">BHH", 0, 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(20)
        try:
            s.connect(("127.0.0.1", port))  # so that a port nobody listens on says so
            s.send(query)
            return ADDRESS in s.recv(4096)[len(query):]
        except OSError:
            return None


def serve_upstream(sock):
    while True:
        try:
            query, client = sock.recvfrom(4096)
        except OSError:
            return
        at = 12
        while query[at]:
            at += query[at] + 1
        question = query[12:at + 5]
        is_a = question[-4:] == b"\0\1\0\1"
        sock.sendto(query[:2] + struct.pack(">HHHHH", 0x8180, 1, is_a, 0, 0) + question +
                    (b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + ADDRESS if is_a else b""), client)


def free_port():
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
                return u.getsockname()[1]
            except OSError:
                continue
    sys.exit("no free port")


def accepts(what, *command):
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    check(run.returncode == 0, f"{what} accepts it", (run.stdout + run.stderr)[-2000:])


class World:
    """The entries, and the pack made of them."""

    def __init__(self, folder):
        self.entries, lines, known = {}, [], []
        for _ in range(COUNT):
            name = make_name(known)
            known.append(name)
            scope = rng.choice(("exact", "subtree", "subtree", "below"))
            verdict = "pass" if rng.random() < 0.25 else "block"
            self.entries.setdefault(name, []).append((scope, verdict))
            lines.append((text_of(name), scope, verdict))
        # Exact names near the end of what a name may have: little room for a label below them, or none.
        self.long = []
        for total in range(236, 256):
            name = (b"l" * 63, b"m" * 63, b"n" * 63, b"%d" % total + b"o" * (total - 210), b"long", b"example")
            assert octets(name) == total
            self.long.append(name)
            self.entries[name] = [("exact", "block")]
            lines.append((text_of(name), "exact", "block"))
        pack = folder / "lists" / "prop"
        (pack / "presets").mkdir(parents=True)
        (pack / "pack.yaml").write_text('vendor: prop\ntitle: Properties\nversion: "1"\n')
        (pack / "sources.tsv").write_text("id\ttitle\tlicence\tas-of\nme\tmade up\tCC0-1.0\t2026-01-01\n")
        (pack / "names.tsv").write_text(
            "name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\n" + "".join(
                f"{t}\t{s}\t{'informational' if v == 'pass' else 'updates'}\t-\tme\tlisted\t2026\t-\n"
                for t, s, v in lines))
        (folder / "curfew.yaml").write_text(
            "vendor: prop\nbaseline: {informational: pass}\nphases:\n"
            '  - {name: all, from: "2020-01-01T00:00:00Z", categories: updates, verdict: block}\n'
            "groups: {lab: [10.20.0.0/15, \"2001:db8::/33\"], one: 10.20.3.4}\nexceptions:\n"
            "  - {clients: lab, categories: all, verdict: pass, owner: o, reason: r}\n"
            "  - {clients: one, categories: updates, verdict: block, owner: o, reason: r}\n")
        self.names, self.folder = known, folder

    def export(self, form):
        out = self.folder / (form + (".rules" if form == "suricata" else ""))
        run = subprocess.run([CURFEW, "list", "export", "--format", form, "--at", "2026-01-01T00:00:00Z", "--policy",
                              self.folder / "curfew.yaml", "--lists", self.folder / "lists", "--out", out],
                             capture_output=True, text=True)
        check(run.returncode == 0, f"{form} is written", run.stderr[-2000:])
        text = out.read_text()
        left_out = re.findall(r"^. ?left out: (\S+) \(", text, re.M)
        counted = re.search(r"(\d+) left out", run.stderr)
        check(int(counted[1]) == len([t for t in left_out if not t.startswith("*.")]) if counted else not left_out,
              f"{form}: what is left out is counted and listed", run.stderr, len(left_out))
        return out, {name_of(t) for t in left_out if not t.startswith("*.")} | {
            ("below", name_of(t[2:])) for t in left_out if t.startswith("*.")}, run.stderr

    def questions(self):
        for name in self.long:
            yield name
            if octets(name) <= 253:
                yield (b"q",) + name
        for _ in range(ASKED):
            name = rng.choice(self.names)
            for extra in range(rng.choice((0, 0, 1, 2))):
                if octets(name) < 250:
                    name = (b"q%d" % rng.randrange(9),) + name
            if rng.random() < 0.1 and len(name) > 2:
                name = name[1:]
            yield name


def touched(name, left_out):
    """True when an entry that the export left out speaks of the name."""
    return any(name[at:] in left_out or ("below", name[at:]) in left_out for at in range(len(name)))


def compare(what, command, port, world, left_out):
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
    try:
        for _ in range(300):
            if ask(port, (b"beside", b"net")):
                break
            if server.poll() is not None:
                check(False, f"{what} starts", server.stderr.read()[-2000:])
                return
            time.sleep(0.1)
        asked = [n for n in world.questions() if not touched(n, left_out)]
        wrong = [(n, decide(world.entries, n)) for n in asked
                 if ask(port, n) is not (decide(world.entries, n) == "pass")]
        check(not wrong and len(asked) > ASKED / 3, f"{what} blocks what curfew decides, {len(asked)} names asked",
              len(wrong), wrong[:5])
    finally:
        server.terminate()
        server.wait()


def unbound_conf(folder, port, upstream, more):
    path = folder / f"unbound-{port}.conf"
    path.write_text(f"""server:
	interface: 127.0.0.1
	port: {port}
	username: ""
	chroot: ""
	directory: "{folder}"
	pidfile: ""
	use-syslog: no
	do-ip6: no
	do-not-query-localhost: no
	module-config: "respip iterator"
	qname-minimisation: no
	local-zone: "test." nodefault
	local-zone: "invalid." nodefault
{more}
forward-zone:
	name: "."
	forward-addr: 127.0.0.1@{upstream}
""")
    return path


def main():
    print(f"CF_SEED={SEED}, {COUNT} entries")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="curfew-property-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    world = World(folder)
    upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    upstream.bind(("127.0.0.1", 0))
    up_port = upstream.getsockname()[1]
    threading.Thread(target=serve_upstream, args=(upstream,), daemon=True).start()

    rpz, rpz_left, said = world.export("rpz")
    clients = re.findall(r"^(\S+)\.rpz-client-ip CNAME rpz-passthru\.$", rpz.read_text(), re.M)
    check("33.zz.db8.2001" in clients and "16.0.0.21.10" in clients and "16.0.0.20.10" not in clients and
          not any(c.startswith("32.4.3.20.10") for c in clients) and "clients pass" in said,
          "clients that get nothing blocked are in the zone, but for those that do", clients, said)
    if tool("named-checkzone"):
        accepts("named-checkzone", tool("named-checkzone"), "-i", "none", "-k", "ignore", "curfew.rpz", rpz)
    local, local_left, _ = world.export("unbound")
    if tool("unbound-checkconf"):
        accepts("unbound-checkconf", tool("unbound-checkconf"),
                unbound_conf(folder, free_port(), up_port, f'include: "{local}"\n'))
    if tool("unbound"):
        port = free_port()
        compare("unbound with the rpz", [tool("unbound"), "-d", "-c", unbound_conf(
            folder, port, up_port, f'rpz:\n\tname: "curfew.rpz"\n\tzonefile: "{rpz}"\n')], port, world, rpz_left)
        port = free_port()
        compare("unbound with the local-zones", [tool("unbound"), "-d", "-c", unbound_conf(
            folder, port, up_port, f'include: "{local}"\n')], port, world, local_left)
    dnsmasq, dnsmasq_left, _ = world.export("dnsmasq")
    if tool("dnsmasq"):
        accepts("dnsmasq", tool("dnsmasq"), "--test", "-C", dnsmasq)
        port = free_port()
        compare("dnsmasq", [tool("dnsmasq"), "--keep-in-foreground", f"--port={port}", "--listen-address=127.0.0.1",
                            "--bind-interfaces", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
                            f"--server=127.0.0.1#{up_port}", f"--conf-file={dnsmasq}"], port, world, dnsmasq_left)
    for form in ("hosts", "adblock", "plain", "zeek"):
        out, _, _ = world.export(form)
        odd = [line for line in out.read_text().splitlines() if line[:1] not in "#!" and form != "zeek" and
               not re.fullmatch(r"(0\.0\.0\.0 |:: |@@|\|\||\||\|\|\*\.)*[a-z0-9._-]+\^?", line)]
        check(not odd, f"{form} holds plain names alone", odd[:3])
    rules, _, _ = world.export("suricata")
    if tool("suricata"):
        accepts("suricata -T", tool("suricata"), "-T", "-S", rules, "-l", folder, "-v")
    nft, _, _ = world.export("nft")
    if tool("nft") and shutil.which("unshare") and os.geteuid() == 0:
        accepts("nft -c", "unshare", "-n", tool("nft"), "-c", "-f", nft)
    sys.exit(1 if failures else 0 if ran else SKIP)


main()

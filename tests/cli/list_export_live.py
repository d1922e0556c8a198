#!/usr/bin/env python3
"""The exports inside the programs they are for: Unbound with the RPZ, Unbound with the local-zones and dnsmasq
answer as curfew decides, name by name. Loopback only.

usage: list_export_live.py CURFEW SOURCE_ROOT

A program that is not installed is skipped, visibly; with none the test is skipped (77).
"""
import atexit
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

SKIP = 77
AFTER = "2024-09-29T04:00:00Z"
BLOCKED = ["s00.upd.kaspersky.com", "dnl-07.geo.kaspersky.com", "dc1-st.ksn.kaspersky-labs.com",
           "ksn-file-geo.kaspersky-labs.com", "activation-v2.kaspersky.com", "ds.kaspersky.com",
           "unlisted.upd.kaspersky.com", "deep.below.unlisted.geo.kaspersky.com", "x.s00.upd.kaspersky.com",
           "content.ipm-klca.kaspersky.com", "x.content.ipm-klca.kaspersky.com"]
FREE = ["opentip.kaspersky.com", "securelist.com", "support.kaspersky.com", "www.kaspersky.com",
        "gc.kis.v2.scr.kaspersky-labs.com", "kasperskyupdate.com", "notkaspersky.com", "below.ds.kaspersky.com",
        "kaspersky.com.example.org", "exempt.upd.kaspersky.com", "a.exempt.upd.kaspersky.com"]
ADDRESS = bytes([192, 0, 2, 1])
failures = []


def encode(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def ask(port, name):
    """The response code and the A records for the name; None without an answer."""
    query = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + encode(name) + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        try:
            s.sendto(query, ("127.0.0.1", port))
            answer = s.recv(4096)
        except OSError:
            return None
    return answer[3] & 15, ADDRESS in answer[len(query):]


def serve_upstream(sock):
    """Answers every A question with one address, other types with nothing: the Internet, for this test."""
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
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, is_a, 0, 0)
        sock.sendto(head + question + (b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + ADDRESS if is_a else b""), client)


def free_port():
    """A port free for UDP and TCP."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
            u.bind(("127.0.0.1", 0))
            try:
                t.bind(u.getsockname())
                return u.getsockname()[1]
            except OSError:
                continue
    sys.exit("no free port")


def check_server(what, command, port, is_blocked):
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(100):
            if ask(port, "example.net") == (0, True):
                break
            if server.poll() is not None:
                print(server.stderr.read())
                break
            time.sleep(0.1)
        wrong = [(n, a) for n in BLOCKED if not is_blocked(a := ask(port, n))]
        wrong += [(n, a) for n in FREE if (a := ask(port, n)) != (0, True)]
        print("ok:" if not wrong else "FAILED:", what, "answers as curfew decides", *wrong)
        if wrong:
            failures.append(what)
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
{more}
forward-zone:
	name: "."
	forward-addr: 127.0.0.1@{upstream}
""")
    return path


def main():
    curfew, root = sys.argv[1], pathlib.Path(sys.argv[2])
    tools = {t: shutil.which(t) or shutil.which(t, path="/usr/sbin:/sbin") for t in ("unbound", "dnsmasq")}
    for name, path in tools.items():
        if not path:
            print(f"skipped: no {name}")
    if not any(tools.values()):
        sys.exit(SKIP)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="curfew-live-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "curfew.yaml").write_text(
        "vendor: kaspersky\npreset: us-commerce-2024\nexceptions:\n"
        "  - {clients: everybody, names: [.exempt.upd.kaspersky.com], verdict: pass, owner: test,\n"
        "     reason: an exempt subtree inside a blocked one, until: 2030-01-01T00:00:00Z}\n")
    for form in ("rpz", "unbound", "dnsmasq"):
        subprocess.run([curfew, "list", "export", "--format", form, "--at", AFTER, "--policy", folder / "curfew.yaml",
                        "--lists", root / "lists", "--out", folder / form], check=True)
    upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    upstream.bind(("127.0.0.1", 0))
    up_port = upstream.getsockname()[1]
    threading.Thread(target=serve_upstream, args=(upstream,), daemon=True).start()
    if tools["unbound"]:
        port = free_port()
        conf = unbound_conf(folder, port, up_port, f'rpz:\n\tname: "curfew.rpz"\n\tzonefile: "{folder}/rpz"\n')
        check_server("unbound with the rpz", [tools["unbound"], "-d", "-c", conf], port,
                     lambda a: a == (3, False))
        port = free_port()
        conf = unbound_conf(folder, port, up_port, f'include: "{folder}/unbound"\n')
        # An exact name gets NODATA, a subtree NXDOMAIN: neither gives the address.
        check_server("unbound with the local-zones", [tools["unbound"], "-d", "-c", conf], port,
                     lambda a: a in ((3, False), (0, False)))
    if tools["dnsmasq"]:
        port = free_port()
        check_server("dnsmasq",
                     [tools["dnsmasq"], "--keep-in-foreground", f"--port={port}", "--listen-address=127.0.0.1",
                      "--bind-interfaces", "--no-resolv", "--no-hosts", "--user=root", "--pid-file=",
                      f"--server=127.0.0.1#{up_port}", f"--conf-file={folder}/dnsmasq"], port,
                     lambda a: a in ((3, False), (0, False)))
    sys.exit(1 if failures else 0)


main()

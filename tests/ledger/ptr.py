#!/usr/bin/env python3
"""curfew ledger ptr against a resolver made here, on loopback.

usage: ptr.py CURFEW
"""
import json
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

CURFEW = sys.argv[1]
failures = 0
asked = []


def check(holds, promise, more=""):
    global failures
    print(("ok      " if holds else "FAILED  ") + promise + ("" if holds else f" {more}"))
    failures += not holds


def name_at(packet, at):
    labels = []
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode())
        at += 1 + packet[at]
    return ".".join(labels), at + 1


def encode(name):
    return b"".join(bytes([len(label)]) + label for label in name.split(b".")) + b"\0"


def serve(server):
    while True:
        packet, peer = server.recvfrom(2048)
        name, end = name_at(packet, 12)
        qtype = struct.unpack(">H", packet[end:end + 2])[0]
        question = packet[12:end + 4]
        names = {"1.0.0.10.in-addr.arpa": b"printer.office.example", "2.0.0.10.in-addr.arpa": b"e\x1b[31mvil.example"}
        if qtype == 12:
            asked.append(name)
        if qtype == 12 and name in names:
            data = encode(names[name])
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 12, 1, 60, len(data)) + data
            server.sendto(packet[:2] + b"\x85\x80" + struct.pack(">HHHH", 1, 1, 0, 0) + question + answer, peer)
        else:
            server.sendto(packet[:2] + b"\x85\x83" + struct.pack(">HHHH", 1, 0, 0, 0) + question, peer)


def hosts(ledger):
    report = subprocess.run([CURFEW, "report", "--json", "-l", ledger], capture_output=True, text=True, check=True)
    return {row["address"]: row["host"] for row in json.loads(report.stdout)["tables"]["hosts"]}


def main():
    top = pathlib.Path(tempfile.mkdtemp(prefix="curfew-ptr-"))
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(server,), daemon=True).start()
    try:
        log, ledger = top / "hits.jsonl", top / "ledger.db"
        log.write_text("".join(json.dumps({
            "v": 1, "timestamp": "2026-01-01T00:00:00.000000Z", "id": f"01KAB{i:021}", "sensor": "edge",
            "source": "resolver", "event_type": "dns", "action": "block", "src_ip": f"10.0.0.{i}",
            "match": {"via": "qname", "value": "x.kaspersky.com", "rule": "kaspersky.com", "category": "updates"},
            "count": 1}) + "\n" for i in range(1, 4)))
        subprocess.run([CURFEW, "ledger", "ingest", "-q", "-l", ledger, log], check=True)
        forward = f"127.0.0.1@{server.getsockname()[1]}"
        done = subprocess.run([CURFEW, "ledger", "ptr", "-l", ledger, "--forward", forward, "--rate", "1000"],
                              capture_output=True, text=True, timeout=60)
        check(done.returncode == 0 and "3 asked, 3 answered, 2 have a name" in done.stdout, "all are asked",
              done.stdout + done.stderr)
        named = hosts(ledger)
        check(named["10.0.0.1"] == "printer.office.example", "the report shows the name", named)
        check("\x1b" not in named["10.0.0.2"] and "vil.example" in named["10.0.0.2"], "a hostile name does no harm", named)
        check(named["10.0.0.3"] == "10.0.0.3", "an address without a name stays an address", named)
        before = len(asked)
        done = subprocess.run([CURFEW, "ledger", "ptr", "-l", ledger, "--forward", forward], capture_output=True,
                              text=True, timeout=60)
        check("0 asked" in done.stdout and len(asked) == before, "nothing is asked again", done.stdout)
        (top / "ledger.db.ptr").write_bytes(b"\0\xff\nnot\ta number\tx\n1\n\t\t\n")
        check(hosts(ledger)["10.0.0.1"] == "10.0.0.1", "a damaged cache is only a cache")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()

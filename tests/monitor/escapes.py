#!/usr/bin/env python3
"""Names as an attacker on the network chooses them: no output for people has their control characters, no cell begins a formula.

usage: escapes.py CURFEW SOURCE_ROOT

Host names (DHCP) and look-ups (DNS) hold escape sequences, bells, line feeds, a change of direction and formulas. They go
through the monitor, the log, the ledger and everything that prints.
"""
import csv
import io
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
sys.path.insert(0, os.path.join(ROOT, "bench", "lib"))
sys.dont_write_bytecode = True
import packets  # noqa: E402

FORMULAS = [b"=1+1", b"@SUM(A1)", b"-2+3|cmd", b"\tt"]
EVIL = [b"\x1b[31mred", b"a\nb", b"\x9b2J", b"\xc2\x9b2J", b"\xe2\x80\xaeabc", b"\x07bell", b"x\0y", *FORMULAS]
# Of C0 (but for tab and line feed, which tables are made of), DEL, C1 as UTF-8, and what changes the direction of text.
FORBIDDEN = [chr(c) for c in range(0x20) if chr(c) not in "\t\n"] + [chr(c) for c in range(0x7f, 0xa0)] + ["\u202e"]
NAMES = b"upd.kaspersky.com"


def grant(client, name):
    """The client's request, and the server's acknowledgement, under this name."""
    option = b"\x0c" + bytes([len(name)]) + name
    answer = bytearray(packets.dhcp(client, option + b"\x33\x04\0\0\x0e\x10\xff"))
    answer[0], answer[16:20], answer[242] = 2, packets.address(client), 5
    head = struct.pack("!HHHH", 67, 68, 8 + len(answer), 0)
    return [packets.udp(client, 67, packets.dhcp(client, option + b"\xff"), 68),
            packets.ETHER + b"\x08\x00" + packets.ip4(packets.SERVER, packets.address(client), 17, head + bytes(answer))]


def capture(path):
    frames = []
    for client, name in enumerate(EVIL, 10):
        frames += grant(client, name)
        frames.append(packets.udp(client, 53, packets.question(bytes([len(name)]) + name + packets.labels(NAMES))))
        head = b"GET / HTTP/1.1\r\nHost: " + NAMES + b"\r\nUser-Agent: " + name.translate(None, b"\0\n") + b"\r\n\r\n"
        frames += packets.stream(2, 80, lambda _, head=head: head, 1400)
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n, frame in enumerate(frames):
            out.write(struct.pack("<IIII", 1764500000 + n * 5, 0, len(frame), len(frame)) + frame)


class Escapes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="curfew-escapes-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        policy = os.path.join(cls.folder, "curfew.yaml")
        with open(policy, "w", encoding="ascii") as file:
            file.write("vendor: kaspersky\npreset: us-commerce-2024\n")
        capture(os.path.join(cls.folder, "x.pcap"))
        for arguments in (["apply", "--yes", "--policy", policy, "--lists", os.path.join(ROOT, "lists"), "--image", "c.img"],
                          ["monitor", "-r", "x.pcap", "--image", "c.img", "--hits", "h.jsonl"],
                          ["ledger", "ingest", "--ledger", "l.db", "h.jsonl"]):
            done = cls.curfew(*arguments)
            assert done.returncode == 0, (arguments, done.stderr)

    @classmethod
    def curfew(cls, *arguments):
        return subprocess.run([CURFEW, *arguments], cwd=cls.folder, capture_output=True, check=False, timeout=300)

    def said(self, *arguments, code=0):
        done = self.curfew(*arguments)
        self.assertEqual(done.returncode, code, (arguments, done.stderr))
        return (done.stdout + done.stderr).decode("utf-8")  # what is no UTF-8 fails here

    def check_text(self, text, what):
        found = [hex(ord(c)) for c in FORBIDDEN if c in text]
        self.assertEqual(found, [], (what, text[:2000]))

    def test_nothing_printed_has_control_characters(self):
        ledger = ["--ledger", "l.db"]
        for command in (["monitor", "-r", "x.pcap", "--names"], ["log", "h.jsonl"], ["log", "--json", "h.jsonl"],
                        ["log", "verify", "h.jsonl"], ["log", "convert", "--to", "ecs", "h.jsonl"],
                        ["log", "convert", "--to", "ocsf", "h.jsonl"], ["report", *ledger], ["report", *ledger, "--json"],
                        ["report", *ledger, "--csv"], ["report", *ledger, "host", "10.0.0.10"], ["ledger", "dump", *ledger],
                        ["export", *ledger, "--prometheus"], ["export", *ledger, "--ecs"]):
            with self.subTest(command=command):
                text = self.said(*command)
                self.assertGreater(len(text), 100)
                self.check_text(text.replace("\r\n", "\n"), command)  # RFC 4180 ends lines so

    def test_the_page_has_none_either(self):
        self.said("report", "--ledger", "l.db", "--html", "-o", "r.html")
        with open(os.path.join(self.folder, "r.html"), encoding="utf-8") as page:
            self.check_text(page.read(), "page")

    def test_names_get_there_at_all(self):
        self.assertIn("red", self.said("report", "--ledger", "l.db"))
        self.assertIn("SUM", self.said("report", "--ledger", "l.db", "--csv"))

    def test_no_cell_begins_a_formula(self):
        text = self.said("report", "--ledger", "l.db", "--csv")
        cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
        self.assertEqual([c for c in cells if c[:1] in ("=", "@", "+", "-", "\t", "\r")], [])
        # Where a semicolon separates cells, as spreadsheets of much of Europe have it.
        for line in text.splitlines():
            self.assertEqual([c for c in line.split(";")[1:] if c.lstrip('"')[:1] in ("=", "@", "+", "-")], [], line)

    def test_names_that_are_asked_for_are_told_back_harmless(self):
        for command in (["explain", "--image", "c.img", "\x1b[31mx.example"], ["log", "-n", "\x1b[31m", "h.jsonl"]):
            with self.subTest(command=command):
                self.check_text(self.said(*command, code=2), command)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

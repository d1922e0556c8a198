"""Three network namespaces for tests of the egress filter: clients -- router -- internet.

A test is a class that inherits Lab, and ends in lab.main(). Everything is on virtual links, bounded and taken down."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

CURFEW, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
TAG = f"cfe{os.getpid()}"
INSIDE, ROUTER, OUTSIDE = f"{TAG}c", f"{TAG}r", f"{TAG}o"

POLICY = """
vendor: kaspersky
preset: us-commerce-2024
block-addresses: true
groups:
  lab: [10.20.0.0/16, "fd20::/48"]
phases:
  - {name: all, from: 2024-09-29T00:00:00-04:00, categories: [all], verdict: block, citation: test}
exceptions:
  - {clients: lab, categories: [all], verdict: pass, owner: t, reason: t, until: %s}
"""
STOPPED, LISTED_V6, CLEAN = "77.74.178.1", "2a03:2480::1", "198.51.100.7"


def sh(*args, code=0, netns=None, **more):
    command = (["ip", "netns", "exec", netns] if netns else []) + [str(arg) for arg in args]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, **more)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def namespaces():
    if os.geteuid() != 0:
        return False
    return sh("ip", "netns", "add", INSIDE, code=None).returncode == 0


class Lab(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for name in (ROUTER, OUTSIDE):
            sh("ip", "netns", "add", name)
        for inner, near, far in ((INSIDE, "in0", "in1"), (OUTSIDE, "out0", "out1")):
            sh("ip", "link", "add", far, "netns", ROUTER, "type", "veth", "peer", "name", near, "netns", inner)
            sh("ip", "link", "set", near, "up", netns=inner)
            sh("ip", "link", "set", "lo", "up", netns=inner)
            sh("ip", "link", "set", far, "up", netns=ROUTER)
        for address in ("10.20.0.2/16", "10.30.0.2/16"):
            sh("ip", "addr", "add", address, "dev", "in0", netns=INSIDE)
        for address in ("10.20.0.1/16", "10.30.0.1/16"):
            sh("ip", "addr", "add", address, "dev", "in1", netns=ROUTER)
        sh("ip", "addr", "add", "192.0.2.1/24", "dev", "out1", netns=ROUTER)
        sh("ip", "addr", "add", "192.0.2.2/24", "dev", "out0", netns=OUTSIDE)
        for address in (STOPPED, CLEAN, "9.9.9.9", "8.8.4.4"):
            sh("ip", "addr", "add", address + "/32", "dev", "lo", netns=OUTSIDE)
        sh("ip", "route", "add", "default", "via", "10.20.0.1", netns=INSIDE)
        sh("ip", "route", "add", "default", "via", "192.0.2.2", netns=ROUTER)
        sh("ip", "route", "add", "10.0.0.0/8", "via", "192.0.2.1", netns=OUTSIDE)
        for side, near in ((INSIDE, "in0"), (ROUTER, "in1")):
            sh("sysctl", "-q", "-w", f"net.ipv6.conf.{near}.accept_dad=0", netns=side)
        for far, side, net in (("in1", ROUTER, "fd20::1/64"), ("in1", ROUTER, "fd30::1/64"), ("in0", INSIDE, "fd20::2/64"),
                               ("in0", INSIDE, "fd30::2/64"), ("out1", ROUTER, "fd40::1/64"), ("out0", OUTSIDE, "fd40::2/64")):
            sh("ip", "addr", "add", net, "dev", far, "nodad", netns=side)
        sh("ip", "addr", "add", LISTED_V6 + "/128", "dev", "lo", "nodad", netns=OUTSIDE)
        sh("ip", "-6", "route", "add", "default", "via", "fd20::1", netns=INSIDE)
        sh("ip", "-6", "route", "add", "default", "via", "fd40::2", netns=ROUTER)
        sh("ip", "-6", "route", "add", "fd00::/8", "via", "fd40::1", netns=OUTSIDE)
        sh("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1", netns=ROUTER)
        # An answer to everything: what comes back says that it went through.
        cls.answer = subprocess.Popen(["ip", "netns", "exec", OUTSIDE, sys.executable, "-c", ANSWER], stdout=subprocess.PIPE)
        assert cls.answer.stdout.readline() == b"ready\n"

    @classmethod
    def tearDownClass(cls):
        cls.answer.terminate()
        cls.answer.wait()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.image = self.folder / "curfew.img"
        self.compile("2099-01-01T00:00:00Z")
        self.addCleanup(lambda: self.egress("remove", code=None))

    def compile(self, until):
        (self.folder / "curfew.yaml").write_text(POLICY % until)
        sh(CURFEW, "apply", "--policy", self.folder / "curfew.yaml", "--lists", ROOT / "lists", "-i", self.image, "-y",
           stdin=subprocess.DEVNULL)

    def egress(self, verb, *options, code=0):
        return sh(CURFEW, "egress", verb, "-i", self.image, *options, code=code, netns=ROUTER)

    def reach(self, source, target, port=7777, proto="udp"):
        """"through", "refused" or "silent", as the client sees it."""
        return sh(sys.executable, "-c", ASK, source, target, port, proto, netns=INSIDE).stdout.strip()

    def totals(self):
        return json.loads(self.egress("status", "--json").stdout)


# Answers every datagram, and greets every connection, on all addresses and the ports that are asked for.
ANSWER = r"""
import selectors, socket
ready = selectors.DefaultSelector()
for port in (53, 443, 853, 7777, 7778):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        if port == 443 and kind == socket.SOCK_STREAM:
            continue  # that of a real server
        for family in (socket.AF_INET, socket.AF_INET6):
            s = socket.socket(family, kind)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if kind == socket.SOCK_DGRAM and family == socket.AF_INET:
                s.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
            if kind == socket.SOCK_DGRAM and family == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, 49, 1)  # IPV6_RECVPKTINFO
            s.bind(("0.0.0.0" if family == socket.AF_INET else "::", port))
            if kind == socket.SOCK_STREAM:
                s.listen(64)
            ready.register(s, selectors.EVENT_READ, (kind, port))
print("ready", flush=True)
while True:
    for key, _ in ready.select():
        s = key.fileobj
        if key.data == "echo":
            try:
                said = s.recv(100)
                s.send(said)
            except OSError:
                said = b""
            if not said:
                ready.unregister(s)
                s.close()
            continue
        if key.data[0] == socket.SOCK_STREAM:
            c, _ = s.accept()
            if key.data[1] == 7778:
                ready.register(c, selectors.EVENT_READ, "echo")
            else:
                c.close()
            continue
        data, about, _, peer = s.recvmsg(9000, 256)
        back = []
        for level, kind, value in about:
            if level == socket.IPPROTO_IP and kind == 8:
                back = [(level, kind, b"\0" * 4 + value[8:12] + b"\0" * 4)]
            elif level == socket.IPPROTO_IPV6:
                back = [(level, 50, value[:16] + b"\0" * 4)]
        s.sendmsg([data], back, 0, peer)
"""
# One question: what does this client see?
ASK = r"""
import socket, sys
source, target, port, proto = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
family = socket.AF_INET6 if ":" in target else socket.AF_INET
s = socket.socket(family, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
s.settimeout(2)
try:
    s.bind((source, 0))
    s.connect((target, port))
    if proto == "udp":
        s.send(b"question")
        s.recv(100)
    print("through")
except socket.timeout:
    print("silent")
except OSError as error:
    print("refused")
"""


def main():
    """Runs the tests of the program that was started; skips by 77 without what they need."""
    if shutil.which("nft") is None or shutil.which("ip") is None or not namespaces():
        print("skipped: needs root, ip, nft and network namespaces")
        sys.exit(77)
    try:
        program = unittest.main(argv=[sys.argv[0]] + sys.argv[3:], exit=False)
    finally:
        for name in (INSIDE, ROUTER, OUTSIDE):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
    sys.exit(0 if program.result.wasSuccessful() else 1)

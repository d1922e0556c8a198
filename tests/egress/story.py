#!/usr/bin/env python3
"""What happens at an edge over time: phases and exceptions while connections are open, NAT, fragments, real programs, and
whoever kills, flushes or restarts.

usage: story.py CURFEW SOURCE_ROOT

Skips (77) without root or namespaces.
"""
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import CLEAN, CURFEW, INSIDE, OUTSIDE, ROUTER, STOPPED, sh  # noqa: E402


def text_of(instant_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant_s))


class Story(lab.Lab):
    def talk(self, *args):
        """A client that holds a connection open: it says "open", and what became of it."""
        process = subprocess.Popen(["ip", "netns", "exec", INSIDE, sys.executable, "-c", TALK, *map(str, args)],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.assertEqual(process.stdout.readline(), "open\n")
        return process

    def masquerade(self):
        nat = "table ip nat { chain p { type nat hook postrouting priority srcnat; policy accept; oifname out1 masquerade; }; }"
        sh("nft", nat.replace("; ", ";\n").replace("{ ", "{\n"), netns=ROUTER)
        self.addCleanup(lambda: sh("nft", "delete", "table", "ip", "nat", netns=ROUTER, code=None))

    def test_a_phase_that_begins_cuts_what_is_open_and_nothing_else(self):
        begins = int(time.time()) + 8
        policy = (self.folder / "curfew.yaml").read_text()
        (self.folder / "curfew.yaml").write_text(policy.replace("2024-09-29T00:00:00-04:00", text_of(begins)))
        sh(CURFEW, "apply", "--policy", self.folder / "curfew.yaml", "--lists", lab.ROOT / "lists", "-i", self.image, "-y",
           stdin=subprocess.DEVNULL)
        self.egress("apply")
        with_vendor = self.talk("10.30.0.2", STOPPED, begins + 2)
        with_others = self.talk("10.30.0.2", CLEAN, begins + 2)
        excepted = self.talk("10.20.0.2", STOPPED, begins + 2)
        self.assertLess(time.time(), begins, "the machine is too slow for this test")
        self.assertEqual(with_vendor.stdout.readline(), "cut\n")
        self.assertGreaterEqual(time.time(), begins)
        self.assertEqual(with_others.stdout.readline(), "held\n")
        self.assertEqual(excepted.stdout.readline(), "held\n")

    def test_a_question_on_its_way_round_is_cut_when_it_is_redirected(self):
        self.masquerade()  # so that the kernel follows connections, and leads none elsewhere that it knows
        held = self.talk("10.30.0.2", CLEAN, time.time() + 6, 53)
        self.egress("apply", "--dns", "redirect", "--resolver", "192.0.2.2")
        self.assertEqual(held.stdout.readline(), "cut\n")
        self.assertEqual(self.reach("10.30.0.2", "203.0.113.9", 53), "through")

    def test_fragments_have_the_fate_of_the_whole(self):
        self.assertEqual(sh(sys.executable, "-c", LARGE, "10.30.0.2", STOPPED, netns=INSIDE).stdout, "through\n")
        self.egress("apply", "--refuse", "drop")
        self.assertEqual(sh(sys.executable, "-c", LARGE, "10.30.0.2", STOPPED, netns=INSIDE).stdout, "silent\n")
        self.assertEqual(sh(sys.executable, "-c", LARGE, "10.30.0.2", CLEAN, netns=INSIDE).stdout, "through\n")
        self.assertEqual(sh(sys.executable, "-c", LARGE, "10.20.0.2", STOPPED, netns=INSIDE).stdout, "through\n")

    def test_behind_nat_clients_are_still_told_apart(self):
        self.masquerade()
        self.egress("apply")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, proto="tcp"), "through")
        self.assertEqual(self.reach("10.30.0.2", STOPPED, proto="tcp"), "refused")
        self.assertEqual(self.reach("10.20.0.2", STOPPED, proto="tcp"), "through", "the exception is of whom it was before NAT")

    @unittest.skipUnless(shutil.which("curl") and shutil.which("dig"), "no curl or dig")
    def test_curl_and_dig_see_what_they_would(self):
        own = ["--resolver", "192.0.2.2"]
        self.egress("apply", "--dns", "reject", *own)
        sh("curl", "-sS", "-m", "5", "--interface", "10.30.0.2", f"http://{STOPPED}:7777/", netns=INSIDE, code=7)
        # It gets through to something that closes at once.
        for source, target in (("10.30.0.2", CLEAN), ("10.20.0.2", STOPPED)):
            done = sh("curl", "-sS", "-m", "5", "--interface", source, f"http://{target}:7777/", netns=INSIDE, code=None)
            self.assertIn(done.returncode, (52, 56), done.stderr)
        quick = ["+time=2", "+tries=1", "-b", "10.30.0.2", "example.org"]
        self.assertIn("unreachable", sh("dig", f"@{CLEAN}", *quick, netns=INSIDE, code=9).stdout)
        answered = sh("dig", "@192.0.2.2", *quick, netns=INSIDE, code=None)  # its echo is no answer, but it came
        self.assertNotIn("unreachable", answered.stdout)

    def test_whoever_flushes_all_is_told_of_and_undone(self):
        self.egress("apply")
        sh("nft", "flush", "ruleset", netns=ROUTER)
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "through")
        self.assertIn("no table", self.egress("check", code=1).stdout)
        self.egress("apply")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")
        self.egress("check")

    def test_killed_at_any_moment_there_is_one_whole_table_or_the_former(self):
        self.egress("apply")
        allowed = {self.table()}
        self.egress("apply", "--refuse", "drop", "--dot", "reject")
        allowed.add(self.table())
        for i in range(24):
            options = ["--refuse", "drop", "--dot", "reject"] if i % 2 else []
            process = subprocess.Popen(["ip", "netns", "exec", ROUTER, CURFEW, "egress", "apply", "-i", str(self.image), *options],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.002 * i)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertIn(self.table(), allowed)
        self.egress("apply")
        self.egress("check")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")

    def test_killed_while_it_waits_for_a_word_the_former_comes_back(self):
        self.egress("apply")
        former = self.table()
        for i in range(8):
            process = subprocess.Popen(["ip", "netns", "exec", ROUTER, CURFEW, "egress", "apply", "-i", str(self.image), "--refuse",
                                        "drop", "--confirm", "1s"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.006 * i)
            process.send_signal(signal.SIGKILL)
            process.wait()
            until = time.time() + 30
            while self.table() != former or (self.folder / "egress/waiting").exists():
                self.assertLess(time.time(), until)
                time.sleep(0.2)
        self.egress("check")
        self.assertIn("already", self.egress("apply").stdout)

    def table(self):
        return "\n".join(sorted(sh("nft", "-s", "list", "table", "inet", "curfew", netns=ROUTER).stdout.splitlines()))

    def test_applied_before_any_interface_is_up_it_holds_when_one_comes(self):
        """As at a start: the unit is ordered before the network."""
        sh("ip", "link", "set", "out1", "down", netns=ROUTER)
        sh("ip", "link", "set", "in1", "down", netns=ROUTER)
        self.egress("apply")
        for link, routes in (("in1", ()), ("out1", ("default",))):
            sh("ip", "link", "set", link, "up", netns=ROUTER)
            for route in routes:
                sh("ip", "route", "replace", route, "via", "192.0.2.2", netns=ROUTER)
        self.addCleanup(self.restore_v6)
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")
        self.assertEqual(self.reach("10.30.0.2", CLEAN), "through")

    @staticmethod
    def restore_v6():
        for far, net in (("in1", "fd20::1/64"), ("in1", "fd30::1/64"), ("out1", "fd40::1/64")):
            sh("ip", "addr", "add", net, "dev", far, "nodad", netns=ROUTER, code=None)
        sh("ip", "-6", "route", "replace", "default", "via", "fd40::2", netns=ROUTER)


# Holds a connection and speaks each tenth of a second until an instant: is it held, or cut before?
TALK = r"""
import socket, sys, time
source, target, until = sys.argv[1], sys.argv[2], float(sys.argv[3])
port = int(sys.argv[4]) if len(sys.argv) > 4 else 7778
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM if port == 7778 else socket.SOCK_DGRAM)
s.settimeout(2)
s.bind((source, 0))
s.connect((target, port))
s.send(b"hello")
s.recv(100)
print("open", flush=True)
try:
    while time.time() < until:
        s.send(b"still")
        if not s.recv(100):
            raise OSError
        time.sleep(0.1)
    print("held", flush=True)
except OSError:
    print("cut", flush=True)
"""
# A datagram in three pieces, and its answer.
LARGE = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(2)
s.bind((sys.argv[1], 0))
s.connect((sys.argv[2], 7777))
s.send(b"x" * 4000)
try:
    s.recv(9000)
    print("through")
except socket.timeout:
    print("silent")
except OSError:
    print("refused")
"""

if __name__ == "__main__":
    lab.main()

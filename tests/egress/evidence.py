#!/usr/bin/env python3
"""What the edge refuses, as the monitor writes it from the kernel's log, and as the ledger tells it.

usage: evidence.py CURFEW SOURCE_ROOT

Skips (77) without root or namespaces.
"""
import datetime
import json
import os
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import CLEAN, CURFEW, INSIDE, LISTED_V6, ROUTER, STOPPED, sh  # noqa: E402

GROUP = "7"


class Monitor:
    """A monitor of the packet log in the router's namespace; as root, so that it has privileges to give up."""

    def __init__(self, test, *options):
        self.folder = test.folder / "hits"
        self.folder.mkdir(exist_ok=True)
        self.log = self.folder / "hits.jsonl"
        self.errors = open(test.folder / "stderr", "w+")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", ROUTER, CURFEW, "monitor", "-i", f"nflog:{GROUP}", "--image", str(test.image), "--hits",
             str(self.log), "--sensor", "edge", *options], stderr=self.errors, stdout=subprocess.DEVNULL)
        self.until(lambda: any(r["event_type"] == "start" for r in self.records()))

    def records(self):
        try:
            return [json.loads(line) for line in self.log.read_text().splitlines(True) if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def hits(self):
        return [r for r in self.records() if r.get("match", {}).get("via") == "egress"]

    def until(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                self.errors.seek(0)
                raise AssertionError(f"it never came: {self.errors.read()}{self.records()}")
            time.sleep(0.05)

    def status(self, key):
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(line.split(":", 1)[1].split() for line in file if line.startswith(key + ":"))

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.errors.close()
        return code


class Evidence(lab.Lab):
    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o777)  # the monitor becomes nobody, or curfew
        os.chmod(self.image, 0o644)

    def monitor(self, *options):
        monitor = Monitor(self, *options)
        self.addCleanup(monitor.stop)
        os.chmod(monitor.folder, 0o777)
        return monitor

    def test_what_is_stopped_is_a_hit_with_its_entry(self):
        self.egress("apply", "--log", GROUP, "--dns", "reject", "--resolver", "192.0.2.2", "--doh", "observe")
        monitor = self.monitor("--fold", "0")
        self.assertNotEqual(monitor.status("Uid")[0], "0", "root is given up")
        self.assertEqual(int(monitor.status("CapEff")[0], 16), 0)
        monitor.until(lambda: monitor.status("Seccomp") == ["2"])
        self.reach("10.30.0.2", STOPPED, proto="tcp")
        self.reach("fd30::2", LISTED_V6)
        self.reach("10.20.0.2", STOPPED)
        self.reach("10.30.0.2", CLEAN, 53)
        self.reach("10.30.0.2", "8.8.4.4", 443)
        self.reach("10.30.0.2", CLEAN)
        monitor.until(lambda: len({(r["dest_ip"], r["dest_port"]) for r in monitor.hits()}) >= 4 and len(monitor.hits()) >= 5)
        self.assertEqual(monitor.stop(), 0)
        told = {(r["src_ip"], r["dest_ip"], r["dest_port"]): r for r in reversed(monitor.hits())}
        stopped = told["10.30.0.2", STOPPED, 7777]
        self.assertEqual(stopped["action"], "block")
        self.assertEqual(stopped["event_type"], "flow")
        self.assertEqual(stopped["proto"], "TCP")
        self.assertEqual(stopped["in_iface"], f"nflog:{GROUP}")
        self.assertEqual(stopped["flow"]["state"], "syn")
        self.assertEqual((stopped["match"]["list"], stopped["match"]["rule_type"]), ("kaspersky", "cidr"))
        self.assertEqual(stopped["policy"]["phase"], "all")
        self.assertIn("src_port", stopped)
        self.assertEqual(told["fd30::2", LISTED_V6, 7777]["action"], "block")
        allowed = told["10.20.0.2", STOPPED, 7777]
        self.assertEqual((allowed["action"], allowed["policy"]["exception_owner"]), ("allow", "t"))
        way = told["10.30.0.2", CLEAN, 53]
        self.assertEqual((way["action"], way["match"]["rule_type"], way["match"]["rule"]), ("block", "way", "dns"))
        self.assertEqual(told["10.30.0.2", "8.8.4.4", 443]["action"], "flag")
        self.assertNotIn(("10.30.0.2", CLEAN, 7777), told)
        self.assertTrue(all(r["source"] == "monitor" for r in monitor.hits()))

    def test_repeats_of_one_connection_are_one_hit_with_its_ends(self):
        self.egress("apply", "--log", GROUP, "--refuse", "drop")
        monitor = self.monitor("--fold", "0")
        sh(sys.executable, "-c", REPEAT, "10.30.0.2", STOPPED, "6", netns=INSIDE)
        monitor.until(lambda: monitor.hits())
        self.assertEqual(monitor.stop(), 0)
        first, last = monitor.hits()
        self.assertEqual((first["count"], "pkts_out" in first["flow"]), (1, False))
        self.assertEqual((last["flow"]["pkts_out"], last["flow"]["bytes_out"]), (6, 6 * (20 + 8 + 5)))
        self.assertEqual(last["flow"]["first"], first["timestamp"])
        self.assertGreater(last["timestamp"], first["timestamp"])

    def test_counters_are_exact_whatever_the_log_leaves_out(self):
        self.egress("apply", "--log", GROUP, "--log-rate", "5")
        monitor = self.monitor()
        sh(sys.executable, "-c", FLOOD, "10.30.0.2", STOPPED, "2000", netns=INSIDE)
        time.sleep(6)  # the counters are read every five
        self.assertEqual(monitor.stop(), 0)
        end = [r for r in monitor.records() if r["event_type"] == "stop"][0]
        self.assertEqual(end["edge"]["stopped"], 2000)
        self.assertIs(end["edge"]["table"], True)
        self.assertLess(end["observe"]["edge"], 100)
        self.assertEqual(end["kernel_drops"], 0)

    def test_what_a_full_queue_lost_is_said_to_the_packet(self):
        self.egress("apply", "--log", GROUP, "--log-rate", "100000", "--refuse", "drop")
        monitor = self.monitor("--buffer", "1")
        os.kill(monitor.process.pid, signal.SIGSTOP)
        sh(sys.executable, "-c", FLOOD, "10.30.0.2", STOPPED, "20000", netns=INSIDE)
        os.kill(monitor.process.pid, signal.SIGCONT)
        time.sleep(6)
        sh(sys.executable, "-c", FLOOD, "10.30.0.2", STOPPED, "1", netns=INSIDE)  # the next number tells of those before
        time.sleep(2)
        self.assertEqual(monitor.stop(), 0)
        end = [r for r in monitor.records() if r["event_type"] == "stop"][0]
        self.assertGreater(end["kernel_drops"], 0)
        self.assertEqual(end["packets"] + end["kernel_drops"], 20001)
        self.assertEqual(self.totals()["stopped"]["packets"], 20001)

    def test_a_bypass_ends_stopped_at_the_edge(self):
        self.egress("apply", "--log", GROUP)
        monitor = self.monitor()
        self.reach("10.30.0.2", STOPPED, proto="tcp")
        monitor.until(lambda: monitor.hits())
        self.assertEqual(monitor.stop(), 0)
        stopped = monitor.hits()[0]
        # Before, a monitor inside saw it get through.
        earlier = datetime.datetime.fromisoformat(stopped["timestamp"][:19]) - datetime.timedelta(minutes=5)
        escape = dict(stopped, id="0" * 26, sensor="span", action="observe", timestamp=earlier.isoformat() + ".000000Z", flow={
            "state": "established", "pkts_out": 5, "bytes_out": 400, "pkts_in": 5, "bytes_in": 4000, "dns_seen": "hardcoded",
            "escape": True}, match=dict(stopped["match"], via="dest_ip"), src_port=4000)
        span = self.folder / "span.jsonl"
        span.write_text(json.dumps(escape, separators=(",", ":")) + "\n")
        ledger = self.folder / "ledger.db"
        sh(CURFEW, "ledger", "ingest", "--ledger", ledger, span)
        self.assertNotIn("stopped_at_edge", json.loads(self.story(ledger)))
        sh(CURFEW, "ledger", "ingest", "--ledger", ledger, monitor.log)
        story = json.loads(self.story(ledger))
        self.assertEqual((story["state"], story["escapes"]), ("bypassing", 1))
        self.assertEqual(story["stopped_at_edge"][:19], stopped["timestamp"][:19])
        self.assertIn("it got round the block, and is stopped at the edge since", " ".join(story["notes"]))
        sh(CURFEW, "export", "--prometheus", self.folder / "metrics.prom", "--ledger", ledger)
        self.assertIn("curfew_ledger_stopped_at_edge 1\n", (self.folder / "metrics.prom").read_text())

    def story(self, ledger):
        return sh(CURFEW, "report", "host", "10.30.0.2", "--ledger", ledger, "--json").stdout


# Datagrams of one connection, a tenth of a second apart.
REPEAT = r"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 5555))
for i in range(int(sys.argv[3])):
    s.sendto(b"again", (sys.argv[2], 7777))
    time.sleep(0.1)
"""
FLOOD = r"""
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 5556))
for i in range(int(sys.argv[3])):
    s.sendto(b"flood", (sys.argv[2], 7777))
"""

if __name__ == "__main__":
    lab.main()

#!/usr/bin/env python3
"""The table in a real kernel: what it does to packets, and that it can be taken back.

usage: kernel.py CURFEW SOURCE_ROOT

Skips (77) without root or namespaces.
"""
import datetime
import json
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
from lab import CLEAN, LISTED_V6, ROUTER, STOPPED, sh  # noqa: E402


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Table(lab.Lab):
    def test_listed_addresses_are_refused_and_all_else_goes_on(self):
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "through")
        self.egress("apply")
        for proto in ("udp", "tcp"):
            self.assertEqual(self.reach("10.30.0.2", STOPPED, proto=proto), "refused")
            self.assertEqual(self.reach("10.30.0.2", CLEAN, proto=proto), "through")
            self.assertEqual(self.reach("10.20.0.2", STOPPED, proto=proto), "through", "an exception")
            self.assertEqual(self.reach("fd30::2", LISTED_V6, proto=proto), "refused")
            self.assertEqual(self.reach("fd20::2", LISTED_V6, proto=proto), "through")
        told = self.totals()
        self.assertGreaterEqual(told["stopped"]["packets"], 4)
        self.assertGreaterEqual(told["allowed"]["packets"], 4)

    def test_dropping_is_silent(self):
        self.egress("apply", "--refuse", "drop")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "silent")

    def test_an_exception_ends_at_its_instant_with_nothing_running(self):
        ends = int(time.time()) + 6
        self.compile(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(ends)))
        self.egress("apply")
        if time.time() < ends - 1:
            self.assertEqual(self.reach("10.20.0.2", STOPPED), "through")
        while time.time() < ends + 0.2:
            time.sleep(0.1)
        self.assertEqual(self.reach("10.20.0.2", STOPPED), "refused")

    def test_what_must_never_be_looked_at(self):
        self.egress("apply", "--never", "10.30.0.2")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "through")

    def test_ways_round_the_resolver(self):
        own = ["--resolver", "192.0.2.2"]
        self.egress("apply", "--dns", "reject", "--dot", "reject", "--doh", "reject", *own)
        self.assertEqual(self.reach("10.30.0.2", "192.0.2.2", 53), "through")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 53), "refused")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 853, "tcp"), "refused")
        self.assertEqual(self.reach("10.30.0.2", "8.8.4.4", 443), "refused")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 443), "through")
        self.egress("apply", "--dns", "observe", *own)
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 53), "through")
        self.assertGreaterEqual(self.totals()["way_dns"]["packets"], 2)
        self.egress("apply", "--dns", "redirect", *own)
        self.assertEqual(self.reach("10.30.0.2", "203.0.113.9", 53), "through", "nobody is at that address")
        self.egress("apply", "--fallback", "reject")
        self.assertEqual(self.reach("10.30.0.2", "9.9.9.9", 53), "refused")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 53), "through")

    def test_check_tells_what_is_not_as_it_was_left(self):
        self.assertIn("no table", self.egress("check", code=1).stdout)
        self.egress("apply")
        self.egress("check")
        self.assertIn("already", self.egress("apply").stdout)
        self.assertIn("other options", self.egress("check", "--refuse", "drop", code=1).stdout)
        self.assertIn("other options", self.egress("check", "--enforce", "all", code=1).stdout)
        sh("nft", "insert", "rule", "inet", "curfew", "forward", "accept", netns=ROUTER)
        self.assertIn("somebody changed", self.egress("check", code=1).stdout)
        self.egress("apply")
        self.egress("check")
        sh("nft", "flush", "ruleset", netns=ROUTER)
        self.assertIn("no table", self.egress("check", code=1).stdout)

    def doctor(self):
        done = sh(lab.CURFEW, "doctor", "-i", self.image, "--json", netns=ROUTER, code=None)
        return json.loads(done.stdout)["edge"], done.returncode

    def test_doctor_says_whether_the_table_is_the_images_and_since_when_not(self):
        self.assertIsNone(self.doctor()[0], "nobody asked for one")
        begun = int(time.time())
        self.egress("apply")
        self.reach("10.30.0.2", STOPPED)
        edge, _ = self.doctor()
        self.assertEqual((edge["state"], edge["drift_found"]), ("good", None))
        self.assertGreater(edge["stopped"], 0)
        self.assertGreaterEqual(instant(edge["good_last"]), begun)
        sh("nft", "insert", "rule", "inet", "curfew", "forward", "accept", netns=ROUTER)
        changed, code = self.doctor()
        self.assertEqual((changed["state"], changed["good_last"], code), ("changed", edge["good_last"], 5))
        self.assertGreaterEqual(instant(changed["drift_found"]), begun)
        time.sleep(1.1)
        again, _ = self.doctor()
        self.assertEqual(again["drift_found"], changed["drift_found"], "since it was found first")
        self.assertIn(f"no more at {changed['drift_found']}", self.egress("check", code=1).stdout)
        self.egress("apply")
        self.assertEqual(self.doctor()[0]["state"], "good")
        self.compile("2098-01-01T00:00:00Z")
        self.assertEqual(self.doctor()[0]["state"], "other image")
        sh("nft", "flush", "ruleset", netns=ROUTER)
        self.assertEqual(self.doctor()[0]["state"], "gone")
        text = sh(lab.CURFEW, "doctor", "-i", self.image, netns=ROUTER, code=5).stdout
        self.assertIn("the table is gone: nothing is stopped here", text)
        self.egress("remove")
        self.assertIsNone(self.doctor()[0])

    def test_counters_go_on_through_a_new_table(self):
        self.egress("apply")
        self.reach("10.30.0.2", STOPPED)
        before = self.totals()["stopped"]["packets"]
        self.assertGreater(before, 0)
        self.egress("apply", "--refuse", "drop")
        self.assertEqual(self.totals()["stopped"]["packets"], before)

    def test_other_tables_are_left_alone(self):
        sh("nft", "add", "table", "inet", "other", netns=ROUTER)
        sh("nft", "add", "chain", "inet", "other", "c", netns=ROUTER)
        before = sh("nft", "list", "table", "inet", "other", netns=ROUTER).stdout
        self.egress("apply")
        self.egress("remove")
        self.assertEqual(sh("nft", "list", "ruleset", netns=ROUTER).stdout, before)
        sh("nft", "delete", "table", "inet", "other", netns=ROUTER)

    def test_unless_confirmed_the_former_state_comes_back(self):
        self.egress("apply", "--confirm", "2s")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")
        until = time.time() + 30
        while self.reach("10.30.0.2", STOPPED) != "through":
            self.assertLess(time.time(), until)
            time.sleep(0.2)
        self.assertIn("nothing waits", self.egress("confirm", code=1).stderr)
        self.egress("apply", "--confirm", "2s")
        self.egress("confirm")
        time.sleep(3)
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")

    def test_a_table_that_the_kernel_refuses_leaves_the_former(self):
        self.egress("apply")
        self.assertIn("does not exist", self.egress("apply", "--hook", "both", "--resolver-user", "nobody-there", code=3).stderr)
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")

    def listed(self):
        return sh("nft", "-s", "list", "table", "inet", "curfew", netns=ROUTER).stdout

    def test_nft_takes_the_text_and_lists_what_the_kernel_was_sent(self):
        for options in ((), ("--role", "both", "--refuse", "drop", "--log", "7", "--never", "10.9.0.0/16", "--never", "10.9.1.1",
                             "--never", "fd99::/16", "--resolver", "192.0.2.2", "--resolver", "fd40::2", "--resolver-user", "nobody",
                             "--dns", "redirect", "--dot", "reject", "--doh", "observe", "--fallback", "redirect")):
            self.egress("apply", *options)
            sent = self.listed()
            text = self.egress("show", *options).stdout
            self.egress("remove")
            sh("nft", "-f", "-", netns=ROUTER, input=text)
            read = self.listed()
            self.assertEqual(sorted(read.splitlines()), sorted(sent.splitlines()))
            self.assertIn("saddr @k1v4 goto", sent)

    def changed(self, *options):
        """Messages that an apply took, and that they were those for what differed."""
        told = self.egress("apply", *options).stdout
        if "already" in told:
            return 0
        self.assertIn("for what differed", told)
        return int(re.search(r"(\d+) messages", told)[1])

    def fresh(self):
        """What an apply to nothing makes of it, for comparison."""
        now = self.listed()
        sh("nft", "delete", "table", "inet", "curfew", netns=ROUTER)
        self.assertIn("for all of it", self.egress("apply").stdout)
        return sorted(now.splitlines()), sorted(self.listed().splitlines())

    def test_only_what_differs_is_sent(self):
        lists = self.folder / "lists"
        shutil.copytree(lab.ROOT / "lists", lists)
        networks = lists / "kaspersky/networks.tsv"
        row = next(line for line in networks.read_text().splitlines() if "\tdedicated\t" in line).split("\t")

        def compile_with(*more, kind="dedicated"):
            text = (lab.ROOT / "lists/kaspersky/networks.tsv").read_text()
            networks.write_text(text + "".join("\t".join([net, kind] + row[2:]) + "\n" for net in more))
            sh(lab.CURFEW, "apply", "--policy", self.folder / "curfew.yaml", "--lists", lists, "-i", self.image, "-y",
               stdin=lab.subprocess.DEVNULL)

        self.assertIn("for all of it", self.egress("apply").stdout)
        self.reach("10.30.0.2", STOPPED)
        stopped = self.totals()["stopped"]["packets"]
        self.assertGreater(stopped, 0)
        self.assertEqual(self.changed(), 0, "nothing changed, nothing is sent")
        compile_with("198.51.100.0/24")
        sent = self.changed()
        self.assertLessEqual(sent, 6, "one network: its element, its head, and whose table it is")
        self.assertEqual(self.reach("10.30.0.2", CLEAN), "refused")
        self.assertEqual(self.totals()["stopped"]["packets"] >= stopped + 1, True, "counters go on")
        compile_with("198.51.100.0/24", kind="shared")
        self.changed()
        self.assertEqual(self.reach("10.30.0.2", CLEAN), "through", "the same address leads to another kind of network")
        self.assertEqual(*self.fresh())
        compile_with()
        self.changed()
        self.assertEqual(self.reach("10.30.0.2", CLEAN), "through")
        self.compile("2098-01-01T00:00:00Z")
        self.assertLessEqual(self.changed(), 12, "an exception ends otherwise")
        self.assertGreater(self.changed("--dot", "reject", "--refuse", "drop"), 0)
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 853, "tcp"), "silent")
        self.assertGreater(self.changed(), 0)
        self.assertEqual(*self.fresh())

    def test_the_policy_says_how_the_edge_filters_and_options_override(self):
        policy = self.folder / "curfew.yaml"
        section = "egress: {role: router, refuse: drop, never: 10.30.0.9, dot: reject, log: 7}\n"
        policy.write_text(policy.read_text() + section)
        compile_it = [lab.CURFEW, "apply", "--policy", policy, "--lists", lab.ROOT / "lists", "-i", self.image, "-y"]
        sh(*compile_it, stdin=lab.subprocess.DEVNULL)
        digest = self.image.read_bytes()
        sh(*compile_it, stdin=lab.subprocess.DEVNULL)
        self.assertEqual(self.image.read_bytes(), digest, "the same policy gives the same bytes")
        self.egress("apply")
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "silent")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 853, "tcp"), "silent")
        self.assertIn("log prefix \"curfew stop network \" group 7", self.listed())
        self.egress("check")
        self.egress("apply", "--refuse", "reject", "--dot", "off", "--never", "10.30.0.2", "--log", "off")
        self.assertEqual(self.reach("10.30.0.2", CLEAN, 853, "tcp"), "through")
        self.assertNotIn("log", self.listed())
        self.assertIn("10.30.0.9", self.listed(), "those of the policy stay")
        self.egress("check", code=1)

    def test_a_table_of_somebody_else_is_left_alone(self):
        sh("nft", "add", "table", "inet", "curfew", netns=ROUTER)
        sh("nft", "add", "chain", "inet", "curfew", "theirs", netns=ROUTER)
        self.assertIn("did not make", self.egress("apply", code=3).stderr)
        self.assertIn("theirs", self.listed())
        sh("nft", "delete", "table", "inet", "curfew", netns=ROUTER)

    def test_what_cannot_be_is_said_with_what_to_do(self):
        self.assertIn("`curfew apply` makes one", sh(lab.CURFEW, "egress", "apply", "-i", self.folder / "none.img", code=3).stderr)
        drop = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
        if shutil.which("setpriv"):
            for verb in ("apply", "status", "check", "remove"):
                done = sh(*drop, lab.CURFEW, "egress", verb, "-i", self.image, code=4, netns=ROUTER)
                self.assertIn("CAP_NET_ADMIN", done.stderr, verb)
        empty = self.folder / "bin"
        empty.mkdir()
        done = sh("env", f"PATH={empty}", lab.CURFEW, "egress", "apply", "-i", self.image, netns=ROUTER)
        self.assertIn("in force", done.stdout, "nft(8) need not be installed")

    def test_two_at_once_leave_one_whole_table(self):
        for i in range(4):
            both = [lab.subprocess.Popen(["ip", "netns", "exec", ROUTER, lab.CURFEW, "egress", "apply", "-i", self.image, *options],
                                         stdout=lab.subprocess.DEVNULL) for options in ((), ("--refuse", "drop", "--dot", "reject"))]
            self.assertEqual([process.wait() for process in both], [0, 0])
            known = [self.egress("check", *options, code=None).returncode for options in ((), ("--refuse", "drop", "--dot", "reject"))]
            self.assertEqual(sorted(known), [0, 1], "it is that of one of them, as it was left")

    def test_options_that_contradict_themselves(self):
        self.assertIn("certificate", self.egress("apply", "--dot", "redirect", code=2).stderr)
        self.assertIn("resolver", self.egress("apply", "--dns", "redirect", code=3).stderr)
        self.egress("apply", "--hook", "sideways", code=2)
        self.egress("apply", "--never", "10.0.0.1/8", code=2)


if __name__ == "__main__":
    lab.main()

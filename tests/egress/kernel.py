#!/usr/bin/env python3
"""The table in a real kernel: what it does to packets, and that it can be taken back.

usage: kernel.py CURFEW SOURCE_ROOT

Skips (77) without root or namespaces.
"""
import datetime
import json
import os
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
        self.assertIn("does not exist", self.egress("apply", "--hook", "both", "--resolver-user", "nobody-there", code=4).stderr)
        self.assertEqual(self.reach("10.30.0.2", STOPPED), "refused")

    def test_options_that_contradict_themselves(self):
        self.assertIn("certificate", self.egress("apply", "--dot", "redirect", code=3).stderr)
        self.assertIn("resolver", self.egress("apply", "--dns", "redirect", code=3).stderr)
        self.egress("apply", "--hook", "sideways", code=2)
        self.egress("apply", "--never", "10.0.0.1/8", code=2)


if __name__ == "__main__":
    lab.main()

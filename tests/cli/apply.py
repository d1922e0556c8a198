#!/usr/bin/env python3
"""apply and check: what they show, refuse, write and leave alone.

usage: apply.py CURFEW SOURCE_ROOT
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], sys.argv[2]
PACKS = os.path.join(ROOT, "tests/compile/packs")

POLICY = "vendor: tiny\npreset: sunset\n"
WAVE = POLICY + """groups: {lab: 10.20.0.0/16}
exceptions:
  - {clients: lab, categories: [updates], verdict: flag, owner: jdoe, reason: wave 3,
     until: "2026-07-01T00:00:00Z"}
"""


class Apply(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.image = os.path.join(self.scratch.name, "curfew.img")
        self.policy = os.path.join(self.scratch.name, "curfew.yaml")

    def run_verb(self, verb, policy, *more, lists=PACKS):
        with open(self.policy, "w", encoding="utf-8") as to:
            to.write(policy)
        image = ["--image", self.image] if verb == "apply" else []
        return subprocess.run([CURFEW, verb, "--policy", self.policy, "--lists", lists, *image, *more],
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def bytes_in_force(self):
        with open(self.image, "rb") as image:
            return image.read()

    def test_the_first_apply_writes_an_image_that_explains(self):
        result = self.run_verb("apply", POLICY)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("phase + sunset: from 2026-05-31T22:00:00Z block updates", result.stdout)
        explained = subprocess.run([CURFEW, "explain", "update1.tiny.example", "--image", self.image,
                                    "--at", "2026-06-01T00:00:00+02:00"])
        self.assertEqual(explained.returncode, 1)

    def test_applying_the_same_again_changes_nothing(self):
        self.run_verb("apply", POLICY)
        before = os.stat(self.image)
        result = self.run_verb("apply", POLICY)
        self.assertEqual(result.returncode, 0)
        self.assertIn("nothing changes", result.stdout)
        self.assertEqual(os.stat(self.image).st_mtime_ns, before.st_mtime_ns)

    def test_what_changes_is_shown(self):
        self.run_verb("apply", POLICY)
        result = self.run_verb("apply", WAVE + "answer: {kind: refused}\n", "--at", "2026-01-01T00:00:00Z")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("answer: nxdomain, then refused", result.stdout)
        self.assertIn("exception + lab: flag updates until 2026-07-01T00:00:00Z (wave 3; jdoe)",
                      result.stdout)
        result = self.run_verb("apply", POLICY + "names: [{name: m.example.net, category: updates}]\n", "-v")
        self.assertIn("exception - lab", result.stdout)
        self.assertIn("+ m.example.net (subtree, updates)", result.stdout)

    def test_without_a_terminal_much_is_not_taken_away_silently(self):
        names = "names:\n" + "".join(f"  - {{name: m{i}.example.net, category: updates}}\n" for i in range(50))
        self.assertEqual(self.run_verb("apply", POLICY + names).returncode, 0)
        before = self.bytes_in_force()
        result = self.run_verb("apply", POLICY)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("nobody can be asked", result.stderr)
        self.assertEqual(self.bytes_in_force(), before)
        # As many others in their place are a loss all the same.
        other = names.replace(".example.net", ".example.org")
        self.assertEqual(self.run_verb("apply", POLICY + other).returncode, 1)
        self.assertEqual(self.run_verb("apply", POLICY, "--max-shrink", "20").returncode, 1)
        self.assertEqual(self.bytes_in_force(), before)
        self.assertEqual(self.run_verb("apply", POLICY, "--max-shrink", "99").returncode, 0)
        self.assertEqual(self.run_verb("apply", POLICY + names).returncode, 0)
        self.assertEqual(self.run_verb("apply", POLICY, "--yes").returncode, 0)

    def test_lapsed_and_lapsing_waves_are_reported(self):
        for verb in ("apply", "check"):
            with self.subTest(verb=verb):
                late = self.run_verb(verb, WAVE, "--at", "2026-07-02T00:00:00Z")
                self.assertEqual(late.returncode, 0, late.stderr)
                self.assertIn("warning: ", late.stderr)
                self.assertIn("lapsed at 2026-07-01T00:00:00Z, 24 hours ago", late.stderr)
                soon = self.run_verb(verb, WAVE, "--at", "2026-06-25T00:00:00Z")
                self.assertIn("note: ", soon.stderr)
                self.assertIn("lapses at 2026-07-01T00:00:00Z, in 6 days", soon.stderr)
        strict = self.run_verb("check", WAVE, "--at", "2026-07-02T00:00:00Z", "--strict")
        self.assertEqual(strict.returncode, 1)

    def test_a_bad_policy_leaves_what_was_in_force(self):
        self.run_verb("apply", POLICY)
        before = self.bytes_in_force()
        result = self.run_verb("apply", "vendor: tiny\npreset: sunset\nanswr: {kind: no}\nlog: {fold: x}\n")
        self.assertEqual(result.returncode, 3)
        self.assertIn("curfew.yaml:3: answr: unknown key; did you mean 'answer'", result.stderr)
        self.assertIn("what was in force stays", result.stderr)
        self.assertEqual(self.bytes_in_force(), before)

    def test_a_dry_run_writes_nothing(self):
        self.assertEqual(self.run_verb("apply", POLICY, "--dry-run").returncode, 0)
        self.assertFalse(os.path.exists(self.image))

    def test_a_broken_image_in_force_is_replaced(self):
        with open(self.image, "wb") as image:
            image.write(b"broken" * 1000)
        result = self.run_verb("apply", POLICY)
        self.assertEqual(result.returncode, 0)
        self.assertIn("it is replaced", result.stderr)

    def test_what_cannot_be_read_or_written_is_told(self):
        self.assertEqual(self.run_verb("apply", POLICY, "--image", "/proc/nowhere/x.img").returncode, 4)
        missing = subprocess.run([CURFEW, "check", "--policy", "/nonexistent.yaml"], capture_output=True)
        self.assertEqual(missing.returncode, 4)
        self.assertEqual(self.run_verb("check", POLICY, lists="/nonexistent").returncode, 3)

    def test_results_come_as_json_too(self):
        result = self.run_verb("apply", POLICY, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        value = json.loads(result.stdout)
        self.assertEqual((value["vendor"], value["names"], value["names_before"]), ("tiny", 5, 0))
        self.assertTrue(json.loads(self.run_verb("check", POLICY, "--json").stdout)["valid"])
        self.assertFalse(json.loads(self.run_verb("check", "vendor: x\n", "--json").stdout)["valid"])

    def test_usage_errors_exit_2(self):
        for arguments in (["apply", "--bogus"], ["apply", "extra"], ["check", "--dry-run"],
                          ["check", "--at", "tomorrow"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(subprocess.run([CURFEW, *arguments], capture_output=True).returncode, 2)
        for verb in ("apply", "check", "explain"):
            result = subprocess.run([CURFEW, verb, "--help"], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn(f"usage: curfew {verb}", result.stdout)


unittest.main(argv=sys.argv[:1], verbosity=2)

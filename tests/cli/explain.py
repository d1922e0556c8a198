#!/usr/bin/env python3
"""The shipped pack and the shipped policy decide these names as the legal text says, to the second.

usage: explain.py CURFEW SOURCE_ROOT
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], sys.argv[2]
BEFORE, AT = "2024-09-29T03:59:59Z", "2024-09-29T00:00:00-04:00"

# name, verdict one second before the cut-off, at it, category, deciding entry
NAMES = [
    ("s00.upd.kaspersky.com", "flag", "block", "updates", "s00.upd.kaspersky.com"),
    ("S19.UPD.Kaspersky.com.", "flag", "block", "updates", "s19.upd.kaspersky.com"),
    ("s77.upd.kaspersky.com", "flag", "block", "updates", "upd.kaspersky.com"),
    ("dnl-07.geo.kaspersky.com", "flag", "block", "updates", "dnl-07.geo.kaspersky.com"),
    ("dc1-st.ksn.kaspersky-labs.com", "flag", "block", "telemetry", None),
    ("ksn-file-geo.kaspersky-labs.com", "flag", "block", "telemetry", None),
    ("activation-v2.kaspersky.com", "flag", "block", "activation", None),
    ("opentip.kaspersky.com", "pass", "pass", "informational", None),
    ("securelist.com", "pass", "pass", "informational", None),
    ("support.kaspersky.com", "pass", "pass", "informational", None),
    ("gc.kis.v2.scr.kaspersky-labs.com", "pass", "pass", "local-injection", None),
    ("kasperskyupdate.com", "flag", "flag", "lookalike", None),
    ("www.kaspersky.com", "flag", "flag", "corporate", None),
    ("notkaspersky.com", "pass", "pass", None, None),
    ("kaspersky.com.example.org", "pass", "pass", None, None),
    ("ultraav.com", "pass", "pass", None, None),
]
KEYS = {"verdict", "answer", "category", "entry", "entry_source", "phase", "exception", "image"}


def explain(*arguments):
    result = subprocess.run([CURFEW, "explain", "--image", IMAGE, *arguments],
                            capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


class Explain(unittest.TestCase):
    def explained(self, name, at, *more):
        code, out, err = explain(name, "--at", at, "--json", *more)
        self.assertIn(code, (0, 1), err)
        answer = json.loads(out)
        self.assertLessEqual(KEYS, set(answer))
        self.assertEqual(code, 1 if answer["verdict"] == "block" else 0)
        return answer

    def test_every_name_is_decided_as_the_text_says(self):
        for name, before, at, category, entry in NAMES:
            with self.subTest(name=name):
                first, then = self.explained(name, BEFORE), self.explained(name, AT)
                self.assertEqual((first["verdict"], then["verdict"]), (before, at))
                self.assertEqual(then["category"], category)
                if entry is not None:
                    self.assertEqual(then["entry"], entry)

    def test_a_block_names_phase_answer_and_lines(self):
        answer = self.explained("s00.upd.kaspersky.com", AT)
        self.assertEqual(answer["answer"], "nxdomain")
        self.assertIn("89 FR 52434", answer["citation"])
        self.assertIsNone(answer["exception"])
        for key in ("entry_source", "phase_source"):
            path, line = re.fullmatch(r"(.+):(\d+)", answer[key]).groups()
            with open(os.path.join(ROOT, "lists", path), encoding="utf-8") as source:
                text = source.read().splitlines()[int(line) - 1]
            self.assertIn("upd.kaspersky.com" if key == "entry_source" else answer["phase"], text)

    def test_before_the_cut_off_the_next_change_is_it(self):
        answer = self.explained("s00.upd.kaspersky.com", BEFORE)
        self.assertEqual(answer["next_change"], "2024-09-29T04:00:00Z")
        self.assertIsNone(answer["phase"])
        self.assertIsNone(answer["answer"])
        self.assertEqual([span["verdict"] for span in answer["in_time"]], ["flag", "block"])

    def test_less_specific_entries_are_shown_as_losers(self):
        answer = self.explained("opentip.kaspersky.com", AT)
        self.assertIn(("kaspersky.com", "less specific"),
                      [(other["entry"], other["why_not"]) for other in answer["also"]])

    def test_addresses_are_explained_too(self):
        answer = self.explained("91.103.66.155", AT)
        self.assertEqual(answer["entry"], "91.103.66.155/32")
        self.assertEqual(answer["entry_scope"], "mail-relay")
        self.assertEqual(self.explained("192.0.2.1", AT)["verdict"], "pass")

    def test_an_address_that_nobody_blocks_is_not_said_to_be_answered(self):
        answer = self.explained("94.75.236.123", AT)
        self.assertEqual((answer["verdict"], answer["enforced_by"], answer["answer"]), ("block", None, None))
        _, out, _ = explain("94.75.236.123", "--at", AT)
        self.assertIn("enforced by nobody in the resolver", out)
        self.assertIn("block-addresses is off", out)
        self.assertNotIn("answered nxdomain", out)
        self.assertEqual(self.explained("s00.upd.kaspersky.com", AT)["enforced_by"], "resolver")

    def test_what_people_paste_is_understood(self):
        self.assertEqual(self.explained("https://s00.upd.kaspersky.com:443/x?y", AT)["verdict"], "block")
        self.assertEqual(self.explained("b\u00fccher.kaspersky.com", AT)["subject"],
                         "xn--bcher-kva.kaspersky.com")

    def test_what_is_pasted_is_understood_with_a_word_or_refused(self):
        for text in ("https://me:pw@s00.upd.kaspersky.com/", "hxxps[:]//s00[.]upd[.]kaspersky[.]com/x",
                     "||s00.upd.kaspersky.com^", "s00.upd.kaspersky.com:443", "me@s00.upd.kaspersky.com",
                     "https://www.example.org@s00.upd.kaspersky.com/"):
            code, _, err = explain(text, "--at", AT)
            self.assertEqual(code, 1, text)
            self.assertIn("this is about s00.upd.kaspersky.com", err, text)
        for text in ("*.upd.kaspersky.com", "10.0.0.256", "77.74.176.0/21", "s00.upd.kaspersky.com x", "a;b.example",
                     "http:s00.upd.kaspersky.com", "."):
            code, out, _ = explain(text, "--at", AT)
            self.assertEqual(code, 2, text)
            self.assertEqual(out, "", text)

    def test_text_for_people_says_the_same(self):
        code, out, _ = explain("s00.upd.kaspersky.com", "--at", AT)
        self.assertEqual(code, 1)
        self.assertIn("block, answered nxdomain", out)
        self.assertIn("updates-and-ksn: block from 2024-09-29T04:00:00Z", out)
        self.assertNotIn("\033", out)

    def test_exceptions_show_whom_they_are_for_and_when_they_end(self):
        with tempfile.TemporaryDirectory() as scratch:
            policy, image = os.path.join(scratch, "curfew.yaml"), os.path.join(scratch, "curfew.img")
            with open(policy, "w", encoding="utf-8") as to:
                to.write("""vendor: kaspersky
preset: us-commerce-2024
groups: {lab: 10.20.0.0/16}
exceptions:
  - {clients: lab, categories: [updates], verdict: flag, owner: jdoe, reason: wave 3,
     until: "2024-12-31T00:00:00Z"}
  - {clients: everybody, names: [opentip.kaspersky.com], verdict: block, owner: ciso, reason: uploads}
""")
            subprocess.run([CURFEW, "apply", "--policy", policy, "--lists", os.path.join(ROOT, "lists"),
                            "--image", image], check=True, capture_output=True)
            ask = ("--image", image)
            lab = self.explained("s00.upd.kaspersky.com", AT, *ask, "--client", "10.20.3.4")
            self.assertEqual((lab["verdict"], lab["exception"]), ("flag", "wave 3"))
            self.assertEqual(lab["exception_source"], "curfew.yaml:5")
            self.assertEqual(lab["next_change"], "2024-12-31T00:00:00Z")
            self.assertEqual([span["verdict"] for span in lab["in_time"]], ["flag", "block"])
            self.assertEqual(self.explained("s00.upd.kaspersky.com", AT, *ask, "--client",
                                            "10.21.3.4")["verdict"], "block")
            named = self.explained("opentip.kaspersky.com", AT, *ask)
            self.assertEqual((named["verdict"], named["category"], named["list"]),
                             ("block", "informational", "policy"))
            text = explain("s00.upd.kaspersky.com", "--at", AT, *ask)[1]
            self.assertIn("only for its clients; ask again with --client", text)

    def test_a_canary_says_what_it_is_and_how_it_is_answered(self):
        with tempfile.TemporaryDirectory() as scratch:
            policy, image = os.path.join(scratch, "curfew.yaml"), os.path.join(scratch, "curfew.img")
            with open(policy, "w", encoding="utf-8") as to:
                to.write("vendor: kaspersky\npreset: us-commerce-2024\nanswer: {kind: refused}\n"
                         "canaries: [private-relay]\n")
            subprocess.run([CURFEW, "apply", "--policy", policy, "--lists", os.path.join(ROOT, "lists"),
                            "--image", image], check=True, capture_output=True)
            canary = self.explained("mask.icloud.com", BEFORE, "--image", image)
            self.assertEqual((canary["verdict"], canary["answer"], canary["category"], canary["entry_source"]),
                             ("block", "nodata", "local-injection", "curfew.yaml:4"))
            vendors = self.explained("s00.upd.kaspersky.com", AT, "--image", image)
            self.assertEqual(vendors["answer"], "refused")
            other = self.explained("use-application-dns.net", AT, "--image", image)
            self.assertEqual((other["verdict"], other["category"]), ("pass", None))
            for form, written in (("rpz", True), ("unbound", True), ("hosts", False), ("plain", False),
                                  ("suricata", False), ("zeek", False)):
                out = subprocess.run([CURFEW, "list", "export", "--image", image, "--format", form],
                                     check=True, capture_output=True, text=True).stdout
                self.assertEqual("mask.icloud.com" in out, written, form)

    def test_bad_questions_are_usage_errors(self):
        for arguments in ((), ("a..b",), ("a.example", "b.example"), ("a.example", "--client", "x"),
                          ("a.example", "--type", "NOPE"), ("a.example", "--at", "2024-09-29T04:00:00"),
                          ("a.example", "--bogus")):
            with self.subTest(arguments=arguments):
                code, out, err = explain(*arguments)
                self.assertEqual((code, out), (2, ""))
                self.assertTrue(err)

    def test_a_time_without_offset_is_refused_saying_so(self):
        self.assertIn("has no offset", explain("a.example", "--at", "2024-09-29T04:00:00")[2])

    def test_a_missing_or_broken_image_is_told_apart(self):
        with tempfile.NamedTemporaryFile() as broken:
            broken.write(b"no image" * 100)
            broken.flush()
            result = subprocess.run([CURFEW, "explain", "a.example", "--image", broken.name],
                                    capture_output=True, text=True)
            self.assertEqual(result.returncode, 3, result.stderr)
        result = subprocess.run([CURFEW, "explain", "a.example", "--image", broken.name],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 4, result.stderr)


with tempfile.TemporaryDirectory() as scratch:
    IMAGE = os.path.join(scratch, "curfew.img")
    subprocess.run([CURFEW, "apply", "--image", IMAGE, "--lists", os.path.join(ROOT, "lists"), "--policy",
                    os.path.join(ROOT, "plugin/cli/curfew.yaml")], check=True, stdout=subprocess.DEVNULL)
    unittest.main(argv=sys.argv[:1], verbosity=2)

#!/usr/bin/env python3
"""What curfew 0.1.0 left on a disk: the log is read, the ledger is read and brought up, the image is refused with advice.

usage: upgrade.py CURFEW SOURCE_ROOT

data-0.1.0/ was made by that version out of the pack tests/compile/packs/tiny: the image, the log of a monitor over a
capture of four hosts, and the ledger of that log.
"""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
DATA = ROOT / "tests/cli/data-0.1.0"
POLICY = "vendor: tiny\npreset: sunset\n"


def curfew(*args, **options):
    return subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)


class Upgrade(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.log, self.image = self.folder / "hits.jsonl", self.folder / "curfew.img"
        shutil.copy(DATA / "hits.jsonl", self.log)
        shutil.copy(DATA / "curfew.img", self.image)
        self.ledger = self.folder / "ledger.db"
        with sqlite3.connect(self.ledger) as db:
            db.executescript((DATA / "ledger.sql").read_text())
        db.close()

    def good(self, *args):
        done = curfew(*args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def hosts(self, ledger):
        return json.loads(self.good("report", "hosts", "--ledger", ledger, "--at", "2026-07-02T00:00:00Z", "--json"))["tables"]["hosts"]

    def version(self):
        with sqlite3.connect(self.ledger) as db:
            (number,) = db.execute("PRAGMA user_version").fetchone()
        db.close()
        return number

    def test_the_log_is_shown_and_its_chain_followed(self):
        shown = self.good("log", self.log)
        for qname in ("update1.tiny.example", "update2.tiny.example", "update3.tiny.example"):
            self.assertIn(qname, shown)
        self.assertIn("unaltered: 17 lines", self.good("log", "verify", self.log))
        for form in ("ecs", "ocsf"):
            self.assertIn("update1.tiny.example", self.good("log", "convert", "--to", form, self.log))

    def test_a_changed_line_of_the_log_is_still_noticed(self):
        self.log.write_text(self.log.read_text().replace("update2.tiny", "update7.tiny"))
        self.assertEqual(curfew("log", "verify", self.log).returncode, 1)

    def test_the_ledger_is_read_as_it_is_brought_up_and_made_whole_from_the_log(self):
        fresh = self.folder / "fresh.db"
        self.assertIn("17 records taken, 0 lines skipped", self.good("ledger", "ingest", "--ledger", fresh, self.log))
        truth = self.hosts(fresh)
        self.assertEqual({(row["address"], row["state"], row["hits"]) for row in truth},
                         {("10.0.0.%d" % i, "dependent", 1) for i in (1, 2, 3, 4)})
        self.assertEqual(self.version(), 1)
        before = self.hosts(self.ledger)
        self.assertEqual(self.version(), 1, "a report changes no ledger")
        # 0.1.0 counted the first and the last record of a connection, and kept no more than that sum.
        self.assertEqual({(row["address"], row["state"], row["hits"]) for row in before},
                         {("10.0.0.%d" % i, "dependent", 2 if i == 4 else 1) for i in (1, 2, 3, 4)})
        # What 0.1.0 took is known again, and nothing counts twice.
        self.assertIn("0 records taken", self.good("ledger", "ingest", "--ledger", self.ledger, self.log))
        self.assertGreater(self.version(), 1)
        self.assertEqual(self.hosts(self.ledger), before)
        self.good("ledger", "rebuild", "--ledger", self.ledger, self.log)
        self.assertEqual(self.hosts(self.ledger), truth)

    def test_the_image_is_refused_with_what_to_do_and_apply_does_it(self):
        for verb in (("explain", "--image", self.image, "update1.tiny.example"),
                     ("monitor", "-r", "-", "--image", self.image, "--hits", self.folder / "out.jsonl")):
            done = curfew(*verb)
            self.assertNotIn(done.returncode, (0, 1), done.stdout)
            self.assertIn("image format 3, but this program reads", done.stderr)
            self.assertIn("curfew apply", done.stderr)
        policy = self.folder / "curfew.yaml"
        policy.write_text(POLICY)
        before = self.image.read_bytes()
        self.assertEqual(curfew("check", "--policy", policy, "--lists", ROOT / "tests/compile/packs").returncode, 0)
        self.assertEqual(self.image.read_bytes(), before)
        self.good("apply", "--policy", policy, "--lists", ROOT / "tests/compile/packs", "--image", self.image)
        explained = curfew("explain", "--image", self.image, "--at", "2026-07-01T00:00:00Z", "update1.tiny.example")
        self.assertEqual(explained.returncode, 1, explained.stderr) # 1: blocked
        self.assertIn("update1.tiny.example", explained.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)

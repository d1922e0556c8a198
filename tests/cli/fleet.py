#!/usr/bin/env python3
"""A line a sensor: heard of or silent, planned or not, its image beside the others', what it lost and shipped.

usage: fleet.py CURFEW MINUTELOG
"""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

CURFEW, MINUTELOG = map(os.path.abspath, sys.argv[1:3])
START, MINUTES = 1795000000, 30  # 2026-11-18T11:06:40Z
END = "2026-11-18T11:36:40Z"


class Fleet(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.ledger = self.folder / "ledger.db"
        for name in ("edge-a", "edge-b", "edge-c", "edge-d"):
            self.write(name, MINUTES - (20 if name == "edge-b" else 0))
        self.curfew("ledger", "ingest", "-q", "-l", self.ledger, self.folder)

    def write(self, name, minutes):
        subprocess.run([MINUTELOG, self.folder / f"{name}.jsonl", name, "resolver", str(START), str(minutes)],
                       check=True, stdout=subprocess.DEVNULL)

    def curfew(self, *args, code=0):
        done = subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, *statements):
        with sqlite3.connect(self.ledger) as ledger:
            for statement in statements:
                ledger.execute(statement)
        ledger.close()

    def sensors(self, *more, code=1, at=END):
        found = json.loads(self.curfew("fleet", "-l", self.ledger, "--json", "--at", at, *more, code=code))
        return {row["sensor"]: row for row in found["tables"]["sensors"]}

    def test_who_is_silent_and_for_how_long(self):
        found = self.sensors()
        self.assertEqual([found[name]["trouble"] for name in sorted(found)], ["", "silent", "", ""])
        self.assertEqual(found["edge-b"]["behind_minutes"], 20)
        self.assertEqual(found["edge-a"]["last"], END)
        self.assertEqual(found["edge-a"]["behind_minutes"], 0)
        self.assertEqual(self.sensors("--silent", "30m", code=0)["edge-b"]["trouble"], "")
        later = self.sensors(at="2026-11-18T11:52:00Z")
        self.assertEqual({row["trouble"] for row in later.values()}, {"silent"})

    def test_a_plan_names_a_silence_and_ends(self):
        self.curfew("ledger", "plan", "-l", self.ledger, "edge-b", "2026-11-18T11:15:00Z", "2026-11-18T12:00:00Z", "new switch")
        self.assertEqual(self.sensors(code=0)["edge-b"]["trouble"], "planned: new switch")
        self.assertEqual(self.sensors(at="2026-11-18T12:14:00Z")["edge-b"]["trouble"], "planned: new switch")
        self.assertEqual(self.sensors(at="2026-11-18T12:16:00Z")["edge-b"]["trouble"], "silent")
        self.curfew("ledger", "undo", "-l", self.ledger, "1")
        self.assertEqual(self.sensors()["edge-b"]["trouble"], "silent")

    def test_a_planned_gap_is_named_in_coverage_and_stays_a_gap(self):
        subprocess.run([MINUTELOG, self.folder / "edge-b.jsonl", "edge-b", "resolver", str(START + 1200), "10"],
                       check=True, stdout=subprocess.DEVNULL)
        self.curfew("ledger", "ingest", "-q", "-l", self.ledger, self.folder)

        def gaps():
            report = json.loads(self.curfew("report", "coverage", "-l", self.ledger, "--json"))
            return [(row["minutes"], row["reason"]) for row in report["tables"]["gaps"] if row["sensor"] == "edge-b"]

        (before,) = gaps()
        self.curfew("ledger", "plan", "-l", self.ledger, "edge-b", "2026-11-18T11:17:00Z", "2026-11-18T11:27:00Z", "new switch")
        (after,) = gaps()
        self.assertEqual(after, (before[0], f"planned: new switch ({before[1]})"))

    def test_what_is_said_of_plans_is_checked(self):
        say = ["ledger", "plan", "-l", self.ledger]
        self.curfew(*say, "edge-x", "2026-11-18T11:15:00Z", "2026-11-18T12:00:00Z", "why", code=1)
        self.curfew(*say, "edge-b", "2026-11-18T12:00:00Z", "2026-11-18T12:00:00Z", "why", code=2)
        self.curfew(*say, "edge-b", "yesterday", "2026-11-18T12:00:00Z", "why", code=2)
        self.curfew(*say, "edge-b", "2026-11-18T12:00:00Z", code=2)

    def test_another_image_than_most_of_its_kind(self):
        images = {"edge-a": "a" * 64, "edge-b": "a" * 64, "edge-c": "b" * 64, "edge-d": "a" * 64}
        self.sql(*(f"INSERT INTO used SELECT sensor_id, 'image', '{image}', {START}000000, {START + 60}000000 FROM sensor"
                   f" WHERE name='{name}'" for name, image in images.items()),
                 # what it had before counts no more
                 f"INSERT INTO used SELECT sensor_id, 'image', '{'c' * 64}', 1, 2 FROM sensor WHERE name='edge-a'")
        found = self.sensors("--silent", "30m")
        self.assertEqual({name: row["trouble"] for name, row in found.items()},
                         {"edge-a": "", "edge-b": "", "edge-c": "another image than most", "edge-d": ""})
        self.assertEqual((found["edge-c"]["image"], found["edge-c"]["image_since"]), ("b" * 12, "2026-11-18T11:06:40Z"))

    def test_what_is_known_of_shipping(self):
        end = START + MINUTES * 60
        self.sql(f"INSERT INTO receipt SELECT sensor_id, 1, 30, x'00', x'00', {end}000000, {end - 300}, 2, 3, {end}"
                 " FROM sensor WHERE name='edge-c'")
        found = self.sensors("--silent", "30m")
        self.assertEqual(found["edge-c"]["trouble"],
                         "a fork was refused; lines gone before they were shipped; its clock is ahead")
        self.assertEqual((found["edge-c"]["shipped_seq"], found["edge-c"]["forks"], found["edge-c"]["unshipped"],
                          found["edge-c"]["clock_ahead_seconds"]), (30, 3, 2, 300))

    def test_what_was_shipped_is_not_lost_by_a_rebuild(self):
        self.sql(f"INSERT INTO receipt SELECT sensor_id, 1, 30, x'00', x'00', {START}000000, {START}, 0, 0, 0"
                 " FROM sensor WHERE name='edge-c'")
        before = self.curfew("ledger", "digest", "-l", self.ledger)
        self.curfew("ledger", "rebuild", "-q", "-l", self.ledger, code=3)
        self.assertEqual(self.curfew("ledger", "digest", "-l", self.ledger), before)
        self.curfew("ledger", "rebuild", "-q", "-l", self.ledger, "--force")

    def test_series_for_prometheus(self):
        text = self.curfew("fleet", "-l", self.ledger, "--prometheus", "--at", END, code=1)
        self.assertIn('curfew_fleet_behind_seconds{sensor="edge-b",source="resolver",site=""} 1200\n', text)
        self.assertIn('curfew_fleet_troubled{sensor="edge-a",source="resolver",site=""} 0\n', text)
        self.assertEqual(len(re.findall(r"^curfew_fleet_", text, re.M)), 4 * 7)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
            self.assertEqual(done.stdout + done.stderr, "")

    def test_no_ledger(self):
        self.curfew("fleet", "-l", self.folder / "none.db", code=4)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])

#!/usr/bin/env python3
"""Where a report comes from: its footer says so in each form, and says what is not known.

usage: provenance.py CURFEW SOURCE_ROOT
"""
import csv
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
sys.path.insert(0, str(ROOT / "tests/monitor"))
import packets  # noqa: E402

START = 1727770443  # 2024-10-01T08:14:03Z


def capture(count):
    """Look-ups of a listed name, a second apart."""
    frames = []
    for i in range(count):
        frames.append((START + i, packets.ether(packets.mac(7), packets.mac(1), packets.ip(
            "10.77.0.7", "10.77.0.53", 17, packets.udp(4000 + i, 53, packets.dns(i, "downloads.upd.kaspersky.com"))))))
    return packets.pcap(frames)


class Provenance(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.folder.name)
        cls.policy, cls.image, cls.log = cls.top / "curfew.yaml", cls.top / "curfew.img", cls.top / "hits.jsonl"
        cls.ledger = cls.top / "ledger.db"
        cls.policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\n")
        (cls.top / "a.pcap").write_bytes(capture(30))
        for command in (["apply", "--yes", "--policy", cls.policy, "--lists", ROOT / "lists", "--image", cls.image],
                        ["monitor", "-r", cls.top / "a.pcap", "--image", cls.image, "--hits", cls.log],
                        ["ledger", "ingest", "-q", "-l", cls.ledger, cls.log]):
            subprocess.run([CURFEW, *map(str, command)], check=True, capture_output=True)
        cls.digest = next(path.stem for path in (cls.top / "images").glob("*.img"))
        cls.version = re.search(r'^version: "?(\d+)', (ROOT / "lists/kaspersky/pack.yaml").read_text(), re.M).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def curfew(self, *arguments, code=0):
        done = subprocess.run([CURFEW, *map(str, arguments)], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def report(self, *arguments, ledger=None):
        return self.curfew("report", *arguments, "-l", ledger or self.ledger, "-i", self.image)

    def footer(self, *arguments, **more):
        return json.loads(self.report(*arguments, "--json", **more))["provenance"]

    def seal(self):
        """The newest seal of the log, as the log itself has it."""
        return json.loads(self.log.read_text().splitlines()[-1])["chain"]["sha256"]

    def test_json_has_all_of_it(self):
        footer = self.footer("hosts")
        image = footer["tables"]["images"][0]
        self.assertEqual((image["image"], image["file"]), (self.digest, "here"))
        self.assertRegex(image["sources"], r"^[0-9a-f]{64}$")
        pack = [row for row in footer["tables"]["packs"] if row["pack"] == "kaspersky"][0]
        self.assertEqual((pack["version"], pack["image"]), (self.version, self.digest))
        self.assertRegex(pack["age"], r"^\d+ days old$")
        self.assertEqual(pack["as_of"][:10].replace("-", ""), self.version[:8])
        self.assertEqual(footer["ledger"], self.curfew("ledger", "digest", "-l", self.ledger).strip())
        self.assertEqual([row["sha256"] for row in footer["tables"]["seals"]], [self.seal()])
        self.assertEqual([(row["log"], row["bytes"]) for row in footer["tables"]["logs"]],
                         [("hits.jsonl", self.log.stat().st_size)])
        self.assertEqual({row["value"] for row in footer["tables"]["versions"]}, {footer["curfew"]})
        self.assertRegex(footer["policy_sha256"], r"^[0-9a-f]{64}$")
        self.assertRegex(footer["made"], r"^\d{4}-.*Z$")

    def test_every_report_has_it(self):
        host = json.loads(self.report("hosts", "--json"))["tables"]["hosts"][0]["host"]
        for which in (["hosts"], ["host", host], ["progress"], ["escapes"], ["coverage"], ["exceptions"],
                      ["compliance", "--regime", "us-commerce-2024"]):
            self.assertEqual(self.footer(*which)["tables"]["images"][0]["image"], self.digest, which)

    def test_text_and_page_show_it(self):
        text, page = self.report("hosts"), self.report("hosts", "--html")
        for said in (self.digest, self.seal(), self.version, "days old"):
            self.assertIn(said, text)
            self.assertIn(said, page)
        self.assertIn("made from", text)

    def test_csv_stays_csv_and_has_it_beside(self):
        out = self.top / "hosts.csv"
        self.report("hosts", "--csv", "-o", out)
        with out.open(newline="") as file:
            rows = list(csv.reader(file))
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        self.assertNotIn(self.digest, out.read_text())
        beside = json.loads((self.top / "hosts.csv.provenance.json").read_text())
        self.assertEqual(beside["tables"]["images"][0]["image"], self.digest)
        self.report("hosts", "--csv", "--provenance", self.top / "p.json")
        self.assertEqual(json.loads((self.top / "p.json").read_text())["ledger"], beside["ledger"])

    def test_exports_have_it_beside_or_within(self):
        for form in ("--ecs", "--ocsf", "--csv"):
            out = self.top / f"export{form}.json"
            self.curfew("export", form, "-l", self.ledger, "-i", self.image, "--provenance", out)
            self.assertEqual(json.loads(out.read_text())["tables"]["images"][0]["image"], self.digest)
        metrics = self.curfew("export", "--prometheus", "-l", self.ledger, "-i", self.image)
        self.assertIn(f'curfew_image_last_said_seconds{{image="{self.digest}"', metrics)
        self.assertIn(f'curfew_pack_as_of_seconds{{pack="kaspersky",version="{self.version}"}}', metrics)

    def test_a_rehearsal_says_what_decided(self):
        done = subprocess.run([CURFEW, "rehearse", "-i", self.image, "--json", self.log], capture_output=True, text=True)
        self.assertEqual(json.loads(done.stdout)["provenance"]["image"], self.digest)

    def test_without_the_image_it_says_so_and_goes_by_what_hits_cite(self):
        elsewhere = self.top / "elsewhere"
        elsewhere.mkdir(exist_ok=True)
        footer = json.loads(self.curfew("report", "--json", "-l", self.ledger, "-i", self.image))["provenance"]
        self.assertEqual(footer["tables"]["images"][0]["file"], "here")
        copy = elsewhere / "curfew.img"
        copy.write_bytes(self.image.read_bytes())
        footer = json.loads(self.curfew("report", "--json", "-l", self.ledger, "-i", copy))["provenance"]
        self.assertEqual(footer["tables"]["images"][0]["file"], "not here")
        self.assertEqual([(row["pack"], row["version"], row["image"]) for row in footer["tables"]["packs"]],
                         [("kaspersky", self.version, "cited by hits")])

    def test_an_image_that_is_another_than_its_name_is_not_here(self):
        elsewhere = self.top / "other"
        (elsewhere / "images").mkdir(parents=True, exist_ok=True, mode=0o755)
        copy = elsewhere / "curfew.img"
        copy.write_bytes(self.image.read_bytes())
        bad = bytearray(self.image.read_bytes())
        bad[-1] ^= 1
        (elsewhere / "images" / f"{self.digest}.img").write_bytes(bad)
        footer = json.loads(self.curfew("report", "--json", "-l", self.ledger, "-i", copy))["provenance"]
        self.assertEqual(footer["tables"]["images"][0]["file"], "not here")

    def test_what_no_sensor_said_is_said_to_be_unknown(self):
        log, ledger = self.top / "bare.jsonl", self.top / "bare.db"
        log.write_text(json.dumps({"v": 1, "timestamp": "2024-09-30T10:00:00.000000Z", "id": "01KAB" + "1".zfill(21),
                                   "sensor": "s", "source": "monitor", "event_type": "dns", "action": "flag",
                                   "src_ip": "10.0.0.1", "match": {"via": "qname", "value": "a", "list": "x"}},
                                  separators=(",", ":")) + "\n")
        self.curfew("ledger", "ingest", "-q", "-l", ledger, log)
        footer = self.footer("hosts", ledger=ledger)
        self.assertEqual(footer["tables"]["images"], [])
        self.assertIn("does not say which image", " ".join(footer["notes"]))

    def test_what_sensors_used_is_content_of_the_ledger(self):
        again = self.top / "again.db"
        self.curfew("ledger", "ingest", "-q", "-l", again, self.log)
        dump = self.curfew("ledger", "dump", "-l", again)
        self.assertEqual(hashlib.sha256(dump.encode()).hexdigest(), self.footer("hosts")["ledger"])
        self.assertIn(f"used\t", dump)
        self.assertIn(self.digest, dump)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])

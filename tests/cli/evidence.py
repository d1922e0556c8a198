#!/usr/bin/env python3
"""An evidence that a stranger confirms, and every way in which one is not what it says.

usage: evidence.py CURFEW SOURCE_ROOT

In each case one thing is done to a good evidence, which is then packed again - with the manifest made
anew and signed with the attacker's own key, or with the right one where that changes what is seen.
One file: all cases start from the same good evidence, which takes most of their time to make.
"""
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import unittest

CURFEW, ROOT, MINUTELOG = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), os.path.abspath(sys.argv[3])
sys.path.insert(0, str(ROOT / "tests/monitor"))
import packets  # noqa: E402

START = 1727770443  # 2024-10-01T08:14:03Z
NAMES = ("downloads.upd.kaspersky.com", "www.kaspersky.com", "ksn-a-stat-geo.kaspersky-labs.com")


def capture(count, first=0):
    return packets.pcap([(START + first + i, packets.ether(packets.mac(7 + i % 3), packets.mac(1), packets.ip(
        f"10.77.0.{7 + i % 3}", "10.77.0.53", 17, packets.udp(4000 + i, 53, packets.dns(i, NAMES[i % len(NAMES)])))))
        for i in range(count)])


def curfew(*arguments, code=None):
    done = subprocess.run([CURFEW, *map(str, arguments)], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{arguments}: exit {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.holder = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.holder.name)
        cls.policy, cls.image, cls.ledger = cls.top / "curfew.yaml", cls.top / "curfew.img", cls.top / "ledger.db"
        cls.log = cls.top / "logs/hits.jsonl"
        cls.log.parent.mkdir()
        cls.policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\n")
        (cls.top / "a.pcap").write_bytes(capture(400))
        curfew("apply", "--yes", "-p", cls.policy, "-l", ROOT / "lists", "-i", cls.image, code=0)
        curfew("monitor", "-r", cls.top / "a.pcap", "--image", cls.image, "--hits", cls.log, "--sensor", "edge", code=0)
        curfew("ledger", "ingest", "-q", "-l", cls.ledger, cls.log, code=0)
        host = json.loads(curfew("report", "-l", cls.ledger, "--json", code=0).stdout)["tables"]["hosts"][0]["host"]
        curfew("ledger", "note", "-l", cls.ledger, host, "seen by hand", code=0)
        curfew("list", "sign", "--new-key", cls.top / "good", code=0)
        curfew("list", "sign", "--new-key", cls.top / "bad", code=0)
        cls.seals = cls.top / "seals"
        cls.seals.write_text(curfew("log", "seals", cls.log, code=0).stdout)
        cls.file = cls.top / "good.tar.zst"
        cls.make(cls.file)

    @classmethod
    def tearDownClass(cls):
        cls.holder.cleanup()

    @classmethod
    def make(cls, file, *extra, key="good", code=0):
        return curfew("evidence", "-l", cls.ledger, "-i", cls.image, "-p", cls.policy, "--lists", ROOT / "lists",
                      "-k", cls.top / f"{key}.key", *extra, file, code=code)

    def setUp(self):
        self.work = pathlib.Path(tempfile.mkdtemp(dir=self.top))
        self.addCleanup(shutil.rmtree, self.work)
        self.tree = self.work / "tree"

    def unpack(self):
        self.tree.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", self.file, "-C", self.tree], check=True)
        return self.tree

    def pack(self, sign=None, manifest=True):
        """The tree as a file, its manifest made anew and signed by sign."""
        if manifest:
            lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(self.tree)}\n"
                     for path in self.tree.rglob("*")
                     if path.is_file() and not path.name.startswith("MANIFEST")]
            (self.tree / "MANIFEST").write_text("".join(sorted(lines, key=lambda line: line[66:])))
        if sign:
            (self.tree / "MANIFEST.minisig").unlink()
            subprocess.run(["minisign", "-S", "-s", self.top / f"{sign}.key", "-m", self.tree / "MANIFEST"], check=True,
                           capture_output=True, stdin=subprocess.DEVNULL)
        names = sorted(str(path.relative_to(self.tree)) for path in self.tree.rglob("*") if path.is_file())
        file = self.work / "again.tar.zst"
        subprocess.run(["tar", "--zstd", "-cf", file, "-C", self.tree, *names], check=True)
        return file

    def verify(self, file, *extra, code, key="good", say=()):
        keys = ["-k", self.top / f"{key}.pub"] if key else []
        done = curfew("evidence", "verify", *keys, *extra, file, code=code)
        for words in [say] if isinstance(say, str) else say:
            self.assertRegex(done.stdout + done.stderr, words)
        return done

    def needs_minisign(self):
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")


class Good(Base):
    def test_all_of_it_is_confirmed_with_key_and_witness(self):
        done = self.verify(self.file, "--seal", self.seals, code=0, say="all of it was confirmed")
        for subject in ("signature", "manifest", "image", "sources", "log", "seal", "verdict", "ledger", "report"):
            self.assertRegex(done.stdout, rf"(?m)^confirmed +{subject} ")

    def test_without_witness_and_key_it_says_what_it_cannot_know(self):
        self.verify(self.file, code=5, say="could have sealed them anew")
        self.verify(self.file, "--seal", self.seals, key=None, code=5, say="nobody knows whose that is")

    def test_seals_from_elsewhere_travel_with_it(self):
        file = self.work / "with.tar.zst"
        self.make(file, "--seal", self.seals)
        self.verify(file, code=0, say="witnesses for [1-9]")

    def test_json_says_the_same(self):
        told = json.loads(self.verify(self.file, "--json", code=5).stdout)
        self.assertEqual((told["contradicted"], told["not_confirmed"]), (0, 1))
        self.assertEqual({one["finding"] for one in told["findings"]}, {"confirmed", "not confirmed"})

    def test_a_host_has_a_report_of_its_own(self):
        file = self.work / "host.tar.zst"
        self.make(file, "-H", "10.77.0.7")
        self.verify(file, code=5, say=r"host\.json: every figure")
        self.make(self.work / "none.tar.zst", "-H", "nobody", code=1)

    def test_the_interval_chooses_files_and_the_reports_instant(self):
        later = self.log.with_name("hits.jsonl.1")
        curfew("monitor", "-r", "-", "--image", self.image, "--hits", later, code=None)
        later.unlink(missing_ok=True)
        file = self.work / "part.tar.zst"
        self.make(file, "--from", "2024-10-01T00:00:00Z", "--to", "2024-10-02T00:00:00Z")
        self.verify(file, code=5)
        self.unpack()
        subprocess.run(["tar", "--zstd", "-xf", file, "-C", self.tree], check=True)
        about = json.loads((self.tree / "about.json").read_text())
        self.assertEqual((about["at"], about["window_minutes"]), ("2024-10-02T00:00:00Z", 1440))
        self.make(self.work / "none.tar.zst", "--to", "2020-01-01T00:00:00Z", code=4)

    def test_two_policies_each_with_its_image(self):
        """An image was swapped between two runs: each record is judged by its own."""
        top = self.work / "two"
        (top / "logs").mkdir(parents=True)
        policy, image = top / "curfew.yaml", top / "curfew.img"
        policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\n")
        curfew("apply", "--yes", "-p", policy, "-l", ROOT / "lists", "-i", image, code=0)
        (top / "a.pcap").write_bytes(capture(60))
        (top / "b.pcap").write_bytes(capture(60, first=86400))
        curfew("monitor", "-r", top / "a.pcap", "--image", image, "--hits", top / "logs/hits.jsonl", code=0)
        policy.write_text("vendor: kaspersky\nphases: [{name: own, from: 2024-01-01T00:00:00Z, categories: all, verdict: block}]\n")
        curfew("apply", "--yes", "-p", policy, "-l", ROOT / "lists", "-i", image, code=0)
        curfew("monitor", "-r", top / "b.pcap", "--image", image, "--hits", top / "logs/hits.jsonl", code=0)
        curfew("ledger", "ingest", "-q", "-l", top / "l.db", top / "logs", code=0)
        curfew("evidence", "-l", top / "l.db", "-i", image, "-p", policy, "--lists", ROOT / "lists",
               "-k", self.top / "good.key", top / "e.tar.zst", code=0)
        self.verify(top / "e.tar.zst", code=5, say=["2 images", "policy and packs give image", "1 images were compiled"])

    def test_the_same_contents_give_the_same_verdict_elsewhere_and_later(self):
        copy = self.work / "moved.tar.zst"
        shutil.copy(self.file, copy)
        os.utime(copy, (1, 1))
        done = curfew("evidence", "verify", "-k", self.top / "good.pub", "--seal", self.seals, copy, code=0)
        self.assertNotIn("contradicted  ", done.stdout)


class Attacks(Base):
    def setUp(self):
        super().setUp()
        self.needs_minisign()
        self.unpack()

    def change(self, name, old, new, count=1):
        path = self.tree / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, count))

    def caught(self, *say, sign="bad", manifest=True, extra=(), key="bad"):
        """Whoever made it signs it himself, and the reader even trusts him."""
        self.verify(self.pack(sign, manifest), *extra, key=key, code=1, say=[r"(?m)^contradicted", *say])

    def test_a_file_changed_after_signing(self):
        self.change("report/hosts.json", '"hosts": 3', '"hosts": 2')
        self.caught(r"report/hosts\.json' has other bytes", sign=None, manifest=False, key="good")

    def test_a_manifest_changed_after_signing(self):
        self.change("report/hosts.json", '"hosts": 3', '"hosts": 2')
        self.caught(r"contradicted +signature", sign=None, key="good")

    def test_signed_by_somebody_else(self):
        self.caught(r"signed with key \w+, which was not given", key="good")

    def test_no_signature_where_one_is_expected(self):
        (self.tree / "MANIFEST.minisig").unlink()
        self.caught("there is none", sign=None, manifest=False, key="good")

    def test_no_manifest(self):
        (self.tree / "MANIFEST").unlink()
        self.caught(r"contradicted +manifest +there is none", sign=None, manifest=False)

    def test_a_report_edited(self):
        for name in ("hosts", "coverage", "escapes", "exceptions"):
            with self.subTest(name):
                good = (self.tree / f"report/{name}.json").read_text()
                self.change(f"report/{name}.json", '"hosts": 3', '"hosts": 2')
                self.caught(rf"{name}\.json is not what the logs give")
                (self.tree / f"report/{name}.json").write_text(good)

    def test_a_page_edited(self):
        self.change("report/hosts.html", '["hosts","hosts",3]', '["hosts","hosts",2]')
        self.caught(r"hosts\.html is not what the logs give")

    def test_a_footer_edited(self):
        self.change("report/hosts.json", '"image": "', '"image": "0')
        self.caught(r"hosts\.json is not what the logs give")

    def test_a_report_missing(self):
        (self.tree / "report/escapes.json").unlink()
        self.caught(r"escapes\.json is missing")

    def test_a_file_missing(self):
        (self.tree / "packs/kaspersky/names.tsv").unlink()
        self.caught(r"names\.tsv' is in the manifest and missing", sign=None, manifest=False, key="good")

    def test_a_file_too_many(self):
        (self.tree / "packs/kaspersky/zzz.tsv").write_text("x\n")
        self.caught(r"zzz\.tsv' is not in the manifest", sign=None, manifest=False, key="good")

    def test_an_image_of_another_policy_under_the_name_of_the_first(self):
        other = self.other_image()
        path = next((self.tree / "images").iterdir())
        path.write_bytes(other.read_bytes())
        self.caught(r"contradicted +image")

    def test_an_image_of_another_policy_under_its_own_name(self):
        other = self.other_image()
        next((self.tree / "images").iterdir()).unlink()
        shutil.copy(other, self.tree / "images" / other.name)
        self.caught(r"records are of an image that is not here", r"hosts\.json is not what")

    def test_a_log_that_names_the_image_of_another_policy(self):
        """Rewritten and sealed anew, so that its records cite a policy that let them pass."""
        other = self.other_image()
        mine = next((self.tree / "images").iterdir()).stem
        shutil.copy(other, self.tree / "images" / other.name)
        self.change("logs/0/hits.jsonl", mine, other.stem, -1)
        self.caught(r"decided otherwise by their image", r"contradicted +log")

    def other_image(self):
        top = self.work / "other"
        top.mkdir()
        (top / "curfew.yaml").write_text("vendor: kaspersky\npreset: us-federal\n")
        curfew("apply", "--yes", "-p", top / "curfew.yaml", "-l", ROOT / "lists", "-i", top / "curfew.img", code=0)
        return next((top / "images").glob("*.img"))

    def test_a_line_of_a_log_changed(self):
        self.change("logs/0/hits.jsonl", "10.77.0.7", "10.77.0.9")
        self.caught(r"contradicted +log")

    def test_a_verdict_changed(self):
        self.change("logs/0/hits.jsonl", '"action":"observe"', '"action":"allow"')
        self.caught(r"recorded as let pass, by the image blocked")

    def test_a_line_of_a_log_removed(self):
        path = self.tree / "logs/0/hits.jsonl"
        lines = path.read_text().splitlines(keepends=True)
        del lines[next(i for i, line in enumerate(lines) if '"match"' in line)]
        path.write_text("".join(lines))
        self.caught(r"contradicted +log", r"contradicted +ledger")

    def test_a_tail_cut_at_a_seal(self):
        """The logs hold together; what was made of them does not follow, and the witness knows more."""
        path = self.tree / "logs/0/hits.jsonl"
        lines = path.read_text().splitlines(keepends=True)
        seals = [i for i, line in enumerate(lines) if '"sha256"' in line]
        path.write_text("".join(lines[:seals[-2] + 1]))
        self.caught(r"contradicted +ledger", r"hosts\.json is not what")
        file = self.pack("bad")
        self.verify(file, "--seal", self.seals, key="bad", code=1, say=r"contradicted +log")

    def test_a_head_cut_at_a_seal(self):
        path = self.tree / "logs/0/hits.jsonl"
        lines = path.read_text().splitlines(keepends=True)
        seals = [i for i, line in enumerate(lines) if '"sha256"' in line]
        path.write_text("".join(lines[seals[1] + 1:]))
        self.caught(r"contradicted +ledger")

    def test_made_anew_from_a_cut_log_only_the_witness_knows(self):
        """All that follows from the logs follows: the evidence is consistent, and of less."""
        top = self.work / "cut"
        (top / "logs").mkdir(parents=True)
        lines = self.log.read_text().splitlines(keepends=True)
        seals = [i for i, line in enumerate(lines) if '"sha256"' in line]
        (top / "logs/hits.jsonl").write_text("".join(lines[:seals[-2] + 1]))
        curfew("evidence", "-l", top / "l.db", "-i", self.image, "-p", self.policy, "--lists", ROOT / "lists",
               "-k", self.top / "good.key", top / "e.tar.zst", top / "logs", code=0)
        self.verify(top / "e.tar.zst", code=5, say="cut them at a seal")
        self.verify(top / "e.tar.zst", "--seal", self.seals, code=1, say=r"contradicted +log")

    def test_what_was_said_by_hand_is_part_of_it(self):
        self.change("actions/ledger.actions", "seen by hand", "not by hand!")
        self.verify(self.pack("bad"), key="bad", code=1)

    def test_about_edited(self):
        about = json.loads((self.tree / "about.json").read_text())
        for change in ({"window_minutes": 60}, {"at": "2024-10-01T08:15:00Z"}, {"ledger": "0" * 64}):
            (self.tree / "about.json").write_text(json.dumps(about | change))
            self.caught(r"contradicted")
        (self.tree / "about.json").write_text("{}")
        self.caught("contradicted +about")

    def test_logs_that_lead_elsewhere(self):
        for line in ("0\t../../etc/passwd\n", "0\t/etc/passwd\n", "-1\thits.jsonl\n", "0 hits.jsonl\n", "x" * 5000):
            (self.tree / "logs.tsv").write_text(line)
            self.caught("contradicted")


class Intervals(Base):
    """A part of a log between two seals of each of its writers is as whole as all of it."""

    HOUR = START - START % 3600
    WRITERS = (("edge-01", "resolver"), ("edge-02", "monitor"))

    def setUp(self):
        super().setUp()
        self.dir, self.db = self.work / "logs", self.work / "part.db"
        self.dir.mkdir()
        self.keys = []
        for sensor, source in self.WRITERS:
            folder = self.work / sensor
            owner = ["--owner", "root"] if os.geteuid() == 0 else []
            curfew("log", "key", "new", source, "--dir", folder, *owner, code=0)
            self.keys += ["--sensor-key", folder / f"{source}.pub"]
        self.one = self.dir / "hits.jsonl"
        parts = []
        for sensor, source in self.WRITERS:
            own = self.work / f"{sensor}.jsonl"
            subprocess.run([MINUTELOG, own, sensor, source, str(self.HOUR), "120", f"key={self.work / sensor / source}.key"],
                           check=True, capture_output=True)
            parts += own.read_bytes().splitlines(True)
        self.one.write_bytes(b"".join(sorted(parts, key=lambda line: line[line.index(b'"timestamp":"'):][:40])))
        curfew("ledger", "ingest", "-q", "-l", self.db, self.one, code=0)

    def part(self, first, last, *extra):
        """Minutes first to last of the two hours."""
        file = self.work / "part.tar.zst"
        file.unlink(missing_ok=True)
        times = [datetime.datetime.fromtimestamp(self.HOUR + minute * 60, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
                 for minute in (first, last)]
        done = curfew("evidence", "-l", self.db, "-i", self.image, "-p", self.policy, "--lists", ROOT / "lists", "-k",
                      self.top / "good.key", "--from", times[0], "--to", times[1], *extra, file, code=0)
        self.tree = self.work / f"tree-{first}-{last}"
        self.tree.mkdir()
        subprocess.run(["tar", "--zstd", "-xf", file, "-C", self.tree], check=True)
        return file, done.stdout + done.stderr

    def kept(self):
        return [json.loads(line) for path in sorted((self.tree / "logs/0").iterdir()) for line in path.read_text().splitlines()]

    def test_the_segments_around_it_and_no_others(self):
        file, said = self.part(30, 60)
        self.assertRegex(said, r"\d+ of \d+ lines, from and to the seals around the interval")
        lines = self.kept()
        for sensor, source in self.WRITERS:
            own = [line for line in lines if line["sensor"] == sensor]
            seals = [line["chain"]["seq"] for line in own if "chain" in line]
            self.assertEqual(seals, list(range(seals[0], seals[-1] + 1)))
            self.assertTrue(31 <= len(seals) <= 34, seals)
            self.assertIn("chain", own[-1])
        done = self.verify(file, *self.keys, code=5)
        self.assertRegex(done.stdout, r"(?m)^confirmed +log +\d+ lines: all \d+ seals hold, 0 lines behind")
        self.assertRegex(done.stdout, r"(?m)^confirmed +seal +keys vouch for (\d+) seals")
        self.assertRegex(done.stdout, r"(?m)^note +log +it was asked for .* nothing is said of it")
        self.assertNotRegex(done.stdout, r"(?m)^(contradicted|not confirmed +(log|seal))")
        # What lies before the beginning that was asked for is no doubt, and is said.
        self.assertRegex(done.stdout, r"(?m)^note +log .* begins here behind seal")

    def test_what_is_made_anew_of_a_log_that_was_cut(self):
        """An evidence that agrees with itself, of less: the sensor's key vouches for what is there, and for no end and no beginning."""
        whole = self.one.read_bytes().splitlines(True)
        seals = [i for i, line in enumerate(whole) if b'"chain":' in line and b"edge-02" in line]
        for name, lines, say in (("end", whole[:seals[49] + 1], "the rest was cut off"), ("beginning", whole[seals[40] + 1:], "begins here behind")):
            with self.subTest(name):
                self.one.write_bytes(b"".join(lines))
                for suffix in ("", "-wal", "-shm", "-lock"):
                    pathlib.Path(str(self.db) + suffix).unlink(missing_ok=True)
                curfew("ledger", "ingest", "-q", "-l", self.db, self.one, code=0)
                file, _ = self.part(30, 60 + len(name))
                done = self.verify(file, *self.keys, code=5)
                self.assertRegex(done.stdout, rf"(?m)^not confirmed +log .*{say}")

    def test_what_is_taken_out_of_a_part_is_found(self):
        self.needs_minisign()
        for name, remove in (("a line", lambda lines: lines[:40] + lines[41:]), ("the beginning", lambda lines: lines[60:]),
                             ("the end", lambda lines: lines[:-60])):
            with self.subTest(name):
                self.part(30, 60 + len(name))
                path = next((self.tree / "logs/0").iterdir())
                path.write_bytes(b"".join(remove(path.read_bytes().splitlines(True))))
                done = curfew("evidence", "verify", "-k", self.top / "good.pub", *self.keys, self.pack(sign="good"))
                self.assertRegex(done.stdout, r"(?m)^(contradicted|not confirmed) +log ")

    def test_files_that_are_packed_and_files_that_have_nothing(self):
        whole = self.one.read_bytes().splitlines(True)
        ends = [i for i, line in enumerate(whole) if b'"chain":' in line and b"edge-02" in line]
        older, newer = b"".join(whole[:ends[59] + 1]), b"".join(whole[ends[59] + 1:])
        (self.dir / "hits.jsonl.1.gz").write_bytes(gzip.compress(older))
        self.one.write_bytes(newer)
        self.db.unlink()
        curfew("ledger", "ingest", "-q", "-l", self.db, self.one, code=0)
        self.part(20, 40)
        self.assertEqual([path.name for path in (self.tree / "logs/0").iterdir()], ["hits.jsonl.1"])
        file, _ = self.part(50, 70)
        self.assertEqual(sorted(path.name for path in (self.tree / "logs/0").iterdir()), ["hits.jsonl", "hits.jsonl.1"])
        self.assertNotRegex(self.verify(file, *self.keys, code=5).stdout, r"(?m)^(contradicted|not confirmed +(log|seal))")


class Archives(Base):
    """What is no evidence is refused before anything of it is used, and nothing is left behind."""

    def refused(self, add, say):
        file = self.work / "odd.tar"
        with tarfile.open(file, "w") as tar:
            add(tar)
        subprocess.run(["zstd", "-q", "-f", "--rm", file], check=True)
        temporary = self.work / "tmp"
        temporary.mkdir(exist_ok=True)
        done = subprocess.run([CURFEW, "evidence", "verify", f"{file}.zst"], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "TMPDIR": str(temporary)})
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.assertRegex(done.stderr, say)
        self.assertEqual(list(temporary.iterdir()), [])
        self.assertFalse((self.work / "escaped").exists())

    @staticmethod
    def entry(name, kind=tarfile.REGTYPE, data=b"", link=""):
        def add(tar):
            info = tarfile.TarInfo(name)
            info.type, info.size, info.linkname = kind, len(data), link
            tar.addfile(info, io.BytesIO(data))
        return add

    def test_paths_that_lead_out(self):
        for name in ("../escaped", "/escaped", "a/../../escaped", "a//b", "./a", ".hidden", "a/.hidden", "a/b/c/d/e/f", "a\nb",
                     "x" * 250):
            self.refused(self.entry(name, data=b"x"), "no place there|cannot")

    def test_links_and_devices(self):
        self.refused(self.entry("a", tarfile.SYMTYPE, link="/etc/passwd"), "link")
        self.refused(self.entry("a", tarfile.LNKTYPE, link="b"), "link")
        self.refused(self.entry("a", tarfile.CHRTYPE), "no place there")
        self.refused(self.entry("a", tarfile.FIFOTYPE), "no place there")

    def test_a_link_to_write_through(self):
        def add(tar):
            self.entry("logs", tarfile.SYMTYPE, link=str(self.work))(tar)
            self.entry("logs/escaped", data=b"x")(tar)
        self.refused(add, "link")

    def test_members_of_odd_kinds(self):
        for kind in (tarfile.GNUTYPE_SPARSE, tarfile.CONTTYPE, b"V", b"M", b"D"):
            file = self.work / "odd.tar"
            with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
                self.entry("about.json", kind, data=b"{}" if kind == tarfile.CONTTYPE else b"")(tar)
            subprocess.run(["zstd", "-q", "-f", "--rm", file], check=True)
            done = curfew("evidence", "verify", f"{file}.zst")
            self.assertIn(done.returncode, (1, 3), (kind, done.stdout, done.stderr))
            self.assertNotIn("all of it was confirmed", done.stdout)

    def test_names_that_differ_by_case_or_ending_alone(self):
        tree = self.unpack()
        image = next((tree / "images").iterdir())
        for add in (tree / "manifest", tree / "MANIFEST~", tree / "images" / image.name.upper().replace(".IMG", ".img"),
                    tree / "images" / (image.name + "~"), tree / "report" / "HOSTS.json"):
            add.write_bytes(b"x")
            file = self.work / "more.tar.zst"
            names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file())
            subprocess.run(["tar", "--zstd", "-cf", file, "-C", tree, *names], check=True)
            done = self.verify(file, code=1)
            self.assertRegex(done.stdout, r"(?m)^contradicted +manifest .*" + re.escape(add.name))
            add.unlink()

    def test_the_manifest_of_another_evidence(self):
        """Both are signed by the same key; the contents are the other one's."""
        other = self.work / "other.tar.zst"
        self.make(other, "--to", "2024-10-01T08:15:00Z")
        tree = self.unpack()
        for name in ("MANIFEST", "MANIFEST.minisig"):
            data = subprocess.run(["tar", "--zstd", "-xOf", other, name], check=True, capture_output=True).stdout
            (tree / name).write_bytes(data)
        done = self.verify(self.pack(manifest=False), code=1)
        self.assertRegex(done.stdout, r"(?m)^confirmed +signature ")
        self.assertRegex(done.stdout, r"(?m)^contradicted +manifest ")

    def test_two_images_under_each_others_names(self):
        tree = self.unpack()
        image = next((tree / "images").iterdir())
        policy = self.work / "curfew.yaml"
        policy.write_text("vendor: kaspersky\npreset: us-federal\n")
        other = self.work / "other.img"
        curfew("apply", "--yes", "-p", policy, "-l", ROOT / "lists", "-i", other, code=0)
        kept = next((other.parent / "images").iterdir())
        (tree / "images" / kept.name).write_bytes(image.read_bytes())
        image.write_bytes(kept.read_bytes())
        self.needs_minisign()
        self.verify(self.pack(sign="good"), code=1, say=r"(?m)^contradicted +image ")

    def test_twice_the_same(self):
        def add(tar):
            self.entry("a", data=b"x")(tar)
            self.entry("a", data=b"y")(tar)
        self.refused(add, "twice")

    def test_a_file_where_a_folder_is(self):
        def add(tar):
            self.entry("a", data=b"x")(tar)
            self.entry("a/b", data=b"y")(tar)
        self.refused(add, "twice|cannot make|cannot write")

    def test_what_unpacks_to_endless_zeros(self):
        file = self.work / "bomb.tar"
        with tarfile.open(file, "w") as tar:
            self.entry("logs", data=b"\0" * (400 << 20))(tar)
        subprocess.run(["zstd", "-q", "-19", "--rm", file], check=True)
        done = curfew("evidence", "verify", f"{file}.zst", code=3)
        self.assertIn("times its size", done.stderr)

    def test_cut_and_no_archive_at_all(self):
        good = self.file.read_bytes()
        for data in (b"", b"x", good[:100], good[:len(good) // 2], good[:-1], os.urandom(1000)):
            file = self.work / "cut.tar.zst"
            file.write_bytes(data)
            curfew("evidence", "verify", file, code=3)

    def test_a_pipe_is_not_waited_for_and_nothing_there_is_said(self):
        os.mkfifo(self.work / "pipe")
        curfew("evidence", "verify", self.work / "pipe", code=3)
        curfew("evidence", "verify", self.work / "nothing", code=4)


class Stranger(Base):
    def test_the_commands_of_the_guide(self):
        """docs/evidence.md with the tools it names: every block of commands, in one shell."""
        tools = [tool for tool in ("tar", "zstd", "sha256sum", "minisign", "jq", "openssl") if shutil.which(tool) is None]
        if tools:
            self.skipTest("no " + ", ".join(tools))
        text = (ROOT / "docs/evidence.md").read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
        self.assertGreater(len(blocks), 4)
        shutil.copy(self.file, self.work / "evidence.tar.zst")
        shutil.copy(self.top / "good.pub", self.work / "their.pub")
        shutil.copy(self.seals, self.work / "seals.txt")
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(blocks)], cwd=self.work, capture_output=True,
                              text=True, timeout=300, env={**os.environ, "PATH": f"{os.path.dirname(CURFEW)}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        for said in re.findall(r"^<!-- says: (.*) -->$", text, re.M):
            self.assertRegex(done.stdout, said)

    def test_the_guide_finds_a_change(self):
        self.needs_minisign()
        self.unpack()
        with open(self.tree / "logs/0/hits.jsonl", "a", encoding="ascii") as log:
            log.write("x\n")
        done = subprocess.run(["sha256sum", "--quiet", "-c", "MANIFEST"], cwd=self.tree, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("logs/0/hits.jsonl: FAILED", done.stdout)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[4:])

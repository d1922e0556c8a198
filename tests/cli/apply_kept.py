#!/usr/bin/env python3
"""Images as artefacts: the same bytes anywhere, kept by digest, put back, and taken from a publisher.

usage: apply_kept.py CURFEW SOURCE_ROOT
"""
import json
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

CURFEW, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
PACKS = ROOT / "tests/compile/packs"
POLICY = "vendor: tiny\npreset: sunset\nlog: {path: /var/log/curfew/hits.jsonl}\n"
# Three policies; a name that only one of them knows tells which is asked.
NAMES = POLICY.replace("{", "{{").replace("}", "}}") + "names: [{{name: {}.example.net, category: updates}}]\n"
AT = ["--at", "2026-06-02T00:00:00Z"]  # updates are blocked by then


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.image = self.folder / "curfew.img"
        self.kept = self.folder / "images"

    def curfew(self, *args, code=0):
        done = subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}{done.stderr}")
        return done

    def apply(self, policy, *more, code=0, folder=None, lists=PACKS):
        folder = folder or self.folder
        (folder / "curfew.yaml").write_text(policy)
        return self.curfew("apply", "--policy", folder / "curfew.yaml", "--lists", lists, "--image",
                           folder / "curfew.img", "--yes", *more, code=code)

    def listed(self, code=0):
        return json.loads(self.curfew("apply", "--list", "--json", "--image", self.image, code=code).stdout)

    def in_force(self):
        return self.image.read_bytes()

    def digest(self):
        found = self.curfew("explain", "nowhere.example", "--image", self.image, "--json").stdout
        return json.loads(found)["image"]

    def apply_three(self):
        digests = []
        for name in ("one", "two", "three"):
            self.apply(NAMES.format(name))
            digests.append(self.digest())
            time.sleep(0.02)  # the order is that of modification times
        self.assertEqual(len(set(digests)), 3)
        return digests


class Identity(Base):
    def test_the_same_sources_give_the_same_bytes_wherever_and_whenever(self):
        self.apply(POLICY)
        elsewhere = self.folder / "a" / "longer" / "path"
        elsewhere.mkdir(parents=True)
        shutil.copytree(PACKS, elsewhere / "lists")
        for path in elsewhere.rglob("*"):
            os.utime(path, (1, 1))
        time.sleep(1.1)
        done = self.apply(POLICY, "--at", "2031-01-01T00:00:00Z", folder=elsewhere, lists=elsewhere / "lists")
        self.assertEqual((elsewhere / "curfew.img").read_bytes(), self.in_force(), done.stderr)

    def test_no_path_is_in_the_bytes(self):
        self.apply(NAMES.format("one"))
        for path in (self.folder, PACKS):
            self.assertNotIn(os.fsencode(path), self.in_force())
        found = json.loads(self.curfew("explain", "update1.tiny.example", "--image", self.image, "--json", *AT,
                                       code=1).stdout)
        self.assertRegex(found["entry_source"], r"^tiny/names\.tsv:\d+$")
        self.assertRegex(found["phase_source"], r"^tiny/presets/sunset\.yaml:\d+$")
        own = json.loads(self.curfew("explain", "one.example.net", "--image", self.image, "--json", *AT, code=1).stdout)
        self.assertRegex(own["entry_source"], r"^curfew\.yaml:\d+$")

    def test_a_changed_word_of_a_source_is_another_image(self):
        self.apply(POLICY)
        before = self.digest()
        lists = self.folder / "lists"
        shutil.copytree(PACKS, lists)
        names = lists / "tiny" / "names.tsv"
        names.write_text(names.read_text() + "# a word\n")
        self.apply(POLICY, lists=lists)
        self.assertNotEqual(self.digest(), before)

    def test_when_it_was_built_is_the_time_of_the_file(self):
        self.apply(POLICY)
        os.utime(self.image, (1790000000, 1790000000))
        self.assertIn("built 2026-09-21T14:13:20Z",
                      self.curfew("explain", "x.example", "--image", self.image).stdout)


class Kept(Base):
    def test_each_image_is_kept_under_its_digest_and_answers_for_then(self):
        digests = self.apply_three()
        for digest, name in zip(digests, ("one", "two", "three")):
            path = self.kept / f"{digest}.img"
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)
            for other in ("one", "two", "three"):
                self.curfew("explain", f"{other}.example.net", "--image", digest[:8].upper(), "--images", self.kept,
                            *AT, code=1 if other == name else 0)
        self.assertEqual([path.name for path in self.kept.iterdir() if not path.name.endswith(".img")], [])

    def test_a_digest_that_is_not_kept_or_not_unique_is_said(self):
        self.apply_three()
        for sha, say in (("0" * 64, "no image"), ("0" * 8, "no image")):
            done = self.curfew("explain", "x.example", "--image", sha, "--images", self.kept, code=4)
            self.assertIn(say, done.stderr)
        twin = self.listed()[0]["image"]
        other = twin[:20] + ("0" if twin[20] != "0" else "1") + twin[21:]
        shutil.copy(self.kept / f"{twin}.img", self.kept / f"{other}.img")
        done = self.curfew("explain", "x.example", "--image", twin[:12], "--images", self.kept, code=4)
        self.assertIn("several images begin with", done.stderr)
        # One that is not what its name says is no evidence of then.
        done = self.curfew("explain", "x.example", "--image", other, "--images", self.kept, code=3)
        self.assertIn("not the one it is named for", done.stderr)
        self.assertEqual([item["damaged"] is not None for item in self.listed(code=1) if item["image"] == other], [True])

    def test_the_list_says_when_what_and_which_is_in_force(self):
        digests = self.apply_three()
        items = self.listed()
        self.assertEqual([item["image"] for item in items], digests[::-1])
        self.assertEqual([item["in_force"] for item in items], [True, False, False])
        self.assertEqual((items[0]["preset"], items[0]["policy"], items[0]["damaged"]), ("sunset", "curfew.yaml", None))
        self.assertEqual(items[0]["packs"][0]["vendor"], "tiny")
        self.assertLess(abs(time.time() - os.stat(items[0]["file"]).st_mtime), 3600)
        text = self.curfew("apply", "--list", "--image", self.image).stdout
        self.assertRegex(text.splitlines()[0], rf"^\* 20\S+Z  {digests[2][:12]}  sunset  tiny ")

    def test_back_is_the_one_before_or_the_one_that_is_named(self):
        digests = self.apply_three()
        self.curfew("apply", "--back", "--yes", "--image", self.image)
        self.assertEqual(self.digest(), digests[1])
        self.assertEqual(self.listed()[0]["image"], digests[1])
        self.curfew("apply", "--back", digests[0][:8], "-y", "--image", self.image)
        self.assertEqual(self.digest(), digests[0])
        self.assertIn("nothing changes", self.curfew("apply", "--back", digests[0], "--image", self.image).stdout)
        self.assertEqual(stat.S_IMODE(self.image.stat().st_mode), 0o644)
        done = self.curfew("apply", "--back", "abc", "--image", self.image, code=3)
        self.assertIn("8 to 64 digits", done.stderr)

    def test_back_asks_before_it_takes_much_away(self):
        self.apply(POLICY)
        small = self.digest()
        self.apply(POLICY + "names:\n" + "".join(f"  - {{name: m{i}.example.net, category: updates}}\n"
                                                 for i in range(50)))
        before = self.in_force()
        self.assertIn("nobody can be asked", self.curfew("apply", "--back", "--image", self.image, code=1).stderr)
        self.assertIn("dry run", self.curfew("apply", "--back", "-n", "-y", "--image", self.image).stdout)
        self.assertEqual(self.in_force(), before)
        self.curfew("apply", "--back", "--yes", "--image", self.image)
        self.assertEqual(self.digest(), small)

    def test_a_damaged_former_image_is_refused_and_nothing_changes(self):
        digests = self.apply_three()
        path = self.kept / f"{digests[0]}.img"
        good = path.read_bytes()
        before = self.in_force()
        for at in range(0, len(good), max(1, len(good) // 25)):
            path.unlink()
            path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
            self.curfew("apply", "--back", digests[0], "--image", self.image, "--yes", code=3)
            self.assertEqual(self.in_force(), before)
        path.write_bytes(good[:-1])
        self.curfew("apply", "--back", digests[0], "--image", self.image, "--yes", code=3)
        self.assertEqual(self.in_force(), before)

    def test_only_the_last_ones_are_kept_and_never_without_the_one_in_force(self):
        for i in range(6):
            self.apply(NAMES.format(f"n{i}"), "--keep", 3)
            time.sleep(0.02)
        items = self.listed()
        self.assertEqual(len(items), 3)
        self.assertTrue(items[0]["in_force"])
        self.apply(NAMES.format("last"), "--keep", 1)
        self.assertEqual([item["image"] for item in self.listed()], [self.digest()])
        self.curfew("apply", "--keep", "0", code=2)

    def test_an_image_from_before_is_kept_when_it_is_replaced(self):
        self.apply(NAMES.format("one"))
        digest = self.digest()
        shutil.rmtree(self.kept)
        self.apply(NAMES.format("two"))
        self.assertEqual({item["image"] for item in self.listed()}, {digest, self.digest()})

    def test_a_folder_that_others_write_in_is_not_used_but_the_image_is(self):
        self.kept.mkdir()
        self.kept.chmod(0o777)
        done = self.apply(NAMES.format("one"))
        self.assertIn("is not kept for later", done.stderr)
        self.curfew("explain", "one.example.net", "--image", self.image, *AT, code=1)
        self.assertEqual(list(self.kept.iterdir()), [])

    def test_a_file_of_another_file_system_is_copied(self):
        other = pathlib.Path("/dev/shm")
        if not other.is_dir() or other.stat().st_dev == self.folder.stat().st_dev:
            self.skipTest("one file system")
        folder = pathlib.Path(tempfile.mkdtemp(dir=other))
        self.addCleanup(shutil.rmtree, folder)
        self.apply(POLICY, folder=folder)
        (folder / "curfew.img").rename(folder / "real.img")
        self.image.symlink_to(folder / "real.img")
        self.apply(NAMES.format("one"))
        self.assertEqual((self.kept / f"{self.digest()}.img").read_bytes(), (folder / "real.img").read_bytes())

    def test_usage(self):
        for args in (["--list", "--back"], ["--image-file", "x"], ["--key", "RW" + "A" * 54], ["--back", "a", "b"]):
            self.curfew("apply", *args, code=2)


class Signed(Base):
    """The attacks of The Update Framework's list, on an image: what is in force stays, byte for byte."""

    def setUp(self):
        super().setUp()
        self.publisher = self.folder / "publisher"
        self.publisher.mkdir()
        self.file = self.publisher / "curfew.img"
        self.key = self.new_key("a")
        self.apply(NAMES.format("theirs"), folder=self.publisher)
        self.apply(POLICY)

    def new_key(self, name):
        self.curfew("list", "sign", "--new-key", self.folder / name)
        return self.folder / f"{name}.key"

    def sign(self, serial=1, key=None, name="stable", until="60d", kind=("--image",), extra=()):
        self.curfew("list", "sign", self.file, "--key", key or self.key, "--name", name, "--until", until, "--serial",
                    serial, *kind, *extra)

    def take(self, *extra, keys=None, code=0):
        pins = sum((["--key", str(key).replace(".key", ".pub")] for key in keys or [self.key]), [])
        return self.curfew("apply", "--image-file", self.file, *pins, "--image", self.image, *extra, code=code)

    def refused(self, *extra, say, code=3, **more):
        before = self.in_force()
        done = self.take(*extra, code=code, **more)
        self.assertIn(say, done.stderr)
        self.assertIn("what was in force stays", done.stderr)
        self.assertEqual(self.in_force(), before)

    def test_a_good_one_is_put_in_force_and_kept(self):
        self.sign()
        self.take()
        self.assertEqual(self.in_force(), self.file.read_bytes())
        self.assertTrue((self.kept / f"{self.digest()}.img").exists())
        self.assertIn("nothing changes", self.take().stdout)
        # What is kept is ours to go back to, whoever signed what came since.
        self.curfew("apply", "--back", "--yes", "--image", self.image)
        self.curfew("explain", "theirs.example.net", "--image", self.image, *AT)

    def test_rollback(self):
        self.sign(serial=7)
        self.take()
        self.sign(serial=6)
        self.refused(say="older than one that was taken before")

    def test_another_image_under_the_same_serial(self):
        self.sign(serial=7)
        self.take()
        self.apply(NAMES.format("third"), folder=self.publisher)
        self.sign(serial=7)
        self.refused(say="with other content")

    def test_freeze(self):
        self.sign(until="1s")
        time.sleep(2)
        self.refused(say="its time is over")

    def test_an_expired_one_is_not_put_in_force_again(self):
        self.sign(until="20s")
        self.take()
        time.sleep(21)
        self.refused(say="its time is over")

    def test_mix_and_match(self):
        self.sign(name="testing")
        self.refused(say="of another name or kind")
        self.sign(kind=())
        self.refused(say="of another name or kind")
        self.sign(name="testing")
        self.take("--channel", "testing")

    def test_a_key_that_is_not_trusted(self):
        self.sign(key=self.new_key("b"))
        self.refused(say="which is not trusted")

    def test_a_key_follows_another(self):
        self.sign(key=self.new_key("b"))
        self.take(keys=[self.key, self.folder / "b.key"])

    def test_early(self):
        self.sign(extra=("--from", "2099-01-01T00:00:00Z"), until="2099-06-01T00:00:00Z")
        self.refused(say="its time has not begun", code=1)

    def test_no_signature(self):
        self.refused(say="curfew.img.minisig", code=4)

    def test_a_dry_run_takes_no_serial(self):
        self.sign(serial=9)
        before = self.in_force()
        self.take("--dry-run")
        self.assertEqual(self.in_force(), before)
        self.assertFalse((self.kept / "serials.tsv").exists())

    def test_changed_bytes_and_signatures(self):
        self.sign()
        good, signature = self.file.read_bytes(), pathlib.Path(f"{self.file}.minisig").read_bytes()
        before = self.in_force()
        for at in range(0, len(good), max(1, len(good) // 20)):
            self.file.write_bytes(good[:at] + bytes([good[at] ^ 4]) + good[at + 1:])
            self.take(code=3)
        self.file.write_bytes(good)
        comment = len(signature.split(b"\n")[0]) + 1
        for at in range(comment, len(signature) - 1, 7):
            pathlib.Path(f"{self.file}.minisig").write_bytes(
                signature[:at] + bytes([signature[at] ^ 1]) + signature[at + 1:])
            done = subprocess.run([CURFEW, "apply", "--image-file", self.file, "--key", self.folder / "a.pub",
                                   "--image", self.image], capture_output=True, stdin=subprocess.DEVNULL, timeout=300)
            self.assertEqual(done.returncode, 3, (at, done.stderr))
        self.assertEqual(self.in_force(), before)

    def test_a_signed_file_that_is_no_image(self):
        for bad in (b"", b"x" * 5000, self.file.read_bytes()[:-64], self.file.read_bytes() + b"\0"):
            self.file.write_bytes(bad)
            self.sign()
            before = self.in_force()
            self.take(code=3)
            self.assertEqual(self.in_force(), before)

    def test_much_that_goes_away_needs_the_publishers_word(self):
        self.apply(POLICY + "names:\n" + "".join(f"  - {{name: m{i}.example.net, category: updates}}\n"
                                                 for i in range(50)))
        self.sign(serial=1)
        before = self.in_force()
        self.assertIn("nobody can be asked", self.take(code=1).stderr)
        self.assertEqual(self.in_force(), before)
        self.sign(serial=2, extra=("--shrink",))
        self.take()
        self.assertEqual(self.in_force(), self.file.read_bytes())

    def test_serials_that_are_damaged_stop_everything(self):
        self.sign()
        self.take()
        (self.kept / "serials.tsv").write_text("what is this\n")
        self.sign(serial=2)
        self.refused(say="what was in force stays")


unittest.main(argv=sys.argv[:1], verbosity=2)

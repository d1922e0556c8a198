#!/usr/bin/env python3
"""curfew log --state: killed at any moment, across rotation, no line is lost and none comes twice.

usage: log_resume.py CURFEW HITLOG      CF_KILLS=N kills so often
"""
import glob
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

CURFEW, HITLOG = sys.argv[1], sys.argv[2]
KILLS = int(os.environ.get("CF_KILLS", "12"))


def curfew(*arguments):
    done = subprocess.run([CURFEW, "log", *arguments], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def lines_of(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rt", encoding="ascii") as file:
        return [json.loads(line) for line in file]


class Resume(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="curfew-resume-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.log, self.state, self.out = (os.path.join(self.folder, n) for n in ("hits.jsonl", "state", "out.ndjson"))

    def write(self, count, rate=0):
        subprocess.run([HITLOG, self.log, str(count), "0", str(rate)], check=True, stdout=subprocess.DEVNULL)

    def rotate(self):
        """As logrotate does: numbers move up, the one before last is compressed."""
        for number in range(60, 0, -1):
            for ending in (".gz", ""):
                old = "%s.%d%s" % (self.log, number, ending)
                if os.path.exists(old):
                    os.rename(old, "%s.%d%s" % (self.log, number + 1, ending))
        if os.path.exists(self.log):
            os.rename(self.log, self.log + ".1")
        packed = self.log + ".3"
        if os.path.exists(packed):
            with open(packed, "rb") as plain, gzip.open(packed + ".new", "wb") as to:
                shutil.copyfileobj(plain, to)
            os.rename(packed + ".new", packed + ".gz")
            os.unlink(packed)

    def wanted(self):
        ids = [r["id"] for path in [self.log] + glob.glob(self.log + ".[0-9]*") for r in lines_of(path) if "match" in r]
        self.assertEqual(len(ids), len(set(ids)))
        return sorted(ids)

    def convert(self, *more):
        return curfew("convert", "--to", "ecs", "--state", self.state, *more, self.log)

    def ids_in(self, path):
        return sorted(r["event"]["id"] for r in lines_of(path))

    def test_each_run_goes_on_where_the_last_one_stopped(self):
        self.write(5)
        first = self.convert()[1].splitlines()
        self.assertEqual(len(first), 5)
        self.assertEqual(self.convert(), (0, "", ""))
        self.write(3)
        self.rotate()
        self.write(2)
        self.rotate()
        self.rotate()
        self.rotate()  # where it stopped is compressed by now
        self.write(4)
        code, out, err = self.convert()
        self.assertEqual((code, len(out.splitlines()), err), (0, 9, ""))
        self.assertEqual(self.convert(), (0, "", ""))
        ids = [json.loads(line)["event"]["id"] for line in first + out.splitlines()]
        self.assertEqual(sorted(ids), self.wanted())

    def test_the_state_is_of_one_form_and_never_guessed_at(self):
        self.write(2)
        self.convert()
        code, out, err = curfew("convert", "--to", "ocsf", "--state", self.state, self.log)
        self.assertEqual((code, out), (4, ""))
        self.assertIn("of another form", err)
        with open(self.state, "r+", encoding="ascii") as file:
            file.truncate(30)
        code, out, err = self.convert()
        self.assertEqual((code, out), (4, ""))
        self.assertIn("no state", err)
        self.assertEqual(curfew("convert", "--to", "ecs", "--state", self.state, "-")[0], 2)

    def test_a_file_that_is_gone_is_said_and_what_is_left_is_read(self):
        self.write(3)
        self.convert()
        os.unlink(self.log)
        self.write(2)
        code, out, err = self.convert()
        self.assertEqual((code, len(out.splitlines())), (0, 2))
        self.assertIn("is gone", err)

    def test_a_file_that_cannot_be_read_is_no_reason_to_begin_anew(self):
        self.write(3)
        self.convert()
        os.rename(self.log, self.log + ".1.lz4")
        with open(self.log + ".1.lz4", "r+b") as file:
            file.write(b"\x04\x22\x4d\x18")
        self.write(2)
        code, out, err = self.convert()
        self.assertEqual((code, out), (4, ""))
        self.assertIn("cannot be read", err)

    def test_what_is_written_into_a_rotated_file_within_a_second_is_not_lost(self):
        self.write(3)
        self.convert()
        line = [r for r in lines_of(self.log) if "match" in r][0]
        self.rotate()
        self.write(1)

        def late():
            time.sleep(1)
            with open(self.log + ".1", "a", encoding="ascii") as file:
                file.write(json.dumps({**line, "sensor": "late"}, separators=(",", ":")) + "\n")

        thread = threading.Thread(target=late)
        thread.start()
        out = self.convert()[1]
        thread.join()
        self.assertEqual([json.loads(row)["observer"]["name"] for row in out.splitlines()], ["late", "edge-01"])

    def test_an_output_that_is_rotated_is_followed(self):
        self.write(3)
        self.convert("-o", self.out)
        os.rename(self.out, self.out + ".1")
        self.write(2)
        code, _, err = self.convert("-o", self.out)
        self.assertEqual(code, 0)
        self.assertIn("another file", err)
        self.assertEqual((len(lines_of(self.out)), len(lines_of(self.out + ".1"))), (2, 3))

    def test_an_output_is_a_file_of_its_own(self):
        self.write(1)
        self.assertEqual(self.convert("-o", "/dev/null")[0], 4)
        link = os.path.join(self.folder, "link")
        os.symlink(self.log, link)
        self.assertEqual(self.convert("-o", link)[0], 4)

    def test_what_a_kill_left_is_completed_and_never_cut(self):
        """The state lags behind the output by a kill: the same lines are made again and compared."""
        self.write(50)
        self.convert("-o", self.out)
        with open(self.state, encoding="ascii") as file:
            before = file.read()
        whole = os.path.getsize(self.out)
        self.write(50)
        self.convert("-o", self.out)
        with open(self.out, "rb") as file:
            wanted = file.read()
        for cut in (whole, whole + 1, len(wanted) - 1, len(wanted), random.randrange(whole, len(wanted))):
            with open(self.state, "w", encoding="ascii") as file:
                file.write(before)
            os.truncate(self.out, cut)
            self.assertEqual(self.convert("-o", self.out)[0], 0)
            with open(self.out, "rb") as file:
                self.assertEqual(file.read(), wanted)
        # What is there and was never ours to write gives way.
        with open(self.state, "w", encoding="ascii") as file:
            file.write(before)
        with open(self.out, "r+b") as file:
            file.seek(whole + 100)
            file.write(b"#" * (len(wanted) - whole))
        self.convert("-o", self.out)
        with open(self.out, "rb") as file:
            self.assertEqual(file.read(), wanted)

    def test_killed_at_random_no_line_is_lost_and_none_comes_twice(self):
        writer = subprocess.Popen([HITLOG, self.log, str(KILLS * 4000), "0", "4000"], stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: writer.poll() is None and (writer.kill(), writer.wait()))
        kills = 0
        while kills < KILLS:
            converting = subprocess.Popen([CURFEW, "log", "convert", "--to", "ecs", "-f", "--state", self.state, "-o",
                                           self.out, self.log], stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0.02, 0.9))
            if kills % 3 == 1:
                self.rotate()
                time.sleep(random.uniform(0, 0.3))
            converting.kill()
            converting.wait()
            kills += 1
        writer.wait(timeout=600)
        code, _, err = self.convert("-o", self.out)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(self.ids_in(self.out), self.wanted())

    def test_on_a_pipe_no_line_is_lost_by_a_kill(self):
        """At least once: what was handed on after the last state comes again."""
        got = set()
        writer = subprocess.Popen([HITLOG, self.log, str(KILLS * 2000), "0", "2000"], stdout=subprocess.DEVNULL)
        self.addCleanup(lambda: writer.poll() is None and (writer.kill(), writer.wait()))
        for kill in range(KILLS):
            following = subprocess.Popen([CURFEW, "log", "-f", "-j", "--state", self.state, self.log],
                                         stdout=subprocess.PIPE)
            time.sleep(random.uniform(0.05, 0.6))
            if kill % 4 == 2:
                self.rotate()
            threading.Timer(0.3, following.kill).start()
            for line in following.communicate()[0].splitlines():
                try:
                    got.add(json.loads(line)["id"])
                except ValueError:
                    pass  # cut by the kill
        writer.wait(timeout=600)
        got |= {json.loads(line)["id"] for line in curfew("-j", "--state", self.state, self.log)[1].splitlines()}
        self.assertEqual(sorted(got), self.wanted())


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/env python3
"""Logs rotated by the real logrotate(8), in many configurations, read back in order. Exits 77 without logrotate.

usage: rotation.py CURFEW HITLOG
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CURFEW, HITLOG = sys.argv[1], sys.argv[2]
LOGROTATE = shutil.which("logrotate", path="/usr/sbin:/sbin:/usr/bin:/bin")
ROUNDS, HITS = 5, 30

# Name, configuration, and what stands for another day: (pattern, replacement made of the round).
DAILY = (r"20\d\d(\d\d)(\d\d)", "2024{:02d}{:02d}")
CONFIGURATIONS = [
    ("numbers", "", None),
    ("numbers from 7", "start 7", None),
    ("numbers before the suffix", "extension .jsonl", None),
    ("numbers and gzip", "compress\ndelaycompress", None),
    ("numbers and gzip at once", "compress\nextension .jsonl", None),
    ("xz", "compress\ncompresscmd /usr/bin/xz\ncompressext .xz\ncompressoptions -0", None),
    ("bzip2", "compress\ncompresscmd /usr/bin/bzip2\ncompressext .bz2", None),
    ("zstd", "compress\ncompresscmd /usr/bin/zstd\ncompressext .zst\ncompressoptions -q", None),
    ("another ending for gzip", "compress\ncompressext .packed", None),
    ("olddir within", "olddir old\ncreateolddir 0755", None),
    ("dates", "dateext", DAILY),
    ("dates of yesterday, compressed", "dateext\ndateyesterday\ncompress\ndelaycompress", DAILY),
    ("dates before the suffix", "dateext\nextension .jsonl", DAILY),
    ("dates to the second behind a dot", "dateext\ndateformat .%Y%m%d%H%M%S", DAILY),
    ("seconds since 1970", "dateext\ndateformat -%s", (r"-(\d{10})", "-17275{:01d}24{:02d}0")),
    ("dates with day first", "dateext\ndateformat -%d-%m-%Y", (r"-\d\d-\d\d-20\d\d", "-{1:02d}-{0:02d}-2024")),
    ("weeks", "dateext\ndateformat -%Y-W%V", (r"-20\d\d-W\d\d", "-202{0:01d}-W0{1:01d}")),
    ("a word and a time", "dateext\ndateformat -at-%Y-%m-%d_%H:%M:%S", (r"20\d\d-\d\d-\d\d", "2024-{:02d}-{:02d}")),
    ("addextension", "dateext\naddextension .log\ncompress", DAILY),
    ("olddir within, dates, suffix, gzip", "olddir archive\ncreateolddir 0755\ndateext\nextension .jsonl\ncompress", DAILY),
]


def curfew(*arguments):
    result = subprocess.run([CURFEW, "log", *arguments], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout, result.stderr


class Rotation(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="curfew-rotation-")
        os.chmod(self.folder, 0o700)
        self.addCleanup(shutil.rmtree, self.folder)

    def rotate(self, folder, options):
        config = os.path.join(folder, "conf")
        with open(config, "w", encoding="ascii") as file:
            file.write('"%s/hits.jsonl" {\nrotate 400\nmissingok\nnocreate\n%s\n}\n' % (folder, options))
        os.chmod(config, 0o600)
        done = subprocess.run([LOGROTATE, "-f", "-s", os.path.join(folder, "state"), config],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def rename(self, folder, scheme, number):
        """What was rotated just now gets the date of another day."""
        pattern, made = scheme
        for path in glob.glob(folder + "/**", recursive=True):
            name = os.path.basename(path)
            if not os.path.isfile(path) or not name.startswith("hits") or ".done." in name or name == "hits.jsonl":
                continue
            if path in self.renamed or path.rsplit(".", 1)[0] in self.renamed:
                continue
            fresh = os.path.join(os.path.dirname(path), re.sub(pattern, made.format(number // 3 + 1, number + 1), name))
            os.rename(path, fresh)
            self.renamed.add(fresh)

    def run_rounds(self, folder, options, scheme):
        log = os.path.join(folder, "hits.jsonl")
        self.renamed = set()
        for number in range(ROUNDS):
            subprocess.run([HITLOG, log, str(HITS), "0", "0"], check=True, stdout=subprocess.DEVNULL)
            if number + 1 < ROUNDS:
                self.rotate(folder, options)
                if scheme is not None:
                    self.rename(folder, scheme, number)
        return log

    def check_chain(self, code, report, hidden):
        """A writer that was not running while its last seal was compressed cannot go on from it, and verify says
        so: that, and nothing else, may be found then. (Which is why the manual asks for delaycompress.)"""
        kinds = {finding["kind"] for finding in report["findings"]}
        if hidden:
            self.assertEqual((code, kinds), (1, {"restarted"}), report)
        else:
            self.assertEqual((code, kinds), (0, set()), report)

    def test_every_configuration_is_read_in_order_and_verifies(self):
        for name, options, scheme in CONFIGURATIONS:
            program = re.search(r"compresscmd (\S+)", options)
            if program and not os.path.exists(program.group(1)):
                continue
            with self.subTest(name):
                folder = tempfile.mkdtemp(dir=self.folder)
                log = self.run_rounds(folder, options, scheme)
                code, out, err = curfew("verify", "-r", "--json", log)
                report = json.loads(out)
                self.check_chain(code, report, "compress" in options and "delaycompress" not in options)
                self.assertEqual(err, "")
                self.assertEqual(report["hits"], ROUNDS * HITS, sorted(os.listdir(folder)))
                self.assertEqual(report["good_seals"], report["seals"])
                code, out, err = curfew("-r", "-j", log)
                self.assertEqual((code, err), (0, ""))
                ids = [json.loads(line)["id"] for line in out.splitlines()]
                self.assertEqual(len(ids), ROUNDS * HITS)
                self.assertEqual(ids, sorted(ids), sorted(os.listdir(folder)))

    def test_what_cannot_be_read_is_named_and_the_exit_tells(self):
        if not os.path.exists("/usr/bin/lz4"):
            self.skipTest("no lz4")
        log = self.run_rounds(self.folder, "compress\ncompresscmd /usr/bin/lz4\ncompressext .lz4\n"
                              "compressoptions -q -z -c", None)
        for arguments in (("verify", "-r", log), ("-r", log), ("convert", "-r", "--to", "ecs", log)):
            code, _, err = curfew(*arguments)
            self.assertEqual(code, 4, arguments)
            for number in range(1, ROUNDS):
                self.assertIn("hits.jsonl.%d.lz4': compressed by lz4" % number, err)

    def test_olddir_elsewhere_is_read_when_it_is_named(self):
        elsewhere = tempfile.mkdtemp(dir=self.folder)
        folder = tempfile.mkdtemp(dir=self.folder)
        log = self.run_rounds(folder, "olddir %s" % elsewhere, None)
        self.assertEqual(len(os.listdir(elsewhere)), ROUNDS - 1)
        code, out, _ = curfew("verify", "--olddir", elsewhere, "--json", log)
        self.assertEqual(json.loads(out)["hits"], ROUNDS * HITS)
        self.check_chain(code, json.loads(out), True)
        code, out, _ = curfew("-j", "--olddir", elsewhere, log)
        self.assertEqual((code, len(out.splitlines())), (0, ROUNDS * HITS))


if __name__ == "__main__":
    if LOGROTATE is None:
        print("logrotate is not installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])

#!/usr/bin/env python3
"""curfew log on logs written by a real writer: printing, filters, following, verification, kills.

usage: log.py CURFEW HITLOG
"""
import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

CURFEW, HITLOG = sys.argv[1], sys.argv[2]


def curfew(*arguments, **more):
    result = subprocess.run([CURFEW, "log", *arguments], capture_output=True, text=True, **more)
    return result.returncode, result.stdout, result.stderr


def counted(path):
    """The sum of the counts of all whole hit lines of a file."""
    total = 0
    with open(path, "rb") as log:
        for line in log:
            if line.endswith(b"\n") and b'"event_type":"dns"' in line:
                total += json.loads(line)["count"]
    return total


class LogCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="curfew-log-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.log = os.path.join(self.folder, "hits.jsonl")

    def write(self, count, fold=0, rate=0, **more):
        return subprocess.run([HITLOG, self.log, str(count), str(fold), str(rate)], check=True,
                              stdout=subprocess.DEVNULL, **more)

    def start(self, count, fold=0, rate=0):
        process = subprocess.Popen([HITLOG, self.log, str(count), str(fold), str(rate)],
                                   stdout=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def edit(self, number, change):
        with open(self.log, "rb") as log:
            lines = log.readlines()
        lines[number - 1:number] = change(lines[number - 1])
        with open(self.log, "wb") as log:
            log.writelines(lines)


class Printing(LogCase):
    def test_prints_aligned_lines_without_colour_on_a_pipe(self):
        self.write(20)
        code, out, err = curfew(self.log)
        self.assertEqual((code, err), (0, ""))
        lines = out.splitlines()
        self.assertEqual(len(lines), 20)
        self.assertNotIn("\033", out)
        self.assertEqual({line.index("block nxdomain") for line in lines}, {39})
        self.assertIn("dnl-03.geo.kaspersky.com A  [kaspersky.com in vendor-core]", lines[0])

    def test_filters_narrow_what_is_shown(self):
        self.write(20)
        for arguments, expected in [
            (["--client", "10.20.30.3"], 2), (["--client", "10.20.30.0/29"], 16),
            (["--client", "2001:db8::/32"], 0), (["--category", "updates"], 20),
            (["--category", "telemetry"], 0), (["--action", "block"], 20),
            (["--verdict", "flag"], 0), (["--name", "kaspersky.com"], 20),
            (["--name", "example.com"], 0), (["--since", "1h"], 20), (["--until", "1h"], 0),
            (["--until", "2100-01-01T00:00:00Z"], 20), (["--via", "qname"], 20),
            (["--sensor", "edge-01"], 20), (["--events"], 22), (["--name", "*.kaspersky.com"], 20),
            (["--name", "*.dnl-03.geo.kaspersky.com"], 0), (["--name", "KASPERSKY.com."], 20),
        ]:
            with self.subTest(arguments=arguments):
                code, out, err = curfew(self.log, *arguments)
                self.assertEqual((code, err), (0, ""))
                self.assertEqual(len(out.splitlines()), expected)

    def test_names_are_understood_as_people_paste_them(self):
        self.write(4)
        for name, expected in [("https://user@dnl-03.geo.kaspersky.com:443/x?y#z", 4), ("hxxp://kaspersky[.]com", 4),
                               ("||kaspersky.com^", 4), ("http://example.net/", 0)]:
            with self.subTest(name):
                code, out, err = curfew(self.log, "--name", name)
                self.assertEqual((code, len(out.splitlines())), (0, expected))
                self.assertIn("this is about", err)
        for name in ("a b", "10.0.0.256", "a..b", "", "http://"):
            with self.subTest(name):
                code, out, err = curfew(self.log, "--name", name)
                self.assertEqual((code, out), (2, ""))
                self.assertNotEqual(err, "")

    def test_what_is_mistyped_is_said(self):
        self.write(3)
        code, _, err = curfew(self.log, "--category", "typo")
        self.assertEqual(code, 2)
        self.assertIn("there are updates telemetry", err)
        code, out, err = curfew(self.log, "--sensor", "edge-02")
        self.assertEqual((code, out), (0, ""))
        self.assertIn("no line is of a sensor 'edge-02'", err)

    def test_json_passes_lines_through(self):
        self.write(5)
        code, out, _ = curfew(self.log, "--json", "--client", "10.20.30.1")
        with open(self.log, encoding="ascii") as log:
            wanted = [line for line in log if '"src_ip":"10.20.30.1"' in line]
        self.assertEqual((code, out), (0, "".join(wanted)))

    def test_wrong_use_says_what_is_wanted(self):
        for arguments, code, text in [
            (["--client", "10.0.0.1/8"], 2, "is not an address or prefix"),
            (["--since", "2024-09-29T00:00:00"], 2, "instant with offset"),
            (["--action", "destroy"], 2, "is not block, flag"),
            ([os.path.join(self.folder, "missing")], 4, "cannot open"),
            (["convert", self.log], 2, "needs --to"),
            (["convert", "--to", "xml", self.log], 2, "there are ecs and ocsf"),
        ]:
            with self.subTest(arguments=arguments):
                got, out, err = curfew(*arguments)
                self.assertEqual((got, out), (code, ""))
                self.assertIn(text, err)

    def test_names_cannot_steer_a_terminal(self):
        self.write(1)
        self.edit(2, lambda line: [line.replace(b"dnl-03.geo", b"\\u001b[2Jdnl\\u0080")])
        _, out, _ = curfew(self.log)
        self.assertIn("\\x1b[2Jdnl\\x80", out)
        self.assertNotIn("\033", out)

    def test_reads_compressed_and_rotated_files_in_order(self):
        self.write(5)
        with open(self.log, "rb") as plain, gzip.open(self.log + ".2.gz", "wb") as packed:
            packed.write(plain.read())
        os.unlink(self.log)
        self.write(6)
        os.rename(self.log, self.log + ".1")
        self.write(7)
        self.assertEqual(len(curfew(self.log)[1].splitlines()), 7)
        _, out, _ = curfew("-r", self.log)
        times = [line.split()[0] for line in out.splitlines()]
        self.assertEqual(len(times), 18)
        self.assertEqual(times, sorted(times))

    def test_converts_every_hit(self):
        self.write(5)
        for schema, key in [("ecs", "@timestamp"), ("ocsf", "class_uid")]:
            code, out, _ = curfew("convert", "--to", schema, self.log)
            self.assertEqual(code, 0)
            self.assertEqual([key in json.loads(line) for line in out.splitlines()], [True] * 5)

    def test_follows_across_rotation(self):
        self.write(3)
        following = subprocess.Popen([CURFEW, "log", "-f", self.log], stdout=subprocess.PIPE, text=True)
        self.addCleanup(following.stdout.close)
        self.addCleanup(following.wait)
        self.addCleanup(following.kill)
        for _ in range(3):
            following.stdout.readline()
        self.write(2)
        for _ in range(2):
            following.stdout.readline()
        os.rename(self.log, self.log + ".1")
        self.write(2)
        lines = [following.stdout.readline() for _ in range(2)]
        self.assertTrue(all("kaspersky.com" in line for line in lines))


    def test_follows_several_files_and_what_a_writer_still_puts_into_a_rotated_one(self):
        other = os.path.join(self.folder, "other.jsonl")
        self.write(1)
        shutil.copy(self.log, other)
        following = subprocess.Popen([CURFEW, "log", "-f", "-j", self.log, other], stdout=subprocess.PIPE, text=True)
        self.addCleanup(following.stdout.close)
        self.addCleanup(following.wait)
        self.addCleanup(following.kill)
        for _ in range(2):
            following.stdout.readline()
        with open(self.log, encoding="ascii") as log:
            line = [line for line in log if '"event_type":"dns"' in line][0]

        def put(path, mark):
            with open(path, "a", encoding="ascii") as log:
                log.write(line.replace('"edge-01"', '"%s"' % mark))

        put(other, "in-other")
        self.assertIn("in-other", following.stdout.readline())
        put(self.log, "in-log")
        self.assertIn("in-log", following.stdout.readline())
        # Rotated; a writer notices within a second only.
        os.rename(self.log, self.log + "-20240930")
        put(self.log, "in-new")
        time.sleep(0.8)
        put(self.log + "-20240930", "late")
        seen = following.stdout.readline() + following.stdout.readline()
        self.assertLess(seen.index("late"), seen.index("in-new"))

    def test_convert_hands_on_each_line_as_it_comes(self):
        self.write(1)
        with open(self.log, encoding="ascii") as log:
            line = [line for line in log if '"event_type":"dns"' in line][0]
        converting = subprocess.Popen([CURFEW, "log", "convert", "--to", "ecs", "-"], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        for _ in range(3):
            converting.stdin.write(line)
            converting.stdin.flush()
            # Nothing more is written until this one came back.
            self.assertIn("dnl-03.geo.kaspersky.com", converting.stdout.readline())
        converting.communicate(timeout=60)
        self.assertEqual(converting.returncode, 0)


class Verifying(LogCase):
    def test_names_of_sensors_do_not_steer_the_terminal(self):
        self.write(20)
        with open(self.log, encoding="ascii") as log:
            text = log.read()
        evil = os.path.join(self.folder, "evil\x1b]0;x.jsonl")
        with open(evil, "w", encoding="ascii") as log:
            log.write(text.replace('"edge-01"', '"edge\\u001b[2J\\u0007"').replace('"count":1', '"count":2', 1))
        code, out, err = curfew("verify", evil)
        self.assertEqual(code, 1)
        self.assertIn("\\x1b[2J\\x07", out)
        self.assertNotIn("\033", out + err)

    def test_untouched_log_is_unaltered(self):
        self.write(100)
        self.write(50, fold=1)
        code, out, err = curfew("verify", self.log)
        self.assertEqual((code, err), (0, ""))
        self.assertIn("unaltered: ", out)
        self.assertIn("150 hits", out)

    def test_each_edit_is_found_and_placed(self):
        self.write(30)
        with open(self.log, "rb") as log:
            original = log.read()
        edits = {
            "changed": lambda line: [line.replace(b"10.20.30", b"10.20.31")],
            "removed": lambda line: [],
            "inserted": lambda line: [line, line],
        }
        for kind, change in edits.items():
            with self.subTest(kind=kind):
                with open(self.log, "wb") as log:
                    log.write(original)
                self.edit(10, change)
                code, out, _ = curfew("verify", self.log)
                self.assertEqual(code, 1)
                self.assertIn(f": {kind}: ", out)
                report = json.loads(curfew("verify", "--json", self.log)[1])
                found = [f for f in report["findings"] if f["altered"]]
                self.assertEqual(len(found), 1)
                self.assertLessEqual(found[0]["first_line"], 10)
                self.assertGreaterEqual(found[0]["last_line"], 10)
                self.assertTrue(report["altered"])

    def test_counts_in_the_log_equal_a_folded_flood(self):
        self.write(2000000, fold=60)
        self.assertEqual(counted(self.log), 2000000)
        self.assertLess(os.path.getsize(self.log), 100000)
        self.assertEqual(curfew("verify", self.log)[0], 0)


class Trouble(LogCase):
    def test_kill_loses_at_most_what_was_queued(self):
        process = self.start(10**9, rate=2000)
        handed_over = 0
        while handed_over < 3000:
            handed_over = int(process.stdout.readline())
        # The writer looks 50 times a second; on a busy machine its turn may come later.
        deadline = time.monotonic() + 20
        while counted(self.log) < handed_over and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertGreaterEqual(counted(self.log), handed_over)
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, 0, out)
        # A torn line, as a kill in the middle of a write leaves it.
        with open(self.log, "ab") as log:
            log.write(b'{"v":1,"timestamp":"2024-10-0')
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, 0, out)
        self.assertIn("unsealed", out)
        before = counted(self.log)
        self.write(10)
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, 0, out)
        self.assertIn("repaired", out)
        self.assertEqual(counted(self.log), before + 10)
        with open(self.log, encoding="ascii") as log:
            starts = [json.loads(line) for line in log if '"event_type":"start"' in line]
        self.assertEqual((starts[1]["found"], starts[1]["repaired_bytes"]), ("torn", 29))

    def test_kill_keeps_the_repeats_of_open_windows(self):
        process = self.start(10**9, fold=60, rate=2000)
        handed_over = 0
        while handed_over < 3000:
            handed_over = int(process.stdout.readline())
        time.sleep(3)  # windows are kept once a second
        process.send_signal(signal.SIGKILL)
        process.wait()
        most = int(process.stdout.read().split()[-1]) + 1000
        self.assertEqual(counted(self.log), 10)
        self.write(10, fold=60)
        self.assertGreaterEqual(counted(self.log), handed_over + 10)
        self.assertLessEqual(counted(self.log), most + 10)
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, 0, out)
        self.assertFalse([name for name in os.listdir(self.folder) if name.endswith(".folds")])

    def test_rotation_without_a_signal_loses_nothing(self):
        process = self.start(12000, rate=2000)
        for number in (3, 2, 1):
            time.sleep(1.3)
            os.rename(self.log, f"{self.log}.{number}")
        process.wait()
        paths = [f"{self.log}.{number}" for number in (3, 2, 1)] + [self.log]
        self.assertEqual(sum(counted(path) for path in paths), 12000)
        code, out, _ = curfew("verify", "-r", self.log)
        self.assertEqual(code, 0, out)
        for path in paths:
            code, out, _ = curfew("verify", path)
            self.assertEqual(code, 0, out)
        os.unlink(paths[1])
        self.assertEqual(curfew("verify", "-r", self.log)[0], 1)

    @unittest.skipUnless(shutil.which("logrotate"), "logrotate is not installed")
    def test_logrotate_itself(self):
        config, state = os.path.join(self.folder, "conf"), os.path.join(self.folder, "state")
        with open(config, "w", encoding="ascii") as to:
            to.write(f"{self.log} {{\n su root root\n rotate 4\n create 0640\n compress\n"
                     " delaycompress\n}\n" if os.geteuid() == 0 else
                     f"{self.log} {{\n rotate 4\n create 0640\n compress\n delaycompress\n}}\n")
        process = self.start(12000, rate=2000)
        for _ in range(2):
            time.sleep(1.5)
            subprocess.run([shutil.which("logrotate"), "-f", "-s", state, config], check=True)
        process.wait()
        self.assertTrue(os.path.exists(self.log + ".2.gz"))
        code, out, _ = curfew("verify", "-r", self.log)
        self.assertEqual(code, 0, out)
        self.assertIn("12000 hits", out)

    def test_full_disk_is_counted_and_blocks_nobody(self):
        limit = 256 * 1024
        self.write(20000, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        with open(self.log + ".status", encoding="ascii") as status:
            status = json.load(status)
        self.assertEqual(status["hits"], 20000)
        self.assertTrue(status["degraded"])
        self.assertGreater(status["lost_disk"], 0)
        self.assertIn("error", status)
        self.assertLessEqual(os.path.getsize(self.log), limit)
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, 0, out)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

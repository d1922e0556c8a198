#!/usr/bin/env python3
"""What somebody names for output is never replaced unless it is a file: devices, pipes, folders, links. Needs root for
devices (made here, by mknod in a folder of its own); exits 77 without.

usage: outputs.py CURFEW LISTS HITLOG
"""
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

CURFEW, LISTS, HITLOG = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3])


class Outputs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="curfew-outputs-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.null = self.path("null")
        os.mknod(self.null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        self.image = self.path("curfew.img")
        self.log = self.path("hits.jsonl")
        self.ledger = self.path("ledger.db")
        self.policy = self.path("curfew.yaml")
        with open(self.policy, "w", encoding="ascii") as file:
            file.write("vendor: kaspersky\npreset: us-commerce-2024\n")
        self.curfew("apply", "--yes", "--policy", self.policy, "--lists", LISTS, "--image", self.image, code=0)
        subprocess.run([HITLOG, self.log, "20", "0", "0"], check=True, stdout=subprocess.DEVNULL)
        self.curfew("ledger", "ingest", "--ledger", self.ledger, self.log, code=0)

    def path(self, name):
        return os.path.join(self.folder, name)

    def curfew(self, *arguments, code=None):
        done = subprocess.run([CURFEW, *arguments], capture_output=True, text=True, check=False, timeout=300)
        if code is not None:
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
        return done

    def expect_device(self):
        about = os.lstat(self.null)
        self.assertTrue(stat.S_ISCHR(about.st_mode) and about.st_rdev == os.makedev(1, 3))

    def test_a_full_standard_output_is_no_success(self):
        for command in (["explain", "--image", self.image, "update.kaspersky.com"], ["log", "verify", self.log],
                        ["ledger", "dump", "--ledger", self.ledger], ["ledger", "digest", "--ledger", self.ledger],
                        ["log", self.log], ["report", "hosts", "--ledger", self.ledger],
                        ["list", "export", "-f", "plain", "--image", self.image], ["--version"], ["--help"]):
            with self.subTest(command[0]), open("/dev/full", "wb") as full:
                done = subprocess.run([CURFEW, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                      timeout=300)
                self.assertEqual(done.returncode, 4, (command, done.stderr))
                self.assertIn("not all could be written to standard output", done.stderr)

    def test_a_reader_that_has_enough_is_not_answered_back(self):
        done = subprocess.run(f"{CURFEW} explain --image {self.image} update.kaspersky.com | true; {CURFEW} --help | true",
                              shell=True, capture_output=True, text=True, check=False, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def commands(self, output):
        """Every way to name an output, and whether it must be a file."""
        capture = self.path("empty.pcap")
        with open(capture, "wb") as file:
            file.write(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
        leases = self.path("dnsmasq.leases")
        with open(leases, "w", encoding="ascii") as file:
            file.write("1727770443 00:00:5e:00:53:07 10.20.30.7 pc7 *\n")
        report = ["--ledger", self.ledger]
        return [
            (["list", "export", "-f", "hosts", "--image", self.image, "-o", output], False),
            (["list", "export", "-f", "rpz", "--image", self.image, "-o", output], False),
            (["export", *report, "--prometheus", output], False),
            (["report", "hosts", *report, "-o", output], False),
            (["report", "hosts", *report, "--html", "-o", output], False),
            (["monitor", "-r", capture, "--image", self.image, "--hits", output], False),
            (["monitor", "-r", capture, "--image", self.image, "--hits", self.path("m.jsonl"), "--status", output], False),
            (["hosts", "import", leases, "-f", "dnsmasq", "--image", self.path("none"), "-o", output], False),
            (["list", "bundle", os.path.join(LISTS, "kaspersky"), "-o", output], False),
            (["rehearse", "--image", self.image, self.log, "-o", output], False),
            (["apply", "--yes", "--policy", self.policy, "--lists", LISTS, "--image", output], True),
        ]

    def test_a_device_is_written_or_refused_and_never_replaced(self):
        for arguments, only_files in self.commands(self.null):
            with self.subTest(" ".join(arguments[:2])):
                done = self.curfew(*arguments)
                self.expect_device()
                if only_files:
                    self.assertNotEqual(done.returncode, 0)
                    self.assertIn("regular file", done.stderr)
                else:
                    self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual([n for n in os.listdir(self.folder) if n.startswith("null") and n != "null"], [])

    def test_a_full_device_is_said(self):
        full = self.path("full")
        os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
        for arguments, only_files in self.commands(full):
            if "--status" in arguments or "--hits" in arguments or only_files or arguments[0] == "hosts":
                continue  # a log that cannot be written goes on, and says so elsewhere
            with self.subTest(" ".join(arguments[:2])):
                done = self.curfew(*arguments)
                self.assertEqual(done.returncode, 4, done)
                self.assertIn(full, done.stderr)

    def test_a_pipe_that_nobody_reads_is_refused(self):
        pipe = self.path("pipe")
        os.mkfifo(pipe)
        for arguments, only_files in self.commands(pipe):
            if "--status" in arguments or "--hits" in arguments or arguments[0] == "hosts":
                continue
            with self.subTest(" ".join(arguments[:2])):
                done = self.curfew(*arguments)
                self.assertIn(done.returncode, (3, 4), done)
                self.assertIn("no regular file" if only_files else "nobody reads", done.stderr)
                self.assertTrue(stat.S_ISFIFO(os.lstat(pipe).st_mode))

    def test_a_folder_is_refused_and_left(self):
        place = self.path("place")
        os.mkdir(place)
        for arguments, _ in self.commands(place):
            if "--status" in arguments:
                continue  # its age tells
            with self.subTest(" ".join(arguments[:2])):
                self.assertNotEqual(self.curfew(*arguments).returncode, 0)
                self.assertTrue(os.path.isdir(place))

    def test_another_user_s_link_leads_nowhere(self):
        precious, link = self.path("precious"), self.path("link")
        with open(precious, "w", encoding="ascii") as file:
            file.write("precious\n")
        os.symlink(precious, link)
        os.lchown(link, 12345, 12345)
        for arguments, _ in self.commands(link):
            with self.subTest(" ".join(arguments[:2])):
                done = self.curfew(*arguments)
                if "--status" not in arguments:
                    self.assertNotEqual(done.returncode, 0, arguments)
                with open(precious, encoding="ascii") as file:
                    self.assertEqual(file.read(), "precious\n")

    def test_one_s_own_link_is_followed_and_stays(self):
        target, link = self.path("target"), self.path("link")
        for arguments, _ in self.commands(link):
            if "--hits" in arguments and arguments[arguments.index("--hits") + 1] == link or arguments[0] == "hosts":
                continue  # a log is appended to for months: never through a link
            with self.subTest(" ".join(arguments[:2])):
                with open(target, "w", encoding="ascii") as file:
                    file.write("old\n")
                if not os.path.islink(link):
                    os.symlink("target", link)
                self.curfew(*arguments, code=0)
                self.assertTrue(os.path.islink(link))
                with open(target, "rb") as file:
                    self.assertNotEqual(file.read(), b"old\n")


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root to make a device")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])

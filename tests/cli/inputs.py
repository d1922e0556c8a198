#!/usr/bin/env python3
"""What stands where a file should be - pipe, folder, device, loop of links - is refused at once: nothing waits, nothing
is replaced, and the message names the file. Needs root for devices (mknod in a folder of its own); exits 77 without.

usage: inputs.py CURFEW SOURCE_ROOT HITLOG
"""
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT, HITLOG = (os.path.abspath(name) for name in sys.argv[1:4])
TINY = os.path.join(ROOT, "tests/compile/packs/tiny")
# Far more than any of these takes, far less than for ever.
LIMIT_S = 120
CAPTURE = bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000")


class Inputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.top = tempfile.mkdtemp(prefix="curfew-inputs-")
        cls.sound = os.path.join(cls.top, "sound")
        shutil.copytree(os.path.join(ROOT, "lists"), os.path.join(cls.sound, "lists"))
        os.mkdir(os.path.join(cls.sound, "log"))
        os.mkdir(os.path.join(cls.sound, "own"))
        for name, text in (("curfew.yaml", "vendor: kaspersky\npreset: us-commerce-2024\n"),
                           ("pc.leases", "1727770443 00:00:5e:00:53:07 10.20.30.7 pc7 *\n"),
                           ("list.txt", "0.0.0.0 a.example.com\n"), ("unbound.conf", "server:\n")):
            with open(os.path.join(cls.sound, name), "w", encoding="ascii") as file:
                file.write(text)
        with open(os.path.join(cls.sound, "none.pcap"), "wb") as file:
            file.write(CAPTURE)
        subprocess.run([HITLOG, os.path.join(cls.sound, "log/hits.jsonl"), "20", "0", "0"], check=True,
                       stdout=subprocess.DEVNULL)
        with open(os.path.join(TINY, "pack.yaml"), encoding="utf-8") as file:
            cls.vendor = next(line.split(":")[1].strip() for line in file if line.startswith("vendor:"))
        for command in ("apply -y -p {d}/curfew.yaml -l {d}/lists -i {d}/curfew.img",
                        "ledger ingest -l {d}/ledger.db {d}/log", "ledger site edge-01 there -l {d}/ledger.db",
                        "list import -f hosts --to {d}/own {d}/list.txt", "list sign --new-key {d}/k",
                        f"list bundle {TINY} -o {{d}}/b", f"list sign {{d}}/b --key {{d}}/k.key --name {cls.vendor} "
                        "--until 60d", f"list update --from {{d}}/b --key {{d}}/k.pub --folder {{d}}/f {cls.vendor}"):
            done = cls.curfew(cls, command, cls.sound)
            assert done.returncode == 0, (command, done)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def curfew(self, command, folder):
        return subprocess.run([CURFEW, *command.format(d=folder).split()], capture_output=True, text=True, check=False,
                              timeout=LIMIT_S, stdin=subprocess.DEVNULL)

    def machine(self):
        """A fresh copy of what is sound."""
        folder = tempfile.mkdtemp(dir=self.top)
        subprocess.run(["cp", "-a", self.sound + "/.", folder], check=True)
        return folder

    @staticmethod
    def lay(path, kind):
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.unlink(path)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            os.mkdir(path)
        elif kind == "device":
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        elif kind == "loop":
            os.symlink(os.path.basename(path), path)
        elif kind == "link to a device":
            os.mknod(path + ".zero", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
            os.symlink(path + ".zero", path)
        elif kind == "socket":
            with socket.socket(socket.AF_UNIX) as made:
                    # By its last part: the address of a socket has room for 107 bytes.
                here = os.getcwd()
                os.chdir(os.path.dirname(path))
                try:
                    made.bind(os.path.basename(path))
                finally:
                    os.chdir(here)

    def refused(self, cases, kinds=("pipe", "device", "link to a device", "loop", "socket", "folder")):
        for name, command in cases:
            for kind in kinds:
                with self.subTest(f"{name} is a {kind}: {command}"):
                    folder = self.machine()
                    path = os.path.join(folder, name)
                    self.lay(path, kind)
                    before = os.lstat(path)
                    done = self.curfew(command, folder)
                    self.assertIn(done.returncode, (2, 3, 4), done)
                    self.assertIn(os.path.basename(name), done.stderr)
                    after = os.lstat(path)
                    self.assertEqual((before.st_ino, before.st_mode, before.st_rdev),
                                     (after.st_ino, after.st_mode, after.st_rdev))
                    shutil.rmtree(folder)

    def test_policy_and_packs(self):
        check = "check -p {d}/curfew.yaml -l {d}/lists"
        pack = "lists/kaspersky"
        self.refused([("curfew.yaml", check), ("curfew.yaml", "apply -y -p {d}/curfew.yaml -l {d}/lists -i {d}/new"),
                      (pack + "/names.tsv", check), (pack + "/networks.tsv", check)])
        # A loop is as if the pack were not there, which is said by the pack's name.
        self.refused([(pack + "/pack.yaml", check), (pack + "/presets/us-commerce-2024.yaml", check)],
                     kinds=("pipe", "device", "link to a device", "socket", "folder"))

    def test_lists(self):
        imports = "list import -f hosts --to {d}/own {d}/list.txt"
        self.refused([("list.txt", imports), ("own/names.tsv", imports), ("own/pack.yaml", imports)])

    def test_what_publishers_sign(self):
        update = f"list update --from {{d}}/b --key {{d}}/k.pub --folder {{d}}/f {self.vendor}"
        sign = "list sign {d}/b --key {d}/k.key --name x --until 60d"
        self.refused([("b", update.replace("/f ", "/g ")), ("b.minisig", update), ("k.pub", update), ("k.key", sign),
                      ("b", sign), ("f/.packs/serials.tsv", update)])

    def test_trust_anchor(self):
        # libunbound reads a device for ever.
        self.refused([("anchor", "list resolve {d}/own -k {d}/anchor -f 127.0.0.1@1 --stall 5 -n")])

    def test_doctor_does_not_read_what_has_no_end(self):
        folder = self.machine()
        os.truncate(folder + "/unbound.conf", 1 << 40)
        done = self.curfew("doctor -C {d}/unbound.conf -i {d}/curfew.img -o {d}/log/hits.jsonl", folder)
        self.assertIn(done.returncode, (4, 5), done)

    def test_ledger_and_what_stands_beside_it(self):
        self.refused([("ledger.db", "report -l {d}/ledger.db"), ("ledger.db", "ledger ingest -l {d}/ledger.db {d}/log"),
                      ("ledger.db.actions", "report -l {d}/ledger.db"),
                      ("ledger.db.actions", "ledger site edge-01 b -l {d}/ledger.db")],
                     kinds=("pipe", "device", "loop", "socket", "folder"))
        # An answer to "what is it called" that cannot be read was not asked yet.
        folder = self.machine()
        self.lay(folder + "/ledger.db.ptr", "pipe")
        self.assertEqual(self.curfew("report -l {d}/ledger.db", folder).returncode, 0)

    def test_lock_that_is_a_pipe_holds_nobody_up(self):
        folder = self.machine()
        self.lay(folder + "/ledger.db-lock", "pipe")
        for command in ("report -l {d}/ledger.db", "ledger ingest -l {d}/ledger.db {d}/log"):
            self.assertIn(self.curfew(command, folder).returncode, (0, 4), command)
        folder = self.machine()
        self.lay(folder + "/f/.packs/lock", "pipe")
        done = self.curfew(f"list update --from {{d}}/b --key {{d}}/k.pub --folder {{d}}/f {self.vendor}", folder)
        self.assertIn(done.returncode, (0, 4), done)

    def test_captures_and_leases(self):
        read = "monitor -r {d}/none.pcap --image {d}/curfew.img --hits {d}/m.jsonl"
        self.refused([("none.pcap", read), ("curfew.img", read), ("none.pcap", "monitor -r {d}/none.pcap --names"),
                      ("as.mmdb", read + " --asn-db {d}/as.mmdb"),
                      ("pc.leases", "hosts import {d}/pc.leases -f dnsmasq -i {d}/none -o {d}/h.jsonl")])

    def test_log_before_the_one_that_is_written_is_a_device(self):
        # The writer looks for the last seal in it: /dev/zero is read for ever.
        for kind in ("device", "link to a device", "pipe", "folder"):
            folder = self.machine()
            os.rename(folder + "/log/hits.jsonl", folder + "/log/hits.jsonl.2")
            self.lay(folder + "/log/hits.jsonl.1", kind)
            done = self.curfew("monitor -r {d}/none.pcap --image {d}/curfew.img --hits {d}/log/hits.jsonl", folder)
            self.assertEqual(done.returncode, 0, (kind, done))
            self.assertTrue(os.path.getsize(folder + "/log/hits.jsonl") > 0)

    def test_ledger_behind_a_link_stays_there(self):
        folder = self.machine()
        os.mkdir(folder + "/other")
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-lock"):
            if os.path.exists(f"{folder}/{name}"):
                os.rename(f"{folder}/{name}", f"{folder}/other/{name}")
        os.symlink("other/ledger.db", folder + "/ledger.db")
        before = self.curfew("ledger digest -l {d}/other/ledger.db", folder).stdout
        self.assertTrue(before)
        old = os.stat(folder + "/other/ledger.db").st_ino
        for command in ("ledger ingest -l {d}/ledger.db {d}/log", "ledger rebuild -l {d}/ledger.db {d}/log"):
            done = self.curfew(command, folder)
            self.assertEqual(done.returncode, 0, done)
            self.assertTrue(os.path.islink(folder + "/ledger.db"))
            self.assertFalse(os.path.exists(folder + "/ledger.db-lock"))
            self.assertEqual(self.curfew("ledger digest -l {d}/ledger.db", folder).stdout, before)
        self.assertNotEqual(os.stat(folder + "/other/ledger.db").st_ino, old)
        self.lay(folder + "/ledger.db", "none")
        os.symlink("nowhere", folder + "/ledger.db")
        done = self.curfew("ledger ingest -l {d}/ledger.db {d}/log", folder)
        self.assertEqual(done.returncode, 4, done)
        self.assertIn("leads nowhere", done.stderr)
        self.assertFalse(os.path.exists(folder + "/nowhere"))


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("needs root to make a device")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])

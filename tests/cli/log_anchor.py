#!/usr/bin/env python3
"""A log against somebody who can write it: keys, witnesses, time stamps, and what each attack is called.

usage: log_anchor.py CURFEW MINUTELOG

One file: each attack starts from the same honest log, and is named beside its neighbours.
"""
import base64
import hashlib
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
import unittest

CURFEW, MINUTELOG = sys.argv[1], sys.argv[2]
OK, ALTERED, USAGE, NO_KEY, IO, DOUBT = 0, 1, 2, 3, 4, 5
SEAL = re.compile(rb'"sha256":"[0-9a-f]{64}"')


def curfew(*arguments, **more):
    result = subprocess.run([CURFEW, "log", *arguments], capture_output=True, text=True, **more)
    return result.returncode, result.stdout, result.stderr


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True, **more).stdout


def is_seal(line):
    return SEAL.search(line) is not None


def reseal(lines, sign=None, keep_signature=False):
    """The script that the chain alone does not stand against: all hashes anew, one writer."""
    out, prev, seq, count, sha = [], "0" * 64, 0, 0, hashlib.sha256()
    for line in lines:
        if not is_seal(line):
            out.append(line)
            sha.update(line)
            count += 1
            continue
        old = json.loads(line)
        head, _, chain = line.partition(b',"chain":')
        chain = json.loads(chain[:-2])
        seq += 1
        signature = chain.pop("seal_sig", None)
        key = chain.pop("key", None)
        chain.update(seq=seq, lines=count, prev=prev)
        members = [f'"run":"{chain["run"]}"', f'"run_seq":{chain["run_seq"]}', f'"seq":{seq}', f'"lines":{count}',
                   f'"prev":"{prev}"']
        if sign is not None:
            key = sign[0]
        if key is not None and (keep_signature or sign is not None):
            members.append(f'"key":"{key}"')
        text = re.sub(rb'"written":\d+', b'"written":%d' % len(out), head)
        text = re.sub(rb'"hits":\d+', b'"hits":%d' % sum(b'"event_type":"dns"' in kept for kept in out), text)
        text += b',"chain":{' + ",".join(members).encode() + b',"sha256":"'
        sha.update(text)
        prev = sha.hexdigest()
        sha, count = hashlib.sha256(), 0
        ending = b'"}}\n'
        if sign is not None:
            signed = (f"curfew-seal-1 sensor={old['sensor']} source={old['source']} seq={seq} "
                      f"at={old['timestamp']} sha256={prev} key={key}")
            ending = b'","seal_sig":"' + sign[1](signed.encode()) + b'"}}\n'
        elif keep_signature and signature is not None:
            ending = b'","seal_sig":"' + signature.encode() + b'"}}\n'
        out.append(text + prev.encode() + ending)
    return out


class AnchorCase(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="curfew-anchor-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.log, self.keys = self.path("hits.jsonl"), self.path("keys")
        self.now = int(time.time())
        os.umask(0o022)

    def path(self, name):
        return os.path.join(self.folder, name)

    def new_key(self, writer="resolver", *options, folder=None):
        code, _, err = curfew("key", "new", writer, "--dir", folder or self.keys, *options)
        self.assertEqual((code, err), (OK, ""))
        return os.path.join(folder or self.keys, writer + ".key"), os.path.join(folder or self.keys, writer + ".pub")

    def write(self, minutes=10, ago=None, *options, path=None, sensor="edge-01", source="resolver", key=None):
        """Ends now, or began ago minutes ago; running, unless options say otherwise. The second it ended at."""
        start = self.now - (minutes if ago is None else ago) * 60
        more = [] if key is None else ["key=" + key]
        out = subprocess.run([MINUTELOG, path or self.log, sensor, source, str(start), str(minutes), *more, *options],
                             check=True, capture_output=True, text=True).stdout
        return int(out)

    def lines(self, path=None):
        with open(path or self.log, "rb") as log:
            return log.readlines()

    def put(self, lines, path=None):
        with open(path or self.log, "wb") as log:
            log.writelines(lines)

    def witness(self, *options, name="seals.txt"):
        code, out, err = curfew("seals", self.log, *options)
        self.assertEqual((code, err), (OK, ""))
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(out)
        return self.path(name)

    def verify(self, *arguments):
        code, out, err = curfew("verify", "--json", self.log, *arguments)
        self.assertEqual(err, "")
        result = json.loads(out)
        return code, {finding["kind"] for finding in result["findings"]}, result

    def signer(self, key):
        """Signs as the owner of this secret key would, by openssl."""
        with open(key, encoding="ascii") as file:
            raw = base64.b64decode(file.readlines()[1])
        pem = self.path("attacker.pem")
        der = bytes.fromhex("302e020100300506032b657004220420") + raw[62:94]
        with open(pem, "w", encoding="ascii") as file:
            file.write("-----BEGIN PRIVATE KEY-----\n" + base64.b64encode(der).decode() + "\n-----END PRIVATE KEY-----\n")
        name = raw[54:62][::-1].hex().upper()

        def sign(text):
            with open(self.path("text"), "wb") as file:
                file.write(text)
            return base64.b64encode(openssl("pkeyutl", "-sign", "-inkey", pem, "-rawin", "-in", self.path("text")))
        return name, sign

    def cut_at_seal(self, seals):
        """Everything behind the seal of this number."""
        count, kept = 0, []
        for line in self.lines():
            kept.append(line)
            count += is_seal(line)
            if count == seals:
                break
        self.put(kept)


class Honest(AnchorCase):
    def test_a_log_passes_with_its_key_and_with_its_witness(self):
        key, public = self.new_key()
        self.write(10, None, "kill", key=key)
        seals = self.witness()
        for arguments in (["--key", public], ["--seal", seals], ["--key", public, "--seal", seals]):
            with self.subTest(arguments):
                code, kinds, result = self.verify(*arguments)
                self.assertEqual((code, result["doubts"], result["alterations"]), (OK, 0, 0), kinds)
                self.assertNotIn("cannot_know", result)
        self.assertEqual(result["signed_seals"], 10)
        self.assertEqual(result["witnessed_seals"], 10)

    def test_with_neither_it_says_what_it_cannot_know(self):
        self.write(3, None, "kill")
        code, out, _ = curfew("verify", self.log)
        self.assertEqual(code, OK)
        self.assertIn("nobody vouches for it", out)
        self.assertIn("cannot_know", self.verify()[2])

    def test_unsigned_seals_pass_with_a_witness(self):
        self.write(5, None, "kill")
        code, kinds, _ = self.verify("--seal", self.witness())
        self.assertEqual(code, OK, kinds)

    def test_a_key_as_line_works_and_others_are_refused(self):
        key, public = self.new_key()
        self.write(3, None, "kill", key=key)
        line = read(public).splitlines(True)[1].strip()
        self.assertEqual(self.verify("--key", line)[0], OK)
        code, _, err = curfew("verify", self.log, "--key", line[:-1] + "!")
        self.assertEqual(code, USAGE)
        self.assertIn("no public key", err)
        code, _, err = curfew("verify", self.log, "--key", self.path("nowhere.pub"))
        self.assertEqual(code, USAGE)
        code, _, err = curfew("verify", self.log, "--seal", self.log)
        self.assertEqual(code, NO_KEY)
        self.assertIn("no seal in it", err)

    def test_a_stopped_log_passes_up_to_its_stop(self):
        key, public = self.new_key()
        end = self.write(10, 60, key=key)
        code, kinds, _ = self.verify("--key", public)
        self.assertEqual((code, kinds), (DOUBT, {"ends"}))
        instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
        self.assertEqual(self.verify("--key", public, "--to", instant)[0], OK)

    def test_what_is_older_than_asked_for_is_let_be(self):
        key, public = self.new_key()
        self.write(10, 20)
        self.write(10, 10, "kill", key=key)
        code, kinds, _ = self.verify("--key", public)
        self.assertEqual((code, kinds - {"no stop", "unsealed"}), (DOUBT, {"unvouched"}))
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now - 599))
        self.assertEqual(self.verify("--key", public, "--from", since)[0], OK)

    def test_seals_are_what_openssl_verifies(self):
        key, public = self.new_key()
        self.write(2, None, "kill", key=key, sensor="edge 01/ü")
        code, pem, _ = curfew("key", "show", "resolver", "--pem", "--dir", self.keys)
        self.assertEqual(code, OK)
        with open(self.path("key.pem"), "w", encoding="ascii") as file:
            file.write(pem)
        line = read(self.witness("--last")).rstrip("\n")
        self.assertIn(" sensor=edge%2001%2F%C3%BC ", line)
        signed, _, signature = line.partition(" sig=")
        with open(self.path("signed"), "w", encoding="ascii") as file:
            file.write(signed)
        with open(self.path("sig"), "wb") as file:
            file.write(base64.b64decode(signature))
        self.assertIn(b"Signature Verified Successfully",
                      openssl("pkeyutl", "-verify", "-pubin", "-inkey", self.path("key.pem"), "-rawin", "-in",
                              self.path("signed"), "-sigfile", self.path("sig")))
        self.assertEqual(self.verify("--key", public)[0], OK)

    def test_journal_lines_are_a_witness(self):
        self.write(4, None, "kill")
        with open(self.witness(), encoding="ascii") as file:
            lines = [f"Nov 30 10:00:0{i} host curfew-seal[7]: {line}" for i, line in enumerate(file)]
        journal = self.path("journal")
        with open(journal, "w", encoding="ascii") as file:
            file.writelines(["Nov 30 09:59:59 host unbound[7]: start of service\n", *lines, lines[1]])
        code, _, result = self.verify("--seal", journal)
        self.assertEqual((code, result["witnessed_seals"]), (OK, 4))

    def test_old_logs_without_keys_read_as_ever(self):
        self.write(5, None)
        lines = self.lines()
        self.assertNotIn(b'"key"', b"".join(lines))
        self.assertEqual(self.verify()[0], OK)


class Attacks(AnchorCase):
    """Each is said to be what it is, or a doubt; with the key or the witness none passes."""

    def setUp(self):
        super().setUp()
        self.key, self.public = self.new_key()

    def make(self, minutes=20):
        self.write(minutes, None, "kill", key=self.key)
        return self.witness()

    def remove_a_hit(self, **how):
        lines = self.lines()
        del lines[20]
        self.put(reseal(lines, **how))

    def expect(self, arguments, codes, *kinds):
        code, found, result = self.verify(*arguments)
        self.assertIn(code, codes, (found, result))
        for kind in kinds:
            self.assertIn(kind, found)
        return result

    def test_a_removed_line_sealed_anew_without_the_key(self):
        seals = self.make()
        self.remove_a_hit()
        self.expect([], [OK])
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        self.expect(["--key", self.public], [DOUBT], "unvouched", "ends")

    def test_and_with_the_old_signatures_left_in_place(self):
        seals = self.make()
        self.remove_a_hit(keep_signature=True)
        self.expect(["--key", self.public], [ALTERED], "forged")
        self.expect(["--seal", seals], [ALTERED], "rewritten")

    def test_and_signed_by_a_key_of_the_attackers(self):
        seals = self.make()
        theirs, _ = self.new_key(folder=self.path("theirs"))
        name, sign = self.signer(theirs)
        self.remove_a_hit(sign=(name, sign))
        self.expect(["--key", self.public], [ALTERED], "forged")
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        # Under the name of our key.
        with open(self.public, encoding="ascii") as file:
            ours = base64.b64decode(file.readlines()[1])[2:10][::-1].hex().upper()
        self.remove_a_hit(sign=(ours, sign))
        self.expect(["--key", self.public], [ALTERED], "forged")

    def test_even_with_the_key_stolen_the_witness_stands(self):
        seals = self.make()
        self.remove_a_hit(sign=self.signer(self.key))
        self.expect(["--key", self.public], [OK])
        self.expect(["--key", self.public, "--seal", seals], [ALTERED], "rewritten")

    def test_signatures_taken_out_of_the_lines(self):
        self.make()
        self.put([re.sub(rb'","seal_sig":"[^"]*"', b'"', line) for line in self.lines()])
        self.expect([], [ALTERED])
        self.expect(["--key", self.public], [ALTERED])

    def test_members_behind_the_digest_or_the_signature(self):
        self.make()
        plain = self.lines()
        for old, new in ((b'"}}\n', b'"},"hits":0}\n'), (b'"}}\n', b'","x":1}}\n'),
                         (b'","seal_sig":"', b'","x":"","seal_sig":"'), (b'"}}\n', b'"}} \n')):
            with self.subTest(new):
                self.put([line.replace(old, new) if is_seal(line) else line for line in plain])
                self.assertNotEqual(self.verify("--key", self.public)[0], OK)

    def test_the_end_cut_off_at_a_seal(self):
        seals = self.make()
        self.cut_at_seal(5)
        self.expect([], [OK], "ends")
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        self.expect(["--key", self.public], [DOUBT], "ends")

    def test_the_end_cut_off_and_the_writer_started_again(self):
        seals = self.make()
        self.cut_at_seal(5)
        self.write(3, 3, "kill", key=self.key)
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        self.expect(["--key", self.public], [DOUBT], "gap")

    def test_the_end_cut_off_and_the_clock_set_back_meanwhile(self):
        seals = self.make()
        self.cut_at_seal(5)
        self.write(4, 15, "kill", "jump=660", key=self.key)
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        self.expect(["--key", self.public], [DOUBT], "gap")

    def test_an_outage_that_was_witnessed_is_one(self):
        self.write(5, 20, key=self.key)
        self.write(5, 5, "kill", key=self.key)
        self.expect(["--key", self.public], [DOUBT], "gap")
        self.expect(["--key", self.public, "--seal", self.witness()], [OK])

    def test_the_end_cut_off_at_a_stop(self):
        self.write(10, 20, key=self.key)
        self.write(10, 10, key=self.key)
        seals = self.witness()
        self.cut_at_seal(11)
        self.expect(["--seal", seals], [ALTERED], "rewritten")
        self.expect(["--key", self.public], [DOUBT], "ends")

    def test_the_beginning_cut_off(self):
        seals = self.make()
        lines = self.lines()
        self.put(lines[[is_seal(line) for line in lines].index(True) + 1:])
        self.expect([], [OK], "begins")
        self.expect(["--key", self.public], [DOUBT], "begins")
        self.expect(["--seal", seals], [DOUBT], "begins")

    def test_a_file_gone_from_the_middle(self):
        seals = self.make()
        lines = self.lines()
        ends = [i + 1 for i, line in enumerate(lines) if is_seal(line)]
        self.put(lines[:ends[4]], self.log + ".2")
        self.put(lines[ends[9]:])
        for arguments in ([], ["--key", self.public], ["--seal", seals]):
            self.expect(["-r", *arguments], [ALTERED], "removed")

    def test_two_sensors_logs_swapped(self):
        folder = self.path("other")
        other_key, other_public = self.new_key(folder=folder)
        other = self.path("other.jsonl")
        seals = self.make()
        self.write(20, None, "kill", path=other, sensor="edge-02", key=other_key)
        os.rename(other, self.log)
        self.expect(["--key", self.public], [ALTERED], "forged")
        self.expect(["--seal", seals], [DOUBT], "absent")
        self.expect(["--key", self.public, "--key", other_public, "--sensor", "edge-01"], [ALTERED], "stranger")
        # And renamed.
        lines = reseal([line.replace(b'"edge-02"', b'"edge-01"') for line in self.lines()], keep_signature=True)
        self.put(lines)
        self.expect(["--key", other_public, "--sensor", "edge-01"], [ALTERED], "forged")
        self.expect(["--seal", seals], [ALTERED], "rewritten")

    def test_clocks_that_cannot_be_right(self):
        self.write(10, None, "kill", "jump=7200", key=self.key)
        self.expect(["--key", self.public], [DOUBT], "clock")  # has yet to come
        os.unlink(self.log)
        self.write(5, 10, key=self.key)
        self.write(30, 30, "kill", key=self.key)
        self.expect(["--key", self.public], [DOUBT], "clock")  # went back

    def test_a_key_that_was_replaced_in_order(self):
        self.write(5, 10, key=self.key)
        shutil.copy(self.public, self.path("old.pub"))
        shutil.copy(self.key, self.path("old.key"))
        self.new_key("resolver", "--replace")
        self.write(5, 5, "kill", key=self.key)
        self.expect(["--key", self.path("old.pub")], [OK], "key")
        self.expect(["--key", self.public, "--key", self.path("old.pub")], [OK])
        # The new one alone does not speak for what the old one signed.
        self.expect(["--key", self.public], [ALTERED], "forged")
        # Once it was replaced the old one signs nothing any more.
        self.put(reseal(self.lines()[:-1], sign=self.signer(self.path("old.key"))))
        self.expect(["--key", self.path("old.pub")], [ALTERED], "forged")

    def test_a_successor_signs_while_the_writer_runs(self):
        key, pinned = self.key, self.path("pinned.pub")
        shutil.copy(self.path("keys/resolver.pub"), pinned)
        shutil.copytree(self.keys, self.path("later"))
        successor, public = self.new_key("resolver", "--replace", folder=self.path("later"))
        status = self.path("status.json")
        self.write(20, None, "swap=" + successor, "status=" + status, key=key)
        starts = [line for line in self.lines() if b'"event_type":"start"' in line]
        signed = [json.loads(line) for line in self.lines() if b"seal_sig" in line]
        self.assertEqual((len(starts), len({seal["chain"]["key"] for seal in signed})), (1, 2))
        self.assertEqual([i for i, seal in enumerate(signed) if "key_change" in seal],
                         [next(i for i, seal in enumerate(signed) if seal["chain"]["key"] != signed[0]["chain"]["key"])])
        self.assertEqual(json.loads(read(status))["key"], signed[-1]["chain"]["key"])
        for keys in (("--key", pinned), ("--key", public, "--key", pinned)):
            found = self.expect(keys, [OK], "key")
            self.assertEqual(found["signed_seals"], found["seals"])
        # Without the old key's word for it, it is anybody's.
        self.put([re.sub(rb',"key_change":"[^"]*"', b"", line) for line in self.lines()])
        self.expect(["--key", pinned], [ALTERED], "forged")

    def test_a_key_file_spoiled_while_the_writer_runs_leaves_the_key(self):
        for name, text, why in (("damaged", "nothing\n", "no secret key"), ("open", None, "others can read")):
            with self.subTest(name):
                key, public = self.new_key(folder=self.path(name))
                spoiled, status = self.path(name + ".key"), self.path("status.json")
                with open(spoiled, "w", encoding="ascii") as file:
                    file.write(read(key) if text is None else text)
                os.chmod(spoiled, 0o644 if text is None else 0o600)
                self.write(4, None, "swap=" + spoiled, "status=" + status, key=key)
                said = json.loads(read(status))
                self.assertIn(why, said["key_error"])
                self.assertIn("goes on signing", said["key_error"])
                self.assertEqual(said["signed_seq"], said["seq"])
                self.assertEqual(self.verify("--key", public)[0], OK)
                os.unlink(self.log)

    def test_a_stolen_key_names_another_successor(self):
        """Who copied the old secret before it was replaced, and rewrites what came after."""
        self.write(5, 30, key=self.key)
        shutil.copy(self.public, self.path("old.pub"))
        shutil.copytree(self.keys, self.path("stolen"))
        self.new_key("resolver", "--replace")
        honest = self.lines()
        keys = ["--key", self.path("old.pub"), "--key", self.public]
        copy = self.path("copy.key")
        shutil.copy(self.path("stolen/resolver.key"), copy)
        theirs, _ = self.new_key("resolver", "--replace", folder=self.path("stolen"))
        self.write(20, 20, "kill", key=theirs)
        self.expect(keys, [ALTERED], "forged")
        # Or does without naming anybody, and goes on with the old one, minutes after it was replaced.
        self.put(honest)
        self.now += 1800
        self.write(20, 20, "kill", key=copy)
        result = self.expect(keys, [DOUBT], "unvouched")
        self.assertEqual(result["alterations"], 0)
        self.assertIn("somebody kept the key", str(result["findings"]))

    def test_keys_replaced_twice_are_followed_from_the_public_file(self):
        shutil.copy(self.public, self.path("first.pub"))
        self.new_key("resolver", "--replace")
        self.new_key("resolver", "--replace")
        self.write(5, None, "kill", key=self.key)
        self.expect(["--key", self.path("first.pub")], [ALTERED], "forged")  # one step is in no log
        changes = read(self.public).splitlines(True)[2:]
        self.assertEqual(len(changes), 2)
        with open(self.path("first.pub"), "a", encoding="ascii") as file:
            file.writelines(changes)
        self.expect(["--key", self.path("first.pub")], [OK])
        with open(self.path("first.pub"), "a", encoding="ascii") as file:
            file.write("curfew-key-1 at=2026-01-01T00:00:00Z old=0000000000000000 new=x sig=y\n")
        self.expect(["--key", self.path("first.pub")], [OK])

    def test_a_key_that_nobody_named(self):
        self.write(5, 10, key=self.key)
        shutil.copy(self.public, self.path("old.pub"))
        self.new_key("resolver", "--lost")
        self.write(5, 5, "kill", key=self.key)
        self.expect(["--key", self.path("old.pub")], [ALTERED], "forged")
        self.expect(["--key", self.path("old.pub"), "--key", self.public], [OK])

    def test_nothing_at_all(self):
        seals = self.make()
        self.put([])
        self.expect([], [OK], "empty")
        self.expect(["--key", self.public], [DOUBT], "empty")
        self.expect(["--seal", seals], [DOUBT], "empty", "absent")

    def test_lines_of_a_writer_who_sealed_nothing(self):
        self.make()
        lines = self.lines()
        made_up = [line.replace(b'"resolver","event_type":"dns"', b'"monitor","event_type":"dns"') for line in lines
                   if b'"event_type":"dns"' in line][:3]
        self.put(lines + made_up)
        self.expect(["--key", self.public], [DOUBT], "unvouched")

    def test_a_start_that_nobody_sealed_buys_no_time(self):
        self.make()
        self.cut_at_seal(5)
        start = self.lines()[0].replace(b'"heartbeat_s":60', b'"heartbeat_s":86400,"input":"%s"' % (b"a" * 64))
        self.put(self.lines() + [start])
        self.expect(["--key", self.public], [DOUBT, ALTERED])

    def test_lines_behind_a_stop(self):
        self.write(5, None, key=self.key)
        made_up = [line for line in self.lines() if b'"event_type":"dns"' in line][:3]
        self.put(self.lines() + made_up)
        self.expect(["--key", self.public], [DOUBT], "unvouched")
        self.expect([], [OK], "unsealed")

    def test_a_witness_that_somebody_without_the_key_made_up(self):
        self.make()
        seals = self.path("made-up")
        with open(seals, "w", encoding="ascii") as file:
            for line in read(self.witness()).splitlines(True):
                file.write(line)
            at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.now))
            file.write(f"curfew-seal-1 sensor=edge-01 source=resolver seq=7 at={at} sha256={'a' * 64}\n")
        result = self.expect(["--key", self.public, "--seal", seals], [DOUBT], "disputed")
        self.assertEqual(result["alterations"], 0)
        self.expect(["--seal", seals], [ALTERED], "rewritten")


    def test_a_witness_is_read_whatever_its_line_ends(self):
        seals = self.make()
        self.remove_a_hit()
        with open(seals, "rb") as file:
            text = file.read()
        for name, form in (("crlf", text.replace(b"\n", b"\r\n")), ("mark", b"\xef\xbb\xbf" + text), ("none", text.rstrip(b"\n")),
                           ("tabs", text.replace(b"curfew-seal-1", b"x\t\x00curfew-seal-1"))):
            with self.subTest(name):
                path = self.path(name)
                with open(path, "wb") as file:
                    file.write(form)
                self.expect(["--seal", path], [ALTERED], "rewritten")

    def test_a_witness_in_which_nothing_can_be_read_is_none(self):
        seals = self.make()
        for name, change in (("wide", lambda text: text.encode("utf-16")), ("escaped", lambda text: text.replace("edge-01", "edge%2D01").encode()),
                             ("upper", lambda text: text.upper().encode()), ("empty", lambda _: b"")):
            with self.subTest(name):
                path = self.path(name)
                with open(path, "wb") as file:
                    file.write(change(read(seals)))
                code, _, err = curfew("verify", self.log, "--seal", path)
                self.assertEqual(code, NO_KEY, err)

    def test_a_second_key_in_a_key_file_is_not_taken(self):
        self.make()
        _, theirs = self.new_key(folder=self.path("theirs"))
        attacker, _ = os.path.join(self.path("theirs"), "resolver.key"), theirs
        both = self.path("both.pub")
        with open(both, "w", encoding="ascii") as file:
            file.write(read(self.public) + read(theirs) + read(theirs).splitlines()[1] + "\n")
        self.expect(["--key", both], [OK])
        self.put(reseal(self.lines(), sign=self.signer(attacker)))
        self.expect(["--key", both], [ALTERED], "forged")

    def test_a_change_that_another_key_signed_is_not_followed(self):
        self.make()
        self.new_key(folder=self.path("theirs"))
        attacker, theirs = self.new_key("resolver", "--replace", folder=self.path("theirs"))
        ours = read(self.public).splitlines()[0].split()[-1]
        change = re.sub(r"old=\w+", "old=" + ours, read(theirs).splitlines()[2])
        both = self.path("both.pub")
        with open(both, "w", encoding="ascii") as file:
            file.write(read(self.public) + change + "\n")
        self.put(reseal(self.lines(), sign=self.signer(attacker)))
        self.expect(["--key", both], [ALTERED], "forged")

    def test_a_log_in_another_form(self):
        seals = self.make()
        lines = self.lines()
        for name, form in (("crlf", [line.replace(b"\n", b"\r\n") for line in lines]), ("twice", lines + lines),
                           ("blank lines", [line + b"\n" for line in lines]), ("turned", lines[::-1]),
                           ("a seal twice", [line for line in lines for _ in range(1 + is_seal(line))])):
            with self.subTest(name):
                self.put(form)
                for vouched in ([], ["--key", self.public], ["--seal", seals]):
                    self.expect(vouched, [ALTERED])

    def test_another_sensors_name_on_the_same_key(self):
        """One key for two sensors: a line of the one never vouches for the other."""
        other = self.path("other.jsonl")
        self.make()
        self.write(20, None, "kill", path=other, sensor="edge-02", key=self.key)
        self.put([line.replace(b'"sensor":"edge-02"', b'"sensor":"edge-01"') for line in self.lines(other)])
        self.expect(["--key", self.public], [ALTERED])
        self.put(reseal(self.lines(), keep_signature=True))
        self.expect(["--key", self.public], [ALTERED], "forged")


class Keys(AnchorCase):
    def test_the_secret_is_for_its_owner_alone(self):
        key, public = self.new_key()
        self.assertEqual(stat.S_IMODE(os.stat(key).st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(os.stat(public).st_mode), 0o644)
        secret = read(key).splitlines(True)[1].strip()
        self.write(3, None, key=key)
        self.assertNotIn(secret.encode(), b"".join(self.lines()))
        self.assertNotIn(base64.b64decode(secret)[62:94], b"".join(self.lines()))

    def test_one_that_is_there_is_kept(self):
        key, _ = self.new_key()
        before = read(key)
        code, _, err = curfew("key", "new", "resolver", "--dir", self.keys)
        self.assertEqual(code, NO_KEY)
        self.assertIn("is there already", err)
        os.unlink(self.path("keys/resolver.pub"))
        self.assertEqual(curfew("key", "new", "--missing", "resolver", "--dir", self.keys)[0], OK)
        self.assertEqual(read(key), before)
        self.assertTrue(os.path.exists(self.path("keys/resolver.pub")))
        self.assertEqual(curfew("key", "new", "nobody", "--dir", self.keys)[0], USAGE)
        self.assertEqual(curfew("key", "show", "--dir", self.path("none"))[0], 1)
        self.assertEqual(curfew("key", "sell")[0], USAGE)

    def test_a_key_that_cannot_be_used_costs_the_signature_alone(self):
        for name, spoil, why in (("open", lambda path: os.chmod(path, 0o644), "others can read"),
                                 ("cut", lambda path: os.truncate(path, 100), "no secret key"),
                                 ("gone", os.unlink, "no key"),
                                 ("pipe", lambda path: (os.unlink(path), os.mkfifo(path, 0o600)), "pipe")):
            with self.subTest(name):
                key, _ = self.new_key(folder=self.path(name))
                spoil(key)
                status = self.path("status.json")
                self.write(2, None, "status=" + status, key=key)
                said = json.loads(read(status))
                self.assertIn(why, said["key_error"])
                self.assertNotIn("key", said)
                self.assertEqual(self.verify()[0], OK)
                self.assertNotIn(b"seal_sig", b"".join(self.lines()))
                os.unlink(self.log)

    def test_the_status_file_says_who_signed_last(self):
        key, _ = self.new_key()
        status = self.path("status.json")
        self.write(2, None, "status=" + status, key=key)
        said = json.loads(read(status))
        self.assertEqual(said["signed_seq"], said["seq"])
        self.assertEqual(len(said["key"]), 16)
        self.assertEqual(said["seal_log"], "off")


class Leaving(AnchorCase):
    def test_each_seal_goes_to_the_systems_log(self):
        key, public = self.new_key()
        path = self.path("dev-log")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            server.settimeout(10)
            self.write(5, None, "kill", "socket=" + path, key=key)
            got = [server.recv(4096).decode() for _ in range(5)]
        for line in got:
            self.assertRegex(line, r"^<30>curfew-seal\[\d+\]: curfew-seal-1 sensor=edge-01 source=resolver seq=\d+ at=")
        with open(self.path("seals"), "w", encoding="ascii") as file:
            file.writelines(line + "\n" for line in got)
        code, kinds, result = self.verify("--seal", self.path("seals"), "--key", public)
        self.assertEqual((code, result["witnessed_seals"]), (OK, 5), kinds)

    def test_a_log_that_nobody_reads_holds_nothing_up(self):
        path, status = self.path("dev-log"), self.path("status.json")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(path)
            self.write(2000, None, "socket=" + path, "status=" + status)
        said = json.loads(read(status))
        self.assertEqual(said["seq"], 2001)
        self.assertGreater(said["seals_unsent"], 0)
        self.assertEqual(self.verify("--to", "2020-01-01T00:00:00Z")[0], OK)

    def test_a_log_that_is_not_there(self):
        status = self.path("status.json")
        self.write(2, None, "socket=" + self.path("nowhere"), "status=" + status)
        self.assertIn("No such file", json.loads(read(status))["seal_log"])

    def test_seals_are_printed_as_asked(self):
        self.write(10, 20)
        self.write(5, 5, source="monitor")
        _, out, _ = curfew("seals", self.log)
        self.assertEqual(len(out.splitlines()), 11 + 6)
        _, out, _ = curfew("seals", self.log, "--last")
        self.assertEqual([" source=resolver seq=11 " in out, " source=monitor seq=6 " in out, out.count("\n")],
                         [True, True, 2])
        _, out, _ = curfew("seals", self.log, "--since", "3m")
        self.assertTrue(0 < out.count("source=monitor") <= 5)
        code, out, err = curfew("seals", self.log, "--since", "2100-01-01T00:00:00Z")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("no seal", err)


HAS_LEDGER = subprocess.run([CURFEW, "ledger", "--help"], capture_output=True).returncode == 0


@unittest.skipUnless(HAS_LEDGER, "built without the ledger")
class Remembered(AnchorCase):
    """The ledger saw the log before it was rewritten."""

    def ledger(self, *arguments, code=OK):
        result = subprocess.run([CURFEW, *arguments, "--ledger", self.path("ledger.db")], capture_output=True, text=True)
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def gaps(self):
        return json.loads(self.ledger("report", "coverage", "--json"))["tables"]["gaps"]

    def test_a_log_sealed_anew_under_another_beginning_is_called_rewritten(self):
        self.write(200)
        self.ledger("ledger", "ingest", self.log)
        self.assertNotIn("rewritten", str(self.gaps()))
        lines = self.lines()
        del lines[1:20]  # also the first lines, by which a log is known
        lines[0] = lines[0].replace(b'"pid":', b'"pid":1')
        other = self.path("other.jsonl")
        self.put(reseal(lines), other)
        said = self.ledger("ledger", "ingest", other, code=1)
        self.assertIn("was rewritten: a seal in it is not the one", said)
        self.assertIn("log was rewritten", str(self.gaps()))

    def test_one_that_was_cut_and_went_on_is_called_rewritten(self):
        self.write(100, None, "kill")
        self.ledger("ledger", "ingest", self.log)
        self.cut_at_seal(95)
        self.write(10, 4)
        self.assertIn("written anew", self.ledger("ledger", "ingest", self.log, code=1))
        # Two chains behind one seal: the other one's minutes are nobody's.
        self.assertRegex(str(self.gaps()), "log was rewritten|another machine of this name")

    def test_a_rebuild_remembers(self):
        self.write(100)
        self.ledger("ledger", "ingest", self.log)
        lines = self.lines()
        del lines[20]
        self.put(reseal(lines))
        said = self.ledger("ledger", "rebuild", self.log, "--force", code=1)
        self.assertIn("was rewritten", said)
        self.assertIn("log was rewritten", str(self.gaps()))

    def test_what_it_remembers_is_a_witness(self):
        key, public = self.new_key()
        self.write(200, None, "kill", key=key)
        self.ledger("ledger", "ingest", self.log)
        seals = self.path("remembered.txt")
        with open(seals, "w", encoding="ascii") as file:
            file.write(self.ledger("ledger", "seals"))
        lines = read(seals).splitlines()
        self.assertTrue(3 <= len(lines) <= 5, lines)
        self.assertEqual(len(set(lines)), len(lines))
        self.assertIn(" seq=200 ", lines[-1])
        code, _, result = self.verify("--seal", seals)
        self.assertEqual((code, result["witnessed_seals"]), (OK, len(lines)))
        honest = self.lines()
        del honest[20]
        self.put(reseal(honest))
        self.assertEqual(self.verify()[0], OK)
        code, kinds, _ = self.verify("--seal", seals)
        self.assertEqual(code, ALTERED)
        self.assertIn("rewritten", kinds)
        # Nobody signed what a ledger remembers: beside a key it raises a doubt, and does not pass either.
        self.put(reseal(honest, sign=self.signer(key)))
        self.assertEqual(self.verify("--key", public)[0], OK)
        code, kinds, _ = self.verify("--key", public, "--seal", seals)
        self.assertEqual(code, DOUBT)
        self.assertIn("disputed", kinds)

    def test_a_ledger_that_saw_no_seal_says_so(self):
        self.put([line for line in self.lines_of_minutes() if not is_seal(line)])
        self.ledger("ledger", "ingest", self.log)
        self.assertIn("no seal is remembered", self.ledger("ledger", "seals", code=1))

    def lines_of_minutes(self):
        self.write(5)
        return self.lines()

    def test_the_same_log_again_is_the_same(self):
        self.write(150)
        self.ledger("ledger", "ingest", self.log)
        self.ledger("ledger", "rebuild", self.log)
        shutil.copy(self.log, self.path("copy.jsonl"))
        self.ledger("ledger", "ingest", self.path("copy.jsonl"))
        self.assertEqual([gap for gap in self.gaps() if "rewritten" in str(gap)], [])

    def test_actions_say_whose_process_it_was_and_are_held_against_a_witness(self):
        self.write(5)
        self.ledger("ledger", "ingest", self.log)
        for site in ("one", "two", "three"):
            self.ledger("ledger", "site", "edge-01", site)
        actions = json.loads(self.ledger("ledger", "actions", "--json"))
        self.assertTrue(all(action["by"].startswith(f"uid={os.getuid()}/") for action in actions))
        said = self.ledger("ledger", "actions", "--verify")
        self.assertIn("unaltered: 3 actions", said)
        self.assertIn("keep the next line elsewhere", said)
        with open(self.path("witness"), "w", encoding="ascii") as file:
            file.write(said)
        self.assertIn("unaltered", self.ledger("ledger", "actions", "--seal", self.path("witness")))
        path = self.path("ledger.db.actions")
        whole = self.lines(path)
        self.put(whole[:2], path)
        self.assertIn("unaltered: 2", self.ledger("ledger", "actions", "--verify"))
        self.assertIn("cut off", self.ledger("ledger", "actions", "--seal", self.path("witness"), code=NO_KEY))
        self.ledger("ledger", "site", "edge-01", "four")
        self.assertIn("rewritten", self.ledger("ledger", "actions", "--seal", self.path("witness"), code=NO_KEY))
        self.put([whole[0], whole[2]], path)
        self.ledger("ledger", "actions", "--verify", code=NO_KEY)


TSA = """
[ tsa ]
default_tsa = t
[ t ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
signer_key = {folder}/tsa.key
certs = {folder}/tsa.crt
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256, sha512, sha1
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[ ext ]
extendedKeyUsage = critical,timeStamping
"""


class Stamped(AnchorCase):
    def setUp(self):
        super().setUp()
        for name in ("tsa", "stranger"):
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    self.path(name + ".key"), "-out", self.path(name + ".crt"), "-days", "2", "-subj", "/CN=" + name,
                    "-addext", "extendedKeyUsage=critical,timeStamping")
        with open(self.path("tsa.cnf"), "w", encoding="ascii") as file:
            file.write(TSA.format(folder=self.folder))
        with open(self.path("serial"), "w", encoding="ascii") as file:
            file.write("01\n")
        self.write(10, None, "kill")
        self.seals, self.query, self.reply = self.path("seals"), self.path("q.tsq"), self.path("r.tsr")
        code, out, err = curfew("seals", self.log, "--tsq", self.query)
        self.assertEqual((code, err), (OK, ""))
        with open(self.seals, "w", encoding="ascii") as file:
            file.write(out)

    def stamp(self):
        openssl("ts", "-reply", "-config", self.path("tsa.cnf"), "-queryfile", self.query, "-out", self.reply)

    def with_stamp(self, ca="tsa.crt"):
        return ["--seal", self.seals, "--tsr", self.reply, "--tsa", self.path(ca)]

    def test_a_stamped_witness_holds(self):
        self.stamp()
        openssl("ts", "-verify", "-data", self.seals, "-in", self.reply, "-CAfile", self.path("tsa.crt"))
        self.assertEqual(self.verify(*self.with_stamp())[0], OK)

    def test_a_query_of_openssls_own_is_as_good(self):
        openssl("ts", "-query", "-data", self.seals, "-sha512", "-cert", "-out", self.query)
        self.stamp()
        self.assertEqual(self.verify(*self.with_stamp())[0], OK)

    def test_what_does_not_belong_together_is_refused(self):
        self.stamp()
        code, _, err = curfew("verify", self.log, *self.with_stamp("stranger.crt"))
        self.assertEqual(code, NO_KEY)
        self.assertIn("does not hold", err)
        with open(self.seals, "a", encoding="ascii") as file:
            file.write("\n")
        code, _, err = curfew("verify", self.log, *self.with_stamp())
        self.assertEqual(code, NO_KEY)
        openssl("ts", "-query", "-data", self.seals, "-sha1", "-cert", "-out", self.query)
        self.stamp()
        code, _, err = curfew("verify", self.log, *self.with_stamp())
        self.assertEqual(code, NO_KEY)
        self.assertIn("does not stand", err)
        with open(self.reply, "wb") as file:
            file.write(b"no reply")
        code, _, err = curfew("verify", self.log, *self.with_stamp())
        self.assertEqual(code, NO_KEY)
        self.assertIn("no time stamp reply", err)
        self.assertEqual(curfew("verify", self.log, "--seal", self.seals, "--tsr", self.reply)[0], USAGE)
        self.assertEqual(curfew("verify", self.log, "--tsr", self.reply)[0], USAGE)

    def test_a_seal_dated_behind_its_stamp_is_a_clock_that_is_wrong(self):
        os.unlink(self.log)
        self.write(10, None, "kill", "jump=3000")
        _, out, _ = curfew("seals", self.log, "--tsq", self.query)
        with open(self.seals, "w", encoding="ascii") as file:
            file.write(out)
        self.stamp()
        code, kinds, _ = self.verify(*self.with_stamp(), "--to", "2020-01-01T00:00:00Z")
        self.assertEqual(code, DOUBT)
        self.assertIn("clock", kinds)


if __name__ == "__main__":
    if shutil.which("openssl") is None:
        print("skipped: no openssl")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])

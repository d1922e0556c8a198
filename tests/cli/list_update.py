#!/usr/bin/env python3
"""Packs that publishers sign: bundle, sign, update - and every way in which one is refused.

usage: list_update.py CURFEW SOURCE_ROOT

The attacks are those of The Update Framework's specification (1.5): rollback, fast-forward, freeze,
mix and match, arbitrary software, key compromise, endless data. In each the pack in use must stay,
byte for byte. With minisign there, it is asked too.

One file: each attack starts from the same publisher and its keys, and is a few lines.
"""
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import unittest

CURFEW, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
PACK = ROOT / "tests/compile/packs/tiny"


def curfew(*args, code=None, env=None):
    done = subprocess.run([CURFEW, "list", *map(str, args)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})}, timeout=300)
    if code is not None and done.returncode != code:
        raise AssertionError(f"{args}: exit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
    return done


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.fetched = self.folder / "fetched"
        self.bundle = self.folder / "tiny.bundle"
        self.pack = self.folder / "pack"
        shutil.copytree(PACK, self.pack)
        self.vendor = next(line.split(":")[1].strip() for line in (PACK / "pack.yaml").read_text().splitlines()
                           if line.startswith("vendor:"))
        self.key = self.new_key("a")
        curfew("bundle", self.pack, "-o", self.bundle, code=0)

    def new_key(self, name):
        curfew("sign", "--new-key", self.folder / name, code=0)
        return self.folder / f"{name}.key"

    def sign(self, serial=None, key=None, until="60d", name=None, extra=(), code=0, bundle=None):
        more = ["--serial", serial] if serial is not None else []
        return curfew("sign", bundle or self.bundle, "--key", key or self.key, "--name", name or self.vendor,
                      "--until", until, *more, *extra, code=code)

    def pub(self, key=None):
        return pathlib.Path(str(key or self.key).replace(".key", ".pub"))

    def update(self, *extra, code, keys=None, place=None):
        pins = sum((["--key", self.pub(key)] for key in (keys or [self.key])), [])
        return curfew("update", "--from", place or self.bundle, "--folder", self.fetched, *pins, *extra, self.vendor,
                      code=code)

    def in_use(self):
        """What the link leads to, and a digest of it; None when nothing is in use."""
        link = self.fetched / self.vendor
        if not link.exists():
            return None
        digest = hashlib.sha256()
        for path in sorted(link.rglob("*")):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
        return os.readlink(link), digest.hexdigest()

    def edit(self, change):
        names = self.pack / "names.tsv"
        names.write_text(change(names.read_text()))
        curfew("bundle", self.pack, "-o", self.bundle, code=0)

    def refused(self, *extra, code=3, say, **more):
        before = self.in_use()
        done = self.update(*extra, code=code, **more)
        self.assertIn(say, done.stdout + done.stderr)
        self.assertEqual(self.in_use(), before)
        leftovers = [path for path in (self.fetched / ".packs").glob("*.new-*")]
        self.assertEqual(leftovers, [])
        return done


class Good(Base):
    def test_a_signed_pack_is_put_in_use_and_is_the_same(self):
        self.sign()
        self.update(code=0)
        link, _ = self.in_use()
        for path in PACK.rglob("*"):
            if path.is_file() and path.suffix in (".tsv", ".yaml") and not path.name.startswith("overlay-"):
                self.assertEqual((self.fetched / self.vendor / path.relative_to(PACK)).read_bytes(), path.read_bytes())
        self.assertTrue(link.startswith(".packs/"))
        again = self.update(code=0)
        self.assertIn("in force already", again.stdout)

    def test_the_same_pack_makes_the_same_bundle(self):
        before = self.bundle.read_bytes()
        for path in self.pack.rglob("*"):
            os.utime(path, (1, 1))
        curfew("bundle", self.pack, "-o", self.bundle, code=0)
        self.assertEqual(self.bundle.read_bytes(), before)

    def test_a_dry_run_tells_and_changes_nothing(self):
        self.sign()
        done = self.update("--dry-run", code=1)
        self.assertIn("dry run", done.stdout)
        self.assertRegex(done.stdout, r"\d+ added")
        self.assertIsNone(self.in_use())

    def test_serials_rise_by_themselves(self):
        first = self.sign().stdout
        second = self.sign().stdout
        serial = [int(text.split("serial=")[1].split()[0]) for text in (first, second)]
        self.assertEqual(serial[1], serial[0] + 1)

    def test_json_says_the_same(self):
        self.sign(serial=5)
        told = json.loads(self.update("--json", code=0).stdout)
        self.assertEqual((told["pack"], told["serial"], told["installed"]), (self.vendor, 5, True))

    def test_minisign_verifies_our_signature(self):
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        self.sign()
        done = subprocess.run(["minisign", "-V", "-H", "-p", self.pub(), "-m", self.bundle], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"name={self.vendor}", done.stdout)

    def test_the_pack_before_is_kept_and_older_ones_go(self):
        for serial in (1, 2, 3):
            self.sign(serial=serial)
            self.update(code=0)
        kept = sorted(path.name for path in (self.fetched / ".packs").iterdir() if path.is_dir())
        self.assertEqual(kept, [f"{self.vendor}.2", f"{self.vendor}.3"])

    def test_a_stop_between_note_and_switch_is_mended(self):
        self.sign(serial=1)
        self.update(code=0)
        (self.fetched / self.vendor).unlink()
        self.update(code=0)
        self.assertEqual(self.in_use()[0], f".packs/{self.vendor}.1")


class Refused(Base):
    def setUp(self):
        super().setUp()
        self.sign(serial=10)
        self.update(code=0)

    def test_rollback(self):
        self.sign(serial=9)
        self.refused(say="older than one that was taken")

    def test_replay_of_a_serial_with_other_content(self):
        self.edit(lambda text: text + "\n# another\n")
        self.sign(serial=10)
        self.refused(say="with other content")

    def test_freeze(self):
        old = json.loads(self.update("--json", code=0).stdout)
        self.assertEqual(old["serial"], 10)
        # What is offered has expired: signed in the past, as far as readers can tell.
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        digest = hashlib.sha256(self.bundle.read_bytes()).hexdigest()
        for serial, code, say in ((11, 3, "its time is over"), (10, 3, "does not fit")):
            statement = (f"curfew-pack 1 name={self.vendor} serial={serial} made=2020-01-01T00:00:00Z "
                         f"until=2020-02-01T00:00:00Z sha256={digest}")
            subprocess.run(["minisign", "-S", "-s", self.key, "-m", self.bundle, "-t", statement], check=True,
                           capture_output=True, stdin=subprocess.DEVNULL)
            if serial == 11:
                self.refused(say=say)
            else:
                done = self.update(code=5)
                self.assertIn("goes on being enforced", done.stderr)

    def test_the_statement_of_another_signature(self):
        """A newer serial's words over an older one's file: the second signature of minisign's is over both."""
        signature = pathlib.Path(f"{self.bundle}.minisig")
        self.edit(lambda text: text + "\n# another\n")
        self.sign(serial=12)
        newer = signature.read_text().splitlines(True)
        self.edit(lambda text: text + "\n# yet another\n")
        self.sign(serial=11)
        mine = signature.read_text().splitlines(True)
        for lines in ([*mine[:2], newer[2], mine[3]], [*mine[:2], *newer[2:]], [*newer[:2], *mine[2:]],
                      [*mine[:2], mine[2].replace("serial=11", "serial=11 serial=99"), mine[3]],
                      [*mine[:2], mine[2].rstrip("\n") + "\r" + mine[2], mine[3]]):
            signature.write_text("".join(lines))
            self.refused(say="stays as it is")
        # What stands behind the four lines means nothing, to minisign neither.
        signature.write_text("".join([*mine, *newer]))
        self.assertIn("serial=11 ", self.update(code=0).stdout.replace("serial 11", "serial=11 "))

    def test_a_clock_that_was_set_back(self):
        """Before its end a frozen pack is good again; one that was made after that clock says so."""
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        digest = hashlib.sha256(self.bundle.read_bytes()).hexdigest()
        statement = (f"curfew-pack 1 name={self.vendor} serial=11 made=2099-01-01T00:00:00Z "
                     f"until=2099-02-01T00:00:00Z sha256={digest}")
        subprocess.run(["minisign", "-S", "-s", self.key, "-m", self.bundle, "-t", statement], check=True, capture_output=True,
                       stdin=subprocess.DEVNULL)
        self.refused(say="made after now")

    def test_mix_and_match(self):
        self.sign(serial=11, name="another-vendor")
        self.refused(say="another name or kind")

    def test_a_bundle_of_another_vendor_under_our_name(self):
        about = self.pack / "pack.yaml"
        about.write_text(about.read_text().replace(f"vendor: {self.vendor}", "vendor: somebody"))
        curfew("bundle", self.pack, "-o", self.bundle, code=0)
        self.sign(serial=11)
        self.refused(say="not of")

    def test_an_unknown_key(self):
        self.sign(serial=11, key=self.new_key("b"))
        self.refused(say="not trusted")

    def test_changed_bytes_anywhere(self):
        self.sign(serial=11)
        good, signature = self.bundle.read_bytes(), pathlib.Path(f"{self.bundle}.minisig").read_bytes()
        for place in range(0, len(good), max(1, len(good) // 40)):
            bad = bytearray(good)
            bad[place] ^= 1
            self.bundle.write_bytes(bad)
            self.refused(say="stays as it is")
        self.bundle.write_bytes(good)
        for place in range(0, len(signature), max(1, len(signature) // 60)):
            bad = bytearray(signature)
            bad[place] ^= 1
            pathlib.Path(f"{self.bundle}.minisig").write_bytes(bad)
            done = self.update(code=None)
            # A bit of the untrusted comment means nothing; all else is refused.
            untrusted = place < signature.index(b"\n")
            self.assertTrue(done.returncode == 3 or (untrusted and done.returncode == 0), (place, done.stderr))
            if done.returncode == 0:
                shutil.rmtree(self.fetched)
                pathlib.Path(f"{self.bundle}.minisig").write_bytes(signature)
                self.update(code=0)
                self.sign(serial=10 ** 6 + place)
                signature = pathlib.Path(f"{self.bundle}.minisig").read_bytes()

    def test_cut_bundles(self):
        self.sign(serial=11)
        good = self.bundle.read_bytes()
        for size in (0, 1, 100, len(good) // 2, len(good) - 1):
            self.bundle.write_bytes(good[:size])
            self.refused(say="stays as it is")

    def test_shrinking(self):
        lines = (self.pack / "names.tsv").read_text().splitlines(keepends=True)
        head = next(i for i, line in enumerate(lines) if not line.startswith("#") and line.strip())
        columns = lines[head].rstrip("\n").split("\t")
        rows = []
        for i in range(50):
            cells = {column: "-" for column in columns}
            cells.update(name=f"n{i}.example.org", scope="subtree", category="updates", confidence="listed")
            example = dict(zip(columns, next(line for line in lines[head + 1:] if not line.startswith("#") and line.strip())
                               .rstrip("\n").split("\t")))
            rows.append("\t".join({**example, **{k: v for k, v in cells.items() if v != "-"}}[c] for c in columns) + "\n")
        base = "".join(lines)
        self.edit(lambda _: base + "".join(rows))
        self.sign(serial=11)
        self.update(code=0)
        self.edit(lambda _: base + "".join(rows[:40]))
        self.sign(serial=12)
        self.refused(say="are gone, more than 10 %")
        self.update("--max-shrink", "30", "--dry-run", code=1)
        self.sign(serial=12, extra=["--shrink"])
        self.update(code=0)

    def test_a_pack_that_does_not_read(self):
        bad = self.folder / "bad.bundle"
        (self.pack / "names.tsv").write_text("name\tscope\nrubbish\n")
        with tarfile.open(self.folder / "bad.tar", "w") as tar:
            for path in sorted(self.pack.rglob("*")):
                tar.add(path, arcname=str(path.relative_to(self.pack)), recursive=False)
        shutil.copy(self.folder / "bad.tar", bad)
        self.sign(serial=11, bundle=bad)
        self.refused(say="no good pack", place=bad)

    def test_what_has_no_place_in_a_bundle(self):
        def link(tar):
            info = tarfile.TarInfo("names.tsv")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
            tar.addfile(info)

        def outside(tar):
            tar.add(self.pack / "pack.yaml", arcname="../pack.yaml")

        def twice(tar):
            tar.add(self.pack / "pack.yaml", arcname="pack.yaml")
            tar.add(self.pack / "pack.yaml", arcname="pack.yaml")

        def device(tar):
            info = tarfile.TarInfo("names.tsv")
            info.type = tarfile.CHRTYPE
            tar.addfile(info)

        def many(tar):
            for i in range(300):
                tar.add(self.pack / "pack.yaml", arcname=f"t{i}.tsv")

        for serial, make in enumerate((link, outside, twice, device, many), 11):
            bad = self.folder / "odd.bundle"
            with tarfile.open(bad, "w") as tar:
                make(tar)
            self.sign(serial=serial, bundle=bad)
            self.refused(say="stays as it is", place=bad)

    def test_a_lost_file_of_serials_is_not_guessed(self):
        serials = self.fetched / ".packs/serials.tsv"
        serials.write_text(serials.read_text() + "rubbish\n")
        self.sign(serial=11)
        self.refused(say="serials.tsv:2")


class Policy(Base):
    """Places and keys from the policy: no option is needed."""

    def line(self, key=None):
        return self.pub(key).read_text().splitlines()[1]

    def policy(self, *updates, vendors=None):
        path = self.folder / "curfew.yaml"
        path.write_text(f"vendor: {vendors or self.vendor}\nphases: [{{name: a, from: 2024-01-01T00:00:00Z, "
                        "categories: all, verdict: block}]\nupdates:\n" + "".join(f"  - {one}\n" for one in updates))
        return path

    def one(self, places=None, keys=None, more="", pack=None):
        places = ", ".join(str(place) for place in (places or [self.bundle]))
        keys = ", ".join(keys or [self.line()])
        return f"{{pack: {pack or self.vendor}, from: [{places}], keys: [{keys}]{more}}}"

    def by_policy(self, policy, *extra, code, say=""):
        done = curfew("update", "--policy", policy, "--folder", self.fetched, *extra, code=code)
        self.assertIn(say, done.stdout + done.stderr)
        return done

    def test_no_option_is_needed(self):
        self.sign(serial=1)
        self.by_policy(self.policy(self.one()), code=0, say="put in use")
        self.assertEqual(self.in_use()[0], f".packs/{self.vendor}.1")
        self.by_policy(self.policy(self.one()), self.vendor, code=0, say="in force already")

    def test_nothing_said_is_a_mistake_of_usage(self):
        path = self.folder / "empty.yaml"
        path.write_text(f"vendor: {self.vendor}\npreset: x\n")
        self.by_policy(path, code=2, say="says nothing under updates")
        self.by_policy(path, self.vendor, code=2, say="where does")

    def test_the_next_place_is_tried(self):
        self.sign(serial=1)
        policy = self.policy(self.one([self.folder / "nowhere", self.bundle]))
        self.by_policy(policy, code=0, say="trying")
        self.assertIsNotNone(self.in_use())

    def test_a_frozen_mirror_does_not_hold_the_others(self):
        self.sign(serial=1)
        frozen = self.folder / "frozen.bundle"
        shutil.copy(self.bundle, frozen)
        shutil.copy(f"{self.bundle}.minisig", f"{frozen}.minisig")
        self.sign(serial=2)
        self.by_policy(self.policy(self.one()), code=0)
        self.sign(serial=3)
        self.by_policy(self.policy(self.one([frozen, self.bundle])), code=0, say="older than one")
        self.assertEqual(self.in_use()[0], f".packs/{self.vendor}.3")

    def test_a_place_with_another_key_is_passed_over(self):
        self.sign(serial=1)
        forged = self.folder / "forged.bundle"
        shutil.copy(self.bundle, forged)
        self.sign(serial=9, key=self.new_key("b"), bundle=forged)
        self.by_policy(self.policy(self.one([forged, self.bundle])), code=0, say="not trusted")
        self.by_policy(self.policy(self.one([forged])), code=3, say="not trusted")

    def test_keys_have_their_times(self):
        new = self.new_key("b")
        over = "{key: " + self.line() + ", until: '2020-01-01T00:00:00Z'}"
        early = "{key: " + self.line(new) + ", from: '2099-01-01T00:00:00Z'}"
        self.sign(serial=1)
        self.by_policy(self.policy(self.one(keys=[over, early])), code=3, say="not trusted")
        self.sign(serial=1, key=new)
        self.by_policy(self.policy(self.one(keys=[over, early])), code=3, say="not trusted")
        self.by_policy(self.policy(self.one(keys=[over, self.line(new)])), code=0)

    def test_a_bound_of_the_policy_holds(self):
        self.sign(serial=1)
        with open(self.bundle, "ab") as file:
            file.write(os.urandom(2 << 20))
        self.sign(serial=1)
        self.by_policy(self.policy(self.one(more=", max-mib: 1")), code=3, say="has over")

    def test_one_that_fails_does_not_stop_the_others(self):
        self.sign(serial=1)
        policy = self.policy(self.one(["/nowhere/x.bundle"], pack="other"), self.one(),
                             vendors=f"[{self.vendor}, other]")
        done = self.by_policy(policy, "--json", code=4)
        told = {one["pack"]: one for one in json.loads(done.stdout)["packs"]}
        self.assertEqual((told["other"]["installed"], told[self.vendor]["installed"]), (False, True))
        self.assertIn("cannot read", told["other"]["outcome"])


class Keys(Base):
    def test_rotation_with_an_overlap(self):
        new = self.new_key("b")
        self.sign(serial=10)
        self.update(code=0, keys=[self.key, new])
        self.sign(serial=11, key=new)
        self.update(code=0, keys=[self.key, new])
        self.sign(serial=10)
        self.refused(say="older than one", keys=[self.key, new])

    def test_a_stolen_key_that_ran_ahead_stops_nothing_once_it_is_gone(self):
        new = self.new_key("b")
        self.sign(serial=2 ** 64 - 1)
        self.update(code=0)
        self.sign(serial=11, key=new)
        self.refused(say="older than one", keys=[self.key, new])
        self.update(code=0, keys=[new])

    def test_a_key_that_others_can_read_does_not_sign(self):
        os.chmod(self.key, 0o644)
        self.assertIn("can be read by others", self.sign(code=3).stderr)

    def test_keys_are_made_once_and_secret(self):
        self.assertEqual(os.stat(self.key).st_mode & 0o777, 0o600)
        curfew("sign", "--new-key", self.folder / "a", code=4)


class Https(Base):
    """A server on loopback with a certificate of its own."""

    def setUp(self):
        super().setUp()
        if shutil.which("openssl") is None:
            self.skipTest("no openssl")
        cert, private = self.folder / "cert.pem", self.folder / "tls.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", private, "-out", cert], check=True, capture_output=True)
        self.cert, self.asked = cert, []
        test = self

        class Handler(http.server.BaseHTTPRequestHandler):
            endless = False

            def do_GET(self):
                path = test.folder / self.path.lstrip("/")
                test.asked.append((self.path, self.headers.get("If-None-Match")))
                if not path.is_file():
                    self.send_error(404)
                    return
                data = path.read_bytes()
                tag = '"' + hashlib.sha256(data).hexdigest()[:16] + '"'
                if self.headers.get("If-None-Match") == tag:
                    self.send_response(304)
                    self.end_headers()
                    return
                self.send_response(200)
                self.send_header("ETag", tag)
                if not Handler.endless: # without it only a close_notify ends the answer, which Python does not send
                    self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                try:
                    while Handler.endless:
                        self.wfile.write(b"\0" * 65536)
                except OSError:
                    pass

            def log_message(self, *args):
                pass

        self.handler = Handler
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, private)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.place = f"https://localhost:{self.server.server_port}/tiny.bundle"

    def test_over_https_and_unchanged_the_second_time(self):
        self.sign()
        self.update("--ca", self.cert, code=0, place=self.place)
        self.assertIsNotNone(self.in_use())
        self.asked.clear()
        self.update("--ca", self.cert, code=0, place=self.place)
        self.assertEqual([path for path, _ in self.asked], ["/tiny.bundle.minisig"])
        self.assertIsNotNone(self.asked[0][1])

    def test_a_server_whose_certificate_nobody_vouches_for(self):
        self.sign()
        self.refused(code=4, say="cannot fetch", place=self.place)

    def test_nothing_there(self):
        self.refused("--ca", self.cert, code=4, say="404", place=self.place + "x")

    def test_endless_data(self):
        self.sign()
        self.handler.endless = True
        self.refused("--ca", self.cert, code=3, say="has over", place=self.place)
        self.handler.endless = False

    def test_plain_http_is_refused(self):
        self.refused(code=3, say="https://", place="http://localhost:1/x")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])

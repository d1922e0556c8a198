#!/usr/bin/env python3
"""Images for many sensors: published, fetched by https, and every way in which one is refused.

usage: fetch.py CURFEW SOURCE_ROOT

After each refusal the image in force must be the one before, byte for byte. CURFEW_TEST_FULL=yes adds a
thousand sensors against one nginx.

One file: each refusal starts from the same publisher and sensor, and is a few lines.
"""
import concurrent.futures
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

CURFEW, ROOT = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2])
PACKS = ROOT / "tests/compile/packs"
POLICY = "vendor: tiny\npreset: sunset\nlog: {path: /var/log/curfew/hits.jsonl}\n"


def names(*own):
    return POLICY + "names:\n" + "".join(f"  - {{name: {name}.example.net, category: updates}}\n" for name in own)


class Base(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.www = self.folder / "www"
        self.www.mkdir()
        self.image = self.folder / "sensor" / "curfew.img"
        self.image.parent.mkdir()
        self.kept = self.image.parent / "images"
        self.key = self.new_key("a")
        self.channel_file = self.folder / "channel.yaml"
        self.follow()

    def curfew(self, *args, code=0):
        done = subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
        self.assertEqual(done.returncode, code, f"{args}\n{done.stdout}{done.stderr}")
        return done

    def new_key(self, name):
        self.curfew("list", "sign", "--new-key", self.folder / name)
        return self.folder / f"{name}.key"

    def line(self, key):
        return pathlib.Path(str(key).replace(".key", ".pub")).read_text().splitlines()[1]

    def follow(self, *keys, channel="stable", places=None, extra=""):
        places = places or [self.www / "stable.img"]
        self.channel_file.write_text(f"channel: {channel}\nfrom: [{', '.join(map(str, places))}]\nkeys:\n" + "".join(
            f"  - {self.line(key)}\n" for key in keys or [self.key]) + extra)

    def publish(self, policy=POLICY, *more, channel="stable", key=None, until="60d", code=0, to=None):
        path = self.folder / "central.yaml"
        path.write_text(policy)
        source = [] if "--image-file" in more else ["--policy", path, "--lists", PACKS]
        return self.curfew("publish", channel, "--to", to or self.www, "--key", key or self.key, "--until", until,
                           *source, *more, code=code)

    def fetch(self, *more, code=0):
        return self.curfew("fetch", "--channel-file", self.channel_file, "--image", self.image, *more, code=code)

    def state(self):
        lines = (self.kept / "channel.tsv").read_text().splitlines()
        return dict(line.split("\t", 1) for line in lines if "\t" in line)

    def in_force(self):
        return self.image.read_bytes() if self.image.exists() else None

    def knows(self, name):
        done = subprocess.run([CURFEW, "explain", f"{name}.example.net", "--image", self.image, "--at",
                               "2026-06-02T00:00:00Z"], capture_output=True, text=True, timeout=60)
        return done.returncode == 1

    def doctor(self):
        done = subprocess.run([CURFEW, "doctor", "--image", self.image, "--json"], capture_output=True, text=True,
                              timeout=120)
        return json.loads(done.stdout)

    def refused(self, say, code=3, counted=True):
        before = self.in_force()
        refusals = int(self.state()["refused"]) if (self.kept / "channel.tsv").exists() else 0
        done = self.fetch(code=code)
        self.assertIn(say, done.stderr)
        self.assertEqual(self.in_force(), before)
        self.assertEqual(int(self.state()["refused"]), refusals + counted)
        self.assertEqual(list(self.image.parent.glob("*.tmp*")), [])
        return done


class Following(Base):
    def test_what_is_published_is_in_force_after_a_fetch(self):
        self.publish(names("one"))
        done = self.fetch()
        self.assertIn("put in force", done.stdout)
        self.assertEqual(self.in_force(), (self.www / "stable.img").read_bytes())
        self.assertTrue(self.knows("one"))
        self.assertIn("in force already", self.fetch().stdout)
        self.publish(names("one", "two"))
        self.assertEqual(self.fetch("--dry-run", code=1).stderr, "")
        self.assertFalse(self.knows("two"))
        self.fetch()
        self.assertTrue(self.knows("two"))
        self.assertEqual(len(list(self.kept.glob("[0-9a-f]*.img"))), 2)
        told = json.loads(self.fetch("--json").stdout)
        self.assertEqual((told["channel"], told["in_force"]["expired"], told["refused"]), ("stable", False, 0))
        self.assertEqual(str(told["in_force"]["serial"]), self.state()["serial"])
        found = self.doctor()["channel"]
        self.assertEqual((found["name"], str(found["serial"]), found["refused"]), ("stable", self.state()["serial"], 0))

    def test_minisign_itself_checks_what_is_published(self):
        if shutil.which("minisign") is None:
            self.skipTest("no minisign")
        self.publish()
        done = subprocess.run(["minisign", "-V", "-P", self.line(self.key), "-m", self.www / "stable.img"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("curfew-image 1 name=stable", done.stdout)

    def test_a_canary_tries_the_very_bytes_that_all_get_later(self):
        self.publish(names("one"), channel="canary")
        self.follow(channel="canary", places=[self.www / "canary.img"])
        self.fetch()
        self.publish(POLICY, "--image-file", self.www / "canary.img")
        self.assertEqual((self.www / "stable.img").read_bytes(), self.in_force())
        self.follow()
        self.assertIn("put in force", self.fetch().stdout)

    def test_a_roll_back_is_a_higher_serial(self):
        self.publish(names("one"))
        self.fetch()
        first = self.in_force()
        self.publish(names("one", "two"))
        self.fetch()
        former = next(path for path in self.kept.glob("[0-9a-f]*.img") if path.read_bytes() == first)
        self.publish(POLICY, "--image-file", former, "--shrink")
        self.fetch()
        self.assertEqual(self.in_force(), first)

    def test_a_key_follows_another(self):
        new = self.new_key("b")
        self.publish(names("one"))
        self.fetch()
        self.follow(self.key, new)
        self.publish(names("one", "two"), key=new)
        self.fetch()
        self.follow(new)
        self.publish(names("one", "two", "three"), key=new)
        self.fetch()
        self.assertTrue(self.knows("three"))
        self.publish(names("one", "two", "three"), key=self.key, until="90d")  # whoever stole the first one
        self.refused("is not trusted")

    def test_one_place_that_is_gone_or_frozen_does_not_stop_another(self):
        mirror = self.folder / "mirror"
        mirror.mkdir()
        self.publish(names("one"), to=mirror)
        self.follow(places=[self.folder / "nowhere.img", mirror / "stable.img", self.www / "stable.img"])
        self.publish(names("one"))
        self.fetch()
        self.publish(names("one", "two"))
        done = self.fetch()
        self.assertIn("nowhere.img", done.stderr)
        self.assertTrue(self.knows("two"))

    def test_an_image_that_was_lost_or_damaged_comes_back(self):
        self.publish(names("one"))
        self.fetch()
        good = self.in_force()
        for harm in (lambda: self.image.unlink(), lambda: self.image.write_bytes(good[:1000]),
                     lambda: self.image.write_bytes(b"")):
            harm()
            self.assertIn("put in force again", self.fetch().stdout)
            self.assertEqual(self.in_force(), good)

    def test_what_a_person_put_in_force_here_stays_until_there_is_a_newer_one(self):
        self.publish(names("one"))
        self.fetch()
        (self.folder / "local.yaml").write_text(names("mine"))
        self.curfew("apply", "--policy", self.folder / "local.yaml", "--lists", PACKS, "--image", self.image, "--yes")
        self.assertIn("--again", self.fetch(code=5).stdout)
        self.assertTrue(self.knows("mine"))
        self.fetch("--again")
        self.assertTrue(self.knows("one"))
        self.assertFalse(self.knows("mine"))

    def test_what_is_early_waits_beside_and_needs_nobody_when_its_time_comes(self):
        self.publish(names("one"))
        self.fetch()
        before = self.in_force()
        start = time.time() + 4
        self.publish(names("one", "two"), "--from", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start)))
        if time.time() < start - 1:  # a machine that is ten times slower has no time to look
            self.assertIn("kept until its time comes", self.fetch().stdout)
            self.assertEqual(self.in_force(), before)
            shutil.rmtree(self.www)
        time.sleep(max(0, start + 1 - time.time()))
        self.fetch()
        self.assertTrue(self.knows("two"))
        self.assertFalse((self.kept / "next.img").exists())

    def test_what_has_expired_goes_on_and_is_said(self):
        self.publish(names("one"), until="4s")
        self.fetch()
        before = self.in_force()
        time.sleep(5)
        done = self.fetch(code=5)
        self.assertIn("goes on being enforced", done.stderr)
        self.assertEqual(self.in_force(), before)
        problems = self.doctor()["problems"]
        self.assertTrue(any("goes on being enforced" in problem for problem in problems), problems)

    def test_nothing_can_be_reached(self):
        self.publish()
        self.fetch()
        shutil.rmtree(self.www)
        self.refused("stable.img", code=4, counted=False)

    def test_two_at_once_and_a_folder_of_others(self):
        self.publish()
        self.fetch()
        os.chmod(self.kept, 0o777)
        self.assertIn("images", self.fetch(code=3).stderr)


class Refusals(Base):
    def setUp(self):
        super().setUp()
        self.publish(names("one"))
        self.fetch()

    def sign(self, *more, name="stable"):
        self.curfew("list", "sign", self.www / "stable.img", "--image", "--name", name, "--key", self.key,
                    "--until", "60d", *more)

    def test_an_older_serial(self):
        old = (self.www / "stable.img").read_bytes(), (self.www / "stable.img.minisig").read_bytes()
        self.publish(names("one", "two"))
        self.fetch()
        (self.www / "stable.img").write_bytes(old[0])
        (self.www / "stable.img.minisig").write_bytes(old[1])
        self.refused("older")

    def test_the_same_serial_with_other_bytes(self):
        serial = self.state()["serial"]
        self.publish(names("one", "two"), "--serial", serial)
        self.refused(f"serial {serial} of stable")

    def test_another_channel(self):
        self.publish(names("one", "two"), channel="canary")
        for ending in ("", ".minisig"):
            shutil.copy(self.www / f"canary.img{ending}", self.www / f"stable.img{ending}")
        self.refused("canary")

    def test_another_key(self):
        self.publish(names("one", "two"), key=self.new_key("b"))
        self.refused("is not trusted")
        self.assertIn("not trusted", self.doctor()["channel"]["last_refusal"])

    def test_a_pack_in_place_of_an_image(self):
        self.curfew("list", "sign", self.www / "stable.img", "--name", "stable", "--key", self.key, "--until", "60d",
                    "--serial", "2099010101")
        self.refused("stable")

    def test_cut_and_changed_files(self):
        self.publish(names("one", "two"))
        image, signature = self.www / "stable.img", self.www / "stable.img.minisig"
        good, signed = image.read_bytes(), signature.read_text()
        lines = signed.splitlines(keepends=True)
        chance = random.Random(7)
        flips = [chance.randrange(len(good)) for _ in range(3)]
        cases = [(good[:-1], signed), (good + b"\0", signed), (b"", signed)]
        cases += [(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:], signed) for at in flips]
        cases += [(good, signed.replace("serial=2", "serial=3")),
                  (good, "".join([lines[0], lines[1][:20] + ("A" if lines[1][20] != "A" else "B") + lines[1][21:], *lines[2:]])),
                  (good, "".join(lines[:3])), (good, "")]
        for data, text in cases:
            image.write_bytes(data)
            signature.write_text(text)
            self.refused("refused")
        image.write_bytes(good)
        signature.write_text(signed)
        self.fetch()
        self.assertTrue(self.knows("two"))

    def test_expired_before_it_came(self):
        self.publish(names("one", "two"), until="1s")
        time.sleep(2.1)
        self.refused("its time is over")

    def test_of_another_format(self):
        data = bytearray((self.www / "stable.img").read_bytes())
        for version in (data[8] - 1, data[8] + 1):
            data[8] = version  # the format's number follows the magic
            (self.www / "stable.img").write_bytes(data)
            self.sign("--serial", str(2099010101 + version))
            self.refused("refused")

    def test_much_is_gone_and_nobody_says_that_it_is_meant(self):
        many = [f"n{i}" for i in range(200)]
        self.publish(names("one", *many))
        self.fetch()
        self.assertIn("--shrink", self.publish(names("one"), code=1).stderr)
        self.publish(names("one"), "--max-shrink", "100")
        self.refused("takes away")
        self.publish(names("one"), "--shrink")
        self.fetch()
        self.assertFalse(self.knows("n2"))

    def test_a_full_disk(self):
        self.publish(names("one", *[f"n{i}" for i in range(3000)]))
        before = self.in_force()
        limit = len(before) + 4096
        done = subprocess.run(["prlimit", f"--fsize={limit}", CURFEW, "fetch", "--channel-file", self.channel_file,
                               "--image", self.image], capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.in_force(), before)
        self.fetch()
        self.assertTrue(self.knows("n7"))

    def test_mistakes_of_the_file_are_said_with_line_and_key(self):
        self.follow(extra="max-shrink: 200\n")
        self.assertIn("channel.yaml:5: max-shrink:", self.fetch(code=3).stderr)
        self.channel_file.unlink()
        self.fetch(code=4)

    def test_an_image_that_is_one_sensors(self):
        policy = POLICY.replace("hits.jsonl}", "hits.jsonl, sensor: edge-1}")
        self.assertIn("edge-1", self.publish(policy, code=3).stderr)


class Killed(Base):
    def test_at_any_moment_the_image_is_the_old_or_the_new(self):
        self.publish(names("one"))
        self.fetch()
        took = time.monotonic()
        self.fetch()
        took = time.monotonic() - took
        chance = random.Random(11)
        for turn in range(30):
            before = self.in_force()
            self.publish(names("one", *[f"t{turn}x{i}" for i in range(50)]), "--shrink")
            child = subprocess.Popen([CURFEW, "fetch", "--channel-file", self.channel_file, "--image", self.image],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(0, 1.2 * took))
            child.send_signal(signal.SIGKILL)
            child.wait()
            self.assertIn(self.in_force(), (before, (self.www / "stable.img").read_bytes()))
            if turn % 3 == 0:
                self.fetch()
                self.assertEqual(self.in_force(), (self.www / "stable.img").read_bytes())


class OverHttps(Base):
    def setUp(self):
        super().setUp()
        pem = self.folder / "server.pem"
        done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", pem, "-out",
                               self.folder / "ca.pem", "-days", "2", "-subj", "/CN=localhost", "-addext",
                               "subjectAltName=DNS:localhost"], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("no openssl")
        with open(pem, "a", encoding="ascii") as out:
            out.write((self.folder / "ca.pem").read_text())
        www, asked = str(self.www), []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args, **kinds):
                super().__init__(*args, directory=www, **kinds)

            def do_GET(self):
                asked.append(self.path)
                super().do_GET()

            def log_message(self, *_):
                pass

        self.asked = asked
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.place = f"https://localhost:{self.server.server_address[1]}/stable.img"

    def test_what_is_in_force_is_not_fetched_again(self):
        self.publish()
        self.follow(places=[self.place], extra=f"ca: {self.folder}/ca.pem\n")
        done = subprocess.run(
            [CURFEW, "fetch", "--channel-file", self.channel_file, "--image", self.image], capture_output=True,
            text=True, timeout=120)
        if "without libcurl" in done.stderr:
            self.skipTest("built without libcurl")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.asked, ["/stable.img.minisig", "/stable.img"])
        self.fetch()
        self.assertEqual(self.asked[2:], ["/stable.img.minisig"])

    def test_a_certificate_that_is_not_trusted(self):
        self.publish()
        self.follow(places=[self.place])
        self.fetch(code=4)
        self.assertIsNone(self.in_force())


class AThousand(Base):
    def test_a_thousand_sensors_and_one_nginx(self):
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        if os.environ.get("CURFEW_TEST_FULL") != "yes" or not os.path.exists(nginx):
            self.skipTest("CURFEW_TEST_FULL is not yes, or no nginx")
        self.publish(names("one"))
        pem, ca = self.folder / "s.key", self.folder / "ca.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", pem, "-out", ca, "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)
        conf = self.folder / "nginx.conf"
        port = 20000 + os.getpid() % 20000
        user = "user root;" if os.getuid() == 0 else ""
        conf.write_text(f"{user} pid {self.folder}/pid; error_log {self.folder}/error.log; daemon off; worker_processes 1;\n"
                        f"events {{}}\nhttp {{ access_log off; client_body_temp_path {self.folder}/b; proxy_temp_path {self.folder}/p;"
                        f" fastcgi_temp_path {self.folder}/f; uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;\n"
                        f"server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {ca}; ssl_certificate_key {pem};"
                        f" root {self.www}; }} }}\n")
        server = subprocess.Popen([nginx, "-c", conf], stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        time.sleep(1)
        self.follow(places=[f"https://localhost:{port}/stable.img"], extra=f"ca: {ca}\n")

        def one(number):
            image = self.folder / f"sensor-{number}" / "curfew.img"
            image.parent.mkdir()
            done = subprocess.run([CURFEW, "fetch", "--channel-file", self.channel_file, "--image", image],
                                  capture_output=True, text=True, timeout=600)
            return done.returncode, image.read_bytes() if image.exists() else None

        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            found = list(pool.map(one, range(1000)))
        self.assertEqual(set(found), {(0, (self.www / "stable.img").read_bytes())})


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0]])

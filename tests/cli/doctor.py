#!/usr/bin/env python3
"""doctor: what it finds out about an installation, sound or not.

usage: doctor.py CURFEW SOURCE_ROOT
"""
import datetime
import json
import os
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], sys.argv[2]
KEYS = {"unbound", "unbound_version", "dynlib", "module", "module_matches", "image", "image_in_force", "log",
        "hits", "lost", "degraded"}
CONFIGURE = "--with-dynlibmodule --prefix=/usr"


class Doctor(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.dir = scratch.name
        self.image, self.log = self.path("curfew.img"), self.path("hits.jsonl")
        subprocess.run([CURFEW, "apply", "--image", self.image, "--lists", os.path.join(ROOT, "lists"),
                        "--policy", os.path.join(ROOT, "plugin/cli/curfew.yaml")],
                       check=True, stdout=subprocess.DEVNULL)
        explained = subprocess.run([CURFEW, "explain", "a.example", "--image", self.image, "--json"],
                                   capture_output=True, check=True)
        self.digest = json.loads(explained.stdout)["image"]
        self.write_unbound("1.99.1", "dns64 dynlib respip validator iterator")
        self.write("curfew.so", f"...unbound 1.99.1\0...{CONFIGURE}\0...")
        self.write_status()
        self.write("unbound.conf", f'''server:
          module-config: "dynlib iterator"
        dynlib:
          dynlib-file: "{self.path("curfew.so")}"
          dynlib-file: "curfew-image={self.image}"
          dynlib-file: curfew-log={self.log} # beside the resolver
        ''')

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as to:
            to.write(text)

    def write_unbound(self, version, modules):
        self.write("unbound", f"""#!/bin/sh
echo 'Version {version}'
echo
echo 'Configure line: {CONFIGURE}'
echo 'Linked modules: {modules}'
""")
        os.chmod(self.path("unbound"), 0o755)

    def write_status(self, **changed):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.write("hits.jsonl.status.json", json.dumps({
            "v": 1, "written": now, "pid": 4711, "image_in_force": True, "image": self.digest, "hits": 42,
            "nested": {"hits": 1, "list": ["}", 2]}, "flagged": 40, "blocked": 2, "lost": 0,
            "degraded": False, **changed}))

    def doctor(self, *more):
        result = subprocess.run([CURFEW, "doctor", "--config", self.path("unbound.conf"), "--unbound",
                                 self.path("unbound"), "--json", *more], capture_output=True, text=True)
        value = json.loads(result.stdout)
        self.assertLessEqual(KEYS, set(value))
        self.assertEqual(result.returncode, 5 if value["degraded"] else 0)
        return value

    def problem(self, text):
        value = self.doctor()
        self.assertTrue(value["degraded"])
        self.assertTrue(any(text in problem for problem in value["problems"]), value["problems"])
        return value

    def test_a_sound_installation_is_not_degraded(self):
        value = self.doctor()
        self.assertEqual(value["problems"], [])
        self.assertEqual((value["unbound_version"], value["dynlib"]), ("1.99.1", True))
        self.assertEqual((value["module_matches"], value["image_in_force"]), (True, self.digest))
        self.assertEqual((value["hits"], value["lost"], value["log"]), (42, 0, self.log))

    def test_an_unbound_without_dynlib_is_told(self):
        self.write_unbound("1.99.1", "respip validator iterator")
        self.assertFalse(self.problem("built without dynlib")["dynlib"])

    def test_a_module_for_another_unbound_is_told(self):
        self.write_unbound("1.99.2", "dynlib")
        self.assertFalse(self.problem("built for another unbound")["module_matches"])

    def test_a_missing_module_is_told(self):
        os.unlink(self.path("curfew.so"))
        self.assertIsNone(self.problem("no module at")["module"])

    def test_a_broken_image_is_told(self):
        with open(self.image, "r+b") as image:
            image.seek(200)
            image.write(b"\xff\xff")
        self.assertFalse(self.problem("cannot use image")["image_valid"])

    def test_an_image_not_taken_up_yet_is_told(self):
        self.write_status(image="0" * 64)
        self.problem("still acts by image 000000000000")

    def test_an_image_that_the_module_refuses_is_told(self):
        self.write_status(image_refused="image format 2, but this program reads 1")
        self.problem("refused the image on disk: image format 2, but this program reads 1")

    def test_who_signs_the_log_is_told(self):
        os.mkdir(self.path("keys"))
        key = self.path("keys/resolver.key")
        self.write("keys/resolver.key", "secret")
        os.chmod(key, 0o600)
        with open(self.path("unbound.conf"), "a", encoding="utf-8") as to:
            to.write(f'  dynlib-file: "curfew-key={key}"\n')
        now = datetime.datetime.now(datetime.timezone.utc)
        stamp, old = (when.strftime("%Y-%m-%dT%H:%M:%SZ") for when in (now, now - datetime.timedelta(minutes=10)))
        self.write_status(key="0123456789ABCDEF", signed_seq=7, signed_at=stamp, seal_log="syslog")
        result = self.doctor()
        self.assertEqual((result["key"], result["signed_seq"], result["degraded"]), ("0123456789ABCDEF", 7, False))
        self.write_status(key="0123456789ABCDEF", signed_seq=7, signed_at=old, seal_log="syslog")
        self.assertIn("newest signed seal is", " ".join(self.doctor()["problems"]))
        self.write_status(key_error=f"'{key}': others can read it", seal_log="off")
        self.assertIn("seals are not signed: ", " ".join(self.doctor()["problems"]))
        self.write_status(key_error=f"'{key}': there is no key", seal_log="off")
        self.assertIn("cannot see the key that is there", " ".join(self.doctor()["problems"]))
        self.write_status(key="0123456789ABCDEF", key_error=f"'{key}': no secret key; the key from before goes on signing",
                          signed_seq=7, signed_at=stamp, seal_log="syslog")
        self.assertIn("is of no use", " ".join(self.doctor()["problems"]))
        os.chmod(key, 0o640)
        self.write_status(key="0123456789ABCDEF", signed_seq=7, signed_at=stamp, seal_log="syslog")
        self.assertIn("others can read the sensor key", " ".join(self.doctor()["problems"]))
        os.unlink(key)
        self.write_status(key_error=f"'{key}': there is no key", seal_log="off")
        self.assertFalse(self.doctor()["degraded"])  # as good as before there were keys

    def test_lost_hits_and_a_failing_log_are_told(self):
        self.write_status(lost=3, degraded=True)
        self.assertEqual(self.problem("3 hits were lost")["lost"], 3)
        self.problem("cannot be written at present")

    def test_a_second_writer_of_the_log_is_told(self):
        self.write_status(source="resolver.2")
        self.problem("calls itself 'resolver.2'")
        self.write_status(source="resolver")
        self.assertFalse(self.doctor()["degraded"])

    def test_a_module_that_fell_silent_is_told(self):
        self.write_status(written="2024-09-29T04:00:00Z")
        self.problem("has not written its status")
        os.unlink(self.log + ".status.json")
        self.assertIsNone(self.problem("no status of a running module")["hits"])

    def test_a_resolver_that_does_not_answer_is_told(self):
        # Nothing listens on port 1 of the loopback.
        result = subprocess.run([CURFEW, "doctor", "--config", self.path("unbound.conf"), "--unbound",
                                 self.path("unbound"), "--live=127.0.0.1@1"], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no answer", result.stdout)

    def test_included_files_are_read_as_unbound_does(self):
        # As Debian lays it out: the main file only includes, quoted or not, relative to directory: or not.
        os.makedirs(self.path("conf.d/deep"))
        whole = 'dynlib:\n  dynlib-file: "{}" # the module\n  dynlib-file:\'curfew-image={}\'\n'
        self.write("conf.d/module.conf", whole.format(self.path("curfew.so"), self.image))
        self.write("conf.d/deep/log.conf", f"#include: nothing\ndynlib: dynlib-file: curfew-log={self.log}\n")
        for text in ('server: module-config: "dynlib iterator"\n'
                     f'include-toplevel: "{self.dir}/conf.d/*.conf"\ninclude: {self.dir}/conf.d/deep/l*.conf\n',
                     f'server: module-config: dynlib\ndirectory: "{self.dir}"\ninclude:"conf.d/{{module,none}}.conf"\n'
                     'include: conf.d/deep/*\n'):
            self.write("unbound.conf", text)
            value = self.doctor()
            self.assertEqual(value["problems"], [], text)
            self.assertEqual((value["module"], value["image"], value["log"]),
                             (self.path("curfew.so"), self.image, self.log))

    def test_includes_in_a_circle_and_without_end_come_to_an_end(self):
        self.write("unbound.conf", f'include: "{self.dir}/unbound.conf"\ninclude: "{self.dir}/none.conf"\n'
                   f'dynlib: dynlib-file: "{self.path("curfew.so")}"\ndynlib-file: "curfew-log={self.log}"\n')
        self.assertEqual(self.doctor("--image", self.image)["module"], self.path("curfew.so"))
        os.mkdir(self.path("many"))
        for n in range(1100):
            self.write(f"many/{n}.conf", f'include: "{self.dir}/many/*.conf"\n')
        self.write("unbound.conf", f'include: "{self.dir}/many/*.conf"\n'
                   f'dynlib: dynlib-file: "{self.path("curfew.so")}"\ndynlib-file: "curfew-log={self.log}"\n')
        self.assertEqual(self.doctor("--image", self.image)["module"], self.path("curfew.so"))

    def test_the_unbounds_own_tool_is_asked_first(self):
        self.write("unbound.conf", "dynlib: dynlib-file: /nonexistent/curfew.so\n")
        script = ('#!/bin/sh\n[ "$1 $2 $3" = "-o dynlib-file {0}" ] || exit 1\n'
                  'echo "[1] unbound-checkconf[2:0] warning: so so" >&2\n{1}printf "%s\\n" "{2}" "curfew-image={3}"\n')
        words = (self.path("unbound.conf"), self.path("curfew.so"), self.image)
        self.write("unbound-checkconf", script.format(words[0], "", *words[1:]))
        os.chmod(self.path("unbound-checkconf"), 0o755)
        self.assertEqual(self.doctor("--log", self.log)["module"], self.path("curfew.so"))
        # One that cannot print the option, as Debian's: the file is read here.
        self.write("unbound-checkconf", script.format(words[0], "echo error: no; exit 1\n", *words[1:]))
        self.assertIsNone(self.doctor("--log", self.log)["module"])

    def add(self, text, name="unbound.conf"):
        with open(self.path(name), "a", encoding="utf-8") as to:
            to.write(text)

    def sound_config(self, *first):
        self.write("unbound.conf", "".join(f"{line}\n" for line in first))
        self.add(f'dynlib:\n dynlib-file: "{self.path("curfew.so")}"\n dynlib-file: "curfew-image={self.image}"\n'
                 f' dynlib-file: "curfew-log={self.log}"\n')

    def test_a_module_config_that_does_not_load_the_module_is_named_with_its_line(self):
        for line, words in (('module-config: "respip iterator"', "'respip iterator'"), ("module-config: iterator", "'iterator'"),
                            ('module-config: "dynlibx iterator"', "'dynlibx iterator'")):
            self.sound_config("server:", "  verbosity: 1", "  " + line)
            self.problem(f"module-config {words} ({self.path('unbound.conf')}:3) does not load the module")
        for words in ("respip dynlib iterator", "validator iterator dynlib"):
            self.sound_config(f'server: module-config: "{words}"')
            self.problem(f"module-config '{words}' ({self.path('unbound.conf')}:1): dynlib has to come first")
        self.sound_config("server: verbosity: 1")
        self.problem("no module-config in")
        self.sound_config('server: module-config: "dynlib respip validator iterator"')
        self.assertEqual(self.doctor()["problems"], [])

    def test_the_file_that_is_read_last_wins(self):
        os.mkdir(self.path("d"))
        names = ["m.conf", "z.conf", "a.conf", "k.conf"]
        for name in names:  # made in another order than that of their names
            self.write("d/" + name, f'server:\n\n module-config: "{name[0]} iterator"\n')
        self.sound_config(f'include-toplevel: "{self.dir}/d/*.conf"')
        self.problem(f"module-config 'z iterator' ({self.path('d/z.conf')}:3)")

    def test_a_module_that_was_never_loaded_is_not_called_stopped(self):
        self.sound_config('server: module-config: "iterator"')
        for status in ({"state": "stopped"}, {"written": "2024-09-29T04:00:00Z"}):
            self.write_status(**status)
            value = self.problem("the module is not loaded; its last status is ")
            self.assertFalse([text for text in value["problems"] if "does unbound run" in text])
        os.unlink(self.log + ".status.json")
        self.problem("it was never loaded with this log")

    def test_trips_and_failures_are_told(self):
        self.write_status(trips=2, failures=7)
        self.assertEqual(self.problem("2 listed answers were found in Unbound's own cache")["trips"], 2)
        self.assertEqual(self.problem("7 queries were answered SERVFAIL")["failures"], 7)

    def test_what_unbound_answers_itself_is_named_with_its_line(self):
        listed, parent = "s00.upd.kaspersky.com", "kaspersky.com"
        for lines, what in (((f'local-data: "{listed} A 192.0.2.1"',), f"local-data of '{listed}' answers 1 listed name "),
                            ((f'local-data: "{listed.upper()}. 60 IN A 192.0.2.1"',), f"local-data of '{listed}'"),
                            ((f"local-zone: {parent} redirect",), f"local-zone of '{parent}' answers"),
                            ((f'local-zone: "deep.{listed}" always_null',), f"local-zone of 'deep.{listed}' answers 1 listed"),
                            (('local-zone: "." refuse',), "local-zone of '.' answers"),
                            (("view:", "name: x", f"local-zone: {listed} static"), f"local-zone of '{listed}'"),
                            (("auth-zone:", f'name: "{parent}"', "zonefile: x"), f"auth-zone of '{parent}'"),
                            (("auth-zone:", "for-downstream: yes", f"name: {parent}"), f"auth-zone of '{parent}'")):
            self.sound_config("server:", ' module-config: "dynlib iterator"', *lines)
            line = 3 + [n for n, text in enumerate(lines) if parent in text.lower() or '"."' in text][0]
            self.problem(f"{self.path('unbound.conf')}:{line}: {what}")

    def test_what_unbound_hands_on_is_not_told(self):
        self.sound_config("server:", ' module-config: "dynlib iterator"', 'local-zone: "kaspersky.com" transparent',
                          "local-zone: kaspersky.com. typetransparent", "local-zone: kaspersky.com always_transparent",
                          'local-zone: "example.net" static', 'local-data: "kaspersky.com.example.net A 192.0.2.1"',
                          'local-data-ptr: "192.0.2.1 s00.upd.kaspersky.com"', "stub-zone:", "name: kaspersky.com",
                          "auth-zone:", 'name: "."', "for-downstream: no", "forward-zone:", "name: kaspersky.com")
        self.assertEqual(self.doctor()["problems"], [])

    def test_many_statements_are_counted(self):
        names = subprocess.run([CURFEW, "list", "export", "-f", "plain", "--image", self.image], capture_output=True, text=True,
                               check=True).stdout.split()
        names = [name for name in names if name.endswith(".kaspersky.com")][:20]
        self.assertGreater(len(names), 8)
        self.sound_config("server:", ' module-config: "dynlib iterator"', *(f'local-data: "{name} A 192.0.2.1"' for name in names))
        self.problem(f"and {len(names) - 4} more statements that answer listed names")

    def test_what_the_guard_and_the_rebuild_say_is_told(self):
        os.mkdir(self.path("guard"))
        environment = dict(os.environ, CURFEW_GUARD_STATE=self.path("guard"))

        def problems():
            done = subprocess.run([CURFEW, "doctor", "--config", self.path("unbound.conf"), "--unbound", self.path("unbound"),
                                   "--json"], capture_output=True, text=True, env=environment)
            self.assertEqual(done.returncode, 5 if json.loads(done.stdout)["problems"] else 0)
            return json.loads(done.stdout)["problems"]
        self.write("guard/state", "mode=zone\nat=2026-11-29T20:00:00Z\nwhy=this unbound is another build\n")
        self.write("guard/rebuild", "state=failed\nat=2026-11-29T20:05:00Z\nwhy=no compiler\n")
        self.assertEqual(problems(), ["unbound-guard (2026-11-29T20:00:00Z): a response policy zone is in force instead of "
                                      "the module: this unbound is another build",
                                      "curfew-rebuild (2026-11-29T20:05:00Z): failed: no compiler"])
        self.write("guard/state", "mode=none\nat=x\nwhy=y\n")
        self.write("guard/rebuild", "state=done\n")
        self.assertEqual(problems(), ["unbound-guard (x): nothing is enforced: y"])
        self.write("guard/state", "mode=module\nat=x\nwhy=\n")
        self.assertEqual(problems(), [])

    def test_foreign_text_cannot_move_the_cursor(self):
        self.write_status(image_refused="bad \x1b]0;owned\x07\x1b[2J \u202e", source="a.\x1b[31m")
        self.sound_config('server: module-config: "iterator\x1b[5m"')
        result = subprocess.run([CURFEW, "doctor", "--config", self.path("unbound.conf"), "--unbound",
                                 self.path("unbound"), "--log", self.log], capture_output=True)
        self.assertEqual(result.returncode, 5)
        self.assertNotIn(b"\x1b", result.stdout + result.stderr)
        self.assertNotIn("\u202e".encode(), result.stdout)
        self.assertIn(rb"bad \x1b]0;owned", result.stdout)

    def test_pipes_and_folders_are_not_waited_for(self):
        for name in ("hits.jsonl.status.json", "curfew.so"):
            os.unlink(self.path(name))
            os.mkfifo(self.path(name))
        os.mkfifo(self.path("fifo.conf"))
        os.mkdir(self.path("folder.conf"))
        self.add(f'include: "{self.dir}/f*.conf"\n')
        self.assertTrue(self.doctor()["degraded"])

    def test_text_and_usage(self):
        result = subprocess.run([CURFEW, "doctor", "--config", self.path("unbound.conf"), "--unbound",
                                 self.path("unbound")], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0)
        self.assertIn("42 (40 flagged, 2 blocked), 0 lost", result.stdout)
        for arguments in (["--bogus"], ["extra"]):
            self.assertEqual(subprocess.run([CURFEW, "doctor", *arguments], capture_output=True).returncode, 2)
        self.assertEqual(subprocess.run([CURFEW, "doctor", "--config", "/nonexistent"],
                                        capture_output=True).returncode, 4)


unittest.main(argv=sys.argv[:1], verbosity=2)

#!/usr/bin/env python3
"""The packages that build-debs makes: what is in them, what they ask for, and that they work, go and leave nothing.

usage: test_packages.py SOURCE_ROOT BUILD_ROOT [UNBOUND]

Packs BUILD_ROOT when it is configured for /usr, as tests/run does, else a quick build of its own. Installing
happens in an overlay of this machine's root in a mount namespace; nothing of the machine is changed. UNBOUND is
the one that BUILD_ROOT's module was made for. Skips (77) where there is no Debian to pack for.

One file: packing takes minutes, and every question is asked of the same packages.
"""
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
UNBOUND = sys.argv[3] if len(sys.argv) > 3 else ""
BUILD_DEBS = SOURCE / "plugin/resolver/dist/build-debs"
TOOLS = ["dpkg-deb", "dpkg-shlibdeps", "dpkg-architecture", "scdoc", "meson", "ninja"]
OF_DEBIAN = "/usr/sbin:/usr/bin:/sbin:/bin"
POLICY = "/etc/curfew/curfew.yaml"

# Makes this machine's root under $1/root, as dpkg and the scripts of a package see it, runs the script $2 in
# it and lists what is other than before. /run, /tmp, /dev are its own: nothing of it reaches a daemon outside.
OVERLAY = r"""
set -eu
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for folder in run tmp dev; do mount -t tmpfs tmpfs "$1/root/$folder"; done
mount -t proc proc "$1/root/proc"
for node in null:3 zero:5 random:8 urandom:9; do mknod -m 666 "$1/root/dev/${node%:*}" c 1 "${node#*:}"; done
cp -r "$2"/. "$1/root/tmp"
env -i PATH=/tmp/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$1/root" sh -c 'cd /tmp && exec sh -eu ./scenario' 2>&1
echo "## left"
cd "$1/upper"
find . ! -type d | grep -Ev '^./(var/lib/dpkg|var/cache|etc/(passwd|group|shadow|gshadow|sub[ug]id)|etc/.pwd.lock|var/log/dpkg.log)' || true
find . -type d | while read -r folder; do [ -d "/$folder" ] || echo "$folder"; done
cat "$1/root/etc/passwd" "$1/root/etc/group" | grep curfew || true
"""


def output(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


def prefix_of(build):
    options = json.loads((build / "meson-info/intro-buildoptions.json").read_text())
    return next(option["value"] for option in options if option["name"] == "prefix")


def quick_build(folder):
    """A build for /usr without optimisation; with ccache a few seconds."""
    environment = dict(os.environ, PATH=OF_DEBIAN)
    if "CC" not in environment and shutil.which("ccache", path=OF_DEBIAN):
        environment["CC"] = "ccache gcc"
    output("meson", "setup", folder, SOURCE, "--prefix=/usr", "--buildtype=plain", "-Dtests=false",
           "-Dbench=false",
           env=environment)
    output("ninja", "-C", folder, env=environment)


def build_debs(out, *options):
    return subprocess.run([BUILD_DEBS, "--out", out, *options], capture_output=True, text=True, check=False)


def skip_elsewhere():
    """Before any test, since unittest takes an exit for an error."""
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=OF_DEBIAN)]
    if missing:
        print("skipped: no " + ", ".join(missing))
        sys.exit(77)


def setUpModule():
    global SCRATCH, PACKED, PROGRAM, MODULE
    SCRATCH = tempfile.TemporaryDirectory()
    folder = pathlib.Path(SCRATCH.name)
    PACKED = BUILD
    if prefix_of(BUILD) != "/usr":
        PACKED = folder / "build"
        quick_build(PACKED)
    done = build_debs(folder / "out", "--program-only", "--build", PACKED)
    assert done.returncode == 0, done.stderr
    (PROGRAM,) = (folder / "out").glob("curfew_*.deb")
    MODULE = None
    if (BUILD / "plugin/resolver/curfew.so").exists() and UNBOUND:
        done = build_debs(folder / "out", "--module-only", "--build", BUILD, "--unbound-bin", UNBOUND)
        assert done.returncode == 0, done.stderr
        (MODULE,) = (folder / "out").glob("curfew-unbound_*.deb")


def tearDownModule():
    SCRATCH.cleanup()


class Contents(unittest.TestCase):
    """What lies in the package of the program, and what it says of itself."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.folder.name)
        output("dpkg-deb", "-R", PROGRAM, cls.root)
        cls.files = {"/" + str(path.relative_to(cls.root)) for path in cls.root.rglob("*") if path.is_file()}
        cls.files = {name for name in cls.files if not name.startswith("/DEBIAN/")}
        cls.fields = dict(line.split(": ", 1) for line in (cls.root / "DEBIAN/control").read_text().splitlines()
                          if not line.startswith(" "))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def below(self, name):
        return self.root / name.lstrip("/")

    def test_program_unit_and_policy_are_there(self):
        for name in ("/usr/bin/curfew", "/usr/lib/systemd/system/curfew-monitor@.service", POLICY,
                     "/usr/lib/sysusers.d/curfew.conf", "/etc/curfew/monitor.env", "/etc/logrotate.d/curfew-monitor",
                     "/usr/lib/systemd/system/curfew-tap.service", "/etc/curfew/tap.env", "/etc/logrotate.d/curfew-tap",
                     "/usr/share/bash-completion/completions/curfew"):
            self.assertIn(name, self.files)
        self.assertEqual([name for name in self.files if name.endswith(".so") or "unbound" in name], [])

    def test_every_list_is_there_as_it_is_in_the_source(self):
        wanted = {f"/usr/share/curfew/{path.relative_to(SOURCE)}": path for path in (SOURCE / "lists").rglob("*")
                  if path.is_file()}
        self.assertGreater(len(wanted), 5)
        for name, path in wanted.items():
            self.assertEqual(self.below(name).read_bytes(), path.read_bytes())

    def test_every_page_of_the_manual_is_there_and_compressed(self):
        pages = {path.name[:-len(".scd")] for path in (SOURCE / "docs/man").glob("*.scd")}
        self.assertEqual({name for name in self.files if "/man/" in name},
                         {f"/usr/share/man/man{page[-1]}/{page}.gz" for page in pages})
        for page in pages:
            self.assertIn(".TH", gzip.decompress(self.below(f"/usr/share/man/man{page[-1]}/{page}.gz").read_bytes()).decode())

    def test_licence_and_changelog_are_there(self):
        licence = self.below("/usr/share/doc/curfew/copyright").read_text()
        for line in (SOURCE / "LICENSE").read_text().splitlines()[4:]:
            self.assertIn(line.strip(), licence)
        self.assertIn("Copyright: 2026 the curfew authors", licence)
        changelog = gzip.decompress(self.below("/usr/share/doc/curfew/changelog.gz").read_bytes()).decode()
        self.assertTrue(changelog.startswith(f"curfew ({self.fields['Version']}) "), changelog)

    def test_all_belongs_to_root_and_only_root_may_write(self):
        lines = output("dpkg-deb", "-c", PROGRAM).splitlines()
        self.assertGreater(len(lines), len(self.files))
        for line in lines:
            self.assertRegex(line, r"^[d-]rw[x-]r-[x-]r-[x-] root/root ")

    def test_fields_are_those_of_this_build(self):
        version = re.search(r"^  version: '(.*)',", (SOURCE / "meson.build").read_text(), re.M).group(1)
        self.assertEqual(self.fields["Package"], "curfew")
        self.assertEqual(self.fields["Version"], version)
        self.assertEqual(self.fields["Architecture"], output("dpkg", "--print-architecture").strip())
        size_kib = sum(self.below(name).stat().st_size for name in self.files) / 1024
        self.assertGreater(int(self.fields["Installed-Size"]), size_kib)
        self.assertLess(int(self.fields["Installed-Size"]), size_kib + 2 * len(self.files))

    def test_packages_of_all_its_libraries_are_asked_for(self):
        asked = {re.split(r"[ :|(]", clause.strip())[0] for clause in self.fields["Depends"].split(",")}
        needed = re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", self.below("/usr/bin/curfew")))
        where = dict(re.findall(r"^\s*(\S+) => (\S+)", output("ldd", self.below("/usr/bin/curfew")), re.M))
        self.assertGreater(len(needed), 5)
        # dpkg knows a library by its name before or after the merger of /lib into /usr.
        paths = {library: str(pathlib.Path(where[library]).resolve()) for library in needed}
        names = [name for path in paths.values() for name in (path, path.removeprefix("/usr"))]
        owners = dict(reversed(line.split(": ", 1)) for line in subprocess.run(
            ["dpkg-query", "-S", *names], capture_output=True, text=True, check=False).stdout.splitlines())
        for library, path in paths.items():
            owner = owners.get(path) or owners[path.removeprefix("/usr")]
            self.assertIn(owner.split(":")[0], asked, library)
        for library, owner in (("libpcap", "libpcap0.8"), ("libsqlite3", "libsqlite3-0")):
            self.assertTrue(any(owner in name for name in asked), f"built without {library}: {asked}")

    def test_bill_of_materials_names_every_library_by_package_and_version(self):
        self.check_bill(self.root, "curfew", "/usr/bin/curfew")
        beside = PROGRAM.with_suffix(".spdx.json")
        self.assertEqual(beside.read_bytes(), self.below("/usr/share/doc/curfew/curfew.spdx.json").read_bytes())

    def test_bill_of_materials_of_the_module(self):
        if MODULE is None:
            self.skipTest("no module was built (-Dunbound_src=)")
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "root"
            output("dpkg-deb", "-R", MODULE, root)
            (module,) = root.rglob("curfew.so")
            self.check_bill(root, "curfew-unbound", "/" + str(module.relative_to(root)))

    def check_bill(self, root, package, name):
        """The form of SPDX 2.3 (what it makes mandatory), and that nothing which is linked is missing."""
        path = root / name.lstrip("/")
        bill = json.loads((root / f"usr/share/doc/{package}/{package}.spdx.json").read_text())
        self.assertEqual((bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]), ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(bill["documentNamespace"], r"^https://[^#]+$")
        self.assertRegex(bill["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertRegex(bill["creationInfo"]["creators"][0], "^Tool: .")
        ids = [part["SPDXID"] for part in bill["packages"] + bill["files"]]
        self.assertEqual(len(ids), len(set(ids)))
        for part in ids:
            self.assertRegex(part, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for part in bill["packages"]:
            self.assertTrue(part["name"] and part["versionInfo"] and part["downloadLocation"], part)
            self.assertIs(part["filesAnalyzed"], False)
            self.assertIn(part["licenseDeclared"], ("BSD-2-Clause", "MIT", "NOASSERTION"))
        kinds = {"DESCRIBES", "CONTAINS", "DYNAMIC_LINK", "DEPENDS_ON", "STATIC_LINK"}
        for relation in bill["relationships"]:
            self.assertIn(relation["relationshipType"], kinds)
            self.assertIn(relation["spdxElementId"], ids + ["SPDXRef-DOCUMENT"])
            self.assertIn(relation["relatedSpdxElement"], ids)
        self.assertIn("DESCRIBES", {relation["relationshipType"] for relation in bill["relationships"]})
        (entry,) = bill["files"]
        self.assertEqual(entry["fileName"], "." + name)
        self.assertIn({"algorithm": "SHA256", "checksumValue": hashlib.sha256(path.read_bytes()).hexdigest()}, entry["checksums"])
        versions = {part["name"]: part["versionInfo"] for part in bill["packages"]}
        needed = re.findall(r"NEEDED.*\[(.*)\]", output("readelf", "-d", path))
        linked = {relation["relatedSpdxElement"] for relation in bill["relationships"]
                  if relation["relationshipType"] == "DYNAMIC_LINK"}
        owners = set()
        for library in needed:
            listed = output("dpkg-query", "-S", "*/" + library).splitlines()
            owners |= {line.split(":")[0] for line in listed if "/lib/x86_64-linux-gnu/" + library in line or
                       "/lib/aarch64-linux-gnu/" + library in line}
        self.assertGreater(len(owners), 0)
        self.assertEqual({"SPDXRef-Package-" + owner.replace("+", "-") for owner in owners}, linked)
        for owner in owners:
            installed = output("dpkg-query", "-W", "-f", "${Version}\n", owner).splitlines()
            self.assertIn(versions[owner], installed)

    def test_lintian_finds_nothing(self):
        if not shutil.which("lintian"):
            self.skipTest("no lintian")
        packages = [PROGRAM] + ([MODULE] if MODULE else [])
        done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *packages], capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        # Each override stands under its reason.
        for package in packages:
            with tempfile.TemporaryDirectory() as folder:
                output("dpkg-deb", "-x", package, folder)
                (overrides,) = pathlib.Path(folder).glob("usr/share/lintian/overrides/*")
                lines = overrides.read_text().splitlines()
            self.assertTrue(lines[0].startswith("# "), lines)

    def test_files_of_the_site_are_kept_at_an_upgrade(self):
        named = (self.root / "DEBIAN/conffiles").read_text().split()
        self.assertEqual(set(named), {name for name in self.files if name.startswith("/etc/")})

    def test_sums_are_right(self):
        lines = (self.root / "DEBIAN/md5sums").read_text().splitlines()
        self.assertEqual({"/" + line.split("  ", 1)[1] for line in lines},
                         {name for name in self.files if not name.startswith("/etc/")})
        for line in lines:
            digest, name = line.split("  ", 1)
            self.assertEqual(hashlib.md5(self.below(name).read_bytes()).hexdigest(), digest, name)

    def test_program_is_stripped_and_runs_on_its_lists(self):
        self.assertNotIn(".symtab", output("readelf", "-S", self.below("/usr/bin/curfew")))
        said = output(self.below("/usr/bin/curfew"), "check", "--policy", self.below(POLICY), "--lists",
                      self.below("/usr/share/curfew/lists"))
        self.assertRegex(said, r"^good: kaspersky \d+, preset us-commerce-2024")

    def test_the_same_build_makes_the_same_package(self):
        again = self.root / "again"
        self.assertEqual(build_debs(again, "--program-only", "--build", PACKED).returncode, 0)
        self.assertEqual((again / PROGRAM.name).read_bytes(), PROGRAM.read_bytes())


class Refusals(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.out = pathlib.Path(self.folder.name) / "out"

    def tearDown(self):
        self.folder.cleanup()

    def test_a_build_for_another_prefix_is_refused(self):
        other = pathlib.Path(self.folder.name) / "other"
        shutil.copytree(PACKED / "meson-info", other / "meson-info")
        path = other / "meson-info/intro-buildoptions.json"
        options = json.loads(path.read_text())
        next(option for option in options if option["name"] == "prefix")["value"] = "/opt/other"
        path.write_text(json.dumps(options))
        done = build_debs(self.out, "--program-only", "--build", other)
        self.assertEqual(done.returncode, 4)
        self.assertIn("configured for '/opt/other'", done.stderr)
        self.assertEqual(list(self.out.glob("*.deb")), [])

    def test_a_folder_that_others_can_write_is_refused(self):
        for mode in (0o777, 0o775, 0o1777):
            self.out.mkdir(exist_ok=True)
            self.out.chmod(mode)
            done = build_debs(self.out, "--program-only", "--build", PACKED)
            self.assertEqual(done.returncode, 4, oct(mode))
            self.assertIn("not yours alone", done.stderr)
            self.assertEqual(list(self.out.iterdir()), [])
        if os.geteuid() == 0:
            self.out.chmod(0o755)
            shutil.chown(self.out, "nobody")
            self.assertIn("not yours alone", build_debs(self.out, "--program-only", "--build", PACKED).stderr)

    def build_unbound(self, *options):
        return subprocess.run([SOURCE / "plugin/resolver/build-unbound", "--dir", self.out, *options],
                              capture_output=True, text=True, check=False)

    def test_a_source_that_cannot_be_had_names_what_else_can_be_built(self):
        # With and without a network: no archive has this version.
        done = self.build_unbound("--source-only", "--version", "0.0-nosuch1")
        self.assertEqual(done.returncode, 3, done.stderr)
        for words in ("unbound 0.0-nosuch1", "--source DIR", "--version VERSION", "--release NAME", "--nearest",
                      "response policy zone"):
            self.assertIn(words, done.stderr)

    def test_unbound_is_not_built_where_everybody_may_write(self):
        self.out.mkdir()
        self.out.chmod(0o1777)
        done = self.build_unbound("--source-only")
        self.assertEqual(done.returncode, 4)
        self.assertIn("everybody may write", done.stderr)

    def test_a_folder_without_a_build_is_refused(self):
        done = build_debs(self.out, "--program-only", "--build", self.folder.name)
        self.assertEqual(done.returncode, 4)
        self.assertIn("no build folder", done.stderr)

    def test_options_that_do_not_go_together_are_usage(self):
        for options in ([], ["--build", PACKED], ["--module-only", "--build", PACKED], ["--program-only", "--nonsense"]):
            with self.subTest(options=options):
                done = build_debs(self.out, *options) if options else \
                    subprocess.run([BUILD_DEBS], capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn("usage:", done.stderr)


class Needs(unittest.TestCase):
    def test_quickstart_installs_every_library_that_is_built_with(self):
        # It runs on machines where nothing is installed yet, unlike those of developers.
        of_tests = {"libcmocka-dev", "libclang-rt-dev", "libhiredis-dev"}  # the last: caches of other Unbounds
        wanted = set(re.findall(r"^(lib\S+-dev)\b", (SOURCE / "tests/packages").read_text(), re.M)) - of_tests
        text = (SOURCE / "plugin/quickstart").read_text()
        named = set(re.findall(r"\blib\S+-dev\b", text[text.index("packages() {"):text.index("install_packages() {")]))
        self.assertGreater(len(wanted), 10)
        self.assertEqual(wanted - named, set())


class Installed(unittest.TestCase):
    """In an overlay of this machine: dpkg, the scripts of the packages, and the program where it belongs."""

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root for an overlay")
        if shutil.which("curfew", path=OF_DEBIAN) or os.path.exists("/etc/curfew") or os.path.exists("/var/lib/curfew"):
            self.skipTest("curfew is installed on this machine")
        self.folder = tempfile.TemporaryDirectory()
        self.stage = pathlib.Path(self.folder.name) / "stage"
        (self.stage / "bin").mkdir(parents=True)
        # No word to the machine's own journal.
        self.stand_in("logger", "exit 0")
        shutil.copy(PROGRAM, self.stage / "curfew.deb")

    def tearDown(self):
        self.folder.cleanup()

    def stand_in(self, name, body):
        path = self.stage / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def play(self, scenario):
        """What the scenario says, by its '## part' lines; 'left' is what differs from the machine in the end."""
        # Triggers are other packages' work: man-db would index the machine's manual each time.
        (self.stage / "scenario").write_text('dpkg() { command dpkg --no-triggers "$@"; }\n' + scenario)
        mount = pathlib.Path(self.folder.name) / "mount"
        mount.mkdir()
        done = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", OVERLAY, "overlay", mount,
                               self.stage], capture_output=True, text=True, check=False)
        if done.returncode == 32 or "overlay: " in done.stderr:
            self.skipTest("no overlay can be mounted here: " + done.stderr.strip())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        parts = re.split(r"^## (\S+)\n", done.stdout, flags=re.M)
        return dict(zip(parts[1::2], parts[2::2]))

    def test_program_finds_its_files_and_is_gone_without_a_trace(self):
        said = self.play("""
dpkg -i curfew.deb >install.log 2>&1 || { cat install.log; exit 1; }
echo '## user'; getent passwd curfew
echo '## check'; curfew check
echo '## apply'; curfew apply --yes
echo '## explain'; curfew explain s00.upd.kaspersky.com || [ $? -eq 1 ]
echo '## verify'; dpkg --verify curfew
echo '# of this site' >>/etc/curfew/curfew.yaml
dpkg -i curfew.deb >/dev/null
echo '## upgraded'; tail -n 1 /etc/curfew/curfew.yaml
dpkg -r curfew >/dev/null
echo '## removed'; ls /usr/bin/curfew /usr/share/curfew 2>/dev/null || true; ls /etc/curfew /var/lib/curfew
dpkg -P curfew
""")
        self.assertIn(":/usr/sbin/nologin", said["user"])
        self.assertRegex(said["check"], r"^good: kaspersky")
        self.assertIn("in force: /var/lib/curfew/curfew.img", said["apply"])
        self.assertIn("kaspersky/names.tsv:", said["explain"])
        self.assertIn("policy curfew.yaml", said["explain"])
        self.assertEqual(said["verify"], "")
        self.assertEqual(said["upgraded"], "# of this site\n")
        self.assertNotIn("/usr/", said["removed"])
        for kept in ("curfew.yaml", "monitor.env", "tap.env", "curfew.img"):
            self.assertIn(kept, said["removed"])
        self.assertEqual(said["left"], "")

    def test_what_was_recorded_survives_a_purge(self):
        said = self.play("""
dpkg -i curfew.deb >/dev/null
echo ledger >/var/lib/curfew/ledger.db
curfew apply --yes >/dev/null
install -d -o curfew -g curfew /var/log/curfew-monitor
echo hits >/var/log/curfew-monitor/eth0.jsonl
mkdir -p /etc/systemd/system/multi-user.target.wants
ln -s /usr/lib/systemd/system/curfew-monitor@.service \\
	/etc/systemd/system/multi-user.target.wants/curfew-monitor@eth0.service
echo '## purge'; dpkg -P curfew
""")
        self.assertIn("therefore kept: /var/lib/curfew /var/log/curfew-monitor", said["purge"])
        left = {name for name in said["left"].split() if name.startswith("./")}
        # The image that records cite stays with them, and who verifies their seals needs the public half of the key.
        images = {name for name in left if re.fullmatch(r"\./var/lib/curfew/images/[0-9a-f]{64}\.img", name)}
        self.assertEqual(len(images), 1)
        self.assertEqual(left - images,
                         {"./var/lib/curfew", "./var/lib/curfew/images", "./var/lib/curfew/ledger.db", "./var/log/curfew-monitor",
                          "./var/log/curfew-monitor/eth0.jsonl", "./var/lib/curfew/keys", "./var/lib/curfew/keys/monitor.pub",
                          "./var/lib/curfew/keys/tap.pub"})
        # Its files have an owner still, whose number nobody else gets.
        self.assertIn("curfew:x:", said["left"])

    def test_module_needs_the_program_and_unbound_never_names_a_module_that_is_gone(self):
        if MODULE is None:
            self.skipTest("no module was built (-Dunbound_src=)")
        if not os.path.exists("/etc/unbound/unbound.conf.d"):
            self.skipTest("unbound is not installed")
        shutil.copy(MODULE, self.stage / "module.deb")
        # Restarts as systemd would: the drop-in's guard first, where there is one.
        self.stand_in("systemctl", """echo "$*" >>/tmp/systemctl.log
if [ "$*" = "try-restart unbound" ] && [ -e /usr/lib/systemd/system/unbound.service.d/curfew.conf ]; then
	/usr/libexec/curfew/unbound-guard
fi
exit 0""")
        said = self.play("""
mkdir -p /run/systemd/system
echo '## alone'; dpkg -i module.deb || true
dpkg -P curfew-unbound >/dev/null
dpkg -i curfew.deb module.deb >/dev/null 2>&1
curfew apply --yes >/dev/null
mkdir /etc/curfew/unbound
cp /usr/share/curfew/unbound/*.conf /etc/curfew/unbound
echo '# of this site' | tee -a /etc/curfew/unbound/module.conf >>/etc/curfew/unbound/rpz.conf
systemctl try-restart unbound
dpkg -i module.deb >/dev/null 2>&1
echo '## files'; dpkg -L curfew-unbound
echo '## sums'; sha256sum <$(dpkg -L curfew-unbound | grep 'curfew\\.so$') | cut -d' ' -f1; cat $(dpkg -L curfew-unbound | grep 'so\\.sha256$')
echo '## source'; tar -tzf /usr/share/curfew/rebuild/source.tar.gz
echo '## builder'; getent passwd curfew-build
echo '## installed'; ls /etc/unbound/unbound.conf.d; tail -n 1 /etc/unbound/unbound.conf.d/curfew.conf
echo '## updated'; : >systemctl.log; /var/lib/dpkg/info/curfew-unbound.postinst triggered /usr/sbin/unbound; cat systemctl.log
module=$(dpkg -L curfew-unbound | grep 'curfew\\.so$')
sha256sum </usr/sbin/unbound | cut -d' ' -f1 >$module.host
echo '## fitting'; : >systemctl.log; /var/lib/dpkg/info/curfew-unbound.postinst triggered /usr/sbin/unbound 2>/dev/null; cat systemctl.log
echo '## nothing'; /usr/libexec/curfew/curfew-rebuild 2>&1; cat /run/curfew-guard/rebuild
echo '## needed'; ! dpkg -r curfew
: >systemctl.log
dpkg -r curfew-unbound >/dev/null
echo '## removed'; cat systemctl.log; ls /etc/unbound/unbound.conf.d /usr/lib/systemd/system
dpkg -P curfew curfew-unbound >/dev/null
""")
        self.assertIn("depends on curfew", said["alone"])
        self.assertIn("curfew-rebuild", said["files"])
        self.assertRegex(said["files"], r"curfew\.so\.sha256\n")
        # What the guard reads is what is installed; the source for the rebuild is whole.
        self.assertEqual(said["sums"].split()[0], said["sums"].split()[1])
        self.assertIn("plugin/resolver/module.c", said["source"])
        self.assertIn("plugin/resolver/dist/build-debs", said["source"])
        self.assertIn("curfew-build:", said["builder"])
        self.assertIn("curfew.conf\n", said["installed"])
        self.assertTrue(said["installed"].endswith("# of this site\n"), said["installed"])
        self.assertIn("depends on curfew", said["needed"])
        # Another unbound starts the rebuild, without waiting for it; the one that fits does not.
        self.assertIn("--no-block start curfew-rebuild.service", said["updated"])
        self.assertNotIn("curfew-rebuild", said["fitting"])
        self.assertIn("nothing to do", said["nothing"])
        self.assertIn("state=done", said["nothing"])
        self.assertIn("try-restart unbound", said["removed"])
        self.assertNotIn("curfew.conf", said["removed"])
        self.assertEqual(said["left"], "")


if __name__ == "__main__":
    skip_elsewhere()
    unittest.main(argv=sys.argv[:1], verbosity=2)

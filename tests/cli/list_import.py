#!/usr/bin/env python3
"""`curfew list import`, `check`, `diff` and `show` as a person uses them.

usage: list_import.py CURFEW SOURCE_ROOT
"""
import atexit
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

failures = []


def check(condition, what, *shown):
    print("ok:" if condition else "FAILED:", what, *(() if condition else shown))
    if not condition:
        failures.append(what)


def main():
    curfew, root = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="curfew-import-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def run(*args, stdin=None):
        return subprocess.run([curfew, "list", *args], capture_output=True, text=True, input=stdin)

    pack = folder / "pack"
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"0.0.0.0 n{i}.example.com\n" for i in range(100)))
    first = run("import", "--to", pack, "--category", "updates", hosts)
    check(first.returncode == 0 and "100 entries" in first.stdout, "a hosts file becomes a pack", first.stderr)
    check(f"{hosts}:1: 'localhost': a name of the machine itself" in first.stderr,
          "a rejected line is named with its reason", first.stderr)
    check(run("check", pack).returncode == 0, "an imported pack passes the lint", run("check", pack).stdout)

    before = folder / "before"
    shutil.copytree(pack, before)
    cut = run("import", "--to", pack, "--category", "updates", "-", stdin="0.0.0.0 n1.example.com\n")
    check(cut.returncode == 3 and "shrink" in cut.stderr, "a list cut short is refused", cut.stderr)
    empty = run("import", "--to", pack, "-", stdin="# nothing\n")
    check(empty.returncode == 3, "an empty list is refused", empty.stderr)
    check(run("diff", before, pack).returncode == 0, "a refused import changes nothing")
    dry = run("import", "--to", pack, "--dry-run", "--json", "-", stdin="||x.example.net^\n")
    check(dry.returncode == 0 and json.loads(dry.stdout)["after"] == 1 and json.loads(dry.stdout)["written"] is False,
          "a dry run reports and writes nothing", dry.stdout)
    added = run("import", "--to", pack, "--source", "other", "--category", "telemetry", "-",
                stdin="full:a.example.net\nexample.org\nkeyword:x\n")
    check(added.returncode == 0, "a second source stands beside the first", added.stderr)
    diff = run("diff", before, pack, "--json")
    report = json.loads(diff.stdout)
    check(diff.returncode == 1 and report["counts"]["telemetry"]["added"] == 2
          and {d["key"] for d in report["differences"]} == {"a.example.net", "example.org"},
          "the diff shows what was added, by category", diff.stdout)
    forced = run("import", "--to", pack, "--force", "--category", "sales", "-", stdin="n1.example.com\n")
    check(forced.returncode == 0, "force shrinks", forced.stderr)
    report = json.loads(run("diff", before, pack, "--json").stdout)
    check(report["counts"]["updates"]["removed"] == 99 and report["counts"]["sales"]["moved"] == 1,
          "the diff tells moved from removed", report["counts"])

    shipped = run("check", "--strict", root / "lists/kaspersky")
    check(shipped.returncode == 0, "the shipped pack passes the lint, notes included", shipped.stdout)
    show = json.loads(run("show", root / "lists/kaspersky", "--json").stdout)
    check(show["names_by_category"]["updates"] == 79 and len(show["names"]) > 200, "show counts by category")
    tiny = run("show", root / "tests/compile/packs/tiny")
    check(tiny.returncode == 0 and "Tiny Example Software" in tiny.stdout, "a second vendor is only another folder")
    bad = folder / "bad"
    shutil.copytree(root / "tests/compile/packs/tiny", bad)
    with open(bad / "names.tsv", "a") as names:
        names.write("com\tsubtree\tupdates\t-\tmade-up\tlisted\t2026\t-\n"
                    "update2.tiny.example\texact\ttelemetry\t-\tmade-up\tlisted\t2026\t-\n"
                    "tiny.example\tsubtree\tcorporate\t-\tmade-up\tlisted\t2026\t-\n"
                    "x.tiny.example\texact\tcorporate\t-\tmade-up\tinferred\t2026\t-\n"
                    "Y.tiny.example.\texact\tcorporate\tp\tmade-up\tlisted\t2199-01-01\t-\n")
    lint = run("check", bad).stdout
    for part in ("'com' is a public suffix", "'update2.tiny.example' is telemetry here and updates in line 2",
                 "'tiny.example' stands in line 3 already", "'x.tiny.example' adds nothing to 'tiny.example'",
                 "has capitals", "ends with a dot", "is still to come"):
        check(part in lint, f"lint says: {part}", lint)
    check(run("check", bad).returncode == 3, "a pack with errors exits 3")
    check(run("check", folder / "none").returncode == 4, "a pack that is not there exits 4")
    check(run("import", "--to", pack).returncode == 2, "import without a file is a usage error")
    sys.exit(1 if failures else 0)


main()

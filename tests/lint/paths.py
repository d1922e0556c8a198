#!/usr/bin/env python3
"""No tracked file names a folder of somebody's machine, or a host that packages come from.

usage: paths.py SOURCE_ROOT

Package hosts change, are mirrored and are blocked; the machine's own configuration knows them.
"""
import pathlib
import re
import shutil
import subprocess
import sys

# Written in pieces, so that this file passes its own test.
FOLDERS = ["/" + "work/", "/" + "tmp/wt", "/" + "root/", "/" + "home/[a-z]"]
HOSTS = ["deb" + r"\.debian\.", "security" + r"\.debian\.", "snapshot" + r"\.debian\.", "ftp" + r"\.debian\.",
         "archive" + r"\.ubuntu\.", "py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npm", "npm" + r"js\.",
         "crates" + r"\.io", "proxy" + r"\.golang", "nl" + r"netlabs\.nl/downloads", "dl-" + r"cdn\.alpine"]
# The lists are data about other people's hosts.
DATA = ("lists/", "tests/compile/packs/")


def tracked(root):
    # Out of a tarball there is no history, and perhaps no git.
    listed = shutil.which("git") and subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True)
    if listed and listed.returncode == 0 and listed.stdout:
        return [root / name for name in listed.stdout.decode().split("\0") if name]
    skip = {"build", ".git"}
    return [path for path in root.rglob("*") if path.is_file() and
            not any(part in skip or part.startswith("build-") for part in path.relative_to(root).parts)]


def main():
    root = pathlib.Path(sys.argv[1])
    pattern = re.compile("|".join(f"(?<![A-Za-z0-9_.-]){text}" for text in FOLDERS) + "|" + "|".join(HOSTS))
    problems, count = [], 0
    for path in tracked(root):
        name = str(path.relative_to(root))
        if name.startswith(DATA) or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # captures and fuzz corpora
        count += 1
        for number, line in enumerate(text.splitlines(), 1):
            found = pattern.search(line)
            if found:
                problems.append(f"{name}:{number}: '{found.group(0)}'")
    print("\n".join(problems) or f"{count} files name no machine's folders and no package hosts")
    return 1 if problems or count == 0 else 0


sys.exit(main())

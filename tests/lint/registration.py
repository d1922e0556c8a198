#!/usr/bin/env python3
"""Every test file is registered, and every source has a test or says which test covers it.

usage: registration.py SOURCE_ROOT

tests/x/test_y.c must be named in tests/x/meson.build: as test_y, or as y in the list of a loop.
plugin/x/y.c needs tests/x/test_y.c, or a line in tests/lint/covered.txt:

    plugin/x/y.c    tests/z/test_w.c    why it is tested there

A star in SOURCE stands for several files of one folder that are tested together.
"""
import fnmatch
import pathlib
import re
import sys


def read_covered(root, problems):
    covered = {}
    for number, line in enumerate((root / "tests/lint/covered.txt").read_text().splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if not line:
            continue
        parts = line.split(None, 2)
        place = f"tests/lint/covered.txt:{number}"
        if len(parts) < 3:
            problems.append(f"{place}: expected SOURCE TEST REASON")
            continue
        source, test, _ = parts
        if not list(root.glob(source)):
            problems.append(f"{place}: '{source}' does not exist any more")
        elif not (root / test).exists():
            problems.append(f"{place}: '{test}' does not exist")
        covered[source] = test
    return covered


def is_registered(test):
    build = test.parent / "meson.build"
    if not build.is_file():
        build = test.parent.parent / "meson.build"  # a room's tests are listed in its folder's file
    if not build.is_file():
        return False
    text = re.sub(r"#.*", "", build.read_text())
    short = test.stem[len("test_"):]
    return re.search(rf"['/]{re.escape(test.stem)}(\.c)?'", text) is not None or \
        ("foreach" in text and re.search(rf"'{re.escape(short)}'", text) is not None)


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    covered = read_covered(root, problems)
    tests = sorted((root / "tests").rglob("test_*.c"))
    for test in tests:
        if not is_registered(test):
            problems.append(f"{test.relative_to(root)}: is not registered in its meson.build")
    sources = sorted((root / "plugin").rglob("*.c"))
    for source in sources:
        relative = source.relative_to(root)
        own = root / "tests" / relative.relative_to("plugin").parent / f"test_{source.stem}.c"
        if own.is_file():
            if str(relative) in covered:
                problems.append(f"tests/lint/covered.txt: '{relative}' has a test of its own now")
        elif not any(fnmatch.fnmatch(str(relative), pattern) for pattern in covered):
            problems.append(f"{relative}: has neither {own.relative_to(root)} "
                            "nor a line in tests/lint/covered.txt")
    print("\n".join(problems) or f"{len(tests)} tests registered, {len(sources)} sources covered")
    return 1 if problems or not tests else 0


sys.exit(main())

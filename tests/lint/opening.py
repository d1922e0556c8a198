#!/usr/bin/env python3
"""Nothing of ours waits for somebody at the other end of a named pipe, or has a device do something by opening it.

Files are read through base/input_file.h; an open() of our own says O_NONBLOCK, or can by its flags not meet a pipe.

usage: opening.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# A folder, a thing that is only named, a file that is made here and now.
HARMLESS = ("O_NONBLOCK", "O_DIRECTORY", "O_PATH", "O_EXCL")
# Constant names of the system.
SYSTEM = re.compile(r'\bopen\(\s*("/(dev/null|proc/[^"]*)"|BOOT_ID_FILE)')
OPENERS = re.compile(r"(?<![\w.>])(openat|open|fopen|creat|freopen)\(")
HOME = "plugin/base/"


def arguments(text, at):
    """From the bracket at to its partner."""
    depth = 0
    for end in range(at, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[at:end + 1]
    return text[at:]


def faults_of(text):
    """(line, what) of each opening that may wait. Strings are left in, comments are not."""
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)
    for found in OPENERS.finditer(text):
        given = arguments(text, found.end() - 1)
        if found.group(1) in ("open", "openat") and (any(flag in given for flag in HARMLESS) or
                                                     SYSTEM.match(text, found.start())):
            continue
        if found.group(1) == "fopen" and re.search(r',\s*"w[a-z]*x', given):
            continue  # made here and now, as by O_EXCL
        yield text.count("\n", 0, found.start()) + 1, found.group(1) + " ".join(given.split())


def self_check():
    bad = ['fopen(path, "re")', "open(path,\n  O_RDONLY | O_CLOEXEC)", "x = openat(fd, name, O_RDWR | O_CREAT)", 'fopen(x, "we")']
    good = ["open(path, O_RDONLY | O_NONBLOCK)", 'fopen(path, "wxe")', 'open("/dev/null", O_RDWR)', "/* fopen(path) */", "opendir(path)",
            "cf_open(path)", "file->open(path)", 'fdopen(fd, "r")']
    return all(list(faults_of(text)) for text in bad) and not any(list(faults_of(text)) for text in good)


def main():
    if not self_check():
        print("opening.py: does not tell good from bad")
        return 1
    root, found = pathlib.Path(sys.argv[1]), 0
    for path in sorted((root / "plugin").rglob("*.c")):
        name = path.relative_to(root).as_posix()
        if name.startswith(HOME):
            continue
        for line, what in faults_of(path.read_text(encoding="utf-8")):
            print(f"{name}:{line}: {what}: may wait for ever; base/input_file.h, or O_NONBLOCK")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

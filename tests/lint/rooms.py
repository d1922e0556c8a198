#!/usr/bin/env python3
"""No room is a hall, and no file is long without saying why.

usage: rooms.py SOURCE_ROOT

A room is a folder of plugin/; it holds at most fifteen names (x.c and x.h are one). A source file of plugin/, tests/ or
bench/ that is longer than 400 lines has a sentence in its top comment that begins with "One file:" and says why it is
not two. There is no list of exceptions.
"""
import pathlib
import re
import sys

NAMES_MOST = 15
LINES_MOST = 400
WORDS_LEAST = 8
FOLDERS = ("plugin", "tests", "bench")
SOURCES = {".c", ".h", ".py", ".sh", ".js", ".mjs", ".css", ""}  # "": scripts
TOP = re.compile(r"\s*(?:#![^\n]*\n\s*)?(/\*.*?\*/|\"\"\".*?\"\"\"|(?://[^\n]*\n\s*)+|(?:#[^\n]*\n)+)", re.S)
REASON = re.compile(r"\bOne file: ([^.]+)\.")


def reason_of(text):
    """The sentence in the top comment, on one line; "" when there is none that says anything."""
    top = TOP.match(text)
    words = re.sub(r"\n[ \t]*(?:\*(?!/)|//|#)?[ \t]*", " ", top.group(1)) if top else ""
    found = REASON.search(words)
    sentence = " ".join(found.group(1).split()) if found else ""
    return sentence if len(sentence.split()) >= WORDS_LEAST else ""


def faults_of_room(name, files):
    stems = {path.rsplit("/", 1)[-1].rsplit(".", 1)[0] for path in files if path.endswith((".c", ".h"))}
    if len(stems) > NAMES_MOST:
        yield f"{name}: {len(stems)} names in one room, not {NAMES_MOST} at most: divide it"


def faults_of_file(name, text):
    lines = text.count("\n")
    if lines > LINES_MOST and not reason_of(text):
        yield (f"{name}: {lines} lines, and its top comment has no sentence 'One file: ...' of {WORDS_LEAST} words or more"
               " that says why it is not two")


def self_check():
    long = "x\n" * (LINES_MOST + 1)
    why = "One file: the reader and the writer of one layout change together."
    bad = [long, "/* A thing. */\n" + long, "/* One file: because. */\n" + long, f"int x;\n/* {why} */\n" + long]
    good = ["x\n" * LINES_MOST, f"/*\n * Bytes.\n * {why}\n */\n" + long, f'#!/usr/bin/env python3\n"""Bytes. {why}"""\n' + long,
            f"#!/bin/sh\n# Bytes. {why[:30]}\n# {why[30:]}\n" + long,
            f"// Bytes. {why[:40]}\n// {why[40:]}\n" + long]
    full = [f"room/{letter}.c" for letter in "abcdefghijklmno"] + ["room/a.h", "room/meson.build"]
    return (all(list(faults_of_file("x", text)) for text in bad) and
            not any(list(faults_of_file("x", text)) for text in good) and
            not list(faults_of_room("room", full)) and bool(list(faults_of_room("room", full + ["room/p.h"]))))


def sources(root):
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.is_file() and path.suffix in SOURCES and "corpus" not in relative.parts and \
                    not any(part.startswith("data-") for part in relative.parts):
                yield relative.as_posix(), path


def main():
    if not self_check():
        print("rooms.py: does not tell good from bad")
        return 1
    root = pathlib.Path(sys.argv[1])
    rooms, problems, count = {}, [], 0
    for name, path in sources(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # captures
        if path.suffix == "" and not text.startswith("#!"):
            continue  # no script
        count += 1
        problems += faults_of_file(name, text)
        if name.startswith("plugin/"):
            rooms.setdefault(name.rsplit("/", 1)[0], []).append(name)
    for name, files in sorted(rooms.items()):
        problems += faults_of_room(name, files)
    print("\n".join(problems) or f"{len(rooms)} rooms of at most {NAMES_MOST} names; {count} files, long ones with a reason")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

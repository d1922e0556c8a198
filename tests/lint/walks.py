#!/usr/bin/env python3
"""The two walks of docs/ARCHITECTURE.md name files that are there, and at most eight each.

usage: walks.py SOURCE_ROOT

A walk is the numbered list of a section whose title begins with "A" and holds "walks through"; each
of its lines begins with the path of its door in backticks.
"""
import pathlib
import re
import sys

DOORS_MOST = 8


def read_walks(text):
    walks = {}
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title = section.splitlines()[0]
        if title.startswith("A ") and "walks through" in title:
            walks[title] = re.findall(r"^(\d+)\. `([^`]+)`", section, re.M)
    return walks


def check_walk(root, title, doors):
    problems = []
    if [int(number) for number, _ in doors] != list(range(1, len(doors) + 1)):
        problems.append(f"{title}: its doors are not numbered from 1")
    if not 2 <= len(doors) <= DOORS_MOST:
        problems.append(f"{title}: {len(doors)} doors, not 2 to {DOORS_MOST}")
    problems += [f"{title}: '{path}' is not there" for _, path in doors if not (root / path).is_file()]
    return problems


def main():
    root = pathlib.Path(sys.argv[1])
    walks = read_walks((root / "docs/ARCHITECTURE.md").read_text(encoding="utf-8"))
    problems = [line for title, doors in walks.items() for line in check_walk(root, title, doors)]
    if len(walks) != 2:
        problems.append(f"docs/ARCHITECTURE.md: {len(walks)} walks, not a query's and a packet's")
    print("\n".join(problems) or "; ".join(f"{title}: {len(doors)} doors" for title, doors in walks.items()))
    return 1 if problems else 0


sys.exit(main())

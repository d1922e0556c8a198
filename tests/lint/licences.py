#!/usr/bin/env python3
"""Every source of a shipped pack says under which licence, and docs/packs.md how the rows are supported.

usage: licences.py SOURCE_ROOT [--print]

A licence is an SPDX id, perhaps with a remark in parentheses, or `facts: REASON`: why single facts of a source without one may be given
on. --print prints the table that docs/packs.md is to have.
"""
import pathlib
import re
import sys

SPDX = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC0-1.0", "GPL-2.0", "GPL-3.0-or-later", "LGPL-3.0", "MIT", "MPL-2.0",
        "Unlicense"}
NOWHERE = ("not recorded", "unknown", "undated", "hobby", "a public ")
# The sources column of each table, and the category's.
TABLES = {"names.tsv": (4, 2), "networks.tsv": (5, 2), "signatures.tsv": (5, 3), "ports.tsv": (6, 4), "asns.tsv": (3, 2),
          "resolvers.tsv": (5, None)}
# Who saw it on a wire, in a query log or in a certificate, rather than on a list.
SEEN = {"detect-kaspersky", "gigamon", "joy", "kernel-mail", "knot-bench", "misp-top20k", "ndpi-cert"}


def rows(path):
    """Each line of a table as cells, without comments and the head."""
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return lines[1:]


def fault(licence, title):
    """What is wrong with a source's licence; None when nothing is."""
    spdx, _, remark = licence.partition(" (")
    if spdx in SPDX and (not remark or remark.endswith(")")):
        return None
    if any(word in title for word in NOWHERE):
        return "names no place where it could be looked up"
    if re.fullmatch(r"facts: \S.{20,}", licence):
        return None
    return f"no licence: '{licence}'"


def support(table, cells):
    """documented, seen, listed by several, listed by one, or inferred."""
    sources = set(cells[TABLES[table][0]].split(","))
    if "documented" in cells:
        return "documented"
    if "inferred" in cells:
        return "inferred"
    if sources & SEEN:
        return "seen"
    return "listed" if len(sources) > 1 else "listed once"


def table_of(pack):
    kinds = ["documented", "seen", "listed", "listed once", "inferred"]
    counts = {}
    for name in TABLES:
        for cells in rows(pack / name):
            category = "(resolvers)" if TABLES[name][1] is None else cells[TABLES[name][1]]
            row = counts.setdefault(category, dict.fromkeys(kinds, 0))
            row[support(name, cells)] += 1
    head = ["| category | rows | " + " | ".join(kinds) + " |", "| --- |" + " ---: |" * (len(kinds) + 1)]
    total = dict.fromkeys(kinds, 0)
    for category in sorted(counts):
        head.append(f"| {category} | {sum(counts[category].values())} | " + " | ".join(str(counts[category][k]) for k in kinds) + " |")
        for kind in kinds:
            total[kind] += counts[category][kind]
    head.append(f"| all | {sum(total.values())} | " + " | ".join(str(total[k]) for k in kinds) + " |")
    return head


def main():
    root = pathlib.Path(sys.argv[1])
    faults = []
    for pack in sorted(path.parent for path in (root / "lists").glob("*/pack.yaml")):
        known = set()
        for cells in rows(pack / "sources.tsv"):
            known.add(cells[0])
            wrong = fault(cells[2], cells[1])
            if wrong:
                faults.append(f"{pack.name}: source '{cells[0]}' {wrong}")
        for name, (column, _) in TABLES.items():
            for cells in rows(pack / name):
                faults += [f"{pack.name}/{name}: '{cells[0]}' rests on '{source}', which is no source"
                           for source in cells[column].split(",") if source not in known]
    table = table_of(root / "lists/kaspersky")
    if "--print" in sys.argv:
        print("\n".join(table))
    elif "\n".join(table) not in (root / "docs/packs.md").read_text(encoding="utf-8"):
        faults.append("docs/packs.md: its table is not the pack's; licences.py --print prints it")
    # The test itself: what has to be refused is.
    assert all(fault(bad, "x") for bad in ("", "-", "none", "not stated", "none stated; single facts", "facts:", "facts: ok", "my own"))
    assert fault("facts: one host name in a file of theirs", "a list; repository not recorded")
    for line in faults:
        print(line, file=sys.stderr)
    return 1 if faults else 0


sys.exit(main())

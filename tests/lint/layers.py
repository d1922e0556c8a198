#!/usr/bin/env python3
"""Includes go downwards only, and foreign headers stay in their folder (docs/ARCHITECTURE.md).

usage: layers.py SOURCE_ROOT
"""
import pathlib
import re
import sys

# folder -> folders whose headers it may include, its own always.
ALLOWED = {
    "base": set(),
    "names": {"base"},
    "trust": {"base"},
    "image": {"names", "base"},
    "policy": {"image", "names", "base"},
    "records": {"names", "base", "image/category.h",  # the words that records and images share
                "trust/minisign_secret.h"},  # anchor/key_pair.c alone, which no writer has in it
    "ledger": {"records", "names", "base", "image/category.h"},
    "fleet": {"ledger", "records", "names", "base"},
    "report": {"ledger", "records", "image", "names", "base",  # an image says what its exceptions are for
               "update/image_kept.h", "update/pack_age.h", "trust/fetch.h"},  # and files what a report was made from
    "compile": {"policy", "image", "names", "base"},  # exports are written from verdicts
    "update": {"compile", "policy", "trust", "image", "base"},
    "egress": {"policy", "image", "names", "base"},
    "resolver": {"policy", "image", "records", "names", "base"},
    "monitor": {"policy", "image", "records", "names", "base"},
    "tap": {"monitor", "policy", "image", "records", "names", "base"},  # the monitor's readers, judgement and sandbox
    "rehearse": {"report", "ledger", "records", "policy", "image", "names", "base", "image/category.h"},
    "evidence": {"rehearse", "report", "ledger", "records", "update", "compile", "trust", "image", "names", "base"},
    "doctor": {"update", "policy", "image", "names", "base", "report/render/safe.h"},  # foreign text made safe
    "cli": {"evidence", "doctor", "base", "names", "image", "policy", "records", "ledger", "report", "rehearse", "compile", "monitor",
            "tap", "trust", "update", "egress", "fleet"},
}
# Unbound's own source folders; its headers come through resolver/host/unbound.h and nowhere else.
UNBOUND = {"util", "services", "sldns", "dynlibmod", "validator", "iterator", "daemon", "respip", "cachedb",
           "validator", "libunbound", "dns64", "edns-subnet", "subnetmod", "ipsecmod", "pythonmod"}
GENERATED = {"gate_host.h"}  # made by meson beside its user
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def check_project_include(folder, path, header, complain):
    top = header.split("/")[0]
    if path.name == "unbound.h" and folder == "resolver" and (top in UNBOUND or header == "config.h"):
        return
    if header in GENERATED:
        return
    if top in UNBOUND or header == "config.h":
        complain(f"includes Unbound's '{header}'; only resolver/host/unbound.h may")
    elif "/" not in header:
        complain(f"includes '{header}' without its folder")
    elif top in ("tests", "bench"):
        complain(f"includes '{header}': the product never uses tests or benchmarks")
    elif top != folder and top not in ALLOWED[folder] and header not in ALLOWED[folder]:
        complain(f"includes '{header}': {folder} may not use {top}")


def check_file(folder, path, root, problems):
    def complain(text):
        problems.append(f"{path.relative_to(root)}: {text}")

    includes = INCLUDE.findall(path.read_text(encoding="utf-8"))
    for mark, header in includes:
        if header == "pcap.h" or header.startswith("pcap/"):
            if folder != "monitor":
                complain("includes <pcap.h>; only monitor/ may")
        elif header == "unbound.h" and mark == "<":
            if folder not in ("compile", "doctor", "ledger"):
                complain("includes libunbound's <unbound.h>; only those three may ask the network")
        elif mark == '"':
            check_project_include(folder, path, header, complain)
    named = [header for mark, header in includes if mark == '"']
    if "resolver/host/unbound.h" in named and named[0] != "resolver/host/unbound.h":
        complain("must include resolver/host/unbound.h before anything else: it sets feature macros")


def main():
    root = pathlib.Path(sys.argv[1])
    problems = []
    count = 0
    for path in sorted((root / "plugin").rglob("*.[ch]")):
        folder = path.relative_to(root / "plugin").parts[0]
        if folder not in ALLOWED:
            problems.append(f"{path.relative_to(root)}: folder '{folder}' has no place in the layers")
            continue
        check_file(folder, path, root, problems)
        count += 1
    print("\n".join(problems) or f"{count} files include downwards only")
    return 1 if problems or count == 0 else 0


sys.exit(main())

#!/usr/bin/env python3
"""curfew.so exports exactly the six functions that Unbound looks for, and asks for no library of ours.

usage: symbols.py [CURFEW_SO]

Skips (77) when the module was not built.
"""
import os
import subprocess
import sys

WANTED = {"init", "deinit", "operate", "inform_super", "clear", "get_mem"}
# What the module may be linked with: the C library, threads in it, and libcrypto.
LIBRARIES = ("libc.so", "libcrypto.so", "libpthread.so", "libdl.so", "ld-linux")


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def main():
    if len(sys.argv) < 2 or not os.path.exists(sys.argv[1]):
        print("the module was not built (-Dunbound_src= is not set): skipped")
        return 77
    module = sys.argv[1]
    exported = {line.split()[-1] for line in run("nm", "-D", "--defined-only", module).splitlines() if line}
    problems = [f"exports '{name}', which nobody asks for" for name in sorted(exported - WANTED)]
    problems += [f"does not export '{name}'" for name in sorted(WANTED - exported)]
    dynamic = run("readelf", "-d", module)
    sanitized = "libasan" in dynamic or "libubsan" in dynamic or "libtsan" in dynamic
    for line in dynamic.splitlines():
        if "(NEEDED)" in line:
            library = line.split("[")[1].rstrip("]")
            if not library.startswith(LIBRARIES) and not sanitized:
                problems.append(f"is linked with {library}")
    for flag, what in (("NODELETE", "-z nodelete"), ("NOW", "-z now")):
        if flag not in dynamic:
            problems.append(f"is not linked with {what}")
    print("\n".join(f"{module} {problem}" for problem in problems) or "six names exported, no more")
    return 1 if problems else 0


sys.exit(main())

#!/usr/bin/env python3
"""Every header compiles alone.

usage: headers.py SOURCE_ROOT UNBOUND_SRC COMPILER...

UNBOUND_SRC may be empty; the headers of resolver/ that need it are left out then, and named.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def compile_alone(compiler, root, header, unbound_src, scratch):
    source = pathlib.Path(scratch) / "alone.c"
    relative = header.relative_to(root / "plugin")
    # Files of resolver/ include this first, and its headers may rely on that.
    first = '#include "resolver/host/unbound.h"\n' if relative.parts[0] == "resolver" and unbound_src else ""
    # Twice: a header must stand being included again.
    source.write_text(f'{first}#include "{relative}"\n#include "{relative}"\nint alone;\n')
    command = [*compiler, "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
               "-I", str(root / "plugin")]
    if unbound_src:
        command += ["-isystem", unbound_src]
    command += LIBPQ or []
    return subprocess.run([*command, str(source)], capture_output=True, text=True)


def flags_of(package):
    """What pkg-config says of a library whose headers lie in a folder of their own; None where it is not."""
    try:
        found = subprocess.run(["pkg-config", "--cflags", package], capture_output=True, text=True)
    except OSError:
        return None
    return found.stdout.split() if found.returncode == 0 else None


LIBPQ = flags_of("libpq")


def needs_unbound(header, root):
    """True when the header includes Unbound's, itself or through others of resolver/."""
    if header.name == "unbound.h":
        return True
    included = re.findall(r'#include "(resolver/[a-z_/]+\.h)"', header.read_text())
    return any(needs_unbound(root / "plugin" / name, root) for name in included)


def main():
    root, unbound_src, compiler = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    headers = sorted((root / "plugin").rglob("*.h"))
    failed, left_out = [], []
    os.environ["LC_ALL"] = "C"
    with tempfile.TemporaryDirectory() as scratch:
        for header in headers:
            relative = header.relative_to(root)
            if relative.parts[1] == "resolver" and not unbound_src and needs_unbound(header, root):
                left_out.append(str(relative))
                continue
            if LIBPQ is None and "<libpq-fe.h>" in header.read_text():
                left_out.append(str(relative))
                continue
            result = compile_alone(compiler, root, header, unbound_src, scratch)
            if result.returncode != 0:
                failed.append(f"{relative} does not compile alone:\n{result.stderr}")
    print("\n".join(failed) or f"{len(headers) - len(left_out)} headers compile alone")
    if left_out:
        print("left out, no Unbound source configured or no libpq: " + ", ".join(left_out))
    return 1 if failed or not headers else 0


sys.exit(main())

#!/usr/bin/env python3
"""Files as C strings: embed.py OUT.c NAME=FILE ... ; an empty FILE gives an empty string."""
import sys


def main():
    out = ["/* Made by embed.py; do not edit. */", '#include "report/render/page.h"', ""]
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        data = b"" if path == "" else open(path, "rb").read()
        # An array, not a string: compilers need not take strings of this length.
        body = "".join(f"{byte}," + ("\n" if i % 32 == 31 else "") for i, byte in enumerate(data))
        out.append(f"const char cf_page_{name}[] = {{{body}0}};")
        out.append(f"const unsigned long cf_page_{name}_bytes = {len(data)};")
    with open(sys.argv[1], "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


main()

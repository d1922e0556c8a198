#!/usr/bin/env python3
"""No files of plugin/ need each other in a circle, and no rooms (folders) do.

usage: circles.py SOURCE_ROOT BUILD_ROOT

A file is a source with the header of its name. File A needs file B when A includes B's header, or when
A's object uses a symbol that B's object alone defines (nm; so a declaration in a third header hides
nothing). A room needs those whose headers its files include. What two files of a circle both need is a
noun of its own and belongs into a file below both; there is no list of exceptions.
"""
import collections
import pathlib
import re
import subprocess
import sys

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
# nm's letters of what an object defines for others, and of what it takes from them.
DEFINES, TAKES = "TDBRGSVWC", "U"


def read_includes(plugin):
    needs = collections.defaultdict(set)
    for path in plugin.rglob("*.[ch]"):
        unit = str(path.relative_to(plugin).with_suffix(""))
        needs[unit] |= {header[:-2] for header in INCLUDE.findall(path.read_text(encoding="utf-8"))
                        if (plugin / header).is_file()}
    return needs


def read_symbols(plugin, build, needs):
    """Adds to needs what objects take from each other; answers the count of objects read."""
    by_object = {}
    for path in plugin.rglob("*.c"):
        relative = path.relative_to(plugin)
        for depth in range(1, len(relative.parts)):
            folder, rest = relative.parts[:depth], relative.parts[depth:]
            by_object[("/".join(folder), "_".join(rest) + ".o")] = str(relative.with_suffix(""))
    defined, taken = collections.defaultdict(set), collections.defaultdict(set)
    objects = 0
    for path in (build / "plugin").rglob("*.c.o"):
        relative = path.relative_to(build / "plugin")
        unit = by_object.get(("/".join(relative.parts[:-2]), relative.name))
        if unit is None:
            continue
        objects += 1
        for line in subprocess.run(["nm", "-P", str(path)], capture_output=True, text=True, check=True).stdout.splitlines():
            name, letter = line.split()[:2]
            if letter in DEFINES:
                defined[name].add(unit)
            elif letter in TAKES:
                taken[unit].add(name)
    for unit, names in taken.items():
        for name in names:
            if len(defined[name]) == 1:
                needs[unit] |= defined[name]
    return objects


def circles(needs):
    """Tarjan's strongly connected components of more than one member."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(needs.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(needs):
        if node not in index:
            visit(node)
    return found


def rooms_of(needs):
    rooms = collections.defaultdict(set)
    for unit, others in needs.items():
        room = unit.rsplit("/", 1)[0]
        rooms[room] |= {other.rsplit("/", 1)[0] for other in others} - {room}
    return rooms


def main():
    sys.setrecursionlimit(10000)
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    needs = read_includes(root / "plugin")
    objects = read_symbols(root / "plugin", build, needs)
    needs = {unit: others - {unit} for unit, others in needs.items()}
    files, rooms = circles(needs), circles(rooms_of(needs))
    for kind, found in (("files", files), ("rooms", rooms)):
        for part in found:
            print(f"a circle of {kind}:")
            graph = needs if kind == "files" else rooms_of(needs)
            for node in part:
                print(f"  {node} needs {', '.join(sorted(graph[node] & set(part)))}")
    if objects == 0:
        print("no object of plugin/ in the build folder: nothing could be seen")
        return 1
    print(f"{len(needs)} files, {objects} objects: {len(files)} circles of files, {len(rooms)} of rooms")
    return 1 if files or rooms else 0


sys.exit(main())

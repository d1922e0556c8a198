#!/usr/bin/env python3
"""Writes the header with the build-ids that the version gate accepts.

usage: gate_host.py OUTPUT [PROGRAM...]
"""

import struct
import sys


def notes(data):
    """Yields (type, name, descriptor) of all notes in an ELF file of this machine's byte order."""
    if data[:4] != b'\x7fELF':
        return
    wide = data[4] == 2
    order = '<' if data[5] == 1 else '>'
    if wide:
        phoff, = struct.unpack_from(order + 'Q', data, 32)
        phentsize, phnum = struct.unpack_from(order + 'HH', data, 54)
    else:
        phoff, = struct.unpack_from(order + 'I', data, 28)
        phentsize, phnum = struct.unpack_from(order + 'HH', data, 42)
    for i in range(phnum):
        at = phoff + i * phentsize
        kind, = struct.unpack_from(order + 'I', data, at)
        if kind != 4:  # PT_NOTE
            continue
        if wide:
            offset, = struct.unpack_from(order + 'Q', data, at + 8)
            size, = struct.unpack_from(order + 'Q', data, at + 32)
        else:
            offset, = struct.unpack_from(order + 'I', data, at + 4)
            size, = struct.unpack_from(order + 'I', data, at + 16)
        end = offset + size
        while offset + 12 <= end:
            name_len, desc_len, note_type = struct.unpack_from(order + 'III', data, offset)
            name = data[offset + 12:offset + 12 + name_len]
            desc_at = offset + 12 + (name_len + 3) // 4 * 4
            yield note_type, name, data[desc_at:desc_at + desc_len]
            offset = desc_at + (desc_len + 3) // 4 * 4


def build_id(path):
    with open(path, 'rb') as file:
        data = file.read()
    for note_type, name, descriptor in notes(data):
        if note_type == 3 and name == b'GNU\0':
            return descriptor.hex()
    sys.exit(f"gate_host: '{path}' has no build-id; leave -Dunbound_bin empty for it")


def main():
    ids = [build_id(path) for path in sys.argv[2:]]
    with open(sys.argv[1], 'w', encoding='ascii') as file:
        file.write('/* Made by gate_host.py. */\n#pragma once\n\n')
        file.write(f'#define CF_GATE_BUILD_IDS "{" ".join(ids)}"\n')


if __name__ == '__main__':
    main()

"""What packets made to be costly cost beside ordinary ones: per packet, and whether that grows with a message's length."""
import os
import random
import struct

import captures
import measure
from result import Result
from servers import SERVER_CORE

GOAL = 10  # times an ordinary packet
ETHER = bytes.fromhex("020000000002020000000001")
SHORT, LONG = 7000, 14000  # bytes of a message that comes in pieces


def ip4(src, dst, proto, body, ident=1, fragment=0):
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident & 0xffff, fragment, 64, proto, 0, src, dst) + body


def address(number):
    return bytes([10, number >> 16 & 255, number >> 8 & 255, number & 255])


SERVER = bytes([192, 0, 2, 1])


def udp(client, dport, payload, sport=40000):
    head = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0)
    return ETHER + b"\x08\x00" + ip4(address(client), SERVER, 17, head + payload)


def tcp(client, dport, seq, flags, payload=b""):
    head = struct.pack("!HHIIBBHHH", 40000, dport, seq & 0xffffffff, 1, 5 << 4, flags, 65535, 0, 0)
    return ETHER + b"\x08\x00" + ip4(address(client), SERVER, 6, head + payload)


def stream(count, dport, make, piece, order=None):
    """Connections of one message each, in pieces, until there are count packets."""
    frames = []
    client = 0
    while len(frames) < count:
        client += 1
        message = make(client)
        parts = [(at, message[at:at + piece]) for at in range(0, len(message), piece)]
        if order is not None:
            parts = order(parts)
        frames.append(tcp(client, dport, 999, 2))
        frames += [tcp(client, dport, 1000 + at, 24, part) for at, part in parts]
    return frames[:count]


def initial(identifier, payload_bytes=16):
    body = struct.pack("!BIB", 0xc3, 1, 8) + identifier + b"\0\0" + struct.pack("!H", 0x4000 | payload_bytes + 4)
    return body + b"\x55" * (payload_bytes + 4)


def initials(number, same):
    def one(i):
        ids = (struct.pack("!Q", i * 64 + (0 if same else n)) for n in range(number))
        return udp(i, 443, b"".join(initial(identifier) for identifier in ids).ljust(1200, b"\0"))
    return one


def hello(size):
    padding = size - 60
    extensions = struct.pack("!HH", 21, padding) + b"\0" * padding
    body = b"\x03\x03" + b"r" * 32 + b"\0" + b"\0\x02\xc0\x2f" + b"\x01\0" + struct.pack("!H", len(extensions)) + extensions
    return b"\x01" + struct.pack("!I", len(body))[1:] + body


def records(message, size):
    return b"".join(b"\x16\x03\x01" + struct.pack("!H", len(message[at:at + size])) + message[at:at + size]
                    for at in range(0, len(message), size))


def head_of(size, line=b"a:b\r\n"):
    return (b"GET / HTTP/1.1\r\n" + line * (size // len(line)) + b"\r\n")[:size] + b"\r\n\r\n"


def chain_names(records_count):
    """An answer whose records' names each follow a hundred pointers, forwards."""
    chain = b"".join(struct.pack("!H", 0xc000 | 12 + 2 * (n + 1)) for n in range(100)) + b"\x01a\0"
    question = struct.pack("!HH", 1, 1)
    answers = (struct.pack("!H", 0xc00c) + struct.pack("!HHIH", 5, 1, 60, 2) + struct.pack("!H", 0xc00c)) * records_count
    return struct.pack("!HHHHHH", 7, 0x8180, 1, records_count, 0, 0) + chain + question + answers


def announced(records_count):
    """An mDNS answer whose records are of ever other names and addresses, none the sender's own."""
    answers = b"".join(b"\x04h%03d\x05local\x00" % n + struct.pack("!HHIHI", 1, 1, 60, 4, 0x0a630000 + n)
                       for n in range(records_count))
    return struct.pack("!HHHHHH", 0, 0x8400, 0, records_count, 0, 0) + answers


def fragments(count, size, overlap):
    frames = []
    ident = 0
    while len(frames) < count:
        ident += 1
        for at in range(0, 1400, size):
            more = 0x2000 if at + size < 1400 else 0
            body = b"f" * (size + (overlap if more else 0))
            frames.append(ETHER + b"\x08\x00" + ip4(address(ident), SERVER, 17, body, ident, more | at // 8))
    return frames[:count]


def nested(depth, i):
    packet = ip4(address(i), SERVER, 17, struct.pack("!HHHH", 40000, 9, 12, 0) + b"test")
    for _ in range(depth):
        packet = ip4(address(i), SERVER, 4, packet)
    return ETHER + b"\x08\x00" + packet


def chunks(size):
    return (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (size // 6))


def every_other(parts):
    return parts[::2] + parts[1::2]


def shapes(count):
    """(name, frames, frames with messages twice as long or None)"""
    def two(dport, make, piece, order=None):
        return [stream(count, dport, lambda _, n=n: make(n), piece, order) for n in (SHORT, LONG)]

    return [
        ("46 Initials of other ids in a datagram", [initials(46, False)(i) for i in range(count // 4)], None),
        ("46 Initials of one id in a datagram", [initials(46, True)(i) for i in range(count // 4)], None),
        ("one Initial that nothing opens", [udp(i, 443, initial(struct.pack("!Q", i), 1100).ljust(1200, b"\0"))
                                            for i in range(count // 4)], None),
        ("HTTP head in segments of one byte", *two(80, head_of, 1)),
        ("HTTP head of thousands of fields, full segments", *two(80, head_of, 1400)),
        ("HTTP head of lines of two bytes, full segments", *two(80, lambda n: head_of(n, b"c\n"), 1400)),
        ("HTTP head of folded lines, full segments", *two(80, lambda n: head_of(n, b" :\n"), 1400)),
        ("HTTP head of one length many times, full segments",
         *two(80, lambda n: head_of(n, b"content-length:1\r\n"), 1400)),
        ("ClientHello in segments of one byte", *two(443, lambda n: records(hello(n), 16384), 1)),
        ("ClientHello in records of one byte, a segment each", *two(443, lambda n: records(hello(n // 6), 1), 6)),
        ("ClientHello in records of one byte, full segments", *two(443, lambda n: records(hello(n // 6), 1), 1400)),
        ("segments of one byte, every second first", *two(80, lambda n: head_of(n)[:240], 1, every_other)),
        ("DNS over TCP in segments of one byte", *two(53, lambda n: struct.pack("!H", n) + chain_names(n // 16)[:n], 1)),
        ("DNS answer of names with a hundred pointers, UDP",
         [udp(i, 40000, chain_names(60), 53) for i in range(count)], None),
        ("mDNS answer of many names", [udp(i, 5353, announced(50), 5353) for i in range(count)], None),
        ("chunks of one byte, full segments", *two(80, chunks, 1400)),
        ("chunks of one byte, segments of one byte", *two(80, chunks, 1)),
        ("lines of one letter, full segments", *two(25, lambda n: b"a\r\n" * (n // 3), 1400)),
        ("fragments of 8 bytes", fragments(count, 8, 0), None),
        ("fragments that overlap", fragments(count, 16, 64), None),
        ("IP in IP, seven deep", [nested(7, i) for i in range(count)], None),
        ("SYNs from ever new addresses", [tcp(i, 443, 7, 2) for i in range(count)], None),
        ("datagrams from ever new addresses", [udp(i, 9, b"x" * 100) for i in range(count)], None),
    ]


def write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n, frame in enumerate(frames):
            out.write(struct.pack("<IIII", 1727600000 + n // 100000, n % 100000 * 10, len(frame), len(frame)) + frame)


def ordinary(count):
    """Full segments of downloads, acknowledgements and small datagrams: what most packets are."""
    chance = random.Random(1)
    frames = []
    for i in range(count):
        kind = chance.random()
        client = chance.randrange(2000)
        if kind < 0.6:
            frames.append(tcp(client, 443, i * 1400, 16, bytes([0x17, 3, 3]) + bytes(1397)))
        elif kind < 0.85:
            frames.append(tcp(client, 443, i, 16))
        else:
            frames.append(udp(client, 9999, bytes([0x40]) * 300))
    return frames


def cost_ns(bench, name, frames):
    path = os.path.join(bench.folder, "hostile.pcap")
    write(path, frames)
    found = measure.run_json(["taskset", "-c", str(SERVER_CORE), bench.program("decodeloop"), path, "3"], 600)
    os.unlink(path)
    bench.progress(name)
    return max(found["decode_ns"] - found["read_ns"], 0.1), sum(map(len, frames)) / len(frames)


def run(bench):
    result = Result()
    count = min(bench.scale.packets, 40000)
    plain, plain_bytes = cost_ns(bench, "ordinary", ordinary(count))
    mix = captures.made(bench, count)
    found = measure.run_json(["taskset", "-c", str(SERVER_CORE), bench.program("decodeloop"), mix, "3"], 600)
    table = result.table(
        f"Decoding, reading left out: {count} packets of each shape (datagrams of Initials: a quarter), beside ordinary ones "
        f"({plain_bytes:.0f} bytes: full segments, acknowledgements, datagrams). Growth: the same with messages twice as long "
        f"({SHORT} and {LONG} bytes); 1.0 is linear in bytes",
        ["shape", "bytes a packet", "ns a packet", "times ordinary", "growth"])
    table.rows.append(["ordinary", f"{plain_bytes:.0f}", f"{plain:.0f}", "1.0", ""])
    table.rows.append(["the made mix of the packets experiment", "", f"{found['decode_ns'] - found['read_ns']:.0f}",
                       f"{(found['decode_ns'] - found['read_ns']) / plain:.1f}", ""])
    result.data["plain_ns"] = plain
    for name, frames, *more in shapes(count):
        took, size = cost_ns(bench, name, frames)
        growth = ""
        if more and more[0] is not None:
            longer, _ = cost_ns(bench, name + ", longer", more[0])
            growth = f"{longer / took:.1f}"
        table.rows.append([name, f"{size:.0f}", f"{took:.0f}", f"{took / plain:.1f}", growth])
        result.data[name] = {"ns": took, "times": took / plain, "growth": growth}
    return result

"""Packets made to be costly: for each kind of message that is read, the most work that its bytes can ask for."""
import random
import struct

import sealed
from packets import (address, aggregate, announced, answers, association, chain_names, chunks, deflated, dhcp, dhcp6,
                     dns_answer, ETHER, every_other, flight, fragments, frame2, head_of, hello, hello_named, http2,
                     initial, initials, inside, ip4, ip6, labels, letters, LONG, middles, neighbours, nested,
                     question, records, relayed, SERVER, SHORT, small_extensions, stream, tcp, udp, vxlan)


def initials_shapes(count):
    """What QUIC has that nothing opens, and what opens."""
    few = count // 8

    def one(i, version):
        return udp(i, 443, (struct.pack("!BIB", 0xc3, version, 8) + struct.pack("!Q", i) + b"\0\0" + b"\x44\x50"
                            + random.Random(i).randbytes(1104)).ljust(1200, b"\0"))

    shapes_ = [
        ("46 Initials of other ids in a datagram", [initials(46, False)(i) for i in range(count // 4)], None),
        ("46 Initials of one id in a datagram", [initials(46, True)(i) for i in range(count // 4)], None),
        ("one Initial that nothing opens", [one(i, 1) for i in range(count // 4)], None),
        ("one Initial of an unknown version", [one(i, 0x1a2a3a4a) for i in range(count // 4)], None),
        ("aggregated Wi-Fi frames in TZSP, an Initial in each", [aggregate(i, 14) for i in range(few)], None),
    ]
    if sealed.crypto() is None:
        return shapes_

    def whole(i, frames, **how):
        return udp(i, 443, sealed.initial(struct.pack("!Q", i), frames, **how))

    name = sealed.crypto_frame(0, hello_named(b"www.example.com"))
    bytes_ = b"".join(b"\x06\x40" + bytes([at]) + b"\x01h" for at in [*range(0, 250, 2), *range(1, 125, 2)])
    beginning = small_extensions(12000)

    def grown(i):
        """A handshake that is under way, and gets a byte more with each datagram."""
        client, turn = divmod(i, 200)
        at, size = (turn * 1100, 1100) if turn < 11 else (12000 + turn, 1)
        data = beginning[at:at + size] if turn < 11 else b"\0"
        return udp(client, 443, sealed.initial(struct.pack("!Q", client), sealed.crypto_frame(at, data), turn))

    return shapes_ + [
        ("one Initial with a ClientHello", [whole(i, name) for i in range(few)], None),
        ("one Initial, all right but its tag", [whole(i, name, broken=True) for i in range(few)], None),
        ("... of an unknown version, for the last salt that is tried",
         [whole(i, name, version=0x1a2a3a4a, salt=0xff00001d, broken=True) for i in range(few)], None),
        ("an Initial of CRYPTO frames of one byte, every second first", [whole(i, bytes_) for i in range(few)], None),
        ("an Initial of PINGs", [whole(i, b"\x01" * 1100) for i in range(few)], None),
        ("Initials that add a byte to 12,000 of empty extensions", [grown(i) for i in range(few)], None),
    ]


def streams_shapes(count):
    def two(dport, make, piece, order=None):
        return [stream(count, dport, lambda _, n=n: make(n), piece, order) for n in (SHORT, LONG)]

    def two_back(sport, make, piece):
        return [answers(count, sport, lambda _, n=n: make(n), piece) for n in (SHORT, LONG)]

    indexed = frame2(1, 4, b"\x82" * 1000)
    return [
        ("HTTP head in segments of one byte", *two(80, head_of, 1)),
        ("HTTP head of thousands of fields, full segments", *two(80, head_of, 1400)),
        ("HTTP head of lines of two bytes, full segments", *two(80, lambda n: head_of(n, b"c\n"), 1400)),
        ("HTTP head of folded lines, full segments", *two(80, lambda n: head_of(n, b" :\n"), 1400)),
        ("HTTP head of one length many times, full segments",
         *two(80, lambda n: head_of(n, b"content-length:1\r\n"), 1400)),
        ("HTTP requests of 26 bytes, full segments", *two(80, lambda n: b"GET / HTTP/1.1\r\nHost:a\r\n\r\n" * (n // 26), 1400)),
        ("HTTP/2, frames of no bytes, full segments", *two(80, lambda n: http2(frame2(6, 0, b""), n), 1400)),
        ("HTTP/2, HEADERS of one byte, full segments", *two(80, lambda n: http2(frame2(1, 4, b"\x82"), n), 1400)),
        ("HTTP/2, HEADERS and CONTINUATIONS of one byte, full segments",
         *two(80, lambda n: http2(frame2(1, 0, b"\x82") + frame2(9, 0, b"\x82") * 98 + frame2(9, 4, b"\x82"), n), 1400)),
        ("HTTP/2, fields of one byte, full segments", *two(80, lambda n: http2(indexed, n), 1400)),
        ("ClientHello in segments of one byte", *two(443, lambda n: records(hello(n), 16384), 1)),
        ("ClientHello in records of one byte, a segment each", *two(443, lambda n: records(hello(n // 6), 1), 6)),
        ("ClientHello in records of one byte, full segments", *two(443, lambda n: records(hello(n // 6), 1), 1400)),
        ("ClientHello of empty extensions, full segments",
         *two(443, lambda n: records(small_extensions(n - 400) + bytes(400), 16384), 1400)),
        ("a server's flight in records of one byte, full segments", *two_back(443, lambda n: records(flight(n // 6), 1), 1400)),
        ("a server's flight in segments of one byte", *two_back(443, lambda n: records(flight(n), 16384), 1)),
        ("segments of one byte, every second first", *two(80, lambda n: head_of(n)[:240], 1, every_other)),
        ("segments of one byte, no beginning", middles(count, 7000), None),
        ("DNS over TCP in segments of one byte", *two(53, lambda n: struct.pack("!H", n) + chain_names(n // 16)[:n], 1)),
        ("DNS over TCP, questions of 21 bytes, full segments",
         *two(53, lambda n: (b"\0\x13" + question(b"\x01a\0")) * (n // 21), 1400)),
        ("chunks of one byte, full segments", *two(80, chunks, 1400)),
        ("chunks of one byte, segments of one byte", *two(80, chunks, 1)),
        ("lines of one letter, full segments", *two(25, lambda n: b"a\r\n" * (n // 3), 1400)),
    ]


def datagrams_shapes(count):
    edns = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 1200) + struct.pack("!HH", 65001, 0) * 300
    svcb = struct.pack("!H", 1) + b"\0" + struct.pack("!HH", 65001, 0) * 300
    many = [
        ("DNS answer of names with a hundred pointers, UDP", lambda i: udp(i, 40000, chain_names(60), 53)),
        ("DNS question of 120 labels", lambda i: udp(i, 53, question(labels(b".".join([b"a"] * 120))))),
        ("DNS question with 300 empty EDNS options", lambda i: udp(i, 53, question(labels(b"a.test"), 1, edns, 1))),
        ("DNS answer: HTTPS with 300 empty parameters", lambda i: udp(i, 40000, dns_answer(65, svcb), 53)),
        ("DNS answer of 80 addresses", lambda i: udp(i, 40000, dns_answer(1, b"\xc0\0\2\1", 80), 53)),
        ("mDNS answer of many names", lambda i: udp(i, 5353, announced(50), 5353)),
        ("LLMNR answer of many names", lambda i: udp(i, 5355, announced(50), 5355)),
        ("NetBIOS registration", lambda i: udp(i, 137, struct.pack("!HHHHHH", 1, 0x2810, 1, 0, 0, 1) + b"\x20" + b"CA" * 16 + b"\0"
                                                + struct.pack("!HH", 32, 1) + b"\xc0\x0c" + struct.pack("!HHIHH", 32, 1, 60, 6, 0)
                                                + address(i), 137)),
        ("SSDP of lines of one letter", lambda i: udp(i, 1900, b"NOTIFY * HTTP/1.1\r\n" + b"a\r\n" * 450, 1900)),
        ("DHCP, 500 empty options", lambda i: udp(i, 67, dhcp(i, b"\x0c\0" * 500 + b"\xff"), 68)),
        ("DHCP, padding", lambda i: udp(i, 67, dhcp(i, bytes(1000) + b"\xff"), 68)),
        ("DHCP, options in all fields", lambda i: udp(i, 67, dhcp(i, b"\x51\0" * 500 + b"\xff", True), 68)),
        ("DHCPv6, 300 empty options", lambda i: udp(i, 547, dhcp6(i, struct.pack("!HH", 39, 0) * 300), 546)),
        ("DHCPv6, 12 addresses with many states each", lambda i: udp(i, 547, dhcp6(i, association(19)), 546)),
        ("DHCPv6, relays in relays", lambda i: udp(i, 547, relayed(25, struct.pack("!HH", 39, 0) * 60), 547)),
        ("ARP of ever new addresses", lambda i: ETHER[:6] + struct.pack("!HI", 0x0200, i) + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x800, 6, 4, 1)
         + struct.pack("!HI", 0x0200, i) + address(i) + bytes(6) + address(1)),
        ("NDP with 160 options", lambda i: neighbours(i, 160)),
        ("VLAN tags, 340", lambda i: ETHER + b"\x81\0\0\1" * 340 + b"\x08\x00" + ip4(address(i), SERVER, 17, b"\x9c\x40\0\x09\0\x0c\0\0test")),
        ("MPLS labels, 340", lambda i: ETHER + b"\x88\x47" + b"\0\0\x10\x40" * 339 + b"\0\0\x11\x40"
         + ip4(address(i), SERVER, 17, b"\x9c\x40\0\x09\0\x0c\0\0test")),
        ("GRE with 340 routes", lambda i: ETHER + b"\x08\x00" + ip4(address(i), SERVER, 47, b"\x40\0\x08\0" + bytes(4) + b"\0\1\0\0" * 340)),
        ("GTP with 330 extension headers", lambda i: inside(b"\x34\xff" + bytes(6) + bytes(3) + b"\x85" + b"\1\0\0\x85" * 330, 2152, i)),
        ("TZSP with 1,300 empty tags", lambda i: udp(i, 37008, b"\1\0\0\1" + bytes(1300), 37008)),
        ("VXLAN in VXLAN, all that fit", lambda i: vxlan(20, i)),
        ("IPv6 with extension headers, all that are read", lambda i: ETHER + b"\x86\xdd" + ip6(0, b"\x3c\0" + bytes(6) + b"\x3c\0" * 1
                                                                                         + bytes(6) + (b"\x3c\0" + bytes(6)) * 160, i)),
        ("IP in IP, seven deep", lambda i: nested(7, i)),
        ("deflated IP payload of 64,000 zeros", lambda i: deflated(i, bytes(64000))),
        ("deflated IP payload of 1,400 letters", lambda i: deflated(i, text)),
        ("deflated IP payload, 40 blocks", lambda i: deflated(i, text, 40)),
        ("SYNs from ever new addresses", lambda i: tcp(i, 443, 7, 2)),
        ("datagrams from ever new addresses", lambda i: udp(i, 9, b"x" * 100)),
        ("a listed name, one client", lambda i: udp(7, 53, struct.pack("!H", i & 0xffff) + question(listed)[2:])),
        ("a listed name, ever new clients", lambda i: udp(i, 53, question(listed))),
    ]
    text, listed = letters(1400), labels(b"s00.upd.kaspersky.com")
    frames = [(name, [make(i) for i in range(count // 2)], None) for name, make in many]
    return frames + [("fragments of 8 bytes", fragments(count, 8, 0), None), ("fragments that overlap", fragments(count, 16, 64), None)]


def shapes(count):
    """(name, frames, frames with messages twice as long or None)"""
    return initials_shapes(count) + streams_shapes(count) + datagrams_shapes(count)


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

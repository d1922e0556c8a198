"""Packets made by hand, and the messages in them that ask for work."""
import random
import struct
import zlib

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


def back(client, sport, seq, flags, payload=b""):
    """A segment of the server's."""
    head = struct.pack("!HHIIBBHHH", sport, 40000, seq & 0xffffffff, 1, 5 << 4, flags, 65535, 0, 0)
    return ETHER + b"\x08\x00" + ip4(SERVER, address(client), 6, head + payload)


def answers(count, sport, make, piece):
    """What servers send, each connection opened by its SYN-ACK."""
    frames = []
    client = 0
    while len(frames) < count:
        client += 1
        message = make(client)
        frames.append(tcp(client, sport, 999, 2))
        frames.append(back(client, sport, 999, 18))
        frames += [back(client, sport, 1000 + at, 24, message[at:at + piece]) for at in range(0, len(message), piece)]
    return frames[:count]


def middles(count, size):
    """Connections whose beginning nobody saw, in segments of one byte."""
    text = head_of(size)
    return [tcp(i // size + 1, 8080, 5000 + i % size, 24, text[i % size:i % size + 1]) for i in range(count)]


def flight(size):
    """A TLS 1.2 server's first flight: its hello, and a certificate that never gets whole."""
    body = b"\x03\x03" + b"r" * 32 + b"\0\xc0\x2f\0" + b"\0\0"
    certificate = b"\x0b" + struct.pack("!I", size + 6)[1:] + struct.pack("!I", size + 3)[1:] + struct.pack("!I", size)[1:]
    return b"\x02" + struct.pack("!I", len(body))[1:] + body + certificate + b"\x30" * (size - 200)


def small_extensions(size):
    """The beginning of a ClientHello of nothing but empty extensions."""
    extensions = struct.pack("!HH", 0x7a7a, 0) * (size // 4)
    body = b"\x03\x03" + b"r" * 32 + b"\0" + b"\0\x02\xc0\x2f" + b"\x01\0" + struct.pack("!H", len(extensions) + 400) + extensions
    return b"\x01" + struct.pack("!I", len(body) + 400)[1:] + body


def hello_named(name):
    names = b"\0" + struct.pack("!H", len(name)) + name
    extensions = struct.pack("!HHH", 0, len(names) + 2, len(names)) + names
    body = b"\x03\x03" + b"r" * 32 + b"\0" + b"\0\x02\x13\x01" + b"\x01\0" + struct.pack("!H", len(extensions)) + extensions
    return b"\x01" + struct.pack("!I", len(body))[1:] + body


def frame2(kind, flags, body):
    return struct.pack("!I", len(body))[1:] + bytes([kind, flags]) + struct.pack("!I", 1) + body


def http2(part, size):
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame2(4, 0, b"") + part * (size // len(part))


def question(name, kind=1, more=b"", additional=0):
    return struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, additional) + name + struct.pack("!HH", kind, 1) + more


def labels(text):
    return b"".join(bytes([len(part)]) + part for part in text.split(b".")) + b"\0"


def dns_answer(kind, rdata, times=1):
    record = struct.pack("!HHHIH", 0xc00c, kind, 1, 60, len(rdata)) + rdata
    return struct.pack("!HHHHHH", 7, 0x8180, 1, times, 0, 0) + labels(b"svc.test") + struct.pack("!HH", kind, 1) + record * times


def dhcp(number, options, overload=False):
    mac = struct.pack("!HI", 0x0200, number)
    text = struct.pack("!BBBBIHH", 1, 1, 6, 0, number, 0, 0) + bytes(16) + mac + bytes(10)
    text += (b"\x0c\0" * 32 + b"\x3d\0" * 64) if overload else bytes(192)
    return text + bytes.fromhex("63825363") + b"\x35\x01\x03" + (b"\x34\x01\x03" if overload else b"") + options


def dhcp6(number, options):
    return struct.pack("!I", 0x03000000 | number & 0xffffff) + b"\0\x01\0\x0a\0\x03\0\x01" + struct.pack("!HI", 0x0200, number) + options


def association(addresses):
    inner = (struct.pack("!HH", 5, 24 + 36) + bytes.fromhex("20010db8") + bytes(12) + struct.pack("!II", 60, 60)
             + struct.pack("!HHH", 13, 2, 0) * 6) * addresses
    return struct.pack("!HH", 3, 12 + len(inner)) + bytes(12) + inner


def relayed(depth, options):
    text = dhcp6(1, options)
    for _ in range(depth):
        text = b"\x0c\0" + bytes(32) + struct.pack("!HH", 9, len(text)) + text
    return text


def ip6(proto, body, number=1):
    source = bytes.fromhex("fd000000") + bytes(8) + struct.pack("!I", number)
    return struct.pack("!IHBB", 0x60000000, len(body), proto, 255) + source + bytes.fromhex("fd000000") + bytes(11) + b"\x02" + body


def neighbours(number, options):
    advertisement = struct.pack("!BBHI", 136, 0, 0, 0x20000000) + bytes.fromhex("fd000000") + bytes(8) + struct.pack("!I", number)
    return ETHER + b"\x86\xdd" + ip6(58, advertisement + b"\x0e\x01" + b"\0" * 6 + b"\x02\x01\x02\0\0\0\0\x01" * options, number)


def inside(body, dport, i):
    """The body as what a tunnel over UDP carries."""
    return udp(i, dport, body, 50000)


def aggregate(i, count):
    """Wi-Fi frames in one, in a sniffer's datagram; each holds a little Initial of an id of its own."""
    parts = b""
    for n in range(count):
        quic = initial(struct.pack("!Q", i * 64 + n), 16)
        packet = ip4(address(i), SERVER, 17, struct.pack("!HHHH", 40000 + n, 443, 8 + len(quic), 0) + quic)
        packet = b"\xaa\xaa\x03\0\0\0\x08\0" + packet
        parts += ETHER + struct.pack("!H", len(packet)) + packet + bytes(-(len(packet) + 14) % 4)
    return inside(b"\x01\0\0\x12\x01" + b"\x88\x01\0\0" + bytes(6) + ETHER + bytes(2) + b"\x80\0" + parts, 37008, i)


def deflated(i, plain, blocks=1):
    """RFC 3173: an IP payload deflated, in so many blocks, each with its own codes."""
    press = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = len(plain) // blocks
    packed = b""
    for n in range(blocks):
        packed += press.compress(plain[n * piece:(n + 1) * piece]) + press.flush(zlib.Z_FULL_FLUSH)
    packed += press.flush()
    return ETHER + b"\x08\x00" + ip4(address(i), SERVER, 108, b"\x11\0\0\x02" + packed)


def letters(size):
    chance = random.Random(2)
    return bytes(chance.choice(b"etaoinshrdlu ,.ETAOINSHRDLU0123456789") for _ in range(size))


def vxlan(depth, i):
    packet = ip4(address(i), SERVER, 17, b"\x9c\x40\0\x09\0\x0c\0\0test")
    for _ in range(depth):
        packet = ip4(address(i), SERVER, 17, struct.pack("!HHHH", 50000, 4789, 8 + 8 + 14 + len(packet), 0) + b"\x08" + bytes(7)
                     + ETHER + b"\x08\x00" + packet)
    return ETHER + b"\x08\x00" + packet

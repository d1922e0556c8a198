"""Makes small captures for tests: frames from bytes, pcap files from frames. Standard library only."""
import ipaddress
import struct


def mac(number):
    return bytes([2, 0, 0, 0, number >> 8, number & 255])


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip(src, dst, proto, payload, ttl=64, flags=0):
    s, d = ipaddress.ip_address(src), ipaddress.ip_address(dst)
    if s.version == 4:
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), 1, flags, ttl, proto, 0, s.packed, d.packed)
        return head[:10] + struct.pack('!H', checksum(head)) + head[12:] + payload
    return struct.pack('!IHBB16s16s', 6 << 28, len(payload), proto, ttl, s.packed, d.packed) + payload


def udp(sport, dport, payload):
    return struct.pack('!HHHH', sport, dport, 8 + len(payload), 0) + payload


def tcp(sport, dport, seq, ack, flags, payload=b''):
    return struct.pack('!HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 65535, 0, 0) + payload


def ether(src_mac, dst_mac, packet, vlan=None, kind=None):
    if kind is None:
        kind = 0x0800 if packet[0] >> 4 == 4 else 0x86dd
    tag = b'' if vlan is None else struct.pack('!HH', 0x8100, vlan)
    return dst_mac + src_mac + tag + struct.pack('!H', kind) + packet


def arp(src_mac, src):
    packed = ipaddress.ip_address(src).packed
    return ether(src_mac, b'\xff' * 6, struct.pack('!HHBBH6s4s6s4s', 1, 0x0800, 6, 4, 1, src_mac, packed, b'\0' * 6,
                                                   packed), kind=0x0806)


def wire_name(name):
    return b''.join(bytes([len(label)]) + label.encode() for label in name.rstrip('.').split('.') if label) + b'\0'


def dns(ident, name, qtype=1, response=False, rcode=0, answers=(), recurse=True, ede=None):
    flags = (0x8000 if response else 0) | (0x0100 if recurse else 0) | rcode
    extra = b''
    if ede is not None:
        codes = ede if isinstance(ede, tuple) else (ede,)
        option = b''.join(struct.pack('!HHH', 15, 2, code) for code in codes)
        extra = b'\0' + struct.pack('!HHIH', 41, 1232, 0, len(option)) + option
    body = struct.pack('!HHHHHH', ident, flags, 1, len(answers), 0, 1 if extra else 0)
    body += wire_name(name) + struct.pack('!HH', qtype, 1)
    for owner, kind, ttl, value in answers:
        data = wire_name(value) if kind == 5 else ipaddress.ip_address(value).packed
        body += wire_name(owner) + struct.pack('!HHIH', kind, 1, ttl, len(data)) + data
    return body + extra


def client_hello(name=None, ech=False):
    extensions = b''
    if name is not None:
        entry = b'\0' + struct.pack('!H', len(name)) + name.encode()
        extensions += struct.pack('!HHH', 0, len(entry) + 2, len(entry)) + entry
    if ech:
        extensions += struct.pack('!HH', 0xfe0d, 8) + b'\0' * 8
    extensions += struct.pack('!HHHH', 10, 4, 2, 23) + struct.pack('!HHHH', 13, 4, 2, 0x0403)
    body = struct.pack('!H', 0x0303) + b'\x11' * 32 + b'\0' + struct.pack('!HH', 2, 0xc02f) + b'\x01\0'
    body += struct.pack('!H', len(extensions)) + extensions
    handshake = b'\x01' + struct.pack('!I', len(body))[1:] + body
    return b'\x16\x03\x01' + struct.pack('!H', len(handshake)) + handshake


def server_certificate(der):
    hello = struct.pack('!H', 0x0303) + b'\x22' * 32 + b'\0' + struct.pack('!HB', 0xc02f, 0)
    hello = b'\x02' + struct.pack('!I', len(hello))[1:] + hello
    chain = struct.pack('!I', len(der))[1:] + der
    chain = struct.pack('!I', len(chain))[1:] + chain
    chain = b'\x0b' + struct.pack('!I', len(chain))[1:] + chain
    return b''.join(b'\x16\x03\x03' + struct.pack('!H', len(m)) + m for m in (hello, chain))


def dhcp(op, client_mac, kind, given='0.0.0.0', name=None, resolvers=(), kept='0.0.0.0', options=b''):
    zero = b'\0' * 4
    body = struct.pack('!BBBBIHH', op, 1, 6, 0, 7, 0, 0) + ipaddress.ip_address(kept).packed + ipaddress.ip_address(given).packed + zero + zero
    body += client_mac + b'\0' * 10 + b'\0' * 192 + bytes.fromhex('63825363') + bytes([53, 1, kind])
    body += options
    if name:
        body += bytes([12, len(name)]) + name.encode()
    if resolvers:
        body += bytes([6, 4 * len(resolvers)]) + b''.join(ipaddress.ip_address(r).packed for r in resolvers)
    return body + b'\xff'


class Capture:
    """Frames with times; each host has a MAC of its own, everything outside is behind the router's."""

    def __init__(self, start=1727600000.0):
        self.frames = []
        self.now = start
        self.macs = {}
        self.router = mac(1)
        self.seq = 0

    def mac_of(self, address):
        if not ipaddress.ip_address(address).is_private:
            return self.router
        return self.macs.setdefault(address, mac(16 + len(self.macs)))

    def wait(self, seconds):
        self.now += seconds

    def add(self, frame):
        self.now += 0.001
        self.frames.append((self.now, frame))

    def ip(self, src, dst, proto, payload, vlan=None, flags=0):
        ttl = 64 if ipaddress.ip_address(src).is_private else 57
        self.add(ether(self.mac_of(src), self.mac_of(dst), ip(src, dst, proto, payload, ttl, flags), vlan))

    def udp(self, src, sport, dst, dport, payload, vlan=None):
        self.ip(src, dst, 17, udp(sport, dport, payload), vlan)

    def tcp(self, src, sport, dst, dport, flags, payload=b'', seq=0, ack=0, vlan=None):
        self.ip(src, dst, 6, tcp(sport, dport, seq, ack, flags, payload), vlan)

    def ask(self, client, server, name, qtype=1, rcode=0, answers=(), ident=None, ede=None, reply=True, recurse=True):
        self.seq += 1
        ident = ident or 1000 + self.seq
        sport = 20000 + self.seq
        self.udp(client, sport, server, 53, dns(ident, name, qtype, recurse=recurse))
        if reply:
            self.udp(server, 53, client, sport, dns(ident, name, qtype, True, rcode, answers, recurse, ede))

    def connect(self, client, server, dport, request=b'', response=b'', sport=None, close=True):
        """A whole connection, a segment for each direction."""
        self.seq += 1
        sport = sport or 40000 + self.seq
        self.tcp(client, sport, server, dport, 2, seq=100)
        self.tcp(server, dport, client, sport, 18, seq=500, ack=101)
        self.tcp(client, sport, server, dport, 16, seq=101, ack=501)
        if request:
            self.tcp(client, sport, server, dport, 24, request, seq=101, ack=501)
        at = 0
        while at < len(response):
            part = response[at:at + 1400]
            self.tcp(server, dport, client, sport, 24, part, seq=501 + at, ack=101 + len(request))
            at += len(part)
        if close:
            self.tcp(client, sport, server, dport, 17, seq=101 + len(request), ack=501 + at)
            self.tcp(server, dport, client, sport, 17, seq=501 + at, ack=102 + len(request))
        return sport

    def write(self, path):
        with open(path, 'wb') as file:
            file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for at, frame in self.frames:
                file.write(struct.pack('<IIII', int(at), int(at * 1000000) % 1000000, len(frame), len(frame)) + frame)


def pcap(frames):
    """A capture file of (second, frame) pairs, Ethernet."""
    data = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for second, frame in frames:
        data += struct.pack('<IIII', second, 0, len(frame), len(frame)) + frame
    return data

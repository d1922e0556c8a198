"""A small authoritative server on loopback for tests: zones as text, UDP and TCP, with a log of what was
asked. It can hold answers back, so that clients can be made to wait on one resolution."""

import base64
import ipaddress
import socket
import struct
import threading
import time

from dnswire import TYPES, TYPE_NAMES, labels_of, name_wire, read_name


def rdata_of(rrtype, words):
    """Presentation to wire for the types tests use; \\# LENGTH HEX for the rest (RFC 3597)."""
    if words[0] == '\\#':
        return bytes.fromhex(''.join(words[2:]))
    if rrtype == 'A':
        return ipaddress.IPv4Address(words[0]).packed
    if rrtype == 'AAAA':
        return ipaddress.IPv6Address(words[0]).packed
    if rrtype in ('CNAME', 'DNAME', 'NS', 'PTR'):
        return name_wire(words[0])
    if rrtype == 'MX':
        return struct.pack('!H', int(words[0])) + name_wire(words[1])
    if rrtype == 'SRV':
        return struct.pack('!3H', *(int(w) for w in words[:3])) + name_wire(words[3])
    if rrtype == 'NAPTR':
        texts = b''.join(bytes([len(w) - 2]) + w[1:-1].encode() for w in words[2:5])
        return struct.pack('!2H', int(words[0]), int(words[1])) + texts + name_wire(words[5])
    if rrtype == 'TXT':
        text = ' '.join(words).strip('"').encode()
        return bytes([len(text)]) + text
    if rrtype == 'SOA':
        return name_wire(words[0]) + name_wire(words[1]) + struct.pack('!5I', *(int(w) for w in words[2:7]))
    if rrtype in ('SVCB', 'HTTPS'):
        data = struct.pack('!H', int(words[0])) + name_wire(words[1])
        for param in words[2:]:
            key, _, value = param.partition('=')
            number = {'alpn': 1, 'port': 3, 'ipv4hint': 4, 'ipv6hint': 6}[key]
            if number == 4:
                raw = b''.join(ipaddress.IPv4Address(a).packed for a in value.split(','))
            elif number == 6:
                raw = b''.join(ipaddress.IPv6Address(a).packed for a in value.split(','))
            elif number == 1:
                raw = bytes([len(value)]) + value.encode()
            else:
                raw = struct.pack('!H', int(value))
            data += struct.pack('!2H', number, len(raw)) + raw
        return data
    if rrtype == 'DNSKEY':
        return struct.pack('!HBB', int(words[0]), int(words[1]), int(words[2])) + base64.b64decode(
            ''.join(words[3:]))
    if rrtype == 'RRSIG':
        def instant(text):
            return int(time.mktime(time.strptime(text + ' UTC', '%Y%m%d%H%M%S %Z'))) - time.timezone
        return struct.pack('!HBBIIIH', TYPES.get(words[0], 0), int(words[1]), int(words[2]), int(words[3]),
                           instant(words[4]), instant(words[5]), int(words[6])) + name_wire(
                               words[7]) + base64.b64decode(''.join(words[8:]))
    raise ValueError(f'no reader for {rrtype}')


class Authority:
    """zones: text, one record a line: NAME TTL TYPE RDATA. A SOA begins a zone; '*' labels are wildcards.
    Zones are not delegated: each has its stub-zone in the resolver."""

    def __init__(self, text, address='127.0.0.1', port=0):
        self.records, self.zones, self.signatures, self.asked = {}, [], {}, []
        self.delay = {}        # name -> seconds
        self.silent = set()    # names, and all below, that get no answer
        self.broken = set()    # ... that get SERVFAIL
        self.additional = {}   # name -> names whose addresses come along
        self.lock = threading.Lock()
        self.load(text)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.udp.bind((address, port))
        self.address, self.port = self.udp.getsockname()
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, self.port))
        self.tcp.listen(64)
        for loop in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=loop, daemon=True).start()

    def load(self, text):
        for line in text.splitlines():
            words = line.split(';')[0].split()
            if len(words) < 4:
                continue
            if words[2] == 'IN':
                del words[2]
            name, ttl, rrtype = words[0].lower(), int(words[1]), words[2]
            if rrtype in ('NSEC', 'NSEC3', 'NSEC3PARAM', 'TYPE65534', 'CDS', 'CDNSKEY'):
                continue
            if rrtype == 'SOA':
                self.zones.append(name)
            if rrtype == 'RRSIG':
                self.signatures.setdefault((name, words[3]), []).append((ttl, rdata_of(rrtype, words[3:])))
                continue
            self.records.setdefault((name, rrtype), []).append((ttl, rdata_of(rrtype, words[3:])))
        self.zones.sort(key=len, reverse=True)
        self.names = {name for name, _ in self.records}

    def zone_of(self, name):
        return next((z for z in self.zones if name == z or name.endswith('.' + z) or z == '.'), None)

    def rrset(self, name, rrtype, dnssec, owner=None):
        out = [(owner or name, rrtype, ttl, data) for ttl, data in self.records.get((name, rrtype), ())]
        if dnssec and out:
            out += [(owner or name, 'RRSIG', ttl, data)
                    for ttl, data in self.signatures.get((name, rrtype), ())]
        return out

    def find(self, name, rrtype, dnssec):
        """Returns (rcode, answer, authority); follows aliases inside the zone."""
        zone, answer, seen = self.zone_of(name), [], 0
        if zone is None:
            return 5, [], []
        while seen < 16:
            seen += 1
            source = name
            if name not in self.names:
                parent, found = name, None
                while '.' in parent.rstrip('.') and found is None:
                    parent = parent.split('.', 1)[1]
                    if self.records.get((parent, 'DNAME')):
                        answer += self.rrset(parent, 'DNAME', dnssec)
                        ttl, data = self.records[(parent, 'DNAME')][0]
                        target = name[:-len(parent)] + read_name(data, 0)[0]
                        if len(name_wire(target)) > 255:
                            return 6, answer, []  # YXDOMAIN: RFC 6672 3.2
                        answer.append((name, 'CNAME', ttl, name_wire(target)))
                        found, name = 'dname', target
                    elif '*.' + parent in self.names:
                        found, source = 'wild', '*.' + parent
                if found == 'dname':
                    if self.zone_of(name) != zone:
                        return 0, answer, []
                    continue
                if found is None:
                    exists = any(n.endswith('.' + name) for n in self.names)
                    return 0 if exists or answer else 3, answer, self.rrset(zone, 'SOA', dnssec)
            cname = self.rrset(source, 'CNAME', dnssec, name)
            if cname and rrtype not in ('CNAME', 'ANY'):
                answer += cname
                name = read_name(cname[0][3], 0)[0].lower()
                if self.zone_of(name) != zone:
                    return 0, answer, []
                continue
            kinds = [t for n, t in self.records if n == source] if rrtype == 'ANY' else [rrtype]
            got = [r for kind in kinds for r in self.rrset(source, kind, dnssec, name)]
            return 0, answer + got, [] if got else self.rrset(zone, 'SOA', dnssec)
        return 2, [], []

    def respond(self, data):
        ident, flags, _, _, _, ar = struct.unpack_from('!6H', data, 0)
        qname, at = read_name(data, 12)
        number, _ = struct.unpack_from('!2H', data, at)
        question = data[12:at + 4]
        opt = data[at + 4:]
        dnssec = ar > 0 and len(opt) >= 9 and bool(struct.unpack_from('!I', opt, 5)[0] & 0x8000)
        rrtype = TYPE_NAMES.get(number, str(number))
        with self.lock:
            self.asked.append((qname.lower(), rrtype))
            rcode, answer, authority = self.find(qname.lower(), rrtype, dnssec)
            more = [r for name in self.additional.get(qname.lower(), ()) for kind in ('A', 'AAAA')
                    for r in self.rrset(name, kind, False)]
        if self.is_below(qname.lower(), self.broken):
            rcode, answer, authority, more = 2, [], [], []
        out = struct.pack('!6H', ident, 0x8400 | (flags & 0x110) | rcode, 1, len(answer), len(authority),
                          len(more) + (1 if ar else 0)) + question
        for owner, kind, ttl, rdata in answer + authority + more:
            out += name_wire(owner) + struct.pack('!HHIH', TYPES[kind], 1, ttl, len(rdata)) + rdata
        if ar:
            out += b'\0' + struct.pack('!HHIH', 41, 4096, 0x8000 if dnssec else 0, 0)
        return qname.lower(), out

    @staticmethod
    def is_below(name, names):
        return any(name == n or name.endswith('.' + n) for n in names)

    def send_later(self, seconds, out, peer):
        time.sleep(seconds)
        self.udp.sendto(out, peer)

    def serve_udp(self):
        while True:
            try:
                data, peer = self.udp.recvfrom(4096)
                name, out = self.respond(data)
                if self.is_below(name, self.silent):
                    continue
                if name not in self.delay:
                    self.udp.sendto(out, peer)
                    continue
            except (OSError, ValueError, IndexError, struct.error):
                if self.udp.fileno() < 0:
                    return
                continue
            threading.Thread(target=self.send_later, args=(self.delay[name], out, peer), daemon=True).start()

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.serve_stream, args=(connection,), daemon=True).start()

    def serve_stream(self, connection):
        with connection:
            try:
                while True:
                    length = struct.unpack('!H', connection.recv(2, socket.MSG_WAITALL))[0]
                    _, out = self.respond(connection.recv(length, socket.MSG_WAITALL))
                    connection.sendall(struct.pack('!H', len(out)) + out)
            except (OSError, struct.error, IndexError, ValueError):
                return

    def count(self, name, rrtype=None):
        with self.lock:
            return sum(1 for n, t in self.asked if n == name and (rrtype is None or t == rrtype))

    def forget(self):
        with self.lock:
            self.asked.clear()

    def close(self):
        self.udp.close()
        self.tcp.close()

"""DNS messages as bytes: just enough to ask, to answer, and to read what came back. Standard library only."""

import struct

TYPES = {'A': 1, 'NS': 2, 'CNAME': 5, 'SOA': 6, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28, 'SRV': 33, 'NAPTR': 35, 'DNAME': 39,
         'OPT': 41, 'DS': 43, 'RRSIG': 46, 'NSEC': 47, 'DNSKEY': 48, 'SVCB': 64, 'HTTPS': 65, 'ANY': 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: 'NOERROR', 2: 'SERVFAIL', 3: 'NXDOMAIN', 5: 'REFUSED'}
OPTION_SUBNET, OPTION_EDE, OPTION_MAC = 8, 15, 65001


def labels_of(text):
    """'a.b.' -> [b'a', b'b']; labels with \\DDD escapes are read."""
    labels, label, i = [], bytearray(), 0
    data = text.rstrip('.') if not text.endswith('\\.') else text
    while i < len(data):
        if data[i] == '\\':
            label.append(int(data[i + 1:i + 4]))
            i += 4
        elif data[i] == '.':
            labels.append(bytes(label))
            label = bytearray()
            i += 1
        else:
            label.append(ord(data[i]))
            i += 1
    if label or labels:
        labels.append(bytes(label))
    return labels


def name_wire(text):
    return b''.join(bytes([len(label)]) + label for label in labels_of(text)) + b'\0'


def name_text(labels):
    parts = []
    for label in labels:
        parts.append(''.join(chr(b) if 0x21 <= b <= 0x7e and chr(b) not in '.\\' else f'\\{b:03d}'
                             for b in label))
    return '.'.join(parts) + '.'


def read_name(data, at):
    """Returns (text, offset after the name); compression is followed."""
    labels, after, jumps = [], None, 0
    while True:
        length = data[at]
        if length >= 0xc0:
            if after is None:
                after = at + 2
            at = struct.unpack_from('!H', data, at)[0] & 0x3fff
            jumps += 1
            if jumps > 64:
                raise ValueError('compression loop')
            continue
        at += 1
        if length == 0:
            return name_text(labels), after if after is not None else at
        labels.append(data[at:at + length])
        at += length


def query(name, rrtype='A', ident=1, rd=True, cd=False, ad=False, edns=None, do=False, options=()):
    """edns: UDP size, or None for a query without EDNS. name: text or wire bytes."""
    flags = (0x0100 if rd else 0) | (0x0010 if cd else 0) | (0x0020 if ad else 0)
    wire = name if isinstance(name, bytes) else name_wire(name)
    number = rrtype if isinstance(rrtype, int) else TYPES[rrtype]
    message = struct.pack('!6H', ident, flags, 1, 0, 0, 1 if edns else 0)
    message += wire + struct.pack('!2H', number, 1)
    if edns:
        data = b''.join(struct.pack('!2H', code, len(value)) + value for code, value in options)
        message += b'\0' + struct.pack('!HHIH', 41, edns, 0x8000 if do else 0, len(data)) + data
    return message


class Reply:
    """A parsed message. answer/authority/additional: (name, type, ttl, data); data is text for the types
    known here. ede: list of (code, text), None when there is no OPT."""

    def __init__(self, data):
        self.size = len(data)
        self.id, flags, qd, an, ns, ar = struct.unpack_from('!6H', data, 0)
        self.flags = flags
        self.rcode = RCODES.get(flags & 15, str(flags & 15))
        self.aa, self.tc, self.ra, self.ad, self.cd = (bool(flags & bit) for bit in
                                                       (0x400, 0x200, 0x80, 0x20, 0x10))
        at, self.qname, self.qtype = 12, None, None
        for _ in range(qd):
            self.qname_raw = data[at:]
            self.qname, at = read_name(data, at)
            self.qtype, _ = struct.unpack_from('!2H', data, at)
            at += 4
        self.ede, self.opt, self.do = [], False, False
        self.answer, at = self.section(data, at, an)
        self.authority, at = self.section(data, at, ns)
        self.additional, at = self.section(data, at, ar)
        if at != len(data):
            raise ValueError('bytes after the message')

    def section(self, data, at, count):
        records = []
        for _ in range(count):
            name, at = read_name(data, at)
            rrtype, rrclass, ttl, length = struct.unpack_from('!HHIH', data, at)
            at += 10
            if rrtype == 41:
                self.opt, self.do = True, bool(ttl & 0x8000)
                self.options(data[at:at + length])
            else:
                records.append((name, TYPE_NAMES.get(rrtype, rrtype), ttl,
                                self.rdata(data, at, rrtype, length)))
            at += length
        return records, at

    def options(self, data):
        while data:
            code, length = struct.unpack_from('!2H', data, 0)
            if code == OPTION_EDE:
                self.ede.append((struct.unpack_from('!H', data, 4)[0], data[6:4 + length].decode()))
            data = data[4 + length:]

    @staticmethod
    def rdata(data, at, rrtype, length):
        if rrtype == 1:
            return '.'.join(str(b) for b in data[at:at + 4])
        if rrtype == 28:
            return ':'.join(f'{n:x}' for n in struct.unpack_from('!8H', data, at))
        if rrtype in (2, 5, 12, 39):
            return read_name(data, at)[0]
        return data[at:at + length]

    def addresses(self):
        return [data for _, rrtype, _, data in self.answer if rrtype in ('A', 'AAAA')]

    def has_soa(self):
        return any(rrtype == 'SOA' for _, rrtype, _, _ in self.authority)

    def __repr__(self):
        return (f'<{self.rcode} tc={self.tc} ad={self.ad} answer={self.answer} '
                f'authority={[r[:3] for r in self.authority]} ede={self.ede}>')

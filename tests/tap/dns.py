"""DNS messages, a name server that answers what it is told to, and clients: for the tests of the tap."""
import socket
import ssl
import struct
import threading

TYPES = {'A': 1, 'CNAME': 5, 'AAAA': 28}


def name(text):
    return b''.join(bytes([len(label)]) + label.encode() for label in text.split('.') if label) + b'\0'


def question(ident, qname, qtype=1, qclass=1, flags=0x0100, edns=False):
    opt = b'\0' + struct.pack('>HHIH', 41, 1232, 0, 0) if edns else b''
    return struct.pack('>6H', ident, flags, 1, 0, 0, int(edns)) + name(qname) + struct.pack('>HH', qtype, qclass) + opt


def answer(message, rcode, records):
    """records: (owner, type, data); the question is repeated."""
    at = 12
    while message[at]:
        at += message[at] + 1
    body = b''
    for owner, rtype, data in records:
        body += name(owner) + struct.pack('>HHIH', rtype, 1, 60, len(data)) + data
    flags = struct.unpack('>H', message[2:4])[0] & 0x0110 | 0x8080 | rcode
    return message[:2] + struct.pack('>5H', flags, 1, len(records), 0, 0) + message[12:at + 5] + body


def question_name(message):
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1:at + 1 + message[at]].decode('ascii', 'replace').lower())
        at += message[at] + 1
    return '.'.join(labels), struct.unpack('>H', message[at + 1:at + 3])[0]


class Upstream(threading.Thread):
    """Answers by a table: name -> (rcode, [(type, data)]); NXDOMAIN for the rest, and an empty root."""

    def __init__(self, address, port, table):
        super().__init__(daemon=True)
        self.table = table
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((address, port))
        self.tcp = socket.socket()
        self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.tcp.bind((address, port))
        self.tcp.listen(16)

    def answer(self, message):
        qname, qtype = question_name(message)
        rcode, records = self.table.get(qname, (0 if qname == '' else 3, []))
        records = [(qname, rtype, data) for rtype, data in records if rtype in (qtype, TYPES['CNAME'])]
        target = next((data for _, rtype, data in records if rtype == TYPES['CNAME']), None)
        if target is not None:
            more = next((r for n, (_, r) in self.table.items() if name(n) == target), [])
            records += [(target_text(target), rtype, data) for rtype, data in more if rtype == qtype]
        return answer(message, rcode, records)

    def run(self):
        threading.Thread(target=self.run_tcp, daemon=True).start()
        while True:
            message, client = self.udp.recvfrom(4096)
            self.udp.sendto(self.answer(message), client)

    def run_tcp(self):
        while True:
            connection, _ = self.tcp.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while (message := read_framed(connection)) is not None:
                got = self.answer(message)
                connection.sendall(struct.pack('>H', len(got)) + got)


def target_text(wire):
    labels, at = [], 0
    while wire[at]:
        labels.append(wire[at + 1:at + 1 + wire[at]].decode())
        at += wire[at] + 1
    return '.'.join(labels)


def read_framed(connection):
    """A message behind its length; None at the end."""
    got = b''
    while len(got) < 2 or len(got) < 2 + struct.unpack('>H', got[:2])[0]:
        part = connection.recv(65535)
        if not part:
            return None
        got += part
    return got[2:]


def ask(client, server, port, message, how='UDP', timeout=5):
    """(answer or None, port of the client). how is UDP, TCP or TLS."""
    family = socket.AF_INET6 if ':' in server else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if how == 'UDP' else socket.SOCK_STREAM)
    own = 0
    try:
        s.settimeout(timeout)
        s.bind((client, 0))
        own = s.getsockname()[1]
        s.connect((server, port))
        if how == 'UDP':
            s.send(message)
            return s.recv(65535), own
        if how == 'TLS':
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            s = context.wrap_socket(s)
        s.sendall(struct.pack('>H', len(message)) + message)
        return read_framed(s), own
    except OSError:
        return None, own
    finally:
        s.close()

"""Frame streams of dnstap, made by hand: whatever a server leaves out can be left out."""
import ipaddress
import socket
import struct

CONTENT = b'protobuf:dnstap.Dnstap'
READY, ACCEPT, START, STOP, FINISH = 4, 1, 2, 3, 5
AQ, AR, RQ, RR, CQ, CR = 1, 2, 3, 4, 5, 6


def varint(number):
    out = b''
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def number(field, value):
    return varint(field << 3) + varint(value)


def fixed32(field, value):
    return varint(field << 3 | 5) + struct.pack('<I', value)


def text(field, value):
    return varint(field << 3 | 2) + varint(len(value)) + value


def payload(kind, message=None, client='10.0.0.7', port=4000, server='10.0.0.53', server_port=53, protocol=1,
            asked=None, answered=None):
    """asked, answered: seconds, with a fraction; None leaves a field out."""
    out = number(1, kind)
    if client is not None:
        out += number(2, 2 if ':' in client else 1) + text(4, ipaddress.ip_address(client).packed)
    if protocol is not None:
        out += number(3, protocol)
    if server is not None:
        out += text(5, ipaddress.ip_address(server).packed)
    out += number(6, port) if port is not None else b''
    out += number(7, server_port) if server_port is not None else b''
    for at, field in ((asked, 8), (answered, 12)):
        if at is not None:
            out += number(field, int(at)) + fixed32(field + 1, int((at - int(at)) * 1e9))
    if message is not None:
        out += text(14 if kind in (AR, RR, CR) else 10, message)
    return text(14, out) + number(15, 1)


def frame(data):
    return struct.pack('>I', len(data)) + data


def control(kind, content=CONTENT):
    body = struct.pack('>I', kind)
    if content is not None:
        body += struct.pack('>II', 1, len(content)) + content
    return struct.pack('>II', 0, len(body)) + body


def stream(payloads):
    return control(START) + b''.join(frame(one) for one in payloads) + control(STOP, None)


class Writer:
    """A resolver's side of one connection."""

    def __init__(self, path, greet=True):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.greets = greet
        if greet:
            self.socket.sendall(control(READY))
            self.expect(ACCEPT, CONTENT)
        self.socket.sendall(control(START))

    def expect(self, kind, content):
        wanted = control(kind, content)
        got = b''
        while len(got) < len(wanted):
            part = self.socket.recv(len(wanted) - len(got))
            if not part:
                break
            got += part
        assert got == wanted, (got, wanted)

    def tell(self, *payloads):
        self.socket.sendall(b''.join(frame(one) for one in payloads))

    def end(self):
        self.socket.sendall(control(STOP, None))
        if self.greets:
            self.expect(FINISH, None)
        self.socket.close()

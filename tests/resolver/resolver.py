"""A real Unbound with the module on loopback, and clients of it."""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time

from dnswire import Reply, query

BLOCKED, EXEMPT, THIRD = '127.0.0.2', '127.0.0.3', '127.0.0.4'
PAST, FUTURE = 1000000000, 4000000000


class Missing(Exception):
    """What a test needs is not here."""


def environment(name):
    value = os.environ.get(name, '')
    if not value or not os.path.exists(value):
        raise Missing(f'{name} is not set')
    return value


def scratch_folder(prefix):
    """A folder that is removed when this program ends, CURFEW_KEEP=yes or not at all."""
    folder = tempfile.mkdtemp(prefix=prefix)
    if os.environ.get('CURFEW_KEEP') != 'yes':
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def free_port():
    """A port that is free for UDP and TCP on the addresses used."""
    while True:
        port = random.randrange(20000, 60000)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(socket.AF_INET, kind) as s:
                    s.bind(('127.0.0.1', port))
            return port
        except OSError:
            continue


DEFAULT_POLICY = f"""
phase {PAST} block updates,telemetry
exempt {EXEMPT}/32 flag {FUTURE} updates,telemetry
ede 15 blocked by policy: test
answer nxdomain 300
"""


class Resolver:
    """zones: stub zones served by the authority. policy: text for make-image, log path added. Use as a
    context manager; the folder goes with the program at the latest."""

    rcode = None  # of (r.ask() or r) while a reload swallows the question

    def __init__(self, authority, zones, policy=DEFAULT_POLICY, server='', more='', threads=1,
                 module_config='dynlib iterator', lines=(), image=True, module=None, unbound=None, wrap=()):
        self.unbound = unbound or environment('CURFEW_UNBOUND')
        self.module = module or environment('CURFEW_MODULE')
        self.make_image = environment('CURFEW_MAKE_IMAGE')
        self.folder = scratch_folder('curfew-')
        self.port, self.control_port = free_port(), free_port()
        self.image_path = os.path.join(self.folder, 'curfew.img')
        self.log_path = os.path.join(self.folder, 'hits.jsonl')
        # CURFEW_WRAP: a command in front of unbound, such as valgrind.
        wrap = wrap or os.environ.get('CURFEW_WRAP', '').split()
        self.authority, self.process, self.wrap = authority, None, list(wrap)
        self.errors_path = os.path.join(self.folder, 'unbound.log')
        if image:
            self.set_policy(policy)
        stubs = ''.join(f'stub-zone:\n  name: "{zone}"\n  stub-addr: {authority.address}@{authority.port}\n'
                        f'  stub-no-cache: no\n' for zone in zones)
        carrier = ''.join(f'  dynlib-file: "{line}"\n' for line in
                          [f'curfew-image={self.image_path}', f'curfew-log={self.log_path}', 'curfew-fold=0',
                           *lines])
        self.config = f"""
server:
  directory: "{self.folder}"
  username: ""
  chroot: ""
  pidfile: ""
  interface: 127.0.0.1@{self.port}
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: {threads}
  module-config: "{module_config}"
  do-ip6: no
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  msg-cache-slabs: 2
  rrset-cache-slabs: 2
  minimal-responses: no
{self.limits()}{server}
remote-control:
  control-enable: yes
  control-interface: 127.0.0.1
  control-port: {self.control_port}
  control-use-cert: no
dynlib:
  dynlib-file: "{self.module}"
{carrier}
{stubs}
{more}
"""

    def limits(self):
        """No limits on waiting, where this Unbound has any: 1.20, and Debian's patched 1.17.1."""
        with open(self.unbound, 'rb') as file:
            program = file.read()
        return ''.join(f'  {word}: 0\n' for word in ('discard-timeout', 'wait-limit') if word.encode() in program)

    def set_policy(self, policy):
        """Compiles a policy into the image by rename, as curfew apply does."""
        path = os.path.join(self.folder, 'policy.txt')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(policy + f'\nlog {self.log_path}\n')
        subprocess.run([self.make_image, path, self.image_path], check=True)

    def start(self):
        path = os.path.join(self.folder, 'unbound.conf')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(self.config)
        self.errors = open(self.errors_path, 'ab')
        self.process = subprocess.Popen([*self.wrap, self.unbound, '-d', '-c', path], stderr=self.errors,
                                        stdout=self.errors)
        deadline = time.time() + (60 if self.wrap else 15)
        while time.time() < deadline:
            if self.process.poll() is not None:
                raise AssertionError('unbound ended: ' + self.messages())
            try:
                if self.ask('localhost.', 'A', client=THIRD, timeout=0.3):
                    return self
            except OSError:
                pass
        self.process.kill()
        raise AssertionError('unbound does not answer: ' + self.messages())

    def messages(self):
        with open(self.errors_path, encoding='utf-8', errors='replace') as file:
            return file.read()

    def wait_message(self, text, seconds=10, count=1):
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self.messages().count(text) >= count:
                return True
            time.sleep(0.05)
        return False

    def control(self, *words, stdin=None):
        tool = os.path.join(os.path.dirname(self.unbound), 'unbound-control')
        return subprocess.run([tool, '-c', os.path.join(self.folder, 'unbound.conf'), *words],
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False).stdout.decode()

    def stop(self):
        code = None
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
            try:
                code = self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
            self.errors.close()
            self.process = None
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        code = self.stop()
        if kind is None:
            messages = self.messages()
            shutil.rmtree(self.folder, ignore_errors=True)
            assert code == 0, f'unbound ended with {code}: {messages}'
        else:
            print(f'--- {self.folder}\n{self.messages()[-3000:]}')

    def ask(self, name, rrtype='A', client=BLOCKED, timeout=3, tcp=False, tls=None, raw=False, **kw):
        """One query; None when nothing came back."""
        kw.setdefault('ident', random.randrange(65536))
        message = query(name, rrtype, **kw)
        if tcp or tls:
            return self.ask_stream(message, client, timeout, tls)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((client, 0))
            s.settimeout(timeout)
            s.sendto(message, ('127.0.0.1', self.port))
            self.last_port = s.getsockname()[1]
            try:
                while True:
                    data = s.recv(65536)
                    if data[:2] == message[:2]:
                        return data if raw else Reply(data)
            except socket.timeout:
                return None

    def ask_stream(self, message, client, timeout, tls):
        port = tls or self.port
        with socket.create_connection(('127.0.0.1', port), timeout, (client, 0)) as s:
            if tls:
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                s = context.wrap_socket(s)
            self.last_port = s.getsockname()[1]
            s.sendall(struct.pack('!H', len(message)) + message)
            try:
                data = b''
                while len(data) < 2 or len(data) < 2 + struct.unpack('!H', data[:2])[0]:
                    piece = s.recv(65536)
                    if not piece:
                        return None
                    data += piece
            except socket.timeout:
                return None
            return Reply(data[2:])

    def hits(self, seconds=3, at_least=0, **match):
        """Hit records of the log that have the given members (qname, src_ip, action ...)."""
        deadline = time.time() + seconds
        while True:
            found = [r for r in self.records() if all(flat(r).get(k) == v for k, v in match.items())]
            if sum(r.get('count', 1) for r in found) >= at_least or time.time() > deadline:
                return found
            time.sleep(0.05)

    def lines(self, kind):
        """Records of one event_type."""
        if not os.path.exists(self.log_path):
            return []
        with open(self.log_path, encoding='ascii') as file:
            return [r for r in (json.loads(line) for line in file if line.endswith('\n'))
                    if r.get('event_type', 'dns') == kind]

    def records(self):
        return self.lines('dns')

    def status(self):
        with open(self.log_path + '.status.json', encoding='ascii') as file:
            return json.load(file)


def flat(record):
    """Members of the objects inside beside those outside: dns.qname as qname."""
    out = dict(record)
    for value in record.values():
        if isinstance(value, dict):
            out.update(value)
    return out

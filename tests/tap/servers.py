#!/usr/bin/env python3
"""Real resolvers tell `curfew tap` of their clients. Needs root, for a network namespace; exits 77 without.

  servers.py CURFEW LISTS SERVER

SERVER is unbound, bind, knot-resolver, dnsdist or recursor. What is not installed is skipped, exit 77. Each server
listens on loopback in a namespace of its own and asks one made-up name server; everything is bounded in time.

Clients ask by IPv4 and IPv6, over UDP and TCP, for a listed name, one that is not there, one that is not listed and
one that leads to a listed one; the hits must be these look-ups, with their ports and what was answered.

One file: the configurations of five servers are read beside the look-ups that each of them is asked and what it must tell of them.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dns

CURFEW, LISTS, SERVER = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
LISTED, ABSENT, OTHER, ALIAS = 'downloads.upd.kaspersky.com', 'nothing.upd.kaspersky.com', 'www.example.org', 'cdn.example.org'
BLOCKED = 'blocked.upd.kaspersky.com'  # which the server itself refuses, or says is not there
UPSTREAM, UPSTREAM_PORT, PORT, TLS_PORT = '127.0.0.2', 5399, 5301, 5853
V4, V6 = ('127.0.0.7', '127.0.0.1'), ('fd77::7', 'fd77::53')
TABLE = {
    LISTED: (0, [(1, bytes([198, 51, 100, 7]))]),
    OTHER: (0, [(1, bytes([198, 51, 100, 9]))]),
    ALIAS: (0, [(5, dns.name(LISTED))]),
    BLOCKED: (0, [(1, bytes([198, 51, 100, 8]))]),
    'ready.example.org': (0, [(1, bytes([198, 51, 100, 1]))]),
}
PATIENCE_S = 120

UNBOUND = '''
server:
  directory: "%(folder)s"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  interface: %(v4)s@%(port)d
  interface: %(v6)s@%(port)d
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-not-query-localhost: no
  module-config: "iterator"
  interface: %(v4)s@%(tls_port)d
  tls-port: %(tls_port)d
  tls-service-pem: "%(cert)s"
  tls-service-key: "%(key)s"
  ede: yes
  local-zone: "blocked.upd.kaspersky.com" always_refuse
remote-control:
  control-enable: no
forward-zone:
  name: "."
  forward-addr: %(upstream)s@%(upstream_port)d
dnstap:
  dnstap-enable: yes
  dnstap-socket-path: "%(socket)s"
  dnstap-log-client-query-messages: yes
  dnstap-log-client-response-messages: yes
  dnstap-log-forwarder-query-messages: yes
'''

BIND = '''
tls ours { cert-file "%(cert)s"; key-file "%(key)s"; };
zone "rpz.test" { type primary; file "rpz.zone"; };
options {
  directory "%(folder)s";
  pid-file none;
  session-keyfile none;
  listen-on port %(port)d { %(v4)s; };
  listen-on-v6 port %(port)d { %(v6)s; };
  listen-on port %(tls_port)d tls ours { %(v4)s; };
  response-policy { zone "rpz.test"; };
  allow-query { any; };
  recursion yes;
  dnssec-validation no;
  qname-minimization off;
  forward only;
  forwarders { %(upstream)s port %(upstream_port)d; };
  dnstap { client; auth; resolver query; };
  dnstap-identity none;
  dnstap-output unix "%(socket)s";
};
'''

KRESD = '''
net.listen('%(v4)s', %(port)d, { kind = 'dns' })
net.listen('%(v6)s', %(port)d, { kind = 'dns' })
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
modules.unload('detect_time_jump')
trust_anchors.remove('.')
cache.size = 10 * MB
net.listen('%(v4)s', %(tls_port)d, { kind = 'tls' })
net.tls('%(cert)s', '%(key)s')
policy.add(policy.suffix(policy.REFUSE, { todname('blocked.upd.kaspersky.com') }))
policy.add(policy.all(policy.STUB('%(upstream)s@%(upstream_port)d')))
modules.load('dnstap')
dnstap.config({
  socket_path = '%(socket)s',
  client = { log_queries = true, log_responses = true },
})
'''

DNSDIST = '''
setLocal('%(v4)s:%(port)d')
addLocal('[%(v6)s]:%(port)d')
addTLSLocal('%(v4)s:%(tls_port)d', '%(cert)s', '%(key)s')
setACL({'0.0.0.0/0', '::/0'})
newServer({address = '%(upstream)s:%(upstream_port)d', healthCheckMode = 'up', checkName = 'ready.example.org.'})
tap = newFrameStreamUnixLogger('%(socket)s')
addAction(AllRule(), DnstapLogAction('', tap))
addAction(QNameRule('blocked.upd.kaspersky.com'), RCodeAction(DNSRCode.REFUSED))
addResponseAction(AllRule(), DnstapLogResponseAction('', tap))
addCacheHitResponseAction(AllRule(), DnstapLogResponseAction('', tap))
addSelfAnsweredResponseAction(AllRule(), DnstapLogResponseAction('', tap))
pc = newPacketCache(1000)
getPool(''):setCache(pc)
'''

RECURSOR = '''
local-address=%(v4)s,%(v6)s
local-port=%(port)d
server-id=test
daemon=no
socket-dir=%(folder)s
config-dir=%(folder)s
forward-zones-recurse=.=%(upstream)s:%(upstream_port)d
lua-config-file=%(folder)s/tap.lua
dnssec=off
dont-query=
threads=1
disable-packetcache=yes
'''


# Read beside BIND's configuration.
POLICY_ZONE = """$TTL 60
@ SOA ns.test. root.test. 1 60 60 60 60
@ NS ns.test.
blocked.upd.kaspersky.com CNAME .
"""


class Server:
    """How each is started, and how it refuses what it is told to."""

    def __init__(self, program, config, command, refusal=('refused', 5), ede=None, clients=True):
        self.program, self.config, self.command = program, config, command
        self.refusal, self.ede, self.clients = refusal, ede, clients


SERVERS = {
    'unbound': Server('unbound', UNBOUND, ['-d', '-c', '%(conf)s']),
    'bind': Server('named', BIND, ['-f', '-n', '2', '-c', '%(conf)s'], refusal=('nxdomain', 3)),
    'knot-resolver': Server('kresd', KRESD, ['-n', '-c', '%(conf)s', '%(folder)s'], ede=18),
    'dnsdist': Server('dnsdist', DNSDIST, ['--supervised', '--disable-syslog', '-C', '%(conf)s']),
    'recursor': Server('pdns_recursor', RECURSOR, ['--config-dir=%(folder)s'], clients=False),
}


def old_settings(program):
    """PowerDNS takes its settings from YAML since 5.2, and as here only when it is told to; before, it knows no such option."""
    if program != 'pdns_recursor':
        return []
    said = subprocess.run([shutil.which(program), '--version'], capture_output=True, text=True, check=False, timeout=60)
    found = re.search(r'Recursor (\d+)\.(\d+)', said.stdout + said.stderr)
    return ['--enable-old-settings'] if found and (int(found[1]), int(found[2])) >= (5, 2) else []


def in_namespace():
    """Runs this very test again in a network namespace whose loopback is up."""
    if os.environ.get('CURFEW_TAP_INSIDE') == 'yes':
        return
    if os.geteuid() != 0:
        print('skipped: not root')
        sys.exit(77)
    probe = subprocess.run(['unshare', '--net', 'true'], capture_output=True, check=False)
    if probe.returncode != 0:
        print('skipped: no network namespaces here')
        sys.exit(77)
    script = 'ip link set lo up && ip -6 addr add fd77::53/128 dev lo nodad && ' \
        'ip -6 addr add fd77::7/128 dev lo nodad && exec "$@"'
    os.environ['CURFEW_TAP_INSIDE'] = 'yes'
    os.execvp('unshare', ['unshare', '--net', 'sh', '-c', script, 'sh', sys.executable] + sys.argv)


def wait_for(what, found, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.1)
    print('gave up waiting for', what)
    return False


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def lines_of(path):
    return [json.loads(line) for line in read(path).splitlines() if line.endswith('}')]


class Story:
    def __init__(self, folder):
        self.folder = folder
        self.socket, self.hits = folder + '/tap.sock', folder + '/log/hits.jsonl'
        self.status = folder + '/log/status.json'
        self.image = folder + '/image/curfew.img'
        for part in ('log', 'image'):
            os.mkdir(f'{folder}/{part}')
        os.chmod(folder, 0o755)
        os.chmod(folder + '/log', 0o777)
        self.tap = self.server = None
        self.expected = []
        self.failures = []

    def check(self, good, *what):
        if not good:
            self.failures.append(' '.join(str(part) for part in what))
            print('FAILED:', *what)

    def apply(self):
        policy = self.folder + '/curfew.yaml'
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
        subprocess.run([CURFEW, 'apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', self.image],
                       check=True, capture_output=True, timeout=300)

    def start_tap(self):
        with open(self.folder + '/tap.err', 'ab') as err:
            self.tap = subprocess.Popen(
                [CURFEW, 'tap', '-u', self.socket, '--mode', '0666', '--image', self.image, '--hits', self.hits,
                 '--fold', '0', '--sensor', 'test', '--status', self.status, '--user', 'nobody'], stderr=err)
        return wait_for('the socket', lambda: os.path.exists(self.socket))

    def said(self):
        return read(self.folder + '/tap.err')

    def start_server(self, server):
        values = {'folder': self.folder + '/server', 'socket': self.socket, 'v4': V4[1], 'v6': V6[1], 'port': PORT,
                  'upstream': UPSTREAM, 'upstream_port': UPSTREAM_PORT, 'tls_port': TLS_PORT,
                  'cert': self.folder + '/server/cert.pem', 'key': self.folder + '/server/key.pem'}
        os.makedirs(values['folder'], exist_ok=True)
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj',
                        '/CN=resolver.test', '-days', '30', '-keyout', values['key'], '-out', values['cert']],
                       check=True, capture_output=True, timeout=60)
        values['conf'] = values['folder'] + ('/recursor.conf' if server.program == 'pdns_recursor' else '/server.conf')
        with open(values['conf'], 'w', encoding='utf-8') as file:
            file.write(server.config % values)
        if server.program == 'named':
            with open(values['folder'] + '/rpz.zone', 'w', encoding='utf-8') as file:
                file.write(POLICY_ZONE)
        if server.program == 'pdns_recursor':
            with open(values['folder'] + '/tap.lua', 'w', encoding='utf-8') as file:
                file.write('dnstapFrameStreamServer({"%(socket)s"}, {logQueries=true, logResponses=true})\n' % values)
        command = [shutil.which(server.program)] + [part % values for part in server.command] + old_settings(server.program)
        with open(self.folder + '/server.err', 'ab') as err:
            self.server = subprocess.Popen(command,
                                           stdout=err, stderr=err, stdin=subprocess.DEVNULL, cwd=values['folder'])
        return wait_for('the resolver', lambda: self.asks(V4, 'ready.example.org') and
                        self.asks(V6, 'ready.example.org'))

    def asks(self, ends, qname):
        return dns.ask(ends[0], ends[1], PORT, dns.question(1, qname), timeout=1)[0] is not None

    def look_up(self, ends, qname, how, outcome, rcode, via='qname'):
        """outcome None: of this there must be no hit."""
        port = TLS_PORT if how == 'TLS' else PORT
        got, own_port = dns.ask(ends[0], ends[1], port, dns.question(1000 + len(self.expected), qname, edns=True), how)
        self.check(got is not None, 'no answer to', qname, 'over', how, 'by', ends[0])
        self.check(got is None or got[3] & 15 == rcode, qname, 'was answered', got[3] & 15 if got else None)
        if outcome is not None:
            self.expected.append((ends[0], own_port, 'UDP' if how == 'UDP' else 'TCP', qname, outcome, via))

    def look_ups(self, refusal):
        for ends, how in ((V4, 'UDP'), (V4, 'TCP'), (V6, 'UDP'), (V6, 'TCP'), (V4, 'TLS')):
            self.look_up(ends, LISTED, how, 'answered', 0)
            self.look_up(ends, LISTED, how, 'answered', 0)  # now out of a cache
            self.look_up(ends, ABSENT, how, 'nxdomain', 3)
            self.look_up(ends, BLOCKED, how, refusal[0], refusal[1])
            self.look_up(ends, OTHER, how, None, 0)
            self.look_up(ends, ALIAS, how, 'answered', 0, via='cname')

    def seen(self):
        return sorted((hit['src_ip'], hit['src_port'], hit['proto'], hit['dns']['qname'], hit['dns'].get('outcome'),
                       hit['match']['via']) for hit in lines_of(self.hits) if hit['event_type'] == 'dns')

    def stop(self, process):
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(PATIENCE_S)
            self.check(False, 'had to be killed:', process.args[0])


RCODES = {'answered': 'NOERROR', 'nxdomain': 'NXDOMAIN', 'refused': 'REFUSED'}


def clients_are_told(story, server):
    """Every look-up is a hit, and nothing else is."""
    story.look_ups(server.refusal)
    wait_for('the hits', lambda: len(story.seen()) >= len(story.expected), 60)
    story.check(story.seen() == sorted(story.expected), 'hits:\n', '\n '.join(map(str, story.seen())),
                '\nexpected:\n', '\n '.join(map(str, sorted(story.expected))))
    for hit in lines_of(story.hits):
        if hit['event_type'] != 'dns':
            continue
        story.check(hit['source'] == 'tap' and hit['action'] == 'observe' and hit['dns']['resolver'] == 'own', hit)
        story.check(hit['dns'].get('rcode') == RCODES.get(hit['dns'].get('outcome'), '?'), hit)
        story.check(abs(time.time() - parse_time(hit['timestamp'])) < 600, 'the time of', hit)
        story.check(hit.get('dest_port') in (PORT, TLS_PORT, None) and hit.get('dest_ip') in (V4[1], V6[1], None), hit)


def parse_time(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def a_gone_resolver_is_not_watched(story, server):
    story.stop(story.server)
    story.check(wait_for('the resolver to be missed', lambda: 'missing is not watched' in story.said().split('1 resolvers connected\n')[-1]),
                story.said())
    story.stop(story.tap)
    story.check(story.tap.returncode == 0, 'the tap ended with', story.tap.returncode)
    last = lines_of(story.hits)[-1]
    story.check(last['event_type'] == 'stop' and last['dark_s'] > 0 and 'blind_since' in last, last)
    story.check(last.get('iface_drops', 0) == 0 and last['tap'].get('missing', 0) == 0, 'something is missing:', last)
    edes = {hit['dns'].get('ede') for hit in lines_of(story.hits)
            if hit['event_type'] == 'dns' and hit['dns']['qname'] == BLOCKED}
    story.check(edes == {server.ede}, 'extended errors:', edes)
    story.check(last.get('decode_failures', 0) == 0, 'unread frames:', last)
    alive = [line for line in lines_of(story.hits) if line['event_type'] == 'alive']
    clients = {client for line in alive for client in line['clients'].split()}
    print('alive:', clients, 'counters:', last['tap'], 'dark', last['dark_s'])
    story.check({V4[0], V6[0]} <= clients, 'who was alive:', alive)


def upstream_alone_is_no_watch(story):
    """PowerDNS Recursor tells of itself only: no hits, and nobody is told to be watched."""
    for count in range(24):
        story.look_up(V4, f'x{count}.upd.kaspersky.com', 'UDP', None, 3)
    story.check(wait_for('the tap to notice', lambda: 'nothing of clients' in story.said()), story.said())
    story.check(story.seen() == [], 'hits of nobody:', story.seen())
    story.stop(story.server)
    story.stop(story.tap)
    last = lines_of(story.hits)[-1]
    print('counters:', last['tap'], 'dark', last['dark_s'])
    story.check(last['tap'].get('upstream', 0) >= 24 and last['tap'].get('questions', 0) == 0, last)
    story.check(last['dark_s'] > 0 and '1 resolvers connected\n' not in story.said(), last, story.said())
    clients = [line for line in lines_of(story.hits) if line['event_type'] == 'alive' and line['clients']]
    story.check(clients == [], clients)


def main():
    server = SERVERS[SERVER]
    if shutil.which(server.program) is None:
        print(f'skipped: {server.program} is not installed')
        return 77
    in_namespace()
    with tempfile.TemporaryDirectory(prefix='cftap') as folder:
        story = Story(folder)
        try:
            dns.Upstream(UPSTREAM, UPSTREAM_PORT, TABLE).start()
            story.apply()
            ready = story.start_tap() and story.start_server(server)
            if server.clients:
                ready = ready and wait_for('a stream that tells of clients', lambda: '1 resolvers connected\n' in story.said())
            if not ready:
                print(story.said(), read(folder + '/server.err')[-4000:])
                return 1
            if server.clients:
                clients_are_told(story, server)
                a_gone_resolver_is_not_watched(story, server)
            else:
                upstream_alone_is_no_watch(story)
        finally:
            story.stop(story.server)
            story.stop(story.tap)
        if story.failures:
            print(story.said(), read(folder + '/server.err')[-3000:])
        print(SERVER, 'ok' if not story.failures else f'{len(story.failures)} failures', len(story.expected), 'look-ups')
        return 1 if story.failures else 0


if __name__ == '__main__':
    sys.exit(main())

#!/usr/bin/env python3
"""The live monitor between two network namespaces joined by a veth pair. Needs root; exits 77 without.

  live.py CURFEW LISTS

With CURFEW_UNBOUND and CURFEW_MODULE in the environment one story is told with a real resolver. Everything is bounded in time and count, and nothing leaves the namespaces.

One file: the namespaces and their link are made once, and every story is played on them.
"""
import datetime
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

CURFEW, LISTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
INSIDE, OUTSIDE = 'cfmon%din' % os.getpid(), 'cfmon%dout' % os.getpid()
CLIENT, RESOLVER = '10.77.0.7', '10.77.0.53'
FALLBACK = ['8.8.8.8', '1.1.1.1', '223.6.6.6', '9.9.9.9', '185.228.168.168']
NAME = 'downloads.upd.kaspersky.com'

# Answers DNS on every address: the own resolver blocks, the last fallback resolver gives an address.
STUBS = '''
import socket, sys, threading
sys.path.insert(0, %(here)r)
import packets
def dns(address):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 53))
    while True:
        question, client = s.recvfrom(2000)
        ident = question[0] << 8 | question[1]
        if address == %(resolver)r:
            s.sendto(packets.dns(ident, %(name)r, 1, True, 3, ede=15), client)
        elif address == %(last)r:
            s.sendto(packets.dns(ident, %(name)r, 1, True, 0, [(%(name)r, 1, 60, '198.51.100.77')]), client)
def web(address):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, 80))
    s.listen(8)
    while True:
        c, _ = s.accept()
        c.recv(4000)
        c.sendall(b'HTTP/1.1 200 OK\\r\\nContent-Length: 4004\\r\\n\\r\\nKLD2' + b'u' * 4000)
        c.close()
for a in [%(resolver)r] + %(fallback)r:
    threading.Thread(target=dns, args=(a,), daemon=True).start()
threading.Thread(target=web, args=('94.75.236.123',), daemon=True).start()
print('ready', flush=True)
threading.Event().wait(60)
'''

# What an updater does when its names are blocked: the documented resolvers in order, then a bare address.
UPDATER = '''
import socket, sys, time
sys.path.insert(0, %(here)r)
import packets
def ask(server, ident):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    s.sendto(packets.dns(ident, %(name)r), (server, 53))
    try:
        return s.recv(2000)[3] & 15
    except OSError:
        return None
assert ask(%(resolver)r, 1) == 3
for i, server in enumerate(%(fallback)r):
    ask(server, 2 + i)
s = socket.create_connection(('94.75.236.123', 80), 3)
s.sendall(b'GET /updaters/updater.xml.dif HTTP/1.0\\r\\nHost: 94.75.236.123\\r\\n'
          b'User-Agent: *B0cBAAQAjyajPZi3NqrqOlLbWHEBn0dO1ZHOsQUs2xEO\\r\\n\\r\\n')
while s.recv(4000):
    pass
'''

UNBOUND = '''
server:
  directory: "%(folder)s"
  chroot: ""
  username: ""
  pidfile: ""
  interface: %(address)s
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  use-syslog: no
  do-ip6: no
  module-config: "dynlib iterator"
dynlib:
  dynlib-file: "%(module)s"
  dynlib-file: "curfew-image=%(image)s"
  dynlib-file: "curfew-log=%(log)s"
'''

# Frames with a tag, since not every kernel has VLAN interfaces.
TAGGED = '''
import socket, sys, time
sys.path.insert(0, %(here)r)
import packets
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('cfin', 0))
for i in range(100):
    s.send(packets.ether(packets.mac(7), packets.mac(1), packets.ip(
        '10.78.0.7', '77.74.178.9', 17, packets.udp(4000, 9999, b'x' * 100)), 20))
'''

SENDER = '''
import socket, sys, time
count, pause = int(sys.argv[1]), float(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(count):
    s.sendto(b'x' * 900, (sys.argv[3], 9999))
    if pause and i %% 50 == 0:
        time.sleep(pause)
'''.replace('%%', '%')


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True, timeout=300)


def inside(*command):
    return ('ip', 'netns', 'exec', INSIDE) + command


def outside(*command):
    return ('ip', 'netns', 'exec', OUTSIDE) + command


def apply(image, extra=''):
    policy = image + '.yaml'
    with open(policy, 'w', encoding='utf-8') as file:
        file.write('vendor: kaspersky\npreset: us-commerce-2024\n' + extra)
    run(CURFEW, 'apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', image)


class Monitor:
    """A running monitor; as a context it is ended by SIGTERM."""

    def __init__(self, folder, *options):
        self.log = os.path.join(folder, 'hits', 'hits.jsonl')
        self.image = os.path.join(folder, 'curfew.img')
        self.lines = open(os.path.join(folder, 'stderr'), 'w+', encoding='utf-8')
        self.process = subprocess.Popen(
            [CURFEW, 'monitor', '-i', 'cfout', '--image', self.image, '--hits', self.log, '--fold', '0', '--stats',
             *options], stderr=self.lines, stdout=subprocess.DEVNULL,
            preexec_fn=lambda: enter(OUTSIDE))
        self.wait_for(lambda: self.records('start'))
        time.sleep(0.3)

    def wait_for(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                return True
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        return bool(condition())

    def records(self, kind=None):
        try:
            with open(self.log, encoding='ascii') as file:
                found = [json.loads(line) for line in file if line.endswith('\n')]
        except FileNotFoundError:
            return []
        return [r for r in found if kind is None or r['event_type'] == kind]

    def said(self, text):
        with open(self.lines.name, encoding='utf-8') as file:
            return text in file.read()

    def status(self, key):
        with open('/proc/%d/status' % self.process.pid, encoding='ascii') as file:
            for line in file:
                if line.startswith(key + ':'):
                    return line.split(':', 1)[1].split()
        return []

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.lines.seek(0)
        self.text = self.lines.read()
        self.lines.close()
        return code


def enter(namespace):
    import ctypes
    fd = os.open('/run/netns/' + namespace, os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), 'setns')
    os.close(fd)


class Live(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        os.chmod(self.folder.name, 0o755)
        os.mkdir(os.path.join(self.folder.name, 'hits'))
        os.chmod(os.path.join(self.folder.name, 'hits'), 0o777)
        apply(os.path.join(self.folder.name, 'curfew.img'))
        self.others = []
        for namespace in (INSIDE, OUTSIDE):
            run('ip', 'netns', 'del', namespace, check=False)
            run('ip', 'netns', 'add', namespace)
            run('ip', '-n', namespace, 'link', 'set', 'lo', 'up')
        run('ip', '-n', INSIDE, 'link', 'add', 'cfin', 'type', 'veth', 'peer', 'name', 'cfout')
        run('ip', '-n', INSIDE, 'link', 'set', 'cfout', 'netns', OUTSIDE)
        for namespace, link in ((INSIDE, 'cfin'), (OUTSIDE, 'cfout')):
            run('ip', 'netns', 'exec', namespace, 'sh', '-c',
                'echo 1 > /proc/sys/net/ipv6/conf/%s/disable_ipv6' % link)
        run('ip', '-n', INSIDE, 'addr', 'add', CLIENT + '/24', 'dev', 'cfin')
        run('ip', '-n', OUTSIDE, 'addr', 'add', '10.77.0.1/24', 'dev', 'cfout')
        run('ip', '-n', OUTSIDE, 'addr', 'add', RESOLVER + '/24', 'dev', 'cfout')
        for address in FALLBACK + ['94.75.236.123', '77.74.178.9', '203.0.113.9']:
            run('ip', '-n', OUTSIDE, 'addr', 'add', address + '/32', 'dev', 'lo')
        run('ip', '-n', INSIDE, 'link', 'set', 'cfin', 'up')
        run('ip', '-n', OUTSIDE, 'link', 'set', 'cfout', 'up')
        run('ip', '-n', INSIDE, 'route', 'add', 'default', 'via', '10.77.0.1')

    def tearDown(self):
        for process in self.others:
            process.kill()
            process.wait()
        for namespace in (INSIDE, OUTSIDE):
            run('ip', 'netns', 'del', namespace, check=False)
        self.folder.cleanup()

    def script(self, text):
        return textwrap.dedent(text) % {'here': os.path.dirname(os.path.abspath(__file__)), 'name': NAME,
                                        'resolver': RESOLVER, 'fallback': FALLBACK, 'last': FALLBACK[-1]}

    def send(self, count, pause, address):
        run(*inside(sys.executable, '-c', SENDER, str(count), str(pause), address))

    def test_one_host_s_whole_story_is_in_the_log(self):
        stubs = subprocess.Popen(outside(sys.executable, '-c', self.script(STUBS)), stdout=subprocess.PIPE, text=True)
        self.others.append(stubs)
        self.assertEqual(stubs.stdout.readline(), 'ready\n')
        monitor = Monitor(self.folder.name)
        self.assertNotIn('0', monitor.status('Uid'))
        self.assertEqual(monitor.status('CapEff'), ['0' * 16])
        self.assertEqual(monitor.status('NoNewPrivs'), ['1'])
        self.assertEqual(monitor.status('Seccomp'), ['2'])
        run(*inside(sys.executable, '-c', self.script(UPDATER)))
        self.assertTrue(monitor.wait_for(lambda: [r for r in monitor.records('http')
                                                  if r['match']['via'] == 'body_magic']))
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stubs.stdout.close()
        hits = [r for r in monitor.records() if 'match' in r]
        self.assertTrue(all(r['src_ip'] == CLIENT and r['in_iface'] == 'cfout' for r in hits
                            if r['event_type'] != 'bypass'))
        vias = {r['match']['via'] for r in hits}
        self.assertLessEqual({'qname', 'fallback', 'shared_ip', 'http_uri', 'user_agent', 'http_host_literal',
                              'body_magic'}, vias)
        bypass = [r for r in hits if r['event_type'] == 'bypass'][0]
        self.assertEqual(bypass['match']['value'], ','.join(FALLBACK))
        self.assertIn('nxdomain at ' + RESOLVER, bypass['match']['reason'])
        first = [r for r in hits if r['match']['via'] == 'shared_ip'][0]
        self.assertEqual(first['flow']['dns_seen'], 'hardcoded')
        last = [r for r in hits if r.get('flow', {}).get('bytes_in', 0) > 4000]
        self.assertTrue(last and last[0]['flow']['escape'])
        macs = {r['src_mac'] for r in monitor.records('identity') if r.get('src_ip') == CLIENT}
        self.assertEqual(len(macs), 1)
        stop = monitor.records('stop')[0]
        self.assertEqual((stop['lost_queue'], stop['lost_disk'], stop['kernel_drops']), (0, 0, 0))
        beat = [r for r in monitor.records('heartbeat') if r.get('in_iface') == 'cfout'][-1]
        self.assertFalse(beat['lossy'])
        self.assertEqual(beat['started'], stop['started'])

    @unittest.skipUnless(os.path.exists(os.environ.get('CURFEW_UNBOUND', '')) and
                         os.path.exists(os.environ.get('CURFEW_MODULE', '')), 'no unbound with the module')
    def test_resolver_and_monitor_tell_one_story_to_the_ledger(self):
        apply(os.path.join(self.folder.name, 'curfew.img'))
        resolver_log = os.path.join(self.folder.name, 'hits', 'resolver.jsonl')
        config = os.path.join(self.folder.name, 'unbound.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(UNBOUND % {'folder': self.folder.name, 'address': RESOLVER, 'log': resolver_log,
                                  'module': os.environ['CURFEW_MODULE'],
                                  'image': os.path.join(self.folder.name, 'curfew.img')})
        unbound = subprocess.Popen(outside(os.environ['CURFEW_UNBOUND'], '-d', '-c', config),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.others.append(unbound)
        stubs = subprocess.Popen(outside(sys.executable, '-c', self.script(STUBS).replace(
            '[%r] + ' % RESOLVER, '')), stdout=subprocess.PIPE, text=True)
        self.others.append(stubs)
        self.assertEqual(stubs.stdout.readline(), 'ready\n')
        time.sleep(1)
        monitor = Monitor(self.folder.name, '--resolver', RESOLVER)
        run(*inside(sys.executable, '-c', self.script(UPDATER)))
        self.assertTrue(monitor.wait_for(lambda: [r for r in monitor.records('http')
                                                  if r['match']['via'] == 'body_magic']))
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stubs.stdout.close()
        unbound.terminate()
        unbound.wait(10)
        with open(resolver_log, encoding='ascii') as file:
            blocked = [r for r in map(json.loads, file) if r.get('action') == 'block']
        self.assertEqual({(r['src_ip'], r['dns']['qname']) for r in blocked}, {(CLIENT, NAME)})
        bypass = [r for r in monitor.records('bypass')]
        self.assertIn('nxdomain at ' + RESOLVER, bypass[0]['match']['reason'])
        ledger = os.path.join(self.folder.name, 'ledger.db')
        run(CURFEW, 'ledger', 'ingest', '--ledger', ledger, resolver_log, monitor.log)
        report = subprocess.run([CURFEW, 'report', 'hosts', '--ledger', ledger, '--json'], capture_output=True,
                                text=True, check=True, timeout=300).stdout
        self.assertIn(CLIENT, report)
        self.assertIn('bypassing', report)

    def test_forced_loss_is_counted_honestly(self):
        monitor = Monitor(self.folder.name, '--buffer', '1')
        os.kill(monitor.process.pid, signal.SIGSTOP)
        self.send(8000, 0, '203.0.113.9')
        os.kill(monitor.process.pid, signal.SIGCONT)
        time.sleep(1.5)
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stop = monitor.records('stop')[0]
        self.assertGreater(stop['kernel_drops'], 0)
        seen = stop['packets'] + stop['kernel_drops']
        self.assertGreaterEqual(seen, 8000)
        self.assertLess(seen, 8000 + 100 + 8000)  # ICMP answers of the far end may be many, not endless
        self.assertTrue([r for r in monitor.records('heartbeat') if r.get('lossy')])

    def test_a_new_image_is_taken_without_losing_a_packet_and_a_bad_one_is_refused(self):
        monitor = Monitor(self.folder.name)
        sender = subprocess.Popen(inside(sys.executable, '-c', SENDER, '6000', '0.02', '77.74.178.9'))
        self.others.append(sender)
        time.sleep(0.5)
        with open(monitor.image + '.new', 'wb') as file:
            file.write(b'no image' * 100)
        os.rename(monitor.image + '.new', monitor.image)
        self.assertTrue(monitor.wait_for(lambda: monitor.said('refused')))
        apply(monitor.image, 'answer: {kind: refused}\n')
        self.assertTrue(monitor.wait_for(lambda: monitor.said('is in force')))
        self.assertEqual(sender.wait(30), 0)
        time.sleep(0.5)
        self.assertEqual(monitor.stop(), 0, monitor.text)
        flow = [r for r in monitor.records('flow') if r.get('flow', {}).get('pkts_out')]
        self.assertEqual(sum(r['flow']['pkts_out'] for r in flow), 6000)
        self.assertEqual(monitor.records('stop')[0]['kernel_drops'], 0)

    def test_a_successor_of_the_key_signs_without_a_restart(self):
        keys = os.path.join(self.folder.name, 'keys')
        words = (CURFEW, 'log', 'key', 'new', 'monitor', '--dir', keys, '--owner', 'nobody')
        run(*words)
        shutil.copy(keys + '/monitor.pub', keys + '/pinned.pub')
        monitor = Monitor(self.folder.name, '--user', 'nobody', '--seals', 'none', '--key', keys + '/monitor.key')
        run(*words, '--replace')
        self.assertTrue(monitor.wait_for(lambda: any('key_change' in r for r in monitor.records('heartbeat')), 30))
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stop = monitor.records('stop')[0]
        checked = run(CURFEW, 'log', 'verify', '--json', '--key', keys + '/pinned.pub', '--to', stop['timestamp'], monitor.log)
        found = json.loads(checked.stdout)
        self.assertEqual(found['signed_seals'], found['seals'])
        self.assertEqual([finding['kind'] for finding in found['findings']], ['key'])

    def test_workers_share_an_interface_and_lose_nothing(self):
        monitor = Monitor(self.folder.name, '--workers', '3')
        for _ in range(6):
            self.send(300, 0.001, '77.74.178.9')
        time.sleep(0.5)
        self.assertEqual(monitor.stop(), 0, monitor.text)
        flow = [r for r in monitor.records('flow') if r.get('flow', {}).get('pkts_out')]
        self.assertEqual(len(flow), 6)
        self.assertEqual({r['flow']['pkts_out'] for r in flow}, {300})

    def test_the_prefilter_keeps_the_vendor_and_drops_bulk(self):
        monitor = Monitor(self.folder.name, '--prefilter')
        self.send(500, 0.001, '203.0.113.9')
        self.send(20, 0.001, '77.74.178.9')
        time.sleep(0.5)
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stop = monitor.records('stop')[0]
        self.assertLess(stop['packets'], 120)
        self.assertIn('not seen', stop['prefilter'])
        flow = [r for r in monitor.records('flow') if r.get('flow', {}).get('pkts_out')]
        self.assertEqual(sum(r['flow']['pkts_out'] for r in flow), 20)

    def test_an_image_that_the_prefilter_does_not_know_is_said_to_be_seen_in_part(self):
        monitor = Monitor(self.folder.name, '--prefilter')
        apply(monitor.image, 'answer: {kind: refused}\n')  # the same networks: nothing to say
        self.assertTrue(monitor.wait_for(lambda: monitor.said('is in force')))
        self.assertFalse(monitor.said('prefilter is still'))
        apply(monitor.image, 'answer: {kind: sinkhole, sinkhole: [198.51.100.77]}\n')
        self.assertTrue(monitor.wait_for(lambda: monitor.said('prefilter is still')))
        self.assertEqual(monitor.stop(), 5, monitor.text)
        self.assertIn('new in the image', monitor.records('stop')[0]['prefilter'])

    def test_each_vlan_has_its_heartbeat(self):
        monitor = Monitor(self.folder.name)
        run(*inside(sys.executable, '-c', self.script(TAGGED)))
        time.sleep(0.5)
        self.assertEqual(monitor.stop(), 0, monitor.text)
        beats = [r for r in monitor.records('heartbeat') if r.get('vlan') == 20]
        self.assertTrue(beats and beats[-1]['packets'] >= 100, beats)
        hit = [r for r in monitor.records('flow') if r['match']['via'] == 'dest_ip'][0]
        self.assertEqual((hit['vlan'], hit['src_ip']), (20, '10.78.0.7'))

    def test_time_without_link_is_not_called_watched(self):
        for namespace, link, word in ((INSIDE, 'cfin', 'no_carrier'), (OUTSIDE, 'cfout', 'down')):
            with self.subTest(word):
                monitor = Monitor(self.folder.name)
                self.send(20, 0, '10.77.0.1')  # the default route goes with the link
                before = time.time()
                run('ip', '-n', namespace, 'link', 'set', link, 'down')
                self.assertTrue(monitor.wait_for(lambda: monitor.said('nothing can be seen there'), 60))
                time.sleep(3)
                run('ip', '-n', namespace, 'link', 'set', link, 'up')
                self.assertTrue(monitor.wait_for(lambda: monitor.said('is seen again'), 60))
                after = time.time()
                self.assertEqual(monitor.stop(), 0, monitor.text)
                stop = monitor.records('stop')[-1]
                beat = [r for r in monitor.records('heartbeat') if r.get('in_iface') == 'cfout'][-1]
                for record in (stop, beat):
                    self.assertGreaterEqual(record['dark_s'], 3)
                    self.assertLessEqual(record['dark_s'], after - before + 3)
                    since = datetime.datetime.fromisoformat(record['blind_since'].replace('Z', '+00:00')).timestamp()
                    self.assertLess(abs(since - before), after - before + 3)
                self.assertEqual(beat['link'], 'up')
                self.assertEqual(beat.get('silent_s'), 0)

    def test_a_monitor_that_is_stopped_while_blind_says_so(self):
        monitor = Monitor(self.folder.name)
        run('ip', '-n', INSIDE, 'link', 'set', 'cfin', 'down')
        self.assertTrue(monitor.wait_for(lambda: monitor.said('without carrier'), 60))
        self.assertEqual(monitor.stop(), 0, monitor.text)
        beat = [r for r in monitor.records('heartbeat') if r.get('in_iface') == 'cfout'][-1]
        self.assertEqual(beat['link'], 'no_carrier')
        self.assertGreater(monitor.records('stop')[-1]['dark_s'], 0)

    def test_silence_on_a_port_that_was_never_silent_is_told(self):
        monitor = Monitor(self.folder.name)
        for _ in range(6):
            self.send(5, 0, '203.0.113.9')
            time.sleep(0.5)
        self.assertTrue(monitor.wait_for(lambda: monitor.said("no packets on 'cfout'"), 90))
        self.assertEqual(monitor.stop(), 0, monitor.text)
        stop = monitor.records('stop')[-1]
        self.assertGreaterEqual(stop['silent_s'], 15)
        self.assertIn('blind_since', stop)
        self.assertEqual(stop['dark_s'], 0)

    def test_a_vanished_interface_ends_the_run_with_a_clear_line(self):
        monitor = Monitor(self.folder.name)
        run('ip', '-n', OUTSIDE, 'link', 'del', 'cfout')
        self.assertEqual(monitor.process.wait(15), 4)
        monitor.stop()
        self.assertIn('no interface is left', monitor.text)
        self.assertTrue(monitor.records('stop'))

    def test_an_interface_that_comes_back_is_listened_on_again(self):
        add = ('link', 'add', 'cfextra', 'type', 'veth', 'peer', 'name', 'cfpeer')
        run('ip', '-n', OUTSIDE, *add)
        for link in ('cfextra', 'cfpeer'):
            run('ip', '-n', OUTSIDE, 'link', 'set', link, 'up')
        monitor = Monitor(self.folder.name, '-i', 'cfextra')
        run('ip', '-n', OUTSIDE, 'link', 'del', 'cfextra')
        self.assertTrue(monitor.wait_for(lambda: monitor.said('going on without it'), 60))
        time.sleep(2)
        run('ip', '-n', OUTSIDE, *add)
        for link in ('cfextra', 'cfpeer'):
            run('ip', '-n', OUTSIDE, 'link', 'set', link, 'up')
        self.assertTrue(monitor.wait_for(lambda: monitor.said("listening on 'cfextra' again"), 60))
        self.assertEqual(monitor.status('Seccomp'), ['2'])
        run(*outside(sys.executable, '-c', self.script(TAGGED).replace('cfin', 'cfpeer')))
        self.assertTrue(monitor.wait_for(lambda: [r for r in monitor.records('flow')
                                                  if r.get('in_iface') == 'cfextra'], 60))
        self.assertEqual(monitor.stop(), 5, monitor.text)  # an interface was lost for a while
        beat = [r for r in monitor.records('heartbeat') if r.get('in_iface') == 'cfextra' and 'link' in r][-1]
        self.assertGreaterEqual(beat['dark_s'], 2)
        self.assertEqual(beat['link'], 'up')
        self.assertGreaterEqual(beat['packets'], 100)

    def test_a_status_file_that_cannot_be_written_is_said_once_and_stops_nothing(self):
        closed = os.path.join(self.folder.name, 'closed')
        os.mkdir(closed, 0o700)  # root's; the monitor is not root any more
        for place in ('/nosuch', '/closed'):
            monitor = Monitor(self.folder.name, '--status', self.folder.name + place + '/status.json')
            self.assertTrue(monitor.wait_for(lambda m=monitor: m.said('cannot write the status file')))
            self.send(20, 0.1, '77.74.178.9')
            self.assertTrue(monitor.wait_for(lambda m=monitor: m.records('flow')), place)
            time.sleep(2)  # several more tries
            monitor.stop()
            self.assertEqual(monitor.text.count('cannot write the status file'), 1, monitor.text)
            self.assertIn('not written: status file', monitor.text)
            self.assertGreaterEqual(monitor.records('stop')[-1]['status_failed'], 1)

    def test_an_unknown_interface_is_refused_in_one_line(self):
        done = subprocess.run([CURFEW, 'monitor', '-i', 'nosuch0', '--image',
                               os.path.join(self.folder.name, 'curfew.img'), '--hits', '-'],
                              capture_output=True, text=True, timeout=200, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.assertIn('nosuch0', done.stderr)


def can_run():
    if os.geteuid() != 0:
        return 'not root'
    probe = subprocess.run(['ip', 'netns', 'add', INSIDE], capture_output=True, check=False)
    subprocess.run(['ip', 'netns', 'del', INSIDE], capture_output=True, check=False)
    if probe.returncode != 0:
        return 'no network namespaces'
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    except OSError:
        return 'no packet sockets'
    return None


if __name__ == '__main__':
    why = can_run()
    if why is not None:
        print('skipped:', why)
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])

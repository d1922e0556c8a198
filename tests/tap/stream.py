#!/usr/bin/env python3
"""`curfew tap` with frames made by hand: what servers leave out, out of order, hostile; files and live streams.

  stream.py CURFEW LISTS

As root it also looks at what the tap has given up. No network, no server.

One file: messages, files and live streams are the same frames, told to the same program with the same image."""
import gzip
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import dns
import frames
from frames import AQ, AR, CQ, CR, RQ, RR, payload

CURFEW, LISTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
NAME, OTHER = 'downloads.upd.kaspersky.com', 'www.example.org'
AT = 1796000000.25  # long after the cut-off
NXDOMAIN, REFUSED = 3, 5
VENDOR_ADDR = bytes([77, 74, 178, 9])


def question(ident=7, qname=NAME, **more):
    return dns.question(ident, qname, **more)


def answer(ident=7, qname=NAME, rcode=0, records=None, qtype=1):
    if records is None:
        records = [(qname, 1, bytes([198, 51, 100, 7]))] if rcode == 0 else []
    return dns.answer(dns.question(ident, qname, qtype), rcode, records)


def lines_of(text):
    return [json.loads(line) for line in text.splitlines() if line.endswith('}')]


def wait_for(found, seconds=100):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.05)
    return False


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix='cftap')
        cls.folder = cls.place.name
        os.chmod(cls.folder, 0o755)
        cls.image = cls.apply('curfew')

    @classmethod
    def tearDownClass(cls):
        cls.place.cleanup()

    @classmethod
    def apply(cls, name, extra=''):
        policy, image = f'{cls.folder}/{name}.yaml', f'{cls.folder}/{name}.img'
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n' + extra)
        subprocess.run([CURFEW, 'apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', image], check=True,
                       capture_output=True, timeout=300)
        return image

    def written(self, data, name='frames'):
        path = f'{self.folder}/{name}'
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def replay(self, *payloads, data=None, options=(), code=0, image=None):
        """All lines of a run over a file of these frames."""
        path = self.written(frames.stream(payloads) if data is None else data)
        done = subprocess.run([CURFEW, 'tap', '-r', path, '--image', image or self.image, '--fold', '0', '--sensor',
                               'test', '--hits', '-', *options], capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        self.said = done.stderr
        return lines_of(done.stdout)

    def hits(self, *payloads, **more):
        self.lines = self.replay(*payloads, **more)
        self.last = self.lines[-1]
        self.assertEqual(self.last['event_type'], 'stop')
        return [line for line in self.lines if 'action' in line]

    def one_hit(self, *payloads, **more):
        found = self.hits(*payloads, **more)
        self.assertEqual(len(found), 1, found)
        return found[0]


class Messages(Base):
    def test_a_question_and_its_answer_are_one_look_up(self):
        hit = self.one_hit(payload(CQ, question(), asked=AT), payload(CR, answer(), answered=AT + 1))
        self.assertEqual(hit['timestamp'], '2026-11-30T00:53:20.250000Z')
        self.assertEqual((hit['source'], hit['event_type'], hit['action']), ('tap', 'dns', 'observe'))
        self.assertEqual((hit['src_ip'], hit['src_port'], hit['dest_ip'], hit['dest_port'], hit['proto']),
                         ('10.0.0.7', 4000, '10.0.0.53', 53, 'UDP'))
        self.assertEqual((hit['dns']['rcode'], hit['dns']['outcome'], hit['dns']['resolver']),
                         ('NOERROR', 'answered', 'own'))
        self.assertNotIn('flow', hit)  # no escape: the site's own resolver is no way out

    def test_the_order_of_threads_is_nothing(self):
        hit = self.one_hit(payload(CR, answer(), answered=AT + 1), payload(CQ, question(), asked=AT))
        self.assertEqual(hit['dns']['outcome'], 'answered')
        self.assertEqual(self.last['tap']['late'], 1)

    def test_a_later_look_up_of_the_same_ends_is_another(self):
        found = self.hits(payload(CR, answer(), answered=AT), payload(CQ, question(), asked=AT + 1),
                          payload(CR, answer(rcode=NXDOMAIN), answered=AT + 2))
        self.assertEqual([hit['dns']['outcome'] for hit in found], ['answered', 'nxdomain'])

    def test_an_answer_alone_tells_the_question_too(self):
        hit = self.one_hit(payload(CR, answer(rcode=NXDOMAIN), asked=AT, answered=AT + 1))
        self.assertEqual((hit['dns']['qname'], hit['dns']['outcome']), (NAME, 'nxdomain'))
        self.assertEqual(hit['timestamp'], '2026-11-30T00:53:20.250000Z')

    def test_a_question_alone_is_unseen(self):
        hit = self.one_hit(payload(CQ, question(), asked=AT))
        self.assertEqual(hit['dns']['outcome'], 'unseen')
        self.assertNotIn('rcode', hit['dns'])

    def test_a_question_sent_again_is_the_same_look_up(self):
        self.one_hit(payload(CQ, question(), asked=AT), payload(CQ, question(), asked=AT + 1),
                     payload(CR, answer(), answered=AT + 2), payload(CR, answer(), answered=AT + 2))
        self.assertEqual(self.last['tap']['again'], 1)

    def test_a_refusal_without_the_question_finds_it(self):
        bare = question()[:2] + b'\x81\x05' + b'\0' * 8
        hit = self.one_hit(payload(CQ, question(), asked=AT), payload(CR, bare, answered=AT))
        self.assertEqual((hit['dns']['outcome'], hit['dns']['rcode']), ('refused', 'REFUSED'))

    def test_extended_errors_are_told(self):
        opt = b'\0' + b'\0\x29\x04\xd0\0\0\0\0\0\x06' + b'\0\x0f\0\x02\0\x0f'
        said = answer(rcode=NXDOMAIN)
        said = said[:10] + b'\0\x01' + said[12:] + opt
        hit = self.one_hit(payload(CQ, question(), asked=AT), payload(CR, said, answered=AT))
        self.assertEqual((hit['dns']['ede'], hit['dns']['outcome']), (15, 'nxdomain'))

    def test_transports_also_of_later_versions(self):
        for protocol, proto in ((1, 'UDP'), (2, 'TCP'), (3, 'TCP'), (4, 'TCP'), (5, 'UDP'), (6, 'TCP'), (7, 'UDP'),
                                (99, None), (None, None)):
            hit = self.one_hit(payload(CQ, question(), protocol=protocol, asked=AT),
                               payload(CR, answer(), protocol=protocol, answered=AT))
            self.assertEqual(hit.get('proto'), proto, protocol)

    def test_other_transports_are_other_look_ups(self):
        found = self.hits(payload(CQ, question(), asked=AT), payload(CQ, question(), asked=AT, protocol=2),
                          payload(CR, answer(), answered=AT, protocol=2))
        self.assertEqual(sorted(hit['dns']['outcome'] for hit in found), ['answered', 'unseen'])

    def test_a_wildcard_address_is_no_address(self):
        for server in ('0.0.0.0', '::', None):
            hit = self.one_hit(payload(CQ, question(), server=server, asked=AT),
                               payload(CR, answer(), server=server, answered=AT))
            self.assertNotIn('dest_ip', hit)
            self.assertEqual(hit['dest_port'], 53)

    def test_a_mapped_client_is_an_ipv4_client(self):
        self.assertEqual(self.one_hit(payload(CQ, question(), client='::ffff:10.0.0.9', asked=AT))['src_ip'], '10.0.0.9')
        self.assertEqual(self.one_hit(payload(CQ, question(), client='2001:db8::9', asked=AT))['src_ip'], '2001:db8::9')

    def test_questions_without_recursion_count_as_bind_tells_them(self):
        self.one_hit(payload(AQ, question(flags=0), asked=AT), payload(AR, answer(), answered=AT))

    def test_the_resolvers_own_questions_are_nobodys(self):
        self.assertEqual(self.hits(payload(RQ, question(), asked=AT), payload(RR, answer(), answered=AT)), [])
        self.assertEqual(self.last['tap'], {'frames': 2, 'upstream': 2})
        self.assertEqual([line for line in self.lines if line['event_type'] == 'alive' and line['clients']], [])

    def test_who_asks_for_others_is_not_a_host(self):
        told = [payload(CQ, question(), client='10.0.0.99', asked=AT),
                payload(CR, answer(), client='10.0.0.99', answered=AT),
                payload(CR, answer(qname=OTHER, records=[(OTHER, 1, VENDOR_ADDR)]), client='10.0.0.99', answered=AT)]
        self.assertEqual(self.hits(*told, options=('--resolver', '10.0.0.99')), [])
        self.assertEqual(self.last['tap']['forwarded'], 1)
        self.assertEqual(len(self.hits(*told)), 2)

    def test_aliases_and_addresses_lead_to_the_vendor(self):
        hit = self.one_hit(payload(CQ, question(qname=OTHER), asked=AT), payload(CR, answer(
            qname=OTHER, records=[(OTHER, 5, dns.name(NAME)), (NAME, 1, bytes([198, 51, 100, 7]))]), answered=AT))
        self.assertEqual((hit['match']['via'], hit['dns']['qname'], hit['dns']['cname']), ('cname', OTHER, NAME))
        hit = self.one_hit(payload(CR, answer(qname=OTHER, records=[(OTHER, 1, VENDOR_ADDR)]), answered=AT))
        self.assertEqual((hit['match']['via'], hit['match']['value']), ('answer_addr', '77.74.178.9'))
        self.assertEqual(self.hits(payload(CQ, question(qname=OTHER), asked=AT),
                                   payload(CR, answer(qname=OTHER), answered=AT)), [])

    def test_class_chaos_is_nothing(self):
        chaos = dns.question(7, NAME, qclass=3)
        self.assertEqual(self.hits(payload(CQ, chaos, asked=AT), payload(CR, dns.answer(chaos, 0, []), answered=AT)), [])

    def test_a_client_that_is_not_told_is_counted(self):
        self.assertEqual(self.hits(payload(CQ, question(), client=None, asked=AT)), [])
        self.assertEqual(self.last['tap']['no_client'], 1)

    def test_exceptions_and_the_time_before_the_cutoff_hold(self):
        image = self.apply('excepted', 'exceptions:\n  - {clients: ["10.0.0.7/32"], categories: [updates], '
                           'verdict: flag, owner: jdoe, reason: "wave", until: 2030-01-01T00:00:00Z}\n')
        told = [payload(CQ, question(), client=client, asked=AT) for client in ('10.0.0.7', '10.0.0.8')]
        found = {hit['src_ip']: hit['action'] for hit in self.hits(*told, image=image)}
        self.assertEqual(found, {'10.0.0.7': 'allow', '10.0.0.8': 'observe'})
        self.assertEqual(self.one_hit(payload(CQ, question(), asked=1727000000.5))['action'], 'flag')

    def test_privacy_is_the_policys(self):
        image = self.apply('masked', 'log: {privacy: truncate}\n')
        self.assertEqual(self.one_hit(payload(CQ, question(), asked=AT), image=image)['src_ip'], '10.0.0.0')

    def test_repeats_fold(self):
        told = []
        for n in range(50):
            told += [payload(CQ, question(n), port=4000 + n, asked=AT + n / 10),
                     payload(CR, answer(n), port=4000 + n, answered=AT + n / 10)]
        found = self.hits(*told, options=('--fold', '60s'))
        self.assertEqual([hit['count'] for hit in found], [1, 49])

    def test_who_asked_anything_is_told(self):
        told = [payload(CQ, question(n, OTHER), client=f'10.0.{minute}.{n}', asked=AT + 60 * minute + n / 100)
                for minute in range(3) for n in range(1, 100)]
        lines = self.replay(*told)
        alive = [line for line in lines if line['event_type'] == 'alive']
        by_minute = {}
        for line in alive:
            for client in line['clients'].split():
                by_minute.setdefault(client.rsplit('.', 1)[0], set()).add(line['timestamp'])
        self.assertEqual({net: len(times) for net, times in by_minute.items()}, {'10.0.0': 1, '10.0.1': 1, '10.0.2': 1})
        self.assertEqual(sum(len(line['clients'].split()) for line in alive), 297)
        self.assertTrue(all(line['source'] == 'tap' for line in alive))
        ends = sorted({(line['timestamp'], line['last']) for line in alive})
        self.assertTrue(all(first[1] == second[0] for first, second in zip(ends, ends[1:])), ends)

    def test_what_got_lost_is_noticed(self):
        told = []
        for n in range(150):
            told += [payload(CQ, question(n, OTHER), asked=AT + n), payload(CR, answer(n, OTHER), answered=AT + n)]
        self.hits(*told)
        self.assertNotIn('iface_drops', self.last)
        del told[260]  # a question whose answer came
        self.hits(*told)
        self.assertEqual((self.last['iface_drops'], self.last['tap']['missing']), (1, 1))


class Files(Base):
    def test_the_same_file_gives_the_same_lines(self):
        told = [payload(CQ, question(n), port=n, asked=AT + n) for n in range(1, 20)]
        self.assertEqual(self.replay(*told), self.replay(*told))
        self.assertNotEqual(self.replay(*told)[0]['id'], self.replay(*told[1:])[0]['id'])

    def test_packed_files_are_unpacked(self):
        whole = frames.stream([payload(CQ, question(), asked=AT)])
        self.assertEqual(len(self.hits(data=gzip.compress(whole))), 1)

    def test_what_was_read_of_a_broken_file_counts(self):
        whole = frames.stream([payload(CQ, question(), asked=AT)] * 2)
        self.assertEqual(len(self.hits(data=whole[:-40], code=4)), 1)
        self.assertIn('ends within a frame', self.said)
        self.assertEqual(self.hits(data=b'\xd4\xc3\xb2\xa1' * 20, code=4), [])
        self.assertIn('no frame stream', self.said)
        self.assertEqual(self.hits(data=frames.control(frames.START, b'protobuf:other.Thing'), code=4), [])
        self.assertIn('something else than dnstap', self.said)

    def test_frames_that_are_none_are_counted(self):
        junk = [b'', b'\xff' * 40, payload(CQ, b'no dns at all'), payload(CQ, None, asked=AT),
                payload(CR, question(), answered=AT), payload(CQ, answer(), asked=AT)]
        self.assertEqual(self.hits(*[one for one in junk if one], payload(CQ, question(qname=OTHER), asked=AT)), [])
        self.assertEqual(self.last['decode_failures'], 5)

    def test_seals_are_signed_with_a_key(self):
        keys, log = self.folder + '/keys', self.folder + '/sealed.jsonl'
        os.mkdir(keys)
        owner = ('--owner', 'root') if os.geteuid() == 0 else ()
        subprocess.run([CURFEW, 'log', 'key', 'new', 'tap', '--dir', keys, *owner], check=True, capture_output=True,
                       timeout=100)
        lines = self.replay(payload(CQ, question(), asked=AT), options=('--key', keys + '/tap.key'))
        self.assertIn('seal_sig', lines[-1]['chain'])
        with open(log, 'w', encoding='utf-8') as file:
            file.writelines(json.dumps(line, separators=(',', ':')) + '\n' for line in lines)
        done = subprocess.run([CURFEW, 'log', 'verify', '--key', keys + '/tap.pub', log], capture_output=True,
                              text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn('seal_sig', self.replay(payload(CQ, question(), asked=AT))[-1]['chain'])

    def test_a_file_that_is_not_there_is_said(self):
        done = subprocess.run([CURFEW, 'tap', '-r', self.folder + '/none', '--image', self.image], capture_output=True,
                              text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 4)
        self.assertIn('/none', done.stderr)

    def test_the_command_line(self):
        for words in ([], ['-u', '/tmp/x', '-r', 'y'], ['-u', '/tmp/x', '--mode', '999'], ['-u', 'a', '-u', 'a'],
                      ['-u', '/tmp/x', '--group', 'no-such-group'], ['-u', '/tmp/x', '--streams', '0']):
            done = subprocess.run([CURFEW, 'tap', *words], capture_output=True, text=True, timeout=100, check=False)
            self.assertEqual(done.returncode, 2, (words, done.stderr))
            self.assertTrue(done.stderr)


class Live(Base):
    def setUp(self):
        self.room = tempfile.TemporaryDirectory(prefix='cftap')
        self.addCleanup(self.room.cleanup)
        os.chmod(self.room.name, 0o777)
        self.path, self.log = self.room.name + '/tap.sock', self.room.name + '/hits.jsonl'
        self.tap = None

    def tearDown(self):
        if self.tap is not None and self.tap.poll() is None:
            self.tap.kill()
            self.tap.wait(100)

    def said(self):
        with open(self.room.name + '/err', encoding='utf-8') as file:
            return file.read()

    def start(self, *options, image=None, paths=None):
        words = [CURFEW, 'tap', '--image', image or self.image, '--hits', self.log, '--fold', '0', '--sensor', 'test',
                 *options]
        if os.geteuid() == 0 and '--no-sandbox' not in options:
            words += ['--user', 'nobody']
        for path in paths or [self.path]:
            words += ['-u', path]
        with open(self.room.name + '/err', 'w', encoding='utf-8') as err:
            self.tap = subprocess.Popen(words, stderr=err)
        self.assertTrue(wait_for(lambda: 'resolvers connected' in self.said() or self.tap.poll() is not None))
        self.assertIsNone(self.tap.poll(), self.said())

    def stop(self, code=0):
        self.tap.send_signal(signal.SIGTERM)
        self.assertEqual(self.tap.wait(100), code, self.said())
        self.last = self.lines()[-1]
        self.assertEqual(self.last['event_type'], 'stop')

    def lines(self):
        with open(self.log, encoding='utf-8') as file:
            return lines_of(file.read())

    def hits(self):
        return [line for line in self.lines() if 'action' in line]

    def test_several_resolvers_at_once(self):
        self.start()
        writers = [frames.Writer(self.path, greet=n % 2 == 0) for n in range(8)]
        for n, writer in enumerate(writers):
            writer.tell(payload(CQ, question(), client=f'10.0.1.{n}', asked=time.time()))
        for n, writer in enumerate(writers):
            writer.tell(payload(CR, answer(), client=f'10.0.1.{n}', answered=time.time()))
        for writer in writers:
            writer.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 8))
        self.stop()
        self.assertEqual({hit['dns']['outcome'] for hit in self.hits()}, {'answered'})
        self.assertEqual(self.last['queries'], 8)

    def test_a_successor_of_the_key_signs_without_a_restart(self):
        keys = self.room.name + '/keys'
        owner = ('--owner', 'nobody') if os.geteuid() == 0 else ()
        words = (CURFEW, 'log', 'key', 'new', 'tap', '--dir', keys, *owner)
        subprocess.run(words, check=True, capture_output=True, timeout=100)
        first = pathlib.Path(keys + '/tap.pub').read_text(encoding='ascii').splitlines()[1]
        self.start('--key', keys + '/tap.key', '--seals', 'none')
        subprocess.run([*words, '--replace'], check=True, capture_output=True, timeout=100)
        self.assertTrue(wait_for(lambda: any('key_change' in line for line in self.lines())))
        self.stop()
        done = subprocess.run([CURFEW, 'log', 'verify', '--json', '--key', first, '--to', self.last['timestamp'], self.log],
                              capture_output=True, text=True, timeout=100, check=True)
        found = json.loads(done.stdout)
        self.assertEqual(found['signed_seals'], found['seals'])

    def test_who_breaks_the_format_disturbs_nobody(self):
        self.start()
        good = frames.Writer(self.path)
        for bytes_ in (b'GET / HTTP/1.1\r\n\r\n', frames.control(frames.READY, b'other'), b'\0' * 8,
                       frames.control(frames.START) + b'\xff' * 200, frames.control(frames.START) + b'\0\0\0\x05hello'):
            with socket.socket(socket.AF_UNIX) as bad:
                bad.connect(self.path)
                bad.sendall(bytes_)
                bad.settimeout(60)
                if bytes_[-5:] != b'hello':
                    self.assertEqual(bad.recv(100), b'')
        good.tell(payload(CQ, question(), asked=time.time()), payload(CR, answer(), answered=time.time()))
        good.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 1), self.said())
        self.assertTrue(wait_for(lambda: 'broken off' in self.said()), self.said())
        self.stop()
        self.assertEqual(self.last['decode_failures'], 5)

    def test_too_many_are_turned_away(self):
        self.start()
        crowd = []
        for _ in range(70):
            one = socket.socket(socket.AF_UNIX)
            one.connect(self.path)
            crowd.append(one)
        crowd[-1].settimeout(60)
        self.assertEqual(crowd[-1].recv(10), b'')
        for one in crowd:
            one.close()
        self.assertTrue(wait_for(lambda: 'too many streams' in self.said()), self.said())
        writer = frames.Writer(self.path)
        writer.tell(payload(CQ, question(), asked=time.time()), payload(CR, answer(), answered=time.time()))
        writer.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 1), self.said())
        self.stop()

    def test_a_clock_a_day_off_is_not_believed(self):
        self.start()
        writer = frames.Writer(self.path)
        writer.tell(payload(CQ, question(1), asked=12345), payload(CR, answer(1), answered=12346),
                    payload(CQ, question(2)), payload(CR, answer(2)))
        writer.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 2), self.said())
        self.stop()
        self.assertEqual(self.last['tap']['odd_times'], 4)
        self.assertTrue(all(hit['timestamp'] > '2026' for hit in self.hits()))

    def test_only_while_a_resolver_is_connected_it_is_watched(self):
        two = self.room.name + '/two.sock'
        self.start('--status', self.room.name + '/status.json', paths=[self.path, two])
        writer = frames.Writer(self.path)
        self.addCleanup(writer.socket.close)
        writer.tell(payload(CQ, question(qname=OTHER), asked=time.time()))
        self.assertTrue(wait_for(lambda: "tap.sock': 1 resolvers connected" in self.said()), self.said())
        self.assertIn("two.sock': 0 resolvers connected, 1 expected", self.said())
        self.stop()
        self.assertGreater(self.last['dark_s'], 0)
        self.assertIn('blind_since', self.last)
        with open(self.room.name + '/status.json', encoding='utf-8') as file:
            self.assertEqual(json.load(file)['source'], 'tap')

    def test_a_new_image_is_taken_and_a_bad_one_is_not(self):
        image = self.room.name + '/in-force.img'
        with open(self.image, 'rb') as file:
            good = file.read()

        def put(data):
            with open(image + '.new', 'wb') as file:
                file.write(data)
            os.rename(image + '.new', image)
            self.tap.send_signal(signal.SIGHUP)

        self.start(image=image)
        self.assertIn('recording nothing until', self.said())
        writer = frames.Writer(self.path)
        writer.tell(payload(CQ, question(1), asked=time.time()), payload(CR, answer(1), answered=time.time()))
        put(good)
        self.assertTrue(wait_for(lambda: 'is in force' in self.said()), self.said())
        writer.tell(payload(CQ, question(2), port=4002, asked=time.time()),
                    payload(CR, answer(2), port=4002, answered=time.time()))
        self.assertTrue(wait_for(lambda: len(self.hits()) == 1), self.said())
        put(b'no image')
        self.assertTrue(wait_for(lambda: 'refused' in self.said()), self.said())
        writer.tell(payload(CQ, question(3), port=4003, asked=time.time()),
                    payload(CR, answer(3), port=4003, answered=time.time()))
        writer.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 2), self.said())
        self.stop(code=5)
        self.assertEqual([hit['src_port'] for hit in self.hits()], [4002, 4003])

    def test_sockets_are_made_with_care(self):
        with open(self.path, 'wb'):
            pass
        done = self.fail_to_start()
        self.assertIn('no socket', done)
        os.unlink(self.path)
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(self.path)
        self.start('--mode', '0620')
        mode = os.stat(self.path).st_mode
        self.assertEqual(mode & 0o777, 0o620)
        self.assertIn('already', self.fail_to_start())
        self.stop()
        self.assertIn('has 1 to', self.fail_to_start(self.room.name + '/' + 'x' * 120))
        self.assertIn('cannot listen', self.fail_to_start(self.room.name + '/none/tap.sock'))

    def fail_to_start(self, path=None):
        done = subprocess.run([CURFEW, 'tap', '-u', path or self.path, '--image', self.image, '--hits', '-'],
                              capture_output=True, text=True, timeout=100, check=False)
        self.assertEqual(done.returncode, 4, done.stderr)
        return done.stderr

    def test_rights_are_given_up_before_the_first_byte(self):
        if os.geteuid() != 0:
            self.skipTest('not root')
        self.start()
        status = {}
        with open(f'/proc/{self.tap.pid}/status', encoding='ascii') as file:
            for line in file:
                key, _, value = line.partition(':')
                status[key] = value.strip()
        self.assertEqual(set(status['Uid'].split()) & {'0'}, set())
        self.assertEqual(int(status['CapEff'], 16) | int(status['CapPrm'], 16), 0)
        self.assertEqual((status['NoNewPrivs'], status['Seccomp']), ('1', '2'))
        self.stop()

    def test_the_ledger_counts_a_tap_as_a_resolver(self):
        self.start()
        writer = frames.Writer(self.path)
        writer.tell(payload(CQ, question(), asked=time.time()), payload(CR, answer(), answered=time.time()))
        writer.end()
        self.assertTrue(wait_for(lambda: len(self.hits()) == 1))
        self.stop()
        ledger = self.room.name + '/ledger.db'
        subprocess.run([CURFEW, 'ledger', 'ingest', '--ledger', ledger, self.log], check=True, capture_output=True,
                       timeout=300)
        done = subprocess.run([CURFEW, 'report', '--ledger', ledger, '--json'], capture_output=True, text=True, timeout=300,
                              check=False)
        self.assertIn('10.0.0.7', done.stdout, done.stderr)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]] + sys.argv[3:])

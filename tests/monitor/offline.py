#!/usr/bin/env python3
"""The monitor over files: what it gives up before the first packet, and where its records still go.

usage: offline.py CURFEW LISTS
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402

CURFEW, LISTS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
NAME = 'downloads.upd.kaspersky.com'


def capture(count, last=0):
    """A pcap of that many look-ups, a second apart."""
    data = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
    for i in range(count):
        frame = packets.ether(packets.mac(7), packets.mac(1), packets.ip(
            '10.77.0.7', '10.77.0.53', 17, packets.udp(4000 + i, 53, packets.dns(i + last, NAME))))
        data += struct.pack('<IIII', 1727770443 + i, 0, len(frame), len(frame)) + frame
    return data


class Offline(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix='curfew-offline-')  # 0700: nobody else may look in
        self.addCleanup(shutil.rmtree, self.folder)
        self.image, self.log = self.path('curfew.img'), self.path('hits.jsonl')
        policy = self.path('curfew.yaml')
        with open(policy, 'w', encoding='ascii') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
        subprocess.run([CURFEW, 'apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', self.image],
                       check=True, capture_output=True, timeout=300)

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, data):
        with open(self.path(name), 'wb') as file:
            file.write(data)
        return self.path(name)

    def start(self, *options):
        process = subprocess.Popen([CURFEW, 'monitor', '-r', '-', '--image', self.image, *options],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def seen_in(self, process, key):
        with open('/proc/%d/status' % process.pid, encoding='ascii') as file:
            for line in file:
                if line.startswith(key + ':'):
                    return line.split(':', 1)[1].split()
        return []

    def test_rights_are_gone_while_packets_are_read(self):
        for options in (['--hits', self.log, '--status', self.path('status.json')], ['--hits', '-'], ['--names']):
            with self.subTest(' '.join(options[:1])):
                process = self.start(*options)
                data = capture(4)
                process.stdin.write(data[:-20])
                process.stdin.flush()
                end = time.monotonic() + 120
                while time.monotonic() < end and self.seen_in(process, 'Seccomp') != ['2']:
                    time.sleep(0.05)
                self.assertEqual(self.seen_in(process, 'Seccomp'), ['2'])
                self.assertEqual(self.seen_in(process, 'NoNewPrivs'), ['1'])
                self.assertEqual(self.seen_in(process, 'CapEff'), ['0' * 16])
                if os.geteuid() == 0:
                    self.assertNotIn('0', self.seen_in(process, 'Uid'))
                    self.assertNotIn('0', self.seen_in(process, 'Gid'))
                out, err = process.communicate(data[-20:], timeout=120)
                self.assertEqual(process.returncode, 0, err)
                if '--names' in options:
                    self.assertIn(NAME.encode(), out)
        with open(self.log, encoding='ascii') as file:
            records = [json.loads(line) for line in file]
        self.assertEqual(records[-1]['event_type'], 'stop')
        self.assertGreater(records[-1]['hits'], 0)
        with open(self.path('status.json'), encoding='ascii') as file:
            self.assertEqual(json.load(file)['state'], 'stopped')

    def test_a_log_goes_on_from_its_last_seal(self):
        for number in range(3):
            read = self.put('c%d.pcap' % number, capture(3, number * 10))
            done = subprocess.run([CURFEW, 'monitor', '-r', read, '--image', self.image, '--hits', self.log],
                                  capture_output=True, check=False, timeout=300)
            self.assertEqual(done.returncode, 0, done.stderr)
        verify = subprocess.run([CURFEW, 'log', 'verify', '--json', self.log], capture_output=True, check=False,
                                timeout=300)
        self.assertEqual((verify.returncode, json.loads(verify.stdout)['findings']), (0, []))
        with open(self.log, encoding='ascii') as file:
            inputs = [r['input'] for r in map(json.loads, file) if r['event_type'] == 'start']
        self.assertEqual(len(set(inputs)), 3)

    def test_the_counters_printed_are_those_of_the_stop_record(self):
        read = self.put('c.pcap', capture(5))
        done = subprocess.run([CURFEW, 'monitor', '-r', read, '--image', self.image, '--hits', self.log, '-s'],
                              capture_output=True, text=True, check=True, timeout=300)
        words = done.stderr.split()
        printed = {words[i]: int(words[i + 1]) for i in range(0, 12, 2)}
        with open(self.log, encoding='ascii') as file:
            stop = [r for r in map(json.loads, file) if r['event_type'] == 'stop'][0]
        self.assertEqual((printed['packets'], printed['bytes'], printed['hits'], printed['lines']),
                         (stop['packets'], stop['bytes'], stop['hits'], stop['written']))
        names = subprocess.run([CURFEW, 'monitor', '-r', read, '--names', '-s'], capture_output=True, text=True,
                               check=True, timeout=300)
        self.assertIn('packets 5 ', names.stderr)

    def test_the_sandbox_can_be_left_out(self):
        process = self.start('--hits', self.log, '--no-sandbox')
        process.stdin.write(capture(2))
        process.stdin.flush()
        time.sleep(0.5)
        self.assertEqual(self.seen_in(process, 'Seccomp'), ['0'])
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

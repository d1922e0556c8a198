#!/usr/bin/env python3
"""Each kind of evidence, told from its neighbours, over captures made here.

  evidence.py CURFEW LISTS MKMMDB

One file: each kind of evidence is a few packets and one expected record, told from its neighbours.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402

CURFEW, LISTS, MKMMDB = (os.path.abspath(a) for a in sys.argv[1:4])
CLIENT, RESOLVER, VENDOR = '10.20.0.7', '10.20.0.53', '77.74.178.9'
FALLBACK = ['8.8.8.8', '1.1.1.1', '223.6.6.6', '9.9.9.9', '185.228.168.168']
UPDATE = (b'GET /updaters/updater.xml.dif HTTP/1.0\r\nHost: 94.75.236.123\r\nPragma: no-cache\r\n'
          b'User-Agent: *B0cBAAQAjyajPZi3NqrqOlLbWHEBn0dO1ZHOsQUs2xEOPsB8LFbPAkWACAAAA8AA\r\n\r\n')
BODY = b'HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 2000\r\n\r\nKLD2' + b'x' * 1996
BEFORE = 1727582000.0  # ten minutes before the cut-off


class Evidence(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        policy = os.path.join(cls.folder.name, 'curfew.yaml')
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n'
                       'answer: {kind: sinkhole, sinkhole: [192.0.2.53]}\n')
        cls.image = os.path.join(cls.folder.name, 'curfew.img')
        done = subprocess.run([CURFEW, 'apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', cls.image],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_monitor(self, capture, *options):
        path = os.path.join(self.folder.name, 'test.pcap')
        capture.write(path)
        done = subprocess.run([CURFEW, 'monitor', '--image', self.image, '--hits', '-', *options, '-r', path],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def hits(self, capture, *options, via=None):
        records = [r for r in self.run_monitor(capture, *options) if 'match' in r]
        return [r for r in records if via is None or r['match']['via'] == via]

    def test_an_update_run_is_caught_by_each_kind_alone(self):
        c = packets.Capture()
        c.connect(CLIENT, '94.75.236.123', 80, UPDATE, BODY)
        for kind in ('shared_ip', 'http_uri', 'user_agent', 'http_host_literal', 'body_magic'):
            found = self.hits(c, '--evidence', kind)
            self.assertTrue(found, kind)
            self.assertEqual({r['match']['via'] for r in found}, {kind})
        self.assertEqual(self.hits(c, '--evidence', 'sni'), [])

    def test_an_update_run_from_an_unlisted_address_is_still_caught(self):
        c = packets.Capture()
        c.connect(CLIENT, '203.0.113.5', 80, UPDATE.replace(b'94.75.236.123', b'203.0.113.5'), BODY)
        vias = {r['match']['via'] for r in self.hits(c)}
        self.assertEqual(vias, {'http_uri', 'user_agent', 'http_host_literal', 'body_magic'})

    def test_a_bare_address_as_host_alone_proves_nothing(self):
        c = packets.Capture()
        c.connect(CLIENT, '203.0.113.5', 80, b'GET / HTTP/1.1\r\nHost: 203.0.113.5\r\nUser-Agent: curl/8\r\n\r\n')
        self.assertEqual(self.hits(c), [])

    def test_the_first_packet_is_enough(self):
        c = packets.Capture()
        c.tcp(CLIENT, 40000, VENDOR, 443, 2)
        c.udp('10.20.0.8', 40000, VENDOR, 9999, b'x')
        c.tcp(VENDOR, 443, '10.20.0.9', 50000, 24, b'y' * 100)
        found = {r['src_ip']: r for r in self.hits(c, via='dest_ip') if r['flow'].get('pkts_out') is None
                 and r['flow'].get('pkts_in') is None}
        self.assertEqual(set(found), {CLIENT, '10.20.0.8', '10.20.0.9'})
        self.assertEqual(found[CLIENT]['flow']['state'], 'syn')
        self.assertEqual(found['10.20.0.8']['flow']['state'], 'udp')
        self.assertEqual(found['10.20.0.9']['flow']['state'], 'oneway')
        self.assertEqual(found['10.20.0.9']['dest_ip'], VENDOR)

    def test_connections_from_the_vendor_are_no_dependence(self):
        c = packets.Capture()
        c.connect(VENDOR, '10.20.0.80', 443, b'x' * 50, b'y' * 50)
        self.assertEqual(self.hits(c), [])

    def test_hard_coded_resolved_unknown(self):
        c = packets.Capture()
        c.ask(CLIENT, RESOLVER, 'www.example.org', answers=[('www.example.org', 1, 60, '203.0.113.1')])
        c.ask('10.20.0.8', RESOLVER, 'av.example.net', answers=[
            ('av.example.net', 5, 60, 'dnl-03.geo.kaspersky.com'), ('dnl-03.geo.kaspersky.com', 1, 60, VENDOR)])
        c.wait(3600)
        c.tcp(CLIENT, 40000, VENDOR, 443, 2)
        c.tcp('10.20.0.8', 40000, VENDOR, 443, 2)
        c.tcp('10.20.0.9', 40000, VENDOR, 443, 2)
        seen = {r['src_ip']: r['flow']['dns_seen'] for r in self.hits(c, via='dest_ip')}
        self.assertEqual(seen, {CLIENT: 'hardcoded', '10.20.0.8': 'resolved', '10.20.0.9': 'unknown'})

    def test_an_answer_over_tcp_announces_too(self):
        c = packets.Capture()
        answer = packets.dns(5, 'touch.kaspersky.com', 1, True, answers=[('touch.kaspersky.com', 1, 60, VENDOR)])
        question = packets.dns(5, 'touch.kaspersky.com')
        c.connect(CLIENT, RESOLVER, 53, len(question).to_bytes(2, 'big') + question,
                  len(answer).to_bytes(2, 'big') + answer)
        c.tcp(CLIENT, 40000, VENDOR, 80, 2)
        flow = self.hits(c, via='dest_ip')[0]
        self.assertEqual(flow['flow']['dns_seen'], 'resolved')
        self.assertEqual(flow['dns']['qname'], 'touch.kaspersky.com')

    def test_a_host_that_asks_by_ipv6_and_connects_by_ipv4_is_one_host(self):
        c = packets.Capture()
        six = 'fd00:20::7'
        c.macs[CLIENT] = c.macs[six] = packets.mac(16)
        c.tcp(CLIENT, 1, '10.20.0.1', 22, 2)
        c.ask(six, 'fd00:20::53', 'touch.kaspersky.com', answers=[('touch.kaspersky.com', 1, 60, VENDOR)])
        c.tcp(CLIENT, 40000, VENDOR, 443, 2)
        self.assertEqual(self.hits(c, via='dest_ip')[0]['flow']['dns_seen'], 'resolved')

    def test_an_exempt_name_makes_its_address_no_evidence(self):
        c = packets.Capture()
        c.ask(CLIENT, RESOLVER, 'securelist.com', answers=[('securelist.com', 1, 60, VENDOR)])
        c.connect(CLIENT, VENDOR, 443, packets.client_hello('securelist.com'), b'z' * 200)
        self.assertEqual(self.hits(c), [])

    def test_bytes_after_the_cut_off_are_an_escape_and_before_it_are_not(self):
        for start, escape in ((BEFORE - 86400, None), (BEFORE + 600, True)):
            c = packets.Capture(start)
            c.connect(CLIENT, '198.51.100.9', 443, packets.client_hello('s00.upd.kaspersky.com'), b'z' * 3000)
            end = [r for r in self.hits(c) if 'pkts_in' in r.get('flow', {})]
            self.assertEqual(len(end), 1)
            self.assertEqual(end[0]['flow'].get('escape'), escape)
            self.assertGreater(end[0]['flow']['bytes_in'], 3000)
            self.assertEqual(end[0]['flow']['payload_in'], 3000)
            self.assertEqual(end[0]['action'], 'observe' if escape else 'flag')

    def test_one_wild_time_stops_no_heartbeat_and_folds_nothing(self):
        c = packets.Capture()
        for minute in range(20):
            c.ask(CLIENT, RESOLVER, 'touch.kaspersky.com', rcode=3)
            if minute == 7:
                now, c.now = c.now, 4070908800.0
                c.ask('10.20.0.8', RESOLVER, 'crl.kaspersky.com', rcode=3)
                c.now = now
            c.wait(61)
        records = self.run_monitor(c)
        self.assertEqual([r for r in records if not r['timestamp'].startswith('2024-09-29')], [])
        hits = [r for r in records if r.get('src_ip') == CLIENT and 'match' in r]
        self.assertEqual([r['count'] for r in hits], [1] * 20)
        self.assertGreater(len([r for r in records if r['event_type'] == 'heartbeat']), 17)

    def test_a_record_cites_the_version_of_its_own_pack(self):
        with open(os.path.join(LISTS, 'kaspersky', 'pack.yaml'), encoding='utf-8') as file:
            version = [line.split('"')[1] for line in file if line.startswith('version:')][0]
        c = packets.Capture()
        c.ask(CLIENT, RESOLVER, 'touch.kaspersky.com', rcode=3)
        c.tcp(CLIENT, 40000, VENDOR, 443, 2)
        self.assertEqual({r['match']['serial'] for r in self.hits(c)}, {version})

    def test_headers_alone_are_no_payload(self):
        c = packets.Capture(BEFORE - 86400)
        c.connect(CLIENT, VENDOR, 443)  # opened and closed
        c.tcp('10.20.0.8', 40000, VENDOR, 443, 2)
        c.tcp(VENDOR, 443, '10.20.0.8', 40000, 20)  # refused
        c.udp('10.20.0.9', 40000, VENDOR, 9999, b'x')
        c.udp(VENDOR, 9999, '10.20.0.9', 40000, b'answer')
        ends = {r['src_ip']: r['flow'] for r in self.hits(c) if 'pkts_in' in r.get('flow', {})}
        self.assertEqual({client: (flow['pkts_in'] > 0, flow.get('payload_in')) for client, flow in ends.items()},
                         {CLIENT: (True, None), '10.20.0.8': (True, None), '10.20.0.9': (True, 6)})

    def test_each_connection_counts_once_in_a_report(self):
        c = packets.Capture(BEFORE + 600)
        c.connect(CLIENT, VENDOR, 443, packets.client_hello('s00.upd.kaspersky.com'), b'z' * 3000)
        c.wait(1800)
        c.tcp(CLIENT, 50001, VENDOR, 443, 2, seq=100)  # nobody answers
        c.wait(1800)
        c.connect(CLIENT, VENDOR, 443, b'x' * 50, b'z' * 500, sport=50002, close=False)
        for _ in range(40):
            c.wait(60)
            c.tcp(CLIENT, 50002, VENDOR, 443, 24, b'x', seq=151, ack=1001)
        log, ledger = (os.path.join(self.folder.name, name) for name in ('once.jsonl', 'once.db'))
        with open(log, 'w', encoding='utf-8') as file:
            for record in self.run_monitor(c):
                file.write(json.dumps(record, separators=(',', ':')) + '\n')
        done = subprocess.run([CURFEW, 'ledger', 'ingest', '--alone', '-l', ledger, log], capture_output=True, text=True,
                              check=False)
        if done.returncode == 2:
            self.skipTest('built without the ledger')
        done = subprocess.run([CURFEW, 'report', '--json', '-l', ledger], capture_output=True, text=True, check=True)
        rows = [row for row in json.loads(done.stdout)['tables']['hosts'] if row['hits']]
        self.assertEqual([(row['hits'], row['escapes'], row['answered']) for row in rows], [(3, 1, 2)], rows)

    def test_blocked_then_bypassed_is_one_finding(self):
        c = packets.Capture()
        name = 'downloads.upd.kaspersky.com'
        c.ask(CLIENT, RESOLVER, name, rcode=3, ede=15)
        c.wait(1)
        for resolver in FALLBACK:
            c.ask(CLIENT, resolver, name, reply=resolver == FALLBACK[-1], answers=[(name, 1, 60, '198.51.100.77')])
            c.wait(2)
        found = self.hits(c, via='fallback')
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]['event_type'], 'bypass')
        self.assertEqual(found[0]['match']['value'], ','.join(FALLBACK))
        self.assertIn('nxdomain at ' + RESOLVER, found[0]['match']['reason'])
        self.assertTrue(found[0]['flow']['escape'])
        foreign = [r for r in self.hits(c, via='qname') if r['dns']['resolver'] == 'foreign']
        self.assertEqual([(r['dns']['outcome'], r['flow']['escape'] if 'flow' in r else False)
                          for r in sorted(foreign, key=lambda r: r['timestamp'])],
                         [('unseen', False)] * 4 + [('answered', True)])

    def test_a_look_up_says_what_it_was_answered_with(self):
        name, other = 'touch.kaspersky.com', 'crl.kaspersky.com'
        address = [(name, 1, 60, '198.51.100.77')]
        for wanted, rcode, edes, ask in (
                ('nxdomain', 'NXDOMAIN', (15, None), {'rcode': 3, 'ede': 15}),
                ('refused', 'REFUSED', (None, None), {'rcode': 5}),
                ('failed', 'SERVFAIL', (22, '22 23'), {'rcode': 2, 'ede': (22, 23)}),
                ('nodata', 'NOERROR', (17, '22 17'), {'ede': (22, 17)}),
                ('nodata', 'NOERROR', (None, None), {'answers': [(name, 5, 60, other)]}),
                ('sinkhole', 'NOERROR', (None, None), {'answers': [(name, 1, 60, '192.0.2.53')]}),
                ('sinkhole', 'NOERROR', (None, None), {'answers': [(name, 1, 60, '0.0.0.0')]}),
                ('sinkhole', 'NOERROR', (4, None), {'answers': address, 'ede': 4}),
                ('answered', 'NOERROR', (3, None), {'answers': address, 'ede': 3}),
                ('unseen', None, (None, None), {'reply': False})):
            c = packets.Capture()
            c.ask(CLIENT, RESOLVER, name, **ask)
            c.wait(60)
            c.udp(CLIENT, 9, RESOLVER, 9, b'later')
            found = self.hits(c, via='qname')
            self.assertEqual(len(found), 1, ask)
            dns = found[0]['dns']
            self.assertEqual((dns['outcome'], dns.get('rcode'), (dns.get('ede'), dns.get('edes'))),
                             (wanted, rcode, edes), ask)
            self.assertEqual(found[0]['src_mac'], '02:00:00:00:00:10')
            self.assertNotIn('flow', found[0])

    def test_an_answer_is_matched_by_client_server_id_and_name(self):
        name = 'touch.kaspersky.com'
        for case, wanted in (('id', 2), ('port', 2), ('server', 2), ('name', 1), ('same', 1)):
            c = packets.Capture()
            c.udp(CLIENT, 4000, RESOLVER, 53, packets.dns(7, name))
            c.udp('10.20.0.54' if case == 'server' else RESOLVER, 53, CLIENT, 4001 if case == 'port' else 4000,
                  packets.dns(8 if case == 'id' else 7, 'www.example.org' if case == 'name' else name, 1, True, 3))
            found = self.hits(c, via='qname')
            self.assertEqual(len(found), wanted, case)
            outcomes = {r['dns']['outcome'] for r in found}
            self.assertEqual(outcomes, {'nxdomain'} if case == 'same' else
                             {'unseen'} if case == 'name' else {'unseen', 'nxdomain'}, case)

    def test_an_error_that_leaves_the_question_out_is_the_answer(self):
        """Unbound 1.17 answers a client that it refuses with a header, and bytes behind its end."""
        name = 'touch.kaspersky.com'
        for behind in (b'', packets.dns(7, name)):
            c = packets.Capture()
            c.udp(CLIENT, 4000, RESOLVER, 53, packets.dns(7, name))
            c.udp(RESOLVER, 53, CLIENT, 4000, packets.dns(7, name, 1, True, 5)[:4] + bytes(8) + behind)
            found = self.hits(c, via='qname')
            self.assertEqual([(r['dns']['outcome'], r['dns']['rcode']) for r in found], [('refused', 'REFUSED')])

    def test_a_question_sent_again_is_the_same_look_up(self):
        name = 'touch.kaspersky.com'
        c = packets.Capture()
        for _ in range(3):
            c.udp(CLIENT, 4000, RESOLVER, 53, packets.dns(7, name))
            c.wait(2)
        for _ in range(2):
            c.udp(RESOLVER, 53, CLIENT, 4000, packets.dns(7, name, 1, True, 3))
        found = self.hits(c, via='qname')
        self.assertEqual([(r['count'], r['dns']['outcome']) for r in found], [(1, 'nxdomain')])

    def test_different_outcomes_do_not_fold(self):
        name = 'touch.kaspersky.com'
        c = packets.Capture()
        for rcode in (3, 3, 5, 3, 5):
            c.ask(CLIENT, RESOLVER, name, rcode=rcode)
        counts = {}
        for record in self.hits(c, via='qname'):
            counts[record['dns']['outcome']] = counts.get(record['dns']['outcome'], 0) + record['count']
        self.assertEqual(counts, {'nxdomain': 3, 'refused': 2})

    def test_a_cut_answer_asked_again_over_tcp_is_no_failure(self):
        name = 'touch.kaspersky.com'
        c = packets.Capture()
        cut = bytearray(packets.dns(7, name, 1, True))
        cut[2] |= 2
        c.udp(CLIENT, 4000, RESOLVER, 53, packets.dns(7, name))
        c.udp(RESOLVER, 53, CLIENT, 4000, bytes(cut))
        c.ask(CLIENT, '8.8.8.8', name)
        found = self.hits(c)
        self.assertEqual([r['dns']['outcome'] for r in found if r['match']['via'] == 'qname'
                          and r['dns']['resolver'] == 'own'], ['truncated'])
        self.assertEqual([r for r in found if r['match']['via'] == 'fallback'], [])

    def test_ordinary_use_of_a_public_resolver_is_no_bypass(self):
        c = packets.Capture()
        c.ask(CLIENT, '8.8.8.8', 'touch.kaspersky.com', answers=[('touch.kaspersky.com', 1, 60, VENDOR)])
        self.assertEqual(self.hits(c, via='fallback'), [])
        self.assertEqual(self.hits(c, via='qname')[0]['dns']['resolver'], 'foreign')

    def test_resolvers_are_own_when_named_private_or_told_by_dhcp(self):
        c = packets.Capture()
        c.udp('10.20.0.1', 67, '10.20.0.7', 68, packets.dhcp(2, packets.mac(16), 5, CLIENT, resolvers=['203.0.113.53']))
        c.ask(CLIENT, '203.0.113.53', 'touch.kaspersky.com', rcode=3)
        self.assertEqual(self.hits(c, via='qname')[0]['dns']['resolver'], 'own')
        self.assertEqual(self.hits(c, '--resolver', '10.9.9.9', via='qname')[0]['dns']['resolver'], 'foreign')

    def test_a_resolver_s_own_traffic_is_no_dependence(self):
        c = packets.Capture()
        c.udp(CLIENT, 3000, RESOLVER, 53, packets.dns(7, 'touch.kaspersky.com'))
        c.ask(RESOLVER, '77.74.180.1', 'touch.kaspersky.com', recurse=False)
        c.ask(RESOLVER, '8.8.8.8', 'touch.kaspersky.com')
        c.udp(RESOLVER, 53, CLIENT, 3000, packets.dns(7, 'touch.kaspersky.com', 1, True,
                                                      answers=[('touch.kaspersky.com', 1, 60, VENDOR)]))
        c.ask(RESOLVER, '77.74.180.1', 'crl.kaspersky.com', recurse=False)
        named = self.hits(c, '--resolver', RESOLVER)
        self.assertEqual({r['src_ip'] for r in named}, {CLIENT})
        learned = [r for r in self.hits(c) if r['match']['via'] == 'qname']
        self.assertEqual({r['src_ip'] for r in learned}, {CLIENT})

    def test_recursion_not_desired_alone_hides_nobody(self):
        c = packets.Capture()
        c.ask(CLIENT, RESOLVER, 'touch.kaspersky.com', recurse=False)
        c.ask('198.51.100.8', '203.0.113.53', 'touch.kaspersky.com', recurse=False)
        self.assertEqual({r['src_ip'] for r in self.hits(c, via='qname')}, {CLIENT, '198.51.100.8'})
        self.assertEqual(self.hits(c, '--local', '198.51.100.0/24', via='qname')[0]['src_ip'], CLIENT)

    def test_hits_carry_vlan_and_mac(self):
        c = packets.Capture()
        c.tcp(CLIENT, 40000, VENDOR, 443, 2, vlan=20)
        hit = self.hits(c, via='dest_ip')[0]
        self.assertEqual((hit['vlan'], hit['src_mac']), (20, '02:00:00:00:00:10'))

    def test_mail_relays_and_vendor_sinkholes_are_no_dependence(self):
        c = packets.Capture()
        c.connect('91.103.66.155', '10.20.0.25', 25, b'EHLO x\r\n', b'250\r\n')
        c.connect('10.20.0.25', '91.103.66.155', 25, b'EHLO x\r\n', b'250\r\n')
        c.connect(CLIENT, '95.211.172.143', 80, b'GET / HTTP/1.0\r\n\r\n')
        self.assertEqual(self.hits(c), [])

    def test_our_sinkhole_is_seen_with_the_name_that_led_there(self):
        c = packets.Capture()
        c.connect(CLIENT, '192.0.2.53', 443, packets.client_hello('dnl-03.geo.kaspersky.com'))
        found = self.hits(c, via='sinkhole')
        self.assertTrue(all(r['event_type'] == 'sinkhole' and r['action'] == 'block' for r in found))
        self.assertIn('dnl-03.geo.kaspersky.com', [r.get('tls', {}).get('sni') for r in found])
        self.assertFalse(any(r.get('flow', {}).get('escape') for r in found))

    def test_ech_towards_the_vendor_is_residual_risk_and_elsewhere_nothing(self):
        c = packets.Capture()
        c.connect(CLIENT, VENDOR, 443, packets.client_hello('cover.example', ech=True))
        c.connect(CLIENT, '198.51.100.1', 443, packets.client_hello('cover.example', ech=True))
        found = self.hits(c, via='ech')
        self.assertEqual([r['dest_ip'] for r in found], [VENDOR])
        self.assertTrue(found[0]['tls']['ech'])

    def test_the_vendor_s_private_ca_is_known_without_any_name(self):
        key, der = (os.path.join(self.folder.name, n) for n in ('key.pem', 'cert.der'))
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                        '-keyout', key, '-outform', 'DER', '-out', der, '-days', '30', '-subj',
                        '/C=RU/O=Kaspersky Lab/CN=Kaspersky Lab Public Services TLS CA', '-addext',
                        'subjectAltName=DNS:node.example'], check=True, capture_output=True)
        with open(der, 'rb') as file:
            certificate = file.read()
        c = packets.Capture()
        c.connect(CLIENT, '198.51.100.77', 443, packets.client_hello(), packets.server_certificate(certificate))
        found = self.hits(c, via='cert_issuer')
        self.assertEqual([r['tls']['issuer'] for r in found if 'tls' in r], ['Kaspersky Lab Public Services TLS CA'])

    def test_a_managed_estate_shows_who_depends_through_whom(self):
        c = packets.Capture()
        server = '10.20.0.100'
        c.connect('10.20.0.11', server, 13000, b'x' * 20, b'y' * 20)
        self.assertEqual(self.hits(c), [])  # one common number alone
        c.connect('10.20.0.12', server, 13111, b'x' * 20, b'y' * 20)
        found = self.hits(c, via='lan_port')
        self.assertEqual({(r['src_ip'], r['dest_port'], r['relay']) for r in found},
                         {('10.20.0.11', 13000, server), ('10.20.0.12', 13111, server)})
        self.assertTrue(all(r['event_type'] == 'lan' for r in found))

    def test_more_pairs_of_an_estate_than_there_is_room_for_are_counted(self):
        c = packets.Capture()
        server = '10.20.0.100'
        for i in range(5000):
            c.tcp(f'10.30.{i // 250}.{i % 250 + 1}', 40000, server, 13000, 0x10, b'x')
        c.connect('10.20.0.12', server, 13111, b'x' * 20, b'y' * 20)
        records = self.run_monitor(c, '--fold', '0')
        self.assertGreater(len([r for r in records if r.get('match', {}).get('via') == 'lan_port']), 1000)
        dropped = [r['observe']['lan_evicted'] for r in records if 'lan_evicted' in r.get('observe', {})]
        self.assertTrue(dropped and dropped[-1] > 2000, dropped)
        self.assertGreaterEqual([r for r in records if r['event_type'] == 'stop'][0]['evictions'], dropped[-1])

    def test_encrypted_dns_is_recorded_by_option_only(self):
        c = packets.Capture()
        c.connect(CLIENT, '8.8.8.8', 853)
        self.assertEqual(self.hits(c), [])
        self.assertEqual(self.hits(c, '--encrypted-dns')[0]['match']['via'], 'doh')

    def test_identity_follows_addresses_that_change_hands(self):
        c = packets.Capture()
        one, two = packets.mac(101), packets.mac(102)
        c.udp('10.20.0.1', 67, '10.20.0.44', 68, packets.dhcp(2, one, 5, '10.20.0.44', 'laptop-one'))
        c.add(packets.arp(one, '10.20.0.44'))
        c.wait(4000)
        c.add(packets.arp(one, '10.20.0.44'))
        c.wait(600)
        c.udp('10.20.0.1', 67, '10.20.0.44', 68, packets.dhcp(2, two, 5, '10.20.0.44', 'laptop-two'))
        c.wait(60)
        c.add(packets.arp(two, '10.20.0.44'))
        records = [r for r in self.run_monitor(c) if r['event_type'] == 'identity' and r.get('src_ip') == '10.20.0.44']
        of = {}
        for r in records:
            of.setdefault(r['src_mac'], []).append(r)
        self.assertEqual(set(of), {'02:00:00:00:00:65', '02:00:00:00:00:66'})
        self.assertEqual(of['02:00:00:00:00:65'][-1]['identity']['name'], 'laptop-one')
        self.assertEqual(of['02:00:00:00:00:66'][-1]['identity']['name'], 'laptop-two')
        self.assertLess(of['02:00:00:00:00:65'][-1]['last'], of['02:00:00:00:00:66'][0]['timestamp'])
        self.assertGreaterEqual(len(of['02:00:00:00:00:65']), 2)  # refreshed within the hour

    def test_a_router_s_mac_names_nobody_behind_it(self):
        c = packets.Capture()
        for i in range(10):
            c.macs['10.30.0.%d' % i] = packets.mac(2)
        for _ in range(3):
            for i in range(10):
                c.tcp('10.30.0.%d' % i, 40000, VENDOR, 443, 2)
            c.wait(20)
        late = [r for r in self.hits(c, '--fold', '0', via='dest_ip')][-5:]
        self.assertTrue(late)
        self.assertFalse(any('src_mac' in r for r in late))

    def test_the_same_capture_gives_the_same_records(self):
        c = packets.Capture()
        c.connect(CLIENT, '94.75.236.123', 80, UPDATE, BODY)
        self.assertEqual(self.run_monitor(c), self.run_monitor(c))

    def test_an_operator_s_as_database_finds_what_no_list_has(self):
        lists = os.path.join(self.folder.name, 'lists')
        shutil.copytree(LISTS, lists, copy_function=shutil.copyfile)
        with open(os.path.join(lists, 'kaspersky', 'networks.tsv'), 'a', encoding='utf-8') as file:
            file.write('198.51.100.0/24\tdedicated\tproduct-service\t200107\tKaspersky Lab\tip-location-db\tlisted\t'
                       '2026-06-17\t-\n203.0.113.0/24\tshared\tupdates\t64500\tSomebody else\tip-location-db\tlisted\t'
                       '2026-06-17\t-\n')
        policy, image, mmdb = (os.path.join(self.folder.name, n) for n in ('wide.yaml', 'wide.img', 'wide.mmdb'))
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
        subprocess.run([CURFEW, 'apply', '--yes', '--policy', policy, '--lists', lists, '--image', image], check=True,
                       capture_output=True)
        subprocess.run([MKMMDB, image, mmdb], check=True)
        if shutil.which('mmdblookup'):
            shown = subprocess.run(['mmdblookup', '--file', mmdb, '--ip', '198.51.100.9', 'autonomous_system_number'],
                                   capture_output=True, text=True, check=True).stdout
            self.assertIn('200107', shown)
        c = packets.Capture()
        c.connect(CLIENT, '198.51.100.9', 443, b'x' * 40, b'y' * 40)
        c.connect(CLIENT, '203.0.113.9', 443, b'x' * 40, b'y' * 40)
        self.assertEqual(self.hits(c), [])
        found = self.hits(c, '--asn-db', mmdb)
        self.assertEqual({(r['match']['via'], r['dest_ip'], r['asn']['number']) for r in found},
                         {('asn', '198.51.100.9', 200107)})
        self.assertEqual(found[0]['match']['rule'], 'AS200107')

    def test_the_as_number_is_evidence_of_its_own(self):
        c = packets.Capture()
        c.tcp(CLIENT, 40000, VENDOR, 443, 2)
        found = self.hits(c, '--evidence', 'asn')
        self.assertEqual([r['match']['via'] for r in found][:1], ['asn'])
        self.assertEqual(found[0]['asn']['number'], 200107)

    def test_a_bad_as_database_is_refused(self):
        bad = os.path.join(self.folder.name, 'bad.mmdb')
        with open(bad, 'wb') as file:
            file.write(b'no database')
        path = os.path.join(self.folder.name, 'test.pcap')
        packets.Capture().write(path)
        done = subprocess.run([CURFEW, 'monitor', '--image', self.image, '--asn-db', bad, '--hits', '-', '-r', path],
                              capture_output=True, text=True, check=False)
        self.assertIn(done.returncode, (3, 4))
        self.assertIn('bad.mmdb', done.stderr)


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1])

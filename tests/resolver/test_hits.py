#!/usr/bin/env python3
"""What the hit log says of each recipient."""

import os
import socket
import struct
import subprocess
import sys
import threading

import promises
from authority import Authority
from dnswire import OPTION_MAC, OPTION_SUBNET, Reply, query
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Missing, Resolver, flat
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\nname flagged.test exact corporate\n'


def resolver(**kw):
    return Resolver(Authority(TEXT), ZONES, POLICY, **kw)


def test_address_port_protocol_and_options():
    with resolver() as r:
        for n, name in enumerate(('www.listed.test.', 'flagged.test.', 'flagged.test.', 'chain.test.')):
            for tcp in (False, True):
                r.ask(name, tcp=tcp, edns=1232, options=[
                    (OPTION_MAC, bytes.fromhex('020000005e01')),
                    (OPTION_SUBNET, bytes.fromhex('00011800') + bytes([10, 20, 30]))])
                port = r.last_port
                hits = r.hits(qname=name.rstrip('.'), src_port=port, at_least=1)
                assert len(hits) == 1, (n, tcp, hits)
                hit = flat(hits[0])
                assert hit['src_ip'] == BLOCKED and hit['dest_port'] == r.port, hit
                assert hit['dest_ip'] == '127.0.0.1' and hit['proto'] == ('TCP' if tcp else 'UDP'), hit
                assert hit['src_mac'] == '02:00:00:00:5e:01' and hit['ecs'] == '10.20.30.0/24', hit


def test_match_and_policy_are_told():
    with resolver() as r:
        r.ask('www.listed.test.', 'HTTPS', edns=1232)
        hit = r.hits(qname='www.listed.test', at_least=1)[0]
        assert hit['dns']['qtype'] == 'HTTPS' and hit['dns']['rcode'] == 'NXDOMAIN', hit
        assert hit['dns']['answer'] == 'nxdomain' and hit['dns']['ede'] == 15, hit
        match = hit['match']
        assert (match['via'], match['rule'], match['rule_type'], match['category'], match['list']) == (
            'qname', 'listed.test', 'subtree', 'updates', 'test-pack'), hit
        assert match['serial'] == '1', hit  # a text, that of the entry's own pack
        assert hit['policy']['phase'] == 'cut-off', hit
        assert hit['sensor'] == socket.gethostname() and hit['source'] == 'resolver', hit
        r.ask('chain.test.', client=EXEMPT)
        hit = r.hits(qname='chain.test', at_least=1)[0]
        assert hit['action'] == 'allow' and hit['match']['via'] == 'cname', hit
        assert hit['dns']['cname'] == 'www.listed.test', hit


def test_client_behind_proxy_protocol():
    r = resolver()
    port = r.port + 1
    r.config = r.config.replace('server:\n', f'server:\n  interface: 127.0.0.1@{port}\n'
                                f'  proxy-protocol-port: {port}\n  access-control: 10.0.0.0/8 allow\n', 1)
    with r:
        header = (b'\r\n\r\n\0\r\nQUIT\n' + bytes([0x21, 0x12]) + struct.pack('!H', 12) +
                  socket.inet_aton('10.1.2.3') + socket.inet_aton('127.0.0.1') + struct.pack('!2H', 4242, port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(3)
            s.bind((EXEMPT, 0))  # the proxy is exempt, its client is not
            s.sendto(header + query('www.listed.test.', ident=7), ('127.0.0.1', port))
            assert Reply(s.recv(65536)).rcode == 'NXDOMAIN'
        hit = r.hits(qname='www.listed.test', at_least=1)[0]
        assert hit['src_ip'] == '10.1.2.3' and hit['src_port'] == 4242, hit


def test_line_in_the_resolvers_own_log():
    with resolver(lines=['curfew-syslog=yes']) as r:
        r.ask('www.listed.test.')
        assert r.wait_message('curfew: applied [updates] listed.test nxdomain 127.0.0.2@'), r.messages()
        assert f'{r.last_port} www.listed.test A IN' in r.messages(), r.messages()


def test_failures_are_counted_as_look_ups():
    with resolver(server='  outbound-msg-retry: 1\n  infra-host-ttl: 1\n  infra-cache-max-rtt: 1000\n') as r:
        r.authority.close()
        reply = r.ask('flagged.test.', timeout=30)
        assert reply is not None and reply.rcode == 'SERVFAIL', reply
        hit = r.hits(qname='flagged.test', at_least=1)[0]
        assert hit['dns']['rcode'] == 'SERVFAIL' and hit['action'] == 'flag', hit


def test_clients_that_unbound_gave_up_on_are_counted():
    """Over discard-timeout the host sends nothing and calls no module; the look-up happened all the same."""
    r = resolver()
    if 'discard-timeout' not in r.config:
        raise Missing('this Unbound gives up on nobody')
    r.config = r.config.replace('discard-timeout: 0', 'discard-timeout: 200')
    with r:
        r.authority.delay['slow.listed.test.'] = 0.5
        clients = [EXEMPT] * 3
        threads = [threading.Thread(target=r.ask, args=('slow.listed.test.',),
                                    kwargs={'client': client, 'timeout': 1.5}) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        hits = r.hits(qname='slow.listed.test', at_least=len(clients))
        assert len(hits) == len(clients) and all('rcode' not in flat(hit) for hit in hits), hits


def test_two_resolvers_on_one_log():
    """A process that has yet to end, or one too many: nothing is lost, and each keeps a name of its own."""
    with resolver() as first:
        other = resolver()
        other.config = other.config.replace(f'curfew-log={other.log_path}', f'curfew-log={first.log_path}')
        with other:
            for r in (first, other, first, other):
                r.ask('www.listed.test.')
            first.control('reload')  # closes and opens the log in one process
            for r in (first, other):
                for _ in range(20):
                    if r.ask('www.listed.test.', timeout=0.3) is not None:
                        break
            assert first.hits(qname='www.listed.test', source='resolver', at_least=3)
            assert first.hits(qname='www.listed.test', source='resolver.2', at_least=3)
        assert {flat(hit)['source'] for hit in first.records()} == {'resolver', 'resolver.2'}


def test_a_pass_by_exception_is_seen_as_used():
    """The monitor says allow; so do we, for client and name, fresh and from the cache, and fold it like others."""
    policy = POLICY.replace(f'exempt {EXEMPT}/32 flag', f'exempt {EXEMPT}/32 pass') + (
        'except excepted.test pass\nexempt 127.0.8.0/24 pass 4000000000 corporate\n')
    with Resolver(Authority(TEXT), ZONES, policy) as r:
        for name, client in (('www.listed.test.', EXEMPT), ('chain.test.', EXEMPT), ('excepted.test.', BLOCKED),
                             ('flagged.test.', '127.0.8.1'), ('toflagged.test.', '127.0.8.1')):
            for _ in range(3):
                assert r.ask(name, client=client).rcode == 'NOERROR', name
            hits = r.hits(qname=name.rstrip('.'), src_ip=client, at_least=3)
            assert [hit['action'] for hit in hits] == ['allow'] * 3, (name, hits)
            assert flat(hits[0])['exception_owner'] == 'tester', hits
        assert r.ask('clean.test.').rcode == 'NOERROR'
        assert not r.hits(0.3, qname='clean.test')
        r.stop()
        assert r.status()['flagged'] == 15 and r.status()['blocked'] == 0, r.status()
        r.start()


def test_a_pass_by_exception_folds():
    policy = POLICY.replace(f'exempt {EXEMPT}/32 flag', f'exempt {EXEMPT}/32 pass')
    r = Resolver(Authority(TEXT), ZONES, policy)
    r.config = r.config.replace('curfew-fold=0', 'curfew-fold=3600')
    with r:
        for _ in range(9):
            r.ask('www.listed.test.', client=EXEMPT)
        r.stop()
        assert [hit['count'] for hit in r.hits(qname='www.listed.test', action='allow')] == [1, 8]
        r.start()


def test_what_local_data_answers_is_a_look_up_too():
    """Before any module: nothing can be done about it, but it was asked."""
    with resolver(server='  local-zone: "listed.test." redirect\n  local-data: "listed.test. A 203.0.113.99"\n'
                         '  local-zone: "quiet.test." static\n') as r:
        for _ in range(2):
            assert r.ask('www.listed.test.').addresses() == ['203.0.113.99']
        hits = r.hits(qname='www.listed.test', at_least=2)
        assert [hit['action'] for hit in hits] == ['observe'] * 2, hits
        assert 'answer' not in hits[0]['dns'] and hits[0]['dns']['rcode'] == 'NOERROR', hits
        r.ask('x.quiet.test.')
        r.ask('version.bind.', 'TXT')
        r.stop()
        assert r.status()['local_listed'] == 2, r.status()
        r.start()


def test_link_local_clients_have_a_link():
    """Two links, one address: two hosts. Needs a namespace of our own with two pairs of interfaces."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'link_local.py')
    done = subprocess.run(['unshare', '-rn', sys.executable, script], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if b'unshare failed' in done.stdout or b'not permitted' in done.stdout:
        raise Missing('no network namespaces here')
    assert done.returncode == 0, done.stdout.decode()


def test_status_file_counts():
    with resolver() as r:
        for _ in range(3):
            r.ask('www.listed.test.')
        r.ask('flagged.test.')
        r.ask('clean.test.')
        r.hits(qname='flagged.test', at_least=1)
        r.stop()
        status = r.status()
        assert status['blocked'] == 3 and status['flagged'] == 1 and status['lost'] == 0, status
        assert status['hits'] == 4 and status['module_matches'] and status['image_in_force'], status
        r.start()


promises.main(globals())

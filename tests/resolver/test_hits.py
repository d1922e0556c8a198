#!/usr/bin/env python3
"""What the hit log says of each recipient."""

import socket
import struct
import threading

import promises
from authority import Authority
from dnswire import OPTION_MAC, OPTION_SUBNET, Reply, query
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Resolver, flat
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

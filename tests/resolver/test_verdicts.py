#!/usr/bin/env python3
"""Verdicts and answers: for each client, type, transport and flag."""

import shutil
import subprocess

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, PAST, Missing, Resolver
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + '''
name listed.test subtree updates
name flagged.test exact corporate
net 198.51.100.0/24 dedicated updates
net 2001:db8:bad::/48 dedicated updates
'''


def resolver(policy=POLICY, **kw):
    return Resolver(Authority(TEXT), ZONES, policy, **kw)


def check_block(reply, name):
    assert reply is not None, name
    assert reply.rcode == 'NXDOMAIN' and not reply.answer and reply.has_soa(), (name, reply)
    assert not reply.ad and not reply.aa and reply.ra, (name, reply)


def test_blocked_client_gets_nxdomain_with_soa_and_ede():
    with resolver() as r:
        reply = r.ask('www.listed.test.', edns=1232)
        check_block(reply, 'www')
        assert reply.ede == [(15, 'blocked by policy: test')], reply
        owner, _, ttl, _ = reply.authority[0]
        assert owner == 'www.listed.test.' and ttl == 300, reply
        assert r.authority.count('www.listed.test.') == 0, 'a blocked name was asked upstream'


def test_without_edns_there_is_no_opt_record():
    with resolver() as r:
        reply = r.ask('www.listed.test.')
        check_block(reply, 'plain')
        assert not reply.opt


def test_exempt_client_gets_the_real_answer_before_and_after():
    with resolver() as r:
        for _ in range(2):
            assert r.ask('www.listed.test.', client=EXEMPT).addresses() == ['192.0.2.2']
            check_block(r.ask('www.listed.test.'), 'after exempt')
        assert r.authority.count('www.listed.test.', 'A') == 1, 'exempt clients are not served from cache'


def test_every_type_is_blocked():
    with resolver() as r:
        for rrtype in ('A', 'AAAA', 'HTTPS', 'SVCB', 'ANY', 'DS', 'DNSKEY', 'TXT', 'MX', 'NS', 'SOA', 'CNAME',
                       'PTR', 99, 257, 65280):
            check_block(r.ask('listed.test.', rrtype, edns=1232), rrtype)
            reply = r.ask('listed.test.', rrtype, client=EXEMPT)
            assert reply.rcode == 'NOERROR', (rrtype, reply)


def test_every_transport_and_flag_is_blocked():
    with resolver() as r:
        for flags in ({'cd': True}, {'do': True, 'edns': 4096}, {'ad': True}, {'edns': 512}, {'tcp': True},
                      {'tcp': True, 'edns': 1232, 'do': True, 'cd': True}):
            r.ask('www.listed.test.', client=EXEMPT, **flags)
            reply = r.ask('www.listed.test.', **flags)
            check_block(reply, flags)
            assert reply.cd == flags.get('cd', False)
            assert bool(reply.ede) == ('edns' in flags), (flags, reply)


def make_certificate(folder):
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'tls.key', '-out',
                    'tls.pem', '-days', '2', '-subj', '/CN=test'], cwd=folder, check=True,
                   stderr=subprocess.DEVNULL)


def test_dot_is_blocked_like_udp():
    if not shutil.which('openssl'):
        raise Missing('openssl is not installed')
    r = resolver()
    port = r.port + 1
    make_certificate(r.folder)
    r.config = r.config.replace('server:\n', f'server:\n  interface: 127.0.0.1@{port}\n  tls-port: {port}\n'
                                f'  tls-service-key: "{r.folder}/tls.key"\n'
                                f'  tls-service-pem: "{r.folder}/tls.pem"\n', 1)
    with r:
        check_block(r.ask('www.listed.test.', tls=port, edns=1232), 'dot')
        assert r.ask('www.listed.test.', client=EXEMPT, tls=port).addresses() == ['192.0.2.2']


def test_doh_is_blocked_like_udp():
    if not shutil.which('kdig') or not shutil.which('openssl'):
        raise Missing('kdig is not installed')
    r = resolver()
    port = r.port + 1
    make_certificate(r.folder)
    r.config = r.config.replace('server:\n', f'server:\n  interface: 127.0.0.1@{port}\n  https-port: {port}\n'
                                f'  tls-service-key: "{r.folder}/tls.key"\n'
                                f'  tls-service-pem: "{r.folder}/tls.pem"\n', 1)

    def kdig(client, name):
        return subprocess.run(['kdig', '+https', '+timeout=5', '-b', client, '-p', str(port), '@127.0.0.1', name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()
    with r:
        for _ in range(2):
            assert '192.0.2.2' in kdig(EXEMPT, 'www.listed.test.')
            out = kdig(BLOCKED, 'www.listed.test.')
            assert 'NXDOMAIN' in out and '192.0.2.2' not in out, out
        assert r.hits(qname='www.listed.test', src_ip=BLOCKED, proto='TCP', at_least=2)


def test_question_keeps_its_spelling():
    with resolver() as r:
        for name in (b'\x03WwW\x06LiStEd\x04TeSt\x00', b'\x03www\x06LISTED\x04test\x00'):
            for client in (BLOCKED, EXEMPT):
                reply = r.ask(name, client=client)
                assert reply.qname_raw.startswith(name), (name, reply.qname_raw)
            check_block(r.ask(name), name)


def test_long_and_binary_labels_are_judged():
    with resolver() as r:
        tail = b'\x06listed\x04test\x00'
        long_name = (b'\x3f' + b'a' * 63) * 3 + b'\x31' + b'b' * 49 + tail
        assert len(long_name) == 255
        for name in (long_name, b'\x05\x00\xff."\\' + tail, b'\x01*' + tail, b'\x01\x00' * 40 + tail):
            check_block(r.ask(name, edns=1232), name)
            assert r.ask(name, client=EXEMPT).rcode in ('NXDOMAIN', 'NOERROR')
        near = b'\x0alistedtest\x04test\x00'  # no label boundary
        assert r.ask(near).authority[0][0] == 'test.'


def test_rd_0_gives_nothing_away():
    server = '  access-control: 127.0.0.2/32 allow_snoop\n  access-control: 127.0.0.3/32 allow_snoop\n'
    with resolver(server=server) as r:
        r.ask('www.listed.test.', client=EXEMPT)
        for _ in range(2):
            for name in ('www.listed.test.', 'listed.test.'):
                reply = r.ask(name, rd=False)
                assert reply is None or not reply.answer, reply
                assert not [x for x in reply.authority if x[1] == 'NS' and x[0] != '.'], reply
    with resolver() as r:
        assert r.ask('www.listed.test.', rd=False).rcode == 'REFUSED'


def with_answer(line):
    return POLICY.replace('answer nxdomain 300', line)


def test_nodata_has_a_soa():
    with resolver(with_answer('answer nodata 120')) as r:
        for rrtype in ('A', 'HTTPS'):
            reply = r.ask('www.listed.test.', rrtype, edns=1232)
            assert reply.rcode == 'NOERROR' and not reply.answer and reply.has_soa(), reply
            assert reply.authority[0][2] == 120 and reply.ede[0][0] == 15, reply


def test_sinkhole_answers_addresses_and_nodata_else():
    with resolver(with_answer('answer sinkhole 60\nsinkhole 203.0.113.5 2001:db8:5::5')) as r:
        assert r.ask('www.listed.test.').addresses() == ['203.0.113.5']
        assert r.ask('www.listed.test.', 'AAAA').addresses() == ['2001:db8:5:0:0:0:0:5']
        for rrtype in ('HTTPS', 'TXT'):
            reply = r.ask('www.listed.test.', rrtype)
            assert reply.rcode == 'NOERROR' and not reply.answer and reply.has_soa(), reply
        reply = r.ask('chain.test.')
        assert reply.answer == [('chain.test.', 'A', 60, '203.0.113.5')], reply
        assert r.ask('chain.test.', client=EXEMPT).addresses() == ['192.0.2.2']


def test_refused_carries_the_ede():
    with resolver(with_answer('answer refused 60')) as r:
        for name in ('www.listed.test.', 'chain.test.'):
            reply = r.ask(name, edns=1232)
            assert reply.rcode == 'REFUSED' and not reply.answer and reply.ede[0][0] == 15, (name, reply)
            assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2']


def test_drop_is_silent_and_recorded():
    with resolver(with_answer('answer drop 60')) as r:
        for name in ('www.listed.test.', 'chain.test.'):
            assert r.ask(name, timeout=0.7) is None, name
            assert r.hits(qname=name.rstrip('.'), src_ip=BLOCKED, at_least=1)[0]['action'] == 'block'
            assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2']
            assert r.ask(name, timeout=0.7) is None, name


def test_flagged_name_resolves_and_is_recorded_cached_or_not():
    with resolver() as r:
        for n in range(3):
            assert r.ask('flagged.test.').addresses() == ['192.0.2.30']
            hits = r.hits(qname='flagged.test', at_least=n + 1)
            assert len(hits) == n + 1 and hits[-1]['action'] == 'flag', hits
        assert r.ask('toflagged.test.').addresses() == ['192.0.2.30']
        assert r.ask('toflagged.test.').addresses() == ['192.0.2.30']
        assert len(r.hits(qname='toflagged.test', at_least=2)) == 2
        assert r.ask('clean.test.').addresses() == ['192.0.2.9']
        assert not r.hits(0.3, qname='clean.test')


def test_exception_for_a_name_covers_its_chain():
    with resolver(POLICY + 'except excepted.test flag\n') as r:
        for _ in range(2):
            assert r.ask('excepted.test.').addresses() == ['192.0.2.2']
            check_block(r.ask('chain.test.'), 'another alias of the same target')


def test_listed_before_every_answer_kind_of_the_cache():
    """NXDOMAIN, NODATA and wildcard answers of listed names are cached for exempt clients only."""
    with resolver() as r:
        for name in ('nothere.listed.test.', 'x.wild.listed.test.', 'y.listed.test.'):
            for _ in range(2):
                r.ask(name, client=EXEMPT)
                reply = r.ask(name, edns=1232)
                check_block(reply, name)
                assert reply.ede, reply


def test_with_other_modules_behind():
    for modules in ('dynlib respip iterator', 'dynlib subnetcache iterator', 'dynlib dns64 iterator',
                    'dynlib validator iterator', 'dynlib respip subnetcache validator iterator'):
        server = '  dns64-prefix: 64:ff9b::/96\n' if 'dns64' in modules else ''
        with resolver(module_config=modules, server=server) as r:
            for _ in range(2):
                for name in ('www.listed.test.', 'chain.test.'):
                    assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2'], modules
                    check_block(r.ask(name), modules)
                assert r.ask('clean.test.').addresses() == ['192.0.2.9'], modules
            if 'dns64' in modules:
                reply = r.ask('clean.test.', 'AAAA')
                assert reply.addresses() == ['64:ff9b:0:0:0:0:c000:209'], reply
                check_block(r.ask('listed.test.', 'AAAA'), 'dns64')
                assert r.ask('listed.test.', 'AAAA', client=EXEMPT).addresses() == [
                    '64:ff9b:0:0:0:0:c000:201']
                check_block(r.ask('listed.test.', 'AAAA'), 'dns64 after exempt')


def test_policy_before_its_phase_only_flags():
    policy = POLICY.replace(f'phase {PAST}', 'phase 4000000000')
    with resolver(policy) as r:
        assert r.ask('www.listed.test.').addresses() == ['192.0.2.2']
        assert r.hits(qname='www.listed.test', at_least=1)[0]['action'] == 'flag'


promises.main(globals())

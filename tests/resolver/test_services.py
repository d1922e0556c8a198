#!/usr/bin/env python3
"""Records that name a service's host: judged like aliases where the policy says block-services. And addresses
that stand for others: NAT64, 6to4, Teredo."""

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, EXEMPT, Resolver, flat
from zones import TEXT, ZONES

MORE = '''
mail.listed.test. 300 A 192.0.2.50
mx.test. 300 MX 10 mail.listed.test.
mixed.test. 300 MX 10 mail.other.
mixed.test. 300 MX 20 mail.listed.test.
_s._tcp.srv.test. 300 SRV 0 0 443 mail.listed.test.
naptr.test. 300 NAPTR 10 10 "s" "SIP+D2U" "" mail.listed.test.
cleanmx.test. 300 MX 10 mail.other.
mail.other. 300 A 192.0.2.51
rides.other. 300 TXT "something comes along"
n64.test. 300 AAAA 64:ff9b::198.51.100.7
n64l.test. 300 AAAA 64:ff9b:1:7::198.51.100.7
n64m.test. 300 AAAA 64:ff9b:1:c633:64:700::
n6to4.test. 300 AAAA 2002:c633:6407::1
teredo.test. 300 AAAA 2001:0:4136:e378:8000:63bf:39cc:9bf8
nsp.test. 300 AAAA 2001:db8:64::198.51.100.7
nhint.test. 300 HTTPS 1 . alpn=h2 ipv6hint=64:ff9b::198.51.100.7
n64clean.test. 300 AAAA 64:ff9b::192.0.2.7
only4.test. 300 A 198.51.100.7
'''
POLICY = DEFAULT_POLICY + '''
addresses yes
name listed.test subtree updates
net 198.51.100.0/24 dedicated updates
'''
TARGETS = (('mx.test.', 'MX'), ('mixed.test.', 'MX'), ('_s._tcp.srv.test.', 'SRV'), ('naptr.test.', 'NAPTR'))


def resolver(policy=POLICY, **kw):
    return Resolver(Authority(TEXT + MORE), ZONES, policy, **kw)


def check_block(reply, what):
    assert reply is not None and reply.rcode == 'NXDOMAIN' and not reply.answer and reply.has_soa(), (what, reply)


def test_targets_are_judged_where_the_policy_says_so():
    with resolver(POLICY + 'services yes\n') as r:
        for name, rrtype in TARGETS:
            for _ in range(2):
                assert r.ask(name, rrtype, client=EXEMPT).answer, name
                check_block(r.ask(name, rrtype), name)
            hits = r.hits(qname=name.rstrip('.'), action='block', at_least=2)
            assert len(hits) == 2 and flat(hits[0])['via'] == 'target', hits
            assert flat(hits[0])['cname'] == 'mail.listed.test', hits
        for _ in range(2):
            assert r.ask('cleanmx.test.', 'MX').answer


def test_targets_pass_where_it_does_not():
    with resolver() as r:
        for name, rrtype in TARGETS:
            for _ in range(2):
                assert r.ask(name, rrtype).answer, name
            assert not r.hits(0.2, qname=name.rstrip('.'))


def test_addresses_that_come_along():
    """The address of a listed name in the additional section, of an answer that names it nowhere else."""
    with resolver(POLICY + 'services yes\n') as r:
        r.authority.additional['cleanmx.test.'] = ['mail.listed.test.']
        r.authority.additional['mx.test.'] = ['mail.listed.test.']
        for _ in range(2):
            reply = r.ask('mx.test.', 'MX', client=EXEMPT)
            assert ('mail.listed.test.', 'A', '192.0.2.50') in [
                (owner, kind, data) for owner, kind, _, data in reply.additional], reply.additional
            check_block(r.ask('mx.test.', 'MX'), 'mx')
            reply = r.ask('cleanmx.test.', 'MX')
            assert 'mail.listed.test.' not in [owner for owner, _, _, _ in reply.additional], reply.additional


def test_addresses_that_stand_for_others():
    names = (('n64.test.', 'AAAA'), ('n64l.test.', 'AAAA'), ('n64m.test.', 'AAAA'), ('n6to4.test.', 'AAAA'),
             ('teredo.test.', 'AAAA'), ('nhint.test.', 'HTTPS'))
    with resolver() as r:
        for name, rrtype in names:
            for _ in range(2):
                assert r.ask(name, rrtype, client=EXEMPT).answer, name
                check_block(r.ask(name, rrtype), name)
            hit = flat(r.hits(qname=name.rstrip('.'), action='block', at_least=2)[0])
            assert hit['value'] == '198.51.100.7', hit
        for name in ('n64clean.test.', 'nsp.test.'):
            assert r.ask(name, 'AAAA').addresses(), name


def test_what_dns64_makes_up_is_judged():
    """Behind us dns64 makes an AAAA of the vendor's A; with a prefix of the site's own, too."""
    for prefix in ('64:ff9b::/96', '2001:db8:64::/96'):
        with resolver(module_config='dynlib dns64 iterator', server=f'  dns64-prefix: {prefix}\n') as r:
            for _ in range(2):
                assert r.ask('only4.test.', 'AAAA', client=EXEMPT).addresses(), prefix
                check_block(r.ask('only4.test.', 'AAAA'), prefix)
            assert r.hits(qname='only4.test', qtype='AAAA', action='block', at_least=2)
            assert r.ask('clean.test.', 'AAAA').addresses(), prefix
            if prefix.startswith('2001'):
                check_block(r.ask('nsp.test.', 'AAAA'), 'the site\'s own prefix')


promises.main(globals())

#!/usr/bin/env python3
"""Signed zones: our answers never turn bogus, AD is never forged, exempt clients keep their validation."""

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Resolver
from zones import TEXT, ZONES

SIGNED = r'''
signed. 3600 IN SOA ns.signed. host.signed. 1 3600 900 604800 60
signed. 3600 IN NS ns.signed.
ns.signed. 3600 IN A 127.0.0.1
www.signed. 300 IN A 192.0.2.50
vendor.signed. 300 IN A 192.0.2.51
vendor.signed. 300 IN HTTPS 1 . alpn=h2
alias.signed. 300 IN CNAME vendor.signed.
out.signed. 300 IN CNAME www.listed.test.
'''
POLICY = DEFAULT_POLICY + 'name vendor.signed subtree updates\nname listed.test subtree updates\n'


def resolver():
    text, anchor = promises.sign_zone(SIGNED, 'signed.')
    return Resolver(Authority(TEXT + text), [*ZONES, 'signed.'], POLICY, module_config='dynlib validator iterator',
                    server=f'  trust-anchor: "{anchor}"\n  domain-insecure: "test."\n'
                    f'  domain-insecure: "other."\n')


def test_blocks_in_a_signed_zone_are_not_bogus():
    with resolver() as r:
        for turn in range(2):
            for name, rrtype in (('vendor.signed.', 'A'), ('vendor.signed.', 'HTTPS'), ('alias.signed.', 'A'),
                                 ('out.signed.', 'A'), ('vendor.signed.', 'DS'), ('vendor.signed.', 'DNSKEY')):
                for flags in ({}, {'edns': 1232, 'do': True}, {'ad': True}, {'edns': 1232, 'do': True, 'cd': True}):
                    reply = r.ask(name, rrtype, **flags)
                    assert reply.rcode == 'NXDOMAIN' and not reply.ad and not reply.answer, (turn, name, flags,
                                                                                           reply)
            reply = r.ask('vendor.signed.', client=EXEMPT, edns=1232, do=True)
            assert reply.addresses() == ['192.0.2.51'] and reply.ad, reply
            reply = r.ask('alias.signed.', client=EXEMPT, edns=1232, do=True)
            assert reply.addresses() == ['192.0.2.51'] and reply.ad, reply
            reply = r.ask('out.signed.', client=EXEMPT, edns=1232, do=True)
            assert reply.addresses() == ['192.0.2.2'] and not reply.ad, reply
        reply = r.ask('www.signed.', client=BLOCKED, edns=1232, do=True)
        assert reply.addresses() == ['192.0.2.50'] and reply.ad, reply
        assert r.status()['trips'] == 0


promises.main(globals())

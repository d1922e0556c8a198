#!/usr/bin/env python3
"""Canary and discovery names, from the policy to a real Unbound's answers: a no that is an answer, for those that the
policy names, and nothing of ours by default."""

import os
import subprocess
import time

import promises
from authority import Authority
from resolver import BLOCKED, EXEMPT, Resolver, environment, flat
from zones import TEXT, ZONES

MORE = '''
use-application-dns.net. 3600 SOA ns.use-application-dns.net. host.test. 1 3600 900 604800 60
use-application-dns.net. 300 A 192.0.2.60
use-application-dns.net. 300 AAAA 2001:db8::60
icloud.com. 3600 SOA ns.icloud.com. host.test. 1 3600 900 604800 60
icloud.com. 300 A 192.0.2.61
mask.icloud.com. 300 A 192.0.2.62
mask.icloud.com. 300 AAAA 2001:db8::62
mask-h2.icloud.com. 300 A 192.0.2.63
resolver.arpa. 3600 SOA ns.resolver.arpa. host.test. 1 3600 900 604800 60
_dns.resolver.arpa. 300 SVCB 1 doh.other. alpn=h2
relay.test. 300 CNAME mask.icloud.com.
'''
MORE_ZONES = ['use-application-dns.net.', 'icloud.com.', 'resolver.arpa.']
# Newer ones answer resolver.arpa. themselves, before any module.
SERVER = '  local-zone: "resolver.arpa." nodefault\n'
LISTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'compile', 'packs')
SIGNALS = (('use-application-dns.net.', 'A'), ('use-application-dns.net.', 'AAAA'), ('mask.icloud.com.', 'A'),
           ('mask.icloud.com.', 'AAAA'), ('mask-h2.icloud.com.', 'A'), ('_dns.resolver.arpa.', 'SVCB'))
HEAD = '''vendor: tiny
preset: sunset
answer: {kind: drop, ttl: 120, ede: "blocked by policy"}
'''
ALL = HEAD + f'''groups: {{helpers: {EXEMPT}/32}}
exceptions:
  - {{clients: helpers, names: [use-application-dns.net], verdict: pass, owner: o, reason: r}}
canaries: [firefox, private-relay, ddr]
'''


class PolicyResolver(Resolver):
    """Its policy is a curfew.yaml, which curfew apply makes into the image."""

    def set_policy(self, policy):
        path = os.path.join(self.folder, 'curfew.yaml')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(policy + f'log: {{path: {self.log_path}, fold: 0}}\n')
        subprocess.run([environment('CURFEW'), 'apply', '--yes', '--policy', path, '--lists', LISTS, '--image',
                        self.image_path], check=True, stdout=subprocess.DEVNULL)


def resolver(policy):
    return PolicyResolver(Authority(TEXT + MORE), ZONES + MORE_ZONES, policy, server=SERVER)


def wait_for(condition, seconds=20):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def check_no(reply, what):
    assert reply is not None, what  # never silence, whatever the policy's answer is
    assert reply.rcode == 'NOERROR' and not reply.answer and reply.has_soa(), (what, reply)


def test_by_default_they_are_nothing_to_us():
    with resolver(HEAD) as r:
        for name, rrtype in SIGNALS:
            for _ in range(2):
                reply = r.ask(name, rrtype)
                assert reply is not None and reply.answer, (name, rrtype, reply)
        assert not r.hits(0.3)


def test_each_is_told_no_at_once():
    with resolver(ALL) as r:
        for name, rrtype in SIGNALS:
            for _ in range(2):
                check_no(r.ask(name, rrtype), (name, rrtype))
        check_no(r.ask('mask.icloud.com.', 'A', tcp=True), 'tcp')
        check_no(r.ask('relay.test.', 'A'), 'an alias of one')
        assert r.ask('icloud.com.').answer, 'what is not the signal is resolved'
        hits = r.hits(qname='_dns.resolver.arpa', action='block', at_least=2)
        hit = flat(hits[0])
        assert len(hits) == 2 and (hit['category'], hit['list'], hit['answer']) == (
            'local-injection', 'policy', 'nodata'), hits
        assert hit['src_ip'] == BLOCKED and 'ede' not in hit, hit


def test_one_alone_leaves_the_others():
    with resolver(HEAD + 'canaries: ddr\n') as r:
        check_no(r.ask('_dns.resolver.arpa.', 'SVCB'), 'ddr')
        assert r.ask('mask.icloud.com.').answer
        assert r.ask('use-application-dns.net.').answer


def test_exceptions_by_client():
    with resolver(ALL) as r:
        for _ in range(2):
            check_no(r.ask('use-application-dns.net.'), 'everybody')
            assert r.ask('use-application-dns.net.', client=EXEMPT).answer
            check_no(r.ask('mask.icloud.com.', client=EXEMPT), 'another name')


def test_put_in_force_and_taken_back():
    with resolver(HEAD) as r:
        assert r.ask('mask.icloud.com.').answer  # in the shared cache now
        r.set_policy(ALL)
        assert wait_for(lambda: not r.ask('mask.icloud.com.').answer), 'not in force'
        check_no(r.ask('mask.icloud.com.'), 'after the swap')
        r.set_policy(HEAD)
        assert wait_for(lambda: r.ask('mask.icloud.com.').answer), 'still in force'


promises.main(globals())

#!/usr/bin/env python3
"""Aliases of clean names whose listed target cannot be resolved. RPZ answers NXDOMAIN at once and never asks
the vendor's servers; so do we, and whoever is let through is recorded although nothing comes back."""

import threading
import time

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, THIRD, Resolver, flat
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\nname flagged.test exact corporate\n'
LONG = 'x' * 60
MORE = f'''
dead.test. 300 CNAME gone.dead.listed.test.
dead1.test. 300 CNAME dead2.other.
dead2.other. 300 CNAME dead3.test.
dead3.test. 300 CNAME gone.dead.listed.test.
dn2.test. 300 DNAME dead.listed.test.
long.test. 300 DNAME {LONG}.{LONG}.{LONG}.listed.test.
loop.other. 300 CNAME loop.listed.test.
loop.listed.test. 300 CNAME loop.other.
toflag.test. 300 CNAME flagged.test.
'''
FAST = '  outbound-msg-retry: 1\n  infra-host-ttl: 1\n  infra-cache-max-rtt: 1000\n'
MODULES = ('dynlib iterator', 'dynlib validator iterator', 'dynlib respip validator iterator')


def resolver(modules='dynlib iterator', policy=POLICY, broken=False, server=FAST, **kw):
    authority = Authority(TEXT + MORE)
    (authority.broken if broken else authority.silent).add('dead.listed.test.')
    return Resolver(authority, ZONES, policy, module_config=modules, server=server, **kw)


def check_block(reply, what):
    assert reply is not None and reply.rcode == 'NXDOMAIN' and not reply.answer and reply.has_soa(), (what, reply)


def count_target(r):
    """Questions that reached the target's servers."""
    return sum(1 for name, _ in r.authority.asked if name.endswith('dead.listed.test.'))


def test_blocked_client_is_told_at_once():
    for modules in MODULES:
        for broken in (False, True):
            with resolver(modules, broken=broken) as r:
                for name, hops in (('dead.test.', 1), ('dead1.test.', 3), ('a.b.dn2.test.', 1)):
                    for rrtype in ('A', 'AAAA', 'HTTPS'):
                        start = time.time()
                        reply = r.ask(name, rrtype, edns=1232, timeout=8)
                        check_block(reply, (modules, name, rrtype))
                        assert reply.ede and reply.ede[0][0] == 15, reply
                        assert time.time() - start < 0.9 + hops * 0.1, (modules, name, time.time() - start)
                        hits = r.hits(qname=name.rstrip('.'), qtype=rrtype, at_least=1)
                        assert len(hits) == 1 and hits[0]['action'] == 'block', hits
                        assert flat(hits[0])['via'] in ('cname', 'dname'), hits
                assert count_target(r) == 0, r.authority.asked


def test_names_learned_on_the_way_are_aliases_too():
    """The middle of a chain comes from the cache of records: nothing is asked upstream that could tell."""
    with resolver() as r:
        check_block(r.ask('dead1.test.', timeout=8), 'whole chain')
        for name in ('dead2.other.', 'dead3.test.'):
            check_block(r.ask(name, 'AAAA', timeout=8), name)
            check_block(r.ask(name, timeout=8), name)
        check_block(r.ask('a.dn2.test.', timeout=8), 'first below the DNAME')
        check_block(r.ask('b.dn2.test.', timeout=8), 'second below the DNAME')
        assert count_target(r) == 0, r.authority.asked


def test_names_on_the_way_of_somebody_let_through():
    """The whole chain is cached by an excepted client's failure; who is blocked asks for its middle."""
    with resolver(broken=True) as r:
        assert r.ask('dead1.test.', client=EXEMPT, timeout=20).rcode == 'SERVFAIL'
        asked = count_target(r)
        assert asked > 0
        for name in ('dead2.other.', 'dead3.test.', 'dead1.test.'):
            for rrtype in ('A', 'AAAA'):
                check_block(r.ask(name, rrtype, timeout=8), (name, rrtype))
        assert count_target(r) == asked, r.authority.asked


def test_loops_and_names_that_grow_too_long():
    with resolver() as r:
        for name in ('loop.other.', f'{LONG}.long.test.', f'{LONG}.{LONG}.long.test.'):
            start = time.time()
            check_block(r.ask(name, edns=1232, timeout=10), name)
            assert time.time() - start < 2, name
            assert r.hits(qname=name.rstrip('.'), at_least=1)[0]['action'] == 'block'


def test_let_through_and_failed_is_recorded():
    """Also when the failure comes from the cache, which holds nothing that tells of the target."""
    for policy in (POLICY, POLICY.replace('phase 1000000000', 'phase 4000000000')):
        with resolver(broken=True, policy=policy) as r:
            for n in range(4):
                reply = r.ask('dead.test.', client=EXEMPT, timeout=20)
                assert reply is not None and reply.rcode == 'SERVFAIL', reply
                hits = r.hits(qname='dead.test', src_ip=EXEMPT, at_least=n + 1)
                assert len(hits) == n + 1, hits
                assert flat(hits[-1])['cname'] == 'gone.dead.listed.test', hits
                assert flat(hits[-1])['rcode'] == 'SERVFAIL', hits


def test_flagged_target_that_fails_is_recorded():
    with resolver() as r:
        r.authority.broken.add('flagged.test.')
        for n in range(3):
            assert r.ask('toflag.test.', timeout=20).rcode == 'SERVFAIL'
            hits = r.hits(qname='toflag.test', action='flag', at_least=n + 1)
            assert len(hits) == n + 1, (n, hits)


def test_blocked_client_does_not_wait_for_an_exempt_one():
    with resolver() as r:
        out = {}
        thread = threading.Thread(target=lambda: out.update(
            exempt=r.ask('dead.test.', client=EXEMPT, timeout=30)))
        thread.start()
        time.sleep(0.4)
        start = time.time()
        check_block(r.ask('dead.test.', timeout=30), 'while the exempt one waits')
        assert time.time() - start < 1, time.time() - start
        thread.join()
        assert out['exempt'].rcode == 'SERVFAIL', out


def test_merged_before_the_alias_is_known():
    """Both wait for the alias itself: the blocked one is told when it fails, and is never told SERVFAIL."""
    with resolver(broken=True) as r:
        r.authority.delay['dead.test.'] = 0.3
        out = {}

        def one(client):
            out[client] = r.ask('dead.test.', client=client, edns=1232, timeout=30)
        threads = [threading.Thread(target=one, args=(client,)) for client in (EXEMPT, BLOCKED, THIRD)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert out[EXEMPT].rcode == 'SERVFAIL', out
        for client in (BLOCKED, THIRD):
            check_block(out[client], client)
            assert out[client].ede, out
        hits = r.hits(qname='dead.test', at_least=3)
        assert sorted((hit['src_ip'], hit['action']) for hit in hits) == [
            (BLOCKED, 'block'), (EXEMPT, 'allow'), (THIRD, 'block')], hits


def test_alias_of_a_target_that_answers_is_decided_before_it_is_asked():
    with resolver() as r:
        for _ in range(2):
            check_block(r.ask('chain2.test.'), 'blocked')
        assert r.authority.count('www.listed.test.') == 0, r.authority.asked
        assert r.ask('chain2.test.', client=EXEMPT).addresses() == ['192.0.2.2']
        check_block(r.ask('chain2.test.'), 'after exempt')
        assert r.ask('clean.test.').addresses() == ['192.0.2.9']


def test_minimised_name_that_is_an_alias_is_no_alias_of_the_question():
    """x.dead.test does not exist: that dead.test leads to a listed name does not make it blocked for good."""
    with resolver(server=FAST + '  qname-minimisation: yes\n') as r:
        r.ask('a.b.clean.test.')
        assert r.ask('clean.test.').addresses() == ['192.0.2.9']
        reply = r.ask('sub.chain.test.', timeout=10)
        assert reply is not None and reply.rcode == 'NXDOMAIN' and not reply.ede, reply


def test_with_dns64_the_target_is_not_asked():
    with resolver('dynlib dns64 iterator', server=FAST + '  dns64-prefix: 64:ff9b::/96\n') as r:
        for rrtype in ('AAAA', 'A'):
            check_block(r.ask('dead.test.', rrtype, timeout=10), rrtype)
        assert count_target(r) == 0, r.authority.asked


promises.main(globals())

#!/usr/bin/env python3
"""Ways in which other blockers leak, one test each, and those that our own design could have."""

import threading
import time

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, THIRD, Resolver, flat
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + '''
addresses yes
name listed.test subtree updates
net 198.51.100.0/24 dedicated updates
net 2001:db8:bad::/48 dedicated updates
'''


def resolver(policy=POLICY, **kw):
    return Resolver(Authority(TEXT), ZONES, policy, **kw)


def check_block(reply, what):
    assert reply is not None and reply.rcode == 'NXDOMAIN' and not reply.answer and reply.has_soa(), (what,
                                                                                                     reply)


def both_ways(r, name, rrtype, expect):
    """Exempt first, then blocked, again and again: warm caches of both."""
    for turn in range(3):
        reply = r.ask(name, rrtype, client=EXEMPT)
        assert reply.rcode == 'NOERROR' and expect(reply), (name, turn, reply)
        check_block(r.ask(name, rrtype), (name, turn))
    hits = r.hits(qname=name.rstrip('.'), qtype=rrtype, action='block', at_least=3)
    assert len(hits) == 3, hits


def test_https_of_a_listed_name():
    """RPZ's tags do not split clients that ask for HTTPS, and OPNsense gives it no SOA."""
    with resolver() as r:
        both_ways(r, 'www.listed.test.', 'HTTPS', lambda reply: reply.answer)


def test_cname_from_the_cache():
    """Unbound 1.17's RPZ answers the second query for an alias of a listed name for real."""
    for modules in ('dynlib iterator', 'dynlib validator iterator'):
        with resolver(module_config=modules) as r:
            both_ways(r, 'chain.test.', 'A', lambda reply: reply.addresses() == ['192.0.2.2'])
            both_ways(r, 'chain2.test.', 'A', lambda reply: reply.addresses() == ['192.0.2.2'])
            both_ways(r, 'chain3.test.', 'A', lambda reply: reply.addresses() == ['192.0.2.2'])
            both_ways(r, 'chain3.test.', 'AAAA', lambda reply: len(reply.addresses()) == 1)
            both_ways(r, 'chain.test.', 'CNAME', lambda reply: reply.answer)


def test_learned_alias_is_fetched_once():
    with resolver() as r:
        for _ in range(3):
            assert r.ask('chain2.test.', client=EXEMPT).addresses() == ['192.0.2.2']
        assert r.authority.count('www.listed.test.', 'A') == 1, r.authority.asked


def test_dname_to_a_listed_name():
    with resolver() as r:
        both_ways(r, 'www.dn.test.', 'A', lambda reply: '192.0.2.2' in reply.addresses())


def test_minimised_prefix():
    """QNAME minimisation leaves listed.test, y.listed.test ... in the cache when only a name below was
    asked."""
    for flags in ({}, {'cd': True}):
        with resolver(server='  qname-minimisation: yes\n') as r:
            assert r.ask('deep.x.y.listed.test.', client=EXEMPT, **flags).addresses() == ['192.0.2.3']
            for name in ('listed.test.', 'y.listed.test.', 'x.y.listed.test.', 'deep.x.y.listed.test.'):
                check_block(r.ask(name, **flags), name)


def test_cd_1():
    """Entries that the validator has not seen yet are served to CD=1 queries."""
    with resolver(module_config='dynlib validator iterator') as r:
        for name in ('chain2.test.', 'www.listed.test.', 'chain.test.'):
            assert r.ask(name, client=EXEMPT, cd=True).addresses() == ['192.0.2.2']
            assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2']
            check_block(r.ask(name, cd=True), name)
        check_block(r.ask('www.listed.test.', cd=True, do=True, edns=1232), 'target')


def test_addresses_in_vendor_networks():
    with resolver() as r:
        both_ways(r, 'toaddr.test.', 'A', lambda reply: len(reply.addresses()) == 2)
        both_ways(r, 'toaddr6.test.', 'AAAA', lambda reply: len(reply.addresses()) == 1)
        assert r.ask('clean.test.').addresses() == ['192.0.2.9']
        hit = flat(r.hits(qname='toaddr.test', action='block')[0])
        assert hit['via'] == 'answer_addr' and hit['value'] == '198.51.100.7', hit


def test_svcb_targets_and_hints():
    with resolver() as r:
        for name, rrtype in (('svc.test.', 'HTTPS'), ('svc2.test.', 'HTTPS'), ('hint.test.', 'HTTPS'),
                             ('hint6.test.', 'SVCB')):
            both_ways(r, name, rrtype, lambda reply: reply.answer)
        assert r.ask('cleansvc.test.', 'HTTPS').answer


def ask_all(r, name, clients, rrtype='A'):
    """Every client at the same time; returns {client: (reply, port)}."""
    out = {}

    def one(client):
        out[client] = r.ask(name, rrtype, client=client, timeout=8)
    threads = [threading.Thread(target=one, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return out


def test_merged_clients_each_get_their_own_verdict_and_record():
    """pfBlockerNG and RPZ log the first of the clients that wait on one resolution."""
    with resolver() as r:
        clients = [BLOCKED, EXEMPT] + [f'127.0.1.{n}' for n in range(1, 9)]
        r.authority.delay['slow2.other.'] = 0.3
        replies = ask_all(r, 'slow.clean.test.', clients)
        for client in clients:
            if client == EXEMPT:
                assert replies[client].addresses() == ['192.0.2.5'], replies[client]
            else:
                check_block(replies[client], client)
        assert r.authority.count('slow2.other.', 'A') < len(clients) // 2, 'they were not merged'
        hits = r.hits(qname='slow.clean.test', at_least=len(clients))
        assert sorted(hit['src_ip'] for hit in hits) == sorted(clients), hits


def test_blocked_client_does_not_wait_for_an_exempt_one():
    with resolver() as r:
        r.authority.delay['slow.listed.test.'] = 0.8
        out = {}
        thread = threading.Thread(target=lambda: out.update(
            exempt=r.ask('slow.listed.test.', client=EXEMPT, timeout=8)))
        thread.start()
        time.sleep(0.3)
        start = time.time()
        check_block(r.ask('slow.listed.test.'), 'while the exempt one waits')
        assert time.time() - start < 0.4, 'the blocked client waited'
        thread.join()
        assert out['exempt'].addresses() == ['192.0.2.5'], out


def test_flagged_clients_before_the_phase_are_merged():
    policy = POLICY.replace('phase 1000000000', 'phase 4000000000')
    with resolver(policy) as r:
        clients = [BLOCKED, THIRD] + [f'127.0.1.{n}' for n in range(1, 9)]
        r.authority.delay['slow.listed.test.'] = 0.3
        replies = ask_all(r, 'slow.listed.test.', clients)
        assert all(reply.addresses() == ['192.0.2.5'] for reply in replies.values())
        assert r.authority.count('slow.listed.test.', 'A') < len(clients) // 2, 'K clients made K questions upstream'
        assert len(r.hits(qname='slow.listed.test', at_least=len(clients))) == len(clients)


def test_prefetch_and_serve_expired():
    server = '  prefetch: yes\n  serve-expired: yes\n  serve-expired-ttl: 3600\n'
    for more in ('', '  serve-expired-client-timeout: 200\n'):
        with resolver(server=server + more) as r:
            assert r.ask('short.listed.test.', client=EXEMPT).addresses() == ['192.0.2.6']
            for _ in range(12):
                check_block(r.ask('short.listed.test.'), more)
                assert r.ask('short.listed.test.', client=EXEMPT).addresses() == ['192.0.2.6']
                time.sleep(0.3)


def test_expired_chain_by_timer():
    """An expired answer that a timer sends passes no module: the recipient is judged all the same."""
    server = ('  serve-expired: yes\n  serve-expired-ttl: 3600\n  serve-expired-client-timeout: 200\n'
              '  cache-max-ttl: 1\n')
    with resolver(server=server) as r:
        assert r.ask('chain.test.', client=EXEMPT).addresses() == ['192.0.2.2']
        time.sleep(2.2)
        for name in ('chain.test.', 'www.listed.test.', 'test.'):
            r.authority.delay[name] = 3
        check_block(r.ask('chain.test.', edns=1232, timeout=8), 'stale chain')


def test_client_of_an_internal_query():
    """dns64 asks for A by itself; a client that joins that query is judged."""
    with resolver(module_config='dynlib dns64 iterator', server='  dns64-prefix: 64:ff9b::/96\n') as r:
        r.authority.delay['slow.listed.test.'] = 1.0
        out = {}
        thread = threading.Thread(target=lambda: out.update(
            exempt=r.ask('slow.listed.test.', 'AAAA', client=EXEMPT, timeout=8)))
        thread.start()
        time.sleep(1.3)  # AAAA is answered empty, A is on its way
        check_block(r.ask('slow.listed.test.', 'A', timeout=8), 'joined')
        thread.join()
        assert out['exempt'].addresses(), out


def test_cache_that_was_loaded():
    """load_cache puts in what nobody has judged: found by what it holds, withheld, removed, then blocked."""
    asked = (('www.listed.test.', 'A'), ('chain.test.', 'A'), ('toaddr.test.', 'A'), ('toaddr6.test.', 'AAAA'),
             ('svc.test.', 'HTTPS'), ('svc2.test.', 'HTTPS'), ('hint.test.', 'HTTPS'))
    with resolver(policy=DEFAULT_POLICY) as unguarded:
        for name, rrtype in asked + (('clean.test.', 'A'),):
            assert unguarded.ask(name, rrtype).answer, name
        dump = unguarded.control('dump_cache')
    assert 'toaddr.test.' in dump and dump.rstrip().endswith('EOF'), dump
    with resolver() as r:
        assert 'ok' in r.control('load_cache', stdin=dump.encode())
        for name, rrtype in asked:
            reply = r.ask(name, rrtype, edns=1232)
            assert reply is not None and not reply.answer, (name, reply)
        assert r.ask('clean.test.').addresses() == ['192.0.2.9']
        assert r.ask('clean.test.', 'TXT') is not None  # a miss: the worker removes what it found
        for name, rrtype in asked:
            check_block(r.ask(name, rrtype, edns=1232), name)
        assert r.ask('toaddr.test.', client=EXEMPT).addresses()


def test_flagged_address_from_the_cache():
    """Where nothing is blocked yet answers come from the shared cache: each recipient is a hit all the same."""
    policy = DEFAULT_POLICY.replace('block', 'flag') + 'addresses yes\nnet 198.51.100.0/24 dedicated updates\n'
    with resolver(policy=policy) as r:
        for _ in range(4):
            assert len(r.ask('toaddr.test.').addresses()) == 2
        hits = r.hits(qname='toaddr.test', at_least=4)
        assert len(hits) == 4 and r.authority.count('toaddr.test.', 'A') == 1, (hits, r.authority.asked)
        assert [flat(hit).get('cached') for hit in hits].count(True) == 3, hits


promises.main(globals())

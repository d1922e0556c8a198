#!/usr/bin/env python3
"""Excepted clients that ask for one listed name at the same time share one resolution, and still nobody who
is blocked waits with them."""

import re
import socket
import threading
import time

import promises
from authority import Authority
from dnswire import Reply, query
from resolver import BLOCKED, DEFAULT_POLICY, Resolver
from zones import TEXT, ZONES

CLIENTS = 150
RETRIES = 12  # of one resolution, when an answer takes over a second
POLICY = DEFAULT_POLICY + 'exempt 127.1.0.0/16 flag 4000000000 updates\nname listed.test subtree updates\n'


def resolver(**kw):
    return Resolver(Authority(TEXT), ZONES, POLICY, **kw)


def statistic(r, name):
    return int(re.search(rf'^{re.escape(name)}=(\d+)', r.control('stats_noreset'), re.M).group(1))


def ask_from_many(r, name, count=CLIENTS):
    sockets = []
    for n in range(count):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((f'127.1.{n // 200}.{n % 200 + 1}', 0))
        s.settimeout(8)
        s.sendto(query(name, ident=n + 1, edns=1232 if n % 2 else None), ('127.0.0.1', r.port))
        sockets.append(s)
    return sockets


def check_answers(sockets, address):
    for n, s in enumerate(sockets):
        reply = Reply(s.recv(4096))
        assert reply.id == n + 1 and reply.addresses() == [address], (n, reply)
        assert reply.opt == bool(n % 2), (n, reply)
        s.close()


def test_many_clients_are_one_resolution():
    for modules in ('dynlib iterator', 'dynlib validator iterator'):
        with resolver(module_config=modules) as r:
            r.authority.delay['slow.listed.test.'] = 1.5
            sockets = ask_from_many(r, 'slow.listed.test.')
            time.sleep(0.5)
            states = statistic(r, 'total.requestlist.current.all')
            assert states <= 3, f'{states} resolutions for {CLIENTS} clients'
            start = time.time()
            assert r.ask('slow.listed.test.').rcode == 'NXDOMAIN'
            assert time.time() - start < 0.7, 'the blocked client waited'
            check_answers(sockets, '192.0.2.5')
            assert r.authority.count('slow.listed.test.', 'A') < RETRIES, r.authority.asked
            assert len(r.hits(qname='slow.listed.test', action='allow', at_least=CLIENTS)) == CLIENTS
            for name in ('total.requestlist.current.all', 'total.requestlist.current.user'):
                assert statistic(r, name) == 0, (name, statistic(r, name))
            assert r.ask('slow.listed.test.', client='127.1.0.1').addresses() == ['192.0.2.5']


def test_streams_join_too():
    """Four of them: with more than half of its ten in use Unbound closes those that wait."""
    with resolver() as r:
        r.authority.delay['slow.listed.test.'] = 1.0
        out = []
        threads = [threading.Thread(target=lambda n=n: out.append(r.ask(
            'slow.listed.test.', client=f'127.1.0.{n + 1}', tcp=n % 10 == 0, timeout=8))) for n in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(out) == 40 and all(reply.addresses() == ['192.0.2.5'] for reply in out), out
        assert r.authority.count('slow.listed.test.', 'A') < RETRIES, r.authority.asked
        assert statistic(r, 'total.requestlist.current.all') == 0


def test_streams_that_close_while_they_wait():
    with resolver() as r:
        r.authority.delay['slow.listed.test.'] = 1.0
        for _ in range(3):
            for n in range(8):
                with socket.create_connection(('127.0.0.1', r.port), 3, (f'127.1.0.{n + 1}', 0)) as s:
                    message = query('slow.listed.test.', ident=n)
                    s.sendall(len(message).to_bytes(2, 'big') + message)
                    time.sleep(0.02)
            reply = r.ask('slow.listed.test.', client='127.1.1.1', timeout=8)
            assert reply.addresses() == ['192.0.2.5'], reply
        assert statistic(r, 'total.requestlist.current.all') == 0


def test_others_by_question_and_flag_are_apart():
    with resolver() as r:
        r.authority.delay['slow.listed.test.'] = 0.6
        kinds = [{}, {'cd': True}, {'rrtype': 'AAAA'}, {'rrtype': 'TXT'}]
        out = {}
        threads = [threading.Thread(target=lambda n=n: out.update({n: r.ask(
            'slow.listed.test.', client=f'127.1.0.{n + 1}', timeout=8, **kinds[n % 4])})) for n in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for n, reply in out.items():
            assert reply is not None and reply.rcode == 'NOERROR', (n, reply)
            assert bool(reply.addresses()) == (n % 4 < 2), (n, reply)
            assert reply.cd == (n % 4 == 1), (n, reply)


def test_alias_is_shared_and_nobody_blocked_waits():
    with resolver() as r:
        assert r.ask('chain2.test.', client='127.1.0.1').addresses() == ['192.0.2.2']
        r.authority.delay['slow.listed.test.'] = 1.2
        sockets = ask_from_many(r, 'slow.clean.test.', 40)
        time.sleep(0.5)
        start = time.time()
        assert r.ask('slow.clean.test.', client=BLOCKED, timeout=8).rcode == 'NXDOMAIN'
        assert time.time() - start < 0.6, 'the blocked client waited'
        check_answers(sockets, '192.0.2.5')
        assert r.authority.count('slow.listed.test.', 'A') < 2 * RETRIES, r.authority.asked


promises.main(globals())

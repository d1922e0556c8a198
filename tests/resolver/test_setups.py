#!/usr/bin/env python3
"""The promise in set-ups that send queries on other ways through Unbound: views and RPZ zones that rewrite into
listed names, client subnets, expired answers by timer, prefetch, limits. Two clients ask everything in random
order, many at a time; no answer of a listed name reaches the blocked one, no block the exempt one."""

import random
import struct
import tempfile
import threading
import time

import promises
from authority import Authority
from dnswire import OPTION_SUBNET
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Resolver

SECONDS = 20 if promises.is_full() else 3
ZONES = ['test.', 'other.']
LISTED, CLEAN = '192.0.2.', '203.0.113.'
TEXT = '\n'.join(
    ['test. 3600 SOA ns.test. h.test. 1 2 3 4 1', 'test. 3600 NS ns.test.', 'ns.test. 3600 A 127.0.0.1',
     'other. 3600 SOA ns.other. h.other. 1 2 3 4 1', 'other. 3600 NS ns.other.', 'ns.other. 3600 A 127.0.0.1',
     f'rw3.test. 1 A {CLEAN}200', 'dn.test. 1 DNAME listed.test.', 'dn.other. 1 DNAME listed.test.'] +
    [line for n in range(8) for line in (
        f'h{n}.listed.test. 1 A {LISTED}{n + 1}', f'h{n}.listed.test. 1 AAAA 2001:db8::{n + 1}',
        f'h{n}.listed.test. 1 HTTPS 1 . alpn=h2 ipv4hint={LISTED}{n + 1}', f'h{n}.listed.test. 1 TXT "real"',
        f'c{n}.test. 1 CNAME h{n}.listed.test.', f'e{n}.test. 1 CNAME d{n}.other.',
        f'd{n}.other. 1 CNAME e{n}{n}.test.', f'e{n}{n}.test. 1 CNAME h{n}.dn.other.',
        f's{n}.test. 1 HTTPS 0 h{n}.listed.test.', f'ok{n}.test. 1 A {CLEAN}{n + 1}',
        f'ok{n}.test. 1 HTTPS 1 . alpn=h2', f'okc{n}.other. 1 CNAME ok{n}.test.')])
POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\n'
# (pattern, types); the first ones lead to listed names.
ASKED = [('h{}.listed.test.', 'A AAAA HTTPS TXT ANY MX'), ('c{}.test.', 'A AAAA HTTPS ANY CNAME TXT'),
         ('e{}.test.', 'A HTTPS ANY'), ('h{}.dn.test.', 'A AAAA'), ('h{}.dn.other.', 'A TXT'), ('s{}.test.', 'HTTPS')]
REWRITTEN = ('alias.local.', 'rw.test.', 'rw2.test.', 'rw3.test.')
FREE = [('ok{}.test.', 'A HTTPS ANY'), ('okc{}.other.', 'A HTTPS')]


def mixed_case(name):
    return ''.join(random.choice((c.lower(), c.upper())) for c in name)


def options(blocked):
    if random.random() < 0.5:
        return []
    return [(OPTION_SUBNET, struct.pack('!HBB', 1, 24, 0) + bytes([10, int(blocked), random.randrange(3)]))]


def is_real(record):
    """True for a record of a listed name, or that leads to one."""
    name, _, _, data = record
    text = data if isinstance(data, str) else data.decode('latin-1')
    return (name.lower().endswith('listed.test.') or text.lower().endswith('listed.test.') or
            text.startswith((LISTED, '2001:db8:')) or '\6listed\4test\0' in text.lower())


def judge(reply, name, rrtype, blocked, leads):
    """What is wrong with an answer; None when nothing is. Failures, limits and truncation are no answers."""
    if reply.tc or reply.rcode in ('SERVFAIL', 'REFUSED'):
        return None
    # Beside NXDOMAIN Unbound shows an alias of the operator's own, and nothing else.
    shown = [r for r in reply.answer if not (reply.rcode == 'NXDOMAIN' and r[1] == 'CNAME' and name in REWRITTEN)]
    if blocked and any(is_real(record) for record in shown):
        return name, rrtype, reply.rcode, reply.answer
    # An alias alone (ANY of what leads on outside) holds nothing listed yet; else there must be a block.
    if blocked and leads and reply.rcode != 'NXDOMAIN' and reply.rd_sent and not (reply.answer and rrtype == 'ANY'):
        return name, rrtype, reply.rcode, reply.answer
    if not (blocked and leads) and reply.rcode == 'NXDOMAIN':
        return name, rrtype, 'blocked', reply.answer
    return None


def client(r, address, extra, until, wrong, counts):
    blocked = address == BLOCKED
    while time.time() < until:
        leads = random.random() < 0.7
        pattern, types = random.choice(extra + ASKED if leads else FREE)
        name, rrtype, rd = pattern.format(random.randrange(8)), random.choice(types.split()), random.random() < 0.9
        reply = r.ask(mixed_case(name), rrtype, client=address, timeout=2, edns=1232, options=options(blocked), rd=rd,
                      cd=random.random() < 0.2, do=random.random() < 0.2, tcp=random.random() < 0.02)
        counts[0] += 1
        if reply is None:
            counts[1] += 1
            continue
        reply.rd_sent = rd
        fault = judge(reply, name, rrtype, blocked, leads)
        if fault is not None:
            wrong.append((address, *fault))


def drive(server='', more='', modules='dynlib validator iterator', extra=(), delay=0.0, lost=0.02):
    random.seed(3)
    authority = Authority(TEXT)
    if delay:
        for n in range(8):
            authority.delay[f'h{n}.listed.test.'] = delay * random.random()
            authority.delay[f'd{n}.other.'] = delay * random.random()
    wrong, counts = [], [0, 0]
    with Resolver(authority, ZONES, POLICY, threads=2, server=server, more=more, module_config=modules) as r:
        until = time.time() + SECONDS
        threads = [threading.Thread(target=client, args=(r, address, list(extra), until, wrong, counts))
                   for address in (BLOCKED, EXEMPT) * 4]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f'  {counts[0]} asked, {counts[1]} without answer, {len(wrong)} wrong')
        assert not wrong, wrong[:4]
        assert counts[0] > 100 and counts[1] <= counts[0] * lost + 8, counts


def test_plain():
    drive(server='  prefetch: yes\n')


def test_expired_answers_by_timer():
    drive(server='  serve-expired: yes\n  serve-expired-ttl: 60\n  serve-expired-client-timeout: 30\n', delay=0.2)


def test_prefetch_and_expired_at_once():
    drive(server='  prefetch: yes\n  serve-expired: yes\n  serve-expired-reply-ttl: 1\n', delay=0.05)


def test_client_subnets():
    drive(server='  send-client-subnet: 127.0.0.0/8\n  client-subnet-always-forward: yes\n',
          modules='dynlib subnetcache validator iterator')


def test_module_behind_others():
    drive(modules='subnetcache dynlib iterator', server='  send-client-subnet: 127.0.0.0/8\n')


def test_view_that_rewrites_into_a_listed_name():
    drive(server='  access-control-view: 127.0.0.0/8 all\n', extra=[('alias.local.', 'A AAAA HTTPS')],
          more='view:\n  name: "all"\n  view-first: yes\n  local-zone: "alias.local." redirect\n'
               '  local-data: "alias.local. 1 CNAME h1.listed.test."\n')


def test_response_policy_zone_that_rewrites_into_a_listed_name():
    with tempfile.NamedTemporaryFile('w', suffix='.zone', encoding='ascii') as file:
        file.write('$ORIGIN rpz.local.\n@ 60 SOA a. b. 1 2 3 4 5\n@ 60 NS a.\nrw.test 1 CNAME h2.listed.test.\n'
                   'rw2.test 1 CNAME c3.test.\n32.200.113.0.203.rpz-ip 1 CNAME h4.listed.test.\n')
        file.flush()
        drive(more=f'rpz:\n  name: "rpz.local."\n  zonefile: "{file.name}"\n', modules='dynlib respip validator iterator',
              extra=[('rw.test.', 'A AAAA HTTPS'), ('rw2.test.', 'A HTTPS'), ('rw3.test.', 'A ANY')])


def test_limits():
    drive(server='  ratelimit: 200\n  ip-ratelimit: 400\n  ratelimit-factor: 4\n  ip-ratelimit-factor: 4\n'
          '  num-queries-per-thread: 24\n  jostle-timeout: 20\n', delay=0.05, lost=1.0)


def test_aggressive_denial_and_minimisation():
    drive(server='  aggressive-nsec: yes\n  qname-minimisation-strict: yes\n  harden-below-nxdomain: yes\n'
          '  minimal-responses: yes\n')


promises.main(globals())

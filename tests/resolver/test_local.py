#!/usr/bin/env python3
"""What Unbound answers before any module, and what docs/operations.md says about it."""

import os
import time

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, EXEMPT, THIRD, Missing, Resolver, flat
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\n'
OWN = ('own.site. 300 IN SOA a. b. 1 2 3 4 5\nown.site. 300 IN NS a.\n'
       'al.own.site. 300 IN CNAME www.listed.test.\n')
RPZ = ('rpz.site. 300 IN SOA a. b. 1 2 3 4 5\nrpz.site. 300 IN NS a.\nwww.listed.test.rpz.site. 300 IN CNAME .\n'
       'chain2.test.rpz.site. 300 IN CNAME .\nclean.test.rpz.site. 300 IN CNAME www.listed.test.\n')


def resolver(more=(), **kw):
    """more: (clause, name, zone text, lines) of zones."""
    r = Resolver(Authority(TEXT), ZONES, POLICY, **kw)
    for clause, name, text, lines in more:
        path = os.path.join(r.folder, name + 'zone')
        with open(path, 'w', encoding='ascii') as file:
            file.write(text)
        r.config += f'{clause}:\n  name: "{name}"\n  zonefile: "{path}"\n' + lines
    return r


def check(r, name, rcode, answer, action, via=None, **kw):
    """One question: its answer's data, and the one hit it makes, or none."""
    before = len(r.records())
    reply = r.ask(name, **kw)
    assert reply.rcode == rcode and [x[3] for x in reply.answer] == answer, (name, reply)
    deadline = time.time() + 5
    while action and len(r.records()) == before and time.time() < deadline:
        time.sleep(0.05)
    if not action:
        time.sleep(0.3)
    hits = [flat(hit) for hit in r.records()[before:]]
    assert [(hit['action'], hit['via']) for hit in hits] == ([(action, via)] if action else []), (name, hits)


def test_local_data():
    server = ('  local-zone: "alias.local." transparent\n  local-data: "a.alias.local. CNAME www.listed.test."\n'
              '  local-zone: "redir.local." redirect\n  local-data: "redir.local. CNAME www.listed.test."\n'
              '  local-zone: "deep.x.y.listed.test." redirect\n  local-data: "deep.x.y.listed.test. A 203.0.113.9"\n')
    with resolver(server=server) as r:
        check(r, 'a.alias.local.', 'NOERROR', ['www.listed.test.'], 'observe', 'cname')
        check(r, 'x.redir.local.', 'NXDOMAIN', ['www.listed.test.'], 'block', 'qname')
        check(r, 'x.redir.local.', 'NOERROR', ['www.listed.test.', '192.0.2.2'], 'allow', 'qname', client=EXEMPT)
        check(r, 'deep.x.y.listed.test.', 'NOERROR', ['203.0.113.9'], 'observe', 'qname')


def test_auth_zones():
    for downstream, answer in (('yes', ('NOERROR', ['www.listed.test.'], 'observe')),
                               ('no', ('NXDOMAIN', [], 'block'))):
        with resolver([('auth-zone', 'own.site.', OWN, f'  for-downstream: {downstream}\n  for-upstream: yes\n')]) as r:
            for _ in range(2):
                check(r, 'al.own.site.', *answer, 'cname')


def test_response_policy_zones():
    with resolver([('rpz', 'rpz.site.', RPZ, '')], module_config='dynlib respip iterator') as r:
        check(r, 'www.listed.test.', 'NXDOMAIN', [], 'observe', 'qname')
        check(r, 'chain2.test.', 'NXDOMAIN', [], None)
        check(r, 'clean.test.', 'NXDOMAIN', ['www.listed.test.'], 'block', 'qname')
        check(r, 'short.listed.test.', 'NXDOMAIN', [], 'block', 'qname')


def test_refused_and_denied_clients():
    with resolver(server='  access-control: 127.0.0.9/32 refuse\n  access-control: 127.0.0.10/32 deny\n',
                  lines=['curfew-alive=1']) as r:
        check(r, 'www.listed.test.', 'REFUSED', [], None, client='127.0.0.9')
        assert r.ask('www.listed.test.', client='127.0.0.10', timeout=0.5) is None
        r.stop()
        assert not r.records()
        clients = ' '.join(line['clients'] for line in r.lines('alive')).split()
        assert THIRD in clients and '127.0.0.9' not in clients and '127.0.0.10' not in clients, clients
        r.start()


def test_fast_reload_reads_no_line_of_ours():
    with resolver() as r:
        if 'ok' not in r.control('fast_reload'):
            raise Missing('this unbound has no fast_reload')
        path = os.path.join(r.folder, 'unbound.conf')
        with open(path, 'w', encoding='ascii') as file:
            file.write(r.config.replace('curfew-fold=0', 'curfew-fold=3600'))
        assert 'ok' in r.control('fast_reload')
        for _ in range(3):
            r.ask('www.listed.test.')
        assert len(r.hits(qname='www.listed.test', at_least=3)) == 3
        r.control('reload')
        for _ in range(40):
            if r.ask('localhost.', client=THIRD, timeout=0.3):
                break
        for _ in range(3):
            assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
        assert len(r.hits(qname='www.listed.test', at_least=4)) == 4
        time.sleep(0.5)
        assert len(r.hits(qname='www.listed.test')) == 4, 'folding is not in force after the reload'


promises.main(globals())

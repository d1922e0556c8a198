#!/usr/bin/env python3
"""The version gate: in an Unbound that it was not built for the module does nothing, says so, and the
resolver works on."""

import os
import shutil
import subprocess

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, EXEMPT, Missing, Resolver, environment, scratch_folder
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\n'


def other_build_id(path):
    """A copy of the daemon whose build-id note differs in one byte: the same structures, another build."""
    folder = scratch_folder('curfew-gate-')
    copy = os.path.join(folder, 'unbound')
    shutil.copy(path, copy)
    shutil.copy(os.path.join(os.path.dirname(path), 'unbound-control'), folder)
    with open(copy, 'r+b') as file:
        data = file.read()
        at = data.find(b'\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0')
        if at < 0:
            raise Missing('this unbound has no build-id')
        file.seek(at + 16)
        file.write(bytes([data[at + 16] ^ 0xff]))
    return copy


def check_inert(r):
    assert 'is not the one the module was built for' in r.messages(), r.messages()
    assert 'Rebuild the module' in r.messages()
    for client in (EXEMPT, '127.0.0.2'):
        for name in ('www.listed.test.', 'chain2.test.', 'clean.test.'):
            assert r.ask(name, client=client).rcode == 'NOERROR', name
    r.control('reload')
    assert r.wait_message('Restart of unbound', 30) or r.wait_message('start of service', 5, count=2), r.messages()
    assert r.ask('www.listed.test.').rcode == 'NOERROR'
    assert not os.path.exists(r.log_path), 'a module in a wrong host wrote hits'


def test_another_build_is_refused():
    unbound = other_build_id(environment('CURFEW_UNBOUND'))
    try:
        with Resolver(Authority(TEXT), ZONES, POLICY, unbound=unbound) as r:
            check_inert(r)
    finally:
        shutil.rmtree(os.path.dirname(unbound))


def test_another_version_is_refused():
    """CURFEW_OTHER_UNBOUND: a daemon of another version with dynlib. Structures differ."""
    unbound = environment('CURFEW_OTHER_UNBOUND')
    for modules in ('dynlib iterator', 'dynlib validator iterator', 'dynlib respip subnetcache iterator'):
        with Resolver(Authority(TEXT), ZONES, POLICY, unbound=unbound, module_config=modules, threads=2) as r:
            check_inert(r)


REVERSE = '''
2.0.192.in-addr.arpa. 3600 SOA ns.test. host.test. 1 3600 900 604800 60
2.0.192.in-addr.arpa. 3600 NS ns.test.
9.2.0.192.in-addr.arpa. 300 PTR clean.test.
'''
SERVER = '''  local-zone: "2.0.192.in-addr.arpa." nodefault
  dns64-prefix: 64:ff9b::/96
'''
REWRITE = '''  response-ip: 192.0.2.10/32 redirect
  response-ip-data: 192.0.2.10/32 "CNAME clean.test."
  response-ip: 192.0.2.30/32 inform
  response-ip: 192.0.2.9/32 redirect
  response-ip-data: 192.0.2.9/32 "A 192.0.2.10"
'''
# What dns64 does with a new query and what respip does with an answer, among others.
QUESTIONS = (('clean.test.', 'A'), ('clean2.test.', 'A'), ('flagged.test.', 'A'), ('clean2.test.', 'AAAA'),
             ('www.listed.test.', 'AAAA'), ('clean.test.', 'AAAA'), ('chain2.test.', 'A'), ('nothere.test.', 'A'),
             ('9.0.2.0.0.0.0.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.b.9.f.f.4.6.0.0.ip6.arpa.', 'PTR'),
             ('www.listed.test.', 'HTTPS'), ('clean.test.', 'A'))


def answers(unbound, modules, more=None):
    """Everything that a client and the log show of one run of QUESTIONS."""
    r = Resolver(Authority(TEXT + REVERSE), [*ZONES, '2.0.192.in-addr.arpa.'], POLICY, unbound=unbound,
                 module_config=modules, server=SERVER + (REWRITE if 'respip' in modules else ''))
    if 'dynlib' not in modules:
        r.config = r.config[:r.config.index('dynlib:')] + r.config[r.config.index('stub-zone:'):]
    with r:
        out = []
        for name, rrtype in QUESTIONS:
            reply = r.ask(name, rrtype, edns=1232, timeout=10)
            out.append((name, rrtype, reply.rcode, sorted(map(str, (x[:2] + x[3:] for x in reply.answer))),
                        reply.ad, reply.aa, len(reply.authority), reply.ede))
        return out, r.messages().count(' 192.0.2.30/32 inform '), len(r.authority.asked)


def compare_with_no_module(unbound):
    for modules in ('dns64 iterator', 'respip iterator', 'dns64 validator iterator', 'respip dns64 iterator',
                    'subnetcache validator iterator', 'validator iterator'):
        with_us, without = answers(unbound, 'dynlib ' + modules), answers(unbound, modules)
        assert with_us == without, (modules, with_us, without)
        for line in without[0]:  # ip6.arpa is what dns64 makes of a new query; nobody else has it
            assert line[2] in ('NOERROR', 'NXDOMAIN') or line[1] == 'PTR', line
            assert line[1] != 'PTR' or bool(line[3]) == modules.startswith('dns64'), line


def test_in_another_build_everything_is_as_without_us():
    unbound = other_build_id(environment('CURFEW_UNBOUND'))
    try:
        compare_with_no_module(unbound)
    finally:
        shutil.rmtree(os.path.dirname(unbound))


def test_in_another_version_everything_is_as_without_us():
    compare_with_no_module(environment('CURFEW_OTHER_UNBOUND'))


def test_the_right_build_is_accepted():
    with Resolver(Authority(TEXT), ZONES, POLICY) as r:
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
        assert 'is not the one' not in r.messages()


def test_symbols_are_the_six_names_alone():
    out = subprocess.run(['nm', '-D', '--defined-only', environment('CURFEW_MODULE')], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    names = {line.split()[-1] for line in out.splitlines()}
    assert names == {'init', 'deinit', 'operate', 'inform_super', 'clear', 'get_mem'}, names


def test_a_bad_setting_is_said_and_ignored():
    with Resolver(Authority(TEXT), ZONES, POLICY, lines=['curfew-nonsense=1', 'curfew-lane-mb=x', 'curfew-']) as r:
        for text in ("'curfew-nonsense=1': there is no such setting", "'curfew-lane-mb=x': bad value",
                     'is not of the form'):
            assert text in r.messages(), r.messages()
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'


promises.main(globals())

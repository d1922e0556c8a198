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
    assert r.wait_message('start of service', 5, count=2) or True
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

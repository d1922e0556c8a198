#!/usr/bin/env python3
"""Phases take effect at their instant, with warm caches and without anybody's action."""

import os
import time

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, EXEMPT, PAST, Resolver
from zones import TEXT, ZONES


def policy_at(instant):
    return DEFAULT_POLICY.replace(f'phase {PAST}', f'phase {instant}') + 'name listed.test subtree updates\n'


def resolver(instant, **kw):
    return Resolver(Authority(TEXT), ZONES, policy_at(instant), **kw)


def test_cut_off_with_warm_caches():
    cut_off = int(time.time()) + 4
    with resolver(cut_off) as r:
        for name in ('www.listed.test.', 'chain2.test.'):
            reply = r.ask(name)
            assert reply.addresses() == ['192.0.2.2'], reply
            left = cut_off - time.time()
            assert left > 0.5, 'this machine is too slow for the test'
            assert all(ttl <= left + 1 for _, _, ttl, _ in reply.answer), ('TTL outlives the cut-off', reply)
            assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2']
        while time.time() < cut_off + 0.05:
            reply = r.ask('www.listed.test.')
            now = time.time()
            if now < cut_off:
                assert reply.addresses() == ['192.0.2.2'], (now - cut_off, reply)
            time.sleep(0.02)
        time.sleep(0.1)
        for name in ('www.listed.test.', 'chain2.test.'):
            for flags in ({}, {'cd': True}, {'tcp': True}):
                reply = r.ask(name, **flags)
                assert reply.rcode == 'NXDOMAIN', (name, flags, reply)
            assert r.ask(name, client=EXEMPT).addresses() == ['192.0.2.2']
        actions = {hit['action'] for hit in r.hits(qname='www.listed.test', src_ip='127.0.0.2', at_least=4)}
        assert actions == {'flag', 'block'}, actions


def test_ttl_of_a_lapsing_exception_is_clamped():
    until = int(time.time()) + 100
    policy = policy_at(PAST).replace(f'exempt {EXEMPT}/32 flag 4000000000', f'exempt {EXEMPT}/32 flag {until}')
    with Resolver(Authority(TEXT), ZONES, policy) as r:
        for name in ('www.listed.test.', 'chain2.test.', 'nothere.listed.test.'):
            reply = r.ask(name, client=EXEMPT)
            assert all(ttl <= 100 for _, _, ttl, _ in reply.answer + reply.authority), reply


def test_clock_that_glitches_back_does_not_unblock():
    cut_off = int(time.time()) + 1000
    r = resolver(cut_off)
    clock = os.path.join(r.folder, 'clock')
    r.config = r.config.replace(f'  dynlib-file: "curfew-log={r.log_path}"',
                                f'  dynlib-file: "curfew-log={r.log_path}"\n'
                                f'  dynlib-file: "curfew-clock-offset=@{clock}"')

    def set_clock(offset):
        with open(clock + '.new', 'w', encoding='ascii') as file:
            file.write(f'{offset}\n')
        os.rename(clock + '.new', clock)
        time.sleep(0.6)
    set_clock(0)
    with r:
        assert r.ask('www.listed.test.').rcode == 'NOERROR'
        set_clock(2000)
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
        set_clock(0)
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN', 'a jump back of the clock unblocked'
        assert r.wait_message('the clock went back by'), r.messages()
        set_clock(2000)
        assert r.wait_message('the clock is right again'), r.messages()
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'


promises.main(globals())

#!/usr/bin/env python3
"""Images come and go while queries run; Unbound is reloaded in each of its ways."""

import os
import shutil
import threading
import time

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Resolver
from zones import TEXT, ZONES

EMPTY = DEFAULT_POLICY
LISTED = DEFAULT_POLICY + 'name listed.test subtree updates\n'
ADDRESSES = LISTED + 'addresses yes\nnet 192.0.2.9/32 dedicated updates\n'


def resolver(policy, **kw):
    return Resolver(Authority(TEXT), ZONES, policy, **kw)


def wait_for(condition, seconds):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_stale_answer_after_a_list_change():
    """What was cached while it was clean is not served once it is listed."""
    with resolver(EMPTY) as r:
        asked = [('www.listed.test.', 'A'), ('www.listed.test.', 'HTTPS'), ('chain2.test.', 'A'),
                 ('deep.x.y.listed.test.', 'A'), ('svc.test.', 'HTTPS'), ('clean.test.', 'A'),
                 ('chain.test.', 'A'), ('dn.test.', 'DNAME')]
        for name, rrtype in asked:
            for client in (BLOCKED, EXEMPT):
                assert r.ask(name, rrtype, client=client).rcode == 'NOERROR', name
        start = time.time()
        r.set_policy(ADDRESSES)
        assert r.wait_message('is in force', 2.5, count=2), r.messages()
        assert time.time() - start < 2, 'a new image took two seconds'
        for name, rrtype in asked:
            for flags in ({}, {'cd': True}):
                assert r.ask(name, rrtype, **flags).rcode == 'NXDOMAIN', (name, rrtype, flags)
            assert r.ask(name, rrtype, client=EXEMPT).rcode == 'NOERROR', name
        assert r.ask('clean2.test.').rcode == 'NOERROR'
        assert r.status()['trips'] == 0, r.status()


def test_delisted_name_resolves_again():
    with resolver(LISTED) as r:
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
        r.set_policy(EMPTY)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NOERROR', 2)
        r.set_policy(LISTED)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NXDOMAIN', 2)


def test_bad_image_is_refused_once_and_the_old_one_stays():
    with resolver(LISTED) as r:
        with open(r.image_path, 'rb') as file:
            good = file.read()
        for bad in (b'', b'not an image', good[:len(good) // 2], good[:-1] + bytes([good[-1] ^ 1])):
            with open(r.image_path + '.bad', 'wb') as file:
                file.write(bad)
            before = r.messages().count('cannot use image')
            os.rename(r.image_path + '.bad', r.image_path)
            assert r.wait_message('cannot use image', 3, count=before + 1), r.messages()
            time.sleep(0.7)
            assert r.messages().count('cannot use image') == before + 1, 'said more than once'
            assert 'the one in force stays' in r.messages()
            assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
            assert r.status()['image_refused'], r.status()
        for command in ('reload', 'reload_keep_cache'):
            r.control(command)
            assert wait_for(lambda: (r.ask('www.listed.test.') or r).rcode == 'NXDOMAIN', 3), command
            assert 'the one from before the reload stays in force' in r.messages()
        os.unlink(r.image_path)
        assert r.wait_message('no image at', 3)
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN'
        r.set_policy(EMPTY)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NOERROR', 2)
        assert wait_for(lambda: 'image_refused' not in r.status(), 7), r.status()


def test_image_that_is_cut_in_place_harms_nobody():
    """Against the rules, files are replaced by rename: a map of it would end the resolver with SIGBUS."""
    with resolver(LISTED + 'many 200000 filler.test updates\n') as r:
        assert r.ask('n199999.filler.test.').rcode == 'NXDOMAIN'
        os.truncate(r.image_path, 0)
        for name in ('www.listed.test.', 'n0.filler.test.', 'n100000.filler.test.', 'n199998.filler.test.'):
            assert r.ask(name).rcode == 'NXDOMAIN', name
        assert r.wait_message('cannot use image', 3), r.messages()
        assert r.ask('n5.filler.test.').rcode == 'NXDOMAIN'


def test_no_image_passes_until_one_appears():
    with resolver(LISTED, image=False) as r:
        assert 'every query passes until there is one' in r.messages()
        assert r.ask('www.listed.test.').rcode == 'NOERROR'
        assert r.ask('chain2.test.').rcode == 'NOERROR'
        time.sleep(0.7)
        assert r.messages().count('cannot use image') + r.messages().count('no image at') == 1
        r.set_policy(LISTED)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NXDOMAIN', 2)
        assert r.ask('chain2.test.').rcode == 'NXDOMAIN'
        assert r.hits(qname='www.listed.test', action='block', at_least=1)


def reloads(r):
    commands = ['reload', 'reload_keep_cache']
    if 'fast_reload' in r.control('-h'):
        commands.append('fast_reload')
    return commands


def test_verdicts_survive_reloads():
    with resolver(LISTED, threads=2) as r:
        for command in reloads(r):
            for name in ('www.listed.test.', 'chain2.test.', 'deep.x.y.listed.test.'):
                assert r.ask(name, client=EXEMPT).rcode == 'NOERROR', (command, name)
            r.control(command)
            for name in ('www.listed.test.', 'chain2.test.', 'listed.test.', 'x.y.listed.test.'):
                assert wait_for(lambda: (r.ask(name, timeout=1) or r).rcode == 'NXDOMAIN', 3), (command, name)
                assert r.ask(name, client=EXEMPT).rcode == 'NOERROR', (command, name)


def test_inside_a_chroot():
    """Image and log are opened after chroot; their paths may be written with the chroot in front."""
    if os.geteuid() != 0:
        raise promises.Missing('chroot needs root')
    r = resolver(LISTED)
    shutil.copy(r.module, os.path.join(r.folder, 'curfew.so'))
    r.config = r.config.replace('chroot: ""', f'chroot: "{r.folder}"').replace(
        f'dynlib-file: "{r.module}"', 'dynlib-file: "/curfew.so"')
    with r:
        assert r.ask('www.listed.test.').rcode == 'NXDOMAIN', r.messages()
        assert r.hits(qname='www.listed.test', action='block', at_least=1)
        r.set_policy(EMPTY)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NOERROR', 2)
        r.control('reload')
        assert wait_for(lambda: (r.ask('www.listed.test.', timeout=1) or r).rcode == 'NOERROR', 3), r.messages()
        r.set_policy(LISTED)
        assert wait_for(lambda: r.ask('www.listed.test.').rcode == 'NXDOMAIN', 2), r.messages()


def test_reload_that_keeps_the_cache_with_a_new_image():
    with resolver(EMPTY) as r:
        for name in ('www.listed.test.', 'chain2.test.'):
            assert r.ask(name).rcode == 'NOERROR'
        r.set_policy(LISTED)
        r.control('reload_keep_cache')
        for name in ('www.listed.test.', 'chain2.test.'):
            assert wait_for(lambda: (r.ask(name, timeout=1) or r).rcode == 'NXDOMAIN', 3), name


def test_swaps_lose_no_query():
    with resolver(LISTED, threads=2) as r:
        results, stop = {'answered': 0, 'lost': 0, 'slowest': 0.0}, threading.Event()

        def run():
            while not stop.is_set():
                start = time.time()
                reply = r.ask('clean.test.', timeout=2)
                results['slowest'] = max(results['slowest'], time.time() - start)
                results['answered' if reply is not None and reply.addresses() else 'lost'] += 1
        thread = threading.Thread(target=run)
        thread.start()
        for turn in range(6):
            r.set_policy(EMPTY if turn % 2 else LISTED + f'name x{turn}.test exact updates\n')
            assert r.wait_message('is in force', 3, count=turn + 2), r.messages()
        stop.set()
        thread.join()
        assert results['lost'] == 0 and results['answered'] > 100, results


promises.main(globals())

#!/usr/bin/env python3
"""Who asked anything at all: every client of every kind of answer, once a stretch, and nothing more."""

import datetime
import time

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, Resolver
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY.replace('answer nxdomain', 'answer drop') + 'name listed.test subtree updates\n'
LOCAL = ('  local-zone: "local.test." static\n  local-data: "local.test. A 192.0.2.200"\n'
         '  access-control: 127.0.9.0/24 refuse\n')


def resolver(policy=POLICY, lines=('curfew-alive=1',), **kw):
    return Resolver(Authority(TEXT), ZONES, policy, lines=list(lines), **kw)


def seen(r, seconds, wanted=()):
    """Clients of all alive records; waits for those wanted."""
    deadline = time.time() + seconds
    while True:
        clients = set(' '.join(line['clients'] for line in r.lines('alive')).split())
        if clients.issuperset(wanted) and (wanted or time.time() > deadline):
            return clients
        if time.time() > deadline:
            return clients
        time.sleep(0.1)


def instant(text):
    return datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def test_every_kind_of_answer_is_noted():
    with resolver(server=LOCAL, threads=2) as r:
        asked = {'127.0.5.1': ('clean.test.', {}), '127.0.5.2': ('clean.test.', {}),
                 '127.0.5.3': ('local.test.', {}), '127.0.5.4': ('nothere.test.', {}),
                 '127.0.5.5': ('www.listed.test.', {'timeout': 0.5}),  # dropped
                 '127.0.5.6': ('clean.test.', {'tcp': True}), '127.0.5.7': ('chain.test.', {'timeout': 0.5}),
                 '127.0.5.8': ('clean2.test.', {'edns': 1232})}
        for client, (name, more) in asked.items():
            r.ask(name, client=client, **more)
        r.ask('clean.test.', client='127.0.9.1')  # refused: the host calls nobody
        got = seen(r, 6, asked)
        assert got >= set(asked), set(asked) - got
        assert '127.0.9.1' not in got, got
        names = ' '.join(str(line) for line in r.lines('alive'))
        assert 'clean' not in names and 'listed' not in names, names


def test_stretches_have_no_gap_and_nobody_twice():
    with resolver() as r:
        end = time.time() + 4.5
        while time.time() < end:
            r.ask('clean.test.', client='127.0.5.1')
            r.ask('clean.test.', client='127.0.5.2')
            time.sleep(0.1)
        r.stop()
        lines = r.lines('alive')
        assert len(lines) >= 4, lines
        for line in lines:
            words = line['clients'].split()
            assert len(words) == len(set(words)), line
        for before, after in zip(lines, lines[1:]):
            assert abs(instant(before['last']) - instant(after['timestamp'])) < 0.001, (before, after)
            assert instant(after['last']) - instant(after['timestamp']) < 2, after
        full = [line for line in lines if {'127.0.5.1', '127.0.5.2'} <= set(line['clients'].split())]
        assert len(full) >= 3, lines
        r.start()


def test_what_is_left_is_written_at_the_end_and_a_reload_loses_nobody():
    with resolver(lines=['curfew-alive=3600']) as r:
        r.ask('clean.test.', client='127.0.5.1')
        r.control('reload')
        for _ in range(20):
            if r.ask('clean.test.', client='127.0.5.2', timeout=0.3):
                break
        r.stop()
        assert {'127.0.5.1', '127.0.5.2'} <= seen(r, 1), r.lines('alive')
        r.start()


def test_policy_and_configuration_decide():
    with resolver(POLICY + 'alive 1\n', lines=()) as r:
        r.ask('clean.test.', client='127.0.5.1')
        assert '127.0.5.1' in seen(r, 5, {'127.0.5.1'})
    for policy, lines in ((POLICY + 'alive 1\n', ('curfew-alive=0',)), (POLICY, ())):
        with resolver(policy, lines=lines) as r:
            r.ask('clean.test.', client='127.0.5.1')
            time.sleep(2.5)
            r.stop()
            assert not r.lines('alive'), r.lines('alive')
            r.start()


def test_nobody_asking_is_told_too():
    """So that a run of records without a gap says that the resolver was up."""
    with resolver() as r:
        time.sleep(2.6)
        r.stop()
        assert any(line['clients'] == '' for line in r.lines('alive')), r.lines('alive')
        r.start()


def test_many_clients_are_many_lines():
    with resolver(lines=['curfew-alive=3600']) as r:
        clients = {f'127.7.{n // 200}.{n % 200 + 1}' for n in range(600)}
        for client in clients:
            r.ask('clean.test.', client=client)
        r.stop()
        lines = r.lines('alive')
        assert seen(r, 1) >= clients
        assert 5 < len(lines) < 30, len(lines)
        with open(r.log_path, 'rb') as file:
            assert max(len(line) for line in file) <= 1024
        status = r.status()
        assert status['left_out'] == 0 and status['alive_s'] == 3600, status
        assert status['module_index'] == 0 and status['module_config'] == 'dynlib iterator', status
        r.start()


promises.main(globals())

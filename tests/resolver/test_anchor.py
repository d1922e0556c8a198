#!/usr/bin/env python3
"""A sensor key in the module: seals are signed by it, and one that is of no use costs neither DNS nor the log."""

import json
import os
import subprocess
import time

import promises
from authority import Authority
from resolver import DEFAULT_POLICY, Resolver, environment, scratch_folder
from zones import TEXT, ZONES

POLICY = DEFAULT_POLICY + 'name listed.test subtree updates\n'
CURFEW = environment('CURFEW')


def new_key():
    folder = scratch_folder('curfew-key-')
    subprocess.run([CURFEW, 'log', 'key', 'new', 'resolver', '--dir', folder], check=True, stdout=subprocess.DEVNULL)
    return os.path.join(folder, 'resolver.key'), os.path.join(folder, 'resolver.pub')


def status_of(r, wanted, seconds=20):
    """The status file, once it has this member."""
    end = time.time() + seconds
    while True:
        try:
            with open(r.log_path + '.status.json', encoding='ascii') as file:
                status = json.load(file)
            if wanted in status or time.time() > end:
                return status
        except (OSError, ValueError):
            assert time.time() < end, 'no status file'
        time.sleep(0.2)


def verify(r, public):
    """After the stop: exit status and what was found, as of then."""
    with open(r.log_path, encoding='ascii') as file:
        last = json.loads(file.readlines()[-1])
    result = subprocess.run([CURFEW, 'log', 'verify', '--json', r.log_path, '--key', public, '--to', last['timestamp']],
                            capture_output=True, text=True)
    return result.returncode, json.loads(result.stdout)


def test_seals_are_signed():
    key, public = new_key()
    with Resolver(Authority(TEXT), ZONES, POLICY, lines=[f'curfew-key={key}', 'curfew-seals=none']) as r:
        assert r.ask('www.listed.test.') is not None
        status = status_of(r, 'key')
        assert len(status['key']) == 16 and status['seal_log'] == 'off', status
        r.stop()
        code, found = verify(r, public)
        r.start()
        assert (code, found['signed_seals']) == (0, found['seals']) and found['seals'] > 0, found


def test_a_successor_needs_no_reload():
    key, public = new_key()
    with open(public, encoding='ascii') as file:
        old = file.read()
    pinned = public + '.old'
    with open(pinned, 'w', encoding='ascii') as file:
        file.write(old)
    with Resolver(Authority(TEXT), ZONES, POLICY, lines=[f'curfew-key={key}', 'curfew-seals=none']) as r:
        first = status_of(r, 'key')['key']
        subprocess.run([CURFEW, 'log', 'key', 'new', 'resolver', '--replace', '--dir', os.path.dirname(key)], check=True,
                       stdout=subprocess.DEVNULL)
        end = time.time() + 20
        while status_of(r, 'key').get('key') == first and time.time() < end:
            time.sleep(0.2)
        assert r.ask('www.listed.test.') is not None
        assert status_of(r, 'key')['key'] != first
        r.stop()
        code, found = verify(r, pinned)
        r.start()
        assert code == 0 and found['signed_seals'] == found['seals'], found
        assert 'key' in {finding['kind'] for finding in found['findings']}, found


def test_a_reload_takes_the_successor():
    key, public = new_key()
    with open(public, encoding='ascii') as file:
        old = file.read()
    pinned = public + '.old'
    with open(pinned, 'w', encoding='ascii') as file:
        file.write(old)
    with Resolver(Authority(TEXT), ZONES, POLICY, lines=[f'curfew-key={key}', 'curfew-seals=none']) as r:
        first = status_of(r, 'key')['key']
        subprocess.run([CURFEW, 'log', 'key', 'new', 'resolver', '--replace', '--dir', os.path.dirname(key)], check=True,
                       stdout=subprocess.DEVNULL)
        r.control('reload')
        end = time.time() + 20
        while status_of(r, 'key').get('key') == first and time.time() < end:
            time.sleep(0.2)
        assert status_of(r, 'key')['key'] != first
        r.stop()
        code, found = verify(r, pinned)
        r.start()
        assert code == 0 and 'key' in {finding['kind'] for finding in found['findings']}, found


def test_a_key_of_no_use_stops_nothing():
    def damage(path):
        with open(path, 'w', encoding='ascii') as file:
            file.write('untrusted comment: x\nnothing\n')

    def pipe(path):
        os.unlink(path)
        os.mkfifo(path, 0o600)

    for spoil, why in ((os.unlink, 'no key'), (damage, 'no secret key'), (lambda path: os.chmod(path, 0o644), 'can read'),
                       (pipe, 'pipe')):
        key, _ = new_key()
        spoil(key)
        with Resolver(Authority(TEXT), ZONES, POLICY, lines=[f'curfew-key={key}', 'curfew-seals=none']) as r:
            answer = r.ask('clean.test.')
            assert answer is not None
            r.ask('www.listed.test.')
            status = status_of(r, 'key_error')
            assert why in status['key_error'] and 'key' not in status, status
            r.stop()
            with open(r.log_path, encoding='ascii') as file:
                lines = file.read()
            r.start()
            assert '"chain":' in lines and 'seal_sig' not in lines



promises.main(globals())

#!/usr/bin/env python3
"""The guard that runs before Unbound starts: Unbound must always be able to start."""

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import promises

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIST = ROOT / 'plugin/resolver/dist'
WITH, WITHOUT = 'Linked modules: dns64 dynlib iterator', 'Linked modules: dns64 iterator'


class Machine:
    """A folder in which unbound, curfew and the files of a set-up are stand-ins."""

    def __init__(self, modules=WITH, with_module=True, export=':'):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='curfew-guard-'))
        self.unbound = self.program('unbound', f'echo "{modules}"')
        self.curfew = self.program('curfew', 'while [ "$1" != --out ]; do shift; done\n'
                                   f'echo "$2" >/dev/null; {export}\necho zone >"$2"')
        self.module, self.zone = self.folder / 'curfew.so', self.folder / 'curfew.rpz'
        self.config = self.folder / 'curfew.conf'
        (self.folder / 'share').mkdir()
        for name in ('module.conf', 'rpz.conf'):
            shutil.copy(DIST / name, self.folder / 'share' / name)
        if with_module:
            self.module.write_bytes(b'module')
            digest = hashlib.sha256(self.unbound.read_bytes()).hexdigest()
            pathlib.Path(str(self.module) + '.host').write_text(digest + '\n')

    def program(self, name, body):
        path = self.folder / name
        path.write_text('#!/bin/sh\n' + body + '\n')
        path.chmod(0o755)
        return path

    def guard(self):
        environment = dict(os.environ, CURFEW_GUARD_CONFIG=self.config, CURFEW_GUARD_SHARE=self.folder / 'share',
                           CURFEW_GUARD_SITE=self.folder / 'site',
                           CURFEW_GUARD_MODULE=self.module, CURFEW_GUARD_ZONE=self.zone,
                           CURFEW_GUARD_UNBOUND=self.unbound, CURFEW_GUARD_CURFEW=self.curfew)
        environment['PATH'] = '/usr/bin:/bin'
        done = subprocess.run([DIST / 'unbound-guard'], env={k: str(v) for k, v in environment.items()},
                              stderr=subprocess.PIPE, check=False)
        assert done.returncode == 0, done
        return done.stderr.decode(), self.config.read_text() if self.config.exists() else None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.folder)


def test_matching_module_is_put_in_force():
    with Machine() as machine:
        said, config = machine.guard()
        assert 'module-config: "dynlib' in config and said == '', said
        before = machine.config.stat().st_mtime_ns
        machine.guard()
        assert machine.config.stat().st_mtime_ns == before, 'written again without need'


def test_replaced_unbound_falls_back_to_the_zone_and_comes_back():
    with Machine() as machine:
        machine.guard()
        body = machine.unbound.read_text()
        machine.unbound.write_text(body + '# security update\n')
        said, config = machine.guard()
        assert 'another build' in said and 'rpz:' in config and 'dynlib' not in config, (said, config)
        assert machine.zone.read_text() == 'zone\n'
        machine.unbound.write_text(body)
        assert 'dynlib' in machine.guard()[1]


def test_files_of_the_site_go_before_the_packages():
    with Machine() as machine:
        (machine.folder / 'site').mkdir()
        for name in ('module.conf', 'rpz.conf'):
            (machine.folder / 'site' / name).write_text(f'# {name} of this site\n')
        assert machine.guard()[1] == '# module.conf of this site\n'
        machine.module.unlink()
        assert machine.guard()[1] == '# rpz.conf of this site\n'
        shutil.rmtree(machine.folder / 'site')
        assert 'rpz:' in machine.guard()[1]


def test_unbound_without_dynlib_or_a_missing_module_fall_back():
    for machine in (Machine(modules=WITHOUT), Machine(with_module=False)):
        with machine:
            said, config = machine.guard()
            assert 'rpz:' in config and said, said


def test_without_a_zone_nothing_is_left_that_could_stop_unbound():
    with Machine(with_module=False, export='exit 4') as machine:
        machine.config.write_text('module-config: "dynlib iterator"')
        said, config = machine.guard()
        assert config is None and 'nothing is enforced' in said, (said, config)
        machine.zone.write_text('old zone\n')
        said, config = machine.guard()
        assert 'rpz:' in config and 'the old one is used' in said, said


def test_configurations_are_accepted_by_unbound():
    checkconf = shutil.which('unbound-checkconf', path='/usr/sbin:/usr/bin')
    if not checkconf:
        raise promises.Missing('unbound-checkconf is not installed')
    with Machine() as machine:
        machine.zone.write_text('$ORIGIN curfew.rpz.\n@ 3600 SOA . . 1 3600 900 604800 300\nx.test CNAME .\n')
        path = machine.folder / 'unbound.conf'
        text = (DIST / 'rpz.conf').read_text().replace('/var/lib/unbound/curfew.rpz', str(machine.zone))
        path.write_text(f'server:\n  directory: "{machine.folder}"\n  chroot: ""\n  username: ""\n' + text)
        done = subprocess.run([checkconf, path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert done.returncode == 0, done.stdout.decode()


promises.main(globals())

#!/usr/bin/env python3
"""The guard that runs before Unbound starts: Unbound must always be able to start.

Most of it is the table of broken states, plugin/resolver/dist/guard-table: the guard, then a real Unbound that has
to answer. A few rows of each kind here, all of them in the long campaign."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import promises
from resolver import environment, free_port, scratch_folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIST = ROOT / 'plugin/resolver/dist'


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def make_image():
    path = pathlib.Path(scratch_folder('curfew-guard-image-')) / 'curfew.img'
    subprocess.run([environment('CURFEW'), 'apply', '--yes', '--image', path, '--lists', ROOT / 'lists', '--policy',
                    ROOT / 'plugin/cli/curfew.yaml'], check=True, stdout=subprocess.DEVNULL)
    return path


def folder_is_in(path, folder):
    try:
        return str(folder).encode() in path.read_bytes()
    except OSError:
        return False  # it ended


class Machine:
    """A folder with Unbound's configuration, a real Unbound and module, and what the guard reads and writes."""

    def __init__(self):
        self.folder = pathlib.Path(scratch_folder('curfew-guard-'))
        self.folder.chmod(0o755)
        for name in ('conf.d', 'share', 'site', 'state'):
            (self.folder / name).mkdir()
        self.unbound = pathlib.Path(environment('CURFEW_UNBOUND'))
        self.module = self.folder / 'curfew.so'
        shutil.copy(environment('CURFEW_MODULE'), self.module)
        self.image, self.zone = self.folder / 'curfew.img', self.folder / 'curfew.rpz'
        shutil.copy(make_image(), self.image)
        self.config, self.late = self.folder / 'conf.d/curfew.conf', self.folder / 'conf.d/zzzz-curfew.conf'
        for name in ('module.conf', 'rpz.conf'):
            text = (DIST / name).read_text().replace('@MODULE@', str(self.module))
            text = text.replace('/var/lib/curfew/curfew.img', str(self.image)).replace('/etc/unbound/curfew.rpz',
                                                                                       str(self.zone))
            (self.folder / 'share' / name).write_text(text)
        self.record()
        self.main = self.folder / 'unbound.conf'
        self.main.write_text(f'server:\n  directory: "{self.folder}"\n  chroot: ""\n  username: ""\n  pidfile: ""\n'
                             f'  interface: 127.0.0.1@{free_port()}\n'
                             f'include-toplevel: "{self.folder}/conf.d/*.conf"\n')

    def record(self):
        pathlib.Path(f'{self.module}.host').write_text(sha256(self.unbound) + '\n')
        pathlib.Path(f'{self.module}.sha256').write_text(sha256(self.module) + '\n')

    def environment(self, **more):
        names = {'UNBOUND': self.unbound, 'MAIN': self.main, 'CONFIG': self.config, 'SHARE': self.folder / 'share',
                 'SITE': self.folder / 'site', 'MODULE': self.module, 'ZONE': self.zone,
                 'CURFEW': environment('CURFEW'), 'IMAGE': self.image, 'STATE': self.folder / 'state',
                 'PATH': f'{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin'}
        return {**os.environ, **{'CURFEW_GUARD_' + key: str(value) for key, value in names.items()}, **more}

    def guard(self, *words, **more):
        """What it said, and what is in force: the file of ours, or None."""
        done = subprocess.run([DIST / 'unbound-guard', *words], env=self.environment(**more), capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, done
        assert done.stdout == ('' if words else 'ready\n'), done
        assert not list(self.folder.glob('.curfew-guard*')), 'left something behind'
        running = [path for path in pathlib.Path('/proc').glob('[0-9]*/cmdline') if folder_is_in(path, self.folder)]
        assert not running, f'left running: {running}'
        there = [path.read_text() for path in (self.config, self.late) if path.exists()]
        assert len(there) < 2, there
        return done.stderr, there[0] if there else None

    def site_file(self, name, text):
        (self.folder / 'conf.d' / name).write_text(text)

    def module_config(self):
        tool = self.unbound.parent / 'unbound-checkconf'
        return subprocess.run([tool, '-o', 'module-config', self.main], capture_output=True, text=True,
                              check=True).stdout.strip()


def table(*options):
    image = make_image()
    image.parent.chmod(0o755)
    done = subprocess.run([DIST / 'guard-table', '--unbound', environment('CURFEW_UNBOUND'), '--module',
                           environment('CURFEW_MODULE'), '--curfew', environment('CURFEW'), '--image', image, *options],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    held = re.search(r'^(\d+) rows hold, 0 do not', done.stdout, re.M)
    assert done.returncode == 0 and held, 'see the rows above'
    return int(held.group(1))


def test_unbound_answers_in_every_row_of_the_table():
    if promises.is_full():
        assert table() > 250
    else:
        assert table('--quick') > 30


def test_a_row_that_does_not_hold_fails_the_table():
    done = subprocess.run([DIST / 'guard-table', '--unbound', environment('CURFEW_UNBOUND'), '--module',
                           environment('CURFEW_MODULE'), '--curfew', environment('CURFEW'), '--image', make_image(),
                           '--guard', '/bin/true', '--rows', 'sound'], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and 'FAILED   sound' in done.stdout, done


def test_matching_module_is_put_in_force_and_left_alone():
    machine = Machine()
    said, config = machine.guard()
    assert 'module-config: "dynlib' in config and said == '', said
    before = machine.config.stat().st_mtime_ns
    machine.guard()
    assert machine.config.stat().st_mtime_ns == before, 'written again without need'
    assert 'mode=module' in (machine.folder / 'state/state').read_text()


def test_replaced_unbound_falls_back_to_the_zone_and_comes_back():
    machine = Machine()
    machine.guard()
    host = pathlib.Path(f'{machine.module}.host')
    host.write_text('0' * 64)
    said, config = machine.guard()
    assert 'another build' in said and 'rpz:' in config and 'dynlib' not in config, (said, config)
    assert 'kaspersky' in machine.zone.read_text()
    state = (machine.folder / 'state/state').read_text()
    assert 'mode=zone' in state and 'another build' in state, state
    machine.record()
    assert 'dynlib' in machine.guard()[1]


def test_a_module_that_is_not_the_installed_one_is_never_loaded():
    machine = Machine()
    whole = machine.module.read_bytes()
    for content in (b'', whole[:len(whole) // 2], os.urandom(4096), whole + b'\0', b'\x7fELF' + whole[4:-1] + b'\1'):
        machine.module.write_bytes(content)
        said, config = machine.guard()
        assert 'not the file that was installed' in said and 'rpz:' in config, said
    machine.module.write_bytes(whole)
    pathlib.Path(f'{machine.module}.sha256').unlink()
    assert 'known to be whole' in machine.guard()[0]


def test_a_foreign_module_of_the_recorded_sum_is_found_by_the_trial():
    machine = Machine()
    shutil.copy('/bin/true', machine.module)
    machine.record()
    said, config = machine.guard()
    assert 'rpz:' in config and 'dynlib' not in config, said


def test_files_of_the_site_go_before_the_packages():
    machine = Machine()
    for name in ('module.conf', 'rpz.conf'):
        text = (machine.folder / 'share' / name).read_text()
        (machine.folder / 'site' / name).write_text(text + f'# {name} of this site\n')
    assert machine.guard()[1].endswith('# module.conf of this site\n')
    machine.module.unlink()
    assert machine.guard()[1].endswith('# rpz.conf of this site\n')
    shutil.rmtree(machine.folder / 'site')
    assert not machine.guard()[1].endswith('of this site\n')


def test_module_config_of_the_site_is_kept_with_ours_in_front():
    for name in ('0.conf', 'z.conf'):
        machine = Machine()
        machine.site_file(name, 'server:\n  module-config: "dns64 respip validator iterator"\n')
        said = machine.guard()[0]
        assert machine.module_config() == 'dynlib dns64 respip validator iterator', (name, said)
        machine.module.unlink()
        machine.guard()
        # Whose file is read last keeps its own order, which has respip already.
        wanted = 'respip dns64 validator iterator' if name == '0.conf' else 'dns64 respip validator iterator'
        assert machine.module_config() == wanted, name
        machine.site_file(name, '')
        machine.guard()
        assert machine.module_config() == 'respip validator iterator' and not machine.late.exists(), name


def test_module_config_that_cannot_be_beaten_is_named_with_its_line():
    machine = Machine()
    machine.site_file('zzzzz.conf', '# of this site\nserver:\n\tmodule-config: "validator iterator"\n')
    said, config = machine.guard()
    assert config is None, config
    assert f'{machine.folder}/conf.d/zzzzz.conf:3' in said and "'dynlib validator iterator'" in said, said
    assert machine.module_config() == 'validator iterator'


def test_nothing_of_ours_stays_when_the_zone_is_refused():
    machine = Machine()
    machine.guard()
    machine.module.unlink()
    program = machine.folder / 'program'
    program.write_text('#!/bin/sh\nprintf "@ 300 SOA . . 1 3600 900 604800 300\\n%0300d CNAME .\\n" 1\n')
    program.chmod(0o755)
    said, config = machine.guard(CURFEW_GUARD_CURFEW=str(program))
    assert config is None and 'nothing is enforced' in said and not machine.zone.exists(), (said, config)


def test_a_template_of_the_site_that_only_watches_is_put_in_force():
    # The guard sees a name of the zone blocked before it calls the zone good; here nothing is to be blocked.
    for change in (('rpz-log: yes', 'rpz-log: yes\n\trpz-action-override: disabled'), ('curfew.rpz"\n', 'other.rpz"\n')):
        machine = Machine()
        text = (machine.folder / 'share/rpz.conf').read_text()
        (machine.folder / 'other.rpz').write_text('@ 300 SOA . . 1 3600 900 604800 300\nblocked.example CNAME .\n')
        (machine.folder / 'site/rpz.conf').write_text((text.replace(f'zonefile: {machine.zone}', f'zonefile: "{machine.zone}"\n'))
                                                      .replace(*change))
        machine.module.unlink()
        config = machine.guard()[1]
        assert config is not None and change[1].strip() in config, (change, config)


def test_a_folder_of_unbounds_own_is_not_touched():
    # 0.1.0 wrote its zone where the unbound user may write: a link there made root change another file's mode.
    machine = Machine()
    victim, folder = machine.folder / 'victim', machine.folder / 'lib'
    victim.write_text('secret\n')
    victim.chmod(0o600)
    folder.mkdir()
    for name in ('curfew.rpz', 'curfew.rpz.new'):
        (folder / name).symlink_to(victim)
        (machine.folder / name).symlink_to(victim)
        (machine.folder / 'conf.d' / name.replace('rpz', 'conf')).symlink_to(victim)
    machine.module.unlink()
    assert 'rpz:' in machine.guard()[1]
    assert victim.stat().st_mode & 0o777 == 0o600 and victim.read_text() == 'secret\n'
    assert machine.zone.is_file() and not machine.zone.is_symlink() and not machine.config.is_symlink()
    for name in ('rpz.conf', 'unbound-guard', 'tmpfiles.conf'):
        code = [line for line in (DIST / name).read_text().splitlines() if not line.lstrip().startswith('#')]
        assert not [line for line in code if '/var/lib/unbound/' in line and 'old=' not in line], name


def test_a_zone_of_old_in_a_template_of_the_site_becomes_the_new_one():
    machine = Machine()
    text = (machine.folder / 'share/rpz.conf').read_text().replace(str(machine.zone), '/var/lib/unbound/curfew.rpz')
    (machine.folder / 'site/rpz.conf').write_text(text)
    machine.module.unlink()
    config = machine.guard()[1]
    assert f'zonefile: "{machine.zone}"' in config, config


def test_three_crashes_take_the_module_out():
    machine = Machine()
    machine.guard()
    machine.guard('stopped', SERVICE_RESULT='success')
    for result in ('core-dump', 'signal', 'exit-code'):
        assert 'dynlib' in machine.guard()[1]
        machine.guard('stopped', SERVICE_RESULT=result)
    said, config = machine.guard()
    assert 'crashed 3 times' in said and 'rpz:' in config, said
    # What crashes under the zone is not the module's doing, and old crashes are forgiven.
    machine.guard('stopped', SERVICE_RESULT='core-dump')
    crashes = machine.folder / 'state/crashes'
    assert len(crashes.read_text().split()) == 3
    crashes.write_text(f'{int(time.time()) - 601}\n' * 3)
    assert 'dynlib' in machine.guard()[1]


def drop_in(machine, guard):
    """Runs the ExecStartPre= of the unit's drop-in as systemd would, with the paths of this machine."""
    text = (DIST / 'unbound.service.d-curfew.conf').read_text()
    (command,) = re.findall(r"^ExecStartPre=-\+/bin/sh -c '(.*)'$", text, re.M)
    command = command.replace('$$', '$').replace('/usr/libexec/curfew/unbound-guard', str(guard))
    command = command.replace('/etc/unbound/unbound.conf.d', str(machine.folder / 'conf.d')).replace('logger', 'true')
    subprocess.run(['/bin/sh', '-c', command], env=machine.environment(), check=False, stderr=subprocess.DEVNULL)


def test_a_guard_that_is_cut_leaves_nothing_that_was_not_proved():
    machine = Machine()
    whole = (DIST / 'unbound-guard').read_bytes()
    guard = machine.folder / 'guard'
    guard.write_bytes(whole)
    guard.chmod(0o755)
    drop_in(machine, guard)
    assert machine.config.exists()
    for size in (0, len(whole) // 3, len(whole) // 2, len(whole) - 20):
        machine.config.write_text('dynlib:\n  dynlib-file: "/nonexistent"\n')
        guard.write_bytes(whole[:size])
        drop_in(machine, guard)
        assert not machine.config.exists(), size
    machine.config.write_text('x')
    drop_in(machine, machine.folder / 'nowhere')
    assert not machine.config.exists()


def test_the_guard_comes_before_what_reads_the_configuration():
    # Seen under systemd: Debian's helper waited for a curfew.conf that was a pipe until the start timed out.
    text = (DIST / 'unbound.service.d-curfew.conf').read_text()
    steps = re.findall(r'^ExecStartPre=(.*)$', text, re.M)
    assert steps[0] == '' and 'unbound-guard' in steps[1] and all('unbound-helper' in step for step in steps[2:]), steps


def test_configurations_are_accepted_by_unbound():
    machine = Machine()
    machine.guard()
    tool = machine.unbound.parent / 'unbound-checkconf'
    assert subprocess.run([tool, machine.main], check=False, capture_output=True).returncode == 0
    machine.module.unlink()
    machine.guard()
    assert subprocess.run([tool, machine.main], check=False, capture_output=True).returncode == 0


promises.main(globals())

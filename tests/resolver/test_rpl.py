#!/usr/bin/env python3
"""Unbound's own regression scenarios with the module first in module-config."""

import glob
import os
import subprocess
import sys

import promises
from resolver import Missing, environment, scratch_folder

# Scenarios of features of the shared cache that names in the private lane do not have: prefetch, expired
# answers by the worker, RD=0, the TTL as it came. The prototype of this design fails the same ones.
LANE_MAY_FAIL = {'1.17.1': 13, '1.22.0': 32, '1.26.0': 31, '1.26.1': 31}


def run(policy, may_fail):
    source = environment('CURFEW_UNBOUND_SRC')
    if not os.path.exists(os.path.join(source, 'testbound')):
        raise Missing('testbound is not built')
    if not glob.glob(os.path.join(source, 'testdata', '*.rpl')):
        raise Missing('this source tree came without its scenarios')
    folder = scratch_folder('curfew-rpl-')
    text, image = os.path.join(folder, 'policy.txt'), os.path.join(folder, 'curfew.img')
    with open(text, 'w', encoding='ascii') as file:
        file.write(policy)
    subprocess.run([environment('CURFEW_MAKE_IMAGE'), text, image], check=True)
    sample = [] if promises.is_full() else ['--sample', '4']
    done = subprocess.run([sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'run_rpl.py'),
                           '--source', source, '--module', environment('CURFEW_MODULE'),
                           '--carrier', f'curfew-image={image}', '--carrier', 'curfew-log=none',
                           '--may-fail', str(may_fail), *sample], stdout=subprocess.PIPE, check=False)
    print(done.stdout.decode())
    assert done.returncode == 0


def version():
    with open(os.path.join(environment('CURFEW_UNBOUND_SRC'), 'config.h'), encoding='utf-8') as file:
        return next(line.split('"')[1] for line in file if line.startswith('#define PACKAGE_VERSION'))


def test_scenarios_with_nothing_listed():
    run('name never.listed.invalid subtree updates\nphase 4000000000 block updates\n', 0)


def test_scenarios_with_every_name_listed_and_passed():
    run('name . subtree updates\nphase 4000000000 block updates\n', LANE_MAY_FAIL.get(version(), 40))


promises.main(globals())

#!/usr/bin/env python3
"""The systemd unit is well-formed and as exposed as promised, by systemd's own judgement.

  unit_file.py UNIT CURFEW

Also that an instance is an interface whatever characters its name has.

Exits 77 where systemd-analyze is missing or too old to judge a file offline."""
import re
import shutil
import subprocess
import sys
import tempfile
import os

MOST = 2.0


def names_of_interfaces_survive():
    """systemd unescapes br-lan to br/lan; the device unit of the unescaped name is never there."""
    text = open(sys.argv[1], encoding='ascii').read()
    code = [line for line in text.splitlines() if not line.startswith('#')]
    bound = [line for line in code if re.match(r'(BindsTo|Requires|Requisite|After)=.*%', line)]
    said = subprocess.run([sys.argv[2], 'monitor', '-i', 'cf/no/such', '--hits', '-'], capture_output=True, text=True,
                          timeout=60, check=False).stderr
    good = not bound and 'cf-no-such' in said and 'cf/no' not in said
    if not good:
        print('names with a dash:', bound, said)
    return good


def main():
    if not names_of_interfaces_survive():
        return 1
    if shutil.which('systemd-analyze') is None:
        print('skipped: no systemd-analyze')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, os.path.basename(sys.argv[1]).replace('@', '@1'))
        shutil.copy(sys.argv[1], unit)
        done = subprocess.run(['systemd-analyze', 'security', '--offline=true', '--no-pager', unit],
                              capture_output=True, text=True, timeout=60, check=False)
    if 'offline' in done.stderr:
        print('skipped:', done.stderr.strip())
        return 77
    found = re.search(r'Overall exposure level for \S+: ([0-9.]+)', done.stdout)
    complaints = [line for line in done.stderr.splitlines() if 'nknown' in line or 'gnoring' in line]
    if found is None or complaints:
        print(done.stdout[-500:], done.stderr)
        return 1
    print('exposure', found.group(1), 'of at most', MOST)
    return 0 if float(found.group(1)) <= MOST else 1


if __name__ == '__main__':
    sys.exit(main())

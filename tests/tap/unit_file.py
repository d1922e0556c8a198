#!/usr/bin/env python3
"""The systemd unit is well-formed and as exposed as promised, by systemd's own judgement.

  unit_file.py UNIT

Exits 77 where systemd-analyze is missing or too old to judge a file offline."""
import re
import shutil
import subprocess
import sys
import tempfile

MOST = 1.5


def main():
    if shutil.which('systemd-analyze') is None:
        print('skipped: no systemd-analyze')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        unit = shutil.copy(sys.argv[1], folder)
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

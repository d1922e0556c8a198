"""Runs the functions of a test file that state a promise: every function named test_*. Prints one line for
each; exit 77, meson's word for skipped, when what they need is not here."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from resolver import Missing


def main(namespace):
    wanted = sys.argv[1:]
    # So that what was started ends and what was made goes, also at meson's time limit.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    tests = [(name, value) for name, value in namespace.items()
             if name.startswith('test_') and callable(value) and (not wanted or name in wanted)]
    failed = skipped = 0
    for name, function in tests:
        start = time.time()
        try:
            function()
            result = 'ok'
        except Missing as missing:
            skipped += 1
            result = f'SKIPPED: {missing}'
        except Exception:  # noqa: BLE001 - every failure is reported and counted
            failed += 1
            result = 'FAILED'
            traceback.print_exc()
        print(f'{time.time() - start:6.1f} s  {name}: {result}', flush=True)
    print(f'{len(tests) - failed - skipped} passed, {failed} failed, {skipped} skipped')
    if failed:
        sys.exit(1)
    sys.exit(77 if skipped == len(tests) else 0)


def is_full():
    """True in the long campaign (tests/run --full)."""
    return os.environ.get('CURFEW_TEST_FULL', 'no') == 'yes'


def sign_zone(text, zone):
    """Signs a zone with a key made for it: returns (records, trust anchor)."""
    if not shutil.which('dnssec-signzone') or not shutil.which('dnssec-keygen'):
        raise Missing('dnssec-signzone is not installed')
    folder = tempfile.mkdtemp(prefix='curfew-sign-')
    try:
        def tool(*words):
            return subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE).stdout.decode().strip()
        key = tool('dnssec-keygen', '-q', '-a', 'ECDSAP256SHA256', '-f', 'KSK', zone)
        path = os.path.join(folder, 'zone')
        with open(os.path.join(folder, key + '.key'), encoding='ascii') as file:
            anchor = [line for line in file if not line.startswith(';')][0].strip()
        with open(path, 'w', encoding='ascii') as file:
            file.write(text + anchor + '\n')
        tool('dnssec-signzone', '-z', '-O', 'full', '-o', zone, '-f', 'signed', '-k', key, 'zone')
        tool('named-compilezone', '-s', 'full', '-o', 'flat', zone, 'signed')
        with open(os.path.join(folder, 'flat'), encoding='ascii') as file:
            return file.read(), anchor
    finally:
        shutil.rmtree(folder)

#!/usr/bin/env python3
"""The decoder against real captures with expected names, where they are at hand.

  corpus.py CURFEW CORPUS names    every required name found, none invented (thresholds below)
  corpus.py CURFEW CORPUS robust   malformed captures: under a second, under 64 MB, no crash

CORPUS holds pcap/, expected/ and robust/. Without it the test is skipped (exit 77): the captures
belong to other projects and are not part of this one. CURFEW_CORPUS overrides the place.
"""
import ipaddress
import os
import resource
import subprocess
import sys
from collections import defaultdict

LEAST = 0.99            # recall and precision of each kind
NATURAL_COMPLETE = 0.98 # captures with all their names
KINDS = ('dns', 'tls', 'quic', 'http')


def address(text):
    try:
        parsed = ipaddress.ip_address(text.split('%')[0])
    except ValueError:
        return text
    mapped = getattr(parsed, 'ipv4_mapped', None)
    return str(mapped or parsed)


def clean(name):
    name = name.strip().lower()
    if name.startswith('[') and ']' in name:
        name = name[1:name.index(']')]
    elif name.count(':') == 1:
        name = name.split(':')[0]
    return name.rstrip('.')


def row(columns):
    client, server, port, kind, name = columns[:5]
    return address(client), address(server), port.strip(), kind, clean(name)


def expected_rows(path):
    required, neutral = set(), set()
    with open(path, encoding='utf-8', errors='surrogateescape') as lines:
        for line in lines:
            if not line.strip() or line.startswith('#'):
                continue
            columns = line.rstrip('\r\n').split('\t') + [''] * 7
            if columns[3] in KINDS:
                (neutral if columns[5] == 'opt' else required if columns[5] in ('', 'req')
                 else set()).add(row(columns))
    return required, neutral - required


def found_rows(curfew, capture):
    done = subprocess.run([curfew, 'monitor', '-q', '-r', capture, '--names'],
                          capture_output=True, timeout=60, check=False)
    if done.returncode not in (0, 4):
        sys.exit(f'{capture}: exit {done.returncode}: {done.stderr.decode()}')
    text = done.stdout.decode('utf-8', 'surrogateescape')
    return {row(line.split('\t')) for line in text.splitlines()}


def names(curfew, corpus):
    total = defaultdict(lambda: [0, 0, 0])
    complete = defaultdict(lambda: [0, 0])
    for entry in sorted(os.listdir(os.path.join(corpus, 'pcap'))):
        expected = os.path.join(corpus, 'expected', entry + '.tsv')
        if not os.path.exists(expected):
            continue
        required, neutral = expected_rows(expected)
        found = found_rows(curfew, os.path.join(corpus, 'pcap', entry))
        for missed in sorted(required - found):
            print('missed', entry, *missed)
        for wrong in sorted(found - required - neutral):
            print('false', entry, *wrong)
            total[wrong[3]][2] += 1
        for wanted in required:
            total[wanted[3]][0] += 1
            total[wanted[3]][1] += wanted in found
        if required:
            make = 'derived' if entry.startswith(('derived_', 'vendor_')) else 'natural'
            complete[make][0] += 1
            complete[make][1] += required <= found
    good = True
    for kind in KINDS:
        wanted, hit, false = total[kind]
        print(f'{kind}: {hit} of {wanted} found, {false} false')
        good &= wanted > 0 and hit >= LEAST * wanted and hit >= LEAST * (hit + false)
    for make, least in (('natural', NATURAL_COMPLETE), ('derived', 1.0)):
        captures, whole = complete[make]
        print(f'{make}: {whole} of {captures} captures complete')
        good &= captures > 0 and whole >= least * captures
    return good


def cpu_s():
    """What the children have used so far; a busy machine does not make it longer."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def robust(curfew, corpus):
    good = True
    for entry in sorted(os.listdir(os.path.join(corpus, 'robust'))):
        began = cpu_s()
        done = subprocess.run(
            [curfew, 'monitor', '-q', '-r', os.path.join(corpus, 'robust', entry), '--names'],
            capture_output=True, timeout=200, check=False)
        took = cpu_s() - began
        # A sanitizer's own exit code or a signal is no answer of ours.
        if done.returncode not in (0, 4) or took > 1:
            print(f'{entry}: exit {done.returncode} after {took:.2f} s of CPU: {done.stderr.decode()}')
            good = False
    peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f'largest process: {peak_kib} KiB')
    sanitized = os.environ.get('CURFEW_SANITIZED') == 'yes'
    return good and (sanitized or peak_kib < 64 * 1024)


def main():
    curfew, corpus, what = sys.argv[1:4]
    corpus = os.environ.get('CURFEW_CORPUS', corpus)
    if not os.path.isdir(os.path.join(corpus, 'pcap')):
        print(f'skipped: no captures in {corpus}')
        sys.exit(77)
    sys.exit(0 if {'names': names, 'robust': robust}[what](curfew, corpus) else 1)


main()

#!/usr/bin/env python3
"""Every vendor verdict of the corpus is found, none is found elsewhere, the real update run of 2018 is
caught by each kind of evidence alone, and hosts are called by the names they give themselves.

  vendor_corpus.py CURFEW LISTS CORPUS

Exits 77 (skipped) when the corpus is not there. The corpus lies beside the project and is not part of it."""
import json
import os
import subprocess
import sys
import tempfile

REAL = 'detect-kaspersky__tests_Traces_detect-kaspersky.pcap'
# what vendor.tsv calls a reason, and the kinds of evidence that give it
KINDS = {
    'dns': {'qname'},
    'tls': {'sni'},
    'http': {'http_host'},
    'prefix': {'dest_ip'},
    'cert': {'cert_issuer'},
    'content': {'http_uri', 'user_agent', 'body_magic', 'http_host_literal', 'shared_ip'},
}
ALONE = ['shared_ip', 'http_uri', 'user_agent', 'http_host_literal', 'body_magic']


def run(curfew, image, capture, *options):
    out = subprocess.run([curfew, 'monitor', '--image', image, '--fold', '0', '--hits', '-', *options, '-r', capture],
                         capture_output=True, timeout=60, check=False).stdout
    return [json.loads(line) for line in out.splitlines()]


def hits(*arguments):
    return [r for r in run(*arguments) if 'match' in r]


def host_names(corpus):
    """Of each capture, (MAC, name) that must be found."""
    names = {}
    with open(os.path.join(corpus, 'expected', 'hosts.tsv'), encoding='utf-8') as file:
        for line in file:
            fields = line.rstrip('\n').split('\t')
            if not line.startswith('#') and len(fields) >= 6 and fields[5] == 'req':
                names.setdefault(fields[0], set()).add((fields[1].lower(), fields[3].lower()))
    return names


def expected(corpus):
    rows = {}
    with open(os.path.join(corpus, 'vendor.tsv'), encoding='utf-8') as file:
        for line in file:
            if line.startswith('#'):
                continue
            capture, client, server, port, why, name = line.rstrip('\n').split('\t')[:6]
            rows.setdefault(capture, []).append((client, server, int(port), why, name))
    return rows


def found(row, records):
    client, server, port, why, name = row
    for r in records:
        if (r.get('src_ip'), r.get('dest_ip'), r.get('dest_port', 0)) != (client, server, port):
            continue
        if r['match']['via'] not in KINDS[why]:
            continue
        if why in ('dns', 'tls', 'http') and r['match'].get('value') != name:
            continue
        return True
    return False


def main():
    curfew, lists, corpus = sys.argv[1:4]
    if not os.path.isfile(os.path.join(corpus, 'vendor.tsv')):
        print('skipped: no corpus at', corpus)
        return 77
    failures = []
    rows, names = expected(corpus), host_names(corpus)
    with tempfile.TemporaryDirectory() as tmp:
        image = os.path.join(tmp, 'curfew.img')
        policy = os.path.join(tmp, 'curfew.yaml')
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
        subprocess.run([curfew, 'apply', '--yes', '--policy', policy, '--lists', lists, '--image', image],
                       check=True, stdout=subprocess.DEVNULL)
        captures = sorted(os.listdir(os.path.join(corpus, 'pcap')))
        for capture in captures:
            everything = run(curfew, image, os.path.join(corpus, 'pcap', capture))
            records = [r for r in everything if 'match' in r]
            called = {(r.get('src_mac', ''), r['identity'].get('name', '').lower())
                      for r in everything if r['event_type'] == 'identity'}
            for name in sorted(names.get(capture, set()) - called):
                failures.append('host not named: %s %s' % (capture, name))
            for row in rows.get(capture, []):
                if not found(row, records):
                    failures.append('not found: %s %s' % (capture, row))
            if capture not in rows:
                for r in records:
                    failures.append('false verdict: %s %s %s %s' % (
                        capture, r['match']['via'], r.get('src_ip'), r['match'].get('value')))
        for kind in ALONE:
            if not hits(curfew, image, os.path.join(corpus, 'pcap', REAL), '--evidence', kind):
                failures.append('the real update run is not caught by %s alone' % kind)
        again = [hits(curfew, image, os.path.join(corpus, 'pcap', REAL)) for _ in range(2)]
        if again[0] != again[1]:
            failures.append('the same file gave different records')
    print('%d captures, %d verdicts and %d host names expected, %d failures' % (
        len(captures), sum(len(r) for r in rows.values()), sum(len(n) for n in names.values()), len(failures)))
    for failure in failures[:100]:
        print(failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())

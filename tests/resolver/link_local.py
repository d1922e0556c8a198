#!/usr/bin/env python3
"""Run by test_hits.py in a network namespace of its own: one link-local address asks on two links."""

import os
import signal
import socket
import subprocess
import sys
import time

from authority import Authority
from dnswire import Reply, query
from resolver import DEFAULT_POLICY, Resolver
from zones import TEXT, ZONES

SCRIPT = os.path.abspath(__file__)


def ip(*words):
    subprocess.run(['ip', *words], check=True)


def ask(link, port):
    """In the client's namespace: fe80::c asks fe80::1 over the link."""
    index = socket.if_nametoindex(link)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
        s.bind(('fe80::c', 0, 0, index))
        s.settimeout(10)
        s.sendto(query('www.listed.test.'), ('fe80::1', port, 0, index))
        assert Reply(s.recv(4096)).rcode == 'NXDOMAIN'


def main():
    ip('link', 'set', 'lo', 'up')
    client = subprocess.Popen(['unshare', '-n', 'sleep', '300'])
    try:
        time.sleep(0.5)
        enter = ['nsenter', '-t', str(client.pid), '-n']
        for n in (1, 2):
            ip('link', 'add', f'left{n}', 'type', 'veth', 'peer', 'name', f'right{n}')
            ip('link', 'set', f'right{n}', 'netns', str(client.pid))
            for prefix, name, address in (([], f'left{n}', 'fe80::1'), (enter, f'right{n}', 'fe80::c')):
                for words in (['link', 'set', name, 'addrgenmode', 'none'], ['link', 'set', name, 'up'],
                              ['addr', 'add', f'{address}/64', 'dev', name, 'nodad']):
                    subprocess.run([*prefix, 'ip', *words], check=True)
        r = Resolver(Authority(TEXT), ZONES, DEFAULT_POLICY + 'name listed.test subtree updates\n',
                     lines=['curfew-alive=1'])
        r.config = r.config.replace('do-ip6: no', 'do-ip6: yes\n  prefer-ip4: yes').replace(
            'server:\n', f'server:\n  interface: fe80::1%left1@{r.port}\n  interface: fe80::1%left2@{r.port}\n'
            '  access-control: fe80::/10 allow\n', 1).replace('curfew-fold=0', 'curfew-fold=3600')
        with r:
            for _ in range(3):
                for n in (1, 2):
                    subprocess.run([*enter, sys.executable, SCRIPT, f'right{n}', str(r.port)], check=True)
            time.sleep(2.5)
            r.stop()
            hits = r.hits(src_ip='fe80::c')
            for link in ('left1', 'left2'):
                counts = [hit['count'] for hit in hits if hit.get('src_zone') == link]
                assert counts == [1, 2], (link, hits)
            clients = set(' '.join(line['clients'] for line in r.lines('alive')).split())
            assert {'fe80::c%left1', 'fe80::c%left2'} <= clients, clients
            r.start()
    finally:
        client.send_signal(signal.SIGTERM)
        client.wait()


if __name__ == '__main__':
    if len(sys.argv) == 3:
        ask(sys.argv[1], int(sys.argv[2]))
    else:
        main()

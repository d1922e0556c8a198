#!/usr/bin/env python3
"""A blocked and an exempt client at the same time, two threads, TTL 2 s, listed, chained and clean names,
with reloads and image swaps every second: not one wrong answer."""

import os
import random
import selectors
import socket
import threading
import time

import promises
from authority import Authority
from dnswire import Reply, query
from resolver import BLOCKED, DEFAULT_POLICY, EXEMPT, Resolver

NAMES = 30
QUERIES = int(os.environ.get('CURFEW_STRESS_QUERIES', '0')) or (100000 if promises.is_full() else 20000)
SECONDS = int(os.environ.get('CURFEW_STRESS_SECONDS', '0')) or (25 if promises.is_full() else 14)
# Between two disturbances; under valgrind one reload alone takes longer than a second.
PAUSE_S = float(os.environ.get('CURFEW_STRESS_PAUSE', '1'))
ZONES = ['test.', 'other.']


def zone_text():
    lines = ['test. 3600 SOA ns.test. h.test. 1 2 3 4 2', 'test. 3600 NS ns.test.', 'ns.test. 3600 A 127.0.0.1',
             'other. 3600 SOA ns.other. h.other. 1 2 3 4 2', 'other. 3600 NS ns.other.',
             'ns.other. 3600 A 127.0.0.1']
    for n in range(NAMES):
        lines += [f'h{n}.listed.test. 2 A 192.0.2.{n + 1}', f'h{n}.listed.test. 2 HTTPS 1 . alpn=h2',
                  f'c{n}.test. 2 CNAME h{n}.listed.test.', f'f{n}.other. 2 CNAME h{n}.listed.test.',
                  f'ok{n}.test. 2 A 198.51.100.{n + 1}', f'a{n}.other. 2 A 203.0.113.{n + 1}']
    return '\n'.join(lines)


POLICY = DEFAULT_POLICY + '''addresses yes
name listed.test subtree updates
net 203.0.113.0/24 dedicated updates
'''


class Client:
    """Keeps some questions in flight from one address and judges every answer."""

    def __init__(self, address, port, count, is_blocked):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.bind((address, 0))
        self.socket.connect(('127.0.0.1', port))
        self.left, self.is_blocked, self.waiting = count, is_blocked, {}
        self.answered = self.lost = self.servfail = self.truncated = 0
        self.wrong = []

    def send(self):
        kind = random.choice(['listed', 'listed', 'chain', 'chain', 'address', 'clean', 'clean'])
        n = random.randrange(NAMES)
        name = {'listed': f'h{n}.listed.test.', 'clean': f'ok{n}.test.', 'address': f'a{n}.other.',
                'chain': random.choice([f'c{n}.test.', f'f{n}.other.'])}[kind]
        rrtype = random.choice(['A', 'A', 'A', 'HTTPS']) if kind == 'listed' else 'A'
        ident = random.randrange(65536)
        while ident in self.waiting:
            ident = random.randrange(65536)
        self.waiting[ident] = (kind, name, rrtype, time.time())
        self.left -= 1
        try:
            self.socket.send(query(name, rrtype, ident, edns=random.choice([None, 1232]),
                                   cd=random.random() < 0.2))
        except OSError:
            pass  # while Unbound reloads nobody listens

    def receive(self):
        try:
            reply = Reply(self.socket.recv(65536))
        except OSError:
            return
        asked = self.waiting.pop(reply.id, None)
        if asked is None:
            return
        self.answered += 1
        kind, name = asked[:2]
        if reply.rcode == 'SERVFAIL':
            self.servfail += 1  # a reload; not an answer, neither real nor a block
        elif reply.tc:
            self.truncated += 1
        elif self.is_blocked and kind != 'clean':
            if reply.rcode != 'NXDOMAIN' or reply.answer:
                self.wrong.append((name, reply))
        elif reply.rcode != 'NOERROR' or not reply.answer:
            self.wrong.append((name, reply))

    def expire(self):
        now = time.time()
        for ident, asked in list(self.waiting.items()):
            if now - asked[3] > 3:
                del self.waiting[ident]
                self.lost += 1


def drive(clients, in_flight=12):
    """Spreads the questions over SECONDS."""
    selector, start, total = selectors.DefaultSelector(), time.time(), clients[0].left
    for client in clients:
        client.socket.setblocking(False)
        selector.register(client.socket, selectors.EVENT_READ, client)
    while any(client.left >= 1 or client.waiting for client in clients):
        due = total - total * min(1.0, (time.time() - start) / SECONDS)
        for client in clients:
            while client.left > due and len(client.waiting) < in_flight:
                client.send()
            client.expire()
        for key, _ in selector.select(0.005):
            key.data.receive()


def disturb(r, stop, seen):
    """Every second a new image and a reload."""
    commands = ['reload', 'reload_keep_cache']
    if 'fast_reload' in r.control('-h'):
        commands.append('fast_reload')
    turn = 0
    while not stop.wait(PAUSE_S):
        turn += 1
        r.set_policy(POLICY + f'name x{turn}.invalid exact updates\n')
        seen['images'] += 1
        r.control(commands[turn % len(commands)])
        seen['reloads'] += 1


def test_two_clients_with_reloads_and_image_swaps():
    random.seed(1)
    with Resolver(Authority(zone_text()), ZONES, POLICY, threads=2,
                  server='  prefetch: yes\n  serve-expired: yes\n  serve-expired-ttl: 10\n') as r:
        clients = [Client(BLOCKED, r.port, QUERIES // 2, True), Client(EXEMPT, r.port, QUERIES // 2, False)]
        stop, seen = threading.Event(), {'images': 0, 'reloads': 0}
        thread = threading.Thread(target=disturb, args=(r, stop, seen))
        thread.start()
        start = time.time()
        drive(clients)
        stop.set()
        thread.join()
        for client in clients:
            print(f'  {"blocked" if client.is_blocked else "exempt"}: {client.answered} answered, '
                  f'{client.lost} lost, {client.servfail} SERVFAIL, {client.truncated} truncated, '
                  f'{len(client.wrong)} wrong')
        print(f'  {seen["images"]} image swaps, {seen["reloads"]} reloads in {time.time() - start:.1f} s')
        assert not clients[0].wrong and not clients[1].wrong, (clients[0].wrong[:3], clients[1].wrong[:3])
        assert sum(client.answered for client in clients) > QUERIES * 0.9
        assert sum(client.truncated for client in clients) == 0


promises.main(globals())

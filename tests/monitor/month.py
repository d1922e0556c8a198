#!/usr/bin/env python3
"""Three hundred hosts and twenty days as packets, with ten minutes that nobody saw, through the commands of the README:
who, through what, since when, how watched - all as it was.

  month.py CURFEW LISTS      CF_MONTH_HOSTS=N, CF_MONTH_SEED=N for another one"""
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402

CURFEW, LISTS = (os.path.abspath(a) for a in sys.argv[1:3])
HOSTS, SEED = (int(os.environ.get(k, d)) for k, d in (('CF_MONTH_HOSTS', '300'), ('CF_MONTH_SEED', '1')))
DAY, DAYS = 86400, 20
START = 1731196800.0  # 2024-11-10
GAP = (START + 14 * DAY + 20 * 3600 + 600, START + 14 * DAY + 20 * 3600 + 1200)  # 24 November, 20:10 to 20:20
UPDATES, WEB, VENDOR = 'dnl-03.geo.kaspersky.com', 'www.kaspersky.com', '77.74.178.9'
CLEAN, DEPENDENT, MIGRATED, VISITOR, BYPASSING, FORWARDING, SILENT, RELAYED, EXCEPTED, FLAGGED = range(10)
random.seed(SEED)


class Host:
    def __init__(self, number):
        self.number, self.vlan = number, 10 * (1 + number % 3)
        self.addr = f'10.{self.vlan}.{number // 100}.{number % 100 + 10}'
        self.resolver = f'10.{self.vlan}.250.53'
        self.mac = bytes([0, 0x1b, 0x21, 0, number >> 8, number & 255])
        self.role = {0: DEPENDENT, 1: MIGRATED, 2: VISITOR, 3: BYPASSING, 4: FORWARDING, 5: SILENT}.get(number % 10, CLEAN)
        self.role = {7: RELAYED, 8: EXCEPTED, 9: FLAGGED}.get(number % 60, self.role)
        self.from_s, self.to_s = 0, DAYS * DAY - 60
        self.hits, self.blocked, self.answered, self.escapes, self.excepted, self.visits = 0, 0, 0, 0, 0, 0
        self.first = self.last = None

    def text(self):
        return ':'.join('%02x' % b for b in self.mac)

    def hit(self, at):
        self.first, self.last = self.first or at, at


class Month:
    """Events by their second, each a function of the capture."""
    def __init__(self):
        self.events = []
        self.relay = Host(1000)
        self.relay.addr = '10.10.240.1'
        self.hosts = [Host(i) for i in range(HOSTS)]
        self.next_port = 20000

    def at(self, second, what):
        if not GAP[0] <= START + second <= GAP[1]:
            self.events.append((second, len(self.events), what))

    def ask(self, c, host, server, name, **more):
        c.seq += 1
        ident, sport = c.seq & 0xffff, 20000 + c.seq % 40000
        c.udp(host.addr, sport, server, 53, packets.dns(ident, name), host.vlan)
        more = {'rcode': 0, 'answers': (), 'ede': None, **more}
        c.udp(server, 53, host.addr, sport,
              packets.dns(ident, name, 1, True, more['rcode'], more['answers'], True, more['ede']), host.vlan)

    def live(self, host):
        """Alive four times a day: ARP, and something that is nobody's business."""
        def alive(c):
            c.add(packets.ether(host.mac, b'\xff' * 6, packets.arp(host.mac, host.addr)[14:], host.vlan, 0x0806))
            self.ask(c, host, host.resolver, 'www.example.org', answers=[('www.example.org', 1, 60, '203.0.113.1')])

        for second in range(host.from_s + random.randrange(600), host.to_s, 6 * 3600):
            self.at(second, alive)

    def depend(self, host, last_day):
        def blocked(c):
            host.hits, host.blocked = host.hits + 1, host.blocked + 1
            host.hit(c.now)
            self.ask(c, host, host.resolver, UPDATES, rcode=3, ede=15)

        for day in range(host.from_s // DAY + 1, last_day):
            self.at(day * DAY + random.randrange(300, 80000), blocked)

    def do(self, host):
        self.live(host)
        if host.role == DEPENDENT:
            self.depend(host, DAYS)
        elif host.role == MIGRATED:
            self.depend(host, 10)
        elif host.role == VISITOR:
            def visit(c):
                host.visits += 1
                self.ask(c, host, host.resolver, WEB, answers=[(WEB, 1, 60, '203.0.113.9')])
            self.at(12 * DAY + random.randrange(70000), visit)
        elif host.role == BYPASSING:
            def bypass(c):
                self.ask(c, host, host.resolver, UPDATES, rcode=3, ede=15)
                host.hit(c.now)
                c.wait(1)
                self.ask(c, host, '8.8.8.8', UPDATES, answers=[(UPDATES, 1, 60, '198.51.100.77')])
                host.hits, host.blocked, host.answered, host.escapes = (
                    host.hits + 2, host.blocked + 1, host.answered + 1, host.escapes + 1)
                host.hit(c.now)
            self.at(13 * DAY + random.randrange(70000), bypass)
        elif host.role == FORWARDING:
            def forward(c):
                for ttl in (63, 127, 2, 3, 4):
                    inner = packets.tcp(40000, 443, 1, 1, 16, b'x')
                    c.add(packets.ether(host.mac, c.router, packets.ip(host.addr, '203.0.113.7', 6, inner, ttl), host.vlan))
            for day in range(DAYS):
                self.at(day * DAY + random.randrange(80000), forward)
        elif host.role == EXCEPTED:
            def excepted(c):
                host.excepted += 1
                host.hit(c.now)
                self.ask(c, host, host.resolver, UPDATES, answers=[(UPDATES, 1, 60, '198.51.100.77')])
            self.at(18 * DAY + random.randrange(70000), excepted)
        elif host.role == FLAGGED:
            def connect(c):
                host.hits, host.answered = host.hits + 1, host.answered + 1
                host.hit(c.now)
                for args in self.connection(host, VENDOR, 443, b'x' * 50, b'z' * 900):
                    c.tcp(*args, vlan=host.vlan)
                host.last = c.now
            self.at(18 * DAY + random.randrange(70000), connect)
        elif host.role == RELAYED:
            def agent(c):
                for port in (13000, 13111):
                    for args in self.connection(host, self.relay.addr, port, b'x' * 20, b'y' * 20):
                        c.tcp(*args, vlan=host.vlan)
            for day in range(15, DAYS):
                self.at(day * DAY + random.randrange(70000), agent)

    def connection(self, host, server, port, request, response):
        self.next_port = self.next_port % 40000 + 20000
        a, b = (host.addr, self.next_port, server, port), (server, port, host.addr, self.next_port)
        return [(*a, 2, b'', 100), (*b, 18, b'', 500, 101), (*a, 16, b'', 101, 501), (*a, 24, request, 101, 501),
                (*b, 24, response, 501, 101 + len(request)), (*a, 17, b'', 101 + len(request), 501 + len(response)),
                (*b, 17, b'', 501 + len(response), 102 + len(request))]

    def dhcp(self):
        """One asks each day for what another has, and is refused; one leaves, and a newcomer has its address."""
        owner, asker = self.hosts[16], self.hosts[46]
        leaver, newcomer = self.hosts[26], Host(2000)
        newcomer.addr, newcomer.vlan, newcomer.role = leaver.addr, leaver.vlan, DEPENDENT
        newcomer.resolver, newcomer.from_s = leaver.resolver, 10 * DAY + 3600
        leaver.to_s, leaver.role = 10 * DAY, SILENT
        self.hosts.append(newcomer)

        def refused(c):
            c.add(packets.ether(asker.mac, b'\xff' * 6, packets.ip('0.0.0.0', '255.255.255.255', 17, packets.udp(
                68, 67, packets.dhcp(1, asker.mac, 3, options=bytes([50, 4]) + bytes(map(int, owner.addr.split('.')))))),
                asker.vlan))
            c.udp(owner.resolver, 67, '255.255.255.255', 68, packets.dhcp(2, asker.mac, 6), asker.vlan)

        def leave(c):
            c.udp(leaver.addr, 68, leaver.resolver, 67, packets.dhcp(1, leaver.mac, 7, kept=leaver.addr), leaver.vlan)

        def grant(c):
            c.udp(newcomer.resolver, 67, newcomer.addr, 68, packets.dhcp(2, newcomer.mac, 5, newcomer.addr, 'newcomer'),
                  newcomer.vlan)
        for day in range(DAYS):
            self.at(day * DAY + 40000, refused)
        self.at(leaver.to_s + 60, leave)
        self.at(newcomer.from_s, grant)

    def capture(self):
        self.dhcp()
        for host in self.hosts:
            self.do(host)
        c = packets.Capture(START)
        for host in self.hosts + [self.relay]:
            c.macs[host.addr] = host.mac
        for second in range(0, DAYS * DAY, 30):  # the link is never quiet
            self.at(second, lambda c: c.tcp('10.10.250.53', 22, '10.10.250.54', 40000, 16, vlan=10))
        # Once a clock said 2099.
        self.at(5 * DAY, lambda c: c.frames.append((4070908800.0, packets.ether(
            self.hosts[0].mac, c.router, packets.ip(self.hosts[0].addr, '203.0.113.7', 17, packets.udp(9, 9, b'x')), 10))))
        for second, _, what in sorted(self.events, key=lambda e: e[:2]):
            c.now = max(c.now, START + second)
            what(c)
        return c


def run(*command):
    done = subprocess.run([CURFEW, *command], capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, (command, done.returncode, done.stderr)
    return done.stdout


def expected(host):
    """State by what it did; with the gap nobody was watched throughout."""
    return {CLEAN: 'unknown', FORWARDING: 'unknown', SILENT: 'unknown', DEPENDENT: 'dependent', MIGRATED: 'dependent',
            VISITOR: 'visited', BYPASSING: 'bypassing', RELAYED: 'dependent', EXCEPTED: 'excepted',
            FLAGGED: 'dependent'}[host.role]


def main():
    month = Month()
    for host in month.hosts:
        if host.role == SILENT:
            host.to_s = 8 * DAY
    capture = month.capture()
    with tempfile.TemporaryDirectory() as top:
        image, pcap, log, ledger, policy = (os.path.join(top, n) for n in ('c.img', 'c.pcap', 'hits.jsonl', 'l.db', 'c.yaml'))
        excepted = [h.addr for h in month.hosts if h.role == EXCEPTED]
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\nexceptions:\n  - clients: [%s]\n    categories: [updates]\n'
                       '    verdict: pass\n    reason: lab\n    owner: jdoe\n    until: 2025-01-01T00:00:00Z\n' % ', '.join(excepted))
        run('apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', image)
        capture.write(pcap)
        run('monitor', '--image', image, '--hits', log, '-r', pcap)
        run('ledger', 'ingest', '-q', '-l', ledger, log)
        report = json.loads(run('report', '--json', '-l', ledger, '--image', image))
        page = run('report', '--html', '-l', ledger)
        wrong = compare(month, report)
    # The three resolvers are hosts as well; minutes are as fine as heartbeats.
    but = 3 + sum(h.role in (CLEAN, FORWARDING) for h in month.hosts)
    said = report.get('dearest_gap', '')
    if not re.match(rf'{but} clean but for 1[01] min from 2024-11-24 20:(09|10) to 2024-11-24 20:2[01] ', said):
        wrong.append(f'of {but} hosts that are clean but for ten minutes it says: {said}')
    if said not in page:
        wrong.append('the page does not say so')
    for one in wrong[:20]:
        print(one)
    print(len(capture.frames), 'packets,', len(month.hosts), 'hosts,', len(wrong), 'differences')
    return len(wrong) > 0


def compare(month, report):
    rows, wrong = {row['mac']: row for row in report['tables']['hosts'] if row['mac']}, []
    gap = [packets_instant(GAP[0] - s)[:16] for s in (0, 60)]
    for host in month.hosts:
        row = rows.pop(host.text(), None)
        if row is None:
            wrong.append((host.text(), 'is missing'))
            continue
        depends = host.role == RELAYED
        got = {k: row[k] for k in ('state', 'blocked', 'answered', 'escapes', 'excepted_hits', 'visits', 'refused', 'observed')}
        want = {'state': expected(host), 'blocked': host.blocked, 'answered': host.answered, 'escapes': host.escapes,
                'excepted_hits': host.excepted, 'visits': host.visits, 'refused': 0,
                'observed': row['observed'] if depends else 0}
        if depends:
            got['through'], want['through'] = row['through'], row['through']
            if month.relay.addr not in str(row['through']) and month.relay.text() not in str(row['through']):
                wrong.append((host.text(), 'depends through', row['through']))
        else:
            got['hits'], want['hits'] = row['hits'], host.hits
        if host.first is not None:
            got['first'], want['first'] = row['first_hit'][:16], packets_instant(host.first)[:16]
            got['last'], want['last'] = row['last_hit'][:16], packets_instant(host.last)[:16]
        if host.role in (CLEAN, FORWARDING) and not (
                row['clean_but_from'] and row['clean_but_from'][:16] in gap):
            wrong.append((host.text(), 'clean but from', row['clean_but_from'], row['why']))
        if got != want:
            wrong.append((host.text(), host.role, {k: (got[k], want[k]) for k in got if got[k] != want[k]}, row['why']))
    known = {month.relay.text()}
    wrong += [(mac, 'is nobody we made', row['host'], row['state']) for mac, row in rows.items()
              if not mac.startswith('02:') and mac not in known]
    return wrong


def packets_instant(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


if __name__ == '__main__':
    sys.exit(main())

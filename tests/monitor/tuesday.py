#!/usr/bin/env python3
"""What happens in ordinary networks on an ordinary day, each as packets through the commands of the README: the report
names the machine that asked, and no other.

  tuesday.py CURFEW LISTS"""
import ipaddress
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import packets  # noqa: E402

CURFEW, LISTS = (os.path.abspath(a) for a in sys.argv[1:3])
LISTED, OTHER, RESOLVER, SERVER = 'dnl-03.geo.kaspersky.com', 'www.example.org', '10.0.0.53', '10.0.0.2'


def mac(number):
    return bytes([0, 0x1b, 0x21, 0, 0, number])


def text(address):
    return ':'.join('%02x' % b for b in address)


class Day(packets.Capture):
    def __init__(self):
        super().__init__(1731196800.0)
        self.macs[RESOLVER], self.macs[SERVER] = mac(1), mac(2)

    def frame(self, source, target, packet, vlan=None):
        self.add(packets.ether(source, target, packet, vlan))

    def ask(self, source, addr, name=LISTED, ttl=64, vlan=None):  # pylint: disable=arguments-differ
        """A look-up that the site's resolver refuses, or one that is nobody's business."""
        self.seq += 1
        listed, port = name == LISTED, 20000 + self.seq
        answers = () if listed else [(name, 1, 60, '203.0.113.1')]
        self.frame(source, mac(1), packets.ip(addr, RESOLVER, 17, packets.udp(port, 53, packets.dns(self.seq, name)), ttl), vlan)
        answer = packets.dns(self.seq, name, 1, True, 3 if listed else 0, answers, True, 15 if listed else None)
        self.frame(mac(1), source, packets.ip(RESOLVER, addr, 17, packets.udp(53, port, answer)), vlan)

    def arp(self, source, addr, vlan=None):
        self.add(packets.ether(source, b'\xff' * 6, packets.arp(source, addr)[14:], vlan, 0x0806))

    def granted(self, client, addr, name=None, vlan=None, kind=5):
        self.frame(mac(2), b'\xff' * 6, packets.ip(SERVER, '255.255.255.255', 17, packets.udp(
            67, 68, packets.dhcp(2, client, kind, addr, name))), vlan)

    def later(self, seconds=1500):
        """The link is never quiet meanwhile."""
        until = self.now + seconds
        while self.now < until:
            self.now += 20
            self.frame(mac(1), mac(2), packets.ip(RESOLVER, SERVER, 6, packets.tcp(22, 4000, 1, 1, 16)))


def a_relay_forwards_dhcp(day):
    """The server's answer goes to the relay (giaddr), the packets come through the router."""
    client, router = mac(20), mac(9)
    answer = bytearray(packets.dhcp(2, client, 5, '10.9.0.50', 'branch-pc'))
    answer[24:28] = ipaddress.ip_address('10.9.0.1').packed
    day.frame(mac(2), router, packets.ip(SERVER, '10.9.0.1', 17, packets.udp(67, 67, bytes(answer))))
    for _ in range(3):
        day.later()
        day.ask(router, '10.9.0.50', ttl=63)
    return {(text(client), '10.9.0.50', 'branch-pc'): 3}


def a_virtual_machine_was_cloned(day):
    """With its MAC: two machines, and the one that asks is to be found."""
    for _ in range(4):
        for addr, name in (('10.0.0.60', LISTED), ('10.0.0.61', OTHER)):
            day.arp(mac(21), addr)
            day.ask(mac(21), addr, name)
            day.later(700)
    return {(text(mac(21)), '10.0.0.60', ''): 4}


def a_router_was_replaced(day):
    for turn in range(8):
        for number in range(20):
            day.ask(mac(22 + turn // 4), f'10.8.0.{number + 10}', LISTED if number == 3 else OTHER, ttl=63)
        day.later()
    return {('', '10.8.0.13', ''): 8}


def a_host_was_renamed(day):
    for turn in range(4):
        day.granted(mac(24), '10.0.0.70', 'old-name' if turn < 2 else 'new-name')
        day.ask(mac(24), '10.0.0.70')
        day.later()
    return {(text(mac(24)), '10.0.0.70', 'new-name'): 4}


def a_router_answers_arp_for_others(day):
    for _ in range(4):
        for last in (90, 91, 92):
            day.arp(mac(25), f'10.0.0.{last}')
            day.ask(mac(25), f'10.0.0.{last}', LISTED if last == 91 else OTHER, ttl=63)
        day.later()
    return {(text(mac(25)), '10.0.0.91', ''): 4}


def a_server_has_a_second_address(day):
    for _ in range(4):
        for addr in ('10.0.0.95', '10.0.0.96'):
            day.arp(mac(26), addr)
        day.ask(mac(26), '10.0.0.96')
        day.later()
    return {(text(mac(26)), '10.0.0.96', ''): 4}


def a_phone_makes_up_its_mac(day):
    """Four in a day: nobody can tell that it is one, and each is said to have asked once."""
    expected = {}
    for turn in range(4):
        made_up, addr = bytes([2, 0, 0, 0, turn, 7]), f'10.0.0.{100 + turn}'
        day.granted(made_up, addr, 'Pixel-7')
        day.ask(made_up, addr)
        day.later()
        expected[(text(made_up), addr, 'Pixel-7')] = 1
    return expected


def a_laptop_moves_to_another_vlan(day):
    """It asks for its old address, is refused and gets another; the old one goes to somebody else."""
    laptop, other = mac(27), mac(28)
    day.granted(laptop, '10.1.0.50', 'laptop', 10)
    day.ask(laptop, '10.1.0.50', vlan=10)
    day.later()
    wanted = packets.dhcp(1, laptop, 3, options=bytes([50, 4, 10, 1, 0, 50]))
    day.frame(laptop, b'\xff' * 6, packets.ip('0.0.0.0', '255.255.255.255', 17, packets.udp(68, 67, wanted)), 20)
    day.granted(laptop, '0.0.0.0', vlan=20, kind=6)
    day.granted(laptop, '10.2.0.50', 'laptop', 20)
    day.granted(other, '10.1.0.50', 'other', 10)
    for _ in range(3):
        day.ask(other, '10.1.0.50', vlan=10)
        day.ask(laptop, '10.2.0.50', OTHER, vlan=20)
        day.later()
    return {(text(other), '10.1.0.50', 'other'): 3, (text(laptop), '10.2.0.50', 'laptop'): 1}


def two_labs_have_the_same_addresses(day):
    for _ in range(4):
        for source, vlan, name in ((mac(29), 30, LISTED), (mac(30), 40, OTHER)):
            day.arp(source, '192.168.1.10', vlan)
            day.ask(source, '192.168.1.10', name, vlan=vlan)
        day.later()
    return {(text(mac(29)), '192.168.1.10', ''): 4}


def two_hosts_have_one_address_by_mistake(day):
    for _ in range(6):
        for source, name in ((mac(31), LISTED), (mac(32), OTHER)):
            day.arp(source, '10.0.0.120')
            day.ask(source, '10.0.0.120', name)
            day.later(700)
    return {(text(mac(31)), '10.0.0.120', ''): 6}


def routers_share_a_virtual_mac(day):
    virtual = bytes.fromhex('00005e000107')
    for turn in range(6):
        day.arp(virtual, '10.0.0.130')
        day.arp(mac(33), '10.0.0.131')
        day.arp(mac(34), '10.0.0.132')
        day.ask(mac(33 + turn // 3), '10.7.0.5', ttl=63)
        day.later()
    return {('', '10.7.0.5', ''): 6}


def a_sleeping_host_is_answered_for(day):
    """A sleep proxy says that the address is its own, until the host wakes."""
    for _ in range(4):
        day.arp(mac(35), '10.0.0.150')
        day.arp(mac(36), '10.0.0.151')
        day.ask(mac(36), '10.0.0.151')
        day.later()
        day.arp(mac(35), '10.0.0.151')
        day.later()
    return {(text(mac(36)), '10.0.0.151', ''): 4}


def a_provider_changes_the_prefix(day):
    """Five times a day, and the host makes up the rest: its neighbour advertisements tell that it is one."""
    client, resolver = mac(37), ipaddress.ip_address('2001:db8:0:1::53').packed

    def send(source, target, source_mac, target_mac, proto, hops, payload):
        day.add(target_mac + source_mac + b'\x86\xdd' + struct.pack('!IHBB', 6 << 28, len(payload), proto, hops) +
                source + target + payload)

    for turn in range(5):
        addr, group = ipaddress.ip_address(f'2001:db8:0:{turn + 2:x}::{0x1111 * (turn + 1):x}').packed, ipaddress.ip_address('ff02::1').packed
        said = bytearray(b'\x88\0\0\0\x20\0\0\0' + addr + bytes([2, 1]) + client)
        said[2:4] = struct.pack('!H', packets.checksum(addr + group + struct.pack('!IHBB', len(said), 0, 0, 58) + bytes(said)))
        send(addr, group, client, b'\x33\x33\0\0\0\1', 58, 255, bytes(said))
        send(addr, resolver, client, mac(1), 17, 64, packets.udp(4000 + turn, 53, packets.dns(turn + 1, LISTED)))
        send(resolver, addr, mac(1), client, 17, 64, packets.udp(53, 4000 + turn, packets.dns(turn + 1, LISTED, 1, True, 3, (), True, 15)))
        day.later()
    return {(text(client), '2001:db8:0:6::5555', ''): 5}


DAYS = (a_relay_forwards_dhcp, a_virtual_machine_was_cloned, a_router_was_replaced, a_host_was_renamed, a_router_answers_arp_for_others,
        a_server_has_a_second_address, a_phone_makes_up_its_mac, a_laptop_moves_to_another_vlan, two_labs_have_the_same_addresses,
        two_hosts_have_one_address_by_mistake, routers_share_a_virtual_mac, a_sleeping_host_is_answered_for, a_provider_changes_the_prefix)


def run(*command):
    done = subprocess.run([CURFEW, *command], capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, (command, done.returncode, done.stderr)
    return done.stdout


def main():
    wrong = 0
    with tempfile.TemporaryDirectory() as top:
        image, pcap, policy = (os.path.join(top, n) for n in ('c.img', 'c.pcap', 'c.yaml'))
        with open(policy, 'w', encoding='utf-8') as file:
            file.write('vendor: kaspersky\npreset: us-commerce-2024\n')
        run('apply', '--yes', '--policy', policy, '--lists', LISTS, '--image', image)
        for happens in DAYS:
            day, name = Day(), happens.__name__
            log, ledger = (os.path.join(top, name + end) for end in ('.jsonl', '.db'))
            expected = happens(day)
            day.later(120)
            day.write(pcap)
            run('monitor', '--image', image, '--hits', log, '-r', pcap)
            run('ledger', 'ingest', '-q', '-l', ledger, log)
            rows = json.loads(run('report', '--json', '-l', ledger, '--image', image))['tables']['hosts']
            got = {(row['mac'], row['address'], '' if row['host'] == row['address'] else row['host']): row['hits']
                   for row in rows if row['hits']}
            states = {row['state'] for row in rows if row['hits']}
            wrong += got != expected or states != {'dependent'}
            print('ok     ' if got == expected else 'FAILED ', name.replace('_', ' '), '' if got == expected else (got, expected))
    return wrong > 0


if __name__ == '__main__':
    sys.exit(main())

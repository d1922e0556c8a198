#!/usr/bin/env python3
"""A flood of nothing but blocked names, as fast as the resolver answers, with folding: every query is in the
log's counts, nothing is lost, memory stays where it was. A minute in the long campaign, else three seconds."""

import json
import os
import subprocess
import threading

import promises
from authority import Authority
from resolver import BLOCKED, DEFAULT_POLICY, Resolver, environment
from zones import TEXT, ZONES

SECONDS = 60 if promises.is_full() else 3
NAMES = 5000
# Growth that is none: the lane, the fold's table and the queues fill once.
GROWTH_KB = 24 * 1024
POLICY = DEFAULT_POLICY + f'many {NAMES} flood.test updates\n'


def memory_kb(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS:'))


def watch(pid, stop, seen):
    while not stop.wait(0.5):
        seen.append(memory_kb(pid))


def test_every_query_of_a_flood_is_counted():
    dnsload = environment('CURFEW_DNSLOAD')
    r = Resolver(Authority(TEXT), ZONES, POLICY, threads=2, server='  so-rcvbuf: 4m\n')
    r.config = r.config.replace('curfew-fold=0', 'curfew-fold=60')
    names = os.path.join(r.folder, 'names')
    with open(names, 'w', encoding='ascii') as file:
        file.writelines(f'n{n}.flood.test\n' for n in range(NAMES))
    with r:
        stop, memory = threading.Event(), []
        thread = threading.Thread(target=watch, args=(r.process.pid, stop, memory))
        thread.start()
        done = subprocess.run([dnsload, '-p', str(r.port), '-f', names, '-t', str(SECONDS), '-w', '64', '-s',
                               BLOCKED], check=True, stdout=subprocess.PIPE)
        stop.set()
        thread.join()
        load = json.loads(done.stdout)
        r.stop()
        status, records = r.status(), r.records()
        counted = sum(record['count'] for record in records)
        size = os.path.getsize(r.log_path)
        print(f'  {load["sent"]} sent, {load["received"]} answered in {load["seconds"]:.1f} s, {counted} counted in '
              f'{len(records)} lines of {size} bytes, {status["lost"]} lost; VmRSS {memory[0]} kB after 0.5 s, '
              f'{memory[len(memory) // 2]} half-way, {memory[-1]} at the end')
        r.start()
    assert set(load['rcodes']) == {'3'}, load
    # What the kernel dropped before the resolver saw it was asked, but is no look-up.
    # Where the log's thread gets no turn for so long that its queue is full, what is lost is counted instead.
    counted += status['lost']
    assert load['received'] <= counted <= load['sent'], (load, counted, status)
    assert load['lost'] > 0 or counted == load['sent'], (load, counted, status)
    assert status['hits'] + status['lost'] == counted and status['trips'] == 0, status
    assert all(record['action'] == 'block' for record in records)
    assert len(records) <= NAMES * (2 + SECONDS // 60), len(records)
    assert max(memory) - memory[0] < GROWTH_KB, memory


promises.main(globals())

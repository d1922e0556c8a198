#!/usr/bin/env python3
"""A fleet on one machine while all of it is killed: what comes to the store is what the logs have.

usage: fleet.py CURFEW MINUTELOG LIAR|- [pgsql]

Sensors write (the product's writer), rotate and compress; their shippers and two collectors are killed at random, once all
collectors are away for a while; some sensors come late; a second sender sends everything again, from this file's own reading of
docs/FORMATS.md. Then `curfew ledger digest` has to be that of the same files taken in by `curfew ledger ingest`; and whenever all
collectors were killed at once, the store has what sensors had been told by then. LIAR is a collector that says 200 before the commit:
with it the same test has to fail, or it proves nothing.

pgsql: the store is a PostgreSQL of the test's own (tests/ledger/postgres.py) instead of a file, both collectors write to it at once, it is
killed like all the others, and some sensors have a second shipper all the time. Skips (77) where there is none.

CURFEW_TEST_FULL=yes: many more kills and sensors.
"""
import http.client
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import sensors
sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "ledger"))
import postgres

CURFEW, MINUTELOG, LIAR = sys.argv[1:4]
ON_SERVER = sys.argv[4:] == ["pgsql"]
FULL = os.environ.get("CURFEW_TEST_FULL") == "yes"
SENSORS = 50 if FULL else 4 if ON_SERVER else 5
ROUNDS = 12 if FULL else 4 if ON_SERVER else 5
KILLS = (150 if ON_SERVER else 200) if FULL else 10 if ON_SERVER else 25
CHECK_EVERY = 8 if FULL or not ON_SERVER else 4
LATE = max(1, SENSORS // 5)
START_S = 1767571200
SEED = int(os.environ.get("CURFEW_FLEET_SEED", "20260105"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Kept:
    """A process that is started again whenever it ended."""

    def __init__(self, name, command, folder):
        self.name, self.command = name, command
        self.errors = open(folder / f"{name}.err", "ab")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=self.errors)

    def tend(self):
        if self.process is None or self.process.poll() is not None:
            self.start()

    def kill(self, number=signal.SIGKILL):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait()


def segments(sensor, source):
    """(lines, chain member) of each segment, as FORMATS has it and not as plugin/ does."""
    held = b""
    for line in sensor.lines(source):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        held += line
        if "chain" in record:
            yield held, record["chain"]
            held = b""


class Server(postgres.Postgres):
    """A store that is killed like the processes before it: all of its own processes at once."""
    name = "postgresql"

    def tend(self):
        if self.process.poll() is not None:
            self.start()


def resend(senders, ports, chance):
    """Sends all there is again, whatever the store has, in bundles of chance's size, to each port in turn. How many it knew."""
    known = 0
    for sensor in senders:
        for source in sensor.logs:
            queue = list(segments(sensor, source))
            while queue:
                part = queue[:chance.randint(1, 40)]
                queue = queue[len(part):]
                first, last = part[0][1], part[-1][1]
                lines = b"".join(lines for lines, _ in part)
                body = subprocess.run(["zstd", "-q", "-c", f"--stream-size={len(lines)}"], check=True, stdout=subprocess.PIPE,
                                      input=lines).stdout
                path = "/".join(["/v1/bundle", sensor.name, source, last["run"], str(first["seq"]), str(last["seq"]), first["prev"],
                                 last["sha256"], "1"])
                connection = http.client.HTTPConnection("127.0.0.1", ports[known % len(ports)], timeout=120)
                connection.request("PUT", path, body, {"Content-Type": "application/zstd"})
                answer = connection.getresponse()
                text = answer.read().decode()
                assert answer.status == 200 and json.loads(text)["why"] == "known", (answer.status, text, path)
                known += 1
                connection.close()
    return known


class Fleet:
    def __init__(self, folder, seed, collector, ledger, server):
        self.chance = random.Random(seed)
        self.folder, self.ledger, self.servers = folder, ledger, [server] if server else []
        self.sensors = [sensors.Sensor(MINUTELOG, i, folder, random.Random(seed + i)) for i in range(SENSORS)]
        self.ports = [free_port(), free_port()]
        self.collectors = [Kept(f"collect-{i}", [collector, *(["collect"] if collector == CURFEW else []), "--listen",
                                                 f"127.0.0.1:{port}", "--ledger", ledger, "--anyone"], folder)
                           for i, port in enumerate(self.ports)]
        to = ",".join(f"http://127.0.0.1:{port}" for port in self.ports)
        self.shippers = [Kept(f"ship-{s.name}", [CURFEW, "ship", "--to", to, "--status", folder / f"{s.name}.status", "--timeout", "20",
                                                 *s.logs.values()], folder) for s in self.sensors]
        for shipper, sensor in zip(self.shippers, self.sensors):
            shipper.status = folder / f"{sensor.name}.status"
        # The same logs sent by two at once, the first of them to the other collector.
        self.doubles = [Kept(f"ship-again-{s.name}", [CURFEW, "ship", "--to", ",".join(reversed(to.split(","))), "--timeout", "20",
                                                      *s.logs.values()], folder) for s in self.sensors[LATE::4] if ON_SERVER]
        self.to = to
        self.kills = {"collect": 0, "ship": 0, "postgresql": 0}
        self.checked, self.broken = 0, []  # promises: what a sensor was told is in the store
        self.over = False

    def check_promises(self):
        """All collectors and the server killed at once: what shippers were told by then is what the store has after it, or more."""
        for process in self.collectors + self.servers:
            process.kill()
            self.kills[process.name.split("-")[0]] += 1
        told = {}
        for shipper in self.shippers:
            try:
                status = json.loads(pathlib.Path(shipper.status).read_text())
            except (OSError, ValueError):
                continue
            told.update({(w["sensor"], w["source"]): w["shipped_seq"] for w in status["writers"]})
        for process in self.servers + self.collectors[:1]:
            process.start()
        for (sensor, source), seq in told.items():
            head = self.head(sensor, source)
            self.checked += 1
            if head < seq:
                self.broken.append(f"{source} of {sensor} was told {seq}, the store has {head}")

    def head(self, sensor, source):
        for _ in range(300):
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=60)
                connection.request("GET", f"/v1/head/{sensor}/{source}")
                answer = connection.getresponse()
                if answer.status == 200:
                    return json.loads(answer.read())["seq"]
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError("no collector comes up again")

    def kill_some(self):
        """Until the writing is over and there were enough of them."""
        early = self.shippers[LATE:] + self.doubles
        for process in early + self.collectors:
            process.start()
        victims = early + self.collectors * (1 + len(early) // 2) + self.servers * (1 + len(early) // 3)
        while not self.over or sum(self.kills.values()) < KILLS:
            time.sleep(self.chance.uniform(0.02, 0.25))
            if sum(self.kills.values()) % CHECK_EVERY == CHECK_EVERY - 1:
                self.check_promises()
            victim = self.chance.choice(victims)
            victim.kill()
            self.kills[victim.name.split("-")[0]] += 1
            if self.chance.random() < 0.1:
                time.sleep(0.5)  # nobody starts it at once
            for process in self.servers + early + self.collectors:
                process.tend()

    def live(self):
        killer = threading.Thread(target=self.kill_some)
        killer.start()
        for i in range(ROUNDS):
            for sensor in self.sensors:
                sensor.write()
                if self.chance.random() < 0.5:
                    sensor.rotate()
            time.sleep(0.3)
        for sensor in self.sensors:
            sensor.finish()
        self.over = True
        killer.join()

    def settle(self):
        """Late sensors and the rest: one run each that ends when all is there, while nobody is killed."""
        for process in self.shippers + self.doubles:
            process.kill(signal.SIGTERM)
        for process in self.servers + self.collectors:
            process.tend()
        for sensor in self.sensors:
            for _ in range(3):
                done = subprocess.run([CURFEW, "ship", "--to", self.to, "--once", *sensor.logs.values()], stderr=subprocess.PIPE, text=True)
                if done.returncode == 0:
                    break
            assert done.returncode == 0, (sensor.name, done.stderr)

    def close(self):
        self.over = True
        for process in self.shippers + self.doubles + self.collectors:
            process.kill(signal.SIGTERM)
            process.errors.close()

    def healthy(self):
        """The ports of collectors that can write now: of one file that is whoever has the lock, of a server all."""
        found = []
        for port in self.ports:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/healthz")
            found += [port] if connection.getresponse().status == 200 else []
            connection.close()
        assert len(found) == (len(self.ports) if self.servers else 1), f"{found} of {self.ports} can write"
        return found

    def reference(self):
        ledger = self.folder / "reference.db"
        subprocess.run([CURFEW, "ledger", "ingest", "--ledger", ledger, *[s.folder for s in self.sensors]], check=True,
                       stdout=subprocess.DEVNULL)
        return sensors.digest(CURFEW, ledger)


def show_errors(folder):
    for path in sorted(folder.glob("*.err")):
        text = path.read_text(errors="replace")
        if text:
            print(f"--- {path.name}\n{text[-1500:]}", file=sys.stderr)


def run(folder, seed, collector, server):
    """(is it the same, how it went)"""
    ledger = server.url(f"fleet_{seed}") if server else str(folder / "fleet.db")
    fleet = Fleet(folder, seed, collector, ledger, server)
    began = time.monotonic()
    try:
        fleet.live()
        lived = time.monotonic()
        try:
            fleet.settle()
        except AssertionError as problem:
            if collector == CURFEW:
                show_errors(folder)
                raise
            return False, str(problem)
        known = 0
        settled = time.monotonic()
        if collector == CURFEW:
            known = resend(fleet.sensors, fleet.healthy(), fleet.chance)
            assert known > 0, "nobody took what was sent again"
    finally:
        fleet.close()
    same = sensors.digest(CURFEW, ledger) == fleet.reference() and not fleet.broken
    records = sum(1 for s in fleet.sensors for source in s.logs for _ in s.lines(source))
    if not same and collector == CURFEW:
        show_errors(folder)
        sensors.show_difference(CURFEW, ledger, folder / "reference.db")
    for text in fleet.broken[:3]:
        print(text)
    return same, (f"{SENSORS} sensors, {len(fleet.doubles)} of them sent by two, {records} lines, killed {fleet.kills} in "
                  f"{lived - began:.0f} s, the rest came in {settled - lived:.0f} s; sent again {known} bundles, all known; "
                  f"{fleet.checked} promises looked at, {len(fleet.broken)} broken")


def run_alone(seed, collector, server):
    with tempfile.TemporaryDirectory() as name:
        return run(pathlib.Path(name), seed, collector, server)


def run_all(server):
    same, how = run_alone(SEED, CURFEW, server)
    print(how, "-", "the same" if same else "NOT the same")
    if not same:
        return 1
    if LIAR == "-" or (ON_SERVER and not FULL):
        return 0  # the few kills of the small one may miss a lie
    # The test of the test: a collector that says so before it is there.
    for attempt in range(5):
        same, how = run_alone(SEED + 1 + attempt, LIAR, server)
        print("a collector that lies:", "not noticed" if same else "noticed", "-", how)
        if not same:
            return 0
    print("a collector that says 200 before the commit passes: this test proves nothing", file=sys.stderr)
    return 1


def main():
    if not ON_SERVER:
        return run_all(None)
    why = postgres.available()
    if why is not None:
        print(f"skipped: {why}")
        return 77
    server = Server()
    try:
        return run_all(server)
    finally:
        server.close()


if __name__ == "__main__":
    sys.exit(main())

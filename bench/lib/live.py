"""Live: a veth pair between two namespaces, what is sent, seen and counted as dropped; one thread and two."""
import json
import os
import signal
import subprocess
import time

import captures
import measure
from servers import CORES, OTHER_CORE, SERVER_CORE


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Pair:
    """Two namespaces with a wire between them; nothing but our packets goes over it."""

    def __init__(self):
        self.names = (f"cfb{os.getpid()}a", f"cfb{os.getpid()}b")

    def __enter__(self):
        try:
            for name in self.names:
                ip("netns", "add", name)
                for where in ("all", "default"):  # no neighbour discovery: what is seen is what was sent
                    switch = f"/proc/sys/net/ipv6/conf/{where}/disable_ipv6"
                    subprocess.run(self.inside(name, "sh", "-c", f"echo 1 >{switch}"), check=False, stderr=subprocess.DEVNULL)
            ip("link", "add", "cfv0", "netns", self.names[0], "type", "veth", "peer", "name", "cfv1", "netns", self.names[1])
            for name, device in zip(self.names, ("cfv0", "cfv1")):
                ip("-n", name, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise RuntimeError(error.stderr.decode().strip()) from error
        return self

    def inside(self, name, *command):
        return ["ip", "netns", "exec", name, *command]

    def __exit__(self, *unused):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)


def last_counters(path):
    """The counters of the last heartbeat that is of the whole sensor."""
    found = {}
    for line in open(path):
        record = json.loads(line)
        if record.get("event_type") in ("heartbeat", "stop") and "in_iface" not in record:
            found = record
    return found


def find(record, key):
    """The value of key, however deep; None when it is nowhere."""
    if isinstance(record, dict):
        if key in record:
            return record[key]
        for value in record.values():
            if (found := find(value, key)) is not None:
                return found
    return None


def one_run(bench, path, rate, count, workers, cores, buffer_mib):
    """What was sent, seen and dropped, and the CPU of each thread that handled packets."""
    hits = os.path.join(bench.folder, "live.jsonl")
    with Pair() as pair:
        # To standard output: the user it becomes may not write into this folder.
        with open(hits, "w") as out:
            monitor = subprocess.Popen(
                pair.inside(pair.names[1], "taskset", "-c", cores, bench.tools["curfew"], "monitor", "-i", "cfv1", "--image",
                            os.path.join(bench.folder, "monitor.img"), "--hits", "-", "--workers", str(workers), "--buffer",
                            str(buffer_mib)), stdout=out, stderr=subprocess.PIPE)
        try:
            time.sleep(0.7)
            if monitor.poll() is not None:
                raise RuntimeError("the monitor ended: " + monitor.stderr.read().decode(errors="replace")[-200:])
            command = pair.inside(pair.names[0], "taskset", "-c", str(OTHER_CORE), bench.program("vethsend"), "-i", "cfv0", "-f",
                                  path, "-n", str(count))
            before = measure.cpu_ns([monitor.pid])
            sent = measure.run_json(command + (["-r", str(rate)] if rate else []), 120)
            time.sleep(0.5)
            cpu = measure.cpu_ns([monitor.pid]) - before
            monitor.send_signal(signal.SIGTERM)
            monitor.wait(20)
        finally:
            if monitor.poll() is None:
                monitor.kill()
                monitor.wait()
            monitor.stderr.close()
    counters = last_counters(hits)
    seen, dropped = find(counters, "packets"), find(counters, "kernel_drops")
    if seen is None or dropped is None:
        raise RuntimeError("its last heartbeat has no counters")
    return {"sent": sent, "seen": seen, "kernel_drops": dropped, "cpu_ns": cpu, "workers": workers}


def cases(bench):
    """(what, rate, workers, cores, ring MiB)."""
    scale = bench.scale
    own, both = str(SERVER_CORE), f"{SERVER_CORE},{OTHER_CORE}"
    found = [("one thread", rate, 1, own, 64) for rate in scale.live_rates]
    for rate in scale.live_rates[:1] + scale.live_rates[-1:]:
        found.append(("two threads, one of them on the sender's core", rate, 2, both, 64))
    # Where it cannot keep up: on the sender's core, with the least ring. What it did not see, it must have counted.
    found.append(("one thread on the sender's core, ring of 1 MiB", 0, 1, str(OTHER_CORE), 1))
    return list(dict.fromkeys(found))


def run(bench, result):
    try:
        with Pair():
            pass
    except (RuntimeError, OSError) as error:
        result.skipped["live"] = f"needs network namespaces: {error}"
        return
    path = captures.made(bench, min(100000, bench.scale.packets))
    table = result.table(f"Live on a veth pair, {len(CORES)} cores, the sender on one of them",
                         ["monitor", "asked kpps", "sent kpps", "sent", "seen", "counted as dropped", "unaccounted",
                          "monitor's CPU, ns a packet seen"])
    result.data["live"] = []
    for what, rate, workers, cores, buffer_mib in cases(bench):
        bench.progress(f"live, {what}, {rate or 'full'} rate")
        count = min(bench.scale.live_packets, int(rate * bench.scale.live_s)) if rate else bench.scale.live_packets
        try:
            found = one_run(bench, path, rate, count, workers, cores, buffer_mib)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(f"live, {what}", error)
            table.fail(what, error)
            continue
        sent = found["sent"]
        lacking = sent["sent"] - found["seen"] - found["kernel_drops"]
        each = found["cpu_ns"] / found["seen"] if found["seen"] else 0
        table.rows.append([what, rate // 1000 if rate else "all it can", f"{sent['sent'] / sent['seconds'] / 1000:.0f}",
                           sent["sent"], found["seen"], found["kernel_drops"], lacking, f"{each:.0f}"])
        found.update({"what": what, "rate": rate, "unaccounted": lacking})
        result.data["live"].append(found)
        if lacking != 0:
            result.wrong.append(f"monitor: live, {what}: {lacking} packets neither seen nor counted as dropped")

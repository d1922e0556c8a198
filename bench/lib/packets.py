"""Packets: offline against an empty libpcap loop, live on a veth pair."""
import glob
import json
import os
import re
import resource
import signal
import subprocess
import time

import measure
from servers import SERVER_CORE, OTHER_CORE


def capture(tools, folder, packets, kind="mix"):
    path = os.path.join(folder, f"{kind}-{packets}.pcap")
    if not os.path.exists(path):
        measure.run_json([os.path.join(tools["bench"], "mkcapture"), "-n", str(packets), "-k", kind, "-o", path], 600)
    with open(path, "rb") as warm:  # page cache
        while warm.read(1 << 24):
            pass
    return path


def timed(command, timeout=900):
    """(CPU seconds, peak RSS KiB) of a program and what it waited for; stdout is thrown away."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(["taskset", "-c", str(SERVER_CORE), *command], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    peak = 0
    deadline = time.monotonic() + timeout
    while child.poll() is None:
        peak = max(peak, measure.memory_kib([child.pid], "VmHWM"))
        if time.monotonic() > deadline:
            child.kill()
            child.wait()
            raise RuntimeError(f"{command[0]} was not done in {timeout} s")
        time.sleep(0.01)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode != 0:
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {child.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


def commands(tools, folder, path):
    image = os.path.join(folder, "monitor.img")
    if not os.path.exists(image):
        subprocess.run([tools["curfew"], "apply", "--yes", "--image", image], check=True, stdout=subprocess.DEVNULL)
    return {
        "empty libpcap loop": [os.path.join(tools["bench"], "pcaploop"), path],
        "curfew monitor": [tools["curfew"], "monitor", "-r", path, "--image", image, "--hits", "/dev/null"],
        "curfew --names": [tools["curfew"], "monitor", "-r", path, "--names"],
        "tcpdump -w": ["/usr/bin/tcpdump", "-r", path, "-w", "/dev/null"],
        "ndpiReader": ["/usr/bin/ndpiReader", "-q", "-n", "1", "-i", path],
        "tshark names": ["/usr/bin/tshark", "-r", path, "-T", "fields", "-e", "dns.qry.name", "-e",
                         "tls.handshake.extensions_server_name", "-e", "http.host"],
    }


def offline(tools, folder, quick, rounds):
    packets = 500000 if quick else 3300000
    path = capture(tools, folder, packets)
    small = capture(tools, folder, 100000)
    size = os.path.getsize(path)
    skipped, values = [], {}
    who = commands(tools, folder, path)
    who["tshark names"] = commands(tools, folder, small)["tshark names"]  # it would take many minutes
    for name in list(who):
        if not os.path.exists(who[name][0]):
            skipped.append(f"{name}: not installed")
            del who[name]

    def one(name):
        try:
            return timed(who[name])
        except RuntimeError as error:
            skipped.append(f"{name}: {error}")
            return None
    got = measure.rounds(who, rounds or 3, one)
    rows = []
    floor = None
    for name, results in got.items():
        results = [r for r in results if r]
        if not results:
            continue
        count = 100000 if name == "tshark names" else packets
        bytes_ = os.path.getsize(small) if name == "tshark names" else size
        median, low, high = measure.spread([r[0] for r in results])
        ns = median * 1e9 / count
        floor = floor or ns
        values[name] = {"cpu_s": [r[0] for r in results], "packets": count, "rss_kib": max(r[1] for r in results)}
        rows.append([name, f"{ns:.0f} [{low * 1e9 / count:.0f}-{high * 1e9 / count:.0f}]", f"{1e3 / ns:.2f}",
                     f"{bytes_ * 8 / median / 1e9:.1f}", f"{floor / ns:.3f}", max(r[1] for r in results) // 1024])
    title = (f"Offline, one core, {packets} packets of {size // packets} bytes with their headers (tshark: the first "
             "kind of 100,000): CPU time")
    text = measure.table(title, ["tool", "ns a packet", "Mpps", "Gbit/s", "rate to floor", "RSS MiB"], rows)
    return text + "".join(f"skipped: {s}\n" for s in skipped), values


def per_message(tools, folder, quick, rounds):
    """CPU per ClientHello and per Initial, the libpcap loop's share taken off."""
    packets = 100000 if quick else 400000
    rows, values = [], {}
    for kind in ("dns", "http", "tls", "quic", "bulk"):
        path = capture(tools, folder, packets, kind)
        who = {k: v for k, v in commands(tools, folder, path).items() if k in ("empty libpcap loop", "curfew monitor")}
        got = measure.rounds(who, rounds or 3, lambda n, w=who: timed(w[n])[0])
        own = measure.spread(got["curfew monitor"])[0] - measure.spread(got["empty libpcap loop"])[0]
        rows.append([kind, f"{own * 1e9 / packets:.0f}"])
        values[kind] = got
    return measure.table("curfew's own CPU by kind of packet (a ClientHello is 1.33 packets here)",
                         ["kind", "ns a packet"], rows), values


def ip(*words):
    subprocess.run(["ip", *words], check=True, stdout=subprocess.DEVNULL)


def live(tools, folder, quick, rounds):
    """A veth pair in two namespaces: the highest rate one core can send, and how much of it is seen."""
    if os.geteuid() != 0:
        return "live: needs root\n", {}
    path = capture(tools, folder, 100000)
    image = os.path.join(folder, "monitor.img")
    rows, values = [], {}
    for rate in ([100000, 0] if quick else [100000, 300000, 0]):
        names = (f"cfb{os.getpid()}a", f"cfb{os.getpid()}b")
        try:
            for name in names:
                ip("netns", "add", name)
            ip("link", "add", "cfv0", "netns", names[0], "type", "veth", "peer", "name", "cfv1", "netns", names[1])
            for name, dev in zip(names, ("cfv0", "cfv1")):
                ip("-n", name, "link", "set", dev, "up")
            hits = os.path.join(folder, "live.jsonl")
            # To standard output: the user it becomes may not write into this folder.
            with open(hits, "w") as out:
                monitor = subprocess.Popen(["ip", "netns", "exec", names[1], "taskset", "-c", str(SERVER_CORE),
                                            tools["curfew"], "monitor", "-i", "cfv1", "--image", image, "--hits", "-"],
                                           stdout=out, stderr=subprocess.DEVNULL)
            time.sleep(1.0)
            count = 1000000 if quick else 3000000
            if rate:
                count = min(count, rate * 8)
            command = ["ip", "netns", "exec", names[0], "taskset", "-c", str(OTHER_CORE),
                       os.path.join(tools["bench"], "vethsend"), "-i", "cfv0", "-f", path, "-n", str(count)]
            sent = measure.run_json(command + (["-r", str(rate)] if rate else []), 120)
            time.sleep(1.0)
            monitor.send_signal(signal.SIGTERM)
            monitor.wait(20)
            seen, dropped = last_heartbeat(hits)
            values[str(rate)] = {"sent": sent, "seen": seen, "kernel_drops": dropped}
            rows.append([rate or "as fast as it can", f"{sent['sent'] / sent['seconds'] / 1000:.0f}", sent["sent"], seen,
                         dropped, sent["sent"] - seen - dropped])
        finally:
            for name in names:
                subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)
    return measure.table("Live on a veth pair (sender and monitor on a core each)",
                         ["asked rate pps", "kpps sent", "sent", "seen", "counted as dropped", "unaccounted"], rows), values


def last_heartbeat(path):
    packets = drops = 0
    for line in open(path):
        record = json.loads(line)
        if record.get("event_type") in ("heartbeat", "stop") and "in_iface" not in record:
            text = json.dumps(record)
            found = re.search(r'"packets":\s*(\d+)', text)
            lost = re.search(r'"kernel_drops":\s*(\d+)', text)
            packets = int(found.group(1)) if found else packets
            drops = int(lost.group(1)) if lost else 0
    return packets, drops


def corpus(tools, folder):
    """The same on real captures, when they are there."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    found = os.environ.get("CURFEW_CORPUS", os.path.join(os.path.dirname(top), "shared", "corpus"))
    files = sorted(glob.glob(os.path.join(found, "pcap", "*.pcap")))
    if not files:
        return "real captures: none here, skipped\n", {}
    image = os.path.join(folder, "monitor.img")
    cpu = rss = 0
    for path in files:
        took, peak = timed([tools["curfew"], "monitor", "-r", path, "--image", image, "--hits", "/dev/null"])
        cpu, rss = cpu + took, max(rss, peak)
    return f"real captures: {len(files)} files, {cpu:.1f} s of CPU in all (mostly starting), RSS at most {rss // 1024} MiB\n", \
        {"files": len(files), "cpu_s": cpu, "rss_kib": rss}


def run(tools, folder, quick, rounds):
    tables, data = [], {}
    for name, part in (("offline", offline), ("per_message", per_message), ("live", live)):
        text, data[name] = part(tools, folder, quick, rounds)
        tables.append(text)
    text, data["corpus"] = corpus(tools, folder)
    tables.append(text)
    return {"tables": tables, "data": data}

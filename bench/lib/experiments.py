"""The experiments of bench/run. Each takes (tools, folder, quick, rounds) and returns its tables and data."""
import json
import os
import random
import re
import signal
import subprocess
import threading
import time

import measure
import names as lists
import packets
import servers
from servers import OTHER_CORE, STUB_PORT

BASE_PORT = 5910
CHOICE = {"seconds": 0, "sizes": [], "only": []}  # what the command line asked for; empty: the experiment's own


def chosen(classes):
    return [c for c in classes if not CHOICE["only"] or c.name in CHOICE["only"]]


def on_other_core():
    os.sched_setaffinity(0, {OTHER_CORE})


class Stub:
    """The upstream that answers everything."""

    def __init__(self, tools):
        self.process = subprocess.Popen([os.path.join(tools["bench"], "dnsstub"), "-p", str(STUB_PORT)],
                                        preexec_fn=on_other_core)
        time.sleep(0.1)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()


def load(tools, port, path, *options, timeout=600):
    command = ["taskset", "-c", str(OTHER_CORE), os.path.join(tools["bench"], "dnsload"), "-p", str(port), "-f", path]
    return measure.run_json(command + list(options), timeout)


def write_names(folder, name, wanted):
    path = os.path.join(folder, name)
    with open(path, "w") as out:
        out.write("\n".join(wanted) + "\n")
    return path


def mixes(folder, listed, count):
    """Query files: clean, blocked (half exact, half below) and 99 clean to 1 blocked."""
    rng = random.Random(7)
    clean = lists.read(lists.cached(folder, count, 99))
    listed_set = set(listed)
    clean = [n for n in clean if not any(n.split(".", i)[-1] in listed_set for i in range(6))]
    some = [rng.choice(listed) for _ in range(count)]
    blocked = [n if i % 2 else "www." + n for i, n in enumerate(some)]
    mixed = [blocked[i] if i % 100 == 0 else n for i, n in enumerate(clean)]
    return {"clean": write_names(folder, "q-clean", clean), "blocked": write_names(folder, "q-blocked", blocked),
            "99/1": write_names(folder, "q-mixed", mixed)}


VENDOR_NAMES = ["s%02d.upd.kaspersky.com" % i for i in range(20)] + ["dnl-%02d.geo.kaspersky.com" % i for i in range(20)] \
    + ["activation-v2.kaspersky.com", "dc1.ksn.kaspersky-labs.com"]


def cpu_us_per_query(server, result, before):
    answered = max(result["received"], 1)
    return (measure.cpu_ns(server.pids()) - before) / 1000 / answered


def start_all(tools, folder, classes, listed, skipped):
    """The contestants that could be started, with their list loaded."""
    running = {}
    for i, cls in enumerate(classes):
        server = cls(os.path.join(folder, "servers"), BASE_PORT + i, tools)
        if not server.available():
            skipped.append(f"{cls.name}: not installed")
            continue
        try:
            server.files(listed)
            server.start()
            running[cls.name] = server
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            skipped.append(f"{cls.name}: {error}")
            server.stop()
    return running


def stop_all(running):
    for server in running.values():
        server.stop()


def contestants_for(size):
    if size == "vendor":
        return [servers.Unbound, servers.CurfewVendor, servers.UnboundRpz, servers.UnboundRpzLog,
                servers.UnboundLocal, servers.UnboundPython, servers.Bind, servers.PowerDns, servers.Knot,
                servers.Dnsmasq]
    return [servers.Unbound, servers.Curfew, servers.CurfewQuiet, servers.UnboundRpz, servers.UnboundRpzLog,
            servers.UnboundLocal, servers.UnboundPython, servers.Bind, servers.PowerDns, servers.Knot,
            servers.Dnsmasq]


def module(tools, folder, quick, rounds):
    """Server CPU per query, cached clean, blocked, 99/1 and miss."""
    sizes = CHOICE["sizes"] or (["vendor", 100000] if quick else ["vendor", 100000, 1000000])
    seconds = CHOICE["seconds"] or (1.0 if quick else 2.5)
    count = rounds or (3 if quick else 7)
    tables, data = [], {}
    with Stub(tools):
        for size in sizes:
            listed = VENDOR_NAMES if size == "vendor" else lists.read(lists.cached(folder, size, 1))
            files = mixes(folder, listed, 20000)
            skipped = []
            running = start_all(tools, folder, chosen(contestants_for(size)), listed, skipped)
            noise = measure.Noise()
            cells = {}
            miss_serial = [0]

            def one(name, mix):
                server = running[name]
                if mix == "miss":
                    miss_serial[0] += 1
                    path = write_names(folder, "q-miss", [f"m{i}-{miss_serial[0]}.never.example"
                                                          for i in range(20000 if quick else 40000)])
                    options = ["-n", str(20000 if quick else 40000), "-w", "100"]
                else:
                    path = files[mix]
                    options = ["-t", str(seconds), "-w", "100"]
                before = measure.cpu_ns(server.pids())
                result = load(tools, server.port, path, *options)
                return cpu_us_per_query(server, result, before), result

            for server in running.values():  # warm caches: every clean name once
                for mix in ("clean", "99/1"):
                    load(tools, server.port, files[mix], "-n", "20000", "-w", "50")
            for mix in ("clean", "blocked", "99/1", "miss"):
                who = [n for n in running if not (n == "unbound" and mix == "blocked")]
                got = measure.rounds(who, count if mix != "miss" else max(3, count // 2), lambda n, m=mix: one(n, m))
                cells[mix] = {n: ([c for c, _ in r], r[-1][1]) for n, r in got.items()}
            own = sum(measure.cpu_ns(s.pids()) for s in running.values())
            data[str(size)] = {mix: {n: {"cpu_us": values, "last": last} for n, (values, last) in row.items()}
                               for mix, row in cells.items()}
            data[str(size)]["noise"] = noise.report(own)
            data[str(size)]["skipped"] = skipped
            tables.append(module_table(size, cells, running, skipped))
            stop_all(running)
    return {"tables": tables, "data": data}


def module_table(size, cells, running, skipped):
    base_clean = measure.spread(cells["clean"]["unbound"][0])[0]
    base_miss = measure.spread(cells["miss"]["unbound"][0])[0]
    rows = []
    for name, server in running.items():
        row = [server.version() if name != "unbound" else "unbound, no list", name]
        for mix in ("clean", "blocked", "99/1", "miss"):
            if name not in cells[mix]:
                row.append("-")
                continue
            median, low, high = measure.spread(cells[mix][name][0])
            base = base_miss if mix == "miss" else base_clean
            row.append(f"{median:.2f} x{median / base:.2f} [{low:.1f}-{high:.1f}]")
        lost = sum(cells[mix][name][1]["lost"] for mix in cells if name in cells[mix])
        rcodes = "/".join(sorted(cells["blocked"][name][1]["rcodes"])) if name in cells["blocked"] else "-"
        rows.append(row + [lost, rcodes])
    title = (f"Server CPU per query, {size} names: microseconds, ratio to the same Unbound without a list "
             "(clean, blocked and 99/1 against its cached clean answer; miss against its miss), [fastest-slowest round]")
    text = measure.table(title, ["version", "contestant", "cached clean", "blocked", "99/1", "miss", "lost",
                                 "rcodes blocked"], rows)
    return text + "".join(f"skipped: {s}\n" for s in skipped)


def latency(tools, folder, quick, rounds):
    """p50, p99, p99.9 with one query outstanding."""
    size = 100000
    listed = lists.read(lists.cached(folder, size, 1))
    files = mixes(folder, listed, 20000)
    rows, data, skipped = [], {}, []
    with Stub(tools):
        running = start_all(tools, folder, chosen(contestants_for(size)), listed, skipped)
        for server in running.values():
            load(tools, server.port, files["clean"], "-n", "20000", "-w", "50")
        queries = "5000" if quick else "20000"
        for mix in ("clean", "blocked"):
            who = [n for n in running if not (n == "unbound" and mix == "blocked")]
            got = measure.rounds(who, rounds or 3,
                                 lambda n, m=mix: load(tools, running[n].port, files[m], "-n", queries, "-w", "1"))
            data[mix] = got
            for name in who:
                row = [name, mix]
                for field in ("p50_us", "p99_us", "p999_us"):
                    row.append(f"{measure.spread([r[field] for r in got[name]])[0]:.0f}")
                rows.append(row)
        stop_all(running)
    title = f"Latency with one query outstanding, {size} names: microseconds, median of the rounds"
    text = measure.table(title, ["contestant", "mix", "p50", "p99", "p99.9"], rows)
    return {"tables": [text + "".join(f"skipped: {s}\n" for s in skipped)], "data": data}


def start(tools, folder, quick, rounds):
    """Start to the first right answer, and memory per name."""
    sizes = CHOICE["sizes"] or ([1000, 100000] if quick else [1000, 100000, 1000000])
    classes = [servers.Curfew, servers.UnboundRpz, servers.UnboundLocal, servers.UnboundPython, servers.Bind,
               servers.PowerDns, servers.Knot, servers.Dnsmasq]
    rows, data, skipped = [], {}, []
    with Stub(tools):
        for cls in chosen(classes):
            base_kib = None
            for size in [0] + sizes:
                server = cls(os.path.join(folder, "servers"), BASE_PORT, tools)
                if not server.available():
                    skipped.append(f"{cls.name}: not installed")
                    break
                listed = lists.read(lists.cached(folder, size, 1)) if size else ["nothing.example"]
                try:
                    server.files(listed)
                    took = blocked_after(server, listed[-1])
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    skipped.append(f"{cls.name} at {size}: {error}")
                    server.stop()
                    continue
                kib = measure.memory_kib(server.pids())
                peak = measure.memory_kib(server.pids(), "VmHWM")
                server.stop()
                if size == 0:
                    base_kib = kib
                    continue
                per_name = (kib - (base_kib or 0)) * 1024 / size
                rows.append([cls.name, size, f"{took:.3f}", kib // 1024, peak // 1024, f"{per_name:.0f}"])
                data[f"{cls.name} {size}"] = {"seconds": took, "rss_kib": kib, "peak_kib": peak,
                                              "bytes_per_name": per_name}
    if not quick and not CHOICE["sizes"]:
        curfew_only = ten_million(tools, folder, data)
        if curfew_only:
            rows.append(curfew_only)
    title = "Start to the first right answer (blocked name of the list), memory; list already in its own file format"
    text = measure.table(title, ["contestant", "names", "seconds", "RSS MiB", "peak MiB", "bytes a name"], rows)
    return {"tables": [text + "".join(f"skipped: {s}\n" for s in skipped)], "data": data}


def blocked_after(server, listed_name, timeout=300):
    """Seconds from exec until the listed name gets its blocking rcode."""
    began = time.monotonic()
    server.start(probe=listed_name, timeout=timeout)
    while servers.ask(server.port, listed_name) != server.blocked_rcode:
        if time.monotonic() - began > timeout:
            raise RuntimeError("never blocked the listed name")
        time.sleep(0.002)
    return time.monotonic() - began


def ten_million(tools, folder, data):
    server = servers.Curfew(os.path.join(folder, "servers"), BASE_PORT, tools)
    path = lists.cached(folder, 10000000, 1)
    try:
        server.files(lists.read(path))
        took = blocked_after(server, lists.read(path)[-1])
        kib = measure.memory_kib(server.pids())
    except (RuntimeError, OSError, subprocess.SubprocessError):
        return None
    finally:
        server.stop()
    data["curfew 10000000"] = {"seconds": took, "rss_kib": kib}
    return ["curfew", 10000000, f"{took:.3f}", kib // 1024, "-", f"{kib * 1024 / 1e7:.0f}"]


def swap(tools, folder, quick, rounds):
    """A changed list under load: time to effect, loss, worst latency, memory, leaks from the cache."""
    size = CHOICE["sizes"][0] if CHOICE["sizes"] else 100000 if quick else 1000000
    listed = lists.read(lists.cached(folder, size, 1))
    fresh = "newly-listed.example"
    classes = [servers.Curfew, servers.UnboundRpz, servers.UnboundLocal, servers.Bind, servers.PowerDns,
               servers.Knot, servers.Dnsmasq]
    rows, data, skipped = [], {}, []
    clean = write_names(folder, "q-swap", [n for n in lists.read(lists.cached(folder, 5000, 98))] + [fresh])
    seconds = 15 if quick else 60
    with Stub(tools):
        for cls in chosen(classes):
            server = cls(os.path.join(folder, "servers"), BASE_PORT, tools)
            if not server.available():
                skipped.append(f"{cls.name}: not installed")
                continue
            try:
                server.files(listed)
                server.start()
                row = swap_one(tools, server, listed + [fresh], fresh, clean, seconds)
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                skipped.append(f"{cls.name}: {error}")
                continue
            finally:
                server.stop()
            data[cls.name] = row
            rows.append([cls.name, row["effect"], row["quiet"]["max_us"] / 1000 if row["quiet"] else "-",
                         row["load"]["sent"], row["load"]["lost"], f"{row['load']['p999_us'] / 1000:.1f}",
                         f"{row['load']['max_us'] / 1000:.1f}", row["peak_mib"], row["leaked"]])
    title = (f"One name added to {size} while 2,000 queries a second for cached clean names run; the new name was "
             "cached before. Times in ms but for the effect; quiet: largest latency of the same load without a change")
    text = measure.table(title, ["contestant", "effect s", "quiet max", "sent", "lost", "p99.9", "max", "peak MiB",
                                 "leak from cache"], rows)
    return {"tables": [text + "".join(f"skipped: {s}\n" for s in skipped)], "data": data}


def swap_one(tools, server, wanted, fresh, clean, seconds):
    load(tools, server.port, clean, "-n", "5001", "-w", "50")
    quiet = load(tools, server.port, clean, "-t", "5", "-r", "2000", "-w", "2000")
    holder = {}
    generator = threading.Thread(target=lambda: holder.update(
        load(tools, server.port, clean, "-t", str(seconds), "-r", "2000", "-w", "4000")))
    generator.start()
    time.sleep(1.5)
    began = time.monotonic()
    server.replace(wanted)
    written = time.monotonic()
    effect, leaked = None, 0
    while generator.is_alive():
        rcode = servers.ask(server.port, fresh, timeout=0.2)
        if effect is None and rcode == server.blocked_rcode:
            effect = time.monotonic() - began
        elif effect is not None and rcode == 0:
            leaked += 1
        time.sleep(0.05)
    generator.join()
    return {"effect": f"{effect:.2f}" if effect is not None else f"not within {seconds}", "leaked": leaked,
            "written_s": written - began, "quiet": quiet, "load": holder,
            "peak_mib": measure.memory_kib(server.pids(), "VmHWM") // 1024}


def run_text(tools, program, arguments, timeout=3000):
    """The text that one of our own bench programs prints."""
    path = os.path.join(tools["bench"], program)
    if not os.path.exists(path):
        raise RuntimeError(f"bench program '{program}' was not built")
    done = subprocess.run(["taskset", "-c", str(servers.SERVER_CORE), path, *arguments], capture_output=True, text=True,
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{program}: {done.stderr.strip()[-300:]}")
    return done.stdout


def lookup(tools, folder, quick, rounds):
    """ns per look-up against the memory-latency floor, compile time, image size."""
    sizes = ["200", "100000", "1000000"] if quick else ["200", "100000", "1000000", "10000000"]
    text = run_text(tools, "lookup", sizes)
    return {"tables": [text], "data": {"text": text}}


def log(tools, folder, quick, rounds):
    """Records queued, written, parsed, ingested, reported; bytes per record."""
    hits, clients = (400000, 500) if quick else (4000000, 500)
    where = os.path.join(folder, "log")
    os.makedirs(where, exist_ok=True)
    ledger = os.path.join(where, "ledger.db")
    for name in os.listdir(where):
        os.unlink(os.path.join(where, name))
    data = json.loads(run_text(tools, "bench-log", ["-n", str(hits), "-c", str(clients), "-d", where, "-k"]))
    path = os.path.join(where, "bench-log.jsonl")
    lines = sum(1 for _ in open(path, "rb"))
    ingest, ingest_kib = packets.timed([tools["curfew"], "ledger", "ingest", "--ledger", ledger, path])
    report, report_kib = packets.timed([tools["curfew"], "report", "--ledger", ledger])
    size = sum(os.path.getsize(os.path.join(where, n)) for n in os.listdir(where) if n.startswith("ledger.db"))
    data.update({"log_lines": lines, "ingest_cpu_s": ingest, "ingest_per_s": lines / ingest, "report_cpu_s": report,
                 "ledger_bytes": size, "ledger_bytes_per_host": size / clients})
    rows = [["producer: pack and queue", f"{data['producer_ns_per_hit']:.0f} ns a hit", "",
             f"{data['packed_bytes_per_hit']:.0f} bytes a hit"],
            ["writer, folding", f"{data['folded_ns_per_hit']:.0f} ns a hit", f"{data['folded_hits_per_s']:,.0f}/s",
             f"{data['folded_bytes_per_line']:.0f} bytes a line"],
            ["writer, every hit a line", f"{data['written_ns_per_hit']:.0f} ns a hit", f"{data['written_hits_per_s']:,.0f}/s",
             f"{data['written_bytes_per_line']:.0f} bytes a line"],
            ["reader: parse", f"{data['parse_ns_per_line']:.0f} ns a line", f"{data['parse_lines_per_s']:,.0f}/s", ""],
            ["ledger ingest", f"{ingest * 1e9 / lines:.0f} ns a line", f"{lines / ingest:,.0f}/s", f"RSS {ingest_kib // 1024} MiB"],
            [f"report of {clients} hosts", f"{report:.2f} s", "", f"RSS {report_kib // 1024} MiB"],
            ["ledger size", f"{size / 1e6:.1f} MB", "", f"{size / clients:.0f} bytes a host and day"]]
    title = f"Log and ledger, CPU time on one core: {hits} hits of {clients} clients on 50 entries in one day"
    return {"tables": [measure.table(title, ["step", "cost", "rate", "size"], rows)], "data": data}


def monitor(tools, folder, quick, rounds):
    """Packets a second offline against an empty libpcap loop and other decoders."""
    return packets.run(tools, folder, quick, rounds)


BY_NAME = {"module": module, "latency": latency, "start": start, "swap": swap, "lookup": lookup,
           "monitor": monitor, "log": log}

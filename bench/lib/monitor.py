"""Packets offline: against an empty libpcap loop and other decoders, by kind of message, by core, by flow."""
import os
import shutil
import subprocess
import threading
import time

import captures
import live
import measure
import servers
from result import Result
from servers import CORES, SERVER_CORE

FLOOR = "empty libpcap loop"
OWN = "curfew monitor"
SAMPLE_EVERY_S = 0.01


def image(bench):
    path = os.path.join(bench.folder, "monitor.img")
    subprocess.run([bench.tools["curfew"], "apply", "--yes", "--image", path], check=True, stdout=subprocess.DEVNULL)
    return path


def own_command(bench, path, *more):
    return [bench.tools["curfew"], "monitor", "-r", path, "--image", os.path.join(bench.folder, "monitor.img"), "--hits",
            "/dev/null", *more]


def commands(bench, path):
    """Everyone's command; a program that is not installed has None for its path."""
    curfew = bench.tools["curfew"]
    return {
        FLOOR: [bench.program("pcaploop"), path],
        OWN: own_command(bench, path),
        "curfew --names": [curfew, "monitor", "-r", path, "--names"],
        # -Z root: as root it would give the file it writes, which is the machine's own device, to its user.
        "tcpdump -w": [shutil.which("tcpdump"), "-Z", "root", "-r", path, "-w", "/dev/null"],
        "ndpiReader": [shutil.which("ndpiReader"), "-q", "-n", "1", "-i", path],
        "tshark names": [shutil.which("tshark"), "-r", path, "-T", "fields", "-e", "dns.qry.name", "-e",
                         "tls.handshake.extensions_server_name", "-e", "http.host"],
    }


def in_turns(bench, who, result, what):
    """got[name] = one (cpu_s, rss_kib) a round; who fails is out from then on."""
    got = {name: [] for name in who}
    for i in range(bench.packet_rounds):
        for name in measure.turns(list(who), i):
            if (key := f"{name}, {what}") in result.failed:
                continue
            bench.progress(f"{what}, round {i + 1}, {name}")
            try:
                got[name].append(measure.timed(who[name], SERVER_CORE))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                result.fail(key, error)
    return {name: results for name, results in got.items() if f"{name}, {what}" not in result.failed}


def offline(bench, result):
    """Each tool's rate as a share of the floor's, round by round."""
    scale = bench.scale
    path, small = captures.made(bench, scale.packets), captures.made(bench, scale.tshark_packets)
    who = commands(bench, path)
    who["tshark names"] = commands(bench, small)["tshark names"]  # all of it would take minutes
    for name in [n for n in who if who[n][0] is None or not bench.wants_packets(n)]:
        if who[name][0] is None:
            result.skipped[name] = "not installed"
        del who[name]
    noise = measure.Noise()
    noise.round()
    got = in_turns(bench, who, result, "made mix")
    noise.round()
    size = os.path.getsize(path)
    table = result.table(
        f"Offline, one core, {scale.packets} packets of {size // scale.packets} bytes with their headers (tshark: "
        f"{scale.tshark_packets} of the same kind): CPU time, start included; share: of the empty loop's rate in the same round",
        ["tool", "ns a packet", "Mpps", "Gbit/s", "share of the floor", "RSS MiB"])
    floor = [cpu / scale.packets for cpu, _ in got[FLOOR]] if FLOOR in got else []
    result.data["offline"] = {}
    for name, results in got.items():
        count = scale.tshark_packets if name == "tshark names" else scale.packets
        bytes_ = os.path.getsize(small) if name == "tshark names" else size
        each = [cpu / count for cpu, _ in results]
        rss = max((r[1] or 0 for r in results), default=0)
        median, low, high = measure.spread(each)
        shares = [f / e for e, f in zip(each, floor)]
        share = "-"
        if shares:
            middle, least, most = measure.spread(shares)
            share = f"{middle:.3f} [{least:.3f}-{most:.3f}]" + (" !" if measure.noisy(shares) else "")
        table.rows.append([name, f"{median * 1e9:.0f} [{low * 1e9:.0f}-{high * 1e9:.0f}]", f"{1e-6 / median:.2f}",
                           f"{bytes_ / count * 8 / median / 1e9:.1f}", share, f"{rss / 1024:.0f}" if rss else "-"])
        result.data["offline"][name] = {"cpu_s": [r[0] for r in results], "packets": count, "rss_kib": rss, "shares": shares}
    add_failures(table, result, "made mix")
    table.notes.append(measure.noise_text(noise.report(0)))


def add_failures(table, result, what):
    for name, why in result.failed.items():
        if name.endswith(", " + what):
            table.fail(name.removesuffix(", " + what), why)


def per_message(bench, result):
    """Decoding alone (bench/decodeloop, its reading taken off) and the whole monitor (the empty loop taken off)."""
    packets = bench.scale.kind_packets
    table = result.table("CPU by kind of message: decoding alone, reading taken off; the whole monitor, the empty loop taken off",
                         ["kind", "packets a message", "decoding: ns a packet", "ns a message", "monitor: ns a packet",
                          "ns a message"])
    result.data["kinds"] = {}
    for kind in ("dns", "http", "tls", "quic", "bulk"):
        path = captures.made(bench, packets, kind)
        who = {n: c for n, c in commands(bench, path).items() if n in (FLOOR, OWN)}
        got = in_turns(bench, who, result, kind)
        try:
            decoded = measure.run_json(["taskset", "-c", str(SERVER_CORE), bench.program("decodeloop"), path,
                                        str(bench.packet_rounds)], 300)
            if FLOOR not in got or OWN not in got:
                raise RuntimeError("no figures of the monitor")
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(f"{OWN}, {kind}", error)
            table.fail(kind, error)
            continue
        own = measure.spread([a[0] - b[0] for a, b in zip(got[OWN], got[FLOOR])])[0] * 1e9 / packets
        decode = max(0.0, decoded["decode_ns"] - decoded["read_ns"])
        each = decoded["frames"] / decoded["messages"] if decoded["messages"] and kind != "bulk" else None
        row = [{"tls": "TLS ClientHello", "quic": "QUIC Initial", "dns": "DNS query", "http": "HTTP request"}.get(kind, kind)]
        row += [f"{each:.2f}" if each else "-", f"{decode:.0f}", f"{decode * each:.0f}" if each else "-", f"{own:.0f}",
                f"{own * each:.0f}" if each else "-"]
        table.rows.append(row)
        result.data["kinds"][kind] = {"decoded": decoded, "decode_ns": decode, "monitor_ns": own, "packets_a_message": each}
        if kind != "bulk" and not decoded["messages"]:
            result.wrong.append(f"monitor: no message of kind {kind} was decoded")


def real_captures(bench, result):
    found = captures.real(bench, bench.scale.corpus_packets)
    if found is None:
        result.skipped["real captures"] = "no corpus (CURFEW_CORPUS, or shared/corpus beside the checkout)"
        return
    path, count, files = found
    who = {n: c for n, c in commands(bench, path).items() if n in (FLOOR, OWN, "ndpiReader") and c[0]}
    got = in_turns(bench, who, result, "real captures")
    table = result.table(f"{files} real captures one after the other, again and again to {count} packets of "
                         f"{os.path.getsize(path) // count} bytes: CPU time, start included",
                         ["tool", "ns a packet", "share of the floor"])
    result.data["real"] = {"captures": files, "packets": count}
    for name, results in got.items():
        each = [cpu * 1e9 / count for cpu, _ in results]
        shares = [f[0] / r[0] for r, f in zip(results, got.get(FLOOR, []))]
        median, low, high = measure.spread(each)
        share = "-"
        if shares:
            share = f"{measure.spread(shares)[0]:.3f}" + (" !" if measure.noisy(shares) else "")
        table.rows.append([name, f"{median:.0f} [{low:.0f}-{high:.0f}]", share])
        result.data["real"][name] = {"ns_a_packet": each, "shares": shares}
    add_failures(table, result, "real captures")


def rss_after(bench, path):
    """Resident KiB of the monitor when it has read the whole capture and still waits for more."""
    command = ["taskset", "-c", str(SERVER_CORE), *own_command(bench, "-", "-q")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as child:
        def feed():
            with open(path, "rb") as capture:
                while chunk := capture.read(1 << 16):
                    child.stdin.write(chunk)
            child.stdin.flush()
        feeder = threading.Thread(target=feed)
        feeder.start()
        feeder.join(120)
        used, still = -1, 0
        for _ in range(600):  # until it has used no more CPU for a while
            now = measure.cpu_ns([child.pid])
            still = still + 1 if now == used else 0
            if still == 5:
                break
            used = now
            time.sleep(0.05)
        kib = measure.memory_kib([child.pid])
        child.stdin.close()
        if child.wait(60) != 0:
            raise RuntimeError(f"the monitor ended with {child.returncode}")
    if kib == 0:
        raise RuntimeError("its memory could not be read")
    return kib


def memory_per_flow(bench, result):
    few, many = bench.scale.flows
    table = result.table("Memory of the monitor with so many connections open at once; a flow's: what is more than with one",
                         ["connections", "RSS MiB at 1", f"at {few}", f"at {many}", f"bytes a flow at {few}", f"at {many}"])
    result.data["flows"] = {}
    titles = {"open": "no message yet", "half": "half a ClientHello read (1,400 bytes)", "vendor": "of the vendor, hit logged"}
    for kind, title in titles.items():
        bench.progress(f"memory per flow, {kind}")
        try:
            rss = [rss_after(bench, captures.made(bench, 2 * count, kind)) for count in (1, few, many)]
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(f"memory of flows, {kind}", error)
            table.fail(title, error)
            continue
        each = [(kib - rss[0]) * 1024 / count for kib, count in zip(rss[1:], (few, many))]
        table.rows.append([title] + [f"{kib / 1024:.1f}" for kib in rss] + [f"{bytes_:.0f}" for bytes_ in each])
        result.data["flows"][kind] = {"flows": [1, few, many], "rss_kib": rss, "bytes_a_flow": each}
    table.notes.append("All tables are bounded (base/limits.h) and of one size from the start; what grows is how much of them "
                       "was ever touched. Of the vendor at most 16,384 flows are kept, in all 131,072; beyond, the one silent "
                       "longest gives way and is counted.")


def side_by_side(bench, path, count):
    """Wall seconds and CPU seconds of count monitors at once, each with a core as far as there are."""
    began = time.monotonic()
    running = [subprocess.Popen(["taskset", "-c", str(CORES[i % len(CORES)]), *own_command(bench, path)],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for i in range(count)]
    for child in running:
        if child.wait(600) != 0:
            raise RuntimeError(f"a monitor ended with {child.returncode}")
    return time.monotonic() - began


def scaling(bench, result):
    """Offline is one thread a capture: what several captures at once gain. Threads are for live traffic: see there."""
    path = captures.made(bench, bench.scale.packets)
    table = result.table("Offline by core: a capture is read by one thread, several captures by as many processes; wall time",
                         ["processes", "Mpps in all", "times one"])
    counts = [1, 2] if len(CORES) < 4 else [1, 2, 4]
    got = {count: [] for count in counts}
    try:
        for i in range(bench.packet_rounds):
            for count in measure.turns(counts, i):
                bench.progress(f"{count} side by side, round {i + 1}")
                got[count].append(count * bench.scale.packets / side_by_side(bench, path, count))
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        result.fail("monitors side by side", error)
        table.fail("side by side", error)
        return
    for count in counts:
        times = measure.ratios(got[count], got[1])
        table.rows.append([count, f"{measure.spread(got[count])[0] / 1e6:.2f}",
                           f"{measure.spread(times)[0]:.2f}" + (" !" if measure.noisy(times) else "")])
    result.data["side_by_side"] = {str(count): values for count, values in got.items()}


def run(bench):
    result = Result()
    if not os.path.exists(bench.program_path("mkcapture")):
        result.skipped["monitor"] = "built without libpcap"
        return result
    image(bench)
    for part in (offline, per_message, real_captures, memory_per_flow, scaling, live.run):
        part(bench, result)
    return result

"""A changed list under load: time to effect, loss, worst latency, memory, and whether the cache leaks afterwards."""
import json
import os
import subprocess
import time

import measure
import names as lists
import questions
import servers
from result import Result

CONTESTANTS = [servers.Curfew, servers.UnboundRpz, servers.UnboundLocal, servers.UnboundPython, servers.Bind,
               servers.PowerDns, servers.Knot, servers.Dnsmasq]
FRESH = "newly-listed.example"
RATE = 2000
STEP_S = 0.02


def real_time():
    """A generator that sleeps between its queries must not wait behind the building of a list: no late sending."""
    done = subprocess.run(["chrt", "-f", "1", "true"], capture_output=True, check=False)
    return ["chrt", "-f", "1"] if done.returncode == 0 else []


def start_load(bench, server, path, seconds):
    command = real_time() + questions.command(bench, server.port, path, "-t", str(seconds), "-r", str(RATE), "-w", "4000")
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end_load(generator):
    generator.terminate()
    out, err = generator.communicate(timeout=30)
    if generator.returncode != 0:
        raise RuntimeError("dnsload: " + err.strip())
    return json.loads(out)


class Watch:
    """Asks, over and over, a new name below the fresh one (in no cache) and the fresh one itself (cached before)."""

    def __init__(self, server, after_s):
        self.server = server
        self.after_s = after_s
        self.began = time.monotonic()
        self.effect_s = None  # a name in no cache is blocked
        self.cached_s = None  # the cached one, too
        self.served_s = None  # when the cached one was last served
        self.leaks = 0  # answers of the cached name after the effect
        self.unanswered = 0
        self.serial = 0

    def step(self):
        self.serial += 1
        at = time.monotonic() - self.began
        below = servers.ask(self.server.port, f"p{self.serial}.{FRESH}", timeout=0.2)
        if below == self.server.blocked_rcode and self.effect_s is None:
            self.effect_s = time.monotonic() - self.began
        cached = servers.ask(self.server.port, FRESH, timeout=0.2)
        self.unanswered += (below is None) + (cached is None)
        if cached == self.server.blocked_rcode and self.cached_s is None:
            self.cached_s = time.monotonic() - self.began
        elif cached == 0:
            self.served_s = at
            self.cached_s = None  # it came back: not blocked for good yet
            self.leaks += self.effect_s is not None

    def done(self, most_s):
        at = time.monotonic() - self.began
        both = self.effect_s is not None and self.cached_s is not None
        return at > most_s or (both and at > max(self.effect_s, self.cached_s) + self.after_s)


def swap_one(bench, server, wanted, clean):
    count = sum(1 for _ in open(clean))
    questions.load(bench, server.port, clean, "-n", str(count), "-w", "50", "-t", str(bench.scale.warm_s))
    if servers.ask(server.port, FRESH, timeout=1) != 0:
        raise RuntimeError(f"does not answer '{FRESH}' before the change")
    generator = start_load(bench, server, clean, bench.scale.swap_quiet_s)
    time.sleep(bench.scale.swap_quiet_s)
    quiet = end_load(generator)
    before_kib = measure.memory_kib(server.pids())
    measure.forget_peak(server.pids())
    generator = start_load(bench, server, clean, bench.scale.swap_most_s + 30)
    try:
        time.sleep(min(1.0, bench.scale.swap_quiet_s))
        watch = Watch(server, bench.scale.swap_after_s)
        server.replace(wanted)
        written_s = time.monotonic() - watch.began
        most_s = written_s + bench.scale.swap_most_s
        while not watch.done(most_s):
            watch.step()
            time.sleep(STEP_S)
        peak_kib = measure.memory_kib(server.pids(), "VmHWM")
    finally:
        changed = end_load(generator)
    return {"written_s": written_s, "effect_s": watch.effect_s, "cached_blocked_s": watch.cached_s, "leaks": watch.leaks,
            "probes": watch.serial, "unanswered_probes": watch.unanswered, "quiet": quiet, "load": changed,
            "watched_s": time.monotonic() - watch.began, "before_kib": before_kib, "peak_kib": peak_kib,
            "builder_peak_kib": server.builder_peak_kib}


def seconds(value, most_s):
    return f"{value:.2f}" if value is not None else f"not in {most_s:.0f}"


def add_row(bench, result, table, name, found):
    load = found["load"]
    if found["effect_s"] is None:
        leak = "-"
    elif found["cached_blocked_s"] is None:
        leak = f"{found['leaks']}, to the end"
    else:
        leak = f"{found['leaks']}"
    peak = f"{found['peak_kib'] / 1024:.0f}"
    if found["builder_peak_kib"]:
        peak += f" + {found['builder_peak_kib'] / 1024:.0f}"
    table.rows.append([name, f"{found['written_s']:.2f}", seconds(found["effect_s"], bench.scale.swap_most_s),
                       seconds(found["cached_blocked_s"], bench.scale.swap_most_s), leak,
                       f"{found['quiet']['max_us'] / 1000:.1f}", load["sent"], load["lost"],
                       f"{load['p999_us'] / 1000:.1f}", f"{load['max_us'] / 1000:.1f}",
                       f"{found['before_kib'] / 1024:.0f}", peak])
    result.data[name] = found
    for what in ("before_kib", "peak_kib"):
        if found[what] == 0:
            result.wrong.append(f"swap: {name}: {what} could not be read (did the server end?)")
    if load["received"] == 0 or found["quiet"]["received"] == 0:
        result.wrong.append(f"swap: {name}: nothing was answered")
    if load["received"] + load["lost"] != load["sent"]:
        result.wrong.append(f"swap: {name}: {load['sent']} sent are not {load['received']} answered and {load['lost']} lost")
    if name == "curfew" and (load["lost"] > 0 or found["leaks"] > 0 or found["cached_blocked_s"] is None):
        result.wrong.append(f"swap: curfew: lost {load['lost']}, leaked {found['leaks']}, the cached name blocked after "
                            f"{seconds(found['cached_blocked_s'], bench.scale.swap_most_s)} s")


def clean_names(bench, listed):
    known = set(listed)
    count = min(5000, bench.scale.asked_names)
    return [n for n in lists.read(lists.cached(bench.folder, count, 98)) if not questions.is_listed(n, known)]


def run(bench):
    result = Result()
    numbers = [s for s in bench.sizes if s != "vendor"]
    size = numbers[0] if numbers else bench.scale.swap_size
    listed = lists.read(lists.cached(bench.folder, size, 1))
    clean = questions.write_names(bench, "q-swap", clean_names(bench, listed) + [FRESH])
    table = result.table(
        f"One name added to {size} while {RATE:,} queries a second for cached clean names run; the new name was cached "
        "before. Effect: a name below it, in no cache, is blocked; seconds count from before the new list was written. Leaks: "
        f"answers of the cached name after that, asked every {STEP_S * 1000:.0f} ms. Latency in ms; quiet: largest of the same load "
        "without a change", ["contestant", "list written s", "effect s", "cached name blocked s", "leaks", "quiet max", "sent",
                             "lost", "p99.9", "max", "RSS before MiB", "peak MiB"])
    noise = measure.Noise()
    with questions.Stub(bench):
        for cls in CONTESTANTS:
            server = cls(os.path.join(bench.folder, "servers"), bench.tools["stub"] + 1, bench.tools)
            if not bench.wants(cls.name):
                continue
            if not server.available():
                result.skipped[cls.name] = "not installed"
                continue
            bench.progress(cls.name)
            noise.round()
            try:
                server.files(listed)
                server.start(timeout=bench.scale.start_timeout_s)
                questions.await_blocking(server, listed[-1], bench.scale.start_timeout_s)
                add_row(bench, result, table, cls.name, swap_one(bench, server, listed + [FRESH], clean))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                result.fail(cls.name, error)
                table.fail(cls.name, error)
            finally:
                server.stop()
    table.notes.append("Peak: of the server since the change; behind the plus the process that compiled the list. Load average "
                       "before each: " + " ".join(f"{x:.1f}" for x in noise.loads))
    return result

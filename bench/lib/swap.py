"""A changed list under load: time to effect, loss, worst latency, memory, and whether the cache leaks afterwards."""
import json
import shutil
import statistics
import subprocess
import time

import measure
import names as lists
import questions
import servers
from result import Result

FRESH = "newly-listed.example"
RATE = 2000
STEP_S = 0.02


def real_time():
    """A generator that sleeps between its queries must not wait behind the building of a list: no late sending."""
    chrt = shutil.which("chrt")
    if chrt is None or subprocess.run([chrt, "-f", "1", "true"], capture_output=True, check=False).returncode != 0:
        return []  # without the right to it: then the quiet load shows what the machine itself does
    return [chrt, "-f", "1"]


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


def seconds(values, most_s):
    """The median of the changes; how many of them had no effect, if any."""
    had = [v for v in values if v is not None]
    if len(had) < len(values):
        return f"not in {most_s:.0f}"
    return f"{statistics.median(had):.2f}"


def several(values):
    """Median, and the ends where there is more than one."""
    text = f"{statistics.median(values):.1f}"
    return text if len(values) == 1 else text + f" [{min(values):.1f}-{max(values):.1f}]"


def leaks_of(changes):
    if any(c["effect_s"] is None for c in changes):
        return "-"
    to_the_end = any(c["cached_blocked_s"] is None for c in changes)
    return f"{sum(c['leaks'] for c in changes)}" + (", to the end" if to_the_end else "")


def add_row(bench, result, table, name, changes):
    """A contestant's changes; lost, sent and leaks are of all of them."""
    loads, most_s = [c["load"] for c in changes], bench.scale.swap_most_s
    peak = f"{max(c['peak_kib'] for c in changes) / 1024:.0f}"
    if changes[0]["builder_peak_kib"]:
        peak += f" + {max(c['builder_peak_kib'] for c in changes) / 1024:.0f}"
    table.rows.append([name, len(changes), f"{statistics.median(c['written_s'] for c in changes):.2f}",
                       seconds([c["effect_s"] for c in changes], most_s),
                       seconds([c["cached_blocked_s"] for c in changes], most_s), leaks_of(changes),
                       several([c["quiet"]["max_us"] / 1000 for c in changes]), sum(x["sent"] for x in loads),
                       sum(x["lost"] for x in loads), several([x["p999_us"] / 1000 for x in loads]),
                       several([x["max_us"] / 1000 for x in loads]), f"{changes[0]['before_kib'] / 1024:.0f}", peak])
    result.data[name] = changes
    for change in changes:
        check(result, name, change)


def check(result, name, change):
    """What cannot be, and what curfew promises."""
    load = change["load"]
    for what in ("before_kib", "peak_kib"):
        if change[what] == 0:
            result.wrong.append(f"swap: {name}: {what} could not be read (did the server end?)")
    if load["received"] == 0 or change["quiet"]["received"] == 0:
        result.wrong.append(f"swap: {name}: nothing was answered")
    if load["received"] + load["lost"] != load["sent"]:
        result.wrong.append(f"swap: {name}: {load['sent']} sent are not {load['received']} answered and {load['lost']} lost")
    if name == "curfew" and (load["lost"] > 0 or change["leaks"] > 0 or change["cached_blocked_s"] is None):
        result.wrong.append(f"swap: curfew: lost {load['lost']}, leaked {change['leaks']}, the cached name blocked after "
                            f"{change['cached_blocked_s']} s")


def one_contestant(bench, cls, listed, clean):
    """Changes of one contestant, each from a fresh start: one, or up to three quick ones."""
    changes, began = [], time.monotonic()
    while not changes or (len(changes) < 3 and time.monotonic() - began < bench.scale.swap_repeat_s):
        server = questions.new_server(bench, cls)
        try:
            server.files(listed)
            server.start(timeout=bench.scale.start_timeout_s)
            questions.await_blocking(server, listed[-1], bench.scale.start_timeout_s)
            changes.append(swap_one(bench, server, listed + [FRESH], clean))
        finally:
            server.stop()
    return changes


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
        f"answers of the cached name after that, asked every {STEP_S * 1000:.0f} ms. Latency in ms; quiet: largest of the same "
        "load without a change; median of the changes [smallest-largest], sent, lost and leaks of all",
        ["contestant", "changes", "list written s", "effect s", "cached name blocked s", "leaks", "quiet max", "sent", "lost",
         "p99.9", "max", "RSS before MiB", "peak MiB"])
    noise = measure.Noise()
    with questions.Stub(bench):
        for cls in questions.each_alone(bench, result):
            bench.progress(cls.name)
            noise.round()
            try:
                add_row(bench, result, table, cls.name, one_contestant(bench, cls, listed, clean))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                result.fail(cls.name, error)
                table.fail(cls.name, error)
    table.notes.append("Peak: of the server since the change; behind the plus the process that compiled the list. Load average "
                       "before each: " + " ".join(f"{x:.1f}" for x in noise.loads))
    return result

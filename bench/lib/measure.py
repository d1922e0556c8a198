"""CPU time of a server, interleaved rounds, medians and spread.

Wall-clock throughput of a DNS server says little on a shared machine and nothing when the generator is
the bottleneck. What is steady is the CPU time the server used divided by the queries it answered, with
contestants taking turns inside each round so that a noisy minute hits all of them.
"""
import glob
import json
import os
import platform
import statistics
import subprocess
import time


def cpu_ns(pids):
    """Nanoseconds on a CPU so far, all threads of all pids (user + system)."""
    total = 0
    for pid in pids:
        for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
            try:
                total += int(open(path).read().split()[0])
            except (OSError, IndexError):
                pass  # a thread that ended between glob and open
    return total


def memory_kib(pids, field="VmRSS"):
    total = 0
    for pid in pids:
        try:
            for line in open(f"/proc/{pid}/status"):
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total


def spread(values):
    """(median, smallest, largest) of the rounds."""
    return statistics.median(values), min(values), max(values)


def machine():
    """What the figures were taken on, and how busy it was."""
    model = "unknown"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    steal = int(open("/proc/stat").readline().split()[8])
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0], "steal_ticks": steal}


class Noise:
    """CPU that others took from us while something ran: steal time and foreign load."""

    def __init__(self):
        self.start = self._busy()

    @staticmethod
    def _busy():
        fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
        return {"busy": sum(fields) - fields[3] - fields[4], "all": sum(fields), "steal": fields[7]}

    def report(self, own_ns):
        now = self._busy()
        ticks = os.sysconf("SC_CLK_TCK")
        busy = (now["busy"] - self.start["busy"]) / ticks
        all_s = max((now["all"] - self.start["all"]) / ticks, 1e-9)
        return {"foreign_cpu_percent": round(max(0.0, 100 * (busy - own_ns / 1e9) / all_s), 1),
                "steal_ticks": now["steal"] - self.start["steal"]}


def run_json(command, timeout):
    """Runs a program that prints one JSON object; raises with its stderr when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(str(command[0]))}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def rounds(contestants, count, one):
    """Calls one(contestant) for all contestants, count times over, turn by turn; order alternates."""
    results = {name: [] for name in contestants}
    for i in range(count):
        order = list(contestants)
        if i % 2:
            order.reverse()
        for name in order:
            results[name].append(one(name))
            time.sleep(0.05)
    return results


def table(title, header, rows):
    """A plain aligned table; numbers to the right."""
    cells = [[str(c) for c in row] for row in [header] + rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = [title, ""]
    for n, row in enumerate(cells):
        lines.append("| " + " | ".join(
            c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |")
        if n == 0:
            lines.append("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":"
                                         for i, w in enumerate(widths)) + "|")
    return "\n".join(lines) + "\n"

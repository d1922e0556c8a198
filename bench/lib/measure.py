"""CPU time of a server, interleaved rounds, medians and spread.

Wall-clock throughput of a DNS server says little on a shared machine and nothing when the generator is
the bottleneck. What is steady is the CPU time the server used divided by the queries it answered, with
contestants taking turns inside each round so that a noisy minute hits all of them, and each figure set
against that of the plain server in the same round: the median of those ratios, not the ratio of medians.
"""
import json
import os
import platform
import resource
import statistics
import subprocess
import time

NOISY = 0.15  # a spread beyond this share of the median is marked


def cpu_ns(pids):
    """Nanoseconds on a CPU so far, of all threads of all pids, ended ones too (user + system).

    The process's CPU clock is the sum of what schedstat tells of each thread, but keeps the time of
    threads that have ended and is right in the middle of a tick.
    """
    total = 0
    for pid in pids:
        try:
            total += time.clock_gettime_ns((~pid << 3) | 2)  # clock_getcpuclockid(3)
        except OSError:
            pass  # a child that ended meanwhile
    return total


def memory_kib(pids, field="VmRSS"):
    """In KiB; 0 only when none of the processes is there any more."""
    total = 0
    for pid in pids:
        try:
            for line in open(f"/proc/{pid}/status"):
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total


def forget_peak(pids):
    """From now on VmHWM is the peak since this call."""
    for pid in pids:
        try:
            with open(f"/proc/{pid}/clear_refs", "w") as out:
                out.write("5")
        except OSError:
            pass  # not ours: then the peak is the one since its start, which is not less


def spread(values):
    """(median, smallest, largest) of the rounds."""
    return statistics.median(values), min(values), max(values)


def ratios(values, base):
    """Of each round to the base of the same round; rounds that either of them lacks are left out."""
    return [v / b for v, b in zip(values, base) if v is not None and b]


def noisy(values):
    median, low, high = spread(values)
    return median > 0 and (high - low) / median > NOISY


def machine():
    """What the figures were taken on, and how busy it was."""
    model = system = "unknown"
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    for line in open("/etc/os-release"):
        if line.startswith("PRETTY_NAME="):
            system = line.split("=", 1)[1].strip().strip('"')
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "os": system,
            "memory_gib": round(memory / 2**30), "load": os.getloadavg()[0]}


class Noise:
    """What others did to us: load average before each round, their CPU and stolen time over all rounds."""

    def __init__(self):
        self.start = self._busy()
        self.loads = []
        self.own_start = self._own()

    @staticmethod
    def _busy():
        fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
        return {"busy": sum(fields) - fields[3] - fields[4], "all": sum(fields), "steal": fields[7]}

    @staticmethod
    def _own():
        times = os.times()
        return times.user + times.system + times.children_user + times.children_system

    def round(self):
        self.loads.append(round(os.getloadavg()[0], 2))

    def report(self, servers_ns):
        """servers_ns: CPU of the servers in these rounds; ours and the generators' is known."""
        now = self._busy()
        ticks = os.sysconf("SC_CLK_TCK")
        busy = (now["busy"] - self.start["busy"]) / ticks
        all_s = max((now["all"] - self.start["all"]) / ticks, 1e-9)
        own = servers_ns / 1e9 + self._own() - self.own_start
        return {"foreign_cpu_percent": round(max(0.0, 100 * (busy - own) / all_s), 1),
                "steal_percent": round(100 * (now["steal"] - self.start["steal"]) / ticks / all_s, 1),
                "load_before_rounds": self.loads}


def noise_text(noise):
    loads = " ".join(f"{x:.1f}" for x in noise["load_before_rounds"])
    return (f"Noise: load average before each round {loads}; {noise['foreign_cpu_percent']} % of all CPU went to others, "
            f"{noise['steal_percent']} % was stolen. `!`: rounds more than {NOISY * 100:.0f} % apart.")


def run_json(command, timeout):
    """Runs a program that prints one JSON object; raises with its stderr when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{os.path.basename(str(command[0]))}: not done in {timeout:.0f} s") from error
    if done.returncode != 0:
        raise RuntimeError(f"{os.path.basename(str(command[0]))}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def timed(command, core, timeout=900, stdin=None):
    """(CPU seconds, peak RSS in KiB) of a program pinned to core; raises with its stderr when it fails.

    The peak is None when the program was gone before its memory could be seen.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                             stdin=stdin)
    peak = 0
    deadline = time.monotonic() + timeout
    os.set_blocking(child.stderr.fileno(), False)
    said = b""
    while child.poll() is None:
        peak = max(peak, memory_kib([child.pid], "VmHWM"))
        said = (said + (child.stderr.read() or b""))[-2000:]
        if time.monotonic() > deadline:
            child.kill()
            child.wait()
            raise RuntimeError(f"{os.path.basename(command[0])}: not done in {timeout} s")
        time.sleep(0.003)
    said += child.stderr.read() or b""
    child.stderr.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode != 0:
        raise RuntimeError(f"{os.path.basename(command[0])} ended with {child.returncode}: "
                           + said.decode(errors="replace")[-300:])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak or None


def turns(names, i):
    """Who is on in round i: the order alternates, so that going first is nobody's privilege."""
    return list(reversed(names)) if i % 2 else list(names)

"""What the DNS experiments share: the upstream, mixes of questions, the load generator, and what is a right answer."""
import os
import random
import subprocess
import time

import measure
import names as lists
import servers

MIXES = ("clean", "blocked", "99/1", "miss")
MIXED_EVERY = 100  # of "99/1", one name in so many is listed

VENDOR_NAMES = ["s%02d.upd.kaspersky.com" % i for i in range(20)] + ["dnl-%02d.geo.kaspersky.com" % i for i in range(20)] \
    + ["activation-v2.kaspersky.com", "dc1.ksn.kaspersky-labs.com"]


class Stub:
    """The upstream that answers everything."""

    def __init__(self, bench):
        self.process = subprocess.Popen([bench.program("dnsstub"), "-p", str(bench.tools["stub"])])
        for _ in range(200):
            if self.process.poll() is None and servers.ask(bench.tools["stub"], "ready.test") == 0:
                return
            time.sleep(0.01)
        self.__exit__()
        raise RuntimeError("the upstream does not answer")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.terminate()
        self.process.wait()


def command(bench, port, path, *options):
    return ["taskset", "-c", str(servers.OTHER_CORE), bench.program("dnsload"), "-p", str(port), "-f", path, *options]


def load(bench, port, path, *options, timeout=60):
    return measure.run_json(command(bench, port, path, *options), timeout)


def write_names(bench, name, wanted):
    path = os.path.join(bench.folder, name)
    with open(path, "w") as out:
        out.write("\n".join(wanted) + "\n")
    return path


def is_listed(name, listed):
    """Whether name or a name above it is in the set."""
    labels = name.split(".")
    return any(".".join(labels[i:]) in listed for i in range(len(labels)))


class Mixes:
    """Files of questions: clean, blocked (half exact, half below), 99 clean to 1 blocked; and ever new misses."""

    def __init__(self, bench, listed, count):
        rng = random.Random(7)
        self.bench = bench
        self.count = count
        self.serial = 0
        listed_set = set(listed)
        # Some of them are listed by chance: a few more than needed.
        clean = [n for n in lists.read(lists.cached(bench.folder, 2 * count, 99)) if not is_listed(n, listed_set)][:count]
        if len(clean) != count or count % MIXED_EVERY != 0:
            raise RuntimeError(f"{len(clean)} clean names made, {count} needed, in hundreds")
        some = [rng.choice(listed) for _ in range(count)]
        # A name with nothing of its own between two listed ones is not covered by RPZ's wildcards (RFC 4592 2.2.2); BIND
        # holds to that. Nobody is asked for those.
        between = {".".join(n.split(".")[i:]) for n in listed for i in range(1, n.count("."))} - listed_set
        blocked = [n if i % 2 or "www." + n in between else "www." + n for i, n in enumerate(some)]
        mixed = [blocked[i] if i % MIXED_EVERY == 0 else n for i, n in enumerate(clean)]
        self.files = {"clean": write_names(bench, "q-clean", clean), "blocked": write_names(bench, "q-blocked", blocked),
                      "99/1": write_names(bench, "q-mixed", mixed)}
        # The names of the one in a hundred, for a server without a list: to it they are clean, and must be cached.
        self.listed_of_mixed = write_names(bench, "q-mixed-listed", mixed[::MIXED_EVERY])

    def path(self, mix):
        if mix != "miss":
            return self.files[mix]
        self.serial += 1
        count = max(self.count, 20000)  # a file is never asked twice in one load
        return write_names(self.bench, "q-miss", [f"m{i}-{self.serial}.never.example" for i in range(count)])

    def most(self, mix):
        return ["-n", str(max(self.count, 20000))] if mix == "miss" else []


def warm(bench, server, mixes):
    """Asks every clean name, slowly enough for all; says so when the server is too slow to have them all cached."""
    for path in (mixes.files["clean"], mixes.listed_of_mixed):
        count = sum(1 for _ in open(path))
        got = load(bench, server.port, path, "-n", str(count), "-w", "50", "-t", str(bench.scale.warm_s))
        if got["received"] < count:  # once more, the lost ones are few
            got = load(bench, server.port, path, "-n", str(count), "-w", "20", "-t", str(bench.scale.warm_s))
        if got["received"] < 0.9 * count:
            raise RuntimeError(f"only {got['received']} of {count} names answered in {bench.scale.warm_s} s of warming")


def servfails(got):
    """Answers that say that there is none: a server that is overrun; counted beside the lost ones."""
    return got["rcodes"].get("2", 0)


def wrong_answers(server, mix, got):
    """How many answers of a load say something else than the list demands."""
    rcodes = {int(code): count for code, count in got["rcodes"].items()}
    given = got["received"] - servfails(got)
    if mix == "blocked" and server.blocks:
        return given - rcodes.get(server.blocked_rcode, 0)
    if mix == "99/1" and server.blocks:
        due = -(-got["sent"] // MIXED_EVERY)
        off = abs(rcodes.get(server.blocked_rcode, 0) - due)
        others = given - rcodes.get(0, 0) - rcodes.get(server.blocked_rcode, 0)
        return others + max(0, off - got["lost"] - servfails(got))
    return given - rcodes.get(0, 0)


def await_blocking(server, listed_name, timeout):
    """Some answer before they block: until then there is nothing to measure."""
    began = time.monotonic()
    while server.blocks and servers.ask(server.port, listed_name) != server.blocked_rcode:
        if time.monotonic() - began > timeout or not server.alive():
            raise RuntimeError(f"answers, but does not block '{listed_name}'")
        time.sleep(0.02)


def new_server(bench, cls, place=0):
    """A contestant, not started; those that run side by side have places of their own."""
    return cls(os.path.join(bench.folder, "servers"), bench.tools["stub"] + 1 + place, bench.tools)


def each_alone(bench, result):
    """All ways to block a list, of those that are wanted and installed, for experiments that run one after the other."""
    for cls in (servers.Curfew, servers.UnboundRpz, servers.UnboundLocal, servers.UnboundPython, servers.Bind,
                servers.PowerDns, servers.Knot, servers.Dnsmasq):
        if not bench.wants(cls.name):
            continue
        if new_server(bench, cls).available():
            yield cls
        else:
            result.skipped[cls.name] = "not installed"


def start_all(bench, classes, listed, result, mark=""):
    """The contestants that could be started, with their list loaded and trusted to block."""
    running = {}
    for i, cls in enumerate(classes):
        server = new_server(bench, cls, i)
        if not server.available():
            result.skipped[cls.name] = "not installed"
            continue
        bench.progress(f"starting {cls.name}{mark}")
        try:
            server.files(listed)
            server.start(timeout=bench.scale.start_timeout_s)
            await_blocking(server, listed[-1], bench.scale.start_timeout_s)
            running[cls.name] = server
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(cls.name + mark, error)
            server.stop()
    return running


def stop_all(running):
    for server in running.values():
        server.stop()

"""The contestants: each knows how to write its configuration, start, stop and name its version.

All forward to the same stub on loopback, use one thread (but for the few that are named after two), a cache large enough for the test, no DNSSEC
validation (the stub signs nothing), and log nothing unless the contestant is there for its log.

One file: contestants are compared by what stands beside each other here, option by option.
"""
import glob
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time

import measure

# The cores we may use: the first serves, the last asks. On a machine with one they are the same.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
OTHER_CORE = CORES[-1]
PORTS = 16  # of servers; each has a control port, 1000 higher
PORT_BASES = range(5901, 30000, 2100)


def can_bind(port):
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def find_ports():
    """The first port of a stretch nobody uses: of the upstream; the servers' are the ones behind it.

    The lock keeps another run off the stretch until this process ends.
    """
    for base in PORT_BASES:
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            lock.bind(f"\0curfew-bench-{base}")
        except OSError:
            lock.close()
            continue
        if all(can_bind(base + i) and can_bind(base + 1000 + i) for i in range(PORTS)):
            return base, lock
        lock.close()
    raise RuntimeError("no free stretch of ports on loopback")


def ask(port, name, qtype=1, timeout=0.5):
    """The rcode of one query, or None without an answer."""
    wire = struct.pack(">HHHHHH", 4711, 0x0100, 1, 0, 0, 0)
    for label in name.split("."):
        wire += bytes([len(label)]) + label.encode()
    wire += b"\0" + struct.pack(">HH", qtype, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        s.connect(("127.0.0.1", port))
        try:
            s.send(wire)
            return s.recv(4096)[3] & 15
        except OSError:
            return None


class Server:
    """One contestant in a folder of its own. files(names) writes what it reads; command() starts it."""
    name = "?"
    package = None  # Debian package it comes from
    builder_peak_kib = None  # of the process that made its list, where there is one
    program = None
    blocked_rcode = 3
    blocks = True  # False: it has no list, others are set against it
    base = "unbound"  # what its figures are set against
    control_port = None

    def __init__(self, folder, port, tools):
        self.folder = os.path.join(folder, self.name)
        self.port = port
        self.stub = tools["stub"]
        self.tools = tools
        self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)

    def available(self):
        return self.program is not None and (os.path.exists(self.program) or shutil.which(self.program))

    def version(self):
        return "?"

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as out:
            out.write(text)
        return self.path(name)

    def files(self, names):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def start(self, probe="ready.test", timeout=300):
        """Starts, pinned to the server core; returns seconds until the first answer to probe."""
        began = time.monotonic()
        log = open(self.path("server.log"), "w")
        # The distribution's own paths only: another Python first in PATH breaks pythonmod.
        env = dict(os.environ, PATH="/usr/sbin:/usr/bin:/sbin:/bin",
                   PYTHONPATH="/usr/lib/python3/dist-packages")
        self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder, env=env,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}))
        while time.monotonic() - began < timeout:
            if self.process.poll() is not None:
                raise RuntimeError("ended at once: " + self.last_words())
            if ask(self.port, probe) is not None:
                return time.monotonic() - began
            time.sleep(0.002)
        raise RuntimeError(f"no answer within {timeout:.0f} s")

    def last_words(self):
        """The end of what it logged, for a message."""
        text = ""
        for name in ("server.log", "unbound.log"):
            if os.path.exists(self.path(name)):
                text += open(self.path(name), errors="replace").read()[-300:]
        return text.strip() or f"ended with {self.process.returncode}, silently"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def pids(self):
        """The process and its descendants."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            for path in glob.glob(f"/proc/{pid}/task/*/children"):
                try:
                    todo += [int(x) for x in open(path).read().split()]
                except OSError:
                    pass
        return found

    def stop(self):
        if self.process is None:
            return
        pids = self.pids()
        for pid in reversed(pids):
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        try:
            self.process.wait(3)  # taking a large list apart in good order is no part of any figure
        except subprocess.TimeoutExpired:
            for pid in reversed(pids):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
        self.process = None

    def replace(self, names):
        """Puts another list in force the way this contestant's users do; returns at once."""
        raise NotImplementedError


def rpz_zone(path, names):
    """name and *.name, which is what a subtree costs in RPZ."""
    with open(path, "w") as out:
        out.write("$TTL 300\n@ SOA localhost. root.localhost. %d 600 300 86400 300\n@ NS localhost.\n"
                  % int(time.time()))
        for name in names:
            out.write(f"{name} CNAME .\n*.{name} CNAME .\n")


class Unbound(Server):
    name = "unbound"
    modules = "iterator"
    blocks = False
    threads = 1

    def __init__(self, folder, port, tools):
        super().__init__(folder, port, tools)
        self.program = tools["unbound"]
        self.control_port = port + 1000

    def version(self):
        text = subprocess.run([self.program, "-V"], capture_output=True, text=True, check=False).stdout
        return text.split("\n")[0].replace("Version ", "unbound ")

    def extra(self):
        return ""

    def server_extra(self):
        return ""

    def files(self, names):
        self.write("unbound.conf", f"""server:
  directory: "{self.folder}"
  chroot: ""
  username: ""
  pidfile: "{self.path('pid')}"
  interface: 127.0.0.1
  port: {self.port}
  do-daemonize: no
  use-syslog: no
  logfile: "{self.path('unbound.log')}"
  verbosity: 0
  num-threads: {self.threads}
  msg-cache-size: 256m
  rrset-cache-size: 256m
  msg-cache-slabs: 1
  rrset-cache-slabs: 1
  num-queries-per-thread: 4096
  outgoing-range: 8192
  so-rcvbuf: 4m
  do-not-query-localhost: no
  qname-minimisation: no
  module-config: "{self.modules}"
{self.server_extra()}forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{self.stub}
remote-control:
  control-enable: yes
  control-use-cert: no
  control-interface: 127.0.0.1
  control-port: {self.control_port}
{self.extra()}""")

    def command(self):
        return [self.program, "-d", "-p", "-c", self.path("unbound.conf")]

    def control(self, *words, wait=True):
        command = [self.tools["unbound-control"], "-c", self.path("unbound.conf"), *words]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if wait:
            child.wait()
        return child


class Curfew(Unbound):
    """The module with its hit log, as shipped."""
    name = "curfew"
    modules = "dynlib iterator"
    blocks = True
    log = True

    def available(self):
        return super().available() and os.path.exists(self.tools["module"])

    def version(self):
        return "curfew " + subprocess.run([self.tools["curfew"], "--version"], capture_output=True, text=True,
                                          check=False).stdout.strip().removeprefix("curfew ")

    def extra(self):
        carriers = [f"curfew-image={self.path('image')}"]
        if self.log:
            carriers.append(f"curfew-log={self.path('hits.jsonl')}")
        else:
            carriers.append("curfew-log=")
        lines = "".join(f'  dynlib-file: "{c}"\n' for c in carriers)
        return f'dynlib:\n  dynlib-file: "{self.tools["module"]}"\n{lines}'

    def compile(self, names):
        pack = os.path.join(self.folder, "lists", "bench")
        os.makedirs(pack, exist_ok=True)
        with open(os.path.join(pack, "pack.yaml"), "w") as out:
            out.write('vendor: bench\ntitle: "generated list"\nversion: 1\nmaintainer: "bench/run"\n'
                      'description: "generated"\nlicence: "none"\n')
        with open(os.path.join(pack, "sources.tsv"), "w") as out:
            out.write("id\ttitle\tlicence\tas-of\ngen\tbench/lib/names.py\tnone\t2026-01-01\n")
        with open(os.path.join(pack, "names.tsv"), "w") as out:
            out.write("name\tscope\tcategory\tproduct\tsources\tconfidence\tas-of\tnote\n")
            for name in names:
                out.write(f"{name}\tsubtree\tupdates\t\tgen\tlisted\t2026-01-01\t\n")
        policy = self.write("curfew.yaml", """vendor: bench
baseline: {default: flag}
phases:
  - {name: cut-off, from: 2020-01-01T00:00:00Z, categories: [updates], verdict: block}
answer: {kind: nxdomain, ttl: 300, ede: "blocked by policy"}
log: {fold: 60s}
""")
        self.apply("--policy", policy, "--lists", os.path.join(self.folder, "lists"))

    def apply(self, *options):
        """Compiles the image; its CPU seconds and the peak of its memory are kept."""
        self.compile_cpu_s, self.builder_peak_kib = measure.timed(
            [self.tools["curfew"], "apply", "--yes", "--image", self.path("image"), *options], OTHER_CORE)

    def files(self, names):
        self.compile(names)
        super().files(names)

    def replace(self, names):
        self.compile(names)


class CurfewVendor(Curfew):
    """The shipped vendor pack under the default preset."""
    name = "curfew-vendor"

    def compile(self, names):
        self.apply()


class CurfewQuiet(Curfew):
    name = "curfew-nolog"
    log = False


class UnboundTwo(Unbound):
    """As on a machine with two cores; the generator's one socket gives all questions to one of them.

    A process with more than one thread pays for that with each message: the kernel counts who holds the
    socket, which it need not do for one thread. The module has threads of its own.
    """
    name = "unbound-2threads"
    base = name
    threads = 2


class CurfewTwo(Curfew):
    name = "curfew-2threads"
    base = UnboundTwo.name
    threads = 2


class CurfewVendorTwo(CurfewVendor):
    name = "curfew-vendor-2threads"
    base = UnboundTwo.name
    threads = 2


class UnboundRpz(Unbound):
    name = "unbound-rpz"
    modules = "respip iterator"
    blocks = True
    log = "no"

    def files(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        super().files(names)

    def extra(self):
        return (f'rpz:\n  name: "rpz.bench"\n  zonefile: "{self.path("rpz.zone")}"\n'
                f'  rpz-log: {self.log}\n')

    def replace(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        self.control("auth_zone_reload", "rpz.bench", wait=False)


class UnboundRpzLog(UnboundRpz):
    name = "unbound-rpz-log"
    log = "yes"


class UnboundLocal(Unbound):
    name = "unbound-local-zone"
    blocks = True

    def files(self, names):
        with open(self.path("local.conf"), "w") as out:
            out.write("server:\n")
            for name in names:
                out.write(f'local-zone: "{name}" always_nxdomain\n')
        super().files(names)

    def server_extra(self):
        return f'  include: "{self.path("local.conf")}"\n'

    def replace(self, names):
        self.files(names)
        self.control("reload", wait=False)


class UnboundPython(Unbound):
    """A small faithful Python blocker of our own, in Debian's stock Unbound."""
    name = "unbound-python"
    modules = "python iterator"
    blocks = True
    package = "unbound"

    def __init__(self, folder, port, tools):
        super().__init__(folder, port, tools)
        self.program = "/usr/sbin/unbound"

    def available(self):
        if not os.path.exists(self.program):
            return False
        text = subprocess.run([self.program, "-V"], capture_output=True, text=True, check=False).stdout
        return re.search(r"\bpython\b", text) is not None and \
            os.path.exists("/usr/lib/python3/dist-packages/unboundmodule.py")

    def files(self, names):
        with open(self.path("list.txt"), "w") as out:
            out.write("\n".join(names) + "\n")
        script = open(os.path.join(os.path.dirname(__file__), "blocker.py")).read()
        self.write("blocker.py", script.replace("@LIST@", self.path("list.txt")))
        super().files(names)

    def extra(self):
        return f'python:\n  python-script: "{self.path("blocker.py")}"\n'

    def replace(self, names):
        self.files(names)
        self.control("reload", wait=False)


class Bind(Server):
    name = "bind-rpz"
    package = "bind9"
    program = "/usr/sbin/named"

    def version(self):
        return subprocess.run([self.program, "-v"], capture_output=True, text=True,
                              check=False).stdout.split("-")[0].strip()

    def files(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        self.write("rndc.key", 'key "bench" { algorithm hmac-sha256; secret "YmVuY2hiZW5jaGJlbmNo"; };\n')
        self.write("named.conf", f"""include "{self.path('rndc.key')}";
controls {{ inet 127.0.0.1 port {self.port + 1000} allow {{ 127.0.0.1; }} keys {{ bench; }}; }};
options {{ directory "{self.folder}"; pid-file "{self.path('pid')}"; session-keyfile "{self.path('session')}";
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-recursion {{ any; }}; dnssec-validation no; max-cache-size 512m;
  forward only; forwarders {{ 127.0.0.1 port {self.stub}; }}; recursive-clients 10000;
  response-policy {{ zone "rpz.bench" log no min-update-interval 0; }} qname-wait-recurse no; }};
zone "rpz.bench" {{ type primary; file "{self.path('rpz.zone')}"; check-names ignore; }};
logging {{ category default {{ null; }}; category queries {{ null; }}; category rpz {{ null; }}; }};
""")

    def command(self):
        return [self.program, "-f", "-n", "1", "-c", self.path("named.conf")]

    def replace(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        subprocess.Popen(["rndc", "-s", "127.0.0.1", "-p", str(self.port + 1000), "-k", self.path("rndc.key"),
                          "reload", "rpz.bench"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class PowerDns(Server):
    name = "pdns-rpz"
    package = "pdns-recursor"
    program = "/usr/sbin/pdns_recursor"

    def version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        found = re.search(r"PowerDNS Recursor \S+", done.stdout + done.stderr)
        return found.group(0) if found else "PowerDNS Recursor"

    def files(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        self.write("rpz.lua", f'rpzFile("{self.path("rpz.zone")}", {{policyName="bench"}})\n')
        self.write("recursor.conf", f"""local-address=127.0.0.1
local-port={self.port}
forward-zones-recurse=.=127.0.0.1:{self.stub}
lua-config-file={self.path('rpz.lua')}
socket-dir={self.folder}
dnssec=off
threads=1
max-cache-entries=2000000
quiet=yes
loglevel=0
max-mthreads=4096
dont-query=
disable-syslog=yes
write-pid=no
""")

    def command(self):
        # It takes settings from YAML since 5.2, and these only when told to; before, it knows no such option.
        found = re.search(r"Recursor (\d+)\.(\d+)", self.version())
        old = ["--enable-old-settings"] if found and (int(found[1]), int(found[2])) >= (5, 2) else []
        return [self.program, f"--config-dir={self.folder}", "--daemon=no", *old]

    def replace(self, names):
        rpz_zone(self.path("rpz.zone"), names)
        subprocess.Popen(["rec_control", f"--socket-dir={self.folder}", f"--config-dir={self.folder}",
                          "reload-lua-config"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Knot(Server):
    name = "knot-resolver-rpz"
    package = "knot-resolver"
    program = "/usr/sbin/kresd"

    def version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        return done.stdout.strip().replace(", version", "") or "Knot Resolver"

    def files(self, names):
        with open(self.path("rpz.zone"), "w") as out:
            out.write("$TTL 300\n@ SOA localhost. root.localhost. 1 600 300 86400 300\n")
            for name in names:
                out.write(f"{name} CNAME .\n*.{name} CNAME .\n")
        self.write("kresd.conf", f"""net.listen('127.0.0.1', {self.port})
modules.unload('ta_update') modules.unload('ta_signal_query') modules.unload('priming')
trust_anchors.remove('.')
cache.size = 500 * MB
policy.add(policy.rpz(policy.DENY, '{self.path("rpz.zone")}', true))
policy.add(policy.all(policy.FORWARD({{'127.0.0.1@{self.stub}'}})))
""")

    def command(self):
        return [self.program, "-n", "-q", "-c", self.path("kresd.conf"), self.folder]

    def replace(self, names):
        self.files(names)


class Dnsmasq(Server):
    name = "dnsmasq"
    package = "dnsmasq-base"
    program = "/usr/sbin/dnsmasq"

    def version(self):
        return " ".join(subprocess.run([self.program, "--version"], capture_output=True, text=True,
                                       check=False).stdout.split()[:3:2])

    def files(self, names):
        with open(self.path("list.conf"), "w") as out:
            for name in names:
                out.write(f"server=/{name}/\n")

    def command(self):
        return [self.program, "-k", "--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1",
                f"--port={self.port}", f"--server=127.0.0.1#{self.stub}", "--cache-size=100000",
                "--dns-forward-max=10000", "--user=root", "--log-facility=-", "--quiet-dhcp",
                f"--servers-file={self.path('list.conf')}", f"--pid-file={self.path('pid')}", "--conf-file=/dev/null"]

    def replace(self, names):
        self.files(names)
        self.process.send_signal(signal.SIGHUP)


ALL = [Unbound, Curfew, CurfewVendor, CurfewQuiet, UnboundTwo, CurfewTwo, CurfewVendorTwo, UnboundRpz, UnboundRpzLog, UnboundLocal,
       UnboundPython, Bind, PowerDns, Knot, Dnsmasq]

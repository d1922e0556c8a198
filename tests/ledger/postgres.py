"""A PostgreSQL of a test's own: in a temporary folder, as an unprivileged user, on a unix socket alone.

Debian's postgresql; without it available() says why not. As root the server runs as `postgres`, else as who runs the test."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time


def _bin():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
    return found[-1] if found and int(found[-1].split("/")[-2]) >= 15 else None


def available():
    """None, or why there is none."""
    if _bin() is None:
        return "no PostgreSQL 15 or later (Debian's package postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "no user postgres, and PostgreSQL does not run as root"
        if shutil.which("runuser") is None:
            return "no runuser"
    return None


def _parent(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return int(file.read().rsplit(")", 1)[1].split()[1])
    except (OSError, ValueError):
        return 0


class Postgres:
    def __init__(self, data=None, options=()):
        """data: an empty folder for the files (a small disk, say); options: lines of postgresql.conf."""
        # Not in TMPDIR: another user must get there, and a socket's path is short.
        self.folder = tempfile.mkdtemp(prefix="cfpg-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.data = data or os.path.join(self.folder, "data")
        self.as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        os.makedirs(self.data, exist_ok=True)
        socket = os.path.join(self.folder, "s")
        os.makedirs(socket)
        if self.as_user:
            for path in (self.data, socket):
                shutil.chown(path, "postgres", "postgres")
        os.chmod(self.data, 0o700)
        subprocess.run(self.as_user + [f"{_bin()}/initdb", "-D", self.data, "-A", "trust", "-U", "curfew", "-E", "SQL_ASCII",
                                       "--locale=C", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        with open(f"{self.data}/postgresql.conf", "a", encoding="utf-8") as conf:
            conf.write(f"listen_addresses=''\nunix_socket_directories='{socket}'\nshared_buffers='32MB'\nmax_connections=40\n"
                       "log_min_messages=fatal\n")
            conf.write("".join(line + "\n" for line in options))
        self.socket = socket
        self.process = None
        self.start()

    def _launch(self):
        with open(f"{self.folder}/log", "ab") as log:
            self.process = subprocess.Popen(self.as_user + [f"{_bin()}/postgres", "-D", self.data], stdout=log, stderr=log, cwd="/",
                                            start_new_session=True)

    def start(self):
        self._launch()
        for _ in range(600):
            if self.process.poll() is not None:  # a process of the one that was killed still had the shared memory
                time.sleep(0.5)
                self._launch()
            if subprocess.run([f"{_bin()}/pg_isready", "-q", "-h", self.socket, "-U", "curfew", "-d", "postgres"], check=False).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("the server does not come up: " + open(f"{self.folder}/log", encoding="utf-8").read()[-2000:])

    def url(self, schema=None):
        return f"postgresql:///postgres?host={self.socket}&user=curfew" + (f"#{schema}" if schema else "")

    def sql(self, text):
        """Rows as psql prints them, columns with | between."""
        got = subprocess.run([f"{_bin()}/psql", "-X", "-A", "-t", "-q", "-h", self.socket, "-U", "curfew", "-d", "postgres",
                              "-v", "ON_ERROR_STOP=1", "-c", text], check=True, capture_output=True, text=True)
        return got.stdout.strip()

    def pid(self):
        with open(f"{self.data}/postmaster.pid", encoding="utf-8") as file:
            return int(file.readline())

    def kill(self):
        """Every process of the server at once, as a power cut would."""
        master = self.pid()
        children = [int(path.split("/")[2]) for path in glob.glob("/proc/[0-9]*/stat") if _parent(path) == master]
        for pid in [master] + children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
        for _ in range(100):  # its children were stopped with it; the shared memory must be free
            if subprocess.run([f"{_bin()}/pg_isready", "-q", "-h", self.socket, "-U", "curfew", "-d", "postgres"], check=False).returncode != 0:
                break
            time.sleep(0.1)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.pid(), signal.SIGINT)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

"""Sensors for tests of the fleet: machines whose logs the product's writer writes, with clocks of the test's."""
import difflib
import gzip
import subprocess
import sys

START_S = 1767571200  # 2026-01-05


class Sensor:
    """Two logs of one machine, written run by run, each run with its own clock."""

    def __init__(self, minutelog, number, folder, chance):
        self.minutelog, self.name, self.chance = minutelog, f"edge-{number:02}", chance
        self.folder = folder / self.name
        self.folder.mkdir()
        self.logs = {"resolver": self.folder / "hits.jsonl", "monitor": self.folder / "mon.jsonl"}
        self.minute = number

    def write(self):
        minutes = self.chance.randint(3, 12)
        for source, log in self.logs.items():
            command = [self.minutelog, log, self.name, source, str(START_S + self.minute * 60), str(minutes)]
            if self.chance.random() < 0.3:
                command.append("kill")
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        self.minute += minutes + self.chance.choice([0, 1, 60])

    def rotate(self):
        """As logrotate with delaycompress, both logs."""
        for log in self.logs.values():
            older = sorted((int(p.name.split(".jsonl.")[1].split(".")[0]), p) for p in log.parent.glob(log.name + ".*"))
            for number, path in reversed(older):
                end = ".gz" if path.name.endswith(".gz") else ""
                path.rename(log.parent / f"{log.name}.{number + 1}{end}")
            second = log.parent / f"{log.name}.2"
            if second.exists():
                with gzip.open(str(second) + ".gz", "wb") as packed:
                    packed.write(second.read_bytes())
                second.unlink()
            if log.exists():
                log.rename(log.parent / f"{log.name}.1")

    def finish(self):
        """A last run that ends in order: everything is sealed."""
        for source, log in self.logs.items():
            subprocess.run([self.minutelog, log, self.name, source, str(START_S + self.minute * 60), "2"], check=True,
                           stdout=subprocess.DEVNULL)

    def lines(self, source):
        log = self.logs[source]
        older = sorted(log.parent.glob(log.name + ".*"), key=lambda p: -int(p.name.split(".jsonl.")[1].split(".")[0]))
        for path in older + [log]:
            data = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
            yield from data.splitlines(keepends=True)


def digest(curfew, ledger):
    return subprocess.run([curfew, "ledger", "digest", "--ledger", ledger], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def show_difference(curfew, one, other):
    """Prints the first lines of two dumps that differ; returns all of them, with - or + before."""
    dumps = [subprocess.run([curfew, "ledger", "dump", "--ledger", ledger], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
             for ledger in (one, other)]
    different = list(difflib.unified_diff(*dumps, "shipped", "read from files", lineterm="", n=0))
    for line in different[:20]:
        print(line[:300], file=sys.stderr)
    return [line for line in different if not line.startswith(("---", "+++", "@@"))]

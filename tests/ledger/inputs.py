#!/usr/bin/env python3
"""What the ledger takes for a log, for the same log, for the same line, and for a possible instant.

usage: inputs.py CURFEW

One file: all parts write logs with the same made-up writer and ask the ledger the same questions.
"""
import datetime
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

CURFEW = os.path.abspath(sys.argv[1])
failures = 0
T0 = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def check(holds, promise, more=""):
    global failures
    print(("ok      " if holds else "FAILED  ") + promise + ("" if holds else f" {more}"))
    failures += not holds


def curfew(*args, code=None, **more):
    done = subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True, timeout=300, **more)
    if code is not None and done.returncode != code:
        check(False, f"curfew {' '.join(map(str, args))} exits {code}", f"{done.returncode}: {done.stdout}{done.stderr}")
    return done


def ingest(ledger, *logs, code=0):
    done = curfew("ledger", "ingest", "-j", "-l", ledger, *logs, code=code)
    return json.loads(done.stdout), done.stderr


def report(ledger, kind="hosts", *more):
    return json.loads(curfew("report", kind, "--json", "-l", ledger, *more, code=0).stdout)


def instant(minutes):
    return (T0 + datetime.timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def ulid(minutes, salt, count):
    """An id as a writer makes it: the time, then bits of its own that count up."""
    number = (int((T0.timestamp() + 60 * minutes) * 1000) << 80) | ((salt << 40) + count)
    return "".join(ALPHABET[number >> 5 * i & 31] for i in reversed(range(26)))


class Writer:
    """Lines as a sensor writes them, sealed; a Python twin of records/files/chain.h."""

    def __init__(self, sensor="edge-01", source="monitor", salt=1, minute=0, pid=7, **start):
        self.sensor, self.source, self.salt, self.count = sensor, source, salt, 0
        self.began, self.prev, self.seq = minute, "0" * 64, 0
        self.sha, self.lines, self.text = hashlib.sha256(), 0, ""
        self.run = ulid(minute, salt, 1)
        self.put(minute, "start", version="0.2.0", **({"pid": pid} if pid else {}), fold_s=60, heartbeat_s=60,
                 privacy="full", found="new", seq=0, prev=self.prev, **start)

    def head(self, minute, kind):
        self.count += 1
        return {"v": 1, "timestamp": instant(minute), "id": ulid(minute, self.salt, self.count), "sensor": self.sensor,
                "source": self.source, "event_type": kind}

    def put(self, minute, kind, **members):
        line = json.dumps({**self.head(minute, kind), **members}, separators=(",", ":")) + "\n"
        self.sha.update(line.encode())
        self.lines += 1
        self.text += line
        return line

    def hit(self, minute, addr="10.0.0.1", **more):
        return self.put(minute, "dns", action="block", src_ip=addr,
                        dns={"qname": "x.kaspersky.com", "rcode": "NXDOMAIN", "answer": "nxdomain"},
                        match={"via": "qname", "value": "x.kaspersky.com", "rule": "kaspersky.com", "list": "kaspersky",
                               "category": "updates"}, **more)

    def identity(self, minute, addr, mac, last=None, kind="arp", **more):
        return self.put(minute, "identity", src_ip=addr, src_mac=mac, identity={"kind": kind, "router": False, **more},
                        last=last or instant(minute))

    def seal(self, minute, kind="heartbeat"):
        self.seq += 1
        record = {**self.head(minute, kind), "started": instant(self.began), "packets": 100 * self.seq}
        chain = {"run": self.run, "run_seq": self.seq, "seq": self.seq, "lines": self.lines, "prev": self.prev}
        line = json.dumps({**record, "chain": chain}, separators=(",", ":"))[:-2] + ',"sha256":"'
        self.sha.update(line.encode())
        self.prev = self.sha.hexdigest()
        line += self.prev + '"}}\n'
        self.sha, self.lines = hashlib.sha256(), 0
        self.text += line
        return line

    def minutes(self, first, last, hit_each=10, addr="10.0.0.1"):
        for minute in range(first, last):
            if hit_each and minute % hit_each == 0:
                self.hit(minute + 0.25, addr)
            self.seal(minute + 1)
        return self


def hits(ledger):
    rows = report(ledger)["tables"]["hosts"]
    return sum(row["hits"] for row in rows)


def dumped(ledger, table):
    text = curfew("ledger", "dump", "-l", ledger, code=0).stdout
    return [line.split("\t") for line in text.splitlines() if line.startswith(table + "\t")]


def taken(ledger):
    """Records of hits in the ledger, by its roll-ups."""
    return sum(int(row[21]) for row in dumped(ledger, "rollup"))


def nobody(top):
    resolver = Writer(source="resolver", salt=31).minutes(0, 30)
    (top / "res.jsonl").write_text(resolver.text)
    ingest(top / "nobody.db", top / "res.jsonl")
    said = report(top / "nobody.db")
    row = said["tables"]["hosts"][0]
    check(said.get("unknown_holders") == 1 and row["holder"] == "unknown holder" and row["hits"] == 3,
          "hits of an address that nobody is known to have had are an unknown holder's", row)
    text = curfew("report", "-l", top / "nobody.db", code=0).stdout
    story = curfew("report", "host", "10.0.0.1", "-l", top / "nobody.db", code=0).stdout
    check("unknown holder of 10.0.0.1" in text and "holder: unknown holder" in story, "and the reports say so", text)
    monitor = Writer(salt=32)
    monitor.identity(0, "10.0.0.1", "00:1b:21:00:00:01", last=instant(31))
    monitor.seal(31)
    (top / "mon.jsonl").write_text(monitor.text)
    ingest(top / "nobody.db", top / "mon.jsonl")
    said = report(top / "nobody.db")
    check("unknown_holders" not in said and said["tables"]["hosts"][0]["holder"] == "" and
          said["tables"]["hosts"][0]["mac"] == "00:1b:21:00:00:01", "until somebody is known", said)


def given_back(top):
    resolver = Writer(source="resolver", salt=33).minutes(0, 60, hit_each=20)
    monitor = Writer(salt=34)
    monitor.identity(10, "10.0.0.1", "00:1b:21:00:00:01", last=instant(30), kind="dhcp", end="released")
    monitor.seal(31)
    (top / "back-res.jsonl").write_text(resolver.text)
    (top / "back-mon.jsonl").write_text(monitor.text)
    ingest(top / "back.db", top / "back-res.jsonl", top / "back-mon.jsonl")
    rows = {row["mac"]: row["hits"] for row in report(top / "back.db")["tables"]["hosts"]}
    check(rows == {"00:1b:21:00:00:01": 2, "": 1},
          "an address that was given back is nobody's from then on", rows)


def only_logs(top):
    folder = top / "var"
    folder.mkdir()
    log = Writer().minutes(0, 30)
    (folder / "hits.jsonl").write_text(log.text)
    (folder / "hits.jsonl.folds").write_bytes(b"\x01\x02 no newline")
    (folder / "hits.jsonl.resolver.folds").write_bytes(b"\0" * 4096)
    (folder / "hits.jsonl.new").write_text("{\"half")
    (folder / "status.json").write_text("{}")
    (folder / "notes.txt").write_text("to do")
    (folder / "notes on hits.jsonl.txt").write_text("to do")
    os.mkfifo(folder / "pipe.jsonl")
    counts, said = ingest(top / "var.db", folder, code=4)
    check(counts["unfinished_tails"] == 0 and counts["logs_new"] == 1, "only logs are taken from a folder", counts)
    check("pipe.jsonl" in said, "a FIFO is named and does not hold anything up", said)
    (folder / "pipe.jsonl").unlink()
    counts, said = ingest(top / "var.db", folder)
    check(counts["logs"] == 1 and counts["logs_unchanged"] == 1 and said == "", "and nothing is left to say", said)
    alone = top / "again.jsonl.gz"
    with gzip.open(alone, "wb") as file:
        file.write(Writer(salt=9, minute=100).minutes(100, 120).text.encode())
    counts, _ = ingest(top / "var.db", alone)
    check(counts["logs_new"] == 1, "a compressed log without its plain sibling is read", counts)
    counts, said = ingest(top / "var.db", "/dev/zero", code=4)
    check("/dev/zero" in said, "a device is refused")


def impossible_instants(top):
    log, ledger = top / "wild.jsonl", top / "wild.db"
    writer = Writer()
    for minute in range(60):
        writer.identity(minute, "10.0.0.5", "02:00:00:00:00:05")
        writer.hit(minute, "10.0.0.5")
        writer.seal(minute + 1)
    log.write_text(writer.text)
    ingest(top / "tame.db", log)
    tame = report(top / "tame.db")
    now = time.time()
    later = datetime.datetime.fromtimestamp(now + 40 * 86400, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    bad = 0
    for year in ("2099", "9999", "1969", "1999"):
        writer.put(60, "identity", src_ip="10.0.0.6", src_mac="02:00:00:00:00:06",
                   identity={"kind": "arp", "router": False}, last=f"{year}-12-31T23:59:59.000000Z")
        bad += year > "2000"
    for moment in ("2099-06-01T00:00:00.000000Z", "9999-06-01T00:00:00.000000Z", later, "1999-01-01T00:00:00.000000Z"):
        line = writer.hit(61)
        wild = line.replace(instant(61), moment)
        writer.text = writer.text.replace(line, wild)
        bad += 1
    line = writer.hit(62, last="9999-12-31T23:59:59.000000Z")
    line = writer.hit(62, count=1 << 62)
    bad += 2
    writer.text += json.dumps({**writer.head(63, "heartbeat"), "in_iface": "eth0",
                               "started": "9998-01-01T00:00:00.000000Z", "packets": 1}) + "\n"
    bad += 1
    log.write_text(writer.text)
    counts, _ = ingest(ledger, log)
    check(bad <= counts["refused"] <= bad + 2, "impossible instants and numbers are refused one by one", counts)
    wild = report(ledger)
    check([row["address"] for row in wild["tables"]["hosts"]][:1] == ["10.0.0.5"] and wild["at"] <= instant(70),
          "and move nobody's now", wild["at"])
    check(tame["tables"]["hosts"][0]["state"] == wild["tables"]["hosts"][0]["state"], "nor a state")
    listed = report(ledger, "coverage")["tables"]["skipped"]
    check(sum(row["lines"] for row in listed if "impossible" in row["reason"] or "clock" in row["reason"])
          == counts["refused"], "report coverage lists them", listed)
    curfew("ledger", "ingest", "-l", ledger, "--keep", 400, log, code=0)
    check(report(ledger)["tables"]["hosts"] == wild["tables"]["hosts"], "--keep forgets nothing for a wrong clock")
    # The file's own clock: a record later than its file was written.
    old = top / "old.jsonl"
    writer = Writer(sensor="old", salt=3)
    writer.hit(1)
    writer.hit(60 * 24 * 100)
    old.write_text(writer.text)
    os.utime(old, (T0.timestamp() + 7200, T0.timestamp() + 7200))
    counts, _ = ingest(top / "filetime.db", old)
    check(counts["refused"] == 1, "a record later than its own file is refused", counts)
    # An archive unpacked without times says nothing about the file's clock.
    os.utime(old, (0, 0))
    counts, _ = ingest(top / "notime.db", old)
    check(counts["refused"] == 0, "a file without a time is held against the reader's clock alone", counts)


def one_first_instant(top):
    """Two inputs whose logs begin with the same line."""
    first, second, ledger = top / "one.jsonl", top / "two.jsonl", top / "twins.db"
    a, b = Writer(pid=0), Writer(pid=0)
    check(a.text == b.text, "the first lines are equal")
    first.write_text(a.minutes(0, 20, addr="10.0.0.1").text)
    second.write_text(b.minutes(0, 25, addr="10.0.0.2").text)
    counts, said = ingest(ledger, first, second, code=4)
    check("two.jsonl" in said and "another" in said and counts["logs_unchanged"] == 0,
          "a second input with the same first line is an error, never silently unchanged", said)
    check({row["address"] for row in report(ledger)["tables"]["hosts"]} == {"10.0.0.1"}, "nothing of it is taken")
    counts, said = ingest(ledger, second, first, code=4)
    check("two.jsonl" in said, "each time", said)


def repeated_lines(top):
    ledger = top / "twice.db"
    writer = Writer().minutes(0, 20)
    lines = writer.text.splitlines(keepends=True)
    log = top / "twice.jsonl"
    log.write_text("".join(lines[:12] + lines[6:12] + lines[12:] + lines[-3:] + lines[:2]))
    counts, _ = ingest(ledger, log)
    ingest(top / "once.db", top / "nolog.jsonl", code=4)
    (top / "once.jsonl").write_text(writer.text)
    ingest(top / "once.db", top / "once.jsonl")
    check(counts["repeated"] == 11 and counts["broken_seals"] == 0, "repeated lines are dropped and called repeated", counts)
    check(taken(ledger) == taken(top / "once.db") > 0 and not dumped(ledger, "gap"), "they count once, and the seals hold")
    with open(log, "a") as file:
        file.write("".join(lines[3:9]))
        writer.text = ""
        file.write(writer.minutes(20, 30).text)
    counts, _ = ingest(ledger, log)
    check(counts["repeated"] == 6 and counts["broken_seals"] == 0 and not dumped(ledger, "gap"),
          "also when they come in a later run", counts)
    # A restart in between, and an older part of the log joined behind a newer one.
    again = Writer(salt=2, minute=30).minutes(30, 40)
    older = Writer(salt=3, minute=-60).minutes(-60, -30)
    log2, joined = top / "joined.jsonl", again.text.splitlines(keepends=True)
    log2.write_text(again.text + older.text + "".join(joined[2:5]))
    counts, _ = ingest(top / "joined.db", log2)
    check(counts["repeated"] == 3 and taken(top / "joined.db") == 4, "lines of an older run are new unless they came before",
          counts)


def digest(ledger):
    return curfew("ledger", "digest", "-l", ledger, code=0).stdout


def in_pieces(top):
    """A log in two files, cut anywhere, the second with lines of the first once more: as if it had been one."""
    lines = Writer(salt=8).minutes(0, 60, hit_each=3).text.splitlines(keepends=True)
    seal = next(i for i in range(len(lines) // 2, len(lines)) if '"chain"' in lines[i]) + 1
    while '"chain"' in lines[seal]:  # behind it comes a hit
        seal += 1
    (top / "whole.jsonl").write_text("".join(lines))
    ingest(top / "whole.db", top / "whole.jsonl")
    whole = digest(top / "whole.db")
    for name, cut, again, where in (("sealed", seal, 0, 0), ("unsealed", seal + 1, 0, 0), ("repeated at once", seal, 3, 0),
                                    ("repeated later", seal, 3, 4), ("repeated for long", seal, 30, 0),
                                    ("unsealed and repeated", seal + 1, 3, 0), ("repeated up to the unsealed", seal + 1, 1, 0)):
        first, second = lines[:cut], lines[cut:]
        second = second[:where] + lines[cut - again:cut] + second[where:]
        for how in ("the log", "its folder", "as it grows"):
            folder, ledger = top / "pieces" / name / how, top / "pieces.db"
            folder.mkdir(parents=True)
            for old in top.glob("pieces.db*"):
                old.unlink()
            (folder / "hits.jsonl.1").write_text("".join(first))
            (folder / "hits.jsonl").write_text("".join(second))
            repeated = broken = 0
            if how == "as it grows":
                os.rename(folder / "hits.jsonl.1", folder / "hits.jsonl")
                ingest(ledger, folder / "hits.jsonl")
                os.rename(folder / "hits.jsonl", folder / "hits.jsonl.1")
                for end in (2, 9, len(second)):
                    (folder / "hits.jsonl").write_text("".join(second[:end]))
                    counts, _ = ingest(ledger, folder / "hits.jsonl")
                    repeated, broken = repeated + counts["repeated"], broken + counts["broken_seals"]
            else:
                counts, _ = ingest(ledger, folder if how == "its folder" else folder / "hits.jsonl")
                repeated, broken = counts["repeated"], counts["broken_seals"]
            check(digest(ledger) == whole and repeated == again and broken == 0, f"a log in two files, {name}, read as {how}",
                  (repeated, again, broken, dumped(ledger, "gap")))
    # Where a file between is missing, the next one is judged by itself.
    folder = top / "pieces" / "missing"
    folder.mkdir()
    (folder / "hits.jsonl.1").write_text("".join(lines[:seal + 1]))
    behind = next(i for i in range(seal + 9, len(lines)) if '"chain"' in lines[i]) + 1
    (folder / "hits.jsonl").write_text("".join(lines[behind:]))
    counts, _ = ingest(top / "missing.db", folder)
    check(counts["broken_seals"] == 0, "a missing file between makes no changed log of the next", counts)


def privacy_of_once(top):
    """A sensor that truncated addresses, and then did not any more."""
    masked = Writer(source="resolver", salt=21).minutes(0, 20, addr="10.0.0.0")
    masked.text = masked.text.replace('"privacy":"full"', '"privacy":"truncate"')
    day = 24 * 60
    full = Writer(source="resolver", salt=22, minute=day).minutes(day, day + 20, addr="10.0.0.7")
    (top / "masked.jsonl").write_text(masked.text)
    (top / "full.jsonl").write_text(full.text)
    ingest(top / "privacy.db", top / "masked.jsonl", top / "full.jsonl")
    rows = {row["address"] for row in report(top / "privacy.db")["tables"]["hosts"]}
    check(rows == {"10.0.0.0/24", "10.0.0.7"}, "what is known whole is a host, whatever its sensor hid before", rows)


def many_writers(top):
    log, ledger = top / "many.jsonl", top / "many.db"
    writers = [Writer(sensor=f"site-{i:03}", salt=i + 1).minutes(0, 6) for i in range(150)]
    parts = [writer.text.splitlines(keepends=True) for writer in writers]
    longest = max(map(len, parts))
    log.write_text("".join(part[i] for i in range(longest) for part in parts if i < len(part)))
    counts, _ = ingest(ledger, log)
    check(counts["broken_seals"] == 0 and counts["unjudged_seals"] == 0, "the chains of 150 writers in one file hold", counts)
    changed = [list(part) for part in parts]
    changed[140][3] = changed[140][3].replace("packets", "packetz") if "packets" in changed[140][3] else \
        changed[140][3].replace("10.0.0.1", "10.0.0.2")
    log2 = top / "many2.jsonl"
    log2.write_text("".join(part[i] for i in range(longest) for part in changed if i < len(part)))
    counts, _ = ingest(top / "many2.db", log2)
    check(counts["broken_seals"] >= 1, "and a changed line of the 141st is found", counts)


def written_anew(top):
    log, ledger = top / "anew.jsonl", top / "anew.db"
    writer = Writer()
    writer.minutes(0, 400, hit_each=2)
    log.write_text(writer.text)
    ingest(ledger, log)
    before = taken(ledger)
    # Shorter.
    lines = writer.text.splitlines(keepends=True)
    log.write_text("".join(lines[:200]))
    counts, said = ingest(ledger, log, code=1)
    check("shorter" in said and counts["rewritten_logs"] == 1, "a log that got shorter is said", said)
    check(taken(ledger) == before, "and what was counted stays")
    # A power cut took its end; the writer went on.
    after = Writer(salt=5, minute=500).minutes(500, 900, hit_each=2)
    log.write_text("".join(lines[:-3]) + after.text)
    counts, said = ingest(ledger, log, code=1)
    check("anew" in said and taken(ledger) == before + 200, "what came after a lost end counts", (said, taken(ledger), before))
    with open(log, "a") as file:
        after.text = ""
        file.write(after.minutes(900, 920, hit_each=2).text)
    counts, said = ingest(ledger, log)
    check(taken(ledger) == before + 210 and counts["rewritten_logs"] == 0, "once said it is followed again", (counts, said))
    # Sealed anew: lines are gone and every seal fits.
    forged = Writer()
    forged.minutes(0, 300, hit_each=0).minutes(300, 500, hit_each=2)
    log3, ledger3 = top / "sealed.jsonl", top / "sealed.db"
    log3.write_text(writer.text)
    ingest(ledger3, log3)
    was = taken(ledger3)
    log3.write_text(forged.text)
    counts, said = ingest(ledger3, log3, code=1)
    check(counts["rewritten_logs"] == 1 and taken(ledger3) >= was, "a log that was sealed anew is said", said)
    gaps = dumped(ledger3, "gap")
    check(any("rewritten" in row[-1] for row in gaps), "and proves no absence any more", gaps)


def records_without_origin(top):
    log = top / "nobody.jsonl"
    lines = []
    for member in ("sensor", "source"):
        record = json.loads(Writer().hit(1))
        del record[member]
        lines += [json.dumps(record, separators=(",", ":")), json.dumps({**record, member: ""}, separators=(",", ":"))]
    log.write_text("\n".join(lines) + "\n" + Writer().text)
    counts, _ = ingest(top / "nobody.db", log)
    check(counts["records"] == 1 and sum(counts["skipped"].values()) == 4, "records without sensor or source are refused", counts)


def stopped(top):
    """SIGTERM ends an ingest of a text without end."""
    bomb = top / "bomb.jsonl.gz"
    with gzip.open(bomb, "wb", compresslevel=1) as file:
        file.write(Writer().text.encode())
        for _ in range(200):
            file.write(b"x" * (1 << 20))
    child = subprocess.Popen([CURFEW, "ledger", "ingest", "-q", "-l", top / "bomb.db", bomb], stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    child.send_signal(signal.SIGTERM)
    try:
        check(child.wait(timeout=60) in (0, 4), "an ingest is stopped, or refuses what grows out of proportion")
    finally:
        child.kill()


def main():
    top = pathlib.Path(tempfile.mkdtemp(prefix="curfew-inputs-"))
    try:
        for part in (nobody, given_back, only_logs, impossible_instants, one_first_instant, repeated_lines, in_pieces,
                     privacy_of_once, many_writers, written_anew, records_without_origin, stopped):
            part(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()

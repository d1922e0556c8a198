#!/usr/bin/env python3
"""The ledger when things go wrong: cut files, full and read-only disks, two at once, odd logs.

usage: robust.py CURFEW
Parts that need root (file systems of their own) are skipped without it; the rest always runs.

One file: each part damages or crowds a ledger by the same few helpers, and they share one folder.
"""
import gzip
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

CURFEW = os.path.abspath(sys.argv[1])
failures = 0


def check(holds, promise, more=""):
    global failures
    print(("ok      " if holds else "FAILED  ") + promise + ("" if holds else f" {more}"))
    failures += not holds


def curfew(*args, code=None):
    done = subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True, timeout=120)
    if code is not None and done.returncode != code:
        check(False, f"curfew {' '.join(map(str, args))} exits {code}", f"{done.returncode}: {done.stderr}")
    return done


def line(i, sensor="edge-01"):
    return json.dumps({
        "v": 1, "timestamp": f"2026-01-{1 + i // 1440 % 28:02}T{i // 60 % 24:02}:{i % 60:02}:00.000000Z",
        "id": f"01KAB{i:021}", "sensor": sensor, "source": "resolver", "event_type": "dns", "action": "block",
        "src_ip": f"10.0.{i % 7}.{i % 251}", "dns": {"qname": "x.kaspersky.com", "rcode": "NXDOMAIN", "answer": "nxdomain"},
        "match": {"via": "qname", "value": "x.kaspersky.com", "rule": "kaspersky.com", "list": "kaspersky",
                  "category": "updates"}, "count": 1 + i % 3}, separators=(",", ":")) + "\n"


def digest(ledger):
    return curfew("ledger", "digest", "-l", ledger, code=0).stdout.strip()


def ingest(ledger, *logs, code=0):
    return curfew("ledger", "ingest", "-l", ledger, *logs, code=code)


def exactly_once(top):
    log, ledger = top / "a" / "hits.jsonl", top / "once.db"
    log.parent.mkdir()
    lines = [line(i) for i in range(5000)]
    log.write_text("".join(lines))
    whole = top / "whole.db"
    ingest(whole, log)
    truth = digest(whole)
    # The same log as it grows, is rotated, compressed, renamed and copied in between.
    log.write_text("".join(lines[:1000]) + lines[1000][:40])
    ingest(ledger, log)
    log.write_text("".join(lines[:1700]))
    ingest(ledger, log)
    ingest(ledger, log)
    log.write_text("".join(lines))
    shutil.copy(log, top / "a" / "copy.jsonl")
    ingest(ledger, log, top / "a" / "copy.jsonl")
    (top / "a" / "copy.jsonl").unlink()
    with gzip.open(top / "a" / "hits.jsonl.2.gz", "wb") as file:
        file.write(log.read_bytes())
    log.unlink()
    ingest(ledger, log)
    if shutil.which("zstd"):
        subprocess.run(["zstd", "-q", "--rm", "-o", top / "a" / "moved-20260101.jsonl.zst", "-"],
                       input="".join(lines).encode(), check=True)
        ingest(ledger, top / "a")
    check(digest(ledger) == truth, "each line counts once across growth, rotation, compression, copies")


def folders(top):
    deep = top / "deep" / "site" / "edge"
    deep.mkdir(parents=True)
    (deep / "hits.jsonl").write_text(line(1))
    (deep / "status.json").write_text("{}")
    (deep / "loop").symlink_to(top / "deep")
    result = json.loads(curfew("ledger", "ingest", "-j", "-l", top / "deep.db", top / "deep", code=0).stdout)
    check(result["records"] == 1 and result["logs"] == 1, "a folder brings the logs of its folders", result)


def odd_lines(top):
    log, ledger = top / "odd.jsonl", top / "odd.db"
    good = [line(i) for i in range(3)]
    log.write_bytes((good[0] + "not json at all\n" + good[1][:50] + "\n").encode() + b"\0" * 512 + b"\n"
                    + b"x" * 20000 + b"\n" + b"\xff\xfe\n" + good[1].encode() + good[2][:30].encode())
    result = json.loads(curfew("ledger", "ingest", "-j", "-l", ledger, log, code=0).stdout)
    check(result["records"] == 2 and sum(result["skipped"].values()) == 5 and result["unfinished_tails"] == 1,
          "lines that are no records are counted with their reason and stop nothing", result)
    with open(log, "ab") as file:
        file.write(good[2][30:].encode())
    result = json.loads(curfew("ledger", "ingest", "-j", "-l", ledger, log, code=0).stdout)
    check(result["records"] == 1, "a torn tail that is completed later counts once", result)
    report = json.loads(curfew("report", "coverage", "--json", "-l", ledger, code=0).stdout)
    check(sum(row["lines"] for row in report["tables"]["skipped"]) == 5, "the report lists them")
    strange = top / "far.jsonl"
    strange.write_text(line(1).replace("2026-01-01", "9999-01-01"))
    result = json.loads(curfew("ledger", "ingest", "-j", "-l", ledger, strange, code=0).stdout)
    check(result["refused"] == 1, "a record from the year 9999 is refused and counted")
    missing = curfew("ledger", "ingest", "-l", ledger, top / "nothing.jsonl", code=4)
    check("nothing.jsonl" in missing.stderr, "a missing log is told")


def cut_files(top):
    log, ledger = top / "cut.jsonl", top / "cut.db"
    log.write_text("".join(line(i) for i in range(4000)))
    ingest(ledger, log)
    truth, size = digest(ledger), ledger.stat().st_size
    chance = random.Random(1)
    bad = 0
    for _ in range(12):
        with open(ledger, "r+b") as file:
            if chance.random() < 0.5:
                file.truncate(chance.randrange(1, size))
            else:
                file.seek(chance.randrange(100, size - 4096))
                file.write(os.urandom(4096))
        for suffix in ("-wal", "-shm"):
            pathlib.Path(f"{ledger}{suffix}").unlink(missing_ok=True)
        done = curfew("ledger", "ingest", "-l", ledger, log)
        if done.returncode != 0:
            bad += 1
            continue
        if digest(ledger) != truth and "damaged" in done.stderr:
            bad += 1
        if "damaged" not in done.stderr:  # damage that quick_check does not see, or free pages
            ledger.unlink()
            ingest(ledger, log)
    check(bad == 0, "a cut or overwritten ledger is set aside and made anew")
    aside = list(top.glob("cut.db.damaged-*"))
    check(len(aside) > 0, "what was damaged is kept")


def damaged_reading(top):
    """Reports of a file with random damage: an answer or an error, never a crash."""
    log, ledger, copy = top / "read.jsonl", top / "read.db", top / "bad.db"
    log.write_text("".join(line(i) for i in range(300)))
    ingest(ledger, log)
    whole, chance = ledger.read_bytes(), random.Random(7)
    codes = set()
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 5, 50))):
            data[chance.randrange(100, len(data))] = chance.randrange(256)
        copy.write_bytes(data)
        codes.add(curfew("report", "--json", "-l", copy).returncode)
    for sql in ("update rollup set sensor_id=99", "update rollup set endpoint_id=99999", "update rollup set day=-5",
                "update rollup set day=99999999999", "update rollup set kind_id=0", "update kind set kind_id=-3",
                "update rollup set first_us=-1", "update rollup set minutes=x'ffffff'", "delete from endpoint",
                "delete from sensor", "delete from rule", "update sensor set sensor_id=1000000000000"):
        copy.write_bytes(whole)
        with sqlite3.connect(copy) as db:
            db.execute(sql.replace("update ", "update or ignore "))
        db.close()
        codes.add(curfew("report", "--json", "-l", copy).returncode)
    check(codes <= {0, 3, 4}, "a damaged ledger gives an answer or an error, never a crash", codes)


def cut_wal(top):
    """What a power cut leaves: the database and a part of its WAL."""
    log, ledger = top / "wal.jsonl", top / "wal.db"
    lines = [line(i) for i in range(6000)]
    log.write_text("".join(lines))
    ingest(top / "walwhole.db", log)
    truth = digest(top / "walwhole.db")
    bad = 0
    for seed in range(8):
        for old in top.glob("wal.db*"):
            old.unlink()
        log.write_text("".join(lines[:2000]))
        ingest(ledger, log)
        log.write_text("".join(lines))
        child = subprocess.Popen([CURFEW, "ledger", "ingest", "-q", "-f", "-l", ledger, log])
        for _ in range(200):
            time.sleep(0.02)
            wal = pathlib.Path(f"{ledger}-wal")
            if wal.exists() and wal.stat().st_size > 0:
                break
        child.kill()
        child.wait()
        if wal.exists() and wal.stat().st_size > 0:
            with open(wal, "r+b") as file:
                file.truncate(random.Random(seed).randrange(wal.stat().st_size))
        ingest(ledger, log)
        bad += digest(ledger) != truth
    check(bad == 0, "a cut write-ahead log loses nothing", bad)


def two_at_once(top):
    log, ledger = top / "two.jsonl", top / "two.db"
    log.write_text("".join(line(i) for i in range(20000)))
    ingest(top / "twowhole.db", log)
    children = [subprocess.Popen([CURFEW, "ledger", "ingest", "-q", "-l", ledger, log], stderr=subprocess.PIPE,
                                 text=True) for _ in range(4)]
    said = [child.communicate(timeout=120)[1] for child in children]
    check(all(child.returncode == 0 for child in children), "four ingests at once all succeed", said)
    check(digest(ledger) == digest(top / "twowhole.db"), "and count once")
    holder = subprocess.Popen([CURFEW, "ledger", "ingest", "-q", "-f", "-l", ledger, log])
    time.sleep(0.5)
    done = curfew("ledger", "ingest", "--no-wait", "-l", ledger, log, code=4)
    check(done.stderr.count("\n") == 1 and "another curfew is writing" in done.stderr, "--no-wait says so", done.stderr)
    curfew("report", "-l", ledger, code=0)
    check(True, "reports are made while somebody writes")
    holder.terminate()
    check(holder.wait(timeout=300) == 0, "--follow ends in order")


def as_nobody(*args):
    """A command of somebody who may read, and write nowhere."""
    return subprocess.run([CURFEW, *map(str, args)], capture_output=True, text=True, timeout=120,
                          user=65534, group=65534, extra_groups=[])


def readers_without_rights(top):
    """Reports and digests of somebody who may not write in the ledger's folder, while it is written to."""
    if os.geteuid() != 0:
        print("skipped  readers without rights need root to lose them")
        return
    folder = top / "shared"
    folder.mkdir()
    top.chmod(0o711)
    log, ledger = top / "shared.jsonl", folder / "odd?name%20#1.db"
    lines = [line(i) for i in range(9000)]
    log.write_text("".join(lines[:3000]))
    ingest(ledger, log)
    for path in folder.iterdir():
        path.chmod(0o644)
    truths = [digest(ledger)]
    check(as_nobody("ledger", "digest", "-l", ledger).stdout.strip() == truths[0], "who may only read, reads")
    child = subprocess.Popen([CURFEW, "ledger", "ingest", "-q", "-f", "-l", ledger, log])
    bad = []
    try:
        for step in range(12):
            with open(log, "a") as file:
                file.write("".join(lines[3000 + 500 * step:3500 + 500 * step]))
            for kind in (("ledger", "digest"), ("report", "--json")):
                done = as_nobody(*kind, "-l", ledger)
                if done.returncode != 0 or "malformed" in done.stderr:
                    bad.append(done.stderr)
            time.sleep(0.2)
    finally:
        child.terminate()
        child.wait(timeout=60)
    check(not bad, "reports and digests of who may not write are right while somebody writes", bad)
    whole = top / "sharedwhole.db"
    ingest(ledger, log)
    ingest(whole, log)
    check(as_nobody("ledger", "digest", "-l", ledger).stdout.strip() == digest(whole), "and afterwards")
    # A copy with a write-ahead log and without its index: the whole truth or an error, never a part.
    holder = subprocess.Popen([sys.executable, "-c", "import sqlite3,sys,time; c=sqlite3.connect(sys.argv[1]);"
                               "c.execute('begin'); c.execute('select * from sensor').fetchall(); print(1, flush=True);"
                               "time.sleep(60)", ledger], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with open(log, "a") as file:
        file.write("".join(line(i, "other") for i in range(20000, 20100)))
    ingest(ledger, log)
    copies = top / "copies"
    copies.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{ledger}{suffix}", copies / f"copy.db{suffix}")
        (copies / f"copy.db{suffix}").chmod(0o644)
    holder.kill()
    holder.wait()
    check((copies / "copy.db-wal").stat().st_size > 0, "the copy has a write-ahead log")
    done = as_nobody("ledger", "digest", "-l", copies / "copy.db")
    check(done.returncode == 4 and "writable" in done.stderr or done.stdout.strip() == digest(ledger),
          "a copy with a write-ahead log is read whole or refused", done)


def rebuild(top):
    folder, ledger = top / "logs", top / "again.db"
    folder.mkdir()
    for part in range(3):
        (folder / f"hits.jsonl.{part}").write_text("".join(line(i, f"s{part}") for i in range(500)))
    ingest(ledger, folder)
    before = digest(ledger)
    host = json.loads(curfew("report", "--json", "-l", ledger, code=0).stdout)["tables"]["hosts"][0]
    curfew("ledger", "name", host["id"], "the boss's pc", "-l", ledger, code=0)
    curfew("ledger", "rebuild", "-l", ledger, code=0)
    check(digest(ledger) == before, "rebuild gives the same content")
    again = json.loads(curfew("report", "host", host["id"], "--json", "-l", ledger, code=0).stdout)
    check("the boss's pc" in again["title"], "names given by hand survive it")
    # As if the new one had refused a record more than the old one for want of room.
    with sqlite3.connect(ledger) as db:
        db.execute("INSERT INTO reject VALUES(x'00', 'too many hosts', -1)")
    db.close()
    held = digest(ledger)
    done = curfew("ledger", "rebuild", "-l", ledger, code=3)
    check("no room for 1 records" in done.stderr and digest(ledger) == held, "a rebuild that would lose records is refused",
          done.stderr)
    with sqlite3.connect(ledger) as db:
        db.execute("DELETE FROM reject WHERE n<0")
    db.close()
    (folder / "hits.jsonl.1").unlink()
    done = curfew("ledger", "rebuild", "-l", ledger, code=3)
    check("gone" in done.stderr and digest(ledger) == before, "a rebuild that would lose logs is refused", done.stderr)
    curfew("ledger", "rebuild", "--force", "-l", ledger, code=0)
    check(digest(ledger) != before, "unless forced")
    actions = pathlib.Path(f"{ledger}.actions")
    actions.write_text(actions.read_text().replace("boss", "toss"))
    done = curfew("report", "-l", ledger, code=3)
    check("does not follow" in done.stderr, "an edited record of actions is found", done.stderr)


def rebuild_without_paths(top):
    """A damaged ledger that lost where its logs are."""
    log, ledger, elsewhere = top / "lost.jsonl", top / "lost.db", top / "elsewhere"
    log.write_text(line(1))
    elsewhere.mkdir()
    ingest(ledger, log)
    before = digest(ledger)
    with sqlite3.connect(ledger) as db:
        db.execute("update file set path=''")
    db.close()
    done = subprocess.run([CURFEW, "ledger", "rebuild", "-l", ledger], cwd=elsewhere, capture_output=True, text=True,
                          timeout=120)
    check(done.returncode == 3 and digest(ledger) == before, "a ledger that lost where its logs are stays as it is",
          f"{done.returncode}: {done.stderr}")


def retention(top):
    log, ledger = top / "keep.jsonl", top / "keep.db"
    log.write_text("".join(line(i) for i in range(0, 20 * 1440, 3)))
    curfew("ledger", "ingest", "-l", ledger, "--keep", 5, log, code=0)
    days = json.loads(curfew("report", "progress", "--json", "-l", ledger, code=0).stdout)["tables"]["days"]
    check([row["day"] for row in days] == [f"2026-01-{d:02}" for d in range(16, 21)], "--keep keeps the newest days", days)
    check(json.loads(curfew("ledger", "ingest", "-j", "-l", ledger, log, code=0).stdout)["records"] == 0,
          "what was forgotten is not taken again")


def own_disk(top, size):
    disk = top / f"disk{size}"
    disk.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
                                           capture_output=True).returncode != 0:
        print("skipped  file systems of their own need root")
        return None
    return disk


def full_disk(top):
    disk = own_disk(top, "300k")
    if disk is None:
        return
    try:
        log = top / "full.jsonl"
        log.write_text("".join(line(i).replace("10.0.", f"10.{i % 200}.") for i in range(20000)))
        done = curfew("ledger", "ingest", "-l", disk / "full.db", log, code=4)
        check(done.stderr.count("\n") == 1 and "full" in done.stderr, "a full disk gives one clear line", done.stderr)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        ingest(disk / "full.db", log)
        ingest(top / "fullwhole.db", log)
        check(digest(disk / "full.db") == digest(top / "fullwhole.db"), "and with room again nothing is lost")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        done = curfew("ledger", "ingest", "-l", disk / "full.db", log, code=4)
        check(done.stderr.count("\n") == 1 and "Read-only" in done.stderr, "a read-only disk gives one clear line",
              done.stderr)
        curfew("report", "-l", disk / "full.db", code=0)
        check(True, "and reports are made from it all the same")
    finally:
        subprocess.run(["umount", disk], check=False)


def other_files(top):
    alien, newer = top / "alien.db", top / "newer.db"
    subprocess.run([sys.executable, "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
                    "c.execute('create table t(x)'); c.commit()", alien], check=True)
    done = curfew("ledger", "ingest", "-l", alien, "/dev/null", code=3)
    check("another program" in done.stderr, "a file of another program is left alone", done.stderr)
    ingest(newer, "/dev/null")
    subprocess.run([sys.executable, "-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
                    "c.execute('pragma user_version=99'); c.commit()", newer], check=True)
    done = curfew("ledger", "ingest", "-l", newer, "/dev/null", code=3)
    check("newer curfew" in done.stderr, "a ledger of a newer version is left alone", done.stderr)
    done = curfew("report", "-l", top / "nowhere.db", code=4)
    check("ingest" in done.stderr, "without a ledger it says how to make one", done.stderr)


def wrong_name(top):
    log = top / "precious.jsonl"
    log.write_text(line(1))
    for command in ("ingest", "rebuild"):
        done = curfew("ledger", command, "-l", log, log, code=3)
        check("is not a ledger" in done.stderr and log.read_text() == line(1),
              f"{command} leaves a file alone that was never a ledger", done.stderr)
    check([f.name for f in top.glob("precious*")] == ["precious.jsonl"], "and leaves nothing beside it")


def main():
    top = pathlib.Path(tempfile.mkdtemp(prefix="curfew-robust-"))
    try:
        for part in (exactly_once, folders, odd_lines, cut_files, damaged_reading, cut_wal, two_at_once, readers_without_rights, rebuild,
                     rebuild_without_paths, retention, full_disk, other_files, wrong_name):
            part(top)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    sys.exit(1 if failures else 0)


main()

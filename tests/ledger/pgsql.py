"""A ledger in PostgreSQL says what the same logs say in SQLite: digest, dump, reports; whatever is killed, full or done by hand.

usage: pgsql.py CURFEW MAKE_WORLD TEST_SHIPPED. CURFEW_TEST_FULL=yes kills more often. Skips (77) without a server or as who cannot start one.
One file: a server and two worlds are made once, and all questions are asked of them."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import postgres

CURFEW, MAKE_WORLD, TEST_SHIPPED = sys.argv[1:4]
FULL = os.environ.get("CURFEW_TEST_FULL") == "yes"
REPORTS = [["hosts"], ["coverage"], ["progress"], ["escapes"], ["exceptions"], ["host", "00:1b:21:00:00:04"]]
failures = 0


def check(good, what, more=""):
    global failures
    print(("ok   " if good else "FAIL ") + what + ("" if good else f": {more}"))
    failures += not good


def run(*words, ledger, status=0):
    got = subprocess.run([CURFEW, *words, "--ledger", ledger], capture_output=True, check=False, timeout=600)
    if status is not None and got.returncode != status:
        check(False, " ".join(words), f"exit {got.returncode}, {got.stderr.decode()[-400:]}")
    return got


def digest(ledger):
    return run("ledger", "digest", ledger=ledger).stdout.decode().strip()


def said(ledger):
    """All that is said of a ledger, but for the instant at which it is."""
    texts = {"dump": run("ledger", "dump", ledger=ledger).stdout}
    for report in REPORTS:
        for form in ([], ["--json"], ["--csv"], ["--html"]):
            texts[" ".join(report + form)] = run("report", *report, *form, ledger=ledger).stdout
    texts["export"] = run("export", "--prometheus", ledger=ledger).stdout
    return {name: re.sub(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"INSTANT", text) if b"made" in text else text
            for name, text in texts.items()}


def the_same_is_said(world, sqlite, server):
    logs = [f"{world}/s0", f"{world}/s1"]
    run("ledger", "ingest", *logs, ledger=sqlite)
    run("ledger", "ingest", *reversed(logs), ledger=server.url())
    for ledger in (sqlite, server.url()):
        run("ledger", "site", "sensor0", "north", ledger=ledger)
        run("ledger", "name", "00:1b:21:00:00:04", "a desk", ledger=ledger)
    file, there = said(sqlite), said(server.url())
    differing = [name for name in file if file[name] != there[name]]
    check(not differing and file["dump"].count(b"\n") > 1000, "dump and every report are the same bytes",
          f"{differing} of {len(file)}")
    again = run("ledger", "ingest", *logs, ledger=server.url()).stdout
    check(b"0 records taken" in again, "logs that were read are not read again", again)
    run("ledger", "rebuild", ledger=server.url())
    check(digest(server.url()) == digest(sqlite), "a rebuild gives the same content")
    actions = run("ledger", "actions", "--json", ledger=server.url()).stdout
    check(b"a desk" in actions and actions.count(b"sensor0") >= 1, "and keeps what people said", actions)
    for ledger in (sqlite, server.url()):
        run("ledger", "ingest", "--keep", "4", logs[0], ledger=ledger)
    check(digest(server.url()) == digest(sqlite), "days that are forgotten are the same")
    weeks = int(server.sql("SELECT count(*) FROM pg_inherits JOIN pg_class c ON c.oid=inhparent WHERE c.relname='rollup'"))
    check(weeks in (1, 2), "and their weeks' partitions are gone", weeks)


def killed_at_any_moment(world, expected, server, kills):
    schema, random_us = server.url("killed"), random.Random(7)
    ended = killed = 0
    while killed < kills or not ended:
        ingest = subprocess.Popen([CURFEW, "ledger", "ingest", f"{world}/s0", f"{world}/s1", "--ledger", schema],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random_us.uniform(0.02, 1.0))
        if killed < kills:
            killed += 1
            if killed % 2:
                server.kill()
                ingest.wait(120)
                server.start()
            else:
                ingest.kill()
        ended = ingest.wait(300) == 0
    check(digest(schema) == expected, f"{killed} kill -9 of the server and of ingest: nothing lost, nothing twice")


def a_full_disk(world, expected):
    """The server's files in a small tmpfs; a stranger's file takes the room, and gives it back."""
    disk = tempfile.mkdtemp(prefix="cfpg-disk-", dir="/tmp")
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], check=False,
                                           stderr=subprocess.DEVNULL).returncode != 0:
        print("skip a full disk: it takes root and mount")
        os.rmdir(disk)
        return
    server = None
    try:
        server = postgres.Postgres(data=f"{disk}/data", options=["max_wal_size='32MB'", "min_wal_size='32MB'"])
        run("ledger", "ingest", f"{world}/s0/wild.jsonl", ledger=server.url())
        filler = f"{disk}/filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
                    file.flush()
            except OSError:
                pass
        full = run("ledger", "ingest", f"{world}/s0", f"{world}/s1", ledger=server.url(), status=None)
        check(full.returncode == 4 and b"ledger" in full.stderr, "on a full disk ingest says so and ends",
              f"{full.returncode} {full.stderr}")
        os.unlink(filler)
        if server.process.poll() is not None:  # PANIC: no room for the log
            server.start()
        for _ in range(50):
            if run("ledger", "ingest", f"{world}/s0", f"{world}/s1", ledger=server.url(), status=None).returncode == 0:
                break
            time.sleep(0.2)
        check(digest(server.url()) == expected, "when there is room again all of it is there, once")
    finally:
        if server is not None:
            server.close()
        subprocess.run(["umount", disk], check=False)
        shutil.rmtree(disk, ignore_errors=True)


def refusals(server):
    got = run("ledger", "digest", ledger="postgresql://me:hunter2@nowhere/db", status=None)
    check(got.returncode != 0 and b"PGPASSFILE" in got.stderr and b"hunter2" not in got.stderr,
          "a password in an address is refused and not repeated", got.stderr)
    got = run("report", "hosts", ledger=server.url("nothing_here"), status=None)
    check(got.returncode != 0 and b"ledger ingest" in got.stderr, "without a ledger it says how one is made", got.stderr)
    got = run("report", "hosts", ledger="postgresql:///x?host=/nowhere/at/all", status=None)
    check(got.returncode == 4 and got.stderr.count(b"\n") == 1, "without a server it says so in a line", got.stderr)
    server.sql("CREATE SCHEMA strange; CREATE TABLE strange.meta(a INTEGER)")
    got = run("ledger", "ingest", "/dev/null", ledger=server.url("strange"), status=None)
    check(got.returncode == 3 and b"another program" in got.stderr, "another program's schema is left alone", got.stderr)


def two_write_at_once(world, sqlite, server):
    """Each waits for the other; the content is that of both."""
    schema = server.url("two")
    run("ledger", "ingest", "/dev/null", ledger=schema)
    threads = [threading.Thread(target=run, args=("ledger", "ingest", f"{world}/s{i % 2}"), kwargs={"ledger": schema})
               for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(digest(schema) == digest(sqlite), "four that read logs at once: the content is the same")


def main():
    why = postgres.available()
    if why is not None:
        print(f"skipped: {why}")
        return 77
    with tempfile.TemporaryDirectory(prefix="curfew-pgsql-") as folder:
        world, sqlite = f"{folder}/w", f"{folder}/a.db"
        os.mkdir(world)
        subprocess.run([MAKE_WORLD, world, "6", "2", "60", "16"], check=True)
        whole = f"{folder}/whole.db"
        run("ledger", "ingest", f"{world}/s0", f"{world}/s1", ledger=whole)
        server = postgres.Postgres()
        try:
            the_same_is_said(world, sqlite, server)
            refusals(server)
            two_write_at_once(world, whole, server)
            shipped = subprocess.run([TEST_SHIPPED], env={**os.environ, "CF_LEDGER_SERVER": server.url()}, check=False,
                                     capture_output=True)
            check(shipped.returncode == 0, "what is shipped is taken exactly once", shipped.stderr[-600:])
            killed_at_any_moment(world, digest(whole), server, 40 if FULL else 8)
        finally:
            server.close()
        a_full_disk(world, digest(whole))
    return 1 if failures else 0


sys.exit(main())

"""Log and ledger: records queued, written, parsed, ingested, reported; bytes a record and a host and day."""
import json
import os
import subprocess

import measure
import servers
from result import Result

STEPS = ("producer_ns_per_hit", "folded_ns_per_hit", "written_ns_per_hit", "parse_ns_per_line")


def one_round(bench, where):
    """The figures of one bench-log, its log taken into a new ledger and reported."""
    for name in os.listdir(where):
        os.unlink(os.path.join(where, name))
    scale = bench.scale
    command = ["taskset", "-c", str(servers.SERVER_CORE), bench.program("bench-log"), "-n", str(scale.hits), "-c",
               str(scale.clients), "-d", where, "-k"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode != 0:
        raise RuntimeError("bench-log: " + done.stderr.strip()[-300:])
    data = json.loads(done.stdout)
    path, ledger = os.path.join(where, "bench-log.jsonl"), os.path.join(where, "ledger.db")
    data["log_lines"] = sum(1 for _ in open(path, "rb"))
    data["log_bytes"] = os.path.getsize(path)
    curfew, core = bench.tools["curfew"], servers.SERVER_CORE
    ingest = [curfew, "ledger", "ingest", "--ledger", ledger, path]
    data["ingest_s"], data["ingest_kib"] = measure.timed(ingest, core)
    data["again_s"], _ = measure.timed(ingest, core)
    data["report_s"], data["report_kib"] = measure.timed([curfew, "report", "--ledger", ledger], core)
    data["ledger_bytes"] = sum(os.path.getsize(os.path.join(where, n)) for n in os.listdir(where)
                               if n.startswith("ledger.db"))
    return data


def run(bench):
    result = Result()
    where = os.path.join(bench.folder, "log")
    os.makedirs(where, exist_ok=True)
    noise = measure.Noise()
    rounds = []
    for i in range(min(bench.rounds, 3)):
        bench.progress(f"round {i + 1}")
        noise.round()
        try:
            rounds.append(one_round(bench, where))
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail("log and ledger", error)
            break
    scale = bench.scale
    table = result.table(f"Log and ledger, CPU time on one core: {scale.hits} hits of {scale.clients} clients on 50 entries in "
                         "one day, a quarter of them as lines for the ledger; median of the rounds [smallest-largest]",
                         ["step", "cost", "rate", "size"])
    if rounds:
        add_rows(table, rounds, scale.clients)
        result.data["rounds"] = rounds
    for name, why in result.failed.items():
        table.fail(name, why)
    table.notes.append(measure.noise_text(noise.report(0)))
    return result


def mib(kib):
    return f"RSS {kib // 1024} MiB" if kib else "-"


def add_rows(table, rounds, clients):
    last = rounds[-1]
    lines = last["log_lines"]

    def cost(value, unit):
        values = [value(r) for r in rounds]
        median, low, high = measure.spread(values)
        mark = " !" if measure.noisy(values) else ""
        return f"{median:.0f} [{low:.0f}-{high:.0f}]{mark} ns a {unit}", f"{1e9 / median:,.0f}/s"
    for step, field, unit, size in (
            ("producer: pack and queue", "producer_ns_per_hit", "hit", f"{last['packed_bytes_per_hit']:.0f} bytes a hit"),
            ("writer, folding", "folded_ns_per_hit", "hit", f"{last['folded_bytes_per_line']:.0f} bytes a line"),
            ("writer, every hit a line", "written_ns_per_hit", "hit", f"{last['written_bytes_per_line']:.0f} bytes a line"),
            ("writer, a minute's seal", "seal_ns", "seal", ""),
            ("the same, signed", "signed_seal_ns", "seal", f"{last['signing_percent_of_a_busy_writer']:.5f} % of a busy writer"),
            ("reader: parse", "parse_ns_per_line", "line", "")):
        table.rows.append([step, *cost(lambda r, f=field: r[f], unit), size])
    table.rows.append(["ledger ingest", *cost(lambda r: r["ingest_s"] * 1e9 / r["log_lines"], "line"), mib(last["ingest_kib"])])
    again = measure.spread([r["again_s"] for r in rounds])[0]
    report = measure.spread([r["report_s"] for r in rounds])[0]
    folded = last["folded_lines"] * last["folded_bytes_per_line"]
    table.rows += [["the same log again", f"{again * 1000:.0f} ms", "", ""],
                   [f"report of {clients} hosts", f"{report * 1000:.0f} ms", "", mib(last["report_kib"])],
                   ["log of a day, folded", "", "", f"{folded / clients:,.0f} bytes a host"],
                   ["log of a day, every hit", "", "", f"{last['log_bytes'] / clients:,.0f} bytes a host, "
                    f"{last['log_bytes'] / lines:.0f} a line"],
                   ["ledger of a day", "", "", f"{last['ledger_bytes'] / clients:,.0f} bytes a host, "
                    f"{last['ledger_bytes'] / lines:.1f} a line"]]

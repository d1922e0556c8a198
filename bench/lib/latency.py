"""p50, p99 and p99.9 with one query outstanding."""
import subprocess

import measure
import names as lists
import questions
import servers
from result import Result

FIELDS = ("p50_us", "p99_us", "p999_us")


def run(bench):
    result = Result()
    numbers = [s for s in bench.sizes if s != "vendor"]
    size = numbers[-1] if numbers else bench.scale.latency_size
    listed = lists.read(lists.cached(bench.folder, size, 1))
    mixes = questions.Mixes(bench, listed, bench.scale.asked_names)
    classes = [servers.Unbound] + [c for c in servers.ALL if c not in (servers.Unbound, servers.CurfewVendor)
                                   and c.base == servers.Unbound.name and bench.wants(c.name)]
    running, got = {}, {}
    with questions.Stub(bench):
        try:
            running = questions.start_all(bench, classes, listed, result)
            got = {name: {"clean": [], "blocked": []} for name in running}
            noise = measure.Noise()
            servers_before = sum(measure.cpu_ns(s.pids()) for s in running.values())
            for i in range(-1, bench.rounds):
                if i >= 0:
                    noise.round()
                for name in measure.turns(list(running), i):
                    bench.progress(f"round {i + 1} of {bench.rounds}, {name}")
                    if name not in result.failed:
                        one_turn(bench, running[name], mixes, i, got[name], result)
            report = noise.report(sum(measure.cpu_ns(s.pids()) for s in running.values() if s.alive()) - servers_before)
        finally:
            questions.stop_all(running)
    table = result.table(f"Latency with one query outstanding, {size} names: microseconds, median of the rounds "
                         "[smallest-largest]", ["contestant", "mix", "p50", "p99", "p99.9", "lost", "SERVFAIL", "wrong"])
    for name, server in running.items():
        for mix in ("clean", "blocked") if server.blocks else ("clean",):
            if name not in result.failed:
                add_row(result, table, server, mix, got[name][mix])
    for name, why in result.failed.items():
        table.fail(name, why)
    table.notes.append(measure.noise_text(report))
    result.data["noise"] = report
    return result


def one_turn(bench, server, mixes, i, got, result):
    """Round -1 fills the caches."""
    try:
        if i < 0:
            questions.warm(bench, server, mixes)
            return
        for mix in ("clean", "blocked") if server.blocks else ("clean",):
            got[mix].append(questions.load(bench, server.port, mixes.path(mix), "-w", "1", "-n",
                                           str(bench.scale.latency_queries), "-t", str(bench.scale.latency_s)))
            if got[mix][-1]["received"] == 0:
                raise RuntimeError(f"no answer ({mix})")
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        result.fail(server.name, error)


def add_row(result, table, server, mix, loads):
    row = [server.name, mix]
    for field in FIELDS:
        median, low, high = measure.spread([r[field] for r in loads])
        row.append(f"{median:.0f} [{low:.0f}-{high:.0f}]" + (" !" if measure.noisy([r[field] for r in loads]) else ""))
    lost = sum(r["lost"] for r in loads)
    servfail = sum(questions.servfails(r) for r in loads)
    wrong = sum(questions.wrong_answers(server, mix, r) for r in loads)
    table.rows.append(row + [lost, servfail, wrong])
    result.data.setdefault(server.name, {})[mix] = {"loads": loads, "lost": lost, "servfail": servfail, "wrong": wrong}
    if wrong > 0:
        result.wrong.append(f"latency: {server.name}: {wrong} wrong answers ({mix})")

"""Server CPU per query: cached clean, blocked, 99/1 and miss, each set against the plain server of the same round."""
import subprocess

import measure
import names as lists
import questions
import servers
from result import Result

PLAIN = "unbound"


def contestants(bench, size, result):
    """Of a list; the plain servers are always there, because everything is set against one of them."""
    own = ([servers.CurfewVendor, servers.UnboundTwo, servers.CurfewVendorTwo] if size == "vendor"
           else [servers.Curfew, servers.CurfewQuiet, servers.UnboundTwo, servers.CurfewTwo])
    everybody = [servers.Unbound, *own, servers.UnboundRpz, servers.UnboundRpzLog, servers.UnboundLocal,
                 servers.UnboundPython, servers.Bind, servers.PowerDns, servers.Knot, servers.Dnsmasq]
    out = bench.scale.left_out.get(size, [])
    for cls in everybody:
        if cls.name in out and not bench.only:
            result.skipped[f"{cls.name}, {size} names"] = f"left out by --{bench.scale.name}"
    # Whatever is wanted brings the plain server that it is set against.
    wanted = {c.name for c in everybody if c is servers.Unbound or bench.wants(c.name, c.name in out)}
    bases = {c.base for c in everybody if c.name in wanted}
    return [c for c in everybody if c.name in wanted | bases]


def one_load(bench, server, mixes, mix):
    """(CPU microseconds a query, what the generator saw)."""
    if mix == "blocked" and not server.blocks:
        mix = "clean"  # the plain server's turn in this round is what a blocked answer is set against
    before = measure.cpu_ns(server.pids())
    got = questions.load(bench, server.port, mixes.path(mix), "-w", "100", "-t", str(bench.seconds), *mixes.most(mix))
    if got["received"] == 0:
        raise RuntimeError(f"no answer to any of {got['sent']} questions ({mix})")
    return (measure.cpu_ns(server.pids()) - before) / 1000 / got["received"], got


def turns_around_plain(names, i):
    """The plain server first and last: the mean of both is in the middle of what is set against it."""
    others = measure.turns([n for n in names if n != PLAIN], i)
    return [PLAIN, *others, PLAIN] if PLAIN in names else others


def add_found(found_in_rounds, i, found):
    """The second figure of a round is averaged with the first; a failed one leaves None."""
    if len(found_in_rounds) <= i:
        found_in_rounds.append(found)
        return
    (first_cpu, first), (cpu, got) = found_in_rounds[i], found
    if first_cpu is None or cpu is None:
        found_in_rounds[i] = (None, None)
        return
    both = dict(got, rcodes={code: first["rcodes"].get(code, 0) + got["rcodes"].get(code, 0)
                             for code in set(first["rcodes"]) | set(got["rcodes"])},
                **{field: first[field] + got[field] for field in ("sent", "received", "lost")})
    found_in_rounds[i] = ((first_cpu + cpu) / 2, both)


def run_rounds(bench, running, mixes, result, mark):
    """cells[mix][name] = one (cpu, got) a round, None where it failed; and the noise meanwhile."""
    cells = {mix: {name: [] for name in running} for mix in questions.MIXES}
    noise = measure.Noise()
    servers_before = sum(measure.cpu_ns(s.pids()) for s in running.values())
    for i in range(bench.rounds):
        noise.round()
        for mix in questions.MIXES:
            bench.progress(f"round {i + 1} of {bench.rounds}, {mix}{mark}")
            for name in turns_around_plain(list(running), i):
                if name + mark in result.failed:
                    continue
                try:
                    found = one_load(bench, running[name], mixes, mix)
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    alive = running[name].alive()
                    result.fail(name + mark, error if alive else f"died: {running[name].last_words()}")
                    found = (None, None)
                add_found(cells[mix][name], i, found)
    report = noise.report(sum(measure.cpu_ns(s.pids()) for s in running.values() if s.alive()) - servers_before)
    return cells, report


def cell(values, base):
    """Median microseconds, median ratio, its spread; and the figures for the data."""
    kept = [v for v in values if v is not None]
    median, low, high = measure.spread(kept)
    data = {"cpu_us": kept, "cpu_us_median": median}
    found = measure.ratios(values, base)
    if not found:
        return f"{median:.2f}", data
    middle, low, high = measure.spread(found)
    data.update({"ratios": found, "ratio_median": middle})
    mark = " !" if measure.noisy(found) else ""
    return f"{median:.2f} x{middle:.2f} [{low:.2f}-{high:.2f}]{mark}", data


def add_table(result, size, cells, running, noise, mark):
    table = result.table(
        f"Server CPU per query, {size} names: microseconds, ratio to the same Unbound with as many threads and no list (median of the rounds' "
        "own ratios; blocked is set against its cached clean answer, the others against the same mix), [smallest-largest ratio]",
        ["contestant", "version", "cached clean", "blocked", "99/1", "miss", "lost", "SERVFAIL", "wrong"])
    data = {"noise": noise}
    for name, server in running.items():
        if name + mark in result.failed:
            table.fail(name, result.failed[name + mark])
            continue
        row, data[name], lost, servfail, wrong, answered = [name, server.version()], {}, 0, 0, 0, 0
        for mix in questions.MIXES:
            text, figures = cell([c for c, _ in cells[mix][name]],
                                 [c for c, _ in cells[mix].get(server.base, [])])
            loads = [got for _, got in cells[mix][name]]
            lost += sum(got["lost"] for got in loads)
            answered += sum(got["received"] for got in loads)
            servfail += sum(questions.servfails(got) for got in loads)
            wrong += sum(questions.wrong_answers(server, mix, got) for got in loads)
            data[name][mix] = figures
            row.append(text if server.blocks or mix != "blocked" else "-")
        data[name].update({"lost": lost, "servfail": servfail, "wrong": wrong, "answered": answered, "version": server.version()})
        table.rows.append(row + [lost, servfail, wrong])
        if wrong > 0:
            result.wrong.append(f"module: {name}{mark}: {wrong} of {answered} answers are not what the list demands")
    table.notes.append(measure.noise_text(noise))
    return data


def run(bench):
    result = Result()
    with questions.Stub(bench):
        for size in bench.sizes or bench.scale.sizes:
            mark = f", {size} names"
            listed = questions.VENDOR_NAMES if size == "vendor" else lists.read(lists.cached(bench.folder, size, 1))
            mixes = questions.Mixes(bench, listed, bench.scale.asked_names)
            running = {}
            try:
                running = questions.start_all(bench, contestants(bench, size, result), listed, result, mark)
                not_started = {n: why for n, why in result.failed.items() if n.endswith(mark)}
                for name, server in list(running.items()):
                    try:
                        bench.progress(f"warming {name}{mark}")
                        questions.warm(bench, server, mixes)
                    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                        result.fail(name + mark, error)
                        not_started[name + mark] = result.failed[name + mark]
                        running.pop(name).stop()
                if running:
                    cells, noise = run_rounds(bench, running, mixes, result, mark)
                    result.data[str(size)] = add_table(result, size, cells, running, noise, mark)
                    for name, why in not_started.items():
                        result.tables[-1].fail(name.removesuffix(mark), why)
            finally:
                questions.stop_all(running)
    return result

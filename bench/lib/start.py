"""Start to the first right answer, and memory per name."""
import statistics
import subprocess
import time

import measure
import names as lists
import questions
import servers
from result import Result


def blocked_after(server, listed_name, timeout):
    """Seconds from exec until the listed name gets its blocking rcode."""
    began = time.monotonic()
    server.start(probe=listed_name, timeout=timeout)
    while servers.ask(server.port, listed_name) != server.blocked_rcode:
        if time.monotonic() - began > timeout or not server.alive():
            raise RuntimeError(f"never blocked the listed name '{listed_name}'")
        time.sleep(0.002)
    return time.monotonic() - began


def one_size(bench, cls, size):
    """{seconds, rss_kib, peak_kib} of a list of size names; short starts up to three times."""
    server = questions.new_server(bench, cls)
    listed = lists.read(lists.cached(bench.folder, size, 1)) if size else ["nothing.example"]
    server.files(listed)
    seconds = []
    try:
        while not seconds or (len(seconds) < 3 and sum(seconds) < bench.scale.start_repeat_s):
            server.stop()
            seconds.append(blocked_after(server, listed[-1], bench.scale.start_timeout_s))
            found = {"rss_kib": measure.memory_kib(server.pids()), "peak_kib": measure.memory_kib(server.pids(), "VmHWM")}
    finally:
        server.stop()
    return dict(found, seconds=statistics.median(seconds), starts=seconds)


def add_sizes(bench, cls, sizes, result, table):
    """Rows of one contestant; the memory of a list of one name is taken off."""
    base_kib = None
    for size in [0] + sizes:
        bench.progress(f"{cls.name}, {size} names")
        try:
            found = one_size(bench, cls, size)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(f"{cls.name}, {size} names", error)
            table.fail(f"{cls.name}, {size} names", error)
            continue
        if size == 0:
            base_kib = found["rss_kib"]
            continue
        per_name = (found["rss_kib"] - base_kib) * 1024 / size if base_kib else None
        found["bytes_per_name"] = per_name
        if found["rss_kib"] == 0 or found["peak_kib"] == 0:
            result.wrong.append(f"start: {cls.name}: its memory could not be read")
        result.data[f"{cls.name} {size}"] = found
        add_row(table, cls.name, size, found, result.data.get(f"curfew {size}"))


def add_row(table, name, size, found, curfew):
    """Seconds and bytes stand beside curfew's, where it got that far."""
    seconds = f"{found['seconds']:.3f}"
    if curfew and found is not curfew:
        seconds += f" (x{found['seconds'] / curfew['seconds']:.1f})"
    # Below this, what a name takes drowns in the pages of the process.
    shown = "-"
    if found["bytes_per_name"] is not None and size >= 10000:
        shown = f"{found['bytes_per_name']:.0f}"
        if curfew and curfew["bytes_per_name"] and found is not curfew:
            shown += f" (x{found['bytes_per_name'] / curfew['bytes_per_name']:.1f})"
    table.rows.append([name, size, seconds, len(found["starts"]), f"{found['rss_kib'] / 1024:.1f}",
                       f"{found['peak_kib'] / 1024:.1f}", shown])


def run(bench):
    result = Result()
    sizes = [s for s in bench.sizes if s != "vendor"] or bench.scale.start_sizes
    table = result.table("Start to the first right answer (blocked name of the list), memory; list already in its own file "
                         "format; in brackets: times curfew's", ["contestant", "names", "seconds", "starts", "RSS MiB",
                                                                         "peak MiB", "bytes a name"])
    noise = measure.Noise()
    noise.round()
    with questions.Stub(bench):
        for cls in questions.each_alone(bench, result):
            own = list(sizes)
            if cls is servers.Curfew and bench.scale.start_large and not bench.sizes:
                own.append(bench.scale.start_large)
            add_sizes(bench, cls, own, result, table)
    if bench.scale.start_large and not bench.sizes:
        table.notes.append(f"{bench.scale.start_large} names: curfew alone; the others would take minutes and gigabytes.")
    table.notes.append(f"Load average before: {noise.loads[0]:.1f}. Starts: the median of so many.")
    return result

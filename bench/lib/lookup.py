"""Time of a look-up against the memory-latency floor of the same run, compile time, image size."""
import os
import subprocess

import measure
import names as lists
import questions
import servers
from result import Result

FIELDS = ("names", "add_s", "write_s", "open_s", "open_wall_s", "image_mb", "bytes_per_name", "clean_ns", "listed_ns", "miss_ns",
          "clean_to_miss", "addr_ns")


def one_round(bench, size):
    """The figures of one run of bench/lookup at one size."""
    program = bench.program("lookup")
    env = dict(os.environ, TMPDIR=bench.folder)
    done = subprocess.run(["taskset", "-c", str(servers.SERVER_CORE), program, str(size)], capture_output=True, text=True,
                          timeout=600, check=False, env=env)
    if done.returncode != 0:
        raise RuntimeError("lookup: " + done.stderr.strip()[-300:])
    values = done.stdout.strip().split("\n")[-1].split()
    if len(values) != len(FIELDS):
        raise RuntimeError(f"lookup: expected {len(FIELDS)} figures, got {len(values)}")
    return dict(zip(FIELDS, map(float, values)))


def add_lookups(bench, result):
    table = result.table("Look-up: CPU time of one decision in an image of its own; floor: one dependent cache miss in a table "
                         "of that size, in the same run", ["names", "clean ns", "listed ns", "floor ns", "clean to floor",
                                                        "address ns", "open ms"])
    sizes = [s for s in bench.sizes if s != "vendor"] or bench.scale.lookup_sizes
    got = {size: [] for size in sizes}
    noise = measure.Noise()
    for i in range(bench.rounds):
        noise.round()
        for size in measure.turns(sizes, i):
            if size >= 5000000 and i > 0:
                continue  # half a minute each
            bench.progress(f"look-up, round {i + 1}, {size} names")
            try:
                got[size].append(one_round(bench, size))
            except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                result.fail(f"lookup {size}", error)
    for size, found in got.items():
        if not found:
            table.fail(str(size), result.failed[f"lookup {size}"])
            continue
        row = [size]
        for field in ("clean_ns", "listed_ns", "miss_ns", "clean_to_miss", "addr_ns"):
            values = [f[field] for f in found]
            median, low, high = measure.spread(values)
            digits = 2 if field == "clean_to_miss" else 0
            row.append(f"{median:.{digits}f} [{low:.{digits}f}-{high:.{digits}f}]" + (" !" if measure.noisy(values) else ""))
        open_ms = measure.spread([f["open_wall_s"] for f in found])[0] * 1000
        table.rows.append(row + [f"{open_ms:.0f}"])
        result.data[str(size)] = found
    table.notes.append("Below a hundred thousand names everything is in the processor's caches, and the floor says nothing. "
                       + measure.noise_text(noise.report(0)))


def add_compiles(bench, result):
    """What a user waits for: the pack as text in, the image on disk."""
    table = result.table("Compiling, `curfew apply` of a pack of so many names: CPU time, peak memory, size of the image",
                         ["names", "seconds", "us a name", "peak MiB", "image MB", "bytes a name, its text left out"])
    result.data["compile"] = {}
    for size in [s for s in bench.sizes if s != "vendor"] or bench.scale.compile_sizes:
        bench.progress(f"compile, {size} names")
        listed = lists.read(lists.cached(bench.folder, size, 1))
        server = questions.new_server(bench, servers.Curfew)
        try:
            server.compile(listed)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            result.fail(f"compile {size}", error)
            table.fail(str(size), error)
            continue
        image = os.path.getsize(server.path("image"))
        own = (image - sum(len(n) + 2 for n in listed)) / size
        peak = server.builder_peak_kib
        table.rows.append([size, f"{server.compile_cpu_s:.3f}", f"{server.compile_cpu_s * 1e6 / size:.1f}",
                           f"{peak / 1024:.0f}" if peak else "-", f"{image / 1e6:.2f}", f"{own:.1f}"])
        result.data["compile"][str(size)] = {"cpu_s": server.compile_cpu_s, "peak_kib": peak, "image_bytes": image,
                                             "bytes_per_name": own}


def run(bench):
    result = Result()
    add_lookups(bench, result)
    add_compiles(bench, result)
    return result

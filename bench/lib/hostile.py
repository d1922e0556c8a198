"""What packets made to be costly cost beside ordinary ones: per packet, and whether that grows with a message's length."""
import os
import struct
import subprocess

import captures
import measure
import shapes
from result import Result
from servers import SERVER_CORE

GOAL = 10  # times an ordinary packet


def write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for n, frame in enumerate(frames):
            out.write(struct.pack("<IIII", 1727600000 + n // 100000, n % 100000 * 10, len(frame), len(frame)) + frame)


class Costs:
    """Of captures of so many frames: by the decoder, reading taken off, and by the whole monitor, its start taken off."""

    def __init__(self, bench):
        self.bench = bench
        self.path = os.path.join(bench.folder, "hostile.pcap")
        self.image = os.path.join(bench.folder, "hostile.img")
        subprocess.run([bench.tools["curfew"], "apply", "--yes", "--image", self.image], check=True,
                       stdout=subprocess.DEVNULL)
        write(self.path, [])
        self.start_s = min(self.monitor_s() for _ in range(3))

    def monitor_s(self):
        command = [self.bench.tools["curfew"], "monitor", "-r", self.path, "--image", self.image, "--hits", "/dev/null"]
        return measure.timed(command, SERVER_CORE)[0]

    def decode_ns(self, path):
        found = measure.run_json(["taskset", "-c", str(SERVER_CORE), self.bench.program("decodeloop"), path, "3"], 600)
        return max(found["decode_ns"] - found["read_ns"], 0.1)

    def of(self, name, frames):
        """(decoding, the monitor), both in nanoseconds a frame; the better of some runs each."""
        write(self.path, frames)
        decode = self.decode_ns(self.path)
        whole = min(self.monitor_s() for _ in range(2)) - self.start_s
        self.bench.progress(name)
        return decode, max(whole * 1e9 / len(frames), 0.1)

    def done(self):
        for path in (self.path, self.image):
            os.unlink(path)


def size_of(frames):
    return sum(map(len, frames)) / len(frames)


def run(bench):
    result = Result()
    count = min(bench.scale.packets, 40000)
    costs = Costs(bench)
    frames = shapes.ordinary(count)
    plain, plain_whole = costs.of("ordinary", frames)
    table = result.table(
        f"{count} packets of each shape (some: a half to an eighth), beside ordinary ones (full segments, acknowledgements, "
        f"datagrams). Decoding, reading taken off; the whole monitor, its start taken off. Growth: decoding the same with "
        f"messages twice as long ({shapes.SHORT} and {shapes.LONG} bytes); 1.0 is linear in bytes",
        ["shape", "bytes a packet", "decoding: ns", "times ordinary", "growth", "monitor: ns", "times ordinary"])
    table.rows.append(["ordinary", f"{size_of(frames):.0f}", f"{plain:.0f}", "1.0", "", f"{plain_whole:.0f}", "1.0"])
    mix = costs.decode_ns(captures.made(bench, count))
    table.rows.append(["the made mix of the packets experiment", "", f"{mix:.0f}", f"{mix / plain:.1f}", "", "", ""])
    result.data["plain_ns"] = plain
    result.data["plain_monitor_ns"] = plain_whole
    for name, frames, longer in shapes.shapes(count):
        decode, whole = costs.of(name, frames)
        growth = ""
        if longer is not None:
            write(costs.path, longer)
            growth = f"{costs.decode_ns(costs.path) / decode:.1f}"
        table.rows.append([name, f"{size_of(frames):.0f}", f"{decode:.0f}", f"{decode / plain:.1f}", growth, f"{whole:.0f}",
                           f"{whole / plain_whole:.1f}"])
        result.data[name] = {"ns": decode, "times": decode / plain, "growth": growth, "monitor_ns": whole,
                             "monitor_times": whole / plain_whole}
    costs.done()
    return result

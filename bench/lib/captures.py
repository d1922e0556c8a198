"""The captures that the packet experiment reads: made ones, and one joined from real ones."""
import glob
import os
import struct

import measure

MAGIC = 0xa1b2c3d4
ETHERNET = 1


def made(bench, packets, kind="mix"):
    """A capture of bench/mkcapture, made once, in the page cache."""
    path = os.path.join(bench.folder, f"{kind}-{packets}.pcap")
    if not os.path.exists(path):
        measure.run_json([bench.program("mkcapture"), "-n", str(packets), "-k", kind, "-o", path + ".new"], 600)
        os.rename(path + ".new", path)
    with open(path, "rb") as warm:
        while warm.read(1 << 24):
            pass
    return path


def records(path):
    """(microseconds, bytes on the wire, bytes kept) of a classic Ethernet capture; nothing of any other kind."""
    data = open(path, "rb").read()
    for order in "<>":
        if len(data) >= 24 and struct.unpack_from(order + "I", data)[0] == MAGIC:
            break
    else:
        return
    if struct.unpack_from(order + "I", data, 20)[0] & 0xffff != ETHERNET:
        return
    at = 24
    while at + 16 <= len(data):
        seconds, us, kept, wire = struct.unpack_from(order + "IIII", data, at)
        at += 16
        if kept > 65535 or at + kept > len(data):
            return
        yield seconds * 1000000 + us, wire, data[at:at + kept]
        at += kept


def corpus_folder():
    """CURFEW_CORPUS, or shared/corpus beside the checkout; None when there is none."""
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    found = os.environ.get("CURFEW_CORPUS", os.path.join(os.path.dirname(top), "shared", "corpus"))
    return os.path.join(found, "pcap") if os.path.isdir(os.path.join(found, "pcap")) else None


def real(bench, packets):
    """(path, packets, captures) of the real Ethernet captures one after the other, again and again; or None.

    Each round of them is an hour later than the one before, so that no connection goes on in the next.
    """
    folder = corpus_folder()
    if folder is None:
        return None
    found = [list(records(path)) for path in sorted(glob.glob(os.path.join(folder, "*.pcap")))]
    found = [f for f in found if f]
    if not found:
        return None
    path = os.path.join(bench.folder, f"real-{packets}.pcap")
    count = 0
    clock_us = 1727582400 * 1000000
    with open(path + ".new", "wb") as out:
        out.write(struct.pack("<IHHiIII", MAGIC, 2, 4, 0, 0, 65535, ETHERNET))
        while count < packets:
            for capture in found:
                first = min(at for at, _, _ in capture)
                last = 0
                for at, wire, data in capture:
                    last = max(last, min(at - first, 600 * 1000000))
                    at = clock_us + min(at - first, 600 * 1000000)
                    out.write(struct.pack("<IIII", at // 1000000, at % 1000000, len(data), wire) + data)
                    count += 1
                clock_us += last + 1000000
            clock_us += 3600 * 1000000
    os.rename(path + ".new", path)
    return path, count, len(found)

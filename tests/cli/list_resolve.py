#!/usr/bin/env python3
"""`curfew list resolve` against a local authoritative server with signed, unsigned and broken zones.

usage: list_resolve.py CURFEW

Needs nsd and dnssec-keygen/dnssec-signzone; without them the test is skipped (77). Loopback only.
"""
import atexit
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

SKIP = 77
COLUMNS = "name scope category product sources confidence as-of note".split()


def need(tool):
    for place in (None, "/usr/sbin:/sbin"):
        path = shutil.which(tool, path=place)
        if path:
            return path
    print(f"skipped: no {tool}")
    sys.exit(SKIP)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def zone_text(origin, records):
    return (f"$ORIGIN {origin}.\n$TTL 60\n@ SOA ns.{origin}. root.{origin}. 1 60 60 600 60\n"
            f"@ NS ns.{origin}.\nns A 127.0.0.1\n" + records)


def sign(folder, origin):
    """Signs the zone file ORIGIN in folder; returns its DNSKEY records."""
    key = subprocess.run([need("dnssec-keygen"), "-q", "-a", "ECDSAP256SHA256", "-f", "KSK", "-K", folder, origin],
                         check=True, capture_output=True, text=True).stdout.strip()
    subprocess.run([need("dnssec-signzone"), "-q", "-S", "-z", "-o", origin, "-K", folder, "-d", folder,
                    "-f", folder / f"{origin}.signed", folder / origin],
                   check=True, capture_output=True)
    lines = (folder / f"{key}.key").read_text().splitlines()
    return "\n".join(line for line in lines if not line.startswith(";")) + "\n"


def make_zones(folder):
    (folder / "vendor.example").write_text(zone_text("vendor.example", """
upd1 A 192.0.2.1
upd1 AAAA 2001:db8::1
upd2 A 192.0.2.2
upd2 A 192.0.2.1
www A 192.0.2.1
chain CNAME edge.cdn.example.
empty TXT "no address"
own A 198.51.100.7
"""))
    (folder / "cdn.example").write_text(zone_text("cdn.example", "edge A 203.0.113.9\nsink A 0.0.0.0\nplain A 203.0.113.8\n"))
    (folder / "bad.example").write_text(zone_text("bad.example", "evil A 192.0.2.66\n"))
    anchors = sign(folder, "vendor.example") + sign(folder, "bad.example")
    broken = (folder / "bad.example.signed").read_text().replace("192.0.2.66", "192.0.2.67")
    assert "192.0.2.67" in broken
    (folder / "bad.example.signed").write_text(broken)
    (folder / "anchors").write_text(anchors)


def start_server(folder, port):
    zones = "".join(f'zone:\n  name: {name}\n  zonefile: "{folder}/{file}"\n'
                    for name, file in (("vendor.example", "vendor.example.signed"), ("cdn.example", "cdn.example"),
                                       ("bad.example", "bad.example.signed")))
    (folder / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1
  port: {port}
  username: ""
  chroot: ""
  database: ""
  pidfile: ""
  zonesdir: "{folder}"
  xfrdfile: "{folder}/xfrd"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zones"
  server-count: 1
remote-control:
  control-enable: no
{zones}""")
    server = subprocess.Popen([need("nsd"), "-d", "-c", folder / "nsd.conf"],
                              stdout=subprocess.DEVNULL, stderr=open(folder / "nsd.log", "w"))
    query = bytes.fromhex("1234000000010000000000000363646e076578616d706c6500") + b"\0\6\0\1"  # cdn.example SOA
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.1)
            try:
                s.sendto(query, ("127.0.0.1", port))
                if s.recv(512)[3] & 15 == 0:
                    return server
            except OSError:
                time.sleep(0.05)
    server.kill()
    print((folder / "nsd.log").read_text())
    sys.exit("the server did not come up")


def make_pack(folder):
    rows = [("upd[1-2].vendor.example", "exact", "updates"), ("www.vendor.example", "subtree", "corporate"),
            ("chain.vendor.example", "exact", "telemetry"), ("empty.vendor.example", "exact", "telemetry"),
            ("gone.vendor.example", "exact", "updates"), ("own.vendor.example", "exact", "updates"),
            ("evil.bad.example", "exact", "updates"), ("sink.cdn.example", "exact", "sales"),
            ("plain.cdn.example", "exact", "sales"), ("like.cdn.example", "exact", "lookalike"),
            ("refused.elsewhere.example", "exact", "sales")]
    folder.mkdir()
    (folder / "pack.yaml").write_text('vendor: test\ntitle: Test\nversion: "1"\n')
    (folder / "sources.tsv").write_text("id\ttitle\tlicence\tas-of\ns\ta test\tnone\t2026-01-01\n")
    (folder / "names.tsv").write_text("\t".join(COLUMNS) + "\n" + "".join(
        "\t".join((*row, "-", "s", "listed", "2026-01-01", "-")) + "\n" for row in rows))
    (folder / "networks.tsv").write_text(
        "prefix\tkind\tcategory\tasn\torg\tsources\tconfidence\tas-of\tnote\n"
        "198.51.100.0/24\tdedicated\tproduct-service\t-\tTest\ts\tlisted\t2026-01-01\t-\n")


def check(condition, what, *shown):
    if not condition:
        print("FAILED:", what, *shown)
        sys.exit(1)
    print("ok:", what)


def main():
    curfew = sys.argv[1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="curfew-resolve-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    need("nsd"), need("dnssec-keygen"), need("dnssec-signzone")
    make_zones(folder)
    make_pack(folder / "pack")
    port = free_port()
    server = start_server(folder, port)
    try:
        args = [curfew, "list", "resolve", folder / "pack", "--forward", f"127.0.0.1@{port}",
                "--trust-anchor", folder / "anchors", "--rate", "1000", "--stall", "20", "--json"]
        run = subprocess.run(args, capture_output=True, text=True, timeout=120)
        print(run.stderr, end="")
        check(run.returncode == 1, "gone and bogus names give exit 1", run.returncode, run.stdout)
        report = json.loads(run.stdout)
        by_name = {r["name"]: r for r in report["results"]}
        check(by_name["upd1.vendor.example"]["addresses"] == ["192.0.2.1", "2001:db8::1"], "both types are asked",
              by_name["upd1.vendor.example"])
        check(by_name["upd1.vendor.example"]["secure"] is True, "a signed zone validates")
        check(by_name["plain.cdn.example"]["secure"] is False and by_name["plain.cdn.example"]["found"] == "addresses",
              "an unsigned zone resolves without being called validated")
        check(by_name["chain.vendor.example"]["chain_end"] == "edge.cdn.example"
              and by_name["chain.vendor.example"]["addresses"] == ["203.0.113.9"], "chains are followed",
              by_name["chain.vendor.example"])
        check(by_name["gone.vendor.example"]["found"] == "gone", "a missing name is gone")
        check(by_name["empty.vendor.example"]["found"] == "no address", "a name without address exists")
        check(by_name["evil.bad.example"]["found"] == "bogus" and by_name["evil.bad.example"]["addresses"] == [],
              "a forged answer is not used", by_name["evil.bad.example"])
        check(by_name["sink.cdn.example"]["found"] == "filtered", "an address that leads nowhere is no finding")
        check(by_name["refused.elsewhere.example"]["found"] == "failed", "a refusal is a failure, not a gone name")
        check("like.cdn.example" not in by_name, "lookalikes are left alone")
        overlays = list((folder / "pack").glob("overlay-*.tsv"))
        check(len(overlays) == 1, "one overlay is written", overlays)
        rows = {row.split("\t")[0]: row.split("\t") for row in overlays[0].read_text().splitlines()
                if row[0].isdigit()}
        check(set(rows) == {"192.0.2.1/32", "192.0.2.2/32", "203.0.113.8/32", "203.0.113.9/32", "2001:db8::1/128"},
              "the overlay holds what resolved outside the vendor's own space", rows)
        check(rows["192.0.2.1/32"][1] == "corporate" and rows["192.0.2.2/32"][1] == "updates",
              "an address under two categories is only good for a flag", rows)
        check("via edge.cdn.example" in rows["203.0.113.9/32"][4], "the chain is in the note")
        check(rows["192.0.2.2/32"][3].endswith("Z"), "the overlay expires at an instant")
        gone = list((folder / "pack").glob("gone-*.txt"))
        check("gone.vendor.example" in gone[0].read_text().splitlines(), "gone names are listed for review")
        linted = subprocess.run([curfew, "list", "check", folder / "pack"], capture_output=True, text=True)
        check(linted.returncode == 0, "the pack with its overlay passes the lint", linted.stdout)
        quiet = subprocess.run([*args[:-1], "--dry-run", "--out", folder], capture_output=True, text=True,
                               timeout=120)
        check(quiet.returncode == 1 and not list(folder.glob("overlay-*")), "a dry run writes nothing")
    finally:
        server.terminate()
        server.wait()
    dead = subprocess.run([curfew, "list", "resolve", folder / "pack", "--forward", f"127.0.0.1@{port}", "--stall",
                           "3", "--out", folder], capture_output=True, text=True, timeout=120)
    check(dead.returncode == 5 and not list(folder.glob("overlay-*")), "a dead resolver writes nothing",
          dead.returncode, dead.stderr)


main()

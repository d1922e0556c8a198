#!/usr/bin/env python3
"""`curfew list export`: accepted by the programs it is for, and meaning there what curfew decides.

usage: list_export.py CURFEW SOURCE_ROOT

A tool that is not installed makes its own part skip, visibly; with none the test is skipped (77).
"""
import atexit
import base64
import ipaddress
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
BEFORE, AFTER = "2024-09-29T03:59:59Z", "2024-09-29T04:00:00Z"
LATE = "2025-06-01T00:00:00Z"
BLOCKED = ["s00.upd.kaspersky.com", "dnl-07.geo.kaspersky.com", "dc1-st.ksn.kaspersky-labs.com",
           "ksn-file-geo.kaspersky-labs.com", "activation-v2.kaspersky.com", "unlisted.upd.kaspersky.com"]
FREE = ["opentip.kaspersky.com", "securelist.com", "support.kaspersky.com", "www.kaspersky.com",
        "gc.kis.v2.scr.kaspersky-labs.com", "kasperskyupdate.com", "notkaspersky.com",
        "kaspersky.com.example.org", "omtrdc.net", "exempt.upd.kaspersky.com", "a.exempt.upd.kaspersky.com"]
failures = []
ran = []


def check(condition, what, *shown):
    print("ok:" if condition else "FAILED:", what, *(() if condition else shown))
    if not condition:
        failures.append(what)


def tool(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path:
        ran.append(name)
    else:
        print(f"skipped: no {name}")
    return path


def accepts(what, *command):
    run = subprocess.run(command, capture_output=True, text=True)
    check(run.returncode == 0, f"{what} accepts the export", run.stdout, run.stderr)


def check_pf(text):
    """pf.conf(5)'s own grammar as far as this file goes: there is no pfctl here to ask.

    table-rule = "table" "<" name ">" ["persist"] ["{" element ("," element)* "}"]; element = ["!"] address
    pf-rule    = "block" ["return"] ["in"] ["log"] ["quick"] "from" host "to" host; host = ["!"] "<" name ">"
    """
    tokens = re.findall(r"[{},!]|<[^<>\s]*>|[^\s{},!<>]+", re.sub(r"#.*", "", text))
    tables, rules, at = {}, [], 0

    def take(*wanted):
        nonlocal at
        found = tokens[at] if at < len(tokens) else ""
        if wanted and found not in wanted:
            raise ValueError(f"expected {wanted} at {tokens[max(0, at - 3):at + 3]}")
        at += 1
        return found

    def name():
        found = take()
        if not re.fullmatch(r"<[A-Za-z_][A-Za-z0-9_]{0,30}>", found):  # PF_TABLE_NAME_SIZE is 32
            raise ValueError(f"no name of a table: {found}")
        return found

    def element():
        nonlocal at
        at += tokens[at:at + 1] == ["!"]
        return tokens[at - 1] != "!", ipaddress.ip_network(take())

    def verdict(address):
        """The narrowest element around it, as pf looks it up."""
        around = [(net.prefixlen, said) for said, net in tables["<curfew_block>"] if ipaddress.ip_address(address) in net]
        return bool(around) and max(around)[1]

    try:
        while at < len(tokens):
            if take("table", "block") == "table":
                table = tables.setdefault(name(), [])
                take("persist")
                if tokens[at:at + 1] == ["{"]:
                    at += 1
                    table.append(element())
                    while take(",", "}") == ",":
                        table.append(element())
                continue
            for word in ("return", "in", "log", "quick", "from", "!"):
                take(word)
            rules.append((name(), take("to"), name()))
        problem = ""
    except ValueError as error:
        problem = str(error)
    check(not problem, "the pf file follows pf.conf's grammar (checked here, without pfctl)", problem)
    check(rules == [("<curfew_free>", "to", "<curfew_block>")], "one rule blocks, by tables that exist", rules, list(tables))
    check(all(side in tables for rule in rules for side in (rule[0], rule[2])), "tables stand before the rule")
    flat = [str(net) for nets in tables.values() for said, net in nets if said]
    check(len(flat) == len(set(flat)) and "94.75.236.123/32" in [str(net) for _, net in tables["<curfew_hint>"]] and
          "95.211.172.143/32" not in flat, "each address is in one table, a dated host in that of hints", flat[:3])
    check('anchor "curfew"' in text and "pfctl -a curfew -f" in text, "it says how it is loaded")
    return verdict


def pf_stops(said):
    """What curfew decides, as far as one rule of pf can do it: vendors' own networks."""
    return said["verdict"] == "block" and said.get("entry_scope") == "dedicated"


def walk(name):
    """The name, then what lies above it."""
    while name:
        yield name
        name = name.partition(".")[2]


def rpz_action(zone, name):
    """What a strict server finds for the name in the policy zone: wildcards only at the closest encloser."""
    if name in zone:
        return zone[name]
    exists = {above for owner in zone for above in walk(owner)}
    if name in exists:
        return None
    for above in walk(name.partition(".")[2]):
        if f"*.{above}" in zone:
            return zone[f"*.{above}"]
        if above in exists:
            return None
    return None


def unbound_blocks(zones, name):
    for above in walk(name):
        if above in zones:
            return zones[above] == "always_nxdomain" or (zones[above] == "transparent" and above == name)
    return False


def dnsmasq_blocks(lines, name):
    if f"host-record={name},0.0.0.0,::" in lines:
        return True
    for above in walk(name):
        if f"server=/{above}/#" in lines:
            return False
        if f"local=/{above}/" in lines:
            return True
    return False


def adblock_blocks(lines, name):
    if f"@@|{name}^" in lines or any(f"@@||{above}^" in lines for above in walk(name)):
        return False
    return f"|{name}^" in lines or any(f"||{above}^" in lines for above in walk(name))


def verify(decides, what):
    wrong = [n for n in BLOCKED if not decides(n)] + [n for n in FREE if decides(n)]
    check(not wrong, f"{what} says what curfew decides", wrong)


def roll_back(nft, folder, newer, older):
    """Loading an older export takes back what a newer one had, in a namespace of its own."""
    unshare = shutil.which("unshare")
    listing = f"{nft} list table inet curfew_sets"
    script = (f"{nft} -f {older} && {listing} > {folder}/a && {nft} -f {newer} && {listing} > {folder}/b && "
              f"{nft} -f {older} && {listing} > {folder}/c && {nft} -f {older}")
    if not unshare or subprocess.run([unshare, "-n", nft, "list", "tables"], capture_output=True).returncode:
        print("skipped: no network namespace")
        return
    run = subprocess.run([unshare, "-n", "sh", "-c", script], capture_output=True, text=True)
    check(run.returncode == 0, "nft loads one export over another", run.stderr)
    if run.returncode == 0:
        a, b, c = ((folder / x).read_text() for x in "abc")
        check(a == c and a != b, "loading the older export takes the newer one back")


def main():
    curfew, root = sys.argv[1], pathlib.Path(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp(prefix="curfew-export-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    policy = folder / "curfew.yaml"
    policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\nexceptions:\n"
                      "  - {clients: everybody, names: [.exempt.upd.kaspersky.com], verdict: pass, owner: test,\n"
                      "     reason: an exempt subtree inside a blocked one, until: 2030-01-01T00:00:00Z}\n")

    def export(form, at=AFTER, name=None, policy=policy):
        out = folder / (name or form)
        run = subprocess.run([curfew, "list", "export", "--format", form, "--at", at, "--policy", policy, "--lists",
                              root / "lists", "--out", out], capture_output=True, text=True)
        check(run.returncode == 0, f"{form} is written", run.stderr)
        return out

    rpz = export("rpz")
    zone = dict(line.split(" CNAME ") for line in rpz.read_text().splitlines() if " CNAME " in line)
    verify(lambda n: rpz_action(zone, n) == ".", "rpz")
    if tool("named-checkzone"):
        accepts("named-checkzone", tool("named-checkzone"), "curfew.rpz", rpz)

    unbound = export("unbound")
    zones = dict(re.findall(r'local-zone: "(\S+)\." (\S+)', unbound.read_text()))
    verify(lambda n: unbound_blocks(zones, n), "unbound")
    if tool("unbound-checkconf"):
        (folder / "unbound.conf").write_text(
            f'server:\n\tusername: ""\n\tchroot: ""\n\tdirectory: "{folder}"\n\tpidfile: ""\ninclude: "{unbound}"\n')
        accepts("unbound-checkconf", tool("unbound-checkconf"), folder / "unbound.conf")

    dnsmasq = export("dnsmasq")
    lines = set(dnsmasq.read_text().splitlines())
    verify(lambda n: dnsmasq_blocks(lines, n), "dnsmasq")
    if tool("dnsmasq"):
        accepts("dnsmasq --test", tool("dnsmasq"), "--test", "-C", dnsmasq)

    adblock = set(export("adblock").read_text().splitlines())
    verify(lambda n: adblock_blocks(adblock, n), "adblock")

    listed = BLOCKED[:-1]
    hosts = export("hosts").read_text()
    check(all(f"\n0.0.0.0 {n}\n" in hosts for n in listed), "hosts holds the blocked names")
    check(not any(f"\n0.0.0.0 {n}\n" in hosts for n in FREE), "hosts holds no free name")
    plain = set(export("plain").read_text().splitlines())
    check(set(listed) <= plain and not plain & set(FREE), "plain holds the blocked names and no free one")
    early = set(export("plain", BEFORE, "early").read_text().splitlines())
    check(not early & set(listed) and "tr1.kaspersky.fr" in early,
          "one second before the instant only new sales are blocked", early)

    # A text that blocks the vendor's own space, from an instant on.
    wide = folder / "wide.yaml"
    wide.write_text("vendor: kaspersky\npreset: au-pspf-002-2025\n")
    nft = export("nft")
    if tool("nft"):
        run = subprocess.run([tool("nft"), "-c", "-f", nft], capture_output=True, text=True)
        if "Operation not permitted" in run.stderr:
            print("skipped: nft may not ask the kernel here")
        else:
            check(run.returncode == 0, "nft -c accepts the export", run.stderr)
            roll_back(tool("nft"), folder, export("nft", LATE, "late.nft", wide), export("nft", BEFORE, "early.nft", wide))
    sets = dict(re.findall(r"add element inet curfew_sets (\w+) \{(.*?)\n\}", nft.read_text(), re.S))
    check("94.75.236.123/32" in sets["hint4"] and "94.75.236.123" not in sets.get("block4", ""),
          "a dated shared host is a hint and never blocked")
    check("95.211.172.143" not in nft.read_text(), "a sinkhole is in no set")
    check("2a13:c80::/32" in sets["flag6"], "the vendor's own IPv6 space is flagged")

    inferred_lists = folder / "inferred"
    shutil.copytree(root / "lists", inferred_lists)
    rows = (inferred_lists / "kaspersky/networks.tsv").read_text().splitlines()
    at = next(i for i, row in enumerate(rows) if row.split("\t")[1:2] == ["dedicated"])
    cells = rows[at].split("\t")
    rows[at] = "\t".join(cells[:6] + ["inferred"] + cells[7:])
    (inferred_lists / "kaspersky/networks.tsv").write_text("\n".join(rows) + "\n")
    for form in ("nft", "pf"):
        done = [subprocess.run([curfew, "list", "export", "-f", form, "-p", wide, "-l", inferred_lists, "-a", LATE, *more],
                               capture_output=True, text=True, check=True).stdout for more in ((), ("--no-inferred",))]
        check([bool(re.search(rf"^\t{re.escape(cells[0])},?$", text, re.M)) for text in done] == [True, False],
              f"{form} leaves inferred networks out when it is asked to")
    pf_blocks = check_pf(export("pf", LATE, policy=wide).read_text())
    table = export("nft-table")
    if tool("nft"):
        run = subprocess.run(["unshare", "-n", tool("nft"), "-f", table], capture_output=True, text=True)
        if "ermitted" in run.stderr:
            print("skipped: nft may not ask a kernel here")
        else:
            check(run.returncode == 0, "nft loads the table of rules", run.stderr)
    image = folder / "curfew.img"
    subprocess.run([curfew, "apply", "--policy", policy, "--lists", root / "lists", "-i", image, "-y"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    shown = subprocess.run([curfew, "egress", "show", "-i", image], capture_output=True, text=True, check=True).stdout
    check(re.sub("image=[0-9a-f]+", "", shown) == re.sub("image=[0-9a-f]+", "", table.read_text()),
          "the table is what `curfew egress show` prints")
    subprocess.run([curfew, "apply", "--policy", wide, "--lists", root / "lists", "-i", image, "-y"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    asked = [net.split("\t")[0] for net in (root / "lists/kaspersky/networks.tsv").read_text().splitlines()
             if re.match(r"[0-9a-f.:]+/", net)]
    told = {str(ipaddress.ip_network(net)[0]): None for net in asked}
    for address in told:
        done = subprocess.run([curfew, "explain", "-i", image, "--at", LATE, "--json", address], capture_output=True, text=True)
        told[address] = json.loads(done.stdout)
    differing = [address for address, said in told.items() if pf_blocks(address) != pf_stops(said)]
    check(any(map(pf_stops, told.values())) and not all(map(pf_stops, told.values())), "some networks are stopped and some not")
    check(not differing, f"pf would stop what curfew decides to, at the first address of {len(told)} networks", differing[:3])

    rules = export("suricata", name="curfew.rules").read_text().splitlines()
    rule = re.compile(r'^alert (dns|tls|http|ip) any any -> (any|\[[0-9a-f:./]+\]) any '
                      r'\(msg:"[^";\\:]*(:[^";\\]*)?"; .*classtype:policy-violation; sid:\d+; rev:1;\)$')
    bad = [line for line in rules if line[0] != "#" and not rule.match(line)]
    check(not bad and len(rules) > 100, "every Suricata rule has the form of one", bad[:3])
    sids = [re.search(r"sid:(\d+)", line)[1] for line in rules if line[0] != "#"]
    check(len(sids) == len(set(sids)), "rule ids are unique")
    check(any('dns.query; to_lowercase; dotprefix; content:".upd.kaspersky.com"; endswith;' in line for line in rules),
          "a subtree is matched at a label boundary")
    dataset = {base64.b64decode(line).decode() for line in (folder / "curfew.lst").read_text().split()}
    check("ds.kaspersky.com" in dataset and "opentip.kaspersky.com" not in dataset,
          "the dataset holds exact names in base64")

    zeek = export("zeek").read_text().splitlines()
    check(zeek[0] == "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url", "Zeek's header is exact")
    check(all(len(line.split("\t")) == 5 for line in zeek[1:]), "every Zeek line has five fields")
    check(any(line.startswith("94.75.236.123\tIntel::ADDR\t") for line in zeek), "hosts are Intel::ADDR")
    check(any(line.startswith("91.103.64.0/21\tIntel::SUBNET\t") for line in zeek), "prefixes are Intel::SUBNET")
    check(not any(line.startswith("securelist.com\t") for line in zeek), "passed names are no intelligence")

    presets = subprocess.run([curfew, "list", "presets", root / "lists/kaspersky"], capture_output=True, text=True)
    check(presets.returncode == 0 and "\nus-commerce-2024: " in presets.stdout and
          "updates-and-ksn      block from 2024-09-29T04:00:00Z" in presets.stdout, "presets are listed", presets.stdout)
    sources = subprocess.run([curfew, "list", "show", root / "lists/kaspersky", "--sources"], capture_output=True,
                             text=True).stdout.splitlines()
    check(len(sources) > 40 and all(len(line.split()) > 4 for line in sources), "sources are listed with licences")
    check(any(re.match(r"metasploit +[1-9]\d* +\d+ BSD-3-Clause", line) for line in sources), "and how much rests on them")

    with tempfile.TemporaryDirectory() as folder:
        pack = pathlib.Path(folder) / "kaspersky"
        shutil.copytree(root / "lists/kaspersky", pack)
        table = (pack / "sources.tsv").read_text()
        strict = [curfew, "list", "check", "--strict", pack]
        check(subprocess.run(strict, capture_output=True).returncode == 0, "the shipped pack passes the strict check")
        for licence in ("-", "none stated; single facts", "Unknown", "facts: "):
            (pack / "sources.tsv").write_text(re.sub(r"(?m)^(v2fly\t[^\t]*\t)[^\t]*", lambda m: m[1] + licence, table))
            refused = subprocess.run(strict, capture_output=True, text=True)
            check(refused.returncode != 0 and "'v2fly' has no licence" in refused.stdout + refused.stderr,
                  f"a source with the licence '{licence}' is refused", refused.stdout + refused.stderr)

    bad_usage = subprocess.run([curfew, "list", "export", "--format", "bind"], capture_output=True, text=True)
    check(bad_usage.returncode == 2 and "no format 'bind'" in bad_usage.stderr, "an unknown format is a usage error")
    if failures:
        sys.exit(1)
    sys.exit(0 if ran else SKIP)


main()

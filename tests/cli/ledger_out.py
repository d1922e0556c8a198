#!/usr/bin/env python3
"""What comes out of a ledger of three hosts whose truth is written here: reports, exports, rehearsals; and
leases taken in.

usage: ledger_out.py CURFEW SOURCE_ROOT
"""
import csv
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

CURFEW, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
UPDATER, VISITOR, ESCAPED = "10.0.0.1", "10.0.0.2", "10.0.0.3"
SENSOR = 'e"d\\ge'  # what a label and a string of JSON must escape
LEASES = """lease 10.0.0.1 {
  starts 5 2024/09/20 08:00:00;
  ends 5 2024/09/20 20:00:00;
  binding state active;
  hardware ethernet 00:00:5e:00:53:07;
  client-hostname "front-desk";
}
"""


def record(number, address, value, category, **more):
    return {"v": 1, "timestamp": f"2024-09-30T10:00:0{number}.000000Z", "id": f"01KAB{number:021}", "sensor": SENSOR,
            "source": "monitor", "event_type": "dns", "action": "flag", "src_ip": address,
            "match": {"via": "qname", "value": value, "rule": value, "list": "kaspersky", "category": category},
            "count": 3} | more


RECORDS = [
    record(1, UPDATER, "s00.upd.kaspersky.com", "updates", dns={"qname": "s00.upd.kaspersky.com", "rcode": "NOERROR"}),
    record(2, VISITOR, "www.kaspersky.com", "corporate", dns={"qname": "www.kaspersky.com", "rcode": "NOERROR"}),
    record(3, ESCAPED, "s01.upd.kaspersky.com", "updates", event_type="flow", dest_ip="192.0.2.1", dest_port=443,
           proto="TCP", flow={"bytes_out": 1000, "bytes_in": 5000, "pkts_out": 4, "pkts_in": 6, "escape": True}),
]


class LedgerOut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.top = pathlib.Path(cls.folder.name)
        cls.log, cls.ledger, cls.policy = cls.top / "hits.jsonl", cls.top / "ledger.db", cls.top / "curfew.yaml"
        cls.log.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in RECORDS))
        cls.policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\n")
        cls.image = cls.top / "curfew.img"
        for command in (["apply", "--yes", "--policy", cls.policy, "--lists", ROOT / "lists", "--image", cls.image],
                        ["ledger", "ingest", "-q", "-l", cls.ledger, cls.log]):
            subprocess.run([CURFEW, *command], check=True, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def curfew(self, *arguments, code=0):
        done = subprocess.run([CURFEW, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout

    def report(self, *arguments):
        return json.loads(self.curfew("report", *arguments, "--json", "-l", self.ledger, "-i", self.image))

    def states(self):
        return {row["address"]: row["state"] for row in self.report("hosts")["tables"]["hosts"]}

    def test_hosts_are_in_the_state_that_their_hits_say(self):
        self.assertEqual(self.states(), {UPDATER: "dependent", VISITOR: "visited", ESCAPED: "bypassing"})
        report = self.report()
        self.assertEqual((report["hosts"], report["dependent"], report["visited"], report["bypassing"], report["clean"]), (3, 1, 1, 1, 0))

    def test_a_host_s_story_tells_its_own_hits_only(self):
        story = self.report("host", ESCAPED)
        self.assertEqual((story["state"], story["hits"], story["escapes"]), ("bypassing", 3, 3))
        self.assertNotIn("www.kaspersky.com", json.dumps(story))

    def test_progress_counts_the_day_of_the_hits(self):
        day = [row for row in self.report("progress")["tables"]["days"] if row["day"] == "2024-09-30"][0]
        self.assertEqual((day["hits"], day["visited"], day["escapes"]), (6, 1, 3))

    def test_an_escape_is_listed_with_its_host(self):
        rows = self.report("escapes")["tables"]["escapes"]
        self.assertEqual(len(rows), 1)
        self.assertIn(ESCAPED, json.dumps(rows[0]))

    def test_coverage_names_the_sensor_that_never_watched(self):
        coverage = self.report("coverage")
        self.assertEqual([row["sensor"] for row in coverage["tables"]["sensors"]], [SENSOR])
        self.assertIn("1 never watched", coverage["coverage"])

    def test_without_exceptions_nobody_is_let_pass(self):
        self.assertEqual(self.report("exceptions")["tables"], {"exceptions": [], "hosts": []})

    def test_compliance_is_of_the_regime_asked_for(self):
        report = self.report("compliance", "--regime", "us-commerce-2024")
        self.assertEqual(report["report"], "compliance")
        self.assertIn("2024-09-29", json.dumps(report))
        self.curfew("report", "compliance", "--regime", "nowhere", "-l", self.ledger, code=2)

    def test_silence_is_no_compliance_where_nothing_watched(self):
        rows = self.report("compliance", "--regime", "us-commerce-2024", "-a", "2024-10-05T00:00:00Z")["tables"]["milestones"]
        sales = [row for row in rows if row["hosts"] == 0]
        self.assertEqual({row["verdict"] for row in sales}, {"not known: nothing watched"})

    def test_each_form_of_a_report_has_the_same_hosts(self):
        rows = csv.DictReader(io.StringIO(self.curfew("report", "--csv", "-l", self.ledger)))
        self.assertEqual({row["address"]: row["state"] for row in rows}, self.states())
        table, page = self.curfew("report", "-l", self.ledger), self.top / "page.html"
        self.curfew("report", "--html", "-o", page, "-l", self.ledger)
        for address in (UPDATER, VISITOR, ESCAPED):
            self.assertIn(address, table)
            self.assertIn(address, page.read_text())

    def test_a_siem_gets_one_object_a_host(self):
        ecs = [json.loads(line) for line in self.curfew("export", "--ecs", "-l", self.ledger).splitlines()]
        self.assertEqual({e["host"]["ip"][0]: e["labels"]["curfew_state"] for e in ecs}, self.states())
        self.assertEqual({e["event"]["kind"] for e in ecs}, {"state"})
        ocsf = [json.loads(line) for line in self.curfew("export", "--ocsf", "-l", self.ledger).splitlines()]
        self.assertEqual({o["device"]["ip"]: o["status"] for o in ocsf}, self.states())
        escaped = [o for o in ocsf if o["device"]["ip"] == ESCAPED][0]
        self.assertEqual((escaped["class_uid"], escaped["unmapped"]["escapes"]), (5001, 3))
        rows = csv.DictReader(io.StringIO(self.curfew("export", "--csv", "-l", self.ledger)))
        self.assertEqual({row["address"]: row["state"] for row in rows}, self.states())

    def test_metrics_count_states_and_escape_labels(self):
        text = self.curfew("export", "--prometheus", "-l", self.ledger)
        for line in ('curfew_hosts{state="dependent"} 1', 'curfew_hosts{state="bypassing"} 1', "curfew_hosts_open 2",
                     'curfew_hosts{state="visited"} 1', 'curfew_ledger_hits{outcome="answered"} 6', "curfew_ledger_escapes 3",
                     "curfew_ledger_visits 3",
                     r'curfew_sensor_lost{sensor="e\"d\\ge",source="monitor",site=""} 0'):
            self.assertIn(line + "\n", text)
        self.assertNotIn(UPDATER, text)
        path = self.top / "curfew.prom"
        self.curfew("export", "--prometheus", path, "-l", self.ledger)
        self.assertEqual(path.read_text(), text)
        self.assertEqual(list(self.top.glob("curfew.prom.*")), [])
        self.curfew("export", "--prometheus", self.top / "none" / "x", "-l", self.ledger, code=4)

    def test_what_never_was_is_null_and_not_1970(self):
        ledger, leases = self.top / "never.db", self.top / "never.leases"
        hits = self.top / "never.jsonl"
        leases.write_text(LEASES)
        self.curfew("hosts", "import", "-a", "2024-10-01T00:00:00Z", "-i", self.image, "-o", hits, leases)
        self.curfew("ledger", "ingest", "-q", "-l", ledger, hits)
        row = json.loads(self.curfew("report", "--json", "-l", ledger))["tables"]["hosts"][0]
        self.assertEqual((row["last_seen"], row["first_hit"], row["why"]), (None, None, "never seen alive"))
        story = json.loads(self.curfew("report", "host", UPDATER, "--json", "-l", ledger))
        self.assertEqual((story["last_seen"], story["last_hit"]), (None, None))
        self.assertIn("last seen: never", self.curfew("report", "host", UPDATER, "-l", ledger))
        for what in ([], ["host", UPDATER], ["coverage"], ["compliance", "--regime", "us-federal"]):
            for form in ([], ["--json"], ["--csv"], ["--html"]):
                self.assertNotIn("1970-", self.curfew("report", *what, *form, "-l", ledger), (what, form))
        self.assertNotRegex(self.curfew("export", "--prometheus", "-l", ledger), r"(?m)^curfew_sensor_last_heartbeat.* 0$")
        for form in ("--ecs", "--ocsf", "--csv"):
            self.assertNotIn("1970-", self.curfew("export", form, "-l", ledger))

    def test_wrong_use_is_refused(self):
        self.curfew("export", "-l", self.ledger, code=2)
        self.curfew("report", "nonsense", "-l", self.ledger, code=2)
        self.curfew("export", "--ecs", "-l", self.top / "nowhere.db", code=4)

    def test_what_people_say_of_hosts_is_obeyed_until_undone(self):
        ledger = self.top / "said.db"
        self.curfew("ledger", "ingest", "-q", "-l", ledger, self.log)

        def say(*words, code=0):
            return self.curfew("ledger", *words, "-w", "jdoe", "-l", ledger, code=code)

        def rows():
            hosts = json.loads(self.curfew("report", "--json", "-l", ledger))["tables"]["hosts"]
            return {row["address"]: row for row in hosts}

        say("owner", UPDATER, "accounting")
        say("note", UPDATER, "leaves in may")
        say("except", UPDATER, "2030-01-01T00:00:00Z", "until the new tool is there")
        self.assertEqual((rows()[UPDATER]["owner"], rows()[UPDATER]["state"]), ("accounting", "excepted"))
        actions = json.loads(self.curfew("ledger", "actions", "--json", "-l", ledger))
        self.assertIn("leaves in may", json.dumps(actions))
        self.assertIn("jdoe", json.dumps(actions))
        say("undo", 3)
        self.assertEqual(rows()[UPDATER]["state"], "dependent")
        say("merge", UPDATER, VISITOR)
        self.assertEqual(len(rows()), 2)
        say("undo", 5)
        self.assertEqual(len(rows()), 3)
        say("site", SENSOR, "berlin")
        self.assertEqual({row["site"] for row in rows().values()}, {"berlin"})
        say("owner", "10.9.9.9", "nobody", code=1)
        say("owner", UPDATER, code=2)

    def rehearse(self, at, code, *more, log=None):
        text = self.curfew("rehearse", "--at", at, "--policy", self.policy, "--lists", ROOT / "lists", "--json", *more,
                           log or self.log, code=code)
        return json.loads(text)

    def changes(self, *arguments, **more):
        return {row["client"]: (row["change"], row["would"])
                for row in self.rehearse(*arguments, **more)["tables"]["changes"]}

    def test_a_rehearsal_breaks_the_updater_at_the_cut_off_and_not_before(self):
        before, then = self.changes("2024-09-29T03:59:59Z", 0), self.changes("2024-09-29T04:00:00Z", 1)
        self.assertEqual(before[UPDATER], ("stays", "flagged"))
        self.assertEqual(then[UPDATER], ("would break", "blocked"))
        self.assertEqual(then[VISITOR], ("stays", "flagged"))

    def test_who_wrote_the_log_breaks_nobody(self):
        """A monitor says `observe` for what the policy blocked; the same policy blocks it again."""
        log = self.top / "observed.jsonl"
        observed = [record(1, UPDATER, "s00.upd.kaspersky.com", "updates", action="observe",
                           dns={"qname": "s00.upd.kaspersky.com", "rcode": "NXDOMAIN", "outcome": "nxdomain"}),
                    record(2, VISITOR, "77.74.178.1", "updates", action="observe", event_type="flow",
                           match={"via": "dest_ip", "value": "77.74.178.1", "rule": "77.74.176.0/21", "list": "kaspersky",
                                  "category": "updates"}, flow={"dns_seen": "resolved", "bytes_out": 1}),
                    record(3, UPDATER, "s00.upd.kaspersky.com", "updates", action="block", source="resolver",
                           dns={"qname": "s00.upd.kaspersky.com", "answer": "nxdomain"})]
        log.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in observed))
        report = self.rehearse("2024-09-30T12:00:00Z", 0, log=log)
        self.assertEqual((report["would_break"], report["only_a_firewall"], report["would_work_again"]), (0, 0, 0))
        self.assertEqual({row["change"] for row in report["tables"]["changes"]}, {"stays"})
        self.assertEqual(report["hits"], 6)  # three look-ups that two saw, and three connections
        again = self.rehearse("2024-09-01T00:00:00Z", 0, log=log)
        self.assertEqual((again["would_break"], again["would_work_again"]), (0, 2))

    def test_what_asks_nobody_only_a_firewall_could_stop(self):
        """Literal addresses, ports of relays inside, other people's resolvers: nothing the resolver could refuse."""
        log, firewall = self.top / "literal.jsonl", "only a firewall could stop it"
        cases = {
            "192.0.2.1": ("flow", "dest_ip", "77.74.178.1", {"flow": {"dns_seen": "hardcoded"}}),
            "192.0.2.2": ("http", "http_host_literal", "77.74.178.1", {"http": {"host": "77.74.178.1"}}),
            "192.0.2.3": ("lan", "lan_port", "10.0.0.9:13000", {"relay": "10.0.0.9"}),
            "192.0.2.4": ("dns", "qname", "s00.upd.kaspersky.com", {"dns": {"qname": "s00.upd.kaspersky.com",
                                                                            "resolver": "foreign"}}),
            "192.0.2.5": ("dns", "answer_addr", "77.74.178.1", {"source": "resolver"}),
            "192.0.2.6": ("tls", "sni", "s00.upd.kaspersky.com", {"tls": {"sni": "s00.upd.kaspersky.com"}}),
            "192.0.2.7": ("flow", "dest_ip", "77.74.178.1", {"flow": {"dns_seen": "resolved"}}),
        }
        log.write_text("".join(json.dumps(record(i, client, value, "updates", event_type=event, match={
            "via": via, "value": value, "rule": "x", "list": "kaspersky", "category": "updates"}, **more),
            separators=(",", ":")) + "\n" for i, (client, (event, via, value, more)) in enumerate(cases.items())))
        changes = self.changes("2024-09-30T00:00:00Z", 1, log=log)
        self.assertEqual({client: change for client, (change, _) in changes.items()},
                         {**dict.fromkeys(list(cases)[:5], firewall), "192.0.2.6": "would break",
                          "192.0.2.7": "would break"})
        log.write_text("".join(log.read_text().splitlines(keepends=True)[:5]))
        report = self.rehearse("2024-09-30T00:00:00Z", 0, log=log)
        self.assertEqual((report["would_break"], report["only_a_firewall"]), (0, 5))

    def test_what_the_log_hides_is_not_decided(self):
        policy, log = self.top / "groups.yaml", self.top / "masked.jsonl"
        policy.write_text("vendor: kaspersky\npreset: us-commerce-2024\ngroups:\n  lab: [10.0.0.7/32]\n"
                          "exceptions:\n  - {clients: lab, categories: [updates], verdict: flag, owner: jdoe, reason: x,"
                          " until: 2030-01-01T00:00:00Z}\n")
        for mode, client, other, shown in (("truncate", "10.0.0.0", "10.1.0.0", "/24"),
                                           ("pseudonym", "fd00::1", "fd00::2", "")):
            # The mode stands behind the hits.
            start = record(9, "", "", "") | {"event_type": "start", "privacy": mode}
            lines = [record(1, client, "s00.upd.kaspersky.com", "updates", action="allow",
                            policy={"exception_owner": "jdoe"}), record(2, other, "s00.upd.kaspersky.com", "updates"),
                     {k: v for k, v in start.items() if k not in ("src_ip", "match", "action", "count")}]
            log.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in lines))
            report = json.loads(self.curfew("rehearse", "--at", "2024-09-30T12:00:00Z", "--policy", policy, "--lists",
                                            ROOT / "lists", "--json", log, code=1 if mode == "truncate" else 0))
            changes = {row["client"]: row["change"] for row in report["tables"]["changes"]}
            self.assertEqual(changes[client + shown], "cannot be known", mode)
            # No part of this network has a group; of a pseudonym nothing is known.
            self.assertEqual(changes[other + shown], "would break" if mode == "truncate" else "cannot be known")
            self.assertTrue(any("cannot be known" in note for note in report["notes"]))

    def test_a_rehearsal_names_the_hosts_of_the_ledger(self):
        ledger, log = self.top / "names.db", self.top / "names.jsonl"
        known = {"v": 1, "timestamp": "2024-09-30T09:00:00.000000Z", "id": "01KAB" + "9" * 21, "sensor": SENSOR,
                 "source": "monitor", "event_type": "identity", "src_ip": UPDATER, "src_mac": "00:00:5e:00:53:07",
                 "identity": {"kind": "dhcp", "name": "front-desk"}, "last": "2024-09-30T11:00:00.000000Z"}
        log.write_text(json.dumps(known, separators=(",", ":")) + "\n" + self.log.read_text())
        self.curfew("ledger", "ingest", "-q", "-l", ledger, log)
        rows = self.rehearse("2024-09-30T00:00:00Z", 1, "--ledger", ledger)["tables"]["changes"]
        self.assertEqual({row["client"]: row["host"] for row in rows}, {UPDATER: "front-desk", VISITOR: "", ESCAPED: ""})
        self.curfew("rehearse", "--policy", self.policy, "--lists", ROOT / "lists", "-l", self.top / "none.db", self.log, code=4)

    def test_leases_name_the_host_of_a_ledger(self):
        leases, hits, ledger = self.top / "dhcpd.leases", self.top / "leases.jsonl", self.top / "named.db"
        leases.write_text(LEASES)
        take = ["hosts", "import", "-a", "2024-10-01T00:00:00Z", "-i", self.image, "-o", hits, leases]
        self.curfew(*take)
        known = [json.loads(line) for line in hits.read_text().splitlines() if '"identity"' in line]
        self.assertEqual([(k["src_ip"], k["src_mac"], k["identity"]["name"]) for k in known if "identity" in k],
                         [("10.0.0.1", "00:00:5e:00:53:07", "front-desk")])
        early = self.top / "early.jsonl"
        early.write_text(self.log.read_text().replace("2024-09-30", "2024-09-20"))
        self.curfew("ledger", "ingest", "-q", "-l", ledger, early, hits)
        rows = json.loads(self.curfew("report", "--json", "-l", ledger))["tables"]["hosts"]
        self.assertEqual({row["address"]: row["host"] for row in rows}[UPDATER], "front-desk")
        leases.write_text(LEASES + "lease 10.0.0.9 {\n")
        self.curfew(*take, code=1)
        self.curfew("hosts", "import", "-o", "-", self.top / "nowhere", code=4)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

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

    def rehearse(self, at, code):
        text = self.curfew("rehearse", "--at", at, "--policy", self.policy, "--lists", ROOT / "lists", "--json", self.log,
                           code=code)
        return {row["client"]: (row["change"], row["would"]) for row in json.loads(text)["tables"]["changes"]}

    def test_a_rehearsal_breaks_the_updater_at_the_cut_off_and_not_before(self):
        before, then = self.rehearse("2024-09-29T03:59:59Z", 0), self.rehearse("2024-09-29T04:00:00Z", 1)
        self.assertEqual(before[UPDATER], ("stays", "flagged"))
        self.assertEqual(then[UPDATER], ("would break", "blocked"))
        self.assertEqual(then[VISITOR], ("stays", "flagged"))

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

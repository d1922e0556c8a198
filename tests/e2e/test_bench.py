#!/usr/bin/env python3
"""bench/run still runs: all experiments at tiny sizes, against this build's own programs.

usage: test_bench.py SOURCE_ROOT BUILD_ROOT

Nothing here looks at a time; what is checked is that every experiment has every row, with figures that can be,
no wrong answer, and that a contestant which breaks or lies makes the run fail. Skips (77) without an Unbound that
loads modules.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE, BUILD = (pathlib.Path(p) for p in sys.argv[1:3])
sys.path.insert(0, str(SOURCE / "bench" / "lib"))
import captures  # noqa: E402
import measure  # noqa: E402
import module  # noqa: E402
import names as lists  # noqa: E402
import questions  # noqa: E402

EXPERIMENTS = ["module", "latency", "start", "swap", "lookup", "monitor", "hostile", "log"]
RIVALS = ["unbound-rpz", "unbound-rpz-log", "unbound-local-zone", "unbound-python", "bind-rpz", "pdns-rpz",
          "knot-resolver-rpz", "dnsmasq"]
CHANGING = ["curfew", "unbound-rpz", "unbound-local-zone", "unbound-python", "bind-rpz", "pdns-rpz", "knot-resolver-rpz",
            "dnsmasq"]


def run(folder, *options, build=BUILD):
    """(exit status, results.json, tables.md, what it said) of one smoke run."""
    out = pathlib.Path(folder) / "out"
    done = subprocess.run([SOURCE / "bench" / "run", "--smoke", "--build", build, "--work", pathlib.Path(folder) / "work",
                           "--out", out, *options], capture_output=True, text=True, check=False)
    if not (out / "results.json").exists():
        raise AssertionError(f"no results, exit {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode, json.loads((out / "results.json").read_text()), (out / "tables.md").read_text(), done


def skip_without_unbound():
    """Before any test, since unittest takes an exit for an error."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([SOURCE / "bench" / "run", "--smoke", "--build", BUILD, "--work", folder, "log"],
                              capture_output=True, text=True, check=False)
    if done.returncode == 4 and "without an Unbound" in done.stderr:
        print("skipped: " + done.stderr.strip())
        sys.exit(77)


def not_installed(experiment):
    return {name for name, why in experiment["skipped"].items() if why == "not installed"}


class EveryExperiment(unittest.TestCase):
    """One run of all, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.status, cls.results, cls.tables, cls.done = run(cls.folder.name)
        cls.by_name = cls.results["experiments"]

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_nothing_failed_and_nothing_was_wrong(self):
        for name, experiment in self.by_name.items():
            self.assertEqual(experiment["failed"], {}, name)
            self.assertEqual(experiment["wrong"], [], name)
        self.assertEqual(self.status, 0, self.done.stdout[-2000:] + self.done.stderr[-2000:])

    def test_every_experiment_has_tables(self):
        self.assertEqual(list(self.by_name), EXPERIMENTS)
        for name in EXPERIMENTS:
            self.assertIn(f"\n## {name} (", self.tables)
            for table in self.by_name[name]["tables"]:
                self.assertGreater(len(table["rows"]), 0, table["title"])
                for row in table["rows"]:
                    self.assertEqual(len(row), len(table["header"]), table["title"])
                    self.assertNotIn("nan", " ".join(map(str, row)))

    def test_the_tables_say_where_and_with_what(self):
        machine = self.results["machine"]
        self.assertIn(machine["cpu"], self.tables)
        self.assertIn("load average", self.tables)
        for name in ("curfew", "Unbound with modules", "bind9"):
            self.assertTrue(machine["versions"][name])
            self.assertIn(f"- {name}: ", self.tables)

    def test_module_has_every_contestant_with_every_mix(self):
        module = self.by_name["module"]
        wanted = {"vendor": {"unbound", "curfew-vendor", "unbound-2threads", "curfew-vendor-2threads"},
                  "200": {"unbound", "curfew", "curfew-nolog", "unbound-2threads", "curfew-2threads",
                          *RIVALS} - not_installed(module)}
        for size, names in wanted.items():
            found = module["data"][size]
            self.assertEqual(set(found) - {"noise"}, names, size)
            for name in names:
                self.assertGreater(found[name]["answered"], 0, name)
                self.assertEqual(found[name]["wrong"], 0, name)
                for mix in ("clean", "blocked", "99/1", "miss"):
                    self.assertGreater(found[name][mix]["cpu_us_median"], 0, f"{name} {mix}")
                    self.assertGreater(found[name][mix]["ratio_median"], 0, f"{name} {mix}")
            # Set against a server of as many threads, not against the first one.
            two = {name for name in names if name.endswith("-2threads") and name != "unbound-2threads"}
            for name in two:
                ours, base = found[name]["clean"], found["unbound-2threads"]["clean"]
                self.assertAlmostEqual(ours["ratios"][0], ours["cpu_us"][0] / base["cpu_us"][0], 6)

    def test_latency_has_every_contestant(self):
        latency = self.by_name["latency"]
        names = {"unbound", "curfew", "curfew-nolog", *RIVALS} - not_installed(latency)
        self.assertEqual(set(latency["data"]) - {"noise"}, names)
        for name in names:
            for mix, found in latency["data"][name].items():
                self.assertEqual(found["wrong"], 0, f"{name} {mix}")
                self.assertGreater(found["loads"][0]["p50_us"], 0, f"{name} {mix}")
            self.assertEqual("blocked" in latency["data"][name], name != "unbound")

    def test_start_has_every_contestant_with_its_memory(self):
        start = self.by_name["start"]
        names = set(CHANGING) - not_installed(start)
        self.assertEqual(set(start["data"]), {f"{name} 200" for name in names})
        for name, found in start["data"].items():
            for field in ("seconds", "rss_kib", "peak_kib"):
                self.assertGreater(found[field], 0, f"{name} {field}")

    def test_swap_has_every_contestant_and_curfew_loses_and_leaks_nothing(self):
        swap = self.by_name["swap"]
        self.assertEqual(set(swap["data"]), set(CHANGING) - not_installed(swap))
        for name, (found,) in swap["data"].items():
            for figure in (found["load"]["received"], found["quiet"]["received"], found["load"]["max_us"],
                           found["quiet"]["max_us"], found["before_kib"], found["peak_kib"], found["probes"]):
                self.assertGreater(figure, 0, name)
            self.assertEqual(found["load"]["sent"], found["load"]["received"] + found["load"]["lost"], name)
        curfew, = swap["data"]["curfew"]
        self.assertGreater(curfew["effect_s"], 0)
        self.assertGreater(curfew["cached_blocked_s"], 0)
        self.assertGreater(curfew["builder_peak_kib"], 0)
        self.assertEqual((curfew["load"]["lost"], curfew["leaks"]), (0, 0))

    def test_lookup_has_look_ups_and_compiling(self):
        data = self.by_name["lookup"]["data"]
        for field in ("clean_ns", "listed_ns", "miss_ns", "addr_ns"):
            self.assertGreater(data["200"][0][field], 0, field)
        self.assertGreater(data["compile"]["200"]["cpu_s"], 0)
        self.assertGreater(data["compile"]["200"]["image_bytes"], 0)

    def test_monitor_has_every_part(self):
        monitor = self.by_name["monitor"]
        if "monitor" in monitor["skipped"]:
            self.skipTest(monitor["skipped"]["monitor"])
        data = monitor["data"]
        tools = {"empty libpcap loop", "curfew monitor", "curfew --names", "tcpdump -w", "ndpiReader", "tshark names"}
        self.assertEqual(set(data["offline"]), tools - not_installed(monitor))
        for name, found in data["offline"].items():
            self.assertGreater(found["cpu_s"][0], 0, name)
        self.assertEqual(set(data["kinds"]), {"dns", "http", "tls", "quic", "bulk"})
        for kind in ("dns", "http", "tls", "quic"):
            self.assertGreater(data["kinds"][kind]["decoded"]["messages"], 0, kind)
        self.assertEqual(set(data["flows"]), {"open", "half", "vendor"})
        for kind, found in data["flows"].items():
            self.assertGreater(found["rss_kib"][2], found["rss_kib"][0], kind)
        self.assertEqual(set(data["side_by_side"]) >= {"1", "2"}, True)
        if "live" in monitor["skipped"]:
            print("live: skipped: " + monitor["skipped"]["live"])
            return
        self.assertEqual({found["workers"] for found in data["live"]}, {1, 2})
        for found in data["live"]:
            self.assertGreater(found["seen"], 0, found["what"])
            self.assertEqual(found["unaccounted"], 0, found["what"])

    def test_log_has_every_step(self):
        found = self.by_name["log"]["data"]["rounds"][0]
        for field in ("producer_ns_per_hit", "packed_bytes_per_hit", "folded_ns_per_hit", "written_ns_per_hit",
                      "written_bytes_per_line", "parse_ns_per_line", "ingest_s", "report_s", "log_lines", "ledger_bytes"):
            self.assertGreater(found[field], 0, field)


class Broken(unittest.TestCase):
    """A build folder of its own, in which one thing is not what it should be."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.build = pathlib.Path(self.folder.name) / "build"
        for name in ("plugin/cli", "plugin/resolver"):
            (self.build / name).mkdir(parents=True)
        for name in ("meson-info", "bench", "plugin/cli/curfew", "plugin/resolver/curfew.so"):
            os.symlink(BUILD / name, self.build / name)

    def tearDown(self):
        self.folder.cleanup()

    def put(self, name, text):
        (self.build / name).unlink()
        (self.build / name).write_text(text)
        (self.build / name).chmod(0o755)

    def test_one_that_does_not_start_is_a_row_and_a_failure(self):
        self.put("plugin/resolver/curfew.so", "this is no module\n")
        status, results, tables, _ = run(self.folder.name, "module", "swap", "--only", "curfew", "--sizes", "200",
                                         build=self.build)
        self.assertEqual(status, 1)
        module, swap = (results["experiments"][name] for name in ("module", "swap"))
        self.assertIn("curfew", swap["failed"])
        self.assertIn("curfew, 200 names", module["failed"])
        self.assertRegex(tables, r"\| curfew +\| +failed: ")
        # The run went on without it.
        self.assertGreater(module["data"]["200"]["unbound"]["clean"]["cpu_us_median"], 0)

    def test_one_that_answers_wrongly_is_a_failure(self):
        # It compiles only half of what it is given.
        self.put("plugin/cli/curfew", f"""#!/bin/sh
for word; do
	[ -f "$word/bench/names.tsv" ] && sed -i 2,100d "$word/bench/names.tsv"
done
exec '{BUILD / "plugin/cli/curfew"}' "$@"
""")
        status, results, tables, _ = run(self.folder.name, "module", "--only", "curfew", "--sizes", "200", build=self.build)
        self.assertEqual(status, 1)
        module = results["experiments"]["module"]
        self.assertEqual(len(module["wrong"]), 1)
        self.assertGreater(module["data"]["200"]["curfew"]["wrong"], 0)
        self.assertEqual(module["data"]["200"]["unbound"]["wrong"], 0)
        self.assertIn("WRONG: module: curfew", tables)

    def test_a_program_that_is_not_there_is_a_failure(self):
        (self.build / "bench").unlink()
        (self.build / "bench").mkdir()
        status, results, _, _ = run(self.folder.name, "lookup", "log", build=self.build)
        self.assertEqual(status, 1)
        for name in ("lookup", "log"):
            self.assertNotEqual(results["experiments"][name]["failed"], {}, name)


class Arithmetic(unittest.TestCase):
    """What is done with the figures, on figures that are known."""

    def test_a_ratio_is_of_one_round_and_their_median_is_shown(self):
        # The ratio of the medians would be 1.0; every round says 2.
        own, plain = [2.0, 20.0, 200.0], [1.0, 10.0, 100.0]
        text, data = module.cell(own, plain)
        self.assertEqual(data["ratios"], [2.0, 2.0, 2.0])
        self.assertEqual(text, "20.00 x2.00 [2.00-2.00]")

    def test_rounds_far_apart_are_marked(self):
        self.assertTrue(module.cell([1.0, 1.0, 1.3], [1.0, 1.0, 1.0])[0].endswith(" !"))
        self.assertFalse(module.cell([1.0, 1.0, 1.1], [1.0, 1.0, 1.0])[0].endswith(" !"))

    def test_a_round_that_failed_is_in_no_ratio(self):
        self.assertEqual(measure.ratios([4.0, None, 9.0], [2.0, 1.0, 3.0]), [2.0, 3.0])

    def test_the_plain_server_goes_first_and_last_and_counts_once(self):
        self.assertEqual(module.turns_around_plain(["unbound", "a", "b"], 1), ["unbound", "b", "a", "unbound"])
        found = []
        for cpu in (1.0, 3.0):
            module.add_found(found, 0, (cpu, {"sent": 5, "received": 4, "lost": 1, "rcodes": {"0": 4}}))
        self.assertEqual(found, [(2.0, {"sent": 10, "received": 8, "lost": 2, "rcodes": {"0": 8}})])

    def test_answers_that_the_list_does_not_demand_are_counted(self):
        class Server:
            blocks, blocked_rcode = True, 3

        def wrong(mix, sent, lost=0, **rcodes):
            return questions.wrong_answers(Server, mix, {"sent": sent, "received": sent - lost, "lost": lost,
                                                         "rcodes": {code[1:]: count for code, count in rcodes.items()}})
        self.assertEqual(wrong("clean", 100, r0=100), 0)
        self.assertEqual(wrong("clean", 100, r0=99, r3=1), 1)
        self.assertEqual(wrong("blocked", 100, r3=100), 0)
        self.assertEqual(wrong("blocked", 100, r3=98, r0=2), 2)
        self.assertEqual(wrong("99/1", 201, r0=198, r3=3), 0)
        self.assertEqual(wrong("99/1", 201, r0=201), 3)
        self.assertEqual(wrong("99/1", 201, lost=2, r0=198, r3=1), 0)
        self.assertEqual(wrong("miss", 100, r0=90, r2=10), 0)  # overrun, and counted as that

    def test_cpu_of_a_process_includes_its_ended_threads(self):
        program = ("import threading, sys\nt = threading.Thread(target=lambda: sum(range(10**6)))\n"
                   "t.start(); t.join(); print(flush=True); sys.stdin.read()")
        with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            while len(os.listdir(f"/proc/{child.pid}/task")) > 1:
                time.sleep(0.01)  # joined in Python is not yet gone from the kernel
            threads = sum(int(path.read_text().split()[0])
                          for path in pathlib.Path(f"/proc/{child.pid}/task").glob("*/schedstat"))
            self.assertGreater(measure.cpu_ns([child.pid]), threads)
            child.stdin.close()

    def test_a_capture_cut_anywhere_is_read_up_to_there(self):
        header = struct.pack("<IHHiIII", captures.MAGIC, 2, 4, 0, 0, 65535, captures.ETHERNET)
        packet = struct.pack("<IIII", 1, 2, 3, 60) + b"abc"
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x")
            for length in range(len(header + packet + packet) + 1):
                pathlib.Path(path).write_bytes((header + packet + packet)[:length])
                found = list(captures.records(path))
                self.assertEqual(len(found), max(0, length - len(header)) // len(packet))
                self.assertTrue(all(f == (1000002, 60, b"abc") for f in found))

    def test_a_stretched_list_has_no_name_twice(self):
        with tempfile.TemporaryDirectory() as folder:
            before, lists.MANY = lists.MANY, 50
            try:
                found = lists.read(lists.cached(folder, 1500, 1))
            finally:
                lists.MANY = before
        self.assertEqual((len(found), len(set(found))), (1500, 1500))


if __name__ == "__main__":
    skip_without_unbound()
    unittest.main(argv=sys.argv[:1], verbosity=2)

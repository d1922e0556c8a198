"""How much of each experiment is run: the full run, --quick (under five minutes) and --smoke (does it still run?).

Every load is bounded by a count and by seconds, so that a slow contestant costs no more time than a quick one.
"""
from dataclasses import dataclass, field


@dataclass
class Scale:
    name: str
    # module, latency
    sizes: list  # "vendor" or a number of names
    rounds: int
    seconds: float  # of one load
    asked_names: int  # distinct names in a mix
    warm_s: float  # at most, to get them into the caches
    latency_size: int
    latency_queries: int
    latency_s: float
    # start, swap
    start_sizes: list
    start_large: int  # for curfew alone; 0: not
    start_repeat_s: float  # short starts are repeated up to three times within this
    swap_size: int
    swap_quiet_s: float
    swap_most_s: float
    swap_after_s: float  # watched on after the change is in effect
    swap_repeat_s: float  # quick ones are repeated up to three times within this
    start_timeout_s: float
    # lookup, monitor, log
    lookup_sizes: list
    compile_sizes: list
    packets: int
    tshark_packets: int
    kind_packets: int
    flows: list  # two counts, to be compared with a single one
    live_rates: list  # 0: as fast as it can
    live_packets: int
    live_s: float
    corpus_packets: int
    packet_rounds: int
    hits: int
    clients: int
    # contestants left out, by list; what is left out is printed
    left_out: dict = field(default_factory=dict)


FULL = Scale(
    name="full", sizes=["vendor", 100000, 1000000], rounds=5, seconds=1.0, asked_names=20000, warm_s=30,
    latency_size=1000000, latency_queries=10000, latency_s=3,
    start_sizes=[1000, 100000, 1000000], start_large=10000000, start_repeat_s=6,
    swap_size=1000000, swap_quiet_s=4, swap_most_s=70, swap_after_s=3, swap_repeat_s=60, start_timeout_s=180,
    lookup_sizes=[200, 100000, 1000000, 10000000], compile_sizes=[1000, 100000, 1000000],
    packets=2000000, tshark_packets=100000, kind_packets=400000, flows=[10000, 100000],
    live_rates=[100000, 300000, 0], live_packets=2000000, live_s=8, corpus_packets=400000, packet_rounds=3,
    hits=4000000, clients=500)

QUICK = Scale(
    name="quick", sizes=["vendor", 100000], rounds=3, seconds=0.25, asked_names=4000, warm_s=4,
    latency_size=100000, latency_queries=2000, latency_s=0.4,
    start_sizes=[1000, 100000], start_large=0, start_repeat_s=0,
    swap_size=100000, swap_quiet_s=1, swap_most_s=6, swap_after_s=1, swap_repeat_s=0, start_timeout_s=30,
    lookup_sizes=[200, 100000, 1000000], compile_sizes=[1000, 100000],
    packets=200000, tshark_packets=10000, kind_packets=100000, flows=[5000, 50000],
    live_rates=[100000, 0], live_packets=300000, live_s=2, corpus_packets=400000, packet_rounds=3,
    hits=400000, clients=500,
    left_out={"vendor": ["unbound-rpz", "unbound-python", "bind-rpz", "pdns-rpz", "knot-resolver-rpz", "dnsmasq"]})

# No figure of it means anything but that it exists.
SMOKE = Scale(
    name="smoke", sizes=["vendor", 200], rounds=1, seconds=0.05, asked_names=100, warm_s=2,
    latency_size=200, latency_queries=100, latency_s=0.2,
    start_sizes=[200], start_large=0, start_repeat_s=0,
    swap_size=200, swap_quiet_s=0.2, swap_most_s=3, swap_after_s=0.3, swap_repeat_s=0, start_timeout_s=20,
    lookup_sizes=[200], compile_sizes=[200],
    packets=5000, tshark_packets=500, kind_packets=2000, flows=[500, 2000],
    live_rates=[5000], live_packets=5000, live_s=1, corpus_packets=2000, packet_rounds=1,
    hits=4000, clients=20,
    left_out={"vendor": ["unbound-rpz", "unbound-rpz-log", "unbound-local-zone", "unbound-python", "bind-rpz", "pdns-rpz",
                         "knot-resolver-rpz", "dnsmasq"]})

"""The goals, row by row: what was to be reached, how it is read from the lines of a run, what bounds it where it is missed.

A row's measure gets the lines of the run (bench name -> list) and returns (words, reached, factor by which the goal was passed or
None); KeyError, IndexError, ValueError and StopIteration mean that the run did not measure it.
"""

import typing

BEFORE_INTENTS = (
    "the same 10 to 30 ms for each request, whatever its length: the connection's place is taken before the "
    "intents are committed, and that commit, the request and the answer each wait for a core"
)
ONE_THREAD = (
    "the CPU of one thread: writing the task, a key, a group's count and a delivery report for each message, on one core "
    "with the broker beside it"
)

BETWEEN_WORKERS = "the assignment of partitions, and the re-driver's next pass (1 s) for what the leaving worker let go"
COMMITS = "PostgreSQL and the disk: each request is committed twice before its offsets go, the plain consumer records nothing"


class Row(typing.NamedTuple):
    what: str
    goal: str
    measure: typing.Callable
    command: str
    bound: str = "not known: profile it"
    short: str = ""  # name in the picture


def first(lines, bench, **members):
    return next(x for x in lines[bench] if all(x.get(k) == v for k, v in members.items()))


def least(lines, bench, member):
    return min(x[member] for x in lines[bench] if member in x)


def most(lines, bench, member):
    return max(x[member] for x in lines[bench] if member in x)


def expand(lines):
    x = lines["expand"][0]
    seconds = x["seconds"] * 1e7 / x["pairs"]
    words = f"{seconds:.2f} s for 10 M pairs ({x['changes']:,} changes among {x['pairs']:,}), {x['max_rss_mb']:.0f} MB"
    return words, seconds <= 5 and x["max_rss_mb"] <= 256, 5 / seconds


def unchanged(lines):
    x = lines["unchanged_run"][0]
    return (
        f"{x['messages']} messages, {x['exchange_calls']} calls ({x['wanted']:,} contacts, {x['seconds']:.1f} s)",
        x["messages"] == x["exchange_calls"] == 0,
        None,
    )


def render(lines):
    names = ("lava_phone", "lava_clean", "lava_loop")
    rate, times = (min(lines[n][0][m] for n in names) for m in ("renders_per_s", "times_liquidjs"))
    return (
        f"{rate / 1e6:.2f} M/s at least, {times:.0f} times liquidjs at least; no allocation",
        rate >= 2e6 and times >= 10,
        rate / 2e6,
    )


def publish(lines):
    ratio = next(x["ratio_median"] for x in lines["publish"] if "ratio_median" in x)
    rates = [x["per_s"] for x in lines["publish"] if "per_s" in x]
    return (
        f"{ratio:.2f} (median of {len(rates)} rounds; {sorted(rates)[len(rates) // 2]:,.0f} messages/s)",
        ratio >= 0.8,
        ratio / 0.8,
    )


def noop(lines):
    rate = first(lines, "noop", queue="kafka")["per_cpu_s"]
    return (
        f"{rate:,.0f} per second of CPU over Kafka, {first(lines, 'noop', queue='memory')['per_cpu_s']:,.0f} over the memory queue",
        rate >= 50000,
        rate / 50000,
    )


def model(lines):
    ratios = sorted(x["ratio"] for x in lines["worker_model"])
    good = sum(r >= 0.95 for r in ratios)
    return f"{good} of {len(ratios)} points at 0.95 or above, lowest {ratios[0]:.2f}", good == len(ratios), ratios[0] / 0.95


def cpu(lines):
    ours = {x["op"]: x["cpu_us_each"] for x in lines["worker_cpu"]}
    peer = first(lines, "peers_cpu", who="exchangelib")["ratio"]
    words = ", ".join(f"{op}d {us:.0f} us" for op, us in ours.items())
    return (
        f"{words}; {peer:.0f} times less than exchangelib",
        max(ours.values()) <= 100 and peer >= 20,
        min(100 / max(ours.values()), peer / 20),
    )


def event(lines):
    p50, p99 = most(lines, "latency_event", "p50_s"), most(lines, "latency_event", "p99_s")
    return f"p50 {p50:.2f} s, p99 {p99:.2f} s at the most of both topics", p50 <= 1 and p99 <= 5, min(1 / p50, 5 / p99)


def click(lines):
    x = lines["latency_click"][0]
    words = (
        f"{x['max_s']:.2f} s at the most, a request taking {x['request_s']:.2f} s ({x['clicks']} clicks among "
        f"{x['mass_contacts']:,} contacts)"
    )
    return words, x["worst_without_request_s"] <= 2, 2 / max(0.1, x["worst_without_request_s"])


def scale(lines):
    linear = lines["worker_scale_ratio"][0]["linear"]
    return f"{linear:.2f}", linear >= 0.9, linear / 0.9


def rebalance(lines):
    pause, redone = most(lines, "worker_rebalance", "pause_s"), lines["worker_rebalance_redone"][0]
    return (
        f"{pause:.1f} s at the most, {redone['redone']} of {redone['contacts']:,} writes redone",
        pause <= 3 and redone["redone"] == 0 and redone["most_creates_of_one"] == 1,
        3 / max(0.1, pause),
    )


def memory(lines):
    x = lines["worker_memory"][0]
    return (
        f"{x['peak_mb']:.0f} MB at the most ({x['messages']:,} messages), {x['idle_mb']:.0f} MB idle",
        x["peak_mb"] <= 64,
        64 / x["peak_mb"],
    )


def ready(lines):
    x = lines["worker_memory"][0]
    return (
        f"{x['ready_s']:.2f} s; {x['ready_first_s']:.2f} s when the topics are made first",
        x["ready_first_s"] <= 1,
        1 / x["ready_first_s"],
    )


def faults(lines):
    x = lines["faults"][0]
    return f"{x['violations']} violations in {x['schedules']:,} schedules", x["violations"] == 0, None


def keyed(lines):
    x = lines["keyed_ratio"][0]
    words = f"{x['times']:.1f} times (median; {x['least']:.1f} to {x['most']:.1f})"
    return words, x["times"] > x["mark"], x["times"] / x["mark"]


def cron(lines):
    rate = lines["cron_next_all"][0]["calls_per_s"]
    return f"{rate / 1e6:.1f} M/s", rate >= 1e6, rate / 1e6


def throttled(lines):
    x = lines["throttle_budget"][0]
    return (
        f"{x['refused']} of {x['requests']} requests; {x['per_s']:.0f} contacts/s of the {x['allowed_per_s']:.0f} that the budgets "
        "let through",
        x["refused_percent"] <= 1,
        None,
    )


def returns(lines):
    x = lines["throttle_returns"][0]
    return f"{x['ratio']:.2f} of the model from the {x['after_s']}th second on", x["ratio"] >= 0.9, x["ratio"] / 0.9


def stuck(lines):
    p99 = {x["run"]: x["p99_ms"] for x in lines["throttle_stuck"]}
    alone = max(p99["alone"], p99["alone_again"])
    return (
        f"p99 {p99['stuck']:.0f} ms beside it; {p99['alone']:.0f} and {p99['alone_again']:.0f} ms alone",
        p99["stuck"] <= 1.05 * alone,
        None,
    )


def pictures(lines):
    beside = {x["run"]: x for x in lines["photo_beside"]}
    alone = max(beside["without"]["p99_s"], beside["without_again"]["p99_s"])
    rate = lines["photo_full_ratio"][0]["rate"]
    words = (
        f"p99 {1000 * beside['with']['p99_s']:.0f} ms beside {beside['with']['pictures_per_s']:.0f} pictures/s, {1000 * alone:.0f} ms "
        f"without, at 70 % load; {rate:.2f} of the rate where contacts take all"
    )
    return words, beside["with"]["p99_s"] <= 1.05 * alone and rate >= 0.95, None


def instructions(lines):
    ratios = [x["ratio"] for x in lines["instructions"] if x.get("ratio")]
    return f"{len(ratios)} paths, the worst {max(ratios):.3f} of the baseline", max(ratios) <= 1.05, None


ROWS = (
    Row("expand + digest + diff of 10 M pairs", "5 s on one core, 256 MB", expand, "expand", short="expand, digest, diff"),
    Row("a run in which nothing changed", "0 messages, 0 Exchange calls", unchanged, "latency"),
    Row("render the phone template", "2 M/s a core, 10 times liquidjs", render, "lava"),
    Row("publish against a bare librdkafka loop", "0.8", publish, "publish", ONE_THREAD, "publish over a bare loop"),
    Row("no-op messages a core", "50,000/s", noop, "noop", short="no-op messages"),
    Row("worker against the model `C*B/(L+B*s)`", "0.95 at every point", model, "worker", BEFORE_INTENTS, "model, the worst point"),
    Row("CPU per contact written", "100 us, 20 times less than exchangelib", cpu, "worker peers", short="CPU per contact, exchangelib"),
    Row("event to mailbox at 70 % load", "p50 1 s, p99 5 s", event, "latency", short="event to mailbox"),
    Row("a click behind a mass run", "2 s, plus the request under way for that mailbox", click, "latency"),
    Row("1 to 4 workers", "0.9 linear", scale, "worker"),
    Row("a worker joins, another leaves", "a mailbox waits 3 s, 0 writes redone", rebalance, "worker", BETWEEN_WORKERS, "join and leave"),
    Row("worker's memory, 1,000 mailboxes with work queued", "64 MB", memory, "worker", short="memory"),
    Row("ready", "1 s", ready, "worker"),
    Row("seeded fault schedules", "0 lost, 0 doubled, 0 foreign items touched", faults, "faults", "a bug: see tests/crash/README.md"),
    Row("keyed: 10,000 messages, 100 mailboxes, one partition, 0 to 5 ms each", "more than 10.8 times one at a time", keyed, "keyed",
        COMMITS, "concurrency by key"),
    Row("throttled answers in steady state", "1 %", throttled, "throttle"),
    Row("a budget that returns", "90 % of the rate in 30 s", returns, "throttle"),
    Row("contacts while pictures are written", "p99 + 5 %, rate - 5 %", pictures, "photo", "the machine's own noise: see the runs without"),
    Row("one mailbox of 1,000 hangs", "others' p99 + 5 %", stuck, "throttle", "the machine's own noise: see the two runs alone"),
    Row("next fire time of a schedule", "1 M/s", cron, "cron"),
    Row("instructions of the hot paths", "at most 5 % over the committed counts", instructions, "instructions",
        "a path became slower: scripts/instructions.py names it"),
)

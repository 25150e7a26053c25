"""The report's sections: each takes the lines of a run and returns (words before the table, the table's lines, a plot or None).

KeyError, IndexError, ValueError and StopIteration mean that the run did not measure it.
"""
import collections

import bench_plot as plot


def table(names, rows):
    yield "| " + " | ".join(names) + " |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield "| " + " | ".join(f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row) + " |"


def grid_section(lines):
    points = collections.defaultdict(list)
    for x in lines["worker_model"]:
        if "ratio" in x:
            points[x["s"], x["L"], x["C"]].append(x)
    rows, shown = [], []
    for (s, latency, c), runs in sorted(points.items()):
        ratios = sorted(x["ratio"] for x in runs)
        x = runs[-1]
        rows.append(
            (
                s,
                latency,
                c,
                round(x["B"]),
                x["per_s"],
                x["model_per_s"],
                f"{ratios[len(ratios) // 2]:.2f}",
                x["busy"],
                f"{x['worker_core']:.3f}",
            )
        )
        shown.append((f"s {s}, L {latency}, C {c}", ratios, f"{ratios[len(ratios) // 2]:.2f}"))
    text = (
        "The real worker with default settings but for `exchange.connections`; C is the connections, L and s Exchange's time for a "
        "call and an item, B the items a call that the worker chose (it starts at 50), as the simulator counted them. `busy` is "
        "the mean number of calls in service over C: what is missing to 1 is time in which a connection had nothing to do."
    )
    names = ("s ms", "L ms", "C", "B", "contacts/s", "model", "ratio", "busy", "worker's core")
    return (
        text,
        table(names, rows),
        plot.dots(
            "Worker against the model C*B/(L+B*s)", "rate in steady state over the model's; milliseconds an item, a call; connections", shown, 0.8, 1.05, 0.95, "goal 0.95"
        ),
    )


def cpu_section(lines):
    rows = [(x["op"] + "d", x["cpu_us_each"], x["sim_us_each"], x["postgres_us_each"], x["per_s"]) for x in lines["worker_cpu"]]
    text = "40 mailboxes, 1,000 contacts each, Exchange answers at once, one message a contact."
    return (
        text,
        table(("", "worker us", "sim-exchange us", "PostgreSQL us", "contacts/s"), rows),
        plot.bars(
            "CPU per contact, where it goes",
            "microseconds a contact; Exchange answers at once",
            [
                (f"{x['op']}d: {who}", x[key], f"{x[key]:.0f} us", who == "worker")
                for x in lines["worker_cpu"]
                for who, key in (("worker", "cpu_us_each"), ("PostgreSQL", "postgres_us_each"))
            ],
        ),
    )


def peers_section(lines):
    rows, shown = [], []
    for x in lines["peers_cpu"]:
        if "absent" in x:
            rows.append((x["who"], "absent: " + x["absent"], "", "", ""))
            continue
        how = f"chunk {x['chunk']}, {x['threads']} threads" if "chunk" in x else f"{x['connections']} connections"
        rows.append(
            (
                f"{x['who']} {x.get('version', '')}",
                how,
                x["cpu_us_each"],
                x["per_s"],
                f"{x['ratio']:.1f}" if "ratio" in x else "1",
            )
        )
        shown.append(
            (
                x["who"],
                x["cpu_us_each"],
                f"{x['cpu_us_each']:.0f} us" + (f", {x['ratio']:.1f} times" if "ratio" in x else ""),
                "ratio" not in x,
            )
        )
    text = (
        "The same contacts to the same simulator in the same run, which answers at once; the best of the chunk sizes and threads "
        "that were tried, after a warm-up. The peers write ready lists; the worker takes messages from Kafka, reads rows and "
        "records each result."
    )
    return (
        text,
        table(("", "best with", "CPU us a contact", "contacts/s", "times the worker's CPU"), rows),
        plot.bars("CPU per contact written", "microseconds of the client's CPU; less is better", shown, 100, "goal 100 us"),
    )


def slow_section(lines):
    rows = [
        (x["who"], x.get("chunk") or "its own", x.get("threads") or x.get("connections"), x["per_s"], x["cpu_us_each"])
        for x in lines["peers_slow"]
        if "per_s" in x
    ]
    text = (
        "The same with Exchange at 100 ms a call and 20 ms an item, ten connections each, from nothing to the last contact. The "
        "rate is the server's: larger requests pay the 100 ms less often, the worker keeps a request at some seconds at most "
        "and at 100 contacts, so that nobody waits long behind it."
    )
    return (
        text,
        table(("", "contacts a request", "connections", "contacts/s", "CPU us a contact"), rows),
        plot.bars(
            "Contacts a second, Exchange taking its time",
            "ten connections each",
            [(r[0], r[3], f"{r[3]:.0f}/s", i == 0) for i, r in enumerate(rows)],
        ),
    )


def latency_section(lines):
    rows = [
        (f"{x['topic']}: {x['contacts_each']} contacts", x["events"], x["p50_s"], x["p99_s"], x["max_s"])
        for x in lines["latency_event"]
    ]
    clicks = lines["latency_click"]
    rows += [("a click behind a mass run", x["clicks"], x["p50_s"], "", x["max_s"]) for x in clicks]
    shown = [
        (f"{x['topic']}, {name}", x[key], f"{x[key]:.2f} s", True)
        for x in lines["latency_event"]
        for name, key in (("p50", "p50_s"), ("p99", "p99_s"))
    ]
    shown += [
        (f"click, {name}", x[key], f"{x[key]:.2f} s", True)
        for x in clicks
        for name, key in (("p50", "p50_s"), ("worst", "max_s"))
    ]
    x = lines["latency_event"][0]
    text = (
        f"From before a change's row is written to its result in the journal; Exchange at {x['L']} ms a call and {x['s']} ms an "
        f"item, one worker with its {x['connections']} connections {x['busy']:.0%} busy. A click goes the whole way: run "
        "requested, Rock asked, planned, published, written. While the producer plans everybody, a click waits for that too "
        f"({lines['unchanged_run'][0]['seconds']:.1f} s in this church when nothing changed)."
    )
    return (
        text,
        table(("", "events", "p50 s", "p99 s", "longest s"), rows),
        plot.bars("From the event to the mailbox", "seconds, at 70 % load", shown),
    )


def scale_section(lines):
    points = [(x["workers"], x["per_s"]) for x in lines["worker_scale"]]
    one = points[0][1]
    rows = [(n, rate, f"{rate / (n * one):.2f}") for n, rate in points]
    pauses = "; ".join(
        f"{x['act']}: a mailbox waits {x['pause_s']:.2f} s longer than its usual {x['usual_s']:.2f} s"
        for x in lines["worker_rebalance"]
    )
    x = lines["worker_scale"][0]
    text = f"L {x['L']} ms, s {x['s']} ms, {x['connections']} connections each. {pauses}."
    return (
        text,
        table(("workers", "contacts/s", "linear"), rows),
        plot.lines(
            "More workers",
            "where Exchange's time bounds the rate",
            [("measured", [(0, 0), *points], False), ("linear", [(0, 0), (points[-1][0], one * points[-1][0])], True)],
            "workers",
            "contacts/s",
        ),
    )


def lava_section(lines):
    names = {
        "lava_phone": "the filter alone",
        "lava_clean": "Remove and Replace",
        "lava_loop": "loop over all numbers",
        "lava_digits": "regular expression",
    }
    found = [(words, lines[name][0]) for name, words in names.items() if lines[name]]
    rows = [
        (
            words,
            x["renders_per_s"] / 1e6,
            x.get("liquidjs_per_s", 0) / 1e6,
            f"{x.get('times_liquidjs', 0):.0f}",
            x["allocations_per_render"],
        )
        for words, x in found
    ]
    shown = [
        (f"{words}{who}", value / 1e6, f"{value / 1e6:.2f} M/s", not who)
        for words, x in found
        for who, value in (("", x["renders_per_s"]), (": liquidjs", x.get("liquidjs_per_s", 0)))
    ]
    return (
        "One core; liquidjs on node in the same run.",
        table(("template", "M/s", "liquidjs M/s", "times", "allocations"), rows),
        plot.bars("Phone templates rendered", "millions a second on one core", shown, 2, "goal 2 M/s"),
    )


def keyed_section(lines):
    times = lines["keyed_ratio"][0]
    text = (
        "10,000 messages for 100 mailboxes on one partition, 0 to 5 ms of Exchange's time for each. One at a time is a plain "
        "consumer without database; the mark is what the library parallel-consumer publishes for such a load, ordered by key. "
        "The worker keeps one request a mailbox in flight and puts a mailbox's contacts into one request; "
        "its rate holds two commits for each request. Three times in turns, the median counts."
    )
    rows = [(x["how"], x["messages"], x["per_s"]) for x in lines["keyed"]]
    return (
        text,
        table(("", "messages", "messages/s"), rows),
        plot.bars(
            "Concurrency by key",
            "times one message at a time",
            [
                ("one at a time", 1.0, "1", False),
                ("parallel-consumer (published)", times["mark"], f"{times['mark']}", False),
                ("contact-sync-worker", times["times"], f"{times['times']:.1f}", True),
            ],
        ),
    )


def publish_section(lines):
    rows = [
        (x["round"], x["per_s"], x["bare_per_s"], f"{x['ratio']:.2f}", x["cpu_us"], x["bare_cpu_us"])
        for x in lines["publish"]
        if "per_s" in x
    ]
    text = "Task, offer and queue driver against `rd_kafka_produce` of ready payloads with the same client settings, in turns."
    return (
        text,
        table(("round", "ours, messages/s", "bare", "ratio", "CPU us", "bare"), rows),
        plot.dots(
            "Publishing against a bare loop",
            "one dot a round",
            [("ours over bare", [float(r[3]) for r in rows], "")],
            0.4,
            1.2,
            0.8,
            "goal 0.8",
        ),
    )


def instructions_section(lines):
    rows = [(x["path"], f"{x['each']:,.0f}", f"{x['ratio']:.3f}" if x.get("ratio") else "-") for x in lines["instructions"]]
    return (
        "Counted by callgrind, so the same on a busy machine; the committed counts: `tests/bench/instructions.json`.",
        table(("path", "instructions each", "of the committed"), rows),
        None,
    )


def parts_section(lines):
    """What else was measured, as it was printed."""
    rows = []
    for name in ("plan_store", "ledger_write", "ledger_noop", "message_encode", "message_decode", "noop", "http"):
        for x in lines[name]:
            words = ", ".join(
                f"{k} {v:,.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in x.items() if k not in ("bench", "goal")
            )
            rows.append((name, words))
    rows += [
        (name, f"{x['us_per_contact']:.2f} us a contact, {x['bytes_per_contact']} bytes")
        for name, found in lines.items()
        if name.startswith("ews.")
        for x in found
    ]
    return "", table(("", ""), rows), None


SECTIONS = (
    ("Worker against the model", "grid", grid_section),
    ("CPU per contact", "cpu", cpu_section),
    ("Beside other clients", "peers", peers_section),
    ("Beside other clients, Exchange taking its time", "slow", slow_section),
    ("Latency", "latency", latency_section),
    ("Scaling", "scale", scale_section),
    ("Concurrency by key", "keyed", keyed_section),
    ("Templates", "lava", lava_section),
    ("Publishing", "publish", publish_section),
    ("Instructions", "instructions", instructions_section),
    ("Parts", "parts", parts_section),
)

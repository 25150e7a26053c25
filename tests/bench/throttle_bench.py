#!/usr/bin/env python3
"""throttle_bench: the real worker against an Exchange that throttles, and one in which a mailbox hangs.

  throttle_bench.py [budget|stuck]...    default: both

budget  every mailbox has a budget of server time (tests/sim/README.md) that lets through a third of what is wanted: the
        share of requests that are refused in steady state, the rate against what the budgets let through; then the budgets
        are lifted: the rate from the 30th second on against the model without them
stuck   work comes for one mailbox of 1,000 after the other; the time until it is done, the 99th percentile: alone, and with one
        more mailbox each of whose requests hangs for 20 s

JSON lines.
"""
import os
import random
import sys
import time

from lib_bench import Bench, Burst, psql, say
from lib_program import until

LATENCY, ITEM = 50, 10
BURST, RECHARGE, CUTOFF = 3000, 0.3, 2000


def steady(bench, seconds):
    """What the simulator counts in so many seconds."""
    def look():
        stats = bench.stats()
        return stats["created"], stats["calls"]["CreateItem"], stats["throttled"], time.monotonic()

    first = look()
    time.sleep(seconds)
    last = look()
    return [b - a for a, b in zip(first, last)]


def budget(mailboxes=8, links=9000):
    with Bench(LATENCY, ITEM) as b:
        b.exchange.post("settings", {"budget_burst_ms": BURST, "budget_recharge": RECHARGE, "budget_cutoff_ms": CUTOFF})
        b.fill(mailboxes, links)
        b.worker(worker__hold="10m")  # there is no producer here, which would offer a parked mailbox again
        b.publish(mailboxes, links)
        until("budgets are used up", lambda: b.stats()["throttled"] > 0, 60)
        time.sleep(35)  # each mailbox finds its pace
        made, calls, refused, seconds = steady(b, 40)
        batch = made / max(1, calls - refused)
        allowed = mailboxes * RECHARGE * 1000 / (ITEM + LATENCY / batch)
        say("throttle_budget", refused_percent=100 * refused / calls, requests=calls, refused=refused, per_s=made / seconds,
            allowed_per_s=allowed, ratio=made / seconds / allowed, B=batch)
        b.exchange.post("settings", {"budget_burst_ms": 0})
        time.sleep(30)
        made, calls, _, seconds = steady(b, 10)
        batch = made / max(1, calls)
        model = mailboxes * batch / (LATENCY + batch * ITEM) * 1000
        say("throttle_returns", after_s=30, per_s=made / seconds, model_per_s=model, ratio=made / seconds / model, B=batch)


def waits(bench, mailboxes, seconds, stuck):
    """Seconds from a mailbox's messages to its last contact, for each mailbox but the stuck one."""
    if stuck:
        bench.exchange.post("faults", {"fault": "late_answer", "ms": 20000, "op": "CreateItem", "times": 0,
                                       "mailbox": f"user{mailboxes}@church.example"})
    order = list(range(1, mailboxes))
    random.Random(5).shuffle(order)
    if stuck:
        order.insert(0, mailboxes)
    sent = {}
    with Burst(bench.kafka) as burst:
        begin = time.monotonic()
        for i, mailbox in enumerate(order):
            time.sleep(max(0.0, begin + i * seconds / mailboxes - time.monotonic()))
            sent[mailbox] = time.time()
            burst.task(bench.prefix, mailbox, 1)
            burst.lib.rd_kafka_poll(burst.rk, 0)
        burst.lib.rd_kafka_flush(burst.rk, 60000)

    def done():
        rows = psql(bench.dsn, "SELECT mailbox, extract(epoch FROM max(at)) FROM journal WHERE outcome = 'done'"
                               " GROUP BY mailbox").splitlines()
        ends = {int(m): float(at) for m, at in (row.split("|") for row in rows)}
        return ends if len(ends.keys() - {mailboxes}) == mailboxes - 1 else None

    ends = until("all but the stuck one are done", done, 120)
    return sorted(ends[m] - sent[m] for m in order if m != mailboxes)


def stuck(mailboxes=1000, links=5, seconds=20):
    """Alone, with the stuck one, alone again: the machine's own noise shows in the two that should be alike."""
    p99 = {}
    for name in ("alone", "stuck", "alone_again"):
        with Bench(LATENCY, ITEM) as b:
            b.fill(mailboxes, links)
            b.worker()
            seen = waits(b, mailboxes, seconds, name == "stuck")
            p99[name] = seen[len(seen) * 99 // 100]
            say("throttle_stuck", run=name, mailboxes=len(seen), p50_ms=1000 * seen[len(seen) // 2], p99_ms=1000 * p99[name],
                max_ms=1000 * seen[-1])
    say("throttle_stuck_ratio", p99=p99["stuck"] / max(p99["alone"], p99["alone_again"]))


PARTS = {"budget": budget, "stuck": stuck}

if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    for word in sys.argv[1:] or PARTS:
        PARTS[word]()

#!/usr/bin/env python3
"""worker_bench: the real worker against sim-exchange in another process, real PostgreSQL and real Kafka.

  worker_bench.py [grid|cpu|memory|scale]...    default: all
  GRID=all: every point of the grid, else the corners

grid    rate in steady state against the model C*B/(L+B*s): L and s are the simulator's service time (a call, an item),
        C the connections, B the items a call that the worker chose, as the simulator counts them. First contact with a
        mailbox is over when the window begins.
cpu     CPU of the worker a contact written, Exchange answering at once: created, updated
memory  1,000 mailboxes with work queued; seconds until a worker is ready
scale   one, two, then four workers, where latency bounds the rate
rebalance  a worker joins and another leaves under load: how long a mailbox waits for it, and whether a write is done again

JSON lines. Points whose model rate needs more than half a core of the worker are left out.
"""
import os
import sys
import time

from lib_bench import Bench, cpu_of, memory_of, psql, say
from lib_program import until

RATE_MAX = 5000  # contacts/s: half a core at 100 us each
LATENCIES, ITEMS, CONNECTIONS = (20, 100, 250), (5, 20, 80), (1, 10, 50, 200)
CORNERS = ((20, 5, 1), (20, 5, 10), (100, 5, 10), (250, 5, 10), (20, 20, 50), (250, 20, 50), (250, 80, 1), (100, 80, 200))
BATCH_MAX = 100


def model(latency, item, connections, batch):
    return connections * batch / (latency + batch * item) * 1000


def grid_points():
    if os.environ.get("GRID") != "all":
        return CORNERS
    return [(latency, item, c) for item in ITEMS for latency in LATENCIES for c in CONNECTIONS
            if model(latency, item, c, BATCH_MAX) <= RATE_MAX]


class Watch:
    """What the simulator has counted, over time: contacts created, calls begun, calls in service."""

    def __init__(self, bench, pid):
        self.bench, self.pid, self.samples, self.begun = bench, pid, [], []

    def look(self):
        stats = self.bench.stats()
        now, creates = time.monotonic(), stats["calls"]["CreateItem"]
        known = self.samples[-1]["creates"] if self.samples else 0
        self.begun += [now] * (creates - known)
        self.samples.append({"at": now, "created": stats["created"], "creates": creates, "busy": stats["in_flight"],
                             "others": sum(stats["calls"].values()) - creates, "cpu": cpu_of(self.pid)})
        return self.samples[-1]

    def begun_items(self, sample, batch, service):
        """Contacts served until then, with the share of the calls in service: calls come in waves, a wave may be cut."""
        calls = self.begun[:sample["creates"]][max(0, sample["creates"] - sample["busy"]):]
        return sample["created"] + batch * sum(min(1.0, (sample["at"] - at) / service) for at in calls)

    def report(self, begin, latency, item, connections):
        window = [s for s in self.samples if s["at"] >= begin]
        first, last = window[0], window[-1]
        seconds = last["at"] - first["at"]
        made, calls = last["created"] - first["created"], last["creates"] - first["creates"]
        if calls < 2:
            say("worker_model", L=latency, s=item, C=connections, failed="no calls in the window")
            return
        batch = made / max(1, calls + first["busy"] - last["busy"])
        service = (latency + batch * item) / 1000
        rate = (self.begun_items(last, batch, service) - self.begun_items(first, batch, service)) / seconds
        expected = model(latency, item, connections, batch)
        say("worker_model", L=latency, s=item, C=connections, B=batch, per_s=rate, model_per_s=expected,
            ratio=rate / expected, busy=sum(s["busy"] for s in window) / len(window) / connections, calls=calls,
            other_calls=last["others"] - first["others"], seconds=seconds, cpu_us_each=(last["cpu"] - first["cpu"]) * 1e6 / made,
            worker_core=(last["cpu"] - first["cpu"]) / seconds)


def grid_point(latency, item, connections):
    service = (latency + 60 * item) / 1000
    warm, lasts = max(2.0, 1.5 * service), max(8.0, 4 * service)
    active = connections + connections // 4 + 2
    rate = model(latency, item, connections, BATCH_MAX)
    links = int(rate / active * (warm + lasts + 2) * 1.3) + 300
    with Bench(latency, item) as b:
        b.fill(active, links)
        worker, _ = b.worker(exchange__connections=connections)
        b.publish(active, links)
        watch = Watch(b, worker.process.pid)
        step = 0.02 if connections == 1 else 0.05

        def going():
            time.sleep(step)
            last = watch.look()
            return last["creates"] >= connections and last["others"] == watch.samples[-10:][0]["others"]

        until("a first round of requests is through", going, 60)
        begin = time.monotonic() + warm
        while time.monotonic() < begin + lasts and watch.look()["created"] < active * links * 0.97:
            time.sleep(step)
        watch.report(begin, latency, item, connections)


def grid():
    for point in grid_points():
        grid_point(*point)


# --- CPU a contact -------------------------------------------------------------------------


def drained(b):
    return psql(b.dsn, "SELECT count(*) FROM link WHERE want IS DISTINCT FROM have") == "0" and \
        psql(b.dsn, "SELECT count(*) FROM mailbox WHERE lease_until IS NOT NULL") == "0"


def measured(b, worker, name, counter, total, act):
    """CPU of all programs from act() until the rows rest."""
    pid, sim = worker.process.pid, b.simulator.process.pid
    before = cpu_of(pid), cpu_of(sim), b.database_cpu()
    done = b.stats()[counter]
    begin = time.monotonic()
    act()
    until(f"{name}: all is written", lambda: b.stats()[counter] - done >= total, 180)
    seconds = time.monotonic() - begin
    until(f"{name}: the rows rest", lambda: drained(b), 60)
    say("worker_cpu", op=name, contacts=total, per_s=total / seconds, cpu_us_each=(cpu_of(pid) - before[0]) * 1e6 / total,
        sim_us_each=(cpu_of(sim) - before[1]) * 1e6 / total, postgres_us_each=(b.database_cpu() - before[2]) * 1e6 / total,
        rss_mb=memory_of(pid, "VmRSS"))


def cpu(mailboxes=40, links=1000):
    total = mailboxes * links
    with Bench() as b:
        b.fill(mailboxes, links)
        worker, _ = b.worker()
        measured(b, worker, "create", "created", total, lambda: b.publish(mailboxes, links))
        psql(b.dsn, CHANGE.replace("\n", " "))
        measured(b, worker, "update", "updated", total, lambda: b.publish(mailboxes, links))
        psql(b.dsn, "UPDATE link SET want = NULL, want_content = NULL, want_cats = NULL")
        measured(b, worker, "delete", "deleted", total, lambda: b.publish(mailboxes, links))


# Every person gets the card of another one, without their own being lost: what a plan with a new number does to the rows.
CHANGE = """
WITH n AS (SELECT id, key, replace(body, '"phoneMobile":"+1 602', '"phoneMobile":"+1 623') AS body
    FROM person p JOIN content c ON c.hash = p.content),
h AS (SELECT *, sha256(convert_to(body, 'UTF8')) AS hash FROM n),
s AS (SELECT *, sha256('\\x01'::bytea || decode(replace(key::text, '-', ''), 'hex') || hash) AS a,
    sha256('\\x02'::bytea || convert_to('Following', 'UTF8')) AS b FROM h),
x AS (SELECT id, hash, body, decode(string_agg(lpad(to_hex(get_byte(a, i) # get_byte(b, i)), 2, '0'), '' ORDER BY i), 'hex')
    AS state FROM s, generate_series(0, 31) i GROUP BY id, hash, body),
c AS (INSERT INTO content (hash, body) SELECT hash, body FROM x ON CONFLICT DO NOTHING)
UPDATE link l SET want = x.state, want_content = x.hash FROM x WHERE x.id = l.person"""


# --- memory ------------------------------------------------------------------------------


def memory(mailboxes=1000, links=100):
    with Bench(latency=100, item=20) as b:
        b.fill(mailboxes, links)
        worker, first = b.worker()  # makes the topics
        worker.stop()
        worker, ready = b.worker()
        pid = worker.process.pid
        idle = memory_of(pid, "VmRSS")
        b.publish(mailboxes, links)
        until("all messages are taken", lambda: worker.metric("contact_sync_messages_total") >= mailboxes * links, 60)
        begin = time.monotonic()
        most = 0.0
        while time.monotonic() < begin + 8:
            most = max(most, memory_of(pid, "VmRSS"))
            time.sleep(0.2)
        say("worker_memory", mailboxes=mailboxes, messages=mailboxes * links, rss_mb=most, peak_mb=memory_of(pid, "VmHWM"),
            idle_mb=idle, ready_s=ready, ready_first_s=first)


# --- 1 -> 4 ------------------------------------------------------------------------------


def scale(latency=250, item=20, connections=5, mailboxes=60, links=900):
    """Rate of some workers on as many rows and topics."""
    rates = {}
    for n in (1, 2, 4):
        with Bench(latency, item) as b:
            b.fill(mailboxes, links)
            workers = [b.worker(exchange__connections=connections)[0] for _ in range(n)]
            b.publish(mailboxes, links)
            until("requests are through", lambda: b.stats()["calls"]["CreateItem"] >= 2 * n * connections, 60)
            time.sleep(3)
            begin, before, used = time.monotonic(), b.stats()["created"], sum(cpu_of(w.process.pid) for w in workers)
            time.sleep(9)
            seconds, made = time.monotonic() - begin, b.stats()["created"] - before
            rates[n] = made / seconds
            say("worker_scale", workers=n, connections=connections, L=latency, s=item, per_s=rates[n],
                cpu_us_each=(sum(cpu_of(w.process.pid) for w in workers) - used) * 1e6 / max(made, 1))
    say("worker_scale_ratio", linear=rates[4] / (4 * rates[1]))


# --- a worker joins, another leaves ------------------------------------------------------------


def longest_pauses(b, since, until_then):
    """Longest time between two results of a mailbox beyond what it usually takes, over the mailboxes: (longest, usual)."""
    rows = psql(b.dsn, "SELECT mailbox, extract(epoch FROM at) FROM journal WHERE outcome = 'done' GROUP BY mailbox, at"
                       " ORDER BY mailbox, at").splitlines()
    times = {}
    for mailbox, at in (row.split("|") for row in rows):
        times.setdefault(mailbox, []).append(float(at))
    usual, pauses = [], []
    for ats in times.values():
        gaps = [(b - a, a, b) for a, b in zip(ats, ats[1:])]
        normal = sorted(g for g, _, _ in gaps)[len(gaps) // 2]
        usual.append(normal)
        pauses += [g - normal for g, first, last in gaps if last >= since and first <= until_then]
    return max(pauses), sorted(usual)[len(usual) // 2]


def rebalance(latency=250, item=5, connections=10, mailboxes=20, links=2000):
    """Two workers under load; a third joins, then one of the first leaves. What do the mailboxes feel?"""
    with Bench(latency, item) as b:
        b.fill(mailboxes, links)
        workers = [b.worker(exchange__connections=connections)[0] for _ in range(2)]
        b.producer()  # what the leaving worker lets go has to be offered again
        until("requests are through", lambda: b.stats()["calls"]["CreateItem"] >= 4 * mailboxes, 60)
        for act in ("join", "leave"):
            begin = time.time()
            if act == "join":
                third, _ = b.worker(exchange__connections=connections)
                until("it has partitions", lambda: third.partitions() > 0, 30)
            else:
                workers[0].stop()
            time.sleep(5)
            pause, usual = longest_pauses(b, begin, time.time())
            say("worker_rebalance", act=act, mailboxes=mailboxes, pause_s=max(0.0, pause), usual_s=usual)
        b.exchange.post("settings", {"latency_ms": 10, "item_ms": 1})
        until("all is written", lambda: b.stats()["created"] >= mailboxes * links, 90)
        until("the rows rest", lambda: drained(b), 30)
        stats = b.stats()
        say("worker_rebalance_redone", contacts=mailboxes * links, created=stats["created"], updated=stats["updated"],
            deleted=stats["deleted"], most_creates_of_one=stats["max_creates_per_key"],
            redone=stats["created"] + stats["updated"] + stats["deleted"] - mailboxes * links)


PARTS = {"grid": grid, "cpu": cpu, "memory": memory, "scale": scale, "rebalance": rebalance}

if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    for word in sys.argv[1:] or PARTS:
        PARTS[word]()

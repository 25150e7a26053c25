#!/usr/bin/env python3
"""latency_bench: how long until a change is in the mailbox, with much other work about.

  latency_bench.py [event|click]...    default: both

event   one worker with default settings, Exchange at 100 ms a call and 20 ms an item. Mailboxes get 20 changes at once, at
        random times, so many that they fill 70 % of the worker's connections; beside them single changes for somebody who
        waits (topic urgent). Seconds from before a change's row is written to its result in the journal.
click   the whole way, with sim-rock and the producer: while everybody's mailbox is filled for the first time, users save a
        choice. Seconds from the request to its last contact; the goal leaves out the request that is under way for that mailbox.

JSON lines.
"""
import os
import random
import sys
import time

from lib_bench import Bench, Burst, CATEGORY, Session, people, percentile, psql, say
from lib_program import Failure, until
from lib_site import Site

LATENCY, ITEM, CONNECTIONS = 100, 20, 20  # 20 connections: the default
LOAD, EACH = 0.7, 20
SECONDS, URGENT_PER_S, MAILBOXES = 25, 4, 200


# --- single changes beside a steady load ---------------------------------------------------


class Changes:
    """Rows as a plan writes them, and the messages for them."""

    def __init__(self, bench, session, burst):
        self.bench, self.session, self.burst = bench, session, burst
        self.next = dict.fromkeys(range(1, MAILBOXES + 1), 2)  # each holds person 1 from the start
        self.sent = {}

    def make(self, mailbox, count, urgent):
        first, begin = self.next[mailbox], time.time()
        last = first + count - 1
        self.next[mailbox] = last + 1
        self.session(f"INSERT INTO link (mailbox, person, want, want_content, want_cats, urgent) SELECT {mailbox}, id, state, hash,"
                     f" '{CATEGORY}', {urgent} FROM staged WHERE id BETWEEN {first} AND {last}")
        for person in range(first, last + 1):
            self.burst.task(self.bench.prefix, mailbox, person, "urgent" if urgent else "tasks")
        self.burst.lib.rd_kafka_poll(self.burst.rk, 0)
        self.sent[mailbox, last] = begin, urgent


def stage(session, count):
    session("CREATE TABLE staged (id bigint PRIMARY KEY, hash bytea, state bytea)")
    for i, key, content, body, state in people(count):
        session(f"INSERT INTO content (hash, body) VALUES ('\\x{content.hex()}', '{body}') ON CONFLICT DO NOTHING;"
                f"INSERT INTO person (id, key, content) VALUES ({i}, '{key}', '\\x{content.hex()}') ON CONFLICT DO NOTHING;"
                f"INSERT INTO staged VALUES ({i}, '\\x{content.hex()}', '\\x{state.hex()}')")


def arrivals(rng, seconds, rate, urgent):
    """Poisson: (second, mailbox, urgent)."""
    at = rng.expovariate(rate)
    while at < seconds:
        yield at, rng.randrange(1, MAILBOXES + 1), urgent
        at += rng.expovariate(rate)


def event():
    rng = random.Random(11)
    mass = LOAD * CONNECTIONS * 1000 / (LATENCY + EACH * ITEM)  # requests a second
    plan = sorted([*arrivals(rng, SECONDS, mass, False), *arrivals(rng, SECONDS, URGENT_PER_S, True)])
    with Bench(LATENCY, ITEM) as b, Session(b.dsn) as session, Burst(b.kafka) as burst:
        b.fill(MAILBOXES, 1)
        b.worker()
        b.publish(MAILBOXES, 1)
        stage(session, 40 + int(EACH * 4 * mass * SECONDS / MAILBOXES))
        until("each mailbox is known", lambda: b.stats()["created"] >= MAILBOXES, 60)
        changes = Changes(b, session, burst)
        begin, busy = time.monotonic(), []
        for at, mailbox, urgent in plan:
            while time.monotonic() < begin + at:
                time.sleep(max(0.0, min(0.25, begin + at - time.monotonic())))
                busy.append(b.stats()["in_flight"])
            changes.make(mailbox, 1 if urgent else EACH, str(urgent).lower())
        total = MAILBOXES + sum(1 if urgent else EACH for _, _, urgent in plan)
        until("all changes are written", lambda: b.stats()["created"] >= total, 60)
        time.sleep(0.5)
        ends = {}
        for line in psql(b.dsn, "SELECT mailbox, person, extract(epoch FROM at) FROM journal WHERE outcome = 'done'").splitlines():
            mailbox, person, at = line.split("|")
            ends[int(mailbox), int(person)] = float(at)
    for word, name in (("true", "urgent"), ("false", "mass")):
        took = sorted(ends[which] - at for which, (at, urgent) in changes.sent.items() if urgent == word)
        say("latency_event", topic=name, events=len(took), contacts_each=EACH if name == "mass" else 1, L=LATENCY, s=ITEM,
            connections=CONNECTIONS, load=LOAD, busy=sum(busy) / len(busy) / CONNECTIONS, p50_s=percentile(took, 0.5),
            p99_s=percentile(took, 0.99), max_s=took[-1])


# --- somebody saves while everybody's mailbox is filled --------------------------------------

DEFAULTS = ("exchange.server_deadline", "worker.lease", "worker.settle_gap", "worker.look_again", "worker.heartbeat",
            "redrive.every", "redrive.undelivered", "kafka.session.timeout.ms", "kafka.heartbeat.interval.ms", "kafka.partitions")
CLICKS = 15


def follow_one_more(site, user, rng):
    while True:
        try:
            return site.change("follow", user=user, person=rng.randrange(2, 5000))
        except Failure:  # nobody has that number, or is followed already
            pass


def one_click(site, session, user, rng):
    """Follows one more person and saves; seconds to the contact, contacts written (none: the mailbox has that person by a group)."""
    follow_one_more(site, user, rng)
    begin = time.time()
    run = session(f"INSERT INTO run (trigger, person_key, urgent) SELECT 'save', person_key, true FROM subscriber"
                  f" WHERE address = '{user}' RETURNING id")[0]
    session("SELECT pg_notify('contact_sync_run', '')")
    done = f"SELECT extract(epoch FROM max(at)), count(*) FROM journal WHERE run = {run} AND outcome = 'done'"
    planned = f"SELECT state, coalesce((counts->>'messages')::int, 0) FROM run WHERE id = {run}"

    def ended():
        state, messages = session(planned)[0].split("|")
        if state == "failed":
            raise SystemExit("latency_bench: a click's run failed")
        at, count = session(done)[0].split("|")
        return state == "success" and int(count) >= int(messages) and (float(at or begin), int(messages))

    end, messages = until("a click is done", ended, 60)
    return end - begin, messages


def unchanged(site):
    """A run in which nothing changed."""
    site.run()  # brings what was followed and not saved
    until("the mailboxes rest", site.rows_rest, 60)
    before, begin = site.calls(), time.monotonic()
    counts = site.run()
    say("unchanged_run", wanted=counts.get("wanted"), messages=counts["messages"], exchange_calls=site.calls() - before,
        seconds=time.monotonic() - begin)


def click(people_count=4000, users=130):
    with Site("clicks", people=people_count, users=users, latency=LATENCY, item=ITEM, settings=dict.fromkeys(DEFAULTS)) as site:
        producer, worker = site.producer().ready(), site.worker().ready()
        with Session(site.dsn) as session:
            site.plan()
            wanted = int(session("SELECT count(*) FROM link WHERE want IS NOT NULL")[0])
            rows = session("SELECT address FROM subscriber WHERE state = 'ok' AND (choices->>'follow')::boolean ORDER BY id")
            rng, took, sizes = random.Random(3), [], []
            left = lambda: wanted - site.stats()["created"]  # noqa: E731
            for user in rng.sample(rows, min(CLICKS, len(rows))):
                if left() < 1000:
                    break
                seconds, messages = one_click(site, session, user, rng)
                if messages:
                    took.append(seconds)
                    sizes.append(messages)
            behind = left()
            until("the mass run is written", lambda: left() <= 0, 90)
        unchanged(site)
        stats, batch = site.stats(), worker.metric("contact_sync_items_total") / max(1, site.stats()["calls"]["CreateItem"])
        request = (LATENCY + batch * ITEM) / 1000
        took.sort()
        say("latency_click", clicks=len(took), contacts=sum(sizes), mass_contacts=wanted, left_behind=behind, L=LATENCY, s=ITEM,
            p50_s=percentile(took, 0.5), max_s=took[-1], request_s=request, worst_without_request_s=took[-1] - request,
            invalid=stats["invalid"], producer_alive=producer.alive())


PARTS = {"event": event, "click": click}

if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    for word in sys.argv[1:] or PARTS:
        PARTS[word]()

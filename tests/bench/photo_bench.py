#!/usr/bin/env python3
"""photo_bench: do contacts feel it that pictures are being written?

  photo_bench.py [beside|full]...    default: both

beside  one worker with default settings, Exchange at 100 ms a call and 20 ms an item. Mailboxes get 20 changes at once at random
        times, which fill 70 % of the connections; other mailboxes have pictures to write, more than can be written. Seconds from
        before a change's row is written to its result in the journal: without pictures, with, without again; the same changes
        at the same times
full    contacts enough for all connections: contacts a second without pictures, with, without again

JSON lines.
"""
import os
import random
import sys
import threading
import time

from latency_bench import EACH, ITEM, LATENCY, arrivals, CONNECTIONS, LOAD, MAILBOXES, stage
from lib_bench import Bench, Burst, CATEGORY, Session, percentile, psql, say
from lib_program import until

PICTURED, PEOPLE, BYTES = 60, 30, 15000  # mailboxes with pictures, contacts in each, of a picture
SECONDS, WINDOW = 20, 8
OFFER_S = 2  # mailboxes with pictures are offered again; the producer does it each minute


class Lane:
    """Pictures of people 2 to PEOPLE in the mailboxes after MAILBOXES."""

    def __init__(self, bench):
        self.bench, self.version, self.over, self.thread = bench, 0, threading.Event(), None

    def contacts(self, session, burst):
        last = MAILBOXES + PICTURED
        session(f"INSERT INTO link (mailbox, person, want, want_content, want_cats) SELECT m.id, s.id, state, hash, '{CATEGORY}'"
                f" FROM mailbox m, staged s WHERE m.id > {MAILBOXES} AND s.id BETWEEN 2 AND {PEOPLE}")
        for mailbox in range(MAILBOXES + 1, last + 1):
            burst.task(self.bench.prefix, mailbox, 2)
        burst.lib.rd_kafka_flush(burst.rk, 60000)
        until("mailboxes for pictures have their contacts",
              lambda: self.bench.stats()["created"] >= last + PICTURED * (PEOPLE - 1), 90)

    def __enter__(self):
        self.version += 1
        psql(self.bench.dsn, f"""
CREATE TEMP TABLE p AS SELECT i AS person, '\\xffd8ffe0'::bytea || (SELECT string_agg(sha256((i || ' {self.version} ' || k)::bytea),
    '') FROM generate_series(1, {BYTES // 32}) k) AS jpeg FROM generate_series(2, {PEOPLE}) i;
INSERT INTO photo SELECT sha256(jpeg), jpeg FROM p;
INSERT INTO person_photo (person, ref_id, read_at, got, hash) SELECT person, {self.version}, now(), true, sha256(jpeg) FROM p;
UPDATE mailbox SET photo_requested = photo_requested + 1, photo_at = NULL WHERE id > {MAILBOXES}""".replace("\n", " "))
        self.over.clear()
        self.thread = threading.Thread(target=self.offer)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        psql(self.bench.dsn, "DELETE FROM person_photo")  # then none is due any more

    def offer(self):
        with Burst(self.bench.kafka) as burst:
            while True:
                for mailbox in psql(self.bench.dsn, "SELECT id FROM mailbox WHERE photo_requested > photo_done").split():
                    burst.add(burst.topic(f"{self.bench.prefix}contact-sync.tasks"), mailbox.encode(),
                              b'{"v":1,"id":"7d1f2b54-98f3-4d2b-8a51-%012x","op":"photo","mailbox":%s,"gen":0,"at":%d}'
                              % (int(mailbox), mailbox.encode(), int(time.time() * 1000)))
                burst.lib.rd_kafka_flush(burst.rk, 10000)
                if self.over.wait(OFFER_S):
                    return


class Nothing:
    """In the place of the lane."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def runs(lane):
    return (("without", Nothing()), ("with", lane), ("without_again", Nothing()))


class Site:
    """A worker that knows all mailboxes; those of the lane hold their contacts."""

    def __init__(self, people):
        self.people, self.bench = people, Bench(LATENCY, ITEM)

    def __enter__(self):
        b = self.bench.__enter__()
        self.session, self.burst = Session(b.dsn).__enter__(), Burst(b.kafka).__enter__()
        b.fill(MAILBOXES + PICTURED, 1)
        b.worker()
        b.publish(MAILBOXES + PICTURED, 1)
        stage(self.session, self.people)
        until("each mailbox is known", lambda: b.stats()["created"] >= MAILBOXES + PICTURED, 60)
        self.lane = Lane(b)
        self.lane.contacts(self.session, self.burst)
        return self

    def __exit__(self, *why):
        self.burst.__exit__(*why)
        self.session.__exit__(*why)
        self.bench.__exit__(*why)

    def want(self, mailbox, first, count):
        """Rows as a plan writes them, and their messages; returns when that began."""
        begin = time.time()
        self.session(f"INSERT INTO link (mailbox, person, want, want_content, want_cats) SELECT {mailbox}, id, state, hash,"
                     f" '{CATEGORY}' FROM staged WHERE id BETWEEN {first} AND {first + count - 1}")
        for person in range(first, first + count):
            self.burst.task(self.bench.prefix, mailbox, person)
        self.burst.lib.rd_kafka_poll(self.burst.rk, 0)
        return begin


# --- beside a usual load -------------------------------------------------------------------


def changes(site, nexts, plan):
    """Makes them; returns seconds that each took, sorted."""
    before, sent, begin = site.bench.stats()["created"], {}, time.monotonic()
    for at, mailbox, _ in plan:
        time.sleep(max(0.0, begin + at - time.monotonic()))
        first = nexts[mailbox]
        nexts[mailbox] = first + EACH
        sent[mailbox, first + EACH - 1] = site.want(mailbox, first, EACH)
    until("all changes are written", lambda: site.bench.stats()["created"] >= before + EACH * len(plan), 60)
    time.sleep(0.5)
    ends = {}
    rows = psql(site.bench.dsn, "SELECT mailbox, person, extract(epoch FROM at) FROM journal WHERE outcome = 'done' AND op = 'create'"
                                f" AND mailbox <= {MAILBOXES}")
    for line in rows.splitlines():
        mailbox, person, at = line.split("|")
        ends[int(mailbox), int(person)] = float(at)
    return sorted(ends[which] - at for which, at in sent.items())


def beside():
    mass = LOAD * CONNECTIONS * 1000 / (LATENCY + EACH * ITEM)  # requests a second
    plan = sorted(arrivals(random.Random(11), SECONDS, mass, False))
    people = PEOPLE + 3 * EACH * max(sum(1 for _, m, _ in plan if m == box) for box in range(1, MAILBOXES + 1))
    p99 = {}
    with Site(people) as site:
        nexts = dict.fromkeys(range(1, MAILBOXES + 1), PEOPLE + 1)
        for name, lane in runs(site.lane):
            with lane:
                before, begin = site.bench.stats(), time.monotonic()
                took = changes(site, nexts, plan)
                seconds, after = time.monotonic() - begin, site.bench.stats()
            p99[name] = percentile(took, 0.99)
            say("photo_beside", run=name, changes=len(took), contacts_each=EACH, L=LATENCY, s=ITEM, load=LOAD,
                p50_s=percentile(took, 0.5), p99_s=p99[name], max_s=took[-1],
                pictures_per_s=(after["attached"] - before["attached"]) / seconds)
            time.sleep(2)  # calls of pictures that are under way come to their end
    say("photo_beside_ratio", p99=p99["with"] / max(p99["without"], p99["without_again"]))


# --- beside all that the connections can carry -----------------------------------------------


def full(mailboxes=80, links=700):
    rates = {}
    with Site(PEOPLE + links) as site:
        for mailbox in range(1, mailboxes + 1):
            site.want(mailbox, PEOPLE + 1, links)
        time.sleep(4)
        for name, lane in runs(site.lane):
            with lane:
                time.sleep(1)
                before, begin = site.bench.stats(), time.monotonic()
                time.sleep(WINDOW)
                seconds, after = time.monotonic() - begin, site.bench.stats()
            rates[name] = (after["created"] - before["created"]) / seconds
            say("photo_full", run=name, per_s=rates[name], seconds=seconds, L=LATENCY, s=ITEM,
                pictures_per_s=(after["attached"] - before["attached"]) / seconds)
        left = psql(site.bench.dsn, "SELECT count(*) FROM link WHERE want IS DISTINCT FROM have")
    say("photo_full_ratio", rate=rates["with"] / min(rates["without"], rates["without_again"]), left=int(left))


PARTS = {"beside": beside, "full": full}

if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    for word in sys.argv[1:] or PARTS:
        PARTS[word]()

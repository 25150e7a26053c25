#!/usr/bin/env python3
"""Workers that come and go under load, with the installed librdkafka and with a newer one."""
import os
import pathlib
import re
import subprocess
import threading
import time

from lib_program import need, until
from lib_run import Skip, main, needs_kafka
from lib_site import ROOT, Site

JOINS = 10


class Gaps(threading.Thread):
    """Watches the simulator: the longest time in which no contact was created."""

    def __init__(self, site):
        super().__init__(daemon=True)
        self.site, self.longest, self.ended = site, 0.0, threading.Event()

    def run(self):
        last, since = -1, time.monotonic()
        while not self.ended.wait(0.05):
            created = self.site.stats()["created"]
            now = time.monotonic()
            if created != last:
                last, since = created, now
            self.longest = max(self.longest, now - since)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.ended.set()
        self.join(10)


def second_worker_joins_and_leaves():
    """A second worker joins and leaves ten times under load: no assignment lost, no Exchange write done twice"""
    needs_kafka()
    settings = {"exchange.connections": 2, "batch.start": 5, "batch.target": "400ms", "worker.lease": "10s",
                "kafka.session.timeout.ms": 6000, "kafka.heartbeat.interval.ms": 500}
    with Site("joins", people=1200, users=40, latency=150, item=60, settings=settings) as site:
        producer, first = site.producer().ready(), site.worker(name="first").ready()
        site.plan()
        wanted = sum(len(box) for box in site.expected().values())
        until("the load is under way", lambda: site.stats()["created"] > 0, 30)
        with Gaps(site) as gaps:
            shares = [join_and_leave(site, n) for n in range(JOINS)]
            need(site.stats()["created"] < wanted, "the load was over before the last join")
        site.exchange.post("settings", {"latency_ms": 5, "item_ms": 1})  # the rest need not be slow
        site.exact(120)
        stats = site.stats()
        need(first.metric("contact_sync_assignment_lost_total") == 0, "the first worker lost its assignment")
        need(stats["created"] == wanted, f"{stats['created']} creates for {wanted} contacts")
        need(stats["updated"] == stats["deleted"] == 0, f"updates or deletes in a first load: {stats}")
        need(first.metric("contact_sync_fenced_total") == 0, "a lease was lost")
        need(producer.alive(), "the producer is gone")
        need(gaps.longest < 10, f"nothing was written for {gaps.longest:.1f} s")
        return f"{wanted} contacts, {sum(shares)} by the second worker, longest gap {gaps.longest:.1f} s"


def join_and_leave(site, n):
    """A worker joins, gets partitions, leaves; returns how many contacts it wrote."""
    second = site.worker(name=f"second-{n + 1}").ready()
    until("it has partitions", lambda: second.partitions() > 0, 30)
    until("it has written something", lambda: written(second) > 0, 30)
    lost, share = second.metric("contact_sync_assignment_lost_total"), written(second)
    need(lost == 0, f"the second worker lost its assignment {lost:.0f} times")
    second.stopwatch_stop()
    return share


def written(worker):
    return int(worker.metric("contact_sync_items_total", 'op="create"', 'outcome="done"'))


def two_workers_share():
    """Two workers share the mailboxes; both write, nothing twice"""
    needs_kafka()
    with Site("share", users=12, latency=80, settings={"exchange.connections": 2, "batch.start": 10}) as site:
        workers = [site.worker().ready() for _ in range(2)]
        for worker in workers:
            until("it has partitions", lambda w=worker: w.partitions() > 0, 30)
        site.producer().ready()
        site.plan()
        verdict = site.exact(90)
        need(site.stats()["created"] == verdict["found"], "a contact was created twice")
        shares = [w.metric("contact_sync_items_total", 'op="create"', 'outcome="done"') for w in workers]
        need(all(share > 0 for share in shares), f"one of them did nothing: {shares}")
        return " + ".join(f"{share:.0f}" for share in shares)


# --- a newer librdkafka ---


def wheel_library():
    """librdkafka out of the PyPI wheel confluent-kafka, as a folder with librdkafka.so.1. Skips where it cannot be had."""
    folder = ROOT / "build/librdkafka-newer"
    if not (folder / "librdkafka.so.1").exists():
        folder.mkdir(parents=True, exist_ok=True)
        python = os.environ.get("CONTACT_SYNC_PYTHON", "python3")
        done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
                               "--only-binary", ":all:", "--target", str(folder / "wheel"), "confluent-kafka"],
                              capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            raise Skip(f"the wheel confluent-kafka cannot be had: {done.stderr.strip().splitlines()[-1:]}")
        found = sorted((folder / "wheel").glob("**/librdkafka*.so*"))
        if not found:
            raise Skip("the wheel confluent-kafka holds no librdkafka")
        (folder / "librdkafka.so.1").symlink_to(os.path.relpath(found[0], folder))
    return folder


def loaded_library(program):
    """The file that a running program has mapped as librdkafka."""
    maps = pathlib.Path(f"/proc/{program.process.pid}/maps").read_text()
    return re.search(r"\S*librdkafka\S*", maps).group(0)


def newer_librdkafka():
    """The same programs on a newer librdkafka: first load, a killed worker, a joining one, an unchanged run"""
    needs_kafka()
    folder = wheel_library()
    libraries = {"LD_LIBRARY_PATH": f"{folder}:{folder / 'wheel/confluent_kafka.libs'}"}
    with Site("newer librdkafka", users=8, latency=100, settings={"exchange.connections": 2, "batch.start": 10}) as site:
        producer = site.producer(env=libraries).ready()
        victim = site.worker(env=libraries, kill_at="answered:4")
        site.plan()
        victim.wait(60)
        worker = site.worker(env=libraries).ready()
        second = site.worker(env=libraries).ready()
        used = {str(pathlib.Path(loaded_library(p)).resolve()) for p in (producer, worker, second)}
        need(all("librdkafka-newer" in path for path in used), f"the programs use {used}")
        site.exact(90)
        second.stopwatch_stop()
        site.rock.post("demo-changes", {})
        site.run()
        site.exact()
        site.exchange.delete("stats")
        need(site.run()["messages"] == 0 and site.calls() == 0, "an unchanged run is not free")
        need(worker.metric("contact_sync_assignment_lost_total") == 0, "an assignment was lost")
        return pathlib.Path(used.pop()).name


if __name__ == "__main__":
    main([second_worker_joins_and_leaves, two_workers_share, newer_librdkafka], at_once=2)

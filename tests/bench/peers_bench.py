#!/usr/bin/env python3
"""peers_bench: the worker, exchangelib and ews-java-api write the same contacts to the same simulator, one after the other.

First Exchange answers at once: what a contact costs in CPU. Then a call takes 100 ms and an item 20 ms: what each makes of its
connections. The peers run in several chunk sizes and numbers of threads; the best of each counts, and is named. A peer that
cannot be had is named, and left out.

The peers get lists of ready contacts and only write them; the worker takes messages from Kafka, reads rows from PostgreSQL,
and records each result before it counts as done.

JSON lines. The first plan of each peer is a warm-up and does not count.
"""
import json
import os
import subprocess
import sys
import time

from lib_bench import Bench, cpu_of, say
from lib_program import environment, until
from lib_site import ROOT

HERE = ROOT / "tests/bench"
SLOW_LATENCY, SLOW_ITEM, CONNECTIONS = 100, 20, 10
# contacts:chunk:threads; contacts in proportion to a peer's speed, so that each plan takes some seconds.
PROMPT = {"exchangelib": ("500:100:1", "1250:50:1", "1250:100:1", "1250:250:1", "1250:100:2"),
          "ews-java-api": ("5000:100:2", "5000:50:1", "5000:100:1", "5000:250:1", "5000:100:2")}
SLOW = {"exchangelib": ("500:50:10", "2500:50:10", "2500:125:10"),
        "ews-java-api": ("2500:50:10", "2500:50:10", "2500:250:10")}


class Absent(Exception):
    """A peer that cannot be had here."""


def exchangelib_command():
    python = os.environ.get("CONTACT_SYNC_PYTHON", sys.executable)
    done = subprocess.run([python, "-c", "import exchangelib"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Absent("exchangelib is not installed (scripts/deps.sh --bench)")
    return [python, HERE / "exchangelib_peer.py"]


def java_command():
    import roundtrips  # pylint: disable=import-outside-toplevel
    from lib_run import Skip  # pylint: disable=import-outside-toplevel
    try:
        folder = roundtrips.java_client()
    except Skip as e:
        raise Absent(str(e)) from None
    classes, source = folder / "peer-classes", HERE / "EwsPeer.java"
    compiler = next((folder / "jars").glob("ecj-*.jar"))
    roundtrips.run("ecj", ["java", "-jar", compiler, "-11", "-nowarn", "-cp", roundtrips.classpath(folder), "-d", classes, source])
    return ["java", "-Xmx512m", "-cp", f"{classes}:{roundtrips.classpath(folder)}", "EwsPeer"]


def peer(name, command, url, plans):
    done = subprocess.run([str(word) for word in [*command, url, *plans]], capture_output=True, text=True, timeout=300,
                          check=False, env=environment())
    if done.returncode:
        raise Absent(f"{name} failed: {done.stderr.strip()[-600:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def worker(bench, mailboxes, links, connections):
    """Messages to written contacts, rows recorded."""
    total = mailboxes * links
    bench.fill(mailboxes, links)
    program, _ = bench.worker(exchange__connections=connections)
    done, used = bench.stats()["created"], cpu_of(program.process.pid)
    begin = time.monotonic()
    bench.publish(mailboxes, links)
    until("all is written", lambda: bench.stats()["created"] - done >= total, 120)
    seconds = time.monotonic() - begin
    until("and recorded", lambda: program.metric("contact_sync_items_total", 'outcome="done"') >= total, 30)
    used = cpu_of(program.process.pid) - used
    program.stop()
    return {"contacts": total, "per_s": total / seconds, "cpu_us_each": used * 1e6 / total, "connections": connections}


def judge(bench):
    stats = bench.stats()
    if stats["invalid"]:
        raise SystemExit(f"peers_bench: requests that Exchange calls invalid: {stats['invalid_reasons']}")


def best(lines, by):
    return (min if by == "cpu_us_each" else max)(lines, key=lambda line: line[by])


def compare(bench, case, commands, plans, by, ours):
    say(f"peers_{case}", who="contact-sync-worker", **ours)
    for name, command in commands.items():
        try:
            lines = peer(name, command, bench.exchange.url, plans[name])
        except Absent as e:
            say(f"peers_{case}", who=name, absent=str(e))
            continue
        for line in lines:
            say(f"peers_{case}_tried", who=name, **line)
        line = best(lines, by)
        ratio = line["cpu_us_each"] / ours["cpu_us_each"] if by == "cpu_us_each" else ours["per_s"] / line["per_s"]
        say(f"peers_{case}", who=name, **line, ratio=ratio)
    judge(bench)


def main():
    commands = {}
    for name, find in (("exchangelib", exchangelib_command), ("ews-java-api", java_command)):
        try:
            commands[name] = find()
        except Absent as e:
            say("peers_absent", who=name, why=str(e))
            print(f"peers_bench: without {name}: {e}", file=sys.stderr)
    with Bench() as bench:
        compare(bench, "cpu", commands, PROMPT, "cpu_us_each", worker(bench, 40, 500, 20))
    with Bench(SLOW_LATENCY, SLOW_ITEM) as bench:
        compare(bench, "slow", commands, SLOW, "per_s", worker(bench, 20, 250, CONNECTIONS))


if __name__ == "__main__":
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA") or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print("skipped: needs PostgreSQL in CONTACT_SYNC_TEST_DSN and Kafka in CONTACT_SYNC_TEST_KAFKA")
        sys.exit(77)
    main()

#!/usr/bin/env python3
"""What should not be on the queue, and who comes and goes there: real Kafka, real PostgreSQL, processes."""
import json
import os
import uuid

import lib_kafka
from lib_program import need, until
from lib_run import main, needs_kafka
from lib_site import Site

PARTITIONS = 6


def task(**more):
    return json.dumps({"v": 1, "id": str(uuid.uuid4()), "op": "upsert", "mailbox": 1, "person": 1, "gen": 1,
                       "at": 1795392000000, **more}).encode()


def bad_messages():
    """Random bytes, other versions, empty and huge messages are set aside; future fields are read; the load ends exact"""
    needs_kafka()
    with Site("bad messages") as site, lib_kafka.producer(site.bootstrap) as kafka:
        site.producer().ready()
        prefix = site.settings["kafka.topic_prefix"]
        tasks, urgent, dead = (prefix + "contact-sync." + t for t in ("tasks", "urgent", "dead"))
        bad = [os.urandom(200), os.urandom(3), b"", b"{", b"[]", b"null", task(v=2), task(v="1"), task(op="explode"),
               task(mailbox="one"), task(mailbox=-1), task(gen=1.5), b"{" * 5000, task(id="no guid"), b"\0" * 64,
               task()[:-1], b"\xef\xbb\xbf" + task(), b"x" * 300_000]
        fine = [task(mailbox=999999), task(future={"a": [1, 2]}, note="new"), task(op="delete", person=999999)]
        for i, value in enumerate(bad + fine):
            kafka.produce(urgent if i % 5 == 0 else tasks, value, key=b"1", partition=i % PARTITIONS)
        worker = site.worker().ready()
        site.run()
        site.exact()
        until("all bad messages are set aside",
              lambda: worker.metric("contact_sync_bad_messages_total") >= len(bad), 30)
        aside = [value for _, _, value in kafka_read(site, dead)]
        need(sorted(aside) == sorted(bad), f"{len(aside)} messages on {dead}, {len(bad)} were bad")
        until("nothing is owed", lambda: worker.metric("contact_sync_messages_pending") == 0, 30)
        need(worker.metric("contact_sync_bad_messages_total") == len(bad), "messages were set aside more than once")
        need(worker.page("/readyz").startswith("ready"), "the worker is not ready any more")
        return f"{len(bad)} set aside"


def kafka_read(site, topic):
    with lib_kafka.consumer(site.bootstrap) as kafka:
        return kafka.read(topic, PARTITIONS)


def nothing_personal():
    """Messages and logs hold no name, number or address of anybody"""
    needs_kafka()
    with Site("nothing personal", settings={"log.level": "debug"}) as site:
        programs = [site.producer().ready(), site.worker().ready()]
        site.fault("http_502", op="CreateItem", nth=2, times=2)
        site.fault("item_error", op="CreateItem", nth=5, times=1, code="ErrorInternalServerError")
        site.run()
        site.exact()
        site.rock.post("demo-changes", {})
        site.run()
        said = "".join(p.text() + p.page("/metrics") + p.page("/debug/state") for p in programs)
        prefix = site.settings["kafka.topic_prefix"]
        said += "".join(v.decode(errors="replace") for t in ("tasks", "urgent")
                        for _, _, v in kafka_read(site, f"{prefix}contact-sync.{t}"))
        for box in site.expected().values():
            for contact in box:
                for field in ("FileAs", "MobilePhone", "EmailAddress1", "HomeStreet"):
                    value = contact.get(field)
                    need(not value or value not in said, f"{field} of a contact stands in a log, page or message")
        for secret in ("rest-key-of-the-tests", "not-a-secret"):
            need(secret not in said, "a secret stands in a log or page")


def offsets_follow_results():
    """When all is done the group has consumed everything; a worker that starts then gets no message"""
    needs_kafka()
    with Site("offsets") as site:
        site.producer().ready()
        first = site.worker().ready()
        site.run()
        site.exact()
        until("lag is nothing", lambda: first.metric("contact_sync_lag") == 0
              and first.metric("contact_sync_messages_pending") == 0, 30)
        first.stopwatch_stop()
        second = site.worker().ready()
        run = site.run()
        need(run["messages"] == 0, "an unchanged church was published again")
        until("the second worker has its partitions", lambda: second.partitions() > 0, 20)
        need(second.metric("contact_sync_messages_total") == 0,
             f"{second.metric('contact_sync_messages_total'):.0f} messages came again")


def two_producers():
    """Of two producers one leads; when it is killed the other one takes over and goes on"""
    needs_kafka()
    with Site("two producers") as site:
        first = site.producer().ready()
        until("one leads", lambda: first.metric("contact_sync_leading") == 1, 20)
        second = site.producer().ready()
        worker = site.worker().ready()
        site.run()
        site.exact()
        need(second.metric("contact_sync_leading") == 0, "two producers lead")
        first.kill()
        site.rock.post("demo-changes", {})
        site.run()
        site.exact()
        need(second.metric("contact_sync_leading") == 1, "the second producer does not lead")
        need(worker.alive(), "the worker is gone")


if __name__ == "__main__":
    main([bad_messages, nothing_personal, offsets_follow_results, two_producers], at_once=2)

#!/usr/bin/env python3
"""Kafka, PostgreSQL and producers that go away in the middle, and a database that comes back older than the mailboxes."""
import lib_kafka
from lib_program import need, until
from lib_run import Skip, main, needs_kafka
from lib_servers import Kafka, Postgres
from lib_site import Site, brief, psql

PARTITIONS = 6


def kafka_of_its_own(**kw):
    needs_kafka()  # where the common broker could not be started this one cannot either
    if not lib_kafka.available():
        raise Skip("librdkafka is not installed")
    return Kafka(**kw)


def producer_killed_before_publishing():
    """A producer killed between the commit of its rows and publishing loses nothing: the next one publishes"""
    with kafka_of_its_own(proxied=True) as broker, \
            Site("killed before publishing", bootstrap=broker.bootstrap) as site:
        victim = site.producer(kafka__linger__ms="0").ready()
        tasks = site.settings["kafka.topic_prefix"] + "contact-sync.tasks"
        until("it leads", lambda: victim.metric("contact_sync_leading") == 1, 20)
        broker.proxy.swallow()
        site.ask()
        wanted = sum(len(box) for box in site.expected().values())
        until("all rows are committed", lambda: int(site.sql("SELECT count(*) FROM link")) == wanted, 30)
        until("it tried to publish", lambda: broker.proxy.swallowed > 0, 20)
        victim.kill()
        with lib_kafka.consumer(broker.direct) as kafka:
            need(kafka.count(tasks, PARTITIONS) == 0, "messages were published: nothing is shown")
        broker.proxy.restore()
        second = site.producer().ready()
        site.worker().ready()
        verdict = site.exact(60)
        redriven = second.metric("contact_sync_redriven_total")
        need(redriven >= wanted, f"{redriven:.0f} messages offered again for {wanted} contacts")
        failed = site.sql("SELECT state, message FROM run ORDER BY id LIMIT 1")
        need(failed.startswith("failed|"), f"the interrupted run is {failed}")
        return f"{verdict['found']} contacts"


def kafka_away_while_planning():
    """Kafka away while a run plans: the rows are committed, the run succeeds and says so, later all is published"""
    with kafka_of_its_own(proxied=True) as broker, \
            Site("away while planning", bootstrap=broker.bootstrap, settings={"kafka.message.timeout.ms": 3000}) as site:
        site.producer().ready()
        broker.proxy.swallow()
        state, message = site.planned(site.ask(), 120)
        need(state == "success", f"the run failed: {message}")
        need("out of reach" in message, f"the run does not tell that the queue is away: {message}")
        broker.proxy.restore()
        site.worker().ready(60)
        site.exact(60)
        return message.split(";")[-1].strip()


def slow_load(site):
    """A load that lasts some seconds."""
    site.exchange.post("settings", {"latency_ms": 300})
    site.plan()
    until("contacts are written", lambda: site.stats()["created"] > 20, 40)


def kafka_restarted():
    """Kafka stopped and started during a load: exact, 0 doubled"""
    with kafka_of_its_own() as broker, \
            Site("Kafka restarted", users=10, bootstrap=broker.bootstrap,
                 settings={"exchange.connections": 2, "batch.start": 10}) as site:
        site.producer().ready()
        worker = site.worker().ready()
        slow_load(site)
        broker.stop()
        broker.start()
        site.exact(120)
        site.rock.post("demo-changes", {})
        site.run(timeout=120)
        site.exact(60)
        need(worker.alive(), "the worker ended")


def postgres_restarted(how):
    needs_kafka()
    with Postgres() as server, \
            Site("PostgreSQL restarted", users=10, dsn=server.dsn,
                 settings={"exchange.connections": 2, "batch.start": 10}) as site:
        producer, worker = site.producer().ready(), site.worker().ready()
        site.fault("late_answer", op="CreateItem", nth=6, times=8, ms=800)
        slow_load(site)
        getattr(server, how)()
        calls = site.calls()
        until("the worker says that it is not ready",
              lambda: not answers(worker, "/readyz"), 20)
        until("no request is out", lambda: site.stats()["in_flight"] == 0, 20)
        created = site.stats()["created"]
        server.start()
        site.exact(120)
        site.rock.post("demo-changes", {})
        site.run(timeout=120)
        site.exact(60)
        need(producer.alive() and worker.alive(), "a program ended")
        return f"{created} created before, {site.calls() - calls} calls after"


def answers(program, path):
    try:
        program.page(path)
        return True
    except OSError:
        return False


def postgres_stopped():
    """PostgreSQL stopped and started during a load: nothing is written without it, exact afterwards"""
    return postgres_restarted("stop")


def postgres_crashed():
    """PostgreSQL crashed and started during a load: exact, 0 doubled"""
    return postgres_restarted("kill")


def database_restored():
    """A database that comes back older than the mailboxes: migrate --after-restore, then exact, 0 doubled"""
    needs_kafka()
    with Site("restored", users=8) as site:
        programs = [site.producer().ready(), site.worker().ready()]
        site.run()
        site.exact()
        for program in programs:
            program.stopwatch_stop()
        backup = site.word + "_backup"
        psql(site.admin_dsn, f"CREATE DATABASE {backup} TEMPLATE {site.word}")
        try:
            return restore(site, backup)
        finally:
            psql(site.admin_dsn, f"DROP DATABASE IF EXISTS {backup} WITH (FORCE)")


def restore(site, backup):
    """Changes that the backup does not know, then the backup in place of the database."""
    programs = [site.producer().ready(), site.worker().ready()]
    changes = site.rock.post("demo-changes", {})["changes"]
    newcomers = follow_more(site)
    site.run()
    site.exact()
    for program in programs:
        program.stopwatch_stop()
    site.rock.post("demo-changes", {})
    psql(site.admin_dsn, f"DROP DATABASE {site.word} WITH (FORCE)")
    psql(site.admin_dsn, f"CREATE DATABASE {site.word} TEMPLATE {backup}")
    site.cs("migrate", "--after-restore")
    site.exchange.delete("stats")
    site.producer().ready()
    site.worker().ready()
    site.run()  # looks at every mailbox first; contacts that no row knew are decided on by the next plan
    verdict = site.verdict()
    need(verdict["missing"] == verdict["doubled"] == verdict["different"] == 0, f"after the first run: {brief(verdict)}")
    site.run()
    site.exact()
    created = site.stats()["created"]
    need(created < newcomers, f"{created} contacts were created again")
    return f"{len(changes)} changes and {newcomers} new contacts that the backup did not know"


def follow_more(site):
    """Users follow people whom they do not have yet; returns how many contacts that makes."""
    before = sum(len(box) for box in site.expected().values())
    everybody = sorted({c["key"] for box in site.expected().values() for c in box})
    for address, contacts in site.expected().items():
        have = {c["key"] for c in contacts}
        for key in [k for k in everybody if k not in have][:5]:
            site.change("follow", user=address, person=key)
    made = sum(len(box) for box in site.expected().values()) - before
    need(made > 0, "nobody was followed")
    return made


def up_killed():
    """`contact-sync up` killed in the middle of a load and started again, three times: exact, 0 doubled"""
    with Site("up killed", kafka=False, users=10, settings={"exchange.connections": 3, "batch.start": 10}) as site:
        site.fault("late_answer", op="CreateItem", times=0, ms=300)
        for n in range(3):
            program = site.up().ready()
            if n == 0:
                site.ask()
            before = site.stats()["created"]
            until("contacts are written", lambda b=before: site.stats()["created"] > b + 20, 40)
            program.kill()
        site.exchange.delete("faults")
        program = site.up().ready()
        site.exact(60)
        need(program.metric("contact_sync_settled_total") > 0, "nothing was settled")
        return f"{program.metric('contact_sync_settled_total'):.0f} settled by the last one"


if __name__ == "__main__":
    main([producer_killed_before_publishing, kafka_away_while_planning, kafka_restarted, postgres_stopped,
          postgres_crashed, database_restored, up_killed], at_once=2)

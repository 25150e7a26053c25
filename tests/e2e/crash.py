#!/usr/bin/env python3
"""Workers that die, freeze or are asked to stop in the middle of a first load, on real Kafka and PostgreSQL."""
import signal

from lib_program import need, until
from lib_run import main, needs_kafka
from lib_site import Site

# Few places in hand, so that mailboxes are taken while others have requests out; every create is saved at once and
# answered late, so that a death finds saved and unanswered ones.
LOAD = {"exchange.connections": 3, "batch.start": 10, "batch.min": 5}
ANSWER_MS = 400


def loaded_site(name, **more):
    return Site(name, people=300, users=10, settings={**LOAD, **more})


def open_creates(site):
    """Creates that Exchange has saved and whose answer nobody recorded."""
    return int(site.sql("SELECT count(*) FROM intent WHERE op = 'create'"))


def sending(worker):
    """Write requests that this worker has out; a create is saved as soon as it arrives."""
    return worker.debug().get("worker", {}).get("states", {}).get("SENDING", 0)


def finish(site, survivor, in_flight):
    """The survivor ends the load; what was open at the death is settled by key."""
    site.exchange.delete("faults")
    verdict = site.exact(90)
    settled = survivor.metric("contact_sync_settled_total")
    need(settled > 0, "nothing was settled, although creates were open")
    return f"{verdict['found']} contacts, {in_flight} requests in flight at the end, {settled:.0f} settled"


def killed_at(point):
    """A first load whose worker is killed at a named point, another one started before."""
    needs_kafka()
    with loaded_site(f"killed at {point}") as site:
        # Not all at the same pace: whenever one is answered, others are still out.
        site.fault("late_answer", op="CreateItem", times=0, probability=0.5, ms=4 * ANSWER_MS)
        site.fault("late_answer", op="CreateItem", times=0, ms=ANSWER_MS)
        site.producer().ready()
        victim = site.worker(kill_at=point, name="victim")
        run = site.ask()
        code = victim.wait(40)
        in_flight = site.stats()["in_flight"]
        need(code == -signal.SIGKILL, f"the worker ended with {code} instead of being killed at {point}")
        need(site.planned(run)[0] == "success", "the run failed")
        need(in_flight > 0, "no request was in flight when the worker died")
        need(open_creates(site) > 0, "no create was open when the worker died")
        return finish(site, site.worker(name="second").ready(), in_flight)


def killed_when_the_lease_is_taken():
    """SIGKILL when a lease was just taken: exact, 0 doubled"""
    return killed_at("lease:7")


def killed_when_intents_are_written():
    """SIGKILL when intents were just written: exact, 0 doubled"""
    return killed_at("intent:8")


def killed_when_answered_but_not_recorded():
    """SIGKILL with an answer that is not recorded: exact, 0 doubled"""
    return killed_at("answered:7")


def killed_when_recorded_but_not_stored():
    """SIGKILL with results recorded whose offsets are not stored: exact, 0 doubled"""
    return killed_at("recorded:9")


def killed_when_saved_but_unanswered():
    """SIGKILL while requests are saved and unanswered, a second worker at hand: exact, 0 doubled"""
    needs_kafka()
    with loaded_site("killed when saved") as site:
        site.fault("late_answer", op="CreateItem", times=0, ms=2500)
        site.producer().ready()
        victim, second = site.worker(name="victim").ready(), site.worker(name="second").ready()
        until("both have partitions", lambda: victim.partitions() and second.partitions(), 30)
        site.plan()
        until("both workers have creates out", lambda: sending(victim) and sending(second), 40)
        victim.kill()
        in_flight = site.stats()["in_flight"]
        need(open_creates(site) > 0, "no create was open when the worker died")
        return finish(site, second, in_flight)


def killed_before_exchange_saves():
    """SIGKILL while requests are out that Exchange saves seconds later: the second worker waits for them, 0 doubled"""
    needs_kafka()
    with loaded_site("killed before saved", exchange__server_deadline="7s") as site:
        site.producer().ready()
        victim, second = site.worker(name="victim").ready(), site.worker(name="second").ready()
        until("both have partitions", lambda: victim.partitions() and second.partitions(), 30)
        site.exchange.post("settings", {"item_ms": 500})  # ten contacts take five seconds, and are saved after them
        site.plan()
        until("creates of both workers are out", lambda: sending(victim) and sending(second), 60)
        need(site.stats()["created"] == 0, "something is saved already")
        victim.kill()
        site.exchange.post("settings", {"item_ms": 1})
        in_flight = site.stats()["in_flight"]
        return finish(site, second, in_flight)


# --- a worker that stands still ---

NO_LATER_LOOK = {"worker.look_again": "10m"}  # the only call that may come once all is done


def frozen_before_it_sends():
    """SIGSTOP past the lease with a request not yet sent: nothing is sent after SIGCONT, exact"""
    needs_kafka()
    with loaded_site("frozen before it sends", **NO_LATER_LOOK) as site:
        site.producer().ready()
        zombie = site.worker(name="zombie").ready()
        with site.inserts_wait("intent"):  # a flight waits for its rows, so its request stays unsent
            site.plan()
            until("flights wait", lambda: site.inserts_waiting() >= 2, 40)
            zombie.freeze()
        second = site.worker(name="second").ready()
        verdict = site.exact(90)
        site.exchange.delete("stats")
        fenced = zombie.text().count("lease")
        zombie.thaw()
        until("the worker says that it did not send",
              lambda: "nothing sent" in zombie.text() or "lease lost" in zombie.text(), 30)
        until("it has nothing in hand", lambda: zombie.metric("contact_sync_messages_pending") == 0, 30)
        need(fenced == 0, "it spoke of leases before it was stopped")
        need(zombie.metric("contact_sync_fenced_total") > 0, "the fence is not counted")
        need(site.calls() == 0, f"Exchange was called after the worker came back: {site.stats()['calls']}")
        site.exact()
        need(second.alive(), "the second worker is gone")
        return f"{verdict['found']} contacts, 0 requests after SIGCONT"


def frozen_with_requests_out():
    """SIGSTOP past the lease with requests out: their late answers change nothing, exact"""
    needs_kafka()
    with loaded_site("frozen with requests out", **NO_LATER_LOOK) as site:
        site.fault("late_answer", op="CreateItem", times=6, ms=1500)
        site.producer().ready()
        zombie = site.worker(name="zombie").ready()
        site.plan()
        until("creates are saved and unanswered", lambda: site.stats()["created"] > 0, 40)
        zombie.freeze()
        second = site.worker(name="second").ready()
        site.exact(90)
        need(second.metric("contact_sync_settled_total") > 0, "nothing was settled")
        site.exchange.delete("stats")
        zombie.thaw()
        until("the worker finds its leases gone", lambda: zombie.metric("contact_sync_fenced_total") > 0, 30)
        until("it has nothing in hand", lambda: zombie.metric("contact_sync_messages_pending") == 0, 30)
        need(site.calls() == 0, f"Exchange was called after the worker came back: {site.stats()['calls']}")
        site.exact()
        return None


# --- stopping ---


def drained_with_requests_in_flight():
    """SIGTERM with requests in flight: exit 0 within 10 s, the next worker ends exact"""
    needs_kafka()
    with loaded_site("drained") as site:
        site.fault("late_answer", op="CreateItem", times=0, ms=1500)
        site.producer().ready()
        first = site.worker(name="first").ready()
        site.plan()
        until("creates are saved and unanswered", lambda: site.stats()["created"] > 0, 40)
        took = first.stopwatch_stop()
        open_intents = open_creates(site)
        site.exchange.delete("faults")
        site.worker(name="next").ready()
        site.exact(90)
        need(open_intents == 0, f"{open_intents} creates were left open, although their answers came in time")
        return f"stopped in {took:.1f} s"


def drained_over_requests_that_hang():
    """SIGTERM over requests that outlast the drain: exit 0 within 10 s, the rest is settled later, exact"""
    needs_kafka()
    with loaded_site("drained over hanging requests") as site:
        site.fault("late_answer", op="CreateItem", times=3, ms=60000)
        site.producer().ready()
        first = site.worker(name="first").ready()
        site.plan()
        until("creates are saved and unanswered", lambda: site.stats()["created"] > 0, 40)
        took = first.stopwatch_stop()
        need(open_creates(site) > 0, "no create was left open")
        site.exchange.delete("faults")
        second = site.worker(name="next").ready()
        site.exact(90, overlap=True)
        need(second.metric("contact_sync_settled_total") > 0, "nothing was settled")
        return f"stopped in {took:.1f} s"


if __name__ == "__main__":
    main([killed_when_the_lease_is_taken, killed_when_intents_are_written, killed_when_saved_but_unanswered,
          killed_before_exchange_saves, killed_when_answered_but_not_recorded, killed_when_recorded_but_not_stored, frozen_before_it_sends,
          frozen_with_requests_out, drained_with_requests_in_flight, drained_over_requests_that_hang], at_once=3)

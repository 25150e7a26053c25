#!/usr/bin/env python3
"""First loads against an Exchange that misbehaves: each ends exact, nothing doubled. `contact-sync up` on PostgreSQL."""
from lib_program import need, until
from lib_run import main
from lib_site import Site


def first_load(name, faults, doubled_creates=False, timeout=90, **settings):
    """A first load with these faults of the simulator; returns what was seen."""
    options = {"batch.start": 10, "batch.min": 5, **settings}
    with Site(name, kafka=False, people=200, users=4, settings=options) as site:
        for fault in faults:
            site.exchange.post("faults", fault)
        program = site.up().ready()
        site.plan()
        verdict = site.exact(timeout, doubled_creates=doubled_creates)
        stats = site.stats()
        hits = sum(stats["faults"].values())
        need(hits > 0, "the fault never fired")
        need(site.status()["mailboxes"], "no mailbox in the status")
        dead = sum(box["dead"] for box in site.status()["mailboxes"])
        need(dead == 0, f"{dead} contacts were given up")
        return Seen(verdict["found"], hits, stats, program.metric("contact_sync_settled_total"))


class Seen:
    def __init__(self, found, hits, stats, settled):
        self.found, self.hits, self.stats, self.settled = found, hits, stats, settled

    def __str__(self):
        return f"{self.found} contacts, {self.hits} faults, {self.settled:.0f} settled"


def fault(name, **members):
    return {"fault": name, **members}


# --- the outcome is not known ---


def reply_lost_on_a_reused_connection():
    """Saved, then a kept-alive connection dies without a byte: nothing is sent twice, the creates are settled"""
    seen = first_load("reply lost", [fault("drop_after_save", op="CreateItem", nth=n, times=1) for n in (3, 5, 8)],
                      exchange__connections=2)
    need(seen.stats["requests_on_reused_connections"] > 0, "no connection was used twice")
    need(seen.hits == 3, f"the fault fired {seen.hits} times")
    need(seen.settled > 0, "nothing was settled")
    need(seen.stats["created"] == seen.found, f"{seen.stats['created']} creates for {seen.found} contacts")
    return seen


def settled(name, **members):
    """A fault after which something saved is unknown."""
    seen = first_load(name, [fault(name, op="CreateItem", nth=2, times=3, **members)])
    need(seen.settled > 0, "nothing was settled")
    need(seen.stats["created"] == seen.found, f"{seen.stats['created']} creates for {seen.found} contacts")
    return seen


def saved_late():
    """The connection dies, Exchange saves a second later: waited out, settled, 0 doubled"""
    return settled("late_save", ms=1200)


def half_a_batch_lost():
    """Half of a batch is saved and the connection dies: settled, the other half created"""
    return settled("half_batch_drop")


def half_a_batch():
    """Half of a batch is saved, the rest was not tried: created in the next request"""
    return first_load("half_batch", [fault("half_batch", op="CreateItem", nth=2, times=3)])


def wrong_count_of_results():
    """One result fewer than contacts were sent: all of them unknown, settled"""
    return settled("wrong_count")


def proxy_says_502():
    """502 after Exchange has saved: unknown, settled"""
    return settled("http_502")


def truncated_xml():
    """Half of the XML of an answer: unknown, settled"""
    return settled("truncated_xml")


def truncated_body():
    """A connection that ends in the middle of an answer: unknown, settled"""
    return settled("truncated_body")


def document_type():
    """An answer with a DOCTYPE is not read: unknown, settled"""
    return settled("dtd")


def entity_bomb():
    """An answer with nested entities is not read: unknown, settled"""
    return settled("entity_bomb")


def illegal_character():
    """An answer with a character that XML forbids: read or settled, in any case exact"""
    return first_load("bad_charref", [fault("bad_charref", op="CreateItem", nth=2, times=3)])


# --- certainly not done ---


def reset_before_anything_is_saved():
    """The connection is reset, nothing is saved: looked for by key, then created"""
    return first_load("reset", [fault("reset_before_save", op="CreateItem", nth=2, times=3)])


def unavailable():
    """503 with and without Retry-After: tried again"""
    return first_load("http_503", [fault("http_503", op="CreateItem", nth=2, times=1),
                                   fault("http_503", op="CreateItem", nth=4, times=1, retry_after=1)])


def busy(shape):
    seen = first_load(f"busy {shape}", [fault("server_busy", op="CreateItem", nth=2, times=2, shape=shape,
                                              back_off_ms=700)])
    need(seen.stats["created"] == seen.found, f"{seen.stats['created']} creates for {seen.found} contacts")
    return seen


def busy_as_a_fault():
    """ErrorServerBusy as a SOAP fault: its back-off is obeyed"""
    return busy("fault")


def busy_as_one_message():
    """ErrorServerBusy as one message for the whole request: its back-off is obeyed"""
    return busy("message")


def busy_as_items():
    """ErrorServerBusy for each contact: its back-off is obeyed"""
    return busy("item")


def login_page():
    """200 with a sign-in page in the place of an answer: the account is stopped and said so, nothing is lost"""
    with Site("login page", kafka=False, people=200, users=4, settings={"batch.start": 10}) as site:
        site.fault("html_200", op="CreateItem", nth=3, times=0)
        first = site.up().ready()
        site.plan()
        until("the account is stopped", lambda: first.metric("contact_sync_account_stopped") == 1, 20)
        until("no request is out", lambda: site.stats()["in_flight"] == 0, 10)
        calls = site.stats()["faults"]["html_200"]
        need(calls <= 4, f"{calls} requests ran into the sign-in page")
        first.stopwatch_stop()
        site.exchange.delete("faults")
        site.sql("UPDATE mailbox SET parked_until = NULL")  # an operator would wait for the next probe
        site.up().ready()
        return f"{site.exact()['found']} contacts, {calls} requests ran into it"


def faults_of_reading():
    """Looking up folder and keys fails in several ways: tried again"""
    return first_load("reading", [fault("http_503", op="GetFolder", nth=1, times=1),
                                  fault("truncated_xml", op="FindItem", nth=1, times=1),
                                  fault("reset_before_save", op="GetFolder", nth=3, times=1)])


# --- odd but good ---


def long_ids():
    """Ids of 512 bytes are kept and used: an update and a delete reach the contacts"""
    with Site("long ids", kafka=False, people=200, users=4) as site:
        site.fault("long_ids", op="CreateItem", times=0)
        site.up().ready()
        site.plan()
        site.exact()
        longest = max(len(i["id"]) for box in site.exchange.get("mailboxes")["mailboxes"]
                      for i in site.mailbox(box["address"])["items"])
        site.rock.post("demo-changes", {})
        site.run()
        site.exact()
        stats = site.stats()
        need(stats["updated"] > 0 and stats["deleted"] > 0, "nothing was updated or deleted")
        need(longest == 512, f"the longest id had {longest} bytes")
        return f"{stats['updated']} updates, {stats['deleted']} deletes"


def budgets():
    """Each mailbox has a budget of server time and uses it up: the back-off is obeyed, exact, no request beside it"""
    with Site("budgets", kafka=False, people=600, users=40, item=4, settings={"batch.start": 10}) as site:
        site.exchange.post("settings", {"budget_burst_ms": 60, "budget_recharge": 0.3, "budget_cutoff_ms": 40})
        site.up().ready()
        site.plan()
        verdict = site.exact(150)
        stats = site.stats()
        need(stats["throttled"] > 0, "no budget was used up")
        need(stats["created"] == verdict["found"], f"{stats['created']} creates for {verdict['found']} contacts")
        writes = stats["calls"]["CreateItem"]
        need(stats["throttled"] * 3 < writes, f"{stats['throttled']} of {writes} requests were refused")
        return f"{verdict['found']} contacts in {writes} requests, {stats['throttled']} refused"


def storm():
    """Every tenth request goes wrong in one of seven ways, for the whole load: exact, 0 doubled"""
    ways = ("drop_after_save", "reset_before_save", "half_batch", "wrong_count", "http_502", "truncated_xml")
    plan = [fault(way, op="CreateItem", times=0, probability=0.1) for way in ways]
    plan.append(fault("server_busy", times=0, probability=0.05, shape="item", back_off_ms=300))
    return first_load("storm", plan, timeout=150, exchange__server_deadline="1s")


if __name__ == "__main__":
    main([login_page, reply_lost_on_a_reused_connection, saved_late, half_a_batch_lost, half_a_batch, wrong_count_of_results,
          proxy_says_502, truncated_xml, truncated_body, document_type, entity_bomb, illegal_character,
          reset_before_anything_is_saved, unavailable, busy_as_a_fault, busy_as_one_message, busy_as_items,
          faults_of_reading, long_ids, budgets, storm], at_once=4)

#!/usr/bin/env python3
"""Mailboxes, accounts and contacts that Exchange refuses: said plainly, the others go on. And what users do by hand."""
from lib_program import need, until
from lib_run import main
from lib_site import Site, psql


def small(name, **kw):
    return Site(name, kafka=False, **{"people": 250, "users": 6, **kw})


def addresses(site):
    """Mailboxes that should hold something, the fullest first."""
    return [a for a, c in sorted(site.expected().items(), key=lambda b: -len(b[1])) if c]


def others_exact(site, left_out):
    """All mailboxes but these are as the model says."""
    expected = site.rock.get("expected")
    listed = {a: c for a, c in expected["mailboxes"].items() if a not in left_out}
    until("the other mailboxes are as the model says",
          lambda: site.exchange.post("compare", {"mailboxes": listed, "only_listed": True})["ok"], 40)


def row(site, address):
    return next(box for box in site.status()["mailboxes"] if box["address"].lower() == address)


# --- refused ---


def wrong_password():
    """A refused password stops all logins at once and is said; with the right one all goes on"""
    with small("wrong password") as site:
        site.exchange.post("settings", {"login": False})
        program = site.up().ready()
        site.plan()
        until("the account is stopped", lambda: program.metric("contact_sync_account_stopped") == 1, 20)
        tries = site.stats()["unauthorized"]
        site.rock.post("demo-changes", {})
        site.plan()
        # one to find out what the server offers, two with the password
        need(site.stats()["unauthorized"] == tries == 3, f"{site.stats()['unauthorized']} logins with a wrong password")
        need("account stopped" in program.text(), "the log does not say that the account is stopped")
        need(not_ready(program), "it calls itself ready")
        program.stopwatch_stop()
        site.exchange.post("settings", {"login": True})
        site.cs("resume")
        site.up().ready()
        site.exact(60)
        return f"{tries} logins"


def not_ready(program):
    try:
        program.page("/readyz")
    except OSError:
        return True
    return False


def one_mailbox_is_gone():
    """A mailbox that does not exist rests with its reason, the others are filled"""
    with small("gone") as site:
        gone = addresses(site)[0]
        site.exchange.post(f"mailboxes/{gone}", {"refuse": "ErrorNonExistentMailbox"})
        program = site.up().ready()
        site.plan()
        others_exact(site, {gone})
        until("it rests", lambda: "ErrorNonExistentMailbox" in (row(site, gone)["parked"] or ""), 20)
        need(program.metric("contact_sync_parked_total", "ErrorNonExistentMailbox") > 0, "the metric does not count it")
        site.exchange.post(f"mailboxes/{gone}", {"refuse": None})
        site.sql("UPDATE mailbox SET parked_until = now()")
        site.exact()


def one_contact_is_refused():
    """A contact that Exchange refuses for good is set aside and counted, the rest of its batch is written"""
    with small("refused contact") as site:
        site.fault("item_error", op="CreateItem", nth=1, times=1, code="ErrorItemSavePropertyError", item=3)
        site.up().ready()
        site.plan()
        until("one is given up", lambda: sum(b["dead"] for b in site.status()["mailboxes"]) == 1, 30)
        until("the rest is there", lambda: site.verdict()["missing"] == 1, 30)
        verdict = site.verdict()
        need(verdict["doubled"] == verdict["extra"] == verdict["different"] == 0, f"{verdict}")
        need(site.run()["messages"] == 0, "a contact that was given up is sent again and again")


def batch_is_refused():
    """A request that is refused whole is halved until all is through"""
    with small("split") as site:
        for n, code in enumerate(("ErrorSchemaValidation", "ErrorRequestStreamTooBig", "ErrorInvalidRequest")):
            site.fault("soap_fault", op="CreateItem", nth=n + 1, times=1, code=code)
        site.fault("http_status", op="CreateItem", nth=4, times=1, status=413)
        site.up().ready()
        site.plan()
        site.exact()
        need(sum(b["dead"] for b in site.status()["mailboxes"]) == 0, "contacts were given up")


def contacts_fail_for_a_while():
    """Contacts that fail with a passing error are tried again, each on its own"""
    with small("passing errors") as site:
        site.fault("item_error", op="CreateItem", nth=2, times=2, code="ErrorInternalServerError", item=1, every=3)
        site.up().ready()
        site.plan()
        site.exact(60)


def two_addresses_of_one_mailbox():
    """Two users whose addresses lead to one mailbox: it is filled once, the second one rests, nothing is doubled"""
    with small("two addresses") as site:
        first, second = addresses(site)[:2]
        site.exchange.post("mailboxes", {"mailboxes": [{"address": first, "aliases": [second]}], "foreign": 2})
        site.up().ready()
        site.plan()
        others_exact(site, {first, second})
        until("one of them rests", lambda: row(site, first)["parked"] or row(site, second)["parked"], 30)
        parked = row(site, first)["parked"] or row(site, second)["parked"]
        need(not site.exchange.get("duplicates")["duplicates"], "doubled contacts")
        held = site.mailbox(first)["keyed"]
        need(held in (len(site.expected()[first]), len(site.expected()[second])), f"{held} contacts in it")
        return parked


def a_second_address_in_rock():
    """A user whom Rock knows by a second address of their mailbox: Exchange says the first, the mailbox is filled"""
    with small("alias") as site:
        alias = addresses(site)[0]
        site.exchange.post("mailboxes", {"mailboxes": [{"address": "the.first@church.example", "aliases": [alias]}], "foreign": 2})
        site.up().ready()
        site.plan()
        others_exact(site, {alias, "the.first@church.example"})
        want = len(site.expected()[alias])
        until("it is filled", lambda: site.mailbox("the.first@church.example")["keyed"] == want, 30)
        until("the rows say so", site.rows_rest, 30)
        need(not row(site, alias)["parked"], "it rests")
        need(site.stats()["anchor_wrong"] == 0, "the requests go to the wrong server")


# --- by hand ---


def copies_lose_our_marks():
    """After a restore, copies that a user made of our contacts are left to the user, without our properties"""
    with small("copies") as site:
        first = site.up().ready()
        site.run()
        site.exact()
        here, there = addresses(site)[:2]
        key = site.expected()[here][0]["key"]
        only_here = next(c["key"] for c in site.expected()[here] if c["key"] not in {
            d["key"] for d in site.expected()[there]})
        copy = {"action": "copy", "select": {"key": key}}
        site.exchange.post(f"mailboxes/{here}/actions", copy)
        site.exchange.post(f"mailboxes/{here}/actions", {**copy, "select": {"key": only_here}, "to_mailbox": there})
        first.stopwatch_stop()
        before = {a: site.mailbox(a)["contacts"] for a in (here, there)}
        site.cs("migrate", "--after-restore")
        for address in (here, there):  # a mailbox is looked at before the next write to it
            person = next(c["key"] for c in site.expected()[address] if c.get("GivenName"))
            site.change("position", person=person, value="Keeper of the keys of " + address)
        site.up().ready()
        site.run()
        site.run()
        site.exact(doubled_creates=True)  # the copies count
        after = {a: site.mailbox(a)["contacts"] for a in (here, there)}
        need(after == before, f"contacts went away: {before} and then {after}")


def nobodys_mailbox_is_opened():
    """Users without choices, and people outside mail_domains, cost no call to Exchange"""
    with small("nobody") as site:
        site.write_settings(mail_domains="elsewhere.example")
        site.up().ready()
        run = site.run()
        need(run["wanted"] == 0 and run["foreign_domain"] > 0, f"{run}")
        need(site.calls() == 0, "Exchange was called")
        need(psql(site.dsn, "SELECT count(*) FROM link") == "0", "links were made")


if __name__ == "__main__":
    main([wrong_password, one_mailbox_is_gone, one_contact_is_refused, batch_is_refused, contacts_fail_for_a_while,
          two_addresses_of_one_mailbox, a_second_address_in_rock, copies_lose_our_marks, nobodys_mailbox_is_opened],
         at_once=3)

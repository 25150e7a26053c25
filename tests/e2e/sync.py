#!/usr/bin/env python3
"""What changes in Rock arrives, and nothing else: `contact-sync up` on PostgreSQL, both simulators."""
import collections

from lib_program import need, until
from lib_run import main, needs_kafka
from lib_site import Site


def small(name, **kw):
    return Site(name, kafka=False, **{"people": 250, "users": 6, **kw})


def loaded(site, **settings):
    """A site whose first load is done; statistics start afresh."""
    program = site.up(**settings).ready()
    site.run()
    site.exact()
    site.exchange.delete("stats")
    return program


def members_of(site):
    """group name -> [(mailbox, key)] of contacts that are there for that group alone, largest group first."""
    groups = collections.defaultdict(list)
    for address, contacts in site.expected().items():
        for contact in contacts:
            if len(contact["categories"]) == 1 and contact["categories"][0] not in ("Following", "Staff"):
                groups[contact["categories"][0]].append((address, contact["key"]))
    return dict(sorted(groups.items(), key=lambda g: -len(g[1])))


# --- one change ---


def new_number():
    """A new number alone reaches every mailbox that holds the person, as one update each"""
    with small("new number") as site:
        loaded(site)
        counts = collections.Counter(c["key"] for box in site.expected().values() for c in box if "MobilePhone" in c)
        key, holders = counts.most_common(1)[0]
        site.change("set_phone", person=key, number="6235550142")
        run = site.run()
        site.exact()
        stats = site.stats()
        need(holders > 1, "nobody is in two mailboxes: a larger church is needed")
        need(stats["updated"] == holders, f"{stats['updated']} updates for {holders} mailboxes")
        need(stats["created"] == 0 and stats["deleted"] == 0, "something else was written")
        need(run["messages"] == holders, f"{run['messages']} messages for {holders} mailboxes")
        return f"{holders} mailboxes"


def emptied_number():
    """A number emptied in Rock is emptied in the contact"""
    with small("emptied number") as site:
        loaded(site)
        picked = site.rock.get("pick?act=clear_phone")["changes"][0]
        site.rock.post("demo-changes", {"act": "clear_phone"})
        site.run()
        site.exact()
        need(site.stats()["updated"] > 0, f"nothing was updated: {picked['text']}")


def changes_of_a_day():
    """A number, an emptied number, a leaver, a merge, an unfollow: exact, only they are written"""
    with small("changes of a day") as site:
        loaded(site)
        changes = site.rock.post("demo-changes", {})["changes"]
        need(len(changes) == 5, f"only {len(changes)} kinds of change could be picked")
        run = site.run()
        site.exact()
        stats = site.stats()
        written = stats["created"] + stats["updated"] + stats["deleted"]
        need(written <= run["messages"] + run["rekeyed"], f"{written} writes for {run['messages']} messages")
        return f"{run['messages']} messages, {stats['updated']} updates, {stats['deleted']} deletes"


def renamed_group():
    """A renamed group renames its category; the user's own categories and notes stay"""
    with small("renamed group") as site:
        loaded(site)
        name, members = next(iter(members_of(site).items()))
        address, key = members[0]
        select = {"action": "edit", "select": {"key": key}}
        site.exchange.post(f"mailboxes/{address}/actions", {**select, "categories": [name, "My own"]})
        site.change("rename_group", group=name, name="Mended Nets")
        site.run()
        until("the contact has the new category",
              lambda: "Mended Nets" in site.item(address, key)["categories"], 20)
        found = site.item(address, key)["categories"]
        need(sorted(found) == ["Mended Nets", "My own"], f"categories are {found}")
        site.exchange.post(f"mailboxes/{address}/actions", {**select, "categories": ["Mended Nets"]})
        site.exact()
        need(site.stats()["created"] == 0, "a rename created contacts")
        return f"{len(members)} contacts"


def unchanged():
    """An unchanged church costs 0 messages and 0 Exchange calls, on Kafka"""
    needs_kafka()
    with Site("unchanged") as site:
        site.producer().ready()
        site.worker().ready()
        site.run()
        site.exact()
        site.exchange.delete("stats")
        run = site.run()
        need(run["messages"] == 0, f"{run['messages']} messages")
        need(run["unchanged_mailboxes"] == run["mailboxes"] > 0, f"{run}")
        need(site.calls() == 0, f"Exchange calls: {site.stats()['calls']}")
        site.exact()
        return f"{run['mailboxes']} mailboxes"


def users_hand():
    """A user's edit of a field that Rock does not change stays, also when another field is updated"""
    with small("user's hand") as site:
        loaded(site)
        who = site.rock.get("pick?act=set_phone")["changes"][0]["person"]
        card = site.rock.get(f"person?who={who}")
        address = card["mailboxes"][0]
        key = next(c["key"] for c in site.expected()[address] if c.get("FileAs") == card["FileAs"])
        site.exchange.post(f"mailboxes/{address}/actions",
                           {"action": "edit", "select": {"key": key}, "JobTitle": "Best friend"})
        site.change("set_phone", person=who, number="6235550143")
        site.run()
        until("the new number is there", lambda: site.item(address, key)["fields"]["MobilePhone"].endswith("0143"), 20)
        need(site.item(address, key)["fields"]["JobTitle"] == "Best friend", "the user's edit is gone")


# --- who falls out ---


def kept_and_later_removed():
    """Delete Old Contacts off keeps who fell out; switched on later it removes them"""
    with small("kept") as site:
        site.write_settings(delete_old_contacts="false")
        first = loaded(site)
        site.rock.post("demo-changes", {"act": "leave"})
        site.rock.post("demo-changes", {"act": "unfollow"})
        run = site.run()
        until("the rows rest", site.rows_rest)
        verdict = site.verdict()
        need(run["kept"] > 0, f"nothing was kept: {run}")
        need(verdict["extra"] == run["kept"] and verdict["missing"] == 0, f"kept {run['kept']}, verdict {verdict}")
        need(sum(box["kept"] for box in site.status()["mailboxes"]) == run["kept"], "the status does not count them")
        need(site.stats()["deleted"] == 0, "something was deleted")
        first.stopwatch_stop()
        site.write_settings(delete_old_contacts="true")
        site.up().ready()
        site.run()
        site.exact()
        need(site.stats()["deleted"] == run["kept"], f"{site.stats()['deleted']} deletes for {run['kept']} kept")
        return f"{run['kept']} contacts"


def kept_and_back():
    """Somebody who fell out while Delete Old Contacts was off and comes back is the same contact again"""
    with small("kept and back") as site:
        site.write_settings(delete_old_contacts="false")
        loaded(site)
        picked = site.rock.get("pick?act=unfollow")["changes"][0]
        site.rock.post("demo-changes", {"act": "unfollow"})
        site.run()
        need(site.verdict()["extra"] == 1, "nobody was kept")
        site.change("follow", user=picked["other"], person=picked["person"])
        site.run()
        site.exact()
        need(site.stats()["created"] == 0, "the contact was created again")


def not_eligible(site, n):
    """Takes the first n users with contacts out of the eligible group; returns their addresses."""
    chosen = [address for address, contacts in site.expected().items() if contacts][:n]
    need(len(chosen) == n, f"only {len(chosen)} users have contacts")
    for address in chosen:
        site.change("not_eligible", person=address)
    return chosen


def held(site, addresses):
    """Synced contacts that still lie in these mailboxes."""
    return sum(site.mailbox(a)["keyed"] for a in addresses)


def no_longer_eligible():
    """Two users no longer eligible: their synced contacts go, the others' stay"""
    with small("not eligible", users=8) as site:
        loaded(site)
        gone = not_eligible(site, 2)
        need(held(site, gone) > 0, "they had no contacts")
        site.run()
        site.exact()
        need(held(site, gone) == 0, "contacts are left")
        return f"{site.stats()['deleted']} deletes"


def approve(site, kind):
    """Approves the one hold of that kind; returns how many changes it let go."""
    holds = [h for h in site.status()["holds"] if h["kind"] == kind]
    need(len(holds) == 1, f"holds of kind {kind}: {site.status()['holds']}")
    need("held: " in site.cs("status"), "the status in words does not tell of the hold")
    wrong = site.tool("approve", f"{holds[0]['id']}:00000000")
    need(wrong.returncode == 1, f"another digest was accepted: {wrong.stdout}")
    site.cs("approve", f"{holds[0]['id']}:{holds[0]['digest']}")
    return holds[0]["links"]


def many_no_longer_eligible():
    """Three of eight users no longer eligible wait for a yes; approved, their contacts go"""
    with small("many not eligible", users=8) as site:
        loaded(site)
        gone = not_eligible(site, 3)
        before = held(site, gone)
        site.run()
        need(held(site, gone) == before, "something was deleted before the yes")
        need(site.stats()["deleted"] == 0, "deletes before the yes")
        links = approve(site, "users")
        site.exact()
        need(links == before, f"the hold named {links} changes, the mailboxes held {before}")
        return f"{links} contacts"


def not_eligible_while_off():
    """No longer eligible while Delete Old Contacts is off: everything stays"""
    with small("not eligible, off", users=8) as site:
        site.write_settings(delete_old_contacts="false")
        loaded(site)
        gone = not_eligible(site, 3)
        before = held(site, gone)
        site.run()
        until("the rows rest", site.rows_rest)
        need(held(site, gone) == before > 0, "contacts are gone")
        need(site.calls() == 0, f"Exchange calls: {site.stats()['calls']}")
        need(not site.status()["holds"], "something is held although nothing is deleted")


def mass_leave():
    """Many members leave a group at once: held, nothing deleted; approved, they go"""
    with small("mass leave", settings={"guard.mailbox_floor": 2, "guard.mailbox_percent": 1}) as site:
        loaded(site)
        name, members = next(iter(members_of(site).items()))
        address = collections.Counter(a for a, _ in members).most_common(1)[0][0]
        leavers = sorted({key for a, key in members if a == address})
        need(len(leavers) > 3, f"only {len(leavers)} members to leave")
        for key in leavers:
            site.change("leave", person=key, group=name)
        run = site.run()
        need(run["held"] >= len(leavers), f"held {run['held']} of {len(leavers)}")
        need(held(site, [address]) >= len(leavers), "something was deleted before the yes")
        for hold in [h for h in site.status()["holds"] if h["kind"] == "mailbox"]:
            site.cs("approve", f"{hold['id']}:{hold['digest']}")
        site.exact()
        return f"{run['held']} deletes held"


def came_back_before_the_yes():
    """People who come back before the yes drop out of the hold; the old approval does not fit any more"""
    with small("came back", settings={"guard.mailbox_floor": 2, "guard.mailbox_percent": 1}) as site:
        loaded(site)
        name, members = next(iter(members_of(site).items()))
        address = collections.Counter(a for a, _ in members).most_common(1)[0][0]
        leavers = sorted({key for a, key in members if a == address})
        for key in leavers:
            site.change("leave", person=key, group=name)
        site.run()
        hold = next(h for h in site.status()["holds"] if h["mailbox"] == address)
        site.change("join", person=leavers[0], group=name)
        site.run()
        stale = site.tool("approve", f"{hold['id']}:{hold['digest']}")
        need(stale.returncode == 1, "an approval of another set was accepted")
        for key in leavers[1:]:
            site.change("join", person=key, group=name)
        site.run()
        site.exact()
        need(site.stats()["deleted"] == 0, "something was deleted")
        need(not [h for h in site.status()["holds"] if h["links"]], "something is still held")


def choices_change():
    """A user's own save is no mass delete: nothing is held; choosing again fills the mailbox again"""
    with small("choices change") as site:
        loaded(site)
        address, contacts = max(site.expected().items(), key=lambda b: len(b[1]))
        need(len(contacts) > 20, f"the largest mailbox has {len(contacts)} contacts")
        choices = next(u for u in site.rock.get("prefs")["users"] if u["email"] == address)
        empty = {"email": address, "follow": False, "staff": False, "groups": []}
        site.rock.post("prefs", {"v": 1, "users": [empty]})
        site.cs("prefs", "set", "--user", address)
        site.run("--user", address)
        site.exact()
        need(held(site, [address]) == 0, "contacts are left")
        site.rock.post("prefs", {"v": 1, "users": [choices]})
        site.import_prefs()
        site.run()
        site.exact(doubled_creates=True)  # created, deleted, created
        need(held(site, [address]) == len(contacts), "the mailbox is not filled again")


if __name__ == "__main__":
    main([new_number, emptied_number, changes_of_a_day, renamed_group, unchanged, users_hand, kept_and_later_removed,
          kept_and_back, no_longer_eligible, many_no_longer_eligible, not_eligible_while_off, mass_leave,
          came_back_before_the_yes, choices_change], at_once=3)

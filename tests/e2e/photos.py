#!/usr/bin/env python3
"""Pictures of people: into the contacts, behind all numbers, and never over the user's own."""
import collections
import json
import os
import random
import time

from lib_program import fetch, need, until
from lib_run import main, needs_kafka
from lib_site import Site, brief


def site_of(name, kafka=False, **kw):
    settings = {"contacts.photos": "true", **kw.pop("settings", {})}
    return Site(name, kafka=kafka, settings=settings, **{"people": 250, "users": 6, **kw})


def expected(site):
    """address -> contacts, each with the sum of its picture, or None."""
    return json.loads(fetch(f"{site.rock.url}/control/expected?photos=1"))["mailboxes"]


def verdict(site):
    return site.exchange.post("compare", fetch(f"{site.rock.url}/control/expected?photos=1"))


def pictures(site):
    """How many contacts should have one."""
    return sum(c["photo"] is not None for box in expected(site).values() for c in box)


def rows_rest(site):
    return site.sql("SELECT count(*) FROM mailbox WHERE photo_requested > photo_done") == "0"


def unharmed(site):
    stats = site.stats()
    need(stats["users_photos_lost"] == 0, f"{stats['users_photos_lost']} pictures of users are lost")
    need(stats["second_photos"] == 0, f"{stats['second_photos']} contacts got a second picture")
    return stats


def exact(site, timeout=60, **kw):
    """As Site.exact, pictures included; and nothing waits any more."""

    def same():
        found = verdict(site)
        if not found["ok"]:
            raise OSError(brief(found))  # until() shows it
        return True

    until("the mailboxes are as the model says, with pictures", same, timeout)
    until("no mailbox has pictures to write", lambda: rows_rest(site), 30)
    site.exact(**kw)
    need(verdict(site)["ok"], "a picture is not right any more")
    return unharmed(site)


def loaded(site, **settings):
    """Numbers and pictures are there; statistics start afresh."""
    program = site.up(**settings).ready()
    site.run()
    exact(site)
    site.exchange.delete("stats")
    return program


def somebody(site, picture=True, least=2):
    """key, [mailboxes] of somebody whom several users have, with a picture or without."""
    holders = collections.defaultdict(list)
    for address, contacts in expected(site).items():
        for contact in contacts:
            if (contact["photo"] is not None) == picture:
                holders[contact["key"]].append(address)
    key, boxes = max(holders.items(), key=lambda h: (len(h[1]), h[0]))
    need(len(boxes) >= least, "nobody is in several mailboxes: a larger church is needed")
    return key, boxes


# --- loads and changes ---


def first_load():
    """Every contact gets its picture after its numbers, on Kafka; a further run costs Exchange nothing"""
    needs_kafka()
    with site_of("first load", kafka=True, people=300, users=8) as site:
        site.producer().ready()
        site.worker().ready()
        site.run()
        stats = exact(site)
        n = pictures(site)
        need(n > 50, f"only {n} pictures: a larger church is needed")
        need(stats["attached"] == n and stats["detached"] == 0, f"{stats['attached']} attached for {n}")
        need(site.status()["photos"]["held"] == n, f"the status says {site.status()['photos']}")
        for _ in range(2):
            site.exchange.delete("stats")
            need(site.run()["messages"] == 0, "a run without changes has messages")
            exact(site)
            need(site.calls() == 0, f"Exchange calls: {site.stats()['calls']}")
        return f"{n} pictures"


def new_picture():
    """A new picture takes the place of the one before in every mailbox, and nothing else is written"""
    with site_of("new picture") as site:
        loaded(site)
        key, boxes = somebody(site)
        site.change("photo", person=key, how="new")
        run = site.run()
        need(run["messages"] == 0, f"{run['messages']} messages for a picture")
        stats = exact(site)
        need(stats["attached"] == len(boxes), f"{stats['attached']} attached for {len(boxes)} mailboxes")
        need(stats["created"] == stats["deleted"] == 0, "contacts were made anew")
        return f"{len(boxes)} mailboxes"


def first_picture():
    """Somebody who had none gets one"""
    with site_of("first picture") as site:
        loaded(site)
        key, boxes = somebody(site, picture=False)
        site.change("photo", person=key, how="png")
        site.run()
        stats = exact(site)
        need(stats["attached"] == len(boxes), f"{stats['attached']} attached for {len(boxes)} mailboxes")


def no_picture_any_more():
    """A picture that is removed in Rock is taken off, and one of no use takes off the one before"""
    with site_of("no picture") as site:
        loaded(site)
        for how in ("none", "text"):
            key, boxes = somebody(site)
            site.change("photo", person=key, how=how)
            site.run()
            stats = exact(site)
            need(stats["detached"] == len(boxes), f"{how}: {stats['detached']} detached for {len(boxes)} mailboxes")
            site.exchange.delete("stats")


def refused_picture():
    """A right that is missing in Rock takes no picture off anybody and is told in one line"""
    with site_of("refused") as site:
        program = loaded(site)
        key, boxes = somebody(site)
        before = site.item(boxes[0], key)["photo"]
        site.change("photo", person=key, how="login")
        site.run()
        until("it is refused", lambda: site.status()["photos"]["unread"].get("refused"), 30)
        need(site.item(boxes[0], key)["photo"] == before, "the picture is gone")
        need(program.text().count("pictures are refused") == 1, "not one line")
        need(site.stats()["detached"] == 0, "something was taken off")


def switched_off():
    """Without contacts.photos ours are taken off, users' own stay; switched on again ours are back"""
    with site_of("switched off") as site:
        program = loaded(site)
        n = pictures(site)
        key, boxes = somebody(site, picture=False, least=1)
        site.exchange.post(f"mailboxes/{boxes[0]}/actions", {"action": "photo", "select": {"key": key}})
        own = site.item(boxes[0], key)["photo"]
        program.stopwatch_stop()
        program = site.up(contacts__photos="false").ready()
        until("ours are off", lambda: site.stats()["detached"] == n, 60)
        until("nothing waits", lambda: rows_rest(site), 30)
        need(own and site.item(boxes[0], key)["photo"] == own, "the user's own is gone")
        unharmed(site)
        need(site.status()["photos"]["held"] == 0, f"the status says {site.status()['photos']}")
        program.stopwatch_stop()
        site.up().ready()
        site.run()
        until("ours are back", lambda: site.stats()["attached"] == n and rows_rest(site), 60)
        need(site.item(boxes[0], key)["photo"] == own, "the user's own is gone")
        unharmed(site)


# --- the user's own ---


def users_own():
    """A picture that the user set stays, whether there was one of ours or not, whatever comes from Rock"""
    with site_of("user's own") as site:
        loaded(site)
        own = {}
        for picture in (True, False):
            key, boxes = somebody(site, picture)
            site.exchange.post(f"mailboxes/{boxes[0]}/actions", {"action": "photo", "select": {"key": key}})
            own[boxes[0], key] = site.item(boxes[0], key)["photo"]
        for how in ("new", "none", "new"):
            for _, key in own:
                site.change("photo", person=key, how=how)
            site.run()
            until("nothing waits", lambda: rows_rest(site), 60)
            for (address, key), photo in own.items():
                need(site.item(address, key)["photo"] == photo, f"{how}: the user's own is gone")
        differences = verdict(site)
        need(differences["different"] == len(own), f"others are not right: {brief(differences)}")
        unharmed(site)


def users_own_in_between():
    """A picture that a user sets while theirs are loaded stays"""
    with site_of("in between") as site:
        site.exchange.post("settings", {"latency_ms": 60})
        site.up().ready()
        site.run()
        until("pictures come", lambda: site.stats()["attached"] > 5, 60)
        own = {}
        for address, contacts in expected(site).items():
            for contact in contacts[-3:]:
                site.exchange.post(f"mailboxes/{address}/actions", {"action": "photo", "select": {"key": contact["key"]}})
                own[address, contact["key"]] = site.item(address, contact["key"])["photo"]
        site.exchange.post("settings", {"latency_ms": 1})
        until("nothing waits", lambda: rows_rest(site), 90)
        for (address, key), photo in own.items():
            need(site.item(address, key)["photo"] == photo, "the user's own is gone")
        site.exact()
        unharmed(site)
        return f"{len(own)} of them"


# --- deaths, and numbers meanwhile ---


def an_hour_passes(site):
    """For pictures alone: nothing that was sent can land any more, and what was offered is offered again."""
    until("nothing is out", lambda: site.stats()["in_flight"] == 0, 10)
    site.sql("UPDATE mailbox SET photo_offered_at = photo_offered_at - interval '1 h', photo_at = photo_at - interval '1 h',"
             " photo_flight_until = photo_flight_until - interval '1 h'")


def killed_among_pictures():
    """Workers killed while pictures are under way, three times: exact, none twice"""
    needs_kafka()
    with site_of("killed", kafka=True, people=600, users=12) as site:
        site.exchange.post("settings", {"latency_ms": 300})
        site.producer().ready()
        worker = site.worker().ready()
        site.run()
        n = pictures(site)
        for deaths in range(3):
            least = site.stats()["attached"] + n // 12
            until("pictures come", lambda n=least: site.stats()["attached"] >= n, 60)
            worker.kill()
            an_hour_passes(site)
            worker = site.worker(name=f"heir{deaths}").ready()
        there = site.stats()["attached"]
        need(there < n, f"all {n} pictures were there before: a slower load is needed")
        site.exchange.post("settings", {"latency_ms": 5})
        stats = exact(site, 120, overlap=True)
        need(stats["attached"] == n, f"{stats['attached']} attached for {n}")
        return f"{there} of {n} pictures were there at the last death"


def producer_killed():
    """A producer killed while it reads pictures, and once more while it tells the mailboxes: exact"""
    needs_kafka()
    with site_of("producer killed", kafka=True, people=600, users=12) as site:
        site.rock_fault("slow", endpoint="GetImage", times=0, ms=300)
        site.worker().ready()
        first = site.producer(name="first").ready()
        site.run()
        until("some are read", lambda: int(site.sql("SELECT count(*) FROM photo")) >= 8, 30)
        first.kill()
        unread = int(site.sql("SELECT count(*) FROM person_photo WHERE NOT got"))
        need(unread > 0, "all were read before: a slower Rock is needed")
        site.rock.delete("faults")
        second = site.producer(name="second").ready()
        until("a mailbox is told", lambda: site.sql("SELECT count(*) FROM mailbox WHERE photo_requested > 0") != "0", 30)
        second.kill()
        site.producer(name="third").ready()
        stats = exact(site, 120)
        n = pictures(site)
        need(stats["attached"] == n, f"{stats['attached']} attached for {n}")
        return f"{unread} of {n} pictures were unread"


def storm():
    """Pictures and people change by chance for ten runs, workers and producers are killed meanwhile: exact in the end"""
    needs_kafka()
    seed = int(os.environ.get("CONTACT_SYNC_SEED") or time.time())
    chance = random.Random(seed)
    with site_of(f"storm {seed}", kafka=True, people=400, users=10, settings={"guard.mailbox_floor": "1000"}) as site:
        site.exchange.post("settings", {"latency_ms": 30})
        alive = {"worker": site.worker().ready(), "producer": site.producer().ready()}
        site.run()
        for _ in range(10):
            people = {c["key"]: c["photo"] for box in expected(site).values() for c in box}
            for key in chance.sample(sorted(people), 12):
                ways = ["new", "new", "png", "text"] + ["none"] * (2 if people[key] else 0)
                site.change("photo", person=key, how=chance.choice(ways))
            site.rock.post("demo-changes", {})
            site.plan()
            if chance.random() < 0.7:
                which = chance.choice(sorted(alive))
                until("something goes on", lambda c=site.calls(): site.calls() > c or rows_rest(site), 30)
                alive[which].kill()
                an_hour_passes(site)
                alive[which] = getattr(site, which)().ready()
        site.exchange.post("settings", {"latency_ms": 3})
        site.run()
        an_hour_passes(site)
        exact(site, 120, overlap=True)
        return f"seed {seed}, {pictures(site)} pictures, {site.stats()['attached']} written"


def numbers_first():
    """A number that changes while pictures load arrives before most of them"""
    needs_kafka()
    with site_of("numbers first", kafka=True, people=400, users=10) as site:
        site.exchange.post("settings", {"latency_ms": 80})
        site.producer().ready()
        site.worker().ready()
        site.run()
        site.exact()
        n = pictures(site)
        until("pictures come", lambda: site.stats()["attached"] > 0, 60)
        key, boxes = somebody(site)
        site.change("set_phone", person=key, number="6235550142")
        site.run()
        until("the number is everywhere", lambda: all(
            site.item(a, key)["fields"].get("MobilePhone", "").endswith("0142") for a in boxes), 30)
        there = site.stats()["attached"]
        need(there < n, f"all {n} pictures were there before: a slower load is needed")
        site.exchange.post("settings", {"latency_ms": 5})
        exact(site, 120)
        return f"{there} of {n} pictures were there"


def rock_without_time():
    """A Rock that has no time for pictures fails no run; they come when it has"""
    with site_of("no time") as site:
        site.rock_fault("error", endpoint="GetImage", times=0)
        site.up().ready()
        site.run()
        site.exact()
        until("it was tried", lambda: site.status()["photos"]["unread"].get("away"), 30)
        need(site.stats()["attached"] == 0, "pictures out of nowhere")
        site.rock.delete("faults")
        site.sql("UPDATE person_photo SET retry_at = now() WHERE NOT got")
        site.run()
        exact(site, 90)


def rock_hangs():
    """A Rock that hangs on every picture holds up a run for the time of one of them at most"""
    with site_of("hangs", settings={"rock.timeout": "4s", "rock.connections": "2"}) as site:
        site.rock_fault("stall", endpoint="GetImage", times=0, ms=600000)
        site.up().ready()
        site.run()
        until("pictures are asked for", lambda: "GetImage" in json.dumps(site.rock.get("stats")), 20)
        begin = time.monotonic()
        site.run()
        took = time.monotonic() - begin
        need(took < 8, f"the run came after {took:.0f} s")
        until("they are away", lambda: site.status()["photos"]["unread"].get("away"), 20)
        site.exact()
        return f"{took:.1f} s"


def merged():
    """Two people merged in Rock: the contact goes on with the survivor's picture, one in all"""
    with site_of("merged") as site:
        loaded(site)
        picked = site.rock.post("demo-changes", {"act": "merge"})["changes"]
        need(picked, "nobody to merge")
        site.run()
        exact(site)


def moved_and_deleted():
    """A contact that the user moved gets its new picture there; one that they deleted comes back with it when restored"""
    with site_of("moved") as site:
        loaded(site)
        key, boxes = somebody(site)
        moved, deleted = boxes[:2]
        site.exchange.post(f"mailboxes/{moved}/actions", {"action": "move", "select": {"key": key}, "to": "Friends"})
        site.exchange.post(f"mailboxes/{deleted}/actions", {"action": "delete", "select": {"key": key}})
        site.change("photo", person=key, how="new")
        site.change("position", person=key, value="Keeper of figs")
        site.run()
        want = next(c["photo"] for c in expected(site)[moved] if c["key"] == key)
        until("the moved one has it", lambda: site.item(moved, key)["photo"] == want, 30)
        need(site.item(moved, key)["folder"] == "Friends", f"it lies in {site.item(moved, key)['folder']}")
        until("the other one is hidden", lambda: "none" not in site.cs("hidden", "list", "--user", deleted), 30)
        site.cs("hidden", "restore", "--user", deleted)
        until("it is back, with its picture", lambda: [
            i for i in site.mailbox(deleted)["items"] if i.get("key") == key and i["photo"] == want], 60)
        until("nothing waits", lambda: rows_rest(site), 30)
        unharmed(site)


def cleared():
    """After a Clear and Remove, chosen again, every contact has its picture again"""
    with site_of("cleared") as site:
        loaded(site)
        address, contacts = max(expected(site).items(), key=lambda b: sum(c["photo"] is not None for c in b[1]))
        need("done" in site.cs("clear", "--user", address, "--wait"), "it does not say that it is done")
        until("nothing waits", lambda: rows_rest(site), 30)
        site.exchange.delete("stats")
        site.import_prefs()
        site.run()
        stats = exact(site, doubled_creates=True)
        n = sum(c["photo"] is not None for c in contacts)
        need(stats["attached"] == n > 0, f"{stats['attached']} attached for {n}")
        return f"{n} pictures"


def kept_and_back():
    """A picture that changed while its contact was only kept is there when the contact is wanted again as it is"""
    with site_of("kept and back", settings={"delete_old_contacts": "false"}) as site:
        loaded(site)
        for picked in site.rock.get("pick?act=unfollow")["changes"]:
            site.change("photo", person=picked["person"], how="new")
            site.run()
            exact(site)
            site.change("unfollow", user=picked["other"], person=picked["person"])
            site.run()
            site.exchange.delete("stats")
            site.change("photo", person=picked["person"], how="new")
            site.run()
            until("nothing waits", lambda: rows_rest(site), 30)
            site.change("follow", user=picked["other"], person=picked["person"])
            run = site.run()
            stats = exact(site)
            need(stats["created"] == 0, "the contact was created again")
            return f"{run['messages']} messages, {stats['attached']} attached"
    return need(False, "nobody to unfollow")


if __name__ == "__main__":
    main([first_load, new_picture, first_picture, no_picture_any_more, refused_picture, switched_off, users_own,
          users_own_in_between, killed_among_pictures, producer_killed, storm, numbers_first, rock_without_time, rock_hangs,
          merged, moved_and_deleted, cleared, kept_and_back],
         at_once=2)

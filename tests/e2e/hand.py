#!/usr/bin/env python3
"""What users do with their contacts by hand, Clear and Remove, and taking over from the original plugin.

Each scenario compares the mailbox before and after, item by item, with nothing of the product's own between.
"""
import datetime
import json

from lib_program import need, until
from lib_run import main
from lib_site import Site

PLUGIN = "89081642-d565-47af-9534-4f9653e2267e"
PERSON_ID, LAST_UPDATED = f"{PLUGIN}/RockPersonId/Integer", f"{PLUGIN}/RockLastUpdated/String"


def small(name, **kw):
    return Site(name, kafka=False, **{"people": 250, "users": 5, **kw})


def fullest(site, n=1):
    """Addresses of the mailboxes that should hold most."""
    ranked = sorted(((len(c), a) for a, c in site.expected().items() if c), reverse=True)
    found = [a for _, a in ranked]
    return found[0] if n == 1 else found[:n]


def act(site, address, action, key, **members):
    site.exchange.post(f"mailboxes/{address}/actions", {"action": action, "select": {"key": key}, **members})


def items(site, address, folders=None):
    """key -> item of those that carry one; folders: only there."""
    return {i["key"]: i for i in site.mailbox(address)["items"] if i.get("key") and (not folders or i["folder"] in folders)}


def own(site, address):
    """The user's own items, whole."""
    return sorted((i for i in site.mailbox(address)["items"] if not i.get("key")), key=lambda i: i["id"])


def keys_of(site, address):
    """People of the mailbox who are in no other one: what changes for them changes nowhere else."""
    mine = {c["key"] for c in site.expected()[address]}
    return sorted(mine)


def alike(before, after, but=()):
    """The items that nobody touched are the same, byte for byte."""
    for key, item in before.items():
        if key not in but:
            need(after.get(key) == item, f"{key} was touched: {item} and then {after.get(key)}")


def new_position(site, key, text):
    site.change("position", person=key, value=text)
    site.run()


def missing(site, n):
    """All mailboxes are as the model says but for n contacts that are not there."""
    def verdict():
        v = site.verdict()
        if v["missing"] != n or v["doubled"] or v["extra"] or v["different"]:
            raise OSError(json.dumps({k: v[k] for k in ("missing", "doubled", "extra", "different")}))
        return True
    until(f"{n} contacts are missing and nothing else is wrong", verdict, 40)


# --- moved, deleted, edited ---


def moved_contacts_are_followed():
    """A contact that the user dragged to a folder of their own is updated there, and deleted there"""
    with small("moved") as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        key, other = keys_of(site, pat)[:2]
        act(site, pat, "move", key, to="Friends")
        act(site, pat, "move", other, to="Friends")
        before, mine = items(site, pat), own(site, pat)
        new_position(site, key, "Keeper of figs")
        site.exact()
        after = items(site, pat)
        need(after[key]["folder"] == "Friends", f"it lies in {after[key]['folder']}")
        need(after[key]["fields"]["JobTitle"] == "Keeper of figs", "it was not updated")
        need(after[key]["id"] == before[key]["id"], "it is another item")
        alike(before, after, but=(key,))
        need(own(site, pat) == mine, "the user's own contacts were touched")
        site.change("deceased", person=other)
        site.run()
        until("the moved one is deleted too", lambda: other not in items(site, pat), 30)
        need(site.stats()["max_creates_per_key"] == 1, "something was created twice")


def deleted_contacts_stay_deleted():
    """A contact that the user deleted stays deleted through changes, is listed, and comes back when restored"""
    with small("deleted") as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        thrown, purged = keys_of(site, pat)[:2]
        act(site, pat, "delete", thrown)
        act(site, pat, "delete", purged, type="HardDelete")
        before = items(site, pat, ("contacts",))
        for turn in range(2):
            for key in (thrown, purged):
                site.change("position", person=key, value=f"Turn {turn}")
            site.run()
            missing(site, 2)
        alike(before, items(site, pat, ("contacts",)))
        need(next(b for b in site.status()["mailboxes"] if b["address"] == pat)["hidden"] == 2, "status does not count them")
        listed = site.cs("hidden", "list", "--user", pat).splitlines()
        need(len(listed) == 2, f"listed: {listed}")
        site.cs("hidden", "restore", "--user", pat, "--person", listed[0].split()[0])
        missing(site, 1)
        site.cs("hidden", "restore", "--user", pat)
        missing(site, 0)
        need("none" in site.cs("hidden", "list", "--user", pat), "still listed")
        need(site.tool("hidden", "restore", "--user", pat).returncode == 1, "restored what is not there")


def deleted_contacts_come_back_where_so_set():
    """With on_user_delete = recreate a deleted contact is made anew with the next change"""
    with small("recreate", settings={"on_user_delete": "recreate"}) as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        key = keys_of(site, pat)[0]
        act(site, pat, "delete", key)
        new_position(site, key, "Back again")
        site.exact(doubled_creates=True)


def many_missing_contacts_are_made_anew():
    """When most contacts of a mailbox are gone at once nobody chose that: looked for again later, then made anew"""
    with small("many missing", settings={"worker.look_again": "4s"}) as site:
        program = site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        gone = keys_of(site, pat)[:-2]
        for key in gone:
            act(site, pat, "delete", key, type="HardDelete")
        new_position(site, gone[0], "Sought")
        until("the log says that it looks again later", lambda: "looking again" in program.text(), 30)
        site.exact(doubled_creates=True)
        need("hidden" not in site.sql("SELECT DISTINCT state FROM link"), "contacts were hidden")


def edits_notes_and_categories_stay():
    """What the user edits, notes down and sorts stays through updates; our categories follow Rock"""
    with small("edits") as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        key = keys_of(site, pat)[0]
        ours = items(site, pat)[key]["categories"]
        act(site, pat, "edit", key, Body="likes figs", Department="Choir loft", categories=["Golf", *ours, "Red"])
        before = items(site, pat)
        new_position(site, key, "Keeper of keys")
        until("updated", lambda: items(site, pat)[key]["fields"].get("JobTitle") == "Keeper of keys", 30)
        after = items(site, pat)
        fields = after[key]["fields"]
        need(fields["Body"] == "likes figs" and fields["Department"] == "Choir loft", f"{fields}")
        need(after[key]["categories"] == ["Golf", *ours, "Red"], f"{after[key]['categories']}")
        alike(before, after, but=(key,))
        site.write_settings(categories="false")
        for program in site.programs:
            if program.alive() and "up" in program.name:
                program.stopwatch_stop()
        site.up().ready()
        site.run()
        until("only the user's categories are left",
              lambda: items(site, pat)[key]["categories"] == ["Golf", "Red"], 40)
        need(items(site, pat)[key]["fields"]["Body"] == "likes figs", "the note is gone")


def two_items_with_one_key():
    """Copies that a user makes, in the own mailbox and in a colleague's, become the user's own; none is doubled or lost"""
    with small("copies") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        pat, kim = fullest(site, 2)
        mine, theirs = keys_of(site, pat), {c["key"] for c in site.expected()[kim]}
        only = next(k for k in mine if k not in theirs)
        act(site, pat, "copy", mine[0])
        act(site, pat, "copy", only, to_mailbox=kim)
        count = {a: site.mailbox(a)["contacts"] for a in (pat, kim)}
        before = {a: own(site, a) for a in (pat, kim)}
        program.stopwatch_stop()
        site.cs("migrate", "--after-restore")
        site.up().ready()
        for address in (pat, kim):
            site.change("position", person=site.expected()[address][0]["key"], value=f"of {address}")
        site.run()
        site.run()
        site.exact(doubled_creates=True)
        for address in (pat, kim):
            need(site.mailbox(address)["contacts"] == count[address], "contacts went or came")
            now = own(site, address)
            need(len(now) == len(before[address]) + 1, "the copy is not the user's own")
            need([i for i in now if i["id"] in {b["id"] for b in before[address]}] == before[address],
                 "the user's own contacts were touched")


def dates_are_the_same_day_everywhere():
    """Birthdays and anniversaries are the right calendar day in every zone from UTC-11 to UTC+12"""
    with small("dates") as site:
        site.up().ready()
        site.run()
        site.exact()
        seen, expected = 0, site.expected()
        for address in expected:
            for item in items(site, address).values():
                want = next(c for c in expected[address] if c["key"] == item["key"])
                for field, text in item["instants"].items():
                    instant = datetime.datetime.fromisoformat(text)
                    for hours in range(-11, 13):
                        zone = datetime.timezone(datetime.timedelta(hours=hours))
                        day = instant.astimezone(zone).date().isoformat()
                        need(want[field].startswith(day), f"{want[field]} is {day} at {hours:+} h")
                    seen += 1
        need(seen > 10, f"only {seen} dates")
        return f"{seen} dates"


# --- a folder of its own ---


def folder(site, address, name):
    return next((f for f in site.mailbox(address)["folders"] if f["name"] == name and not f["deleted"]), None)


def a_named_folder_is_made_once_and_again_when_it_is_lost():
    """exchange.folder: made once and marked; thrown away or deleted by the user it is made and filled again"""
    with small("named folder", settings={"exchange.folder": "Church"}) as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        first = folder(site, pat, "Church")
        need(first and first["marked"] and first["parent"] == "Contacts", f"{first}")
        need(set(i["folder"] for i in items(site, pat).values()) == {"Church"}, "contacts lie elsewhere")
        mine = own(site, pat)
        for how in ("trash", "purge"):
            old = folder(site, pat, "Church")["id"]
            site.exchange.post(f"mailboxes/{pat}/folders", {"action": how, "name": "Church"})
            new_position(site, keys_of(site, pat)[0], f"After {how}")
            site.run()
            site.exact(doubled_creates=True)
            need(folder(site, pat, "Church")["id"] != old, "it is the old folder")
            need(set(i["folder"] for i in items(site, pat, ("contacts", "Church")).values()) == {"Church"}, "elsewhere")
            need(own(site, pat) == mine, "the user's own contacts were touched")
        creates = site.stats()["calls"]["CreateFolder"]
        need(creates == len([c for c in site.expected().values() if c]) + 2, f"{creates} folders were made")


def a_folder_of_the_users_own_is_not_taken():
    """A folder of that name with the user's own contacts in it is left alone; the mailbox rests and says why"""
    with small("foreign folder", settings={"exchange.folder": "Church"}) as site:
        pat, kim = fullest(site, 2)
        site.exchange.post(f"mailboxes/{pat}/folders", {"action": "make", "name": "Church"})
        site.exchange.post(f"mailboxes/{pat}/items", {"Surname": "Own", "DisplayName": "Own", "folder": "Church"})
        site.exchange.post(f"mailboxes/{kim}/folders", {"action": "make", "name": "Church"})  # empty: taken
        site.up().ready()
        site.plan()
        until("it rests", lambda: next(b for b in site.status()["mailboxes"] if b["address"] == pat)["parked"]
              == "folder.foreign", 30)
        expected = site.rock.get("expected")
        listed = {a: c for a, c in expected["mailboxes"].items() if a != pat}
        until("the others are filled",
              lambda: site.exchange.post("compare", {"mailboxes": listed, "only_listed": True})["ok"], 40)
        need(not items(site, pat), "contacts were made")
        need(site.exchange.get("foreign")["touched"] == 0, "the user's own were touched")


# --- the original plugin ---


def plugin_contact(site, address, want, rock_id, mark):
    """A contact as the plugin left it, with a note of the user's."""
    site.exchange.post(f"mailboxes/{address}/items", {
        "GivenName": want["GivenName"], "Surname": want["Surname"], "DisplayName": want["DisplayName"],
        "JobTitle": "Old title", "Body": "a note", "categories": ["Following", "Golf"],
        "extended": {PERSON_ID: str(rock_id), LAST_UPDATED: mark}})


def rock_ids(site):
    """key -> Person.Id, after a run."""
    rows = site.sql("SELECT key || ' ' || rock_id FROM person WHERE rock_id IS NOT NULL").splitlines()
    return dict(r.split() for r in rows)


def the_plugins_contacts_are_taken_over():
    """Contacts of the original plugin become ours with the user's notes in them; nothing is doubled, its marks go"""
    with small("plugin") as site:
        program = site.producer() if site.kafka else site.up(exchange__url="http://127.0.0.1:9/EWS/Exchange.asmx")
        program.ready()
        site.plan()  # people are known, nothing is written
        ids = rock_ids(site)
        pat = fullest(site)
        here = {c["key"] for c in site.expected()[pat]}
        away = next(c["key"] for box in site.expected().values() for c in box
                    if c["key"] not in here and c.get("GivenName")
                    and not c.get("EmailAddress1", "").endswith("@church.example"))
        wants = [c for c in site.expected()[pat] if c.get("GivenName")][:6]
        site.change("merge", person=away, into=wants[0]["key"])
        site.plan()
        program.stopwatch_stop()
        wants = [c for c in site.expected()[pat] if c["key"] in {w["key"] for w in wants}]
        ids[wants[0]["key"]] = ids[away]  # the plugin wrote it before the merge
        for want in wants:
            plugin_contact(site, pat, want, ids[want["key"]], "2026-01-05T05:00:00Z")
        plugin_contact(site, pat, {"GivenName": "No", "Surname": "Body", "DisplayName": "No Body"}, 999999,
                       "2026-01-05T05:00:00Z")
        mine = [i for i in own(site, pat) if "a note" not in i["fields"].get("Body", "")]
        site.sql("UPDATE mailbox SET parked_until = NULL")
        site.sql("UPDATE link SET retry_at = NULL")
        site.up().ready()
        until("all is there", lambda: site.verdict()["missing"] == 0, 60)
        until("the rows say so too", site.rows_rest, 30)
        verdict = site.verdict()
        need(verdict["doubled"] == verdict["extra"] == 0, f"{verdict}")
        wrong = [d for d in verdict["differences"] if d["what"] == "different" and d["field"] != "Body"
                 and set(d["found"] or []) - set(d["expected"] or []) != {"Golf"}]
        need(not wrong, f"{wrong}")  # the notes are the users', and the simulator takes the contacts for theirs
        after = items(site, pat)
        for want in wants:
            item = after[want["key"]]
            need(item["fields"]["Body"] == "a note", "the note is gone")
            need("Golf" in item["categories"], "the user's category is gone")
            need(not any(PLUGIN in name for name in item.get("extended", {})), f"marks are left: {item['extended']}")
        need(not set(site.mailbox(pat)["creates"]) & {w["key"] for w in wants}, "some were made anew")
        left = [i for i in own(site, pat) if i["fields"]["DisplayName"] == "No Body"]
        need(len(left) == 1, "the contact that nobody wants is not left as it was")
        now = {i["id"]: i for i in own(site, pat)}
        need(all(now.get(i["id"]) == i for i in mine), "the user's own contacts were touched")


def taking_over_waits_for_the_plugin_to_rest():
    """While the plugin's marks move nothing is written to that mailbox, and status says why"""
    with small("plugin runs", settings={"legacy.quiet": "3s"}) as site:
        pat = fullest(site)
        wants = [c for c in site.expected()[pat] if c.get("GivenName")]
        for n, want in enumerate(wants[:3]):
            plugin_contact(site, pat, want, 500000 + n, "11/22/2026 1:00:03 AM")
        site.up().ready()
        site.plan()
        until("it rests", lambda: next(b for b in site.status()["mailboxes"] if b["address"] == pat)["parked"]
              == "legacy.running", 30)
        need(not items(site, pat), "contacts were made")
        # nobody knows those numbers: once the marks rest, the mailbox is filled beside them
        until("filled", lambda: len(items(site, pat)) == len(wants) or len(items(site, pat)) == len(site.expected()[pat]), 60)


# --- Clear and Remove ---


def left_of_ours(site, address):
    return items(site, address, ("contacts", "Friends"))


def clear_takes_what_is_ours_and_nothing_else():
    """Clear and Remove: all that the sync made goes, moved and forgotten ones too; copies and own contacts stay"""
    with small("clear") as site:
        site.up().ready()
        site.run()
        site.exact()
        pat, kim = fullest(site, 2)
        keys = keys_of(site, pat)
        act(site, pat, "move", keys[0], to="Friends")
        act(site, pat, "copy", keys[1])
        site.sql(f"DELETE FROM link WHERE mailbox = (SELECT id FROM mailbox WHERE address = '{pat}') AND person IN"
                 f" (SELECT id FROM person WHERE key IN ('{keys[2]}', '{keys[3]}'))")  # the rows know nothing of them
        others, mine = items(site, kim), own(site, pat)
        need("done" in site.cs("clear", "--user", pat.upper(), "--wait"), "it does not say that it is done")
        need(not left_of_ours(site, pat), f"{len(left_of_ours(site, pat))} are left")
        now = {i["id"]: i for i in own(site, pat)}
        need(all(now.get(i["id"]) == i for i in mine), "the user's own contacts were touched")
        need(len(now) == len(mine) + 1, "the copy is gone")
        need(items(site, kim) == others, "another mailbox was touched")
        need(json.loads(site.cs("prefs", "show", "--user", pat, "--json"))["choices"]["groups"] == [], "choices are left")
        before = site.checksum()
        site.run()
        need(site.checksum() == before, "a run brought something back")
        box = next(b for b in site.status()["mailboxes"] if b["address"] == pat)
        need(not box["clearing"] and box["wanted"] == box["synced"] == 0, f"{box}")


def a_save_right_after_a_clear_wins():
    """Choices that are saved while a Clear is under way win: what they name stays or comes back, the rest goes"""
    with small("clear and save", latency=200) as site:
        site.up().ready()
        site.run()
        site.exact()
        pat = fullest(site)
        site.cs("clear", "--user", pat)
        site.import_prefs()
        site.run()
        site.exact(90, doubled_creates=True)
        until("the Clear is done", lambda: not any(b["clearing"] for b in site.status()["mailboxes"]), 30)
        site.exact(doubled_creates=True)


def a_clear_survives_a_killed_worker():
    """A worker killed in the middle of a Clear: another finishes it, and nothing else is touched"""
    with small("clear and die") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        program.stopwatch_stop()
        pat = fullest(site)
        mine = own(site, pat)
        site.cs("clear", "--user", pat)
        for point in ("sent:1", "answered:1"):
            program = site.up(kill_at=point)
            until(f"it died at {point}", lambda p=program: not p.alive(), 30)
        site.up().ready()
        until("the Clear is done", lambda: not any(b["clearing"] for b in site.status()["mailboxes"]), 60)
        need(not left_of_ours(site, pat), "something is left")
        need(own(site, pat) == mine, "the user's own contacts were touched")


# --- Delete Old Contacts off ---


def kept_contacts_go_when_their_person_opts_out():
    """With Delete Old Contacts off a kept contact goes all the same once its person opts out"""
    with small("opt out", settings={"delete_old_contacts": "false"}) as site:
        pat = fullest(site)
        stays, goes = keys_of(site, pat)[:2]
        site.change("attribute", person=stays, key="NoSync", value="False")  # makes it
        site.write_settings(opt_out_attribute="NoSync")
        site.up().ready()
        site.run()
        site.exact()
        before = items(site, pat)
        for key in (stays, goes):
            site.change("deceased", person=key)
        need(site.run()["kept"] >= 2, "nothing is kept")
        need(items(site, pat) == before, "the mailbox was touched")
        unchanged = site.run()
        need(unchanged["unchanged_mailboxes"] == unchanged["mailboxes"], f"{unchanged}")
        site.change("attribute", person=goes, key="NoSync", value="True")
        site.run()
        until("the contact is gone", lambda: goes not in items(site, pat), 30)
        need(stays in items(site, pat), "the other one is gone too")
        alike(before, items(site, pat), but=(goes,))
        need(site.run()["messages"] == 0, "it is planned again and again")


if __name__ == "__main__":
    main([moved_contacts_are_followed, deleted_contacts_stay_deleted, deleted_contacts_come_back_where_so_set,
          many_missing_contacts_are_made_anew, edits_notes_and_categories_stay, two_items_with_one_key,
          dates_are_the_same_day_everywhere, a_named_folder_is_made_once_and_again_when_it_is_lost,
          a_folder_of_the_users_own_is_not_taken, the_plugins_contacts_are_taken_over,
          taking_over_waits_for_the_plugin_to_rest, clear_takes_what_is_ours_and_nothing_else,
          a_save_right_after_a_clear_wins, a_clear_survives_a_killed_worker,
          kept_contacts_go_when_their_person_opts_out],
         at_once=2)

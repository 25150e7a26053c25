#!/usr/bin/env python3
"""An independent client (exchangelib) on mailboxes that the product has filled. Run with the test suite's Python."""
import sys

from lib_program import need, until
from lib_run import Skip, main
from lib_site import PASSWORD, Site

try:
    import exchangelib_roundtrip as ews
    from exchangelib import Contact
except ImportError:
    ews = None


class Account:
    """What exchangelib_roundtrip.py wants of its arguments."""

    user, password = "svc-sync", PASSWORD

    def __init__(self, site):
        self.url = site.exchange.url


def opened(site, address):
    if not ews:
        raise Skip("exchangelib is not installed")
    for name, kind in (("rock_sync_key", ews.RockSyncKey), ("rock_sync_hash", ews.RockSyncHash),
                       ("honorific_title", ews.HonorificTitle)):
        if name not in {f.name for f in Contact.FIELDS}:
            Contact.register(name, kind)
    return ews.open_account(Account(site), address)


def largest(site):
    return max(site.expected().items(), key=lambda b: len(b[1]))


def phones(contact):
    return {p.label: p.phone_number for p in contact.phone_numbers or () if p.phone_number}


def check_as_expected(contact, want):
    """What another client reads is what the church's model says."""
    for field, name in (("FileAs", "file_as"), ("DisplayName", "display_name"), ("GivenName", "given_name"),
                        ("MiddleName", "middle_name"), ("Surname", "surname"), ("CompanyName", "company_name"),
                        ("JobTitle", "job_title"), ("Generation", "generation")):
        need(want.get(field) == getattr(contact, name), f"{field}: {getattr(contact, name)!r} for {want.get(field)!r}")
    need(sorted(contact.categories or []) == sorted(want["categories"]), f"categories: {contact.categories}")
    for label in ("MobilePhone", "HomePhone", "HomePhone2", "OtherTelephone"):
        need(phones(contact).get(label) == want.get(label), f"{label}: {phones(contact)} for {want.get(label)}")


def read_by_another_client():
    """exchangelib reads every contact of a mailbox as the church's model says"""
    with Site("read", kafka=False, people=250, users=6) as site:
        site.up().ready()
        site.run()
        site.exact()
        address, contacts = largest(site)
        account = opened(site, address)
        found = {c.rock_sync_key: c for c in account.contacts.filter(rock_sync_key__exists=True)}
        need(set(found) == {c["key"] for c in contacts}, f"{len(found)} contacts for {len(contacts)}")
        for want in contacts:
            check_as_expected(found[want["key"]], want)
        return f"{len(contacts)} contacts"


def edited_by_another_client():
    """exchangelib's edits of other fields survive the next update; own contacts of the user are not touched"""
    with Site("edit", kafka=False, people=250, users=6) as site:
        site.up().ready()
        site.run()
        site.exact()
        who = site.rock.get("pick?act=set_phone")["changes"][0]["person"]
        card = site.rock.get(f"person?who={who}")
        address = card["mailboxes"][0]
        key = next(c["key"] for c in site.expected()[address] if c.get("FileAs") == card["FileAs"])
        account = opened(site, address)
        own = Contact(account=account, folder=account.contacts, given_name="My", surname="Plumber",
                      display_name="My Plumber", categories=["House"])
        own.save()
        contact = account.contacts.get(rock_sync_key=key)
        contact.nickname, contact.body, contact.categories = "Sparks", "met at the fair", contact.categories + ["Mine"]
        contact.save(update_fields=["nickname", "body", "categories"])
        site.change("set_phone", person=who, number="6235550144")
        site.run()
        until("the number is there",
              lambda: phones(account.contacts.get(rock_sync_key=key)).get("MobilePhone") == "+16235550144", 20)
        after = account.contacts.get(rock_sync_key=key)
        need(after.nickname == "Sparks" and (after.body or "").strip() == "met at the fair", "an edited field is gone")
        need("Mine" in after.categories, f"the user's category is gone: {after.categories}")
        again = account.contacts.get(surname="Plumber")
        need(again.changekey == own.changekey and again.categories == ["House"], "the user's own contact was touched")
        need(site.exchange.get("foreign")["touched"] == 0, "a user's own contact was touched")


def deleted_and_found_again():
    """A contact that another client deleted while Rock changes it is not made twice"""
    with Site("delete", kafka=False, people=250, users=6) as site:
        site.up().ready()
        site.run()
        site.exact()
        who = site.rock.get("pick?act=set_phone")["changes"][0]["person"]
        card = site.rock.get(f"person?who={who}")
        address = card["mailboxes"][0]
        key = next(c["key"] for c in site.expected()[address] if c.get("FileAs") == card["FileAs"])
        opened(site, address).contacts.get(rock_sync_key=key).delete()
        site.change("set_phone", person=who, number="6235550145")
        site.run()
        until("the rows rest", site.rows_rest, 40)
        there = [i for i in site.mailbox(address)["items"] if i.get("key") == key and i["folder"] == "contacts"]
        need(len(there) <= 1, f"{len(there)} contacts for one person")
        need(not site.exchange.get("duplicates")["duplicates"], "doubled contacts")
        return f"{len(there)} there afterwards"


if __name__ == "__main__":
    if not ews:
        print("skipped: exchangelib is not installed for " + sys.executable)
        sys.exit(77)
    main([read_by_another_client, edited_by_another_client, deleted_and_found_again], at_once=3)

#!/usr/bin/env python3
"""An independent client against a running sim-exchange: lists, creates, finds by an extended property, edits and
deletes contacts and gives one a photo with exchangelib, and compares what it read with what the control API says.

Needs: pip install exchangelib==5.6.0 (it brings cached-property, defusedxml, dnspython, isodate, lxml, oauthlib,
pyspnego, requests, requests-ntlm, requests-oauthlib, tzdata, tzlocal, cryptography, Pygments).

Usage: exchangelib_roundtrip.py --url http://127.0.0.1:PORT --mailbox pat@church.example
The mailbox must be empty or hold foreign contacts only. Exit 0 and one line when all is well; a traceback when not.
"""
import argparse
import hashlib
import json
import sys
import urllib.request

from exchangelib import (
    Account,
    BASIC,
    Build,
    Configuration,
    Contact,
    Credentials,
    ExtendedProperty,
    FileAttachment,
    IMPERSONATION,
    NTLM,
    Version,
)
from exchangelib.errors import DoesNotExist, ErrorItemNotFound, ErrorNonExistentMailbox
from exchangelib.ewsdatetime import EWSDate
from exchangelib.folders import Contacts
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

SET_ID = "38b99066-ef57-4efc-a07f-0e0f6a97188e"


class RockSyncKey(ExtendedProperty):
    property_set_id = SET_ID
    property_name = "RockSyncKey"
    property_type = "String"


class RockSyncHash(ExtendedProperty):
    property_set_id = SET_ID
    property_name = "RockSyncHash"
    property_type = "String"


class HonorificTitle(ExtendedProperty):
    property_tag = 0x3A45
    property_type = "String"


def control(url, path, body=None):
    request = urllib.request.Request(url + path, data=json.dumps(body).encode() if body is not None else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def open_account(args, mailbox):
    config = Configuration(
        service_endpoint=args.url + "/EWS/Exchange.asmx",
        credentials=Credentials(args.user, args.password),
        auth_type=NTLM if getattr(args, "auth", "basic") == "ntlm" else BASIC,
        version=Version(build=Build(15, 1, 2507, 6)),
    )
    return Account(primary_smtp_address=mailbox, config=config, autodiscover=False, access_type=IMPERSONATION)


def make(account, n):
    return Contact(
        account=account,
        folder=account.contacts,
        display_name=f"Round {n} Trip",
        given_name=f"Round {n}",
        middle_name="von",
        surname="Trip \u00e9\U0001f600",
        file_as=f"Trip, Round {n}",
        company_name="Lot & <Sons> \"Ltd\"",
        job_title="Deacon",
        generation="Jr.",
        categories=["Staff", "Following"],
        birthday=EWSDate(1984, 3, 9),
        email_addresses=[EmailAddress(label="EmailAddress1", email=f"round{n}@example.org")],
        phone_numbers=[
            PhoneNumber(label="MobilePhone", phone_number=f"+1 217 555 01{n:02d}"),
            PhoneNumber(label="HomePhone", phone_number="+1 217 555 0102"),
        ],
        physical_addresses=[
            PhysicalAddress(label="Home", street="12 Mill Lane\nApt 4", city="Springfield", state="IL", zipcode="62701")
        ],
        rock_sync_key=f"00000000-0000-4000-8000-{n:012d}",
        rock_sync_hash=f"hash-{n}",
        honorific_title="Dr.",
    )


def create_and_list(account, args, n):
    before = account.contacts.all().count()
    created = account.bulk_create(folder=account.contacts, items=[make(account, i) for i in range(n)])
    check(len(created) == n and all(c.id for c in created), "every create is answered with an id")
    listed = list(account.contacts.all().order_by("datetime_created"))
    check(len(listed) == before + n, f"listed {len(listed)}, expected {before + n}")
    held = control(args.url, f"/control/mailboxes/{args.mailbox}")
    check(held["keyed"] == n, "the control API counts the keyed contacts")


def find_by_key(account):
    found = list(account.contacts.filter(rock_sync_key="00000000-0000-4000-8000-000000000003"))
    check(len(found) == 1, f"one contact by key, found {len(found)}")
    check(not list(account.contacts.filter(rock_sync_key="no such key")), "an unknown key finds nothing")
    check(account.contacts.filter(rock_sync_key__exists=True).count() > 1, "Exists finds the keyed ones")
    return found[0]


def check_fields(contact):
    want = make(contact.account, 3)
    for name in ("display_name", "given_name", "middle_name", "surname", "file_as", "company_name", "job_title",
                 "generation", "birthday", "rock_sync_key", "rock_sync_hash", "honorific_title"):
        check(getattr(contact, name) == getattr(want, name), f"{name}: {getattr(contact, name)!r}")
    check(contact.categories == ["Staff", "Following"], f"categories: {contact.categories}")
    phones = {p.label: p.phone_number for p in contact.phone_numbers if p.phone_number}
    check(phones == {"MobilePhone": "+1 217 555 0103", "HomePhone": "+1 217 555 0102"}, f"phones: {phones}")
    check(contact.email_addresses[0].email == "round3@example.org", "e-mail")
    address = contact.physical_addresses[0]
    check((address.street, address.city) == ("12 Mill Lane\nApt 4", "Springfield"), f"address: {address}")


def edit(account, contact):
    contact.given_name = "Edited"
    contact.company_name = None
    contact.phone_numbers = [PhoneNumber(label="MobilePhone", phone_number="+1 217 555 0199")]
    contact.rock_sync_hash = "hash-3b"
    contact.save(update_fields=["given_name", "company_name", "phone_numbers", "rock_sync_hash"])
    again = account.contacts.get(rock_sync_key=contact.rock_sync_key)
    check(again.given_name == "Edited" and again.company_name is None, "edited and emptied fields")
    phones = {p.label: p.phone_number for p in again.phone_numbers if p.phone_number}
    check(phones == {"MobilePhone": "+1 217 555 0199"}, f"phones after the edit: {phones}")
    check(again.rock_sync_hash == "hash-3b" and again.surname == contact.surname, "the rest stayed")


def photo(account, args, contact):
    jpeg = b"\xff\xd8\xff\xe0 round trip " + bytes(9000)
    before = account.contacts.get(rock_sync_key=contact.rock_sync_key)
    before.attach(FileAttachment(name="ContactPicture.jpg", content_type="image/jpeg", content_id="round-1",
                                 is_contact_photo=True, content=jpeg))
    again = account.contacts.get(rock_sync_key=contact.rock_sync_key)
    check(again.has_picture and again.changekey != contact.changekey, "the photo changed the contact")
    found = again.attachments
    check(len(found) == 1 and found[0].is_contact_photo and found[0].content_id == "round-1", f"attachments: {found}")
    check(found[0].content == jpeg, "the photo's bytes")
    held = control(args.url, f"/control/mailboxes/{args.mailbox}")
    item = next(i for i in held["items"] if i["key"] == contact.rock_sync_key)
    check(item["photo"] == hashlib.sha256(jpeg).hexdigest(), "the control API shows the photo")
    found[0].detach()
    again = account.contacts.get(rock_sync_key=contact.rock_sync_key)
    check(not again.has_picture and not again.attachments, "the photo is off")
    return again


def folders(account):
    sub = Contacts(parent=account.contacts, name="Rock Contacts")
    sub.save()
    check(any(f.name == "Rock Contacts" for f in account.contacts.children), "the sub-folder is listed")
    Contact(account=account, folder=sub, display_name="In the sub-folder", given_name="Sub").save()
    check(sub.all().count() == 1, "the sub-folder holds its contact")


def delete(account, contact):
    gone = contact.id
    contact.delete()
    try:
        account.contacts.get(id=gone)
    except (ErrorItemNotFound, DoesNotExist):
        pass
    else:
        raise AssertionError("a deleted contact is still there")
    second = account.contacts.filter(rock_sync_key="00000000-0000-4000-8000-000000000004").get()
    second.move_to_trash()
    check(not account.contacts.filter(rock_sync_key=second.rock_sync_key).exists(), "trashed")
    check(account.trash.all().count() == 1, "the trash holds it")
    account.contacts.filter(rock_sync_key__exists=True).delete()
    check(not account.contacts.filter(rock_sync_key__exists=True).exists(), "all keyed contacts are gone")


def unknown_mailbox(args):
    try:
        list(open_account(args, "nobody@elsewhere.example").contacts.all())
    except ErrorNonExistentMailbox:
        return
    raise AssertionError("an unknown mailbox must be refused")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--mailbox", required=True)
    parser.add_argument("--user", default="svc-sync")
    parser.add_argument("--password", default="secret")
    parser.add_argument("--auth", choices=("basic", "ntlm"), default="basic")
    parser.add_argument("--contacts", type=int, default=12)
    args = parser.parse_args()

    Contact.register("rock_sync_key", RockSyncKey)
    Contact.register("rock_sync_hash", RockSyncHash)
    Contact.register("honorific_title", HonorificTitle)
    account = open_account(args, args.mailbox)
    create_and_list(account, args, args.contacts)
    contact = find_by_key(account)
    check_fields(contact)
    edit(account, contact)
    contact = photo(account, args, contact)
    folders(account)
    delete(account, contact)
    unknown_mailbox(args)

    stats = control(args.url, "/control/stats")
    check(stats["invalid"] == 0, f"requests judged invalid: {stats['invalid_reasons']}")
    foreign = control(args.url, "/control/foreign")
    check(foreign["touched"] == 0, f"foreign contacts were touched: {foreign}")
    print(f"exchangelib round trip: ok ({stats['created']} created, {stats['updated']} updated, "
          f"{stats['deleted']} deleted, {foreign['foreign']} foreign contacts untouched)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""exchangelib writing contacts: what peers_bench.py measures. Arguments: the simulator's URL, then plans contacts:chunk:threads.

One JSON line for each plan: seconds and CPU of this process. Each thread has mailboxes of its own, one after the other, as its
users have to do it; the first plan is a warm-up and not told.
"""
import concurrent.futures
import json
import pathlib
import sys
import time

import exchangelib
from exchangelib import BASIC, IMPERSONATION, Account, Build, Configuration, Contact, Credentials, Version
from exchangelib.indexed_properties import EmailAddress, PhoneNumber, PhysicalAddress

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
# pylint: disable=wrong-import-position
from exchangelib_roundtrip import RockSyncHash, RockSyncKey  # noqa: E402
from lib_bench import CATEGORY, people  # noqa: E402

EACH = 250  # contacts a mailbox


def contact(account, i, key, card):
    return Contact(
        account=account, folder=account.contacts, file_as=card["fileAs"], display_name=card["displayName"],
        given_name=card["givenName"], surname=card["surname"], company_name=card["company"], job_title=card["jobTitle"],
        categories=[CATEGORY], email_addresses=[EmailAddress(label="EmailAddress1", email=card["email"])],
        phone_numbers=[PhoneNumber(label="MobilePhone", phone_number=card["phoneMobile"]),
                       PhoneNumber(label="HomePhone", phone_number=card["phoneHome"])],
        physical_addresses=[PhysicalAddress(
            label="Home", street=card["homeStreet"], city=card["homeCity"], state=card["homeState"],
            zipcode=card["homePostal"], country=card["homeCountry"])],
        rock_sync_key=str(key), rock_sync_hash=f"1:{i:016x}:{i:032x}")


def write(config, cards, chunk, mailbox):
    account = Account(primary_smtp_address=mailbox, config=config, autodiscover=False, access_type=IMPERSONATION)
    items = [contact(account, i, key, card) for i, key, card in cards]
    made = account.bulk_create(folder=account.contacts, items=items, chunk_size=chunk)
    if len(made) != len(items) or not all(m.id for m in made):
        raise SystemExit("exchangelib: not every create was answered with an id")


def run(url, cards, contacts, chunk, threads, number):
    config = Configuration(service_endpoint=url + "/EWS/Exchange.asmx", credentials=Credentials("svc-sync", "secret"),
                           auth_type=BASIC, version=Version(build=Build(15, 1, 2507, 6)), max_connections=threads)
    boxes = [f"exchangelib{number}-{i}@church.example" for i in range(max(1, contacts // EACH))]
    wall, cpu = time.monotonic(), time.process_time()
    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda box: write(config, cards, chunk, box), boxes))
    total = len(boxes) * len(cards)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return {"contacts": total, "chunk": chunk, "threads": threads, "per_s": total / wall, "cpu_us_each": cpu * 1e6 / total,
            "version": exchangelib.__version__}


def main():
    Contact.register("rock_sync_key", RockSyncKey)
    Contact.register("rock_sync_hash", RockSyncHash)
    cards = [(i, key, json.loads(body)) for i, key, _, body, _ in people(EACH)]
    for number, plan in enumerate(sys.argv[2:]):
        line = run(sys.argv[1], cards, *map(int, plan.split(":")), number)
        if number:
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()

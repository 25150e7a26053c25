#!/usr/bin/env python3
"""Every code and status that Exchange can answer, once each in a first load. What must become of it is written here anew, from
the documentation's words; the judges are the mailboxes, the rows and the status. `contact-sync up` on PostgreSQL."""
import socket

from lib_program import need, until
from lib_run import main
from lib_site import Site, brief

# What a code asks for when one contact of a batch has it.
LATER = """ErrorServerBusy ErrorExceededConnectionCount ErrorTooManyObjectsOpened ErrorInternalServerTransientError
    ErrorInsufficientResources ErrorNotEnoughMemory ErrorTimeoutExpired ErrorMailboxStoreUnavailable ErrorMailboxFailover
    ErrorADUnavailable ErrorADOperation ErrorMailboxMoveInProgress ErrorConnectionFailed ErrorCrossSiteRequest
    ErrorNoRespondingCASInDestinationSite ErrorInternalServerError ErrorBatchProcessingStopped ErrorOfTomorrow""".split()
AGAIN = """ErrorItemNotFound ErrorFolderNotFound ErrorParentFolderNotFound ErrorSyncFolderNotFound ErrorFolderExists
    ErrorStaleObject ErrorChangeKeyRequiredForWriteOperations ErrorChangeKeyRequired ErrorIrresolvableConflict
    ErrorInvalidChangeKey ErrorInvalidIdMalformed ErrorInvalidId ErrorInvalidIdEmpty ErrorInvalidSyncStateData
    ErrorExceededFindCountLimit""".split()
# Once more at once, then given up.
ONCE_MORE = "ErrorItemCorrupt ErrorItemSave ErrorItemPropertyRequestFailed".split()
# Once more without the field that the answer names; given up where it names none.
FIELD = """ErrorItemSavePropertyError ErrorPropertyUpdate ErrorDataSizeLimitExceeded ErrorPropertyValidationFailure
    ErrorInvalidValueForProperty ErrorInvalidExtendedPropertyValue""".split()
EMAIL = "ErrorInvalidContactEmailAddress ErrorInvalidContactEmailIndex".split()
DEAD = FIELD + """ErrorInvalidPropertySet ErrorInvalidPropertyRequest
    ErrorInvalidPropertyForOperation ErrorInvalidPropertyDelete ErrorUpdatePropertyMismatch ErrorIncorrectUpdatePropertyCount
    ErrorObjectTypeChanged ErrorInvalidExtendedProperty""".split()
SPLIT = "ErrorSchemaValidation ErrorInvalidRequest ErrorRequestStreamTooBig ErrorMessageSizeExceeded".split()
PARK = """ErrorCannotCreateContactInNonContactFolder ErrorQuotaExceeded ErrorNonExistentMailbox ErrorMissingEmailAddress
    ErrorInvalidSmtpAddress ErrorNonPrimarySmtpAddress ErrorAccountDisabled ErrorMailboxConfiguration
    ErrorOrganizationAccessBlocked ErrorImpersonateUserDenied ErrorInvalidUserPrincipalName ErrorInvalidUserSid
    ErrorSidNotFound ErrorAccessDenied ErrorCreateItemAccessDenied ErrorCannotDeleteObject""".split()
STOP = """ErrorImpersonationDenied ErrorImpersonationFailed ErrorInvalidExchangeImpersonationHeaderData ErrorPasswordExpired
    ErrorPasswordChangeRequired ErrorCallerIsInvalidADAccount""".split()
# Statuses without a SOAP answer. 500 and 502, 504: what was done is not known. A redirect is a status and where it points.
ERROR_PAGE = "/ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx"
STATUS_LATER = [400, 408, 413, 429, 500, 502, 503, 504, 505, (301, ERROR_PAGE), (302, ERROR_PAGE)]
STATUS_STOP = [401, 403, 404, 440, 449, 456, (302, "/owa/auth/logon.aspx"), (302, "/internalerror.asp"), (301, "/EWS/Exchange.asmx")]


class Load:
    """One first load in which each code meets a mailbox of its own."""

    def __init__(self, site):
        self.site = site
        boxes = sorted((len(c), a) for a, c in site.expected().items() if len(c) >= 4)
        self.free = [a for _, a in boxes]
        self.given = {}  # address -> (code, what is expected)

    def give(self, word, code, fault):
        need(self.free, "the church has too few mailboxes for all codes")
        address = self.free.pop(0)
        self.given[address] = (code, word)
        self.site.exchange.post("faults", {"op": "CreateItem", "mailbox": address, "times": 1, **fault})

    def parked(self):
        rows = self.site.sql("SELECT address, parked_why FROM mailbox WHERE parked_until > now()").splitlines()
        return dict(row.split("|", 1) for row in rows)

    def dead(self):
        rows = self.site.sql("SELECT address, count(*) FROM link l JOIN mailbox m ON m.id = l.mailbox"
                             " WHERE l.dead_for = l.want GROUP BY 1").splitlines()
        return {a: int(n) for a, n in (row.split("|") for row in rows)}

    def of(self, word):
        return {a for a, (_, w) in self.given.items() if w == word}

    def wrong(self, addresses, what):
        return f"{what}: {sorted(self.given.get(a, (a, ''))[0] for a in addresses)[:5]}"


def differing(verdict):
    return {d["mailbox"] for d in verdict["differences"]}


def codes_of_one_item():
    """Each code for one contact of a batch, in a first load: tried again, given up alone, or its mailbox parked, as it says"""
    words = {"later": LATER + AGAIN + SPLIT + ONCE_MORE, "dead": DEAD, "park": PARK}
    return codes("item", words, lambda code: {"fault": "item_error", "code": code, "item": 2, "every": 0})


def codes_of_a_request():
    """Each code as a SOAP fault for a whole request: nothing is given up for it but what the code itself condemns"""
    words = {"later": LATER + AGAIN + SPLIT + DEAD + ONCE_MORE + EMAIL, "park": PARK}
    return codes("fault", words, lambda code: {"fault": "soap_fault", "code": code})


class Elsewhere:
    """Where redirects point to: nobody may come."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.setblocking(False)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        with self.door:
            if kind is None:
                try:
                    self.door.accept()[0].close()
                except BlockingIOError:
                    return
                need(False, "a redirect was followed")

    def fault(self, status):
        if isinstance(status, int):
            return {"fault": "http_status", "status": status}
        return {"fault": "http_status", "status": status[0], "location": f"http://127.0.0.1:{self.door.getsockname()[1]}{status[1]}"}


def statuses():
    """Each status without a SOAP answer that concerns the request or the moment: tried again or settled, 0 doubled"""
    with Elsewhere() as elsewhere:
        return codes("status", {"later": STATUS_LATER}, elsewhere.fault)


def codes(name, words, fault):
    with Site(f"outcomes {name}", kafka=False, people=500, users=220, settings={"batch.start": 10}) as site:
        load = Load(site)
        for word, all_codes in words.items():
            for code in all_codes:
                load.give(word, code, fault(code))
        site.up().ready()
        site.plan()
        judge(site, load)
        return f"{len(load.given)} codes, {site.verdict()['found']} contacts"


def judge(site, load):
    """First what the codes did; then, after the operator's word, that nothing is lost and nothing doubled."""
    fired = len(load.given)
    until("each fault fired", lambda: sum(site.stats()["faults"].values()) >= fired, 60)
    until("mailboxes are parked", lambda: set(load.parked()) >= load.of("park"), 30)
    parked = load.parked()
    for address in load.of("park"):
        code = load.given[address][0]
        need(code in parked[address], f"{code}: the mailbox is parked for {parked[address]}")

    def settled():
        site.sql("UPDATE mailbox SET parked_until = NULL WHERE parked_until > now()")
        verdict = site.verdict()
        if not differing(verdict) <= load.of("dead"):
            raise OSError(brief(verdict))
        return True

    until("all but the refused contacts are there", settled, 120)
    dead = load.dead()
    need(set(dead) == load.of("dead"), load.wrong(set(dead) ^ load.of("dead"), "given up, or not, against its code"))
    need(all(n == 1 for n in dead.values()), f"more than the one contact was given up: {dead}")
    need(set(differing(site.verdict())) == load.of("dead"), "a contact that was refused is there")
    need(not site.exchange.get("duplicates")["duplicates"], "doubled contacts")
    most = site.stats()["max_creates_per_key"]
    need(most <= 1, f"a contact was created {most} times")


def stops(name, what, fault, said=None):
    """Each of these ends all work for the account at once, says so, and loses nothing."""
    said = said or what
    with Site(f"stops {name}", kafka=False, people=120, users=6, settings={"batch.start": 10}) as site:
        site.exchange.post("faults", {"op": "CreateItem", "nth": 2, "times": 0, **fault})
        first = site.up().ready()
        site.plan()
        until(f"{what}: the account is stopped", lambda: first.metric("contact_sync_account_stopped") == 1, 30)
        until("no request is out", lambda: site.stats()["in_flight"] == 0, 10)
        hits = sum(site.stats()["faults"].values())
        need(hits <= 6, f"{what}: {hits} requests ran into it")
        need(said in first.text(), f"{what}: the log does not say why")
        need(site.sql("SELECT count(*) FROM link WHERE dead_for IS NOT NULL") == "0", f"{what}: contacts were given up")
        first.stopwatch_stop()
        site.exchange.delete("faults")
        site.cs("resume")
        site.sql("UPDATE mailbox SET parked_until = NULL")
        site.up().ready()
        site.exact()


def codes_that_stop_the_account():
    """A code that concerns the service account: all its work ends, the log names it, then all is made good"""
    for code in STOP:
        stops(code, code, {"fault": "soap_fault", "code": code})
    return f"{len(STOP)} codes"


def statuses_that_stop_the_account():
    """A status that concerns the service account or the URL: all its work ends, the log names it, then all is made good"""
    with Elsewhere() as elsewhere:
        for i, status in enumerate(STATUS_STOP):
            code = f"http.{status if isinstance(status, int) else status[0]}"
            stops(f"status {i}", code, elsewhere.fault(status), said="auth.refused" if status == 401 else None)
    return f"{len(STATUS_STOP)} statuses"


# The field that each code refuses: a path as Exchange names it, the name that the status shows, the name in the simulator's contacts.
REFUSED = {
    "ErrorItemSavePropertyError": ("contacts:JobTitle", "jobTitle", "JobTitle"),
    "ErrorPropertyUpdate": ("contacts:PhoneNumber:MobilePhone", "phoneMobile", "MobilePhone"),
    "ErrorDataSizeLimitExceeded": ("contacts:CompanyName", "company", "CompanyName"),
    "ErrorPropertyValidationFailure": ("contacts:Birthday", "birthday", "Birthday"),
    "ErrorInvalidValueForProperty": ("contacts:PhoneNumber:HomePhone", "phoneHome", "HomePhone"),
    "ErrorInvalidContactEmailAddress": ("contacts:EmailAddress:EmailAddress1", "email", "EmailAddress1"),
}


def fields_that_are_refused():
    """A field that Exchange does not take is left out and said, the rest of the contact is there; a change brings it back"""
    with Site("fields", kafka=False, people=300, users=12) as site:
        boxes = sorted((a for a, c in site.expected().items() if c), key=lambda a: -len(site.expected()[a]))
        given = dict(zip(boxes, REFUSED.items()))
        for address, (code, (path, _, _)) in given.items():
            site.exchange.post("faults", {"fault": "item_error", "op": "CreateItem", "mailbox": address, "times": 0, "code": code, "field": path})
        site.up().ready()
        site.plan()
        until("the rows rest", lambda: site.rows_rest() and int(site.sql("SELECT count(*) FROM link WHERE have IS NOT NULL")), 60)
        verdict = site.verdict()
        need(verdict["missing"] == verdict["extra"] == verdict["doubled"] == 0, brief(verdict))
        need(site.sql("SELECT count(*) FROM link WHERE dead_for IS NOT NULL") == "0", "contacts were given up")
        said = {(x["mailbox"], x["fields"]): x["contacts"] for x in site.status()["left_out"]}
        want = {(address, name): sum(1 for c in site.expected()[address] if c.get(key))
                for address, (_, (_, name, key)) in given.items()}
        need(said == {k: n for k, n in want.items() if n}, f"left out {said}, should be {want}")
        need(verdict["different"] == sum(said.values()) > 0, f"{verdict['different']} differ, {sum(said.values())} are told")
        need("left out: " in site.cs("status"), "the status does not say it to people")
        journal = set(site.sql("SELECT DISTINCT code FROM journal WHERE outcome = 'done' AND code <> ''").split())
        need(journal == {f"ews.{code}" for (address, (code, (_, name, _))) in given.items() if want[address, name]}, f"the journal says {journal}")
        site.exchange.delete("faults")
        site.rock.post("demo-changes", {})
        site.plan()
        until("the rows rest again", site.rows_rest, 60)
        left = sum(x["contacts"] for x in site.status()["left_out"])
        verdict = site.verdict()
        need(left < sum(said.values()), "no change brought a field back")
        need(verdict["different"] == left and verdict["missing"] == verdict["extra"] == 0, f"{left} left out, {brief(verdict)}")
        return f"{sum(said.values())} fields left out, {left} after a few changes"


def refused_twice():
    """What is refused for the moment is tried once more at once; refused again, the one contact is given up"""
    with Site("twice", kafka=False, people=300, users=20, settings={"batch.start": 1}) as site:
        boxes = [a for a, c in sorted(site.expected().items()) if c][:2 * len(ONCE_MORE)]
        for i, address in enumerate(boxes):
            site.exchange.post("faults", {"fault": "item_error", "op": "CreateItem", "mailbox": address, "times": 1 + i % 2,
                                          "code": ONCE_MORE[i // 2], "item": 1, "every": 0})
        site.up().ready()
        site.plan()
        twice = {a for i, a in enumerate(boxes) if i % 2}
        until("all but the refused contacts are there", lambda: differing(site.verdict()) == twice, 60)
        dead = site.sql("SELECT address, dead_code FROM link l JOIN mailbox m ON m.id = l.mailbox WHERE dead_for IS NOT NULL").split()
        need(sorted(dead) == sorted(f"{a}|ews.{ONCE_MORE[i // 2]}" for i, a in enumerate(boxes) if i % 2), f"given up: {dead}")
        need(not site.exchange.get("duplicates")["duplicates"], "doubled contacts")


def denied_for_all():
    """Impersonation denied, or each request called malformed: for one mailbox that one rests; for all the account stops and it is said"""
    denied("denied", "ews.ErrorImpersonateUserDenied", {"fault": "soap_fault", "code": "ErrorImpersonateUserDenied", "times": 0})
    denied("malformed", "http.400", {"fault": "http_status", "status": 400, "times": 0})


def denied(name, code, refusal):
    with Site(name, kafka=False, people=120, users=8) as site:
        one = sorted(a for a, c in site.expected().items() if c)[0]
        site.exchange.post("faults", {**refusal, "mailbox": one})
        program = site.up().ready()
        site.plan()
        until("the others are filled", lambda: differing(site.verdict()) == {one}, 60)
        need(program.metric("contact_sync_account_stopped") == 0, "one mailbox stopped the account")
        need(site.sql(f"SELECT parked_why FROM mailbox WHERE address = '{one}'") == code, "it does not rest")
        site.exchange.delete("faults")
        site.exchange.post("faults", refusal)
        site.rock.post("demo-changes", {})
        site.sql("UPDATE mailbox SET parked_until = NULL, want_digest = NULL, verified = 0")
        site.sql("UPDATE link SET have = NULL, have_content = NULL, item_id = NULL WHERE have IS NOT NULL")
        site.plan()
        until("the account is stopped", lambda: program.metric("contact_sync_account_stopped") == 1, 30)
        need("Exchange account stopped" in program.text() and code in program.text(), "the log does not say why")
        need(site.sql("SELECT count(*) FROM link WHERE dead_for IS NOT NULL") == "0", "contacts were given up")
        program.stopwatch_stop()
        site.exchange.delete("faults")
        site.sql("UPDATE mailbox SET parked_until = NULL")
        site.up().ready()
        site.exact()


if __name__ == "__main__":
    main([fields_that_are_refused, refused_twice, denied_for_all, codes_of_one_item, codes_of_a_request, statuses, codes_that_stop_the_account, statuses_that_stop_the_account], at_once=3)

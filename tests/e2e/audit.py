#!/usr/bin/env python3
"""`contact-sync audit` finds what was done to the mailboxes behind our back, and has it mended. `contact-sync up` on PostgreSQL."""
import json

from lib_program import need, until
from lib_run import main
from lib_site import Site


class Audited:
    """A site after its first load, at rest."""

    def __init__(self, site):
        self.site = site
        site.up().ready()
        site.plan()
        site.exact()
        # two mailboxes with some contacts, and a key in each
        boxes = sorted((a for a, c in site.expected().items() if len(c) >= 6))
        need(len(boxes) >= 2, "the church has too few mailboxes")
        self.one, self.other = boxes[0], boxes[1]

    def keys(self, address):
        return sorted(i["key"] for i in self.site.mailbox(address)["items"] if i.get("key"))

    def act(self, address, **action):
        self.site.exchange.post(f"mailboxes/{address}/actions", action)

    def audit(self, *arguments):
        done = self.site.tool("audit", "--json", *arguments)
        need(done.stdout.startswith("{"), f"no JSON: {done.stdout[:200]} {done.stderr[-300:]}")
        return done.returncode, {b["address"]: b for b in json.loads(done.stdout)["mailboxes"]}

    def kinds(self, address, *arguments):
        code, boxes = self.audit("--user", address, *arguments)
        return code, sorted(f["kind"] for f in boxes[address]["findings"])


def all_is_as_it_should_be():
    """After a load every contact is intact; users' own contacts and edits of ours do not count; nothing is written"""
    with Site("audit", kafka=False, people=200, users=6) as site:
        a = Audited(site)
        a.act(a.one, action="edit", select={"key": a.keys(a.one)[0]}, JobTitle="Baker")
        before = site.checksum()
        code, boxes = a.audit()
        need(code == 0, f"exit {code}: {boxes}")
        need(not any(b["findings"] for b in boxes.values()), f"{boxes}")
        found = sum(b["intact"] for b in boxes.values())
        need(found == sum(len(c) for c in site.expected().values()), f"{found} intact")
        need(site.checksum() == before, "an audit changed a mailbox")
        text = site.cs("audit")
        need(f"{found} contacts intact" in text, text)
        return f"{found} contacts in {len(boxes)} mailboxes"


def each_finding_is_named_and_mended():
    """Gone for good, thrown away, an old content, a copy: each is named in its mailbox alone; --repair mends all but what is thrown away"""
    with Site("findings", kafka=False, people=200, users=6, settings={"on_user_delete": "recreate"}) as site:
        a = Audited(site)
        keys = a.keys(a.one)
        a.act(a.one, action="delete", select={"key": keys[0]}, type="HardDelete")
        a.act(a.one, action="copy", select={"key": keys[1]}, to="contacts")
        other = a.keys(a.other)
        site.sql("UPDATE link l SET have = sha256('x'), want = sha256('x') FROM person p, mailbox m WHERE p.id = l.person AND"
                 f" m.id = l.mailbox AND m.address = '{a.other}' AND p.key = '{other[0]}'")
        code, kinds = a.kinds(a.one)
        need(code == 1 and kinds == ["doubled", "missing"], f"exit {code}: {kinds}")
        code, kinds = a.kinds(a.other)
        need(code == 1 and kinds == ["stale"], f"exit {code}: {kinds}")
        site.sql("UPDATE mailbox SET want_digest = NULL")
        code, kinds = a.kinds(a.one, "--repair")
        need(code == 0, f"exit {code} of a repair")
        a.kinds(a.other, "--repair")
        site.run()
        until("the audit finds nothing any more", lambda: a.audit()[0] == 0, 60)
        site.exact(doubled_creates=True, overlap=True)
        need(site.stats()["max_creates_per_key"] == 2, "the contact that was gone was not made again")


def what_cannot_be_read_is_said():
    """A mailbox that is refused: named with the reason, the others are audited; an unknown user: one line"""
    with Site("unread", kafka=False, people=200, users=6) as site:
        a = Audited(site)
        site.exchange.post(f"mailboxes/{a.one}", {"refuse": "ErrorAccountDisabled"})
        code, boxes = a.audit()
        need(code == 1, "exit 0 although one was not read")
        need("ErrorAccountDisabled" in boxes[a.one]["error"], boxes[a.one])
        need(boxes[a.other]["error"] is None and boxes[a.other]["intact"] > 0, boxes[a.other])
        done = site.tool("audit", "--user", "nobody@church.example")
        need(done.returncode == 1 and "nobody@church.example" in done.stderr, done.stderr)


if __name__ == "__main__":
    main([all_is_as_it_should_be, each_finding_is_named_and_mended, what_cannot_be_read_is_said], at_once=3)

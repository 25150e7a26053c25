#!/usr/bin/env python3
"""A Rock that fails: the run fails whole with one plain line, every mailbox stays as it was, nothing is planned."""
import re

from lib_program import need
from lib_run import main
from lib_site import REST_KEY, Site

# kind, endpoint, further members. All of them make a snapshot impossible.
BROKEN = [
    ("truncated", "People", {}),
    ("partial", "People", {}),
    ("cut", "People", {}),
    ("wrong_types", "People", {}),
    ("null_id", "People", {}),
    ("null_list", "People", {}),
    ("huge_field", "People", {}),
    ("html", "People", {}),
    ("error", "People", {}),
    ("unauthorised", "People", {}),
    ("busy", "People", {"ms": 1000}),
    ("cold", "People", {}),
    ("close", "People", {}),
    ("reset", "People", {}),
    ("empty", "People", {}),
    ("partial", "GroupMembers", {}),
    ("truncated", "GroupMembers", {}),
    ("wrong_types", "Groups", {}),
    ("empty", "GroupMembers", {}),
    ("html", "Followings", {}),
    ("truncated", "PersonAlias", {}),
    ("partial", "PhoneNumbers", {}),
    ("empty", "DefinedValues", {}),
    ("unknown_enum", "GroupMembers", {}),
]


def failed_run(site):
    """A run that must fail; returns its one line."""
    done = site.tool("run", "--wait", "--quiet")
    lines = done.stderr.strip().splitlines()
    need(done.returncode == 1, f"the run ended with code {done.returncode}: {done.stdout.strip()[-300:]}")
    need(len(lines) == 1, f"{len(lines)} lines: {done.stderr.strip()[:500]}")
    need(REST_KEY not in done.stderr, "the REST key stands in the message")
    return lines[0]


def changed_church(site):
    """A loaded site in whose Rock something has changed that must not arrive."""
    site.up(rock__retry_for="300ms", rock__page="50").ready()
    site.run()
    site.exact()
    need(len(site.rock.post("demo-changes", {})["changes"]) == 5, "Rock did not change")
    return site.checksum(), site.row_checksum()


def check_untouched(site, before, what):
    need(site.checksum() == before[0], f"{what}: a mailbox has changed")
    need(site.row_checksum() == before[1], f"{what}: rows have changed")


def one_by_one():
    """Every way of answering half, wrong or not at all: failed whole, nothing planned; then a good run is exact"""
    with Site("broken Rock", kafka=False, people=250, users=6) as site:
        before = changed_church(site)
        reached = 0
        for kind, endpoint, members in BROKEN:
            what = f"{kind} from {endpoint}"
            site.rock.delete("faults")
            site.rock_fault(kind, endpoint=endpoint, times=0, **members)
            if not endpoint_used(site, endpoint):
                continue
            line = failed_run(site)
            reached += 1
            need(re.search(r"/api/\w+|Rock", line), f"{what}: the line names no place: {line}")
            need(len(line) < 700, f"{what}: a line of {len(line)} characters")
            check_untouched(site, before, what)
            print(f"        {what}: {line}")
        site.rock.delete("faults")
        site.run()
        site.exact()
        return f"{reached} ways"


def endpoint_used(site, endpoint):
    """Does a snapshot read it at all?"""
    return endpoint in site.rock.get("stats")["by_endpoint"]


def half_and_then_fails():
    """A Rock that answers half of its pages and then fails: as it was"""
    with Site("half", kafka=False, people=250, users=6) as site:
        before = changed_church(site)
        site.rock.delete("stats")
        requests = site.rock.get("stats")["requests"]
        need(requests == 0, "the simulator still counts")
        site.cs("run", "--dry-run")
        whole = site.rock.get("stats")["requests"]
        need(whole > 4, f"a snapshot takes {whole} requests only")
        site.rock_fault("error", nth=whole // 2, times=0)
        line = failed_run(site)
        check_untouched(site, before, "half")
        need("/api/" in line, f"the line names no URL: {line}")
        return line[:160]


def nobody_eligible():
    """An eligible group that lost all its members, or vanished, fails the run: nothing is planned"""
    with Site("vanished", kafka=False, people=250, users=6) as site:
        before = changed_church(site)
        site.change("group_state", group=site.rock.get("church")["eligible_group"], active=False)
        line = failed_run(site)
        check_untouched(site, before, "inactive eligible group")
        return line[:160]


def missing_right():
    """A right that was taken from the REST key fails the run and is named"""
    with Site("right", kafka=False, people=250, users=6) as site:
        before = changed_church(site)
        site.rock.post("settings", {"deny": ["GroupMembers"]})
        line = failed_run(site)
        need("GroupMembers" in line, f"the line does not name the controller: {line}")
        check_untouched(site, before, "missing right")
        site.rock.post("settings", {"allow": ["GroupMembers"], "token": "another-key"})
        line = failed_run(site)
        check_untouched(site, before, "refused key")
        return line[:160]


def odd_names():
    """Names with emoji, right-to-left marks, control characters and 300 characters arrive as the model says"""
    with Site("odd names", kafka=False, people=250, users=6) as site:
        site.up().ready()
        site.run()
        people = sorted({c["key"] for box in site.expected().values() for c in box if "GivenName" in c})
        odd = ["\U0001f46a\U0001f3fd\u200d", "\u202eevil\u202c \u05d3\u05d5\u05d3", "tab\there\x01\x1b[31m", "x" * 300,
               "\u00e9" * 260, "a & b < c > \"d\" ]]>", "\ufffe\uffff", "   ", "e\u0301\u0323"]
        for key, name in zip(people, odd):
            site.change("text", person=key, field="NickName", value=name)
            site.change("text", person=key, field="LastName", value=name or "x")
        site.run()
        site.exact()
        return f"{len(odd)} names"


if __name__ == "__main__":
    main([one_by_one, half_and_then_fails, nobody_eligible, missing_right, odd_names], at_once=3)

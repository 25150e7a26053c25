#!/usr/bin/env python3
"""Enable Trace: the latest connection attempt in a file, for an administrator. `contact-sync up` on PostgreSQL."""
import stat

from lib_program import need, until
from lib_run import main
from lib_site import PASSWORD, Site


def the_latest_attempt():
    """After a load the file tells of one attempt: mailbox, URL, code, structure; no secret and nothing of any contact; so does the row"""
    with Site("trace", kafka=False, people=150, users=4, settings={"trace": "true"}) as site:
        folder = site.folder / "trace"
        folder.mkdir()
        site.write_settings(**{"trace.folder": str(folder)})
        site.up().ready()
        site.plan()
        site.exact()
        path = folder / "ExchangeContactSync.txt"
        until("the trace is written", lambda: path.exists() and "HTTP 200" in path.read_text(), 10)
        text = path.read_text()
        need(stat.S_IMODE(path.stat().st_mode) == 0o640, oct(path.stat().st_mode))
        need([p.name for p in folder.iterdir()] == [path.name], "something else lies beside it")
        for word in ("@church.example", "EWS/Exchange.asmx", "HTTP 200", "<m:ResponseCode>NoError", "exchange.url is set"):
            need(word in text, f"{word} is not in the trace:\n{text}")
        names = {c[field] for contacts in site.expected().values() for c in contacts
                 for field in ("Surname", "MobilePhone", "EmailAddress1", "FileAs") if c.get(field)}
        users = {a.lower() for a in site.expected()}  # whose mailbox it is may be told
        shown = [n for n in names if len(n) > 4 and n in text and n.lower() not in users]
        need(not shown, f"of a contact: {shown[:3]}")
        need(PASSWORD not in text and "Authorization" not in text, "a secret stands in the trace")
        need(site.sql("SELECT body LIKE '%latest connection attempt%' FROM trace") == "t", "no copy in the database")
        return f"{len(text)} bytes, {len(names)} names and numbers looked for"


def an_attempt_that_fails():
    """Exchange away: the file says why, in words"""
    with Site("trace of a failure", kafka=False, people=60, users=3, settings={"trace": "true"}) as site:
        site.write_settings(**{"trace.folder": str(site.folder), "exchange.url": "http://127.0.0.1:9/EWS/Exchange.asmx"})
        site.up().ready()
        site.plan()
        path = site.folder / "ExchangeContactSync.txt"
        until("the trace says why", lambda: path.exists() and "curl.7" in path.read_text(), 20)


def a_folder_that_is_not_there():
    """One line, what and where, exit 78"""
    with Site("no folder", kafka=False, people=60, users=3, settings={"trace": "true", "trace.folder": "/nowhere/at/all"}) as site:
        done = site.tool("up")
        need(done.returncode == 78 and "trace.folder" in done.stderr, f"{done.returncode}: {done.stderr}")


if __name__ == "__main__":
    main([the_latest_attempt, an_attempt_that_fails, a_folder_that_is_not_there], at_once=3)

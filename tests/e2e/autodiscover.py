#!/usr/bin/env python3
"""Exchange found from the users' addresses: over https, cached, found again when it moved, refused when it leads astray."""
import contextlib
import pathlib
import subprocess
import sys
import urllib.parse

from lib_program import BUILD, need, until
from lib_run import Skip, main
from lib_site import PASSWORD, ROOT, Control, Site, brief
from lib_tls import Authority, Front

NAMES = ("church.example", "autodiscover.church.example", "mail.church.example", "new.church.example",
         "mail.partner.example")
MAIL, NEW = (f"https://{host}.church.example/EWS/Exchange.asmx" for host in ("mail", "new"))


@contextlib.contextmanager
def church(name, autodiscover=None, **settings):
    """A site whose Exchange is https://*.church.example, and nothing in the settings says where."""
    with Site(name, kafka=False, people=250, users=6) as site:
        cert, key = Authority(site.folder).issue(*NAMES)
        port = urllib.parse.urlsplit(site.exchange.url).port
        with Front(cert, key, port) as front:
            site.front = front
            to = [f"{n}:443:127.0.0.1:{front.port}" for n in NAMES] + [f"{n}:80:127.0.0.1:{port}" for n in NAMES]
            site.exchange.post("autodiscover", {"hosts": ["autodiscover.church.example"], "external": MAIL,
                                                **(autodiscover or {})})
            site.write_settings(**{
                "exchange__url": None, "exchange__allow_http": "false", "exchange__ca_file": site.folder / "ca.pem",
                "exchange__connect_to": ",".join(to), "exchange__allow_addresses": "127.0.0.1",
                "exchange__dns_servers": "127.0.0.1:1", "exchange__autodiscover_deadline": "20s", **settings})
            yield site


def seen(site):
    return site.exchange.get("autodiscover")


def filled(site):
    return int(site.sql("SELECT count(*) FROM mailbox"))


def urls(site):
    return set(site.sql("SELECT DISTINCT url FROM endpoint WHERE url IS NOT NULL").split())


def from_the_address():
    """A load whose Exchange is found from the users' addresses; the search is made once, the password goes to it alone"""
    with church("autodiscover") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        found = seen(site)
        need(urls(site) == {MAIL}, f"found {urls(site)}")
        need(found["found"] == filled(site), f"{found['found']} answers for {filled(site)} mailboxes")
        need(found["hosts"].get("church.example", 0) == 2, f"the domain itself was asked more than once: {found['hosts']}")
        need(found["invalid"] == found["get"] == 0, f"{found}")
        need(set(found["signed"]) == {"autodiscover.church.example"}, f"the password went to {found['signed']}")
        need(site.sql("SELECT url FROM autodiscover_site") ==
             "https://autodiscover.church.example/autodiscover/autodiscover.svc", "the site is not known")
        need(site.front.names.get("mail.church.example"), f"nobody came to mail.church.example: {site.front.names}")
        need("Exchange found by Autodiscover" in program.text(), "the log does not say so")
        return f"{found['soap']} questions for {filled(site)} mailboxes"


def cached_across_a_restart():
    """After a restart nobody is asked again"""
    with church("cached") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        program.stopwatch_stop()
        site.exchange.delete("autodiscover")
        site.rock.post("demo-changes", {})
        site.up().ready()
        site.run()
        site.exact()
        need(not seen(site)["hosts"], f"asked again: {seen(site)['hosts']}")


def moved():
    """A mailbox server that is gone: its users' server is found again and the work goes on"""
    with church("moved", exchange__autodiscover_refresh_after="200ms") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        site.exchange.delete("autodiscover")
        site.exchange.post("autodiscover", {"external": NEW, "gone": ["mail.church.example"]})
        site.rock.post("demo-changes", {})
        site.plan()
        until("it is found at its new place", lambda: NEW in urls(site), 60)
        site.exact(60)
        need(seen(site)["ews_gone"] > 0 and site.front.names.get("new.church.example"), f"{seen(site)}")
        need(program.metric("contact_sync_account_stopped") == 0, "one server's absence stopped the account")
        return f"{seen(site)['ews_gone']} requests to the old one"


def a_search_that_fails_changes_nothing():
    """An old address is looked for again; when nobody answers it stays in use"""
    with church("refresh fails", exchange__autodiscover_max_age="1s", exchange__autodiscover_refresh_after="1s") as site:
        program = site.up().ready()
        site.run()
        site.exact()
        program.stopwatch_stop()
        site.exchange.post("autodiscover", {"hosts": []})
        site.sql("UPDATE endpoint SET found_at = found_at - interval '1 hour'")
        site.rock.post("demo-changes", {})
        site.up().ready()
        site.run()
        site.exact()
        until("the search that failed is in the row",
              lambda: site.sql("SELECT count(*) FROM endpoint WHERE failed_code = 'autodiscover.not_found'") != "0", 30)
        need(urls(site) == {MAIL}, f"{urls(site)}")


def every_way():
    """Loads by POX alone, by each kind of redirect, by plain http's redirect, by a fixed address, by a busy server"""
    svc = "https://autodiscover.church.example/autodiscover/autodiscover.svc"
    ways = {
        "POX": ({"rules": [{"protocol": "soap", "do": "status", "status": 404}]}, {}),
        "fault": ({"rules": [{"protocol": "soap", "do": "fault"}]}, {}),
        "302": ({"hosts": None, "rules": [{"host": "church.example", "do": "redirect", "target": svc}]}, {}),
        "url": ({"hosts": None, "rules": [{"host": "church.example", "do": "redirect_url", "target": svc}]}, {}),
        "http": ({"hosts": ["mail.church.example", "autodiscover.church.example"],
                  "rules": [{"host": "autodiscover.church.example", "do": "html"}],
                  "get": "https://mail.church.example/autodiscover/autodiscover.xml"}, {}),
        "fixed": ({"hosts": ["mail.church.example"]},
                  {"exchange__autodiscover_url": "https://mail.church.example/autodiscover/"}),
        "pasted": ({"hosts": []}, {"exchange__autodiscover_url": MAIL}),
        "busy": ({"rules": [{"do": "busy", "times": 1}]}, {}),
        "partner": ({"external": "https://mail.partner.example/EWS/Exchange.asmx"},
                    {"exchange__autodiscover_hosts": "mail.partner.example"}),
    }
    for name, (autodiscover, settings) in ways.items():
        with church(f"way {name}", autodiscover, **settings) as site:
            site.up().ready()
            site.run(timeout=60)
            site.exact()
            need(seen(site)["invalid"] == 0, f"{name}: {seen(site)}")
    return f"{len(ways)} ways"


def address_redirect():
    """A redirect to another address is followed inside the domain, and its mailbox is the user's own"""
    with church("address") as site:
        some = sorted(a for a, c in site.expected().items() if c)[0]
        other = "alias." + some
        site.exchange.post("autodiscover", {"rules": [{"address": some, "do": "redirect_address", "target": other}]})
        site.up().ready()
        site.run()
        site.exact()
        need(int(site.sql("SELECT count(*) FROM endpoint WHERE url IS NOT NULL")) == filled(site), "not all were found")


def led_astray():
    """A server elsewhere gets no connection and no password; the reason is said; the list lets it in"""
    with church("astray", {"external": "https://mail.partner.example/EWS/Exchange.asmx"}) as site:
        program = site.up().ready()
        site.plan()
        until("the mailboxes rest with the reason", lambda: all(
            "autodiscover.host" in (b["parked"] or "") for b in site.status()["mailboxes"] if b["wanted"]), 30)
        need("mail.partner.example" in program.text() and "autodiscover_hosts" in program.text(), "the log does not help")
        need("mail.partner.example" not in site.front.names, "it was spoken to")
        need(site.stats()["created"] == 0, "something was written")
        need(program.metric("contact_sync_account_stopped") == 0, "the account was stopped")
        program.stopwatch_stop()
        site.write_settings(exchange__autodiscover_hosts="mail.partner.example")
        site.sql("UPDATE mailbox SET parked_until = now()")
        site.up().ready()
        site.exact()


def wrong_password():
    """A wrong password is sent twice in all, whatever the number of mailboxes"""
    with church("password") as site:
        site.exchange.post("settings", {"login": False})
        program = site.up().ready()
        site.plan()
        until("the refusal is said", lambda: "auth.refused" in program.text(), 40)
        refused = sum(seen(site)["signed"].values())
        need(1 <= refused <= 2, f"{refused} logins with a wrong password")
        need(site.stats()["created"] == 0, "something was written")
        return f"{refused} refusals"


def independent_client():
    """exchangelib finds the same Exchange with its own Autodiscover"""
    python = ROOT / "build/venv/bin/python"
    if not python.exists():
        raise Skip("no exchangelib (build/venv)")
    with church("exchangelib", {"hosts": None}) as site:
        done = subprocess.run(
            [str(python), str(pathlib.Path(__file__).with_name("exchangelib_autodiscover.py")), "--port",
             str(site.front.port), "--ca", str(site.folder / "ca.pem"), "--mailbox", "pat@church.example", "--user",
             "svc-sync", "--password-file", str(site.folder / "exchange.password"), "--want", MAIL],
            capture_output=True, text=True, timeout=60, check=False)
        need(done.returncode == 0, done.stderr.strip()[-1500:])
        need(seen(site)["invalid"] == 0, f"{seen(site)}")
        return done.stdout.strip()


def a_second_server(site, cert, key):
    """Another Exchange, behind new.church.example."""
    port_file = site.folder / "second.port"
    program = site.start("second", [
        BUILD / "sim-exchange", "--any-mailbox", "church.example", "--latency-ms", 10, "--user", "svc-sync", "--password", PASSWORD,
        "--port-file", port_file])

    def port():
        need(program.alive(), f"the second server ended: {program.tail()}")
        return port_file.exists() and port_file.read_text().strip()

    control = Control(f"http://127.0.0.1:{until('the second server listens', port)}")
    return control, Front(cert, key, int(port_file.read_text()))


def one_of_two_down():
    """Mailboxes on two servers, one of them down: its own mailboxes wait, the others' load and changes go on; back again, nothing is lost"""
    with church("two servers", exchange__autodiscover_refresh_after="1h") as site:
        (site.folder / "second").mkdir()
        cert, key = Authority(site.folder / "second").issue(*NAMES)
        second, front = a_second_server(site, cert, key)
        boxes = sorted(site.expected())
        away, here = set(boxes[::2]), set(boxes[1::2])
        with front:
            both = site.folder / "both.pem"
            both.write_text((site.folder / "ca.pem").read_text() + (site.folder / "second/ca.pem").read_text())
            to = site.asked["exchange.connect_to"].replace(f"new.church.example:443:127.0.0.1:{site.front.port}",
                                                           f"new.church.example:443:127.0.0.1:{front.port}")
            site.write_settings(exchange__connect_to=to, exchange__ca_file=both)
            site.exchange.post("autodiscover", {"mailboxes": {a: NEW for a in away}})

            def wrong(control, mine):
                expected = {"mailboxes": {a: c for a, c in site.expected().items() if a in mine}}
                verdict = control.post("compare", {**site.rock.get("expected"), **expected, "only_listed": True})
                return [] if verdict["ok"] else [brief(verdict)]

            second.post("faults", {"fault": "http_503", "times": 0})
            program = site.up().ready()
            site.plan()
            until("the mailboxes of the server that is up are filled", lambda: not wrong(site.exchange, here), 40)
            until("the other one rests", lambda: program.metric("contact_sync_breaker_open", 'server="new.church.example"') == 1, 20)
            need(program.metric("contact_sync_breaker_open", 'server="mail.church.example"') == 0, "the good server rests too")
            need(second.get("stats")["created"] == 0, "something was written to the server that is down")
            asked = sum(second.get("stats")["faults"].values())
            site.rock.post("demo-changes", {})
            site.plan()
            until("changes go on", lambda: not wrong(site.exchange, here), 40)
            need(program.metric("contact_sync_account_stopped") == 0, "one server's absence stopped the account")
            need(program.metric("contact_sync_autodiscover_searches_total", 'event="found"') >= len(boxes), "searches are not counted")
            tries = sum(second.get("stats")["faults"].values()) - asked
            second.delete("faults")
            site.sql("UPDATE mailbox SET parked_until = NULL")
            until("the other half is filled", lambda: not wrong(second, away), 90)
            until("the rows say so", site.rows_rest, 30)
            for control in (site.exchange, second):
                need(not control.get("duplicates")["duplicates"], "doubled contacts")
                need(control.get("stats")["max_creates_per_key"] <= 1, "a contact was created twice")
            return f"{asked} requests, {tries} more while it was down"


if __name__ == "__main__":
    sys.exit(main([from_the_address, cached_across_a_restart, moved, a_search_that_fails_changes_nothing, every_way,
                   address_redirect, led_astray, wrong_password, one_of_two_down, independent_client], at_once=2))

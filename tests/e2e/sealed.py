#!/usr/bin/env python3
"""The Exchange password through the database: sealed for workers, bound to what it is for, taken while they run."""
import subprocess

from lib_program import BUILD, environment, need, until
from lib_run import main
from lib_site import PASSWORD, Site

SECOND = "changed-meanwhile"


def give(site, password, want=0):
    done = subprocess.run([str(BUILD / "contact-sync"), "secret", "set", "exchange.password", "--config", str(site.config)],
                          input=password + "\n", capture_output=True, text=True, timeout=30, env=environment(), check=False)
    need(done.returncode == want, f"secret set: {done.returncode} {done.stderr}")
    return done.stderr


def with_keys(site):
    """The settings of a site whose password is nowhere but in the database."""
    said = site.cs("secret", "keys", site.folder / "worker.key")
    keys = dict(line.split(" = ", 1) for line in said.splitlines() if " = " in line)
    need((site.folder / "worker.key").stat().st_mode & 0o777 == 0o600, "the private key can be read by others")
    again = site.tool("secret", "keys", site.folder / "worker.key")
    need(again.returncode == 78 and "not overwritten" in again.stderr, f"overwritten: {again.stderr}")
    site.write_settings(exchange__password_file=None, **{k.replace(".", "__"): v for k, v in keys.items()})
    return keys


def given_and_taken():
    """A sealed password works, the row does not show it; a wrong one stops the account, the right one starts it again"""
    with Site("sealed", kafka=False, people=200, users=6) as site:
        with_keys(site)
        bare = site.up()
        need(bare.wait() == 78 and "contact-sync secret set exchange.password" in bare.text(), f"without: {bare.tail()}")
        give(site, PASSWORD)
        dump = bytes.fromhex(site.sql("SELECT encode(box, 'hex') FROM sealed_secret"))
        need(PASSWORD.encode() not in dump and b"svc-sync" not in dump, "the row can be read")
        need("exchange.password" in site.cs("secret", "list"), "not listed")
        program = site.up().ready()
        site.run()
        site.exact()
        site.exchange.post("auth", {"password": SECOND, "forget_logins": True})
        site.rock.post("demo-changes", {})
        site.plan()
        until("the account is stopped", lambda: program.metric("contact_sync_account_stopped") == 1, 30)
        give(site, SECOND)
        until("the new password is taken", lambda: program.metric("contact_sync_account_stopped") == 0, 30)
        site.exact(60)
        need(PASSWORD not in program.text() and SECOND not in program.text(), "a password is in the log")


def bound():
    """Another server, another account, another key: refused with a line that says what to do"""
    with Site("sealed for", kafka=False, people=150, users=5) as site:
        with_keys(site)
        give(site, PASSWORD)
        for change, word in (({"exchange.url": "http://127.0.0.1:9/EWS/Exchange.asmx"}, "exchange.url"),
                             ({"exchange.user": "somebody-else"}, "exchange.user"),
                             ({"exchange.domain": "ELSEWHERE"}, "exchange.domain")):
            program = site.up(**{k.replace(".", "__"): v for k, v in change.items()})
            need(program.wait() != 0 and f"given for another {word}" in program.text().replace("server (", ""),
                 f"{change}: {program.tail()}")
        site.cs("secret", "keys", site.folder / "other.key")
        program = site.up(secrets__private_key_file=site.folder / "other.key")
        need(program.wait() != 0 and "sealed for another key" in program.text(), f"another key: {program.tail()}")
        need("one line" in give(site, "", want=78), "an empty password is taken")
        need("removed" in site.cs("secret", "remove", "exchange.password"), "not removed")
        need("none is given" in site.cs("secret", "list"), "still there")


if __name__ == "__main__":
    main([given_and_taken, bound], at_once=2)

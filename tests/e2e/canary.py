#!/usr/bin/env python3
"""Secrets that can be recognised go through the product in every way that something can go wrong; then they are looked for in
everything that it has said, written and left behind."""
import base64
import pathlib
import re
import signal
import subprocess

from lib_program import BUILD, need, until
from lib_run import Skip, main
from lib_site import REST_KEY, Site

PASSWORD = "canary-Pa55-7f3a91c2"  # long enough to be nobody's accident, without characters that something may escape
FAULTS = [
    {"fault": "http_status", "status": 400}, {"fault": "http_status", "status": 401}, {"fault": "http_503"},
    {"fault": "http_502"}, {"fault": "html_200"}, {"fault": "truncated_xml"}, {"fault": "truncated_body"}, {"fault": "dtd"},
    {"fault": "entity_bomb"}, {"fault": "bad_charref"}, {"fault": "wrong_count"}, {"fault": "half_batch"},
    {"fault": "drop_after_save"}, {"fault": "reset_before_save"}, {"fault": "soap_fault", "code": "ErrorSchemaValidation"},
    {"fault": "soap_fault", "code": "ErrorSomethingNew"}, {"fault": "server_busy"},
    {"fault": "item_error", "code": "ErrorItemSavePropertyError"},
    {"fault": "item_error", "code": "ErrorInvalidExtendedPropertyValue"},
]


class Said:
    """All that a program and the operator's tool have said, by the place where it was said."""

    def __init__(self, site):
        self.site, self.texts = site, {}

    def add(self, where, text):
        self.texts[where] = self.texts.get(where, "") + text

    def pages(self, program):
        for page in ("/metrics", "/debug/state", "/livez"):
            self.add(page, program.page(page))
        try:
            self.add("/readyz", program.page("/readyz"))
        except OSError as e:
            self.add("/readyz", str(e))

    def tool(self, *arguments):
        done = self.site.tool(*arguments)
        self.add(f"contact-sync {arguments[0]}", done.stdout + done.stderr)

    def files(self):
        """Logs, traces, everything else that lies in the site's folder, but the files that hold the secrets."""
        for path in pathlib.Path(self.site.folder).rglob("*"):
            if path.is_file() and path.suffix not in (".password", ".key") and not path.name.startswith(("sim-", "prefs")):
                self.add(str(path.relative_to(self.site.folder)), path.read_text(errors="replace"))

    def database(self):
        """Every row as text; contents of contacts apart, which are members' data by design."""
        tables = self.site.sql("SELECT string_agg(quote_ident(tablename), ' ') FROM pg_tables WHERE schemaname = 'public'").split()
        for table in tables:
            if table not in ("content", "rendered"):
                self.add(f"table {table}", self.site.sql(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t"))

    def must_not_hold(self, secrets):
        need(self.texts, "nothing was looked at")
        for where, text in self.texts.items():
            for name, secret in secrets.items():
                at = text.find(secret)
                need(at < 0, f"{name} is in {where}: ...{text[max(0, at - 80):at + 10]}")
            header = re.search(r"(?i)authorization: *(basic|ntlm|negotiate|bearer) +\S", text)
            need(not header, f"an Authorization header is in {where}")


def numbers(site):
    """Every way in which a member's number can be written."""
    found = {}
    for contacts in site.expected().values():
        for contact in contacts:
            number = contact.get("MobilePhone")
            if number:
                found[f"a member's number ({len(found)})"] = re.sub(r"\D", "", number)[-7:]
    need(len(found) > 5, "hardly any numbers in this church")
    return dict(list(found.items())[:40])


def secrets_of(site):
    basic = base64.b64encode(f"svc-sync:{PASSWORD}".encode()).decode()
    token = site.exchange.get("auth")["tokens"]["last"]
    return {"the password": PASSWORD, "the Basic header's value": basic, "the REST key": REST_KEY, **numbers(site),
            **({"the token": token} if token else {})}


def site_with(name, methods, **settings):
    site = Site(name, kafka=False, people=250, users=8, exchange_args=("--auth", methods, "--password", PASSWORD),
                settings={"log.level": "debug", "batch.start": 5, **settings})
    return site


def tracing(site):
    """The trace of the latest connection attempt, where this build has it."""
    folder = site.folder / "trace"
    folder.mkdir()
    return {"trace": "true", "trace__folder": folder} if "trace.folder" in site.cs("config", "reference") else {}


def went_through(site, **settings):
    """A load in which every fault comes by, then one with a wrong password, and all that is said of it."""
    path = site.folder / "canary.password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    site.write_settings(exchange__password_file=path, **settings)
    said = Said(site)
    for n, fault in enumerate(FAULTS):
        site.exchange.post("faults", {"op": "CreateItem", "nth": 1 + n % 3, "times": 1, "mailbox": None, **fault})
    program = site.up(**tracing(site)).ready()
    run = site.ask()
    site.planned(run)
    until("the faults are over", lambda: sum(site.stats()["faults"].values()) >= len(FAULTS) // 2, 60)
    said.pages(program)
    for verb in (("status",), ("status", "--json"), ("config", "print"), ("doctor",), ("users",)):
        said.tool(*verb)
    site.exchange.delete("faults")
    site.exchange.post("auth", {"password": "changed-meanwhile", "forget_logins": True, "expire_tokens": True})
    secrets = secrets_of(site)
    site.rock.post("demo-changes", {})
    site.ask()
    until("the account is stopped", lambda: program.metric("contact_sync_account_stopped") == 1, 60)
    said.pages(program)
    said.tool("status")
    program.stopwatch_stop()
    said.files()
    said.database()
    said.must_not_hold(secrets)
    kept = re.sub(r"[^0-9a-zA-Z]", "", site.sql("SELECT string_agg(body, ' ') FROM content"))
    need(any(secret in kept for secret in secrets.values()), "the numbers looked for are not those that went through")
    return f"{len(said.texts)} places, {sum(map(len, said.texts.values()))} characters, {len(secrets)} secrets"


def basic():
    """Password, header and numbers are nowhere after a load over Basic with every fault"""
    with site_with("canary basic", "basic") as site:
        return went_through(site, exchange__auth="basic")


def ntlm():
    """The same over NTLM"""
    with site_with("canary ntlm", "ntlm") as site:
        return went_through(site, exchange__auth="ntlm")


def oauth():
    """Client secret, token and header are nowhere after a load with OAuth2"""
    with site_with("canary oauth", "bearer") as site:
        return went_through(site, exchange__auth="oauth2", exchange__oauth_client_id="app-sync",
                            exchange__oauth_token_url=site.exchange.url + "/church/oauth2/v2.0/token",
                            exchange__oauth_secret_file=site.folder / "canary.password")


def aborted(site, name, command, ready):
    """Lets the program die as a bug would; returns the core file, or None."""
    folder = site.folder / f"core-{name}"
    folder.mkdir()
    program = site.start(name, ["/bin/sh", "-c", f"cd {folder} && ulimit -c unlimited && exec \"$@\"", "sh", *command])
    ready(program)
    program.signal(signal.SIGABRT)
    program.wait()
    cores = [p for p in folder.iterdir() if p.name.startswith("core")]
    return cores[0] if cores else None


def core():
    """A program that holds the password leaves no core behind, even where the system would write one"""
    with Site("canary core", kafka=False, people=60, users=2) as site:
        port = site.folder / "other.port"
        other = aborted(site, "sim", [BUILD / "sim-exchange", "--port-file", port],
                        lambda _: until("it listens", port.exists, 20))
        if not other:
            raise Skip(f"this system writes no core here: {pathlib.Path('/proc/sys/kernel/core_pattern').read_text().strip()}")
        other.unlink()
        site.write_settings()
        left = aborted(site, "up", [BUILD / "contact-sync", "up", "--config", site.config], lambda p: p.ready())
        need(not left, f"a core of {left and left.stat().st_size} bytes")


def arguments():
    """No secret is in the arguments or the environment of a running program"""
    with site_with("canary arguments", "basic") as site:
        path = site.folder / "canary.password"
        path.write_text(PASSWORD + "\n")
        path.chmod(0o600)
        site.write_settings(exchange__password_file=path)
        program = site.up().ready()
        shown = subprocess.run(["ps", "-o", "args=", "-p", str(program.process.pid)], capture_output=True, text=True, check=True)
        environ = pathlib.Path(f"/proc/{program.process.pid}/environ").read_bytes().decode(errors="replace")
        need(PASSWORD not in shown.stdout + environ and REST_KEY not in shown.stdout + environ, "a secret is shown")


if __name__ == "__main__":
    main([basic, ntlm, oauth, core, arguments], at_once=2)

"""A whole site for one scenario: a database of its own, topics of its own, both simulators, the real programs.

Short times everywhere (leases, deadlines, sessions), so that what takes minutes at a church takes seconds here. What the
mailboxes should hold always comes from the Rock simulator's own model, never from the product's rows.
"""
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse

from lib_program import BUILD, Failure, Program, environment, fetch, need, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
PSQL = shutil.which("psql") or "/usr/lib/postgresql/15/bin/psql"
HELD = 20261123  # number of the advisory lock that holds inserts back
PASSWORD, REST_KEY = "not-a-secret", "rest-key-of-the-tests"

SETTINGS = {
    "rock.allow_http": "true",
    "rock.retry_for": "2s",
    "rock.timeout": "20s",
    "mail_domains": "church.example",
    "exchange.allow_http": "true",
    "exchange.user": "svc-sync",
    "exchange.server_deadline": "3s",
    "worker.lease": "2s",
    "worker.settle_gap": "200ms",
    "worker.look_again": "2s",
    "worker.heartbeat": "500ms",
    "redrive.every": "200ms",
    "redrive.undelivered": "5s",
    "contacts.photos": "false",  # what counts requests counts contacts; photos.py asks for pictures
    "kafka.partitions": "6",
    "kafka.session.timeout.ms": "2000",
    "kafka.heartbeat.interval.ms": "300",
}

_numbers = itertools.count(1)
_lock = threading.Lock()


def scratch():
    """The folder that everything of this run lies in."""
    given = os.environ.get("CONTACT_SYNC_TEST_DIR")
    if not given:
        given = os.environ["CONTACT_SYNC_TEST_DIR"] = tempfile.mkdtemp(prefix="contact-sync-e2e.")
    return pathlib.Path(given)


def psql(dsn, sql):
    """Runs one statement; returns its output without decoration."""
    done = subprocess.run(
        [PSQL, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-c", sql],
        capture_output=True, text=True, timeout=60, env=environment(), check=False,
    )
    need(done.returncode == 0, f"psql: {done.stderr.strip()}")
    return done.stdout.strip()


class Control:
    """The control API of a simulator."""

    def __init__(self, url):
        self.url = url

    def __call__(self, method, path, body=None):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        try:
            return json.loads(fetch(f"{self.url}/control/{path}", method, data))
        except urllib.error.HTTPError as e:
            raise Failure(f"{method} /control/{path}: {e.code} {e.read().decode()[:300]}") from None

    def get(self, path):
        return self("GET", path)

    def post(self, path, body):
        return self("POST", path, body)

    def delete(self, path):
        return self("DELETE", path)


class Site:
    """with Site("name", kafka=True) as site: ..."""

    # pylint: disable=too-many-instance-attributes,too-many-arguments
    def __init__(self, name, kafka=True, people=300, users=8, seed=7, latency=10, item=0.5, foreign=3, settings=None,
                 dsn=None, bootstrap=None, exchange_args=()):
        with _lock:
            number = next(_numbers)
        self.name, self.kafka = name, kafka
        self.word = f"e2e_{os.getpid()}_{number}"
        self.folder = scratch() / f"{number:02d}-{re.sub('[^a-z0-9]+', '-', name)}"
        self.folder.mkdir(parents=True)
        self.programs = []
        self.made = itertools.count(1)
        self.admin_dsn = dsn or os.environ["CONTACT_SYNC_TEST_DSN"]
        self.dsn = self.dsn_of(self.word)
        self.bootstrap = bootstrap or os.environ.get("CONTACT_SYNC_TEST_KAFKA")
        self.settings = dict(SETTINGS)
        self.asked = {k.replace("__", "."): v for k, v in (settings or {}).items()}
        self.size = {"people": people, "users": users, "seed": seed}
        self.speed = {"latency": latency, "item": item, "foreign": foreign}
        self.exchange_args = exchange_args
        self.rock = self.exchange = None

    def __enter__(self):
        try:
            psql(self.admin_dsn, f"CREATE DATABASE {self.word}")
            self.start_simulators()
            self.write_settings()
            self.cs("migrate")
            self.import_prefs()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.close()
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def close(self):
        for program in reversed(self.programs):
            program.reap()
        try:
            psql(self.admin_dsn, f"DROP DATABASE IF EXISTS {self.word} WITH (FORCE)")
        except Failure as e:
            print(f"  ({self.name}: {e})")

    def dsn_of(self, database):
        parts = urllib.parse.urlsplit(self.admin_dsn)
        return f"postgresql://{parts.netloc}/{database}?{parts.query}"

    # --- starting things ---

    def start(self, name, command, env=None):
        program = Program(name, command, self.folder, env)
        self.programs.append(program)
        return program

    def simulator(self, name, arguments):
        port_file = self.folder / f"{name}.port"
        program = self.start(name, [BUILD / name, *arguments, "--port-file", port_file])

        def port():
            need(program.alive(), f"{name} ended:\n{program.tail()}")
            return port_file.exists() and port_file.read_text().strip()

        return Control(f"http://127.0.0.1:{until(f'{name} listens', port)}")

    def start_simulators(self):
        for name, text in (("rock.key", REST_KEY), ("exchange.password", PASSWORD)):
            path = self.folder / name
            path.write_text(text + "\n")
            path.chmod(0o600)
        size, speed = self.size, self.speed
        self.rock = self.simulator("sim-rock", [
            "--seed", size["seed"], "--people", size["people"], "--users", size["users"],
            "--token-file", self.folder / "rock.key"])
        self.exchange = self.simulator("sim-exchange", [
            "--seed", size["seed"], "--any-mailbox", "church.example", "--foreign", speed["foreign"],
            "--latency-ms", speed["latency"], "--item-ms", speed["item"], "--user", "svc-sync", "--password", PASSWORD,
            *self.exchange_args])

    def write_settings(self, **changes):
        """The settings file; changes: names with __ for the dot, None takes one out."""
        self.settings.update({
            "rock.url": self.rock.url,
            "rock.token_file": str(self.folder / "rock.key"),
            "eligible_group": self.rock.get("church")["eligible_group"],
            "exchange.url": self.exchange.url + "/EWS/Exchange.asmx",
            "exchange.password_file": str(self.folder / "exchange.password"),
            "postgres.dsn": self.dsn,
        })
        if self.kafka:
            need(self.bootstrap, "no Kafka")
            self.settings.update({"kafka.bootstrap.servers": self.bootstrap, "kafka.topic_prefix": self.word + "."})
        else:
            self.settings["queue"] = "memory"
            self.settings = {k: v for k, v in self.settings.items() if not k.startswith("kafka.")}
        self.asked.update({k.replace("__", "."): v for k, v in changes.items()})
        merged = {**self.settings, **self.asked}
        lines = [f"{name} = {value}\n" for name, value in merged.items() if value is not None]
        self.config.write_text("".join(lines))

    @property
    def config(self):
        return self.folder / "site.conf"

    def program(self, binary, name=None, env=None, verb=(), **settings):
        """Starts a program of the product; settings: names with __ for the dot."""
        sets = itertools.chain.from_iterable(("--set", f"{k.replace('__', '.')}={v}") for k, v in settings.items())
        label = f"{name or binary.removeprefix('contact-sync-')}-{next(self.made)}"
        return self.start(label, [BUILD / binary, *verb, "--config", self.config, *sets], env)

    def producer(self, **kw):
        return self.program("contact-sync-producer", **kw)

    def worker(self, kill_at=None, env=None, **kw):
        """kill_at: "intent:3": SIGKILL at the third passing of that point."""
        env = dict(env or {}, **({"WORKER_KILL_AT": kill_at} if kill_at else {}))
        return self.program("contact-sync-worker", env=env, **kw)

    def up(self, env=None, kill_at=None, **kw):
        env = dict(env or {}, **({"WORKER_KILL_AT": kill_at} if kill_at else {}))
        return self.program("contact-sync", name="up", verb=("up",), env=env, **kw)

    # --- the operator's tool ---

    def tool(self, *arguments, timeout=120):
        return subprocess.run(
            [str(BUILD / "contact-sync"), *map(str, arguments), "--config", str(self.config)],
            capture_output=True, text=True, timeout=timeout, env=environment(), check=False, stdin=subprocess.DEVNULL)

    def cs(self, *arguments, timeout=120):
        """The same, must succeed; returns what it printed."""
        try:
            done = self.tool(*arguments, timeout=timeout)
        except subprocess.TimeoutExpired as e:
            said = (e.stderr or b"")[-800:]
            raise Failure(f"contact-sync {' '.join(map(str, arguments))}: not within {timeout} s: {said}") from None
        need(done.returncode == 0,
             f"contact-sync {' '.join(map(str, arguments))}: code {done.returncode}: {done.stderr.strip()[-800:]}")
        return done.stdout

    def import_prefs(self):
        path = self.folder / "prefs.json"
        path.write_text(json.dumps(self.rock.get("prefs")))
        self.cs("prefs", "import", path)

    def run(self, *arguments, timeout=90):
        """A run to its end; returns its counts."""
        return json.loads(self.cs("run", "--wait", "--json", *arguments, timeout=timeout))["counts"]

    def ask(self):
        """Asks for a run and does not wait; returns its id."""
        return int(re.search(r"run (\d+)", self.cs("run")).group(1))

    def planned(self, run, timeout=60):
        """Waits until the run has planned; returns its row's state and message."""

        def state():
            row = self.sql(f"SELECT state, message FROM run WHERE id = {run}").split("|", 1)
            return row if row[0] in ("success", "failed") else None

        return until(f"run {run} is planned", state, timeout)

    def plan(self):
        """Asks for a run and waits until it has planned; the writing goes on."""
        state, message = self.planned(self.ask())
        need(state == "success", f"the run failed: {message}")

    def status(self):
        return json.loads(self.cs("status", "--json"))

    def sql(self, statement):
        return psql(self.dsn, statement)

    @contextlib.contextmanager
    def inserts_wait(self, table):
        """Rows that are put into the table wait until this ends; everything else about it goes on."""
        self.sql(f"CREATE FUNCTION wait_{table}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
                 f" PERFORM pg_advisory_xact_lock_shared({HELD}); RETURN NULL; END';"
                 f" CREATE TRIGGER wait BEFORE INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION wait_{table}()")
        command = [PSQL, "-X", "-q", "-A", "-t", "-d", self.dsn]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                              env=environment()) as holder:
            holder.stdin.write(f"SELECT pg_advisory_lock({HELD}) IS NULL;\n")
            need(holder.stdout.readline().strip() == "f", f"{table} could not be held back")
            yield
            holder.stdin.close()

    def inserts_waiting(self):
        """Sessions that inserts_wait holds back."""
        return int(psql(self.admin_dsn, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND"
                                        f" datname = '{self.word}'"))

    # --- what is there ---

    def verdict(self):
        return self.exchange.post("compare", fetch(f"{self.rock.url}/control/expected"))

    def exact(self, timeout=60, doubled_creates=False, overlap=False):
        """Waits until every mailbox holds what the model says and the rows know it; then judges once more.

        doubled_creates: a key may have been created twice, where something was deleted or copied meanwhile.
        overlap: requests that a worker gave up may still be out beside those of its successor.
        """
        until("the mailboxes are as the model says", lambda: self.verdict_ok(), timeout)
        until("the rows say so too", self.rows_rest, 30)
        last = self.verdict()
        need(last["ok"], f"not exact any more: {brief(last)}")
        need(not self.exchange.get("duplicates")["duplicates"], "doubled contacts")
        stats = self.exchange.get("stats")
        need(stats["invalid"] == 0, f"requests that Exchange calls invalid: {stats['invalid_reasons']}")
        need(overlap or stats["max_per_mailbox"] <= 1, f"{stats['max_per_mailbox']} requests at once to one mailbox")
        need(stats["writes_over_late_saves"] == 0, "something was written while an earlier write could still land")
        need(stats["anchor_missing"] == stats["anchor_wrong"] == 0, "X-AnchorMailbox is missing or wrong")
        most = stats["max_creates_per_key"]
        need(doubled_creates or most <= 1, f"a contact was created {most} times")
        return last

    def verdict_ok(self):
        verdict = self.verdict()
        if not verdict["ok"]:
            raise OSError(brief(verdict))  # until() shows it
        return True

    def rows_rest(self):
        """No link waits for anything, no write is open."""
        rest = self.sql(
            "SELECT (SELECT count(*) FROM intent) + (SELECT count(*) FROM link WHERE want IS DISTINCT FROM have"
            " AND state = 'active' AND hold IS NULL)")
        return rest == "0"

    def checksum(self):
        """Of everything that lies in the mailboxes, the users' own included."""
        digest = hashlib.sha256()
        for box in sorted(self.exchange.get("mailboxes")["mailboxes"], key=lambda b: b["address"]):
            digest.update(json.dumps(self.mailbox(box["address"])["items"], sort_keys=True).encode())
        return digest.hexdigest()

    def row_checksum(self):
        """Of what is planned: links, contents, mailboxes; not of runs and offers."""
        return self.sql(
            "SELECT md5(coalesce(string_agg(l::text, '' ORDER BY mailbox, person), '')) FROM link l"
        ) + self.sql("SELECT md5(coalesce(string_agg(c.hash::text, '' ORDER BY c.hash), '')) FROM content c")

    def mailbox(self, address):
        return self.exchange.get("mailboxes/" + urllib.parse.quote(address))

    def item(self, address, key):
        found = [i for i in self.mailbox(address)["items"] if i.get("key") == key]
        need(len(found) == 1, f"{address} holds {len(found)} contacts with key {key}")
        return found[0]

    def expected(self):
        """What the model says: address -> contacts."""
        return self.rock.get("expected")["mailboxes"]

    def stats(self):
        return self.exchange.get("stats")

    def calls(self):
        return sum(self.stats()["calls"].values())

    def creates_per_key(self):
        """(mailbox, key) -> how often Exchange created it."""
        counts = {}
        for box in self.exchange.get("mailboxes")["mailboxes"]:
            for key, n in self.mailbox(box["address"])["creates"].items():
                counts[box["address"], key] = n
        return counts

    def fault(self, fault, **members):
        self.exchange.post("faults", {"fault": fault, **members})

    def rock_fault(self, kind, **members):
        self.rock.post("faults", {"kind": kind, **members})

    def change(self, act, **members):
        return self.rock.post("change", {"act": act, **members})


def brief(verdict):
    """A verdict in one line, with its first differences."""
    numbers = {k: v for k, v in verdict.items() if k != "differences" and v}
    return f"{numbers} {verdict['differences'][:3]}"

"""A worker's site for measuring: rows and messages made here, the real worker, sim-exchange, PostgreSQL and Kafka.

The rows are those that a plan leaves behind (link states by common/core/contact.h), the messages those that a producer
publishes: one a link. Settings are the defaults but for the connections that a measurement asks for.
"""
import ctypes
import hashlib
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
# pylint: disable=wrong-import-position
from lib_kafka import ANY, COPY, PRODUCER, Kafka  # noqa: E402
from lib_program import BUILD, Program, environment, need, until  # noqa: E402
from lib_site import PSQL, Control, psql  # noqa: E402

CATEGORY = "Following"
QUEUE_FULL = -184  # RD_KAFKA_RESP_ERR__QUEUE_FULL
_numbers = itertools.count(1)


def say(bench, **fields):
    """One JSON line."""
    rounded = {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in fields.items()}
    print(json.dumps({"bench": bench, **rounded}), flush=True)


# --- rows --------------------------------------------------------------------------------


def card(i):
    """Canonical form of a contact as most are: names, mail, two numbers, an address, a birthday."""
    return json.dumps({
        "v": 1, "fileAs": f"Family{i:05}, Given{i}", "displayName": f"Given{i} Family{i:05}", "givenName": f"Given{i}",
        "surname": f"Family{i:05}", "company": "Example Works", "jobTitle": "Helper", "email": f"given{i}@example.org",
        "phoneMobile": f"+1 602 555 {i % 10000:04}", "phoneHome": f"+1 480 555 {i % 10000:04}",
        "homeStreet": f"{i} Oak Street", "homeCity": "Phoenix", "homeState": "AZ", "homePostal": "85001",
        "homeCountry": "US"}, separators=(",", ":"))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def people(n):
    """(id, key, content hash, body, link state) of n persons."""
    cats = hashlib.sha256(b"\x02" + CATEGORY.encode()).digest()
    for i in range(1, n + 1):
        key = uuid.uuid5(uuid.NAMESPACE_URL, f"person-{i}")
        body = card(i)
        content = hashlib.sha256(body.encode()).digest()
        person = hashlib.sha256(b"\x01" + key.bytes + content).digest()
        yield i, key, content, body, xor(person, cats)


def fill_sql(mailboxes, links, clean):
    """Everything that a plan leaves: each mailbox wants the first so many people; clean: and holds them."""
    rows = list(people(links))
    yield "CREATE TEMP TABLE p (id bigint, key uuid, hash bytea, body text, state bytea);\nCOPY p FROM STDIN;\n"
    for i, key, content, body, state in rows:
        yield f"{i}\t{key}\t\\\\x{content.hex()}\t{body}\t\\\\x{state.hex()}\n"
    have = "p.state, p.hash, '%s', p.key, 'AAMk' || m.id || '-' || p.id, 'EQAAAA'" % CATEGORY if clean else \
        "NULL, NULL, NULL, NULL, NULL, NULL"
    yield f"""\\.
TRUNCATE journal, intent, link, mailbox, person, content, worker_beat CASCADE;
INSERT INTO content (hash, body) SELECT hash, body FROM p;
INSERT INTO person (id, key, content) SELECT id, key, hash FROM p;
INSERT INTO mailbox (id, address, address_fold) SELECT i, 'user' || i || '@church.example', 'user' || i || '@church.example'
    FROM generate_series(1, {mailboxes}) i;
INSERT INTO link (mailbox, person, want, want_content, want_cats, have, have_content, have_cats, have_key, item_id, version)
    SELECT m.id, p.id, p.state, p.hash, '{CATEGORY}', {have} FROM mailbox m, p ORDER BY m.id, p.id;
"""
    yield "VACUUM ANALYZE link, mailbox, person, content, intent, journal;\nCHECKPOINT;\n"


class Session:
    """One session of PostgreSQL that stays: a statement costs what it costs, not a process and a login too."""

    def __init__(self, dsn):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [PSQL, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, bufsize=1, env=environment())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)

    def __call__(self, sql):
        """Runs it; returns its rows when it is committed."""
        self.process.stdin.write(sql + ";\n\\echo ---\n")
        rows = list(iter(lambda: self.process.stdout.readline().rstrip("\n"), "---"))
        need(self.process.poll() is None, "psql ended")
        return rows


def percentile(values, share):
    """Of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))]


# --- processes ---------------------------------------------------------------------------


def cpu_of(pid):
    """Seconds of CPU of a process with all its threads."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total / 1e9


def memory_of(pid, name):
    """VmRSS, VmHWM in MB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


class Burst(Kafka):
    """Publishes many messages, waits once."""

    def __init__(self, bootstrap):
        super().__init__(bootstrap, PRODUCER)
        self.give = self.lib.rd_kafka_produce

    def add(self, topic, key, value):
        while self.give(topic, ctypes.c_int32(ANY), COPY, value, ctypes.c_size_t(len(value)), key,
                        ctypes.c_size_t(len(key)), None) != 0:
            need(self.lib.rd_kafka_last_error() == QUEUE_FULL, "a message could not be produced")
            self.lib.rd_kafka_poll(self.rk, 10)

    def task(self, prefix, mailbox, person, topic="tasks"):
        self.add(self.topic(f"{prefix}contact-sync.{topic}"), str(mailbox).encode(),
                 b'{"v":1,"id":"7d1f2b54-98f3-4d2b-8a51-%012x","op":"upsert","mailbox":%d,"person":%d,"gen":0,"at":%d}'
                 % (mailbox << 24 | person, mailbox, person, int(time.time() * 1000)))

    def tasks(self, prefix, mailboxes, links):
        for mailbox in range(1, mailboxes + 1):
            for person in range(1, links + 1):
                self.task(prefix, mailbox, person)
        need(self.lib.rd_kafka_flush(self.rk, 60000) == 0, "messages were not delivered")
        return mailboxes * links


class Bench:
    """A database and the simulator; with fill() rows, with worker() a worker on topics of its own."""

    def __init__(self, latency=0.0, item=0.0, partitions=12):
        number = next(_numbers)
        self.word = f"bench_{os.getpid()}_{number}"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="contact-sync-bench."))
        self.admin = os.environ["CONTACT_SYNC_TEST_DSN"]
        self.kafka = os.environ["CONTACT_SYNC_TEST_KAFKA"]
        parts = urllib.parse.urlsplit(self.admin)
        self.dsn = f"postgresql://{parts.netloc}/{self.word}?{parts.query}"
        self.latency, self.item, self.partitions = latency, item, partitions
        self.programs = []
        self.exchange = self.simulator = None

    def __enter__(self):
        psql(self.admin, f"CREATE DATABASE {self.word}")
        port = self.folder / "exchange.port"
        self.simulator = self.start("sim-exchange", [
            BUILD / "sim-exchange", "--any-mailbox", "church.example", "--latency-ms", self.latency, "--item-ms",
            self.item, "--user", "svc-sync", "--password", "secret", "--port-file", port])
        address = until("sim-exchange listens", lambda: port.exists() and port.read_text().strip())
        self.exchange = Control(f"http://127.0.0.1:{address}")
        (self.folder / "password").write_text("secret\n")
        (self.folder / "password").chmod(0o600)
        self.config.write_text(
            f"exchange.url = {self.exchange.url}/EWS/Exchange.asmx\nexchange.allow_http = true\n"
            f"exchange.user = svc-sync\nexchange.password_file = {self.folder}/password\npostgres.dsn = {self.dsn}\n"
            f"kafka.bootstrap.servers = {self.kafka}\nkafka.topic_prefix = {self.prefix}\nkafka.partitions = {self.partitions}\n")
        done = subprocess.run([BUILD / "contact-sync", "migrate", "--config", self.config], env=environment(),
                              capture_output=True, text=True, check=False)
        need(done.returncode == 0, f"migrate: {done.stderr}")
        return self

    def __exit__(self, kind, value, trace):
        for program in reversed(self.programs):
            program.reap()
        psql(self.admin, f"DROP DATABASE IF EXISTS {self.word} WITH (FORCE)")
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            print(f"  logs: {self.folder}", file=sys.stderr)

    @property
    def prefix(self):
        return self.word + "."

    @property
    def config(self):
        return self.folder / "site.conf"

    def start(self, name, command):
        program = Program(name, command, self.folder)
        self.programs.append(program)
        return program

    def worker(self, **settings):
        """A ready worker, and the seconds it took to be ready."""
        sets = itertools.chain.from_iterable(("--set", f"{k.replace('__', '.')}={v}") for k, v in settings.items())
        begin = time.monotonic()
        name = f"worker-{len(self.programs)}"
        program = self.start(name, [BUILD / "contact-sync-worker", "--config", self.config, *sets]).ready()
        return program, time.monotonic() - begin

    def producer(self):
        """One that plans nothing, and offers what is due and on no queue: all rows at first, then what workers let go."""
        snapshot = self.folder / "nobody.json"
        snapshot.write_text('{"v":1,"people":[],"groups":[]}')
        return self.start("producer", [BUILD / "contact-sync-producer", "--config", self.config,
                                       "--set", f"source.fixture={snapshot}", "--set", f"eligible_group={uuid.UUID(int=1)}"]).ready()

    def fill(self, mailboxes, links, clean=False):
        text = "".join(fill_sql(mailboxes, links, clean))
        done = subprocess.run([PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.dsn], input=text, text=True,
                              env=environment(), capture_output=True, check=False)
        need(done.returncode == 0, f"psql: {done.stderr[-500:]}")

    def publish(self, mailboxes, links):
        with Burst(self.kafka) as burst:
            return burst.tasks(self.prefix, mailboxes, links)

    def database_cpu(self):
        """Seconds of CPU of the server's processes, those of this database first of all."""
        pids = psql(self.dsn, "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()").split()
        total = 0.0
        for pid in pids:
            try:
                total += cpu_of(pid)
            except FileNotFoundError:
                pass
        return total

    def stats(self):
        return self.exchange.get("stats")

"""What the matrix runs on: three brokers, a PostgreSQL, two workers of which one comes through faulty wires; and its phases."""
import concurrent.futures
import contextlib
import pathlib
import subprocess
import tempfile
import time
import urllib.parse

from lib_program import Failure, forget, need, remember, until
from lib_servers import Kafka, Postgres, free_block
from lib_site import Site, scratch
from matrix_check import Judge
from matrix_seen import Watch
from tcp_fault import TcpFault

NODES = 3
TRY_AGAIN = 75  # exit code: something was away
PARTITIONS = 6
PACE = 0.15  # seconds between two looks of the judge

# A church that takes some seconds: small batches, a server that takes its time.
SETTINGS = {
    "batch.start": 8, "batch.target": "500ms", "exchange.connections": 3, "worker.look_again": "10m",
    "kafka.replication": "3", "kafka.partitions": str(PARTITIONS), "kafka.reconnect.backoff.max.ms": "500",
    "kafka.socket.timeout.ms": "3000", "kafka.statistics.interval.ms": "500",
}
CHURCH = {"people": 300, "users": 12, "seed": 7, "latency": 150, "item": 25}


class Missed(Exception):
    """The fault did not hit, so the cell shows nothing: it is run again."""


class Cluster(Kafka):
    """Three brokers, each topic on all of them, two in step for each write. with Cluster() as cluster: ...

    .direct: the brokers themselves; .bootstrap: the same through .proxies, which clients then stay with, since these are
    the addresses that this listener tells them.
    """

    def __init__(self):
        super().__init__()
        self.proxies = [TcpFault() for _ in range(NODES)]

    def __enter__(self):
        remember(self, self.end)
        folder = pathlib.Path(self.state)
        folder.mkdir(parents=True, exist_ok=True)
        base = free_block_of(10 * NODES)
        (folder / "port").write_text(str(base))
        properties = folder / "proxied"
        properties.write_text("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT\n")
        for node, proxy in enumerate(self.proxies, 1):
            own = base + 10 * (node - 1)  # kafka.sh uses the three from there
            proxy.target = ("127.0.0.1", own + 3)
            pathlib.Path(f"{properties}.{node}").write_text(
                f"listeners=PLAINTEXT://127.0.0.1:{own},CONTROLLER://127.0.0.1:{own + 1},PROXIED://127.0.0.1:{own + 3}\n"
                f"advertised.listeners=PLAINTEXT://127.0.0.1:{own},PROXIED://127.0.0.1:{proxy.port}\n")
        self.env["KAFKA_PROPS"] = str(properties)
        try:
            self.direct = self.call("start", str(NODES))
            self.bootstrap = ",".join(f"127.0.0.1:{proxy.port}" for proxy in self.proxies)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        super().__exit__(kind, value, trace)
        for proxy in self.proxies:
            proxy.close()

    def kill_node(self, node):
        self.call("kill-node", str(node))

    def start_node(self, node):
        self.call("start-node", str(node))

    def be(self, fault, **members):
        for proxy in self.proxies:
            proxy.be(fault, **members)

    def heal(self):
        """What the proxies did, together."""
        total = {}
        for proxy in self.proxies:
            for name, n in proxy.heal().items():
                total[name] = total.get(name, 0) + n
        return total


def free_block_of(ports):
    """First of a block of free ports; kafka.sh wants the nodes ten apart."""
    while True:
        first = free_block()
        if first + ports < 32000:
            return first


class OwnPostgres(Postgres):
    """A server for one lane; on a small file system of its own where a folder is given."""

    def __init__(self, name, folder=None):
        self.name, self.folder = name, folder

    def __enter__(self):
        self.state = str(self.folder or scratch() / f"postgres-{self.name}")
        remember(self, lambda: self.call("wipe"))
        self.call("start")
        self.dsn = self.call("dsn")
        return self

    def socket(self):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.dsn).query))
        return f"{query['host']}/.s.PGSQL.{query['port']}"

    def log(self):
        place = (pathlib.Path(self.state) / "place").read_text().strip()
        path = pathlib.Path(place) / "log"
        return path.read_text(errors="replace") if path.exists() else ""


class Rig:
    """One church with all that serves it. Its worker `victim` comes through proxies, `second` does not."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, name, cluster, pg, proxied_kafka=False):
        self.cluster, self.pg, self.proxied_kafka = cluster, pg, proxied_kafka
        self.site = Site(name, dsn=pg.dsn, bootstrap=cluster.direct, foreign=4, settings=SETTINGS, **CHURCH)
        self.exchange, self.postgres = TcpFault(), TcpFault(pg.socket())
        self.judge = self.victim = self.second = self.producer = None
        self.phase, self.asked = None, []
        self.struck_at = self.exact_at = 0.0
        self.before = {}
        self.victim_env = {}
        self.watch = None

    def __enter__(self):
        self.site.__enter__()
        self.exchange.target = ("127.0.0.1", int(self.site.exchange.url.rsplit(":", 1)[1]))
        self.judge = Judge(self.site)
        return self

    def __exit__(self, kind, value, trace):
        self.site.__exit__(kind, value, trace)
        self.exchange.close()
        self.postgres.close()

    # --- programs ---

    def start_victim(self, name="victim"):
        kafka = self.cluster.bootstrap if self.proxied_kafka else self.cluster.direct
        return self.site.worker(
            name=name, env=self.victim_env, kafka__bootstrap__servers=kafka,
            exchange__url=f"http://127.0.0.1:{self.exchange.port}/EWS/Exchange.asmx",
            postgres__dsn=f"postgresql://postgres@127.0.0.1:{self.postgres.port}/{self.site.word}")

    def programs(self):
        """All three are up, and both workers have partitions."""
        self.producer = self.up(self.producer, self.site.producer)
        self.victim = self.up(self.victim, self.start_victim)
        self.second = self.up(self.second, lambda: self.site.worker(name="second"))
        until("both workers have partitions", lambda: self.victim.partitions() == self.second.partitions() == PARTITIONS, 60)

    @staticmethod
    def up(program, start):
        """The program, ready; started again as the init system would where it ended with 75 (try again)."""
        for _ in range(4):
            if not program or not program.alive():
                program = start()
            try:
                return program.ready(60)
            except Failure:
                if program.alive() or program.process.returncode != TRY_AGAIN:
                    raise
        raise Failure(f"{program.name} does not start:\n{program.tail()}")

    def sending(self):
        """Writes that the victim has out."""
        return self.victim.debug().get("worker", {}).get("states", {}).get("SENDING", 0)

    # --- what is asked of the product ---

    def begin(self):
        """The phase's work is asked for."""
        self.before = self.counts()
        self.asked = []
        getattr(self, f"begin_{self.phase}")()

    def begin_load(self):
        self.ask()

    def begin_update(self):
        """Everybody has a new number and some a new employer; a few leave and a few come."""
        boxes = self.site.expected()
        everybody = sorted({c["key"] for box in boxes.values() for c in box})
        for n, key in enumerate(everybody):
            self.site.change("set_phone", person=key, number=f"623555{n:04d}")
        for act in ("leave", "unfollow", "clear_phone"):
            with contextlib.suppress(Failure):  # a church may have nobody to do it
                self.site.rock.post("demo-changes", {"act": act})
        for address, contacts in boxes.items():
            have = {c["key"] for c in contacts}
            for key in [k for k in everybody if k not in have][:3]:
                self.site.change("follow", user=address, person=key)
        self.ask()

    def begin_clear(self):
        """Every user asks for Clear and Remove; in the model they choose nothing any more."""
        none = [{"email": a, "follow": False, "staff": False, "groups": []} for a in self.judge.addresses]
        self.site.rock.post("prefs", {"v": 1, "users": none})
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda a: self.site.cs("clear", "--user", a), self.judge.addresses))

    def ask(self):
        """A run of everybody; asked for again where the servers were away."""
        self.asked.append(until("a run is asked for", self.try_ask, 60))

    def try_ask(self):
        try:
            return self.site.ask()
        except Failure as e:
            raise OSError(str(e)) from None

    def rows(self, statement):
        """A number from the rows; none while PostgreSQL is away."""
        try:
            return int(self.site.sql(statement) or 0)
        except Failure as e:
            raise OSError(str(e)) from None

    def left(self):
        """Changes that are still to be made and recorded, Clears counted as one each."""
        return self.rows("SELECT (SELECT count(*) FROM link WHERE state = 'active' AND want IS DISTINCT FROM have) +"
                         " (SELECT count(*) FROM intent) +"
                         " (SELECT count(*) FROM mailbox WHERE clear_requested IS NOT NULL AND clear_done IS NULL)")

    def rows_rest(self):
        return self.since("written") > 0 and self.left() == 0

    def open_writes(self):
        return self.rows("SELECT count(*) FROM intent")

    def counts(self):
        stats = self.site.stats()
        return {"written": stats["created"] + stats["updated"] + stats["deleted"],
                "settled": self.rows("SELECT count(*) FROM journal WHERE op IN ('settle', 'adopt')")}

    def since(self, name):
        return self.counts()[name] - self.before[name]

    # --- moments ---

    def under_way(self, sending=True):
        """Returns when something is written, much is left, and (sending) the victim has a write out."""

        def moment():
            stats = self.site.stats()
            written = stats["created"] + stats["updated"] + stats["deleted"] - self.before["written"]
            return written > 0 and (not sending or self.sending() > 0)

        until("the work is under way", moment, 60)
        if self.left() < 10:
            raise Missed("the work was done before the fault came")

    def struck(self):
        """From now on the seconds count, and what an operator could see."""
        self.watch = Watch({"producer": self.producer, "worker": self.victim, "other worker": self.second})
        self.struck_at = time.monotonic()

    def stay(self, seconds):
        """The fault lasts so long; a fault that is a length of time is no guess."""
        time.sleep(seconds)

    def exact(self, timeout=90):
        """Waits until rows and mailboxes rest as the model says. Returns the seconds since the fault struck."""
        wrong = ["nothing was looked at"]

        def rest():
            self.ask_again()
            if self.left() != 0:
                raise OSError(f"{self.left()} changes are left")
            wrong[:] = self.judge.verdict()
            if wrong:
                raise OSError(f"{len(wrong)} differences: {wrong[:3]}")
            return True

        until(f"{self.phase} ends exact", rest, timeout)
        self.exact_at = time.monotonic()
        return self.exact_at - self.struck_at

    def ask_again(self):
        """A run that a fault cut off is asked for again, as the schedule would."""
        if not self.asked:
            return
        state = self.site_sql(f"SELECT state FROM run WHERE id = {self.asked[-1]}")
        if state == "failed":
            self.ask()
        if state not in ("success", "failed"):
            raise OSError(f"the run is {state}")

    def site_sql(self, statement):
        try:
            return self.site.sql(statement)
        except Failure as e:
            raise OSError(str(e)) from None

    def final(self):
        """What no phase may leave behind, whatever happened: raises Failure."""
        wrong = self.judge.verdict()
        need(not wrong, f"not exact any more: {wrong[:3]}")
        stats = self.site.stats()
        need(stats["invalid"] == 0, f"requests that Exchange calls invalid: {stats['invalid_reasons']}")
        need(stats["writes_over_late_saves"] == 0, "something was written while an earlier write could still land")
        need(stats["max_per_mailbox"] <= 1, f"{stats['max_per_mailbox']} requests at once to one mailbox")
        dead = self.rows("SELECT count(*) FROM link WHERE dead_for IS NOT NULL")
        need(dead == 0, f"{dead} contacts were given up")


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=30, check=False,
                          stdin=subprocess.DEVNULL)
    need(done.returncode == 0, f"{command[0]}: {done.stderr.strip()}")


class Ballast:
    """A small file system that can be filled and emptied; needs root. with Ballast(MiB) as disk: disk.folder ..."""

    def __init__(self, mib):
        # A short path: it has to hold a socket.
        self.folder, self.mib = pathlib.Path(tempfile.mkdtemp(prefix="contact-sync-disk.")), mib
        self.file = self.folder / "ballast"

    def __enter__(self):
        run("mount", "-t", "tmpfs", "-o", f"size={self.mib}m,mode=755", "contact-sync-matrix", self.folder)
        remember(self, self.end)
        return self

    def __exit__(self, kind, value, trace):
        self.end()
        forget(self)

    def end(self):
        run("umount", "-l", self.folder)
        self.folder.rmdir()

    def fill(self):
        """To the last byte; returns the MiB that were free."""
        written = 0
        with open(self.file, "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                written += f.write(b"\0" * 4096)
        return written >> 20

    def empty(self):
        self.file.unlink(missing_ok=True)

"""Servers that a scenario may stop, and a proxy that may stand still: PostgreSQL and Kafka of its own."""
import contextlib
import os
import pathlib
import random
import selectors
import shutil
import signal
import socket
import subprocess
import threading
import time

from lib_program import forget, need, remember
from lib_site import ROOT, scratch


def script(name, *arguments, **env):
    """Runs scripts/NAME; returns its output."""
    done = subprocess.run([str(ROOT / "scripts" / name), *arguments], capture_output=True, text=True, timeout=150,
                          env={**os.environ, **env}, check=False, stdin=subprocess.DEVNULL)
    need(done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


class Postgres:
    """A server of its own. with Postgres() as pg: pg.dsn ... pg.stop(), pg.kill(), pg.start()"""

    def __enter__(self):
        self.state = str(scratch() / f"postgres-{threading.get_ident()}")
        remember(self, lambda: self.call("wipe"))
        self.call("start")
        self.dsn = self.call("dsn")
        return self

    def __exit__(self, kind, value, trace):
        self.call("wipe")
        forget(self)

    def call(self, verb):
        return script("postgres.sh", verb, PG_STATE=self.state, PG_FAST="1")

    def start(self):
        self.call("start")

    def stop(self):
        self.call("stop")

    def kill(self):
        self.call("kill")


class Kafka:
    """A broker of its own. proxied: clients come through self.proxy, since that is the address it tells them."""

    def __init__(self, proxied=False):
        self.state = str(scratch() / f"kafka-{threading.get_ident()}")
        self.proxy = Proxy() if proxied else None
        self.env = {"KAFKA_STATE": self.state, "KAFKA_JARS": str(ROOT / "build/kafka"), "KAFKA_WAIT": "90"}

    def __enter__(self):
        remember(self, self.end)
        if self.proxy:
            self.listen_behind_proxy()
        try:
            self.direct = self.call("start", "1")
            self.bootstrap = f"127.0.0.1:{self.proxy.port}" if self.proxy else self.direct
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def listen_behind_proxy(self):
        """A second listener, whose address in the broker's answers is the proxy's."""
        own = free_block()
        behind = own + 3  # kafka.sh uses the three before
        pathlib.Path(self.state).mkdir(parents=True, exist_ok=True)
        (pathlib.Path(self.state) / "port").write_text(str(own))  # kafka.sh takes it from there
        properties = pathlib.Path(self.state) / "proxied.properties"
        properties.write_text(
            f"listeners=PLAINTEXT://127.0.0.1:{own},CONTROLLER://127.0.0.1:{own + 1},PROXIED://127.0.0.1:{behind}\n"
            f"advertised.listeners=PLAINTEXT://127.0.0.1:{own},PROXIED://127.0.0.1:{self.proxy.port}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT\n")
        self.env["KAFKA_PROPS"] = str(properties)
        self.proxy.serve(behind)

    def __exit__(self, kind, value, trace):
        self.call("wipe")
        forget(self)
        if self.proxy:
            self.proxy.close()

    def call(self, *arguments):
        return script("kafka.sh", *arguments, **self.env)

    def end(self):
        """Ends the broker also where kafka.sh was cut off while it started one."""
        for _ in range(10):
            for process in pathlib.Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if f"{self.state}/".encode() in (process / "cmdline").read_bytes():
                        os.kill(int(process.name), signal.SIGKILL)
            time.sleep(0.05)
        shutil.rmtree(self.state, ignore_errors=True)

    def stop(self):
        self.call("stop")

    def start(self):
        self.call("start", "1")


def free_block():
    """First of four free ports, below the range that the kernel hands to outgoing connections."""
    while True:
        first = 20000 + random.randrange(1190) * 10
        try:
            for port in range(first, first + 4):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue


class Proxy:
    """Hands bytes through to a port of loopback, until it is told to swallow what clients send."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.lock = threading.Lock()
        self.target = None
        self.swallowing = False
        self.swallowed = 0
        self.pairs = {}
        self.closing = False
        self.thread = None

    def serve(self, target):
        self.target = target
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def swallow(self):
        """From now on nothing that a client sends arrives; the connections stay open."""
        with self.lock:
            self.swallowing = True

    def restore(self):
        """Ends the connections that lost something and hands through again."""
        with self.lock:
            self.swallowing = False
            for one in list(self.pairs):
                self.drop(one)

    def close(self):
        self.closing = True
        if self.thread:
            self.thread.join(5)
        with self.lock:
            for one in list(self.pairs):
                self.drop(one)
        self.listener.close()
        self.selector.close()

    # --- its thread ---

    def loop(self):
        while not self.closing:
            for key, _ in self.selector.select(0.1):
                with self.lock:
                    self.accept() if key.fileobj is self.listener else self.hand_on(key.fileobj)

    def accept(self):
        client, _ = self.listener.accept()
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            client.close()
            return
        for one, other, from_client in ((client, server, True), (server, client, False)):
            self.pairs[one] = (other, from_client)
            self.selector.register(one, selectors.EVENT_READ)

    def hand_on(self, one):
        if one not in self.pairs:
            return
        other, from_client = self.pairs[one]
        try:
            data = one.recv(65536)
            if data and from_client and self.swallowing:
                self.swallowed += len(data)
            elif data:
                other.sendall(data)
            else:
                self.drop(one)
        except OSError:
            self.drop(one)

    def drop(self, one):
        pair = self.pairs.get(one)
        for end in (one, pair[0]) if pair else ():
            if self.pairs.pop(end, None):
                self.selector.unregister(end)
                end.close()


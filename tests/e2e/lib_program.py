"""Processes under test: start, signals, log, pages; and waiting for a condition without sleeping for a guess.

Standard library only. The programs refuse environment variables CONTACT_SYNC_* that they do not know, so they get an
environment of their own.
"""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

BUILD = pathlib.Path(os.environ.get("CONTACT_SYNC_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/dev"))
STEP = 0.03  # seconds between two looks at a condition
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "KRB5_CONFIG")


ending = threading.Event()  # a signal ends the script: other threads start nothing any more
_last_acts = {}


def remember(thing, act):
    """act() is called when a signal ends the script before thing could be put away in its own way."""
    need(not ending.is_set(), "ended by a signal")
    _last_acts[id(thing)] = act


def forget(thing):
    _last_acts.pop(id(thing), None)


def descendants(pid):
    """All processes below pid that did not leave it."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found


def end_everything():
    """Nothing that this script started may stay behind; never raises."""
    ending.set()
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    for act in list(_last_acts.values()):
        with contextlib.suppress(Exception):
            act()


class Failure(Exception):
    """A scenario that did not show what it promises."""


def need(condition, text):
    if not condition:
        raise Failure(text)


def until(what, probe, timeout=30.0):
    """Calls probe until it is true and returns its value. An exception of the network counts as not yet."""
    end = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = probe()
            if last:
                return last
        except (OSError, urllib.error.URLError) as e:
            last = e
        if time.monotonic() >= end:
            raise Failure(f"{what}: not within {timeout:g} s (last: {str(last)[:400]})")
        time.sleep(STEP)


def environment(extra=None):
    env = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    env.update(extra or {})
    return env


def fetch(url, method="GET", body=None, timeout=60):
    request = urllib.request.Request(url, method=method, data=body)
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        return answer.read().decode()


METRIC = re.compile(r"^([a-z_]+)(?:\{(.*)\})? (\S+)$")


class Program:
    """One process with its log."""

    def __init__(self, name, command, folder, env=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.port = None
        need(not ending.is_set(), "ended by a signal")
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment(env)
            )

    def text(self):
        return self.log.read_text(errors="replace")

    def alive(self):
        return self.process.poll() is None

    # --- pages ---

    def listening(self, timeout=30):
        """Waits for the loopback port that a program of the product logs."""

        def port():
            found = re.search(r"listening.*\bport=(\d+)", self.text())
            need(found or self.alive(), f"{self.name} ended with code {self.process.returncode}:\n{self.tail()}")
            return found and int(found.group(1))

        self.port = self.port or until(f"{self.name} listens", port, timeout)
        return self.port

    def page(self, path):
        return fetch(f"http://127.0.0.1:{self.listening()}{path}", timeout=10)

    def ready(self, timeout=40):
        self.listening(timeout)

        def answered():
            need(self.alive(), f"{self.name} ended with code {self.process.returncode}:\n{self.tail()}")
            return self.page("/readyz")

        until(f"{self.name} is ready", answered, timeout)
        return self

    def metric(self, name, *labels):
        """Sum of the series of that name whose labels hold all the given texts ('outcome="done"')."""
        total = 0.0
        for line in self.page("/metrics").splitlines():
            found = METRIC.match(line)
            if found and found.group(1) == name and all(label in (found.group(2) or "") for label in labels):
                total += float(found.group(3))
        return total

    def debug(self):
        return json.loads(self.page("/debug/state"))

    def partitions(self):
        """Partitions of the two task topics that this worker holds."""
        return sum(self.debug().get("queue", {}).get("partitions", {}).values())

    # --- signals ---

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=30):
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end within {timeout} s") from None

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait()

    def stop(self, timeout=15):
        """SIGTERM; returns the exit code."""
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def stopwatch_stop(self, limit=10):
        """SIGTERM; must end with code 0 within the limit. Returns the seconds it took."""
        begin = time.monotonic()
        code = self.stop(limit + 5)
        took = time.monotonic() - begin
        need(code == 0, f"{self.name} ended with code {code}:\n{self.tail()}")
        need(took <= limit, f"{self.name} took {took:.1f} s to stop")
        return took

    def freeze(self):
        """SIGSTOP, and waits until every thread stands still."""
        self.signal(signal.SIGSTOP)

        def stopped():
            tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
            return all((t / "stat").read_text().rsplit(")", 1)[1].split()[0] == "T" for t in tasks.iterdir())

        until(f"{self.name} stands still", stopped, 10)

    def thaw(self):
        self.signal(signal.SIGCONT)

    def reap(self):
        """Ends it whatever it does."""
        if self.alive():
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGKILL)
            self.process.wait(30)

    def tail(self, lines=25):
        return "\n".join(self.text().splitlines()[-lines:])

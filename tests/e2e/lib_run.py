"""Runs scenarios: one line each; what a failed one left (logs, settings) is kept in build/test-logs.

A script calls main([scenario, ...]); `script.py NAME...` runs those alone. Exit: 0 all passed, 1 some failed, 77 none could
run.
"""
import concurrent.futures
import os
import shutil
import signal
import sys
import time
import traceback

from lib_program import BUILD, Failure, end_everything
from lib_site import ROOT, scratch


class Skip(Exception):
    """Something that this scenario needs is not there."""


def needs_kafka():
    if not os.environ.get("CONTACT_SYNC_TEST_KAFKA"):
        raise Skip("no Kafka")


def run_one(scenario):
    """Returns (word, line)."""
    name, begin = scenario.__name__, time.monotonic()
    promise = (scenario.__doc__ or name).strip().splitlines()[0]
    try:
        note = scenario()
        word, text = "passed", f"{promise}{f' ({note})' if note else ''}"
    except Skip as e:
        word, text = "skipped", f"{promise}: {e}"
    except Failure as e:
        word, text = "FAILED", f"{promise}\n    {e}"
    except Exception:  # pylint: disable=broad-except
        word, text = "FAILED", f"{promise}\n{traceback.format_exc()}"
    return word, f"{word:7} {time.monotonic() - begin:5.1f} s  {name}: {text}"


def interrupted(number, _):
    """A signal, or the time limit of the test run: no server and no program may stay behind."""
    try:
        end_everything()  # what other threads start meanwhile is ended by the second call
        end_everything()
        print(f"ended by signal {number}", flush=True)
    finally:
        os._exit(128 + number)  # pylint: disable=protected-access


def main(scenarios, at_once=1):
    """at_once: scenarios that run beside each other; most of their time is waiting for deadlines."""
    wanted = sys.argv[1:]
    unknown = set(wanted) - {s.__name__ for s in scenarios}
    if unknown:
        sys.exit(f"no such scenario: {', '.join(sorted(unknown))}; there are {[s.__name__ for s in scenarios]}")
    chosen = [s for s in scenarios if not wanted or s.__name__ in wanted]
    if not (BUILD / "contact-sync").exists() or not os.environ.get("CONTACT_SYNC_TEST_DSN"):
        print(f"skipped: needs the programs in {BUILD} and a PostgreSQL in CONTACT_SYNC_TEST_DSN")
        sys.exit(77)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    words, again = [], []
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(run_one, s): s for s in chosen}
        for done in concurrent.futures.as_completed(running):
            word, line = done.result()
            if word == "FAILED":
                again.append(running[done])
            else:
                words.append(word)
            print(line, flush=True)
    # Deadlines and deaths at a moment need a machine that keeps pace: what failed beside others has one more try alone, and
    # the failed line above stays in the log.
    for scenario in again:
        word, line = run_one(scenario)
        words.append(word)
        print(f"second try, alone: {line}", flush=True)
    if "FAILED" in words:
        kept = ROOT / "build/test-logs" / f"e2e-{sys.argv[0].rsplit('/', 1)[-1].removesuffix('.py')}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(scratch(), kept, ignore=shutil.ignore_patterns("*.password", "*.key"))
        print(f"logs are kept in {kept.relative_to(ROOT)}")
        sys.exit(1)
    if set(words) == {"skipped"}:
        print("skipped: nothing of this script could run, see above")
        sys.exit(77)

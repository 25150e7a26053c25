#!/usr/bin/env python3
"""Every fault of matrix_faults.py during a first load, an update and a Clear, on three Kafka brokers, PostgreSQL, a producer
and two workers as processes. A cell passes when the mailboxes end as the model of the church says (matrix_check.py).

    matrix.py [FAULT..]          the whole, or these rows; FAULT/PHASE for one cell
    matrix.py --brief            three cells, for every day
    matrix.py --report FILE..    the table of docs/reliability.md from the lines of earlier runs

Prints one JSON line a cell: fault, phase, outcome, seconds from the fault to exact, settled (writes whose outcome had to be
looked up), created_again (creates beyond the first of a contact, by Exchange's count), doubled (contacts that stand twice
at the end), hit (what shows that the fault hit). They are kept in build/matrix.jsonl.
"""
import concurrent.futures
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
import traceback

from lib_matrix import Ballast, Cluster, Missed, OwnPostgres, Rig
from lib_program import BUILD, Failure
from lib_run import Skip, interrupted
from lib_site import ROOT, scratch
from matrix_faults import FAULTS, ROOT_ONLY, THROUGH_KAFKA_PROXIES
from matrix_report import machine, report

PHASES = ("load", "update", "clear")
TRIES = 3
BRIEF = ("exchange_half_open/load", "postgres_blackhole/load", "out_of_memory/load")
LINES = ROOT / "build/matrix.jsonl"

_printing = threading.Lock()
_lines = []


def say(line):
    with _printing:
        _lines.append(line)
        print(json.dumps(line), flush=True)


# --- one cell ---


def plain(rig, phase):
    """A phase without a fault, on the way to one that has to be run again."""
    rig.phase = phase
    rig.programs()
    rig.begin()
    rig.struck()
    rig.exact()


def struck_by(rig, name, phase):
    """The phase with its fault; returns the cell's line."""
    rig.phase, rig.evidence = phase, {}
    rig.programs()
    act = FAULTS[name][1](rig)
    try:
        rig.evidence.update(next(act))
        seconds = rig.exact()
        seen = rig.watch.what()
        with contextlib.suppress(StopIteration):
            next(act)
        rig.final()
    finally:
        act.close()
    again, doubled = rig.judge.created_again(), rig.judge.doubled()
    line = {"fault": name, "phase": phase, "outcome": "exact", "seconds": round(seconds, 1),
            "settled": rig.since("settled"), "created_again": again, "doubled": doubled, "hit": rig.evidence, "seen": seen}
    if again or doubled:
        line["outcome"] = "doubled"
    return line


def one_site(name, wanted, cluster, pg, tries, disk=None):
    """One church through the phases, those wanted with the fault. Returns the phases whose fault did not hit."""
    missed = []
    with Rig(f"{name}-{tries}", cluster, pg, proxied_kafka=name in THROUGH_KAFKA_PROXIES) as rig:
        rig.disk = disk
        for phase in PHASES[:1 + max(PHASES.index(p) for p in wanted)]:
            if phase not in wanted:
                plain(rig, phase)
                continue
            try:
                say({**struck_by(rig, name, phase), "tries": tries})
            except Missed as e:
                print(f"  ({name}/{phase}: {e}; once more)", flush=True)
                missed.append(phase)
                rig.exact()
    return missed


def row(name, phases, cluster, pg):
    """All wanted phases of a fault; a fault that did not hit is tried again on a fresh church."""
    wanted, tries = list(phases), 1
    try:
        while wanted and tries <= TRIES:
            if name == "disk_full":
                wanted = on_small_disk(name, wanted, cluster, tries)
            else:
                wanted = one_site(name, wanted, cluster, pg, tries)
            tries += 1
        for phase in wanted:
            say({"fault": name, "phase": phase, "outcome": "missed"})
    except Skip as e:
        for phase in wanted:
            say({"fault": name, "phase": phase, "outcome": "skipped", "why": str(e)})
    except Failure as e:
        fail(name, wanted, str(e))
    except Exception:  # pylint: disable=broad-except
        fail(name, wanted, traceback.format_exc())


def fail(name, wanted, why):
    """The first wanted phase without a line is the one that failed; those after it did not run."""
    done = {line["phase"] for line in _lines if line.get("fault") == name and line["outcome"] in ("exact", "doubled")}
    rest = [p for p in wanted if p not in done] or wanted[-1:]
    say({"fault": name, "phase": rest[0], "outcome": "FAILED", "why": why})
    for phase in rest[1:]:
        say({"fault": name, "phase": phase, "outcome": "not run"})


def on_small_disk(name, wanted, cluster, tries):
    if not ROOT_ONLY:
        raise Skip("mounting a small file system needs root")
    with Ballast(128) as disk, OwnPostgres(name, disk.folder) as pg:
        return one_site(name, wanted, cluster, pg, tries, disk)


# --- lanes ---


def lane(word, rows, cluster):
    """rows: fault -> phases."""
    with OwnPostgres(f"lane-{word}") as pg:
        for name, phases in rows.items():
            row(name, phases, cluster, pg)


def everything(rows):
    lanes = {}
    for name, phases in rows.items():
        lanes.setdefault(FAULTS[name][0], {})[name] = phases
    alone = lanes.pop("alone", {})
    with Cluster() as cluster:
        with concurrent.futures.ThreadPoolExecutor(max(1, len(lanes))) as pool:
            for done in [pool.submit(lane, word, rows, cluster) for word, rows in lanes.items()]:
                done.result()
        if alone:
            lane("alone", alone, cluster)


def wanted_rows(words):
    """FAULT or FAULT/PHASE -> phases by fault."""
    rows = {}
    for word in words:
        name, _, phase = word.partition("/")
        if name not in FAULTS or (phase and phase not in PHASES):
            sys.exit(f"no such cell: {word}; faults: {', '.join(FAULTS)}; phases: {', '.join(PHASES)}")
        rows.setdefault(name, []).extend([phase] if phase else PHASES)
    return {name: sorted(set(phases), key=PHASES.index) for name, phases in rows.items()}


def main():
    words = sys.argv[1:]
    if words[:1] == ["--report"]:
        report(words[1:] or [LINES])
        return
    if not (BUILD / "contact-sync").exists() or not os.environ.get("CONTACT_SYNC_TEST_KAFKA"):
        print(f"skipped: needs the programs in {BUILD}, and a Kafka that can be started")
        sys.exit(77)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    rows = wanted_rows(BRIEF if words == ["--brief"] else words or FAULTS)
    begin = time.monotonic()
    _lines.append(machine())
    everything(rows)
    _lines[0]["seconds"] = round(time.monotonic() - begin)
    LINES.parent.mkdir(exist_ok=True)
    LINES.write_text("".join(json.dumps(line) + "\n" for line in _lines))
    words = [line["outcome"] for line in _lines[1:]]
    print(f"{words.count('exact')} of {len(words)} cells exact, {words.count('skipped')} skipped,"
          f" {time.monotonic() - begin:.0f} s")
    if set(words) - {"exact", "skipped"}:
        kept = ROOT / "build/test-logs/e2e-matrix"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(scratch(), kept, ignore=shutil.ignore_patterns("*.password", "*.key", "postgres-*", "disk-*"))
        print(f"logs are kept in {kept.relative_to(ROOT)}")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""docs/reliability.md: the part that is made from the lines of a run, between its two marks."""
import datetime
import json
import os
import pathlib
import platform
import subprocess

from lib_program import Failure
from lib_site import ROOT
from matrix_faults import FAULTS, text_of

PAGE = ROOT / "docs/reliability.md"
BEGIN, END = "<!-- matrix: made by tests/e2e/matrix.py --report -->", "<!-- end of the matrix -->"
PHASES = ("load", "update", "clear")


def machine():
    """The line that says where and when."""
    cpu = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) >> 20
    kafka = ROOT / "build/kafka/installed"
    return {"machine": f"{os.cpu_count()} cores of {cpu}, {memory} GiB, Linux {platform.release()}",
            "kafka": kafka.read_text().strip() if kafka.exists() else "", "at": f"{datetime.datetime.now():%Y-%m-%d %H:%M}",
            "commit": commit(), "load_before": os.getloadavg()[0]}


def commit():
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def report(files):
    """Replaces the generated part; several files: the cells of all of them, one row a fault."""
    runs, cells = [], []
    for name in files:
        for line in map(json.loads, pathlib.Path(name).read_text().splitlines()):
            (runs if "machine" in line else cells).append(line)
    if not runs or not cells:
        raise Failure(f"no run in {files}")
    page = PAGE.read_text()
    head, rest = page.split(BEGIN, 1)
    PAGE.write_text("\n".join([head + BEGIN, "", *summary(runs, cells), "", *table(cells), "", *seen(cells), "",
                               END + rest.split(END, 1)[1]]))
    print(f"{PAGE.relative_to(ROOT)}: {len(cells)} cells of {len(runs)} run(s)")


def summary(runs, cells):
    exact = [c for c in cells if c["outcome"] == "exact"]
    other = [c for c in cells if c["outcome"] != "exact"]
    tried = sum(1 for c in exact if c.get("tries", 1) > 1)
    took = ", ".join(f"{r['at']} (commit {r['commit']}, {r.get('seconds', 0) // 60} min {r.get('seconds', 0) % 60:02d} s,"
                     f" load average before it {r['load_before']:.1f})"
                     for r in runs)
    lines = [f"**{len(exact)} of {len(cells)} cells exact**, {sum(c['doubled'] for c in exact)} contacts doubled,"
             f" {sum(c['created_again'] for c in exact)} created twice. In {tried} cells the fault did not hit at first and the cell was run"
             " again.", "",
             f"Runs: {took}.", "",
             f"Machine: {runs[-1]['machine']}; Kafka {runs[-1]['kafka']}, three brokers on it; debug build."]
    if other:
        lines += ["", "Not exact: " + "; ".join(f"{c['fault']}/{c['phase']}: {c['outcome']} {c.get('why', '')[:120]}" for c in other) + "."]
    return lines


def span(values):
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def table(cells):
    """One row a fault: seconds from the fault to exact, and writes that had to be looked up, in each phase."""
    lines = ["| fault | what happened | first load: s (settled) | update: s (settled) | Clear: s (settled) | hit, in the first load |",
             "|---|---|---|---|---|---|"]
    for name in FAULTS:
        row = [f"`{name}`", text_of(name)]
        for phase in PHASES:
            mine = [c for c in cells if (c["fault"], c["phase"], c["outcome"]) == (name, phase, "exact")]
            row.append(f"{span([c['seconds'] for c in mine])} ({span([c['settled'] for c in mine])})" if mine else "-")
        first = next((c for c in cells if c["fault"] == name and c["outcome"] == "exact"), None)
        row.append(", ".join(f"{k.replace('_', ' ')} {v}" for k, v in first["hit"].items()) if first else "-")
        lines.append("| " + " | ".join(row) + " |")
    return lines


def seen(cells):
    lines = ["What the programs showed of it, over all phases and runs. Not ready: `/readyz` answered 503.", "",
             "| fault | not ready | counters that moved (`contact_sync_..`) | warnings and errors in the log |", "|---|---|---|---|"]
    for name in FAULTS:
        mine = [c["seen"] for c in cells if c["fault"] == name and "seen" in c]
        if not mine:
            continue
        of = {part: sorted({w for one in mine for w in one[part]}) for part in ("not_ready", "metrics", "log")}
        lines.append("| " + " | ".join([
            f"`{name}`", ", ".join(of["not_ready"]) or "-",
            ", ".join(f"`{m.removeprefix('contact_sync_')}`" for m in of["metrics"]) or "-",
            "; ".join(of["log"]).replace("|", "/") or "-"]) + " |")
    return lines

#!/usr/bin/env python3
"""The benchmarks' report: from JSON lines to Markdown with plots.

  bench_report.py LINES --out FOLDER [--seconds N]     FOLDER/report.md and its plots
  bench_report.py LINES --docs [--seconds N]           into docs/performance.md, between its two marks, and docs/performance/

What was not measured in this run says so. The table of goals is printed, too.
"""

import argparse
import collections
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

import bench_plot as plot
from bench_goals import ROWS
from bench_sections import SECTIONS, table

ROOT = pathlib.Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- report: made by ./run.sh bench --write-docs -->", "<!-- end of the report -->"
SCALE = 6  # of the overview


def said(*command):
    """What a program says about itself; empty where it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except FileNotFoundError:
        return ""
    return (done.stdout or done.stderr).strip()


def read(path):
    lines = collections.defaultdict(list)
    for text in path.read_text().splitlines():
        line = json.loads(text)
        lines[line["bench"]].append(line)
    return lines


# --- the machine --------------------------------------------------------------------------


def machine():
    cpu = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) / 2**20
    system = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text()).group(1)
    load = os.getloadavg()[2]
    kafka = next((ROOT / "build/kafka/libs").glob("kafka-clients-*.jar"), None)
    libraries = said("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "librdkafka1", "libcurl4", "libxml2", "postgresql-15")
    return [
        f"- {os.cpu_count()} cores ({cpu.group(1) if cpu else os.uname().machine}), {memory:.0f} GiB, {system}, "
        f"Linux {os.uname().release}",
        f"- gcc {said('gcc', '-dumpfullversion')}, {libraries.strip(', ')}, Apache Kafka "
        f"{kafka.stem.removeprefix('kafka-clients-') if kafka else '-'} with one node, node {said('node', '--version')}, "
        f"{said('java', '-version').splitlines()[0] if said('java', '-version') else 'no java'}",
        "- release build; PostgreSQL with fsync; all programs, servers and simulators are processes on these cores, on loopback",
        f"- load average of the last quarter of an hour at the end: {load:.1f} (the run itself makes about 1.5)",
    ]


# --- the goals ----------------------------------------------------------------------------


def goals(lines):
    """(row, words, reached or None, factor) for each goal."""
    for row in ROWS:
        try:
            words, reached, factor = row.measure(lines)
        except (KeyError, IndexError, ValueError, StopIteration):
            words, reached, factor = "not measured in this run", None, None
        yield row, words, reached, factor


def verdict(row, reached):
    if reached is None:
        return "-"
    return "reached" if reached else f"**missed**: {row.bound}"


def goals_table(found):
    yield "| what | goal | measured | verdict | again |"
    yield "|---|---|---|---|---|"
    for row, words, reached, _ in found:
        yield f"| {row.what} | {row.goal} | {words} | {verdict(row, reached)} | `./run.sh bench {row.command}` |"


def overview_plot(found):
    shown = [(row.short or row.what, min(factor, SCALE), f"{factor:.3g}{'  (off the scale)' if factor > SCALE else ''}", True)
             for row, _, _, factor in found if factor]
    return plot.bars("How far beyond the goal", "1 is the goal; 2 is twice as good as asked for", shown, 1, "goal")


# --- the whole ----------------------------------------------------------------------------


def runs_table(lines):
    rows = [(x["program"], x["result"], x["seconds"]) for x in lines["program"]]
    return table(("benchmark", "", "seconds"), rows)


def report(lines, folder, link, seconds):
    """Markdown; writes the plots into the folder, shown by their link."""
    found = list(goals(lines))
    commit = said("git", "rev-parse", "--short=12", "HEAD") + (
        " and changes" if said("git", "status", "--porcelain", "--untracked-files=no") else ""
    )
    out = [
        f"Run of {datetime.date.today().isoformat()}, commit {commit}"
        + (f", {seconds // 60} min {seconds % 60} s in all." if seconds else "."),
        "",
        "### Machine",
        *machine(),
        "",
        "### Against the goals",
        *goals_table(found),
        "",
    ]

    def show(name, svg, title):
        (folder / f"{name}.svg").write_text(svg)
        out.extend([f"![{title}]({link}{name}.svg)", ""])

    if any(factor for *_, factor in found):
        show("overview", overview_plot(found), "How far beyond the goals")
    for title, name, section in SECTIONS:
        try:
            words, rows, svg = section(lines)
        except (KeyError, IndexError, ValueError, StopIteration):
            out += [f"### {title}", "Not measured in this run.", ""]
            continue
        out += [f"### {title}", *([words, ""] if words else []), *rows, ""]
        if svg:
            show(name, svg, title)
    out += ["### What ran", *runs_table(lines), ""]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--docs", action="store_true")
    parser.add_argument("--seconds", type=int, default=0)
    args = parser.parse_args()
    lines = read(args.lines)
    folder = ROOT / "docs/performance" if args.docs else args.out
    folder.mkdir(parents=True, exist_ok=True)
    made = report(lines, folder, "performance/" if args.docs else "", args.seconds)
    if args.docs:
        page = ROOT / "docs/performance.md"
        head, _, rest = page.read_text().partition(BEGIN)
        _, _, tail = rest.partition(END)
        page.write_text(f"{head}{BEGIN}\n{made}{END}{tail}")
    else:
        page = folder / "report.md"
        page.write_text(f"# Benchmarks\n\n{made}")
    for row, words, reached, _ in goals(lines):
        mark = "-" if reached is None else "ok" if reached else "MISSED"
        print(f"{mark:7} {row.what}: {words} (goal: {row.goal})")
    print(f"bench: the report is {page.resolve().relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

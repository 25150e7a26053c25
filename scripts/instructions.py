#!/usr/bin/env python3
"""Instructions that the hot paths execute, counted by callgrind: the same on a busy machine as on a quiet one.

  instructions.py BUILD [--write]    BUILD: folder of a release build with its benchmarks

Compares with tests/bench/instructions.json and fails where a path needs 5 % more; --write replaces that file instead, which
belongs into the commit that changed a path on purpose. JSON lines on standard output.

Counts hold for one compiler and one set of libraries: the file names them, and where they differ nothing is compared (exit
77). What a program waits for is not in a count, what the kernel does neither.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
BASELINE = ROOT / "tests/bench/instructions.json"
LIMIT = 1.05

# path -> (program, functions whose cost with all that they call is added up, what the cost is divided by: the calls of a
# function, or a number of calls' units)
EXPAND = ("expander_run", "expander_digest", "expander_wants", "diff_mailbox")
PATHS = {
    "expand, digest and diff: a (user, person) pair": ("expand_bench", EXPAND, ("pairs",)),
    "encode a batch of creates: a contact": ("ews_bench", ("encode_create",), 50),
    "encode a batch of updates: a contact": ("ews_bench", ("encode_update",), 50),
    "encode a batch of deletes: a contact": ("ews_bench", ("encode_delete",), 50),
    "decode an answer to creates: a contact": ("ews_bench", ("decode_create",), 50),
    "decode a page of a listing: a contact": ("ews_bench", ("decode_page",), 250),
    "contact read from its canonical form": ("ews_bench", ("read_contact",), 50),
    "encode a message": ("message_bench", ("task_encode",), 1),
    "decode a message": ("message_bench", ("task_decode",), 1),
    "render a phone template (mean of four)": ("lava_bench", ("lava_render",), 1),
    "next fire time (mean of six schedules)": ("cron_bench", ("cron_next",), 1),
    "no-op message through a worker": ("noop_bench", ("consume_all",), ("messages",)),
}


def packages():
    """What the counts depend on beside our code."""
    names = ["gcc", "libc6", "libxml2", "libjansson4", "libcurl4", "libssl3", "libpcre2-8-0", "valgrind"]
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n", *names], capture_output=True, text=True, check=False
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def counted(lines):
    """callgrind's file: function -> (calls, instructions with all that it calls). A call is two lines: how often, what it cost."""
    names, found, target = {}, collections.defaultdict(lambda: [0, 0]), None
    calls = 0
    for line in lines:
        if line.startswith("cfn="):
            number, _, name = line[4:].strip().partition(" ")
            target = names.setdefault(number, name)
        elif line.startswith("fn="):
            number, _, name = line[3:].strip().partition(" ")
            names.setdefault(number, name)
        elif line.startswith("calls="):
            calls = int(line[6:].split()[0])
        elif calls:
            entry = found[re.sub(r"\.(isra|constprop|part)\.\d+", "", target)]
            entry[0] += calls
            entry[1] += int(line.split()[1])
            calls = 0
    return found


def run(build, program):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        done = subprocess.run(
            ["valgrind", "--quiet", "--tool=callgrind", "--compress-pos=no", f"--callgrind-out-file={out}", build / program],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "BENCH_COUNT": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"instructions: {program} ended with code {done.returncode}: {done.stderr[-800:]}")
        units = {}
        for line in done.stdout.splitlines():
            units.update({k: v for k, v in json.loads(line).items() if k in ("pairs", "messages")})
        with open(out, encoding="utf-8", errors="replace") as lines:
            return counted(lines), units


def measure(build):
    programs = sorted({program for program, _, _ in PATHS.values()})
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        seen = dict(zip(programs, pool.map(lambda p: run(build, p), programs)))
    result = {}
    for path, (program, functions, divisor) in PATHS.items():
        costs, units = seen[program]
        missing = [f for f in functions if f not in costs]
        if missing:
            sys.exit(f"instructions: {program} does not call {', '.join(missing)}")
        total = sum(costs[f][1] for f in functions)
        per = units[divisor[0]] if isinstance(divisor, tuple) else costs[functions[0]][0] * divisor
        result[path] = round(total / per, 1)
    return result


def compare(now, before):
    worse = 0
    for path, value in now.items():
        known = before.get(path)
        ratio = value / known if known else None
        print(
            json.dumps(
                {
                    "bench": "instructions",
                    "path": path,
                    "each": value,
                    "baseline": known,
                    "ratio": round(ratio, 4) if ratio else None,
                }
            ),
            flush=True,
        )
        if ratio is None or ratio > LIMIT:
            worse += 1
            print(f"instructions: {path}: {value:g}, was {known}", file=sys.stderr)
    if worse:
        print(
            f"instructions: {worse} paths need over {LIMIT - 1:.0%} more (meant so? scripts/instructions.py BUILD --write)",
            file=sys.stderr,
        )
    return 1 if worse else 0


def main():
    now, here = measure(pathlib.Path(sys.argv[1]).resolve()), packages()
    if "--write" in sys.argv[2:]:
        BASELINE.write_text(json.dumps({"packages": here, "instructions": now}, indent=1) + "\n")
        return 0
    baseline = json.loads(BASELINE.read_text())
    if baseline["packages"] != here:
        for path, value in now.items():
            print(json.dumps({"bench": "instructions", "path": path, "each": value}))
        other = sorted(n for n in {*here, *baseline["packages"]} if here.get(n) != baseline["packages"].get(n))
        print(f"skipped: counted only, the baseline is of other versions: {', '.join(other)}")
        return 77
    return compare(now, baseline["instructions"])


if __name__ == "__main__":
    sys.exit(main())

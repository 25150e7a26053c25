"""Reads ctest's JUnit file; names what failed (with output) and what was skipped (with the reason); writes the counts.

tally.py JUNIT COUNTS: COUNTS gets one line "passed failed skipped". A Criterion program counts by its test cases, any
other program as one.
"""
import re
import sys
import xml.etree.ElementTree as xml

SYNTHESIS = re.compile(r"Synthesis: Tested: \d+ \| Passing: (\d+) \| Failing: (\d+)")
SKIP = re.compile(r"\[SKIP\] (.*?)\s*$", re.M)
NOISE = re.compile(r"^\[(RUN |PASS|SKIP)\]|^\[====\] Running|^\[----\] Criterion")


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no reason given"


def judge(case):
    """Returns (passed, failed, skipped) of one test program, having printed what is worth knowing."""
    name, status = case.get("name"), case.get("status")
    output = case.findtext("system-out") or ""
    if case.find("skipped") is not None:
        print(f"skipped: {name}: {last_line(output).removeprefix('skipped: ')}")
        return 0, 0, 1
    if status == "disabled":
        print(f"skipped: {name}: disabled")
        return 0, 0, 1
    skips = SKIP.findall(output)
    for skip in skips:
        print(f"skipped: {name}: {skip}")
    counted = SYNTHESIS.search(output)
    passed, failed = map(int, counted.groups()) if counted else (1, 0)
    if status == "fail":
        print(f"--- FAILED {name}")
        print("\n".join(line for line in output.splitlines() if not NOISE.match(line)))
        # A program that died or overran its time has no count, or a count that knows nothing of it.
        passed, failed = (passed, max(failed, 1)) if counted else (0, 1)
    return passed, failed, len(skips)


totals = [0, 0, 0]
for case in xml.parse(sys.argv[1]).getroot().iter("testcase"):
    totals = [a + b for a, b in zip(totals, judge(case))]
with open(sys.argv[2], "w", encoding="ascii") as out:
    print(*totals, file=out)

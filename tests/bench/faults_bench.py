#!/usr/bin/env python3
"""faults_bench: seeded fault schedules of whole installations (tests/crash): how many a second, and what they found. FAULTS=N: seeds 1 to N."""
import os
import subprocess
import sys
import time

from lib_bench import say
from lib_program import BUILD


def main():
    program = BUILD / "crash_world_test"
    if not program.exists():
        print("skipped: no crash_world_test in the build folder")
        sys.exit(77)
    count = int(os.environ.get("FAULTS", "2000"))
    begin = time.monotonic()
    done = subprocess.run([program, "--seeds", f"1-{count}"], capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begin
    say("faults", schedules=count, violations=0 if done.returncode == 0 else done.stdout.count("violat") or 1, seconds=seconds,
        per_s=count / seconds, says=done.stdout.strip().splitlines()[-1][:200])
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The job: real programs on a schedule of every two seconds; producers that are killed in the middle of it."""
import datetime
import json
import random
import subprocess

from lib_program import BUILD, environment, need, until
from lib_run import main, needs_kafka
from lib_site import ROOT, Site

EVERY = 2
SCHEDULE = {"job__active": "true", "job__cron": f"*/{EVERY} * * ? * *", "rock__time_zone": "America/New_York"}
SMALL = {"people": 60, "users": 3}


def runs(site):
    """The rows of scheduled runs, oldest first: fire time (Unix s), state, seconds from fire time to start, message."""
    rows = site.sql("SELECT extract(epoch FROM fire_at)::bigint, state,"
                    " coalesce(extract(epoch FROM started_at - fire_at), -1), message"
                    " FROM run WHERE trigger = 'cron' ORDER BY id").splitlines()
    return [(int(f), state, float(late), message) for f, state, late, message in (r.split("|", 3) for r in rows)]


def check_once(site):
    """No fire time has two runs, all lie on the schedule, runs do not overlap."""
    all_runs = runs(site)
    fires = [r[0] for r in all_runs]
    need(len(fires) == len(set(fires)), f"a fire time was run twice: {fires}")
    need(fires == sorted(fires), f"fire times out of order: {fires}")
    need(all(f % EVERY == 0 for f in fires), f"not a time of the schedule: {fires}")
    overlaps = int(site.sql("SELECT count(*) FROM run a JOIN run b ON a.id < b.id AND b.started_at < a.finished_at"))
    need(overlaps == 0, f"{overlaps} runs overlapped")
    return all_runs


def succeeded(site):
    return [r for r in runs(site) if r[1] == "success"]


def state_of(program):
    """The producer's part of /debug/state; empty while it starts."""
    return json.loads(program.page("/debug/state")).get("producer", {}) if program.alive() else {}


def leads(program):
    return state_of(program).get("leading", False)


def cron(*arguments):
    done = subprocess.run([str(BUILD / "contact-sync"), "cron", *arguments], capture_output=True, text=True, timeout=60,
                          env=environment(), stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def schedules_by_hand():
    """contact-sync cron: next times, words, vectors; a wrong schedule costs code 65 and a mark under the place"""
    code, out, err = cron("next", "0 30 2 * * ?", "--tz", "Eastern Standard Time", "--after", "2024-03-09T12:00:00Z",
                          "--count", "2")
    need((code, err) == (0, "") and out.split() == ["2024-03-10T03:30:00-04:00", "2024-03-11T02:30:00-04:00"],
         f"next: {code} {out}{err}")
    code, out, _ = cron("next", "0 0 1 ? * MON-FRI *", "--after", "2026-11-20T00:30", "--json")
    need(code == 64, f"a time without seconds: {code}")
    code, out, _ = cron("next", "0 0 1 ? * MON-FRI *", "--after", "2026-11-20T00:30:00", "--json", "--count=1")
    need(code == 0 and json.loads(out)["next"] == ["2026-11-20T01:00:00Z"], f"next --json: {code} {out}")
    need(cron("explain", "0 0 1 ? * MON-FRI *")[:2] == (0, "Monday to Friday at 01:00\n"), "explain")
    code, out, err = cron("explain", "0 0 1 ? * MON-FUN")
    need(code == 65 and not out, f"a wrong schedule: {code} {out}")
    said = err.splitlines()
    need("day of week" in said[0] and said[2].index("^") == said[1].index("FUN"), f"no mark under FUN:\n{err}")
    code, _, err = cron("next", "0 0 1 * * ?", "--tz", "Mars/Olympus")
    need(code == 65 and "Mars/Olympus" in err, f"a wrong zone: {code} {err}")
    for arguments in ((), ("next",), ("next", "0 0 1 * * ?", "--count", "0"), ("explain",), ("dance",)):
        need(cron(*arguments)[0] == 64, f"cron {arguments}: not a usage error")
    code, out, _ = cron("vectors", str(ROOT / "tests/golden/cron/quartz-public.json"))
    need((code, out) == (0, "2080 passed, 0 failed\n"), f"vectors: {code} {out[-300:]}")


def fires_on_time():
    """up runs by the schedule, each time once and at its time; status, /debug/state and runs tell"""
    with Site("fires", kafka=False, settings=SCHEDULE, **SMALL) as site:
        up = site.up()
        until("three scheduled runs", lambda: len(succeeded(site)) >= 3, 60)
        late = [r[2] for r in check_once(site)[1:] if r[1] == "success"]
        need(max(late) < 5, f"started late: {late}")  # on a machine that does much else
        state = state_of(up)["job"]
        need(state["active"] and state["zone"] == "America/New_York" and state["next"], f"/debug/state: {state}")
        status = site.cs("status")
        need("job: Every 2 seconds (America/New_York), next 20" in status, f"status: {status}")
        need(json.loads(site.cs("status", "--json"))["job"]["cron"] == "*/2 * * ? * *", "status --json")
        text = site.cs("runs", "--limit", "2")
        need(text.count("schedule: ") == 2 and "users" in text, f"runs: {text}")
        asked = site.ask()
        until("the run that was asked for", lambda: site.planned(asked))
        history = json.loads(site.cs("runs", "--json"))
        need({r["asked_by"] for r in history} == {"schedule", "command line"}, f"asked by: {history[:3]}")
        past = next(r for r in history if r["status"] == "success" and r["asked_by"] == "schedule")
        fire, begin, end = (datetime.datetime.fromisoformat(past[k]) for k in ("fire_time", "start", "end"))
        need(fire <= begin <= end and past["counts"]["users"] == 3 and past["message"], f"history: {past}")
        check_once(site)
        return f"{len(succeeded(site))} runs, latest start {max(late):.2f} s after its time"


def off_as_shipped():
    """Without job.active nothing runs by itself, and status says so"""
    with Site("off", kafka=False, **SMALL) as site:
        up = site.up()
        until("the producer leads", lambda: leads(up), 30)
        state = state_of(up)["job"]
        need(not state["active"] and state["next"] is None, f"/debug/state: {state}")
        need(state["description"] == "Monday to Friday at 01:00", f"/debug/state: {state}")
        need("job: off (job.active = false)" in site.cs("status"), "status does not say that the job is off")
        need("no run yet" in site.cs("runs"), "runs: something ran")


def one_killed_the_other_goes_on():
    """Two producers, the leading one killed again and again: the other takes over, no fire time is run twice"""
    needs_kafka()
    kills = 5
    pick = random.Random(7)
    with Site("takeover", kafka=True, settings=SCHEDULE, **SMALL) as site:
        site.rock.post("settings", {"latency_ms": 50})  # a run takes long enough to be met
        producers = [site.producer(), site.producer()]
        for _ in range(kills):
            leader = until("one leads", lambda: next((p for p in producers if leads(p)), None), 60)
            before, wanted = len(succeeded(site)), pick.randint(1, 2)
            until("it runs", lambda b=before, w=wanted: len(succeeded(site)) >= b + w, 60)
            if pick.random() < 0.6:
                until("a run is under way", lambda: site.sql("SELECT 1 FROM run WHERE state = 'running'"), 30)
            leader.kill()
            producers = [p for p in producers if p is not leader]
            producers.append(site.producer())
        before = len(succeeded(site))
        until("it goes on", lambda: len(succeeded(site)) >= before + 2, 60)
        all_runs = check_once(site)
        failed = [r for r in all_runs if r[1] == "failed"]
        need(all("producer stopped" in r[3] for r in failed), f"failed runs: {failed}")
        need(len(failed) <= kills, f"{len(failed)} failed runs, {kills} kills")
        gap = max(b[0] - a[0] for a, b in zip(all_runs, all_runs[1:]))
        return f"{kills} kills, {len(all_runs)} runs, {len(failed)} cut off, longest gap {gap} s"


def two_at_once():
    """Two up processes over one database: one runs the schedule; the other takes over when it is stopped"""
    with Site("two-up", kafka=False, settings=SCHEDULE, **SMALL) as site:
        first = site.up()
        until("the first runs", lambda: len(succeeded(site)) >= 1, 60)
        second = site.up()
        until("both are there", lambda: state_of(second) and len(succeeded(site)) >= 3, 60)
        need(leads(first) and not leads(second), "the second one leads")
        need(first.stop() == 0, "the first one did not end well")
        before = len(succeeded(site))
        until("the second runs", lambda: leads(second) and len(succeeded(site)) >= before + 2, 60)
        return f"{len(check_once(site))} runs"


if __name__ == "__main__":
    main([schedules_by_hand, fires_on_time, off_as_shipped, one_killed_the_other_goes_on, two_at_once], at_once=2)

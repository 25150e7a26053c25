"""The faults of the matrix. Each is a generator that gets a rig: it asks for the phase's work (rig.begin), strikes while the
work is under way, mends, and yields what shows that it hit. After that the rig ends exact; what follows the yield looks at
the end. `Missed`: the fault did not hit, the cell is run again.

The table at the end names the lane (faults of one lane run one after the other, lanes beside each other) and what each
fault is, in words.
"""
import email.utils
import os
import pathlib
import resource
import subprocess
import time
import urllib.request

import lib_kafka
from lib_matrix import PARTITIONS, Missed, run
from lib_program import need, until
from lib_run import Skip

ROOM = 128  # KiB that a worker may still take
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def hit(**evidence):
    """What shows that the fault hit; each number has to be above 0."""
    for name, n in evidence.items():
        if not n:
            raise Missed(f"{name} is {n}")
    return evidence


# --- programs ---


def worker_killed(rig):
    """A worker gets SIGKILL with requests out"""
    rig.begin()
    rig.under_way()
    rig.struck()
    rig.victim.kill()
    yield hit(writes_open_at_death=rig.open_writes())


def worker_frozen(rig):
    """A worker gets SIGSTOP with requests out, past its lease, then SIGCONT while its successor is at work"""
    rig.begin()
    rig.under_way()
    rig.struck()
    zombie = rig.victim
    owner = zombie.debug()["worker"]["owner"]
    zombie.freeze()
    open_writes = rig.open_writes()
    theirs = rig.rows(f"SELECT count(*) FROM mailbox WHERE lease_owner = '{owner}' AND lease_until > now()")
    taken = f"SELECT {theirs} - count(*) FROM mailbox WHERE lease_owner = '{owner}'"
    until("another worker has taken one of its mailboxes", lambda: rig.rows(taken) > 0, 30)
    zombie.thaw()
    yield hit(writes_open=open_writes, leases=theirs)
    until("the woken worker finds its leases gone", lambda: zombie.metric("contact_sync_fenced_total") > 0, 30)


def producer_killed(rig):
    """The leading producer gets SIGKILL: messages out and not yet noted (load), rows just committed (update), a Clear just
    asked for; a second producer stands by"""
    standby = rig.site.producer(name="standby").ready()
    leader = rig.producer
    until("the producer leads", lambda: leader.metric("contact_sync_leading") == 1, 30)
    if rig.phase == "load":
        with rig.site.inserts_wait("offer_end"):
            rig.begin()
            until("the note of what was published waits", rig.site.inserts_waiting, 30)
            rig.struck()
            leader.kill()
            left = rig.left()
        rig.site.sql("DROP TRIGGER wait ON offer_end; DROP FUNCTION wait_offer_end()")
    else:
        rig.begin()
        until("rows are committed", lambda: rig.left() > 0, 30)
        rig.struck()
        leader.kill()
        left = rig.left()
    rig.producer = standby
    state = rig.site.sql(f"SELECT state FROM run WHERE id = {rig.asked[-1]}") if rig.asked else "none"
    yield {**hit(changes_left=left), "run_at_the_kill": state}
    need(standby.metric("contact_sync_leading") == 1, "the second producer does not lead")


def workers_join_and_leave(rig):
    """A third worker joins, then the first one is told to stop: partitions move twice"""
    rig.begin()
    rig.under_way()
    rig.struck()
    third = rig.site.worker(name="third").ready()
    moved = until("partitions are with the third worker", third.partitions, 30)
    busy = rig.left()
    took = rig.victim.stopwatch_stop()
    rig.victim = third
    until("all partitions are held", lambda: third.partitions() + rig.second.partitions() == 2 * PARTITIONS, 30)
    yield {**hit(partitions_moved=moved, changes_left=busy), "seconds_to_stop": round(took, 2)}


def clock_jumps(rig):
    """The clock of one worker jumps: an hour ahead (load), an hour back (update), a day ahead (clear)"""
    if not pathlib.Path(FAKETIME).exists():
        raise Skip("no libfaketime (Debian: faketime)")
    clock = rig.site.folder / "clock"
    clock.write_text("+0\n")
    shim = rig.site.folder / "faketime_cnd.so"
    run("cc", "-shared", "-fPIC", "-O1", "-o", shim, pathlib.Path(__file__).with_name("faketime_cnd.c"))
    rig.victim_env = {"LD_PRELOAD": f"{shim} {FAKETIME}", "FAKETIME_TIMESTAMP_FILE": str(clock),
                      "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    rig.victim.stop()
    rig.programs()
    jump = {"load": 3600, "update": -3600, "clear": 86400}[rig.phase]
    rig.begin()
    rig.under_way()
    rig.struck()
    clock.write_text(f"{jump:+d}\n")
    seen = skew(rig.victim)
    if abs(seen - jump) > 60:
        raise Missed(f"the worker's clock is off by {seen:.0f} s, not by {jump} s")
    yield {"seconds_off": round(seen)}
    need(rig.victim.alive(), "the worker ended")
    rig.victim.stop()
    rig.victim_env = {}


def skew(program):
    """Seconds that the program's idea of the time is off, by the date of its pages."""
    with urllib.request.urlopen(f"http://127.0.0.1:{program.listening()}/livez", timeout=10) as answer:
        return email.utils.mktime_tz(email.utils.parsedate_tz(answer.headers["Date"])) - time.time()


def out_of_memory(rig):
    """One worker gets hardly more memory from the system than it has at rest (RLIMIT_AS)"""
    rig.victim.stop()  # one that has worked has room of its own
    rig.programs()
    pid = rig.victim.process.pid
    with open(f"/proc/{pid}/statm", "rb") as f:
        now = int(f.read().split()[0]) * resource.getpagesize()
    most = now + (ROOM << 10)
    resource.prlimit(pid, resource.RLIMIT_AS, (most, most))
    rig.begin()
    rig.struck()
    until("the worker ran out of memory", lambda: not rig.victim.alive() or rig.rows_rest(), 60)
    if rig.victim.alive():
        raise Missed("the worker had memory enough")
    yield {**hit(changes_left=rig.left()), "writes_open": rig.open_writes(), "ended_with": rig.victim.process.returncode,
           "last_line": last_line(rig.victim)}
    need(rig.victim.process.returncode != 0, "it ended with code 0")


def last_line(program):
    lines = [line for line in program.text().splitlines() if line.strip()]
    return lines[-1][-120:] if lines else ""


# --- brokers ---


def broker_killed(rig):
    """The broker that leads most partitions gets SIGKILL and comes back"""
    topic = rig.site.settings["kafka.topic_prefix"] + "contact-sync.tasks"
    rig.begin()
    rig.under_way(sending=False)
    with lib_kafka.consumer(rig.cluster.direct) as kafka:
        found = kafka.leaders(topic)
    need(all(replicas == 3 for _, replicas, _ in found.values()), f"the topic has not three replicas: {found}")
    led = [leader for leader, _, _ in found.values()]
    node = max(set(led), key=led.count)
    rig.struck()
    rig.cluster.kill_node(node)
    left = rig.left()
    rig.cluster.start_node(node)
    yield hit(partitions_led=led.count(node), changes_left=left)
    with lib_kafka.consumer(rig.cluster.direct) as kafka:
        until("all replicas are in step", lambda: all(n == 3 for _, _, n in kafka.leaders(topic).values()), 60)


def kafka_wire(fault, seconds=4.0, **members):
    def strike(rig):
        rig.begin()
        rig.under_way()
        rig.struck()
        rig.cluster.be(fault, **members)
        rig.stay(seconds)
        yield hit(**rig.cluster.heal())
        until("both workers have partitions again", lambda: rig.victim.partitions() == rig.second.partitions(), 60)

    return strike


def worker_cut_off(rig):
    """Nothing gets through between one worker and Exchange, PostgreSQL and Kafka, all at once, for longer than its lease"""
    wires = (rig.exchange, rig.postgres, rig.cluster)
    rig.begin()
    rig.under_way()
    rig.struck()
    for wire in wires:
        wire.be("blackhole")
    rig.stay(5)
    swallowed = [wire.heal().get("swallowed", 0) for wire in wires]
    yield hit(**dict(zip(("from_exchange", "from_postgres", "from_kafka"), swallowed)))


# --- Exchange ---


def exchange_wire(fault, seconds=4.0, settles=False, **members):
    def strike(rig):
        rig.begin()
        rig.under_way()
        rig.struck()
        rig.exchange.be(fault, **members)
        rig.stay(seconds)
        evidence = hit(**rig.exchange.heal())
        yield evidence
        if settles and rig.phase == "load":
            rig.evidence.update(hit(settled=rig.since("settled")))

    return strike


def answers_lost(rig):
    """Exchange does what it is asked and the answer is lost, one in three, for both workers"""
    for op in ("CreateItem", "UpdateItem", "DeleteItem"):
        rig.site.fault("drop_after_save", op=op, times=6, probability=0.33)
    rig.begin()
    rig.struck()
    rig.under_way(sending=False)
    yield {}
    lost = rig.site.stats()["faults"].get("drop_after_save", 0)
    rig.evidence.update(hit(answers_lost=lost))
    rig.site.exchange.delete("faults")
    if rig.phase == "load":
        rig.evidence.update(hit(settled=rig.since("settled")))


# --- PostgreSQL ---


def postgres_wire(fault, seconds=4.0, **members):
    def strike(rig):
        rig.begin()
        rig.under_way()
        rig.struck()
        rig.postgres.be(fault, **members)
        rig.stay(seconds)
        yield hit(**rig.postgres.heal())

    return strike


def postgres_restarted(rig):
    """PostgreSQL is stopped as by a crash (immediate mode), and started two seconds later"""
    rig.begin()
    rig.under_way()
    left = rig.left()
    rig.struck()
    rig.pg.kill()
    rig.stay(2)
    rig.pg.start()
    yield hit(changes_left=left)


def disk_full(rig):
    """The disk of PostgreSQL is full for three seconds; when it can write no log it goes down, and is started again"""
    rig.begin()
    rig.under_way()
    before = rig.pg.log().count("No space left on device")
    rig.struck()
    rig.disk.fill()
    rig.stay(1.5)
    if rig.pg.log().count("No space left on device") == before:
        subprocess.run(["psql", "-X", "-q", "-d", rig.site.dsn, "-c", "SELECT pg_switch_wal()"], capture_output=True,
                       timeout=20, check=False)  # what it still had room for is used up
    rig.stay(1.5)
    refused = rig.pg.log().count("No space left on device") - before
    rig.disk.empty()
    down = "shut down" in rig.pg.log().splitlines()[-1] or not answers(rig)
    rig.pg.start()
    yield {**hit(writes_refused=refused), "server_went_down": int(down)}


def answers(rig):
    try:
        return rig.rows("SELECT 1") == 1
    except OSError:
        return False


# --- Rock ---


def rock_away(rig):
    """Rock answers with errors while a run reads; back again, the run is asked for again"""
    before = rig.site.rock.get("stats")["faults"]
    rig.site.rock_fault("error", times=0)
    rig.begin()
    rig.struck()
    if rig.phase == "clear":
        rig.asked.append(rig.site.ask())
    else:
        state, _ = rig.site.planned(rig.asked[-1])
        need(state == "failed", f"the run is {state} although Rock was away")
        need(rig.since("written") == 0, "something was written although Rock was away")
    seen = until("Rock was asked", lambda: rig.site.rock.get("stats")["faults"] - before, 20)
    if rig.phase == "clear":
        rig.site.planned(rig.asked.pop())
    rig.site.rock.delete("faults")
    yield hit(refused=seen)


# name -> (lane, act, what it is). Lanes "a".. run beside each other, "alone" after them.
FAULTS = {
    "worker_killed": ("a", worker_killed, None),
    "worker_frozen": ("a", worker_frozen, None),
    "producer_killed": ("a", producer_killed, None),
    "workers_join_and_leave": ("a", workers_join_and_leave, None),
    "clock_jumps": ("a", clock_jumps, None),
    "out_of_memory": ("a", out_of_memory, None),
    "exchange_delay": ("b", exchange_wire("delay", ms=400, jitter=300),
                       "Every piece between one worker and Exchange comes 0.4 to 0.7 s late"),
    "exchange_resets": ("b", exchange_wire("resets", 2.5, settles=True),
                        "Connections of one worker to Exchange are reset when the answer comes"),
    "exchange_refuses": ("b", exchange_wire("refuse", 2.5), "Connections of one worker to Exchange are reset before it reads"),
    "exchange_blackhole": ("b", exchange_wire("blackhole"), "Nothing gets through between one worker and Exchange"),
    "exchange_half_open": ("b", exchange_wire("half_open", settles=True),
                           "Requests of one worker reach Exchange, no answer comes back"),
    "exchange_drip": ("b", exchange_wire("drip", bytes=64, ms=40), "Answers of Exchange drip, 64 bytes at a time"),
    "answers_lost": ("b", answers_lost, None),
    "postgres_delay": ("c", postgres_wire("delay", ms=100, jitter=100),
                       "Every piece between one worker and PostgreSQL comes 0.1 to 0.2 s late"),
    "postgres_resets": ("c", postgres_wire("resets", 2.5), "Connections of one worker to PostgreSQL are reset"),
    "postgres_blackhole": ("c", postgres_wire("blackhole"), "Nothing gets through between one worker and PostgreSQL"),
    "postgres_half_open": ("c", postgres_wire("half_open"),
                           "Statements of one worker reach PostgreSQL, no result comes back"),
    "postgres_restarted": ("c", postgres_restarted, None),
    "rock_away": ("c", rock_away, None),
    "kafka_delay": ("d", kafka_wire("delay", ms=150, jitter=150),
                    "Every piece between one worker and Kafka comes 0.15 to 0.3 s late"),
    "kafka_resets": ("d", kafka_wire("resets", 2.5), "Connections of one worker to Kafka are reset"),
    "kafka_blackhole": ("d", kafka_wire("blackhole"), "Nothing gets through between one worker and Kafka"),
    "kafka_half_open": ("d", kafka_wire("half_open"), "Requests of one worker reach Kafka, no answer comes back"),
    "worker_cut_off": ("d", worker_cut_off, None),
    "disk_full": ("d", disk_full, None),
    "broker_killed": ("alone", broker_killed, None),
}


THROUGH_KAFKA_PROXIES = {name for name in FAULTS if name.startswith("kafka_")} | {"worker_cut_off"}


def text_of(name):
    return " ".join((FAULTS[name][2] or FAULTS[name][1].__doc__).split())


ROOT_ONLY = os.geteuid() == 0

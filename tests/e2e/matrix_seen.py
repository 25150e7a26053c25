"""What an operator sees of a fault: lines of the programs' logs, counters that moved, programs that were not ready."""
import re
import threading
import urllib.error

from lib_program import METRIC

COUNTERS = (
    "contact_sync_fenced_total", "contact_sync_settled_total", "contact_sync_redriven_total",
    "contact_sync_assignment_lost_total", "contact_sync_source_errors_total", "contact_sync_breaker_open",
    "contact_sync_parked_total", "contact_sync_items_total", "contact_sync_runs_total", "contact_sync_rebalances_total",
)
TROUBLE = re.compile(r"level=(?:warn|error) .*?event=(?:\"([^\"]*)\"|(\S+))(?:.* code=(\S+))?")
QUIET = ("kafka client",)  # librdkafka's own words, said at each start
LOOK = 0.3  # seconds between two looks at whether a program is ready


def counters(program):
    """The interesting ones, by name; of contacts only those whose outcome was not plain success."""
    found = {}
    for line in program.page("/metrics").splitlines():
        m = METRIC.match(line)
        if not m or m.group(1) not in COUNTERS or not float(m.group(3)):
            continue
        name, labels = m.group(1), m.group(2) or ""
        if name == "contact_sync_items_total":
            if not re.search('outcome="(unknown|retry[a-z_]*)"', labels):
                continue
            name += "{" + re.search('outcome="[a-z_]*"', labels).group(0) + "}"
        if name == "contact_sync_runs_total":
            if "failed" not in labels:
                continue
            name += '{result="failed"}'
        found[name] = found.get(name, 0) + float(m.group(3))
    return found


class Watch:
    """Looks at programs from start() to what(). programs: name -> Program."""

    def __init__(self, programs):
        self.programs = programs
        self.sizes = {name: p.log.stat().st_size for name, p in programs.items()}
        self.before = {name: self.counters_of(p) for name, p in programs.items()}
        self.not_ready, self.over = set(), threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    @staticmethod
    def counters_of(program):
        try:
            return counters(program) if program.alive() else {}
        except OSError:
            return {}

    def look(self):
        while not self.over.wait(LOOK):
            for name, program in self.programs.items():
                try:
                    if program.alive() and name not in self.not_ready:
                        program.page("/readyz")
                except urllib.error.HTTPError:
                    self.not_ready.add(name)
                except OSError:
                    pass

    def what(self):
        """Ends the looking; {"log": [...], "metrics": [...], "not_ready": [...]}."""
        self.over.set()
        self.thread.join(15)
        said, moved = set(), set()
        for name, program in self.programs.items():
            with open(program.log, "rb") as f:
                f.seek(self.sizes[name])
                text = f.read().decode(errors="replace")
            for m in TROUBLE.finditer(text):
                event = m.group(1) or m.group(2)
                if event not in QUIET:
                    said.add(event + (f" ({m.group(3)})" if m.group(3) else ""))
            now = self.counters_of(program)
            moved |= {n for n, v in now.items() if v > self.before[name].get(n, 0)}
        return {"log": sorted(said), "metrics": sorted(moved), "not_ready": sorted(self.not_ready)}

#!/usr/bin/env python3
"""mutate.py: would the unit tests notice? Changes one thing at a time in a module, and runs the module's tests.

usage: scripts/mutate.py [--module NAME].. [--limit N] [--json] [--build DIR] [--at-least PERCENT] [--nice N] [--list]

  --module NAME      only this module (a name of MODULES below); may be repeated
  --limit N          of each module N changes, evenly spread over the file
  --json             one JSON object a line: each change, then each module's sum
  --build DIR        a build folder whose objects and libraries are linked (default: build/dev)
  --at-least PERCENT exit 1 when a module's score is below (default: 80)
  --nice N           how far to step behind others (default: 5)
  --list             print the changes and run nothing

How: the module's file becomes a shared object, and each test program of the module is linked once against that instead of
the library's member. A change is then one compilation and one small link; nothing in the build folder is written. A change
that the optimizer turns into the very same instructions is no change and not counted ("same"); changes that no test can
see are named with the reason in scripts/mutate-equivalent.txt. A test that fails, crashes or runs over its time has noticed.
Not tried: what stands in assert() and sizeof(), how much room is asked for, and leaving out a release: leaks and overruns
are for ./run.sh test --asan to notice; and hints to the processor, which change nothing but time.
The order is that of the file, every time. Score: noticed / (all - same - equivalent - did not compile).
"""
import argparse
import hashlib
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = os.path.join(ROOT, "build", "mutate")
EQUIVALENT = os.path.join(ROOT, "scripts", "mutate-equivalent.txt")

MODULES = {  # name: (file, test programs; the one that notices most comes first)
    "expand": ("common/core/expand.c", ["unit_expand_test"]),
    "diff": ("common/core/diff.c", ["unit_diff_test"]),
    "guard": ("common/core/guard.c", ["unit_guard_test"]),
    "retry": ("common/core/retry.c", ["unit_retry_test"]),
    "outcome": ("common/core/outcome.c", ["unit_outcome_test"]),
    "aimd": ("common/core/aimd.c", ["unit_aimd_test"]),
    "audit": ("common/core/audit.c", ["unit_audit_test"]),
    "batch": ("worker/batch.c", ["unit_worker_batch_test"]),
    "ews_error": ("worker/ews/ews_error.c", ["unit_ews_error_test"]),
    "settle": ("worker/settle.c", ["unit_worker_settle_test", "unit_worker_settle_hand_test"]),
    "settle_all": ("worker/settle_all.c", ["unit_worker_settle_test", "unit_worker_settle_hand_test"]),
}

# --- reading C -------------------------------------------------------------------------------------------------------

TOKEN = re.compile(
    r"(?P<skip>\s+|/\*.*?\*/|//[^\n]*|^[ \t]*\#(?:[^\n\\]|\\.)*)"
    r"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')"
    r"|(?P<number>0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*)"
    r"|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)",
    re.S | re.M,
)
OPENS, CLOSES = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}
SWAPS = {
    "<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"], "==": ["!="], "!=": ["=="],
    "&&": ["||"], "||": ["&&"], "+": ["-"], "-": ["+"], "*": ["/"], "/": ["*"], "%": ["/"], "<<": [">>"], ">>": ["<<"],
    "&": ["|"], "|": ["&"], "^": ["&"], "+=": ["-=", "="], "-=": ["+="], "*=": ["/="], "|=": ["=", "&="], "&=": ["=", "|="],
    "++": ["--"], "--": ["++"],
}  # fmt: skip
ALSO_UNARY = {"+", "-", "*", "&"}
TYPE_WORDS = {"const", "static", "struct", "enum", "union", "unsigned", "signed", "int", "long", "char", "bool", "void",
              "double", "typedef", "extern"}  # fmt: skip
NOT_A_STATEMENT = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "goto"}
NOT_TRIED = {"assert", "sizeof", "static_assert", "_Static_assert", "xalloc", "xrealloc", "arena_alloc", "vec_reserve",
             "__builtin_prefetch", "prefetch"}  # fmt: skip
FAMILY = re.compile(r"(OUT|SCOPE|WHEN|STORE|BATCH|INTENT|LINK|SETTLE|AUDIT|DIFF|EWS)_[A-Z_]+$")


class Token:
    def __init__(self, kind, text, start):
        self.kind, self.text, self.start, self.end = kind, text, start, start + len(text)
        self.mate = None  # index of the bracket that belongs to it


def tokens_of(source):
    tokens, stack = [], []
    for m in TOKEN.finditer(source):
        if m.lastgroup == "skip":
            continue
        t = Token(m.lastgroup, m.group(), m.start())
        if t.kind == "op" and t.text in OPENS:
            stack.append(len(tokens))
        elif t.kind == "op" and t.text in CLOSES:
            t.mate = stack.pop()
            tokens[t.mate].mate = len(tokens)
        tokens.append(t)
    return tokens


def functions_of(tokens):
    """(first token of the type, name, index of '{', index of '}') of each function."""
    found, start, i = [], 0, 0
    while i < len(tokens):
        t = tokens[i]
        if t.text == "{":
            if i and tokens[i - 1].text == ")":
                opening = tokens[i - 1].mate
                found.append((start, opening - 1, i, t.mate))
                start = t.mate + 1
            i = t.mate
        elif t.text == ";":
            start = i + 1
        i += 1
    return found


class Mutants:
    """The changes of one file, as (start, end, replacement, operator, function)."""

    def __init__(self, source):
        self.source, self.t = source, tokens_of(source)
        self.changes = []
        self.where = "file"
        self.result = ""
        inside = set()
        for first, name, opening, closing in functions_of(self.t):
            inside.update(range(first, closing + 1))
            self.where = self.t[name].text
            self.result = source[self.t[first].start : self.t[name].start]
            self.body(opening, closing)
        self.where = "file"
        self.tables([i for i in range(len(self.t)) if i not in inside])
        self.changes.sort(key=lambda c: (c[0], c[1], c[2]))

    def add(self, first, last, text, operator):
        """Tokens first..last become text."""
        self.changes.append((self.t[first].start, self.t[last].end, text, operator, self.where))

    def text(self, first, last):
        return self.source[self.t[first].start : self.t[last].end]

    def body(self, opening, closing):
        quiet, i = self.quiet_tokens(opening, closing), opening
        for i in range(opening + 1, closing):
            if i in quiet:
                continue
            t = self.t[i]
            if t.kind == "number":
                self.number(i)
            elif t.kind == "op":
                self.operator(i, quiet)
            elif t.text in ("true", "false"):
                self.add(i, i, "false" if t.text == "true" else "true", "constant")
            elif t.text in ("if", "while") and self.t[i + 1].text == "(":
                end = self.t[i + 1].mate
                self.add(i + 1, end, f"(!{self.text(i + 1, end)})", "negated condition")
            elif t.text == "return":
                self.returned(i)
            elif t.text in ("case", "default"):
                self.label(i)
            if self.starts_statement(i):
                self.statement(i)

    def quiet_tokens(self, opening, closing):
        """What is inside of NOT_TRIED; marks what stands in the head of a for."""
        quiet, self.heads = set(), set()
        for i in range(opening, closing):
            word = self.t[i].text
            if word in NOT_TRIED and self.t[i + 1].text == "(":
                quiet.update(range(i, self.t[i + 1].mate + 1))
            elif word == "for" and self.t[i + 1].text == "(":
                self.heads.update(range(i, self.t[i + 1].mate + 1))
        return quiet

    def number(self, i):
        digits = self.t[i].text.rstrip("uUlL")
        suffix, value = self.t[i].text[len(digits) :], int(digits, 0)
        self.add(i, i, f"{value + 1}{suffix}", "constant")
        if value:
            self.add(i, i, f"{value - 1}{suffix}", "constant")

    def is_binary(self, i):
        before = self.t[i - 1]
        if before.text == ")" and self.t[i].text in ALSO_UNARY:  # not behind a cast
            first = self.t[before.mate + 1].text
            return not (first in TYPE_WORDS or re.fullmatch(r"u?int\d+_t|uintptr_t|size_t", first))
        return before.kind in ("number", "name", "text") and before.text not in ("return", "case") or before.text in (")", "]")

    def is_pointer(self, i):
        """A '*' or '&' that belongs to a declaration."""
        j = i - 1
        while self.t[j].text == "*":
            j -= 1
        first = j - 1 if self.t[j].kind == "name" else j
        return self.t[first].text in ("struct", "const", "enum") or self.t[j].text in TYPE_WORDS

    def operator(self, i, quiet):
        t = self.t[i]
        if t.text == "!":
            self.add(i, i, "", "negation removed")
        elif t.text == "?":
            self.ternary(i)
        elif t.text in SWAPS:
            if t.text in ALSO_UNARY and (not self.is_binary(i) or self.is_pointer(i)):
                return
            if t.text in ("++", "--") and i in self.heads:
                return
            for other in SWAPS[t.text]:
                self.add(i, i, other, "operator")

    def ternary(self, i):
        depth, j = 0, i + 1
        while depth or self.t[j].text != ":":
            depth += {"?": 1, ":": -1}.get(self.t[j].text, 0)
            j = self.t[j].mate + 1 if self.t[j].text in OPENS else j + 1
        end = j + 1
        while self.t[end].text not in (";", ",", ":") and self.t[end].text not in CLOSES:
            end = self.t[end].mate + 1 if self.t[end].text in OPENS else end + 1
        yes, no = self.text(i + 1, j - 1), self.text(j + 1, end - 1)
        self.add(i + 1, end - 1, f"({no}) : ({yes})", "arms swapped")

    def returned(self, i):
        if self.t[i + 1].text == ";":
            self.add(i, i + 1, ";", "statement removed")
            return
        end = i + 1
        while self.t[end].text != ";":
            end = self.t[end].mate + 1 if self.t[end].text in OPENS else end + 1
        value = self.text(i + 1, end - 1)
        if "bool" in self.result.split():
            if value not in ("true", "false"):
                self.add(i + 1, end - 1, f"!({value})", "returned value")
        elif "*" in self.result:
            if value != "NULL":
                self.add(i + 1, end - 1, "NULL", "returned value")
        elif "struct" not in self.result and not re.fullmatch(r"\d+", value):
            self.add(i + 1, end - 1, "0", "returned value")

    def label(self, i):
        end = i
        while self.t[end].text != ":":
            end += 1
        if self.t[i].text == "case":
            self.add(i, end, "", "label removed")

    def starts_statement(self, i):
        before = self.t[i - 1].text
        if i in self.heads or self.t[i].text in NOT_A_STATEMENT or self.t[i].text in ("{", "}", ";"):
            return False
        if before == ")":
            k = self.t[self.t[i - 1].mate - 1].text
            return k in ("if", "for", "while", "map_foreach", "vec_foreach")
        return before in ("{", "}", ";", "else") and not (before == "{" and self.t[i].text == ".")

    def statement(self, i):
        first, second = self.t[i], self.t[i + 1]
        if first.text in TYPE_WORDS or first.text in ("map_foreach", "vec_foreach") or first.text.startswith("auto"):
            return
        if first.kind == "name" and (second.kind == "name" or re.fullmatch(r"vec|u?int\d+_t", first.text)):
            return
        end = i
        while self.t[end].text != ";":
            if self.t[end].text in CLOSES:
                return  # of an initializer
            end = self.t[end].mate + 1 if self.t[end].text in OPENS else end + 1
        if first.text in NOT_TRIED or first.text == "free" or first.text.endswith(("_free", "_release")):
            return  # leaks are for the address sanitizer to notice
        self.add(i, end, ";", "statement removed")

    def tables(self, indexes):
        """Constants outside of functions: numbers, words, and names of the same family."""
        names = {}
        for i in indexes:
            m = FAMILY.match(self.t[i].text) if self.t[i].kind == "name" else None
            if m and self.t[i - 1].text != "[":
                names.setdefault(m.group(1), []).append(self.t[i].text)
        for i in indexes:
            t = self.t[i]
            if t.kind == "number" and self.t[i - 1].text not in ("[", "<<"):
                self.number(i)
            if t.kind == "text" and re.fullmatch(r'"\w+"', t.text):
                self.add(i, i, t.text[:-1] + 'x"', "constant")
            m = FAMILY.match(t.text) if t.kind == "name" else None
            if m and self.t[i - 1].text != "[":
                family = sorted(set(names[m.group(1)]))
                if len(family) > 1:
                    self.add(i, i, family[(family.index(t.text) + 1) % len(family)], "constant")


# --- trying them -----------------------------------------------------------------------------------------------------


def limits():
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(command, timeout, cwd, **more):
    """Returns the exit code, or None when it took too long; everything it started is ended with it."""
    with subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE if "text" in more else subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                          preexec_fn=limits if more.get("limited") else None, env=more.get("env")) as p:  # fmt: skip
        try:
            p.communicate(more.get("text"), timeout)
            return p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            return None


def commands_of(build, target):
    out = subprocess.run(["ninja", "-C", build, "-t", "commands", target], check=True, capture_output=True, text=True)
    return out.stdout.splitlines()


class Module:
    def __init__(self, name, build):
        self.name, self.build = name, build
        self.file, self.tests = MODULES[name]
        self.folder = os.path.join(WORK, name)
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(ROOT, self.file), encoding="utf-8") as f:
            self.source = f.read()
        self.mutants = Mutants(self.source).changes

    def prepare(self):
        lines = commands_of(self.build, self.tests[0])
        own = next(l for l in lines if l.endswith(os.path.join(ROOT, self.file)))
        words = shlex.split(own)
        flags = [w for w in words if w.startswith(("-D", "-I", "-isystem", "-std", "-f", "-m")) and not w.endswith(".o")]
        self.compile = ["cc", "-w", "-x", "c", "-", "-fPIC", *flags]
        self.original = self.fingerprint(self.source)
        self.library = os.path.join(self.folder, "libmutant.so")
        if not self.make(self.source):
            sys.exit(f"mutate: {self.file} does not compile")
        self.limit = {}
        for test in self.tests:
            link = shlex.split(commands_of(self.build, test)[-1].removeprefix(": && ").removesuffix(" && :"))
            at = link.index("-o")
            link[at + 1] = os.path.join(self.folder, test)
            link[at + 2 : at + 2] = [self.library, "-Wl,-rpath," + self.folder, "-rdynamic"]
            subprocess.run(link, cwd=self.build, check=True)
            begin = time.monotonic()
            if self.run_test(test, 120) != 0:
                sys.exit(f"mutate: {test} fails without any change")
            self.limit[test] = 10 + 10 * (time.monotonic() - begin)

    def fingerprint(self, source):
        """What the optimizer makes of it; None when it does not compile."""
        out = os.path.join(self.folder, "optimized.s")
        if run(self.compile + ["-O2", "-S", "-o", out], 60, ROOT, text=source.encode()) != 0:
            return None
        with open(out, "rb") as f:
            return hashlib.sha256(f.read()).digest()

    def make(self, source):
        return run(self.compile + ["-O0", "-shared", "-o", self.library], 60, ROOT, text=source.encode()) == 0

    def run_test(self, test, timeout):
        env = dict(os.environ, CRITERION_VERBOSITY_LEVEL="0", CONTACT_SYNC_BUILD=self.build)
        command = [os.path.join(self.folder, test), "-j1", "--fail-fast"]
        return run(command, timeout, ROOT, limited=True, env=env)

    def attempt(self, source):
        if not self.make(source):
            return "did not compile"
        for test in self.tests:
            code = self.run_test(test, self.limit[test])
            if code is None:
                return "timed out"
            if code != 0:
                return "killed"
        return "same" if self.fingerprint(source) == self.original else "survived"


def one_line(text):
    return " ".join(text.split())


def describe(source, change):
    """Line number, the lines as they are, the lines as they become; runs of blanks as one."""
    start, end, text, _, _ = change
    first = source.rfind("\n", 0, start) + 1
    last = source.find("\n", end)
    before = source[first:last]
    after = source[first:start] + text + source[end:last]
    return source.count("\n", 0, start) + 1, one_line(before), one_line(after)


def equivalents():
    """{(file, before, after)}: three lines each in the file, then the reason; see its head."""
    known, block = set(), []
    if not os.path.exists(EQUIVALENT):
        return known
    with open(EQUIVALENT, encoding="utf-8") as f:
        for line in list(f) + [""]:
            line = line.rstrip("\n")
            if line.strip() and not line.startswith("#"):
                block.append(line)
            elif block:
                if len(block) < 4:
                    sys.exit(f"mutate: {EQUIVALENT}: file, before, after and reason, not: {block}")
                known.add((block[0].strip(), one_line(block[1]), one_line(block[2])))
                block = []
    return known


def report(options, m, change, state):
    line, before, after = describe(m.source, change)
    if options.json:
        print(json.dumps({"module": m.name, "file": m.file, "line": line, "function": change[4], "operator": change[3],
                          "before": before, "after": after, "state": state}), flush=True)  # fmt: skip
    elif state == "survived":
        print(f"{m.file}:{line}: survived: {change[3]}\n    {before}\n    {after}", flush=True)


def judge(options, name, known):
    m = Module(name, options.build)
    chosen = m.mutants
    if options.limit and options.limit < len(chosen):
        chosen = [chosen[k * len(chosen) // options.limit] for k in range(options.limit)]
    if options.list:
        for change in chosen:
            line, before, after = describe(m.source, change)
            print(f"{m.file}:{line}: {change[3]}\n    {before}\n    {after}")
        return True
    m.prepare()
    count = dict.fromkeys(("killed", "timed out", "survived", "equivalent", "same", "did not compile"), 0)
    for change in chosen:
        _, before, after = describe(m.source, change)
        if (m.file, before, after) in known:
            state = "equivalent"
        else:
            state = m.attempt(m.source[: change[0]] + change[2] + m.source[change[1] :])
        count[state] += 1
        report(options, m, change, state)
    noticed = count["killed"] + count["timed out"]
    score = 100.0 * noticed / max(1, noticed + count["survived"])
    if options.json:
        print(json.dumps({"module": name, "file": m.file, "score": round(score, 1), **count}), flush=True)
    else:
        print(f"{name:<11} {score:5.1f} %  " + ", ".join(f"{n} {state}" for state, n in count.items()), flush=True)
    return score >= options.at_least


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--module", action="append", choices=MODULES)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", default=os.path.join(ROOT, "build", "dev"))
    parser.add_argument("--at-least", type=float, default=80.0)
    parser.add_argument("--nice", type=int, default=5)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    os.nice(options.nice)
    names = options.module or list(MODULES)
    if not options.list:
        targets = sorted({t for n in names for t in MODULES[n][1]})
        subprocess.run(["ninja", "-C", options.build, *targets], check=True, stdout=subprocess.DEVNULL)
    known = equivalents()
    passed = [judge(options, name, known) for name in names]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())

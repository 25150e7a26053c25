#!/usr/bin/env python3
"""Settings and arguments: what is wrong costs one plain line and the right exit code."""
import pathlib
import subprocess

from lib_program import BUILD, environment, need
from lib_run import main
from lib_site import scratch

OK, USAGE, CONFIG = 0, 64, 78
PROGRAMS = ("contact-sync-producer", "contact-sync-worker", "contact-sync")
VERBS = ("up", "migrate", "run", "plan", "status", "prefs", "approve", "clear", "hidden", "config", "phones", "cron", "runs")

GOOD = """\
rock.url = http://127.0.0.1:1
rock.allow_http = true
rock.token_file = {folder}/key
eligible_group = 2c112948-ff4c-46e7-981a-0257681eadf4
exchange.url = http://127.0.0.1:1/EWS/Exchange.asmx
exchange.allow_http = true
exchange.user = svc
exchange.password_file = {folder}/password
postgres.dsn = postgresql://nobody@127.0.0.1:1/none
kafka.bootstrap.servers = 127.0.0.1:1
"""


def call(binary, *arguments, env=None):
    done = subprocess.run([str(BUILD / binary), *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          env=environment(env), stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def folder(name):
    path = scratch() / name
    path.mkdir(parents=True, exist_ok=True)
    for secret in ("key", "password"):
        (path / secret).write_text("word\n")
        (path / secret).chmod(0o600)
    return path


def written(path, text):
    """A settings file of that folder: the good ones and text."""
    config = path / "site.conf"
    config.write_text(GOOD.format(folder=path) + text)
    return config


def one_line(what, binary, arguments, code, *words, env=None):
    got, out, err = call(binary, *arguments, env=env)
    said = err.strip()
    need(got == code, f"{what}: {binary} ended with code {got} instead of {code}: {said[:300]}")
    need(said and "\n" not in said, f"{what}: {binary} says {len(said.splitlines())} lines: {said[:500]}")
    need(not out, f"{what}: {binary} wrote to its output: {out[:200]}")
    for word in words:
        need(word in said, f"{what}: \"{word}\" is missing in: {said}")


# What is wrong, in which line of the file, and what the one line must name.
WRONG = [
    ("unknown key", "rock.uri = x\n", ("rock.uri", "site.conf")),
    ("wrong unit", "worker.lease = 5 parsecs\n", ("worker.lease", "site.conf")),
    ("no unit", "worker.lease = 5\n", ("worker.lease",)),
    ("out of range", "batch.start = 1000\n", ("batch.start",)),
    ("not a number", "rock.page = many\n", ("rock.page",)),
    ("not a choice", "delete_type = maybe\n", ("delete_type", "hard")),
    ("not a truth value", "delete_old_contacts = perhaps\n", ("delete_old_contacts",)),
    ("no equals sign", "just words\n", ("site.conf",)),
    ("twice", "rock.page = 10\nrock.page = 20\n", ("rock.page",)),
    ("missing secret file", "rock.token_file = /nonexistent/key\nexchange.password_file = /nonexistent/key\n",
     ("/nonexistent/key",)),
]


def settings_file():
    """Unknown key, wrong unit, wrong value, missing file: one line with file and key, exit 78"""
    path = folder("settings")
    for what, text, words in WRONG:
        good = GOOD.format(folder=path)
        keys = [line.split(" =")[0] for line in text.splitlines()]
        kept = "".join(line + "\n" for line in good.splitlines() if line.split(" =")[0] not in keys)
        config = path / "site.conf"
        config.write_text(kept + text)
        for binary in ("contact-sync-producer", "contact-sync-worker"):
            if what == "missing secret file":
                continue
            one_line(what, binary, ["--config", config], CONFIG, *words)
        verb = "status" if what != "missing secret file" else "up"
        one_line(what, "contact-sync", [verb, "--config", config], CONFIG, *words)
    one_line("no such file", "contact-sync-worker", ["--config", path / "absent.conf"], CONFIG, "absent.conf")
    one_line("a folder", "contact-sync-worker", ["--config", path], CONFIG, str(path))
    return f"{len(WRONG) + 2} mistakes"


def environment_and_arguments():
    """Settings from environment and --set: unknown and wrong ones exit 78 and name where they came from"""
    path = folder("environment")
    config = written(path, "")
    one_line("unknown variable", "contact-sync", ["status", "--config", config], CONFIG, "CONTACT_SYNC_ROCK_URI",
             env={"CONTACT_SYNC_ROCK_URI": "x"})
    one_line("wrong variable", "contact-sync", ["status", "--config", config], CONFIG, "environment", "rock.page",
             env={"CONTACT_SYNC_ROCK_PAGE": "x"})
    one_line("unknown --set", "contact-sync", ["status", "--config", config, "--set", "rock.uri=x"], CONFIG, "rock.uri")
    one_line("wrong --set", "contact-sync", ["status", "--config", config, "--set", "rock.page=x"], CONFIG, "rock.page")
    code, out, _ = call("contact-sync", "config", "print", "--config", config, "--set", "rock.page=77",
                        env={"CONTACT_SYNC_ROCK_CONNECTIONS": "2"})
    need(code == OK and "77" in out and "environment" in out.lower(), f"config print does not say where from: {out[:600]}")
    need("word" not in out.split(), "a secret is printed")


def refused_templates():
    """A template that would differ from mailbox to mailbox is refused with its place, exit 78"""
    path = folder("lava")
    config = written(path, "business_phone_lava = x {{ CurrentPerson.NickName }}\n")
    one_line("up", "contact-sync", ["up", "--config", config], CONFIG, "business_phone_lava", "1:")
    one_line("plan", "contact-sync", ["plan", "--config", config], CONFIG, "business_phone_lava", "1:")
    config = written(path, "business_phone_lava = x\nlava.global = OrganizationPhone\n")
    one_line("global", "contact-sync", ["plan", "--config", config], CONFIG, "lava.global", "JSON")


def secrets_on_disk():
    """A secret that cannot be read, or is empty: one line, exit 78"""
    path = folder("secrets")
    config = written(path, "")
    (path / "password").write_text("")
    one_line("empty", "contact-sync", ["up", "--config", config], CONFIG, "exchange.password_file")
    (path / "password").unlink()
    one_line("absent", "contact-sync", ["up", "--config", config], CONFIG, "exchange.password_file")
    (path / "password").mkdir()
    one_line("a folder", "contact-sync", ["up", "--config", config], CONFIG, "exchange.password_file")


def missing_settings():
    """A setting that a program cannot do without is named with the line to write"""
    path = folder("missing")
    for key in ("postgres.dsn", "eligible_group", "rock.url", "exchange.user"):
        config = path / "site.conf"
        config.write_text("".join(line + "\n" for line in GOOD.format(folder=path).splitlines()
                                  if not line.startswith(key + " ")))
        one_line(key, "contact-sync", ["up", "--config", config], CONFIG, key)
    config = written(path, "")
    one_line("not a Guid", "contact-sync", ["up", "--config", config, "--set", "eligible_group=everybody"], CONFIG,
             "eligible_group")


def plain_http():
    """http:// to Rock or Exchange is refused unless allowed: a key or password would travel in clear"""
    path = folder("http")
    config = written(path, "")
    for key in ("rock.allow_http", "exchange.allow_http"):
        one_line(key, "contact-sync", ["up", "--config", config, "--set", f"{key}=false"], CONFIG, key)


def usage():
    """Wrong verbs and options: one line, exit 64"""
    config = written(folder("usage"), "")
    one_line("verb", "contact-sync", ["dance"], USAGE, "dance")
    for verb in VERBS:
        one_line(verb, "contact-sync", [verb, "--no-such-option", "--config", config], USAGE, "--help")
    for binary in ("contact-sync-producer", "contact-sync-worker"):
        one_line(binary, binary, ["stray", "--config", config], USAGE, "stray")
        one_line(binary, binary, ["--config"], USAGE, "--config")
    one_line("approve", "contact-sync", ["approve", "now", "--config", config], USAGE, "HOLD:DIGEST")
    one_line("group", "contact-sync", ["prefs", "set", "--user", "a@church.example", "--group", "choir", "--config",
                                       config], USAGE, "choir")
    code, _, err = call("contact-sync")
    need(code == USAGE and "Usage" in err, "without a verb the usage is missing")


def help_of_everything():
    """--help of each program and verb: exit 0, an example; --version too"""
    for binary in PROGRAMS:
        code, out, err = call(binary, "--help")
        need(code == OK and out.startswith("Usage: " + binary) and not err, f"{binary} --help: code {code}")
        code, out, _ = call(binary, "--version")
        need(code == OK and out.startswith(binary + " "), f"{binary} --version: {out}")
    for verb in VERBS:
        code, out, err = call("contact-sync", verb, "--help")
        need(code == OK and "Usage: contact-sync " + verb in out and "Example" in out or verb == "config",
             f"{verb} --help: code {code}: {out[:200]}{err[:200]}")
        need(code == OK, f"{verb} --help: code {code}")
    for simulator in ("sim-rock", "sim-exchange"):
        code, out, _ = call(simulator, "--help")
        need(code == OK and "Example" in out, f"{simulator} --help: code {code}")
    return f"{len(VERBS)} verbs"


def nothing_there():
    """No PostgreSQL, no Kafka: one line that says so, exit 75 or 1, within 20 s"""
    path = folder("nothing")
    config = written(path, "")
    for binary, arguments in (("contact-sync", ["status"]), ("contact-sync", ["migrate"]), ("contact-sync", ["up"])):
        code, _, err = call(binary, *arguments, "--config", config)
        need(code in (1, 75), f"{binary} {arguments}: code {code}: {err}")
        need("atabase" in err or "ostgre" in err, f"{binary} {arguments} does not name the database: {err}")
    code, _, err = call("contact-sync-worker", "--config", config)
    need(code in (1, 75) and "afka" in err, f"worker without Kafka: code {code}: {err[-400:]}")
    need(pathlib.Path(config).exists(), "the settings are gone")


if __name__ == "__main__":
    main([settings_file, environment_and_arguments, refused_templates, secrets_on_disk, missing_settings, plain_http,
          usage, help_of_everything, nothing_there], at_once=2)

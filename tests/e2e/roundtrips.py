#!/usr/bin/env python3
"""Independent clients against the Exchange simulator: what it takes and gives is what they know of a real server."""
import pathlib
import shutil
import subprocess
import sys

from lib_program import BUILD, Program, need, until
from lib_run import Skip, main
from lib_site import PASSWORD, ROOT, Control, scratch

MAILBOX, HERE = "pat@church.example", pathlib.Path(__file__).resolve().parent
SCHEMA = ROOT.parent / "shared/ews-schema"
JAVA = ROOT / "tests/clients/java"


class Exchange:
    """with Exchange("ntlm") as exchange: a simulator that offers that and nothing else."""

    def __init__(self, methods):
        self.folder = scratch() / f"roundtrip-{methods}-{id(self)}"
        self.folder.mkdir(parents=True)
        port = self.folder / "port"
        schema = ["--schema", SCHEMA] if SCHEMA.exists() else []
        self.program = Program("sim-exchange", [
            BUILD / "sim-exchange", "--port-file", port, "--auth", methods, "--password", PASSWORD, "--any-mailbox",
            "church.example", "--foreign", 3, *schema], self.folder)
        until("sim-exchange listens", lambda: port.exists() and port.read_text().strip(), 20)
        self.url = f"http://127.0.0.1:{port.read_text().strip()}"
        self.control = Control(self.url)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.program.reap()

    def judge(self, method):
        stats, logins = self.control.get("stats"), self.control.get("auth")
        need(stats["invalid"] == 0, f"requests judged invalid: {stats['invalid_reasons']}")
        need(logins["refused"] == logins["malformed"] == 0 and logins[method]["ok"] > 0, f"{logins}")
        need(self.control.get("foreign")["touched"] == 0, "foreign contacts were touched")
        return f"{sum(stats['calls'].values())} calls, {logins[method]['ok']} logins" + ("" if SCHEMA.exists() else ", no schema")


def run(what, command, **kw):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False, **kw)
    need(done.returncode == 0, f"{what}: {done.stdout[-600:]} {done.stderr[-1500:]}")
    return done.stdout


def exchangelib(method, user):
    try:
        import exchangelib as found  # pylint: disable=import-outside-toplevel
    except ImportError:
        raise Skip("exchangelib is not installed") from None
    with Exchange(method) as exchange:
        run(f"exchangelib {found.__version__}", [
            sys.executable, HERE / "exchangelib_roundtrip.py", "--url", exchange.url, "--mailbox", MAILBOX, "--user", user,
            "--password", PASSWORD, "--auth", method])
        return exchange.judge(method)


def java_client():
    """Folder with the classes and the jars of ews-java-api, made once."""
    if not shutil.which("java"):
        raise Skip("no java")
    folder = ROOT / "build/java-client"
    pom, source = JAVA / "pom.xml", JAVA / "Main.java"
    made = folder / "made"
    wanted = pom.read_text() + source.read_text()
    if made.exists() and made.read_text() == wanted:
        return folder
    if not shutil.which("mvn"):
        raise Skip("no maven, to fetch ews-java-api")
    try:
        fetched = subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
                                  f"-DoutputDirectory={folder}/jars"], capture_output=True, text=True, timeout=200, check=False)
    except subprocess.TimeoutExpired:
        raise Skip("ews-java-api could not be fetched in time") from None
    if fetched.returncode:
        raise Skip(f"ews-java-api could not be fetched: {fetched.stdout[-200:]}")
    compiler = next((folder / "jars").glob("ecj-*.jar"))
    run("ecj", ["java", "-jar", compiler, "-11", "-nowarn", "-cp", classpath(folder), "-d", folder / "classes", source])
    made.write_text(wanted)
    return folder


def classpath(folder):
    return ":".join([str(folder / "classes"), *map(str, sorted((folder / "jars").glob("*.jar")))])


def ews_java_api(method, domain):
    folder = java_client()
    with Exchange(method) as exchange:
        run("ews-java-api", ["java", "-Xmx128m", "-cp", classpath(folder), "Main", exchange.url + "/EWS/Exchange.asmx", MAILBOX,
                             "svc-sync", PASSWORD, domain])
        return exchange.judge(method)


def exchangelib_ntlm():
    """exchangelib: create, list, find by key, update, folders, delete, over NTLM"""
    return exchangelib("ntlm", "CHURCH\\svc-sync")


def exchangelib_basic():
    """exchangelib: the same over Basic"""
    return exchangelib("basic", "svc-sync")


def java_ntlm():
    """ews-java-api: create, find by extended property, update, delete, sync, over NTLM"""
    return ews_java_api("ntlm", "CHURCH")


def java_basic():
    """ews-java-api: the same over Basic"""
    return ews_java_api("basic", "-")


if __name__ == "__main__":
    main([exchangelib_ntlm, exchangelib_basic, java_ntlm, java_basic])

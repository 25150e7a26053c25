#!/usr/bin/env python3
"""`contact-sync doctor` names what is wrong and what mends it: one broken thing at a time, the real program, real servers."""
import json
import os
import socket
import ssl
import subprocess
import threading

from lib_program import BUILD, environment, need, until
from lib_run import main, needs_kafka
from lib_site import PASSWORD, ROOT, Site, psql

MAILBOX = "pat@church.example"


class Patient:
    """A site that is well, and what the doctor says of it."""

    def __init__(self, site):
        self.site = site

    def steps(self, *arguments, mailbox=MAILBOX, sets=()):
        sets = [word for pair in sets for word in ("--set", pair)]
        named = ["--mailbox", mailbox] if mailbox else []
        done = self.site.tool("doctor", "--json", *named, *arguments, *sets)
        need(done.stdout.startswith("{"), f"no JSON: {done.stdout[:200]} {done.stderr[-300:]}")
        answer = json.loads(done.stdout)
        need(done.returncode == (0 if answer["ok"] else 1), f"exit {done.returncode} and ok = {answer['ok']}")
        return answer["steps"]

    def well(self):
        steps = self.steps()
        bad = [s for s in steps if s["state"] in ("failed", "warning") and s["code"] != "pg.fsync"]  # off in tests, and said so
        need(not bad, f"a site that is well: {bad}")
        return steps

    def finds(self, part, name, *words, state="failed", by_worker=False, **given):
        """This step alone is wrong; text and remedy hold these words."""
        steps = self.steps(*(["--by-worker"] if by_worker else []), **given)
        bad = [s for s in steps if s["state"] == state and s["part"] == part]
        need([s["name"] for s in bad] == [name], f"{part}/{name} should be {state}: {[s for s in steps if s['part'] == part]}")
        said = bad[0]["text"] + " | " + bad[0]["remedy"]
        for word in words:
            need(word in said, f"{part}/{name} does not say {word!r}: {said}")
        need(bad[0]["remedy"], f"{part}/{name}: no remedy: {said}")
        return bad[0]


def site(name, **kw):
    return Site(name, people=60, users=4, **{"kafka": False, **kw})


def all_is_well():
    """Nothing is wrong: each step says what was found; a test contact comes and goes; the text is for people"""
    with site("well") as s:
        steps = Patient(s).well()
        need({x["part"] for x in steps} == {"PostgreSQL", "Kafka", "Rock", "Exchange"}, "a part is missing")
        stats = s.stats()
        need(stats["created"] == 1 and stats["deleted"] == 1, "the test contact did not come and go")
        text = s.cs("doctor", "--mailbox", MAILBOX)
        need("FAILED" not in text and "impersonation" in text, text)
        before = s.stats()["created"]
        s.cs("doctor")
        need(s.stats()["created"] == before, "without a mailbox nothing is written")
        return f"{len(steps)} steps"


# --- the way to Exchange ---


def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Tls:
    """A server with a certificate of its own kind, which answers 401 (or what is given) to whatever comes."""

    def __init__(self, folder, name, days, san="DNS:localhost,IP:127.0.0.1", answer="401 Unauthorized\r\nWWW-Authenticate: Basic"):
        self.answer = answer if "\r\n\r\n" in answer else answer + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        self.cert, key = folder / f"{name}.pem", folder / f"{name}.key"
        start = "20200101000000Z" if days < 0 else None
        self.make(folder, name, key, days, start, san)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.context = context
        threading.Thread(target=self.serve, daemon=True).start()

    def make(self, folder, name, key, days, start, san):
        request = folder / f"{name}.csr"
        subprocess.run(["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj",
                        "/CN=localhost"], check=True, capture_output=True)
        (folder / f"{name}.ext").write_text(f"subjectAltName={san}\nbasicConstraints=CA:TRUE\n")
        (folder / f"{name}.db").write_text("")
        (folder / f"{name}.serial").write_text("01")
        (folder / f"{name}.cnf").write_text(
            f"[ca]\ndefault_ca=me\n[me]\ndatabase={folder}/{name}.db\nserial={folder}/{name}.serial\nnew_certs_dir={folder}\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        when = ["-startdate", start, "-enddate", "20200301000000Z"] if start else ["-days", str(days)]
        subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", folder / f"{name}.cnf", "-keyfile", key, "-in", request,
                        "-out", self.cert, "-extfile", folder / f"{name}.ext", *when], check=True, capture_output=True)

    def serve(self):
        while True:
            raw, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(raw,), daemon=True).start()

    def talk(self, raw):
        try:
            with self.context.wrap_socket(raw, server_side=True) as s:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += s.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                length = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
                while length and len(body) < length[0]:
                    body += s.recv(65536)
                s.sendall(b"HTTP/1.1 " + self.answer.encode())
        except OSError:
            pass

    def url(self, host="localhost"):
        return f"exchange.url=https://{host}:{self.port}/EWS/Exchange.asmx"


def the_way_to_exchange():
    """A name that is not there, a closed port, certificates of four bad kinds: each named, with its remedy"""
    with site("way") as s:
        p = Patient(s)
        p.finds("Exchange", "name", "nowhere.invalid", "getent", sets=["exchange.url=https://nowhere.invalid/EWS/Exchange.asmx"])
        p.finds("Exchange", "connection", "firewall", sets=[f"exchange.url=https://127.0.0.1:{closed_port()}/EWS/Exchange.asmx"])
        good = Tls(s.folder, "good", 90)
        trusted = f"exchange.ca_file={good.cert}"
        p.finds("Exchange", "certificate", "trusts", "exchange.ca_file", sets=[good.url()])
        old = Tls(s.folder, "old", -1)
        p.finds("Exchange", "certificate", "expired", "Renew", sets=[old.url(), f"exchange.ca_file={old.cert}"])
        other = Tls(s.folder, "other", 90, san="DNS:mail.church.example")
        p.finds("Exchange", "certificate", "another name", sets=[other.url(), f"exchange.ca_file={other.cert}"])
        ending = Tls(s.folder, "ending", 5)
        p.finds("Exchange", "certificate", "ends in", state="warning", sets=[ending.url(), f"exchange.ca_file={ending.cert}"])
        step = p.finds("Exchange", "sign-in", "password", sets=[good.url(), trusted])
        need(step["code"] == "auth.refused", step)


def how_exchange_is_found():
    """A web page in the place of Autodiscover, a redirect to a host that nobody allowed, nothing at all, Exchange Online: named"""
    with site("found", settings={"exchange.allow_addresses": "127.0.0.0/8"}) as s:
        p = Patient(s)
        names = "DNS:church.example,DNS:autodiscover.church.example,DNS:outlook.office365.com"

        def search(server):
            hosts = ("church.example:443", "autodiscover.church.example:443")
            there = ",".join(f"{h}:127.0.0.1:{server.port}" for h in hosts)
            return ["exchange.url=", f"exchange.connect_to={there}", f"exchange.ca_file={server.cert}"]

        page = "<!DOCTYPE html><html><body>Welcome</body></html>"
        html = Tls(s.folder, "page", 90, names,
                   f"200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {len(page)}\r\n\r\n{page}")
        step = p.finds("Exchange", "discovery", "exchange.url", sets=search(html))
        need(step["code"].startswith("autodiscover."), step)
        away = Tls(s.folder, "away", 90, names, "302 Found\r\nLocation: https://login.elsewhere.example/autodiscover/autodiscover.xml")
        step = p.finds("Exchange", "discovery", "elsewhere.example", "exchange.autodiscover_hosts", sets=search(away))
        need(step["code"] == "autodiscover.host", step)
        nobody = [f"exchange.connect_to=church.example:443:127.0.0.1:{closed_port()}", "exchange.url=", "exchange.dns_servers=127.0.0.1:1"]
        p.finds("Exchange", "discovery", "Autodiscover", sets=nobody)
        online = Tls(s.folder, "online", 90, names)
        cloud = ["exchange.url=https://outlook.office365.com/EWS/Exchange.asmx", f"exchange.ca_file={online.cert}",
                 f"exchange.connect_to=outlook.office365.com:443:127.0.0.1:{online.port}"]
        p.finds("Exchange", "settings", "Exchange Online", "oauth2", "docs/", sets=cloud)
        p.finds("Exchange", "endpoint", "Exchange Online", "Graph", state="warning", mailbox=None, sets=cloud + [
            "exchange.auth=oauth2", "exchange.oauth_tenant=church.example", "exchange.oauth_client_id=x",
            f"exchange.oauth_secret_file={s.folder / 'exchange.password'}"])


# --- who we are to Exchange ---


NO_NTLM = r"""
#include <curl/curl.h>
#include <dlfcn.h>
curl_version_info_data *curl_version_info(CURLversion v)
{
    static curl_version_info_data copy;
    curl_version_info_data *(*real)(CURLversion) = (curl_version_info_data * (*)(CURLversion)) dlsym(RTLD_NEXT, "curl_version_info");
    copy = *real(v);
    copy.features &= ~CURL_VERSION_NTLM;
    return &copy;
}
"""


def a_libcurl_that_cannot():
    """A libcurl without NTLM where NTLM is asked for: said at the start, with what else there is"""
    with site("no ntlm") as s:
        source, library = s.folder / "no_ntlm.c", s.folder / "no_ntlm.so"
        source.write_text("#define _GNU_SOURCE\n" + NO_NTLM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, capture_output=True)
        env = environment({"LD_PRELOAD": str(library)})
        done = subprocess.run([BUILD / "contact-sync", "doctor", "--json", "--config", s.config, "--set", "exchange.auth=ntlm"],
                              capture_output=True, text=True, env=env, check=False, timeout=60)
        steps = [x for x in json.loads(done.stdout)["steps"] if x["part"] == "Exchange"]
        need([x["name"] for x in steps] == ["settings"] and steps[0]["state"] == "failed", steps)
        need("NTLM" in steps[0]["text"] and steps[0]["remedy"], steps)
        worker = s.up(env={"LD_PRELOAD": str(library)}, exchange__auth="ntlm")
        need(worker.wait() == 78 and "NTLM" in worker.text(), worker.text())


def what_exchange_refuses():
    """Password, role, scope, EWS closed, mailbox unknown or full, a page in the place of an answer: the right words and line"""
    with site("refused") as s:
        p = Patient(s)

        def after(fault, *expected, **members):
            s.exchange.delete("faults")
            s.fault(fault, times=0, **members)
            p.finds("Exchange", *expected)

        wrong = s.folder / "wrong.password"
        wrong.write_text("not this one\n")
        wrong.chmod(0o600)
        p.finds("Exchange", "sign-in", "password", "svc-sync", sets=[f"exchange.password_file={wrong}"])
        after("soap_fault", "impersonation", "role is missing", "New-ManagementRoleAssignment", "-Role ApplicationImpersonation",
              "svc-sync", op="GetFolder", code="ErrorImpersonationDenied")
        after("soap_fault", "impersonation", "scope", "Get-ManagementRoleAssignment", MAILBOX, op="GetFolder",
              code="ErrorImpersonateUserDenied")
        after("http_status", "sign-in", "closed", "Set-CASMailbox", op="GetFolder", status=403)
        after("html_200", "sign-in", "web page", op="GetFolder")
        after("item_error", "write", "full", "Get-MailboxStatistics", op="CreateItem", code="ErrorQuotaExceeded")
        s.exchange.delete("faults")
        p.finds("Exchange", "mailbox", "no mailbox", "Get-Recipient", mailbox="nobody@elsewhere.example")
        p.well()
        need(s.stats()["created"] == s.stats()["deleted"], "a test contact was left behind")


# --- Rock ---


def what_rock_refuses():
    """The key, one right, a Rock that starts, another address: the right words and what to do"""
    with site("rock") as s:
        p = Patient(s)
        wrong = s.folder / "wrong.key"
        wrong.write_text("another\n")
        wrong.chmod(0o600)
        p.finds("Rock", "eligible group", "key", "REST Keys", sets=[f"rock.token_file={wrong}"])
        p.finds("Rock", "eligible group", "rock.url", sets=[f"rock.url={s.rock.url}/elsewhere"])
        p.finds("Rock", "eligible group", "eligible_group", sets=["eligible_group=11111111-2222-3333-4444-555555555555"])
        s.rock_fault("unauthorised", endpoint="Followings", times=0)
        p.finds("Rock", "choices", "View", "REST Controllers")


# --- PostgreSQL and Kafka ---


def what_postgres_lacks():
    """No server, no schema, a database that tells commits too early: the right words and command"""
    with site("postgres") as s:
        p = Patient(s)
        p.finds("PostgreSQL", "connection", "postgres.dsn", sets=[f"postgres.dsn=postgresql://127.0.0.1:{closed_port()}/x"])
        psql(s.admin_dsn, f"ALTER DATABASE {s.word} SET synchronous_commit = off")
        p.finds("PostgreSQL", "durability", "synchronous_commit", "ALTER DATABASE", state="warning")
        psql(s.admin_dsn, f"ALTER DATABASE {s.word} RESET synchronous_commit")
        psql(s.admin_dsn, f"CREATE DATABASE {s.word}_empty")
        try:
            p.finds("PostgreSQL", "schema", "contact-sync migrate", sets=[f"postgres.dsn={s.dsn_of(s.word + '_empty')}"])
        finally:
            psql(s.admin_dsn, f"DROP DATABASE {s.word}_empty")


def what_kafka_lacks():
    """No broker, no topics, SCRAM with an old librdkafka: the right words and what to do"""
    needs_kafka()
    with site("kafka", kafka=True) as s:
        p = Patient(s)
        p.finds("Kafka", "topics", "missing", "producer or worker")
        program = s.producer().ready()
        steps = [x for x in p.well() if x["part"] == "Kafka"]
        need(all(x["state"] == "ok" for x in steps), steps)
        program.stop()
        subprocess.run([ROOT / "scripts/kafka.sh", "tool", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", s.bootstrap,
                        "--delete", "--topic", f"{s.word}.contact-sync.tasks"], check=True, capture_output=True, timeout=60)
        subprocess.run([ROOT / "scripts/kafka.sh", "tool", "org.apache.kafka.tools.TopicCommand", "--bootstrap-server", s.bootstrap,
                        "--create", "--topic", f"{s.word}.contact-sync.tasks", "--config", "retention.ms=3600000"],
                       check=True, capture_output=True, timeout=60)
        p.finds("Kafka", "retention", "less than a day", "retention.ms", state="warning")
        p.finds("Kafka", "librdkafka", "SCRAM", "PLAIN", "2.6.1", state="warning", sets=["kafka.sasl.mechanism=SCRAM-SHA-256"])
        p.finds("Kafka", "brokers", "kafka.bootstrap.servers", sets=[f"kafka.bootstrap.servers=127.0.0.1:{closed_port()}"])


def a_test_by_a_worker():
    """Test Connection: asked for in a row, passed on by producer and Kafka, run by a worker, its steps read along; nobody there: said"""
    needs_kafka()
    with site("by worker", kafka=True) as s:
        p = Patient(s)
        producer, worker = s.producer().ready(), s.worker().ready()
        s.plan()
        s.exact()
        address = sorted(s.expected())[0]
        made = s.stats()["created"]
        steps = [x for x in p.steps("--by-worker", mailbox=address) if x["part"] == "Exchange"]
        need([x["state"] for x in steps] == ["ok"] * len(steps), steps)
        need([x["name"] for x in steps][:2] == ["worker", "name"] and steps[-1]["name"] == "delete", steps)
        need(s.stats()["created"] == made + 1, "the test contact did not come")
        need(s.sql("SELECT count(*) FROM probe WHERE ok AND requested_by = 'cli'") == "1", "the row does not say how it ended")
        s.fault("soap_fault", times=0, op="GetFolder", code="ErrorImpersonateUserDenied")
        step = p.finds("Exchange", "impersonation", "scope", address, mailbox=address, by_worker=True)
        need(step["code"] == "ews.ErrorImpersonateUserDenied", step)
        s.exchange.delete("faults")
        need(worker.metric("contact_sync_probes_total", "failed") == 1, "the worker does not count")
        # a mailbox that rests is tested all the same
        s.sql(f"UPDATE mailbox SET parked_until = now() + interval '1 hour', parked_why = 'x' WHERE address = '{address}'")
        steps = [x for x in p.steps("--by-worker", mailbox=address) if x["part"] == "Exchange"]
        need(steps[-1]["name"] == "delete" and steps[-1]["state"] == "ok", steps)
        p.finds("Exchange", "worker", "Nobody syncs", mailbox="nobody@church.example", by_worker=True)
        # one that dies over it leaves it to the next
        s.fault("late_answer", times=0, op="GetFolder", ms=15000)
        s.sql(f"INSERT INTO probe (mailbox, requested_by) SELECT id, 'x' FROM mailbox WHERE address = '{address}'")
        until("it is begun", lambda: s.sql("SELECT count(*) FROM probe WHERE run_until IS NOT NULL AND done_at IS NULL") == "1", 20)
        worker.kill()
        s.exchange.delete("faults")
        s.sql("UPDATE probe SET run_until = now() WHERE done_at IS NULL")
        s.worker().ready()
        until("another worker has ended it", lambda: s.sql("SELECT count(*) FROM probe WHERE done_at IS NULL") == "0", 40)
        need(s.sql("SELECT ok FROM probe ORDER BY id DESC LIMIT 1") == "t", "it failed")
        producer.stop()
        need(PASSWORD not in s.sql("SELECT string_agg(answer::text, ' ') FROM probe"), "a secret is in the rows")
        return "7 tests"


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main([all_is_well, the_way_to_exchange, how_exchange_is_found, a_libcurl_that_cannot, what_exchange_refuses, what_rock_refuses, what_postgres_lacks, what_kafka_lacks, a_test_by_a_worker],
         at_once=3)

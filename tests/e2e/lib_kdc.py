"""A Kerberos realm of its own for one scenario: a KDC on loopback (Debian's krb5), a service account, a web service."""
import itertools
import os
import shutil
import socket
import subprocess
import threading

from lib_program import BUILD, Program, environment, need, until
from lib_run import Skip
from lib_site import scratch

REALM = "CHURCH.EXAMPLE"
_numbers = itertools.count(1)
_one = threading.Lock()  # programs find the realm by the environment
TOOLS = {name: shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin") for name in
         ("krb5kdc", "kdb5_util", "kadmin.local")}

CONFIG = """[libdefaults]
    default_realm = {realm}
    dns_canonicalize_hostname = false
    rdns = false
    dns_lookup_kdc = false
    dns_lookup_realm = false
    default_ccache_name = MEMORY:
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
        database_module = db
    }}
[domain_realm]
    localhost = {realm}
[dbmodules]
    db = {{
        db_library = db2
        database_name = {folder}/principal
    }}
"""

KDC = """[kdcdefaults]
    kdc_listen = 127.0.0.1:{port}
    kdc_tcp_listen = 127.0.0.1:{port}
[realms]
    {realm} = {{
        key_stash_file = {folder}/stash
        database_name = {folder}/principal
        max_life = {life}
    }}
"""


class Kdc:
    """with Kdc() as kdc: kdc.client, kdc.service are keytabs of svc-sync and of HTTP/localhost. One at a time."""

    def __init__(self, life="10m"):
        if not all(TOOLS.values()):
            raise Skip("no krb5-kdc")
        asked = subprocess.run([BUILD / "sim-exchange", "--auth", "negotiate"], capture_output=True, text=True,
                               timeout=30, check=False)
        if "built without" in asked.stderr:
            raise Skip(asked.stderr.strip())
        self.folder = scratch() / f"kdc-{next(_numbers)}"
        self.folder.mkdir(parents=True)
        self.client, self.service = self.folder / "client.keytab", self.folder / "service.keytab"
        self.life, self.program = life, None

    def __enter__(self):
        _one.acquire()
        try:
            return self.start()
        except BaseException:
            _one.release()
            raise

    def start(self):
        for _ in range(5):  # krb5kdc cannot choose a port itself: somebody else may take it first
            self.configure()
            self.program = Program("krb5kdc", [TOOLS["krb5kdc"], "-n", "-P", self.folder / "pid"], self.folder, self.env())
            if until("the KDC begins or ends", lambda: "commencing operation" in self.said() or not self.program.alive(), 20) \
                    and self.program.alive():
                break
        need(self.program.alive(), f"krb5kdc: {self.program.tail()} {self.said()}")
        os.environ["KRB5_CONFIG"] = str(self.folder / "krb5.conf")
        return self

    def __exit__(self, *_):
        os.environ.pop("KRB5_CONFIG", None)
        self.program.reap()
        _one.release()

    def said(self):
        log = self.folder / "kdc.log"
        return (log.read_text() if log.exists() else "") + self.program.text()

    def env(self):
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf")}

    def configure(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        words = {"realm": REALM, "port": port, "folder": self.folder, "life": self.life}
        (self.folder / "krb5.conf").write_text(CONFIG.format(**words) + f"[logging]\n    kdc = FILE:{self.folder}/kdc.log\n")
        (self.folder / "kdc.conf").write_text(KDC.format(**words))
        (self.folder / "kdc.log").unlink(missing_ok=True)
        if self.client.exists():
            return
        self.tool("kdb5_util", "create", "-s", "-r", REALM, "-P", "not-a-secret-either")
        for principal, keytab in (("svc-sync", self.client), ("HTTP/localhost", self.service)):
            self.tool("kadmin.local", "-r", REALM, "-q", f"addprinc -randkey {principal}")
            self.tool("kadmin.local", "-r", REALM, "-q", f"ktadd -k {keytab} {principal}")
            keytab.chmod(0o600)

    def tool(self, name, *arguments):
        done = subprocess.run([TOOLS[name], *arguments], capture_output=True, text=True, timeout=60, check=False,
                              env=environment(self.env()))
        need(done.returncode == 0, f"{name}: {done.stderr}")

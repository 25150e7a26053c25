"""https before a simulator: a certificate authority of the test's own and a front that hands bytes through."""
import asyncio
import ssl
import subprocess
import threading

from lib_program import need


class Authority:
    """Makes certificates in a folder; `file` is what clients trust."""

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "ca.pem"
        self.run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3",
                 "-subj", "/CN=Authority of the tests", "-keyout", folder / "ca.key.pem", "-out", self.file)

    def run(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False,
                              cwd=self.folder)
        need(done.returncode == 0, f"openssl: {done.stderr.strip()[-400:]}")

    def issue(self, *names):
        """A certificate for these names; returns (certificate, key)."""
        key, request, cert, extensions = (self.folder / f"server.{end}" for end in ("key.pem", "csr", "pem", "ext"))
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{n}" for n in names) + "\n")
        self.run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
                 "-keyout", key, "-out", request)
        self.run("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.folder / "ca.key.pem",
                 "-CAcreateserial", "-days", "3", "-extfile", extensions, "-out", cert)
        return cert, key


class Front:
    """with Front(cert, key, port) as front: https on front.port, plain to 127.0.0.1:port. front.names: by name asked."""

    def __init__(self, cert, key, target):
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.context.sni_callback = self.on_name
        self.names = {}
        self.loop = asyncio.new_event_loop()
        self.started = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.port = None

    def on_name(self, _, name, __):
        self.names[name] = self.names.get(name, 0) + 1

    def __enter__(self):
        self.thread.start()
        need(self.started.wait(10), "the https front did not start")
        return self

    def __exit__(self, kind, value, trace):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def serve(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(
            asyncio.start_server(self.client, "127.0.0.1", 0, ssl=self.context, backlog=200))
        self.port = server.sockets[0].getsockname()[1]
        self.loop.set_exception_handler(lambda *_: None)  # connections that clients end as they like
        self.started.set()
        self.loop.run_forever()

    async def client(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self.copy(reader, far_writer), self.copy(far_reader, writer))

    @staticmethod
    async def copy(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass
        finally:
            writer.close()

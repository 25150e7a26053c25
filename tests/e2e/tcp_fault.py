"""A TCP proxy that misbehaves on request, between a program and a server of loopback.

    proxy = TcpFault(target)            # ("127.0.0.1", port), or the path of a unix socket
    proxy.port                          # where clients connect
    proxy.be("blackhole"); ...; proxy.heal()

By hand: tcp_fault.py TARGET [FAULT [member=value..]] serves until interrupted, and prints its port and what was done.

| fault       | what a client meets |
|---|---|
| `delay`     | each piece of data, in both directions, arrives `ms` later; `jitter` times as much at most |
| `blackhole` | nothing arrives in either direction, connections stay open, new ones are accepted and swallowed |
| `half_open` | what the client sends arrives, the answers do not; the connection stays open |
| `resets`    | RST to both sides as soon as an answer comes, with the request served |
| `refuse`    | RST to both sides as soon as the client sends something, with the request not served |
| `drip`      | answers come in pieces of `bytes`, one each `ms` |

Every proxy counts what it did (`hits`): a fault that hit nothing shows nothing. heal() ends the connections that lost
something, since their streams are torn, and leaves the others alone.
"""
import asyncio
import random
import socket
import struct
import sys
import threading
import time

FAULTS = ("delay", "blackhole", "half_open", "resets", "refuse", "drip")
PIECE = 1 << 16


class Link:
    """One connection of a client and its connection to the server."""

    def __init__(self):
        self.writers = []
        self.torn = False  # bytes were lost: the stream must not go on

    def reset(self):
        """RST in both directions."""
        for writer in self.writers:
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family == socket.AF_INET:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class TcpFault:
    """All its methods may be called from any thread; its own thread moves the bytes."""

    # pylint: disable=too-many-instance-attributes
    def __init__(self, target=None, seed=1):
        self.target = target
        self.fault, self.members = None, {}
        self.hits = dict.fromkeys(("delayed", "swallowed", "cut", "dripped", "refused"), 0)
        self.links = set()
        self.dice = random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def be(self, fault, **members):
        if fault not in FAULTS:
            raise ValueError(f"no such fault: {fault}")
        self.hits = dict.fromkeys(self.hits, 0)
        self.members = members
        self.fault = fault

    def heal(self):
        """Hands through again; ends connections that lost bytes. Returns what the fault did."""
        self.fault = None
        self._call(self._end_torn)
        return {name: n for name, n in self.hits.items() if n}

    def close(self):
        self._call(self._stop)
        self.thread.join(5)
        self.listener.close()

    # --- its thread ---

    def _call(self, act):
        done = threading.Event()

        def step():
            act()
            done.set()

        self.loop.call_soon_threadsafe(step)
        done.wait(5)

    def _serve(self):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._client, sock=self.listener))
        self.loop.run_forever()
        server.close()
        for link in list(self.links):
            link.reset()
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    def _stop(self):
        self.loop.stop()

    def _end_torn(self):
        for link in list(self.links):
            if link.torn:
                self.hits["cut"] += 1
                link.reset()

    async def _connect(self):
        if isinstance(self.target, str):
            return await asyncio.open_unix_connection(self.target)
        return await asyncio.open_connection(*self.target)

    async def _client(self, reader, writer):
        link = Link()
        self.links.add(link)
        link.writers.append(writer)
        try:
            # A blackhole takes connections too: the client's own patience has to end them.
            while self.fault == "blackhole":
                link.torn = True
                await asyncio.sleep(0.05)
            if link.torn:  # what it sent is gone
                link.reset()
                return
            server_reader, server_writer = await self._connect()
            link.writers.append(server_writer)
            await asyncio.gather(self._pump(link, reader, server_writer, False),
                                 self._pump(link, server_reader, writer, True))
        except OSError:
            pass
        finally:
            self.links.discard(link)
            for one in link.writers:
                one.close()

    async def _pump(self, link, reader, writer, answers):
        """One direction. An end of one side ends both: no client here closes half a connection."""
        try:
            while data := await reader.read(PIECE):
                if await self._meddle(link, data, writer, answers):
                    continue
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        if not (link.torn and self.fault in ("blackhole", "half_open")):
            for one in link.writers:
                one.close()

    async def _meddle(self, link, data, writer, answers):
        """Returns True when the data needs no further handing on."""
        fault, members = self.fault, self.members
        if fault == "delay":
            self.hits["delayed"] += 1
            await asyncio.sleep((members["ms"] + self.dice.random() * members.get("jitter", 0)) / 1000)
        elif fault == "blackhole" or (fault == "half_open" and answers):
            self.hits["swallowed"] += len(data)
            link.torn = True
            return True
        elif (fault == "resets" and answers) or (fault == "refuse" and not answers):
            self.hits["cut" if fault == "resets" else "refused"] += 1
            link.reset()
            return True
        elif fault == "drip" and answers:
            await self._drip(data, writer, members)
            return True
        return False

    async def _drip(self, data, writer, members):
        size = members["bytes"]
        for at in range(0, len(data), size):
            if self.fault == "drip":
                self.hits["dripped"] += 1
                await asyncio.sleep(members["ms"] / 1000)
            writer.write(data[at:at + size])
            await writer.drain()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    target = sys.argv[1]
    if ":" in target and "/" not in target:
        host, port = target.rsplit(":", 1)
        target = (host, int(port))
    proxy = TcpFault(target)
    print(proxy.port, flush=True)
    if len(sys.argv) > 2:
        proxy.be(sys.argv[2], **{k: int(v) for k, v in (word.split("=", 1) for word in sys.argv[3:])})
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print(proxy.heal())


if __name__ == "__main__":
    main()

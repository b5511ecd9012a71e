#!/usr/bin/env python3
"""A soak: mixed traffic for minutes or hours, with every answer checked against its request's id.

    python3 tests/integration/soak.py --binary build/verbgate --minutes 30

Clients ask, upload, pipeline, read slowly, leave in the middle, use tunnels and refused methods; some log in by
NTLM, which belongs to their connection, or break off in the middle of that. The backend answers in every
framing, cuts answers, and is killed and started again. The policy is reloaded now and then, and the gateway's
standard error is a pipe that is full most of the time. At the end no answer may have been wrong, mixed up or
meant for somebody else, and file descriptors and memory must be back where they were.
"""
import argparse
import asyncio
import multiprocessing
import os
import random
import re
import signal
import sys
import threading
import time

from lib import gateway, ntlm

PIECE = 32 * 1024
BACKEND_LIFE = 20  # seconds until it is killed
BACKEND_PAUSE = 0.5
RELOAD_PAUSE = 7
EXCHANGE_MAX = 30  # seconds that an exchange may take
LOG_PAUSE = 2 * EXCHANGE_MAX  # so a worker that waits for the log's reader is found out
LOG_READ_BYTES = 64 << 10


# ---- the backend: a process of its own, so that it can be killed ----------------------------------------

def read_fields(lines):
    pairs = (line.split(": ", 1) for line in lines if ": " in line)
    return {name.lower(): value for name, value in pairs}


async def read_head(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    return head[0].split(" "), read_fields(head[1:])


async def read_content(reader, fields):
    if "chunked" in fields.get("transfer-encoding", ""):
        total = 0
        while True:
            size = int(await reader.readuntil(b"\r\n"), 16)
            await reader.readexactly(size + 2)
            total += size
            if size == 0:
                return total
    length = int(fields.get("content-length", 0))
    left = length
    while left > 0:
        left -= len(await reader.readexactly(min(left, PIECE)))
    return length


def content_for(identity, size):
    """Bytes in which every part tells whose they are."""
    unit = (identity + ".").encode()
    return (unit * (size // len(unit) + 1))[:size]


async def answer(writer, path, identity, received):
    size = 1 + int(identity[2:10]) * 7919 % (200 * 1024 if "large" in path else 300)
    body = content_for(identity, size)
    head = "HTTP/1.1 200 OK\r\nX-Id: %s\r\nX-Received: %d\r\n" % (identity, received)
    if "chunked" in path:
        writer.write((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        for at in range(0, size, 7000):
            piece = body[at:at + 7000]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        writer.write(b"0\r\n\r\n")
    elif "close" in path:
        writer.write((head + "Connection: close\r\n\r\n").encode() + body)
    elif "cut" in path:
        writer.write((head + "Content-Length: %d\r\n\r\n" % (size + 1000)).encode() + body)
    else:
        writer.write((head + "Content-Length: %d\r\n\r\n" % size).encode() + body)
    await writer.drain()
    return "close" not in path and "cut" not in path


async def answer_login(writer, login, identity, fields):
    """Who asks is who logged in on this connection."""
    offer = login.judge(fields.get("authorization"))
    head = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: %s\r\n" % offer if offer else "HTTP/1.1 200 OK\r\n"
    body = content_for(identity, 100)
    writer.write((head + "X-Id: %s\r\nX-User: %s\r\nContent-Length: %d\r\n\r\n" %
                  (identity, login.user or "nobody", len(body))).encode() + body)
    await writer.drain()


async def serve_backend(reader, writer):
    login = ntlm.Login()
    try:
        while True:
            (_, path, _), fields = await read_head(reader)
            identity = fields.get("x-id", "none")
            if "upgrade" in fields:
                writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
                while data := await reader.read(PIECE):
                    writer.write(data)
                    await writer.drain()
                break
            if "login" in path:
                await read_content(reader, fields)
                await answer_login(writer, login, identity, fields)
                continue
            if "early" in path:
                await answer(writer, path, identity, 0)
                break
            received = await read_content(reader, fields)
            if "slow" in path:
                await asyncio.sleep(random.random() * 0.3)
            if not await answer(writer, path, identity, received):
                break
    except (OSError, EOFError, ValueError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def run_backend(path):
    async def main():
        if os.path.exists(path):
            os.unlink(path)
        server = await asyncio.start_unix_server(serve_backend, path, backlog=512)
        async with server:
            await server.serve_forever()

    asyncio.run(main())


# ---- the gateway, whose log is read now and then ------------------------------------------------------------

class BusyReader(gateway.Gateway):
    """Once it is ready, its log is left alone for long; of what is read, only what is no log line is kept."""

    def __init__(self, text, pause):
        super().__init__(text)
        self.pause = pause
        self.read_on = threading.Event()
        self.read_on.set()
        self.line_count = 0

    def read_log(self):
        budget = 0
        for raw in self.process.stderr:
            if not self.read_on.is_set() and budget <= 0:
                self.read_on.wait(self.pause)
                budget = LOG_READ_BYTES
            budget -= len(raw)
            self.note(raw.decode("utf-8", "replace").rstrip("\n"))
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def note(self, line):
        with self.changed:
            self.line_count += 1
            listening = gateway.LISTENING.search(line)
            if listening:
                self.listeners[listening.group(2)] = gateway.parse_address(listening.group(1))
            if self.read_on.is_set() or not gateway.LOG_LINE.match(line):
                self.lines.append(line)
                self.changed.notify_all()


# ---- clients ----------------------------------------------------------------------------------------------

class Wrong(Exception):
    """An answer that no circumstances excuse."""


class Soak:
    def __init__(self, port, seconds):
        self.port = port
        self.backend_life = 0  # which life of the backend this is: a login ends with it
        self.end = time.monotonic() + seconds
        self.counts = {}
        self.wrong = []
        self.serial = 0

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def identity(self):
        self.serial += 1
        return "id%08dz" % self.serial

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)

    async def read_answer_head(self, reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        return int(head[0].split(" ")[1]), read_fields(head[1:])

    async def read_answer(self, reader, identity, slow=False):
        """Checks one response; raises EOFError kinds when it is cut."""
        status, fields = await self.read_answer_head(reader)
        if status == 100:
            return await self.read_answer(reader, identity, slow)
        if status == 200 and fields.get("x-id") != identity:
            raise Wrong("%s got the head of %s" % (identity, fields.get("x-id")))
        body = await self.read_body(reader, fields, slow)
        if status == 200 and body != content_for(identity, len(body)):
            raise Wrong("%s got somebody else's content: %r" % (identity, body[:60]))
        if status not in (200, 501, 405, 502, 504):
            raise Wrong("%s got %d" % (identity, status))
        return status, fields.get("connection") != "close"

    async def read_body(self, reader, fields, slow):
        if "chunked" in fields.get("transfer-encoding", ""):
            body = b""
            while True:
                size = int(await reader.readuntil(b"\r\n"), 16)
                body += (await reader.readexactly(size + 2))[:-2]
                if size == 0:
                    return body
        body = b""
        left = int(fields["content-length"])
        while left > 0:
            piece = await reader.readexactly(min(left, 1000 if slow else PIECE))
            body += piece
            left -= len(piece)
            if slow:
                await asyncio.sleep(0.002)
        return body

    def request(self, method, path, identity, extra="", body=b""):
        head = "%s %s HTTP/1.1\r\nHost: soak\r\nX-Id: %s\r\n%s\r\n" % (method, path, identity, extra)
        return head.encode() + body

    async def gets(self, reader, writer):
        for _ in range(random.randint(1, 20)):
            identity = self.identity()
            path = "/" + random.choice(["len", "chunked", "large", "large-chunked", "close", "slow"])
            writer.write(self.request("GET", path, identity))
            status, keep = await self.read_answer(reader, identity, slow=random.random() < 0.05)
            self.count("get %d" % status)
            if not keep:
                return

    async def pipelines(self, reader, writer):
        identities = [self.identity() for _ in range(random.randint(2, 30))]
        methods = [random.choice(["GET", "GET", "PATCH"]) for _ in identities]
        writer.write(b"".join(self.request(method, "/len", identity)
                              for method, identity in zip(methods, identities)))
        for method, identity in zip(methods, identities):
            status, keep = await self.read_answer(reader, identity)
            if (method == "PATCH") != (status == 501):
                raise Wrong("%s: %s got %d in a pipeline" % (identity, method, status))
            self.count("pipelined %d" % status)
            if not keep:
                return

    async def uploads(self, reader, writer):
        identity = self.identity()
        size = random.choice([0, 1, 5000, 100000, 700000])
        path = random.choice(["/up", "/up-early", "/up-chunked"])
        body = os.urandom(size)
        if random.random() < 0.5:
            writer.write(self.request("POST", path, identity, "Content-Length: %d\r\n" % size, body))
        else:
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece)
                              for piece in (body[at:at + 9000] for at in range(0, size, 9000)))
            writer.write(self.request("POST", path, identity, "Transfer-Encoding: chunked\r\n", chunks + b"0\r\n\r\n"))
        await writer.drain()
        status, _ = await self.read_answer(reader, identity)
        self.count("upload %d" % status)

    async def aborts(self, reader, writer):
        identity = self.identity()
        kind = random.random()
        if kind < 0.3:
            writer.write(self.request("GET", "/large", identity)[:random.randint(1, 60)])
        elif kind < 0.6:
            writer.write(self.request("POST", "/up", identity, "Content-Length: 100000\r\n", b"x" * 5000))
            await writer.drain()
        else:
            writer.write(self.request("GET", "/large-slow", identity))
            await reader.read(random.choice([1, 1000, 40000]))
        self.count("abort")

    async def cut(self, reader, writer):
        identity = self.identity()
        writer.write(self.request("GET", "/cut", identity))
        try:
            status, _ = await self.read_answer(reader, identity)
        except asyncio.IncompleteReadError:
            self.count("cut seen as cut")
            return
        if status == 200:
            raise Wrong("%s: a cut answer looked complete" % identity)

    async def tunnels(self, reader, writer):
        identity = self.identity()
        writer.write(self.request("GET", "/tunnel", identity, "Connection: upgrade\r\nUpgrade: websocket\r\n"))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            self.count("tunnel refused")
            return
        for _ in range(random.randint(1, 20)):
            data = content_for(identity, random.randint(1, 50000))
            writer.write(data)
            if await reader.readexactly(len(data)) != data:
                raise Wrong("%s: a tunnel mixed up its bytes" % identity)
            await asyncio.sleep(random.random() * 0.05)
        self.count("tunnel")

    async def refusals(self, reader, writer):
        identity = self.identity()
        writer.write(self.request("PATCH", "/x", identity, "Content-Length: 5\r\n", b"hello") +
                     self.request("POST", "/ro/x", identity, "Content-Length: 3\r\n", b"abc"))
        for wanted in (501, 405):
            status, _ = await self.read_answer(reader, identity)
            if status != wanted:
                raise Wrong("%s got %d, not %d" % (identity, status, wanted))
            self.count("refused %d" % status)

    async def slow_heads(self, reader, writer):
        identity = self.identity()
        for byte in self.request("GET", "/len", identity):
            writer.write(bytes([byte]))
            await asyncio.sleep(0.001)
        status, _ = await self.read_answer(reader, identity)
        self.count("slow head %d" % status)

    async def ask_login(self, reader, writer, user, authorization=None):
        """One request for what needs a login; the status, which is 200 only for this user (None: for nobody)."""
        identity = self.identity()
        extra = "Authorization: %s\r\n" % authorization if authorization else ""
        writer.write(self.request("GET", "/login", identity, extra))
        status, fields = await self.read_answer_head(reader)
        body = await self.read_body(reader, fields, False)
        if status in (200, 401) and (fields.get("x-id") != identity or body != content_for(identity, len(body))):
            raise Wrong("%s got the answer of %s" % (identity, fields.get("x-id")))
        if status == 200 and fields.get("x-user") != user:
            raise Wrong("%s of %s was answered as %s" % (identity, user, fields.get("x-user")))
        if status not in (200, 401, 502, 504):
            raise Wrong("%s got %d for a login" % (identity, status))
        if status not in (200, 401) or fields.get("connection", "").lower() == "close":
            self.count("login that the server ended")
            raise EOFError
        return status

    async def logins(self, reader, writer):
        """A user's connection: the handshake, perhaps only its beginning, then requests of this user alone."""
        user = "user%d" % random.randint(1, 50)
        if random.random() < 0.3:
            await self.ask_login(reader, writer, None)
        if await self.ask_login(reader, writer, None, ntlm.negotiate()) != 401:
            raise Wrong("%s was let in by the first message" % user)
        if random.random() < 0.2:
            self.count("login broken off")
            return
        if random.random() < 0.1:
            writer.write(self.request("GET", "/login", self.identity(),
                                      "Authorization: %s\r\n" % ntlm.authenticate(user))[:random.randint(20, 150)])
            await writer.drain()
            self.count("login broken off")
            return
        life = self.backend_life
        for authorization in [ntlm.authenticate(user)] + [None] * random.randint(1, 20):
            if await self.ask_login(reader, writer, user, authorization) == 200:
                self.count("login" if authorization else "asked as a user")
            elif life == self.backend_life:
                raise Wrong("%s was not known any more: its requests took different ways" % user)
            else:
                self.count("login that the server ended")
                return
            await asyncio.sleep(random.random() * 0.1)

    async def strangers(self, reader, writer):
        """Without credentials nobody is somebody."""
        for _ in range(random.randint(1, 10)):
            if await self.ask_login(reader, writer, None) != 401:
                raise Wrong("a stranger was let in")
            self.count("asked as a stranger")

    async def client(self):
        kinds = [self.gets] * 8 + [self.pipelines] * 3 + [self.uploads] * 3 + [self.aborts] * 3 + \
            [self.cut, self.tunnels, self.refusals, self.slow_heads] + [self.logins] * 3 + [self.strangers] * 2
        while time.monotonic() < self.end:
            writer = None
            try:
                reader, writer = await self.connect()
                await asyncio.wait_for(random.choice(kinds)(reader, writer), EXCHANGE_MAX)
            except Wrong as error:
                self.wrong.append(str(error))
            except asyncio.TimeoutError:  # first: since Python 3.11 it is an OSError
                self.wrong.append("an exchange hung for %d s" % EXCHANGE_MAX)
            except (OSError, EOFError, asyncio.IncompleteReadError):
                self.count("connection ended early")
            except ValueError as error:
                self.wrong.append("an answer that cannot be read: %s" % error)
            finally:
                if writer is not None:
                    writer.transport.abort() if random.random() < 0.3 else writer.close()


async def keep_killing_backend(path, soak):
    process = None
    while time.monotonic() < soak.end:
        process = multiprocessing.Process(target=run_backend, args=(path,), daemon=True)
        process.start()
        await asyncio.sleep(min(BACKEND_LIFE, max(0.1, soak.end - time.monotonic())))
        soak.backend_life += 1
        process.kill()
        process.join()
        await asyncio.sleep(BACKEND_PAUSE)


async def keep_reloading(gate, end):
    while time.monotonic() + RELOAD_PAUSE < end:
        await asyncio.sleep(RELOAD_PAUSE)
        gate.signal(signal.SIGHUP)


def resident_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def descriptor_count(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


async def watch(pid, end, samples):
    while time.monotonic() < end:
        samples.append(resident_kib(pid))
        print("  %5.0f s left: %d KiB resident, %d descriptors" %
              (end - time.monotonic(), samples[-1], descriptor_count(pid)), flush=True)
        await asyncio.sleep(min(30, max(1, (end - time.monotonic()) / 4)))


async def run(gate, backend_path, seconds, clients):
    soak = Soak(gate.address[1], seconds)
    samples = []
    jobs = [keep_killing_backend(backend_path, soak), keep_reloading(gate, soak.end),
            watch(gate.process.pid, soak.end, samples)]
    await asyncio.gather(*jobs, *(soak.client() for _ in range(clients)))
    return soak, samples


def settle(pid):
    """The descriptors in use once connections had time to end: the least number within 12 s."""
    deadline = time.monotonic() + 12
    least = descriptor_count(pid)
    while time.monotonic() < deadline:
        least = min(least, descriptor_count(pid))
        time.sleep(0.2)
    return least


def by_kind(problems):
    """Problems that differ in numbers only, together."""
    kinds = {}
    for problem in problems:
        kinds.setdefault(re.sub(r"[0-9]+", "", problem), []).append(problem)
    return kinds.values()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--clients", type=int, default=40)
    parser.add_argument("--log-pause", type=float, default=LOG_PAUSE,
                        help="seconds for which nobody reads the gateway's standard error; 0: it is read at once")
    options = parser.parse_args()
    gateway.Gateway.binary = os.path.abspath(options.binary)
    backend_path = "/tmp/verbgate-soak-%d.sock" % os.getpid()
    text = ("[gateway]\nworkers = 2\nlog-level = debug\nidle-timeout = 5s\nbody-timeout = 10s\nlinger-timeout = 1s\n"
            "[listener main]\nbind = 127.0.0.1:0\n"
            "[upstream backend]\nserver = unix:%s\nimplements = GET HEAD POST\nidle-timeout = 3s\n"
            "[route ro]\npath = /ro/*\nallow = GET\n[route all]\npath = /*\n" % backend_path)
    gate = BusyReader(text, options.log_pause).start()
    # libuv opens one descriptor more for each loop with its first connection.
    asyncio.run(run(gate, backend_path, 3, options.clients))
    before = settle(gate.process.pid)
    gate.read_on.clear()
    soak, samples = asyncio.run(run(gate, backend_path, options.minutes * 60, options.clients))
    after = settle(gate.process.pid)
    resident = resident_kib(gate.process.pid)
    gate.read_on.set()
    gate.stop()
    print("counts:", ", ".join("%s: %d" % pair for pair in sorted(soak.counts.items())))
    print("log: %d lines read" % gate.line_count)
    print("descriptors: %d before, %d after; resident KiB: %d after a fifth, %d at the end, %d after" %
          (before, after, samples[len(samples) // 5], samples[-1], resident))
    for problems in by_kind(soak.wrong):
        print("WRONG, %d times: %s" % (len(problems), "; ".join(problems[:3])))
    grown = resident > samples[len(samples) // 5] * 1.5 + 4096
    failed = bool(soak.wrong) or after > before or grown
    print("%d wrong answers%s: %s" % (len(soak.wrong), ", memory has grown" if grown else "",
                                      "FAILED" if failed else "passed"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

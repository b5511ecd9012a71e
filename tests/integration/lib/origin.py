"""A scripted backend on a raw socket.

A script is a function of one Connection. Connection number i runs script i; the last script serves
all further connections. A script reads and sends what it wants, byte for byte, and meets the test
at events instead of sleeping:

    released = threading.Event()

    def slow(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\\r\\nContent-Length: 4\\r\\n\\r\\nab")
        connection.wait(released)
        connection.send(b"cd")
"""
import os
import socket
import struct
import tempfile
import threading

from . import wire
from .limits import WAIT, until

IDLE = 3600.0


def answer(status=200, body=b"ok", fields=(), reason="OK"):
    """The bytes of a response with Content-Length."""
    lines = ["HTTP/1.1 %d %s" % (status, reason), "Content-Length: %d" % len(body)]
    lines += ["%s: %s" % pair for pair in fields]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def serve(reply=None):
    """A script that answers every request, with bytes or with what a function of the request says."""
    reply = answer() if reply is None else reply

    def script(connection):
        while True:
            message = connection.read_request()
            data = reply(message) if callable(reply) else reply
            connection.send(data)

    return script


def once(reply, after=None):
    """A script that answers one request and then ends the connection: None closes, "reset" resets."""

    def script(connection):
        connection.read_request()
        connection.send(reply)
        if after == "reset":
            connection.reset()

    return script


class Connection:
    def __init__(self, origin, sock, number):
        self.origin = origin
        self.number = number
        self.stream = wire.Stream(sock)
        self.sock = sock
        self.requests = []
        self.sink = None
        self.done = threading.Event()

    @property
    def received(self):
        return bytes(self.stream.received)

    @property
    def ended(self):
        """How the gateway ended this connection as far as the script has seen: None, eof, reset."""
        return self.stream.ended

    def read_head(self):
        # An idle connection may wait for its next request as long as the test lasts.
        if not self.stream.buffer:
            self.stream.fill(IDLE)
        message = wire.read_request_head(self.stream)
        self.requests.append(message)
        self.origin.note_request(message)
        return message

    def read_body(self, message):
        return message.read_body(self.stream, self.sink)

    def read_request(self):
        return self.read_body(self.read_head())

    def send(self, data):
        wire.send_all(self.sock, data)

    def wait(self, event):
        if not event.wait(WAIT):
            raise AssertionError("the test never set the event that the origin waits for")

    def wait_end(self):
        return self.stream.wait_end()

    def half_close(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()


class Origin:
    """Listens at once; accepts in a thread, one more thread a connection."""

    def __init__(self, *scripts, unix=False, family=socket.AF_INET):
        self.scripts = scripts or (serve(),)
        self.connections = []
        self.requests = []
        self.errors = []
        self.changed = threading.Condition()
        self.closing = False
        self.folder = None
        if unix:
            self.folder = tempfile.TemporaryDirectory(prefix="vg-origin-")
            self.address = os.path.join(self.folder.name, "origin.sock")
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(self.address)
            self.server = "unix:" + self.address
        else:
            host = "::1" if family == socket.AF_INET6 else "127.0.0.1"
            self.listener = socket.socket(family)
            self.listener.bind((host, 0))
            self.address = self.listener.getsockname()[:2]
            self.server = ("[%s]:%d" if ":" in host else "%s:%d") % self.address
        self.listener.listen(256)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if self.closing:
                sock.close()
                return
            with self.changed:
                connection = Connection(self, sock, len(self.connections))
                self.connections.append(connection)
                self.changed.notify_all()
            threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        script = self.scripts[min(connection.number, len(self.scripts) - 1)]
        try:
            script(connection)
        except (wire.Ended, OSError):
            pass  # the gateway went away; tests look at connection.ended
        except Exception as error:  # a script that fails must fail its test
            if not self.closing:
                self.errors.append(error)
        finally:
            connection.close()
            connection.done.set()
            with self.changed:
                self.changed.notify_all()

    def note_request(self, message):
        with self.changed:
            self.requests.append(message)
            self.changed.notify_all()

    def wait(self, condition, what):
        with self.changed:
            if not self.changed.wait_for(condition, WAIT):
                raise AssertionError("waited in vain at the origin: " + what)

    def wait_connections(self, count):
        self.wait(lambda: len(self.connections) >= count, "%d connections" % count)
        return self.connections[count - 1]

    def wait_requests(self, count):
        self.wait(lambda: len(self.requests) >= count, "%d requests" % count)
        return self.requests[count - 1]

    def wait_done(self, number=0):
        """Waits until the script of connection `number` has ended."""
        connection = self.wait_connections(number + 1)
        if not connection.done.wait(WAIT):
            raise AssertionError("the origin's script %d did not end" % number)
        return connection

    def close(self):
        self.closing = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self.connections:
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        if self.folder:
            self.folder.cleanup()
        if self.errors:
            raise AssertionError("origin script: %r" % self.errors[0]) from self.errors[0]


class FullBacklog:
    """An address on which connect() never ends: a listener whose accept queue is full."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.address = self.listener.getsockname()
        self.server = "%s:%d" % self.address
        self.fillers = []
        until(self.add_filler, "a full accept queue")

    def add_filler(self):
        """Connects once more; True when the queue takes no more."""
        filler = socket.socket()
        filler.settimeout(0.3)
        self.fillers.append(filler)
        try:
            filler.connect(self.address)
        except TimeoutError:
            return True
        return False

    def close(self):
        for filler in self.fillers:
            filler.close()
        self.listener.close()


def unused_port():
    """A port on which nothing listens right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]

"""What the tests of leftovers share: a server that leaves something on its connection, and clients that come next.

The server answers with the identity of the request that it has got, so that an answer which reaches the wrong client
shows; and it keeps count, so that a request which nobody sent shows as well.
"""
import collections
import os
import re
import select
import threading

from .admin import AdminCase
from .client import chunked, request
from .limits import WAIT, until
from .origin import answer

# When a server sends what it leaves: in the same segment as its answer, in one right behind it, when the client has
# its answer, or when the next request comes on the same connection.
SAME, SOON, LATER, NEXT = "same segment", "next segment", "after the answer", "at the next request"
CODED = ("Transfer-Encoding", "chunked")
LEFT = b"left behind"


def head(status, *fields):
    """The bytes of a response's head with these fields, and with no others."""
    lines = ["HTTP/1.1 %d Status" % status] + ["%s: %s" % field for field in fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def length(number):
    return "Content-Length", str(number)


def mirror(message):
    """An answer that only the client of this request may get."""
    identity = "%s %s %s" % (message.method, message.target, message.get("x-id"))
    body = identity.encode() + b" " + message.body
    response = answer(body=body, fields=[("X-Identity", identity)])
    return response[:len(response) - len(body)] if message.method == "HEAD" else response


class Trick:
    """What a server does with one request: `first` is its answer, `left` is what it leaves behind that."""

    def __init__(self, first, left=b"", when=SAME):
        self.first, self.left, self.when = first, left, when
        self.answered = threading.Event()
        self.begun = threading.Event()
        self.connection = None

    def play(self, connection, message):
        self.connection = connection
        connection.read_body(message)
        connection.send(self.first + self.left if self.when == SAME else self.first)
        self.begun.set()
        if self.when == LATER:
            connection.wait(self.answered)
        elif self.when == NEXT:
            select.select([connection.sock], [], [], WAIT)
        if self.when != SAME:
            connection.send(self.left)  # an OSError ends the script: the gateway has closed the connection

    def end(self):
        """The gateway may keep a connection on which nothing was left; the server closes it."""
        try:
            self.connection.half_close()
        except OSError:
            pass  # closed already


def tricky(tricks):
    """A script: a request for the target of a trick gets that, and all others get their mirror."""

    def script(connection):
        while True:
            message = connection.read_head()
            trick = tricks.get(message.target)
            if trick is not None:
                trick.play(connection, message)
                _, extra = connection.wait_end()
                if extra:
                    raise AssertionError("used again behind %r: %r" % (trick.first[:60], extra[:200]))
                return
            connection.read_body(message)
            connection.send(mirror(message))

    return script


class LeftoverCase(AdminCase):
    """A gateway with one worker in front of a server that plays tricks; `self.tricks` has them by their target."""

    def setUp(self):
        super().setUp()
        self.tricks = {}
        self.named = 0
        self.lock = threading.Lock()

    def start(self, *scripts, **sections):
        """Sets self.backend and self.front; what is open in the gateway before the first client is remembered."""
        sections.setdefault("workers", "1")
        self.backend = self.origin(*(scripts or (tricky(self.tricks),)))
        self.front = self.start_admin(self.backend, **sections)
        self.descriptors_before = self.descriptors()
        self.gauges_before = self.gauges()

    # ---- the next clients

    def next_forms(self):
        """One request of each form that clients use: (method, target, id, content, bytes)."""
        forms = []
        for method, kind in (("GET", None), ("POST", "length"), ("PUT", "chunked"), ("HEAD", None), ("DELETE", None)):
            with self.lock:
                self.named += 1
                name = "next-%d" % self.named
            target, content, fields = "/" + name, name.encode() * 3 if kind else b"", [("X-Id", name)]
            if kind == "chunked":
                data = chunked(method, target, [content[:5], content[5:]], fields=fields)
            else:
                data = request(method, target, fields=fields, body=content if kind else None)
            forms.append((method, target, name, content, data))
        return forms

    def assert_own_answer(self, response, form):
        method, target, name, content, _ = form
        self.assert_status(response, 200)
        identity = "%s %s %s" % (method, target, name)
        self.assertEqual(response.get("x-identity"), identity)
        self.assertEqual(response.body, b"" if method == "HEAD" else identity.encode() + b" " + content)
        self.assertEqual((response.interim, response.trailers), ([], []))

    def ask_all(self, forms):
        """Sends these requests at once on one connection: each gets its own answer, and nothing else comes."""
        client = self.client(self.front)
        client.send(b"".join(form[-1] for form in forms))
        for form in forms:
            self.assert_own_answer(client.read(form[0]), form)
        client.finish_sending()
        self.assertEqual(client.wait_end(), "eof")
        client.close()

    def next_clients(self):
        """A client for each form, and one that sends all of them; returns what was sent."""
        forms, together = self.next_forms(), self.next_forms()
        for form in forms:
            self.ask_all([form])
        self.ask_all(together)
        return forms + together

    def assert_next_clients_are_served(self, *before):
        """The server has seen `before`, as (method, target), and behind that exactly what the next clients sent."""
        forms = self.next_clients()
        seen, self.backend.requests = self.backend.requests, []
        expected = list(before) + [(method, target) for method, target, _, _, _ in forms]
        self.assertEqual([(got.method, got.target) for got in seen], expected)
        for got, form in zip(seen[len(before):], forms):
            self.assertEqual((got.get("x-id"), got.body, got.trailers), (form[2], form[3], []))

    # ---- what is counted

    def gauges(self):
        """What the admin page says of connections that there are now, by name."""
        visitor = self.client(self.front.admin)
        response = visitor.ask("GET", "/metrics", host="localhost")
        visitor.close()
        self.assert_status(response, 200)
        text = response.body.decode()
        names = re.findall(r"(?m)^# TYPE (\w+_connections_\w+) gauge$", text)
        return {name: re.search(r"(?m)^%s (\S+)$" % name, text).group(1) for name in names}

    def descriptors(self):
        """How many the gateway has of each kind; libuv sets one of /dev/null aside at a loop's first connection."""
        folder = "/proc/%d/fd" % self.front.pid
        kinds = collections.Counter()
        for name in os.listdir(folder):
            try:
                kinds[os.readlink(os.path.join(folder, name)).split(":")[0]] += 1
            except FileNotFoundError:
                pass  # closed meanwhile
        del kinds["/dev/null"]
        return kinds

    def assert_nothing_is_left(self):
        """Once the server has closed what it has, no connection and no descriptor is left in the gateway."""
        def gauges_are_back():
            for connection in list(self.backend.connections):  # there may be more of them each time
                try:
                    connection.half_close()
                except OSError:
                    pass  # it is closed
            return self.gauges() == self.gauges_before

        until(gauges_are_back, "gauges to be %r" % self.gauges_before)
        until(lambda: self.descriptors() == self.descriptors_before, "descriptors to be as before")

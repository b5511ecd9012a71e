"""What one client leaves behind for the next on a server connection, and what a server leaves there itself.

Each test plays one trick, and then come the next clients: each of them must get its own answer and no other, and the
server must have seen exactly what was sent. See lib/leftovers.py.
"""
from lib.client import chunk, last_chunk, request
from lib.leftovers import CODED, LATER, LEFT, NEXT, SAME, LeftoverCase, Trick, head, length, mirror, tricky
from lib.limits import WAIT
from lib.origin import answer, serve
from lib.wire import Ended

SWITCH = head(101, ("Connection", "upgrade"), ("Upgrade", "websocket"))
WANTS = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
STRANGE = answer(body=LEFT)
SMUGGLED = request("GET", "/smuggled")

# What a server adds to an answer that was complete.
ADDED = {
    "bytes": LEFT, "a line": b"\r\n", "a NUL": b"\0", "a second answer": STRANGE, "half of an answer": STRANGE[:20],
    "an interim answer": head(100), "early hints": head(103, ("Link", "</left>")), "a switch": SWITCH,
    "trailers": b"X-Left: behind\r\n\r\n", "a chunk": chunk(LEFT), "the last chunk": last_chunk(),
}
# Complete answers: the request's method, and the answer.
COMPLETE = {
    "a length": ("GET", answer()), "a length of 0": ("GET", answer(body=b"")),
    "chunks": ("GET", head(200, CODED) + chunk(b"ok") + last_chunk()),
    "trailers": ("GET", head(200, CODED) + chunk(b"ok") + last_chunk([(b"X-Last", b"1")])),
    "a failure": ("POST", answer(500, b"no")), "close": ("GET", answer(fields=[("Connection", "close")])),
    "a large answer": ("GET", answer(body=b"x" * 3000000)),
    "204": ("DELETE", head(204)), "304": ("GET", head(304)), "HEAD": ("HEAD", head(200, length(11))),
}


class Played(LeftoverCase):
    def play(self, name, trick, method="GET", status=None, **asked):
        """Asks for a trick; what the client gets is checked where a status says what it should be."""
        target = "/trick/%d" % len(self.tricks)
        self.tricks[target] = trick
        client = self.client(self.front)
        client.send(request(method, target, **asked))
        response = client.read(method)
        if status:
            self.assert_status(response, status)
        self.assertNotIn(LEFT, response.body)
        self.assertEqual(response.all("link"), [])
        trick.answered.set()
        client.close()
        return method, target

    def play_and_go_on(self, name, trick, method, is_closed, **asked):
        with self.subTest(name):
            sent = self.play(name, trick, method, **asked)
            if is_closed:
                self.assertTrue(trick.connection.done.wait(WAIT), "the gateway keeps the connection")
            self.assert_next_clients_are_served(sent)
            trick.end()


class ByAServer(Played):
    def test_what_comes_in_the_segment_of_an_answer_reaches_nobody(self):
        self.start()
        for form, (method, first) in COMPLETE.items():
            for name, left in ADDED.items():
                self.play_and_go_on("%s behind %s" % (name, form), Trick(first, left, SAME), method, True)
        self.assert_nothing_is_left()

    def test_what_comes_when_the_client_has_its_answer_reaches_nobody(self):
        self.start()
        for form, (method, first) in COMPLETE.items():
            for name, left in ADDED.items():
                self.play_and_go_on("%s behind %s" % (name, form), Trick(first, left, LATER), method, True)
        self.assert_nothing_is_left()

    def test_a_connection_that_says_close_and_stays_open_is_used_no_more(self):
        self.start()
        for first in (answer(fields=[("Connection", "close")]), answer(fields=[("Connection", "x, CLOSE")]),
                      head(204, ("Connection", "close")), answer().replace(b"HTTP/1.1", b"HTTP/1.0", 1)):
            self.play_and_go_on(repr(first), Trick(first, LEFT, NEXT), "GET", True)
        self.assert_nothing_is_left()

    def test_an_answer_that_nobody_can_use_ends_its_connection(self):
        self.start()
        for first in (SWITCH, head(100) + SWITCH + STRANGE, b"left behind\r\n\r\n",
                      head(200, length(3), CODED) + b"abc", head(200, length(3), length(4)) + b"abcd",
                      head(200, CODED, CODED) + last_chunk(),
                      head(200, ("Transfer-Encoding", "chunked, gzip")) + LEFT, head(200, ("Bad Name", "1"))):
            with self.subTest(repr(first)):
                trick = Trick(first)
                sent = self.play("unusable", trick, status=502)
                self.assertTrue(trick.connection.done.wait(WAIT))
                self.assert_next_clients_are_served(sent)
        self.assert_nothing_is_left()

    def test_an_answer_that_is_cut_ends_at_its_client(self):
        self.start()
        for first in (b"H", head(200)[:20], answer(body=b"mine")[:-1], head(200, CODED) + b"b\r\nleft",
                      head(200, CODED) + chunk(b"mine"),
                      head(200, CODED) + chunk(b"mine") + b"0\r\nX-Left: beh"):
            with self.subTest(repr(first)):
                self.assert_next_clients_are_served(self.cut(first))
        self.assert_nothing_is_left()

    def test_an_answer_that_stops_ends_with_its_time(self):
        self.start(gateway="admin = 127.0.0.1:0\nbody-timeout = 300ms", upstream="response-timeout = 300ms")
        for first in (b"", head(200)[:20], answer(body=b"mine")[:-1], head(200, CODED) + b"b\r\nleft"):
            with self.subTest(repr(first)):
                self.assert_next_clients_are_served(self.cut(first, ends=False))
        self.assert_nothing_is_left()

    def cut(self, first, ends=True):
        target = "/trick/%d" % len(self.tricks)
        trick = self.tricks[target] = Trick(first)
        client = self.client(self.front)
        client.send(request("GET", target))
        self.assertTrue(trick.begun.wait(WAIT))
        if ends:
            trick.connection.half_close()
        try:
            self.assert_status(client.read(), 502 if ends else 504)
        except Ended:
            pass  # the head was through
        self.assertTrue(trick.connection.done.wait(WAIT))
        client.close()
        return "GET", target

    def test_fields_and_trailers_of_one_answer_are_in_no_other(self):
        self.start()
        early = head(103, ("Link", "</left>"), ("X-Left", "behind"))
        last = (head(200, CODED, ("X-Left", "behind"), ("Trailer", "X-Last")) + chunk(b"ok") +
                last_chunk([(b"X-Last", b"1")]))
        until_close = b"HTTP/1.1 200 OK\r\n\r\nall"
        takes = [("Connection", "TE"), ("TE", "trailers")]
        for _ in range(3):
            for first in (early + last, last, until_close, head(200, CODED) + chunk(b"all") + last_chunk()):
                target = "/trick/%d" % len(self.tricks)
                trick = self.tricks[target] = Trick(first)
                client = self.client(self.front)
                client.send(request("GET", target, fields=takes))
                self.assertTrue(trick.begun.wait(WAIT))
                trick.end()
                response = client.read()
                is_last = first.endswith(last)
                self.assertEqual(response.trailers, [(b"X-Last", b"1")] if is_last else [])
                self.assertEqual(response.get("x-left"), "behind" if is_last else None)
                self.assertIsNone(response.get("link"))
                client.close()
                self.assert_next_clients_are_served(("GET", target))
        self.assert_nothing_is_left()

    def test_a_tunnel_that_ends_leaves_no_connection(self):
        for end in ("client closes", "client resets", "server closes", "server resets"):
            with self.subTest(end):
                tunnels = []

                def switch(connection):
                    got = connection.read_head()
                    if got.get("upgrade") is None:
                        connection.read_body(got)
                        connection.send(mirror(got))
                        return serve(mirror)(connection)
                    tunnels.append(connection)
                    connection.send(SWITCH + LEFT)
                    connection.stream.exactly(len(SMUGGLED), "what the client says in its tunnel")
                    if end.startswith("server"):
                        return connection.reset() if end == "server resets" else None
                    return connection.wait_end()

                self.start(switch)
                client = self.client(self.front)
                client.send(request("GET", "/tunnel", fields=WANTS) + SMUGGLED)
                self.assert_status(client.read_head(), 101)
                self.assertEqual(client.stream.exactly(len(LEFT), "what the server says"), LEFT)
                if end.startswith("server"):
                    client.stream.wait_end()
                client.reset() if end == "client resets" else client.close()
                self.assertTrue(tunnels[0].done.wait(WAIT))
                self.assert_next_clients_are_served(("GET", "/tunnel"))
                self.assert_nothing_is_left()

"""What a server sends late, behind an answer that makes more of it likely, and trailers that it may take for a request.

`reuse-delay` is so long that no connection is used again within a test: what comes, comes while it rests.
"""
import threading

from lib.client import chunk, chunked, request
from lib.leftovers import CODED, LEFT, NEXT, SOON, LeftoverCase, Trick, head, length, mirror
from lib.limits import WAIT
from lib.origin import answer, serve
from lib.wire import read_field

PATIENT = "reuse-delay = 10s"
SOME = length(len(LEFT))
# Answers behind which careless servers send content all the same.
DOUBTFUL = {
    "HEAD": ("HEAD", head(200, SOME)), "HEAD, chunked": ("HEAD", head(200, CODED)),
    "HEAD, without a length": ("HEAD", head(200)), "HEAD, 404": ("HEAD", head(404, SOME)),
    "HEAD, 204": ("HEAD", head(204)), "HEAD, 304": ("HEAD", head(304)),
    "204 with a length": ("DELETE", head(204, SOME)), "204 with a coding": ("GET", head(204, CODED)),
    "204": ("GET", head(204)), "304": ("GET", head(304)), "304 with a type": ("GET", head(304, ("Content-Type", "a/b"))),
    "304 with a length": ("GET", head(304, SOME)), "304 with a coding": ("GET", head(304, CODED)),
}


class Late(LeftoverCase):
    def play(self, method, trick):
        target = "/trick/%d" % len(self.tricks)
        self.tricks[target] = trick
        client = self.client(self.front)
        client.send(request(method, target))
        self.assertEqual(client.read(method).body, b"")
        client.close()
        self.assert_next_clients_are_served((method, target))
        trick.end()

    def test_content_behind_an_answer_without_content_reaches_nobody(self):
        self.start(upstream=PATIENT)
        for name, (method, first) in DOUBTFUL.items():
            for left in (LEFT, answer(body=LEFT), chunk(LEFT) + b"0\r\n\r\n"):
                for when in (SOON, NEXT):
                    with self.subTest("%s, %r, %s" % (name, left, when)):
                        self.play(method, Trick(first, left, when))
        self.assert_nothing_is_left()

    def test_a_late_answer_behind_one_that_began_early_reaches_nobody(self):
        """It begins before the server has the whole request, and ends when it has."""
        answered = []

        def script(connection):
            got = connection.read_head()
            if got.target != "/early" or answered:
                connection.read_body(got)
                connection.send(mirror(got))
                return serve(mirror)(connection)
            answered.append(connection)
            connection.send(head(103) + answer()[:-1])
            connection.read_body(got)
            connection.send(answer()[-1:])
            connection.stream.fill(WAIT)  # the next request, or the end
            connection.send(answer(body=LEFT))
            return connection.wait_end()

        self.start(script, upstream=PATIENT)
        client = self.client(self.front)
        client.send(request("POST", "/early", fields=[length(6)]) + b"abc")
        self.assert_status(client.read_head(), 103)
        client.send(b"def")
        self.assertEqual(client.read().body, b"ok")
        client.close()
        self.assert_next_clients_are_served(("POST", "/early"))
        self.assert_nothing_is_left()

    def test_a_login_on_a_connection_is_left_to_nobody(self):
        def script(connection):
            user = None
            while True:
                got = connection.read_request()
                user = got.get("authorization") or user
                connection.send(answer(body=LEFT) if user and got.target != "/login" else mirror(got))

        self.start(script)
        for scheme in ("NTLM", "negotiate"):
            client = self.client(self.front)
            self.assert_status(client.ask("GET", "/login", fields=[("Authorization", scheme + " YWxpY2U=")]), 200)
            self.assert_next_clients_are_served(("GET", "/login"))
            client.close()
            self.assert_next_clients_are_served()
        self.assert_nothing_is_left()

    def test_trailers_of_a_request_are_no_request(self):
        """The server takes what follows the last chunk's line and one more for the next request."""
        def script(connection):
            while True:
                got = connection.read_head()
                if got.framing[0] != "chunked":
                    connection.read_body(got)
                else:
                    got.body = b""
                    while True:
                        size = int(connection.stream.until(b"\r\n", "a chunk's line"), 16)
                        piece = connection.stream.exactly(size + 2, "a chunk") if size else b""
                        got.body += piece[:-2]
                        if not size:
                            break
                    line = connection.stream.until(b"\r\n", "the end")
                    if line != b"\r\n":
                        raise AssertionError("a trailer came: %r" % (read_field(line[:-2]),))
                connection.send(mirror(got))

        self.start(script)
        for trailers in ([(b"GET", b"/smuggled HTTP/1.1")], [(b"X-Left", b"behind"), (b"X-Id", b"other")]):
            client = self.client(self.front)
            client.send(chunked("POST", "/trailers", [LEFT], trailers=trailers))
            self.assert_status(client.read(), 200)
            client.close()
            self.assert_next_clients_are_served(("POST", "/trailers"))
        self.assert_nothing_is_left()

    def test_a_client_that_closes_its_side_and_then_resets_takes_its_answer_along(self):
        stalled = threading.Event()

        def script(connection):
            got = connection.read_request()
            if got.target != "/stalled":
                connection.send(mirror(got))
                return serve(mirror)(connection)
            connection.send(answer(body=LEFT)[:-1])
            stalled.set()
            return connection.wait_end()

        self.start(script, gateway="admin = 127.0.0.1:0\nbody-timeout = 1h\nhalf-close-timeout = 1h")
        client = self.client(self.front)
        client.send(request("GET", "/stalled"))
        client.finish_sending()
        self.assertTrue(stalled.wait(WAIT))
        client.read_head()
        client.reset()
        self.backend.wait_done(0)
        self.assert_next_clients_are_served(("GET", "/stalled"))
        self.assert_nothing_is_left()

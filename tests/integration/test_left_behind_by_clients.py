"""What a client leaves behind that does not finish what it began; see lib/leftovers.py."""
import threading

from lib.client import chunk, last_chunk, request
from lib.leftovers import CODED, LeftoverCase, length, mirror
from lib.limits import WAIT, until
from lib.origin import answer, serve
from lib.wire import Ended

SMUGGLED = request("GET", "/smuggled", fields=[("X-Id", "smuggled")])
WAYS = ("closes", "resets", "closes one side")
CUT_LENGTH = request("POST", "/cut", fields=[length(500)]) + SMUGGLED
CUT_CHUNKS = request("POST", "/cut", fields=[CODED]) + chunk(SMUGGLED)
# What a client sends before it goes, and what the server may have seen of it.
UNFINISHED = {
    "a content cut short": (CUT_LENGTH, ["/cut"]),
    "a head without its content": (request("POST", "/cut", fields=[length(500)]), ["/cut"]),
    "chunks cut short": (CUT_CHUNKS + b"40\r\nGET", ["/cut"]),
    "chunks without the last one": (CUT_CHUNKS, ["/cut"]),
    "chunks without the end of the trailers": (CUT_CHUNKS + b"0\r\nX-Left: behind\r\n", ["/cut"]),
    "a broken chunk": (CUT_CHUNKS + b"zz\r\n" + SMUGGLED, ["/cut"]),
    "half of a request behind a whole one": (request("GET", "/whole") + SMUGGLED[:-9], ["/whole"]),
    "half of a request": (SMUGGLED[:-9], []),
    "an expectation that is not met":
        (request("POST", "/cut", fields=[length(500), ("Expect", "100-continue")]), ["/cut"]),
    "a whole request": (request("GET", "/whole"), ["/whole"]),
    "whole requests": (request("GET", "/whole") * 3 + request("POST", "/whole", body=SMUGGLED), ["/whole"] * 4),
    "what is no request": (b"\0\0\0\r\n\r\n" + SMUGGLED, []),
    "a length that is none": (request("POST", "/no", fields=[length("4, 5")]) + SMUGGLED, []),
    "too much content": (request("POST", "/limited", fields=[length(5000)]) + SMUGGLED * 50, []),
    "too much chunked content": (request("POST", "/limited", fields=[CODED]) + chunk(SMUGGLED) * 50, ["/limited"]),
}
SECTIONS = dict(more="[route limited]\npath = /limited\nmax-body = 1k\n[route others]\npath = /*\n")


class ByAClient(LeftoverCase):
    def go(self, client, way):
        {"closes": client.close, "resets": client.reset, "closes one side": client.finish_sending}[way]()

    def assert_only_next_clients_are_served(self, possible):
        """The server has seen no more than what is possible of the client that has gone; cut content is no request."""
        forms = self.next_clients()
        seen, self.backend.requests = self.backend.requests, []
        ours = [got for got in seen if (got.get("x-id") or "").startswith("next-")]
        self.assertEqual([(got.method, got.target, got.body) for got in ours], [form[:2] + form[3:4] for form in forms])
        for got in seen:
            if got not in ours:
                self.assertIn(got.target, possible)
                possible.remove(got.target)

    def leave_all(self, **sections):
        self.start(serve(mirror), **dict(SECTIONS, **sections))
        possible = []  # a server may hear of a request late
        for name, (message, targets) in UNFINISHED.items():
            for way in WAYS:
                with self.subTest("%s, and the client %s" % (name, way)):
                    client = self.client(self.front)
                    client.send(message)
                    self.go(client, way)
                    possible += targets
                    self.assert_only_next_clients_are_served(possible)
                    client.close()
        self.assert_nothing_is_left()

    def test_what_a_client_does_not_finish_reaches_nobody(self):
        self.leave_all()

    def test_what_a_client_does_not_finish_reaches_nobody_where_content_is_buffered(self):
        self.leave_all(upstream="buffer-request = all\nbuffer-memory = 1k")

    def test_what_a_client_does_not_finish_reaches_nobody_where_the_server_decides_on_expectations(self):
        self.leave_all(upstream="expect = forward")

    def test_buffered_content_that_is_not_finished_reaches_no_server(self):
        self.start(serve(mirror), upstream="buffer-request = all\nbuffer-memory = 1k")
        for way in ("closes", "resets"):
            for message in (CUT_LENGTH, CUT_CHUNKS,
                            request("POST", "/cut", fields=[length(1 << 20)]) + b"x" * (1 << 19)):
                client = self.client(self.front)
                client.send(message)
                self.go(client, way)
                self.assert_next_clients_are_served()
        self.assert_nothing_is_left()

    def test_content_that_is_refused_on_its_way_ends_both_connections(self):
        self.start(serve(mirror), **SECTIONS)
        client = self.client(self.front)
        client.send(request("POST", "/limited", fields=[CODED]) + chunk(b"x" * 100))
        self.backend.wait_requests(1)
        client.send(chunk(b"y" * 2000) + chunk(SMUGGLED))
        self.assert_status(client.read(), 413)
        self.assertIsNotNone(self.backend.wait_done(0).ended)
        client.send(SMUGGLED)
        client.close()
        self.assert_next_clients_are_served(("POST", "/limited"))
        self.assert_nothing_is_left()

    def test_a_client_that_goes_while_its_answer_comes_takes_it_along(self):
        for reply in (answer(body=b"x" * 9000000), answer(body=b"x" * 90)[:-9], b"HTTP/1.1 200 OK\r\nTransf",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"x" * 900000) * 9):
            for way in ("closes", "resets"):
                with self.subTest("%r, the client %s" % (reply[:50], way)):
                    self.go_in_mid_answer(reply, way)

    def go_in_mid_answer(self, reply, way):
        sending = threading.Event()

        def script(connection):
            got = connection.read_request()
            if got.target != "/large":
                connection.send(mirror(got))
                return serve(mirror)(connection)
            sending.set()
            connection.send(reply)
            return connection.wait_end()

        self.start(script, gateway="admin = 127.0.0.1:0\nhalf-close-timeout = 300ms")
        client = self.client(self.front, receive_bytes=4096)
        client.send(request("GET", "/large"))
        self.assertTrue(sending.wait(WAIT))
        self.go(client, way)
        self.backend.wait_done(0)
        self.assert_next_clients_are_served(("GET", "/large"))
        self.assert_nothing_is_left()

    def test_clients_that_go_while_they_stand_in_line_leave_their_place(self):
        released = threading.Event()

        def script(connection):
            while True:
                got = connection.read_request()
                if got.target == "/line":
                    connection.wait(released)
                connection.send(mirror(got))

        self.start(script)
        clients = [self.client(self.front) for _ in range(60)]
        for client in clients:
            client.send(request("GET", "/line"))
        until(lambda: self.value(self.front, "verbgate_upstream_waits_total") > 0, "a line")
        for number, client in enumerate(clients):
            self.go(client, WAYS[number % 2])
        released.set()
        self.assert_only_next_clients_are_served(["/line"] * 60)
        self.assert_nothing_is_left()

    def test_a_request_that_is_sent_again_is_answered_to_its_client(self):
        def dies(connection):
            got = connection.read_request()
            connection.send(mirror(got))
            connection.read_request()

        self.start(dies, dies, serve(mirror))
        for method, body in (("GET", None), ("DELETE", b"x" * 100)):
            for number in (1, 2):
                name = "again-%s-%d" % (method, number)
                client = self.client(self.front)
                client.send(request(method, "/again", fields=[("X-Id", name)], body=body))
                self.assertEqual(client.read(method).get("x-identity"), "%s /again %s" % (method, name))
                client.close()
        del self.backend.requests[:]
        self.assert_next_clients_are_served()
        self.assert_nothing_is_left()

    def test_an_early_answer_leaves_its_content_to_nobody(self):
        """The rest of the content must not come to the server as the next request, nor its answer to a client."""
        forms = (("length", [length(len(SMUGGLED) + 3)], b"abc", SMUGGLED),
                 ("chunks", [CODED], chunk(b"abc"), chunk(SMUGGLED) + last_chunk()))
        for kind, fields, begun, rest in forms:
            first = request("POST", "/early", fields=fields) + begun
            for status in (200, 400, 413):
                for is_same in (False, True):
                    with self.subTest("%s, %d, next request in the same segment: %s" % (kind, status, is_same)):
                        self.answer_early(first, rest, status, is_same)

    def answer_early(self, first, rest, status, is_same):
        def careless(connection):
            got = connection.read_head()
            if got.target == "/early":
                connection.stream.exactly(3 if got.framing[0] == "length" else 8, "what has come of the content")
                connection.send(answer(status, b"early"))
            else:
                connection.read_body(got)
                connection.send(mirror(got))
            serve(mirror)(connection)  # it takes whatever comes for the next request

        self.start(careless)
        client = self.client(self.front)
        client.send(first)
        response = client.read()
        self.assertEqual((response.status, response.body), (status, b"early"))
        form = self.next_forms()[0]
        served = []
        if is_same and client.send(rest + form[-1]) or not is_same and client.send(rest) and client.send(form[-1]):
            try:
                self.assert_own_answer(client.read(), form)
                served.append((form[0], form[1]))
            except Ended:
                pass  # the connection was closed, which is right as well
        client.close()
        self.assert_next_clients_are_served(("POST", "/early"), *served)
        self.assert_nothing_is_left()

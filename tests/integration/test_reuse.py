"""A kept connection is only as good as what was last said on it: behind a doubtful response it rests."""
import select
import threading

from lib.admin import AdminCase
from lib.client import chunked, request
from lib.limits import WAIT
from lib.origin import answer, serve

CLEAN = answer(body=b"clean")
LEFT = answer(body=b"left behind")
OPEN = "verbgate_upstream_connections_open"
IDLE = "verbgate_upstream_connections_idle"
RESTING = "verbgate_upstream_connections_resting"
PATIENT = "reuse-delay = 10s"


def head(status, *fields):
    lines = ["HTTP/1.1 %d Status" % status] + ["%s: %s" % field for field in fields]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def length(number):
    return ("Content-Length", str(number))


CODED = ("Transfer-Encoding", "chunked")
UPGRADE = [("Connection", "Upgrade"), ("Upgrade", "websocket")]
OTHER_UPGRADE = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c")]

# A request, and the response behind which a careless server sends on.
DOUBTFUL = {
    "HEAD": (request("HEAD"), head(200, length(5))),
    "HEAD, chunked": (request("HEAD"), head(200, CODED)),
    "HEAD, without a length": (request("HEAD"), head(200)),
    "HEAD, empty": (request("HEAD"), head(200, length(0))),
    "HEAD, 404": (request("HEAD"), head(404, length(9))),
    "HEAD, 204": (request("HEAD"), head(204)),
    "HEAD, 304": (request("HEAD"), head(304)),
    "204 with a length": (request("DELETE"), head(204, length(5))),
    "204 with a coding": (request("GET"), head(204, CODED)),
    "304 with a length": (request("GET"), head(304, length(5))),
    "304 with a coding": (request("GET"), head(304, CODED)),
    "204": (request("POST", body=b"abc"), head(204)),
    "204 with a length of 0": (request("GET"), head(204, length(0))),
    "304": (request("GET"), head(304, ("ETag", '"x"'))),
    "304 with a type": (request("GET"), head(304, ("Content-Type", "text/html"))),
    "205": (request("POST", body=b"abc"), head(205, length(0))),
    "an upgrade that was declined": (request("GET", fields=UPGRADE), answer()),
    "an upgrade that is demanded": (request("GET", fields=UPGRADE), answer(426)),
}

# A request whose content a careless server may leave unread and take for its next request, and the response.
UNREAD = {
    "content that was refused": (request("POST", body=b"abc"), answer(400)),
    "chunked content that was refused": (chunked("PUT", "/", [b"abc"]), answer(404)),
    "content that was redirected": (request("POST", body=b"abc"), answer(302, fields=[("Location", "/")])),
    "chunked content": (chunked("POST", "/", [b"abc"]), answer()),
    "content of a GET": (request("GET", body=b"GET /admin HTTP/1.1\r\n\r\n"), answer()),
    "content of a DELETE": (chunked("DELETE", "/", [b"abc"]), answer()),
}

# The same, where nothing makes more of it likely.
PLAIN = {
    "GET": (request("GET"), answer()),
    "GET, chunked": (request("GET"), head(200, CODED) + b"2\r\nok\r\n0\r\n\r\n"),
    "GET, 404": (request("GET"), answer(404)),
    "POST": (request("POST", body=b"abc"), answer()),
    "POST without content": (request("POST", body=b""), answer(404)),
    "an upgrade that was not offered": (request("GET", fields=OTHER_UPGRADE), answer()),
}


class Reuse(AdminCase):
    def next_client(self, gate, text="clean"):
        self.assertEqual(self.ask(gate, target="/next").text, text)

    def sends_on(self, first, left):
        """Answers one request, and sends on as soon as it gets another one."""

        def script(connection):
            connection.read_request()
            connection.send(first)
            select.select([connection.sock], [], [], WAIT)
            connection.send(left)
            connection.wait_end()

        return self.origin(script, serve(CLEAN))

    def send_one(self, gate, message):
        one = self.client(gate)
        one.send(message)
        return one.read(message.split(b" ")[0].decode())

    def test_what_a_server_sends_late_reaches_nobody(self):
        for name, (message, response) in DOUBTFUL.items():
            with self.subTest(name):
                backend = self.sends_on(response, LEFT)
                gate = self.gate(backend, workers="1", upstream=PATIENT)
                self.send_one(gate, message)
                self.next_client(gate)
                self.assertEqual(len(backend.connections), 2)

    def test_what_a_server_sends_while_its_connection_rests_ends_it(self):
        for name, (message, response) in DOUBTFUL.items():
            with self.subTest(name):
                sent = threading.Event()

                def script(connection, response=response, sent=sent):
                    connection.read_request()
                    connection.send(response)
                    connection.wait(sent)
                    connection.send(b"hello")
                    connection.wait_end()

                backend = self.origin(script, serve(CLEAN))
                gate = self.gate(backend, workers="1", upstream=PATIENT)
                self.send_one(gate, message)
                sent.set()
                backend.wait_done(0)
                self.next_client(gate)

    def test_an_answer_that_was_early_is_doubted(self):
        for whole in (answer(), answer(400), head(200, CODED) + b"2\r\nok\r\n0\r\n\r\n"):
            def script(connection, whole=whole):
                got = connection.read_head()
                connection.send(whole[:-1])
                connection.read_body(got)
                connection.send(whole[-1:])
                select.select([connection.sock], [], [], WAIT)
                connection.send(LEFT)
                connection.wait_end()

            backend = self.origin(script, serve(CLEAN))
            gate = self.gate(backend, workers="1", upstream=PATIENT)
            one = self.client(gate)
            one.send(request("POST", fields=[("Content-Length", "6")]) + b"abc")
            one.stream.fill()  # the head of the answer is through before the request is
            one.send(b"def")
            self.assertEqual(one.read().text, "ok")
            self.next_client(gate)
            self.assertEqual(len(backend.connections), 2)

    def test_a_connection_is_shared_again_once_it_was_silent(self):
        for name, (message, response) in DOUBTFUL.items():
            with self.subTest(name):
                backend = self.origin(serve(lambda got, answers=[response, CLEAN]:
                                            answers.pop(0) if len(answers) > 1 else answers[0]))
                gate = self.start_admin(backend, workers="1", upstream="reuse-delay = 20ms")
                self.send_one(gate, message)
                self.wait_value(gate, 1, IDLE)
                self.wait_value(gate, 0, RESTING)
                self.next_client(gate)
                self.assertEqual(len(backend.connections), 1)

    def test_a_plain_answer_is_trusted_at_once(self):
        for name, (message, response) in PLAIN.items():
            with self.subTest(name):
                backend = self.origin(serve(lambda got, answers=[response, CLEAN]:
                                            answers.pop(0) if len(answers) > 1 else answers[0]))
                gate = self.gate(backend, workers="1", upstream=PATIENT)
                self.send_one(gate, message)
                self.next_client(gate)
                self.assertEqual(len(backend.connections), 1)

    def test_content_that_may_be_unread_ends_its_connection(self):
        """However long the server is silent: what it was smuggled may be slow to answer."""
        for name, (message, response) in UNREAD.items():
            with self.subTest(name):
                backend = self.sends_on(response, LEFT)
                gate = self.gate(backend, workers="1", upstream="reuse-delay = 1ms")
                self.send_one(gate, message)
                backend.wait_done(0)
                self.next_client(gate)
                self.assertEqual(len(backend.connections), 2)

    def test_a_server_is_asked_to_close_behind_content_that_it_may_leave_unread(self):
        backend = self.origin(serve(CLEAN))
        gate = self.gate(backend, workers="1")
        for message in (chunked("POST", "/", [b"abc"]), request("GET", body=b"abc"), chunked("DELETE", "/", [b"abc"]),
                        request("OPTIONS", body=b"abc"), request("get", body=b"abc"), request("PURGE", body=b"abc"),
                        request("GET", body=b"abc", fields=[("Authorization", "NTLM TlRM")])):
            self.send_one(gate, message)
            self.assertEqual(backend.requests[-1].get("connection"), "close", message)
        for message in (request("POST", body=b"abc"), request("PUT", body=b"abc"), request("DELETE")):
            self.send_one(gate, message)
            self.assertIsNone(backend.requests[-1].get("connection"), message)

    def test_a_server_whose_connections_are_not_kept_is_told(self):
        backend = self.origin(serve(CLEAN))
        gate = self.gate(backend, workers="1", upstream="max-idle = 0")
        self.next_client(gate)
        self.assertEqual(backend.requests[-1].get("connection"), "close")

    def test_without_a_delay_each_answer_is_trusted_at_once(self):
        for level in ("gateway", "upstream"):
            for name, (message, response) in {**DOUBTFUL, **UNREAD}.items():
                with self.subTest(name):
                    backend = self.origin(serve(lambda got, answers=[response, CLEAN]:
                                                answers.pop(0) if len(answers) > 1 else answers[0]))
                    gate = self.gate(backend, workers="1", **{level: "reuse-delay = 0ms"})
                    self.send_one(gate, message)
                    self.next_client(gate)
                    self.assertEqual(len(backend.connections), 1)

    def test_connections_that_rest_count_as_kept_ones(self):
        backend = self.origin(serve(head(200, length(5))))
        gate = self.start_admin(backend, workers="1", upstream=PATIENT + "\nmax-idle = 2")
        for _ in range(5):
            self.assert_status(self.ask(gate, "HEAD"), 200)
        self.wait_value(gate, 2, RESTING)
        self.wait_value(gate, 2, OPEN)

    def test_head_that_is_sent_as_get_has_read_its_content(self):
        backend = self.origin(serve(answer()))
        gate = self.gate(backend, workers="1", upstream=PATIENT + "\nhead = from-get")
        for _ in range(3):
            self.assert_status(self.ask(gate, "HEAD"), 200)
        self.assertEqual(len(backend.connections), 1)

    def test_a_client_waits_for_its_own_connection_to_rest(self):
        """It can use no other: a login belongs to it."""

        def script(connection):
            connection.read_request()
            connection.send(answer(401, b"", [("WWW-Authenticate", "NTLM")]))
            connection.read_request()
            connection.send(head(200, length(5)))
            connection.read_request()
            connection.send(answer(body=b"alice"))
            connection.wait_end()

        backend = self.origin(script)
        gate = self.gate(backend, workers="1", upstream="reuse-delay = 50ms")
        alice = self.client(gate)
        self.assert_status(alice.ask(), 401)
        alice.send(request("HEAD") + request("GET"))
        self.assert_status(alice.read("HEAD"), 200)
        self.assertEqual(alice.read().text, "alice")
        self.assertEqual(len(backend.connections), 1)

    def test_a_login_is_cut_by_what_comes_while_its_connection_rests(self):
        def script(connection):
            connection.read_request()
            connection.send(head(401, ("WWW-Authenticate", "NTLM step2"), length(5)))
            select.select([connection.sock], [], [], 0.2)
            connection.send(LEFT)
            connection.wait_end()

        backend = self.origin(script, serve(CLEAN))
        gate = self.gate(backend, workers="1", upstream=PATIENT)
        alice = self.client(gate)
        alice.send(request("HEAD") + request("GET", fields=[("Authorization", "NTLM second")]))
        self.assert_status(alice.read("HEAD"), 401)
        self.assert_status(alice.read(), 502)
        self.assert_closed(alice)
        self.assertEqual(len(backend.connections), 1)

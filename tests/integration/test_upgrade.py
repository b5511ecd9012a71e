"""Upgraded connections: WebSocket and any other protocol that the backend switches to with 101."""
import threading

from lib.case import Case, threads
from lib.client import chunked, request
from lib.origin import answer, once

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nX-From: origin\r\n\r\n"
WANTS = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "abc")]


def echo(connection):
    """Switches, then sends every byte back until the client's end."""
    connection.read_request()
    connection.send(SWITCH)
    sent = 0
    while True:
        data = bytes(connection.stream.buffer)
        if len(data) > sent:
            connection.send(data[sent:])
            sent = len(data)
        elif not connection.stream.fill():
            return


class Upgrade(Case):
    def switch(self, connection, fields=tuple(WANTS)):
        connection.send(request("GET", "/chat", fields=fields))
        response = connection.read_head()
        self.assert_status(response, 101)
        return response

    @threads
    def test_a_tunnel_carries_bytes_both_ways_and_ends_with_both_ends(self):
        backend = self.origin(echo)
        connection = self.client(self.gate(backend))
        response = self.switch(connection)
        self.assertEqual(response.get("upgrade"), "websocket")
        self.assertEqual(response.get("connection").lower(), "upgrade")
        self.assertEqual(response.get("x-from"), "origin")
        head = backend.wait_requests(1)
        self.assertEqual(head.get("upgrade"), "websocket")
        self.assertIn("upgrade", head.get("connection").lower())
        for piece in (b"\x81\x05hello", bytes(range(256)) * 40, b"\r\n\r\nGET / HTTP/1.1\r\n\r\n"):
            connection.send(piece)
            self.assertEqual(connection.stream.exactly(len(piece), "the echo"), piece)
        connection.finish_sending()
        self.assertEqual(connection.wait_end(), "eof")

    def test_bytes_right_behind_the_101_and_right_behind_the_request_arrive(self):
        got = threading.Event()

        def eager(connection):
            connection.read_head()
            connection.send(SWITCH + b"first words")
            connection.stream.exactly(5, "the client's early words")
            got.set()
            connection.wait_end()

        connection = self.client(self.gate(self.origin(eager)))
        connection.send(request("GET", "/chat", fields=WANTS) + b"early")
        self.assert_status(connection.read_head(), 101)
        self.assertEqual(connection.stream.exactly(11, "the server's first words"), b"first words")
        self.assertTrue(got.wait(30))

    def test_the_servers_end_is_passed_on_and_the_client_may_still_send(self):
        received = []

        def half(connection):
            connection.read_request()
            connection.send(SWITCH + b"bye")
            connection.half_close()
            received.append(connection.wait_end())

        connection = self.client(self.gate(self.origin(half)))
        self.switch(connection)
        self.assertEqual(connection.wait_end_with(b"bye"), "eof")
        connection.send(b"last words")
        connection.finish_sending()
        connection.close()

    def test_a_silent_tunnel_is_closed_after_its_timeout(self):
        backend = self.origin(echo)
        connection = self.client(self.gate(backend, gateway="tunnel-timeout = 1s"))
        self.switch(connection)
        self.assert_closed(connection)

    def test_a_refused_upgrade_reaches_the_backend_as_a_plain_request(self):
        backend = self.origin()
        connection = self.client(self.gate(backend, upstream="upgrade = refuse"))
        self.assert_status(connection.ask(fields=WANTS), 200)
        self.assertIsNone(backend.wait_requests(1).get("upgrade"))

    def test_content_and_upgrade_never_go_together(self):
        """gevent reads as many bytes again behind the content, which are the next request's."""
        for content in (request("POST", fields=WANTS, body=b"abc"), request("GET", fields=WANTS, body=b"abc"),
                        chunked("POST", "/", [b"abc"], fields=WANTS)):
            backend = self.origin()
            connection = self.client(self.gate(backend))
            connection.send(content)
            self.assert_status(connection.read(), 200)
            message = backend.wait_requests(1)
            self.assertEqual((message.get("upgrade"), message.body), (None, b"abc"))
            self.assert_stays_open(connection)

    def test_an_upgrade_that_the_backend_ignores_is_a_plain_exchange(self):
        connection = self.client(self.gate(self.origin()))
        self.assert_status(connection.ask(fields=WANTS), 200)
        self.assert_stays_open(connection)

    def test_an_unasked_101_is_502(self):
        for fields in ((), [("Upgrade", "websocket")], [("Connection", "upgrade"), ("Upgrade", "other")]):
            response = self.ask(self.gate(self.origin(once(SWITCH))), fields=fields)
            self.assert_status(response, 502)

    def test_h2c_and_http_1_0_upgrades_are_not_forwarded(self):
        backend = self.origin()
        gate = self.gate(backend)
        fields = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABk")]
        self.assert_status(self.ask(gate, fields=fields), 200)
        self.assert_status(self.ask(gate, fields=WANTS, version="1.0"), 200)
        for head in backend.requests:
            self.assertIsNone(head.get("upgrade"))
            self.assertIsNone(head.get("http2-settings"))

    def test_only_protocols_that_the_operator_names_are_offered(self):
        for option, asked, offered in (("", "foo", None), ("", "foo, websocket", "websocket"),
                                       ("", "websocket, foo", "websocket"), ("", "WebSocket", "WebSocket"),
                                       ("upgrade = mqtt", "websocket", None), ("upgrade = mqtt", "mqtt", "mqtt"),
                                       ("upgrade = mqtt websocket", "h2c, mqtt, websocket", "mqtt, websocket")):
            backend = self.origin()
            fields = [("Connection", "Upgrade"), ("Upgrade", asked)]
            self.assert_status(self.ask(self.gate(backend, upstream=option), fields=fields), 200)
            head = backend.wait_requests(1)
            self.assertEqual(head.get("upgrade"), offered, asked)
            self.assertEqual("upgrade" in (head.get("connection") or "").lower(), offered is not None)

    def test_a_switch_to_a_protocol_that_was_left_out_is_502(self):
        gate = self.gate(self.origin(once(SWITCH.replace(b"websocket", b"foo"))))
        fields = [("Connection", "Upgrade"), ("Upgrade", "websocket, foo")]
        self.assert_status(self.ask(gate, fields=fields), 502)

    def test_a_refused_method_is_refused_with_an_upgrade_too(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="implements = GET HEAD")
        self.assert_status(self.ask(gate, "PATCH", fields=WANTS), 501)
        self.assertEqual(backend.requests, [])

    def test_a_tunnel_that_one_side_does_not_read_stops_the_other(self):
        released = threading.Event()

        def stubborn(connection):
            connection.read_request()
            connection.send(SWITCH)
            connection.wait(released)
            connection.wait_end()

        gate = self.gate(self.origin(stubborn))
        connection = self.client(gate)
        self.switch(connection)
        connection.sock.settimeout(1)
        sent = 0
        try:
            while sent < 64 << 20:
                sent += connection.sock.send(b"x" * 65536)
        except TimeoutError:
            pass
        self.assertLess(sent, 64 << 20)
        released.set()

    def test_a_101_after_an_interim_response_switches_too(self):
        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + SWITCH + answer())
            connection.wait_end()

        connection = self.client(self.gate(self.origin(script)))
        connection.send(request("GET", "/chat", fields=WANTS))
        self.assert_status(connection.read_head(), 103)
        self.assert_status(connection.read_head(), 101)
        self.assertEqual(connection.stream.exactly(len(answer()), "bytes of the new protocol"), answer())

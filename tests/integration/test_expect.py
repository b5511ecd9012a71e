"""Expect: 100-continue (RFC 9110 section 10.1.1): met here, or by the backend."""
import threading

from lib.case import Case
from lib.client import request
from lib.origin import answer, serve

EXPECTS = [("Expect", "100-continue"), ("Content-Length", "5")]
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Expect(Case):
    def send_head(self, gate, method="POST", target="/", **kwargs):
        connection = self.client(gate)
        connection.send(request(method, target, fields=EXPECTS, **kwargs))
        return connection

    def test_the_gateway_answers_100_itself_and_the_backend_sees_no_expect(self):
        backend = self.origin()
        connection = self.send_head(self.gate(backend))
        self.assert_status(connection.read_head(), 100)
        connection.send(b"hello")
        self.assert_status(connection.read(), 200)
        head = backend.wait_requests(1)
        self.assertIsNone(head.get("expect"))
        self.assertEqual(head.body, b"hello")

    def test_no_100_is_sent_for_content_that_came_with_the_head(self):
        connection = self.client(self.gate(self.origin()))
        connection.send(request("POST", fields=EXPECTS) + b"hello")
        self.assert_status(connection.read(), 200)

    def test_a_100_of_the_backend_is_not_a_second_one(self):
        def script(connection):
            message = connection.read_head()
            connection.send(CONTINUE)
            connection.read_body(message)
            connection.send(answer())

        connection = self.send_head(self.gate(self.origin(script)))
        self.assert_status(connection.read_head(), 100)
        connection.send(b"hello")
        response = connection.read()
        self.assert_status(response, 200)
        self.assertEqual(response.interim, [])

    def test_a_refused_request_gets_its_status_and_no_100(self):
        gate = self.gate(self.origin(), upstream="implements = GET POST",
                         more="[route ro]\npath = /ro/*\nallow = GET\n[route all]\npath = /*\n")
        for method, target, status in (("PATCH", "/", 501), ("POST", "/ro/x", 405)):
            connection = self.send_head(gate, method, target)
            response = connection.read()
            self.assert_status(response, status)
            self.assertEqual(response.interim, [])
            self.assert_closed(connection)

    def test_forwarded_the_backend_decides(self):
        asked = threading.Event()

        def script(connection):
            message = connection.read_head()
            asked.set()
            connection.send(CONTINUE)
            connection.read_body(message)
            connection.send(answer(body=message.body))

        backend = self.origin(script)
        connection = self.send_head(self.gate(backend, upstream="expect = forward"))
        self.assertTrue(asked.wait(30))
        self.assert_status(connection.read_head(), 100)
        connection.send(b"hello")
        self.assertEqual(connection.read().body, b"hello")
        self.assertEqual(backend.requests[0].get("expect"), "100-continue")

    def test_forwarded_a_final_answer_ends_the_connection_that_may_or_may_not_send_on(self):
        def script(connection):
            connection.read_head()
            connection.send(answer(status=417, reason="Expectation Failed"))
            connection.wait_end()

        connection = self.send_head(self.gate(self.origin(script), gateway="expect = forward"))
        self.assert_status(connection.read(), 417)
        self.assert_closed(connection)

    def test_http_1_0_knows_no_expectation(self):
        for how in ("answer", "forward"):
            backend = self.origin(serve())
            connection = self.client(self.gate(backend, gateway="expect = " + how))
            connection.send(request("POST", fields=EXPECTS, version="1.0") + b"hello")
            self.assert_status(connection.read(), 200)
            self.assertIsNone(backend.wait_requests(1).get("expect"))

    def test_forwarded_a_slow_backend_is_not_the_clients_fault(self):
        def script(connection):
            connection.read_head()
            connection.wait_end()

        gate = self.gate(self.origin(script), gateway="body-timeout = 300ms",
                         upstream="expect = forward\nresponse-timeout = 1s")
        self.assert_status(self.send_head(gate).read(), 504)

"""Upstream connections: kept, bounded, and replaced only where that is safe."""
import threading

from lib import wire
from lib.case import Case
from lib.client import request
from lib.gateway import ini
from lib.origin import answer, serve


def answer_then_end(count, how="close"):
    """Answers `count` requests and then ends the connection without a word about it."""

    def script(connection):
        for _ in range(count):
            connection.read_request()
            connection.send(answer())
        if how == "reset":
            connection.reset()

    return script


def end_at_request(after_bytes, reply=b"", how="close"):
    """One good answer; the next request gets `reply` and the end once its head was read."""

    def script(connection):
        connection.read_request()
        connection.send(answer())
        if after_bytes:
            connection.read_head()
        connection.send(reply)
        if how == "reset":
            connection.reset()

    return script


class Pool(Case):
    def pool(self, *scripts, **sections):
        backend = self.origin(*scripts)
        sections.setdefault("workers", "1")
        gate = self.gate(backend, **sections)
        return backend, gate

    def test_one_upstream_connection_serves_many_clients_one_after_the_other(self):
        backend, gate = self.pool(serve())
        for _ in range(10):
            connection = self.client(gate)
            self.assert_status(connection.ask(), 200)
            connection.close()
        self.assertEqual(len(backend.connections), 1)
        self.assertEqual(len(backend.requests), 10)

    def test_uploads_and_chunked_responses_leave_the_connection_reusable(self):
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        body = b"3\r\nabc\r\n0\r\n\r\n"
        backend, gate = self.pool(serve(lambda got: head if got.method == "HEAD" else head + body),
                                  upstream="reuse-delay = 0ms")
        connection = self.client(gate)
        for _ in range(5):
            self.assertEqual(connection.ask("POST", "/", body=b"x" * 100000).body, b"abc")
            self.assertEqual(connection.ask("GET").body, b"abc")
            self.assert_status(connection.ask("HEAD"), 200)
        self.assertEqual(len(backend.connections), 1)

    def test_a_response_with_close_is_not_pooled(self):
        backend, gate = self.pool(serve(answer(fields=[("Connection", "close")])))
        connection = self.client(gate)
        for _ in range(3):
            response = connection.ask()
            self.assertFalse(response.has_option("close"))
        self.assertEqual(len(backend.connections), 3)

    def test_max_idle_bounds_the_pool(self):
        arrived = threading.Barrier(4)

        def together(connection):
            while True:
                message = connection.read_request()
                if message.target == "/together":
                    arrived.wait(wire.WAIT)
                connection.send(answer())

        backend, gate = self.pool(together, upstream="max-idle = 2")
        clients = [self.client(gate) for _ in range(4)]
        for connection in clients:
            connection.send(request("GET", "/together"))
        for connection in clients:
            self.assert_status(connection.read(), 200)
        self.assertEqual(len(backend.connections), 4)
        backend.wait(lambda: sum(each.done.is_set() for each in backend.connections) == 2,
                     "two connections to be closed")
        self.assert_status(clients[0].ask("GET", "/alone"), 200)
        self.assertEqual(len(backend.connections), 4)

    def test_a_pooled_connection_is_closed_after_its_idle_time(self):
        backend, gate = self.pool(serve(), upstream="idle-timeout = 200ms")
        self.assert_status(self.ask(gate), 200)
        self.assertEqual(backend.wait_done(0).ended, "eof")
        self.assert_status(self.ask(gate), 200)
        self.assertEqual(len(backend.connections), 2)

    def test_a_connection_that_died_in_the_pool_costs_no_request(self):
        for how in ("close", "reset"):
            backend, gate = self.pool(answer_then_end(1, how), serve())
            connection = self.client(gate)
            self.assert_status(connection.ask(), 200)
            backend.wait_done(0)
            self.assert_status(connection.ask(), 200)
            self.assert_status(connection.ask("POST", "/", body=b"abc"), 200)
            self.assertEqual(len(backend.connections), 2)
            self.assertEqual(backend.requests[-1].body, b"abc")

    def test_a_get_on_a_dying_pooled_connection_is_sent_once_more(self):
        for how in ("close", "reset"):
            backend, gate = self.pool(end_at_request(True, how=how), serve())
            connection = self.client(gate)
            self.assert_status(connection.ask("GET", "/1"), 200)
            self.assert_status(connection.ask("GET", "/2"), 200)
            self.assertEqual([got.target for got in backend.requests], ["/1", "/2", "/2"])

    def test_a_post_is_never_sent_twice(self):
        backend, gate = self.pool(end_at_request(True), serve())
        connection = self.client(gate)
        self.assert_status(connection.ask("GET", "/1"), 200)
        self.assert_status(connection.ask("POST", "/2", body=b"abc"), 502)
        self.assertEqual([got.target for got in backend.requests], ["/1", "/2"])
        self.assert_status(self.ask(gate), 200)

    def test_nothing_is_sent_again_after_a_byte_of_the_response(self):
        backend, gate = self.pool(end_at_request(True, b"HTTP/1.1 2"), serve())
        connection = self.client(gate)
        self.assert_status(connection.ask("GET", "/1"), 200)
        self.assert_status(connection.ask("GET", "/2"), 502)
        self.assertEqual([got.target for got in backend.requests], ["/1", "/2"])

    def test_a_get_on_a_fresh_connection_is_not_retried(self):
        def die(connection):
            connection.read_head()

        backend, gate = self.pool(die)
        self.assert_status(self.ask(gate), 502)
        self.assertEqual(len(backend.connections), 1)

    def test_one_retry_is_all_there_is(self):
        def die(connection):
            connection.read_head()

        backend, gate = self.pool(end_at_request(True), die)
        connection = self.client(gate)
        self.assert_status(connection.ask("GET", "/1"), 200)
        self.assert_status(connection.ask("GET", "/2"), 502)
        self.assertEqual(len(backend.connections), 2)

    def test_bytes_that_come_on_a_pooled_connection_reach_nobody(self):
        sent = threading.Event()

        def script(connection):
            connection.read_request()
            connection.send(answer())
            connection.send(answer(body=b"poison"))
            sent.set()
            connection.wait_end()

        backend, gate = self.pool(script, serve(answer(body=b"clean")))
        self.assertEqual(self.ask(gate).body, b"ok")
        self.assertTrue(sent.wait(wire.WAIT))
        backend.wait_done(0)  # the gateway closed it
        self.assertEqual(self.ask(gate).body, b"clean")

    def test_two_servers_share_the_requests(self):
        one, two = self.origin(serve(answer(body=b"1"))), self.origin(serve(answer(body=b"2")))
        gate = self.gateway(ini([one.server, two.server], workers="1"))
        bodies = {self.ask(gate).body for _ in range(10)}
        self.assertEqual(bodies, {b"1", b"2"})

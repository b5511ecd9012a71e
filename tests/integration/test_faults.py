"""What the client sees when the backend, or the client itself, misbehaves."""
import os
import threading
import time

from lib.case import Case
from lib.client import chunk, last_chunk, request
from lib.gateway import ini
from lib.limits import WAIT
from lib.origin import FullBacklog, answer, once, serve, unused_port

OK_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Unreachable(Case):
    def assert_failure(self, response, status, error):
        self.assert_status(response, status)
        self.assertRegex(response.get("proxy-status"), r"^gate; *error=%s\b" % error)
        self.assertEqual(response.get("cache-control"), "no-store")

    def test_a_refused_connection_is_502_and_the_client_keeps_its_connection(self):
        gate = self.gateway(ini("127.0.0.1:%d" % unused_port(), gateway="name = gate"))
        connection = self.client(gate)
        self.assert_failure(connection.ask(), 502, "connection_refused")
        self.assert_failure(connection.ask("POST", "/", body=b"x" * 1000), 502, "connection_refused")
        gate.wait_log(r"warn(ing)?: .*refused")

    def test_the_log_names_the_connection_and_the_request_of_a_failure(self):
        gate = self.gateway(ini("127.0.0.1:%d" % unused_port(), gateway="request-id = on\nlog-level = debug"))
        connection = self.client(gate)
        identity = connection.ask().get("x-request-id")
        line = gate.wait_log(r"refused the connection, for GET / \(connection (\d+), from 127\.0\.0\.1, request %s\)"
                             % identity)
        number = line.group(1)
        gate.wait_log(r"debug: connection %s, from 127\.0\.0\.1: the request goes from head to held" % number)
        gate.wait_log(r"debug: connection %s, from 127\.0\.0\.1: the response goes from head to done" % number)

    def test_a_missing_unix_socket_is_502(self):
        gate = self.gateway(ini("unix:@FOLDER@/nobody.sock", gateway="name = gate"))
        response = self.ask(gate)
        self.assert_failure(response, 502, "destination_unavailable")
        self.assertIn("the server's Unix socket does not exist", response.text)
        gate.wait_log(r"nobody\.sock\): the server's Unix socket does not exist, for GET /")

    def test_a_backend_that_comes_up_later_is_used(self):
        backend = self.origin(unix=True)
        hidden = backend.address + ".hidden"
        os.rename(backend.address, hidden)
        gate = self.gate(backend)
        self.assert_status(self.ask(gate), 502)
        os.rename(hidden, backend.address)
        self.assert_status(self.ask(gate), 200)

    def test_a_connection_that_is_never_accepted_is_504(self):
        place = self.keep(FullBacklog())
        gate = self.gateway(ini(place.server, gateway="name = gate", upstream="connect-timeout = 300ms"))
        connection = self.client(gate)
        self.assert_failure(connection.ask(), 504, "connection_timeout")
        self.assert_status(connection.ask(), 504)

    def test_a_response_that_does_not_come_is_504_and_the_upstream_connection_is_closed(self):
        def silent(connection):
            connection.read_request()
            connection.wait_end()

        backend = self.origin(silent)
        gate = self.gate(backend, gateway="name = gate", upstream="response-timeout = 300ms")
        connection = self.client(gate)
        self.assert_failure(connection.ask(), 504, "http_response_timeout")
        self.assertIsNotNone(backend.wait_done(0).ended)
        self.assert_status(connection.ask(), 504)

    def test_a_reset_or_close_before_the_response_is_502(self):
        for how in (None, "reset"):
            gate = self.gate(self.origin(once(b"", after=how)), gateway="name = gate")
            connection = self.client(gate)
            self.assert_failure(connection.ask(), 502, "connection_terminated")
            self.assert_status(connection.ask("POST", "/", body=b"abc"), 502)


class BadResponses(Case):
    def test_unusable_responses_are_502(self):
        for reply in (b"garbage\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/2.0 200 OK\r\n\r\n",
                      b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 999 No\r\n\r\n", b"HTTP/1.1 200 OK\r\nBad Name: 1\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
                      b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
                      b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Cut", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"):
            backend = self.origin(once(reply))
            gate = self.gate(backend)
            connection = self.client(gate)
            self.assertEqual(connection.ask().status, 502, reply)
            self.assertEqual(connection.ask().status, 502, reply)

    def test_a_response_head_above_the_limit_is_502(self):
        reply = answer(fields=[("X-Large", "v" * 30000)])
        gate = self.gate(self.origin(once(reply)), gateway="max-head = 16k\nmax-target = 8k")
        self.assert_status(self.ask(gate), 502)

    def test_a_response_that_ends_early_is_seen_as_incomplete(self):
        for head, part in ((b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x" * 50),
                           (OK_CHUNKED, chunk(b"x" * 50)), (OK_CHUNKED, b"64\r\n" + b"x" * 50)):
            for how in (None, "reset"):
                backend = self.origin(once(head + part, after=how))
                connection = self.client(self.gate(backend))
                connection.send(request())
                if how is None:
                    self.assertEqual(self.assert_incomplete(connection), b"x" * 50)
                else:
                    self.assert_not_complete(connection)

    def assert_not_complete(self, connection):
        """A reset may take the head with it: then 502 is right, else the cut must be seen."""
        response = connection.read_head()
        if response.status != 502:
            with self.assertRaises(AssertionError):
                response.read_body(connection.stream)

    def test_a_cut_response_is_incomplete_for_an_http_1_0_client_too(self):
        reply = OK_CHUNKED + chunk(b"abc")
        connection = self.client(self.gate(self.origin(once(reply))))
        connection.send(request(version="1.0"))
        response = connection.read_head()
        how, _ = connection.stream.wait_end()
        # Without any framing only a reset can tell a cut response from a whole one.
        self.assertTrue(how == "reset" or response.framing[0] == "length", how)

    def test_a_malformed_chunk_in_a_response_ends_the_message_incomplete(self):
        for bad in (b"xyz\r\nabc\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3\nabc\r\n", b"-1\r\n\r\n", b"11111111111111111\r\n"):
            connection = self.client(self.gate(self.origin(once(OK_CHUNKED + chunk(b"good") + bad))))
            connection.send(request())
            response = connection.read_head()
            if response.status == 200:
                with self.assertRaises(AssertionError, msg=repr(bad)):
                    response.read_body(connection.stream)
            else:
                self.assert_status(response, 502)

    def test_data_after_the_end_reaches_nobody(self):
        for reply in (answer() + answer(body=b"poison"), OK_CHUNKED + chunk(b"ok") + last_chunk() + b"poison",
                      answer(204, b"") + b"poison", answer(304, b"") + answer(body=b"poison")):
            backend = self.origin(once(reply), serve(answer(body=b"clean")))
            gate = self.gate(backend, workers="1")
            connection = self.client(gate)
            self.assertNotIn(b"poison", connection.ask().body)
            self.assertEqual(connection.ask().body, b"clean", reply)
            self.assertEqual(self.ask(gate).body, b"clean", reply)


class Interim(Case):
    def test_interim_responses_reach_a_1_1_client_and_not_a_1_0_client(self):
        reply = (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + answer())
        backend = self.origin(serve(reply))
        gate = self.gate(backend)
        connection = self.client(gate)
        for _ in range(2):
            response = connection.ask()
            self.assertEqual([head.status for head in response.interim], [103, 102])
            self.assertEqual(response.interim[0].get("link"), "</a>")
            self.assertEqual(response.body, b"ok")
        old = self.client(gate)
        response = old.ask(version="1.0")
        self.assertEqual((response.interim, response.body), ([], b"ok"))

    def test_endless_interim_responses_are_cut_off(self):
        def script(connection):
            connection.read_request()
            while True:
                connection.send(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 100)

        gate = self.gate(self.origin(script), upstream="response-timeout = 2s")
        connection = self.client(gate)
        connection.send(request(fields=[("Connection", "close")]))
        deadline = time.monotonic() + WAIT
        while connection.stream.fill():
            self.assertLess(time.monotonic(), deadline, "interim responses go on and on")
            connection.stream.buffer.clear()

    def test_statuses_without_content_end_at_their_head(self):
        for status in (204, 304):
            backend = self.origin(serve(b"HTTP/1.1 %d X\r\n\r\n" % status))
            connection = self.client(self.gate(backend, workers="1", upstream="reuse-delay = 0ms"))
            for _ in range(3):
                response = connection.ask()
                self.assertEqual((response.status, response.body), (status, b""))
                self.assertEqual(response.all("transfer-encoding"), [])
            self.assertEqual(len(backend.connections), 1)

    def test_a_204_is_sent_without_content_length(self):
        reply = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"
        response = self.ask(self.gate(self.origin(serve(reply))))
        self.assertEqual((response.status, response.all("content-length")), (204, []))

    def test_the_length_in_a_response_to_head_passes(self):
        reply = b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"
        backend = self.origin(serve(reply))
        connection = self.client(self.gate(backend, workers="1", upstream="reuse-delay = 0ms"))
        for _ in range(3):
            self.assertEqual(connection.ask("HEAD").get("content-length"), "12345")
        self.assertEqual(len(backend.connections), 1)


class EarlyResponses(Case):
    def test_a_response_during_the_upload_reaches_the_client(self):
        def script(connection):
            connection.read_head()
            connection.send(answer(413, b"too large", reason="Content Too Large"))
            connection.wait_end()

        connection = self.client(self.gate(self.origin(script)))
        connection.send(request("POST", "/", fields=[("Content-Length", "1000000")]) + b"x" * 1000)
        response = connection.read()
        self.assertEqual((response.status, response.body), (413, b"too large"))

    def test_an_early_response_and_close_during_a_large_upload_reach_the_client(self):
        connection = self.client(self.gate(self.origin(
            lambda each: (each.read_head(), each.send(answer(403, b"no", fields=[("Connection", "close")]))))))
        connection.send(request("POST", "/", fields=[("Content-Length", str(8 << 20))]))
        stop = threading.Event()

        def upload():
            for _ in range(128):
                if stop.is_set() or not connection.send(b"x" * 65536):
                    return

        uploader = threading.Thread(target=upload, daemon=True)
        uploader.start()
        self.assertIn(connection.read().status, (403, 502))
        stop.set()
        uploader.join()

    def test_an_upload_after_an_early_response_is_never_read_as_a_request(self):
        def script(connection):
            connection.read_head()
            connection.send(answer(400, b"no"))
            connection.wait_end()

        backend = self.origin(script, serve())
        connection = self.client(self.gate(backend))
        inner = request("GET", "/smuggled")
        connection.send(request("POST", "/", fields=[("Content-Length", str(len(inner)))]))
        self.assert_status(connection.read(), 400)
        if connection.send(inner + request("GET", "/real")):
            try:
                connection.read()
            except AssertionError:
                pass  # closing is right as well
        self.assertNotIn("/smuggled", [got.target for got in backend.requests])


class ClientGone(Case):
    def gone(self, leave, script, before_leaving=None):
        backend = self.origin(script)
        connection = self.client(self.gate(backend))
        connection.send(request())
        backend.wait_requests(1)
        if before_leaving:
            before_leaving(connection)
        leave(connection)
        self.assertIsNotNone(backend.wait_done(0).ended)

    def test_a_client_that_resets_while_waiting_cancels_the_upstream_request(self):
        self.gone(lambda connection: connection.reset(),
                  lambda each: (each.read_request(), each.wait_end()))

    def test_a_client_that_goes_away_during_the_response_cancels_the_upstream_request(self):
        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nfirst")
            connection.wait_end()

        self.gone(lambda connection: connection.reset(), script, lambda each: each.read_head())

    def test_a_client_that_goes_away_while_data_flows_cancels_the_upstream_request(self):
        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            try:
                while True:
                    connection.send(b"x" * 65536)
            except OSError:
                connection.stream.ended = "reset"

        self.gone(lambda connection: connection.close(), script, lambda each: each.read_head())

    def test_a_client_that_goes_away_during_its_upload_cancels_the_upstream_request(self):
        backend = self.origin(serve())
        connection = self.client(self.gate(backend))
        connection.send(request("POST", "/", fields=[("Content-Length", "1000")]) + b"x" * 10)
        backend.wait_requests(1)
        connection.close()
        self.assertIsNotNone(backend.wait_done(0).ended)

    def test_a_half_closed_client_gets_its_answer(self):
        released = threading.Event()

        def script(connection):
            connection.read_request()
            connection.wait(released)
            connection.send(answer(body=b"late"))

        backend = self.origin(script)
        connection = self.client(self.gate(backend, gateway="half-close-timeout = 20s"))
        connection.send(request())
        connection.finish_sending()
        backend.wait_requests(1)
        released.set()
        self.assertEqual(connection.read().body, b"late")
        self.assertEqual(connection.wait_end(), "eof")

    def test_a_half_closed_client_waits_no_longer_than_the_half_close_time(self):
        backend = self.origin(lambda each: (each.read_request(), each.wait_end()))
        connection = self.client(self.gate(backend, gateway="half-close-timeout = 300ms"))
        connection.send(request())
        connection.finish_sending()
        self.assertIsNotNone(backend.wait_done(0).ended)
        connection.stream.wait_end()


class OldServers(Case):
    """White space between a name and its colon (RFC 9112 section 5.1)."""
    HEAD = b"HTTP/1.1 200 OK\r\nX-One : 1\r\nContent-Type\t: text/plain\r\nContent-Length : 24\r\n\r\n"
    CONTENT = b"key : value\nname   : x\n\n"

    def check(self, *pieces):
        step = threading.Event()

        def script(connection):
            connection.read_request()
            for piece in pieces[:-1]:
                connection.send(piece)
                connection.wait(step)
            connection.send(pieces[-1])

        connection = self.client(self.gate(self.origin(script)))
        connection.send(request())
        step.set()
        response = connection.read()
        self.assert_status(response, 200)
        self.assertEqual((response.get("x-one"), response.get("content-type")), ("1", "text/plain"))
        self.assertEqual(response.body, self.CONTENT)

    def test_white_space_is_taken_out_of_the_head_and_the_content_stays_as_it_is(self):
        self.assertEqual(len(self.CONTENT), 24)
        self.check(self.HEAD + self.CONTENT)

    def test_it_is_taken_out_wherever_the_head_is_cut(self):
        whole = self.HEAD + self.CONTENT
        for at in range(1, len(self.HEAD)):
            self.check(whole[:at], whole[at:])

    def test_a_name_with_a_space_inside_stays_502(self):
        for wrong in (b"X One: 1", b"X One : 1", b" : 1"):
            backend = self.origin(once(b"HTTP/1.1 200 OK\r\n" + wrong + b"\r\nContent-Length: 0\r\n\r\n"))
            self.assert_status(self.ask(self.gate(backend)), 502)

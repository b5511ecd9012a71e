"""The harness judged by itself: these pass without any gateway."""
import threading

from lib import wire
from lib.case import Case, works_directly
from lib.client import chunked, request
from lib.gateway import ini
from lib.origin import FullBacklog, answer, once, serve


class Harness(Case):
    def direct(self, *scripts):
        origin = self.origin(*scripts)
        return origin, self.client(origin)

    @works_directly
    def test_origin_records_exact_bytes_and_the_client_reads_the_answer(self):
        origin, connection = self.direct(serve(answer(body=b"abc")))
        sent = request("POST", "/x", body=b"12345") + request("GET", "/y")
        connection.send_bytewise(sent)
        self.assertEqual(connection.read().body, b"abc")
        self.assertEqual(connection.read().body, b"abc")
        self.assertEqual(origin.connections[0].received, sent)
        self.assertEqual([message.target for message in origin.requests], ["/x", "/y"])

    @works_directly
    def test_chunked_content_and_trailers_are_read(self):
        origin, connection = self.direct(serve(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"))
        connection.send(chunked("POST", "/", [b"a" * 70000, b"b"], trailers=[(b"X-U", b"2")]))
        response = connection.read()
        self.assertEqual((response.body, response.trailers), (b"abc", [(b"X-T", b"1")]))
        received = origin.wait_requests(1)
        self.assertEqual(received.body_length, 70001)
        self.assertEqual(received.trailers, [(b"X-U", b"2")])

    @works_directly
    def test_a_cut_response_is_incomplete(self):
        for reply in (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"):
            _, connection = self.direct(once(reply))
            connection.send(request())
            self.assertEqual(self.assert_incomplete(connection), b"abc")

    @works_directly
    def test_a_malformed_response_is_noticed(self):
        for reply in (b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
                      b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
                      b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
                      b"HTTP/1.1 200 OK\r\nX Y: 1\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n",
                      b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"):
            _, connection = self.direct(once(reply))
            connection.send(request())
            with self.assertRaises(wire.Malformed, msg=repr(reply)):
                connection.read()

    @works_directly
    def test_bytes_after_the_response_are_noticed(self):
        _, connection = self.direct(once(answer() + b"extra"))
        connection.send(request())
        connection.read()
        with self.assertRaises(wire.Malformed):
            connection.wait_end()

    @works_directly
    def test_a_reset_is_told_from_a_close(self):
        _, connection = self.direct(once(b"", after="reset"))
        connection.send(request())
        self.assertEqual(connection.wait_end(), "reset")
        _, connection = self.direct(once(b""))
        connection.send(request())
        self.assertEqual(connection.wait_end(), "eof")

    @works_directly
    def test_interim_responses_come_beside_the_final_one(self):
        _, connection = self.direct(serve(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer()))
        response = connection.ask()
        self.assertEqual([head.status for head in response.interim], [103])
        self.assert_status(response, 200)

    @works_directly
    def test_scripts_meet_the_test_at_events(self):
        released = threading.Event()

        def slow(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
            connection.wait(released)
            connection.send(b"cd")

        _, connection = self.direct(slow)
        connection.send(request())
        self.assertEqual(connection.read_head().status, 200)
        self.assertTrue(wire.is_silent(connection.stream, 0.1) or connection.stream.buffer == b"ab")
        released.set()
        self.assertEqual(connection.wait_end_with(b"abcd"), "eof")

    @works_directly
    def test_a_failing_script_fails_its_test(self):
        def wrong(connection):
            connection.read_request()
            raise ValueError("on purpose")

        from lib.origin import Origin
        origin = Origin(wrong)
        connection = self.client(origin)
        connection.send(request())
        connection.wait_end()
        origin.wait_done()
        with self.assertRaises(AssertionError):
            origin.close()

    @works_directly
    def test_a_full_backlog_takes_no_connection(self):
        place = self.keep(FullBacklog())
        with self.assertRaises(TimeoutError):
            wire.connect(place.address, seconds=0.3)

    @works_directly
    def test_a_unix_origin_answers(self):
        origin = self.origin(unix=True)
        self.assert_status(self.ask(origin), 200)

    @works_directly
    def test_nginx_serves_plain_and_chunked_content_and_stores_uploads(self):
        nginx = self.nginx()
        connection = self.client(nginx)
        plain = connection.ask("GET", "/large.bin")
        self.assertEqual((plain.framing[0], plain.digest), ("length", nginx.digest("large.bin")))
        folded = connection.ask("GET", "/chunked/large.bin")
        self.assertEqual((folded.framing[0], folded.digest), ("chunked", nginx.digest("large.bin")))
        self.assert_status(connection.ask("PUT", "/dav/up", body=b"x" * 5000), 201)
        self.assertEqual(nginx.stored("up"), b"x" * 5000)

    @works_directly
    def test_nginx_listens_on_a_unix_socket_too(self):
        self.assert_status(self.ask(self.nginx(unix=True), target="/short"), 200)

    @works_directly
    def test_pythons_server_is_an_http_1_0_backend_that_answers_501_itself(self):
        for unix in (False, True):
            server = self.python_server(unix=unix)
            response = self.ask(server, target="/hello.txt")
            self.assertEqual((response.minor, response.body), (0, server.files["hello.txt"]))
            self.assert_status(self.ask(server, "PATCH", "/"), 501)

    @works_directly
    def test_a_sanitizer_report_is_recognised(self):
        from lib.gateway import check_report
        for line in ("==1==ERROR: AddressSanitizer: heap-use-after-free", "a.c:3:1: runtime error: shift",
                     "WARNING: ThreadSanitizer: data race", "==1==ERROR: LeakSanitizer: detected"):
            with self.assertRaises(AssertionError):
                check_report("info: ready\n" + line)
        check_report(ini("127.0.0.1:1"))

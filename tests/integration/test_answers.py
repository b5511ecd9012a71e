"""What the gateway answers itself: which status, which fields, and what it does with the rest."""
import re

from lib.case import Case
from lib.client import chunk, chunked, last_chunk, request
from lib.gateway import ini
from lib.origin import serve

POLICY = """
implements = GET HEAD POST
[route reports]
path = /reports/*
upstream = backend
allow = GET HEAD
[route small]
path = /small
upstream = backend
max-body = 1k
[route rest]
path = /*
upstream = backend
"""
DATE = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\Z")


class Answers(Case):
    def setUp(self):
        super().setUp()
        self.backend = self.origin(serve())

    def policy(self, **sections):
        sections["gateway"] = "name = gate\n" + sections.get("gateway", "")
        return self.gateway(ini(self.backend.server, upstream=POLICY, **sections))

    def assert_local(self, response, status, error=None):
        """The marks of every answer that the gateway makes itself."""
        self.assert_status(response, status)
        self.assertRegex(response.get("date"), DATE)
        self.assertEqual(response.get("cache-control"), "no-store")
        self.assertIsNotNone(response.get("content-length"))
        if error:
            self.assertRegex(response.get("proxy-status"), r"^gate; *error=%s\b" % error)

    # ---- 501, 405, 505, 404 ----

    def test_a_method_that_the_backend_lacks_is_501_and_says_what_is_implemented(self):
        gate = self.policy()
        connection = self.client(gate)
        for method in ("PATCH", "TRACE", "QUERY", "DELETE", "FOO", "get", "Get", "X!#$%&'*+-.^_`|~9"):
            response = connection.ask(method, "/anything")
            self.assert_local(response, 501, "http_request_denied")
            self.assertEqual(response.all("allow"), [], method)
            self.assertTrue(response.get("content-type").startswith("text/plain"))
            self.assertIn("GET, HEAD, POST", response.text)
        self.assert_stays_open(connection)
        self.assertEqual([message.method for message in self.backend.requests], ["GET"])

    def test_a_method_in_the_wrong_case_gets_a_hint(self):
        self.assertIn("GET?", self.ask(self.policy(), "get").text)

    def test_a_method_of_16000_bytes_is_501(self):
        connection = self.client(self.policy(gateway="max-head = 32k\nmax-target = 8k"))
        connection.send(request("M" * 16000))
        self.assert_status(connection.read(), 501)

    def test_a_method_longer_than_any_head_is_501_and_closes(self):
        connection = self.client(self.policy(gateway="max-head = 8k\nmax-target = 4k"))
        connection.send(request("M" * 9000))
        self.assert_status(connection.read(), 501)
        self.assert_closed(connection)

    def test_a_method_that_the_resource_does_not_take_is_405_with_the_exact_allow(self):
        connection = self.client(self.policy())
        response = connection.ask("POST", "/reports/q3", body=b"")
        self.assert_local(response, 405, "http_request_denied")
        self.assertEqual(response.get("allow"), "GET, HEAD")
        self.assert_stays_open(connection, "GET", "/reports/q3")
        self.assert_stays_open(connection, "HEAD", "/reports/q3")

    def test_the_policy_cannot_be_walked_round_with_another_spelling_of_the_path(self):
        connection = self.client(self.policy())
        for path in ("/%72eports/q3", "/x/../reports/q3", "//reports/q3", "/./reports/q3",
                     "/x/%2e%2e/reports/q3", "/reports%2Fq3", "/x\\..\\reports\\q3"):
            response = connection.ask("POST", path, body=b"")
            self.assertIn(response.status, (400, 405), path)
        self.assertEqual(self.backend.requests, [])

    def test_an_unsafe_spelling_of_a_path_is_400(self):
        connection = self.client(self.policy())
        for path in ("/reports/%00", "/a%01b", "/reports/%c0%afq3"):
            self.assert_status(connection.ask("GET", path), 400)
        self.assertEqual(self.backend.requests, [])

    def test_a_major_version_other_than_1_is_505(self):
        gate = self.policy()
        for version in ("2.0", "3.0", "0.9", "0.0", "9.9"):
            connection = self.client(gate)
            connection.send(request("GET", version=version))
            self.assert_local(connection.read(), 505, "http_request_error")
        self.assertEqual(self.backend.requests, [])

    def test_the_http_2_preface_is_505_and_closes(self):
        connection = self.client(self.policy())
        connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        self.assert_status(connection.read(), 505)
        self.assert_closed(connection)

    def test_a_higher_minor_version_is_processed_as_1_1(self):
        response = self.ask(self.policy(), version="1.9")
        self.assert_status(response, 200)
        self.assertEqual(response.minor, 1)

    def test_the_upstreams_versions_are_enforced(self):
        gate = self.gateway(ini(self.backend.server, upstream="versions = 1.1"))
        self.assert_status(self.ask(gate, version="1.0"), 505)
        self.assert_status(self.ask(gate), 200)

    def test_the_version_is_judged_before_the_method(self):
        connection = self.client(self.policy())
        connection.send(request("FOO", version="2.0"))
        self.assert_status(connection.read(), 505)

    def test_connect_is_501(self):
        connection = self.client(self.policy())
        connection.send(b"CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n")
        self.assert_status(connection.read(), 501)

    def test_options_asterisk_is_answered_with_all_that_is_implemented(self):
        response = self.ask(self.policy(), "OPTIONS", "*")
        self.assertIn(response.status, (200, 204))
        # OPTIONS is listed because the gateway itself answers it here.
        self.assertEqual(response.get("allow"), "GET, HEAD, OPTIONS, POST")
        self.assertEqual(self.backend.requests, [])

    def test_no_route_is_404(self):
        more = "[route one]\npath = /one\nupstream = backend\n"
        gate = self.gateway(ini(self.backend.server, gateway="name = gate", more=more))
        connection = self.client(gate)
        self.assert_local(connection.ask("GET", "/two"), 404, "destination_not_found")
        self.assert_stays_open(connection, "GET", "/one")

    def test_the_longest_path_and_the_exact_host_win(self):
        more = ("implements = GET HEAD POST\n"
                "[route a]\nhost = a.test\npath = /x/*\nupstream = backend\nallow = GET\n"
                "[route sub]\nhost = *.test\nupstream = backend\nallow = POST\n"
                "[route deep]\nhost = a.test\npath = /x/y/*\nupstream = backend\n")
        connection = self.client(self.gateway(ini(self.backend.server, upstream=more)))
        for host, path, method, status in (
                ("a.test", "/x/1", "POST", 405), ("A.TEST:8080", "/x", "GET", 200),
                ("a.test", "/x/y/1", "POST", 200), ("a.test", "/xx", "GET", 405),
                ("b.test", "/x/1", "POST", 200), ("other.example", "/x/1", "GET", 404)):
            response = connection.ask(method, path, host=host, body=b"")
            self.assertEqual(response.status, status, (host, path, method))

    def test_answers_to_head_have_no_body(self):
        gate = self.gateway(ini(self.backend.server, more="[route o]\npath = /o\nupstream = backend\n"))
        connection = self.client(gate)
        connection.send(request("HEAD", "/x") + request("GET", "/x"))
        head, get = connection.read("HEAD"), connection.read("GET")
        self.assertEqual((head.status, get.status), (404, 404))
        self.assertGreater(int(head.get("content-length")), 0)
        self.assertTrue(get.body)

    def test_what_a_client_sent_is_shown_only_escaped(self):
        connection = self.client(self.policy())
        response = connection.ask("GE|T", "/<script>")
        self.assert_status(response, 501)
        self.assertNotIn(b"<", response.body)

    # ---- bodies of refused requests ----

    def test_the_body_of_a_refused_request_is_never_read_as_a_request(self):
        inner = request("GET", "/smuggled")
        gate = self.policy()
        for refused in (request("PATCH", "/x", body=inner),
                        chunked("PATCH", "/x", [inner, b"more"]),
                        request("POST", "/reports/q3", body=inner),
                        chunked("POST", "/reports/q3", [inner])):
            connection = self.client(gate)
            connection.send(refused + request("GET", "/real"))
            self.assertIn(connection.read().status, (405, 501))
            self.assert_status(connection.read(), 200)
        self.assertEqual({message.target for message in self.backend.requests}, {"/real"})

    def test_a_refused_body_may_come_late_and_in_pieces(self):
        connection = self.client(self.policy())
        sent = chunked("PATCH", "/x", [b"GET / HTTP/1.1\r\n\r\n"] * 3)
        head_end = sent.index(b"\r\n\r\n") + 4
        connection.send(sent[:head_end])
        connection.send_bytewise(sent[head_end:])
        connection.send(request("GET", "/real"))
        self.assert_status(connection.read(), 501)
        self.assert_status(connection.read(), 200)

    def test_a_refused_body_above_the_drain_limit_closes_after_the_answer(self):
        gate = self.policy(gateway="drain-body = 1k\nlinger-timeout = 5s")
        connection = self.client(gate)
        connection.send(request("PATCH", "/x", body=b"x" * 200000))
        response = connection.read()
        self.assert_status(response, 501)
        self.assertTrue(response.has_option("close"))
        self.assert_closed(connection)

    def test_a_refused_chunked_body_above_the_drain_limit_closes(self):
        connection = self.client(self.policy(gateway="drain-body = 1k"))
        connection.send(chunked("PATCH", "/x", [b"x" * 1000] * 50) + request("GET", "/never"))
        self.assert_status(connection.read(), 501)
        self.assert_closed(connection)
        self.assertEqual(self.backend.requests, [])

    def test_a_refused_client_that_waits_for_100_gets_the_answer_at_once(self):
        connection = self.client(self.policy())
        head = request("PATCH", "/x", fields=[("Expect", "100-continue"), ("Content-Length", "10")])
        connection.send(head)
        response = connection.read()
        self.assert_status(response, 501)
        self.assertEqual(response.interim, [])

    # ---- limits ----

    def test_an_announced_body_above_max_body_is_413(self):
        connection = self.client(self.policy())
        self.assert_local(connection.ask("POST", "/small", body=b"x" * 1025), 413)
        self.assertEqual(self.backend.requests, [])

    def test_a_body_of_exactly_max_body_passes(self):
        connection = self.client(self.policy())
        self.assert_status(connection.ask("POST", "/small", body=b"x" * 1024), 200)
        connection.send(chunked("POST", "/small", [b"x" * 1000, b"x" * 24]))
        self.assert_status(connection.read(), 200)

    def test_a_chunked_body_that_grows_above_max_body_is_413_and_closes(self):
        connection = self.client(self.policy())
        head = request("POST", "/small", fields=[("Transfer-Encoding", "chunked")])
        connection.send(head + chunk(b"x" * 1000) + chunk(b"x" * 1000) + last_chunk())
        self.assert_status(connection.read(), 413)
        self.assert_closed(connection)

    def test_a_target_above_max_target_is_414_readable_before_the_close(self):
        gate = self.policy(gateway="max-target = 1k\nmax-head = 8k")
        for length in (1100, 6000, 300000):
            connection = self.client(gate)
            connection.send(b"GET /" + b"a" * length + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assert_local(connection.read(), 414)
        self.assert_status(self.ask(gate, target="/" + "a" * 1000), 200)

    def test_too_many_fields_are_431(self):
        gate = self.policy(gateway="max-fields = 20")
        many = [("X-%d" % number, "v") for number in range(20)]
        self.assert_local(self.ask(gate, fields=many), 431)
        self.assert_status(self.ask(gate, fields=many[:19]), 200)

    def test_too_large_a_head_is_431(self):
        gate = self.policy(gateway="max-head = 8k\nmax-target = 4k")
        for length in (8200, 100000):
            connection = self.client(gate)
            connection.send(request(fields=[("X-Large", "v" * length)]))
            self.assert_local(connection.read(), 431)
            self.assert_closed(connection)

    def test_an_endless_head_is_cut_off(self):
        connection = self.client(self.policy(gateway="max-head = 8k\nmax-target = 4k"))
        connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000)
        self.assert_status(connection.read(), 431)

    # ---- slow clients ----

    def test_a_head_that_does_not_end_in_time_is_408(self):
        gate = self.policy(gateway="head-timeout = 300ms")
        for start in (b"G", b"GET / HTTP/1.1\r\nHost: x\r\n"):
            connection = self.client(gate)
            connection.send(start)
            response = connection.read()
            self.assert_local(response, 408)
            self.assertTrue(response.has_option("close"))
            self.assert_closed(connection)

    def test_an_idle_connection_is_closed_without_a_word(self):
        gate = self.policy(gateway="idle-timeout = 300ms")
        connection = self.client(gate)
        self.assert_closed(connection)
        connection = self.client(gate)
        connection.ask()
        self.assertEqual(connection.wait_end(), "eof")

    def test_a_body_that_stops_is_408_and_cancels_the_upstream_request(self):
        gate = self.policy(gateway="body-timeout = 300ms")
        connection = self.client(gate)
        connection.send(request("POST", "/", fields=[("Content-Length", "10")]) + b"12345")
        self.assert_status(connection.read("POST"), 408)
        self.assert_closed(connection)
        self.assertIsNotNone(self.backend.wait_done().ended)

    # ---- not a request ----

    def test_garbage_is_400_and_closes_and_the_gateway_goes_on(self):
        gate = self.policy()
        for garbage in (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x11" * 64 + b"\r\n\r\n",
                        bytes(range(128, 256)) + b"\r\n\r\n", b"GET\r\n\r\n", b"GET /\r\n\r\n",
                        b"GET / HTTP/1.10\r\nHost: x\r\n\r\n", b"GET / http/1.1\r\nHost: x\r\n\r\n",
                        b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
                        b"G(T / HTTP/1.1\r\nHost: x\r\n\r\n", b"PLAY / RTSP/1.0\r\n\r\n",
                        b"GET /#f HTTP/1.1\r\nHost: x\r\n\r\n"):
            connection = self.client(gate)
            connection.send(garbage)
            self.assert_local(connection.read(), 400)
            self.assert_closed(connection)
        self.assert_status(self.ask(gate), 200)
        self.assertEqual(len(self.backend.requests), 1)

    def test_many_refusals_in_one_write_are_answered_in_order(self):
        connection = self.client(self.policy())
        connection.send(b"".join(request("PATCH" if number % 2 else "FOO", "/x") for number in range(50)))
        for number in range(50):
            response = connection.read()
            self.assert_status(response, 501)
            self.assertIn("PATCH" if number % 2 else "FOO", response.text)

    def test_an_http_1_0_client_that_asks_for_it_keeps_its_connection_after_a_501(self):
        connection = self.client(self.policy())
        response = connection.ask("PATCH", version="1.0", fields=[("Connection", "keep-alive")])
        self.assert_status(response, 501)
        self.assertTrue(response.has_option("keep-alive"))
        self.assert_status(connection.ask("PATCH", version="1.0"), 501)
        self.assertEqual(connection.wait_end(), "eof")

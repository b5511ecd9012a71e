"""A small set of raw requests that RFC 9110 and 9112 have something to say about.

Refused means: 400 (or the status given), the connection ends, and nothing reaches the origin.
"""
from lib.case import Case
from lib.client import request
from lib.gateway import ini
from lib.origin import serve

LINE = b"GET / HTTP/1.1\r\n"
HOST = b"Host: test\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test\r\n"
SMUGGLED = request("GET", "/smuggled")

# What (RFC 9112 unless said otherwise), bytes, status.
REFUSED = [
    ("obs-fold (5.2)", LINE + HOST + b"X-A: one\r\n two\r\n\r\n", 400),
    ("white space before the first field (2.2)", LINE + b" X-A: 1\r\n" + HOST + b"\r\n", 400),
    ("space before the colon (5.1)", LINE + HOST + b"X-A : 1\r\n\r\n", 400),
    ("no colon", LINE + HOST + b"X-A\r\n\r\n", 400),
    ("empty field name", LINE + HOST + b": v\r\n\r\n", 400),
    ("field name with a space", LINE + HOST + b"X A: v\r\n\r\n", 400),
    ("NUL in a value (9110 5.5)", LINE + HOST + b"X-A: a\0b\r\n\r\n", 400),
    ("bare CR in a value (2.2)", LINE + HOST + b"X-A: a\rb\r\n\r\n", 400),
    ("bare LF after a field", LINE + HOST + b"X-A: a\nX-B: b\r\n\r\n", 400),
    ("bare LF throughout", b"GET / HTTP/1.1\nHost: test\n\n", 400),
    ("bare LF after the request line", b"GET / HTTP/1.1\nHost: test\r\n\r\n", 400),
    ("no Host (3.2)", LINE + b"\r\n", 400),
    ("two Hosts (3.2)", LINE + HOST + HOST + b"\r\n", 400),
    ("a Host that is none (3.2)", LINE + b"Host: te st\r\n\r\n", 400),
    ("a Host with userinfo", LINE + b"Host: u@test\r\n\r\n", 400),
    ("a Host with a path", LINE + b"Host: test/x\r\n\r\n", 400),
    ("a Host list", LINE + b"Host: a, b\r\n\r\n", 400),
    ("Content-Length and Transfer-Encoding (6.1)",
     POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("two Content-Lengths (6.3)", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!" + SMUGGLED, 400),
    ("two equal Content-Lengths", POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello" + SMUGGLED, 400),
    ("a Content-Length list", POST + b"Content-Length: 5, 5\r\n\r\nhello" + SMUGGLED, 400),
    ("a signed Content-Length", POST + b"Content-Length: +5\r\n\r\nhello" + SMUGGLED, 400),
    ("an empty Content-Length", POST + b"Content-Length:\r\n\r\n" + SMUGGLED, 400),
    ("a Content-Length of 20 digits", POST + b"Content-Length: 18446744073709551621\r\n\r\nhello" + SMUGGLED, 400),
    ("a hexadecimal Content-Length", POST + b"Content-Length: 0x5\r\n\r\nhello" + SMUGGLED, 400),
    ("chunked twice (6.1)", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("chunked not last", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + SMUGGLED, (400, 501)),
    ("an unknown coding (6.1)", POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n" + SMUGGLED, 501),
    ("a coding in HTTP/1.0", b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("a coding that only looks like chunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
     (400, 501)),
    # A server that folds names (CGI, WSGI: uWSGI's http11-socket) finds another end of the content by these.
    ("Content_Length beside chunks",
     POST + b"Content_Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("Content_Length: 0 beside Content-Length",
     POST + b"Content-Length: %d\r\nContent_Length: 0\r\n\r\n" % len(SMUGGLED) + SMUGGLED, 400),
    ("CONTENT.LENGTH alone", POST + b"CONTENT.LENGTH: 4\r\n\r\nabcd", 400),
    ("Content~Length in HTTP/1.0", b"POST / HTTP/1.0\r\n" + HOST + b"Content~Length: 4\r\n\r\nabcd", 400),
    ("Transfer_Encoding", POST + b"Content-Length: 5\r\nTransfer_Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("transfer+encoding that Connection names",
     POST + b"Connection: transfer+encoding\r\ntransfer+encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("an expectation nobody knows (9110 10.1.1)", POST + b"Expect: magic\r\nContent-Length: 0\r\n\r\n", 417),
    ("a target with a control byte", b"GET /a\x01 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a target with a byte above 127", b"GET /\xe9 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a target without a slash", b"GET a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("an asterisk without OPTIONS (3.2.4)", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("authority form without CONNECT (3.2.3)", b"GET test:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("userinfo in an absolute form (9110 4.2.4)", b"GET http://u:p@test/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("a foreign scheme", b"GET ftp://test/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
]

# Chunked content that is broken after a good start: the head has gone to the origin, the end never may.
BROKEN_CHUNKS = [b"x\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"3\nabc\r\n0\r\n\r\n",
                 b"3\r\nabcd\r\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b" 3\r\nabc\r\n0\r\n\r\n",
                 b"11111111111111111\r\nabc", b"3;a\nb\r\nabc\r\n0\r\n\r\n", b"0\r\nX Y: 1\r\n\r\n",
                 b"0\r\n X: 1\r\n\r\n",
                 b"0\r\nX-A: a\0b\r\n\r\n",
                 b"0\r\nContent_Length: 4\r\n\r\n", b"0\r\nTransfer.Encoding: x\r\n\r\n"]

ACCEPTED = [
    ("an empty line before the request (2.2)", b"\r\n" + LINE + HOST + b"\r\n"),
    ("white space around a value (5)", LINE + b"Host: \t test \t \r\n\r\n"),
    ("an empty value", LINE + HOST + b"X-A:\r\n\r\n"),
    ("obs-text in a value (9110 5.5)", LINE + HOST + b"X-A: \xe9\xff\r\n\r\n"),
    ("every token character in a name", LINE + HOST + b"X!#$%&'*+-.^_`|~9: v\r\n\r\n"),
    ("lower-case names", LINE + b"host: test\r\n\r\n"),
    ("an IPv6 Host", LINE + b"Host: [::1]:8080\r\n\r\n"),
    ("absolute form (3.2.2)", b"GET http://test/a HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("HTTP/1.0 without Host", b"GET / HTTP/1.0\r\n\r\n"),
    ("chunked in another case", POST + b"Transfer-Encoding: CHUNKED\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("chunk extensions (7.1.1)", POST + b"Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0;c\r\n\r\n"),
    ("a chunk size with leading zeros", POST + b"Transfer-Encoding: chunked\r\n\r\n0003\r\nabc\r\n00\r\n\r\n"),
    ("a Content-Length with leading zeros", POST + b"Content-Length: 0003\r\n\r\nabc"),
    ("a target of 8000 bytes (3)", b"GET /" + b"a" * 7900 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    ("a GET with content (9110 9.3.1)", LINE + HOST + b"Content-Length: 3\r\n\r\nabc"),
]


class Conformance(Case):
    def setUp(self):
        super().setUp()
        self.backend = self.origin(serve())
        self.gate_address = self.gateway(ini(self.backend.server)).address

    def test_malformed_and_ambiguous_requests_are_refused_and_the_connection_ends(self):
        for what, raw, statuses in REFUSED:
            with self.subTest(what):
                connection = self.client(self.gate_address)
                connection.send(raw)
                response = connection.read()
                self.assertIn(response.status, statuses if isinstance(statuses, tuple) else (statuses,))
                if response.status == 400:
                    self.assertIn(connection.wait_end(), ("eof", "reset"))
                connection.close()
        self.assertEqual([got.head for got in self.backend.requests], [])

    def test_malformed_requests_are_refused_when_they_come_byte_by_byte(self):
        for what, raw, statuses in REFUSED:
            if len(raw) < 200:
                with self.subTest(what):
                    connection = self.client(self.gate_address)
                    connection.send_bytewise(raw)
                    self.assertIn(connection.read().status, statuses if isinstance(statuses, tuple) else (statuses,))
                    connection.close()
        self.assertEqual(self.backend.requests, [])

    def test_unusual_but_legal_requests_are_forwarded(self):
        for what, raw in ACCEPTED:
            with self.subTest(what):
                connection = self.client(self.gate_address)
                connection.send(raw)
                self.assert_status(connection.read(), 200)
                connection.close()
        self.assertEqual(len(self.backend.requests), len(ACCEPTED))
        self.assertEqual({got.minor for got in self.backend.requests}, {1})

    def test_broken_chunked_content_is_never_completed_towards_the_origin(self):
        for bad in BROKEN_CHUNKS:
            with self.subTest(bad):
                connection = self.client(self.gate_address)
                connection.send(POST + b"Transfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n" + bad + SMUGGLED)
                self.assert_status(connection.read(), 400)
                self.assertIn(connection.wait_end(), ("eof", "reset"))
                connection.close()
        for message in self.backend.requests:
            self.assertEqual((message.target, message.digest), ("/", None), "completed: %r" % message.head)

    def test_the_answer_names_the_twin_of_a_framing_field(self):
        for field, named in ((b"Content_Length: 4", "Content-Length"), (b"Transfer_Encoding: x", "Transfer-Encoding")):
            connection = self.client(self.gate_address)
            connection.send(POST + field + b"\r\n\r\n")
            self.assertIn(named, connection.read().body.decode())

    def test_a_request_that_is_cut_off_is_not_forwarded(self):
        for raw in (b"GET / HT", LINE, LINE + HOST, LINE + HOST + b"X-A: b"):
            connection = self.client(self.gate_address)
            connection.send(raw)
            connection.finish_sending()
            connection.stream.wait_end()
        self.assertEqual(self.backend.requests, [])

    def test_a_cut_upload_is_never_completed_towards_the_origin(self):
        for raw in (POST + b"Content-Length: 10\r\n\r\n12345",
                    POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"):
            connection = self.client(self.gate_address)
            connection.send(raw)
            connection.finish_sending()
            connection.stream.wait_end()
        for message in self.backend.requests:
            self.assertIsNone(message.digest, "completed: %r" % message.head)

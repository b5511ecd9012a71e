"""Content in both directions and both framings: every size, slow peers, flat memory."""
import hashlib
import threading

from lib.backends import pattern
from lib.case import Case, works_directly
from lib.client import chunk, chunked, last_chunk, request
from lib.limits import until
from lib.origin import answer, serve

SIZES = (0, 1, 65535, 65536, 65537, 1 << 20)
LARGE = 64 << 20
# What a 64 MiB transfer may add to a sanitizer build's resident memory: two orders below the body.
GROWTH_MAX = 12 << 20


def digest_of_repeated(block, count):
    digest = hashlib.sha256()
    for _ in range(count):
        digest.update(block)
    return digest.hexdigest()


class Uploads(Case):
    def upload(self, gate_options=None, echo=None):
        backend = self.origin(serve(echo))
        return backend, self.client(self.gate(backend, **(gate_options or {})))

    @works_directly
    def test_uploads_with_content_length_arrive(self):
        backend, connection = self.upload()
        for size in SIZES:
            self.assert_status(connection.ask("POST", "/", body=pattern(size)), 200)
            self.assertTrue(backend.requests[-1].body == pattern(size), size)
            self.assertEqual(backend.requests[-1].framing, ("length", size))

    @works_directly
    def test_chunked_uploads_arrive(self):
        backend, connection = self.upload()
        for size in SIZES:
            data = pattern(size)
            connection.send(chunked("POST", "/", [data[at:at + 5000] for at in range(0, size, 5000)]))
            self.assert_status(connection.read(), 200)
            self.assertTrue(backend.requests[-1].body == data, size)

    @works_directly
    def test_an_upload_in_one_byte_chunks_and_writes_arrives(self):
        backend, connection = self.upload()
        data = pattern(300)
        connection.send_bytewise(chunked("POST", "/", [data[at:at + 1] for at in range(300)]))
        self.assert_status(connection.read(), 200)
        self.assertEqual(backend.requests[0].body, data)

    @works_directly
    def test_a_content_length_upload_that_dribbles_arrives(self):
        backend, connection = self.upload()
        connection.send_bytewise(request("POST", "/", body=pattern(500)))
        self.assert_status(connection.read(), 200)
        self.assertEqual(backend.requests[0].body, pattern(500))

    def test_chunk_extensions_are_read_and_not_forwarded(self):
        backend, connection = self.upload()
        head = request("POST", "/", fields=[("Transfer-Encoding", "chunked")])
        connection.send(head + b"3;a=b;c=\"d;e\";f\r\nabc\r\n0;x\r\n\r\n")
        self.assert_status(connection.read(), 200)
        self.assertEqual(backend.requests[0].body, b"abc")
        self.assertNotIn(b"a=b", backend.connections[0].received)

    def test_request_trailers_do_not_break_the_upload(self):
        backend, connection = self.upload()
        connection.send(chunked("POST", "/", [b"abc"], trailers=[(b"X-T", b"1")]) + request("GET", "/next"))
        self.assert_status(connection.read(), 200)
        self.assert_status(connection.read(), 200)
        self.assertEqual([got.body for got in backend.requests], [b"abc", b""])

    def test_expect_100_continue_gets_one_100_and_then_the_answer(self):
        backend, connection = self.upload(echo=lambda got: answer(body=got.body))
        connection.send(request("POST", "/", fields=[("Expect", "100-continue"), ("Content-Length", "5")]))
        interim = connection.read_head()
        self.assert_status(interim, 100)
        connection.send(b"hello")
        self.assertEqual(connection.read().body, b"hello")

    def test_the_upload_starts_before_it_is_complete(self):
        """The gateway streams: the origin sees the first part while the client holds back the rest."""
        first_part_seen = threading.Event()

        def script(connection):
            message = connection.read_head()
            connection.stream.until(b"first", "the first part")
            first_part_seen.set()
            connection.stream.until(b"second", "the second part")
            connection.send(answer())

        backend = self.origin(script)
        connection = self.client(self.gate(backend))
        connection.send(request("POST", "/", fields=[("Content-Length", "11")]) + b"first")
        until(first_part_seen.is_set, "the first part at the origin")
        connection.send(b"second")
        self.assert_status(connection.read(), 200)


class Downloads(Case):
    @works_directly
    def test_downloads_in_every_framing_arrive(self):
        replies = {}
        for size in SIZES:
            data = pattern(size)
            pieces = [data[at:at + 30000] for at in range(0, size, 30000)]
            replies["/length/%d" % size] = answer(body=data)
            replies["/chunked/%d" % size] = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                             + b"".join(map(chunk, pieces)) + last_chunk())
        backend = self.origin(serve(lambda got: replies[got.target]))
        connection = self.client(self.gate(backend))
        for target in replies:
            response = connection.ask("GET", target)
            self.assertTrue(response.body == pattern(int(target.rsplit("/", 1)[1])), target)
            self.assertEqual(response.framing[0], target.split("/")[1])

    @works_directly
    def test_a_response_that_dribbles_arrives(self):
        reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"abc") * 50 + last_chunk()

        def script(connection):
            connection.read_request()
            for at in range(len(reply)):
                connection.send(reply[at:at + 1])

        connection = self.client(self.gate(self.origin(script)))
        self.assertEqual(connection.ask().body, b"abc" * 50)

    def test_the_download_starts_before_it_is_complete(self):
        released = threading.Event()

        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"first"))
            connection.wait(released)
            connection.send(chunk(b"second") + last_chunk())

        connection = self.client(self.gate(self.origin(script)))
        connection.send(request())
        response = connection.read_head()
        connection.stream.until(b"first", "the first part")
        released.set()
        connection.stream.until(b"second", "the second part")
        self.assertEqual(response.framing[0], "chunked")


class Large(Case):
    """64 MiB each way, in memory that does not grow with the body."""

    alone = True
    slow = True

    def assert_flat(self, gate, before):
        grown = gate.resident_bytes("VmHWM") - before
        self.assertLess(grown, GROWTH_MAX, "resident memory grew by %d KiB" % (grown // 1024))

    def test_64_mib_up_with_content_length_and_chunked_arrive_in_flat_memory(self):
        block = pattern(1 << 20)
        expected = digest_of_repeated(block, LARGE >> 20)
        seen = []

        def script(connection):
            connection.sink = lambda data: None
            while True:
                message = connection.read_request()
                seen.append((message.body_length, message.digest))
                connection.send(answer())

        gate = self.gate(self.origin(script), gateway="max-body = unlimited")
        connection = self.client(gate)
        self.assert_status(connection.ask("POST", "/", body=block), 200)
        before = gate.resident_bytes()
        connection.send(request("POST", "/", fields=[("Content-Length", str(LARGE))]))
        for _ in range(LARGE >> 20):
            connection.send(block)
        self.assert_status(connection.read(), 200)
        connection.send(request("POST", "/", fields=[("Transfer-Encoding", "chunked")]))
        for _ in range(LARGE >> 20):
            connection.send(chunk(block))
        connection.send(last_chunk())
        self.assert_status(connection.read(), 200)
        self.assertEqual(seen[1:], [(LARGE, expected)] * 2)
        self.assert_flat(gate, before)

    def test_64_mib_down_with_content_length_and_chunked_arrive_in_flat_memory(self):
        block = pattern(1 << 20)
        expected = digest_of_repeated(block, LARGE >> 20)

        def script(connection):
            while True:
                if connection.read_request().target == "/length":
                    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
                    for _ in range(LARGE >> 20):
                        connection.send(block)
                else:
                    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in range(LARGE >> 20):
                        connection.send(chunk(block))
                    connection.send(last_chunk())

        gate = self.gate(self.origin(script))
        connection = self.client(gate)
        before = gate.resident_bytes()
        for target in ("/length", "/chunked"):
            connection.send(request("GET", target))
            response = connection.read(sink=lambda data: None)
            self.assertEqual((response.body_length, response.digest), (LARGE, expected), target)
        self.assert_flat(gate, before)

    def test_a_client_that_does_not_read_stops_the_origin_and_memory_stays_flat(self):
        block = pattern(1 << 20)
        sent = []

        def script(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE)
            for _ in range(LARGE >> 20):
                connection.send(block)
                sent.append(len(block))

        gate = self.gate(self.origin(script))
        connection = self.client(gate, receive_bytes=32768)
        before = gate.resident_bytes()
        connection.send(request())
        connection.read_head()
        self.assert_stalls(sent)
        # Socket buffers on both sides take some MiB, the gateway itself nearly nothing.
        self.assertLess(sum(sent), LARGE // 2)
        self.assert_flat(gate, before)
        received = []
        connection.stream.pass_exactly(LARGE, lambda data: received.append(len(data)), "the rest")
        self.assertEqual(sum(received), LARGE)
        self.assert_flat(gate, before)

    def test_an_origin_that_does_not_read_stops_the_client_and_memory_stays_flat(self):
        released = threading.Event()
        block = pattern(1 << 20)

        def script(connection):
            connection.sink = lambda data: None
            message = connection.read_head()
            connection.wait(released)
            connection.read_body(message)
            connection.send(answer(body=message.digest.encode()))

        gate = self.gate(self.origin(script), gateway="max-body = unlimited")
        connection = self.client(gate)
        before = gate.resident_bytes()
        sent = []

        def upload():
            connection.send(request("POST", "/", fields=[("Content-Length", str(LARGE))]))
            for _ in range(LARGE >> 20):
                connection.send(block)
                sent.append(len(block))

        uploader = threading.Thread(target=upload, daemon=True)
        uploader.start()
        self.assert_stalls(sent)
        self.assertLess(sum(sent), LARGE // 2)
        released.set()
        self.assertEqual(connection.read().text, digest_of_repeated(block, LARGE >> 20))
        uploader.join()
        self.assert_flat(gate, before)

    def assert_stalls(self, sent):
        """Waits until the sender has not moved for a second."""
        history = []

        def has_stalled():
            history.append(len(sent))
            return len(history) > 50 and history[-50] == history[-1]

        until(has_stalled, "the sender to stall")

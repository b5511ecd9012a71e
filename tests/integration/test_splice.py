"""Large content whose length is known, which goes from socket to socket without being copied."""
import hashlib
import resource
import signal
import socket
import threading
import time

from lib.admin import ON, AdminCase
from lib.backends import pattern
from lib.client import chunk, last_chunk, request
from lib.limits import until
from lib.origin import answer

MIB = 1 << 20
LARGE = 64
LENGTH = LARGE * MIB
HUGE = 4096  # blocks: more than any test waits for
PIPES_MOST = 32
# Before splicing begins, and after it has ended, content is copied.
COPIED_MAX = 8 * MIB
BLOCK = pattern(MIB)
LOG = "access-log = @FOLDER@/access.log\naccess-log-format = $status $received_bytes $sent_bytes $end\n"
UNLIMITED = "max-body = unlimited\n"


def block(number):
    """A block that is unlike all others, so that none can be lost, repeated or moved."""
    return b"%07d\n" % number + BLOCK[8:]


def digest_of(blocks):
    digest = hashlib.sha256()
    for number in range(blocks):
        digest.update(block(number))
    return digest.hexdigest()


def send_blocks(connection, blocks, length=None):
    length = blocks * MIB if length is None else length
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
    for number in range(blocks):
        connection.send(block(number))


def upload_head(blocks):
    return request("POST", "/", fields=[("Content-Length", str(blocks * MIB))])


def serve_blocks(connection):
    """GET /N: N blocks. POST: the digest of its content."""
    connection.sink = lambda data: None
    while True:
        message = connection.read_request()
        if message.method == "POST":
            connection.send(answer(body=message.digest.encode()))
        else:
            send_blocks(connection, int(message.target[1:]))


def pass_blocks(connection):
    """The rest of a response with LARGE blocks."""
    digest = hashlib.sha256()
    connection.stream.pass_exactly(LENGTH, digest.update, "the content")
    return digest.hexdigest()


def ignore(data):
    """Content that is not looked at."""


class Splice(AdminCase):
    def gate_of(self, backend, **sections):
        settings = [LOG + UNLIMITED + sections.pop("gateway", ""), ON]
        return self.start_admin(backend, gateway="\n".join(settings), workers="1", **sections)

    def spliced(self, gate):
        """Bytes that were spliced so far."""
        return self.value(gate, "verbgate_spliced_content_bytes_total")

    def assert_spliced(self, gate, before, transfers):
        """Nearly all of that many LARGE transfers was, and maybe some of others."""
        self.assertGreater(self.spliced(gate) - before, transfers * (LENGTH - COPIED_MAX))

    def pipes(self, gate):
        return gate.count_open("pipe") // 2

    def log_lines(self, gate, count):
        return [line.split(" ", 3) for line in gate.access_lines(count)]

    def download(self, connection, blocks=LARGE):
        connection.send(request("GET", "/%d" % blocks))
        response = connection.read(sink=ignore)
        self.assertEqual((response.body_length, response.digest), (blocks * MIB, digest_of(blocks)))

    def upload(self, connection, blocks=LARGE):
        connection.send(upload_head(blocks))
        for number in range(blocks):
            connection.send(block(number))
        self.assertEqual(connection.read().text, digest_of(blocks))


class Transfers(Splice):
    slow = True

    def test_what_is_large_is_spliced_and_what_is_small_or_chunked_is_not(self):
        def script(connection):
            connection.sink = ignore
            while True:
                message = connection.read_request()
                if message.target == "/small":
                    connection.send(answer(body=BLOCK))
                elif message.target == "/chunked":
                    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for _ in range(LARGE):
                        connection.send(chunk(BLOCK))
                    connection.send(last_chunk())
                elif message.method == "POST":
                    connection.send(answer(body=message.digest.encode()))
                else:
                    send_blocks(connection, LARGE)

        gate = self.gate_of(self.origin(script))
        connection = self.client(gate)
        for _ in range(16):
            connection.send(request("GET", "/small"))
            self.assertEqual(connection.read(sink=ignore).body_length, MIB)
        connection.send(request("GET", "/chunked"))
        self.assertEqual(connection.read(sink=ignore).body_length, LENGTH)
        self.assertEqual(self.spliced(gate), 0)
        self.download(connection)
        self.assert_spliced(gate, 0, 1)
        before = self.spliced(gate)
        self.upload(connection)
        self.assert_spliced(gate, before, 1)
        self.assertEqual(self.log_lines(gate, 19)[-2:], [["200", "0", str(LENGTH), "COMPLETE"],
                                                          ["200", str(LENGTH), "64", "COMPLETE"]])

    def test_both_ways_over_tcp_and_unix_sockets_and_the_connections_are_kept(self):
        for is_unix in (False, True):
            backend = self.origin(serve_blocks, unix=is_unix)
            gate = self.gate_of(backend, bind="unix:@FOLDER@/gate.sock" if is_unix else "127.0.0.1:0")
            connection = self.client(gate)
            pipes = self.pipes(gate)
            for _ in range(2):
                self.download(connection)
                self.upload(connection)
                self.download(connection, 2)
            self.assert_spliced(gate, 0, 4)
            self.assertEqual(self.pipes(gate), pipes)
            self.assertEqual(len(backend.connections), 1)

    def test_what_follows_content_at_once_is_the_next_message(self):
        backend = self.origin(serve_blocks)
        connection = self.client(self.gate_of(backend))
        connection.send(upload_head(LARGE))
        for number in range(LARGE - 1):
            connection.send(block(number))
        last = block(LARGE - 1)
        connection.send(last[:-1000])
        # In one write, so that they come together.
        connection.send(last[-1000:] + request("GET", "/3") + request("GET", "/%d" % LARGE))
        self.assertEqual(connection.read().text, digest_of(LARGE))
        self.assertEqual(connection.read(sink=ignore).digest, digest_of(3))
        self.assertEqual(connection.read(sink=ignore).digest, digest_of(LARGE))
        self.assertEqual(len(backend.connections), 1)

    def test_what_a_server_sends_beyond_its_content_reaches_nobody(self):
        more = answer(body=b"evil") * 10

        def script(connection):
            while True:
                message = connection.read_request()
                if message.target == "/more":
                    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LENGTH)
                    for number in range(LARGE - 1):
                        connection.send(block(number))
                    last = block(LARGE - 1)
                    connection.send(last[:-1000])
                    connection.send(last[-1000:] + more)  # in one write, so that they come together
                else:
                    connection.send(answer(body=b"good"))

        backend = self.origin(script)
        connection = self.client(self.gate_of(backend))
        connection.send(request("GET", "/more"))
        self.assertEqual(connection.read(sink=ignore).digest, digest_of(LARGE))
        self.assertEqual(connection.ask("GET", "/good").text, "good")
        self.assertEqual(len(backend.connections), 2)

    def test_more_transfers_than_pipes(self):
        blocks = 16
        backend = self.origin(serve_blocks)
        gate = self.gate_of(backend, upstream="max-idle = 1")
        self.download(self.client(gate), 1)
        files, pipes = gate.open_files(), self.pipes(gate)
        connections = [self.client(gate) for _ in range(PIPES_MOST + 16)]
        digests = [hashlib.sha256() for _ in connections]
        for connection in connections:
            connection.send(request("GET", "/%d" % blocks))
            connection.read_head()
        for connection, digest in zip(connections, digests):
            connection.stream.pass_exactly(4 * MIB, digest.update, "a part")
        most = self.pipes(gate) - pipes
        self.assertGreater(most, 0)
        self.assertLessEqual(most, PIPES_MOST)
        for connection, digest in zip(connections, digests):
            connection.stream.pass_exactly((blocks - 4) * MIB, digest.update, "the rest")
            self.assertEqual(digest.hexdigest(), digest_of(blocks))
            connection.close()
        until(lambda: gate.open_files() <= files, "descriptors to go back to %d" % files)

    def test_without_descriptors_content_is_copied(self):
        gate = self.gate_of(self.origin(serve_blocks))
        connection = self.client(gate)
        self.download(connection, 1)
        before = self.spliced(gate)
        limits = resource.prlimit(gate.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(gate.pid, resource.RLIMIT_NOFILE, (gate.open_files(), limits[1]))
        self.download(connection)
        self.upload(connection)
        resource.prlimit(gate.pid, resource.RLIMIT_NOFILE, limits)
        self.assertEqual(self.spliced(gate), before)

    def test_a_gateway_that_stops_finishes_what_is_spliced(self):
        gate = self.gate_of(self.origin(serve_blocks))
        connection = self.client(gate)
        connection.send(request("GET", "/%d" % LARGE))
        connection.read_head()
        digest = hashlib.sha256()
        connection.stream.pass_exactly(8 * MIB, digest.update, "a part")
        gate.signal(signal.SIGTERM)
        gate.wait_log("finish what runs")
        connection.stream.pass_exactly(LENGTH - 8 * MIB, digest.update, "the rest")
        self.assertEqual(digest.hexdigest(), digest_of(LARGE))
        self.assert_closed(connection)
        self.assertEqual(gate.wait(), 0)


class Ends(Splice):
    slow = True

    def wait_pipes(self, gate, count):
        until(lambda: self.pipes(gate) == count, "%d pipes" % count)

    def test_a_server_that_ends_early_leaves_an_incomplete_response(self):
        cut = 40
        for way, how in (("eof", None), ("reset", "reset")):
            def script(connection, how=how):
                connection.read_request()
                send_blocks(connection, cut, LENGTH)
                connection.send(b"the last bytes")
                if how == "reset":
                    connection.wait(taken)
                    connection.reset()

            taken = threading.Event()
            gate = self.gate_of(self.origin(script))
            pipes = self.pipes(gate)
            connection = self.client(gate)
            connection.send(request())
            connection.read_head()
            digest = hashlib.sha256()
            connection.stream.pass_exactly(cut * MIB, digest.update, "what came")
            self.assertEqual(connection.stream.exactly(14, "the last bytes"), b"the last bytes")
            taken.set()
            self.assert_closed(connection)
            self.assertEqual(digest.hexdigest(), digest_of(cut), way)
            self.assertEqual(self.log_lines(gate, 1), [["200", "0", str(cut * MIB + 14), "UPSTREAM_CUT"]], way)
            self.wait_pipes(gate, pipes)

    def test_a_client_that_leaves_a_download_ends_it(self):
        for way in ("reset", "close"):
            ended = threading.Event()

            def script(connection, ended=ended):
                connection.read_request()
                try:
                    send_blocks(connection, HUGE)
                finally:
                    ended.set()

            gate = self.gate_of(self.origin(script))
            pipes = self.pipes(gate)
            connection = self.client(gate)
            connection.send(request())
            connection.read_head()
            connection.stream.pass_exactly(16 * MIB, ignore, "a part")
            connection.stream.exactly(1, "and a byte")
            self.assertEqual(self.pipes(gate), pipes + 1)
            getattr(connection, way)()
            until(ended.is_set, "the server's connection to end")
            status, received, sent, end = self.log_lines(gate, 1)[0]
            self.assertEqual((status, received, end), ("200", "0", "CLIENT_GONE"), way)
            self.assertTrue(16 * MIB < int(sent) < HUGE * MIB, sent)
            self.wait_pipes(gate, pipes)

    def test_a_client_that_leaves_an_upload_ends_it(self):
        seen = []

        def script(connection):
            connection.read_head()
            seen.append(connection.stream.wait_end()[0])

        backend = self.origin(script)
        gate = self.gate_of(backend)
        pipes = self.pipes(gate)
        connection = self.client(gate)
        connection.send(upload_head(HUGE))
        for number in range(32):
            connection.send(block(number))
        connection.finish_sending()
        self.assert_closed(connection)
        backend.wait_done()
        self.assertEqual(len(seen), 1)
        self.assertEqual(self.log_lines(gate, 1), [["499", str(32 * MIB), "0", "CLIENT_GONE"]])
        self.wait_pipes(gate, pipes)

    def test_a_server_that_answers_an_upload_early_is_heard(self):
        for keeps_reading in (False, True):
            def script(connection, keeps_reading=keeps_reading):
                connection.read_head()
                connection.stream.pass_exactly(16 * MIB, ignore, "a part")
                connection.send(answer(413, b"enough", fields=[("Connection", "close")]))
                if keeps_reading:
                    connection.stream.wait_end()

            gate = self.gate_of(self.origin(script))
            pipes = self.pipes(gate)
            connection = self.client(gate)

            def upload(connection=connection):
                connection.send(upload_head(HUGE))
                for number in range(HUGE):
                    if not connection.send(block(number)):
                        return

            uploader = threading.Thread(target=upload, daemon=True)
            uploader.start()
            response = connection.read()
            self.assertEqual((response.status, response.text), (413, "enough"))
            uploader.join()
            connection.close()
            self.wait_pipes(gate, pipes)

    def test_a_client_that_stalls_is_given_up_and_its_pipe_with_it(self):
        def script(connection):
            connection.read_request()
            send_blocks(connection, HUGE)

        gate = self.gate_of(self.origin(script), gateway="body-timeout = 1s")
        pipes = self.pipes(gate)
        connection = self.client(gate)
        connection.send(request())
        connection.read_head()
        connection.stream.pass_exactly(16 * MIB, ignore, "a part")
        status, _, sent, end = self.log_lines(gate, 1)[0]
        self.assertEqual((status, end), ("200", "CLIENT_STALLED"))
        # What was in the pipe counts as not sent; at most the piece that was queued does count.
        how, rest = connection.stream.wait_end()
        self.assertIn(how, ("eof", "reset"))
        self.assertTrue(0 <= int(sent) - 16 * MIB - len(rest) <= 4096 or how == "reset", (sent, len(rest)))
        self.wait_pipes(gate, pipes)

    def test_a_server_that_stalls_is_given_up(self):
        released = threading.Event()

        def script(connection):
            connection.read_request()
            send_blocks(connection, 32, LENGTH)
            connection.wait(released)

        gate = self.gate_of(self.origin(script), gateway="body-timeout = 1s")
        pipes = self.pipes(gate)
        connection = self.client(gate)
        connection.send(request())
        connection.read_head()
        connection.stream.pass_exactly(32 * MIB, ignore, "what came")
        self.assert_closed(connection)
        released.set()
        self.assertEqual(self.log_lines(gate, 1), [["200", "0", str(32 * MIB), "UPSTREAM_STALLED"]])
        self.wait_pipes(gate, pipes)


class Stops(Splice):
    slow = True

    def test_content_that_goes_on_slowly_is_not_given_up(self):
        """For several times body-timeout, both ways."""
        quick, pieces, piece = 16, 25, 100000

        def pass_slowly(connection):
            for number in range(quick):
                connection.send(block(number))
            for _ in range(pieces):
                time.sleep(0.1)
                connection.send(BLOCK[:piece])
            for number in range(quick, 2 * quick):
                connection.send(block(number))

        length = 2 * quick * MIB + pieces * piece
        expected = hashlib.sha256(b"".join([block(number) for number in range(quick)] + [BLOCK[:piece]] * pieces +
                                           [block(number) for number in range(quick, 2 * quick)])).hexdigest()

        def script(connection):
            connection.sink = ignore
            message = connection.read_request()
            if message.method == "POST":
                connection.send(answer(body=message.digest.encode()))
            else:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
                pass_slowly(connection)

        gate = self.gate_of(self.origin(script), gateway="body-timeout = 1s")
        up, down = self.client(gate), self.client(gate)
        down.send(request())
        up.send(request("POST", "/", fields=[("Content-Length", str(length))]))
        uploader = threading.Thread(target=pass_slowly, args=(up,), daemon=True)
        uploader.start()
        self.assertEqual(down.read(sink=ignore).digest, expected)
        uploader.join()
        self.assertEqual(up.read().text, expected)
        self.assertGreater(self.spliced(gate), length)

    def test_a_reader_that_stops_again_and_again_gets_everything(self):
        """A small receive buffer, so that the pipe is left full at every place of its pages."""
        backend = self.origin(serve_blocks)
        gate = self.gate_of(backend)
        quick = self.client(gate)
        self.download(quick)
        for receive_bytes in (4096, 65536):
            connection = self.client(gate, receive_bytes=receive_bytes)
            connection.send(request("GET", "/%d" % LARGE))
            connection.read_head()
            digest = hashlib.sha256()
            passed = 0
            for number in range(64):
                part = 12345 * (number % 7 + 1)
                connection.stream.pass_exactly(part, digest.update, "a part")
                passed += part
                self.assert_status(self.client(gate).ask("GET", "/0"), 200)  # others have a turn meanwhile
            connection.stream.pass_exactly(LENGTH - passed, digest.update, "the rest")
            self.assertEqual(digest.hexdigest(), digest_of(LARGE))
            self.download(connection, 2)
        self.assert_spliced(gate, 0, 2)

    def test_urgent_data_holds_up_nobody(self):
        """splice stops at it; copying gets past it."""
        def script(connection):
            connection.read_request()
            send_blocks(connection, 16, LENGTH)
            connection.sock.send(b"!", socket.MSG_OOB)
            for number in range(16, LARGE):
                connection.send(block(number))

        gate = self.gate_of(self.origin(script))
        connection = self.client(gate)
        connection.send(request())
        response = connection.read(sink=ignore)
        self.assertEqual(response.digest, digest_of(LARGE))

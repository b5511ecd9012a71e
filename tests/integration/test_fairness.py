"""Large content beside other things: what one client takes, and what one that stops leaves behind."""
import hashlib
import threading

from lib.backends import pattern
from lib.case import Case
from lib.client import request
from lib.limits import until
from lib.origin import answer

BLOCK = pattern(1 << 20)
LARGE = 64
HUGE = 4096  # blocks: more than any test waits for
STALLED = 50
# At worst each holds one large room, and a sanitizer build adds some of its own.
HELD_MAX = (STALLED << 19) + (12 << 20)


def digest_of(blocks):
    digest = hashlib.sha256()
    for _ in range(blocks):
        digest.update(BLOCK)
    return digest.hexdigest()


def send_blocks(connection, blocks, sent=None):
    connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (blocks << 20))
    for _ in range(blocks):
        connection.send(BLOCK)
        if sent is not None:
            sent.append(1)


class Stalls(Case):
    alone = True
    slow = True

    def wait_stall(self, moved):
        """Waits until the sender has not moved for a while."""
        history = []

        def has_stalled():
            history.append(len(moved))
            return len(history) > 25 and history[-25] == history[-1] > 0

        until(has_stalled, "the sender to stall")

    def test_a_download_goes_on_where_its_reader_stopped_again_and_again(self):
        sent = []

        def script(connection):
            connection.read_request()
            send_blocks(connection, LARGE, sent)

        connection = self.client(self.gate(self.origin(script)))
        connection.send(request())
        connection.read_head()
        digest = hashlib.sha256()
        for _ in range(2):
            self.wait_stall(sent)
            connection.stream.pass_exactly(24 << 20, digest.update, "a part")
        connection.stream.pass_exactly(LARGE - 48 << 20, digest.update, "the rest")
        self.assertEqual(digest.hexdigest(), digest_of(LARGE))

    def test_an_upload_goes_on_where_its_reader_stopped(self):
        released = threading.Event()
        sent = []

        def script(connection):
            connection.sink = lambda data: None
            message = connection.read_head()
            connection.wait(released)
            connection.read_body(message)
            connection.send(answer(body=message.digest.encode()))

        connection = self.client(self.gate(self.origin(script), gateway="max-body = unlimited"))

        def upload():
            connection.send(request("POST", "/", fields=[("Content-Length", str(LARGE << 20))]))
            for _ in range(LARGE):
                connection.send(BLOCK)
                sent.append(1)

        uploader = threading.Thread(target=upload, daemon=True)
        uploader.start()
        self.wait_stall(sent)
        released.set()
        self.assertEqual(connection.read().text, digest_of(LARGE))
        uploader.join()

    def test_clients_that_stop_in_the_middle_of_large_downloads_hold_little_memory(self):
        sent = []

        def script(connection):
            connection.read_request()
            send_blocks(connection, HUGE, sent)

        gate = self.gate(self.origin(script))
        before = gate.resident_bytes()
        connections = [self.client(gate) for _ in range(STALLED)]
        for connection in connections:
            connection.send(request())
            connection.read_head()
            # So far each of them is a quick reader, whose rooms grow.
            connection.stream.pass_exactly(8 << 20, lambda data: None, "a part")
        self.wait_stall(sent)
        held = gate.resident_bytes("VmHWM") - before
        self.assertLess(held, HELD_MAX, "%d KiB are held" % (held // 1024))
        for connection in connections:
            connection.close()


class Shares(Case):
    def test_a_small_request_is_answered_while_a_huge_transfer_goes_on(self):
        """Both ways at once, on one worker. How much of a turn a hog has is what unit/proxy/test_turns tells."""

        def script(connection):
            connection.sink = lambda data: None
            while True:
                message = connection.read_head()
                if message.target == "/huge":
                    send_blocks(connection, HUGE)
                connection.read_body(message)
                connection.send(answer(body=b"small"))

        gate = self.gate(self.origin(script), gateway="max-body = unlimited", workers="1")
        moved = {"down": 0, "up": 0}
        small_is_through = threading.Event()

        def download(connection):
            connection.send(request("GET", "/huge"))
            connection.read_head()
            while not small_is_through.is_set():
                connection.stream.pass_exactly(1 << 20, lambda data: None, "the hog's content")
                moved["down"] += 1

        def upload(connection):
            connection.send(request("POST", "/up", fields=[("Content-Length", str(HUGE << 20))]))
            while not small_is_through.is_set():
                connection.send(BLOCK)
                moved["up"] += 1

        hogs = [threading.Thread(target=hog, args=(self.client(gate),), daemon=True) for hog in (download, upload)]
        for hog in hogs:
            hog.start()
        until(lambda: min(moved.values()) > 4, "both hogs to be under way")
        before = dict(moved)
        connection = self.client(gate)
        for _ in range(20):
            self.assertEqual(connection.ask("GET", "/small").text, "small")
        after = dict(moved)
        small_is_through.set()
        for hog in hogs:
            hog.join()
        self.assertLess(max(after.values()), HUGE, "the hogs have not ended")
        self.assertGreater(after["down"] + after["up"], before["down"] + before["up"], "nor stood still")

"""A reset is heard of even where nothing is read: by a client that has sent all there is room for, in tunnels."""
import threading

from lib import wire
from lib.case import Case
from lib.client import request
from lib.gateway import ini
from lib.limits import until
from lib.origin import answer

LONG = ("idle-timeout = 1h\nbody-timeout = 1h\nhalf-close-timeout = 1h\ntunnel-timeout = 1h")
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
WANTS = [("Connection", "Upgrade"), ("Upgrade", "websocket")]


def mute(connection):
    """Takes a request and says nothing until the connection ends."""
    connection.read_head()
    connection.wait_end()


def fill(sock):
    """Sends until the peer has taken nothing for a while."""
    try:
        while True:
            wire.send_all(sock, b"GET /next HTTP/1.1\r\nHost: test\r\n\r\n" * 1000, seconds=1)
    except wire.Silence:
        pass


class Resets(Case):
    def setUp(self):
        super().setUp()
        self.released = threading.Event()
        self.addCleanup(self.released.set)

    def patient_gate(self, script, upstream="", **kind):
        backend = self.origin(script)
        gate = self.gateway(ini(backend.server, gateway=LONG, workers="1",
                                upstream="response-timeout = 1h\n" + upstream, **kind))
        return backend, gate

    def assert_all_closed(self, gate, backend):
        backend.wait_done(0)
        until(lambda: gate.count_open("socket") <= self.sockets, "all descriptors back")

    def begin(self, gate, message):
        self.sockets = gate.count_open("socket")
        connection = self.client(gate)
        connection.send(message)
        return connection

    def test_a_client_that_fills_its_buffer_and_resets_is_heard_of(self):
        backend, gate = self.patient_gate(mute)
        connection = self.begin(gate, request())
        backend.wait_requests(1)
        fill(connection.sock)
        connection.reset()
        self.assert_all_closed(gate, backend)

    def test_the_same_over_a_unix_socket(self):
        backend, gate = self.patient_gate(mute, bind="unix:@FOLDER@/gate.sock")
        connection = self.begin(gate, request())
        backend.wait_requests(1)
        fill(connection.sock)
        connection.close()
        self.assert_all_closed(gate, backend)

    def test_a_client_that_ends_its_side_and_then_resets_is_heard_of(self):
        backend, gate = self.patient_gate(mute)
        connection = self.begin(gate, request())
        connection.finish_sending()
        backend.wait_requests(1)
        connection.reset()
        self.assert_all_closed(gate, backend)

    def test_a_client_that_only_ends_its_side_gets_its_answer(self):
        def late(connection):
            connection.read_request()
            wire.is_silent(connection.stream, 2.5)  # longer than it takes to look
            connection.send(answer())

        _, gate = self.patient_gate(late)
        connection = self.client(gate)
        connection.send(request())
        connection.finish_sending()
        self.assertEqual(connection.read().text, "ok")
        self.assertEqual(connection.wait_end(), "eof")

    def test_a_client_that_resets_while_its_server_takes_no_content_is_heard_of(self):
        backend, gate = self.patient_gate(lambda connection: connection.read_head() and
                                          connection.wait(self.released))
        connection = self.begin(gate, request("POST", fields=[("Content-Length", str(1 << 40))]))
        backend.wait_requests(1)
        fill(connection.sock)
        connection.reset()
        until(lambda: gate.count_open("socket") <= self.sockets, "all descriptors back")

    def test_a_client_that_resets_while_its_content_is_buffered_is_heard_of(self):
        backend, gate = self.patient_gate(mute, upstream="buffer-request = all")
        connection = self.begin(gate, request("POST", body=b"abc"))
        backend.wait_requests(1)
        fill(connection.sock)
        connection.reset()
        self.assert_all_closed(gate, backend)

    # ---- tunnels

    def switch(self, script):
        backend, gate = self.patient_gate(script)
        connection = self.begin(gate, request("GET", "/chat", fields=WANTS))
        self.assert_status(connection.read_head(), 101)
        return backend, gate, connection

    def test_a_client_of_a_tunnel_that_resets_while_its_server_takes_nothing_is_heard_of(self):
        def deaf(connection):
            connection.read_request()
            connection.send(SWITCH)
            connection.wait(self.released)

        _, gate, connection = self.switch(deaf)
        fill(connection.sock)
        connection.reset()
        until(lambda: gate.count_open("socket") <= self.sockets, "all descriptors back")

    def test_a_server_of_a_tunnel_that_resets_while_its_client_takes_nothing_is_heard_of(self):
        def loud(connection):
            connection.read_request()
            connection.send(SWITCH)
            fill(connection.sock)
            connection.reset()

        backend, gate, _ = self.switch(loud)
        backend.wait_done(0)
        until(lambda: gate.count_open("socket") <= self.sockets, "all descriptors back")

"""A process that does not run for longer than a deadline (SIGSTOP, a frozen container, a machine that is held up): what came
meanwhile came in time. test_process.py has the deadlines of requests and answers; here are the others."""
import contextlib
import os
import signal
import socket
import threading
import time

from lib import wire
from lib.admin import ON, AdminCase
from lib.case import Case
from lib.client import request
from lib.limits import WAIT, until
from lib.origin import FullBacklog, answer

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
WANTS = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", "abc")]


def are_all(gate, state):
    """Whether each thread is in this state: S when it waits, T when it is stopped."""
    folder = "/proc/%d/task" % gate.pid
    for thread in os.listdir(folder):
        with open("%s/%s/stat" % (folder, thread), encoding="ascii", errors="replace") as file:
            if file.read().rsplit(")", 1)[1].split()[0] != state:
                return False
    return True


@contextlib.contextmanager
def stopped(gate, seconds):
    """The gateway is stopped while it waits. It goes on when a deadline of `seconds`, armed before, is over."""
    until(lambda: are_all(gate, "S"), "the loops to wait for events")
    gate.signal(signal.SIGSTOP)
    until(lambda: are_all(gate, "T"), "the process to stop")
    end = time.monotonic() + seconds + 0.3
    try:
        yield
        until(lambda: time.monotonic() > end, "the deadline to be over", 2 * WAIT)
    finally:
        gate.signal(signal.SIGCONT)


class Deadlines(Case):
    SECONDS = 2

    def test_a_connection_to_a_server_that_was_made_meanwhile_is_in_time(self):
        """connect-timeout: the kernel ends the handshake, whether the process runs or not."""
        backlog = self.keep(FullBacklog())
        gate = self.gate(backlog, upstream="connect-timeout = 5s\nimplements = GET", workers="1")
        client, other = self.client(gate), self.client(gate)
        client.send(request("GET", "/late"))
        self.assert_status(other.ask("PATCH"), 501)  # the one worker is connecting then
        with stopped(gate, 5):
            taken = self.accept_gateway(backlog)
        wire.read_request_head(wire.Stream(taken))
        wire.send_all(taken, answer(body=b"served"))
        response = client.read()
        self.assert_status(response, 200)
        self.assertEqual(response.body, b"served")

    def accept_gateway(self, backlog):
        """Takes the fillers off the queue until the gateway's connection is in it."""
        fillers = {filler.getsockname() for filler in backlog.fillers}
        backlog.listener.settimeout(WAIT)
        while True:
            sock, peer = backlog.listener.accept()
            self.addCleanup(sock.close)
            if peer not in fillers:
                return sock

    def tunnel(self, backend, **sections):
        gate = self.gate(backend, workers="1", **sections)
        client = self.client(gate)
        client.send(request("GET", "/chat", fields=WANTS))
        self.assert_status(client.read_head(), 101)
        return gate, client

    def test_bytes_of_a_tunnel_that_came_meanwhile_are_in_time(self):
        speak, listening = threading.Event(), threading.Event()

        def talk(connection):
            connection.read_head()
            connection.send(SWITCH)
            connection.wait(speak)
            connection.send(b"server")
            listening.set()
            connection.stream.exactly(6, "the client's bytes")
            connection.send(b"heard")
            connection.wait_end()

        gate, client = self.tunnel(self.origin(talk), gateway="tunnel-timeout = %ds" % self.SECONDS)
        with stopped(gate, self.SECONDS):
            speak.set()
            listening.wait(WAIT)
            client.send(b"client")
        self.assertEqual(client.stream.exactly(11, "the tunnel's bytes"), b"serverheard")

    def test_a_silent_tunnel_ends_all_the_same(self):
        def silent(connection):
            connection.read_head()
            connection.send(SWITCH)
            connection.wait_end()

        gate, client = self.tunnel(self.origin(silent), gateway="tunnel-timeout = %ds" % self.SECONDS)
        with stopped(gate, self.SECONDS):
            pass
        self.assert_closed(client)

    def test_an_answer_to_a_client_that_has_closed_one_side_is_in_time(self):
        """half-close-timeout."""
        released = threading.Event()

        def late(connection):
            connection.read_request()
            connection.wait(released)
            connection.send(answer(body=b"late"))

        backend = self.origin(late)
        gate = self.gate(backend, gateway="half-close-timeout = %ds" % self.SECONDS, workers="1",
                         upstream="implements = GET")
        client, other = self.client(gate), self.client(gate)
        client.send(request())
        backend.wait_requests(1)
        client.finish_sending()
        # Answered by the one worker after it has seen the end.
        self.assert_status(other.ask("PATCH"), 501)
        with stopped(gate, self.SECONDS):
            released.set()
            backend.wait_done()
        response = client.read()
        self.assert_status(response, 200)
        self.assertEqual(response.body, b"late")

    def test_an_idle_connection_to_a_server_is_used_by_the_request_that_came_meanwhile(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="idle-timeout = %ds" % self.SECONDS, workers="1")
        client = self.client(gate)
        self.assert_status(client.ask(), 200)
        with stopped(gate, self.SECONDS):
            client.send(request())
        self.assert_status(client.read(), 200)
        self.assertEqual(len(backend.connections), 1)

    def test_an_upload_that_a_server_took_meanwhile_goes_on(self):
        """body-timeout, in the direction in which the gateway waits to send."""
        taking = threading.Event()
        size = 8 << 20

        def slow(connection):
            message = connection.read_head()
            connection.wait(taking)
            connection.read_body(message)
            connection.send(answer(body=b"all"))

        backend = self.origin(slow)
        gate = self.gate(backend, gateway="body-timeout = %ds" % self.SECONDS, workers="1",
                         upstream="response-timeout = %ds" % (10 * self.SECONDS))
        client = self.client(gate)
        sender = threading.Thread(target=client.send, args=(request("POST", body=b"x" * size),), daemon=True)
        sender.start()
        backend.wait_requests(1)
        with stopped(gate, self.SECONDS):
            taking.set()
        self.assert_status(client.read(), 200)
        sender.join(WAIT)


class Stops(AdminCase):
    def test_what_a_refused_client_sent_meanwhile_does_not_reset_its_connection(self):
        """linger-timeout: a close with unread bytes is a reset, and may cost the client its answer."""
        gate = self.start_admin(self.origin(), gateway=ON + "\ndrain-body = 1k\nlinger-timeout = 2s",
                                upstream="implements = GET", workers="1")
        client = self.client(gate)
        client.send(request("PATCH", fields=[("Content-Length", "100000")]))
        self.assert_status(client.read("PATCH"), 501)
        with stopped(gate, 2):
            client.send(b"x" * 1000)
        self.assertEqual(client.wait_end(), "eof")
        self.wait_value(gate, 0, "verbgate_client_connections_open")
        self.assertEqual(client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), 0)

    def test_a_request_to_the_admin_listener_that_came_meanwhile_is_answered(self):
        gate = self.start_admin(self.origin(), gateway=ON)
        client = self.client(gate.admin)
        whole = request("GET", "/healthz", host="localhost")
        client.send(whole[:10])
        self.assert_status(self.visit(gate, "/healthz"), 200)
        with stopped(gate, 5):  # as long as the listener waits for a head
            client.send(whole[10:])
        self.assert_status(client.read(), 200)

    def test_a_stop_stays_bounded(self):
        """drain-timeout is not put off by a request that hangs."""
        hang = threading.Event()
        self.addCleanup(hang.set)

        def never(connection):
            connection.read_request()
            connection.wait(hang)

        backend = self.origin(never)
        gate = self.gate(backend, gateway="drain-timeout = 1s", workers="1")
        client = self.client(gate)
        client.send(request())
        backend.wait_requests(1)
        since = gate.mark()
        gate.signal(signal.SIGTERM)
        gate.wait_log("finish what runs", since)
        with stopped(gate, 1):
            pass
        gate.wait_log("drain-timeout is over", since)
        self.assertEqual(gate.wait(), 0)

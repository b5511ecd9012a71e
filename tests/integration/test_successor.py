"""Upgrade in place: a successor takes over, with the sockets, and no request is lost."""
import os
import random
import signal
import socket
import stat
import subprocess

from lib import wire
from lib.case import threads
from lib.client import request
from lib.gateway import BINARY, ini, parse_address
from lib.limits import WAIT, until
from lib.load import Load
from lib.manager import Successor, become_subreaper
from test_manager import ManagerCase

NOT_EPHEMERAL = range(20000, 30000)


def free_port():
    """Port 0 would be another port for the successor; these are given to nobody who does not ask for them."""
    while True:
        port = random.choice(NOT_EPHEMERAL)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def copy_program(source, target):
    """By a process of its own: a descriptor that is open for writing here would go into what other threads start
    meanwhile, and Linux runs no program that somebody may write to (ETXTBSY)."""
    subprocess.run(["cp", "--", source, target], check=True)


class SuccessorCase(ManagerCase):
    def setUp(self):
        super().setUp()
        become_subreaper()

    def start(self, text, **kwargs):
        """A gateway with a copy of the binary, which a test may replace. The test, or an upgrade, ends it."""
        gate = self.prepare(text, **kwargs)
        gate.binary = gate.path("verbgate")
        copy_program(BINARY, gate.binary)
        return gate.start()

    def text(self, bind=None, **sections):
        backend = sections.pop("backend", None) or self.origin()
        return ini(backend.server, bind=bind or "127.0.0.1:%d" % free_port(), **sections)

    def assert_served(self, place):
        """A new connection, which keeps no old process waiting."""
        connection = self.client(place)
        self.assert_status(connection.ask(), 200)
        connection.close()

    def upgrade(self, gate):
        pid = gate.upgrade()
        self.assertIsNotNone(pid, gate.log)
        successor = Successor(pid)
        self.addCleanup(successor.discard)
        return successor


class Taking(SuccessorCase):
    def test_the_program_that_stands_in_the_path_by_then_takes_over(self):
        gate = self.start(self.text())
        copy_program(BINARY, gate.path("next"))
        os.rename(gate.path("next"), gate.binary)
        successor = self.upgrade(gate)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertTrue(os.path.samefile("/proc/%d/exe" % successor.pid, gate.binary))
        self.assert_served(gate)
        self.assertEqual(successor.stop(), 0)
        with self.assertRaises(ConnectionRefusedError):
            wire.connect(gate.address)

    @staticmethod
    def sockets(pid):
        folder = "/proc/%d/fd" % pid
        found = set()
        for name in os.listdir(folder):
            try:
                found.add(os.readlink(os.path.join(folder, name)))
            except FileNotFoundError:
                pass  # closed meanwhile
        return {name for name in found if name.startswith("socket:")}

    def test_it_has_the_sockets_and_nothing_else(self):
        gate = self.start(self.text(workers="2"))
        idle = self.client(gate)
        self.assert_status(idle.ask(), 200)
        successor = self.upgrade(gate)
        until(lambda: not self.sockets(gate.pid) & self.sockets(successor.pid), "the end of what both have")
        self.assert_status(idle.ask(), 200)
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    @threads
    def test_no_request_is_lost_over_several_upgrades_under_load(self):
        gate = self.start(self.text(workers="2", gateway="drain-timeout = 5s"))
        load = Load(gate.address)
        load.go_on(10)
        successors = []
        for _ in range(3):
            copy_program(BINARY, gate.path("next"))
            os.rename(gate.path("next"), gate.binary)
            if successors:
                since = gate.mark()
                os.kill(successors[-1].pid, signal.SIGUSR2)
                pid = int(gate.wait_log(r"upgrade: process (\d+) is ready and has taken over", since).group(1))
                successors.append(Successor(pid))
                self.addCleanup(successors[-1].discard)
            else:
                successors.append(self.upgrade(gate))
            load.go_on(10)
        self.assertEqual(load.end(), [])
        self.assertEqual(gate.process.wait(WAIT), 0)
        for successor in successors[:-1]:
            self.assertEqual(successor.wait(), 0)
        self.assertEqual(successors[-1].stop(), 0)

    def test_an_idle_client_may_send_one_more_request(self):
        gate = self.start(self.text())
        idle, late = self.client(gate), self.client(gate)
        for one in (idle, late):
            self.assert_status(one.ask(), 200)
        successor = self.upgrade(gate)
        response = idle.ask("POST", "/", body=b"x")
        self.assert_status(response, 200)
        self.assertEqual(response.get("connection"), "close")
        self.assert_closed(idle)
        gate.signal(signal.SIGTERM)  # who waits for longer than anybody wants to
        self.assert_closed(late)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    def test_idle_clients_are_closed_when_drain_timeout_is_over(self):
        gate = self.start(self.text(gateway="drain-timeout = 300ms"))
        idle = self.client(gate)
        self.assert_status(idle.ask(), 200)
        successor = self.upgrade(gate)
        self.assert_closed(idle)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    def test_a_request_that_runs_is_finished_by_the_old_process(self):
        gate = self.start(self.text(backend=self.origin(self.hold)))
        client = self.client(gate)
        client.send(request())
        client.read_head()
        successor = self.upgrade(gate)
        self.held.send(b"cd")
        self.assertEqual(client.stream.exactly(4, "the content"), b"abcd")
        client.close()
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    def hold(self, connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
        self.held = connection
        connection.wait_end()

    def test_a_unix_socket_keeps_its_path_until_the_successor_stops(self):
        gate = self.start(self.text(bind="unix:@FOLDER@/gate.sock", listener="mode = 0640"))
        path = gate.path("gate.sock")
        before = os.stat(path)
        successor = self.upgrade(gate)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(os.stat(path).st_ino, before.st_ino)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o640)
        self.assert_served(path)
        self.assertEqual(successor.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_the_admin_and_health_listeners_go_over_too(self):
        port, health = free_port(), free_port()
        gate = self.start(self.text(gateway="admin = 127.0.0.1:%d\nhealth = 127.0.0.1:%d" % (port, health)))
        successor = self.upgrade(gate)
        for at in (port, health):
            connection = self.client(("127.0.0.1", at))
            self.assert_status(connection.ask("GET", "/readyz", host="localhost"), 200)
            self.assert_closed(connection)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    def test_more_and_fewer_workers_serve_every_queue(self):
        text = self.text(workers="1")
        gate = self.start(text)
        previous = gate
        for workers in ("3", "1", "2"):
            gate.write(text.replace("workers = 1", "workers = " + workers))
            since = gate.mark()
            os.kill(previous.pid, signal.SIGUSR2)
            match = gate.wait_log(r"upgrade: process (\d+) is ready and has taken over", since)
            successor = Successor(int(match.group(1)))
            self.addCleanup(successor.discard)
            self.assertEqual(previous.wait() if previous is not gate else gate.process.wait(WAIT), 0)
            for _ in range(20):
                self.assert_served(gate)
            previous = successor
        self.assertEqual(previous.stop(), 0)

    def test_sockets_of_the_service_manager_are_passed_on(self):
        own = self.keep(socket.socket())
        own.bind(("127.0.0.1", 0))
        own.listen(16)
        gate = self.start(self.text(bind="systemd:web"), sockets={"web": own})
        successor = self.upgrade(gate)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assert_served(own.getsockname())
        self.assertEqual(successor.stop(), 0)

    def test_the_service_manager_learns_of_the_new_main_process(self):
        manager = self.manager()
        gate = self.start(self.text(), env=dict(manager.environment, WATCHDOG_USEC="600000"))
        manager.wait("READY", "1")
        gate.signal(signal.SIGUSR2)
        manager.wait("RELOADING", "1")
        message = manager.wait("MAINPID")
        self.assertEqual((message["READY"], message["WATCHDOG"]), ("1", "1"))
        successor = Successor(int(message["MAINPID"]))
        self.addCleanup(successor.discard)
        self.assertIn("process %d has taken over" % successor.pid, message["STATUS"])
        self.assertEqual(gate.process.wait(WAIT), 0)
        manager.forget()
        manager.wait("WATCHDOG", "1")  # of the successor: the other one is gone
        os.kill(successor.pid, signal.SIGTERM)
        manager.wait("STOPPING", "1")
        self.assertEqual(successor.wait(), 0)

    def test_a_reload_during_an_upgrade_is_made_up_for(self):
        gate = self.start(self.text())
        since = gate.mark()
        gate.signal(signal.SIGUSR2)
        gate.wait_log("the program is started anew", since)
        gate.signal(signal.SIGHUP)
        match = gate.wait_log(r"upgrade: process (\d+) is ready and has taken over", since)
        successor = Successor(int(match.group(1)))
        self.addCleanup(successor.discard)
        gate.wait_log("policy reloaded: generation 2", since)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)


class Failing(SuccessorCase):
    """The old process serves on, and says why."""

    def check(self, gate, reason):
        self.assertIsNone(gate.upgrade())
        gate.wait_log("error: upgrade failed, this process serves on: .*" + reason)
        self.assert_served(gate)
        return gate

    def test_a_program_that_cannot_be_run(self):
        gate = self.start(self.text())
        os.chmod(gate.binary, 0o644)
        self.check(gate, "the new program cannot be started: Permission denied")
        os.unlink(gate.binary)
        self.check(gate, "the new program cannot be started: No such file")
        with open(gate.binary, "wb") as file:
            file.write(b"\x7fELF is not enough")
        os.chmod(gate.binary, 0o755)
        self.check(gate, "the new program cannot be started: Exec format error")
        gate.stop()

    def test_a_program_that_ends_at_once(self):
        gate = self.start(self.text())
        copy_program("/bin/false", gate.path("next"))
        os.rename(gate.path("next"), gate.binary)
        self.check(gate, "the new process ended before it was ready")
        gate.stop()

    def test_a_policy_with_errors_and_a_success_after_that(self):
        manager = self.manager()
        text = self.text()
        gate = self.start(text, env=manager.environment)
        manager.wait("READY", "1")
        gate.write(text.replace("bind", "bnd"))
        self.check(gate, "ended before it was ready")
        self.assertRegex(gate.log, r'gateway\.ini:\d+:\d+: error: unknown key "bnd"')
        manager.wait("RELOADING", "1")
        self.assertRegex(manager.wait("READY", "1")["STATUS"], "serving, but the last upgrade failed: the new process")
        gate.write(text)
        successor = self.upgrade(gate)
        self.assertEqual(gate.process.wait(WAIT), 0)
        self.assertEqual(successor.stop(), 0)

    def test_a_unix_socket_of_the_old_process_is_not_removed(self):
        text = self.text(bind="unix:@FOLDER@/gate.sock") + "[listener two]\nbind = 127.0.0.1:%d\n"
        gate = self.start(text % free_port())
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen(1)
            gate.write(text % other.getsockname()[1])
            self.assertIsNone(gate.upgrade())
        self.assert_served(gate.path("gate.sock"))
        gate.stop()

    def test_a_policy_that_came_through_a_pipe(self):
        gate = self.prepare("")
        gate.config = "/dev/stdin"
        reading, writing = os.pipe()
        os.write(writing, self.text().encode())
        os.close(writing)
        gate.launch(stdin=reading)
        os.close(reading)
        self.addCleanup(gate.stop)
        gate.wait_log(r" info: ready\b")
        self.check(gate, "the policy came through a pipe")

    def test_a_stop_while_the_successor_starts(self):
        gate = self.start(self.text())
        with open(gate.binary + ".sh", "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexec sleep 1000\n")
        os.chmod(gate.binary + ".sh", 0o755)
        os.rename(gate.binary + ".sh", gate.binary)
        since = gate.mark()
        gate.signal(signal.SIGUSR2)
        pid = int(gate.wait_log(r"upgrade: process (\d+) was started", since).group(1))
        self.addCleanup(Successor(pid).discard)
        gate.signal(signal.SIGUSR2)
        gate.wait_log("SIGUSR2 is ignored", since)
        gate.signal(signal.SIGTERM)
        self.assertEqual(Successor(pid).wait(), -signal.SIGTERM)
        self.assertEqual(gate.process.wait(WAIT), 0)


class Activated(SuccessorCase):
    """Sockets of the service manager, found by their address, and those that nobody wants."""

    def listening(self, family=socket.AF_INET, address=("127.0.0.1", 0)):
        made = self.keep(socket.socket(family))
        made.bind(address)
        made.listen(16)
        return made

    def test_a_listener_takes_the_socket_of_its_address(self):
        own = self.listening()
        for workers in ("1", "2"):
            gate = self.start(self.text(bind="127.0.0.1:%d" % own.getsockname()[1], workers=workers),
                              sockets={"verbgate.socket": own})
            self.assert_served(own.getsockname())
            gate.stop()
            self.assertNotIn("is of no listener", gate.log)

    def test_a_reload_may_leave_it_and_take_it_again(self):
        own = self.listening()
        bind = "127.0.0.1:%d" % own.getsockname()[1]
        text = self.text(bind=bind)
        gate = self.start(text, sockets={"verbgate.socket": own})
        self.assertTrue(gate.reload(text.replace(bind, "127.0.0.1:0")))
        self.assertTrue(gate.reload(text))
        self.assert_served(own.getsockname())
        gate.stop()

    def test_a_socket_of_no_listener_is_closed_with_a_warning(self):
        own, other = self.listening(), self.listening()
        gate = self.start(self.text(bind="systemd:web"), sockets={"web": own, "other": other})
        gate.wait_log(r'warn: the socket "other" \(127\.0\.0\.1:%d\) that the process was started with is of no '
                      r"listener: it is closed" % other.getsockname()[1])
        self.assert_served(own.getsockname())
        gate.stop()

    def test_every_address_means_ipv6_that_takes_ipv4(self):
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        for only_v6 in (0, 1):
            own = self.keep(socket.socket(socket.AF_INET6))
            own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
            port = free_port()
            own.bind(("::1" if only_v6 else "::", port))
            own.listen(16)
            bind = "[::1]:%d" % port if only_v6 else ":%d" % port
            gate = self.start(self.text(bind=bind), sockets={"web": own})
            self.assert_served(parse_address(bind if only_v6 else "127.0.0.1:%d" % port))
            gate.stop()

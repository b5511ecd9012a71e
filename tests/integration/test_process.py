"""The process as a whole: what its threads share, what it inherits, and what it takes from the machine."""
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from lib import elf, wire
from lib.admin import ON, AdminCase
from lib.case import Case, threads
from lib.client import Client, request
from lib.gateway import BINARY, ini, parse_address
from lib.limits import until
from lib.origin import answer

HEADER = pathlib.Path(__file__).resolve().parents[2] / "include/verbgate/policy/access_format.h"
VARIABLES = re.findall(r'^    X\([A-Z_]+, "([a-z_]+)"\)', HEADER.read_text(encoding="ascii"), re.M)


@contextlib.contextmanager
def load_of(gate, clients):
    """Clients that ask all the time; each ends with the block, and a failure is raised then."""
    stop, failures = threading.Event(), []

    def ask():
        try:
            connection = Client(gate.address)
            while not stop.is_set():
                status = connection.ask("GET", fields=[("User-Agent", "load"), ("Referer", "http://test/")]).status
                if status != 200:
                    failures.append(status)
            connection.close()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    running = [threading.Thread(target=ask) for _ in range(clients)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in running:
            one.join()
    if failures:
        raise AssertionError("of %d failures the first: %r" % (len(failures), failures[0]))


class Policies(Case):
    """A policy is never written after it was handed over."""

    RELOADS = 12

    def reload_under_load(self, form):
        gateway = "access-log = @FOLDER@/access.log\naccess-log-format = %s\n" % form
        texts = [ini(self.backend.server, gateway=gateway, workers="4", upstream="implements = GET " + extra)
                 for extra in ("POST", "PUT")]
        gate = self.gateway(texts[0])
        with load_of(gate, 4):
            for number in range(self.RELOADS):
                self.assertTrue(gate.reload(texts[(number + 1) % 2]))
        gate.stop()
        return gate.access_lines(1)

    def generations(self, numbers):
        self.assertLessEqual(set(numbers), set(range(1, self.RELOADS + 2)), "a generation that never was in force")

    def setUp(self):
        super().setUp()
        self.backend = self.origin()

    @threads
    def test_reloads_under_load_with_the_access_log_format_common(self):
        for line in self.reload_under_load("common"):
            self.assertRegex(line, r'^127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 \d+$')

    @threads
    def test_reloads_under_load_with_the_access_log_format_combined(self):
        for line in self.reload_under_load("combined"):
            self.assertRegex(line, r'"GET / HTTP/1\.1" 200 \d+ "http://test/" "load"$')

    @threads
    def test_reloads_under_load_with_the_access_log_format_json(self):
        self.generations(json.loads(line)["generation"] for line in self.reload_under_load("json"))

    @threads
    def test_reloads_under_load_with_every_variable_of_the_access_log(self):
        self.assertEqual(VARIABLES[-1], "generation")
        text = " ".join("$" + name for name in VARIABLES)
        lines = self.reload_under_load(text)
        self.generations(int(line.rsplit(" ", 1)[1]) for line in lines)


class PlainBuild(Case):
    """For what sanitizers change: memory, threads, and how the binary is linked."""

    def plain_build(self):
        try:
            file = elf.Elf(BINARY)
        except ValueError as reason:
            self.skipTest(str(reason))
        if any(b"libasan" in name or b"libtsan" in name for name in file.strings()):
            self.skipTest("a build with sanitizers")
        return file


class Hardening(PlainBuild):
    """The build as it is installed; sanitizers take the place of it in the other builds."""

    def setUp(self):
        super().setUp()
        self.file = self.plain_build()

    def test_the_binary_is_position_independent_and_bound_at_its_start(self):
        self.assertEqual(self.file.type, elf.EXECUTABLE_POSITION_INDEPENDENT)
        self.assertIn(elf.SEGMENT_RELRO, self.file.segments)
        flags, flags_1 = sum(self.file.values(elf.TAG_FLAGS)), sum(self.file.values(elf.TAG_FLAGS_1))
        self.assertTrue(flags & elf.FLAGS_BIND_NOW or flags_1 & elf.FLAGS_1_NOW)
        self.assertTrue(flags_1 & elf.FLAGS_1_PIE)

    def test_the_stack_is_no_code_and_is_guarded(self):
        self.assertFalse(self.file.segments[elf.SEGMENT_STACK][0] & elf.FLAG_EXECUTE)
        self.assertIn(b"__stack_chk_fail", self.file.strings())

    def test_calls_into_the_c_library_are_checked(self):
        checked = [name for name in self.file.strings() if name.endswith(b"_chk")]
        self.assertGreater(len(checked), 3, checked)

    def test_returns_may_be_watched_by_a_shadow_stack(self):
        features = self.file.x86_features()
        if features is None:
            self.skipTest("the start files of this C library are not made for it, so the linker leaves the mark out")
        self.assertTrue(features & elf.FEATURE_SHADOW_STACK)


class Held:
    """A backend script that answers a request when the test says so."""

    def __init__(self):
        self.released = threading.Event()

    def __call__(self, connection):
        while True:
            connection.read_request()
            connection.wait(self.released)
            connection.send(answer())


def has_ended(connection):
    try:
        return connection.sock.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


class Places(AdminCase):
    """max-connections is one number for the whole process; idle clients give way."""

    LIMIT_REACHED = "the limit of client connections is reached"

    def displaced(self, gate):
        return self.value(gate, "verbgate_client_connections_displaced_total")

    def start(self, backend, most, workers="4"):
        return self.start_admin(backend, gateway=ON + "\nmax-connections = %d" % most, workers=workers)

    def send_all(self, gate, count):
        clients = [self.client(gate) for _ in range(count)]
        for connection in clients:
            connection.send(request())
        return clients

    @threads
    def test_max_connections_is_exact_for_several_workers(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend, 5)
        clients = self.send_all(gate, 8)
        backend.wait_requests(5)
        gate.wait_log(self.LIMIT_REACHED)
        self.assertEqual(self.value(gate, "verbgate_client_connections_open"), 5)
        self.assertEqual(len(backend.requests), 5)
        self.assertEqual(self.displaced(gate), 0)
        held.released.set()
        for connection in clients:
            self.assert_status(connection.read(), 200)

    @threads
    def test_no_client_waits_while_a_place_is_free(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend, 16)
        clients = self.send_all(gate, 16)
        backend.wait_requests(16)
        self.assertEqual(self.value(gate, "verbgate_client_connections_open"), 16)
        held.released.set()
        for connection in clients:
            self.assert_status(connection.read(), 200)

    @threads
    def test_an_idle_client_of_any_worker_gives_way_to_a_new_one(self):
        gate = self.start(self.origin(), 5)
        clients = [self.client(gate) for _ in range(5)]
        for connection in clients:
            self.assert_status(connection.ask(), 200)
        for count in range(1, 8):
            newcomer = self.client(gate)
            self.assert_status(newcomer.ask(), 200)
            clients.append(newcomer)
            self.wait_value(gate, count, "verbgate_client_connections_displaced_total")
        self.assertEqual(self.value(gate, "verbgate_client_connections_open"), 5)
        ended = [connection for connection in clients if has_ended(connection)]
        self.assertEqual(len(ended), 7)

    def test_the_client_that_has_been_idle_for_longest_gives_way(self):
        gate = self.start(self.origin(), 3, workers="1")
        clients = [self.client(gate) for _ in range(3)]
        for connection in (clients[1], clients[2], clients[0]):
            self.assert_status(connection.ask(), 200)
        self.assert_status(self.client(gate).ask(), 200)
        self.assert_closed(clients[1])
        self.assert_stays_open(clients[2])
        self.assert_stays_open(clients[0])
        self.assertEqual(self.displaced(gate), 1)

    def test_silent_clients_keep_nobody_out(self):
        gate = self.start(self.origin(), 8, workers="2")
        silent = [self.client(gate) for _ in range(24)]
        for _ in range(5):
            self.assert_status(self.client(gate).ask(), 200)
        self.assertLessEqual(self.value(gate, "verbgate_client_connections_open"), 8)
        self.assertEqual(len(silent), 24)

    def test_a_client_in_the_midst_of_a_request_does_not_give_way(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend, 4, workers="2")
        busy = self.send_all(gate, 3)
        backend.wait_requests(3)
        slow = self.client(gate)
        slow.send(request()[:10])
        self.wait_value(gate, 4, "verbgate_client_connections_open")  # another worker may accept the next one first
        extra = self.client(gate)
        extra.send(request())
        gate.wait_log(self.LIMIT_REACHED)
        self.assertEqual(len(backend.requests), 3)
        self.assertEqual(self.displaced(gate), 0)
        slow.send(request()[10:])
        backend.wait_requests(4)
        held.released.set()
        for connection in busy + [slow, extra]:
            self.assert_status(connection.read(), 200)

    def test_a_stop_serves_the_client_that_waits_for_a_place(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend, 1, workers="1")
        first, = self.send_all(gate, 1)
        backend.wait_requests(1)
        extra, = self.send_all(gate, 1)
        gate.wait_log(self.LIMIT_REACHED)
        gate.signal(signal.SIGTERM)
        backend.wait_requests(2)
        held.released.set()
        self.assert_status(first.read(), 200)
        self.assert_status(extra.read(), 200)
        self.assertEqual(gate.wait(), 0)

    @threads
    def test_places_change_hands_under_load(self):
        """Clients that come and go, of which every second one stays idle, at a limit far below their number."""
        gate = self.start(self.origin(), 6)
        failures = []

        def come_and_go(number):
            kept = []
            try:
                for _ in range(12):
                    connection = Client(gate.address)
                    failures.extend(status for status in [connection.ask().status] if status != 200)
                    kept.append(connection)
                    if number % 2:
                        kept.pop().close()
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)
            for connection in kept:
                connection.close()

        running = [threading.Thread(target=come_and_go, args=(number,)) for number in range(6)]
        for one in running:
            one.start()
        for one in running:
            one.join()
        self.assertEqual(failures, [])
        self.wait_value(gate, 0, "verbgate_client_connections_open")


class SilentProbes(AdminCase):
    def test_silent_connections_to_the_admin_listener_keep_no_probe_out(self):
        gate = self.start_admin(self.origin(), gateway=ON)
        silent = [self.client(gate.admin) for _ in range(100)]
        for _ in range(20):
            self.assert_status(self.visit(gate, "/readyz"), 200)
        self.assert_closed(silent[0])

    def test_silent_connections_to_an_admin_socket_keep_no_probe_out(self):
        gate = self.start_admin(self.origin(), gateway="admin = unix:@FOLDER@/admin.sock")
        silent = [self.client(gate.admin) for _ in range(64)]
        self.assert_status(self.visit(gate, "/readyz"), 200)
        self.assert_closed(silent[0])

    def test_slow_heads_to_the_admin_listener_keep_no_probe_out(self):
        gate = self.start_admin(self.origin())
        slow = [self.client(gate.admin) for _ in range(200)]
        for connection in slow:
            connection.send(b"GET /re")
        for _ in range(20):
            self.assert_status(self.visit(gate, "/readyz"), 200)


class Listeners(AdminCase):
    def refuses(self, path):
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(path)
            except OSError:
                return True
        return False

    def unix_gate(self, gateway=""):
        self.text = ini(self.origin().server, gateway=gateway, bind="unix:@FOLDER@/gate.sock", workers="2")
        gate = self.gateway(self.text)
        self.assert_status(self.ask(gate), 200)
        return gate, gate.path("gate.sock")

    @threads
    def test_a_unix_socket_that_was_removed_is_bound_again_by_a_reload(self):
        gate, path = self.unix_gate()
        kept = self.client(gate)
        self.assert_status(kept.ask(), 200)
        for _ in range(3):
            os.unlink(path)
            self.assertTrue(self.refuses(path))
            self.assertTrue(gate.reload())
            self.assert_status(self.ask(gate), 200)
            self.assert_status(kept.ask(), 200)
        self.assertEqual(sorted(name for name in os.listdir(gate.folder.name) if "sock" in name), ["gate.sock"])
        gate.stop()
        self.assertFalse(os.path.exists(path))

    def test_a_unix_socket_that_another_process_has_replaced_fails_the_reload(self):
        gate, path = self.unix_gate()
        waiting = self.client(gate)
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(path)
            other.listen(8)
            self.assertFalse(gate.reload())
            self.assertIn("another process or listener has it", gate.log)
            self.assertIn("gate.sock", gate.log.split("reload failed")[1])
            self.assert_status(waiting.ask(), 200)
        # Nobody listens on it any more: it is bound again, as at a start.
        self.assertTrue(gate.reload())
        self.assert_status(self.ask(gate), 200)

    def test_a_unix_socket_that_a_file_has_replaced_fails_the_reload_and_keeps_the_file(self):
        gate, path = self.unix_gate()
        os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
        self.assertFalse(gate.reload())
        gate.stop()
        with open(path, encoding="ascii") as file:
            self.assertEqual(file.read(), "mine")

    def test_an_admin_socket_that_was_removed_is_bound_again_by_a_reload(self):
        gate, _ = self.unix_gate(gateway="admin = unix:@FOLDER@/admin.sock\nadmin-mode = 0600")
        path = gate.path("admin.sock")
        os.unlink(path)
        self.assertTrue(gate.reload())
        self.assert_status(self.ask(path, target="/readyz", host="localhost"), 200)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)

    def test_an_inherited_unix_socket_is_never_bound_again(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "inherited.sock")
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(path)
                sock.listen(8)
                gate = self.gateway(ini(self.origin().server, bind="systemd:web"), sockets={"web": sock})
                kept = self.client(path)
                os.unlink(path)
                self.assertTrue(gate.reload())
                self.assert_status(kept.ask(), 200)
                self.assertFalse(os.path.exists(path))
                gate.stop()

    @staticmethod
    def workers(gate):
        """The threads of a process with these names."""
        tasks = pathlib.Path("/proc/%d/task" % gate.pid)
        return [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().startswith("worker ")]

    @threads
    def test_a_listener_that_was_dropped_is_taken_back_while_slow_workers_still_have_it(self):
        """Idle priority beside a process that takes all the time there is makes the workers slow."""
        backend = self.origin()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        texts = [ini(backend.server, workers="4", more=more)
                 for more in ("", "[listener second]\nbind = 127.0.0.1:%d\n" % port)]
        gate = self.gateway(texts[0])
        cpu = min(os.sched_getaffinity(0))
        until(lambda: len(self.workers(gate)) == 4, "the workers to have their names")
        for thread in self.workers(gate):
            os.sched_setaffinity(thread, {cpu})
            os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
        hog = subprocess.Popen([sys.executable, "-c", "import os, time\nos.sched_setaffinity(0, {%d})\n"
                                "end = time.monotonic() + 60\nwhile time.monotonic() < end: pass" % cpu])
        try:
            for number in range(10):
                self.assertTrue(gate.reload(texts[(number + 1) % 2]), gate.log[-600:])
        finally:
            hog.kill()
            hog.wait()
        self.assert_status(self.ask(gate), 200)


class Stopped(AdminCase):
    """A process that did not run for longer than a deadline sees first what came meanwhile."""

    LENGTH = "2s"

    @contextlib.contextmanager
    def stopped(self, gate):
        """The process is stopped; it goes on when its deadlines are over."""
        gate.signal(signal.SIGSTOP)
        end = time.monotonic() + 2.5
        until(lambda: self.state(gate) == "T", "the process to stop")
        yield
        until(lambda: time.monotonic() > end, "the deadlines to be over")
        gate.signal(signal.SIGCONT)

    @staticmethod
    def state(gate):
        with open("/proc/%d/stat" % gate.pid, encoding="ascii", errors="replace") as file:
            return file.read().rsplit(")", 1)[1].split()[0]

    def start(self, backend, workers="1"):
        names = ("head-timeout", "idle-timeout", "body-timeout")
        return self.start_admin(backend, gateway=ON + "".join("\n%s = %s" % (name, self.LENGTH) for name in names),
                                upstream="response-timeout = %s" % self.LENGTH, workers=workers)

    def test_a_request_that_came_while_the_process_was_stopped_is_served(self):
        gate = self.start(self.origin())
        kept, fresh = self.client(gate), self.client(gate)
        self.assert_status(kept.ask(), 200)
        with self.stopped(gate):
            kept.send(request())
            fresh.send(request())
        self.assert_status(kept.read(), 200)
        self.assert_status(fresh.read(), 200)

    def test_the_rest_of_a_head_that_came_while_the_process_was_stopped_is_in_time(self):
        gate = self.start(self.origin())
        connection = self.client(gate)
        connection.send(request()[:20])
        with self.stopped(gate):
            connection.send(request()[20:])
        self.assert_status(connection.read(), 200)

    def test_content_that_came_while_the_process_was_stopped_is_in_time(self):
        backend = self.origin()
        gate = self.start(backend)
        connection = self.client(gate)
        whole = request("POST", body=b"0123456789")
        connection.send(whole[:-5])
        backend.wait_connections(1)
        with self.stopped(gate):
            connection.send(whole[-5:])
        self.assert_status(connection.read(), 200)

    def test_an_answer_that_came_while_the_process_was_stopped_is_in_time(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend)
        clients = [self.client(gate) for _ in range(5)]
        for connection in clients:
            connection.send(request())
        backend.wait_requests(5)
        with self.stopped(gate):
            held.released.set()
        for connection in clients:
            self.assert_status(connection.read(), 200)

    def test_more_answers_than_one_turn_of_the_loop_takes_are_in_time(self):
        held = Held()
        backend = self.origin(held)
        gate = self.start(backend)
        clients = [self.client(gate) for _ in range(300)]
        for connection in clients:
            connection.send(request())
        backend.wait_requests(300)
        with self.stopped(gate):
            held.released.set()
        for connection in clients:
            self.assert_status(connection.read(), 200)

    def test_a_silent_client_is_closed_all_the_same(self):
        gate = self.start(self.origin())
        silent, slow = self.client(gate), self.client(gate)
        slow.send(request()[:10])
        with self.stopped(gate):
            pass
        self.assert_closed(silent)
        self.assert_status(slow.read(), 408)


class Limits(PlainBuild):
    """What a library makes late, and aborts on when it cannot, is made before "ready"."""

    alone = True
    UID = "54321"  # somebody who runs nothing else: the limit of processes is a user's

    def attempt(self, prefix):
        """A gateway under limits: None when it could not start, and then it has said why."""
        gate = self.prepare(ini("unix:/nonexistent/backend.sock", gateway=ON, workers="2"))
        os.chmod(gate.folder.name, 0o755)
        gate.prefix = prefix
        gate.launch()
        until(lambda: gate.process.poll() is not None or gate.count_log(" info: ready") > 0, "a start, or its end")
        if gate.process.poll() is None:
            return gate
        status = gate.wait()
        if status != 127:  # the system's loader had no memory for the libraries
            self.assertEqual(status, 1, "%r: %s" % (prefix, gate.log))
            self.assertGreater(gate.count_log(" error: "), 0, gate.log)
        return None

    def use(self, gate):
        """Whatever is short: each request has its end, and the process goes on."""
        admin = parse_address(gate.wait_log(r"admin listener on (\S+)").group(1))
        clients = [Client(gate.address) for _ in range(60)]
        for connection in clients:
            connection.send(request())
        for connection in clients:
            try:
                self.assertIn(connection.read().status, (502, 503))
            except wire.Ended:
                pass
            connection.close()
        since = gate.mark()
        gate.signal(signal.SIGHUP)
        gate.wait_log("policy reloaded|reload failed", since)
        for target in ("/healthz", "/metrics"):
            with contextlib.suppress(wire.Ended):
                self.assertIn(self.ask(admin, target=target, host="localhost").status, (200, 503))
        self.assertIsNone(gate.process.poll(), gate.log)
        gate.stop()
        return admin

    def setUp(self):
        super().setUp()
        self.plain_build()

    def test_a_process_that_may_have_few_threads_is_ready_or_says_why_not(self):
        run = ["setpriv", "--reuid", self.UID, "--regid", self.UID, "--clear-groups"]
        if os.getuid() != 0 or subprocess.run(run + ["test", "-x", os.path.abspath(BINARY)], check=False).returncode:
            self.skipTest("needs root, and a binary that others may run")
        ready = []
        for limit in range(1, 13):
            gate = self.attempt(run + ["prlimit", "--nproc=%d" % limit])
            if gate is not None:
                self.use(gate)
                ready.append(limit)
        self.assertTrue(ready and ready[0] > 4, ready)
        self.assertEqual(ready, list(range(ready[0], 13)))

    def test_a_process_that_may_have_little_memory_is_ready_or_says_why_not(self):
        ready = 0
        for megabytes in list(range(16, 136, 8)) + [160, 200, 300]:
            gate = self.attempt(["prlimit", "--as=%d" % (megabytes << 20)])
            if gate is not None:
                self.use(gate)
                ready += 1
        self.assertGreater(ready, 0)

    def test_the_pages_of_the_admin_listener_need_little_memory(self):
        gate = self.attempt(["prlimit", "--as=%d" % (200 << 20)])
        self.assertIsNotNone(gate)
        admin = parse_address(gate.wait_log(r"admin listener on (\S+)").group(1))
        for target in ("/healthz", "/metrics"):
            self.assert_status(self.ask(admin, target=target, host="localhost"), 200)
        gate.stop()

    def test_a_process_that_may_have_few_descriptors_is_ready_or_says_why_not(self):
        for limit in list(range(4, 40)) + [48, 64, 80]:
            gate = self.attempt(["prlimit", "--nofile=%d:%d" % (limit, limit)])
            if gate is not None:
                gate.stop()

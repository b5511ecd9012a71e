"""Life of the process: draining, reloads, the access log, running out of file descriptors."""
import json
import os
import re
import resource
import signal
import threading
import time

from lib import wire
from lib.admin import AdminCase
from lib.case import Case, threads
from lib.client import Client, request
from lib.gateway import LOG_LINE, ini
from lib.limits import WAIT, until
from lib.origin import answer, serve

COMMON = re.compile(r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] '
                    r'"(?P<request>[^"]*)" (?P<status>\d{3}) (?P<bytes>\d+|-)')

NO_DESCRIPTORS = r"open files.*accepting pauses"


class Paused:
    """A backend script that sends half of its response and the rest when the test says so."""

    def __init__(self):
        self.released = threading.Event()

    def __call__(self, connection):
        while True:
            message = connection.read_request()
            if message.target != "/slow":
                connection.send(answer())
                continue
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            connection.wait(self.released)
            connection.send(b"-last")


def refuses(address):
    try:
        wire.connect(address).close()
    except OSError:
        return True
    return False


class Draining(Case):
    def start_slow(self, **sections):
        paused = Paused()
        backend = self.origin(paused)
        gate = self.gate(backend, **sections)
        connection = self.client(gate)
        connection.send(request("GET", "/slow"))
        connection.read_head()
        return paused, gate, connection

    @threads
    def test_sigterm_lets_a_running_response_end_and_exits_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            paused, gate, connection = self.start_slow(gateway="drain-timeout = 60s")
            gate.signal(number)
            until(lambda: refuses(gate.address), "the listener to be closed")
            self.assertIsNone(gate.process.poll())
            paused.released.set()
            self.assertEqual(connection.wait_end_with(b"first-last"), "eof")
            self.assertEqual(gate.wait(), 0)

    def test_sigterm_ends_idle_connections_at_once(self):
        gate = self.gate(self.origin(), gateway="drain-timeout = 60s\nidle-timeout = 60s")
        idle, used = self.client(gate), self.client(gate)
        used.ask()
        started = time.monotonic()
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)
        self.assertLess(time.monotonic() - started, 30)
        self.assert_closed(idle)
        self.assert_closed(used)

    def test_requests_during_the_drain_are_told_to_close(self):
        paused, gate, connection = self.start_slow(gateway="drain-timeout = 60s")
        gate.signal(signal.SIGTERM)
        until(lambda: refuses(gate.address), "the listener to be closed")
        connection.send(request("GET", "/next"))
        paused.released.set()
        how, data = connection.stream.wait_end()
        self.assertTrue(data.startswith(b"first-last"))
        self.assertIn(data[len(b"first-last"):len(b"first-last") + 12], (b"", b"HTTP/1.1 200", b"HTTP/1.1 503"))
        self.assertIn(how, ("eof", "reset"))
        self.assertEqual(gate.wait(), 0)

    def test_the_drain_ends_after_its_time(self):
        _, gate, connection = self.start_slow(gateway="drain-timeout = 300ms")
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)
        self.assertNotEqual(connection.stream.wait_end()[1], b"first-last")

    def test_a_later_second_signal_exits_at_once(self):
        paused = Paused()
        backend = self.origin(paused)
        gate = self.prepare(ini(backend.server, gateway="drain-timeout = 10m")).start()
        connection = self.client(gate)
        connection.send(request("GET", "/slow"))
        connection.read_head()
        gate.signal(signal.SIGTERM)
        until(lambda: refuses(gate.address), "the listener to be closed")

        def ends():  # those of the first second are the same wish
            gate.signal(signal.SIGTERM)
            return gate.process.poll() is not None

        until(ends, "the end")
        self.assertEqual(gate.wait(WAIT), 128 + signal.SIGTERM)

    @threads
    def test_many_long_responses_survive_sigterm(self):
        paused = Paused()
        gate = self.gate(self.origin(paused), gateway="drain-timeout = 60s", workers="2")
        clients = [self.client(gate) for _ in range(20)]
        for connection in clients:
            connection.send(request("GET", "/slow"))
        for connection in clients:
            connection.read_head()
        gate.signal(signal.SIGTERM)
        until(lambda: refuses(gate.address), "the listener to be closed")
        paused.released.set()
        for connection in clients:
            self.assertEqual(connection.wait_end_with(b"first-last"), "eof")
        self.assertEqual(gate.wait(), 0)


class Reload(Case):
    def text(self, backend, implements, **more):
        return ini(backend.server, upstream="implements = " + implements, **more)

    @threads
    def test_a_reload_changes_the_policy_and_keeps_the_clients_connection(self):
        backend = self.origin()
        gate = self.gateway(self.text(backend, "GET"))
        connection = self.client(gate)
        self.assert_status(connection.ask("GET"), 200)
        self.assert_status(connection.ask("POST", body=b""), 501)
        self.assertTrue(gate.reload(self.text(backend, "GET POST")))
        self.assert_status(connection.ask("POST", body=b""), 200)
        self.assert_status(self.ask(gate, "POST", body=b""), 200)

    @threads
    def test_a_bad_file_never_replaces_a_good_policy(self):
        backend = self.origin()
        good = self.text(backend, "GET")
        gate = self.gateway(good)
        connection = self.client(gate)
        for bad in (good + "implement = POST\n", "", "[nonsense\n", good.replace(backend.server, "nobody.invalid:1"),
                    good + "[listener more]\nbind = unix:/nonexistent/x.sock\n"):
            self.assertFalse(gate.reload(bad), bad)
            self.assert_status(connection.ask("GET"), 200)
            self.assert_status(connection.ask("POST", body=b""), 501)
            self.assert_status(self.ask(gate), 200)
        self.assertTrue(gate.reload(self.text(backend, "GET POST")))

    @threads
    def test_a_running_exchange_keeps_the_policy_it_started_with(self):
        paused = Paused()
        backend, other = self.origin(paused), self.origin(serve(answer(body=b"other")))
        gate = self.gateway(ini(backend.server))
        connection = self.client(gate)
        connection.send(request("GET", "/slow"))
        connection.read_head()
        self.assertTrue(gate.reload(ini(other.server)))
        self.assertEqual(self.ask(gate).body, b"other")
        paused.released.set()
        connection.stream.until(b"first-last", "the rest")
        self.assertEqual(connection.ask().body, b"other")

    @threads
    def test_a_reload_adds_and_removes_listeners(self):
        backend = self.origin()
        both = ini(backend.server, more="[listener second]\nbind = 127.0.0.1:0\n")
        gate = self.gateway(ini(backend.server))
        self.assertTrue(gate.reload(both))
        until(lambda: "second" in gate.listeners, "the second listener")
        second = gate.listeners["second"]
        self.assert_status(self.ask(second), 200)
        self.assertTrue(gate.reload(ini(backend.server)))
        until(lambda: refuses(second), "the second listener to be closed")
        self.assert_status(self.ask(gate), 200)

    @threads
    def test_20_reloads_under_load_fail_no_request(self):
        backend = self.origin(serve(lambda got: answer(body=b"x" * (len(got.target) * 100))))
        texts = [ini(backend.server, workers="2", upstream="implements = GET %s" % extra)
                 for extra in ("POST", "PUT")]
        gate = self.gateway(texts[0])
        stop = threading.Event()
        done, failures = [], []

        def load(fresh):
            connection = Client(gate.address)
            try:
                while not stop.is_set():
                    response = connection.ask("GET", "/%d" % len(done))
                    if response.status != 200:
                        failures.append(response.first_line)
                    done.append(1)
                    if fresh:
                        connection.close()
                        connection = Client(gate.address)
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        loaders = [threading.Thread(target=load, args=(number % 2 == 0,), daemon=True) for number in range(4)]
        for loader in loaders:
            loader.start()
        for number in range(20):
            before = len(done)
            self.assertTrue(gate.reload(texts[(number + 1) % 2]))
            until(lambda: len(done) > before + 4 or failures, "requests between reloads")
        stop.set()
        for loader in loaders:
            loader.join(WAIT)
        self.assertEqual(failures, [])
        self.assertGreater(len(done), 100)


class WholeReload(AdminCase):
    """A policy that changes every part of the process at once, and fails in one of them after the other."""

    PARTS = ("name", "observe", "access-log", "listener", "admin", "health")

    def policy(self, server, name, failing=None):
        places = {part: ("/nonexistent/x" if part == failing else "@FOLDER@/%s.%s" % (name, part)) for part in self.PARTS}
        gateway = "\n".join([
            "observe = " + places["observe"], "access-log = " + places["access-log"], "access-log-format = common",
            "admin = unix:" + places["admin"], "health = unix:" + places["health"]])
        return ini("nobody.invalid:1" if failing == "name" else server, gateway=gateway,
                   more="[listener %s]\nbind = unix:%s\n" % (name, places["listener"]))

    def assert_all(self, gate, name, other, generation):
        """Every part is the one of `name`, none is the one of `other`."""
        self.assertEqual(self.ask(gate).body, name.encode())
        self.assertEqual(self.ask(gate.path(name + ".listener")).body, name.encode())
        page = json.loads(self.ask(gate.path(name + ".admin"), "GET", "/policy", host="localhost").body)
        self.assertEqual(page["generation"], generation)
        self.assert_status(self.ask(gate.path(name + ".health"), "GET", "/readyz", host="localhost"), 200)
        for part in ("listener", "admin", "health"):
            self.assertFalse(os.path.exists(gate.path("%s.%s" % (other, part))), part)

    def counted(self, gate, name):
        """Requests of the record, once the file is whole."""
        gate.signal(signal.SIGUSR1)
        with open(gate.path(name + ".observe"), encoding="utf-8") as file:
            return sum(entry["count"] for entry in json.load(file)["entries"])

    @threads
    def test_each_part_that_fails_leaves_all_the_others_as_they_were(self):
        old, new = [self.origin(serve(answer(body=name))) for name in (b"old", b"new")]
        gate = self.gateway(self.policy(old.server, "old"))
        self.assert_all(gate, "old", "new", 1)
        asked = 2
        for part in self.PARTS:
            with self.subTest(part=part):
                since = gate.mark()
                self.assertFalse(gate.reload(self.policy(new.server, "new", part)))
                gate.wait_log("reload failed, the old policy stays: .*%s" % ("invalid" if part == "name" else "nonexistent"),
                              since)
                self.assert_all(gate, "old", "new", 1)
                asked += 2
                self.assertEqual(len(gate.access_lines(asked, "old.access-log")), asked)
                until(lambda: self.counted(gate, "old") == asked, "the record of %d requests" % asked)
                self.assertEqual(new.requests, [])
        self.assertTrue(gate.reload(self.policy(new.server, "new")))
        self.assert_all(gate, "new", "old", 2)
        self.assertEqual(len(gate.access_lines(2, "new.access-log")), 2)
        self.assertEqual(len(gate.access_lines(asked, "old.access-log")), asked)
        until(lambda: self.counted(gate, "new") == 2, "the new record")
        self.assertEqual(self.counted(gate, "old"), asked)


class AccessLog(Case):
    def exchanges(self, gate):
        connection = self.client(gate)
        connection.ask("GET", "/a?b=c")
        connection.ask("POST", "/x", body=b"12345")
        connection.ask("PATCH", "/y")
        broken = self.client(gate)
        broken.send(b"GET / HTTP/9.9\r\nHost: x\r\n\r\n")
        broken.read()

    def test_the_common_format_has_one_line_an_exchange(self):
        gate = self.gate(self.origin(), gateway="access-log = @FOLDER@/access.log\naccess-log-format = common",
                         upstream="implements = GET POST")
        self.exchanges(gate)
        lines = gate.access_lines(4)
        matches = [COMMON.match(line) for line in lines]
        self.assertTrue(all(matches), lines)
        self.assertEqual([match.group("status") for match in matches], ["200", "200", "501", "505"])
        self.assertEqual(matches[0].group("request"), "GET /a?b=c HTTP/1.1")
        self.assertEqual(matches[0].group("bytes"), "2")
        gate.stop()
        self.assertEqual(len(gate.access_lines(4)), 4)

    def test_the_json_format_has_one_object_an_exchange(self):
        gate = self.gate(self.origin(), gateway="access-log = @FOLDER@/access.log\naccess-log-format = json",
                         upstream="implements = GET POST")
        self.exchanges(gate)
        objects = [json.loads(line) for line in gate.access_lines(4)]
        self.assertEqual([entry["status"] for entry in objects], [200, 200, 501, 505])
        self.assertEqual([entry["method"] for entry in objects[:3]], ["GET", "POST", "PATCH"])

    def test_hostile_bytes_cannot_break_a_line(self):
        for kind in ("common", "json"):
            gate = self.gate(self.origin(), upstream="implements = *",
                             gateway="access-log = @FOLDER@/access.log\naccess-log-format = " + kind)
            connection = self.client(gate)
            connection.ask("GET", "/\"\\x", fields=[("Referer", "\"\\\xff"), ("User-Agent", "a\"b\\\xe9\t")])
            lines = gate.access_lines(1)
            self.assertEqual(len(lines), 1)
            if kind == "json":
                json.loads(lines[0])

    def test_the_access_log_may_go_to_stdout(self):
        gate = self.gate(self.origin(), gateway="access-log = stdout")
        self.ask(gate, target="/seen")
        self.assertIn("/seen", gate.access_lines(1, "stdout")[0])

    @threads
    def test_sigusr1_opens_the_log_anew(self):
        gate = self.gate(self.origin(), gateway="access-log = @FOLDER@/access.log", workers="2")
        connection = self.client(gate)
        connection.ask("GET", "/before")
        gate.access_lines(1)
        os.rename(gate.path("access.log"), gate.path("access.log.1"))
        gate.signal(signal.SIGUSR1)
        until(lambda: os.path.exists(gate.path("access.log")), "the new log file")
        connection.ask("GET", "/after")
        self.assertIn("/after", gate.access_lines(1)[-1])
        self.assertNotIn("/after", "\n".join(gate.access_lines(1, "access.log.1")))

    @threads
    def test_no_line_is_lost_at_the_end(self):
        gate = self.gate(self.origin(), gateway="access-log = @FOLDER@/access.log", workers="2")
        for _ in range(4):
            connection = self.client(gate)
            for number in range(50):
                connection.ask("GET", "/%d" % number)
        gate.stop()
        self.assertEqual(len(gate.access_lines(200)), 200)


class Descriptors(Case):
    alone = True

    def test_running_out_of_descriptors_pauses_accept_and_nothing_else(self):
        paused = Paused()
        gate = self.gate(self.origin(paused), upstream="implements = GET", workers="1")
        running = self.client(gate)
        running.send(request("GET", "/slow"))
        running.read_head()
        room = 6
        limit = gate.open_files() + room
        resource.prlimit(gate.pid, resource.RLIMIT_NOFILE, (limit, limit))
        since = gate.mark()
        clients = [self.client(gate) for _ in range(3 * room)]
        gate.wait_log(NO_DESCRIPTORS, since)
        # What runs goes on, and whoever was accepted is served.
        paused.released.set()
        running.stream.until(b"first-last", "the rest")
        self.assert_status(running.ask("PATCH"), 501)
        self.assertEqual(gate.count_log(NO_DESCRIPTORS), 1)
        for connection in clients:
            connection.send(request("PATCH"))
        served = 0
        while clients:
            # Each one that leaves makes room for one that waits.
            connection = clients.pop(0)
            self.assert_status(connection.read(), 501)
            served += 1
            connection.close()
        self.assertEqual(served, 3 * room)
        self.assert_status(self.ask(gate, "PATCH"), 501)
        self.assertLess(gate.count_log(NO_DESCRIPTORS), 4)

    def test_max_connections_bounds_the_clients(self):
        gate = self.gate(self.origin(), gateway="max-connections = 4", workers="1")
        clients = [self.client(gate) for _ in range(4)]
        for connection in clients:
            self.assert_status(connection.ask(), 200)
        extra = self.client(gate)
        extra.send(request())
        clients[0].close()
        # Whether the fifth waits for a place or is turned away: the others are served.
        try:
            self.assertIn(extra.read().status, (200, 503))
        except wire.Ended:
            pass
        self.assert_status(clients[1].ask(), 200)

    def test_the_table_of_descriptors_has_its_size_before_the_first_client(self):
        """A table that grows while threads share it stops the worker for 10 ms and more, amid a burst."""
        gate = self.gate(self.origin(), gateway="max-connections = 1000", upstream="implements = GET", workers="1")
        size = gate.status_number("FDSize")
        self.assertGreaterEqual(size, 2 * 1000)  # one for the client, one for its server
        clients = [self.client(gate) for _ in range(150)]
        for connection in clients:
            self.assert_status(connection.ask("PATCH"), 501)
        self.assertEqual(gate.status_number("FDSize"), size)

    def test_no_descriptor_leaks(self):
        gate = self.gate(self.origin(), upstream="implements = GET\nmax-idle = 1", workers="1")
        self.ask(gate).body
        before = gate.open_files()  # with the one idle connection to the server
        for number in range(60):
            connection = self.client(gate)
            if number % 3 == 0:
                connection.send(request()[:10])
            elif number % 3 == 1:
                connection.send(request("GET"))
            else:
                connection.ask("PATCH")
            connection.close() if number % 2 else connection.reset()
        until(lambda: gate.open_files() <= before, "descriptors to go back from %d" % before)


class Log(Case):
    def test_every_line_of_the_log_has_time_process_and_level(self):
        gate = self.gate(self.origin())
        self.ask(gate)
        gate.stop()
        for line in gate.log.splitlines():
            self.assertRegex(line, LOG_LINE)

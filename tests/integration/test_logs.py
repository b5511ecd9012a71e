"""The two logs when nobody takes their lines: full pipes and disks, readers that stop, and how the process ends then."""
import fcntl
import json
import os
import resource
import signal
import socket
import threading

from lib import wire
from lib.admin import AdminCase
from lib.case import Case, threads
from lib.client import request
from lib.gateway import LOG_LINE, ini
from lib.limits import until
from lib.origin import answer

ACCESS = "access-log = @FOLDER@/access.log\naccess-log-format = json\n"
PAGE = 4096


def accepts(address):
    try:
        wire.connect(address).close()
    except OSError:
        return False
    return True


class Silent:
    """A pipe that nobody reads until the test does: read() from then on, to its end."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, PAGE)
        self.data = b""
        self.reader = None

    def fill(self):
        os.set_blocking(self.writing, False)
        try:
            while True:
                os.write(self.writing, b"x")
        except BlockingIOError:
            pass
        os.set_blocking(self.writing, True)

    def handed_over(self):
        os.close(self.writing)
        self.writing = None

    def read(self):
        def run():
            while True:
                piece = os.read(self.reading, 65536)
                if not piece:
                    return
                self.data += piece

        self.reader = threading.Thread(target=run, daemon=True)
        self.reader.start()

    def close(self):
        if self.writing is not None:
            os.close(self.writing)
        if self.reader is None:
            os.close(self.reading)


class Hangs(AdminCase):
    """Cases whose gateway may not be stopped by the ready line, since nobody reads its log."""

    def launch(self, gateway="", stderr=None, workers="2", backend=None, env=None, **kind):
        backend = backend or self.origin()
        gate = self.prepare(ini(backend.server, bind="unix:@FOLDER@/gate.sock", gateway=gateway, workers=workers,
                                upstream="implements = GET HEAD"), env=env)
        gate.launch(**({} if stderr is None else {"stderr": stderr}), **kind)
        gate.listeners["main"] = gate.path("gate.sock")
        until(lambda: accepts(gate.address), "the listener")
        return gate

    def silent(self):
        return self.keep(Silent())


class ErrorLog(Hangs):
    @threads
    def test_an_error_log_that_nobody_reads_holds_nobody_up(self):
        pipe = self.silent()
        gate = self.launch("log-level = debug\nadmin = unix:@FOLDER@/admin.sock", pipe.writing)
        pipe.handed_over()
        count = 0

        def dropped():
            nonlocal count
            for _ in range(200):
                connection = self.client(gate)
                self.assert_status(connection.ask(), 200)
                connection.close()
                count += 1
            page = self.ask(gate.path("admin.sock"), target="/metrics").body.decode()
            return "verbgate_error_log_lines_dropped_total 0\n" not in page

        until(dropped, "dropped lines")
        gate.signal(signal.SIGHUP)
        gate.signal(signal.SIGUSR1)
        self.assert_status(self.ask(gate.path("admin.sock"), target="/healthz"), 200)
        self.assert_status(self.ask(gate), 200)
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    def test_when_there_is_room_again_the_log_says_how_many_lines_were_dropped(self):
        pipe = self.silent()
        gate = self.launch("log-level = debug\nadmin = unix:@FOLDER@/admin.sock", pipe.writing)
        pipe.handed_over()

        def dropped():
            for _ in range(200):
                connection = self.client(gate)
                self.assert_status(connection.ask(), 200)
                connection.close()
            page = self.ask(gate.path("admin.sock"), target="/metrics").body.decode()
            return "verbgate_error_log_lines_dropped_total 0\n" not in page

        until(dropped, "dropped lines")
        pipe.read()
        until(lambda: b"lines of this log were dropped" in pipe.data, "the line about dropped ones")
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)
        until(lambda: b" info: ended\n" in pipe.data, "the last line")
        for line in pipe.data.decode().splitlines():
            self.assertRegex(line, LOG_LINE)

    def test_a_start_that_fails_ends_although_nobody_reads_why(self):
        pipe = self.silent()
        pipe.fill()
        gate = self.prepare("[gateway]\n" + "unknown = 1\n" * 50)
        gate.launch(stderr=pipe.writing)
        self.assertEqual(gate.wait(), 1)

    def test_an_error_log_whose_reader_has_gone_holds_nobody_up(self):
        pipe = self.silent()
        gate = self.launch("log-level = debug", pipe.writing)
        os.close(pipe.reading)
        pipe.reader = True
        for _ in range(20):
            connection = self.client(gate)
            self.assert_status(connection.ask(), 200)
            connection.close()
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    def test_a_full_disk_tears_no_line_of_the_error_log(self):
        gate = self.prepare("")
        with open(gate.path("error.log"), "ab") as file:
            gate = self.launch("log-level = debug", file, workers="1")
        path = self.gateways[0].path("error.log")
        limit = os.path.getsize(path) + 130
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for _ in range(20):
            self.assert_status(self.ask(gate), 200)
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        for line in lines:
            self.assertRegex(line, LOG_LINE)
        self.assertIn("info: ended", lines[-1])
        self.assertGreaterEqual(len(lines), 20)


class AccessLog(Hangs):
    def fill(self, gate, count=20):
        connection = self.client(gate)
        for number in range(count):
            self.assert_status(connection.ask("GET", "/%d" % number), 200)
        connection.close()

    def check_lines(self, text, count):
        self.assertTrue(text.endswith("\n"))
        self.assertEqual([json.loads(line)["status"] for line in text.splitlines()], count * [200])

    def test_a_disk_that_was_full_and_is_not_any_more_leaves_whole_lines(self):
        gate = self.gate(self.origin(), gateway=ACCESS, workers="1")
        self.fill(gate, 2)
        size = len("\n".join(gate.access_lines(2))) + 1
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (size + size // 3, resource.RLIM_INFINITY))
        self.fill(gate, 20)
        gate.wait_log("the access log cannot be written")
        with open(gate.path("access.log"), encoding="ascii") as file:
            self.check_lines(file.read(), 2)
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.fill(gate, 10)
        self.check_lines("\n".join(gate.access_lines(32)) + "\n", 32)
        self.assertEqual(gate.count_log("cannot be written"), 1)

    def test_a_rotation_while_the_disk_is_full_leaves_whole_lines_in_both_files(self):
        gate = self.gate(self.origin(), gateway=ACCESS, workers="1")
        self.fill(gate, 2)
        size = len("\n".join(gate.access_lines(2))) + 1
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (size + size // 3, resource.RLIM_INFINITY))
        self.fill(gate, 2)
        gate.wait_log("the access log cannot be written")
        os.rename(gate.path("access.log"), gate.path("access.log.1"))
        gate.signal(signal.SIGUSR1)
        gate.wait_log("access log opened again")
        self.check_lines("\n".join(gate.access_lines(2)) + "\n", 2)
        with open(gate.path("access.log.1"), encoding="ascii") as file:
            self.check_lines(file.read(), 2)

    def test_a_stop_while_the_disk_is_full_is_clean_and_leaves_whole_lines(self):
        gate = self.gate(self.origin(), gateway=ACCESS, workers="1")
        self.fill(gate, 2)
        size = len("\n".join(gate.access_lines(2))) + 1
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (size + size // 3, resource.RLIM_INFINITY))
        self.fill(gate, 2)
        gate.stop()
        with open(gate.path("access.log"), encoding="ascii") as file:
            self.check_lines(file.read(), 2)

    def test_a_pipe_of_others_that_does_not_wait_loses_no_line(self):
        """O_NONBLOCK belongs to the pipe's open end, which whoever started the process may have set."""
        pipe = self.silent()
        os.set_blocking(pipe.writing, False)
        gate = self.launch("access-log = stdout\naccess-log-format = json", stdout=pipe.writing, workers="1")
        pipe.handed_over()
        self.fill(gate, 200)
        pipe.read()
        until(lambda: pipe.data.count(b"\n") == 200, "200 lines")
        self.check_lines(pipe.data.decode(), 200)
        gate.stop()

    def test_names_of_the_standard_streams_are_the_streams_even_as_sockets(self):
        for stream in ("stdout", "stderr"):
            for name in (stream, "/dev/" + stream, "/proc/self/fd/%d" % (1 if stream == "stdout" else 2),
                         "@FOLDER@/link"):
                if name == "stderr":
                    continue  # a file of that name
                ours, theirs = socket.socketpair()
                self.keep(ours)
                gate = self.prepare(ini(self.origin().server, bind="unix:@FOLDER@/gate.sock",
                                        gateway="access-log = " + name))
                os.symlink("/dev/" + stream, gate.path("link"))
                gate.launch(**{stream: theirs})
                theirs.close()
                until(lambda: accepts(gate.path("gate.sock")), "the listener")
                self.assert_status(self.ask(gate.path("gate.sock"), target="/seen"), 200)
                text = b""
                while b"/seen" not in text:
                    piece = ours.recv(4096)
                    self.assertNotEqual(piece, b"", name)
                    text += piece
                gate.stop()

    def test_a_pipe_without_a_reader_is_an_error_with_a_hint(self):
        gate = self.prepare(ini("127.0.0.1:1", gateway="access-log = @FOLDER@/fifo"))
        os.mkfifo(gate.path("fifo"))
        gate.launch()
        self.assertEqual(gate.wait(), 1)
        self.assertIn("nobody reads this pipe", gate.log)


class Ends(Hangs):
    def fifo_gate(self, gateway, **more):
        """A gateway whose access log is a pipe that is full, with requests whose lines wait."""
        fifo = self.prepare("")
        os.mkfifo(fifo.path("fifo"))
        reading = os.open(fifo.path("fifo"), os.O_RDWR)
        self.addCleanup(os.close, reading)
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, PAGE)
        os.write(reading, PAGE * b"x")
        gate = self.launch(gateway + "\naccess-log = " + fifo.path("fifo"), **more)
        connection = self.client(gate)
        for _ in range(10):
            self.assert_status(connection.ask(), 200)
        return gate

    @threads
    def test_a_stop_does_not_wait_for_the_reader_of_the_access_log(self):
        gate = self.fifo_gate("drain-timeout = 10m")
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    def test_a_stop_does_not_wait_for_either_log(self):
        pipe = self.silent()
        pipe.fill()
        gate = self.fifo_gate("drain-timeout = 10m", stderr=pipe.writing)
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    def test_a_reload_leads_lines_away_from_a_pipe_that_nobody_reads(self):
        gate = self.fifo_gate("drain-timeout = 10m")
        with open(gate.config, encoding="utf-8") as file:
            text = file.read()
        head, _, tail = text.partition("\naccess-log = ")
        self.assertTrue(gate.reload(head + "\naccess-log = @FOLDER@/access.log\n" + tail.partition("\n")[2]))
        self.ask(gate, target="/after")
        self.assertIn("/after", gate.access_lines(1)[-1] + "".join(gate.access_lines(11)))
        gate.stop()

    def hanging_names(self, **more):
        """A gateway in whose reload the look-up of a name hangs: the resolver waits for a pipe's writer."""
        folder = self.prepare("")
        os.mkfifo(folder.path("aliases"))
        gate = self.launch(env={"HOSTALIASES": folder.path("aliases")}, **more)
        gate.wait_log(r" info: ready\b")
        with open(gate.config, encoding="utf-8") as file:
            text = file.read()
        gate.write(text.replace("[upstream backend]", "[upstream backend]\nserver = slowname:80"))
        return gate

    def test_a_stop_does_not_wait_for_the_names_of_a_reload(self):
        gate = self.hanging_names(gateway="drain-timeout = 10m")
        gate.signal(signal.SIGHUP)
        self.assert_status(self.ask(gate), 200)
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)
        self.assertNotIn("reload failed", gate.log, "nothing hung: is there no DNS on this machine?")

    def test_a_start_whose_names_hang_can_be_ended(self):
        folder = self.prepare("")
        os.mkfifo(folder.path("aliases"))
        gate = self.prepare(ini("slowname:80"), env={"HOSTALIASES": folder.path("aliases")})
        gate.launch()
        until(lambda: "SigCgt" in open("/proc/%d/status" % gate.pid, encoding="ascii").read() and
              gate.status_number("Threads") >= 3, "the threads")
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    @threads
    def test_two_signals_at_once_are_one_wish_and_lose_no_line(self):
        for second in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            gate = self.gateway(ini(self.origin().server, workers="2", gateway=ACCESS))
            for _ in range(4):
                connection = self.client(gate)
                for _ in range(10):
                    connection.ask()
                connection.close()
            gate.signal(signal.SIGTERM)
            gate.signal(second)
            self.assertEqual(gate.wait(), 0)
            self.assertEqual(len(gate.access_lines(40)), 40)

    @threads
    def test_a_later_signal_ends_the_drain_and_loses_no_line(self):
        def script(connection):
            while True:
                if connection.read_request().target == "/slow":
                    connection.wait(released)
                connection.send(answer())

        released = threading.Event()
        self.addCleanup(released.set)
        gate = self.prepare(ini(self.origin(script).server, workers="2",
                                gateway=ACCESS + "drain-timeout = 10m\ndrain-delay = 10m\n")).start()
        slow, busy = self.client(gate), self.client(gate)
        slow.send(request("GET", "/slow"))
        gate.signal(signal.SIGTERM)
        gate.wait_log("accepting for drain-delay")
        served = asked = 0
        try:
            while True:
                self.assert_status(busy.ask(), 200)
                served = asked  # those that were served before the last signal
                asked += 1
                gate.signal(signal.SIGTERM)
        except (wire.Ended, OSError):
            pass
        self.assertEqual(gate.wait(), 128 + signal.SIGTERM)
        self.assertGreater(served, 0)
        with open(gate.path("access.log"), encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertGreaterEqual(len(lines), served)
        self.assertIn("a second signal: exit at once", gate.log)
        self.assertIn("the same wish", gate.log)


class Signals(Case):
    def test_sigquit_stops_like_sigterm(self):
        gate = self.gate(self.origin())
        gate.signal(signal.SIGQUIT)
        self.assertEqual(gate.wait(), 0)
        self.assertIn("signal 3: stopping", gate.log)

    def test_signals_that_the_parent_had_blocked_are_heard(self):
        for number, status in ((signal.SIGTERM, 0), (signal.SIGHUP, None)):
            gate = self.prepare(ini(self.origin().server))
            gate.launch(before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP]))
            gate.wait_log(r" info: ready\b")
            gate.signal(number)
            if status is None:
                gate.wait_log("policy reloaded")
                gate.stop()
            else:
                self.assertEqual(gate.wait(), status)

"""A verbgate process under test."""
import fcntl
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import threading

from .limits import WAIT, until

BINARY = os.environ.get("VERBGATE_TEST_BINARY", "build/verbgate")
# What runs the binary, for example "setarch -R" where ThreadSanitizer needs it.
WRAPPER = shlex.split(os.environ.get("VERBGATE_TEST_WRAPPER", ""))
WORKERS = os.environ.get("VERBGATE_TEST_WORKERS", "1")
# Under ThreadSanitizer, which delivers signals itself, one SIGHUP in some hundreds never arrived
# when it came within microseconds of the start; it was never seen with any other build.
SIGNALS_GET_LOST = "VERBGATE_TEST_THREADS" in os.environ
SUPPRESSIONS = str(pathlib.Path(__file__).resolve().parents[1] / "tsan.supp")

REPORT = re.compile(r"ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:|"
                    r"ThreadSanitizer:DEADLYSIGNAL|AddressSanitizer:DEADLYSIGNAL|[Aa]ssertion .* failed")
LISTENING = re.compile(r"(?<!no longer )listening on (\S+) \(listener (\S+)\)")
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ verbgate\[\d+\] (error|warn|warning|info|debug): ")


def ini(server, gateway="", listener="", upstream="", more="", workers=WORKERS, bind="127.0.0.1:0"):
    """A configuration with one listener and one upstream, and whatever is added to its sections.

    `more` goes to the end: routes, further listeners and upstreams.
    """
    servers = [server] if isinstance(server, str) else server
    return "\n".join([
        "[gateway]", "workers = %s" % workers, gateway,
        "[listener main]", "bind = " + bind, listener,
        "[upstream backend]"] + ["server = " + text for text in servers] + [upstream, more, ""])


def environment(extra=None):
    env = dict(os.environ)
    # A small quarantine: freed memory would else look like growth in the tests of resident memory.
    env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0:quarantine_size_mb=4"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    env["TSAN_OPTIONS"] = "second_deadlock_stack=1:suppressions=" + SUPPRESSIONS
    env.update(extra or {})
    return env


def run_command(*arguments, env=None, stdin=None, stdout=subprocess.PIPE):
    """Runs verbgate to its end; a sanitizer report fails. Returns the CompletedProcess with texts."""
    result = subprocess.run(WRAPPER + [BINARY] + list(arguments), env=environment(env), text=True, stdout=stdout,
                            stderr=subprocess.PIPE, timeout=2 * WAIT, stdin=stdin, check=False)
    check_report(result.stderr)
    return result


def closing(command, descriptors):
    """The command, started with these descriptors closed."""
    return ["bash", "-c", 'exec "$@" ' + " ".join("%d>&-" % number for number in descriptors), "bash"] + command


def check_report(text):
    if REPORT.search(text):
        raise AssertionError("sanitizer or assertion report:\n" + text)


class Gateway:
    """Starts `verbgate run` with the configuration `text` and waits until it is ready.

    Other files of the configuration go into `files` (name -> text), beside the main one. `prefix`: a command that
    runs the binary with other limits or as somebody else.
    `arguments` of `run` may take the place of the configuration.
    """

    prefix = ()
    binary = BINARY
    arguments = None  # in place of -c FILE

    def __init__(self, text, files=None, env=None, sockets=None):
        self.folder = tempfile.TemporaryDirectory(prefix="vg-gate-")
        self.config = os.path.join(self.folder.name, "gateway.ini")
        self.write(text, files)
        self.env = environment(env)
        self.sockets = sockets or {}  # name -> listening socket, as a service manager passes them
        self.process = None
        self.lines = []
        self.changed = threading.Condition()
        self.listeners = {}
        self.reader = None

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, text, files=None):
        """Replaces the configuration; a running gateway sees it at the next reload."""
        for name, content in dict(files or {}, **{"gateway.ini": text}).items():
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(content.replace("@FOLDER@", self.folder.name))

    def launch(self, stdin=subprocess.DEVNULL, stdout=None, stderr=subprocess.PIPE, closed=(), before=None):
        """Starts the process without waiting for it; with the descriptors in `closed` not open.

        `before` is called in the child before the program starts.
        """
        command = WRAPPER + list(self.prefix) + [os.path.abspath(self.binary), "run"]
        command += ["-c", self.config] if self.arguments is None else self.arguments
        if closed:
            command = closing(command, closed)
        high = []
        if self.sockets:
            high = [fcntl.fcntl(one.fileno(), fcntl.F_DUPFD_CLOEXEC, 100) for one in self.sockets.values()]
            self.env.update(LISTEN_FDS=str(len(self.sockets)),
                            LISTEN_FDNAMES=":".join(self.sockets))
            command = ["bash", "-c", self.place_sockets(high) + 'LISTEN_PID=$$ exec "$@"', "bash"] + command
        self.process = subprocess.Popen(
            command, env=self.env,
            stdin=stdin, stdout=open(self.path("stdout"), "wb") if stdout is None else stdout,
            stderr=stderr, cwd=self.folder.name, pass_fds=high, preexec_fn=before)
        for descriptor in high:
            os.close(descriptor)
        if self.process.stderr is not None:
            self.reader = threading.Thread(target=self.read_log, daemon=True)
            self.reader.start()
        return self

    @staticmethod
    def place_sockets(descriptors):
        """For the shell: they become descriptors 3 and following. Python's child may still need those of its own."""
        return "".join("exec %d<&%d %d<&-; " % (3 + index, descriptor, descriptor)
                       for index, descriptor in enumerate(descriptors))

    def start(self):
        self.launch()
        self.wait_log(r" info: ready\b")
        return self

    @property
    def pid(self):
        return self.process.pid

    def read_log(self):
        for raw in self.process.stderr:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self.changed:
                self.lines.append(line)
                match = LISTENING.search(line)
                if match:
                    self.listeners[match.group(2)] = parse_address(match.group(1))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)  # the end of the log
            self.changed.notify_all()

    @property
    def log(self):
        with self.changed:
            return "\n".join(line for line in self.lines if line is not None)

    def mark(self):
        """A place in the log from which wait_log may look."""
        with self.changed:
            return len(self.lines)

    def wait_log(self, pattern, since=0, seconds=None):
        """Waits for a log line that matches, and returns the match."""
        expression = re.compile(pattern)
        found = []

        def look():
            for line in self.lines[since:]:
                if line is None:
                    return True
                match = expression.search(line)
                if match:
                    found.append(match)
                    return True
            return False

        with self.changed:
            self.changed.wait_for(look, seconds or WAIT)
        if not found:
            raise AssertionError("no log line matches %r; the log:\n%s" % (pattern, self.log))
        return found[0]

    def count_log(self, pattern):
        expression = re.compile(pattern)
        with self.changed:
            return sum(1 for line in self.lines if line is not None and expression.search(line))

    @property
    def address(self):
        return self.listeners["main"]

    @property
    def url(self):
        host, port = self.address
        return ("http://[%s]:%d" if ":" in host else "http://%s:%d") % (host, port)

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self, text=None):
        """Reloads and waits for the result; True when the new policy is in force."""
        if text is not None:
            self.write(text)
        since = self.mark()
        self.signal(signal.SIGHUP)
        result = r"policy reloaded: generation \d+|reload failed"
        try:
            match = self.wait_log(result, since, WAIT / 3 if SIGNALS_GET_LOST else WAIT)
        except AssertionError:
            if not SIGNALS_GET_LOST:
                raise
            self.signal(signal.SIGHUP)
            match = self.wait_log(result, since)
        return match.group(0).startswith("policy reloaded")

    def status_number(self, key):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        raise AssertionError("no %s in /proc status" % key)

    def resident_bytes(self, key="VmRSS"):
        return 1024 * self.status_number(key)

    def upgrade(self):
        """Has a successor started and waits until it has taken over. Returns its process id, or None when that failed."""
        since = self.mark()
        self.signal(signal.SIGUSR2)
        match = self.wait_log(r"upgrade: process (\d+) is ready and has taken over|upgrade failed", since)
        return int(match.group(1)) if match.group(1) else None

    def open_files(self):
        return len(os.listdir("/proc/%d/fd" % self.pid))

    def count_open(self, kind):
        """Open descriptors of one kind: "socket", or "pipe", which has two for each."""
        folder = "/proc/%d/fd" % self.pid
        count = 0
        for name in os.listdir(folder):
            try:
                count += os.readlink(os.path.join(folder, name)).startswith(kind + ":")
            except FileNotFoundError:
                pass  # closed meanwhile
        return count

    def access_lines(self, count, name="access.log"):
        """The lines of the access log once there are `count` of them."""
        def read():
            try:
                with open(self.path(name), encoding="ascii") as file:
                    text = file.read()
            except FileNotFoundError:
                return None
            return text.splitlines() if text.count("\n") >= count else None

        return until(read, "%d lines in %s" % (count, name))

    def wait(self, seconds=None):
        """Waits for the end of the process and returns its exit status."""
        try:
            status = self.process.wait(seconds or 2 * WAIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("verbgate did not exit; its log:\n" + self.log) from None
        if self.reader is not None:
            self.reader.join(WAIT)
        check_report(self.log)
        return status

    def stop(self):
        """SIGTERM, and the exit must be clean: status 0 and no sanitizer report."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        status = self.wait()
        if status != 0:
            raise AssertionError("verbgate exited with %d; its log:\n%s" % (status, self.log))

    def discard(self):
        """The last step of every test: whatever is left goes away."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.reader is not None:
            self.reader.join(WAIT)
            self.process.stderr.close()
        self.folder.cleanup()


class DirectGateway:
    """Stands where a Gateway would, without one: clients reach the first backend directly.

    Tests that make sense without the gateway run this way to prove the harness itself.
    """

    def __init__(self, text):
        self.lines = []
        self.log = "(no gateway: direct run)"
        server = re.search(r"(?m)^server *= *(\S+)", text).group(1)
        self.listeners = {}
        for name in re.findall(r"(?m)^\[listener (\S+)\]", text):
            self.listeners[name] = parse_address(server)

    address = Gateway.address
    url = Gateway.url

    def start(self):
        return self

    def stop(self):
        """There is nothing to stop."""

    discard = stop


def parse_address(text):
    if text.startswith("unix:"):
        return text[len("unix:"):]
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)

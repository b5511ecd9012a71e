#!/usr/bin/env python3
"""Guards the cost of a request without a clock: instructions, heap calls, system calls.

    tests/bench/guard.py --binary build/bench/verbgate [--renew] [--filter TEXT]

Each figure is the difference between two runs that differ only in how many requests they serve, so
start-up and end cancel out. guard.json holds what was recorded; --renew writes it anew. The last
line is "N passed, M failed", with ", K skipped" when there are any.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

RECORD = pathlib.Path(__file__).with_name("guard.json")
FEW, MANY = 100, 500  # requests of the two runs
SECONDS_MAX = 60  # for anything that a run waits for; valgrind starts slowly on a busy machine

# Growth above it fails; a fall below it passes and asks for --renew.
INSTRUCTIONS_MARGIN = 0.05
# 10,000 routes may cost this much more than 10 (DESIGN: flat within 5 %).
ROUTES_MARGIN = 0.05
# Calls that are not made for each request (timers, the date) show as small fractions.
CALLS_NOISE = 0.05
# The access log takes a buffer for many lines at once, and when depends on the time that passes.
LOGGED_HEAP_CALLS_MAX = 4

# As net/event_batch says.
EVENTS_OF_TURN = 256

READS = {"read", "readv", "pread64", "recvfrom", "recvmsg", "splice"}
WRITES = {"write", "writev", "pwrite64", "sendto", "sendmsg", "sendfile"}
WAITS = {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll"}

CONTENT = b"x" * 127 + b"\n"
RESPONSE = (b"HTTP/1.1 200 OK\r\nServer: backend\r\nDate: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
            b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(CONTENT)) + CONTENT
FIELDS = (b"Host: shop.example.com\r\nUser-Agent: guard/1\r\nAccept: */*\r\n"
          b"Accept-Encoding: gzip\r\n\r\n")


def route_sections(count):
    return "".join("[route r%d]\npath = /r%d/*\nallow = GET HEAD\n" % (number, number)
                   for number in range(count))


GET = b"GET /r7/item HTTP/1.1\r\n"

# name -> (request line, status, routes, access log, requests sent at once). The first two are the heart of it.
# "pipelined" is what a busy worker does: a server connection is used again in the turn in which it became free.
SCENARIOS = {
    "proxied": (GET, 200, 0, False, 1),
    "refused": (b"FOO /r7/item HTTP/1.1\r\n", 501, 0, False, 1),
    "logged": (GET, 200, 0, True, 1),
    "pipelined": (GET, 200, 0, False, 100),
    "ten_routes": (GET, 200, 10, False, 1),
    "ten_thousand_routes": (GET, 200, 10000, False, 1),
}


class Messages:
    """What comes in on a connection, one message after the other."""

    def __init__(self, connection):
        self.connection = connection
        self.received = b""

    def receive(self):
        more = self.connection.recv(65536)
        self.received += more
        return bool(more)

    def read(self):
        """The head of the next message, whose content is dropped; None at the end of the connection."""
        while b"\r\n\r\n" not in self.received:
            if not self.receive():
                return None
        head, _, self.received = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        content_bytes = int(length.group(1)) if length else 0
        while len(self.received) < content_bytes:
            if not self.receive():
                raise AssertionError("a message was cut: %r" % head)
        self.received = self.received[content_bytes:]
        return head


class Backend:
    """Answers every request with the same bytes, on one port, until it is closed."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return  # closed
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    @staticmethod
    def serve(connection):
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            messages = Messages(connection)
            while messages.read() is not None:
                connection.sendall(RESPONSE)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def configuration(folder, backend, routes, is_logged):
    path = os.path.join(folder, "gateway.ini")
    with open(path, "w", encoding="ascii") as file:
        file.write("[gateway]\nworkers = 1\naccess-log = %s\n"
                   "[listener main]\nbind = 127.0.0.1:0\n"
                   "[upstream backend]\nserver = 127.0.0.1:%d\nimplements = GET HEAD POST\n"
                   % (os.path.join(folder, "access.log") if is_logged else "off", backend.port))
        file.write(route_sections(routes))
    return path


def wait_ready(process):
    """Reads the log up to "ready"; returns the gateway's own process id and its port."""
    watchdog = threading.Timer(SECONDS_MAX, process.kill)
    watchdog.start()
    port, log = None, b""
    for line in process.stderr:
        log += line
        match = re.search(rb"listening on 127\.0\.0\.1:(\d+)", line)
        port = int(match.group(1)) if match else port
        ready = re.search(rb"verbgate\[(\d+)\] info: ready\b", line)
        if ready:
            watchdog.cancel()
            # What comes later must be read too, or the pipe fills up.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return int(ready.group(1)), port
    watchdog.cancel()
    raise AssertionError("verbgate did not start:\n" + log.decode("utf-8", "replace"))


def send_requests(port, line, status, count, at_once=1):
    with socket.create_connection(("127.0.0.1", port), SECONDS_MAX) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        messages = Messages(connection)
        for number in range(count):
            if number % at_once == 0:
                connection.sendall((line + FIELDS) * at_once)
            head = messages.read()
            if head is None or not head.startswith(b"HTTP/1.1 %d " % status):
                raise AssertionError("expected %d, got %r" % (status, head))
        if messages.received:
            raise AssertionError("unexpected bytes: %r" % messages.received)


def run(binary, tool, scenario, count):
    """Serves `count` requests under `tool`, a function from a report's path to a command; returns the report."""
    line, status, routes, is_logged, at_once = SCENARIOS[scenario]
    backend = Backend()
    with tempfile.TemporaryDirectory(prefix="vg-guard-") as folder:
        report = os.path.join(folder, "report")
        command = tool(report) + [binary, "run", "-c", configuration(folder, backend, routes, is_logged)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE)
        try:
            pid, port = wait_ready(process)
            send_requests(port, line, status, count, at_once)
            os.kill(pid, signal.SIGTERM)
            if process.wait(SECONDS_MAX) != 0:
                raise AssertionError("verbgate ended with status %d" % process.returncode)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            backend.close()
        return pathlib.Path(report).read_text(encoding="utf-8", errors="replace")


def callgrind(report):
    return ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=" + report]


def memcheck(report):
    return ["valgrind", "--tool=memcheck", "--leak-check=no", "--log-file=" + report]


def strace(report):
    return ["strace", "-f", "-c", "-o", report]


def strace_waits(report):
    return ["strace", "-f", "-e", "trace=?epoll_wait,epoll_pwait", "-o", report]


def number_in(expression, report):
    match = re.search(expression, report)
    if not match:
        raise AssertionError("no %r in the tool's report:\n%s" % (expression, report))
    return int(match.group(1).replace(",", ""))


def instructions(binary, scenario):
    """User-space instructions of one request."""
    few, many = (number_in(r"Collected : (\d+)", run(binary, callgrind, scenario, count))
                 for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def heap_calls(binary, scenario):
    """Calls that take heap memory, in all of the further requests together: it must be 0."""
    few, many = (number_in(r"total heap usage: ([\d,]+) allocs", run(binary, memcheck, scenario, count))
                 for count in (FEW, MANY))
    return many - few


def call_counts(report):
    """Name -> calls, of the table that strace -c prints."""
    counts = {}
    for line in report.splitlines():
        match = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w+)$", line)
        if match and match.group(2) != "total":
            counts[match.group(2)] = int(match.group(1))
    return counts


def system_calls(binary, scenario):
    """Calls of one request, by kind."""
    few, many = (call_counts(run(binary, strace, scenario, count)) for count in (FEW, MANY))
    kinds = {"reads": 0, "writes": 0, "waits": 0, "others": 0}
    for name in set(few) | set(many):
        kind = ("reads" if name in READS else "writes" if name in WRITES
                else "waits" if name in WAITS else "others")
        kinds[kind] += (many.get(name, 0) - few.get(name, 0)) / (MANY - FEW)
    return kinds


def compiler_key():
    """Recorded instructions hold for one compiler only, and for the libraries that come with it."""
    try:
        version = subprocess.run(["gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return "gcc-%s-%s" % (version.split(".")[0].strip(), platform.machine())


def missing_tool(name):
    """Why a tool can't be used, or None."""
    if not shutil.which(name):
        return "%s is not installed (Debian: apt-get install %s)" % (name, name)
    command = ["valgrind", "--tool=none", "true"] if name == "valgrind" else ["strace", "-o", "/dev/null", "true"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        return "%s does not work here: %s" % (name, tried.stderr.strip()[-200:])
    return None


class Guard:
    """Measures, compares with what was recorded, reports, and keeps what it measured."""

    def __init__(self, arguments):
        self.binary = os.path.abspath(arguments.binary)
        self.filter = arguments.filter
        self.renew = arguments.renew
        self.record = json.loads(RECORD.read_text(encoding="ascii")) if RECORD.exists() else {}
        self.key = compiler_key()
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.missing = {name: missing_tool(name) for name in ("valgrind", "strace")}

    def check(self, entry):
        """Returns the outcome, the name and a sentence. A judge's verdict is None for "not judged"."""
        name, tool, judge, arguments = entry
        if self.missing[tool]:
            return "skip", name, self.missing[tool]
        try:
            passed, text = judge(*arguments)
        except (AssertionError, OSError, subprocess.SubprocessError) as problem:
            passed, text = False, str(problem)
        return {None: "skip", True: "ok", False: "FAIL"}[passed], name, text

    def checks(self):
        """(name, tool, judge, its arguments) of all checks that the filter leaves."""
        everything = [("instructions, " + scenario, "valgrind", self.judge_instructions, [scenario])
                      for scenario in ("proxied", "refused", "logged")]
        everything += [("instructions, 10 and 10,000 routes", "valgrind", self.judge_routes, [])]
        everything += [("heap calls, " + scenario, "valgrind", self.judge_heap, [scenario])
                       for scenario in ("proxied", "refused", "logged")]
        everything += [("system calls, " + scenario, "strace", self.judge_calls, [scenario])
                       for scenario in ("proxied", "refused", "pipelined")]
        everything += [("events of a turn", "strace", self.judge_turns, [])]
        return [entry for entry in everything if self.filter in entry[0]]

    def recorded(self, *keys, value=None):
        """What stands in the record, which --renew sets to `value` first."""
        place = self.record
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        if self.renew and value is not None:
            place[keys[-1]] = value
        return place.get(keys[-1])

    def judge_instructions(self, scenario):
        # With an unknown compiler nothing can be said, so nothing is measured.
        if not self.renew and self.recorded("instructions", self.key, scenario) is None:
            return None, "nothing is recorded for %s; see tests/bench/README.md on --renew" % self.key
        measured = round(instructions(self.binary, scenario))
        recorded = self.recorded("instructions", self.key, scenario, value=measured)
        change = measured / recorded - 1
        text = "%d instructions a request, recorded %d (%+.1f %%)" % (measured, recorded, 100 * change)
        if change < -INSTRUCTIONS_MARGIN:
            text += "; record the better figure with --renew"
        return change <= INSTRUCTIONS_MARGIN, text

    def judge_routes(self):
        ten, many = (instructions(self.binary, scenario) for scenario in ("ten_routes", "ten_thousand_routes"))
        return (many <= (1 + ROUTES_MARGIN) * ten,
                "%d instructions with 10 routes, %d with 10,000 (%+.1f %%)" % (ten, many, 100 * (many / ten - 1)))

    def judge_heap(self, scenario):
        calls = heap_calls(self.binary, scenario)
        calls_max = LOGGED_HEAP_CALLS_MAX if scenario == "logged" else 0
        return calls <= calls_max, "%d in %d more requests, at most %d" % (calls, MANY - FEW, calls_max)

    def judge_calls(self, scenario):
        measured = system_calls(self.binary, scenario)
        recorded = self.recorded("system_calls", scenario,
                                 value={kind: round(count) for kind, count in measured.items()})
        if recorded is None:
            return False, "nothing is recorded; see tests/bench/README.md on --renew"
        passed = all(measured[kind] <= recorded[kind] + CALLS_NOISE for kind in recorded)
        passed = passed and all(abs(measured[kind] - recorded[kind]) <= CALLS_NOISE for kind in ("reads", "writes"))
        return passed, ", ".join("%s %.2f (recorded %d)" % (kind, abs(measured[kind]), recorded[kind])
                                 for kind in ("reads", "writes", "waits", "others"))

    def judge_turns(self):
        asked = [int(count) for count in re.findall(r"\], (\d+), -?\d+(?:, NULL, \d+)?\)",
                                                    run(self.binary, strace_waits, "proxied", FEW))]
        return (len(asked) >= FEW and max(asked) == EVENTS_OF_TURN,
                "%d waits, for up to %s events, recorded %d" % (len(asked), max(asked, default="no"), EVENTS_OF_TURN))

    def run(self):
        # Nothing here is a time, so checks may run beside each other.
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for kind, name, text in pool.map(self.check, self.checks()):
                self.counts[kind] += 1
                print("%-4s %s: %s" % (kind, name, text), flush=True)
        if self.renew:
            RECORD.write_text(json.dumps(self.record, indent=2, sort_keys=True) + "\n", encoding="ascii")
        skipped = ", %d skipped" % self.counts["skip"] if self.counts["skip"] else ""
        print("%d passed, %d failed%s" % (self.counts["ok"], self.counts["FAIL"], skipped))
        return 1 if self.counts["FAIL"] or not any(self.counts.values()) else 0


def main():
    parser = argparse.ArgumentParser(description="Guards the cost of a request without a clock.")
    parser.add_argument("--binary", default="build/bench/verbgate", help="a Release build")
    parser.add_argument("--filter", default="", help="only checks whose name contains this text")
    parser.add_argument("--renew", action="store_true", help="write what is measured to guard.json")
    arguments = parser.parse_args()
    if not os.access(arguments.binary, os.X_OK):
        print("guard.py: no executable at %s: build first, or give --binary" % arguments.binary)
        return 2
    return Guard(arguments).run()


if __name__ == "__main__":
    sys.exit(main())

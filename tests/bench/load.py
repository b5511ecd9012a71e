"""What asks the proxies: wrk, curl for long downloads, and a client that holds thousands of idle connections."""
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import time
from typing import NamedTuple

import processes

SCRIPT = str(pathlib.Path(__file__).with_name("wrk.lua"))
HOG = str(pathlib.Path(__file__).with_name("hog.py"))
HOG_START_SECONDS = 0.3
AT_ONCE = 100  # connections that are being opened or asked at one time, outside of bursts
IDLE_SECONDS_MAX = 30
GONE_SECONDS = 5  # the same for all: ends of connections are noticed, and memory is given back, some time after
REQUEST = b"GET /idle HTTP/1.1\r\nHost: bench\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n"


class Load(NamedTuple):
    """What wrk sends."""
    connections: int = 64
    path: str = "/small"
    method: str = "GET"
    body_bytes: int = 0
    paths: int = 0          # above 0: /r0/item, /r1/item, ... in turn
    closes: bool = False    # a new connection for each request
    refused: bool = False   # whether answers of 400 and above are expected
    hog: tuple = ()         # the client of hog.py that runs beside: its kind, and the bytes of one file or body


def run_to_end(command, seconds):
    """Runs a command of the load and returns what it printed."""
    process = processes.start(command, processes.LOAD_CORES, subprocess.PIPE)
    try:
        return process.communicate(timeout=seconds)[0].decode("utf-8", "replace")
    finally:
        processes.stop(process)


def run_wrk(port, load, seconds):
    """The numbers of wrk's RESULT line, by name."""
    threads = min(load.connections, max(1, len(processes.LOAD_CORES) // 2))
    output = run_to_end(["wrk", "-t%d" % threads, "-c%d" % load.connections, "-d%ds" % seconds, "--timeout", "10s",
                         "-s", SCRIPT, "http://127.0.0.1:%d%s" % (port, load.path), "--", load.method,
                         str(load.body_bytes), str(load.paths), "close" if load.closes else "keep"],
                        seconds + 30)
    match = re.search(r"RESULT (.*)", output)
    if not match:
        raise RuntimeError("wrk failed: " + output[-500:])
    result = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", match.group(1))}
    if result["requests"] == 0:
        raise RuntimeError("no request was answered: " + output[-500:])
    return result


def measure_wrk(peer, load, seconds):
    """CPU of the proxy for each request that wrk got an answer to, and what wrk saw."""
    before = processes.cpu_seconds(peer.process.pid)
    result = run_wrk(peer.port, load, seconds)
    cpu = processes.cpu_seconds(peer.process.pid) - before
    refused_expected = result["requests"] if load.refused else 0
    return {"cpu_us": 1e6 * cpu / result["requests"],
            "rps": 1e6 * result["requests"] / result["microseconds"],
            "p50_us": result["p50"], "p99_us": result["p99"], "p999_us": result["p999"],
            "errors": result["broken"] + abs(result["refused"] - refused_expected)}


def measure_beside(peer, load, seconds):
    """What wrk sees while one other client takes all it can, and how much that one got."""
    if not load.hog:
        return measure_wrk(peer, load, seconds)
    command = [sys.executable, HOG, load.hog[0], str(peer.port)] + [str(size) for size in load.hog[1:]]
    hog = processes.start(command, processes.LOAD_CORES, subprocess.PIPE)
    try:
        time.sleep(HOG_START_SECONDS)
        began = time.monotonic()
        result = measure_wrk(peer, load, seconds)
        hog.terminate()
        output = hog.communicate(timeout=10)[0].decode("utf-8", "replace")
    finally:
        processes.stop(hog)
    taken = HOG_START_SECONDS + time.monotonic() - began
    match = re.search(r"HOG requests=(\d+) bytes=(\d+)", output)
    if not match:
        raise RuntimeError("the hog failed: " + output[-500:])
    if load.hog[0] == "pipeline":
        return {**result, "hog_rps": int(match.group(1)) / taken}
    return {**result, "hog_mib_s": int(match.group(2)) / taken / (1 << 20)}


def measure_curl(peer, path, times):
    """CPU and wall time of whole downloads on one connection, in seconds for each."""
    url = "http://127.0.0.1:%d%s?[1-%d]" % (peer.port, path, times)
    before, began = processes.cpu_seconds(peer.process.pid), time.monotonic()
    output = run_to_end(["curl", "-s", "-S", "-w", "%{size_download}\n", url, "-o", "/dev/null"], 120)
    wall = time.monotonic() - began
    cpu = processes.cpu_seconds(peer.process.pid) - before
    expected = int(path.rpartition("/")[2])
    complete = sum(1 for line in output.split() if line == str(expected))
    return {"cpu_us": 1e6 * cpu / times, "cpu_s": cpu / times, "wall_s": wall / times,
            "errors": times - complete}


class IdleClients:
    """Connections that ask once and then wait. Every answer is awaited whole, by its length."""

    def __init__(self, port):
        self.port = port
        self.poll = select.epoll()
        self.sockets = {}

    def open(self, count):
        while len(self.sockets) < count:
            new = []
            for _ in range(min(AT_ONCE, count - len(self.sockets))):
                one = socket.create_connection(("127.0.0.1", self.port), 10)
                one.setblocking(False)
                self.sockets[one.fileno()] = one
                self.poll.register(one.fileno(), select.EPOLLIN)
                new.append(one)
            self.ask(new)

    def burst(self):
        """One request on every connection, all at once."""
        self.ask(list(self.sockets.values()))

    def ask(self, sockets):
        for one in sockets:
            one.send(REQUEST)
        waiting = {one.fileno(): b"" for one in sockets}
        deadline = time.monotonic() + IDLE_SECONDS_MAX
        while waiting:
            if time.monotonic() > deadline:
                raise RuntimeError("%d of %d connections got no answer" % (len(waiting), len(sockets)))
            for descriptor, _ in self.poll.poll(1, 1000):
                received = self.sockets[descriptor].recv(8192)
                if not received:
                    raise RuntimeError("the proxy closed an idle connection")
                answer = waiting[descriptor] = waiting[descriptor] + received
                if is_whole(answer):
                    del waiting[descriptor]

    def close(self):
        for one in self.sockets.values():
            one.close()
        self.sockets.clear()
        self.poll.close()


def is_whole(answer):
    head, end, content = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    if not head.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError("an idle connection got %r" % head[:60])
    return len(content) >= int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))


def measure_memory(peer, connections):
    """Memory at the start, with idle connections that have all been served, after a burst, and when all have gone."""
    result = {"errors": 0, "connections": connections}
    clients = IdleClients(peer.port)

    def note(moment):
        result[moment + "_rss"], result[moment + "_pss"] = processes.memory_bytes(peer.process.pid)

    try:
        note("start")
        clients.open(connections)
        note("idle")
        clients.burst()
        note("burst")
    finally:
        clients.close()
    time.sleep(GONE_SECONDS)
    note("gone")
    return result


def connections_possible(wanted):
    """A proxy needs two descriptors for each connection; some hundreds are left for the rest."""
    limit = os.sysconf("SC_OPEN_MAX")
    return min(wanted, max(64, (limit - 600) // 2))

#!/usr/bin/env python3
"""One client that takes all it can get, until SIGTERM; then it prints how much that was.

    hog.py KIND PORT [SIZE]

KIND: download (files of SIZE bytes, one after the other), pipeline (GET requests, thousands ahead of
their answers), upload (bodies of SIZE bytes, one after the other). It runs beside the small requests
of compare.py's fairness rows, as a process of its own.
"""
import select
import signal
import socket
import sys

import guard

HEAD = "%s %s HTTP/1.1\r\nHost: bench\r\nUser-Agent: hog\r\nAccept: */*\r\n%s\r\n"
AHEAD = 4000       # requests that are sent and not answered yet
AT_ONCE = 100      # requests of one write
STATUS = b"HTTP/1.1 200 "
BLOCK = bytes(1 << 18)


class Ended(Exception):
    """SIGTERM came."""


def end(number, frame):
    raise Ended


def receive(connection):
    received = connection.recv(1 << 20)
    if not received:
        raise RuntimeError("the proxy closed the hog's connection")
    return received


def download(connection, counts, size):
    request = (HEAD % ("GET", "/files/%d" % size, "")).encode()
    while True:
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            head += receive(connection)
        if not head.startswith(STATUS):
            raise RuntimeError("the hog got %r" % head[:60])
        left = size - len(head.partition(b"\r\n\r\n")[2])
        buffer = bytearray(1 << 20)
        while left:
            count = connection.recv_into(buffer, min(left, len(buffer)))
            if not count:
                raise RuntimeError("a download was cut")
            left -= count
            counts["bytes"] += count
        counts["requests"] += 1


def upload(connection, counts, size):
    request = (HEAD % ("POST", "/sink", "Content-Length: %d\r\n" % size)).encode()
    answers = guard.Messages(connection)
    while True:
        connection.sendall(request)
        left = size
        while left:
            sent = connection.send(BLOCK[:left] if left < len(BLOCK) else BLOCK)
            left -= sent
            counts["bytes"] += sent
        answer = answers.read()
        if not (answer or b"").startswith(STATUS):
            raise RuntimeError("the hog got %r" % answer)
        counts["requests"] += 1


def pipeline(connection, counts, _):
    """Writes as long as the proxy takes it, reads whatever has come, and counts the status lines."""
    batch = (HEAD % ("GET", "/small", "")).encode() * AT_ONCE
    connection.setblocking(False)
    sent, rest, tail = 0, b"", b""
    while True:
        wants_write = rest or sent - counts["requests"] < AHEAD
        readable, writable, _ = select.select([connection], [connection] if wants_write else [], [])
        if readable:
            received = receive(connection)
            counts["bytes"] += len(received)
            tail += received
            counts["requests"] += tail.count(STATUS)
            # Less than a whole status line, so that none is counted twice.
            tail = tail[-len(STATUS) + 1:]
        if writable:
            if not rest:
                rest, sent = batch, sent + AT_ONCE
            rest = rest[connection.send(rest):]


KINDS = {"download": download, "pipeline": pipeline, "upload": upload}


def main():
    counts = {"requests": 0, "bytes": 0}
    signal.signal(signal.SIGTERM, end)
    try:
        with socket.create_connection(("127.0.0.1", int(sys.argv[2])), 10) as connection:
            connection.settimeout(None)
            KINDS[sys.argv[1]](connection, counts, int(sys.argv[3]) if len(sys.argv) > 3 else 0)
    except Ended:
        pass
    print("HOG requests=%(requests)d bytes=%(bytes)d" % counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())

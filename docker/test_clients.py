"""Clients that docker/test.sh needs beside curl. They run in the network of the container.

test_clients.py drain PID     a request that is half sent when PID gets SIGTERM must be answered
test_clients.py crowd COUNT   so many connections stay open; twice each has a request, 50 of them at a time
"""
import os
import signal
import socket
import sys
import time

ADDRESS = ("127.0.0.1", 8080)
HEALTH = ("127.0.0.1", 8081)
WAIT = 20


def connect(address=ADDRESS):
    return socket.create_connection(address, timeout=WAIT)


def read_status(connection):
    """The status of one answer whose content is short and has a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit("the connection ended within a head: %r" % data)
        data += piece
    head, _, content = data.partition(b"\r\n\r\n")
    length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                   if line.lower().startswith(b"content-length:")), 0)
    while len(content) < length:
        piece = connection.recv(65536)
        if not piece:
            raise SystemExit("the connection ended within content: %r" % data)
        content += piece
    return int(head.split()[1])


def expect(connection, status):
    found = read_status(connection)
    if found != status:
        raise SystemExit("expected %d, found %d" % (status, found))


def refuses_clients():
    try:
        connect().close()
        return False
    except OSError:
        return True


def drain(pid):
    connection = connect()
    connection.sendall(b"POST /orders HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + WAIT
    while not refuses_clients():
        if time.monotonic() > end:
            raise SystemExit("it accepts clients after SIGTERM")
        time.sleep(0.02)
    with connect(HEALTH) as probe:
        probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
        expect(probe, 503)
    connection.sendall(b"cd")
    expect(connection, 201)


def crowd(count, at_a_time=50):
    connections = [connect() for _ in range(count)]
    for start in list(range(0, count, at_a_time)) * 2:
        for connection in connections[start:start + at_a_time]:
            connection.sendall(b"GET /reports/q3 HTTP/1.1\r\nHost: a\r\n\r\n")
        for connection in connections[start:start + at_a_time]:
            expect(connection, 200)


{"drain": drain, "crowd": crowd}[sys.argv[1]](int(sys.argv[2]))

"""HTTP/1.x messages on a socket, read strictly: any deviation from RFC 9112 is Malformed.

The client reads responses with it and the scripted origin reads requests, so whatever passes
through the gateway is judged on both sides by the same code, which shares nothing with the gateway.
"""
import hashlib
import re
import select
import socket
import time

from .limits import WAIT

TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
REQUEST_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e]+) HTTP/1\.([0-9])\Z")
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)\Z")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})\Z")
HEAD_MAX = 1 << 20
PIECE = 1 << 16


class Malformed(AssertionError):
    """The peer sent bytes that no correct peer sends."""


class Ended(AssertionError):
    """The peer ended the connection in the middle of a message (how: "eof" or "reset")."""

    def __init__(self, how, what, partial=b""):
        super().__init__("connection ended (%s) while reading %s; had %r" % (how, what, partial[:200]))
        self.how = how
        self.partial = bytes(partial)


class Silence(AssertionError):
    """The peer sent nothing before the deadline."""


class Stream:
    """A socket with a read buffer. `received` keeps the first bytes exactly as they came."""

    RECORD_MAX = 1 << 18

    def __init__(self, sock):
        sock.setblocking(True)
        self.sock = sock
        self.buffer = bytearray()
        self.received = bytearray()
        self.ended = None

    def fill(self, seconds=None):
        """Reads more into the buffer. False once the peer has ended; Silence at the deadline."""
        if self.ended:
            return False
        readable, _, _ = select.select([self.sock], [], [], WAIT if seconds is None else seconds)
        if not readable:
            raise Silence("nothing came; unread so far: %r" % bytes(self.buffer[:200]))
        try:
            data = self.sock.recv(PIECE)
        except (ConnectionResetError, BrokenPipeError):
            self.ended = "reset"
            return False
        if not data:
            self.ended = "eof"
            return False
        room = self.RECORD_MAX - len(self.received)
        if room > 0:
            self.received += data[:room]
        self.buffer += data
        return True

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def until(self, mark, what):
        """Bytes up to and with `mark`."""
        start = 0
        while True:
            at = self.buffer.find(mark, start)
            if at >= 0:
                return self.take(at + len(mark))
            if len(self.buffer) > HEAD_MAX:
                raise Malformed("%s without end" % what)
            start = max(0, len(self.buffer) - len(mark) + 1)
            if not self.fill():
                raise Ended(self.ended, what, self.buffer)

    def pass_exactly(self, count, sink, what):
        while count > 0:
            if not self.buffer and not self.fill():
                raise Ended(self.ended, what)
            data = self.take(min(count, len(self.buffer)))
            count -= len(data)
            sink(data)

    def exactly(self, count, what):
        """The next `count` bytes."""
        data = bytearray()
        self.pass_exactly(count, data.extend, what)
        return bytes(data)

    def pass_until_end(self, sink, what):
        while True:
            if self.buffer:
                sink(self.take(len(self.buffer)))
            if not self.fill():
                break
        if self.ended != "eof":
            raise Ended(self.ended, what)

    def wait_end(self):
        """Reads whatever still comes and returns ("eof" or "reset", the bytes that came)."""
        while self.fill():
            pass
        return self.ended, self.take(len(self.buffer))


class Message:
    """A head and, once read, its content."""

    def __init__(self, head):
        self.head = head
        lines = head[:-4].split(b"\r\n")
        for line in lines:
            if b"\n" in line or b"\r" in line or b"\0" in line:
                raise Malformed("CR, LF or NUL inside a line: %r" % line)
        self.first_line = lines[0]
        self.fields = [read_field(line) for line in lines[1:]]
        self.trailers = []
        self.framing = None
        self.body = None
        self.body_length = 0
        self.digest = None
        self.chunk_count = 0

    def all(self, name):
        name = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.fields if key.lower() == name]

    def get(self, name):
        """The value of a field that occurs at most once; None when it does not occur."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed("%s occurs %d times: %r" % (name, len(values), values))
        return values[0] if values else None

    def has_option(self, option):
        """Whether Connection lists `option`."""
        listed = ",".join(self.all("connection")).lower().split(",")
        return option in [word.strip() for word in listed]

    def read_body(self, stream, sink=None):
        pieces = []
        digest = hashlib.sha256()

        def take(data):
            self.body_length += len(data)
            digest.update(data)
            if sink is not None:
                sink(data)
            else:
                pieces.append(data)

        what = "the content of %r" % self.first_line
        try:
            kind, length = self.framing
            if kind == "length":
                stream.pass_exactly(length, take, what)
            elif kind == "chunked":
                self.read_chunks(stream, take)
            elif kind == "close":
                stream.pass_until_end(take, what)
        except Ended as end:
            end.partial = b"".join(pieces)
            raise
        self.body = b"".join(pieces) if sink is None else None
        self.digest = digest.hexdigest()
        return self

    def read_chunks(self, stream, take):
        while True:
            line = stream.until(b"\r\n", "a chunk line")[:-2]
            match = CHUNK_LINE.match(line)
            if not match:
                raise Malformed("chunk line %r" % line)
            size = int(match.group(1), 16)
            if size == 0:
                break
            self.chunk_count += 1
            stream.pass_exactly(size, take, "a chunk")
            end = bytearray()
            stream.pass_exactly(2, end.extend, "the end of a chunk")
            if end != b"\r\n":
                raise Malformed("chunk not followed by CRLF: %r" % bytes(end))
        while True:
            line = stream.until(b"\r\n", "the trailer section")[:-2]
            if not line:
                return
            self.trailers.append(read_field(line))

    def length_or_chunked(self, otherwise):
        codings = self.all("transfer-encoding")
        lengths = self.all("content-length")
        if codings:
            if codings != ["chunked"] or lengths:
                raise Malformed("framing: %r and %r" % (codings, lengths))
            return "chunked", None
        if lengths:
            if len(lengths) != 1 or not re.match(r"[0-9]{1,18}\Z", lengths[0]):
                raise Malformed("Content-Length %r" % lengths)
            return "length", int(lengths[0])
        return otherwise


def read_field(line):
    name, colon, value = line.partition(b":")
    if not colon or not TOKEN.match(name):
        raise Malformed("field line %r" % line)
    return name, value.strip(b" \t")


class Request(Message):
    def __init__(self, head):
        super().__init__(head)
        match = REQUEST_LINE.match(self.first_line)
        if not match:
            raise Malformed("request line %r" % self.first_line)
        self.method = match.group(1).decode()
        self.target = match.group(2).decode()
        self.minor = int(match.group(3))
        self.framing = self.length_or_chunked(("none", None))


class Response(Message):
    def __init__(self, head, method):
        super().__init__(head)
        match = STATUS_LINE.match(self.first_line)
        if not match:
            raise Malformed("status line %r" % self.first_line)
        self.minor = int(match.group(1))
        self.status = int(match.group(2))
        self.reason = match.group(3).decode("latin-1")
        self.interim = []
        framing = self.length_or_chunked(("close", None))
        # RFC 9112 section 6.3: these never have content, whatever the fields say.
        if method == "HEAD" or self.status < 200 or self.status in (204, 304):
            framing = ("none", None)
        self.framing = framing

    @property
    def text(self):
        return self.body.decode("utf-8")


def read_request_head(stream):
    return Request(stream.until(b"\r\n\r\n", "a request head"))


def read_response(stream, method="GET", sink=None):
    """The next final response, with the interim ones before it in .interim."""
    interim = []
    while True:
        response = Response(stream.until(b"\r\n\r\n", "a response head"), method)
        if response.status >= 200 or response.status == 101:
            break
        interim.append(response)
    response.interim = interim
    return response.read_body(stream, sink)


def connect(address, receive_bytes=None, seconds=None):
    """A connected socket. `address`: (host, port) or the path of a Unix socket."""
    if isinstance(address, str):
        sock = socket.socket(socket.AF_UNIX)
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        sock = socket.socket(family)
    if receive_bytes is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
    sock.settimeout(WAIT if seconds is None else seconds)
    try:
        sock.connect(address)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:
        sock.close()
        raise
    sock.settimeout(None)
    return sock


def send_all(sock, data, seconds=None):
    """sendall that gives up when the peer takes nothing until the deadline."""
    view = memoryview(data)
    while len(view):
        _, writable, _ = select.select([], [sock], [], WAIT if seconds is None else seconds)
        if not writable:
            raise Silence("the peer does not read")
        sent = sock.send(view[:PIECE], socket.MSG_DONTWAIT)
        view = view[sent:]


def is_silent(stream, seconds):
    """True when nothing at all comes for `seconds`: only for "must not answer yet"."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        readable, _, _ = select.select([stream.sock], [], [], max(0, end - time.monotonic()))
        if readable:
            return False
    return not stream.buffer

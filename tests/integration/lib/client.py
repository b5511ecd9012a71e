"""A raw HTTP client: sends exactly the bytes it is given, reads responses strictly."""
import socket
import struct

from . import wire


def request(method="GET", target="/", host="test", fields=(), body=None, version="1.1"):
    """The bytes of a request. `body` adds Content-Length; fields are (name, value) pairs."""
    lines = ["%s %s HTTP/%s" % (method, target, version)]
    if host is not None:
        lines.append("Host: " + host)
    lines += ["%s: %s" % pair for pair in fields]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def chunked(method, target, pieces, host="test", fields=(), trailers=()):
    """The bytes of a request whose content is sent in these chunks."""
    head = request(method, target, host, tuple(fields) + (("Transfer-Encoding", "chunked"),))
    return head + b"".join(chunk(piece) for piece in pieces) + last_chunk(trailers)


def chunk(piece):
    return b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b""


def last_chunk(trailers=()):
    return b"0\r\n" + b"".join(b"%s: %s\r\n" % pair for pair in trailers) + b"\r\n"


class Client:
    def __init__(self, address, receive_bytes=None):
        self.sock = wire.connect(address, receive_bytes)
        self.stream = wire.Stream(self.sock)

    def send(self, data):
        """False when the gateway ended the connection meanwhile: reading shows what it said."""
        try:
            wire.send_all(self.sock, data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def send_bytewise(self, data):
        """One write a byte; TCP_NODELAY makes each a segment."""
        return all(self.send(data[at:at + 1]) for at in range(len(data)))

    def read(self, method="GET", sink=None):
        return wire.read_response(self.stream, method, sink)

    def ask(self, method="GET", target="/", **kwargs):
        """Sends one request and reads its response."""
        self.send(request(method, target, **kwargs))
        return self.read(method)

    def read_head(self, method="GET"):
        """Only the head of the next response; its content stays unread."""
        return wire.Response(self.stream.until(b"\r\n\r\n", "a response head"), method)

    def finish_sending(self):
        self.sock.shutdown(socket.SHUT_WR)

    def wait_end(self):
        """"eof" or "reset"; fails when anything but the end comes."""
        how, extra = self.stream.wait_end()
        if extra:
            raise wire.Malformed("bytes after the last response: %r" % extra[:300])
        return how

    def wait_end_with(self, expected):
        """The end, after exactly these bytes."""
        how, data = self.stream.wait_end()
        if data != expected:
            raise wire.Malformed("%r instead of %r" % (data[:300], expected[:300]))
        return how

    def reset(self):
        """Ends the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self):
        self.sock.close()

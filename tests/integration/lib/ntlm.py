"""NTLM's three messages, as far as a proxy can tell them from real ones: no password is checked.

What matters is whom they belong to: a connection. The server that uses Login takes whoever logged in on a connection
for the author of everything that comes on it afterwards.
"""
import base64
import struct

SIGNATURE = b"NTLMSSP\0"
UNICODE = 0x1
FLAGS = 0x00088207  # Unicode and OEM, target name, NTLM, always sign, extended session security


def encode(message):
    return "NTLM " + base64.b64encode(message).decode()


def negotiate():
    """A client's first message, as the value of Authorization."""
    return encode(SIGNATURE + struct.pack("<II", 1, FLAGS) + b"\0" * 16)


def challenge():
    """The server's answer, as the value of WWW-Authenticate."""
    name = "TEST".encode("utf-16-le")
    blocks = struct.pack("<HH", 2, len(name)) + name + struct.pack("<HH", 0, 0)
    names_at = 48
    return encode(SIGNATURE + struct.pack("<IHHI", 2, len(name), len(name), names_at) +
                  struct.pack("<I", FLAGS | 0x00800000) + b"12345678" + b"\0" * 8 +
                  struct.pack("<HHI", len(blocks), len(blocks), names_at + len(name)) + name + blocks)


def authenticate(user):
    """A client's last message, as the value of Authorization."""
    name = user.encode("utf-16-le")
    head = SIGNATURE + struct.pack("<I", 3)
    parts = [b"", b"", b"", name, b"", b""]  # LM, NT, domain, user, workstation, session key
    at = len(head) + 8 * len(parts) + 4
    for part in parts:
        head += struct.pack("<HHI", len(part), len(part), at)
        at += len(part)
    return encode(head + struct.pack("<I", FLAGS) + name)


def read_user(message):
    length, _, at = struct.unpack_from("<HHI", message, 36)
    flags, = struct.unpack_from("<I", message, 60)
    return message[at:at + length].decode("utf-16-le" if flags & UNICODE else "latin-1")


class Login:
    """One connection of a server: who has logged in on it."""

    def __init__(self):
        self.user = None
        self.offered = False

    def judge(self, authorization):
        """The value of Authorization, or None, to the WWW-Authenticate of a 401, or None: then `user` asks."""
        if authorization is None or not authorization.upper().startswith("NTLM "):
            return None if self.user else "NTLM"
        message = base64.b64decode(authorization[5:])
        if not message.startswith(SIGNATURE):
            return "NTLM"
        if message[8] == 1:
            self.user, self.offered = None, True
            return challenge()
        if message[8] != 3 or not self.offered:
            return "NTLM"  # the last message without the first: another connection's
        self.user, self.offered = read_user(message), False
        return None

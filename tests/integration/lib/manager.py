"""A service manager's side: the messages of sd_notify(3), and a thread of another process that is held."""
import ctypes
import os
import signal
import socket
import time

from .limits import WAIT

PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 7, 17, 0x4206, 0x4207
WALL = 0x40000000
PR_SET_CHILD_SUBREAPER = 36


class Manager:
    """The socket that NOTIFY_SOCKET names. A message is a dictionary of its assignments."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.environment = {"NOTIFY_SOCKET": path.replace("\0", "@")}
        self.messages = []

    def receive(self, seconds=WAIT):
        """The next message, or None when none comes in time."""
        self.socket.settimeout(seconds)
        try:
            text = self.socket.recv(65536).decode("utf-8")
        except (socket.timeout, BlockingIOError):
            return None
        message = dict(line.split("=", 1) for line in text.splitlines())
        self.messages.append(message)
        return message

    def wait(self, key, value=None):
        """Waits for a message that assigns `key` (and this value), and returns it."""
        end = time.monotonic() + WAIT
        while time.monotonic() < end:
            message = self.receive(end - time.monotonic())
            if message is not None and key in message and value in (None, message[key]):
                return message
        raise AssertionError("the service manager was not told %s=%s, only: %r" % (key, value or "...", self.messages))

    def forget(self):
        """Takes away what has come so far."""
        while self.receive(0) is not None:
            pass

    def close(self):
        self.socket.close()


def threads_named(pid, name):
    """The thread ids of a process whose threads have this name."""
    found = []
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/comm" % (pid, task), encoding="utf-8") as file:
            if file.read().rstrip("\n") == name:
                found.append(int(task))
    return found


class HeldThread:
    """One thread of another process stands still, the others run; with ptrace(2), from one thread of ours."""

    def __init__(self, tid):
        self.tid = tid
        self.library = ctypes.CDLL(None, use_errno=True)
        self.library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.library.ptrace.restype = ctypes.c_long
        self.trace(PTRACE_SEIZE)
        self.trace(PTRACE_INTERRUPT)
        os.waitpid(tid, WALL)

    def trace(self, request):
        if self.library.ptrace(request, self.tid, None, None) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def release(self):
        self.trace(PTRACE_DETACH)

    def wait_end(self):
        """Whoever traces a thread is told of its end first; the process's parent after that."""
        while not os.WIFSIGNALED(os.waitpid(self.tid, WALL)[1]):
            self.trace(PTRACE_CONT)


def become_subreaper():
    """Processes that lose their parent become ours, so that we can wait for them."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


class Successor:
    """The process that took over from a Gateway: no child of ours until its parents are gone."""

    def __init__(self, pid):
        self.pid = pid

    def wait(self):
        """Its exit status, as of a child."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return self.wait()

    def discard(self):
        """The last step of a test, whatever has become of the process."""
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass

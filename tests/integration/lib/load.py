"""Clients that ask without a pause and forgive nothing: a request without its whole answer is a failure."""
import threading

from . import wire
from .client import Client
from .limits import until


class Load:
    """`kept` clients ask on one connection until they are told to close it, `fresh` ones on a new one each time."""

    def __init__(self, address, kept=3, fresh=3):
        self.address = address
        self.failures = []
        self.counts = [0] * (kept + fresh)
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(index, index < kept), daemon=True)
                        for index in range(kept + fresh)]
        for thread in self.threads:
            thread.start()

    def run(self, index, is_kept):
        connection = None
        while not self.is_over.is_set():
            try:
                connection = connection or Client(self.address)
                is_last = self.ask(connection, index)
            except (OSError, wire.Ended, wire.Malformed, wire.Silence) as error:
                self.failures.append("client %d, request %d: %r" % (index, self.counts[index], error))
                is_last = True
            if is_last or not is_kept:
                connection.close()
                connection = None
            self.counts[index] += 1
        if connection is not None:
            connection.close()

    def ask(self, connection, index):
        """Asks once; True when the server closes the connection."""
        method = ("GET", "POST")[self.counts[index] % 2]
        body = b"x" * (1 + self.counts[index] % 3000) if method == "POST" else None
        response = connection.ask(method, "/", body=body)
        if response.status not in (200, 201):
            raise wire.Malformed("status %d" % response.status)
        return (response.get("connection") or "").lower() == "close"

    def go_on(self, count):
        """Waits until each client has asked `count` times more."""
        wanted = [done + count for done in self.counts]
        until(lambda: self.failures or all(done >= want for done, want in zip(self.counts, wanted)), "the load")

    def end(self):
        """Ends the clients and returns their failures."""
        self.is_over.set()
        for thread in self.threads:
            thread.join()
        return self.failures

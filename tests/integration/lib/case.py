"""The base of all integration tests: makes processes and sockets, and takes them away again."""
import unittest

from . import backends, client, gateway, origin, wire

DIRECT = False


def works_directly(test):
    """Marks a test that must pass without the gateway too: `run.py --direct` runs it."""
    test.works_directly = True
    return test


def threads(test):
    """Marks a test for the ThreadSanitizer run: several workers, reloads, load."""
    test.threads = True
    return test


class Case(unittest.TestCase):
    maxDiff = 2000

    def setUp(self):
        self.gateways = []

    # ---- the gateway ----

    def prepare(self, text, files=None, env=None, sockets=None):
        """A gateway that is not started yet."""
        if DIRECT:
            gate = gateway.DirectGateway(text)
        else:
            gate = gateway.Gateway(text, files, env, sockets)
        self.gateways.append(gate)
        self.addCleanup(gate.discard)
        return gate

    def gateway(self, text, files=None, env=None, sockets=None):
        """A running gateway; at the end of the test it must stop cleanly."""
        gate = self.prepare(text, files, env, sockets)
        self.addCleanup(gate.stop)
        return gate.start()

    def gate(self, backend, **sections):
        """A running gateway in front of one backend; see gateway.ini for the sections."""
        return self.gateway(gateway.ini(backend.server, **sections))

    # ---- backends ----

    def keep(self, thing):
        self.addCleanup(thing.close)
        return thing

    def origin(self, *scripts, **kind):
        return self.keep(origin.Origin(*scripts, **kind))

    def nginx(self, **kind):
        return self.keep(backends.Nginx(**kind))

    def python_server(self, **kind):
        return self.keep(backends.PythonServer(**kind))

    # ---- clients ----

    def client(self, place, **options):
        """A connection to a gateway, a backend or an address."""
        return self.keep(client.Client(getattr(place, "address", place), **options))

    def ask(self, place, method="GET", target="/", **kwargs):
        """One request on a connection of its own."""
        return self.client(place).ask(method, target, **kwargs)

    # ---- checks ----

    def assert_status(self, response, status):
        self.assertEqual(response.status, status,
                         "%r: %r" % (response.first_line, (response.body or b"")[:300]))

    def assert_closed(self, connection):
        self.assertIn(connection.wait_end(), ("eof", "reset"))

    def assert_stays_open(self, connection, method="GET", target="/", status=200):
        """The connection still answers."""
        response = connection.ask(method, target)
        self.assert_status(response, status)
        return response

    def assert_incomplete(self, connection, method="GET"):
        """The response must not look complete; returns what came of its content."""
        with self.assertRaises(wire.Ended) as caught:
            connection.read(method)
        return caught.exception.partial

    def diagnostics(self):
        """What the runner prints beside a failure."""
        return "\n".join("---- log of gateway %d ----\n%s" % (number, gate.log[-6000:])
                         for number, gate in enumerate(self.gateways))

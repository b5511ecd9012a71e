"""Memory that runs out while clients are served: requests fail, the process does not."""
import contextlib
import resource

from lib import wire
from lib.admin import ON, AdminCase
from lib.client import Client, request
from lib.gateway import BINARY, ini
from lib.limits import until


def has_sanitizer():
    with open(BINARY, "rb") as file:
        data = file.read()
    return b"libasan" in data or b"libtsan" in data or b"__asan_init" in data or b"__tsan_init" in data


class Memory(AdminCase):
    alone = True

    def setUp(self):
        super().setUp()
        if has_sanitizer():
            self.skipTest("sanitizers reserve more address space than any limit allows")

    def start_small(self, backend, workers):
        """Without the address space that the C library sets aside for each thread."""
        gate = self.gateway(ini(backend.server, gateway=ON, workers=workers), env={"MALLOC_ARENA_MAX": "1"})
        gate.admin = self.admin_address(gate)
        return gate

    def limit(self, gate, spare):
        """From here on the process may have `spare` bytes more than it has. Each worker has its listener then."""
        for _ in range(8):
            self.assert_status(self.ask(gate), 200)
        most = 1024 * gate.status_number("VmSize") + spare
        resource.prlimit(gate.pid, resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))

    def lift(self, gate):
        resource.prlimit(gate.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def crowd(self, gate, count):
        """Clients of which every fourth is amid a head, which takes a buffer."""
        clients = []
        for number in range(count):
            with contextlib.suppress(OSError):
                clients.append(Client(gate.address))
                if number % 4 == 0:
                    clients[-1].send(request()[:-2])
        return clients

    def test_a_crowd_of_clients_ends_no_process_that_has_little_memory_left(self):
        """The table of a loop's descriptors grew at 64, 128, 256... of them, and libuv aborts when it cannot."""
        backend = self.origin()
        for spare in range(0, 1 << 20, 128 << 10):
            gate = self.start_small(backend, "2")
            self.limit(gate, spare)
            for client in self.crowd(gate, 560):
                client.close()
            for _ in range(8):
                with contextlib.suppress(wire.Ended, OSError):
                    self.assertIn(self.ask(gate).status, (200, 502, 503))
            self.assertIsNone(gate.process.poll(), "spare: %d\n%s" % (spare, gate.log))
            self.lift(gate)
            gate.stop()

    def test_a_request_for_which_there_is_no_memory_is_answered_503(self):
        gate = self.start_small(self.origin(), "1")
        self.limit(gate, 0)
        statuses = set()
        for _ in range(400):
            client = self.client(gate)
            client.send(request()[:-2])
            if not wire.is_silent(client.stream, 0.001):
                with contextlib.suppress(wire.Ended):
                    statuses.add(client.read().status)
                break
        else:
            self.fail("400 requests had their buffers")
        self.assertEqual(statuses, {503})
        gate.wait_log("out of memory: a request was answered 503")

    def test_the_admin_listener_answers_while_memory_is_short(self):
        gate = self.start_small(self.origin(), "1")
        self.limit(gate, 0)
        for target in ("/healthz", "/metrics"):
            self.assert_status(self.visit(gate, target), 200)

    def test_a_reload_without_memory_fails_and_the_next_one_succeeds(self):
        gate = self.start_small(self.origin(), "1")
        self.limit(gate, 0)
        clients = self.crowd(gate, 400)
        gate.reload()
        for client in clients:
            client.close()
        self.assertIsNone(gate.process.poll(), gate.log)
        self.lift(gate)
        self.assertTrue(gate.reload())

    def test_the_tables_of_many_loops_are_bounded(self):
        """A million clients and hundreds of loops would have gigabytes of them."""
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4096:
            self.skipTest("needs 4,096 descriptors")
        gate = self.start_admin(self.origin(), gateway=ON + "\nmax-connections = 1000000", workers="32")
        until(lambda: gate.status_number("Threads") > 32, "the workers")
        self.assertLess(gate.resident_bytes(), (64 + 32) << 20)

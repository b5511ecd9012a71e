"""The process as a whole: what its threads share, what it inherits, and what it takes from the machine."""
import contextlib
import json
import pathlib
import re
import threading

from lib import elf
from lib.case import Case, threads
from lib.client import Client
from lib.gateway import BINARY, ini

HEADER = pathlib.Path(__file__).resolve().parents[2] / "include/verbgate/policy/access_format.h"
VARIABLES = re.findall(r'^    X\([A-Z_]+, "([a-z_]+)"\)', HEADER.read_text(encoding="ascii"), re.M)


@contextlib.contextmanager
def load_of(gate, clients):
    """Clients that ask all the time; each ends with the block, and a failure is raised then."""
    stop, failures = threading.Event(), []

    def ask():
        try:
            connection = Client(gate.address)
            while not stop.is_set():
                status = connection.ask("GET", fields=[("User-Agent", "load"), ("Referer", "http://test/")]).status
                if status != 200:
                    failures.append(status)
            connection.close()
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    running = [threading.Thread(target=ask) for _ in range(clients)]
    for one in running:
        one.start()
    try:
        yield
    finally:
        stop.set()
        for one in running:
            one.join()
    if failures:
        raise AssertionError("of %d failures the first: %r" % (len(failures), failures[0]))


class Policies(Case):
    """A policy is never written after it was handed over."""

    RELOADS = 12

    def reload_under_load(self, form):
        gateway = "access-log = @FOLDER@/access.log\naccess-log-format = %s\n" % form
        texts = [ini(self.backend.server, gateway=gateway, workers="4", upstream="implements = GET " + extra)
                 for extra in ("POST", "PUT")]
        gate = self.gateway(texts[0])
        with load_of(gate, 4):
            for number in range(self.RELOADS):
                self.assertTrue(gate.reload(texts[(number + 1) % 2]))
        gate.stop()
        return gate.access_lines(1)

    def generations(self, numbers):
        self.assertLessEqual(set(numbers), set(range(1, self.RELOADS + 2)), "a generation that never was in force")

    def setUp(self):
        super().setUp()
        self.backend = self.origin()

    @threads
    def test_reloads_under_load_with_the_access_log_format_common(self):
        for line in self.reload_under_load("common"):
            self.assertRegex(line, r'^127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 \d+$')

    @threads
    def test_reloads_under_load_with_the_access_log_format_combined(self):
        for line in self.reload_under_load("combined"):
            self.assertRegex(line, r'"GET / HTTP/1\.1" 200 \d+ "http://test/" "load"$')

    @threads
    def test_reloads_under_load_with_the_access_log_format_json(self):
        self.generations(json.loads(line)["generation"] for line in self.reload_under_load("json"))

    @threads
    def test_reloads_under_load_with_every_variable_of_the_access_log(self):
        self.assertEqual(VARIABLES[-1], "generation")
        text = " ".join("$" + name for name in VARIABLES)
        lines = self.reload_under_load(text)
        self.generations(int(line.rsplit(" ", 1)[1]) for line in lines)


class Hardening(Case):
    """The build as it is installed; sanitizers take the place of it in the other builds."""

    def setUp(self):
        super().setUp()
        try:
            self.file = elf.Elf(BINARY)
        except ValueError as reason:
            self.skipTest(str(reason))
        if any(b"libasan" in name or b"libtsan" in name for name in self.file.strings()):
            self.skipTest("a build with sanitizers")

    def test_the_binary_is_position_independent_and_bound_at_its_start(self):
        self.assertEqual(self.file.type, elf.EXECUTABLE_POSITION_INDEPENDENT)
        self.assertIn(elf.SEGMENT_RELRO, self.file.segments)
        flags, flags_1 = sum(self.file.values(elf.TAG_FLAGS)), sum(self.file.values(elf.TAG_FLAGS_1))
        self.assertTrue(flags & elf.FLAGS_BIND_NOW or flags_1 & elf.FLAGS_1_NOW)
        self.assertTrue(flags_1 & elf.FLAGS_1_PIE)

    def test_the_stack_is_no_code_and_is_guarded(self):
        self.assertFalse(self.file.segments[elf.SEGMENT_STACK][0] & elf.FLAG_EXECUTE)
        self.assertIn(b"__stack_chk_fail", self.file.strings())

    def test_calls_into_the_c_library_are_checked(self):
        checked = [name for name in self.file.strings() if name.endswith(b"_chk")]
        self.assertGreater(len(checked), 3, checked)

    def test_indirect_calls_land_where_they_may(self):
        if self.file.machine != elf.MACHINE_X86_64:
            self.skipTest("-fcf-protection is for x86")
        # The functions of the parser and of the command line are called through pointers.
        self.assertGreater(self.file.code().count(b"\xf3\x0f\x1e\xfa"), 50)

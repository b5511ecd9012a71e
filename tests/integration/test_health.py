"""The health listener: two pages for orchestrators, beside an admin listener that they do not reach."""
import os
import signal
import socket
import time

from lib import wire
from lib.admin import ON, AdminCase
from lib.case import threads
from lib.client import request
from lib.gateway import ini, parse_address, run_command
from lib.limits import until
from lib.origin import answer, serve, unused_port

HEALTH = "health = 127.0.0.1:0"


class HealthCase(AdminCase):
    def health_address(self, gate, since=0):
        return parse_address(gate.wait_log(r"health listener on (\S+)", since).group(1))

    def start_health(self, gateway=HEALTH, **sections):
        gate = self.gate(self.origin(), gateway=gateway, **sections)
        gate.health = self.health_address(gate)
        return gate

    def look(self, gate, target, method="GET", host="10.1.2.3:8081", **kwargs):
        return self.ask(gate.health, method, target, host=host, **kwargs)


class Pages(HealthCase):
    def test_there_are_two_pages_and_no_more(self):
        gate = self.start_health(HEALTH + "\n" + ON)
        gate.admin = self.admin_address(gate)
        self.assertEqual(self.look(gate, "/healthz").body, b"ok\n")
        self.assertEqual(self.look(gate, "/readyz").body, b"ready\n")
        self.assertFalse(self.look(gate, "/readyz", "HEAD").body)
        for path in ("/metrics", "/policy", "/policy.html"):
            self.assert_status(self.visit(gate, path), 200)
            self.assert_status(self.look(gate, path), 404)
        self.assert_status(self.look(gate, "/"), 404)

    def test_other_methods_are_refused(self):
        gate = self.start_health()
        response = self.look(gate, "/healthz", "POST", body=b"x" * 100000)
        self.assert_status(response, 405)
        self.assertEqual(response.get("allow"), "GET, HEAD")
        self.assert_status(self.look(gate, "/healthz", "BREW"), 501)
        self.assert_status(self.look(gate, "/metrics", "POST"), 404)

    def test_any_host_is_fine_as_it_is_for_a_kubelet(self):
        gate = self.start_health()
        for host in ("10.1.2.3:8081", "pod.example", "localhost"):
            self.assert_status(self.look(gate, "/healthz", host=host), 200)
        self.assert_status(self.look(gate, "/healthz", host=None), 400)

    def test_an_address_that_others_reach_needs_no_more_words(self):
        gate = self.start_health("health = 0.0.0.0:0")
        gate.health = ("127.0.0.1", gate.health[1])
        self.assert_status(self.look(gate, "/readyz"), 200)

    def test_readyz_says_503_while_the_process_drains(self):
        gate = self.start_health(HEALTH + "\ndrain-delay = 2s")
        gate.signal(signal.SIGTERM)
        until(lambda: self.look(gate, "/readyz").status == 503, "readyz to say 503")
        self.assertEqual(self.look(gate, "/readyz").body, b"draining\n")
        self.assert_status(self.look(gate, "/healthz"), 200)
        self.assertEqual(gate.wait(), 0)

    def test_those_who_crowd_it_keep_nobody_from_admin(self):
        gate = self.start_health(HEALTH + "\n" + ON)
        gate.admin = self.admin_address(gate)
        before = gate.count_open("socket")
        held = []
        for number in range(32):
            held.append(self.client(gate.health))
            until(lambda: gate.count_open("socket") == before + len(held), "connection %d to be accepted" % number)
        crowd = self.client(gate.admin)
        crowd.send(request("GET", "/metrics", host="localhost"))
        self.assert_status(crowd.read(), 200)
        for client in held[1:]:
            client.send(request("GET", "/healthz"))
        for client in held[1:]:
            self.assert_status(client.read(), 200)


class Reload(HealthCase):
    @threads
    def test_a_reload_moves_it_and_ends_it(self):
        backend = self.origin()
        gate = self.gateway(ini(backend.server, gateway=HEALTH))
        gate.health = old = self.health_address(gate)
        since = gate.mark()
        self.assertTrue(gate.reload(ini(backend.server, gateway="health = unix:@FOLDER@/health.sock\nadmin-mode = 0600")))
        gate.health = self.health_address(gate, since)
        self.assertEqual(os.stat(gate.path("health.sock")).st_mode & 0o777, 0o600)
        self.assert_status(self.look(gate, "/healthz"), 200)
        with self.assertRaises(OSError):
            wire.connect(old)
        self.assertTrue(gate.reload(ini(backend.server)))
        self.assertFalse(os.path.exists(gate.path("health.sock")))

    def test_one_that_cannot_be_bound_fails_the_reload_as_a_whole(self):
        backend = self.origin()
        taken = self.keep(socket.create_server(("127.0.0.1", 0)))
        gate = self.gateway(ini(backend.server, gateway=HEALTH))
        gate.health = self.health_address(gate)
        since = gate.mark()
        self.assertFalse(gate.reload(ini(backend.server, gateway="admin = unix:@FOLDER@/admin.sock\nhealth = 127.0.0.1:%d"
                                         % taken.getsockname()[1])))
        gate.wait_log(r"gateway.ini:\d+: health: cannot listen on .*: another process or listener has it", since)
        self.assertFalse(os.path.exists(gate.path("admin.sock")))
        self.assert_status(self.look(gate, "/healthz"), 200)


class Command(HealthCase):
    """`verbgate health` asks the address that the policy has."""

    def running(self, gateway, **sections):
        """A gateway on a port that the policy names; one that was taken meanwhile is tried again."""
        backend = self.origin()
        for _ in range(5):
            gate = self.prepare(ini(backend.server, gateway=gateway % {"port": unused_port()}, **sections))
            try:
                return gate.start()
            except AssertionError as problem:
                if "another process or listener has it" not in str(problem):
                    raise
                gate.stop()
        self.fail("no port was free five times")

    def health(self, gate, *more, env=None):
        result = run_command("health", "-c", gate.config, *more, env=env)
        return result.returncode, result.stdout, result.stderr

    def check_works(self, gateway):
        gate = self.running(gateway)
        self.assertEqual(self.health(gate), (0, "ok\n", ""), gateway)
        self.assertEqual(self.health(gate, "--ready"), (0, "ready\n", ""), gateway)

    def test_it_asks_health_and_else_admin(self):
        self.check_works("health = 127.0.0.1:%(port)d")
        self.check_works("admin = 127.0.0.1:%(port)d")
        self.check_works("admin = unix:@FOLDER@/nobody.sock\nhealth = unix:@FOLDER@/health.sock")
        self.check_works("admin = localhost:%(port)d")

    def test_a_wildcard_address_becomes_loopback(self):
        self.check_works("health = 0.0.0.0:%(port)d")
        self.check_works("health = *:%(port)d")

    def test_what_drains_is_not_ready_but_works(self):
        gate = self.running("health = unix:@FOLDER@/health.sock\ndrain-delay = 10m")
        gate.signal(signal.SIGTERM)
        gate.wait_log("not ready from now on")
        self.assertEqual(self.health(gate, "--ready"), (1, "draining\n", ""))
        self.assertEqual(self.health(gate), (0, "ok\n", ""))

    def test_a_process_that_does_not_run_is_told(self):
        gate = self.prepare(ini("127.0.0.1:1", gateway="health = unix:@FOLDER@/health.sock"))
        code, said, problem = self.health(gate)
        self.assertEqual((code, said), (1, ""))
        self.assertIn("health.sock: No such file or directory: no verbgate runs there", problem)

    def test_a_file_that_was_broken_meanwhile_ends_no_process_that_works(self):
        gate = self.running("health = unix:@FOLDER@/health.sock")
        gate.write("[gateway]\nhealth = unix:@FOLDER@/health.sock\nhealht = off\n[upstream x]\n[rout\n")
        self.assertEqual(run_command("check", "-c", gate.config).returncode, 1)
        self.assertEqual(self.health(gate), (0, "ok\n", ""))

    def test_variables_and_includes_are_followed(self):
        gate = self.running("health = unix:@FOLDER@/health.sock")
        gate.write("include = part.ini\n", {"part.ini": "[gateway]\nhealth = unix:${PLACE}/health.sock\n"})
        self.assertEqual(self.health(gate, env={"PLACE": gate.folder.name})[0], 0)
        code, _, problem = self.health(gate)
        self.assertEqual(code, 1)
        self.assertIn('the environment variable "PLACE"', problem)

    def test_a_policy_without_an_address_says_what_to_set(self):
        for text, hint in (("", "set health = 127.0.0.1:8081"), ("health = off", "set health = 127.0.0.1:8081"),
                           ("health = 127.0.0.1:0", "give health a port"),
                           ("health = gateway.example:8081", "names are not looked up")):
            gate = self.prepare(ini("127.0.0.1:1", gateway=text))
            code, said, problem = self.health(gate)
            self.assertEqual((code, said), (1, ""), text)
            self.assertIn(hint, problem)
        self.assertEqual(run_command("health", "-c", gate.path("none.ini")).returncode, 1)

    def test_it_waits_a_bounded_time(self):
        silent = self.keep(socket.create_server(("127.0.0.1", 0)))
        gate = self.prepare(ini("127.0.0.1:1", gateway="health = 127.0.0.1:%d" % silent.getsockname()[1]))
        begun = time.monotonic()
        code, _, problem = self.health(gate, "--timeout", "50ms")
        self.assertEqual(code, 1)
        self.assertIn("no response within 50 ms", problem)
        self.assertGreaterEqual(time.monotonic() - begun, 0.05)

    def test_what_is_no_verbgate_is_told(self):
        other = self.origin(serve(lambda message: answer(404, b"no", reason="No")))
        gate = self.prepare(ini("127.0.0.1:1", gateway="health = %s" % other.server))
        code, said, problem = self.health(gate)
        self.assertEqual((code, said), (1, ""))
        self.assertIn("status 404 for /healthz: is this verbgate?", problem)

    def test_wrong_usage_is_2(self):
        gate = self.prepare(ini("127.0.0.1:1"))
        self.assertEqual(run_command("health").returncode, 2)
        for words in (("--timeout", "2"), ("--timeout", "0s"), ("--timeout", "2m"), ("--wrong",), ("word",)):
            self.assertEqual(self.health(gate, *words)[0], 2, words)

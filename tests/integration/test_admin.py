"""Metrics and the admin listener."""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading

from lib import wire
from lib.admin import ON, AdminCase, parse_samples
from lib.case import threads
from lib.client import Client, request
from lib.gateway import ini, parse_address, run_command
from lib.limits import until
from lib.origin import answer, serve

class Metrics(AdminCase):
    ROUTES = "\n".join([
        "[route orders]", "path = /orders", "upstream = backend", "allow = GET",
        "[route all]", "upstream = backend"])

    def requests(self, gate, expected, **labels):
        self.wait_value(gate, expected, "verbgate_requests_total", **labels)

    @threads
    def test_counts_are_exact_after_a_known_number_of_requests(self):
        gate = self.start_admin(self.origin(serve()), upstream="implements = GET HEAD POST",
                                more=self.ROUTES, workers="2")
        for _ in range(4):
            connection = self.client(gate)
            for _ in range(5):
                self.assert_status(connection.ask("GET", "/orders"), 200)
            self.assert_status(connection.ask("POST", "/orders", body=b"12345"), 405)
            self.assert_status(connection.ask("BREW", "/orders"), 501)
            self.assert_status(connection.ask("POST", "/x", body=b"12345"), 200)
            connection.send(b"nonsense\r\n\r\n")
            self.assert_status(connection.read(), 400)
        self.requests(gate, 20, upstream="backend", route="orders", decision="forward",
                      answered_by="upstream", method="GET", status="200")
        self.requests(gate, 4, upstream="backend", route="orders", decision="refuse",
                      answered_by="gateway", method="POST", status="405")
        self.requests(gate, 4, upstream="", route="", decision="refuse", answered_by="gateway",
                      method="other", status="501")
        self.requests(gate, 4, upstream="backend", route="all", decision="forward",
                      answered_by="upstream", method="POST", status="200")
        self.requests(gate, 4, upstream="", route="", decision="invalid", answered_by="gateway",
                      method="other", status="400")
        samples = self.scrape(gate)
        total = sum(number for (name, _), number in samples.items()
                    if name == "verbgate_requests_total")
        self.assertEqual(total, 36)
        self.assertEqual(samples["verbgate_request_duration_seconds_count",
                                 (("upstream", "backend"),)], 24)
        self.assertEqual(samples["verbgate_time_to_first_byte_seconds_bucket",
                                 (("le", "+Inf"), ("upstream", "backend"))], 24)
        self.assertEqual(samples["verbgate_request_content_bytes_total", ()], 40)
        self.assertEqual(samples["verbgate_client_connections_accepted_total", ()], 4)
        self.assertEqual(samples["verbgate_ends_total", (("reason", "complete"),)], 24)
        self.assertEqual(samples["verbgate_ends_total", (("reason", "refused"),)], 8)
        self.assertEqual(samples["verbgate_workers", ()], 2)

    def test_an_answer_of_ours_is_told_from_one_of_the_backend(self):
        def reply(message):
            return answer(405, b"no", reason="No") if message.target == "/theirs" else answer()
        gate = self.start_admin(self.origin(serve(reply)), more=self.ROUTES)
        self.assert_status(self.ask(gate, "GET", "/theirs"), 405)
        self.assert_status(self.ask(gate, "POST", "/orders", body=b""), 405)
        self.requests(gate, 1, upstream="backend", route="all", decision="forward",
                      answered_by="upstream", method="GET", status="405")
        self.requests(gate, 1, upstream="backend", route="orders", decision="refuse",
                      answered_by="gateway", method="POST", status="405")

    def test_a_dead_backend_and_a_client_that_leaves_are_counted(self):
        stop = threading.Event()
        self.addCleanup(stop.set)

        def hang(connection):
            connection.read_request()
            connection.wait(stop)
        gate = self.start_admin(self.origin(hang), more="\n".join([
            "[upstream dead]", "server = 127.0.0.1:1", "[route dead]", "path = /dead",
            "upstream = dead", "[route all]", "upstream = backend"]))
        self.assert_status(self.ask(gate, "GET", "/dead"), 502)
        self.requests(gate, 1, upstream="dead", route="dead", decision="forward",
                      answered_by="gateway", method="GET", status="502")
        self.wait_value(gate, 1, "verbgate_ends_total", reason="upstream_refused")
        connection = self.client(gate)
        connection.send(request("GET", "/"))
        self.wait_value(gate, 2, "verbgate_upstream_connections_opened_total")
        connection.reset()
        self.requests(gate, 1, upstream="backend", route="all", decision="forward",
                      answered_by="nobody", method="GET", status="499")
        self.wait_value(gate, 1, "verbgate_ends_total", reason="client_gone")

    def test_connections_and_the_pool_are_seen_as_they_are_now(self):
        gate = self.start_admin(self.origin(serve()))
        first, second = self.client(gate), self.client(gate)
        for connection in (first, second, first):
            connection.ask()
        self.wait_value(gate, 2, "verbgate_client_connections_open")
        self.wait_value(gate, 1, "verbgate_upstream_connections_open")
        self.wait_value(gate, 1, "verbgate_upstream_connections_idle")
        self.wait_value(gate, 1, "verbgate_upstream_connections_opened_total")
        self.wait_value(gate, 2, "verbgate_upstream_connections_reused_total")
        first.close()
        second.close()
        self.wait_value(gate, 0, "verbgate_client_connections_open")
        self.wait_value(gate, 2, "verbgate_client_connections_accepted_total")

    @threads
    def test_scraping_goes_on_while_traffic_and_reloads_run(self):
        backend = self.origin(serve())
        text = ini(backend.server, gateway=ON, workers="2")
        gate = self.gateway(text)
        gate.admin = self.admin_address(gate)
        stop = threading.Event()
        counts = []

        def load():
            connection = Client(gate.address)
            number = 0
            while not stop.is_set() or number < 50:
                if connection.ask().status != 200:
                    break
                number += 1
            connection.close()
            counts.append(number)
        clients = [threading.Thread(target=load) for _ in range(3)]
        for thread in clients:
            thread.start()
        before = 0
        for number in range(10):
            now = sum(value for (name, _), value in self.scrape(gate).items()
                      if name == "verbgate_requests_total")
            self.assertGreaterEqual(now, before)
            before = now
            self.assertTrue(gate.reload(text + "[route new%d]\nupstream = backend\n" % number))
        stop.set()
        for thread in clients:
            thread.join()
        self.assertEqual(len(counts), 3)
        until(lambda: sum(value for (name, _), value in self.scrape(gate).items()
                          if name == "verbgate_requests_total") == sum(counts), "all to be counted")

    def test_promtool_finds_nothing_wrong_with_the_page(self):
        promtool = shutil.which("promtool")
        if promtool is None:
            self.skipTest("promtool is not installed (Debian: apt-get install prometheus)")
        gate = self.start_admin(self.origin(serve()), more=self.ROUTES)
        for method in ("GET", "POST", "BREW", "PATCH"):
            self.ask(gate, method, "/orders", body=b"")
        self.requests(gate, 1, upstream="backend", route="orders", decision="refuse",
                      answered_by="gateway", method="PATCH", status="405")
        page = self.visit(gate, "/metrics")
        self.assertEqual(page.get("content-type"), "text/plain; version=0.0.4; charset=utf-8")
        result = subprocess.run([promtool, "check", "metrics"], input=page.body,
                                capture_output=True, timeout=60, check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))


class Policy(AdminCase):
    ROUTES = "[route orders]\npath = /orders/*\nallow = GET\n[route all]\npath = /*\n"

    def test_the_matrix_is_there_as_json_and_as_a_page(self):
        gate = self.start_admin(self.origin(serve()), upstream="implements = GET HEAD POST", more=self.ROUTES)
        page = json.loads(self.visit(gate, "/policy").body)
        self.assertEqual((page["generation"], page["last_reload"]), (1, None))
        cells = {row["route"]: row["methods"] for row in page["matrix"]["routes"]}
        self.assertEqual((cells["orders"]["POST"], cells["all"]["POST"], cells["all"]["other"]),
                         (405, "forward", 501))
        self.assertTrue(gate.reload())
        self.assertEqual(json.loads(self.visit(gate, "/policy").body)["last_reload"]["result"], "ok")
        shown = self.visit(gate, "/policy.html")
        self.assertEqual(shown.get("Content-Type"), "text/html; charset=utf-8")
        self.assertIn("<td class=n>405", shown.text)

    def test_what_report_only_lets_through_has_a_decision_of_its_own(self):
        gate = self.start_admin(self.origin(serve()), upstream="implements = GET HEAD POST",
                                more="[route all]\nallow = GET\nreport-only = yes\n")
        self.assert_status(self.ask(gate, "POST", "/", body=b""), 200)
        self.wait_value(gate, 1, "verbgate_requests_total", upstream="backend", route="all", decision="report",
                        answered_by="upstream", method="POST", status="200")


class Reload(AdminCase):
    def last_reload(self, gate):
        return json.loads(self.visit(gate, "/policy").body)["last_reload"]

    def test_the_result_of_a_reload_is_visible(self):
        backend = self.origin()
        good = ini(backend.server, gateway=ON)
        gate = self.gateway(good)
        gate.admin = self.admin_address(gate)
        page = json.loads(self.visit(gate, "/policy").body)
        self.assertEqual((page["generation"], page["last_reload"]), (1, None))
        self.assertEqual(page["file"], gate.config)
        self.assertTrue(gate.reload())
        self.assertEqual(self.last_reload(gate)["result"], "ok")
        self.assertEqual(self.value(gate, "verbgate_last_reload_successful"), 1)
        self.assertFalse(gate.reload(good + "implement = GET\n"))
        last = self.last_reload(gate)
        self.assertEqual(last["result"], "failed")
        self.assertIn("1 error", last["problem"])
        self.assertRegex(last["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual(self.value(gate, "verbgate_last_reload_successful"), 0)
        self.assertEqual(self.value(gate, "verbgate_reloads_total", result="ok"), 1)
        self.assertEqual(self.value(gate, "verbgate_reloads_total", result="failed"), 1)
        self.assertEqual(self.value(gate, "verbgate_policy_generation"), 2)

    @threads
    def test_a_reload_moves_the_admin_listener(self):
        backend = self.origin()
        path = "unix:@FOLDER@/admin.sock"
        gate = self.gateway(ini(backend.server, gateway=ON))
        old = self.admin_address(gate)
        since = gate.mark()
        self.assertTrue(gate.reload(ini(backend.server, gateway="admin = " + path)))
        new = self.admin_address(gate, since)
        self.assertEqual(new, gate.path("admin.sock"))
        self.assert_status(self.ask(new, "GET", "/healthz"), 200)
        with self.assertRaises(OSError):
            wire.connect(old)
        self.assertTrue(gate.reload(ini(backend.server, gateway="admin = off")))
        self.assertFalse(os.path.exists(new))

    def test_an_address_that_cannot_be_bound_fails_the_reload_and_the_old_one_stays(self):
        backend = self.origin()
        taken = self.keep(socket.create_server(("127.0.0.1", 0)))
        gate = self.gateway(ini(backend.server, gateway=ON))
        gate.admin = self.admin_address(gate)
        self.assertFalse(gate.reload(ini(
            backend.server, gateway="admin = 127.0.0.1:%d" % taken.getsockname()[1],
            upstream="implements = POST")))
        self.assertIn("admin: cannot listen", self.last_reload(gate)["problem"])
        self.assert_status(self.ask(gate), 200)
        self.assertFalse(gate.reload(ini(
            backend.server, gateway="admin = unix:@FOLDER@/a.sock\naccess-log = /nonexistent/log")))
        self.assertFalse(os.path.exists(gate.path("a.sock")))
        self.assert_status(self.visit(gate, "/healthz"), 200)


class Readiness(AdminCase):
    @threads
    def test_readyz_says_503_while_the_drain_delay_goes_on_accepting(self):
        gate = self.start_admin(self.origin(), gateway=ON + "\ndrain-delay = 2s")
        self.assert_status(self.visit(gate, "/readyz"), 200)
        self.assertEqual(self.value(gate, "verbgate_ready"), 1)
        gate.signal(signal.SIGTERM)
        until(lambda: self.visit(gate, "/readyz").status == 503, "readyz to say 503")
        self.assert_status(self.visit(gate, "/healthz"), 200)
        self.assert_status(self.ask(gate), 200)
        gate.wait_log("stop accepting, finish what runs")
        self.assertEqual(gate.wait(), 0)

    def test_readyz_says_503_while_a_response_is_being_finished(self):
        released = threading.Event()

        def slow(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
            connection.wait(released)
            connection.send(b"-last")
        gate = self.start_admin(self.origin(slow), gateway=ON + "\ndrain-timeout = 60s")
        connection = self.client(gate)
        connection.send(request("GET", "/"))
        connection.read_head()
        gate.signal(signal.SIGTERM)
        gate.wait_log("stop accepting")
        self.assert_status(self.visit(gate, "/readyz"), 503)
        self.assertEqual(self.value(gate, "verbgate_client_connections_open"), 1)
        released.set()
        self.assertEqual(connection.wait_end_with(b"first-last"), "eof")
        self.assertEqual(gate.wait(), 0)

    def test_a_later_second_signal_within_the_delay_exits_at_once(self):
        gate = self.prepare(ini(self.origin().server, gateway="drain-delay = 10m")).start()
        gate.signal(signal.SIGTERM)
        gate.wait_log("accepting for drain-delay")
        self.assert_status(self.ask(gate), 200)

        def ends():  # those of the first second are the same wish
            gate.signal(signal.SIGTERM)
            return gate.process.poll() is not None

        until(ends, "the end")
        self.assertEqual(gate.wait(), 128 + signal.SIGTERM)


class Access(AdminCase):
    def check(self, admin):
        gate = self.prepare(ini("127.0.0.1:1", gateway=admin))
        return run_command("check", "-c", gate.config)

    def test_an_address_that_others_reach_is_refused_without_admin_public(self):
        for bind in ("0.0.0.0:9180", "*:9180", ":9180", "192.0.2.1:9180", "[::]:9180",
                     "[2001:db8::1]:9180", "gateway.example:9180"):
            result = self.check("admin = " + bind)
            self.assertNotEqual(result.returncode, 0, bind)
            self.assertIn("other machines could reach the admin listener", result.stderr)
            self.assertIn("admin-public = yes", result.stderr)
            self.assertEqual(self.check("admin = %s\nadmin-public = yes" % bind).returncode, 0, bind)
        for bind in ("127.0.0.1:9180", "127.9.9.9:9180", "[::1]:9180", "localhost:9180",
                     "unix:/run/admin.sock", "off"):
            self.assertEqual(self.check("admin = " + bind).returncode, 0, bind)

    def test_admin_and_a_listener_cannot_share_an_address(self):
        gate = self.prepare(ini("127.0.0.1:1", bind="127.0.0.1:9180", gateway="admin = 127.0.0.1:9180"))
        result = run_command("check", "-c", gate.config)
        self.assertIn("admin and a listener cannot bind the same address", result.stderr)

    def test_a_unix_socket_has_the_mode_that_was_set(self):
        text = ini(self.origin().server,
                   gateway="admin = unix:@FOLDER@/admin.sock\nadmin-mode = 0600")
        gate = self.gateway(text)
        gate.admin = gate.path("admin.sock")
        mode = stat.S_IMODE(os.stat(gate.admin).st_mode)
        self.assertEqual(mode, 0o600)
        self.assert_status(self.visit(gate, "/readyz", host="anything.example"), 200)
        self.assertTrue(gate.reload(text.replace("0600", "0666")))
        self.assertEqual(stat.S_IMODE(os.stat(gate.admin).st_mode), 0o666)
        gate.stop()
        self.assertFalse(os.path.exists(gate.admin))

    def test_a_foreign_host_is_refused_on_loopback(self):
        gate = self.start_admin(self.origin())
        for host in ("localhost", "LOCALHOST:9180", "127.0.0.1", "127.0.0.1:1", "[::1]:80", "10.1.2.3"):
            self.assert_status(self.visit(gate, "/healthz", host=host), 200)
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""):
            self.assert_status(self.visit(gate, "/healthz", host=host), 421)
        self.assert_status(self.visit(gate, "http://evil.example/healthz"), 421)
        self.assert_status(self.visit(gate, "/healthz", host=None), 400)
        self.assert_status(self.visit(gate, "/healthz", host=None, version="1.0"), 200)

    def test_with_admin_public_any_host_is_served(self):
        gate = self.start_admin(self.origin(), gateway=ON + "\nadmin-public = yes")
        self.assert_status(self.visit(gate, "/healthz", host="gateway.example:9180"), 200)


class Requests(AdminCase):
    def test_what_is_no_page_or_no_get_is_refused(self):
        gate = self.start_admin(self.origin())
        self.assert_status(self.visit(gate, "/"), 404)
        self.assert_status(self.visit(gate, "/metrics/"), 404)
        for method in ("POST", "PUT", "OPTIONS"):
            response = self.visit(gate, "/metrics", method, body=b"x" * 100000)
            self.assert_status(response, 405)
            self.assertEqual(response.get("allow"), "GET, HEAD")
        for path in ("/metrics", "/nothing"):
            self.assert_status(self.visit(gate, path, "BREW", body=b"x" * 100000), 501)
        response = self.visit(gate, "/healthz?x=1")
        self.assertEqual((response.status, response.body), (200, b"ok\n"))
        response = self.visit(gate, "/healthz", "HEAD")
        self.assertEqual(response.get("content-length"), "3")
        self.assertFalse(response.body)

    def test_bytes_that_are_no_request_are_refused(self):
        gate = self.start_admin(self.origin())
        for data, status in (
                (b"\x16\x03\x01\x00\xff\r\n\r\n", 400), (b"GET  / HTTP/1.1\r\n\r\n", 400),
                (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
                (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n", 400),
                (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 9000, 431),
                (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
                (b"GET /" + b"x" * 9000, 414), (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n", 501)):
            connection = self.client(gate.admin)
            connection.send(data)
            self.assert_status(connection.read(), status)
            self.assert_closed(connection)
        self.assert_status(self.visit(gate, "/healthz"), 200)

    def test_a_request_may_come_byte_by_byte(self):
        gate = self.start_admin(self.origin())
        connection = self.client(gate.admin)
        connection.send_bytewise(request("GET", "/healthz", host="localhost"))
        self.assert_status(connection.read(), 200)
        self.assertEqual(connection.wait_end(), "eof")

    def test_a_client_that_sends_no_request_is_closed(self):
        gate = self.start_admin(self.origin())
        silent, slow = self.client(gate.admin), self.client(gate.admin)
        slow.send(b"GET /metrics HTTP/1.1\r\n")
        self.assert_closed(silent)
        self.assert_closed(slow)

    def test_the_oldest_silent_connection_gives_way_to_a_33rd(self):
        gate = self.start_admin(self.origin())
        before = gate.count_open("socket")
        held = []
        for number in range(32):
            held.append(self.client(gate.admin))
            until(lambda: gate.count_open("socket") == before + len(held), "connection %d to be accepted" % number)
        late = self.client(gate.admin)
        late.send(request("GET", "/healthz", host="localhost"))
        self.assert_status(late.read(), 200)
        self.assert_closed(held[0])
        held[1].send(request("GET", "/healthz", host="localhost"))
        self.assert_status(held[1].read(), 200)
        self.assert_status(self.ask(gate), 200)

    def test_clients_that_do_not_read_hold_nothing_up(self):
        """Each route and method makes a line, so that the page is larger than a socket takes."""
        routes = "\n".join("[route r%d]\npath = /r%d\nallow = GET" % (number, number)
                           for number in range(120))
        gate = self.start_admin(self.origin(serve()), more=routes)
        connection = self.client(gate)
        methods = ("PUT", "POST", "DELETE", "PATCH", "LOCK", "MOVE", "COPY", "BIND", "ACL", "LINK")
        for number in range(120):
            connection.send(b"".join(request(method, "/r%d" % number) for method in methods))
            for method in methods:
                self.assert_status(connection.read(method), 405)
        self.assertGreater(len(self.visit(gate, "/metrics").body), 150000)
        deaf = [self.client(gate.admin, receive_bytes=4096) for _ in range(20)]
        for client in deaf:
            client.send(request("GET", "/metrics", host="localhost"))
        self.assert_status(self.visit(gate, "/healthz"), 200)
        page = deaf[0].read()
        self.assert_status(page, 200)
        parse_samples(page.body.decode())
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

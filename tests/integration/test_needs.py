"""What operators ask of the peers and do not get: each scenario with its file of config/examples.

The gateway runs the very file that the documentation shows; only addresses come from the environment.
"""
import json
import os
import pathlib
import signal
import socket
import tempfile

from lib.case import Case
from lib.client import chunked, request
from lib.gateway import parse_address, run_command
from lib.limits import until
from lib.origin import answer, serve

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "config" / "examples"


def origin_fields(origin, *pairs):
    return (("Origin", origin),) + pairs


class Example(Case):
    """A test runs the file called `name`, on a free port, in front of `self.backend`."""
    name = None

    def setUp(self):
        super().setUp()
        self.backend = self.origin(serve(self.reply))

    def reply(self, message):
        return answer(body=message.head.split(b" ", 1)[0])

    def run_example(self, files=None, sockets=None, **env):
        text = (EXAMPLES / self.name).read_text(encoding="utf-8")
        values = dict({"LISTEN": "127.0.0.1:0", "BACKEND": self.backend.server,
                       "ADMIN": "127.0.0.1:0"}, **env)
        gate = self.prepare(text, files, values, sockets)
        self.addCleanup(gate.stop)
        gate.start()
        for listener in ("public", "service"):
            if listener in gate.listeners:
                gate.listeners["main"] = gate.listeners[listener]
        return gate

    def admin(self, gate):
        return parse_address(gate.wait_log(r"admin listener on (\S+)").group(1))

    def assert_forwarded(self, gate, method, target, **kwargs):
        response = self.ask(gate, method, target, **kwargs)
        self.assert_status(response, 200)
        return response

    def assert_allow(self, response, *methods):
        self.assertEqual(set(response.get("Allow").split(", ")), set(methods))

    def last_line(self, gate, path):
        gate.stop()
        with open(path, encoding="utf-8") as log:
            return log.read().splitlines()[-1]


class Need01CorrectAllowPerPath(Example):
    name = "read-only-api.ini"

    def test_405_and_a_complete_allow_come_from_one_table_per_path(self):
        gate = self.run_example()
        self.assert_forwarded(gate, "GET", "/v1/orders/7")
        self.assert_forwarded(gate, "POST", "/v1/orders/search", body=b"{}")
        refused = self.ask(gate, "DELETE", "/v1/orders/7")
        self.assert_status(refused, 405)
        self.assert_allow(refused, "GET", "HEAD", "OPTIONS")
        refused = self.ask(gate, "GET", "/v1/orders/search")
        self.assert_status(refused, 405)
        self.assert_allow(refused, "POST", "OPTIONS")
        self.assert_status(self.ask(gate, "PROPFIND", "/v1/orders"), 501)


class Need02StatusAndBodyPerRule(Example):
    name = "statuses.ini"

    def test_each_refusal_gets_the_status_that_the_operator_wants(self):
        gate = self.run_example()
        refused = self.ask(gate, "PATCH", "/", body=b"")
        self.assert_status(refused, 405)
        self.assert_allow(refused, "GET", "HEAD", "POST", "DELETE")
        self.assertEqual(refused.get("Link"), '<https://docs.example.com/methods>; rel="help"')
        hidden = self.ask(gate, "DELETE", "/admin/users")
        self.assert_status(hidden, 404)
        self.assertIsNone(hidden.get("Allow"))
        self.assertNotIn("DELETE", hidden.text)
        kept = self.ask(gate, "POST", "/assets/a.css", body=b"")
        self.assert_status(kept, 405)
        self.assertEqual(kept.get("Cache-Control"), "max-age=10")

    def test_the_body_is_what_the_client_reads(self):
        gate = self.run_example()
        refused = self.ask(gate, "POST", "/assets/a.css", body=b"",
                           fields=(("Accept", "application/json"),))
        self.assertEqual(refused.get("Content-Type"), "application/problem+json")
        problem = json.loads(refused.text)
        self.assertEqual((problem["status"], problem["allow"]), (405, ["GET", "HEAD"]))


class Need03UnknownMethods(Example):
    name = "webdav.ini"

    def test_any_token_is_forwarded_by_list_or_answered_501_and_never_400(self):
        gate = self.run_example()
        for method in ("PROPFIND", "MKCOL", "LOCK", "REPORT", "PATCH", "NOTIFY"):
            response = self.assert_forwarded(gate, method, "/remote.php/dav/", body=b"")
            self.assertEqual(response.text, method)
        self.assert_status(self.ask(gate, "BREW", "/"), 501)
        refused = self.ask(gate, "propfind", "/")
        self.assert_status(refused, 501)
        self.assertIn("Did you mean PROPFIND?", refused.text)
        refused = self.ask(gate, "MKCOL", "/public/new")
        self.assert_status(refused, 405)
        self.assert_allow(refused, "GET", "HEAD", "OPTIONS", "PROPFIND")


class Need04Query(Example):
    name = "query.ini"

    def test_query_goes_to_the_server_that_has_it_and_is_501_for_the_other(self):
        old = self.origin(serve())
        gate = self.run_example(OLD_BACKEND=old.server)
        for method in ("QUERY", "query"):
            response = self.assert_forwarded(gate, method, "/search", body=b"select")
            self.assertEqual(response.text, "QUERY")
            self.assertEqual(response.get("Accept-Query"), "application/x-www-form-urlencoded")
        self.assertEqual(self.backend.requests[-1].body, b"select")
        self.assert_status(self.ask(gate, "QUERY", "/old/x", body=b"select"), 501)
        self.assertEqual(old.requests, [])


class Need05MonitorsAndPreflights(Example):
    name = "monitors-and-preflights.ini"

    def test_head_is_asked_as_get_and_sent_without_its_body(self):
        gate = self.run_example()
        client = self.client(gate)
        response = client.ask("HEAD", "/api/status")
        self.assert_status(response, 200)
        self.assertEqual(response.get("Content-Length"), "3")
        self.assertEqual(self.backend.requests[-1].method, "GET")
        self.assertEqual(client.ask("GET", "/api/status").text, "GET")

    def test_a_preflight_is_answered_and_the_answer_is_readable(self):
        gate = self.run_example()
        allowed = self.ask(gate, "OPTIONS", "/api/items/7", fields=origin_fields(
            "https://app.example.com", ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "authorization")))
        self.assertIn(allowed.status, (200, 204))
        self.assertEqual(allowed.get("Access-Control-Allow-Origin"), "https://app.example.com")
        self.assertEqual(allowed.get("Access-Control-Allow-Credentials"), "true")
        self.assertIn("PUT", allowed.get("Access-Control-Allow-Methods"))
        self.assertEqual(allowed.get("Access-Control-Max-Age"), "600")
        strange = self.ask(gate, "OPTIONS", "/api/items/7", fields=origin_fields(
            "https://app.example.com.attacker.test", ("Access-Control-Request-Method", "PUT")))
        self.assertIsNone(strange.get("Access-Control-Allow-Origin"))
        real = self.ask(gate, "GET", "/api/items/7",
                        fields=origin_fields("https://x.staging.example.com"))
        self.assertEqual(real.get("Access-Control-Allow-Origin"), "https://x.staging.example.com")
        self.assertEqual([message.method for message in self.backend.requests], ["GET"])

    def test_an_options_that_is_no_preflight_gets_allow(self):
        gate = self.run_example()
        response = self.ask(gate, "OPTIONS", "/api/items/7")
        self.assertIn(response.status, (200, 204))
        self.assert_allow(response, "GET", "HEAD", "OPTIONS", "POST", "PUT")


class Need06LegacyAdapter(Example):
    name = "legacy.ini"

    def test_a_chunked_request_arrives_with_a_length_in_http_1_0(self):
        gate = self.run_example()
        client = self.client(gate)
        client.send(chunked("POST", "/firmware", [b"x" * 70000, b"y" * 70000]))
        self.assert_status(client.read("POST"), 200)
        message = self.backend.requests[-1]
        self.assertTrue(message.first_line.endswith(b" HTTP/1.0"), message.first_line)
        self.assertEqual(message.body, b"x" * 70000 + b"y" * 70000)
        self.assertIn(b"\r\nContent-Length: 140000\r\n", message.head)

    def test_patch_arrives_as_post_and_a_clients_override_does_not_arrive(self):
        gate = self.run_example()
        self.assert_forwarded(gate, "PATCH", "/valves/3", body=b"{}")
        message = self.backend.requests[-1]
        self.assertEqual((message.method, message.get("X-HTTP-Method-Override")), ("POST", "PATCH"))
        response = self.client(gate).ask("POST", "/valves/3", body=b"", fields=(("x-http-method-override", "DELETE"),))
        self.assert_status(response, 400)
        self.assertIn("override-fields", response.text)

    def test_field_names_are_spelt_as_the_backend_knows_them(self):
        gate = self.run_example()
        self.client(gate).ask("POST", "/", body=None,
                              fields=(("soapaction", "go"), ("content-length", "0")))
        head = self.backend.requests[-1].head
        self.assertIn(b"\r\nSOAPAction: go\r\n", head)
        self.assertIn(b"\r\nContent-Length: 0\r\n", head)

    def test_expect_is_answered_at_the_edge(self):
        gate = self.run_example()
        client = self.client(gate)
        client.send(request("POST", "/", fields=(("Expect", "100-continue"),
                                                 ("Content-Length", "2"))))
        self.assertEqual(client.read_head("POST").status, 100)
        client.send(b"ok")
        self.assert_status(client.read("POST"), 200)
        self.assertIsNone(self.backend.requests[-1].get("Expect"))


class Need07WhoseAnswer(Example):
    name = "whose-answer.ini"

    def test_an_answer_of_the_gateway_is_told_from_the_backends(self):
        gate = self.run_example(ACCESS_LOG="./access.log")
        own = self.ask(gate, "PATCH", "/", body=b"")
        self.assertTrue(own.get("Proxy-Status").startswith("edge-7; error=http_request_denied"))
        self.assertIsNone(self.ask(gate, "GET", "/").get("Proxy-Status"))
        admin = self.admin(gate)

        def counted():
            """An exchange is counted at its end, which may be after its response."""
            page = self.ask(admin, "GET", "/metrics", host="localhost").text
            lines = [line for line in page.splitlines() if line.startswith("verbgate_requests_total{")]
            return (any('answered_by="gateway"' in line and '501' in line for line in lines) and
                    any('answered_by="upstream"' in line and 'GET' in line for line in lines))

        until(counted, "requests by author in the metrics")
        self.ask(gate, "POST", "/reports/q3", body=b"")
        gate.stop()
        # Each worker hands its lines on by itself: the last request need not be the last line.
        with open(gate.path("access.log"), encoding="utf-8") as log:
            posts = [line for line in map(json.loads, log) if line["method"] == "POST"]
        self.assertEqual(len(posts), 1)
        line = posts[0]
        self.assertEqual((line["answered_by"], line["rule"], line["route"]),
                         ("gateway", "method-route", "reports"))


class Need08Sidecar(Example):
    name = "sidecar.ini"

    def test_sockets_a_mode_the_environment_and_readiness_before_the_drain(self):
        backend = self.origin(serve(), unix=True)
        self.backend = backend
        folder = self.keep_folder()
        gate = self.run_example(RUN=folder, DRAIN_DELAY="1s", HEALTH="unix:%s/health.sock" % folder)
        path = folder + "/service.sock"
        self.assertEqual(pathlib.Path(path).stat().st_mode & 0o777, 0o660)
        self.assert_forwarded(gate, "GET", "/")
        self.assert_status(self.ask(path, "GET", "/"), 200)
        admin, health = self.admin(gate), folder + "/health.sock"
        self.assert_status(self.ask(admin, "GET", "/metrics", host="localhost"), 200)
        self.assert_status(self.ask(health, "GET", "/metrics"), 404)
        self.assert_status(self.ask(health, "GET", "/readyz", host="10.1.2.3:8081"), 200)
        gate.signal(signal.SIGTERM)
        gate.wait_log("signal 15")
        self.assert_status(self.ask(health, "GET", "/readyz", host="10.1.2.3:8081"), 503)
        self.assert_forwarded(gate, "GET", "/")
        self.assertEqual(gate.wait(), 0)

    def keep_folder(self):
        folder = tempfile.TemporaryDirectory(prefix="vg-run-")
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_a_variable_that_is_not_set_and_has_no_default_is_an_error(self):
        gate = self.prepare("[upstream app]\nserver = ${VERBGATE_TEST_UNSET}\n")
        result = run_command("check", "-c", gate.config)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"gateway\.ini:2:\d+: error: .*VERBGATE_TEST_UNSET")


class Need10PostOnlyHooks(Example):
    name = "webhook.ini"

    def test_a_link_preview_does_not_fire_the_hook(self):
        gate = self.run_example()
        self.assert_forwarded(gate, "POST", "/hooks/deploy", body=b"{}")
        for method in ("GET", "HEAD"):
            refused = self.ask(gate, method, "/hooks/deploy")
            self.assert_status(refused, 405)
            self.assert_allow(refused, "POST", "OPTIONS")
        self.assert_status(self.ask(gate, "POST", "/other", body=b""), 404)
        self.assertEqual(len(self.backend.requests), 1)

    def test_a_sender_of_cloudevents_is_let_in_when_it_is_on_the_list(self):
        gate = self.run_example()
        asked = self.ask(gate, "OPTIONS", "/hooks/deploy", fields=(
            ("WebHook-Request-Origin", "events.example.com"), ("WebHook-Request-Rate", "60")))
        self.assert_status(asked, 200)
        self.assertEqual(asked.get("WebHook-Allowed-Origin"), "events.example.com")
        self.assertEqual(asked.get("WebHook-Allowed-Rate"), "120")
        strange = self.ask(gate, "OPTIONS", "/hooks/deploy", fields=(
            ("WebHook-Request-Origin", "events.example.com.attacker.test"),))
        self.assertIsNone(strange.get("WebHook-Allowed-Origin"))
        self.assertEqual(self.backend.requests, [])


class Need11TrustedProxies(Example):
    name = "behind-a-proxy.ini"

    def ask_as(self, balancer, value):
        gate = self.run_example(BALANCER=balancer, ACCESS_LOG="./access.log")
        self.assert_forwarded(gate, "GET", "/", fields=(
            ("X-Forwarded-For", value), ("X-Request-ID", "from-outside")))
        return gate, self.backend.requests[-1]

    def test_a_list_from_a_trusted_proxy_is_read_from_its_right_end(self):
        gate, message = self.ask_as("127.0.0.0/8", "6.6.6.6, 203.0.113.9, 127.0.0.7")
        self.assertEqual(message.get("X-Request-ID"), "from-outside")
        line = self.last_line(gate, gate.path("access.log"))
        self.assertTrue(line.startswith("203.0.113.9 (127.0.0.1) "), line)

    def test_nobody_else_is_believed(self):
        gate, message = self.ask_as("10.0.0.0/8", "203.0.113.9")
        self.assertEqual(message.get("X-Forwarded-For"), "127.0.0.1")
        self.assertNotEqual(message.get("X-Request-ID"), "from-outside")
        line = self.last_line(gate, gate.path("access.log"))
        self.assertTrue(line.startswith("127.0.0.1 (127.0.0.1) "), line)


class Need13Reload(Example):
    name = "reload.ini"

    def test_a_change_is_checked_whole_and_put_in_force_or_leaves_the_old_policy(self):
        text = (EXAMPLES / self.name).read_text(encoding="utf-8")
        gate = self.prepare("", {})
        os.mkdir(gate.path("routes.d"))
        gate.write(text, {"routes.d/a.ini": "[route a]\npath = /a\nallow = POST\n"})
        gate.env.update(LISTEN="127.0.0.1:0", BACKEND=self.backend.server, ADMIN="127.0.0.1:0",
                        WATCH="100ms")
        self.addCleanup(gate.stop)
        gate.start()
        gate.listeners["main"] = gate.listeners["public"]
        admin = self.admin(gate)
        self.assert_forwarded(gate, "POST", "/a", body=b"")
        self.assert_status(self.ask(gate, "PUT", "/a", body=b""), 405)
        gate.write(text, {"routes.d/a.ini": "[route a]\npath = /a\nallow = PATCH\n"})
        gate.wait_log("reload failed, the old policy stays")
        self.assert_forwarded(gate, "POST", "/a", body=b"")
        self.assertIn("failed", self.ask(admin, "GET", "/policy", host="localhost").text)
        since = gate.mark()
        gate.write(text, {"routes.d/a.ini": "[route a]\npath = /a\nallow = PUT\n"})
        gate.wait_log("policy reloaded: generation 2", since)
        self.assert_forwarded(gate, "PUT", "/a", body=b"")


class Need16Observability(Example):
    name = "observability.ini"

    def test_a_json_line_ids_traces_and_a_socket_from_systemd(self):
        own = socket.socket()
        own.bind(("127.0.0.1", 0))
        own.listen(16)
        self.keep(own)
        gate = self.run_example(sockets={"public": own}, LISTEN="systemd:public",
                                ACCESS_LOG="./access.log")
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        response = self.ask(own.getsockname(), "GET", "/", fields=(("traceparent", trace),))
        message = self.backend.requests[-1]
        self.assertEqual(message.get("traceparent"), trace)
        self.assertRegex(message.get("X-Request-ID"), r"^[0-9a-f]{32}$")
        self.assertEqual(response.get("X-Request-ID"), message.get("X-Request-ID"))
        line = json.loads(self.last_line(gate, gate.path("access.log")))
        self.assertEqual(line["request_id"], message.get("X-Request-ID"))
        self.assertEqual(line["trace_id"], "0af7651916cd43dd8448eb211c80319c")


class ReportOnly(Example):
    name = "report-only.ini"

    def test_what_would_be_refused_is_forwarded_and_logged(self):
        gate = self.run_example(ACCESS_LOG="./access.log")
        self.assert_forwarded(gate, "DELETE", "/orders/7")
        line = json.loads(self.last_line(gate, gate.path("access.log")))
        self.assertEqual((line["status"], line["would_be"], line["would_be_rule"]),
                         (200, 405, "method-route"))


class Documentation(Case):
    def test_every_example_passes_check(self):
        names = sorted(path.name for path in EXAMPLES.glob("*.ini"))
        self.assertGreaterEqual(len(names), 13)
        for name in names:
            result = run_command("check", "-c", str(EXAMPLES / name))
            self.assertEqual(result.returncode, 0, "%s:\n%s" % (name, result.stderr))

    def test_every_example_is_named_in_the_documentation(self):
        text = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
        missing = [path.name for path in EXAMPLES.glob("*.ini") if "examples/" + path.name not in text]
        self.assertEqual(missing, [])

"""What is seen of requests, and who is believed: NEEDS.md P1 11 (trusted proxies) and 16 (logs and ids)."""
import json
import os
import re

from lib.case import Case, threads
from lib.client import request
from lib.gateway import ini, run_command
from lib.origin import answer, once, serve

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "00-%s-b7ad6b7169203331-01" % TRACE
HEX_ID = re.compile(r"[0-9a-f]{32}\Z")
LOG = "access-log = @FOLDER@/access.log\n"
BY_PROXY = LOG + "access-log-format = $client $peer\ntrusted-proxies = 127.0.0.0/8 10.0.0.0/8\n"


class Observed(Case):
    def entry(self, gate):
        return json.loads(gate.access_lines(1)[-1])

    def got(self, gateway, fields, reply=None, **kwargs):
        """What the backend got of one request, what the client got, and the gateway."""
        backend = self.origin(serve(answer() if reply is None else reply))
        gate = self.gate(backend, gateway=gateway, **kwargs)
        response = self.ask(gate, fields=fields)
        return backend.wait_requests(1), response, gate


class TrustedProxies(Observed):
    """NEEDS.md P1 11."""

    def test_the_client_behind_trusted_proxies_is_in_the_log(self):
        cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("203.0.113.9, 192.0.2.1, 10.1.1.1", "192.0.2.1"),
            ("[2001:db8::1]:443, 10.1.1.1:80", "2001:db8::1"),
            ("192.0.2.1, unknown, 10.1.1.1", "10.1.1.1"),
            ("192.0.2.1, garbage\"", "127.0.0.1"),
            ("", "127.0.0.1"),
        ]
        gate = self.gate(self.origin(), gateway=BY_PROXY)
        connection = self.client(gate)
        for number, (value, client) in enumerate(cases):
            self.assert_status(connection.ask(fields=[("X-Forwarded-For", value)]), 200)
            self.assertEqual(gate.access_lines(number + 1)[number], client + " 127.0.0.1", value)

    def test_x_forwarded_for_on_several_lines_is_one_list(self):
        fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "192.0.2.1"),
                  ("X-Forwarded-For", "10.0.0.2")]
        message, _, gate = self.got(BY_PROXY, fields)
        self.assertEqual(gate.access_lines(1)[0], "192.0.2.1 127.0.0.1")
        self.assertEqual(message.all("x-forwarded-for"), ["203.0.113.9, 192.0.2.1, 10.0.0.2, 127.0.0.1"])

    def test_what_an_untrusted_peer_says_of_the_client_is_not_believed(self):
        forged = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "bank.test"),
                  ("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.1;proto=https")]
        settings = LOG + "access-log-format = $client $peer\n"
        for gateway in (settings, settings + "trusted-proxies = 10.0.0.0/8 unix\n"):
            message, _, gate = self.got(gateway, forged)
            self.assertEqual(gate.access_lines(1)[0], "127.0.0.1 127.0.0.1")
            self.assertEqual(message.all("x-forwarded-for"), ["127.0.0.1"])
            self.assertEqual(message.all("x-forwarded-host"), ["test"])
            self.assertEqual(message.all("x-forwarded-proto"), ["http"])
            self.assertEqual(message.all("forwarded"), [])

    def test_what_a_trusted_proxy_says_is_kept_and_added_to(self):
        told = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Host", "bank.test"),
                ("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.1;proto=https")]
        message, _, _ = self.got("trusted-proxies = 127.0.0.1\n", told)
        self.assertEqual(message.all("x-forwarded-for"), ["192.0.2.1, 127.0.0.1"])
        self.assertEqual(message.all("x-forwarded-host"), ["bank.test"])
        self.assertEqual(message.all("x-forwarded-proto"), ["https"])
        self.assertEqual(message.all("forwarded"), ["for=192.0.2.1;proto=https"])

    def test_x_forwarded_off_passes_everything_and_replace_nothing(self):
        told = [("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.1")]
        for trust in ("", "trusted-proxies = 127.0.0.1\n"):
            message, _, _ = self.got(trust + "x-forwarded = off\n", told)
            self.assertEqual([message.all(name) for name, _ in told], [[value] for _, value in told])
            message, _, _ = self.got(trust + "x-forwarded = replace\n", told)
            self.assertEqual([message.all(name) for name, _ in told], [["127.0.0.1"], ["http"], []])

    def test_a_connection_field_cannot_take_the_truth_away(self):
        fields = [("Connection", "X-Forwarded-For, X-Forwarded-Proto, X-Request-ID"), ("X-Forwarded-For", "192.0.2.1"),
                  ("X-Forwarded-Proto", "https"), ("X-Request-ID", "abc")]
        message, _, _ = self.got("trusted-proxies = 127.0.0.1\nrequest-id = on\n", fields)
        self.assertEqual(message.all("x-forwarded-for"), ["192.0.2.1, 127.0.0.1"])
        self.assertEqual(message.all("x-forwarded-proto"), ["https"])
        self.assertEqual(message.all("x-request-id"), ["abc"])

    def test_peers_on_a_unix_socket_are_trusted_by_name(self):
        for trusted, client in (("unix", "192.0.2.1"), ("127.0.0.1", "unix")):
            backend = self.origin()
            text = ini(backend.server, bind="unix:@FOLDER@/gate.sock",
                       gateway=LOG + "access-log-format = $client $peer\ntrusted-proxies = %s\n" % trusted)
            gate = self.gateway(text)
            self.assert_status(self.ask(gate, fields=[("X-Forwarded-For", "192.0.2.1")]), 200)
            self.assertEqual(gate.access_lines(1)[0], client + " unix")
            self.assertEqual(backend.wait_requests(1).all("x-forwarded-for"),
                             ["192.0.2.1"] if trusted == "unix" else [])

    @threads
    def test_a_reload_changes_who_is_trusted_on_open_connections_too(self):
        def text(trusted):
            return ini(backend.server, gateway=LOG + "access-log-format = $client\ntrusted-proxies = " + trusted)

        backend = self.origin()
        gate = self.gateway(text("127.0.0.1"))
        connection = self.client(gate)
        clients = []
        for number, trusted in enumerate(("127.0.0.1", "10.0.0.1", "127.0.0.0/8", "unix")):
            self.assertTrue(gate.reload(text(trusted)))
            for _ in range(2):
                self.assert_status(connection.ask(fields=[("X-Forwarded-For", "192.0.2.1")]), 200)
            clients += gate.access_lines(2 * number + 2)[2 * number:]
        self.assertEqual(clients, 2 * ["192.0.2.1"] + 2 * ["127.0.0.1"] + 2 * ["192.0.2.1"] + 2 * ["127.0.0.1"])

    def test_a_bad_list_of_proxies_is_an_error_with_its_place(self):
        gate = self.prepare(ini("127.0.0.1:1", gateway="trusted-proxies = 10.1.2.3/8"))
        result = run_command("check", "-c", gate.config)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("gateway.ini:3:19: error", result.stderr + result.stdout)
        self.assertIn("the network is 10.0.0.0/8", result.stderr + result.stdout)


class LogsAndIds(Observed):
    """NEEDS.md P1 16."""

    def test_the_json_log_has_the_verdict_the_ids_and_the_generation(self):
        message, response, gate = self.got(
            LOG + "access-log-format = json\nrequest-id = on\ntraceparent = make\n", ())
        entry = self.entry(gate)
        self.assertEqual((entry["client"], entry["peer"]), ("127.0.0.1", "127.0.0.1"))
        self.assertEqual((entry["rule"], entry["decision"], entry["generation"]), ("forward", "forward", 1))
        self.assertEqual(entry["request_id"], response.get("x-request-id"))
        self.assertEqual(entry["trace_id"], message.get("traceparent").split("-")[1])
        self.assertTrue(gate.reload())
        self.ask(gate)
        self.assertEqual(json.loads(gate.access_lines(2)[1])["generation"], 2)

    def test_the_combined_log_is_apaches(self):
        _, _, gate = self.got(LOG + "access-log-format = combined\n",
                              [("Referer", "http://a.test/"), ("User-Agent", "agent \"7\"")])
        self.assertRegex(gate.access_lines(1)[0],
                         r'^127\.0\.0\.1 - - \[[^]]+\] "GET / HTTP/1\.1" 200 2 "http://a\.test/" "agent \\"7\\""$')

    def test_a_format_of_ones_own(self):
        gateway = LOG + 'access-log-format = "$status $rule/$decision by $answered_by \\"$method $target\\" $$ $upstream"\n'
        gate = self.gate(self.origin(), gateway=gateway, upstream="implements = GET")
        connection = self.client(gate)
        connection.ask("GET", "/a b".replace(" ", "%20"))
        connection.ask("PATCH", "/\"x")
        broken = self.client(gate)
        broken.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        self.assert_status(broken.read(), 400)
        self.assertEqual(gate.access_lines(3), [
            '200 forward/forward by upstream "GET /a%20b" $ backend',
            '501 method-nowhere/refuse by gateway "PATCH /\\"x" $ -',
            '400 -/- by gateway "GET /" $ -'])

    def test_hostile_bytes_cannot_break_a_line_of_any_format(self):
        for kind in ("combined", "$user_agent|$referer|$host|$target"):
            gate = self.gate(self.origin(), gateway=LOG + "access-log-format = " + kind)
            connection = self.client(gate)
            connection.ask("GET", "/\"\\x", fields=[("Referer", "\"\\\xff"), ("User-Agent", "a\"b\\\xe9\t")])
            lines = gate.access_lines(1)
            self.assertEqual(len(lines), 1)
            self.assertTrue(lines[0].isprintable())

    def test_an_unknown_variable_is_an_error_with_a_hint(self):
        gate = self.prepare(ini("127.0.0.1:1", gateway="access-log-format = $client $statsu"))
        result = run_command("check", "-c", gate.config)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("gateway.ini:3:29: error", result.stderr + result.stdout)
        self.assertIn("did you mean $status?", result.stderr + result.stdout)

    def test_a_request_id_is_made_and_goes_to_the_backend_the_client_and_the_log(self):
        message, response, gate = self.got(LOG + "access-log-format = $request_id\nrequest-id = on\n", (),
                                           reply=answer(fields=[("X-Request-ID", "of-the-backend")]))
        (made,) = message.all("x-request-id")
        self.assertRegex(made, HEX_ID)
        self.assertEqual(response.all("x-request-id"), [made])
        self.assertEqual(gate.access_lines(1), [made])

    def test_request_ids_are_not_the_same_twice(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="request-id = on", workers="2")
        seen = set()
        for _ in range(4):
            connection = self.client(gate)
            for _ in range(25):
                seen.add(connection.ask().get("x-request-id"))
        self.assertEqual(len(seen), 100)

    def test_a_local_answer_has_a_request_id_too(self):
        gate = self.gate(self.origin(), gateway=LOG + "access-log-format = $status $request_id\nrequest-id = on\n",
                         upstream="implements = GET")
        refused = self.ask(gate, "PATCH")
        self.assert_status(refused, 501)
        broken = self.client(gate)
        broken.send(b"GET / HTTP/1.1\r\nBad Name: x\r\n\r\n")
        faulty = broken.read()
        self.assert_status(faulty, 400)
        ids = [response.get("x-request-id") for response in (refused, faulty)]
        self.assertEqual(gate.access_lines(2), ["501 " + ids[0], "400 " + ids[1]])

    def test_a_request_id_is_taken_from_a_trusted_proxy_only(self):
        given = [("X-Request-ID", "abc-1")]
        for trusted, expected in (("", None), ("trusted-proxies = 127.0.0.1\n", "abc-1")):
            message, response, gate = self.got(
                LOG + "access-log-format = $request_id\nrequest-id = on\n" + trusted, given)
            (sent,) = message.all("x-request-id")
            if expected is None:
                self.assertRegex(sent, HEX_ID)
            else:
                self.assertEqual(sent, expected)
            self.assertEqual(response.all("x-request-id"), [sent])
            self.assertEqual(gate.access_lines(1), [sent])

    def test_a_bad_request_id_is_replaced_even_if_a_trusted_proxy_sent_it(self):
        bad = ["", "a b", "a\"b", "<script>", "x" * 129, "a;b", "\xe9"]
        backend = self.origin()
        gate = self.gate(backend, gateway="request-id = on\ntrusted-proxies = 127.0.0.1\n")
        connection = self.client(gate)
        for value in bad:
            connection.ask(fields=[("X-Request-ID", value)])
        connection.ask(fields=[("X-Request-ID", "a"), ("X-Request-ID", "a")])
        backend.wait_requests(len(bad) + 1)
        for message in backend.requests:
            self.assertEqual(len(message.all("x-request-id")), 1)
            self.assertRegex(message.get("x-request-id"), HEX_ID)
        connection.ask(fields=[("X-Request-ID", "x" * 128)])
        backend.wait_requests(len(bad) + 2)
        self.assertEqual(backend.requests[-1].get("x-request-id"), "x" * 128)

    def test_without_request_id_the_field_passes_both_ways_and_the_log_shows_a_valid_one(self):
        gateway = LOG + "access-log-format = $request_id\n"
        message, response, gate = self.got(gateway, [("X-Request-ID", "mine")],
                                           reply=answer(fields=[("X-Request-ID", "of-the-backend")]))
        self.assertEqual(message.all("x-request-id"), ["mine"])
        self.assertEqual(response.all("x-request-id"), ["of-the-backend"])
        self.assertEqual(gate.access_lines(1), ["mine"])
        message, response, gate = self.got(gateway, [("X-Request-ID", "a b")])
        self.assertEqual(message.all("x-request-id"), ["a b"])
        self.assertEqual(response.all("x-request-id"), [])
        self.assertEqual(gate.access_lines(1), ["-"])

    def test_a_request_that_is_sent_again_keeps_its_id(self):
        backend = self.origin(once(answer()), serve())
        gate = self.gate(backend, gateway="request-id = on\ntraceparent = make\n")
        connection = self.client(gate)
        connection.ask()
        response = connection.ask()
        backend.wait_requests(2)
        self.assertEqual(backend.requests[-1].get("x-request-id"), response.get("x-request-id"))

    def test_a_traceparent_passes_and_its_trace_id_is_in_the_log(self):
        fields = [("traceparent", PARENT), ("tracestate", "a=1,b=2")]
        for mode in ("pass", "make"):
            message, _, gate = self.got(LOG + "access-log-format = $trace_id\ntraceparent = %s\n" % mode, fields)
            self.assertEqual(message.all("traceparent"), [PARENT])
            self.assertEqual(message.all("tracestate"), ["a=1,b=2"])
            self.assertEqual(gate.access_lines(1), [TRACE])

    def test_an_invalid_traceparent_is_made_anew_without_its_tracestate(self):
        for fields in ((), [("traceparent", PARENT.upper()), ("tracestate", "a=1")],
                       [("traceparent", PARENT), ("traceparent", PARENT), ("tracestate", "a=1")],
                       [("tracestate", "a=1")]):
            message, _, gate = self.got(LOG + "access-log-format = $trace_id\ntraceparent = make\n", fields)
            (made,) = message.all("traceparent")
            self.assertRegex(made, r"^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")
            self.assertNotIn(TRACE, made)
            self.assertEqual(message.all("tracestate"), [])
            self.assertEqual(gate.access_lines(1), [made.split("-")[1]])
        message, _, gate = self.got(LOG + "access-log-format = $trace_id\n", [("traceparent", "x"), ("tracestate", "y")])
        self.assertEqual((message.all("traceparent"), message.all("tracestate")), (["x"], ["y"]))
        self.assertEqual(gate.access_lines(1), ["-"])

    def test_the_101_of_an_upgrade_has_the_request_id(self):
        backend = self.origin(once(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                                   b"Upgrade: websocket\r\nX-Request-ID: other\r\n\r\n"))
        gate = self.gate(backend, gateway="request-id = on")
        connection = self.client(gate)
        connection.send(request(fields=[("Connection", "Upgrade"), ("Upgrade", "websocket")]))
        response = connection.read_head()
        self.assert_status(response, 101)
        self.assertEqual(response.all("x-request-id"), backend.wait_requests(1).all("x-request-id"))


class Examples(Observed):
    def test_the_examples_of_the_documentation_load(self):
        folder = os.path.join(os.path.dirname(__file__), "..", "..", "config", "examples")
        for name in ("behind-a-proxy.ini", "observability.ini"):
            result = run_command("check", "-c", os.path.join(folder, name))
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(" 0 warnings", result.stderr + result.stdout)

"""The rules for methods: presets, method-case, report-only, HEAD, OPTIONS, CORS, webhooks, static fields."""
import json
import threading

from lib.case import Case
from lib.client import chunked, request
from lib.gateway import ini, parse_address, run_command
from lib.limits import until
from lib.origin import answer, serve

PREFLIGHT = (("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "PUT"))
CORS = """
options = cors
cors-origins = https://app.example.com https://*.example.org
cors-headers = Content-Type X-Token
cors-expose = ETag
cors-max-age = 10m
"""


def fields_of(response, prefix):
    """The fields whose names begin so, by lower-case name."""
    pairs = [(name.decode().lower(), value.decode()) for name, value in response.fields]
    return {name: value for name, value in pairs if name.startswith(prefix)}


def get_and_head(content):
    """A script that answers GET with this content, and anything else with 501."""

    def reply(message):
        if message.method != "GET":
            return answer(501, b"no", reason="Not Implemented")
        return answer(200, content)

    return serve(reply)


class MethodRules(Case):
    def setUp(self):
        super().setUp()
        self.backend = self.origin(serve())

    def policy(self, upstream="", gateway="", more="", backend=None):
        return self.gateway(ini((backend or self.backend).server, gateway, upstream=upstream,
                                more=more))

    def explain(self, gate, *arguments):
        result = run_command("explain", "-c", gate.config, *arguments)
        return dict(line.split(": ", 1) for line in result.stdout.splitlines())

    def agree(self, gate, method, target="/", host="test"):
        """The status of the gateway's own answer is the one that explain gives; None: forwarded."""
        response = self.ask(gate, method, target, host=host)
        says = self.explain(gate, method, "http://%s%s" % (host, target))
        if says["verdict"] == "forward":
            self.assertIsNone(response.get("proxy-status"))
            return None
        self.assertEqual(response.status, int(says["status"].split()[0]))
        self.assertEqual(response.get("allow"), says.get("allow"))
        return response.status

    # ---- NEEDS P0 1: a correct 405 with a complete Allow, by path and by upstream ----

    def test_405_has_the_complete_allow_of_its_path(self):
        gate = self.policy("implements = @rfc9110 PATCH QUERY", more="""
[route orders]
path = /orders/*
allow = @rfc9110 PATCH -TRACE -DELETE
options = answer
[route rest]
allow = @read-only
""")
        response = self.ask(gate, "DELETE", "/orders/7")
        self.assert_status(response, 405)
        self.assertEqual(response.get("allow"), "GET, HEAD, OPTIONS, PATCH, POST, PUT")
        self.assertEqual(self.ask(gate, "POST", "/x", body=b"").get("allow"), "GET, HEAD, OPTIONS")
        self.assert_status(self.ask(gate, "PATCH", "/orders/7", body=b""), 200)
        for method in ("GET", "DELETE", "PATCH", "FOO", "OPTIONS", "QUERY"):
            self.agree(gate, method, "/orders/7")

    # ---- NEEDS P0 3: unknown tokens are handled on purpose, and `patch` is PATCH where that is said ----

    def test_a_method_in_another_case_is_501_with_a_hint(self):
        gate = self.policy("implements = GET HEAD PATCH")
        response = self.ask(gate, "patch", body=b"{}")
        self.assert_status(response, 501)
        self.assertIn("Did you mean PATCH?", response.text)

    def test_a_method_in_another_case_is_the_method_under_method_case_normalise(self):
        gate = self.policy("implements = GET HEAD PATCH Purge", "method-case = normalise")
        for sent, received in (("patch", "PATCH"), ("Get", "GET"), ("PURGE", "Purge"),
                               ("gEt", "GET")):
            self.assert_status(self.ask(gate, sent, body=b""), 200)
            self.assertEqual(self.backend.requests[-1].method, received)
            self.assertIsNone(self.agree(gate, sent))
        self.assertEqual(self.agree(gate, "foo"), 501)
        self.assertEqual(self.agree(gate, "Post"), 501)

    def test_normalising_comes_before_the_rules_that_depend_on_the_method(self):
        gate = self.policy("implements = GET HEAD OPTIONS TRACE", "method-case = normalise")
        self.assert_status(self.ask(gate, "options", "*"), 200)
        self.assert_status(self.ask(gate, "connect", "example.com:443"), 501)
        self.assert_status(self.ask(gate, "trace", fields=(("Max-Forwards", "0"),)), 405)
        connection = self.client(gate)
        connection.send(request("head") + request())
        self.assert_status(connection.read("HEAD"), 200)
        self.assert_status(connection.read(), 200)
        self.assertEqual([message.method for message in self.backend.requests], ["HEAD", "GET"])

    # ---- NEEDS P0 4: QUERY ----

    def test_query_goes_where_it_is_implemented_and_is_501_elsewhere(self):
        gate = self.policy("implements = @rfc9110 QUERY -TRACE", more="""
response-field = Accept-Query: "application/sql"
""")
        response = self.ask(gate, "QUERY", body=b"select")
        self.assert_status(response, 200)
        self.assertEqual(response.get("accept-query"), '"application/sql"')
        self.assertEqual(self.agree(self.policy("implements = @rfc9110"), "QUERY"), 501)
        self.assertEqual(self.agree(gate, "TRACE"), 501)

    # ---- NEEDS P0 5: HEAD and OPTIONS ----

    def test_head_is_made_from_get(self):
        backend = self.origin(get_and_head(b"x" * 5000))
        gate = self.policy("implements = GET POST\nhead = from-get", backend=backend)
        connection = self.client(gate)
        for _ in range(3):
            response = connection.ask("HEAD", "/", fields=(("Range", "bytes=0-1"),))
            self.assert_status(response, 200)
            self.assertEqual(response.get("content-length"), "5000")
            self.assertEqual(connection.ask().body, b"x" * 5000)
        self.assertEqual({message.method for message in backend.requests}, {"GET"})
        self.assertTrue(all(message.get("range") is None for message in backend.requests))
        self.assertEqual(len(backend.connections), 1, "the content is read, the connection is kept")
        self.assertEqual(self.ask(gate, "PUT", body=b"").status, 501)

    def test_allow_lists_head_as_it_is_answered(self):
        for head, methods in (("forward", "GET"), ("from-get", "GET, HEAD"), ("refuse", "GET")):
            gate = self.policy("implements = GET POST\nhead = " + head,
                               more="[route all]\nallow = GET\n")
            self.assertEqual(self.ask(gate, "POST", body=b"").get("allow"), methods, head)
            self.assertEqual(self.agree(gate, "HEAD"), None if head == "from-get" else 405)

    def test_head_can_be_refused_where_get_is_allowed(self):
        gate = self.policy("head = refuse", more="[route all]\nallow = GET HEAD\n")
        response = self.ask(gate, "HEAD")
        self.assert_status(response, 405)
        self.assertEqual(response.get("allow"), "GET")
        self.assertEqual(self.agree(gate, "HEAD"), 405)
        self.assertEqual(self.backend.requests, [])

    def test_head_from_get_does_not_wait_for_content_without_end(self):
        streams = (
            b"HTTP/1.1 200 OK\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        )
        for head in streams:
            def script(connection, head=head):
                connection.read_request()
                connection.send(head)
                connection.wait_end()

            backend = self.origin(script, script, serve())
            gate = self.policy("head = from-get", backend=backend)
            connection = self.client(gate)
            for _ in range(2):
                response = connection.ask("HEAD")
                self.assert_status(response, 200)
                self.assertIsNone(response.get("transfer-encoding"))
            self.assert_stays_open(connection)

    def test_head_from_get_survives_broken_content(self):
        broken = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"

        def script(connection):
            connection.read_request()
            connection.send(broken)
            connection.send(b"zz\r\n")
            connection.wait_end()

        backend = self.origin(script, serve())
        connection = self.client(self.policy("head = from-get", backend=backend))
        self.assertIn(connection.ask("HEAD").status, (200, 502))
        self.assert_stays_open(connection)

    def test_content_that_trickles_behind_a_head_holds_up_nobody(self):
        pause = threading.Event()

        def trickling(connection):
            connection.read_request()
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                connection.send(b"1\r\nx\r\n")
                pause.wait(0.1)

        for end in ("timeout", "fin", "drain"):
            backend = self.origin(trickling)
            gate = self.policy("head = from-get", backend=backend,
                               gateway="body-timeout = %s" % ("600ms" if end == "timeout" else "1m"))
            connection = self.client(gate)
            self.assert_status(connection.ask("HEAD"), 200)
            if end == "fin":
                connection.finish_sending()
                self.assert_closed(connection)
            elif end == "drain":
                gate.stop()
                self.assertNotIn("drain-timeout is over", gate.log)
            backend.wait_done()

    def test_head_from_get_drops_more_than_a_buffer_of_chunks(self):
        backend = self.origin(serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                    + b"8000\r\n" + b"y" * 0x8000 + b"\r\n0\r\n\r\n"))
        gate = self.policy("head = from-get", backend=backend)
        response = self.ask(gate, "HEAD")
        self.assert_status(response, 200)
        self.assertIsNone(response.get("content-length"))
        self.assertEqual(len(self.ask(gate).body), 0x8000)

    def test_options_is_answered_with_allow_though_no_backend_implements_it(self):
        gate = self.policy("implements = GET POST\noptions = answer",
                           more="[route hook]\npath = /hook\nallow = POST\n[route rest]\n")
        for target, allow in (("/hook", "OPTIONS, POST"), ("/x", "GET, OPTIONS, POST")):
            response = self.ask(gate, "OPTIONS", target)
            self.assert_status(response, 200)
            self.assertEqual(response.get("allow"), allow)
            self.assertEqual(response.get("content-length"), "0")
            self.assertEqual(self.agree(gate, "OPTIONS", target), 200)
        self.assertEqual(self.ask(gate, "GET", "/hook").get("allow"), "OPTIONS, POST")
        self.assertEqual(self.backend.requests, [])

    def test_options_goes_to_the_backend_by_default(self):
        gate = self.policy("implements = @rfc9110")
        self.assert_status(self.ask(gate, "OPTIONS", fields=PREFLIGHT), 200)
        self.assertEqual(self.backend.requests[0].method, "OPTIONS")

    def test_a_preflight_is_granted(self):
        gate = self.policy(CORS + "implements = GET PUT")
        response = self.ask(gate, "OPTIONS", fields=PREFLIGHT + (
            ("Access-Control-Request-Headers", "content-type,x-token"),))
        self.assert_status(response, 204)
        self.assertIsNone(response.get("content-length"))
        self.assertEqual(response.get("allow"), "GET, OPTIONS, PUT")
        self.assertEqual(fields_of(response, "access-control-"), {
            "access-control-allow-origin": "https://app.example.com",
            "access-control-allow-methods": "GET, OPTIONS, PUT",
            "access-control-allow-headers": "Content-Type, X-Token",
            "access-control-max-age": "600"})
        self.assertIn("Origin", response.get("vary"))
        self.assertEqual(self.backend.requests, [])

    def test_a_preflight_that_is_not_granted_has_allow_and_nothing_else(self):
        gate = self.policy(CORS + "implements = GET PUT")
        method = ("Access-Control-Request-Method", "PUT")
        for fields in (
                (("Origin", "https://app.example.com.evil"), method),
                (("Origin", "https://evil-app.example.com"), method),
                (("Origin", "http://app.example.com"), method),
                (("Origin", "https://app.example.com:8443"), method),
                (("Origin", "https://example.org"), method),
                (("Origin", "https://evilexample.org"), method),
                (("Origin", "https://a/.example.org"), method),
                (("Origin", "null"), method),
                (PREFLIGHT[0], ("Access-Control-Request-Method", "DELETE")),
                (PREFLIGHT[0], ("Access-Control-Request-Method", "put")),
                PREFLIGHT + (("Access-Control-Request-Headers", "x-other"),),
                PREFLIGHT + (("Access-Control-Request-Headers", "x-token, b@d"),)):
            response = self.ask(gate, "OPTIONS", fields=fields)
            self.assert_status(response, 204)
            self.assertEqual(response.get("allow"), "GET, OPTIONS, PUT")
            self.assertEqual(fields_of(response, "access-control-"), {}, fields)
            self.assertIn("Origin", response.get("vary"))

    def test_an_options_that_is_no_preflight_is_answered_with_allow(self):
        gate = self.policy(CORS + "implements = GET PUT")
        for fields in ((), PREFLIGHT[:1], PREFLIGHT[1:], PREFLIGHT + PREFLIGHT[:1]):
            response = self.ask(gate, "OPTIONS", fields=fields)
            self.assert_status(response, 200)
            self.assertEqual(response.get("allow"), "GET, OPTIONS, PUT")

    def test_a_wildcard_takes_whole_labels(self):
        gate = self.policy(CORS)
        for origin in ("https://a.example.org", "https://a.b-c.example.org"):
            response = self.ask(gate, fields=(("Origin", origin),))
            self.assertEqual(response.get("access-control-allow-origin"), origin)

    def test_responses_carry_cors_in_place_of_the_backends_own(self):
        backend = self.origin(serve(answer(fields=(
            ("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true"),
            ("Vary", "Accept")))))
        gate = self.policy(CORS + "implements = GET\n", backend=backend)
        response = self.ask(gate, fields=PREFLIGHT[:1])
        self.assertEqual(fields_of(response, "access-control-"), {
            "access-control-allow-origin": "https://app.example.com",
            "access-control-expose-headers": "ETag"})
        self.assertEqual(response.all("vary"), ["Accept", "Origin"])
        refused = self.ask(gate, "PUT", fields=PREFLIGHT[:1], body=b"")
        self.assert_status(refused, 501)
        other = self.ask(gate, fields=(("Origin", "https://evil.example"),))
        self.assertEqual(fields_of(other, "access-control-"), {})
        self.assertIn("Origin", other.all("vary"))

    def test_a_script_can_read_why_it_was_refused(self):
        gate = self.policy(CORS, more="[route all]\nallow = GET\n")
        response = self.ask(gate, "PUT", fields=PREFLIGHT[:1], body=b"")
        self.assert_status(response, 405)
        self.assertEqual(response.get("access-control-allow-origin"), "https://app.example.com")

    def test_any_origin_is_a_star_and_varies_by_nothing(self):
        gate = self.policy("options = cors\ncors-origins = *\ncors-headers = *")
        for fields in ((), (("Origin", "null"),), PREFLIGHT[:1]):
            response = self.ask(gate, fields=fields)
            self.assertEqual(response.get("access-control-allow-origin"), "*")
            self.assertIsNone(response.get("vary"))
        for asked, granted in (("x-any", "*"), ("authorization", None)):
            response = self.ask(gate, "OPTIONS", fields=PREFLIGHT + (
                ("Access-Control-Request-Headers", asked),))
            self.assertEqual(response.get("access-control-allow-headers"), granted)

    def test_credentials_name_the_origin_and_the_fields(self):
        gate = self.policy("options = cors\ncors-origins = https://app.example.com\n"
                           "cors-headers = *\ncors-credentials = yes")
        response = self.ask(gate, "OPTIONS", fields=PREFLIGHT + (
            ("Access-Control-Request-Headers", "authorization,x-any"),))
        self.assertEqual(response.get("access-control-allow-origin"), "https://app.example.com")
        self.assertEqual(response.get("access-control-allow-credentials"), "true")
        self.assertEqual(response.get("access-control-allow-headers"), "authorization,x-any")

    # ---- NEEDS P1 10: hooks that only take POST, and their registration ----

    def test_a_post_only_hook_fires_for_post_alone(self):
        gate = self.policy("implements = GET HEAD POST", more="""
[route hook]
path = /hook/*
allow = @webhook
webhook-origins = events.example.com
webhook-rate = 120
[route rest]
""")
        for method in ("GET", "HEAD", "PUT", "OPTIONS", "get"):
            response = self.ask(gate, method, "/hook/deploy")
            self.assertIn(response.status, (405, 501), method)
            if response.status == 405:
                self.assertEqual(response.get("allow"), "POST")
        self.assertEqual(self.backend.requests, [])
        self.assert_status(self.ask(gate, "POST", "/hook/deploy", body=b"{}"), 200)

    def test_a_cloudevents_handshake_is_granted_to_listed_senders(self):
        gate = self.policy("implements = POST", more="""
[route hook]
webhook-origins = events.example.com
webhook-rate = 120
[route free]
path = /free
webhook-origins = *
webhook-rate = *
""")
        origin = ("WebHook-Request-Origin", "Events.Example.com")
        response = self.ask(gate, "OPTIONS", "/", fields=(origin,))
        self.assert_status(response, 200)
        self.assertEqual(fields_of(response, "webhook-"), {
            "webhook-allowed-origin": "events.example.com", "webhook-allowed-rate": "120"})
        self.assertEqual(response.get("allow"), "OPTIONS, POST")
        response = self.ask(gate, "OPTIONS", "/", fields=(("WebHook-Request-Origin", "evil.example"),))
        self.assert_status(response, 200)
        self.assertEqual(fields_of(response, "webhook-"), {})
        response = self.ask(gate, "OPTIONS", "/free", fields=(origin, ("WebHook-Request-Rate", "9")))
        self.assertEqual(fields_of(response, "webhook-"), {
            "webhook-allowed-origin": "*", "webhook-allowed-rate": "*"})
        self.assert_status(self.ask(gate, "OPTIONS", "/"), 501)
        self.assertEqual(self.backend.requests, [])

    # ---- report-only ----

    def test_report_only_forwards_logs_and_says_what_would_have_been(self):
        gate = self.policy("implements = GET PUT\nversions = 1.1\nmax-body = 10\nreport-only = yes",
                           "access-log = @FOLDER@/access\naccess-log-format = json",
                           "[route all]\nallow = GET\n")
        cases = (("PUT", "1.1", b"", 405, "method-route"), ("FOO", "1.1", b"", 501, "method-nowhere"),
                 ("HEAD", "1.1", b"", 405, "method-general"), ("GET", "1.0", b"", 505, "version-upstream"),
                 ("GET", "1.1", b"x" * 11, 413, "body-too-large"))
        for method, version, body, status, rule in cases:
            since = gate.mark()
            response = self.ask(gate, method, body=body, version=version)
            self.assert_status(response, 200)
            self.assertIsNone(response.get("proxy-status"))
            self.assertIsNone(response.get("allow"))
            gate.wait_log(r"info: report-only: would be refused with %d: .*\[%s: " % (status, rule), since)
        self.assertEqual(len(self.backend.requests), len(cases))

        def lines():
            with open(gate.path("access"), encoding="utf-8") as file:
                return [json.loads(line) for line in file]

        until(lambda: len(lines()) == len(cases), "the access log")
        self.assertEqual([(line["would_be"], line["would_be_rule"], line["rule"]) for line in lines()],
                         [(case[3], case[4], "forward") for case in cases])
        says = self.explain(gate, "PUT", "http://test/")
        self.assertEqual(says["verdict"], "forward")
        self.assertEqual(says["would-be"], "405 Method Not Allowed")
        self.assertTrue(says["because"].startswith("would be refused with 405: PUT is not allowed"))

    def test_report_only_counts_streamed_content_once(self):
        gate = self.policy("max-body = 10\nreport-only = yes", "admin = 127.0.0.1:0")
        pieces = [b"x" * 8] * 5
        connection = self.client(gate)
        connection.send(chunked("POST", "/", pieces))
        self.assert_status(connection.read(), 200)
        self.assertEqual(self.backend.requests[0].body, b"".join(pieces))
        gate.wait_log(r"report-only: would be refused with 413")
        self.assertEqual(gate.count_log("report-only"), 1)
        admin = parse_address(gate.wait_log(r"admin listener on (\S+)").group(1))
        self.assertIn("\nverbgate_requests_reported_total 1\n",
                      self.ask(admin, target="/metrics", host="localhost").text)

    def test_report_only_never_lets_through_what_is_no_request_or_has_no_place(self):
        gate = self.policy("implements = GET", "report-only = yes", "[route a]\npath = /a/*\n")
        for method, target, version, status in (
                ("CONNECT", "test:80", "1.1", 501), ("GET", "/b", "1.1", 404), ("FOO", "/b", "1.1", 501),
                ("GET", "/a", "2.0", 505), ("GET", "/a/%00", "1.1", 400), ("FOO", "/a/%00", "1.1", 501)):
            self.assert_status(self.ask(gate, method, target, version=version), status)
        self.assertEqual(self.backend.requests, [])

    def test_a_reading_that_refuses_beats_one_that_only_reports(self):
        gate = self.policy("implements = GET POST", more="""
[route open]
path = /*
allow = GET
report-only = yes
[route shut]
path = /shut/*
allow = GET
""")
        self.assert_status(self.ask(gate, "POST", "/x", body=b""), 200)
        for path in ("/shut/a", "/x/..%2fshut/a", "/%73hut/a", "/x/../shut/a"):
            self.assert_status(self.ask(gate, "POST", path, body=b""), 405)
        self.assertEqual(len(self.backend.requests), 1)

    # ---- static fields ----

    def test_static_fields_are_on_every_final_response_and_replace_the_backends(self):
        backend = self.origin(serve(answer(fields=(("Sunset", "never"), ("X-Own", "1")))))
        gate = self.policy("implements = GET\nresponse-field = X-Level: upstream", backend=backend,
                           more="""
[route old]
path = /old
allow = GET
response-field = Sunset: Sat, 31 Oct 2026 23:59:59 GMT
response-field = Link: </new>; rel="successor-version"
response-field = link: </docs>; rel="help"
[route plain]
path = /plain
response-field =
[route rest]
""")
        for method, status in (("GET", 200), ("HEAD", 405)):
            response = self.ask(gate, method, "/old")
            self.assert_status(response, status)
            self.assertEqual(response.all("sunset"), ["Sat, 31 Oct 2026 23:59:59 GMT"])
            self.assertEqual(len(response.all("link")), 2)
            self.assertIsNone(response.get("x-level"))
        self.assertEqual(self.ask(gate, "GET", "/old").get("x-own"), "1")
        self.assertEqual(self.ask(gate, "GET", "/x").get("x-level"), "upstream")
        self.assertIsNone(self.ask(gate, "GET", "/plain").get("x-level"))

    def test_what_cannot_be_is_an_error_at_load(self):
        for line, part in (
                ("response-field = Content-Length: 5", "must be true"),
                ("response-field = Transfer-Encoding: chunked", "must be true"),
                ("response-field = allow: GET", "must be true"),
                ("response-field = X Y: 1", "field name and a colon"),
                ("response-field = nothing", "field name and a colon"),
                ("response-field = Access-Control-Allow-Origin: *", "cors"),
                ("\n".join("response-field = X-%d: y" % number for number in range(17)), "more than 16"),
                ("response-field = X: " + "y" * 4096, "4096"),
                ("options = cors\ncors-origins = *\ncors-credentials = yes", "cannot be \\*"),
                ("cors-origins = example.com", "scheme"),
                ("cors-origins = https://example.com/", "no path"),
                ("cors-origins = https://*", "a host"),
                ("cors-origins = https://a*.example.com", "whole first label"),
                ("cors-origins = https://example.com:443", "leave it out"),
                ("cors-headers = b@d", "no field name"),
                ("webhook-origins = https://x", "host"),
                ("head = get", "no such choice")):
            gate = self.prepare(ini(self.backend.server, upstream=line))
            result = run_command("check", "-c", gate.config)
            self.assertNotEqual(result.returncode, 0, line)
            self.assertRegex(result.stderr + result.stdout, part)

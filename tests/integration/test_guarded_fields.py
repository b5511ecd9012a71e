"""Fields that the gateway guards, sets or judges by, in every spelling that a backend may read as theirs; what speaks
for another client, method or target; trailers of requests (config/fields.md)."""
import json

from lib.admin import ON, AdminCase
from lib.case import Case
from lib.client import chunked, request
from lib.gateway import ini, run_command
from lib.origin import answer, serve

FOLDS = "!#$%&'*+.^_`|~"
CLAIMS = ("X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-Scheme",
          "X-Forwarded-By", "X-Forwarded-Uri", "X-Forwarded-Client-Cert", "X-Forwarded", "X-Real-IP", "Client-Cert",
          "Client-Cert-Chain", "X-Scheme", "X-Url-Scheme", "Front-End-Https", "X-Proxied-Https", "Forwarded")
GUARDED = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-ID", "Keep-Alive", "Max-Forwards",
           "WebHook-Request-Origin", "HTTP2-Settings") + CLAIMS[:-1]
TRUST = "trusted-proxies = 127.0.0.0/8\n"
DROPPED = "verbgate_request_fields_dropped_total"


def folded(name):
    """As CGI, WSGI and PHP do."""
    return "".join(c if c.isalnum() else "_" for c in name).upper()


def names(message):
    return [name.decode() for name, _ in message.fields]


class GuardedCase(Case):
    def got(self, fields, method="GET", **sections):
        backend = self.origin(serve(answer()))
        gate = self.gate(backend, **sections)
        self.assert_status(self.ask(gate, method, fields=fields), 200)
        return backend.wait_requests(1)

    def refused(self, fields, method="GET", status=400, **sections):
        backend = self.origin(serve(answer()))
        gate = self.gate(backend, **sections)
        response = self.ask(gate, method, fields=fields)
        self.assert_status(response, status)
        self.assertEqual(backend.requests, [])
        return response


class OddNames(GuardedCase):
    def spellings(self):
        for index, name in enumerate(GUARDED):
            for odd in (name.replace("-", "_"), name.replace("-", FOLDS[index % len(FOLDS)]).upper(),
                        name[::-1].replace("-", ".", 1)[::-1].lower()):
                if odd.lower() != name.lower():
                    yield odd

    def test_no_spelling_reaches_a_backend_that_folds_names(self):
        for settings in ("", "request-id = on", TRUST, TRUST + "x-forwarded = replace", "x-forwarded = off"):
            message = self.got([(odd, "6.6.6.6") for odd in self.spellings()], gateway=settings)
            left = [name for name in names(message) if not all(c.isalnum() or c == "-" for c in name)]
            self.assertEqual(left, [], settings)
            self.assertNotIn(b"6.6.6.6", message.head)
            self.assertEqual(len({folded(name) for name in names(message)}), len(message.fields))

    def test_a_connection_field_opens_no_hole(self):
        fields = [("Connection", "X-Forwarded-For, x_forwarded_for, X_Forwarded_Proto, X-Real-IP, x-real_ip"),
                  ("X_Forwarded_For", "6.6.6.6"), ("X-Real_IP", "6.6.6.6"), ("X-Real-IP", "6.6.6.6")]
        message = self.got(fields, gateway="x-real-ip = on")
        self.assertEqual(message.all("x-forwarded-for"), ["127.0.0.1"])
        self.assertEqual(message.all("x-real-ip"), ["127.0.0.1"])
        self.assertNotIn(b"6.6.6.6", message.head)

    def test_other_names_pass_as_they_came(self):
        fields = [("X_Api_Key", "a"), ("x.y", "b"), ("User_Agent", "c"), ("X_Forwardedfor", "d")]
        message = self.got(fields)
        self.assertEqual([message.get(name.lower()) for name, _ in fields], ["a", "b", "c", "d"])

    def test_refused_they_are_400_by_a_rule_that_names_the_option(self):
        for odd in ("X_Forwarded_For", "x-request.id", "CLIENT_CERT"):
            response = self.refused([(odd, "1")], gateway="odd-names = refuse")
            self.assertIn("odd-names", response.text)

    def test_passed_they_pass_but_for_framing(self):
        message = self.got([("X_Forwarded_For", "6.6.6.6")], upstream="odd-names = pass")
        self.assertEqual(message.get("x_forwarded_for"), "6.6.6.6")
        self.refused([("Content_Length", "4")], upstream="odd-names = pass")
        self.refused([("Transfer_Encoding", "chunked")], upstream="odd-names = pass")

    def test_an_old_server_and_a_retried_head_get_no_odd_names_either(self):
        fields = [("X_Forwarded_For", "6.6.6.6"), ("Proxy", "http://evil/")]
        for upstream in ("send-version = 1.0", "head = from-get"):
            message = self.got(fields, "HEAD" if "head" in upstream else "GET", upstream=upstream)
            self.assertNotIn("X_Forwarded_For", names(message))
            self.assertNotIn("Proxy", names(message))

    def test_explain_tells_what_becomes_of_a_field(self):
        gate = self.prepare(ini("127.0.0.1:1"))
        result = run_command("explain", "-c", gate.config, "GET", "/", "--field", "X_Forwarded_For: 1")
        self.assertEqual(result.returncode, 0)
        self.assertIn("dropped: X_Forwarded_For: ", result.stdout)
        self.assertIn("odd-names", result.stdout)
        result = run_command("explain", "-c", gate.config, "GET", "/", "--json", "--field", "X_Forwarded_For: 1")
        self.assertEqual(json.loads(result.stdout)["dropped"], [{"field": "X_Forwarded_For", "reason": "odd-name"}])


class Claims(GuardedCase):
    def test_an_untrusted_client_says_nothing_of_who_it_is(self):
        for settings in ("", "x-forwarded = replace", TRUST + "x-forwarded = replace"):
            message = self.got([(name, "6.6.6.6") for name in CLAIMS if not (TRUST in settings and "Client" in name)],
                               gateway=settings)
            self.assertEqual([name for name in names(message) if name in CLAIMS], [], settings)

    def test_a_trusted_proxys_word_passes(self):
        message = self.got([(name, "6.6.6.6") for name in CLAIMS], gateway=TRUST)
        self.assertEqual([name for name in names(message) if name in CLAIMS], list(CLAIMS))

    def test_off_passes_all_but_client_certificates(self):
        message = self.got([(name, "6.6.6.6") for name in CLAIMS], gateway="x-forwarded = off")
        self.assertEqual([name for name in names(message) if name in CLAIMS],
                         [name for name in CLAIMS if not name.startswith("Client")])

    def test_x_real_ip_is_the_client_that_the_log_has(self):
        came = [("X-Real-IP", "6.6.6.6"), ("X-Forwarded-For", "192.0.2.1")]
        for settings, client in (("", "127.0.0.1"), (TRUST, "192.0.2.1"),
                                 (TRUST + "x-forwarded = replace\n", "192.0.2.1"),
                                 ("x-forwarded = off\n", "127.0.0.1")):
            message = self.got(came, gateway=settings + "x-real-ip = on")
            self.assertEqual(message.all("x-real-ip"), [client], settings)

    def test_a_client_on_a_unix_socket_has_no_x_real_ip(self):
        backend = self.origin(serve(answer()))
        gate = self.gateway(ini(backend.server, bind="unix:@FOLDER@/gate.sock", gateway="x-real-ip = on"))
        self.assert_status(self.ask(gate, fields=[("X-Real-IP", "6.6.6.6")]), 200)
        self.assertEqual(backend.wait_requests(1).all("x-real-ip"), [])

    def test_proxy_never_passes(self):
        for settings in ("", TRUST, "x-forwarded = off\nodd-names = pass\noverride-fields = pass"):
            message = self.got([("Proxy", "http://evil/"), ("PROXY", "http://evil/")], gateway=settings)
            self.assertIsNone(message.get("proxy"), settings)


class Overrides(GuardedCase):
    ROUTES = "[route admin]\npath = /admin/*\nallow = GET\n[route rest]\n"

    def test_a_field_that_names_another_method_is_refused(self):
        for field in (("X-HTTP-Method", "MERGE"), ("x_http_method_override", "delete"),
                      ("X-Method-Override", "POST, PUT")):
            response = self.refused([field, ("Content-Length", "0")], "POST")
            self.assertIn("override-fields", response.text)

    def test_one_that_names_the_method_itself_does_no_harm(self):
        message = self.got([("X-HTTP-Method-Override", " post "), ("X-Method-Override", ""), ("Content-Length", "0")],
                           "POST")
        self.assertEqual([name for name in names(message) if "verride" in name], [])

    def test_another_target_goes_no_further_where_a_rule_depends_on_paths(self):
        fields = [("X-Original-URL", "/admin"), ("X-Rewrite-URL", "/admin"), ("X_Original_URL", "/admin"),
                  ("SCRIPT_NAME", "/admin"), ("Script-Name", "/admin"), ("path_info", "/admin"), ("X-Script-Name", "/admin")]
        for settings in ("", "override-fields = strip"):
            message = self.got(fields, more=self.ROUTES, gateway=settings)
            self.assertNotIn(b"/admin", message.head)
        self.assertEqual(self.got(fields).get("x-original-url"), "/admin")
        message = self.got(fields, more=self.ROUTES, gateway="override-fields = pass")
        self.assertEqual(message.get("x-rewrite-url"), "/admin")


class RequestTrailers(GuardedCase):
    TRAILERS = [(b"GET", b"/admin HTTP/1.1"), (b"X-Sum", b"1"), (b"X_Forwarded_For", b"6.6.6.6"), (b"X-Real-IP", b"2"),
                (b"Content-Length", b"7"), (b"Proxy", b"p"), (b"WWW_Authenticate", b"x"), (b"X_Own", b"3")]

    def trailers(self, **sections):
        backend = self.origin(serve())
        connection = self.client(self.gate(backend, **sections))
        connection.send(chunked("POST", "/", [b"abc"], fields=(("Trailer", "X-Sum"),), trailers=self.TRAILERS) +
                        request("GET", "/next"))
        self.assert_status(connection.read(), 200)
        self.assert_status(connection.read(), 200)
        self.assertEqual([(got.method, got.body) for got in backend.requests], [("POST", b"abc"), ("GET", b"")])
        return backend.requests[0]

    def test_they_go_no_further(self):
        for upstream in ("", "buffer-request = chunked", "send-version = 1.0"):
            message = self.trailers(upstream=upstream)
            self.assertEqual(message.trailers or [], [])
            self.assertIsNone(message.get("trailer"))

    def test_passed_they_arrive_without_guarded_names(self):
        message = self.trailers(upstream="trailers = pass\nodd-names = pass")
        self.assertEqual(message.trailers, [(b"GET", b"/admin HTTP/1.1"), (b"X-Sum", b"1"), (b"X_Own", b"3")])
        self.assertEqual(message.get("trailer"), "X-Sum")


class DroppedFields(AdminCase):
    def test_what_is_dropped_is_counted_by_why(self):
        gate = self.start_admin(self.origin(serve()), gateway=ON + "\noverride-fields = strip")
        connection = self.client(gate)
        fields = (("X_Forwarded_For", "1"), ("X-Real-IP", "1"), ("X-Forwarded-Port", "1"), ("Proxy", "p"),
                  ("X-HTTP-Method", "MERGE"), ("X_HTTP_Method", "MERGE"), ("X-Own", "1"))
        connection.send(chunked("POST", "/", [b"a"], fields=fields, trailers=[(b"X-A", b"1")]))
        self.assert_status(connection.read(), 200)
        for reason, count in (("odd-name", 1), ("claim", 2), ("proxy", 1), ("override", 2), ("trailer", 1)):
            self.wait_value(gate, count, DROPPED, reason=reason)

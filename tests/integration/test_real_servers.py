"""Attacks that worked on real servers: each is shown at the server itself, then it must fail through the gateway."""
import json
import subprocess

from lib import ntlm
from lib.case import Case
from lib.client import chunked, request
from lib.gateway import ini
from lib.limits import WAIT, until
from lib.origin import answer
from lib.real_servers import RealServer
from lib.wire import Ended, Malformed, is_silent

SMUGGLED = b"DELETE /admin/users HTTP/1.1\r\nHost: x\r\n\r\n"
EVIL = "6.6.6.6"
TRIES = 10


class RealCase(Case):
    once = True

    def setUp(self):
        super().setUp()
        self.not_shown = None

    def start(self, kind):
        """A server of this kind; the test is skipped where its package is missing."""
        self.addCleanup(self.say_what_was_not_shown)
        return self.keep(RealServer(kind))

    def expect_direct(self, shown, what):
        """The fault is the server's own. One that does not have it any more leaves the gateway's side to be tested."""
        try:
            until(shown, what, seconds=WAIT / 10)
        except AssertionError:
            self.not_shown = what

    def say_what_was_not_shown(self):
        if self.not_shown:
            self.skipTest("this server does not show it any more: %s; the gateway's side passed" % self.not_shown)

    def front(self, server, gateway="", upstream="implements = GET HEAD POST", more=""):
        return self.gateway(ini(server.server, gateway, upstream=upstream, more=more, workers="1"))

    def seen(self, response):
        """What the application says that it was asked."""
        self.assert_status(response, 200)
        return json.loads(response.text)

    def probe(self, place, path="/next"):
        """A stranger's plain request: it must get its own answer."""
        response = self.ask(place, "GET", path)
        self.assertIn(b'"GET"', response.body)
        self.assertIn(path.encode(), response.body)
        return self.seen(response)


class FoldedFraming(RealCase):
    """F1: a folded twin of a framing field ends the content early for a server that reads it."""

    ATTACKS = (
        chunked("POST", "/app/x", [SMUGGLED], fields=[("Content_Length", "4")]),
        chunked("POST", "/app/x", [SMUGGLED], fields=[("CONTENT_LENGTH", "4")]),
        chunked("POST", "/app/x", [SMUGGLED], fields=[("content_length", "4"), ("X-A", "1")]),
        request("POST", "/unread", fields=[("Content_Length", "0")], body=SMUGGLED),
        request("POST", "/unread", fields=[("content_Length", "0")], body=SMUGGLED),
    )

    def was_smuggled(self, server):
        return any(seen["path"] == "/admin/users" for seen in server.ran())

    def attack(self, place, data):
        """Head and content in segments of their own, so that the server has the head first; returns the status."""
        connection = self.client(place)
        at = data.index(b"\r\n\r\n") + 4
        connection.send(data[:at])
        if is_silent(connection.stream, 0.05):
            connection.send(data[at:])
        try:
            status = connection.read().status
        except (Ended, Malformed):
            status = None
        connection.close()
        return status

    def attack_directly(self, server, data):
        self.attack(server, data)
        return self.was_smuggled(server)

    def check(self, kind):
        for data in self.ATTACKS:
            server = self.start(kind)
            gate = self.front(server)
            statuses = set()
            for _ in range(TRIES):
                statuses.add(self.attack(gate, data))
                self.probe(gate)
            self.assertFalse(self.was_smuggled(server), data)
            self.assertEqual(statuses, {400}, data)
            gate.stop()

    def test_a_folded_content_length_smuggles_nothing_into_uwsgi_http11_socket(self):
        server = self.start("uwsgi")
        self.expect_direct(lambda: self.attack_directly(server, self.ATTACKS[0]), "a smuggled request")
        self.check("uwsgi")

    def test_a_folded_content_length_smuggles_nothing_into_uwsgi_http_socket(self):
        self.check("uwsgi-http")

    def test_folded_framing_fields_reach_no_server(self):
        for kind in ("gunicorn", "wsgiref"):
            server = self.start(kind)
            gate = self.front(server)
            for name in ("Content_Length", "content.length", "Transfer_Encoding", "TRANSFER_encoding"):
                response = self.ask(gate, "POST", "/x", fields=[(name, "0")], body=b"abc")
                self.assert_status(response, 400)
            self.assertEqual(server.ran(), [])


class Trailers(RealCase):
    """F2: what comes behind the last chunk is no request and no field of the next one."""

    REQUEST = ((b"X-A", b"1"), (b"GET", b"/smuggled HTTP/1.1"), (b"Host", b"x"))
    USER = ((b"X-A", b"1"), (b"X-User", b"root"))

    def attack(self, place, trailers=USER):
        connection = self.client(place)
        connection.send(chunked("POST", "/x", [b"abc"], trailers=trailers))
        seen = self.seen(connection.read())
        self.assertEqual((seen["path"], seen["content"]), ("/x", "abc"))
        return connection

    def test_a_trailer_is_no_request_for_gevent(self):
        server = self.start("gevent")
        self.attack(server, self.REQUEST)
        self.expect_direct(lambda: server.ran()[-1]["path"] == "/smuggled", "a trailer that is a request")
        already = len(server.ran())
        gate = self.front(server)
        for _ in range(TRIES):
            self.attack(gate, self.REQUEST)
            self.probe(gate)
        self.assertEqual([seen["path"] for seen in server.ran()[already:]], ["/x", "/next"] * TRIES)

    def test_a_trailer_is_no_field_of_the_next_request_for_aiohttp(self):
        server = self.start("aiohttp")
        connection = self.attack(server)
        connection.send(request("GET", "/next"))
        connection.read()
        self.expect_direct(lambda: "X-User" in server.ran()[-1]["fields"], "a trailer in the next request")
        gate = self.front(server)
        for _ in range(TRIES):
            self.attack(gate)
            self.assertNotIn("root", self.probe(gate)["fields"].values())

    def test_an_upload_with_trailers_reaches_each_server_whole(self):
        for kind in ("gunicorn", "uwsgi", "php", "node"):
            with self.subTest(kind):
                gate = self.front(self.start(kind))
                self.attack(gate)
                self.probe(gate)


class ContentAfterHead(RealCase):
    """F3: content where none may be is nobody's answer."""

    def test_what_gevent_sends_after_the_head_is_not_the_next_answer(self):
        server = self.start("gevent")
        connection = self.client(server)
        connection.send(request("HEAD", "/stored"))
        connection.read("HEAD")
        self.expect_direct(lambda: connection.stream.fill() and b"poison" in connection.stream.buffer,
                           "content after a HEAD")
        gate = self.front(server)
        for number in range(TRIES):
            self.assert_status(self.ask(gate, "HEAD", "/stored"), 200)
            self.probe(gate, "/next%d" % number)


class Readings(RealCase):
    """F4 to F7: what the server takes for the place or the method that a rule names."""

    ADMIN = "[route admin]\npath = /admin/*\nallow = GET\n[route report]\npath = /report\nallow = GET\n" \
            "[route all]\npath = /*\n"
    SITE = "[route admin]\nhost = admin.test\nallow = GET\n[route all]\npath = /*\n"

    def check(self, server, attacks, shown, statuses, **sections):
        """Each attack runs at the server itself as `shown` says; through the gateway nothing runs."""
        self.assertTrue(attacks)
        for data in attacks:
            already = len(server.ran())
            connection = self.client(server)
            connection.send(data)
            connection.read()
            self.expect_direct(lambda: [seen for seen in server.ran()[already:] if shown(seen)], repr(data[:60]))
        gate = self.front(server, **sections)
        already = len(server.ran())
        for data in attacks:
            connection = self.client(gate)
            connection.send(data)
            response = connection.read()
            self.assertIn(response.status, statuses, data)
        self.assertEqual(server.ran()[already:], [])
        return gate

    def posts(self, *paths):
        return [request("POST", path, body=b"") for path in paths]

    def test_a_percent_sign_that_is_no_code_is_refused_before_jetty_decodes_it(self):
        attacks = self.posts("/%u0061dmin/users", "/x/%u002e%u002e/admin/users", "/%u002fadmin/users")
        self.check(self.start("jetty"), attacks, lambda seen: seen["path"].lstrip("/") == "admin/users", {400},
                   more=self.ADMIN)

    def check_site(self, kind):
        hosts = ("%EF%BD%81dmin.test", "admin%E3%80%82test", "ad%C2%ADmin.test", "%61dmin.test", "ADMIN%2Etest:80")
        attacks = [request("POST", "/", host=host, body=b"") for host in hosts]
        self.check(self.start(kind), attacks, lambda seen: seen["site"] == "admin.test", {400, 421}, more=self.SITE)

    def test_a_host_that_node_reads_as_the_guarded_one_is_refused(self):
        self.check_site("node")

    def test_a_host_that_express_reads_as_the_guarded_one_is_refused(self):
        self.check_site("express")

    def test_case_and_a_slash_at_the_end_do_not_pass_the_rule_of_the_path_in_express(self):
        attacks = self.posts("/Admin/users", "/ADMIN/USERS", "/admin/users/", "/report/", "/Report", "/REPORT/")
        gate = self.check(self.start("express"), attacks,
                          lambda seen: seen["handler"] in ("/admin/users", "/report"), {405}, more=self.ADMIN)
        self.assert_status(self.ask(gate, "POST", "/reports", body=b""), 200)

    def check_method(self, kind, shown=lambda seen: seen["ran"] == "DELETE"):
        attacks = [request(method, "/x") for method in ("delete", "Delete", "dELETE")]
        more = "[route all]\npath = /*\nallow = * -DELETE\n"
        self.check(self.start(kind), attacks, shown, {405, 501}, upstream="implements = *", more=more)

    def test_a_method_in_small_letters_is_not_run_by_gunicorn(self):
        self.check_method("gunicorn")

    def test_a_method_in_small_letters_is_not_run_by_uwsgi(self):
        self.check_method("uwsgi-http")

    def test_a_method_in_small_letters_is_not_run_by_wsgiref(self):
        self.check_method("wsgiref")

    def test_a_method_in_small_letters_is_not_run_by_gevent(self):
        self.check_method("gevent")

    def test_a_method_in_small_letters_is_not_run_by_jetty(self):
        self.check_method("jetty")


class Names(RealCase):
    """A2 to A4: fields that speak for somebody, in every spelling that a server folds."""

    FOLDED = [("X_Forwarded_For", EVIL), ("X_Forwarded_Proto", "https"), ("X_Forwarded_Host", "evil"),
              ("X-Forwarded_For", EVIL), ("x_forwarded-for", EVIL), ("X_REQUEST_ID", "evil"), ("X_Real_IP", EVIL),
              ("X_Forwarded_Port", "1"), ("Client_Cert", "evil"), ("X.Forwarded.For", EVIL)]
    FAMILY = [("X-Forwarded-Port", "1"), ("X-Forwarded-Prefix", "/evil"), ("X-Forwarded-Server", "evil"),
              ("X-Forwarded-Ssl", "on"), ("X-Forwarded-Scheme", "https"), ("X-Real-IP", EVIL),
              ("X-Forwarded-For", EVIL), ("x-forwarded-port", "2")]
    PROXY = [("Proxy", "http://evil/"), ("PROXY", "http://evil/"), ("proxy", "http://evil/")]

    def fields_seen(self, place, fields=()):
        return self.seen(self.ask(place, "GET", "/", fields=fields))["fields"]

    def check(self, kind, spoofed, folded):
        """The application sees the same with these fields as without any."""
        server = self.start(kind)
        direct = self.ask(server, "GET", "/", fields=spoofed)
        self.expect_direct(lambda: direct.status != 200 or folded(self.seen(direct)["fields"]), "spoofed fields")
        gate = self.front(server, gateway="request-id = on")
        plain = self.fields_seen(gate)
        self.assertTrue(plain.pop("HTTP_X_REQUEST_ID"))
        for field in [None] + spoofed:
            seen = self.fields_seen(gate, spoofed if field is None else [field])
            self.assertNotIn("evil", seen.pop("HTTP_X_REQUEST_ID", ""))
            self.assertEqual(seen, plain, field)

    @staticmethod
    def has(name, value):
        return lambda seen: value in seen.get(name, "")

    def test_gunicorn_sees_no_folded_name(self):
        self.check("gunicorn", self.FOLDED, self.has("HTTP_X_FORWARDED_FOR", EVIL))

    def test_uwsgi_sees_no_folded_name(self):
        self.check("uwsgi-http", self.FOLDED, self.has("HTTP_X_FORWARDED_FOR", EVIL))

    def test_wsgiref_sees_no_folded_name(self):
        self.check("wsgiref", self.FOLDED, self.has("HTTP_X_FORWARDED_FOR", EVIL))

    def test_php_sees_no_folded_name(self):
        self.check("php", self.FOLDED, self.has("HTTP_X_FORWARDED_FOR", EVIL))

    def test_gunicorn_sees_none_of_the_family_of_x_forwarded(self):
        self.check("gunicorn", self.FAMILY, self.has("HTTP_X_FORWARDED_PORT", "1"))

    def test_uwsgi_sees_none_of_the_family_of_x_forwarded(self):
        self.check("uwsgi-http", self.FAMILY, self.has("HTTP_X_FORWARDED_PORT", "1"))

    def test_wsgiref_sees_none_of_the_family_of_x_forwarded(self):
        self.check("wsgiref", self.FAMILY, self.has("HTTP_X_FORWARDED_PORT", "1"))

    def test_php_sees_none_of_the_family_of_x_forwarded(self):
        self.check("php", self.FAMILY, self.has("HTTP_X_FORWARDED_PORT", "2"))

    def test_gunicorn_sees_no_http_proxy(self):
        self.check("gunicorn", self.PROXY, self.has("HTTP_PROXY", "evil"))

    def test_uwsgi_sees_no_http_proxy(self):
        self.check("uwsgi-http", self.PROXY, self.has("HTTP_PROXY", "evil"))

    def test_wsgiref_sees_no_http_proxy(self):
        self.check("wsgiref", self.PROXY, self.has("HTTP_PROXY", "evil"))


class ConnectionLogin(RealCase):
    """A1: a login that belongs to a connection never changes hands. The client is curl, the server scripted."""

    def login_server(self):
        def script(connection):
            login = ntlm.Login()
            while True:
                message = connection.read_request()
                offer = login.judge(message.get("authorization"))
                if offer is None:
                    connection.send(answer(body=login.user.encode()))
                else:
                    connection.send(answer(401, b"", [("WWW-Authenticate", offer)], "Unauthorized"))

        return self.origin(script)

    def curl(self, place, user, path="/"):
        url = "http://%s:%d%s" % (place.address + (path,))
        result = subprocess.run(["curl", "-sS", "--ntlm", "-u", user + ":secret", "--noproxy", "*", url, url],
                                capture_output=True, text=True, timeout=WAIT, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def login(self, place, user):
        connection = self.client(place)
        self.assert_status(connection.ask(fields=[("Authorization", ntlm.negotiate())]), 401)
        response = connection.ask(fields=[("Authorization", ntlm.authenticate(user))])
        self.assertEqual((response.status, response.body), (200, user.encode()))
        return connection

    def test_curl_logs_in_by_ntlm_and_a_stranger_is_not_answered_as_its_user(self):
        server = self.login_server()
        self.assertEqual(self.curl(server, "alice"), "alicealice")
        gate = self.front(server)
        self.assertEqual(self.curl(gate, "alice"), "alicealice")
        self.assert_status(self.ask(gate), 401)
        self.assertEqual(self.curl(gate, "bob"), "bobbob")
        self.assert_status(self.ask(gate), 401)

    def test_two_users_who_ask_in_turns_are_answered_as_themselves(self):
        server = self.login_server()
        gate = self.front(server)
        alice = self.login(gate, "alice")
        self.assert_status(self.ask(gate), 401)
        bob = self.login(gate, "bob")
        for _ in range(TRIES):
            self.assertEqual(alice.ask().body, b"alice")
            self.assertEqual(bob.ask().body, b"bob")
            self.assert_status(self.ask(gate), 401)

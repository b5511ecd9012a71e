"""Refusals as the operator wants them: status, body, documentation and caching, rule by rule."""
import html.parser
import json
import os
import pathlib

from lib.case import Case
from lib.client import chunked, request
from lib.gateway import ini, run_command
from lib.origin import serve, unused_port

EXAMPLE = str(pathlib.Path(__file__).resolve().parents[2] / "config/examples/answers.ini")
POLICY = """
implements = GET HEAD POST PUT PATCH
[route reports]
path = /reports/*
upstream = backend
allow = GET HEAD
%s
[route hook]
path = /hook
upstream = backend
allow = POST
[route small]
path = /small
upstream = backend
max-body = 10
"""
DOCS = "https://docs.example/api?a=1&b=2"
JSON = (("Accept", "application/problem+json"),)
HTML = (("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),)


class Page(html.parser.HTMLParser):
    """The elements and the text of a page; any script or foreign attribute would show."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.links, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data):
        self.words += data


class AnswersByRule(Case):
    def setUp(self):
        super().setUp()
        self.backend = self.origin(serve())

    def policy(self, gateway="", route="", upstream="", files=None):
        return self.gateway(ini(self.backend.server, gateway="name = gate\n" + gateway,
                                upstream=upstream + POLICY % route), files)

    def assert_problem(self, response, status):
        self.assert_status(response, status)
        self.assertEqual(response.get("content-type"), "application/problem+json")
        problem = json.loads(response.text)
        self.assertEqual(problem["status"], status)
        return problem

    # ---- P0 2: status and body overridable per rule ----

    def test_status_and_body_overridable_per_rule(self):
        gate = self.policy(gateway="on-unimplemented = 405\non-no-route = 421\nbody-text = all.txt",
                           route="on-not-allowed = 403\nbody-text = reports.txt",
                           files={"all.txt": "gateway {status}\n",
                                  "reports.txt": "reports {status} {method}\n"})
        connection = self.client(gate)
        for method, path, status, body in (
                ("DELETE", "/hook", 405, "gateway 405\n"),
                ("DELETE", "/reports/x", 405, "reports 405 DELETE\n"),
                ("PUT", "/reports/x", 403, "reports 403 PUT\n"),
                ("PUT", "/hook", 405, "gateway 405\n"),
                ("GET", "/none", 421, "gateway 421\n")):
            response = connection.ask(method, path)
            self.assert_status(response, status)
            self.assertEqual(response.text, body)
        self.assertEqual(self.backend.requests, [])

    def test_a_501_that_becomes_405_has_the_allow_of_its_resource(self):
        connection = self.client(self.policy(gateway="on-unimplemented = 405"))
        for path, allow in (("/reports/x", "GET, HEAD"), ("/hook", "POST"),
                            ("/small", "GET, HEAD, PATCH, POST, PUT"),
                            ("/none", "GET, HEAD, PATCH, POST, PUT")):
            response = connection.ask("DELETE", path)
            self.assert_status(response, 405)
            self.assertEqual(response.get("allow"), allow)
            self.assertIn("Allowed: %s." % allow, response.text)

    def test_connect_follows_the_override_of_the_gateway(self):
        connection = self.client(self.policy(gateway="on-unimplemented = 405"))
        connection.send(b"CONNECT test:443 HTTP/1.1\r\nHost: test:443\r\n\r\n")
        response = connection.read()
        self.assert_status(response, 405)
        self.assertEqual(response.get("allow"), "GET, HEAD, PATCH, POST, PUT")

    def test_a_hidden_405_cannot_be_told_from_a_true_404(self):
        gate = self.policy(gateway="docs = %s\ncache-refusals = 10s" % DOCS,
                           route="on-not-allowed = 404\ndocs = https://other.example/")
        for fields in ((), JSON, HTML):
            connection = self.client(gate)
            answers = []
            for path in ("/reports/x", "/none"):
                response = connection.ask("PUT", path, fields=fields)
                self.assert_status(response, 404)
                answers.append([response.first_line, response.body] +
                               [(name, value) for name, value in response.fields
                                if name.lower() != b"date"])
            self.assertEqual(answers[0], answers[1])
        self.assertIn("method-route", run_command("explain", "-c", gate.config, "PUT",
                                                  "http://test/reports/x").stdout)

    def test_get_and_head_are_never_501(self):
        connection = self.client(self.policy(gateway="on-not-allowed = 501"))
        for method in ("GET", "HEAD"):
            response = connection.ask(method, "/hook")
            self.assert_status(response, 405)
            self.assertEqual(response.get("allow"), "POST")
        self.assert_status(connection.ask("PUT", "/hook"), 501)

    def test_close_ends_the_connection_without_an_answer(self):
        gate = self.policy(gateway="access-log = stdout\naccess-log-format = json",
                           route="on-not-allowed = close")
        for data in (request("PUT", "/reports/x"), request("PUT", "/reports/x", body=b"x" * 100000),
                     chunked("PUT", "/reports/x", [b"abc"]) + request("GET", "/reports/x")):
            connection = self.client(gate)
            connection.send(data)
            self.assertEqual(connection.wait_end(), "eof")
        # What was asked before is still answered.
        connection = self.client(gate)
        connection.send(request("GET", "/reports/x") + request("PUT", "/reports/x"))
        self.assert_status(connection.read(), 200)
        self.assertEqual(connection.wait_end(), "eof")
        gate.stop()
        with open(gate.path("stdout"), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual([line["status"] for line in lines if line["method"] == "PUT"], [444] * 4)

    def test_close_is_explained_with_its_rule(self):
        gate = self.policy(route="on-not-allowed = close")
        shown = run_command("explain", "-c", gate.config, "PUT", "http://test/reports/x").stdout
        self.assertIn("status: none", shown)
        self.assertIn("rule: method-route", shown)
        self.assertIn("because: PUT is not allowed for this resource. Allowed: GET, HEAD.", shown)

    def test_a_version_can_be_refused_with_another_status(self):
        gate = self.policy(gateway="on-version = 400", upstream="versions = 1.1\n")
        self.assert_status(self.ask(gate, "GET", "/hook", version="1.0"), 400)
        connection = self.client(gate)
        connection.send(request("GET", version="2.0"))
        response = connection.read()
        self.assert_status(response, 400)
        self.assertNotIn("HTTP/2.0", response.text)
        self.assert_closed(connection)

    def test_too_large_content_is_refused_alike_announced_or_not(self):
        gate = self.policy(gateway="on-too-large = 403")
        announced = self.ask(gate, "POST", "/small", body=b"x" * 11)
        self.assert_status(announced, 403)
        connection = self.client(gate)
        connection.send(chunked("POST", "/small", [b"x" * 8, b"y" * 8]))
        grown = connection.read()
        self.assert_status(grown, 403)
        self.assertEqual(grown.body, announced.body)
        self.assert_closed(connection)

    def test_the_example_does_what_it_says(self):
        for method, path, status, rule in (("PUT", "/admin/users", "404", "method-route"),
                                           ("DELETE", "/admin/users", "501", "method-nowhere"),
                                           ("DELETE", "/none", "501", "method-nowhere"),
                                           ("DELETE", "/api/orders", "405", "method-nowhere"),
                                           ("GET", "/uploads/x", "405", "method-route"),
                                           ("PUT", "/none", "404", "no-route")):
            shown = run_command("explain", "-c", EXAMPLE, method, "http://localhost" + path).stdout
            self.assertIn("status: " + status, shown)
            self.assertIn("rule: " + rule, shown)

    # ---- P0 3: unknown method tokens handled deliberately ----

    def test_an_unknown_method_in_the_wrong_case_gets_its_hint_in_every_type(self):
        connection = self.client(self.policy())
        for accept, shown in (("*/*", "text/plain"), ("text/html", "text/html"),
                              ("application/json", "application/problem+json")):
            response = connection.ask("patch", "/hook", fields=(("Accept", accept),))
            self.assert_status(response, 501)
            self.assertTrue(response.get("content-type").startswith(shown))
            self.assertIn("Did you mean PATCH? Methods are case-sensitive.", response.text)

    def test_an_unknown_method_is_shown_only_escaped(self):
        connection = self.client(self.policy(
            files={"own.html": "<i>{method}</i>", "own.json": '{"m": "{method}"}'},
            gateway="body-html = own.html\nbody-json = own.json"))
        method = "X&'`|~!#$%*+-.^_" + "M" * 200
        page = connection.ask(method, "/hook", fields=HTML)
        self.assert_status(page, 501)
        self.assertEqual(page.text, "<i>%s...</i>" % method[:64].replace("&", "&amp;")
                             .replace("'", "&#39;"))
        problem = connection.ask(method, "/hook", fields=JSON)
        self.assertEqual(json.loads(problem.text)["m"], method[:64] + "...")

    # ---- P0 7: local answers distinguishable from the backend's ----

    def test_local_answers_are_distinguishable_in_every_type(self):
        connection = self.client(self.policy())
        for accept in ("text/plain", "text/html", "application/problem+json"):
            response = connection.ask("PUT", "/reports/x", fields=(("Accept", accept),))
            self.assert_status(response, 405)
            self.assertTrue(response.get("content-type").startswith(accept))
            self.assertEqual(response.get("vary"), "Accept")
            self.assertRegex(response.get("proxy-status"),
                             r'^gate; error=http_request_denied; details="PUT is not allowed')
            self.assertEqual(response.get("allow"), "GET, HEAD")

    def test_a_problem_document_says_all_that_the_answer_says(self):
        gate = self.policy(gateway="docs = " + DOCS)
        problem = self.assert_problem(self.ask(gate, "PUT", "/reports/x", fields=JSON), 405)
        self.assertEqual(problem, {
            "type": DOCS, "title": "Method Not Allowed", "status": 405, "method": "PUT",
            "detail": "PUT is not allowed for this resource. Allowed: GET, HEAD.",
            "allow": ["GET", "HEAD"]})
        gate = self.policy()
        problem = self.assert_problem(self.ask(gate, "FOO", "/reports/x", fields=JSON), 501)
        self.assertEqual(problem["type"], "about:blank")
        self.assertNotIn("allow", problem)

    def test_a_page_is_small_and_needs_nothing_from_outside(self):
        response = self.ask(self.policy(gateway="docs = " + DOCS), "PUT", "/reports/x", fields=HTML)
        page = Page(response.text)
        self.assertEqual(sorted(set(page.elements)),
                         ["a", "body", "h1", "head", "html", "meta", "p", "title"])
        self.assertEqual(page.links, [DOCS])
        self.assertIn("PUT is not allowed for this resource.", page.words)

    def test_docs_are_linked_from_the_refusals_that_they_govern(self):
        gate = self.policy(gateway="docs = " + DOCS, route="docs = https://a.example/reports")
        link = '<%s>; rel="help"'
        connection = self.client(gate)
        self.assertEqual(connection.ask("PUT", "/reports/x").get("link"),
                         link % "https://a.example/reports")
        self.assertEqual(connection.ask("PUT", "/hook").get("link"), link % DOCS)
        self.assertEqual(connection.ask("PUT", "/none").get("link"), link % DOCS)
        self.assertEqual(connection.ask("GET", "/reports/x").all("link"), [])
        self.assertEqual(connection.ask("OPTIONS", "*").all("link"), [])

    def test_head_gets_the_fields_of_the_body_that_it_does_not_get(self):
        connection = self.client(self.policy())
        for fields in ((), JSON, HTML):
            shown = connection.ask("GET", "/hook", fields=fields)
            hidden = connection.ask("HEAD", "/hook", fields=fields)
            self.assert_status(hidden, 405)
            self.assertEqual(hidden.get("content-type"), shown.get("content-type"))
            # "GET" in the sentences (and the method of a problem) is "HEAD" here.
            grown = shown.text.count("GET is") + shown.text.count('"GET"}')
            grown += shown.text.count('"method":"GET"')
            self.assertEqual(int(hidden.get("content-length")), len(shown.body) + grown)

    def test_faults_are_negotiated_too(self):
        gate = self.policy()
        self.assert_problem(self.ask(gate, "GET", "/hook", host="a b", fields=JSON), 400)
        self.assert_problem(self.ask(gate, "POST", "/small", body=b"x" * 11, fields=JSON), 413)
        gate = self.gateway(ini("127.0.0.1:%d" % unused_port()))
        response = self.ask(gate, fields=JSON)
        problem = self.assert_problem(response, 502)
        self.assertEqual(problem["detail"], "the server refused the connection.")
        self.assertEqual(response.get("cache-control"), "no-store")
        page = self.ask(gate, fields=HTML)
        self.assertTrue(page.get("content-type").startswith("text/html"))

    def test_a_head_that_is_broken_is_answered_in_text(self):
        connection = self.client(self.policy())
        connection.send(b"GET / HTTP/1.1\r\nHost: test\r\nAccept: text/html\r\nBad Name: x\r\n\r\n")
        response = connection.read()
        self.assert_status(response, 400)
        self.assertTrue(response.get("content-type").startswith("text/plain"))
        self.assertEqual(response.all("vary"), [])

    # ---- own bodies ----

    def test_own_bodies_are_filled_in_and_escaped_for_their_type(self):
        files = {"own.txt": "{status} {reason}\n{detail}\n{allow} {docs} {other} {\n",
                 "own.html": "<p title=\"{docs}\">{allow}</p>{{method}}",
                 "own.json": '{"status": {status}, "error": {"allow": "{allow}", "see": "{docs}"}}'}
        connection = self.client(self.policy(
            gateway="docs = %s\nbody-text = own.txt\nbody-html = ./own.html\n"
                    "body-json = @FOLDER@/own.json" % DOCS, files=files))
        self.assertEqual(connection.ask("PUT", "/reports/x").text,
                         "405 Method Not Allowed\nPUT is not allowed for this resource. Allowed: "
                         "GET, HEAD.\nGET, HEAD %s {other} {\n" % DOCS)
        self.assertEqual(connection.ask("PUT", "/reports/x", fields=HTML).text,
                         '<p title="%s">GET, HEAD</p>{PUT}' % DOCS.replace("&", "&amp;"))
        problem = self.assert_problem(connection.ask("PUT", "/reports/x", fields=JSON), 405)
        self.assertEqual(problem["error"], {"allow": "GET, HEAD", "see": DOCS})

    def test_an_own_body_of_64k_is_sent_whole_and_a_larger_result_replaced(self):
        files = {"whole.txt": "x" * 65536, "grows.html": "{detail}" * 8192}
        connection = self.client(self.policy(files=files, gateway="body-text = whole.txt\n"
                                                                  "body-html = grows.html"))
        for _ in range(3):
            self.assertEqual(connection.ask("PUT", "/reports/x").text, files["whole.txt"])
            page = connection.ask("PUT", "/reports/x", fields=HTML)
            self.assertTrue(page.text.startswith("<!DOCTYPE html>"))

    def test_own_bodies_of_the_gateway_serve_faults_too(self):
        gate = self.policy(gateway="body-text = own.txt", files={"own.txt": "<{status}> {detail}"})
        response = self.ask(gate, "GET", "/hook", host="a b")
        self.assert_status(response, 400)
        self.assertTrue(response.text.startswith("<400> "))

    def test_a_reload_reads_own_bodies_anew_and_keeps_the_old_ones_when_it_fails(self):
        gate = self.policy(gateway="body-text = own.txt", files={"own.txt": "one"})
        self.assertEqual(self.ask(gate, "PUT", "/hook").text, "one")
        with open(gate.path("own.txt"), "w", encoding="utf-8") as file:
            file.write("two")
        self.assertTrue(gate.reload())
        self.assertEqual(self.ask(gate, "PUT", "/hook").text, "two")
        os.remove(gate.path("own.txt"))
        self.assertFalse(gate.reload())
        self.assertEqual(self.ask(gate, "PUT", "/hook").text, "two")

    # ---- caching ----

    def test_refusals_are_kept_by_caches_only_where_the_operator_says_so(self):
        connection = self.client(self.policy(route="cache-refusals = 90s"))
        for method, path, status, control in (
                ("PUT", "/reports/x", 405, "max-age=90"), ("FOO", "/reports/x", 501, "max-age=90"),
                ("PUT", "/hook", 405, "no-store"), ("GET", "/none", 404, "no-store"),
                ("GET", "/reports/%00", 400, "no-store")):
            response = connection.ask(method, path)
            self.assert_status(response, status)
            self.assertEqual(response.all("cache-control"), [control], path)
            self.assertEqual(response.get("vary"), "Accept")
        gate = self.policy(gateway="cache-refusals = 1s")
        self.assertEqual(self.ask(gate, "GET", "/none").get("cache-control"), "max-age=1")
        self.assertEqual(self.ask(gate, "POST", "/small", body=b"x" * 11).get("cache-control"),
                         "no-store")

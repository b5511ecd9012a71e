"""Observing traffic, and policies learnt from it, from OpenAPI, and from a probe of the backend."""
import json
import os
import pathlib
import signal
import tempfile
import threading

from lib.case import Case, threads
from lib.gateway import ini, run_command
from lib.limits import until
from lib.origin import answer, serve

WORKING = {"GET", "HEAD", "POST", "PUT"}


def legacy(message):
    """A backend that knows a few methods, fails at PATCH, and refuses DELETE with an Allow."""
    method = message.method if isinstance(message.method, str) else message.method.decode()
    target = message.target if isinstance(message.target, str) else message.target.decode()
    if target.startswith("/missing"):
        return answer(404, b"")
    if method == "PATCH":
        return answer(500, b"")
    if method == "DELETE":
        return answer(405, b"", [("Allow", "GET, HEAD, POST, PUT")])
    return answer(200, b"") if method in WORKING else answer(501, b"")


class Learn(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="vg-learn-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.record = str(self.folder / "record.json")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def read_record(self):
        with open(self.record, encoding="utf-8") as file:
            return json.load(file)

    def entries(self):
        return {(entry["method"], entry["path"], entry["status"], entry["by"]): entry["count"]
                for entry in self.read_record()["entries"]}

    def learn(self, *arguments):
        result = run_command("learn", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def check(self, text):
        """The proposal must be a policy without errors."""
        path = self.write("learnt.ini", text)
        result = run_command("check", "-c", path)
        self.assertEqual(result.returncode, 0, result.stderr + text)
        return text

    def refused(self, *arguments):
        result = run_command("learn", *arguments)
        self.assertEqual((result.returncode, result.stdout), (1, ""), result.stderr)
        return result.stderr


class Observe(Learn):
    def observing(self, backend, more="", **sections):
        return self.gateway(ini(backend.server, gateway="observe = %s\n%s" % (self.record, more), **sections))

    def test_a_policy_learnt_from_traffic_serves_the_same_traffic(self):
        backend = self.origin(serve(legacy))
        gate = self.observing(backend)
        traffic = [("GET", "/"), ("GET", "/orders"), ("POST", "/orders"), ("GET", "/orders/17?secret=1"),
                   ("PUT", "/orders/18"), ("HEAD", "/files/0a1b2c3d4e/raw"), ("GET", "/a/b/c/d/e"),
                   ("POST", "/orders/17/items/4"), ("GET", "/list/%7Ejo/x"), ("GET", "/shop/list")]
        others = [("PATCH", "/orders/17"), ("DELETE", "/orders/17"), ("GET", "/missing/x"), ("FOO", "/orders")]
        for method, target in traffic + others:
            self.ask(gate, method, target)
        gate.stop()
        self.assertNotIn("secret", pathlib.Path(self.record).read_text())
        proposal = self.check(self.learn(self.record))
        self.assertIn("server = " + backend.server, proposal)
        self.assertIn("\nimplements = GET HEAD POST PUT\n", proposal)
        self.assertIn("finding: the backend says 500 for PATCH", proposal)
        self.assertIn("finding: the backend answers DELETE with 405 itself, Allow: GET, HEAD, POST, PUT", proposal)
        self.assertIn("finding: the backend answers FOO with 501 itself", proposal)
        learnt = self.gateway(proposal.replace("[listener public]\nbind = 127.0.0.1:8080",
                                               "[listener main]\nbind = 127.0.0.1:0"))
        for method, target in traffic:
            self.assert_status(self.ask(learnt, method, target), 200)
        before = len(backend.requests)
        for (method, target), status in zip(others, (501, 501, 404, 501)):
            self.assert_status(self.ask(learnt, method, target), status)
        self.assertEqual(len(backend.requests), before)

    def test_the_record_tells_backend_and_gateway_apart_and_keeps_no_paths_of_404(self):
        gate = self.observing(self.origin(serve(legacy)), upstream="implements = GET POST DELETE")
        for method, target in (("GET", "/x"), ("GET", "/x/"), ("PATCH", "/y"), ("DELETE", "/z"), ("GET", "/missing/me")):
            self.ask(gate, method, target)

        def is_written():
            gate.signal(signal.SIGUSR1)
            return sum(self.entries().values()) == 5

        until(is_written, "the record is written on SIGUSR1")
        self.assertEqual(self.entries(), {("GET", "/x", 200, "backend"): 2, ("PATCH", "*", 501, "gateway"): 1,
                                          ("DELETE", "/z", 405, "backend"): 1, ("GET", "*", 404, "backend"): 1})
        self.assertEqual([entry.get("allow") for entry in self.read_record()["entries"] if entry["status"] == 405],
                         ["GET, HEAD, POST, PUT"])

    def test_a_record_is_gone_on_with_after_a_restart_and_a_reload_switches_it(self):
        backend = self.origin(serve(legacy))
        for _ in range(2):
            gate = self.observing(backend)
            self.ask(gate, "GET", "/x")
            gate.stop()
        self.assertEqual(self.entries(), {("GET", "/x", 200, "backend"): 2})
        off = ini(backend.server)
        gate = self.gateway(off)
        self.assertTrue(gate.reload(ini(backend.server, gateway="observe = " + self.record)))
        self.ask(gate, "PUT", "/x")
        self.assertTrue(gate.reload(off))
        self.ask(gate, "POST", "/x")
        gate.stop()
        self.assertEqual(self.entries(), {("GET", "/x", 200, "backend"): 2, ("PUT", "/x", 200, "backend"): 1})

    def test_a_record_is_read_back_whatever_the_servers_are_called(self):
        for server in ("unix:@FOLDER@/a b.sock", "unix:@FOLDER@/a$b.sock", '"unix:@FOLDER@/a;b.sock"', "unix:@FOLDER@/\u00e9.sock",
                       "builtin:legacy"):
            gate = self.gateway(ini(server, gateway="observe = @FOLDER@/record.json"))
            self.assertTrue(gate.reload(ini(server)))
            self.assertTrue(gate.reload(ini(server, gateway="observe = @FOLDER@/record.json")), gate.log)

    def test_a_file_that_is_no_record_is_not_overwritten(self):
        text = '{"mine": true}'
        pathlib.Path(self.record).write_text(text)
        backend = self.origin()
        bad = ini(backend.server, gateway="observe = " + self.record)
        gate = self.prepare(bad)
        gate.launch()
        self.assertEqual(gate.wait(), 1)
        self.assertIn("observe ", gate.log)
        running = self.gateway(ini(backend.server))
        self.assertFalse(running.reload(bad))
        self.assertFalse(running.reload(bad.replace(self.record, str(self.folder / "no-folder" / "x.json"))))
        self.assert_status(self.ask(running), 200)
        self.assertEqual(pathlib.Path(self.record).read_text(), text)

    def test_a_path_needs_a_slash(self):
        result = run_command("check", "-c", self.write("a.ini", ini("127.0.0.1:9", gateway="observe = on")))
        self.assertEqual(result.returncode, 1)
        self.assertIn("./NAME", result.stderr)

    def test_many_paths_and_methods_are_counted_and_not_kept(self):
        gate = self.observing(self.origin(serve(legacy)))
        connection = self.client(gate)
        for number in range(300):
            connection.ask("GET", "/missing/%s" % "".join(chr(97 + number // 26 ** i % 26) for i in range(4)))
        connection.ask("X" * 40, "/x")
        gate.stop()
        self.assertEqual(self.entries(), {("GET", "*", 404, "backend"): 300, ("(other)", "/x", 501, "backend"): 1})

    @threads
    def test_nothing_is_lost_between_workers_and_writes(self):
        gate = self.observing(self.origin(serve(legacy)), workers="2")
        rounds, clients = 40, 4

        def run():
            connection = self.client(gate)
            for _ in range(rounds):
                self.assert_status(connection.ask("GET", "/x"), 200)

        running = [threading.Thread(target=run) for _ in range(clients)]
        for thread in running:
            thread.start()
        while any(thread.is_alive() for thread in running):
            gate.signal(signal.SIGUSR1)
            running[0].join(0.02)
        for thread in running:
            thread.join()
        gate.stop()
        self.assertEqual(self.entries(), {("GET", "/x", 200, "backend"): rounds * clients})
        self.assertFalse(os.path.exists(self.record + ".tmp"))


class FromFiles(Learn):
    def test_an_openapi_file_becomes_a_policy(self):
        path = self.write("api.json", json.dumps({
            "openapi": "3.0.3", "info": {"title": "t", "x-any": [1]}, "servers": [{"url": "https://api.test/v1"}],
            "paths": {"/pets": {"get": {"responses": {}}, "post": {}, "parameters": [{"name": "q"}]},
                      "/pets/{id}": {"get": {}, "delete": {}, "options": {}, "summary": "one"},
                      "/pets/{id}/photo": {"put": {}}, "x-more": {}}}))
        backend = self.origin(serve(answer()))
        proposal = self.check(self.learn("--openapi", path, "--server", backend.server))
        self.assertIn("\nimplements = GET HEAD DELETE OPTIONS POST PUT\n", proposal)
        self.assertIn("; /v1/pets/{id}/photo: taken as /v1/pets/*", proposal)
        gate = self.gateway(proposal.replace("[listener public]\nbind = 127.0.0.1:8080",
                                             "[listener main]\nbind = 127.0.0.1:0"))
        for method, target, status in (("GET", "/v1/pets", 200), ("DELETE", "/v1/pets", 405), ("DELETE", "/v1/pets/7", 200),
                                       ("PUT", "/v1/pets/7/photo", 200), ("PATCH", "/v1/pets", 501), ("GET", "/pets", 404)):
            self.assert_status(self.ask(gate, method, target), status)

    def test_hostile_files_are_refused_with_file_and_place(self):
        record = {"verbgate-record": 1, "since": "2026-01-01T00:00:00Z", "overflow": 0}
        entry = {"upstream": "a", "host": "", "method": "GET", "path": "/x\n[listener y]", "status": 200, "by": "backend",
                 "count": 1, "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z"}
        for text, wanted in (("", "line 1"), ("\x00", "line 1"), ('{"a": "\x1b[2J"}', "line 1"), ("[" * 100000, "depth"),
                             ('{"a":' * 3000, "depth"), ("{} {}", "line 1"), ("{}", "verbgate-record"),
                             (json.dumps(dict(record, entries=[entry])), "entries[0].path"),
                             (json.dumps(dict(record, entries=[dict(entry, path="/x", count=2 ** 62)])), "entries[0].count"),
                             (json.dumps(dict(record, servers=[{"upstream": "a", "address": "h:1\nx = y"}], entries=[])),
                              "servers[0].address"), ("1" * (8 * 1024 * 1024 + 1), "8 MiB")):
            path = self.write("bad.json", text)
            message = self.refused(path)
            self.assertIn(path, message)
            self.assertIn(wanted, message)
            self.assertNotIn("\x1b", message)
        message = self.refused("--openapi", self.write("api.json", '{"openapi": "3.0.0",\n "paths": {"/a": [}}'))
        self.assertIn("line 2, column", message)
        self.refused("--openapi", self.write("api.json", '{"openapi": "3.0.0", "paths": {}}'))
        self.refused(str(self.folder / "none.json"))
        self.refused(str(self.folder))

    def test_a_large_description_is_read_in_bounded_time(self):
        paths = {"/p%d/{id}" % number: {"get": {}, "put": {}} for number in range(8000)}
        path = self.write("api.json", json.dumps({"openapi": "3.0.0", "paths": paths}))
        self.assertIn("path = /p7999/*", self.check(self.learn("--openapi", path)))

    def test_wrong_usage_is_told(self):
        for arguments in ((), ("a", "b"), ("--openapi",), ("a", "--probe", "http://h/"), ("a", "--min-count", "x"),
                          ("--probe", "http://h/", "--unsafe", "yes"), ("--openapi", "a", "--server", "h:1 x"), ("--what", "a")):
            result = run_command("learn", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn("usage: verbgate learn", result.stderr)


class Probe(Learn):
    def probe(self, reply, **kind):
        """The proposal, and what the backend was asked."""
        backend = self.origin(serve(reply), **kind)
        url = backend.server if kind else "http://%s/path?q=1" % backend.server
        proposal = self.check(self.learn("--probe", url))
        asked = [(str(message.method), str(message.target)) for message in backend.requests]
        return proposal, asked

    def replies(self, known, allow=None, control=501):
        def reply(message):
            fields = [("Allow", allow)] if allow and message.method == "OPTIONS" else []
            return answer(known.get(message.method, control), b"", fields)
        return reply

    def test_only_safe_methods_and_a_random_one_are_sent(self):
        _, asked = self.probe(self.replies({"GET": 200, "HEAD": 200}))
        self.assertEqual(asked[1:], [("GET", "/path?q=1"), ("HEAD", "/path?q=1"), ("OPTIONS", "/path?q=1"), ("OPTIONS", "*")])
        self.assertRegex(asked[0][0], r"^VG[A-Z]{8}$")

    def test_an_honest_allow_is_taken(self):
        proposal, _ = self.probe(self.replies({"GET": 200, "HEAD": 200, "OPTIONS": 204}, "GET, HEAD, OPTIONS, PUT, PURGE"))
        self.assertIn("\nimplements = GET HEAD OPTIONS PUT PURGE\n", proposal)
        self.assertNotIn("finding", proposal)

    def test_a_backend_that_takes_anything_proves_nothing(self):
        proposal, _ = self.probe(self.replies({}, "GET, DELETE", control=200))
        self.assertIn("\nimplements = GET HEAD\n", proposal)
        self.assertIn("finding: a method that does not exist is answered 200", proposal)

    def test_a_list_that_echoes_the_random_method_is_not_believed(self):
        names = []

        def reply(message):
            names.append(str(message.method))
            return answer(200 if message.method in ("GET", "HEAD") else 405, b"", [("Allow", "PUT, " + names[0])])

        proposal, _ = self.probe(reply)
        self.assertIn("\nimplements = GET HEAD\n", proposal)
        self.assertIn("finding: the backend names even the random method", proposal)

    def test_contradictions_are_findings(self):
        proposal, _ = self.probe(self.replies({"GET": 200, "HEAD": 501, "OPTIONS": 200}, "HEAD, OPTIONS, P(T, get, CONNECT",
                                              control=500))
        self.assertIn("finding: HEAD is named, and does not work (501)", proposal)
        self.assertIn("finding: GET works, and OPTIONS does not name it", proposal)
        self.assertIn("finding: 2 of the names in its lists are no methods", proposal)
        self.assertIn("finding: an unknown method makes the backend fail (500, not 501)", proposal)
        self.assertIn("\nimplements = GET HEAD OPTIONS\n", proposal)

    def test_a_unix_socket_and_interim_responses(self):
        interim = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        proposal, asked = self.probe(lambda message: interim + answer(), unix=True)
        self.assertEqual(len(asked), 5)
        self.assertIn("server = unix:/", proposal)

    def test_broken_backends_end_in_an_error_and_not_in_a_policy(self):
        for bad in (b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nA: b", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20000,
                    b"HTTP/1.1 100 Continue\r\n\r\n" * 100):
            def script(connection, bad=bad):
                connection.read_head()
                connection.send(bad)

            message = self.refused("--probe", "http://%s/" % self.origin(script).server)
            self.assertIn("the backend answers nothing", message)
        for url in ("https://127.0.0.1/", "ftp://h/", "http://u:p@h/", "http://", "http://h:1/a b", "/x", "unix:x"):
            self.assertTrue(self.refused("--probe", url))

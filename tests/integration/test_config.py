"""The command line: check, explain, help, version, and starts that cannot work."""
import json
import os
import pathlib
import re
import socket
import tempfile

from lib.case import Case
from lib.gateway import Gateway, ini, parse_address, run_command

QUICKSTART = pathlib.Path(__file__).resolve().parents[2] / "config" / "quickstart.ini"
POLICY = """[listener main]
bind = 127.0.0.1:0
[upstream legacy]
server = 127.0.0.1:9000
implements = GET HEAD POST
versions = 1.1
[route reports]
host = api.test
path = /reports/*
upstream = legacy
allow = GET HEAD
[route rest]
host = api.test
upstream = legacy
"""


class CommandLine(Case):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="vg-config-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, text, name="gateway.ini"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def check(self, text, env=None):
        return run_command("check", "-c", self.write(text), env=env)


class Check(CommandLine):
    def test_a_good_file_passes(self):
        result = self.check(POLICY)
        self.assertEqual((result.returncode, "error:" in result.stderr), (0, False), result.stderr)

    def test_six_lines_are_a_complete_file(self):
        result = self.check("[listener public]\nbind = 127.0.0.1:8080\n\n[upstream legacy]\n"
                            "server = 127.0.0.1:9000\nimplements = GET HEAD POST\n")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_all_errors_are_shown_at_once_like_a_compilers(self):
        text = (POLICY.replace("versions = 1.1", "implement = GET") + "allow = G(T\n[route lost]\nupstream = nobody\n"
                "[gateway]\nhead-timeout = 5\nmax-head = many\nworkers = -1\n")
        result = self.check(text)
        self.assertEqual(result.returncode, 1)
        lines = text.split("\n")
        for wrong in ("implement = GET", "allow = G(T", "upstream = nobody", "head-timeout = 5",
                      "max-head = many", "workers = -1"):
            number = lines.index(wrong) + 1
            self.assertRegex(result.stderr, r"(?m)gateway\.ini:%d:\d+: error: " % number, wrong)
            self.assertIn(wrong, result.stderr)
        self.assertIn("^", result.stderr)
        self.assertIn('did you mean "implements"?', result.stderr)

    def test_the_command_exits_with_1_for_each_kind_of_mistake(self):
        good = POLICY
        for wrong in ("", "nonsense\n", "[unknown x]\n", good.replace("bind = 127.0.0.1:0", ""),
                      good.replace("server = 127.0.0.1:9000", ""), good + "[upstream legacy]\nserver = 127.0.0.1:1\n",
                      good.replace("127.0.0.1:0", "127.0.0.1:70000"), good.replace("127.0.0.1:0", "nowhere"),
                      good.replace("host = api.test\nupstream", "host = api.test\npath = reports\nupstream"),
                      good.replace("versions = 1.1", "versions = 2.0"),
                      good.replace("implements = GET HEAD POST", "implements = @unknown"),
                      good.replace("implements = GET HEAD POST", "implements = GET CONNECT"),
                      good + "[route rest2]\nhost = api.test\nupstream = legacy\n",
                      "include = missing-file.ini\n" + good, good.replace("9000", "${VERBGATE_TEST_UNSET}")):
            result = self.check(wrong)
            self.assertEqual(result.returncode, 1, "accepted:\n" + wrong)
            self.assertIn("error: ", result.stderr, wrong)

    def test_strict_takes_warnings_for_errors(self):
        path = self.write(POLICY.replace("GET HEAD POST", "GET HEAD POST PURGE"))
        self.assertEqual(run_command("check", "-c", path).returncode, 0)
        result = run_command("check", "--strict", "-c", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("1 warning, which --strict takes for errors", result.stderr)
        self.assertEqual(run_command("check", "--strict", "-c", self.write(POLICY)).returncode, 0)

    def test_a_file_that_does_not_exist_or_cannot_be_read_is_named(self):
        missing = str(self.folder / "missing.ini")
        for command in ("check", "run"):
            result = run_command(command, "-c", missing)
            self.assertEqual(result.returncode, 1)
            self.assertIn("missing.ini", result.stderr)
            result = run_command(command, "-c", str(self.folder))
            self.assertEqual(result.returncode, 1)
            self.assertIn(str(self.folder), result.stderr)

    def test_includes_and_environment_variables_work(self):
        os.mkdir(self.folder / "conf.d")
        self.write("[upstream legacy]\nserver = 127.0.0.1:${TEST_PORT}\nimplements = ${TEST_SET:-GET HEAD}\n",
                   "conf.d/upstream.ini")
        text = "include = conf.d/*.ini\n[listener main]\nbind = 127.0.0.1:0\n"
        self.assertEqual(self.check(text, env={"TEST_PORT": "9000"}).returncode, 0)
        result = self.check(text)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"upstream\.ini:2:\d+: error: .*TEST_PORT")

    def test_an_include_that_includes_itself_is_an_error(self):
        result = self.check("include = gateway.ini\n" + POLICY)
        self.assertEqual(result.returncode, 1)

    def test_the_quickstart_file_passes(self):
        result = run_command("check", "-c", str(QUICKSTART))
        self.assertEqual(result.returncode, 0, result.stderr)


class Explain(CommandLine):
    def explain(self, *arguments, text=POLICY):
        result = run_command("explain", "-c", self.write(text), *arguments)
        shown = dict(re.findall(r"(?m)^([a-z]+): *(.*)$", result.stdout))
        return result, shown

    def test_the_exit_status_tells_the_verdicts_apart(self):
        for arguments, status in ((("GET", "http://api.test/x"), 0), (("POST", "http://api.test/x"), 0),
                                  (("HEAD", "http://api.test/reports/q3"), 0),
                                  (("PATCH", "http://api.test/x"), 10), (("get", "http://api.test/x"), 10),
                                  (("CONNECT", "http://api.test/x"), 10),
                                  (("POST", "http://api.test/reports/q3"), 11),
                                  (("GET", "http://api.test/x", "--version", "1.0"), 12),
                                  (("GET", "http://api.test/x", "--version", "2.0"), 12),
                                  (("GET", "http://other.test/x"), 13),
                                  (("GET", "http://api.test/%00"), 14)):
            result, _ = self.explain(*arguments)
            self.assertEqual(result.returncode, status, (arguments, result.stdout, result.stderr))

    def test_a_405_is_explained_with_allow_rule_and_source(self):
        _, shown = self.explain("POST", "http://api.test/reports/q3")
        self.assertEqual((shown["status"][:3], shown["allow"]), ("405", "GET, HEAD"))
        self.assertIn("reports", shown["rule"])
        line = POLICY.split("\n").index("allow = GET HEAD") + 1
        self.assertTrue(shown["source"].endswith("gateway.ini:%d" % line), shown["source"])

    def test_a_501_is_explained_with_its_line(self):
        _, shown = self.explain("PATCH", "http://api.test/reports/q3")
        self.assertEqual(shown["status"][:3], "501")
        self.assertNotIn("allow", shown)

    def assert_limit_explained(self, text, length, limit):
        _, shown = self.explain("POST", "http://api.test/x", "--field", "Content-Length: %d" % length, text=text)
        line = text.split("\n").index(limit) + 1
        self.assertEqual(shown["status"][:3], "413")
        self.assertTrue(shown["source"].endswith("gateway.ini:%d" % line), shown["source"])

    def test_a_413_is_explained_with_the_line_of_its_limit(self):
        text = POLICY.replace("versions = 1.1", "max-body = 10\nbuffer-max = 1k")
        self.assert_limit_explained(text, 11, "max-body = 10")
        text = text.replace("max-body = 10", "buffer-request = all")
        self.assert_limit_explained(text, 1025, "buffer-max = 1k")

    def test_a_forward_is_explained(self):
        _, shown = self.explain("GET", "http://api.test/reports/q3")
        self.assertIn("forward", shown["verdict"])

    def test_fields_and_versions_decide_as_they_do_in_the_gateway(self):
        text = POLICY.replace("versions = 1.1", "max-body = 10")
        for arguments, status, shown_status in (
                (("--field", "Content-Length: 10"), 0, ""),
                (("--field", "Content-Length: 11"), 14, "413"),
                (("--field", "Expect: tea"), 14, "417"),
                (("--field", "Content-Length: x"), 14, "400"),
                (("--field", "no colon"), 14, "400"),
                (("--field", "Host: other.test"), 13, "404"),
                (("--field", "Host: api.test", "--field", "Host: api.test"), 14, "400"),
                (("--field", "Transfer-Encoding: chunked", "--version", "1.0"), 14, "400")):
            result, shown = self.explain("POST", "http://api.test/x", *arguments, text=text)
            self.assertEqual((result.returncode, shown.get("status", "")[:3]), (status, shown_status),
                             (arguments, result.stdout, result.stderr))

    def test_json_is_one_object(self):
        result, _ = self.explain("POST", "http://api.test/reports/q3", "--json")
        found = json.loads(result.stdout)
        self.assertEqual((result.returncode, found["verdict"], found["status"], found["allow"], found["rule"],
                          found["upstream"], found["route"], found["forwarded"]),
                         (11, "refuse", 405, ["GET", "HEAD"], "method-route", "legacy", "reports", None))
        line = POLICY.split("\n").index("allow = GET HEAD") + 1
        self.assertEqual(found["source"]["line"], line)
        result, _ = self.explain("GET", "http://api.test?q", "--json")
        self.assertEqual(json.loads(result.stdout)["forwarded"], {"method": "GET", "target": "/?q"})

    def test_a_batch_is_answered_line_by_line(self):
        heads = ["GET /x HTTP/1.1\r\nHost: api.test\r\n\r\n", "PATCH /x HTTP/1.1\r\nHost: api.test\r\n\r\n"]
        path = self.write(POLICY)
        asked = self.folder / "heads"
        for more, status in (("", 0), ("7\nGET /x ", 2), ("9\nGET", 2), ("x\n", 2)):
            asked.write_text("".join("%d\n%s" % (len(head), head) for head in heads) + more, newline="")
            with open(asked, encoding="ascii") as stdin:
                result = run_command("explain", "-c", path, "--batch", stdin=stdin)
            self.assertEqual(result.returncode, status, result.stderr)
            self.assertEqual([json.loads(line)["status"] for line in result.stdout.splitlines()], [None, 501])

    def test_what_is_no_url_is_told_how_to_write_one(self):
        result, _ = self.explain("GET", "www.example.com")
        self.assertEqual(result.returncode, 2)
        self.assertIn("/path or http://host/path", result.stderr)

    def test_wrong_use_is_2_and_a_wrong_file_is_1(self):
        self.assertEqual(self.explain("GET")[0].returncode, 2)
        self.assertEqual(self.explain("GET", "/", "-c", "other.ini")[0].returncode, 2)
        self.assertEqual(self.explain("GET", "/", "--strict")[0].returncode, 2)
        self.assertEqual(self.explain("GET", "http://api.test/", text="nonsense\n")[0].returncode, 1)


class Methods(CommandLine):
    def test_the_matrix_is_text_json_or_a_page(self):
        path = self.write(POLICY)
        text = run_command("methods", "-c", path)
        self.assertRegex(text.stdout, r"(?m)^reports +api\.test +/reports/\* +legacy +yes +yes +405 +501$")
        found = json.loads(run_command("methods", "-c", path, "--json").stdout)
        self.assertEqual([(row["route"], row["methods"]["POST"], row["methods"]["other"]) for row in found["routes"]],
                         [("reports", 405, 501), ("rest", "forward", 501)])
        page = run_command("methods", "-c", path, "--html")
        self.assertTrue(page.stdout.startswith("<!DOCTYPE html>") and page.stdout.endswith("</html>\n"))
        self.assertEqual(run_command("methods", "-c", path, "--html", "--json").returncode, 2)
        self.assertEqual(run_command("methods", "-c", self.write("nonsense\n")).returncode, 1)


class Config(CommandLine):
    def test_the_effective_policy_loads_again_and_decides_the_same(self):
        path = self.write("[gateway]\nmax-body = ${SIZE}\n" + POLICY.replace("versions = 1.1", "versions = 1.0 1.1"))
        env = {"SIZE": "7"}
        result = run_command("config", "-c", path, env=env)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("max-body = 7 ; from [gateway], %s:2" % path, result.stdout)
        again = self.write(result.stdout, "effective.ini")
        self.assertEqual(run_command("check", "--strict", "-c", again).returncode, 0)
        matrices = [run_command("methods", "-c", file, env=env).stdout for file in (path, again)]
        self.assertEqual(matrices[0], matrices[1])
        self.assertEqual(run_command("config", "-c", self.write("nonsense\n")).returncode, 1)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            path = self.write(POLICY)
            for command in ("config", "methods"):
                result = run_command(command, "-c", path, stdout=full)
                self.assertEqual(result.returncode, 1)
                self.assertIn("cannot write the output", result.stderr)


class Help(CommandLine):
    def test_help_names_the_commands(self):
        result = run_command("--help")
        self.assertEqual(result.returncode, 0)
        for word in ("run", "check", "explain", "methods", "config", "-c"):
            self.assertIn(word, result.stdout)

    def test_version_names_the_libraries(self):
        result = run_command("--version")
        self.assertEqual(result.returncode, 0)
        for expression in (r"verbgate \d+\.\d+\.\d+", r"libuv \d+\.\d+", r"llhttp \d+\.\d+"):
            self.assertRegex(result.stdout, expression)

    def test_wrong_use_is_2_with_a_hint_on_stderr(self):
        for arguments in ((), ("nonsense",), ("run",), ("check",), ("--nonsense",), ("run", "-c"),
                          ("check", "-c", "a", "b")):
            result = run_command(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertNotEqual(result.stderr, "")


class Start(CommandLine):
    def assert_start_fails(self, text, *expected):
        path = self.write(text)
        result = run_command("run", "-c", path)
        self.assertEqual(result.returncode, 1, result.stderr)
        for part in expected:
            self.assertIn(part, result.stderr)

    def test_a_port_in_use_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            place = "127.0.0.1:%d" % taken.getsockname()[1]
            self.assert_start_fails(ini("127.0.0.1:1", bind=place), place, "in use")

    def test_a_name_that_does_not_resolve_is_named(self):
        self.assert_start_fails(ini("nobody.invalid:80"), "nobody.invalid")

    def test_a_socket_folder_that_does_not_exist_is_named(self):
        self.assert_start_fails(ini("127.0.0.1:1", bind="unix:/nonexistent/gate.sock"), "/nonexistent/gate.sock")

    def test_an_access_log_that_cannot_be_opened_is_named(self):
        self.assert_start_fails(ini("127.0.0.1:1", gateway="access-log = /nonexistent/access.log"),
                                "/nonexistent/access.log")

    def test_a_bad_file_does_not_start_and_shows_its_errors(self):
        self.assert_start_fails(POLICY + "allows = GET\nimplement = GET\n", "allows", "implement")

    def test_the_command_may_be_left_out(self):
        """`verbgate -c FILE` runs; a port in use proves that it came as far as binding."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            path = self.write(ini("127.0.0.1:1", bind="127.0.0.1:%d" % taken.getsockname()[1]))
            result = run_command("-c", path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("in use", result.stderr)


class Quickstart(Case):
    def test_the_quickstart_policy_answers_as_the_script_promises(self):
        gate = Gateway(QUICKSTART.read_text(encoding="utf-8"), env={"VERBGATE_PORT": "0"})
        self.gateways.append(gate)
        self.addCleanup(gate.discard)
        self.addCleanup(gate.stop)
        gate.start()
        self.assertTrue(gate.listeners, gate.log)
        address = next(iter(gate.listeners.values()))
        connection = self.client(("127.0.0.1", address[1]))
        self.assert_status(connection.ask("GET", "/"), 200)
        self.assert_status(connection.ask("HEAD", "/"), 200)
        self.assertIn(connection.ask("POST", "/", body=b"a=1").status, (200, 201, 202, 204))
        self.assert_status(connection.ask("PATCH", "/"), 501)
        self.assert_status(connection.ask("FOO", "/"), 501)
        refused = connection.ask("POST", "/reports/q3", body=b"")
        self.assertEqual((refused.status, refused.get("allow")), (405, "GET, HEAD"))
        self.assert_status(connection.ask("GET", "/reports/q3"), 200)
        self.assert_status(connection.ask("GET", "/", version="2.0"), 505)

    def test_addresses_in_log_lines_are_read_right(self):
        self.assertEqual(parse_address("[::1]:80"), ("::1", 80))
        self.assertEqual(parse_address("unix:/a/b"), "/a/b")

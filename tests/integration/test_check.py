"""check --json and check --live: what is wrong for programs, and what a start would fail at."""
import json
import os
import socket
import stat
import subprocess

from lib.gateway import BINARY, WRAPPER, check_report, environment, ini, run_command
from lib.limits import WAIT
from test_config import POLICY, CommandLine

KEYS = ["severity", "file", "line", "column", "message", "hint"]


class CheckCase(CommandLine):
    def json(self, text, *more, status=0):
        path = self.write(text)
        result = run_command("check", "--json", path, *more)
        self.assertEqual((result.returncode, result.stderr), (status, ""), result.stdout)
        found = json.loads(result.stdout)
        self.assertEqual(list(found), ["file", "fine", "errors", "warnings", "notes", "diagnostics"])
        self.assertEqual((found["file"], found["fine"]), (path, status == 0))
        for item in found["diagnostics"]:
            self.assertEqual(list(item), KEYS)
        return found

    def live(self, text, status=0):
        """(severity, line, message) of each finding of --live."""
        found = self.json(text, "--live", status=status)
        return [(item["severity"], item["line"], item["message"]) for item in found["diagnostics"]]

    def assert_finding(self, findings, severity, line, part):
        self.assertTrue([one for one in findings if one[:2] == (severity, line) and part in one[2]],
                        "no %s at line %s with %r in %r" % (severity, line, part, findings))


class Json(CheckCase):
    def test_a_fine_policy_has_an_empty_list(self):
        found = self.json(POLICY)
        self.assertEqual((found["errors"], found["warnings"], found["diagnostics"]), (0, 0, []))

    def test_an_error_has_its_place_and_its_hint(self):
        found = self.json(POLICY + "alow = GET\n", status=1)
        self.assertEqual(found["errors"], 1)
        self.assertEqual(found["diagnostics"], [{
            "severity": "error", "file": found["file"], "line": 15, "column": 1,
            "message": 'unknown key "alow" in [route]', "hint": 'did you mean "allow"?'}])

    def test_warnings_fail_with_strict(self):
        text = POLICY.replace("GET HEAD POST", "GET HEAD POST PURGE")
        self.assertEqual(self.json(text)["warnings"], 1)
        self.assertEqual(self.json(text, "--strict", status=1)["warnings"], 1)

    def test_what_nobody_has_said_is_a_note(self):
        found = self.json(POLICY.replace("implements = GET HEAD POST\n", ""))
        self.assertEqual([(item["severity"], item["line"]) for item in found["diagnostics"]], [("note", 3)])

    def test_a_file_that_is_not_there_is_an_error_without_a_line(self):
        result = run_command("check", "--json", str(self.folder / "missing.ini"))
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        item = json.loads(result.stdout)["diagnostics"][0]
        self.assertEqual((item["severity"], item["line"], item["column"]), ("error", None, None))
        self.assertIn("missing.ini", item["file"] + item["message"])

    def test_a_name_of_any_length_stays_whole(self):
        name = "\x01" * 100000
        result = run_command("check", "--json", name)
        self.assertEqual((result.returncode, result.stderr), (1, ""))
        found = json.loads(result.stdout)
        self.assertEqual((found["file"], found["diagnostics"][0]["file"]), (name, name))

    def test_a_hundred_are_kept_and_all_are_counted(self):
        found = self.json(POLICY + "wrong\n" * 150, status=1)
        self.assertEqual(len(found["diagnostics"]), 100)
        self.assertGreaterEqual(found["errors"], 100)


class Live(CheckCase):
    def test_what_works_is_noted_and_nothing_is_changed(self):
        log = self.folder / "access.log"
        log.write_text("old\n", encoding="utf-8")
        before = os.stat(log)
        backend = self.origin()
        findings = self.live(ini(backend.server, gateway="access-log = %s\nobserve = %s/record.json" % (log, self.folder),
                                 bind="unix:%s/gate.sock" % self.folder, workers=1))
        self.assertEqual({severity for severity, _, _ in findings}, {"note"})
        for part in ("access-log", "observe", "gate.sock can be bound", "takes connections"):
            self.assertTrue([one for one in findings if part in one[2]], part)
        self.assertEqual(sorted(os.listdir(self.folder)), ["access.log", "gateway.ini"])
        after = os.stat(log)
        self.assertEqual((before.st_mtime_ns, before.st_size), (after.st_mtime_ns, after.st_size))

    def test_each_problem_is_told_with_the_line_of_its_key(self):
        findings = self.live("\n".join([
            "[gateway]",
            "access-log = /nonexistent/access.log",
            "observe = %s" % self.folder,
            "buffer-directory = /proc",
            "[listener a]",
            "bind = unix:/nonexistent/gate.sock",
            "[upstream app]",
            "implements = GET HEAD",
            "server = nobody.invalid:80",
            "server = unix:%s/no.sock" % self.folder, ""]), status=1)
        for severity, line, part in (("error", 2, "access-log /nonexistent/access.log"), ("error", 3, "observe"),
                                     ("warning", 4, "buffer-directory /proc"), ("error", 5, "/nonexistent/gate.sock"),
                                     ("error", 9, "nobody.invalid:80 of upstream app cannot be resolved"),
                                     ("warning", 10, "no.sock of upstream app takes no connection")):
            self.assert_finding(findings, severity, line, part)

    def test_an_address_that_is_in_use_is_a_note_and_its_gateway_serves_on(self):
        backend = self.origin()
        gate = self.gateway(ini(backend.server))
        address = "%s:%d" % gate.address
        findings = self.live(ini(backend.server, bind=address))
        self.assertTrue([one for one in findings if one[0] == "note" and address + " is in use" in one[2]], findings)
        self.assert_status(self.ask(gate.address), 200)

    def test_a_pipe_as_a_log_is_not_opened(self):
        os.mkfifo(self.folder / "pipe")
        findings = self.live(ini("builtin:legacy", gateway="access-log = %s/pipe" % self.folder))
        self.assertTrue([one for one in findings if "pipe can be written" in one[2]], findings)
        self.assertTrue(stat.S_ISFIFO(os.stat(self.folder / "pipe").st_mode))

    def test_text_has_the_same(self):
        result = run_command("check", "--live", self.write(ini("nobody.invalid:80")))
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"(?m)^\S+gateway\.ini:\d+: error: the server nobody\.invalid:80 of upstream")
        self.assertRegex(result.stdout, r"(?m)^\S+gateway\.ini:\d+: note: 127\.0\.0\.1:0 can be bound$")


class LiveWithoutAnswer(CheckCase):
    slow = True

    def test_a_look_up_that_hangs_ends(self):
        """A name server of the test's own takes the question and says nothing."""
        silent = self.keep(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        try:
            silent.bind(("127.9.9.9", 53))
        except OSError as error:
            self.skipTest("no port 53: %s" % error)
        resolver = self.write("nameserver 127.9.9.9\noptions timeout:30 attempts:5\n", "resolv.conf")
        own = ["unshare", "--mount", "--map-root-user", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolver]
        if subprocess.run(own + ["true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no mount namespaces here")
        path = self.write(ini(["hangs.example:80", "127.0.0.1:1"]))
        result = subprocess.run(own + WRAPPER + [os.path.abspath(BINARY), "check", "--live", path], env=environment(),
                                text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=4 * WAIT, check=False)
        check_report(result.stderr)
        self.assertEqual(result.returncode, 1)
        self.assertIn("hangs.example:80: no result within 15 s", result.stderr)
        self.assertIn("127.0.0.1:1 of upstream backend takes no connection", result.stderr)

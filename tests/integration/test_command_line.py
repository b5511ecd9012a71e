"""The command line as people expect it: help for everything, hints, a default file, exit statuses, pipes."""
import os
import re
import shutil
import subprocess

from lib.gateway import BINARY, WRAPPER, check_report, environment, run_command
from lib.limits import WAIT
from test_config import QUICKSTART, POLICY, CommandLine

COMMANDS = ("run", "check", "explain", "methods", "config", "learn", "health", "help")
DEFAULT = "/etc/verbgate/verbgate.ini"


class HelpPages(CommandLine):
    def test_every_command_has_a_page_with_options_an_example_and_exit_statuses(self):
        for name in COMMANDS:
            pages = [run_command(*arguments) for arguments in ((name, "--help"), ("help", name))]
            for page in pages:
                self.assertEqual((page.returncode, page.stderr), (0, ""), name)
                if name != "health":
                    self.assertEqual(page.stdout, pages[0].stdout)
            for part in ("Usage: verbgate %s" % name, "\nOptions:\n", "--help", "\nExamples:\n", "\nExit status:\n"):
                self.assertIn(part, pages[0].stdout, name)

    def test_help_of_a_word_that_is_a_command_and_a_key_has_both(self):
        page = run_command("health", "--help").stdout
        both = run_command("help", "health").stdout
        self.assertTrue(both.startswith(page))
        self.assertIn("health = 0.0.0.0:8081", both[len(page):])

    def test_the_overview_has_every_command_and_every_status(self):
        overview = run_command("--help").stdout
        self.assertEqual(run_command("help").stdout, overview)
        self.assertEqual(run_command("-h").stdout, overview)
        for name in COMMANDS:
            self.assertRegex(overview, r"(?m)^  %s +\S" % name)
        for status in ("0", "1", "2", "10", "11", "12", "13", "14", r"128\+N"):
            self.assertRegex(overview, r"(?m)^  %s +\S" % status)

    def test_no_command_prints_the_overview_to_standard_error(self):
        result = run_command()
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertEqual(result.stderr, run_command("--help").stdout)

    def test_help_of_a_key_tells_its_row(self):
        page = run_command("help", "max-body").stdout
        for part in ("[gateway], [upstream], [route]", "unlimited", "max-body = 1m"):
            self.assertIn(part, page)
        for arguments in (("[route] max-body",), ("[route]", "max-body"), ("route", "max-body")):
            page = run_command("help", *arguments)
            self.assertEqual(page.returncode, 0, arguments)
            self.assertIn("as the level above", page.stdout)
            self.assertNotIn("[gateway]", page.stdout)
        self.assertRegex(run_command("help", "[listener]").stdout, r"(?m)^  backlog +\S")

    def test_help_says_what_was_meant(self):
        for arguments, meant in ((("max_body",), "max-body"), (("[rute] max-body",), "[route]"),
                                 (("[route] alow",), "allow"), (("chekc",), "check")):
            result = run_command("help", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn("did you mean %s?" % meant, result.stderr)
        result = run_command("help", "[route] workers")
        self.assertEqual(result.returncode, 2)
        self.assertIn('no key "workers" in [route]', result.stderr)


class Pages(CommandLine):
    def page(self, name, file):
        result = run_command("help", "--page", name)
        self.assertEqual((result.returncode, result.stderr), (0, ""), name)
        return self.write(result.stdout, file)

    def lint(self, *command):
        """Must say nothing."""
        if shutil.which(command[0]) is None:
            self.skipTest("no %s here" % command[0])
        result = subprocess.run(command, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=2 * WAIT)
        self.assertEqual((result.returncode, result.stdout), (0, ""), command)

    def test_groff_has_nothing_to_say_of_the_man_pages(self):
        for name in ("man8", "man5"):
            self.lint("groff", "-man", "-Tutf8", "-ww", "-z", self.page(name, name))

    def test_mandoc_has_nothing_to_say_of_the_man_pages(self):
        for name in ("man8", "man5"):
            self.lint("mandoc", "-T", "lint", "-W", "warning", self.page(name, name))

    def test_zsh_reads_its_completion(self):
        self.lint("zsh", "-n", self.page("zsh", "_verbgate"))

    def test_fish_reads_its_completion(self):
        path = self.page("fish", "verbgate.fish")
        self.lint("fish", "--no-config", "-n", path)

    def test_shellcheck_has_nothing_to_say_of_the_completion_for_bash(self):
        self.lint("shellcheck", "-s", "bash", self.page("bash", "verbgate.bash"))

    def complete(self, *words):
        """What bash offers for the last of these words."""
        script = '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _verbgate; printf "%s\\n" "${COMPREPLY[@]}"'
        result = subprocess.run(["bash", "--norc", "-c", script, "bash", self.page("bash", "verbgate.bash"), "verbgate"] +
                                list(words), cwd=self.folder, check=False, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, timeout=2 * WAIT)
        self.assertEqual((result.returncode, result.stderr), (0, ""), words)
        return result.stdout.split()

    def test_bash_completes_commands_options_values_and_keys(self):
        self.write(POLICY)
        self.assertEqual(sorted(self.complete("")), sorted(COMMANDS + ("--help", "--version")))
        self.assertEqual(self.complete("che"), ["check"])
        self.assertEqual(self.complete("check", "--st"), ["--strict"])
        self.assertEqual(self.complete("check", "-c", "gate"), ["gateway.ini"])
        self.assertEqual(self.complete("check", "gate"), ["gateway.ini"])
        self.assertEqual(self.complete("-c", "gate"), ["gateway.ini"])
        self.assertEqual(self.complete("explain", "--version", "1."), ["1.0", "1.1"])
        self.assertEqual(self.complete("explain", "--field", "gate"), [])
        self.assertEqual(self.complete("help", "max-bo"), ["max-body"])
        self.assertEqual(self.complete("help", "expl"), ["explain"])

    def test_a_page_that_does_not_exist_is_refused(self):
        for arguments in (("--page", "man1"), ("--page", "man8", "run")):
            result = run_command("help", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)


class Usage(CommandLine):
    def test_wrong_names_say_what_was_meant_and_how_it_is_used(self):
        for arguments, *parts in ((("chekc",), "did you mean check?"),
                                  (("check", "--srtict"), "did you mean --strict?", "usage: verbgate check"),
                                  (("--conf", "a"), "did you mean --config?", "usage: verbgate run"),
                                  (("explain", "--jsn"), "did you mean --json?", "usage: verbgate explain"),
                                  (("methods", "--colour"), "methods has no option --colour"),
                                  (("check", "-c"), "-c needs a value"),
                                  (("check", "a", "-c", "b"), "given twice"),
                                  (("explain", "-c", str(QUICKSTART), "GET"), "needs METHOD and URL")):
            result = run_command(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            for part in parts:
                self.assertIn(part, result.stderr)

    def test_a_value_may_stand_behind_an_equals_sign(self):
        self.assertEqual(run_command("check", "--config=%s" % QUICKSTART).returncode, 0)

    def test_the_policy_may_be_the_only_argument(self):
        path = self.write(POLICY)
        for command in ("check", "methods", "config"):
            named, plain = run_command(command, "-c", path), run_command(command, path)
            self.assertEqual((plain.returncode, plain.stdout), (0, named.stdout), command)

    def test_a_missing_default_file_is_named(self):
        if os.path.exists(DEFAULT):
            self.skipTest("there is a " + DEFAULT)
        for arguments in (("run",), ("check",), ("config",), ("methods",), ("explain", "GET", "/")):
            result = run_command(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn("there is no " + DEFAULT, result.stderr)
            self.assertIn("-c FILE", result.stderr)

    def test_without_c_the_default_file_is_read(self):
        """In a mount namespace of its own, where /etc is a folder of the test's."""
        os.mkdir(self.folder / "verbgate")
        self.write(POLICY, "verbgate/verbgate.ini")
        own = ["unshare", "--mount", "--map-root-user", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(self.folder)]
        if subprocess.run(own + ["true"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
            self.skipTest("no mount namespaces here")
        for arguments in (["check"], ["methods"], ["config"], ["explain", "GET", "http://api.test/x"]):
            result = subprocess.run(own + WRAPPER + [os.path.abspath(BINARY)] + arguments, env=environment(), text=True,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=2 * WAIT, check=False)
            check_report(result.stderr)
            self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)
        self.assertIn("route: rest", result.stdout)


class WithoutAFile(CommandLine):
    def test_run_serves_without_a_file_and_reloads(self):
        backend = self.origin()
        gate = self.prepare("")
        gate.arguments = ["--listen", "127.0.0.1:0", "--server", backend.server, "--implements", "GET HEAD"]
        self.addCleanup(gate.stop)
        gate.start()
        address = gate.listeners["public"]
        self.assert_status(self.ask(address), 200)
        self.assertTrue(gate.reload())
        connection = self.client(address)
        self.assert_status(connection.ask("PUT", "/x"), 501)
        connection.close()

    def test_print_config_prints_what_run_would_serve(self):
        result = run_command("run", "--listen", ":8080", "--server", "a.test:1", "--server", "b.test:2", "--implements",
                             "GET HEAD", "--print-config")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for line in ("bind = :8080", "server = a.test:1", "server = b.test:2", "implements = GET HEAD"):
            self.assertRegex(result.stdout, "(?m)^%s$" % re.escape(line))
        self.assertEqual(run_command("check", "--strict", self.write(result.stdout)).returncode, 0)

    def test_errors_are_told_as_those_of_a_file(self):
        for more in ([], ["--print-config"]):
            result = run_command("run", "--server", "nowhere", "--implements", "GET POST", *more)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, r"command line:\d+:10: error: bad value for \"server\"")
            self.assertIn("server = nowhere\n", result.stderr)

    def test_options_that_do_not_go_together_are_refused(self):
        for arguments, part in ((["--listen", ":1"], "needs --server"), (["--print-config"], "needs --server"),
                                (["--server", "a:1", "-c", "x"], "exclude each other"),
                                (["--server", "a:1", "x"], "exclude each other"),
                                (["--server", "a:1\n[route x]"], "control character")):
            result = run_command("run", *arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)
            self.assertIn(part, result.stderr)


class Output(CommandLine):
    def test_a_reader_that_went_away_is_no_error_that_is_told(self):
        path = self.write(POLICY)
        for arguments in (["--help"], ["help", "run"], ["--version"], ["check", path], ["config", path],
                          ["methods", path], ["explain", "-c", path, "GET", "http://api.test/x"]):
            reading, writing = os.pipe()
            os.close(reading)
            result = run_command(*arguments, stdout=writing)
            os.close(writing)
            self.assertEqual((result.returncode, result.stderr), (1, ""), arguments)

    def test_a_full_disk_is_told(self):
        path = self.write(POLICY)
        with open("/dev/full", "w", encoding="utf-8") as full:
            for arguments in (["--help"], ["help", "run"], ["--version"], ["check", path],
                              ["explain", "-c", path, "GET", "http://api.test/x"]):
                result = run_command(*arguments, stdout=full)
                self.assertEqual(result.returncode, 1, arguments)
                self.assertIn("cannot write the output: No space left", result.stderr)

    def test_what_is_fine_writes_nothing_to_standard_error(self):
        path = self.write(POLICY)
        for arguments in (["--help"], ["--version"], ["check", path], ["config", path], ["methods", path],
                          ["explain", "-c", path, "GET", "http://api.test/x"]):
            result = run_command(*arguments)
            self.assertEqual((result.returncode, result.stderr), (0, ""), arguments)

"""What the process is given at its start: closed standard streams, a policy that is no file, logs that are no files."""
import os
import signal
import socket
import subprocess

from lib import wire
from lib.case import Case
from lib.gateway import BINARY, WRAPPER, check_report, closing, environment, ini, run_command
from lib.limits import WAIT, until

FINE = ini("127.0.0.1:1", upstream="implements = GET")


def accepts(address):
    try:
        wire.connect(address).close()
    except OSError:
        return False
    return True


class ClosedStreams(Case):
    def run_closed(self, arguments, closed):
        return subprocess.run(closing(WRAPPER + [BINARY] + arguments, [closed]), env=environment(), text=True,
                              stderr=subprocess.PIPE, timeout=2 * WAIT, check=False)

    def test_a_stop_is_clean_whichever_standard_streams_are_closed(self):
        for closed in ((0,), (1,), (0, 1), (2,), (0, 1, 2)):
            backend = self.origin()
            gate = self.prepare(ini(backend.server, bind="unix:@FOLDER@/gate.sock",
                                    gateway="log-level = debug"))
            gate.launch(closed=closed)
            until(lambda: accepts(gate.path("gate.sock")), "the listener")
            self.assert_status(self.ask(gate.path("gate.sock")), 200)
            for number in closed:
                self.assertEqual(os.readlink("/proc/%d/fd/%d" % (gate.pid, number)), "/dev/null")
            gate.signal(signal.SIGTERM)
            self.assertEqual(gate.wait(), 0, closed)

    def test_a_closed_standard_error_holds_nobody_up(self):
        """Its number must not become that of a pipe of the process's own, which its log would fill."""
        gate = self.prepare(ini(self.origin().server, bind="unix:@FOLDER@/gate.sock", gateway="log-level = debug"))
        gate.launch(closed=(0, 1, 2))
        until(lambda: accepts(gate.path("gate.sock")), "the listener")
        for _ in range(1000):
            connection = self.client(gate.path("gate.sock"))
            self.assert_status(connection.ask("PATCH", "/x"), 200)
            connection.close()
        gate.signal(signal.SIGTERM)
        self.assertEqual(gate.wait(), 0)

    def test_an_access_log_on_a_closed_standard_output_is_an_error(self):
        for target in ("stdout", "/dev/stdout"):
            gate = self.prepare(ini("127.0.0.1:1", gateway="access-log = " + target))
            gate.launch(closed=(1,))
            self.assertEqual(gate.wait(), 1)
            self.assertRegex(gate.log, "access-log %s: standard output is closed" % target)

    def test_a_command_whose_output_is_closed_fails(self):
        gate = self.prepare(FINE)
        for command in ("config", "methods"):
            result = self.run_closed([command, "-c", gate.config], 1)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn("cannot write the output", result.stderr)

    def test_a_policy_on_a_closed_standard_input_is_an_error(self):
        result = self.run_closed(["check", "-c", "-"], 0)
        self.assertEqual(result.returncode, 1)
        self.assertIn("Bad file descriptor", result.stderr)


class PolicyFromAPipe(Case):
    COMMANDS = (["check"], ["config"], ["methods"], ["explain", "GET", "/"])

    def run_piped(self, arguments, text):
        result = subprocess.run(WRAPPER + [BINARY] + arguments, input=text, env=environment(), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=2 * WAIT, check=False)
        check_report(result.stderr)
        return result

    def test_every_command_reads_a_policy_from_standard_input(self):
        for name in ("-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"):
            for command in self.COMMANDS:
                result = self.run_piped(command[:1] + ["-c", name] + command[1:], FINE)
                self.assertEqual(result.returncode, 0, (name, command, result.stderr))

    def test_a_policy_from_a_shells_pipe_is_read(self):
        for command in self.COMMANDS:
            result = subprocess.run(
                ["bash", "-c", 'policy=$1; shift; exec "$@" <(printf %s "$policy")', "bash", FINE] +
                WRAPPER + [BINARY] + command + ["-c"], env=environment(), text=True, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, timeout=2 * WAIT, check=False)
            self.assertEqual(result.returncode, 0, (command, result.stderr))

    def test_a_policy_from_a_file_and_a_socket_as_standard_input_is_read(self):
        gate = self.prepare(FINE)
        with open(gate.config, encoding="utf-8") as file:
            self.assertEqual(run_command("check", "-c", "/dev/stdin", stdin=file).returncode, 0)
        ours, theirs = socket.socketpair()
        ours.sendall(FINE.encode())
        ours.close()
        self.assertEqual(run_command("check", "-c", "-", stdin=theirs).returncode, 0)
        theirs.close()

    def test_a_pipe_without_end_is_not_read_without_end(self):
        with open("/dev/zero", "rb") as zeros:
            result = run_command("check", "-c", "-", stdin=zeros)
        self.assertEqual(result.returncode, 1)
        self.assertIn("larger than a policy file may be", result.stderr)

    def test_standard_input_cannot_be_the_policy_and_the_heads(self):
        result = self.run_piped(["explain", "--batch", "-c", "-"], FINE)
        self.assertEqual(result.returncode, 2)
        self.assertIn("the policy needs a file", result.stderr)

    def launch_piped(self, text, path="/dev/stdin"):
        """A gateway whose policy comes through a pipe that is closed behind it."""
        gate = self.prepare("")
        gate.config = path
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        gate.launch(stdin=reading)
        os.close(reading)
        self.addCleanup(gate.stop)
        gate.wait_log(r" info: ready\b")
        return gate

    def test_a_reload_of_a_policy_from_a_pipe_says_that_there_is_none(self):
        backend = self.origin()
        for name in ("-", "/dev/stdin"):
            gate = self.launch_piped(ini(backend.server, upstream="implements = GET", gateway="watch = 100ms"), name)
            gate.wait_log("watch has no effect")
            since = gate.mark()
            gate.signal(signal.SIGHUP)
            gate.wait_log("not a regular file.*only the start may read.*restart", since)
            gate.wait_log("reload failed, the old policy stays", since)
            self.assert_status(self.ask(gate), 200)
            self.assert_status(self.ask(gate, "POST", body=b""), 501)

    def test_a_main_file_that_became_a_pipe_does_not_hang_a_reload(self):
        gate = self.gateway(ini(self.origin().server))
        os.rename(gate.config, gate.path("old.ini"))
        os.mkfifo(gate.config)
        self.assertFalse(gate.reload())
        self.assertIn("not a regular file", gate.log)
        self.assert_status(self.ask(gate), 200)


class OnlyRegularFiles(Case):
    def check(self, gate):
        return run_command("check", "-c", gate.config)

    def make(self, gate, kind, path):
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "folder":
            os.mkdir(path)
        elif kind == "socket":
            self.keep(socket.socket(socket.AF_UNIX)).bind(path)
        else:
            os.symlink(kind, path)

    def test_what_a_policy_names_must_be_a_regular_file(self):
        for kind in ("pipe", "folder", "socket", "/dev/zero", "/dev/tty", "/proc/self/fd/0"):
            for text in (FINE + "include = conf.d/*\n", FINE + "include = conf.d/x.ini\n",
                         FINE.replace("[gateway]", "[gateway]\nbody-text = conf.d/x.ini")):
                gate = self.prepare(text)
                os.mkdir(gate.path("conf.d"))
                self.make(gate, kind, gate.path("conf.d/x.ini"))
                result = self.check(gate)
                self.assertEqual(result.returncode, 1, kind)
                self.assertRegex(result.stderr, r"conf\.d/x\.ini\".*: (not a regular file|No such device)", kind)

    def test_a_reload_with_a_pipe_in_an_included_folder_fails_and_the_process_still_ends(self):
        text = ini(self.origin().server) + "include = conf.d/*\n"
        gate = self.prepare(text)
        os.mkdir(gate.path("conf.d"))
        self.addCleanup(gate.stop)
        gate.start()
        os.mkfifo(gate.path("conf.d/x.ini"))
        self.assertFalse(gate.reload())
        self.assertIn("conf.d/x.ini\": not a regular file", gate.log)
        self.assert_status(self.ask(gate), 200)

    def test_a_pipe_in_the_place_of_the_next_record_holds_nothing_up(self):
        gate = self.prepare(ini(self.origin().server, gateway="observe = @FOLDER@/record.json"))
        self.addCleanup(gate.stop)
        gate.start()
        os.mkfifo(gate.path("record.json.tmp"))
        self.assert_status(self.ask(gate), 200)
        gate.signal(signal.SIGUSR1)
        gate.wait_log(r"record\.json.*No such device")
        self.assert_status(self.ask(gate), 200)

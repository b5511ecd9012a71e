"""What a process may not do, since its user may not: each message says what to change."""
import os
import subprocess

from lib.case import Case
from lib.gateway import BINARY, ini

USER = "54322"  # somebody who owns nothing
RUN = ["setpriv", "--reuid", USER, "--regid", USER, "--clear-groups"]


class Rights(Case):
    def setUp(self):
        super().setUp()
        if os.getuid() != 0 or subprocess.run(RUN + ["test", "-x", os.path.abspath(BINARY)], check=False).returncode:
            self.skipTest("needs root, and a binary that others may run")

    def fails(self, text, mode=0o755, files=None):
        """Starts as that user, and returns what the log says when it has ended."""
        gate = self.prepare(text, files)
        os.chmod(gate.folder.name, mode)
        gate.prefix = RUN
        gate.launch()
        self.assertEqual(gate.wait(), 1)
        return gate.log

    def test_a_folder_that_may_not_be_entered(self):
        log = self.fails(ini("127.0.0.1:1"), mode=0o700)
        self.assertIn("gateway.ini: error: cannot read the file: permission denied: user 54322 and group 54322", log)
        self.assertIn("to enter every folder that leads to it", log)
        self.assertEqual(log.count("cannot read the file"), 1)
        self.assertIn("error: not started: the policy has errors", log)

    def test_a_port_below_1024(self):
        with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as file:
            if int(file.read()) < 1024:
                self.skipTest("every user may listen on port 1023")
        log = self.fails(ini("127.0.0.1:1", bind="127.0.0.1:1023"))
        self.assertIn("cannot listen on 127.0.0.1:1023: Permission denied: a port below 1024 needs "
                      "CAP_NET_BIND_SERVICE (systemd: AmbientCapabilities=), or sysctl "
                      "net.ipv4.ip_unprivileged_port_start=0", log)

    def test_a_folder_for_a_socket_that_may_not_be_written(self):
        log = self.fails(ini("127.0.0.1:1", bind="unix:@FOLDER@/service.sock"))
        self.assertIn("service.sock: Permission denied: this user may not write to the folder", log)

    def test_a_servers_socket_that_may_not_be_connected_to(self):
        backend = self.origin(unix=True)
        os.chmod(backend.folder.name, 0o755)
        os.chmod(backend.address, 0o600)
        gate = self.prepare(ini("unix:" + backend.address))
        os.chmod(gate.folder.name, 0o755)
        gate.prefix = RUN
        gate.start()
        response = self.ask(gate)
        self.assert_status(response, 502)
        self.assertIn("no permission to connect to the server", response.text)

"""Under a supervisor: sockets from the service manager, and files that an orchestrator swaps."""
import os
import socket

from lib.case import Case
from lib.gateway import ini
from lib.origin import answer, serve

RELOADED = r"policy reloaded: generation (\d+)"


def listening(family=socket.AF_INET, address=("127.0.0.1", 0), kind=socket.SOCK_STREAM):
    made = socket.socket(family, kind)
    made.bind(address)
    if kind == socket.SOCK_STREAM:
        made.listen(16)
    return made


class SocketActivation(Case):
    def start(self, name, sockets, **sections):
        backend = self.origin(serve())
        text = ini(backend.server, bind="systemd:" + name, **sections)
        return text, self.prepare(text, sockets=sockets)

    def test_a_listener_takes_the_socket_of_its_name(self):
        other, own = self.keep(listening()), self.keep(listening())
        for workers in ("1", "2"):
            _, gate = self.start("web.socket", {"other": other, "web.socket": own}, workers=workers)
            gate.start()
            self.assert_status(self.ask(own.getsockname()), 200)
            self.assertEqual(gate.stop(), None)

    def test_requests_wait_in_the_socket_until_the_gateway_is_there(self):
        own = self.keep(listening())
        early = self.client(own.getsockname())
        early.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        _, gate = self.start("web", {"web": own})
        gate.start()
        self.assert_status(early.read("GET"), 200)

    def test_a_unix_socket_is_taken_and_its_path_is_left(self):
        _, gate = self.start("web", {})
        path = gate.path("web.sock")
        own = self.keep(listening(socket.AF_UNIX, path))
        _, gate = self.start("web", {"web": own})
        gate.start()
        self.assert_status(self.ask(path), 200)
        gate.stop()
        self.assertTrue(os.path.exists(path))

    def test_a_reload_may_leave_the_socket_and_take_it_again(self):
        own = self.keep(listening())
        text, gate = self.start("web", {"web": own})
        gate.start()
        self.assertTrue(gate.reload(text.replace("systemd:web", "127.0.0.1:0")))
        self.assert_status(self.ask(gate), 200)
        self.assertTrue(gate.reload(text))
        self.assert_status(self.ask(own.getsockname()), 200)

    def test_what_is_wrong_is_said_with_file_and_line(self):
        datagrams = self.keep(listening(kind=socket.SOCK_DGRAM))
        for name, sockets, reason in (
                ("web", {}, "started without sockets"),
                ("web", {"other": self.keep(listening())}, "without a socket of this name"),
                ("web", {"web": datagrams}, "not a listening stream socket")):
            _, gate = self.start(name, sockets)
            gate.launch()
            self.assertEqual(gate.wait(), 1)
            self.assertRegex(gate.log, r"gateway\.ini:\d+: cannot listen on systemd:web: .*" + reason)


class Watching(Case):
    GATEWAY = "watch = 100ms"

    def policy(self, backend, allow):
        return ini(backend.server, gateway=self.GATEWAY,
                   more="[route all]\nallow = " + allow)

    def test_a_file_that_changes_is_loaded_without_a_signal(self):
        backend = self.origin(serve())
        gate = self.gateway(self.policy(backend, "GET"))
        self.assert_status(self.ask(gate, "POST", body=b""), 405)
        gate.write(self.policy(backend, "GET POST"))
        gate.wait_log(RELOADED)
        self.assert_status(self.ask(gate, "POST", body=b""), 200)

    def test_a_symbolic_link_that_is_swapped_is_seen(self):
        """As Kubernetes does: policy.ini -> ..data/policy.ini, and ..data is replaced by rename."""
        backend = self.origin(serve())
        gate = self.prepare("include = policy.ini\n")
        for version, allow in (("v1", "GET"), ("v2", "GET POST")):
            os.mkdir(gate.path(version))
            gate.write("include = policy.ini\n",
                       {version + "/policy.ini": self.policy(backend, allow)})
        os.symlink("v1", gate.path("..data"))
        os.symlink("..data/policy.ini", gate.path("policy.ini"))
        self.addCleanup(gate.stop)
        gate.start()
        self.assert_status(self.ask(gate, "POST", body=b""), 405)
        os.symlink("v2", gate.path("..next"))
        os.rename(gate.path("..next"), gate.path("..data"))
        gate.wait_log(RELOADED)
        self.assert_status(self.ask(gate, "POST", body=b""), 200)

    def test_a_bad_file_is_refused_once_and_the_old_policy_stays(self):
        backend = self.origin(serve(answer()))
        good = self.policy(backend, "GET")
        gate = self.gateway(good)
        gate.write(good.replace("allow", "alow"))
        gate.wait_log("reload failed, the old policy stays")
        self.assert_status(self.ask(gate, "POST", body=b""), 405)
        since = gate.mark()
        gate.write(good.replace("GET", "GET POST"))
        gate.wait_log(RELOADED, since)
        self.assert_status(self.ask(gate, "POST", body=b""), 200)
        self.assertEqual(gate.count_log("reload failed"), 1)

    def test_the_same_text_in_a_new_file_is_no_change(self):
        backend = self.origin(serve())
        text = self.policy(backend, "GET")
        gate = self.gateway(text)
        gate.write(text)
        gate.write(text + "; a remark\n")
        gate.wait_log(RELOADED)
        self.assertEqual(gate.count_log(RELOADED), 1)

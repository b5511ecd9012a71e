"""What the service manager is told (sd_notify): ready, reloading, stopping, signs of life."""
import os
import signal
import tempfile
import time

from lib.case import Case
from lib.gateway import ini
from lib.limits import until
from lib.manager import HeldThread, Manager, threads_named


class ManagerCase(Case):
    def manager(self, name=None):
        folder = tempfile.TemporaryDirectory(prefix="vg-manager-")
        self.addCleanup(folder.cleanup)
        return self.keep(Manager(name or os.path.join(folder.name, "notify")))

    def start_under(self, manager, text=None, **env):
        gate = self.prepare(text or ini(self.origin().server), env=dict(manager.environment, **env))
        self.addCleanup(gate.stop)
        gate.start()
        return gate


class Told(ManagerCase):
    def test_ready_comes_once_the_listener_accepts(self):
        manager = self.manager()
        gate = self.prepare(ini(self.origin().server), env=manager.environment)
        self.addCleanup(gate.stop)
        gate.launch()
        message = manager.wait("READY", "1")
        self.assertRegex(message["STATUS"], r"^serving: policy generation 1 of .*gateway\.ini, 1 worker$")
        gate.wait_log("listening on")
        self.assert_status(self.ask(gate), 200)

    def test_an_abstract_name_is_told_too(self):
        manager = self.manager("\0verbgate-test-%d-%d" % (os.getpid(), time.monotonic_ns()))
        self.start_under(manager)
        manager.wait("READY", "1")

    def test_a_reload_says_reloading_and_then_ready(self):
        manager = self.manager()
        gate = self.start_under(manager)
        manager.wait("READY", "1")
        before = time.monotonic_ns() // 1000
        gate.signal(signal.SIGHUP)
        first, second = manager.receive(), manager.receive()
        self.assertEqual(first["RELOADING"], "1")
        self.assertTrue(before <= int(first["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000, first)
        self.assertEqual(second["READY"], "1")
        self.assertIn("policy generation 2", second["STATUS"])

    def test_a_reload_that_fails_is_ready_again_and_names_the_line(self):
        manager = self.manager()
        gate = self.start_under(manager)
        manager.wait("READY", "1")
        gate.write(ini("127.0.0.1:1", upstream="implement = GET"))
        gate.signal(signal.SIGHUP)
        manager.wait("RELOADING", "1")
        status = manager.wait("READY", "1")["STATUS"]
        self.assertRegex(status, r'^serving, but the last reload failed: 1 error in .*gateway\.ini:\d+: '
                                 r'unknown key "implement"')
        self.assert_status(self.ask(gate), 200)

    def test_a_start_that_fails_names_the_line(self):
        manager = self.manager()
        gate = self.prepare(ini("127.0.0.1:1", upstream="implement = GET\nhead = maybe"), env=manager.environment)
        gate.launch()
        self.assertEqual(gate.wait(), 1)
        message = manager.receive()
        self.assertRegex(message["STATUS"], r'^2 errors in .*, the first: .*gateway\.ini:\d+: unknown key "implement"')
        self.assertNotIn("READY", message)

    def test_a_start_without_a_policy_names_no_line(self):
        manager = self.manager()
        gate = self.prepare(ini("127.0.0.1:1"), env=manager.environment)
        os.unlink(gate.config)
        gate.launch()
        self.assertEqual(gate.wait(), 1)
        self.assertRegex(manager.receive()["STATUS"], r"^1 error in .*: .*gateway\.ini: cannot read the file: No such")

    def test_a_stop_says_stopping_before_the_last_request_is_done(self):
        manager = self.manager()
        gate = self.start_under(manager)
        manager.wait("READY", "1")
        gate.signal(signal.SIGTERM)
        self.assertRegex(manager.wait("STOPPING", "1")["STATUS"], r"stopping: running requests have \d+ ms")
        self.assertEqual(gate.wait(), 0)
        self.assertIsNone(manager.receive(0))

    def test_a_manager_that_is_gone_costs_one_warning(self):
        manager = self.manager()
        os.unlink(manager.environment["NOTIFY_SOCKET"])
        gate = self.start_under(manager)
        self.assert_status(self.ask(gate), 200)
        self.assertTrue(gate.reload())
        gate.stop()
        self.assertEqual(gate.count_log("service manager cannot be told anything.*No such file"), 1)

    def test_a_name_that_cannot_be_used_is_said(self):
        gate = self.prepare(ini(self.origin().server), env={"NOTIFY_SOCKET": "vsock:2:9999"})
        self.addCleanup(gate.stop)
        gate.start()
        gate.wait_log("warn.*NOTIFY_SOCKET=vsock:2:9999: only a path or a name with @")
        self.assert_status(self.ask(gate), 200)


class SignsOfLife(ManagerCase):
    def start_watched(self, usec="400000"):
        manager = self.manager()
        gate = self.prepare(ini(self.origin().server, workers="2"),
                            env=dict(manager.environment, WATCHDOG_USEC=usec))
        return manager, gate.start()

    def test_they_come_without_any_request(self):
        manager, gate = self.start_watched(usec="3000000")
        for _ in range(2):
            manager.wait("WATCHDOG", "1")
        gate.stop()
        self.assertEqual(gate.count_log("watchdog:"), 0)

    def test_they_are_for_the_process_that_is_named(self):
        manager = self.manager()
        self.start_under(manager, WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        manager.wait("READY", "1")
        gate = self.gateways[0]
        self.assertTrue(gate.reload())
        manager.wait("READY", "1")
        self.assertFalse([message for message in manager.messages if "WATCHDOG" in message])

    def hang(self, thread, name):
        """While the thread stands still no sign of life comes; the log says which; then they come again."""
        manager, gate = self.start_watched()
        manager.wait("WATCHDOG", "1")
        # A thread gives itself its name, a moment after its start.
        held = HeldThread(gate.pid if thread == "main" else
                          until(lambda: threads_named(gate.pid, thread), "a thread of that name")[0])
        try:
            gate.wait_log(r"error: watchdog: %s has not turned for \d+ ms" % name)
            manager.forget()
            gate.wait_log(r"watchdog: %s has not turned" % name, gate.mark())
            gate.wait_log(r"watchdog: %s has not turned" % name, gate.mark())
            self.assertIsNone(manager.receive(0))
        finally:
            held.release()
        gate.wait_log("watchdog: %s turns again" % name)
        manager.wait("WATCHDOG", "1")
        self.assert_status(self.ask(gate), 200)
        gate.stop()

    def test_a_worker_that_hangs_stops_them_and_is_named(self):
        self.hang("worker 1", "worker 1")

    def test_a_control_loop_that_hangs_stops_them_and_is_named(self):
        self.hang("main", "the control loop")

    def test_a_process_that_is_ended_for_it_has_said_why(self):
        """As systemd does: SIGABRT when no sign of life has come for WATCHDOG_USEC."""
        manager, gate = self.start_watched(usec="1000000")
        manager.wait("WATCHDOG", "1")
        held = HeldThread(until(lambda: threads_named(gate.pid, "worker 0"), "a thread of that name")[0])
        while manager.receive(1.0) is not None:
            pass
        gate.signal(signal.SIGABRT)
        held.wait_end()
        gate.process.wait()
        gate.reader.join()
        self.assertRegex(gate.log, "watchdog: worker 0 has not turned")

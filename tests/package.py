#!/usr/bin/env python3
"""The Debian package in a tree of its own: installed, served, reloaded, upgraded under load, removed, purged.

    tests/package.py --deb build/bench/verbgate_*.deb --tree build/package-tree

The tree is a minimal Debian, made by mmdebstrap when it is not there, and as it was when the test ends. No systemd runs in
it: this script starts what the unit says, as the user that the package made, hears NOTIFY_SOCKET, and answers the
maintainer scripts in place of systemctl. It needs root for chroot, and has a network and mounts of its own.
"""
import argparse
import configparser
import ctypes
import fcntl
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS / "integration"))

from lib.client import Client  # noqa: E402
from lib.limits import WAIT, until  # noqa: E402
from lib.load import Load  # noqa: E402
from lib.manager import Manager, Successor, become_subreaper  # noqa: E402

UNIT = TESTS.parent / "config/systemd/verbgate.service"
POLICY = "etc/verbgate/verbgate.ini"
MS_REC, MS_PRIVATE, MS_BIND = 0x4000, 0x40000, 0x1000
# What dpkg itself writes, what useradd keeps of the files that it changes, and the lock of adduser (Debian 13).
OF_DPKG = re.compile(r"^(var/lib/dpkg|var/log|var/cache|var/lib/systemd/deb-systemd-helper-\w+|"
                     r"etc/(passwd|group|g?shadow|subuid|subgid)-?|etc/\.pwd\.lock|run/adduser|run/lock|"
                     r"proc|dev|tmp)(/|$)")
SYSTEMCTL = """#!/bin/sh
# Stands where systemctl would: it knows one process.
echo "$*" >>/run/systemctl.log
case "$*" in
*--property=MainPID*) cat /run/main-pid ;;
*is-active*) [ "$(cat /run/main-pid)" != 0 ] ;;
*--signal=SIGUSR2*) kill -USR2 "$(cat /run/main-pid)" ;;
esac
"""


class Skip(Exception):
    """The machine lacks something; the reason is said."""


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def output_of(*command, **options):
    """What a command prints, both streams; its failure is an error."""
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False,
                            **options)
    check(result.returncode == 0, "%s: %d\n%s" % (" ".join(map(str, command)), result.returncode, result.stdout))
    return result.stdout


# ---- the tree


def own_namespaces():
    """A network with nothing but a loopback, so that ports are free, and mounts that end with this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000 | 0x00020000) != 0:
        raise Skip("no namespaces of network and mounts can be made: %s" % os.strerror(ctypes.get_errno()))
    libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", 1 | 64)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(any_socket, 0x8914, request)  # SIOCSIFFLAGS
    return libc


def discard_tree(tree):
    """Removes a tree that is not whole. Never what is mounted in it: mmdebstrap binds /dev/shm of the machine there."""
    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as file:
        mounted = [line.split()[1] for line in file if (line.split()[1] + "/").startswith(str(tree) + "/")]
    if mounted:
        raise Skip("something is mounted in %s, which is left as it is: %s" % (tree, ", ".join(mounted)))
    shutil.rmtree(tree, ignore_errors=True)


def make_tree(tree, packages):
    if (tree / "etc/os-release").exists():
        return
    if not shutil.which("mmdebstrap"):
        raise Skip("mmdebstrap is not installed")
    with open("/etc/os-release", encoding="utf-8") as file:
        release = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    discard_tree(tree)
    # Its mounts are in a namespace of its own: they end with it, even when it is killed.
    result = subprocess.run(
        ["unshare", "--mount", "mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(packages),
         '--aptopt=Acquire::Check-Valid-Until "false"', '--aptopt=Acquire::Check-Date "false"',
         release.get("VERSION_CODENAME", "stable"), str(tree)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False)
    if result.returncode != 0:
        discard_tree(tree)
        raise Skip("mmdebstrap cannot make a tree here: " + result.stdout[-600:])


def dependencies(deb):
    text = output_of("dpkg-deb", "--field", deb, "Depends")
    return [part.split()[0].split(":")[0] for part in text.split(",")]


# ---- the test


class Package:
    def __init__(self, deb, tree):
        self.deb, self.tree = deb, tree
        self.unit = configparser.RawConfigParser(strict=False)
        self.unit.optionxform = str
        self.unit.read(UNIT)
        self.process = None
        self.successor = None
        self.log = open(tree.parent / "package-service.log", "w+b")
        self.manager = Manager("\0verbgate-package-test-%d" % os.getpid())
        self.before = self.snapshot()

    def chroot(self, *command):
        return output_of("chroot", self.tree, *command)

    def snapshot(self):
        """Every file of the tree but those of dpkg, and who is known there."""
        found = set()
        for folder, folders, files in os.walk(self.tree):
            relative = os.path.relpath(folder, self.tree)
            names = {os.path.normpath(os.path.join(relative, name)) for name in folders + files}
            found |= {name for name in names if not OF_DPKG.match(name)}
            folders[:] = [name for name in folders if not OF_DPKG.match(os.path.normpath(os.path.join(relative, name)))]
        for name in ("passwd", "group", "shadow", "gshadow"):
            text = (self.tree / "etc" / name).read_text(encoding="utf-8")
            found |= {name + ": " + line for line in text.splitlines()}
        return found

    def install(self, *options):
        shutil.copy(self.deb, self.tree / "tmp/verbgate.deb")
        try:
            return self.chroot("dpkg", *options, "--install", "/tmp/verbgate.deb")
        finally:
            os.unlink(self.tree / "tmp/verbgate.deb")

    def service_log(self):
        self.log.seek(0)
        return self.log.read().decode("utf-8", "replace")

    def setting(self, key):
        return self.unit.get("Service", key)

    # ---- steps

    def step_the_package_has_no_error_for_lintian(self):
        if not shutil.which("lintian"):
            raise Skip("lintian is not installed")
        output_of("lintian", "--allow-root", "--fail-on", "error", self.deb)

    def step_the_exposure_of_the_unit_is_below_2(self):
        if not shutil.which("systemd-analyze"):
            raise Skip("systemd-analyze is not installed")
        text = output_of("systemd-analyze", "security", "--offline=true", str(UNIT))
        level = re.search(r"Overall exposure level for verbgate\.service: ([0-9.]+)", text).group(1)
        check(float(level) < 2.0, level)

    def step_it_is_installed_and_makes_a_user(self):
        self.install()
        check("verbgate:" in (self.tree / "etc/passwd").read_text(encoding="utf-8"), "no user")
        wants = self.tree / "etc/systemd/system/multi-user.target.wants/verbgate.service"
        check(wants.is_symlink(), "the service is not enabled")
        check(not (self.tree / "etc/systemd/system/sockets.target.wants").exists(), "the socket is enabled")

    def step_the_units_are_valid(self):
        """With the program's path in the tree, since systemd-analyze looks for it."""
        if not shutil.which("systemd-analyze"):
            raise Skip("systemd-analyze is not installed")
        folder = self.tree / "tmp/units"
        folder.mkdir()
        for name in ("verbgate.service", "verbgate.socket"):
            text = (self.tree / "usr/lib/systemd/system" / name).read_text(encoding="utf-8")
            (folder / name).write_text(text.replace("/usr/sbin/", "%s/usr/sbin/" % self.tree), encoding="utf-8")
        said = output_of("systemd-analyze", "--man=no", "verify", *map(str, folder.iterdir())).splitlines()
        shutil.rmtree(folder)
        # It reads all that these units depend on; what is wrong with other packages' units is not said of ours.
        ours = [line for line in said if "verbgate" in line]
        check(not ours, "\n".join(ours))

    def step_the_service_serves_as_its_user_with_one_capability(self):
        for key, folder in (("RuntimeDirectory", "run"), ("LogsDirectory", "var/log"), ("StateDirectory", "var/lib")):
            self.chroot("install", "-d", "-o", "verbgate", "-g", "verbgate", "/%s/%s" % (folder, self.setting(key)))
        capability = self.setting("AmbientCapabilities").replace("CAP_", "").lower()
        check(self.setting("CapabilityBoundingSet") == self.setting("AmbientCapabilities"), "more capabilities")
        command = ["setpriv", "--reuid=verbgate", "--regid=verbgate", "--init-groups", "--no-new-privs",
                   "--inh-caps=-all,+" + capability, "--ambient-caps=-all,+" + capability,
                   "--bounding-set=-all,+" + capability] + self.setting("ExecStart").split()
        seconds = int(self.setting("WatchdogSec").rstrip("s"))
        environment = dict(self.manager.environment, PATH="/usr/sbin:/usr/bin", WATCHDOG_USEC=str(seconds * 1000000))
        self.process = subprocess.Popen(["chroot", self.tree] + command, env=environment, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        status = self.manager.wait("READY", "1")["STATUS"]
        check("serving" in status, status)
        response = self.ask(8080)
        check(response.status == 200, response.first_line)
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as file:
            said = file.read()
        check(re.search(r"Uid:\s+[1-9]", said), "runs as root")
        check(re.search(r"CapEff:\s+0*400$", said, re.M), said)

    @staticmethod
    def ask(port, method="GET"):
        client = Client(("127.0.0.1", port))
        response = client.ask(method, "/")
        client.close()
        return response

    def step_a_reload_opens_a_port_below_1024(self):
        path = self.tree / POLICY
        text = path.read_text(encoding="utf-8")
        text = text.replace("[gateway]", "[gateway]\naccess-log = /var/log/verbgate/access.log\n"
                            "observe = /var/lib/verbgate/record.json")
        path.write_text(text + "\n[listener low]\nbind = 127.0.0.1:80\n", encoding="utf-8")
        self.chroot("setpriv", "--reuid=verbgate", "--regid=verbgate", "--clear-groups",
                    *self.unit_reload_check().split())
        self.process.send_signal(signal.SIGHUP)
        self.manager.wait("RELOADING", "1")
        status = self.manager.wait("READY", "1")["STATUS"]
        check("policy generation 2" in status, status)
        check(self.ask(80).status == 200, "port 80 does not answer")

    @staticmethod
    def unit_reload_check():
        lines = re.findall(r"(?m)^ExecReload=(.*)$", UNIT.read_text(encoding="utf-8"))
        check(len(lines) == 2 and lines[1] == "/bin/kill -HUP $MAINPID", lines)
        return lines[0]

    def step_a_policy_with_errors_fails_the_reload_and_names_the_line(self):
        path = self.tree / POLICY
        good = path.read_text(encoding="utf-8")
        path.write_text(good + "bnd = 1\n", encoding="utf-8")
        result = subprocess.run(["chroot", self.tree] + self.unit_reload_check().split(), capture_output=True, text=True,
                                check=False)
        check(result.returncode == 1 and 'unknown key "bnd"' in result.stderr, result.stderr)
        path.write_text(good, encoding="utf-8")

    def stand_in_for_systemd(self):
        (self.tree / "run/systemd/system").mkdir(parents=True)
        fake = self.tree / "usr/local/sbin/systemctl"
        fake.write_text(SYSTEMCTL, encoding="utf-8")
        fake.chmod(0o755)
        (self.tree / "run/main-pid").write_text("%d\n" % self.process.pid, encoding="ascii")

    def remove_stand_in(self):
        for name in ("usr/local/sbin/systemctl", "run/main-pid", "run/systemctl.log"):
            (self.tree / name).unlink(missing_ok=True)
        shutil.rmtree(self.tree / "run/systemd", ignore_errors=True)

    def step_an_upgrade_of_the_package_loses_no_request(self):
        self.stand_in_for_systemd()
        load = Load(("127.0.0.1", 8080), kept=4, fresh=4)
        load.go_on(20)
        old = os.stat("/proc/%d/exe" % self.process.pid).st_ino
        self.upgrade_and_follow()
        load.go_on(50)
        failures = load.end()
        check(not failures, failures[:10])
        print("     %d requests, %d failed" % (sum(load.counts), len(failures)))
        check(os.stat("/proc/%d/exe" % self.successor.pid).st_ino != old, "the old program serves on")
        check("bind = 127.0.0.1:80\n" in (self.tree / POLICY).read_text(encoding="utf-8"), "the edited policy is lost")

    def upgrade_and_follow(self):
        """dpkg waits for the new main process, which somebody has to name."""
        shutil.copy(self.deb, self.tree / "tmp/verbgate.deb")
        dpkg = subprocess.Popen(["chroot", self.tree, "dpkg", "--force-confold", "--install", "/tmp/verbgate.deb"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            message = self.manager.wait("MAINPID")
            self.successor = Successor(int(message["MAINPID"]))
            (self.tree / "run/main-pid").write_text("%d\n" % self.successor.pid, encoding="ascii")
            said, _ = dpkg.communicate(timeout=4 * WAIT)
        finally:
            os.unlink(self.tree / "tmp/verbgate.deb")
        check(dpkg.returncode == 0 and "has not taken over" not in said, said)
        check(self.process.wait(4 * WAIT) == 0, "the old process did not end well")

    def step_a_new_program_that_fails_leaves_the_old_one_serving(self):
        program = self.tree / "usr/sbin/verbgate"
        os.rename(program, str(program) + ".good")
        shutil.copy(self.tree / "bin/false", program)
        os.kill(self.successor.pid, signal.SIGUSR2)
        self.manager.wait("RELOADING", "1")
        status = self.manager.wait("READY", "1")["STATUS"]
        check("serving, but the last upgrade failed" in status, status)
        check(self.ask(80).status == 200, "nobody serves")
        os.rename(str(program) + ".good", program)

    def step_a_removal_stops_it_and_keeps_the_policy(self):
        os.kill(self.successor.pid, signal.SIGTERM)
        self.manager.wait("STOPPING", "1")
        check(self.successor.wait() == 0, "the service did not stop well")
        (self.tree / "run/main-pid").write_text("0\n", encoding="ascii")
        self.chroot("dpkg", "--remove", "verbgate")
        asked = (self.tree / "run/systemctl.log").read_text(encoding="utf-8")
        check(re.search(r"^.*stop.*verbgate\.service", asked, re.M), asked)
        check((self.tree / POLICY).exists() and not (self.tree / "usr/sbin/verbgate").exists(), "removed too much or little")

    def step_a_purge_leaves_nothing(self):
        self.chroot("dpkg", "--purge", "verbgate")
        self.remove_stand_in()
        left = sorted(self.snapshot() - self.before)
        lost = sorted(self.before - self.snapshot())
        check(not left and not lost, "left behind: %r; lost: %r" % (left, lost))

    # ---- life

    def clean_up(self):
        """Whatever happened: no process, and the tree as it was."""
        for one in (self.process and Successor(self.process.pid), self.successor):
            if one is not None:
                one.discard()
        subprocess.run(["chroot", self.tree, "dpkg", "--purge", "verbgate"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False)
        self.remove_stand_in()
        self.manager.close()
        self.log.close()


def run_steps(package):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    for name in [name for name in vars(Package) if name.startswith("step_")]:
        words = "package: " + name[len("step_"):].replace("_", " ")
        try:
            getattr(package, name)()
        except Skip as reason:
            print("skip %s: %s" % (words, reason), flush=True)
            counts["skipped"] += 1
        except Exception as error:  # the steps build on each other: the first failure ends them
            print("FAIL %s\n%s\n---- the service's log ----\n%s" % (words, error, package.service_log()[-4000:]), flush=True)
            counts["failed"] += 1
            break
        else:
            print("ok   " + words, flush=True)
            counts["passed"] += 1
    return counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--deb", required=True)
    parser.add_argument("--tree", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    counts = {"passed": 0, "failed": 0, "skipped": 1}
    try:
        if os.geteuid() != 0:
            raise Skip("not root")
        if not shutil.which("dpkg-deb"):
            raise Skip("this is not Debian")
        tree = arguments.tree.resolve()
        make_tree(tree, dependencies(arguments.deb))
        libc = own_namespaces()
        become_subreaper()
        libc.mount(b"proc", str(tree / "proc").encode(), b"proc", 0, None)
        libc.mount(b"/dev", str(tree / "dev").encode(), None, MS_BIND | MS_REC, None)
        package = Package(os.path.abspath(arguments.deb), tree)
        try:
            counts = run_steps(package)
        finally:
            package.clean_up()
    except Skip as reason:
        print("skip package: %s" % reason)
    line = "%(passed)d passed, %(failed)d failed" % counts
    print(line + (", %(skipped)d skipped" % counts if counts["skipped"] else ""))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

"""Real application servers, from Debian's packages, with an application that tells what it was asked.

A server listens on a free port of its own; each request that its application runs is a line of JSON in its journal
(see apps/echo_wsgi.py): `ran` reads it, so a request that nobody got an answer for is seen, too.
"""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from . import wire
from .limits import WAIT, until
from .origin import unused_port

APPS = pathlib.Path(__file__).resolve().parents[1] / "apps"
# Debian's own: the python3-* packages are for this one, whatever else is in the PATH.
PYTHON = "/usr/bin/python3"
JARS = "/usr/share/java"
JETTY = [JARS + "/" + name + ".jar" for name in
         ("jetty9-server", "jetty9-util", "jetty9-http", "jetty9-io", "servlet-api")]


def needs(package, found):
    if not found:
        raise unittest.SkipTest("the package %s is not installed" % package)


def has_module(name):
    return subprocess.run([PYTHON, "-c", "import " + name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def wsgiref_command(_):
    needs("python3", os.path.exists(PYTHON))
    return [PYTHON, "echo_wsgi.py", "wsgiref"]


def gunicorn_command(port):
    needs("gunicorn", os.path.exists("/usr/bin/gunicorn"))
    # Threads keep connections; the worker of the default kind closes each.
    return [PYTHON, "/usr/bin/gunicorn", "-b", "127.0.0.1:%d" % port, "--threads", "4", "echo_wsgi:application"]


def uwsgi_command(port, listen="--http11-socket"):
    needs("uwsgi-core", shutil.which("uwsgi-core"))
    needs("uwsgi-plugin-python3", glob.glob("/usr/lib/uwsgi/plugins/python3*_plugin.so"))
    return ["uwsgi-core", "--plugin", "python3", listen, "127.0.0.1:%d" % port, "--need-app", "--master",
            "--die-on-term", "--wsgi-file", "echo_wsgi.py"]


def uwsgi_http_command(port):
    return uwsgi_command(port, "--http-socket")


def gevent_command(_):
    needs("python3-gevent", has_module("gevent"))
    return [PYTHON, "echo_wsgi.py", "gevent"]


def aiohttp_command(_):
    needs("python3-aiohttp", has_module("aiohttp"))
    return [PYTHON, "echo_aiohttp.py"]


def php_command(port):
    needs("php-cli", shutil.which("php"))
    return ["php", "-S", "127.0.0.1:%d" % port, "echo.php"]


def node_command(_):
    needs("nodejs", shutil.which("node"))
    return ["node", "echo_node.js"]


def express_command(_):
    needs("nodejs", shutil.which("node"))
    needs("node-express", os.path.isdir("/usr/share/nodejs/express"))
    return ["node", "echo_node.js", "express"]


def jetty_command(_):
    needs("default-jdk-headless", shutil.which("java") and shutil.which("javac"))
    needs("libjetty9-java", all(os.path.exists(jar) for jar in JETTY))
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", ":".join(JETTY), "EchoJetty.java"]


COMMANDS = {"wsgiref": wsgiref_command, "gunicorn": gunicorn_command, "uwsgi": uwsgi_command,
            "uwsgi-http": uwsgi_http_command, "gevent": gevent_command, "aiohttp": aiohttp_command,
            "php": php_command, "node": node_command, "express": express_command, "jetty": jetty_command}


class RealServer:
    """A running server of this kind; SkipTest with the name of the package where that is not installed."""

    def __init__(self, kind):
        self.kind = kind
        self.process = None
        self.folder = tempfile.TemporaryDirectory(prefix="vg-%s-" % kind)
        self.journal = os.path.join(self.folder.name, "journal")
        self.errors = os.path.join(self.folder.name, "errors")
        try:
            # A port that was taken meanwhile ends the process.
            if not any(self.start() for _ in range(3)):
                raise AssertionError("%s does not start: %s" % (kind, self.read_errors()))
        except BaseException:
            self.close()
            raise

    def start(self):
        self.address = ("127.0.0.1", unused_port())
        self.server = "%s:%d" % self.address
        command = COMMANDS[self.kind](self.address[1])
        env = dict(os.environ, ECHO_PORT=str(self.address[1]), ECHO_JOURNAL=self.journal,
                   NODE_PATH="/usr/share/nodejs", PYTHONDONTWRITEBYTECODE="1", PYTHONPATH=str(APPS))
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(command, cwd=APPS, env=env, stdin=subprocess.DEVNULL,
                                            stdout=errors, stderr=errors, start_new_session=True)
        return until(self.state, "%s to listen" % self.kind) == "ready"

    def state(self):
        if self.process.poll() is not None:
            return "ended"
        try:
            wire.connect(self.address).close()
        except OSError:
            return None
        return "ready"

    def read_errors(self):
        with open(self.errors, encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:]

    def ran(self):
        """What the application ran so far, oldest first."""
        try:
            with open(self.journal, encoding="utf-8") as file:
                return [json.loads(line) for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    def close(self):
        if self.process is not None and self.process.poll() is None:
            # Its session, for the sake of its workers: gunicorn's and uWSGI's.
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(WAIT / 3)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self.folder.cleanup()

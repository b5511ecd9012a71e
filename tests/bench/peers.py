"""The three proxies and the bare relay, set up for the same job, and the backend behind them (nginx)."""
import os
import pathlib
import shutil
import signal
import socket
import threading
import time
from typing import NamedTuple

import processes

READY_SECONDS_MAX = 20
SINK_BYTES_MAX = 1 << 24  # of a body that the backend's /sink takes without a file
SMALL = "x" * 127 + "\\n"  # 128 bytes, as nginx's configuration writes them


class Settings(NamedTuple):
    """What a case asks of a proxy's configuration."""
    workers: int = 1
    connections: int = 64
    is_logged: bool = False
    over_unix: bool = False
    splices: bool = False     # HAProxy only: the others have no such switch
    answers_501: bool = False
    routes: int = 0           # 0: everything goes to the backend
    upstreams: int = 1        # verbgate only
    has_probe: bool = False   # one more route, /probe/, to see that a reload is in force
    reloads: bool = False     # HAProxy reloads as master and worker only
    is_counted: bool = False  # one process even for nginx, so that tools can count what it does


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def write(path, text):
    pathlib.Path(path).write_text(text, encoding="ascii")
    return str(path)


def find(program):
    """Debian keeps servers in a folder that is not in every PATH."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin")


def ask(port, path):
    """The status of one GET on a new connection, or None."""
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n" % path.encode())
            return int(connection.recv(4096).split(b" ", 2)[1])
    except (OSError, IndexError, ValueError):
        return None


def wait_status(port, path, statuses, process):
    """Waits until GET `path` is answered with one of `statuses` (any, when it is empty)."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        status = ask(port, path)
        if status is not None and (not statuses or status in statuses):
            return
        if process.poll() is not None:
            break
        time.sleep(0.001)
    raise RuntimeError("no answer to GET %s from %s, exit status %s" % (path, process.args[0], process.poll()))


def nginx_base(folder, workers, connections, more=""):
    user = "user root;\n" if os.geteuid() == 0 else ""
    # Two for each client, and so many more that it never closes idle clients to get at theirs.
    slots = connections * 9 // 4 + 512
    temporary = "".join("%s_temp_path %s/%s;\n" % (kind, folder, kind)
                        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return ("%s%sdaemon off;\npid %s/nginx.pid;\nerror_log stderr crit;\nworker_processes %d;\n"
            "events { worker_connections %d; }\n"
            "http {\n%ssendfile on;\nkeepalive_timeout 600s;\nkeepalive_requests 100000000;\n"
            "client_max_body_size 0;\ndefault_type text/plain;\n"
            % (user, more, folder, workers, slots, temporary))


class Backend:
    """nginx on the load's cores: 128 bytes for any path, files of given sizes, uploads taken and dropped."""

    def __init__(self, folder, connections):
        self.folder = os.path.join(folder, "backend")
        self.port = free_port()
        self.unix = os.path.join(self.folder, "unix")
        os.makedirs(os.path.join(self.folder, "files"))
        workers = max(1, len(processes.LOAD_CORES) // 2)
        config = write(os.path.join(self.folder, "nginx.conf"),
                       nginx_base(self.folder, workers, connections) +
                       "access_log off;\nopen_file_cache max=64;\nserver {\nlisten 127.0.0.1:%d backlog=4096;\n"
                       "listen unix:%s;\nroot %s;\nlocation / { return 200 \"%s\"; }\nlocation /files/ { }\n"
                       # Takes a whole body before it answers, as "return" does not.
                       "location /sink { client_body_buffer_size %d; proxy_pass_request_body off;\n"
                       "proxy_set_header Content-Length \"\"; proxy_pass http://127.0.0.1:%d/; }\n}\n}\n"
                       % (self.port, self.unix, self.folder, SMALL, SINK_BYTES_MAX, self.port))
        self.process = processes.start([find("nginx"), "-e", "stderr", "-p", self.folder, "-c", config],
                                       processes.LOAD_CORES, open(os.path.join(folder, "backend.log"), "wb"))
        wait_status(self.port, "/", (200,), self.process)

    def file(self, size):
        return os.path.join(self.folder, "files", str(size))

    def add_file(self, size):
        """A sparse file, whose path in a URL is /files/SIZE."""
        with open(self.file(size), "wb") as file:
            file.truncate(size)

    def warm_file(self, size):
        """Reads it into the kernel's cache: to fill that takes the backend seconds, which the first peer would wait for.
        Before each turn, since a virtual machine may lose the cache's memory within minutes."""
        with open(self.file(size), "rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


class LogReader:
    """Takes what HAProxy's ring sends, and drops it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.bytes = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.drain, args=(connection,), daemon=True).start()

    def drain(self, connection):
        buffer = bytearray(1 << 18)
        with connection:
            while True:
                try:
                    count = connection.recv_into(buffer)
                except OSError:
                    return
                if not count:
                    return
                self.bytes += count


class Peer:
    """One proxy under one configuration, from start() to stop()."""
    name = ""

    def __init__(self, folder, backend, settings):
        self.folder = os.path.join(folder, self.name)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.backend = backend
        self.settings = settings
        self.port = free_port()
        self.process = None
        self.reader = None
        self.tool = []  # what runs the proxy, for example valgrind
        # Connections to the backend that are kept: as many as can be busy, so that none is churned.
        self.kept = max(512, settings.connections)

    def path(self, name):
        return os.path.join(self.folder, name)

    def routes(self):
        names = ["/r%d/" % number for number in range(self.settings.routes)]
        return names + (["/probe/"] if self.settings.has_probe else [])

    def start(self):
        """Returns the seconds until the first answer."""
        cores = set(processes.CORES[:self.settings.workers])
        config = self.configure()
        began = time.monotonic()
        self.process = processes.start(self.tool + self.command(config), cores, open(self.path("log"), "wb"))
        wait_status(self.port, "/r0/item", (), self.process)
        return time.monotonic() - began

    def reload(self):
        """Adds the probe's route; returns the seconds until it is in force."""
        self.settings = self.settings._replace(has_probe=True)
        self.configure()
        time.sleep(0.3)  # HAProxy's master loses signals in its first moments
        began = time.monotonic()
        os.kill(self.process.pid, self.reload_signal)
        wait_status(self.port, "/probe/item", (200,), self.process)
        return time.monotonic() - began

    def stop(self):
        if self.process:
            processes.stop(self.process)

    def last_words(self):
        """The end of what it wrote to its standard error."""
        try:
            return pathlib.Path(self.path("log")).read_text(encoding="utf-8", errors="replace")[-400:].strip()
        except OSError:
            return ""

    reload_signal = signal.SIGHUP

    def configure(self):
        raise NotImplementedError

    def command(self, config):
        raise NotImplementedError


class Verbgate(Peer):
    name = "verbgate"
    binary = ""

    def configure(self):
        settings = self.settings
        server = "unix:" + self.backend.unix if settings.over_unix else "127.0.0.1:%d" % self.backend.port
        lines = ["[gateway]", "workers = %d" % settings.workers, "log-level = warn",
                 "access-log = %s" % (self.path("access.log") if settings.is_logged else "off"),
                 "max-connections = %d" % max(1024, settings.connections), "idle-timeout = 10m",
                 "admin = unix:" + self.path("admin"),
                 "[listener main]", "bind = 127.0.0.1:%d" % self.port, "backlog = 4096"]
        for number in range(settings.upstreams):
            lines += ["[upstream u%d]" % number, "server = " + server, "implements = GET HEAD POST",
                      "max-idle = %d" % self.kept, "idle-timeout = 10m"]
        for number, path in enumerate(self.routes()):
            lines += ["[route r%d]" % number, "path = %s*" % path,
                      "upstream = u%d" % (number % settings.upstreams)]
        return write(self.path("gateway.ini"), "\n".join(lines) + "\n")

    def command(self, config):
        return [self.binary, "run", "-c", config]


class Nginx(Peer):
    name = "nginx"

    def configure(self):
        settings = self.settings
        server = "unix:" + self.backend.unix if settings.over_unix else "127.0.0.1:%d" % self.backend.port
        forward = "limit_except GET POST { deny all; } proxy_pass http://backend;"
        locations = "".join("location %s { %s }\n" % (path, forward) for path in self.routes())
        locations += "location / { %s }\n" % ("return 404;" if locations else forward)
        # limit_except answers 403; for a true 501 nginx has to be told so, and then closes the connection.
        refusal = "if ($request_method !~ ^(GET|HEAD|POST)$) { return 501; }\n" if settings.answers_501 else ""
        single = "master_process off;\n" if settings.is_counted else ""
        logged = ("log_format clf '$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent';\n"
                  "access_log %s clf buffer=64k flush=1s;\n" % self.path("access.log"))
        return write(self.path("nginx.conf"), nginx_base(self.folder, settings.workers, settings.connections, single) +
                     (logged if settings.is_logged else "access_log off;\n") +
                     "upstream backend {\nserver %s;\nkeepalive %d;\nkeepalive_requests 100000000;\n"
                     "keepalive_timeout 600s;\n}\n"
                     "proxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_set_header Host $http_host;\n"
                     "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n"
                     "proxy_request_buffering off;\nproxy_max_temp_file_size 0;\nproxy_buffers 8 64k;\n"
                     "server {\nlisten 127.0.0.1:%d backlog=4096 reuseport;\n%s%s}\n}\n"
                     % (server, self.kept, self.port, refusal, locations))

    def command(self, config):
        return [find("nginx"), "-e", "stderr", "-p", self.folder, "-c", config]


class Haproxy(Peer):
    name = "HAProxy"
    reload_signal = signal.SIGUSR2

    def configure(self):
        settings = self.settings
        server = "unix@" + self.backend.unix if settings.over_unix else "127.0.0.1:%d" % self.backend.port
        # Above a share of its descriptors it would close connections to the backend in place of keeping them.
        lines = ["global", "nbthread %d" % settings.workers, "maxconn %d" % max(8192, settings.connections + 64),
                 "tune.pool-low-fd-ratio 100", "tune.pool-high-fd-ratio 100"]
        if settings.is_logged:
            self.reader = self.reader or LogReader()
            # A ring is its cheapest log: lines are sent many at a time.
            lines += ["log ring@requests format raw local0",
                      "ring requests", "format raw", "maxlen 1200", "size 4194304",
                      "timeout connect 5s", "timeout server 10s", "server reader 127.0.0.1:%d" % self.reader.port]
        lines += ["defaults", "mode http", "timeout connect 10s", "timeout client 600s", "timeout server 600s",
                  "timeout http-keep-alive 600s", "option http-keep-alive", "http-reuse always",
                  "option forwardfor"]
        if settings.splices:
            lines[1:1] = ["maxpipes 64"]  # its pipes need descriptors too
            lines += ["option splice-auto"]
        lines += ["log global", "option httplog clf"] if settings.is_logged else []
        lines += ["frontend main", "bind 127.0.0.1:%d backlog 4096" % self.port,
                  "http-request deny deny_status %d unless METH_GET or METH_POST"
                  % (501 if settings.answers_501 else 405)]
        if self.routes():
            listed = write(self.path("routes"), "".join(path + "\n" for path in self.routes()))
            lines += ["http-request deny deny_status 404 unless { path_beg -f %s }" % listed]
        lines += ["default_backend backend", "backend backend",
                  "server one %s pool-max-conn %d" % (server, self.kept)]
        return write(self.path("haproxy.cfg"), "\n".join(lines) + "\n")

    def command(self, config):
        return [find("haproxy")] + (["-W"] if self.settings.reloads else []) + ["-f", config]


class Relay(Peer):
    """floor.c, which is no proxy: the least that one can cost here, since it passes on bytes and knows nothing."""
    name = "relay"
    binary = ""

    def configure(self):
        return None

    def command(self, config):
        return [self.binary, str(self.port), str(self.backend.port)]


PEERS = (Verbgate, Nginx, Haproxy)

"""Real backends: nginx from its package, Python's http.server on TCP and on a Unix socket."""
import functools
import hashlib
import http.server
import os
import shutil
import socketserver
import subprocess
import tempfile
import threading

from . import wire
from .limits import until
from .origin import unused_port

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

NGINX_CONFIG = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 0;
    keepalive_requests 1000000;
    types {{ text/plain txt; text/html html; application/octet-stream bin; }}
    server {{
        listen {listen};
        root {folder}/static;
        location / {{ }}
        # Server-side includes take the Content-Length away: these responses are chunked.
        location /chunked/ {{ alias {folder}/static/; ssi on; ssi_types *; }}
        location /gzip/ {{ alias {folder}/static/; gzip on; gzip_types *; gzip_proxied any; }}
        # A PUT stores the content, so an upload can be read back.
        location /dav/ {{ alias {folder}/dav/; dav_methods PUT DELETE; create_full_put_path on; }}
        location = /echo {{
            return 200 "$request_method $request_uri $http_host via=$http_via for=$http_x_forwarded_for\\n";
        }}
        location = /short {{ return 200 "hello\\n"; }}
        location = /moved {{ return 302 /elsewhere; }}
        location = /nothing {{ return 204; }}
        # Which location takes a path, after all that nginx does to it.
        location = /ro {{ add_header X-Location ro; return 200; }}
        location /ro/ {{ add_header X-Location ro; return 200; }}
        location = /admin {{ add_header X-Location admin; return 200; }}
        location /admin/ {{ add_header X-Location admin; return 200; }}
        location /open/ {{ add_header X-Location open; return 200; }}
    }}
}}
"""


def pattern(size):
    """Content of this many bytes that no shifted, cut or repeated copy equals."""
    block = b"".join(b"%07d\n" % number for number in range(size // 8 + 1))
    return block[:size]


class Nginx:
    """An nginx of its own in a temporary folder, on a free port or a Unix socket."""

    def __init__(self, unix=False):
        if NGINX is None:
            raise AssertionError("nginx is not installed")
        self.folder = tempfile.TemporaryDirectory(prefix="vg-nginx-")
        os.chmod(self.folder.name, 0o755)
        os.mkdir(self.path("static"))
        os.mkdir(self.path("dav"))
        self.files = {"hello.txt": b"hello, world\n", "empty.txt": b"", "page.html": pattern(5000),
                      "large.bin": pattern(1 << 20)}
        for name, content in self.files.items():
            with open(self.path("static/" + name), "wb") as file:
                file.write(content)
        self.process = None
        for _ in range(5):
            if self.start(unix):
                return
        raise AssertionError("nginx does not start: " + self.read_errors())

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def start(self, unix):
        if unix:
            self.address = self.path("nginx.sock")
            self.server = listen = "unix:" + self.address
        else:
            self.address = ("127.0.0.1", unused_port())
            self.server = listen = "%s:%d" % self.address
        user = "user root;" if os.geteuid() == 0 else ""
        with open(self.path("nginx.conf"), "w", encoding="utf-8") as file:
            file.write(NGINX_CONFIG.format(folder=self.folder.name, listen=listen, user=user))
        self.process = subprocess.Popen(
            [NGINX, "-p", self.folder.name, "-c", self.path("nginx.conf")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # A port that was taken meanwhile ends the process; the caller tries another.
        return until(lambda: self.state(), "nginx to listen") == "ready"

    def state(self):
        if self.process.poll() is not None:
            return "ended"
        if not os.path.exists(self.path("nginx.pid")):
            return None  # written after the sockets are bound
        try:
            wire.connect(self.address).close()
        except OSError:
            return None
        return "ready"

    def read_errors(self):
        try:
            with open(self.path("error.log"), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return "(no error log)"

    def digest(self, name):
        return hashlib.sha256(self.files[name]).hexdigest()

    def stored(self, name):
        """The content of an upload to /dav/NAME."""
        with open(self.path("dav/" + name), "rb") as file:
            return file.read()

    def stored_digest(self, name):
        digest = hashlib.sha256()
        with open(self.path("dav/" + name), "rb") as file:
            for piece in iter(lambda: file.read(1 << 20), b""):
                digest.update(piece)
        return digest.hexdigest()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.folder.cleanup()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """What `python3 -m http.server` runs, without its log."""

    def log_message(self, *arguments):
        pass

    def address_string(self):
        return "peer"


class UnixHttpServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    server_name = "unix"
    server_port = 0

    def handle_error(self, request, client_address):
        """A client that goes away is no news."""


class PythonServer:
    """http.server: an HTTP/1.0 backend that closes after each response and answers 501 itself."""

    def __init__(self, unix=False):
        self.folder = tempfile.TemporaryDirectory(prefix="vg-python-")
        self.files = {"hello.txt": b"hello from python\n", "large.bin": pattern(1 << 20)}
        static = os.path.join(self.folder.name, "static")
        os.mkdir(static)
        for name, content in self.files.items():
            with open(os.path.join(static, name), "wb") as file:
                file.write(content)
        handler = functools.partial(QuietHandler, directory=static)
        if unix:
            self.address = os.path.join(self.folder.name, "python.sock")
            self.httpd = UnixHttpServer(self.address, handler)
            self.server = "unix:" + self.address
        else:
            self.httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
            self.address = self.httpd.server_address[:2]
            self.server = "%s:%d" % self.address
        self.thread = threading.Thread(target=self.httpd.serve_forever, kwargs={"poll_interval": 0.05},
                                       daemon=True)
        self.thread.start()

    def digest(self, name):
        return hashlib.sha256(self.files[name]).hexdigest()

    def close(self):
        self.httpd.shutdown()
        self.httpd.server_close()
        self.folder.cleanup()

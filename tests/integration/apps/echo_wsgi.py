"""A WSGI application that tells what it was asked, and notes it in a journal; and two servers to run it.

    echo_wsgi.py wsgiref|gevent        with ECHO_JOURNAL and, for the place to listen, ECHO_PORT

gunicorn and uWSGI import `application` themselves.
"""
import json
import os
import sys

# What somebody may have uploaded.
STORED = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"


def read_content(environ):
    if environ.get("CONTENT_LENGTH"):
        return environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    if "HTTP_TRANSFER_ENCODING" not in environ:
        return b""
    try:
        import uwsgi
    except ImportError:
        return environ["wsgi.input"].read()
    return b"".join(iter(uwsgi.chunked_read, b""))


def application(environ, start_response):
    names = [name for name in environ if name.startswith(("HTTP_", "CONTENT_"))]
    # Frameworks run a method by its name in capitals: Django, for one.
    seen = {"method": environ["REQUEST_METHOD"], "ran": environ["REQUEST_METHOD"].upper(),
            "path": environ.get("PATH_INFO", ""), "fields": {name: environ[name] for name in names}}
    if environ["REQUEST_METHOD"] == "POST" and "unread" not in environ.get("PATH_INFO", ""):
        seen["content"] = read_content(environ).decode("latin-1")
    with open(os.environ["ECHO_JOURNAL"], "a", encoding="ascii") as journal:
        journal.write(json.dumps(seen) + "\n")
    body = STORED if environ["PATH_INFO"] == "/stored" else json.dumps(seen).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def application_that_sends_the_head_first(environ, start_response):
    """As `application`, with the content 20 ms behind the head: for HEAD too, where gevent does not drop it."""
    import gevent
    started = []
    body = application(environ, lambda status, fields: started.append(start_response(status, fields)))
    started[0](b"")
    gevent.sleep(0.02)
    yield from body


def serve_wsgiref(port):
    from wsgiref.simple_server import make_server
    make_server("127.0.0.1", port, application).serve_forever()


def serve_gevent(port):
    from gevent.pywsgi import WSGIServer
    WSGIServer(("127.0.0.1", port), application_that_sends_the_head_first, log=None).serve_forever()


if __name__ == "__main__":
    {"wsgiref": serve_wsgiref, "gevent": serve_gevent}[sys.argv[1]](int(os.environ["ECHO_PORT"]))

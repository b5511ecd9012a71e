"""`verbgate explain` and the live gateway agree, on 10,000 random requests against 50 random policies.

A new option that changes decisions is one more row in SETTINGS, a new thing that a request may say one
more word in REQUEST_FIELDS; everything is drawn from a seed that a failure names.
"""
import collections
import json
import random

from lib import wire
from lib.case import Case
from lib.gateway import run_command
from lib.origin import answer, serve

POLICIES = 50
CLOSED = 444  # how logs and explain call a refusal without an answer
REQUESTS = 200
GROUPS = 5
UPSTREAMS = ("red", "green", "blue")

# The options of each kind of section with their values; None leaves the option out.
UNSET = (None,) * 20
ANSWERS = {
    "on-unimplemented": UNSET + ("405", "404", "403", "400", "close"),
    "on-not-allowed": UNSET + ("404", "403", "400", "501", "close"),
    "on-version": UNSET + ("400", "404", "403", "close"),
    "on-too-large": UNSET + ("400", "404", "403", "close"),
}
METHODS_RULES = {
    "report-only": UNSET + ("yes", "no"),
    "head": UNSET + ("from-get", "refuse", "forward"),
    "options": UNSET + ("answer", "cors", "forward"),
    "cors-origins": UNSET + ("https://a.test https://*.b.test",),
    "webhook-origins": UNSET + ("sender.test",),
    "override-fields": UNSET + ("refuse", "pass", "strip"),
    "odd-names": UNSET + ("refuse", "pass", "drop"),
    "buffer-request": UNSET + ("chunked", "all"),
}
SETTINGS = {
    "gateway": {
        **ANSWERS, **METHODS_RULES,
        "on-no-route": UNSET + ("403", "400", "421", "close"),
        "method-case": (None, "normalise"),
        "path-readings": (None, None, "all", "normal", "written", "all -case", "lenient slash", "-normal all"),
        "max-body": (None, None, "1000"),
        "max-target": (None, "256"),
        "max-fields": (None, "10"),
        "expect": (None, "answer"),
    },
    "upstream": {
        **ANSWERS, **METHODS_RULES,
        "send-as-post": UNSET + ("PATCH", "DELETE PUT"),
        "versions": (None, None, None, None, "1.1", "1.0", "1.0 1.1"),
        "max-body": (None, None, "3", "100"),
    },
    "route": {
        **ANSWERS, **METHODS_RULES,
        "send-as-post": UNSET + ("PATCH LOCK",),
        "max-body": (None, None, None, "3", "100", "unlimited"),
        "upgrade": (None, "refuse"),
    },
}

# What an upstream may implement, and what a route of it may then allow.
METHOD_SETS = {
    "GET HEAD POST": (None, "GET", "GET HEAD", "POST", "@read-only", "* -POST"),
    "*": (None, "@read-only", "* -DELETE -TRACE", "PURGE GET", "@webdav -LOCK", "*"),
    "@webdav": (None, "PROPFIND OPTIONS", "@rfc9110 -PUT"),
    "@rfc9110 PURGE -PUT": (None, "PURGE", "@read-only TRACE", "GET POST"),
    "POST": (None, "@webhook"),
    "PROPFIND PUT TRACE OPTIONS": (None, "OPTIONS TRACE", "PUT"),
    "@all -GET": (None, "HEAD POST QUERY", "* -@webdav"),
}

HOST_PATTERNS = (None, "a.test", "*.a.test", "*.b.a.test", "c.test", "[::1]")
PATH_PATTERNS = (None, "/", "/*", "/orders", "/orders/*", "/orders/7", "/orders/7/*", "/orders/", "/Orders/*", "/admin/*",
                 "/a%2Fb", "/x;y", "/%C3%A4/*")

# What requests are made of: what clients send, then what they should not.
HOSTS = (("a.test", "A.Test", "x.a.test", "b.a.test", "x.b.a.test:8080", "c.test", "[::1]", "[::1]:80", "d.test"),
         ("", "a test", "a.test:x", "a..test", "a.test.", "a%C3%BCtest", "127.1", "[0::1]", "a!test"))
METHODS = (("GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND",
            "PURGE", "QUERY", "LOCK"),
           ("CONNECT", "get", "Post", "delete", "trace", "Purge", "FOO", "PATHC", "M-SEARCH", "G(T"))
VERSIONS = (("1.1",) * 8 + ("1.0",), ("1.9", "2.0", "0.9", "1.10"))
PATHS = (("/", "/orders", "/orders/", "/orders/7", "/orders/7/8", "/ordersX", "/admin", "/admin/x", "/a/b",
          "/x", "/%C3%A4/o", "/other"),
         ("/a%2Fb", "/x;y", "/%c3%a4/o", "/Orders", "/ORDERS/7/", "/Admin", "/%C3%84/o", "/orders/7/"))
PATH_CHANGES = (
    (lambda path: path, lambda path: path + "?a=/../b"),
    (lambda path: "/." + path, lambda path: "/x/.." + path, lambda path: "/" + path, lambda path: path + "/..",
     lambda path: path.replace("/", "%2F", 2).replace("%2F", "/", 1), lambda path: path.replace("a", "%61"),
     lambda path: path.replace("o", "%6f"), lambda path: path + ";v=1", lambda path: path + "\\x",
     lambda path: path + "%00", lambda path: path + "/", lambda path: path.upper(), lambda path: path + "%2",
     lambda path: path.replace("a", "%u0061"), lambda path: "/%2e%2e" + path, lambda path: path + "%C0%AF",
     lambda path: path.replace("o", "o%E2%80%8E"), lambda path: path + "%3Fx", lambda path: path + "%23",
     lambda path: path + "/" + "y" * 300, lambda path: path + "/" + "y" * 400, lambda path: path + " x"))
REQUEST_FIELDS = (
    (None, None, None, None, None, None, "Max-Forwards: 0", "Max-Forwards: 1", "Max-Forwards: x",
     "Expect: 100-continue", "Connection: close", "Connection: keep-alive", "X-Long: " + "z" * 200,
     "Origin: https://a.test", "Access-Control-Request-Method: PUT", "WebHook-Request-Origin: sender.test",
     "X-HTTP-Method-Override: PUT", "x_method_override: GET", "X_Forwarded_For: 1"),
    ("Content_Length: 3", "Expect: tea", "Connection: a b", "Host: c.test", "Host:", "no colon", "Name : x"))
LENGTHS = ((None, None, None, 0, 3, 4, 100, 101, 1000, 1001), ("x", "3, 3"))
CODINGS = ((None,), ("chunked", "chunked", "gzip", "chunked, chunked"))
WHOLE_TARGETS = ((None,), ("*", "http://a.test", "http://a.test?q", "ftp://a.test/", "a.test:443"))
FILLERS = ((0,), (12,))
WILD = 0.06  # how often each of these is what it should not be


def setting_lines(draw, kind):
    chosen = ((key, draw.choice(values)) for key, values in SETTINGS[kind].items())
    return ["%s = %s" % pair for pair in chosen if pair[1] is not None]


def make_policy(draw, origins):
    """The text of a configuration with one to three upstreams and up to eight routes."""
    lines = ["[gateway]", "workers = 1"] + setting_lines(draw, "gateway")
    lines += ["[listener main]", "bind = 127.0.0.1:0"]
    names = UPSTREAMS[:draw.randint(1, len(UPSTREAMS))]
    implements = {}
    for name in names:
        implements[name] = draw.choice(list(METHOD_SETS))
        lines += ["[upstream %s]" % name, "server = " + origins[name].server, "implements = " + implements[name]]
        lines += setting_lines(draw, "upstream")
    patterns = [(host, path) for host in HOST_PATTERNS for path in PATH_PATTERNS]
    draw.shuffle(patterns)
    for number in range(draw.randint(0 if len(names) == 1 else 1, 8)):
        lines += route_lines(draw, number, patterns.pop(), draw.choice(names), implements)
    return "\n".join(lines) + "\n"


def route_lines(draw, number, pattern, upstream, implements):
    host, path = pattern
    lines = ["[route r%d]" % number, "upstream = " + upstream]
    lines += ["host = " + host] if host else []
    lines += ["path = " + path] if path else []
    allow = draw.choice(METHOD_SETS[implements[upstream]])
    return lines + (["allow = " + allow] if allow else []) + setting_lines(draw, "route")


def pick(draw, choices):
    return draw.choice(choices[draw.random() < WILD])


def make_target(draw):
    path = pick(draw, PATH_CHANGES)(pick(draw, PATHS))
    if draw.random() < 0.1:
        path = "http://%s%s" % (pick(draw, HOSTS), path)
    return pick(draw, WHOLE_TARGETS) or path


def make_request(draw):
    """A head and the content that is sent behind it."""
    lines = ["%s %s HTTP/%s" % (pick(draw, METHODS), make_target(draw), pick(draw, VERSIONS))]
    lines += ["Host: " + pick(draw, HOSTS)] if draw.random() < 0.98 else []
    lines += [field for field in (pick(draw, REQUEST_FIELDS), pick(draw, REQUEST_FIELDS)) if field is not None]
    lines += ["X-Filler: %d" % number for number in range(pick(draw, FILLERS))]
    content = b""
    coding = pick(draw, CODINGS)
    if coding is not None:
        lines.append("Transfer-Encoding: " + coding)
        content = b"3\r\nabc\r\n0\r\n\r\n"
    length = pick(draw, LENGTHS)
    if length is not None and (not content or draw.random() < 0.2):
        lines.append("Content-Length: %s" % length)
        content = content or b"c" * (length if isinstance(length, int) else 3)
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n", content


def note(name):
    """What a backend answers: its name, and what it got."""
    return serve(lambda message: answer(fields=(("X-Backend", name), ("X-Method", message.method),
                                                ("X-Target", message.target))))


def live_summary(response):
    """What the gateway did, in the terms of `explain --json`."""
    if response is None:
        return {"status": CLOSED, "allow": [], "upstream": None, "forwarded": None}
    allow = [name for name in (response.get("allow") or "").split(", ") if name]
    backend = response.get("x-backend")
    if backend is None:
        return {"status": response.status, "allow": allow, "upstream": None, "forwarded": None}
    return {"status": None, "allow": allow, "upstream": backend,
            "forwarded": {"method": response.get("x-method"), "target": response.get("x-target")}}


def explained_summary(explained):
    is_forwarded = explained["verdict"] == "forward"
    return {"status": explained["status"], "allow": explained["allow"],
            "upstream": explained["upstream"] if is_forwarded else None, "forwarded": explained["forwarded"]}


class Agreement(Case):
    """Each test has a part of the policies, so that they run side by side."""

    def ask_live(self, gate, head, content):
        """Sends one request on the connection that is open, or on a new one where that has ended.

        None: a fresh connection was closed without an answer.
        """
        method = head.split(b" ", 1)[0].decode("latin-1")
        for attempt in range(2):
            if self.connection is None:
                self.connection = self.client(gate)
            self.connection.send(head + content)
            try:
                response = self.connection.read(method)
            except wire.Ended as end:
                # An idle connection may be closed at any time, but never in an answer.
                self.assertFalse(end.partial, head)
                self.drop_connection()
                if attempt:
                    return None
                continue
            if response.has_option("close") or b" HTTP/1.0\r\n" in head or response.status == 400:
                self.drop_connection()
            return response
        return self.fail("no answer to %r" % head)

    def drop_connection(self):
        self.connection.close()
        self.connection = None

    def explain_all(self, gate, heads):
        with open(gate.path("heads"), "wb") as file:
            for head in heads:
                file.write(b"%d\n%s" % (len(head), head))
        with open(gate.path("heads"), "rb") as stdin:
            result = run_command("explain", "-c", gate.config, "--batch", stdin=stdin)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [json.loads(line) for line in result.stdout.splitlines()]

    def compare_policy(self, gate, seed, text):
        draw = random.Random("requests %d" % seed)
        requests = [make_request(draw) for _ in range(REQUESTS)]
        explained = self.explain_all(gate, [head for head, _ in requests])
        self.assertEqual(len(explained), REQUESTS)
        self.connection = None
        for (head, content), said in zip(requests, explained):
            found = live_summary(self.ask_live(gate, head, content))
            self.assertEqual(found, explained_summary(said), "seed %d, %r\n%s\n%s" % (seed, head, said, text))
            self.seen[found["upstream"] or found["status"]] += 1
        if self.connection is not None:
            self.drop_connection()

    def compare_group(self, group):
        origins = {name: self.origin(note(name)) for name in UPSTREAMS}
        self.seen = collections.Counter()
        gate = None
        for seed in range(group, POLICIES, GROUPS):
            text = make_policy(random.Random("policies %d" % seed), origins)
            if gate is None:
                gate = self.gateway(text)
            else:
                self.assertTrue(gate.reload(text), gate.log[-3000:] + text)
            self.compare_policy(gate, seed, text)
        self.assertEqual(sum(self.seen.values()), POLICIES // GROUPS * REQUESTS)
        for outcome in (200, 400, 404, 405, 413, 414, 417, 431, 501, 505, CLOSED):
            self.assertGreater(self.seen[outcome], 0, "no request came to %s: %s" % (outcome, self.seen))
        forwarded = [self.seen[name] for name in UPSTREAMS if self.seen[name] > 0]
        self.assertTrue(len(forwarded) > 1 and sum(forwarded) > REQUESTS / 4, self.seen)

    def test_explain_and_the_gateway_agree_on_the_first_fifth(self):
        self.compare_group(0)

    def test_explain_and_the_gateway_agree_on_the_second_fifth(self):
        self.compare_group(1)

    def test_explain_and_the_gateway_agree_on_the_third_fifth(self):
        self.compare_group(2)

    def test_explain_and_the_gateway_agree_on_the_fourth_fifth(self):
        self.compare_group(3)

    def test_explain_and_the_gateway_agree_on_the_last_fifth(self):
        self.compare_group(4)

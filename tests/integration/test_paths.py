"""No spelling of a path walks round a policy, in front of a backend that normalises and one that does not."""
from lib.case import Case, works_directly
from lib.gateway import ini
from lib.origin import answer, serve

ROUTES = """
[upstream inner]
server = %s
[route read-only]
path = /ro/*
upstream = backend
allow = GET HEAD
[route admin]
path = /admin/*
upstream = inner
[route rest]
path = /*
upstream = backend
"""

# Spellings of a path below /NAME, and who reads them as such: nginx (a test proves it), other servers
# (as written, with '\' for '/', without parameters, with sloppy decoders), or nobody who decodes once
# and minds case and dots. STEM is NAME without its last letter; UPPER and LOWER are that letter
# encoded, HEX its two digits, CAPITAL and CODE the same in upper case, ALL is the whole name encoded.
NGINX, OTHERS, NOBODY = "nginx", "others", "nobody"
SPELLINGS = (
    ("/NAME", NGINX),
    ("/NAME/", NGINX),
    ("/NAME/x", NGINX),
    ("/NAME/x?y=/../open/", NGINX),
    # Encoded letters.
    ("/STEMUPPER/x", NGINX),
    ("/STEMLOWER/x", NGINX),
    ("/ALL/x", NGINX),
    ("/ALL", NGINX),
    # Doubled slashes.
    ("//NAME/x", NGINX),
    ("///NAME//x", NGINX),
    # Dot segments: plain, encoded, mixed, behind other oddities.
    ("/./NAME/x", NGINX),
    ("/%2e/NAME/x", NGINX),
    ("/NAME/./x", NGINX),
    ("/NAME/../NAME/x", NGINX),
    ("/NAME/../open/x", OTHERS),
    ("/NAME/%2E%2e/open/x", OTHERS),
    ("/../NAME/x", OTHERS),
    ("/open/../NAME", NGINX),
    ("/open/../NAME/x", NGINX),
    ("/open/../ALL/x", NGINX),
    ("/open/%2e%2e/NAME/x", NGINX),
    ("/open/%2E%2E/NAME/x", NGINX),
    ("/open/.%2e/NAME/x", NGINX),
    ("/open/%2E./NAME/x", NGINX),
    ("/open/a/../../NAME/x", NGINX),
    ("/open/a/%2e%2e/../NAME/x", NGINX),
    ("/open/a/../%2e%2e/NAME/x", NGINX),
    ("/open//../NAME/x", NGINX),
    ("/open//..//NAME/x", NGINX),
    ("/o%70en/../NAME/x", NGINX),
    ("/open/./../NAME/x", NGINX),
    ("/NAME/x/..", NGINX),
    ("/NAME/a/../%2e%2e/NAME/x", NGINX),
    # Encoded slashes.
    ("/%2FNAME/x", NGINX),
    ("/%2fNAME/x", NGINX),
    ("/NAME%2Fx", NGINX),
    ("/NAME%2fx", NGINX),
    ("/STEMLOWER%2fx", NGINX),
    ("/open/..%2FNAME/x", NGINX),
    ("/open%2F..%2FNAME%2Fx", NGINX),
    ("/open%2f%2e%2e%2fNAME/x", NGINX),
    # Backslashes.
    ("/\\NAME/x", OTHERS),
    ("/NAME\\x", OTHERS),
    ("/open\\..\\NAME\\x", OTHERS),
    ("/open/..\\NAME/x", OTHERS),
    ("/%5CNAME/x", OTHERS),
    ("/NAME%5cx", OTHERS),
    ("/open/..%5cNAME%5Cx", OTHERS),
    ("/open/a%5c../../NAME/x", OTHERS),
    ("/open\\../NAME%2Fx", OTHERS),
    # Parameters.
    ("/NAME;v=1/x", OTHERS),
    ("/NAME;/x", OTHERS),
    ("/NAME%3Bv=1/x", OTHERS),
    ("/NAME/x;v=1", NGINX),
    ("/;/NAME/x", OTHERS),
    ("/;v=1/../NAME/x", NGINX),
    ("/open/..;/NAME/x", OTHERS),
    ("/open/..;v=1/NAME/x", OTHERS),
    ("/open/..%3B/NAME/x", OTHERS),
    ("/open;/../NAME/x", NGINX),
    ("/open;%2F../NAME/x", NGINX),
    # Control bytes and overlong UTF-8.
    ("/NAME%00/x", OTHERS),
    ("/NAME/x%00", OTHERS),
    ("/NAME%0A/x", OTHERS),
    ("/NAME%7f/x", OTHERS),
    ("/open%00/../NAME/x", OTHERS),
    ("/%c0%afNAME/x", OTHERS),
    ("/NAME%C0%AFx", OTHERS),
    ("/open/..%c0%afNAME/x", OTHERS),
    ("/open/..%e0%80%afNAME/x", OTHERS),
    ("/open/%c0%ae%c0%ae/NAME/x", OTHERS),
    # Characters without a look: .NET drops the first of these.
    ("/STEM%E2%80%8EUPPER/x", OTHERS),
    ("/%E2%80%AENAME/x", OTHERS),
    ("/NAME%e2%80%8f/x", OTHERS),
    ("/open/..%E2%80%8E/NAME/x", OTHERS),
    ("/open/.%E2%80%8E./NAME/x", OTHERS),
    ("/%EF%BB%BFNAME/x", OTHERS),
    # A query, or a fragment, for those who decode before they look for it.
    ("/NAME%3Fx", OTHERS),
    ("/NAME%23", OTHERS),
    ("/CAPITALS%23x/y", OTHERS),
    # Case: Express, IIS and others serve these as /NAME.
    ("/CAPITALS/x", OTHERS),
    ("/CAPITALS", OTHERS),
    ("/CAPITALS/", OTHERS),
    ("/STEMCAPITAL/x", OTHERS),
    ("/STEM%CODE/x", OTHERS),
    ("/open/../CAPITALS/x", OTHERS),
    ("/x/%2e%2e/CAPITALS/", OTHERS),
    ("//CAPITALS/x", OTHERS),
    ("/CAPITALS%2Fx", OTHERS),
    ("/CAPITALS;v=1/x", OTHERS),
    ("http://test/CAPITALS/x", OTHERS),
    # What RFC 3986 does not know and some servers decode all the same (Jetty, IIS).
    ("/STEM%u00HEX/x", OTHERS),
    ("/open/%u002e%u002e/NAME/x", OTHERS),
    ("/open/..%u2215NAME/x", OTHERS),
    ("/%uFF0FNAME/x", OTHERS),
    ("/NAME%/x", OTHERS),
    ("/%%NAME/x", OTHERS),
    # Each escape is decoded once.
    ("/%25ALL/x", NOBODY),
    ("/open/%252e%252e/NAME/x", NOBODY),
    ("/open/..%252fNAME/x", NOBODY),
    # Names that look alike.
    ("/NAME./x", NOBODY),
    ("/NAME.../x", NOBODY),
    ("/NAME%2e/x", NOBODY),
    ("/NAME%20/x", NOBODY),
    # The absolute form.
    ("http://test/NAME/x", NGINX),
    ("http://test/ALL/x", NGINX),
    ("http://test//NAME/x", NGINX),
    ("HTTP://TEST/open/../NAME/x", NGINX),
    ("http://test/open/%2e%2e%2fNAME/x", NGINX),
)

# Nothing of this is restricted under any reading: it arrives byte for byte.
HONEST = (
    "/", "/open/caf%C3%A9", "/open/caf%c3%a9", "/open/%e2%82%ac", "/open/%7Euser", "/open/a%20b",
    "/open/%41%62", "/open/a%2Fb", "/open/a%2fb", "/open/a%5Cb", "/open/a\\b", "/open/a;v=1/b;w",
    "/open/a%3Bv", "/open//a", "//open/a", "/open/./a", "/open/a/../b", "/open/%2e%2e/b", "/open/..",
    "/open/100%25", "/open/%25zz", "/open/%252", "/open/%252F", "/open/%2500", "/open/%252e%252e/ro/x",
    "/open/a.", "/open/...", "/open/.hidden", "/open/..a", "/open/ro/x", "/open/admin",
    "/open/https%3A%2F%2Fexample.com%2Fa%3Fb", "/open/a?x=/../ro/y;%00\\%c0%af",
    "/rox", "/ro-x/y", "/ro.", "/ro./x", "/ro%20/x", "/administrator", "/admin.php", "/Administrator", "/OPEN/", "/open/Ro/",
    "/R%C3%96/x", "/open/a%3Fb%23c", "/open/%E2%80%8Ea", "/ro%E2%80%90/x", "/open/https%3A%2F%2Fa%2Fb%3Fc%3Dd%2Fe%23f",
)

# Read in too many ways for a policy that depends on paths (config/routes.md).
UNSAFE = (
    "/open/%00", "/open/a%0d%0ab", "/open/%7F", "/open/%c0%af", "/open/%E0%80%AF", "/open/%f0%80%80%af",
    "/open/a%2Fb;c", "/open/a%2fb\\c", "/open/a\\b;c", "/open/a%5cb%3Bc", "/open//../x", "/open/a;b/../x",
    "/open/100%", "/open/%zz", "/open/%2", "/open/%u0061", "/open/%U0061", "/open/%2/%41", "/open/%%41",
    "/%6fpen/../x", "/%41/../x", "/open/a/../%2e%2e/x", "/open/%2e%2e/%2e%2e/x", "/open/a/../..;/x",
)


def escape(text):
    return "".join("%%%02X" % ord(letter) for letter in text)


def spellings(name):
    """The table for /NAME as (target, who takes it for /NAME)."""
    words = (("STEM", name[:-1]), ("UPPER", escape(name[-1])), ("LOWER", escape(name[-1]).lower()),
             ("ALL", escape(name)), ("NAME", name), ("HEX", escape(name[-1])[1:]),
             ("CAPITALS", name.upper()), ("CAPITAL", name[-1].upper()), ("CODE", escape(name[-1].upper())[1:]))
    for template, readers in SPELLINGS:
        for word, text in words:
            template = template.replace(word, text)
        yield template, readers


class Paths(Case):
    def setUp(self):
        super().setUp()
        self.inner = self.origin(serve(answer(fields=(("X-Location", "inner"),))))

    def guard(self, backend):
        return self.gateway(ini(backend.server, more=ROUTES % self.inner.server))

    def place(self, server, method, target):
        """The status, and the location that took the request."""
        response = self.ask(server, method, target, body=b"" if method == "POST" else None)
        return response.status, response.get("x-location")

    @works_directly
    def test_nginx_reads_the_spellings_as_the_table_says(self):
        nginx = self.nginx()
        for name in ("ro", "admin"):
            for target, readers in spellings(name):
                location = self.place(nginx, "POST", target)[1]
                self.assertEqual(location == name, readers == NGINX, target)

    def test_no_post_reaches_the_read_only_location_of_nginx(self):
        gate = self.guard(self.nginx())
        for target, readers in spellings("ro"):
            status, location = self.place(gate, "POST", target)
            self.assertNotEqual(location, "ro", target)
            if readers != NOBODY:
                self.assertIn((status, location), ((400, None), (405, None)), target)

    def test_nothing_reaches_the_admin_location_of_the_wrong_nginx(self):
        gate = self.guard(self.nginx())
        for method in ("GET", "POST"):
            for target, readers in spellings("admin"):
                status, location = self.place(gate, method, target)
                self.assertNotEqual(location, "admin", target)
                if readers != NOBODY:
                    self.assertIn((status, location), ((400, None), (200, "inner")), target)

    def test_a_backend_that_normalises_nothing_gets_only_what_nobody_restricts(self):
        plain = self.origin(serve())
        gate = self.guard(plain)
        others = []
        for name in ("ro", "admin"):
            for target, readers in spellings(name):
                self.place(gate, "POST", target)
                others += [target] if readers == NOBODY else []
        self.assertEqual([message.target for message in plain.requests], others)

    def test_what_may_be_read_is_read_under_every_spelling(self):
        gate = self.guard(self.nginx())
        for target in ("/ro/x", "/r%6f/x", "//ro/x", "/open/../ro/x", "/open/%2e%2e/ro/x", "/ro%2Fx",
                       "http://test/ro/x"):
            self.assertEqual(self.place(gate, "GET", target), (200, "ro"), target)

    def test_honest_paths_arrive_byte_for_byte(self):
        plain = self.origin(serve())
        connection = self.client(self.guard(plain))
        for number, target in enumerate(HONEST):
            self.assert_status(connection.ask("POST", target, body=b""), 200)
            self.assertEqual(plain.requests[number].target, target)
        self.assertEqual(self.inner.requests, [])

    def test_paths_with_too_many_readings_are_400_where_a_rule_depends_on_paths(self):
        plain = self.origin(serve())
        connection = self.client(self.guard(plain))
        for target in UNSAFE:
            self.assertEqual((target, connection.ask("GET", target).status), (target, 400))
        self.assertEqual(plain.requests + self.inner.requests, [])

    def test_without_a_rule_on_paths_every_spelling_arrives_byte_for_byte(self):
        plain = self.origin(serve())
        connection = self.client(self.gate(plain))
        for number, target in enumerate(HONEST + UNSAFE):
            self.assert_status(connection.ask("POST", target, body=b""), 200)
            self.assertEqual(plain.requests[number].target, target)

    def test_an_empty_host_is_refused_before_it_makes_the_path_a_host(self):
        plain = self.origin(serve())
        gate = self.guard(plain)
        for lines in (b"Host:\r\n", b"Host: \t \r\n"):
            for version in (b"1.1", b"1.0"):
                connection = self.client(gate)
                connection.send(b"POST /x/admin/y HTTP/%s\r\n%sContent-Length: 0\r\n\r\n" % (version, lines))
                response = connection.read()
                self.assert_status(response, 400)
                self.assertIn(b"the Host field is empty", response.body)
        self.assertEqual(plain.requests + self.inner.requests, [])

    def test_without_a_host_the_path_is_read_as_one_where_a_rule_depends_on_hosts(self):
        routes = "[route admin]\nhost = admin.test\nallow = GET\n[route ro]\npath = /ro/*\nallow = GET\n[route all]\n"
        backend = self.origin()
        gate = self.gate(backend, more=routes)
        for target, status in (("/admin.test/q", 400), ("/x/ro/y", 405), ("/x/y/ro", 200), ("/", 200)):
            connection = self.client(gate)
            connection.send(b"POST %s HTTP/1.0\r\nContent-Length: 0\r\n\r\n" % target.encode())
            self.assertEqual((target, connection.read().status), (target, status))
        self.assertEqual([message.target for message in backend.requests], ["/x/y/ro", "/"])

    def test_a_request_without_a_host_gets_none_where_a_rule_depends_on_hosts(self):
        for more, host in (("[route lo]\nhost = localhost\nallow = GET\n[route all]\npath = /*\n", ""), ("", None)):
            backend = self.origin()
            gate = self.gate(backend, more=more)
            connection = self.client(gate)
            connection.send(b"POST /x HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
            self.assert_status(connection.read(), 200)
            got = backend.wait_requests(1).get("host")
            if host is None:
                self.assertNotEqual(got, "")
            else:
                self.assertEqual(got, host)

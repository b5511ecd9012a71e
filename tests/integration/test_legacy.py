"""Translation for legacy backends: methods as POST, override fields, buffered content, spelling of field
names, HTTP/1.0 (config/backends.md)."""
import os
import resource
import threading

from lib.backends import pattern
from lib.case import Case
from lib.client import chunk, chunked, last_chunk, request
from lib.gateway import ini
from lib.limits import until
from lib.origin import answer, once, serve, unused_port

OVERRIDES = ("X-HTTP-Method-Override", "x-http-method", "X-METHOD-OVERRIDE", "X_HTTP_METHOD_OVERRIDE",
             "X-HTTP_Method-Override", "x_method_override")
FOLDER = "buffer-directory = @FOLDER@"


def names(message):
    return [name.decode() for name, _ in message.fields]


class SendAsPost(Case):
    UPSTREAM = "implements = GET HEAD POST\nsend-as-post = PATCH PUT DELETE"

    def test_a_patch_reaches_the_backend_as_post_with_an_override_field(self):
        backend = self.origin()
        gate = self.gate(backend, upstream=self.UPSTREAM)
        self.assert_status(self.ask(gate, "PATCH", "/a", body=b"{}"), 200)
        seen = backend.wait_requests(1)
        self.assertEqual((seen.method, seen.get("x-http-method-override"), seen.body),
                         ("POST", "PATCH", b"{}"))

    def test_a_delete_without_content_has_content_length_0(self):
        backend = self.origin()
        gate = self.gate(backend, upstream=self.UPSTREAM)
        self.assert_status(self.ask(gate, "DELETE"), 200)
        seen = backend.wait_requests(1)
        self.assertEqual((seen.method, seen.get("content-length")), ("POST", "0"))
        self.assertEqual(seen.get("x-http-method-override"), "DELETE")

    def test_other_methods_go_as_they_are(self):
        backend = self.origin()
        gate = self.gate(backend, upstream=self.UPSTREAM)
        for method in ("GET", "POST"):
            self.assert_status(self.ask(gate, method), 200)
        for seen, method in zip(backend.requests, ("GET", "POST")):
            self.assertEqual(seen.method, method)
            self.assertIsNone(seen.get("x-http-method-override"))

    def test_what_is_sent_as_post_counts_as_implemented_and_stands_in_allow(self):
        gate = self.gate(self.origin(), upstream="implements = GET HEAD POST",
                         more="[route patched]\npath = /p/*\nallow = GET PATCH\nsend-as-post = PATCH\n"
                              "[route rest]\npath = /*\n")
        self.assert_status(self.ask(gate, "PATCH", "/p/1"), 200)
        self.assert_status(self.ask(gate, "PATCH", "/x"), 501)
        response = self.ask(gate, "POST", "/p/1")
        self.assert_status(response, 405)
        self.assertEqual(response.get("allow"), "GET, HEAD, PATCH")

    def test_a_clients_own_override_never_goes_along(self):
        backend = self.origin()
        gate = self.gate(backend, upstream=self.UPSTREAM + "\noverride-fields = pass")
        self.ask(gate, "PATCH", fields=[(name, "DELETE") for name in OVERRIDES], body=b"")
        seen = backend.wait_requests(1)
        self.assertEqual(seen.all("x-http-method-override"), ["PATCH"])
        self.assertEqual([name for name in names(seen) if "ethod" in name], ["X-HTTP-Method-Override"])

    def test_a_dead_kept_connection_is_tried_again_by_the_original_methods_rules(self):
        for method, status in (("PUT", 200), ("PATCH", 502)):
            def dying(connection):
                connection.read_request()
                connection.send(answer())
                connection.read_request()  # the second one dies unanswered

            backend = self.origin(dying, serve())
            connection = self.client(self.gate(backend, upstream=self.UPSTREAM))
            self.assert_status(connection.ask(), 200)
            self.assert_status(connection.ask(method, body=b"new"), status)
            self.assertEqual(backend.requests[-1].method, "POST")


class OverrideFields(Case):
    def test_override_fields_from_clients_are_stripped_in_every_spelling(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="override-fields = strip")
        fields = [(name, "DELETE") for name in OVERRIDES] + [("X-Method", "kept"), ("X-HTTP-Methods", "kept")]
        self.assert_status(self.ask(gate, "POST", fields=fields, body=b""), 200)
        seen = backend.wait_requests(1)
        self.assertEqual([name for name in names(seen) if "ethod" in name.lower()],
                         ["X-Method", "X-HTTP-Methods"])

    def test_refused_they_are_400_by_a_rule_of_their_own(self):
        gate = self.gate(self.origin(), gateway="name = gate")
        for name in OVERRIDES:
            response = self.ask(gate, "POST", fields=[(name, "DELETE")], body=b"")
            self.assert_status(response, 400)
            self.assertIn("asks for another method", response.text)
            self.assertIn("http_request_denied", response.get("proxy-status"))
        self.assert_status(self.ask(gate, "POST", body=b""), 200)

    def test_a_method_that_is_not_allowed_is_405_before_that(self):
        gate = self.gate(self.origin(), gateway="override-fields = refuse",
                         more="[route ro]\nallow = GET\n")
        self.assert_status(self.ask(gate, "POST", fields=[(OVERRIDES[0], "GET")], body=b""), 405)

    def test_passed_they_arrive_as_they_came(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="override-fields = pass\nodd-names = pass")
        self.ask(gate, "POST", fields=[(OVERRIDES[0], "PUT"), (OVERRIDES[3], "PUT")], body=b"")
        seen = backend.wait_requests(1)
        self.assertIn(OVERRIDES[0], names(seen))
        self.assertIn(OVERRIDES[3], names(seen))

    def test_no_other_spelling_of_the_path_gets_them_through(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="override-fields = strip",
                         more="[route open]\npath = /open/*\noverride-fields = pass\n"
                              "[route rest]\npath = /*\n")
        self.ask(gate, "POST", "/open/%2e%2e/x", fields=[(OVERRIDES[0], "PUT")], body=b"")
        self.assertNotIn(OVERRIDES[0], names(backend.wait_requests(1)))


class Buffering(Case):
    """Content is read whole; then it goes onward with its length."""

    def assert_arrives(self, backend, gate, data):
        before = len(backend.requests)
        self.assert_status(self.ask(gate, "POST", "/", body=b""), 200)
        files = gate.open_files()
        pieces = [data[at:at + 5000] for at in range(0, len(data), 5000)]
        connection = self.client(gate)
        connection.send(chunked("POST", "/up", pieces, trailers=[(b"X-Sum", b"1")]))
        self.assert_status(connection.read(), 200)
        seen = backend.wait_requests(before + 2)
        self.assertEqual(seen.framing, ("length", len(data)))
        self.assertIsNone(seen.get("transfer-encoding"))
        self.assertEqual(seen.body, data)
        self.assert_stays_open(connection)
        connection.close()
        until(lambda: gate.open_files() <= files + 1, "descriptors to be closed")

    def test_chunked_content_arrives_byte_exact_with_a_length_through_memory_and_file(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="buffer-request = chunked\nbuffer-memory = 64k\n" + FOLDER)
        for size in (0, 1, 4096, 65535, 65536, 65537, 3 << 20):
            self.assert_arrives(backend, gate, pattern(size))
        self.assertEqual([name for name in os.listdir(gate.folder.name) if "verbgate" in name], [])

    def test_without_memory_everything_goes_through_a_file(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="buffer-request = chunked\nbuffer-memory = 0\n" + FOLDER)
        self.assert_arrives(backend, gate, pattern(100))

    def test_the_backend_hears_nothing_before_the_content_is_complete(self):
        for head, last in ((request("POST", fields=[("Content-Length", "10")]) + b"hello", b"world"),
                           (chunked("POST", "/", [])[:-5] + chunk(b"hello"), chunk(b"world") + last_chunk())):
            backend = self.origin()
            gate = self.gate(backend, upstream="buffer-request = all")
            connection = self.client(gate)
            connection.send(head)
            self.assert_status(self.ask(gate), 200)  # the gateway has read the other one by now
            self.assertEqual(len(backend.requests), 1)
            connection.send_bytewise(last)
            self.assert_status(connection.read(), 200)
            self.assertEqual(backend.wait_requests(2).body, b"helloworld")

    def test_content_with_a_length_is_buffered_only_with_all(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="buffer-request = chunked")
        connection = self.client(gate)
        connection.send(request("POST", fields=[("Content-Length", "10")]) + b"hello")
        backend.wait_requests(1)
        connection.send(b"world")
        self.assert_status(connection.read(), 200)

    def test_a_large_upload_with_a_length_survives_a_backend_that_reads_slowly(self):
        released = threading.Event()
        data = pattern(9 << 20)

        def slow(connection):
            message = connection.read_head()
            connection.wait(released)
            connection.read_body(message)
            connection.send(answer())

        backend = self.origin(slow)
        gate = self.gate(backend, upstream="buffer-request = all", gateway=FOLDER)
        connection = self.client(gate)
        connection.send(request("PUT", "/", body=data))
        backend.wait_requests(1)
        self.assertLess(gate.resident_bytes("VmHWM"), 400 << 20)
        released.set()
        self.assert_status(connection.read(), 200)
        self.assertEqual(backend.requests[0].body, data)

    def test_requests_behind_a_buffered_one_on_the_same_connection_are_served(self):
        backend = self.origin(serve(lambda message: answer(body=message.body + message.target.encode())))
        gate = self.gate(backend, upstream="buffer-request = all\nbuffer-memory = 1k", gateway=FOLDER)
        connection = self.client(gate)
        data = pattern(5000)
        connection.send(chunked("POST", "/1", [data]) + request("POST", "/2", body=data) + request(target="/3"))
        self.assertEqual(connection.read().body, data + b"/1")
        self.assertEqual(connection.read().body, data + b"/2")
        self.assertEqual(connection.read().body, b"/3")

    def test_content_above_the_cap_is_413_whether_announced_or_not(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="buffer-request = all\nbuffer-max = 2k")
        self.assert_status(self.ask(gate, "POST", body=b"x" * 2048), 200)
        self.assert_status(self.ask(gate, "POST", body=b"x" * 2049), 413)
        connection = self.client(gate)
        connection.send(chunked("POST", "/", [b"x" * 1024] * 3))
        self.assert_status(connection.read(), 413)
        self.assert_closed(connection)
        self.assertEqual(len(backend.requests), 1)

    def test_max_body_still_holds_and_the_smaller_one_wins(self):
        gate = self.gate(self.origin(), upstream="buffer-request = all\nmax-body = 1k")
        connection = self.client(gate)
        connection.send(chunked("POST", "/", [b"x" * 1024, b"y"]))
        self.assert_status(connection.read(), 413)

    def test_expect_is_answered_at_once_and_stays_here(self):
        for how in ("answer", "forward"):
            backend = self.origin()
            gate = self.gate(backend, upstream="buffer-request = all\nexpect = " + how)
            connection = self.client(gate)
            connection.send(request("POST", fields=[("Expect", "100-continue"), ("Content-Length", "5")]))
            self.assert_status(connection.read_head(), 100)
            self.assertEqual(backend.connections, [])
            connection.send(b"hello")
            self.assert_status(connection.read(), 200)
            seen = backend.wait_requests(1)
            self.assertEqual((seen.body, seen.get("expect")), (b"hello", None))
            self.assert_stays_open(connection)

    def test_a_refused_upload_gets_no_100(self):
        gate = self.gate(self.origin(), upstream="buffer-request = all\nbuffer-max = 1k")
        connection = self.client(gate)
        connection.send(request("POST", fields=[("Expect", "100-continue"), ("Content-Length", "2000")]))
        response = connection.read()
        self.assert_status(response, 413)
        self.assertEqual(response.interim, [])

    def test_a_client_that_stops_is_408_and_one_that_trickles_is_served(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="body-timeout = 2s", upstream="buffer-request = all")
        connection = self.client(gate)
        connection.send(request("POST", fields=[("Content-Length", "10")]) + b"hello")
        self.assert_status(connection.read(), 408)
        self.assertEqual(backend.connections, [])
        connection = self.client(gate)
        connection.send(request("POST", fields=[("Content-Length", "8")]))
        stop = threading.Event()
        for _ in range(8):
            stop.wait(0.4)
            connection.send(b"x")
        self.assert_status(connection.read(), 200)

    def test_broken_chunks_are_400_and_reach_no_backend(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="buffer-request = chunked")
        connection = self.client(gate)
        connection.send(chunked("POST", "/", [])[:-5] + chunk(b"hello"))
        connection.send(b"zz\r\n")
        self.assert_status(connection.read(), 400)
        self.assert_closed(connection)
        self.assertEqual(backend.connections, [])

    def test_an_aborted_upload_leaves_neither_descriptor_nor_memory_behind(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="buffer-request = all\nbuffer-memory = 256k", gateway=FOLDER)
        data = pattern(300000)
        other = self.client(gate)
        self.assert_status(other.ask("POST", body=data), 200)
        files = gate.open_files()
        memory = gate.resident_bytes()
        for sent in (10, 100000, 299000):
            for _ in range(10):
                connection = self.client(gate)
                connection.send(request("POST", body=data)[:-len(data)] + data[:sent])
                self.assert_status(other.ask(), 200)  # the gateway has read what came before
                connection.reset()
        until(lambda: gate.open_files() <= files, "descriptors of aborted uploads to be closed")
        self.assertLess(gate.resident_bytes() - memory, 16 << 20)
        self.assertEqual({seen.method for seen in backend.requests[1:]}, {"GET"})

    def test_a_dead_kept_connection_costs_nothing_as_the_content_is_at_hand(self):
        data = pattern(200000)

        def dying(connection):
            connection.read_request()
            connection.send(answer())
            connection.read_head()
            connection.reset()

        backend = self.origin(dying, serve())
        gate = self.gate(backend, upstream="buffer-request = all\nbuffer-memory = 16k", gateway=FOLDER)
        connection = self.client(gate)
        self.assert_status(connection.ask(), 200)
        connection.send(chunked("PUT", "/", [data]))
        self.assert_status(connection.read(), 200)
        self.assertEqual(backend.requests[-1].body, data)
        self.assert_stays_open(connection)

    def test_a_server_that_refuses_connections_gives_way_to_another(self):
        backend = self.origin()
        gone = "127.0.0.1:%d" % unused_port()
        gate = self.gateway(ini([gone, backend.server], upstream="buffer-request = all"))
        for _ in range(2):
            self.assert_status(self.ask(gate, "POST", body=b"hello"), 200)
        self.assertEqual([seen.body for seen in backend.requests], [b"hello"] * 2)

    def test_a_backend_that_answers_before_it_has_everything_is_heard(self):
        def hasty(connection):
            connection.read_head()
            connection.send(answer(status=403, reason="Forbidden", fields=[("Connection", "close")]))

        gate = self.gate(self.origin(hasty), upstream="buffer-request = all", gateway=FOLDER)
        connection = self.client(gate)
        connection.send(request("POST", body=pattern(8 << 20)))
        self.assertIn(connection.read().status, (403, 502))  # a reset may overtake the answer
        self.assert_status(connection.ask(), 403)

    def test_a_directory_that_does_not_exist_is_503_and_the_log_says_why(self):
        backend = self.origin()
        gate = self.gate(backend, gateway="buffer-directory = /nowhere/at/all",
                         upstream="buffer-request = all\nbuffer-memory = 1k")
        self.assert_status(self.ask(gate, "POST", body=b"small"), 200)
        self.assert_status(self.ask(gate, "POST", body=b"x" * 2000), 503)
        gate.wait_log(r"warn: .*/nowhere/at/all: No such file")
        self.assertEqual(len(backend.requests), 1)

    def test_a_file_size_limit_fails_one_request_and_not_the_process(self):
        gate = self.gate(self.origin(), upstream="buffer-request = all\nbuffer-memory = 1k", gateway=FOLDER)
        resource.prlimit(gate.pid, resource.RLIMIT_FSIZE, (100000, 100000))
        for length, status in ((50000, 200), (200000, 503), (50000, 200)):
            self.assert_status(self.ask(gate, "POST", body=b"x" * length), status)

    def test_a_client_may_close_its_side_behind_a_buffered_request(self):
        gate = self.gate(self.origin(), upstream="buffer-request = all")
        connection = self.client(gate)
        connection.send(chunked("POST", "/", [b"hello"]))
        connection.finish_sending()
        self.assert_status(connection.read(), 200)


class FieldNames(Case):
    def test_listed_names_have_exactly_the_spelling_of_the_list(self):
        backend = self.origin()
        gate = self.gate(backend, upstream="field-names = SOAPAction CONTENT-LENGTH hOST VIA x-FORWARDED-for")
        self.ask(gate, "POST", fields=[("soapaction", "x"), ("x-other", "1"), ("X-Third", "2")], body=b"hi")
        seen = names(backend.wait_requests(1))
        for name in ("SOAPAction", "CONTENT-LENGTH", "hOST", "VIA", "x-FORWARDED-for", "x-other", "X-Third"):
            self.assertEqual(seen.count(name), 1, seen)

    def test_without_a_list_names_go_as_received(self):
        backend = self.origin()
        self.ask(self.gate(backend), fields=[("sOaPaCtIoN", "x")])
        self.assertIn("sOaPaCtIoN", names(backend.wait_requests(1)))


class Http10(Case):
    UPSTREAM = "send-version = 1.0"

    def test_the_request_is_http_1_0_with_host_and_without_what_1_0_does_not_know(self):
        backend = self.origin(once(b"HTTP/1.0 200 OK\r\n\r\nhello"))
        gate = self.gate(backend, upstream=self.UPSTREAM)
        fields = [("TE", "trailers"), ("Connection", "TE, Upgrade"), ("Upgrade", "websocket"),
                  ("Expect", "100-continue"), ("Content-Length", "2")]
        connection = self.client(gate)
        connection.send(request("POST", fields=fields))
        self.assert_status(connection.read_head(), 100)
        connection.send(b"hi")
        self.assertEqual(connection.read().body, b"hello")
        seen = backend.wait_requests(1)
        self.assertEqual((seen.minor, seen.get("host"), seen.body), (0, "test", b"hi"))
        for name in ("te", "connection", "upgrade", "expect", "transfer-encoding"):
            self.assertEqual(seen.all(name), [], name)

    def test_chunked_content_is_buffered_even_where_buffering_is_off(self):
        backend = self.origin(once(answer()))
        gate = self.gate(backend, upstream=self.UPSTREAM)
        connection = self.client(gate)
        connection.send(chunked("POST", "/", [b"hello", b"world"]))
        self.assert_status(connection.read(), 200)
        seen = backend.wait_requests(1)
        self.assertEqual((seen.framing, seen.body), (("length", 10), b"helloworld"))

    def test_no_connection_is_used_twice_whatever_the_backend_says(self):
        backend = self.origin(serve(answer(fields=[("Connection", "keep-alive")])))
        connection = self.client(self.gate(backend, upstream=self.UPSTREAM))
        for _ in range(3):
            self.assert_status(connection.ask(), 200)
        self.assertEqual(len(backend.connections), 3)

    def test_an_upstream_that_shares_the_server_lends_no_kept_connection(self):
        backend = self.origin()
        gate = self.gate(backend, upstream=self.UPSTREAM,
                         more="[upstream modern]\nserver = %s\n[route a]\npath = /a\nupstream = backend\n"
                              "[route b]\npath = /b\nupstream = modern\n" % backend.server)
        connection = self.client(gate)
        for target in ("/b", "/a", "/b"):
            self.assert_status(connection.ask(target=target), 200)
        self.assertEqual([seen.minor for seen in backend.requests], [1, 0, 1])
        self.assertEqual(len(backend.connections), 2)

    def test_a_real_http_1_0_server_serves_and_refuses_as_ever(self):
        server = self.python_server()
        gate = self.gate(server, upstream=self.UPSTREAM)
        self.assertEqual(self.ask(gate, target="/hello.txt").body, server.files["hello.txt"])
        self.assertEqual(self.ask(gate, target="/large.bin").body, server.files["large.bin"])
        self.assert_status(self.ask(gate, "POST", "/hello.txt", body=b"x"), 501)

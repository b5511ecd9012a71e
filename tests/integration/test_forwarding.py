"""Good requests get through as if nothing stood in between: real backends, heads, order, versions."""
import os
import socket
import stat

from lib.case import Case, threads, works_directly
from lib.client import chunked, request
from lib.gateway import ini
from lib.origin import answer, once, serve


class RealBackends(Case):
    @works_directly
    def test_nginx_files_arrive_with_the_right_checksum(self):
        nginx = self.nginx()
        connection = self.client(self.gate(nginx))
        for name in nginx.files:
            response = connection.ask("GET", "/" + name)
            self.assertEqual((response.status, response.digest), (200, nginx.digest(name)), name)

    @works_directly
    def test_head_gives_the_length_and_no_body(self):
        nginx = self.nginx()
        connection = self.client(self.gate(nginx))
        response = connection.ask("HEAD", "/large.bin")
        self.assertEqual(response.get("content-length"), str(1 << 20))
        self.assert_stays_open(connection, "GET", "/short")

    @works_directly
    def test_chunked_and_compressed_responses_arrive_whole(self):
        nginx = self.nginx()
        connection = self.client(self.gate(nginx))
        response = connection.ask("GET", "/chunked/large.bin")
        self.assertEqual((response.framing[0], response.digest), ("chunked", nginx.digest("large.bin")))
        response = connection.ask("GET", "/gzip/large.bin", fields=[("Accept-Encoding", "gzip")])
        self.assertEqual(response.get("content-encoding"), "gzip")
        self.assert_stays_open(connection, "GET", "/short")

    @works_directly
    def test_conditional_and_range_requests_work(self):
        nginx = self.nginx()
        connection = self.client(self.gate(nginx))
        tag = connection.ask("GET", "/large.bin").get("etag")
        unchanged = connection.ask("GET", "/large.bin", fields=[("If-None-Match", tag)])
        self.assertEqual((unchanged.status, unchanged.body), (304, b""))
        part = connection.ask("GET", "/large.bin", fields=[("Range", "bytes=1000-1999")])
        self.assert_status(part, 206)
        self.assertEqual(part.body, nginx.files["large.bin"][1000:2000])
        self.assertEqual(part.get("content-range"), "bytes 1000-1999/%d" % (1 << 20))

    @works_directly
    def test_statuses_and_redirects_pass(self):
        connection = self.client(self.gate(self.nginx()))
        self.assert_status(connection.ask("GET", "/nothing"), 204)
        self.assertTrue(connection.ask("GET", "/moved").get("location").endswith("/elsewhere"))
        self.assert_status(connection.ask("GET", "/missing"), 404)

    @works_directly
    def test_nginx_on_a_unix_socket_is_a_backend(self):
        nginx = self.nginx(unix=True)
        connection = self.client(self.gate(nginx))
        self.assertEqual(connection.ask("GET", "/large.bin").digest, nginx.digest("large.bin"))

    @works_directly
    def test_pythons_http_server_on_a_unix_socket_is_a_backend(self):
        server = self.python_server(unix=True)
        self.assertEqual(self.ask(self.gate(server), target="/large.bin").digest, server.digest("large.bin"))

    def test_an_http_1_0_backend_serves_many_requests_of_one_client_connection(self):
        server = self.python_server()
        connection = self.client(self.gate(server))
        for _ in range(5):
            response = connection.ask("GET", "/large.bin")
            self.assertEqual((response.minor, response.digest), (1, server.digest("large.bin")))
        self.assertEqual(connection.ask("GET", "/hello.txt").body, server.files["hello.txt"])

    def test_the_backends_own_501_passes_through_as_its_own(self):
        connection = self.client(self.gate(self.python_server()))
        response = connection.ask("PATCH", "/")
        self.assert_status(response, 501)
        self.assertIn("Python", response.get("server"))

    def test_the_gateways_501_stands_in_front_of_the_backends(self):
        connection = self.client(self.gate(self.python_server(), upstream="implements = GET HEAD POST"))
        response = connection.ask("PATCH", "/")
        self.assert_status(response, 501)
        self.assertIsNone(response.get("server"))
        self.assert_stays_open(connection, "GET", "/hello.txt")


class Listeners(Case):
    def test_a_unix_listener_has_its_mode_and_goes_away_at_the_end(self):
        backend = self.origin()
        gate = self.gateway(ini(backend.server, listener="mode = 0600", bind="unix:@FOLDER@/gate.sock"))
        path = gate.path("gate.sock")
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        self.assert_status(self.ask(gate), 200)
        gate.stop()
        self.assertFalse(os.path.exists(path))

    def test_a_stale_unix_socket_is_replaced(self):
        backend = self.origin()
        gate = self.prepare(ini(backend.server, bind="unix:@FOLDER@/gate.sock"))
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(gate.path("gate.sock"))
        gate.start()
        self.assert_status(self.ask(gate), 200)
        gate.stop()

    def test_ipv6_on_both_sides(self):
        backend = self.origin(family=socket.AF_INET6)
        gate = self.gateway(ini(backend.server, bind="[::1]:0"))
        self.assertEqual(gate.address[0], "::1")
        self.assert_status(self.ask(gate), 200)
        self.assertEqual(backend.requests[0].get("x-forwarded-for"), "::1")

    @threads
    def test_several_listeners_serve_the_same_policy(self):
        backend = self.origin()
        more = ("[listener second]\nbind = 127.0.0.1:0\nbacklog = 16\n"
                "[listener local]\nbind = unix:@FOLDER@/gate.sock\n")
        gate = self.gateway(ini(backend.server, more=more, workers="2"))
        self.assertEqual(set(gate.listeners), {"main", "second", "local"})
        for address in gate.listeners.values():
            self.assert_status(self.ask(address), 200)

    def test_a_host_name_is_resolved_for_an_upstream(self):
        try:
            socket.getaddrinfo("localhost", 80, socket.AF_INET)
        except socket.gaierror:
            self.skipTest("this machine does not know localhost")
        backend = self.origin()
        gate = self.gateway(ini("localhost:%d" % backend.address[1]))
        self.assert_status(self.ask(gate), 200)

    @threads
    def test_two_workers_serve_many_connections(self):
        gate = self.gate(self.origin(), workers="2")
        connections = [self.client(gate) for _ in range(40)]
        for _ in range(3):
            for connection in connections:
                connection.send(request())
            for connection in connections:
                self.assert_status(connection.read(), 200)


class Heads(Case):
    def exchange(self, fields=(), reply=None, sections=None, **kwargs):
        """One exchange; returns what the origin got and what the client got."""
        backend = self.origin(serve(answer() if reply is None else reply))
        gate = self.gate(backend, **(sections or {}))
        response = self.ask(gate, fields=fields, **kwargs)
        return backend.wait_requests(1), response

    def test_the_target_passes_byte_for_byte(self):
        backend = self.origin()
        connection = self.client(self.gate(backend))
        targets = ["/", "/a/b?c=d&e=%20", "/%7Euser/%e4%BD%a0", "/a//b/./c/../d", "/a;v=1?x=/../y", "/?", "/a?b?c",
                   "/%zz", "/" + "a" * 7000]
        for target in targets:
            self.assert_status(connection.ask("GET", target), 200)
        self.assertEqual([message.target for message in backend.requests], targets)

    def test_absolute_form_goes_on_in_origin_form_and_its_authority_is_the_host(self):
        got, _ = self.exchange(target="http://real.test:81/a?b", host="other.test")
        self.assertEqual((got.target, got.get("host")), ("/a?b", "real.test:81"))

    def test_the_host_is_kept(self):
        got, _ = self.exchange(host="www.Example.com:8080")
        self.assertEqual(got.get("host"), "www.Example.com:8080")

    def test_host_header_sets_the_host_and_the_clients_is_in_x_forwarded_host(self):
        got, _ = self.exchange(host="front.test", sections={"upstream": "host-header = inner.test"})
        self.assertEqual(got.get("host"), "inner.test")
        self.assertEqual(got.get("x-forwarded-host"), "front.test")

    def test_forwarding_fields_are_added(self):
        got, _ = self.exchange(sections={"gateway": "name = gate"})
        self.assertEqual(got.get("via"), "1.1 gate")
        self.assertEqual(got.get("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(got.get("x-forwarded-proto"), "http")
        self.assertEqual(got.get("x-forwarded-host"), "test")

    def test_via_and_x_forwarded_for_are_appended_to_what_a_trusted_proxy_sent(self):
        got, _ = self.exchange(version="1.0", fields=[("Via", "1.1 outer"), ("X-Forwarded-For", "192.0.2.1")],
                               sections={"gateway": "name = gate\ntrusted-proxies = 127.0.0.1"})
        self.assertEqual(", ".join(got.all("via")), "1.1 outer, 1.0 gate")
        self.assertEqual(", ".join(got.all("x-forwarded-for")), "192.0.2.1, 127.0.0.1")

    def test_x_forwarded_replace_and_off(self):
        came = [("X-Forwarded-For", "192.0.2.1")]
        got, _ = self.exchange(came, sections={"gateway": "x-forwarded = replace"})
        self.assertEqual(got.all("x-forwarded-for"), ["127.0.0.1"])
        got, _ = self.exchange(came, sections={"gateway": "x-forwarded = off"})
        self.assertEqual(got.all("x-forwarded-for"), ["192.0.2.1"])
        self.assertEqual(got.all("x-forwarded-proto"), [])

    def test_hop_by_hop_fields_of_a_request_end_here(self):
        got, _ = self.exchange([("Connection", "keep-alive, X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"),
                                ("Proxy-Connection", "keep-alive"), ("TE", "gzip"), ("X-Stays", "1"),
                                ("Upgrade", "websocket")])
        names = {name.lower() for name, _ in got.fields}
        self.assertIn(b"x-stays", names)
        self.assertFalse(names & {b"x-hop", b"keep-alive", b"proxy-connection", b"upgrade"})
        self.assertNotIn("gzip", "".join(got.all("te")))

    def test_fields_that_matter_cannot_be_nominated_away(self):
        got, _ = self.exchange([("Connection", "Host, Content-Length, Authorization"), ("Authorization", "x")],
                               method="POST", body=b"12345")
        self.assertEqual((got.get("host"), got.get("authorization"), got.body), ("test", "x", b"12345"))

    def test_hop_by_hop_fields_of_a_response_end_here(self):
        _, response = self.exchange(reply=answer(fields=[
            ("Connection", "X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "timeout=5"), ("X-Stays", "1"),
            ("Proxy-Connection", "close")]))
        self.assertEqual(response.get("x-stays"), "1")
        for name in ("x-hop", "keep-alive", "proxy-connection"):
            self.assertEqual(response.all(name), [], name)

    def test_fields_keep_their_names_values_order_and_repetition(self):
        sent = [("X-One", "1"), ("x-TWO", "a,  b"), ("Cookie", "a=b; c=d"), ("X-One", "2"), ("X-Empty", ""),
                ("X-Bytes", "caf\xe9 \xff")]
        got, response = self.exchange(sent, reply=answer(fields=sent + [("Set-Cookie", "a"), ("Set-Cookie", "b")]))
        expected = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent]
        known = {name.lower() for name, _ in expected}
        self.assertEqual([pair for pair in got.fields if pair[0].lower() in known], expected)
        self.assertEqual([pair for pair in response.fields if pair[0].lower() in known], expected)
        self.assertEqual(response.all("set-cookie"), ["a", "b"])

    def test_the_reason_phrase_passes_and_a_missing_date_is_added(self):
        _, response = self.exchange(reply=answer(299, reason="Quite fine"))
        self.assertEqual((response.status, response.reason), (299, "Quite fine"))
        self.assertIsNotNone(response.get("date"))
        _, response = self.exchange(reply=answer(fields=[("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]))
        self.assertEqual(response.get("date"), "Sun, 06 Nov 1994 08:49:37 GMT")

    def test_an_extension_method_that_the_policy_names_is_forwarded(self):
        backend = self.origin()
        connection = self.client(self.gate(backend, upstream="implements = GET BREW QUERY"))
        self.assert_status(connection.ask("BREW", "/pot", body=b"coffee"), 200)
        self.assert_status(connection.ask("QUERY", "/q", body=b"select"), 200)
        self.assert_status(connection.ask("PROPFIND", "/"), 501)
        self.assertEqual([(got.method, got.body) for got in backend.requests],
                         [("BREW", b"coffee"), ("QUERY", b"select")])

    def test_any_token_is_forwarded_under_an_asterisk(self):
        backend = self.origin()
        connection = self.client(self.gate(backend, upstream="implements = *"))
        for method in ("GET", "get", "FOO", "M" * 300, "!#$%&'*+-.^_`|~9"):
            self.assert_status(connection.ask(method), 200)
        self.assertEqual(len(backend.requests), 5)


class Order(Case):
    def test_pipelined_requests_are_answered_in_order_with_local_answers_between(self):
        backend = self.origin(serve(lambda got: answer(body=got.target.encode())))
        gate = self.gate(backend, upstream="implements = GET POST")
        connection = self.client(gate)
        kinds = [("GET", 200), ("PATCH", 501), ("POST", 200), ("FOO", 501), ("GET", 200)] * 8
        connection.send(b"".join(request(method, "/%d" % number, body=b"b" if method == "POST" else None)
                                 for number, (method, _) in enumerate(kinds)))
        for number, (method, status) in enumerate(kinds):
            response = connection.read(method)
            self.assert_status(response, status)
            if status == 200:
                self.assertEqual(response.text, "/%d" % number)

    def test_a_pipelined_request_split_anywhere_is_answered(self):
        backend = self.origin(serve(lambda got: answer(body=got.target.encode())))
        gate = self.gate(backend)
        sent = request("GET", "/1") + chunked("POST", "/2", [b"abc"]) + request("GET", "/3")
        for at in range(1, len(sent), 3):
            connection = self.client(gate)
            connection.send(sent[:at])
            connection.send(sent[at:])
            self.assertEqual([connection.read().text for _ in range(3)], ["/1", "/2", "/3"], at)
            connection.close()

    def test_requests_that_come_one_byte_at_a_time_are_answered(self):
        connection = self.client(self.gate(self.origin()))
        connection.send_bytewise(request("GET", "/1") + request("POST", "/2", body=b"12345"))
        self.assert_status(connection.read(), 200)
        self.assert_status(connection.read(), 200)

    def test_pipelined_requests_before_a_half_close_are_all_answered(self):
        connection = self.client(self.gate(self.origin()))
        connection.send(request("GET", "/1") + request("GET", "/2"))
        connection.finish_sending()
        self.assert_status(connection.read(), 200)
        self.assert_status(connection.read(), 200)
        self.assertEqual(connection.wait_end(), "eof")

    def test_connection_close_of_the_client_ends_after_the_answer(self):
        backend = self.origin()
        connection = self.client(self.gate(backend))
        connection.send(request(fields=[("Connection", "close")]) + request("GET", "/never"))
        response = connection.read()
        self.assertTrue(response.has_option("close"))
        self.assert_closed(connection)
        self.assertEqual(len(backend.requests), 1)

    def test_max_requests_ends_a_connection_cleanly(self):
        connection = self.client(self.gate(self.origin(), gateway="max-requests = 3"))
        answers = [connection.ask() for _ in range(3)]
        self.assertEqual([response.has_option("close") for response in answers], [False, False, True])
        self.assertEqual(connection.wait_end(), "eof")


class OldClients(Case):
    def test_an_http_1_0_client_gets_its_answer_and_the_end(self):
        connection = self.client(self.gate(self.origin()))
        self.assert_status(connection.ask(version="1.0"), 200)
        self.assertEqual(connection.wait_end(), "eof")

    def test_an_http_1_0_client_without_host_is_served(self):
        self.assert_status(self.ask(self.gate(self.origin()), version="1.0", host=None), 200)

    def test_an_http_1_0_client_with_keep_alive_keeps_its_connection(self):
        connection = self.client(self.gate(self.origin()))
        for _ in range(3):
            response = connection.ask(version="1.0", fields=[("Connection", "keep-alive")])
            self.assert_status(response, 200)
            self.assertTrue(response.has_option("keep-alive"))

    def test_a_chunked_response_reaches_an_http_1_0_client_without_chunks(self):
        reply = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n"
                 b"3\r\nabc\r\n3\r\ndef\r\n0\r\nX-T: 1\r\n\r\n")
        connection = self.client(self.gate(self.origin(serve(reply))))
        response = connection.ask(version="1.0", fields=[("Connection", "keep-alive")])
        self.assertEqual((response.framing[0], response.body), ("close", b"abcdef"))
        self.assertFalse(response.has_option("keep-alive"))

    def test_a_response_until_close_reaches_a_1_1_client_chunked_and_keeps_the_connection(self):
        backend = self.origin(once(b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\nabcdef"))
        connection = self.client(self.gate(backend))
        for _ in range(2):
            response = connection.ask()
            self.assertEqual((response.minor, response.framing[0], response.body), (1, "chunked", b"abcdef"))


class Trailers(Case):
    def test_trailers_pass_from_origin_to_a_client_that_takes_them(self):
        reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: v\r\n\r\n"
        connection = self.client(self.gate(self.origin(serve(reply))))
        response = connection.ask(fields=[("TE", "trailers"), ("Connection", "TE")])
        self.assertEqual((response.body, response.trailers), (b"a", [(b"X-T", b"v")]))

    def test_trailers_that_could_change_the_framing_are_dropped(self):
        reply = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
                 b"Content-Length: 5\r\nX-T: v\r\n\r\n")
        connection = self.client(self.gate(self.origin(serve(reply))))
        connection.send(request(fields=[("TE", "trailers"), ("Connection", "TE")]))
        response = connection.read()
        if response.status == 200:
            self.assertNotIn(b"content-length", [name.lower() for name, _ in response.trailers])

"""Logins that belong to a connection (NTLM, Negotiate): they never change hands."""
import threading

from lib import wire
from lib.admin import AdminCase
from lib.case import Case, threads
from lib.client import request
from lib.gateway import ini
from lib.limits import until
from lib.origin import answer, serve

PRIVATE = "verbgate_upstream_connections_private"


def offer(*challenges, status=401, name="WWW-Authenticate"):
    return answer(status, b"who are you?", [(name, each) for each in challenges], "Unauthorized")


def intranet(scheme="NTLM", offers=None, name="WWW-Authenticate", status=401):
    """A server that logs in connections: two steps, then every request of the connection is the user's."""
    sent_as = {"WWW-Authenticate": "authorization", "Proxy-Authenticate": "proxy-authorization"}[name]

    def script(connection):
        pending = user = None
        while True:
            got = connection.read_request()
            sent = (got.get(sent_as) or "").split()
            if sent[:1] == [scheme] and sent[1].startswith("first-"):
                pending, user = sent[1][6:], None
                connection.send(offer("%s step2" % scheme, name=name, status=status))
            elif sent[:1] == [scheme] and sent[1] == "second-%s" % pending:
                user = pending
                connection.send(answer(body=user.encode()))
            elif user and not sent:
                connection.send(answer(body=user.encode()))
            else:
                connection.send(offer(*(offers or [scheme]), name=name, status=status))

    return script


def credentials(step, user, scheme="NTLM", name="Authorization"):
    return [(name, "%s %s-%s" % (scheme, step, user))]


class Logins(AdminCase):
    def log_in(self, connection, user, target="/", **kind):
        connection.ask(target=target)
        self.assertIn(connection.ask(target=target, fields=credentials("first", user, **kind)).status, (401, 407))
        response = connection.ask(target=target, fields=credentials("second", user, **kind))
        self.assert_status(response, 200)
        self.assertEqual(response.text, user)

    # ---- whose it is

    def test_nobody_else_is_answered_as_the_user_of_a_connection(self):
        for scheme in ("NTLM", "Negotiate", "Kerberos", "Nego2"):
            gate = self.gate(self.origin(intranet(scheme)), workers="1")
            alice = self.client(gate)
            self.log_in(alice, "alice", scheme=scheme)
            for _ in range(3):
                self.assert_status(self.ask(gate), 401)
            self.assertEqual(alice.ask().text, "alice")

    def test_an_offer_counts_however_it_is_written(self):
        lines = (["ntlm"], ["NEGOTIATE"], ["Basic realm=\"x\", NTLM"], ["Basic realm=\"a, b\"", "negotiate"],
                 ["Negotiate", "NTLM", "Basic realm=\"x\""], ["Digest realm=\"x\", nonce=\"y\",Negotiate"],
                 ["NTLM TlRMTVNTUAAC"])
        for challenges in lines:
            backend = self.origin(lambda connection: [connection.read_request() and
                                                      connection.send(offer(*challenges)) for _ in range(9)])
            gate = self.gate(backend, workers="1")
            one = self.client(gate)
            for _ in range(2):
                self.assert_status(one.ask(), 401)
            self.assert_status(self.ask(gate), 401)
            self.assertEqual(len(backend.connections), 2, challenges)
            self.assertEqual([got.requests for got in backend.connections][0], backend.requests[:2])

    def test_an_offer_counts_wherever_it_stands(self):
        first = b"HTTP/1.1 103 Early Hints\r\nWWW-Authenticate: Negotiate\r\n\r\n"
        hidden = [("WWW-Authenticate", "Negotiate"), ("Connection", "keep-alive, WWW-Authenticate")]
        for response in (first + answer(body=b"x"), answer(fields=hidden, body=b"x"),
                         answer(fields=[("Persistent-Auth", "true")], body=b"x")):
            backend = self.origin(serve(response))
            gate = self.gate(backend, workers="1")
            for client in (self.client(gate), self.client(gate)):
                client.send(request())
                while client.read().status == 103:
                    pass
            self.assertEqual(len(backend.connections), 2, response)

    def test_a_request_with_such_a_login_takes_its_connection_along(self):
        for name, value in (("Authorization", "NTLM abc"), ("authorization", "nTLm abc"),
                            ("AUTHORIZATION", "negotiate abc"), ("Proxy-Authorization", "Negotiate abc")):
            backend = self.origin()
            gate = self.gate(backend, workers="1")
            self.assert_status(self.ask(gate), 200)
            one = self.client(gate)
            self.assert_status(one.ask(fields=[(name, value)]), 200)
            self.assertEqual(len(backend.connections), 1)
            self.assert_status(self.ask(gate), 200)
            self.assertEqual(len(backend.connections), 2, (name, value))
            self.assert_status(one.ask(), 200)
            self.assertEqual(len(backend.connections[0].requests), 3)

    def test_other_logins_share_connections_as_before(self):
        backend = self.origin(lambda connection: [connection.read_request() and
                                                  connection.send(offer("Basic realm=\"x\"", "Bearer"))
                                                  for _ in range(9)])
        gate = self.gate(backend, workers="1")
        for value in ("Basic bnRsbTpudGxt", "Bearer ntlm", "Digest username=\"NTLM\""):
            self.assert_status(self.ask(gate, fields=[("Authorization", value)]), 401)
        self.assertEqual(len(backend.connections), 1)

    def test_a_proxy_login_is_one_too(self):
        gate = self.gate(self.origin(intranet(name="Proxy-Authenticate", status=407)), workers="1")
        alice = self.client(gate)
        self.log_in(alice, "alice", name="Proxy-Authorization")
        self.assert_status(self.ask(gate), 407)
        self.assertEqual(alice.ask().text, "alice")

    @threads
    def test_many_users_are_each_answered_as_themselves(self):
        gate = self.gate(self.origin(intranet()), workers="3")
        wrong = []

        def visit(user):
            connection = self.client(gate)
            steps = [connection.ask(fields=credentials(step, user)).status for step in ("first", "second")]
            wrong.extend([(user, steps)] if steps != [401, 200] else [])
            wrong.extend(user for _ in range(20) if connection.ask().text != user)

        def pass_by():
            wrong.extend("anybody" for _ in range(40) if self.ask(gate).status != 401)

        visitors = [threading.Thread(target=visit, args=("user%d" % index,)) for index in range(8)]
        visitors += [threading.Thread(target=pass_by) for _ in range(2)]
        for each in visitors:
            each.start()
        for each in visitors:
            each.join()
        self.assertEqual(wrong, [])

    def test_pipelined_requests_are_the_users(self):
        gate = self.gate(self.origin(intranet()), workers="1")
        alice = self.client(gate)
        self.log_in(alice, "alice")
        alice.send(request() * 5)
        self.assertEqual([alice.read().text for _ in range(5)], ["alice"] * 5)

    def test_a_client_goes_back_to_the_server_that_knows_it(self):
        servers = [self.origin(intranet()) for _ in range(3)]
        gate = self.gateway(ini([each.server for each in servers], workers="1"))
        users = [self.client(gate) for _ in range(4)]
        for index, connection in enumerate(users):
            self.log_in(connection, "user%d" % index)
        for index, connection in enumerate(users):
            self.assertEqual([connection.ask().text for _ in range(4)], ["user%d" % index] * 4)

    def test_a_client_may_be_logged_in_at_several_upstreams(self):
        backends = [self.origin(intranet()) for _ in range(5)]
        more = "".join("[upstream u%d]\nserver = %s\n" % (index, each.server) for index, each in enumerate(backends))
        more += "".join("[route r%d]\npath = /%d\nupstream = u%d\n" % (index, index, index) for index in range(5))
        gate = self.gateway(ini(backends[0].server, workers="1", more=more))
        alice = self.client(gate)
        for index in range(4):
            self.log_in(alice, "alice%d" % index, target="/%d" % index)
        for index in (0, 3, 1, 2):
            self.assertEqual(alice.ask(target="/%d" % index).text, "alice%d" % index)
        self.log_in(alice, "alice4", target="/4")  # one too many: the one that was not used for longest goes
        self.assertEqual(backends[0].wait_done(0).ended, "eof")
        self.assertEqual([alice.ask(target="/%d" % index).text for index in (1, 2, 3, 4)],
                         ["alice%d" % index for index in (1, 2, 3, 4)])
        self.assert_status(alice.ask(target="/0"), 401)

    # ---- its end

    def test_it_ends_with_its_client(self):
        for end in ("close", "reset", "last", "old", "idle"):
            backend = self.origin(intranet())
            gate = self.gate(backend, workers="1", upstream="idle-timeout = 1h",
                             gateway="idle-timeout = %s" % ("200ms" if end == "idle" else "1h"))
            alice = self.client(gate)
            alice.ask(fields=credentials("first", "alice"))
            self.assertEqual(alice.ask(fields=credentials("second", "alice")).text, "alice", end)
            if end == "close":
                alice.close()
            elif end == "reset":
                alice.reset()
            elif end == "last":
                self.assertEqual(alice.ask(fields=[("Connection", "close")]).text, "alice")
            elif end == "old":
                self.assertEqual(alice.ask(version="1.0").text, "alice")
            self.assertIn(backend.wait_done(0).ended, ("eof", "reset"), end)

    def test_it_ends_when_the_gateway_stops(self):
        backend = self.origin(intranet())
        gate = self.gate(backend, workers="1")
        alice = self.client(gate)
        self.log_in(alice, "alice")
        gate.stop()
        self.assertIn(backend.wait_done(0).ended, ("eof", "reset"))

    def test_it_ends_with_the_idle_time_of_its_upstream(self):
        backend = self.origin(intranet())
        gate = self.gate(backend, workers="1", upstream="idle-timeout = 200ms")
        alice = self.client(gate)
        self.log_in(alice, "alice")
        backend.wait_done(0)
        self.assert_status(alice.ask(), 401)  # the server asks again
        self.log_in(alice, "alice")

    def test_an_old_clients_connection_carries_one_login_at_a_time(self):
        gate = self.gate(self.origin(intranet()), workers="1")
        for user in ("alice", "bob"):
            old = self.client(gate)
            for step, status in (("first", 401), ("second", 200)):
                response = old.ask(version="1.0", fields=credentials(step, user) + [("Connection", "keep-alive")])
                self.assert_status(response, status)
            self.assertEqual(response.text, user)
            self.assert_status(self.ask(gate, version="1.0"), 401)

    # ---- a handshake that breaks

    def first_step_then(self, then, more=None):
        """A server that takes the first step of a login, and then `then` happens to its connection."""

        def script(connection):
            connection.read_request()
            connection.send(offer("NTLM step2"))
            then(connection)

        return self.origin(script, more or intranet())

    def test_a_handshake_whose_server_goes_ends_an_idle_client(self):
        backend = self.first_step_then(lambda connection: None)
        gate = self.gate(backend, workers="1", gateway="idle-timeout = 1h")
        alice = self.client(gate)
        self.assert_status(alice.ask(fields=credentials("first", "alice")), 401)
        self.assertEqual(alice.wait_end(), "eof")
        self.assertEqual(len(backend.requests), 1)
        self.log_in(self.client(gate), "alice")

    def test_the_second_step_never_goes_to_another_connection(self):
        for how in ("close", "reset"):
            def then(connection, how=how):
                connection.read_request()
                if how == "reset":
                    connection.reset()

            backend = self.first_step_then(then)
            gate = self.gate(backend, workers="1")
            alice = self.client(gate)
            self.assert_status(alice.ask(fields=credentials("first", "alice")), 401)
            self.assert_status(alice.ask(fields=credentials("second", "alice")), 502)
            self.assertEqual(len(backend.connections), 1, how)

    def test_a_challenge_on_a_connection_that_ends_says_so(self):
        def script(connection):
            connection.read_request()
            connection.send(answer(401, b"", [("WWW-Authenticate", "NTLM step2"), ("Connection", "close")]))

        gate = self.gate(self.origin(script), workers="1")
        alice = self.client(gate)
        response = alice.ask(fields=credentials("first", "alice"))
        self.assert_status(response, 401)
        self.assertTrue(response.has_option("close"))
        self.assert_closed(alice)

    def test_a_request_without_credentials_is_sent_again_when_the_login_is_gone(self):
        def script(connection):
            for _ in range(2):
                connection.read_request()
                connection.send(offer("NTLM"))
            connection.read_request()

        backend = self.origin(script, intranet())
        gate = self.gate(backend, workers="1")
        alice = self.client(gate)
        for _ in range(3):
            self.assert_status(alice.ask(), 401)
        self.assertEqual(len(backend.connections), 2)

    # ---- reloads

    @threads
    def test_a_reload_in_the_middle_of_a_handshake_changes_nothing_where_the_server_stays(self):
        backend = self.origin(intranet())
        gate = self.gate(backend, workers="1")
        alice = self.client(gate)
        self.assert_status(alice.ask(fields=credentials("first", "alice")), 401)
        gate.reload(ini(backend.server, workers="1", upstream="response-timeout = 50s"))
        self.assertEqual(alice.ask(fields=credentials("second", "alice")).text, "alice")
        gate.reload(ini(backend.server, workers="1"))
        self.assertEqual(alice.ask().text, "alice")
        self.assertEqual(len(backend.connections), 1)

    @threads
    def test_a_reload_that_takes_the_server_away_ends_its_logins(self):
        backend, other = self.origin(intranet()), self.origin(intranet())
        gate = self.gate(backend, workers="1")
        alice, bob = self.client(gate), self.client(gate)
        self.log_in(alice, "alice")
        self.assert_status(bob.ask(fields=credentials("first", "bob")), 401)
        gate.reload(ini(other.server, workers="1"))
        backend.wait_done(0)
        backend.wait_done(1)
        self.assert_status(alice.ask(), 401)
        self.assert_status(bob.ask(fields=credentials("second", "bob")), 502)
        self.assert_closed(bob)
        self.assertEqual(len(other.requests), 1)

    # ---- what is counted

    def test_private_connections_are_counted(self):
        backend = self.origin(intranet())
        gate = self.start_admin(backend, workers="1")
        users = [self.client(gate) for _ in range(3)]
        for index, connection in enumerate(users):
            self.log_in(connection, "user%d" % index)
        self.wait_value(gate, 3, PRIVATE)
        self.wait_value(gate, 0, "verbgate_upstream_connections_idle")
        self.wait_value(gate, 3, "verbgate_upstream_connections_open")
        for connection in users:
            connection.close()
        self.wait_value(gate, 0, PRIVATE)
        self.wait_value(gate, 0, "verbgate_upstream_connections_open")

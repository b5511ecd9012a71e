"""What one client leaves behind for the next inside the gateway: in buffers, in counters; see lib/leftovers.py."""
import threading

from lib.case import threads
from lib.client import chunk, chunked, last_chunk, request
from lib.leftovers import CODED, LATER, SAME, LeftoverCase, Trick, head, length, mirror, tricky
from lib.limits import WAIT, until
from lib.origin import answer, serve

MARK = "Qz7Marker"
MARKS = MARK * 400  # 3,600 bytes
EVERYTHING = ('access-log-format = "$client $time $request $host $status $rule $decision $answered_by $upstream $route '
              '$end $fault $referer $user_agent $request_id $trace_id"')
OPTIONS = "admin = 127.0.0.1:0\naccess-log = @FOLDER@/access.log\nrequest-id = on\ntraceparent = make\n" + EVERYTHING
UPSTREAM = "implements = GET HEAD POST PUT DELETE OPTIONS\nresponse-timeout = 300ms\n%s"
MORE = """[route read]
path = /read
allow = GET
upstream = backend
[route limited]
path = /limited
max-body = 10
upstream = backend
[route gone]
path = /gone/*
upstream = gone
[route others]
path = /*
upstream = backend
[upstream gone]
server = unix:@FOLDER@/nobody.sock
"""


def marked_answer(message):
    """An answer that is full of the mark, in its fields and in its content."""
    return answer(body=MARKS.encode() * 9, fields=[("X-Mark-%d" % number, MARKS) for number in range(3)])


class InBuffers(LeftoverCase):
    """Long messages with a mark, then short ones: the mark is in nothing that the gateway writes for those."""

    def script(self, connection):
        while True:
            got = connection.read_request()
            if got.target.startswith("/marked"):
                connection.send(marked_answer(got))
            elif got.target == "/next-silent":
                connection.wait_end()
                return
            elif got.target == "/next-broken":
                connection.send(b"HTTP/1.1 2\r\n\r\n")
                return
            else:
                connection.send(mirror(got))

    def fill(self):
        """Fills what the gateway has for requests, responses, refusals and log lines."""
        fields = [("X-Mark", MARKS), ("User-Agent", MARKS[:200]), ("Referer", MARKS[:200]),
                  ("Connection", "TE"), ("TE", "trailers")]
        content = MARKS.encode() * 9
        trailers = [(b"X-" + MARK.encode(), MARKS.encode())]
        for message in (request("GET", "/marked/" + MARKS, fields=fields),
                        request("POST", "/marked", host=MARK + ".test", fields=fields, body=content),
                        chunked("PUT", "/marked", [content[:99], content], fields=fields, trailers=trailers),
                        request(MARK, "/marked?" + MARKS, fields=fields), request("GET", "/" + MARKS, fields=fields),
                        request("POST", "/read?" + MARKS, fields=fields, body=content),
                        request("POST", "/limited?" + MARKS, fields=fields, body=content),
                        request("GET", "/gone/" + MARKS, fields=fields), MARKS.encode() + b"\r\n\r\n",
                        request("GET", "/marked/" + MARKS * 9), request("GET", "/marked", fields=[(MARKS * 9, "x")]),
                        request("GET", "/marked/" + MARKS, version="7.0"), b"GET /marked/" + MARKS.encode()):
            client = self.client(self.front)
            client.send(message)
            client.finish_sending()
            client.stream.wait_end()
            client.close()

    def short_requests(self):
        """What the gateway answers itself, one of each kind, and some that it forwards."""
        html = [("Accept", "text/html")]
        own = [request("PATCH", "/next"), request("X", "/next", fields=html), request("POST", "/read", body=b"x"),
               request("POST", "/read", fields=[("Accept", "application/problem+json")]),
               request("POST", "/limited", body=b"x" * 11), request("POST", "/next", fields=[("Expect", "x")]),
               request("GET", "/gone/"), request("GET", "/next-silent"), request("GET", "/next-broken"),
               request("GET", "/next", host="a b"), request("GET", "/next", version="2.0"), b"\0\r\n\r\n",
               request("GET", "/next", fields=[("X-Long", "y" * 20000)]), request("GET", "/" + "y" * 9000),
               request("OPTIONS", "*"), request("CONNECT", "next:1"), b"GET /next HTTP/1.1\r\n\r\n"]
        return own + [form[-1] for form in self.next_forms()]

    def assert_no_mark(self, data, where):
        text = data.decode("latin-1") if isinstance(data, bytes) else data
        self.assertNotIn(MARK, text, where)

    def ask_short(self):
        for message in self.short_requests():
            client = self.client(self.front)
            client.send(message)
            client.finish_sending()
            _, data = client.stream.wait_end()
            client.close()
            self.assertTrue(data.startswith(b"HTTP/1.1 "), message)
            self.assert_no_mark(data, message)

    def run_with(self, upstream):
        self.start(self.script, gateway=OPTIONS, upstream=UPSTREAM % upstream, more=MORE)
        done = 0
        for number in range(3):
            self.fill()
            client = self.client(self.front)
            self.assert_status(client.ask("GET", "/gone/%d" % number), 502)
            client.close()
            self.front.wait_log(r" /gone/%d\b" % number)  # behind it the log is about the short requests
            done += 14
            lines = len(self.front.access_lines(done))
            log = self.front.mark()
            del self.backend.requests[:]
            self.ask_short()
            done += len(self.short_requests())
            for line in self.front.access_lines(done)[lines:]:
                self.assert_no_mark(line, "the access log")
            for got in self.backend.requests:
                self.assert_no_mark(got.head + got.body, got.first_line)
                self.assertEqual(got.trailers, [])
            self.assert_no_mark("\n".join(self.front.lines[log:]), "the error log")
        self.assert_nothing_is_left()

    def test_no_mark_of_one_client_is_in_what_is_written_for_another(self):
        self.run_with("")

    def test_no_mark_of_one_client_is_in_what_is_written_for_another_where_content_is_buffered(self):
        self.run_with("buffer-request = all\nbuffer-memory = 1k")


class InCounters(LeftoverCase):
    def test_clients_that_were_cut_off_leave_their_places(self):
        """As many clients as there may be at one time, three times over, each time cut off, and then as many again."""
        released = threading.Event()

        def script(connection):
            while True:
                got = connection.read_request()
                if got.target == "/held":
                    connection.wait(released)
                connection.send(mirror(got))

        self.start(script, gateway="admin = 127.0.0.1:0\nmax-connections = 8")
        for number in range(3):
            clients = [self.client(self.front) for _ in range(8)]
            for client in clients:
                client.send((request("GET", "/held"), b"GET /hel", request("POST", "/held", fields=[length(9)]),
                             chunk(b"x"))[number])
            for client in clients:
                client.reset()
        released.set()
        forms = [self.next_forms()[0] for _ in range(8)]
        clients = [self.client(self.front) for _ in forms]
        for client, form in zip(clients, forms):
            client.send(form[-1])
        for client, form in zip(clients, forms):
            self.assert_own_answer(client.read(), form)
            client.close()
        self.assert_nothing_is_left()

    def test_transfers_that_were_cut_off_leave_their_pipes(self):
        """More large transfers than there are pipes, each cut off; the next is spliced as the first was."""
        large = 4 << 20

        def script(connection):
            while True:
                got = connection.read_head()
                if got.target == "/up":
                    connection.wait_end()
                    return
                connection.read_body(got)
                connection.send(answer(body=b"x" * large))

        self.start(script)
        for number in range(40):
            client = self.client(self.front, receive_bytes=4096)
            if number % 2:
                client.send(request("POST", "/up", fields=[length(1 << 30)]))
                client.send(b"x" * large)
            else:
                client.send(request("GET", "/down"))
                client.read_head()
            client.reset()
        until(lambda: self.front.count_open("pipe") == self.descriptors_before["pipe"], "no pipe to be left")
        spliced = self.value(self.front, "verbgate_spliced_content_bytes_total")
        client = self.client(self.front)
        self.assertEqual(client.ask("GET", "/down").body_length, large)
        client.close()
        self.assertGreater(self.value(self.front, "verbgate_spliced_content_bytes_total"), spliced)
        self.assert_nothing_is_left()


class Together(LeftoverCase):
    """Clients that play by the rules, while others do not and the server leaves things behind."""
    ROUNDS = 8

    def tricksters(self, number):
        """One round of what clients and the server leave behind."""
        tricks = {
            "same": Trick(answer(), answer(body=b"left behind"), SAME),
            "chunks": Trick(head(200, CODED) + chunk(b"ok") + last_chunk(), b"left behind", SAME),
            "none": Trick(head(204), b"left behind", SAME),
            "later": Trick(answer(fields=[("Connection", "close")]), answer(body=b"left behind"), LATER),
        }
        for name, trick in tricks.items():
            target = "/trick/%s/%d" % (name, number)
            self.tricks[target] = trick
            client = self.client(self.front)
            client.send(request("GET", target))
            self.assertNotIn(b"left behind", client.read().body)
            trick.answered.set()
            client.close()
        for message in (request("POST", "/cut", fields=[length(99)]) + request("GET", "/smuggled"),
                        request("POST", "/cut", fields=[CODED]) + chunk(request("GET", "/smuggled")),
                        request("GET", "/whole") + b"GET /smuggled HTTP/1.1\r\nHo",
                        request("POST", "/cut", fields=[length(99), ("Expect", "100-continue")])):
            client = self.client(self.front)
            client.send(message)
            client.reset() if number % 2 else client.close()

    @threads
    def test_nobody_is_disturbed_by_what_others_leave(self):
        self.start(tricky(self.tricks), workers="3")
        failures, sent, stop = [], [], threading.Event()

        def run(step, count):
            try:
                for number in range(count):
                    step(number)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        def visit(_):
            sent.extend(self.next_clients())

        workers = [threading.Thread(target=run, args=(step, self.ROUNDS))
                   for step in (visit, self.tricksters, visit, visit)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(4 * WAIT)
        self.assertEqual((failures, [worker for worker in workers if worker.is_alive()]), ([], []))
        seen = [(got.method, got.target, got.body) for got in self.backend.requests
                if (got.get("x-id") or "").startswith("next-")]
        self.assertEqual(sorted(seen), sorted((form[0], form[1], form[3]) for form in sent))
        self.assertNotIn("/smuggled", [got.target for got in self.backend.requests])
        self.assert_nothing_is_left()

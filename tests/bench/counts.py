"""Instructions and system calls of one request, for all peers, counted in the way of guard.py."""
import os
import pathlib
import signal

import guard
import processes

LINE = b"GET /r0/item HTTP/1.1\r\n"
END_SECONDS_MAX = 30


def run(peer, tool, count):
    """Serves `count` requests under a tool of guard.py and returns the tool's report."""
    report = os.path.join(peer.folder, "report")
    peer.tool = tool(report)
    try:
        peer.start()
        guard.send_requests(peer.port, LINE, 200, count)
        # strace is the parent of what it traces, valgrind is the same process.
        os.kill(processes.tree(peer.process.pid)[-1], signal.SIGTERM)
        peer.process.wait(END_SECONDS_MAX)
    finally:
        peer.stop()
    return pathlib.Path(report).read_text(encoding="utf-8", errors="replace")


def measure(peer):
    """Differences between a short and a long run, for each request."""
    more = guard.MANY - guard.FEW
    totals = []
    for count in (guard.FEW, guard.MANY):
        instructions = guard.number_in(r"Collected : (\d+)", run(peer, guard.callgrind, count))
        totals.append((instructions, guard.call_counts(run(peer, guard.strace, count))))
    (few, few_calls), (many, many_calls) = totals

    def calls(names):
        return sum(many_calls.get(name, 0) - few_calls.get(name, 0) for name in names) / more

    return {"instructions": (many - few) / more, "data_calls": calls(guard.READS | guard.WRITES),
            "all_calls": calls(set(few_calls) | set(many_calls)), "errors": 0}

"""Instructions and system calls of one request, for all peers, counted in the way of guard.py."""
import os
import pathlib
import signal

import guard
import load
import processes

LINE = b"GET /r0/item HTTP/1.1\r\n"
END_SECONDS_MAX = 30
SHORT_SECONDS, LONG_SECONDS = 1, 3  # of wrk, under strace


def run(peer, tool, serve):
    """Runs `serve` while the proxy is under a tool of guard.py; returns the tool's report."""
    report = os.path.join(peer.folder, "report")
    peer.tool = tool(report)
    try:
        peer.start()
        serve()
        # strace is the parent of what it traces, valgrind is the same process.
        os.kill(processes.tree(peer.process.pid)[-1], signal.SIGTERM)
        peer.process.wait(END_SECONDS_MAX)
    finally:
        peer.stop()
    return pathlib.Path(report).read_text(encoding="utf-8", errors="replace")


def serve_some(peer, count):
    return lambda: guard.send_requests(peer.port, LINE, 200, count)


def calls_between(few, many, names, requests):
    """Calls of the longer run that the shorter one has not, for each of its further requests."""
    return sum(many.get(name, 0) - few.get(name, 0) for name in names) / requests


def measure(peer):
    """Differences between a short and a long run, for each request."""
    more = guard.MANY - guard.FEW
    totals = []
    for count in (guard.FEW, guard.MANY):
        serve = serve_some(peer, count)
        instructions = guard.number_in(r"Collected : (\d+)", run(peer, guard.callgrind, serve))
        totals.append((instructions, guard.call_counts(run(peer, guard.strace, serve))))
    (few, few_calls), (many, many_calls) = totals
    return {"instructions": (many - few) / more, **both_kinds(few_calls, many_calls, more), "errors": 0}


def both_kinds(few, many, requests):
    return {"data_calls": calls_between(few, many, guard.READS | guard.WRITES, requests),
            "all_calls": calls_between(few, many, set(few) | set(many), requests)}


def measure_busy(peer, wanted):
    """System calls with many connections at once, where one turn of the loop serves several of them.

    strace slows the proxy, so that more is ready at each turn than without it. Requests that are under way when wrk ends
    are as many in the short as in the long run.
    """
    runs = []
    for seconds in (SHORT_SECONDS, LONG_SECONDS):
        answered = {}
        report = run(peer, guard.strace, lambda: answered.update(load.run_wrk(peer.port, wanted, seconds)))
        runs.append((answered["requests"], guard.call_counts(report), answered["broken"] + answered["refused"]))
    (few, few_calls, few_broken), (many, many_calls, many_broken) = runs
    return {**both_kinds(few_calls, many_calls, many - few), "errors": few_broken + many_broken}

#!/usr/bin/env python3
"""Runs the integration tests: one line a test, and "N passed, M failed" at the end.

    tests/integration/run.py --binary build/verbgate [--filter TEXT] [--jobs N]
"""
import argparse
import concurrent.futures
import faulthandler
import importlib
import os
import pathlib
import signal
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
TEST_SECONDS_MAX = 240


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default="build/verbgate", help="the verbgate to test")
    parser.add_argument("--filter", default="", help="only tests whose name contains this text")
    parser.add_argument("--jobs", type=int, default=4, help="tests that run at the same time")
    parser.add_argument("--direct", action="store_true",
                        help="no gateway: prove the harness with clients directly at the backends")
    parser.add_argument("--threads", action="store_true",
                        help="only the tests for ThreadSanitizer, with two workers")
    parser.add_argument("--again", action="store_true",
                        help="without the classes marked once: they have run on another build")
    parser.add_argument("--quick", action="store_true", help="without the classes marked slow")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    return parser.parse_args()


def load(arguments):
    """All tests that the arguments ask for, as (name, TestCase)."""
    tests = []
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for suite in unittest.defaultTestLoader.loadTestsFromModule(module):
            for test in suite:
                tests.append(("%s: %s" % (path.stem[len("test_"):], sentence(test)), test))
    return [(name, test) for name, test in tests if is_wanted(arguments, name, test)]


def sentence(test):
    return test.id().rsplit(".", 1)[1][len("test_"):].replace("_", " ")


def is_wanted(arguments, name, test):
    method = getattr(test, test.id().rsplit(".", 1)[1])
    wanted = arguments.filter.replace("_", " ") in name.replace("_", " ")
    if arguments.direct:
        wanted = wanted and getattr(method, "works_directly", False)
    if arguments.threads:
        wanted = wanted and getattr(method, "threads", False)
    if arguments.quick:
        wanted = wanted and not getattr(test, "slow", False)
    if arguments.again:
        wanted = wanted and not getattr(test, "once", False)
    return wanted


def run_one(name, test):
    """Returns (name, outcome, seconds, text)."""
    started = time.monotonic()
    result = unittest.TestResult()
    test.run(result)
    seconds = time.monotonic() - started
    problems = [text for _, text in result.errors + result.failures]
    if problems:
        return name, "FAIL", seconds, "\n".join(problems) + "\n" + test.diagnostics()
    if result.skipped:
        return name, "skip", seconds, result.skipped[0][1]
    return name, "ok", seconds, ""


def report(outcome, counts):
    name, kind, seconds, text = outcome
    counts[kind] += 1
    print("%-4s %s (%.1f s)" % (kind, name, seconds), flush=True)
    if text:
        print("\n".join("     | " + line for line in text.splitlines()), flush=True)


def main():
    arguments = read_arguments()
    os.environ["VERBGATE_TEST_BINARY"] = os.path.abspath(arguments.binary)
    if arguments.threads:
        os.environ["VERBGATE_TEST_WORKERS"] = "2"
        os.environ["VERBGATE_TEST_THREADS"] = "1"
    from lib import case
    case.DIRECT = arguments.direct
    tests = load(arguments)
    if arguments.list:
        print("\n".join(name for name, _ in tests))
        return 0
    if not arguments.direct and not os.access(arguments.binary, os.X_OK):
        print("run.py: no executable at %s: build first, or give --binary" % arguments.binary)
        return 2
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # A wait without a deadline would be a bug of a test: show where it hangs instead of hanging.
    counts = {"ok": 0, "FAIL": 0, "skip": 0}
    # Tests that need the machine for themselves (memory, load) run one at a time at the end.
    together = [entry for entry in tests if not getattr(type(entry[1]), "alone", False)]
    alone = [entry for entry in tests if getattr(type(entry[1]), "alone", False)]
    for group, jobs in ((together, arguments.jobs), (alone, 1)):
        with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
            running = [pool.submit(run_one, name, test) for name, test in group]
            for future in concurrent.futures.as_completed(running):
                faulthandler.dump_traceback_later(TEST_SECONDS_MAX, exit=True)
                report(future.result(), counts)
    faulthandler.cancel_dump_traceback_later()
    skipped = ", %d skipped" % counts["skip"] if counts["skip"] else ""
    print("%d passed, %d failed%s" % (counts["ok"], counts["FAIL"], skipped))
    return 1 if counts["FAIL"] or not tests else 0


if __name__ == "__main__":
    sys.exit(main())

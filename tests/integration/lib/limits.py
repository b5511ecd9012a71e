"""How long a test waits for something that should happen.

These are deadlines of waits for a condition, never pauses. They are generous because sanitizer
builds on a busy machine are slow; VERBGATE_TEST_PATIENCE multiplies them.
"""
import os
import time

WAIT = 30.0 * float(os.environ.get("VERBGATE_TEST_PATIENCE", "1"))
POLL = 0.02


def until(condition, what, seconds=None):
    """Polls `condition` until it is true and returns its value; fails with `what` at the deadline."""
    end = time.monotonic() + (seconds or WAIT)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("waited in vain: " + what)
        time.sleep(POLL)

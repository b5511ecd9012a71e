"""A gateway whose admin listener is asked: its pages, and the numbers on its metrics page."""
import re

from lib.case import Case
from lib.gateway import parse_address
from lib.limits import until

ON = "admin = 127.0.0.1:0"
SAMPLE = re.compile(r'^([a-z_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)')


def parse_samples(text):
    """{(name, ((label, value), ...)): number} of a metrics page; every line must be well-formed."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("# "):
            continue
        match = SAMPLE.match(line)
        if not match:
            raise AssertionError("not a sample: %r" % line)
        key = (match.group(1), tuple(sorted(LABEL.findall(match.group(2) or ""))))
        if key in samples:
            raise AssertionError("twice: %r" % line)
        samples[key] = float(match.group(3))
    return samples


class AdminCase(Case):
    def admin_address(self, gate, since=0):
        text = gate.wait_log(r"admin listener on (\S+)", since).group(1)
        return parse_address(text)

    def start_admin(self, backend, gateway=ON, **sections):
        gate = self.gate(backend, gateway=gateway, **sections)
        gate.admin = self.admin_address(gate)
        return gate

    def visit(self, gate, target, method="GET", host="localhost", **kwargs):
        return self.ask(gate.admin, method, target, host=host, **kwargs)

    def scrape(self, gate):
        response = self.visit(gate, "/metrics")
        self.assert_status(response, 200)
        return parse_samples(response.body.decode())

    def value(self, gate, name, **labels):
        return self.scrape(gate).get((name, tuple(sorted(labels.items()))), 0)

    def wait_value(self, gate, expected, name, **labels):
        """An exchange is counted at its end, which may be after its client has read the answer."""
        until(lambda: self.value(gate, name, **labels) == expected,
              "%s %r to be %r" % (name, labels, expected))

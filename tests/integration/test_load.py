"""Load from the tools of others: not one failed request."""
import re
import shutil
import subprocess

from lib.case import Case, threads
from lib.limits import WAIT


def run_tool(*arguments):
    result = subprocess.run(arguments, text=True, capture_output=True, timeout=8 * WAIT, check=False)
    if result.returncode != 0:
        raise AssertionError("%s: %s%s" % (" ".join(arguments), result.stdout, result.stderr))
    return result.stdout


class Load(Case):
    alone = True
    slow = True

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest("%s is not installed" % tool)

    def run_ab(self, url, *options, count=3000):
        self.need("ab")
        text = run_tool("ab", "-q", "-n", str(count), "-s", "60", *options, url)
        self.assertRegex(text, r"Complete requests: +%d\b" % count)
        self.assertRegex(text, r"Failed requests: +0\b", text)
        self.assertNotIn("Non-2xx", text)

    def run_wrk(self, url, *options):
        self.need("wrk")
        text = run_tool("wrk", "-t1", "-d2s", "--timeout", "30s", *options, url)
        self.assertNotIn("Socket errors", text)
        self.assertNotIn("Non-2xx", text)
        self.assertGreater(int(re.search(r"(\d+) requests in", text).group(1)), 100, text)

    @threads
    def test_apachebench_with_keep_alive_in_front_of_nginx(self):
        self.run_ab(self.gate(self.nginx(), workers="2").url + "/short", "-k", "-c", "16")

    def test_apachebench_without_keep_alive_in_front_of_nginx(self):
        self.run_ab(self.gate(self.nginx(), workers="2").url + "/short", "-c", "16")

    def test_apachebench_with_posts_in_front_of_nginx(self):
        gate = self.gate(self.nginx(), workers="2")
        with open(gate.path("post"), "wb") as file:
            file.write(b"x" * 20000)
        self.run_ab(gate.url + "/echo", "-k", "-c", "8", "-p", gate.path("post"), count=1000)

    @threads
    def test_wrk_in_front_of_nginx(self):
        self.run_wrk(self.gate(self.nginx(), workers="2").url + "/short", "-c", "32")

    def test_wrk_with_files_of_1_mib_in_front_of_nginx(self):
        self.run_wrk(self.gate(self.nginx(), workers="2").url + "/large.bin", "-c", "8")

    def test_wrk_with_chunked_responses_in_front_of_nginx_on_a_unix_socket(self):
        self.run_wrk(self.gate(self.nginx(unix=True), workers="2").url + "/chunked/page.html", "-c", "16")

    def test_apachebench_in_front_of_pythons_http_server(self):
        self.run_ab(self.gate(self.python_server()).url + "/hello.txt", "-k", "-c", "4", count=500)

    def test_curl_downloads_and_uploads_through_the_gateway(self):
        self.need("curl")
        nginx = self.nginx()
        gate = self.gate(nginx, gateway="max-body = unlimited")
        path = gate.path("download")
        run_tool("curl", "-sSf", "-o", path, gate.url + "/large.bin")
        with open(path, "rb") as file:
            self.assertTrue(file.read() == nginx.files["large.bin"])
        run_tool("curl", "-sSf", "-T", path, gate.url + "/dav/plain")
        run_tool("curl", "-sSf", "-T", path, "-H", "Transfer-Encoding: chunked", gate.url + "/dav/chunked")
        for name in ("plain", "chunked"):
            self.assertEqual(nginx.stored_digest(name), nginx.digest("large.bin"))

"""Real Prometheus servers on loopback, and what they scrape: files that a test serves."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from harness import born, free_port, wait_for  # noqa: E402

PROMETHEUS = "/usr/bin/prometheus"
HISTOGRAM = "ringside_operation_duration_seconds"
BUCKET = 2 ** (1 / 32)   # neighbouring bounds: 2.2 %
SAMPLE = re.compile(r"^(\w+)(?:\{(.*?)\})? (\S+)(?: # .*)?$", re.MULTILINE)


def samples(text, address):
    """{query for the sample as scraped from this address: value} of a page in a text form."""
    target = f'instance="{address}"'
    return {f"{name}{{{labels + ',' if labels else ''}{target}}}": float(value)
            for name, labels, value in SAMPLE.findall(text)}


class Metrics:
    """Serves /metrics from files: STEM.text, STEM.openmetrics and STEM.protobuf. The program under
    test picks the form from the request's Accept header."""

    def __init__(self, program, stem):
        self.stem = stem
        self.answered = []   # (stem, form) of each answer
        self.accepts = {}    # Accept -> (form, Content-Type)
        metrics = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                accept = self.headers.get("Accept", "")
                if accept not in metrics.accepts:
                    said = subprocess.run([program, "--accept", accept], check=True, text=True,
                                          stdout=subprocess.PIPE).stdout
                    metrics.accepts[accept] = said.splitlines()
                form, content_type = metrics.accepts[accept]
                stem = metrics.stem
                body = Path(f"{stem}.{form}").read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                metrics.answered.append((stem, form))

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def end(self):
        self._server.shutdown()
        self._server.server_close()


class Prometheus:
    """A server that scrapes these addresses four times a second."""

    def __init__(self, addresses, *features, rules=(), interval="250ms"):
        self.directory = Path(tempfile.mkdtemp(prefix="ringside-prometheus-"))
        config = self.directory / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: {interval}, scrape_timeout: {interval}, evaluation_interval: 1s}}
rule_files: {json.dumps([str(path) for path in rules])}
scrape_configs:
- job_name: ringside
  static_configs: [{{targets: {json.dumps(addresses)}}}]
""", encoding="utf-8")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.log_path = self.directory / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [PROMETHEUS, f"--config.file={config}",
                 f"--storage.tsdb.path={self.directory}/data",
                 f"--web.listen-address={self.url[7:]}",
                 *[f"--enable-feature={feature}" for feature in features]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=born)
        self.wait_for("ready", lambda: self._opens("/-/ready"))

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def _opens(self, path):
        try:
            return urllib.request.urlopen(self.url + path, timeout=5).status == 200
        except OSError:
            return False

    def wait_for(self, what, look, seconds=30):
        def look_at_the_living():
            assert self.process.poll() is None, f"{what}: Prometheus has ended:\n{self.log()}"
            return look()
        try:
            return wait_for(what, look_at_the_living, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log()}") from None

    def api(self, path, **parameters):
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, text):
        """{labels as a sorted tuple: value}"""
        return {tuple(sorted(one["metric"].items())): float(one["value"][1])
                for one in self.api("query", query=text)["result"]}

    def scraped(self, count):
        """Waits until there are so many targets, and each was scraped well."""
        def all_up():
            targets = self.api("targets", state="active")["activeTargets"]
            return len(targets) == count and all(one["health"] == "up" for one in targets)
        self.wait_for("targets up", all_up)

    def errors(self):
        return [one["lastError"]
                for one in self.api("targets", state="active")["activeTargets"]
                if one["lastError"]]

    def end(self):
        self.process.kill()
        self.process.wait()
        if os.environ.get("RINGSIDE_KEEP"):
            print(f"kept: {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)

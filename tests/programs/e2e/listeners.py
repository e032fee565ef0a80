"""Who the daemon tells of alerts: receivers that do as a scenario says, and a real Alertmanager."""

import json
import ssl
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import harness

ALERTMANAGER = "/usr/bin/prometheus-alertmanager"
HOLD = "hold"    # the connection stays open, and nothing is said
CLOSE = "close"  # the connection is closed, and nothing is said


class Hook:
    """A receiver on loopback. `answer(n, body)` says what the n-th request gets, from 0: a status,
    a status with headers, HOLD or CLOSE. `read` makes of a body what the scenario looks at."""

    def __init__(self, answer=lambda n, body: 200, certificate=None, read=json.loads):
        self.requests = []  # (monotonic seconds, path, headers, body) of each
        self._ended = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = read(self.rfile.read(int(self.headers["Content-Length"])))
                hook.requests.append((time.monotonic(), self.path, self.headers, body))
                said = answer(len(hook.requests) - 1, body)
                if said == HOLD:
                    hook._ended.wait()
                if said in (HOLD, CLOSE):
                    self.close_connection = True
                    return
                status, headers = said if isinstance(said, tuple) else (said, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *arguments):
                pass  # a client that leaves, or that refuses the certificate

        self._server = Server(("127.0.0.1", 0), Handler)
        scheme = "http"
        if certificate is not None:
            scheme = "https"
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def documents(self):
        return [body for _, _, _, body in list(self.requests)]

    def alerts(self):
        """The transitions that a webhook got, each once."""
        batches = {document["batch"]: document for document in self.documents()}
        return [alert for document in batches.values() for alert in document["alerts"]]

    def end(self):
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()


def certificate(directory, name, addresses):
    """Makes a key and a certificate that is its own authority. Returns the certificate's path and
    the key's."""
    paths = (directory / f"{name}.pem", directory / f"{name}.key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName={addresses}", "-out", paths[0],
                    "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Alertmanager:
    """A real one, on loopback, without gossip."""

    def __init__(self, world, port=None):
        self.port = port or harness.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = world.directory / "alertmanager.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n",
                          encoding="utf-8")
        self.process = world.start(Path(ALERTMANAGER), f"--config.file={config}",
                                   f"--storage.path={world.directory}/alertmanager",
                                   f"--web.listen-address=127.0.0.1:{self.port}",
                                   "--cluster.listen-address=")
        self.process.wait_until("ready", self._ready)

    def _ready(self):
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def holds(self, **labels):
        """The alerts that it holds as active, with these labels."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as answer:
            alerts = json.load(answer)
        return [one for one in alerts if labels.items() <= one["labels"].items()]

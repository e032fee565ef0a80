"""A stand-in for the daemon's API, whose clock and figures a test moves by hand.

It answers as daemon/http/openapi.json says, with the objects of a report's JSON. It exists to do
what a real daemon won't do on request: refuse streams, go away, tell of an hour in seconds."""
import contextlib
import http.server
import json
import pathlib
import queue
import socket
import threading
import urllib.parse

API = "/api/v1/admin/performance/"
# As daemon/http/answer.cpp sends them.
PAGE_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class StandIn:
    """The server. `known` is what it tells; `assets` is where ringside_dashboard_files wrote."""

    def __init__(self, known, assets, tokens):
        self.known = known
        self.assets = pathlib.Path(assets)
        self.files = json.loads((self.assets / "files.json").read_text(encoding="utf-8"))
        self.tokens = tokens          # token -> scope
        self.refuse_streams = None    # a status, such as 429
        self.starting = False         # before the first tick
        self.connections = set()      # that are open now
        self.listeners = []
        self.opened = 0               # streams, ever
        self.resumed_at = []          # Last-Event-ID of each of them
        self.requests = []
        self.refusals = []            # (status, code) of the next deeds; dry runs are answered
        self.keys = []                # Idempotency-Key of each deed
        self.events = []              # (id, text), as they were sent
        self.event_no = 0
        self.port = 0
        self.server = None
        self.start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def start(self):
        owner = self

        class Handler(Answers):
            stand_in = owner
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(.02,), daemon=True).start()

    def stop(self):
        """As a daemon that is killed: streams end, and nobody listens any more."""
        self.server.shutdown()
        self.server.server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for listener in list(self.listeners):
            listener.put(None)

    def send(self, event, value):
        self.event_no += 1
        text = f"id: {self.known.started_at}-{self.event_no}\nevent: {event}\ndata: " \
            f"{json.dumps(value)}\n\n"
        for listener in list(self.listeners):
            listener.put(text)

    def tick(self, ms=None):
        self.known.advance(self.known.tick_s * 1000 if ms is None else ms)
        self.send("tick", self.known.tick())


class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in = None

    def setup(self):
        super().setup()
        self.stand_in.connections.add(self.connection)

    def handle(self):
        # A browser that goes away is no news.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self):
        self.stand_in.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, *_):
        pass

    def reply(self, status, body, kind="application/json", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy",
                         PAGE_POLICY if kind.startswith("text/html") else DATA_POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def problem(self, status, code, detail, **headers):
        body = {"type": "about:blank", "title": code, "status": status, "detail": detail,
                "code": code, "request_id": "r"}
        self.reply(status, json.dumps(body).encode(), "application/problem+json", **headers)

    def data(self, value, **meta):
        envelope = {"data": value, "meta": {**self.stand_in.known.meta("r"), **meta}}
        self.reply(200, json.dumps(envelope).encode())

    def scope(self):
        given = self.headers.get("Authorization", "")
        return self.stand_in.tokens.get(given.removeprefix("Bearer "))

    def do_GET(self):
        owner = self.stand_in
        owner.requests.append(self.path)
        url = urllib.parse.urlsplit(self.path)
        if not url.path.startswith(API):
            return self.asset(url.path)
        if self.scope() is None:
            return self.problem(401, "invalid_token", "the token is not valid",
                                WWW_Authenticate='Bearer error="invalid_token"')
        if owner.starting:
            return self.problem(503, "not_known_yet", "there was no tick yet", Retry_After="1")
        query = {key: values[0] for key, values in urllib.parse.parse_qs(url.query).items()}
        name = url.path.removeprefix(API)
        with owner.known.lock:
            if name == "metrics":
                return self.data(owner.known.metrics(query.get("window")))
            if name == "alerts":
                return self.data(owner.known.alerts())
            if name == "history":
                minutes = {"1h": 60, "8h": 480}.get(query.get("since", "8h"), 480)
                figures = query.get("figure", "p95_ns").split(",")
                return self.data(
                    owner.known.history(figures, query.get("operation"), minutes),
                    asked=owner.known.asked(minutes))
            if name.startswith("operations/"):
                found = owner.known.operation(
                    urllib.parse.unquote(name.removeprefix("operations/")), query.get("ring"))
                return self.data(found) if found else self.problem(
                    404, "unknown_operation", "no operation has this name")
        if name == "stream":
            return self.stream()
        return self.problem(404, "unknown_path", "no such path")

    def asset(self, path):
        found = self.stand_in.files.get(path)
        if found is None:
            return self.problem(404, "unknown_path", "no such path")
        if self.headers.get("If-None-Match") == found["etag"]:
            self.send_response(304)
            self.send_header("ETag", found["etag"])
            return self.end_headers()
        return self.reply(200, (self.stand_in.assets / found["name"]).read_bytes(), found["type"],
                          Cache_Control="no-cache", ETag=found["etag"])

    def stream(self):
        owner = self.stand_in
        if owner.refuse_streams:
            return self.problem(owner.refuse_streams, "too_many_streams", "no room for one more.",
                                Retry_After="3")
        mine = queue.Queue()
        owner.opened += 1
        owner.resumed_at.append(self.headers.get("Last-Event-ID"))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        owner.listeners.append(mine)
        try:
            # As a broadcaster that does not know the id any more: it begins anew.
            text = f"event: hello\ndata: {json.dumps(owner.known.hello())}\n\n"
            while text is not None:
                self.wfile.write(text.encode())
                self.wfile.flush()
                try:
                    text = mine.get(timeout=.25)
                except queue.Empty:
                    text = ": \n"  # finds out who is gone
        except OSError:
            pass
        finally:
            owner.listeners.remove(mine)

    def do_POST(self):
        owner = self.stand_in
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scope = self.scope()
        if scope is None:
            return self.problem(401, "invalid_token", "the token is not valid")
        if scope != "admin":
            return self.problem(403, "insufficient_scope", "scope admin is needed")
        if not body.get("dry_run"):
            owner.keys.append(self.headers.get("Idempotency-Key"))
            if owner.refusals:
                status, code = owner.refusals.pop(0)
                return self.problem(status, code, f"refused: {code}")
        with owner.known.lock:
            return self.data(owner.known.handle(body))

"""A stand-in for the daemon's API, whose clock and figures a test moves by hand.

It answers as daemon/http/openapi.json says, with the objects of a report's JSON. It exists to do
what a real daemon won't do on request: refuse streams, go away, tell of an hour in seconds."""
import contextlib
import copy
import datetime
import http.server
import json
import pathlib
import queue
import socket
import threading
import time
import urllib.parse

API = "/api/v1/admin/performance/"
# As daemon/http/answer.cpp sends them.
PAGE_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
LEVELS = ["info", "warning", "critical", "emergency"]


def at(ms):
    """Milliseconds since the epoch as the API writes them."""
    whole = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{int(ms) % 1000:03}000000Z"


def by_level(levels):
    return {level: sum(one == level for one in levels) for level in LEVELS}


class Known:
    """What the daemon knows: made of a report, changed by the tests."""

    def __init__(self, report, tick_s=5.0):
        self.report = report
        self.lock = threading.RLock()
        self.now_ms = report["taken_unix_ms"]
        self.taken_ms = self.now_ms
        self.tick_no = report["tick"]
        self.tick_s = tick_s
        self.started_at = report["system"]["daemon"]["started_at"]
        self.heard = time.monotonic()
        self.incidents = [dict(one, alerts=[], lines=[]) for one in report["alerts"]["incidents"]]
        self.stories = copy.deepcopy(report["analysis"]["stories"])
        self.pending = []
        self.silences = []
        self.verdict = report["analysis"]["verdict"]
        self.headline = report["analysis"]["headline"]
        self.reasons = report["analysis"]["reasons"]
        self.log = []
        self.history_ms = 3600_000

    def generated_ms(self):
        return self.now_ms + (time.monotonic() - self.heard) * 1000

    def advance(self, ms):
        with self.lock:
            self.now_ms += ms
            self.heard = time.monotonic()
            self.taken_ms = self.now_ms
            self.tick_no += 1

    def thresholds(self, series):
        own = self.report["thresholds"]["operations"].get(series["name"], {})
        response = own.get("response_ms")
        error = own.get("error_rate")
        return {"response_ms": response or self.report["thresholds"]["response_ms"],
                "response_from": "configured" if response else "default",
                "error_rate": error or self.report["thresholds"]["error_rate"]}

    def series(self, series, windows=None, recent=0, histograms=False):
        shown = {key: value for key, value in series.items() if key not in ("windows", "last")}
        shown["windows"] = {
            name: {key: value for key, value in window.items() if histograms or key != "histogram"}
            for name, window in series["windows"].items() if windows is None or name in windows}
        shown["last"] = series["last"][:recent]
        shown["threshold"] = self.thresholds(series)
        return shown

    def active(self):
        return [alert for one in self.incidents if one["ended_at"] is None
                for alert in one["alerts"]]

    def metrics(self, window=None):
        r = self.report
        windows = None if window is None else [window]
        show = lambda all: [self.series(one, windows) for one in all]  # noqa: E731
        return {
            "verdict": self.verdict, "headline": self.headline, "reasons": self.reasons,
            "stories": self.stories,
            "active_alerts": by_level([one["level"] for one in self.active()]),
            "open_incidents": self.open_incidents(),
            "all": self.series(r["all"], windows), "operations": show(r["operations"]),
            "categories": show(r["categories"]), "events": show(r["events"]),
            "errors": r["errors"], "system": r["system"], "security": r["analysis"]["security"],
            "failed_by_address": [], "failed_by_account": [],
            "resilience": r["analysis"]["resilience"], "databases": r["analysis"]["databases"],
            "top": r["top"], "data_quality": {
                "books": r["books"], "unattributed_lost": r["unattributed_lost"],
                "late_records": r["late_records"], "rings": r["rings"], "lanes": r["lanes"]},
            "thresholds": r["thresholds"], "quantile_min_samples": r["quantile_min_samples"],
            "histogram_schema": r["histogram_schema"]}

    def open_incidents(self):
        return by_level([one["level"] for one in self.incidents if one["ended_at"] is None])

    def figures(self, series):
        window = series["windows"]["1m"]
        return {"name": series["name"], "ring": series["ring"], **{key: window[key] for key in (
            "count", "rate_per_s", "errors", "error_rate", "p50_ns", "p95_ns", "p99_ns",
            "max_ns")}}

    def tick(self):
        r = self.report
        return {"tick": self.tick_no, "taken_at": at(self.taken_ms), "verdict": self.verdict,
                "headline": self.headline,
                "active_alerts": by_level([one["level"] for one in self.active()]),
                "open_incidents": self.open_incidents(), "books": r["books"],
                "all": self.figures(r["all"]),
                "operations": [self.figures(one) for one in r["operations"]],
                "gauges": r["system"]["gauges"],
                "in_flight": sum(one["in_flight"] is not None for one in r["lanes"])}

    def hello(self):
        return {"generated_at": at(self.generated_ms()), "tick": self.tick_no,
                "taken_at": at(self.taken_ms), "tick_seconds": self.tick_s,
                "daemon_version": "0.1.0", "daemon_started_at": self.started_at}

    def meta(self, request_id):
        age = (self.generated_ms() - self.taken_ms) / 1000
        return {"request_id": request_id, "generated_at": at(self.generated_ms()),
                "taken_at": at(self.taken_ms), "age_seconds": age, "tick": self.tick_no,
                "tick_seconds": self.tick_s,
                "daemon": {"version": "0.1.0", "pid": 1, "started_at": self.started_at},
                "rings": [{"name": one["name"], "state": one["state"],
                           "created_at": one["created_at"], "age_seconds": 0.1}
                          for one in self.report["rings"]]}

    def alerts(self):
        return {"incidents": sorted(self.incidents, key=lambda one: one["began_at"], reverse=True),
                "matching": len(self.incidents), "next_cursor": None, "pending": self.pending,
                "silences": self.silences,
                "active_alerts": by_level([one["level"] for one in self.active()]),
                "open_incidents": self.open_incidents()}

    def operation(self, name, ring):
        one = next((o for o in self.report["operations"] if o["name"] == name), None)
        if one is None:
            return None
        r = self.report
        return {"name": name, "event": False, "histogram_schema": r["histogram_schema"],
                "quantile_min_samples": r["quantile_min_samples"], "rings": [{
                    "ring": one["ring"], "series": self.series(one, None, 100, True),
                    "time": next((t for t in r["analysis"]["time"]["operations"]
                                  if t["operation"] == name), None),
                    "worst": [w for w in r["top"]["slowest"] if w["operation"] == name],
                    "worst_since_start": [],
                    "errors": [e for e in r["errors"] if e["operation"] == name],
                    "alerts": [a for a in self.active() if a["operation"] == name],
                    "sampled_one_in": None,
                    "history": {key: value for key, value in self.history(
                        ["p50_ns", "p95_ns", "p99_ns"], name, 60).items()
                        if key in ("begin_at", "end_at", "step_seconds", "series")}}]}

    def history(self, figures, operation, steps):
        points = self.report["history"]["points"][-steps:] if self.report["history"] else []
        minute = int(self.taken_ms // 60000 * 60000)

        def value(figure, point):
            if figure in point:
                return point[figure]
            if point["count"] is None:
                return None
            if figure == "rate_per_s":
                return point["count"] / 60
            if figure == "error_rate":
                return point["errors"] / point["count"] if point["count"] else 0
            if figure == "mean_ns":
                return point["sum_ns"] / max(1, point["timed"])
            return None
        names = ([(one["name"], one["ring"]) for one in self.report["operations"]]
                 if operation == "*" else [(operation or None, None)])
        series = [{"figure": figure, "operation": name, "ring": ring,
                   "values": [value(figure, point) for point in points]}
                  for figure in figures for name, ring in names]
        begin = minute - len(points) * 60000
        return {"begin_at": at(begin), "end_at": at(minute), "begin_unix_ms": begin,
                "step_seconds": 60, "steps": len(points), "series": series, "marks": [],
                "incidents": [{key: value for key, value in one.items()
                               if key not in ("alerts", "lines")} for one in self.incidents]}

    def handle(self, body):
        """The answer to POST alerts: what openapi.json's alert_answer says."""
        targets = body.get("ids") or body.get("incidents") or ["all"]
        results = []
        for target in targets:
            meant = [alert for one in self.incidents if one["ended_at"] is None
                     for alert in one["alerts"] if target in (one["id"], alert["id"], "all")]
            results.append({"target": target, "done": bool(meant), "changed": bool(meant),
                            "text": f"{body['action']}: {len(meant)} alerts" if meant else
                            "no active alert has this id",
                            "silence": None, "alerts": [alert["id"] for alert in meant]})
            if body.get("dry_run"):
                continue
            self.log.append(body)
            for one in self.incidents:
                if one["id"] != target:
                    continue
                if body["action"] == "clear":
                    one["ended_at"] = at(self.now_ms)
                if body["action"] == "acknowledge":
                    one["acknowledged"] = True
                    one["acknowledged_by"] = body.get("who", "token")
                if body["action"] == "silence":
                    one["silenced"] = True
        return {"action": body["action"], "who": body.get("who", "token"), "why": body["why"],
                "until_at": None, "dry_run": bool(body.get("dry_run")), "results": results}


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

    def data(self, value):
        envelope = {"data": value, "meta": self.stand_in.known.meta("r")}
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
                hours = {"1h": 60, "8h": 480}.get(query.get("since", "8h"), 480)
                return self.data(owner.known.history(
                    query.get("figure", "p95_ns").split(","), query.get("operation"), hours))
            if name.startswith("operations/"):
                found = owner.known.operation(
                    urllib.parse.unquote(name.removeprefix("operations/")), query.get("ring"))
                return self.data(found) if found else self.problem(
                    404, "unknown_operation", "no operation has this name")
        if name == "stream":
            return self.stream()
        return self.problem(404, "not_found", "no such path")

    def asset(self, path):
        found = self.stand_in.files.get(path)
        if found is None:
            return self.problem(404, "not_found", "no such path")
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
            text += f"event: tick\ndata: {json.dumps(owner.known.tick())}\n\n"
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
        with owner.known.lock:
            return self.data(owner.known.handle(body))

"""What a stand-in for the daemon knows: made of the JSON of a report, changed by the tests. Its
answers are those of daemon/http/openapi.json."""
import copy
import datetime
import threading
import time

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
            "regressions": r["regressions"],
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

    def asked(self, minutes):
        return {"begin_at": at(self.taken_ms - minutes * 60000), "end_at": at(self.taken_ms)}

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
            if figure == "stage:queue":
                return point["sum_ns"] / max(1, point["timed"]) / 4
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

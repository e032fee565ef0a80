#!/usr/bin/env python3
"""A real incident, and what the alert log says of it."""

import re
import signal

import harness
from harness import OPERATIONS, sized

KEYS = ["ts", "level", "alert", "state", "op", "figure", "value", "threshold", "unit", "id",
        "incident", "msg"]
ALERTS = {
    "high_latency", "high_error_rate", "high_memory", "high_connections", "system_overload",
    "database_issue", "security_threat", "performance_regression", "telemetry_loss", "server_down",
    "slo_burn"
}
LEVELS = ["info", "warning", "critical", "emergency"]
NEXT = {  # the states that may follow a state in the life of one episode
    None: {"pending", "firing"},
    "pending": {"firing", "resolved"},
    "firing": {"firing", "recovering"},
    "recovering": {"recovering", "firing", "resolved"},
    "resolved": set(),
}
STORY = re.compile("begun( risen){0,2}( ended)?")  # the lines of one incident
PAIR = re.compile(r'([a-z]+)=("(?:[^"\\]|\\["\\])*"|[^\s"=]+)(?: |$)')


def parse(line):
    """Parses one logfmt line strictly: the twelve keys in their order, one space between them, and
    quotes where they are needed."""
    found, at = {}, 0
    while at < len(line):
        match = PAIR.match(line, at)
        if match is None:
            raise ValueError(f"no key=value at {at}: {line!r}")
        key, value = match.groups()
        if key in found:
            raise ValueError(f"{key} twice: {line!r}")
        found[key] = re.sub(r'\\(["\\])', r"\1", value[1:-1]) if value.startswith('"') else value
        at = match.end()
    if list(found) != KEYS:
        raise ValueError(f"the keys are {list(found)}: {line!r}")
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["ts"]):
        raise ValueError(f"no time: {line!r}")
    for number in ("value", "threshold"):
        if not re.fullmatch(r"-|-?\d+(\.\d{1,3})?", found[number]):
            raise ValueError(f"{number} is no number: {line!r}")
    if not line.isprintable() or line != line.strip():
        raise ValueError(f"control characters, or spaces around it: {line!r}")
    return found


def of_episodes(lines):
    return [line for line in lines if line["state"] in NEXT]


class Log:
    """Reads the alert log, and judges what it says."""

    def lines(self, world):
        text = world.alert_log.read_text(encoding="utf-8")
        self.assertTrue(not text or text.endswith("\n"))
        return [parse(line) for line in text.splitlines()]

    def lives(self, lines):
        """Returns the lines of each episode. Checks that each episode is a possible life, and each
        incident a possible story."""
        stories = {}
        for line in lines:
            if line["state"] not in NEXT:
                stories.setdefault(line["incident"], []).append(line["state"])
        for incident, states in stories.items():
            self.assertRegex(" ".join(states), rf"^{STORY.pattern}$", incident)
        for line in lines:
            if line["state"] == "firing":
                self.assertIn(line["incident"], stories)
        episodes = {}
        for line in of_episodes(lines):
            self.assertIn(line["alert"], ALERTS)
            self.assertIn(line["level"], LEVELS)
            self.assertIn(line["op"], (*OPERATIONS, "-"))
            before = episodes.setdefault(line["id"], [])
            last = before[-1] if before else {
                "state": None,
                "alert": line["alert"],
                "op": line["op"],
                "ts": ""
            }
            self.assertIn(line["state"], NEXT[last["state"]], f"{line} after {last}")
            self.assertEqual((line["alert"], line["op"]), (last["alert"], last["op"]))
            self.assertLessEqual(last["ts"], line["ts"])
            before.append(line)
        return episodes


class Alerts(Log, harness.Scenario):
    def test_a_locked_database_is_told_with_its_operations_and_its_end(self):
        world = self.world()
        daemon = world.daemon(alerts='clear_after = "1s"', tables=harness.ANY_HOST)
        server = world.server("--db-busy-ms", 50)
        load = world.load(server,
                          "--incident",
                          f"locked-database:db={world.directory}/chat.db@2+{sized(5, 6)}",
                          rate=sized(300, 100),
                          seconds=120).begun()

        def told(**wanted):
            return lambda: [line for line in self.lines(world)
                            if all(line[key] in (value if isinstance(value, tuple) else (value,))
                                   for key, value in wanted.items())]
        daemon.wait_until("the database in trouble", told(alert="database_issue", state="firing"))
        daemon.wait_until(
            "the operations that suffer",
            told(alert=("high_error_rate", "high_latency"), state="firing", op=OPERATIONS))
        resolved = daemon.wait_until("the breaker's end",
                                     told(alert="database_issue", state="resolved", unit="open"),
                                     40)
        self.assertRegex(resolved[0]["msg"], "breaker")
        load.signal(signal.SIGINT)
        load = load.result()
        incident = load["incidents"][0]
        self.assertIsNone(incident["failure"])
        self.assertGreater(load["operations"]["SEND_MESSAGE"]["codes"]["5002"]["count"], 0)

        lines = self.lines(world)
        episodes = self.lives(lines)
        breaker = episodes[resolved[0]["id"]]
        self.assertIn("firing", [line["state"] for line in breaker])
        report = daemon.report()
        told_in_report = [(one["id"], one["state"], one["level"])
                          for one in report["alerts"]["transitions"]]
        self.assertEqual(told_in_report,
                         [(line["id"], line["state"], line["level"])
                          for line in of_episodes(self.lines(world))])
        daemon.stop()
        server.stop()

    def test_an_emergency_does_not_wait_for_the_next_tick(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="1h")
        daemon.report_when("the server seen", lambda found: found["rings"][0]["state"] == "live")

        def begun(figure):
            return lambda: [line for line in self.lines(world)
                            if line["state"] == "begun" and line["figure"] == figure]
        server.signal(signal.SIGSTOP)
        stopped, = daemon.wait_until("the server stopped", begun("stuck"))
        self.assertRegex(stopped["msg"], r"\(pid \d+\) is stopped, by a signal or a debugger")
        server.signal(signal.SIGCONT)
        server.kill()
        daemon.wait_until("the server's death", lambda: [
            line for line in self.lines(world)
            if line["figure"] == "crashed" and line["state"] == "firing"])
        self.lives(self.lines(world))
        daemon.stop()

    def test_a_daemon_that_is_killed_goes_on_with_its_alerts(self):
        world = self.world()
        daemon = world.daemon(alerts='clear_after = "1h"')
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["state"] == "live")
        server.kill()

        def active(report):
            return [
                one["id"] for one in report["alerts"]["active"] if one["alert"] == "server_down"
            ]
        before = active(daemon.report_when("the alert", active))
        self.assertEqual(len(before), 1)
        saved = world.state / "state"
        written_ns = saved.stat().st_mtime_ns
        daemon.wait_until("the state after it", lambda: saved.stat().st_mtime_ns > written_ns)
        daemon.kill()
        daemon = world.daemon(alerts='clear_after = "1h"')
        self.assertEqual(active(daemon.report()), before)
        daemon.stop()
        fired = [
            line for line in self.lines(world)
            if line["alert"] == "server_down" and line["state"] == "firing"
        ]
        self.assertEqual([line["id"] for line in fired], before)
        self.lives(self.lines(world))


if __name__ == "__main__":
    harness.main()

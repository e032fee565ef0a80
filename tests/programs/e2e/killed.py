#!/usr/bin/env python3
"""A daemon that is killed again and again, in the middle of real incidents: the alert log has each
line once. Nothing is repeated, and nothing is forgotten.

RINGSIDE_SEED=N gives the same kills again, as far as the machine allows."""

import signal
import time

import alerts
import harness
from harness import sized

SETTINGS = {
    "tick": "200ms",
    "alerts": 'clear_after = "400ms"',
    "tables": '[alerts.incidents]\nquiet = "400ms"\nmost_doublings = 0\n' + harness.ANY_HOST,
}


class Killed(alerts.Log, harness.Scenario):
    def whole_lines(self, world):
        """A kill may cut off the line that is being written. It is written again."""
        text = world.alert_log.read_text(encoding="utf-8") if world.alert_log.exists() else ""
        return [alerts.parse(line) for line in text.splitlines() if line.endswith('"')]

    def wait_for_the_kill(self, world, numbers):
        """Waits for a random moment: any time, or just when the log or the state is written. That
        is where a line could be lost or repeated."""
        until = time.monotonic() + numbers.uniform(0.0, sized(1.5, 4))
        watched = numbers.choice([None, world.alert_log, world.state / "state"])

        def written():
            try:
                found = watched.stat()
                return found.st_size, found.st_mtime_ns
            except (AttributeError, FileNotFoundError):
                return None
        if watched is world.alert_log:
            until += 1
        before = written()
        while time.monotonic() < until:
            if watched and written() != before:
                return
            time.sleep(0.0002)

    def test_each_line_of_an_incident_is_written_once(self):
        numbers = harness.seed()
        world = self.world()
        server = world.server("--db-busy-ms", 50)
        port = server.port
        load = world.load(server,
                          "--incident", f"locked-database:db={world.directory}/chat.db@2+3",
                          "--incident", f"locked-database:db={world.directory}/chat.db@12+3",
                          rate=sized(300, 100),
                          seconds=600).begun()
        end = time.monotonic() + sized(30, 60)
        next_crash = time.monotonic() + 8
        daemon = harness.Daemon(world, world.write_config(**SETTINGS))
        kills = 0
        while time.monotonic() < end:
            self.wait_for_the_kill(world, numbers)
            daemon.kill()
            kills += 1
            if time.monotonic() > next_crash:   # the server, too: an incident that is a fact
                server.kill()
                server = world.server("--db-busy-ms", 50, port=port)
                next_crash = time.monotonic() + numbers.uniform(6, 9)
            daemon = harness.Daemon(world, world.write_config(**SETTINGS))
        daemon.started()
        load.signal(signal.SIGINT)

        def all_over(report):
            incidents = report["alerts"]["incidents"]
            return incidents and not report["alerts"]["active"] and all(
                one["ended_at"] for one in incidents)
        report = daemon.report_when("the end of all incidents", all_over, 120)
        daemon.stop()
        server.stop()
        lines = self.whole_lines(world)
        print(f"{kills} kills, {len(lines)} lines", flush=True)
        stories = {}
        for line in lines:
            if line["state"] not in alerts.NEXT:
                stories.setdefault(line["incident"], []).append(line["state"])
        for incident, states in stories.items():
            self.assertRegex(" ".join(states), r"^begun( risen){0,2} ended$", incident)
        self.assertEqual({one["id"] for one in report["alerts"]["incidents"]}, set(stories))
        # A database that is locked while its server crashes may be one story. It has many lines.
        self.assertGreaterEqual(len(stories), 1)
        self.assertGreater(len(lines), 20)
        self.assertGreater(kills, 10)
        self.assertEqual(len({str(line) for line in lines}), len(lines))
        self.lives(lines)


if __name__ == "__main__":
    harness.main()

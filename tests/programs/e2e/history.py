#!/usr/bin/env python3
"""The history of a real daemon: killed, restarted, on a full disk, and asked with sqlite3."""

import contextlib
import json
import re
import resource
import sqlite3
import subprocess
import time
from pathlib import Path

import harness
from harness import sized

README = Path(__file__).resolve().parents[3] / "daemon" / "history" / "README.md"
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def rows(path, query):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as history:
        return history.execute(query).fetchall()


class History(harness.Scenario):
    def calls(self, world):
        """The calls of each operation, as the history has them."""
        return dict(rows(world.state / "history.db",
                         "SELECT operation, sum(calls) FROM operation_minutes GROUP BY operation"))

    def counted(self, report):
        """The same as the metrics have them."""
        return {one["name"]: one["windows"]["since_start"]["count"] for one in report["operations"]
                if one["windows"]["since_start"]["count"] > 0}

    def test_it_has_every_call_once_after_kills_and_restarts(self):
        numbers = harness.seed()
        world = self.world()
        server = world.server()
        load = world.load(server, rate=sized(500, 100), seconds=600).begun()
        end = time.monotonic() + sized(20, 40)
        kills = 0
        while time.monotonic() < end:
            daemon = world.daemon(tick="200ms").started()
            until = time.monotonic() + numbers.uniform(0.5, 3)
            while time.monotonic() < until:
                time.sleep(0.01)
            if kills % 3 == 2:
                daemon.stop()   # in order: the minute under way is written
            else:
                daemon.kill()
            kills += 1
        load.interrupted()
        daemon = world.daemon(tick="200ms").started()
        server.stop()
        report = daemon.report()
        daemon.stop()
        self.assertEqual(self.calls(world), self.counted(world.report()))
        self.assertGreater(sum(self.counted(report).values()), 1000)
        # The reports read it: the minutes that are over stand in the next one.
        daemon = world.daemon(tick="200ms").started()
        shown = daemon.report()["history"]
        daemon.stop()
        self.assertGreater(sum(point["count"] or 0 for point in shown["points"]), 1000)
        self.assertIn("server_start", [mark["kind"] for mark in shown["marks"]])
        kinds = [kind for kind, in rows(world.state / "history.db", "SELECT kind FROM marks")]
        self.assertEqual(kinds.count("server_start"), 1)
        self.assertEqual(kinds.count("server_end"), 1)
        self.assertGreaterEqual(kinds.count("daemon_start"), kills // 3)

    def test_a_full_disk_loses_nothing_and_stops_nothing(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=2).result()
        # Too small for the journal of a batch. The alert log and the state need less.
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        daemon.reload()   # hands over the minute under way
        daemon.says("cannot write the history", seconds=60)
        daemon.says("make room on the disk", seconds=1)
        world.load(server, rate=200, seconds=2).result()
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        daemon.says("the history is written again; 0 batches were dropped", seconds=60)
        server.stop()
        daemon.stop()
        self.assertEqual(self.calls(world), self.counted(world.report()))

    def test_a_report_of_the_past_says_what_the_history_holds(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=2).result()
        server.stop()
        live = daemon.report()
        daemon.stop()
        history = str(world.state / "history.db")
        # Of a history alone: no daemon, no ring.
        ended = world.run("ringside", "report", history, "--format", "json")
        self.assertEqual((ended.code, ended.err), (0, ""))
        past = json.loads(ended.out)
        self.assertEqual(self.counted(past), self.counted(live))
        self.assertEqual(self.counted(past), self.calls(world))

        def errors(report):
            return {(one["operation"], one["code"], one["name"], one["outcome"],
                     one["count"]["since_start"])
                    for one in report["errors"]}
        self.assertEqual(errors(past), errors(live))
        self.assertEqual(past["rings"][0]["state"], "closed")
        for form, begin in (("text", "Ringside report"), ("markdown", "# "),
                            ("html", "<!doctype html>")):
            path = world.directory / f"past.{form}"
            ended = world.run("ringside", "report", history, "--format", form, "-o", str(path))
            self.assertEqual((ended.code, ended.out, ended.err), (0, "", ""))
            self.assertTrue(path.read_text(encoding="utf-8").lower().startswith(begin.lower()), form)
        one = world.run("ringside", "report", history, "--operation", "SEND_MESSAGE", "--format",
                        "json")
        self.assertEqual(set(self.counted(json.loads(one.out))), {"SEND_MESSAGE"})
        # The books are the ring's.
        self.assertEqual(json.loads(one.out)["books"], past["books"])
        for arguments, words in (
                (["--operation", "SING"], "--operation 'SING' is not in that span; it has: "),
                (["--ring", "other"], "--ring 'other' is not in that span; it has: " + world.ring),
                (["--since", "yesterday"], "--since 'yesterday': expected a UTC time"),
                (["--since", "2020-01-01", "--until", "2020-01-02"], "it holds nothing of 2020"),
                (["--since", "1h", "--until", "2h"], "is not before --until"),
                (["--since", "2200-01-01"], "the history ends at"),
                (["-o", history], "this is the history itself"),
                (["-o", history + "-wal"], "belongs to it"),
                (["-o", history + ".baseline"], "belongs to it"),
                (["-o", "/dev/full"], "No space left on device"),
                (["-o", "/nowhere/past.txt"], "/nowhere")):
            ended = world.run("ringside", "report", history, *arguments)
            self.assertEqual((ended.code, ended.out), (1, ""), arguments)
            self.assertIn(words, ended.err)
            self.assertIn("next: ", ended.err)
        ended = world.run("ringside", "report", str(world.state / "none.db"))
        self.assertEqual(ended.code, 1)
        self.assertIn("there is no history", ended.err)

    def past(self, world, *arguments):
        ended = world.run("ringside", "report", str(world.state / "history.db"), "--format", "json",
                          *arguments)
        self.assertEqual((ended.code, ended.err), (0, ""))
        return json.loads(ended.out)

    def test_a_report_of_the_past_judges_by_the_thresholds_of_then(self):
        world = self.world()
        server = world.server()
        path = world.write_config(tick="200ms", alerts="min_samples = 21")
        daemon = harness.Daemon(world, path).started()
        world.load(server, rate=200, seconds=2).result()
        of_then = '[thresholds]\nresponse_time = "77ms"\nconnections = 123\n'
        world.write_config(tick="200ms", tables=of_then)
        daemon.reload()
        server.stop()
        live = daemon.report()
        daemon.stop()
        past = self.past(world)
        changed = [one["configuration_changed"] for one in past["history"]["configurations"]]
        self.assertEqual(len(changed), 2)
        self.assertIn("min_samples = 21", changed[0])
        self.assertEqual(changed[1], live["configuration_changed"])
        self.assertEqual(past["history"]["configurations"][1]["thresholds"], live["thresholds"])
        # A daemon that starts with the same configuration adds nothing; one with another does.
        for tables, expected in ((of_then, 2), ("", 3)):
            world.write_config(tick="200ms", tables=tables)
            daemon = harness.Daemon(world, path).started()
            daemon.stop()
            shown = self.past(world)["history"]["configurations"]
            self.assertEqual(len(shown), expected)
        text = world.run("ringside", "report", str(world.state / "history.db"))
        self.assertNotIn("default thresholds", text.out)

    def deploys(self, world):
        return [text for text, in rows(world.state / "history.db",
                                       "SELECT text FROM marks WHERE kind = 'deploy' "
                                       "ORDER BY wall_ns")]

    def seen(self, world, daemon):
        """Waits until the daemon reads a server, and returns the ring as its report shows it."""
        report = daemon.report_when("a living ring",
                                    lambda report: report["rings"][0]["state"] == "live")
        self.assertEqual(report["rings"][0]["name"], world.ring)
        return report["rings"][0]

    def test_a_server_of_another_build_or_configuration_is_a_deploy(self):
        world = self.world()
        daemon = world.daemon(tick="200ms")
        server = world.server()
        first = self.seen(world, daemon)
        notes = subprocess.run(["readelf", "-n", world.program("ringside-chatd")],
                               capture_output=True, text=True, timeout=30, check=True).stdout
        linked = re.search(r"Build ID: ([0-9a-f]{12})", notes)
        self.assertIsNotNone(linked, notes)
        self.assertRegex(first["build_id"], r"^\d+\.\d+\.\d+\+" + linked.group(1) + "$")
        self.assertRegex(first["configuration_digest"], "^[0-9a-f]{16}$")
        inspected = world.inspect()
        self.assertEqual([inspected["build_id"], inspected["configuration_digest"]],
                         [first["build_id"], first["configuration_digest"]])
        # The same again is none, whoever was there.
        server.stop()
        server = world.server()
        self.assertEqual(self.seen(world, daemon)["configuration_digest"],
                         first["configuration_digest"])
        daemon.stop()
        self.assertEqual(self.deploys(world), [])
        # Replaced while no daemon was there.
        server.stop()
        server = world.server("--slow-query-ms", 50)
        daemon = world.daemon(tick="200ms")
        second = self.seen(world, daemon)
        self.assertEqual(second["build_id"], first["build_id"])
        self.assertNotEqual(second["configuration_digest"], first["configuration_digest"])
        server.stop()
        # Replaced by another build while the daemon goes on.
        short = harness.BIN.parent / "tests" / "ringside_e2e_short_server"
        other = world.start(short, 100, 100, 600_000, "9.9-other", RINGSIDE_RING=world.ring)
        other.says("written")
        daemon.report_when("the other build",
                           lambda report: report["rings"][0]["build_id"] == "9.9-other")
        daemon.stop()
        deploys = self.deploys(world)
        self.assertEqual(len(deploys), 2)
        self.assertEqual(deploys[0], f"configuration {second['configuration_digest']}, before "
                         f"{first['configuration_digest']}")
        self.assertTrue(deploys[1].startswith(f"build 9.9-other, before {first['build_id']}; "),
                        deploys[1])
        past = self.past(world)
        self.assertEqual(past["rings"][0]["build_id"], "9.9-other")
        self.assertEqual([mark["kind"] for mark in past["history"]["marks"]].count("deploy"), 2)
        self.assertEqual([one["build_id"] for one in past["history"]["builds"]],
                         [first["build_id"], first["build_id"], "9.9-other"])
        other.kill()

    def test_the_queries_of_the_readme_run(self):
        queries = re.findall(r"```sql\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
        self.assertGreater(len(queries), 5)
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=2).result()
        daemon.reload()   # hands over the minute under way
        harness.wait_for("the first minute", lambda: (world.state / "history.db").exists() and
                         self.calls(world))
        for query in queries:
            done = subprocess.run(
                ["sqlite3", "-readonly", "-bail", world.state / "history.db", query],
                capture_output=True, text=True, timeout=30)
            self.assertEqual((done.returncode, done.stderr), (0, ""), query)
            if not any(rare in query for rare in ("LOGIN_FAILED", "minute_errors", "advice")):
                self.assertTrue(done.stdout, query)
        daemon.stop()
        server.stop()

    def test_advice_of_the_days_before_is_in_the_report_with_its_deploy(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=2).result()
        daemon.stop()
        server.stop()
        path = world.state / "history.db"
        now = time.time_ns()
        hour = 3_600_000_000_000
        with contextlib.closing(sqlite3.connect(path)) as history:
            starts = history.execute("SELECT ring FROM marks WHERE kind = 'server_start'")
            ring = starts.fetchone()[0]
            last = now - 30 * hour
            history.execute(
                "INSERT INTO advice VALUES ('stage', '', 'database', ?, ?, 'ns', 9e9, 8e9, ?, ?, 3,"
                " 4e9, 'Make the database stage cheaper.', 'half of the time', 'a quarter')",
                (last - 5 * hour, last, last + hour, last + 3 * hour))
            history.execute("INSERT INTO marks VALUES (?, 'deploy', ?, 'build 2, before 1')",
                            (last + hour // 2, ring))
            history.commit()
        past = self.past(world)
        advice, = past["analysis"]["advice"]
        self.assertEqual(advice["state"], "followed")
        self.assertEqual(advice["followed_by"]["text"], "build 2, before 1")
        self.assertEqual(advice["figure_then"], 9e9)
        self.assertLess(advice["figure"], 1e9)   # of the calls that this report is about
        self.assertIn("1 of earlier followed", world.run("ringside", "report", str(path)).out)
        page = world.run("ringside", "report", str(path), "--format", "html").out
        self.assertIn("Earlier advice, and what became of it", page)
        self.assertIn("followed by a deploy at", page)

    def test_a_file_of_version_1_goes_on_with_all_that_it_holds(self):
        world = self.world()
        path = world.state / "history.db"
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=2).result()
        daemon.stop()
        calls = self.calls(world)
        with contextlib.closing(sqlite3.connect(path)) as history:
            for table in ("configurations", "operation_thresholds", "declared_thresholds",
                          "builds", "advice"):
                history.execute(f"DROP TABLE {table}")
            history.execute("PRAGMA user_version = 1")
        ended = world.run("ringside", "report", str(path))
        self.assertEqual(ended.code, 1)
        self.assertIn("next: start the daemon on it once", ended.err)
        daemon = world.daemon(tick="200ms").started()
        server.stop()
        daemon.stop()
        self.assertEqual(self.calls(world), calls)
        past = self.past(world)
        self.assertEqual(self.counted(past), calls)
        self.assertEqual(len(past["history"]["configurations"]), 1)

    def test_a_newer_file_is_left_alone_and_alerts_go_on(self):
        world = self.world()
        world.state.mkdir(parents=True, exist_ok=True)
        path = world.state / "history.db"
        server = world.server()
        daemon = world.daemon().started()
        daemon.stop()
        with contextlib.closing(sqlite3.connect(path)) as history:
            history.execute("PRAGMA user_version = 99")
        before = path.read_bytes()
        daemon = world.daemon().started()
        daemon.says("this history is of version 99")
        daemon.says("the daemon goes on without a history")
        daemon.stop()
        server.stop()
        self.assertEqual(path.read_bytes(), before)


if __name__ == "__main__":
    harness.main()

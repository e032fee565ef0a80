#!/usr/bin/env python3
"""`ringside top` and `ringside hist` where there is no ring: of a history that a real daemon wrote,
and of a running daemon. Held against what `ringside report` and sqlite3 say of the same."""

import contextlib
import json
import os
import shutil
import sqlite3
import time

import harness
import histories

NOBODY = 65534
QUANTILES = ("p50_ns", "p95_ns", "p99_ns")


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(seconds))


class Pasts(harness.Scenario):
    def of_history(self, rate=300, seconds=3):
        """A history of real minutes, and of the same ones an hour before."""
        world = histories.recorded(self, rate, seconds)
        self.history = str(world.state / "history.db")
        with histories.changed(self.history) as history:
            for table in ("minutes", "minute_errors", "ring_minutes"):
                columns = histories.columns_of(history, table)
                moved = ", ".join("begin - 3600" if one == "begin" else one for one in columns)
                history.execute(f"INSERT INTO {table} SELECT {moved} FROM {table}")
        return world

    def asked(self, query, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.history}?mode=ro", uri=True)) as base:
            return base.execute(query, values).fetchall()

    def said(self, world, *arguments, code=0):
        ended = world.run("ringside", *arguments)
        self.assertEqual(ended.code, code, f"{arguments}: {ended.out}{ended.err}")
        return ended

    def json_of(self, world, *arguments):
        return json.loads(self.said(world, *arguments, "--json").out)

    def refused(self, world, *arguments, code, words):
        ended = self.said(world, *arguments, code=code)
        self.assertEqual(ended.out, "")
        for one in (*words, "\n  next: "):
            self.assertIn(one, ended.err, arguments)

    def test_each_minute_has_the_figures_of_the_report_and_of_the_database(self):
        world = self.of_history()
        minutes = [begin for begin, in self.asked("SELECT DISTINCT begin FROM minutes ORDER BY 1")]
        self.assertGreaterEqual(len(minutes), 2)
        for begin in minutes:
            found = self.json_of(world, "top", "--history", self.history, "--at", instant(begin))
            self.assertEqual((found["from"], found["window_seconds"]), ("history", 60))
            self.assertEqual(found["begin"][:16], instant(begin)[:16])
            shown = {one["name"]: one for kind in ("operations", "events") for one in found[kind]}
            counted = self.asked(
                "SELECT name, recorded + skipped, error + timeout, rejected + denied + limited"
                " FROM minutes JOIN series ON id = series WHERE begin = ?", begin)
            self.assertGreater(len(counted), 10)
            for name, count, errors, refusals in counted:
                one = shown[name]
                self.assertEqual((one["count"], one["errors"], one["refused"]),
                                 (count, errors, refusals), name)
            self.assertEqual(found["records"]["shown"], sum(row[1] for row in counted))
            report = json.loads(self.said(
                world, "report", self.history, "--since", instant(begin), "--until",
                instant(begin + 60), "--format", "json").out)
            held = 0
            for one in report["operations"] + report["events"]:
                window = one["windows"]["since_start"]
                if window["timed"] == 0:
                    continue
                held += 1
                for name in (*QUANTILES, "max_ns"):
                    self.assertAlmostEqual(shown[one["name"]][name], window[name], delta=1,
                                           msg=f"{one['name']} {name}")
            self.assertGreater(held, 10)
            errors = sorted((one["operation"], one["outcome"], one["count"])
                            for one in found["errors"])
            self.assertEqual(errors, sorted((one["operation"], one["outcome"],
                                             one["count"]["since_start"])
                                            for one in report["errors"]))
        # Of all of them, as a histogram.
        hist = self.json_of(world, "hist", "--history", self.history, "--by", "op")
        timed = dict(self.asked("SELECT name, sum(timed) FROM minutes JOIN series ON id = series"
                                " GROUP BY name HAVING sum(timed) > 0"))
        self.assertEqual({one["name"]: one["count"] for one in hist["groups"]}, timed)
        for one in hist["groups"]:
            self.assertEqual(sum(bucket["count"] for bucket in one["buckets"]), one["count"])
        first = minutes[0]
        one = self.json_of(world, "hist", "--history", self.history, "--since", instant(first),
                           "--until", instant(first + 60), "--op", "SEND_MESSAGE")
        at = self.json_of(world, "hist", "--history", self.history, "--at", instant(first), "--op",
                          "SEND_MESSAGE")
        self.assertEqual(one, at)
        (count, longest), = self.asked(
            "SELECT timed, max_ns FROM minutes JOIN series ON id = series WHERE begin = ? AND name"
            " = 'SEND_MESSAGE'", first)
        self.assertEqual((one["groups"][0]["count"], one["groups"][0]["max_ns"]), (count, longest))
        # The same hour, and the one before, hold the same.
        both = self.json_of(world, "hist", "--history", self.history, "--since",
                            instant(minutes[-1]), "--compare-since", instant(first),
                            "--compare-until", instant(first + 1800))
        if len(minutes) == 2:
            self.assertEqual(both["groups"][0]["buckets"], both["compared_with"][0]["buckets"])

    def test_text_says_which_minutes_and_what_is_missing(self):
        world = self.of_history(rate=100, seconds=1)
        ended = self.said(world, "top", "--history", self.history, "--once", "--op", "SEND_*")
        for words in ("HISTORY", "window 1 min", "whole minutes, at the end", "SEND_MESSAGE",
                      "filter: as the command line says"):
            self.assertIn(words, ended.out)
        self.assertNotIn("LIST_ROOMS", ended.out)
        self.assertRegex(ended.err, r"ringside top: .*history\.db, [0-9TZ:-]+ to [0-9TZ:-]+: "
                                    r"[0-9,]+ calls and events, [0-9,]+ filtered out, 0 lost")
        ended = self.said(world, "hist", "--history", self.history)
        self.assertIn("p95", ended.out)
        self.assertIn("history.db, ", ended.out)
        ended = self.said(world, "hist", "--history", self.history, "--heatmap")
        self.assertIn(" UTC", ended.out)
        self.assertLess(max(map(len, ended.out.splitlines())), 80)

    def test_what_is_wrong_is_said_with_what_to_do(self):
        world = self.of_history(rate=100, seconds=1)
        here = ("--history", self.history)
        end, = self.asked("SELECT max(begin) + 60 FROM minutes")[0]
        for arguments, code, words in (
                ((*here, "--at", "2020-01-01"), 2, ("lies outside", instant(end))),
                ((*here, "--at", "soon"), 2, ("found `soon`, expected a moment",)),
                ((*here, "--min-latency", "5ms"), 2, ("no single calls", "--op 'SEND_*'")),
                ((*here, "--actor", "alice"), 2, ("no single calls", "^")),
                ((*here, "--stage", "database>5ms"), 2, ("no single calls",)),
                ((*here, "-q", "op = A and outcome = ok"), 2, ("no single calls", "^")),
                ((*here, "--ring", "none-such"), 1, ("no ring `none-such`", world.ring)),
        ):
            self.refused(world, "top", *arguments, code=code, words=words)
            self.refused(world, "hist", *arguments, code=code, words=words)
        self.refused(world, "top", *here, "--window", "10s", code=2, words=("--window", "5m"))
        self.refused(world, "hist", *here, "--by", "thread", code=2, words=("--by",))
        self.refused(world, "hist", *here, "--since", "2200-01-01", code=2,
                     words=("the history ends at",))
        self.refused(world, "top", world.ring, "--window", "5m", code=2, words=("1s, 10s and 60s",))
        for both in ((*here, "--socket", "/tmp/s"), (world.ring, *here)):
            self.assertEqual(world.run("ringside", "top", *both).code, 2, both)

        def copied(name):
            path = world.directory / name
            shutil.copy(self.history, path)
            return path

        half = copied("half.db")
        os.truncate(half, half.stat().st_size // 2)
        newer = copied("newer.db")
        with contextlib.closing(sqlite3.connect(newer)) as base:
            base.execute("PRAGMA user_version = 99")
        locked = copied("locked.db")
        locked.chmod(0)
        wrong = [(half, "next: read a copy that is whole", None),
                 (newer, "is of version 99", None),
                 (world.directory / "none.db", "there is no history", None),
                 (world.state / "state", "cannot read the history", None)]
        if os.geteuid() == 0:
            wrong.append((locked, "may be read", NOBODY))
        for path, words, user in wrong:
            for command in ("top", "hist"):
                ended = world.run("ringside", command, "--history", path, "--json", user=user)
                self.assertEqual((ended.code, ended.out), (1, ""), (path, ended.err))
                self.assertIn(words, ended.err)
                self.assertIn(str(path), ended.err)
                self.assertIn("\n  next: ", ended.err)

    def test_a_running_daemon_has_a_now_and_a_past(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=300, seconds=3, clients=8).result()
        written = world.inspect()["written"]
        socket = ("--socket", world.state / "ringsided.sock")

        def now():
            """What the tool and the report say of the same records."""
            found = self.json_of(world, "top", *socket, "--window", "1h")
            report = json.loads(self.said(world, "report", *socket, "--format", "json").out)
            known = sum(one["windows"]["1h"]["count"]
                        for one in report["operations"] + report["events"])
            # The server still closes what its clients have left.
            shown = found["records"]["shown"]
            return (found, report) if shown == known and shown >= written else None
        found, report = harness.wait_for("all that was written", now)
        self.assertEqual((found["from"], found["state"], found["pid"]),
                         ("daemon", "live", daemon.pid))
        shown = {one["name"]: one for kind in ("operations", "events") for one in found[kind]}
        held = 0
        for one in report["operations"] + report["events"]:
            window = one["windows"]["1h"]
            mine = shown[one["name"]]
            self.assertEqual(mine["count"], window["count"], one["name"])
            if window["timed"]:
                held += 1
                for name in (*QUANTILES, "max_ns"):
                    self.assertAlmostEqual(mine[name], window[name], delta=1)
        self.assertGreater(held, 10)
        self.assertEqual({one["lane"] for one in found["lanes"]},
                         {one["lane"] for one in report["lanes"]
                          if one["books"]["written"] or one["state"] == "owned"})
        self.assertGreater(len(found["actors"]), 3)
        self.assertEqual(
            sorted((one["operation"], one["outcome"], one["count"]) for one in found["errors"]),
            sorted((one["operation"], one["outcome"], one["count"]["1h"])
                   for one in report["errors"]))
        hist = self.json_of(world, "hist", *socket, "--by", "op")
        self.assertEqual({one["name"]: one["count"] for one in hist["groups"]},
                         {name: one["count"] for name, one in shown.items()
                          if one["p50_ns"] is not None})

        # The minute under way is handed over, and is the past.
        daemon.reload()
        harness.wait_for("a minute", lambda: self.first_minute(world))
        begin, counted = self.first_minute(world)
        past = self.json_of(world, "top", *socket, "--at", instant(begin))
        self.assertEqual((past["begin"][:16], past["window_seconds"]), (instant(begin)[:16], 60))
        self.assertEqual({one["name"]: one["count"] for one in past["operations"]}, counted)
        file = self.json_of(world, "top", "--history", world.state / "history.db", "--at",
                            instant(begin))
        for one, other in zip(past["operations"], file["operations"], strict=True):
            self.assertEqual((one["name"], one["p95_ns"], one["errors"]),
                             (other["name"], other["p95_ns"], other["errors"]))
        one = self.json_of(world, "hist", *socket, "--at", instant(begin), "--by", "op")
        other = self.json_of(world, "hist", "--history", world.state / "history.db", "--at",
                             instant(begin), "--by", "op")
        self.assertEqual(one, other)

        self.refused(world, "top", *socket, "--ring", "none-such", code=1,
                     words=("none-such", world.ring))
        self.refused(world, "top", *socket, "--lane", "1", code=2, words=("no single calls",))
        self.refused(world, "hist", *socket, "--heatmap", code=2, words=("--history FILE",))
        server.stop()
        daemon.stop()
        for command in ("top", "hist"):
            self.refused(world, command, *socket, "--json", code=1,
                         words=("cannot reach the daemon", "or: --history FILE"))

    def first_minute(self, world):
        """Of what the daemon has written of its first minute: its begin, and calls by operation."""
        self.history = world.state / "history.db"
        if not self.history.exists():
            return None
        rows = self.asked("SELECT begin, name, recorded + skipped FROM minutes JOIN series ON id ="
                          " series WHERE event = 0 AND begin = (SELECT min(begin) FROM minutes)")
        return (rows[0][0], {name: count for _, name, count in rows}) if rows else None


if __name__ == "__main__":
    harness.main()

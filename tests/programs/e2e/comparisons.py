#!/usr/bin/env python3
"""`ringside report --compare-to` and `--pin-baseline`, on the history of a real daemon that is made
longer with sqlite3."""

import datetime
import json
import os

import harness
from histories import DAY, changed, columns_of, recorded


def utc(wall_s, form="%Y-%m-%dT%H:%MZ"):
    return datetime.datetime.fromtimestamp(wall_s, datetime.timezone.utc).strftime(form)


class Comparisons(harness.Scenario):
    def history(self, days):
        """A history of one hour, and of that hour on each of the days before. Of the last hour,
        the database takes twice the time. Returns its world, its path and the end of the hour."""
        world = recorded(self, rate=400, seconds=3)
        path = world.state / "history.db"
        with changed(path) as history:
            (end,) = history.execute("SELECT max(begin) + 60 FROM ring_minutes").fetchone()
            # One minute that has all, so that each has the same.
            for table, key in (("minutes", "series"), ("ring_minutes", "ring")):
                columns = columns_of(history, table)
                rows = history.execute(
                    f"SELECT {', '.join(columns)} FROM {table} m WHERE {self.most(table)}"
                    f" GROUP BY {key}").fetchall()
                history.execute(f"DELETE FROM {table}")
                for row in rows:
                    values = dict(zip(columns, row))
                    if table == "ring_minutes":
                        values["observed_ms"] = 60_000
                    for day in range(days + 1):
                        for minute in range(60):
                            self.insert(history, table, {
                                **values, "again": 0, "begin": end - day * DAY - 60 * (minute + 1)})
            history.execute("DELETE FROM minute_errors")
            # Whatever the stage is numbered, its time is doubled.
            stage = self.database_stage(history)
            history.execute(f"UPDATE minutes SET {stage}_ns = {stage}_ns * 2 WHERE begin >= ?",
                            (end - 3600,))
        return world, str(path), end

    @staticmethod
    def most(table):
        other = "recorded" if table == "minutes" else "observed_ms"
        key = "series" if table == "minutes" else "ring"
        return f"{other} = (SELECT max({other}) FROM {table} o WHERE o.{key} = m.{key})"

    @staticmethod
    def insert(history, table, values):
        history.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
            list(values.values()))

    def database_stage(self, history):
        row = history.execute(
            "SELECT stage1, stage2, stage3, stage4, stage5, stage6 FROM series"
            " WHERE name = 'SEND_MESSAGE'").fetchone()
        return f"stage{row.index('database') + 1}"

    def compared(self, world, path, *arguments):
        ended = world.run("ringside", "report", path, "--format", "json", *arguments)
        self.assertEqual((ended.code, ended.err), (0, ""), arguments)
        return json.loads(ended.out)["comparison"]

    def refused(self, world, *arguments):
        ended = world.run("ringside", "report", *arguments)
        self.assertEqual((ended.code, ended.out), (1, ""), arguments)
        self.assertIn("next: ", ended.err)
        return ended.err

    def test_the_same_hours_of_another_day_are_compared(self):
        world, path, end = self.history(days=3)
        hour = ("--since", utc(end - 3600))
        for asked in ("yesterday", "-1d", "24h", utc(end - 3600 - DAY, "%Y-%m-%d"),
                      f"{utc(end - 3600 - DAY)}..{utc(end - DAY)}"):
            comparison = self.compared(world, path, *hour, "--compare-to", asked)
            with self.subTest(asked=asked):
                self.assertEqual(comparison["begin_at"][:17] + "Z",
                                 utc(end - 3600 - DAY, "%Y-%m-%dT%H:%M:Z"))
                self.assertEqual(comparison["asked"], asked)
                self.assertEqual(comparison["observed_seconds"], 3600)
                send = next(one for one in comparison["operations"]
                            if one["operation"] == "SEND_MESSAGE")
                self.assertEqual(send["kind"], "slower")
                self.assertEqual(send["then"], send["now"])  # but for the stage
                self.assertIn("100 % more time in stage database than it did from ", send["text"])
                changed = [one for one in send["figures"] if one["changed"]]
                self.assertEqual([one["stage"] for one in changed], ["database"])
                self.assertAlmostEqual(changed[0]["now"], 2 * changed[0]["then"], delta=1)
        # Two days that are alike; an earlier hour against the one before it holds nothing.
        before = ("--since", utc(end - 3600 - DAY), "--until", utc(end - DAY))
        comparison = self.compared(world, path, *before, "--compare-to", "yesterday")
        self.assertEqual({one["kind"] for one in comparison["operations"]} - {"unknown"}, {"same"})
        self.assertIn("no slower and no faster than they were from ", comparison["verdict"])
        one = self.compared(world, path, *hour, "--compare-to", "1d", "--operation", "SEND_MESSAGE")
        self.assertEqual([each["operation"] for each in one["operations"]], ["SEND_MESSAGE"])
        for form in ("text", "markdown", "html"):
            ended = world.run("ringside", "report", path, *hour, "--compare-to", "1d", "--format",
                              form)
            self.assertEqual(ended.code, 0)
            self.assertIn("SEND_MESSAGE takes 100 % more time in stage database", ended.out)
        self.assertIsNone(self.compared(world, path, *hour))

    def test_what_cannot_be_compared_is_refused_and_says_why(self):
        world, path, end = self.history(days=1)
        hour = ("--since", utc(end - 3600))
        for asked, words in (
                ("7d", "the history holds nothing of it, only "),
                ("12h", "the history holds nothing of it: no daemon was running"),
                ("30min", "it overlaps the span that is reported"),
                ("2026-02-31", "expected a day (2026-11-26), a UTC time, so long before (7d)"),
                (f"{utc(end)}..{utc(end - 60)}", "is not before"),
                ("baseline", "--compare-to baseline: " + path + " has none")):
            with self.subTest(asked=asked):
                self.assertIn(words, self.refused(world, path, *hour, "--compare-to", asked))

    def test_a_baseline_is_pinned_beside_a_running_daemon_and_compared_with(self):
        world, path, end = self.history(days=2)
        # The days between the hours: seen, and with nothing in them.
        with changed(path) as history:
            rings = history.execute("SELECT DISTINCT ring FROM ring_minutes").fetchall()
            for (ring,) in rings:
                for begin in range(end - 2 * DAY - 3600, end - 3600, 60):
                    history.execute("INSERT OR IGNORE INTO ring_minutes (begin, ring, again,"
                                    " observed_ms, lost) VALUES (?, ?, 0, 60000, 0)", (begin, ring))
        pinned = path + ".baseline"
        self.assertIn("two days are needed",
                      self.refused(world, path, "--pin-baseline", "--since", utc(end - DAY)))
        self.assertFalse(os.path.exists(pinned))
        daemon = world.daemon(tick="200ms").started()
        span = ("--since", utc(end - 2 * DAY - 3600), "--until", utc(end - 3600))
        ended = world.run("ringside", "report", path, "--pin-baseline", *span)
        self.assertEqual((ended.code, ended.err), (0, ""))
        self.assertIn(f"baseline: {span[1]} to {span[3]}, 2 d 00 h of it seen", ended.out)
        daemon.stop()
        with open(pinned, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["end"], utc(end - 3600, "%Y-%m-%dT%H:%M:00Z"))
        comparison = self.compared(world, path, "--since", utc(end - 3600), "--until", utc(end),
                                   "--compare-to", "baseline")
        self.assertTrue(comparison["by_time_of_day"])
        self.assertEqual(comparison["asked"], "baseline")
        send = next(one for one in comparison["operations"] if one["operation"] == "SEND_MESSAGE")
        self.assertIn("100 % more time in stage database", send["text"])
        # Before the history's name, too; then none, and none again.
        self.assertEqual(world.run("ringside", "report", "--pin-baseline", path, *span).code, 0)
        ended = world.run("ringside", "report", path, "--unpin-baseline")
        self.assertEqual((ended.code, ended.err), (0, ""))
        self.assertIn("the baseline is removed", ended.out)
        self.assertFalse(os.path.exists(pinned))
        ended = world.run("ringside", "report", path, "--unpin-baseline")
        self.assertEqual((ended.code, ended.out), (0, "there was no baseline\n"))
        for wrong in (("--unpin-baseline", "--pin-baseline"), ("--unpin-baseline", "--since", "1h"),
                      ("--pin-baseline", "--compare-to", "1d"), ("--pin-baseline", "-o", "x")):
            ended = world.run("ringside", "report", path, *wrong)
            self.assertEqual((ended.code, ended.out), (2, ""), wrong)
            self.assertIn("excludes", ended.err)
        # A file that is none is refused and stays.
        with open(pinned, "w", encoding="utf-8") as file:
            file.write("{")
        error = self.refused(world, path, "--since", utc(end - 3600), "--compare-to", "baseline")
        self.assertIn("this is no baseline", error)
        os.remove(pinned)
        os.mkdir(pinned)
        self.assertIn(pinned, self.refused(world, path, "--pin-baseline", *span))


if __name__ == "__main__":
    harness.main()

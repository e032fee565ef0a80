#!/usr/bin/env python3
"""The reports that a real daemon writes by itself."""

import json

import harness
from histories import DAY, changed, columns_of, recorded


class Reports(harness.Scenario):
    def test_a_day_that_is_over_has_its_report_when_the_daemon_is_there_again(self):
        world = recorded(self, rate=200, seconds=2)
        # What was today was yesterday, and the day before: it may be midnight just now.
        with changed(world.state / "history.db") as history:
            for table in ("minutes", "ring_minutes"):
                columns = columns_of(history, table)[1:]
                for days in (1, 2):
                    history.execute(
                        f"INSERT INTO {table} (begin, {', '.join(columns)})"
                        f" SELECT begin - {days * DAY}, {', '.join(columns)} FROM {table}"
                        f" WHERE begin > {int(harness.time.time()) - DAY // 2}")
        daemon = world.daemon(tick="200ms", reports="keep = 0\nkeep_daily = 3").started()
        daemon.says("report of 20")
        daemon.reload()
        daemon.stop()
        days = sorted(path.name for path in world.reports.glob("daily-*"))
        self.assertEqual([name.partition(".")[2] for name in days], ["html", "json", "md", "txt"])
        self.assertEqual(len({name.partition(".")[0] for name in days}), 1)
        report = json.loads((world.reports / days[1]).read_text(encoding="utf-8"))
        self.assertEqual(report["past_seconds"], DAY)
        sent = next(one for one in report["operations"] if one["name"] == "SEND_MESSAGE")
        now = next(one for one in world.report()["operations"] if one["name"] == "SEND_MESSAGE")
        self.assertEqual(sent["windows"]["since_start"]["recorded"],
                         now["windows"]["since_start"]["recorded"])
        # Once is enough.
        before = {path: path.stat().st_mtime_ns for path in world.reports.glob("daily-*")}
        daemon = world.daemon(tick="200ms", reports="keep = 0\nkeep_daily = 3").started()
        daemon.report()
        daemon.stop()
        self.assertEqual({path: path.stat().st_mtime_ns for path in world.reports.glob("daily-*")},
                         before)

    def test_reports_that_cannot_be_written_are_said_at_the_start_and_at_a_reload(self):
        world = self.world()
        world.reports.write_text("in the way", encoding="utf-8")
        daemon = world.daemon(tick="200ms").started()
        daemon.says(f"{world.reports}: ")
        daemon.says("reports cannot be written")
        daemon.says("or set reports.directory and send SIGHUP")
        world.reports.unlink()
        daemon.reload()
        daemon.says(f"{world.reports}: reports can be written")
        self.assertEqual(list(world.reports.iterdir()), [])
        daemon.report()
        daemon.stop()


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""An orderly end. Everything is written, the state last, and the exit code says whether it was."""

import resource
import signal
import time

import harness
import ledger
from harness import sized

UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Stops(harness.Scenario):
    def stopped_before_the_next_tick(self, world, server_leaves):
        # No tick comes before the end. So what is read is read at the end.
        daemon = world.daemon(tick="10min")
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["pid"] == server.pid)
        world.load(server, rate=sized(500, 100), seconds=2).result()
        written = server.totals()["written"]
        self.assertGreater(written, 100)
        if server_leaves:
            server.stop()
        daemon.stop()
        self.assertIn("stopped in order; state and reports are written", daemon.log())
        self.assertGreaterEqual(world.report()["books"]["written"], written)
        return server, world.report()["books"]

    def test_what_was_read_at_the_end_is_in_the_books_of_the_next_daemon(self):
        world = self.world()
        _, books = self.stopped_before_the_next_tick(world, server_leaves=True)
        next_daemon = world.daemon(tick="10min")
        self.assertEqual(next_daemon.report()["books"], books)
        next_daemon.stop()

    def test_what_was_read_at_the_end_is_not_read_again_while_the_server_lives(self):
        world = self.world()
        server, books = self.stopped_before_the_next_tick(world, server_leaves=False)
        # If the saved state were older than the books, the next daemon would read records again. So
        # the ring is removed: its books then show what the state alone holds.
        server.kill()
        world.ring_path.unlink()
        next_daemon = world.daemon(tick="10min")
        report = next_daemon.report()
        self.assertEqual(report["books"], books)
        ledger.check_sums(self, report)
        next_daemon.stop()

    def test_an_end_that_cannot_write_says_so_and_is_a_failure(self):
        world = self.world()
        daemon = world.daemon(tick="10min")
        daemon.wait_until("the first state", (world.state / "state").exists)
        world.reports.rmdir()  # made at the start, and empty
        world.reports.write_text("in the way", encoding="utf-8")
        in_the_way = world.state / "state.tmp" / "in the way"
        in_the_way.mkdir(parents=True)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), 1, daemon.log())
        self.assertIn("stopped, but not everything could be written: the state, reports",
                      daemon.log())
        self.assertNotIn("stopped in order", daemon.log())
        self.assertIn(f"{world.reports}: cannot make the directory", daemon.log())
        self.assertIn(f"{world.state}/state.tmp: cannot remove", daemon.log())

    def test_one_report_that_cannot_be_written_is_a_failure_too(self):
        world = self.world()
        daemon = world.daemon(tick="10min")
        (world.reports / "report.json" / "in the way").mkdir(parents=True)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), 1, daemon.log())
        self.assertIn("stopped, but not everything could be written: reports", daemon.log())
        self.assertTrue((world.reports / "report.txt").exists())

    def test_what_waits_for_room_is_written_while_ticks_go_on(self):
        world = self.world()
        daemon = world.daemon(tick="100ms")
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["pid"] == server.pid)
        # No file may grow: a full disk for this process alone. By default SIGXFSZ would kill it.
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        server.kill()
        second = world.server()
        self.serve_a_little(world, second)
        self.assertEqual(world.alert_log.read_text(encoding="utf-8").count("alert=server_down"), 0)
        raised_ns = time.time_ns()
        resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, UNLIMITED)
        daemon.wait_until("the lines that waited", lambda: "alert=server_down state=firing"
                          in world.alert_log.read_text(encoding="utf-8"), 10)
        state = world.state / "state"
        daemon.wait_until("the state", lambda: state.stat().st_mtime_ns > raised_ns, 10)
        daemon.says("alerts.log: cannot write: File too large")
        daemon.says("alerts.log: writable again")
        second.stop()
        daemon.stop()

    def serve_a_little(self, world, server):
        world.load(server, rate=50, seconds=2, clients=5).result()


if __name__ == "__main__":
    harness.main()

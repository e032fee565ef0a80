#!/usr/bin/env python3
"""Rings that come and go. The daemon notices each at once and reads it to the end, by name, path
and pattern, and each ring once."""

import os
from pathlib import Path

import harness
from harness import sized


def short_server():
    return harness.BIN.parent / "tests" / "ringside_e2e_short_server"


class Rings(harness.Scenario):
    def short(self, world, records, per_ms, life_ms, ring=None):
        """Runs a server for its whole life."""
        server = world.start(short_server(),
                             records,
                             per_ms,
                             life_ms,
                             RINGSIDE_RING=ring or world.ring)
        self.assertEqual(server.ended(), 0, server.log())

    def check_all_read(self, report, records):
        self.assertEqual(report["books"]["read"], records)
        self.assertEqual(report["books"]["lost"], 0)
        self.assertTrue(report["books"]["balance"])

    def test_a_burst_right_after_a_server_starts_loses_nothing(self):
        # 50 records a millisecond fill the lane of 4096 in 82 ms. A daemon that looked for new
        # rings every 200 ms would find one in time in two of five cases. Five in a row are no
        # chance.
        world = self.world()
        daemon = world.daemon(tick="1s")
        servers, records = 5, sized(20_000, 4_000)
        for done in range(servers):
            self.short(world, records, sized(50, 10), 0)
            daemon.report_when(
                "the burst read",
                lambda found, done=done: found["books"]["read"] + found["books"]["lost"] ==
                (done + 1) * records)
        report = daemon.report()
        self.check_all_read(report, servers * records)
        self.assertEqual(report["rings"][0]["instances_seen"], servers)
        daemon.stop()

    def test_of_thirty_servers_that_live_fifty_milliseconds_every_one_is_seen(self):
        world = self.world()
        daemon = world.daemon(tick="1s")
        for _ in range(30):
            self.short(world, 10, 10, 50)
        report = daemon.report_when("every server seen",
                                    lambda found: found["rings"][0]["instances_seen"] == 30)
        self.check_all_read(report, 300)
        self.assertEqual(report["rings"][0]["problem"], "")
        self.assertEqual(report["rings"][0]["crashes_seen"], 0)
        daemon.stop()

    def test_a_pattern_follows_every_ring_that_appears(self):
        world = self.world()
        daemon = world.daemon("--ring", f"{world.ring}-*", tick="1s")
        report = daemon.report()
        self.assertEqual([(ring["name"], ring["state"]) for ring in report["rings"]],
                         [(f"{world.ring}-*", "waiting")])
        for number in range(10):
            self.short(world, 10, 10, 50, ring=f"{world.ring}-{number}")
        self.short(world, 10, 10, 0, ring=f"{world.ring}x")  # does not match
        report = daemon.report_when("every ring seen", lambda found: len(found["rings"]) == 10)
        self.check_all_read(report, 100)
        self.assertEqual({ring["name"]
                          for ring in report["rings"]},
                         {f"{world.ring}-{number}"
                          for number in range(10)})
        self.assertEqual({ring["state"] for ring in report["rings"]}, {"closed"})
        # The next daemon's books still have what the first one read.
        daemon.stop()
        daemon = world.daemon("--ring", f"{world.ring}-*", tick="1s")
        self.check_all_read(daemon.report(), 100)
        daemon.stop()

    def test_one_ring_that_is_named_three_times_is_read_once(self):
        world = self.world()
        link = world.directory / "shm"
        link.symlink_to("/dev/shm")
        names = [world.ring, str(world.ring_path), str(link / world.ring_path.name)]
        daemon = world.daemon(rings=names, tick="1s")
        server = world.start(short_server(), 100, 100, 600_000, RINGSIDE_RING=world.ring)
        report = daemon.report_when("all read", lambda found: found["books"]["read"] >= 100)
        server.kill()
        self.check_all_read(report, 100)
        self.assertEqual([ring["name"] for ring in report["rings"]], [world.ring])
        self.assertEqual([(operation["name"], operation["server_count"])
                          for operation in report["operations"] if operation["server_count"]],
                         [("BURST", 100)])
        daemon.stop()

    def test_a_ring_that_was_kept_and_one_that_was_moved_aside_are_read_by_a_daemon_that_comes_later(
            self):
        world = self.world()
        for records in (30, 40):
            server = world.start(short_server(),
                                 records,
                                 records,
                                 600_000,
                                 RINGSIDE_RING=world.ring)
            server.says("written")
            server.kill()
        self.assertTrue(Path(f"{world.ring_path}.previous").exists())
        daemon = world.daemon(tick="1s")
        report = daemon.report_when("both read", lambda found: found["books"]["read"] >= 70)
        self.check_all_read(report, 70)
        self.assertEqual(report["rings"][0]["crashes_seen"], 2)
        daemon.stop()
        os.unlink(f"{world.ring_path}.previous")


if __name__ == "__main__":
    harness.main()

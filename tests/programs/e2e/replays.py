#!/usr/bin/env python3
"""Recordings that are written into a new ring."""

import os
import signal
import struct
import time

import harness
import ledger
from chat import stuck
from harness import sized
from recorded import Recorded, books


class Replays(Recorded):
    def sampled(self, world, every):
        """Switches the sampling of SEND_MESSAGE, as a control command does: words of the ring."""
        names = world.ring_path.read_bytes()[16384:16384 + 192 * 256]
        operation = next(i for i in range(256)
                         if names[192 * i + 16:].split(b"\0", 1)[0] == b"SEND_MESSAGE")
        with open(world.ring_path, "r+b") as ring:
            for table in (0, 1):
                ring.seek(4096 + 64 + 2048 * table + 4 * operation)
                ring.write(struct.pack("<I", every))

    def metrics(self, report, kind):
        """What a daemon knows of each operation or event since it began."""
        known = {}
        for one in report[kind]:
            window = one["windows"]["since_start"]
            if window["count"] == 0:
                continue
            known[one["name"]] = {
                "histogram": {index: count for index, count in window["histogram"]},
                "sum_ns": window["sum_ns"],
                "exact": {key: window[key] for key in
                          ("count", "recorded", "skipped", "errors", "refused", "outcomes", "timed",
                           "negative", "value_sum")},
                "stages": [stage["count"] for stage in window["stages"]],
            }
        return known

    def test_a_replay_gives_a_daemon_the_same_metrics(self):
        first = self.world()
        server = first.server(RINGSIDE_CAPACITY=4096)
        daemon = first.daemon()
        self.sampled(first, 4)
        recorder = self.recorder(first)
        first.load(server, rate=sized(600, 100), seconds=4).result()
        recorder.signal(signal.SIGINT)
        self.assertEqual(recorder.ended(), 0)
        self.assertEqual(books(recorder.log())[3], 0, recorder.log())
        totals = first.inspect()
        expected = daemon.report_when(
            "all records", lambda report: sum(
                one["books"]["read"] for kind in ("operations", "events")
                for one in report[kind]) == totals["written"])
        server.stop()

        second = self.world()
        replayed = second.daemon()
        ended = second.run("ringside", "replay", first.directory / "night.rec", "--ring",
                           second.ring, "--speed", "max")
        self.assertEqual(ended.code, 0, ended.err)
        again = second.inspect()
        self.assertEqual((again["state"], again["program"], again["written"]),
                         ("closed", "ringside-chatd", totals["written"]))
        for name, operation in totals["operations"].items():
            for key in ("count", "recorded", "skipped", "errors", "sampling"):
                self.assertEqual(again["operations"][name][key], operation[key], (name, key))
        got = replayed.report_when(
            "all records", lambda report: sum(
                one["books"]["read"] for kind in ("operations", "events")
                for one in report[kind]) == totals["written"])
        for kind in ("operations", "events"):
            wanted, found = self.metrics(expected, kind), self.metrics(got, kind)
            self.assertEqual(set(found), set(wanted))
            moved = 0
            for name, figures in wanted.items():
                self.assertEqual(found[name]["exact"], figures["exact"], name)
                self.assertEqual(found[name]["stages"], figures["stages"], name)
                self.assertAlmostEqual(found[name]["sum_ns"], figures["sum_ns"],
                                       delta=figures["sum_ns"] / 10_000 + 1)
                buckets = set(found[name]["histogram"]) | set(figures["histogram"])
                moved += sum(abs(found[name]["histogram"].get(index, 0) -
                                 figures["histogram"].get(index, 0)) for index in buckets)
            # Each daemon measures the rate of the clock by itself. A span that lies within
            # a millionth of a bucket's limit may fall to either side.
            self.assertLessEqual(moved, 4, kind)
        self.assertGreater(self.metrics(got, "operations")["SEND_MESSAGE"]["exact"]["skipped"], 0)

    def test_a_replay_of_a_dead_server_ends_as_a_dead_one_with_what_it_was_doing(self):
        world = self.world()
        server = world.server()
        with stuck(self, world, server):
            server.kill()
        self.assertEqual(world.run("ringside", "record", world.ring, "-o", "dead.rec",
                                   "--snapshot").code, 0)
        again = f"{world.ring}-again"
        ended = world.run("ringside", "replay", "dead.rec", "--ring", again, "--wait", "0s")
        self.assertEqual(ended.code, 0, ended.err)
        self.assertEqual(world.inspect(again)["state"], "crashed")
        last = world.run("ringside", "tail", again, "--once", "-n", "all")
        self.assertIn("wilhelmina", last.out)
        self.assertRegex(last.out.splitlines()[-1], r"CREATE_ROOM had begun and did not end")

    def test_a_replay_keeps_its_pace_and_ends_when_it_is_told_to(self):
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(300, 60), seconds=2).result()
        refused = world.run("ringside", "replay", world.ring, "--ring", f"{world.ring}-again")
        self.assertEqual(refused.code, 1)
        self.assertIn("its server still writes it\n  next: ringside record", refused.err)
        server.kill()
        began = time.monotonic()
        ended = world.run("ringside", "replay", world.ring, "--ring", f"{world.ring}-again",
                          "--speed", "4x", "--wait", "0s")
        self.assertEqual(ended.code, 0, ended.err)
        self.assertGreater(time.monotonic() - began, 0.5)
        self.assertEqual(ledger.counts(world.inspect(f"{world.ring}-again")),
                         ledger.counts(world.inspect()))
        # A name that anything has is not taken: neither a dead ring's nor a closed one's.
        for name, state in ((world.ring, "crashed"), (f"{world.ring}-again", "crashed")):
            path = f"/dev/shm/ringside.{name}"
            inode = os.stat(path).st_ino
            refused = world.run("ringside", "replay", world.ring, "--ring", name, "--speed", "max",
                                "--wait", "0s")
            self.assertEqual(refused.code, 1, refused.err)
            self.assertIn(f"is there already: a ring, {state}; expected a name that nothing has\n"
                          "  next: give --ring another name", refused.err)
            self.assertEqual(os.stat(path).st_ino, inode)
        self.assertEqual(list(world.ring_path.parent.glob(f"ringside.{world.ring}*.previous")), [])
        slow = world.start("ringside", "replay", world.ring, "--ring", f"{world.ring}-slow",
                           "--speed", "0.01x", "--wait", "0s")
        slow.wait_until("its ring", lambda: list(world.ring_path.parent.glob(
            f"ringside.{world.ring}-slow")))
        slow.signal(signal.SIGTERM)
        self.assertEqual(slow.ended(), 0)
        self.assertIn("interrupted", slow.log())
        inode = os.stat(f"{world.ring_path}-slow").st_ino
        refused = world.run("ringside", "replay", world.ring, "--ring", f"{world.ring}-slow",
                            "--speed", "max", "--wait", "0s")
        self.assertEqual(refused.code, 1, refused.err)
        self.assertIn("is there already: a ring, closed;", refused.err)
        self.assertEqual(os.stat(f"{world.ring_path}-slow").st_ino, inode)
        refused = world.run("ringside", "replay", world.ring, "--ring", "a/../b c/d")
        self.assertEqual(refused.code, 1, refused.err)
        refused = world.run("ringside", "replay", world.ring, "--ring", "x", "--speed", "fast")
        self.assertEqual(refused.code, 2, refused.err)


if __name__ == "__main__":
    harness.main()

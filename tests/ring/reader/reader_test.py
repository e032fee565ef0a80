#!/usr/bin/env python3
"""Compares what the reader in Python says of a real traced process with what that process wrote,
field by field, and with `ringside inspect --json`. Over 400 lines: all of it asks one writer."""

import argparse
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import reader

WRITER, LAUNCHER, INSPECT = [], [], None
LONG = "RINGSIDE_TEST_LONG" in os.environ
ALL = 1 << 20


class Writer:
    def __init__(self, test, mode):
        folder = tempfile.TemporaryDirectory(prefix="ringside-reader.")
        test.addCleanup(folder.cleanup)
        self.ring_path = os.path.join(folder.name, "ring")
        environment = {
            name: value
            for name, value in os.environ.items() if not name.startswith("RINGSIDE_")
        }
        self.process = subprocess.Popen([*LAUNCHER, WRITER, mode, self.ring_path],
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE,
                                        text=True,
                                        env=environment)
        test.addCleanup(self.clean_up)
        self.expect("written")

    def expect(self, word):
        line = self.process.stdout.readline()
        if line != word + "\n":
            raise AssertionError(
                f"the writer says {line!r}, expected {word!r}; "
                f"it has ended with {self.process.poll()}")

    def ask(self, wish):
        self.process.stdin.write(wish + "\n")
        self.process.stdin.flush()
        self.expect("done")

    def clean_up(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def on_the_first_lane():
    """Yields the records that write_on_the_first_lane() in writer.cpp writes. None stands for a
    value that depends on the machine's clock."""
    plain = {
        "kind": "operation",
        "error": 0,
        "untimed": False,
        "has_stages": False,
        "overflow": False,
        "stages": [0] * 6,
        "actor_kind": 0, "actor": 0,
        "subject_kind": 0, "subject": 0,
        "outcome": "ok"
    }
    for n in range(12):
        yield {
            **plain, "operation": n,
            "start": 1_000_000 + 1000 * n,
            "duration": -5 if n == 11 else 10 + n,
            "outcome":
            ("ok", "error", "timeout", "rejected", "denied", "limited", "cancelled")[n % 7],
            "error": 5000 + n if n % 7 else 0,
            "actor_kind": n % 4,
            "actor": 100 + n,
            "subject_kind": n % 5,
            "subject": 200 + n
        }
    yield {
        **plain, "operation": 19,
        "start": None,
        "duration": None,
        "has_stages": True,
        "stages": None
    }
    for n in range(3):
        event = {
            **plain, "kind": "event",
            "operation": 256,
            "start": 5_000_000 + n,
            "duration": 40,
            "outcome": "rejected",
            "error": 77,
            "actor_kind": 3,
            "actor": 2**64 - 1,
            "subject_kind": 3,
            "subject": 2**63,
            "value": n - 2,
            "context": None if n == 1 else 4
        }
        del event["stages"]
        yield event
    yield {**plain, "operation": 16, "start": 6_000_000, "duration": 2**41, "has_stages": True,
           "stages": [5, 2**17 - 1, 2**17, 5_000_000_000 // 2**16 * 2**16, 2**40,
                      (2**17 - 1) * 2**30]}
    yield {
        **plain, "operation": 11,
        "start": None,
        "duration": 0,
        "outcome": "timeout",
        "error": 7,
        "untimed": True
    }


class Known(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.writer = Writer(self, "known")
        self.ring = reader.Ring(self.writer.ring_path)
        self.cursors = [reader.Cursor() for _ in range(3)]

    def read(self, lane):
        return self.ring.read_lane(lane, self.cursors[lane], ALL)

    def counts(self, lane):
        cursor = self.cursors[lane]
        return cursor.position, cursor.read, cursor.lost, cursor.rejected, cursor.holes

    def test_every_field_of_every_record_is_what_was_written(self):
        found = self.read(0)
        expected = list(on_the_first_lane())
        self.assertEqual(len(found), len(expected))
        for position, (record, wanted) in enumerate(zip(found, expected)):
            unknown = [
                field for field in ("start", "duration", "stages") if wanted.get(field, 0) is None
            ]
            self.assertEqual(record, {
                "position": position,
                **wanted,
                **{field: record[field]
                   for field in unknown}
            })
        staged = found[12]
        self.assertGreater(staged["stages"][0], 0)
        self.assertEqual(staged["stages"][1], 0)
        # A span of 2^17 ticks or more is kept to 17 bits. A slow machine gets there.
        missing = staged["duration"] - sum(staged["stages"])
        self.assertTrue(0 <= missing <= staged["duration"] >> 16, staged)
        self.assertEqual(self.counts(0), (18, 18, 0, 0, []))
        self.assertEqual(self.read(0), [])

    def test_a_lapped_lane_is_read_from_the_oldest_safe_record_and_the_rest_is_counted(self):
        found = self.read(1)
        self.assertEqual([record["position"] for record in found], list(range(137, 200)))
        for record in found:
            n = record["position"]
            self.assertEqual((record["start"], record["duration"], record["actor"]),
                             (2_000_000 + n, n, n))
        self.assertEqual(self.counts(1), (200, 63, 137, 0, []))

    def test_a_position_that_is_reserved_and_not_published_is_a_hole_until_it_comes(self):
        found = self.read(2)
        self.assertEqual([record["position"] for record in found], [*range(20), *range(21, 26)])
        self.assertTrue(all(record["overflow"] and record["operation"] == 2 for record in found))
        self.assertEqual([record["actor"] for record in found], list(range(25)))
        self.assertEqual(self.counts(2), (26, 25, 0, 0, [20]))
        self.writer.ask("publish")
        late = self.read(2)
        self.assertEqual([(record["position"], record["start"]) for record in late],
                         [(20, 4_000_000)])
        self.assertEqual(self.counts(2), (26, 26, 0, 0, []))

    def test_a_writer_that_never_comes_back_costs_its_record_and_the_one_dropped_for_it(self):
        self.read(2)
        self.writer.ask("lap")
        found = self.read(2)
        # 90 positions were reserved. The ring of 64 holds 26 to 89. But 84 was dropped, because the
        # slot of 20 is still taken.
        self.assertEqual([record["position"] for record in found], [*range(26, 84), *range(85, 90)])
        self.assertEqual(self.counts(2), (90, 88, 1, 0, [84]))
        self.assertEqual(self.ring.owner(2)["dropped"], 1)
        self.assertEqual(self.ring.totals(2)[2], (90, 0, 0, 90))

    def test_totals_are_exact_at_head(self):
        expected = {}
        for record in on_the_first_lane():
            entry = expected.setdefault(record["operation"], [0, 0, 0, 0])
            entry[0] += 1
            entry[2] += record["outcome"] in ("error", "timeout")
            entry[3] += record["duration"] or 0
        staged = self.read(0)[12]
        expected[19][3] = staged["duration"]
        expected[11][1] = 3
        expected[260] = [0, 4, 0, 0]
        found = self.ring.totals_at(0, 18)
        self.assertEqual(found, {identity: tuple(value % 2**64 for value in entry)
                                 for identity, entry in expected.items()})
        self.assertIsNone(self.ring.totals_at(0, 17))
        self.assertEqual(self.ring.totals_at(1, 200)[1], (200, 0, 0, sum(range(200))))

    def test_names_gauges_errors_and_switches(self):
        names = self.ring.names()
        stages = ["queue", "validation", "security", "database", "delivery", ""]
        self.assertEqual(names[4], ("SEND_MESSAGE", "message", stages, 0, False))
        stages = ["check", "store", "tell", "log", "", ""]
        self.assertEqual(names[19], ("PIN_MESSAGE", "message", stages, 250_000_000, True))
        self.assertEqual(names[256], ("RETRY", "", [""] * 6, 0, False))
        self.assertEqual(len(names), 20 + 15)
        self.assertEqual(self.ring.error_names(), {5001: "DATABASE_BUSY", 7: "TOO_SLOW"})
        self.assertEqual(self.ring.gauges(), {"connections": -5, "rooms": 2**40})
        self.assertEqual((self.ring.sampling(4), self.ring.sampling(11)), (1, 2**32 - 1))

    def test_ticks_become_times(self):
        def with_clock(kind, ticks_per_second, anchor_ticks=10**6, anchor_ns=5 * 10**9):
            whole = bytearray(Path(self.writer.ring_path).read_bytes())
            struct.pack_into("<I", whole, 52, kind)
            struct.pack_into("<QQq", whole, 96, ticks_per_second, anchor_ticks, anchor_ns)
            copy = self.writer.ring_path + ".copy"
            Path(copy).write_bytes(whole)
            return reader.Ring(copy)
        ring = with_clock(1, 2_500_000_000)
        self.assertEqual((ring.span_ns(2_500_000), ring.span_ns(-25)), (10**6, -10))
        self.assertEqual(ring.monotonic_ns(10**6 + 2_500_000_000), 6 * 10**9)
        # Ticks before the anchor are times before it, and not times in 200 years. This also holds
        # when the counter has gone round.
        self.assertEqual(ring.monotonic_ns(10**6 - 2500), 5 * 10**9 - 1000)
        self.assertEqual(ring.monotonic_ns((10**6 - 2_500_000_000) % 2**64), 4 * 10**9)
        for unknown in (0, 10**12 + 1):
            ring = with_clock(3, unknown)
            self.assertEqual((ring.span_ns(5), ring.monotonic_ns(5)), (None, None))
        ring = with_clock(2, 0, anchor_ticks=5 * 10**9)
        self.assertEqual((ring.span_ns(-7), ring.monotonic_ns(123)), (-7, 123))
        staged = self.read(0)[12]
        if self.ring.monotonic_ns(0) is None:
            return   # the kernel states no frequency on this machine
        written_ns = self.ring.monotonic_ns(staged["start"])
        self.assertGreater(written_ns, self.ring.anchor_monotonic_ns)
        self.assertLess(written_ns, time.monotonic_ns())
        wall_ns = self.ring.anchor_realtime_ns + written_ns - self.ring.anchor_monotonic_ns
        self.assertLess(abs(wall_ns - time.time_ns()), 600 * 10**9)

    def test_labels(self):
        self.assertEqual(self.ring.labels(), {
            ("user", 42): "alice", ("room", 42): "#\u00fcbung", ("address", 2**64 - 1): "f" * 46})

    def test_owners_and_their_ends(self):
        pid = self.writer.process.pid
        first, second = self.ring.owner(0), self.ring.owner(1)
        self.assertEqual((first["pid"], first["state"], first["generation"]), (pid, "owned", 1))
        self.assertEqual((first["tid"], second["thread"], second["pid"]), (pid, "lapper", pid))
        began = self.ring.names()[first["in_flight"]["operation"]][0]
        self.assertEqual(began, "JOIN_ROOM")
        self.assertEqual(first["in_flight"]["start"], 7_000_000)
        self.assertIsNone(second["in_flight"])
        # qemu-user shows a process another start time, see tests/support/under.h.
        if not LAUNCHER:
            self.assertIs(self.ring.alive(), True)
        self.writer.ask("publish")
        self.assertEqual(self.ring.owner(1)["state"], "released")
        self.assertEqual(len(self.read(1)), 63)
        self.assertEqual(self.ring.state(), 1)
        self.writer.process.kill()
        self.writer.process.wait()
        self.assertIs(self.ring.alive(), False)
        self.assertEqual(self.ring.state(), 1)
        self.assertEqual(len(self.read(0)), 18)

    def test_inspect_says_the_same(self):
        if INSPECT is None:
            self.skipTest("the debug tool is not built here")
        self.writer.ask("lap")
        ended = subprocess.run(
            [sys.executable, "-B", reader.__file__, self.writer.ring_path, "--records"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60)
        ours = json.loads(ended.stdout)
        ended = subprocess.run([INSPECT, "inspect", self.writer.ring_path, "--json"],
                               capture_output=True,
                               text=True,
                               check=True,
                               timeout=60)
        theirs = json.loads(ended.stdout)
        for field in ("path", "program", "pid", "layout_version", "segment_bytes", "lane_count",
                      "lane_capacity", "overflow_capacity", "clock", "untraced_threads", "gauges",
                      "untraced_records", "names_refused", "names_merged", "misused", "enabled",
                      "labels_given", "labels_dropped"):
            self.assertEqual(ours[field], theirs[field], field)
        self.assertEqual(sum(lane["written"] for lane in ours["lanes"]), theirs["written"])
        self.assertEqual(len(ours["lanes"]), len(theirs["lanes"]))
        for mine, other in zip(ours["lanes"], theirs["lanes"]):
            for field in ("lane", "overflow", "pid", "generation", "tid", "thread", "written",
                          "dropped", "torn"):
                self.assertEqual(mine[field], other[field], field)
            self.assertEqual(mine["read"], other["readable"])
            self.assertEqual(mine["in_flight"] is None, other["in_flight"] is None)
        self.assertEqual(theirs["lanes"][0]["in_flight"]["operation"], "JOIN_ROOM")
        self.assertEqual(len(ours["records"]), sum(lane["readable"] for lane in theirs["lanes"]))
        for kind in ("operations", "events"):
            counted = {name: entry for name, entry in ours[kind].items() if entry["count"]}
            self.assertEqual(set(counted), set(theirs[kind]))
            for name, entry in counted.items():
                for field in ("count", "recorded", "skipped", "errors"):
                    self.assertEqual(entry[field], theirs[kind][name][field], f"{name} {field}")


class Refused(unittest.TestCase):
    def test_what_is_no_ring_or_a_damaged_one_is_refused(self):
        writer = Writer(self, "known")
        whole = Path(writer.ring_path).read_bytes()
        other = writer.ring_path + ".other"

        def refusal(text):
            Path(other).write_bytes(text)
            with self.assertRaises(reader.NoRing) as caught:
                reader.Ring(other)
            return str(caught.exception)

        def changed(at, *new):
            return whole[:at] + bytes(new) + whole[at + len(new):]
        self.assertIn("at least 1024 bytes", refusal(whole[:1000]))
        self.assertIn("not RINGSIDE", refusal(changed(0, 0)))
        self.assertIn("layout version 9", refusal(changed(8, 9)))
        self.assertIn("byte order", refusal(changed(12, 1)))
        self.assertIn("damaged", refusal(changed(44, 65)))
        self.assertIn("expected", refusal(whole[:-1]))
        self.assertIn("clock", refusal(changed(52, 9)))
        os.unlink(other)
        os.symlink(writer.ring_path, other)
        with self.assertRaises(reader.NoRing):
            reader.Ring(other)
        with self.assertRaises(reader.NoRing):
            reader.ring_path("a b")
        self.assertEqual(reader.ring_path("chat"), "/dev/shm/ringside.chat")


class Flood(unittest.TestCase):
    def test_against_writers_at_full_speed_no_record_is_mixed_and_the_books_balance(self):
        writer = Writer(self, "flood")
        ring = reader.Ring(writer.ring_path)
        cursors = [reader.Cursor() for _ in range(3)]
        last = [-1] * 4
        per_thread = [0] * 4

        def read_all():
            for lane, cursor in enumerate(cursors):
                for record in ring.read_lane(lane, cursor, 1000):
                    thread, n = record["operation"], record["start"]
                    found = (record["duration"], record["error"], record["actor"],
                             record["subject"], record["stages"])
                    self.assertEqual(found,
                                     (3 * n + thread, n & 0xFFFF, 5 * n + thread, 7 * n + thread,
                                      [n + i & 0x1FFFF for i in range(6)]), f"mixed: {record}")
                    per_thread[thread] += 1
                    if lane < 2:   # late records of the overflow lane come out of order
                        self.assertGreater(n, last[thread])
                        last[thread] = n
                self.assertEqual(cursor.read + cursor.lost + len(cursor.holes), cursor.position)
        wanted = 500_000 if LONG else 30_000
        deadline = time.monotonic() + 120
        while (any(cursor.read < wanted or cursor.lost == 0
                   for cursor in cursors)) and time.monotonic() < deadline:
            read_all()
        for cursor in cursors:
            self.assertGreaterEqual(cursor.read, wanted)
            self.assertGreater(cursor.lost, 0, "never lapped: nothing was tried")
        said, _ = writer.process.communicate(timeout=120)
        self.assertEqual(writer.process.returncode, 0)
        written = [int(line) for line in said.split()]
        while any(ring.head(lane) > cursor.position for lane, cursor in enumerate(cursors)):
            read_all()
        # Sums over the lanes: a thread without a lane gets one when another thread has ended.
        recorded, ticks = [0] * 4, [0] * 4
        for lane, cursor in enumerate(cursors):
            totals = ring.totals(lane)
            self.assertEqual(sum(entry[0] for entry in totals.values()), ring.head(lane))
            self.assertEqual(cursor.read + cursor.lost + len(cursor.holes), ring.head(lane))
            self.assertEqual(cursor.rejected, 0)
            if lane < 2:
                self.assertEqual(ring.totals_at(lane, cursor.position), totals)
            for thread, entry in totals.items():
                recorded[thread] += entry[0]
                ticks[thread] += entry[3]
        self.assertEqual(recorded, written)
        self.assertEqual([sum_ % 2**64 for sum_ in ticks],
                         [(3 * (n * (n - 1) // 2) + thread * n) % 2**64
                          for thread, n in enumerate(written)])
        self.assertEqual(sum(per_thread), sum(cursor.read for cursor in cursors))
        self.assertEqual(sum(ring.head(lane) for lane in range(3)), sum(written))
        print(
            f"written {sum(written)}, read {sum(cursor.read for cursor in cursors)}, "
            f"lost {sum(cursor.lost for cursor in cursors)}, "
            f"holes {sum(len(cursor.holes) for cursor in cursors)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--writer", required=True)
    parser.add_argument("--launcher", default="", help="what runs it, words separated by spaces")
    parser.add_argument("--inspect", help="the debug tool")
    known, rest = parser.parse_known_args()
    WRITER, LAUNCHER, INSPECT = known.writer, known.launcher.split(), known.inspect
    unittest.main(argv=[sys.argv[0], *rest])

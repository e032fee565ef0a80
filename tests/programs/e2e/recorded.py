"""What scenarios of recordings and of their replays have in common."""

import datetime
import json
import re

import harness

BOOKS = re.compile(r"ringside record: ([0-9,]+) records written: ([0-9,]+) recorded, ([0-9,]+) "
                   r"filtered out, ([0-9,]+) lost")


def books(text):
    """written, recorded, filtered, lost: as a recording says them at its end."""
    found = BOOKS.search(text)
    assert found, text
    return [int(number.replace(",", "")) for number in found.groups()]


def ns_of(wall):
    """Of a time to the nanosecond, as records have it."""
    whole, rest = wall.rstrip("Z").split(".")
    time = datetime.datetime.fromisoformat(whole + "+00:00")
    return int(time.timestamp()) * 1_000_000_000 + int(rest)


class Recorded(harness.Scenario):
    def records(self, world, source, *arguments):
        ended = world.run("ringside", "tail", source, "-n", "all", "--once", "--json", *arguments)
        self.assertEqual(ended.code, 0, ended.err)
        return [json.loads(line) for line in ended.out.splitlines()], ended.err

    def same(self, records, others):
        """The same records in the same order. A reader of a living ring still measures the rate of
        its clock: times are the same to a few millionths."""
        def rough(one):
            kept = {key: value for key, value in one.items()
                    if key not in ("end", "duration_ns", "stages")}
            return kept, list(one.get("stages", {}))
        self.assertEqual([rough(one) for one in records], [rough(one) for one in others])
        for one, other in zip(records, others):
            self.assertLessEqual(abs(one["duration_ns"] - other["duration_ns"]),
                                 2 + one["duration_ns"] / 10_000)
            self.assertLess(abs(ns_of(one["end"]) - ns_of(other["end"])), 10_000_000)

    def places(self, world, source, *arguments):
        return [(one["lane"], one["position"])
                for one in self.records(world, source, *arguments)[0]]

    def recorder(self, world, *arguments):
        recorder = world.start("ringside", "record", world.ring, "-o", "night.rec", *arguments)
        recorder.says("until Ctrl-C")
        return recorder

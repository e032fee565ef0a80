#!/usr/bin/env python3
"""ringside-bench at its smallest size: every part runs, every figure is there and is a number,
the same work is done twice, and nothing is left behind, not even by one that is interrupted. No
test here says how fast anything has to be."""

import argparse
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path()

# A figure "above" something else may be zero or a little below, by noise. Every other figure is
# above zero, except those of MAY_BE_ZERO.
MAY_BE_NEGATIVE = re.compile(r"\babove\b")
MAY_BE_ZERO = re.compile(r"daemon meanwhile|daemon idle|switched off")

# For each part figures that must be there whatever is installed, and their units.
FIGURES = {
    "record": [("floor: two clock reads", "ns"),
               ("operation, daemon attached, above the floor", "ns"),
               ("sampled 1 in 100, whole", "ns"), ("daemon meanwhile, of one core", "%")],
    "lines": [("bare slot, lines that nobody read, above the floor", "ns"),
              ("operation, lines that a reader read, above a bare slot", "ns"),
              ("at a pace: an empty pair of fenced reads", "ns"),
              ("at a pace: operation, lines that a reader read, above the floor", "ns")],
    "scale": [("1 thread, 19 operations, above the floor", "ns"),
              ("64 threads, 256 operations, above the floor", "ns"),
              ("overflow lane, 1 thread, above the floor", "ns"),
              ("overflow lane, 2 threads, above the floor", "ns")],
    "tails": [("the timer alone, p50", "ns"), ("floor: two clock reads, p99.9", "ns"),
              ("operation with actor and subject, p99.9, above", "ns"),
              ("operation without a lane, p99.9, above", "ns")],
    "cold": [("warm: floor", "ns"), ("after 16 MiB of other data: until it returns, above", "ns"),
             ("all its lines flushed: until its stores are done, above", "ns")],
    "rivals": [("Ringside, above", "ns"), ("spdlog asynchronous, above", "ns"),
               ("Boost.Lockfree spsc_queue, above", "ns"),
               ("Boost.Interprocess message_queue, p99.9, above", "ns")],
    "drain": [("ring to metrics, 1 lane", "M records/s"), ("metrics of 19 operations", "MB")],
    "alerts": [("256 operations, all rules, calm, an evaluation", "ms"),
               ("256 operations, all rules, a storm, an evaluation", "ms")],
    "history": [("19 operations, minute out of the metrics", "ms"),
                ("256 operations, minute into the file", "ms"),
                ("19 operations, file after 3 minutes", "MB")],
    "export": [("export, perfetto", "M records/s"), ("export, json", "M records/s")],
    "daemon": [("daemon idle, resident", "MB"), ("server, resident more for 8 threads", "MB")],
    "api": [("19 operations, metrics", "answers/s"), ("19 operations, report, JSON, p99", "ms"),
            ("256 operations, /metrics, protobuf", "answers/s"),
            ("256 operations, drain, nobody asks, a record", "ns"),
            ("256 operations, drain, 20 requests/s, above", "%")],
    "server": [("untraced", "requests/s"), ("traced : untraced, pair by pair", "ratio")],
}
INSTRUCTIONS = [("two clock reads, whole", "instructions"), ("operation, whole", "instructions"),
                ("record drained into the metrics, whole", "instructions")]


def left_behind():
    """Returns what a benchmark could leave: rings, queues, scratch folders, LTTng's files."""
    return {
        str(path)
        for folder, pattern in (("/dev/shm", "*bench-*"), ("/dev/shm", "lttng-ust-*"),
                                ("/tmp", "ringside-bench-*")) for path in Path(folder).glob(pattern)
    }


def children_of(group):
    """Returns the living processes of a process group, without its leader."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and int(stat.parent.name) != group and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


class Bench(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ringside-smoke.")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.before = left_behind()

    def run_it(self, *arguments):
        run = subprocess.run([BIN / "ringside-bench", *arguments],
                             capture_output=True,
                             text=True,
                             timeout=200,
                             check=False)
        return run.returncode, run.stdout, run.stderr

    def nothing_left(self):
        # Other benchmarks may have left or hold such files. Only what is new must go.
        deadline = time.monotonic() + 20
        while left_behind() - self.before and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(left_behind() - self.before, set())


class Smoke(Bench):
    def test_every_part_runs_and_every_figure_is_a_number(self):
        code, out, err = self.run_it("--smoke", "--json", self.folder / "all.json")
        self.assertEqual((code, err), (0, ""), out)
        result = json.loads((self.folder / "all.json").read_text())
        for key in ("version", "processor", "processors", "clock", "producer_cpu", "daemon_cpu",
                    "work_hash"):
            self.assertIn(key, result)
        figures = {(one["name"], one["unit"]): one for one in result["figures"]}
        wanted = [figure for part in FIGURES.values() for figure in part]
        if shutil.which("valgrind"):
            wanted += INSTRUCTIONS
        else:
            self.assertIn("valgrind is missing", "\n".join(result["remarks"]))
        for figure in wanted:
            self.assertTrue(figure in figures, f"{figure} is missing")
        for (name, unit), one in figures.items():
            with self.subTest(figure=name):
                for key in ("median", "p10", "p90"):
                    self.assertIsInstance(one[key], (int, float), one)
                    self.assertTrue(math.isfinite(one[key]), one)
                self.assertGreaterEqual(one["rounds"], 1)
                self.assertLessEqual(one["p10"], one["median"])
                self.assertLessEqual(one["median"], one["p90"])
                if not MAY_BE_NEGATIVE.search(name):
                    if MAY_BE_ZERO.search(name):
                        self.assertGreater(one["median"], -5, one)
                    else:
                        self.assertGreater(one["median"], 0, one)
                self.assertIn(name, out)
        # Each rival is either measured or named as missing.
        said = out + "\n".join(result["remarks"])
        for rival in ("LTTng-UST", "spdlog", "prometheus-cpp", "Boost.Interprocess message_queue",
                      "Boost.Lockfree", "moodycamel"):
            self.assertIn(rival, said)
        self.assertNotIn("expected none", said)
        # A queue that lost nothing has carried the same records as the ring.
        carried = {one["name"]: (one["count"], one["checksum"]) for one in result["work"]}
        for queue in ("Boost.Interprocess message_queue", "Boost.Lockfree spsc_queue",
                      "Boost.Lockfree queue"):
            if f"{queue}: " not in "\n".join(result["remarks"]):
                self.assertEqual(carried[queue], carried["Ringside"], queue)
        self.nothing_left()

    def test_two_runs_do_the_same_work(self):
        hashes = []
        for name in ("one.json", "two.json"):
            code, out, _ = self.run_it("--smoke", "--part", "scale", "--part", "tails", "--json",
                                       self.folder / name)
            self.assertEqual(code, 0, out)
            result = json.loads((self.folder / name).read_text())
            self.assertEqual([one["name"] for one in result["work"]],
                             ["scale", "overflow", "tails", "laneless"])
            self.assertGreater(min(one["count"] for one in result["work"]), 0)
            hashes.append(result["work_hash"])
        self.assertEqual(*hashes)


class Interrupted(Bench):
    def interrupt(self, number, *arguments, until):
        """Runs the benchmark in its own process group, as a shell does. Interrupts the whole group,
        as a terminal does."""
        process = subprocess.Popen([BIN / "ringside-bench", *arguments],
                                   stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT,
                                   text=True,
                                   start_new_session=True)
        self.addCleanup(process.kill)
        seen = ""
        for line in process.stdout:
            seen += line
            if until in line:
                break
        self.assertIn(until, seen)
        os.killpg(process.pid, number)
        process.stdout.read()
        self.assertEqual(process.wait(60), -number)
        deadline = time.monotonic() + 10
        while children_of(process.pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(children_of(process.pid), [])
        self.nothing_left()

    def test_in_the_middle_of_a_part(self):
        self.interrupt(signal.SIGINT, "--part", "scale", until="1 thread, 19 operations")

    def test_with_a_session_of_lttng(self):
        self.interrupt(signal.SIGTERM, "--part", "rivals", until="writer pinned")


class Usage(Bench):
    def test_what_is_not_a_part_is_wrong_usage(self):
        code, _, err = self.run_it("--part", "nothing")
        self.assertEqual(code, 2)
        self.assertIn("next: ringside-bench --help", err)

    def test_help_names_every_part(self):
        code, out, _ = self.run_it("--help")
        self.assertEqual(code, 0)
        for part in (*FIGURES, "instructions"):
            self.assertRegex(out, rf"\n *{part} ")

    def test_a_loop_that_is_none_names_those_there_are(self):
        code, _, err = self.run_it("--loop", "nothing")
        self.assertEqual(code, 2)
        self.assertIn("operation", err)
        self.nothing_left()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", type=Path, required=True, help="where the programs are")
    options, rest = parser.parse_known_args()
    BIN = options.bin
    unittest.main(argv=[sys.argv[0], *rest])

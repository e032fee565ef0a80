#!/usr/bin/env python3
"""`ringside export` of a living server and of a dead one: each format holds every record, and a
reader that is written by the published descriptions alone understands it. `ringside hist`: every
call is in a bucket."""

import collections
import csv
import io
import json
import os
import pty
import re
import stat
import subprocess
from datetime import datetime

import harness
from chat import Chat, stuck
from harness import sized
from perfetto_trace import Trace


def wall_ns(text):
    """The nanoseconds of an RFC 3339 time."""
    whole, part = text.rstrip("Z").split(".")
    seconds = int(datetime.fromisoformat(whole + "+00:00").timestamp())
    return seconds * 10**9 + int(part.ljust(9, "0"))


class Exports(harness.Scenario):
    def exported(self, world, *arguments, code=0):
        path = world.directory / "export"
        ended = world.run("ringside", "export", world.ring, "-o", path, *arguments)
        self.assertEqual(ended.code, code, ended.err)
        return path.read_bytes()

    def records(self, world, *arguments):
        text = self.exported(world, "--format", "json", *arguments).decode()
        return [json.loads(line) for line in text.splitlines()]

    def loaded(self):
        """A world whose server has had a load and is still there."""
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(600, 100), seconds=3).result()
        server.wait_until("no connections", lambda: world.inspect()["gauges"]["connections"] == 0)
        return world, server

    def test_a_perfetto_trace_has_every_record_with_its_stages(self):
        world, server = self.loaded()
        records = {f"{one['lane']}:{one['position']}": one for one in self.records(world)}
        trace = Trace(self.exported(world))
        self.assertEqual(trace.unfinished(), [])
        found = trace.slices + trace.instants
        self.assertEqual(len(found), len(records))
        self.assertEqual({one.facts["position"] for one in found}, set(records))
        for one in found:
            record = records[one.facts["position"]]
            self.assertEqual(one.name, record["name"])
            self.assertEqual(one.category, [record.get("category", record["kind"])])
            self.assertEqual(one.facts["outcome"], record["outcome"])
            for key in ("error", "error_name", "value", "during"):
                self.assertEqual(one.facts.get(key), record.get(key), key)
            for key in ("actor", "subject"):
                said = record.get(key)
                self.assertEqual(key in one.facts, said is not None)
                if said:
                    self.assertIn(f"{said['kind']} {said['id']}", one.facts[key])
                    self.assertIn(said.get("label", ""), one.facts[key])
            self.assertLessEqual(abs(trace.wall(one.end) - wall_ns(record["end"])), 5_000_000)
            if "duration_ns" in record:
                self.assertLessEqual(abs(one.end - one.begin - record["duration_ns"]), 1000)
            stages = record.get("stages", {})
            self.assertEqual([stage.name for stage in one.stages], list(stages))
            at = one.begin
            for stage in one.stages:
                self.assertEqual(stage.begin, at)
                self.assertLessEqual(stage.end, one.end)
                if stage.end < one.end:
                    self.assertLessEqual(abs(stage.end - at - stages[stage.name]), 1000)
                at = stage.end
        # One track for each thread that has records. A thread is what the ring says of the lane.
        lanes = {lane["lane"]: lane for lane in world.inspect()["lanes"]}
        for one in found:
            lane = lanes[int(one.facts["position"].split(":")[0])]
            self.assertEqual(trace.threads[trace.thread(one)],
                             (lane["pid"], lane["tid"], lane["thread"]))
        [process] = trace.processes.values()
        self.assertEqual((process["pid"], process["process_name"]),
                         ([server.pid], ["ringside-chatd"]))

    def test_a_chrome_trace_has_the_same_slices(self):
        world, server = self.loaded()
        records = self.records(world)
        trace = json.loads(self.exported(world, "--format", "chrome"))
        events = collections.defaultdict(list)
        for one in trace["traceEvents"]:
            events[one["ph"]].append(one)
        self.assertEqual(set(events) - {"M", "X", "i"}, set())
        whole = [one for one in events["X"] if one["cat"] != "stage"] + events["i"]
        self.assertEqual({one["args"]["position"] for one in whole},
                         {f"{one['lane']}:{one['position']}" for one in records})
        self.assertEqual(len(whole), len(records))
        self.assertEqual(len(events["X"]) - len(whole) + len(events["i"]),
                         sum(len(one.get("stages", ())) for one in records))
        tracks = collections.defaultdict(list)
        for one in events["X"]:
            begin = round(one["ts"] * 1000)
            tracks[one["pid"], one["tid"]].append((begin, begin + round(one["dur"] * 1000)))
        named = {(one["pid"], one["tid"]) for one in events["M"] if one["name"] == "thread_name"}
        self.assertLessEqual(set(tracks), named)
        self.assertEqual([one["args"]["name"] for one in events["M"]
                          if one["name"] == "process_name"], ["ringside-chatd"])
        for spans in tracks.values():
            stack = []
            for begin, end in sorted(spans, key=lambda span: (span[0], -span[1])):
                while stack and stack[-1] <= begin:
                    stack.pop()
                if stack:
                    self.assertLessEqual(end, stack[-1], "slices of a thread nest")
                stack.append(end)
        self.assertEqual({one["pid"] for one in whole}, {server.pid})

    def test_csv_and_json_have_every_record_and_filters_choose(self):
        world, _ = self.loaded()
        records = self.records(world)
        self.assertEqual(len(records), world.inspect()["written"])
        ends = [one["end"] for one in records]
        self.assertEqual(ends, sorted(ends))
        rows = list(csv.DictReader(io.StringIO(self.exported(world, "--format", "csv").decode())))
        self.assertEqual([(row["lane"], row["position"], row["name"]) for row in rows],
                         [(str(one["lane"]), str(one["position"]), one["name"]) for one in records])
        # To a pipe the same bytes come, and standard error says how many there were.
        ended = world.run("ringside", "export", world.ring, "--format", "csv", "--op", "SEND_*",
                          "--failures", "--no-labels")
        wanted = [one for one in records
                  if one["name"].startswith("SEND_") and one["outcome"] != "ok"]
        self.assertEqual(len(ended.out.splitlines()) - 1, len(wanted))
        self.assertIn(f"examined {len(records):,} records: {len(wanted):,} matched", ended.err)
        names = {one.name for one in Trace(self.exported(world, "--op", "LIST_ROOMS")).slices}
        self.assertEqual(names, {"LIST_ROOMS"})

    def test_what_a_dead_server_was_in_has_a_begin_and_no_end(self):
        world = self.world()
        server = world.server()
        with stuck(self, world, server):
            self.assertEqual(Trace(self.exported(world)).unfinished(), [])
            server.kill()
        trace = Trace(self.exported(world))
        self.assertEqual([one.name for one in trace.unfinished()], ["CREATE_ROOM"])
        actors = {one.facts.get("actor", "").split(" ")[0] for one in trace.slices}
        self.assertIn("wilhelmina", actors)
        chrome = json.loads(self.exported(world, "--format", "chrome"))["traceEvents"]
        self.assertEqual([one["name"] for one in chrome if one["ph"] == "B"], ["CREATE_ROOM"])
        # A filter that does not match it leaves it out.
        self.assertEqual(Trace(self.exported(world, "--op", "LIST_*")).unfinished(), [])

    def test_a_file_is_written_whole_or_not_at_all_and_no_ring_is_overwritten(self):
        world = self.world()
        server = world.server()
        with Chat(server) as chat:
            for _ in range(50):
                chat.ask({"op": "LIST_ROOMS"})
        path = world.directory / "trace"
        path.write_text("old")
        tool = ["ringside", "export"]
        # A limit for the size of files lets the write fail halfway. The log is smaller.
        started = harness.Process(world, "ringside", ["export", world.ring, "-o", path],
                                  world.environment(), prepare=lambda: limit_files(1024))
        self.assertEqual(started.ended(), 1)
        self.assertIn("cannot write: File too large", started.log())
        self.assertEqual(path.read_text(), "old")
        self.assertEqual(list(world.directory.glob("*.tmp")), [])

        ended = world.run(*tool, world.ring, "-o", world.ring_path)
        self.assertEqual((ended.code, ended.out), (1, ""))
        self.assertIn("this is what is read", ended.err)
        ended = world.run(*tool, world.ring, "-o", world.directory / "none" / "trace")
        self.assertEqual(ended.code, 1)
        self.assertIn("next: give -o a path", ended.err)
        ended = world.run(*tool, world.ring, "--format", "xml")
        self.assertEqual((ended.code, ended.out), (2, ""))
        ended = world.run(*tool, world.ring, "-q", "latency >>")
        self.assertEqual((ended.code, ended.out), (2, ""))
        ended = world.run(*tool, "no-such-ring", "-o", path)
        self.assertEqual(ended.code, 1)
        self.assertEqual(path.read_text(), "old")
        # A link is written through.
        link = world.directory / "link"
        link.symlink_to(path)
        self.assertEqual(world.run(*tool, world.ring, "-o", link).code, 0)
        self.assertTrue(stat.S_ISLNK(os.lstat(link).st_mode))
        self.assertGreater(len(Trace(path.read_bytes()).slices), 0)

    def test_a_terminal_gets_no_binary_and_a_closed_pipe_is_quiet(self):
        world, _ = self.loaded()
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        started = harness.Process(world, "ringside", ["export", world.ring], world.environment(),
                                  stdout=terminal)
        os.close(terminal)
        self.assertEqual(started.ended(), 2)
        self.assertIn("found a terminal, expected a file or a pipe", started.log())
        with subprocess.Popen([world.program("ringside"), "export", world.ring, "--format", "json"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as piped:
            piped.stdout.readline()
            piped.stdout.close()
            self.assertEqual(piped.stderr.read(), b"")
            piped.wait(timeout=20)


class Histograms(harness.Scenario):
    def groups(self, world, *arguments):
        ended = world.run("ringside", "hist", world.ring, "--json", *arguments)
        self.assertEqual(ended.code, 0, ended.err)
        return {one["name"]: one for one in json.loads(ended.out)["groups"]}

    def test_a_busy_lane_is_not_lapped_between_two_charts(self):
        world = self.world()
        # 100 records a millisecond lap its lane of 4,096 every 41 ms.
        short = harness.BIN.parent / "tests" / "ringside_e2e_short_server"
        server = world.start(short, sized(200_000, 20_000), sized(100, 40), 0,
                             RINGSIDE_RING=world.ring, RINGSIDE_CAPACITY=4096)
        server.wait_until("its ring", world.ring_path.exists)
        ended = world.run("ringside", "hist", world.ring, "--for", "20s", "--json")
        self.assertEqual(ended.code, 0, ended.err)
        self.assertEqual(server.ended(), 0)
        examined, lost = (int(number.replace(",", "")) for number in re.search(
            "examined ([0-9,]+) records: .* ([0-9,]+) lost", ended.err).groups())
        self.assertGreater(examined, 10_000)
        self.assertGreater(examined, 2 * lost)

    def test_every_call_is_in_a_bucket(self):
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(400, 100), seconds=2).result()
        server.wait_until("no connections", lambda: world.inspect()["gauges"]["connections"] == 0)
        text = world.run("ringside", "export", world.ring, "--json", "--kind", "operation").out
        records = [json.loads(line) for line in text.splitlines()]
        spans = collections.defaultdict(list)
        stages = collections.defaultdict(list)
        for one in records:
            spans[one["name"]].append(one["duration_ns"])
            for name, ns in one.get("stages", {}).items():
                stages[name].append(ns)
        for by, wanted in (("op", spans), ("stage", stages)):
            groups = self.groups(world, "--kind", "operation", "--by", by)
            self.assertEqual({name: one["count"] for name, one in groups.items()},
                             {name: len(all_of) for name, all_of in wanted.items()})
            for name, one in groups.items():
                for bucket in one["buckets"]:
                    # The clock's rate is measured anew by each program, so bounds have some give.
                    lower, upper = bucket["lower_ns"] * 0.999 - 2, bucket["upper_ns"] * 1.001 + 2
                    inside = sum(lower < ns <= upper for ns in wanted[name])
                    self.assertGreaterEqual(inside, bucket["count"])
                self.assertEqual(sum(bucket["count"] for bucket in one["buckets"]), one["count"])
                self.assertLessEqual(abs(one["max_ns"] - max(wanted[name])),
                                     2 + max(wanted[name]) // 1000)
        [whole] = self.groups(world, "--kind", "operation").values()
        self.assertEqual(whole["count"], len(records))
        outcomes = self.groups(world, "--by", "outcome", "--kind", "operation")
        self.assertEqual({name: one["count"] for name, one in outcomes.items()},
                         collections.Counter(one["outcome"] for one in records))

    def test_charts_are_shown_once_where_there_is_no_terminal(self):
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(200, 100), seconds=1).result()
        for flags in ((), ("--by", "thread"), ("--heatmap",), ("--compare", world.ring)):
            ended = world.run("ringside", "hist", world.ring, *flags)
            self.assertEqual(ended.code, 0, ended.err)
            self.assertNotIn("\x1b", ended.out)
            self.assertLessEqual(len(ended.out.splitlines()), 23)
            self.assertRegex(ended.err, "^ringside hist: examined [0-9,]+ records: ")
        compared = world.run("ringside", "hist", world.ring, "--compare", world.ring).out
        self.assertEqual(compared.count("A against B: +0.0 %"), 3)
        for wrong in (("--by", "moon"), ("--for", "soon"), ("--by", "op", "--heatmap"),
                      ("-q", "latency >>")):
            self.assertEqual(world.run("ringside", "hist", world.ring, *wrong).code, 2, wrong)
        self.assertEqual(world.run("ringside", "hist", "no-such-ring").code, 1)
        ended = world.run("ringside", "hist", world.ring, "--compare", "none-such")
        self.assertEqual(ended.code, 1)

    def test_on_a_terminal_it_goes_on_until_the_server_leaves(self):
        world = self.world()
        server = world.server()
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        shown = harness.Process(world, "ringside", ["hist", world.ring, "--op", "LIST_ROOMS"],
                                world.environment(TERM="xterm-256color"), stdout=terminal)
        os.close(terminal)
        with Chat(server) as chat:
            for _ in range(7):
                chat.ask({"op": "LIST_ROOMS"})
        os.set_blocking(master, False)
        out = []

        def all_seven():
            try:
                out.append(os.read(master, 65536))
            except BlockingIOError:
                pass
            # In the place of the chart before it.
            return b"\x1b[J" in b"".join(out) and b": 7 timed" in b"".join(out)

        shown.wait_until("a chart of all seven", all_seven)
        server.stop()
        self.assertEqual(shown.ended(), 0)
        self.assertIn("7 matched", shown.log())


def limit_files(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""The debug tool on the ring of a real server: filters, one record, a slow operation explained, a
dead server, switches; and what it refuses."""

import json
import os
import re
import signal
import sqlite3
import time

import harness
from chat import Chat, stuck
from harness import sized

NOBODY = 65534


class Hunts(harness.Scenario):
    def tool(self, world, *arguments, code=0, **more):
        ended = world.run("ringside", *arguments, **more)
        self.assertEqual(ended.code, code, ended.err)
        return ended

    def loaded(self, world):
        server = world.server()
        world.load(server, rate=sized(400, 100), seconds=2).result()
        return server

    def records(self, world, *arguments):
        """What `tail` has, as objects."""
        ended = self.tool(world, "tail", world.ring, "--once", "-n", "all", "--json", *arguments)
        return [json.loads(line) for line in ended.out.splitlines()]

    def test_every_filter_lets_through_what_the_records_say(self):
        world = self.world()
        self.loaded(world)
        everything = self.records(world)
        self.assertEqual(len(everything), world.inspect()["written"])
        middle = sorted(one["duration_ns"] for one in everything)[len(everything) // 2]
        user = next(one["actor"] for one in everything if one.get("actor", {}).get("label"))
        room = next(one["subject"] for one in everything
                    if one.get("subject", {}).get("kind") == "room")
        failed = next(one for one in everything if one.get("error_name"))
        stage = "stages"
        for arguments, wanted in (
            (["--op", "SEND_*"], lambda one: one["name"].startswith("SEND_")),
            (["--op", "LIST_ROOMS", "--op", "JOIN_ROOM"],
             lambda one: one["name"] in ("LIST_ROOMS", "JOIN_ROOM")),
            (["--min-latency", f"{middle}ns"], lambda one: one["duration_ns"] >= middle),
            (["--max-latency", f"{middle}ns"], lambda one: one["duration_ns"] <= middle),
            (["--errors"], lambda one: one["outcome"] in ("error", "timeout")),
            (["--failures"], lambda one: one["outcome"] != "ok"),
            (["--error", failed["error_name"]], lambda one: one.get("error") == failed["error"]),
            (["--error", failed["error"]], lambda one: one.get("error") == failed["error"]),
            (["--actor", user["label"]], lambda one: one.get("actor") == user),
            (["--actor", f"user:{user['id']}"], lambda one: one.get("actor") == user),
            (["--subject", f"room:{room['id']}"],
             lambda one: one.get("subject", {}).get("id") == room["id"]
             and one["subject"]["kind"] == "room"),
            (["--stage", "database>1ms"],
             lambda one: one.get(stage, {}).get("database", 0) > 1_000_000),
            (["--kind", "event"], lambda one: one["kind"] == "event"),
            (["--lane", 2], lambda one: one["lane"] == 2),
            (["-q", f"latency > {middle}ns and (op ~ '*MESSAGE*' or failed) and not lane = 1"],
             lambda one: one["duration_ns"] > middle and one["lane"] != 1
             and ("MESSAGE" in one["name"] or one["outcome"] in ("error", "timeout"))),
        ):
            with self.subTest(arguments=arguments):
                expected = [one for one in everything if wanted(one)]
                found = self.records(world, *arguments)
                # A stage is stored a little too short, and a span in ticks: the last digit.
                self.assertLessEqual(abs(len(found) - len(expected)), 2)
                keys = [(one["lane"], one["position"]) for one in found]
                self.assertLessEqual(
                    len(set(keys) ^ {(one["lane"], one["position"]) for one in expected}), 2)
        csv = self.tool(world, "tail", world.ring, "--once", "-n", "all", "--format", "csv").out
        self.assertEqual(len(csv.splitlines()), len(everything) + 1)

    def test_what_was_examined_is_what_was_written(self):
        world = self.world()
        server = world.server()
        tail = world.start("ringside", "tail", world.ring, "-n", 0, "--op", "SEND_MESSAGE",
                           "--min-latency", "1us")
        world.load(server, rate=sized(400, 100), seconds=2).result()
        server.wait_until("no connections",
                          lambda: world.inspect()["gauges"]["connections"] == 0)
        written = world.inspect()["written"]
        sent = world.inspect()["operations"]["SEND_MESSAGE"]["recorded"]

        def shown():
            return tail.log().count("SEND_MESSAGE") >= sent
        tail.wait_until("all that was sent", shown)
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.ended(), 0)
        numbers = re.search(r"examined ([\d,]+) records: ([\d,]+) matched, ([\d,]+) filtered out, "
                            r"([\d,]+) lost(?:; ([\d,]+) were gone before)?\n$", tail.log())
        self.assertIsNotNone(numbers, tail.log()[-500:])
        examined, matched, filtered, lost, before = (
            int((text or "0").replace(",", "")) for text in numbers.groups())
        self.assertEqual(matched + filtered, examined)
        self.assertEqual(examined + lost + before, written)
        self.assertEqual(matched, sent)

    def test_a_tail_goes_through_restarts_of_the_server(self):
        world = self.world()
        tail = world.start("ringside", "tail", world.ring, "--follow", "--op", "LIST_ROOMS")
        tail.says(f"waits for {world.ring}")
        for count in (1, 2):
            server = world.server()
            with Chat(server) as chat:
                chat.ask({"op": "LIST_ROOMS"})
                tail.wait_until("the operation",
                                lambda count=count: tail.log().count("  LIST_ROOMS ") == count)
            server.kill()
            tail.wait_until("the end", lambda count=count:
                            tail.log().count("its server has died") == count)
        tail.signal(signal.SIGTERM)
        self.assertEqual(tail.ended(), 0)
        self.assertIn("examined ", tail.log())

    def test_a_slow_operation_is_explained(self):
        world = self.world()
        server = world.server()
        load = world.load(server, rate=sized(200, 50), seconds=60).begun()
        server.wait_until("a hundred messages", lambda: world.inspect()["operations"].get(
            "SEND_MESSAGE", {"recorded": 0})["recorded"] > 100)
        with sqlite3.connect(world.directory / "chat.db", isolation_level=None) as lock:
            lock.execute("BEGIN EXCLUSIVE")
            locked = time.monotonic()
            # The server gives up waiting after a second.
            server.wait_until("a timeout", lambda: self.records(
                world, "--op", "SEND_MESSAGE", "--outcome", "timeout"))
            self.assertGreater(time.monotonic(), locked)
            lock.execute("ROLLBACK")
        lock.close()
        load.interrupted()
        slow = max(self.records(world, "--op", "SEND_MESSAGE"), key=lambda one: one["duration_ns"])
        place = f"{slow['lane']}:{slow['position']}"
        page = self.tool(world, "explain", world.ring, "--op", "SEND_MESSAGE").out
        self.assertIn(f"\n{place}, from ", page)
        self.assertRegex(page, r"It\s+took\s+longer\s+than\s+(all|>?[\d.]+ %)\s+of\s+the")
        self.assertRegex(page, r"Stage\s+database\s+took\s+[\d.]+\s+m?s,\s+usually")
        self.assertRegex(page, r"Meanwhile [\d,]+ operations ran on [\d,]+ other threads?")
        self.assertIn("Gauges now: ", page)
        told = json.loads(self.tool(world, "explain", world.ring, place, "--json").out)
        self.same(told["record"], slow)
        culprit = max(told["stages"], key=lambda stage: stage["more_ns"])
        self.assertEqual(culprit["name"], "database")
        for other in told["meanwhile"]:
            self.assertGreater(other["overlap_ns"], 0)
            self.assertLess(other["began_after_ns"], slow["duration_ns"])
        shown = self.tool(world, "show", world.ring, place).out
        self.assertIn("operation  SEND_MESSAGE (message)\n", shown)
        self.assertIn(f"outcome    {slow['outcome']}", shown)
        self.same(json.loads(self.tool(world, "show", world.ring, place, "--json").out), slow)

    def same(self, one, other):
        """The clock's rate is measured anew by each run of the tool: some parts in a million."""
        self.assertAlmostEqual(one["duration_ns"] / other["duration_ns"], 1, delta=1e-4)
        measured = ("duration_ns", "end", "stages")
        self.assertEqual({key: one[key] for key in one if key not in measured},
                         {key: other[key] for key in other if key not in measured})

    def test_a_dead_server_is_told_on_a_page(self):
        world = self.world()
        server = world.server()
        with stuck(self, world, server):
            server.kill()
        for source in (world.ring, self.moved(world)):
            page = self.tool(world, "autopsy", source).out
            self.assertIn("state      crashed\n", page)
            self.assertRegex(page, r"One thread was in an operation: CREATE_ROOM on lane \d+")
            self.assertRegex(page, r"dead +CREATE_ROOM +\d")
            self.assertIn("CREATE_ROOM had begun and did not end", page)
            self.assertRegex(page, r"wilhelmina \(user \d+\) +2 +0 ")
            told = json.loads(self.tool(world, "autopsy", source, "--json").out)
            self.assertEqual(
                [one["in_flight"]["operation"] for one in told["threads"] if "in_flight" in one],
                ["CREATE_ROOM"])
        self.assertIn("its server is gone", self.tool(world, "control", world.ring, "off",
                                                      code=1).err)

    def test_a_copy_of_a_living_servers_ring_is_read_and_ends(self):
        world = self.world()
        self.loaded(world)
        written = world.inspect()["written"]
        named = world.directory / world.ring_path.name  # in another folder, under its own name
        for copy in (world.directory / "copy", named):
            copy.write_bytes(world.ring_path.read_bytes())
            self.assertEqual(json.loads(self.tool(world, "inspect", copy, "--json").out)["state"],
                             "copy")
            # Nobody writes into it, so there is nothing to follow.
            said = self.tool(world, "tail", copy, "-n", "all", "--json")
            self.assertEqual(len(said.out.splitlines()), written)
            self.tool(world, "top", copy, "--once")
            self.assertIn("is a copy of the ring",
                          self.tool(world, "control", copy, "off", code=1).err)
        self.assertTrue(world.inspect()["enabled"])

    def moved(self, world):
        """The dead server's ring as a file elsewhere: a copy that one takes home."""
        copy = world.directory / "copy"
        copy.write_bytes(world.ring_path.read_bytes())
        return copy

    def test_switches_take_effect_and_come_back(self):
        world = self.world()
        server = world.server()

        def counts(operation):
            one = world.inspect()["operations"].get(operation, {"recorded": 0, "skipped": 0})
            return one["recorded"], one["skipped"]

        with Chat(server) as chat:
            chat.ask({"op": "LIST_ROOMS"})
            self.tool(world, "control", world.ring, "off", "--op", "LIST_*")
            chat.ask({"op": "LIST_ROOMS"})
            chat.ask({"op": "REQUEST_USER_LIST"})
            self.assertEqual(counts("LIST_ROOMS"), (1, 0))
            self.assertEqual(counts("REQUEST_USER_LIST"), (1, 0))
            changed = json.loads(
                self.tool(world, "control", world.ring, "on", "--op", "LIST_ROOMS", "--json").out)
            self.assertEqual((changed["before"]["one_in"]["LIST_ROOMS"],
                              changed["after"]["one_in"]["LIST_ROOMS"]), (0, 1))
            chat.ask({"op": "LIST_ROOMS"})
            self.assertEqual(counts("LIST_ROOMS"), (2, 0))
            for end in (signal.SIGINT, signal.SIGHUP, "over"):
                lasting = "300ms" if end == "over" else "1min"
                control = world.start("ringside", "control", world.ring, "off", "--for", lasting)
                control.says("tracing    off, before on")
                if end != "over":
                    chat.ask({"op": "LIST_ROOMS"})
                    self.assertFalse(world.inspect()["enabled"])
                    control.signal(end)
                self.assertEqual(control.ended(), 0)
                self.assertIn("back to what was set before", control.log())
                self.assertTrue(world.inspect()["enabled"])
            self.assertEqual(counts("LIST_ROOMS"), (2, 0))
            self.assertEqual(self.tool(world, "inspect", world.ring, "--verify").code, 0)

    def test_two_controls_do_not_contradict_each_other(self):
        world = self.world()
        with Chat(world.server()) as chat:
            chat.ask({"op": "LIST_ROOMS"})
            held = world.start("ringside", "control", world.ring, "off", "--op", "LIST_*", "--for",
                               "1h")
            held.says("for 1h, then back")
            for setting in (["on", "--op", "LIST_ROOMS"], ["off", "--op", "LIST_*"], ["1/5"]):
                refused = self.tool(world, "control", world.ring, *setting, code=1)
                self.assertIn("another `ringside control --for` has set this", refused.err)
                self.assertEqual(refused.out, "")
            # What it does not hold is free.
            self.tool(world, "control", world.ring, "1/3", "--op", "LEAVE_ROOM")
            self.tool(world, "control", world.ring, "off")
            self.tool(world, "control", world.ring, "on")
            # The kernel lets go of what a killed one held. What it had set stays.
            held.kill()
            self.tool(world, "control", world.ring, "on", "--op", "LIST_ROOMS")
            switches = json.loads(self.tool(world, "control", world.ring, "--json").out)["after"]
            self.assertEqual((switches["enabled"], switches["one_in"]["LIST_ROOMS"],
                              switches["one_in"]["LEAVE_ROOM"]), (True, 1, 3))

    def test_only_control_opens_a_ring_for_writing(self):
        world = self.world()
        server = self.loaded(world)
        world.ring_path.chmod(0o444)
        world.directory.chmod(0o777)
        for command in (["list"], ["inspect", world.ring, "--verify"],
                        ["tail", world.ring, "--once"], ["explain", world.ring],
                        ["autopsy", world.ring], ["control", world.ring],
                        ["show", world.ring, "1:0"], ["top", world.ring, "--once"],
                        ["hist", world.ring], ["export", world.ring],
                        ["record", world.ring, "--snapshot", "-o", world.directory / "recorded"]):
            with self.subTest(command=command):
                self.tool(world, *command, user=NOBODY)
        refused = self.tool(world, "control", world.ring, "off", user=NOBODY, code=1)
        self.assertIn("may not be written by this user", refused.err)
        self.assertIn("\n  next: run as the server's user, or as root", refused.err)
        self.assertTrue(world.inspect()["enabled"])
        world.ring_path.chmod(0o600)
        for command in (["tail"], ["top", "--once"], ["hist"], ["export"],
                        ["record", "--force", "-o", world.directory / "recorded"]):
            with self.subTest(command=command):
                refused = self.tool(world, *command, world.ring, user=NOBODY, code=1)
                self.assertIn("may not be opened by this user", refused.err)
        # The mapping itself cannot be written, whoever runs the tool.
        tail = world.start("ringside", "tail", world.ring)
        tail.says("examined" if not tail.alive() else ":")
        with open(f"/proc/{tail.pid}/maps", encoding="utf-8") as maps:
            mapped = [line.split()[1] for line in maps if str(world.ring_path) in line]
        self.assertEqual(mapped, ["r--s"])
        # A tool that is stopped, and one that is killed, are nothing to the server.
        tail.signal(signal.SIGSTOP)
        with Chat(server) as chat:
            chat.ask({"op": "LIST_ROOMS"})
            tail.kill()
            chat.ask({"op": "LIST_ROOMS"})

    def test_what_is_wrong_is_said_with_what_to_do(self):
        world = self.world()
        self.loaded(world)
        ring = world.ring
        half = world.directory / "half"
        half.write_bytes(world.ring_path.read_bytes()[:300_000])
        other = world.directory / "other"
        whole = bytearray(world.ring_path.read_bytes())
        whole[8] = 99   # the layout's version
        other.write_bytes(whole)
        text = world.directory / "text"
        text.write_text("no ring\n" * 200, encoding="utf-8")
        record = ["record", "-o", world.directory / "recorded"]
        for command in (["tail"], ["explain"], ["autopsy"], ["inspect"], ["hist"], ["export"],
                        ["top", "--once"], record):
            for source, said in (("none-such", "No such file"), (half, "is cut off"),
                                 (other, "layout version 99"), (text, "is no ring")):
                with self.subTest(command=command, source=source):
                    err = self.tool(world, *command, source, code=1).err
                    self.assertIn(said, err)
                    self.assertIn("\n  next: ", err)
                    self.assertTrue(err.startswith("ringside"), err)
        for arguments, code, said in (
            (["tail", ring, "-q", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["tail", ring, "--op", "SEND_MASSAGE"], 2, "nearest: `SEND_MESSAGE`"),
            (["tail", ring, "-n", "some"], 2, "expected a number, or all"),
            (["tail", ring, "--format", "xml"], 2, "xml"),
            (["top", ring, "--once", "-q", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["hist", ring, "-q", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["export", ring, "-q", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["record", ring, "-o", "none", "-q", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["record", ring, "-o", "none", "--on", "latency >> 5ms"], 2, "  latency >> 5ms\n"),
            (["explain", ring, "3"], 2, "expected LANE:POSITION"),
            (["explain", ring, "1:99999999"], 1, "no record 1:99999999: lane 1 has "),
            (["explain", ring, "--op", "CREATE_ROOM", "--min-latency", "1h"], 1,
             "no timed operation among them"),
            (["explain", ring, "1:0", "--op", "LIST_ROOMS"], 2, "found a place and a filter"),
            (["inspect", ring, "--names", "--json"], 2, "--json"),
            (["record", ring, "-o", world.ring_path, "--force"], 1, "is no recording"),
            (["show", ring, "x:1"], 2, "expected LANE:POSITION"),
            (["show", ring, "9999:1"], 1, "no lane 9999 in this ring"),
            (["control", ring, "1/0"], 2, "expected on, off, or 1/N"),
            (["control", ring, "--for", "5s"], 2, "expected a setting with --for or --op"),
            (["control", ring, "off", "--for", "soon"], 2, "expected a duration"),
            (["control", ring, "off", "--op", "SEND_MASSAGE"], 2, "nearest: `SEND_MESSAGE`"),
            (["completion", "fish"], 2, "fish"),
            (["list", "--folder", "/no/such"], 1, "No such file"),
        ):
            with self.subTest(arguments=arguments):
                err = self.tool(world, *arguments, code=code).err
                self.assertIn(said, err)
                self.assertIn("\n  next: ", err)

    def test_completion_and_manual_name_each_command_and_flag(self):
        world = self.world()
        commands = re.findall(r"^  ([a-z]+) ", self.tool(world, "--help").out.split(
            "Subcommands:")[1], re.MULTILINE)
        self.assertIn("explain", commands)
        script = world.directory / "completion"
        script.write_text(self.tool(world, "completion", "bash").out, encoding="utf-8")

        def offered(*words):
            typed = " ".join(f"'{word}'" for word in ("ringside", *words))
            ended = world.run("/bin/bash", "-c", f". {script}; COMP_WORDS=({typed}); "
                              f"COMP_CWORD={len(words)}; _ringside; echo \"${{COMPREPLY[@]}}\"")
            self.assertEqual((ended.code, ended.err), (0, ""))
            return ended.out.split()
        self.assertEqual(offered("exp"), ["explain"] if "export" not in commands
                         else ["explain", "export"])
        self.assertIn("--min-latency", offered("tail", "--min"))
        self.assertIn("acknowledge", offered("alerts", "ack"))
        server = world.server()
        self.assertEqual(offered("tail", world.ring[:-1]), [world.ring])
        # Anybody may make files there. What completes a name must not run it.
        trap = world.ring_path.with_name(f"ringside.{world.ring}$(echo RUN)")
        trap.touch()
        try:
            self.assertEqual(offered("tail", world.ring[:-1]), [world.ring])
            self.assertEqual(offered("tail", "RUN"), [])
        finally:
            trap.unlink()
        server.stop()
        page = self.tool(world, "manual").out
        for command in commands:
            self.assertIn(f'.SS "{command}"\n', page)
            self.assertIn("Examples:\n", self.tool(world, command, "--help").out)
        zsh = self.tool(world, "completion", "zsh").out
        self.assertIn("'--min-latency:", zsh)
        if os.path.exists("/usr/bin/zsh"):
            path = world.directory / "_ringside"
            path.write_text(zsh, encoding="utf-8")
            self.assertEqual(world.run("/usr/bin/zsh", "-n", path).err, "")


if __name__ == "__main__":
    harness.main()

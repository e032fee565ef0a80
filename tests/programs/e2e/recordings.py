#!/usr/bin/env python3
"""Recordings of living and dead servers: what is in them, and what they say of themselves."""

import os
import re
import resource
import signal

import harness
import ledger
from chat import Chat
from harness import sized
from recorded import Recorded, books, ns_of


class Recordings(Recorded):
    def test_a_recording_has_what_was_written_and_shows_it_as_the_ring_does(self):
        world = self.world()
        server = world.server(RINGSIDE_CAPACITY=65536)
        recorder = self.recorder(world)
        world.load(server, rate=sized(500, 100), seconds=2).result()
        recorder.signal(signal.SIGINT)
        self.assertEqual(recorder.ended(), 0, recorder.log())
        totals = world.inspect()
        written, recorded, filtered, lost = books(recorder.log())
        self.assertEqual((written, recorded, filtered, lost),
                         (totals["written"], totals["written"], 0, 0))
        # Nothing of the ring is overwritten yet.
        of_ring, _ = self.records(world, world.ring)
        of_file, said = self.records(world, "night.rec")
        self.same(of_file, of_ring)
        self.assertIn(f"{written:,} matched", said)
        shown = world.inspect("night.rec")
        self.assertEqual(ledger.counts(shown), ledger.counts(totals))
        self.assertEqual(shown["recording"]["ended"], "it was interrupted")
        self.assertEqual(shown["recording"]["recorded"], written)
        # A path will do as well as a name in the working directory.
        self.assertEqual(self.places(world, world.directory / "night.rec", "--errors"),
                         self.places(world, world.ring, "--errors"))
        # A part of a recording is a recording.
        part = world.run("ringside", "record", "night.rec", "-o", "part.rec", "--failures")
        self.assertEqual(part.code, 0, part.err)
        self.assertEqual(sum(books(part.err)[1:]), written)
        self.assertEqual(self.places(world, "part.rec"),
                         self.places(world, "night.rec", "--failures"))
        again = world.run("ringside", "record", world.ring, "-o", "night.rec", "--snapshot")
        self.assertEqual(again.code, 1)
        self.assertIn("is there already", again.err)
        again = world.run("ringside", "record", world.ring, "-o", "night.rec", "--snapshot",
                          "--force")
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(self.places(world, "night.rec"), self.places(world, world.ring))
        server.stop()

    def test_a_filtered_recording_says_so_and_its_books_balance(self):
        world = self.world()
        server = world.server()
        recorder = self.recorder(world, "--op", "SEND_MESSAGE", "--for", "60s")
        world.load(server, rate=sized(400, 100), seconds=1).result()
        server.stop()
        self.assertEqual(recorder.ended(), 0)
        self.assertIn("ended, as the server has left", recorder.log())
        written, recorded, filtered, lost = books(recorder.log())
        self.assertEqual(written, recorded + filtered + lost)
        self.assertGreater(filtered, 0)
        shown = world.inspect("night.rec")
        self.assertEqual(shown["recording"]["filter"], "--op 'SEND_MESSAGE'")
        self.assertEqual(shown["state"], "closed")
        records, _ = self.records(world, "night.rec")
        self.assertEqual({one["name"] for one in records}, {"SEND_MESSAGE"})
        self.assertEqual(len(records), recorded)

    def test_a_recorder_that_is_killed_leaves_a_file_that_is_readable(self):
        world = self.world()
        server = world.server()
        recorder = self.recorder(world)
        load = world.load(server, rate=sized(400, 100), seconds=4)
        path = world.directory / "night.rec"
        begun = path.stat().st_size
        recorder.wait_until("a batch", lambda: path.stat().st_size > begun + 1000)
        recorder.kill()
        load.result()
        records, said = self.records(world, "night.rec")
        self.assertGreater(len(records), 0)
        self.assertIn("has no end: its writer was killed", said)
        # Cut within a chunk, it is readable up to the one before.
        with open(path, "r+b") as file:
            file.truncate(path.stat().st_size - 1)
        fewer, said = self.records(world, "night.rec")
        self.assertIn("is cut off at offset", said)
        self.same(fewer, records[:len(fewer)])
        ended = world.run("ringside", "top", "night.rec", "--once")
        self.assertIn("is cut off at offset", ended.out)
        self.assertIn("night.rec: is cut off at offset", ended.err)
        # Every record is in the books, those behind the moment that is shown as well.
        for moment in ("0s", "250ms"):
            ended = world.run("ringside", "top", "night.rec", "--once", "--at", moment)
            told = re.search(r"examined ([0-9,]+) records: ([0-9,]+) matched, 0 filtered out, "
                             r"(?:([0-9,]+) later than the moment shown, )?", ended.err)
            examined, matched, later = (int((number or "0").replace(",", ""))
                                        for number in told.groups())
            self.assertEqual(examined, len(fewer))
            self.assertEqual(examined, matched + later)
            self.assertEqual(later > 0, moment != "0s")
        server.stop()

    def test_the_ring_of_a_dead_server_is_kept_with_what_it_was_doing(self):
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(400, 100), seconds=1).result()
        server.kill()
        ended = world.run("ringside", "record", world.ring, "-o", "dead.rec", "--snapshot")
        self.assertEqual(ended.code, 0, ended.err)
        self.same(self.records(world, "dead.rec")[0], self.records(world, world.ring)[0])
        ring, recording = world.inspect(), world.inspect("dead.rec")
        self.assertEqual(recording["state"], "crashed")
        self.assertEqual(len(recording["lanes"]), len(ring["lanes"]))
        for now, then in zip(recording["lanes"], ring["lanes"]):
            self.assertEqual((now["lane"], now["readable"]), (then["lane"], then["readable"]))
            # The clock's rate is measured each time.
            self.assertAlmostEqual(now["rate_per_s"] / max(then["rate_per_s"], 1e-9),
                                   1 if then["rate_per_s"] else 0, places=4)
        self.assertEqual({name: one["readable"] for name, one in recording["operations"].items()},
                         {name: one["readable"] for name, one in ring["operations"].items()})

    def test_a_limit_of_the_size_ends_a_recording(self):
        world = self.world()
        server = world.server(RINGSIDE_CAPACITY=65536)
        recorder = self.recorder(world, "--max-size", "64KiB")
        load = world.load(server, rate=sized(2000, 300), seconds=60)
        self.assertEqual(recorder.ended(60), 0)
        load.interrupted()
        self.assertIn("--max-size 64KiB is reached", recorder.log())
        self.assertLessEqual((world.directory / "night.rec").stat().st_size, 65536)
        written, recorded, filtered, lost = books(recorder.log())
        self.assertEqual(written, recorded + filtered + lost)
        records, said = self.records(world, "night.rec")
        self.assertEqual(len(records), recorded)
        self.assertNotIn("cut", said)
        # Of a ring that nobody writes it is known how many there are.
        server.kill()
        for more in (["--max-size", "64KiB"], ["--on", "op = SEND_MESSAGE", "--after", "10ms"]):
            ended = world.run("ringside", "record", world.ring, "-o", "dead.rec", "--force", *more)
            self.assertEqual(ended.code, 0, ended.err)
            written, recorded, filtered, lost = books(ended.err)
            self.assertEqual(written, world.inspect()["written"])
            self.assertEqual(written, recorded + filtered + lost)
            self.assertEqual(recorded, len(self.records(world, "dead.rec")[0]))

    def test_a_full_disk_is_an_error_that_keeps_what_is_there(self):
        world = self.world()
        server = world.server(RINGSIDE_CAPACITY=65536)
        small = 150_000
        recorder = harness.Process(
            world, "ringside", ["record", world.ring, "-o", "night.rec"], world.environment(),
            prepare=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (small, small)))
        load = world.load(server, rate=sized(2000, 300), seconds=60)
        self.assertEqual(recorder.ended(60), 1)
        load.interrupted()
        self.assertIn("can't write", recorder.log())
        records, said = self.records(world, "night.rec")
        self.assertGreater(len(records), 0)
        self.assertIn("has no end", said)
        server.stop()

    def trigger(self, chat):
        """Something that nothing else does: to join a room that is not there."""
        chat.ask({"op": "JOIN_ROOM", "room": 999_999})

    def test_a_trigger_in_the_first_second_has_what_was_before_it(self):
        world = self.world()
        server = world.server()
        with Chat(server) as chat:
            chat.do("REGISTRATION", user="ada", password="correct horse")
            chat.do("AUTHENTICATION", user="ada", password="correct horse")
            for _ in range(20):
                chat.ask({"op": "LIST_ROOMS"})
            recorder = self.recorder(world, "--on", "op = JOIN_ROOM and outcome != ok",
                                     "--before", "30s", "--after", "500ms")
            self.trigger(chat)
            for _ in range(20):
                chat.ask({"op": "LIST_INVITATIONS"})
            self.assertEqual(recorder.ended(), 0, recorder.log())
        records, _ = self.records(world, "night.rec")
        names = [one["name"] for one in records]
        self.assertEqual(names.count("LIST_ROOMS"), 20)
        self.assertEqual(names.count("LIST_INVITATIONS"), 20)
        self.around(world, records, before_s=30, after_s=0.5)
        self.assertIn("1 trigger", recorder.log())
        server.stop()

    def around(self, world, records, before_s, after_s):
        """Exactly the ring's records that ended within the spans around the first mark."""
        mark = world.inspect("night.rec")["recording"]["marks"][0]
        of_ring, _ = self.records(world, world.ring)
        ends = {(one["lane"], one["position"]): ns_of(one["end"]) for one in of_ring}
        trigger = ends[mark["lane"], mark["position"]]
        got = [(one["lane"], one["position"]) for one in records]
        # The rate of the clock was another one when the window was opened, by some millionths.
        unsure = 20_000
        for place, end in ends.items():
            within = min(end - trigger + before_s * 1e9, trigger + after_s * 1e9 - end)
            if abs(within) > unsure:
                self.assertEqual(place in got, within > 0, (place, within))
        self.assertEqual(len(set(got)), len(got))

    def test_a_window_has_what_ended_in_it_and_nothing_else(self):
        world = self.world()
        server = world.server(RINGSIDE_CAPACITY=65536)
        load = world.load(server, rate=sized(300, 60), seconds=30).begun()
        with Chat(server) as chat:
            chat.do("REGISTRATION", user="grace", password="correct horse")
            chat.do("AUTHENTICATION", user="grace", password="correct horse")
            # What came before is no trigger.
            self.trigger(chat)
            recorder = self.recorder(world, "--on", "op = JOIN_ROOM and actor = grace",
                                     "--before", "300ms", "--after", "400ms")
            self.trigger(chat)
            self.assertEqual(recorder.ended(), 0, recorder.log())
        load.interrupted()
        records, _ = self.records(world, "night.rec")
        self.around(world, records, before_s=0.3, after_s=0.4)
        written, recorded, filtered, lost = books(recorder.log())
        self.assertEqual(written, recorded + filtered + lost)
        self.assertEqual(recorded, len(records))
        server.stop()

    def test_a_server_that_dies_after_the_trigger_ends_the_recording(self):
        world = self.world()
        server = world.server()
        recorder = self.recorder(world, "--on", "op = JOIN_ROOM", "--before", "10s", "--after",
                                 "300s", "--times", "3")
        with Chat(server) as chat:
            chat.ask({"op": "LIST_ROOMS"})
            self.trigger(chat)
            chat.ask({"op": "LIST_INVITATIONS"})
            server.kill()
        self.assertEqual(recorder.ended(), 0, recorder.log())
        self.assertIn("ended, as the server has died", recorder.log())
        self.assertEqual(
            [one["name"] for one in self.records(world, "night.rec", "--kind", "operation")[0]],
            ["LIST_ROOMS", "JOIN_ROOM", "LIST_INVITATIONS"])

    def test_bad_wishes_and_bad_files_are_refused_with_what_to_do(self):
        world = self.world()
        server = world.server()

        def refused(code, words, *arguments):
            ended = world.run("ringside", *arguments)
            self.assertEqual(ended.code, code, ended.err)
            self.assertIn(words, ended.err)
            self.assertIn("\n  next: ", ended.err)

        refused(1, "can't open", "record", f"{world.ring}-none", "-o", "x.rec")
        refused(2, "expected", "record", world.ring, "-o", "x.rec", "--on", "latency >> 1s")
        refused(2, "expected a duration", "record", world.ring, "-o", "x.rec", "--for", "5")
        refused(1, "can't create", "record", world.ring, "-o", "/no/such/folder/x.rec",
                "--snapshot")
        self.assertFalse((world.directory / "x.rec").exists())
        ended = world.run("ringside", "record", world.ring, "-o", "x.rec", "--snapshot")
        self.assertEqual(ended.code, 0, ended.err)
        path = world.directory / "x.rec"
        whole = path.read_bytes()
        path.write_bytes(whole[:30])
        refused(1, "without a whole head", "tail", "./x.rec", "--once")
        path.write_bytes(whole[:16] + b"\x07" + whole[17:])
        refused(1, "is no ring", "tail", "./x.rec", "--once")
        path.write_bytes(whole)
        os.chmod(path, 0)
        if os.geteuid() != 0:
            refused(1, "may not be opened", "tail", "./x.rec", "--once")
        server.stop()


if __name__ == "__main__":
    harness.main()

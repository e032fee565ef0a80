#!/usr/bin/env python3
"""The debug tool on the ring of a living server, and on that of a dead one."""

import os
import re
import signal

import harness
import ledger
from chat import Chat, stuck
from harness import sized

# A line as `ringside tail` prints it: time of day, place, operation or event, duration, outcome.
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{6} +\d+:\d+  [A-Z_]+ +(untimed|[0-9.,]+ (ns|µs|ms|s)) +"
                  r"(ok|error|timeout|rejected|denied|limited|cancelled)\b")


class Tool(harness.Scenario):
    def row(self, world, ring):
        ended = world.run("ringside", "list")
        self.assertEqual(ended.code, 0, ended.err)
        rows = [line.split() for line in ended.out.splitlines() if line.split()[:1] == [ring]]
        return rows[0] if rows else None

    def test_list_inspect_and_tail_see_a_live_server(self):
        world = self.world()
        server = world.server()
        load = world.load(server, rate=sized(400, 100), seconds=2).result()
        self.assertEqual(
            self.row(world, world.ring)[1:4],
            ["live", "ringside-chatd", str(server.pid)])
        self.assertEqual(self.row(world, world.ring)[4], str(os.geteuid()))

        totals = world.inspect()
        self.assertEqual((totals["state"], totals["pid"], totals["program"]),
                         ("live", server.pid, "ringside-chatd"))
        self.assertEqual(ledger.counts(totals), ledger.answered(load))
        # Nothing is sampled out, so every operation and every event is one record.
        recorded = sum(one["recorded"] for kind in ("operations", "events")
                       for one in totals[kind].values())
        self.assertEqual(totals["written"], recorded)
        self.assertEqual(sum(lane["written"] for lane in totals["lanes"]), recorded)
        # The server may not yet have noticed that the load has closed its connections.
        server.wait_until("no connections", lambda: world.inspect()["gauges"]["connections"] == 0)
        text = world.run("ringside", "inspect", world.ring)
        self.assertEqual(text.code, 0)
        self.assertIn("SEND_MESSAGE", text.out)

        last = world.run("ringside", "tail", world.ring, "--once", "-n", 25)
        self.assertEqual(last.code, 0)
        written = f"{totals['written']:,}"
        self.assertRegex(last.err,
                         rf"^ringside tail: examined {written} records: {written} matched "
                         r"\([0-9,]+ older ones not shown\), 0 filtered out, 0 lost\n$")
        lines = last.out.splitlines()
        self.assertEqual(len(lines), 25)
        for line in lines:
            self.assertRegex(line, LINE)
        only = world.run("ringside", "tail", world.ring, "--once", "-n", 5, "--op",
                         "MESSAGE_SEARCH").out.splitlines()
        self.assertEqual([line.split()[2] for line in only], ["MESSAGE_SEARCH"] * 5)
        failures = world.run("ringside", "tail", world.ring, "--once", "-n", 10, "--failures").out
        self.assertNotRegex(failures, r" ok\b")
        server.stop()
        self.assertIsNone(self.row(world, world.ring))

    def test_tail_follows_until_it_is_told_to_end(self):
        world = self.world()
        server = world.server()
        tail = world.start("ringside", "tail", world.ring, "--op", "LIST_ROOMS", "--op",
                           "LIST_INVITATIONS")
        with Chat(server) as chat:
            chat.ask({"op": "LIST_ROOMS"})
            tail.says("LIST_ROOMS")
            chat.ask({"op": "REQUEST_USER_LIST"})
            chat.ask({"op": "LIST_INVITATIONS"})
            tail.says("LIST_INVITATIONS")
        self.assertNotIn("REQUEST_USER_LIST", tail.log())
        self.assertIn("NOT_AUTHENTICATED", tail.log())
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.ended(), 0)
        # `tail` also ends when the server leaves.
        tail = world.start("ringside", "tail", world.ring)
        tail.says("LIST_INVITATIONS")
        server.stop()
        self.assertEqual(tail.ended(), 0)
        self.assertIn("its server has left", tail.log())

    def test_after_a_crash_the_last_records_are_still_there(self):
        world = self.world()
        server = world.server()
        tail = world.start("ringside", "tail", world.ring, "-n", 0)
        with Chat(server) as chat:
            for _ in range(5):
                chat.ask({"op": "LIST_ROOMS"})
            server.kill()
        self.assertEqual(tail.ended(), 0)
        self.assertIn("its server has died; these were its last records", tail.log())
        self.assertEqual(self.row(world, world.ring)[1], "crashed")
        self.assertEqual(world.inspect()["state"], "crashed")
        self.assertEqual(world.inspect()["operations"]["LIST_ROOMS"]["count"], 5)
        last = world.run("ringside", "tail", world.ring, "--once", "--op", "LIST_ROOMS")
        self.assertEqual(len(last.out.splitlines()), 5)
        self.assertEqual(last.code, 0)

    def test_users_and_rooms_have_their_names_unless_they_are_not_wanted(self):
        world = self.world()
        server = world.server()
        with Chat(server) as chat:
            chat.do("REGISTRATION", user="wilhelmina", password="correct horse")
            user = chat.do("AUTHENTICATION", user="wilhelmina", password="correct horse")["user_id"]
            room = chat.do("CREATE_ROOM", name="tea-time")["room_id"]
            chat.do("SEND_MESSAGE", room=room, text="hello")
        last = world.run("ringside", "tail", world.ring, "--once", "--op", "SEND_MESSAGE").out
        self.assertIn(f"wilhelmina (user {user})", last)
        self.assertIn(f"tea-time (room {room})", last)
        last = world.run("ringside", "tail", world.ring, "--once", "--no-labels").out
        self.assertIn(f"user {user}", last)
        self.assertNotRegex(last, "wilhelmina|tea-time")

    def test_what_a_server_is_in_is_seen_while_it_lives_and_when_it_was_killed(self):
        world = self.world()
        server = world.server()
        with stuck(self, world, server):
            text = world.run("ringside", "inspect", world.ring).out
            self.assertRegex(
                text, r"in flight +since +lane +thread +tid\n(.*\n)?CREATE_ROOM +\d\d:")
            server.kill()
        last = world.run("ringside", "tail", world.ring, "--once")
        self.assertRegex(last.out.splitlines()[-1],
                         r"^\d\d:\d\d:\d\d\.\d{6}  CREATE_ROOM had begun and did not end: thread ")


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""`ringside tail --follow` through restarts of the server."""

import os
import signal

import harness
from chat import Chat

NOBODY = 65534


class Restarts(harness.Scenario):
    def test_tail_waits_until_the_new_server_has_named_what_the_filter_asks_for(self):
        world = self.world()
        server = world.server()
        with Chat(server) as chat:
            chat.do("REGISTRATION", user="ada", password="correct horse")
            chat.do("REGISTRATION", user="bob", password="correct horse")
            chat.do("AUTHENTICATION", user="ada", password="correct horse")
            tail = world.start("ringside", "tail", world.ring, "--follow", "--actor", "ada", "-n",
                               "all")
            chat.do("CREATE_ROOM", name="tea-time")
            tail.says("CREATE_ROOM")
            server.kill()
        tail.says("its server has died")
        server = world.server()
        waits = "waits until the server has named what the filter asks for: no actor `ada`"
        tail.says(waits)
        with Chat(server) as other:
            other.do("AUTHENTICATION", user="bob", password="correct horse")
            other.do("CREATE_ROOM", name="coffee-time")
            with Chat(server) as chat:
                chat.do("AUTHENTICATION", user="ada", password="correct horse")
                chat.do("CREATE_ROOM", name="cake-time")
                tail.says("cake-time")
        self.assertEqual(tail.log().count("waits until"), 1)
        self.assertNotIn("coffee-time", tail.log())
        # A new server whose ring never has it is waited for, too.
        server.kill()
        server = world.server()
        tail.wait_until("the next one", lambda: tail.log().count(waits) == 2)
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.ended(), 0)
        self.assertIn("ringside tail: examined ", tail.log())
        server.stop()

    def test_a_ring_that_comes_late_may_name_things_later(self):
        world = self.world()
        tail = world.start("ringside", "tail", world.ring, "--follow", "--actor", "ada")
        tail.says(f"waits for {world.ring}")
        server = world.server()
        tail.says("waits until the server has named what the filter asks for")
        with Chat(server) as chat:
            chat.do("REGISTRATION", user="ada", password="correct horse")
            chat.do("AUTHENTICATION", user="ada", password="correct horse")
            chat.do("CREATE_ROOM", name="tea-time")
        tail.says("tea-time")
        # What the ring does not have when one looks at it may be a slip of the pen.
        ended = world.run("ringside", "tail", world.ring, "--follow", "--actor", "adda")
        self.assertEqual(ended.code, 2, ended.err)
        self.assertIn("nearest: `ada`", ended.err)
        server.stop()
        tail.signal(signal.SIGINT)
        self.assertEqual(tail.ended(), 0)

    def test_what_can_never_be_a_ring_is_not_waited_for(self):
        world = self.world()
        server = world.server()
        made = world.run("ringside", "record", world.ring, "-o", "night.rec", "--snapshot")
        self.assertEqual(made.code, 0, made.err)
        (world.directory / "text").write_text("This is no ring.\n")
        (world.directory / "link").symlink_to(world.ring_path)
        os.mkfifo(world.directory / "pipe")

        def refused(words, name, user=None):
            ended = world.run("ringside", "tail", "--follow", name, user=user)
            self.assertEqual(ended.code, 1, ended.err)
            self.assertIn(words, ended.err)
            self.assertIn("\n  next: ", ended.err)

        refused("is a recording", "night.rec")
        refused("is a recording", "./night.rec")
        refused("not a regular file", world.directory)
        refused("not a regular file", "./pipe")
        refused("symbolic link", "./link")
        refused("is no ring", "./text")
        refused("ring name 'a b'", "a b")
        if os.geteuid() == 0:
            refused("may not be opened by this user", world.ring, NOBODY)
        server.stop()


if __name__ == "__main__":
    harness.main()

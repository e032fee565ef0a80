#!/usr/bin/env python3
"""Ctrl-C while the debug tool reads a recording: it ends before its end, and says so."""

import os
import signal

import harness
from harness import sized
from recorded import Recorded


def interrupt_at_once():
    """What is pending before a program begins is pending in it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    os.kill(os.getpid(), signal.SIGINT)


class Interrupted(Recorded):
    def test_a_recording_that_is_being_read_can_be_interrupted(self):
        world = self.world()
        server = world.server()
        world.load(server, rate=sized(300, 60), seconds=1).result()
        server.kill()
        made = world.run("ringside", "record", world.ring, "-o", "night.rec", "--snapshot")
        self.assertEqual(made.code, 0, made.err)
        again = f"{world.ring}-again"
        # Those that follow end like this; those that owe an answer have failed.
        for code, command, *arguments in (
                (0, "tail", "night.rec", "--once"),
                (0, "tail", "night.rec", "--since", "1h"),
                (0, "hist", "night.rec"),
                (0, "hist", "night.rec", "--by", "op", "-q", "latency > 1us"),
                (0, "record", "night.rec", "-o", "part.rec", "--since", "1h"),
                (0, "replay", "night.rec", "--ring", again),
                (1, "explain", "night.rec"),
                (1, "autopsy", "night.rec"),
                (1, "show", "night.rec", "0:0")):
            with self.subTest(command=command, arguments=arguments):
                process = harness.Process(world, "ringside", [command, *arguments],
                                          world.environment(), prepare=interrupt_at_once)
                self.assertEqual(process.ended(), code, process.log())
                self.assertIn(f"ringside {command}: interrupted before the end of ",
                              process.log())
                self.assertRegex(process.log(), f"ringside {command}: examined 0 records: "
                                 "0 matched, 0 filtered out, 0 lost")
                self.assertNotRegex(process.log(), "SEND_MESSAGE")
        self.assertFalse((world.directory / "part.rec").exists())
        self.assertEqual(list(world.ring_path.parent.glob(f"ringside.{again}*")), [])


if __name__ == "__main__":
    harness.main()

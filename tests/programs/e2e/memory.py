#!/usr/bin/env python3
"""Memory that is full. A server runs untraced, or some of its threads do, and its log or the alert
log says why."""

import ctypes
import os
from pathlib import Path

import harness
import ledger
from chat import Chat, serves
from harness import sized

FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE = 1, 6, 7


class Memory(harness.Scenario):
    def small_memory(self, world, size):
        """Makes a file system of that size. It is reached through a descriptor of this process and
        attached to no folder. So no mount spreads anywhere, and it works in a chroot, where "/" is
        no mount point."""
        if os.geteuid() != 0:
            self.skipTest("only root can make a small file system")
        libc = ctypes.CDLL(None, use_errno=True)

        def must(result):
            if result < 0:
                self.skipTest(f"no file system of our own: {os.strerror(ctypes.get_errno())}")
            return result
        context = must(libc.fsopen(b"tmpfs", 0))
        self.addCleanup(os.close, context)

        def configure(size, command):
            must(libc.fsconfig(context, FSCONFIG_SET_STRING, b"size", size.encode(), 0))
            must(libc.fsconfig(context, command, None, None, 0))
        configure(size, FSCONFIG_CMD_CREATE)
        self.resize = lambda size: configure(size, FSCONFIG_CMD_RECONFIGURE)
        mounted = must(libc.fsmount(context, 0, 0))
        self.addCleanup(os.close, mounted)
        return Path(f"/proc/{os.getpid()}/fd/{mounted}")

    def test_a_server_whose_ring_does_not_fit_into_memory_runs_untraced(self):
        world = self.world()
        place = self.small_memory(world, "64k")
        server = world.server(ring=f"{place}/ring")
        self.assertIn(f"not traced: {place}/ring: no memory for the ring", server.log())
        self.assertIn("\n  next: free space", server.log())
        self.assertEqual(list(place.iterdir()), [])
        serves(self, server)
        load = world.load(server, rate=sized(500, 100), seconds=2).result()
        self.assertEqual(load["totals"]["sent"], load["totals"]["answered"])
        server.stop()

    def test_threads_whose_lanes_do_not_fit_into_memory_go_untraced_and_are_counted(self):
        world = self.world()
        place = self.small_memory(world, "1m")  # the header and three lanes
        ring = f"{place}/ring"
        daemon = world.daemon(rings=[ring])
        server = world.server(ring=ring)
        self.assertIn("] traced", server.log())
        load = world.load(server, rate=sized(600, 100), seconds=3).result()
        self.assertEqual(load["totals"]["sent"], load["totals"]["answered"])

        # An operation is either in the totals or counted as untraced. There is no third way.
        report = daemon.report_when("everything read",
                                    lambda found: ledger.has_all(found, server.totals(ring)))
        totals = server.totals(ring)
        self.assertGreater(totals["untraced_threads"], 0)
        self.assertGreater(totals["untraced_records"], 0)
        counted, answered = ledger.counts(totals), ledger.answered(load)
        self.assertTrue(all(counted[name] <= answered[name] for name in answered))
        untraced = sum(answered.values()) - sum(counted.values())
        self.assertGreater(untraced, 0)
        self.assertLessEqual(untraced, totals["untraced_records"])
        self.assertEqual(report["rings"][0]["untraced_records"], totals["untraced_records"])
        ledger.check_nothing_lost(self, report)
        self.assertIn("of threads without a lane were not written",
                      world.alert_log.read_text(encoding="utf-8"))

        # When there is room again, threads get their lanes without a restart.
        self.resize("64m")

        def traced_again():
            before = server.totals(ring)["untraced_records"]
            self.serves_many(server, 20)
            return server.totals(ring)["untraced_records"] == before
        server.wait_until("every thread traced", traced_again, 60)
        server.stop()
        daemon.report_when("the server's end seen",
                           lambda found: found["rings"][0]["state"] == "closed")
        daemon.stop()

    def serves_many(self, server, clients):
        for _ in range(clients):
            with Chat(server) as chat:
                for _ in range(50):
                    self.assertFalse(chat.ask({"op": "LIST_ROOMS"})["ok"])  # not logged in


if __name__ == "__main__":
    harness.main()

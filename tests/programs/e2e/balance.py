#!/usr/bin/env python3
"""The books balance. For each of the 19 operations, the clients' count equals the server's totals,
and both equal what the daemon has read and lost."""

import signal

import harness
import ledger
from harness import sized


class Balance(harness.Scenario):
    def test_at_a_normal_rate_nothing_is_lost(self):
        world = self.world()
        daemon = world.daemon()  # before the server: it waits for the ring
        server = world.server()
        load = world.load(server, rate=sized(1500, 300), seconds=sized(8, 4),
                          clients=sized(40, 15)).result()

        # A record is written before its answer is sent. Other things that the server counts, such
        # as audit rows, come to rest soon after.
        report = daemon.report_when("everything read",
                                    lambda found: ledger.has_all(found, server.totals()))
        totals = server.totals()
        ledger.check_clients(self, load, totals)
        ledger.check_server_and_daemon(self, totals, daemon.report())
        self.assertEqual(load["protocol_errors"], 0, load["protocol_error_examples"])
        self.assertEqual(report["rings"][0]["state"], "live")
        self.assertEqual(report["rings"][0]["instances_seen"], 1)

        # The daemon knows the same of a server at its end, when the server and its ring are gone.
        server.stop()
        self.ring_is_gone(world)
        daemon.report_when("the server's end seen",
                           lambda found: found["rings"][0]["state"] == "closed")
        daemon.stop()
        report = world.report()
        ledger.check_sums(self, report)
        ledger.check_nothing_lost(self, report)
        self.assertEqual(ledger.server_counts(report), ledger.answered(load))
        self.assertEqual(ledger.read_and_lost(report), ledger.answered(load))
        ledger.check_outcomes(self, load, report)
        ledger.check_last(self, report)
        self.assertGreaterEqual(ledger.check_latencies(self, load, report), 10)
        self.assertEqual(report["rings"][0]["state"], "closed")
        self.assertEqual(report["rings"][0]["crashes_seen"], 0)

    def test_in_a_ring_that_is_too_small_the_loss_is_exact(self):
        world = self.world()
        daemon = world.daemon(tick="200ms")
        server = world.server(RINGSIDE_CAPACITY=64)
        load = world.load(server, rate=0, seconds=sized(6, 4), clients=sized(40, 15)).begun()

        # A reader that stands still is lapped many times, and the server does not notice.
        for _ in range(3):
            written = ledger.counts(server.totals())["SEND_MESSAGE"]
            daemon.signal(signal.SIGSTOP)
            load.wait_until("the server goes on without its reader",
                            lambda: ledger.counts(server.totals())["SEND_MESSAGE"] > written + 100)
            daemon.signal(signal.SIGCONT)
            ledger.check_sums(self, daemon.report())
        load = load.result()

        report = daemon.report_when("everything settled",
                                    lambda found: ledger.has_all(found, server.totals()))
        totals = server.totals()
        self.assertGreater(report["books"]["lost"], 0)
        self.assertGreater(report["books"]["read"], 0)
        ledger.check_clients(self, load, totals)
        ledger.check_server_and_daemon(self, totals, daemon.report())
        ledger.check_last(self, report)
        server.stop()
        daemon.stop()
        self.assertEqual(ledger.read_and_lost(world.report()), ledger.answered(load))
        self.assertIn("alert=telemetry_loss", world.alert_log.read_text(encoding="utf-8"))
        self.ring_is_gone(world)


if __name__ == "__main__":
    harness.main()

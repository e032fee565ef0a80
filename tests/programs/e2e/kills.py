#!/usr/bin/env python3
"""SIGKILL at random moments. Nothing is counted twice, and every loss is known."""

import time

import harness
import ledger
from harness import OPERATIONS, sized


class Kills(harness.Scenario):
    def kill_daemons(self, world, chance, times):
        """Kills the daemon at random moments, some of them early. Starts another daemon on the same
        state each time."""
        daemon = world.daemon()
        killed = 0
        while killed < times:
            # From the middle of the daemon's start to two ticks after it. This sleep chooses the
            # moment; it does not wait for something.
            time.sleep(chance.choice([chance.uniform(0, 0.1), chance.uniform(0.1, 1.2)]))
            if killed == times - 1:
                daemon.wait_until("a saved state", (world.state / "state").exists)
            daemon.kill()
            killed += 1
            # A daemon that is killed before it has said anything must do no harm either.
            if chance.random() < 0.3:
                early = harness.Daemon(world, world.write_config(), [])
                time.sleep(chance.uniform(0, 0.03))
                early.kill()
            daemon = world.daemon()
        return daemon

    def load_ended(self, load, server):
        """Ends the load as soon as the server has seen every operation. Rare ones take seconds."""
        load.wait_until("every operation tried", lambda: all(
            ledger.counts(server.totals()).values()), 60)
        return load.interrupted()

    def test_a_daemon_that_is_killed_counts_nothing_twice(self):
        # Why nothing may be lost here: at this rate no thread of the server writes a thousand
        # records a second, so its lane of 4096 holds four seconds. From the last saved state (one
        # tick, 0.5 s) to the next daemon's first pass it takes one second. Overwritten records are
        # lost if the rate fills a lane in that time, or if the machine stands still for longer. The
        # next scenario has such a rate.
        chance = harness.seed()
        world = self.world()
        server = world.server()
        load = world.load(server, rate=sized(600, 150), seconds=300).begun()
        daemon = self.kill_daemons(world, chance, times=sized(5, 2))
        load = self.load_ended(load, server)

        daemon.report_when("everything read", lambda found: ledger.has_all(found, server.totals()))
        report, totals = daemon.report(), server.totals()
        ledger.check_clients(self, load, totals)
        ledger.check_server_and_daemon(self, totals, report)
        ledger.check_nothing_lost(self, report)
        ledger.check_outcomes(self, load, report)
        ledger.check_last(self, report)
        self.assertEqual(report["rings"][0]["instances_seen"], 1)
        self.assertGreaterEqual(report["system"]["daemon"]["restarts"], 1)
        server.stop()
        daemon.stop()
        self.assertEqual(ledger.read_and_lost(world.report()), ledger.answered(load))
        self.ring_is_gone(world)

    def test_a_daemon_that_is_killed_at_full_speed_knows_what_it_lost(self):
        chance = harness.seed()
        world = self.world()
        server = world.server(RINGSIDE_CAPACITY=256)
        load = world.load(server, rate=0, seconds=300).begun()
        daemon = self.kill_daemons(world, chance, times=sized(4, 2))
        load = self.load_ended(load, server)

        daemon.report_when("everything settled",
                           lambda found: ledger.has_all(found, server.totals()))
        report, totals = daemon.report(), server.totals()
        ledger.check_clients(self, load, totals)
        ledger.check_server_and_daemon(self, totals, report)
        self.assertGreater(report["books"]["lost"], 0)
        server.stop()
        daemon.stop()
        self.assertEqual(ledger.read_and_lost(world.report()), ledger.answered(load))
        self.ring_is_gone(world)

    def test_a_server_that_is_killed_is_read_to_its_end(self):
        chance = harness.seed()
        world = self.world()
        daemon = world.daemon()
        port = harness.free_port()
        server = world.server(port=port)
        load = world.load(server, rate=sized(800, 150), seconds=300).begun()
        kills = 2
        before = {name: 0 for name in OPERATIONS}
        for _ in range(kills):
            time.sleep(chance.uniform(0.5, 2))
            server.kill()
            # A dead server's ring stays. Its totals are those of the server's last moment.
            totals = server.totals()
            self.assertEqual(totals["state"], "crashed")
            before = ledger.add(before, ledger.counts(totals))
            daemon.report_when("the crash seen",
                               lambda found: found["rings"][0]["state"] == "crashed")
            server = world.server(port=port)
        load = load.interrupted()

        def all_of_them():
            return ledger.add(before, ledger.counts(server.totals()))

        report = daemon.report_when("everything read",
                                    lambda found: ledger.server_counts(found) == all_of_them())
        totals = all_of_them()
        self.assertEqual(ledger.server_counts(report), totals)
        ledger.check_sums(self, report)
        self.check_clients_of_killed_servers(load, totals)
        self.check_torn(report, kills)
        self.assertEqual(report["books"]["lost"], 0)
        ledger.check_last(self, report)
        ring = report["rings"][0]
        self.assertEqual((ring["state"], ring["instances_seen"], ring["crashes_seen"]),
                         ("live", kills + 1, kills))
        self.assertEqual(ring["pid"], server.pid)
        self.assertIn("alert=server_down", world.alert_log.read_text(encoding="utf-8"))
        self.check_kept(world, daemon, kills, before)
        server.stop()
        daemon.stop()
        self.assertEqual(ledger.server_counts(world.report()), totals)

    def check_kept(self, world, daemon, kills, before):
        """The rings of the dead are files, and the debug tool opens them as it opens any ring."""
        daemon.wait_until("the rings kept", lambda: len(list(
            (world.state / "rings").glob("*.ring"))) == kills)
        counted = {name: 0 for name in OPERATIONS}
        for path in (world.state / "rings").glob("*.ring"):
            kept = world.inspect(path)
            self.assertEqual(kept["state"], "crashed")
            counted = ledger.add(counted, ledger.counts(kept))
            page = world.run("ringside", "autopsy", path)
            self.assertEqual(page.code, 0, page.err)
            self.assertIn("Who was there in that time", page.out)
            checked = world.run("ringside", "inspect", path, "--verify")
            self.assertEqual(checked.code, 0, checked.out)
        self.assertEqual(counted, before)

    def check_clients_of_killed_servers(self, load, totals):
        """The server may or may not have taken up an operation whose answer never came."""
        self.assertGreater(load["connections"]["lost"], 0)
        self.assertEqual(load["protocol_errors"], 0, load["protocol_error_examples"])
        answered, sent = ledger.answered(load), ledger.sent(load)
        for name in OPERATIONS:
            self.assertLessEqual(answered[name], totals[name],
                                 f"{name}: answered, and not counted by the server")
            self.assertLessEqual(totals[name], sent[name],
                                 f"{name}: counted by the server, and never sent")

    def check_torn(self, report, kills):
        """A thread that is killed after it counted an operation and before it published the record
        leaves the record half-written. Such a record is neither read nor lost. There is at most one
        for each thread of each server that died."""
        read = ledger.read_and_lost(report)
        missing = {name: count - read[name] for name, count in ledger.server_counts(report).items()}
        self.assertTrue(all(count >= 0 for count in missing.values()), missing)
        self.assertLessEqual(sum(missing.values()), report["books"]["torn"])
        self.assertLessEqual(report["books"]["torn"], kills * (len(report["lanes"]) + 64))

    def test_a_server_that_is_killed_while_no_daemon_watches_is_read_by_the_next_one(self):
        world = self.world()
        port = harness.free_port()
        server = world.server(port=port)
        daemon = world.daemon()
        load = world.load(server, rate=sized(400, 100), seconds=sized(5, 6)).begun()
        daemon.report_when("something read", lambda found: found["books"]["read"] > 100)
        daemon.kill()
        server.kill()
        totals = server.totals()
        before = ledger.counts(totals)
        # The next server takes the name, and the dead server's ring is set aside. The saved
        # positions belong to the ring that was set aside.
        server = world.server(port=port)
        daemon = world.daemon()
        load = load.result()

        def all_of_them():
            return ledger.add(before, ledger.counts(server.totals()))

        report = daemon.report_when("everything read",
                                    lambda found: ledger.server_counts(found) == all_of_them())
        ledger.check_sums(self, report)
        self.check_clients_of_killed_servers(load, all_of_them())
        self.check_torn(report, 1)
        self.assertEqual(report["books"]["lost"], 0)
        self.assertEqual(report["rings"][0]["instances_seen"], 2)
        self.assertEqual(report["rings"][0]["crashes_seen"], 1)
        server.stop()
        daemon.stop()


if __name__ == "__main__":
    harness.main()

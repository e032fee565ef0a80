#!/usr/bin/env python3
"""How an operator steers running programs: signals, and a changed configuration."""

import json
import signal
import threading

import harness
import ledger
from harness import sized


class Signals(harness.Scenario):
    def test_sighup_reopens_the_alert_log(self):
        world = self.world()
        daemon = world.daemon()
        moved = world.alert_log.with_suffix(".1")
        self.server_crashes(world, daemon, told_in=world.alert_log)
        world.alert_log.rename(moved)
        # Until SIGHUP the daemon goes on writing into the file that it has open.
        self.server_crashes(world, daemon, told_in=moved)
        self.assertFalse(world.alert_log.exists())
        self.assertIn("configuration reloaded, logs reopened", daemon.reload())
        daemon.wait_until("the new alert log", world.alert_log.exists)
        old = moved.read_bytes()
        self.server_crashes(world, daemon, told_in=world.alert_log)
        daemon.stop()
        self.assertEqual(moved.read_bytes(), old)

    def server_crashes(self, world, daemon, told_in):
        """Starts and kills a server. A kill is an alert at the next tick. If the alert is already
        active, the new server brings its recovery first."""
        def told(state):
            words = f"alert=server_down state={state}"
            return told_in.read_text(encoding="utf-8").count(words) if told_in.exists() else 0

        recovers_first = any(one["alert"] == "server_down"
                             for one in daemon.report()["alerts"]["active"])
        recovered, fired = told("recovering"), told("firing")
        server = world.server()
        if recovers_first:
            daemon.wait_until("the recovery in the alert log",
                              lambda: told("recovering") > recovered)
        else:
            daemon.report_when("the server seen",
                               lambda found: found["rings"][0]["pid"] == server.pid)
        server.kill()
        daemon.wait_until("the crash in the alert log", lambda: told("firing") > fired)

    def test_sighup_reloads_a_good_configuration_and_refuses_a_bad_one(self):
        world = self.world()
        daemon = world.daemon(top="[thresholds]\nconnections = 700")
        self.assertEqual(daemon.report()["thresholds"]["connections"], 700)
        server = world.server()

        world.write_config(top="[thresholds]\nconnections = 7")
        self.assertIn("configuration reloaded, logs reopened", daemon.reload())
        report = daemon.report_when("the new threshold",
                                    lambda found: found["thresholds"]["connections"] == 7)
        self.assertIn("connections = 7\n", report["configuration"])

        path = world.write_config(top="[thresholds]\nconections = 9")
        world.alert_log.rename(world.alert_log.with_suffix(".1"))
        said = daemon.reload()
        self.assertIn(f"{path}:", said)
        self.assertIn(
            "thresholds.conections: found an unknown key, nearest known: thresholds.connections",
            said)
        self.assertIn("the configuration is refused, the old one stays in force; logs reopened",
                      said)
        daemon.wait_until("the log reopened all the same", world.alert_log.exists)
        report = daemon.report_when("the server followed",
                                    lambda found: found["rings"][0]["pid"] == server.pid)
        self.assertEqual(report["thresholds"]["connections"], 7)

        # After a reload the daemon follows an added ring at once, and no longer the removed one.
        other = world.server(ring=f"{world.ring}-other")
        world.write_config(rings=[f"{world.ring}-other"])
        daemon.reload()
        report = daemon.report_when("the other ring",
                                    lambda found: found["rings"][0]["pid"] == other.pid)
        self.assertEqual([ring["name"] for ring in report["rings"]], [f"{world.ring}-other"])
        for process in (server, other, daemon):
            process.stop()
        self.ring_is_gone(world)

    def test_reports_are_whole_at_every_moment(self):
        world = self.world()
        daemon = world.daemon(reports="keep = 3")
        server = world.server()
        load = world.load(server, rate=sized(500, 100), seconds=sized(5, 6)).begun()
        json_path, text_path = world.reports / "report.json", world.reports / "report.txt"
        daemon.report()
        done = threading.Event()
        wrong, seen = [], set()

        def read():
            # At no particular moment, as anybody's script would.
            while not done.is_set():
                try:
                    report = json.loads(json_path.read_bytes())
                    seen.add(report["taken_unix_ms"])
                    text = text_path.read_text(encoding="utf-8")
                    # A quiet report ends with where more is; any other with its configuration.
                    if not (text.endswith("\n") and "VERDICT" in text
                            and ("CONFIGURATION" in text.upper()
                                 or "the JSON report holds it" in text)):
                        wrong.append(f"half a text: {text[:200]!r} … {text[-200:]!r}")
                except (OSError, ValueError) as error:
                    wrong.append(repr(error))
        reader = threading.Thread(target=read)
        reader.start()
        try:
            while load.alive():
                ledger.check_sums(self, daemon.report())
        finally:
            done.set()
            reader.join()
        load.result()
        self.assertEqual(wrong, [])
        self.assertGreater(len(seen), 3)
        server.stop()
        daemon.stop()
        left = sorted(path.name for path in world.reports.iterdir())
        self.assertEqual([name for name in left if name.endswith(".tmp")], [])
        for extension in (".json", ".txt"):
            copies = [
                name for name in left if name.startswith("report-") and name.endswith(extension)
            ]
            self.assertLessEqual(len(copies), 3)
            self.assertGreaterEqual(len(copies), 1)
        for path in world.reports.glob("*.json"):
            ledger.check_sums(self, json.loads(path.read_bytes()))

    def test_sigterm_and_sigint_leave_a_last_report_and_the_state(self):
        world = self.world()
        server = world.server()
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                # No tick comes before the end. So what is read and reported is read and reported at
                # the end.
                daemon = world.daemon(tick="10min")
                load = world.load(server, rate=sized(500, 100), seconds=1).result()
                self.assertGreater(load["totals"]["answered"], 0)
                daemon.signal(number)
                self.assertEqual(daemon.ended(), 0, daemon.log())
                self.assertIn("stopped in order", daemon.log())
                report = world.report()
                self.assertEqual(ledger.server_counts(report), ledger.counts(server.totals()))
                ledger.check_sums(self, report)
                ledger.check_nothing_lost(self, report)
                self.assertTrue((world.state / "state").exists())
        self.assertEqual(report["system"]["daemon"]["restarts"], 1)
        server.stop()

    def test_a_load_that_is_interrupted_still_keeps_its_books(self):
        world = self.world()
        daemon = world.daemon()
        server = world.server()
        load = world.load(server, rate=sized(500, 100), seconds=300).begun()
        daemon.report_when("something of the mix read",
                           lambda found: ledger.server_counts(found)["MESSAGE_SEARCH"] > 0)
        load.signal(signal.SIGINT)
        load = load.result()
        self.assertIs(load["interrupted"], True)
        daemon.report_when("everything read", lambda found: ledger.has_all(found, server.totals()))
        self.assertEqual(ledger.answered(load), ledger.counts(server.totals()))
        server.stop()
        daemon.stop()


if __name__ == "__main__":
    harness.main()

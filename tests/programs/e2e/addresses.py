#!/usr/bin/env python3
"""Clients over IPv4 and IPv6 at one socket: each reader shows each client's address."""

import collections
import socket
import sys
import unittest
from pathlib import Path

import harness
from chat import Chat

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ring" / "reader"))
import reader  # noqa: E402

CLIENTS = (("127.0.0.1", "127.0.0.5"), ("127.0.0.1", "127.0.0.6"), ("::1", "::1"))
SHOWN = {"127.0.0.5", "127.0.0.6", "::1"}


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


class Addresses(harness.Scenario):
    @unittest.skipUnless(has_ipv6(), "this machine has no IPv6")
    def test_ipv4_and_ipv6_are_shown_by_every_reader(self):
        world = self.world()
        daemon = world.daemon(
            alerts="security_threat.failed_logins_per_minute = { warning = [1, 1] }")
        server = world.server("--block-after", 2, host="[::]")
        load = world.run("ringside-chatload", "--connect", f"[::1]:{server.port}", "--clients", 2,
                         "--operations", 20)
        self.assertEqual(load.code, 0, load.err)
        for host, source in CLIENTS:
            with Chat(server, host=host, source=source) as chat:
                for _ in range(2):
                    answer = chat.ask(
                        {"op": "AUTHENTICATION", "user": "nobody", "password": "no password"})
                    self.assertEqual(answer["error"]["name"], "LOGIN_FAILED")

        def events(report, name):
            return next((one for one in report["events"] if one["name"] == name), {"last": []})
        report = daemon.report_when("all three blocks",
                                    lambda found: len(events(found, "IP_BLOCK")["last"]) == 3)

        # The daemon's JSON: records, lists and blocks.
        failures = [record["subject"] for record in events(report, "LOGIN_FAILED")["last"]]
        self.assertEqual({one["kind"] for one in failures}, {"address"})
        self.assertEqual(collections.Counter(one["text"] for one in failures),
                         dict.fromkeys(SHOWN, 2))
        self.assertLessEqual(SHOWN, {one["party"].get("text")
                                     for one in report["top"]["subjects_by_errors"]})
        blocks = report["analysis"]["security"]["blocks"]
        self.assertEqual({block["address"]["text"] for block in blocks}, SHOWN)

        # The report as text, and the alert.
        text = (world.reports / "report.txt").read_text(encoding="utf-8")
        for address in SHOWN:
            self.assertIn(f"address {address}", text)
        daemon.wait_until(
            "the alert with the last address",
            lambda: any(f"latest: address {address}" in world.alert_log.read_text(encoding="utf-8")
                        for address in SHOWN))

        # The tool and the reader in Python.
        tail = world.run("ringside", "tail", world.ring, "--once", "-n", 100).out
        records = reader.describe(reader.Ring(str(world.ring_path)), True)["records"]
        self.assertEqual({record["subject_address"] for record in records
                          if "subject_address" in record}, SHOWN)
        for address in SHOWN:
            self.assertRegex(tail, f"address {address} ")


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""What `ringsided --check-config --explain` says, with a real ring and a real daemon's state."""

import harness
from chat import serves


class Explained(harness.Scenario):
    def test_what_will_raise_an_alert_is_explained(self):
        world = self.world()
        alone = world.run("ringsided", "--explain")
        self.assertEqual(alone.code, 2, alone.out + alone.err)
        for words in ("--explain", "--check-config", "\n  next: "):
            self.assertIn(words, alone.err)
        config = world.write_config(tables='[[objectives]]\nname = "sending"\nkind = "errors"\n'
                                    'target_percent = 99.9\noperations = ["SEND_*"]\n')
        unread = world.run("ringsided", "--config", config, "--check-config", "--explain")
        self.assertEqual((unread.code, unread.err), (0, ""))
        self.assertIn("(assumed: no ring can be", unread.out)
        server = world.server()
        serves(self, server)
        read = world.run("ringsided", "--config", config, "--check-config", "--explain")
        self.assertEqual((read.code, read.err), (0, ""))
        self.assertTrue(read.out.startswith("the configuration is good\n\nFalse alarms: 1 per "))
        self.assertNotIn("assumed", read.out)
        for alert in ("high_latency", "server_down", "slo_burn"):
            self.assertIn(f"\n{alert}\n", read.out)
        self.assertRegex(" ".join(read.out.split()),
                         r"SEND_\* of all rings count, at present [1-9]")
        self.assertLessEqual(max(len(line) for line in read.out.splitlines()[:-1]), 100)
        self.assertIn("\nNothing has been learnt yet: there is no state at "
                      f"{world.state}/state.\n", read.out)
        self.assertFalse(world.state.exists())
        daemon = harness.Daemon(world, config).started()
        daemon.stop()
        learnt = world.run("ringsided", "--config", config, "--check-config", "--explain")
        self.assertRegex(learnt.out,
                         r"\nWhat was learnt is of \S+Z, from the state /\S+/state\.\n$")
        (world.state / "state").write_bytes(b"RSSTATE\n")
        damaged = world.run("ringsided", "--config", config, "--check-config", "--explain")
        self.assertIn("\nWhat was learnt cannot be read: ", damaged.out)
        server.stop()


if __name__ == "__main__":
    harness.main()

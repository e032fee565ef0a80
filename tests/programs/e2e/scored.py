#!/usr/bin/env python3
"""The reference server's real incidents, judged by the simulator's score: each is found, its cause
is named, and nothing else is raised."""

import harness
from harness import sized


class Scored(harness.Scenario):
    def test_real_incidents_are_found_as_simulated_ones_are(self):
        world = self.world()
        daemon = world.daemon(tick="1s", tables=harness.ANY_HOST)
        server = world.server("--db-busy-ms", 50)
        load = world.load(server,
                          "--incident", f"locked-database:db={world.directory}/chat.db@10+6",
                          "--incident", "password-guessing:rate=20@60+20",
                          rate=sized(200, 50),
                          seconds=100)
        load.result()
        daemon.stop()
        server.stop()
        scored = world.run("ringside-simulate", "--score-log", world.alert_log,
                           "--truth", load.json_path)
        print(scored.out, flush=True)
        self.assertEqual((scored.code, scored.err), (0, ""), scored.out)
        for kind in ("locked-database", "password-guessing"):
            self.assertRegex(scored.out, rf"{kind} +yes")
        # Half of the log is not right: what is not there was not found.
        half = world.directory / "half.log"
        lines = world.alert_log.read_text(encoding="utf-8").splitlines(keepends=True)
        half.write_text("".join(line for line in lines if "security_threat" not in line),
                        encoding="utf-8")
        self.assertEqual(
            world.run("ringside-simulate", "--score-log", half, "--truth", load.json_path).code, 1)


if __name__ == "__main__":
    harness.main()

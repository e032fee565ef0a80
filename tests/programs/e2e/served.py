#!/usr/bin/env python3
"""What a real daemon serves to whom, and on which threads."""

import re
from pathlib import Path

import harness
from api import README, Asked


class Served(Asked, harness.Scenario):
    def test_metrics_are_open_or_need_a_token_or_are_off(self):
        for mode, without, with_token in (("open", 200, 200), ("token", 401, 200),
                                          ("off", 404, 404)):
            with self.subTest(mode=mode):
                world = self.world()
                daemon = world.daemon(http=f'listen = ["127.0.0.1:0"]\nmetrics = "{mode}"')
                reader = self.token(world, "prometheus", "read")
                daemon.reload()
                self.known(daemon, world)
                self.assertEqual(self.of_tcp(daemon, "/metrics").status, without)
                self.assertEqual(self.of_tcp(daemon, "/metrics", reader).status, with_token)
                self.assertEqual(self.of_socket(world, "/metrics").status, with_token)
                daemon.stop()

    def test_each_thread_has_the_name_that_the_readme_explains(self):
        table = README.read_text(encoding="utf-8").split("| thread | what it does |")[1]
        told = {name for row in re.findall(r"^\| (`.*?) \|", table.split("\n\n")[0], re.M)
                for name in re.findall("`(.*?)`", row)}
        world = self.world()
        daemon = world.daemon()
        tasks = Path(f"/proc/{daemon.popen.pid}/task")

        def names():
            found = set()
            for path in tasks.glob("*/comm"):
                try:
                    found.add(path.read_text().strip())
                except OSError:
                    pass   # it has ended
            return found
        # Those of what is configured, or over soon, may be absent.
        always = told - {"replay", "delivery", "otlp"}
        daemon.wait_until(f"the threads {sorted(always)}", lambda: always <= names())
        self.assertLessEqual(names(), told)
        daemon.stop()


if __name__ == "__main__":
    harness.main()

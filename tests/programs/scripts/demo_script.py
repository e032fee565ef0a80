#!/usr/bin/env python3
"""Tests tools/demo: Ctrl-C at any moment leaves nothing behind, and a whole run shows what it
promises."""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path()


class Demo:
    """A demo in its own session. Its output is read as it comes."""

    def __init__(self, *arguments):
        def as_a_terminal_would():
            # A background job starts with SIGINT ignored, and a shell cannot trap a signal that was
            # ignored when it started. A terminal starts its jobs with the default.
            for number in (signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)

        self.output = ""
        self.process = subprocess.Popen([ROOT / "tools/demo", "--no-setup", *arguments],
                                        stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL,
                                        text=True,
                                        start_new_session=True,
                                        preexec_fn=as_a_terminal_would)
        self.ring = f"demo-{self.process.pid}"

    def read_until(self, words):
        for line in self.process.stdout:
            self.output += line
            if words in line:
                return
        raise AssertionError(f"the demo ended without saying {words!r}:\n{self.output[-4000:]}")

    def signal_group(self, number):
        os.killpg(self.process.pid, number)  # as the terminal does

    def clean_up(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(ROOT / "build/demo" / self.ring, ignore_errors=True)

    def finish(self):
        self.output += self.process.communicate(timeout=60)[0]
        return self.process.returncode

    def left_behind(self):
        found = [str(path) for path in Path("/dev/shm").glob(f"ringside.{self.ring}*")]
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) in (os.getpid(), self.process.pid):
                continue
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            except OSError:
                continue
            if re.search(rb"\b%s\b" % self.ring.encode(), words):
                found.append(f"process {entry.name}: {words[:200]!r}")
        return found


class Interrupted(unittest.TestCase):
    def start(self, *arguments):
        demo = Demo(*arguments)
        self.addCleanup(demo.clean_up)
        return demo

    def nothing_stays(self, demo, seconds=0):
        deadline = time.monotonic() + seconds
        while demo.left_behind() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(demo.left_behind(), [])

    def test_ctrl_c_at_any_moment_leaves_nothing_behind(self):
        for moment in ("== build", "== start", "the server listens", "all is calm", "incident:"):
            with self.subTest(moment=moment):
                demo = self.start()
                demo.read_until(moment)
                if moment == "all is calm":
                    self.assertGreater(len(demo.left_behind()), 4,
                                       "the ring, the server, the daemon, the load, tail")
                demo.signal_group(signal.SIGINT)
                self.assertEqual(demo.finish(), 130, demo.output)
                self.nothing_stays(demo)
                self.assertFalse((ROOT / "build/demo" / demo.ring).exists())

    def test_an_impatient_second_ctrl_c_changes_nothing(self):
        demo = self.start()
        demo.read_until("all is calm")
        demo.signal_group(signal.SIGINT)
        for _ in range(20):
            if demo.process.poll() is None:
                demo.signal_group(signal.SIGINT)
            time.sleep(0.01)
        self.assertEqual(demo.finish(), 130, demo.output)
        self.nothing_stays(demo)

    def test_a_terminal_that_closes_leaves_nothing_behind(self):
        demo = self.start()
        demo.read_until("all is calm")
        demo.process.stdout.close()
        demo.signal_group(signal.SIGHUP)
        self.assertEqual(demo.process.wait(timeout=60), 129)
        self.nothing_stays(demo)

    def test_a_demo_that_is_killed_takes_its_programs_along(self):
        demo = self.start()
        demo.read_until("all is calm")
        os.kill(demo.process.pid, signal.SIGKILL)
        self.nothing_stays(demo, seconds=20)

    def test_wrong_usage_is_refused(self):
        demo = self.start("--fast")
        self.assertEqual(demo.finish(), 2)


class WholeRun(unittest.TestCase):
    def test_it_shows_what_it_promises_and_stays_up_until_ctrl_c(self):
        demo = Demo("--keep")
        self.addCleanup(demo.clean_up)
        for words in ("all is calm", "state=begun", "database is free", "state=ended",
                      "VERDICT", "The books balance.", "of CPU time", "where everything lies",
                      "everything stays up"):
            demo.read_until(words)
        self.assertRegex(demo.output, r"alert=database_issue state=begun")
        self.assertRegex(demo.output, r"The database was locked from .* to ")
        self.assertRegex(demo.output, r"[0-9,]+ calls failed")
        for name in ("report.txt", "report.html", "report.json", "alerts.log", "load.json"):
            self.assertTrue((ROOT / "build/demo" / demo.ring / name).stat().st_size > 0, name)
        self.assertTrue(Path(f"/dev/shm/ringside.{demo.ring}").exists())
        self.the_dashboard_answers(demo)
        demo.signal_group(signal.SIGINT)
        self.assertEqual(demo.finish(), 130)
        self.assertEqual(demo.left_behind(), [])

    def the_dashboard_answers(self, demo):
        """Asks where the demo says, with the token that it printed and with a wrong one."""
        demo.read_until("one JSON object a line")
        address, token = re.search(r"^the dashboard +(http://127\.0\.0\.1:\d+/)\n"
                                   r"its token +(rs_\S+)$", demo.output, re.MULTILINE).groups()
        with urllib.request.urlopen(address, timeout=20) as page:
            self.assertIn("<title>Ringside</title>", page.read().decode())
        asked = re.search(r" curl -H '(.*): (.*)' \\\n +(http:\S+)$", demo.output, re.MULTILINE)
        name, value, path = asked.groups()
        with urllib.request.urlopen(urllib.request.Request(path, headers={name: value}),
                                    timeout=20) as answer:
            operations = json.load(answer)["data"]["operations"]
        self.assertIn("SEND_MESSAGE", [one["name"] for one in operations])
        self.assertIn(token, value)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(path, headers={name: value + "x"}),
                                   timeout=20)
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[sys.argv[0], *rest])

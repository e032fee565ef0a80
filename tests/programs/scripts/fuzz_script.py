#!/usr/bin/env python3
"""Tests tests/ring/fuzz/run.py on targets of a few lines: what it takes for a finding, what it
prints, and how it ends."""

import argparse
import base64
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path()

SEEDS = ('for t in file steps state texts; do '
         'mkdir -p "$1/$t"; echo seed >"$1/$t/one"; : >"$1/$t.dict"; done')
# A target that prints what libFuzzer prints. FINDS also leaves an input in -artifact_prefix.
SAYS = (
    'for a; do case "$a" in -artifact_prefix=*) prefix=${a#*=} ;; '
    '-seed=*) echo "seed is ${a#*=}" >&2 ;; esac; done\n'
    'echo "#12 NEW    cov: 7 ft: 9 corp: 3/10b lim: 4 exec/s: 0 rss: 30Mb" >&2\n'
    'echo "#500 DONE   cov: 17 ft: 29 corp: 5/10b lim: 4 exec/s: 250 rss: 31Mb" >&2\n'
    'echo "stat::number_of_executed_units: 500" >&2\n')
FINDS = SAYS + 'printf "bad\\377input" >"${prefix}%s-1234"; exit %d\n'


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ringside-fuzz-test.")
        self.addCleanup(folder.cleanup)
        self.programs = Path(folder.name)
        self.program("seeds", SEEDS)
        self.program("texts", SAYS)

    def program(self, name, text):
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def run_it(self, *arguments, **environment):
        done = subprocess.run([
            sys.executable, "-B", ROOT / "tests/ring/fuzz/run.py", "--programs", self.programs,
            *arguments
        ],
                              env={
                                  **os.environ,
                                  **environment
                              },
                              capture_output=True,
                              text=True,
                              timeout=60,
                              check=False)
        return done.returncode, done.stdout + done.stderr

    def test_a_run_without_findings_passes_and_gives_its_figures(self):
        status, output = self.run_it("--seed", "4711", "texts")
        self.assertEqual(status, 0, output)
        self.assertIn("seed 4711", output)
        self.assertRegex(
            output,
            r"texts +500 executions, +[0-9,]+ a second and core, 17 edges, 29 features, corpus 5, "
            r".*nothing found"
        )

    def test_every_kind_of_finding_fails_with_the_input_and_the_command_that_repeats_it(self):
        for kind, code in (("crash", 77), ("timeout", 70), ("oom", 71), ("leak", 77), ("slow-unit",
                                                                                       0)):
            self.program("texts", FINDS % (kind, code))
            status, output = self.run_it("texts")
            self.assertEqual(status, 1, output)
            self.assertIn(base64.b64encode(b"bad\xffinput").decode(), output)
            self.assertIn("62 61 64 ff", output)
            self.assertIn(f"{self.programs}/texts", output)

    def test_a_target_that_fails_or_runs_nothing_is_no_pass(self):
        for text in (SAYS + "exit 1\n", "kill -SEGV $$\n", "exit 0\n"):
            self.program("texts", text)
            status, output = self.run_it("texts")
            self.assertEqual(status, 1, output)
            self.assertIn("failed (", output)

    def test_one_finding_does_not_keep_the_others_from_running(self):
        self.program("open_segment", FINDS % ("crash", 77))
        status, output = self.run_it("open_segment", "texts")
        self.assertEqual(status, 1, output)
        self.assertIn("nothing found", output)

    def test_long_runs_are_asked_for_by_flag_or_environment(self):
        self.program("texts", SAYS + 'echo "$@" >&2; exit 1\n')   # it fails, so run.py shows this
        for arguments, environment, runs in (((), {
                "RINGSIDE_TEST_LONG": ""
        }, 20000), ((), {
                "RINGSIDE_TEST_LONG": "1"
        }, 1000000), (("--runs", "9"), {
                "RINGSIDE_TEST_LONG": "1"
        }, 9)):
            output = self.run_it(*arguments, "texts", **environment)[1]
            self.assertIn(f"-runs={runs} ", output)
            self.assertNotIn("-max_total_time=", output)
            self.assertRegex(output, r"-dict=\S+/seeds/texts\.dict ")
            self.assertIn("-timeout=", output)
            self.assertIn("-rss_limit_mb=", output)
            self.assertIn("-malloc_limit_mb=", output)

    def test_what_is_not_built_is_named_with_what_to_do(self):
        (self.programs / "texts").unlink()
        status, output = self.run_it("texts")
        self.assertEqual(status, 1, output)
        self.assertIn("not built: texts", output)
        self.assertIn("next: ", output)
        without_clang = self.run_it("texts", PATH="/nowhere")[1]
        self.assertIn("tools/setup", without_clang)

    def test_seeds_that_cannot_be_made_are_told(self):
        self.program("seeds", "echo no room >&2; exit 1")
        status, output = self.run_it("texts")
        self.assertEqual(status, 1, output)
        self.assertIn("no room", output)

    def test_wrong_usage_is_refused(self):
        for arguments in (["nothing"], ["--runs", "0"], ["--runs", "x"]):
            self.assertEqual(self.run_it(*arguments)[0], 2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[sys.argv[0], *rest])

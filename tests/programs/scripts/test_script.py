#!/usr/bin/env python3
"""tools/test, on projects of a few lines: what it counts, what its last line says, and how it ends."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path()
PRESETS = ("release", "asan", "tsan", "fuzz", "arm64")

PASSES = "add_test(NAME {0} COMMAND ${{CMAKE_COMMAND}} -E true)\n"
FAILS = "add_test(NAME {0} COMMAND ${{CMAKE_COMMAND}} -E false)\n"
IS_NOT_THERE = "add_test(NAME {0} COMMAND /no/such/program)\n"
IS_SKIPPED = PASSES + "set_tests_properties({0} PROPERTIES SKIP_RETURN_CODE 0)\n"
LABELLED = PASSES + "set_tests_properties({0} PROPERTIES LABELS {1})\n"


class Test(unittest.TestCase):
    def project(self, *tests, target="add_custom_target(ringside_tests)\n"):
        folder = tempfile.TemporaryDirectory(prefix="ringside-test.")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "tools").mkdir()
        (self.root / "bin").mkdir()
        self.have("aarch64-linux-gnu-g++", "qemu-aarch64")
        shutil.copy(ROOT / "tools/test", self.root / "tools/test")
        (self.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES NONE)\nenable_testing()\n" + target +
            "".join(tests), encoding="utf-8")
        (self.root / "CMakePresets.json").write_text(json.dumps({
            "version": 6,
            "configurePresets": [{"name": name, "generator": "Ninja", "binaryDir": "${sourceDir}/build/${presetName}"}
                                 for name in PRESETS],
            "buildPresets": [{"name": name, "configurePreset": name} for name in PRESETS],
        }), encoding="utf-8")

    def have(self, *programs):
        """What is found of the two programs that arm64 needs: these, whatever this machine has. The projects here
        have nothing to compile."""
        shutil.rmtree(self.root / "bin")
        (self.root / "bin").mkdir()
        for folder in os.environ["PATH"].split(os.pathsep):
            for program in Path(folder).glob("*") if folder else ():
                link = self.root / "bin" / program.name
                if not link.is_symlink() and program.name not in ("aarch64-linux-gnu-g++", "qemu-aarch64"):
                    link.symlink_to(program)
        for name in programs:
            (self.root / "bin" / name).symlink_to("/bin/true")

    def run_it(self, *arguments):
        done = subprocess.run([self.root / "tools/test", "--no-setup", *arguments], capture_output=True, text=True,
                              timeout=100, check=False, env={**os.environ, "PATH": str(self.root / "bin")})
        return done.returncode, done.stdout.splitlines()[-1] if done.stdout else "", done.stdout + done.stderr

    def expect(self, status, last, *arguments):
        found_status, found_last, output = self.run_it(*arguments)
        self.assertEqual((found_status, found_last), (status, last), output)
        return output

    def test_the_last_line_sums_up_every_preset(self):
        self.project(PASSES.format("one"), PASSES.format("two"))
        self.expect(0, "2 passed, 0 failed", "--fast")
        self.expect(0, "4 passed, 0 failed", "--preset", "asan", "--preset", "tsan")
        self.expect(0, "2 passed, 0 failed", "--preset", "fuzz")
        self.expect(0, "10 passed, 0 failed")

    def test_arm64_is_left_out_where_its_tools_are_missing_and_fails_where_it_is_asked_for(self):
        self.project(PASSES.format("one"))
        self.expect(0, "1 passed, 0 failed", "--preset", "arm64")
        for there, missing in (((), "g++-aarch64-linux-gnu qemu-user"), (("qemu-aarch64",), "g++-aarch64-linux-gnu"),
                               (("aarch64-linux-gnu-g++",), "qemu-user")):
            self.have(*there)
            output = self.expect(0, "4 passed, 0 failed")
            self.assertIn(f"arm64    left out: not there: {missing} (next: tools/setup)", output)
            output = self.expect(1, "0 passed, 1 failed", "--preset", "arm64")
            self.assertIn(f"not there: {missing}", output)

    def test_every_failure_counts_and_is_named(self):
        self.project(PASSES.format("one"), FAILS.format("two"), FAILS.format("three"), IS_NOT_THERE.format("four"))
        output = self.expect(1, "1 passed, 3 failed", "--fast")
        for name in ("two", "three", "four"):
            self.assertIn(f"failed: {name}", output)

    def test_what_failed_yesterday_is_not_counted_today(self):
        self.project(FAILS.format("one"))
        self.expect(1, "0 passed, 1 failed", "--fast")
        text = (self.root / "CMakeLists.txt").read_text(encoding="utf-8")
        (self.root / "CMakeLists.txt").write_text(text.replace("-E false", "-E true"), encoding="utf-8")
        self.expect(0, "1 passed, 0 failed", "--fast")

    def test_skipped_is_neither(self):
        self.project(PASSES.format("one"), IS_SKIPPED.format("two"))
        self.expect(0, "1 passed, 0 failed, 1 skipped", "--fast")

    def test_nothing_to_run_is_a_failure(self):
        self.project()
        status, last, output = self.run_it("--fast")
        self.assertEqual(status, 1, output)
        self.assertRegex(last, r"^0 passed, \d+ failed$")

    def test_a_build_that_fails_is_one_and_the_others_go_on(self):
        self.project(PASSES.format("one"),
                     target="add_custom_target(broken ALL COMMAND false)\nadd_custom_target(ringside_tests)\n")
        self.expect(1, "1 passed, 1 failed", "--preset", "release", "--preset", "asan")

    def test_labels_decide_what_runs(self):
        self.project(PASSES.format("one"), LABELLED.format("two", "long"), LABELLED.format("three", "source"))
        self.expect(0, "2 passed, 0 failed", "--fast")
        self.expect(0, "3 passed, 0 failed", "--fast", "--long")
        self.expect(0, "1 passed, 0 failed", "--preset", "asan")
        self.expect(0, "2 passed, 0 failed", "--preset", "asan", "--long")

    def test_wrong_usage_is_refused(self):
        self.project(PASSES.format("one"))
        for arguments in (["--preset"], ["--preset", "debug"], ["--slow"]):
            self.assertEqual(self.run_it(*arguments)[0], 2)
        self.assertFalse((self.root / "build").exists())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[sys.argv[0], *rest])

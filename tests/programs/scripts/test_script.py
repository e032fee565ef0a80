#!/usr/bin/env python3
"""Tests tools/test on projects of a few lines: what it counts, what its last line says, and how it
ends."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path()
PRESETS = ("edit", "release", "asan", "tsan", "fuzz", "arm64")

PASSES = "add_test(NAME {0} COMMAND ${{CMAKE_COMMAND}} -E true)\n"
FAILS = "add_test(NAME {0} COMMAND ${{CMAKE_COMMAND}} -E false)\n"
IS_NOT_THERE = "add_test(NAME {0} COMMAND /no/such/program)\n"
IS_SKIPPED = PASSES + "set_tests_properties({0} PROPERTIES SKIP_RETURN_CODE 0)\n"
# A test and the target that it needs, listed as tests/support/add_tests.cmake lists them. Building
# the target leaves a file behind.
LISTED = PASSES + """add_custom_target(build_{0} COMMAND ${{CMAKE_COMMAND}} -E touch built_{0})
file(APPEND ${{CMAKE_BINARY_DIR}}/tests/list.txt "test|{0}|build_{0}\\n")
"""
# A program of two cases. ctest knows the cases as it knows those of doctest.
PROGRAM = """add_test(NAME "Lane: a full (lane) wraps" COMMAND ${{CMAKE_COMMAND}} -E true)
add_test(NAME "Lane: an empty lane [is] $empty" COMMAND ${{CMAKE_COMMAND}} -E true)
add_custom_target(lane_tests COMMAND ${{CMAKE_COMMAND}} -E touch built_lane)
file(APPEND ${{CMAKE_BINARY_DIR}}/tests/list.txt
  "program|lane_tests|${{CMAKE_SOURCE_DIR}}/lane_test.cpp\\n")
"""
CASES = '''// TEST_CASE("Lane: a comment is no case")
TEST_CASE("Lane: a full (lane) wraps") {}
TEST_CASE(
    "Lane: an empty lane "
    "[is] $empty" * doctest::skip(false)) {}
'''
# The same program where its cases are one test.
BY_SOURCE = """add_test(NAME lane_tests/lane_test COMMAND ${{CMAKE_COMMAND}} -E true)
add_test(NAME lane_tests/ring_test COMMAND ${{CMAKE_COMMAND}} -E false)
add_custom_target(lane_tests COMMAND ${{CMAKE_COMMAND}} -E touch built_lane)
file(APPEND ${{CMAKE_BINARY_DIR}}/tests/list.txt
  "files|lane_tests|${{CMAKE_SOURCE_DIR}}/lane_test.cpp\\n")
"""
# In the first preset this test ends when the next preset, asan, is built.
WAITS_FOR_ASAN = """add_test(NAME waits COMMAND sh -c
  "until [ -e ${CMAKE_SOURCE_DIR}/build/asan/built ]; do sleep 0.05; done")
set_tests_properties(waits PROPERTIES TIMEOUT 60)
"""
LEAVES_A_FILE = """add_custom_target(ringside_tests ALL
  COMMAND ${CMAKE_COMMAND} -E touch ${CMAKE_BINARY_DIR}/built)
"""
# In asan the build hangs. It leaves its process number.
HANGS_IN_ASAN = """if(CMAKE_BINARY_DIR MATCHES asan)
  add_custom_target(ringside_tests ALL
    COMMAND sh ${CMAKE_SOURCE_DIR}/hang.sh ${CMAKE_BINARY_DIR}/pid)
else()
  add_custom_target(ringside_tests)
endif()
"""
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
        (self.root / "tests/support").mkdir(parents=True)
        shutil.copy(ROOT / "tests/support/only.py", self.root / "tests/support/only.py")
        (self.root / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.25)\nproject(x LANGUAGES NONE)\nenable_testing()\n" +
            target + "".join(tests), encoding="utf-8")
        (self.root / "CMakePresets.json").write_text(json.dumps({
            "version":
            6,
            "configurePresets": [{
                "name": name,
                "generator": "Ninja",
                "binaryDir": "${sourceDir}/build/${presetName}"
            } for name in PRESETS],
            "buildPresets": [{
                "name": name,
                "configurePreset": name
            } for name in PRESETS],
        }),
                                                     encoding="utf-8")

    @classmethod
    def setUpClass(cls):
        """Links every program of this machine but the two that arm64 needs."""
        folder = tempfile.TemporaryDirectory(prefix="ringside-test-path.")
        cls.addClassCleanup(folder.cleanup)
        cls.path = Path(folder.name)
        for name in os.environ["PATH"].split(os.pathsep):
            for program in Path(name).glob("*") if name else ():
                link = cls.path / program.name
                if not link.is_symlink() and program.name not in ("aarch64-linux-gnu-g++",
                                                                  "qemu-aarch64"):
                    link.symlink_to(program)

    def have(self, *programs):
        """Of the two programs that arm64 needs, only `programs` are found, whatever this machine
        has. They do nothing: the projects here have nothing to compile."""
        shutil.rmtree(self.root / "bin")
        (self.root / "bin").mkdir()
        for name in programs:
            (self.root / "bin" / name).symlink_to("/bin/true")
        # The builds of these projects shall not wait until the machine is idle: this test itself
        # may run beside a build that does.
        (self.root / "bin/chrt").symlink_to("/bin/true")

    def environment(self):
        return {**os.environ, "PATH": f"{self.root / 'bin'}:{self.path}"}

    def run_it(self, *arguments):
        done = subprocess.run([self.root / "tools/test", "--no-setup", *arguments],
                              capture_output=True,
                              text=True,
                              timeout=100,
                              check=False,
                              env=self.environment())
        return done.returncode, done.stdout.splitlines(
        )[-1] if done.stdout else "", done.stdout + done.stderr

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
        for there, missing in (((), "g++-aarch64-linux-gnu qemu-user"), (("qemu-aarch64", ),
                                                                         "g++-aarch64-linux-gnu"),
                               (("aarch64-linux-gnu-g++", ), "qemu-user")):
            self.have(*there)
            output = self.expect(0, "4 passed, 0 failed")
            self.assertIn(f"arm64    left out: not there: {missing} (next: tools/setup)", output)
            output = self.expect(1, "0 passed, 1 failed", "--preset", "arm64")
            self.assertIn(f"not there: {missing}", output)

    def test_every_failure_counts_and_is_named(self):
        self.project(PASSES.format("one"), FAILS.format("two"), FAILS.format("three"),
                     IS_NOT_THERE.format("four"))
        output = self.expect(1, "1 passed, 3 failed", "--fast")
        for name in ("two", "three", "four"):
            self.assertIn(f"failed: {name}", output)

    def test_what_failed_yesterday_is_not_counted_today(self):
        self.project(FAILS.format("one"))
        self.expect(1, "0 passed, 1 failed", "--fast")
        text = (self.root / "CMakeLists.txt").read_text(encoding="utf-8")
        (self.root / "CMakeLists.txt").write_text(text.replace("-E false", "-E true"),
                                                  encoding="utf-8")
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
        self.project(
            PASSES.format("one"),
            target="add_custom_target(broken ALL COMMAND false)\n"
            "add_custom_target(ringside_tests)\n"
        )
        self.expect(1, "1 passed, 1 failed", "--preset", "release", "--preset", "asan")

    def test_a_preset_is_built_while_the_tests_of_the_one_before_run(self):
        self.project(WAITS_FOR_ASAN, target=LEAVES_A_FILE)
        self.expect(0, "2 passed, 0 failed", "--preset", "release", "--preset", "asan")

    def test_an_interrupt_ends_the_build_beside_the_tests(self):
        self.project(WAITS_FOR_ASAN, target=HANGS_IN_ASAN)
        (self.root / "hang.sh").write_text('echo $$ > "$1.new"; mv "$1.new" "$1"; exec sleep 200')
        pid_file = self.root / "build/asan/pid"

        def as_in_the_foreground():
            # A background job starts with SIGINT ignored, and a shell cannot trap a signal that was
            # ignored when the shell started.
            signal.signal(signal.SIGINT, signal.SIG_DFL)

        with subprocess.Popen([self.root / "tools/test", "--no-setup", "--preset", "release",
                               "--preset", "asan"],
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL,
                              env=self.environment(),
                              preexec_fn=as_in_the_foreground,
                              start_new_session=True) as test:
            try:
                self.wait_for("the build that hangs", lambda: b"sleep" in self.command_of(pid_file))
                os.killpg(test.pid, signal.SIGINT)
                self.assertNotEqual(test.wait(60), 0)
                self.wait_for("the end of the build", lambda: not self.command_of(pid_file))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(test.pid, signal.SIGKILL)

    @staticmethod
    def command_of(pid_file):
        """The command line of a process that left its number; empty where it is not there."""
        try:
            pid = pid_file.read_text(encoding="utf-8").strip()
            return (Path("/proc") / pid / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return b""

    def wait_for(self, what, come):
        deadline = time.monotonic() + 60
        while not come():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)

    def test_labels_decide_what_runs(self):
        self.project(PASSES.format("one"), LABELLED.format("two", '"ring;long"'),
                     LABELLED.format("three", "source"))
        self.expect(0, "2 passed, 0 failed", "--fast")
        self.expect(0, "3 passed, 0 failed", "--fast", "--long")
        self.expect(0, "2 passed, 0 failed", "--preset", "asan")

    def listed_project(self):
        fresh = "file(WRITE ${CMAKE_BINARY_DIR}/tests/list.txt)\n"
        self.project(fresh, LISTED.format("e2e_one"), LISTED.format("e2e_two"), PROGRAM.format(),
                     target="add_custom_target(ringside_tests ALL COMMAND false)\n")
        (self.root / "lane_test.cpp").write_text(CASES, encoding="utf-8")

    def built(self):
        return sorted(path.name for path in (self.root / "build").rglob("built_*"))

    def test_only_builds_and_runs_what_a_pattern_means(self):
        for pattern, last, built in (
                ("full (LANE)", "1 passed, 0 failed", ["built_lane"]),
                ("[is] $", "1 passed, 0 failed", ["built_lane"]),
                ("lane_tests", "2 passed, 0 failed", ["built_lane"]),
                ("Lane:*", "2 passed, 0 failed", ["built_lane"]),
                ("e2e_o", "1 passed, 0 failed", ["built_e2e_one"]),
                ("e2e_*", "2 passed, 0 failed", ["built_e2e_one", "built_e2e_two"])):
            with self.subTest(pattern=pattern):
                self.listed_project()
                self.expect(0, last, "--only", pattern)
                self.assertEqual(self.built(), built)
                self.assertEqual(os.listdir(self.root / "build"), ["edit"])

    def test_only_runs_the_whole_source_of_a_case_where_sources_are_tests(self):
        fresh = "file(WRITE ${CMAKE_BINARY_DIR}/tests/list.txt)\n"
        for pattern in ("full (LANE)", "Lane:*", "lane_test", "lane_tests/lane_test"):
            with self.subTest(pattern=pattern):
                self.project(fresh, BY_SOURCE.format())
                (self.root / "lane_test.cpp").write_text(CASES, encoding="utf-8")
                self.expect(0, "1 passed, 0 failed", "--only", pattern, "--preset", "asan")
                self.assertEqual(self.built(), ["built_lane"])

    def test_only_takes_several_patterns_and_presets(self):
        self.listed_project()
        self.expect(0, "2 passed, 0 failed", "--only", "e2e_one", "--only", "wraps")
        self.expect(0, "2 passed, 0 failed", "--only", "wraps", "--preset", "asan", "--preset",
                    "tsan")

    def test_only_knows_a_test_that_was_written_since(self):
        self.listed_project()
        self.expect(0, "2 passed, 0 failed", "--only", "lane_tests")
        with open(self.root / "CMakeLists.txt", "a", encoding="utf-8") as file:
            file.write(LISTED.format("e2e_three"))
        self.expect(0, "1 passed, 0 failed", "--only", "e2e_three")

    def test_only_refuses_what_matches_nothing_and_names_the_nearest(self):
        self.listed_project()
        for pattern in ("e2e_onne", "*comment*", "two_e2e*"):
            status, _, output = self.run_it("--only", pattern)
            self.assertEqual(status, 2, output)
            self.assertIn(f"--only {pattern}: no test has that in its name", output)
        self.assertIn("the nearest: e2e_one", self.run_it("--only", "e2e_onne")[2])
        self.assertEqual(self.built(), [])

    def test_wrong_usage_is_refused(self):
        self.project(PASSES.format("one"))
        for arguments in (["--preset"], ["--preset", "debug"], ["--slow"], ["--only"]):
            self.assertEqual(self.run_it(*arguments)[0], 2)
        self.assertFalse((self.root / "build").exists())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[sys.argv[0], *rest])

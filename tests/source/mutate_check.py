#!/usr/bin/env python3
"""Tests mutate.py on a tree of a few lines: what it changes, what it takes for noticed, and what it
prints."""

import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
import mutate  # noqa: E402

SOURCE = """int clamp(int value) {
  if (value > 9) return 9;
  return value;
}
int unwatched(int value) {
  return value + 5;
}
int hangs(int value) {
  while (value < 3) ++value;
  return value;
}
"""
TEST = """int clamp(int value);
int hangs(int value);
int main() { return clamp(12) == 9 && clamp(5) == 5 && hangs(0) == 3 ? 0 : 1; }
"""
CMAKE = """cmake_minimum_required(VERSION 3.25)
project(x LANGUAGES CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_executable(lane_tests tests/unit/shm/lane_test.cpp shm/lane.cpp)
file(WRITE ${CMAKE_BINARY_DIR}/tests/list.txt
  "program|lane_tests|${CMAKE_SOURCE_DIR}/tests/unit/shm/lane_test.cpp\\n")
"""


class Equivalents(unittest.TestCase):
    def test_each_one_is_a_mutant_of_the_tree(self):
        known = mutate.read_equivalents(mutate.HERE / "equivalents.txt")
        names = {key.split(" | ")[0] for key in known}
        texts = {name: (mutate.ROOT / name).read_text(encoding="utf-8") for name in names}
        mutate.refuse_stale(known, texts)

    def test_one_that_is_no_mutant_is_refused(self):
        texts = {"shm/lane.cpp": SOURCE}
        mutate.refuse_stale({"shm/lane.cpp | return value + 5; | return value - 5;": "",
                             "shm/other.cpp | a | b": ""}, texts)
        with self.assertRaisesRegex(SystemExit, "return value [+] 7"):
            mutate.refuse_stale({"shm/lane.cpp | return value + 5; | return value + 7;": ""}, texts)


class Operators(unittest.TestCase):
    def mutants(self, line):
        return list(mutate.mutants_of_line(line))

    def test_each_operator_changes_what_it_is_named_for(self):
        for line, expected in (
                ("  if (a < b) return;", ("comparison", "  if (a <= b) return;")),
                ("  if (a < b) return;", ("condition", "  if (!(a < b)) return;")),
                ("  x = a + b;", ("arithmetic", "  x = a - b;")),
                ("  x = a + b;", ("deletion", "  ;")),
                ("  count += n;", ("assignment", "  count -= n;")),
                ("  return a && b;", ("logic", "  return a || b;")),
                ("  ++count;", ("step", "  --count;")),
                ("  return true;", ("truth", "  return false;")),
                ("  x = std::min(a, b);", ("extreme", "  x = std::max(a, b);")),
                ("  return size - 1;", ("constant", "  return size - 2;")),
                ("  return 1'000;", ("constant", "  return 1001;")),
                ("  copy(from, to);", ("arguments", "  copy(to, from);"))):
            with self.subTest(line=line):
                self.assertIn(expected, self.mutants(line))

    def test_what_is_no_code_is_left_alone(self):
        for line in ('  // a < b', '#if 3 < 4', '  say("a < b 7");', "template <int n>",
                     "static_assert(3 < 4);"):
            found = [one for one in self.mutants(line) if one[0] not in ("deletion",)]
            self.assertEqual(found, [], line)

    def test_the_same_seed_chooses_the_same_and_every_file_has_its_turn(self):
        texts = {"shm/a.cpp": SOURCE * 9, "shm/b.cpp": SOURCE}
        first = [one.diff() for one in mutate.choose(texts, 7, 8)]
        self.assertEqual(first, [one.diff() for one in mutate.choose(texts, 7, 8)])
        self.assertNotEqual(first, [one.diff() for one in mutate.choose(texts, 8, 8)])
        self.assertEqual(sum("shm/a.cpp" in one for one in first), 4)

    def test_an_equivalent_needs_a_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "equivalents.txt"
            path.write_text("# x\na.cpp | b | c\n  because\n  of that\n", encoding="utf-8")
            self.assertEqual(mutate.read_equivalents(path), {"a.cpp | b | c": "because of that"})
            path.write_text("a.cpp | b | c\n", encoding="utf-8")
            with self.assertRaises(SystemExit):
                mutate.read_equivalents(path)

    def test_a_file_is_covered_by_its_room_and_those_that_see_it(self):
        rooms = mutate.rooms_of("program|r_tests|/x/tests/unit/daemon/rings/a.cpp;/x/y/b.cpp\n"
                                "program|m_tests|/x/tests/unit/daemon/metrics/a.cpp\n"
                                "program|p_tests|/x/tests/unit/report/a.cpp\ntest|t|m_tests\n")
        for name, programs in (("daemon/rings/drain.cpp", ["r_tests"]),
                               ("daemon/metrics/top.cpp", ["m_tests", "r_tests"]),
                               ("report/render/text.cpp", ["p_tests"]),
                               ("report/model/series.h", ["m_tests", "p_tests"]),
                               ("tools/chat/trace.cpp", [])):
            self.assertEqual(mutate.programs_for(name, rooms), programs, name)


class Run(unittest.TestCase):
    def tree(self, test=TEST):
        folder = tempfile.TemporaryDirectory(prefix="ringside-mutate.")
        self.addCleanup(folder.cleanup)
        root = Path(folder.name) / "root"
        for name, text in (("shm/lane.cpp", SOURCE), ("tests/unit/shm/lane_test.cpp", test),
                           ("CMakeLists.txt", CMAKE)):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        for command in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=root, check=True)
        return root

    def run_it(self, root, *arguments):
        # Two seconds are enough for a mutant that hangs.
        program = "import sys, mutate; mutate.RUN_SECONDS = 2; sys.exit(mutate.main())"
        done = subprocess.run(
            [sys.executable, "-B", "-c", program, "--files", "shm", "--root", root, *arguments],
            cwd=mutate.HERE,
            capture_output=True,
            text=True,
            check=False)
        return done.returncode, done.stdout, done.stderr

    def test_a_run_tells_killed_from_survived_and_leaves_the_tree_as_it_was(self):
        root = self.tree()
        status, out, err = self.run_it(root, "--seed", "1", "--count", "99")
        self.assertEqual(status, 0, out + err)
        # No test calls the function in line 6, so every mutant of that line survives. In line 2,
        # `value >= 9` changes nothing, because 9 becomes 9. And no test tries a value next to the
        # limit.
        survivors = set(re.findall(r"^--- (\S+) \(", out, re.MULTILINE))
        self.assertEqual(survivors, {"shm/lane.cpp:2", "shm/lane.cpp:6"}, out)
        self.assertIn("-return value + 5;", out)
        self.assertRegex(out, r"killed +comparison +shm/lane\.cpp:9", "the one that hangs")
        counted = [int(word) for word in out.splitlines()[-1].split()[1:5]]
        self.assertEqual(sum(counted), len(re.findall(r"^ +\d+ \w+", out, re.MULTILINE)))
        self.assertEqual((root / "shm/lane.cpp").read_text(encoding="utf-8"), SOURCE)

    def test_a_score_that_is_too_low_and_time_that_is_over_are_told(self):
        status, out, err = self.run_it(self.tree(), "--seed", "1", "--count", "8", "--least",
                                       "99.9")
        self.assertEqual(status, 1, out + err)
        self.assertIn("the score is below 99.9 %", out)
        out = self.run_it(self.tree(), "--minutes", "0")[1]
        self.assertIn("min are over", out)

    def test_tests_that_fail_by_themselves_are_told_first(self):
        status, out, err = self.run_it(self.tree(TEST.replace("== 3", "== 4")))
        self.assertEqual(status, 1, out)
        self.assertIn("fails without any mutant: lane_tests", err)


if __name__ == "__main__":
    unittest.main()

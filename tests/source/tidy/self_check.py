#!/usr/bin/env python3
"""Breaks each rule of tidy.py once, in a small tree made for it, and sees that each is found."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
import tidy  # noqa: E402

GOOD = {
    "CMakeLists.txt": "add_subdirectory(shm)\nadd_subdirectory(tests)\ninclude(shm/more.cmake)\n",
    "LICENSE": "free\n",
    "README.md": "# A page\n\n| " + "a table " * 30 + "|\n\n```\n" + "out " * 60 + "end\n```\n",
    "shm/CMakeLists.txt": "add_library(shm lane.cpp)\n",
    "shm/more.cmake": "set(x 1)\n",
    "shm/lane.h": "#pragma once\n",
    "shm/lane.cpp": '#include "shm/lane.h"\n// ' + "x" * 200 + "\n",
    "tests/CMakeLists.txt": "add_executable(t lane_test.cpp)\nadd_test(NAME n COMMAND run.py)\n",
    "tests/lane_test.cpp": 'TEST_CASE("' + "a long name " * 20 + '") {}\n',
    "tests/run.py": "import helper\n",
    "tests/helper.py": "X = 1\n",
}


class Tree(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ringside-tidy.")
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def findings(self, strict=(".",)):
        return tidy.findings(self.root, strict)

    def one_finding(self, *words):
        found = self.findings()
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def add(self, name, text):
        self.write(name, self.root.joinpath(name).read_text(encoding="utf-8") + text)

    def test_a_good_tree_has_no_findings(self):
        self.assertEqual(self.findings(), [])

    def test_a_line_of_101_columns_is_found_where_the_rule_holds(self):
        self.add("shm/lane.cpp", "// two words " + "y" * 88 + "\n")
        self.one_finding("shm/lane.cpp:3:", "101 columns")
        self.assertEqual(self.findings(["tests"]), [])
        self.assertEqual(len(self.findings(["shm"])), 1)

    def test_prose_in_markdown_has_no_exemption(self):
        self.add("README.md", "word " * 21 + "end\n")
        self.one_finding("README.md:8:")

    def test_a_test_case_that_cmake_would_cut_in_two_is_found(self):
        self.add("tests/lane_test.cpp", 'TEST_CASE("Lane: one; two") {}\n')
        self.one_finding("tests/lane_test.cpp:2:", "semicolon")

    def test_what_nobody_sees_is_found(self):
        for text, words in (("a\tb\n", "a tab"), ("a \n", "space at the end"),
                            ("a", "no newline"), ("a\r\n", "CR LF")):
            with self.subTest(text=text):
                self.write("LICENSE", text)
                self.assertTrue(any(words in line for line in self.findings()), self.findings())

    def test_stray_kinds_of_file_are_found(self):
        for name, text in (("tests/lane.pml.trail", "1:2\n"), ("core", "x\n"),
                           ("tests/x.h", b"\xff"), ("tools/run", "#!/bin/sh\n")):
            with self.subTest(name=name):
                self.write(name, text)
                self.one_finding(name, "a kind of file")
                (self.root / name).unlink()

    def test_a_long_source_needs_a_reason(self):
        self.write("shm/lane.cpp", "int x;\n" * 401)
        found = [line for line in self.findings() if "401 lines" in line]
        self.assertEqual(len(found), 1)
        self.write("shm/lane.cpp",
                   '// Over 400 lines: one table.\n#include "shm/lane.h"\n' + "int x;\n" * 401)
        self.assertEqual(self.findings(), [])

    def test_a_path_of_one_machine_is_found(self):
        for path in ("ro" + "ot/x", "wo" + "rk/x", "ho" + "me/bob"):
            with self.subTest(path=path):
                self.write("LICENSE", f"see /{path}\n")
                self.one_finding("LICENSE:1:", f"/{path}")

    def test_dead_files_are_found(self):
        for name, text in (("shm/dead.cpp", "int x;\n"), ("shm/dead.h", "#pragma once\n"),
                           ("tests/dead_test.cpp", "int x;\n"), ("tests/dead.py", "X = 1\n"),
                           ("tests/dead/CMakeLists.txt", "set(x 1)\n"), ("shm/dead.cmake",
                                                                         "set(x 1)\n")):
            with self.subTest(name=name):
                self.write(name, text)
                self.one_finding(name, "nothing names it")
                (self.root / name).unlink()

    def test_what_git_does_not_track_is_nobodys_business(self):
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            subprocess.run([*git, *command], cwd=self.root, check=True)
        self.write("core", "x\n")
        self.assertEqual(self.findings(), [])
        subprocess.run([*git, "add", "core"], cwd=self.root, check=True)
        self.one_finding("core")


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""README.md says which test holds which case. Every test that it names must be in the tree, every
test of a case in this folder must be named, and no case may be left out."""

import argparse
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support"))
import only  # noqa: E402

# The known cases that have tests. The missing numbers wait for what they are about: plug-ins, a
# server that executes itself again, shared rings, hung servers, names that are cut.
CASES = [*range(1, 18), 21, 23, 24, 26, 28, 29, 30, *range(31, 39)]


def rows(readme):
    """Yields (number of the case or None, names of tests) for each row of the table."""
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 3 or cells[0] == "case" or set(
                cells[0]) == {"-"}:
            continue
        number = re.match(r"\d+", cells[0])
        yield int(number.group()) if number else None, re.findall(r"`([^`]+)`", cells[2])


def tests_of(folder):
    names = set()
    for path in folder.rglob("*.cpp"):
        names.update(only.cases_of(path))
    for path in folder.rglob("*.py"):
        names.update(
            re.findall(r"^    def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))
    return names


class Table(unittest.TestCase):
    def setUp(self):
        self.rows = list(rows((ROOT / "tests/ring/cases/README.md").read_text(encoding="utf-8")))
        self.named = {name for _, names in self.rows for name in names}

    def test_every_test_that_is_named_exists(self):
        self.assertGreater(len(self.named), 40)
        self.assertEqual(sorted(self.named - tests_of(ROOT / "tests")), [])

    def test_every_test_of_a_case_is_named(self):
        own = {
            name
            for name in tests_of(ROOT / "tests/ring/cases")
            if name.startswith(("Case", "test_case"))
        }
        self.assertGreater(len(own), 20)
        self.assertEqual(sorted(own - self.named), [])

    def test_no_case_is_left_out_and_none_is_without_a_test(self):
        self.assertEqual([number for number, _ in self.rows if number], CASES)
        for number, names in self.rows:
            self.assertNotEqual(names, [], number)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root
    unittest.main(argv=[__file__, *rest])

#!/usr/bin/env python3
"""producer/DEPLOYMENT.md itself: every test that it names exists, every recipe that is run stands
on it, and the system calls that it lists are in systemd's list."""

import argparse
import re
import shutil
import sys
import unittest
from pathlib import Path

import unit
from place import PAGE, ROOT

sys.path.insert(0, str(ROOT / "tests/ring/cases"))
import table  # noqa: E402


class Page(unittest.TestCase):
    def named(self):
        return {name for row in PAGE.rows() for name in re.findall(r"`([^`]+)`", row[3])}

    def test_every_row_names_its_tests_and_they_exist(self):
        self.assertGreater(len(PAGE.rows()), 15)
        for row in PAGE.rows():
            self.assertEqual(len(row), 4, row)
            self.assertTrue(re.search(r"`[^`]+`", row[3]), row)
        self.assertEqual(sorted(self.named() - table.tests_of(ROOT / "tests")), [])

    def test_every_recipe_that_is_run_stands_on_the_page(self):
        run = set()
        for name in ("systemd", "containers", "surroundings"):
            text = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
            run |= set(re.findall(r"^    def (test_\w+)\(", text, re.M))
        self.assertGreater(len(run), 8)
        self.assertEqual(sorted(run - self.named()), [])

    def test_every_recipe_of_the_table_has_a_section(self):
        anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")
                   for heading in re.findall(r"^## (.*)$", PAGE.text, re.M)}
        linked = set(re.findall(r"\]\(#([\w-]+)\)", PAGE.text))
        self.assertGreater(len(linked), 8)
        self.assertEqual(sorted(linked - anchors), [])

    def test_the_calls_of_the_library_are_in_systemd_s_list(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed (systemd)")
        section = PAGE.text[PAGE.text.index("## System calls"):]
        cells = [line.split(" | ")[1] for line in section.splitlines() if line.startswith("| ")]
        listed = set(re.findall(r"`([a-z0-9_]+)`", " ".join(cells)))
        self.assertGreater(len(listed), 25)
        self.assertEqual(sorted(listed - unit.calls_in("@system-service")), [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin")
    _, rest = parser.parse_known_args()
    program = unittest.main(argv=[__file__, *rest], exit=False)
    skipped = program.result.skipped
    if program.result.wasSuccessful() and len(skipped) == program.result.testsRun:
        print(*(why for _, why in skipped), sep="\n")
        sys.exit(77)
    sys.exit(not program.result.wasSuccessful())

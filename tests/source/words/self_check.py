#!/usr/bin/env python3
"""Breaks each rule of words.py once, in a copy of the files that it reads, and sees that each is
found."""

import argparse
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import words  # noqa: E402

ROOT = Path()


class Broken(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        for name in ["shm/chat_words.def", *words.TABLES]:
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)

    def tearDown(self):
        self.folder.cleanup()

    def found_after(self, name, old, new):
        path = self.root / name
        text = path.read_text(encoding="utf-8")
        self.assertIn(old, text)
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return "\n".join(words.check(self.root))

    def test_the_tree_is_well(self):
        self.assertEqual(words.check(self.root), [])

    def test_a_word_of_the_list_that_a_readme_lacks(self):
        found = self.found_after(
            "shm/chat_words.def", 'RINGSIDE_CHAT_OPERATION(THREADED_REPLIES, "advanced")',
            'RINGSIDE_CHAT_OPERATION(THREADED_REPLIES, "advanced")\n'
            'RINGSIDE_CHAT_OPERATION(PIN_MESSAGE, "advanced")')
        self.assertIn("producer/README.md: missing", found)
        self.assertIn("no row for the operation PIN_MESSAGE", found)

    def test_a_meaning_that_changed(self):
        found = self.found_after("shm/chat_words.def", "the failed attempt and the pause after it",
                                 "the pause")
        for name in words.TABLES:
            self.assertIn(f"{name}: missing: | `RETRY`", found)
            self.assertIn(f"{name}: not in the list: | `RETRY`", found)

    def test_a_row_that_is_not_in_the_list(self):
        found = self.found_after("tools/chat/README.md", "| 5006 |",
                                 "| 5007 | `MADE_UP` | never | error |\n| 5006 |")
        self.assertIn("not in the list: | 5007", found)

    def test_a_row_that_is_gone(self):
        row = next(line
                   for line in (self.root /
                                "tools/chat/README.md").read_text(encoding="utf-8").splitlines()
                   if line.startswith("| 2003 |"))
        self.assertIn("missing: | 2003", self.found_after("tools/chat/README.md", row + "\n", ""))

    def test_an_operation_that_the_protocol_does_not_describe(self):
        found = self.found_after("tools/chat/README.md", "| `LEAVE_ROOM` |", "| `LEAVE_HOME` |")
        self.assertIn("no row for the operation LEAVE_ROOM", found)
        self.assertIn("LEAVE_HOME is no operation", found)

    def test_a_table_that_is_gone(self):
        self.assertIn(
            "report/README.md: no table",
            self.found_after("report/README.md", "| event | section |", "| event | place |"))

    def test_a_list_that_breaks_its_own_rules(self):
        self.assertIn("codes do not ascend",
                      self.found_after("shm/chat_words.def", "ERROR(1002,", "ERROR(1001,"))
        self.setUp()
        self.assertIn(
            "stands there twice",
            self.found_after("shm/chat_words.def", "OPERATION(JOIN_ROOM", "OPERATION(CREATE_ROOM"))
        self.setUp()
        self.assertIn("does not list its states",
                      self.found_after("shm/chat_words.def", '"half-open")', '"ajar")'))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", type=Path, required=True)
    known, rest = parser.parse_known_args()
    ROOT = known.root.resolve()
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""Compares the tables of shm/README.md with what the compiler says (facts.cpp), both ways. What the
page lists is true, and the page lists everything, with no byte left over."""

import argparse
import re
import subprocess
import sys
import unittest
from pathlib import Path

PAGE, FACTS = "", []


def read_page(text):
    """Reads the tables below headings such as ### `Name`, 128 bytes. Returns
    ({struct: (size, rows)}, {enumeration: rows})."""
    structs, values = {}, {}
    for section in re.split(r"^#+ ", text, flags=re.M)[1:]:
        heading = section.split("\n", 1)[0]
        rows = [[cell.strip() for cell in line.strip("|").split("|")]
                for line in section.splitlines()
                if line.startswith("|") and not line.startswith("|---")]
        if not rows:
            continue
        sized = re.fullmatch(r"`(\w+)`, (\d+) bytes", heading)
        if sized:
            assert rows[0] == ["off", "size", "field", "meaning"], (heading, rows[0])
            structs[sized[1]] = (int(sized[2]), [(row[2].strip("`"), int(row[0]), int(row[1]))
                                                 for row in rows[1:]])
        elif re.fullmatch(r"`(\w+)`", heading):
            assert rows[0][:2] == ["value", "name"], (heading, rows[0])
            values[heading.strip("`")] = {row[1].strip("`"): int(row[0]) for row in rows[1:]}
        elif heading == "Numbers":
            values["Number"] = {row[0].strip("`"): int(row[1]) for row in rows[1:]}
    return structs, values


def read_facts(lines):
    structs, values = {}, {}
    for words in map(str.split, lines):
        if words[0] == "struct":
            structs[words[1]] = (int(words[2]), [])
        elif words[0] == "field":
            structs[words[1]][1].append((words[2], int(words[3]), int(words[4])))
        else:
            values.setdefault(words[1], {})[words[2]] = int(words[3])
    return structs, values


class Page(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        ended = subprocess.run(FACTS, capture_output=True, text=True, check=True, timeout=60)
        cls.structs, cls.values = read_facts(ended.stdout.splitlines())
        cls.page_structs, cls.page_values = read_page(PAGE)

    def test_every_structure_and_number_is_on_the_page_and_nothing_else(self):
        self.assertEqual(set(self.page_structs), set(self.structs))
        self.assertEqual(set(self.page_values), set(self.values))
        self.assertGreater(len(self.structs), 9)
        self.assertGreater(len(self.values), 8)

    def test_fields_are_where_the_page_says(self):
        for name, (size, fields) in self.structs.items():
            with self.subTest(struct=name):
                self.assertEqual(self.page_structs[name], (size, fields))

    def test_no_byte_is_left_over(self):
        for name, (size, fields) in self.page_structs.items():
            with self.subTest(struct=name):
                at = 0
                for field, offset, bytes_ in fields:
                    self.assertEqual(offset, at, f"{name}.{field}")
                    at += bytes_
                self.assertEqual(at, size)

    def test_numbers_mean_what_the_page_says(self):
        for name, numbers in self.values.items():
            with self.subTest(enumeration=name):
                self.assertEqual(self.page_values[name], numbers)

    def test_regions_begin_where_the_page_says(self):
        numbers = self.page_values["Number"]
        offsets = [int(found) for found in re.findall(r"^\| (\d+) \| [a-z]", PAGE, flags=re.M)]
        self.assertEqual(offsets[:7], [
            0, numbers["kControlOffset"], numbers["kGaugesOffset"], numbers["kNamesOffset"],
            numbers["kErrorNamesOffset"], numbers["kSeatsOffset"], numbers["kLaneHeadersOffset"]
        ])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", type=Path, required=True)
    parser.add_argument("--facts", required=True)
    parser.add_argument("--launcher", default="")
    known, rest = parser.parse_known_args()
    PAGE = known.page.read_text(encoding="utf-8")
    FACTS = [*known.launcher.split(), known.facts]
    unittest.main(argv=[sys.argv[0], *rest])

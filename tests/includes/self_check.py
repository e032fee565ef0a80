#!/usr/bin/env python3
"""Breaks each rule of includes.py once, in a small tree of its own, and sees that it is found."""

import argparse
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
import includes  # noqa: E402

COMPILERS = {"cxx": "c++", "cc": "cc"}

GOOD = {
    "shm/record.h": "#pragma once\n#include <cstdint>\n#include <sys/mman.h>\n",
    "shm/record.cpp": '#include "shm/record.h"\n#include <boost/interprocess/mapped_region.hpp>\n',
    "producer/ringside.h": "#ifndef GUARD\n#define GUARD\n#include <stdint.h>\n#endif\n",
    "producer/ringside.hpp": '#pragma once\n#include "shm/record.h"\n',
    "report/text.h": "#pragma once\n#include <string>\n// #include \"daemon/drain.h\"\n",
    "daemon/drain.h": '#pragma once\n#include "report/text.h"\n#include "shm/record.h"\n',
    "tools/chat/main.cpp": '#include "producer/ringside.hpp"\nconst char* url = "http://x"; /* "//" */\n',
    "tests/shm/lane.cpp": '#include "tools/chat/main.cpp"\n#include "daemon/drain.h"\n',
    "tests/package/server_cpp/main.cpp": "#include <producer/ringside.hpp>\n",
}
LINKS = [
    "shm|ringside_shm|Threads::Threads;ringside_warnings",
    "producer|ringside_producer|ringside_shm",
    "report|ringside_report|",
    "daemon|ringside_daemon|ringside::shm;ringside::report;fmt::fmt",
    "tools/chat|ringside-chatd|ringside::producer",
    "tests/shm|shm_tests|ringside::shm;doctest::doctest",
]


class Tree(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="ringside-includes.")
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        for name, text in GOOD.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def one_finding(self, found, *words):
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])


class Arrows(Tree):
    def test_a_good_tree_has_no_findings(self):
        self.assertEqual(includes.check_arrows(self.root), [])

    def test_every_arrow_that_is_not_drawn_is_found(self):
        for folder, may in includes.ARROWS.items():
            for other in includes.ARROWS.keys() - may:
                with self.subTest(folder=folder, other=other):
                    self.write(f"{folder}/wrong.cpp", f'\n\n  #  include "{other}/x.h"\n')
                    self.one_finding(includes.check_arrows(self.root), f"{folder}/wrong.cpp:3:", f"{other}/x.h")
                    (self.root / f"{folder}/wrong.cpp").unlink()

    def test_angle_brackets_hide_nothing(self):
        self.write("shm/wrong.h", "#include <producer/ringside.hpp>\n")
        self.assertTrue(any("shm includes producer/" in line for line in includes.check_arrows(self.root)))

    def test_a_path_that_is_not_from_the_root_is_found(self):
        for name in ("record.h", "../report/text.h"):
            with self.subTest(name=name):
                self.write("shm/wrong.cpp", f'#include "{name}"\n')
                self.one_finding(includes.check_arrows(self.root), "shm/wrong.cpp:1:", "root")

    def test_a_macro_in_place_of_a_name_is_found(self):
        self.write("report/wrong.cpp", "#include HEADER\n")
        self.one_finding(includes.check_arrows(self.root), "report/wrong.cpp:1:", "macro")

    def test_an_installed_header_that_needs_a_library_is_found(self):
        for name in ("boost/asio.hpp", "sqlite3.h", "fmt/format.h"):
            with self.subTest(name=name):
                self.write("producer/wrong.hpp", f"#pragma once\n#include <{name}>\n")
                self.one_finding(includes.check_arrows(self.root), "producer/wrong.hpp:2:", name)

    def test_a_line_after_a_long_comment_keeps_its_number(self):
        self.write("shm/wrong.h", '/* one\n two\n*/ // "\n#include "daemon/drain.h"\n')
        self.one_finding(includes.check_arrows(self.root), "shm/wrong.h:4:")


class Links(Tree):
    def test_good_links_have_no_findings(self):
        self.assertEqual(includes.check_links(LINKS), [])

    def test_a_link_against_the_arrows_is_found(self):
        for line in ("report|ringside_extra|ringside::shm", "shm|ringside_extra|ringside_producer",
                     "producer|ringside_extra|fmt::fmt;ringside_report", "daemon|ringsided|ringside::producer",
                     "report|ringside_extra|$<LINK_ONLY:$<BUILD_INTERFACE:ringside::shm>>",
                     "daemon/sub|ringside_extra|ringside-chatd"):
            with self.subTest(line=line):
                self.one_finding(includes.check_links(LINKS + [line]), line.split("|")[1], "may link")

    def test_a_list_without_a_folder_is_found(self):
        self.one_finding(includes.check_links(LINKS[1:]), "no target in shm")


class Headers(Tree):
    def findings(self):
        return includes.check_headers(self.root, COMPILERS["cxx"], COMPILERS["cc"])[0]

    def test_good_headers_compile(self):
        self.assertEqual(self.findings(), [])

    def test_each_way_of_not_standing_alone_is_found(self):
        for name, text in {
            "report/wrong.h": "#pragma once\ninline std::string x() { return {}; }\n",          # a missing include
            "report/unguarded.h": "struct Twice {};\n",                                         # no guard
            "daemon/wrong.h": "#pragma once\ninline int x(long y) { return y; }\n",             # a warning
            "shm/wrong.h": "#pragma once\n#include <span>\ninline std::span<int> x() { return {}; }\n",  # not C++17
        }.items():
            with self.subTest(name=name):
                self.write(name, text)
                self.one_finding(self.findings(), name)
                (self.root / name).unlink()

    def test_a_c_header_that_is_cplusplus_is_found(self):
        self.write("producer/ringside.h", "#pragma once\nnamespace x {}\n")
        self.one_finding(self.findings(), "producer/ringside.h as c11")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Breaks each rule once.")
    parser.add_argument("--cxx", default=COMPILERS["cxx"])
    parser.add_argument("--cc", default=COMPILERS["cc"])
    known, rest = parser.parse_known_args()
    COMPILERS.update(cxx=known.cxx, cc=known.cc)
    unittest.main(argv=[sys.argv[0], *rest])

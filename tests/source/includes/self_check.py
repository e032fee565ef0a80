#!/usr/bin/env python3
"""Breaks each rule of includes.py once, in a small tree made for it, and sees that each is
found."""

import argparse
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True  # the source tree stays as it is
import includes  # noqa: E402

COMPILERS = {"cxx": "c++", "cc": "cc"}

GOOD = {
    "shm/record.h": "#pragma once\n#include <cstdint>\n#include <sys/mman.h>\n",
    "shm/record.cpp": '#include "shm/record.h"\n#include <sys/syscall.h>\n',
    "producer/ringside.h": "#ifndef GUARD\n#define GUARD\n#include <stdint.h>\n#endif\n",
    "producer/ringside.hpp": '#pragma once\n#include "shm/record.h"\n',
    "report/model/format.h":
    "#pragma once\n#include <string>\n// #include \"daemon/rings/drain.h\"\n",
    "daemon/rings/drain.h":
    '#pragma once\n#include "report/model/format.h"\n#include "shm/record.h"\n',
    "tools/chat/main.cpp":
    '#include "producer/ringside.hpp"\nconst char* url = "http://x"; /* "//" */\n',
    "tests/unit/shm/lane.cpp": '#include "tools/chat/main.cpp"\n#include "daemon/rings/drain.h"\n',
    "tests/programs/package/server_cpp/main.cpp": "#include <ringside/ringside.hpp>\n",
}
LINKS = [
    "shm|ringside_shm|Threads::Threads;ringside_warnings",
    "producer|ringside_producer|ringside_shm",
    "report|ringside_report|",
    "daemon|ringside_daemon|ringside::shm;ringside::report;fmt::fmt",
    "tools/chat|ringside-chatd|ringside::producer",
    "tests/unit/shm|shm_tests|ringside::shm;doctest::doctest",
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
                    self.one_finding(includes.check_arrows(self.root), f"{folder}/wrong.cpp:3:",
                                     f"{other}/x.h")
                    (self.root / f"{folder}/wrong.cpp").unlink()

    def test_angle_brackets_hide_nothing(self):
        self.write("shm/wrong.h", "#include <producer/ringside.hpp>\n")
        self.assertTrue(
            any("shm includes producer/" in line for line in includes.check_arrows(self.root)))

    def test_a_path_that_is_not_from_the_root_is_found(self):
        for name in ("record.h", "../report/model/format.h"):
            with self.subTest(name=name):
                self.write("shm/wrong.cpp", f'#include "{name}"\n')
                self.one_finding(includes.check_arrows(self.root), "shm/wrong.cpp:1:", "root")

    def test_a_macro_in_place_of_a_name_is_found(self):
        self.write("report/wrong.cpp", "#include HEADER\n")
        self.one_finding(includes.check_arrows(self.root), "report/wrong.cpp:1:", "macro")

    def test_a_library_in_what_servers_link_is_found(self):
        for name in ("boost/asio.hpp", "sqlite3.h", "fmt/format.h"):
            for path in ("producer/wrong.hpp", "shm/wrong.cpp"):
                with self.subTest(name=name, path=path):
                    self.write(path, f"#pragma once\n#include <{name}>\n")
                    self.one_finding(includes.check_arrows(self.root), f"{path}:2:", name)
                    (self.root / path).unlink()

    def test_a_line_after_a_long_comment_keeps_its_number(self):
        self.write("shm/wrong.h", '/* one\n two\n*/ // "\n#include "daemon/rings/drain.h"\n')
        self.one_finding(includes.check_arrows(self.root), "shm/wrong.h:4:")


class Rooms(Tree):
    def test_a_good_tree_has_no_findings(self):
        self.assertEqual(includes.check_rooms(self.root), [])

    def test_every_arrow_between_rooms_that_is_not_drawn_is_found(self):
        for room, may in includes.ROOMS.items():
            for other in includes.ROOMS:
                drawn = other == room or may & {other, other.split("/")[0]}
                if drawn or "/" not in other or "/" not in room:
                    continue
                with self.subTest(room=room, other=other):
                    self.write(f"{room}/wrong.cpp", f'\n#include "{other}/x.h"\n')
                    self.one_finding(includes.check_rooms(self.root), f"{room}/wrong.cpp:2:",
                                     f"{other}/x.h")
                    (self.root / f"{room}/wrong.cpp").unlink()

    def test_one_header_of_a_room_may_be_all_that_is_drawn(self):
        self.write("daemon/outputs/right.cpp", '#include "daemon/alerts/sink.h"\n')
        self.assertEqual(includes.check_rooms(self.root), [])
        self.write("daemon/outputs/wrong.cpp", '#include "daemon/alerts/alert_engine.h"\n')
        self.one_finding(includes.check_rooms(self.root), "daemon/outputs/wrong.cpp:1:",
                         "alerts/alert_engine.h")

    def test_a_file_outside_every_room_is_found(self):
        self.write("report/stray.cpp", "int x;\n")
        self.one_finding(includes.check_rooms(self.root), "report/stray.cpp", "no room")

    def test_main_wires_and_looks_into_no_room(self):
        self.write("daemon/main.cpp", '#include "daemon/rings/drain.h"\n')
        self.one_finding(includes.check_rooms(self.root), "daemon/main.cpp:1:", "rings/drain.h")

    def test_the_picture_has_no_circle_and_five_layers(self):
        self.assertEqual(includes.check_layers(includes.ROOMS), [])
        self.assertEqual(
            max(layer for room, layer in includes.layers_of(includes.ROOMS).items() if "/" in room),
            5)

    def test_a_circle_in_the_picture_is_found(self):
        rooms = {**includes.ROOMS, "daemon/storage": {"shm", "daemon/rings"}}
        self.assertTrue(
            any("daemon/rings stands in a circle" in line for line in includes.check_layers(rooms)))

    def test_a_sixth_layer_is_found(self):
        rooms = {
            **includes.ROOMS, "daemon/storage": {"shm", "daemon/cellar"},
            "daemon/cellar": {"shm"}
        }
        self.assertTrue(any("6 layers" in line for line in includes.check_layers(rooms)))


class Links(Tree):
    def test_good_links_have_no_findings(self):
        self.assertEqual(includes.check_links(LINKS), [])

    def test_a_link_against_the_arrows_is_found(self):
        for line in ("report|ringside_extra|ringside::shm", "shm|ringside_extra|ringside_producer",
                     "producer|ringside_extra|fmt::fmt;ringside_report",
                     "daemon|ringsided|ringside::producer",
                     "report|ringside_extra|$<LINK_ONLY:$<BUILD_INTERFACE:ringside::shm>>",
                     "daemon/sub|ringside_extra|ringside-chatd"):
            with self.subTest(line=line):
                self.one_finding(includes.check_links(LINKS + [line]),
                                 line.split("|")[1], "may link")

    def test_a_list_without_a_folder_is_found(self):
        self.one_finding(includes.check_links(LINKS[1:]), "no target in shm")


class Headers(Tree):
    def findings(self):
        return includes.check_headers(self.root, COMPILERS["cxx"], COMPILERS["cc"])[0]

    def test_good_headers_compile(self):
        self.assertEqual(self.findings(), [])

    def test_each_way_of_not_standing_alone_is_found(self):
        for name, text in {
                "report/wrong.h":
                "#pragma once\ninline std::string x() { return {}; }\n",  # a missing include
                "report/unguarded.h": "struct Twice {};\n",  # no guard
                "daemon/wrong.h": "#pragma once\ninline int x(long y) { return y; }\n",  # a warning
                # not C++17
                "shm/wrong.h":
                "#pragma once\n#include <span>\ninline std::span<int> x() { return {}; }\n",
        }.items():
            with self.subTest(name=name):
                self.write(name, text)
                self.one_finding(self.findings(), name)
                (self.root / name).unlink()

    def test_what_the_build_has_shown_is_not_compiled_again(self):
        self.write("report/a.h", "#pragma once\nint a();\n")
        self.write("report/bare.h", "int a();\n")
        self.write("shm/a.h", "#pragma once\nint a();\n")
        sources = {
            "report/a.cpp": '// "x.h"\n#include "report/a.h"\n',
            "report/bare.cpp": '#include "report/bare.h"\n',  # no guard
            "report/second.cpp": '#include <map>\n#include "report/bare.h"\n',
            "shm/a.cpp": '#include "shm/a.h"\n',  # installed
            "report/none.cpp": "int x;\n",
        }
        for name, text in sources.items():
            self.write(name, text)
        commands = self.root / "compile_commands.json"
        commands.write_text(
            json.dumps([{"file": str(self.root / name)} for name in sources] +
                       [{"file": str(self.root / "gone.cpp")}, {"file": "/other/report/a.cpp"}]),
            encoding="utf-8")
        shown = includes.shown_by_build(self.root, commands)
        self.assertEqual(shown, {"report/a.h"})
        jobs = [what for what, *_ in includes.header_jobs(self.root, "g++", "gcc", None, shown)]
        self.assertNotIn("report/a.h as c++20", jobs)
        self.assertIn("report/bare.h as c++20", jobs)

    def test_the_shares_together_are_all_headers(self):
        self.write("report/wrong.h", "#pragma once\ninline std::string x() { return {}; }\n")
        whole, count = includes.check_headers(self.root, COMPILERS["cxx"], COMPILERS["cc"])
        parts = [
            includes.check_headers(self.root, COMPILERS["cxx"], COMPILERS["cc"], share=(i, 3))
            for i in (1, 2, 3)
        ]
        self.assertEqual(sum(compiled for _, compiled in parts), count)
        self.assertEqual(sum((found for found, _ in parts), []), whole)

    def test_a_c_header_that_is_cplusplus_is_found(self):
        self.write("producer/ringside.h", "#pragma once\nnamespace x {}\n")
        self.one_finding(self.findings(), "producer/ringside.h as c99")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Breaks each rule once.")
    parser.add_argument("--cxx", default=COMPILERS["cxx"])
    parser.add_argument("--cc", default=COMPILERS["cc"])
    known, rest = parser.parse_known_args()
    COMPILERS.update(cxx=known.cxx, cc=known.cc)
    unittest.main(argv=[sys.argv[0], *rest])

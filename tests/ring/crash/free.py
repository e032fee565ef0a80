#!/usr/bin/env python3
"""Checks that the test points of shm/test_points.h cost nothing if they are not compiled in.

  symbols   no library that a server or the daemon links refers to the hook; the crash tests'
            executable does
  code      write_record(), write_overflow() and the functions of lane_claim.cpp,
            segment_create.cpp and names.cpp compile to the same instructions from two sources: the
            source as it is, and a copy without the lines of the points; with RINGSIDE_TEST_POINTS
            each calls the hook, so that there is something to compare

Exit code 0 when all is well, 1 when something is found, 2 on wrong usage.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOOK = "test_point"

INLINED = """
#include "shm/lane.h"
void lane(ringside::LaneWriter& writer, const ringside::Record& record) {
  ringside::write_record(writer, record);
}
bool overflow(const ringside::LaneWriter& writer, const ringside::Record& record) {
  return ringside::write_overflow(writer, record);
}
"""
SOURCES = ("inlined.cpp", "shm/lane_claim.cpp", "shm/segment_create.cpp", "shm/names.cpp")

# Whole lines: without them the source is as it was before the points were put in.
POINT_LINE = re.compile(r"^[^\n]*\bRINGSIDE_TEST_POINT\(\w+\);[^\n]*\n", re.M)


def run(*command, cwd=None):
    done = subprocess.run([str(c) for c in command],
                          cwd=cwd,
                          capture_output=True,
                          text=True,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def refers_to_hook(nm, file):
    return HOOK in run(nm, "--demangle", file)


def code_of(arguments, root, source):
    """Compiles a source. Returns the disassembly of every function, without the file's name."""
    binary = root / "out.o"
    # NDEBUG: an assert may hold a line number, and the copy has other line numbers.
    run(arguments.cxx,
        "-std=c++20",
        "-O2",
        "-DNDEBUG",
        "-I",
        ".",
        "-c",
        source,
        "-o",
        binary,
        cwd=root)
    text = run(arguments.objdump, "--disassemble", "--reloc", "--no-show-raw-insn", binary)
    return text.split("Disassembly", 1)[1]


def calls_hook(arguments, root, source):
    """Whether the source calls the hook if the points are compiled in. The preprocessed text is
    enough to tell."""
    text = run(arguments.cxx, "-std=c++20", "-E", "-P", "-DRINGSIDE_TEST_POINTS", "-I", ".", source,
               cwd=root)
    return "::ringside::reach_test_point(::ringside::TestPoint::" in text


def main():
    parser = argparse.ArgumentParser(description="Whether the test points are free.")
    parser.add_argument("--root", type=Path, required=True, help="the project's root")
    parser.add_argument("--cxx", required=True)
    parser.add_argument("--nm", required=True)
    parser.add_argument("--objdump", required=True)
    parser.add_argument("--without",
                        nargs="+",
                        required=True,
                        help="binaries that must not refer to the hook")
    parser.add_argument("--with",
                        nargs="+",
                        required=True,
                        dest="having",
                        help="binaries that must")
    arguments = parser.parse_args()

    found = [f"{file}: refers to the hook of the test points" for file in arguments.without
             if refers_to_hook(arguments.nm, file)]
    found += [
        f"{file}: does not refer to the hook: the check above sees nothing"
        for file in arguments.having if not refers_to_hook(arguments.nm, file)
    ]

    with tempfile.TemporaryDirectory() as folder:
        trees = {}
        removed = 0
        for name in ("as_it_is", "without_points"):
            trees[name] = Path(folder) / name
            shutil.copytree(arguments.root / "shm", trees[name] / "shm")
            (trees[name] / "inlined.cpp").write_text(INLINED)
        for path in (trees["without_points"] / "shm").iterdir():
            if path.suffix in (".h", ".cpp") and path.name != "test_points.h":
                text, count = POINT_LINE.subn("", path.read_text())
                path.write_text(text)
                removed += count
        if removed < 20:
            found.append(
                f"only {removed} lines of points found in shm/: "
                "the copy without them is not without them")
        for source in SOURCES:
            as_it_is = code_of(arguments, trees["as_it_is"], source)
            if as_it_is != code_of(arguments, trees["without_points"], source):
                found.append(f"{source}: the lines of the points change its code")
            if not calls_hook(arguments, trees["as_it_is"], source):
                found.append(
                    f"{source}: no point is compiled into it even with RINGSIDE_TEST_POINTS")

    print(
        "\n".join(found) if found else
        f"{removed} points: no reference to them, "
        f"and no instruction of {len(SOURCES)} sources changed by them")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Checks which folder may include and link which, and that every library header compiles alone.

    producer --> shm <-- daemon --> report          tools, tests --> any of them

daemon/ and report/ are divided into rooms, on at most five and three layers. A room includes only
what ROOMS says.

There are four checks. Each looks at the tree itself, not at a list that somebody keeps:
  arrows   every #include of ours, in every source file, follows an arrow; in the libraries it is
           written from the project's root; what servers link needs nothing but the standard library
           and the system
  rooms    every #include between rooms follows an arrow; the arrows form no circle
  links    every target is linked only with libraries that its folder may include (CMake says which
           folder it is)
  headers  every header of the library folders compiles by itself, twice over, without a warning;
           the build has shown it for a header that is the first include of a source which the build
           compiled by itself

Exit code 0 when nothing is found, 1 when something is found (one line for each finding), 2 on wrong
usage. self_check.py breaks each rule once and sees that it is found.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# Folder -> the folders of ours that it may include and link.
ARROWS = {
    "shm": {"shm"},
    "producer": {"producer", "shm"},
    "report": {"report"},
    "daemon": {"daemon", "shm", "report"},
    "tools": {"shm", "producer", "report", "daemon", "tools"},
    "tests": {"shm", "producer", "report", "daemon", "tools", "tests"},
}
# Room -> what it may include besides itself: a whole folder, a room, or one header of a room. The
# rooms are in the order of the layers: no room includes one that comes after it here.
ROOMS = {
    "report/model": set(),
    "report/analysis": {"report/model"},
    "report/render": {"report/model", "report/analysis"},
    "daemon/storage": {"shm"},
    "daemon/host": {"shm", "report/model"},
    "daemon/metrics": {"shm", "daemon/storage", "report/model"},
    "daemon/config": {"shm", "daemon/storage", "report"},
    "daemon/rings": {"shm", "daemon/storage", "daemon/metrics", "report/model"},
    "daemon/alerts": {"shm", "daemon/storage", "daemon/config", "report"},
    "daemon/history": {"shm", "daemon/storage", "report"},
    "daemon/outputs": {"shm", "daemon/storage", "daemon/history", "daemon/alerts/sink.h", "report"},
    "daemon/http": {
        "shm", "daemon/storage", "daemon/config", "daemon/history", "daemon/alerts/sink.h",
        "daemon/alerts/handling.h", "report"
    },
    "daemon/run": {"shm", "daemon", "report"},
    "daemon": {"shm", "daemon/config", "daemon/run", "daemon/storage/standard_streams.h"},
}
# The most layers that a folder's rooms may have.
MOST_LAYERS = {"report": 3, "daemon": 5}
LIBRARIES = ("shm", "producer", "report", "daemon")
INSTALLED = ("shm", "producer")
SOURCES = {".c", ".cc", ".cpp", ".def", ".h", ".hpp", ".in"}
HEADERS = {".h", ".hpp"}

# What shm/ and producer/ may include with <>: the standard library (no slash, and no .h except C's
# headers), POSIX, and Linux.
SYSTEM_FOLDERS = {"sys", "linux", "asm", "arpa", "netinet"}
SYSTEM_HEADERS = {
    "cpuid.h",
    "dlfcn.h",
    "errno.h",
    "fcntl.h",
    "link.h",
    "pthread.h",
    "sched.h",
    "signal.h",
    "stdbool.h",
    "stddef.h",
    "stdint.h",
    "stdio.h",
    "stdlib.h",
    "string.h",
    "time.h",
    "unistd.h",
    "x86intrin.h",
}

WARNINGS = [
    "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-fsyntax-only"
]

INCLUDE = re.compile(
    r'^[ \t]*#[ \t]*include\b[ \t]*(?:"(?P<quoted>[^"]*)"|<(?P<angled>[^>]*)>|(?P<other>.*))', re.M)
# Strings come first, so that "//" in a string is not taken for a comment.
COMMENT_OR_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.S)


def without_comments(text):
    def keep(match):
        found = match.group(0)
        return found if found[0] == '"' else "\n" * found.count("\n")
    return COMMENT_OR_STRING.sub(keep, text)


def source_files(root):
    """Yields every source file in the folders of ARROWS, as a path relative to the root."""
    for folder in ARROWS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if path.is_file() and path.suffix in SOURCES:
                yield relative


def check_arrows(root):
    found = []
    for relative in source_files(root):
        folder = relative.parts[0]
        text = without_comments((root / relative).read_text(encoding="utf-8", errors="replace"))
        for match in INCLUDE.finditer(text):
            where = f"{relative}:{text.count(chr(10), 0, match.start()) + 1}"
            name = match["quoted"] if match["quoted"] is not None else match["angled"]
            if name is None:
                if folder in LIBRARIES:
                    found.append(
                        f"{where}: #include {match['other'].strip()}: "
                        "a macro hides what is included")
                continue
            first = name.split("/")[0]
            if first in ARROWS:
                if first not in ARROWS[folder]:
                    found.append(
                        f"{where}: {folder} includes {name}; it may include {allowed(folder)}")
            elif match["quoted"] is not None and folder in LIBRARIES:
                found.append(
                    f'{where}: "{name}" is not written from the project\'s root ("folder/file.h")')
            if folder in INSTALLED and match["angled"] and not is_system(name):
                found.append(f"{where}: <{name}> in {folder}/: servers would need it too")
    return found


def room_of(path):
    """The room of a path: folder/room, or the folder itself for a file at its top."""
    return "/".join(path.split("/")[:-1][:2])


def check_rooms(root):
    """Checks every #include between rooms, and that every file lies in a room of ROOMS."""
    found = []
    for relative in source_files(root):
        room = room_of(str(relative))
        if relative.parts[0] not in MOST_LAYERS:
            continue
        if room not in ROOMS:
            found.append(f"{relative}: {room} is no room; the rooms are {', '.join(sorted(ROOMS))}")
            continue
        text = without_comments((root / relative).read_text(encoding="utf-8", errors="replace"))
        for match in INCLUDE.finditer(text):
            name = match["quoted"] if match["quoted"] is not None else match["angled"]
            if name is None or name.split("/")[0] not in MOST_LAYERS or room_of(name) == room:
                continue
            if not ROOMS[room] & {name, room_of(name), name.split("/")[0]}:
                line = text.count("\n", 0, match.start()) + 1
                may = ", ".join(sorted(ROOMS[room])) or "nothing but its own files"
                found.append(f"{relative}:{line}: {room} includes {name}; it may include {may}")
    return found


def layers_of(rooms):
    """Returns room -> layer, counted from 1. None for a room in a circle, or above one. Only arrows
    between rooms of one folder count."""
    layers = {}

    def layer(room, above):
        if room in above:
            return None
        if room not in layers:
            folder = room.split("/")[0]
            below = {room_of(other) if other.endswith(".h") else other for other in rooms[room]}
            below = {
                one
                for one in rooms for other in below if one != room and "/" in one and (
                    one == other or (other == folder and one.startswith(folder + "/")))
                and one.split("/")[0] == folder
            }
            depths = [layer(other, above | {room}) for other in below]
            layers[room] = None if None in depths else 1 + max(depths, default=0)
        return layers[room]

    return {room: layer(room, frozenset()) for room in rooms}


def check_layers(rooms):
    """Checks ROOMS itself: no circle, and no more layers than MOST_LAYERS."""
    found = []
    for room, layer in layers_of(rooms).items():
        if layer is None:
            found.append(f"{room} stands in a circle of includes, or on one")
    for folder, most in MOST_LAYERS.items():
        # The folder's own file (main.cpp) lies above all rooms and does not count as a layer.
        deepest = max([
            layer or 0 for room, layer in layers_of(rooms).items() if room.startswith(folder + "/")
        ],
                      default=0)
        if deepest > most:
            found.append(f"{folder}: its rooms stand on {deepest} layers, {most} are drawn")
    return found


def allowed(folder):
    return " and ".join(sorted(ARROWS[folder])) + (" alone" if len(ARROWS[folder]) == 1 else "")


def is_system(name):
    if "/" in name:
        return name.split("/")[0] in SYSTEM_FOLDERS
    return "." not in name or name in SYSTEM_HEADERS


def check_links(lines):
    targets = {}
    for line in lines:
        folder, target, libraries = line.rstrip("\n").split("|", 2)
        targets[target] = (folder.split("/")[0], libraries)
    found = []
    for target, (folder, libraries) in sorted(targets.items()):
        for library in filter(None, libraries.split(";")):
            # ringside::shm is ringside_shm. Generator expressions such as $<LINK_ONLY:name> are
            # unwrapped.
            name = re.sub(r"^(\$<\w+:)*|>*$", "", library).replace("ringside::", "ringside_", 1)
            owner = targets.get(name, ("",))[0]
            if folder in ARROWS and owner in ARROWS and owner not in ARROWS[folder]:
                found.append(f"{folder}/CMakeLists.txt: {target} links {library} of {owner}/; "
                             f"{folder} may link {allowed(folder)}")
    missing = [
        folder for folder in LIBRARIES if folder not in {owner
                                                         for owner, _ in targets.values()}
    ]
    if missing:
        found.append(
            f"no target in {', '.join(missing)}: the list of links does not cover the tree")
    return found


def shown_by_build(root, commands):
    """The headers that are the first include of a source which the build compiles by itself, and
    that have a guard. `commands` is CMake's compile_commands.json. Installed headers are left out:
    servers may compile them as C++17, and no build does."""
    found = set()
    for command in json.loads(commands.read_text(encoding="utf-8")):
        source = Path(command["file"])
        if root not in source.parents or source.suffix != ".cpp" or not source.is_file():
            continue
        first = INCLUDE.search(without_comments(source.read_text(encoding="utf-8")))
        name = first["quoted"] if first else None
        if name and name.split("/")[0] in set(LIBRARIES) - set(INSTALLED) and re.search(
                r"^#pragma once$", (root / name).read_text(encoding="utf-8"), re.M):
            found.add(name)
    return found


def header_jobs(root, cxx, cc, generated, shown):
    """Yields (what, command, text) for each compilation. The text includes the header twice, so
    that a missing guard shows."""
    for relative in source_files(root):
        if relative.parts[0] not in LIBRARIES or relative.suffix not in HEADERS:
            continue
        if str(relative) in shown:
            continue
        twice = f'#include "{relative}"\n' * 2
        # Headers that CMake generates lie in the build tree. Installed libraries have none.
        paths = ["-I", str(root)] + (["-I", str(generated)]
                                     if generated and relative.parts[0] not in INSTALLED else [])
        # Every build compiles the installed headers as C++20. Servers may compile them as C++17,
        # whose standard headers also bring less along.
        standard = "c++17" if relative.parts[0] in INSTALLED else "c++20"
        yield (f"{relative} as {standard}", [
            cxx, f"-std={standard}", *WARNINGS, "-Wnon-virtual-dtor", *paths, "-x", "c++", "-"
        ], twice)
        if str(relative) == "producer/ringside.h":
            yield f"{relative} as c99", [cc, "-std=c99", *WARNINGS, *paths, "-x", "c", "-"], twice


def check_headers(root, cxx, cc, generated=None, shown=frozenset(), share=(1, 1)):
    def compile_alone(job):
        what, command, text = job
        run = subprocess.run(command,
                             input=text,
                             cwd=root,
                             capture_output=True,
                             text=True,
                             check=False)
        return [f"{what}: does not compile by itself\n{run.stderr.rstrip()}"
                ] if run.returncode != 0 else []

    first, step = share
    jobs = list(header_jobs(root, cxx, cc, generated, shown))[first - 1::step]
    # Shares run side by side, and each takes one core.
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 2 if step == 1 else 1) as pool:
        found = [line for lines in pool.map(compile_alone, jobs) for line in lines]
    return found, len(jobs)


def share_of(text):
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise argparse.ArgumentTypeError(f'found "{text}", expected such as 1/6 or 6/6')
    return int(match[1]), int(match[2])


def main():
    parser = argparse.ArgumentParser(description="Who may include and link whom.")
    parser.add_argument("--root", type=Path, required=True, help="the project's root")
    parser.add_argument("--generated",
                        type=Path,
                        help="the folder of the build tree that has headers, too")
    parser.add_argument("--commands",
                        type=Path,
                        help="compile_commands.json of a build that is up to date")
    parser.add_argument("--links",
                        type=Path,
                        required=True,
                        help="folder|target|libraries, written by CMake")
    parser.add_argument("--share",
                        type=share_of,
                        default=(1, 1),
                        help="2/6 compiles the second of six shares of the headers; the other "
                        "checks are made with each share")
    parser.add_argument("--cxx", required=True, help="the C++ compiler")
    parser.add_argument("--cc", required=True, help="the C compiler")
    arguments = parser.parse_args()
    root = arguments.root.resolve()

    found = check_arrows(root) + check_rooms(root) + check_layers(ROOMS)
    found += check_links(arguments.links.read_text(encoding="utf-8").splitlines())
    shown = shown_by_build(root, arguments.commands) if arguments.commands else frozenset()
    in_headers, compiled = check_headers(root, arguments.cxx, arguments.cc, arguments.generated,
                                         shown, arguments.share)
    found += in_headers
    print(
        "\n".join(found) if found else
        f"{len(list(source_files(root)))} files, {compiled} headers compiled alone, "
        f"{len(shown)} by the build: every arrow is drawn")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

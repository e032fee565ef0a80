#!/usr/bin/env python3
"""Prints how much of the code that reads other programs' bytes the fuzz targets run, how much they
and the unit tests run together, and the lines that neither runs, with the reason.

Builds both with clang's counters, the targets in build/coverage/fuzz and the tests in
build/coverage/tests. Takes a quarter of an hour on two cores, and three minutes when both are
built. The reasons are in unreached.txt. README.md says why the targets leave out what they leave
out."""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from run import ALLOCATION_MB, TARGETS

ROOT = Path(__file__).resolve().parents[3]
BUILD = ROOT / "build/coverage"
FLAGS = "-fprofile-instr-generate -fcoverage-mapping"
# What reads bytes of another program: a ring, a state file, a text.
READERS = (
    "shm/clock.cpp", "shm/clock.h", "shm/identity.cpp", "shm/in_flight.h", "shm/labels.cpp",
    "shm/labels.h", "shm/label_kind.h", "shm/lane.h", "shm/lane_reader.cpp", "shm/lane_reader.h",
    "shm/names.cpp", "shm/owner_lock.h", "shm/processes.cpp", "shm/record.h", "shm/segment.h",
    "shm/segment_open.cpp", "shm/words.h", "daemon/rings", "daemon/metrics",
    "daemon/storage/codec.h", "daemon/storage/state_file.cpp", "daemon/alerts/alert_state.cpp",
    "daemon/config/config.cpp", "daemon/config/config_keys.cpp", "daemon/config/config_toml.cpp",
    "daemon/config/known_operations.cpp", "daemon/config/units.cpp", "daemon/host/proc_parse.cpp",
    "tools/ringside/commands", "tools/ringside/ring_file.cpp", "tools/ringside/ring_file.h")
TESTS = ("shm", "shm_rules", "processes", "mapping", "recent", "metrics", "rings", "rings_rules",
         "steps", "storage", "host", "config", "alerts", "hostile")
REASONS = Path(__file__).with_name("unreached.txt")


def fail(text):
    print(f"coverage: {text}", file=sys.stderr, flush=True)
    sys.exit(1)


def command(*words, **options):
    done = subprocess.run([str(word) for word in words], check=False, cwd=ROOT, **options)
    if done.returncode != 0:
        fail(f"{Path(str(words[0])).name} failed ({done.returncode}): {' '.join(map(str, words))}")
    return done


def build(name, preset, targets, *options):
    """Configures and builds; returns the folder."""
    folder = BUILD / name
    command("cmake", "--preset", preset, "-B", folder, "--log-level=NOTICE",
            f"-DCMAKE_C_FLAGS={FLAGS}", f"-DCMAKE_CXX_FLAGS={FLAGS}", *options)
    # A dozen sources at a time, as everywhere that is built whole.
    command("cmake", "--build", folder, "--parallel", os.environ.get(
        "CMAKE_BUILD_PARALLEL_LEVEL", os.cpu_count()), "--target", *targets, "--", "--quiet")
    return folder


def lines_run(programs, profiles):
    """{file: {line: how often}} of the readers, from the profiles that the programs left."""
    merged = profiles / "merged"
    command("llvm-profdata", "merge", "--sparse", "-o", merged, *profiles.glob("*.profraw"))
    objects = [word for program in programs[1:] for word in ("-object", program)]
    text = command("llvm-cov", "export", "-format=lcov", f"-instr-profile={merged}", programs[0],
                   *objects, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found = defaultdict(dict)
    path = None
    for line in text.splitlines():
        if line.startswith("SF:"):
            path = os.path.relpath(line[3:], ROOT)
            if not any(path == one or path.startswith(f"{one}/") for one in READERS):
                path = None
        elif path and line.startswith("DA:"):
            number, count = (int(word) for word in line[3:].split(",")[:2])
            found[path][number] = found[path].get(number, 0) + count
    return found


def fuzz(runs):
    targets = [f"ringside_fuzz_{name}" for name in (*TARGETS, "seeds")]
    programs = build("fuzz", "fuzz", targets) / "fuzz"
    with tempfile.TemporaryDirectory(prefix="ringside-coverage.", dir="/dev/shm") as name:
        folder = Path(name)
        command(programs / "seeds", folder / "seeds",
                env={**os.environ, "LLVM_PROFILE_FILE": "/dev/null"})
        for target, about in TARGETS.items():
            (folder / target).mkdir()
            seeds = folder / "seeds" / about.seeds
            command(programs / target, "-seed=1", f"-runs={about.runs * runs}",
                    f"-max_len={about.most_bytes}", f"-malloc_limit_mb={ALLOCATION_MB}",
                    "-reload=0", f"-dict={seeds}.dict", f"-artifact_prefix={folder}/",
                    folder / target, seeds, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, "LLVM_PROFILE_FILE": f"{folder}/{target}.profraw",
                         "TMPDIR": name})
        return lines_run([programs / target for target in TARGETS], folder)


def unit_tests():
    names = [f"ringside_{name}_tests" for name in TESTS]
    programs = build("tests", "edit", names, "-DCMAKE_C_COMPILER=clang",
                     "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_UNITY_BUILD=ON") / "tests"
    with tempfile.TemporaryDirectory(prefix="ringside-coverage.") as name:
        for program in names:
            # Cases that need a process of their own may fail: what they ran still counts.
            subprocess.run([programs / program], check=False, cwd=ROOT, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL,
                           env={**os.environ, "LLVM_PROFILE_FILE": f"{name}/{program}-%p.profraw"})
        return lines_run([programs / program for program in names], Path(name))


def share(counts, lines):
    return 100 * sum(1 for line in lines if counts.get(line, 0) > 0) / max(1, len(lines))


def reasons():
    """[(path, part of a line, reason)] from REASONS."""
    found, waiting, why = [], [], []

    def finish():
        found.extend((*place, " ".join(why)) for place in waiting)
        waiting.clear()
        why.clear()

    for number, line in enumerate(REASONS.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            why.append(line.strip())
            continue
        if why:
            finish()
        fields = tuple(field.strip() for field in line.split("|", 1))
        if len(fields) != 2 or not all(fields):
            fail(f"{REASONS.name}:{number}: expected FILE | PART OF A LINE")
        waiting.append(fields)
    if waiting and not why:
        fail(f"{REASONS.name}: the last places have no reason")
    finish()
    return found


def blocks(lines, either, source):
    """The unreached lines in runs: [[(number, text), ...], ...]. A brace is no line."""
    found = [[]]
    for line in lines:
        if either[line] > 0:
            found.append([])
        elif re.search(r"\w", source[line - 1]):
            found[-1].append((line, source[line - 1].strip()))
    return [block for block in found if block]


def print_unreached(unreached):
    """Prints the runs of unreached lines by their reason; returns how many have none."""
    known, used = reasons(), set()
    by_reason = defaultdict(list)
    for path, block in unreached:
        for reason in known:
            if reason[0] == path and any(reason[1] in text for _, text in block):
                used.add(reason)
                by_reason[reason[2]].append((path, block))
                break
        else:
            by_reason[""].append((path, block))
    without = by_reason.pop("", [])
    print("\nneither fuzzed nor tested:")
    for why, found in sorted(by_reason.items()):
        print(f"  {why}")
        for path, block in found:
            first, last = block[0][0], block[-1][0]
            print(f"    {path}:{first}{f'-{last}' if last != first else ''}: {block[0][1]}")
    print(f"\nneither, and {REASONS.name} has no reason: {len(without)}")
    for path, block in without:
        for line, text in block:
            print(f"    {path}:{line}: {text}")
    for path, part, _ in sorted(set(known) - used):
        print(f"{REASONS.name}: {path} | {part}: is reached, or no line of it")
    return len(without)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="exit codes: 0 done, 1 something failed, or a line has no reason, 2 wrong usage")
    parser.add_argument("--runs", type=int, default=1, metavar="N",
                        help="as many times the executions of a normal run (1)")
    arguments = parser.parse_args()
    for tool in ("clang++", "llvm-cov", "llvm-profdata"):
        if not shutil.which(tool):
            fail(f"there is no {tool}\n  next: tools/setup --for coverage")
    by_fuzz, by_tests = fuzz(arguments.runs), unit_tests()
    print(f"{'file':36} {'lines':>6} {'fuzzed':>8} {'or tested':>10}")
    unreached = []
    sums = [0, 0.0, 0.0]
    for path in sorted(set(by_fuzz) | set(by_tests)):
        lines = sorted(set(by_fuzz[path]) | set(by_tests[path]))
        either = {line: by_fuzz[path].get(line, 0) + by_tests[path].get(line, 0)
                  for line in lines}
        print(f"{path:36} {len(lines):6} {share(by_fuzz[path], lines):6.1f} % "
              f"{share(either, lines):8.1f} %")
        for i, counts in enumerate((by_fuzz[path], either)):
            sums[1 + i] += share(counts, lines) * len(lines)
        sums[0] += len(lines)
        source = (ROOT / path).read_text(encoding="utf-8").splitlines()
        unreached += [(path, block) for block in blocks(lines, either, source)]
    print(f"{'together':36} {sums[0]:6} {sums[1] / sums[0]:6.1f} % {sums[2] / sums[0]:8.1f} %")
    return 1 if print_unreached(unreached) else 0


if __name__ == "__main__":
    sys.exit(main())

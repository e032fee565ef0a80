#!/usr/bin/env python3
"""Runs the fuzz targets, each for a number of executions, from a corpus that is generated anew:
nothing is kept from one run to the next unless --keep says where. Fails when a target crashed,
hung, or asked for more memory than it may have, and prints the input that did it, and the command
that repeats it."""

import argparse
import base64
import os
import random
import re
import resource
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple



class Target(NamedTuple):
    seeds: str           # the folder of its seeds, and its dictionary
    most_bytes: int      # the longest input that is worth a try
    runs: int            # executions in a normal run
    long_runs: int       # the same with RINGSIDE_TEST_LONG


TARGETS = {
    "open_segment": Target("file", 2048, 20_000, 1_000_000),
    "shown_ring": Target("file", 2048, 1_000, 50_000),
    "read_lanes": Target("steps", 512, 20_000, 1_000_000),
    "drain_segment": Target("steps", 96, 20_000, 1_000_000),
    "ring_follower": Target("steps", 128, 5_000, 200_000),
    "followed_ring": Target("steps", 512, 300, 10_000),
    "state_file": Target("state", 8448, 20_000, 500_000),
    "restored_state": Target("state", 65536, 300, 10_000),
    "texts": Target("texts", 256, 20_000, 1_000_000),
    "http_texts": Target("http", 512, 20_000, 1_000_000),
    "recording": Target("recording", 1024, 5_000, 200_000),
}
# What one input may take: far more than any input needs, far less than an attack would want.
INPUT_SECONDS = 10
MOST_SECONDS = 1500  # what all executions of a target may take; its end is their number
RESIDENT_MB = 1024
ALLOCATION_MB = 64
# An execution frees what it allocates. So freed memory is used again soon, and is neither filled
# nor given back to the system: page faults took nine tenths of the time. The command that repeats
# a finding uses AddressSanitizer's own options, and shows whole call stacks.
ASAN_OPTIONS = ("quarantine_size_mb=1:malloc_context_size=0:max_malloc_fill_size=0:"
                "allocator_release_to_os_interval_ms=-1")
SHOWN_BYTES = 65536  # how much of an input is printed, at most
INPUTS = ("crash-*", "timeout-*", "oom-*", "leak-*", "slow-unit-*")


def say(text=""):
    print(text, flush=True)


def complain(text):
    print(f"fuzz: {text}", file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="environment: RINGSIDE_TEST_LONG=1 runs each target for its larger number. "
        "exit codes: 0 nothing found, 1 something found or a run failed, 2 wrong usage")
    parser.add_argument("targets",
                        nargs="*",
                        metavar="TARGET",
                        help=f"of {', '.join(TARGETS)}; all of them unless named")
    parser.add_argument("--programs",
                        type=Path,
                        help="where the targets were built (build/fuzz/fuzz)",
                        default=Path(__file__).resolve().parents[3] / "build/fuzz/fuzz")
    parser.add_argument("--runs",
                        type=int,
                        metavar="N",
                        help="executions of each target, instead of its own number")
    parser.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="of libFuzzer; printed, so that a run can be repeated. "
        "1, and random with RINGSIDE_TEST_LONG")
    parser.add_argument("--keep",
                        type=Path,
                        metavar="DIRECTORY",
                        help="where corpora grow from run to run, and findings stay")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.targets if name not in TARGETS]
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; expected {', '.join(TARGETS)}")
    arguments.long = bool(os.environ.get("RINGSIDE_TEST_LONG"))
    if arguments.runs is not None and arguments.runs < 1:
        parser.error("--runs: expected at least 1")
    if arguments.seed is None:
        # The short run decides about a change, so it is the same each time. The long run tries
        # something new each time.
        arguments.seed = random.randrange(1, 2**31) if arguments.long else 1
    arguments.targets = arguments.targets or list(TARGETS)
    return arguments


def require_built(programs, names):
    missing = [name for name in (*names, "seeds") if not os.access(programs / name, os.X_OK)]
    if not missing:
        return
    complain(f"{programs}: not built: {', '.join(missing)}")
    if not shutil.which("clang++"):
        complain("next: install clang and libFuzzer (tools/setup), then tools/test --preset fuzz")
    else:
        complain("next: cmake --preset fuzz && cmake --build --preset fuzz --target ringside_tests")
    sys.exit(1)


def processor_seconds():
    """Of all programs that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Figures:
    """The figures that libFuzzer prints while and after it runs."""

    def __init__(self, output):
        stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)", output, re.MULTILINE))
        lines = re.findall(r"^#\d+\s+\w+\s.*?cov: (\d+)(?: ft: (\d+))?(?: corp: (\d+))?", output,
                           re.MULTILINE)
        self.executions = int(stats.get("number_of_executed_units", 0))
        self.peak_mb = int(stats.get("peak_rss_mb", 0))
        self.edges, self.features, self.corpus = (int(n or 0)
                                                  for n in lines[-1]) if lines else (0, 0, 0)


def show_finding(program, path):
    found = path.read_bytes()
    shown = base64.b64encode(found[:SHOWN_BYTES]).decode()
    cut = f", of which {SHOWN_BYTES} are shown" if len(found) > SHOWN_BYTES else ""
    say(f"-- {path.name}: {len(found)} bytes{cut}")
    if len(found) <= 256:
        say(f"   hex {found.hex(' ')}")
    say("   repeat it:")
    say(f"   echo {shown} | base64 -d >/tmp/{path.name} && "
        f"{shlex.quote(str(program))} -rss_limit_mb={RESIDENT_MB} -malloc_limit_mb={ALLOCATION_MB} "
        f"-timeout={INPUT_SECONDS} /tmp/{path.name}")


def run(name, arguments, folder, corpora):
    """Runs one target. True when nothing was found."""
    target = TARGETS[name]
    runs = arguments.runs or (target.long_runs if arguments.long else target.runs)
    program = arguments.programs / name
    findings = folder / f"found-{name}"
    scratch = folder / f"scratch-{name}"
    grown = (arguments.keep or folder) / f"corpus-{name}"
    for directory in (findings, scratch, grown):
        directory.mkdir(parents=True, exist_ok=True)
    command = [
        program, f"-seed={arguments.seed}", f"-runs={runs}", f"-max_len={target.most_bytes}",
        f"-timeout={INPUT_SECONDS}", f"-rss_limit_mb={RESIDENT_MB}",
        f"-malloc_limit_mb={ALLOCATION_MB}", f"-artifact_prefix={findings}/",
        "-print_final_stats=1", "-print_funcs=0", "-reload=0", "-entropic=0",
        f"-dict={corpora / target.seeds}.dict", grown, corpora / target.seeds
    ]
    environment = {**os.environ, "TMPDIR": str(scratch), "ASAN_OPTIONS": ASAN_OPTIONS}
    before = processor_seconds()
    try:
        done = subprocess.run(command,
                              env=environment,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE,
                              check=False,
                              timeout=MOST_SECONDS)
        output, status = done.stderr.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = (expired.stderr or b"").decode(errors="replace"), "it did not end"
    # Of processor time: a machine may be doing other things. The start is counted, too.
    seconds = max(processor_seconds() - before, 0.001)
    figures = Figures(output)
    found = sorted(path for pattern in INPUTS for path in findings.glob(pattern))
    good = status == 0 and not found and figures.executions > 0
    outcome = "nothing found" if good else "FOUND" if found else f"failed ({status})"
    per_core = figures.executions / seconds
    say(f"{name:14} {figures.executions:>9,} executions, {per_core:>7,.0f} a second and core, "
        f"{figures.edges:,} edges, {figures.features:,} features, corpus {figures.corpus:,}, "
        f"{figures.peak_mb:,} MB at most: {outcome}")
    if good:
        return True
    say("\n".join(f"   {line}" for line in output.splitlines()[-80:]))
    for path in found:
        show_finding(program, path)
        if arguments.keep:
            shutil.copy(path, arguments.keep)
    return False


def main():
    arguments = parse_arguments()
    require_built(arguments.programs, arguments.targets)
    say(f"seed {arguments.seed} (repeat: {Path(__file__).name} --seed {arguments.seed})")
    # In memory if possible, because the targets put their files there.
    memory = Path("/dev/shm")
    parent = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="ringside-fuzz.", dir=parent) as name:
        folder = Path(name)
        corpora = folder / "seeds"
        made = subprocess.run([arguments.programs / "seeds", corpora],
                              env={
                                  **os.environ, "TMPDIR": name
                              },
                              capture_output=True,
                              text=True,
                              check=False)
        if made.returncode != 0:
            complain(f"the seeds could not be made: {made.stderr.strip()[-2000:]}")
            return 1
        results = [run(target, arguments, folder, corpora) for target in arguments.targets]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs the fuzz targets, each for a bounded time, from a corpus that is generated anew: nothing
is kept from one run to the next unless --keep says where. Fails when a target crashed, hung, or
asked for more memory than it may have, and prints the input that did it, and the command that
repeats it."""

import argparse
import base64
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TARGETS = {  # each with the longest input that is worth a try, in bytes
    "open_segment": 2048,
    "drain_segment": 1024,
    "state_file": 65536,
    "texts": 4096,
}
SECONDS = 5          # for each target in a normal run
LONG_SECONDS = 60    # the same with RINGSIDE_TEST_LONG
RUNS = 1_000_000     # a target ends after its seconds or its runs, whichever comes first
# What one input may take: far more than any input needs, far less than an attack would want.
INPUT_SECONDS = 10
RESIDENT_MB = 1024
ALLOCATION_MB = 64
# A small quarantine and short call stacks: less to keep and to unwind for each allocation.
ASAN_OPTIONS = "quarantine_size_mb=16:malloc_context_size=6"
SHOWN_BYTES = 65536  # how much of an input is printed, at most
INPUTS = ("crash-*", "timeout-*", "oom-*", "leak-*", "slow-unit-*")


def say(text=""):
    print(text, flush=True)


def complain(text):
    print(f"fuzz: {text}", file=sys.stderr, flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="environment: RINGSIDE_TEST_LONG=1 runs each target for "
        f"{LONG_SECONDS} s. exit codes: 0 nothing found, 1 something found or a run failed, "
        "2 wrong usage")
    parser.add_argument("targets",
                        nargs="*",
                        metavar="TARGET",
                        help=f"of {', '.join(TARGETS)}; all of them unless named")
    parser.add_argument("--programs",
                        type=Path,
                        help="where the targets were built (build/fuzz/fuzz)",
                        default=Path(__file__).resolve().parents[3] / "build/fuzz/fuzz")
    parser.add_argument("--seconds", type=int, metavar="N", help="for each target")
    parser.add_argument("--runs",
                        type=int,
                        metavar="N",
                        default=RUNS,
                        help=f"executions at most ({RUNS})")
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
    if arguments.seconds is None:
        arguments.seconds = LONG_SECONDS if os.environ.get("RINGSIDE_TEST_LONG") else SECONDS
    if arguments.seconds < 1 or arguments.runs < 1:
        parser.error("--seconds and --runs: expected at least 1")
    if arguments.seed is None:
        # The short run decides about a change, so it is the same each time. The long run tries
        # something new each time.
        arguments.seed = random.randrange(1, 2**31) if os.environ.get("RINGSIDE_TEST_LONG") else 1
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


class Figures:
    """The figures that libFuzzer prints while and after it runs."""

    def __init__(self, output):
        stats = dict(re.findall(r"^stat::(\w+):\s+(\d+)", output, re.MULTILINE))
        lines = re.findall(r"^#\d+\s+\w+\s.*?cov: (\d+)(?: ft: (\d+))?(?: corp: (\d+))?", output,
                           re.MULTILINE)
        self.executions = int(stats.get("number_of_executed_units", 0))
        self.per_second = int(stats.get("average_exec_per_sec", 0))
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
    say(f"   echo {shown} | base64 -d >/tmp/{path.name} && ASAN_OPTIONS={ASAN_OPTIONS} "
        f"{shlex.quote(str(program))} -rss_limit_mb={RESIDENT_MB} -malloc_limit_mb={ALLOCATION_MB} "
        f"-timeout={INPUT_SECONDS} /tmp/{path.name}")


def run(name, arguments, folder, corpora):
    """Runs one target. True when nothing was found."""
    program = arguments.programs / name
    findings = folder / f"found-{name}"
    scratch = folder / f"scratch-{name}"
    grown = (arguments.keep or folder) / f"corpus-{name}"
    for directory in (findings, scratch, grown):
        directory.mkdir(parents=True, exist_ok=True)
    command = [
        program, f"-seed={arguments.seed}", f"-max_total_time={arguments.seconds}",
        f"-runs={arguments.runs}", f"-max_len={TARGETS[name]}", f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={RESIDENT_MB}", f"-malloc_limit_mb={ALLOCATION_MB}",
        f"-artifact_prefix={findings}/", "-print_final_stats=1", "-reload=0", grown, corpora / name
    ]
    environment = {**os.environ, "TMPDIR": str(scratch), "ASAN_OPTIONS": ASAN_OPTIONS}
    try:
        done = subprocess.run(command,
                              env=environment,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE,
                              check=False,
                              timeout=arguments.seconds + 300)
        output, status = done.stderr.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as expired:
        output, status = (expired.stderr or b"").decode(errors="replace"), "it did not end"
    figures = Figures(output)
    found = sorted(path for pattern in INPUTS for path in findings.glob(pattern))
    good = status == 0 and not found and figures.executions > 0
    outcome = "nothing found" if good else "FOUND" if found else f"failed ({status})"
    say(f"{name:14} {figures.executions:>9,} executions, {figures.per_second:>7,} a second, "
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
    say(f"seed {arguments.seed}; {arguments.seconds} s each "
        f"(repeat: {Path(__file__).name} --seed {arguments.seed})")
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

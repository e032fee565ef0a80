#!/usr/bin/env python3
"""Proves the ring's protocol with Spin. Spin tries every interleaving of a small lane, and every
value that a load may return.

A model is checked in three ways, all of them exhaustive:
  as it is   every property holds in every state
  mutants    a weakened order, or a defect, breaks the property that stands beside it in the model
             (or none, if the model says `holds`); only that property is checked
  states     states without which the proof would be worth nothing are reached

  models.py lane                     what ctest runs (RINGSIDE_TEST_LONG=1: larger sizes as well)
  models.py lane words_store         this mutant alone
  models.py lane words_store --steps its counterexample, step by step

Exit code 0 when every check has its expected result, 1 when one has not, 2 on wrong usage, or if
spin or a C compiler is missing.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent

# Name -> (file, sizes that take seconds, sizes that take minutes).
MODELS = {
    "lane": ("lane.pml", "", "-DCAPACITY=4 -DRECORDS=9 -DWORDS=3"),
    "overflow": ("overflow.pml", "-DWORDS=1 -DMAX_HOLES=1", "-DWORDS=2"),
    "settle": ("overflow.pml", "-DDEATHS=1 -DWORDS=1 -DMAX_HOLES=1",
               "-DDEATHS=1 -DWORDS=1 -DMAX_HOLES=1 -DRECORDS=3"),
    "claim": ("claim.pml", "-DLIVES=2", "-DLIVES=3 -DFAILS=0"),
    "reuse": ("claim.pml", "-DREADER=1 -DLIVES=2", "-DREADER=1 -DLIVES=2 -DRECORDS=2"),
    "heirs": ("claim.pml", "-DLEFT=1 -DLIVES=2", "-DLEFT=1 -DLIVES=2 -DREADER=1"),
    "namespaces": ("claim.pml", "-DEQUAL_TIDS=1 -DLIVES=3 -DRECORDS=0 -DFAILS=0 -DCAPACITY=1",
                   "-DEQUAL_TIDS=1 -DLIVES=3 -DRECORDS=0"),
    "processes": ("processes.pml", "", "-DLIVES=3 -DHOLDS=0"),
    "labels": ("labels.pml", "", "-DWAYS=3"),
}
# claim.pml is checked in four sizes. Each mutant and each state is checked in the size that it
# needs. Those that are not named here are checked in claim.
SIZE_OF = {
    name: size
    for size, names in {
        "reuse": "ready_store ready_load ready_before_pages settled_head_store head_store head_load"
                 " reuse reader_while_owned",
        "heirs": "settling_store settling_word_store settled_store torn_not_cleared"
                 " torn_counted_first torn_cleared_first settling_found settling_left_to_reader",
        "namespaces": "tries_held dies_after_lost_race dies_after_unlock lost_race",
    }.items() for name in names.split()
}
# overflow.pml is checked without a death (overflow) and with one (settle).
SETTLE = set(
    "settler_store settler_lock announced_late withdrawn_early handler_clears handler_restores"
    " withdrawn_first settled_unseen settled_to_zero settled_to_published settled_to_next"
    " settled_torn settled_published settled_twice settled_slot_reused settled_seen"
    " announced_and_no_more".split())
# These mutants and states need the larger size.
LARGE = {"settling_word_store"}

DEFINE = re.compile(r"^#define ([a-z_]+) +(\d+)[ \t]*(?:/\* (.*?) \*/)?$", re.M)


def wrong_usage(message):
    print(f"models: {message}", file=sys.stderr)
    sys.exit(2)


class Model:
    def __init__(self, name):
        self.name = name
        self.file, self.small, self.large = MODELS[name]
        text = (HERE / self.file).read_text(encoding="utf-8")
        begin, states, end = (text.index(at)
                              for at in ("/* What breaks when", "/* States that must be reachable",
                                         "mtype = {"))
        self.numbers = {match[1]: int(match[2]) for match in DEFINE.finditer(text[begin:end])}
        self.mutants = {match[1]: match[3] for match in DEFINE.finditer(text[begin:states])}
        self.states = [match[1] for match in DEFINE.finditer(text[states:end])]
        body = re.sub(r"/\*.*?\*/",
                      "",
                      text[end + len("mtype = {"):text.index("}", end)],
                      flags=re.S)
        names = re.findall(r"\w+", body)
        # Spin numbers a list of names from its end.
        self.properties = {name: len(names) - i for i, name in enumerate(names)}
        if self.file == "claim.pml":
            size = {m: SIZE_OF.get(m, "claim") for m in (*self.mutants, *self.states)}
        elif self.file == "overflow.pml":
            size = {
                m: "settle" if m in SETTLE else "overflow"
                for m in (*self.mutants, *self.states)
            }
        else:
            size = {}
        self.mutants = {m: w for m, w in self.mutants.items() if size.get(m, name) == name}
        self.states = [state for state in self.states if size.get(state, name) == name]
        for mutant, what in self.mutants.items():
            if what is None or (what not in self.properties and not what.startswith("holds: ")):
                wrong_usage(
                    f"{self.file}: {mutant}: expected a property or `holds: why`, found {what!r}")
        if len(set(self.numbers.values())) != len(self.numbers):
            wrong_usage(f"{self.file}: two mutants have one number")

    def build(self, folder, sizes):
        """Builds the verifier of one size. It serves all mutants."""
        for path in HERE.glob("*.pml"):
            shutil.copy(path, folder)
        run(["spin", "-a", "-DAT_RUN_TIME", *sizes.split(), self.file], folder)
        run([
            compiler(), "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=16384", "-o", "pan",
            "pan.c"
        ], folder)

    def property_of(self, number):
        return {n: name for name, n in self.properties.items()}.get(number, f"property {number}")


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    # spin writes errors to stdout or to stderr, and ends with 0 after some of them.
    if done.returncode != 0 or "Error:" in done.stdout + done.stderr:
        wrong_usage(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def compiler():
    for name in (os.environ.get("CC"), "cc", "gcc"):
        if name and shutil.which(name):
            return name
    wrong_usage(
        "no C compiler (cc, gcc), which spin's verifiers are built with\n"
        "  next: tools/setup installs it")


class Found:
    """Runs a verifier and holds what it said."""

    def __init__(self, model, folder, mutant=None, focus=None, hash_bits=20):
        environment = dict(os.environ, MUTANT=str(model.numbers.get(mutant, 0)),
                           FOCUS=str(model.properties.get(focus, 0)))
        started = time.monotonic()
        done = subprocess.run(["./pan", "-m100000", f"-w{hash_bits}", "-n"],
                              cwd=folder,
                              env=environment,
                              capture_output=True,
                              text=True,
                              check=False)
        self.seconds = time.monotonic() - started
        self.text = done.stdout + done.stderr
        states = re.search(r"(\d\S*) states, stored", self.text)
        depth = re.search(r"depth reached (\d+)", self.text)
        errors = re.search(r"errors: (\d+)", self.text)
        self.states = int(float(states[1])) if states else 0
        self.depth = int(depth[1]) if depth else 0
        self.broken = None   # the property that is broken, or what else is wrong; None: nothing
        asserted = re.search(r"assertion violated (.*) \(at depth", self.text)
        if asserted:
            number = re.match(r"[( ]*!\((\d+)\)", asserted[1])
            self.broken = model.property_of(int(number[1])) if number else asserted[1]
        elif errors is None or int(errors[1]) > 0 or done.returncode != 0:
            lines = [
                line for line in self.text.splitlines() if line.startswith("pan:") or "rror" in line
            ]
            self.broken = lines[0] if lines else f"exit code {done.returncode}"
        elif "Search not completed" in self.text or "max search depth" in self.text:
            self.broken = "the search was not completed"


class Check:
    def __init__(self, model):
        self.model = model
        self.failures = 0

    def say(self, good, line):
        self.failures += not good
        print(("" if good else "WRONG ") + line, flush=True)

    def as_it_is(self, folder, sizes):
        found = Found(self.model, folder, hash_bits=20 if sizes == self.model.small else 25)
        self.say(
            found.broken is None,
            f"{self.model.name} {sizes or 'as in the file'}: "
            f"{found.broken or 'every property holds'}: "
            f"{found.states} states, depth {found.depth}, {found.seconds:.1f} s")

    def mutant(self, folder, name):
        expected = self.model.mutants[name]
        holds = expected.startswith("holds")
        found = Found(self.model, folder, name, None if holds else expected)
        good = found.broken == (None if holds else expected)
        what = f"breaks {found.broken}" if found.broken else expected if holds else "breaks nothing"
        line = f"{self.model.name} {name}: {what} ({found.states} states, {found.seconds:.1f} s)"
        self.say(good, line if good else f"{line}; expected: {expected}")

    def state(self, folder, name):
        found = Found(self.model, folder, name, "reached")
        self.say(
            found.broken == "reached",
            f"{self.model.name} {name}: {found.broken or 'never reached'}"
            f" ({found.states} states, {found.seconds:.1f} s)")


def show_steps(model, name):
    """Prints the counterexample of one mutant, by spin itself, without the memory model's own
    steps."""
    with tempfile.TemporaryDirectory(prefix="ringside-models.") as folder:
        expected = model.mutants.get(name, "reached")
        focus = [f"-DFOCUS={expected}"] if expected in model.properties else []
        sizes = [*model.small.split(), f"-DMUTANT={name}", *focus]
        for path in HERE.glob("*.pml"):
            shutil.copy(path, folder)
        run(["spin", "-a", *sizes, model.file], folder)
        run([
            compiler(), "-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=16384", "-o", "pan",
            "pan.c"
        ], folder)
        subprocess.run(["./pan", "-m100000", "-n"], cwd=folder, capture_output=True, check=False)
        subprocess.run(["spin", "-t", "-p", *sizes, model.file], cwd=folder, check=False)


def main():
    parser = argparse.ArgumentParser(description="Proves the ring's protocol with Spin.")
    parser.add_argument("model", choices=sorted(MODELS))
    parser.add_argument("mutant", nargs="?", help="this one alone")
    parser.add_argument("--steps", action="store_true", help="show the mutant's counterexample")
    arguments = parser.parse_args()
    if shutil.which("spin") is None:
        wrong_usage(
            "no spin, which checks the models\n"
            "  next: tools/setup installs it (Debian package spin)")
    model = Model(arguments.model)
    known = [*model.mutants, *model.states]
    if arguments.mutant is not None and arguments.mutant not in known:
        wrong_usage(
            f"{arguments.model} has no mutant {arguments.mutant}; it has {' '.join(known)}")
    if arguments.steps:
        if arguments.mutant is None:
            wrong_usage("--steps needs a mutant: the model itself has no counterexample")
        show_steps(model, arguments.mutant)
        return 0

    started = time.monotonic()
    check = Check(model)
    with tempfile.TemporaryDirectory(prefix="ringside-models.") as folder:
        for sizes, large in ((model.small, False), (model.large, True)):
            names = [name for name in [*model.mutants, *model.states] if (name in LARGE) == large]
            if arguments.mutant is not None:
                names = [name for name in names if name == arguments.mutant]
            elif large and not os.environ.get("RINGSIDE_TEST_LONG"):
                continue
            if arguments.mutant is None or names:
                model.build(folder, sizes)
            if arguments.mutant is None:
                check.as_it_is(folder, sizes)
            for name in names:
                (check.mutant if name in model.mutants else check.state)(folder, name)
    print(f"{model.name}: {check.failures} wrong, {time.monotonic() - started:.1f} s in all")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())

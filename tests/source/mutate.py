#!/usr/bin/env python3
"""How good are the tests? This program changes one thing in a source, builds the test programs that
cover the file, and sees whether any of them fails. A change that no test notices shows that a test
is missing.

  mutate.py --files 'shm/*.cpp' --count 20           twenty mutants, spread over these files
  mutate.py --files daemon/metrics report --minutes 30 --seed 7

The working tree is never changed. The files that git tracks are copied to build/mutate as they are
in the working tree, and built once. Each mutant then costs one compilation, the links of its
programs, and their runs. The same seed gives the same mutants of the same tree. equivalents.txt
beside this file lists mutants that no test can notice, each with the reason. Exit codes: 0 it ran,
whatever survived; 1 it could not run, or the score is below --least; 2 wrong usage.
"""

import argparse
import fnmatch
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ("-DCMAKE_BUILD_TYPE=Debug",)   # like the preset `edit`
FOLDERS = ("shm", "producer", "report", "daemon", "tools/chat", "tools/load")
RUN_SECONDS = 60       # a mutant that makes a test hang counts as noticed
COMPILE_SECONDS = 600

# The test programs of a file's own room cover it: tests/unit has the same folders. Some rooms are
# also tested well by a room that uses them. ALSO names those. Programs that kill processes for
# minutes (tests/ring) are not used.
ALSO = {
    "shm": ("producer", "daemon/rings"),
    "report/model": ("daemon/metrics",),
    "daemon/storage": ("daemon/rings",),
    "daemon/metrics": ("daemon/rings",),
    "daemon/host": ("daemon/run",),
    "daemon/outputs": ("daemon/run",),
}


def rooms_of(listed):
    """Returns {room: test programs}, from the list of CMake (tests/support/add_tests.cmake)."""
    rooms = {}
    for name, sources in re.findall(r"^program\|(\w+)\|(.*)$", listed, re.MULTILINE):
        for source in sources.split(";"):
            match = re.search(r"/tests/unit/(.+)/[^/]+$", source)
            if match and name not in rooms.setdefault(match.group(1), []):
                rooms[match.group(1)].append(name)
    return rooms


def programs_for(name, rooms):
    """The programs of the deepest folder that has any, and those of its rooms in ALSO."""
    found = []
    for folder in map(str, Path(name).parents):
        for room in (folder, *ALSO.get(folder, ())):
            found += [one for one in rooms.get(room, ()) if one not in found]
        if rooms.get(folder):
            break
    return found


# -- What is changed. An operator is (name, pattern, replacements). A match gives one mutant for
# each replacement.

SWAPS = (
    ("comparison", r"(?<=[\w)\]] )(<=|>=|==|!=|<|>)(?= [\w(*&!'-])",
     {"<": ("<=", ">"), ">": (">=", "<"), "<=": ("<", ">="), ">=": (">", "<="), "==": ("!=",),
      "!=": ("==",)}),
    ("arithmetic", r"(?<=[\w)\]] )(\+|-|\*|/|%)(?= [\w(])",
     {"+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",)}),
    ("assignment", r"(?<=[\w)\]] )(\+=|-=|\|=)(?= )",
     {"+=": ("-=", "="), "-=": ("+=",), "|=": ("=",)}),
    ("logic", r"(?<= )(&&|\|\|)(?= )", {"&&": ("||",), "||": ("&&",)}),
    ("step", r"(\+\+|--)(?=\w)", {"++": ("--",), "--": ("++",)}),
    ("truth", r"\b(true|false)\b", {"true": ("false",), "false": ("true",)}),
    ("extreme", r"\bstd::(min|max)\b", {"min": ("max",), "max": ("min",)}),
)
NUMBER = re.compile(r"(?<![\w.'])(\d[\d']*)(?![\w.'])")
CONDITION = re.compile(r"\b(if|while) \(([^;{}]*?)\)(?= [\w{*]|$)")
STATEMENT = re.compile(
    r"^(\s+)((?!return\b|break\b|continue\b|case\b|default\b|using\b|const\b|auto\b|static|goto|"
    r"delete|throw)[A-Za-z_*][\w.\->:*\[\]]*(?:\(.*\)| [-+|&]?= [^{]*|\+\+|--));$")
ARGUMENTS = re.compile(r"\b(\w+)\(([\w.>-]+), ([\w.>-]+)(, [^()]*)?\)")


def code_of(line):
    """Returns the line with strings and comments blanked out, so that columns stay."""
    line = re.sub(r'"(?:[^"\\]|\\.)*"', lambda m: '"' + " " * (len(m.group()) - 2) + '"', line)
    return re.sub(r"//.*", lambda m: " " * len(m.group()), line)


def mutants_of_line(line):
    """Yields (operator, new line) for each mutant of one line."""
    code = code_of(line)
    # An assert is a check itself.
    if code.lstrip().startswith(("#", "template", "static_assert", "namespace", "RINGSIDE_ASSERT")):
        return

    def put(start, end, text):
        return line[:start] + text + line[end:]
    for name, pattern, swaps in SWAPS:
        for match in re.finditer(pattern, code):
            for other in swaps[match.group(1)]:
                yield name, put(*match.span(1), other)
    for match in NUMBER.finditer(code):
        if not re.search(r"\bcase $|k\w+ = $", code[:match.start(1)]):
            value = int(match.group(1).replace("'", ""))
            for other in {value + 1, max(value - 1, 0)} - {value}:
                yield "constant", put(*match.span(1), str(other))
    for match in CONDITION.finditer(code):
        if match.group(2).count("(") == match.group(2).count(")"):
            yield "condition", put(*match.span(2), f"!({line[match.start(2):match.end(2)]})")
    match = STATEMENT.match(code.rstrip())
    if match and "<<" not in code:
        yield "deletion", f"{match.group(1)};"
    match = ARGUMENTS.search(code)
    if match and match.group(2) != match.group(3) and match.group(1) not in ("min", "max"):
        yield "arguments", put(match.start(2), match.end(3), f"{match.group(3)}, {match.group(2)}")


class Mutant:
    def __init__(self, name, number, operator, before, after):
        self.name, self.number, self.operator = name, number, operator
        self.before, self.after = before, after
        self.outcome = None

    def key(self):
        """The mutant's name in equivalents.txt. It has no line number, because lines move."""
        return f"{self.name} | {self.before.strip()} | {self.after.strip()}"

    def diff(self):
        return (f"--- {self.name}:{self.number} ({self.operator})\n"
                f"-{self.before.strip()}\n+{self.after.strip()}")


def mutants_of(name, text):
    comment = False
    for number, line in enumerate(text.splitlines(), 1):
        if "/*" in line:
            comment = True
        if not comment:
            for operator, after in mutants_of_line(line):
                yield Mutant(name, number, operator, line, after)
        if "*/" in line:
            comment = False


def choose(texts, seed, count):
    """Chooses `count` mutants: from the files in turn, and from each file at random. So a long file
    has no more mutants than a short one."""
    dice = random.Random(seed)
    decks = []
    for name in sorted(texts):
        deck = list(mutants_of(name, texts[name]))
        dice.shuffle(deck)
        if deck:
            decks.append(deck)
    dice.shuffle(decks)
    chosen = []
    while decks and len(chosen) < count:
        for deck in decks:
            if len(chosen) < count:
                chosen.append(deck.pop())
        decks = [deck for deck in decks if deck]
    return chosen


def read_equivalents(path):
    """Returns {key: reason}. A key is a line `file | before | after`. The indented lines after it
    say why no test can notice the change."""
    known, key = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line[0].isspace():
            known[key] = f"{known.get(key, '')} {line.strip()}".strip()
        else:
            key = line.strip()
            known[key] = ""
    without = [key for key, reason in known.items() if not reason]
    if without:
        raise SystemExit(f"mutate: {path}: without a reason: {without[0]}")
    return known


def refuse_stale(equivalents, texts):
    """An entry that names no mutant of these files says nothing, and may hide a typing error."""
    keys = {mutant.key() for name in texts for mutant in mutants_of(name, texts[name])}
    stale = [key for key in equivalents if key.split(" | ")[0] in texts and key not in keys]
    if stale:
        raise SystemExit("mutate: equivalents.txt: these are no mutants (any more):\n  " +
                         "\n  ".join(stale) + "\n  next: remove them, or write them anew")


# -- Where mutants are tried.


class Bench:
    """A copy of the tree with its own build."""

    def __init__(self, root, folder, jobs):
        self.tree, self.build, self.jobs = folder / "tree", folder / "build", jobs
        self.tree.mkdir(parents=True, exist_ok=True)
        names = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True,
                               check=True).stdout.split("\0")
        present = set(filter(None, names))
        for name in present:
            self.put(name, (root / name).read_bytes())
        for path in list(self.tree.rglob("*")):
            if path.is_file() and str(path.relative_to(self.tree)) not in present:
                path.unlink()

    def put(self, name, data):
        """Writes a file only if it differs, so that only changed files are built again."""
        path = self.tree / name
        if not path.exists() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def configure(self):
        if not (self.build / "build.ninja").exists():
            self.must(["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", *BUILD,
                       "--log-level=NOTICE"])

    def must(self, command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.stderr.write(done.stdout[-3000:] + done.stderr[-3000:])
            raise SystemExit(f"mutate: {command[0]} failed (see above)")

    def rooms(self):
        return rooms_of((self.build / "tests/list.txt").read_text(encoding="utf-8"))

    def make(self, programs):
        """Builds the programs. True when they build."""
        ninja = ["ninja", "-C", self.build, f"-j{self.jobs}", *programs]
        return self.limited(ninja, COMPILE_SECONDS) == 0

    def fails(self, program):
        """Runs a program. True when a case fails, or the program dies or hangs."""
        return self.limited([self.build / "tests" / program, "--abort-after=1"], RUN_SECONDS) != 0

    @staticmethod
    def limited(command, seconds):
        """Returns the exit code, or None after so many seconds. Everything that the command started
        is gone by then."""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


def try_one(bench, mutant, text, programs):
    lines = text.splitlines()
    lines[mutant.number - 1] = mutant.after
    bench.put(mutant.name, ("\n".join(lines) + "\n").encode())
    try:
        # The nearest program first: most mutants need no other one, and linking takes the time.
        for program in programs:
            if not bench.make([program]):
                return "not compiled"
            if bench.fails(program):
                return "killed"
        return "survived"
    finally:
        bench.put(mutant.name, text.encode())


# -- What is printed.

OUTCOMES = ("killed", "survived", "equivalent", "not compiled")


def score(mutants):
    """How many per cent were noticed of the mutants that a test can notice. None if there are
    none."""
    counted = Counter(mutant.outcome for mutant in mutants)
    judged = counted["killed"] + counted["survived"]
    return 100 * counted["killed"] / judged if judged else None


def table(mutants):
    files = sorted({mutant.name for mutant in mutants})
    width = max(map(len, [*files, "all"]))
    rows = [f"{'file':<{width}}" + "".join(f"{word:>14}" for word in OUTCOMES) + f"{'score':>8}"]
    for name in [*files, "all"]:
        own = [mutant for mutant in mutants if name in ("all", mutant.name)]
        counted = Counter(mutant.outcome for mutant in own)
        percent = "-" if score(own) is None else f"{score(own):.0f} %"
        rows.append(f"{name:<{width}}" + "".join(f"{counted[word]:>14}" for word in OUTCOMES) +
                    f"{percent:>8}")
    return "\n".join(rows)


def run(bench, texts, arguments, equivalents):
    mutants = choose(texts, arguments.seed, arguments.count)
    end = time.monotonic() + arguments.minutes * 60
    bench.configure()
    rooms = bench.rooms()
    needed = {name: programs_for(name, rooms) for name in texts}
    uncovered = sorted(name for name in texts if not needed[name])
    if uncovered:
        raise SystemExit(f"mutate: no test program covers {', '.join(uncovered)}")
    every = sorted({one for name in {mutant.name for mutant in mutants} for one in needed[name]})
    bench.must(["ninja", "-C", bench.build, f"-j{arguments.jobs}", *every])
    broken = [one for one in every if bench.fails(one)]
    if broken:
        raise SystemExit(f"mutate: fails without any mutant: {', '.join(broken)}")
    tried = []
    for mutant in mutants:
        if time.monotonic() > end:
            print(f"{arguments.minutes} min are over: {len(mutants) - len(tried)} were not tried")
            break
        begun = time.monotonic()
        if mutant.key() in equivalents:
            mutant.outcome = "equivalent"
        else:
            mutant.outcome = try_one(bench, mutant, texts[mutant.name], needed[mutant.name])
        tried.append(mutant)
        print(f"{len(tried):>4} {mutant.outcome:<13} {mutant.operator:<11} "
              f"{mutant.name}:{mutant.number} ({time.monotonic() - begun:.1f} s)", flush=True)
        if mutant.outcome == "survived":
            print(mutant.diff(), flush=True)
    return tried


def main():
    parser = argparse.ArgumentParser(description="A mutation run.")
    parser.add_argument("--files", nargs="+", required=True,
                        help="sources, folders or patterns, from the root")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--count", type=int, default=50, help="mutants at most")
    parser.add_argument("--minutes", type=float, default=60, help="no new mutant after that")
    parser.add_argument("--least", type=float, metavar="PERCENT", help="fail below this score")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--folder", type=Path, help="where it builds; build/mutate unless given")
    arguments = parser.parse_args()
    root = arguments.root.resolve()

    sources = [str(path.relative_to(root)) for folder in FOLDERS
               for path in sorted((root / folder).rglob("*")) if path.suffix in (".cpp", ".h")]
    names = [name for name in sources
             if any(fnmatch.fnmatch(name, one) or name.startswith(one.rstrip("/") + "/")
                    for one in arguments.files) and Path(name).name != "main.cpp"]
    if not names:
        parser.error(f"--files {' '.join(arguments.files)}: no source matches")
    texts = {name: (root / name).read_text(encoding="utf-8") for name in names}
    equivalents = read_equivalents(HERE / "equivalents.txt")
    refuse_stale(equivalents, texts)
    print(f"seed {arguments.seed}, {len(names)} files")
    bench = Bench(root, arguments.folder or root / "build/mutate", arguments.jobs)
    tried = run(bench, texts, arguments, equivalents)
    print("\n" + table(tried))
    reached = score(tried)
    if arguments.least and (reached is None or reached < arguments.least):
        print(f"mutate: the score is below {arguments.least} %")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Which tests does a pattern mean, and what must be built for them? Reads the list that CMake
writes (tests/support/add_tests.cmake) and the names of the cases in the sources: nothing is built
or run.

  only.py LIST PATTERN...

A pattern without wildcards is found anywhere in a name; one with * or ? is the whole name. Case
does not matter. Names are those of test cases, of ctest's other tests, and of test programs.
Prints two lines: the targets to build, and a regular expression for ctest -R. Exit codes: 0
found, 2 nothing matches, or too much.
"""

import difflib
import fnmatch
import re
import sys
from pathlib import Path

MOST = 300  # ctest takes an expression of so many names

# A name may consist of several adjacent literals, and decorators may follow it.
CASE = re.compile(r'^TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def cases_of(path):
    text = path.read_text(encoding="utf-8")
    for match in CASE.finditer(text):
        name = "".join(LITERAL.findall(match.group(1)))
        yield re.sub(r"\\(.)", r"\1", name)


def read_list(path):
    """Yields (a name to search for, the test that it stands for, the program or None, targets).
    Where a test is a source, each of its cases stands for that test."""
    for line in path.read_text(encoding="utf-8").splitlines():
        kind, name, rest = line.split("|", 2)
        parts = [part for part in rest.split(";") if part]
        if kind == "test":
            yield name, name, None, parts
            continue
        for source in map(Path, parts):
            whole = f"{name}/{source.stem}"
            for case in cases_of(source):
                yield case, whole if kind == "files" else case, name, [name]
            if kind == "files" and source.stem.endswith("_test"):
                yield whole, whole, name, [name]


def matches(pattern, name):
    pattern, name = pattern.lower(), name.lower()
    if "*" in pattern or "?" in pattern:
        return fnmatch.fnmatchcase(name, pattern.replace("[", "[[]"))
    return pattern in name


def find(tests, pattern):
    return [
        test for test in tests
        if matches(pattern, test[0]) or (test[2] and matches(pattern, test[2]))
    ]


def nearest(tests, pattern):
    """Names of tests and programs that look like the pattern, and families that do."""
    names = {}
    for name, _, program, _ in tests:
        for word in filter(None, (name, name.split(":")[0], program)):
            names[word.lower()] = word
    close = difflib.get_close_matches(pattern.strip("*").lower(), names, n=3, cutoff=0.5)
    return [names[word] for word in close]


def regex(names):
    quoted = sorted({re.sub(r"([.*+?\[\]^$()|\\])", r"\\\1", name) for name in names})
    return "^(" + "|".join(quoted) + ")$"


def main(arguments):
    if len(arguments) < 2:
        sys.stderr.write(__doc__)
        return 2
    tests = list(read_list(Path(arguments[0])))
    found = []
    for pattern in arguments[1:]:
        some = find(tests, pattern)
        if not some:
            close = nearest(tests, pattern)
            hint = "the nearest: " + ", ".join(
                close) if close else "the names are those that ctest -N shows"
            sys.stderr.write(f"test: --only {pattern}: no test has that in its name\n  {hint}\n")
            return 2
        found += some
    names = {test for _, test, _, _ in found}
    if len(names) > MOST:
        sys.stderr.write(f"test: --only {' '.join(arguments[1:])}: matches {len(names)} tests, "
                         f"{MOST} at most\n  next: say it closer, or run tools/test --fast\n")
        return 2
    print(" ".join(sorted({target for *_, targets in found for target in targets})))
    print(regex(names))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

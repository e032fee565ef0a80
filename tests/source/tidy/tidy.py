#!/usr/bin/env python3
"""Order in the tree. Each rule is a function below, with its reason. self_check.py breaks each rule
once.

  tidy.py --root ROOT [--strict FOLDER...] [--rules RULE...]

Prints what it finds, a line each. Exit codes: 0 nothing, 1 something, 2 wrong usage.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

COLUMNS = 100
MOST_LINES = 400
REASON_WITHIN = 15   # lines

SOURCES = {".c", ".cpp", ".h", ".hpp", ".py", ".pml"}
HEADERS = {".h", ".hpp"}
# The endings that a tracked file may have.
KINDS = SOURCES | {".cmake", ".css", ".def", ".html", ".in", ".js", ".json", ".md", ".proto",
                   ".svg", ".toml", ".txt", ".yml"}
# Files without an ending, and those whose name begins with a dot.
NAMES = {"LICENSE", ".gitignore", ".clang-format", ".clang-tidy", ".editorconfig",
         ".ci/run", "tools/demo", "tools/setup", "tools/test",
         "tests/programs/package/server_c/Makefile"}
# Headers that only programs outside the tree include.
INSTALLED = ("producer/ringside.h",)
# Text that another program wrote, or that must stay byte for byte as it is.
AS_IT_IS = ("tests/ring/fuzz/not_ours.txt", "tests/source/equivalents.txt",
            "tools/fleet/dashboard.json")


# Paths that are examples.
EXAMPLES = ("/home/ada",)


class Tree:
    """The files of the tree, each read once: those that git tracks. Without git (a tarball), all
    files outside build/."""

    def __init__(self, root):
        self.root = root
        self.names = sorted(self.tracked() if (root / ".git").exists() else self.found())
        self.texts = {}
        for name in self.names:
            try:
                self.texts[name] = (root / name).read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                pass   # the rule `kinds` finds it

    def tracked(self):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=self.root, capture_output=True,
                                text=True, check=True)
        # git still lists a file that is deleted and not yet committed.
        return [name for name in listed.stdout.split("\0") if name and (self.root / name).is_file()]

    def found(self):
        for folder, folders, names in os.walk(self.root):
            relative = Path(folder).relative_to(self.root)
            folders[:] = [name for name in folders
                          if name != "__pycache__" and str(relative / name) != "build"]
            for name in names:
                yield str(relative / name)

    def of_kind(self, kinds):
        return [name for name in self.texts if Path(name).suffix in kinds]

    def lines(self, name):
        return enumerate(self.texts[name].splitlines(), 1)


def within(name, folders):
    return any(folder in (".", name) or name.startswith(folder + "/") for folder in folders)


def check_columns(tree, folders):
    """Two files must fit beside each other on a screen. Three things are exempt. Tables and fenced
    text in Markdown, because a program's output is as wide as it is. A single long word, such as an
    address. The name of a test case, which is one string so that it can be searched for."""
    for name in tree.texts:
        if name in AS_IT_IS or not within(name, folders):
            continue
        fenced = False
        for number, line in tree.lines(name):
            if name.endswith(".md"):
                if line.lstrip().startswith("```"):
                    fenced = not fenced
                if fenced or line.lstrip().startswith("|"):
                    continue
            named = line.startswith('TEST_CASE("')
            if len(line) > COLUMNS and len(line.split()) > 2 and not named:
                yield f"{name}:{number}: {len(line)} columns, {COLUMNS} at most"


def check_names(tree, _):
    """CMake would make two test cases of a name with a semicolon, and neither would run."""
    for name in tree.texts:
        if not name.endswith(".cpp"):
            continue
        for number, line in tree.lines(name):
            if line.startswith("TEST_CASE(") and ";" in line:
                yield f"{name}:{number}: a semicolon in the name of a test case"


def check_blanks(tree, _):
    """Tabs and blanks that nobody sees make noise in every later change."""
    for name, text in tree.texts.items():
        if name in AS_IT_IS:
            continue
        for number, line in tree.lines(name):
            if "\t" in line:
                yield f"{name}:{number}: a tab"
            if line != line.rstrip() and not line.endswith("\r"):
                yield f"{name}:{number}: space at the end"
        if "\r" in text:
            yield f"{name}: ends its lines with CR LF"
        if text and not text.endswith("\n"):
            yield f"{name}: no newline at its end"


def check_kinds(tree, _):
    """A tool's leftovers (a trail of Spin, a core, a binary) are committed once by mistake and then
    stay for ever."""
    for name in tree.names:
        if name in NAMES or (Path(name).suffix in KINDS and name in tree.texts):
            continue
        yield f"{name}: a kind of file that this tree does not have; KINDS in tidy.py lists them"


def check_size(tree, folders):
    """A file of more than 400 lines has a second idea in it. If not, its first lines say why, with
    the words "400 lines"."""
    for name in tree.of_kind(SOURCES):
        lines = tree.texts[name].splitlines()
        reason = any("400 lines" in line for line in lines[:REASON_WITHIN])
        if len(lines) > MOST_LINES and not reason and within(name, folders):
            yield (f'{name}: {len(lines)} lines, and no reason ("400 lines") '
                   f"in the first {REASON_WITHIN}")


def check_paths(tree, _):
    """A path of one person's machine says nothing to anybody else."""
    pattern = re.compile(r"(?<![\w./-])/(?:home|root|work|Users)/\w+")
    for name in tree.texts:
        for number, line in tree.lines(name):
            match = pattern.search(line)
            if match and match.group() not in EXAMPLES:
                yield f"{name}:{number}: {match.group()}: a path of one machine"


def check_dead(tree, _):
    """A file that nothing names is not built and not run, and soon it is wrong. CMake names
    sources. An include names headers. CMake, an import or another script names Python files. The
    parent's CMake names CMake files."""
    cmake = {name: text for name, text in tree.texts.items()
             if name.endswith(".cmake") or Path(name).name == "CMakeLists.txt"}
    scripts = {name: tree.texts[name] for name in tree.texts
               if name.endswith(".py") or (name in NAMES and "." not in name)}
    included = set(re.findall(r'#\s*include\s*["<]([^">]+)[">]', "\n".join(
        tree.texts[name] for name in tree.of_kind({".c", ".cpp", *HEADERS, ".pml", ".in"}))))
    tests = re.compile(r"(?:^|/)(?:tests/programs/package/\w+)/")

    def named_by(texts, name, word):
        return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text)
                   for other, text in texts.items() if other != name)

    for name in tree.texts:
        path = Path(name)
        if path.suffix in {".c", ".cpp", ".pml"}:
            above = {other: text for other, text in cmake.items()
                     if path.is_relative_to(Path(other).parent)}
            alive = (named_by(above, name, path.name) or name in included or path.name in included
                     or any(f"{path.parent.name}/{path.name}" in text for text in cmake.values())
                     or (path.suffix == ".pml" and named_by(above, name, path.stem))
                     or (path.suffix == ".cpp" and named_by(above, name, path.stem)
                         and "${name}.cpp" in "".join(above.values())))
        elif path.suffix in HEADERS:
            alive = name in included or name in INSTALLED
        elif path.suffix == ".py":
            alive = (named_by(cmake, name, path.name) or named_by(scripts, name, path.stem)
                     or named_by(cmake, name, re.sub(r"_script$", "", path.stem)))
        elif path.name == "CMakeLists.txt" and path.parent != Path(".") and not tests.search(name):
            parents = {
                other: text
                for other, text in cmake.items()
                if path.parent != Path(other).parent and path.is_relative_to(Path(other).parent)
            }
            alive = named_by(parents, name, path.parent.name)
        elif path.suffix == ".cmake":
            alive = named_by({
                **cmake, "CMakePresets.json": tree.texts.get("CMakePresets.json", "")
            }, name, path.name)
        else:
            continue
        if not alive:
            yield f"{name}: nothing names it: no target, no include, no test"


RULES = {
    "columns": check_columns, "names": check_names, "blanks": check_blanks, "kinds": check_kinds,
    "size": check_size, "paths": check_paths, "dead": check_dead
}


def findings(root, folders, rules=tuple(RULES)):
    tree = Tree(root)
    return [line for rule in rules for line in RULES[rule](tree, folders)]


def main():
    parser = argparse.ArgumentParser(description="Order in the tree.")
    parser.add_argument("--root", type=Path, required=True, help="the project's root")
    parser.add_argument("--strict", nargs="*", default=["."], metavar="FOLDER",
                        help="where `columns` and `size` hold; . is the whole tree")
    parser.add_argument("--rules", nargs="*", default=list(RULES), choices=list(RULES))
    arguments = parser.parse_args()
    found = findings(arguments.root.resolve(), arguments.strict, arguments.rules)
    print("\n".join(found) if found else "nothing out of order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

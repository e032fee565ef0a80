#!/usr/bin/env python3
"""Compares the tables of the READMEs with the one list of the chat server's words,
shm/chat_words.def.

Every table below must be in its README row by row as this program would write it: nothing missing,
nothing more, nothing in other words. `words.py --root . --print` writes the tables. Paste them
after the list has changed.

Exit code 0 when all tables agree, 1 when one differs (one line for each difference), 2 on wrong
usage.
"""

import argparse
import re
import sys
from pathlib import Path

ENTRY = re.compile(r'^RINGSIDE_CHAT_([A-Z_]+)\(((?:[^()"]|"(?:[^"\\]|\\.)*")*)\)', re.M)
CELL = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,\s"]+)')


def read_list(text):
    """Returns {kind: [cells of an entry, …]}. A kind is OPERATION, EVENT and so on. Adjacent
    strings are one cell."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    words = {}
    for kind, inside in ENTRY.findall(text):
        cells = []
        for cell in re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', inside):
            parts = CELL.findall(cell)
            cells.append("".join(quoted or bare for quoted, bare in parts))
        words.setdefault(kind, []).append(cells)
    return words


def dash(text):
    return text or "–"


def code(text):
    return f"`{text}`"


def operations(words):
    categories = {}
    for name, category in words["OPERATION"]:
        categories.setdefault(category, []).append(code(name))
    return ["category",
            "operations"], [[category, " ".join(names)] for category, names in categories.items()]


def stages(words):
    return ["stage",
            "what it is"], [[code(name), meaning] for name, _, _, meaning in words["STAGE"]]


def events(words):
    rows = [[code(name), meaning, dash(value), dash(span), outcome or "ok", dash(subject)]
            for name, _, _, meaning, value, span, outcome, subject in words["EVENT"]]
    return ["event", "meaning", "value", "span", "outcome", "subject"], rows


def known_events(words):
    rows = [[code(name), topic, meaning, dash(value), dash(span)]
            for name, _, topic, meaning, value, span, _, _ in words["EVENT"]]
    return ["event", "section", "meaning", "value", "span"], rows


def errors(words):
    return (["code", "name", "meaning",
             "outcome"], [[number, code(name), meaning, outcome]
                          for number, name, outcome, meaning in words["ERROR"]])


def gauges(words):
    return ["gauge", "what it is"], [[code(name), meaning] for name, _, meaning in words["GAUGE"]]


# README -> the tables that must be in it.
TABLES = {
    "producer/README.md": [operations, stages, events, gauges],
    "tools/chat/README.md": [stages, events, errors, gauges],
    "report/README.md": [known_events, gauges],
}


def table_lines(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return [
        "|" + "|".join(cells) + "|" if cells[0] == "---" else "| " + " | ".join(cells) + " |"
        for cells in lines
    ]


def find_table(page, header_line):
    """Returns the lines of the table that begins with this line. Empty without such a table."""
    lines = page.splitlines()
    if header_line not in lines:
        return []
    begin = lines.index(header_line)
    end = begin
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    return lines[begin:end]


def check_operations(page, words):
    """The table of requests in tools/chat/README.md is written by hand. It must name each operation
    of the list and no other."""
    rows = re.findall(r"^\| `([A-Z_]+)` \|",
                      page.split("### Operations", 1)[-1].split("\n### ", 1)[0],
                      flags=re.M)
    listed = [name for name, _ in words["OPERATION"]]
    missing = [name for name in listed if name not in rows]
    more = [name for name in rows if name not in listed]
    return ([f"tools/chat/README.md: no row for the operation {name}" for name in missing] +
            [f"tools/chat/README.md: {name} is no operation of the list" for name in more])


def check_list(words):
    """Checks the rules for the list itself."""
    found = []
    for kind, count in {
            "OPERATION": 2,
            "STAGE": 4,
            "EVENT": 8,
            "BREAKER_STATE": 2,
            "THREAT": 2,
            "ERROR": 4,
            "GAUGE": 3
    }.items():
        if not words.get(kind):
            found.append(f"shm/chat_words.def: no {kind}")
        for cells in words.get(kind, []):
            if len(cells) != count:
                found.append(
                    f"shm/chat_words.def: {kind} {cells[0]} has {len(cells)} cells, not {count}")
    if found:
        return found
    for kind in words:
        names = [cells[1 if kind == "ERROR" else 0] for cells in words[kind]]
        found += [
            f"shm/chat_words.def: {kind} {name} stands there twice" for name in {*names}
            if names.count(name) > 1
        ]
    codes = [int(cells[0]) for cells in words["ERROR"]]
    if codes != sorted(set(codes)):
        found.append("shm/chat_words.def: the error codes do not ascend")
    states = ", ".join(f"{i} {text}" for i, (_, text) in enumerate(words["BREAKER_STATE"]))
    threats = ", ".join(f"{i + 1} {text}" for i, (_, text) in enumerate(words["THREAT"]))
    values = {cells[0]: cells[4] for cells in words["EVENT"]}
    if not values["BREAKER"].endswith(states):
        found.append(f"shm/chat_words.def: BREAKER's value does not list its states: {states}")
    if values["THREAT_PATTERN"] != threats:
        found.append(
            f"shm/chat_words.def: THREAT_PATTERN's value does not list the threats: {threats}")
    found += [f"shm/chat_words.def: the meaning of {cells[0]} is longer than 30 characters"
              for cells in words["EVENT"] if len(cells[3]) > 30]
    return found


def check(root):
    words = read_list((root / "shm/chat_words.def").read_text(encoding="utf-8"))
    found = check_list(words)
    if found:
        return found
    for name, tables in TABLES.items():
        page = (root / name).read_text(encoding="utf-8")
        for table in tables:
            wanted = table_lines(*table(words))
            there = find_table(page, wanted[0])
            if not there:
                found.append(f"{name}: no table {wanted[0]}")
                continue
            found += [f"{name}: missing: {line}" for line in wanted if line not in there]
            found += [f"{name}: not in the list: {line}" for line in there if line not in wanted]
            if sorted(there) == sorted(wanted) and there != wanted:
                found.append(f"{name}: the rows of {wanted[0]} are in another order than the list")
            if len(there) != len(set(there)):
                found.append(f"{name}: a row of {wanted[0]} stands there twice")
    found += check_operations((root / "tools/chat/README.md").read_text(encoding="utf-8"), words)
    return found


def main():
    parser = argparse.ArgumentParser(description="The READMEs' tables against the list of words.")
    parser.add_argument("--root", type=Path, required=True, help="the project's root")
    parser.add_argument("--print", action="store_true", help="write the tables as they should be")
    arguments = parser.parse_args()
    if arguments.print:
        words = read_list((arguments.root / "shm/chat_words.def").read_text(encoding="utf-8"))
        for name, tables in TABLES.items():
            print(f"\n{name}")
            for table in tables:
                print("\n" + "\n".join(table_lines(*table(words))))
        return 0
    found = check(arguments.root)
    print("\n".join(found) if found else "every table of words is the list's")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

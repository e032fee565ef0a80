#!/usr/bin/env python3
"""The hunts that tools/README.md tells, run on the reference server: each command, and whether its
output still looks like that. With RINGSIDE_SHOW=1 it prints the outputs."""

import os
import re
import signal
from pathlib import Path

import harness
from chat import stuck
from harness import sized

README = Path(__file__).resolve().parents[3] / "tools" / "README.md"


def told(title):
    """The commands below that heading, each with the lines that follow it."""
    text = README.read_text(encoding="utf-8")
    section = text.split(f"\n### {title}\n")[1].split("\n### ")[0].split("\n## ")[0]
    commands = []
    for block in re.findall(r"^```console\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                commands.append((line[2:], []))
            else:
                commands[-1][1].append(line)
    return commands


def shape(line):
    """What of a line is the same in each run: without figures and times, and blanks squeezed. Names
    that a run makes up have a digit. Of a rule is left that it is one."""
    line = re.sub(r"─+", "─", line)
    words = [word for word in line.split() if not re.search(r"\d", word)]
    units = {"ns", "µs", "ms", "s", "min", "%", "MiB"}
    return [word for word in words if word not in units]


class Told(harness.Scenario):
    def hunt(self, world, title, same):
        """Runs what is told. `same`: how each line of it is found again whose shape is that of a
        line with figures; headings and sentences must be there whatever it says."""
        for command, lines in told(title):
            program, *words = [word.strip("'\"") for word in
                               re.findall(r"'[^']*'|\"[^\"]*\"|\S+", command)]
            words = [world.ring if word == "chat" else word for word in words]
            ended = world.run(program, *words)
            self.assertEqual(ended.code, 0, ended.err)
            found = (ended.out + ended.err).splitlines()
            if os.environ.get("RINGSIDE_SHOW"):
                print(f"$ {command}", *found, sep="\n", flush=True)
            shapes = [shape(line) for line in found]
            for line in lines:
                if line in ("", "..."):
                    continue
                line = line.replace("/ringside.chat", f"/ringside.{world.ring}")
                if not re.search(r"\d", line) or any(re.search(one, line) for one in same):
                    self.assertIn(shape(line), shapes, f"{command}: {line}")

    def test_a_slow_operation(self):
        world = self.world()
        server = world.server()
        load = world.load(server, "--run", "night", "--incident",
                          f"locked-database:db={world.directory / 'chat.db'}@2+0.6",
                          rate=sized(300, 60), seconds=4)
        load.result()
        self.hunt(world, "A slow operation",
                  [r"^stage ", r"^queue ", r"^database ", r"^delivery ", r"^ringside "])

    def test_a_crash(self):
        world = self.world()
        server = world.server()
        with stuck(self, world, server):
            server.kill()
        self.hunt(world, "A crash",
                  [r"CREATE_ROOM +\d", r"had begun", r"^wilhelmina", r"^ringside "])

    def test_a_burst_of_errors(self):
        world = self.world()
        server = world.server()
        load = world.load(server, "--run", "night", "--incident",
                          "password-guessing:rate=40,from=127.0.0.2@1+2",
                          rate=sized(300, 60), seconds=4)
        load.result()
        self.hunt(world, "A burst of errors", [r"^ringside "])
        server.signal(signal.SIGTERM)
        self.assertEqual(server.ended(), 0)


if __name__ == "__main__":
    harness.main()

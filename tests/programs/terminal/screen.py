"""A terminal that a test can type into and read: tmux, with a shell in it."""

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402


class Terminal:
    """A tmux server of its own with one shell, `columns` wide and `rows` high."""

    def __init__(self, scenario, world, columns=100, rows=30, **environment):
        self.socket = world.directory / "tmux"
        self.numbers = itertools.count(1)
        kept = world.environment(LANG="C.UTF-8", LC_ALL=None, HISTFILE="/dev/null",
                                 NO_COLOR=None, **environment)
        kept.pop("NO_COLOR", None)
        kept.update({name: str(value) for name, value in environment.items()})
        kept.pop("TMUX", None)
        self.environment = kept
        scenario.addCleanup(self.end)
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows,
                  "exec env 'PS1=$ ' bash --norc --noprofile")
        self.ready()

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-u", "-S", self.socket, *map(str, words)],
                              env=self.environment, capture_output=True, text=True, timeout=30,
                              encoding="utf-8", errors="replace", check=False)
        assert done.returncode == 0, f"tmux {words}: {done.stderr}"
        return done.stdout

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.environment,
                       capture_output=True, timeout=30, check=False)

    def text(self, colours=False):
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def lines(self):
        return self.text().rstrip("\n").split("\n")

    def type(self, *keys):
        """Keys by tmux's names: l, Enter, Down, C-z, Space."""
        self.tmux("send-keys", *keys)

    def write(self, text):
        """Characters as they are."""
        self.tmux("send-keys", "-l", text)

    def wait(self, what, look, seconds=60):
        """Waits until look(text of the screen) is true, and returns its answer."""
        try:
            return harness.wait_for(what, lambda: look(self.text()), seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n--- the screen\n{self.text()}") from None

    def sees(self, *words, seconds=60):
        for one in words:
            self.wait(f"seeing {one!r}", lambda text, one=one: one in text, seconds)

    def sees_not(self, words, seconds=60):
        self.wait(f"not seeing {words!r}", lambda text: words not in text, seconds)

    def ready(self):
        """Waits for the shell's prompt, on a line of its own."""
        self.wait("the prompt", lambda text: text.rstrip("\n").split("\n")[-1].rstrip() == "$")

    def start(self, command):
        """Types a command. When it ends, its exit code follows the mark that is returned."""
        mark = f"end{next(self.numbers)}="
        self.write(f"clear; {command}; echo {mark}$?")
        self.type("Enter")
        return mark

    def ended(self, mark, seconds=60):
        """Waits for the end of a command. Returns its exit code, and what is on the screen."""
        found = re.compile(rf"(?s)^(.*?){mark}(\d+)\b")
        match = self.wait("the end of the command", found.search, seconds)
        return int(match[2]), match[1]

    def run(self, command):
        """Runs a command in the shell and returns its output and its exit code."""
        code, out = self.ended(self.start(command))
        return out, code

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def flags(self):
        """Whether the cursor is seen, and whether the alternate screen is on."""
        cursor, alternate = self.tmux("display-message", "-p",
                                      "#{cursor_flag} #{alternate_on}").split()
        return cursor == "1", alternate == "1"

    def modes(self):
        """The settings of the terminal as `stty -a` tells them, without its size."""
        out, code = self.run("stty -a | tail -n +2")
        assert code == 0, out
        return out.split("\n")

    def foreground(self):
        """The pid of the program that runs in the shell."""
        shell = self.tmux("display-message", "-p", "#{pane_pid}").strip()
        found = Path(f"/proc/{shell}/task/{shell}/children").read_text(encoding="ascii").split()
        return int(found[-1]) if found else None


def path_of(world, program):
    return os.fspath(world.program(program))

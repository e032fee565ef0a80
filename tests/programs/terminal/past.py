#!/usr/bin/env python3
"""`ringside top` in a real terminal where there is no ring: of a history, and of a running daemon,
back and forth in time."""

import contextlib
import re
import sqlite3
import time

import screen
from screen import harness
from screen import Terminal

import histories  # found by way of screen


def clock(seconds):
    return time.strftime("%H:%M", time.gmtime(seconds))


class Past(harness.Scenario):
    def opened(self, world, *options):
        terminal = Terminal(self, world, 80, 24)
        self.mark = terminal.start(
            " ".join([screen.path_of(world, "ringside"), "top", *map(str, options)]))
        terminal.sees("OPERATION")
        return terminal

    def closed(self, terminal):
        terminal.type("q")
        code, text = terminal.ended(self.mark)
        self.assertEqual(code, 0, text)
        # The terminal breaks the line where it ends.
        self.assertRegex("".join(text.split()),
                         r"ringsidetop:.+callsandevents,[0-9,]+filteredout,[0-9,]+lost")
        self.assertEqual(terminal.flags(), (True, False), text)

    def calls(self, path):
        """Of each minute: its begin, and its calls and events."""
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as history:
            return history.execute("SELECT begin, sum(recorded + skipped) FROM minutes"
                                   " GROUP BY begin ORDER BY begin").fetchall()

    def shows(self, terminal, begin, calls, *more):
        terminal.sees(" HISTORY ", f"{clock(begin)}–{clock(begin + 60)}", f"calls {calls:,} =",
                      *more)

    def test_in_a_history_time_goes_back_and_forth(self):
        world = histories.recorded(self, 200, 1)
        path = world.state / "history.db"
        with histories.changed(path) as history:
            # The last minute again, a minute and two before it.
            end, = history.execute("SELECT max(begin) FROM minutes").fetchone()
            for table in ("minutes", "minute_errors", "ring_minutes"):
                history.execute(f"DELETE FROM {table} WHERE begin < ?", (end,))
                columns = histories.columns_of(history, table)
                for back in (60, 120):
                    moved = ", ".join(f"begin - {back}" if one == "begin" else one
                                      for one in columns)
                    history.execute(f"INSERT INTO {table} SELECT {moved} FROM {table}"
                                    " WHERE begin = ?", (end,))
            history.execute("UPDATE minutes SET recorded = recorded + 1000, ok = ok + 1000"
                            " WHERE begin = ? AND series = (SELECT id FROM series WHERE name ="
                            " 'SEND_MESSAGE')", (end - 60,))
        (first, least), (middle, most), (last, same) = self.calls(path)
        self.assertEqual((most, same), (least + 1000, least))
        terminal = self.opened(world, "--history", path)
        self.shows(terminal, last, least, "at the end; it holds 3 min", "window 1 min")
        terminal.type("[")
        self.shows(terminal, middle, most, "1 min before the end")
        terminal.type("[")
        self.shows(terminal, first, least, "2 min before the end")
        terminal.type("[")
        self.shows(terminal, first, least)
        terminal.type("]")
        self.shows(terminal, middle, most)
        terminal.type("}")
        self.shows(terminal, last, least, "at the end")
        terminal.type("{")
        self.shows(terminal, first, least, "2 min before the end")
        terminal.type("t")
        terminal.sees("Time (UTC):")
        terminal.write("2020-01-01")
        terminal.type("Enter")
        terminal.sees("2020-01-01T00:00Z lies outside", "it has ", clock(last + 60))
        terminal.type("C-u")
        terminal.write(clock(middle))
        terminal.type("Enter")
        self.shows(terminal, middle, most)
        terminal.type("}", "+")
        terminal.sees("window 3 min", f"calls {2 * least + most:,} =")
        terminal.type("-")
        self.shows(terminal, last, least)
        for key, words in (("l", "a history has no threads"), ("a", "a history has no actors"),
                           ("e", "OUTCOME")):
            terminal.type(key)
            terminal.sees(words)
        terminal.type("o", "Home", "Enter")
        terminal.sees("LATEST", "a history has whole minutes and no single calls", "database",
                      "p95")
        terminal.type("q", "/")
        terminal.write("latency > 1ms")
        terminal.type("Enter")
        terminal.sees("no single calls", "^")
        terminal.type("C-u")
        terminal.write("op = SEND_MESSAGE")
        terminal.type("Enter")
        terminal.sees("filter: op = SEND_MESSAGE")
        terminal.sees_not("LIST_ROOMS")
        self.assertTrue(all(len(line) <= 80 for line in terminal.lines()))
        self.closed(terminal)

    def test_a_running_daemon_is_left_for_its_past_and_found_again(self):
        world = self.world()
        server = world.server()
        daemon = world.daemon(tick="200ms").started()
        world.load(server, rate=200, seconds=1, clients=4).result()
        daemon.reload()   # hands over the minute under way
        path = world.state / "history.db"
        harness.wait_for("a minute", lambda: path.exists() and self.calls(path))
        load = world.load(server, rate=200, seconds=120, clients=4).begun()
        self.addCleanup(lambda: load.alive() and load.kill())
        terminal = self.opened(world, "--socket", world.state / "ringsided.sock")
        terminal.sees(" LIVE ", f"pid {daemon.pid}", world.ring, "window 1 min", "SEND_MESSAGE",
                      "[ steps back into its history")

        def shown():
            return int(re.search(r"calls ([0-9,]+) =", terminal.text()).group(1).replace(",", ""))
        before = shown()
        terminal.wait("more calls", lambda text: shown() > before + 200)
        terminal.type("l")
        terminal.sees("THREAD", "ringside-chatd")
        terminal.type("a")
        terminal.sees("ACTOR", "over the last")
        terminal.type("o", "Home", "Enter")
        terminal.sees("LATEST", "database")
        terminal.sees_not("no calls")
        terminal.type("w")
        terminal.sees("WORST")
        terminal.resize(130, 30)
        terminal.type("q")
        terminal.sees("LAST SECONDS")
        begin, calls = self.calls(path)[-1]
        terminal.type("[")
        self.shows(terminal, begin, calls, "LAST HOUR", "} now")
        terminal.type("Home", "Enter")
        terminal.sees("no single calls")
        terminal.type("q", "{")
        self.shows(terminal, *self.calls(path)[0])
        terminal.type("}")
        terminal.sees(" LIVE ")
        terminal.type("[")
        terminal.sees(" HISTORY ")
        terminal.type("]")
        terminal.sees(" LIVE ")
        before = shown()
        terminal.type("p")
        terminal.sees("PAUSED", "p goes on")
        terminal.type("p")
        terminal.sees(" LIVE ")
        terminal.wait("it goes on", lambda text: shown() != before)
        # A daemon that is gone is said, and what was known stays.
        load.kill()
        daemon.stop()
        terminal.sees("cannot reach the daemon", "SEND_MESSAGE")
        self.closed(terminal)
        server.stop()


if __name__ == "__main__":
    harness.main()

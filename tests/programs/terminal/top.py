#!/usr/bin/env python3
"""`ringside top` in a real terminal, on a real server under load: every key, every size, every way
in which it can end."""

import json
import os
import re
import signal

import screen
from screen import harness
from screen import Terminal

HEADER = "OPERATION"


class Top(harness.Scenario):
    def busy(self, **settings):
        """A world with a server, and a load that goes on until the end of the scenario."""
        world = self.world()
        server = world.server(**settings)
        load = world.load(server, rate=200, seconds=120, clients=8).begun()
        self.addCleanup(lambda: load.alive() and load.kill())
        return world, server, load

    def quiet(self):
        """A world with a server that has done something and does nothing now."""
        world = self.world()
        server = world.server()
        world.load(server, rate=200, seconds=1, clients=4).result()
        return world, server

    def opened(self, world, *options, columns=100, rows=30, **environment):
        terminal = Terminal(self, world, columns, rows, **environment)
        self.start(terminal, world, *options)
        return terminal

    def start(self, terminal, world, *options, before=""):
        words = [before, screen.path_of(world, "ringside"), "top", world.ring, *options]
        self.mark = terminal.start(" ".join(filter(None, words)))
        terminal.sees(HEADER)

    def closed(self, terminal):
        """Waits for the shell after the end of the tool. Returns what the tool said at its end."""
        code, text = terminal.ended(self.mark)
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"ringside top: examined [0-9,]+ records: [0-9,]+ matched, ")
        self.assertEqual(terminal.flags(), (True, False), text)
        return text

    def test_every_key_does_what_the_help_says(self):
        world, server, _ = self.busy()
        terminal = self.opened(world)
        terminal.sees("SEND_MESSAGE", " LIVE ", f"pid {server.pid}", "window 10 s", "▼TIME")
        for title in ("▼RATE", "▼P95", "▼ERRORS", "▼TIME"):
            terminal.type("s")
            terminal.sees(title)
        for key, title in (("<", "▼ERRORS"), (">", "▼TIME")):
            terminal.type(key)
            terminal.sees(title)
        for key, window in (("+", "window 60 s"), ("-", "window 10 s"), ("-", "window 1 s"),
                            ("+", "window 10 s")):
            terminal.type(key)
            terminal.sees(window)
        terminal.type("l")
        terminal.sees("THREAD", "IN FLIGHT")
        terminal.type("e")
        terminal.sees("OUTCOME")
        terminal.type("a")
        terminal.sees("ACTOR", "over the last")
        terminal.type("s")
        terminal.sees("▼ERRORS")
        terminal.type("h")
        terminal.sees("Screens", "what a thread has begun and not ended")
        terminal.type("q")
        terminal.sees("ACTOR")
        terminal.type("o")
        terminal.sees("OPERATION")
        terminal.type("?")
        terminal.sees("Screens")
        terminal.type("Escape")
        terminal.sees_not("Screens")
        terminal.type("Home", "Enter")
        terminal.sees("LATEST", "p95", "database", "of the time")
        first = terminal.lines()[4].split()[0]
        terminal.type("w")
        terminal.sees("WORST")
        terminal.type("Tab")
        terminal.sees("LATEST")
        terminal.type("End", "PageUp", "Home", "PageDown", "Up", "Down", "q")
        terminal.sees("▼TIME")
        # The next one is another operation.
        terminal.type("Down", "Enter")
        terminal.wait("another operation",
                      lambda text: "LATEST" in text and text.split("\n")[4].split()[0] != first)
        terminal.type("Escape")
        terminal.sees("▼TIME")
        for key in ("p", "Space"):
            terminal.type("p")
            terminal.sees("PAUSED", "unread")
            terminal.type(key)
            terminal.sees(" LIVE ")
            terminal.sees_not("PAUSED")
        terminal.type("q")
        self.closed(terminal)

    def test_a_filter_is_taken_refused_with_its_place_and_taken_away(self):
        world, _ = self.quiet()
        terminal = self.opened(world)
        terminal.sees("LIST_ROOMS")
        terminal.type("/")
        terminal.sees("Filter:")
        self.assertTrue(terminal.flags()[0], "the cursor is seen where something is typed")
        terminal.write("latency >> 5ms")
        terminal.type("Enter")
        terminal.sees("expected a value", "^")
        self.assertRegex(terminal.text(), r"(?s)latency >> 5ms\n +\^")
        terminal.type("C-u")
        terminal.sees_not("expected a value")
        terminal.write("op = NO_SUCH_THING")
        terminal.type("Enter")
        terminal.sees("NO_SUCH_THING", "^")
        terminal.type("C-u")
        terminal.write("op = SEND_MESSAGE")
        terminal.type("Enter")
        terminal.sees("filter: op = SEND_MESSAGE")
        terminal.sees_not("LIST_ROOMS")
        written = world.inspect()["written"]
        sent = world.inspect()["operations"]["SEND_MESSAGE"]["count"]
        self.assertIn(
            f"written {written:,} = shown {sent:,} + filtered {written - sent:,} + lost 0",
            terminal.text())
        terminal.type("/")
        terminal.sees("Filter: op = SEND_MESSAGE")
        terminal.type("C-u", "Enter")
        terminal.sees("LIST_ROOMS", f"shown {written:,} + filtered 0")
        terminal.sees_not("filter:")
        terminal.type("/")
        terminal.write("nonsense")
        terminal.type("Escape")
        terminal.sees_not("nonsense")
        terminal.type("q")
        self.closed(terminal)

    def test_it_fits_every_size_and_follows_a_change_of_it(self):
        world, _, _ = self.busy()
        terminal = self.opened(world)
        for columns, rows, wanted in ((80, 24, "q quit"), (40, 10, "? help"),
                                      (200, 50, "+ - window"), (80, 24, "q quit")):
            terminal.resize(columns, rows)

            def fits(text, title):
                lines = text.rstrip("\n").split("\n")
                return (len(lines) == rows and lines[0].startswith(f" {world.ring}") and
                        wanted in lines[-1] and any(title in line for line in lines) and
                        all(len(line) <= columns for line in lines))

            for key, title in (("l", "THREAD"), ("e", "ERROR"), ("a", "ACTOR"), ("?", "Screens"),
                               ("q", "ACTOR"), ("o", HEADER)):
                terminal.type(key)
                if title != "Screens":
                    terminal.wait(f"{columns}x{rows} {title}", lambda text: fits(text, title))
        for columns, rows in ((1, 1), (2, 2), (10, 3)):
            terminal.resize(columns, rows)
            for key in ("l", "e", "a", "?", "q", "o", "Enter", "q", "/", "Escape"):
                terminal.type(key)
        terminal.resize(100, 30)
        terminal.sees("q quit", "SEND_MESSAGE")
        terminal.type("q")
        self.closed(terminal)

    def test_it_is_suspended_and_goes_on(self):
        world, _, _ = self.busy()
        terminal = self.opened(world)
        for resume in ("fg", "kill -CONT %1; fg"):
            terminal.type("C-z")
            terminal.sees("Stopped")
            self.assertEqual(terminal.flags(), (True, False))
            terminal.write("clear; stty -a | grep -c ' echo '; echo shell=$((40 + 2))")
            terminal.type("Enter")
            terminal.sees("shell=42")
            terminal.write(resume)
            terminal.type("Enter")
            terminal.sees(HEADER, "q quit")
            self.assertEqual(terminal.flags(), (False, True))
        # Stopped by what cannot be caught.
        terminal.type("l")
        terminal.sees("THREAD")
        os.kill(terminal.foreground(), signal.SIGSTOP)
        terminal.sees("Stopped")
        terminal.write("clear; fg")
        terminal.type("Enter")
        terminal.sees("THREAD", "q quit")
        terminal.type("q")
        # The shell has forgotten what was to follow when it was stopped.
        terminal.sees("examined ")
        terminal.wait("the prompt", lambda text: re.search(r"(?m)^\$ *$", text))
        self.assertEqual(terminal.flags(), (True, False))

    def test_a_server_that_comes_back_is_followed(self):
        world, server, load = self.busy()
        terminal = self.opened(world)
        terminal.sees("SEND_MESSAGE")
        load.kill()
        server.kill()
        terminal.sees("WAITING", "the server has died", "SEND_MESSAGE")
        # Its last minute can be walked through.
        again = world.server(home=self.other_home(world))
        terminal.sees("the server is back", f"pid {again.pid}", " LIVE ")
        world.load(again, rate=100, seconds=1, clients=4).result()
        terminal.sees("SEND_MESSAGE")
        again.stop()
        terminal.sees("WAITING", "the server has left")
        terminal.type("q")
        self.closed(terminal)

    def other_home(self, world):
        home = world.directory / "second"
        home.mkdir()
        return home

    def test_in_the_ring_of_a_dead_server_time_is_stepped(self):
        world, server = self.quiet()
        server.kill()
        written = world.inspect()["written"]
        terminal = self.opened(world, "--window", "1s")
        terminal.sees("CRASHED", "at the end", f"shown {written:,} ")
        terminal.type("[")
        terminal.sees("1.00 s before the end", "+ later ")
        terminal.type("]")
        terminal.sees("at the end", f"shown {written:,} ")
        terminal.type("{")
        terminal.sees("before the end", "shown 1 ")
        terminal.type("}")
        terminal.sees("at the end")
        terminal.type("t")
        terminal.sees("Time (UTC):")
        terminal.write("soon")
        terminal.type("Enter")
        terminal.sees("expected a moment")
        terminal.type("C-u")
        terminal.write("1s")
        terminal.type("Enter")
        terminal.sees("before the end")
        # A new server does not take the screen away from who looks at the past.
        again = world.server(home=self.other_home(world))
        terminal.sees("n shows it")
        terminal.type("n")
        terminal.sees(f"pid {again.pid}", " LIVE ")
        terminal.type("q")
        self.closed(terminal)

    def test_without_a_ring_the_error_comes_before_the_screen(self):
        world = self.world()
        terminal = Terminal(self, world)
        tool = screen.path_of(world, "ringside")
        out, code = terminal.run(f"{tool} top {world.ring}")
        self.assertEqual(code, 1)
        self.assertIn("ringside: ", out)
        self.assertEqual(terminal.flags(), (True, False))
        server = world.server()
        for words, said in ((f"{world.ring} -q 'latency >> 1'", "^"),
                            (f"{world.ring} --window 7s", "--window"),
                            (f"{world.ring} --at 10s", "--at")):
            out, code = terminal.run(f"{tool} top {words}")
            self.assertEqual((code, said in out), (2, True), out)
        out, code = terminal.run(f"TERM=dumb {tool} top {world.ring}")
        self.assertEqual(code, 2, out)
        self.assertIn("--once", out)
        out, code = terminal.run(f"TERM=no-such-terminal {tool} top {world.ring}")
        self.assertEqual(code, 2, out)
        self.assertIn("no-such-terminal", out)
        server.stop()

    def test_however_it_ends_the_terminal_is_as_it_was(self):
        world, _, _ = self.busy()
        terminal = Terminal(self, world)
        before = terminal.modes()
        tool = screen.path_of(world, "ringside")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                       signal.SIGABRT, signal.SIGSEGV):
            self.start(terminal, world)
            terminal.sees("q quit")
            self.assertEqual(terminal.flags(), (False, True))
            os.kill(terminal.foreground(), number)
            crashed = number in (signal.SIGABRT, signal.SIGSEGV)
            code, text = terminal.ended(self.mark)
            self.assertEqual(code, 128 + number if crashed else 0, text)
            self.assertEqual(terminal.flags(), (True, False), number)
            self.assertEqual(terminal.modes(), before, number)
        self.start(terminal, world)
        terminal.type("C-c")
        self.closed(terminal)
        self.assertEqual(terminal.modes(), before)
        # Nothing can be done about a kill. The server does not notice it.
        self.start(terminal, world)
        os.kill(terminal.foreground(), signal.SIGKILL)
        self.assertEqual(terminal.ended(self.mark)[0], 128 + signal.SIGKILL)
        self.assertEqual(world.inspect()["state"], "live")

    def test_colours_are_left_out_where_they_are_not_wanted(self):
        world, _, _ = self.busy()
        coloured = re.compile(r"\x1b\[([0-9]+;)*[34][0-7]m")
        terminal = self.opened(world)
        terminal.sees("SEND_MESSAGE")
        self.assertRegex(terminal.text(colours=True), coloured)
        terminal.type("q")
        self.closed(terminal)
        self.start(terminal, world, before="NO_COLOR=1")
        terminal.sees("SEND_MESSAGE")
        self.assertNotRegex(terminal.text(colours=True), coloured)
        terminal.type("q")
        self.closed(terminal)
        # Without UTF-8 nothing but ASCII is written.
        self.start(terminal, world, before="LANG=C")
        terminal.sees("SEND_MESSAGE", "vTIME")
        self.assertTrue(terminal.text().isascii(), terminal.text())
        terminal.type("q")
        self.closed(terminal)

    def test_where_there_is_no_terminal_a_table_is_printed(self):
        world, server = self.quiet()
        ended = world.run("ringside", "top", world.ring)
        self.assertEqual((ended.code, ended.out), (2, ""))
        self.assertIn("standard output is no terminal\n  next: ", ended.err)
        written = world.inspect()["written"]
        ended = world.run("ringside", "top", world.ring, "--once", "--window", "60s")
        self.assertEqual(ended.code, 0, ended.err)
        self.assertIn("OPERATION", ended.out)
        self.assertIn(f"shown {written:,} + filtered 0 + lost 0", ended.out)
        self.assertIn(f"examined {written:,} records: {written:,} matched", ended.err)
        ended = world.run("ringside", "top", world.ring, "--json", "--window", "60s", "--op",
                          "SEND_MESSAGE")
        self.assertEqual(ended.code, 0, ended.err)
        found = json.loads(ended.out)
        sent = world.inspect()["operations"]["SEND_MESSAGE"]["count"]
        self.assertEqual([(one["name"], one["count"]) for one in found["operations"]],
                         [("SEND_MESSAGE", sent)])
        self.assertEqual(found["records"]["shown"] + found["records"]["filtered"], written)
        self.assertEqual((found["state"], found["pid"]), ("live", server.pid))
        server.kill()
        ended = world.run("ringside", "top", world.ring, "--json", "--window", "60s")
        found = json.loads(ended.out)
        self.assertEqual((found["state"], found["records"]["shown"]), ("crashed", written))
        server.popen.wait()


if __name__ == "__main__":
    harness.main()

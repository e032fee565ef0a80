#!/usr/bin/env python3
"""Wrong usage, wrong configuration, files that are no ring, rings of another user, a taken port,
garbage on the wire. Each gets its message and its exit code, and does no harm to what is in
order."""

import json
import os
import pwd
import shutil
import unittest

import harness
import ledger
from chat import Chat, serves
from harness import sized

NOBODY = 65534
LAYOUT_VERSION_AT = 8  # in the header: 32 bits, little endian


class Refusals(harness.Scenario):
    # -- programs and their words

    def refused(self, ended, code, *words):
        self.assertEqual(ended.code, code, ended.out + ended.err)
        for expected in words:
            self.assertIn(expected, ended.err)
        self.assertNotIn("terminate called", ended.err)

    def test_a_wrong_flag_is_named_by_every_program(self):
        world = self.world()
        cases = (
            ("ringside-chatd", ["--frobnicate"], "--frobnicate"),
            ("ringside-chatd", ["--listen", "nowhere"], '"nowhere" is not HOST:PORT'),
            ("ringside-chatd", ["--threads", "0"], "--threads"),
            ("ringside-chatload", ["--frobnicate"], "--frobnicate"),
            ("ringside-chatload", ["--rate", "fast"], "--rate"),
            ("ringside-chatload", ["--incident", "nonsense"], "expected NAME"),
            ("ringsided", ["--frobnicate"], "--frobnicate"),
            ("ringsided", ["--tick", "never"], '--tick: found "never"'),
            ("ringside", ["--frobnicate"], "--frobnicate"),
            ("ringside", [], "expected a command: list inspect "),
            ("ringside", ["frobnicate"], "frobnicate"),
            ("ringside", ["inspect"], "ring is required"),
            ("ringside", ["tail", world.ring, "--records", "many"], "many"),
            ("ringside", ["alerts", "show"], "id is required"),
            ("ringside", ["report", "x", "--format", "pdf"], "pdf"),
            ("ringside-bench", ["--frobnicate"], "--frobnicate"),
            ("ringside-bench", ["--part", "everything"], "everything"),
        )
        for program, arguments, words in cases:
            with self.subTest(program=program, arguments=arguments):
                ended = world.run(program, *arguments)
                self.refused(ended, 2, f"{program}: ", words, "\n  next: ")
                self.assertEqual(ended.out, "")

    def test_a_wrong_configuration_is_told_line_by_line(self):
        world = self.world()
        path = world.directory / "wrong.toml"
        path.write_text('rings = ["chat"]\n'
                        'tick = "5 parsecs"\n'
                        '[alert_log]\n'
                        'fromat = "json"\n'
                        '[metrics]\n'
                        'last = 0\n', encoding="utf-8")
        for arguments in (["--check-config"], []):
            with self.subTest(arguments=arguments):
                self.refused(
                    world.run("ringsided", "--config", path, *arguments), 2,
                    f'{path}:2:8: tick: found "5 parsecs", allowed: a duration from 100ms to 1h',
                    f"{path}:4:1: alert_log.fromat: found an unknown key, "
            "nearest known: alert_log.format",
                    f"{path}:6:8: metrics.last: found 0, allowed: a whole number from 1 to 10000",
                    "\n  next: ")
        path.write_text("rings = [\n", encoding="utf-8")
        self.refused(world.run("ringsided", "--config", path, "--check-config"), 2, f"{path}:1:",
                     "found no TOML")
        absent = world.directory / "absent.toml"
        self.refused(world.run("ringsided", "--config", absent), 2, f"{absent}: cannot open",
                     "--print-config")
        # The configuration that the daemon itself prints is accepted.
        printed = world.run("ringsided", "--print-config", "--ring", world.ring)
        self.assertEqual(printed.code, 0, printed.err)
        path.write_text(printed.out, encoding="utf-8")
        checked = world.run("ringsided", "--config", path, "--check-config")
        self.assertEqual((checked.code, checked.err), (0, ""))
        self.assertFalse(world.state.exists())

    def test_a_second_daemon_says_who_holds_the_state(self):
        world = self.world()
        first = world.daemon()
        self.refused(world.run("ringsided", "--config", world.write_config()), 1, str(world.state),
                     f"another daemon holds this state directory: pid {first.pid}", "--state-dir")
        self.assertEqual(first.report()["system"]["daemon"]["pid"], first.pid)
        # The process holds the directory, not the file. A daemon that was killed holds nothing.
        first.kill()
        world.daemon().stop()

    def test_a_daemon_that_cannot_write_says_so_and_leaves(self):
        world = self.world()
        world.alert_log.mkdir()
        self.refused(world.run("ringsided", "--config", world.write_config()), 1,
                     f"{world.alert_log}: ", "alert log", "next: ")
        world.alert_log.rmdir()
        shutil.rmtree(world.state)
        world.state.write_text("in the way", encoding="utf-8")
        self.refused(world.run("ringsided", "--config", world.write_config()), 1,
                     f"{world.state}: ", "next: ")

    # -- rings that are none

    def strange_rings(self, world, server):
        """Makes files that a ring's readers must not believe. Returns the message about each."""
        bytes_of_ring = bytearray(world.ring_path.read_bytes())
        version = int.from_bytes(bytes_of_ring[LAYOUT_VERSION_AT:LAYOUT_VERSION_AT + 4], "little")
        self.assertEqual(version, server.totals()["layout_version"])
        other_version = bytearray(bytes_of_ring)
        other_version[LAYOUT_VERSION_AT:LAYOUT_VERSION_AT + 4] = (version + 1).to_bytes(4, "little")
        contents = {
            "other-version":
            (other_version, f"layout version {version + 1}, this program reads {version}"),
            "garbage": (os.urandom(100_000), "is no ring: its first bytes are not RINGSIDE"),
            "empty": (b"", "is no ring: only 0 bytes"),
            "cut-off": (bytes_of_ring[:200_000], "is cut off: 200000 bytes"),
        }
        rings = {}
        for name, (content, words) in contents.items():
            path = world.directory / name
            path.write_bytes(content)
            rings[path] = words
        link, pipe, directory = (world.directory / name for name in ("link", "pipe", "directory"))
        link.symlink_to(world.ring_path)
        os.mkfifo(pipe)
        directory.mkdir()
        return {**rings, link: "is a symbolic link", pipe: "is no ring: not a regular file",
                directory: "is no ring: not a regular file"}

    def test_readers_refuse_what_is_no_ring_and_go_on_with_what_is_one(self):
        world = self.world()
        server = world.server()
        strange = self.strange_rings(world, server)
        for path, words in strange.items():
            with self.subTest(ring=path.name):
                for command in (["inspect"], ["tail", "--once"]):
                    self.refused(world.run("ringside", *command, path), 1,
                                 f"ringside: {path}: {words}", "\n  next: ")
        absent = world.directory / "absent"
        self.refused(world.run("ringside", "inspect", absent), 1,
                     f"{absent}: can't open: No such file", "next: ")
        self.refused(world.run("ringside", "inspect", "no!name"), 1,
                     "ring name 'no!name': expected", "next: ")

        daemon = world.daemon(rings=[world.ring, *map(str, strange), str(absent)])
        load = world.load(server, rate=sized(400, 150), seconds=2, clients=10).result()
        report = daemon.report_when(
            "the good ring read",
            lambda found: ledger.server_counts(found) == ledger.answered(load))
        ledger.check_nothing_lost(self, report)
        states = {ring["path"]: ring for ring in report["rings"]}
        self.assertEqual(states[str(world.ring_path)]["state"], "live")
        self.assertEqual(states[str(absent)]["state"], "waiting")
        for path, words in strange.items():
            self.assertEqual(states[str(path)]["state"], "refused", path)
            self.assertIn(words, states[str(path)]["problem"])
            self.assertIn(words, daemon.log())
        alerts = world.alert_log.read_text(encoding="utf-8")
        for path in strange:
            self.assertIn(f"ring {path}: the ring is refused: {path}", alerts)
        server.stop()
        daemon.stop()

    def test_a_server_leaves_alone_what_is_no_ring_and_runs_untraced(self):
        world = self.world()
        strange = self.strange_rings(world, world.server())
        for path, _ in strange.items():
            with self.subTest(ring=path.name):
                before = path.lstat()
                server = world.server(ring=str(path))
                self.assertIn(f"not traced: {path}: ", server.log())
                self.assertIn("\n  next: ", server.log())
                serves(self, server)
                server.stop()
                after = path.lstat()
                self.assertEqual((before.st_ino, before.st_size, before.st_mtime_ns),
                                 (after.st_ino, after.st_size, after.st_mtime_ns))

    def test_wrong_settings_of_a_ring_leave_the_server_untraced(self):
        world = self.world()
        for environment, words in (({
                "RINGSIDE_CAPACITY": 100
        }, "powers of two from 64"), ({
                "RINGSIDE_CAPACITY": "many"
        }, "RINGSIDE_CAPACITY=many: expected a number"), ({
                "RINGSIDE_LANES": -1
        }, "RINGSIDE_LANES=-1: expected a number")):
            with self.subTest(environment=environment):
                server = world.server(**environment)
                self.assertIn("not traced: ", server.log())
                self.assertIn(words, server.log())
                serves(self, server)
                server.stop()
                self.ring_is_gone(world)

    def test_two_servers_do_not_share_a_ring_by_accident(self):
        world = self.world()
        first = world.server()
        second = world.server()
        self.assertIn(f"not traced: {world.ring_path}: is in use by process {first.pid}",
                      second.log())
        serves(self, second)
        second.stop()
        self.assertEqual(world.inspect()["pid"], first.pid)
        self.assertNotIn("operations", world.inspect())
        first.stop()
        self.ring_is_gone(world)

    def test_a_dead_servers_ring_of_another_version_is_set_aside(self):
        world = self.world()
        server = world.server()
        server.kill()
        with open(world.ring_path, "r+b") as ring:
            ring.seek(LAYOUT_VERSION_AT)
            ring.write((99).to_bytes(4, "little"))
        server = world.server()
        self.assertIn("traced", server.log())
        self.assertEqual(world.inspect()["state"], "live")
        self.refused(world.run("ringside", "inspect", f"{world.ring}.previous"), 1,
                     "layout version 99")
        server.stop()

    # -- another user's

    def server_of_nobody(self, world):
        """Starts a server of another user. Returns it, its program and its home."""
        theirs = world.directory / "theirs"
        theirs.mkdir()
        os.chown(theirs, NOBODY, NOBODY)
        # The build may lie in a folder that no other user can enter.
        program = shutil.copy(world.program("ringside-chatd"), world.directory)
        server = world.server(program=program, home=theirs, user=NOBODY)
        self.assertIn("] traced", server.log())
        return server, program, theirs

    @unittest.skipUnless(os.geteuid() == 0, "only root can run a server as another user")
    def test_a_ring_is_read_only_while_the_user_who_must_own_it_does(self):
        world = self.world()
        server, _, _ = self.server_of_nobody(world)

        def owner(user):
            return f'any_owner = true\nowners = {{ "{world.ring}" = {json.dumps(user)} }}'

        def state(wanted):
            return lambda found: found["rings"][0]["state"] == wanted
        name = pwd.getpwuid(NOBODY).pw_name
        daemon = world.daemon(top=owner(name))
        daemon.report_when("live", state("live"))
        # Root's rings are not asked for any more, and nobody else's.
        world.write_config(top=owner("root"))
        daemon.reload()
        report = daemon.report_when("refused", state("refused"))
        words = (f"{world.ring_path}: belongs to user {NOBODY}, expected user 0 (root)\n"
                 "  next: if that is the server's user, name that user for this ring (ringsided: "
                 "[owners]); else find out who took the name")
        self.assertEqual(report["rings"][0]["problem"], words)
        daemon.says(words)
        serves(self, server)
        self.assertEqual(daemon.report()["books"]["read"], report["books"]["read"])

        world.write_config(top=owner("no-such-user"))
        said = daemon.reload()
        self.assertIn('found "no-such-user", a user that this system does not have', said)
        self.assertIn("the configuration is refused, the old one stays", said)
        self.assertTrue(state("refused")(daemon.report()))
        self.assertEqual(daemon.log().count(words), 1)
        # What was written meanwhile is read when its owner is the right one.
        world.write_config(top=owner(NOBODY))
        daemon.reload()
        report = daemon.report_when("read", lambda found: ledger.has_all(found, server.totals()))
        self.assertTrue(state("live")(report))
        self.assertEqual(ledger.series(report, "SEND_MESSAGE")["server_count"], 1)
        ledger.check_nothing_lost(self, report)
        server.stop()
        daemon.stop()
        self.ring_is_gone(world)

    @unittest.skipUnless(os.geteuid() == 0, "only root can run a server as another user")
    def test_a_ring_of_another_user_is_watched_only_if_that_is_allowed(self):
        world = self.world()
        server, program, theirs = self.server_of_nobody(world)
        serves(self, server)

        daemon = world.daemon()
        words = f"belongs to user {NOBODY}, expected root"
        report = daemon.report_when("refused",
                                    lambda found: found["rings"][0]["state"] == "refused")
        self.assertIn(words, report["rings"][0]["problem"])
        self.assertEqual(report["books"]["written"], 0)
        self.assertIn(words, daemon.log())
        world.write_config(top="any_owner = true")
        daemon.reload()
        daemon.report_when("live", lambda found: found["rings"][0]["state"] == "live")
        report = daemon.report_when("read", lambda found: ledger.has_all(found, server.totals()))
        self.assertEqual(ledger.series(report, "SEND_MESSAGE")["server_count"], 1)

        # The other way round: only its owner may open a ring.
        own = world.server(ring=f"{world.ring}-own")
        tool = shutil.copy(world.program("ringside"), world.directory)
        self.refused(world.run(tool, "inspect", f"{world.ring}-own", user=NOBODY), 1,
                     "may not be opened by this user", "next: ")
        stranger = world.server(program=program, home=theirs, user=NOBODY, ring=f"{world.ring}-own")
        self.assertIn("not traced: ", stranger.log())
        serves(self, stranger)
        for process in (stranger, own, server, daemon):
            process.stop()
        self.ring_is_gone(world)

    # -- ports

    def test_a_port_that_is_taken_is_named(self):
        world = self.world()
        server = world.server()
        self.refused(
            world.run("ringside-chatd", "--listen", f"127.0.0.1:{server.port}", "--db", "other.db"),
            1, f"127.0.0.1:{server.port}: the port is taken", "next: ")
        serves(self, server)
        port = server.port
        server.stop()
        self.refused(
            world.run("ringside-chatload", "--connect", f"127.0.0.1:{port}", "--duration", 1), 1,
            f"127.0.0.1:{port}: Connection refused", "next: ")

    def test_garbage_and_endless_lines_cost_nobody_else_anything(self):
        world = self.world()
        daemon = world.daemon()
        server = world.server()
        load = world.load(server, rate=sized(500, 150), seconds=4).begun()
        bad_lines = 0
        while load.alive():
            bad_lines += self.talk_garbage(server)
        load = load.result()
        daemon.report_when("everything read", lambda found: ledger.has_all(found, server.totals()))
        report, totals = daemon.report(), server.totals()
        ledger.check_clients(self, load, totals)
        ledger.check_server_and_daemon(self, totals, report)
        ledger.check_nothing_lost(self, report)
        self.assertEqual(totals["events"]["BAD_LINE"]["count"], bad_lines)
        self.assertEqual(ledger.series(report, "BAD_LINE", "events")["server_count"], bad_lines)
        server.stop()
        daemon.stop()

    def talk_garbage(self, server):
        """Sends every kind of line that is no operation. Returns how many of the lines the server
        must count."""
        lines = ((b"garbage\n", 1001), (b"\x00\xff\xfe\x80\n", 1001), (b"[]\n", 1001),
                 (b"{\n", 1001), (b'{"op":5}\n', 1001), (b'{"op":null}\n', 1001),
                 (b'{"op":"NOPE"}\n', 1002), (b'{"op":"send_message"}\n',
                                              1002), (b"[" * 60_000 + b"\n", 1001))
        with Chat(server) as chat:
            for line, code in lines:
                answer = chat.ask(line)
                self.assertEqual((answer["op"], answer["id"], answer["error"]["code"]),
                                 (None, None, code), line[:40])
            chat.send(b"\n\r\n")  # two keep-alives, which get no answer
            longest = b'{"op":"NOPE","x":"' + b"x" * (65_536 - 20) + b'"}'
            self.assertEqual(len(longest), 65_536)
            self.assertEqual(chat.ask(longest + b"\n")["error"]["code"], 1002)
            self.assertEqual(chat.ask(longest + b" \n")["error"]["code"], 1003)
            self.assertIsNone(chat.answer(), "the connection is to be closed")
        with Chat(server) as chat:
            chat.send(b"x" * 65_537)  # no newline: the server need not wait for one
            self.assertEqual(chat.answer()["error"]["code"], 1003)
            self.assertIsNone(chat.answer(), "the connection is to be closed")
        with Chat(server) as chat:
            chat.send(b'{"op":"LIST_ROOMS"')  # the client leaves in mid-line: no line to count
        return len(lines) + 3


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""The cases that broke other systems: those that need real programs to show them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "programs" / "e2e"))
import harness  # noqa: E402

# Offsets in the header, see shm/layout.h.
BOOT_ID_AT = 72
ANCHOR_MONOTONIC_AT = 112
ANCHOR_REALTIME_AT = 120


def own_server():
    return harness.BIN.parent / "tests" / "ringside_cases_server"


class Cases(harness.Scenario):
    def server(self, world, kind="plain", ring=None):
        server = world.start(own_server(), kind, RINGSIDE_RING=ring or world.ring)
        server.says("traced")
        return server

    def ring_of(self, report):
        return report["rings"][0]

    # -- 3: cut off

    def test_case03_a_ring_that_is_cut_off_under_its_readers_ends_none_of_them(self):
        world = self.world()
        server = self.server(world)
        daemon = world.daemon()
        daemon.report_when("records read", lambda found: found["books"]["read"] > 50)
        tail = world.start("ringside", "tail", world.ring)
        tail.says("PLAIN_")
        server.signal(signal.SIGSTOP
                      )  # truncation ends a running server: who may write its file may end it
        harness.wait_for("the server stopped",
                         lambda: " T " in Path(f"/proc/{server.pid}/stat").read_text())
        before = daemon.report()
        os.truncate(world.ring_path, 0)

        tail.says("was cut off under the reader")
        self.assertEqual(tail.ended(), 0)
        report = daemon.report_when("seen", lambda found: self.ring_of(found)["state"] == "refused")
        self.assertIn("only 0 bytes", self.ring_of(report)["problem"])
        self.assertTrue(report["books"]["balance"])
        self.assertGreaterEqual(report["books"]["written"], before["books"]["written"])
        ended = world.run("ringside", "inspect", world.ring)
        self.assertEqual(ended.code, 1)
        self.assertIn("only 0 bytes", ended.err)
        server.kill()
        # The daemon goes on with the next ring of that name.
        world.ring_path.unlink()
        server = self.server(world)
        daemon.report_when("the next ring", lambda found: self.ring_of(found)["state"] == "live")
        server.stop()
        daemon.stop()

    # -- 8: another pid namespace

    def in_another_pid_namespace(self, world, program, *arguments, **environment):
        """Starts a program in another pid namespace. `inner` is its pid in our namespace, found as
        the child of `unshare`."""
        outer = world.start(shutil.which("unshare"), "--pid", "--fork", "--kill-child",
                            "--mount-proc", world.program(program), *arguments, **environment)
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children")
        outer.inner = int(outer.wait_until("its child", lambda: children.read_text().split())[0])
        return outer

    def may_unshare(self):
        done = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"],
                              capture_output=True,
                              text=True,
                              check=False)
        if done.returncode != 0:
            self.skipTest(f"no pid namespaces here: {done.stderr.strip()}")

    def test_case08_readers_in_another_pid_namespace_know_who_lives_and_who_died(self):
        self.may_unshare()
        world = self.world()
        server = self.server(world)
        there = world.run(shutil.which("unshare"), "--pid", "--fork", "--mount-proc",
                          world.program("ringside"), "inspect", world.ring, "--json")
        self.assertEqual(there.code, 0, there.err)
        seen = json.loads(there.out)
        self.assertEqual(seen["state"], "live")   # though its pid means nothing there
        self.assertGreater(seen["written"], 0)

        config = world.write_config()
        daemon = self.in_another_pid_namespace(world, "ringsided", "--config", config)
        daemon.says("started; state")

        def report_when(what, good):
            def look():
                os.kill(daemon.inner, signal.SIGUSR1)
                report = world.report()
                return report if report and good(report) else None
            return daemon.wait_until(what, look)

        report_when(
            "live",
            lambda found: self.ring_of(found)["state"] == "live" and found["books"]["read"] > 100)
        server.kill()
        report_when("its death", lambda found: self.ring_of(found)["state"] == "crashed")
        server = self.server(world)
        report = report_when("the next server",
                             lambda found: self.ring_of(found)["instances_seen"] == 2)
        self.assertEqual(self.ring_of(report)["crashes_seen"], 1)
        self.assertTrue(report["books"]["balance"])
        self.assertEqual(report["books"]["lost"], 0)

        # A server in the other namespace may not take the name of a living server.
        stranger = self.in_another_pid_namespace(world,
                                                 own_server(),
                                                 "plain",
                                                 RINGSIDE_RING=world.ring)
        stranger.says("not traced: ")
        stranger.says(f"is in use by process {server.pid}")
        self.assertEqual(world.inspect()["pid"], server.pid)
        for outer in (stranger, daemon):
            os.kill(outer.inner, signal.SIGTERM)
            self.assertEqual(outer.ended(), 0, outer.log())
        server.stop()

    # -- 12: two daemons

    def test_case12_two_daemons_on_one_ring_are_both_right_or_one_says_who_holds_the_state(self):
        world = self.world()
        server = self.server(world)
        first = world.daemon()
        config = world.write_config()
        refused = world.run("ringsided", "--config", config)
        self.assertEqual(refused.code, 1)
        self.assertIn(f"{world.state}: another daemon holds this state directory: pid {first.pid}",
                      refused.err)
        self.assertIn("\n  next: ", refused.err)

        # With its own state directory the second daemon is one more reader. It takes nothing from
        # the first.
        reports = world.directory / "reports-2"
        second = harness.Daemon(world, config, [
            "--state-dir", world.directory / "state-2", "--report-dir", reports, "--alert-log",
            world.directory / "alerts-2.log"
        ]).started()
        first.report_when("reads", lambda found: found["books"]["read"] > 200)
        server.stop()

        def finished(report):
            return report and self.ring_of(report)["state"] == "closed"

        def second_report():
            os.kill(second.pid, signal.SIGUSR1)
            path = reports / "report.json"
            report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else None
            return report if finished(report) else None
        one = first.report_when("the end", finished)
        other = second.wait_until("the end", second_report)
        for report in (one, other):
            self.assertEqual(report["books"]["lost"], 0)
            self.assertTrue(report["books"]["balance"])
        self.assertGreater(one["books"]["written"], 200)
        self.assertEqual(one["books"], other["books"])
        first.stop()
        second.stop()

    # -- 15: another boot

    def test_case15_the_tool_shows_a_ring_of_an_earlier_boot_at_its_own_times(self):
        world = self.world()
        server = self.server(world)
        server.kill()
        now = world.inspect()["created_wall_ns"]
        ring = bytearray(world.ring_path.read_bytes())
        for path, days, boot in (("today", 0, 0), ("yesterday", 1, 0x55)):
            # The same ring. "yesterday" is moved back by a day and has another boot, whose
            # CLOCK_MONOTONIC had run for a year.
            moved = bytearray(ring)
            moved[BOOT_ID_AT] ^= boot
            realtime = int.from_bytes(ring[ANCHOR_REALTIME_AT:ANCHOR_REALTIME_AT + 8],
                                      "little") - days * 86_400 * 10**9
            moved[ANCHOR_REALTIME_AT:ANCHOR_REALTIME_AT + 8] = realtime.to_bytes(8, "little")
            if boot:
                moved[ANCHOR_MONOTONIC_AT:ANCHOR_MONOTONIC_AT + 8] = (365 * 86_400 *
                                                                      10**9).to_bytes(8, "little")
            (world.directory / path).write_bytes(moved)
        lines = {}
        for path in ("today", "yesterday"):
            ended = world.run("ringside", "tail", "--once", world.directory / path)
            self.assertEqual(ended.code, 0, ended.err)
            lines[path] = [line[:len("09:15:55.1")] for line in ended.out.splitlines()]
        self.assertGreater(len(lines["today"]), 5)
        # Times of day are compared to a tenth of a second, because the tool refines the clock only
        # for a ring of this boot.
        self.assertLessEqual(sum(a != b for a, b in zip(lines["today"], lines["yesterday"])),
                             1 + len(lines["today"]) // 10)
        yesterday = world.inspect(world.directory / "yesterday")
        self.assertEqual(yesterday["state"], "crashed")
        self.assertLess(abs(now - yesterday["created_wall_ns"] - 86_400 * 10**9), 10**8)

    # -- 16: text that somebody chose

    def harmless(self, what, raw):
        """Checks that nothing in the text moves a cursor, ends a line that is not ours, hides, or
        is no text. Returns the text."""
        text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
        bad = [
            at for at, c in enumerate(text)
            if (ord(c) < 0x20 and c != "\n") or 0x7f <= ord(c) < 0xa0 or 0x202a <= ord(c) <= 0x202e
            or 0x2066 <= ord(c) <= 0x2069 or c in "\u2028\u2029\ufffd"
        ]
        for at in bad[:1]:
            self.fail(f"{what}: {hex(ord(text[at]))} in {text[max(0, at - 200):at + 100]!r}")
        self.assertGreater(len(text), 100, what)
        return text

    def test_case16_nothing_that_a_server_names_reaches_terminal_log_or_report_raw(self):
        world = self.world()
        server = self.server(world, "hostile")
        daemon = world.daemon(tick="200ms")
        tool = world.program("ringside")

        def output(*arguments):
            return subprocess.run([tool, *map(str, arguments)],
                                  capture_output=True,
                                  timeout=60,
                                  check=True).stdout
        shown = self.harmless("inspect", output("inspect", world.ring))
        self.assertIn("RED", shown)
        inspected = self.harmless("inspect --json", output("inspect", world.ring, "--json"))
        self.assertGreater(len(json.loads(inspected)["operations"]), 0)
        listed = self.harmless("list", output("list", "--folder", "/dev/shm"))
        self.assertIn(world.ring, listed)
        self.assertIn("RED", self.harmless("tail", output("tail", "--once", "-n", 50, world.ring)))

        daemon.wait_until(
            "an alert that names an operation", lambda: world.alert_log.exists() and "RED" in world.
            alert_log.read_text(encoding="utf-8"), 60)
        daemon.report()
        for path in sorted(world.reports.glob("report.*")) + [world.alert_log, daemon.log_path]:
            self.harmless(path.name, path.read_bytes())
        lines = world.alert_log.read_text(encoding="utf-8").splitlines()
        for line in lines:
            self.assertRegex(
                line,
                r'^ts=20\d\d-\S+ level=\w+ alert=\w+ state=\w+ '
                r'op=(?:"(?:[^"\\]|\\.)*"|[^\s"]+) figure=\w+ value=')
            self.assertFalse(line.startswith("ts=2020-01-01"),
                             "a server has written a line of its own into the log")
        report = json.loads((world.reports / "report.json").read_text(encoding="utf-8"))
        self.assertGreater(len(report["operations"]), 5)
        server.stop()
        daemon.stop()

    def test_case16_nor_do_the_names_of_files_that_anybody_may_put_beside_the_rings(self):
        world = self.world()
        server = self.server(world)
        server.kill()
        folder = world.directory / "rings"
        folder.mkdir()
        evil = b"ringside.\x1b]0;owned\x07\x1b[31m\n\xff\xc2\x9b"
        for name, content in ((evil + b"a", world.ring_path.read_bytes()),
                              (evil + b"b", b"no ring at all"), (b"ringside.good",
                                                                 world.ring_path.read_bytes())):
            Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
        tool = world.program("ringside")
        listed = subprocess.run([tool, "list", "--folder", folder],
                                capture_output=True,
                                timeout=60,
                                check=True)
        out = self.harmless("list", listed.stdout)
        err = self.harmless("list's complaints", listed.stderr)
        self.assertIn("good", out)
        self.assertIn(r"\x1b[31m\n\xff", out)
        self.assertIn(r"\x1b[31m\n\xff", err)
        self.assertEqual(len(err.splitlines()), 2, err)
        ring, none = (os.fsencode(folder) + b"/" + evil + end for end in (b"a", b"b"))
        for arguments, code in (([b"inspect", ring], 0), ([b"inspect", b"--json", ring], 0),
                                ([b"tail", b"--once", ring], 0), ([b"inspect",
                                                                   none], 1), ([b"tail", none], 1)):
            done = subprocess.run([os.fsencode(tool), *arguments],
                                  capture_output=True,
                                  timeout=60,
                                  check=False)
            self.assertEqual(done.returncode, code, (arguments, done.stderr))
            self.harmless(str(arguments), (done.stdout + done.stderr).replace(b"\\ufffd", b"?"))
            if arguments[1] == b"--json":
                json.loads(done.stdout)


class Atomics(harness.Scenario):
    # -- 15: 16-byte atomics

    WIDE_INSTRUCTION = re.compile(r"\b(?:lock )?cmpxchg16b\b|\bcaspa?l?\b|\bldx?a?xp\b")
    WIDE_CALL = re.compile(
        r"__(?:atomic|sync)_\w+_16\b|\b__atomic_(?:load|store|exchange|compare_exchange)\b")

    def wide(self, path):
        """Finds atomics of more than 8 bytes in the code of a library or program."""
        code = subprocess.run(["objdump", "--disassemble", "--no-show-raw-insn", path],
                              capture_output=True,
                              text=True,
                              check=True).stdout
        names = subprocess.run(["nm", "--undefined-only", path],
                               capture_output=True,
                               text=True,
                               check=False).stdout
        return self.WIDE_INSTRUCTION.findall(code) + self.WIDE_CALL.findall(names)

    def test_case15_nothing_wider_than_eight_bytes_is_atomic(self):
        """On many machines a 16-byte load is a compare-and-swap. It faults in read-only memory."""
        if shutil.which("objdump") is None:
            self.skipTest("objdump is not installed (binutils)")
        world = self.world()
        build = harness.BIN.parent
        for path in (build / "shm/libringside_shm.a", build / "producer/libringside_producer.a",
                     build / "bin/ringside", own_server()):
            with self.subTest(path=path.name):
                self.assertEqual(self.wide(path), [])
        # Check the check: wide() finds 16-byte atomics that are there.
        source = world.directory / "wide.c"
        source.write_text(
            "__int128 x; __int128 f(void) { return __atomic_load_n(&x, __ATOMIC_ACQUIRE); }\n"
            "int g(__int128* p) { return __sync_bool_compare_and_swap(p, 0, 1); }\n",
            encoding="utf-8")
        subprocess.run(
            [os.environ.get("CC", "cc"), "-O2", "-c", source, "-o",
             source.with_suffix(".o")],
            check=True)
        self.assertNotEqual(self.wide(source.with_suffix(".o")), [])


if __name__ == "__main__":
    harness.main()

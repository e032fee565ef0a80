#!/usr/bin/env python3
"""The units of producer/DEPLOYMENT.md, run with the rights that they give (unit.py), and what is
said where a line of them is missing."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import recipes
import unit
from place import PAGE, gid, uid
from recipes import QUICK, harness, processes, serves

UNITS = Path("/etc/systemd/system")
RING = Path("/run/ringside/chat")
CONFIG = Path("/etc/ringside/ringsided.toml")


class Service(harness.Daemon):
    def __init__(self, world, path):
        service = unit.Unit(path)
        harness.Process.__init__(self, world, service.program[0], service.program[1:],
                                 {"PATH": "/usr/bin:/bin", **service.environment},
                                 prepare=service.confine)
        self.world = world

    def status(self, field):
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return re.search(rf"^{field}:\t(.*)$", text, re.M).group(1)


class Systemd(recipes.Recipe):
    def installed(self):
        """A world in which the files of the page are in their places."""
        for tool in ("systemd-analyze", "systemd-tmpfiles", "systemd-sysusers"):
            if shutil.which(tool) is None:
                self.skipTest(f"{tool} is not installed (systemd)")
        try:
            ctypes.CDLL("libseccomp.so.2")
        except OSError:
            self.skipTest("libseccomp is not installed")
        world = self.world()
        PAGE.put_files()
        CONFIG.write_text('tick = "200ms"\n' + PAGE.file(str(CONFIG)), encoding="utf-8")
        return world

    def make_folder(self):
        subprocess.run(["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/ringside.conf"],
                       check=True)

    def chat(self, world, without=""):
        """Starts the server's unit, without some words of it."""
        text = PAGE.file(str(UNITS / "chat.service"))
        self.assertIn(without, text)
        path = UNITS / "tried.service"
        text = text.replace(without, "").replace("chat.db\n", f"chat.db {' '.join(QUICK)}\n")
        path.write_text(text, encoding="utf-8")
        return Service(world, path)

    def daemon(self, world, more=""):
        """Starts the daemon's unit, with more lines in it."""
        text = PAGE.file(str(UNITS / "ringsided.service"))
        path = UNITS / "watching.service"
        path.write_text(text.replace("[Service]\n", f"[Service]\n{more}"), encoding="utf-8")
        return Service(world, path).started()

    def check_confined(self, service, user):
        self.assertEqual(service.status("Uid").split(), [str(uid(user))] * 4)
        for field, wanted in (("Seccomp", "2"), ("NoNewPrivs", "1"), ("CapBnd", "0" * 16),
                              ("CapEff", "0" * 16)):
            self.assertEqual(service.status(field), wanted)

    def test_the_units_run_as_systemd_would_run_them(self):
        world = self.installed()
        self.make_folder()
        server, daemon = self.chat(world), self.daemon(world)
        client = self.traced(server)
        self.assertNotIn("\n  next: ", server.log())
        self.check_confined(server, "chat")
        self.check_confined(daemon, "ringside")
        self.assertIn(str(gid("ringside")), server.status("Groups").split())
        self.assertEqual((RING.stat().st_uid, RING.stat().st_gid, RING.stat().st_mode & 0o777),
                         (uid("chat"), gid("ringside"), 0o640))
        serves(self, client)
        self.all_read(daemon)
        report = daemon.report_when("the server's memory", processes)
        self.assertEqual([one["pid"] for one in processes(report)], [server.pid])
        self.assertGreater(processes(report)[0]["resident_bytes"], 0)
        self.killed(server, daemon)
        self.assertTrue(RING.exists())

        server = self.chat(world)
        serves(self, self.traced(server))
        self.all_read(daemon, served=2)
        self.assertIn("configuration reloaded", daemon.reload())
        server.stop()
        daemon.stop()
        self.assertFalse(RING.exists())

    def test_what_a_unit_lacks_is_said(self):
        world = self.installed()
        self.make_folder()
        self.untraced(self.chat(world, "ReadWritePaths=/run/ringside\n"),
                      "can't create a ring there: Read-only file system")
        self.untraced(self.chat(world, "SupplementaryGroups=ringside\n"),
                      "can't be given to group ringside: Operation not permitted")
        server = self.chat(world, " RINGSIDE_GROUP=ringside")
        self.traced(server)
        daemon = self.daemon(world)
        self.refused(daemon, "may not be opened by this user: Permission denied")
        server.stop()
        server = self.chat(world)
        self.traced(server)
        daemon.report_when("live", lambda found: recipes.state(found) == "live")
        CONFIG.write_text(re.sub(r"\[owners\]\n.*\n", "", CONFIG.read_text(encoding="utf-8")),
                          encoding="utf-8")
        daemon.reload()
        self.refused(daemon, "belongs to user")
        self.refused(daemon, "or root")
        server.stop()
        daemon.stop()

    def test_a_daemon_that_may_not_see_the_server_counts_all_the_same(self):
        world = self.installed()
        self.make_folder()
        server = self.chat(world)
        daemon = self.daemon(world, "ProtectProc=invisible\n")
        serves(self, self.traced(server))
        self.all_read(daemon)
        report = daemon.report_when("a tick", processes)
        self.assertEqual([(one["pid"], one["resident_bytes"]) for one in processes(report)],
                         [(server.pid, None)])
        self.killed(server, daemon)
        daemon.stop()

    def test_systemd_s_tools_accept_the_files(self):
        self.installed()

        def accepted(*command):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, ""), command)
        # The users are there already. So they are made anew, in a copy.
        accepted("systemd-analyze", "verify", UNITS / "chat.service", UNITS / "ringsided.service")
        for name in ("passwd", "group"):
            path = Path("/etc", name)
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            path.write_text("".join(line for line in lines
                                    if not line.startswith(("chat:", "ringside:"))),
                            encoding="utf-8")
        done = subprocess.run(["systemd-sysusers", "/etc/sysusers.d/ringside.conf"],
                              capture_output=True, text=True, check=True)
        self.assertIn("Creating user 'ringside' (Ringside's daemon)", done.stderr)
        accepted("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/ringside.conf")
        folder = RING.parent.stat()
        self.assertEqual((folder.st_uid, folder.st_gid, folder.st_mode & 0o7777),
                         (uid("chat"), gid("ringside"), 0o750))


if __name__ == "__main__":
    recipes.main()

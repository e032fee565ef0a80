#!/usr/bin/env python3
"""A server in a jail, under another user, with raised privileges, on a disk, under a limit: the
recipes of producer/DEPLOYMENT.md for these, and what is said where they are set up wrong."""

import ctypes
import os
import platform
import shutil
import struct
from pathlib import Path

import place
import recipes
from place import PAGE, gid, uid
from recipes import CHATD, LISTEN, QUICK, harness, serves

TMPFS_MAGIC = 0x01021994
CAP_NET_BIND_SERVICE = 10


class Surroundings(recipes.Recipe):
    def home(self, user):
        """The folder of a server's database."""
        path = Path("/var/lib/chat")
        path.mkdir(exist_ok=True)
        os.chown(path, uid(user), gid(user))
        return path

    def server(self, world, *, user=None, program=CHATD, **environment):
        """A server as on the page, of a user or of root."""
        home = self.home(user or "root")
        return harness.Process(
            world, program, ["--listen", LISTEN, "--db", home / "chat.db", *QUICK],
            world.environment(**environment), user)

    def from_page(self, world, commands, **environment):
        """Runs the commands of a block. The last one becomes the process."""
        *first, last = commands.strip().splitlines()
        if first:
            place.shell("\n".join(first))
        return harness.Process(world, "/bin/sh", ["-c", f"exec env {last} {' '.join(QUICK)}"],
                               world.environment(**environment))

    # -- chroot

    def jail(self):
        """What a server needs besides Ringside: itself, and its libraries."""
        jail = Path("/srv/chat")
        place.bind(place.OPT, jail / place.OPT.relative_to("/"))
        for name in ("usr", "bin", "lib", "lib64"):
            path = Path("/", name)
            if path.is_symlink():
                (jail / name).symlink_to(os.readlink(path))
            elif path.is_dir():
                place.bind(path, jail / name)
        (jail / "var").mkdir()
        os.chown(jail / "var", uid("chat"), gid("chat"))
        return jail

    def test_a_server_in_a_jail_is_watched_from_outside(self):
        world = self.world()
        jail = self.jail()
        commands = PAGE.block("chroot", "--userspec")
        server = self.from_page(world, commands)
        client = self.traced(server)
        self.assertEqual(os.readlink(f"/proc/{server.pid}/root"), str(jail))
        self.assertEqual(Path(f"/proc/{server.pid}").stat().st_uid, uid("chat"))
        if platform.machine() == "x86_64":
            self.told(server.log(), "the kernel's clock source can't be read, so CLOCK_MONOTONIC "
                                    "is used")
        # The daemon runs as itself, with the configuration of the page.
        config = world.directory / "jail.toml"
        config.write_text(PAGE.block("chroot", "[owners]"), encoding="utf-8")
        os.chmod(config, 0o644)
        recipes.STATE.mkdir()
        os.chown(recipes.STATE, uid("ringside"), gid("ringside"))
        daemon = harness.Daemon(world, config, ["--state-dir", recipes.STATE], user="ringside")
        daemon.started()
        serves(self, client)
        ring = jail / "run/ringside/chat"
        self.all_read(daemon)
        self.assertEqual(sorted(path.name for path in ring.parent.iterdir()), ["chat"])
        server.stop()
        daemon.stop()
        self.assertEqual(list(ring.parent.iterdir()), [])

        # The jail knows no groups, and with /sys it knows its clock.
        start = commands.strip().splitlines()[-1]
        self.untraced(self.from_page(world, start, RINGSIDE_GROUP="ringside"),
                      "there is no group ringside in /etc/group")
        place.bind("/sys", jail / "sys")
        server = self.from_page(world, start)
        self.traced(server)
        self.assertNotIn("clock source", server.log())
        server.stop()

    # -- users

    def test_a_ring_of_a_start_as_root_is_in_the_way_of_the_server_s_user(self):
        world = self.world()
        server = self.server(world, RINGSIDE_RING=world.ring)
        self.traced(server)
        server.kill()
        self.home("chat")
        for path in Path("/var/lib/chat").iterdir():
            path.unlink()
        self.told(PAGE.text, "is taken by user 0, expected user")
        server = self.server(world, user="chat", RINGSIDE_RING=world.ring)
        self.listening(server)
        self.assertIn(f"not traced: {world.ring_path}: is taken by user 0, expected user "
                      f"{uid('chat')}\n  next: if its server has ended, remove it (sudo rm "
                      f"{world.ring_path});", server.log())
        server.stop()
        # After that it is traced, and leaves nothing.
        world.ring_path.unlink()
        server = self.server(world, user="chat", RINGSIDE_RING=world.ring)
        self.traced(server)
        server.stop()
        self.ring_is_gone(world)

    def test_file_capabilities_and_set_user_id_hide_the_environment_and_ambient_ones_do_not(self):
        world = self.world()
        words = "RINGSIDE_RING is ignored in a program that runs with raised privileges"
        program = Path(shutil.copy(CHATD, "/srv/chatd"))
        # security.capability, version 2: effective; permitted, inheritable, twice 32 bits each.
        os.setxattr(program, "security.capability",
                    struct.pack("<5I", 0x02000001, 1 << CAP_NET_BIND_SERVICE, 0, 0, 0))
        server = self.server(world, user="chat", program=program, RINGSIDE_RING=world.ring)
        self.untraced(server, words)
        self.assertIn("next: set Setup::ring", server.log())

        os.removexattr(program, "security.capability")
        program.chmod(0o4755)
        self.untraced(self.server(world, user="chat", program=program, RINGSIDE_RING=world.ring),
                      words)

        commands = PAGE.block("Raised privileges", "--ambient-caps")
        for path in self.home("chat").iterdir():
            path.unlink()
        server = self.from_page(world, commands, RINGSIDE_RING=world.ring)
        server.says("listening on 127.0.0.1:788")
        self.assertIn("] traced", server.log())
        self.assertEqual(Path(f"/proc/{server.pid}").stat().st_uid, uid("chat"))
        server.stop()

    # -- disks and limits

    def test_a_ring_on_a_disk_is_remarked_on(self):
        world = self.world()
        kind = ctypes.create_string_buffer(256)   # struct statfs begins with the magic number
        place.call("statfs", os.fsencode(world.directory), kind)
        if ctypes.c_long.from_buffer(kind).value == TMPFS_MAGIC:
            self.skipTest("the temporary directory is no disk")
        server = self.server(world, RINGSIDE_RING=world.directory / "ring")
        client = self.traced(server)
        self.told(server.log(), "is on a disk")
        self.assertIn("\n  next: use a ring name, which is in /dev/shm", server.log())
        serves(self, client)
        server.stop()

    def test_a_limit_on_files_is_told(self):
        world = self.world()

        def limited(**environment):
            home = self.home("root")
            return harness.Process(
                world, "/bin/sh", ["-c", 'ulimit -f 8000; exec "$@"', "sh", CHATD, "--listen",
                                   LISTEN, "--db", home / "chat.db", *QUICK],
                world.environment(RINGSIDE_RING=world.ring, **environment))
        server = limited()
        self.listening(server)
        self.told(server.log(), "this process may write files of")
        self.told(server.log(), "(RLIMIT_FSIZE)")
        self.assertIn("next: raise the limit (ulimit -f, or LimitFSIZE= in a systemd unit)",
                      server.log())
        server.stop()
        server = limited(RINGSIDE_LANES=2, RINGSIDE_CAPACITY=64)
        serves(self, self.traced(server))
        self.assertEqual(world.inspect()["state"], "live")
        server.stop()


if __name__ == "__main__":
    recipes.main()

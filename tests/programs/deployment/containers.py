#!/usr/bin/env python3
"""Server and daemon in containers of their own, as Docker and Kubernetes make them: namespaces, a
/dev/shm for each or for both, folders in memory. No such program is run."""

import json
import os
import re
import subprocess
from pathlib import Path

import place
import recipes
from place import PAGE
from recipes import CHATD, DAEMON, LISTEN, QUICK, Inside, processes, serves, value

# Shows each folder under the name that follows it, and becomes the program.
BINDS = ('while [ "$1" != -- ]; do mkdir -p "$2"; mount --bind "$1" "$2"; shift 2; done; shift; '
         'exec "$@"')


class Containers(recipes.Recipe):
    def container(self, world, user, binds, *program, **environment):
        """Starts a program in a container: pid, mount and IPC namespaces, a user, folders."""
        pairs = [str(path) for pair in binds for path in pair]
        return Inside(world, ["/usr/bin/unshare", "--mount", "--pid", "--ipc", "--fork",
                              "--kill-child", "--mount-proc", "sh", "-e", "-c", BINDS, "sh", *pairs,
                              "--", "setpriv", f"--reuid={user}", f"--regid={user}",
                              "--clear-groups", *map(str, program)], environment)

    def folder(self, name, size, mode="1777"):
        path = Path("/srv") / name
        place.tmpfs(path, f"mode={mode},size={size}")
        return path

    def check_apart(self, *containers):
        """Each has pids of its own."""
        seen = {os.readlink(f"/proc/{pid}/ns/pid")
                for pid in (os.getpid(), *(one.inner for one in containers))}
        self.assertEqual(len(seen), 1 + len(containers))

    def test_two_containers_share_dev_shm(self):
        world = self.world()
        compose = PAGE.block("Docker", "services:")
        ring, user = value(compose, "RINGSIDE_RING"), value(compose, "user").split(":")[0]
        self.assertIn("ipc: service:chat", compose)
        shm = self.folder("shm", value(compose, "shm_size"))
        home = self.folder("home", "64m")
        command = value(compose, "command").split()
        self.assertEqual(command[0], "ringsided")
        state = self.folder("state", "64m")
        self.assertIn(f"- state:{recipes.STATE}", compose)
        world.reports = state / "reports"

        def server(shm):
            return self.container(world, user, [(shm, "/dev/shm")], CHATD, "--listen", LISTEN,
                                  "--db", home / "chat.db", *QUICK, RINGSIDE_RING=ring)

        def daemon(shm):
            return self.container(world, user, [(shm, "/dev/shm"), (state, recipes.STATE)], DAEMON,
                                  *command[1:], "--tick", "200ms").started()
        # A /dev/shm of its own is 64 MB by default, and one that is too small says so.
        self.untraced(server(self.folder("small", "64k")),
                      "no memory for the ring: No space left on device")
        alone = daemon(self.folder("other", "64m"))
        first = server(shm)
        serves(self, self.traced(first))
        alone.says(f"ring {ring}: waiting")
        self.told(alone.log(), f"ring {ring}: waiting")
        self.assertEqual(recipes.state(alone.report()), "waiting")
        alone.stop()

        watching = daemon(shm)
        self.check_apart(first, watching)
        self.all_read(watching)
        self.killed(first, watching)
        second = server(shm)
        serves(self, self.traced(second))
        report = self.all_read(watching, served=2)
        # What is in the other container's /proc is not known here.
        self.assertEqual(processes(report), [])
        second.stop()
        watching.stop()

    def test_a_pod_s_containers_share_a_folder_in_memory(self):
        world = self.world()
        pod = PAGE.block("Kubernetes", "kind: Pod")
        user, ring = value(pod, "runAsUser"), value(pod, "value")
        paths = re.findall(r"- name: (\w+)\n +mountPath: (.*)$", pod, re.M)
        self.assertEqual(paths, [("ring", str(Path(ring).parent))] * 2 +
                         [("state", str(recipes.STATE))])
        self.assertEqual(value(pod, "medium"), "Memory")
        # An emptyDir is root's, and everybody may write there.
        volume = self.folder("ring", value(pod, "sizeLimit").replace("Mi", "m"), "0777")
        state = self.folder("state", "64m", "0777")
        home = self.folder("home", "64m")
        world.reports = state / "reports"
        inside = volume / Path(ring).name

        def server():
            return self.container(world, user, [(volume, paths[0][1])], CHATD, "--listen", LISTEN,
                                  "--db", home / "chat.db", *QUICK, RINGSIDE_RING=ring)
        first = server()
        serves(self, self.traced(first))
        self.assertNotIn("\n  next: ", first.log())
        daemon = self.container(world, user, [(volume, paths[1][1]), (state, paths[2][1])], DAEMON,
                                *json.loads(value(pod, "args"))).started()
        self.check_apart(first, daemon)
        self.all_read(daemon)
        # The container is restarted, while the daemon does not run.
        daemon.stop()
        first.kill()
        second = server()
        serves(self, self.traced(second))
        self.assertTrue(inside.with_name(inside.name + ".previous").exists())
        daemon = self.container(world, user, [(volume, paths[1][1]), (state, paths[2][1])], DAEMON,
                                *json.loads(value(pod, "args"))).started()
        self.all_read(daemon, served=2)
        second.stop()
        daemon.stop()

    def test_a_rootless_container_is_watched_from_its_host(self):
        world = self.world()
        run = PAGE.block("Docker", "docker run")
        folder, inside = re.search(r"-v (\S+):(\S+)", run).groups()
        ring = re.search(r"-e RINGSIDE_RING=(\S+)", run).group(1)
        self.assertEqual((folder, Path(ring).parent), (inside, Path(inside)))
        owner = int(re.search(rf'`"{ring}" = (\d+)`', PAGE.text).group(1))
        # User `owner` of the host is root in there.
        alone = ["/usr/bin/setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups",
                 "unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork",
                 "--kill-child"]
        tried = subprocess.run([*alone, "true"], capture_output=True, text=True, check=False)
        if tried.returncode != 0:
            self.skipTest(f"no user namespaces here: {tried.stderr.strip()}")
        for path in (folder, "/var/lib/chat"):
            Path(path).mkdir()
            os.chown(path, owner, owner)
        server = Inside(world, [*alone, str(CHATD), "--listen", LISTEN, "--db",
                                "/var/lib/chat/chat.db", *QUICK], {"RINGSIDE_RING": ring})
        serves(self, self.traced(server))
        self.assertEqual(Path(f"/proc/{server.inner}/uid_map").read_text().split(),
                         ["0", str(owner), "1"])
        world.reports = world.directory / "reports"
        daemon = world.daemon(rings=[ring])
        self.refused(daemon, f"belongs to user {owner}, expected root")
        world.write_config(rings=[ring], top=f'owners = {{ "{ring}" = {owner} }}')
        daemon.reload()
        self.all_read(daemon)
        self.killed(server, daemon)
        daemon.stop()


if __name__ == "__main__":
    recipes.main()

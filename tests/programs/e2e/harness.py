"""Runs the built programs in their own world: a temporary directory and a ring that nobody else
has. After its end nothing is left: no process, no segment, no file.

    class Books(harness.Scenario):
        def test_something(self):
            world = self.world()
            server = world.server()
            daemon = world.daemon()
            load = world.load(server, rate=500, seconds=5).result()

Nothing here sleeps to wait for something. It looks again and again, until a deadline. A scenario
fails when a deadline passes, when a program ends that should not, or when a sanitizer reports
something. It then prints the ends of all logs.

Over 400 lines: the world starts and ends every program, so the classes of the programs stay here.
"""

import argparse
import ctypes
import itertools
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

OPERATIONS = (
    "CREATE_ROOM", "JOIN_ROOM", "LEAVE_ROOM", "LIST_ROOMS",
    "SEND_MESSAGE", "DIRECT_MESSAGE", "EDIT_MESSAGE", "DELETE_MESSAGE",
    "INVITE_USER", "ACCEPT_INVITATION", "DECLINE_INVITATION", "LIST_INVITATIONS",
    "REQUEST_USER_LIST", "AUTHENTICATION", "REGISTRATION",
    "MESSAGE_REACTIONS", "MESSAGE_SEARCH", "MESSAGE_HISTORY", "THREADED_REPLIES",
)

BIN = Path()
SANITIZED = False  # then programs are several times slower: scenarios are smaller, more patient

_numbers = itertools.count(1)
_libc = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1

# For a daemon whose host may be busy with other tests: that is no alert then.
ANY_HOST = """[alerts.system_overload]
cpu_percent = {}
memory_percent = {}
load_per_cpu = {}
cpu_pressure_percent = {}
stall_percent = {}
"""


def sized(normal, sanitized):
    return sanitized if SANITIZED else normal


def wait_for(what, look, seconds=60):
    """Calls look() until its answer counts as true, and returns that answer."""
    seconds *= sized(1, 4)
    deadline = time.monotonic() + seconds
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def seed():
    """The random numbers of a scenario. The seed is new each time, or RINGSIDE_SEED."""
    number = int(os.environ.get("RINGSIDE_SEED") or random.SystemRandom().randrange(1 << 32))
    print(f"RINGSIDE_SEED={number}", flush=True)
    return random.Random(number)


def free_port():
    """Returns a port that a server can take, leave and take again. It lies outside the range that
    the kernel gives to clients."""
    lowest_of_clients = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = list(range(max(1024, lowest_of_clients - 8000), lowest_of_clients))
    random.SystemRandom().shuffle(ports)
    for port in ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise AssertionError("no free port below the range of the clients'")


def born(closed=(), prepare=None):
    """What a new process does first. If the scenario itself is killed, the kernel kills its
    programs."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for number in closed:
        os.close(number)
    if prepare is not None:
        prepare()


def as_user(user):
    """Arguments for Popen that run a program as another user, with no group of ours."""
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


class Ended:
    """A program that was run to its end."""

    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr


class Process:
    """A running program. Its output goes into one file, unless a stream is given or closed.
    `prepare` is called in the new process, which then becomes the program."""

    def __init__(self, world, program, arguments, environment, user=None, *,
                 stdout=None, stderr=None, closed=(), prepare=None):
        self.name = f"{Path(program).name}-{next(_numbers)}"
        self.log_path = world.directory / f"{self.name}.log"
        with open(self.log_path, "wb") as log:
            self.popen = subprocess.Popen([world.program(program), *map(str, arguments)],
                                          stdin=subprocess.DEVNULL,
                                          stdout=log if stdout is None else stdout,
                                          stderr=log if stderr is None else stderr,
                                          cwd=world.directory,
                                          env=environment,
                                          preexec_fn=lambda: born(closed, prepare),
                                          **as_user(user))
        self.pid = self.popen.pid
        self.killed = False
        world.processes.append(self)

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def alive(self):
        return self.popen.poll() is None

    def wait_until(self, what, look, seconds=60):
        """Like wait_for(), but fails at once when the program ends."""
        def look_at_the_living():
            answer = look()
            if not answer and not self.alive():
                answer = look()  # once more: it may have done it just before its end
                if not answer:
                    raise AssertionError(
                        f"{what}: {self.name} has ended with {self.popen.returncode}:\n{self.log()}"
                    )
            return answer
        return wait_for(f"{self.name}: {what}", look_at_the_living, seconds)

    def says(self, words, seconds=60):
        self.wait_until(f"saying {words!r}", lambda: words in self.log(), seconds)

    def signal(self, number):
        assert self.alive(), f"{self.name} is to get signal {number}, and has ended: {self.log()}"
        self.popen.send_signal(number)

    def ended(self, seconds=60):
        """Waits for the end of the program and returns its exit code."""
        try:
            return self.popen.wait(timeout=seconds * sized(1, 4))
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} has not ended within {seconds} s") from None

    def stop(self):
        """Stops the program in order, as an init system would. Each of our programs then ends with
        0."""
        self.signal(signal.SIGTERM)
        code = self.ended(30)
        assert code == 0, f"{self.name} ended with {code} after SIGTERM:\n{self.log()}"

    def kill(self):
        self.killed = True
        self.signal(signal.SIGKILL)
        self.popen.wait()


class Server(Process):
    """ringside-chatd, traced into the ring `ring`. The constructor waits until it listens."""

    def __init__(self, world, arguments, *, ring, port, environment, program, home, user, argon2,
                 host):
        port_file = home / f"port-{next(_numbers)}"
        base = ["--listen", f"{host}:{port}", "--port-file", port_file, "--db", home / "chat.db",
                "--argon2", argon2, "--rate-limit", 0]
        super().__init__(world, program, [*base, *arguments],
                         world.environment(RINGSIDE_RING=ring, **environment), user)
        self.world = world
        self.wait_until("listening", port_file.exists)
        self.port = int(port_file.read_text())

    def totals(self, ring=None):
        """What the server's ring says, read without the daemon."""
        return self.world.inspect(ring)


class Daemon(Process):
    def __init__(self, world, config_path, arguments=(), **streams):
        super().__init__(world, "ringsided", ["--config", config_path, *arguments],
                         world.environment(), **streams)
        self.world = world

    def started(self):
        """Waits until the daemon is at work. It may not yet be attached to a ring."""
        self.says("started; state")
        return self

    def reload(self):
        """Sends SIGHUP and waits until the daemon says that it has obeyed, or why not. Returns what
        it said."""
        before = len(self.log())
        self.signal(signal.SIGHUP)
        return self.wait_until(
            "an answer to SIGHUP",
            lambda: "logs reopened" in self.log()[before:] and self.log()[before:])

    def report(self):
        """Asks for a report with SIGUSR1 and returns the report of this moment."""
        asked_ms = time.time_ns() // 1_000_000
        self.signal(signal.SIGUSR1)

        def read():
            report = self.world.report()
            return report if report and report["taken_unix_ms"] >= asked_ms else None
        return self.wait_until("the report that was asked for", read)

    def report_when(self, what, good, seconds=60):
        """Returns the first report for which good() is true."""
        def look():
            report = self.report()
            return report if good(report) else None
        return self.wait_until(what, look, seconds)


class Load(Process):
    def __init__(self, world, server, rate, seconds, clients, arguments):
        self.json_path = world.directory / f"load-{next(_numbers)}.json"
        self.seconds = seconds
        base = [
            "--connect", f"127.0.0.1:{server.port}", "--rate", rate, "--clients", clients,
            "--duration", seconds, "--json", self.json_path
        ]
        super().__init__(world, "ringside-chatload", [*base, *arguments], world.environment())

    def begun(self):
        """Waits until the clients are registered, are logged in and have their rooms. The mix
        follows."""
        self.says("the load begins", 60)
        return self

    def interrupted(self):
        """Ends the load now. Its books are kept nevertheless."""
        assert self.alive(), f"{self.name} ended by itself:\n{self.log()}"
        self.signal(signal.SIGINT)
        return self.result()

    def result(self):
        code = self.ended(self.seconds + 90)
        assert code == 0, f"{self.name} ended with {code}:\n{self.log()}"
        return json.loads(self.json_path.read_text(encoding="utf-8"))


class World:
    """A directory, a ring, and all the programs that use them."""

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="ringside-e2e."))
        self.directory.chmod(0o755)  # a server of another user must get through it
        self.ring = f"e2e-{os.getpid()}-{next(_numbers)}"
        self.ring_path = Path(f"/dev/shm/ringside.{self.ring}")
        self.state = self.directory / "state"
        self.alert_log = self.directory / "alerts.log"
        self.reports = self.directory / "reports"
        self.processes = []

    # -- programs

    def program(self, name):
        return BIN / name  # an absolute path stays what it is

    def environment(self, **more):
        kept = {
            name: value
            for name, value in os.environ.items() if not name.startswith("RINGSIDE_")
        }
        kept.update({name: str(value) for name, value in more.items() if value is not None})
        return kept

    def run(self, program, *arguments, seconds=30, user=None, **environment):
        return Ended(
            subprocess.run([self.program(program), *map(str, arguments)],
                           stdin=subprocess.DEVNULL,
                           capture_output=True,
                           text=True,
                           encoding="utf-8",
                           errors="replace",
                           timeout=seconds * sized(1, 4),
                           cwd=self.directory,
                           env=self.environment(**environment),
                           check=False,
                           **as_user(user)))

    def start(self, program, *arguments, **environment):
        return Process(self, program, arguments, self.environment(**environment))

    def server(self,
               *arguments,
               ring=None,
               port=0,
               program="ringside-chatd",
               home=None,
               user=None,
               argon2="min",
               host="127.0.0.1",
               **environment):
        return Server(self,
                      arguments,
                      ring=ring or self.ring,
                      port=port,
                      environment=environment,
                      program=program,
                      home=home or self.directory,
                      user=user,
                      argon2=argon2,
                      host=host)

    def daemon(self, *arguments, **settings):
        """Starts a daemon that is ready for signals. It may not yet be attached to a ring. See
        write_config() for the settings."""
        return Daemon(self, self.write_config(**settings), arguments).started()

    def daemon_with(self, *, settings=None, **streams):
        """Starts a daemon whose streams are not the usual ones. Its log may not be readable, so its
        state file tells when the first tick is over."""
        daemon = Daemon(self, self.write_config(**(settings or {})), **streams)
        daemon.wait_until("its first state", (self.state / "state").exists)
        return daemon

    def load(self, server, *arguments, rate, seconds, clients=20):
        return Load(self, server, rate, seconds, clients, arguments)

    # -- what they leave

    def write_config(self, rings=None, tick="500ms", top="", reports="", alerts="", tables="",
                     http="listen = []"):
        """Writes a daemon's configuration: paths in this world, quick ticks, and TOML lines of the
        caller for the top, for the tables `reports`, `alerts` and `http`, and for tables of its
        own. Without `http` the API has its socket alone: worlds run side by side."""
        path = self.directory / "ringsided.toml"
        beside = path.with_suffix(".tmp")
        beside.write_text(f"""
rings = {json.dumps(rings or [self.ring])}
tick = "{tick}"
{top}
[state]
directory = "{self.state}"
[alert_log]
path = "{self.alert_log}"
transitions = true
[reports]
directory = "{self.reports}"
interval = "0s"
{reports or "keep = 0"}
[alerts]
{alerts}
[http]
{http}
{tables}
""", encoding="utf-8")
        beside.rename(path)
        return path

    def report(self):
        """Returns the report file as it is now, or None."""
        try:
            return json.loads((self.reports / "report.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def inspect(self, ring=None):
        ended = self.run("ringside", "inspect", ring or self.ring, "--json")
        assert ended.code == 0, f"ringside inspect ended with {ended.code}: {ended.err}"
        return json.loads(ended.out)

    # -- the end

    def end(self):
        """Ends everything and fails with what is wrong. The directory stays until remove(), because
        its logs may be printed."""
        wrong = []
        for process in self.processes:
            if process.alive():
                process.popen.kill()
                process.popen.wait()
            elif process.popen.returncode < 0 and not process.killed:
                wrong.append(f"{process.name} died of signal {-process.popen.returncode}")
            text = process.log()
            # The words by which each sanitizer's reports are known.
            if any(words in text
                   for words in ("Sanitizer:", "runtime error:", "Sanitizer CHECK failed")):
                wrong.append(f"{process.name}: a sanitizer has found something")
        # A server that was killed leaves its ring, so that somebody can look for the cause. Here
        # the cause is known, so the ring goes.
        for path in Path("/dev/shm").glob(f"ringside.{self.ring}*"):
            path.unlink()
        left = [str(path) for path in Path("/dev/shm").glob("*") if self.ring in path.name]
        if left:
            wrong.append(f"left in /dev/shm: {left}")
        assert not wrong, "; ".join(wrong)

    def print_logs(self):
        for process in self.processes:
            lines = process.log().splitlines()[-25:]
            print(f"--- {process.name} (exit code {process.popen.returncode})",
                  *lines,
                  sep="\n",
                  flush=True)

    def remove(self):
        if os.environ.get("RINGSIDE_KEEP"):
            print(f"kept: {self.directory}", flush=True)
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


class Scenario(unittest.TestCase):
    maxDiff = None

    def world(self):
        world = World()
        self._worlds.append(world)
        self.addCleanup(world.end)
        return world

    def run(self, result=None):
        self._worlds = []

        def bad():
            return len(result.failures) + len(result.errors)
        before = bad()
        try:
            super().run(result)
            if bad() > before:
                for world in self._worlds:
                    world.print_logs()
        finally:
            for world in self._worlds:
                world.remove()

    def ring_is_gone(self, world):
        """Checks that nothing of the ring is left. For servers that ended in order."""
        self.assertEqual(list(Path("/dev/shm").glob(f"ringside.{world.ring}*")), [])


SKIPPED = 77  # the exit code that ctest takes for skipped


def main():
    global BIN, SANITIZED
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", type=Path, required=True)
    parser.add_argument("--sanitized", action="store_true")
    known, rest = parser.parse_known_args()
    BIN, SANITIZED = known.bin, known.sanitized
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    program = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    result = program.result
    if result.wasSuccessful() and result.testsRun and len(result.skipped) == result.testsRun:
        print(*(why for _, why in result.skipped), sep="\n")
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())

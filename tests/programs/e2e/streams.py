#!/usr/bin/env python3
"""Standard input, output and error in every condition: stalled, closed, full, a pipe, a
terminal."""

import errno
import fcntl
import os
import pty
import signal
import subprocess

import harness
from alerts import of_episodes, parse


def fill(descriptor):
    """Writes into a pipe until it is full, so that the next write blocks."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (4096, 1):  # whole pages, then the rest of the last one
        try:
            while True:
                os.write(descriptor, b"x" * size)
        except BlockingIOError:
            pass
    fcntl.fcntl(descriptor, fcntl.F_SETFL, flags)


def read_all(descriptor):
    """Reads all that is in a pipe or terminal that has no writer any more."""
    found = b""
    while True:
        try:
            more = os.read(descriptor, 65536)
        except OSError as error:  # EIO: a terminal whose other end is closed
            if error.errno != errno.EIO:
                raise
            more = b""
        if not more:
            return found.decode("utf-8")
        found += more


class Streams(harness.Scenario):
    def pipe(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(self.close, end)
        return ends

    def close(self, descriptor):
        try:
            os.close(descriptor)
        except OSError:
            pass  # the scenario has closed it

    def server_crashes(self, world, daemon):
        """Kills a server. Returns when the report shows the alert."""
        server = world.server()
        daemon.report_when("the server seen", lambda found: found["rings"][0]["pid"] == server.pid)
        server.kill()
        daemon.report_when("the crash", lambda found: [one for one in found["alerts"]["transitions"]
                                                       if one["alert"] == "server_down"])

    # -- the daemon's own log

    def test_a_stalled_reader_of_standard_error_stops_nothing(self):
        world = self.world()
        _, into = self.pipe()
        fill(into)
        daemon = world.daemon_with(stderr=into)
        self.server_crashes(world, daemon)
        daemon.wait_until("the alert's line", lambda: "alert=server_down state=firing"
                          in world.alert_log.read_text(encoding="utf-8"))
        daemon.stop()

    def test_a_log_that_is_read_again_goes_on_where_it_stopped(self):
        world = self.world()
        out_of, into = self.pipe()
        fill(into)
        daemon = world.daemon_with(stderr=into)
        self.server_crashes(world, daemon)
        os.set_blocking(out_of, False)
        said = bytearray()

        def read():
            try:
                said.extend(os.read(out_of, 65536))
            except BlockingIOError:
                pass
            return b"stopped in order" in said
        daemon.signal(signal.SIGTERM)
        harness.wait_for("the end of the log", read)
        self.assertEqual(daemon.ended(), 0)
        log = said.decode("utf-8").lstrip("x")
        self.assertIn(" started; state", log)
        self.assertIn(f"ring {world.ring}: crashed", log)

    # -- closed ones

    def test_a_stream_that_is_closed_at_the_start_gets_no_file_of_the_daemons(self):
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            with self.subTest(closed=closed):
                world = self.world()
                daemon = world.daemon_with(closed=closed)
                self.server_crashes(world, daemon)
                daemon.wait_until("the alert's line", world.alert_log.read_text)
                daemon.stop()
                for line in world.alert_log.read_text(encoding="utf-8").splitlines():
                    parse(line)
                lock = (world.state / "lock").read_text(encoding="utf-8")
                self.assertEqual(lock, f"{daemon.pid}\n")

    def test_other_programs_keep_their_files_from_a_closed_stream(self):
        world = self.world()
        server = harness.Process(world, "ringside-chatd",
                                 ["--listen", "127.0.0.1:0", "--argon2", "min",
                                  "--port-file", world.directory / "port",
                                  "--db", world.directory / "chat.db"],
                                 world.environment(RINGSIDE_RING=world.ring), closed=(0, 1, 2))
        server.wait_until("listening", (world.directory / "port").exists)
        self.assertEqual((world.directory / "chat.db").read_bytes()[:15], b"SQLite format 3")
        links = [os.readlink(f"/proc/{server.pid}/fd/{number}") for number in (0, 1, 2)]
        self.assertEqual(links, ["/dev/null"] * 3)
        server.stop()

    # -- signals that come early

    def start_with_a_pipe_for_its_configuration(self, world):
        """Starts a daemon whose configuration is a pipe. Returns the daemon, the path of the pipe,
        and a descriptor for writing into it. The daemon is reading by then."""
        pipe = world.directory / "slow.toml"
        os.mkfifo(pipe)
        daemon = harness.Daemon(world, pipe)

        def reader_is_there():
            try:
                return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None
        return daemon, pipe, daemon.wait_until("reading its configuration", reader_is_there)

    def test_a_signal_that_comes_early_is_obeyed_later(self):
        world = self.world()
        text = world.write_config().read_text(encoding="utf-8")
        daemon, path, into = self.start_with_a_pipe_for_its_configuration(world)
        daemon.signal(signal.SIGHUP)
        daemon.signal(signal.SIGUSR1)
        world.write_config().rename(path)  # the reload reads this file
        os.write(into, text.encode())
        os.close(into)
        daemon.says("configuration reloaded, logs reopened")
        daemon.wait_until("the report", (world.reports / "report.json").exists)
        daemon.stop()

    def test_a_stop_that_comes_early_is_a_good_end(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                world = self.world()
                daemon, _, into = self.start_with_a_pipe_for_its_configuration(world)
                daemon.signal(number)
                self.assertEqual(daemon.ended(), 0)
                os.close(into)
                self.assertFalse(world.state.exists())

    # -- what cannot be written

    def test_every_program_reports_a_failed_write(self):
        world = self.world()
        server = world.server()
        cases = (
            ("ringsided", "--help"), ("ringsided", "--version"), ("ringsided", "--print-config"),
            ("ringsided", "--check-config"),
            ("ringside", "--help"), ("ringside", "--version"), ("ringside", "list", "--help"),
            ("ringside", "list"),
            ("ringside", "inspect", world.ring), ("ringside", "inspect", world.ring, "--json"),
            ("ringside", "tail", world.ring, "--once"),
            ("ringside-chatd", "--help"),
            ("ringside-chatload", "--help"),
            ("ringside-chatload", "--connect", f"127.0.0.1:{server.port}", "--clients", "2",
             "--duration", "1"),
            ("ringside-bench", "--help"), ("ringside-bench", "--version"),
        )
        world.load(server, rate=50, seconds=1, clients=2).result()  # records for `tail` to show
        for program, *arguments in cases:
            for stream in ("full", "closed"):
                with self.subTest(program=program, arguments=arguments, stream=stream):
                    done = self.run_into(world, stream, program, arguments)
                    self.assertEqual(done.returncode, 1, done.stderr)
                    self.assertIn(f"{program}: standard output: cannot write", done.stderr)
        server.stop()

    def run_into(self, world, stream, program, arguments):
        """Runs a program with a standard output that is full or closed."""
        with open("/dev/full", "wb") as full:
            return subprocess.run([world.program(program), *arguments], stdin=subprocess.DEVNULL,
                                  stdout=full, stderr=subprocess.PIPE, text=True, timeout=60,
                                  check=False, env=world.environment(HOME=str(world.directory)),
                                  preexec_fn=(lambda: os.close(1)) if stream == "closed" else None)

    # -- the alert log on a stream

    def lines_on(self, world, text):
        """Checks the alert lines against the report. The stream may also hold the daemon's log."""
        lines = [line for line in text.replace("\r\n", "\n").splitlines() if line.startswith("ts=")]
        found = of_episodes([parse(line) for line in lines])
        self.assertIn(("server_down", "firing"), [(line["alert"], line["state"]) for line in found])
        transitions = world.report()["alerts"]["transitions"]
        told = [(one["id"], one["state"], one["level"]) for one in transitions]
        self.assertEqual([(line["id"], line["state"], line["level"]) for line in found], told)

    def test_standard_streams_are_good_alert_logs(self):
        for name, stream in (("-", "stdout"), ("/dev/stdout", "stdout"), ("/dev/stderr", "stderr")):
            for kind in ("pipe", "terminal", "file"):
                with self.subTest(path=name, kind=kind):
                    world = self.world()
                    world.alert_log = name
                    if kind == "file":
                        path = world.directory / "stream"
                        into = os.open(path, os.O_WRONLY | os.O_CREAT)
                        out_of = os.open(path, os.O_RDONLY)
                    else:
                        out_of, into = self.pipe() if kind == "pipe" else pty.openpty()
                    daemon = world.daemon_with(**{stream: into})
                    os.close(into)
                    self.server_crashes(world, daemon)
                    daemon.signal(signal.SIGHUP)  # there is nothing to reopen; nothing may be lost
                    self.server_crashes(world, daemon)
                    daemon.stop()
                    self.lines_on(world, read_all(out_of))
                    os.close(out_of)
                    self.assertFalse((world.directory / "-").exists())

    def test_a_pipe_that_nobody_reads_stops_nothing_and_is_said_at_the_end(self):
        world = self.world()
        world.alert_log = "/dev/stdout"
        _, into = self.pipe()
        fill(into)
        daemon = world.daemon_with(stdout=into)
        self.server_crashes(world, daemon)
        daemon.says("/dev/stdout: cannot write: its reader has stalled")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.ended(), 1, daemon.log())
        self.assertRegex(daemon.log(),
                         r"stopped, but not everything could be written: \d+ alert lines")
        self.assertTrue((world.state / "state").exists())

    def test_a_second_signal_does_not_wait_for_what_the_first_one_waits_for(self):
        world = self.world()
        world.alert_log = "/dev/stdout"
        _, into = self.pipe()
        fill(into)
        daemon = world.daemon_with(stdout=into)
        self.server_crashes(world, daemon)
        daemon.signal(signal.SIGTERM)  # the daemon now waits a second for the pipe's reader
        daemon.signal(signal.SIGINT)
        self.assertEqual(daemon.ended(), 1, daemon.log())
        self.assertIn("stopped at once by a second signal", daemon.log())

    def test_standard_output_that_is_closed_is_no_alert_log(self):
        world = self.world()
        world.alert_log = "-"
        daemon = harness.Daemon(world, world.write_config(), closed=(1,))
        self.assertEqual(daemon.ended(), 1)
        self.assertIn("ringsided: -: cannot be the alert log: it is closed\n  next: ", daemon.log())


if __name__ == "__main__":
    harness.main()

"""What the tests of producer/DEPLOYMENT.md share: programs in a machine of the test's own, and
messages that the page quotes."""

import os
import re
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
import harness  # noqa: E402
import ledger  # noqa: E402
from chat import serves  # noqa: E402

import place  # noqa: E402
from place import PAGE  # noqa: E402

CHATD, DAEMON = place.OPT / "ringside-chatd", place.OPT / "ringsided"
LISTEN = "127.0.0.1:7788"   # as on the page; the network is the test's own
# Passwords are hashed as quickly as that can be done. Nothing else differs from the page.
QUICK = ("--argon2", "min")
STATE = Path("/var/lib/ringside")   # of a daemon, as on the page


class Inside(harness.Daemon):
    """A program that another one starts in namespaces of its own: `unshare --fork`. Signals go to
    the program."""

    def __init__(self, world, arguments, environment):
        harness.Process.__init__(self, world, arguments[0], arguments[1:],
                                 world.environment(**environment))
        self.world = world
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        self.inner = int(self.wait_until("its child", lambda: children.read_text().split())[0])

    def signal(self, number):
        assert self.alive(), f"{self.name} is to get signal {number}, and has ended: {self.log()}"
        self.killed = self.killed or number == signal.SIGKILL
        os.kill(self.inner, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.popen.wait()


class Recipe(harness.Scenario):
    def world(self):
        """A world in a machine of its own, which has the users of the page."""
        self.addCleanup(place.enter(PROGRAMS))
        harness.BIN = place.OPT
        PAGE.add_users()
        world = super().world()
        world.reports = STATE / "reports"
        return world

    def told(self, text, words):
        """Checks that a program has said what the page says that it says."""
        self.assertIn(words, text)
        self.assertIn(words, PAGE.text)

    def listening(self, server, listen=LISTEN):
        """Waits for a server. Returns what a client must know of it."""
        server.says(f"listening on {listen}")
        return SimpleNamespace(port=int(listen.rpartition(":")[2]), pid=server.pid)

    def traced(self, server):
        client = self.listening(server)
        self.assertIn("] traced", server.log())
        return client

    def untraced(self, server, words):
        """A server that is set up wrong runs, and says why it is not traced, and what to do."""
        client = self.listening(server)
        self.told(server.log(), words)
        self.assertIn("not traced: ", server.log())
        self.assertIn("\n  next: ", server.log())
        serves(self, client)
        server.stop()

    def refused(self, daemon, words):
        report = daemon.report_when("refused", lambda found: state(found) == "refused")
        self.told(report["rings"][0]["problem"], words)

    def all_read(self, daemon, *, served=1):
        """Waits until the daemon has read what `served` calls of serves() made, each in a ring of
        its own, and that nothing is missing. Returns its report."""
        def good(found):
            return (state(found) == "live" and
                    ledger.server_counts(found) == ledger.read_and_lost(found) and
                    ledger.server_counts(found)["SEND_MESSAGE"] == served)
        report = daemon.report_when("everything read", good)
        self.assertEqual((report["rings"][0]["instances_seen"], report["rings"][0]["crashes_seen"]),
                         (served, served - 1))
        ledger.check_nothing_lost(self, report)
        return report

    def killed(self, server, daemon):
        """The kernel says that the server has died, whoever may see its pid."""
        server.kill()
        daemon.report_when("its death", lambda found: state(found) == "crashed")


def state(report):
    return report["rings"][0]["state"]


def processes(report):
    return report["system"]["processes"]


def value(text, key):
    """The value of a key in a block of the page."""
    return re.search(rf"^[- ]*{key}: *(.*)$", text, re.M).group(1).strip('"')


PROGRAMS = Path()


def main():
    """As harness.main(), which knows the folder of the programs first."""
    global PROGRAMS
    PROGRAMS = Path(sys.argv[sys.argv.index("--bin") + 1])
    harness.main()

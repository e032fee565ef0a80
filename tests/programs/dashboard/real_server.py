"""The page on the real server with the real routes, over a real alert engine: what a stand-in can't
show."""
import subprocess
import tempfile
import urllib.request

from page import Page

POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
          "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")


class Program:
    """ringside_dashboard_served, and its address, as the other tests know a stand-in."""

    def __init__(self, program):
        self.program = program
        self.directory = tempfile.TemporaryDirectory(prefix="ringside-served-")
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, self.directory.name, str(self.port)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        self.address, self.admin, self.reader = self.process.stdout.readline().split()
        self.port = int(self.address.rsplit(":", 1)[1].strip("/"))
        self.tell("tick")  # the first figures

    def tell(self, word):
        """Returns the lines that it answers."""
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()
        lines = []
        while (line := self.process.stdout.readline().rstrip("\n")) != "done":
            if line == "" and self.process.poll() is not None:
                raise RuntimeError("the server ended")
            lines.append(line)
        return lines

    def kill(self):
        self.process.kill()
        self.process.wait(20)
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self):
        if self.process.poll() is None:
            self.kill()
        self.directory.cleanup()


class RealServer(Page):
    served = None

    def setUp(self):
        super().setUp()
        self.allowed = ["history"]  # there is none, and the page says so
        self.daemon = Program(self.served)
        self.browser.console()
        self.browser.requests()

    def sign_in_there(self, token):
        self.browser.open(self.daemon.address)
        self.browser.run("sessionStorage.clear()")
        self.browser.open(self.daemon.address)
        self.sign_in(token)

    def wait_known(self):
        self.browser.wait("return document.querySelector('#badge').textContent !== 'NOT KNOWN'",
                          seconds=20)

    def test_a_wrong_token_the_right_one_and_a_live_incident(self):
        self.allowed.append("401")
        self.sign_in_there("rs_wrong")
        self.wait_text("#login-problem", "not valid")
        self.sign_in_there(self.daemon.admin)
        self.wait_known()
        self.daemon.tell("open")
        for _ in range(2):
            self.daemon.tell("tick")
        self.wait_text("#incident-list", "Acknowledge", seconds=5)
        self.click(".incident.open [data-action=clear]")
        self.wait_text("#act", "database_issue")
        self.browser.run("document.querySelector('#act-who').value = 'ana';"
                         "document.querySelector('#act-why').value = 'the backup was stopped';"
                         "document.querySelector('#act form').requestSubmit()")
        self.wait_text("#act", "Done by")
        self.assertRegex(self.text("#act"), "Done by .*ana.*: the backup was stopped")

    def test_scope_read_may_not_act(self):
        self.allowed.append("403")
        self.daemon.tell("open")
        self.daemon.tell("tick")
        self.sign_in_there(self.daemon.reader)
        self.wait_text("#incident-list", "Clear")
        self.click(".incident.open [data-action=clear]")
        self.wait_text("#act .problem", "scope admin")

    def test_a_daemon_that_is_killed_is_missed_and_found_again(self):
        self.allowed.append("ERR_")
        self.sign_in_there(self.daemon.admin)
        self.wait_known()
        self.daemon.tell("tick")
        self.daemon.kill()
        self.wait_text("#banner-text", "Disconnected since")
        self.wait_text("#badge", "NOT KNOWN")
        self.daemon.start()
        self.wait_known()
        self.wait_text("#connection-text", "live")

    def test_its_headers_are_strict_and_its_files_are_known_by_their_tags(self):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.daemon.address, timeout=20) as answer:
            self.assertEqual(answer.headers["Content-Security-Policy"], POLICY)
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Content-Type"], "text/html; charset=utf-8")
            tag = answer.headers["ETag"]
            self.assertEqual(answer.read(), (self.path / "index.html").read_bytes())
        request = urllib.request.Request(self.daemon.address, headers={"If-None-Match": tag})
        with self.assertRaises(urllib.error.HTTPError) as raised:
            opener.open(request, timeout=20)
        self.assertEqual(raised.exception.code, 304)
        raised.exception.close()

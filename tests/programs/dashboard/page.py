"""The dashboard in a browser, and the stand-in that serves it: what its tests have in common."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "browser"))
from driver import Browser  # noqa: E402
from known import Known, at  # noqa: E402
from stand_in import StandIn  # noqa: E402

ESCAPE, ENTER, TAB = "\ue00c", "\ue007", "\ue004"
TOKEN = "rs_admin"


def begin_incident(known, identity="77aa10c2"):
    """An incident with two alerts, as a tick and the alerts route tell it."""
    began = known.now_ms - 40_000
    alert = dict(known.report["alerts"]["active"][0], incident=identity, since_at=at(began))
    alerts = [dict(alert, id="c1a7-8", alert="database_issue", level="emergency", value=31.4,
                   threshold=5.0, unit="percent"),
              dict(alert, id="c1a7-7", alert="high_latency", level="critical", value=798.0,
                   threshold=200.0, unit="ms", operation="SEND_MESSAGE")]
    incident = dict(known.report["alerts"]["incidents"][0], id=identity, level="emergency",
                    peak="emergency", began_at=at(began), ended_at=None, alerts=alerts, lines=[])
    story = dict(known.report["analysis"]["stories"][0], incident=identity, from_at=at(began),
                 until_at=None, what="The database is locked since 10:15:15.", details=incident)
    known.incidents.append(incident)
    known.stories.insert(0, story)
    known.verdict = "failing"
    known.headline = {key: story[key] for key in ("what", "whom", "next")}
    return alerts[0]


class Page(unittest.TestCase):
    files = pages = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-dashboard-")
        cls.path = pathlib.Path(cls.directory.name)
        subprocess.run([cls.pages, cls.path], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([cls.files, cls.path], check=True)
        cls.night = json.loads((cls.path / "night.json").read_text(encoding="utf-8"))
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.directory.cleanup()

    def setUp(self):
        self.allowed = []  # parts of lines that the console may have
        self.browser.size(1440, 900)
        self.browser.scheme("light")
        self.daemon = None

    def tearDown(self):
        if self.daemon is None:
            return
        try:
            lines = [line for line in self.browser.console()
                     if not any(part in line for part in self.allowed)]
            self.assertEqual(lines, [])
            asked = {url for url in self.browser.requests() if not url.startswith("data:")}
            self.assertEqual({url for url in asked if not url.startswith(self.daemon.address)},
                             set())
        finally:
            self.browser.open(self.path / "nothing.html")
            self.browser.console()
            self.browser.requests()
            self.daemon.stop()

    def serve(self, report=None, tick_s=5.0):
        self.known = Known(report or self.night, tick_s)
        self.daemon = StandIn(self.known, self.path, {TOKEN: "admin", "rs_read": "read"})
        self.browser.console()
        self.browser.requests()
        return self.daemon

    def show(self, token=TOKEN):
        """Signs in as a person does, and waits for the figures."""
        self.browser.open(self.daemon.address)
        self.sign_in(token)
        self.browser.wait("return document.querySelector('#badge').textContent !== 'NOT KNOWN' && "
                          "document.querySelectorAll('.operations tbody tr').length > 0")

    def sign_in(self, token):
        self.browser.wait("return document.activeElement.id === 'token'")
        self.browser.run("document.activeElement.value = arguments[0]", token)
        self.browser.keys(ENTER)

    def text(self, selector):
        return self.browser.run("return document.querySelector(arguments[0]).innerText", selector)

    def wait_text(self, selector, part, seconds=60):
        return self.browser.wait(
            "const text = document.querySelector(arguments[0])?.innerText ?? ''; "
            "return text.includes(arguments[1]) && text", selector, part, seconds=seconds)

    def click(self, selector):
        self.browser.run("document.querySelector(arguments[0]).click()", selector)

    def open_operation(self, name):
        self.browser.run("const found = [...document.querySelectorAll('.operations button.link')]"
                         ".find(button => button.textContent === arguments[0]);"
                         "found.focus(); found.click()", name)
        self.browser.wait("return document.querySelectorAll('#operation .dot').length > 10")

    def until(self, true, seconds=60):
        end = time.monotonic() + seconds
        while not true():
            self.assertLess(time.monotonic(), end)
            time.sleep(.02)

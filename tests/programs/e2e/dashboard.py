#!/usr/bin/env python3
"""The dashboard of a real daemon, in a real browser: an incident of the reference server is seen,
cleared with a reason that then stands in the alert log, and the page outlives a restart."""

import sys
import time
from pathlib import Path

import harness
from api import Asked
from harness import sized

sys.path.insert(0, str(Path(__file__).parent.parent / "browser"))
from driver import Browser  # noqa: E402

ENTER = "\ue007"
TICK_S = 0.5
STATE = "return document.querySelector('#connection').dataset.state"


class Dashboard(Asked, harness.Scenario):
    def settings(self, port):
        return {"tick": f"{int(TICK_S * 1000)}ms", "alerts": 'clear_after = "1s"',
                "http": f'listen = ["127.0.0.1:{port}"]', "tables": harness.ANY_HOST}

    def signed_in(self, browser, address, token):
        browser.open(address)
        browser.wait("return document.activeElement.id === 'token'")
        browser.run("document.activeElement.value = arguments[0]", token)
        browser.keys(ENTER)
        browser.wait("return document.querySelector('#badge').textContent !== 'NOT KNOWN' && "
                     "document.querySelectorAll('.operations tbody tr').length > 0", seconds=30)

    def test_an_incident_is_seen_and_cleared_and_the_page_outlives_a_restart(self):
        world = self.world()
        port = harness.free_port()
        world.write_config(**self.settings(port))
        token = self.token(world, "admin", "admin")
        server = world.server("--db-busy-ms", 50)
        daemon = world.daemon(**self.settings(port))
        load = world.load(server, "--incident",
                          f"locked-database:db={world.directory}/chat.db@{sized(8, 15)}+20",
                          rate=sized(200, 50), seconds=120).begun()
        self.known(daemon, world)
        with Browser() as browser:
            browser.size(1440, 900)
            self.signed_in(browser, f"http://127.0.0.1:{port}/", token)
            # Live: the page has it soon after the log.
            daemon.wait_until("the incident", lambda: "alert=database_issue state=begun" in
                              world.alert_log.read_text(encoding="utf-8"), 60)
            told = time.monotonic()
            browser.wait("return document.querySelector('#incident-list').innerText"
                         ".includes('database')", seconds=20)
            print(f"seen {time.monotonic() - told:.2f} s after the log had it; "
                  f"a tick is {TICK_S} s")
            self.assertIn("database",
                          browser.run("return document.querySelector('#what').innerText"))
            browser.run("document.querySelector('.incident.open [data-action=clear]').click()")
            browser.wait("return document.querySelector('#act-why')")
            browser.run("document.querySelector('#act-who').value = 'ana';"
                        "document.querySelector('#act-why').value = 'the backup was stopped';"
                        "document.querySelector('#act form').requestSubmit()")
            browser.wait("return document.querySelector('#act').innerText.includes('Done by')")
            daemon.wait_until(
                "the reason in the log",
                lambda: "the backup was stopped" in world.alert_log.read_text(encoding="utf-8"))
            log = world.alert_log.read_text(encoding="utf-8")
            self.assertRegex(log, "state=cleared .*ana.*the backup was stopped")
            self.assertEqual(browser.console(), [])
            daemon.kill()
            browser.wait(STATE + " !== 'live'", seconds=30)
            daemon = world.daemon(**self.settings(port))
            browser.wait(STATE + " === 'live'", seconds=60)
            browser.wait("return document.querySelector('#badge').textContent !== 'NOT KNOWN'",
                         seconds=30)
            elsewhere = {url for url in browser.requests()
                         if not url.startswith((f"http://127.0.0.1:{port}/", "data:", "chrome:"))}
            self.assertEqual(elsewhere, set())
        load.interrupted()
        daemon.stop()


if __name__ == "__main__":
    harness.main()

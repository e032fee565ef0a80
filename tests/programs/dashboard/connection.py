"""A daemon that goes away, hangs, has no room, starts; a tab that nobody sees."""
import time

from page import TOKEN, Page, at


class Connects(Page):
    def test_a_daemon_that_goes_away_is_missed_and_found_again(self):
        self.allowed = ["ERR_"]
        self.serve(tick_s=1.0)
        self.show()
        self.daemon.tick()
        last = f"{self.known.started_at}-{self.daemon.event_no}"
        self.browser.wait("return document.documentElement.dataset.clock === arguments[0]",
                          time.strftime("%H:%M:%S", time.gmtime(self.known.taken_ms / 1000)))
        self.daemon.stop()
        self.wait_text("#banner-text", "Disconnected since")
        self.wait_text("#badge", "NOT KNOWN")
        self.assertIn("Last known", self.text("#what"))
        self.assertRegex(self.text("#banner-text"), r"The figures are of \d\d:\d\d:\d\d UTC, \d+ s")
        self.known.started_at = at(self.known.now_ms)  # another daemon
        self.daemon.start()
        self.known.advance(1000)
        self.wait_text("#badge", "DEGRADED")
        self.wait_text("#banner-text", "The daemon was restarted at")
        self.assertIn("live", self.text("#connection-text"))
        self.assertEqual(self.daemon.resumed_at, [None, last])

    def test_old_figures_are_not_shown_as_those_of_now(self):
        self.serve(tick_s=1.0)
        self.show()
        self.wait_text("#banner-text", "s old: it hangs")
        self.assertEqual(self.text("#badge"), "NOT KNOWN")
        self.daemon.tick()
        self.wait_text("#badge", "DEGRADED")
        self.assertTrue(self.browser.run("return document.querySelector('#banner').hidden"))

    def test_where_no_stream_is_free_it_asks_at_each_tick(self):
        self.allowed = ["429"]
        self.serve(tick_s=2.0)
        self.daemon.refuse_streams = 429
        self.show()
        self.wait_text("#banner-text", "asks at each tick")
        self.known.verdict = "failing"
        self.known.advance(2000)
        self.wait_text("#badge", "FAILING")
        self.daemon.refuse_streams = None
        self.wait_text("#connection-text", "live ·")

    def test_a_hidden_tab_has_no_stream_and_asks_for_nothing(self):
        self.serve()
        self.show()
        self.browser.wait("return arguments[0] === 1", len(self.daemon.listeners))
        hide = "Object.defineProperty(document, 'hidden', {value: arguments[0], " \
            "configurable: true}); document.dispatchEvent(new Event('visibilitychange'))"
        self.browser.run(hide, True)
        self.until(lambda: not self.daemon.listeners)
        before, opened = len(self.daemon.requests), self.daemon.opened
        drawn = self.browser.run("return document.body.innerText")
        self.known.verdict = "failing"
        self.daemon.tick()
        # Two ticks of real time, in which a page that is not asleep would say how old figures are.
        self.browser.devtools("Runtime.evaluate", awaitPromise=True,
                              expression="new Promise(done => setTimeout(done, 2200))")
        self.assertEqual(self.browser.run("return document.body.innerText"), drawn)
        self.assertEqual((len(self.daemon.requests), self.daemon.opened), (before, opened))
        self.browser.run(hide, False)
        self.wait_text("#badge", "FAILING")

    def test_before_the_first_tick_it_says_that_the_daemon_starts(self):
        self.allowed = ["503"]
        self.serve()
        self.daemon.starting = True
        self.browser.open(self.daemon.address)
        self.sign_in(TOKEN)
        self.wait_text("#banner-text", "has no figures yet")
        self.daemon.starting = False
        self.wait_text("#badge", "DEGRADED")

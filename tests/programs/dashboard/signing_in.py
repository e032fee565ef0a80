"""The token, and what people do with alerts."""
from page import ENTER, ESCAPE, TOKEN, Page, begin_incident


class SignsIn(Page):
    def test_a_wrong_token_is_told_and_kept_nowhere(self):
        self.allowed = ["401"]
        self.serve()
        self.browser.open(self.daemon.address)
        self.sign_in("rs_wrong")
        self.wait_text("#login-problem", "not valid")
        self.assertEqual(self.browser.run("return [...Object.values(sessionStorage)]"), [])
        self.assertTrue(self.browser.run("return document.querySelector('#page').hidden"))
        self.browser.run("document.querySelector('#token').value = ''")
        self.sign_in("no token")
        self.wait_text("#login-problem", "no token")

    def test_the_right_token_stays_in_the_tab_and_leaves_with_it(self):
        self.serve()
        self.show()
        self.assertEqual(self.browser.run("return sessionStorage.getItem('ringside.token')"), TOKEN)
        self.assertEqual(self.browser.run(
            "return [localStorage.length, document.cookie, location.href]"),
            [0, "", self.daemon.address])
        self.assertFalse([path for path in self.daemon.requests if TOKEN in path])
        self.browser.run("window.before = true; sessionStorage.setItem('ringside.who', 'ana')")
        self.click("#sign-out")
        # Another page, which knows nothing of what was shown.
        self.browser.wait("return window.before === undefined && "
                          "document.activeElement.id === 'token'")
        self.assertEqual(self.browser.run("return [...Object.values(sessionStorage)]"), [])
        self.assertTrue(self.browser.run("return document.querySelector('#page').hidden"))
        self.assertEqual(self.text("#login-problem"), "")
        self.assertEqual(self.browser.run(
            "return document.querySelector('#page').textContent.includes('SEND_MESSAGE')"), False)

    def test_a_token_that_is_withdrawn_is_asked_for_again(self):
        self.allowed = ["401"]
        self.serve()
        self.show()
        del self.daemon.tokens[TOKEN]
        self.daemon.stop()
        self.daemon.start()
        self.allowed.append("ERR_")
        self.browser.run("window.before = true")
        self.wait_text("#login-problem", "not valid")
        self.assertEqual(self.browser.run(
            "return [window.before, [...Object.values(sessionStorage)], "
            "document.querySelector('#page').textContent.includes('SEND_MESSAGE')]"),
            [None, [], False])


class Acts(Page):
    def test_clearing_asks_why_and_says_what_was_done(self):
        self.serve()
        begin_incident(self.known)
        self.show()
        self.wait_text("#incident-list", "Acknowledge")
        self.click(".incident.open [data-action=clear]")
        self.wait_text("#act", "2 alerts:")  # a dry run: what is meant
        self.assertIn("high_latency (◆ critical, firing) SEND_MESSAGE: 798 ms, threshold 200 ms",
                      self.text("#act"))
        self.assertEqual(self.known.log, [])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "act-why")
        self.browser.run("document.querySelector('#act form').noValidate = true;"
                         "document.querySelector('#act form').requestSubmit()")
        self.wait_text("#act .problem", "Say why")
        self.browser.run("document.querySelector('#act-who').value = 'ana';"
                         "document.querySelector('#act-why').value = 'the backup was stopped';"
                         "document.querySelector('#act form').requestSubmit()")
        self.wait_text("#act", "Done by ana: the backup was stopped")
        self.assertEqual(self.known.log, [{"action": "clear", "incidents": ["77aa10c2"],
                                           "who": "ana", "why": "the backup was stopped"}])
        self.wait_text("#incident-count", "0 open")
        self.browser.keys(ENTER)
        self.browser.wait("return !document.querySelector('#act').open")

    def test_a_silence_has_a_time_and_an_acknowledgement_a_name(self):
        self.serve()
        begin_incident(self.known)
        self.show()
        self.wait_text("#incident-list", "Acknowledge")
        for action, more in (("silence", {"for": "1h"}), ("acknowledge", {})):
            self.click(f".incident.open [data-action={action}]")
            self.browser.run("document.querySelector('#act-who').value = 'ana';"
                             "document.querySelector('#act-why').value = 'known';"
                             "document.querySelector('#act form').requestSubmit()")
            self.wait_text("#act", "Done by ana")
            self.assertEqual(self.known.log[-1], {"action": action, "incidents": ["77aa10c2"],
                                                  "who": "ana", "why": "known", **more})
            self.browser.keys(ESCAPE)
        self.wait_text("#incident-list", "acknowledged by ana · silenced")

    def test_a_press_after_a_refusal_is_a_new_request_and_one_after_no_answer_the_same(self):
        self.allowed = ["404", "409", "503"]
        self.serve()
        begin_incident(self.known)
        self.show()
        self.wait_text("#incident-list", "Acknowledge")
        self.click(".incident.open [data-action=clear]")
        self.wait_text("#act", "2 alerts:")

        def press(why, *refusal):
            self.daemon.refusals = [refusal] if refusal else []
            self.browser.run("document.querySelector('#act-why').value = arguments[0];"
                             "document.querySelector('#act form').requestSubmit()", why)
            self.wait_text("#act", refusal[1] if refusal else "Done by")
            return self.daemon.keys[-1]
        refused = press("first", 404, "unknown_alert")
        open_ = press("first", 503, "not_answered")
        self.assertNotEqual(open_, refused)
        self.assertEqual(press("first", 409, "still_under_way"), open_)
        again = press("first", 409, "partly_refused")
        self.assertEqual(again, open_)
        unsure = press("second", 503, "not_answered")
        self.assertNotEqual(unsure, again)
        corrected = press("third")
        self.assertEqual(len({refused, open_, unsure, corrected}), 4)
        self.assertEqual([one["why"] for one in self.known.log], ["third"])

    def test_scope_read_sees_all_and_is_told_that_acting_needs_admin(self):
        self.allowed = ["403"]
        self.serve()
        begin_incident(self.known)
        self.show("rs_read")
        self.wait_text("#incident-list", "Clear")
        self.click(".incident.open [data-action=clear]")
        self.wait_text("#act .problem", "scope admin")
        self.assertTrue(self.browser.run("return document.querySelector('#act .primary').disabled"))
        self.assertEqual(self.known.log, [])

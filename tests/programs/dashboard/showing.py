"""What the page shows: verdict, incidents, operations, history; hostile names, missing parts."""
import copy
import json
import time

from page import ENTER, ESCAPE, TOKEN, Page, begin_incident

HOSTILE = ["<img src=x onerror=\"document.title='owned'\">", "a\u2028b\u202ec\u2066d", "",
           "x" * 10_000, "\\x1b[31m", "\x1b[31m\x00"]


class Shows(Page):
    def test_the_first_screen_answers_without_scrolling(self):
        self.serve()
        begin_incident(self.known)
        for width, height, phone in ((1440, 900, False), (390, 844, True)):
            with self.subTest(width=width):
                self.browser.size(width, height, phone=phone)
                self.browser.run("sessionStorage.clear()")
                self.show()
                self.wait_text("#incident-list", "since")
                for selector in ("#badge", "#what", "#whom", "#next", ".incident.open .since",
                                 ".incident.open [data-action=acknowledge]"):
                    bottom = self.browser.run("return document.querySelector(arguments[0])"
                                              ".getBoundingClientRect().bottom", selector)
                    self.assertLess(bottom, height, selector)
                self.assertLessEqual(self.browser.run(
                    "return document.documentElement.scrollWidth"), width)
                self.assertEqual(self.text("#badge"), "FAILING")
                self.assertEqual(self.text("#what"), "The database is locked since 10:15:15.")

    def test_a_live_incident_shows_at_the_next_tick(self):
        self.serve()
        self.known.verdict, self.known.incidents, self.known.stories = "healthy", [], []
        self.known.headline = {"what": "All is well.", "whom": None, "next": "Nothing."}
        self.show()
        self.assertEqual(self.text("#badge"), "HEALTHY")
        transition = begin_incident(self.known)
        self.daemon.send("alert", transition)
        self.daemon.tick()
        self.wait_text("#badge", "FAILING", seconds=2)
        self.wait_text("#incident-list", "The database is locked", seconds=2)
        self.assertIn("FAILING. The database", self.browser.run(
            "return document.querySelector('#announce').textContent"))
        self.assertIn("FAILING", self.browser.run("return document.title"))

    def test_the_table_of_operations_sorts_filters_and_holds_the_figures(self):
        self.serve()
        self.show()
        self.wait_text(".operations", "of 200 ms")
        rows = "return [...document.querySelectorAll('.operations tbody tr')].map(row => " \
            "[...row.cells].map(cell => cell.innerText.trim()))"
        shown = {row[0]: row for row in self.browser.run(rows)}
        self.assertEqual(len(shown), 19)
        minute = next(one for one in self.night["operations"]
                      if one["name"] == "SEND_MESSAGE")["windows"]["1m"]
        row = shown["SEND_MESSAGE"]
        self.assertEqual(row[1], f"{minute['rate_per_s']:.1f}/s")
        self.assertEqual(row[4], f"{minute['p95_ns'] / 1e6:.2f} ms")
        self.assertIn("of 200 ms", row[7])
        self.click("[data-column=name]")
        names = [row[0] for row in self.browser.run(rows)]
        self.assertEqual(names, sorted(names))
        self.assertEqual(self.browser.run("return document.querySelector('[data-column=name]')"
                                          ".parentElement.ariaSort"), "ascending")
        self.click("[data-column=name]")
        self.assertEqual([row[0] for row in self.browser.run(rows)], names[::-1])
        self.browser.run("const filter = document.querySelector('#filter'); filter.value = 'invit';"
                         "filter.dispatchEvent(new Event('input'))")
        self.assertEqual(len(self.browser.run(rows)), 4)
        self.assertIn("4 of 19", self.text("#operations-more"))

    def test_an_operation_opens_with_all_that_is_known_of_it(self):
        self.serve()
        self.show()
        self.open_operation("SEND_MESSAGE")
        one = next(o for o in self.night["operations"] if o["name"] == "SEND_MESSAGE")
        dots = self.browser.run("return document.querySelectorAll("
                                "'#operation .figure .dot').length")
        self.assertEqual(dots, len(one["last"]))
        text = self.text("#operation")
        for part in ("threshold 200 ms", "database 91 %", "user 13", "room 24", "DATABASE_BUSY",
                     "p50", "p99", "Slowest calls of the last hour", "chat 1 59351"):
            self.assertIn(part, text)
        self.daemon.tick()  # it stays open, and follows
        self.browser.keys(ESCAPE)
        self.browser.wait("return !document.querySelector('#operation').open")
        self.assertEqual(self.browser.run("return document.activeElement.textContent"),
                         "SEND_MESSAGE")

    def test_time_from_arrival_and_time_in_the_server_are_told_apart(self):
        report = copy.deepcopy(self.night)
        time_ns = wait_ns = timed = 0
        for operation in report["operations"]:
            operation["stage_names"][0] = "queue"
            for window in operation["windows"].values():
                for stage in window["stages"]:
                    if stage["stage"] == 0:
                        stage["name"] = "queue"
            minute = operation["windows"]["1m"]
            time_ns += minute["sum_ns"]
            timed += minute["timed"]
            wait_ns += sum(stage["sum_ns"] for stage in minute["stages"] if stage["stage"] == 0)
        self.serve(report)
        self.show()
        mean_ms = (time_ns - wait_ns) / timed / 1e6
        self.wait_text("#tiles", f"mean in server\n{mean_ms:.2f} ms")
        self.wait_text("#latency-note", "From the arrival of a request on")
        self.browser.wait("return document.querySelector('#latency').ariaLabel"
                          ".includes('mean in the server: now')")
        self.browser.run("document.querySelector('#traffic-table').open = true")
        row = self.wait_text("#traffic-table tbody tr:nth-child(5)", "ms").split("\t")
        point = self.night["history"]["points"][-4]
        self.assertAlmostEqual(float(row[-1].removesuffix(" ms")),
                               point["sum_ns"] / point["timed"] * .75 / 1e6, delta=.5)
        one = report["operations"][4]
        self.open_operation(one["name"])
        hour = one["windows"]["1h"]
        wait = next(stage for stage in hour["stages"] if stage["name"] == "queue")["sum_ns"]
        self.wait_text("#operation", f"From arrival {hour['sum_ns'] / hour['timed'] / 1e6:.2f} ms "
                       f"in the mean: {wait / hour['timed'] / 1e3:.1f} µs waited")

    def test_history_of_any_span(self):
        self.serve()
        self.show()
        self.browser.run("document.querySelector('#history-of').value = 'p99_ns';"
                         "document.querySelector('#history-form').requestSubmit()")
        self.wait_text("#history-caption", "in steps of 60.0 s")
        asked = [path for path in self.daemon.requests if "figure=p99_ns" in path]
        self.assertIn("since=8h", asked[-1])
        self.assertIn("p99: now", self.browser.run(
            "return document.querySelector('#history-chart').ariaLabel"))
        self.click("#spans button:nth-child(2)")
        self.wait_text("#traffic-note", "Not live")
        self.click("#spans button:first-child")
        self.assertEqual(self.text("#traffic-note"), "")

    def test_before_the_first_minute_is_over_the_page_says_that_there_is_no_history_yet(self):
        self.serve(dict(self.night, history=None))
        self.show()
        self.wait_text("#traffic-note", "No history yet: nothing was recorded from ")
        self.wait_text("#traffic-note", "The charts begin now.")
        self.browser.run("document.querySelector('#history-form').requestSubmit()")
        self.wait_text("#history-note", "No history yet: ")
        self.assertTrue(self.browser.run(
            "return document.querySelector('#history-figure').hidden"))
        self.click("#spans button:nth-child(2)")
        self.wait_text("#traffic-note", "The charts stay as they are.")

    def test_whatever_is_missing_the_page_shows_the_rest(self):
        """Reports of nothing, of one of everything, of numbers at their limits: no error in the
        console, nothing that reads NaN or undefined."""
        for name in ("nothing", "ones", "numbered", "calm", "hostile"):
            with self.subTest(report=name):
                report = json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
                self.serve(report)
                self.browser.open(self.daemon.address)
                self.browser.run("sessionStorage.clear()")
                self.browser.open(self.daemon.address)
                self.sign_in(TOKEN)
                self.browser.wait("return document.querySelector('#footer-text').textContent")
                for _ in report["operations"][:3]:
                    self.browser.run("const found = document.querySelector("
                                     "'.operations button.link'); found?.focus(); found?.click()")
                    self.browser.wait("return document.querySelector('#operation .facts, "
                                      "#operation p')?.textContent !== 'Asking …'")
                    self.assertNotRegex(self.text("#operation"), r"NaN|undefined|\[object|Infinity")
                    self.browser.keys(ESCAPE)
                self.browser.run("for (const one of document.querySelectorAll('details')) "
                                 "one.open = true")
                self.daemon.tick()
                clock = time.strftime("%H:%M:%S", time.gmtime(self.known.taken_ms // 1000))
                self.browser.wait("return document.documentElement.dataset.clock === arguments[0]",
                                  clock)
                self.assertNotRegex(self.text("body"), r"NaN|undefined|\[object|Infinity")
                self.assertEqual(self.browser.console(), [])
                self.browser.open("about:blank")  # a page that is left asks nobody any more
                self.daemon.stop()
        self.daemon = None


class HostileNames(Page):
    def test_hostile_names_stay_names(self):
        report = copy.deepcopy(self.night)
        for operation, name in zip(report["operations"], HOSTILE):
            operation["name"] = name
            operation["stage_names"][0] = name
            for record in operation["last"]:
                record["actor"]["label"] = record["error_name"] = name
        for error, name in zip(report["errors"], HOSTILE):
            error["name"] = error["operation"] = name
        for gauge, name in zip(report["system"]["gauges"], HOSTILE):
            gauge["name"] = name
        report["lanes"][0]["thread"] = report["rings"][0]["problem"] = HOSTILE[0]
        report["analysis"]["headline"]["what"] = HOSTILE[0] + HOSTILE[1]
        report["analysis"]["stories"][0]["whom"] = HOSTILE[1]
        self.serve(report)
        begin_incident(self.known)["operation"] = HOSTILE[0]
        self.show()
        self.wait_text("#incident-list", "emergency")
        found = self.browser.run("""return {
            title: document.title,
            strangers: document.querySelectorAll('img, iframe, object').length,
            text: document.body.innerText, scripts: document.scripts.length,
            width: document.documentElement.scrollWidth}""")
        self.assertNotIn("owned", found["title"])
        self.assertEqual((found["strangers"], found["scripts"]), (0, 2))
        self.assertIn(HOSTILE[0], found["text"])
        self.assertIn("a\\u{2028}b\\u{202e}c\\u{2066}d", found["text"])
        self.assertIn("(no name)", found["text"])
        self.assertIn("x" * 59 + "…", found["text"])
        self.assertNotIn("x" * 200, found["text"])
        self.assertIn("\\\\x1b[31m", found["text"])
        self.assertIn("\\x1b[31m\\x00", found["text"])
        for mark in "\u2028\u202e\u2066\x1b":
            self.assertNotIn(mark, found["text"])
        self.assertLessEqual(found["width"], 1440)
        for name in (HOSTILE[0], HOSTILE[3][:59] + "…"):
            self.open_operation(name)
            self.browser.keys(ESCAPE)

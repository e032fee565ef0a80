#!/usr/bin/env python3
"""Opens the HTML reports in a real headless browser: no error in the console, no request off the
file, names that stay names, dark and light, phone and paper, and tables that hold the figures."""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from driver import Browser  # noqa: E402

PAGES = ["night", "hostile", "compared", "days", "calm", "nothing"]
UNITS = {"ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}


def nanoseconds(text):
    """What a span such as "2.06 ms" or "3 min 12 s" says."""
    return sum(float(value) * UNITS[unit] for value, unit in re.findall(r"([\d.]+) (\w+)", text))


class Pages(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-pages-")
        cls.path = pathlib.Path(cls.directory.name)
        print(subprocess.run([cls.program, cls.path], check=True, stdout=subprocess.PIPE,
                             text=True).stdout, end="")
        cls.browser = Browser()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()
        cls.directory.cleanup()

    def setUp(self):
        self.browser.size(1280, 900)
        self.browser.scheme("light")

    def open(self, name):
        self.browser.console()
        self.browser.requests()
        self.browser.open(self.path / f"{name}.html")

    def report(self, name):
        return json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))

    def rows(self, *titles):
        """The rows of the first table whose titles begin with these."""
        tables = self.browser.run(
            "return [...document.querySelectorAll('table')].map(table => "
            "[...table.rows].map(row => [...row.cells].map(cell => cell.textContent.trim())))")
        for table in tables:
            if table[0][:len(titles)] == list(titles):
                return table[1:]
        self.fail(f"no table begins with {titles}")

    def test_the_console_is_silent_and_nothing_is_asked_for(self):
        for name in PAGES:
            for scheme in ("light", "dark"):
                with self.subTest(page=name, scheme=scheme):
                    self.browser.scheme(scheme)
                    self.open(name)
                    self.assertEqual(self.browser.console(), [])
                    asked = [url for url in self.browser.requests() if not url.startswith("data:")]
                    self.assertEqual(asked, [(self.path / f"{name}.html").as_uri()])

    def test_a_page_is_under_a_megabyte(self):
        for name in ("night", "calm", "nothing"):
            self.assertLess((self.path / f"{name}.html").stat().st_size, 1_000_000, name)

    def test_hostile_names_stay_names(self):
        self.open("night")
        scripts = self.browser.run("return document.scripts.length")
        self.open("hostile")
        found = self.browser.run("""return {
            title: document.title, scripts: document.scripts.length,
            strangers: document.querySelectorAll('img, iframe, object, embed, base, form').length,
            links: [...document.querySelectorAll('a')].filter(
                a => !a.getAttribute('href').startsWith('#')).length,
            handlers: [...document.querySelectorAll('*')].filter(
                e => [...e.attributes].some(a => a.name.startsWith('on'))).length,
            text: document.body.innerText,
            charts: document.documentElement.dataset.drawn}""")
        self.assertEqual(found["title"], "Ringside report · chat")
        self.assertEqual(found["scripts"], scripts)
        self.assertEqual(found["strangers"] + found["links"] + found["handlers"], 0)
        self.assertEqual(found["charts"], "3")
        # They are on the page, letter by letter, and turn no text around.
        self.assertIn("</script><script>document.title='owned'</script><img", found["text"])
        self.assertIn("\\u{202e}\\u{2028}\\u{2029}&lt;b&gt;", found["text"])
        for mark in "\u202e\u2028\u2029":
            self.assertNotIn(mark, found["text"])
        raw = (self.path / "hostile.html").read_text(encoding="utf-8")
        self.assertEqual(raw.count("<script"), raw.count("</script>"))
        for mark in "\u202e\u2028\u2029":
            self.assertNotIn(mark, raw)

    def test_labels_of_the_latency_axis_do_not_touch(self):
        for name in ("night", "compared"):
            for width in (1280, 400):
                with self.subTest(page=name, width=width):
                    self.browser.size(width, 900)
                    self.open(name)
                    gaps = self.browser.run("""
                        const y = Chart.getChart('latency').scales.y;
                        const at = y.ticks.map(t => y.getPixelForValue(t.value));
                        at.sort((a, b) => a - b);
                        return at.slice(1).map((pixel, i) => pixel - at[i]);""")
                    self.assertTrue(gaps)
                    self.assertGreater(min(gaps), 12)

    def test_over_days_a_midnight_has_its_date_and_over_a_night_its_time(self):
        labels = "return Chart.getChart('rate').scales.x.ticks.map(t => t.label)"
        self.open("days")
        shown = self.browser.run(labels)
        self.assertIn("03-03", shown)
        self.assertIn("12:00", shown)
        self.assertNotIn("00:00", shown)
        raw = (self.path / "days.html").read_text(encoding="utf-8")
        self.assertRegex(raw, r">03-04 \d\d:\d\d</text>")
        self.open("night")
        for label in self.browser.run(labels):
            self.assertRegex(label, r"^\d\d:\d\d$")

    def test_dark_is_dark_light_is_light_and_paper_is_white(self):
        def brightness():
            colour = self.browser.run("return getComputedStyle(document.body).backgroundColor")
            return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3

        pixel = """const c = document.getElementById('rate');
            const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
            const seen = new Set();
            for (let i = 0; i < d.length; i += 4) if (d[i + 3] === 255)
                seen.add([d[i], d[i + 1], d[i + 2]].join());
            return [...seen];"""
        self.open("night")
        light = brightness()
        self.assertGreater(light, 250)
        self.assertIn("47,109,181", self.browser.run(pixel))
        self.browser.scheme("dark")  # while the page is open
        self.assertLess(brightness(), 40)
        self.assertIn("110,168,230", self.browser.run(pixel))
        self.assertNotIn("47,109,181", self.browser.run(pixel))
        self.browser.run("dispatchEvent(new Event('beforeprint'))")
        self.assertGreater(brightness(), 250)
        self.assertIn("47,109,181", self.browser.run(pixel))
        self.browser.run("dispatchEvent(new Event('afterprint'))")
        self.assertLess(brightness(), 40)
        self.assertEqual(self.browser.pdf()[:5], b"%PDF-")
        # The browser has advice for those who read pixels, as this test does.
        self.assertEqual([line for line in self.browser.console() if "getImageData" not in line],
                         [])

    def test_a_phone_scrolls_down_and_never_sideways(self):
        self.browser.size(390, 844, phone=True)
        for name in PAGES:
            self.open(name)
            width = self.browser.run("return document.documentElement.scrollWidth")
            self.assertLessEqual(width, 390, name)

    def test_the_verdict_comes_first_and_is_what_the_json_says(self):
        self.open("night")
        sentences = self.browser.run(
            "return [...document.querySelectorAll('.verdict > p')].map(p => p.textContent)")
        headline = self.report("night")["analysis"]["headline"]
        self.assertEqual(sentences[:3], [headline["what"], headline["whom"], headline["next"]])
        self.assertEqual(sentences[0], "The database was locked from 10:11:45 to 10:12:10.")

    def test_the_tables_of_operations_hold_the_figures(self):
        self.open("night")
        counts = {row[0]: row for row in self.rows("operation", "count", "rate")}
        spans = {row[0]: row for row in self.rows("operation", "min", "mean", "p50")}
        seen = 0
        for operation in self.report("night")["operations"]:
            hour = operation["windows"]["1h"]
            if hour["count"] == 0:
                continue
            seen += 1
            name = operation["name"]
            self.assertEqual(counts[name][1], f"{hour['count']:,}")
            self.assertEqual(counts[name][3], f"{hour['errors']:,}")
            if hour["timed"] >= 10:
                self.assertAlmostEqual(nanoseconds(spans[name][3]) / hour["p50_ns"], 1, delta=.006)
            self.assertAlmostEqual(nanoseconds(spans[name][8]) / hour["max_ns"], 1, delta=.006)
        self.assertEqual(seen, 17)

    def test_behind_each_chart_is_a_table_with_its_figures(self):
        self.open("night")
        data = json.loads(self.browser.run("return document.getElementById('data').textContent"))
        self.assertEqual([chart["id"] for chart in data["charts"]], ["rate", "latency", "security"])
        for figure in self.browser.run(
                "return [...document.querySelectorAll('figure')].map(f => "
                "f.querySelectorAll('details table tbody tr').length)"):
            self.assertGreater(figure, 0)
        rate, latency, security = data["charts"]
        rows = self.rows("from", "calls", "calls/s", "failed")
        self.assertEqual(len(rows), 480)
        self.assertEqual(len(rows), len(rate["series"][0]["values"]))
        points = self.report("night")["history"]["points"]
        self.assertEqual(len(rows), len(points))
        unknown = 0
        for i, row in enumerate(rows):
            calls, failed = (series["values"][i] for series in rate["series"])
            if calls is None:
                unknown += 1
                self.assertEqual(set(row[1:]), {"–"})
                continue
            self.assertEqual(row[1], f"{points[i]['count']:,}")
            self.assertEqual(row[3], f"{points[i]['errors']:,}")
            self.assertAlmostEqual(nanoseconds(row[9]) / points[i]["max_ns"], 1, delta=.006)
            self.assertAlmostEqual(float(row[2]), calls, delta=.006 * calls)
            self.assertAlmostEqual(int(row[3].replace(",", "")) / 60, failed, delta=.01)
            for column, series in zip((6, 7, 8), latency["series"]):
                if series["values"][i] is None:
                    self.assertEqual(row[column], "–")
                else:
                    self.assertAlmostEqual(nanoseconds(row[column]) / 1e6 / series["values"][i], 1,
                                           delta=.006)
        self.assertEqual(unknown, 3)  # the server was away
        rows = self.rows("from", "LOGIN_FAILED")
        for column, series in enumerate(security["series"]):
            self.assertEqual(sum(int(row[column + 1].replace(",", "")) for row in rows),
                             sum(series["values"]))
        # Every call of the heat map is one of the timeline's.
        heat = self.browser.run(
            "return [...document.querySelectorAll('svg.map')].map(svg => [...svg.closest('figure')"
            ".querySelectorAll('tbody td.n')].map(td => td.textContent.replaceAll(',', '')))")[0]
        calls = sum(int(row[1].replace(",", "")) for row in self.rows("from", "calls")
                    if row[1] != "–")
        self.assertEqual(sum(int(cell) for cell in heat if cell), calls)

    def test_the_last_records_are_listed_behind_their_dots(self):
        self.open("night")
        cards = self.browser.run(
            "return [...document.querySelectorAll('.cards figure')].map(f => ({"
            "name: f.querySelector('b').textContent, "
            "dots: [...f.querySelectorAll('.dot')].map(d => d.getAttribute('d').split('M').length "
            "- 1).reduce((a, b) => a + b, 0), "
            "rows: [...f.querySelectorAll('tbody tr')].map(r => r.cells[3].textContent)}))")
        operations = {one["name"]: one for one in self.report("night")["operations"]}
        self.assertEqual(len(cards), 17)
        for card in cards:
            last = operations[card["name"]]["last"]
            self.assertEqual(card["dots"], len(last))
            self.assertEqual(len(card["rows"]), len(last))
            for text, record in zip(card["rows"], last):
                self.assertAlmostEqual(nanoseconds(text) / record["duration_ns"], 1, delta=.006)

    def test_without_history_the_page_says_so_and_needs_no_script(self):
        self.open("calm")
        text = self.browser.run("return document.body.innerText")
        self.assertIn("There is no history beside this report", text)
        self.assertEqual(self.browser.run("return document.scripts.length"), 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", required=True, help="the program that writes the pages")
    arguments, rest = parser.parse_known_args()
    Pages.program = arguments.pages
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

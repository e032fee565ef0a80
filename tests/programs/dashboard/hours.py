#!/usr/bin/env python3
"""The dashboard stays as light as it was: a tab that is open for half an hour, and with the label
`long` for one and for eight, of 256 operations whose figures change at each tick. The stand-in's
clock runs ahead: every tick is drawn, and the next one follows at once."""
import argparse
import collections
import copy
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from page import ESCAPE, Page, at, begin_incident  # noqa: E402

TICK_S = 5
TICKS = 15 * 60 // TICK_S   # of a quarter of an hour
ASK_EVERY = 30 // TICK_S    # ticks: the page asks for everything each 30 s
# The first hour fills the charts: their past comes in minutes, and each tick is a point. The heap
# was 5.35 MB after it and 6.10 MB after eight, and once 1 MB more that the next quarter did not
# have. The points of eight hours would be 4.5 MB, the figures of each tick 300 MB.
MOST_GROWTH_MB = 2
MOST_NODES = 20             # a text that is empty now and then is a node now and then
# What the page drew last, once that is the tick of this clock. One script for each tick: scripts
# that ask again and again leave traces on the heap.
DRAWN = """new Promise((good, bad) => {
    const {dataset} = document.documentElement;
    const late = setTimeout(() => bad(new Error('not drawn')), 50000);
    const look = () => {
        if (dataset.clock !== '%s') return;
        watcher.disconnect();
        clearTimeout(late);
        good(dataset.drawMs);
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document.documentElement, {attributes: true});
    look();
})"""

Quarter = collections.namedtuple("Quarter", "heap_mb median_ms least_ms nodes listeners")


class Hours(Page):
    """Ticks that change every figure, incidents that come and go, an operation that is opened."""

    def serve_256(self):
        report = copy.deepcopy(self.night)
        report["operations"] = [copy.deepcopy(report["operations"][i % 19]) for i in range(256)]
        for i, operation in enumerate(report["operations"]):
            operation["name"] = f"OPERATION_{i:03}"
            for window in operation["windows"].values():
                window["histogram"] = window["histogram"][:40]
        self.serve(report, TICK_S)
        self.known.incidents, self.known.stories = [], []
        self.calm = [dict(one["windows"]["1m"]) for one in report["operations"]]
        seed = random.SystemRandom().randrange(1 << 32)
        print(f"\n  seed {seed}", file=sys.stderr)
        self.numbers = random.Random(seed)
        self.ticks = 0
        self.asked = 0
        self.show()
        self.browser.wait("return document.querySelectorAll('.operations tbody tr').length === 40")

    def tick(self):
        """Another tick, drawn. Returns how long that took, in ms."""
        with self.known.lock:
            for one, calm in zip(self.known.report["operations"], self.calm):
                factor = self.numbers.uniform(0.5, 2)
                now = one["windows"]["1m"]
                for figure in ("rate_per_s", "p50_ns", "p95_ns", "p99_ns", "max_ns"):
                    if calm[figure] is not None:
                        now[figure] = calm[figure] * factor
            self.come_and_go()
        self.ticks += 1
        self.daemon.tick()
        if self.ticks % ASK_EVERY == 0:
            # The page's own clock does not run ahead. This tells it to ask for everything.
            asked = self.times_asked()
            self.daemon.send("gap", {"lost": 1})
            self.until(lambda: self.times_asked() > asked, seconds=60)
        clock = time.strftime("%H:%M:%S", time.gmtime(self.known.taken_ms / 1000))
        told = self.browser.devtools("Runtime.evaluate", awaitPromise=True, returnByValue=True,
                                     expression=DRAWN % clock)
        self.assertNotIn("exceptionDetails", told)
        return float(told["result"]["value"])

    def times_asked(self):
        return sum("/metrics" in path for path in self.daemon.requests)

    def come_and_go(self):
        """Each 20 minutes an incident begins. It lasts 5 minutes, and is listed for another 15."""
        minute, rest = divmod(self.ticks * TICK_S, 60)
        known = self.known
        if rest or minute % 5:
            return
        if minute % 20 == 0:
            known.incidents.clear()
            known.stories.clear()
            begin_incident(known, f"{minute:08x}")
        elif minute % 20 == 5:
            known.incidents[0]["ended_at"] = known.stories[0]["until_at"] = at(known.now_ms)

    def look_at_one(self):
        self.open_operation(self.browser.run(
            "return document.querySelector('.operations button.link').textContent"))
        for _ in range(3):
            self.tick()
        self.browser.keys(ESCAPE)
        self.browser.wait("return !document.querySelector('#operation').open")

    def quarter(self):
        """Lives through a quarter of an hour, and measures."""
        self.look_at_one()
        took = sorted(self.tick() for _ in range(TICKS - 3))
        for _ in range(2):   # what a first collection finalises, the second one frees
            self.browser.devtools("HeapProfiler.collectGarbage")
        heap = self.browser.devtools("Runtime.getHeapUsage")["usedSize"] / 1e6
        counters = self.browser.devtools("Memory.getDOMCounters")
        return Quarter(heap, took[len(took) // 2], took[0], counters["nodes"],
                       counters["jsEventListeners"])

    def live_through(self, quarters):
        self.serve_256()
        figures = []
        for _ in range(quarters):
            figures.append(self.quarter())
            print("  {:5.2f} h: heap {:.2f} MB, drawing {:.1f} ms (least {:.1f}), {} nodes, "
                  "{} listeners".format(
                      len(figures) / 4, *figures[-1]), file=sys.stderr)
        return figures

    def check_flat(self, figures, first=4):
        """Compares each quarter of an hour with the first ones, after which the charts are full."""
        full = figures[first - 1]
        for later in figures[first:]:
            self.assertLess(later.heap_mb, full.heap_mb + MOST_GROWTH_MB)
            self.assertLess(later.nodes, full.nodes + MOST_NODES)
            self.assertEqual(later.listeners, full.listeners)
        # Others use the processors, too: the median was three times as long on a busy machine.
        self.assertLess(min(one.least_ms for one in figures[-first:]),
                        2 * min(one.least_ms for one in figures[:first]))


class HalfHour(Hours):
    def test_half_an_hour_of_256_operations_leaves_heap_and_frame_time_flat(self):
        self.check_flat(self.live_through(2), first=1)
        self.click("#operations-more button")
        self.tick()
        self.browser.wait("return document.querySelectorAll('.operations tbody tr').length === 256")
        whole = sorted(self.tick() for _ in range(20))[10]
        print(f"  all 256 rows: drawing {whole:.1f} ms", file=sys.stderr)


class Hour(Hours):
    def test_an_hour_of_256_operations_leaves_heap_and_frame_time_flat(self):
        self.check_flat(self.live_through(5))


class EightHours(Hours):
    def test_eight_hours_of_256_operations_leave_heap_and_frame_time_flat(self):
        begin = time.monotonic()
        self.check_flat(self.live_through(8 * 4))
        print(f"  {time.monotonic() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", required=True, help="the program that writes the page's files")
    parser.add_argument("--pages", required=True, help="the program that writes reports")
    arguments, rest = parser.parse_known_args()
    Page.files, Page.pages = arguments.files, arguments.pages
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

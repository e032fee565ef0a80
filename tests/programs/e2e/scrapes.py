#!/usr/bin/env python3
"""Real Prometheus servers scrape a real daemon that watches a server under load. One takes native
histograms, the other does not."""

import sys
from pathlib import Path

import harness
import ledger
from api import API, LISTENS, Asked

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "prometheus"))
from scraped import BUCKET, HISTOGRAM, Prometheus, samples  # noqa: E402

SCRAPED_EVERY_S = 1
QUANTILES = {"p50_ns": 0.5, "p95_ns": 0.95, "p99_ns": 0.99}
CALLS = 3000          # enough for most quantiles of most operations
WRONG_TOKENS = 7      # fewer than http.wrong_tokens_per_minute
# What is at rest when the traffic is. The others count ticks, requests and processor time.
AT_REST = ("ringside_operations_", "ringside_operation_errors", "ringside_server_operations",
           "ringside_server_errors", "ringside_stage_duration", "ringside_records_",
           f"{HISTOGRAM}_count", f"{HISTOGRAM}_sum")


class Scrapes(Asked, harness.Scenario):
    def prometheus(self, address, *features):
        started = Prometheus([address], *features, interval=f"{SCRAPED_EVERY_S}s")
        self.addCleanup(started.end)
        return started

    def differences(self, daemon, address, server, native):
        """[(query, the daemon's value, that of Prometheus)] where they differ."""
        page = samples(self.of_tcp(daemon, "/metrics").body.decode(), address)
        compared, found = 0, []
        for query, value in page.items():
            if not query.startswith(AT_REST):
                continue
            # A native histogram is one series, and these are functions of it.
            for part in ("count", "sum") if native else ():
                query = query.replace(f"{HISTOGRAM}_{part}{{", f"histogram_{part}({HISTOGRAM}{{")
            query += ")" if query.startswith("histogram_") else ""
            compared += 1
            got = list(server.query(query).values())
            if got != [value]:
                found.append((query, value, got))
        self.assertGreater(compared, 5 * len(harness.OPERATIONS))
        return found

    def agree(self, daemon, address, server, native):
        def look():
            self.found = self.differences(daemon, address, server, native)
            return not self.found
        try:
            server.wait_for("the daemon's figures", look)
        except AssertionError:
            self.assertEqual(self.found, [])
            raise

    def test_both_know_exactly_what_the_daemon_knows(self):
        world = self.world()
        daemon = world.daemon(http='listen = ["127.0.0.1:0"]')
        server = world.server()
        self.known(daemon, world)
        address = ":".join(LISTENS.search(daemon.log()).groups())
        plain = self.prometheus(address)
        native = self.prometheus(address, "native-histograms")
        load = world.load(server, rate=400, seconds=120).begun()
        for one in (plain, native):
            for query in ("sum(rate(ringside_operations_total[10s])) > 0",
                          f"sum(ringside_operations_total) > {CALLS}"):
                one.wait_for(query, lambda one=one, query=query: one.query(query), 60)
        load.interrupted()
        daemon.report_when("everything read",
                           lambda found: ledger.has_all(found, server.totals()))
        for i in range(WRONG_TOKENS):
            self.assertEqual(self.of_tcp(daemon, API + "/metrics", f"rs_{i}").status, 401)

        self.agree(daemon, address, plain, native=False)
        self.agree(daemon, address, native, native=True)
        server_counts = ledger.counts(server.totals())
        for one in (plain, native):
            counted = {dict(labels)["operation"]: count for labels, count in one.query(
                "sum by (operation) (ringside_server_operations_total)").items()}
            self.assertEqual({name: counted.get(name, 0) for name in harness.OPERATIONS},
                             server_counts)
            one.wait_for("the wrong tokens", lambda one=one: list(one.query(
                'ringside_api_refusals_total{reason="rejected_token"}').values()) == [WRONG_TOKENS])
        self.quantiles_agree(world, native)

        for one in (plain, native):
            one.scraped(1)
            self.assertEqual(one.errors(), [])
            self.assertNotRegex(one.log(), "level=(warn|error)")
            self.assertEqual(list(one.query("min_over_time(up[1h])").values()), [1])
        daemon.stop()

    def quantiles_agree(self, world, native):
        """Compares each quantile of each operation with the one in the API's answer."""
        answer = self.of_socket(world, API + "/metrics").json()["data"]
        compared, worst = 0, 1
        for figure, q in QUANTILES.items():
            found = {dict(labels)["operation"]: value for labels, value in native.query(
                f"histogram_quantile({q}, {HISTOGRAM})").items()}
            for operation in answer["operations"]:
                true_ns = operation["windows"]["since_start"][figure]
                if not true_ns:
                    continue   # too few calls for this quantile
                value_ns = found[operation["name"]] * 1e9
                off = max(value_ns / true_ns, true_ns / value_ns)
                self.assertLessEqual(off, BUCKET, (operation["name"], figure, value_ns, true_ns))
                compared, worst = compared + 1, max(worst, off)
        print(f"{compared} quantiles compared; the farthest is {100 * (worst - 1):.2f} % off")
        self.assertGreater(compared, 2 * len(harness.OPERATIONS) * 3 // 4)


if __name__ == "__main__":
    harness.main()

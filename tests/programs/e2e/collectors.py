#!/usr/bin/env python3
"""The daemon pushes its metrics to an OpenTelemetry collector. The collector is a listener of the
test, and protoc reads what it gets by the published description."""

import re
import subprocess
from pathlib import Path

import harness
import ledger
from listeners import Hook

PROTO = Path(__file__).resolve().parents[1] / "prometheus"
OTLP = '[otlp]\nurl = "{}"\ninterval = "1s"\n'


def decoded(body):
    return subprocess.run(
        ["protoc", f"-I{PROTO}", "--decode=opentelemetry.ExportMetricsServiceRequest",
         "otlp.proto"], input=body, stdout=subprocess.PIPE, check=True, cwd=PROTO).stdout.decode()


def server_operations(text):
    """{operation: calls} of a push: what the server has counted."""
    counts = {}
    metric = re.search(r'name: "ringside\.server_operations"\n(.*?)\n    }\n', text, re.S)
    for point in metric.group(1).split("data_points {")[1:] if metric else ():
        name = re.search(r'key: "operation"\s+value {\s+string_value: "(\w+)"', point).group(1)
        value = re.search(r"as_(?:int|double): (\S+)", point)
        counts[name] = counts.get(name, 0) + int(float(value.group(1))) if value else 0
    return counts


class Collectors(harness.Scenario):
    def collector(self, *arguments):
        hook = Hook(*arguments, read=decoded)
        self.addCleanup(hook.end)
        return hook

    def test_a_collector_gets_what_the_server_has_counted(self):
        world = self.world()
        collector = self.collector()
        daemon = world.daemon(tables=OTLP.format(collector.url))
        server = world.server()
        daemon.wait_until("the first push", collector.documents)
        world.load(server, rate=200, seconds=2).result()
        totals = ledger.counts(server.totals())
        daemon.wait_until("a push with every call", lambda: {
            name: server_operations(collector.documents()[-1]).get(name, 0)
            for name in harness.OPERATIONS} == totals)
        _, path, headers, text = collector.requests[-1]
        self.assertEqual((path, headers["Content-Type"]), ("/v1/metrics", "application/x-protobuf"))
        self.assertIsNone(re.search(r"^\s*\d+[: ]", text, re.M), "a field that is not described")
        self.assertIn("exponential_histogram {", text)
        self.assertIn("scale: 5", text)

        # What came after the last push is pushed at the end.
        world.load(server, rate=200, seconds=1).result()
        totals = ledger.counts(server.totals())
        daemon.report_when("everything read", lambda found: ledger.has_all(found, server.totals()))
        daemon.stop()
        last = server_operations(collector.documents()[-1])
        self.assertEqual({name: last.get(name, 0) for name in harness.OPERATIONS}, totals)
        server.stop()

    def test_a_collector_that_is_busy_is_asked_again_and_one_that_refuses_is_not(self):
        world = self.world()
        said = {0: (503, {"Retry-After": "1"}), 1: 400}
        collector = self.collector(lambda n, body: said.get(n, 200))
        daemon = world.daemon(tables=OTLP.format(collector.url))
        daemon.says("otlp: not sent: it answered 503")
        daemon.wait_until("the pushes after it", lambda: len(collector.requests) >= 3)
        times = [at for at, _, _, _ in collector.requests]
        self.assertGreaterEqual(times[1] - times[0], 1)
        # The one that was refused is not sent again: the next push has a later snapshot.
        self.assertNotEqual(collector.requests[1][3], collector.requests[2][3])
        daemon.stop()


if __name__ == "__main__":
    harness.main()

#!/usr/bin/env python3
"""What Prometheus's own programs say of our /metrics: promtool reads the text, protoc the protobuf,
and two real servers scrape it, one with native histograms and one without."""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from fleet import FLEET, queries  # noqa: E402
from scraped import BUCKET, HISTOGRAM, Metrics, Prometheus, samples  # noqa: E402

QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999]


def varint(number):
    out = bytearray()
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    out.append(number)
    return bytes(out)


def messages(delimited):
    """The messages of a body, each without its length."""
    found, at = [], 0
    while at < len(delimited):
        length, shift = 0, 0
        while True:
            byte = delimited[at]
            at += 1
            length += (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        assert at + length <= len(delimited), "the last message is cut off"
        found.append(delimited[at:at + length])
        at += length
    return found


class Pages(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-metrics-")
        cls.path = Path(cls.directory.name)
        print(subprocess.run([cls.program, cls.path], check=True, stdout=subprocess.PIPE,
                             text=True).stdout, end="")

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def truth(self, step, what="truth"):
        return json.loads((self.path / f"{what}-{step}.json").read_text(encoding="utf-8"))


class Read(Pages):
    def test_promtool_finds_no_fault_in_the_text(self):
        for page in sorted(self.path.glob("*.text")):
            with self.subTest(page=page.name), open(page, "rb") as text:
                done = subprocess.run(["promtool", "check", "metrics"], stdin=text, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      check=False)
                self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_protoc_knows_every_field_and_counts_agree_with_the_text(self):
        for page in sorted(self.path.glob("*.protobuf")):
            with self.subTest(page=page.name):
                found = messages(page.read_bytes())
                whole = b"".join(b"\x0a" + varint(len(one)) + one for one in found)
                decoded = subprocess.run(
                    ["protoc", f"-I{HERE}", "--decode=io.prometheus.client.Families",
                     "metrics.proto"], input=whole, stdout=subprocess.PIPE, check=True,
                    cwd=HERE).stdout.decode()
                # protoc writes a field that the description lacks by its number.
                self.assertIsNone(re.search(r"^\s*\d+[: ]", decoded, re.M))
                text = page.with_suffix(".text").read_text(encoding="utf-8")
                self.assertEqual(re.findall(r'^  name: "(.*)"$', decoded, re.M),
                                 re.findall(r"^# TYPE (\S+) ", text, re.M))
                self.assertEqual(
                    [int(one) for one in re.findall(r"^ +sample_count: (\d+)$", decoded, re.M)],
                    [int(one) for one in re.findall(r"^ringside_\S+_count\{.*\} (\d+)$", text,
                                                    re.M)])

    def test_protoc_knows_every_field_of_a_push_and_counts_agree_with_the_text(self):
        for page in sorted(self.path.glob("*.otlp")):
            with self.subTest(page=page.name):
                decoded = subprocess.run(
                    ["protoc", f"-I{HERE}",
                     "--decode=opentelemetry.ExportMetricsServiceRequest", "otlp.proto"],
                    input=page.read_bytes(), stdout=subprocess.PIPE, check=True,
                    cwd=HERE).stdout.decode()
                self.assertIsNone(re.search(r"^\s*\d+[: ]", decoded, re.M))
                text = page.with_suffix(".openmetrics").read_text(encoding="utf-8")
                self.assertEqual(len(re.findall(r"^    metrics \{$", decoded, re.M)),
                                 len(re.findall(r"^# TYPE ", text, re.M)))
                counts = [int(one) for one in
                          re.findall(r"^ringside_\S+_count\{.*\} (\d+)$", text, re.M)]
                # A count of 0 is not written by protoc.
                self.assertEqual(
                    [int(one) for one in re.findall(r"^ +count: (\d+)$", decoded, re.M)],
                    [one for one in counts if one > 0])


class Scraped(Pages):
    """One with native histograms and one without, and both scrape two daemons."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.daemons = [Metrics(cls.program, cls.path / f"{name}-0") for name in ("one", "other")]
        addresses = [daemon.address for daemon in cls.daemons]
        alerts = FLEET / "alerts.yml"
        cls.plain = Prometheus(addresses, "exemplar-storage",
                               rules=[FLEET / "recording_classic.yml", alerts])
        cls.native = Prometheus(addresses, "exemplar-storage", "native-histograms",
                                rules=[FLEET / "recording.yml", alerts])
        # The first scrapes of each, then those after some time has passed.
        for step in (0, 1):
            for daemon, name in zip(cls.daemons, ("one", "other")):
                daemon.stem = cls.path / f"{name}-{step}"
            total = cls.truth(cls, step)[""]["count"]
            cls.plain.wait_for(f"step {step}", lambda: cls.plain.query(
                f"sum({HISTOGRAM}_count)") == {(): total})
            cls.native.wait_for(f"step {step}", lambda: cls.native.query(
                f"histogram_count(sum({HISTOGRAM}))") == {(): total})

    @classmethod
    def tearDownClass(cls):
        for one in (cls.plain, cls.native, *cls.daemons):
            one.end()
        super().tearDownClass()

    def forms(self):
        return {form for daemon in self.daemons for _, form in daemon.answered}

    def test_each_gets_the_form_that_it_asks_for_and_finds_no_error(self):
        self.assertEqual(self.forms(), {"openmetrics", "protobuf"})
        for server in (self.plain, self.native):
            server.scraped(2)
            self.assertEqual(server.errors(), [])
            self.assertNotRegex(server.log(), "level=(warn|error)")

    def test_every_sample_arrives(self):
        # Native histograms are one series instead of twenty.
        text = (self.path / "one-1.openmetrics").read_text(encoding="utf-8")
        address = self.daemons[0].address
        sent = samples(text, address)
        self.assertEqual(len(sent), len([line for line in text.splitlines() if line[0] != "#"]))
        histograms = [query for query in sent if query.startswith(HISTOGRAM)]
        operations = len(self.truth(1)) - 1
        self.assertEqual(len(histograms), operations * 20)
        count = f'count({{__name__=~"ringside_.+",instance="{address}"}})'
        self.assertEqual(self.plain.query(count), {(): len(sent)})
        self.assertEqual(self.native.query(count), {(): len(sent) - len(histograms) + operations})
        for query, value in sent.items():
            if query.startswith(("ringside_operations_total", "ringside_stage_duration")):
                for server in (self.plain, self.native):
                    self.assertEqual(list(server.query(query).values()), [value], query)

    def agree(self, found, expected, worst):
        """Each found quantile is within `worst` of the true one."""
        self.assertEqual(len(found), len(expected))
        for labels, value in found.items():
            true = expected[dict(labels).get("operation", "")]
            self.assertLessEqual(max(value / true, true / value), worst, f"{labels} {value} {true}")

    def test_quantiles_over_both_daemons_agree_with_the_truth_within_a_bucket(self):
        truth = self.truth(1)
        everything = truth.pop("")
        for q in QUANTILES:
            with self.subTest(q=q):
                expected = {name: one[str(q)] for name, one in truth.items()}
                self.agree(self.native.query(
                    f"histogram_quantile({q}, sum by (operation) ({HISTOGRAM}))"), expected, BUCKET)
                self.agree(self.native.query(f"histogram_quantile({q}, sum({HISTOGRAM}))"),
                           {"": everything[str(q)]}, BUCKET)

    def test_quantiles_of_a_rate_are_those_of_the_calls_between_the_scrapes(self):
        added = self.truth(1, "added")
        everything = added.pop("")
        one = f'{HISTOGRAM}{{instance="{self.daemons[0].address}"}}[5m]'
        for q in QUANTILES:
            with self.subTest(q=q):
                self.agree(self.native.query(f"histogram_quantile({q}, sum(rate({one})))"),
                           {"": everything[str(q)]}, BUCKET)
                self.agree(self.native.query(
                    f"histogram_quantile({q}, sum by (operation) (rate({one})))"),
                    {name: figures[str(q)] for name, figures in added.items()}, BUCKET)

    def test_classic_buckets_agree_within_theirs(self):
        truth = self.truth(1)
        truth.pop("")
        for q in (0.5, 0.95):
            found = self.plain.query(
                f"histogram_quantile({q}, sum by (operation, le) ({HISTOGRAM}_bucket))")
            # The widest are four octaves' half: two.
            self.agree(found, {name: one[str(q)] for name, one in truth.items()}, 4)

    def test_exemplars_lead_to_lane_and_position(self):
        for server, least in ((self.plain, 2), (self.native, 1)):
            found = server.api("query_exemplars", query=f'{{__name__=~"{HISTOGRAM}.*"}}',
                               start="0", end="9999999999")
            exemplars = [one for series in found for one in series["exemplars"]]
            self.assertGreaterEqual(len(exemplars), least * 2)
            for one in exemplars:
                self.assertEqual(set(one["labels"]), {"ring", "lane", "position"})
                self.assertEqual(one["labels"]["ring"], "chat")
                self.assertIn(one["labels"]["lane"], ("7", "8"))
            # The longest one of each operation is there.
            self.assertEqual({one["labels"]["position"] for one in exemplars
                              if one["labels"]["lane"] == "7"},
                             {str(i) for i in range(len(self.truth(1)) - 1)})

    def test_the_rules_record_and_the_dashboard_has_something_to_show(self):
        names = re.findall(r"record: (\S+)", (FLEET / "recording.yml").read_text())
        for server in (self.plain, self.native):
            for name in names:
                server.wait_for(name, lambda: server.query(name))
            for group in server.api("rules")["groups"]:
                self.assertEqual({rule.get("lastError", "") for rule in group["rules"]}, {""})
        for query in queries():
            with self.subTest(query=query):
                found = self.native.api("query", query=query)["result"]
                # Nothing was made anew while we looked.
                self.assertEqual(bool(found), "changes(" not in query)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", required=True)
    known, rest = parser.parse_known_args()
    Pages.program = known.pages
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""The files of tools/fleet: promtool checks and tries the rules, and every name in them is one that
we render."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
FLEET = HERE.parents[2] / "tools/fleet"


def queries():
    """Each query of the dashboard, with its variables filled in."""
    dashboard = json.loads((FLEET / "dashboard.json").read_text(encoding="utf-8"))
    found = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    found += [one["expr"] for one in dashboard["annotations"]["list"]]
    return [one.replace("$__rate_interval", "1m").replace("$ring", ".*")
            .replace("$operation", ".*") for one in found]


class Fleet(unittest.TestCase):
    program = None

    def promtool(self, *arguments, cwd=FLEET):
        done = subprocess.run(["promtool", *arguments], cwd=cwd, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_promtool_finds_no_fault_in_the_rules(self):
        self.promtool("check", "rules", *sorted(one.name for one in FLEET.glob("*.yml")))

    def test_rules_fire_when_they_must_and_only_then(self):
        with tempfile.TemporaryDirectory() as directory:
            for path in (*FLEET.glob("*.yml"), HERE / "rules_test.yml"):
                shutil.copy(path, directory)
            self.promtool("test", "rules", "rules_test.yml", cwd=directory)

    def test_every_alert_is_tried(self):
        tried = set(re.findall(r"alertname: (\w+)", (HERE / "rules_test.yml").read_text()))
        self.assertEqual(
            set(re.findall(r"- alert: (\w+)", (FLEET / "alerts.yml").read_text())), tried)

    def test_both_recordings_have_the_same_names(self):
        names = [re.findall(r"record: (\S+)", (FLEET / name).read_text())
                 for name in ("recording.yml", "recording_classic.yml")]
        self.assertEqual(*names)

    def test_every_metric_that_is_named_is_one_that_we_render(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([self.program, directory], check=True, stdout=subprocess.PIPE)
            rendered = set()
            for page in Path(directory).glob("*.text"):
                for line in page.read_text(encoding="utf-8").splitlines():
                    if line.startswith("# TYPE "):
                        _, _, name, kind = line.split()
                        rendered.add(name)
                        if kind in ("histogram", "summary"):
                            rendered |= {f"{name}_sum", f"{name}_count"}
                        if kind == "histogram":
                            rendered.add(f"{name}_bucket")
        recorded = set(re.findall(r"record: (\S+)", (FLEET / "recording.yml").read_text()))
        for path in (*FLEET.glob("*.yml"), FLEET / "dashboard.json", FLEET / "README.md"):
            text = path.read_text(encoding="utf-8")
            with self.subTest(path=path.name):
                self.assertEqual(set(re.findall(r"\bringside_[a-z0-9_]+\b", text)) - rendered,
                                 set())
                self.assertEqual(set(re.findall(r"\bringside:[a-z0-9_:]+\b", text)) - recorded,
                                 set())

    def test_the_page_of_the_metrics_names_all_of_them_and_no_other(self):
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run([self.program, directory], check=True, stdout=subprocess.PIPE)
            rendered = {name for page in Path(directory).glob("*.text")
                        for name in re.findall(r"^# TYPE (\S+) ", page.read_text(encoding="utf-8"),
                                               re.M)}
        page = (HERE.parents[2] / "report/README.md").read_text(encoding="utf-8")
        table = page[page.index("## The metrics"):]
        named = set(re.findall(r"`(ringside_[a-z0-9_]+)(?=`)", table))
        families = re.findall(r"`(ringside_[a-z0-9_]+_)…`", table)
        self.assertEqual({one for one in rendered - named
                          if not one.startswith(tuple(families))}, set())
        self.assertEqual(named - rendered, set())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", required=True)
    known, rest = parser.parse_known_args()
    Fleet.program = known.pages
    unittest.main(argv=[sys.argv[0], *rest])

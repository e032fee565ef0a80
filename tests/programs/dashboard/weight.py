"""What the page weighs, and how soon it is there."""
import gzip
import json
import sys

from page import Page


class Weighs(Page):
    def test_it_weighs_under_500_kb_and_paints_within_a_second(self):
        files = json.loads((self.path / "files.json").read_text(encoding="utf-8"))
        bytes_ = [(self.path / one["name"]).read_bytes() for one in files.values()]
        whole, packed = sum(map(len, bytes_)), sum(len(gzip.compress(one)) for one in bytes_)
        self.serve()
        self.show()
        self.browser.open(self.daemon.address)  # signed in
        self.browser.wait("return document.querySelectorAll('.operations tbody tr').length > 0")
        paint = self.browser.run("return performance.getEntriesByName('first-contentful-paint')[0]"
                                 ".startTime")
        print(f"\n  {whole:,} bytes, {packed:,} with gzip; first paint after {paint:.0f} ms",
              file=sys.stderr)
        self.assertLess(whole, 500_000)

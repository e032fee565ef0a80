#!/usr/bin/env python3
"""Compares what the reader in Python shows for the id of an address with the table of
shm/README.md, and with what inet_ntop() says of the bits that an id keeps."""

import argparse
import random
import re
import sys
import unittest
from pathlib import Path
from socket import AF_INET, AF_INET6, inet_ntop

import reader

PAGE = ""


class Addresses(unittest.TestCase):
    def test_the_page_says_how_each_kind_is_shown(self):
        part = PAGE.split("### Addresses")[1].split("###")[0]
        rows = re.findall(r"is (0x[0-9a-f]+) \| `([^`]+)` \|$", part, re.M)
        self.assertEqual(len(rows), 4)
        for identity, shown in rows:
            self.assertEqual(reader.address_text(int(identity, 16)), shown)

    def test_ipv4_and_networks_are_shown_as_the_system_shows_them(self):
        numbers = random.Random(5)
        for _ in range(1000):
            ipv4 = numbers.getrandbits(32)
            self.assertEqual(reader.address_text(ipv4), inet_ntop(AF_INET, ipv4.to_bytes(4, "big")))
            network = 0x2000 << 48 | numbers.getrandbits(60) & numbers.getrandbits(60)
            self.assertEqual(reader.address_text(network),
                             inet_ntop(AF_INET6, network.to_bytes(8, "big") + bytes(8)) + "/64")

    def test_the_ends_of_each_kind(self):
        for identity, text in ((0, "0.0.0.0"), (0xFFFFFFFF, "255.255.255.255"),
                               (0x100000000, "::0"), (0x1ABCD0001, "::abcd:1"),
                               (0x200000000, "0:2::/64"), (0xFE7F000000000000, "fe7f::/64"),
                               (0xFE80000000000001, "fe80::…:0:0:1")):
            self.assertEqual(reader.address_text(identity), text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", type=Path, required=True)
    known, rest = parser.parse_known_args()
    PAGE = known.page.read_text(encoding="utf-8")
    unittest.main(argv=[sys.argv[0], *rest])

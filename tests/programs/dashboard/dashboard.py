#!/usr/bin/env python3
"""Goes through the dashboard in a real headless browser: signs in, watches an incident, acts on it,
loses the daemon and finds it again; with hostile names, with the keyboard alone, in dark and light,
as desktop and phone."""
import argparse
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from access import Reaches  # noqa: E402, F401
from connection import Connects  # noqa: E402, F401
from documents import StandInAnswers  # noqa: E402
from page import Page  # noqa: E402
from real_server import RealServer  # noqa: E402
from showing import HostileNames, Shows  # noqa: E402, F401
from signing_in import Acts, SignsIn  # noqa: E402, F401
from weight import Weighs  # noqa: E402, F401

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", required=True, help="the program that writes the page's files")
    parser.add_argument("--pages", required=True, help="the program that writes reports")
    parser.add_argument("--answers", required=True, help="the program that writes openapi.json")
    parser.add_argument("--served", required=True, help="the program that serves the page")
    arguments, rest = parser.parse_known_args()
    Page.files, Page.pages = arguments.files, arguments.pages
    RealServer.served = arguments.served
    StandInAnswers.answers = arguments.answers
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

"""The stand-in against the API's OpenAPI document: otherwise the page would be tested with answers
that no daemon gives."""
import json
import pathlib
import subprocess
import tempfile
import unittest
import urllib.request

import jsonschema
from known import Known
from page import TOKEN, Page, begin_incident
from stand_in import API, StandIn

SCHEMAS = "#/components/schemas/"


class StandInAnswers(unittest.TestCase):
    answers = None  # the program that writes the document as it is served

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-dashboard-")
        path = pathlib.Path(cls.directory.name)
        for program in (Page.pages, Page.files, cls.answers):
            subprocess.run([program, path], check=True, stdout=subprocess.DEVNULL)
        cls.document = json.loads((path / "openapi.json").read_text(encoding="utf-8"))
        cls.known = Known(json.loads((path / "night.json").read_text(encoding="utf-8")))
        begin_incident(cls.known)
        cls.daemon = StandIn(cls.known, path, {TOKEN: "admin"})

    @classmethod
    def tearDownClass(cls):
        cls.daemon.stop()
        cls.directory.cleanup()

    def ask(self, path, body=None):
        request = urllib.request.Request(
            self.daemon.address[:-1] + API + path, headers={"Authorization": f"Bearer {TOKEN}"},
            data=None if body is None else json.dumps(body).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return json.load(answer)

    def check(self, schema, value):
        validator = jsonschema.Draft202012Validator(
            {**schema, "components": self.document["components"]})
        self.assertEqual([f"{list(error.absolute_path)}: {error.message[:200]}"
                          for error in validator.iter_errors(value)][:5], [])

    def test_what_it_answers_is_as_the_document_says(self):
        for route, path, body in (
                ("metrics", "metrics", None), ("metrics", "metrics?window=1m", None),
                ("alerts", "alerts", None), ("history", "history?figure=p95_ns,rate_per_s", None),
                ("history", "history?figure=p95_ns&operation=*&since=1h", None),
                ("operations/{name}", "operations/SEND_MESSAGE", None),
                ("alerts", "alerts", {"action": "clear", "incidents": ["77aa10c2"], "why": "x",
                                      "dry_run": True})):
            with self.subTest(path=path):
                what = self.document["paths"][API + route]["post" if body else "get"]
                schema = what["responses"]["200"]["content"]["application/json"]["schema"]
                self.check(schema, self.ask(path, body))

    def test_what_it_streams_is_as_the_document_says(self):
        self.check({"$ref": SCHEMAS + "stream_hello"}, self.known.hello())
        self.check({"$ref": SCHEMAS + "stream_tick"}, self.known.tick())

    def test_what_the_page_sends_is_as_the_document_says(self):
        for body in ({"action": "clear", "incidents": ["a"], "who": "ana", "why": "b"},
                     {"action": "silence", "ids": ["a"], "why": "b", "for": "30min"},
                     {"action": "unsilence", "ids": ["a"], "why": "preview", "dry_run": True}):
            self.check({"$ref": SCHEMAS + "alert_request"}, body)

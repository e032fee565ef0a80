#!/usr/bin/env python3
"""Holds the JSON report against report/render/report.schema.json, both ways: every key that is
written is in the schema, every required key is written, and every key of the schema is seen."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema
from reader import note_keys, objects_of

DOCUMENTS = ["night", "hostile", "compared", "days", "calm", "nothing", "ones", "numbered"]


class Schema(unittest.TestCase):
    pages = None
    path = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-schema-")
        subprocess.run([cls.pages, cls.directory.name], check=True, stdout=subprocess.DEVNULL)
        cls.documents = {
            name: json.loads((pathlib.Path(cls.directory.name) / f"{name}.json").read_text("utf-8"))
            for name in DOCUMENTS}

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def schema(self):
        return json.loads(self.path.read_text(encoding="utf-8"))

    def strict(self):
        """The schema for which a key that it does not know is an error."""
        schema = self.schema()
        for _, part in objects_of(schema):
            part["additionalProperties"] = False
        return schema

    def errors(self, document, schema):
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]

    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(self.schema())

    def test_every_key_that_is_written_is_in_the_schema_and_every_required_one_is_written(self):
        for name, document in self.documents.items():
            with self.subTest(document=name):
                self.assertEqual(self.errors(document, self.strict())[:5], [])

    def test_every_key_of_the_schema_is_written_by_some_document(self):
        schema = self.schema()
        seen = set()
        for document in self.documents.values():
            note_keys(schema, schema, document, seen)
        for path, part in objects_of(schema):
            unseen = [key for key in part["properties"] if (id(part), key) not in seen]
            self.assertEqual(unseen, [], path)

    def test_what_is_missing_or_of_another_kind_is_found(self):
        night = self.documents["night"]
        without = {key: value for key, value in night.items() if key != "books"}
        self.assertIn("'books' is a required property", self.errors(without, self.schema())[0])
        self.assertTrue(self.errors({**night, "tick": "1"}, self.schema()))
        self.assertTrue(self.errors({**night, "taken_at": "yesterday"}, self.schema()))
        self.assertTrue(self.errors({**night, "ringside_report": 3}, self.schema()))
        # Fields may be added: who reads with an older schema does not fail.
        self.assertEqual(self.errors({**night, "new": 1}, self.schema()), [])
        self.assertTrue(self.errors({**night, "new": 1}, self.strict()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", required=True, help="the program that writes the documents")
    parser.add_argument("--schema", required=True, type=pathlib.Path)
    arguments, rest = parser.parse_known_args()
    Schema.pages, Schema.path = arguments.pages, arguments.schema
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

#!/usr/bin/env python3
"""Holds the API's answers against its OpenAPI document, both ways: every route is in the document
and the other way round, every answer is as its response says, every key and every code that the
document has of its own is written by some answer."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema
from reader import note_keys, objects_of, resolved

NOT_OF_THE_ROUTES = {"stream", "exposition"}
# The server says these, before a route is asked.
CODES_OF_THE_SERVER = {
    "busy", "token_needed", "invalid_token", "insufficient_scope", "body_too_large",
    "too_many_wrong_tokens", "too_many_connections", "too_many_streams", "invalid_request",
    "bad_head", "bad_target", "bad_host", "host_needed", "doubled_field", "bad_content_length",
    "two_lengths", "bad_transfer_encoding", "unexpected_body", "bad_body", "unknown_content_type"}


def media_type(text):
    return text.split(";")[0]


class Api(unittest.TestCase):
    answers_program = None
    source = None

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="ringside-api-")
        subprocess.run([cls.answers_program, cls.directory.name], check=True)
        directory = pathlib.Path(cls.directory.name)
        load = lambda path: json.loads(path.read_text(encoding="utf-8"))
        cls.routes = load(directory / "routes.json")
        cls.document = load(directory / "openapi.json")
        cls.answers = [load(path) for path in sorted(directory.glob("answer-*.json"))]
        cls.events = [load(path) for path in sorted(directory.glob("event-*.json"))]
        # Of this copy an unknown key is an error.
        cls.strict = json.loads(json.dumps(cls.document))
        for _, part in objects_of(cls.strict):
            part.setdefault("additionalProperties", False)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def errors(self, schema, value):
        root = {"components": self.strict["components"], **schema}
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
                for error in jsonschema.Draft202012Validator(root).iter_errors(value)][:5]

    def operation(self, document, answer):
        return document["paths"][answer["route"]][answer["method"]]

    def content(self, document, answer):
        """The part of the document that says how this answer's body is; None: it has none."""
        response = resolved(document, self.operation(document, answer)["responses"]
                            [str(answer["status"])])
        content = response.get("content")
        return None if content is None else content[media_type(answer["type"])]["schema"]

    def test_the_routes_are_those_of_the_document(self):
        documented = {(path, method) for path, methods in self.document["paths"].items()
                      for method in methods}
        self.assertEqual(documented, {(route["path"], route["method"]) for route in self.routes})

    def test_the_scope_of_each_route_is_the_documented_one(self):
        for route in self.routes:
            operation = self.document["paths"][route["path"]][route["method"]]
            with self.subTest(route=route["path"]):
                security = operation.get("security", self.document["security"])
                open_to_all = security == [] or {} in security
                self.assertEqual(route["scope"] == "none", open_to_all)
                if not open_to_all:
                    self.assertIn(f"Scope {route['scope']}.", operation["description"])
                self.assertEqual(route["most_body_bytes"] > 0, "requestBody" in operation)

    def test_the_schemas_are_schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            with self.subTest(schema=name):
                jsonschema.Draft202012Validator.check_schema(schema)

    def test_an_answer_has_the_etag_that_its_response_says(self):
        for answer in self.answers:
            response = self.operation(self.document, answer)["responses"][str(answer["status"])]
            header = resolved(self.document, response).get("headers", {}).get("ETag")
            with self.subTest(path=answer["path"], query=answer["query"]):
                self.assertEqual("ETag" in answer["headers"], header is not None)
                if header is not None:
                    pattern = resolved(self.document, header)["schema"]["pattern"]
                    self.assertRegex(answer["headers"]["ETag"], pattern)

    def test_every_answer_is_as_its_response_says(self):
        for answer in self.answers:
            with self.subTest(path=answer["path"], query=answer["query"], status=answer["status"],
                              sent=answer["request_body"]):
                self.assertIn(str(answer["status"]),
                              self.operation(self.document, answer)["responses"])
                schema = self.content(self.strict, answer)
                if schema is None:
                    self.assertEqual(answer["body"], "")
                elif media_type(answer["type"]).endswith("json"):
                    self.assertEqual(self.errors(schema, json.loads(answer["body"])), [])

    def test_every_problem_has_a_code_of_its_response(self):
        for answer in self.answers:
            if answer["status"] < 400:
                continue
            with self.subTest(path=answer["path"], query=answer["query"]):
                response = resolved(self.document, self.operation(self.document, answer)
                                    ["responses"][str(answer["status"])])
                problem = json.loads(answer["body"])
                self.assertIn(problem["code"], response["x-codes"])
                self.assertEqual(problem["status"], answer["status"])

    def test_every_route_and_every_type_of_it_is_seen(self):
        seen = {(answer["route"], answer["method"], str(answer["status"]))
                for answer in self.answers}
        types = {(answer["route"], media_type(answer["type"])) for answer in self.answers}
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if operation["operationId"] in NOT_OF_THE_ROUTES:
                    continue
                with self.subTest(route=path, method=method):
                    self.assertIn((path, method, "200"), seen)
                    for media in operation["responses"]["200"]["content"]:
                        self.assertIn((path, media), types)

    def test_every_code_is_written_by_some_answer(self):
        written = {json.loads(answer["body"])["code"] for answer in self.answers
                   if answer["status"] >= 400}
        listed = {code for response in self.document["components"]["responses"].values()
                  for code in response.get("x-codes", [])}
        self.assertEqual(sorted(listed - written - CODES_OF_THE_SERVER), [])

    def test_every_key_of_the_documents_own_schemas_is_written_by_some_answer(self):
        seen = set()
        for answer in self.answers:
            schema = self.content(self.document, answer)
            if schema is not None and media_type(answer["type"]).endswith("json"):
                note_keys(self.document, schema, json.loads(answer["body"]), seen)
            if answer["request_body"] and answer["status"] < 400:
                note_keys(self.document, {"$ref": "#/components/schemas/alert_request"},
                          json.loads(answer["request_body"]), seen)
        for event in self.events:
            note_keys(self.document, self.event_schema(event), json.loads(event["data"]), seen)
        own = json.loads(self.source.read_text(encoding="utf-8"))["components"]["schemas"]
        for name in own:
            for _, part in objects_of(self.document["components"]["schemas"][name]):
                unseen = [key for key in part["properties"] if (id(part), key) not in seen]
                self.assertEqual(unseen, [], name)

    def event_schema(self, event):
        name = "transition" if event["event"] == "alert" else f"stream_{event['event']}"
        return {"$ref": f"#/components/schemas/{name}"}

    def test_every_event_is_as_its_schema_says(self):
        self.assertEqual({event["event"] for event in self.events},
                         {"hello", "tick", "alert", "gap"})
        for event in self.events:
            with self.subTest(event=event["event"]):
                self.assertNotIn("\n", event["data"])
                self.assertEqual(self.errors(self.event_schema(event), json.loads(event["data"])),
                                 [])

    def test_a_wrong_answer_is_found(self):
        answer = next(one for one in self.answers if one["path"].endswith("/metrics") and
                      one["status"] == 200)
        schema = self.content(self.strict, answer)
        body = json.loads(answer["body"])
        self.assertTrue(self.errors(schema, {**body, "more": 1}))
        self.assertTrue(self.errors(schema, {"data": body["data"]}))
        body["data"]["operations"][0]["threshold"]["response_ms"] = "1000"
        self.assertTrue(self.errors(schema, body))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", required=True, help="the program that writes the answers")
    parser.add_argument("--source", required=True, type=pathlib.Path, help="openapi.json")
    arguments, rest = parser.parse_known_args()
    Api.answers_program, Api.source = arguments.answers, arguments.source
    unittest.main(argv=sys.argv[:1] + rest, verbosity=2)

"""Reads JSON schemas, also inside of an OpenAPI document: which keys one describes, and which of
them a document has."""


def resolved(root, schema):
    """A part of the schema `root`, behind its references."""
    while isinstance(schema, dict) and "$ref" in schema:
        part = root
        for step in schema["$ref"][2:].split("/"):
            part = part[step.replace("~1", "/").replace("~0", "~")]
        schema = part
    return schema


def objects_of(schema, path="$"):
    """Each part of the schema that describes an object, with its place."""
    if isinstance(schema, dict):
        if "properties" in schema and schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from objects_of(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for i, value in enumerate(schema):
            yield from objects_of(value, f"{path}[{i}]")


def note_keys(root, schema, value, seen):
    """Adds (part of the schema, key) for each key of a document."""
    schema = resolved(root, schema)
    for one in schema.get("anyOf", []):  # here always something or null
        if value is not None and one.get("type") != "null":
            note_keys(root, one, value, seen)
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in schema.get("properties", {}):
                seen.add((id(schema), key))
                note_keys(root, schema["properties"][key], inner, seen)
            elif isinstance(schema.get("additionalProperties"), dict):
                note_keys(root, schema["additionalProperties"], inner, seen)
    elif isinstance(value, list) and "items" in schema:
        for inner in value:
            note_keys(root, schema["items"], inner, seen)

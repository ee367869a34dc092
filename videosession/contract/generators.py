"""Simplifies the OpenAPI document for client generators.

It drops what they cannot read and clients do not need: the recursion of JSON values, the defaults of fields in
requests, and the pictures that are also available by `Accept`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from videosession.contract.bodies import JSON
from videosession.contract.shapes import JSON_VALUES

Document = dict[str, Any]

ANY_VALUE = {"description": "Any JSON value; integers must fit into 64 signed bits."}


def readable(document: Document) -> Document:
    """Return a copy without recursive schemas, defaults in requests, and alternatives to JSON answers."""
    simplified = copy.deepcopy(document)
    schemas = simplified["components"]["schemas"]
    for name in JSON_VALUES:
        schemas[name] = ANY_VALUE  # recursive schemas become "any" in some generators, and errors in others
    for name in set(_requested(simplified)):
        for field in schemas[name].get("properties", {}).values():
            field.pop("default", None)  # some generators treat a field with a default as required
    for operations in simplified["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["schema"]["type"] == "string":
                    parameter["schema"].pop("default", None)
            _keep_json(operation["responses"])
    return simplified


def _keep_json(responses: Document) -> None:
    """Drop pictures and tables where there is JSON, too."""
    for response in responses.values():
        content = response.get("content", {})
        if JSON in content:
            response["content"] = {name: value for name, value in content.items() if name == JSON or "schema" in value}


def _requested(document: Document) -> Iterator[str]:
    """Yield the names of the schemas that request bodies refer to."""
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from _references(operation.get("requestBody", {}))


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        part = list(part.values())
    for inner in part if isinstance(part, list) else []:
        yield from _references(inner)

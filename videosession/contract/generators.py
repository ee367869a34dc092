"""The OpenAPI document as generators of clients can read it.

Left out is what they cannot read and a client does not need: that JSON values nest, what the
service takes a missing field for, and that a picture can be had by `Accept`, too.
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
    """Return a document without recursive schemas, defaults in requests, and second media types of an answer."""
    told = copy.deepcopy(document)
    schemas = told["components"]["schemas"]
    for name in JSON_VALUES:
        schemas[name] = ANY_VALUE  # recursive ones end in "any" with some generators, and in errors with others
    for name in set(_requested(told)):
        for field in schemas[name].get("properties", {}).values():
            field.pop("default", None)  # some take a field with a default for a required one
    for operations in told["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["schema"]["type"] == "string":
                    parameter["schema"].pop("default", None)
            _keep_json(operation["responses"])
    return told


def _keep_json(responses: Document) -> None:
    """Drop pictures and tables beside JSON: they have paths of their own."""
    for response in responses.values():
        content = response.get("content", {})
        if JSON in content:
            response["content"] = {name: value for name, value in content.items() if name == JSON or "schema" in value}


def _requested(document: Document) -> Iterator[str]:
    """Yield the names of the schemas that requests are made of."""
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

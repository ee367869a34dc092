"""Every validation message is a predicate that follows the pointer: "must be …", "is required"."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema, ValidationError, fields, validate

from videosession.app import create_app  # noqa: F401  imports every module that has schemas
from videosession.contract.queries import Query
from videosession.contract.shapes import Shape

PREDICATE = re.compile(r"(must|is|has) .*[^.]", re.DOTALL)
VALUES: list[Any] = [None, 0, 1.5, True, "", "x" * 6000, "\ud800", [], {}, [{}], {"": 1}]


def schemas(base: type[Schema]) -> list[type[Schema]]:
    below = [each for child in base.__subclasses__() for each in schemas(child)]
    return [base, *below]


def messages(faults) -> Iterator[str]:
    """Return the messages in marshmallow's nested ones."""
    if isinstance(faults, dict):
        for inner in faults.values():
            yield from messages(inner)
    else:
        yield from (getattr(fault, "detail", fault) for fault in faults)


def refusals(schema: Schema) -> Iterator[str]:
    """Return a schema's messages about each of its fields, for values of every kind."""
    for value in VALUES:
        sent = {field.data_key or name: value for name, field in schema.load_fields.items()} | {"unknown": 1}
        for body in (value, sent, {}):
            try:
                schema.load(body)
            except ValidationError as error:
                yield from messages(error.messages)


@pytest.mark.parametrize("schema", schemas(Shape), ids=lambda schema: schema.__name__)
def test_every_message_of_a_body_is_a_predicate_without_a_full_stop(schema):
    assert {message for message in refusals(schema()) if not PREDICATE.fullmatch(message)} == set()


@pytest.mark.parametrize("schema", schemas(Query), ids=lambda schema: schema.__name__)
def test_every_message_of_a_query_is_a_predicate_without_a_full_stop(schema):
    loader = schema()
    said = [text for field in loader.fields.values() for text in field.error_messages.values()]
    said += [validator.error for field in loader.fields.values() for validator in field.validators]
    assert {message for message in said if not PREDICATE.fullmatch(message)} == set()


FIELDS = {
    "required": (fields.String(required=True), {}, "is required"),
    "null": (fields.String(), {"field": None}, "must not be null"),
    "a string": (fields.String(), {"field": 1}, "must be a string"),
    "a short string": (fields.String(validate=validate.Length(1, 9)), {"field": ""}, "must have 1 to 9 characters"),
    "a long string": (
        fields.String(validate=validate.Length(max=3)),
        {"field": "four"},
        "must have at most 3 characters",
    ),
    "a number": (fields.Float(), {"field": "x"}, "must be a number"),
    "in a range": (fields.Integer(validate=validate.Range(1, 5)), {"field": 9}, "must be 1 to 5"),
    "above": (
        fields.Float(validate=validate.Range(0, 5, min_inclusive=False)),
        {"field": 0},
        "must be greater than 0 and at most 5",
    ),
    "items": (fields.List(fields.String(), validate=validate.Length(1, 2)), {"field": []}, "must have 1 to 2 items"),
    "an item": (fields.List(fields.String()), {"field": [1]}, "must be a string"),
    "unknown": (fields.String(), {"other": 1}, "is not a known field"),
}


@pytest.mark.parametrize("case", FIELDS.values(), ids=FIELDS)
def test_a_validation_message_says_what_is_expected(case):
    field, sent, message = case
    with pytest.raises(ValidationError) as caught:
        Shape.from_dict({"field": field})().load(sent)
    assert list(messages(caught.value.messages)) == [message]


@pytest.fixture
def app(shared_app) -> Flask:
    return shared_app


@pytest.mark.parametrize("timestamp", [1772359200, "yesterday", True, "2026-03-01T10:00:00"])
def test_a_number_as_timestamp_gets_the_same_message_as_an_invalid_instant(client, timestamp):
    session = client.post("/api/sessions", {"title": "A film"}).json["id"]
    answer = client.append(session, {"type": "play", "timestamp": timestamp})
    [fault] = answer.json["errors"]
    assert fault["pointer"] == "/timestamp"
    assert fault["detail"].startswith("must be an RFC 3339 instant with a zone, such as 2026-01-31T12:00:00.000Z")

"""The fields of answers, each with what it means."""

from typing import Any

from marshmallow import Schema, fields

OMITTED_NODES = "How many nodes of fewer sessions are not listed; absent if none."
OMITTED_BINS = (
    "How many of the nodes lack the bins of some days, where hostile sessions have very many nodes; absent if none."
)
OMITTED_EDGES = "How many edges that were taken less are not listed; absent if none."
PENDING = "Sessions whose latest events are not counted yet: ask again. 0 where the answer covers everything."
RANGES = "where the bins stand out by two standard deviations, the 10 largest"


def count(meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.Integer(required=True, metadata={"description": meaning}, **options)


def optional(meaning: str) -> fields.Field[Any]:
    return fields.Integer(metadata={"description": meaning})


def number(meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.Float(required=True, metadata={"description": meaning}, **options)


def share(meaning: str) -> fields.Field[Any]:
    return fields.Float(required=True, allow_none=True, metadata={"description": meaning})


def text(meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.String(required=True, metadata={"description": meaning}, **options)


def flag(meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.Boolean(required=True, metadata={"description": meaning}, **options)


def node(meaning: str = "The node; null for one without a name.") -> fields.Field[Any]:
    return text(meaning, allow_none=True)


def counts(meaning: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Integer(allow_none=none), required=True, metadata={"description": meaning})


def numbers(meaning: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Float(allow_none=none), required=True, metadata={"description": meaning})


def some(schema: type[Schema], meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.List(fields.Nested(schema), required=True, metadata={"description": meaning}, **options)

"""The fields of answers, each with what it means."""

from typing import Any

from marshmallow import Schema, fields

OMITTED_NODES = "The number of nodes, those with the fewest sessions, that are not listed; absent if none."
OMITTED_BINS = (
    "The number of nodes that lack the bins of some days, because sessions have very many nodes; absent if none."
)
OMITTED_EDGES = "The number of edges, those taken least, that are not listed; absent if none."
PENDING = "Sessions whose latest events are not counted yet: repeat the request. 0 if the response is complete."
RANGES = "ranges of bins that stand out by two standard deviations, the 10 largest"


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


def node(meaning: str = "The node; null for the unnamed node.") -> fields.Field[Any]:
    return text(meaning, allow_none=True)


def counts(meaning: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Integer(allow_none=none), required=True, metadata={"description": meaning})


def numbers(meaning: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Float(allow_none=none), required=True, metadata={"description": meaning})


def some(schema: type[Schema], meaning: str, **options: Any) -> fields.Field[Any]:
    return fields.List(fields.Nested(schema), required=True, metadata={"description": meaning}, **options)

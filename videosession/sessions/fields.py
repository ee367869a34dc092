"""Custom field types of requests and answers; knows no database and no current user."""

from typing import Any

import orjson
from marshmallow import ValidationError, fields

from videosession import instants
from videosession.contract import exact_json, messages
from videosession.contract.shapes import json_object

LONGEST_TIMESTAMP = 40
LARGEST_METADATA = 16 * 1024


class Timestamp(str):
    """An instant as the exact text that was sent, with its microseconds since 1970."""

    __slots__ = ("microseconds",)
    microseconds: int


class Text(fields.String):
    """Unicode text; a lone surrogate is refused, since it could not be stored."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not value.isascii() and (detail := exact_json.text_fault(value)):
            raise ValidationError(detail)
        return value


class Instant(fields.String):
    """An RFC 3339 instant with its zone, returned exactly as it was sent."""

    described = {"format": "date-time", "maxLength": LONGEST_TIMESTAMP}
    default_error_messages = {"invalid": instants.HOW_TO_WRITE}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Timestamp:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if len(value) > LONGEST_TIMESTAMP:
            raise ValidationError(f"must have at most {LONGEST_TIMESTAMP} characters")
        timestamp = Timestamp(value)
        try:
            timestamp.microseconds = instants.read(value)
        except ValueError as error:
            raise ValidationError(str(error)) from None
        return timestamp


class QueryInstant(fields.Field[int]):
    """An instant in a query, in microseconds; an unescaped plus, which arrives as a space, is accepted."""

    described = Instant.described | {"type": "string"}
    _instant = Instant()

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> int:
        if value[-6:-5] == " ":
            raise ValidationError("must have the + of its time zone encoded as %2B")
        return self._instant._deserialize(value, attr, data, **kwargs).microseconds


class JSONObject(fields.Field):
    """A JSON object whose content can be stored and returned exactly."""

    described = json_object("JSONValue")
    default_error_messages = {"invalid": messages.NOT_AN_OBJECT}
    key_fault = staticmethod(exact_json.key_fault)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        is_any_key_good = self.key_fault is exact_json.key_fault
        if is_any_key_good and exact_json.is_plain(value):
            return value
        if faults := list(exact_json.faults(value, self.key_fault)):
            raise ValidationError(faults)
        return value


class MetadataPatch(JSONObject):
    """Changes to metadata; keys that a MongoDB query cannot name are refused."""

    described = json_object("MetadataValue")

    @staticmethod
    def key_fault(key: str) -> str | None:
        if not key or "." in key or key.startswith("$"):
            return "must not have a key that is empty, contains a dot, or begins with $"
        return exact_json.key_fault(key)


class Metadata(MetadataPatch):
    """A JSON object for the client's own use, of a bounded size."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict:
        metadata = super()._deserialize(value, attr, data, **kwargs)
        if detail := metadata_size_fault(metadata):
            raise ValidationError(detail)
        return metadata


def metadata_size_fault(metadata: dict) -> str | None:
    """Return what is wrong with the size of metadata, if anything."""
    size = len(orjson.dumps(metadata))
    return f"must have at most {LARGEST_METADATA} bytes as JSON, but has {size}" if size > LARGEST_METADATA else None


class Whole(fields.Integer):
    """An integer; 60.0 is accepted, too, as in JSON Schema."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, int | float) or isinstance(value, bool) or value % 1:
            raise self.make_error("invalid")
        return int(value)

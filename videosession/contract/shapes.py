"""Base classes of the schemas. Fields of our own say in `described` what they are in JSON Schema."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing
from marshmallow.error_store import ErrorStore

from videosession.contract import messages
from videosession.contract.exact_json import LARGEST_INTEGER, SMALLEST_INTEGER

# What a JSON value may be, by the pattern of the keys in it. Of how many levels, JSON Schema cannot say.
JSON_VALUES = {"JSONValue": r"^[^\u0000]*$", "MetadataValue": r"^[^$.\u0000][^.\u0000]*$"}


class Shape(Schema):
    """An object on the wire; an unknown field is refused, never ignored.

    `example` and `further_examples` are shown in the OpenAPI document.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"type": messages.NOT_AN_OBJECT, "unknown": messages.UNKNOWN_FIELD}
    example: dict[str, Any] | None = None
    further_examples: Sequence[dict[str, Any]] = ()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give a field the service's messages."""
        messages.reword(field_obj)

    def _deserialize(self, data: Any, *, error_store: ErrorStore, many: bool = False, **_: Any) -> Any:
        """Load as marshmallow does, without what it does for options that no shape has: twice as fast."""
        if not many:
            return self._load_one(data, error_store)
        return [self._load_one(each, error_store, index) for index, each in enumerate(data)]

    def _load_one(self, data: Any, error_store: ErrorStore, index: int | None = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            error_store.store_error([self.error_messages["type"]], index=index)
            return {}
        loaded = {}
        for key, (attribute, field) in self._known.items():
            try:
                value = _load(field, data.get(key, missing), key, data)
            except ValidationError as error:
                error_store.store_error(error.messages, key, index)
            else:
                if value is not missing:
                    loaded[attribute] = value
        for key in data.keys() - self._known.keys():
            error_store.store_error([self.error_messages["unknown"]], key, index)
        return loaded

    @cached_property
    def _known(self) -> dict[str, tuple[str, fields.Field[Any]]]:
        """Return the fields by their keys on the wire, each with its name here."""
        named = self.load_fields.items()
        return {field.data_key or name: (field.attribute or name, field) for name, field in named}


def _load(field: fields.Field[Any], value: Any, key: str, data: dict[str, Any]) -> Any:
    """Load a value as the field's `deserialize` does, without its checks for a missing value."""
    if value is missing or value is None:
        return field.deserialize(value, key, data)
    loaded = field._deserialize(value, key, data)
    for validate in field.validators:
        validate(loaded)
    return loaded


class Moment(fields.String):
    """An instant that the service made: UTC, three digits."""

    described = {"format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def json_object(values: str) -> dict[str, Any]:
    """Return the JSON Schema of an object of any JSON values."""
    return {
        "type": "object",
        "propertyNames": {"pattern": JSON_VALUES[values]},
        "additionalProperties": {"$ref": f"#/components/schemas/{values}"},
    }


def json_value(values: str) -> dict[str, Any]:
    """Return the JSON Schema of any JSON value; integers must fit 64 bits, signed."""
    return {
        "anyOf": [
            {"type": ["null", "boolean", "string"]},
            {"type": "integer", "minimum": SMALLEST_INTEGER, "maximum": LARGEST_INTEGER},
            {"type": "number", "not": {"type": "integer"}},
            {"type": "array", "items": {"$ref": f"#/components/schemas/{values}"}},
            json_object(values),
        ]
    }

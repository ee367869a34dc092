"""Base classes of the schemas. Custom fields have their JSON Schema in `described`."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, missing
from marshmallow.error_store import ErrorStore

from videosession.contract import messages
from videosession.contract.exact_json import LARGEST_INTEGER, SMALLEST_INTEGER

# The schemas of JSON values, with the pattern of their keys. JSON Schema cannot express the bound on nesting.
JSON_VALUES = {"JSONValue": r"^[^\u0000]*$", "MetadataValue": r"^[^$.\u0000][^.\u0000]*$"}


class Shape(Schema):
    """An object in a request or an answer; unknown fields are refused, never ignored.

    `example` and `further_examples` are shown in the OpenAPI document.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"type": messages.NOT_AN_OBJECT, "unknown": messages.UNKNOWN_FIELD}
    example: dict[str, Any] | None = None
    further_examples: Sequence[dict[str, Any]] = ()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Replace a field's messages with the service's."""
        messages.reword(field_obj)

    def _deserialize(self, data: Any, *, error_store: ErrorStore, many: bool = False, **_: Any) -> Any:
        """Return what marshmallow would, twice as fast, by leaving out options that no shape uses."""
        if not many:
            return self._load_one(data, error_store)
        return [self._load_one(each, error_store, index) for index, each in enumerate(data)]

    def _load_one(self, data: Any, error_store: ErrorStore, index: int | None = None) -> dict[str, Any]:
        if not isinstance(data, dict):
            error_store.store_error([self.error_messages["type"]], index=index)
            return {}
        loaded = {}
        for key, attribute, field, deserialize, validators in self._known:
            value = data.get(key, missing)
            try:
                # `field.deserialize` does the same, and also handles missing values and null.
                if value is missing or value is None:
                    value = field.deserialize(value, key, data)
                else:
                    value = deserialize(value, key, data)
                    for validate in validators:
                        validate(value)
            except ValidationError as error:
                error_store.store_error(error.messages, key, index)
            else:
                if value is not missing:
                    loaded[attribute] = value
        if not data.keys() <= self._keys:
            for key in data.keys() - self._keys:
                error_store.store_error([self.error_messages["unknown"]], key, index)
        return loaded

    @cached_property
    def _known(self) -> list[tuple[str, str, fields.Field[Any], Callable[..., Any], Sequence[Callable[..., Any]]]]:
        """The fields: the key in JSON, the attribute, the field, its deserializer and its validators."""
        return [
            (field.data_key or name, field.attribute or name, field, field._deserialize, field.validators)
            for name, field in self.load_fields.items()
        ]

    @cached_property
    def _keys(self) -> frozenset[str]:
        return frozenset(key for key, *_ in self._known)


class Moment(fields.String):
    """An instant that the service generated, in UTC with milliseconds."""

    described = {"format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"}


def json_object(values: str) -> dict[str, Any]:
    """Return the JSON Schema of an object with any JSON values."""
    return {
        "type": "object",
        "propertyNames": {"pattern": JSON_VALUES[values]},
        "additionalProperties": {"$ref": f"#/components/schemas/{values}"},
    }


def json_value(values: str) -> dict[str, Any]:
    """Return the JSON Schema of any JSON value; integers must fit in 64 bits signed."""
    return {
        "anyOf": [
            {"type": ["null", "boolean", "string"]},
            {"type": "integer", "minimum": SMALLEST_INTEGER, "maximum": LARGEST_INTEGER},
            {"type": "number", "not": {"type": "integer"}},
            {"type": "array", "items": {"$ref": f"#/components/schemas/{values}"}},
            json_object(values),
        ]
    }

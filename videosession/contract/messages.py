"""The texts of all validation messages: predicates that follow a pointer or a parameter's name, without a full stop.

They replace marshmallow's own messages when a field is bound to its schema. A test checks this form for every message
of every schema.
"""

from typing import Any

from marshmallow import fields, validate

REQUIRED = "is required"
NOT_AN_OBJECT = "must be a JSON object"
UNKNOWN_FIELD = "is not a known field"
UNKNOWN_PARAMETER = "is not a known parameter of this operation"

_INSTEAD_OF = {
    "Missing data for required field.": REQUIRED,
    "Field may not be null.": "must not be null",
    "Not a valid string.": "must be a string",
    "Not a valid utf-8 string.": "must be valid Unicode",
    "Not a valid integer.": "must be a whole number",
    "Not a valid number.": "must be a number",
    "Number too large.": "must be a smaller number",
    "Not a valid boolean.": "must be true or false",
    "Not a valid list.": "must be an array",
    "Not a valid mapping type.": NOT_AN_OBJECT,
    "Invalid type.": NOT_AN_OBJECT,
    "Invalid value.": "is not valid",
    "Special numeric values (nan or infinity) are not permitted.": "must be a finite number",
}


def reword(field: fields.Field[Any]) -> None:
    """Replace marshmallow's messages for a field, its validators and its items."""
    field.error_messages = {key: _INSTEAD_OF.get(str(text), text) for key, text in field.error_messages.items()}
    for validator in field.validators:
        if isinstance(validator, validate.Length) and not validator.error:
            validator.error = f"must have {_bounds(validator)} {_counted(field)}"
        elif isinstance(validator, validate.Range) and not validator.error:
            validator.error = f"must be {_bounds(validator)}"
    for inner in (getattr(field, name, None) for name in ("inner", "key_field", "value_field")):
        if inner is not None:
            reword(inner)


def _counted(field: fields.Field[Any]) -> str:
    return "items" if isinstance(field, fields.List) else "characters"


def _bounds(bounds: validate.Length | validate.Range) -> str:
    if isinstance(bounds, validate.Range) and not bounds.min_inclusive:
        return f"greater than {bounds.min} and at most {bounds.max}"
    if not bounds.min and isinstance(bounds, validate.Length):
        return f"at most {bounds.max}"
    return f"{bounds.min} to {bounds.max}"

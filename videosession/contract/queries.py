"""Query parameters, validated strictly: a 400 lists each one that is unknown or malformed."""

import re
from collections import Counter
from itertools import islice
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from videosession.contract import messages
from videosession.errors import MOST_FAULTS, BadRequest

LONGEST_QUOTE = 200  # characters of a client's text that an error message repeats

_DECIMAL = re.compile(r"[0-9]{1,9}(\.[0-9]{1,30})?", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)


class Query(Schema):
    """The query parameters of an operation; unknown ones are refused, never ignored."""

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": messages.UNKNOWN_PARAMETER}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Replace a field's messages with the service's."""
        messages.reword(field_obj)


class WholeNumber(fields.Integer):
    """Digits only: Python's int() also accepts spaces, signs, underscores and the digits of every script."""

    def __init__(self, least: int, most: int, **options: Any):
        error = f"must be a whole number from {least} to {most}"
        super().__init__(validate=validate.Range(least, most, error=error), **options)
        self.error_messages["invalid"] = error

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return int(value)


class Decimal(fields.Float):
    """Digits with at most one dot: Python's float() also accepts spaces, underscores, exponents, `inf` and `nan`."""

    def __init__(self, least: float, most: float, **options: Any):
        error = f"must be a decimal number from {least:g} to {most:g}, without an exponent"
        super().__init__(validate=validate.Range(least, most, error=error), **options)
        self.error_messages["invalid"] = error

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> float:
        if not _DECIMAL.fullmatch(value):
            raise self.make_error("invalid")
        return float(value)


def refuse(faults: dict[str, list[str]]) -> NoReturn:
    """Raise a BadRequest that says what is wrong with each parameter."""
    texts = {name: ", ".join(texts) for name, texts in faults.items()}
    described = [
        f"{name[:LONGEST_QUOTE]!r}: {text[:LONGEST_QUOTE]}" for name, text in islice(texts.items(), MOST_FAULTS)
    ]
    omitted = f"; and {len(texts) - len(described)} more" if len(texts) > len(described) else ""
    raise BadRequest(f"The query is not valid: {'; '.join(described)}{omitted}.")


def read(query_string: bytes, loader: Schema) -> dict[str, Any]:
    """Return a query loaded with `loader`; BadRequest lists everything that is wrong with it."""
    try:
        sent = parse_qsl(query_string.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest("The query is not UTF-8.") from None
    counts = Counter(name for name, _ in sent)
    faults = {name: ["must be given only once"] for name, count in counts.items() if count > 1}
    try:
        loaded: dict[str, Any] = loader.load(dict(sent))
    except ValidationError as error:
        faults = error.messages_dict | faults
    if faults:
        refuse(faults)
    return loaded

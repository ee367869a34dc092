"""Request bodies: JSON, or newline-delimited JSON for several items; errors have JSON pointers."""

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from marshmallow.exceptions import SCHEMA
from werkzeug.http import parse_options_header

from videosession.contract import exact_json
from videosession.contract.messages import UNKNOWN_FIELD
from videosession.errors import BadRequest, BodyTimeout, Fault, Invalid, TooLarge, UnsupportedMediaType

JSON = "application/json"
NDJSON = "application/x-ndjson"
MERGE_PATCH = "application/merge-patch+json"
MEBIBYTE = 1024 * 1024
LARGEST = {NDJSON: 8 * MEBIBYTE}
LARGEST_VALUE = MEBIBYTE  # for a JSON body, and for each line of NDJSON
MOST_VALUES = 150_000  # in a body: a megabyte of brackets costs a hundred times as much as a megabyte of text

_TOO_LARGE = "The body is larger than {} bytes."
_LINE = re.compile(rb"[^ \t\r\n][^\n]*")  # skips blank lines


def announced_bytes() -> int:
    """Return the size of the current request's body, or an upper bound for a chunked body, which declares no size."""
    length = request.content_length
    if length is None and "HTTP_TRANSFER_ENCODING" in request.environ:
        return LARGEST.get(_media_type() or JSON, LARGEST_VALUE)
    return length or 0


def receive(media_types: Collection[str]) -> bytes:
    """Return the current request's body, unparsed; UnsupportedMediaType, TooLarge."""
    if "HTTP_CONTENT_ENCODING" in request.environ:
        raise UnsupportedMediaType("Content-Encoding is not supported: send the body without it.")
    if (media_type := _media_type()) not in media_types:
        raise UnsupportedMediaType(
            f"The Content-Type must be {' or '.join(media_types)}, in UTF-8.",
            headers={f"Accept-{request.method.title()}": ", ".join(media_types)},
        )
    return _read(LARGEST.get(media_type or JSON, LARGEST_VALUE))


def _media_type() -> str | None:
    return _read_media_type(request.environ.get("CONTENT_TYPE", ""))


@lru_cache(64)  # clients keep sending the same ones
def _read_media_type(content_type: str) -> str | None:
    """Return the body's media type; None if it is not in UTF-8."""
    media_type, options = parse_options_header(content_type)
    return media_type.lower() if options.get("charset", "utf-8").lower() == "utf-8" else None


def _read(limit: int) -> bytes:
    """Return the body; a chunked one is read up to one byte beyond the limit, because it declares no length."""
    length = request.content_length
    if length is not None and length > limit:
        raise TooLarge(_TOO_LARGE.format(limit))
    try:
        # If the length is known, read the server's own stream: werkzeug's wrapper takes four times as long.
        body = request.stream.read(limit + 1) if length is None else request.environ["wsgi.input"].read(length)
    except TimeoutError:
        raise BodyTimeout("The body did not arrive in time. Send the request again.") from None
    except Exception as error:  # malformed chunks and disconnected clients: each server raises its own exceptions
        raise BadRequest(f"The body cannot be read: {error}.") from error
    if len(body) > limit:
        raise TooLarge(_TOO_LARGE.format(limit))
    if length is not None and len(body) != length:
        raise BadRequest(f"The body ended after {len(body)} of the {length} bytes that Content-Length promised.")
    return body


def load(body: bytes, loader: Schema, most: int) -> Any:
    """Return the current request's body, loaded by its schema; BadRequest, Invalid.

    Unless `most` is 0, the body may also be an array, or lines, of up to `most` items; the result is then a list.
    """
    if exact_json.has_more_values(body, MOST_VALUES):
        raise Invalid([Fault("", f"must have at most {MOST_VALUES} values: split it into several requests")])
    if _media_type() == NDJSON:
        return _load_each(loader, *_read_lines(body, most), most)
    value = exact_json.read(body)
    if most and isinstance(value, list):
        return _load_each(loader, value, [], most)
    return load_value(loader, value)


def _read_lines(body: bytes, most: int) -> tuple[list[Any], list[Fault]]:
    """Return the value of each line, and the faults; stop one line after the most that are allowed."""
    values, faults = [], []
    for index, line in enumerate(islice(_LINE.finditer(body), most + 1)):
        values.append(_read_line(index, line[0]))
        if len(line[0]) > LARGEST_VALUE:
            faults.append(Fault(f"/{index}", f"must have at most {LARGEST_VALUE} bytes"))
    return values, faults


def _read_line(index: int, line: bytes) -> Any:
    try:
        return exact_json.read(line)
    except BadRequest as error:
        raise BadRequest(f"Line {index}, counted from 0 without blank lines: {error.detail}") from None
    except Invalid as error:
        raise Invalid([Fault(f"/{index}{fault.pointer}", fault.detail) for fault in error.faults]) from None


def _load_each(loader: Schema, values: list[Any], faults: list[Fault], most: int) -> list[Any]:
    if not 1 <= len(values) <= most:
        faults.append(Fault("", f"must have 1 to {most} items"))
    try:
        loaded: list[Any] = loader.load(values[:most], many=True)
    except ValidationError as error:
        faults.extend(_faults(error.messages))
    if faults:
        raise Invalid(faults)
    return loaded


def load_value(loader: Schema, value: Any) -> Any:
    """Return a JSON value, loaded by a schema; Invalid lists every fault."""
    try:
        return loader.load(value)
    except ValidationError as error:
        raise Invalid(list(_faults(error.messages))) from None


def _faults(messages: Any, pointer: str = "") -> Iterator[Fault]:
    """Yield marshmallow's nested messages as faults; a field may raise Faults itself, with pointers relative to it."""
    if isinstance(messages, dict):
        for step, inner in messages.items():
            is_about_the_whole = step == SCHEMA and inner != [UNKNOWN_FIELD]  # a client may send a field named _schema
            yield from _faults(inner, pointer if is_about_the_whole else _below(pointer, exact_json.pointer_step(step)))
        return
    for message in messages:
        if isinstance(message, Fault):
            yield Fault(_below(pointer, message.pointer), message.detail)
        else:
            yield Fault(pointer, message)


def _below(pointer: str, steps: str) -> str:
    """Return a pointer extended by steps, or unchanged if it would be too long to be shown."""
    return below if exact_json.is_short(below := pointer + steps) else pointer

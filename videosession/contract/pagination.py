"""Pagination: a cursor contains the list's path, its filters, and the position after which the next page begins.

A position has the values that the list is sorted by: an integer, then a string. Cursors are opaque to clients, but not
secret: a forged one gives access to nothing that its filters would not.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import request
from marshmallow import ValidationError, fields, pre_load

from videosession.contract.exact_json import LARGEST_INTEGER, SMALLEST_INTEGER
from videosession.contract.queries import Query

Position = tuple[int, str]

_NO_FILTERS = ("limit", "cursor")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{4,4000}", re.ASCII)


class Cursor(fields.Field[Position]):
    """The position where a page begins: `next` of the page before."""

    described = {"type": "string", "pattern": f"^{_CURSOR.pattern}$"}

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> Position:
        return _read(value)[0]


class PageQuery(Query):
    """The query of a page; a cursor brings its own filters, and the page begins after the position in `after`."""

    cursor = Cursor(attribute="after", metadata={"description": "The `next` of the previous page, with its filters."})

    @pre_load
    def _filter_as_before(self, sent: dict[str, str], **_: Any) -> dict[str, str]:
        if "cursor" not in sent:
            return sent
        filters = _read(sent["cursor"])[1]
        if not _filters(sent).items() <= filters.items():
            raise ValidationError("must not be combined with filters: it already includes them", "cursor")
        return filters | {name: sent[name] for name in _NO_FILTERS if name in sent}


def answer(name: str, items: list[dict[str, Any]], position: Position | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a page of `items`; with the last item's `position`, also the next cursor in body and Link header."""
    if position is None:
        return {name: items}, {}
    sent = request.args.to_dict()
    filters = _read(sent["cursor"])[1] if "cursor" in sent else _filters(sent)
    cursor = urlsafe_b64encode(orjson.dumps([*position, filters, request.path])).rstrip(b"=").decode()
    query = urlencode({name: sent[name] for name in ("limit",) if name in sent} | {"cursor": cursor})
    link = f'<{request.script_root}{request.path}?{query}>; rel="next"'
    return {name: items, "next": cursor}, {"Link": link}


def _filters(sent: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in sent.items() if name not in _NO_FILTERS}


def _read(cursor: str) -> tuple[Position, dict[str, str]]:
    try:
        number, text, filters, path = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if _CURSOR.fullmatch(cursor) and _is_position(number, text) and _are_filters(filters) and path == request.path:
            return (number, text), filters
    except (ValueError, TypeError):  # not base64, not JSON, or not four values
        pass
    raise ValidationError("must be the `next` of a previous page of this list", "cursor")


def _is_position(number: Any, text: Any) -> bool:
    return type(number) is int and SMALLEST_INTEGER <= number <= LARGEST_INTEGER and isinstance(text, str)


def _are_filters(filters: Any) -> bool:
    return (
        isinstance(filters, dict)
        and filters.keys().isdisjoint(_NO_FILTERS)
        and all(isinstance(value, str) for value in filters.values())
    )

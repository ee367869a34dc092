"""Pagination: a cursor names the list, its filters, and the place after which the next page begins.

A place is the values that the list is sorted by: a whole number, then a text. Cursors are opaque to clients, but not
secret: a forged one reaches nothing that its filters do not.
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

Place = tuple[int, str]

_NO_FILTERS = ("limit", "cursor")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{4,4000}", re.ASCII)


class Cursor(fields.Field[Place]):
    """Where a page begins, as the page before it said in `next`."""

    described = {"type": "string", "pattern": f"^{_CURSOR.pattern}$"}

    def _deserialize(self, value: str, attr: str | None, data: Any, **kwargs: Any) -> Place:
        return _read(value)[0]


class PageQuery(Query):
    """A page of a list; with a cursor its filters are the cursor's, and it begins after the place in `after`."""

    cursor = Cursor(attribute="after", metadata={"description": "The `next` of the previous page, with its filters."})

    @pre_load
    def _filter_as_before(self, sent: dict[str, str], **_: Any) -> dict[str, str]:
        if "cursor" not in sent:
            return sent
        filters = _read(sent["cursor"])[1]
        if not _filters(sent).items() <= filters.items():
            raise ValidationError("must not be combined with filters: it already includes them", "cursor")
        return filters | {name: sent[name] for name in _NO_FILTERS if name in sent}


def answer(name: str, items: list[dict[str, Any]], place: Place | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Return a page of `items`; given the last one's place, with the next cursor in the body and a Link header."""
    if place is None:
        return {name: items}, {}
    sent = request.args.to_dict()
    filters = _read(sent["cursor"])[1] if "cursor" in sent else _filters(sent)
    cursor = urlsafe_b64encode(orjson.dumps([*place, filters, request.path])).rstrip(b"=").decode()
    query = urlencode({name: sent[name] for name in ("limit",) if name in sent} | {"cursor": cursor})
    link = f'<{request.script_root}{request.path}?{query}>; rel="next"'
    return {name: items, "next": cursor}, {"Link": link}


def _filters(sent: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in sent.items() if name not in _NO_FILTERS}


def _read(cursor: str) -> tuple[Place, dict[str, str]]:
    try:
        number, text, filters, path = orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if _CURSOR.fullmatch(cursor) and _is_place(number, text) and _are_filters(filters) and path == request.path:
            return (number, text), filters
    except (ValueError, TypeError):  # no base64, no JSON, not four
        pass
    raise ValidationError("must be the `next` of a previous page of this list", "cursor")


def _is_place(number: Any, text: Any) -> bool:
    return type(number) is int and SMALLEST_INTEGER <= number <= LARGEST_INTEGER and isinstance(text, str)


def _are_filters(filters: Any) -> bool:
    return (
        isinstance(filters, dict)
        and filters.keys().isdisjoint(_NO_FILTERS)
        and all(isinstance(value, str) for value in filters.values())
    )

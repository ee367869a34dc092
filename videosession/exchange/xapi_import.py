"""Reads xAPI statements of the Video Profile as events, whether other players or an export wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import orjson

from videosession.exchange.records import Record, Unreadable, digest, event, moment, parsed, text_of
from videosession.exchange.xapi import BRANCH_EXTENSION, EXTENSION, VERBS, VIDEO

_TYPES = {iri: name for name, iri in VERBS.items()} | {
    "http://adlnet.gov/expapi/verbs/interacted": "interacted",
    "http://adlnet.gov/expapi/verbs/experienced": "experienced",
}
_EVENT_ID = re.compile(r"[0-9a-fA-F-]{36}", re.ASCII)
LONGEST_SECONDS = 10**10

Statement = dict[str, Any]


def read(line: bytes) -> Iterator[Record | None]:
    """Yield the records of a line: a statement, an array of them, or an LRS's answer; Unreadable."""
    if line.isspace():
        return
    value = parsed(line)
    if isinstance(value, dict) and isinstance(value.get("statements"), list):
        value = value["statements"]
    for statement in value if isinstance(value, list) else [value]:
        yield of_statement(statement)


def of_statement(statement: object) -> Record | None:
    """Return the record of a statement, None if it is not about a video; Unreadable."""
    if not isinstance(statement, dict):
        raise Unreadable("not a statement")
    verb = _TYPES.get(text_of(_at(statement, "verb", "id")))
    if verb is None or not _is_video(statement):
        return None
    film, has_node, node = text_of(_at(statement, "object", "id")).partition("#")
    if not film:
        raise Unreadable("no object")
    grouping = _first(_at(statement, "context", "contextActivities", "grouping"))
    if has_node and text_of(grouping.get("id")) != film:  # the fragment does not name a node
        film, has_node, node = f"{film}#{node}", "", ""
    registration = text_of(_at(statement, "context", "registration"))
    session = registration or text_of(_extensions(statement, "context").get("session-id"))
    parent = _first(_at(statement, "context", "contextActivities", "parent"))
    activity = grouping if text_of(grouping.get("id")) == film else _at(statement, "object")
    return Record(
        user=_user(_at(statement, "actor")),
        course=text_of(parent.get("id")),
        video=film,
        browser_session=session,
        title=_name(activity) or film,
        events=_events(statement, verb, unquote(node) if has_node else None),
        metadata={"registration": registration} if registration else {},
    )


def _is_video(statement: Statement) -> bool:
    """Return whether a statement belongs to the Video Profile; some name the profile only in their category."""
    return _at(statement, "object", "definition", "type") == VIDEO or any(
        activity.get("id") == "https://w3id.org/xapi/video"
        for activity in _list(_at(statement, "context", "contextActivities", "category"))
    )


def _user(actor: Any) -> str:
    """Return the identifier of an actor; Unreadable if there is none."""
    ways = (("account", "name"), ("mbox",), ("mbox_sha1sum",), ("openid",))
    named = [_at(actor, *steps) for steps in ways]
    if user := next(filter(None, map(text_of, named)), None):
        return user
    raise Unreadable("no actor")


def _events(statement: Statement, verb: str, node: str | None) -> list[dict[str, Any]]:
    result, context = _extensions(statement, "result"), _extensions(statement, "context")
    event_id = text_of(statement.get("id"))
    if not _EVENT_ID.fullmatch(event_id):
        event_id = digest(_sorted(statement))
    kind, data = _translated(verb, result, context, node)
    data = {name: value for name, value in data.items() if value is not None}
    return [event(kind, moment(statement.get("timestamp") or statement.get("stored")), data, event_id)]


def _sorted(statement: Statement) -> bytes:
    """Return a statement as JSON with sorted keys; Unreadable."""
    try:
        return orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # an integer of more than 64 bits, which only the reader of large documents lets through
        raise Unreadable("no JSON that can be stored") from None


def _translated(verb: str, result: Statement, context: Statement, node: str | None) -> tuple[str, Statement]:
    """Return the type and the data of a statement's event."""
    position = {"position": result.get("time")}
    match verb:
        case "initialized":
            return _entry(context, node)
        case "seeked":
            return "seek", {"from": result.get("time-from"), "to": result.get("time-to")}
        case "played":
            return "play", position
        case "paused":
            return "pause", position | {"duration": _number(context.get("length"))}
        case "terminated":
            return "sessionEnd", position
        case "interacted" if _rate(context):
            return "rateChange", position | {"rate": _rate(context)}
    # `completed` reports progress, not the end: the film may go on. Timelines ignore this type.
    return f"xapi.{verb}", position | {"progress": result.get("progress")}


def _entry(context: Statement, node: str | None) -> tuple[str, Statement]:
    known = {"duration": _number(context.get("length")), "rate": _rate(context)}
    if node is None:
        return "sessionStart", known
    branch = {name: context.get(BRANCH_EXTENSION + name) for name in ("option", "cause")}
    origin = context.get(BRANCH_EXTENSION + "origin")
    kind = "choice" if branch["cause"] is not None else "nodeEnter"
    return kind, {"toNode": node, "fromNode": origin} | branch | known


def _rate(context: Statement) -> float | None:
    """Return the speed, which the profile writes as `1.5x`."""
    speed = text_of(context.get("speed")).removesuffix("x")
    return float(speed) if re.fullmatch(r"\d{1,4}(\.\d{1,9})?", speed) and float(speed) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value < LONGEST_SECONDS else None


def _extensions(statement: Statement, part: str) -> Statement:
    """Return the extensions of a part of a statement; the profile's own have short names."""
    found = _at(statement, part, "extensions")
    return {name.removeprefix(EXTENSION): value for name, value in found.items()} if isinstance(found, dict) else {}


def _at(value: Any, *steps: str) -> Any:
    """Return the value at a path through objects, or an empty object if there is none."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value or {}


def _list(value: Any) -> list[Statement]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _first(value: Any) -> Statement:
    return next(iter(_list(value)), {})


def _name(activity: Any) -> str:
    names = _at(activity, "definition", "name")
    return text_of(next(iter(names.values()), "")) if isinstance(names, dict) else ""

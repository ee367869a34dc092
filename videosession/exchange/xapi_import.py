"""xAPI statements of the Video Profile, read as events: those of other players, and those that an export wrote."""

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
    """Yield what the statements of a line say: one of them, an array, or an LRS's answer; Unreadable."""
    if line.isspace():
        return
    told = parsed(line)
    if isinstance(told, dict) and isinstance(told.get("statements"), list):
        told = told["statements"]
    for statement in told if isinstance(told, list) else [told]:
        yield of_statement(statement)


def of_statement(statement: object) -> Record | None:
    """Return what a statement says of a video, None where that is nothing; Unreadable."""
    if not isinstance(statement, dict):
        raise Unreadable("not a statement")
    verb = _TYPES.get(text_of(_at(statement, "verb", "id")))
    if verb is None or not _is_video(statement):
        return None
    film, has_node, node = text_of(_at(statement, "object", "id")).partition("#")
    if not film:
        raise Unreadable("no object")
    grouping = _first(_at(statement, "context", "contextActivities", "grouping"))
    if has_node and text_of(grouping.get("id")) != film:  # the fragment is not ours
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
    """Return whether a statement is of the Video Profile; some name it in their category only."""
    return _at(statement, "object", "definition", "type") == VIDEO or any(
        activity.get("id") == "https://w3id.org/xapi/video"
        for activity in _list(_at(statement, "context", "contextActivities", "category"))
    )


def _user(actor: Any) -> str:
    """Return whom an actor names by what identifies it."""
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
    told = {name: value for name, value in data.items() if value is not None}
    return [event(kind, moment(statement.get("timestamp") or statement.get("stored")), told, event_id)]


def _sorted(statement: Statement) -> bytes:
    """Return a statement as JSON that is the same however its keys are ordered; Unreadable."""
    try:
        return orjson.dumps(statement, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # what only a document can hold: numbers beyond 64 bits
        raise Unreadable("no JSON that can be stored") from None


def _translated(verb: str, result: Statement, context: Statement, node: str | None) -> tuple[str, Statement]:
    """Return the type and the data of the event that a statement tells of."""
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
    # `completed` is a mark of progress, not an end: the film may go on. A timeline does not read it.
    return f"xapi.{verb}", position | {"progress": result.get("progress")}


def _entry(context: Statement, node: str | None) -> tuple[str, Statement]:
    said = {"duration": _number(context.get("length")), "rate": _rate(context)}
    if node is None:
        return "sessionStart", said
    branch = {name: context.get(BRANCH_EXTENSION + name) for name in ("option", "cause")}
    origin = context.get(BRANCH_EXTENSION + "origin")
    kind = "choice" if branch["cause"] is not None else "nodeEnter"
    return kind, {"toNode": node, "fromNode": origin} | branch | said


def _rate(context: Statement) -> float | None:
    """Return a speed, which the profile writes as 1.5x."""
    said = text_of(context.get("speed")).removesuffix("x")
    return float(said) if re.fullmatch(r"\d{1,4}(\.\d{1,9})?", said) and float(said) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and 0 < value < LONGEST_SECONDS else None


def _extensions(statement: Statement, part: str) -> Statement:
    """Return the extensions of a part of a statement, the profile's by their short names."""
    told = _at(statement, part, "extensions")
    return {name.removeprefix(EXTENSION): value for name, value in told.items()} if isinstance(told, dict) else {}


def _at(value: Any, *steps: str) -> Any:
    """Return what lies at the end of a path through objects, an empty object where nothing does."""
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

"""Records: the events of one log entry of another system, and the viewing they belong to."""

from __future__ import annotations

import hashlib
import re
from typing import Any, NamedTuple

import orjson

from videosession import instants


class Unreadable(ValueError):
    """A line or a statement is malformed."""


class Record(NamedTuple):
    """Events, and what identifies their viewing: user, course, video and browser session, each "" if unknown."""

    user: str
    course: str
    video: str
    browser_session: str
    title: str
    events: list[dict[str, Any]]
    metadata: dict[str, str]


def event(kind: str, instant: str, data: dict[str, Any], event_id: str) -> dict[str, Any]:
    """Return an event as clients send it."""
    return {"eventId": event_id, "type": kind, "timestamp": instant, "data": data}


def digest(content: bytes) -> str:
    """Return an id derived from content."""
    return hashlib.sha256(content).hexdigest()[:32]


def parsed(text: bytes | str) -> Any:
    """Return the value of a JSON text; Unreadable."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unreadable("not JSON") from None


def moment(value: object) -> str:
    """Return an instant as RFC 3339; one without a zone is UTC. Unreadable."""
    text = value if isinstance(value, str) else ""
    text = re.sub(r"^(\d{4}-\d\d-\d\d) ", r"\1T", text)
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if re.search(r"[+-]\d{4}$", text[19:]) else text
    if not re.search(r"([Zz]|[+-]\d\d:\d\d)$", text):
        text += "Z"
    try:
        instants.read(text)
    except ValueError:
        raise Unreadable("no time") from None
    return text


def text_of(value: object) -> str:
    """Return a text or an integer as text, and "" for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""

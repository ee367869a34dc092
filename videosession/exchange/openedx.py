"""Tracking logs of Open edX: a line of JSON for each event, in web, mobile and older forms.

(https://docs.openedx.org/en/latest/developers/references/internal_data_formats/tracking_logs/video_event_types.html)
"""

from __future__ import annotations

import re
from typing import Any

from videosession.exchange.records import Record, Unreadable, digest, event, moment, parsed, text_of

_WEB = re.compile(
    r"(load|play|pause|seek|stop|complete)_video|speed_change_video|(hide|show)_transcript|video_(hide|show)_cc_menu"
)
_SPEEDS = ("old_speed", "new_speed")
_NUMBER = re.compile(r"\d{1,3}(\.\d{1,9})?", re.ASCII)
_PREFIX = "edx.video."  # of the mobile apps


def read(line: bytes) -> Record | None:
    """Return what a line says of a video, None where that is nothing; Unreadable.

    What comes before the first brace, as syslog writes it, is not read.
    """
    start = line.find(b"{")
    if start < 0:
        if line.isspace() or line.lstrip().startswith(b"#"):
            return None
        raise Unreadable("not JSON")
    if line.lstrip().startswith(b"#"):
        return None
    content = line[start:].strip()
    told = parsed(content)
    if not isinstance(told, dict) or not (kind := _kind(told)):
        return None
    return _record(told, kind, digest(content))


def _kind(told: dict[str, Any]) -> str | None:
    """Return the type of an event of a video; the mobile apps have theirs in `name`, too."""
    for name in (told.get("event_type"), told.get("name")):
        if isinstance(name, str) and (_WEB.fullmatch(name) or name.startswith(_PREFIX)):
            return name
    return None


def _record(told: dict[str, Any], kind: str, event_id: str) -> Record:
    payload = told.get("event")
    data = _payload(parsed(payload) if isinstance(payload, str) else payload)
    context = told["context"] if isinstance(told.get("context"), dict) else {}
    video = text_of(data.get("id")) or text_of(data.get("code"))
    if not video:
        raise Unreadable("no video")
    course = text_of(context.get("course_id")) or text_of(data.get("course_id"))
    return Record(
        user=text_of(told.get("username")) or text_of(context.get("username")) or text_of(context.get("user_id")),
        course=course,
        video=video,
        browser_session=text_of(told.get("session")) or text_of(context.get("session")),
        title=f"{video} in {course}" if course else video,
        events=[event(kind, moment(told.get("time")), data, event_id)],
        metadata={},
    )


def _payload(told: object) -> dict[str, Any]:
    """Return the fields of an event, speeds as numbers; a length of 0 is one that the player does not know yet."""
    if not isinstance(told, dict):
        raise Unreadable("no event")
    return {
        name: float(value) if name in _SPEEDS and isinstance(value, str) and _NUMBER.fullmatch(value) else value
        for name, value in told.items()
        if name != "duration" or value != 0
    }

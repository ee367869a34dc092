"""Reads Open edX tracking logs: one JSON object per line, in the forms of the web, of mobile apps and of old versions.

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
    """Return the record of a line, None if it is not about a video; Unreadable.

    Anything before the first brace, such as syslog's prefix, is skipped.
    """
    start = line.find(b"{")
    if start < 0:
        if line.isspace() or line.lstrip().startswith(b"#"):
            return None
        raise Unreadable("not JSON")
    if line.lstrip().startswith(b"#"):
        return None
    content = line[start:].strip()
    entry = parsed(content)
    if not isinstance(entry, dict) or not (kind := _kind(entry)):
        return None
    return _record(entry, kind, digest(content))


def _kind(entry: dict[str, Any]) -> str | None:
    """Return the type of a video event, which mobile apps may send as `name`; None for any other event."""
    for name in (entry.get("event_type"), entry.get("name")):
        if isinstance(name, str) and (_WEB.fullmatch(name) or name.startswith(_PREFIX)):
            return name
    return None


def _record(entry: dict[str, Any], kind: str, event_id: str) -> Record:
    payload = entry.get("event")
    data = _payload(parsed(payload) if isinstance(payload, str) else payload)
    context = entry["context"] if isinstance(entry.get("context"), dict) else {}
    video = text_of(data.get("id")) or text_of(data.get("code"))
    if not video:
        raise Unreadable("no video")
    course = text_of(context.get("course_id")) or text_of(data.get("course_id"))
    return Record(
        user=text_of(entry.get("username")) or text_of(context.get("username")) or text_of(context.get("user_id")),
        course=course,
        video=video,
        browser_session=text_of(entry.get("session")) or text_of(context.get("session")),
        title=f"{video} in {course}" if course else video,
        events=[event(kind, moment(entry.get("time")), data, event_id)],
        metadata={},
    )


def _payload(sent: object) -> dict[str, Any]:
    """Return an event's fields, with speeds as numbers, and without a duration of 0, which means unknown."""
    if not isinstance(sent, dict):
        raise Unreadable("no event")
    return {
        name: float(value) if name in _SPEEDS and isinstance(value, str) and _NUMBER.fullmatch(value) else value
        for name, value in sent.items()
        if name != "duration" or value != 0
    }

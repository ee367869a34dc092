"""The operations on a session's events."""

import orjson
from flask import Blueprint, Response, request

from videosession import auth
from videosession.contract import pagination, queries
from videosession.contract.bodies import JSON, NDJSON
from videosession.contract.decorators import Complete, accepts, answers
from videosession.sessions.routes import location, sessions
from videosession.sessions.schemas import MOST_EVENTS, Event, Events, EventsPage, EventsQuery, NewEvent

_NEGOTIATED = {"Vary": "Accept"}

blueprint = Blueprint("events", __name__, url_prefix="/api/sessions/<session_id>/events")


@blueprint.post("")
@auth.requires(auth.WRITE, players=True)
@accepts(NewEvent, media_types=(JSON, NDJSON), most=MOST_EVENTS, keyed=True)
@answers((Event, Events), 201, headers=("Location",), problems={409: "Another event has this `eventId`."})
def append_events(session_id: str, body: dict | list[dict], key: str | None) -> tuple[dict, dict]:
    """Append one event, or up to 1 000, to a session."""
    if isinstance(body, list):
        return {"events": sessions().append(session_id, body, owner=auth.owner(), key=key)}, location()
    event = sessions().append_one(session_id, body, owner=auth.owner(), key=key)
    return event, location(event["eventId"])


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=EventsQuery)
@answers(EventsPage, also={NDJSON: Event})
def list_events(session_id: str, query: dict) -> tuple[dict, dict] | Response:
    """List a session's events in order, page by page, or stream all of them as NDJSON."""
    if request.accept_mimetypes.best_match((JSON, NDJSON)) == NDJSON:
        return _stream(session_id, **query)
    page = sessions().events_page(session_id, owner=auth.owner(), **query)
    content, headers = pagination.answer("events", page.items, page.place)
    return content, headers | _NEGOTIATED


@blueprint.get("/<event_id>")
@auth.requires(auth.READ)
@accepts()
@answers(Event)
def read_event(session_id: str, event_id: str) -> dict:
    """Return one event of a session."""
    return sessions().event(session_id, event_id, owner=auth.owner())


def _stream(session_id: str, limit: int, **selected) -> Response:
    """Return all events that match, one per line, sent in batches."""
    if "limit" in request.args:
        queries.refuse({"limit": ["must not be combined with NDJSON, which streams all matching events"]})
    batches = sessions().events(session_id, owner=auth.owner(), **selected)
    return Complete(map(_lines, filter(None, batches)), headers=_NEGOTIATED, content_type=NDJSON)


def _lines(events: list[dict]) -> bytes:
    lines = bytearray()  # joined at once, since orjson allocates 16 KiB for each line
    for event in events:
        lines += orjson.dumps(event, option=orjson.OPT_APPEND_NEWLINE)
    return bytes(lines)

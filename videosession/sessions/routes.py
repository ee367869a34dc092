"""The operations on sessions."""

from collections.abc import Iterator
from functools import partial
from urllib.parse import quote

import orjson
from flask import Blueprint, Response, request

from videosession import auth, instants
from videosession.contract import pagination
from videosession.contract.bodies import JSON, MERGE_PATCH
from videosession.contract.decorators import Complete, accepts, answers
from videosession.services import services
from videosession.sessions import etags
from videosession.sessions.etags import check_tag, check_version, conditional
from videosession.sessions.merge_patch import merged
from videosession.sessions.repository import Condition, Reading, SessionRepository
from videosession.sessions.schemas import (
    CONTENT,
    CreatedSession,
    Deleted,
    ListedSession,
    NewPlayerToken,
    NewSession,
    PlayerToken,
    SessionPatch,
    SessionQuery,
    Sessions,
    SessionsQuery,
    SessionWithEvents,
)

_CONTENDED = "Other requests kept changing the session. Retry."
_KEY_OF_DELETED = "The session that was created with this Idempotency-Key has been deleted."

blueprint = Blueprint("sessions", __name__, url_prefix="/api/sessions")


def sessions() -> SessionRepository:
    return services().sessions


@blueprint.post("")
@auth.requires(auth.WRITE)
@accepts(NewSession, keyed=True)
@answers(CreatedSession, 201, headers=("Location",), problems={409: _KEY_OF_DELETED})
def create_session(body: dict, key: str | None) -> tuple[dict, dict]:
    """Create a session."""
    session = sessions().create(owner=auth.owner(), key=key, **body)
    return _head(session) | {"createdAt": instants.write(session["createdAt"])}, location(session["_id"])


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=SessionsQuery)
@answers(Sessions)
def list_sessions(query: dict) -> tuple[dict, dict]:
    """List your sessions, newest first."""
    page = sessions().newest(owner=auth.owner(), **query)
    return pagination.answer("sessions", [_in_list(session) for session in page.items], page.place)


@blueprint.post("/<session_id>/token")
@auth.requires(auth.WRITE)
@accepts(NewPlayerToken)
@answers(PlayerToken, 201)
def make_player_token(session_id: str, body: dict) -> tuple[dict, dict]:
    """Create a player token, with which a browser can only append events to this session."""
    sessions().check(session_id, owner=auth.owner())
    token, expires_at = auth.make_player_token(session_id, body["lifetime_seconds"], owner=auth.owner())
    return {"token": token, "expiresAt": instants.write(expires_at * instants.SECOND)}, {"Cache-Control": "no-store"}


@blueprint.get("/<session_id>")
@auth.requires(auth.READ)
@accepts(query=SessionQuery)
@conditional(check_tag)
@answers((SessionWithEvents, ListedSession))
def read_session(session_id: str, query: dict, condition: Condition | None) -> Response | tuple[dict, dict]:
    """Return a session, with its events in order or without them."""
    if query.get("events") == "none":
        session = sessions().look(session_id, owner=auth.owner(), condition=condition)
        return _in_list(session), etags.headers(session)
    reading = sessions().read(session_id, owner=auth.owner(), condition=condition)
    return Complete(_session_json(reading), headers=etags.headers(reading.session), content_type=JSON)


@blueprint.patch("/<session_id>")
@auth.requires(auth.WRITE)
@accepts(SessionPatch, media_types=(MERGE_PATCH, JSON))
@conditional(check_version)
@answers(ListedSession, headers=("ETag",), problems={409: _CONTENDED})
def change_session(session_id: str, body: dict, condition: Condition | None) -> tuple[dict, dict]:
    """Update a session with a JSON merge patch; `null` removes a field."""
    merge = partial(merged, patch=body)
    session = sessions().change(session_id, merge, owner=auth.owner(), condition=condition)
    return _in_list(session), etags.headers(session)


@blueprint.delete("/<session_id>")
@auth.requires(auth.WRITE)
@accepts()
@conditional(check_tag)
@answers(Deleted, problems={409: _CONTENDED})
def delete_session(session_id: str, condition: Condition | None) -> dict:
    """Delete a session and its events."""
    sessions().delete(session_id, owner=auth.owner(), condition=condition)
    return {"message": "Session deleted successfully."}


def location(*below: str) -> dict:
    """Return the Location header of a created resource: the request's path, or one below it."""
    return {"Location": "/".join([quote(request.script_root) + request.path, *below])}


def _head(session: dict) -> dict:
    return {"id": session["_id"]} | {field: session[field] for field in CONTENT if field in session}


def _in_list(session: dict) -> dict:
    times = {field: instants.write(session[field]) for field in ("createdAt", "lastEventAt") if field in session}
    return _head(session) | times


def _session_json(reading: Reading) -> Iterator[bytes]:
    """Yield a session as JSON in parts, one for each batch of events, so that memory use is bounded."""
    batches = filter(None, reading.events)
    yield orjson.dumps(_head(reading.session))[:-1] + b',"events":[' + orjson.dumps(next(batches, []))[1:-1]
    yield from map(_further, batches)
    yield b"]}"


def _further(events: list[dict]) -> bytes:
    return b"".join((b",", memoryview(orjson.dumps(events))[1:-1]))  # copied once

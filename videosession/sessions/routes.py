"""The operations on sessions: who may, what is taken, the deed, what is given."""

from collections.abc import Iterator

import orjson
from flask import Blueprint, Response, current_app, request

from videosession import auth, instants, pages
from videosession.contract import JSON, accepts, answers
from videosession.sessions.repository import Reading, SessionRepository
from videosession.sessions.schemas import (
    CreatedSession,
    Deleted,
    NewPlayerToken,
    NewSession,
    PlayerToken,
    SessionQuery,
    Sessions,
    SessionsQuery,
    SessionWithEvents,
)

blueprint = Blueprint("sessions", __name__, url_prefix="/api/sessions")


def sessions() -> SessionRepository:
    return current_app.extensions["sessions"]


@blueprint.post("")
@auth.requires(auth.WRITE)
@accepts(NewSession)
@answers(CreatedSession, 201)
def create_session(body: dict) -> tuple[dict, dict]:
    """Open a session."""
    session = sessions().create(owner=auth.owner(), **body)
    return _head(session) | {"createdAt": instants.write(session["createdAt"])}, location(session["_id"])


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=SessionsQuery)
@answers(Sessions)
def list_sessions(query: dict) -> tuple[dict, dict]:
    """List your sessions, newest first."""
    page = sessions().newest(owner=auth.owner(), **query)
    return pages.answer("sessions", [_in_list(session) for session in page.items], page.place)


@blueprint.post("/<session_id>/token")
@auth.requires(auth.WRITE)
@accepts(NewPlayerToken)
@answers(PlayerToken, 201)
def make_player_token(session_id: str, body: dict) -> tuple[dict, dict]:
    """Make a token for a player in a browser, which may append events to this session and nothing else."""
    sessions().check(session_id, owner=auth.owner())
    token, expires_at = auth.make_player_token(session_id, body["lifetime_seconds"], owner=auth.owner())
    return {"token": token, "expiresAt": instants.write(expires_at * instants.SECOND)}, {"Cache-Control": "no-store"}


@blueprint.get("/<session_id>")
@auth.requires(auth.READ)
@accepts(query=SessionQuery)
@answers(SessionWithEvents)
def read_session(session_id: str, query: dict) -> Response | dict:
    """Give a session with its events, in order."""
    if query.get("events") == "none":
        return _in_list(sessions().look(session_id, owner=auth.owner()))
    return Response(_session_json(sessions().read(session_id, owner=auth.owner())), content_type=JSON)


@blueprint.delete("/<session_id>")
@auth.requires(auth.WRITE)
@accepts()
@answers(Deleted)
def delete_session(session_id: str) -> dict:
    """Delete a session and its events, for good."""
    sessions().delete(session_id, owner=auth.owner())
    return {"message": "Session deleted successfully."}


def location(*below: str) -> dict:
    """Say where what was made is: where it was posted, or below that."""
    return {"Location": "/".join([request.script_root + request.path, *below])}


def _head(session: dict) -> dict:
    head = {"id": session["_id"], "title": session["title"], "description": session["description"]}
    return head | {field: session[field] for field in ("videoId", "metadata") if field in session}


def _in_list(session: dict) -> dict:
    times = {field: instants.write(session[field]) for field in ("createdAt", "lastEventAt") if field in session}
    return _head(session) | times


def _session_json(reading: Reading) -> Iterator[bytes]:
    """Write a session as JSON, a batch of events at a time, so that memory does not grow with them."""
    yield orjson.dumps(_head(reading.session))[:-1] + b',"events":['
    separator = b""
    for batch in filter(None, reading.events):
        yield separator + orjson.dumps(batch)[1:-1]
        separator = b","
    yield b"]}"

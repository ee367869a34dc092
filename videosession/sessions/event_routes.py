"""The operations on a session's events."""

from flask import Blueprint

from videosession import auth
from videosession.contract import accepts, answers
from videosession.sessions.routes import location, sessions
from videosession.sessions.schemas import Event, Events, NewEvent

MOST_EVENTS = 1000

blueprint = Blueprint("events", __name__, url_prefix="/api/sessions/<session_id>/events")


@blueprint.post("")
@auth.requires(auth.WRITE, players=True)
@accepts(NewEvent, most=MOST_EVENTS)
@answers((Event, Events), 201)
def append_events(session_id: str, body: dict | list[dict]) -> tuple[dict, dict]:
    """Append what the player did to a session: one event, or up to a thousand at once."""
    if isinstance(body, list):
        return {"events": sessions().append(session_id, body, owner=auth.owner())}, location()
    event = sessions().append_one(session_id, body, owner=auth.owner())
    return event, location(event["eventId"])

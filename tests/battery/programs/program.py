"""The ordered four, a batch and a timeline, by a client that openapi-python-client generated."""

import sys

from generated.api.events import append_events
from generated.api.sessions import create_session, delete_session, read_session
from generated.api.timeline import read_timeline
from generated.client import AuthenticatedClient
from generated.models import NewEvent, NewSession

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
session = create_session.sync(client=client, body=NewSession(title="From Python"))
play = {
    "type": "play",
    "timestamp": "2026-03-01T10:00:00Z",
    "data": {"position": 0, "duration": 60, "deep": [{"a": 1}]},
}
pause = {"eventId": "e2", "type": "pause", "timestamp": "2026-03-01T10:00:30Z", "data": {"position": 30}}
append_events.sync(session.id, client=client, body=NewEvent.from_dict(play))
append_events.sync(session.id, client=client, body=[NewEvent.from_dict(pause)])
events = read_session.sync(session.id, client=client).events
timeline = read_timeline.sync(session.id, client=client)
deleted = delete_session.sync(session.id, client=client)
sys.stdout.write(f"{[event.type_ for event in events]} {timeline.watched_seconds} {deleted.message}\n")

"""The service with room for few events in a session, so that they are moved all the time, for gunicorn to load."""

from tests.battery.stage import RECENT_BYTES
from videosession import sessions
from videosession.app import create_app, serve
from videosession.sessions.repository import SessionRepository


class Narrow(SessionRepository):
    def __init__(self, database, clock):
        super().__init__(database, clock, RECENT_BYTES)


sessions.SessionRepository = Narrow  # type: ignore[misc, assignment]  # the control
app = create_app()
serve(app)

"""Sessions and their events, from HTTP to MongoDB."""

from typing import NamedTuple

from flask import Flask

from videosession import instants
from videosession.database import Database
from videosession.sessions import event_routes, routes, timeline_routes
from videosession.sessions.removal import Removal
from videosession.sessions.repository import SessionRepository
from videosession.sessions.transfer import Transfer


class Parts(NamedTuple):
    """The repository, the removal, and the export and import of sessions."""

    sessions: SessionRepository
    removal: Removal
    transfer: Transfer


def init_app(app: Flask, database: Database, retention_days: int | None = None) -> Parts:
    """Serve the sessions in `database`; those without changes for longer than `retention_days` expire."""
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(event_routes.blueprint)
    app.register_blueprint(timeline_routes.blueprint)
    repository = SessionRepository(database, instants.now)
    return Parts(repository, Removal(database, instants.now, retention_days), Transfer(repository))

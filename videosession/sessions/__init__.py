"""Sessions and what happens in them."""

from flask import Flask

from videosession import instants
from videosession.database import Database
from videosession.sessions import event_routes, routes, timeline_routes
from videosession.sessions.removal import Removal
from videosession.sessions.repository import SessionRepository
from videosession.sessions.transfer import Transfer


def init_app(app: Flask, database: Database, retention_days: int | None = None) -> SessionRepository:
    """Serve the sessions kept in `database`, those unused for longer than `retention_days` no more."""
    app.extensions["removal"] = Removal(database, instants.now, retention_days)
    app.extensions["sessions"] = repository = SessionRepository(database, instants.now)
    app.extensions["transfer"] = Transfer(database, repository)
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(event_routes.blueprint)
    app.register_blueprint(timeline_routes.blueprint)
    return repository

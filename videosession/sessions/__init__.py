"""Sessions and what happens in them."""

from flask import Flask

from videosession import instants
from videosession.database import Database
from videosession.sessions.repository import SessionRepository
from videosession.sessions.routes import blueprint


def init_app(app: Flask, database: Database) -> SessionRepository:
    """Serve the sessions kept in `database`."""
    app.extensions["sessions"] = repository = SessionRepository(database, instants.now)
    app.register_blueprint(blueprint)
    return repository

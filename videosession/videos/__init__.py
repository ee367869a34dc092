"""Aggregates over all sessions of a video, from HTTP to MongoDB. The computation is in `video/`."""

from flask import Flask

from videosession import instants
from videosession.config import Config
from videosession.database import Database
from videosession.sessions.repository import SessionRepository
from videosession.videos import commands, plan_routes, routes
from videosession.videos.repository import VideoRepository


def init_app(app: Flask, database: Database, sessions: SessionRepository, settings: Config) -> VideoRepository:
    """Serve the videos of the sessions in `database`."""
    app.register_blueprint(routes.blueprint)
    app.register_blueprint(plan_routes.blueprint)
    commands.init_app(app)
    return VideoRepository(database, sessions, instants.now, settings.summed_above)

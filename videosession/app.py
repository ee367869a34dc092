"""The service, put together."""

import logging
from collections.abc import Mapping

from flask import Flask

from videosession import (
    about,
    auth,
    browser,
    cli,
    conditions,
    contract,
    cors,
    database,
    docs,
    errors,
    health,
    metrics,
    observability,
    rate_limits,
    sessions,
    upkeep,
)
from videosession.config import Config, environment
from videosession.database import Database
from videosession.embedded import Embedded

log = logging.getLogger(__name__)

EMBEDDED_READING_SECONDS = 60  # that database sorts all events of a session before it gives the first


_FOR_TRYING_OUT = """
  *****************************************************************************
  *  FOR TRYING OUT ONLY: MONGODB_URI is not set, so sessions are kept in an  *
  *  embedded database, and tokens are signed with a secret made here.        *
  *  Set MONGODB_URI and JWT_SECRET before anybody depends on this service.   *
  *****************************************************************************"""


def create_app(config: Mapping[str, object] | None = None, *, db=None) -> Flask:
    """Build the service from `config`: settings by the names of their variables, the environment if none is given.

    `db` is a PyMongo database to use instead of the one that the settings name. Raises ConfigError.
    """
    settings = Config.read(environment() if config is None else config)
    app = Flask("videosession", static_folder=None)
    app.extensions["settings"] = settings
    app.url_map.merge_slashes = False  # a redirect would be built from the client's Host header
    store = _database(settings, db)
    cors.init_app(app, settings)
    observability.init_app(app)
    errors.init_app(app)
    conditions.init_app(app)
    contract.init_app(app)
    auth.init_app(app, settings)
    rate_limits.init_app(app, settings)
    database.init_app(app, store)
    health.init_app(app, store)
    metrics.init_app(app, settings)
    repository = sessions.init_app(app, store, settings.retention_days)
    again = (app.extensions["removal"].expire, repository.sweep)
    upkeep.init_app(app, store.create_indexes if settings.is_embedded else store.tell_missing_indexes, again)
    browser.init_app(app)
    about.init_app(app)
    docs.init_app(app)
    cli.init_app(app)
    return app


def _database(settings: Config, given) -> Database:
    expires = settings.retention_days is not None
    if given is not None or not settings.is_embedded:
        return Database(lambda: settings.mongodb_uri, given, expires=expires)
    settings.make_instance()
    embedded = Embedded(settings.instance_path)

    def locate() -> str:
        embedded.ensure()
        return embedded.uri

    # SecantusDB 0.7.0b3 locks up for good where the first insert into a new collection meets a createIndexes there.
    return Database(locate, reading_seconds=EMBEDDED_READING_SECONDS, collections_first=True, expires=expires)


def serve(app: Flask) -> None:
    """Begin what a serving process does beside answering; returns at once."""
    observability.show_log(app, app.extensions["settings"].log_level)
    if app.extensions["settings"].is_embedded:
        log.warning(_FOR_TRYING_OUT)
    app.extensions["database"].prepare()
    app.extensions["upkeep"].start()

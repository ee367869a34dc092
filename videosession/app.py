"""Creates the Flask application from its parts."""

import logging
from collections.abc import Mapping
from typing import Any

from flask import Flask

from videosession import (
    about,
    auth,
    browser,
    cli,
    cors,
    errors,
    health,
    home,
    metrics,
    observability,
    services,
    sessions,
    videos,
)
from videosession.config import Config, environment
from videosession.contract import decorators, docs
from videosession.database import DEADLINE_SECONDS, Database, plans_by_hints
from videosession.database.engine import Engine
from videosession.embedded import Embedded
from videosession.rate_limits import rate_limits
from videosession.services import Services
from videosession.sessions import etags
from videosession.upkeep import Upkeep

log = logging.getLogger(__name__)

_FOR_TRYING_OUT = """
  *****************************************************************************
  *  FOR TRYING OUT ONLY: MONGODB_URI is not set, so sessions are kept in an  *
  *  embedded database, and tokens are signed with a secret made here.        *
  *  Set MONGODB_URI and JWT_SECRET before anybody depends on this service.   *
  *****************************************************************************"""


def create_app(
    config: Mapping[str, object] | None = None, *, db=None, deadline_seconds: float = DEADLINE_SECONDS
) -> Flask:
    """Return the service, built from `config`: settings by the names of their variables, by default the environment.

    `db` is a PyMongo database to use instead of the one in the settings; `deadline_seconds` is how long the database
    may take before the answer is a 503. Raises ConfigError.
    """
    settings = Config.read(environment() if config is None else config)
    app = Flask("videosession", static_folder=None)
    app.url_map.merge_slashes = False  # a redirect would be built from the client's Host header
    store = _database(settings, db, deadline_seconds)
    cors.init_app(app, settings)
    observed = observability.init_app(app)
    errors.init_app(app)
    etags.init_app(app)
    decorators.init_app(app)
    tokens = auth.init_app(app, settings)
    engine = Engine(store)
    readiness = health.init_app(app, store)
    metrics.init_app(app, settings, observed)
    parts = sessions.init_app(app, store, settings.retention_days)
    whole = videos.init_app(app, store, parts.sessions, settings)
    browser.init_app(app)
    home.init_app(app)
    limits = about.init_app(app, settings)
    description = docs.init_app(app)
    cli.init_app(app)
    index = store.create_indexes if settings.is_embedded else store.tell_missing_indexes
    services.init_app(
        app,
        Services(
            settings=settings,
            database=store,
            engine=engine,
            sessions=parts.sessions,
            removal=parts.removal,
            transfer=parts.transfer,
            videos=whole,
            tokens=tokens,
            rate_limits=rate_limits(settings),
            readiness=readiness,
            upkeep=Upkeep(
                (index, engine.examine, whole.sums.know_days),
                (parts.removal.expire, parts.removal.sweep, whole.keep_up),
            ),
            observed=observed,
            limits=limits,
            description=description,
        ),
    )
    return app


def _database(settings: Config, given: Any, deadline_seconds: float) -> Database:
    uri, expires = settings.mongodb_uri, settings.retention_days is not None
    if given is not None or uri is not None:
        hints = plans_by_hints if given is None else None
        return Database(lambda: uri or "", given, hints=hints, deadline_seconds=deadline_seconds, expires=expires)
    settings.make_instance()
    embedded = Embedded(settings.instance_path)

    def locate() -> str:
        embedded.ensure()
        return embedded.uri

    # SecantusDB 0.7.0b3 deadlocks if the first insert into a new collection coincides with its createIndexes.
    return Database(
        locate,
        collections_first=True,
        windowed=True,
        deadline_seconds=deadline_seconds,
        expires=expires,
        free_bytes=embedded.free_bytes,
    )


def serve(app: Flask) -> None:
    """Start this process's background work; returns at once."""
    parts = services.services_of(app)
    observability.show_log(parts.observed, parts.settings.log_level)
    if parts.settings.is_embedded:
        log.warning(_FOR_TRYING_OUT)
    parts.database.prepare()
    parts.upkeep.start()

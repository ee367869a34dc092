"""Health checks: /livez and /readyz."""

import threading
from concurrent.futures import Future

from flask import Blueprint, Flask
from marshmallow import fields, validate

from videosession.contract.decorators import answers
from videosession.contract.shapes import Shape
from videosession.database import Database
from videosession.errors import DatabaseFailure, DatabaseUnavailable
from videosession.services import services

READINESS_SECONDS = 1
AGAIN_SECONDS = 0.25  # for a check after one that failed

blueprint = Blueprint("health", __name__)


class Alive(Shape):
    status = fields.String(
        required=True,
        validate=validate.OneOf(["alive"], error="must be alive"),
        metadata={"description": "Always the same."},
    )
    example = {"status": "alive"}


class Ready(Shape):
    """The service can use the database; while indexes are missing, it is slow."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(["ready"], error="must be ready"),
        metadata={"description": "Always the same."},
    )
    missing_indexes = fields.List(
        fields.String(),
        data_key="missingIndexes",
        required=True,
        metadata={"description": "The names of missing indexes; `flask init-db` creates them."},
    )
    example = {"status": "ready", "missingIndexes": []}


class Readiness:
    """Checks the database in a thread, one check at a time: resolving its name may take longer than a client waits."""

    def __init__(self, database: Database):
        self._database = database
        self._lock = threading.Lock()
        self._look: Future | None = None
        self._was_ready = True

    def missing_indexes(self) -> list[str]:
        """Return the database's missing indexes; DatabaseFailure if reading them takes too long."""
        with self._lock:
            if self._look is None or self._look.done():
                self._look = Future()
                threading.Thread(target=self._read, args=(self._look,), name="readiness", daemon=True).start()
            look = self._look
        try:
            missing = look.result(READINESS_SECONDS if self._was_ready else AGAIN_SECONDS)
        except DatabaseFailure:
            self._was_ready = False
            raise
        except TimeoutError:
            self._was_ready = False
            raise DatabaseUnavailable from None
        self._was_ready = True
        return missing

    def _read(self, look: Future) -> None:
        try:
            with self._database.deadline(READINESS_SECONDS):
                self._database.read()
                look.set_result(self._database.missing_indexes())
        except Exception as error:  # raised again in the request that asked for the check
            look.set_exception(error)


@blueprint.get("/livez")
@answers(Alive)
def livez() -> dict:
    """Return 200 as long as the process runs."""
    return {"status": "alive"}


@blueprint.get("/readyz")
@answers(
    Ready,
    problems={500: "The database refuses the read.", 503: "The database is unavailable, or not safe to use."},
)
def readyz() -> dict:
    """Return 200 and the names of missing indexes if the database can be read.

    Return 503 if it cannot, or if the examination at startup found that the database loses or changes data.
    """
    missing = services().readiness.missing_indexes()
    services().engine.check()
    return {"status": "ready", "missingIndexes": missing}


def init_app(app: Flask, database: Database) -> Readiness:
    """Serve the health checks on `app`, and return the check of `database`."""
    app.register_blueprint(blueprint)
    return Readiness(database)

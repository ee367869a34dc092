"""Whether this process is alive, and whether it can do its work."""

from flask import Blueprint, Flask, current_app
from marshmallow import fields

from videosession.contract import answers
from videosession.database import Database
from videosession.shapes import Shape

READINESS_SECONDS = 1

blueprint = Blueprint("health", __name__)


class Alive(Shape):
    status = fields.Constant("alive", required=True)
    example = {"status": "alive"}


class Ready(Shape):
    """The missing indexes are those without which the service is slow."""

    status = fields.Constant("ready", required=True)
    missing_indexes = fields.List(fields.String(), data_key="missingIndexes", required=True)
    example = {"status": "ready", "missingIndexes": []}


@blueprint.get("/livez")
@answers(Alive)
def livez() -> dict:
    """Say that the process answers; touches nothing."""
    return {"status": "alive"}


@blueprint.get("/readyz")
@answers(Ready, problems={503: "The database does not answer."})
def readyz() -> dict:
    """Say that the database answers a read, or 503; and which indexes are missing, without which it is slow."""
    database: Database = current_app.extensions["database"]
    with database.deadline(READINESS_SECONDS):
        database.sessions.find_one({"_id": "readiness"})
        return {"status": "ready", "missingIndexes": database.missing_indexes()}


def init_app(app: Flask) -> None:
    """Let whoever runs `app` ask how it is."""
    app.register_blueprint(blueprint)

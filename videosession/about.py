"""GET /api: the service's name, its version and every limit."""

from flask import Blueprint, Flask
from marshmallow import fields

from videosession import __version__, auth, errors, observability
from videosession.config import Config
from videosession.contract import bodies, decorators, exact_json
from videosession.contract.decorators import accepts, answers
from videosession.contract.shapes import Shape
from videosession.gunicorn_worker import arrival
from videosession.ids import LONGEST_EVENT_ID
from videosession.services import services
from videosession.sessions import schemas
from videosession.sessions.fields import LARGEST_METADATA, LONGEST_TIMESTAMP
from videosession.timeline import heatmap, summary
from videosession.video import choices, lengths
from videosession.videos import plan_schemas
from videosession.videos.queries import MOST_FILTERS
from videosession.videos.repository import SUMMED_ABOVE

LIMITS = {
    "session": {
        "titleCharacters": schemas.LONGEST_TITLE,
        "descriptionCharacters": schemas.LONGEST_DESCRIPTION,
        "videoIdCharacters": schemas.LONGEST_VIDEO_ID,
        "metadataBytes": LARGEST_METADATA,
    },
    "event": {
        "typeCharacters": schemas.LONGEST_TYPE,
        "timestampCharacters": LONGEST_TIMESTAMP,
        "eventIdCharacters": LONGEST_EVENT_ID,
        "dataLevels": exact_json.DEEPEST,
        "bytes": bodies.LARGEST_VALUE,
    },
    "request": {
        "jsonBytes": bodies.LARGEST_VALUE,
        "ndjsonBytes": bodies.LARGEST[bodies.NDJSON],
        "events": schemas.MOST_EVENTS,
        "values": bodies.MOST_VALUES,
        "idempotencyKeyCharacters": decorators.LONGEST_KEY,
        "requestIdCharacters": observability.LONGEST_ID,
        "lineBytes": arrival.LONGEST_LINE,
    },
    "answer": {"errors": errors.MOST_FAULTS},
    "page": {"sessions": schemas.LARGEST_PAGE_OF_SESSIONS, "events": schemas.LARGEST_PAGE_OF_EVENTS},
    "token": {
        "subjectCharacters": auth.LONGEST_SUBJECT,
        "playerTokenSecondsAtLeast": schemas.SHORTEST_PLAYING_SECONDS,
        "playerTokenSeconds": schemas.LONGEST_PLAYING_SECONDS,
    },
    "video": {
        "sessionsFolded": SUMMED_ABOVE,
        "binsOfANode": lengths.BINS_OF_A_NODE,
        "bins": lengths.BINS,
        "nodes": lengths.NODES,
        "edges": choices.EDGES,
        "filters": MOST_FILTERS,
        "planNodes": plan_schemas.PLAN_NODES,
        "planEdges": plan_schemas.PLAN_EDGES,
        "planBytes": plan_schemas.PLAN_BYTES,
    },
    "timeline": {"binsOfANode": heatmap.NODE_BINS, "bins": heatmap.ALL_BINS, "bytesOfAList": summary.LIST_BYTES},
}

blueprint = Blueprint("about", __name__)


class Service(Shape):
    """The service and its limits, grouped by what they apply to, with their units in their names."""

    name = fields.String(required=True, metadata={"description": "The name of the software."})
    version = fields.String(required=True, metadata={"description": "The version of the software."})
    documentation = fields.String(required=True, metadata={"description": "The path of its documentation."})
    limits = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.Float()),
        required=True,
        metadata={"description": "The limits, by what they apply to and then by name."},
    )
    example = {"name": "videosession", "version": __version__, "documentation": "/docs", "limits": LIMITS}


@blueprint.get("/api")
@accepts()
@answers(Service)
def tell_about() -> dict:
    """Return the service's name, version and limits."""
    return {"name": "videosession", "version": __version__, "documentation": "/docs", "limits": services().limits}


def _rates(config: Config) -> dict[str, int]:
    """Return the rate limits that are set."""
    named = {"requests": config.rate_limit, "playerRequests": config.player_rate_limit}
    set_ones = {name: rate for name, rate in named.items() if rate}
    return {f"{name}PerSecond": rate.per_second for name, rate in set_ones.items()} | {
        f"{name}AtOnce": rate.burst for name, rate in set_ones.items()
    }


def init_app(app: Flask, config: Config) -> dict[str, dict[str, int]]:
    """Serve GET /api on `app`, and return its limits: the fixed ones, and those of `config`."""
    app.register_blueprint(blueprint)
    return LIMITS | {"rate": _rates(config)}

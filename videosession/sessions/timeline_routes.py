"""The operations on timelines: as JSON, and as a picture."""

from functools import partial
from typing import NamedTuple

from flask import Blueprint, Response, request

from videosession import auth
from videosession.contract import queries
from videosession.contract.bodies import JSON
from videosession.contract.decorators import accepts, answers
from videosession.sessions import etags
from videosession.sessions.etags import check_tag, conditional
from videosession.sessions.repository import Condition
from videosession.sessions.routes import sessions
from videosession.sessions.timeline_schemas import Timeline, TimelineQuery
from videosession.timeline import BinsTooNarrow, Viewing, picture, summarise, walk

SVG = "image/svg+xml"
# The picture contains text from clients. It is escaped, and should that ever fail, browsers still run no script.
_PICTURE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}

blueprint = Blueprint("timeline", __name__, url_prefix="/api/sessions/<session_id>")


@blueprint.get("/timeline")
@auth.requires(auth.READ)
@accepts(query=TimelineQuery)
@conditional(check_tag)
@answers(Timeline, also={SVG: None})
def read_timeline(session_id: str, query: dict, condition: Condition | None) -> tuple[dict, dict] | Response:
    """Return a session's timeline: what was watched, where the viewer jumped, and which branches were taken."""
    if request.accept_mimetypes.best_match((JSON, SVG)) == SVG:
        return _draw(session_id, query, condition)
    timeline = _summarised(session_id, query, condition, "")
    return timeline.summary, timeline.headers


@blueprint.get("/timeline.svg")
@auth.requires(auth.READ)
@accepts(query=TimelineQuery)
@conditional(check_tag)
@answers(media_type=SVG)
def draw_timeline(session_id: str, query: dict, condition: Condition | None) -> Response:
    """Return a session's timeline as an SVG picture."""
    return _draw(session_id, query, condition)


def _draw(session_id: str, query: dict, condition: Condition | None) -> Response:
    timeline = _summarised(session_id, query, condition, ".svg")
    return Response(
        picture(timeline.viewing, timeline.summary, timeline.title, timeline.video_id),
        headers=timeline.headers | _PICTURE_HEADERS,
        content_type=SVG,
    )


class _Summarised(NamedTuple):
    viewing: Viewing
    summary: dict
    headers: dict
    title: str | None
    video_id: str | None


def _summarised(session_id: str, query: dict, condition: Condition | None, variant: str) -> _Summarised:
    """Return the viewing that a session's events describe, and its summary."""
    condition = condition and partial(condition, variant=variant)
    session, events = sessions().timeline_events(session_id, owner=auth.owner(), condition=condition)
    viewing = walk(events)
    try:
        headers = etags.headers(session, variant)
        return _Summarised(viewing, summarise(viewing, **query), headers, session.get("title"), session.get("videoId"))
    except BinsTooNarrow as error:
        queries.refuse({"binSeconds": [f"is too small: the minimum is {error.smallest:g}"]})

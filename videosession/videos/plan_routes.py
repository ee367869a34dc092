"""The operations on a video's plan, which its author writes."""

from typing import Any

from flask import Blueprint, Response

from videosession import auth
from videosession.contract.decorators import accepts, answers
from videosession.services import services
from videosession.sessions import etags
from videosession.videos.plan_schemas import Plan
from videosession.videos.plans import Plans, tag_of
from videosession.videos.queries import PlanQuery

_NONE = {404: "You have no plan for this video."}
_CHANGED = {412: "The plan has changed: the condition of `If-Match` or `If-None-Match` does not hold."}
_CONTENDED = {409: "Other requests kept changing the plan. Retry."}

blueprint = Blueprint("plans", __name__, url_prefix="/api/videos/plan")


def plans() -> Plans:
    return services().videos.plans


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=PlanQuery)
@answers(Plan, headers=("ETag",), problems=_NONE | _CHANGED)
def read_video_plan(query: dict[str, Any]) -> tuple[Any, ...]:
    """Return the plan of a video."""
    plan = plans().get(query["video_id"], owner=auth.owner())
    etags.check(tag_of(plan))
    return plan, _tagged(plan)


@blueprint.put("")
@auth.requires(auth.WRITE)
@accepts(Plan, query=PlanQuery)
@answers(Plan, headers=("ETag",), problems=_CHANGED | _CONTENDED, or_status=201)
def put_video_plan(query: dict[str, Any], body: dict[str, Any]) -> Response | tuple[Any, ...]:
    """Declare the nodes of a video, their lengths, and the edges between them; this replaces an earlier plan."""
    is_new = plans().put(query["video_id"], body, owner=auth.owner(), condition=etags.check)
    return (body, _tagged(body), 201) if is_new else (body, _tagged(body))


@blueprint.delete("")
@auth.requires(auth.WRITE)
@accepts(query=PlanQuery)
@answers(status=204, problems=_NONE | _CHANGED | _CONTENDED)
def delete_video_plan(query: dict[str, Any]) -> Response:
    """Delete the plan of a video."""
    plans().delete(query["video_id"], owner=auth.owner(), condition=etags.check)
    return Response(status=204)


def _tagged(plan: dict[str, Any]) -> dict[str, str]:
    return {"ETag": f'"{tag_of(plan)}"'}

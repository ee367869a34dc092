"""The operations on whole videos: who may, what is taken, the deed, what is given."""

from typing import Any

from flask import Blueprint, Response

from videosession import auth, instants
from videosession.contract import pagination
from videosession.contract.decorators import accepts, answers
from videosession.services import services
from videosession.video import tables
from videosession.videos import schemas
from videosession.videos.answering import CSV, as_csv, as_json, ask, negotiated, told
from videosession.videos.queries import ComparisonQuery, HeatmapQuery, PathsQuery, SummaryQuery, VideoQuery, VideosQuery

_NO_VIDEO = {404: "There is neither a session nor a plan of yours with this `videoId`."}
_TAGGED: dict[str, Any] = {"headers": ("ETag",), "problems": _NO_VIDEO}

blueprint = Blueprint("videos", __name__, url_prefix="/api/videos")


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=VideosQuery)
@answers(schemas.Videos)
def list_videos(query: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """List the videos of your sessions, those with the latest session first."""
    page = services().videos.newest(owner=auth.owner(), **query)
    return pagination.answer("videos", [_in_list(video) for video in page.items], page.place)


def _in_list(video: dict[str, Any]) -> dict[str, Any]:
    last = instants.write(video["last"])
    return {"videoId": video["_id"], "sessions": video["sessions"], "lastSessionAt": last}


@blueprint.get("/summary")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=SummaryQuery)
@answers((schemas.Summary, schemas.FewSummary, schemas.Suppressed), **_TAGGED)
def read_video_summary(query: dict[str, Any]) -> Response:
    """Sum up how many watched a video, how much of it, and where they ended."""
    return as_json(told(query, "summary", threshold_percent=query["threshold_percent"]))


def _heatmap(query: dict[str, Any]) -> dict[str, Any]:
    return told(query, "heatmap", width=query["width"], node=_node(query), per=query["per"])


def _node(query: dict[str, Any]) -> tuple[str | None, ...] | None:
    """Return the one node that is asked for: an empty name is also that of the node without one."""
    if "node" not in query:
        return None
    return (query["node"],) if query["node"] else (None, "")


@blueprint.get("/heatmap")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=HeatmapQuery)
@answers((schemas.Heatmap, schemas.ViewerHeatmap, schemas.FewHeatmap, schemas.Suppressed), also={CSV: None}, **_TAGGED)
def read_video_heatmap(query: dict[str, Any]) -> Response:
    """Say what of a video's nodes was watched, watched again, skipped and left, in bins of time."""
    answer = _heatmap(query)
    return as_csv(tables.heatmap(answer), answer["pending"]) if negotiated(CSV) == CSV else as_json(answer)


@blueprint.get("/heatmap.csv")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=HeatmapQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_heatmap_as_csv(query: dict[str, Any]) -> Response:
    """Write the heatmap as a table with a row for each node and bin."""
    answer = _heatmap(query)
    return as_csv(tables.heatmap(answer), answer["pending"])


@blueprint.get("/choices")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=VideoQuery)
@answers((schemas.Choices, schemas.FewChoices, schemas.Suppressed), also={CSV: None}, **_TAGGED)
def read_video_choices(query: dict[str, Any]) -> Response:
    """Say which branches were taken from each node of a video, and what nobody took."""
    answer = told(query, "choices")
    return as_csv(tables.choices(answer), answer["pending"]) if negotiated(CSV) == CSV else as_json(answer)


@blueprint.get("/choices.csv")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=VideoQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_choices_as_csv(query: dict[str, Any]) -> Response:
    """Write the choices as a table with a row for each edge."""
    answer = told(query, "choices")
    return as_csv(tables.choices(answer), answer["pending"])


@blueprint.get("/paths")
@auth.requires(auth.READ)
@accepts(query=PathsQuery)
@answers(schemas.Paths, also={CSV: None}, **_TAGGED)
def read_video_paths(query: dict[str, Any]) -> Response:
    """Say in which order the nodes of a video were visited, whole and step by step."""
    answer = told(query, "paths", steps=query["steps"], limit=query["limit"])
    return as_csv(tables.paths(answer), answer["pending"]) if negotiated(CSV) == CSV else as_json(answer)


@blueprint.get("/paths.csv")
@auth.requires(auth.READ)
@accepts(query=PathsQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_paths_as_csv(query: dict[str, Any]) -> Response:
    """Write the paths as a table with a row for each."""
    answer = told(query, "paths", steps=query["steps"], limit=query["limit"])
    return as_csv(tables.paths(answer), answer["pending"])


@blueprint.get("/comparison")
@auth.requires(auth.READ)
@accepts(query=ComparisonQuery)
@answers(schemas.Comparison, **_TAGGED)
def compare_groups_of_video(query: dict[str, Any]) -> Response:
    """Compare two groups of a video's sessions, by a value in their metadata."""
    asked = ask(query, by=query["by"])
    compared = asked.film.compared(query["by"], (query["a"], query["b"]), query["threshold_percent"])
    about = {"videoId": query["video_id"], "pending": asked.pending, "by": "metadata." + ".".join(query["by"])}
    return as_json(about | compared)

"""The operations on whole videos."""

from typing import Any

from flask import Blueprint, Response

from videosession import auth, instants
from videosession.contract import pagination
from videosession.contract.bodies import JSON
from videosession.contract.decorators import accepts, answers
from videosession.services import services
from videosession.video import picture, tables
from videosession.videos import schemas
from videosession.videos.answering import (
    CSV,
    SVG,
    as_csv,
    as_json,
    as_picture,
    compared,
    curves,
    flows,
    negotiated,
    told,
)
from videosession.videos.queries import ComparisonQuery, HeatmapQuery, PathsQuery, SummaryQuery, VideoQuery, VideosQuery

_NO_VIDEO = {404: "You have no session and no plan with this `videoId`."}
_TAGGED: dict[str, Any] = {"headers": ("ETag",), "problems": _NO_VIDEO}

blueprint = Blueprint("videos", __name__, url_prefix="/api/videos")


@blueprint.get("")
@auth.requires(auth.READ)
@accepts(query=VideosQuery)
@answers(schemas.Videos)
def list_videos(query: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """List the videos of your sessions, the one with the latest session first."""
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
    """Return a video's summary: how many viewers watched it, how much of it, and where they stopped."""
    return as_json(told(query, "summary", threshold_percent=query["threshold_percent"]))


def _heatmap(query: dict[str, Any]) -> dict[str, Any]:
    return told(query, "heatmap", width=query.get("width"), node=_node(query), per=query["per"])


def _node(query: dict[str, Any]) -> tuple[str | None, ...] | None:
    """Return the node that is asked for; an empty name is also that of the unnamed node."""
    if "node" not in query:
        return None
    return (query["node"],) if query["node"] else (None, "")


@blueprint.get("/heatmap")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=HeatmapQuery)
@answers(
    (schemas.Heatmap, schemas.ViewerHeatmap, schemas.FewHeatmap, schemas.Suppressed),
    also={CSV: None, SVG: None},
    **_TAGGED,
)
def read_video_heatmap(query: dict[str, Any]) -> Response:
    """Return a video's heatmap: what was watched, watched again, skipped and left, in bins of time."""
    return _HEATMAPS[negotiated(CSV, SVG)](_heatmap(query))


@blueprint.get("/heatmap.csv")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=HeatmapQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_heatmap_as_csv(query: dict[str, Any]) -> Response:
    """Return a video's heatmap as CSV, with one row per node and bin."""
    return _HEATMAPS[CSV](_heatmap(query))


@blueprint.get("/heatmap.svg")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=HeatmapQuery)
@answers(media_type=SVG, **_TAGGED)
def draw_video_heatmap(query: dict[str, Any]) -> Response:
    """Return a video's heatmap as SVG: a curve for one node, or a strip for each of several nodes."""
    return _HEATMAPS[SVG](_heatmap(query))


_HEATMAPS = {
    JSON: as_json,
    CSV: lambda answer: as_csv(tables.heatmap(answer), answer["pending"]),
    SVG: lambda answer: as_picture(picture.heatmap(answer), answer["pending"]),
}


@blueprint.get("/choices")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=VideoQuery)
@answers((schemas.Choices, schemas.FewChoices, schemas.Suppressed), also={CSV: None, SVG: None}, **_TAGGED)
def read_video_choices(query: dict[str, Any]) -> Response:
    """Return a video's choices: which branches were taken from each node, and which never were."""
    return _CHOICES[negotiated(CSV, SVG)](query)


@blueprint.get("/choices.csv")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=VideoQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_choices_as_csv(query: dict[str, Any]) -> Response:
    """Return a video's choices as CSV, with one row per edge."""
    return _CHOICES[CSV](query)


@blueprint.get("/choices.svg")
@auth.requires(auth.READ, instead=auth.SUMMARY)
@accepts(query=VideoQuery)
@answers(media_type=SVG, **_TAGGED)
def draw_video_choices(query: dict[str, Any]) -> Response:
    """Return a video's choices as SVG: where views went, step by step, where they ended, and what was never visited."""
    return _CHOICES[SVG](query)


def _choices_as_csv(query: dict[str, Any]) -> Response:
    answer = told(query, "choices")
    return as_csv(tables.choices(answer), answer["pending"])


def _choices_as_picture(query: dict[str, Any]) -> Response:
    answer = told(query, "choices")
    return as_picture(picture.choices(answer, flows(query)), answer["pending"])


_CHOICES = {JSON: lambda query: as_json(told(query, "choices")), CSV: _choices_as_csv, SVG: _choices_as_picture}


@blueprint.get("/paths")
@auth.requires(auth.READ)
@accepts(query=PathsQuery)
@answers(schemas.Paths, also={CSV: None}, **_TAGGED)
def read_video_paths(query: dict[str, Any]) -> Response:
    """Return a video's paths: the orders in which its nodes were visited, as a whole and step by step."""
    answer = told(query, "paths", steps=query["steps"], limit=query["limit"])
    return as_csv(tables.paths(answer), answer["pending"]) if negotiated(CSV) == CSV else as_json(answer)


@blueprint.get("/paths.csv")
@auth.requires(auth.READ)
@accepts(query=PathsQuery)
@answers(media_type=CSV, **_TAGGED)
def read_video_paths_as_csv(query: dict[str, Any]) -> Response:
    """Return a video's paths as CSV, with one row per path."""
    answer = told(query, "paths", steps=query["steps"], limit=query["limit"])
    return as_csv(tables.paths(answer), answer["pending"])


@blueprint.get("/comparison")
@auth.requires(auth.READ)
@accepts(query=ComparisonQuery)
@answers(schemas.Comparison, also={SVG: None}, **_TAGGED)
def compare_groups_of_video(query: dict[str, Any]) -> Response:
    """Compare two groups of a video's sessions that differ in a metadata value."""
    return draw_comparison(query) if negotiated(SVG) == SVG else as_json(compared(query)[0])


@blueprint.get("/comparison.svg")
@auth.requires(auth.READ)
@accepts(query=ComparisonQuery)
@answers(media_type=SVG, **_TAGGED)
def draw_comparison_of_video(query: dict[str, Any]) -> Response:
    """Return the comparison as SVG: both groups in one chart, with the difference in completion."""
    return draw_comparison(query)


def draw_comparison(query: dict[str, Any]) -> Response:
    answer, film = compared(query)
    return as_picture(picture.comparison(answer, curves(query, film)), answer["pending"])

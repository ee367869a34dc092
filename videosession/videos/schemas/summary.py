"""The list of videos, and the summary of one."""

from marshmallow import fields

from videosession.contract.shapes import Moment, Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.population import (
    NEVER_VISITED,
    About,
    Averages,
    Completed,
    Ending,
    GroupCoverage,
    NodeLength,
    Population,
    Times,
)


class Video(Shape):
    video_id = field.text("The sessions' `videoId`.", data_key="videoId")
    sessions = field.count("The number of sessions with this `videoId`.")
    last_session_at = Moment(
        required=True, data_key="lastSessionAt", metadata={"description": "When the latest of them was created."}
    )


class Videos(Shape):
    """A page of videos."""

    videos = field.some(Video, "The videos, the one with the latest session first.")
    next = fields.String(metadata={"description": "The `cursor` of the next page; absent on the last."})
    example = {
        "videos": [{"videoId": "film-1", "sessions": 5, "lastSessionAt": "2026-03-01T10:05:00.000Z"}],
        "next": "WzE3NzIzNTkyMzAwMDAwMDAsImZpbG0tMSIse30sIi9hcGkvdmlkZW9zIl0",
    }


class SummaryNode(NodeLength):
    watched_seconds = field.number("Seconds watched on the node, including repeats.", data_key="watchedSeconds")
    unique_seconds = field.number(
        "Seconds watched on the node, without repeats within a session.", data_key="uniqueSeconds"
    )


class Coverage(GroupCoverage):
    percent_histogram = field.counts("The number of views at each whole percent from 0 to 100.", none=False)
    percent_histogram.data_key = "percentHistogram"


class Summary(About, Population, Times, Averages, Completed):
    coverage = fields.Nested(
        Coverage, required=True, metadata={"description": "How much of the video the views cover."}
    )
    threshold = field.number("The minimum coverage of a completed view.")
    complete_events = field.count("Views with a `complete` event.", data_key="completeEvents")
    anomalies = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "The number of views with each anomaly of the timeline."},
    )
    endings = field.some(Ending, "The last nodes of views that are over, most frequent first.")
    nodes = field.some(SummaryNode, "The nodes visited or planned.")
    nodes_omitted = field.optional(field.OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    never_visited = NEVER_VISITED
    example = {
        "videoId": "film-1",
        "pending": 0,
        "sessions": 5,
        "views": 4,
        "viewers": 3,
        "open": 1,
        "watchedSeconds": 165.0,
        "uniqueSeconds": 141.0,
        "averageWatchedSeconds": 41.25,
        "averageUniqueSeconds": 35.25,
        "coverage": {
            "mean": 0.75,
            "medianPercent": 70,
            "percentHistogram": [0] * 30 + [1] + [0] * 39 + [1] + [0] * 29 + [2],
            "unknown": 0,
        },
        "threshold": 0.95,
        "completed": 2,
        "completedShare": 0.5,
        "completeEvents": 2,
        "anomalies": {},
        "endings": [{"node": "left", "sessions": 3, "finished": 2}],
        "nodes": [
            {
                "node": "intro",
                "lengthSeconds": 20.0,
                "lengthKnown": True,
                "otherLengths": 0,
                "seenBy": 4,
                "watchedSeconds": 80.0,
                "uniqueSeconds": 66.0,
            }
        ],
        "neverVisited": ["right"],
    }

"""The comparison of two groups."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.population import About, Averages, Completed, GroupCoverage, Population


class Difference(Shape):
    difference = field.share("The first group's share minus the second's; null if a group has no such views.")
    low = field.share("The lower bound of its 95 % confidence interval.")
    high = field.share("The upper bound of the interval.")


class Group(Population, Averages, Completed):
    value = field.text("The value in the metadata.")
    coverage = fields.Nested(
        GroupCoverage, required=True, metadata={"description": "How much of the video the views cover."}
    )


class ComparedChoice(Difference):
    node = field.node("The node that was left.")
    to = field.node("The node that the edge leads to.")
    option = field.text("The option that was chosen; null if the events have none.", allow_none=True)
    cause = field.text("The cause of the branch.")
    first = field.counts("Views of each group that took this edge when they first left the node.")
    left = field.counts("Views of each group that left the node.")


class Comparison(About):
    by = field.text("The path of the metadata value.")
    groups = field.some(Group, "The two groups.")
    completed = fields.Nested(
        Difference,
        required=True,
        metadata={"description": "The difference between the groups' shares of completed views."},
    )
    choices = field.some(ComparedChoice, "Each edge from a node that both groups left.")
    edges_omitted = field.optional(field.OMITTED_EDGES)
    edges_omitted.data_key = "edgesOmitted"
    example = {
        "videoId": "film-1",
        "pending": 0,
        "by": "metadata.variant",
        "groups": [
            {
                "value": "A",
                "sessions": 2,
                "views": 2,
                "viewers": 2,
                "open": 1,
                "averageWatchedSeconds": 28.0,
                "averageUniqueSeconds": 28.0,
                "completed": 1,
                "completedShare": 0.5,
                "coverage": {"mean": 0.65, "medianPercent": 30, "unknown": 0},
            }
        ],
        "completed": {"difference": 0.0, "low": -0.573419, "high": 0.573419},
        "choices": [
            {
                "node": "intro",
                "to": "left",
                "option": "L",
                "cause": "choice",
                "first": [1, 1],
                "left": [1, 2],
                "difference": 0.5,
                "low": -0.391049,
                "high": 0.905469,
            }
        ],
    }


# What a token of scope sessions:summary is told.

"""The comparison of two groups."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.population import About, Averages, Completed, GroupCoverage, Population


class Difference(Shape):
    difference = field.share("The first group's share less the second's; null where a group has nothing to take it of.")
    low = field.share("Where its 95 % interval begins.")
    high = field.share("Where it ends.")


class Group(Population, Averages, Completed):
    value = field.text("The value in the metadata.")
    coverage = fields.Nested(GroupCoverage, required=True, metadata={"description": "How much a view saw."})


class ComparedChoice(Difference):
    node = field.node("The node left.")
    to = field.node("The node it leads to.")
    option = field.text("The option chosen; null where none was named.", allow_none=True)
    cause = field.text("Why it was taken.")
    first = field.counts("Views of each group whose first departure from the node it was.")
    left = field.counts("Views of each group that left the node.")


class Comparison(About):
    by = field.text("By which value of the metadata.")
    groups = field.some(Group, "The two groups.")
    completed = fields.Nested(
        Difference, required=True, metadata={"description": "By how much more of the first group's views completed."}
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

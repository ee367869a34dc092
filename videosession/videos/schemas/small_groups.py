"""The schemas of answers to tokens that small groups are hidden from."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.heatmap import INTRO, TIMES
from videosession.videos.schemas.population import About, Averages, FewCoverage, Times


class Suppressed(About):
    """The response if there are too few viewers, or if figures of so few could be found by subtracting."""

    suppressed = field.flag("Whether the figures are withheld.")
    smallest_group = field.count("The smallest number of viewers whose figures are shown.", data_key="smallestGroup")
    example = {"videoId": "film-1", "pending": 0, "suppressed": True, "smallestGroup": 5}


class _Few(Suppressed):
    views = field.count("Sessions in which something was watched.")
    viewers = field.count("Distinct viewers of the views.")


_FEW = {"videoId": "film-1", "pending": 0, "suppressed": False, "smallestGroup": 5, "views": 40, "viewers": 32}


class FewSummary(_Few, Times, Averages):
    """The summary for a token with the scope `sessions:summary`."""

    threshold = field.number("The minimum coverage of a completed view.")
    completed = field.count("Views whose coverage is at least the threshold; null for a small group.", allow_none=True)
    completed_share = field.share("The same as a share of views.")
    completed_share.data_key = "completedShare"
    coverage = fields.Nested(
        FewCoverage, required=True, metadata={"description": "How much of the video the views cover."}
    )
    example = {
        **_FEW,
        "watchedSeconds": 1650.0,
        "uniqueSeconds": 1410.0,
        "averageWatchedSeconds": 41.25,
        "averageUniqueSeconds": 35.25,
        "threshold": 0.95,
        "completed": 20,
        "completedShare": 0.5,
        "coverage": {"mean": 0.75, "medianPercent": 70},
    }


class FewHeatmapNode(Shape):
    node = field.node()
    length_seconds = field.number("The node's length.", data_key="lengthSeconds")
    length_known = field.flag("Whether the plan or a view has the length.", data_key="lengthKnown")
    sessions = field.counts("Views with at least one segment in the bin; null for a small group.", none=True)
    watched_seconds = field.numbers("Seconds watched in each bin, including repeats.", none=True)
    watched_seconds.data_key = "watchedSeconds"
    unique_seconds = field.numbers("The same without repeats within a session.", none=True)
    unique_seconds.data_key = "uniqueSeconds"
    watch_ratio = field.numbers(
        "`watchedSeconds` divided by the time that all views need to watch the bin once.", none=True
    )
    watch_ratio.data_key = "watchRatio"
    retention = field.numbers("The same without repeats.", none=True)
    retention_of_node = field.numbers("The same among the views that saw the node.", none=True)
    retention_of_node.data_key = "retentionOfNode"


class FewHeatmap(_Few):
    """The heatmap for a token with the scope `sessions:summary`."""

    bin_seconds = field.number("The width of a bin in seconds.", data_key="binSeconds")
    nodes = field.some(FewHeatmapNode, "The nodes visited or planned.")
    nodes_omitted = field.optional(field.OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    bins_omitted = field.optional(field.OMITTED_BINS)
    bins_omitted.data_key = "binsOmitted"
    example = {**_FEW, "binSeconds": 5.0, "nodes": [{**INTRO, "sessions": [40, None, 30, 30], **TIMES}]}


class FewEdge(Shape):
    to = field.node("The node that the edge leads to.")
    option = field.text("The option that was chosen; null if the events have none.", allow_none=True)
    cause = field.text("The cause of the branch.")
    first = field.count(
        "Views that took this edge when they first left the node; null for a small group.", allow_none=True
    )
    first_share = field.share("The same as a share of the views that left the node.")
    first_share.data_key = "firstShare"


class FewChoicesNode(Shape):
    node = field.node()
    sessions = field.count("Views that entered the node.")
    edges = field.some(FewEdge, "The edges from the node.")


class FewChoices(_Few):
    """The choices for a token with the scope `sessions:summary`: only nodes with enough sessions."""

    nodes = field.some(FewChoicesNode, "The nodes visited.")
    edges_omitted = field.optional(field.OMITTED_EDGES)
    edges_omitted.data_key = "edgesOmitted"
    example = {
        **_FEW,
        "nodes": [
            {
                "node": "intro",
                "sessions": 40,
                "edges": [{"to": "left", "option": "L", "cause": "choice", "first": 30, "firstShare": 0.75}],
            }
        ],
    }

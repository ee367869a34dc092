"""What is told to a token that small groups are hidden from."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.heatmap import INTRO, TIMES
from videosession.videos.schemas.population import About, Averages, FewCoverage, Times


class Suppressed(About):
    """The answer for too few viewers, or where as few others could be found by subtracting."""

    suppressed = field.flag("That nothing is told.")
    smallest_group = field.count("Of how many viewers at least something is told.", data_key="smallestGroup")
    example = {"videoId": "film-1", "pending": 0, "suppressed": True, "smallestGroup": 5}


class _Few(Suppressed):
    views = field.count("Sessions in which something was watched.")
    viewers = field.count("Distinct viewers of the views.")


_FEW = {"videoId": "film-1", "pending": 0, "suppressed": False, "smallestGroup": 5, "views": 40, "viewers": 32}


class FewSummary(_Few, Times, Averages):
    """The summary for a token of scope `sessions:summary`."""

    threshold = field.number("The coverage from which on a view is completed.")
    completed = field.count("Views whose coverage is at least the threshold; null for a small group.", allow_none=True)
    completed_share = field.share("The same as a share of views.")
    completed_share.data_key = "completedShare"
    coverage = fields.Nested(FewCoverage, required=True, metadata={"description": "How much a view saw."})
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
    length_seconds = field.number("How long it is.", data_key="lengthSeconds")
    length_known = field.flag("Whether the plan or a view says how long it is.", data_key="lengthKnown")
    sessions = field.counts("Views with at least one segment in the bin; null for a small group.", none=True)
    watched_seconds = field.numbers("Time watched within each bin, repeats too.", none=True)
    watched_seconds.data_key = "watchedSeconds"
    unique_seconds = field.numbers("The same without repeats within a session.", none=True)
    unique_seconds.data_key = "uniqueSeconds"
    watch_ratio = field.numbers("Time watched as a share of all views watching the bin once.", none=True)
    watch_ratio.data_key = "watchRatio"
    retention = field.numbers("The same without repeats.", none=True)
    retention_of_node = field.numbers("The same among those that saw the node.", none=True)
    retention_of_node.data_key = "retentionOfNode"


class FewHeatmap(_Few):
    """The heatmap for a token of scope `sessions:summary`."""

    bin_seconds = field.number("How long a bin is.", data_key="binSeconds")
    nodes = field.some(FewHeatmapNode, "The nodes visited or planned.")
    nodes_omitted = field.optional(field.OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    bins_omitted = field.optional(field.OMITTED_BINS)
    bins_omitted.data_key = "binsOmitted"
    example = {**_FEW, "binSeconds": 5.0, "nodes": [{**INTRO, "sessions": [40, None, 30, 30], **TIMES}]}


class FewEdge(Shape):
    to = field.node("The node it leads to.")
    option = field.text("The option chosen; null where none was named.", allow_none=True)
    cause = field.text("Why it was taken.")
    first = field.count("Views whose first departure it was; null for a small group.", allow_none=True)
    first_share = field.share("The same as a share of the views that left the node.")
    first_share.data_key = "firstShare"


class FewChoicesNode(Shape):
    node = field.node()
    sessions = field.count("Views that entered it.")
    edges = field.some(FewEdge, "Where they went.")


class FewChoices(_Few):
    """The choices for a token of scope `sessions:summary`: nodes of so many sessions at least."""

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

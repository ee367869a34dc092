"""What is told of a video: every field of the answers, with what it means."""

from typing import Any

from marshmallow import Schema, fields

from videosession.contract.shapes import Moment, Shape


def _count(text: str, **options: Any) -> fields.Field[Any]:
    return fields.Integer(required=True, metadata={"description": text}, **options)


def _optional(text: str) -> fields.Field[Any]:
    return fields.Integer(metadata={"description": text})


def _number(text: str, **options: Any) -> fields.Field[Any]:
    return fields.Float(required=True, metadata={"description": text}, **options)


def _share(text: str) -> fields.Field[Any]:
    return fields.Float(required=True, allow_none=True, metadata={"description": text})


def _text(text: str, **options: Any) -> fields.Field[Any]:
    return fields.String(required=True, metadata={"description": text}, **options)


def _flag(text: str, **options: Any) -> fields.Field[Any]:
    return fields.Boolean(required=True, metadata={"description": text}, **options)


def _node(text: str = "The node; null for one without a name.") -> fields.Field[Any]:
    return _text(text, allow_none=True)


def _counts(text: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Integer(allow_none=none), required=True, metadata={"description": text})


def _numbers(text: str, none: bool = False) -> fields.Field[Any]:
    return fields.List(fields.Float(allow_none=none), required=True, metadata={"description": text})


def _some(schema: type[Schema], text: str, **options: Any) -> fields.Field[Any]:
    return fields.List(fields.Nested(schema), required=True, metadata={"description": text}, **options)


_OMITTED_NODES = "How many nodes of fewer sessions are not listed; absent if none."
_OMITTED_EDGES = "How many edges that were taken less are not listed; absent if none."
_PENDING = "Sessions whose latest events are not counted yet: ask again. 0 where the answer covers everything."
_RANGES = "where the bins stand out by two standard deviations, the 10 largest"


class Video(Shape):
    video_id = _text("The sessions' `videoId`.", data_key="videoId")
    sessions = _count("How many sessions have it.")
    last_session_at = Moment(
        required=True, data_key="lastSessionAt", metadata={"description": "When the latest of them was created."}
    )


class Videos(Shape):
    """A page of videos; `next` is the cursor of the one after it, where there is one."""

    videos = _some(Video, "The latest first.")
    next = fields.String(metadata={"description": "Where the next page begins; absent on the last."})
    example = {
        "videos": [{"videoId": "film-1", "sessions": 5, "lastSessionAt": "2026-03-01T10:05:00.000Z"}],
        "next": "WzE3NzIzNTkyMzAwMDAwMDAsImZpbG0tMSIse30sIi9hcGkvdmlkZW9zIl0",
    }


class About(Shape):
    video_id = _text("Which video.", data_key="videoId")
    pending = _count(_PENDING)


class Population(Shape):
    sessions = _count("Sessions of the video, in the range of time, that match the filters.")
    views = _count("Sessions of them in which something was watched. Shares are of views.")
    viewers = _count("Distinct viewers of the views, by `metadata.viewerId`; a session without is a viewer of its own.")
    open = _count("Views that may go on: not ended, and with an event in the last 30 minutes.")
    clipped = _optional("Views so large that only their beginning counts; absent if none.")


class NodeLength(Shape):
    node = _node()
    length_seconds = _number("How long it is: by the plan, else as most views say.", data_key="lengthSeconds")
    length_known = _flag("Whether the plan or a view says how long it is.", data_key="lengthKnown")
    other_lengths = _count(
        "Views that know another length, by more than 1 s and more than 1 %.", data_key="otherLengths"
    )
    seen_by = _count("Views (of viewers: viewers) with something watched on it.", data_key="seenBy")


class SummaryNode(NodeLength):
    watched_seconds = _number("Time watched on it, repeats too.", data_key="watchedSeconds")
    unique_seconds = _number("Time watched on it, without repeats within a session.", data_key="uniqueSeconds")


class FewCoverage(Shape):
    mean = _share("Mean share of what a view visited that it watched.")
    median_percent = fields.Integer(
        required=True,
        allow_none=True,
        data_key="medianPercent",
        metadata={"description": "The least percentage that at least half of the views do not exceed."},
    )


class GroupCoverage(FewCoverage):
    unknown_views = _count("Views of which it is unknown, for want of a length.", data_key="unknown")


class Coverage(GroupCoverage):
    percent_histogram = _counts("Views by whole percent, 0 to 100.", none=False)
    percent_histogram.data_key = "percentHistogram"


class Ending(Shape):
    node = _node("The last node of the path.")
    sessions = _count("Views that ended there and are over.")
    finished = _count("Of these, those that watched it to its end: its last 30 s or 5 %, whichever is less.")


class _Times(Shape):
    watched_seconds = _number("Time watched, repeats too.", data_key="watchedSeconds")
    unique_seconds = _number("Time watched, without repeats within a session.", data_key="uniqueSeconds")


class _Averages(Shape):
    average_watched_seconds = _share("Time watched by a view on average.")
    average_watched_seconds.data_key = "averageWatchedSeconds"
    average_unique_seconds = _share("Time watched by a view on average, without repeats.")
    average_unique_seconds.data_key = "averageUniqueSeconds"


class _Completed(Shape):
    completed = _count("Views whose coverage is at least the threshold.")
    completed_share = _share("The same as a share of views.")
    completed_share.data_key = "completedShare"


class PlannedEdge(Shape):
    from_ = _text("The node it leaves.", data_key="from")
    to = _text("The node it leads to.")
    option = _text("The option chosen; null where the plan names none.", allow_none=True)


_NEVER_VISITED = fields.List(
    fields.String(),
    required=True,
    allow_none=True,
    data_key="neverVisited",
    metadata={"description": "Planned nodes that no view visited; null without a plan of nodes."},
)


class Summary(About, Population, _Times, _Averages, _Completed):
    coverage = fields.Nested(Coverage, required=True, metadata={"description": "How much a view saw of it."})
    threshold = _number("The coverage from which on a view is completed.")
    complete_events = _count("Views with a `complete` event.", data_key="completeEvents")
    anomalies = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "Views with each anomaly of the timeline."},
    )
    endings = _some(Ending, "Where views ended that are over, most first.")
    nodes = _some(SummaryNode, "The nodes visited or planned.")
    nodes_omitted = _optional(_OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    never_visited = _NEVER_VISITED
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


class _Range(Shape):
    from_ = _number("Where it begins.", data_key="from")
    to = _number("Where it ends.")
    peak = _number("Where the first of its largest bins begins.")


class TimeRange(_Range):
    seconds = _number("The time in it.")


class CountRange(_Range):
    count = _count("How many in it.")


class _Bins(Shape):
    watched_seconds = _numbers("Time watched within each bin, repeats too.")
    watched_seconds.data_key = "watchedSeconds"
    unique_seconds = _numbers("The same without repeats within a session.")
    unique_seconds.data_key = "uniqueSeconds"
    watch_ratio = _numbers("Time watched as a share of all views watching the bin once.", none=True)
    watch_ratio.data_key = "watchRatio"
    retention = _numbers("The same without repeats: the share of views that are still there.", none=True)
    retention_of_node = _numbers("The same among those that saw the node.", none=True)
    retention_of_node.data_key = "retentionOfNode"


class HeatmapNode(NodeLength, _Bins):
    views = _counts("Segments in each bin: repeats count.")
    sessions = _counts("Views with at least one segment in the bin.")
    beyond_seconds = _number("Time watched beyond the last bin.", data_key="beyondSeconds")
    rewatchers = _counts("Views with at least two segments in the bin.")
    exits = _counts("Views that are over and whose last segment ends in the bin.")
    finishes = _counts("Of these, those that reached the end of the node.")
    seek_from = _counts("Jumps that begin in the bin.")
    seek_from.data_key = "seekFrom"
    seek_to = _counts("Jumps that end in the bin.")
    seek_to.data_key = "seekTo"
    skipped = _counts("Views that jumped over the whole bin and never watched it.")
    drop_rate = _numbers("Exits that are no finishes, as a share of `sessions`.", none=True)
    drop_rate.data_key = "dropRate"
    replayed = _some(TimeRange, f"What is watched again: {_RANGES}.")
    drop_offs = _some(CountRange, f"Where viewers leave before the end: {_RANGES}.", data_key="dropOffs")
    skipped_ranges = _some(CountRange, f"What is skipped: {_RANGES}.", data_key="skippedRanges")
    seek_targets = _some(CountRange, f"Where viewers jump to: {_RANGES}.", data_key="seekTargets")


class _Heatmap(About, Population):
    per = _text("What is counted: `session` or `viewer`.")
    bin_seconds = _number("How long a bin is; the last one of a node ends with it.", data_key="binSeconds")
    nodes_omitted = _optional(_OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"


_COUNTED = {"videoId": "film-1", "pending": 0, "sessions": 5, "views": 4, "viewers": 3, "open": 1}
_TIMES = {
    "watchedSeconds": [26.0, 19.0, 15.0, 20.0],
    "uniqueSeconds": [20.0, 16.0, 15.0, 15.0],
    "watchRatio": [1.3, 0.95, 0.75, 1.0],
    "retention": [1.0, 0.8, 0.75, 0.75],
    "retentionOfNode": [1.0, 0.8, 0.75, 0.75],
}
_INTRO = {"node": "intro", "lengthSeconds": 20.0, "lengthKnown": True}


class Heatmap(_Heatmap):
    nodes = _some(HeatmapNode, "The nodes visited or planned; one bin after the other in each list.")
    example = {
        **_COUNTED,
        "per": "session",
        "binSeconds": 5.0,
        "nodes": [
            {
                **_INTRO,
                "otherLengths": 0,
                "seenBy": 4,
                "views": [6, 5, 3, 4],
                "sessions": [4, 4, 3, 3],
                **_TIMES,
                "beyondSeconds": 0.0,
                "rewatchers": [2, 1, 0, 1],
                "exits": [0, 0, 0, 0],
                "finishes": [0, 0, 0, 0],
                "seekFrom": [0, 2, 0, 0],
                "seekTo": [1, 0, 0, 1],
                "skipped": [0, 0, 0, 0],
                "dropRate": [0.0, 0.0, 0.0, 0.0],
                "replayed": [],
                "dropOffs": [],
                "skippedRanges": [],
                "seekTargets": [],
            }
        ],
    }


class ViewerHeatmapNode(NodeLength, _Bins):
    views = _counts("Segments in each bin: repeats count.")
    viewers = _counts("Viewers with at least one segment in the bin.")
    beyond_seconds = _number("Time watched beyond the last bin.", data_key="beyondSeconds")


class ViewerHeatmap(_Heatmap):
    """The heatmap by viewers: the sessions of each are one."""

    nodes = _some(ViewerHeatmapNode, "The nodes visited or planned; one bin after the other in each list.")
    example = {
        **_COUNTED,
        "per": "viewer",
        "binSeconds": 5.0,
        "nodes": [
            {
                **_INTRO,
                "otherLengths": 0,
                "seenBy": 3,
                "views": [6, 5, 3, 4],
                "viewers": [3, 3, 2, 2],
                **_TIMES,
                "beyondSeconds": 0.0,
            }
        ],
    }


class Edge(Shape):
    to = _node("The node it leads to.")
    option = _text("The option chosen; null where none was named.", allow_none=True)
    cause = _text("`choice` where the viewer chose; `timeout`, `default`, `auto` and others are not the viewer's.")
    taken = _count("How often it was taken, every time.")
    sessions = _count("Views that took it.")
    first = _count("Views whose first departure from the node it was.")
    share = _share("`taken` as a share of all departures from the node.")
    first_share = _share("`first` as a share of the views that left the node.")
    first_share.data_key = "firstShare"


class ChoicesNode(Shape):
    node = _node()
    visits = _count("How often it was entered.")
    sessions = _count("Views that entered it.")
    starts = _count("Views that began there.")
    ends = _count("Views whose path ends there.")
    left = _count("Views that left it.")
    edges = _some(Edge, "Where they went, most taken first.")
    chosen_share = _share("The share of departures that the viewer chose.")
    chosen_share.data_key = "chosenShare"


class Choices(About, Population):
    nodes = _some(ChoicesNode, "The nodes visited.")
    endings = _some(Ending, "Where views ended that are over, most first.")
    never_visited = _NEVER_VISITED
    never_taken = _some(PlannedEdge, "Planned edges that no view took; null without a plan of edges.", allow_none=True)
    never_taken.data_key = "neverTaken"
    nodes_omitted = _optional(_OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    edges_omitted = _optional(_OMITTED_EDGES)
    edges_omitted.data_key = "edgesOmitted"
    example = {
        **_COUNTED,
        "nodes": [
            {
                "node": "left",
                "visits": 4,
                "sessions": 3,
                "starts": 0,
                "ends": 3,
                "left": 1,
                "edges": [
                    {
                        "to": "intro",
                        "option": "back",
                        "cause": "back",
                        "taken": 1,
                        "sessions": 1,
                        "first": 1,
                        "share": 1.0,
                        "firstShare": 1.0,
                    }
                ],
                "chosenShare": 0.0,
            }
        ],
        "endings": [{"node": "left", "sessions": 3, "finished": 2}],
        "neverVisited": ["right"],
        "neverTaken": [{"from": "intro", "to": "right", "option": "R"}],
    }


class Path(Shape):
    path = fields.List(
        fields.String(allow_none=True), required=True, metadata={"description": "The first 50 nodes in order."}
    )
    sessions = _count("Views with it.")
    share = _share("The same as a share of views.")


class Flow(Shape):
    step = _count("Which step of the path, from 0.")
    from_ = _node("The node at that step.")
    from_.data_key = "from"
    to = _node("The next one; null where the path ends or the node has no name.")
    ends = _flag("Whether the path ends here.")
    sessions = _count("Views with this step.")


class Paths(About, Population):
    steps = _count("Of how many steps the flows are told.")
    distinct = _count("How many different paths there are.")
    paths = _some(Path, "The most frequent first.")
    flows = _some(Flow, "From the nodes of each step to those of the next.")
    example = {
        **_COUNTED,
        "steps": 2,
        "distinct": 3,
        "paths": [{"path": ["intro", "left"], "sessions": 2, "share": 0.5}],
        "flows": [{"step": 0, "from": "intro", "to": "left", "ends": False, "sessions": 3}],
    }


class Difference(Shape):
    difference = _share("The first group's share less the second's; null where a group has nothing to take it of.")
    low = _share("Where its 95 % interval begins.")
    high = _share("Where it ends.")


class Group(Population, _Averages, _Completed):
    value = _text("The value in the metadata.")
    coverage = fields.Nested(GroupCoverage, required=True, metadata={"description": "How much a view saw."})


class ComparedChoice(Difference):
    node = _node("The node left.")
    to = _node("The node it leads to.")
    option = _text("The option chosen; null where none was named.", allow_none=True)
    cause = _text("Why it was taken.")
    first = _counts("Views of each group whose first departure from the node it was.")
    left = _counts("Views of each group that left the node.")


class Comparison(About):
    by = _text("By which value of the metadata.")
    groups = _some(Group, "The two groups.")
    completed = fields.Nested(
        Difference, required=True, metadata={"description": "By how much more of the first group's views completed."}
    )
    choices = _some(ComparedChoice, "Each edge from a node that both groups left.")
    edges_omitted = _optional(_OMITTED_EDGES)
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


class Suppressed(About):
    """Nothing of so few viewers, nor where as few others could be found by subtracting."""

    suppressed = _flag("That nothing is told.")
    smallest_group = _count("Of how many viewers at least something is told.", data_key="smallestGroup")
    example = {"videoId": "film-1", "pending": 0, "suppressed": True, "smallestGroup": 5}


class _Few(Suppressed):
    views = _count("Sessions in which something was watched.")
    viewers = _count("Distinct viewers of the views.")


_FEW = {"videoId": "film-1", "pending": 0, "suppressed": False, "smallestGroup": 5, "views": 40, "viewers": 32}


class FewSummary(_Few, _Times, _Averages):
    """The summary for a token of scope `sessions:summary`."""

    threshold = _number("The coverage from which on a view is completed.")
    completed = _count("Views whose coverage is at least the threshold; null for a small group.", allow_none=True)
    completed_share = _share("The same as a share of views.")
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
    node = _node()
    length_seconds = _number("How long it is.", data_key="lengthSeconds")
    length_known = _flag("Whether the plan or a view says how long it is.", data_key="lengthKnown")
    sessions = _counts("Views with at least one segment in the bin; null for a small group.", none=True)
    watched_seconds = _numbers("Time watched within each bin, repeats too.", none=True)
    watched_seconds.data_key = "watchedSeconds"
    unique_seconds = _numbers("The same without repeats within a session.", none=True)
    unique_seconds.data_key = "uniqueSeconds"
    watch_ratio = _numbers("Time watched as a share of all views watching the bin once.", none=True)
    watch_ratio.data_key = "watchRatio"
    retention = _numbers("The same without repeats.", none=True)
    retention_of_node = _numbers("The same among those that saw the node.", none=True)
    retention_of_node.data_key = "retentionOfNode"


class FewHeatmap(_Few):
    """The heatmap for a token of scope `sessions:summary`."""

    bin_seconds = _number("How long a bin is.", data_key="binSeconds")
    nodes = _some(FewHeatmapNode, "The nodes visited or planned.")
    nodes_omitted = _optional(_OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    example = {**_FEW, "binSeconds": 5.0, "nodes": [{**_INTRO, "sessions": [40, None, 30, 30], **_TIMES}]}


class FewEdge(Shape):
    to = _node("The node it leads to.")
    option = _text("The option chosen; null where none was named.", allow_none=True)
    cause = _text("Why it was taken.")
    first = _count("Views whose first departure it was; null for a small group.", allow_none=True)
    first_share = _share("The same as a share of the views that left the node.")
    first_share.data_key = "firstShare"


class FewChoicesNode(Shape):
    node = _node()
    sessions = _count("Views that entered it.")
    edges = _some(FewEdge, "Where they went.")


class FewChoices(_Few):
    """The choices for a token of scope `sessions:summary`: nodes of so many sessions at least."""

    nodes = _some(FewChoicesNode, "The nodes visited.")
    edges_omitted = _optional(_OMITTED_EDGES)
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

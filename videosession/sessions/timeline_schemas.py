"""The schema of a timeline; seconds are positions on a node, instants are clock times."""

from typing import Any

from marshmallow import fields

from videosession.contract.queries import Decimal, Query
from videosession.contract.shapes import Moment, Shape
from videosession.timeline.stretches import MODES
from videosession.timeline.summary import LISTS
from videosession.timeline.viewing import ANOMALIES


def _meta(description: str, **options: Any) -> dict[str, Any]:
    return {"required": True, "metadata": {"description": description}} | options


class OneOf(fields.String):
    """One of these words."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        self.described = {"enum": list(words)}
        super().__init__(**options)


class Cause(fields.String):
    """One of these words, or the `cause` of the event."""

    def __init__(self, words: tuple[str, ...], **options: Any) -> None:
        self.described = {"anyOf": [{"enum": list(words)}, {"type": "string", "maxLength": 200}]}
        super().__init__(**options)


class Named(fields.Dict):
    """Numbers under some of these names."""

    def __init__(self, names: tuple[str, ...], values: fields.Field, **options: Any) -> None:
        self.described = {"propertyNames": {"enum": list(names)}}
        super().__init__(keys=fields.String(), values=values, **options)


def _node() -> fields.String:
    return fields.String(**_meta("The node; `null` for the unnamed node of an ordinary video.", allow_none=True))


BRANCH_CAUSES = ("choice", "auto", "timeout", "default", "back")
JUMP_CAUSES = ("user", "replay", "unreported")


class TimelineQuery(Query):
    threshold = Decimal(
        0, 1, load_default=0.95, metadata={"description": "The minimum coverage at which a viewing is `completed`."}
    )
    bin_seconds = Decimal(
        0.1,
        3600,
        data_key="binSeconds",
        metadata={"description": "The width of the heatmap's bins in seconds. Default: a hundredth of the length."},
    )


class Segment(Shape):
    """A stretch that was watched without a jump or a branch; pauses, stalls and ads do not end it."""

    node = _node()
    from_ = fields.Float(**_meta("Where it begins, in seconds.", data_key="from"))
    to = fields.Float(**_meta("Where it ends, in seconds."))
    started_at = Moment(**_meta("When the viewer began to watch it.", data_key="startedAt"))
    ended_at = Moment(**_meta("When the segment was last extended.", data_key="endedAt"))
    rate = fields.Float(**_meta("The playback rate; `null` if it changed within the segment.", allow_none=True))


class Jump(Shape):
    """A move of the playhead, by one seek or by scrubbing."""

    node = _node()
    from_ = fields.Float(**_meta("Where the playhead was, in seconds.", data_key="from"))
    to = fields.Float(**_meta("Where the playhead moved to, in seconds."))
    cause = Cause(
        JUMP_CAUSES,
        **_meta("The event's `cause`, else `user`, `replay` (end to start), or `unreported` (by no event)."),
    )
    steps = fields.Integer(**_meta("The number of moves, with nothing watched between them: scrubbing is one jump."))
    at = Moment(**_meta("When the first step was made."))


class Departure(Shape):
    """A branch taken: `departures[i]` leads from `path[i]` to `path[i + 1]`."""

    from_ = fields.String(**_meta("The node that was left.", data_key="from", allow_none=True))
    to = fields.String(**_meta("The node that was entered.", allow_none=True))
    option = fields.String(**_meta("The option that was chosen, if the event has one.", allow_none=True))
    cause = Cause(BRANCH_CAUSES, **_meta("The event's `cause`, else `choice`, or `auto` for `nodeEnter`."))
    at = Moment(**_meta("When the branch was taken."))
    position = fields.Float(**_meta("The position in seconds at which the node was left, if known.", allow_none=True))
    decision_seconds = fields.Float(
        **_meta("Seconds since the latest `choiceOffer` on the node left.", data_key="decisionSeconds", allow_none=True)
    )


class GraphNode(Shape):
    id = _node()
    visits = fields.Integer(**_meta("How often the node was entered."))
    length_seconds = fields.Float(
        **_meta("The node's length; `null` if unknown or still growing.", data_key="lengthSeconds", allow_none=True)
    )
    watched_seconds = fields.Float(
        **_meta("Seconds watched on the node, including repeats.", data_key="watchedSeconds")
    )
    unique_seconds = fields.Float(**_meta("Seconds of the node watched at least once.", data_key="uniqueSeconds"))


class GraphEdge(Shape):
    from_ = fields.String(**_meta("The node that was left.", data_key="from", allow_none=True))
    to = fields.String(**_meta("The node that was entered.", allow_none=True))
    option = fields.String(**_meta("The option that was chosen, if the events have one.", allow_none=True))
    cause = Cause(BRANCH_CAUSES, **_meta("The events' `cause`, else `choice`, or `auto` for `nodeEnter`."))
    count = fields.Integer(**_meta("How often the branch was taken."))


class Graph(Shape):
    nodes = fields.List(fields.Nested(GraphNode), **_meta("The nodes visited, in the order of their first visit."))
    edges = fields.List(
        fields.Nested(GraphEdge), **_meta("The branches taken, in the order in which they were first taken.")
    )


class Chapter(Shape):
    node = _node()
    index = fields.Float(**_meta("The chapter's number, from its events.", allow_none=True))
    title = fields.String(**_meta("The chapter's title, from its events.", allow_none=True))
    played_seconds = fields.Float(
        **_meta(
            "How many seconds the player was playing while the chapter was open, by the clock.",
            data_key="playedSeconds",
        )
    )
    completed = fields.Boolean(**_meta("Whether a `chapterComplete` was received while the chapter was open."))


class Heat(Shape):
    """How often each part of a node was watched."""

    node = _node()
    from_ = fields.Float(
        **_meta("Where the first bin begins: 0, or the earliest second watched of a live stream.", data_key="from")
    )
    bin_seconds = fields.Float(**_meta("The width of a bin in seconds.", data_key="binSeconds"))
    views = fields.List(fields.Integer(), **_meta("How many segments overlap each half-open bin."))


class Anomaly(Shape):
    code = OneOf(ANOMALIES, **_meta("What was unusual about the events."))
    count = fields.Integer(**_meta("How often it occurred."))
    event_id = fields.String(**_meta("The id of the first such event.", data_key="eventId"))


class Timeline(Shape):
    segments = fields.List(fields.Nested(Segment), **_meta("What was watched, in the order watched."))
    jumps = fields.List(fields.Nested(Jump), **_meta("Where the viewer jumped, in the order of the jumps."))
    path = fields.List(fields.String(allow_none=True), **_meta("The nodes in the order visited."))
    departures = fields.List(fields.Nested(Departure), **_meta("The branches in the order taken."))
    graph = fields.Nested(Graph, **_meta("The nodes visited and the branches taken."))
    chapters = fields.List(fields.Nested(Chapter), **_meta("The chapters, in the order of their first appearance."))
    heatmap = fields.List(fields.Nested(Heat), **_meta("How often each part was watched, for each node visited."))
    omitted = Named(
        LISTS,
        fields.Integer(),
        **_meta("For each list that was cut because it is too long: the number of entries left out."),
    )
    watched_seconds = fields.Float(**_meta("The sum of the segments' lengths.", data_key="watchedSeconds"))
    unique_seconds = fields.Float(**_meta("Seconds watched at least once.", data_key="uniqueSeconds"))
    rewatched_seconds = fields.Float(**_meta("`watchedSeconds` minus `uniqueSeconds`.", data_key="rewatchedSeconds"))
    coverage = fields.Float(
        **_meta(
            "`uniqueSeconds` divided by the lengths of the visited nodes; `null` while one is unknown.", allow_none=True
        )
    )
    completed = fields.Boolean(**_meta("Whether `coverage` is at least `threshold`."))
    complete_event = fields.Boolean(
        **_meta("Whether a `complete` was received outside an ad.", data_key="completeEvent")
    )
    ended = fields.Boolean(**_meta("Whether the last known event is `complete` or `sessionEnd`."))
    wall = Named(MODES, fields.Float(), **_meta("Seconds by the clock in each mode; zeros are omitted."))
    anomalies = fields.List(fields.Nested(Anomaly), **_meta("What was unusual about the events, one entry per code."))
    events = fields.Integer(**_meta("The number of events."))
    understood = fields.Integer(**_meta("The number of events of a known type."))
    example = {
        "segments": [
            {
                "node": None,
                "from": 0.0,
                "to": 30.0,
                "startedAt": "2026-03-01T10:00:00.000Z",
                "endedAt": "2026-03-01T10:00:30.000Z",
                "rate": 1.0,
            },
            {
                "node": None,
                "from": 240.0,
                "to": 300.0,
                "startedAt": "2026-03-01T10:00:30.000Z",
                "endedAt": "2026-03-01T10:01:30.000Z",
                "rate": 1.0,
            },
        ],
        "jumps": [
            {"node": None, "from": 30.0, "to": 240.0, "cause": "user", "steps": 1, "at": "2026-03-01T10:00:30.000Z"}
        ],
        "path": [None],
        "departures": [],
        "graph": {
            "nodes": [{"id": None, "visits": 1, "lengthSeconds": 600.0, "watchedSeconds": 90.0, "uniqueSeconds": 90.0}],
            "edges": [],
        },
        "chapters": [],
        "heatmap": [{"node": None, "from": 0.0, "binSeconds": 100, "views": [1, 0, 1, 0, 0, 0]}],
        "omitted": {},
        "watchedSeconds": 90.0,
        "uniqueSeconds": 90.0,
        "rewatchedSeconds": 0.0,
        "coverage": 0.15,
        "completed": False,
        "completeEvent": False,
        "ended": False,
        "wall": {"playing": 90.0},
        "anomalies": [],
        "events": 3,
        "understood": 3,
    }

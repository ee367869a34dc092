"""The shape of a timeline on the wire; seconds are on the time axis of a node, instants are of the clock."""

from marshmallow import fields

from videosession.contract.queries import Decimal, Query
from videosession.contract.shapes import Moment, Shape

NODE = {"required": True, "allow_none": True}


class TimelineQuery(Query):
    threshold = Decimal(
        0, 1, load_default=0.95, metadata={"description": "From which coverage on a viewing is `completed`."}
    )
    bin_seconds = Decimal(
        0.1,
        3600,
        data_key="binSeconds",
        load_default=None,
        metadata={"description": "How long a bin of the heatmap is; a hundredth of the length if not given."},
    )


class Segment(Shape):
    node = fields.String(**NODE)
    from_ = fields.Float(required=True, data_key="from")
    to = fields.Float(required=True)
    started_at = Moment(required=True, data_key="startedAt")
    ended_at = Moment(required=True, data_key="endedAt")


class Jump(Shape):
    node = fields.String(**NODE)
    from_ = fields.Float(required=True, data_key="from")
    to = fields.Float(required=True)
    cause = fields.String(required=True)
    steps = fields.Integer(required=True)
    at = Moment(required=True)


class GraphNode(Shape):
    id = fields.String(**NODE)
    visits = fields.Integer(required=True)
    watched_seconds = fields.Float(required=True, data_key="watchedSeconds")
    unique_seconds = fields.Float(required=True, data_key="uniqueSeconds")


class GraphEdge(Shape):
    from_ = fields.String(data_key="from", **NODE)
    to = fields.String(**NODE)
    option = fields.String(**NODE)
    cause = fields.String(required=True)
    count = fields.Integer(required=True)


class Graph(Shape):
    nodes = fields.List(fields.Nested(GraphNode), required=True)
    edges = fields.List(fields.Nested(GraphEdge), required=True)


class Chapter(Shape):
    node = fields.String(**NODE)
    index = fields.Float(**NODE)
    title = fields.String(**NODE)
    played_seconds = fields.Float(required=True, data_key="playedSeconds")
    completed = fields.Boolean(required=True)


class Heat(Shape):
    node = fields.String(**NODE)
    bin_seconds = fields.Float(required=True, data_key="binSeconds")
    views = fields.List(fields.Integer(), required=True)


class Anomaly(Shape):
    code = fields.String(required=True)
    count = fields.Integer(required=True)
    event_id = fields.String(required=True, data_key="eventId")


class Timeline(Shape):
    segments = fields.List(fields.Nested(Segment), required=True)
    jumps = fields.List(fields.Nested(Jump), required=True)
    path = fields.List(fields.String(allow_none=True), required=True)
    graph = fields.Nested(Graph, required=True)
    chapters = fields.List(fields.Nested(Chapter), required=True)
    heatmap = fields.List(fields.Nested(Heat), required=True)
    watched_seconds = fields.Float(required=True, data_key="watchedSeconds")
    unique_seconds = fields.Float(required=True, data_key="uniqueSeconds")
    rewatched_seconds = fields.Float(required=True, data_key="rewatchedSeconds")
    coverage = fields.Float(required=True, allow_none=True)
    completed = fields.Boolean(required=True)
    complete_event = fields.Boolean(required=True, data_key="completeEvent")
    wall = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    anomalies = fields.List(fields.Nested(Anomaly), required=True)
    events = fields.Integer(required=True)
    example = {
        "segments": [
            {
                "node": None,
                "from": 0.0,
                "to": 30.0,
                "startedAt": "2026-03-01T10:00:00.000Z",
                "endedAt": "2026-03-01T10:00:30.000Z",
            },
            {
                "node": None,
                "from": 240.0,
                "to": 300.0,
                "startedAt": "2026-03-01T10:00:30.000Z",
                "endedAt": "2026-03-01T10:01:30.000Z",
            },
        ],
        "jumps": [
            {"node": None, "from": 30.0, "to": 240.0, "cause": "user", "steps": 1, "at": "2026-03-01T10:00:30.000Z"}
        ],
        "path": [None],
        "graph": {"nodes": [{"id": None, "visits": 1, "watchedSeconds": 90.0, "uniqueSeconds": 90.0}], "edges": []},
        "chapters": [],
        "heatmap": [{"node": None, "binSeconds": 100, "views": [1, 0, 1, 0, 0, 0]}],
        "watchedSeconds": 90.0,
        "uniqueSeconds": 90.0,
        "rewatchedSeconds": 0.0,
        "coverage": 0.15,
        "completed": False,
        "completeEvent": False,
        "wall": {"playing": 90.0},
        "anomalies": [],
        "events": 3,
    }

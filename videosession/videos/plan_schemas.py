"""The schema of a video's plan, with all bounds."""

from typing import Any

import orjson
from marshmallow import ValidationError, fields, validate, validates_schema

from videosession.contract.shapes import Shape
from videosession.sessions.fields import Text

PLAN_NODES = 1_000
PLAN_EDGES = 5_000
PLAN_BYTES = 256 * 1024
LONGEST_NAME = 200
LONGEST_SECONDS = 10**10


class PlanNumber(fields.Float):
    """Seconds as a JSON number; text is refused."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return float(value)


def _name(text: str, **options: Any) -> Text:
    return Text(validate=validate.Length(0, LONGEST_NAME), metadata={"description": text}, **options)


class PlanNode(Shape):
    id = _name("The node's id, as in the events of sessions.", required=True)
    title = _name("A human-readable title.")
    length_seconds = PlanNumber(
        data_key="lengthSeconds",
        attribute="lengthSeconds",
        validate=validate.Range(0, LONGEST_SECONDS, min_inclusive=False),
        metadata={"description": "The node's length in seconds."},
    )


class PlanEdge(Shape):
    from_ = _name("The node that the edge leaves.", required=True, data_key="from", attribute="from")
    to = _name("The node that the edge leads to.", required=True)
    option = _name("The option that is chosen; without it, any option.")


class Plan(Shape):
    """The declared nodes of a video with their lengths, and the edges between them. At most 256 KiB."""

    title = _name("The title of the video.")
    nodes = fields.List(
        fields.Nested(PlanNode),
        validate=validate.Length(max=PLAN_NODES),
        metadata={"description": "The nodes, with unique ids."},
    )
    edges = fields.List(
        fields.Nested(PlanEdge),
        validate=validate.Length(max=PLAN_EDGES),
        metadata={"description": "Edges between the ids of `nodes`."},
    )

    @validates_schema
    def refuse_contradictions(self, plan: dict[str, Any], **_: Any) -> None:
        """Refuse duplicate ids, edges with undeclared nodes, and plans that are too large."""
        faults: dict[str, Any] = {"nodes": {}, "edges": {}}
        ids: set[str] = set()
        for place, node in enumerate(plan.get("nodes", ())):
            if node["id"] in ids:
                faults["nodes"][place] = {"id": ["must be unique: an earlier node has this id"]}
            ids.add(node["id"])
        for place, edge in enumerate(plan.get("edges", ())):
            unknown = {end: ["must be the id of a node"] for end in ("from", "to") if edge[end] not in ids}
            if unknown:
                faults["edges"][place] = unknown
        if found := {name: at for name, at in faults.items() if at}:
            raise ValidationError(found)
        if (size := len(orjson.dumps(plan))) > PLAN_BYTES:
            raise ValidationError(f"must have at most {PLAN_BYTES} bytes as JSON, but has {size}")

    example = {
        "title": "Two doors",
        "nodes": [
            {"id": "intro", "title": "Two doors", "lengthSeconds": 20.0},
            {"id": "left", "lengthSeconds": 30.0},
            {"id": "right", "lengthSeconds": 40.0},
        ],
        "edges": [
            {"from": "intro", "to": "left", "option": "L"},
            {"from": "intro", "to": "right", "option": "R"},
        ],
    }

"""The choices in a video, and the paths through it."""

from marshmallow import fields

from videosession.contract.shapes import Shape
from videosession.videos.schemas import field
from videosession.videos.schemas.population import COUNTED, NEVER_VISITED, About, Ending, Population


class PlannedEdge(Shape):
    from_ = field.text("The node that the edge leaves.", data_key="from")
    to = field.text("The node that the edge leads to.")
    option = field.text("The option that is chosen; null if the plan has none.", allow_none=True)


class Edge(Shape):
    to = field.node("The node that the edge leads to.")
    option = field.text("The option that was chosen; null if the events have none.", allow_none=True)
    cause = field.text("`choice` if the viewer chose; `timeout`, `default`, `auto` and others if not.")
    taken = field.count("How often the edge was taken, including repeats.")
    sessions = field.count("Views that took the edge.")
    first = field.count("Views that took this edge when they first left the node.")
    share = field.share("`taken` as a share of all departures from the node.")
    first_share = field.share("`first` as a share of the views that left the node.")
    first_share.data_key = "firstShare"


class ChoicesNode(Shape):
    node = field.node()
    visits = field.count("How often the node was entered.")
    sessions = field.count("Views that entered the node.")
    starts = field.count("Views that began there.")
    ends = field.count("Views whose path ends there.")
    left = field.count("Views that left the node.")
    edges = field.some(Edge, "The edges from the node, most taken first.")
    chosen_share = field.share("The share of departures that were the viewer's choice.")
    chosen_share.data_key = "chosenShare"


class Choices(About, Population):
    nodes = field.some(ChoicesNode, "The nodes visited.")
    endings = field.some(Ending, "The last nodes of views that are over, most frequent first.")
    never_visited = NEVER_VISITED
    never_taken = field.some(
        PlannedEdge, "Planned edges that no view took; null without a plan of edges.", allow_none=True
    )
    never_taken.data_key = "neverTaken"
    nodes_omitted = field.optional(field.OMITTED_NODES)
    nodes_omitted.data_key = "nodesOmitted"
    edges_omitted = field.optional(field.OMITTED_EDGES)
    edges_omitted.data_key = "edgesOmitted"
    example = {
        **COUNTED,
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
    sessions = field.count("Views with this path.")
    share = field.share("The same as a share of views.")


class Flow(Shape):
    step = field.count("The step of the path, counted from 0.")
    from_ = field.node("The node at that step.")
    from_.data_key = "from"
    to = field.node("The next node; null if the path ends or the node is unnamed.")
    ends = field.flag("Whether the path ends here.")
    sessions = field.count("Views with this step.")


class Paths(About, Population):
    steps = field.count("The number of steps for which flows are returned.")
    distinct = field.count("The number of different paths.")
    paths = field.some(Path, "The most frequent first.")
    flows = field.some(Flow, "From the nodes of each step to those of the next.")
    example = {
        **COUNTED,
        "steps": 2,
        "distinct": 3,
        "paths": [{"path": ["intro", "left"], "sessions": 2, "share": 0.5}],
        "flows": [{"step": 0, "from": "intro", "to": "left", "ends": False, "sessions": 3}],
    }

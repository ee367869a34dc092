"""The choices: which branches views took from each node."""

from __future__ import annotations

import heapq
from typing import Any

from videosession.video.arithmetic import Node, nothing_first, share, without_zeros
from videosession.video.heatmap import header
from videosession.video.lengths import most_visited
from videosession.video.plan import Plan
from videosession.video.summary import endings
from videosession.video.totals import Edge, EdgeTotals, NodeTotals, Totals

EDGES = 5_000


def choices(totals: Totals, plan: Plan) -> dict[str, Any]:
    """Return the answer."""
    visited = {node for node, sums in totals.nodes.items() if sums.sessions}
    nodes = most_visited(totals, visited)
    edges, omitted = _most_taken(totals, nodes)
    return {
        **header(totals),
        "nodes": [_node(node, totals.nodes[node], edges[node]) for node in nodes],
        "endings": endings(totals),
        "neverVisited": plan.never_visited(totals),
        "neverTaken": plan.never_taken(totals),
        **without_zeros(nodesOmitted=len(visited) - len(nodes), edgesOmitted=omitted),
    }


def _most_taken(totals: Totals, nodes: list[Node]) -> tuple[dict[Node, list[Edge]], int]:
    """Return the listed edges of each node, those taken most, and the number of omitted ones."""
    everywhere = sum(len(sums.edges) for sums in totals.nodes.values())
    found = [
        (-taken.taken, edge_key(edge), nothing_first(node), node, edge)
        for node in nodes
        for edge, taken in totals.nodes[node].edges.items()
    ]
    chosen: dict[Node, list[Edge]] = {node: [] for node in nodes}
    for *_, node, edge in heapq.nsmallest(EDGES, found, key=lambda each: each[:3]):
        chosen[node].append(edge)
    return chosen, everywhere - min(len(found), EDGES)


def edge_key(edge: Edge) -> tuple[tuple[bool, str], tuple[bool, str], str]:
    to, option, cause = edge
    return nothing_first(to), nothing_first(option), cause


def _node(node: Node, sums: NodeTotals, edges: list[Edge]) -> dict[str, Any]:
    taken = sum(each.taken for each in sums.edges.values())
    chosen = sum(each.taken for (_, _, cause), each in sums.edges.items() if cause == "choice")
    return {
        "node": node,
        "visits": sums.visits,
        "sessions": sums.sessions,
        "starts": sums.starts,
        "ends": sums.ends,
        "left": sums.left,
        "edges": [_edge(edge, sums.edges[edge], taken, sums.left) for edge in edges],
        "chosenShare": share(chosen, taken),
    }


def _edge(edge: Edge, sums: EdgeTotals, taken: int, left: int) -> dict[str, Any]:
    to, option, cause = edge
    return {
        "to": to,
        "option": option,
        "cause": cause,
        "taken": sums.taken,
        "sessions": sums.sessions,
        "first": sums.first,
        "share": share(sums.taken, taken),
        "firstShare": share(sums.first, left),
    }

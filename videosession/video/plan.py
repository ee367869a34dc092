"""A video's plan, declared by its author: the nodes with their lengths, and the branches between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from videosession.video.arithmetic import Node, milliseconds, nothing_first
from videosession.video.totals import Totals


class PlannedEdge(NamedTuple):
    start: str
    to: str
    option: str | None


class Plan(NamedTuple):
    """A plan's nodes with their lengths in milliseconds, None where it gives none, and its edges."""

    lengths: Mapping[Node, int | None]
    edges: list[PlannedEdge]

    def never_visited(self, totals: Totals) -> list[Node] | None:
        """Return the planned nodes that no view visited; None if none are planned."""
        if not self.lengths:
            return None
        seen = {node for node, sums in totals.nodes.items() if sums.sessions}
        return sorted(self.lengths.keys() - seen, key=nothing_first)

    def never_taken(self, totals: Totals) -> list[dict[str, Any]] | None:
        """Return the planned edges that no view took; None if none are planned."""
        if not self.edges:
            return None
        taken = {(start, to, option) for start, sums in totals.nodes.items() for to, option, _ in sums.edges}
        anyhow = {(start, to) for start, to, _ in taken}
        missed = [
            edge
            for edge in self.edges
            if (edge not in taken if edge.option is not None else (edge.start, edge.to) not in anyhow)
        ]
        missed.sort(key=lambda edge: (edge.start, edge.to, nothing_first(edge.option)))
        return [{"from": edge.start, "to": edge.to, "option": edge.option} for edge in missed]


NO_PLAN = Plan({}, [])


def plan_of(stored: Mapping[str, Any] | None) -> Plan:
    """Return a stored plan, or an empty one."""
    if stored is None:
        return NO_PLAN
    lengths: dict[Node, int | None] = {}
    for node in stored.get("nodes", ()):
        length = node.get("lengthSeconds")
        lengths[node["id"]] = None if length is None else milliseconds(length)
    edges = [PlannedEdge(edge["from"], edge["to"], edge.get("option")) for edge in stored.get("edges", ())]
    return Plan(lengths, edges)

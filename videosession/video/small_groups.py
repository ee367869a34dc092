"""Answers for dashboards in public pages, which hide groups so small that a person could be identified.

This is not differential privacy: bins count sessions, and requests before and after a session show what it added.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from videosession.video.population import Counted

Answer = dict[str, Any]

_SUMMARY = (
    "views", "viewers", "watchedSeconds", "uniqueSeconds", "averageWatchedSeconds", "averageUniqueSeconds", "threshold",
    "completed", "completedShare",
)  # fmt: skip
_BINS = ("sessions", "watchedSeconds", "uniqueSeconds", "watchRatio", "retention", "retentionOfNode")
_NODE = ("node", "lengthSeconds", "lengthKnown")


def viewers(population: Iterable[Counted]) -> int:
    """Return how many viewers the views have."""
    return len({each.session.viewer for each in population if each.result is not None and each.result.is_view})


def is_suppressed(viewers: int, outside: int, smallest: int) -> bool:
    """Return whether the answer is hidden: it has too few viewers, or too few others that could be subtracted."""
    return viewers < smallest or 0 < outside < smallest


def suppressed(smallest: int) -> Answer:
    return {"suppressed": True, "smallestGroup": smallest}


def _visible(smallest: int, answer: Answer, names: Iterable[str]) -> Answer:
    return {"suppressed": False, "smallestGroup": smallest} | {name: answer[name] for name in names}


def summary(answer: Answer, smallest: int) -> Answer:
    visible = _visible(smallest, answer, _SUMMARY)
    completed, views = answer["completed"], answer["views"]
    if 0 < completed < smallest or 0 < views - completed < smallest:
        visible |= {"completed": None, "completedShare": None}
    return visible | {"coverage": {name: answer["coverage"][name] for name in ("mean", "medianPercent")}}


def heatmap(answer: Answer, smallest: int) -> Answer:
    visible = _visible(smallest, answer, ("views", "viewers", "binSeconds"))
    nodes = [_bins(node, smallest) for node in answer["nodes"]]
    return visible | {"nodes": nodes} | _omitted(answer, "nodesOmitted") | _omitted(answer, "binsOmitted")


def _bins(node: Answer, smallest: int) -> Answer:
    hidden = [0 < sessions < smallest for sessions in node["sessions"]]
    return {name: node[name] for name in _NODE} | {
        name: [None if hide else value for value, hide in zip(node[name], hidden, strict=True)] for name in _BINS
    }


def choices(answer: Answer, smallest: int) -> Answer:
    nodes = [
        {"node": node["node"], "sessions": node["sessions"], "edges": _edges(node["edges"], smallest)}
        for node in answer["nodes"]
        if node["sessions"] >= smallest
    ]
    return _visible(smallest, answer, ("views", "viewers")) | {"nodes": nodes} | _omitted(answer, "edgesOmitted")


def _edges(edges: list[Answer], smallest: int) -> list[Answer]:
    """Return the edges of a node, so that a hidden one cannot be computed from the others."""
    hidden = {place for place, edge in enumerate(edges) if 0 < edge["first"] < smallest}
    larger = sorted((edge["first"], place) for place, edge in enumerate(edges) if edge["first"] >= smallest)
    for _, place in larger:
        if not 0 < sum(edges[at]["first"] for at in hidden) < smallest:
            break
        hidden.add(place)
    return [
        {name: edge[name] for name in ("to", "option", "cause")}
        | {name: None if place in hidden else edge[name] for name in ("first", "firstShare")}
        for place, edge in enumerate(edges)
    ]


def _omitted(answer: Answer, name: str) -> Answer:
    return {name: answer[name]} if name in answer else {}

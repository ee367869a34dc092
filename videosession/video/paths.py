"""The paths: the orders in which views visited nodes, as a whole and step by step."""

from __future__ import annotations

from collections import Counter
from typing import Any

from videosession.video.arithmetic import Node, nothing_first, share
from videosession.video.heatmap import header
from videosession.video.totals import Totals

STEPS = 8
LIMIT = 20

Flow = tuple[int, Node, bool, Node]  # step, from, goes on, to


def paths(totals: Totals, steps: int = STEPS, limit: int = LIMIT) -> dict[str, Any]:
    """Return the answer: up to `limit` paths, and the flows of the first `steps`."""
    found = sorted(totals.paths.items(), key=lambda each: (-each[1], [nothing_first(node) for node in each[0]]))
    return {
        **header(totals),
        "steps": steps,
        "distinct": len(found),
        "paths": [
            {"path": list(path), "sessions": count, "share": share(count, totals.views)}
            for path, count in found[:limit]
        ],
        "flows": flows(totals, steps),
    }


def flows(totals: Totals, steps: int) -> list[dict[str, Any]]:
    """Return how many views went from each node to each other one, for each step."""
    counts: Counter[Flow] = Counter()
    for path, count in totals.paths.items():
        for step, start in enumerate(path[:steps]):
            is_end = step + 1 == len(path)
            counts[step, start, not is_end, None if is_end else path[step + 1]] += count
    return [
        {"step": step, "from": start, "to": to, "ends": not goes_on, "sessions": count}
        for (step, start, goes_on, to), count in sorted(counts.items(), key=_flow_key)
    ]


def _flow_key(flow: tuple[Flow, int]) -> tuple[int, tuple[bool, str], bool, tuple[bool, str]]:
    step, start, goes_on, to = flow[0]
    return step, nothing_first(start), goes_on, nothing_first(to)

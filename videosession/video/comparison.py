"""Two groups beside each other, with intervals by Newcombe's method 10 (Statistics in Medicine 17, 1998)."""

from __future__ import annotations

import heapq
from math import sqrt
from typing import Any

from videosession.video.arithmetic import SIX_DECIMALS, Node, nothing_first, without_zeros
from videosession.video.choices import EDGES, edge_key
from videosession.video.heatmap import header
from videosession.video.summary import (
    THRESHOLD_PERCENT,
    averages,
    completed,
    completed_views,
    coverage_mean,
    median_percent,
)
from videosession.video.totals import Edge, EdgeTotals, Totals

Z = 1.959963984540054

Counts = tuple[int, int]  # the part, and the whole


def comparison(
    a: Totals, b: Totals, values: tuple[str, str], threshold_percent: int = THRESHOLD_PERCENT
) -> dict[str, Any]:
    """Return the answer for two groups, which have these values."""
    edges, omitted = _edges(a, b)
    return {
        "groups": [_group(value, group, threshold_percent) for value, group in zip(values, (a, b), strict=True)],
        "completed": difference(*((completed_views(group, threshold_percent), group.views) for group in (a, b))),
        "choices": [_choice(a, b, node, edge) for node, edge in edges],
        **without_zeros(edgesOmitted=omitted),
    }


def _group(value: str, totals: Totals, threshold_percent: int) -> dict[str, Any]:
    return {
        "value": value,
        **header(totals),
        **averages(totals),
        **completed(totals, threshold_percent),
        "coverage": {
            "mean": coverage_mean(totals),
            "medianPercent": median_percent(totals),
            "unknown": totals.views - totals.covered,
        },
    }


def _edges(a: Totals, b: Totals) -> tuple[list[tuple[Node, Edge]], int]:
    """Return the edges of nodes that both groups left, of too many those taken most, and the omitted number."""
    found: list[tuple[Node, Edge]] = []
    for node in a.nodes.keys() & b.nodes.keys():
        if a.nodes[node].left and b.nodes[node].left:
            found += [(node, edge) for edge in a.nodes[node].edges.keys() | b.nodes[node].edges.keys()]

    def key(each: tuple[Node, Edge]) -> tuple[Any, ...]:
        return nothing_first(each[0]), edge_key(each[1])

    def taken(each: tuple[Node, Edge]) -> tuple[Any, ...]:
        node, edge = each
        return -sum(group.nodes[node].edges.get(edge, EdgeTotals()).taken for group in (a, b)), key(each)

    chosen = found if len(found) <= EDGES else heapq.nsmallest(EDGES, found, key=taken)
    return sorted(chosen, key=key), len(found) - len(chosen)


def _choice(a: Totals, b: Totals, node: Node, edge: Edge) -> dict[str, Any]:
    to, option, cause = edge
    first = [group.nodes[node].edges.get(edge, EdgeTotals()).first for group in (a, b)]
    left = [group.nodes[node].left for group in (a, b)]
    return {
        "node": node,
        "to": to,
        "option": option,
        "cause": cause,
        "first": first,
        "left": left,
        **difference(*zip(first, left, strict=True)),
    }


def wilson(x: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion."""
    p = x / n
    middle = p + Z * Z / (2 * n)
    half = Z * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    scale = 1 + Z * Z / n
    return (middle - half) / scale, (middle + half) / scale


def difference(a: Counts, b: Counts) -> dict[str, float | None]:
    """Return the first proportion minus the second, with its 95 % interval."""
    if not a[1] or not b[1]:
        return {"difference": None, "low": None, "high": None}
    p, q = a[0] / a[1], b[0] / b[1]
    (l1, u1), (l2, u2) = wilson(*a), wilson(*b)
    low = p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    high = p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2)
    return {"difference": _rounded(p - q), "low": _rounded(low), "high": _rounded(high)}


def _rounded(value: float) -> float:
    return round(value, SIX_DECIMALS) + 0.0  # no negative zero

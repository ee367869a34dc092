"""The heatmap: what was watched, seen again, skipped and left on each node, in bins of equal width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from videosession.video import viewers
from videosession.video.arithmetic import Node, seconds, share, without_zeros
from videosession.video.bins import Bins, Columns, count_bins
from videosession.video.lengths import Length, bins_in
from videosession.video.population import Counted
from videosession.video.ranges import ranges
from videosession.video.results import Result
from videosession.video.totals import NodeTotals, Totals

SESSION, VIEWER = "session", "viewer"


class Grid:
    """The bins of all nodes that are asked for; `lengths` and `width` are in milliseconds."""

    def __init__(self, lengths: dict[Node, int], width: int) -> None:
        self.width = width
        self.bins = {node: Bins(width, bins_in(length, width)) for node, length in lengths.items()}

    def count(self, result: Result, *, is_open: bool) -> None:
        if result.is_view:
            count_bins([self.bins.get(node) for node in result.nodes], result, is_open)

    def fill(self, population: Iterable[Counted]) -> Grid:
        for each in population:
            if each.result is not None:
                self.count(each.result, is_open=each.is_open)
        return self

    def fill_per_viewer(self, population: Iterable[Counted]) -> Grid:
        for joined in viewers.join(population):
            self.count(joined, is_open=True)
        return self


def heatmap(
    totals: Totals, sums: Totals, grid: Grid, lengths: dict[Node, Length], per: str = SESSION, omitted: int = 0
) -> dict[str, Any]:
    """Return the answer; `sums` are those of views, or of viewers where it is `per` viewer."""
    draw = _node if per == SESSION else _node_of_viewers
    shares_of = totals.views if per == SESSION else len(totals.viewers)
    return {
        **header(totals),
        "per": per,
        "binSeconds": seconds(grid.width),
        "nodes": [
            draw(node, length, sums.nodes.get(node, NodeTotals()), grid, shares_of) for node, length in lengths.items()
        ],
        **without_zeros(nodesOmitted=omitted),
    }


def header(totals: Totals) -> dict[str, Any]:
    """Return the fields that all answers about a video's sessions begin with."""
    return {
        "sessions": totals.sessions,
        "views": totals.views,
        "viewers": len(totals.viewers),
        "open": totals.open,
        **without_zeros(clipped=totals.clipped),
    }


def described(node: Node, length: Length, totals: NodeTotals) -> dict[str, Any]:
    """Return the fields about a node's length and its viewers."""
    return {
        "node": node,
        "lengthSeconds": seconds(length.value),
        "lengthKnown": length.is_known,
        "otherLengths": length.others,
        "seenBy": totals.seen_by,
    }


def sizes(length: int, width: int) -> list[int]:
    """Return the length of each bin; the last one ends with the node."""
    count = bins_in(length, width)
    return [width] * (count - 1) + [length - (count - 1) * width if length else width]


def _node(node: Node, length: Length, totals: NodeTotals, grid: Grid, views: int) -> dict[str, Any]:
    width = grid.width
    columns = grid.bins[node].read(bins_in(length.value, width))
    drops = [exits - finishes for exits, finishes in zip(columns.exits, columns.finishes, strict=True)]
    replayed = [watched - unique for watched, unique in zip(columns.watched, columns.unique, strict=True)]
    return {
        **described(node, length, totals),
        "views": columns.views,
        "sessions": columns.sessions,
        **_times(columns, totals, length.value, width, views),
        "rewatchers": columns.rewatchers,
        "exits": columns.exits,
        "finishes": columns.finishes,
        "seekFrom": columns.seek_from,
        "seekTo": columns.seek_to,
        "skipped": columns.skipped,
        "dropRate": [share(drop, there) for drop, there in zip(drops, columns.sessions, strict=True)],
        "replayed": [{**each.places(width, length.value), "seconds": seconds(each.sum)} for each in ranges(replayed)],
        **{
            name: [{**each.places(width, length.value), "count": each.sum} for each in ranges(values)]
            for name, values in (
                ("dropOffs", drops),
                ("skippedRanges", columns.skipped),
                ("seekTargets", columns.seek_to),
            )
        },
    }


def _node_of_viewers(node: Node, length: Length, totals: NodeTotals, grid: Grid, views: int) -> dict[str, Any]:
    columns = grid.bins[node].read(bins_in(length.value, grid.width))
    return {
        **described(node, length, totals),
        "views": columns.views,
        "viewers": columns.sessions,
        **_times(columns, totals, length.value, grid.width, views),
    }


def _times(columns: Columns, totals: NodeTotals, length: int, width: int, views: int) -> dict[str, Any]:
    of = sizes(length, width)
    return {
        "watchedSeconds": [seconds(each) for each in columns.watched],
        "uniqueSeconds": [seconds(each) for each in columns.unique],
        "watchRatio": [share(each, size * views) for each, size in zip(columns.watched, of, strict=True)],
        "retention": [share(each, size * views) for each, size in zip(columns.unique, of, strict=True)],
        "retentionOfNode": [share(each, size * totals.seen_by) for each, size in zip(columns.unique, of, strict=True)],
        "beyondSeconds": seconds(totals.watched - sum(columns.watched)),
    }

"""The heatmap: how often each part of a node was watched, in bins of equal width."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import ceil, floor
from typing import Any, NamedTuple

from videosession.timeline.viewing import TOLERANCE, Node, Segment

NODE_BINS = 2_000
ALL_BINS = 20_000
DAY = 86_400.0


class BinsTooNarrow(ValueError):  # noqa: N818  the name says what happened
    """The heatmap would have more than 2 000 bins on a node or 20 000 in all; `smallest` is a width that fits."""

    def __init__(self, smallest: float) -> None:
        super().__init__(f"The smallest binSeconds that fits this session is {smallest}.")
        self.smallest = smallest


class Axis(NamedTuple):
    """The range of a node's positions, in seconds."""

    start: float
    end: float

    @property
    def length(self) -> float:
        return self.end - self.start


def heatmap(segments: Mapping[Node, Sequence[Segment]], bin_seconds: float | None = None) -> list[dict[str, Any]]:
    """Return for each node how many segments overlap each bin."""
    axes = {node: axis(node, of_node) for node, of_node in segments.items()}
    lengths = [each.length for each in axes.values()]
    if bin_seconds is not None and not fits(lengths, bin_seconds):
        raise BinsTooNarrow(smallest(lengths))
    together = sum(lengths)
    heat = []
    for node, each in axes.items():
        width = bin_seconds or ceil(max(1.0, each.length / 100, together / ALL_BINS) * 1000) / 1000
        count = bins(each.length, width)
        heat.append(
            {
                "node": node.id,
                "from": each.start,
                "binSeconds": round(width, 3),
                "views": views(segments[node], each.start, width, count),
            }
        )
    return heat


def axis(node: Node, segments: Sequence[Segment]) -> Axis:
    """Return a node's axis, from 0 or, for a live stream, which may run for years, from the lowest second watched."""
    if node.length is not None:
        return Axis(0.0, node.length)
    lowest = min((each.start for each in segments), default=0.0)
    start = float(floor(lowest)) if node.live or lowest > DAY else 0.0
    return Axis(start, max((each.end for each in segments), default=start))


def bins(length: float, width: float) -> int:
    return max(1, ceil((length - TOLERANCE) / width))


def fits(lengths: Iterable[float], width: float) -> bool:
    """Return whether bins of that width are few enough; one bin per node always fits."""
    counts = [bins(length, width) for length in lengths]
    return max(counts, default=1) <= NODE_BINS and sum(counts) <= max(ALL_BINS, len(counts))


def smallest(lengths: Sequence[float]) -> float:
    """Return the smallest width that fits, in whole milliseconds."""
    narrow, wide = 0, ceil(max(lengths) * 1000) + 1
    while wide - narrow > 1:
        middle = (narrow + wide) // 2
        if fits(lengths, middle / 1000):
            wide = middle
        else:
            narrow = middle
    return wide / 1000


def views(segments: Iterable[Segment], start: float, width: float, count: int) -> list[int]:
    """Return how many segments overlap each bin; summing differences makes a long segment as cheap as a short one."""
    changes = [0] * (count + 1)
    for each in segments:
        first = min(floor((each.start - start + TOLERANCE) / width), count - 1)
        after = min(ceil((each.end - start - TOLERANCE) / width), count)
        changes[first] += 1
        changes[max(after, first + 1)] -= 1
    return list(accumulate(changes[:-1]))

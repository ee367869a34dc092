"""Ranges of bins that stand out from the others of their node."""

from __future__ import annotations

from typing import NamedTuple

from videosession.video.arithmetic import seconds

MOST = 10
GAP = 2  # bins between two that stand out, over which they are one range


class Range(NamedTuple):
    """Bins from `first` to `last`, the first largest of them, and their sum."""

    first: int
    last: int
    peak: int
    sum: int

    def places(self, width: int, length: int) -> dict[str, float]:
        """Return the range's positions in seconds; `width` and `length` are in milliseconds."""
        return {
            "from": seconds(self.first * width),
            "to": seconds(min((self.last + 1) * width, length)),
            "peak": seconds(self.peak * width),
        }


def ranges(values: list[int]) -> list[Range]:
    """Return the ranges of values above the mean by more than two standard deviations, the largest sum first."""
    count, total = len(values), sum(values)
    spread = 4 * (count * sum(value * value for value in values) - total * total)
    found: list[tuple[int, int]] = []
    for place, value in enumerate(values):
        above = count * value - total
        if above > 0 and above * above > spread:
            if found and place - found[-1][1] <= GAP + 1:
                found[-1] = (found[-1][0], place)
            else:
                found.append((place, place))
    told = [_range(values, first, last) for first, last in found]
    return sorted(told, key=lambda each: (-each.sum, each.first))[:MOST]


def _range(values: list[int], first: int, last: int) -> Range:
    inside = values[first : last + 1]
    return Range(first, last, first + inside.index(max(inside)), sum(inside))

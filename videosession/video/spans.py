"""Unions and differences of half-open spans of integers."""

from __future__ import annotations

from collections.abc import Collection, Iterable

Span = tuple[int, int]


def union(spans: Collection[Span]) -> list[Span]:
    """Return the union as sorted, disjoint spans."""
    if len(spans) < 2:  # as most are
        return list(spans)
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def length(apart: Iterable[Span]) -> int:
    """Return the total length of disjoint spans."""
    return sum([end - start for start, end in apart])


def difference(apart: list[Span], taken: list[Span]) -> list[Span]:
    """Return what `apart` covers and `taken` does not; both are sorted and disjoint."""
    left = []
    place = 0
    for start, end in apart:
        while place < len(taken) and taken[place][1] <= start:
            place += 1
        at = place
        while at < len(taken) and taken[at][0] < end:
            if taken[at][0] > start:
                left.append((start, taken[at][0]))
            start = max(start, taken[at][1])
            at += 1
        if start < end:
            left.append((start, end))
    return left

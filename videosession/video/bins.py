"""Sums of a node by bins of one width: differences between neighbours until they are read, so a long stretch costs no
more than a short one.

They do not know how long the node is: what lies beyond its last bin is cut off as they are read. Points within 1 ms of
a bin's start are kept apart, for the bin before takes them if it is the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

from videosession.video.results import Result
from videosession.video.spans import Span, difference, union
from videosession.video.totals import by_node, finishes

TOLERANCE = 1  # milliseconds


@dataclass(slots=True, frozen=True)
class Columns:
    """The sums of each bin, times in milliseconds."""

    views: list[int]
    sessions: list[int]
    rewatchers: list[int]
    watched: list[int]
    unique: list[int]
    exits: list[int]
    finishes: list[int]
    seek_from: list[int]
    seek_to: list[int]
    skipped: list[int]


class Time:
    """Time within bins: the bins covered whole as differences, the ends of stretches as they are."""

    __slots__ = ("parts", "whole", "width", "reach")

    def __init__(self, width: int, count: int) -> None:
        self.width = width
        self.reach = width * count
        self.parts = [0] * (count + 1)
        self.whole = [0] * (count + 2)

    def add(self, start: int, end: int) -> None:
        width = self.width
        end = min(end, self.reach)
        if start >= end:
            return
        first, last = start // width, (end - 1) // width
        if first == last:
            self.parts[first] += end - start
        else:
            self.parts[first] += (first + 1) * width - start
            self.parts[last] += end - last * width
            self.whole[first + 1] += 1
            self.whole[last] -= 1

    def read(self, count: int) -> list[int]:
        full = accumulate(self.whole[:count])
        return [part + bins * self.width for part, bins in zip(self.parts[:count], full, strict=True)]

    def merge(self, other: Time) -> None:
        self.parts = _sum(self.parts, other.parts)
        self.whole = _sum(self.whole, other.whole)


class Points:
    """Points within bins, those within 1 ms of a bin's start apart."""

    __slots__ = ("inside", "at_start", "width")

    def __init__(self, width: int, count: int) -> None:
        self.width = width
        self.inside = [0] * (count + 1)
        self.at_start = [0] * (count + 1)

    def add(self, point: int) -> None:
        place = (point + TOLERANCE) // self.width
        if place < len(self.inside):
            (self.at_start if point <= place * self.width else self.inside)[place] += 1

    def read(self, count: int) -> list[int]:
        found = _sum(self.inside[:count], self.at_start[:count])
        found[-1] += self.at_start[count]
        return found

    def merge(self, other: Points) -> None:
        self.inside = _sum(self.inside, other.inside)
        self.at_start = _sum(self.at_start, other.at_start)


class Bins:
    """The sums of one node in up to `count` bins of `width` milliseconds."""

    __slots__ = (
        "width", "count", "views", "sessions", "rewatchers", "skipped", "watched", "unique", "exits", "finishes",
        "seek_from", "seek_to",
    )  # fmt: skip

    def __init__(self, width: int, count: int) -> None:
        self.width = width
        self.count = count
        self.views = [0] * (count + 1)
        self.sessions = [0] * (count + 1)
        self.rewatchers = [0] * (count + 1)
        self.skipped = [0] * (count + 1)
        self.exits = [0] * (count + 1)
        self.finishes = [0] * (count + 1)
        self.watched = Time(width, count)
        self.unique = Time(width, count)
        self.seek_from = Points(width, count)
        self.seek_to = Points(width, count)

    def span(self, start: int, end: int) -> Span:
        """Return the first bin that a segment is in, and the first after it: at least one."""
        first = (start + TOLERANCE) // self.width
        after = -((TOLERANCE - end) // self.width)
        return min(first, self.count), min(max(after, first + 1), self.count)

    def watch(self, segments: list[Span]) -> list[Span]:
        """Count a view's segments on the node, and return the bins that they are in."""
        spans = [self.span(start, end) for start, end in segments]
        for (first, after), (start, end) in zip(spans, segments, strict=True):
            self.views[first] += 1
            self.views[after] -= 1
            self.watched.add(start, end)
        for start, end in segments if len(segments) == 1 else union(segments):
            self.unique.add(start, end)
        if len(spans) == 1:
            first, after = spans[0]
            self.sessions[first] += 1
            self.sessions[after] -= 1
            return spans
        self._overlap(spans)
        return union(spans)

    def _overlap(self, spans: list[Span]) -> None:
        """Count the view in bins with at least one and at least two of its segments."""
        changes = sorted([(first, 1) for first, _ in spans] + [(after, -1) for _, after in spans])
        depth = 0
        for place, change in changes:
            reached = max(depth, depth + change)
            if reached == 1:
                self.sessions[place] += change
            elif reached == 2:
                self.rewatchers[place] += change
            depth += change

    def jump(self, jumps: list[Span], seen: list[Span]) -> None:
        """Count a view's jumps, and the bins that they skip and that no segment is in."""
        over = []
        for start, end in jumps:
            self.seek_from.add(start)
            self.seek_to.add(end)
            first, after = -((TOLERANCE - start) // self.width), min((end + TOLERANCE) // self.width, self.count)
            if start < end and first < after:
                over.append((first, after))
        for first, after in difference(union(over), seen):
            self.skipped[first] += 1
            self.skipped[after] -= 1

    def leave(self, start: int, end: int, is_finish: bool) -> None:
        """Count where a view ended: the last bin of its last segment."""
        place = max((start + TOLERANCE) // self.width, -((TOLERANCE - end) // self.width) - 1)
        if place < self.count:
            self.exits[place] += 1
            self.finishes[place] += is_finish

    def merge(self, other: Bins) -> None:
        """Add the sums of other sessions, in bins of the same width and count."""
        for name in ("views", "sessions", "rewatchers", "skipped", "exits", "finishes"):
            setattr(self, name, _sum(getattr(self, name), getattr(other, name)))
        for mine, theirs in ((self.watched, other.watched), (self.unique, other.unique)):
            mine.merge(theirs)
        for points, others in ((self.seek_from, other.seek_from), (self.seek_to, other.seek_to)):
            points.merge(others)

    def _lists(self) -> list[list[int]]:
        return [
            self.views, self.sessions, self.rewatchers, self.skipped, self.exits, self.finishes,
            self.watched.parts, self.watched.whole, self.unique.parts, self.unique.whole,
            self.seek_from.inside, self.seek_from.at_start, self.seek_to.inside, self.seek_to.at_start,
        ]  # fmt: skip

    def dump(self) -> list[list[int]]:
        """Return the sums as lists, without the zeros at their ends."""
        return [_trimmed(each) for each in self._lists()]

    @classmethod
    def load(cls, width: int, count: int, dumped: list[list[int]]) -> Bins:
        """Return what was dumped."""
        bins = cls(width, count)
        for mine, theirs in zip(bins._lists(), dumped, strict=True):
            mine[: len(theirs)] = theirs
        return bins

    def resized(self, count: int) -> Bins:
        """Return the first `count` bins, or as many with empty ones at the end, where nothing reaches.

        Cut are differences, and times of the bins beyond: what is left is what it was.
        """
        bins = Bins(self.width, count)
        for mine, theirs in zip(bins._lists(), self._lists(), strict=True):
            mine[:] = (theirs + [0] * len(mine))[: len(mine)]
        return bins

    def read(self, count: int) -> Columns:
        """Return the first `count` bins."""
        return Columns(
            views=list(accumulate(self.views[:count])),
            sessions=list(accumulate(self.sessions[:count])),
            rewatchers=list(accumulate(self.rewatchers[:count])),
            watched=self.watched.read(count),
            unique=self.unique.read(count),
            exits=self.exits[:count],
            finishes=self.finishes[:count],
            seek_from=self.seek_from.read(count),
            seek_to=self.seek_to.read(count),
            skipped=list(accumulate(self.skipped[:count])),
        )


def _trimmed(values: list[int]) -> list[int]:
    end = len(values)
    while end and not values[end - 1]:
        end -= 1
    return values[:end]


def _sum(mine: list[int], theirs: list[int]) -> list[int]:
    return [one + other for one, other in zip(mine, theirs, strict=True)]


def count_bins(bins: list[Bins | None], result: Result, is_open: bool) -> None:
    """Add a view to the bins of its nodes, given by their places in the result; None for one that nobody asks for."""
    segments = by_node(result)
    jumps: list[list[Span]] = [[] for _ in result.nodes]
    for place, start, end in result.jumps:
        jumps[place].append((start, end))
    for place, node in enumerate(bins):
        if node is not None and (segments[place] or jumps[place]):
            seen = node.watch(segments[place]) if segments[place] else []
            if jumps[place]:
                node.jump(jumps[place], seen)
    place, start, end = result.segments[-1]
    last = bins[place]
    if last is not None and not is_open:
        last.leave(start, end, finishes(result))

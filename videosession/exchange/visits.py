"""Splits a viewing into visits of nodes, each with what was watched during it and the moves in between, in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from videosession.timeline.viewing import WATCHED, Departure, Jump, Node, Segment, Viewing


@dataclass(slots=True)
class Stay:
    """A visit of a node from one instant to another, and the branches by which it began and ended."""

    node: Node
    entered_at: int
    left_at: int
    entry: Departure | None
    exit: Departure | None
    segments: list[Segment] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)


@dataclass(slots=True)
class Move:
    """A move of the playhead on a node; `paused_before` is whether playback had stopped before it."""

    at: int
    start: float
    end: float
    paused_before: bool


def stays(viewing: Viewing) -> list[Stay]:
    """Return the visits of a viewing, each with its segments and jumps."""
    found = list(_empty(viewing))
    index = 0
    for segment in viewing.segments:
        index = _index(found, index, segment.node, segment.ended_at)
        found[index].segments.append(segment)
    index = 0
    for jump in viewing.jumps:
        index = _index(found, index, jump.node, jump.at)
        found[index].jumps.append(jump)
    return found


def _empty(viewing: Viewing) -> Iterator[Stay]:
    first, last = viewing.first or 0, viewing.last or 0
    branches = [None, *viewing.departures, None]
    for node, entry, leaving in zip(viewing.path, branches, branches[1:], strict=False):
        yield Stay(node, entry.at if entry else first, leaving.at if leaving else last, entry, leaving)


def _index(found: list[Stay], start: int, node: Node, instant: int) -> int:
    """Return the index, from `start` on, of the node's first visit that lasts until `instant`, else of its last."""
    last = start
    for later in range(start, len(found)):
        if found[later].node is node:
            last = later
            if instant <= found[later].left_at:
                break
    return last


def played(stay: Stay) -> list[tuple[Segment, Move | None]]:
    """Return the stretches watched during a visit, each with the move that ended it, if any.

    Adjacent stretches are merged, since a pause or a reload splits nothing; so are moves with nothing watched in
    between.
    """
    merged = _merged(stay.segments)
    return [
        (each, _move(each.end, each.ended_at, follower, stay.jumps))
        for each, follower in zip_longest(merged, merged[1:])
    ]


def first_move(stay: Stay) -> Move | None:
    """Return the move before anything was watched during a visit, if there was one."""
    before = stay.segments[0].started_at if stay.segments else stay.left_at
    jumps = [jump for jump in stay.jumps if jump.at <= before] if stay.segments else stay.jumps
    if not jumps:
        return None
    end = stay.segments[0].start if stay.segments else jumps[-1].end
    return Move(jumps[0].at, jumps[0].start, end, False) if abs(end - jumps[0].start) >= WATCHED else None


def _merged(segments: list[Segment]) -> list[Segment]:
    merged: list[Segment] = []
    for each in segments:
        if merged and abs(each.start - merged[-1].end) < WATCHED:
            merged[-1] = replace(merged[-1], end=each.end, ended_at=each.ended_at)
        else:
            merged.append(each)
    return merged


def _move(end: float, ended_at: int, follower: Segment | None, jumps: list[Jump]) -> Move | None:
    """Return the move from the end of a stretch to the next one, or to the last position of the visit; None if none."""
    until = follower.started_at if follower else None
    between = [jump for jump in jumps if ended_at <= jump.at and (until is None or jump.at <= until)]
    if follower is None and not between:
        return None
    target = follower.start if follower else between[-1].end
    if abs(target - end) < WATCHED:
        return None
    at = between[0].at if between else follower.started_at if follower else ended_at
    return Move(at, end, target, at > ended_at or follower is None or follower.started_at > at)

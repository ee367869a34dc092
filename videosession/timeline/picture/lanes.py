"""One lane per node: position up, segments as strokes, jumps as arrows, pauses as bands, views as a strip."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from videosession.timeline.picture.axis import Axis, clock, spoken
from videosession.timeline.picture.svg import Point, label, line, plain, tag
from videosession.timeline.viewing import Node, Segment, Span, Viewing

Line = list[Point]

STROKES = 1_500  # in one picture; more would be too small to see
ARROWS = 250
FEW = 60  # up to this many marks do not hide each other
LEVELS = 5
STRIP = 24.0
HEAD = 30.0  # above a lane, for its name
BANDS = {"paused": "paused", "buffering": "stalled", "stalled": "stalled", "ad": "ad"}


class Lane:
    """Maps a node's positions to y coordinates, from its start at the bottom to its end at the top."""

    def __init__(self, node: Node, top: float, height: float, start: float, end: float) -> None:
        self.node, self.top, self.height = node, top, height
        self.start, self.end = start, max(end, start + 1e-3)

    @property
    def bottom(self) -> float:
        return self.top + self.height

    def __call__(self, position: float) -> float:
        share = (position - self.start) / (self.end - self.start)
        return self.bottom - self.height * min(max(share, 0), 1)


Lanes = Mapping[Node, Lane]


def strokes(viewing: Viewing, lanes: Lanes, axis: Axis) -> list[Line]:
    """Return the lines along which video played, broken where it stood still; of very many, the longest."""
    spans = sorted((span for span in viewing.spans if span.position is not None), key=lambda span: span.start)
    starts = [span.start for span in spans]
    drawn: dict[tuple[Any, ...], Line] = {}
    for segment in viewing.segments:
        lane = lanes.get(segment.node)
        if lane is not None:
            for one in played(segment, spans, starts):
                points: Line = [
                    (round(axis(instant) * 2) / 2, round(lane(position) * 2) / 2) for instant, position in one
                ]
                drawn[(lane.top, *points)] = points
    return longest(drawn.values(), STROKES)


def played(segment: Segment, spans: Sequence[Span], starts: Sequence[int]) -> Iterator[list[tuple[int, float]]]:
    """Yield the pieces of a segment between the spans in which the playhead stood still."""
    begin = (segment.started_at, segment.start)
    index = bisect_left(starts, segment.started_at)
    while index < len(spans) and spans[index].start < segment.ended_at:
        span = spans[index]
        index += 1
        if span.node is segment.node and span.start >= begin[0] and span.end <= segment.ended_at:
            position = min(max(span.position or 0.0, begin[1]), segment.end)
            if (span.start, position) != begin:
                yield [begin, (span.start, position)]
            begin = (span.end, position)
    yield [begin, (segment.ended_at, segment.end)]


def longest(lines: Iterable[Line], most: int) -> list[Line]:
    lines = list(lines)
    if len(lines) > most:
        lines = sorted(lines, key=lambda points: -extent(points))[:most]
    return lines


def extent(points: Line) -> float:
    (x, y), (u, v) = points
    return abs(u - x) + abs(v - y)


def arrows(viewing: Viewing, lanes: Lanes, axis: Axis) -> tuple[list[Line], list[Line]]:
    """Return the lines of the reported jumps, and those of the unreported ones."""
    drawn: dict[tuple[Any, ...], tuple[Line, bool]] = {}
    for jump in viewing.jumps:
        lane = lanes.get(jump.node)
        if lane is not None:
            x = round(axis(jump.at) * 2) / 2
            points: Line = [(x, round(lane(jump.start))), (x, round(lane(jump.end)))]
            drawn[(lane.top, *points)] = (points, jump.cause == "unreported")
    kept = sorted(drawn.values(), key=lambda each: -extent(each[0]))[:ARROWS]
    reported = [points for points, is_unreported in kept if not is_unreported]
    return reported, [points for points, is_unreported in kept if is_unreported]


def bands(viewing: Viewing, lanes: Lanes, axis: Axis) -> tuple[dict[str, str], list[Line]]:
    """Return the areas of each kind of band, and lines at the positions; very many bands cover only the lane's foot."""
    columns: dict[str, dict[Any, Lane]] = defaultdict(dict)
    stood: dict[Any, Line] = {}
    for span in viewing.spans:
        lane = lanes.get(span.node)
        if lane is None:
            continue
        left, right = round(axis(span.start) * 2) / 2, round(axis(span.end) * 2) / 2
        if span.mode in BANDS:
            columns[BANDS[span.mode]][(left, max(right, left + 1), lane.top)] = lane
        if span.position is not None and right - left >= 2:
            y = round(lane(span.position))
            stood[(left, right, y)] = [(left, y), (right, y)]
    few = sum(map(len, columns.values())) <= FEW
    areas = {
        kind: "".join(
            f"M{left:g} {lane.top if few else lane.bottom - 10:g}H{right:g}V{lane.bottom:g}H{left:g}Z"
            for (left, right, _), lane in at.items()
        )
        for kind, at in columns.items()
    }
    return areas, longest(stood.values(), STROKES)


def crossings(viewing: Viewing, lanes: Lanes, axis: Axis) -> list[Line]:
    """Return the lines from where a node was left to where the next one was entered."""
    drawn: dict[Any, Line] = {}
    for before, after in zip(viewing.segments, viewing.segments[1:], strict=False):
        if before.node is not after.node and before.node in lanes and after.node in lanes:
            start: Point = (round(axis(before.ended_at)), round(lanes[before.node](before.end)))
            end: Point = (round(axis(after.started_at)), round(lanes[after.node](after.start)))
            drawn[(start, end)] = [start, end]
    return longest(drawn.values(), ARROWS)


def strip(lane: Lane, views: Sequence[int], x: float) -> str:
    """Return the strip beside a lane that shows how often each part was seen: the darker, the more often."""
    count = min(len(views), 100)
    parts = [max(views[place * len(views) // count : (place + 1) * len(views) // count]) for place in range(count)]
    most, tall = max(*parts, 1), lane.height / count
    areas: dict[int, str] = defaultdict(str)
    place = 0
    for level, run in groupby(-(-part * LEVELS // most) for part in parts):
        long = len(list(run))
        place += long
        if level:
            areas[level] += f"M{x:g} {lane.bottom - place * tall:.1f}h{STRIP:g}v{long * tall:.1f}h-{STRIP:g}Z"
    frame = tag("rect", class_="frame", x=x, y=lane.top, width=STRIP, height=lane.height)
    return frame + "".join(tag("path", class_=f"heat heat{level}", d=area) for level, area in sorted(areas.items()))


def heading(lane: Lane, left: float, seen: float, named: bool) -> str:
    name = plain(lane.node.id, 28) if lane.node.id is not None else "video"
    text = f"{name or 'a node without letters'} · {spoken(seen)} seen" if named else ""
    return (
        (label(text, left, lane.top - 9, "normal halo") if named else "")
        + label(clock(lane.end), left - 8, lane.top + 12, text_anchor="end")
        + label(clock(lane.start), left - 8, lane.bottom, text_anchor="end")
    )


def outline(lane: Lane, left: float, right: float) -> str:
    return tag("rect", class_="frame", x=float(left), y=lane.top, width=float(right - left), height=lane.height)


def drawn(kind: str, lines: Iterable[Line]) -> str:
    """Return lines as one path."""
    path = "".join(map(line, lines))
    return tag("path", class_=kind, d=path) if path else ""


def points(lines: Iterable[Line]) -> Iterator[Line]:
    """Yield the arrowheads of vertical lines."""
    for (x, y), (_, end) in lines:
        back = min(8, abs(end - y) / 2) * (1 if y > end else -1)
        yield [(x - back / 2, end + back), (x, end), (x + back / 2, end + back)]

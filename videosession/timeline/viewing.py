"""What a walk found: plain records, in seconds on a node's own time axis and microseconds since the Unix epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 0.001  # seconds: all comparisons allow 1 ms
SPANS = 2000  # times of standing still that are kept for the picture
WATCHED = 0.25 - TOLERANCE  # seconds from which on something counts as watched, and a move as a jump
GROWN = 2  # times that a duration has to grow until the node is taken for something that goes on
GROWN_BY = 1 + TOLERANCE  # seconds that it has to have grown by

ANOMALIES = ("unreportedJump", "stalePosition", "stalled", "openEnded", "invalidField")

Event = Mapping[str, Any]
Edge = tuple[str | None, str, str | None, str]


@dataclass(slots=True, eq=False)
class Node:
    """A piece of video with a time axis of its own; an ordinary video is one without a name.

    `furthest` is the furthest second that was watched by playing.
    """

    id: str | None
    visits: int = 0
    duration: float | None = None
    furthest: float = 0.0
    first_duration: float = 0.0
    grown: int = 0

    @property
    def length(self) -> float | None:
        """The latest duration, or the furthest that was watched; unknown without a duration and while that grows."""
        return None if self.duration is None or self.live else max(self.duration, self.furthest)

    @property
    def live(self) -> bool:
        """Whether the duration grows: of a stream that goes on nobody knows how long it is."""
        return self.duration is not None and self.grown >= GROWN and self.duration - self.first_duration >= GROWN_BY

    def measure(self, duration: float) -> None:
        """Learn how long it is."""
        if self.duration is None or duration < self.duration:
            self.first_duration, self.grown = duration, 0
        elif duration > self.duration:
            self.grown += 1
        self.duration = duration

    def within(self, position: float) -> float:
        """Return the position; players overshoot, and one up to 1 s beyond the length is the length."""
        if self.duration is None or (self.grown and self.live):
            return position
        length = self.duration if self.duration > self.furthest else self.furthest
        return length if length < position <= length + 1 + TOLERANCE else position


@dataclass(slots=True, eq=False)
class Segment:
    """A stretch that was watched without a jump or a branch in it; `rate` is the speed, if it was one all along."""

    node: Node
    start: float
    end: float
    started_at: int
    ended_at: int
    rate: float | None

    @property
    def watched(self) -> bool:
        return self.end - self.start >= WATCHED


@dataclass(slots=True, eq=False)
class Jump:
    """A move of the playhead; `era` tells whether anything was watched or left since."""

    node: Node
    start: float
    end: float
    cause: str
    at: int
    era: int
    steps: int = 1


@dataclass(slots=True, eq=False)
class Departure:
    """A branch taken: it leads from one entry of the path to the next.

    `position` is where the playhead was on the node left, if that is known; `decision` how long after the latest
    `choiceOffer` on that node, in microseconds, if there was one.
    """

    start: Node
    end: Node
    option: str | None
    cause: str
    at: int
    position: float | None
    decision: int | None = None


@dataclass(slots=True, eq=False)
class Chapter:
    node: Node
    index: float | None
    title: str | None
    played: int = 0
    completed: bool = False


@dataclass(slots=True, eq=False)
class Span:
    """A time in which the playhead stood, and where."""

    mode: str
    start: int
    end: int
    node: Node
    position: float | None


@dataclass(slots=True)
class Viewing:
    """All that a walk returns; it grows with what happened, not with the events that told it.

    The answer's bounds do not apply here. `path[i]` and `path[i + 1]` are the ends of `departures[i]`; `ended` tells
    whether the last known event was `complete` or `sessionEnd`, `complete_event` whether a `complete` was received
    outside an ad; `anomalies` gives for each code how often, and the id of the first event; `node.length` is what
    the viewing itself knows of a node's length.
    """

    events: int = 0
    understood: int = 0
    first: int | None = None
    last: int | None = None
    segments: list[Segment] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)
    path: list[Node] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    nodes: dict[str | None, Node] = field(default_factory=dict)
    edges: dict[Edge, int] = field(default_factory=dict)
    chapters: dict[tuple[Node, str, Any], Chapter] = field(default_factory=dict)
    wall: dict[str, int] = field(default_factory=dict)
    anomalies: dict[str, tuple[int, Any]] = field(default_factory=dict)
    complete_event: bool = False
    ended: bool = False
    spans: list[Span] = field(default_factory=list)

    def note(self, code: str, event: Event) -> None:
        """Count an anomaly, and remember the event that was the first of its kind."""
        count, first = self.anomalies.get(code, (0, event.get("eventId")))
        self.anomalies[code] = (count + 1, first)

    def add_span(self, span: Span) -> None:
        """Remember where the playhead stood; of very many the longest."""
        if span.end > span.start:
            self.spans.append(span)
            if len(self.spans) > 2 * SPANS:
                longest = sorted(self.spans, key=lambda each: each.start - each.end)[:SPANS]
                self.spans = sorted(longest, key=lambda each: each.start)

"""The results of a walk: plain records in seconds on a node's time axis, and microseconds since the Unix epoch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

TOLERANCE = 0.001  # seconds that every comparison allows
SPANS = 2000  # spans that are kept for the picture
WATCHED = 0.25 - TOLERANCE  # seconds; anything shorter is neither watched nor a jump
GROWN = 2  # a node is live once its duration has grown this many times in a row,
GROWN_BY = 1 + TOLERANCE  # and by this many seconds in all

ANOMALIES = ("unreportedJump", "stalePosition", "stalled", "openEnded", "invalidField")

Event = Mapping[str, Any]
Edge = tuple[str | None, str, str | None, str]


@dataclass(slots=True, eq=False)
class Node:
    """A piece of video with its own time axis; an ordinary video is a single node without a name.

    `furthest` is the furthest second that was reached by playing.
    """

    id: str | None
    visits: int = 0
    duration: float | None = None
    furthest: float = 0.0
    first_duration: float = 0.0
    grown: int = 0

    @property
    def length(self) -> float | None:
        """The latest duration, or the furthest second if that is larger; None without a duration and while live."""
        return None if self.duration is None or self.live else max(self.duration, self.furthest)

    @property
    def live(self) -> bool:
        """Whether the duration keeps growing, as of a live stream, whose length is unknown."""
        return self.duration is not None and self.grown >= GROWN and self.duration - self.first_duration >= GROWN_BY

    def measure(self, duration: float) -> None:
        """Set the duration, and count how often it has grown."""
        if self.duration is None or duration < self.duration:
            self.first_duration, self.grown = duration, 0
        elif duration > self.duration:
            self.grown += 1
        self.duration = duration

    def within(self, position: float) -> float:
        """Return the position, or the length if it is up to 1 s beyond that: players overshoot."""
        if self.duration is None or (self.grown and self.live):
            return position
        length = self.duration if self.duration > self.furthest else self.furthest
        return length if length < position <= length + 1 + TOLERANCE else position


@dataclass(slots=True, eq=False)
class Segment:
    """A stretch watched without a jump or a branch; `rate` is the speed, None if it changed."""

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
    """A move of the playhead; two jumps of the same `era` had nothing watched, and no node or page left, in between."""

    node: Node
    start: float
    end: float
    cause: str
    at: int
    era: int
    steps: int = 1


@dataclass(slots=True, eq=False)
class Departure:
    """A branch taken, from one entry of the path to the next.

    `position` is the playhead's last position on the node that was left, if known; `decision` is the time since the
    latest `choiceOffer` on that node, in microseconds, if there was one.
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
    """A period in which the playhead stood still, and its position."""

    mode: str
    start: int
    end: int
    node: Node
    position: float | None


@dataclass(slots=True)
class Viewing:
    """The result of a walk; its size depends on what the viewer did, not on the number of events.

    Its lists are complete, unlike the answer's. `departures[i]` leads from `path[i]` to `path[i + 1]`; `ended` is
    whether the last known event was `complete` or `sessionEnd`, `complete_event` whether a `complete` was received
    outside an ad; `anomalies` has for each code its count, and the id of the first event.
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
        """Count an anomaly, and remember the first event that has it."""
        count, first = self.anomalies.get(code, (0, event.get("eventId")))
        self.anomalies[code] = (count + 1, first)

    def add_span(self, span: Span) -> None:
        """Add a span; of very many, keep the longest."""
        if span.end > span.start:
            self.spans.append(span)
            if len(self.spans) > 2 * SPANS:
                longest = sorted(self.spans, key=lambda each: each.start - each.end)[:SPANS]
                self.spans = sorted(longest, key=lambda each: each.start)

"""What a walk found: plain records, in seconds on a node's own time axis and microseconds since the Unix epoch."""

from dataclasses import dataclass, field

TOLERANCE = 0.001  # seconds: all comparisons allow 1 ms
SPANS = 2000  # times of standing still that are kept for the picture
WATCHED = 0.25 - TOLERANCE  # seconds from which on something counts as watched, and a move as a jump


@dataclass(slots=True, eq=False)
class Node:
    """A piece of video with a time axis of its own; an ordinary video is one without a name."""

    id: str | None
    visits: int = 0
    duration: float | None = None
    furthest: float = 0.0

    @property
    def length(self) -> float | None:
        """The latest duration, or the furthest that playback has been (live streams); unknown without a duration."""
        return None if self.duration is None else max(self.duration, self.furthest)

    def within(self, position: float) -> float:
        """Players overshoot: a position up to 1 s beyond the length is the length."""
        if self.duration is None:
            return position
        length = max(self.duration, self.furthest)
        return length if length < position <= length + 1 + TOLERANCE else position


@dataclass(slots=True, eq=False)
class Segment:
    """A stretch that was watched without a jump or a branch in it."""

    node: Node
    start: float
    end: float
    started_at: int
    ended_at: int

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
    """A branch taken: it leads from one entry of the path to the next."""

    start: Node
    end: Node
    option: str | None
    cause: str
    at: int
    position: float | None


@dataclass(slots=True, eq=False)
class Chapter:
    node: Node
    index: int | float | None
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
    """All that a walk returns; it grows with what happened, not with the events that told it."""

    events: int = 0
    first: int | None = None
    last: int | None = None
    segments: list[Segment] = field(default_factory=list)
    jumps: list[Jump] = field(default_factory=list)
    path: list[Node] = field(default_factory=list)
    departures: list[Departure] = field(default_factory=list)
    nodes: dict[str | None, Node] = field(default_factory=dict)
    edges: dict[tuple, int] = field(default_factory=dict)
    chapters: dict[tuple, Chapter] = field(default_factory=dict)
    wall: dict[str, int] = field(default_factory=dict)
    anomalies: dict[str, list] = field(default_factory=dict)
    complete_event: bool = False
    ended: bool = False
    spans: list[Span] = field(default_factory=list)

    def note(self, code: str, event) -> None:
        """Count an anomaly, and remember the event that was the first of its kind."""
        entry = self.anomalies.setdefault(code, [0, event.get("eventId")])
        entry[0] += 1

    def stand(self, span: Span) -> None:
        """Remember where the playhead stood; of very many the longest."""
        if span.end > span.start:
            self.spans.append(span)
            if len(self.spans) > 2 * SPANS:
                longest = sorted(self.spans, key=lambda each: each.start - each.end)[:SPANS]
                self.spans = sorted(longest, key=lambda each: each.start)

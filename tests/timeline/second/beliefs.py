"""What is believed: all of it is copied before a move, and put back where the move was none."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from tests.timeline.second.document import MS, Node

BEGINNING = ("play", "bufferEnd", "adBreakComplete")


@dataclass
class Stretch:
    start: float
    opened: int
    reached: int


@dataclass
class Belief:
    """What a move may turn out not to have changed."""

    playhead: float | None = None
    stretch: Stretch | None = None
    guess: bool = False
    allowance: float = 3.0
    segments: list[dict[str, Any]] = field(default_factory=list)
    jumps: list[dict[str, Any]] = field(default_factory=list)
    era: int = 0  # goes on where something was watched, and with a branch or a reload
    furthest: float = 0.0
    completed_at: float | None = None
    notes: dict[str, list[Any]] = field(default_factory=dict)
    stalls: int = 0


@dataclass
class Move:
    """The latest move that no report has confirmed, and what was believed before it."""

    before: Belief
    kind: str
    playing: bool
    at: int
    reported: int
    inferred: float
    ceased: int | None = None
    target: float | None = None
    played: float = 0.0


@dataclass
class Refused:
    """A seek that was taken back: what was believed of it, its target, where it left, and what has played since."""

    after: Belief
    target: float
    left: float
    playing: float = 0.0


@dataclass
class Step:
    before: Belief
    gain: float
    time: float


class Beliefs:
    """What is known, and what was believed before the latest move."""

    def __init__(self) -> None:
        self.belief = Belief()
        self.mode = self.back = "idle"
        self.now = self.reported = self.stalled_since = self.entered = 0
        self.begun = self.pinged = self.rate_said = self.rate_found = self.complete_event = self.ended = False
        self.rate = self.small = self.large = self.smallest = 1.0
        self.played = self.slowly = self.time = self.inferred = 0.0
        self.move: Move | None = None
        self.refused: Refused | None = None
        self.steps: list[Step] = []
        self.node: str | None = None
        self.nodes: dict[str | None, Node] = {}
        self.path: list[str | None] = []
        self.left: str | None = None
        self.seen_before = 0
        self.departures: list[dict[str, Any]] = []
        self.edges: dict[tuple[Any, ...], int] = {}
        self.chapters: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.chapter: tuple[Any, ...] | None = None
        self.wall: dict[str, float] = {}
        self.stalls: list[tuple[float, tuple[Any, ...] | None, float]] = []
        self.ping: tuple[int, float | None] | None = None
        self.between_pings: float | None = None
        self.offered: int | None = None
        self.seek_cause: str | None = None
        self.kind = ""
        self.id: Any = None
        self.noted = False

    # What is known

    @property
    def here(self) -> Node:
        return self.nodes[self.node]

    @property
    def coarse(self) -> float:
        return 2.0 if self.pinged else 3.0

    @property
    def at(self) -> float:
        """Return the playhead, where it is known to be known."""
        assert self.belief.playhead is not None
        return self.belief.playhead

    @property
    def known(self) -> bool:
        return self.belief.playhead is not None

    @property
    def watching(self) -> bool:
        """Whether something was watched in the open stretch."""
        stretch = self.belief.stretch
        return stretch is not None and self.at - stretch.start >= 0.25 - MS

    @property
    def unseen(self) -> bool:
        """Whether nothing was watched on this visit."""
        return not self.watching and len(self.belief.segments) == self.seen_before

    @property
    def where_complete_left(self) -> bool:
        left = self.belief.completed_at
        return self.known and left is not None and abs(self.at - left) <= MS

    def note(self, code: str) -> None:
        self.belief.notes.setdefault(code, [0, self.id])[0] += 1

    def invalid(self) -> None:
        if not self.noted:
            self.noted = True
            self.note("invalidField")

    def in_step(self, gain: float, low: float, high: float) -> bool:
        return low - max(1.0, low / 100) - MS <= gain <= high + max(1.0, high / 100) + MS

    def keeps_step(self, gain: float) -> bool:
        return self.in_step(gain, self.slowly, self.played)

    def fits(self, position: float, played: float) -> bool:
        if not self.known:
            return False
        ahead = position - self.at
        if played <= 0:
            return abs(ahead) <= 1 + MS
        if played > 120 and -0.25 - MS <= 1.25 * played - ahead <= 1 + MS:
            return True
        return -2 - MS <= ahead <= played + min(played / 4, 30) + max(self.belief.allowance, 0.25) + MS

    def fitting(self, position: float) -> bool:
        return self.fits(position, self.played)

    # Stretches

    def open(self) -> None:
        """Have a stretch be open, as it is while playing."""
        if self.belief.stretch is None:
            if not self.known:
                self.belief.playhead, self.belief.guess = 0.0, True
                self.reported = self.now
            self.belief.stretch = Stretch(self.at, self.now, self.now)

    def end_stretch(self) -> None:
        stretch, watched = self.belief.stretch, self.watching
        self.belief.stretch = None
        if stretch is not None and watched:
            segment = {"node": self.node, "from": stretch.start, "to": self.at}
            self.belief.segments.append(segment | {"startedAt": stretch.opened, "endedAt": stretch.reached})
            self.belief.era += 1

    def reach(self, position: float) -> None:
        """Be there by playing, where a stretch is open."""
        stretch = self.belief.stretch
        if stretch is None:
            self.belief.playhead = position
        elif position > self.at:
            if position > self.at + MS:
                stretch.reached = self.now
            self.belief.playhead = position
            if self.watching:
                self.here.furthest = max(self.here.furthest, position)

    def begin_at(self, position: float) -> None:
        """Playback began there, as it turns out."""
        self.belief.playhead, self.belief.guess = position, False
        if self.belief.stretch is not None:
            self.belief.stretch = None
            self.open()

    def rest(self) -> None:
        """Nothing has played since the last report or jump: this one."""
        self.reported = self.now
        self.played = self.slowly = self.time = self.inferred = 0.0
        self.smallest = self.rate

    def has_played_since(self, instant: int) -> None:
        """It has been playing since then, and that is what has played."""
        self.mode = "playing"
        self.open()
        self.rest()
        seconds = (self.now - instant) / 1e6
        self.played, self.slowly = seconds * self.large, seconds * self.small

    def watched_up_to(self, position: float) -> None:
        self.reach(position)
        self.belief.guess = False
        self.rest()

    # Believing

    def believed(self) -> Belief:
        self.belief.furthest, self.belief.stalls = self.here.furthest, len(self.stalls)
        return deepcopy(self.belief)

    def believe(self, belief: Belief) -> None:
        """Undo what has happened since, but for the time, and for what was noted of other things."""
        kept: dict[str, list[Any]] = {
            code: self.belief.notes[code] for code in ("stalePosition", "invalidField") if code in self.belief.notes
        }
        self.belief = deepcopy(belief)
        self.belief.notes.update(kept)
        self.here.furthest = belief.furthest
        for seconds, chapter, docked in self.stalls[belief.stalls :]:
            self.wall["stalled"] -= seconds
            self.wall["playing"] += seconds
            if chapter is not None:
                self.chapters[chapter]["playedSeconds"] += docked
        del self.stalls[belief.stalls :]

    def set_out(self, kind: str, before: Belief, *, playing: bool) -> None:
        self.move = Move(before, kind, playing, self.now, self.reported, self.inferred)

    def goes_on(self, position: float) -> bool:
        """Tell whether a position goes on with what the latest move left."""
        move = self.move
        if move is None or move.before.playhead is None:
            return False
        loading = move.kind == "sessionStart"
        begins = self.kind in BEGINNING and self.mode != "playing" or self.kind in BEGINNING[1:]
        if begins and (move.kind == "unreported" or (loading and self.pinged)):
            return False
        ahead = position - move.before.playhead
        if not loading and abs(ahead) <= 1 + MS:
            return True
        if not move.playing:
            return False
        gain = ahead + move.inferred
        seconds = ((move.ceased or self.now) - move.reported) / 1e6
        least = 0.0 if loading and not begins else seconds * self.small
        if not loading and self.now - move.at <= 1_000_000 and 0 < gain <= seconds * self.large + 1 + MS:
            return True
        return self.in_step(gain, least, seconds * self.large)

    def take_back(self, position: float) -> None:
        move = self.move
        assert move is not None
        assert move.before.playhead is not None
        after = self.believed()
        self.believe(move.before)
        self.move, self.steps, self.refused = None, [], None
        if move.target is not None:
            self.refused = Refused(after, move.target, self.at, move.played)
        self.note("stalePosition")
        if move.playing and move.ceased is None and position > self.at + MS:
            self.mode = "playing"
            self.open()
        self.watched_up_to(position)

    def reconsider(self, position: float) -> None:
        """See whether a seek that was taken back stands all the same."""
        refused = self.refused
        if refused is None:
            return
        if not self.known or self.at > refused.left + 2 + MS:
            self.refused = None
            return
        seconds = self.wall.get("playing", 0.0) - refused.playing
        played = seconds * self.large
        past = position - refused.target
        if -2 - MS <= past <= 2 + 1.25 * played + MS and abs(past - played) <= abs(position - self.at - self.played):
            self.believe(refused.after)
            self.move, self.refused, self.steps = None, None, []
            if self.mode == "playing":
                self.open()
            self.rest()
            self.played, self.slowly = played, seconds * self.small

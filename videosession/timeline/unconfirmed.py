"""Moves that no report has confirmed yet, and snapshots to return to if a move turns out to be false.

Each takes constant memory.
"""

from copy import copy
from dataclasses import dataclass

from videosession.timeline.viewing import Chapter, Jump, Segment, Viewing

REVERTIBLE = ("unreportedJump", "stalled", "openEnded")  # anomalies noted with a move, and removed if it is reverted


@dataclass(slots=True)
class Snapshot:
    """The state of the playhead and of the walk's findings at one time."""

    at: float
    reported: int
    inferred: float
    guess: bool
    allowance: float
    era: int
    finished_at: float | None
    stretch: Segment | None
    furthest: float
    stalled: int
    stalled_in_chapter: int
    chapter: Chapter | None
    found: "Found"


class Found:
    """The lengths of a viewing's lists, and copies of their last entries, which may still change."""

    __slots__ = ("anomalies", "jump", "jumps", "segment", "segments")

    def __init__(self, viewing: Viewing) -> None:
        self.segments, self.jumps = len(viewing.segments), len(viewing.jumps)
        self.segment: Segment | None = copy(viewing.segments[-1]) if self.segments else None
        self.jump: Jump | None = copy(viewing.jumps[-1]) if self.jumps else None
        self.anomalies = {code: viewing.anomalies.get(code) for code in REVERTIBLE}

    def restore(self, viewing: Viewing) -> None:
        """Restore the viewing; each list has grown or shrunk by at most one entry since."""
        if self.segment is not None:
            viewing.segments[self.segments - 1 :] = [self.segment]
        else:
            viewing.segments.clear()
        if self.jump is not None:
            viewing.jumps[self.jumps - 1 :] = [self.jump]
        else:
            viewing.jumps.clear()
        for code, noted in self.anomalies.items():
            if noted is not None:
                viewing.anomalies[code] = noted
            else:
                viewing.anomalies.pop(code, None)


@dataclass(slots=True)
class UnconfirmedMove:
    """The state before the latest move, kept until a report confirms the move.

    `playing` is whether the player was playing then, `ceased` the instant at which it stopped playing; `target` is a
    seek's target, and `played` the time spent playing before the seek, in microseconds.
    """

    before: Snapshot
    cause: str
    playing: bool
    at: int
    ceased: int | None = None
    target: float | None = None
    played: int = 0


@dataclass(slots=True)
class RevertedSeek:
    """A seek that was reverted, and the state after it."""

    after: Snapshot
    left: float
    target: float
    played: int


@dataclass(slots=True)
class Pace:
    """Successive unreported moves that may be playback at an unreported speed."""

    before: Snapshot
    gained: float
    seconds: float
    latest: tuple[float, float]
    steps: int = 1
    proven: bool = False

    def continues(self, gained: float, seconds: float) -> bool:
        """Return whether a further move has the speed of the one before; if so, add it."""
        before, lasted = self.latest
        if abs(gained / seconds - before / lasted) > 0.02 * before / lasted:
            return False
        self.steps += 1
        self.gained += gained
        self.seconds += seconds
        self.proven = self.steps >= 3 or abs(seconds - lasted) > lasted / 4
        self.latest = (gained, seconds)
        return True

"""What was believed before a move: enough to go back to it, in constant memory."""

from copy import copy
from dataclasses import dataclass

from videosession.timeline.viewing import Chapter, Jump, Segment, Viewing

REVERTIBLE = ("unreportedJump", "stalled", "openEnded")  # what a move notes, and loses when it was none


@dataclass(slots=True)
class Snapshot:
    """Where the playhead is, and what a walk that has got there has found."""

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
    """How far the lists of a viewing reach; their last entry may still change, so it is kept as it was."""

    __slots__ = ("anomalies", "jump", "jumps", "segment", "segments")

    def __init__(self, viewing: Viewing) -> None:
        self.segments, self.jumps = len(viewing.segments), len(viewing.jumps)
        self.segment: Segment | None = copy(viewing.segments[-1]) if self.segments else None
        self.jump: Jump | None = copy(viewing.jumps[-1]) if self.jumps else None
        self.anomalies = {code: viewing.anomalies.get(code) for code in REVERTIBLE}

    def restore(self, viewing: Viewing) -> None:
        """Have the viewing be as it was; it has at most one entry more or less of each since."""
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
    """What was left by the latest move, until a report confirms the move.

    `playing` tells whether it was playing, `ceased` when it was not any longer; `target` is that of a seek, and
    `played` the time in playing when it was made.
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
    """A seek that was taken back, and what had been believed of it."""

    after: Snapshot
    left: float
    target: float
    played: int


@dataclass(slots=True)
class Pace:
    """Moves nobody said, one after the other, each as far as a speed of its own would have gone."""

    before: Snapshot
    gained: float
    seconds: float
    latest: tuple[float, float]
    steps: int = 1
    proven: bool = False

    def continues(self, gained: float, seconds: float) -> bool:
        """Tell whether a further move has the speed of the one before, and count it."""
        before, lasted = self.latest
        if abs(gained / seconds - before / lasted) > 0.02 * before / lasted:
            return False
        self.steps += 1
        self.gained += gained
        self.seconds += seconds
        self.proven = self.steps >= 3 or abs(seconds - lasted) > lasted / 4
        self.latest = (gained, seconds)
        return True

"""The playhead: where it is, what can have played since, and whether a report was watching or a jump.

It is where it was last reported. Every further report is either what playback can have covered since, and then it was
watched, or it was moved, and then that is a jump.
"""

from math import inf

from videosession.timeline.viewing import TOLERANCE, WATCHED, Jump, Segment, Span, Viewing

COARSE_CLOCK = 2.0  # seconds that a report may be off where clocks and positions are rounded
NEAR = 1 + TOLERANCE  # seconds within which two positions are the same place
GOES_ON = 15.0  # seconds of playback that may be inferred where nothing was reported
STALE = 2_000_000  # microseconds after a seek in which players repeat the position before it


class Playhead:
    """Follows reports; `now`, `event`, `rate` and `node` are those of the event being taken."""

    def __init__(self):
        self.viewing = Viewing()
        self.event = self.node = self.now = None
        self.rate = 1.0
        self.chapter = None
        self.era = 0
        self.stretch = None
        self.depart()

    def depart(self, position=None):
        """Begin anew, at a position or nowhere: after a branch or a reload nothing is known from before."""
        self.close()
        self.era += 1
        self.at = position
        self.guess = False
        self.allowance = COARSE_CLOCK
        self.finished_at = self.sought = None
        self.rest()

    def rest(self):
        """Nothing has played since."""
        self.reported = self.now
        self.played = self.slowly = self.inferred = 0.0
        self.playing_time = 0
        self.slowest = inf

    def open(self):
        """While playing a stretch is open."""
        if self.stretch is None:
            if self.at is None:
                self.at, self.guess = 0.0, True
            self.stretch = Segment(self.node, self.at, self.at, self.now, self.now)

    def close(self):
        stretch, self.stretch = self.stretch, None
        if stretch is not None and stretch.watched:
            self.viewing.segments.append(stretch)
            self.era += 1

    @property
    def unwatched(self):
        return self.stretch is None or not self.stretch.watched

    def move(self, position):
        self.at = position
        if position > self.node.furthest:
            self.node.furthest = position

    def reach(self, position):
        """Get there by playing."""
        if self.stretch is None:
            self.move(position)
        elif position > self.at:
            self.move(position)
            self.stretch.end, self.stretch.ended_at = position, self.now

    def fits(self, position, played):
        """Tell whether playback can have got there."""
        ahead = position - self.at
        if played <= 0:
            return -NEAR <= ahead <= NEAR
        return -2 - TOLERANCE <= ahead <= 1.25 * played + max(self.allowance, 0.25) + TOLERANCE

    def report(self, position):
        """Take a position that the player is at."""
        if position is None:
            return
        if self.at is None:
            self.move(position)
        elif self.fits(position, self.played):
            if self.played > 0:
                self.settle(max(0.0, position - self.at))
            self.reach(position)
        elif self.guess and self.unwatched:
            self.stretch = None
            self.move(position)
        else:
            self.slip(position)
        self.guess = False
        self.rest()

    def settle(self, gained):
        """Balance what was gained against what can have played: clocks drift, laptops sleep."""
        self.allowance = min(max(self.allowance + 1.25 * self.played - gained, 0.0), COARSE_CLOCK)
        time = self.playing_time / 1e6
        excess = time - (gained + self.inferred) / self.slowest
        if excess > 2 + TOLERANCE and excess > time / 4 + TOLERANCE:
            self.stall(round(excess * 1e6))

    def stall(self, excess):
        """Time that was spent neither playing nor in any other mode that anybody told of."""
        viewing = self.viewing
        viewing.note("stalled", self.event)
        viewing.wall["playing"] -= excess
        viewing.wall["stalled"] = viewing.wall.get("stalled", 0) + excess
        if self.chapter is not None:
            self.chapter.played = max(0, self.chapter.played - excess)
        viewing.stand(Span("stalled", self.reported, self.reported + excess, self.node, self.at))

    def go_on(self):
        """Infer where the playhead is that was playing and is not reported now: never far, and it is no report."""
        ahead = min(self.slowly, GOES_ON * self.rate) - self.inferred
        if self.at is not None and self.node.duration is not None:
            ahead = min(ahead, self.node.length - self.at)
        if ahead > 0:
            self.inferred += ahead
            self.played = max(0.0, self.played - ahead)
            self.reach(self.at + ahead)

    def slip(self, position):
        """It was moved and nobody said so; what was skipped is never counted."""
        self.viewing.note("unreportedJump", self.event)
        self.jump(position, "unreported")
        self.allowance = 0.0

    def jump(self, position, cause):
        """Move there: a jump of its own, a step of the one before, or what explains it."""
        last = self.scrubbed()
        if self.at is None:
            self.move(position)
        elif last and last.cause == "unreported" != cause and abs(self.at - last.end) <= NEAR:
            self.explain(last, position, cause)
        elif abs(position - self.at) >= WATCHED:
            self.record(last, position, cause)
        else:
            return
        self.guess = False
        self.rest()

    def scrubbed(self):
        """Return the last jump if nothing was watched since."""
        jumps = self.viewing.jumps
        return jumps[-1] if jumps and jumps[-1].era == self.era and self.unwatched else None

    def explain(self, last, position, cause):
        """Players report the new position before they say that they seek; back where it came from it was no jump."""
        self.close()
        last.end, last.cause = position, cause
        if abs(last.end - last.start) <= NEAR:
            self.viewing.jumps.pop()
        self.move(position)

    def record(self, last, position, cause):
        self.close()
        if last and last.cause == cause:
            last.end = position
            last.steps += 1
        else:
            self.viewing.jumps.append(Jump(self.node, self.at, position, cause, self.now, self.era))
        self.move(position)

    def seek(self, target, cause):
        length = self.node.length
        if cause is None:
            at_end = length is not None and self.at is not None and self.at >= length - 0.5 - TOLERANCE
            cause = "replay" if at_end and target < 1 - TOLERANCE else "user"
        origin = self.at
        self.jump(target, cause)
        self.allowance = COARSE_CLOCK
        self.sought = None if origin is None else (self.now, origin, target)

    def fresh(self, position):
        """Return the position, or nothing where it is the one from before a seek repeated."""
        if position is None:
            return None
        instant, origin, target = self.sought
        since = self.now - instant
        near = NEAR + self.rate * since / 1e6
        if since <= STALE and abs(position - origin) <= near < abs(position - target):
            self.viewing.note("stalePosition", self.event)
            return None
        self.sought = None
        return position

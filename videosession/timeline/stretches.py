"""Time and what was watched in it: the open stretch, possible playback since the last report, and stalls."""

from copy import copy

from videosession.timeline.unconfirmed import Found, Pace, RevertedSeek, Snapshot, UnconfirmedMove
from videosession.timeline.viewing import TOLERANCE, Chapter, Event, Node, Segment, Span, Viewing

IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD = "idle", "playing", "paused", "buffering", "seeking", "ad"
MODES = (IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD, "stalled")  # time is counted as stalled, but no event stalls

COARSE_CLOCK = 2.0  # seconds that a report may be off, since clocks and positions are rounded
COARSE_WITHOUT_PINGS = 3.0  # the same without pings, where a late report is not corrected by the next
NEAR = 1 + TOLERANCE  # seconds within which two positions count as the same
MOST_INFERRED = 15.0  # seconds of playback at the normal rate that may be inferred without a report
MOST_AHEAD = 30.0  # seconds that a report may be ahead of the clock, however long ago the report before was
UNREPORTED_SPEED = 1.25  # of the speeds that players offer, the largest that is accepted without being reported
SECOND = 1e6  # in microseconds


class Stretches:
    """Keeps time, the playhead and the open stretch; `event`, `now` and `node` belong to the event being processed."""

    def __init__(self) -> None:
        self.viewing = Viewing()
        self.event: Event = {}
        self.flawed = False
        self.node = Node(None)
        self.now = self.span_start = 0
        self.chapter: Chapter | None = None
        self.stretch: Segment | None = None
        self.mode = self.span_mode = self.back = IDLE
        self.rate = self.slow = self.fast = self.slowest = 1.0
        self.played_rate: float | None = 1.0  # the rate since the last report; None if it changed
        self.rate_known = self.rate_guessed = self.pinged = False
        self.coarse = COARSE_WITHOUT_PINGS
        self.era = self.stalled_in_chapter = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget the playhead: after a branch or a reload its position is unknown."""
        self.close()
        self.era += 1
        self.at: float | None = None
        self.finished_at: float | None = None
        self.unconfirmed: UnconfirmedMove | None = None
        self.reverted_seek: RevertedSeek | None = None
        self.pace: Pace | None = None
        self.guess = False
        self.allowance = self.coarse
        self.reset_played()

    def reset_played(self) -> None:
        """Reset what can have played since the last report."""
        self.reported = self.now
        self.played = self.slowly = self.inferred = 0.0
        self.playing_time = 0
        self.slowest = self.played_rate = self.rate

    def pass_time(self, instant: int, rate: float | None = None) -> None:
        """Add the elapsed time to the current mode, and what can have played at the old and at the new rate."""
        elapsed = instant - self.now
        if rate is not None:
            self.change_rate(rate, elapsed)
        elif self.slow != self.fast:
            self.slow = self.fast = self.rate
        if elapsed <= 0:
            return
        self.now = instant
        mode = self.mode
        wall = self.viewing.wall
        wall[mode] = wall.get(mode, 0) + elapsed
        if mode == PLAYING:
            self.playing_time += elapsed
            self.played += self.fast * elapsed / SECOND
            self.slowly += self.slow * elapsed / SECOND
            if self.chapter is not None:
                self.chapter.played += elapsed

    def change_rate(self, rate: float, elapsed: int) -> None:
        """Set the rate from now on; it may already have applied since the event before."""
        self.rate_known, self.rate_guessed = True, False
        self.slow, self.fast = min(self.rate, rate), max(self.rate, rate)
        self.rate = rate
        if self.playing_time or (self.mode == PLAYING and elapsed > 0):
            self.slowest = min(self.slowest, rate)
        else:
            self.slowest = self.played_rate = rate

    def invalid(self) -> None:
        """Note an invalid field, once per event."""
        if not self.flawed:
            self.flawed = True
            self.viewing.note("invalidField", self.event)

    def end_span(self) -> None:
        """End the current span, since the mode or the position changes; keep it unless the video was playing."""
        if self.span_mode != PLAYING:
            self.viewing.add_span(Span(self.span_mode, self.span_start, self.now, self.node, self.at))
        self.span_mode, self.span_start = self.mode, self.now

    def open(self) -> None:
        """Open a stretch at the playhead, or at an assumed 0 if its position is unknown."""
        if self.at is None:
            self.at, self.guess = 0.0, True
            self.reported = self.now
        self.stretch = Segment(self.node, self.at, self.at, self.now, self.now, self.rate)

    def close(self) -> None:
        stretch, self.stretch = self.stretch, None
        if stretch is not None and stretch.watched:
            self.viewing.segments.append(stretch)
            self.era += 1

    @property
    def unwatched(self) -> bool:
        return self.stretch is None or not self.stretch.watched

    def reach(self, position: float) -> None:
        """Move the playhead by playing; while a stretch is open it never moves back."""
        stretch = self.stretch
        if stretch is None:
            self.at = position
        elif self.at is None or position > self.at:
            if self.at is None or position > self.at + TOLERANCE:
                stretch.ended_at = self.now
            if stretch.rate != self.played_rate:
                stretch.rate = None if stretch.watched else self.played_rate
            self.at = stretch.end = position
            if position > self.node.furthest and stretch.watched:
                self.node.furthest = position

    def begin_at(self, position: float) -> None:
        """Set where playback begins, and reopen an open stretch there."""
        self.at = position
        self.guess = False
        if self.stretch is not None:
            self.open()

    def infer_playback(self, played: float) -> None:
        """Move the playhead by inferred playback: at most MOST_INFERRED seconds, and not beyond the node's length."""
        if self.at is None:
            return
        ahead = min(played, MOST_INFERRED * self.rate) - self.inferred
        length = self.node.length
        if ahead > 0 and length is not None:
            ahead = min(ahead, length - self.at)
        if ahead > 0:
            self.inferred += ahead
            beyond = self.played - ahead
            self.played = beyond if beyond > TOLERANCE else 0.0
            self.reach(self.at + ahead)

    def fits(self, position: float) -> bool:
        """Return whether playback can have reached a position."""
        if self.at is None:
            return False
        ahead = position - self.at
        if self.played <= 0:
            return -NEAR <= ahead <= NEAR
        spare = self.allowance if self.allowance > 0.25 else 0.25
        if ahead > self.reachable() + spare + TOLERANCE:
            return self.played > 4 * MOST_AHEAD and -0.25 <= UNREPORTED_SPEED * self.played - ahead <= NEAR
        return ahead >= -2 - TOLERANCE

    def reachable(self) -> float:
        """Return the most seconds that can have played since the last report: a quarter more than the clock says."""
        return self.played + min(self.played / 4, MOST_AHEAD)

    def in_step(self, gained: float, slowly: float, quickly: float) -> bool:
        """Return whether a gain agrees with the clock, between what plays at the slower and at the faster rate."""
        low, high = slowly - max(1.0, slowly / 100), quickly + max(1.0, quickly / 100)
        return low - TOLERANCE <= gained <= high + TOLERANCE

    def keeps_step(self, gained: float) -> bool:
        """Return whether a gain agrees with what can have played since the last report."""
        return self.in_step(gained, self.slowly - self.inferred, self.played)

    def in_step_since(self, gained: float, instant: int, until: int) -> bool:
        time = (until - instant) / SECOND
        return self.in_step(gained, time * self.slow, time * self.fast)

    def balance(self, gained: float) -> None:
        """Balance a gain with what can have played, and count the difference as stalled if it is large.

        Clocks are coarse, and laptops sleep.
        """
        if self.rate_guessed and not self.keeps_step(gained):
            self.rate_guessed = False
            self.rate = self.slow = self.fast = self.slowest = 1.0
            self.played_rate = None
        spare = self.allowance + self.reachable() - gained
        self.allowance = 0.0 if spare < 0 else self.coarse if spare > self.coarse else spare
        time = self.playing_time / SECOND
        if time <= 2:
            return
        excess = time - (gained + self.inferred) / self.slowest
        if excess > 2 + TOLERANCE and excess > time / 4 + TOLERANCE:
            self.stall(round(excess * SECOND))

    def stall(self, excess: int) -> None:
        """Count time as stalled in which the player said that it played, but did not advance."""
        viewing = self.viewing
        viewing.note("stalled", self.event)
        self.count_as_stalled(excess)
        viewing.add_span(Span("stalled", self.reported, self.reported + excess, self.node, self.at))

    def count_as_stalled(self, time: int) -> None:
        """Count some of the playing time as stalled, also in an open chapter."""
        wall = self.viewing.wall
        wall[PLAYING] = wall.get(PLAYING, 0) - time
        wall["stalled"] = wall.get("stalled", 0) + time
        if self.chapter is not None:
            stalled = min(time, self.chapter.played)
            self.chapter.played -= stalled
            self.stalled_in_chapter += stalled

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the current state that `restore` can go back to."""
        return Snapshot(
            at=self.at or 0.0,
            reported=self.reported,
            inferred=self.inferred,
            guess=self.guess,
            allowance=self.allowance,
            era=self.era,
            finished_at=self.finished_at,
            stretch=copy(self.stretch),
            furthest=self.node.furthest,
            stalled=self.viewing.wall.get("stalled", 0),
            stalled_in_chapter=self.stalled_in_chapter,
            chapter=self.chapter,
            found=Found(self.viewing),
        )

    def restore(self, before: Snapshot) -> None:
        """Go back to a snapshot; time counted to a mode stays there, but stalls become playing time."""
        self.at, self.guess, self.allowance = before.at, before.guess, before.allowance
        self.era, self.finished_at, self.stretch = before.era, before.finished_at, before.stretch
        self.node.furthest = before.furthest
        before.found.restore(self.viewing)
        self.undo_stalls(before)

    def undo_stalls(self, before: Snapshot) -> None:
        """Count the time stalled since a snapshot as playing again."""
        wall = self.viewing.wall
        since = wall.get("stalled", 0) - before.stalled
        if since:
            wall["stalled"] = before.stalled
            wall[PLAYING] = wall.get(PLAYING, 0) + since
            spans = self.viewing.spans
            while spans and spans[-1].mode == "stalled" and spans[-1].start >= before.reported:
                spans.pop()
        if before.chapter is not None:
            before.chapter.played += self.stalled_in_chapter - before.stalled_in_chapter
        self.stalled_in_chapter = before.stalled_in_chapter

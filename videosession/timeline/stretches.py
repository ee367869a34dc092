"""Time and what was watched in it: the open stretch, what can have played since the last report, and what stalled."""

from copy import copy

from videosession.timeline.unconfirmed import Found, Pace, RevertedSeek, Snapshot, UnconfirmedMove
from videosession.timeline.viewing import TOLERANCE, Chapter, Event, Node, Segment, Span, Viewing

IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD = "idle", "playing", "paused", "buffering", "seeking", "ad"
MODES = (IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD, "stalled")  # the last is only counted, never entered

COARSE_CLOCK = 2.0  # seconds that a report may be off where clocks and positions are rounded
COARSE_WITHOUT_PINGS = 3.0  # the same where no pings are sent: what is told late, or in a burst, is not told again
NEAR = 1 + TOLERANCE  # seconds within which two positions are the same place
MOST_INFERRED = 15.0  # seconds of playback at the normal rate that may be inferred where nothing was reported
MOST_AHEAD = 30.0  # seconds that a report may be ahead, besides: long reports do not hide a skip
UNREPORTED_SPEED = 1.25  # of the speeds that players offer, the largest that is accepted without being reported
SECOND = 1e6  # in microseconds


class Stretches:
    """Keeps time, the playhead and the stretch; `event`, `now` and `node` are those of the event being taken."""

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
        self.played_rate: float | None = 1.0  # the rate of what has played since the last report, if it was one
        self.rate_known = self.rate_guessed = self.pinged = False
        self.coarse = COARSE_WITHOUT_PINGS
        self.era = self.stalled_in_chapter = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Be nowhere: after a branch or a reload nothing is known from before."""
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
        """Nothing has played since the last report."""
        self.reported = self.now
        self.played = self.slowly = self.inferred = 0.0
        self.playing_time = 0
        self.slowest = self.played_rate = self.rate

    def pass_time(self, instant: int, rate: float | None = None) -> None:
        """Count the time to its mode, and what can have played in it between the old rate and the new."""
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
        """Learn of a rate: it is in force from now on, and may have been since the event before."""
        self.rate_known, self.rate_guessed = True, False
        self.slow, self.fast = min(self.rate, rate), max(self.rate, rate)
        self.rate = rate
        if self.playing_time or (self.mode == PLAYING and elapsed > 0):
            self.slowest = min(self.slowest, rate)
        else:
            self.slowest = self.played_rate = rate

    def invalid(self) -> None:
        """Note a mistake, once an event."""
        if not self.flawed:
            self.flawed = True
            self.viewing.note("invalidField", self.event)

    def end_span(self) -> None:
        """Remember where it stood: the mode changes, or it is moved."""
        if self.span_mode != PLAYING:
            self.viewing.add_span(Span(self.span_mode, self.span_start, self.now, self.node, self.at))
        self.span_mode, self.span_start = self.mode, self.now

    def open(self) -> None:
        """While playing a stretch is open."""
        if self.at is None:
            self.at, self.guess = 0.0, True
            self.reported = self.now  # before it there is nothing that a gain could be counted from
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
        """Get there by playing: with a stretch open it never goes back."""
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
        """Learn where playback begins: what of the stretch was not watched lies there."""
        self.at = position
        self.guess = False
        if self.stretch is not None:
            self.open()

    def infer_playback(self, played: float) -> None:
        """Infer where it is: never far, and that is no report."""
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
        """Tell whether playback can have got there."""
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
        """How far playback can have got since the last report: a quarter more than the clock has it."""
        return self.played + min(self.played / 4, MOST_AHEAD)

    def in_step(self, gained: float, slowly: float, quickly: float) -> bool:
        """Tell whether that much was gained as the clock has it, between the slower rate and the faster."""
        low, high = slowly - max(1.0, slowly / 100), quickly + max(1.0, quickly / 100)
        return low - TOLERANCE <= gained <= high + TOLERANCE

    def keeps_step(self, gained: float) -> bool:
        """Tell whether that much was gained as what has played since the last report has it."""
        return self.in_step(gained, self.slowly - self.inferred, self.played)

    def in_step_since(self, gained: float, instant: int, until: int) -> bool:
        time = (until - instant) / SECOND
        return self.in_step(gained, time * self.slow, time * self.fast)

    def balance(self, gained: float) -> None:
        """Balance what was gained with what can have played: clocks are coarse, and laptops sleep."""
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
        """Take time from playing that nothing was played in, and nobody said so."""
        viewing = self.viewing
        viewing.note("stalled", self.event)
        self.count_as_stalled(excess)
        viewing.add_span(Span("stalled", self.reported, self.reported + excess, self.node, self.at))

    def count_as_stalled(self, time: int) -> None:
        """Have that much of the time in playing be stalled, also of an open chapter's."""
        wall = self.viewing.wall
        wall[PLAYING] = wall.get(PLAYING, 0) - time
        wall["stalled"] = wall.get("stalled", 0) + time
        if self.chapter is not None:
            stalled = min(time, self.chapter.played)
            self.chapter.played -= stalled
            self.stalled_in_chapter += stalled

    def snapshot(self) -> Snapshot:
        """Return what is believed now, enough to go back to it."""
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
        """Believe again what was believed then; time already spent in a mode stays there."""
        self.at, self.guess, self.allowance = before.at, before.guess, before.allowance
        self.era, self.finished_at, self.stretch = before.era, before.finished_at, before.stretch
        self.node.furthest = before.furthest
        before.found.restore(self.viewing)
        self.undo_stalls(before)

    def undo_stalls(self, before: Snapshot) -> None:
        """Have what was stalled since then be playing again."""
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

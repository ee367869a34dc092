"""The playhead: where it is, what can have played since, and whether a report was watching or a jump.

It is where it was last reported. Every further report is either what playback can have covered since, and then it was
watched, or it was moved, and then that is a jump. A move is believed until the next report shows that it was none.
"""

from copy import copy

from videosession.timeline.belief import Believed, Found, Line, Pace, Revoked
from videosession.timeline.viewing import TOLERANCE, WATCHED, Chapter, Event, Jump, Node, Segment, Span, Viewing

IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD = "idle", "playing", "paused", "buffering", "seeking", "ad"
MODES = (IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD, "stalled")  # the last is only counted, never entered

COARSE_CLOCK = 2.0  # seconds that a report may be off where clocks and positions are rounded
NEAR = 1 + TOLERANCE  # seconds within which two positions are the same place
GOES_ON = 15.0  # seconds of playback at the normal rate that may be inferred where nothing was reported
SLOWEST_UNSAID, FASTEST_UNSAID = 1.25, 4.0  # the speeds that are recognised though nobody reports them
FASTER = 30.0  # seconds that a report may be ahead, besides: long reports do not hide a skip
SILENT = 60_000_000  # microseconds without a ping in which a player that sends some cannot have been playing
SECOND = 1e6  # in microseconds


class Playhead:
    """Follows reports through the modes of a player; `event`, `now` and `node` are those of the event being taken."""

    def __init__(self) -> None:
        self.viewing = Viewing()
        self.event: Event = {}
        self.node = Node(None)
        self.now = self.turned = 0
        self.chapter: Chapter | None = None
        self.stretch: Segment | None = None
        self.mode = self.standing = IDLE
        self.rate = self.slow = self.fast = self.slowest = 1.0
        self.ran: float | None = 1.0  # the rate of what has played since the last report, if it was one
        self.rate_known = self.rate_guessed = self.pinged = False
        self.era = self.docked = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Be nowhere: after a branch or a reload nothing is known from before."""
        self.close()
        self.era += 1
        self.at: float | None = None
        self.finished_at: float | None = None
        self.line: Line | None = None
        self.revoked: Revoked | None = None
        self.pace: Pace | None = None
        self.guess = False
        self.allowance = COARSE_CLOCK
        self.rest()

    def rest(self) -> None:
        """Nothing has played since the last report."""
        self.reported = self.now
        self.played = self.slowly = self.inferred = 0.0
        self.playing_time = 0
        self.slowest = self.ran = self.rate

    # Time

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
            self.slowest = self.ran = rate

    def turn(self) -> None:
        """Remember where it stood: the mode changes, or it is moved."""
        if self.standing != PLAYING:
            self.viewing.stand(Span(self.standing, self.turned, self.now, self.node, self.at))
        self.standing, self.turned = self.mode, self.now

    # Stretches

    def open(self) -> None:
        """While playing a stretch is open."""
        if self.at is None:
            self.at, self.guess = 0.0, True
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
            if stretch.rate != self.ran:
                stretch.rate = None if stretch.watched else self.ran
            self.at = stretch.end = position
            if position > self.node.furthest and stretch.watched:
                self.node.furthest = position

    # Reports

    def fits(self, position: float) -> bool:
        """Tell whether playback can have got there."""
        if self.at is None:
            return False
        ahead = position - self.at
        if self.played <= 0:
            return -NEAR <= ahead <= NEAR
        spare = self.allowance if self.allowance > 0.25 else 0.25
        return -2 - TOLERANCE <= ahead <= self.reachable() + spare + TOLERANCE

    def reachable(self) -> float:
        """How far playback can have got since the last report: a quarter more than the clock has it."""
        return self.played + min(self.played / 4, FASTER)

    def report(
        self, position: float | None, *, begins: bool = False, leaves: bool = False, pauses: bool = False
    ) -> None:
        """Take the position that the player says it is at, if it says one.

        An event that `begins` says that it was not playing before, one that `leaves` that it is not any longer.
        """
        if position is None:
            return
        if self.revoked is not None:
            self.reconsider(self.revoked, position)
        if self.at is None:
            if self.goes_on(position, begins):
                self.take_back(position)
                return
            self.at = position
            self.line = None
        elif not self.fits(position):
            self.explain_report(position, begins, pauses)
            return
        else:
            doubtful = leaves and self.mode == PLAYING and not self.keeps_step(position - self.at)
            before = self.believe() if doubtful else None
            if self.played > 0:
                self.settle(position - self.at if position > self.at else 0.0)
                if self.line is not None:
                    self.line = self.pace = None
            self.reach(position)
            if before is not None:
                self.line = Line(before, "stall", playing=True)
        self.guess = False
        self.rest()

    def report_still(self, position: float | None) -> None:
        """Report as if nothing had played."""
        if position is not None:
            self.rest()
            self.report(position, begins=True)

    def explain_report(self, position: float, begins: bool, pauses: bool = False) -> None:
        """Take a position to which playback, as far as it was told, cannot have got."""
        if self.goes_on(position, begins):
            self.take_back(position)
        elif not begins and self.went_on(position):
            self.found_playing(self.reported)
            self.watch(position)
        elif not self.keeps_pace(position):
            self.slip(position, pauses)

    def watch(self, position: float) -> None:
        """Get there by playing, as the clock has proved."""
        self.reach(position)
        self.guess = False
        self.rest()

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

    def went_on(self, position: float) -> bool:
        """Tell whether it played though nobody said so: a play got lost, or a pause came too early."""
        if self.at is None or self.mode not in (IDLE, PAUSED):
            return False
        if self.pinged and self.now - self.reported > SILENT:
            return False
        return self.in_step_since(position - self.at + self.inferred, self.reported, self.now)

    def found_playing(self, instant: int) -> None:
        """It has been playing since then, and none of that was stalled."""
        self.mode = PLAYING
        if self.stretch is None:
            self.open()
        self.rest()
        time = (self.now - instant) / SECOND
        self.played, self.slowly = time * self.fast, time * self.slow

    def settle(self, gained: float) -> None:
        """Balance what was gained with what can have played: clocks are coarse, and laptops sleep."""
        if self.rate_guessed and not self.keeps_step(gained):
            self.rate_guessed = False
            self.rate = self.slow = self.fast = self.slowest = 1.0
            self.ran = None
        spare = self.allowance + self.reachable() - gained
        self.allowance = 0.0 if spare < 0 else COARSE_CLOCK if spare > COARSE_CLOCK else spare
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
        self.move_stalled(excess)
        viewing.stand(Span("stalled", self.reported, self.reported + excess, self.node, self.at))

    def move_stalled(self, time: int) -> None:
        """Have that much of the time in playing be stalled, also of an open chapter's."""
        wall = self.viewing.wall
        wall[PLAYING] = wall.get(PLAYING, 0) - time
        wall["stalled"] = wall.get("stalled", 0) + time
        if self.chapter is not None:
            docked = min(time, self.chapter.played)
            self.chapter.played -= docked
            self.docked += docked

    def slip(self, position: float, pauses: bool = False) -> None:
        """It was moved and nobody said so: what was skipped is never counted; from a guess playback simply began."""
        if self.guess and self.unwatched:
            self.begin_at(position)
            self.rest()
            return
        before = self.believe()
        if pauses and self.mode == PLAYING and not self.pinged:
            self.go_on(self.slowly / 2)
        self.viewing.note("unreportedJump", self.event)
        self.jump(position, "unreported", before)
        self.allowance = 0.0

    def begin_at(self, position: float) -> None:
        """Learn where playback begins: what of the stretch was not watched lies there."""
        self.at = position
        self.guess = False
        if self.stretch is not None:
            self.open()

    def leave(self, position: float | None, *, pauses: bool = False) -> None:
        """The player itself ends playback: where it says, or as far as it has got."""
        if self.mode == BUFFERING and position is not None and self.stall_is_over(position):
            self.found_playing(max(self.stalled_at, self.reported))
        if position is None and self.mode == PLAYING:
            self.go_on(self.slowly)
        else:
            self.report(position, leaves=True, pauses=pauses)

    stalled_at = 0

    def stall_is_over(self, position: float) -> bool:
        """Players may not say that a stall is over: a position ahead of it does."""
        return self.at is not None and position > self.at + 0.1 + TOLERANCE

    def go_on(self, played: float) -> None:
        """Infer where it is: never far, and that is no report."""
        if self.at is None:
            return
        ahead = min(played, GOES_ON * self.rate) - self.inferred
        length = self.node.length
        if ahead > 0 and length is not None:
            ahead = min(ahead, length - self.at)
        if ahead > 0:
            self.inferred += ahead
            beyond = self.played - ahead
            self.played = beyond if beyond > TOLERANCE else 0.0
            self.reach(self.at + ahead)

    # Moves

    def jump(self, position: float, cause: str, before: Believed | None = None) -> bool:
        """Be moved there: a jump of its own, one more step of the last, or what explains the last."""
        last = self.scrubbed()
        untold = last is not None and last.cause == "unreported"
        if self.at is None:
            self.at = position
        elif last is not None and untold and cause != "unreported" and abs(self.at - last.end) <= NEAR:
            self.set_out(before, cause)
            self.explain(last, position, cause)
        elif abs(position - self.at) >= WATCHED:
            self.set_out(before, cause)
            self.record(last, self.at, position, cause)
        else:
            return False
        self.guess = False
        self.rest()
        return True

    def set_out(self, before: Believed | None, cause: str) -> None:
        """Remember what is left."""
        if cause != "unreported":
            self.pace = None
        self.line = Line(before or self.believe(), cause, self.mode == PLAYING)

    def scrubbed(self) -> Jump | None:
        """Return the last jump if nothing was watched since, and no node or page left."""
        jumps = self.viewing.jumps
        return jumps[-1] if jumps and jumps[-1].era == self.era and self.unwatched else None

    def explain(self, last: Jump, position: float, cause: str) -> None:
        """Players report where they are before they say that they seek; a change of quality returns where it was."""
        self.close()
        last.end, last.cause = position, cause
        if abs(last.end - last.start) <= NEAR:
            self.viewing.jumps.pop()
        self.at = position

    def record(self, last: Jump | None, start: float, position: float, cause: str) -> None:
        """Keep a jump; scrubbing is one."""
        self.turn()
        self.close()
        if last and last.cause == cause:
            last.end = position
            last.steps += 1
        else:
            self.viewing.jumps.append(Jump(self.node, start, position, cause, self.now, self.era))
        self.at = position

    def seek(self, target: float, cause: str | None) -> None:
        """Jump because somebody wanted to."""
        origin = self.at
        if cause is None:
            cause = "replay" if target < 1 - TOLERANCE and self.near_end(origin) else "user"
        self.revoked = None
        if self.jump(target, cause) and self.line is not None:
            self.line.target, self.line.played = target, self.viewing.wall.get(PLAYING, 0)
        self.allowance = COARSE_CLOCK

    @property
    def finished(self) -> bool:
        """Whether the playhead is where `complete` left it."""
        return self.at is not None and self.finished_at is not None and abs(self.at - self.finished_at) <= TOLERANCE

    def near_end(self, position: float | None) -> bool:
        """Tell whether it is at the end: of the length, or where `complete` left the playhead."""
        if position is None:
            return False
        length = self.node.length
        if length is not None and length - 0.5 - TOLERANCE <= position <= length:
            return True
        return self.finished and self.finished_at is not None and abs(position - self.finished_at) <= 0.5 + TOLERANCE

    # Moves that were none

    def believe(self) -> Believed:
        """Return what is believed now, enough to go back to it."""
        return Believed(
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
            docked=self.docked,
            chapter=self.chapter,
            found=Found(self.viewing),
        )

    def restore(self, before: Believed) -> None:
        """Believe again what was believed then; time already spent in a mode stays there."""
        self.at, self.guess, self.allowance = before.at, before.guess, before.allowance
        self.era, self.finished_at, self.stretch = before.era, before.finished_at, before.stretch
        self.node.furthest = before.furthest
        before.found.restore(self.viewing)
        self.unstall(before)

    def unstall(self, before: Believed) -> None:
        """Have what was stalled since then be playing again."""
        wall = self.viewing.wall
        since = wall.get("stalled", 0) - before.stalled
        if since:
            wall["stalled"] = before.stalled
            wall[PLAYING] = wall.get(PLAYING, 0) + since
            spans = self.viewing.spans
            while spans and spans[-1].mode == "stalled" and spans[-1].start >= before.reported:
                spans.pop()
        if self.chapter is before.chapter and self.chapter is not None:
            self.chapter.played += self.docked - before.docked
        self.docked = before.docked

    def goes_on(self, position: float, begins: bool) -> bool:
        """Tell whether a position goes on from where it was before a move that no report has confirmed."""
        line = self.line
        if line is None:
            return False
        reloaded = line.cause == "reload"
        if begins and (line.cause == "unreported" or (reloaded and self.pinged)):
            return False
        gained = position - line.before.at
        if not reloaded and abs(gained) <= NEAR:
            return True
        return line.playing and self.in_step_since(
            gained + line.before.inferred, line.before.reported, line.ceased or self.now
        )

    def take_back(self, position: float) -> None:
        """The move was none: go back to what was before it, and on from there."""
        line = self.line
        if line is None:
            return
        before = line.before
        after = None if line.target is None else self.believe()
        self.restore(before)
        self.line = self.pace = self.revoked = None
        if after is not None and line.target is not None:
            self.revoked = Revoked(after, before.at, line.target, line.played)
        self.viewing.note("stalePosition", self.event)
        if line.playing and position > before.at + TOLERANCE and line.ceased is None:
            self.mode = PLAYING
            if self.stretch is None:
                self.open()
        self.watch(position)

    def reconsider(self, revoked: Revoked, position: float) -> None:
        """The move was one after all, and only an old position had been repeated."""
        if self.at is None or self.at > revoked.left + 2 + TOLERANCE:
            self.revoked = None
            return
        time = self.viewing.wall.get(PLAYING, 0) - revoked.played
        played = time / SECOND * self.fast
        ahead = position - revoked.target
        nearer = abs(ahead - played) <= abs(position - self.at - self.played)
        if nearer and -2 - TOLERANCE <= ahead <= 1.25 * played + 2 + TOLERANCE:
            self.revoked = self.line = self.pace = None
            self.restore(revoked.after)
            if self.mode == PLAYING and self.stretch is None:
                self.open()
            self.rest()
            self.played, self.slowly = played, time / SECOND * self.slow

    def keeps_pace(self, position: float) -> bool:
        """Tell whether steady reports are a speed that nobody said, and if so, watch at it."""
        gained = position - (self.at or 0.0) + self.inferred
        seconds = self.playing_time / SECOND
        unsaid = not self.rate_known and self.mode == PLAYING and seconds >= 1 - TOLERANCE and not self.guess
        if not unsaid or not SLOWEST_UNSAID < gained / seconds <= FASTEST_UNSAID:
            self.pace = None
            return False
        pace = self.pace
        if pace is None or not pace.goes_on(gained, seconds):
            self.pace = Pace(self.believe(), gained, seconds, (gained, seconds))
            return False
        if not pace.proven:
            return False
        self.restore(pace.before)
        self.line = self.pace = None
        self.rate = self.slow = self.fast = self.ran = pace.gained / pace.seconds
        self.rate_guessed = True
        if self.stretch is None:
            self.open()
        self.watch(position)
        return True

"""The playhead: where it is, what can have played since, and whether a report was watching or a jump.

It is where it was last reported. Every further report is either what playback can have covered since, and then it was
watched, or it was moved, and then that is a jump.
"""

from math import inf

from videosession.timeline.viewing import TOLERANCE, WATCHED, Jump, Segment, Span, Viewing

IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD = "idle", "playing", "paused", "buffering", "seeking", "ad"

COARSE_CLOCK = 2.0  # seconds that a report may be off where clocks and positions are rounded
NEAR = 1 + TOLERANCE  # seconds within which two positions are the same place
GOES_ON = 15.0  # seconds of playback at the normal rate that may be inferred where nothing was reported
STALE = 2_001_000  # microseconds after a seek in which players repeat the position before it


class Playhead:
    """Follows reports through the modes of a player; `event`, `now` and `node` are those of the event being taken."""

    def __init__(self):
        self.viewing = Viewing()
        self.event = self.node = self.now = self.turned = self.chapter = self.stretch = None
        self.mode = self.standing = IDLE
        self.rate = self.fast = 1.0
        self.era = 0
        self.begin_anew()

    def begin_anew(self):
        """Be nowhere: after a branch or a reload nothing is known from before."""
        self.close()
        self.era += 1
        self.at = self.finished_at = self.sought = None
        self.guess = False
        self.allowance = COARSE_CLOCK
        self.rest()

    def rest(self):
        """Nothing has played since the last report."""
        self.reported = self.now
        self.played = self.slowly = self.inferred = 0.0
        self.playing_time = 0
        self.slowest = inf

    def pass_time(self, instant, rate=None):
        """Count the time to its mode, and what can have played in it between the old rate and the new."""
        slow = fast = self.rate
        if rate is not None and rate != slow:
            slow, fast = min(slow, rate), max(slow, rate)
            self.rate = rate
        self.fast = fast
        elapsed = instant - self.now
        if elapsed <= 0:
            return
        self.now = instant
        mode = self.mode
        wall = self.viewing.wall
        wall[mode] = wall.get(mode, 0) + elapsed
        if mode == PLAYING:
            self.playing_time += elapsed
            self.played += fast * elapsed / 1e6
            self.slowly += slow * elapsed / 1e6
            if slow < self.slowest:
                self.slowest = slow
            if self.chapter is not None:
                self.chapter.played += elapsed

    def turn(self):
        """Remember where it stood: the mode changes, or it is moved."""
        if self.standing != PLAYING:
            self.viewing.stand(Span(self.standing, self.turned, self.now, self.node, self.at))
        self.standing, self.turned = self.mode, self.now

    def open(self):
        """While playing a stretch is open."""
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

    def put(self, position):
        self.at = position
        if position > self.node.furthest:
            self.node.furthest = position

    def reach(self, position):
        """Get there by playing: with a stretch open it never goes back."""
        stretch = self.stretch
        if stretch is None:
            self.put(position)
        elif position > self.at:
            if position > self.at + TOLERANCE:
                stretch.ended_at = self.now
            self.put(position)
            stretch.end = position

    def fits(self, position, played):
        """Tell whether playback can have got there."""
        ahead = position - self.at
        if played <= 0:
            return -NEAR <= ahead <= NEAR
        spare = self.allowance if self.allowance > 0.25 else 0.25
        return -2 - TOLERANCE <= ahead <= 1.25 * played + spare + TOLERANCE

    def report(self, position):
        """Take the position that the player says it is at, if it says one."""
        if position is None:
            return
        if self.at is None:
            self.put(position)
        elif not self.fits(position, self.played):
            self.slip(position)
        else:
            if self.played > 0:
                self.settle(position - self.at if position > self.at else 0.0)
            self.reach(position)
        self.guess = False
        self.rest()

    def report_still(self, position):
        """Report as if nothing had played."""
        if position is not None:
            self.rest()
            self.report(position)

    def settle(self, gained):
        """Balance what was gained with what can have played: clocks are coarse, and laptops sleep."""
        spare = self.allowance + 1.25 * self.played - gained
        self.allowance = 0.0 if spare < 0 else COARSE_CLOCK if spare > COARSE_CLOCK else spare
        time = self.playing_time / 1e6
        if time <= 2:
            return
        excess = time - (gained + self.inferred) / self.slowest
        if excess > 2 + TOLERANCE and excess > time / 4 + TOLERANCE:
            self.stall(round(excess * 1e6))

    def stall(self, excess):
        """Take time from playing that nothing was played in, and nobody said so."""
        viewing = self.viewing
        viewing.note("stalled", self.event)
        viewing.wall[PLAYING] -= excess
        viewing.wall["stalled"] = viewing.wall.get("stalled", 0) + excess
        if self.chapter is not None:
            self.chapter.played = max(0, self.chapter.played - excess)
        viewing.stand(Span("stalled", self.reported, self.reported + excess, self.node, self.at))

    def slip(self, position):
        """It was moved and nobody said so: what was skipped is never counted; from a guess playback simply began."""
        if self.guess and self.unwatched:
            self.begin_at(position)
            self.rest()
        else:
            self.viewing.note("unreportedJump", self.event)
            self.jump(position, "unreported")
            self.allowance = 0.0

    def begin_at(self, position):
        """Learn where playback begins: what of the stretch was not watched lies there."""
        self.put(position)
        self.guess = False
        if self.stretch is not None:
            self.open()

    def leave(self, position):
        """The player itself ends playback: where it says, or as far as it has got."""
        if position is None and self.mode == PLAYING:
            self.go_on()
        else:
            self.report(position)

    def go_on(self):
        """Infer where it is: never far, and that is no report."""
        ahead = min(self.slowly, GOES_ON * self.rate) - self.inferred
        length = self.node.length
        if ahead > 0 and length is not None:
            ahead = min(ahead, length - self.at)
        if ahead > 0:
            self.inferred += ahead
            beyond = self.played - ahead
            self.played = beyond if beyond > TOLERANCE else 0.0
            self.reach(self.at + ahead)

    def jump(self, position, cause):
        """Be moved there: a jump of its own, one more step of the last, or what explains the last."""
        last = self.scrubbed()
        if self.at is None:
            self.put(position)
        elif last and last.cause == "unreported" != cause and abs(self.at - last.end) <= NEAR:
            self.explain(last, position, cause)
        elif abs(position - self.at) >= WATCHED:
            self.record(last, position, cause)
        else:
            return
        self.guess = False
        self.rest()

    def scrubbed(self):
        """Return the last jump if nothing was watched since, and no node or page left."""
        jumps = self.viewing.jumps
        return jumps[-1] if jumps and jumps[-1].era == self.era and self.unwatched else None

    def explain(self, last, position, cause):
        """Players report where they are before they say that they seek; a change of quality returns where it was."""
        self.close()
        last.end, last.cause = position, cause
        if abs(last.end - last.start) <= NEAR:
            self.viewing.jumps.pop()
        self.put(position)

    def record(self, last, position, cause):
        """Keep a jump; scrubbing is one."""
        self.turn()
        self.close()
        if last and last.cause == cause:
            last.end = position
            last.steps += 1
        else:
            self.viewing.jumps.append(Jump(self.node, self.at, position, cause, self.now, self.era))
        self.put(position)

    def seek(self, target, cause):
        """Jump because somebody wanted to; for a while players may repeat the old position."""
        origin = self.at
        if cause is None:
            cause = "replay" if self.near_end(origin) and target < 1 - TOLERANCE else "user"
        self.jump(target, cause)
        self.allowance = COARSE_CLOCK
        self.sought = None if origin is None else (self.now, origin, target)

    def near_end(self, position):
        length = self.node.length
        return None not in (position, length) and length - 0.5 - TOLERANCE <= position <= length

    def fresh(self, position):
        """Return the position, or nothing where it is the one from before a seek once more.

        A known fault of players: edx-analytics-pipeline tests for it as test_play_after_seek_forward_bug.
        """
        if position is None or self.sought is None:
            return position
        instant, origin, target = self.sought
        since = self.now - instant
        near = NEAR + self.rate * since / 1e6
        if since <= STALE and abs(position - origin) <= near < abs(position - target):
            self.viewing.note("stalePosition", self.event)
            return None
        self.sought = None
        return position

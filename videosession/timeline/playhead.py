"""The playhead: decides whether a reported position was reached by watching or by a jump.

The playhead is where it was last reported. If playback can have covered the distance to the next report, that was
watched; otherwise it is a jump. A move counts until the next report shows that it did not happen.
"""

from videosession.timeline.stretches import (
    BUFFERING,
    IDLE,
    NEAR,
    PAUSED,
    PLAYING,
    SECOND,
    Stretches,
)
from videosession.timeline.unconfirmed import Pace, RevertedSeek, Snapshot, UnconfirmedMove
from videosession.timeline.viewing import TOLERANCE, WATCHED, Jump

SLOWEST_UNREPORTED, FASTEST_UNREPORTED = 1.25, 4.0  # the range of speeds that are recognised without being reported
LONGEST_SILENCE = 60_000_000  # microseconds: a player that sends pings cannot have played this long without one
LATE = 1_000_000  # microseconds that a ping may be late
SKIPPED = 3.0  # times what can have played: a jump up to this far is assumed to have happened after some playback


class Playhead(Stretches):
    """Processes reported positions in each mode of the player."""

    stalled_at = 0
    between_pings = LONGEST_SILENCE - LATE

    def report(self, position: float | None, *, begins: bool = False, leaves: bool = False) -> None:
        """Process the position that an event reports, if any.

        With `begins`, the event says that the player was not playing before; with `leaves`, that it no longer is.
        """
        if position is None:
            return
        if self.reverted_seek is not None:
            self.restore_seek(self.reverted_seek, position)
        if self.at is None:
            if self.continues(position, begins):
                self.revert_move(position)
                return
            self.at = position
            self.unconfirmed = None
        elif not self.fits(position):
            self.take_unreachable(position, begins, leaves)
            return
        else:
            doubtful = leaves and self.mode == PLAYING and not self.keeps_step(position - self.at)
            before = self.snapshot() if doubtful else None
            if self.played > 0:
                self.balance(position - self.at if position > self.at else 0.0)
                if self.unconfirmed is not None:
                    self.unconfirmed = self.pace = None
            self.reach(position)
            if before is not None:
                self.unconfirmed = UnconfirmedMove(before, "stall", True, self.now)
        self.guess = False
        self.reset_played()

    def report_still(self, position: float | None) -> None:
        """Process a position on the assumption that nothing has played since the last report."""
        if position is not None:
            self.reset_played()
            self.report(position, begins=True)

    def take_unreachable(self, position: float, begins: bool, leaves: bool = False) -> None:
        """Process a position that playback, as far as it was reported, cannot have reached."""
        if self.continues(position, begins):
            self.revert_move(position)
        elif not begins and self.played_unreported(position):
            self.found_playing(self.reported)
            self.watch(position)
        elif not self.keeps_pace(position):
            self.move_unreported(position, leaves)

    def watch(self, position: float) -> None:
        """Move the playhead by playing, as the clock has proved."""
        self.reach(position)
        self.guess = False
        self.reset_played()

    def played_unreported(self, position: float) -> bool:
        """Return whether there was unreported playback: a `play` was lost, or a `pause` was sent too early."""
        if self.at is None or self.mode not in (IDLE, PAUSED):
            return False
        if self.moved_unreported if not self.pinged else self.now - self.reported > self.between_pings + LATE:
            return False
        return self.in_step_since(position - self.at + self.inferred, self.reported, self.now)

    def found_playing(self, instant: int) -> None:
        """Set the mode to playing since `instant`, with no stalls."""
        self.mode = PLAYING
        if self.stretch is None:
            self.open()
        self.reset_played()
        time = (self.now - instant) / SECOND
        self.played, self.slowly = time * self.fast, time * self.slow

    def move_unreported(self, position: float, leaves: bool) -> None:
        """Record an unreported jump; if the old position was only assumed, start at the new one instead."""
        if self.guess and self.unwatched:
            self.begin_at(position)
            self.reset_played()
            return
        before = self.snapshot()
        if leaves and self.mode == PLAYING and not self.guess and self.skipped(position):
            self.infer_playback(self.slowly)
        self.viewing.note("unreportedJump", self.event)
        self.jump(position, "unreported", before)
        self.allowance = 0.0

    def skipped(self, position: float) -> bool:
        """Return whether the position is ahead by at most SKIPPED times what can have played."""
        return self.at is not None and 0 < position - self.at <= SKIPPED * self.played

    def leave(self, position: float | None) -> None:
        """End playback at the reported position, or as far as playback can be inferred."""
        if self.mode == BUFFERING and position is not None and self.stall_is_over(position):
            self.found_playing(max(self.stalled_at, self.reported))
        if position is None and self.mode == PLAYING:
            self.infer_playback(self.slowly)
        else:
            self.report(position, leaves=True)

    def let_go(self, position: float | None) -> None:
        """Leave, but ignore the position of a player that has already unloaded the film or loaded the next."""
        if position is not None and self.at is not None and not self.fits(position):
            dropped = position < 1 - TOLERANCE or (self.finished and position < self.at)
            position = None if dropped else position
        self.leave(position)

    def stall_is_over(self, position: float) -> bool:
        """Return whether a position is ahead of the stall, which shows that the stall is over."""
        return self.at is not None and position > self.at + 0.1 + TOLERANCE

    def jump(self, position: float, cause: str, before: Snapshot | None = None) -> bool:
        """Move the playhead by a jump: a new one, a further step of the last, or the cause of the last unreported one.

        Return whether anything moved.
        """
        last = self.extendable_jump()
        if self.at is None:
            self.at = position
        elif last and last.cause == "unreported" != cause and abs(self.at - last.end) <= NEAR:
            self.remember_origin(before, cause)
            self.replace_target(last, position, cause)
        elif abs(position - self.at) >= WATCHED:
            self.remember_origin(before, cause)
            self.record(last, self.at, position, cause)
        else:
            return False
        self.guess = False
        self.reset_played()
        return True

    def remember_origin(self, before: Snapshot | None, cause: str) -> None:
        """Remember the state before a jump."""
        if cause != "unreported":
            self.pace = None
        self.unconfirmed = UnconfirmedMove(before or self.snapshot(), cause, self.mode == PLAYING, self.now)

    def extendable_jump(self) -> Jump | None:
        """Return the last jump if nothing was watched since then, and neither the node nor the page was left."""
        jumps = self.viewing.jumps
        return jumps[-1] if jumps and jumps[-1].era == self.era and self.unwatched else None

    @property
    def moved_unreported(self) -> bool:
        """Whether the last jump was unreported, and nothing was watched since."""
        last = self.extendable_jump()
        return last is not None and last.cause == "unreported"

    def replace_target(self, last: Jump, position: float, cause: str) -> None:
        """Give an unreported jump its reported target and cause; drop it if it returns to where it began.

        Players report the new position before the seek; after a change of quality they return to the old one.
        """
        self.close()
        last.end, last.cause = position, cause
        if abs(last.end - last.start) <= NEAR:
            self.viewing.jumps.pop()
        self.at = position

    def record(self, last: Jump | None, start: float, position: float, cause: str) -> None:
        """Record a jump, or extend the last one: scrubbing counts as one jump."""
        self.end_span()
        self.close()
        if last and last.cause == cause:
            last.end = position
            last.steps += 1
        else:
            self.viewing.jumps.append(Jump(self.node, start, position, cause, self.now, self.era))
        self.at = position

    def seek(self, target: float, cause: str | None) -> None:
        """Jump as a seek says; without a cause it is `replay` from the end to the start, else `user`."""
        origin = self.at
        if cause is None:
            cause = "replay" if target < 1 - TOLERANCE and self.near_end(origin) else "user"
        self.reverted_seek = None
        if self.jump(target, cause) and origin is not None and self.unconfirmed is not None:
            self.unconfirmed.target, self.unconfirmed.played = target, self.viewing.wall.get(PLAYING, 0)
        self.allowance = self.coarse

    @property
    def finished(self) -> bool:
        """Whether the playhead is where `complete` left it."""
        return self.at is not None and self.finished_at is not None and abs(self.at - self.finished_at) <= TOLERANCE

    def near_end(self, position: float | None) -> bool:
        """Return whether a position is near the node's end, or near where `complete` left the playhead."""
        if position is None:
            return False
        length = self.node.length
        if length is not None and length - 0.5 - TOLERANCE <= position <= length:
            return True
        return self.finished and self.finished_at is not None and abs(position - self.finished_at) <= 0.5 + TOLERANCE

    def continues(self, position: float, begins: bool) -> bool:
        """Return whether a position continues from before the unconfirmed move, so that the move did not happen."""
        move = self.unconfirmed
        if move is None:
            return False
        reloaded = move.cause == "reload"
        if begins and (move.cause == "unreported" or (reloaded and self.pinged)):
            return False
        gained = position - move.before.at
        if not reloaded and abs(gained) <= NEAR:
            return True
        if not move.playing:
            return False
        gained += move.before.inferred
        time = ((move.ceased or self.now) - move.before.reported) / SECOND
        if not reloaded and self.now - move.at <= SECOND and 0 < gained <= time * self.fast + NEAR:
            return True
        least = 0.0 if reloaded and not begins else time * self.slow
        return self.in_step(gained, least, time * self.fast)

    def revert_move(self, position: float) -> None:
        """Revert the unconfirmed move, and continue from the state before it."""
        move = self.unconfirmed
        if move is None:
            return
        before = move.before
        after = None if move.target is None else self.snapshot()
        self.restore(before)
        self.unconfirmed = self.pace = self.reverted_seek = None
        if after is not None and move.target is not None:
            self.reverted_seek = RevertedSeek(after, before.at, move.target, move.played)
        self.viewing.note("stalePosition", self.event)
        if move.playing and position > before.at + TOLERANCE and move.ceased is None:
            self.mode = PLAYING
            if self.stretch is None:
                self.open()
        self.watch(position)

    def restore_seek(self, reverted: RevertedSeek, position: float) -> None:
        """Restore a reverted seek if the position fits it better: then only a stale position had been repeated."""
        if self.at is None or self.at > reverted.left + 2 + TOLERANCE:
            self.reverted_seek = None
            return
        time = self.viewing.wall.get(PLAYING, 0) - reverted.played
        played = time / SECOND * self.fast
        ahead = position - reverted.target
        nearer = abs(ahead - played) <= abs(position - self.at - self.played)
        if nearer and -2 - TOLERANCE <= ahead <= 1.25 * played + 2 + TOLERANCE:
            self.reverted_seek = self.unconfirmed = self.pace = None
            self.restore(reverted.after)
            if self.mode == PLAYING and self.stretch is None:
                self.open()
            self.reset_played()
            self.played, self.slowly = played, time / SECOND * self.slow

    def keeps_pace(self, position: float) -> bool:
        """Return whether steady reports show an unreported speed; if so, count them as watched at that speed."""
        gained = position - (self.at or 0.0) + self.inferred
        seconds = self.playing_time / SECOND
        unreported = not self.rate_known and self.mode == PLAYING and seconds >= 1 - TOLERANCE and not self.guess
        if not unreported or not SLOWEST_UNREPORTED < gained / seconds <= FASTEST_UNREPORTED:
            self.pace = None
            return False
        pace = self.pace
        if pace is None or not pace.continues(gained, seconds):
            self.pace = Pace(self.snapshot(), gained, seconds, (gained, seconds))
            return False
        if not pace.proven:
            return False
        self.restore(pace.before)
        self.unconfirmed = self.pace = None
        self.rate = self.slow = self.fast = self.played_rate = pace.gained / pace.seconds
        self.rate_guessed = True
        if self.stretch is None:
            self.open()
        self.watch(position)
        return True

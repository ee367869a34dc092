"""The player's state machine: a method for each known event, which takes the event's fields as arguments.

Each cell says what an event does in a mode, and the mode afterwards if it changes:

| event | idle | playing | paused | buffering | seeking | ad |
|---|---|---|---|---|---|---|
| `play` | start, playing | play on | start, playing | start, playing | land, playing | back to playing |
| `pause` | leave, paused | leave, paused | leave, paused | leave, paused | back to paused | back to paused |
| `complete` | let go, idle | finish, idle | let go, idle | let go, idle | land, idle | - |
| `sessionEnd` | let go, idle | let go, idle | let go, idle | let go, idle | land, idle | let go, idle |
| `ping` | ping | report | ping | ping | - | - |
| `bufferStart` | leave, buffering | leave, buffering | leave, buffering | - | - | - |
| `bufferEnd` | - | - | - | resume, back | - | - |
| `rateChange` | report | report | report | leave | - | - |
| `seek` | seek | seek | seek | seek | land, back | - |
| `seekEnd` | seek | seek | seek | seek | land, back | - |
| `seekStart` | leave, seeking | leave, seeking | leave, seeking | leave, seeking | - | - |
| `choice` | branch | branch | branch | branch | branch, back | branch, back |
| `nodeEnter` | branch | branch | branch | branch | branch, back | branch, back |
| `adBreakStart` | leave, ad | leave, ad | leave, ad | leave, ad | leave, ad | - |
| `adBreakComplete` | - | - | - | - | - | resume, back |
| `sessionStart` | reload | reload, idle | reload, idle | reload, idle | reload, idle | reload, idle |
| `choiceOffer` | offer | offer | offer | offer | offer | offer |
| `chapterStart` | chapter | chapter | chapter | chapter | chapter | chapter |
| `chapterComplete` | chapter | chapter | chapter | chapter | chapter | chapter |
| `chapterSkip` | chapter | chapter | chapter | chapter | chapter | chapter |
"""

from videosession.timeline.path import Path
from videosession.timeline.stretches import AD, BUFFERING, COARSE_CLOCK, IDLE, NEAR, PAUSED, PLAYING, SEEKING
from videosession.timeline.unconfirmed import UnconfirmedMove
from videosession.timeline.viewing import TOLERANCE

AT_TARGET = 0.25 + TOLERANCE  # seconds: a seek's `from` this close to its target is the target
AT_ORIGIN = 0.5 + TOLERANCE  # seconds: a seek's `position` this close to the playhead is where the seek began
STALE = 2 + TOLERANCE  # seconds: the position of a `complete` that is further from the end than this is outdated


class Player(Path):
    """Keeps the player's mode and, during a stall, a seek or an ad, the mode to go back to."""

    def __init__(self) -> None:
        super().__init__()
        self.seek_cause: str | None = None
        self.ping_before: tuple[int, float | None] | None = None

    def interrupt(self, mode: str) -> None:
        """Enter a stall, a seek or an ad, and remember the mode to go back to."""
        if self.mode not in (BUFFERING, SEEKING, AD):
            self.back = self.mode
        self.mode = mode

    # Playing

    def play(self, position: float | None) -> None:
        if self.mode == AD:
            self.back = PLAYING
            return
        if self.mode == SEEKING:
            self.land(position)
        elif self.mode == PLAYING:
            self.play_on(position)
        else:
            self.start(position)
        self.mode = PLAYING

    def play_on(self, position: float | None) -> None:
        """Process a repeated `play`: in a burst the last one wins, as in edx-analytics-pipeline.

        A position further ahead than playback can have got may be the target of a seek that is reported later.
        """
        if position is None:
            return
        if self.reverted_seek is not None:
            self.restore_seek(self.reverted_seek, position)
        if self.at is None:
            self.report(position)
            return
        furthest = self.at + self.played
        if position > furthest + NEAR:
            self.take_unreachable(position, begins=False)
            return
        self.report(min(position, furthest), leaves=True)

    def start(self, position: float | None) -> None:
        """Start playing, or replay after `complete`."""
        from_start = position is None or position < 1 - TOLERANCE
        if self.finished and (from_start or self.near_end(position)):
            self.jump(position if position is not None and from_start else 0.0, "replay")
            self.allowance = self.coarse
        else:
            self.report(position, begins=True)

    def pause(self, position: float | None) -> None:
        if self.mode in (AD, SEEKING):
            self.back = PAUSED
        else:
            if self.finished and self.mode != PLAYING:
                self.let_go(position)
            else:
                self.leave(position)
            self.mode = PAUSED

    def complete(self, position: float | None) -> None:
        self.viewing.complete_event = True
        if self.mode == SEEKING:
            self.land(position)
        elif self.mode == PLAYING:
            self.finish(position)
        else:
            self.let_go(position)
        self.mode = IDLE
        self.finished_at = self.at

    def finish(self, position: float | None) -> None:
        """Move to the end of the node if playback can have got there: the position may be missing, reset or stale."""
        length = self.node.length
        if length is not None and self.at is not None:
            dropped = position is None or (position < 1 - TOLERANCE and not self.fits(position))
            if (
                dropped
                and self.fits(length)
                or position is not None
                and position < length - STALE
                and self.keeps_step(length - self.at)
            ):
                position = length
        self.let_go(position)

    def session_end(self, position: float | None) -> None:
        if self.mode == SEEKING:
            self.land(position)
        else:
            self.let_go(position)
        self.mode = IDLE

    def session_start(self, node: str | None) -> None:
        """Process a page load. After earlier events it is a reload, or a second tab while the first plays on."""
        if node is not None and self.nameless and self.unseen:
            self.rename(node)
            return
        move = self.unconfirmed if self.at is None else None
        if self.mode == PLAYING:
            before = self.snapshot()
            self.viewing.note("openEnded", self.event)
            move = UnconfirmedMove(before, "reload", True, self.now) if self.at is not None else move
        self.end_span()
        self.begin_anew()
        self.unconfirmed = move
        self.mode = IDLE
        self.end_span()

    def rate_change(self, position: float | None) -> None:
        if self.reported_rate is None:
            self.invalid()
        if self.mode == BUFFERING:
            self.leave(position)
        elif self.mode not in (SEEKING, AD):
            self.report(position)

    reported_rate: float | None = None

    # Pings

    def ping(self, position: float | None) -> None:
        if self.mode in (SEEKING, AD):
            return
        before, self.ping_before = self.ping_before, (self.now, position)
        if position is None:
            return
        if not self.pinged:
            self.pinged = True
            self.coarse = COARSE_CLOCK
            self.allowance = min(self.allowance, COARSE_CLOCK)
        if before is not None:
            self.between_pings = self.now - before[0]
        if self.mode == PLAYING:
            self.report(position)
        elif self.mode == BUFFERING:
            self.ping_stalled(position)
        else:
            self.ping_still(position, before)

    def ping_stalled(self, position: float) -> None:
        """Detect the end of a stall, or a jump back during it: players do not always report these."""
        if self.at is None or position < self.at - NEAR or self.stall_is_over(position):
            self.leave(position)

    def ping_still(self, position: float, before: tuple[int, float | None] | None) -> None:
        """Detect unreported playback: two successive pings whose distance fits normal playback."""
        instant, earlier = before or (0, None)
        if earlier is not None and position > earlier + 0.1 + TOLERANCE:
            played, self.played = self.played, (self.now - instant) / 1e6 * self.fast
            fits, self.played = self.fits(position), played
            if fits:
                self.found_playing(instant)
        self.report(position)

    # Stalls, seeks and ads

    def buffer_start(self, position: float | None) -> None:
        if self.mode in (IDLE, PLAYING, PAUSED):
            self.leave(position)
            self.interrupt(BUFFERING)
            self.stalled_at = self.now

    def buffer_end(self, position: float | None) -> None:
        if self.mode == BUFFERING:
            self.mode = self.back
            if self.mode == PLAYING:
                self.report_still(position)

    def seek_event(self, start: float | None, end: float | None, position: float | None, cause: str | None) -> None:
        if end is None and position is None:
            self.invalid()
        if self.mode != AD:
            self.seek_end(start, end, position, cause)

    def seek_start(self, start: float | None, position: float | None, cause: str | None) -> None:
        """Begin a seek; a `position` away from the playhead may be the target and is ignored."""
        if self.mode not in (SEEKING, AD):
            if start is None and position is not None and self.at is not None:
                start = position if abs(position - self.at - self.played) <= AT_ORIGIN else None
            self.leave(start)
            self.interrupt(SEEKING)
            self.seek_cause = cause

    def seek_end(self, start: float | None, end: float | None, position: float | None, cause: str | None) -> None:
        """Complete a seek; a `position` sent beside `to` is where the seek began, unless it is close to the target."""
        target = end if end is not None else position
        if self.mode == SEEKING:
            self.land(target, cause)
        elif target is not None:
            if start is None and position is not None and abs(position - target) > NEAR:
                start = position
            self.leave(None if start is None or abs(start - target) <= AT_TARGET else start)
            self.seek(target, cause)

    def land(self, target: float | None, cause: str | None = None) -> None:
        """End a seek that is under way with a jump to the target, or without a jump if there is no target."""
        self.mode = self.back
        if target is not None:
            self.seek(target, self.seek_cause if cause is None else cause)

    def ad_break_start(self, position: float | None) -> None:
        if self.mode == SEEKING:
            self.mode = self.back
        self.leave(position)
        self.interrupt(AD)

    def ad_break_complete(self, position: float | None) -> None:
        if self.mode == AD:
            self.mode = self.back
            self.report_still(position)

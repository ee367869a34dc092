"""The walk: feeds a session's events to the player's state machine, one after the other."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from videosession.timeline.player import Player
from videosession.timeline.stretches import AD, PLAYING
from videosession.timeline.viewing import Event, Viewing
from videosession.timeline.vocabulary import (
    INVALID,
    READS,
    TYPES,
    Reader,
    amount,
    known_fields,
    microseconds,
    node_name,
)


def walk(events: Iterable[Event]) -> Viewing:
    """Return the `Viewing` of a session's events, which are read once, in order, and not kept."""
    walked = Walk()
    count = understood = 0
    step = latest = None
    for event in events:
        count += 1
        step = STEPS.get(event["type"])
        if step is not None:
            understood += 1
            latest = step
            walked.take(event, step)
    viewing = walked.end()
    viewing.events, viewing.understood = count, understood
    viewing.ended = latest is not None and latest.method in (Player.complete, Player.session_end)
    return viewing


class Step(NamedTuple):
    """What an event type does and reads, whether it also counts in an ad, and whether it reads the node's duration.

    In an ad, all other types come from the ad's own player or do not concern the video.
    """

    method: Callable[..., None]
    in_ad: bool
    measures: bool
    fields: list[tuple[str, Reader]]


class Walk(Player):
    """A player, and the clock that runs between the events."""

    begun = False

    def take(self, event: Event, step: Step) -> None:
        """Let time pass until the event, read its fields, and apply it."""
        data = known_fields(event["data"])
        instant = event.get("instant")
        if instant is None:
            instant = microseconds(event["timestamp"])
        self.event = event
        self.flawed = False
        method, in_ad, measures, fields = step
        if not self.begun:
            self.begin(instant, data, method)
        ad = self.mode == AD
        rate = self.reported_rate = self.read(data, "rate", amount) if "rate" in data else None
        self.pass_time(instant, rate)
        if measures and not ad and "duration" in data:
            duration = self.read(data, "duration", amount)
            if duration is not None:
                self.node.measure(duration)
        values = [self.read(data, name, read) for name, read in fields]
        if in_ad or not ad:
            method(self, *values)
        if method is not Player.ping:
            self.ping_before = None
        if rate is not None and self.playing_time and self.played_rate != rate:
            self.played_rate = None
        if self.mode == PLAYING and self.stretch is None:
            self.open()
        if self.mode != self.span_mode:
            self.note_ceased()
            self.end_span()

    def note_ceased(self) -> None:
        """Note in the unconfirmed move when its player stopped playing."""
        move = self.unconfirmed
        if move is None or not move.playing or move.ceased is not None or self.mode == PLAYING:
            return
        if self.span_mode == PLAYING or move.cause != "reload":
            move.ceased = self.now

    def begin(self, instant: int, data: Mapping[str, Any], method: Callable[..., None]) -> None:
        """Start at the first known event, on the node that it names (`choice` and `nodeEnter` name the next)."""
        self.begun = True
        self.now = self.span_start = self.viewing.first = instant
        self.reset_played()
        self.visit(None if method in (Player.choice, Player.node_enter) else self.read(data, "node", node_name))

    def end(self) -> Viewing:
        viewing = self.viewing
        if self.mode == PLAYING:
            viewing.note("openEnded", self.event)
        self.close()
        if self.begun:
            self.end_span()
            viewing.last = self.now
        return viewing

    def read(self, data: Mapping[str, Any], name: str, read: Reader) -> Any:
        """Return the value of a field; None if it is absent or invalid."""
        value = data.get(name)
        if value is None:
            return None
        value = read(value, self.node)
        if value is INVALID:
            self.invalid()
            return None
        return value


TABLE: dict[str, tuple[Callable[..., None], bool, bool]] = {
    "sessionStart": (Player.session_start, True, True),
    "play": (Player.play, True, True),
    "pause": (Player.pause, True, True),
    "ping": (Player.ping, False, True),
    "bufferStart": (Player.buffer_start, False, True),
    "bufferEnd": (Player.buffer_end, False, True),
    "rateChange": (Player.rate_change, True, True),
    "complete": (Player.complete, False, True),
    "sessionEnd": (Player.session_end, True, True),
    "adBreakStart": (Player.ad_break_start, False, False),
    "adBreakComplete": (Player.ad_break_complete, True, False),
    "seek": (Player.seek_event, True, True),
    "seekStart": (Player.seek_start, False, True),
    "seekEnd": (Player.seek_end, False, True),
    "choice": (Player.choice, True, False),
    "choiceOffer": (Player.choice_offer, True, False),
    "nodeEnter": (Player.node_enter, True, False),
    "chapterStart": (Player.chapter_start, True, False),
    "chapterComplete": (Player.chapter_complete, True, False),
    "chapterSkip": (Player.chapter_skip, True, False),
}

STEPS = {name: Step(*TABLE[known], fields=list(READS[known].items())) for name, known in TYPES.items()}

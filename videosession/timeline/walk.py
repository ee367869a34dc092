"""The walk: takes a session's events one after the other, and has the player do what they say."""

from videosession.timeline.player import Player
from videosession.timeline.playhead import AD, PLAYING
from videosession.timeline.vocabulary import INVALID, READS, TYPES, amount, known_fields, microseconds, node_name


def walk(events):
    """Return the `Viewing` that a session's events tell of: in their order, each read once and not kept."""
    walked = Walk()
    count = 0
    latest = None
    for event in events:
        count += 1
        step = STEPS.get(event["type"])
        if step is not None:
            latest = step
            walked.take(event, *step)
    walked.viewing.events = count
    walked.viewing.ended = latest in ENDS
    return walked.end()


class Walk(Player):
    """A player that is told events, and the clock that runs between them."""

    def take(self, event, fields, method, in_ad, measures):
        """Let the time pass until the event, read its fields, and do what it says."""
        data = known_fields(event["data"])
        instant = event.get("instant")
        if instant is None:
            instant = microseconds(event["timestamp"])
        self.event = event
        self.flawed = False
        if self.node is None:
            self.begin(instant, data, method)
        mode = self.mode
        self.rate_said = self.read(data, "rate", amount) if "rate" in data else None
        self.pass_time(instant, self.rate_said)
        if measures and "duration" in data and mode != AD:
            self.measure(self.read(data, "duration", amount))
        said = [self.read(data, name, read) for name, read in fields.items()]
        if in_ad or mode != AD:
            method(self, *said)
        if method is not Player.ping:
            self.ping_before = None
        if self.mode == PLAYING and self.stretch is None:
            self.open()
        if self.mode != self.standing:
            self.turn()

    def begin(self, instant, data, method):
        """The first known event may say which node comes first, but for those that say which comes next."""
        self.now = self.turned = self.viewing.first = instant
        self.rest()
        self.visit(None if method in (Player.choice, Player.node_enter) else self.read(data, "node", node_name))

    def end(self):
        viewing = self.viewing
        if self.mode == PLAYING:
            viewing.note("openEnded", self.event)
        self.close()
        if self.node is not None:
            self.turn()
        viewing.last = self.now
        return viewing

    def read(self, data, name, read):
        """Return what a field says, nothing where that cannot be."""
        value = data.get(name)
        if value is None:
            return None
        value = read(value, self.node)
        if value is INVALID:
            self.invalid()
            return None
        return value


# What a type does, whether during an ad too (others are then the ad's own player's, or say nothing of the video), and
# whether its duration is the current node's.
TABLE = {
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
    "nodeEnter": (Player.node_enter, True, False),
    "chapterStart": (Player.chapter_start, True, False),
    "chapterComplete": (Player.chapter_complete, True, False),
    "chapterSkip": (Player.chapter_skip, True, False),
}

STEPS = {name: (READS[known], *TABLE[known]) for name, known in TYPES.items()}
ENDS = (STEPS["complete"], STEPS["sessionEnd"])

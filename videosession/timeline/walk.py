"""The walk: one method for each known event, and the playhead that they move."""

from videosession.timeline import vocabulary
from videosession.timeline.playhead import COARSE_CLOCK, NEAR, Playhead
from videosession.timeline.viewing import TOLERANCE, WATCHED, Chapter, Node, Span

IDLE, PLAYING, PAUSED, BUFFERING, SEEKING, AD = "idle", "playing", "paused", "buffering", "seeking", "ad"


def walk(events):
    """Return the `Viewing` that events in their order tell of; they are read once, as a stream."""
    taken = Walk()
    count = 0
    for event in events:
        count += 1
        step = STEPS.get(event["type"])
        if step is not None:
            taken.take(event, *step)
    taken.viewing.events = count
    return taken.finish()


class Walk(Playhead):
    """Keeps a mode, and for a stall, a seek and an ad the mode to go back to."""

    def __init__(self):
        super().__init__()
        self.mode = self.back = IDLE
        self.since = None
        self.left = None
        self.cause = None
        self.ping_before = None
        self.stalled_at = None

    def take(self, event, method, fields, measures):
        """Let the time pass until a known event, read its fields, and do what it says."""
        data = vocabulary.known_fields(event["data"])
        instant = event.get("instant")
        if instant is None:
            instant = vocabulary.microseconds(event["timestamp"])
        self.event = event
        self.flawed = False
        if self.node is None:
            self.begin(instant, data, method)
        mode = self.mode
        rate = self.read(data, "rate", vocabulary.amount)
        self.rated = rate is not None
        self.pass_time(instant, rate)
        if measures and mode != AD:
            self.node.duration = self.read(data, "duration", vocabulary.amount) or self.node.duration
        said = [self.read(data, name, read) for name, read in fields.items()]
        if fields is vocabulary.POSITION and self.sought and mode != SEEKING and (mode != AD or method in IN_AD):
            said = [self.fresh(said[0])]
        if method is not Walk.ping:
            self.ping_before = None
        if mode != AD or method in IN_AD:
            method(self, *said)
        if self.mode == PLAYING:
            self.open()
        if self.mode is not mode:
            self.turn(mode)

    def read(self, data, name, read):
        value = data.get(name)
        if value is None:
            return None
        value = read(value, self.node)
        if value is vocabulary.INVALID:
            self.invalid()
            return None
        return value

    def invalid(self):
        """Note a mistake, once an event."""
        if not self.flawed:
            self.flawed = True
            self.viewing.note("invalidField", self.event)

    def begin(self, instant, data, method):
        self.now = self.since = self.entered = instant
        self.viewing.first = instant
        self.rest()
        named = method not in (Walk.choice, Walk.node_enter)
        self.visit(self.read(data, "node", vocabulary.name) if named else None)

    def visit(self, id):
        node = self.viewing.nodes.get(id)
        if node is None:
            node = self.viewing.nodes[id] = Node(id)
        node.visits += 1
        self.node = node
        self.entered = self.now
        self.seen_before = len(self.viewing.segments)
        self.viewing.path.append(node)

    def pass_time(self, instant, rate):
        """Count the time to its mode, and what can have played in it between the slower and the faster rate."""
        slow = fast = self.rate
        if rate is not None:
            slow, fast = min(slow, rate), max(slow, rate)
            self.rate = rate
        elapsed = instant - self.now
        if elapsed <= 0:
            return
        self.now = instant
        wall = self.viewing.wall
        wall[self.mode] = wall.get(self.mode, 0) + elapsed
        if self.mode == PLAYING:
            self.played += fast * elapsed / 1e6
            self.slowly += slow * elapsed / 1e6
            self.playing_time += elapsed
            self.slowest = min(self.slowest, slow)
            if self.chapter is not None:
                self.chapter.played += elapsed

    def turn(self, mode):
        """Remember for the picture where the playhead stood."""
        if mode != PLAYING:
            self.viewing.stand(Span(mode, self.since, self.now, self.node, self.at))
        self.since = self.now

    def finish(self):
        if self.mode == PLAYING:
            self.viewing.note("openEnded", self.event)
        self.close()
        self.viewing.last = self.now
        if self.node is not None:
            self.turn(self.mode)
        return self.viewing

    def leave(self, position):
        """The player itself ends playback: where it says, or as far as it can have got."""
        if position is None and self.mode == PLAYING:
            self.go_on()
        else:
            self.report(position)

    def interrupt(self, mode):
        if self.mode not in (BUFFERING, SEEKING, AD):
            self.back = self.mode
        self.mode = mode

    def play(self, position):
        if self.mode == AD:
            self.back = PLAYING
        elif self.mode == PLAYING:
            self.play_on(position)
        elif self.mode == SEEKING:
            self.land(position, None)
            self.mode = PLAYING
        else:
            if self.again(position):
                self.jump(position if position is not None and position < 1 - TOLERANCE else 0.0, "replay")
                self.allowance = COARSE_CLOCK
            else:
                self.report(position)
            self.mode = PLAYING
        self.finished_at = None

    def play_on(self, position):
        """Players say `play` more than once, and of a burst the last one wins."""
        if position is None:
            return
        furthest = self.at + self.played
        if position <= furthest + NEAR:
            self.report(min(position, furthest))
        else:
            self.slip(position)

    def again(self, position):
        """Tell whether this plays again what `complete` ended."""
        if self.finished_at is None or self.at is None or abs(self.at - self.finished_at) > TOLERANCE:
            return False
        if position is None or position < 1 - TOLERANCE:
            return True
        length = self.node.length
        return length is not None and position >= length - 0.5 - TOLERANCE

    def pause(self, position):
        if self.mode in (AD, SEEKING):
            self.back = PAUSED
        else:
            self.leave(position)
            self.mode = PAUSED

    def complete(self, position):
        self.viewing.complete_event = True
        if self.mode == SEEKING:
            self.land(position, None)
        else:
            length = self.node.length
            if position is None and self.mode == PLAYING and length is not None and self.fits(length, self.played):
                position = length
            self.leave(position)
        self.mode = IDLE
        self.finished_at = self.at

    def session_end(self, position):
        if self.mode == SEEKING:
            self.land(position, None)
        else:
            self.leave(position)
        self.mode = IDLE

    def ping(self, position):
        before, self.ping_before = self.ping_before, (self.now, position)
        if position is None:
            return
        if self.mode == PLAYING:
            self.report(position)
        elif self.mode == BUFFERING:
            self.ping_stalled(position)
        elif self.mode in (IDLE, PAUSED):
            self.ping_still(position, before)

    def ping_stalled(self, position):
        if self.at is not None and position > self.at + 0.1 + TOLERANCE:
            self.began(position, max(self.stalled_at, self.reported))
        elif self.at is None or position < self.at - NEAR:
            self.report(position)

    def ping_still(self, position, before):
        """A player may begin by itself: two pings in a row that playback fits between."""
        if (
            before is not None
            and before[1] is not None
            and position > before[1] + 0.1 + TOLERANCE
            and self.at is not None
        ):
            played = (self.now - before[0]) / 1e6 * self.rate
            if self.fits(position, played):
                self.began(position, before[0])
                return
        self.report(position)

    def began(self, position, instant):
        self.mode = PLAYING
        self.open()
        self.rest()
        self.played = (self.now - instant) / 1e6 * self.rate
        self.report(position)

    def buffer_start(self, position):
        if self.mode in (IDLE, PLAYING, PAUSED):
            self.leave(position)
            self.interrupt(BUFFERING)
            self.stalled_at = self.now

    def buffer_end(self, position):
        if self.mode == BUFFERING:
            self.mode = self.back
            if self.mode == PLAYING:
                self.report_still(position)

    def report_still(self, position):
        """Report as if nothing had played."""
        if position is not None:
            self.rest()
            self.report(position)

    def rate_change(self, position):
        if not self.rated:
            self.invalid()
        if self.mode != SEEKING and self.mode != AD:
            self.report(position)

    def seek_to(self, start, end, position, cause):
        target = end if end is not None else position
        if self.mode == SEEKING:
            self.land(target, cause)
        elif target is not None:
            if start is not None and abs(start - target) < WATCHED:
                start = None
            self.leave(start)
            self.seek(target, cause)
        return target

    def seek_reported(self, start, end, position, cause):
        if self.seek_to(start, end, position, cause) is None:
            self.invalid()

    def seek_start(self, start, cause):
        if self.mode != SEEKING:
            self.leave(start)
            self.interrupt(SEEKING)
            self.cause = cause

    def land(self, target, cause):
        """A seek under way ends there, or without a jump."""
        self.mode = self.back
        if target is not None:
            self.seek(target, cause if cause is not None else self.cause)

    def ad_break_start(self, position):
        if self.mode == AD:
            return
        if self.mode == SEEKING:
            self.mode = self.back
        self.leave(position)
        self.interrupt(AD)

    def ad_break_complete(self, position):
        if self.mode == AD:
            self.mode = self.back
            self.report_still(position)

    def choice(self, to_node, from_node, option, cause, position, from_position, to_position, duration):
        if to_node is None:
            self.invalid()
            return
        if from_node is not None and self.nameless:
            self.rename(from_node)
        self.branch(
            to_node,
            option,
            cause or "choice",
            position if position is not None else from_position,
            to_position,
            duration,
        )

    def node_enter(self, node, to_node, from_node, option, cause, from_position, to_position, duration):
        node = node if node is not None else to_node
        if node is None:
            self.invalid()
            return
        if self.nameless:
            self.rename(node if from_node is None else from_node)
            if from_node is None:
                self.arrive(to_position, duration)
                return
        elif self.told_twice(node, from_node):
            self.arrive(to_position, duration)
            return
        self.branch(node, option, cause or "auto", from_position, to_position, duration)

    @property
    def nameless(self):
        viewing = self.viewing
        return self.node.id is None and not viewing.edges and not viewing.segments and self.unwatched

    def rename(self, id):
        del self.viewing.nodes[self.node.id]
        self.node.id = id
        self.viewing.nodes[id] = self.node

    @property
    def unseen(self):
        """Nothing was watched on this visit."""
        return self.unwatched and len(self.viewing.segments) == self.seen_before

    def told_twice(self, node, from_node):
        if node != self.node.id or (from_node is not None and (self.left is None or from_node != self.left.id)):
            return False
        return self.unseen or self.now - self.entered <= 2_001_000

    def arrive(self, position, duration):
        self.node.duration = duration or self.node.duration
        if position is not None and self.unseen:
            self.stretch = None
            self.guess = False
            self.move(self.node.within(position))

    def branch(self, id, option, cause, position, to_position, duration):
        if self.mode in (AD, SEEKING):
            self.mode = self.back
        self.leave(position)
        edge = (self.node.id, id, option, cause)
        self.viewing.edges[edge] = self.viewing.edges.get(edge, 0) + 1
        self.left = self.node
        self.depart()
        self.chapter = None
        self.visit(id)
        self.node.duration = duration or self.node.duration
        if to_position is not None:
            self.move(self.node.within(to_position))

    def session_start(self, node):
        if node is not None and self.nameless:
            self.rename(node)
            return
        if self.mode == PLAYING:
            self.viewing.note("openEnded", self.event)
        self.depart()
        self.mode = IDLE

    def chapter_start(self, index, title):
        key = (self.node, True, index) if index is not None else (self.node, False, title)
        self.chapter = self.viewing.chapters.setdefault(key, Chapter(self.node, index, title))

    def chapter_complete(self, index, title):
        if self.chapter is not None:
            self.chapter.completed = True
            self.chapter = None

    def chapter_skip(self, index, title):
        self.chapter = None


METHODS = {
    "sessionStart": Walk.session_start,
    "play": Walk.play,
    "pause": Walk.pause,
    "ping": Walk.ping,
    "bufferStart": Walk.buffer_start,
    "bufferEnd": Walk.buffer_end,
    "rateChange": Walk.rate_change,
    "complete": Walk.complete,
    "sessionEnd": Walk.session_end,
    "adBreakStart": Walk.ad_break_start,
    "adBreakComplete": Walk.ad_break_complete,
    "seek": Walk.seek_reported,
    "seekStart": Walk.seek_start,
    "seekEnd": Walk.seek_to,
    "choice": Walk.choice,
    "nodeEnter": Walk.node_enter,
    "chapterStart": Walk.chapter_start,
    "chapterComplete": Walk.chapter_complete,
    "chapterSkip": Walk.chapter_skip,
}
IN_AD = {
    METHODS[t]
    for t in (
        "play",
        "pause",
        "adBreakComplete",
        "sessionEnd",
        "choice",
        "nodeEnter",
        "chapterStart",
        "chapterComplete",
        "chapterSkip",
        "sessionStart",
    )
}
UNMEASURED = {
    "choice",
    "nodeEnter",
    "chapterStart",
    "chapterComplete",
    "chapterSkip",
    "adBreakStart",
    "adBreakComplete",
}
STEPS = {
    name: (METHODS[known], vocabulary.READS[known], known not in UNMEASURED) for name, known in vocabulary.TYPES.items()
}

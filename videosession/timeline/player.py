"""The player: its modes, and a method for each known event, with its fields as arguments, which moves the playhead."""

from videosession.timeline.playhead import AD, BUFFERING, COARSE_CLOCK, IDLE, NEAR, PAUSED, PLAYING, SEEKING, Playhead
from videosession.timeline.viewing import TOLERANCE, Chapter, Departure, Node

AT_TARGET = 0.25 + TOLERANCE  # seconds around the target of a seek in which a `from` is the target already
TOLD_TWICE = 2_001_000  # microseconds after entering a node in which a second event may tell the same


class Player(Playhead):
    """Keeps the player's mode and, for a stall, a seek and an ad, the mode to go back to."""

    def __init__(self):
        super().__init__()
        self.back = IDLE
        self.left = self.seek_cause = self.ping_before = self.stalled_at = None

    def invalid(self):
        """Note a mistake, once an event."""
        if not self.flawed:
            self.flawed = True
            self.viewing.note("invalidField", self.event)

    def interrupt(self, mode):
        """Stall, seek or show an ad, to go back to what was before."""
        if self.mode not in (BUFFERING, SEEKING, AD):
            self.back = self.mode
        self.mode = mode

    # Playing

    def play(self, position):
        if self.mode == AD:
            self.back = PLAYING
            return
        if self.mode == SEEKING:
            self.land(position)
        elif self.mode == PLAYING:
            self.play_on(self.fresh(position))
        else:
            self.start(self.fresh(position))
        self.mode = PLAYING

    def play_on(self, position):
        """Players say more than once that they play; of a burst the last wins, as edx-analytics-pipeline has it."""
        if position is None:
            return
        furthest = self.at + self.played
        if position <= furthest + NEAR:
            self.report(min(position, furthest))
        else:
            self.slip(position)

    def start(self, position):
        """Play, or play again what `complete` ended."""
        from_start = position is None or position < 1 - TOLERANCE
        if self.finished and (from_start or self.near_end(position)):
            self.jump(position if position is not None and from_start else 0.0, "replay")
            self.allowance = COARSE_CLOCK
        else:
            self.report(position)

    @property
    def finished(self):
        """The playhead is where `complete` left it."""
        return None not in (self.at, self.finished_at) and abs(self.at - self.finished_at) <= TOLERANCE

    def pause(self, position):
        if self.mode in (AD, SEEKING):
            self.back = PAUSED
        else:
            self.leave(self.fresh(position))
            self.mode = PAUSED

    def complete(self, position):
        self.viewing.complete_event = True
        if self.mode == SEEKING:
            self.land(position)
        else:
            self.leave(self.finish(self.fresh(position)))
        self.mode = IDLE
        self.finished_at = self.at

    def finish(self, position):
        """What is complete is at its end, if it can be."""
        length = self.node.length
        if position is None and self.mode == PLAYING and length is not None and self.fits(length, self.played):
            return length
        return position

    def session_end(self, position):
        if self.mode == SEEKING:
            self.land(position)
        else:
            self.leave(self.fresh(position))
        self.mode = IDLE

    def session_start(self, node):
        """The page was loaded, again if anything was before."""
        if node is not None and self.nameless:
            self.rename(node)
            return
        if self.mode == PLAYING:
            self.viewing.note("openEnded", self.event)
        self.turn()
        self.begin_anew()
        self.mode = IDLE

    def rate_change(self, position):
        if self.rate_said is None:
            self.invalid()
        if self.mode not in (SEEKING, AD):
            self.report(self.fresh(position))

    # Pings

    def ping(self, position):
        if self.mode == SEEKING:
            return
        position = self.fresh(position)
        before, self.ping_before = self.ping_before, (self.now, position)
        if position is None:
            return
        if self.mode == PLAYING:
            self.report(position)
        elif self.mode == BUFFERING:
            self.ping_stalled(position)
        else:
            self.ping_still(position, before)

    def ping_stalled(self, position):
        """A player may not say that a stall is over, nor that it jumped in it."""
        if self.at is None or position < self.at - NEAR:
            self.report(position)
        elif position > self.at + 0.1 + TOLERANCE:
            self.found_playing(position, max(self.stalled_at, self.reported))

    def ping_still(self, position, before):
        """A player may not say that it began: two pings in a row do, which playback fits between."""
        instant, earlier = before or (None, None)
        if earlier is not None and position > earlier + 0.1 + TOLERANCE and self.fits(position, self.since(instant)):
            self.found_playing(position, instant)
        else:
            self.report(position)

    def since(self, instant):
        """Return the seconds that can have played since then, had it been playing."""
        return (self.now - instant) / 1e6 * self.fast

    def found_playing(self, position, instant):
        self.mode = PLAYING
        if self.stretch is None:
            self.open()
        self.rest()
        self.played = self.since(instant)
        self.report(position)

    # Stalls, seeks and ads

    def buffer_start(self, position):
        position = position if self.mode == SEEKING else self.fresh(position)
        if self.mode in (IDLE, PLAYING, PAUSED):
            self.leave(position)
            self.interrupt(BUFFERING)
            self.stalled_at = self.now

    def buffer_end(self, position):
        position = position if self.mode == SEEKING else self.fresh(position)
        if self.mode == BUFFERING:
            self.mode = self.back
            if self.mode == PLAYING:
                self.report_still(position)

    def seek_event(self, start, end, position, cause):
        target = end if end is not None else position
        if target is None:
            self.invalid()
        if self.mode != AD:
            self.seek_end(start, end, position, cause)

    def seek_start(self, start, cause):
        if self.mode != SEEKING:
            self.leave(start)
            self.interrupt(SEEKING)
            self.seek_cause = cause

    def seek_end(self, start, end, position, cause):
        target = end if end is not None else position
        if self.mode == SEEKING:
            self.land(target, cause)
        elif target is not None:
            self.leave(None if start is None or abs(start - target) <= AT_TARGET else start)
            self.seek(target, cause)

    def land(self, target, cause=None):
        """A seek under way ends there, or without a jump."""
        self.mode = self.back
        if target is not None:
            self.seek(target, self.seek_cause if cause is None else cause)

    def ad_break_start(self, position):
        if self.mode == SEEKING:
            self.mode = self.back
        self.leave(self.fresh(position))
        self.interrupt(AD)

    def ad_break_complete(self, position):
        position = self.fresh(position)
        if self.mode == AD:
            self.mode = self.back
            self.report_still(position)

    # Branches

    def choice(self, node, from_node, option, cause, position, from_position, to_position, duration):
        if node is None:
            self.invalid()
            return
        if from_node is not None and self.nameless:
            self.rename(from_node)
        position = from_position if position is None else position
        self.branch(node, option, "choice" if cause is None else cause, position, to_position, duration)

    def node_enter(self, node, to_node, from_node, option, cause, position, to_position, duration):
        node = to_node if node is None else node
        if node is None:
            self.invalid()
            return
        if self.nameless:
            self.rename(node if from_node is None else from_node)
            known = from_node is None
        else:
            known = self.told_twice(node, from_node)
        if known:
            self.arrive(to_position, duration)
        else:
            self.branch(node, option, "auto" if cause is None else cause, position, to_position, duration)

    def branch(self, id, option, cause, position, to_position, duration):
        """Leave the node for another: an edge of the graph and never a jump."""
        if self.mode in (AD, SEEKING):
            self.mode = self.back
        self.leave(position)
        edges = self.viewing.edges
        edge = (self.node.id, id, option, cause)
        edges[edge] = edges.get(edge, 0) + 1
        self.turn()
        self.left, left_at = self.node, self.at
        self.chapter = None
        self.begin_anew()
        self.visit(id)
        self.viewing.departures.append(Departure(self.left, self.node, option, cause, self.now, left_at))
        self.arrive(to_position, duration)

    def visit(self, id):
        nodes = self.viewing.nodes
        if id not in nodes:
            nodes[id] = Node(id)
        self.node = nodes[id]
        self.node.visits += 1
        self.viewing.path.append(self.node)
        self.entered = self.now
        self.watched_before = len(self.viewing.segments)

    def arrive(self, position, duration):
        """Learn of the node entered how long it is and, with nothing watched there, where playback begins."""
        self.measure(duration)
        if position is not None and self.unseen:
            self.begin_at(self.node.within(position))

    def measure(self, duration):
        if duration is not None:
            self.node.duration = duration

    @property
    def unseen(self):
        """Nothing was watched on this visit."""
        return self.unwatched and len(self.viewing.segments) == self.watched_before

    def told_twice(self, node, from_node):
        """Applications say both that the viewer chose and that a node is entered."""
        if node != self.node.id or (from_node is not None and (self.left is None or from_node != self.left.id)):
            return False
        return self.unseen or self.now - self.entered <= TOLD_TWICE

    @property
    def nameless(self):
        """The first node has no name yet, and nothing happened on it that needs one."""
        return self.node.id is None and not self.viewing.edges and not self.viewing.segments and self.unwatched

    def rename(self, id):
        nodes = self.viewing.nodes
        nodes[id] = nodes.pop(self.node.id)
        self.node.id = id

    # Chapters

    def chapter_start(self, index, title):
        key = (self.node, "title", title) if index is None else (self.node, "index", index)
        self.chapter = self.viewing.chapters.setdefault(key, Chapter(self.node, index, title))

    def chapter_complete(self, index, title):
        if self.chapter is not None:
            self.chapter.completed = True
            self.chapter = None

    def chapter_skip(self, index, title):
        self.chapter = None

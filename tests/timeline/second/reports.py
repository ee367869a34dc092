"""Reports and jumps: the rules, in their order."""

from tests.timeline.second.beliefs import BEGINNING, Beliefs, Move, Step
from tests.timeline.second.document import MS


class Reports(Beliefs):
    """Decides what a position means."""

    def report(self, position: float | None, *, leaves: bool = False) -> None:
        if position is None:
            return
        self.reconsider(position)
        if not self.known:
            if self.goes_on(position):
                self.take_back(position)
                return
            self.move = None
            self.belief.playhead = position
            self.watched_up_to(position)
        elif self.fitting(position):
            self.confirm(position, leaves)
        else:
            self.misfit(position, leaves)

    def confirm(self, position: float, leaves: bool) -> None:
        """Rule 2."""
        doubted = leaves and self.mode == "playing" and not self.keeps_step(position - self.at)
        before, reported, inferred = self.believed(), self.reported, self.inferred
        if self.played > 0:
            self.settle(max(position - self.at, 0.0))
            if self.move is not None:
                self.move, self.steps = None, []
        self.watched_up_to(position)
        if doubted:
            self.move = Move(before, "doubted", True, self.now, reported, inferred)

    def settle(self, gain: float) -> None:
        if self.rate_found and not self.keeps_step(gain):
            self.rate_found = False
            self.rate = self.small = self.large = self.smallest = 1.0
        spare = self.belief.allowance + self.played + min(self.played / 4, 30) - gain
        self.belief.allowance = min(max(spare, 0.0), self.coarse)
        excess = self.time - (gain + self.inferred) / self.smallest
        if self.time > 2 and excess > 2 + MS and excess > self.time / 4 + MS:
            self.stall(round(excess, 6))

    def stall(self, seconds: float) -> None:
        self.note("stalled")
        self.wall["playing"] -= seconds
        self.wall["stalled"] = self.wall.get("stalled", 0.0) + seconds
        docked = 0.0
        if self.chapter is not None:
            chapter = self.chapters[self.chapter]
            docked = min(seconds, chapter["playedSeconds"])
            chapter["playedSeconds"] -= docked
        self.stalls.append((seconds, self.chapter, docked))

    def misfit(self, position: float, leaves: bool) -> None:
        """Rules 3 to 6."""
        if self.goes_on(position):
            self.take_back(position)
        elif self.went_on(position):
            self.has_played_since(self.reported)
            self.watched_up_to(position)
        elif not self.has_a_speed(position):
            self.moved(position, leaves)

    def went_on(self, position: float) -> bool:
        if self.mode not in ("idle", "paused") or self.kind in BEGINNING:
            return False
        seconds = (self.now - self.reported) / 1e6
        if self.pinged:
            if seconds > (60 if self.between_pings is None else self.between_pings + 1):
                return False
        elif self.scrubbing and self.belief.jumps[-1]["cause"] == "unreported":
            return False
        return self.in_step(position - self.at + self.inferred, seconds * self.small, seconds * self.large)

    @property
    def scrubbing(self) -> bool:
        """Whether nothing was watched since the last jump, and no node or page left."""
        jumps = self.belief.jumps
        return bool(jumps) and jumps[-1]["era"] == self.belief.era and not self.watching

    def has_a_speed(self, position: float) -> bool:
        gain = position - self.at + self.inferred
        may = not self.rate_said and self.mode == "playing" and self.time >= 1 - MS and not self.belief.guess
        if not may or not 1.25 < gain / self.time <= 4:
            self.steps = []
            return False
        last = self.steps[-1] if self.steps else None
        if last is not None and abs(gain / self.time - last.gain / last.time) > 0.02 * last.gain / last.time:
            self.steps = []
        self.steps.append(Step(self.believed(), gain, self.time))
        count = len(self.steps)
        if count < 2 or (count == 2 and abs(self.time - self.steps[0].time) <= self.steps[0].time / 4):
            return False
        pace = sum(step.gain for step in self.steps) / sum(step.time for step in self.steps)
        self.believe(self.steps[0].before)
        self.move, self.steps = None, []
        self.rate = self.small = self.large = self.smallest = pace
        self.rate_found = True
        self.open()
        self.watched_up_to(position)
        return True

    def moved(self, position: float, leaves: bool) -> None:
        if self.belief.guess and not self.watching:
            self.begin_at(position)
            self.rest()
            return
        before, reported, inferred = self.believed(), self.reported, self.inferred
        if leaves and self.mode == "playing" and not self.belief.guess and 0 < position - self.at <= 3 * self.played:
            self.go_on()
        self.note("unreportedJump")
        if self.jump(position, "unreported") and self.move is not None:
            self.move = Move(before, "unreported", self.move.playing, self.now, reported, inferred)
        self.belief.allowance = 0.0

    def go_on(self) -> None:
        """Be as far as playback has got, though nobody says where that is."""
        if not self.known:
            return
        ahead = min(self.slowly + self.inferred, 15 * self.rate) - self.inferred
        length = self.here.length
        if length is not None:
            ahead = min(ahead, length - self.at)
        if ahead > 0:
            self.inferred += ahead
            self.played = self.played - ahead if self.played - ahead > MS else 0.0
            self.slowly -= ahead
            self.reach(self.at + ahead)

    def leave(self, position: float | None) -> None:
        if self.mode == "buffering" and position is not None and self.known and position > self.at + 0.1 + MS:
            self.has_played_since(max(self.stalled_since, self.reported))
        if position is None and self.mode == "playing":
            self.go_on()
        else:
            self.report(position, leaves=True)

    def let_go(self, position: float | None) -> None:
        if position is not None and self.known and not self.fitting(position):
            dropped = position < 1 - MS or (self.where_complete_left and position < self.at)
            position = None if dropped else position
        self.leave(position)

    # Jumps

    def jump(self, position: float, cause: str) -> bool:
        """Be moved there, and tell whether that was a move."""
        if not self.known:
            self.belief.playhead = position
            self.belief.guess = False
            self.rest()
            return False
        last = self.belief.jumps[-1] if self.scrubbing else None
        explains = last is not None and last["cause"] == "unreported" != cause and abs(self.at - last["to"]) <= 1 + MS
        if not explains and abs(position - self.at) < 0.25 - MS:
            return False
        if cause != "unreported":
            self.steps = []
        self.set_out(cause if cause == "unreported" else "seek", self.believed(), playing=self.mode == "playing")
        start, last = self.at, self.belief.jumps[-1] if self.scrubbing else None
        self.end_stretch()
        if last is not None and (explains or last["cause"] == cause):
            last |= {"to": position, "cause": cause, "steps": last["steps"] + (not explains)}
            if explains and abs(position - last["from"]) <= 1 + MS:
                self.belief.jumps.pop()
        else:
            jump = {"node": self.node, "from": start, "to": position, "cause": cause, "steps": 1, "at": self.now}
            self.belief.jumps.append(jump | {"era": self.belief.era})
        self.belief.playhead, self.belief.guess = position, False
        self.rest()
        return True

    def near_the_end(self, position: float) -> bool:
        length = self.here.length
        if length is not None and length - 0.5 - MS <= position <= length:
            return True
        left = self.belief.completed_at
        return self.where_complete_left and left is not None and abs(position - left) <= 0.5 + MS

    def seek(self, target: float, cause: str | None) -> None:
        if cause is None:
            cause = "replay" if self.known and target < 1 - MS and self.near_the_end(self.at) else "user"
        self.refused = None
        if self.jump(target, cause) and self.move is not None:
            self.move.target = target
            self.move.played = self.wall.get("playing", 0.0)
        self.belief.allowance = self.coarse

"""A second implementation of docs/events-and-timelines.md, written from its text and tables: slow and plain.

It shows where text and code part ways: test_second_walk.py compares their answers. What can be copied from the document
is read from it, the names and the table of modes; what a move may turn out not to have changed is copied before it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.timeline.second.document import ALSO, DOES, MS, POSITIONS, READS, TYPES, Node, Wrong, said
from tests.timeline.second.reports import Reports

BRANCHES = ("choice", "nodeEnter")


class Walk(Reports):
    """Takes a session's events one after the other."""

    def take(self, event: Mapping[str, Any]) -> None:
        kind = TYPES.get(event["type"])
        if kind is None:
            return
        self.kind, self.id, self.noted = kind, event["eventId"], False
        if not self.begun:
            self.begin(event)
        fields = self.fields(event["data"])
        was_playing = self.mode == "playing"
        self.pass_time(event["instant"], fields.get("rate"))
        if self.measures and "duration" in fields:
            self.here.lasts(fields["duration"])
        for name in set(POSITIONS) & set(fields) - {"toPosition"}:
            fields[name] = self.here.clip(fields[name])
        if self.lacks(fields):
            self.invalid()
        self.do(fields)
        self.ended = kind in ("complete", "sessionEnd")
        if kind != "ping":
            self.ping = None
        if self.mode == "playing":
            self.open()
        self.cease(was_playing)

    def begin(self, event: Mapping[str, Any]) -> None:
        self.begun = True
        self.now = self.reported = event["instant"]
        name = None if self.kind in BRANCHES else self.field("node", event["data"])
        self.enter(name)

    def field(self, name: str, data: Mapping[str, Any]) -> Any:
        value = next((data[each] for each in (name, *ALSO.get(name, [])) if data.get(each) is not None), None)
        try:
            return None if value is None else said(name, value)
        except Wrong:
            self.invalid()
            return None

    @property
    def measures(self) -> bool:
        """Whether the event's duration is the current node's."""
        others = self.kind in (*BRANCHES, "choiceOffer") or self.kind.startswith(("chapter", "adBreak"))
        return not others and self.mode != "ad"

    def fields(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event says of the fields that its type reads."""
        names = ["rate", *READS[self.kind]]
        if self.kind in BRANCHES or self.measures:
            names.append("duration")
        read = {name: self.field(name, data) for name in names}
        return {name: value for name, value in read.items() if value is not None}

    def pass_time(self, instant: int, rate: float | None) -> None:
        elapsed = max(instant - self.now, 0)
        self.now += elapsed
        seconds = elapsed / 1e6
        self.small = self.large = self.rate
        if rate is not None:
            self.small, self.large = min(self.rate, rate), max(self.rate, rate)
            self.rate, self.rate_said, self.rate_found = rate, True, False
        if seconds:
            self.wall[self.mode] = self.wall.get(self.mode, 0.0) + seconds
        if self.mode == "playing":
            self.time += seconds
            self.played += seconds * self.large
            self.slowly += seconds * self.small
            if self.chapter is not None:
                self.chapters[self.chapter]["playedSeconds"] += seconds
        self.smallest = min(self.smallest, self.small) if self.time else self.rate

    def lacks(self, fields: dict[str, Any]) -> bool:
        """Tell whether the event does not say what it is for."""
        if self.kind in BRANCHES:
            return self.target(fields) is None
        needed = {"rateChange": {"rate"}, "seek": {"to", "position"}}.get(self.kind)
        return needed is not None and needed.isdisjoint(fields)

    def cease(self, was_playing: bool) -> None:
        """Remember when it ceased to be playing after a move."""
        move = self.move
        if move is None or not move.playing or move.ceased is not None or self.mode == "playing":
            return
        if move.kind != "sessionStart" or (was_playing and self.kind != "sessionStart"):
            move.ceased = self.now

    def do(self, fields: dict[str, Any]) -> None:
        """Do what the table says."""
        deed, mode = DOES[self.kind][self.mode]
        if deed == "-":
            return
        if deed.startswith("back to "):
            self.back = deed.removeprefix("back to ")
            return
        if self.kind == "sessionStart" and "node" in fields and self.nameless and self.unseen:
            self.rename(fields["node"])
            return
        if self.kind == "complete":
            self.complete_event = True
        if self.kind == "pause" and self.mode != "playing" and self.where_complete_left:
            deed = "let go"
        if mode == "back" or deed in ("land", "resume") or (self.kind, self.mode) == ("adBreakStart", "seeking"):
            mode = "" if mode == "back" and self.twice(fields) else mode
            if mode or deed != "branch":
                self.mode = self.back
        getattr(self, deed.replace(" ", "_") + "_")(fields)
        if mode in ("buffering", "seeking", "ad"):
            if self.mode in ("idle", "playing", "paused"):
                self.back = self.mode
            self.stalled_since = self.now
        if mode and mode != "back":
            self.mode = mode
        if self.kind == "complete":
            self.belief.completed_at = self.belief.playhead

    def start_(self, fields: dict[str, Any]) -> None:
        position: float | None = fields.get("position")
        first = position is None or position < 1 - MS
        if self.where_complete_left and (first or (position is not None and self.near_the_end(position))):
            self.jump(position if first and position is not None else 0.0, "replay")
            self.belief.allowance = self.coarse
        else:
            self.report(position)

    def play_on_(self, fields: dict[str, Any]) -> None:
        position = fields.get("position")
        if position is None:
            return
        self.reconsider(position)
        furthest = self.at + self.played
        if position > furthest + 1 + MS:
            self.misfit(position, leaves=False)
        else:
            self.report(min(position, furthest), leaves=True)

    def report_(self, fields: dict[str, Any]) -> None:
        if self.kind == "ping":
            self.heard(fields.get("position"))
        self.report(fields.get("position"))

    def leave_(self, fields: dict[str, Any]) -> None:
        if self.kind != "seekStart":
            self.leave(fields.get("position"))
            return
        self.seek_cause = fields.get("cause")
        position = fields.get("position")
        near = position is not None and self.known and abs(position - self.at - self.played) <= 0.5 + MS
        self.leave(fields.get("from", position if near else None))

    def let_go_(self, fields: dict[str, Any]) -> None:
        self.let_go(fields.get("position"))

    def finish_(self, fields: dict[str, Any]) -> None:
        position, length = fields.get("position"), self.here.length
        if length is not None:
            if position is None or (position < 1 - MS and not self.fitting(position)):
                position = length if self.fitting(length) else position
            if position is not None and position < length - 2 - MS and self.keeps_step(length - self.at):
                position = length
        self.let_go(position)

    def land_(self, fields: dict[str, Any]) -> None:
        target = fields.get("to", fields.get("position"))
        if target is not None:
            self.seek(target, fields.get("cause", self.seek_cause))

    def resume_(self, fields: dict[str, Any]) -> None:
        position = fields.get("position")
        if position is not None and (self.kind == "adBreakComplete" or self.mode == "playing"):
            self.rest()
            self.report(position)

    def heard(self, position: float | None) -> tuple[int, float | None] | None:
        """Remember a ping, and return the one before if no other event came between."""
        before, self.ping = self.ping, (self.now, position)
        if position is not None:
            if before is not None:
                self.between_pings = (self.now - before[0]) / 1e6
            if not self.pinged:
                self.pinged = True
                self.belief.allowance = min(self.belief.allowance, 2.0)
        return before

    def ping_(self, fields: dict[str, Any]) -> None:
        position = fields.get("position")
        before = self.heard(position)
        if position is None:
            return
        if self.mode == "buffering":
            if not self.known or position > self.at + 0.1 + MS or position < self.at - 1 - MS:
                self.leave(position)
            return
        if before is not None and before[1] is not None and position > before[1] + 0.1 + MS:
            played = (self.now - before[0]) / 1e6 * self.large
            if self.fits(position, played):
                self.has_played_since(before[0])
        self.report(position)

    def seek_(self, fields: dict[str, Any]) -> None:
        position, start = fields.get("position"), fields.get("from")
        target = fields.get("to", position)
        if target is None:
            return
        if start is None and position is not None and abs(position - target) > 1 + MS:
            start = position
        if start is not None and abs(start - target) <= 0.25 + MS:
            start = None
        self.leave(start)
        self.seek(target, fields.get("cause"))

    def reload_(self, fields: dict[str, Any]) -> None:
        move = self.move if not self.known else None
        if self.mode == "playing":
            self.set_out("sessionStart", self.believed(), playing=True)
            move = self.move
            self.note("openEnded")
        self.be_nowhere()
        self.move = move
        self.mode = "idle"

    def be_nowhere(self) -> None:
        self.end_stretch()
        self.belief.era += 1
        self.belief.playhead = self.belief.completed_at = None
        self.belief.guess = False
        self.belief.allowance = self.coarse
        self.move, self.refused, self.steps = None, None, []
        self.rest()

    # Branches and chapters

    @property
    def nameless(self) -> bool:
        return self.node is None and not self.edges

    def enter(self, name: str | None) -> None:
        self.node = name
        self.nodes.setdefault(name, Node()).visits += 1
        self.path.append(name)
        self.entered, self.seen_before = self.now, len(self.belief.segments)

    def rename(self, name: str) -> None:
        """Call the first node what it turns out to be called."""
        self.nodes = {name: self.nodes[None]}
        self.node, self.path = name, [name]
        self.chapters = {(name, *key[1:]): chapter | {"node": name} for key, chapter in self.chapters.items()}
        self.chapter = None if self.chapter is None else (name, *self.chapter[1:])

    def target(self, fields: dict[str, Any]) -> str | None:
        name = fields.get("node", fields.get("toNode")) if self.kind == "nodeEnter" else fields.get("toNode")
        return name if isinstance(name, str) else None

    def names_first(self, fields: dict[str, Any]) -> bool:
        """Tell whether a `nodeEnter` says what the first node is called, and nothing else."""
        return self.kind == "nodeEnter" and self.nameless and self.unseen and "fromNode" not in fields

    def twice(self, fields: dict[str, Any]) -> bool:
        """Tell whether a `nodeEnter` is no transition of its own, or a branch has no node."""
        if self.kind not in BRANCHES:
            return False
        name, start = self.target(fields), fields.get("fromNode")
        if name is None or self.names_first(fields):
            return True
        named = self.nameless and start is not None
        known = self.kind == "nodeEnter" and name == self.node and not named
        told = start is None or (self.path[1:] and start == self.left)
        return known and bool(told) and (self.unseen or self.now - self.entered <= 2_001_000)

    def branch_(self, fields: dict[str, Any]) -> None:
        name = self.target(fields)
        if name is None:
            return
        if self.twice(fields):
            if self.names_first(fields):
                self.rename(name)
            self.arrive(fields)
            return
        if self.nameless and "fromNode" in fields:
            self.rename(fields["fromNode"])
        self.let_go(fields.get("position", fields.get("fromPosition")))
        cause = fields.get("cause", "choice" if self.kind == "choice" else "auto")
        edge = (self.node, name, fields.get("option"), cause)
        self.edges[edge] = self.edges.get(edge, 0) + 1
        self.departures.append(
            dict(zip(("from", "to", "option", "cause"), edge, strict=True))
            | {"at": self.now, "position": self.belief.playhead}
            | {"decisionSeconds": None if self.offered is None else (self.now - self.offered) / 1e6}
        )
        self.be_nowhere()
        self.left, self.offered, self.chapter = self.node, None, None
        self.enter(name)
        self.arrive(fields)

    def arrive(self, fields: dict[str, Any]) -> None:
        if "duration" in fields:
            self.here.lasts(fields["duration"])
        if "toPosition" in fields and self.unseen:
            self.begin_at(self.here.clip(fields["toPosition"]))

    def offer_(self, fields: dict[str, Any]) -> None:
        self.offered = self.now

    def chapter_(self, fields: dict[str, Any]) -> None:
        if self.kind == "chapterStart":
            index, title = fields.get("index"), fields.get("title")
            self.chapter = (self.node, "title", title) if index is None else (self.node, "index", index)
            new = {"node": self.node, "index": index, "title": title, "playedSeconds": 0.0, "completed": False}
            self.chapters.setdefault(self.chapter, new)
        elif self.chapter is not None:
            self.chapters[self.chapter]["completed"] |= self.kind == "chapterComplete"
            self.chapter = None


def covered(spans: Iterable[tuple[float, float]]) -> float:
    total = reached = 0.0
    for start, end in sorted(spans):
        total += max(end - max(start, reached), 0.0)
        reached = max(reached, end)
    return total


def answer(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what of the timeline the walk decides; instants in microseconds."""
    walk = Walk()
    for event in events:
        walk.take(event)
    if walk.mode == "playing":
        walk.note("openEnded")
    walk.end_stretch()
    belief = walk.belief
    for entry in (*belief.segments, *belief.jumps):
        entry["node"] = (
            walk.path[0] if entry["node"] is None else entry["node"]
        )  # the first node may have got its name late
    nodes = []
    for name, node in walk.nodes.items():
        spans = [(each["from"], each["to"]) for each in belief.segments if each["node"] == name]
        watched = {"watchedSeconds": sum(end - start for start, end in spans), "uniqueSeconds": covered(spans)}
        nodes.append({"id": name, "visits": node.visits, "lengthSeconds": node.length} | watched)
    return {
        "segments": belief.segments,
        "jumps": [{key: value for key, value in jump.items() if key != "era"} for jump in belief.jumps],
        "path": walk.path,
        "departures": walk.departures,
        "nodes": nodes,
        "edges": [[*edge, count] for edge, count in walk.edges.items()],
        "chapters": list(walk.chapters.values()),
        "wall": {mode: seconds for mode, seconds in walk.wall.items() if round(seconds, 3)},
        "anomalies": {code: (count, first) for code, (count, first) in belief.notes.items()},
        "completeEvent": walk.complete_event,
        "ended": walk.ended,
    }

"""Sums over sessions that need no bins: lengths, coverage, endings, choices and paths. Sums of parts can be added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from videosession.video.arithmetic import Node
from videosession.video.population import Counted
from videosession.video.results import Result
from videosession.video.spans import Span, length, union

PATH_NODES = 50
MILLION = 1_000_000
FINISH_MS = 30_000  # Open edX's rule: a view is finished at most 30 s, and at most 5 %, before the end
FINISH_PERCENT = 95

Edge = tuple[Node, str | None, str]  # to, option, cause
Path = tuple[Node, ...]


@dataclass(slots=True)
class EdgeTotals:
    taken: int = 0
    sessions: int = 0
    first: int = 0

    def add(self, other: EdgeTotals) -> None:
        self.taken += other.taken
        self.sessions += other.sessions
        self.first += other.first


@dataclass(slots=True)
class NodeTotals:
    """Sums of a node; `own_lengths` counts views by the length that they know, `furthest` is no sum."""

    own_lengths: Counter[int] = field(default_factory=Counter)
    furthest: int = 0
    seen_by: int = 0
    watched: int = 0
    unique: int = 0
    visits: int = 0
    sessions: int = 0
    starts: int = 0
    ends: int = 0
    left: int = 0
    edges: dict[Edge, EdgeTotals] = field(default_factory=dict)

    def add(self, other: NodeTotals) -> None:
        self.own_lengths.update(other.own_lengths)
        self.furthest = max(self.furthest, other.furthest)
        for name in ("seen_by", "watched", "unique", "visits", "sessions", "starts", "ends", "left"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for edge, totals in other.edges.items():
            self.edges.setdefault(edge, EdgeTotals()).add(totals)

    def learn(self, own_length: int | None, segments: list[Span], apart: list[Span]) -> None:
        """Count a view's own length of the node and what it watched of it."""
        if own_length is not None:
            self.own_lengths[own_length] += 1
        if segments:
            self.furthest = max(self.furthest, apart[-1][1])
            self.seen_by += 1
            self.watched += length(segments)
            self.unique += length(apart)


@dataclass(slots=True)
class Ending:
    sessions: int = 0
    finished: int = 0


@dataclass(slots=True)
class Totals:
    """Sums of a population; `coverage_millionths` is the sum over the `covered` views whose coverage is known."""

    sessions: int = 0
    views: int = 0
    open: int = 0
    clipped: int = 0
    viewers: set[str] = field(default_factory=set)
    watched: int = 0
    unique: int = 0
    covered: int = 0
    coverage_millionths: int = 0
    percents: list[int] = field(default_factory=lambda: [0] * 101)
    complete_events: int = 0
    anomalies: Counter[str] = field(default_factory=Counter)
    endings: dict[Node, Ending] = field(default_factory=dict)
    nodes: dict[Node, NodeTotals] = field(default_factory=dict)
    paths: Counter[Path] = field(default_factory=Counter)

    def add(self, other: Totals) -> None:
        """Add the sums of other sessions."""
        for name in ("sessions", "views", "open", "clipped", "watched", "unique", "covered", "coverage_millionths"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.complete_events += other.complete_events
        self.viewers |= other.viewers
        self.percents = [mine + theirs for mine, theirs in zip(self.percents, other.percents, strict=True)]
        self.anomalies.update(other.anomalies)
        self.paths.update(other.paths)
        for node, ending in other.endings.items():
            mine = self.endings.setdefault(node, Ending())
            mine.sessions += ending.sessions
            mine.finished += ending.finished
        for node, totals in other.nodes.items():
            self.node(node).add(totals)

    def node(self, node: Node) -> NodeTotals:
        found = self.nodes.get(node)
        if found is None:
            found = self.nodes[node] = NodeTotals()
        return found

    def count(self, counted: Counted) -> None:
        """Add a session of the population."""
        self.sessions += 1
        result = counted.result
        if result is None or not result.is_view:
            return
        self.views += 1
        self.open += counted.is_open
        self.clipped += result.clipped
        self.viewers.add(counted.session.viewer)
        self.complete_events += result.complete_event
        self.anomalies.update(set(result.anomalies))
        self._watch(result)
        self._walk(result)
        if not counted.is_open:
            self._end(result)

    def _watch(self, result: Result) -> None:
        unique = 0
        for place, segments in enumerate(by_node(result)):
            apart = union(segments)
            unique += length(apart)
            self.watched += length(segments)
            self.node(result.nodes[place]).learn(result.lengths[place], segments, apart)
        self.unique += unique
        self._cover(result, unique)

    def _cover(self, result: Result, unique: int) -> None:
        whole = 0
        for own in result.lengths:
            if own is None:
                return
            whole += own
        if whole:
            covered = min(unique, whole)
            self.covered += 1
            self.coverage_millionths += MILLION * covered // whole
            self.percents[100 * covered // whole] += 1

    def _walk(self, result: Result) -> None:
        """Count a view's path and its departures."""
        names = result.names
        self.paths[tuple(names[:PATH_NODES])] += 1
        for node in result.nodes:
            self.node(node).sessions += 1
        for node in names:
            self.nodes[node].visits += 1
        self.nodes[names[0]].starts += 1
        self.nodes[names[-1]].ends += 1
        left: set[Node] = set()
        taken: set[tuple[Node, Edge]] = set()
        for place, (option, cause) in enumerate(result.departures):
            start, edge = names[place], (names[place + 1], option, cause)
            edges = self.nodes[start].edges
            totals = edges.get(edge)
            if totals is None:
                totals = edges[edge] = EdgeTotals()
            totals.taken += 1
            if (start, edge) not in taken:
                taken.add((start, edge))
                totals.sessions += 1
            if start not in left:
                left.add(start)
                self.nodes[start].left += 1
                totals.first += 1

    def _end(self, result: Result) -> None:
        last = result.path[-1]
        ending = self.endings.setdefault(result.nodes[last], Ending())
        ending.sessions += 1
        ending.finished += result.segments[-1][0] == last and finishes(result)


def by_node(result: Result) -> list[list[Span]]:
    """Return a view's segments on each of its nodes."""
    found: list[list[Span]] = [[] for _ in result.nodes]
    for place, start, end in result.segments:
        found[place].append((start, end))
    return found


def finishes(result: Result) -> bool:
    """Return whether a view's last segment ends near the node's end, by the length in the view's own events."""
    place, _, end = result.segments[-1]
    own = result.lengths[place]
    return own is not None and end >= own - FINISH_MS and 100 * end >= FINISH_PERCENT * own


def totals_of(counted: Iterable[Counted]) -> Totals:
    """Return the sums of a population."""
    totals = Totals()
    for each in counted:
        totals.count(each)
    return totals

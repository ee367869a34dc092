"""Sums of many sessions that are kept and added up: all that is told of a video, in bins of each width of the ladder.

How long a node is, only the sums of all days together say: the bins reach as far as anything does, 2 000 at most.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

from videosession.video import choices, heatmap, paths, small_groups, summary
from videosession.video.arithmetic import Node, nothing_first
from videosession.video.bins import Bins
from videosession.video.heatmap import SESSION, Grid
from videosession.video.lengths import BINS_OF_A_NODE, LADDER, fitting, listed
from videosession.video.paths import LIMIT, STEPS
from videosession.video.plan import NO_PLAN, Plan
from videosession.video.population import Counted
from videosession.video.summary import THRESHOLD_PERCENT
from videosession.video.totals import EdgeTotals, Ending, NodeTotals, Totals, totals_of

Answer = dict[str, Any]
Packed = dict[str, bytes]  # the totals, and the bins by their width

MOST_BINS = 400_000  # of a second, in a day: 50 MB
_COUNTS = ("sessions", "views", "open", "clipped", "watched", "unique", "covered", "coverage_millionths")
_NODE = ("furthest", "seen_by", "watched", "unique", "visits", "sessions", "starts", "ends", "left")
_TOTALS = "totals"


def packed_sums(population: Callable[[], Iterable[Counted]], hashed: Callable[[str], str]) -> Packed:
    """Return the sums of a population as bytes, the same whatever its order.

    Viewers are `hashed`, so that the sums name nobody.
    """
    totals = totals_of(population())
    totals.viewers = {hashed(viewer) for viewer in totals.viewers}
    extents = _within_bounds(_extents(population()), totals)
    told = {_TOTALS: _write(_dump(totals))}
    for seconds in LADDER:
        told[str(seconds)] = _write(_bins(population(), extents, 1000 * seconds))
    return told


def _extents(population: Iterable[Counted]) -> dict[Node, int]:
    """Return how far anything reaches on each node."""
    furthest: dict[Node, int] = {}
    for each in population:
        if each.result is not None and each.result.is_view:
            for place, start, end in [*each.result.segments, *each.result.jumps]:
                node = each.result.nodes[place]
                furthest[node] = max(furthest.get(node, 0), start, end)
    return furthest


def _within_bounds(extents: Mapping[Node, int], totals: Totals) -> dict[Node, int]:
    """Return the nodes that there are bins for: all, or of very many, which only hostile sessions make, the busiest."""
    room, kept = MOST_BINS, {}
    for node in sorted(extents, key=lambda node: (-totals.nodes[node].sessions, nothing_first(node))):
        room -= min(extents[node] // 1000 + 2, BINS_OF_A_NODE)
        if room >= 0:
            kept[node] = extents[node]
    return kept


def _bins(population: Iterable[Counted], extents: Mapping[Node, int], width: int) -> list[Any]:
    grid = Grid({}, width)
    grid.bins = {node: Bins(width, min(reach // width + 2, BINS_OF_A_NODE)) for node, reach in extents.items()}
    grid.fill(population)
    return _in_order([node, bins.count, bins.dump()] for node, bins in grid.bins.items())


def _write(value: Any) -> bytes:
    return zlib.compress(json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())


def _read(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


def _dump(totals: Totals) -> list[Any]:
    return [
        [getattr(totals, name) for name in _COUNTS],
        sorted(totals.viewers),
        totals.percents,
        totals.complete_events,
        totals.anomalies,
        _in_order([node, each.sessions, each.finished] for node, each in totals.endings.items()),
        _in_order(_dump_node(node, each) for node, each in totals.nodes.items()),
        _in_order([list(path), count] for path, count in totals.paths.items()),
    ]


def _dump_node(node: Node, totals: NodeTotals) -> list[Any]:
    edges = sorted(([*edge, each.taken, each.sessions, each.first] for edge, each in totals.edges.items()), key=repr)
    return [node, [getattr(totals, name) for name in _NODE], sorted(totals.own_lengths.items()), edges]


def _in_order(rows: Iterable[list[Any]]) -> list[list[Any]]:
    """Return rows by what they begin with, which may be None: whatever order they were found in, the bytes are same."""
    return sorted(rows, key=lambda row: repr(row[0]))


def _load(told: list[Any]) -> Totals:
    counts, viewers, percents, complete_events, anomalies, endings, nodes, found = told
    return Totals(
        **dict(zip(_COUNTS, counts, strict=True)),
        viewers=set(viewers),
        percents=percents,
        complete_events=complete_events,
        anomalies=Counter(anomalies),
        endings={node: Ending(sessions, finished) for node, sessions, finished in endings},
        nodes={node: _load_node(*rest) for node, *rest in nodes},
        paths=Counter({tuple(path): count for path, count in found}),
    )


def _load_node(counts: list[int], lengths: list[tuple[int, int]], edges: list[list[Any]]) -> NodeTotals:
    return NodeTotals(
        **dict(zip(_NODE, counts, strict=True)),
        own_lengths=Counter(dict(lengths)),
        edges={(to, option, cause): EdgeTotals(*counts) for to, option, cause, *counts in edges},
    )


class SummedFilm:
    """Answers from kept sums and from sessions of partial days, as from all of the sessions at once."""

    def __init__(self, kept: list[Packed], rest: Iterable[Counted], hashed: Callable[[str], str], plan: Plan = NO_PLAN):
        self._kept = kept
        self._rest = list(rest)
        self._hashed = hashed
        self._plan = plan

    @cached_property
    def totals(self) -> Totals:
        whole = totals_of(self._rest)
        whole.viewers = {self._hashed(viewer) for viewer in whole.viewers}
        for each in self._kept:
            whole.add(_load(_read(each[_TOTALS])))
        return whole

    def summary(self, threshold_percent: int = THRESHOLD_PERCENT) -> Answer:
        return summary.summary(self.totals, self._plan, threshold_percent)

    def choices(self) -> Answer:
        return choices.choices(self.totals, self._plan)

    def paths(self, steps: int = STEPS, limit: int = LIMIT) -> Answer:
        return paths.paths(self.totals, steps, limit)

    def heatmap(self, width: int | None = None, node: tuple[Node, ...] | None = None, per: str = SESSION) -> Answer:
        """Return the heatmap in bins of a width of the ladder."""
        nodes = listed(self.totals, self._plan)
        lengths = nodes.lengths if node is None else {at: nodes.lengths[at] for at in node if at in nodes.lengths}
        width, lengths = fitting(lengths, width, self.totals)
        grid = Grid({at: length.value for at, length in lengths.items()}, width)
        grid.fill(self._rest)
        for each in self._kept:
            for at, count, dumped in _read(each[str(width // 1000)]):
                if at in grid.bins:
                    grid.bins[at].merge(Bins.load(width, count, dumped).resized(grid.bins[at].count))
        omitted = 0 if node else nodes.omitted + len(nodes.lengths) - len(lengths)
        return heatmap.heatmap(self.totals, self.totals, grid, lengths, per, omitted)

    def is_suppressed(self, smallest: int) -> bool:
        return small_groups.is_suppressed(len(self.totals.viewers), 0, smallest)

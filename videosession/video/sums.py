"""Sums of many sessions that are kept and added up: all that is told of a video, in bins of widths of the ladder.

Wide bins are never made of narrow ones, as `sessions` do not add. How long a node is, only the sums of all days
together say: the bins reach as far as anything does, 2 000 at most.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from videosession.video import choices, heatmap, paths, small_groups, summary
from videosession.video.arithmetic import Node, nothing_first, without_zeros
from videosession.video.bins import Bins
from videosession.video.heatmap import SESSION, Grid
from videosession.video.lengths import BINS_OF_A_NODE, LADDER, bins_in, fitting, length_of, listed
from videosession.video.paths import LIMIT, STEPS
from videosession.video.plan import NO_PLAN, Plan
from videosession.video.population import Counted
from videosession.video.summary import THRESHOLD_PERCENT
from videosession.video.totals import EdgeTotals, Ending, NodeTotals, Totals, totals_of

Answer = dict[str, Any]
Packed = dict[str, bytes]  # the totals, and the bins by their width in seconds

TOTALS = "totals"
MOST_BINS = 400_000  # of a width, in a day: 50 MB
_BINS_A_PASS = 100_000
_TRIES = 3
_COUNTS = ("sessions", "views", "open", "clipped", "watched", "unique", "covered", "coverage_millionths")
_NODE = ("furthest", "seen_by", "watched", "unique", "visits", "sessions", "starts", "ends", "left")


def packed_sums(
    population: Callable[[], Iterable[Counted]],
    hashed: Callable[[str], str],
    widths: Iterable[int] = LADDER,
    lengths: Mapping[Node, int] | None = None,
) -> Packed:
    """Return the sums of a population as bytes, the same whatever its order, with bins of these widths in seconds.

    Where none are given: of the width that an answer about this population has. Viewers are `hashed`, so that the sums
    name nobody. Where there is no room for the bins of all nodes, those of which `lengths` are given, in milliseconds,
    come first.
    """
    totals, extents = Totals(), _Extents()
    for each in population():
        totals.count(each)
        extents.count(each)
    totals.viewers = {hashed(viewer) for viewer in totals.viewers}
    told = {TOTALS: _write(_dump(totals))}
    chosen = list(widths) or [fitting(listed(totals, NO_PLAN).lengths, None, totals)[0] // 1000]
    grids = {seconds: _grid(extents, 1000 * seconds, totals, lengths or {}) for seconds in chosen}
    for some in _passes(grids.values()):
        for each in population():
            for grid in some:
                grid.fill([each])
    for seconds, grid in grids.items():
        told[str(seconds)] = _write(_dump_grid(grid, extents))
    return told


def are_same(some: Packed, others: Packed) -> bool:
    """Return whether these can be sums of one population: bins that were cut depend on the lengths given, too."""
    return some.get(TOTALS) == others.get(TOTALS) and all(
        packed == others[width]
        for width, packed in some.items()
        if width in others and width != TOTALS and not _read(packed)[1] and not _read(others[width])[1]
    )


class _Extents(dict[Node, int]):
    """How far anything reaches on each node."""

    def count(self, counted: Counted) -> None:
        result = counted.result
        if result is not None and result.is_view:
            for place, start, end in [*result.segments, *result.jumps]:
                node = result.nodes[place]
                self[node] = max(self.get(node, 0), start, end)


def _grid(extents: Mapping[Node, int], width: int, totals: Totals, lengths: Mapping[Node, int]) -> Grid:
    """Return empty bins for each node, as far as anything reaches on it.

    Of very many, which only hostile sessions make: as far as the node does, and those of `lengths`, then the busiest.
    """
    counts = {node: _reaching(reach, width) for node, reach in extents.items()}
    grid = Grid({}, width)
    if sum(counts.values()) <= MOST_BINS:
        grid.bins = {node: Bins(width, count) for node, count in counts.items()}
        return grid
    room = MOST_BINS
    for node in sorted(
        counts, key=lambda node: (node not in lengths, -totals.nodes[node].sessions, nothing_first(node))
    ):
        length = lengths.get(node) or length_of(totals.nodes[node], None).value
        count = min(counts[node], bins_in(length, width))
        room -= count
        if room >= 0:
            grid.bins[node] = Bins(width, count)
    return grid


def _reaching(reach: int, width: int) -> int:
    return min(reach // width + 2, BINS_OF_A_NODE)


def _passes(grids: Iterable[Grid]) -> Iterator[list[Grid]]:
    """Yield the grids that are filled together: reading results again costs time, many large grids memory."""
    some: list[Grid] = []
    size = 0
    for grid in grids:
        count = sum(bins.count for bins in grid.bins.values())
        if some and size + count > _BINS_A_PASS:
            yield some
            some, size = [], 0
        some.append(grid)
        size += count
    yield some


def _dump_grid(grid: Grid, extents: Mapping[Node, int]) -> list[Any]:
    """Return the bins of each node, and how many there are of those that something reaches beyond."""
    bins = _in_order([node, bins.count, bins.dump()] for node, bins in grid.bins.items())
    counts = {node: grid.bins[node].count if node in grid.bins else 0 for node in extents}
    cut = [[node, count] for node, count in counts.items() if count < _reaching(extents[node], grid.width)]
    return [bins, _in_order(cut)]


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
    """Answers from kept sums and from sessions of partial days, as from all of the sessions at once.

    `widen` is asked for bins of a width, in seconds, for nodes of these lengths: it adds them to `kept`, and returns
    whether those are other sums by now.
    """

    def __init__(
        self,
        kept: list[Packed],
        rest: Iterable[Counted],
        hashed: Callable[[str], str],
        plan: Plan = NO_PLAN,
        widen: Callable[[int, Mapping[Node, int]], bool] = lambda *_: False,
    ) -> None:
        self._kept = kept
        self._rest = list(rest)
        self._hashed = hashed
        self._plan = plan
        self._widen = widen

    @cached_property
    def totals(self) -> Totals:
        whole = totals_of(self._rest)
        whole.viewers = {self._hashed(viewer) for viewer in whole.viewers}
        for each in self._kept:
            whole.add(_load(_read(each[TOTALS])))
        return whole

    def summary(self, threshold_percent: int = THRESHOLD_PERCENT) -> Answer:
        return summary.summary(self.totals, self._plan, threshold_percent)

    def choices(self) -> Answer:
        return choices.choices(self.totals, self._plan)

    def paths(self, steps: int = STEPS, limit: int = LIMIT) -> Answer:
        return paths.paths(self.totals, steps, limit)

    def heatmap(self, width: int | None = None, node: tuple[Node, ...] | None = None, per: str = SESSION) -> Answer:
        """Return the heatmap in bins of a width of the ladder."""
        for _ in range(_TRIES):
            nodes = listed(self.totals, self._plan)
            lengths = nodes.lengths if node is None else {at: nodes.lengths[at] for at in node if at in nodes.lengths}
            fitted, lengths = fitting(lengths, width, self.totals)
            values = {at: length.value for at, length in lengths.items()}
            if not self._widen(fitted // 1000, values):
                break
            del self.totals
        grid = Grid(values, fitted)
        grid.fill(self._rest)
        left_out = self._merge(grid)
        omitted = 0 if node else nodes.omitted + len(nodes.lengths) - len(lengths)
        told = heatmap.heatmap(self.totals, self.totals, grid, lengths, per, omitted)
        return told | without_zeros(binsOmitted=len(left_out))

    def _merge(self, grid: Grid) -> set[Node]:
        """Add the bins that are kept, and return the nodes of which some are not."""
        left_out: set[Node] = set()
        for each in self._kept:
            if packed := each.get(str(grid.width // 1000)):
                rows, cut = _read(packed)
                left_out |= {at for at, count in cut if at in grid.bins and count < grid.bins[at].count}
                for at, count, dumped in rows:
                    if at in grid.bins:
                        bins = Bins.load(grid.width, count, dumped).resized(grid.bins[at].count)
                        grid.bins[at].merge(bins)
        return left_out

    def is_suppressed(self, smallest: int) -> bool:
        return small_groups.is_suppressed(len(self.totals.viewers), 0, smallest)

"""Joins each viewer's sessions to one: all segments together, and the longest of the known lengths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from videosession.video.arithmetic import Node
from videosession.video.population import Counted
from videosession.video.results import Result, Stretch
from videosession.video.spans import union
from videosession.video.totals import Totals, by_node


def join(population: Iterable[Counted]) -> Iterator[Result]:
    """Yield a result for each viewer with a view, without jumps and paths."""
    of_viewer: dict[str, list[Result]] = {}
    for each in population:
        if each.result is not None and each.result.is_view:
            of_viewer.setdefault(each.session.viewer, []).append(each.result)
    return map(_joined, of_viewer.values())


def _joined(results: list[Result]) -> Result:
    places: dict[Node, int] = {}
    lengths: list[int | None] = []
    segments: list[Stretch] = []
    for result in results:
        here = []
        for node, own in zip(result.nodes, result.lengths, strict=True):
            place = places.setdefault(node, len(places))
            here.append(place)
            if place == len(lengths):
                lengths.append(own)
            elif own is not None:
                lengths[place] = max(own, lengths[place] or 0)
        segments += [(here[place], start, end) for place, start, end in result.segments]
    return Result(list(places), lengths, [], [], segments, [], False, False, [], False)


def totals_per_viewer(population: Iterable[Counted]) -> Totals:
    """Return the sums for lengths and averages, counted by viewers."""
    totals = Totals()
    for result in join(population):
        for place, segments in enumerate(by_node(result)):
            node = totals.node(result.nodes[place])
            node.sessions += 1
            node.learn(result.lengths[place], segments, union(segments))
    return totals

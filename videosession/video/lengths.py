"""How long the nodes of a video are, which of them an answer lists, and how wide its bins are."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from videosession.video.arithmetic import Node, in_order, nothing_first
from videosession.video.plan import Plan
from videosession.video.totals import NodeTotals, Totals

NODES = 1_000
BINS_OF_A_NODE = 2_000
BINS = 20_000
LADDER = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1_800, 3_600)  # seconds
LADDER_BINS = 120
LONGEST = 7_200_000_000  # milliseconds


class BinsTooNarrowError(ValueError):
    """There would be too many bins; `smallest` is the smallest whole number of seconds that fits, if one does."""

    def __init__(self, smallest: int | None) -> None:
        super().__init__(f"The smallest whole number that fits this video is {smallest}.")
        self.smallest = smallest


class Length(NamedTuple):
    """A node's length in milliseconds, whether a plan or a view gives it, and how many views give another."""

    value: int
    is_known: bool
    others: int


def length_of(totals: NodeTotals, planned: int | None) -> Length:
    """Return a node's length: the plan's, else the one that most views give, else the furthest position watched."""
    if planned is not None:
        value = planned
    elif totals.own_lengths:
        votes: dict[int, int] = {}
        for own, count in totals.own_lengths.items():
            second = -(-own // 1000)
            votes[second] = votes.get(second, 0) + count
        value = 1000 * max(votes, key=lambda second: (votes[second], second))
    else:
        return Length(min(-(-totals.furthest // 1000) * 1000, LONGEST), False, 0)
    value = min(value, LONGEST)
    near = max(1000, value // 100)
    others = sum(count for own, count in totals.own_lengths.items() if abs(own - value) > near)
    return Length(value, True, others)


class Listed(NamedTuple):
    """The nodes of an answer in their order with their lengths, and how many more there are."""

    lengths: dict[Node, Length]
    omitted: int


def listed(totals: Totals, plan: Plan) -> Listed:
    """Return the visited and planned nodes; if they are too many, those with most sessions."""
    nodes: Collection[Node] = totals.nodes.keys() | plan.lengths.keys()
    chosen = most_visited(totals, nodes)
    lengths = {node: length_of(totals.nodes.get(node, NodeTotals()), plan.lengths.get(node)) for node in chosen}
    return Listed(lengths, len(nodes) - len(chosen))


def most_visited(totals: Totals, nodes: Collection[Node]) -> list[Node]:
    """Return up to 1 000 of the nodes, those with most sessions, in their order."""
    if len(nodes) <= NODES:
        return in_order(nodes)

    return in_order(sorted(nodes, key=lambda node: _popularity(totals, node))[:NODES])


def bins_in(length: int, width: int) -> int:
    return max(1, -(-length // width))


def _fits(lengths: Collection[int], width: int, most: int) -> bool:
    counts = [bins_in(length, width) for length in lengths]
    return max(counts, default=1) <= most and sum(counts) <= BINS


def chosen_width(lengths: Collection[int]) -> int:
    """Return the narrowest width of the ladder that suits nodes of these lengths, in milliseconds."""
    for width in LADDER:
        if _fits(lengths, 1000 * width, LADDER_BINS):
            return 1000 * width
    return 1000 * LADDER[-1]


def check_width(lengths: Collection[int], width: int) -> None:
    """Raise BinsTooNarrowError if there would be too many bins of that width."""
    if _fits(lengths, width, BINS_OF_A_NODE):
        return
    narrow, wide = 0, LADDER[-1]
    if not _fits(lengths, 1000 * wide, BINS_OF_A_NODE):
        raise BinsTooNarrowError(None)
    while wide - narrow > 1:
        middle = (narrow + wide) // 2
        if _fits(lengths, 1000 * middle, BINS_OF_A_NODE):
            wide = middle
        else:
            narrow = middle
    raise BinsTooNarrowError(wide)


def fitting(nodes: dict[Node, Length], width: int | None, totals: Totals) -> tuple[int, dict[Node, Length]]:
    """Return the width of the bins, and the nodes that there are bins for; BinsTooNarrowError where it was given.

    Not given, even the widest may be too many for very long nodes: then those of most sessions are listed.
    """
    lengths = [length.value for length in nodes.values()]
    if width is not None:
        check_width(lengths, width)
        return width, nodes
    width = chosen_width(lengths)
    if _fits(lengths, width, BINS_OF_A_NODE):
        return width, nodes
    room, kept = BINS, set()
    for node in sorted(nodes, key=lambda node: _popularity(totals, node)):
        if (needed := bins_in(nodes[node].value, width)) <= room:
            room -= needed
            kept.add(node)
    return width, {node: length for node, length in nodes.items() if node in kept}


def _popularity(totals: Totals, node: Node) -> tuple[int, tuple[bool, str]]:
    sums = totals.nodes.get(node)
    return (-sums.sessions if sums else 0, nothing_first(node))

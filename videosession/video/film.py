"""A video with its sessions in a range of time, and all answers about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from videosession.video import choices, comparison, heatmap, paths, small_groups, summary, viewers
from videosession.video.arithmetic import Node
from videosession.video.heatmap import SESSION, VIEWER, Grid
from videosession.video.lengths import fitting, listed
from videosession.video.paths import LIMIT, STEPS
from videosession.video.plan import NO_PLAN, Plan
from videosession.video.population import Counted, Filters, Session, matches, population
from videosession.video.summary import THRESHOLD_PERCENT
from videosession.video.totals import Totals, totals_of

Answer = dict[str, Any]


class Film:
    """Answers from `sessions`, which are those of the range of time, at the instant `now` (microseconds)."""

    def __init__(
        self,
        sessions: Sequence[Session],
        now: int,
        plan: Plan = NO_PLAN,
        filters: Filters | None = None,
        without: frozenset[str] = frozenset(),
    ) -> None:
        self._sessions = sessions
        self._now = now
        self._plan = plan
        self._filters = filters or {}
        self._without = without

    def counted(self) -> Iterator[Counted]:
        """Yield the population; each call unpacks the results again, so that they are not kept in memory."""
        return population(self._sessions, self._now, self._filters, self._without)

    @cached_property
    def totals(self) -> Totals:
        return totals_of(self.counted())

    def summary(self, threshold_percent: int = THRESHOLD_PERCENT) -> Answer:
        return summary.summary(self.totals, self._plan, threshold_percent)

    def heatmap(self, width: int | None = None, node: tuple[Node] | None = None, per: str = SESSION) -> Answer:
        """Return the heatmap in bins of `width` milliseconds, of one `node` alone if given; BinsTooNarrowError."""
        sums = self.totals if per == SESSION else viewers.totals_per_viewer(self.counted())
        nodes = listed(sums, self._plan)
        lengths = nodes.lengths if node is None else {at: nodes.lengths[at] for at in node if at in nodes.lengths}
        width, lengths = fitting(lengths, width, sums)
        grid = Grid({at: length.value for at, length in lengths.items()}, width)
        filled = grid.fill_per_viewer(self.counted()) if per == VIEWER else grid.fill(self.counted())
        omitted = 0 if node else nodes.omitted + len(nodes.lengths) - len(lengths)
        return heatmap.heatmap(self.totals, sums, filled, lengths, per, omitted)

    def choices(self) -> Answer:
        return choices.choices(self.totals, self._plan)

    def paths(self, steps: int = STEPS, limit: int = LIMIT) -> Answer:
        return paths.paths(self.totals, steps, limit)

    def compared(
        self, steps: tuple[str, ...], values: tuple[str, str], threshold_percent: int = THRESHOLD_PERCENT
    ) -> Answer:
        """Return the comparison of two groups: the sessions with either value at this path in the metadata."""
        a, b = (group.totals for group in self.groups(steps, values))
        return comparison.comparison(a, b, values, threshold_percent)

    def groups(self, steps: tuple[str, ...], values: tuple[str, str]) -> list[Film]:
        """Return the films of the sessions with either value at this path in the metadata."""
        return [self._with({steps: value}) for value in values]

    def _with(self, filters: Filters) -> Film:
        chosen = [each for each in self._sessions if matches(each.metadata, filters)]
        return Film(chosen, self._now, self._plan, self._filters, self._without)

    def is_suppressed(self, smallest: int) -> bool:
        """Return whether this population is hidden from tokens that small groups are hidden from."""
        others = [each for each in self._sessions if self._filters and not matches(each.metadata, self._filters)]
        outside = small_groups.viewers(population(others, self._now))
        return small_groups.is_suppressed(len(self.totals.viewers), outside, smallest)

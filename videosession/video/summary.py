"""The summary: how many viewers watched, how much of the video, and where they stopped."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from videosession.video.arithmetic import nothing_first, seconds, share, without_zeros
from videosession.video.heatmap import described, header
from videosession.video.lengths import listed
from videosession.video.plan import Plan
from videosession.video.totals import MILLION, NodeTotals, Totals

THRESHOLD_PERCENT = 95


def summary(totals: Totals, plan: Plan, threshold_percent: int = THRESHOLD_PERCENT) -> dict[str, Any]:
    """Return the answer; a view is completed from `threshold_percent` of its coverage on."""
    nodes = listed(totals, plan)
    return {
        **header(totals),
        "watchedSeconds": seconds(totals.watched),
        "uniqueSeconds": seconds(totals.unique),
        **averages(totals),
        "coverage": {
            "mean": coverage_mean(totals),
            "medianPercent": median_percent(totals),
            "percentHistogram": totals.percents,
            "unknown": totals.views - totals.covered,
        },
        "threshold": threshold_percent / 100,
        **completed(totals, threshold_percent),
        "completeEvents": totals.complete_events,
        "anomalies": dict(sorted(totals.anomalies.items())),
        "endings": endings(totals),
        "nodes": [
            {
                **described(node, length, sums := totals.nodes.get(node, NodeTotals())),
                "watchedSeconds": seconds(sums.watched),
                "uniqueSeconds": seconds(sums.unique),
            }
            for node, length in nodes.lengths.items()
        ],
        **without_zeros(nodesOmitted=nodes.omitted),
        "neverVisited": plan.never_visited(totals),
    }


def averages(totals: Totals) -> dict[str, float | None]:
    return {
        "averageWatchedSeconds": share(totals.watched, 1000 * totals.views),
        "averageUniqueSeconds": share(totals.unique, 1000 * totals.views),
    }


def coverage_mean(totals: Totals) -> float | None:
    return share(totals.coverage_millionths, MILLION * totals.covered)


def median_percent(totals: Totals) -> int | None:
    """Return the median of the known percentages: the least one that at least half do not exceed."""
    if not totals.covered:
        return None
    return next(percent for percent, up_to in enumerate(accumulate(totals.percents)) if 2 * up_to >= totals.covered)


def completed_views(totals: Totals, threshold_percent: int) -> int:
    return sum(totals.percents[threshold_percent:])


def completed(totals: Totals, threshold_percent: int) -> dict[str, int | float | None]:
    views = completed_views(totals, threshold_percent)
    return {"completed": views, "completedShare": share(views, totals.views)}


def endings(totals: Totals) -> list[dict[str, Any]]:
    """Return the last nodes of closed views, the most frequent first."""
    found = sorted(totals.endings.items(), key=lambda each: (-each[1].sessions, nothing_first(each[0])))
    return [{"node": node, "sessions": each.sessions, "finished": each.finished} for node, each in found]
